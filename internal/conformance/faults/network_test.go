package faults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// fourTimeouts is the longest that four attempts of 30 seconds may take.
const fourTimeouts = 4*30*time.Second + time.Minute

// dialing makes a stage whose every dial ends so.
func dialing(dial func(ctx context.Context, network, addr string) (net.Conn, error), opts ...ctcbr.Option) func(t *testing.T) *stage {
	return func(t *testing.T) *stage {
		e := &edge{}
		transport := e.transport()
		transport.DialContext = e.dialer(dial)
		return e.stage(t, transport, append([]ctcbr.Option{ctcbr.WithEndpoint("https://ctcbr.test")}, opts...)...)
	}
}

func failingDial(err error, opts ...ctcbr.Option) func(t *testing.T) *stage {
	return dialing(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}, opts...)
}

func TestFaultNetwork(t *testing.T) {
	t.Parallel()
	cases := []faultCase{
		{name: "connection refused", stage: failingDial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), expect: notSent(syscall.ECONNREFUSED)},
		{name: "network unreachable", stage: failingDial(os.NewSyscallError("connect", syscall.ENETUNREACH)), expect: notSent(syscall.ENETUNREACH)},
		{name: "no file descriptor left", stage: failingDial(os.NewSyscallError("socket", syscall.EMFILE)), expect: notSent(syscall.EMFILE)},
		{name: "unknown host", stage: failingDial(&net.DNSError{Err: "no such host", Name: "ctcbr.test", IsNotFound: true}), expect: same(want{attempts: 1}), within: instantly},
		{name: "temporary DNS failure", stage: failingDial(&net.DNSError{Err: "server misbehaving", Name: "ctcbr.test", IsTemporary: true}), expect: notSent()},
		{name: "DNS timeout", stage: failingDial(&net.DNSError{Err: "i/o timeout", Name: "ctcbr.test", IsTimeout: true}), expect: notSent()},
		{name: "dial that never ends", expect: notSent(), within: fourTimeouts, stage: dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})},
		{name: "proxy that refuses CONNECT", stage: proxied("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), expect: notSent()},
		{name: "proxy that asks for a password", stage: proxied("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), expect: same(want{attempts: 1}), within: instantly},
		{name: "proxy that repeats its password", stage: proxied("HTTP/1.1 407 " + faultSK + "\r\nContent-Length: 0\r\n\r\n"), expect: same(want{attempts: 1}), within: instantly},
		{name: "proxy that speaks no HTTP", stage: proxied("SSH-2.0-OpenSSH_9.6\r\n"), expect: notSent()},
		{name: "proxy that hangs up", stage: proxied(""), expect: notSent()},
		{name: "reset after the request was read", expect: lost(), stage: func(t *testing.T) *stage {
			srv, s := cloudStage(t)
			srv.Inject("", cbrtest.Fault{Conn: cbrtest.ResetAfterRequest, Times: -1})
			return s
		}},
		{name: "closed after the request was read", stage: serving(func(c *edgeConn) { c.request() }), expect: lost()},
		{name: "request cut half-way", expect: lostOnTheWay(), stage: serving(func(c *edgeConn) { _, _ = io.CopyN(io.Discard, c.in, 100) })},
		{name: "silence after the request", within: fourTimeouts, expect: lost(), stage: serving(func(c *edgeConn) {
			c.request()
			c.untilGone()
		})},
		{name: "request that nobody reads", within: fourTimeouts, expect: lostOnTheWay(), stage: func(t *testing.T) *stage {
			ended := make(chan struct{})
			t.Cleanup(func() { close(ended) })
			return serving(func(*edgeConn) { <-ended })(t)
		}},
		{name: "status line, then silence", within: fourTimeouts, expect: lost(), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\n")
			c.untilGone()
		})},
		{name: "headers, then silence", within: fourTimeouts, expect: lost().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
			c.untilGone()
		})},
		{name: "one byte a second", within: fourTimeouts, expect: lost().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			for c.say(" ") {
				time.Sleep(time.Second)
			}
		})},
		{name: "header of one byte a second", within: fourTimeouts, expect: lost(), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nX-Slow: ")
			for c.say("x") {
				time.Sleep(time.Second)
			}
		})},
		{name: "informational answers without end", within: fourTimeouts, expect: lost(), stage: serving(func(c *edgeConn) {
			c.request()
			for c.say("HTTP/1.1 103 Early Hints\r\n\r\n") {
				time.Sleep(time.Second)
			}
		})},
		{name: "body shorter than Content-Length", expect: garbledAnswer(io.ErrUnexpectedEOF).with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + successAnswer)
		})},
		{name: "chunk cut", expect: garbledAnswer(io.ErrUnexpectedEOF).with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + `{"statusCode":800,`)
		})},
		{name: "last chunk missing", expect: garbledAnswer(io.ErrUnexpectedEOF).with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(successAnswer), successAnswer))
		})},
		{name: "chunk length that is no number", expect: garbledAnswer().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")
		})},
		{name: "gzip that is none", expect: garbledAnswer().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n{\"statusCode\":800}")
		})},
		{name: "answer of HTTP/1.0 cut by its close", expect: garbledAnswer().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.0 200 OK\r\n\r\n" + `{"statusCode":800,"returnObj":{"mas`)
		})},
		{name: "answer of HTTP/1.0 that is whole", expect: same(want{ok: true, requests: 1}), within: instantly, stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.0 200 OK\r\n\r\n" + successAnswer)
		})},
	}
	for _, f := range cases {
		f.run(t)
	}
}

// successAnswer is a success for every kind of call.
const successAnswer = `{"statusCode":800,"returnObj":{"masterOrderID":"order-1"}}`

// proxied makes a stage behind a proxy that answers CONNECT so.
func proxied(answer string) func(t *testing.T) *stage {
	return func(t *testing.T) *stage {
		e := &edge{serve: func(c *edgeConn) {
			r, err := http.ReadRequest(c.in)
			if err != nil {
				return
			}
			if r.Method != http.MethodConnect || r.Header.Get("Eop-Authorization") != "" {
				c.edge.note(newSeen(r, nil))
				return
			}
			c.say(answer)
		}}
		transport := e.transport()
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128", User: url.UserPassword("user", faultSK)})
		return e.stage(t, transport, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
}

// Who asks a proxy again with a password that it refused gets the account locked. The error says
// that it is the proxy which wants one, and it names the proxy where that has no address.
func TestFaultProxyThatIsAtFault(t *testing.T) {
	t.Parallel()
	const wantsPassword = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
	noProxy := func(t *testing.T) *stage {
		e := &edge{}
		transport := e.transport()
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test:3128"})
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "proxy.test", IsNotFound: true}}
		}
		return e.stage(t, transport, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
	ofCaller := func(t *testing.T) *stage { // whose transport says no more than the status line
		s := proxied(wantsPassword)(t)
		s.transport.(*http.Transport).OnProxyConnectResponse = nil
		return s
	}
	ofSOCKS := func(t *testing.T) *stage {
		e := &edge{serve: func(c *edgeConn) {
			_, _ = io.CopyN(io.Discard, c.in, 4) // its methods
			c.say("\x05\x02")                    // a password
			_, _ = io.CopyN(io.Discard, c.in, int64(3+len("user")+len(faultSK)))
			c.say("\x01\x01") // refused
			c.untilGone()
		}}
		transport := e.transport()
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "socks5", Host: "proxy.test:1080", User: url.UserPassword("user", faultSK)})
		return e.stage(t, transport, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
	plain := serving(func(c *edgeConn) {
		for {
			if _, ok := c.request(); !ok || !c.say(wantsPassword) {
				return
			}
		}
	})
	for name, c := range map[string]struct {
		stage func(t *testing.T) *stage
		says  []string
	}{
		"a password":                              {proxied(wantsPassword), []string{"the proxy wants a password (HTTP 407)", "hint: give the proxy its password"}},
		"a password, of the caller's transport":   {ofCaller, []string{"Proxy Authentication Required", "hint: give the proxy its password"}},
		"a password, of SOCKS":                    {ofSOCKS, []string{"authentication failed", "hint: give the proxy its password"}},
		"a password, before a plain HTTP request": {plain, []string{"HTTP 407", "hint: give the proxy its password"}},
		"no address":                              {noProxy, []string{"proxy.test", "hint: the host of the proxy has no address"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := c.stage(t)
				_, err := d.do(t.Context(), s.client)
				require.Equal(t, 1, requireFault(t, d, err).Attempts)
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				for _, text := range c.says {
					require.ErrorContains(t, err, text)
				}
				requireSecret(t, err, faultSK)
				s.end(t)
			})
		})
	}
}

// A proxy that the transport will not use is met before anything is sent: a program run
// by CGI has an HTTP_PROXY that a request may have set. It is read once by each process,
// and so this test runs in one of its own.
func TestFaultProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	const proxy = "http://proxy.test:3128"
	if os.Getenv("HTTP_PROXY") != proxy {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFaultProxyOfTheEnvironment$", "-test.v")
		cmd.Env = append(os.Environ(), "HTTP_PROXY="+proxy, "REQUEST_METHOD=GET")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		for _, d := range deeds {
			require.Contains(t, string(out), "--- PASS: "+t.Name()+"/"+d.kind)
		}
		return
	}
	inBubbles(t, func(t *testing.T, d deed) {
		c := faultClient(t, ctcbr.WithEndpoint("http://ctcbr.test"), ctcbr.WithPlainHTTP())
		s := &stage{client: c, requests: func() []seen { return nil }, tally: &tally{}}
		err := s.try(t.Context(), t, d, notSent().of(d))
		require.ErrorContains(t, err, "CGI")
		s.end(t)
	})
}

// identity makes a certificate for a host, and the pool that trusts it.
func identity(t *testing.T, host string, from, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, pool
}

// presenting makes a stage whose server has a certificate, trusted or not.
func presenting(host string, from, until time.Duration, trusted bool) func(t *testing.T) *stage {
	return func(t *testing.T) *stage {
		certificate, pool := identity(t, host, time.Now().Add(from), time.Now().Add(until))
		e := &edge{serve: func(c *edgeConn) {
			c.in.Reset(tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{certificate}}))
			c.request()
		}}
		transport := e.transport()
		transport.TLSClientConfig = &tls.Config{}
		if trusted {
			transport.TLSClientConfig.RootCAs = pool
		}
		return e.stage(t, transport, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
}

func TestFaultTLS(t *testing.T) {
	t.Parallel()
	hopeless := same(want{attempts: 1})
	tlsPort := func(serve func(c *edgeConn)) func(t *testing.T) *stage {
		return serving(serve, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
	cases := []faultCase{
		{name: "certificate of an unknown authority", stage: presenting("ctcbr.test", -time.Hour, time.Hour, false), expect: hopeless, within: instantly},
		{name: "expired certificate", stage: presenting("ctcbr.test", -2*time.Hour, -time.Hour, true), expect: hopeless, within: instantly},
		{name: "certificate of the future", stage: presenting("ctcbr.test", time.Hour, 2*time.Hour, true), expect: hopeless, within: instantly},
		{name: "certificate of another host", stage: presenting("elsewhere.test", -time.Hour, time.Hour, true), expect: hopeless, within: instantly},
		{name: "handshake that stalls", stage: tlsPort(func(c *edgeConn) { c.untilGone() }), expect: notSent()},
		{name: "handshake cut", stage: tlsPort(func(c *edgeConn) { _, _ = c.in.ReadByte() }), expect: notSent()},
		{name: "alert instead of a handshake", expect: notSent(), stage: tlsPort(func(c *edgeConn) {
			_, _ = c.in.ReadByte()
			c.say("\x15\x03\x03\x00\x02\x02\x28")
			c.untilGone()
		})},
		{name: "plain HTTP on the port of TLS", expect: notSent(), stage: tlsPort(func(c *edgeConn) {
			_, _ = c.in.ReadByte()
			c.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			c.untilGone()
		})},
	}
	for _, f := range cases {
		f.run(t)
	}
}

// A closed connection may be noticed before or after the request was written: a
// write may be sent again only if nothing of it was.
func TestFaultAcceptedThenClosed(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		s := serving(func(*edgeConn) {})(t)
		_, err := d.do(t.Context(), s.client)
		fault := requireFault(t, d, err)
		require.Empty(t, s.requests())
		unknown := errors.Is(err, ctcbr.ErrOutcomeUnknown)
		require.True(t, fault.Attempts == 4 || d.kind == "write" && unknown, "a write that is not repeated says why: %v", err)
		s.end(t)
	})
}

// A connection that the server closed while it was idle, as the client has seen, is
// not used again.
func TestFaultStaleConnection(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		srv, s := cloudStage(t)
		srv.Inject("", cbrtest.Fault{Conn: cbrtest.CloseAfterAnswer})
		_, err := s.client.Regions.List(t.Context(), nil)
		require.NoError(t, err)
		srv.ResetRequests()
		synctest.Wait()
		s.try(t.Context(), t, d, want{ok: true, requests: 1})
		s.end(t)
	})
}

// A connection that closes in the very moment in which a request gets it: nothing
// was written, so that even a write is sent again, on a new one.
func TestFaultStaleConnectionNoticedLate(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		srv, s := cloudStage(t)
		var last atomic.Pointer[net.Conn]
		transport := s.transport.(*http.Transport)
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			last.Store(&conn)
			return conn, err
		}
		_, err := s.client.Regions.List(t.Context(), nil)
		require.NoError(t, err)
		srv.ResetRequests()
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused {
				(*last.Load()).Close()
				synctest.Wait()
			}
		}})
		s.try(ctx, t, d, want{ok: true, requests: 1})
		require.EqualValues(t, 2, s.tally.opened.Load())
		s.end(t)
	})
}

// Real sockets, with a look at the goroutines that stay.
func TestFaultRefusedOnRealSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, d := range deeds {
		t.Run(d.kind, func(t *testing.T) {
			verifyNoLeak(t)
			c := faultClient(t, ctcbr.WithEndpoint("http://"+l.Addr().String()), ctcbr.WithRetryWait(0, 0))
			defer c.Close()
			_, err := d.do(t.Context(), c)
			require.Equal(t, 4, requireFault(t, d, err).Attempts)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		})
	}
}

func TestFaultResetOnRealSockets(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.kind, func(t *testing.T) {
			verifyNoLeak(t)
			srv := cbrtest.NewServer(cbrtest.WithCredentials(faultAK, faultSK))
			defer srv.Close()
			c := faultClient(t, ctcbr.WithEndpoint(srv.URL), ctcbr.WithRetryWait(0, 0))
			defer c.Close()
			srv.Inject("", cbrtest.Fault{Conn: cbrtest.ResetAfterRequest, Times: -1})
			_, err := d.do(t.Context(), c)
			requireFault(t, d, err)
			w := lost().of(d)
			require.Equal(t, w.unknown, errors.Is(err, ctcbr.ErrOutcomeUnknown))
			require.Equal(t, w.requests, srv.Count(d.operation))
			requireSecret(t, err, faultSK, signatureOf(srv.Requests()[0].Header))
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A transport that reports nothing may have sent anything.
func TestFaultTransportThatReportsNothing(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		e := &edge{}
		s := e.stage(t, roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("went wrong") }))
		s.try(t.Context(), t, d, lostOnTheWay().of(d))
	})
}

// A request that was given up must not be written later: what was judged as not
// sent stays so, however late the transport comes to it.
func TestFaultTransportThatSendsTooLate(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{orderDeed, writeDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			var late sync.WaitGroup
			var sent atomic.Int64
			e := &edge{}
			s := e.stage(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				trace := httptrace.ContextClientTrace(r.Context())
				trace.GetConn("host")
				trace.GotConn(httptrace.GotConnInfo{})
				body := r.Body
				late.Go(func() {
					<-r.Context().Done()
					n, _ := io.Copy(io.Discard, body)
					sent.Add(n)
				})
				return nil, errors.New("given up")
			}), ctcbr.WithRetryWait(0, 0))
			_, err := d.do(t.Context(), s.client)
			late.Wait()
			require.Equal(t, 4, requireFault(t, d, err).Attempts)
			require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
			require.Zero(t, sent.Load(), "bytes of a body that was said not to be sent")
		})
	}
}

// A transport whose answer's body heeds no context cannot hold a call.
func TestFaultTransportThatHeedsNoContext(t *testing.T) {
	t.Parallel()
	deaf := func(r *http.Request) (*http.Response, error) {
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		body, _ := io.Pipe()
		return &http.Response{StatusCode: 200, Body: body, Header: http.Header{}, Request: r}, nil
	}
	t.Run("transport", func(t *testing.T) {
		t.Parallel()
		requireHeeded(t, func(t *testing.T, e *edge) *stage { return e.stage(t, roundTripper(deaf)) })
	})
	t.Run("middleware", func(t *testing.T) {
		t.Parallel()
		requireHeeded(t, func(t *testing.T, e *edge) *stage {
			return e.stage(t, e.transport(), ctcbr.WithMiddleware(func(r *http.Request, _ func(*http.Request) (*http.Response, error)) (*http.Response, error) {
				return deaf(r)
			}))
		})
	})
}

func requireHeeded(t *testing.T, stage func(t *testing.T, e *edge) *stage) {
	t.Helper()
	inBubbles(t, func(t *testing.T, d deed) {
		s := stage(t, &edge{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := d.do(ctx, s.client)
		require.LessOrEqual(t, time.Since(began), 1100*time.Millisecond)
		requireFault(t, d, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// The outcome stays unknown once an attempt may have been received, whatever the
// later ones meet.
func TestFaultOutcomeStaysUnknown(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]string{
		"unknown host":    "",
		"unauthorized":    answer("401 Unauthorized", ""),
		"throttled":       answer("429 Too Many Requests", "", "Retry-After: 3600"),
		"redirected":      answer("302 Found", "", "Location: /x"),
		"bad request":     answer("400 Bad Request", ""),
		"refused by code": answer200(`{"statusCode":900,"error":"Backup.Storage.Full","message":"it is full"}`),
		"in progress":     answer200(`{"statusCode":900,"error":"Backup.Order.InProgress"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &edge{serve: func(c *edgeConn) {
					if c.n > 1 {
						answers(then)(c)
						return
					}
					c.request()
				}}
				transport := e.transport()
				if then == "" {
					transport.DialContext = e.dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
						if e.n == 1 {
							return nil, &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}
						}
						return e.dial(ctx, network, addr)
					})
				}
				s := e.stage(t, transport)
				_, err := orderDeed.do(t.Context(), s.client)
				require.Equal(t, 2, requireFault(t, orderDeed, err).Attempts)
				require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.Contains(t, err.Error(), "outcome unknown")
				s.end(t)
			})
		})
	}
}
