package ctcbr

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Where the service is reached unless an option says otherwise.
const (
	DefaultEndpoint       = "https://ctcbr-global.ctapi.ctyun.cn"
	DefaultCommonEndpoint = "https://ctecs-global.ctapi.ctyun.cn" // orders and regions
)

// Option sets up a client. Options are applied in the order they are given in.
type Option func(*options)

// WithOptions makes one option of several, for packages that offer one of their own.
func WithOptions(opts ...Option) Option {
	return func(o *options) {
		for _, opt := range opts {
			if opt != nil {
				opt(o)
			}
		}
	}
}

type options struct {
	credentials    CredentialsProvider
	region         string
	endpoint       string
	commonEndpoint string
	plainHTTP      bool
	httpClient     *http.Client
	userAgent      string
	maxAttempts    int
	attemptTimeout time.Duration
	firstWait      time.Duration
	longestWait    time.Duration
	maxAnswer      int64
	middleware     []Middleware
	hooks          []CallHook
	logger         *slog.Logger
	logBodies      bool
	warning        string
	err            error
}

func defaultOptions() options {
	return options{
		endpoint:       DefaultEndpoint,
		userAgent:      userAgent,
		maxAttempts:    4,
		attemptTimeout: 30 * time.Second,
		firstWait:      200 * time.Millisecond,
		longestWait:    20 * time.Second,
		maxAnswer:      64 << 20,
	}
}

// collectOptions applies options in their order, and looks for what they leave out in the
// environment and the configuration file.
func collectOptions(opts []Option) options {
	o := defaultOptions()
	WithOptions(opts...)(&o)
	if o.credentials == nil || o.region == "" {
		o.lookAround()
	}
	return o
}

// endpoints are the bases of all URLs. Where they cannot be, o.err says why.
func (o *options) endpoints() (base, common *url.URL) {
	base, loopback, err := parseEndpoint(o.endpoint, o.plainHTTP)
	o.err = join(o.err, err)
	if o.commonEndpoint == "" {
		o.commonEndpoint = DefaultCommonEndpoint
		if loopback {
			o.commonEndpoint = o.endpoint
		}
	}
	common, _, err = parseEndpoint(o.commonEndpoint, o.plainHTTP)
	o.err = join(o.err, err)
	return base, common
}

func (o *options) fail(format string, args ...any) {
	o.err = join(o.err, fmt.Errorf("ctcbr: "+format, args...))
}

// lookAround fills in what the options left out.
func (o *options) lookAround() {
	found, err := lookAround(o.credentials == nil)
	if err != nil {
		o.fail("%w", err)
		return
	}
	o.region = cmp.Or(o.region, found.Region)
	if o.credentials == nil {
		o.warning = found.warning
		WithStaticCredentials(found.AccessKey, found.SecretKey)(o)
	}
}

// WithStaticCredentials signs with one key pair. Keys that cannot be right, empty ones
// or ones with white space around them, are an error of NewClient that matches
// ErrNoCredentials.
func WithStaticCredentials(accessKey, secretKey string) Option {
	return func(o *options) {
		c := NewCredentials(accessKey, secretKey)
		if err := c.check(); err != nil {
			o.fail("%w", err)
		}
		o.credentials = c
	}
}

// WithCredentials signs with what the provider gives, which may change while the
// client is in use.
func WithCredentials(p CredentialsProvider) Option {
	return func(o *options) { o.credentials = p }
}

// WithRegion sets the region (resource pool) ID of every request that names none.
// Without it, that of the environment or of the configuration file is taken: see
// NewClient.
func WithRegion(id string) Option {
	return func(o *options) { o.region = id }
}

// WithEndpoint sets where CT-CBR is reached, by default DefaultEndpoint. No variable
// of the environment does. It is a scheme and a host, with a port if need be, and
// without user info, path or query. Plain http is taken for
// loopback addresses alone, unless WithPlainHTTP is given. A loopback endpoint
// serves order and region look-ups too unless WithCommonEndpoint is given, so that
// a test never reaches the real service.
func WithEndpoint(url string) Option {
	return func(o *options) { o.endpoint = url }
}

