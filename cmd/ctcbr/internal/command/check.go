package command

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// finding is one thing that was checked, in JSON.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"` // ok, warning, failed or skipped
	Detail string `json:"detail"`
	Next   string `json:"next"`
}

const checkHelp = `It only reads, and checks keys, clock, proxy, region, whether the service is activated, and read permissions. For every problem it says what to do.
The exit status is 1 if something failed.`

func (a *app) check() *cobra.Command {
	return a.leaf("check [flags]", "Check the setup: keys, clock, proxy, region, service, permissions", checkHelp, cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			d := &doctor{app: a}
			d.examine(ctx)
			terminal.List(a.out, a.format(), a.findingColumns(), d.findings)
			if slices.ContainsFunc(d.findings, func(f finding) bool { return f.Result == "failed" }) {
				return said(errors.New("failed"))
			}
			return ctx.Err()
		})
}

func (a *app) findingColumns() []terminal.Column[finding] {
	return []terminal.Column[finding]{
		{Key: "check", Head: a.t("Check"), Cell: func(f finding) any { return a.state(f.Check) }},
		{Key: "result", Head: a.t("Result"), Cell: func(f finding) any { return a.state(f.Result) }},
		{Key: "detail", Head: a.t("Found"), Cell: func(f finding) any { return f.Detail }},
		{Key: "next", Head: a.t("What to do"), Cell: func(f finding) any { return f.Next }},
	}
}

// doctor runs the checks one after the other. A check that depends on one that failed is skipped.
type doctor struct {
	*app
	client   *ctcbr.Client
	findings []finding

	mu   sync.Mutex
	date time.Time     // of the last answer
	skew time.Duration // of this machine's clock, by that answer
}

func (d *doctor) add(check, result, detail, next string) {
	d.findings = append(d.findings, finding{check, result, detail, next})
}

func (d *doctor) examine(ctx context.Context) {
	d.checkKeys(ctx)
	d.checkProxy()
	listed, err := d.checkAccess(ctx)
	d.checkClock()
	usable := d.checkRegion(ctx, listed, err)
	d.checkService(ctx, usable)
	d.checkRights(ctx, usable)
	if d.client != nil {
		d.client.Close()
	}
}

// checkKeys creates the client, which finds the keys.
func (d *doctor) checkKeys(ctx context.Context) {
	d.Options = append(d.Options, ctcbr.WithMiddleware(d.readDate), ctcbr.WithMaxAttempts(2))
	region := d.given.region
	if !regionID.MatchString(region) {
		d.given.region = "" // its name is resolved below, once the service responds
	}
	client, err := d.app.client(ctx)
	d.given.region = region
	if err != nil {
		d.add("keys", "failed", plainText(err), d.t("Set CTYUN_AK and CTYUN_SK to a key pair of the console (AccessKey), or write ~/.ctyun/config.json."))
		return
	}
	d.client = client
	detail := d.t("from the configuration file")
	switch {
	case d.given.profile != "":
		detail = d.f("profile %s", d.given.profile)
	case d.Getenv("CTYUN_AK") != "":
		detail = d.t("from CTYUN_AK and CTYUN_SK")
	}
	if keys, err := d.keys(); err == nil {
		detail = keys.AccessKey() + ", " + detail
	}
	d.add("keys", "ok", detail, "")
}

// readDate measures the skew of this machine's clock by the Date of a response.
func (d *doctor) readDate(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	resp, err := next(req)
	if err != nil {
		return resp, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.date, d.skew = date, time.Until(date).Round(time.Second)
	}
	return resp, nil
}

// checkProxy reports the proxy that requests use.
func (d *doctor) checkProxy() {
	endpoint := cmp.Or(d.endpoint(), ctcbr.DefaultEndpoint)
	req, err := http.NewRequest(http.MethodGet, endpoint, nil) //nolint:noctx // it is not sent
	if err != nil {
		d.add("proxy", "failed", d.t("the endpoint is not a URL"), d.t("Correct --endpoint or CTCBR_ENDPOINT."))
		return
	}
	proxy, err := http.ProxyFromEnvironment(req)
	switch {
	case err != nil:
		d.add("proxy", "failed", d.t("HTTPS_PROXY is not a URL"), d.t("Correct HTTPS_PROXY, or unset it."))
	case proxy == nil:
		d.add("proxy", "ok", d.f("none for %s", req.URL.Host), "")
	default:
		d.add("proxy", "ok", (&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String(), "")
	}
}

// checkAccess lists the regions, which needs only keys.
func (d *doctor) checkAccess(ctx context.Context) ([]ctcbr.Region, error) {
	if d.client == nil {
		d.add("access", "skipped", "", "")
		return nil, errSkipped
	}
	listed, err := d.client.Regions.List(ctx, nil)
	switch {
	case err == nil:
		d.add("access", "ok", d.count(len(listed.Regions), "region"), "")
		return listed.Regions, nil
	case errors.Is(err, ctcbr.ErrUnauthorized):
		d.add("access", "failed", plainText(err), d.t("Check that the key pair is enabled, that the secret key belongs to it, and that this machine's clock is right."))
	case d.answered():
		d.add("access", "failed", plainText(err), d.t("Try again later, and give the request ID to the support of the service if it persists."))
	default:
		d.add("access", "failed", plainText(err), d.t("Check the network: the name must resolve, and port 443 must be open or HTTPS_PROXY set."))
	}
	return nil, err
}

var errSkipped = errors.New("skipped")

func (d *doctor) answered() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.date.IsZero()
}

