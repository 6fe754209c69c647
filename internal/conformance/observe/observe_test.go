// Package observe holds what a program is shown of its calls: logs, hooks, middleware,
// errors and their hints.
package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

// journal keeps the records of a logger.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) logger(level slog.Level) ctcbr.Option {
	return ctcbr.WithLogger(slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: level})))
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) records(t testing.TB) []map[string]any {
	t.Helper()
	var records []map[string]any
	for line := range strings.Lines(j.String()) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		records = append(records, record)
	}
	return records
}

// acts are calls of the three kinds, by what a second request would do.
var acts = map[string]func(context.Context, *ctcbr.Client, *cbrtest.Server) error{
	"read": func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
		_, err := c.Storages.List(ctx, nil)
		return err
	},
	"order": func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
		_, err := c.Storages.Create(ctx, &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
		return err
	},
	"write": func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error {
		_, err := c.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)})})
		return err
	},
	"list": func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
		for _, err := range c.Storages.All(ctx, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"left list": func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error {
		for _, err := range c.Storages.All(ctx, nil) {
			return err
		}
		return errors.New("the list was empty")
	},
}

func TestLogHasARecordOfEveryAttempt(t *testing.T) {
	t.Parallel()
	type record struct {
		level  string
		status int
		says   string // part of the error; "" wants none
	}
	ok := record{"INFO", 200, ""}
	again := http.Header{"Retry-After": {"1"}}
	cases := map[string]struct {
		act     string
		fault   *cbrtest.Fault
		records []record
	}{
		"read":                    {"read", nil, []record{ok}},
		"order":                   {"order", nil, []record{ok}},
		"write":                   {"write", nil, []record{ok}},
		"list":                    {"list", nil, []record{ok}},
		"list that is left early": {"left list", nil, []record{ok}},
		"throttled read":          {"read", &cbrtest.Fault{Status: 429, Times: 2}, []record{{"WARN", 429, "HTTP 429"}, {"WARN", 429, "after 2 attempts"}, ok}},
		"throttled write":         {"write", &cbrtest.Fault{Status: 429, Header: again}, []record{{"WARN", 429, "HTTP 429"}, ok}},
		"throttled list":          {"list", &cbrtest.Fault{Status: 429, Header: again}, []record{{"WARN", 429, "HTTP 429"}, ok}},
		"server fault of a write": {"write", &cbrtest.Fault{Status: 503}, []record{{"WARN", 503, "outcome unknown"}}},
		"lost answer":             {"order", &cbrtest.Fault{Apply: true, Conn: cbrtest.ResetAfterRequest}, []record{{"WARN", 0, "outcome unknown"}, ok}},
		"list cut short":          {"list", &cbrtest.Fault{Conn: cbrtest.CutBody}, []record{{"WARN", 200, "not a CT-CBR response"}}},
		"refused":                 {"read", &cbrtest.Fault{Code: "Backup.Storage.NotFound"}, []record{{"WARN", 200, "Backup.Storage.NotFound"}}},
		"refused list":            {"list", &cbrtest.Fault{Code: "Backup.Storage.NotFound"}, []record{{"WARN", 200, "Backup.Storage.NotFound"}}},
		"gateway's page":          {"write", &cbrtest.Fault{Body: "<html>\n\x1b[31m"}, []record{{"WARN", 200, `response begins "<html>\n`}}},
		"rejected under a success": {"write", &cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"status":"fail","msg":"busy"}}`},
			[]record{{"WARN", 200, "command rejected"}}},
		"success without what was made": {"order", &cbrtest.Fault{Body: `{"statusCode":800,"returnObj":null}`}, []record{{"WARN", 200, "outcome unknown"}}},
		"order in progress":             {"order", ptr(cbrtest.OrderInProgress()), []record{ok}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				for range 8 { // so that a list that is cut has items
					cloud.AddStorage(cbrtest.Storage{})
				}
				if c.fault != nil {
					cloud.Inject("", *c.fault)
				}
				var log journal
				err := acts[c.act](t.Context(), client(log.logger(slog.LevelInfo)), cloud)
				last := c.records[len(c.records)-1]
				require.Equal(t, last.says == "", err == nil, "%v", err)

				records, requests := log.records(t), cloud.Requests()
				require.Len(t, records, len(c.records), log.String())
				require.Len(t, requests, len(c.records))
				for i, got := range records {
					want := c.records[i]
					keys := []string{"attempt", "duration", "level", "msg", "operation", "request_id", "status", "time"}
					if want.says != "" {
						keys = append(keys, "error", "retry")
						require.Contains(t, got["error"], want.says)
					}
					require.ElementsMatch(t, keys, slices.Collect(maps.Keys(got)))
					require.Equal(t, want.level, got["level"])
					require.EqualValues(t, want.status, got["status"])
					require.EqualValues(t, i+1, got["attempt"])
					require.Equal(t, requests[i].Operation, got["operation"])
					require.Equal(t, requests[i].RequestID, got["request_id"])
				}
				if err != nil {
					require.Equal(t, err.Error(), records[len(records)-1]["error"])
				}
			})
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestLogTellsTheDuration(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		cloud.AddStorage(cbrtest.Storage{})
		cloud.AddStorage(cbrtest.Storage{})
		var log journal
		c := client(log.logger(slog.LevelInfo))
		cloud.Inject("", cbrtest.Fault{Delay: 3 * time.Second})
		_, err := c.Storages.List(t.Context(), nil)
		require.NoError(t, err)
		require.EqualValues(t, 3*time.Second, log.records(t)[0]["duration"])

		for _, err := range c.Storages.All(t.Context(), nil) {
			require.NoError(t, err)
			require.Len(t, log.records(t), 1, "a list is logged at its end")
			time.Sleep(time.Minute)
		}
		require.Len(t, log.records(t), 2)
		require.EqualValues(t, 2*time.Minute, log.records(t)[1]["duration"])
	})
}

func TestLogOfWhatIsNotAnswered(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var log journal
		c := client(log.logger(slog.LevelInfo))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		cloud.Inject("", cbrtest.Fault{Conn: cbrtest.Silence})
		err := acts["write"](ctx, c, cloud)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		records := log.records(t)
		require.Len(t, records, 1)
		require.EqualValues(t, 0, records[0]["status"])
		require.EqualValues(t, time.Second, records[0]["duration"])

		require.Error(t, acts["write"](ctx, c, cloud), "what is not sent is no attempt")
		_, err = c.Plans.Stop(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Len(t, log.records(t), 1)
	})
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	const always, detail, bodies = 1, 2, 3
	cases := map[string]struct {
		level   slog.Level
		bodies  bool
		records int
		holds   int
	}{
		"errors alone":         {slog.LevelError, true, 0, 0},
		"warnings":             {slog.LevelWarn, true, 1, always},
		"information":          {slog.LevelInfo, true, 2, always},
		"debug":                {slog.LevelDebug, false, 2, detail},
		"debug, with bodies":   {slog.LevelDebug, true, 2, bodies},
		"below debug, as well": {slog.LevelDebug - 4, true, 2, bodies},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				cloud.Inject("", cbrtest.Fault{Status: 503, Body: "<p>overload</p>"})
				var log journal
				opts := []ctcbr.Option{log.logger(c.level)}
				if c.bodies {
					opts = append(opts, ctcbr.WithLogBodies())
				}
				require.NoError(t, acts["order"](t.Context(), client(opts...), cloud))
				records := log.records(t)
				require.Len(t, records, c.records)
				for _, r := range records {
					for _, key := range []string{"method", "path", "query", "request_header", "response_header"} {
						require.Equal(t, c.holds >= detail, r[key] != nil, key)
					}
					require.Equal(t, c.holds == bodies, r["request_body"] != nil)
					require.Equal(t, c.holds == bodies, r["response_body"] != nil)
				}
				if c.holds < detail {
					return
				}
				require.Equal(t, "POST", records[0]["method"])
				require.Equal(t, "/v4/backup/create-storage-backup", records[0]["path"])
				requireKeys(t, records[0]["request_header"], "Content-Type", "Eop-Date", "User-Agent")
				requireKeys(t, records[1]["response_header"], "Content-Type", "Content-Length", "Date")
				if c.holds == bodies {
					require.Contains(t, records[0]["request_body"], `"backupStorageName":"vault"`)
					require.Equal(t, "<p>overload</p>", records[0]["response_body"])
					require.Contains(t, records[1]["response_body"], "masterOrderID")
				}
			})
		})
	}
}

// requireKeys requires some of the given headers, and no others.
func requireKeys(t testing.TB, headers any, allowed ...string) {
	t.Helper()
	got := slices.Collect(maps.Keys(headers.(map[string]any)))
	require.NotEmpty(t, got)
	require.Subset(t, allowed, got)
}

func TestLogOfAQuery(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var log journal
		_, err := client(log.logger(slog.LevelDebug), ctcbr.WithLogBodies()).Storages.List(t.Context(), &ctcbr.ListStoragesRequest{})
		require.NoError(t, err)
		record := log.records(t)[0]
		require.Equal(t, cloud.Requests()[0].Query, record["query"])
		require.Empty(t, record["request_body"])
	})
}

func TestLogShowsTheBeginningOfLongBodies(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		cloud.Inject("", cbrtest.Fault{Times: 2, Rewrite: func([]byte) []byte {
			return []byte(`{"statusCode":800,"returnObj":{},"more":"` + strings.Repeat("盘", 100_000) + `"}`)
		}})
		var log journal
		c := client(log.logger(slog.LevelDebug), ctcbr.WithLogBodies())
		require.NoError(t, acts["read"](t.Context(), c, cloud))
		require.NoError(t, acts["list"](t.Context(), c, cloud))
		for _, r := range log.records(t) {
			require.Regexp(t, `^\{"statusCode":800,.*盘`, r["response_body"])
			require.Less(t, len(r["response_body"].(string)), 4200)
		}
	})
}

// A gateway may repeat what it got, anywhere and in any form.
func TestLogShowsNoSecrets(t *testing.T) {
	t.Parallel()
	const secretKey = "Kd7/9a+Zq3=Lw0x&5Tt"
	pages := map[string]func(authorization string) string{
		"plain":           func(s string) string { return s },
		"percent-encoded": url.QueryEscape,
		"path-escaped":    url.PathEscape,
		"HTML":            func(s string) string { return "<p>" + html.EscapeString(s) },
		"JSON":            func(s string) string { b, _ := json.Marshal(s); return string(b) },
		"envelope": func(s string) string {
			b, _ := json.Marshal(map[string]any{"statusCode": 900, "error": "Auth.Refused", "message": s})
			return string(b)
		},
		"cut in the middle": func(s string) string { return strings.Repeat("x", 4<<10-len(s)+20) + s },
		"cut in the error":  func(s string) string { return strings.Repeat("x", 256-len(s)+20) + s },
	}
	for name, page := range pages {
		for _, status := range []int{200, 302, 403, 503} {
			t.Run(name+"/"+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				s := conformance.NewService(t)
				s.Responds(func(w http.ResponseWriter, r *http.Request) {
					echo := r.Header.Get("Eop-Authorization") + " of " + secretKey
					for _, header := range []string{"Location", "Server", "Via", "Retry-After", "Eop-Authorization", "X-Echo"} {
						w.Header().Set(header, url.PathEscape(echo))
					}
					w.WriteHeader(status)
					io.WriteString(w, page(echo))
				})
				var log journal
				c := s.Client(t, ctcbr.WithStaticCredentials("4f0c6a1e9b", secretKey), ctcbr.WithRegion("r"),
					log.logger(slog.LevelDebug), ctcbr.WithLogBodies(), ctcbr.WithMaxAttempts(2))
				require.Error(t, acts["read"](t.Context(), c, nil))
				require.Error(t, acts["list"](t.Context(), c, nil))
				requests, text := s.Take(), log.String()
				require.NotEmpty(t, requests)
				require.Len(t, log.records(t), len(requests))
				secrets := []string{secretKey}
				for _, r := range requests {
					_, signed, _ := strings.Cut(r.Header.Get("Eop-Authorization"), "Signature=")
					secrets = append(secrets, signed)
				}
				for _, secret := range secrets {
					for i := 0; i+10 <= len(secret); i++ {
						require.NotContains(t, text, secret[i:i+10])
					}
				}
				for _, r := range log.records(t) {
					requireKeys(t, r["request_header"], "Content-Type", "Eop-Date", "User-Agent")
					requireKeys(t, r["response_header"], "Content-Type", "Content-Length", "Date", "Location", "Server", "Via", "Retry-After")
					delete(r, "error") // where the service's words are needed
					without, err := json.Marshal(r)
					require.NoError(t, err)
					require.NotContains(t, string(without), "4f0c6a1e9b")
				}
			})
		}
	}
}

func TestNothingIsPrintedUnlessAskedFor(t *testing.T) {
	t.Parallel()
	const child = "CTCBR_TEST_PRINT"
	if key := os.Getenv(child); key != "" {
		os.Setenv("CTYUN_CONFIG", key)
		slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug - 4})))
		s := conformance.NewService(t)
		c, err := ctcbr.NewClient(ctcbr.WithEndpoint(s.URL), ctcbr.WithRegion("r"), ctcbr.WithRetryWait(0, 0), ctcbr.WithLogBodies())
		require.NoError(t, err)
		for _, status := range []int{200, 302, 401, 429, 500} {
			s.Answer(status, conformance.Success)
			for name, act := range acts {
				if name != "write" {
					_ = act(t.Context(), c, nil)
				}
			}
		}
		s.Responds(conformance.HangUp("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1"))
		_ = acts["order"](t.Context(), c, nil)
		if c.Close() == nil && len(s.Take()) > 20 {
			os.Exit(0) // before the testing package prints something
		}
		os.Exit(3)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsPrintedUnlessAskedFor$")
	key := filepath.Join(t.TempDir(), "config.json")                              // of this process: the other one does not end in order
	require.NoError(t, os.WriteFile(key, []byte(`{"ak":"ak","sk":"sk"}`), 0o644)) // others can read it
	cmd.Env = append(os.Environ(), child+"="+key)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
}

func TestLogWarnsOfAKeyFileThatOthersCanRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes there")
	}
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"ak":"file-ak","sk":"file-sk"}`), 0o644))
	t.Setenv("CTYUN_CONFIG", path)
	var log journal
	newClient := func(opts ...ctcbr.Option) {
		_, err := ctcbr.NewClient(append(opts, ctcbr.WithRegion("r"))...)
		require.NoError(t, err)
	}
	newClient(log.logger(slog.LevelInfo))
	records := log.records(t)
	require.Len(t, records, 1)
	require.Equal(t, "WARN", records[0]["level"])
	require.Contains(t, records[0]["msg"], path)
	require.NotContains(t, log.String(), "file-sk")

	newClient() // nobody to tell
	newClient(log.logger(slog.LevelInfo), ctcbr.WithStaticCredentials("ak", "sk"))
	require.NoError(t, os.Chmod(path, 0o600))
	newClient(log.logger(slog.LevelInfo))
	require.Len(t, log.records(t), 1, "keys of elsewhere, and a file that is private")
}

