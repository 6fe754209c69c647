package ctcbr

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// hint says what to do next. Codes come before the status, which says less, and what keeps every
// call from getting through comes before the outcome of this one.
func (e *Error) hint() string {
	denied := e.HTTPStatus == 401 || e.HTTPStatus == 403 || isKeyRefusal(e.form, e.Code)
	if denied && e.skew.Abs() > maxSkew {
		return fmt.Sprintf("the clock of this machine is %s the server's by %s: correct it", direction(e.skew), e.skew.Abs().Round(time.Second))
	}
	if hint := e.codeHint(denied); hint != "" {
		return hint
	}
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var op *net.OpError
	switch {
	case wantsProxyPassword(e.Err), e.HTTPStatus == 407:
		return "give the proxy its password, in HTTPS_PROXY or the transport's Proxy: http://USER:PASSWORD@HOST:PORT"
	case errors.As(e.Err, &dns) && dns.IsNotFound && errors.As(e.Err, &op) && op.Op == "proxyconnect":
		return "the host of the proxy has no address: check HTTPS_PROXY and NO_PROXY, or the transport's Proxy, and the DNS of this machine"
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return "the host name of the endpoint does not resolve: check its spelling, and the DNS of this machine"
	case errors.As(e.Err, &certificate):
		return "the certificate of the server was rejected: check the endpoint, the clock and the CA certificates of this machine, and any proxy"
	case e.HTTPStatus == 401:
		return hintKeys + e.orClock()
	case e.HTTPStatus == 403:
		return "check the permissions of the key pair, and that the address of this machine is on the account's IP allow-list"
	case e.Is(ErrRedirect) && e.toHost != "":
		return "the server redirects to " + e.toHost + ": the endpoint is not that of CT-CBR, or a proxy responded instead"
	case e.Is(ErrRedirect):
		return "the server redirects: the endpoint is not that of CT-CBR, or a proxy responded instead"
	case e.unknown && e.ClientToken != "":
		return "check what became of it, or send the same order again with its client token"
	case e.unknown:
		return "check whether it was carried out before sending it again"
	case e.Is(ErrThrottled):
		return "send fewer requests at a time, or wait"
	case errors.Is(e, ErrTooLarge):
		return hintTooLarge
	case errors.Is(e, ErrIncomplete): // says what it is, and matches ErrBadAnswer
		return ""
	case e.Is(ErrUnavailable) && e.HTTPStatus != http.StatusNotImplemented:
		return hintUnavailable
	case errors.Is(e, ErrBadAnswer), e.StatusCode == 0 && e.isPage():
		return hintEndpoint
	case errors.Is(e, ErrNotFound):
		return e.notFoundHint()
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "nothing accepts connections there: check the endpoint and the proxy settings"
	}
	return ""
}

// notFoundHint says what to check about something that does not exist. Vaults, orders and regions have
// no kind of host.
func (e *Error) notFoundHint() string {
	switch {
	case strings.Contains(e.Path, "/order/"):
		return "check the order ID"
	case strings.Contains(e.Operation, "storage"), strings.Contains(e.Operation, "region"):
		return "check the name or ID, and the region"
	}
	return "check the name or ID, the region and the kind of host"
}

// codeHint says what to do about a code.
func (e *Error) codeHint(denied bool) string {
	if e.form == formGateway {
		switch strings.TrimPrefix(e.Code, gatewayPrefix) {
		case codeKeys:
			return hintKeys
		case codeSignature:
			return hintSecret + e.orClock()
		case codeNoSuchAPI:
			return "the gateway does not know this path: check the endpoint"
		}
	}
	if isPermission(e.form, e.Code) {
		return "the user of the key pair lacks a permission: grant it in the console (IAM), or use the keys of another user"
	}
	if e.Is(ErrRegion) {
		return hintRegion
	}
	code := strings.NewReplacer(".", "", "_", "", "-", "").Replace(strings.ToLower(e.Code))
	for _, h := range hints {
		if strings.Contains(code, h.code) && (denied || !h.denied) {
			return h.text
		}
	}
	return ""
}

// orClock adds the clock to what to check, unless the date of the answer shows that it is right.
func (e *Error) orClock() string {
	if e.dated {
		return ""
	}
	return ", and the clock of this machine"
}

func direction(skew time.Duration) string {
	if skew > 0 {
		return "behind"
	}
	return "ahead of"
}

// hints are looked for in the code of the service, without its dots and in lower
// case, in this order. How the gateway words what it denies is not documented, so
// that those are words that any wording is likely to hold.
var hints = [...]struct {
	code   string
	denied bool // with HTTP 401 and 403 alone
	text   string
}{
	{"servicenotactiv", false, hintService},
	{"servicenotopen", false, hintService},
	{"clientnotactiv", false, hintAgent},
	{"agentnotactiv", false, hintAgent},
	{"clientnotinstall", false, hintAgent},
	{"regionnotmatch", false, "what the request names is in another region than the request"},
	{"regionnotsupport", false, "the region does not offer this: take another, or see its functions in the console"},
	{"regionnotopen", false, "the region is not open to the account: open it in the console, or take another"},
	{"regioninvalid", false, hintRegion},
	{"regionidinvalid", false, hintRegion},
	{"invalidregion", false, hintRegion},
	{"signature", true, hintSecret},
	{"secret", true, hintSecret},
	{"accesskey", true, "the access key (AK) is not known: check its spelling, and that it was not deleted or disabled"},
	{"dateinvalid", true, hintClock},
	{"dateexpired", true, hintClock},
	{"whitelist", true, hintAddress},
	{"allowlist", true, hintAddress},
}

const (
	hintKeys        = "check the key pair: both keys must belong together and must not be disabled"
	hintService     = "activate the service once in this region, with Client.OpenService"
	hintAgent       = "the host needs an active agent: Agents.Install, then Agents.WaitActivated"
	hintRegion      = "use the ID of a region that the account may use, not its name: Regions.List has both"
	hintSecret      = "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"
	hintClock       = "check the clock of this machine"
	hintTooLarge    = "raise the limit with WithMaxAnswer, or read a list with All"
	hintEndpoint    = "check the endpoint, and whether a proxy or another server responded instead"
	hintUnavailable = "try again later, or give the request ID to the service's support"
	hintAddress     = "add the address of this machine to the account's IP allow-list"
)
