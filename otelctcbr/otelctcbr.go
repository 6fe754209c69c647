// Package otelctcbr adds OpenTelemetry traces and metrics to the calls of a [ctcbr.Client],
// following the semantic conventions for HTTP clients.
//
//	client, err := ctcbr.NewClient(otelctcbr.New())
//
// A call is one span, named after its operation. Each attempt is a client span below it, from the
// request until the response was read. Requests carry the W3C Trace Context.
package otelctcbr

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ctyun-go/ctcbr"
)

// Attributes that the semantic conventions do not define.
const (
	// OperationKey is the name of the operation, for example "create-storage-backup".
	OperationKey = attribute.Key("ctcbr.operation")
	// AttemptsKey is the number of requests of a call.
	AttemptsKey = attribute.Key("ctcbr.attempts")
	// RequestIDKey is the ID of a request. The service's support asks for it.
	RequestIDKey = attribute.Key("ctcbr.request_id")
	// CodeKey is the service's error code as it was received.
	CodeKey = attribute.Key("ctcbr.code")
	// OutcomeUnknownKey is true if an order or a write failed but may have been carried out
	// ([ctcbr.ErrOutcomeUnknown]). It is never false.
	OutcomeUnknownKey = attribute.Key("ctcbr.outcome_unknown")
)

const scope = "github.com/ctyun-go/ctcbr/otelctcbr"

// Option configures [New].
type Option func(*config)

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
}

// WithTracerProvider sets the provider of spans. The default is the global one.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) { c.tracers = p }
}

// WithMeterProvider sets the provider of metrics. The default is the global one.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) { c.meters = p }
}

// WithPropagator sets what requests carry. The default is [propagation.TraceContext], which holds
// IDs only: baggage may hold data that is not meant for an external service. An empty
// [propagation.NewCompositeTextMapPropagator] sends nothing.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// New returns an option for [ctcbr.NewClient] that adds spans and metrics to every call. Middleware
// given before it runs outside the spans of attempts, and middleware given after it inside.
func New(opts ...Option) ctcbr.Option {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider(), propagator: propagation.TraceContext{}}
	for _, opt := range opts {
		opt(&c)
	}
	meter := c.meters.Meter(scope, metric.WithSchemaURL(semconv.SchemaURL))
	o := &observer{
		tracer:     c.tracers.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL)),
		propagator: c.propagator,
		requests:   histogram(meter, "http.client.request.duration", "Duration of HTTP client requests.", buckets),
		calls:      histogram(meter, "ctcbr.client.call.duration", "Duration of calls, with all their attempts and the waits between them.", slices.Concat(buckets, []float64{30, 60, 120})),
	}
	return ctcbr.WithOptions(ctcbr.WithCallHook(o.call), ctcbr.WithMiddleware(o.attempt))
}

// buckets are the histogram buckets of the semantic conventions.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

func histogram(m metric.Meter, name, description string, bounds []float64) metric.Float64Histogram {
	h, err := m.Float64Histogram(name, metric.WithDescription(description), metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		otel.Handle(err) // h is usable even so
	}
	return h
}

// observer is what all calls of a client share.
type observer struct {
	tracer          trace.Tracer
	propagator      propagation.TextMapPropagator
	requests, calls metric.Float64Histogram
}

type attemptsKey struct{}

// call observes one call. It is a [ctcbr.CallHook].
func (o *observer) call(ctx context.Context, call ctcbr.CallInfo) (context.Context, func(error)) {
	began, operation := time.Now(), OperationKey.String(call.Operation)
	ctx, span := o.tracer.Start(ctx, call.Operation, trace.WithAttributes(operation))
	attempts := new(int)
	ctx = context.WithValue(ctx, attemptsKey{}, attempts)
	return ctx, func(err error) {
		span.SetAttributes(AttemptsKey.Int(*attempts))
		measured := []attribute.KeyValue{operation}
		if err != nil {
			failure := ofCall(err)
			measured = append(measured, failure.measured...)
			span.SetAttributes(append(failure.measured, failure.told...)...)
			span.SetStatus(codes.Error, err.Error())
		}
		o.calls.Record(ctx, time.Since(began).Seconds(), metric.WithAttributeSet(attribute.NewSet(measured...)))
		span.End()
	}
}

