package ctcbr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// The status codes that the service documents.
const (
	statusSuccess = 800
	statusFailure = 900
)

// form says who wrote an answer.
type form int

const (
	formNone    form = iota // neither of them: a page of a proxy, or an incomplete response
	formService             // the service, in its envelope
	formGateway             // the gateway in front of it, which refused the request
)

// envelope is the JSON object around every answer: the service's, or the gateway's, whose status code
// is text.
type envelope struct {
	StatusCode  statusCode `json:"statusCode"`
	Message     wireText   `json:"message"`
	Description wireText   `json:"description"`
	Error       wireText   `json:"error"`
	ErrorCode   wireText   `json:"errorCode"`
	Details     wireText   `json:"details"`
	EOPCode     wireText   `json:"eopErrCode"` // of the gateway only
	RequestID   wireText   `json:"requestId"`  // of the gateway only: its own ID of the request
	ReturnObj   content    `json:"returnObj"`
}

// read reads an answer to its end. Its content is decoded on the way, to where ReturnObj says. unclear
// is why a complete answer has no form; err is what went wrong while reading.
func (e *envelope) read(s *wirejson.Scanner) (f form, unclear, err error) {
	e.ReturnObj.status = &e.StatusCode
	isObject := s.Next() == '{'
	_ = s.Decode(e)
	unclear = s.End()
	switch {
	case e.ReturnObj.stop != nil:
		return formService, nil, e.ReturnObj.stop
	case unclear != nil:
		// The rest is read even if it is not JSON, so that the connection can be used again.
		if err = s.Drain(); e.ReturnObj.items != nil && errors.As(unclear, new(*wirejson.SyntaxError)) {
			err = nil
		}
		return formNone, unclear, err
	case !isObject:
		return formNone, errors.New("no JSON object"), nil
	}
	f, unclear = e.form()
	if e.ReturnObj.items != nil && e.StatusCode.number == statusSuccess {
		err = e.ReturnObj.flaw
	}
	return f, unclear, err
}

// form returns who wrote the answer, or formNone and the reason if that is not clear.
func (e *envelope) form() (form, error) {
	status := &e.StatusCode
	gateway := e.EOPCode != "" || strings.HasPrefix(status.text, gatewayPrefix)
	switch {
	case status.seen > 1:
		return formNone, errors.New("more than one status code")
	case e.ReturnObj.seen > 1:
		return formNone, errors.New("more than one returnObj")
	case gateway && (status.number == statusSuccess || status.number == statusFailure):
		return formNone, errors.New("a response of the service and a refusal of the gateway at once")
	case gateway:
		return formGateway, nil
	case status.number == 0:
		return formNone, errors.New("no status code")
	}
	return formService, nil
}

// gatewayPrefix is what precedes the code in the status code of the gateway.
const gatewayPrefix = "CTAPI_"

// code returns the error code, from the first of its fields that is set.
func (e *envelope) code() string {
	code := cmp.Or(e.EOPCode, e.Error, e.ErrorCode)
	if code == "" && strings.HasPrefix(e.StatusCode.text, gatewayPrefix) {
		return e.StatusCode.text
	}
	return string(code)
}

// inProgress reports whether the answer says that an order is being processed, and names the order.
func (e *envelope) inProgress() bool {
	return (isInProgress(string(e.Error)) || isInProgress(string(e.ErrorCode))) && e.orderID() != ""
}

// orderID returns the ID of the order that the answer names, or "". If it names several, that is the
// last one; accept refuses such an answer.
func (e *envelope) orderID() string {
	var order struct {
		Meta
		ID string `json:"masterOrderID" wire:"lenient,once"`
	}
	if _ = e.ReturnObj.decode(&order); isBlank(order.ID) {
		return ""
	}
	return order.ID
}

// statusCode reads 800, 800.0 and "800", and keeps the text of the gateway's. It counts how often the
// answer has the field, in any case of letters.
type statusCode struct {
	number int
	text   string
	seen   int
}

// ReadJSON reads one of the status codes of an answer.
func (c *statusCode) ReadJSON(s *wirejson.Scanner) {
	c.seen++
	c.number, c.text = 0, strings.TrimSpace(s.Text())
	if f, err := strconv.ParseFloat(c.text, 64); err == nil && f == float64(int32(f)) {
		c.number = int(f)
	}
}

// wireText is a string, or the text of a number.
type wireText string

// ReadJSON reads any value as text.
func (t *wireText) ReadJSON(s *wirejson.Scanner) { *t = wireText(s.Text()) }

