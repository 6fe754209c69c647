package faults

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// A moment is a place in the life of a call in which it waits.
type moment struct {
	name  string
	stage func(t *testing.T) *stage
	// had says that a connection was had, so that an order or a write may have been
	// carried out. kinds are those that wait there at all.
	had   bool
	kinds []deed
}

var moments = []moment{
	{name: "while the key pair is fetched", stage: func(t *testing.T) *stage {
		return answering(answer200(successAnswer), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(ctx context.Context) (ctcbr.Credentials, error) {
			<-ctx.Done()
			return ctcbr.Credentials{}, ctx.Err()
		})))(t)
	}},
	{name: "after the key pair was fetched", stage: func(t *testing.T) *stage {
		return answering(answer200(successAnswer), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(ctx context.Context) (ctcbr.Credentials, error) {
			<-ctx.Done()
			return ctcbr.NewCredentials(faultAK, faultSK), nil
		})))(t)
	}},
	{name: "dialing", stage: dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})},
	{name: "in the handshake of TLS", stage: serving(func(c *edgeConn) { c.untilGone() }, ctcbr.WithEndpoint("https://ctcbr.test"))},
	{name: "before the answer", had: true, stage: serving(func(c *edgeConn) {
		c.request()
		c.untilGone()
	})},
	{name: "in the head of the answer", had: true, stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 200 OK\r\nX-Slow: ")
		c.untilGone()
	})},
	{name: "in the body of the answer", had: true, stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
		c.untilGone()
	})},
	{name: "in the body of an error", had: true, stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n<")
		c.untilGone()
	})},
	{name: "in the body of a refusal", stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n<")
		c.untilGone()
	})},
	{name: "between attempts, after no connection", stage: failingDial(errors.New("unreachable"), patient)},
	{name: "between attempts, after 429", stage: answering(answer("429 Too Many Requests", "", "Retry-After: 20"), patient)},
	{name: "between attempts, after 503", had: true, kinds: []deed{readDeed, orderDeed}, stage: answering(answer("503 Service Unavailable", ""), patient)},
	{name: "between attempts, after a reset", had: true, kinds: []deed{readDeed, orderDeed}, stage: serving(func(c *edgeConn) { c.request() }, patient)},
	{name: "between attempts, after a page", had: true, kinds: []deed{readDeed, orderDeed}, stage: answering(answer200(gatewayPage), patient)},
}

// patient clients wait longer between two attempts than any test of this file takes.
var patient = ctcbr.WithRetryWait(time.Hour, time.Hour)

var errShutdown = errors.New("the program is shutting down")

// A way is how a call's context comes to its end.
type way struct {
	name string
	ctx  func(ctx context.Context, c *ctcbr.Client) (context.Context, func())
	is   []error
}

// deadline is when the calls of this file are cut.
const deadline = 10 * time.Millisecond

var ways = []way{
	{"canceled", func(ctx context.Context, _ *ctcbr.Client) (context.Context, func()) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(deadline, cancel)
		return ctx, cancel
	}, []error{context.Canceled}},
	{"canceled with a cause", func(ctx context.Context, _ *ctcbr.Client) (context.Context, func()) {
		ctx, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(deadline, func() { cancel(errShutdown) })
		return ctx, func() { cancel(nil) }
	}, []error{context.Canceled, errShutdown}},
	{"past its deadline", func(ctx context.Context, _ *ctcbr.Client) (context.Context, func()) {
		return context.WithTimeout(ctx, deadline)
	}, []error{context.DeadlineExceeded}},
	{"past its deadline with a cause", func(ctx context.Context, _ *ctcbr.Client) (context.Context, func()) {
		return context.WithTimeoutCause(ctx, deadline, errShutdown)
	}, []error{context.DeadlineExceeded, errShutdown}},
	{"closed with its client", func(ctx context.Context, c *ctcbr.Client) (context.Context, func()) {
		time.AfterFunc(deadline, func() { c.Close() })
		return ctx, func() {}
	}, []error{ctcbr.ErrClosed}},
}