// attempt observes one request. It is a [ctcbr.Middleware].
func (o *observer) attempt(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	method, server := methodOf(req.Method), serverOf(req.URL)
	call, _ := ctcbr.CallFromContext(req.Context())
	if attempts, ok := req.Context().Value(attemptsKey{}).(*int); ok {
		*attempts = call.Attempt
	}
	a := &attempt{observer: o, began: time.Now(), measured: append(server, method)}
	ctx, span := o.tracer.Start(req.Context(), nameOf(method), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(a.measured...),
		trace.WithAttributes(semconv.URLFull(shownURL(req.URL)), OperationKey.String(call.Operation), RequestIDKey.String(req.Header.Get("ctyun-eop-request-id"))))
	a.ctx, a.span = ctx, span
	if method == semconv.HTTPRequestMethodOther {
		span.SetAttributes(semconv.HTTPRequestMethodOriginal(req.Method))
	}
	if call.Attempt > 1 {
		span.SetAttributes(semconv.HTTPRequestResendCount(call.Attempt - 1))
	}
	req = req.WithContext(ctx)
	o.propagator.Inject(ctx, propagation.HeaderCarrier(req.Header))
	defer a.unwound()
	resp, err := next(req)
	a.returned = true
	if err != nil {
		a.end(err)
		return resp, err
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	a.answered(resp)
	resp.Body = &body{ReadCloser: resp.Body, attempt: a}
	return resp, nil
}

// attempt is the span of one request with its measurements.
type attempt struct {
	*observer
	ctx      context.Context
	span     trace.Span
	began    time.Time
	returned bool

	mu       sync.Mutex
	ended    bool
	measured []attribute.KeyValue
}

// unwound ends an attempt that middleware further in left by a panic.
func (a *attempt) unwound() {
	if !a.returned {
		a.end(errUnwound)
	}
}

// answered records the head of a response.
func (a *attempt) answered(resp *http.Response) {
	told := []attribute.KeyValue{semconv.HTTPResponseStatusCode(resp.StatusCode)}
	if version := protocolVersion(resp); version != "" {
		told = append(told, semconv.NetworkProtocolVersion(version))
	}
	if resp.StatusCode >= 400 {
		told = append(told, semconv.ErrorTypeKey.String(statusName(resp.StatusCode)))
		a.span.SetStatus(codes.Error, "")
	}
	a.span.SetAttributes(told...)
	a.measured = append(a.measured, told...)
}

// end ends the attempt, once. It does not record the text of err: unlike the error of a call, it
// may hold secrets.
func (a *attempt) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	a.ended = true
	if err != nil {
		failed := a.failed(err)
		a.measured = append(a.measured, failed) // the last of two error types counts
		a.span.SetAttributes(failed)
		a.span.SetStatus(codes.Error, "")
	}
	a.requests.Record(a.ctx, time.Since(a.began).Seconds(), metric.WithAttributeSet(attribute.NewSet(a.measured...)))
	a.span.End()
}

// failed names the kind of a failure. If the context ended the attempt, that is the reason, not
// what the transport reports.
func (a *attempt) failed(err error) attribute.KeyValue {
	if ended := a.ctx.Err(); ended != nil {
		err = fmt.Errorf("%w: %w", ended, context.Cause(a.ctx))
	}
	return semconv.ErrorTypeKey.String(transportName(err))
}

// body ends the attempt when the response was read or dropped. It may be closed while it is read.
type body struct {
	io.ReadCloser
	attempt *attempt
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch err {
	case nil:
	case io.EOF:
		b.attempt.end(nil)
	default:
		b.attempt.end(err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.attempt.end(b.attempt.ctx.Err())
	return err
}
