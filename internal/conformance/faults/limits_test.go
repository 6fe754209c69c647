package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
	"github.com/ctyun-go/ctcbr/internal/transport"
)

// hostile are texts that would break a request, a header, a log or a shell apart.
var hostile = map[string]string{
	"a line break":          "id\r\nX-Evil: 1",
	"a line break alone":    "id\nX-Evil: 1",
	"a carriage return":     "id\rX-Evil: 1",
	"a second request":      "id HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil",
	"a query":               "id&regionID=other&x=1#y?z",
	"a percent escape":      "id%0d%0aX-Evil:%201",
	"a NUL":                 "id\x00",
	"an escape sequence":    "id\x1b[31mred",
	"quotes":                `id","clientToken":"x`,
	"a path":                "../../../etc/passwd",
	"no UTF-8":              "id\xff\xfe",
	"line separators":       "id\u2028\u2029\u0085",
	"a bidi override":       "id\u202egnp.exe",
	"markup":                "<script>alert(1)</script>",
	"a megabyte":            strings.Repeat("x", 1<<20),
	"a format":              "%s%d%!v(MISSING)",
	"a template":            "${jndi:ldap://evil}",
	"spaces at the ends":    " id ",
	"Chinese text":          "存储库",
	"an emoji beyond UCS-2": "🗄️",
}

// Whatever is in an identifier, one request reaches the server, with the identifier
// in it as it was given or refused before it was sent.
func TestFaultHostileIdentifiers(t *testing.T) {
	t.Parallel()
	calls := map[string]func(ctx context.Context, c *ctcbr.Client, id string) error{
		"in a query": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.Storages.List(ctx, &ctcbr.ListStoragesRequest{ID: id})
			return err
		},
		"in the region of a query": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.Storages.List(ctx, &ctcbr.ListStoragesRequest{RegionID: id})
			return err
		},
		"in the region of a body": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.OpenService(ctx, &ctcbr.OpenServiceRequest{RegionID: id})
			return err
		},
		"in the body of a read": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.Agents.ListByHost(ctx, &ctcbr.ListAgentsByHostRequest{HostIDs: id})
			return err
		},
		"in an order": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.Storages.Renew(ctx, &ctcbr.RenewStorageRequest{ID: id, CycleType: ctcbr.CycleMonth, CycleCount: 1})
			return err
		},
		"in a client token": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.OpenService(ctx, &ctcbr.OpenServiceRequest{ClientToken: id})
			return err
		},
		"in a write": func(ctx context.Context, c *ctcbr.Client, id string) error {
			_, err := c.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{ID: id})
			return err
		},
	}
	for where, call := range calls {
		for what, text := range hostile {
			if where != "in a write" && where != "in an order" && where != "in a client token" && where != "in the region of a body" && len(text) > 1<<16 {
				continue // more than the header of a server takes
			}
			t.Run(what+" "+where, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := answering(answer200(`{"statusCode":900,"error":"Backup.X.NotFound","message":` + quote(text) + `}`))(t)
					err := call(t.Context(), s.client, text)
					if errors.Is(err, ctcbr.ErrInvalid) {
						require.Empty(t, s.requests())
					} else {
						require.ErrorIs(t, err, ctcbr.ErrNotFound)
						require.Len(t, s.requests(), 1)
						r := s.requests()[0]
						require.Empty(t, r.header.Get("X-Evil"))
						require.NotContains(t, r.uri, "evil ")
						signedAsSent(t, r)
					}
					for _, c := range []string{"\n", "\r", "\x00", "\x1b", "\u2028", "\u2029", "\u0085"} {
						require.NotContains(t, err.Error(), c)
					}
					require.Less(t, len(err.Error()), 2<<20)
					s.end(t)
				})
			})
		}
	}
}