func TestLogHasTheContextOfTheCall(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		type key struct{}
		var seen []any
		c := client(
			ctcbr.WithLogger(slog.New(handler(func(ctx context.Context) { seen = append(seen, ctx.Value(key{})) }))),
			ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
				return context.WithValue(ctx, key{}, "span"), nil
			}))
		require.NoError(t, acts["read"](t.Context(), c, cloud))
		require.Equal(t, []any{"span"}, seen)
	})
}

// handler is a slog.Handler that is told of contexts alone.
type handler func(context.Context)

func (h handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) Handle(ctx context.Context, _ slog.Record) error {
	h(ctx)
	return nil
}
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h handler) WithGroup(string) slog.Handler      { return h }

type next = func(*http.Request) (*http.Response, error)

func TestMiddlewareOrder(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var seen []string
		named := func(name string) ctcbr.Middleware {
			return func(req *http.Request, next next) (*http.Response, error) {
				seen = append(seen, "to "+name)
				resp, err := next(req)
				seen = append(seen, "from "+name)
				return resp, err
			}
		}
		c := client(ctcbr.WithOptions(ctcbr.WithMiddleware(named("a"), named("b")), ctcbr.WithMiddleware(named("c"))))
		require.NoError(t, acts["read"](t.Context(), c, cloud))
		require.Equal(t, []string{"to a", "to b", "to c", "from c", "from b", "from a"}, seen)
	})
}

