package observe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// unreachable is a client whose connections all fail so.
func unreachable(err error) ctcbr.Option {
	return ctcbr.WithHTTPClient(&http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err },
	}})
}

// These are the mistakes that newcomers make, as the fake cloud answers them where
// it can, and what the error tells them to do.
func TestHints(t *testing.T) {
	t.Parallel()
	type act = func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error
	list, order := acts["read"], acts["order"]
	install := func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error {
		_, err := c.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: cloud.HostID})
		return err
	}
	plan := func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error {
		_, err := c.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
			Name: "daily", HostID: cloud.HostID, StorageID: cloud.AddStorage(cbrtest.Storage{}), DirectType: ctcbr.Ptr(ctcbr.DirectAll),
			Schedule: ctcbr.Weekly(time.Sunday, 2), Retention: ctcbr.KeepDays(30),
		})
		return err
	}
	noHost := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "ctcbr.invalid", IsNotFound: true}}

	cases := map[string]struct {
		act   act
		setup func(cloud *cbrtest.Server)
		opts  []ctcbr.Option
		is    error
		hint  string
	}{
		"a region that is not there": {act: list, opts: []ctcbr.Option{ctcbr.WithRegion("200000009999")},
			is: ctcbr.ErrRegion, hint: "use the ID of a region that the account may use, not its name: Regions.List has both"},
		"the name of a region": {act: order, opts: []ctcbr.Option{ctcbr.WithRegion("华东1")},
			is: ctcbr.ErrRegion, hint: "use the ID of a region that the account may use, not its name: Regions.List has both"},
		"an access key that is not known": {act: list, opts: []ctcbr.Option{ctcbr.WithStaticCredentials("nobody", "test-sk")},
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled"},
		"a wrong secret key": {act: order, opts: []ctcbr.Option{ctcbr.WithStaticCredentials("test-ak", "another")},
			is: ctcbr.ErrUnauthorized, hint: "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"},
		"keys refused without a word": {act: list, setup: answers(cbrtest.Fault{Status: 401}),
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled"},
		"keys refused, by an answer without a date": {act: list, setup: answers(cbrtest.Fault{Status: 401}), opts: []ctcbr.Option{ctcbr.WithMiddleware(undated)},
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled, and the clock of this machine"},
		"keys refused by a page": {act: list, setup: answers(cbrtest.Fault{Status: 401, Body: "<html>\n401\n</html>"}),
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled"},
		"an address that is not on the list": {act: list, setup: answers(cbrtest.Fault{Status: 403, Body: `{"statusCode":900,"errorCode":"CTAPI.Auth.IpNotInWhitelist"}`}),
			is: ctcbr.ErrUnauthorized, hint: "add the address of this machine to the account's IP allow-list"},
		"forbidden without a word": {act: order, setup: answers(cbrtest.Fault{Status: 403}),
			is: ctcbr.ErrUnauthorized, hint: "check the permissions of the key pair, and that the address of this machine is on the account's IP allow-list"},
		"a clock that is slow": {act: list, setup: func(cloud *cbrtest.Server) { cloud.SetSkew(20 * time.Minute) }, opts: []ctcbr.Option{ctcbr.WithMaxAttempts(1)},
			is: ctcbr.ErrUnauthorized, hint: "the clock of this machine is behind the server's by 20m0s: correct it"},
		"a clock that is fast": {act: order, setup: func(cloud *cbrtest.Server) { cloud.SetSkew(-26 * time.Hour) }, opts: []ctcbr.Option{ctcbr.WithMaxAttempts(1)},
			is: ctcbr.ErrUnauthorized, hint: "the clock of this machine is ahead of the server's by 26h0m0s: correct it"},
		"a date that no clock shows": {act: list, setup: answers(cbrtest.Fault{Status: 401, Header: http.Header{"Date": {"Mon, 01 Jan 0001 00:00:00 GMT"}}}), opts: []ctcbr.Option{ctcbr.WithMaxAttempts(1)},
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled, and the clock of this machine"},
		"a date of a time to come": {act: order, setup: answers(cbrtest.Fault{Status: 401, Header: http.Header{"Date": {"Fri, 31 Dec 9999 23:59:59 GMT"}}}), opts: []ctcbr.Option{ctcbr.WithMaxAttempts(1)},
			is: ctcbr.ErrUnauthorized, hint: "check the key pair: both keys must belong together and must not be disabled, and the clock of this machine"},
		"a signature that the key does not fit": {act: list, setup: answers(cbrtest.Fault{Status: 403, Code: "CTAPI.Auth.AccessKeySignatureMismatch"}),
			is: ctcbr.ErrUnauthorized, hint: "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"},
		"a secret that the key does not fit": {act: list, setup: answers(cbrtest.Fault{Status: 401, Code: "AccessKeySecret.Mismatch"}),
			is: ctcbr.ErrUnauthorized, hint: "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"},
		"an access key that is disabled": {act: list, setup: answers(cbrtest.Fault{Status: 401, Code: "AccessKey.Disabled"}),
			is: ctcbr.ErrUnauthorized, hint: "the access key (AK) is not known: check its spelling, and that it was not deleted or disabled"},
		"a region that lacks the service":     {act: list, setup: answers(cbrtest.Fault{Code: "Backup.Region.NotSupported"}), hint: "the region does not offer this: take another, or see its functions in the console"},
		"a region that is not open":           {act: list, setup: answers(cbrtest.Fault{Code: "Backup.RegionNotOpen"}), hint: "the region is not open to the account: open it in the console, or take another"},
		"a region that is that of another":    {act: order, setup: answers(cbrtest.Fault{Code: "Backup.RegionNotMatch"}), hint: "what the request names is in another region than the request"},
		"a region ID that is none":            {act: list, setup: answers(cbrtest.Fault{Code: "Backup.RegionID.Invalid"}), hint: "use the ID of a region that the account may use, not its name: Regions.List has both"},
		"a region of no meaning known":        {act: list, setup: answers(cbrtest.Fault{Code: "Backup.Region.Busy"})},
		"a proxy whose host has no address":   {act: order, opts: []ctcbr.Option{unreachable(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: noHost})}, is: noHost, hint: "the host of the proxy has no address: check HTTPS_PROXY and NO_PROXY, or the transport's Proxy, and the DNS of this machine"},
		"a proxy that wants a password":       {act: order, opts: []ctcbr.Option{unreachable(errors.New("Proxy Authentication Required"))}, hint: "give the proxy its password, in HTTPS_PROXY or the transport's Proxy: http://USER:PASSWORD@HOST:PORT"},
		"a SOCKS proxy that wants a password": {act: order, opts: []ctcbr.Option{unreachable(&net.OpError{Op: "socks connect", Net: "tcp", Err: errors.New("username/password authentication failed")})}, hint: "give the proxy its password, in HTTPS_PROXY or the transport's Proxy: http://USER:PASSWORD@HOST:PORT"},
		"a proxy of plain HTTP that wants a password": {act: order, setup: answers(cbrtest.Fault{Status: 407}),
			hint: "give the proxy its password, in HTTPS_PROXY or the transport's Proxy: http://USER:PASSWORD@HOST:PORT"},
		"a clock that is slow, which the SDK mends": {act: list, setup: func(cloud *cbrtest.Server) { cloud.SetSkew(20 * time.Minute) }},
		"a clock that is slow, and a wrong key": {act: list, setup: func(cloud *cbrtest.Server) { cloud.SetSkew(20 * time.Minute) }, opts: []ctcbr.Option{ctcbr.WithStaticCredentials("test-ak", "another")},
			is: ctcbr.ErrUnauthorized, hint: "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"},
		"a date that is refused where the clocks agree": {act: list, setup: answers(cbrtest.Fault{Status: 401, Code: "CTAPI.Auth.DateExpired"}),
			is: ctcbr.ErrUnauthorized, hint: "check the clock of this machine"},
		"a service that is not activated": {act: install,
			hint: "activate the service once in this region, with Client.OpenService"},
		"an order before the service is activated": {act: order,
			hint: "activate the service once in this region, with Client.OpenService"},
		"a host without an agent": {act: plan,
			hint: "the host needs an active agent: Agents.Install, then Agents.WaitActivated"},
		"a host whose agent is offline": {act: plan, setup: func(cloud *cbrtest.Server) { cloud.SetStatus(cloud.AddAgent(""), "Offline") },
			hint: "the host needs an active agent: Agents.Install, then Agents.WaitActivated"},
		"a host that has no address": {act: order, opts: []ctcbr.Option{unreachable(noHost)},
			is: noHost, hint: "the host name of the endpoint does not resolve: check its spelling, and the DNS of this machine"},
		"a certificate that is not trusted": {act: order, opts: []ctcbr.Option{unreachable(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}})},
			hint: "the certificate of the server was rejected: check the endpoint, the clock and the CA certificates of this machine, and any proxy"},
		"an order that may have been placed": {act: order, setup: answers(cbrtest.Fault{Status: 500}),
			is: ctcbr.ErrOutcomeUnknown, hint: "check what became of it, or send the same order again with its client token"},
		"an order without an answer": {act: order, setup: answers(cbrtest.Fault{Conn: cbrtest.ResetAfterRequest}),
			is: ctcbr.ErrOutcomeUnknown, hint: "check what became of it, or send the same order again with its client token"},
		"a write that may have been done": {act: acts["write"], setup: answers(cbrtest.Fault{Status: 502}),
			is: ctcbr.ErrOutcomeUnknown, hint: "check whether it was carried out before sending it again"},
		"a write that may have been done, and a code": {act: acts["write"], setup: answers(cbrtest.Fault{Status: 500, Code: "Backup.Service.NotActivated"}),
			is: ctcbr.ErrOutcomeUnknown, hint: "activate the service once in this region, with Client.OpenService"},
		"an order that may have been placed, then too many requests": {act: order, setup: func(cloud *cbrtest.Server) {
			cloud.Inject("", cbrtest.Fault{Status: 503})
			answers(cbrtest.Fault{Status: 429})(cloud)
		}, is: ctcbr.ErrOutcomeUnknown, hint: "check what became of it, or send the same order again with its client token"},
		"a server that redirects": {act: order, setup: answers(cbrtest.Redirect(302, "https://elsewhere.invalid/login")),
			is: ctcbr.ErrRedirect, hint: "the server redirects to elsewhere.invalid: the endpoint is not that of CT-CBR, or a proxy responded instead"},
		"an order that may have been placed, then a redirect": {act: order, setup: func(cloud *cbrtest.Server) {
			cloud.Inject("", cbrtest.Fault{Status: 503})
			answers(cbrtest.Redirect(302, "https://elsewhere.invalid/login"))(cloud)
		}, is: ctcbr.ErrOutcomeUnknown, hint: "the server redirects to elsewhere.invalid: the endpoint is not that of CT-CBR, or a proxy responded instead"},
		"a redirect to nowhere": {act: list, setup: answers(cbrtest.Fault{Status: 302}),
			is: ctcbr.ErrRedirect, hint: "the server redirects: the endpoint is not that of CT-CBR, or a proxy responded instead"},
		"a redirect with a code": {act: list, setup: answers(cbrtest.Fault{Status: 301, Code: "CTAPI.Region.NotFound"}),
			is: ctcbr.ErrRedirect, hint: "use the ID of a region that the account may use, not its name: Regions.List has both"},
		"too many requests": {act: list, setup: answers(cbrtest.Fault{Status: 429}),
			is: ctcbr.ErrThrottled, hint: "send fewer requests at a time, or wait"},
		"too many requests, by a code alone": {act: list, setup: answers(cbrtest.Fault{Code: "CTAPI.FlowLimit"}),
			is: ctcbr.ErrThrottled, hint: "send fewer requests at a time, or wait"},

		"a SOCKS proxy that does not get through": {act: list, opts: []ctcbr.Option{unreachable(&net.OpError{Op: "socks connect", Net: "tcp", Err: errors.New("unknown error host unreachable")})}},
		"a refused connection":                    {act: list, opts: []ctcbr.Option{unreachable(errors.New("refused"))}},
		"DNS that fails in passing":               {act: list, opts: []ctcbr.Option{unreachable(&net.DNSError{Err: "try again", IsTemporary: true})}},
		"something else that is missing":          {act: list, setup: answers(cbrtest.Fault{Code: "Backup.Storage.NotFound"}), is: ctcbr.ErrNotFound, hint: "check the name or ID, and the region"},
		"a code of access, but no HTTP 401":       {act: list, setup: answers(cbrtest.Fault{Code: "Backup.Signature.Unsupported"})},
		"a plan that is missing": {
			act: func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
				_, err := c.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: "nowhere"})
				return err
			},
			setup: answers(cbrtest.Fault{Code: "Backup.Policy.NotFound"}), is: ctcbr.ErrNotFound, hint: "check the name or ID, the region and the kind of host",
		},
		"an order that is missing": {
			act: func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
				_, err := c.Orders.Get(ctx, &ctcbr.GetOrderRequest{ID: "nowhere"})
				return err
			},
			setup: answers(cbrtest.Fault{Code: "Backup.Order.NotFound"}), is: ctcbr.ErrNotFound, hint: "check the order ID",
		},
		"a page": {act: list, setup: answers(cbrtest.Fault{Status: 404, Body: "<html>"}), is: ctcbr.ErrBadAnswer, hint: "check the endpoint, and whether a proxy or another server responded instead"},
		"a page of a gateway that lacks the method": {act: list, setup: answers(cbrtest.Fault{Status: 501, Body: "<html>"}), hint: "check the endpoint, and whether a proxy or another server responded instead"},
		"a response that is too large":              {act: list, opts: []ctcbr.Option{ctcbr.WithMaxAnswer(10)}, setup: answers(cbrtest.Fault{Status: 200, Body: "{ more than ten bytes }"}), is: ctcbr.ErrTooLarge, hint: "raise the limit with WithMaxAnswer, or read a list with All"},
		"a port where nothing listens":              {act: list, opts: []ctcbr.Option{unreachable(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})}, is: syscall.ECONNREFUSED, hint: "nothing accepts connections there: check the endpoint and the proxy settings"},
		"a server that fails with a page":           {act: list, setup: answers(cbrtest.Fault{Status: 502, Body: "<html>Bad Gateway"}), is: ctcbr.ErrUnavailable, hint: "try again later, or give the request ID to the service's support"},
		"a server that fails":                       {act: list, setup: answers(cbrtest.Fault{Status: 500}), is: ctcbr.ErrUnavailable, hint: "try again later, or give the request ID to the service's support"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cbrtest.NewServer(cbrtest.InMemory()) // not activated
				defer cloud.Close()
				cloud.SetSkew(time.Second) // as far apart as clocks are
				if c.setup != nil {
					c.setup(cloud)
				}
				client, err := ctcbr.NewClient(append([]ctcbr.Option{
					ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(cloud.HTTPClient()),
					ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
				}, c.opts...)...)
				require.NoError(t, err)
				err = c.act(t.Context(), client, cloud)
				if c.is == nil && c.hint == "" && err == nil {
					return
				}
				require.Error(t, err)
				if c.is != nil {
					require.ErrorIs(t, err, c.is)
				}
				require.NotContains(t, err.Error(), "\n")
				_, hint, found := strings.Cut(err.Error(), "; hint: ")
				require.Equal(t, c.hint != "", found, "%v", err)
				if found {
					require.Equal(t, c.hint, hint[:strings.LastIndex(hint, " [request ")])
				}
			})
		})
	}
}