func quote(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

// signedAsSent holds that what a server saw is what was signed.
func signedAsSent(t *testing.T, r seen) {
	t.Helper()
	_, query, _ := strings.Cut(r.uri, "?")
	require.Equal(t, conformance.Signature(faultAK, faultSK, r.requestID, r.date, query, r.body), r.signature)
}

// A key pair, a request ID or an agent's name that would break a header is refused
// before anything is sent, and the error does not tell the key.
func TestFaultHostileKeys(t *testing.T) {
	t.Parallel()
	for what, text := range hostile {
		if text == strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' {
				return -1
			}
			return r
		}, text) {
			continue // a header can hold it
		}
		for name, pair := range map[string][2]string{"access key": {text, faultSK}, "secret key": {faultAK, faultSK + text}} {
			t.Run(what+" in the "+name, func(t *testing.T) {
				t.Parallel()
				_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(pair[0], pair[1]), ctcbr.WithRegion("r"))
				require.ErrorIs(t, err, ctcbr.ErrNoCredentials)
				require.Contains(t, err.Error(), name)
				require.NotContains(t, err.Error(), "\n")
				requireSecret(t, err, faultSK)
			})
		}
		t.Run(what+" in the user agent", func(t *testing.T) {
			t.Parallel()
			_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(faultAK, faultSK), ctcbr.WithUserAgent(text))
			if !strings.HasPrefix(what, "spaces") {
				require.Error(t, err)
			}
		})
	}
	for name, pair := range map[string][2]string{
		"space before":   {" ak", "sk"},
		"newline after":  {"ak", "sk\n"},
		"tab before":     {"ak", "\tsk"},
		"nothing at all": {"", ""},
		"a page's space": {"ak\u00a0", "sk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(pair[0], pair[1]), ctcbr.WithRegion("r"))
			require.ErrorIs(t, err, ctcbr.ErrNoCredentials)
		})
	}
}

func TestFaultHostileRequestID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a\r\nX-Evil: 1", "a\nb", "a\rb"} {
		req, err := http.NewRequest(http.MethodGet, "https://ctcbr.test/v4/x", nil)
		require.NoError(t, err)
		req.Header["Ctyun-Eop-Request-Id"] = []string{id}
		var s ctcbr.Signer
		require.Error(t, s.Sign(req, nil, ctcbr.NewCredentials(faultAK, faultSK), time.Now()))
		require.Empty(t, req.Header.Get("Eop-Authorization"))
	}
}

// An endpoint is a scheme and a host. What else it holds is refused, without telling
// a password.
func TestFaultEndpoint(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{
		"user info":                       "https://user:" + "pass1234word@ctcbr.test",
		"user alone":                      "https://pass1234word@ctcbr.test",
		"user info, no scheme":            "user:pass1234word@ctcbr.test",
		"user info, no host":              "https:user:pass1234word@ctcbr.test",
		"user info, malformed":            "https://user:pass1234word@ctcbr.test:port/%zz",
		"query":                           "https://ctcbr.test?pass=1",
		"empty query":                     "https://ctcbr.test/?",
		"fragment":                        "https://ctcbr.test#top",
		"path":                            "https://ctcbr.test/v4",
		"no scheme":                       "ctcbr.test",
		"no host":                         "https://",
		"port alone":                      "https://:443",
		"other scheme":                    "ftp://ctcbr.test",
		"script":                          "javascript:alert(1)",
		"file":                            "file:///etc/passwd",
		"line break":                      "https://ctcbr.test\r\nX-Evil: 1",
		"space":                           "https://ctcbr .test",
		"no TLS":                          "http://ctcbr.test",
		"no TLS, like a loopback address": "http://127.0.0.1.evil.test",
		"no TLS, localhost of another":    "http://localhost.evil.test",
		"nothing":                         " ",
	} {
		for which, option := range map[string]func(string) ctcbr.Option{"endpoint": ctcbr.WithEndpoint, "common endpoint": ctcbr.WithCommonEndpoint} {
			t.Run(name+" of the "+which, func(t *testing.T) {
				t.Parallel()
				_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(faultAK, faultSK), ctcbr.WithRegion("r"), option(endpoint))
				require.Error(t, err)
				requireSecret(t, err, "pass1234word")
				require.NotContains(t, err.Error(), "\r")
			})
		}
	}
	for _, endpoint := range []string{"https://ctcbr.test", "https://ctcbr.test/", "https://ctcbr.test:8443", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "HTTPS://CTCBR.TEST"} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(faultAK, faultSK), ctcbr.WithRegion("r"), ctcbr.WithEndpoint(endpoint))
			require.NoError(t, err)
		})
	}
}

// Plain HTTP is taken for other hosts when it is asked for by name.
func TestFaultPlainHTTPIsAskedForByName(t *testing.T) {
	t.Parallel()
	_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials(faultAK, faultSK), ctcbr.WithRegion("r"), ctcbr.WithEndpoint("http://ctcbr.test"), ctcbr.WithPlainHTTP())
	require.NoError(t, err)
}

