package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/ctyun-go/ctcbr/internal/redact"
	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// The way of a call, from a method of a resource to the wire and back:
//
//	do                                               call.go
//	├─ check    complete a copy of the request,      validate.go
//	│           and name all its faults at once
//	├─ encode   once: all attempts send these bytes  call.go
//	└─ send     until it succeeds or must not be     call.go
//	   │        sent again
//	   ├─ attempt   one request                      attempt.go
//	   │  ├─ sign       new request ID, date and     signer.go
//	   │  │             signature
//	   │  ├─ exchange   through the middleware       middleware.go
//	   │  ├─ read       the answer, bounded          attempt.go, envelope.go, list.go
//	   │  └─ judge      how it failed, if it did     attempt.go, delivery.go
//	   └─ decide    again? when? why?                retry.go
//
// An attempt returns its outcome and changes nothing of the call. send alone records what the
// attempts met, corrects the clock, spends the retry budget and waits.

// operation is how an operation is reached.
type operation struct {
	kind   callKind
	method string
	path   string
	common bool   // served by the common endpoint
	inBody bool   // a GET that carries its parameters as JSON
	list   string // the wire name of the list that it can be streamed as
	total  string // the wire name of the count of that list
}

func (o operation) name() string {
	if name := path.Base(o.path); name != "." && name != "/" {
		return name
	}
	return ""
}

// request is implemented by every XRequest.
type request interface {
	// complete fills in what the client knows, and names the faults of the request. It works on
	// a copy of what the caller gave.
	complete(*validation)
}

// response is implemented by every XResponse, by embedding Meta.
type response interface{ meta() *Meta }

// checked is implemented by the responses that can say no, or can lack the ID of what was made,
// under the status of a success.
type checked interface {
	check(*call, *answer) error
}

// call is one logical call: what all its attempts share, and what they have met.
type call struct {
	operation
	request     request // completed; nil for Client.Do
	query       string
	body        []byte
	clientToken string
	result      response  // what a success is decoded into; nil decodes nothing
	stream      streaming // how a list is taken as it comes; zero reads answers whole

	// What the attempts have met. The loop of send alone changes it.
	requestID string // of the last attempt
	attempts  int
	failed    [failKinds]int // attempts by how they failed
	secrets   redact.Secrets // of all attempts: a stale page may repeat those of an earlier one
	space     [2]string      // of the first secrets
	doubt     bool           // an attempt may have been carried out
}

// do carries out one call from a method to the wire: it checks and encodes the request, sends it
// until it succeeds or must not be sent again, and returns the result with the answer in it. The
// request must be a copy that is the call's own.
func do[T response](ctx context.Context, c *Client, op operation, req request, result T) (T, error) {
	var none T
	cl, err := newCall(c, op, req)
	if err != nil {
		return none, err
	}
	cl.result = result
	if _, err := c.send(ctx, cl); err != nil {
		return none, err
	}
	return result, nil
}

// newCall checks a request and encodes it, once for all attempts.
func newCall(c *Client, op operation, req request) (*call, error) {
	clientToken, err := c.check(op, req)
	if err != nil {
		return nil, err
	}
	cl := &call{operation: op, request: req, clientToken: clientToken}
	if op.method == http.MethodGet && !op.inBody {
		cl.query = wirejson.Query(req)
		return cl, nil
	}
	return cl, cl.encode(req)
}

// copyOf returns a copy of what the caller gave, or an empty request for nil.
func copyOf[T any](given *T) *T {
	if given == nil {
		return new(T)
	}
	own := *given
	return &own
}

// check completes a request and reports all its faults in one error.
func (c *Client) check(op operation, req request) (clientToken string, err error) {
	if !c.isMade() {
		return "", errNotMade(op)
	}
	v := validate(op, c.region, req)
	return v.clientToken, v.err()
}

// encode writes the body of a call.
func (cl *call) encode(payload any) (err error) {
	if cl.body, err = json.Marshal(payload); err != nil {
		return fmt.Errorf("ctcbr: %s: encode the request: %w", cl.name(), err)
	}
	return nil
}

// send makes attempts until one succeeds or the call must not be sent again.
func (c *Client) send(ctx context.Context, cl *call) (a *answer, err error) {
	if ctx == nil {
		return nil, newError(cl, nil, errors.New("nil context"))
	}
	if !c.isMade() {
		return nil, errNotMade(cl.operation)
	}
	e := c.engine
	ctx, end := e.callHooks(ctx, cl.info(0))
	err = errUnwound
	defer func() { end(err) }()
	e.budget.earn()
	return e.send(ctx, cl)
}

// send is the loop of Client.send.
func (e *engine) send(ctx context.Context, cl *call) (*answer, error) {
	skew := e.skew()
	before := "" // how the last attempt failed
	for {
		out := e.attempt(ctx, cl, cl.attempts+1, skew)
		alike := cl.record(&out)
		e.learn(skew, cl, out.answer)
		if out.failure == failEnded && before != "" {
			out.err = fmt.Errorf("%w, after %s", out.err, before)
		}
		var failed *Error
		if out.err != nil {
			failed = newError(cl, out.answer, out.err)
		}
		again, wait, why := e.decide(cl, &out, alike)
		e.log(ctx, cl, &out, failed, why)
		switch {
		case failed == nil:
			return out.answer, nil
		case !again:
			return nil, failed
		case out.failure == failDate || out.failure == failGatewayDate:
			skew += out.answer.skew()
		}
		before = failed.short()
		if !e.lifetimes.sleep(ctx, wait) {
			return nil, newError(cl, out.answer, e.cutOff(ctx, out.err))
		}
	}
}