// undated takes the date out of answers.
func undated(req *http.Request, next next) (*http.Response, error) {
	resp, err := next(req)
	if err == nil {
		resp.Header.Del("Date")
	}
	return resp, err
}

// answers spoils every request.
func answers(f cbrtest.Fault) func(*cbrtest.Server) {
	f.Times = -1
	return func(cloud *cbrtest.Server) { cloud.Inject("", f) }
}

// A hint comes after what is known, so that nothing is read into it.
func TestHintFollowsTheOutcome(t *testing.T) {
	t.Parallel()
	s := conformance.NewService(t)
	requests := 0
	s.Responds(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.WriteHeader(503)
			return
		}
		w.WriteHeader(403)
	})
	err := acts["order"](t.Context(), s.Client(t, ctcbr.WithRegion("r")), nil)
	require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
	require.ErrorContains(t, err, "HTTP 403: outcome unknown, it may have been carried out; hint: check the permissions of the key pair")
}

// The name of a TLS server that this machine does not trust.
func TestHintOfARealCertificate(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(s.URL), ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithRegion("r"))
	require.NoError(t, err)
	defer client.Close()
	err = acts["order"](t.Context(), client, nil)
	require.ErrorContains(t, err, "hint: the certificate of the server was rejected")
	require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
}

