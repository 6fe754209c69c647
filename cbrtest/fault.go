package cbrtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Fault spoils the answers to requests, see [Server.Inject]. The zero value spoils nothing, and is used up like any
// other.
//
// A client gets the failure given by Code, or else the Body with its Status, instead of the operation's own answer. Conn
// says how it gets that answer, or that it gets none. Without all of these, Delay, Header and Rewrite change the
// operation's own answer.
type Fault struct {
	// Apply carries the operation out before its response is replaced or lost, so that the client cannot know. Without
	// Apply the request is lost on its way, unless the operation's own answer is sent, whole or in part.
	Apply bool
	// Skip is how many requests pass first.
	Skip int
	// Times is how many requests the fault applies to: 0 means one, and a negative number all of them.
	Times int
	// Delay is how long the answer is held back. It ends when the client goes away or the server is closed.
	Delay time.Duration

	// Status is the HTTP status of the answer, 200 to 999; 200 if it is 0 and Body or Code is given. With Status alone,
	// the body is empty.
	Status int
	// Header is added to the headers of the answer, and replaces those of the same name, also Date. A name without
	// values removes a header: http.Header{"Date": nil}.
	Header http.Header
	// Body is the body of the answer, byte for byte.
	Body string

	// Code makes the answer a failure of the service, with statusCode 900. It is the error code, such as
	// "Backup.Storage.NotFound", sent as error and, in its other spelling, as errorCode. With Apply the failure holds
	// the returnObj of the operation. For a failure of the gateway see [GatewayRefusal].
	Code string
	// Message and Description are the English and the Chinese text of that failure.
	Message, Description string

	// Rewrite returns the body to send, given the one that would be sent. It must not keep or change what it is given.
	Rewrite func(body []byte) []byte

	// Conn is what happens to the connection.
	Conn ConnFault
	// Interval is the time between two bytes of a Drip; 100 ms if it is 0.
	Interval time.Duration
}

// A ConnFault is a fault of a connection. Where a request came by HTTP/2 its stream is reset instead.
//
// When a connection that was used before is closed without an answer, net/http itself sends a GET once more, on another
// connection. Only [Server.Count] then shows the fault. To let the client see it, spoil more requests with Fault.Times.
type ConnFault int

const (
	// CloseOnAccept closes a connection as soon as it is accepted. The operation and Apply do not matter, and Skip and
	// Times count connections. It works on the server's own listener alone, not behind a server of the test's own.
	CloseOnAccept ConnFault = iota + 1
	// CloseBeforeBody closes the connection after the header of the request was read, and nothing of its body.
	CloseBeforeBody
	// ResetAfterRequest resets the connection after all of the request was read.
	ResetAfterRequest
	// CloseAfterRequest closes the connection without an answer after all of the request was read.
	CloseAfterRequest
	// CloseAfterAnswer answers without announcing a close, and closes the connection: a client that keeps it for its
	// next request finds it stale.
	CloseAfterAnswer
	// Silence sends no answer and keeps the connection open.
	Silence
	// SilenceAfterHeader sends the header of an answer, and then nothing.
	SilenceAfterHeader
	// CutBody closes the connection half-way through a body whose full length was announced.
	CutBody
	// CutChunk closes the connection within a chunk of a chunked body.
	CutChunk
	// Drip sends the body one byte at a time, see Fault.Interval.
	Drip
	// MalformedStatus sends a status line that is not one of HTTP.
	MalformedStatus
	// EndlessBody sends the start of an answer and goes on with it until the client goes away.
	EndlessBody
)

// Redirect is a fault that answers with a redirect.
func Redirect(status int, location string) Fault {
	return Fault{Status: status, Header: http.Header{"Location": {location}}}
}

// OrderInProgress is a fault that accepts an order and answers that it is in progress, with its masterOrderID. Without
// the fault the server answers so to the orders of a vault and to repetitions of any order, until the order is
// done. An order that the service refuses stays refused.
func OrderInProgress() Fault {
	return Fault{Apply: true, Code: codeInProgress, Message: "the order is in progress", Description: "订单处理中"}
}

// carriesOut reports whether the operation is carried out although its response is replaced or lost.
func (f Fault) carriesOut() bool {
	if f.Apply {
		return true
	}
	switch f.Conn {
	case 0, CloseAfterAnswer, CutBody, CutChunk, Drip:
		return !f.replaces()
	}
	return false
}

// replaces reports whether the fault has an answer of its own.
func (f Fault) replaces() bool { return f.Code != "" || f.Body != "" || f.Status != 0 }

