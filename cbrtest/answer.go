package cbrtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
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

func (fail *failure) Error() string {
	if fail.gateway {
		return "CTAPI_" + fail.code + ": " + fail.message
	}
	return fail.code + ": " + fail.message
}

// body is what the failure is answered with.
func (fail *failure) body() any {
	if fail.gateway {
		return newGatewayRefusal(fail.code, fail.message)
	}
	return envelope{
		StatusCode:  statusFailure,
		Message:     fail.message,
		Description: fail.description,
		Error:       fail.code,
		ErrorCode:   otherSpelling(fail.code),
		ReturnObj:   fail.returnObj,
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
	result  any // the returnObj: a *listing is written item by item, all else at once
}

func failed(f *failure) *answer { return &answer{status: f.status, failure: f} }

// refusal says why the request was refused before the operation began, "" if it was not.
func (ans *answer) refusal() string {
	if ans == nil || ans.failure == nil || !ans.failure.refused {
		return ""
	}
	return ans.failure.Error()
}

// fromGateway reports whether the gateway refused the request.
func (ans *answer) fromGateway() bool { return ans != nil && ans.failure != nil && ans.failure.gateway }

// returnObj is what the operation returned, also with a failure; nil if it was not carried out.
func (ans *answer) returnObj() any {
	switch {
	case ans == nil:
		return nil
	case ans.failure != nil:
		return ans.failure.returnObj
	}
	return ans.result
}

func (ans *answer) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", contentType)
	for name, values := range ans.header {
		w.Header()[name] = values
	}
	w.WriteHeader(ans.status)
	_ = ans.write(w) // the client has gone away
}

// bytes returns the whole body.
func (ans *answer) bytes() []byte {
	var buf bytes.Buffer
	_ = ans.write(&buf) // ans buffer does not fail
	return buf.Bytes()
}

func (ans *answer) write(w io.Writer) error {
	if ans.failure != nil {
		return json.NewEncoder(w).Encode(ans.failure.body())
	}
	ok := envelope{StatusCode: statusSuccess, Message: "SUCCESS", Description: "成功", ReturnObj: ans.result}
	l, isList := ans.result.(*listing)
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

// listing is a returnObj that holds a list, which may be long: it is written piece by piece, and the state is locked
// for no longer than one piece takes.
type listing struct {
	name   string
	counts []count // members after the list
	total  int
	piece  func(w *jsonWriter, from, to int)
}

type count struct {
	name  string
	value int
}

// listPiece is the number of items that are written at once.
const listPiece = 64

// newListing makes a listing of items. Their members are written by item, with the lock held.
func newListing[T any](lock sync.Locker, name string, items []T, item func(*jsonWriter, T), counts ...count) *listing {
	return &listing{name: name, counts: counts, total: len(items), piece: func(w *jsonWriter, from, to int) {
		lock.Lock()
		defer lock.Unlock()
		for _, it := range items[from:to] {
			w.begin("")
			item(w, it)
			w.end()
		}
	}}
}

// MarshalJSON writes a list where it is part of something else, such as the failure of a fault.
func (ls *listing) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	err := ls.write(&buf)
	return buf.Bytes(), err
}

func (ls *listing) write(out io.Writer) error {
	w := &jsonWriter{buf: []byte(`{"` + ls.name + `":[`)}
	for from := 0; from < ls.total; from += listPiece {
		ls.piece(w, from, min(from+listPiece, ls.total))
		if _, err := out.Write(w.buf); err != nil {
			return err
		}
		w.buf = w.buf[:0]
	}
	w.buf = append(w.buf, ']')
	w.more = true
	for _, c := range ls.counts {
		w.integer(c.name, int64(c.value))
	}
	w.end()
	_, err := out.Write(w.buf)
	return err
}
