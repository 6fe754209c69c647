package ctcbr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// call is one logical call: what all its attempts share, and what they have met.
type call struct {
	operation
	client      *Client
	request     any // completed
	query       string
	body        []byte
	clientToken string
	accept      func(*attempt) error                             // takes in the answer of a success; may be nil
	stream      func(context.Context, *attempt, io.Reader) error // takes in a list as it comes; nil reads answers whole

	requestID string // of the last attempt
	attempts  int
	failed    [refused + 1]int // attempts by the way they failed
	unknown   bool             // an attempt may have been carried out
	skew      time.Duration    // of this machine's clock
}

// freeze encodes a completed request, once for all attempts.
func freeze(c *Client, op operation, filled any, clientToken string) (*call, error) {
	call := &call{operation: op, client: c, request: filled, clientToken: clientToken}
	if op.method == http.MethodGet && !op.inBody {
		call.query = encodeQuery(filled)
		return call, nil
	}
	body, err := json.Marshal(filled)
	if err != nil {
		return nil, fmt.Errorf("ctcbr: %s: encode the request: %w", op.name(), err)
	}
	call.body = body
	return call, nil
}

func (call *call) accepted(a *attempt) error {
	if call.accept == nil {
		return nil
	}
	return call.accept(a)
}

// fail makes the error of a call.
func (call *call) fail(a *attempt, err error, unknown bool) *Error {
	clean := a.redactor()
	e := &Error{
		Operation: call.name(), Method: call.method, Path: call.path,
		HTTPStatus: a.status, StatusCode: a.StatusCode.number,
		Code:    clean.text(a.code()),
		Message: clean.text(string(a.Message)), Description: clean.text(string(a.Description)),
		RequestID: call.requestID, Attempts: call.attempts, ClientToken: call.clientToken,
		unknown: (unknown || call.unknown) && call.kind != read,
		skew:    a.skew(),
	}
	if !errors.Is(err, errAnswered) {
		e.Err = clean.error(err)
	}
	if a.status != 0 && !a.enveloped {
		e.Body = clean.text(beginning(a.body, beginningSize))
	}
	return e
}

const beginningSize = 256

// beginning is a short piece of a body.
func beginning(body []byte, size int) string {
	return strings.ToValidUTF8(string(body[:min(len(body), size)]), "\uFFFD")
}

// attempt is one request of a call and how it ended: err is nil if it succeeded.
type attempt struct {
	envelope
	enveloped bool // the answer is the service's envelope
	status    int
	header    http.Header
	body      []byte
	begun     bool // the caller has items of the answer

	err     error
	failure failure

	sent          http.Header
	signedAt      time.Time
	credentials   Credentials
	authorization string
	trace         trace
	silence       *time.Timer // ends a stream that nothing comes of
}

var (
	errSilence  = errors.New("no full answer within the time of an attempt")
	errAnswered = errors.New("refused") // what went wrong is in the answer
)

// attempt signs and sends a call once, reads the answer, and judges it.
func (c *Client) attempt(ctx context.Context, call *call) *attempt {
	a := &attempt{}
	call.requestID = uuid.NewString()
	limited, cancel := c.limit(ctx, call, a)
	defer cancel()
	req, err := c.newRequest(limited, call, a)
	if ctx.Err() != nil {
		a.failure, a.err = ended, causeOf(ctx)
		return a
	}
	if err != nil {
		a.failure, a.err = refused, err
		return a
	}
	call.attempts++
	began := time.Now()
	defer func() { c.log(ctx, call, a, time.Since(began)) }()
	resp, err := c.exchange(call, req)
	if err == nil {
		defer resp.Body.Close()
		a.status, a.header = resp.StatusCode, resp.Header
		if call.stream != nil && a.ok2xx() {
			err = call.stream(limited, a, resp.Body)
		} else {
			err = a.read(resp, c.options.maxAnswer)
		}
	}
	if err != nil && limited.Err() != nil {
		err = causeOf(limited)
	}
	a.failure, a.err = a.judge(call, err, ctx.Err() != nil)
	if a.begun {
		a.failure = begun
	}
	if a.err != nil && a.trace.sent() && a.failure.uncertain() || a.status >= 500 {
		call.unknown = true
	}
	if a.enveloped && a.ok2xx() && call.failed[dateRefused] > 0 {
		// The corrected signature was accepted, and with it the clock that made its date.
		c.skew.Store(int64(call.skew))
	}
	return a
}

