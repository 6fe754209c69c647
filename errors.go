package ctcbr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What the errors of this package can be matched with by errors.Is. Besides these,
// a call that its context ended matches context.Canceled or
// context.DeadlineExceeded.
var (
	// ErrOutcomeUnknown says that an order or a write may have been carried out:
	// the service may have received it, and no usable answer came. Look before
	// sending it again; an order may be sent again with the error's ClientToken.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotFound says that what the call names does not exist.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous says that several things bear the name that one was to be found by.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnauthorized says that the key pair, its signature, its rights or the
	// caller's address were refused (HTTP 401 or 403).
	ErrUnauthorized = errors.New("unauthorized")
	// ErrThrottled says that too many requests were sent (HTTP 429).
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable says that the service failed on its side (HTTP 5xx).
	ErrUnavailable = errors.New("service unavailable")
	// ErrOrderInProgress says that an order is being carried out and that the
	// service did not name it. Send it again with the error's ClientToken later.
	ErrOrderInProgress = errors.New("order in progress")
	// ErrTooLarge says that an answer was larger than WithMaxAnswer allows.
	ErrTooLarge = errors.New("too large")
	// ErrBadAnswer says that an answer was not what the service documents: not
	// JSON, not its envelope, cut short, or without the ID of what was made.
	ErrBadAnswer = errors.New("not a CT-CBR answer")
	// ErrRejected says that the service understood a command and did not take it.
	ErrRejected = errors.New("command rejected")
	// ErrRedirect says that the server answered with a redirect, which is never followed.
	ErrRedirect = errors.New("redirect refused")
	// ErrInvalid says that a request was refused before it was sent: a *ValidationError.
	ErrInvalid = errors.New("invalid request")
	// ErrClosed says that the client was closed.
	ErrClosed = errors.New("client closed")
)

// Error is a call that failed after it passed validation. Its fields hold what
// is known of the last attempt.
type Error struct {
	// Operation is the last segment of the operation's path, for example "create-storage-backup".
	Operation string
	Method    string
	Path      string
	// HTTPStatus is zero where no answer came.
	HTTPStatus int
	// StatusCode is the service's own status: 900 for a failure, zero where none came.
	StatusCode int
	// Code is the service's error code, as it came: "Backup.Order.InProgress"
	// and "backup.order.inProgress" are one code, which HasCode knows.
	Code string
	// Message is the service's text in English, Description the one in Chinese.
	Message     string
	Description string
	// RequestID names the last attempt to the support of the service.
	RequestID string
	// Attempts counts the requests that were made.
	Attempts int
	// ClientToken is the token of an order: the same order may be sent again with it.
	ClientToken string
	// Body is the beginning of an answer that was not the service's envelope.
	Body string
	// Err is the cause, where there is one besides the answer.
	Err error

	unknown bool
	skew    time.Duration // of this machine's clock, as the answer's date tells
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ctcbr: %s", e.Operation)
	if e.HTTPStatus != 0 && e.HTTPStatus != 200 {
		fmt.Fprintf(&b, ": HTTP %d", e.HTTPStatus)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": %s", e.Code)
	} else if e.StatusCode != 0 && e.StatusCode != statusSuccess {
		fmt.Fprintf(&b, ": status %d", e.StatusCode)
	}
	if e.StatusCode != statusSuccess || e.HTTPStatus >= 300 {
		b.WriteString(e.words())
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %s", e.Err)
	}
	if e.Body != "" {
		fmt.Fprintf(&b, ": answer begins %q", e.Body)
	}
	if e.unknown {
		b.WriteString(": outcome unknown, it may have been carried out")
	}
	if hint := e.hint(); hint != "" {
		fmt.Fprintf(&b, "; hint: %s", hint)
	}
	fmt.Fprintf(&b, " [request %s, attempt %d", e.RequestID, e.Attempts)
	if e.ClientToken != "" {
		fmt.Fprintf(&b, ", client token %s", e.ClientToken)
	}
	b.WriteByte(']')
	return oneLine(b.String())
}

// words are the texts of the service, in both languages.
func (e *Error) words() string {
	var words string
	if e.Message != "" {
		words = ": " + e.Message
	}
	if e.Description != "" && e.Description != e.Message {
		words += " (" + e.Description + ")"
	}
	return words
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the sentinels of this package, by the HTTP status first and by the code then.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrOutcomeUnknown:
		return e.unknown
	case ErrOrderInProgress:
		return e.HasCode(codeOrderInProgress)
	}
	return target == e.sentinel()
}

func (e *Error) sentinel() error {
	switch status := e.HTTPStatus; {
	case status == 401 || status == 403:
		return ErrUnauthorized
	case status == 404:
		return ErrNotFound
	case status == 429:
		return ErrThrottled
	case status >= 500:
		return ErrUnavailable
	case status >= 300 && status < 400:
		return ErrRedirect
	}
	code := strings.ToLower(e.Code)
	switch {
	case strings.HasSuffix(code, "notfound"), strings.HasSuffix(code, "notexist"), strings.HasSuffix(code, "notexists"):
		return ErrNotFound
	case strings.Contains(code, "unauthorized"), strings.Contains(code, "accessdenied"), strings.Contains(code, "forbidden"):
		return ErrUnauthorized
	case strings.Contains(code, "throttl"), strings.Contains(code, "flowlimit"), strings.Contains(code, "toomanyrequests"):
		return ErrThrottled
	}
	return nil
}

// HasCode reports whether the error has the code, whatever the case of its letters.
func (e *Error) HasCode(code string) bool { return strings.EqualFold(e.Code, code) }