// The client's own transport is no copy of the program's, whose TLS may be weakened.
func TestFaultDefaultTransportIsNotTrusted(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("not me") })
	srv := cbrtest.NewServer(cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"))
	defer srv.Close()
	c := faultClient(t, ctcbr.WithEndpoint(srv.URL))
	defer c.Close()
	_, err := readDeed.do(t.Context(), c)
	require.NoError(t, err)
	own := transport.New()
	require.Nil(t, own.TLSClientConfig)
	require.NotNil(t, own.Proxy)
	require.Positive(t, own.MaxResponseHeaderBytes)
}

// Two hundred goroutines share one client, in each kind of call, while the key pair
// changes.
func TestFaultConcurrency(t *testing.T) {
	verifyNoLeak(t)
	srv := cbrtest.NewServer(cbrtest.WithCredentials(faultAK, faultSK), cbrtest.WithRegion("region"), cbrtest.Activated())
	defer srv.Close()
	srv.AddCredentials("other-ak", "other-sk")
	srv.AddPlan(cbrtest.Plan{ID: "plan"})
	var asked atomic.Int64
	c := faultClient(t, ctcbr.WithEndpoint(srv.URL), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
		if asked.Add(1)%2 == 0 {
			return ctcbr.NewCredentials("other-ak", "other-sk"), nil
		}
		return ctcbr.NewCredentials(faultAK, faultSK), nil
	})))
	defer c.Close()
	before := srv.Charges()
	var all sync.WaitGroup
	var ids sync.Map
	for i := range 200 {
		all.Go(func() {
			d := deeds[i%len(deeds)]
			for range 2 {
				id, err := d.do(t.Context(), c)
				if err != nil {
					t.Error(err)
				}
				if _, twice := ids.LoadOrStore(id, true); twice {
					t.Error("a request ID was used twice")
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, 400, srv.Count(""))
	require.Equal(t, before+67*2, srv.Charges())
}

// Two hundred goroutines meet every fault there is, and are told of each the truth:
// what is said to be done was done once, and what is said not to be done was not.
func TestFaultConcurrencyUnderFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, s := cloudStage(t)
		random := rand.New(rand.NewPCG(1, 2))
		faults := []cbrtest.Fault{
			{Conn: cbrtest.ResetAfterRequest, Apply: true}, {Conn: cbrtest.ResetAfterRequest}, {Conn: cbrtest.CloseAfterRequest, Apply: true},
			{Conn: cbrtest.CloseBeforeBody}, {Conn: cbrtest.CutBody}, {Conn: cbrtest.Silence, Apply: true}, {Conn: cbrtest.CloseAfterAnswer},
			{Status: 500, Apply: true}, {Status: 503}, {Status: 429, Header: http.Header{"Retry-After": {"1"}}}, {Status: 200, Body: gatewayPage, Apply: true},
			{Code: "Backup.System.Busy"}, {Conn: cbrtest.MalformedStatus, Apply: true}, cbrtest.OrderInProgress(), {}, {}, {}, {}, {}, {}, {},
		}
		for range 400 {
			srv.Inject(orderDeed.operation, faults[random.IntN(len(faults))])
		}
		before := srv.Charges()
		var done, refused, unknown atomic.Int64
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				switch _, err := orderDeed.do(t.Context(), s.client); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, ctcbr.ErrOutcomeUnknown):
					unknown.Add(1)
				default:
					refused.Add(1)
				}
			})
		}
		all.Wait()
		t.Log("done", done.Load(), "refused", refused.Load(), "unknown", unknown.Load(), "charged", srv.Charges()-before)
		charged := int64(srv.Charges() - before)
		require.GreaterOrEqual(t, charged, done.Load())
		require.LessOrEqual(t, charged, done.Load()+unknown.Load())
		require.Positive(t, done.Load())
		require.Positive(t, refused.Load())
		s.end(t)
	})
}

