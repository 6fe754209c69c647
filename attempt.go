package ctcbr

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// outcome is how one attempt ended.
type outcome struct {
	failure failure // failNone: it succeeded
	err     error   // nil if it succeeded
	sent    bool    // false if the request could not be signed
	doubt   bool    // the service may have carried the request out
	signed  signedHeader
	answer  *answer // nil: none was received
	took    time.Duration
}

// signedHeader is what identifies an attempt in the headers of its request.
type signedHeader struct {
	requestID string
	at        time.Time
	header    http.Header
	secrets   [2]string
}

// answer is the response of the server: its status and headers, and what was read of its body.
type answer struct {
	status   int
	header   http.Header
	signedAt time.Time // when the request was signed, by the corrected clock
	body     []byte    // its beginning, if an error or a log may show it
	form     form
	unclear  error // why form is formNone
	envelope envelope
	givenOut bool // the caller has already received items of it
}

func (a *answer) is2xx() bool { return a.status >= 200 && a.status < 300 }

// skew returns how far the server's clock is ahead of the one that the request was signed by. It is
// zero if the answer has no Date.
func (a *answer) skew() time.Duration {
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0
	}
	return date.Sub(a.signedAt)
}

// dated reports whether the answer has a plausible Date, not one that is centuries away.
func (a *answer) dated() bool {
	skew := a.skew()
	return a.header.Get("Date") != "" && skew != math.MinInt64 && skew != math.MaxInt64
}

// attempt is the state of one attempt, in a single allocation.
type attempt struct {
	lifetime lifetime
	began    time.Time
	delivery delivery
	signed   signedHeader
	answered bool // status and headers were received
	answer   answer
	url      url.URL
	values   [5]string // of the request's headers
}

var errRefused = errors.New("refused") // the answer has the reason

// attempt sends one request of a call. number counts from 1, and skew corrects the signing date. It
// changes nothing of the call except its result.
func (e *engine) attempt(ctx context.Context, cl *call, number int, skew time.Duration) outcome {
	at := &attempt{began: time.Now()}
	e.lifetimes.begin(ctx, &at.lifetime)
	defer e.lifetimes.end(&at.lifetime)
	at.lifetime.limit(e.options.attemptTimeout, errSilence)

	req, err := e.sign(at, cl, skew)
	if over := e.lifetimes.over(ctx); over != nil {
		return outcome{failure: failEnded, err: over, signed: at.signed}
	}
	if err != nil {
		return outcome{failure: failRefused, err: err, signed: at.signed}
	}
	began := time.Now()
	resp, err := e.exchange(&at.delivery, cl.info(number), req)
	if err == nil {
		err = e.read(at, cl, resp)
	}
	if err != nil {
		err = at.lifetime.cause(err)
	}
	out := at.judge(cl, err, e.lifetimes.over(ctx))
	out.took = time.Since(began)
	return out
}

