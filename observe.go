package ctcbr

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ctyun-go/ctcbr/internal/redact"
)

// CallInfo says what a request is for.
type CallInfo struct {
	// Operation is the last segment of the operation's path, for example
	// "create-storage-backup".
	Operation string
	Method    string
	Path      string
	// Attempt counts the requests of the call, from 1. It is 0 where the call as a whole
	// is meant.
	Attempt int
}

type callInfoKey struct{}

func (c *call) info() CallInfo {
	return CallInfo{Operation: c.name(), Method: c.method, Path: c.path, Attempt: c.attempts}
}

// CallFromContext returns what the request that has the context is for, to middleware.
func CallFromContext(ctx context.Context) (CallInfo, bool) {
	info, ok := ctx.Value(callInfoKey{}).(CallInfo)
	return info, ok
}

// Middleware sees every attempt of every call: after it was signed, and before its
// answer is judged. It calls next at most once, before it returns, and returns what
// next returned or something in its place. It leaves the body of the request alone.
// What it adds to the request is not signed, and what is signed must stay as it is:
// the query, the body, and the headers Eop-Date and Ctyun-Eop-Request-Id. Method and
// path are not signed.
//
// Requests leave by next alone. If next was not called, nothing was sent: an error
// that is returned then ends the call, which is not tried again, and its outcome is
// known. An error that is returned after next was called counts like one of the
// connection: reads and orders are tried again, and the outcome of a write is
// unknown. A response is judged as if it had come from the service, whoever made it.
// A second call of next is refused, and ends the call if its error is returned.
//
// The context of the request holds what CallFromContext returns and ends with the
// attempt; one that takes its place must last until the answer has been read.
type Middleware func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error)

// WithMiddleware puts middleware around every attempt. The first is the outermost,
// also where the option is given more than once.
func WithMiddleware(m ...Middleware) Option {
	return func(o *options) {
		for _, one := range m {
			if one != nil {
				o.middleware = append(o.middleware, one)
			}
		}
	}
}

// CallHook sees every call as a whole, with all its attempts, after its request
// was found valid: what validation refuses is no call. It returns the context of
// the call, made of the one it was given, and a function that is called when the
// call ends, with the error that the caller gets, or nil; the function may be nil.
// A list that All streams ends with its last item, or when the caller leaves it,
// which is no error; one that All reads in pages is one call for each page. Waiting
// is many calls, and a search that finds nothing is a call that succeeded.
type CallHook func(ctx context.Context, call CallInfo) (context.Context, func(error))

// WithCallHook calls the hook for every call. Of several hooks the first is the
// outermost.
func WithCallHook(h CallHook) Option {
	return func(o *options) {
		if h != nil {
			o.hooks = append(o.hooks, h)
		}
	}
}

// hooked begins a call for the hooks, and returns what ends it for them.
func (c *Client) hooked(ctx context.Context, call *call) (context.Context, func(error)) {
	if len(c.options.hooks) == 0 {
		return ctx, func(error) {}
	}
	var ends []func(error)
	for _, hook := range c.options.hooks {
		var end func(error)
		if ctx, end = hook(ctx, call.info()); end != nil {
			ends = append(ends, end)
		}
	}
	return ctx, func(err error) {
		for _, end := range slices.Backward(ends) {
			end(err)
		}
	}
}

// misuse is a fault of middleware, which would only happen again in another attempt.
type misuse string

func (m misuse) Error() string { return string(m) }

const (
	errNextTwice  misuse = "middleware called next twice, or after it had returned"
	errNoResponse misuse = "middleware returned neither a response nor an error"
)

// errUnwound is what hooks are told of a call that did not return to its caller.
var errUnwound = errors.New("ctcbr: the call was left by a panic or runtime.Goexit")

// roundTrip sends a request by the transport. As http.Client does, it keeps cookies
// if the caller's client has a jar for them, and trusts the transport no further
// than it must.
func (c *Client) roundTrip(req *http.Request) (*http.Response, error) {
	var jar http.CookieJar
	if given := c.options.httpClient; given != nil && given.Jar != nil {
		jar = given.Jar
		for _, cookie := range jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
	}
	resp, err := c.transport.RoundTrip(req)
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errNothing
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if jar != nil {
		jar.SetCookies(req.URL, resp.Cookies())
	}
	return resp, nil
}

