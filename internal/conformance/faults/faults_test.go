// Package faults meets the SDK with what goes wrong below it: networks, servers, clocks,
// proxies, and programs that end in the middle of a call.
package faults

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
	"github.com/ctyun-go/ctcbr/internal/transport"
)

func TestMain(m *testing.M) { conformance.Main(m) }

// The keys of the fault suite. The secret has the characters that encodings
// change, so that a leak in disguise is found too.
const (
	faultAK = "fault-ak"
	faultSK = `s3cr3t/Key+of=the&fault<suite>"7\x`
)

// A deed is a call of one of the three kinds that the retry table tells apart.
type deed struct {
	kind      string
	operation string
	do        func(ctx context.Context, c *ctcbr.Client) (requestID string, err error)
}

var (
	readDeed = deed{"read", "query-storage-backup", func(ctx context.Context, c *ctcbr.Client) (string, error) {
		resp, err := c.Storages.List(ctx, &ctcbr.ListStoragesRequest{})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}}
	orderDeed = deed{"order", "create-storage-backup", func(ctx context.Context, c *ctcbr.Client) (string, error) {
		o, err := c.Storages.Create(ctx, vault())
		if err != nil {
			return "", err
		}
		return o.RequestID, nil
	}}
	writeDeed = deed{"write", "action-backup-policy", func(ctx context.Context, c *ctcbr.Client) (string, error) {
		resp, err := c.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{ID: "plan"})
		if err != nil {
			return "", err
		}
		return resp.RequestID, nil
	}}
	deeds = []deed{readDeed, orderDeed, writeDeed}
)

var vaults atomic.Int64

// vault orders a repository of a name that none has yet.
func vault() *ctcbr.CreateStorageRequest {
	return &ctcbr.CreateStorageRequest{Name: fmt.Sprint("vault-", vaults.Add(1)), CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1}
}

// want is what a call must come to.
type want struct {
	ok       bool
	requests int // that the server took in
	attempts int // that the error tells: as many as requests, if it is 0
	status   int // HTTPStatus of the error
	unknown  bool
	is       []error
}

// expect is what a fault must come to, for each kind of call.
type expect struct{ read, order, write want }

func (e expect) of(d deed) want {
	switch d.kind {
	case "read":
		return e.read
	case "order":
		return e.order
	}
	return e.write
}

// with is e with the status that the head of an answer told.
func (e expect) with(status int) expect {
	e.read.status, e.order.status, e.write.status = status, status, status
	return e
}

// same expects one thing of every kind.
func same(w want) expect { return expect{w, w, w} }

// notSent expects what the table says of a fault that is met before a connection is
// had: every kind is tried again, and nothing is left in doubt.
func notSent(errs ...error) expect { return same(want{attempts: 4, is: errs}) }

// lost expects what the table says of an answer that was lost on its way: only
// what may be repeated is repeated, and nobody knows what has become of it.
func lost(errs ...error) expect {
	return expect{
		read:  want{requests: 4, is: errs},
		order: want{requests: 4, unknown: true, is: errs},
		write: want{requests: 1, unknown: true, is: errs},
	}
}

// lostOnTheWay is lost, where the server never had the whole request.
func lostOnTheWay() expect {
	return expect{read: want{attempts: 4}, order: want{attempts: 4, unknown: true}, write: want{attempts: 1, unknown: true}}
}

// garbledAnswer expects what the table says of a 2xx that is not the envelope.
func garbledAnswer(errs ...error) expect {
	e := lost(append(errs, ctcbr.ErrBadAnswer)...)
	e.read.requests = 2
	return e
}

// final expects that every kind is sent once, and that its refusal is believed.
func final(status int, errs ...error) expect {
	return same(want{requests: 1, status: status, is: errs})
}

// seen is one request as a server saw it.
type seen struct {
	operation, method, uri, requestID, signature, date, token string
	header                                                    http.Header
	body                                                      []byte
}