// newRequest makes the signed request of an attempt.
func (c *Client) newRequest(ctx context.Context, call *call, a *attempt) (*http.Request, error) {
	credentials, err := c.options.credentials.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	target := *c.base
	if call.common {
		target = *c.common
	}
	target.Path, target.RawQuery = call.path, call.query
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, a.trace.hooks()), call.method, "", nil)
	if err != nil {
		return nil, err
	}
	req.URL, req.Host = &target, target.Host
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["User-Agent"] = []string{c.options.userAgent}
	if len(call.body) > 0 {
		req.ContentLength = int64(len(call.body))
		req.Body = &requestBody{Reader: bytes.NewReader(call.body), touched: &a.trace.bodyRead}
		a.trace.hasBody = true
		if call.kind == read {
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(call.body)), nil }
		}
	}
	a.signedAt = time.Now().Add(call.skew)
	a.credentials = credentials
	if err := c.signer.authorize(req.Header, call.requestID, call.query, call.body, credentials, a.signedAt); err != nil {
		return nil, err
	}
	a.sent, a.authorization = req.Header, req.Header[headerAuthorization][0]
	return req, nil
}

// read takes in the answer, within the bound.
func (a *attempt) read(resp *http.Response, most int64) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if int64(len(body)) > most {
		body, err = body[:most], ErrTooLarge
	}
	a.body = body
	if err != nil {
		return err
	}
	a.enveloped = a.envelope.parse(body) == nil
	return nil
}

// judge says how an attempt failed, or returns a nil error. The HTTP status
// outranks the envelope, but for an order that is named.
func (a *attempt) judge(call *call, err error, done bool) (failure, error) {
	if a.status == 0 {
		return a.judgeTransport(err, done)
	}
	if call.kind == order && a.status < 500 && a.enveloped && a.inProgress() {
		return 0, nil
	}
	if !a.ok2xx() {
		return a.judgeStatus(), errors.Join(errAnswered, err)
	}
	switch {
	case err != nil && done:
		return ended, err
	case errors.Is(err, ErrTooLarge):
		return oversized, err
	case errors.Is(err, errSilence):
		return noAnswer, err
	case err != nil:
		return garbled, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	case !a.enveloped:
		return garbled, ErrBadAnswer
	case a.StatusCode.number != statusSuccess:
		return refused, errAnswered
	}
	return 0, nil
}

func (a *attempt) judgeTransport(err error, done bool) (failure, error) {
	switch {
	case done:
		return ended, err
	case isHopeless(err):
		return hopeless, err
	case a.trace.sent():
		return noAnswer, err
	}
	return notConnected, err
}

func (a *attempt) judgeStatus() failure {
	switch a.status {
	case http.StatusTooManyRequests:
		return throttled
	case http.StatusUnauthorized, http.StatusForbidden:
		if a.skew().Abs() > maxSkew {
			return dateRefused
		}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return serverFault
	}
	return refused
}

func (a *attempt) ok2xx() bool { return a.status >= 200 && a.status < 300 }

// skew is how far the clock of the server was ahead when the attempt was signed.
func (a *attempt) skew() time.Duration {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0
	}
	return date.Sub(a.signedAt)
}

func (a *attempt) redactor() redactor {
	_, signature, _ := strings.Cut(a.authorization, "Signature=")
	return newRedactor(a.credentials.secret(), signature)
}

// trace is what the transport tells of an attempt. Its hooks may be called by
// goroutines of the transport, also after the attempt has ended.
type trace struct {
	askedConn, gotConn, wroteHeaders, bodyRead atomic.Bool

	hasBody bool
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { t.askedConn.Store(true) },
		GotConn:      func(httptrace.GotConnInfo) { t.gotConn.Store(true) },
		WroteHeaders: func() { t.wroteHeaders.Store(true) },
	}
}

// sent reports whether anything may have reached the server. A transport that
// reports no connections may have sent it; on a connection that was had, a request
// whose headers were not written and whose body was not asked for was not sent.
func (t *trace) sent() bool {
	if !t.gotConn.Load() {
		return !t.askedConn.Load()
	}
	return !t.hasBody || t.wroteHeaders.Load() || t.bodyRead.Load()
}

// requestBody notes when it is read from. It is not an io.Seeker and has no
// WriteTo, so that the transport cannot take it in without that.
type requestBody struct {
	io.Reader
	touched *atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.touched.Store(true)
	return b.Reader.Read(p)
}

func (b *requestBody) Close() error { return nil }