func TestMiddlewareSeesEverySignedAttempt(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"read", "order", "list"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				cloud.Inject("", cbrtest.Fault{Status: 503, Times: 2})
				var calls []ctcbr.CallInfo
				var ids []string
				c := client(ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
					info, ok := ctcbr.CallFromContext(req.Context())
					require.True(t, ok)
					require.Contains(t, req.Header.Get("Eop-Authorization"), "Signature=")
					calls, ids = append(calls, info), append(ids, req.Header.Get("Ctyun-Eop-Request-Id"))
					return next(req)
				}))
				require.NoError(t, acts[act](t.Context(), c, cloud))
				requests := cloud.Requests()
				require.Len(t, requests, 3)
				require.Len(t, calls, 3)
				for i, r := range requests {
					require.Equal(t, ctcbr.CallInfo{Operation: r.Operation, Method: r.Method, Path: r.Path, Attempt: i + 1}, calls[i])
					require.Equal(t, r.RequestID, ids[i])
				}
			})
		})
	}
	_, ok := ctcbr.CallFromContext(t.Context())
	require.False(t, ok)
}

func TestMiddlewareChangesRequestsAndResponses(t *testing.T) {
	t.Parallel()
	type key struct{}
	cases := map[string]struct {
		m     []ctcbr.Middleware
		check func(t *testing.T, cloud *cbrtest.Server, err error)
	}{
		"adds a header": {[]ctcbr.Middleware{func(req *http.Request, next next) (*http.Response, error) {
			req.Header.Set("X-Team", "storage")
			return next(req)
		}}, func(t *testing.T, cloud *cbrtest.Server, err error) {
			require.NoError(t, err)
			require.Equal(t, "storage", cloud.Requests()[0].Header.Get("X-Team"))
		}},
		"adds a header to a copy": {[]ctcbr.Middleware{func(req *http.Request, next next) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Header.Set("X-Team", "storage")
			return next(req)
		}}, func(t *testing.T, cloud *cbrtest.Server, err error) {
			require.NoError(t, err)
			require.Equal(t, "storage", cloud.Requests()[0].Header.Get("X-Team"))
		}},
		"adds to the context": {[]ctcbr.Middleware{
			func(req *http.Request, next next) (*http.Response, error) {
				return next(req.WithContext(context.WithValue(req.Context(), key{}, "outer")))
			},
			func(req *http.Request, next next) (*http.Response, error) {
				if req.Context().Value(key{}) != "outer" {
					return nil, errors.New("the context was lost")
				}
				return next(req)
			},
		}, func(t *testing.T, cloud *cbrtest.Server, err error) { require.NoError(t, err) }},
		"gives a shorter time": {[]ctcbr.Middleware{func(req *http.Request, next next) (*http.Response, error) {
			ctx, cancel := context.WithTimeout(req.Context(), time.Nanosecond)
			defer cancel()
			<-ctx.Done()
			return next(req.WithContext(ctx))
		}}, func(t *testing.T, cloud *cbrtest.Server, err error) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Empty(t, cloud.Requests())
		}},
		"replaces a response": {[]ctcbr.Middleware{func(req *http.Request, next next) (*http.Response, error) {
			resp, err := next(req)
			if err != nil {
				return nil, err
			}
			resp.Body.Close()
			return &http.Response{StatusCode: 404, Body: io.NopCloser(strings.NewReader("gone"))}, nil
		}}, func(t *testing.T, cloud *cbrtest.Server, err error) {
			require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
			require.ErrorContains(t, err, `"gone"`)
			require.Len(t, cloud.Requests(), 1)
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				c.check(t, cloud, acts["read"](t.Context(), client(ctcbr.WithMiddleware(c.m...)), cloud))
			})
		})
	}
}