func newSeen(r *http.Request, body []byte) seen {
	var named struct {
		Token string `json:"clientToken"`
	}
	_ = json.Unmarshal(body, &named) // a request without a body names no token
	return seen{
		operation: path.Base(r.URL.Path), method: r.Method, uri: r.RequestURI,
		requestID: r.Header.Get("Ctyun-Eop-Request-Id"), signature: signatureOf(r.Header), date: r.Header.Get("Eop-Date"),
		token: named.Token, header: r.Header, body: body,
	}
}

func signatureOf(h http.Header) string {
	_, signature, _ := strings.Cut(h.Get("Eop-Authorization"), "Signature=")
	return signature
}

// stage is where a call meets its fault: a client, its transport, and what its server saw.
type stage struct {
	client    *ctcbr.Client
	transport http.RoundTripper
	requests  func() []seen
	tally     *tally
}

// newStage makes a client of the server at url.
func newStage(t *testing.T, url string, transport http.RoundTripper, requests func() []seen, n *tally, opts ...ctcbr.Option) *stage {
	t.Helper()
	c := faultClient(t, append([]ctcbr.Option{ctcbr.WithEndpoint(url), ctcbr.WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	s := &stage{client: c, transport: transport, requests: requests, tally: n}
	t.Cleanup(func() { // so that a test that fails says so, instead of having left something behind
		c.Close()
		s.closeIdle()
	})
	return s
}

// tally counts connections that were opened and closed.
type tally struct{ opened, closed atomic.Int64 }

func (n *tally) dialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		n.opened.Add(1)
		return &talliedConn{Conn: conn, tally: n}, nil
	}
}

type talliedConn struct {
	net.Conn
	tally *tally
	once  sync.Once
}

func (c *talliedConn) Close() error {
	c.once.Do(func() { c.tally.closed.Add(1) })
	return c.Conn.Close()
}

// edge is a server in memory that does with each connection what a test says.
type edge struct {
	tally
	// serve has the connection to itself; it is closed when serve returns.
	serve func(c *edgeConn)

	mu   sync.Mutex
	seen []seen
	n    int
}

// edgeConn is the server's end of a connection.
type edgeConn struct {
	net.Conn
	edge *edge
	n    int // counts connections from 1
	in   *bufio.Reader
}

func (e *edge) dial(context.Context, string, string) (net.Conn, error) {
	a, b := net.Pipe()
	client, server := newBuffered(a), newBuffered(b)
	e.mu.Lock()
	e.n++
	c := &edgeConn{Conn: server, edge: e, n: e.n, in: bufio.NewReader(server)}
	e.mu.Unlock()
	go func() {
		defer server.Close()
		e.serve(c)
	}()
	return client, nil
}

// request takes one whole request in, and reports whether one came.
func (c *edgeConn) request() (seen, bool) {
	r, err := http.ReadRequest(c.in)
	if err != nil {
		return seen{}, false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return seen{}, false
	}
	s := newSeen(r, body)
	c.edge.note(s)
	return s, true
}

// say writes to a client that may have gone.
func (c *edgeConn) say(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// sayAtOnce writes no faster than the client reads.
func (c *edgeConn) sayAtOnce(text string) bool {
	_, err := io.WriteString(c.Conn.(*buffered).Conn, text)
	return err == nil
}

// untilGone waits for the client to hang up.
func (c *edgeConn) untilGone() { _, _ = io.Copy(io.Discard, c.in) }

// answers serves every request of a connection with one text.
func answers(text string) func(c *edgeConn) {
	return func(c *edgeConn) {
		for {
			if _, ok := c.request(); !ok || !c.say(text) {
				return
			}
		}
	}
}

// answer200 is an answer with a body.
func answer200(body string) string { return answer("200 OK", body) }

// answer is an answer with a status, a body, and further lines of its header.
func answer(status, body string, header ...string) string {
	header = append(header, "Content-Type: application/json", "Content-Length: "+strconv.Itoa(len(body)))
	return "HTTP/1.1 " + status + "\r\n" + strings.Join(header, "\r\n") + "\r\n\r\n" + body
}

func (e *edge) note(s seen) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, s)
}

