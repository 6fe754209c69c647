package ctcbr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	StatusCode  statusCode
	Message     text
	Description text
	Error       text
	ErrorCode   text
	Details     text
	ReturnObj   json.RawMessage // a part of the body
}

// parse reads an answer, and refuses one that does not say clearly whether it is a
// success. The returnObj is found, not read: what it should be depends on the rest.
func (e *envelope) parse(body []byte) error {
	body = bytes.TrimSpace(body)
	if !json.Valid(body) || body[0] != '{' {
		return errors.New("no JSON object")
	}
	d := decoder{data: body}
	for name := range d.names() {
		value := d.skip()
		if known := e.member(name); known != nil {
			_ = known.UnmarshalJSON(value)
		} else if bytes.EqualFold(name, []byte("returnObj")) {
			if e.ReturnObj != nil {
				return errors.New("more than one returnObj")
			}
			e.ReturnObj = value
		}
	}
	if e.StatusCode.seen != 1 || e.StatusCode.number == 0 {
		return errors.New("no status code, or more than one")
	}
	return nil
}

// member is where a member of the envelope is kept, or nil. The case of its letters
// does not matter, as everywhere in encoding/json.
func (e *envelope) member(name []byte) json.Unmarshaler {
	for _, known := range [...]struct {
		name  string
		value json.Unmarshaler
	}{
		{"statusCode", &e.StatusCode}, {"message", &e.Message}, {"description", &e.Description},
		{"error", &e.Error}, {"errorCode", &e.ErrorCode}, {"details", &e.Details},
	} {
		if bytes.EqualFold(name, []byte(known.name)) {
			return known.value
		}
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
	obj := bytes.TrimSpace(e.ReturnObj)
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
	content := data[1 : len(data)-1]
	for _, c := range content {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.Valid(content)
}
