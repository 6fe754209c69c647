package ctcbr

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
)

// Middleware wraps every attempt of every call. It runs after the request was signed and before
// the response is evaluated. It calls next at most once, before it returns, and returns the
// result of next or another one. It may add headers, which are not signed. It must not change
// what is signed: the query, the body, and the headers Eop-Date and Ctyun-Eop-Request-Id. Method
// and path are not signed.
//
// A request is sent only by next. If middleware returns an error without calling next, nothing
// was sent: the call ends without a retry, and its outcome is known. An error that it returns
// after calling next counts as a connection error: reads and orders are retried, and the outcome
// of a write is unknown. A response is evaluated as if it had come from the service, even if
// middleware created it; a response without a body has an empty one. A second call of next is
// refused with an error, which ends the call if middleware returns it.
//
// The context of the request holds the [CallInfo] that [CallFromContext] returns, and ends with
// the attempt. A context that replaces it must last until the response has been read.
type Middleware func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error)

// WithMiddleware wraps every attempt in [Middleware]. The first is the outermost, across all uses
// of the option.
func WithMiddleware(m ...Middleware) Option {
	return func(o *options) {
		for _, one := range m {
			if one != nil {
				o.middleware = append(o.middleware, one)
			}
		}
	}
}

// misuse is a mistake in middleware. Another attempt would fail in the same way.
type misuse string

func (m misuse) Error() string { return string(m) }

const (
	errNextTwice  misuse = "middleware called next twice, or after it had returned"
	errNoResponse misuse = "middleware returned neither a response nor an error"
)

// exchange sends a signed request through the middleware, and returns the response with its body
// unread.
func (e *engine) exchange(d *delivery, info CallInfo, req *http.Request) (*http.Response, error) {
	if len(e.options.middleware) == 0 {
		return e.roundTrip(req)
	}
	req = req.WithContext(context.WithValue(req.Context(), callInfoKey{}, info))
	exit := &gate{next: e.roundTrip}
	next := exit.pass
	for _, m := range slices.Backward(e.options.middleware) {
		next = m.around(next)
	}
	resp, err := next(req)
	d.intercepted = exit.shut()
	if resp != nil && err != nil {
		resp.Body.Close()
		resp = nil
	}
	return resp, err
}

// around returns next wrapped in the middleware, which can call next only once.
func (m Middleware) around(next func(*http.Request) (*http.Response, error)) func(*http.Request) (*http.Response, error) {
	return func(req *http.Request) (*http.Response, error) {
		once := &gate{next: next}
		defer once.shut()
		resp, err := m(req, once.pass)
		switch {
		case resp == nil && err == nil:
			err = errNoResponse
		case resp != nil && resp.Body == nil:
			resp.Body = http.NoBody
		}
		return resp, err
	}
}

// gate lets one request pass, and none after it is shut.
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

// shut closes the gate. It reports whether no request has passed.
func (g *gate) shut() (unused bool) { return !g.used.Swap(true) }