// content is the returnObj of an answer. It is decoded while the envelope is read: a read into its
// result, and a list item by item. The response to an order or a write is judged first, so its
// content is kept as raw JSON.
type content struct {
	result response        // of a read
	items  items           // of a list
	raw    json.RawMessage // of all others

	status *statusCode // of the same answer
	seen   int
	flaw   error // what is wrong with it, if the answer is a success
	stop   error // why reading was stopped
}

// items reads the items of a list from a returnObj. flaw is what is wrong with it; stop is why no more
// of the answer may be read.
type items func(*wirejson.Scanner) (flaw, stop error)

// ReadJSON reads the content of an answer. It skips content that follows the status of a failure.
func (c *content) ReadJSON(s *wirejson.Scanner) {
	c.seen++
	switch {
	case c.result == nil && c.items == nil:
		c.raw = bytes.Clone(s.Raw())
	case c.seen > 1, c.status.seen > 0 && c.status.number != statusSuccess:
		s.Skip()
	case s.Next() != '{':
		c.flaw = skipEmpty(s)
	case c.items == nil:
		c.flaw = s.Decode(c.result)
	default:
		flaw, stop := c.items(s)
		if c.flaw = flaw; s.Err() == nil && stop != nil {
			c.stop = stop
			s.Fail(stop)
		}
	}
}

// skipEmpty reads a returnObj that is not an object. Instead of an empty object, the service sends
// null, an empty string or an empty list.
func skipEmpty(s *wirejson.Scanner) error {
	raw := s.Raw()
	switch {
	case len(raw) == 0, string(raw) == "null", string(raw) == `""`:
		return nil
	case raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0:
		return nil
	}
	return errors.New("its returnObj is no object")
}

// decode decodes the content into result, unless that happened while it was read.
func (c *content) decode(result response) error {
	flaw := c.flaw
	if c.raw != nil {
		kept := content{result: result, status: &statusCode{}}
		flaw = cmp.Or(wirejson.Unmarshal(c.raw, &kept), kept.flaw)
	}
	return flaw
}

// isKeyRefusal reports whether a code means that the key pair or the signature was refused, which
// happens before anything is carried out.
func isKeyRefusal(f form, code string) bool {
	switch strings.TrimPrefix(code, gatewayPrefix) {
	case codeKeys, codeSignature:
		return f == formGateway
	}
	return f != formNone && strings.EqualFold(code, codeAccessKeyInvalid)
}

// The codes of the gateway, and of the platform behind it, that a hint explains.
const (
	codeKeys             = "10002" // the access key or the secret key is not valid
	codeSignature        = "10009" // the signature: wrong secret key or date, or the request was changed
	codeNoSuchAPI        = "10000" // no such path; one client treats it as a success of another product
	codeAccessKeyInvalid = "openapi.requestParse.accessKeyInvalid"
)

// isPermission reports whether a code of the service means that the user lacks a permission.
func isPermission(f form, code string) bool {
	return f == formService && hasPrefixFold(code, "CTIAM_")
}

// isRegionRefusal reports whether a code means that the region is unknown or not allowed.
func isRegionRefusal(code string) bool {
	code = strings.ToLower(code)
	return code == "openapi.regioninfo.accessfailed" ||
		strings.Contains(code, "region") && hasNotFound(code)
}

// isInProgress reports whether a code means that an order is being processed.
func isInProgress(code string) bool {
	return strings.HasSuffix(strings.ToLower(code), "order.inprogress")
}

// isPlatformFault reports whether a code means that the platform behind the service failed. It comes
// with HTTP 200.
func isPlatformFault(code string) bool {
	switch strings.ToLower(code) {
	case "openapi.admin.accessfailed", "openapi.userpermission.accessfailed", "openapi.yacos.accessfailed",
		"openapi.workorder.accessfailed", "openapi.ctyunplatform.accessfailed", "openapi.innersys.accessfailed",
		"openapi.charge.fused":
		return true
	}
	return false
}

func hasNotFound(code string) bool {
	return strings.HasSuffix(code, "notfound") || strings.HasSuffix(code, "notexist") || strings.HasSuffix(code, "notexists")
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// response is implemented by every XResponse, by embedding Meta.
type response interface{ meta() *Meta }

// Meta is part of every response.
type Meta struct {
	// RequestID identifies the request. The service's support asks for it.
	RequestID string `json:"-"`
}

func (m *Meta) meta() *Meta { return m }
