package command

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/ctyun-go/ctcbr"
)

// client returns a client with the keys and the region from the flags, the environment and the
// configuration file.
func (a *app) client(ctx context.Context) (*ctcbr.Client, error) {
	opts, err := a.clientOptions()
	if err != nil {
		return nil, err
	}
	client, err := ctcbr.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	if a.given.region == "" || regionID.MatchString(a.given.region) {
		return client, nil
	}
	id, err := a.findRegion(ctx, client, a.given.region)
	if err != nil {
		client.Close()
		return nil, err
	}
	a.given.region = id
	return client.ForRegion(id), nil
}

var regionID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (a *app) clientOptions() ([]ctcbr.Option, error) {
	opts := []ctcbr.Option{ctcbr.WithUserAgent("ctcbr-cli")}
	if a.given.profile != "" {
		if err := useProfile(a.given.profile); err != nil {
			return nil, err
		}
	} else if ak, sk := a.Getenv("CTYUN_AK"), a.Getenv("CTYUN_SK"); ak != "" && sk != "" {
		opts = append(opts, ctcbr.WithStaticCredentials(ak, sk))
	}
	region := a.given.region
	if a.given.profile == "" {
		region = cmp.Or(region, a.Getenv("CTYUN_REGION_ID"))
	}
	if region != "" {
		opts = append(opts, ctcbr.WithRegion(region))
	}
	if endpoint := a.endpoint(); endpoint != "" {
		opts = append(opts, ctcbr.WithEndpoint(endpoint))
	}
	if a.given.verbose {
		opts = append(opts, ctcbr.WithMiddleware(a.curl()))
	}
	opts = append(opts, ctcbr.WithMiddleware(a.observe))
	return append(opts, a.Options...), nil
}

// observe records the region of requests, which may come from the configuration file.
func (a *app) observe(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	if region := req.URL.Query().Get("regionID"); region != "" {
		a.seen.Store(&region)
	}
	return next(a.noted(req))
}

// region returns the region of the last list.
func (a *app) region() string {
	if region := a.seen.Load(); region != nil {
		return *region
	}
	return ""
}

// account returns the access key of the run. It is empty if a test signs in another way.
func (a *app) account() string {
	keys, err := a.keys()
	if err != nil {
		return ""
	}
	return keys.AccessKey()
}

func (a *app) endpoint() string { return cmp.Or(a.given.endpoint, a.Getenv("CTCBR_ENDPOINT")) }

// useProfile gives a profile of the configuration file precedence over the keys and the region of the
// environment: whoever names a profile means that account.
func useProfile(name string) error {
	for _, variable := range []string{"CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID"} {
		if err := os.Unsetenv(variable); err != nil {
			return err
		}
	}
	return os.Setenv("CTYUN_PROFILE", name)
}

// findRegion finds the ID of a region by its name, its code or its ID.
func (a *app) findRegion(ctx context.Context, client *ctcbr.Client, name string) (string, error) {
	listed, err := client.Regions.List(ctx, nil)
	if err != nil {
		return "", err
	}
	region, err := pick(a, "region", name, listed.Regions, func(r ctcbr.Region) candidate {
		return candidate{id: r.ID, names: []string{r.Name, r.Code}, detail: r.Name}
	})
	return region.ID, err
}

// commandLine returns a command to run later, with the flags that select the account and region.
func (a *app) commandLine(words ...string) string {
	line := []string{"ctcbr"}
	for _, flag := range [][2]string{{"--profile", a.given.profile}, {"--region", a.given.region}, {"--endpoint", a.given.endpoint}} {
		if flag[1] != "" {
			line = append(line, flag[0], flag[1])
		}
	}
	line = append(line, words...)
	for i, word := range line {
		line[i] = shellWord(printable(word))
	}
	return strings.Join(line, " ")
}