func (e *edge) requests() []seen {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.seen)
}

// transport is the client's own transport, but for its connections.
func (e *edge) transport() *http.Transport {
	t := transport.New()
	t.Proxy = nil
	t.DialContext = e.dialer(e.dial)
	return t
}

// stage makes a client of the edge.
func (e *edge) stage(t *testing.T, transport http.RoundTripper, opts ...ctcbr.Option) *stage {
	t.Helper()
	return newStage(t, "http://127.0.0.1:1", transport, e.requests, &e.tally, opts...)
}

func faultClient(t testing.TB, opts ...ctcbr.Option) *ctcbr.Client {
	t.Helper()
	c, err := ctcbr.NewClient(append([]ctcbr.Option{ctcbr.WithStaticCredentials(faultAK, faultSK), ctcbr.WithRegion("region")}, opts...)...)
	require.NoError(t, err)
	return c
}

// buffered is one end of a pipe that, like a socket, takes what is written before
// the other end reads it, also when it is closed right after.
type buffered struct {
	net.Conn

	mu     sync.Mutex
	more   *sync.Cond
	queue  []byte
	closed bool
	err    error
}

func newBuffered(conn net.Conn) *buffered {
	b := &buffered{Conn: conn}
	b.more = sync.NewCond(&b.mu)
	go b.pump()
	return b
}

func (b *buffered) pump() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.err == nil {
		for len(b.queue) == 0 && !b.closed {
			b.more.Wait()
		}
		if len(b.queue) == 0 {
			break
		}
		data := b.queue
		b.queue = nil
		b.mu.Unlock()
		_, err := b.Conn.Write(data)
		b.mu.Lock()
		b.err = err
	}
	b.Conn.Close()
}

func (b *buffered) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.err != nil {
		return 0, io.ErrClosedPipe
	}
	b.queue = append(b.queue, data...)
	b.more.Signal()
	return len(data), nil
}

func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.more.Signal()
	if err := b.Conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil { // the other end may read no more
		return err
	}
	return b.Conn.SetReadDeadline(time.Unix(1, 0)) // ends a Read that is waiting
}

func (b *buffered) SetWriteDeadline(time.Time) error { return nil }

func (b *buffered) SetDeadline(at time.Time) error { return b.SetReadDeadline(at) }

// cloudStage makes a client of a fake cloud in memory that has a plan named "plan".
func cloudStage(t *testing.T, opts ...ctcbr.Option) (*cbrtest.Server, *stage) {
	t.Helper()
	return cloudStageBehind(t, func(cloud *http.Transport) http.RoundTripper { return cloud }, opts...)
}