// checkClock compares this machine's clock with that of the service. Signatures carry
// the date.
func (d *doctor) checkClock() {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch skew := d.skew.Abs(); {
	case d.date.IsZero():
		d.add("clock", "skipped", "", "")
	case skew > 4*time.Minute:
		d.add("clock", "failed", d.f("%s off", d.skew), d.t("Set the clock: timedatectl set-ntp true."))
	case skew > 30*time.Second:
		d.add("clock", "warning", d.f("%s off", d.skew), d.t("Set the clock: timedatectl set-ntp true."))
	default:
		d.add("clock", "ok", d.f("%s off", d.skew), "")
	}
}

// checkRegion finds the region in the list of regions.
func (d *doctor) checkRegion(ctx context.Context, regions []ctcbr.Region, err error) bool {
	if err != nil {
		d.add("region", "skipped", "", "")
		return false
	}
	wanted := d.regionWanted(ctx)
	if wanted == "" {
		d.add("region", "failed", d.t("none is set"), d.t("Choose one of \"ctcbr region list\", and set CTYUN_REGION_ID to its ID or give --region."))
		return false
	}
	region, err := pick(d.app, "region", wanted, regions, func(r ctcbr.Region) candidate {
		return candidate{r.ID, []string{r.Name, r.Code}, r.Name}
	})
	switch {
	case err != nil:
		d.add("region", "failed", plainText(err), d.t("Choose one of \"ctcbr region list\", and set CTYUN_REGION_ID to its ID or give --region."))
		return false
	case !region.Callable:
		d.add("region", "warning", d.f("%s is marked as not callable by the API", region.Name), d.t("Choose another region, or ask the support of the service."))
	default:
		d.add("region", "ok", strings.TrimSpace(region.Name+" "+region.ID), "")
	}
	d.client = d.client.ForRegion(region.ID)
	return true
}

// regionWanted is the region of the flags, the environment or the configuration file. The
// last shows in what the client sends.
func (d *doctor) regionWanted(ctx context.Context) string {
	if d.given.region != "" {
		return d.given.region
	}
	if _, err := d.client.Storages.List(ctx, nil); errors.Is(err, ctcbr.ErrInvalid) {
		return ""
	}
	return d.region()
}

// checkService checks whether the service is activated. If it is not, it has no vaults, or refuses to
// list them.
func (d *doctor) checkService(ctx context.Context, usable bool) {
	if !usable {
		d.add("service", "skipped", "", "")
		return
	}
	vaults, err := collect(d.client.Storages.All(ctx, nil))
	var refused *ctcbr.Error
	switch {
	case err == nil && len(vaults) > 0:
		d.add("service", "ok", d.count(len(vaults), "vault"), "")
	case err == nil:
		d.add("service", "warning", d.t("no vault, the service may not be activated"),
			d.t("Activate the service in the console, then order a vault: ctcbr vault create."))
	case errors.As(err, &refused) && strings.Contains(strings.ToLower(refused.Code), "notactivated"):
		d.add("service", "failed", plainText(err), d.t("Activate the service in the console, then order a vault: ctcbr vault create."))
	case errors.Is(err, ctcbr.ErrUnauthorized):
		d.add("service", "failed", plainText(err), d.t("Grant the user permission to read cloud backup (CBR)."))
	default:
		d.add("service", "failed", plainText(err), d.t("Try again later, and give the request ID to the support of the service if it persists."))
	}
}

// checkRights reads everything that the commands of this tool read.
func (d *doctor) checkRights(ctx context.Context, usable bool) {
	if !usable {
		d.add("permissions", "skipped", "", "")
		return
	}
	for _, read := range []struct {
		what string
		list func() error
	}{
		{"hosts", func() error { _, err := d.client.Agents.List(ctx, &ctcbr.ListAgentsRequest{PageSize: 1}); return err }},
		{"plans", func() error { _, err := d.client.Plans.List(ctx, nil); return err }},
		{"copies", func() error { return first(d.client.Snapshots.All(ctx, nil)) }},
		{"tasks", func() error { return first(d.client.Tasks.All(ctx, nil)) }},
	} {
		if err := read.list(); err != nil {
			d.add("permissions", "failed", d.t(read.what)+": "+plainText(err), d.t("Grant the user permission to read cloud backup (CBR)."))
			return
		}
	}
	d.add("permissions", "ok", d.t("hosts, plans, copies and tasks can be read"), "")
}

// first reads the first item of a list, if it has one.
func first[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		return err
	}
	return nil
}
