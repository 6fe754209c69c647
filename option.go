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
	"reflect"
	"strings"
	"time"
)

// The default endpoints.
const (
	DefaultEndpoint       = "https://ctcbr-global.ctapi.ctyun.cn"
	DefaultCommonEndpoint = "https://ctecs-global.ctapi.ctyun.cn" // orders and regions
)

// Option configures a [Client]. Options are applied in order.
type Option func(*options)

// WithOptions combines several options into one, for packages that offer an option of their own.
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

// collectOptions applies options in order, and takes what they leave out from the environment and
// the configuration file.
func collectOptions(opts []Option) options {
	o := defaultOptions()
	WithOptions(opts...)(&o)
	if o.credentials == nil || o.region == "" {
		o.lookAround()
	}
	return o
}

// endpoints returns the base URLs. If an endpoint is invalid, it records the reason in o.err.
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

// lookAround fills in keys and region from the environment and the configuration file.
func (o *options) lookAround() {
	found, err := lookAround(o.credentials == nil, o.region == "")
	if err != nil {
		o.fail("%w", err)
		return
	}
	o.region = cmp.Or(o.region, found.Region)
	if o.credentials == nil {
		o.warning = found.warning
		o.credentials = NewCredentials(found.AccessKey, found.SecretKey)
	}
}

// WithStaticCredentials signs requests with one key pair. If a key is empty, has white space around
// it or contains a character that keys never contain, [NewClient] returns an error that matches
// [ErrNoCredentials].
func WithStaticCredentials(accessKey, secretKey string) Option {
	return func(o *options) {
		c := NewCredentials(accessKey, secretKey)
		if err := c.check(); err != nil {
			o.fail("%w", err)
		}
		o.credentials = c
	}
}

// WithCredentials signs requests with the key pair that p returns, which may change while the
// client is in use.
func WithCredentials(p CredentialsProvider) Option {
	return func(o *options) {
		if isNil(p) {
			o.fail("WithCredentials: %w: the provider holds nil", ErrNoCredentials)
		}
		if c, static := p.(Credentials); static {
			if err := c.check(); err != nil {
				o.fail("WithCredentials: %w", err)
			}
		}
		o.credentials = p
	}
}

// WithRegion sets the region (resource pool) ID for requests that name none. Without it,
// [NewClient] takes the region from the environment or the configuration file.
func WithRegion(id string) Option {
	return func(o *options) {
		if problem := textProblem(id); problem != "" {
			o.fail("WithRegion: the region ID %s: %s", problem, quoted(id))
		}
		o.region = id
	}
}

// WithEndpoint sets the endpoint of CT-CBR. The default is [DefaultEndpoint]. No environment
// variable overrides it. An endpoint is a scheme and a host with an optional port, without user
// info, path or query.
//
// Plain http is accepted for loopback addresses only, unless [WithPlainHTTP] is given. A loopback
// endpoint also serves orders and regions unless [WithCommonEndpoint] is given, so that a test
// never reaches the real service.
func WithEndpoint(endpoint string) Option {
	return func(o *options) { o.endpoint = endpoint }
}

// WithCommonEndpoint sets the endpoint that serves orders and regions. The default is
// [DefaultCommonEndpoint]. The rules of [WithEndpoint] apply.
func WithCommonEndpoint(endpoint string) Option {
	return func(o *options) { o.commonEndpoint = endpoint }
}

// WithPlainHTTP allows endpoints without TLS on hosts other than loopback. Traffic can then be read
// and changed on its way, and a signature does not cover the path.
func WithPlainHTTP() Option {
	return func(o *options) { o.plainHTTP = true }
}

// WithHTTPClient sends requests with the given client, which is never changed. Its transport
// ([http.DefaultTransport] if nil), timeout and cookie jar are used. Its redirect policy is not,
// since redirects are never followed. A timeout shorter than that of [WithAttemptTimeout] takes
// precedence.
//
// The default client verifies TLS, uses the proxy of the environment and keeps up to 64 idle
// connections per host.
func WithHTTPClient(c *http.Client) Option {
	return func(o *options) {
		if c != nil && (isNil(c.Transport) || isNil(c.Jar)) {
			o.fail("WithHTTPClient: the transport or the cookie jar of the client holds nil")
		}
		o.httpClient = c
	}
}

// WithUserAgent puts text in front of the SDK's own User-Agent, for example "portal/1.4".
func WithUserAgent(text string) Option {
	return func(o *options) {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			o.fail("WithUserAgent: %q has a character that a header cannot hold", text)
			return
		}
		o.userAgent = strings.TrimSpace(text + " " + userAgent)
	}
}

// WithMaxAttempts sets how many requests a call may make. The default is 4; 1 turns retries off.
func WithMaxAttempts(n int) Option {
	return func(o *options) {
		if n < 1 {
			o.fail("WithMaxAttempts: must be at least 1, is %d", n)
		}
		o.maxAttempts = n
	}
}

// WithAttemptTimeout limits the time of one attempt. The default is 30 seconds. For a streamed list
// (All), it limits the time until more data comes. To limit a whole call, use its context.
func WithAttemptTimeout(d time.Duration) Option {
	return func(o *options) {
		if d <= 0 {
			o.fail("WithAttemptTimeout: must be positive, is %s", d)
		}
		o.attemptTimeout = d
	}
}

// WithRetryWait sets the delay before a retry: a random time below a bound that starts at first and
// doubles up to longest. The defaults are 200 ms and 20 s.
func WithRetryWait(first, longest time.Duration) Option {
	return func(o *options) {
		if first < 0 || longest < first {
			o.fail("WithRetryWait: want 0 <= first <= longest, have %s and %s", first, longest)
		}
		o.firstWait, o.longestWait = first, longest
	}
}

// WithMaxAnswer limits the size of a decompressed response body in bytes. The default is 64 MiB. A
// larger body is an error that matches [ErrTooLarge]. For a streamed list (All), the limit applies
// to each item, and the list may be longer.
func WithMaxAnswer(bytes int64) Option {
	return func(o *options) {
		if bytes < 1 {
			o.fail("WithMaxAnswer: must be at least 1, is %d", bytes)
		}
		o.maxAnswer = min(bytes, math.MaxInt64-1) // one more byte is read, to detect a larger body
	}
}

// parseEndpoint returns the scheme and host of an endpoint, and whether it is a loopback address.
func parseEndpoint(text string, plainHTTP bool) (base *url.URL, loopback bool, err error) {
	// The errors do not repeat a text that is not a URL, and with it a password.
	if problem := textProblem(text); problem != "" {
		return nil, false, fmt.Errorf("ctcbr: the endpoint %s", problem)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, false, errors.New("ctcbr: the endpoint is not a URL")
	}
	loopback = isLoopback(u.Hostname())
	switch {
	case u.User != nil, strings.Contains(text, "@"): // the errors below would repeat a password
		return nil, false, errors.New("ctcbr: the endpoint must not hold user info")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q is not https://HOST", text)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q must not hold a path, query or fragment", text)
	case u.Scheme == "http" && !loopback && !plainHTTP:
		return nil, false, fmt.Errorf("ctcbr: the endpoint %q has no TLS: use https, or allow it with WithPlainHTTP", text)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, loopback, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// isNil reports whether an interface holds a pointer or a function that is nil.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Pointer, reflect.Func:
		return value.IsNil()
	}
	return false
}