// cloudStageBehind is a cloudStage whose answers pass a gateway.
func cloudStageBehind(t *testing.T, gateway func(cloud *http.Transport) http.RoundTripper, opts ...ctcbr.Option) (*cbrtest.Server, *stage) {
	t.Helper()
	srv := cbrtest.NewServer(cbrtest.InMemory(), cbrtest.Activated(), cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"))
	t.Cleanup(srv.Close)
	srv.AddAgent("")
	srv.AddPlan(cbrtest.Plan{ID: "plan"})
	transport := srv.HTTPClient().Transport.(*http.Transport).Clone()
	n := &tally{}
	transport.DialContext = n.dialer(transport.DialContext)
	return srv, newStage(t, srv.URL, gateway(transport), func() []seen { return seenBy(srv) }, n, opts...)
}

func seenBy(srv *cbrtest.Server) []seen {
	var all []seen
	for _, r := range srv.Requests() {
		all = append(all, seen{
			operation: r.Operation, method: r.Method, uri: r.Path + "?" + r.Query, requestID: r.RequestID,
			signature: signatureOf(r.Header), date: r.Header.Get("Eop-Date"), token: r.ClientToken, header: r.Header, body: r.Body,
		})
	}
	return all
}

// try makes a call and holds it to what is wanted of it.
func (s *stage) try(ctx context.Context, t *testing.T, d deed, w want) error {
	t.Helper()
	requestID, err := d.do(ctx, s.client)
	s.check(t, d, w, requestID, err)
	return err
}

// check holds the outcome of a call to what is wanted of it, and to what is wanted
// of every call that fails.
func (s *stage) check(t *testing.T, d deed, w want, requestID string, err error) {
	t.Helper()
	synctest.Wait() // the server may still be noting what it took in
	requests := s.requests()
	require.Len(t, requests, w.requests, "requests that the server took in; the call ended with %v", err)
	tokens, ids, secrets := map[string]bool{}, map[string]bool{}, []string{faultSK}
	for _, r := range requests {
		require.Equal(t, d.operation, r.operation)
		require.Equal(t, d.kind == "order", r.token != "", "a client token in %s", r.body)
		tokens[r.token], ids[r.requestID] = true, true
		secrets = append(secrets, r.signature)
	}
	require.LessOrEqual(t, len(tokens), 1, "one client token for all attempts")
	require.Len(t, ids, w.requests, "a new request ID for every attempt")
	if w.ok {
		require.NoError(t, err)
		require.NotEmpty(t, requestID)
		return
	}
	e := requireFault(t, d, err)
	if w.attempts == 0 {
		w.attempts = w.requests
	}
	require.Equal(t, w.attempts, e.Attempts, "attempts of %v", err)
	require.Equal(t, w.status, e.HTTPStatus, "status of %v", err)
	require.Equal(t, w.unknown, errors.Is(err, ctcbr.ErrOutcomeUnknown), "is the outcome unknown of: %v", err)
	for _, target := range w.is {
		require.ErrorIs(t, err, target)
	}
	if w.requests > 0 {
		require.Equal(t, requests[0].token, e.ClientToken)
		if w.requests == w.attempts {
			require.Equal(t, requests[len(requests)-1].requestID, e.RequestID, "the request ID of the last attempt")
		}
	}
	requireSecret(t, err, secrets...)
}

// requireFault holds an error to the form that every failed call has.
func requireFault(t testing.TB, d deed, err error) *ctcbr.Error {
	t.Helper()
	var e *ctcbr.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, d.operation, e.Operation)
	require.NotEmpty(t, e.Path)
	require.NotEmpty(t, e.Method)
	require.Equal(t, d.kind == "order", e.ClientToken != "", "the client token of %v", err)
	require.False(t, d.kind == "read" && errors.Is(err, ctcbr.ErrOutcomeUnknown), "a read has no outcome: %v", err)
	if e.Attempts > 0 {
		require.NotEmpty(t, e.RequestID)
		require.Contains(t, err.Error(), e.RequestID)
	}
	require.NotContains(t, err.Error(), "\n")
	return e
}

// requireSecret holds that nothing of the secrets can be read from an error, in
// whatever way it is printed, logged or unwrapped.
func requireSecret(t testing.TB, err error, secrets ...string) {
	t.Helper()
	for _, text := range renderings(err) {
		for _, plain := range disguises(text) {
			for _, secret := range secrets {
				requireNoPiece(t, plain, secret)
			}
		}
	}
}

// requireNoPiece refuses the secret, and every longer piece of it.
func requireNoPiece(t testing.TB, text, secret string) {
	t.Helper()
	size := min(9, len(secret))
	for i := 0; i+size <= len(secret) && size > 0; i++ {
		if part := secret[i : i+size]; strings.Contains(text, part) {
			require.Failf(t, "a secret leaked", "%q is in %q", part, text)
		}
	}
}