// A storm of 429s is not answered by a storm of retries: all requests together stay
// within 1.1 times the calls, plus ten.
func TestFaultRetryBudget(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{"": "X-None: 1", " with Retry-After": "Retry-After: 1", " with Retry-After of nothing": "Retry-After: 0"} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprint("together ", together, name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					const calls = 300
					s := answering(answer("429 Too Many Requests", "", header))(t)
					var all sync.WaitGroup
					for i := range calls {
						all.Go(func() {
							_, err := deeds[i%len(deeds)].do(t.Context(), s.client)
							require.ErrorIs(t, err, ctcbr.ErrThrottled)
							require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
						})
						if !together {
							all.Wait()
						}
					}
					all.Wait()
					require.LessOrEqual(t, len(s.requests()), calls+calls/10+10)
					require.Greater(t, len(s.requests()), calls)
					s.end(t)
				})
			})
		}
	}
}

// A budget that was used up comes back with calls that go well.
func TestFaultRetryBudgetComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var throttle atomic.Bool
		throttle.Store(true)
		s := serving(func(c *edgeConn) {
			for {
				if _, ok := c.request(); !ok {
					return
				}
				if throttle.Load() {
					c.say(answer("429 Too Many Requests", ""))
				} else {
					c.say(answer200(successAnswer))
				}
			}
		})(t)
		for range 20 {
			_, err := readDeed.do(t.Context(), s.client)
			require.ErrorIs(t, err, ctcbr.ErrThrottled)
		}
		_, err := readDeed.do(t.Context(), s.client)
		require.LessOrEqual(t, requireFault(t, readDeed, err).Attempts, 2, "hardly any budget is left")
		throttle.Store(false)
		for range 40 {
			_, err := readDeed.do(t.Context(), s.client)
			require.NoError(t, err)
		}
		throttle.Store(true)
		_, err = readDeed.do(t.Context(), s.client)
		require.Equal(t, 4, requireFault(t, readDeed, err).Attempts)
		s.end(t)
	})
}

// The waits between attempts are random below a bound that doubles, up to the longest.
func TestFaultWaitsGrowAndVary(t *testing.T) {
	t.Parallel()
	totals := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := answering(answer("503 Service Unavailable", ""), ctcbr.WithRetryWait(100*time.Millisecond, 300*time.Millisecond), ctcbr.WithMaxAttempts(6))(t)
			began := time.Now()
			s.try(t.Context(), t, readDeed, lost(ctcbr.ErrUnavailable).with(503).read.times(6))
			took := time.Since(began)
			require.LessOrEqual(t, took, (100+200+300+300+300)*time.Millisecond)
			totals[took] = true
			s.end(t)
		})
	}
	require.Greater(t, len(totals), 10, "waits of clients that fail together differ")
}

// The headers of a request share memory; who adds a value to one changes no other.
func TestHeadersGrowApart(t *testing.T) {
	t.Parallel()
	e := &edge{serve: answers(answer200(successAnswer))}
	more := func(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		before := r.Header.Clone()
		for name := range before {
			r.Header.Add(name, "more")
		}
		for name, values := range before {
			require.Equal(t, append(values, "more"), r.Header[name], name)
		}
		r.Header = before
		return next(r)
	}
	synctest.Test(t, func(t *testing.T) {
		s := e.stage(t, e.transport(), ctcbr.WithMiddleware(more))
		s.try(t.Context(), t, orderDeed, want{ok: true, requests: 1})
		s.end(t)
	})
}

// Nothing of a key or a signature gets into what is logged, whatever the server
// repeats in its answer's head and body.
func TestFaultEchoInLogs(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		var log bytes.Buffer
		e := &edge{serve: func(c *edgeConn) {
			for {
				r, ok := c.request()
				if !ok {
					return
				}
				leak := r.signature + "%20" + faultSK
				c.say(answer("503 Service Unavailable", `{"a":`+quote(leak)+`}`, "Server: "+leak, "Via: "+leak, "Location: /"+leak))
			}
		}}
		s := e.stage(t, e.transport(), ctcbr.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))), ctcbr.WithLogBodies())
		_, err := d.do(t.Context(), s.client)
		requireFault(t, d, err)
		require.NotEmpty(t, log.String())
		for _, r := range s.requests() {
			for _, plain := range disguises(log.String()) {
				requireNoPiece(t, plain, r.signature)
				requireNoPiece(t, plain, faultSK)
			}
		}
		s.end(t)
	})
}

