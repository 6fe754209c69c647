package ctcbr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	statusSuccess       = 800
	codeOrderInProgress = "Backup.Order.InProgress"
)

// envelope is what every answer of the service is wrapped in.
type envelope struct {
	StatusCode  statusCode `json:"statusCode"`
	Message     text       `json:"message"`
	Description text       `json:"description"`
	Error       text       `json:"error"`
	ErrorCode   text       `json:"errorCode"`
	Details     text       `json:"details"`
	ReturnObj   content    `json:"returnObj"`
}

// parse reads an answer, and refuses one that does not say clearly whether it is a
// success. The returnObj is found, not read: what it should be depends on the rest.
func (e *envelope) parse(body []byte) error {
	if !json.Valid(body) || !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return errors.New("no JSON object")
	}
	if err := decode(body, e); err != nil {
		return err
	}
	if e.ReturnObj.seen > 1 {
		return errors.New("more than one returnObj")
	}
	return e.StatusCode.check()
}

// member is where a member of the envelope is kept, or nil.
func (e *envelope) member(name string) any {
	v := reflect.ValueOf(e).Elem()
	if field := fieldsOf(v.Type()).find([]byte(name)); field != nil {
		return v.FieldByIndex(field.index).Addr().Interface()
	}
	return nil
}

// code is the service's error code, in the first of its two spellings that came.
func (e *envelope) code() string {
	if e.Error != "" {
		return string(e.Error)
	}
	return string(e.ErrorCode)
}

// inProgress reports whether the answer says that an order is being carried out, and names it.
func (e *envelope) inProgress() bool {
	if !strings.EqualFold(string(e.Error), codeOrderInProgress) && !strings.EqualFold(string(e.ErrorCode), codeOrderInProgress) {
		return false
	}
	var order Order
	return e.decode(&order) == nil && order.ID != ""
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

// statusCode reads 800, 800.0 and "800". The decoder folds the case of letters
// and calls it for every spelling, so that it also counts how often it was given.
type statusCode struct {
	number int
	seen   int
}

func (s *statusCode) UnmarshalJSON(data []byte) error {
	s.seen++
	s.number = 0
	if f, err := strconv.ParseFloat(strings.TrimSpace(plainText(data)), 64); err == nil && f == float64(int32(f)) {
		s.number = int(f)
	}
	return nil
}

func (s *statusCode) check() error {
	if s.seen != 1 || s.number == 0 {
		return errors.New("no status code, or more than one")
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