func TestValidationSaysWhatToDo(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		region, name string
		says         string
	}{
		"underscore":           {"r", "my_vault", `Name (backupStorageName) must not hold "_", use "-": letters, digits and "-" are allowed, is "my_vault"`},
		"space":                {"r", "my vault", `Name (backupStorageName) must hold letters, digits and "-" alone, is "my vault"`},
		"Chinese":              {"r", "存储库", `Name (backupStorageName) must hold letters, digits and "-" alone, is "存储库"`},
		"more than one line":   {"r", "my\nvault", `Name (backupStorageName) must hold letters, digits and "-" alone, is "my\nvault"`},
		"begins with a digit":  {"r", "1-vault", `must begin with a letter`},
		"ends with a hyphen":   {"r", "vault-", `must not end with "-"`},
		"no region":            {"", "vault", "RegionID (regionID) is required: in the request, by WithRegion, as CTYUN_REGION_ID, or in the configuration file"},
		"a region of blanks":   {"  ", "vault", "RegionID (regionID) is required"},
		"a region and a fault": {"", "my_vault", `configuration file; Name (backupStorageName) must not hold "_"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := conformance.NewService(t)
			_, err := s.Client(t).Storages.Create(t.Context(), &ctcbr.CreateStorageRequest{
				RegionID: c.region, Name: c.name, CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1,
			})
			require.ErrorIs(t, err, ctcbr.ErrInvalid)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, s.Take())
		})
	}
}
