package ctcbr

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// CallInfo says what a request is for.
type CallInfo struct {
	// Operation is the last segment of the operation's path, for example "create-storage-backup".
	Operation string
	Method    string
	Path      string
	// Attempt counts the requests of the call, from 1. It is 0 where the call as a whole is meant.
	Attempt int
}

type callInfoKey struct{}

func (call *call) info() CallInfo {
	return CallInfo{Operation: call.name(), Method: call.method, Path: call.path, Attempt: call.attempts}
}

// CallFromContext returns what the request that has the context is for, to middleware.
func CallFromContext(ctx context.Context) (CallInfo, bool) {
	info, ok := ctx.Value(callInfoKey{}).(CallInfo)
	return info, ok
}

// Middleware sees every attempt of every call: after it was signed, and before its
// answer is judged. It calls next once at most, and returns what next returned or
// something in its place. What it adds to the request is not signed, and what is
// signed must stay as it is.
type Middleware func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error)

// WithMiddleware puts middleware around every attempt; the first is the outermost.
func WithMiddleware(m ...Middleware) Option {
	return func(o *options) { o.middleware = append(o.middleware, m...) }
}

// CallHook sees every call as a whole, with all its attempts. The context it
// returns is that of the call, and the function is called with its error, or nil,
// when the call ends.
type CallHook func(ctx context.Context, call CallInfo) (context.Context, func(error))

// WithCallHook calls the hook for every call.
func WithCallHook(h CallHook) Option {
	return func(o *options) { o.hook = h }
}

var (
	errNextTwice  = errors.New("middleware called next twice")
	errNoResponse = errors.New("middleware returned neither a response nor an error")
)

// exchange sends a signed request through the middleware.
func (c *Client) exchange(call *call, req *http.Request) (*http.Response, error) {
	if len(c.options.middleware) == 0 {
		return c.http.Do(req)
	}
	req = req.WithContext(context.WithValue(req.Context(), callInfoKey{}, call.info()))
	next := c.http.Do
	for _, m := range slices.Backward(c.options.middleware) {
		next = m.around(next)
	}
	return next(req)
}

func (m Middleware) around(next func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		called := false
		resp, err := m(req, func(req *http.Request) (*http.Response, error) {
			if called {
				return nil, errNextTwice
			}
			called = true
			return next(req)
		})
		if resp == nil && err == nil {
			err = errNoResponse
		}
		return resp, err
	}
}

// WithLogger logs one record for every attempt: operation, request ID, attempt,
// status, duration and error, as information if it succeeded and as a warning if
// not. If the logger takes debug records, headers that hold no secrets are added.
// Without it nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithLogBodies adds the beginning of the bodies of requests and answers to debug
// records. They name hosts, repositories and paths; they hold no keys.
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
	if a.err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", call.fail(a, a.err, call.unknown).Error()))
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
	attrs := []slog.Attr{
		slog.String("method", call.method),
		slog.String("path", call.path),
		slog.String("query", call.query),
		slog.Any("request_header", allowed(a.sent)),
		slog.Any("response_header", allowed(a.header)),
	}
	if c.options.logBodies {
		clean := a.redactor()
		attrs = append(attrs,
			slog.String("request_body", clean.text(beginning(call.body, loggedBody))),
			slog.String("response_body", clean.text(beginning(a.body, loggedBody))))
	}
	return attrs
}

const loggedBody = 4 << 10

func allowed(h http.Header) slog.Value {
	var attrs []slog.Attr
	for _, name := range loggedHeaders {
		if value := h.Get(name); value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	return slog.GroupValue(attrs...)
}
