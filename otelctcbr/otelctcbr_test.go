package otelctcbr_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/otelctcbr"
)

const secretKey = "s3cr3t/Key+of=the-suite"

// bench is a fake cloud, a client of it that is observed, and what was observed.
type bench struct {
	cloud  *cbrtest.Server
	client *ctcbr.Client
	spans  *tracetest.InMemoryExporter
	reader *sdkmetric.ManualReader
	tracer trace.Tracer
}

// observed runs a test on fake time. The options of the client come after New, and
// so its middleware is inside.
func observed(t *testing.T, f func(t *testing.T, b *bench), opts ...ctcbr.Option) {
	t.Helper()
	observedBy(t, nil, f, opts...)
}

func observedBy(t *testing.T, mine []otelctcbr.Option, f func(t *testing.T, b *bench), opts ...ctcbr.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{
			cloud: cbrtest.NewServer(cbrtest.InMemory(), cbrtest.Activated(), cbrtest.WithCredentials("an-access-key", secretKey)),
			spans: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader(),
		}
		defer b.cloud.Close()
		tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(b.spans))
		b.tracer = tracers.Tracer("test")
		mine := append([]otelctcbr.Option{
			otelctcbr.WithTracerProvider(tracers),
			otelctcbr.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(b.reader))),
		}, mine...)
		client, err := ctcbr.NewClient(append([]ctcbr.Option{
			ctcbr.WithEndpoint(b.cloud.URL), ctcbr.WithHTTPClient(b.cloud.HTTPClient()),
			ctcbr.WithStaticCredentials(b.cloud.AccessKey, b.cloud.SecretKey), ctcbr.WithRegion(b.cloud.RegionID),
			otelctcbr.New(mine...),
		}, opts...)...)
		require.NoError(t, err)
		defer client.Close()
		b.client = client
		for range 8 {
			b.cloud.AddStorage(cbrtest.Storage{})
		}
		f(t, b)
		b.requireNoSecrets(t)
	})
}

// acts are calls of each kind.
var acts = map[string]func(ctx context.Context, b *bench) error{
	"read": func(ctx context.Context, b *bench) error {
		_, err := b.client.Storages.List(ctx, nil)
		return err
	},
	"order": func(ctx context.Context, b *bench) error {
		_, err := b.client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
		return err
	},
	"write": func(ctx context.Context, b *bench) error {
		host := b.cloud.AddHost(cbrtest.Host{})
		b.cloud.AddAgent(host)
		_, err := b.client.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{ID: b.cloud.AddPlan(cbrtest.Plan{HostID: host})})
		return err
	},
	"list": func(ctx context.Context, b *bench) error {
		for _, err := range b.client.Storages.All(ctx, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"left list": func(ctx context.Context, b *bench) error {
		for _, err := range b.client.Storages.All(ctx, nil) {
			return err
		}
		return errors.New("the list was empty")
	},
}

// ended are the attempts of the last call, and the call itself.
func (b *bench) ended(t *testing.T) (attempts []tracetest.SpanStub, call tracetest.SpanStub) {
	t.Helper()
	spans := b.spans.GetSpans()
	require.NotEmpty(t, spans)
	call = spans[len(spans)-1]
	for _, span := range spans[:len(spans)-1] {
		require.Equal(t, call.SpanContext.SpanID(), span.Parent.SpanID())
		require.Equal(t, call.SpanContext.TraceID(), span.SpanContext.TraceID())
		require.Equal(t, trace.SpanKindClient, span.SpanKind)
		attempts = append(attempts, span)
	}
	require.Equal(t, trace.SpanKindInternal, call.SpanKind)
	return attempts, call
}

func attributes(kvs []attribute.KeyValue) map[string]any {
	all := map[string]any{}
	for _, kv := range kvs {
		all[string(kv.Key)] = kv.Value.AsInterface()
	}
	return all
}

// histogram returns the points of a histogram.
func (b *bench) histogram(t *testing.T, name string) []metricdata.HistogramDataPoint[float64] {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, b.reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == name {
				require.Equal(t, "s", m.Unit)
				require.NotEmpty(t, m.Description)
				return m.Data.(metricdata.Histogram[float64]).DataPoints
			}
		}
	}
	return nil
}

