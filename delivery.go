package ctcbr

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// delivery records how far a request got on its way to the server, as its transport reports it. The
// hooks may be called by goroutines of the transport, even after the attempt has ended.
type delivery struct {
	askedConn, gotConn, wroteHeaders atomic.Bool

	conns       atomic.Int32
	lifetime    *lifetime // of the attempt, if it is a read; nil for other calls
	asksFirst   bool      // the transport is known to ask for a connection before anything else
	intercepted bool      // middleware kept the request from the transport

	hasBody bool
	body    requestBody
	hooks   httptrace.ClientTrace
}

// The states of a request's body.
const (
	bodyUnread int32 = iota
	bodyRead
	bodySealed // judged as not sent; it cannot be read any more
)

// maxConns is how many connections net/http may use for one read. If an HTTP/2 server keeps refusing
// a request by GOAWAY or a stream reset, net/http repeats it without end.
const maxConns = 3

// watch returns a context that has the transport report to the delivery.
func (d *delivery) watch(ctx context.Context) context.Context {
	d.hooks = httptrace.ClientTrace{
		GetConn: func(string) { d.askedConn.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { d.connected() },
	}
	if d.hasBody {
		d.hooks.WroteHeaders = func() { d.wroteHeaders.Store(true) }
	}
	return httptrace.WithClientTrace(ctx, &d.hooks)
}

// connected counts a connection, and aborts a read that has used too many.
func (d *delivery) connected() {
	d.gotConn.Store(true)
	if d.lifetime != nil && d.conns.Add(1) > maxConns {
		d.lifetime.abort(errReplayed)
	}
}

// attach sets the body of a request, even if it is empty, because net/http repeats requests without a
// body on its own. It repeats those with a body only if they have GetBody, so only reads have that.
func (d *delivery) attach(req *http.Request, body []byte, k callKind) {
	d.body.text.Reset(body)
	req.Body, req.ContentLength = &d.body, int64(len(body))
	if k == kindRead {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
}

// seal determines whether the server may have received the request. A transport that reports no
// connections may have sent it. On a connection, a request was not sent if its headers were not
// written and its body was not read; the body is then sealed, so that it cannot be sent later.
func (d *delivery) seal() (mayHaveArrived bool) {
	switch {
	case d.intercepted:
		return false
	case !d.gotConn.Load() && !d.askedConn.Load():
		return !d.asksFirst
	case d.gotConn.Load() && (!d.hasBody || d.wroteHeaders.Load()):
		return true
	}
	return d.hasBody && !d.body.seal()
}

// requestBody records whether it was read. It is neither an io.Seeker nor an io.WriterTo, so that the
// transport cannot get its bytes without calling Read.
type requestBody struct {
	text  bytes.Reader
	state atomic.Int32
}

// seal prevents the body from being read. It reports false if it was read before.
func (b *requestBody) seal() bool {
	return b.state.CompareAndSwap(bodyUnread, bodySealed) || b.state.Load() == bodySealed
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(bodyUnread, bodyRead) && b.state.Load() == bodySealed {
		return 0, errGivenUp
	}
	return b.text.Read(p)
}

func (b *requestBody) Close() error { return nil }

// replayed is the silence of a server that refused the request on one connection after another, each
// time that net/http repeated it.
type replayed struct{ silence }

func (replayed) Error() string          { return "no response on any of several connections" }
func (replayed) Is(sentinel error) bool { return sentinel == errSilence }

var (
	errReplayed = replayed{}
	errGivenUp  = errors.New("the request was given up before it was sent")
)
