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

// A call, from a method of a service to the wire and back:
//
//	do                                               call.go
//	├─ check    complete a copy of the request,      validate.go
//	│           and find all its faults
//	├─ encode   once: every attempt sends these      call.go
//	│           bytes
//	└─ send     until it succeeds or must not be     call.go
//	   │        sent again
//	   ├─ attempt   one request                      attempt.go
//	   │  ├─ sign       new request ID, date and     signer.go
//	   │  │             signature
//	   │  ├─ exchange   through the middleware       middleware.go
//	   │  ├─ read       the response, bounded        attempt.go, envelope.go, list.go
//	   │  └─ judge      how it failed, if it did     attempt.go, delivery.go
//	   └─ decide    again? when? why?                retry.go
//
// An attempt returns its outcome and does not change the call. Only send records outcomes, corrects
// the clock, spends the retry budget and waits between attempts.

// operation describes an operation of the API.
type operation struct {
	kind   callKind
	method string
	path   string
	common bool   // served by the common endpoint
	inBody bool   // a GET that carries its parameters as JSON
	list   string // the wire name of the list in its response, if it can be streamed
	total  string // the wire name of the total of that list
}

func (o operation) name() string {
	if name := path.Base(o.path); name != "." && name != "/" {
		return name
	}
	return ""
}

// checked is implemented by responses whose status may be that of a success although the command was
// refused, or the ID of what was created is missing.
type checked interface {
	check(*call, *answer) error
}

// call is one logical call: what its attempts share, and the record of how they ended.
type call struct {
	operation
	request     request // completed; nil for Client.Do
	query       string
	body        []byte
	clientToken string
	result      response  // what a successful response is decoded into; nil: it is not decoded
	stream      streaming // how the items of a list are streamed; zero: the response is read whole

	// The record of the attempts. Only the loop of send changes it.
	requestID string // of the last attempt
	attempts  int
	failed    [failKinds]int // number of failed attempts by kind of failure
	secrets   redact.Secrets // of all attempts: a cached page may repeat those of an earlier one
	space     [2]string      // memory for the first two secrets
	doubt     bool           // an attempt may have been carried out
}

// do carries out one call: it checks and encodes the request, sends it until it succeeds or must not
// be sent again, and decodes the response into result. The request must be a copy that belongs to
// the call.
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

// copyOf returns a copy of the caller's request, or an empty request for nil.
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
	v := validate(op.name(), c.region, req)
	return v.clientToken, v.err()
}

// encode encodes the body of a call.
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

// send is the retry loop of Client.send.
func (e *engine) send(ctx context.Context, cl *call) (*answer, error) {
	skew := e.skew()
	before := "" // how the last attempt failed
	for {
		out := e.attempt(ctx, cl, cl.attempts+1, skew)
		alike := cl.record(&out)
		e.learn(skew, cl, out.answer)
		if out.failure == failNone {
			e.log(ctx, cl, &out, nil, "")
			return out.answer, nil
		}
		if out.failure == failEnded && before != "" {
			out.err = fmt.Errorf("%w, after %s", out.err, before)
		}
		failed := newError(cl, out.answer, out.err)
		again, wait, why := e.decide(cl, &out, alike)
		e.log(ctx, cl, &out, failed, why)
		if !again {
			return nil, failed
		}
		if out.failure == failDate || out.failure == failGatewayDate {
			skew += out.answer.skew()
		}
		before = failed.short()
		if !e.lifetimes.sleep(ctx, wait) {
			return nil, newError(cl, out.answer, e.cutOff(ctx, out.err))
		}
	}
}

// record adds an attempt to the record of the call. It returns how many earlier attempts failed in
// the same way.
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

// decide returns whether to send a call again after a failed attempt, how long to wait first, and
// why.
func (e *engine) decide(cl *call, out *outcome, alike int) (again bool, wait time.Duration, why string) {
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

// cutOff returns the error of a call that ended while it waited for its next attempt. The last one
// failed with err.
func (e *engine) cutOff(ctx context.Context, err error) error {
	over := fmt.Errorf("%w while waiting to try again", e.lifetimes.over(ctx))
	if err == errRefused {
		return over
	}
	return fmt.Errorf("%w, since: %w", over, err)
}

// learn keeps a correction of the clock once the service has accepted a request that was signed with
// it. A refusal by the gateway does not count.
func (e *engine) learn(skew time.Duration, cl *call, a *answer) {
	corrected := cl.failed[failDate]+cl.failed[failGatewayDate] > 0
	if corrected && a != nil && a.form == formService && a.is2xx() {
		e.clock.Store(int64(skew))
	}
}

func (e *engine) skew() time.Duration { return time.Duration(e.clock.Load()) }

// accept decodes a successful response into the result, and checks that nothing required is missing.
func (cl *call) accept(a *answer, requestID string) (failure, error) {
	if cl.result == nil {
		return failNone, nil
	}
	if err := a.envelope.ReturnObj.decode(cl.result); err != nil {
		return failContent, fmt.Errorf("%w: %w", ErrBadAnswer, err)
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

// newError returns the error of a call, from its cause and the answer, which may be nil.
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

// errNotMade returns the error of a client that was not created by NewClient.
func errNotMade(op operation) *Error {
	return newError(&call{operation: op}, nil, &special{"the client was not created: use NewClient", ErrClosed})
}