// renderings are the ways in which an error, and all that it wraps, gets into a log.
func renderings(err error) []string {
	var texts []string
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		texts = append(texts, err.Error(), fmt.Sprintf("%v|%+v|%#v|%s|%q", err, err, err, err, err))
		if encoded, bad := json.Marshal(err); bad == nil {
			texts = append(texts, string(encoded))
		}
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "err", err)
		slog.New(slog.NewTextHandler(&b, nil)).Error("failed", slog.Any("err", err))
		texts = append(texts, b.String())
		if e, ok := err.(*ctcbr.Error); ok {
			texts = append(texts, fmt.Sprintf("%#v|%+v", *e, *e))
		}
		switch wrapped := err.(type) {
		case interface{ Unwrap() error }:
			walk(wrapped.Unwrap())
		case interface{ Unwrap() []error }:
			for _, err := range wrapped.Unwrap() {
				walk(err)
			}
		}
	}
	walk(err)
	return texts
}

var (
	jsonEscape = regexp.MustCompile(`\\u00([0-9a-fA-F]{2})`)
	urlEscape  = regexp.MustCompile(`%([0-9a-fA-F]{2})`)
)

// disguises returns a text as it is, and with its encodings taken off.
func disguises(text string) []string {
	fromURL := func(s string) string {
		return urlEscape.ReplaceAllStringFunc(s, func(code string) string { return fromHex(code[1:]) })
	}
	all := []string{text}
	if strings.Contains(text, "%") {
		all = append(all, fromURL(text), fromURL(fromURL(text)))
	}
	if strings.Contains(text, "&") {
		all = append(all, html.UnescapeString(text), html.UnescapeString(html.UnescapeString(text)))
	}
	if strings.Contains(text, `\`) {
		for _, s := range slices.Clone(all) {
			s = jsonEscape.ReplaceAllStringFunc(s, func(code string) string { return fromHex(code[len(`\u00`):]) })
			all = append(all, strings.ReplaceAll(s, `\`, ""))
		}
	}
	return all
}

func fromHex(digits string) string {
	plain, _ := url.PathUnescape("%" + digits)
	return plain
}

// end closes the client and holds that none of its connections stays open.
func (s *stage) end(t *testing.T) {
	t.Helper()
	s.client.Close()
	synctest.Wait() // a stream that was given up is cleaned away
	s.closeIdle()
	time.Sleep(2 * time.Second) // lets the server see it
	require.Equal(t, s.tally.opened.Load(), s.tally.closed.Load(), "connections opened, and closed")
}

// closeIdle does what the owner of a transport does when its clients are closed.
func (s *stage) closeIdle() {
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// faultCase is one fault at the edge of the network.
type faultCase struct {
	name   string
	stage  func(t *testing.T) *stage
	expect expect
	within time.Duration // two minutes, if it is 0
}

// instantly is the bound of a case in which nothing may be waited for.
const instantly = time.Nanosecond

// run tries a fault on every kind of call, in a bubble where waiting takes no time
// and where a goroutine that stays behind is a failure.
func (f faultCase) run(t *testing.T) {
	t.Helper()
	t.Run(f.name, func(t *testing.T) {
		for _, d := range deeds {
			t.Run(d.kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := f.stage(t)
					began := time.Now()
					s.try(t.Context(), t, d, f.expect.of(d))
					within := f.within
					if within == 0 {
						within = 2 * time.Minute
					}
					require.LessOrEqual(t, time.Since(began), within, "time that the call took")
					s.end(t)
				})
			})
		}
	})
}

// inBubble runs a test where waiting takes no time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// inBubbles runs a test for each kind of call, each in a bubble of its own.
func inBubbles(t *testing.T, test func(t *testing.T, d deed)) {
	t.Helper()
	for _, d := range deeds {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, d) })
		})
	}
}

// serving makes a stage whose server does the same with every connection.
func serving(serve func(c *edgeConn), opts ...ctcbr.Option) func(t *testing.T) *stage {
	return func(t *testing.T) *stage {
		t.Helper()
		e := &edge{serve: serve}
		return e.stage(t, e.transport(), opts...)
	}
}

// answering makes a stage whose server gives every request the same answer.
func answering(text string, opts ...ctcbr.Option) func(t *testing.T) *stage {
	return serving(answers(text), opts...)
}

// verifyNoLeak holds that what a test starts has ended with it. The test must not be parallel.
func verifyNoLeak(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}
