package ctcbr

import (
	"bytes"
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// trace is what the transport tells of an attempt. Its hooks may be called by
// goroutines of the transport, also after the attempt has ended.
type trace struct {
	askedConn, gotConn, wroteHeaders atomic.Bool

	client httptrace.ClientTrace

	conns  atomic.Int32
	giveUp context.CancelCauseFunc // ends a read

	body     atomic.Int32 // what has become of the request's body
	hasBody  bool
	reports  bool // the transport is known to ask for a connection before all else
	withheld bool // middleware kept the request from the transport
}

// What has become of the body of a request.
const (
	bodyUntouched int32 = iota
	bodyTaken
	bodySealed // it was judged as not sent, and stays so
)

func (t *trace) hooks() *httptrace.ClientTrace {
	t.client = httptrace.ClientTrace{
		GetConn:      func(string) { t.askedConn.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { t.got() },
		WroteHeaders: func() { t.wroteHeaders.Store(true) },
	}
	return &t.client
}

// maxConns is on how many connections net/http may send one read by itself. It
// repeats one without a bound where a server of HTTP/2 takes none, by GOAWAY or a
// reset of the stream.
const maxConns = 3

// got notes a connection, and ends a read that has had too many of them.
func (t *trace) got() {
	t.gotConn.Store(true)
	if t.giveUp != nil && t.conns.Add(1) > maxConns {
		t.giveUp(errReplayed)
	}
}

// sent reports whether anything may have reached the server. A transport that
// reports no connections may have sent it; on a connection that was had, a request
// whose headers were not written and whose body was not asked for was not sent. A
// body that was not asked for is sealed, so that no transport sends it later.
func (t *trace) sent() bool {
	switch {
	case t.withheld:
		return false
	case !t.gotConn.Load() && !t.askedConn.Load():
		return !t.reports
	case t.gotConn.Load() && (!t.hasBody || t.wroteHeaders.Load()):
		return true
	}
	return t.hasBody && !t.body.CompareAndSwap(bodyUntouched, bodySealed) && t.body.Load() == bodyTaken
}

// requestBody notes when it is read from. It is not an io.Seeker and has no
// WriteTo, so that the transport cannot take it in without that.
type requestBody struct {
	text  bytes.Reader
	state *atomic.Int32
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(bodyUntouched, bodyTaken) && b.state.Load() == bodySealed {
		return 0, errGivenUp
	}
	return b.text.Read(p)
}

func (b *requestBody) Close() error { return nil }