// WithCommonEndpoint sets where orders and regions are looked up, by default
// DefaultCommonEndpoint. The rules of WithEndpoint hold.
func WithCommonEndpoint(url string) Option {
	return func(o *options) { o.commonEndpoint = url }
}

// WithPlainHTTP allows endpoints without TLS on other hosts than loopback. What is
// sent can then be read and changed on its way; signatures do not cover the path.
func WithPlainHTTP() Option {
	return func(o *options) { o.plainHTTP = true }
}

// WithHTTPClient sends by the given client, which is never changed: its transport
// (http.DefaultTransport if it has none), timeout and cookie jar are used, its redirect
// policy is not, since redirects are not followed. Its timeout, if it is shorter, takes the place of that of
// WithAttemptTimeout. The default client verifies TLS, takes proxies from the
// environment and keeps 64 idle connections a host.
func WithHTTPClient(c *http.Client) Option {
	return func(o *options) { o.httpClient = c }
}

// WithUserAgent puts text before the SDK's own User-Agent, for example "portal/1.4".
func WithUserAgent(text string) Option {
	return func(o *options) {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			o.fail("WithUserAgent: %q holds a character that a header cannot", text)
			return
		}
		o.userAgent = strings.TrimSpace(text + " " + userAgent)
	}
}

// WithMaxAttempts sets how many requests one call may make, 4 by default. 1 means
// that nothing is tried again.
func WithMaxAttempts(n int) Option {
	return func(o *options) {
		if n < 1 {
			o.fail("WithMaxAttempts: %d is not at least 1", n)
		}
		o.maxAttempts = n
	}
}

// WithAttemptTimeout sets how long one attempt may take, 30 seconds by default, and
// for how long a list that is streamed (All) may be silent. What bounds a whole call
// is its context.
func WithAttemptTimeout(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.fail("WithAttemptTimeout: %s is not positive", d)
		}
		o.attemptTimeout = d
	}
}

// WithRetryWait sets the wait before a call is tried again: a random time below a
// bound that starts at first and doubles up to longest. 200 ms and 20 s by default.
func WithRetryWait(first, longest time.Duration) Option {
	return func(o *options) {
		if first < 0 || longest < first {
			o.fail("WithRetryWait: want 0 <= first <= longest, have %s and %s", first, longest)
		}
		o.firstWait, o.longestWait = first, longest
	}
}

// WithMaxAnswer sets how many bytes of a decompressed answer are read before the
// call fails with ErrTooLarge, 64 MiB by default. A list that is streamed (All) may
// be longer: the bound is for each of its items.
func WithMaxAnswer(bytes int64) Option {
	return func(o *options) {
		if bytes < 1 {
			o.fail("WithMaxAnswer: %d is not at least 1", bytes)
		}
		o.maxAnswer = min(bytes, math.MaxInt64-1) // one byte more is read, to see that there is one
	}
}

// parseEndpoint returns the scheme and host of an endpoint, and whether it is on this machine.
func parseEndpoint(text string, plainHTTP bool) (base *url.URL, loopback bool, err error) {
	u, err := url.Parse(text)
	if err != nil {
		// The text of url.Error repeats the URL, and with it a password.
		return nil, false, errors.New("ctcbr: the endpoint is not a URL")
	}
	loopback = isLoopback(u.Hostname())
	switch {
	case u.User != nil, strings.Contains(text, "@"): // what follows would repeat a password
		return nil, false, errors.New("ctcbr: the endpoint must not hold user info")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q is not https://HOST", text)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q must not hold a path, query or fragment", text)
	case u.Scheme == "http" && !loopback && !plainHTTP:
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q has no TLS, which WithPlainHTTP would allow", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, loopback, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}