// ValidationError is a request that was refused before anything was sent. It
// holds every fault that was found.
type ValidationError struct {
	Operation string
	Faults    []Fault
}

// Fault is one fault of a request.
type Fault struct {
	// Field is the name on the wire, with the names of the objects around it: "backupPeriodInfo.hour".
	Field string
	// Problem says what is wrong with it.
	Problem string
}

// Error names every fault in one line.
func (e *ValidationError) Error() string {
	faults := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		faults[i] = f.Field + " " + f.Problem
	}
	return oneLine(fmt.Sprintf("ctcbr: %s: invalid request: %s", e.Operation, strings.Join(faults, "; ")))
}

// Is matches ErrInvalid.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalid }

// oneLine keeps text of others from breaking a log into lines.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// redactor holds what must not get out of a request. It removes that from text that
// others wrote: a gateway's page or a transport's error may repeat the headers that
// it got, in whole or in part, and in any of the encodings of text.
type redactor []string

// pieceSize is how many bytes of a secret in a row are not shown.
const pieceSize = 8

func (r redactor) text(s string) string {
	var hidden []bool
	for _, view := range views(s) {
		for _, secret := range r {
			for _, at := range view.find(secret) {
				if hidden == nil {
					hidden = make([]bool, len(s))
				}
				for i := at.from; i < at.to; i++ {
					hidden[i] = true
				}
			}
		}
	}
	if hidden == nil {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch {
		case !hidden[i]:
			b.WriteByte(s[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}

// beginning is a short piece of a text. It is cleaned before it is cut, since
// nothing finds what is left of a secret behind a cut.
func beginning[T string | []byte](clean redactor, text T, size int) string {
	const margin = 2 << 10
	short := clean.text(string(text[:min(len(text), size+margin)]))
	return strings.ToValidUTF8(short[:min(len(short), size)], "\uFFFD")
}

// error keeps err matchable where it says something secret, or too much, but not
// its text.
func (r redactor) error(err error) error {
	if err == nil {
		return nil
	}
	clean := beginning(r, err.Error(), longestText)
	if clean == err.Error() {
		return err
	}
	e := &redactedError{text: clean}
	for _, target := range []error{ErrBadAnswer, ErrTooLarge, ErrRejected, ErrNotFound, ErrAmbiguous, ErrRedirect, ErrClosed, ErrNoCredentials, context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF} {
		if errors.Is(err, target) {
			e.matches = append(e.matches, target)
		}
	}
	return e
}

// redactedError is what is left of an error whose text held a secret.
type redactedError struct {
	text    string
	matches []error
}

func (e *redactedError) Error() string { return e.text }

func (e *redactedError) Is(target error) bool { return slices.Contains(e.matches, target) }

// view is a text with some of its encodings taken off.
type view struct {
	text []byte
	from []int // where each byte of text begins in what it was decoded from, and at last its length
}

type span struct{ from, to int }

// views are a text as it is, and decoded as often as it may have been encoded.
func views(s string) []view {
	const layers = 4
	v := view{text: []byte(s), from: make([]int, len(s)+1)}
	for i := range v.from {
		v.from[i] = i
	}
	all := []view{v}
	for range layers {
		decoded, changed := v.decode()
		if !changed {
			break
		}
		all, v = append(all, decoded), decoded
	}
	return all
}

// decode takes off one layer of percent encoding, and of the escapes of JSON, Go and HTML.
func (v view) decode() (decoded view, changed bool) {
	for i := 0; i < len(v.text); {
		c, size := unescape(v.text[i:])
		decoded.text, decoded.from = append(decoded.text, c), append(decoded.from, v.from[i])
		i += size
		changed = changed || size > 1
	}
	decoded.from = append(decoded.from, v.from[len(v.text)])
	return decoded, changed
}

// find returns where the secret, or a piece of it, is.
func (v view) find(secret string) []span {
	size := min(pieceSize, len(secret))
	if size == 0 {
		return nil
	}
	pieces := make(map[string]bool)
	for i := 0; i+size <= len(secret); i++ {
		pieces[secret[i:i+size]] = true
	}
	var found []span
	for i := 0; i+size <= len(v.text); i++ {
		if pieces[string(v.text[i:i+size])] {
			found = append(found, span{v.from[i], v.from[i+size]})
		}
	}
	return found
}

// unescape returns the byte that a text begins with, and how long its encoding is.
func unescape(text []byte) (c byte, size int) {
	number := func(from, to, base int) (byte, bool) {
		if to > len(text) || from >= to {
			return 0, false
		}
		n, err := strconv.ParseUint(string(text[from:to]), base, 8)
		return byte(n), err == nil
	}
	switch {
	case len(text) < 2:
	case text[0] == '%':
		if c, ok := number(1, 3, 16); ok {
			return c, 3
		}
	case text[0] == '\\' && text[1] == 'u':
		if c, ok := number(2, 6, 16); ok {
			return c, 6
		}
	case text[0] == '\\' && text[1] == 'x':
		if c, ok := number(2, 4, 16); ok {
			return c, 4
		}
	case text[0] == '\\' && bytes.IndexByte([]byte(`/\"'`), text[1]) >= 0:
		return text[1], 2
	case text[0] == '&':
		const longest = 10
		if end := bytes.IndexByte(text[:min(len(text), longest)], ';'); end > 0 {
			if plain := html.UnescapeString(string(text[:end+1])); len(plain) == 1 {
				return plain[0], end + 1
			}
		}
	}
	return text[0], 1
}