var errOfMine = errors.New("no calls on Fridays")

// What was sent, how often it was tried, and what is known of its outcome follow
// from whether next was called, not from what the transport tells.
func TestMiddlewareFails(t *testing.T) {
	t.Parallel()
	const nothing, once, all = 0, 1, 4
	made := func(status int, body string) ctcbr.Middleware {
		return func(*http.Request, next) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
		}
	}
	type counts struct{ read, order, write int }
	cases := map[string]struct {
		m        ctcbr.Middleware
		requests counts
		attempts counts
		unknown  bool  // for an order and a write
		is       error // nil wants success
		says     string
	}{
		"calls next twice": {m: func(req *http.Request, next next) (*http.Response, error) {
			next(req)
			return next(req)
		}, requests: counts{once, once, once}, attempts: counts{once, once, once}, unknown: true, says: "called next twice"},
		"calls next twice and keeps the first answer": {m: func(req *http.Request, next next) (*http.Response, error) {
			resp, err := next(req)
			next(req)
			return resp, err
		}, requests: counts{once, once, once}},
		"calls next at once in many goroutines": {m: func(req *http.Request, next next) (*http.Response, error) {
			var group sync.WaitGroup
			answers := make(chan *http.Response, 8)
			for range cap(answers) {
				group.Go(func() {
					if resp, err := next(req.Clone(req.Context())); err == nil {
						answers <- resp
					}
				})
			}
			group.Wait()
			return <-answers, nil
		}, requests: counts{once, once, once}},
		"returns nothing": {m: func(*http.Request, next) (*http.Response, error) {
			return nil, nil
		}, attempts: counts{once, once, once}, says: "neither a response nor an error"},
		"returns nothing after next": {m: func(req *http.Request, next next) (*http.Response, error) {
			next(req)
			return nil, nil
		}, requests: counts{once, once, once}, attempts: counts{once, once, once}, unknown: true, says: "neither a response nor an error"},
		"returns its own error": {m: func(*http.Request, next) (*http.Response, error) {
			return nil, errOfMine
		}, attempts: counts{once, once, once}, is: errOfMine},
		"returns its own error after next": {m: func(req *http.Request, next next) (*http.Response, error) {
			next(req)
			return nil, errOfMine
		}, requests: counts{all, all, once}, attempts: counts{all, all, once}, unknown: true, is: errOfMine},
		"returns an answer and an error": {m: func(req *http.Request, next next) (*http.Response, error) {
			resp, _ := next(req)
			return resp, errOfMine
		}, requests: counts{all, all, once}, attempts: counts{all, all, once}, unknown: true, is: errOfMine},
		"makes a success up":    {m: made(200, conformance.Success)},
		"makes a refusal up":    {m: made(403, ""), attempts: counts{once, once, once}, is: ctcbr.ErrUnauthorized},
		"makes a fault up":      {m: made(503, ""), attempts: counts{all, all, once}, is: ctcbr.ErrUnavailable},
		"makes a bad answer up": {m: made(200, "<html>"), attempts: counts{2, all, once}, is: ctcbr.ErrBadAnswer},
		"makes nobody's answer": {m: func(*http.Request, next) (*http.Response, error) { return &http.Response{StatusCode: 200}, nil }, attempts: counts{2, all, once}, is: ctcbr.ErrBadAnswer},
		"waits beyond the time": {m: func(req *http.Request, _ next) (*http.Response, error) { <-req.Context().Done(); return nil, errOfMine }, attempts: counts{once, once, once}, says: "within the time of an attempt"},
		"takes the trace away": {m: func(req *http.Request, next next) (*http.Response, error) {
			return next(req.WithContext(context.Background()))
		}, requests: counts{once, once, once}},
		"reads the body instead": {m: func(req *http.Request, _ next) (*http.Response, error) { readAll(req); return nil, errOfMine }, attempts: counts{once, once, once}, is: errOfMine},
	}
	for name, c := range cases {
		for kind, number := range map[string][2]int{
			"read":  {c.requests.read, c.attempts.read},
			"order": {c.requests.order, c.attempts.order},
			"write": {c.requests.write, c.attempts.write},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
					err := acts[kind](t.Context(), client(ctcbr.WithMiddleware(c.m)), cloud)
					require.Len(t, cloud.Requests(), number[0])
					require.LessOrEqual(t, cloud.Charges(), 1)
					if c.is == nil && c.says == "" {
						require.NoError(t, err)
						return
					}
					if c.is != nil {
						require.ErrorIs(t, err, c.is)
					}
					require.ErrorContains(t, err, c.says)
					require.Equal(t, c.unknown && kind != "read", errors.Is(err, ctcbr.ErrOutcomeUnknown), "%v", err)
					var e *ctcbr.Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, number[1], e.Attempts)
				})
			})
		}
	}
}