// However and whenever a call is ended, it returns in no time, says why, and says
// whether it may have been carried out.
func TestFaultCanceled(t *testing.T) {
	t.Parallel()
	for _, m := range moments {
		for _, w := range ways {
			t.Run(m.name+", "+w.name, func(t *testing.T) {
				t.Parallel()
				kinds := m.kinds
				if kinds == nil {
					kinds = deeds
				}
				for _, d := range kinds {
					synctest.Test(t, func(t *testing.T) {
						s := m.stage(t)
						ctx, end := w.ctx(t.Context(), s.client)
						defer end()
						began := time.Now()
						_, err := d.do(ctx, s.client)
						require.Equal(t, deadline, time.Since(began), "%v", err)
						e := requireFault(t, d, err)
						require.NotEmpty(t, e.RequestID)
						require.LessOrEqual(t, e.Attempts, 1)
						for _, target := range w.is {
							require.ErrorIs(t, err, target)
						}
						require.Equal(t, m.had && d.kind != "read", errors.Is(err, ctcbr.ErrOutcomeUnknown), "%s: %v", d.kind, err)
						require.LessOrEqual(t, len(s.requests()), 1)
						s.end(t)
					})
				}
			})
		}
	}
}

// A call that is ended before it begins sends nothing.
func TestFaultCanceledBefore(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer200(successAnswer))(t)
				ctx, end := w.ctx(t.Context(), s.client)
				defer end()
				time.Sleep(2 * deadline)
				began := time.Now()
				_, err := d.do(ctx, s.client)
				require.Zero(t, time.Since(began))
				requireFault(t, d, err)
				for _, target := range w.is {
					require.ErrorIs(t, err, target)
				}
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.Empty(t, s.requests())
				require.Zero(t, s.tally.opened.Load())
				s.end(t)
			})
		})
	}
}

// Nothing of an attempt lives on while the client stays open: its context is done, its
// timer is stopped, and the client keeps nothing of what the caller gave.
func TestFaultNothingOutlivesAnAttempt(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *ctcbr.Client) error {
		_, err := c.Do(ctx, &ctcbr.RawRequest{Method: http.MethodGet, Path: "/v4/x"})
		return err
	}
	order := func(ctx context.Context, c *ctcbr.Client) error {
		_, err := orderDeed.do(ctx, c)
		return err
	}
	list := func(ctx context.Context, c *ctcbr.Client) error {
		for _, err := range c.Storages.All(ctx, &ctcbr.ListStoragesRequest{}) {
			return err
		}
		return nil
	}
	fail := func(context.Context) (ctcbr.Credentials, error) { return ctcbr.Credentials{}, errShutdown }
	refuse := func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		return nil, errShutdown
	}
	const storages = `{"statusCode":800,"returnObj":{"backupStorageList":[{"backupStorageID":"a"},{"backupStorageID":"b"}]}}`
	for name, c := range map[string]struct {
		say   string
		do    func(ctx context.Context, c *ctcbr.Client) error
		fails bool
		opts  []ctcbr.Option
	}{
		"success":                  {say: answer200(successAnswer), do: get},
		"refused":                  {say: answer("400 Bad Request", ""), do: get, fails: true},
		"refused by the envelope":  {say: answer200(`{"statusCode":900,"error":"X"}`), do: order, fails: true},
		"cut short":                {say: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", do: get, fails: true},
		"never answered":           {do: get, fails: true, opts: []ctcbr.Option{ctcbr.WithAttemptTimeout(time.Millisecond), ctcbr.WithMaxAttempts(1)}},
		"tried again":              {say: answer("503 Service Unavailable", ""), do: order, fails: true},
		"order":                    {say: answer200(successAnswer), do: order},
		"no credentials":           {do: get, fails: true, opts: []ctcbr.Option{ctcbr.WithCredentials(ctcbr.CredentialsFunc(fail))}},
		"middleware without next":  {do: get, fails: true, opts: []ctcbr.Option{ctcbr.WithMiddleware(refuse)}},
		"stream that is left":      {say: answer200(storages), do: list},
		"stream that is refused":   {say: answer("400 Bad Request", ""), do: list, fails: true},
		"stream that is cut short": {say: "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + storages[:20], do: list, fails: true},
		"ended while it waits": {say: answer("429 Too Many Requests", "", "Retry-After: 20"), fails: true, do: func(ctx context.Context, c *ctcbr.Client) error {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			return get(ctx, c)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent *http.Request
			transport := roundTripper(func(r *http.Request) (*http.Response, error) {
				sent = r
				if c.say == "" {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}
				return http.ReadResponse(bufio.NewReader(strings.NewReader(c.say)), r)
			})
			client := faultClient(t, append([]ctcbr.Option{ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithHTTPClient(&http.Client{Transport: transport}), ctcbr.WithRetryWait(0, 0)}, c.opts...)...)
			const calls = 300
			var given [calls]weak.Pointer[string]
			for i := range given {
				given[i] = callWithAValue(t, func(ctx context.Context) {
					require.Equal(t, c.fails, c.do(ctx, client) != nil)
				})
				if sent != nil {
					require.Error(t, sent.Context().Err())
				}
			}
			sent = nil
			for range 3 { // a pool lets go of what it has at the second
				runtime.GC()
			}
			kept := 0
			for _, value := range given {
				if value.Value() != nil {
					kept++
				}
			}
			require.Less(t, kept, calls/2, "calls of which something is kept: the runtime itself keeps some stopped timers for a while")
			require.NoError(t, client.Close())
		})
	}
}

// callWithAValue runs do with a context that has a value of its own, and returns the
// weak pointer to that value.
func callWithAValue(t *testing.T, do func(ctx context.Context)) weak.Pointer[string] {
	t.Helper()
	type key struct{}
	value := ctcbr.Ptr(t.Name())
	do(context.WithValue(t.Context(), key{}, value))
	return weak.Make(value)
}

// A transport that does not report its connections does not make a call that was
// never sent one of unknown outcome.
func TestFaultCanceledBeforeSilentTransport(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		e := &edge{}
		s := e.stage(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Error("sent")
			return nil, r.Context().Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := d.do(ctx, s.client)
		requireFault(t, d, err)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
	})
}