// record keeps what an attempt met. It returns how many attempts before it failed alike.
func (cl *call) record(out *outcome) (alike int) {
	cl.requestID = out.signed.requestID
	if out.sent {
		cl.attempts++
	}
	alike = cl.failed[out.failure]
	cl.failed[out.failure]++
	cl.doubt = cl.doubt || out.doubt
	if cl.secrets == nil {
		cl.secrets = cl.space[:0]
	}
	cl.secrets = append(cl.secrets, out.signed.secrets[:]...)
	return alike
}

// decide says whether a call is sent again after an attempt that failed, and when.
func (e *engine) decide(cl *call, out *outcome, alike int) (again bool, wait time.Duration, why string) {
	if out.failure == failNone {
		return false, 0, ""
	}
	var header http.Header
	if out.answer != nil {
		header = out.answer.header
	}
	again, wait, why = decide(cl.kind, out.failure, tries{cl.attempts, e.options.maxAttempts, alike}, header)
	switch {
	case again && out.failure == failThrottled && !e.budget.spend():
		return false, 0, "the retry budget of the client is spent"
	case wait == byBackoff:
		wait = backoff(cl.attempts, e.options.firstWait, e.options.longestWait)
	}
	return again, wait, why
}

// cutOff is the error of a call that ended between two attempts, the first of which failed with
// err.
func (e *engine) cutOff(ctx context.Context, err error) error {
	over := fmt.Errorf("%w while waiting to try again", e.lifetimes.over(ctx))
	if err == errRefused {
		return over
	}
	return fmt.Errorf("%w, since: %w", over, err)
}

// learn keeps a correction of the clock once the service has accepted a date that it made. A
// refusal of the gateway never teaches it.
func (e *engine) learn(skew time.Duration, cl *call, a *answer) {
	corrected := cl.failed[failDate]+cl.failed[failGatewayDate] > 0
	if corrected && a != nil && a.form == formService && a.is2xx() {
		e.clock.Store(int64(skew))
	}
}

func (e *engine) skew() time.Duration { return time.Duration(e.clock.Load()) }

// accept decodes the answer of a success into the result, and checks that it holds what it must.
func (cl *call) accept(a *answer, requestID string) (failure, error) {
	if cl.result == nil {
		return failNone, nil
	}
	if err := a.envelope.ReturnObj.decode(cl.result); err != nil {
		return failContent, err
	}
	cl.result.meta().RequestID = requestID
	if result, ok := cl.result.(checked); ok {
		if err := result.check(cl, a); errors.Is(err, ErrRejected) {
			return failRefused, err
		} else if err != nil {
			return failContent, err
		}
	}
	return failNone, nil
}

// info describes a request of the call to middleware and hooks.
func (cl *call) info(number int) CallInfo {
	return CallInfo{Operation: cl.name(), Method: cl.method, Path: cl.path, Attempt: number}
}

const (
	shownBody = 256     // bytes of an answer that an error shows
	shownText = 4 << 10 // bytes of a text of the service that an error shows
)

// newError makes the error of a call of its cause and, where there is one, an answer.
func newError(cl *call, a *answer, cause error) *Error {
	clean := cl.secrets
	e := &Error{
		Operation: cl.name(), Method: cl.method, Path: cl.path,
		RequestID: cl.requestID, Attempts: cl.attempts, ClientToken: cl.clientToken,
		unknown: cl.doubt && cl.kind != kindRead,
	}
	if cause != errRefused {
		e.Err = clean.Error(cause, shownText)
	}
	if a == nil {
		return e
	}
	e.HTTPStatus, e.StatusCode, e.form = a.status, a.envelope.StatusCode.number, a.form
	if e.dated = a.dated(); e.dated {
		e.skew = a.skew()
	}
	e.retryAfter, _ = parseRetryAfter(a.header)
	e.OrderID = redact.Beginning(clean, a.envelope.orderID(), shownBody)
	e.GatewayRequestID = redact.Beginning(clean, string(a.envelope.RequestID), shownBody)
	e.Code = redact.Beginning(clean, a.envelope.code(), shownText)
	e.Message = redact.Beginning(clean, string(a.envelope.Message), shownText)
	e.Description = redact.Beginning(clean, string(a.envelope.Description), shownText)
	if location, err := url.Parse(a.header.Get("Location")); err == nil {
		e.toHost = redact.Beginning(clean, location.Host, shownBody)
	}
	if a.form == formNone {
		e.Body = redact.Beginning(clean, a.body, shownBody)
	}
	return e
}

// errNotMade is the error of a client that NewClient did not make.
func errNotMade(op operation) *Error {
	return newError(&call{operation: op}, nil, &special{"the client was not created: use NewClient", ErrClosed})
}
