package cbrtest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// maxBody bounds the body of a request; the largest valid one has well under a hundred kilobytes.
const maxBody = 1 << 20

// A Server is a CT-CBR service in memory behind an HTTP server. Its methods are safe for concurrent use.
//
// It is also an [http.Handler], for tests that put it behind a server of their own, for example one with TLS and
// HTTP/2: httptest.NewUnstartedServer(cloud).
type Server struct {
	// URL is the base URL, of the form http://127.0.0.1:port without a trailing slash. It serves all operations, and
	// the two of other products (orders and regions).
	URL string
	// AccessKey and SecretKey are the keys that clients must sign with. They are worth nothing elsewhere.
	AccessKey, SecretKey string
	// RegionID is the only region in which the service can be used. A test of two regions starts two servers.
	RegionID string
	// HostID is a host that exists from the start, without an agent, and can be protected.
	HostID string

	server   *httptest.Server
	client   *http.Client
	gate     *gate
	state    *state
	recorder recorder
	faults   faults

	gatewayStatus int // HTTP status of all refusals of the gateway, 0 if each has its own

	done   chan struct{} // closed by Close; ends everything that waits
	mu     sync.Mutex
	closed bool
	taken  map[net.Conn]bool // connections taken over from net/http
	users  sync.WaitGroup    // goroutines that use one of taken
}

// NewServer starts a Server, which must be closed after use. Like [httptest.NewServer], it panics if it cannot listen
// on the loopback interface.
func NewServer(opts ...Option) *Server {
	cfg := defaultConfig()
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	s := &Server{
		AccessKey:     cfg.accessKey,
		SecretKey:     cfg.secretKey,
		RegionID:      cfg.regionID,
		gate:          newGate(cfg.accessKey, cfg.secretKey),
		state:         newState(cfg),
		gatewayStatus: cfg.gatewayStatus,
		done:          make(chan struct{}),
		taken:         map[net.Conn]bool{},
	}
	s.HostID = s.state.addHost(Host{Name: "ecm-demo"})
	s.listen(cfg)
	return s
}

// listen starts the HTTP server on the configured listener, and makes the client that reaches it.
func (s *Server) listen(cfg config) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	listener := cfg.listener
	switch {
	case cfg.inMemory:
		mem := newMemListener()
		listener, transport.DialContext = mem, mem.dial
	case listener == nil:
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic("cbrtest: cannot listen on the loopback interface: " + err.Error())
		}
		listener = l
	}
	s.client = &http.Client{Transport: transport}
	s.server = &httptest.Server{
		Listener: &faultListener{Listener: listener, faults: &s.faults},
		Config:   &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)},
	}
	s.server.Start()
	s.URL = s.server.URL
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && addr.IP.IsUnspecified() {
		s.URL = "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(addr.Port))
	}
}

// HTTPClient returns a client that reaches the server, also one that is [InMemory]. It is the same client each time.
// Close closes its idle connections.
func (s *Server) HTTPClient() *http.Client { return s.client }

// Close ends the server. It cuts off the requests under way and leaves no goroutine. It may be called more than once.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.done)
	for conn := range s.taken {
		conn.Close()
	}
	s.mu.Unlock()
	s.users.Wait()
	s.client.CloseIdleConnections()
	s.server.Listener.Close()
	s.server.CloseClientConnections()
	s.server.Close()
}

// ServeHTTP answers one request. It is checked in this order: signature, injected faults, path and method, parameters,
// and then the operation itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.done: // on a connection that came while the server was being closed
		panic(http.ErrAbortHandler)
	default:
	}
	operation := operationOf(r)
	entry := s.recorder.begin(operation, r)
	if f, ok := s.faults.take(operation, beforeBody); ok {
		s.spoil(w, r, f, nil, entry)
		return
	}
	w.Header().Set("Date", s.gate.date())
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	s.recorder.body(entry, body)
	refused := s.gate.check(r, body)
	if err != nil { // assumed: that the gateway refuses a body that is too large
		refused = badSignature("the body cannot be read: " + err.Error())
	}
	var ans *answer
	var f Fault
	var faulty bool
	if refused != nil {
		ans = failed(refused)
	} else if f, faulty = s.faults.take(operation, afterBody); !faulty || f.carriesOut() {
		ans = s.carryOut(operation, r, body)
	}
	if ans.fromGateway() && s.gatewayStatus != 0 {
		ans.status = s.gatewayStatus
	}
	s.recorder.refused(entry, ans.refusal())
	if faulty {
		s.spoil(w, r, f, ans, entry)
		return
	}
	s.recorder.answered(entry, ans.status)
	ans.send(w)
}

// carryOut finds the operation of a request that the gateway lets in, checks its parameters and runs it.
func (s *Server) carryOut(operation string, r *http.Request, body []byte) *answer {
	op, known := endpoints[operation]
	if !known {
		return failed(noSuchAPI("there is no path " + r.URL.EscapedPath()))
	}
	if r.Method != op.method { // assumed: that a wrong method is refused like a wrong path
		ans := failed(noSuchAPI("the method of this path is " + op.method))
		ans.header = http.Header{"Allow": {op.method}}
		return ans
	}
	a, refused := op.parse(r, body)
	if refused != nil {
		return failed(refused)
	}
	return s.state.serve(op, a)
}

// wait pauses, and reports whether it was not cut short by the client going away or the server being closed.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// take takes the connection of a request over from net/http, so that Close can end it. It returns nil if that is not
// possible: with HTTP/2, or while the server is being closed.
func (s *Server) take(w http.ResponseWriter) (conn net.Conn, release func()) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return nil, nil
	}
	s.taken[conn] = true
	s.users.Add(1)
	return conn, func() {
		conn.Close()
		s.mu.Lock()
		delete(s.taken, conn)
		s.mu.Unlock()
		s.users.Done()
	}
}

// AddCredentials makes the server accept another pair of keys besides AccessKey and SecretKey, as the service does while
// keys are being rotated.
func (s *Server) AddCredentials(accessKey, secretKey string) { s.gate.addKey(accessKey, secretKey) }

// SetSkew makes the clock by which the dates of signatures are judged differ from that of the machine: with a skew of 20
// minutes, a client that trusts its own clock is refused. The Date header of answers tells the time of that clock.
func (s *Server) SetSkew(skew time.Duration) { s.gate.skew.Store(int64(skew)) }

// Now returns the time of the clock of the state, by which things are created and expire. That is the time of the
// machine, or the one set with [WithClock], plus what [Server.Advance] added.
func (s *Server) Now() time.Time {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.now()
}

// Advance moves the clock of the state forward. It panics if d is negative. Dates of signatures do not follow it.
func (s *Server) Advance(d time.Duration) {
	if d < 0 {
		panic("cbrtest: Advance by " + d.String() + ": the clock of the state only moves forward")
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.advanced += d
}
