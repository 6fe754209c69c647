package ctcbr

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
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
	Message     text       `json:"message"`
	Description text       `json:"description"`
	Error       text       `json:"error"`
	ErrorCode   text       `json:"errorCode"`
	Details     text       `json:"details"`
	EOPCode     text       `json:"eopErrCode"` // of the gateway alone
	RequestID   text       `json:"requestId"`  // of the gateway alone: its own
	ReturnObj   content    `json:"returnObj"`
}

// parse reads an answer, and refuses one that says nothing clear. The returnObj is found, not
// read: what it should be depends on the rest.
func (e *envelope) parse(body []byte) (form, error) {
	if !json.Valid(body) || !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return formNone, errors.New("no JSON object")
	}
	if err := decode(body, e); err != nil {
		return formNone, err
	}
	if e.ReturnObj.seen > 1 {
		return formNone, errors.New("more than one returnObj")
	}
	return e.form()
}

// form says who the answer speaks for. One that speaks for both at once speaks for neither.
func (e *envelope) form() (form, error) {
	status := e.StatusCode
	gateway := e.EOPCode != "" || strings.HasPrefix(status.text, gatewayPrefix)
	switch {
	case status.seen > 1:
		return formNone, errors.New("more than one status code")
	case gateway && (status.number == statusSuccess || status.number == statusFailure):
		return formNone, errors.New("an answer of the service and a refusal of the gateway at once")
	case gateway:
		return formGateway, nil
	case status.number == 0:
		return formNone, errors.New("no status code")
	}
	return formService, nil
}

// gatewayPrefix is what the status of the gateway begins with, before its code.
const gatewayPrefix = "CTAPI_"

// member is where a member of the envelope is kept, or nil.
func (e *envelope) member(name string) any {
	v := reflect.ValueOf(e).Elem()
	if field := fieldsOf(v.Type()).find([]byte(name)); field != nil {
		return v.FieldByIndex(field.index).Addr().Interface()
	}
	return nil
}

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

// orderID is the order that the answer names, or "".
func (e *envelope) orderID() string {
	var order Order
	if e.decode(&order) != nil {
		return ""
	}
	return order.ID
}

// decode decodes the content of an answer into result. The service may leave it
// out, or write it as an empty list or text, where there is nothing to tell.
func (e *envelope) decode(result any) error {
	obj := e.ReturnObj.raw
	switch {
	case len(obj) == 0, string(obj) == "null", string(obj) == `""`:
		return nil
	case obj[0] == '[' && len(bytes.TrimSpace(obj[1:len(obj)-1])) == 0:
		return nil
	case obj[0] != '{':
		return fmt.Errorf("%w: its returnObj is no object", ErrBadAnswer)
	}
	return decode(obj, result)
}

// statusCode reads 800, 800.0 and "800", and keeps the text of the gateway. The decoder folds the
// case of letters and calls it for every spelling, so that it also counts how often it was given.
type statusCode struct {
	number int
	text   string
	seen   int
}

func (s *statusCode) UnmarshalJSON(data []byte) error {
	s.seen++
	s.number, s.text = 0, strings.TrimSpace(plainText(data))
	if f, err := strconv.ParseFloat(s.text, 64); err == nil && f == float64(int32(f)) {
		s.number = int(f)
	}
	return nil
}

// content is a part of the body, not read yet.
type content struct {
	raw  []byte
	seen int
}

func (c *content) UnmarshalJSON(data []byte) error {
	c.raw = data
	c.seen++
	return nil
}

// text is a string that takes a number, too, for what it is written as.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	*t = text(plainText(data))
	return nil
}

// plainText returns the text of a JSON value: a string's content, nothing for
// null, and what was written for all else.
func plainText(data []byte) string {
	if isPlain(data) {
		return string(data[1 : len(data)-1])
	}
	if len(data) > 0 && data[0] == '"' {
		var s string
		if json.Unmarshal(data, &s) == nil {
			return s
		}
	}
	if string(data) == "null" {
		return ""
	}
	return string(data)
}

// isPlain reports whether a JSON string is its content between two quotes, as
// nearly all of them are: decoding one takes many times longer than looking.
func isPlain(data []byte) bool {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return false
	}
	content, ascii := data[1:len(data)-1], true
	for _, c := range content {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(content)
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
