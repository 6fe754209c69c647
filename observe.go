package ctcbr

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/redact"
)

// CallInfo identifies the call, and the attempt, that a request belongs to.
type CallInfo struct {
	// Operation is the last segment of the operation's path, for example
	// "create-storage-backup".
	Operation string
	Method    string
	Path      string
	// Attempt is the number of the request within its call, from 1. It is 0 for a [CallHook],
	// which sees the call as a whole.
	Attempt int
}

type callInfoKey struct{}

// CallFromContext returns the [CallInfo] of a request from its context. It is for [Middleware] and
// transports.
func CallFromContext(ctx context.Context) (CallInfo, bool) {
	info, ok := ctx.Value(callInfoKey{}).(CallInfo)
	return info, ok
}

// CallHook observes every call as a whole, with all its attempts. It runs once the request has
// passed validation. It returns the context for the call, derived from the one that it was given
// (nil keeps that one), and a function that runs when the call ends, with the error that the
// caller gets, or nil. The function may be nil. If one hook panics, the end functions of the
// other hooks still run.
//
// An All that streams is one call, which ends with the last item or when the caller leaves the
// loop; leaving is not an error. An All that reads pages is one call for each page. A wait is one
// call for each poll. A search that finds nothing is a call that succeeds.
type CallHook func(ctx context.Context, info CallInfo) (context.Context, func(error))

// WithCallHook adds a [CallHook]. The first of several hooks is the outermost.
func WithCallHook(h CallHook) Option {
	return func(o *options) {
		if h != nil {
			o.hooks = append(o.hooks, h)
		}
	}
}

// callHooks calls the hooks at the beginning of a call, and returns the function that calls them at
// its end.
func (e *engine) callHooks(ctx context.Context, info CallInfo) (context.Context, func(error)) {
	if len(e.options.hooks) == 0 {
		return ctx, func(error) {}
	}
	var ends callEnds
	begun := false
	defer func() {
		if !begun {
			ends.call(errUnwound)
		}
	}()
	for _, hook := range e.options.hooks {
		inner, end := hook(ctx, info)
		if inner != nil {
			ctx = inner //nolint:fatcontext // each hook derives its context from the one before
		}
		if end != nil {
			ends = append(ends, end)
		}
	}
	begun = true
	return ctx, ends.call
}

// callEnds are the functions that hooks returned, outermost first.
type callEnds []func(error)

// call calls all of them, innermost first, even if one panics.
func (c callEnds) call(err error) {
	for _, end := range c {
		defer end(err)
	}
}

// errUnwound is the error that hooks get for a call that did not return.
var errUnwound = errors.New("ctcbr: the call was left by a panic or runtime.Goexit")

// WithLogger logs every attempt after its response was read, with operation, request_id, attempt,
// status and duration, and error and retry if it failed. A success has level info, a failure
// level warn. The status is 0 if no response came. The duration of a streamed list includes the
// time that the caller spends on its items. At level debug, the record also has method, path,
// query, and the headers that hold no secrets. [NewClient] warns if others can read the key file.
// Without this option nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) { o.logger = l }
}

// WithLogBodies adds the beginning of request and response bodies to debug records: up to 4 KiB,
// and less of a streamed list. Bodies contain the names of hosts and vaults, and paths. Keys and
// signatures are removed.
func WithLogBodies() Option {
	return func(o *options) { o.logBodies = true }
}

// loggedHeaders are the headers that debug records show.
var loggedHeaders = [...]string{
	"Content-Type", "Content-Length", "Date", "Eop-Date", "Location", "Retry-After", "Server", "User-Agent", "Via",
}

// log writes the record of an attempt. why says why it is retried, or why not.
func (e *engine) log(ctx context.Context, cl *call, out *outcome, failed *Error, why string) {
	l := e.options.logger
	if l == nil || !out.sent {
		return
	}
	status := 0
	if out.answer != nil {
		status = out.answer.status
	}
	level, attrs := slog.LevelInfo, []slog.Attr{
		slog.String("operation", cl.name()),
		slog.String("request_id", cl.requestID),
		slog.Int("attempt", cl.attempts),
		slog.Int("status", status),
		slog.Duration("duration", out.took),
	}
	if failed != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("error", failed.Error()), slog.String("retry", why))
	}
	if !l.Enabled(ctx, level) {
		return
	}
	if l.Enabled(ctx, slog.LevelDebug) {
		attrs = append(attrs, e.detail(cl, out)...)
	}
	l.LogAttrs(ctx, level, "ctcbr: attempt", attrs...)
}

// detail returns the attributes that only debug records have.
func (e *engine) detail(cl *call, out *outcome) []slog.Attr {
	var received answer
	if out.answer != nil {
		received = *out.answer
	}
	accessKey, _, _ := strings.Cut(out.signed.header.Get(headerAuthorization), " ")
	clean := append(slices.Clip(cl.secrets), accessKey)
	attrs := []slog.Attr{
		slog.String("method", cl.method),
		slog.String("path", cl.path),
		slog.String("query", clean.Text(cl.query)),
		slog.Any("request_header", loggedHeader(clean, out.signed.header)),
		slog.Any("response_header", loggedHeader(clean, received.header)),
	}
	if e.options.logBodies {
		attrs = append(attrs,
			slog.String("request_body", redact.Beginning(clean, cl.body, loggedBody)),
			slog.String("response_body", redact.Beginning(clean, received.body, loggedBody)))
	}
	return attrs
}

const loggedBody = 4 << 10

// loggedHeader returns the part of a header that a debug record shows.
func loggedHeader(clean redact.Secrets, h http.Header) slog.Value {
	var attrs []slog.Attr
	for _, name := range loggedHeaders {
		if value := h.Get(name); value != "" {
			attrs = append(attrs, slog.String(name, clean.Text(value)))
		}
	}
	return slog.GroupValue(attrs...)
}