// Printing a client, its key pair or a result tells no key either.
func TestFaultPrintingTellsNoKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := answering(answer200(successAnswer))(t)
		o, err := s.client.Storages.Create(t.Context(), vault())
		require.NoError(t, err)
		pair := ctcbr.NewCredentials(faultAK, faultSK)
		for _, v := range []any{s.client, *o, o, pair, &pair, struct{ C ctcbr.Credentials }{pair}, []ctcbr.Credentials{pair}, map[string]ctcbr.Credentials{"x": pair}} {
			text := fmt.Sprintf("%v|%+v|%#v", v, v, v)
			if v != any(s.client) { // of which fmt would print what other goroutines write
				text += fmt.Sprintf("%s|%q|%x|%d", v, v, v, v)
			}
			if encoded, bad := json.Marshal(v); bad == nil {
				text += string(encoded)
			}
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
			for _, plain := range disguises(text + log.String()) {
				requireNoPiece(t, plain, faultSK)
				require.NotContains(t, plain, fmt.Sprintf("%x", faultSK))
				requireNoPiece(t, plain, s.requests()[0].signature)
			}
		}
		s.end(t)
	})
}

// Nor does a verb that fits nothing, for which fmt looks behind every pointer.
func TestFaultPrintingByAWrongVerbTellsNoKey(t *testing.T) {
	t.Parallel()
	var signature string
	s := (&edge{}).stage(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		signature = signatureOf(r.Header)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(successAnswer)), Request: r}, nil
	}))
	_, err := orderDeed.do(t.Context(), s.client)
	require.NoError(t, err)
	for _, verb := range []string{"%s", "%q", "%x", "%d", "%t", "%p", "%z", "%v", "%+v", "%#v"} {
		text := fmt.Sprintf(verb, s.client)
		requireNoPiece(t, text, faultSK)
		requireNoPiece(t, text, signature)
	}
}

// A call of an operation that the SDK does not know is held to the same table.
func TestFaultRawCalls(t *testing.T) {
	t.Parallel()
	raw := func(req ctcbr.RawRequest) func(ctx context.Context, c *ctcbr.Client) (string, error) {
		return func(ctx context.Context, c *ctcbr.Client) (string, error) {
			resp, err := c.Do(ctx, &req)
			if err != nil {
				return "", err
			}
			return resp.RequestID, nil
		}
	}
	for name, f := range map[string]struct {
		req      ctcbr.RawRequest
		requests int
		unknown  bool
	}{
		"GET":                       {ctcbr.RawRequest{Method: "GET", Path: "/v4/backup/new"}, 4, false},
		"POST":                      {ctcbr.RawRequest{Method: "POST", Path: "/v4/backup/new", Body: map[string]int{"a": 1}}, 1, true},
		"POST without a body":       {ctcbr.RawRequest{Method: "POST", Path: "/v4/backup/new"}, 1, true},
		"POST that may be repeated": {ctcbr.RawRequest{Method: "POST", Path: "/v4/backup/new", Body: 1, Repeatable: true}, 4, true},
	} {
		for protocol, stage := range map[string]func(t *testing.T) *stage{
			"HTTP/1.1, reset": serving(func(c *edgeConn) { c.request() }),
			"HTTP/2, refused": h2Stage(each2(func(c *h2Conn, stream uint32) { c.reset(stream, codeProtocol) })),
			"HTTP/2, GOAWAY": h2Stage(func(c *h2Conn) {
				c.request()
				c.goAway(0, codeNone)
			}),
		} {
			t.Run(name+" "+protocol, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := stage(t)
					_, err := raw(f.req)(t.Context(), s.client)
					var e *ctcbr.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, f.requests, e.Attempts)
					if f.req.Method == "POST" {
						require.Len(t, s.requests(), f.requests)
					}
					require.Equal(t, f.unknown, errors.Is(err, ctcbr.ErrOutcomeUnknown))
					s.end(t)
				})
			})
		}
	}
	t.Run("refused before they are sent", func(t *testing.T) {
		t.Parallel()
		c := faultClient(t)
		for _, req := range []ctcbr.RawRequest{{}, {Method: "PUT", Path: "/x"}, {Method: "GET", Path: "x"}, {Method: "GET", Path: "/x?y=1"}, {Method: "GET", Path: "/x#y"}, {Method: "POST", Path: "/x", Body: func() {}}} {
			_, err := c.Do(t.Context(), &req)
			require.Error(t, err)
		}
		_, err := c.Do(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
	})
}
