package faults

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// Frames of HTTP/2, and the codes of its errors.
const (
	frameData, frameHeaders, frameRST, frameSettings, framePing, frameGoAway = 0, 1, 3, 4, 6, 7

	codeNone, codeProtocol, codeInternal, codeRefused, codeCancel, codeEnhanceYourCalm = 0, 1, 2, 7, 8, 11
)

// h2Conn is the server's end of a connection that speaks HTTP/2, frame by frame.
type h2Conn struct {
	*edgeConn
	deaf bool // answers no PING
}

func (c *h2Conn) frame(kind, flags byte, stream uint32, payload string) {
	head := make([]byte, 9)
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	c.say(string(head) + payload)
}

func (c *h2Conn) reset(stream, code uint32) { c.frame(frameRST, 0, stream, number(code)) }

func (c *h2Conn) goAway(last, code uint32) { c.frame(frameGoAway, 0, 0, number(last)+number(code)) }

// answer sends the head of a 200, and a body.
func (c *h2Conn) answer(stream uint32, body string) {
	c.frame(frameHeaders, 4, stream, "\x88") // ":status: 200" of the static table
	if body != "" {
		c.frame(frameData, 1, stream, body)
	}
}

func number(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

// request waits for the whole of a request, and answers what else comes.
func (c *h2Conn) request() (stream uint32, ok bool) {
	for {
		head := make([]byte, 9)
		if _, err := io.ReadFull(c.in, head); err != nil {
			return 0, false
		}
		size := binary.BigEndian.Uint32(head) >> 8
		if _, err := io.CopyN(io.Discard, c.in, int64(size)); err != nil {
			return 0, false
		}
		kind, flags := head[3], head[4]
		stream = binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == framePing && flags&1 == 0 && !c.deaf:
			c.frame(framePing, 1, 0, "12345678")
		case kind == frameSettings && flags&1 == 0:
			c.frame(frameSettings, 1, 0, "")
		case (kind == frameHeaders || kind == frameData) && flags&1 != 0:
			c.edge.note(seen{})
			return stream, true
		}
	}
}

// h2Stage makes a client of a server that speaks HTTP/2 over TLS in memory.
func h2Stage(serve func(c *h2Conn)) func(t *testing.T) *stage {
	return func(t *testing.T) *stage {
		certificate, pool := identity(t, "ctcbr.test", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		e := &edge{}
		e.serve = func(raw *edgeConn) {
			secure := tls.Server(raw.Conn, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
			if secure.Handshake() != nil {
				return
			}
			raw.Conn = secure
			raw.in.Reset(secure)
			if _, err := io.CopyN(io.Discard, raw.in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
				return
			}
			c := &h2Conn{edgeConn: raw}
			c.frame(frameSettings, 0, 0, "")
			serve(c)
			secure.Close()
		}
		transport := e.transport()
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
		return e.stage(t, transport, ctcbr.WithEndpoint("https://ctcbr.test"))
	}
}

// each2 serves all requests of a connection.
func each2(do func(c *h2Conn, stream uint32)) func(c *h2Conn) {
	return func(c *h2Conn) {
		for {
			stream, ok := c.request()
			if !ok {
				return
			}
			do(c, stream)
		}
	}
}

// What goes wrong on HTTP/2: an order is sent once for every attempt, a write once
// in all, and net/http replays neither. A read it may replay, within bounds.
func TestFaultHTTP2(t *testing.T) {
	t.Parallel()
	const mostReplays = 8
	for name, f := range map[string]struct {
		serve  func(c *h2Conn)
		within time.Duration
		ok     bool
	}{
		"success":                       {ok: true, within: instantly, serve: each2(func(c *h2Conn, stream uint32) { c.answer(stream, successAnswer) })},
		"REFUSED_STREAM":                {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeRefused) })},
		"PROTOCOL_ERROR on a stream":    {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeProtocol) })},
		"INTERNAL_ERROR on a stream":    {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeInternal) })},
		"CANCEL on a stream":            {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeCancel) })},
		"ENHANCE_YOUR_CALM on a stream": {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeEnhanceYourCalm) })},
		"NO_ERROR on a stream":          {serve: each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeNone) })},
		"GOAWAY before the stream": {serve: func(c *h2Conn) {
			c.request()
			c.goAway(0, codeNone)
		}},
		"GOAWAY with the stream, then closed": {serve: func(c *h2Conn) {
			stream, _ := c.request()
			c.goAway(stream, codeNone)
		}},
		"GOAWAY of a protocol error": {serve: func(c *h2Conn) {
			c.request()
			c.goAway(0, codeProtocol)
		}},
		"GOAWAY to calm down": {serve: func(c *h2Conn) {
			stream, _ := c.request()
			c.goAway(stream, codeEnhanceYourCalm)
		}},
		"closed after the request": {serve: func(c *h2Conn) { c.request() }},
		"frame of no sense": {serve: func(c *h2Conn) {
			stream, _ := c.request()
			c.frame(frameData, 0, stream, "data before headers")
			c.request()
		}},
		"frame beyond the limit": {serve: func(c *h2Conn) {
			c.request()
			c.say("\xff\xff\xff\x00\x00\x00\x00\x00\x01")
			c.request()
		}},
		"header that cannot be read": {serve: func(c *h2Conn) {
			stream, _ := c.request()
			c.frame(frameHeaders, 4, stream, "\xff\xff\xff\xff\xff\xff\xff")
			c.request()
		}},
		"silence, with PINGs answered": {within: fourTimeouts, serve: each2(func(*h2Conn, uint32) {})},
		"headers, then silence":        {within: fourTimeouts, serve: each2(func(c *h2Conn, stream uint32) { c.answer(stream, "") })},
		"black hole": {within: fourTimeouts, serve: func(c *h2Conn) {
			c.deaf = true
			each2(func(*h2Conn, uint32) {})(c)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := h2Stage(f.serve)(t)
				began := time.Now()
				_, err := d.do(t.Context(), s.client)
				within := f.within
				if within == 0 {
					within = fourTimeouts
				}
				require.LessOrEqual(t, time.Since(began), within)
				n := len(s.requests())
				if f.ok {
					require.NoError(t, err)
					require.Equal(t, 1, n)
					s.end(t)
					return
				}
				e := requireFault(t, d, err)
				switch d.kind {
				case "read":
					require.LessOrEqual(t, n, 4*mostReplays, "%v", err)
				case "order":
					require.Equal(t, 4, n, "%v", err)
					require.Equal(t, 4, e.Attempts)
				case "write":
					require.Equal(t, 1, n, "%v", err)
					require.Equal(t, 1, e.Attempts)
				}
				require.Equal(t, d.kind != "read", errors.Is(err, ctcbr.ErrOutcomeUnknown), "%v", err)
				requireSecret(t, err, faultSK)
				s.end(t)
			})
		})
	}
}