func readAll(req *http.Request) {
	if req.Body != nil {
		_, _ = io.ReadAll(req.Body)
	}
}

func TestMiddlewareCallsNextTooLate(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var late func() (*http.Response, error)
		c := client(ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
			late = func() (*http.Response, error) { return next(req) }
			return nil, errOfMine
		}, func(req *http.Request, next next) (*http.Response, error) {
			t.Error("the inner middleware was called")
			return next(req)
		}))
		err := acts["write"](t.Context(), c, cloud)
		require.ErrorIs(t, err, errOfMine)
		require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		_, err = late()
		require.ErrorContains(t, err, "after it had returned")
		require.Empty(t, cloud.Requests())
	})
}

// Middleware does not hide from the retries that no connection was had.
func TestMiddlewareOfAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		attempts := 0
		c := client(ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
			attempts++
			return next(req)
		}))
		cloud.Close()
		err := acts["write"](t.Context(), c, cloud)
		require.Error(t, err)
		require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		require.Equal(t, 4, attempts)
	})
}

func TestMiddlewareThatWaitsIsEndedByTheContext(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := acts["write"](ctx, client(ctcbr.WithMiddleware(func(req *http.Request, _ next) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})), cloud)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown, "nothing was sent")
	})
}

func TestMiddlewarePanics(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var log journal
		var ended []error
		c := client(log.logger(slog.LevelInfo), ending(&ended), ctcbr.WithMiddleware(func(*http.Request, next) (*http.Response, error) { panic("mine") }))
		require.PanicsWithValue(t, "mine", func() { _ = acts["read"](t.Context(), c, cloud) })
		require.Empty(t, log.String(), "it was neither a success nor a failure of the service")
		require.Len(t, ended, 1)
		require.ErrorContains(t, ended[0], "panic")
	})
}

