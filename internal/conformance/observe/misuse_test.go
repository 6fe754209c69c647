package observe

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestNothingGivenIsNoPanic(t *testing.T) {
	t.Parallel()
	client, err := ctcbr.NewClient(nil, ctcbr.WithOptions(nil, ctcbr.WithStaticCredentials("ak", "sk")), ctcbr.WithMiddleware(nil),
		ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithRegion("r"), ctcbr.WithMaxAttempts(1))
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Storages.List(t.Context(), nil)
	require.Error(t, err)
	_, err = ctcbr.Restores{}.Newest(t.Context(), &ctcbr.RestoreNewestRequest{RegionID: "r", HostID: "h", TargetDir: "/d"})
	require.ErrorIs(t, err, ctcbr.ErrClosed)
}

func TestOptionsAtFaultAreOneLine(t *testing.T) {
	t.Parallel()
	_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithEndpoint("http://example.com"), ctcbr.WithCommonEndpoint("ftp://example.com"), ctcbr.WithMaxAttempts(-1))
	require.ErrorContains(t, err, "http://example.com")
	require.ErrorContains(t, err, "ftp://example.com")
	require.NotContains(t, err.Error(), "\n")
	require.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), 3)
}

// What an interface holds may be nil where the interface is not. It is an error of NewClient, before
// it could panic in a call.
func TestNilInInterfaces(t *testing.T) {
	t.Parallel()
	var noFunc ctcbr.CredentialsFunc
	var noProvider *provider
	var noTransport *http.Transport
	var noSigning *ctcbr.SigningTransport
	var noJar *cookiejar.Jar
	keys := ctcbr.WithStaticCredentials("ak", "sk")
	for name, c := range map[string]struct {
		opts []ctcbr.Option
		is   error
	}{
		"a provider's function":    {[]ctcbr.Option{ctcbr.WithCredentials(noFunc)}, ctcbr.ErrNoCredentials},
		"a provider's pointer":     {[]ctcbr.Option{ctcbr.WithCredentials(noProvider)}, ctcbr.ErrNoCredentials},
		"key pair of nothing":      {[]ctcbr.Option{ctcbr.WithCredentials(ctcbr.Credentials{})}, ctcbr.ErrNoCredentials},
		"key pair that is no pair": {[]ctcbr.Option{ctcbr.WithCredentials(ctcbr.NewCredentials("ak", "sk\n"))}, ctcbr.ErrNoCredentials},
		"a transport":              {[]ctcbr.Option{keys, ctcbr.WithHTTPClient(&http.Client{Transport: noTransport})}, nil},
		"a transport of ours":      {[]ctcbr.Option{keys, ctcbr.WithHTTPClient(&http.Client{Transport: noSigning})}, nil},
		"a jar":                    {[]ctcbr.Option{keys, ctcbr.WithHTTPClient(&http.Client{Jar: noJar})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := ctcbr.NewClient(append(c.opts, ctcbr.WithRegion("r"))...)
			require.Error(t, err)
			require.Nil(t, client)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
				require.ErrorContains(t, err, "WithCredentials")
			} else {
				require.ErrorContains(t, err, "WithHTTPClient")
			}
		})
	}
	client, err := ctcbr.NewClient(keys, ctcbr.WithRegion("r"), ctcbr.WithHTTPClient(nil), ctcbr.WithHTTPClient(&http.Client{}))
	require.NoError(t, err)
	require.NoError(t, client.Close())
}

type provider struct{ keys ctcbr.Credentials }

func (p *provider) Credentials(context.Context) (ctcbr.Credentials, error) { return p.keys, nil }

// A transport of the caller, or middleware, may leave out the body of a response. Middleware around
// it sees an empty one.
func TestResponseWithoutABody(t *testing.T) {
	t.Parallel()
	bare := func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Request: req}, nil
	}
	reading := ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
		resp, err := next(req)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
		}
		return resp, err
	})
	transport := ctcbr.WithHTTPClient(&http.Client{Transport: roundTripper(bare)})
	inner := ctcbr.WithMiddleware(func(req *http.Request, _ next) (*http.Response, error) { return bare(req) })
	for name, opts := range map[string][]ctcbr.Option{
		"of a transport": {transport}, "of a transport, below middleware": {transport, reading},
		"of middleware": {inner}, "of middleware, below another": {reading, inner},
	} {
		for _, act := range []string{"read", "list", "order", "write"} {
			t.Run(name+"/"+act, func(t *testing.T) {
				t.Parallel()
				conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
					err := acts[act](t.Context(), client(opts...), cloud)
					require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
					var failed *ctcbr.Error
					require.ErrorAs(t, err, &failed)
					require.Equal(t, 200, failed.HTTPStatus)
				})
			})
		}
	}
}

// A response that middleware returns beside an error is closed: nobody else has it.
func TestResponseBesideAnErrorIsClosed(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		body := &closable{}
		err := acts["read"](t.Context(), client(ctcbr.WithMiddleware(func(*http.Request, next) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: body}, errOfMine
		})), cloud)
		require.ErrorIs(t, err, errOfMine)
		require.Equal(t, 1, body.closed)
	})
}

type closable struct {
	strings.Reader
	closed int
}

func (c *closable) Close() error {
	c.closed++
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A hook that returns no context leaves that of the call, with what it holds and with its end.
func TestCallHookWithoutAContext(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		type key struct{}
		var seen []any
		c := client(
			ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
				return context.WithValue(ctx, key{}, "outer"), nil
			}),
			ctcbr.WithCallHook(func(context.Context, ctcbr.CallInfo) (context.Context, func(error)) {
				return nil, func(error) { seen = append(seen, "ended") }
			}),
			ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
				seen = append(seen, ctx.Value(key{}))
				return ctx, nil
			}))
		require.NoError(t, acts["read"](t.Context(), c, cloud))
		require.Equal(t, []any{"outer", "ended"}, seen)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, acts["read"](ctx, c, cloud), context.Canceled)
	})
}

// One hook that panics, at the beginning of a call or at its end, keeps no other from being ended.
func TestCallHooksThatPanic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begins, ends bool // panics there
		want         []string
	}{
		"at the beginning": {begins: true, want: []string{"a begins", "b begins", "a ended by a panic"}},
		"at the end":       {ends: true, want: []string{"a begins", "b begins", "c begins", "c ended", "a ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				var seen []string
				hook := func(name string) ctcbr.Option {
					return ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
						seen = append(seen, name+" begins")
						if c.begins && name == "b" {
							panic("mine")
						}
						return ctx, func(err error) {
							if c.ends && name == "b" {
								panic("mine")
							}
							how := ""
							if err != nil {
								require.ErrorContains(t, err, "panic")
								how = " by a panic"
							}
							seen = append(seen, name+" ended"+how)
						}
					})
				}
				observed := client(hook("a"), hook("b"), hook("c"))
				require.PanicsWithValue(t, "mine", func() { _ = acts["read"](t.Context(), observed, cloud) })
				require.Equal(t, c.want, seen)
				require.Equal(t, c.begins, len(cloud.Requests()) == 0)
			})
		})
	}
}