// A connection that has become a black hole is found out by PINGs, so that the next
// attempt gets a new one: within the time of one attempt.
func TestFaultHTTP2BlackHoleIsLeft(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{readDeed, orderDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s := h2Stage(func(c *h2Conn) {
					n := 0
					each2(func(c *h2Conn, stream uint32) {
						if n++; c.n == 1 && n > 1 {
							c.deaf = true // the network has gone, and nobody says so
							return
						}
						c.answer(stream, successAnswer)
					})(c)
				})(t)
				for i := range 3 {
					began := time.Now()
					_, err := d.do(t.Context(), s.client)
					require.NoError(t, err)
					if i != 1 {
						require.Less(t, time.Since(began), time.Second)
					}
					require.Less(t, time.Since(began), 31*time.Second)
				}
				require.EqualValues(t, 2, s.tally.opened.Load())
				s.end(t)
			})
		})
	}
}

// A server that drains with GOAWAY between two requests costs no call anything.
func TestFaultHTTP2GoAwayWhileIdle(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		s := h2Stage(func(c *h2Conn) {
			stream, ok := c.request()
			if !ok {
				return
			}
			c.answer(stream, successAnswer)
			c.goAway(stream, codeNone)
		})(t)
		for range 3 {
			_, err := d.do(t.Context(), s.client)
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		require.Len(t, s.requests(), 3)
		s.end(t)
	})
}

// The fake cloud behind TLS and HTTP/2 on real sockets, with its faults, which reset
// streams there.
func TestFaultHTTP2OnRealSockets(t *testing.T) {
	for _, d := range deeds {
		t.Run(d.kind, func(t *testing.T) {
			verifyNoLeak(t)
			cloud := cbrtest.NewServer(cbrtest.InMemory(), cbrtest.Activated(), cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"))
			defer cloud.Close()
			cloud.AddPlan(cbrtest.Plan{ID: "plan"})
			var protocol atomic.Value
			front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				protocol.Store(r.Proto)
				cloud.ServeHTTP(w, r)
			}))
			front.EnableHTTP2 = true
			front.StartTLS()
			defer front.Close()
			own := front.Client()
			defer own.CloseIdleConnections()
			c := faultClient(t, ctcbr.WithEndpoint(front.URL), ctcbr.WithHTTPClient(own), ctcbr.WithRetryWait(0, 0))
			defer c.Close()
			_, err := d.do(t.Context(), c)
			require.NoError(t, err)
			require.Equal(t, "HTTP/2.0", protocol.Load())
			cloud.ResetRequests()
			cloud.Inject("", cbrtest.Fault{Conn: cbrtest.ResetAfterRequest, Times: -1})
			_, err = d.do(t.Context(), c)
			requireFault(t, d, err)
			w := lost().of(d)
			require.Equal(t, w.unknown, errors.Is(err, ctcbr.ErrOutcomeUnknown))
			require.Len(t, cloud.Requests(), w.requests)
		})
	}
}