// Inject makes an operation fail, or changes its answers. The operation is one of the constants of this package, for example
// [GetOrder]; "" stands for any request, and [NoOperation] for those of other paths. Inject panics if there is no such
// operation. Faults wait in a queue: one has to be used up before the next of its operation comes into play. Requests
// that are refused for their signature use up no fault, except [CloseBeforeBody], which comes
// before the signature can be checked. Inject panics, too, if Fault.Status is no HTTP status.
func (s *Server) Inject(operation string, f Fault) {
	mustExist(operation)
	mustBeStatus(f.Status)
	s.faults.add(operation, f)
}

// An Injected is a fault that is waiting, see [Server.UnusedFaults].
type Injected struct {
	// Operation is the operation it was injected for, "" for any.
	Operation string
	// Fault is the fault as it was injected.
	Fault Fault
	// Used is how many requests it was applied to.
	Used int
}

// String says what has not happened, in one line.
func (i Injected) String() string {
	operation := i.Operation
	if operation == "" {
		operation = "any operation"
	}
	return fmt.Sprintf("fault of %s: used %d of %d times", operation, i.Used, max(i.Fault.Times, 1))
}

// UnusedFaults returns the faults that were applied to fewer requests than they were injected for, in the order in which
// they were injected. A test that expects all of its faults to happen checks that there are none. Of a fault that
// spoils all requests, one is enough. Faults that were taken back with [Server.ClearFaults] are not among them.
func (s *Server) UnusedFaults() []Injected {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var out []Injected
	for _, p := range s.faults.queue {
		if p.left > 0 || p.used == 0 {
			out = append(out, Injected{Operation: p.operation, Fault: p.fault, Used: p.used})
		}
	}
	return out
}

// mustBeStatus panics unless a status is one that an answer can have, or 0.
func mustBeStatus(status int) {
	if status != 0 && (status < 200 || status > 999) {
		panic(fmt.Sprintf("cbrtest: an HTTP status must be 200 to 999, not %d", status))
	}
}

// ClearFaults takes back the faults that have not been used up.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.queue = nil
}

// moment is when a fault comes into play.
type moment int

const (
	onAccept moment = iota
	beforeBody
	afterBody
)

func (f Fault) moment() moment {
	switch f.Conn {
	case CloseOnAccept:
		return onAccept
	case CloseBeforeBody:
		return beforeBody
	}
	return afterBody
}

// faults is the queue of faults that were injected.
type faults struct {
	mu    sync.Mutex
	queue []*pendingFault
}

type pendingFault struct {
	operation string
	fault     Fault
	skip      int
	left      int // negative: for ever
	used      int
}

func (q *faults) add(operation string, f Fault) {
	left := f.Times
	if left == 0 {
		left = 1
	}
	if f.Conn == CloseOnAccept {
		operation = ""
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, &pendingFault{operation: operation, fault: f, skip: f.Skip, left: left})
}

// take uses up the fault that is next for the operation, if now is its moment.
func (q *faults) take(operation string, now moment) (Fault, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := slices.IndexFunc(q.queue, func(p *pendingFault) bool {
		concerned := p.operation == "" || p.operation == operation
		return concerned && (p.fault.moment() == onAccept) == (now == onAccept)
	})
	if next < 0 || q.queue[next].fault.moment() != now {
		return Fault{}, false
	}
	p := q.queue[next]
	if p.skip > 0 {
		p.skip--
		return Fault{}, false
	}
	p.used++
	if p.left > 0 {
		p.left--
	}
	if p.left == 0 {
		q.queue = slices.Delete(q.queue, next, next+1)
	}
	return p.fault, true
}

// rawAnswer is an answer as it goes over the wire.
type rawAnswer struct {
	status int
	header http.Header
	body   []byte
}

// spoil answers with a fault. The answer of the operation is nil if it was not carried out.
func (s *Server) spoil(w http.ResponseWriter, r *http.Request, f Fault, ans *answer, entry *Request) {
	if f.Delay > 0 && !s.wait(r.Context(), f.Delay) {
		s.drop(w, false)
		return
	}
	msg := f.message(ans, s.gate.date())
	if f.answers() {
		s.recorder.answered(entry, msg.status)
	}
	if f.Conn != 0 {
		s.breakConn(w, f, msg)
		return
	}
	maps.Copy(w.Header(), msg.header)
	w.WriteHeader(msg.status)
	_, _ = w.Write(msg.body) // the client has gone away
}

// answers reports whether a client sees a status.
func (f Fault) answers() bool {
	switch f.Conn {
	case CloseBeforeBody, ResetAfterRequest, CloseAfterRequest, Silence, MalformedStatus:
		return false
	}
	return true
}

