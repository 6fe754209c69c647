package otelctcbr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/ctyun-go/ctcbr"
)

var errUnwound = errors.New("left by a panic or runtime.Goexit")

// methodOf names the methods of the service. Other methods share one name, because there may be any
// number of them.
func methodOf(method string) attribute.KeyValue {
	switch method {
	case http.MethodGet:
		return semconv.HTTPRequestMethodGet
	case http.MethodPost:
		return semconv.HTTPRequestMethodPost
	}
	return semconv.HTTPRequestMethodOther
}

// nameOf is the name of an attempt's span: the method only. The conventions keep the path out of
// names, and the span above is named after the operation.
func nameOf(method attribute.KeyValue) string {
	if method == semconv.HTTPRequestMethodOther {
		return "HTTP"
	}
	return method.Value.AsString()
}

func serverOf(u *url.URL) []attribute.KeyValue {
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		port = 443
		if u.Scheme == "http" {
			port = 80
		}
	}
	return []attribute.KeyValue{semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port)}
}

// secretParameter matches the names of query parameters whose values are masked. The service has
// none, but a call of [ctcbr.Client.Do] may.
var secretParameter = regexp.MustCompile(`(?i)signature|secret|token|password|credential|access_?key|api_?key|^(sig|ak|sk|key)$`)

// shownURL returns a URL without the secrets of its query and user info.
func shownURL(u *url.URL) string {
	shown := *u
	if u.User != nil {
		shown.User = url.UserPassword("REDACTED", "REDACTED")
	}
	pairs := strings.Split(u.RawQuery, "&")
	for i, pair := range pairs {
		key, _, given := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if given && (err != nil || secretParameter.MatchString(name)) {
			pairs[i] = key + "=REDACTED"
		}
	}
	shown.RawQuery = strings.Join(pairs, "&")
	return shown.String()
}

func protocolVersion(resp *http.Response) string {
	switch {
	case resp.ProtoMajor == 1:
		return fmt.Sprintf("1.%d", resp.ProtoMinor)
	case resp.ProtoMajor > 1:
		return strconv.Itoa(resp.ProtoMajor)
	}
	return "" // not read from a connection
}

// otherName is the error.type of a failure that has no name of its own.
var otherName = semconv.ErrorTypeOther.Value.AsString()

// statusName returns an HTTP status as text if it is a registered one. A server can make up hundreds
// of others.
func statusName(status int) string {
	if http.StatusText(status) == "" {
		return otherName
	}
	return strconv.Itoa(status)
}

// transportName names the kind of a connection failure, or the end of the context.
func transportName(err error) string {
	var timeout interface{ Timeout() bool }
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ctcbr.ErrClosed):
		return "closed"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &certificate):
		return "certificate"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection_lost"
	}
	return otherName
}

// failure is what is recorded of a failed call.
type failure struct {
	measured []attribute.KeyValue // of low cardinality
	told     []attribute.KeyValue
}

func ofCall(err error) failure {
	f := failure{measured: []attribute.KeyValue{semconv.ErrorTypeKey.String(callName(err))}}
	if errors.Is(err, ctcbr.ErrOutcomeUnknown) {
		f.measured = append(f.measured, OutcomeUnknownKey.Bool(true))
	}
	var e *ctcbr.Error
	if errors.As(err, &e) {
		f.told = append(f.told, RequestIDKey.String(e.RequestID))
		if e.Code != "" {
			f.told = append(f.told, CodeKey.String(e.Code))
		}
	}
	return f
}

// names are the error types of what a response means; the first match counts. The codes of the
// service are not among them: there may be any number, and so only spans have them.
var names = [...]struct {
	err  error
	name string
}{
	{ctcbr.ErrOrderInProgress, "order_in_progress"},
	{ctcbr.ErrRegion, "region"},
	{ctcbr.ErrUnauthorized, "unauthorized"},
	{ctcbr.ErrThrottled, "throttled"},
	{ctcbr.ErrUnavailable, "unavailable"},
	{ctcbr.ErrNotFound, "not_found"},
	{ctcbr.ErrRejected, "rejected"},
	{ctcbr.ErrTooLarge, "too_large"},
	{ctcbr.ErrBadAnswer, "bad_answer"},
	{ctcbr.ErrNoCredentials, "no_credentials"},
}

// callName names the kind of a call's failure: why the caller gave up, or else the HTTP status, the
// meaning of the response, or what was wrong with it.
func callName(err error) string {
	var e *ctcbr.Error
	isError := errors.As(err, &e)
	for _, end := range []error{ctcbr.ErrClosed, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, end) {
			return transportName(err)
		}
	}
	if isError && e.HTTPStatus != 0 && e.HTTPStatus/100 != 2 {
		return statusName(e.HTTPStatus)
	}
	for _, known := range names {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	if isError && e.HTTPStatus != 0 && e.Err == nil {
		return "refused" // for any other reason
	}
	return transportName(err)
}