// In no moment at all, chosen at random, is a call lost, hung or wrong about
// whether it was sent.
func TestFaultCanceledAtAnyMoment(t *testing.T) {
	verifyNoLeak(t)
	srv := cbrtest.NewServer(cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"), cbrtest.Activated())
	defer srv.Close()
	srv.AddPlan(cbrtest.Plan{ID: "plan"})
	c := faultClient(t, ctcbr.WithEndpoint(srv.URL))
	defer c.Close()
	notSent := make(map[string]bool)
	for i := range 600 {
		d := deeds[i%len(deeds)]
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Microsecond)
		began := time.Now()
		_, err := d.do(ctx, c)
		cancel()
		require.Less(t, time.Since(began), 10*time.Second, "far below the 30 s of an attempt")
		if err == nil {
			continue
		}
		e := requireFault(t, d, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		if d.kind != "read" && !errors.Is(err, ctcbr.ErrOutcomeUnknown) {
			notSent[e.RequestID] = true
		}
	}
	time.Sleep(20 * time.Millisecond) // the server might still be about to take one in
	for _, r := range srv.Requests() {
		require.False(t, r.Status != 0 && notSent[r.RequestID], "carried out, though its error said that it was not sent")
	}
}

// Closing ends the calls in flight and all later ones, and may be done twice.
func TestFaultClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := serving(func(c *edgeConn) {
			c.request()
			c.untilGone()
		})(t)
		var calls sync.WaitGroup
		for i := range 60 {
			calls.Go(func() {
				d := deeds[i%len(deeds)]
				_, err := d.do(t.Context(), s.client)
				requireFault(t, d, err)
				require.ErrorIs(t, err, ctcbr.ErrClosed)
				require.NotErrorIs(t, err, context.Canceled)
				require.Equal(t, d.kind != "read", errors.Is(err, ctcbr.ErrOutcomeUnknown))
			})
		}
		synctest.Wait()
		began := time.Now()
		for range 3 {
			require.NoError(t, s.client.Close())
		}
		calls.Wait()
		require.Zero(t, time.Since(began))
		for _, d := range deeds {
			_, err := d.do(t.Context(), s.client)
			requireFault(t, d, err)
			require.ErrorIs(t, err, ctcbr.ErrClosed)
			require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		}
		require.Len(t, s.requests(), 60)
		s.end(t)
	})
}

