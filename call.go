package ctcbr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ctyun-go/ctcbr/internal/redact"
)

// call is one logical call: what all its attempts share, and what they have met.
type call struct {
	operation
	client      *Client
	request     any // completed
	query       string
	body        []byte
	clientToken string
	result      interface{ meta() *Meta }       // what the answer of a success is decoded into; may be nil
	stream      func(*attempt, io.Reader) error // takes in a list as it comes; nil reads answers whole

	requestID string // of the last attempt
	attempts  int
	failed    [refused + 1]int // attempts by the way they failed
	secrets   redact.Secrets   // of the attempts that failed
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
	return call, call.encode(filled)
}

// encode makes the body of a call.
func (c *call) encode(content any) (err error) {
	if c.body, err = json.Marshal(content); err != nil {
		return fmt.Errorf("ctcbr: %s: encode the request: %w", c.name(), err)
	}
	return nil
}

// accept takes in the answer of a success.
func (c *call) accept(a *attempt) error {
	if c.result == nil {
		return nil
	}
	if err := a.decode(c.result); err != nil {
		return c.fail(a, err, true)
	}
	c.result.meta().RequestID = c.requestID
	if v, ok := c.result.(checked); ok {
		if err := v.check(c, a); err != nil {
			return c.fail(a, err, errors.Is(err, ErrBadAnswer))
		}
	}
	return nil
}

// again is the same call, before any attempt was made.
func (c *call) again() *call {
	return &call{operation: c.operation, body: c.body, clientToken: c.clientToken}
}

// clean hides the secrets of all attempts: a stale page may repeat those of an earlier one.
func (c *call) clean(a *attempt) redact.Secrets {
	return append(slices.Clip(c.secrets), a.secrets[:]...)
}

// fail makes the error of a call.
func (c *call) fail(a *attempt, err error, unknown bool) *Error {
	clean := c.clean(a)
	e := &Error{
		Operation: c.name(), Method: c.method, Path: c.path,
		HTTPStatus: a.status, StatusCode: a.StatusCode.number,
		Code:    redact.Beginning(clean, a.code(), longestText),
		Message: redact.Beginning(clean, string(a.Message), longestText), Description: redact.Beginning(clean, string(a.Description), longestText),
		RequestID: c.requestID, Attempts: c.attempts, ClientToken: c.clientToken,
		unknown: (unknown || c.unknown) && c.kind != read,
		skew:    a.skew(),
	}
	if location, err := url.Parse(a.header.Get("Location")); err == nil {
		e.toHost = redact.Beginning(clean, location.Host, beginningSize)
	}
	if err != errAnswered {
		e.Err = clean.Error(err, longestText)
	}
	if a.answered && !a.enveloped {
		e.Body = redact.Beginning(clean, a.body, beginningSize)
	}
	return e
}

const (
	beginningSize = 256     // of an answer that an error shows
	longestText   = 4 << 10 // of the service that an error shows
)
