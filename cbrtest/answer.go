package cbrtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	statusSuccess = 800
	statusFailure = 900
	contentType   = "application/json;charset=UTF-8"
)

// object is a JSON object that is written by hand, where a type would serve one place only.
type object = map[string]any

// envelope is what every answer of the service looks like.
type envelope struct {
	StatusCode  int    `json:"statusCode"`
	Message     string `json:"message"`
	Description string `json:"description"`
	Error       string `json:"error"`
	ErrorCode   string `json:"errorCode"`
	Details     string `json:"details"`
	ReturnObj   any    `json:"returnObj"`
}

// failure is why a request did not succeed.
type failure struct {
	status      int // of HTTP
	code        string
	message     string
	description string
	gateway     bool // refused by the gateway, which answers in another form
	refused     bool // before the operation began
	returnObj   any
}

// refuse makes the failure of an operation, which comes with HTTP 200.
func refuse(code, message, description string) *failure {
	return &failure{status: http.StatusOK, code: code, message: message, description: description}
}

func (f *failure) Error() string {
	if f.gateway {
		return "CTAPI_" + f.code + ": " + f.message
	}
	return f.code + ": " + f.message
}

// body is what the failure is answered with.
func (f *failure) body() any {
	if f.gateway {
		return newGatewayRefusal(f.code, f.message)
	}
	return envelope{
		StatusCode:  statusFailure,
		Message:     f.message,
		Description: f.description,
		Error:       f.code,
		ErrorCode:   otherSpelling(f.code),
		ReturnObj:   f.returnObj,
	}
}

// otherSpelling turns Backup.Order.InProgress into backup.order.inProgress.
func otherSpelling(code string) string {
	parts := strings.Split(code, ".")
	for i, part := range parts {
		if part == strings.ToUpper(part) {
			parts[i] = strings.ToLower(part)
		} else {
			parts[i] = strings.ToLower(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, ".")
}

// answer is what a request is answered with.
type answer struct {
	status  int
	header  http.Header
	failure *failure
	result  any // the returnObj: a *list is written item by item, all else at once
}

func failed(f *failure) *answer { return &answer{status: f.status, failure: f} }

// refusal says why the request was refused before the operation began, "" if it was not.
func (a *answer) refusal() string {
	if a.failure == nil || !a.failure.refused {
		return ""
	}
	return a.failure.Error()
}

// returnObj is what the operation returned, also with a failure; nil if it was not carried out.
func (a *answer) returnObj() any {
	switch {
	case a == nil:
		return nil
	case a.failure != nil:
		return a.failure.returnObj
	}
	return a.result
}

func (a *answer) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", contentType)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_ = a.write(w) // the client has gone away
}

// bytes returns the whole body.
func (a *answer) bytes() []byte {
	var buf bytes.Buffer
	_ = a.write(&buf) // a buffer does not fail
	return buf.Bytes()
}

func (a *answer) write(w io.Writer) error {
	if a.failure != nil {
		return json.NewEncoder(w).Encode(a.failure.body())
	}
	ok := envelope{StatusCode: statusSuccess, Message: "SUCCESS", Description: "成功", ReturnObj: a.result}
	l, isList := a.result.(*list)
	if !isList {
		return json.NewEncoder(w).Encode(ok)
	}
	ok.ReturnObj = json.RawMessage("0")
	text, err := json.Marshal(ok)
	if err != nil {
		return err
	}
	// The returnObj is the last member, so that all before it can be written first.
	if _, err := w.Write(bytes.TrimSuffix(text, []byte("0}"))); err != nil {
		return err
	}
	if err := l.write(w); err != nil {
		return err
	}
	_, err = io.WriteString(w, "}\n")
	return err
}

// list is a returnObj that holds a list, which may be long: it is written piece by piece, and the state is locked for
// no longer than it takes to read one piece.
type list struct {
	name   string
	counts []count // members after the list
	total  int
	render func(w *bytes.Buffer, from, to int) error
}

type count struct {
	name  string
	value int
}

// listPiece is the number of items that are written at once.
const listPiece = 64

// newList makes a list of items. What an item looks like is asked for with the lock held.
func newList[T, W any](lock sync.Locker, name string, items []T, item func(T) W, counts ...count) *list {
	return &list{name: name, counts: counts, total: len(items), render: func(w *bytes.Buffer, from, to int) error {
		lock.Lock()
		defer lock.Unlock()
		enc := json.NewEncoder(w)
		for i := from; i < to; i++ {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := enc.Encode(item(items[i])); err != nil {
				return err
			}
		}
		return nil
	}}
}

// MarshalJSON writes a list where it is part of something else, such as the failure of a fault.
func (l *list) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	err := l.write(&buf)
	return buf.Bytes(), err
}

func (l *list) write(w io.Writer) error {
	var buf bytes.Buffer
	buf.WriteString(`{"` + l.name + `":[`)
	for from := 0; from < l.total; from += listPiece {
		if err := l.render(&buf, from, min(from+listPiece, l.total)); err != nil {
			return err
		}
		if _, err := w.Write(buf.Bytes()); err != nil {
			return err
		}
		buf.Reset()
	}
	buf.WriteByte(']')
	for _, c := range l.counts {
		buf.WriteString(`,"` + c.name + `":` + strconv.Itoa(c.value))
	}
	buf.WriteByte('}')
	_, err := w.Write(buf.Bytes())
	return err
}