var errNothing = errors.New("the transport gave neither a response nor an error")

// exchange sends a signed request through the middleware.
func (c *Client) exchange(call *call, a *attempt, req *http.Request) (*http.Response, error) {
	if len(c.options.middleware) == 0 {
		return c.roundTrip(req)
	}
	req = req.WithContext(context.WithValue(req.Context(), callInfoKey{}, call.info()))
	send := &gate{next: c.roundTrip}
	next := send.pass
	for _, m := range slices.Backward(c.options.middleware) {
		next = m.around(next)
	}
	resp, err := next(req)
	a.trace.withheld = send.shut()
	switch {
	case resp == nil:
		return nil, err
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

func (m Middleware) around(next func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		once := &gate{next: next}
		defer once.shut()
		resp, err := m(req, once.pass)
		if resp == nil && err == nil {
			err = errNoResponse
		}
		return resp, err
	}
}

// gate lets one request pass, and none once it is shut.
type gate struct {
	next func(*http.Request) (*http.Response, error)
	used atomic.Bool
}

func (g *gate) pass(req *http.Request) (*http.Response, error) {
	if g.used.Swap(true) {
		return nil, errNextTwice
	}
	return g.next(req)
}

// shut shuts the gate, and reports whether nothing has passed it.
func (g *gate) shut() bool { return !g.used.Swap(true) }

// WithLogger logs one record for every attempt, when its answer has been taken in:
// operation, request_id, attempt, status, duration, and error if there is one; as
// information if it succeeded and as a warning if not. The status is 0 where no
// answer came. The duration of a streamed list holds the time that its caller took
// for the items. If the logger takes debug records, method, path, query and those
// headers are added that hold no secrets. NewClient warns of a key file that others
// can read. Without this option nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithLogBodies adds the beginning of the bodies of requests and answers to debug
// records: 4 KiB, of a streamed list less. They name hosts, repositories and paths;
// keys and signatures are taken out.
func WithLogBodies() Option {
	return func(o *options) { o.logBodies = true }
}

// Headers that debug records show.
var loggedHeaders = [...]string{
	"Content-Type", "Content-Length", "Date", "Eop-Date", "Location", "Retry-After", "Server", "User-Agent", "Via",
}

func (c *Client) log(ctx context.Context, call *call, a *attempt, took time.Duration) {
	l := c.options.logger
	if l == nil {
		return
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("operation", call.name()),
		slog.String("request_id", call.requestID),
		slog.Int("attempt", call.attempts),
		slog.Int("status", a.status),
		slog.Duration("duration", took),
	}
	err := a.rejected
	if a.err != nil {
		err = call.fail(a, a.err, call.unknown)
	}
	if err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	if !l.Enabled(ctx, level) {
		return
	}
	if l.Enabled(ctx, slog.LevelDebug) {
		attrs = append(attrs, c.detail(call, a)...)
	}
	l.LogAttrs(ctx, level, "ctcbr: attempt", attrs...)
}

// detail is what debug records have on top.
func (c *Client) detail(call *call, a *attempt) []slog.Attr {
	accessKey, _, _ := strings.Cut(a.sent.Get(headerAuthorization), " ")
	clean := append(call.clean(a), accessKey)
	attrs := []slog.Attr{
		slog.String("method", call.method),
		slog.String("path", call.path),
		slog.String("query", clean.Text(call.query)),
		slog.Any("request_header", allowed(clean, a.sent)),
		slog.Any("response_header", allowed(clean, a.header)),
	}
	if c.options.logBodies {
		attrs = append(attrs,
			slog.String("request_body", redact.Beginning(clean, call.body, loggedBody)),
			slog.String("response_body", redact.Beginning(clean, a.body, loggedBody)))
	}
	return attrs
}

const loggedBody = 4 << 10

func allowed(clean redact.Secrets, h http.Header) slog.Value {
	var attrs []slog.Attr
	for _, name := range loggedHeaders {
		if value := h.Get(name); value != "" {
			attrs = append(attrs, slog.String(name, clean.Text(value)))
		}
	}
	return slog.GroupValue(attrs...)
}
