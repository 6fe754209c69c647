package ctcbr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// The documented statuses of the service.
const (
	statusSuccess = 800
	statusFailure = 900
)

// form is who an answer speaks for.
type form int

const (
	formNone    form = iota // neither: a page of a proxy, or what came is not whole
	formService             // the envelope of the service
	formGateway             // the refusal of the gateway before it
)

// envelope is what every answer is wrapped in: that of the service, or that of the gateway, whose
// status is text.
type envelope struct {
	StatusCode  statusCode `json:"statusCode"`
	Message     wireText   `json:"message"`
	Description wireText   `json:"description"`
	Error       wireText   `json:"error"`
	ErrorCode   wireText   `json:"errorCode"`
	Details     wireText   `json:"details"`
	EOPCode     wireText   `json:"eopErrCode"` // of the gateway alone
	RequestID   wireText   `json:"requestId"`  // of the gateway alone: its own
	ReturnObj   content    `json:"returnObj"`
}

// read reads an answer to its end, while its content goes where that says. It returns why an answer
// that came speaks for nobody apart from what went wrong with reading it.
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

// form says who the answer speaks for. One that speaks for both at once speaks for neither.
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

// gatewayPrefix is what the status of the gateway begins with, before its code.
const gatewayPrefix = "CTAPI_"

// code is the error code, in the first of its spellings that came.
func (e *envelope) code() string {
	code := cmp.Or(e.EOPCode, e.Error, e.ErrorCode)
	if code == "" && strings.HasPrefix(e.StatusCode.text, gatewayPrefix) {
		return e.StatusCode.text
	}
	return string(code)
}

// inProgress reports whether the answer says that an order is being carried out, and names it.
func (e *envelope) inProgress() bool {
	return (isInProgress(string(e.Error)) || isInProgress(string(e.ErrorCode))) && e.orderID() != ""
}

// orderID is the order that the answer names, or "". Of several it is the last: that they are several
// is found when the answer is accepted.
func (e *envelope) orderID() string {
	var order Order
	if _ = e.ReturnObj.decode(&order); isBlank(order.ID) {
		return ""
	}
	return order.ID
}

// statusCode reads 800, 800.0 and "800", and keeps the text of the gateway. It counts how often it
// was given, in whatever case of letters.
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

// wireText is text, or a number in the form it was written in.
type wireText string

// ReadJSON reads whatever was written.
func (t *wireText) ReadJSON(s *wirejson.Scanner) { *t = wireText(s.Text()) }

// content is the returnObj of an answer. It reads itself while the envelope is read: into the result
// of a read, item by item for a list, and as it came for what is judged first, an order or a write.
type content struct {
	result response        // of a read
	items  items           // of a list
	raw    json.RawMessage // of all others

	status *statusCode // of the same answer
	seen   int
	flaw   error // what is wrong with it, should the answer be a success
	stop   error // why no more of it is read
}

// items takes the items of a list from a returnObj. It returns what is wrong with that, and why no
// more of the answer may be read.
type items func(*wirejson.Scanner) (flaw, stop error)

// ReadJSON reads the content of an answer. What came after the status of a failure is not taken.
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

// skipEmpty reads a returnObj that is no object. Where there is nothing to tell, the service writes
// null, an empty text or an empty list.
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

// decode decodes the content into result, unless that was done while it was read.
func (c *content) decode(result response) error {
	flaw := c.flaw
	if c.raw != nil {
		kept := content{result: result, status: &statusCode{}}
		flaw = cmp.Or(wirejson.Unmarshal(c.raw, &kept), kept.flaw)
	}
	if flaw != nil {
		return fmt.Errorf("%w: %w", ErrBadAnswer, flaw)
	}
	return nil
}

// isKeyRefusal reports whether a code says that the key pair or the signature was refused, which
// comes before anything is carried out.
func isKeyRefusal(f form, code string) bool {
	switch strings.TrimPrefix(code, gatewayPrefix) {
	case codeKeys, codeSignature:
		return f == formGateway
	}
	return f != formNone && strings.EqualFold(code, codeAccessKeyInvalid)
}

// The codes of the gateway, and of the platform behind it, that say what to do.
const (
	codeKeys             = "10002" // the access key or the secret key is not valid
	codeSignature        = "10009" // of the request: its secret key, its date, or what changed it
	codeNoSuchAPI        = "10000" // no such path, by one client's word a success of another product
	codeAccessKeyInvalid = "openapi.requestParse.accessKeyInvalid"
)

// isPermission reports whether a code of the service says that the user lacks a permission.
func isPermission(f form, code string) bool {
	return f == formService && hasPrefixFold(code, "CTIAM_")
}

// isRegionRefusal reports whether a code says that the region is not known or not allowed.
func isRegionRefusal(code string) bool {
	code = strings.ToLower(code)
	return code == "openapi.regioninfo.accessfailed" ||
		strings.Contains(code, "region") && hasNotFound(code)
}

// isInProgress reports whether a code says that an order is being carried out.
func isInProgress(code string) bool {
	return strings.HasSuffix(strings.ToLower(code), "order.inprogress")
}

// isPlatformFault reports whether a code says that the platform behind the service failed, which
// it says with HTTP 200.
func isPlatformFault(code string) bool {
	switch strings.ToLower(code) {
	case "openapi.admin.accessfailed", "openapi.userpermission.accessfailed", "openapi.yacos.accessfailed",
		"openapi.workorder.accessfailed", "openapi.ctyunplatform.accessfailed", "openapi.innersys.accessfailed",
		"openapi.charge.fused":
		return true
	}
	return false
}

// sentinelOf is what a code of the service means; nil for most.
func sentinelOf(code string) error {
	code = strings.ToLower(code)
	switch {
	case isPlatformFault(code):
		return ErrUnavailable
	case hasNotFound(code):
		return ErrNotFound
	case strings.Contains(code, "unauthorized"), strings.Contains(code, "accessdenied"), strings.Contains(code, "forbidden"):
		return ErrUnauthorized
	case strings.Contains(code, "throttl"), strings.Contains(code, "flowlimit"), strings.Contains(code, "toomanyrequests"):
		return ErrThrottled
	}
	return nil
}

func hasNotFound(code string) bool {
	return strings.HasSuffix(code, "notfound") || strings.HasSuffix(code, "notexist") || strings.HasSuffix(code, "notexists")
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
