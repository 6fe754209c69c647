package ctcbr

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// attempt is one request of a call and how it ended: err is nil if it succeeded.
type attempt struct {
	scope
	envelope
	enveloped bool // the answer is the service's envelope
	answered  bool // the head of an answer came
	status    int
	header    http.Header
	body      []byte
	begun     bool // the caller has items of the answer

	err      error
	failure  failure
	rejected error // of the call, by an answer that is a success otherwise

	// The parts of the request, in one piece of memory.
	url     url.URL
	values  [5]string // of its headers
	content requestBody

	limited io.LimitedReader // of the answer

	sent     http.Header
	signedAt time.Time
	secrets  [2]string
	trace    trace
	answer   closing
}

// silence is the error of an attempt that took too long. Like the errors of package
// net it says of itself that it was a timeout.
type silence struct{}

func (silence) Error() string { return "no full answer within the time of an attempt" }
func (silence) Timeout() bool { return true }

// replayed is the silence of a server that kept refusing what net/http kept sending.
type replayed struct{ silence }

func (replayed) Error() string        { return "no answer on any of several connections" }
func (replayed) Is(target error) bool { return target == errSilence }

var (
	errSilence  = silence{}
	errReplayed = replayed{}
	errAnswered = errors.New("refused") // what went wrong is in the answer
	errGivenUp  = errors.New("the request was given up before it was sent")
)

// attempt signs and sends a call once, reads the answer, and judges it.
func (c *Client) attempt(ctx context.Context, call *call) *attempt {
	a := &attempt{}
	call.requestID = uuid.NewString()
	c.scopes.enter(ctx, &a.scope)
	defer c.scopes.leave(&a.scope)
	// A list that is streamed puts this off as long as something comes.
	a.after(c.options.attemptTimeout, errSilence)
	req, err := c.newRequest(call, a)
	if over := c.scopes.ended(ctx); over != nil {
		a.failure, a.err = ended, over
		return a
	}
	if err != nil {
		a.failure, a.err = refused, err
		return a
	}
	call.attempts++
	began := time.Now()
	err = c.perform(call, a, req)
	if err != nil && a.Context.Err() != nil {
		err = causeOf(a.Context)
	}
	a.failure, a.err = a.judge(call, err, c.scopes.ended(ctx) != nil)
	if a.begun {
		a.failure = begun
	}
	if a.err != nil && a.trace.sent() && a.failure.uncertain() || a.unclear() {
		call.unknown = true
	}
	if a.enveloped && a.ok2xx() && call.failed[dateRefused] > 0 {
		// The corrected signature was accepted, and with it the clock that made its date.
		c.skew.Store(int64(call.skew))
	}
	if a.err == nil {
		a.rejected = call.accept(a)
	}
	c.log(ctx, call, a, time.Since(began))
	return a
}

// perform sends the request of an attempt and takes in what is answered.
func (c *Client) perform(call *call, a *attempt, req *http.Request) error {
	resp, err := c.exchange(call, a, req) //nolint:bodyclose // a.answer closes it
	if err != nil {
		return err
	}
	a.answer.body = resp.Body
	defer a.answer.close()
	if !c.heedsContext() {
		defer context.AfterFunc(a.Context, a.answer.close)()
	}
	a.answered, a.status, a.header = true, resp.StatusCode, resp.Header
	if call.stream != nil && a.ok2xx() {
		return call.stream(a, resp.Body)
	}
	return a.read(resp, c.options.maxAnswer)
}

// heedsContext reports whether the transport is known to end an answer when the
// context is done. Of any other, that closes the answer, so that the call ends.
func (c *Client) heedsContext() bool {
	_, known := c.transport.(*http.Transport)
	return known && len(c.options.middleware) == 0
}

// closing closes a body once, whoever comes first.
type closing struct {
	body io.Closer
	done atomic.Bool
}

func (c *closing) close() {
	if c.done.CompareAndSwap(false, true) {
		c.body.Close()
	}
}

// newRequest makes the signed request of an attempt.
func (c *Client) newRequest(call *call, a *attempt) (*http.Request, error) {
	credentials, err := c.options.credentials.Credentials(a.Context)
	if isCutOff(a.Context, err) {
		err = causeOf(a.Context)
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	a.signedAt = time.Now().Add(call.skew)
	key, err := c.signer.key(credentials, a.signedAt)
	if err != nil {
		return nil, err
	}
	authorization := key.Authorization(call.requestID, call.query, call.body)
	_, signature, _ := strings.Cut(authorization, "Signature=")
	a.secrets = [...]string{credentials.secret(), signature}

	a.url = *c.base
	if call.common {
		a.url = *c.common
	}
	a.url.Path, a.url.RawQuery = call.path, call.query
	a.values = [...]string{"application/json", c.options.userAgent, call.requestID, key.Date(), authorization}
	a.sent = http.Header{
		"Content-Type": a.values[0:1:1], "User-Agent": a.values[1:2:2], // each with no room for more
		headerRequestID: a.values[2:3:3], headerDate: a.values[3:4:4], headerAuthorization: a.values[4:5:5],
	}
	if call.kind == read {
		a.trace.giveUp = a.cancel
	}
	a.trace.reports = c.own != nil && len(c.options.middleware) == 0
	req := (&http.Request{
		Method: call.method, URL: &a.url, Host: a.url.Host, Header: a.sent,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(httptrace.WithClientTrace(a.Context, a.trace.hooks()))
	if len(call.body) > 0 || call.kind != read {
		a.attach(call, req)
	}
	return req, nil
}

// attach gives a request its body. Also one without bytes is a body: net/http takes
// it upon itself to repeat a request that has none.
func (a *attempt) attach(call *call, req *http.Request) {
	a.trace.hasBody = true
	a.content.state = &a.trace.body
	a.content.text.Reset(call.body)
	req.Body, req.ContentLength = &a.content, int64(len(call.body))
	if call.kind == read {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(call.body)), nil }
	}
}

// read takes in the answer, within the bound.
func (a *attempt) read(resp *http.Response, most int64) error {
	if a.status < 200 {
		return nil // what follows is of another protocol
	}
	a.limited = io.LimitedReader{R: resp.Body, N: most + 1}
	body, err := readAll(&a.limited, resp.ContentLength)
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

// readAll reads what should be so many bytes. It takes little room on the word of
// the server alone, and grows with what comes.
func readAll(r io.Reader, length int64) ([]byte, error) {
	const trusted = 1 << 20
	b := bytes.NewBuffer(make([]byte, 0, max(0, min(length, trusted))+bytes.MinRead))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// judge says how an attempt failed, or returns a nil error. The HTTP status
// outranks the envelope, but for an order that is named.
func (a *attempt) judge(call *call, err error, done bool) (failure, error) {
	if !a.answered {
		return a.judgeTransport(err, done)
	}
	if call.kind == order && a.status < 500 && a.enveloped && a.inProgress() {
		return none, nil
	}
	if !a.ok2xx() {
		return a.judgeStatus(), cmp.Or(err, errAnswered)
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
	return none, nil
}

func (a *attempt) judgeTransport(err error, done bool) (failure, error) {
	switch {
	case done:
		return ended, err
	case a.trace.withheld:
		return refused, err
	case isHopeless(err), errors.As(err, new(misuse)):
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

// unclear reports whether the status says nothing of what was done.
func (a *attempt) unclear() bool {
	return a.answered && !a.trace.withheld && (a.status < 200 || a.status >= 500)
}

// skew is how far the clock of the server was ahead when the attempt was signed.
func (a *attempt) skew() time.Duration {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0
	}
	return date.Sub(a.signedAt)
}