// ending keeps what calls ended with.
func ending(errs *[]error) ctcbr.Option {
	return ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
		return ctx, func(err error) { *errs = append(*errs, err) }
	})
}

func TestCallHookSeesTheFinalError(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		act   string
		fault *cbrtest.Fault
		is    error
	}{
		"success":                       {"read", nil, nil},
		"success after a retry":         {"order", &cbrtest.Fault{Status: 503}, nil},
		"failure after retries":         {"order", &cbrtest.Fault{Status: 503, Times: -1}, ctcbr.ErrUnavailable},
		"refused":                       {"read", &cbrtest.Fault{Code: "Backup.Storage.NotFound"}, ctcbr.ErrNotFound},
		"rejected under a success":      {"write", &cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"status":"fail"}}`}, ctcbr.ErrRejected},
		"success without what was made": {"order", &cbrtest.Fault{Body: `{"statusCode":800}`}, ctcbr.ErrOutcomeUnknown},
		"list":                          {"list", nil, nil},
		"list that is left early":       {"left list", nil, nil},
		"list after a retry":            {"list", &cbrtest.Fault{Status: 503}, nil},
		"list cut short":                {"list", &cbrtest.Fault{Conn: cbrtest.CutBody}, io.ErrUnexpectedEOF},
		"list refused":                  {"list", &cbrtest.Fault{Status: 403}, ctcbr.ErrUnauthorized},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				for range 8 { // so that a list that is cut has items
					cloud.AddStorage(cbrtest.Storage{})
				}
				if c.fault != nil {
					cloud.Inject("", *c.fault)
				}
				var ended []error
				var begun []ctcbr.CallInfo
				cl := client(ending(&ended), ctcbr.WithCallHook(nil), ctcbr.WithCallHook(func(ctx context.Context, call ctcbr.CallInfo) (context.Context, func(error)) {
					begun = append(begun, call)
					return ctx, nil
				}))
				err := acts[c.act](t.Context(), cl, cloud)
				require.Equal(t, c.is == nil, err == nil, "%v", err)
				require.ErrorIs(t, err, c.is)
				require.Equal(t, []error{err}, ended)
				r := cloud.Requests()[0]
				require.Equal(t, []ctcbr.CallInfo{{Operation: r.Operation, Method: r.Method, Path: r.Path}}, begun)
			})
		})
	}
}

func TestCallHookAndWhatIsNotSent(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		var ended []error
		c := client(ending(&ended))
		_, err := c.Plans.Stop(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Empty(t, ended, "what validation refuses is no call")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, acts["read"](ctx, c, cloud), context.Canceled)
		require.NoError(t, c.Close())
		require.ErrorIs(t, acts["list"](t.Context(), c, cloud), ctcbr.ErrClosed)
		require.Len(t, ended, 2)
		require.ErrorIs(t, ended[0], context.Canceled)
		require.ErrorIs(t, ended[1], ctcbr.ErrClosed)
		require.Empty(t, cloud.Requests())
	})
}

func TestCallHooksNest(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		type key struct{}
		var seen []string
		hook := func(name string) ctcbr.Option {
			return ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
				path, _ := ctx.Value(key{}).(string)
				seen = append(seen, path+name)
				return context.WithValue(ctx, key{}, path+name), func(error) { seen = append(seen, "end of "+name) }
			})
		}
		c := client(hook("a"), hook("b"), ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
			seen = append(seen, "attempt in "+req.Context().Value(key{}).(string))
			return next(req)
		}))
		require.NoError(t, acts["read"](t.Context(), c, cloud))
		require.Equal(t, []string{"a", "ab", "attempt in ab", "end of b", "end of a"}, seen)
	})
}

func TestCallHookSeesEveryPageAndEveryLook(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		for range 120 {
			cloud.AddAgent(cloud.AddHost(cbrtest.Host{}))
		}
		var ended []error
		c := client(ending(&ended))
		for _, err := range c.Agents.All(t.Context(), nil) {
			require.NoError(t, err)
		}
		require.Len(t, ended, cloud.Count("info-client-backup"))
		require.Greater(t, len(ended), 1)

		ended = nil
		_, err := c.Tasks.Wait(t.Context(), cloud.AddTask(cbrtest.Task{}))
		require.NoError(t, err)
		require.Len(t, ended, cloud.Count("query-task-backup"))
		require.Greater(t, len(ended), 1)
	})
}

func TestObserversOfManyGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.InMemory(), cbrtest.Activated())
		defer cloud.Close()
		var log journal
		var mu sync.Mutex
		calls, attempts := 0, 0
		client, err := ctcbr.NewClient(
			ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(cloud.HTTPClient()),
			ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
			log.logger(slog.LevelDebug), ctcbr.WithLogBodies(),
			ctcbr.WithMiddleware(func(req *http.Request, next next) (*http.Response, error) {
				mu.Lock()
				attempts++
				mu.Unlock()
				return next(req)
			}),
			ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
				return ctx, func(error) {
					mu.Lock()
					calls++
					mu.Unlock()
				}
			}))
		require.NoError(t, err)
		defer client.Close()
		cloud.Inject("", cbrtest.Fault{Status: 503, Times: 10})
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() { _ = acts["list"](t.Context(), client, cloud) })
		}
		group.Wait()
		require.Equal(t, 16, calls)
		require.Equal(t, cloud.Count(""), attempts)
		require.Len(t, log.records(t), attempts)
	})
}