// sign builds the request of an attempt, with a new request ID, date and signature.
func (e *engine) sign(at *attempt, cl *call, skew time.Duration) (*http.Request, error) {
	at.signed.requestID = newUUID()
	credentials, err := e.credentials.Credentials(at.lifetime.ctx)
	if err != nil && isCutOff(at.lifetime.ctx, err) {
		err = fmt.Errorf("their provider did not answer: %w", causeOf(at.lifetime.ctx))
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	at.signed.at = time.Now().Add(skew)
	key, err := e.signer.key(credentials, at.signed.at)
	if err != nil {
		return nil, err
	}
	authorization := key.Authorization(at.signed.requestID, cl.query, cl.body)
	_, signature, _ := strings.Cut(authorization, "Signature=")
	at.signed.secrets = [...]string{credentials.secret(), signature}
	at.fillHeader(e.options.userAgent, key.Date(), authorization)
	return e.newRequest(at, cl), nil
}

// fillHeader sets the headers of the request. Their values share one array. Each slice has no spare
// capacity, so that middleware which appends to one does not overwrite the next.
func (at *attempt) fillHeader(agent, date, authorization string) {
	at.values = [...]string{"application/json", agent, at.signed.requestID, date, authorization}
	at.signed.header = make(http.Header, len(at.values))
	setTogether(at.signed.header, []string{"Content-Type", "User-Agent", headerRequestID, headerDate, headerAuthorization}, at.values[:])
}

// newRequest builds the signed request of an attempt.
func (e *engine) newRequest(at *attempt, cl *call) *http.Request {
	at.url = *e.base
	if cl.common {
		at.url = *e.common
	}
	at.url.Path, at.url.RawQuery = cl.path, cl.query
	if cl.kind == kindRead {
		at.delivery.lifetime = &at.lifetime
	}
	at.delivery.hasBody = len(cl.body) > 0 || cl.kind != kindRead
	at.delivery.asksFirst = e.own != nil && len(e.options.middleware) == 0
	req := (&http.Request{
		Method: cl.method, URL: &at.url, Host: at.url.Host, Header: at.signed.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(at.delivery.watch(at.lifetime.ctx))
	if at.delivery.hasBody {
		at.delivery.attach(req, cl.body, cl.kind)
	}
	return req
}

// read reads an answer, within the client's limits.
func (e *engine) read(at *attempt, cl *call, resp *http.Response) error {
	if e.endsAnswers() {
		defer resp.Body.Close()
	} else {
		at.lifetime.take(resp.Body)
		defer at.lifetime.closeAnswer()
	}
	at.answered = true
	a := &at.answer
	a.status, a.header, a.signedAt = resp.StatusCode, resp.Header, at.signed.at
	if a.status < 200 {
		return nil // another protocol follows
	}
	s := wirejson.NewScanner(e.direct(at, cl, resp.Body), e.options.maxAnswer)
	defer s.Free()
	s.Expect(resp.ContentLength)
	var err error
	a.form, a.unclear, err = a.envelope.read(s)
	if a.form == formNone || e.options.logBodies {
		a.body = bytes.Clone(s.Beginning())
	}
	switch {
	case errors.Is(err, wirejson.ErrTooLarge):
		return ErrTooLarge
	case errors.Is(err, errLeft):
		a.envelope.StatusCode.number = statusSuccess // as far as the caller read
		return nil
	}
	return err
}

// direct sets where the content of an answer is decoded to, and returns the body to read it from.
func (e *engine) direct(at *attempt, cl *call, body io.Reader) io.Reader {
	payload := &at.answer.envelope.ReturnObj
	switch {
	case cl.stream.items != nil && at.answer.is2xx():
		payload.items = func(s *wirejson.Scanner) (flaw, stop error) { return cl.stream.items(at, s) }
		return e.pace(at, cl, body)
	case cl.kind == kindRead && cl.result != nil:
		reflect.ValueOf(cl.result).Elem().SetZero() // what an earlier attempt decoded
		payload.result = cl.result
	}
	return body
}

// judge returns the outcome of an attempt. err is the error of sending or reading it. over is why the
// call must end, or nil.
func (at *attempt) judge(cl *call, err, over error) outcome {
	out := outcome{sent: true, signed: at.signed}
	arrived := at.delivery.seal()
	if !at.answered {
		out.failure, out.err = at.delivery.judge(err, arrived, over)
		out.doubt = arrived && out.failure.leavesDoubt()
		return out
	}
	out.answer = &at.answer
	out.failure, out.err = out.answer.judge(cl.kind, err, over)
	switch {
	case out.failure == failNone:
		out.failure, out.err = cl.accept(out.answer, at.signed.requestID)
		out.doubt = out.failure == failContent
		return out
	case out.answer.givenOut:
		out.failure = failMidList
	}
	out.doubt = arrived && out.failure.leavesDoubt() || !at.delivery.intercepted && out.answer.leavesDoubt(out.failure)
	return out
}

// judge returns how an attempt without an answer failed.
func (d *delivery) judge(err error, arrived bool, over error) (failure, error) {
	switch {
	case over != nil:
		return failEnded, err
	case d.intercepted:
		return failRefused, err
	case isHopeless(err), errors.As(err, new(misuse)):
		return failHopeless, err
	case arrived:
		return failNoAnswer, err
	}
	return failNotConnected, err
}

// judge returns how an attempt with an answer failed, or failNone. Refused keys come first, then an
// order that the answer names, then the HTTP status, and last the status in the body.
func (a *answer) judge(k callKind, err, over error) (failure, error) {
	switch {
	case a.refusesKeys() && a.skew().Abs() > maxSkew:
		return failDate, cmp.Or(err, errRefused)
	case a.refusesKeys():
		return failUnauthorized, cmp.Or(err, errRefused)
	case k == kindOrder && a.status < 500 && a.form == formService && a.envelope.inProgress():
		return failNone, nil
	case !a.is2xx():
		return a.judgeStatus(err)
	case err != nil && over != nil:
		return failEnded, err
	case errors.Is(err, ErrTooLarge):
		return failOversized, err
	case errors.Is(err, errSilence):
		return failNoAnswer, err
	case err != nil:
		return failGarbled, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return a.judgeForm()
}

// judgeStatus judges an answer whose HTTP status is not 2xx.
func (a *answer) judgeStatus(err error) (failure, error) {
	switch a.status {
	case http.StatusTooManyRequests:
		return failThrottled, cmp.Or(err, errRefused)
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failServer, cmp.Or(err, errRefused)
	}
	switch {
	case a.form != formNone:
		return a.judgeForm()
	case a.status < 400 || a.status >= 500:
		return failRefused, cmp.Or(err, errRefused)
	case err != nil:
		return failRefused, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return failRefused, ErrBadAnswer
}

// judgeForm judges an answer by its body.
func (a *answer) judgeForm() (failure, error) {
	switch {
	case a.form == formNone:
		return failGarbled, fmt.Errorf("%w: %w", ErrBadAnswer, a.unclear)
	case a.form == formGateway && a.skew().Abs() > maxSkew:
		return failGatewayDate, errRefused
	case a.form == formGateway:
		return failGateway, errRefused
	case a.envelope.StatusCode.number == statusSuccess && a.is2xx():
		return failNone, nil
	case isPlatformFault(a.envelope.code()):
		return failServer, errRefused
	}
	return failRefused, errRefused
}

// refusesKeys reports whether the key pair, the signature or its permissions were refused, which
// happens before anything is carried out.
func (a *answer) refusesKeys() bool {
	return a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || isKeyRefusal(a.form, a.envelope.code())
}

// leavesDoubt reports whether the HTTP status does not rule out that the request was carried out.
func (a *answer) leavesDoubt(f failure) bool {
	switch f {
	case failRefused:
		return a.status < 200 || a.status >= 500
	case failGateway, failGatewayDate:
		return a.status < 400 || a.status >= 500
	}
	return false
}