// Closing by many at once, while calls begin, leaves nothing open.
func TestFaultClosedByMany(t *testing.T) {
	verifyNoLeak(t)
	srv := cbrtest.NewServer(cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"))
	defer srv.Close()
	for range 10 {
		c := faultClient(t, ctcbr.WithEndpoint(srv.URL))
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				if i%5 == 4 {
					c.Close()
					return
				}
				if _, err := readDeed.do(t.Context(), c); err != nil && !errors.Is(err, ctcbr.ErrClosed) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		c.Close()
	}
}

// A client that was not made by NewClient, or a context that is nil, is an error.
func TestFaultNothingToCallWith(t *testing.T) {
	t.Parallel()
	for _, d := range deeds {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			for _, c := range []*ctcbr.Client{nil, {}} {
				_, err := c.OpenService(t.Context(), &ctcbr.OpenServiceRequest{RegionID: "r"})
				require.ErrorIs(t, err, ctcbr.ErrClosed)
				_, err = c.Do(t.Context(), &ctcbr.RawRequest{Method: http.MethodGet, Path: "/v4/x"})
				require.ErrorIs(t, err, ctcbr.ErrClosed)
				require.NoError(t, c.Close())
			}
			_, err := d.do(t.Context(), &ctcbr.Client{})
			require.ErrorIs(t, err, ctcbr.ErrClosed)
			s := answering(answer200(successAnswer))(t)
			var none context.Context
			_, err = d.do(none, s.client)
			requireFault(t, d, err)
			require.Contains(t, err.Error(), "nil context")
		})
	}
}

// The context of a call that is over ends nothing of a later one on its connection.
func TestFaultCanceledAfterwards(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		s := answering(answer200(successAnswer))(t)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := d.do(ctx, s.client)
			require.NoError(t, err)
			cancel()
			synctest.Wait()
		}
		require.EqualValues(t, 1, s.tally.opened.Load(), "connections")
		s.end(t)
	})
}

// A handshake or a dial that goes on after its call has ended leaves nothing open.
func TestFaultCanceledDialThatSucceedsLate(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		e := &edge{serve: func(c *edgeConn) {
			c.in.Reset(tls.Server(c.Conn, &tls.Config{}))
			c.untilGone()
		}}
		transport := e.transport()
		var dialed atomic.Int64
		transport.DialContext = e.dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
			time.Sleep(time.Minute) // it heeds no context
			dialed.Add(1)
			return e.dial(ctx, network, addr)
		})
		s := e.stage(t, transport)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := d.do(ctx, s.client)
		require.Equal(t, time.Second, time.Since(began))
		requireFault(t, d, err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		s.client.Close()
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 1, dialed.Load())
		s.closeIdle()
		s.end(t)
	})
}

// A body of a request is closed for good, so that no transport keeps it.
func TestFaultCanceledWhileWriting(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{orderDeed, writeDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &edge{serve: func(c *edgeConn) { c.untilGone() }}
				transport := e.transport()
				transport.DialContext = e.dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
					client, server := net.Pipe() // takes nothing that is not read
					go func() {
						_, _ = io.CopyN(io.Discard, server, 10)
						time.Sleep(time.Minute)
						server.Close()
					}()
					return client, nil
				})
				s := e.stage(t, transport)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				_, err := d.do(ctx, s.client)
				require.Equal(t, time.Second, time.Since(began))
				requireFault(t, d, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				time.Sleep(2 * time.Minute)
				s.end(t)
			})
		})
	}
}

// A call that its deadline ends in a later attempt tells what the one before had met.
func TestDeadlineTellsWhatWasMetBefore(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{readDeed, orderDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				s := (&edge{}).stage(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					if requests++; requests > 1 {
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					body := io.NopCloser(strings.NewReader(`{"statusCode":900,"error":"Openapi.Busy","message":"busy","description":"忙"}`))
					return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: body, Request: r}, nil
				}))
				ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("the night is over"))
				defer cancel()
				_, err := d.do(ctx, s.client)
				requireFault(t, d, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, "context deadline exceeded: the night is over, after HTTP 503: Openapi.Busy: busy (忙)")
				require.Equal(t, d.kind == "order", errors.Is(err, ctcbr.ErrOutcomeUnknown))
				require.LessOrEqual(t, strings.Count(err.Error(), "outcome unknown"), 1, "it is told once")
			})
		})
	}
}

// So does one that its deadline ends between two attempts.
func TestDeadlineBetweenAttempts(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{readDeed, orderDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := (&edge{}).stage(t, roundTripper(func(r *http.Request) (*http.Response, error) {
					body := io.NopCloser(strings.NewReader(`{"statusCode":900,"error":"Openapi.Busy","message":"busy"}`))
					return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"20"}}, Body: body, Request: r}, nil
				}))
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err := d.do(ctx, s.client)
				requireFault(t, d, err)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, ctcbr.ErrThrottled)
				require.ErrorContains(t, err, ": HTTP 429: Openapi.Busy: busy: context deadline exceeded while waiting to try again; hint: ")
			})
		})
	}
}