// requireNoSecrets looks for the keys and the signatures in all that was observed.
func (b *bench) requireNoSecrets(t *testing.T) {
	t.Helper()
	secrets := []string{secretKey, url.QueryEscape(secretKey), "an-access-key"}
	for _, r := range b.cloud.Requests() {
		_, signature, _ := strings.Cut(r.Header.Get("Eop-Authorization"), "Signature=")
		secrets = append(secrets, signature, url.QueryEscape(signature))
	}
	var texts []string
	for _, span := range b.spans.GetSpans() {
		texts = append(texts, span.Name, span.Status.Description)
		kvs := span.Attributes
		for _, event := range span.Events {
			kvs = append(kvs, event.Attributes...)
		}
		for _, kv := range kvs {
			texts = append(texts, kv.Value.String())
		}
	}
	for _, name := range []string{"http.client.request.duration", "ctcbr.client.call.duration"} {
		for _, point := range b.histogram(t, name) {
			for _, kv := range point.Attributes.ToSlice() {
				texts = append(texts, kv.Value.String())
			}
		}
	}
	for _, text := range texts {
		for _, secret := range secrets {
			require.NotContains(t, text, secret)
		}
	}
}

func TestSuccess(t *testing.T) {
	t.Parallel()
	for act, operation := range map[string]string{"read": "query-storage-backup", "list": "query-storage-backup", "left list": "query-storage-backup", "order": "create-storage-backup", "write": "action-backup-policy"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			observed(t, func(t *testing.T, b *bench) {
				b.cloud.Inject("", cbrtest.Fault{Delay: 3 * time.Second})
				require.NoError(t, acts[act](t.Context(), b))
				request := b.cloud.Requests()[0]
				shown := b.cloud.URL + request.Path
				if request.Query != "" {
					shown += "?" + request.Query
				}
				attempts, call := b.ended(t)
				require.Len(t, attempts, 1)
				require.Equal(t, request.Method, attempts[0].Name)
				require.Equal(t, map[string]any{
					"http.request.method": request.Method, "server.address": "127.0.0.1", "server.port": int64(1),
					"url.full": shown, "http.response.status_code": int64(200), "network.protocol.version": "1.1",
					"ctcbr.operation": operation, "ctcbr.request_id": request.RequestID,
				}, attributes(attempts[0].Attributes))
				require.Equal(t, sdktrace.Status{}, attempts[0].Status)
				require.Equal(t, 3*time.Second, attempts[0].EndTime.Sub(attempts[0].StartTime))

				require.Equal(t, operation, call.Name)
				require.Equal(t, map[string]any{"ctcbr.operation": operation, "ctcbr.attempts": int64(1)}, attributes(call.Attributes))
				require.Equal(t, sdktrace.Status{}, call.Status)
				require.Contains(t, call.InstrumentationScope.SchemaURL, "opentelemetry.io/schemas/")

				requests := b.histogram(t, "http.client.request.duration")
				require.Len(t, requests, 1)
				require.EqualValues(t, 1, requests[0].Count)
				require.InDelta(t, 3, requests[0].Sum, 1e-9)
				require.Equal(t, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, requests[0].Bounds)
				require.Equal(t, map[string]any{
					"http.request.method": request.Method, "server.address": "127.0.0.1", "server.port": int64(1),
					"http.response.status_code": int64(200), "network.protocol.version": "1.1",
				}, attributes(requests[0].Attributes.ToSlice()))

				calls := b.histogram(t, "ctcbr.client.call.duration")
				require.Len(t, calls, 1)
				require.InDelta(t, 3, calls[0].Sum, 1e-9)
				require.Equal(t, map[string]any{"ctcbr.operation": operation}, attributes(calls[0].Attributes.ToSlice()))
			})
		})
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"read", "order", "list"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			observed(t, func(t *testing.T, b *bench) {
				b.cloud.Inject("", cbrtest.Fault{Status: 503})
				require.NoError(t, acts[act](t.Context(), b))
				attempts, call := b.ended(t)
				require.Len(t, attempts, 2)
				first, second := attributes(attempts[0].Attributes), attributes(attempts[1].Attributes)
				require.EqualValues(t, 503, first["http.response.status_code"])
				require.Equal(t, "503", first["error.type"])
				require.NotContains(t, first, "http.request.resend_count")
				require.Equal(t, sdktrace.Status{Code: codes.Error}, attempts[0].Status)
				require.EqualValues(t, 200, second["http.response.status_code"])
				require.EqualValues(t, 1, second["http.request.resend_count"])
				require.NotContains(t, second, "error.type")
				require.Equal(t, codes.Unset, attempts[1].Status.Code)
				require.NotEqual(t, first["ctcbr.request_id"], second["ctcbr.request_id"])
				require.Equal(t, codes.Unset, call.Status.Code)
				require.EqualValues(t, 2, attributes(call.Attributes)["ctcbr.attempts"])
				require.Len(t, b.histogram(t, "http.client.request.duration"), 2)
				require.Len(t, b.histogram(t, "ctcbr.client.call.duration"), 1)
			})
		})
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		act      string
		fault    cbrtest.Fault
		within   time.Duration // of the context; 0 for as long as it takes
		attempts int
		unknown  bool
		attempt  string // error.type of the last attempt; "" for none
		call     string // error.type of the call
		code     string
	}{
		"HTTP 404":                             {act: "read", fault: cbrtest.Fault{Status: 404}, attempts: 1, attempt: "404", call: "404"},
		"HTTP 503":                             {act: "order", fault: cbrtest.Fault{Status: 503, Times: -1}, attempts: 4, unknown: true, attempt: "503", call: "503"},
		"HTTP 503 of a list":                   {act: "list", fault: cbrtest.Fault{Status: 503, Times: -1}, attempts: 4, attempt: "503", call: "503"},
		"HTTP 403 with a code":                 {act: "read", fault: cbrtest.Fault{Status: 403, Code: "CTAPI.Auth.Refused"}, attempts: 1, attempt: "403", call: "403", code: "CTAPI.Auth.Refused"},
		"redirect":                             {act: "read", fault: cbrtest.Redirect(302, "https://elsewhere.invalid/"), attempts: 1, call: "302"},
		"refused":                              {act: "read", fault: cbrtest.Fault{Code: "Backup.Storage.NotFound"}, attempts: 1, call: "not_found", code: "Backup.Storage.NotFound"},
		"refused for another reason":           {act: "read", fault: cbrtest.Fault{Code: "Backup.Storage.InUse"}, attempts: 1, call: "refused", code: "Backup.Storage.InUse"},
		"no such region":                       {act: "read", fault: cbrtest.Fault{Code: "Openapi.RegionInfo.AccessFailed"}, attempts: 1, call: "region", code: "Openapi.RegionInfo.AccessFailed"},
		"no permission":                        {act: "read", fault: cbrtest.Fault{Code: "CTIAM_0005"}, attempts: 1, call: "unauthorized", code: "CTIAM_0005"},
		"throttled by a code":                  {act: "read", fault: cbrtest.Fault{Code: "Backup.FlowLimit"}, attempts: 1, call: "throttled", code: "Backup.FlowLimit"},
		"a platform that failed":               {act: "read", fault: cbrtest.Fault{Code: "openapi.innerSys.accessFailed", Times: -1}, attempts: 4, call: "unavailable", code: "openapi.innerSys.accessFailed"},
		"an order in progress without a name":  {act: "order", fault: cbrtest.Fault{Code: "Backup.Order.InProgress"}, attempts: 1, call: "order_in_progress", code: "Backup.Order.InProgress"},
		"a status that HTTP does not know":     {act: "read", fault: cbrtest.Fault{Status: 478}, attempts: 1, attempt: "_OTHER", call: "_OTHER"},
		"refused with words instead of a code": {act: "read", fault: cbrtest.Fault{Code: "no, request 17 cannot be done"}, attempts: 1, call: "refused", code: "no, request 17 cannot be done"},
		"rejected under a success":             {act: "write", fault: cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"status":"fail"}}`}, attempts: 1, call: "rejected"},
		"a success without what was made":      {act: "order", fault: cbrtest.Fault{Body: `{"statusCode":800}`}, attempts: 1, unknown: true, call: "bad_answer"},
		"page":                                 {act: "write", fault: cbrtest.Fault{Body: "<html>"}, attempts: 1, unknown: true, call: "bad_answer"},
		"connection lost":                      {act: "write", fault: cbrtest.Fault{Conn: cbrtest.ResetAfterRequest}, attempts: 1, unknown: true, attempt: "connection_lost", call: "connection_lost"},
		"list cut short":                       {act: "list", fault: cbrtest.Fault{Conn: cbrtest.CutBody}, attempts: 1, attempt: "connection_lost", call: "bad_answer"},
		"no answer":                            {act: "write", fault: cbrtest.Fault{Conn: cbrtest.Silence}, attempts: 1, unknown: true, attempt: "timeout", call: "timeout"},
		"list that falls silent":               {act: "list", fault: cbrtest.Fault{Conn: cbrtest.SilenceAfterHeader, Times: -1}, attempts: 4, attempt: "timeout", call: "timeout"},
		"deadline":                             {act: "write", within: time.Second, fault: cbrtest.Fault{Conn: cbrtest.Silence}, attempts: 1, unknown: true, attempt: "timeout", call: "timeout"},
		"deadline of a list":                   {act: "list", within: time.Second, fault: cbrtest.Fault{Conn: cbrtest.SilenceAfterHeader}, attempts: 1, attempt: "timeout", call: "timeout"},
		"deadline while waiting":               {act: "read", within: time.Second, fault: cbrtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"20"}}}, attempts: 1, attempt: "429", call: "timeout"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed(t, func(t *testing.T, b *bench) {
				b.cloud.Inject("", c.fault)
				ctx := t.Context()
				if c.within > 0 {
					limited, cancel := context.WithTimeout(ctx, c.within)
					defer cancel()
					ctx = limited
				}
				err := acts[c.act](ctx, b)
				require.Error(t, err)
				require.Equal(t, c.unknown, errors.Is(err, ctcbr.ErrOutcomeUnknown))

				attempts, call := b.ended(t)
				require.Len(t, attempts, c.attempts)
				last := attempts[len(attempts)-1]
				requireType(t, c.attempt, attributes(last.Attributes))
				require.Equal(t, c.attempt != "", last.Status.Code == codes.Error)
				told := attributes(call.Attributes)
				requireType(t, c.call, told)
				require.Equal(t, sdktrace.Status{Code: codes.Error, Description: err.Error()}, call.Status)
				require.EqualValues(t, c.attempts, told["ctcbr.attempts"])
				require.Equal(t, attributes(last.Attributes)["ctcbr.request_id"], told["ctcbr.request_id"])
				require.Equal(t, c.unknown, told["ctcbr.outcome_unknown"] == true)
				if c.code == "" {
					require.NotContains(t, told, "ctcbr.code")
				} else {
					require.Equal(t, c.code, told["ctcbr.code"])
				}

				measured := attributes(b.histogram(t, "ctcbr.client.call.duration")[0].Attributes.ToSlice())
				requireType(t, c.call, measured)
				require.Equal(t, c.unknown, measured["ctcbr.outcome_unknown"] == true)
				require.NotContains(t, measured, "ctcbr.code")
				requests := b.histogram(t, "http.client.request.duration")
				require.Len(t, requests, 1)
				require.EqualValues(t, c.attempts, requests[0].Count)
				requireType(t, c.attempt, attributes(requests[0].Attributes.ToSlice()))
			})
		})
	}
}

// However many codes and statuses a service thinks of, the series of a metric stay few.
func TestErrorTypesAreFew(t *testing.T) {
	t.Parallel()
	observed(t, func(t *testing.T, b *bench) {
		types := map[any]bool{}
		for i := range 60 {
			b.cloud.Inject("", cbrtest.Fault{Code: fmt.Sprintf("Backup.Storage.Code%d", i)})
			require.Error(t, acts["write"](t.Context(), b))
			b.cloud.Inject("", cbrtest.Fault{Status: 400 + 4*i})
			require.Error(t, acts["write"](t.Context(), b))
		}
		for _, point := range b.histogram(t, "ctcbr.client.call.duration") {
			types[attributes(point.Attributes.ToSlice())["error.type"]] = true
		}
		require.True(t, types["refused"] && types["404"] && types["_OTHER"], "%v", types)
		require.Less(t, len(types), 40)
	})
}

// Middleware and transports may leave out the body of a response.
func TestResponseWithoutABody(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]ctcbr.Option{
		"of inner middleware": ctcbr.WithMiddleware(func(req *http.Request, _ func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Header: http.Header{}, Request: req}, nil
		}),
		"of a transport": ctcbr.WithHTTPClient(&http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Header: http.Header{}, Request: req}, nil
		})}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, act := range []string{"read", "list", "order", "write"} {
				observed(t, func(t *testing.T, b *bench) {
					require.ErrorIs(t, acts[act](t.Context(), b), ctcbr.ErrBadAnswer)
					attempts, call := b.ended(t)
					require.NotEmpty(t, attempts)
					require.EqualValues(t, 204, attributes(attempts[0].Attributes)["http.response.status_code"])
					requireType(t, "bad_answer", attributes(call.Attributes))
				}, opt)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func requireType(t *testing.T, want string, got map[string]any) {
	t.Helper()
	if want == "" {
		require.NotContains(t, got, "error.type")
		return
	}
	require.Equal(t, want, got["error.type"])
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	why := errors.New("the operator pressed a key")
	ends := map[string]struct {
		end  func(b *bench, cancel context.CancelCauseFunc)
		want string
	}{
		"by its context":                 {func(_ *bench, cancel context.CancelCauseFunc) { cancel(nil) }, "canceled"},
		"by its context, which says why": {func(_ *bench, cancel context.CancelCauseFunc) { cancel(why) }, "canceled"},
		"by closing the client":          {func(b *bench, _ context.CancelCauseFunc) { b.client.Close() }, "closed"},
	}
	for name, c := range ends {
		for act, fault := range map[string]cbrtest.ConnFault{"write": cbrtest.Silence, "read": cbrtest.SilenceAfterHeader, "list": cbrtest.SilenceAfterHeader} {
			t.Run(name+"/"+act, func(t *testing.T) {
				t.Parallel()
				observed(t, func(t *testing.T, b *bench) {
					b.cloud.Inject("", cbrtest.Fault{Conn: fault})
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					time.AfterFunc(2*time.Second, func() { c.end(b, cancel) })
					require.Error(t, acts[act](ctx, b))
					attempts, call := b.ended(t)
					require.Len(t, attempts, 1)
					for _, span := range []tracetest.SpanStub{attempts[0], call} {
						require.Equal(t, c.want, attributes(span.Attributes)["error.type"])
						require.Equal(t, codes.Error, span.Status.Code)
						require.Equal(t, 2*time.Second, span.EndTime.Sub(span.StartTime))
					}
				})
			})
		}
	}
}

func TestStreamedList(t *testing.T) {
	t.Parallel()
	observed(t, func(t *testing.T, b *bench) {
		for range 1000 { // more than buffers hold
			b.cloud.AddStorage(cbrtest.Storage{})
		}
		items := 0
		for _, err := range b.client.Storages.All(t.Context(), nil) {
			require.NoError(t, err)
			if items++; items == 500 {
				require.Empty(t, b.spans.GetSpans(), "neither ends before the list")
			}
			time.Sleep(time.Second)
		}
		require.Equal(t, 1008, items)
		attempts, call := b.ended(t)
		require.Len(t, attempts, 1)
		require.Equal(t, 1008*time.Second, call.EndTime.Sub(call.StartTime))
		require.Greater(t, attempts[0].EndTime.Sub(attempts[0].StartTime), 500*time.Second)
	})
}

func TestPropagation(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mine  []otelctcbr.Option
		wants []string
	}{
		"by default":     {nil, []string{"Traceparent"}},
		"with baggage":   {[]otelctcbr.Option{otelctcbr.WithPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))}, []string{"Traceparent", "Baggage"}},
		"without a word": {[]otelctcbr.Option{otelctcbr.WithPropagator(propagation.NewCompositeTextMapPropagator())}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observedBy(t, c.mine, func(t *testing.T, b *bench) {
				member, err := baggage.NewMember("customer", "4711")
				require.NoError(t, err)
				bag, err := baggage.New(member)
				require.NoError(t, err)
				ctx, outer := b.tracer.Start(baggage.ContextWithBaggage(t.Context(), bag), "outer")
				require.NoError(t, acts["order"](ctx, b))
				attempts, call := b.ended(t)
				require.Equal(t, outer.SpanContext().SpanID(), call.Parent.SpanID())

				header := b.cloud.Requests()[0].Header
				for _, name := range []string{"Traceparent", "Baggage"} {
					require.Equal(t, strings.Contains(strings.Join(c.wants, " "), name), header.Get(name) != "", name)
				}
				if len(c.wants) > 0 {
					sent := attempts[0].SpanContext
					require.Equal(t, "00-"+sent.TraceID().String()+"-"+sent.SpanID().String()+"-01", header.Get("Traceparent"))
				}
			})
		})
	}
}

func TestShownURL(t *testing.T) {
	t.Parallel()
	observed(t, func(t *testing.T, b *bench) {
		_, err := b.client.Do(t.Context(), &ctcbr.RawRequest{Method: "GET", Path: "/v4/other/thing", Query: url.Values{
			"regionID": {"r 1"}, "X-Signature": {secretKey}, "sk": {secretKey}, "accessKey": {"an-access-key"}, "clientToken": {"t"}, "task": {"5"},
		}})
		require.Error(t, err)
		attempts, call := b.ended(t)
		require.Equal(t, "thing", call.Name)
		require.Equal(t, b.cloud.URL+"/v4/other/thing?X-Signature=REDACTED&accessKey=REDACTED&clientToken=REDACTED&regionID=r%201&sk=REDACTED&task=5", attributes(attempts[0].Attributes)["url.full"])
	})
}

// A gateway may repeat the headers that it got, and so may a transport.
func TestSecretsThatComeBack(t *testing.T) {
	t.Parallel()
	echo := func(req *http.Request) string { return req.Header.Get("Eop-Authorization") + " " + secretKey }
	cases := map[string]ctcbr.Middleware{
		"in an answer": func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			resp, err := next(req)
			if err == nil {
				resp.Body = io.NopCloser(strings.NewReader(`{"statusCode":900,"error":"` + secretKey + `","message":"` + echo(req)[len("an-access-key"):] + `"}`))
			}
			return resp, err
		},
		"in an error": func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			return nil, errors.New("bad header " + echo(req)[len("an-access-key"):])
		},
	}
	for name, m := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed(t, func(t *testing.T, b *bench) {
				require.Error(t, acts["order"](t.Context(), b))
				_, call := b.ended(t)
				require.Contains(t, call.Status.Description, "***")
			}, ctcbr.WithMiddleware(m))
		})
	}
}

func TestWhatIsNotSent(t *testing.T) {
	t.Parallel()
	observed(t, func(t *testing.T, b *bench) {
		_, err := b.client.Plans.Stop(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Empty(t, b.spans.GetSpans(), "what validation refuses is no call")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, acts["read"](ctx, b))
		attempts, call := b.ended(t)
		require.Empty(t, attempts)
		require.Equal(t, "canceled", attributes(call.Attributes)["error.type"])
		require.EqualValues(t, 0, attributes(call.Attributes)["ctcbr.attempts"])
		require.Nil(t, b.histogram(t, "http.client.request.duration"))
	})
}

func TestPanicOfInnerMiddleware(t *testing.T) {
	t.Parallel()
	observed(t, func(t *testing.T, b *bench) {
		require.Panics(t, func() { _ = acts["read"](t.Context(), b) })
		attempts, call := b.ended(t)
		require.Len(t, attempts, 1)
		require.Equal(t, codes.Error, attempts[0].Status.Code)
		require.Equal(t, codes.Error, call.Status.Code)
	}, ctcbr.WithMiddleware(func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		panic("mine")
	}))
}

// The global providers are taken where none are given; here they do nothing.
func TestGlobalProviders(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cloud.URL), ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID), otelctcbr.New())
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Regions.List(t.Context(), nil)
	require.NoError(t, err)
	require.NotNil(t, otel.GetTracerProvider())
	require.Empty(t, cloud.Requests()[0].Header.Get("Traceparent"), "no span has begun")
}