// message makes the answer that a fault sends, as far as it sends one.
func (f Fault) message(ans *answer, date string) rawAnswer {
	msg := rawAnswer{status: http.StatusOK, header: http.Header{"Content-Type": {contentType}, "Date": {date}}}
	refusedOrder := f.Code == codeInProgress && ans != nil && ans.failure != nil
	switch {
	case f.Code != "" && !refusedOrder:
		spoilt := refuse(f.Code, f.Message, f.Description)
		spoilt.returnObj = ans.returnObj()
		msg.body = failed(spoilt).bytes()
	case f.replaces() && !refusedOrder:
		msg.body = []byte(f.Body)
		if !json.Valid(msg.body) {
			msg.header.Set("Content-Type", http.DetectContentType(msg.body))
		}
	case ans != nil:
		msg.status, msg.body = ans.status, ans.bytes()
		maps.Copy(msg.header, ans.header)
	}
	if f.Status != 0 {
		msg.status = f.Status
	}
	if f.Rewrite != nil {
		msg.body = f.Rewrite(msg.body)
	}
	for name, values := range f.Header {
		msg.header[http.CanonicalHeaderKey(name)] = values
	}
	return msg
}

// drop ends the connection without an answer.
func (s *Server) drop(w http.ResponseWriter, reset bool) {
	conn, release := s.take(w)
	if conn == nil {
		panic(http.ErrAbortHandler) // net/http's own way to reset what cannot be taken over
	}
	if l, ok := conn.(interface{ SetLinger(int) error }); ok && reset {
		_ = l.SetLinger(0) // at worst the connection is closed in order
	}
	release()
}

// breakConn answers on the connection itself.
func (s *Server) breakConn(w http.ResponseWriter, f Fault, msg rawAnswer) {
	switch f.Conn {
	case CloseBeforeBody, CloseAfterRequest:
		s.drop(w, false)
		return
	case ResetAfterRequest:
		s.drop(w, true)
		return
	}
	conn, release := s.take(w)
	if conn == nil {
		panic(http.ErrAbortHandler)
	}
	defer release()
	switch f.Conn {
	case Silence:
		untilGone(conn)
	case SilenceAfterHeader:
		msg.sendHeader(conn, announced(max(len(msg.body), 1)))
		untilGone(conn)
	case CloseAfterAnswer:
		msg.sendHeader(conn, announced(len(msg.body)))
		send(conn, msg.body)
	case CutBody:
		msg.sendHeader(conn, announced(max(len(msg.body), 1)))
		send(conn, msg.half())
	case CutChunk:
		msg.sendHeader(conn, chunked)
		send(conn, fmt.Appendf(nil, "%x\r\n%s", max(len(msg.body), 1), msg.half()))
	case Drip:
		msg.sendHeader(conn, announced(len(msg.body)))
		s.drip(conn, msg.body, f.Interval)
	case MalformedStatus:
		send(conn, []byte("HTTP/one.one OK then\r\n\r\n"))
	case EndlessBody:
		msg.sendHeader(conn, chunked)
		endless(conn)
	}
}

var chunked = http.Header{"Transfer-Encoding": {"chunked"}}

// announced is the header of a body of n bytes.
func announced(n int) http.Header { return http.Header{"Content-Length": {strconv.Itoa(n)}} }

// half is as much of a body as comes before the connection breaks.
func (m rawAnswer) half() []byte { return m.body[:len(m.body)/2] }

// sendHeader sends the header of an answer. The framing is what is said about the length of its body, unless the fault
// says otherwise.
func (m rawAnswer) sendHeader(conn net.Conn, framing http.Header) {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "HTTP/1.1 %d %s\r\n", m.status, http.StatusText(m.status))
	header := maps.Clone(framing)
	maps.Copy(header, m.header)
	_ = header.Write(&buf) // a buffer does not fail
	buf.WriteString("\r\n")
	send(conn, buf.Bytes())
}

// send writes to a client that may have gone away, and reports whether it has not.
func send(conn net.Conn, data []byte) bool {
	_, err := conn.Write(data)
	return err == nil
}

// untilGone waits until the client goes away or the server is closed.
func untilGone(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func (s *Server) drip(conn net.Conn, body []byte, interval time.Duration) {
	if interval <= 0 {
		interval = 100 * time.Millisecond
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for i := range body {
		select {
		case <-ticker.C:
		case <-s.done:
			return
		}
		if !send(conn, body[i:i+1]) {
			return
		}
	}
}

// endless sends the start of an envelope whose message has no end.
func endless(conn net.Conn) {
	chunk := func(text []byte) bool { return send(conn, fmt.Appendf(nil, "%x\r\n%s\r\n", len(text), text)) }
	more := bytes.Repeat([]byte("x"), 32<<10)
	for ok := chunk([]byte(`{"statusCode":800,"message":"`)); ok; ok = chunk(more) {
	}
}
