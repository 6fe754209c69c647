package ctcbr

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
	toHost  string        // that of a redirect
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	if e == nil {
		return "<nil>"
	}
	text := named(e.Operation, cmp.Or(strings.Join(e.known(), ": "), "failed"))
	if hint := e.hint(); hint != "" {
		text += "; hint: " + hint
	}
	if refs := e.references(); len(refs) > 0 {
		text += " [" + strings.Join(refs, ", ") + "]"
	}
	return oneLine(text)
}

// known is what is known of the failure: what was answered, the cause, the outcome.
func (e *Error) known() []string {
	var known []string
	if e.HTTPStatus != 0 && e.HTTPStatus != 200 {
		known = append(known, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.Code != "" {
		known = append(known, e.Code)
	} else if e.StatusCode != 0 && e.StatusCode != statusSuccess {
		known = append(known, fmt.Sprintf("status %d", e.StatusCode))
	}
	if words := e.words(); words != "" && (e.StatusCode != statusSuccess || e.HTTPStatus >= 300) {
		known = append(known, words)
	}
	if e.Err != nil {
		known = append(known, bare(e.Err))
	}
	if e.Body != "" {
		known = append(known, fmt.Sprintf("answer begins %q", e.Body))
	}
	if e.unknown {
		known = append(known, "outcome unknown, it may have been carried out")
	}
	return known
}

// short is what is known of a failure that another attempt followed.
func (e *Error) short() string {
	e.unknown = false // it is told of the call
	return beginning(nil, strings.Join(e.known(), ": "), beginningSize)
}

// words are the texts of the service, in both languages.
func (e *Error) words() string {
	if e.Message == "" || e.Description == "" || e.Message == e.Description {
		return cmp.Or(e.Message, e.Description)
	}
	return e.Message + " (" + e.Description + ")"
}

// references are what the support asks for, and what sending the call again takes.
func (e *Error) references() []string {
	var refs []string
	if e.RequestID != "" {
		refs = append(refs, "request "+e.RequestID)
	}
	switch n := e.Attempts; {
	case n == 1:
		refs = append(refs, "after 1 attempt")
	case n > 1:
		refs = append(refs, fmt.Sprintf("after %d attempts", n))
	}
	if e.ClientToken != "" {
		refs = append(refs, "client token "+e.ClientToken)
	}
	return refs
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Is matches the sentinels of this package, by the HTTP status first and by the code then.
func (e *Error) Is(target error) bool {
	if e == nil || target == nil {
		return false
	}
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
func (e *Error) HasCode(code string) bool { return e != nil && strings.EqualFold(e.Code, code) }

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

// Error names the faults in one line, however long what is at fault is.
func (e *ValidationError) Error() string {
	if e == nil {
		return "<nil>"
	}
	const most, longest = 40, 256
	text, separator := "invalid request", ": "
	for _, f := range e.Faults[:min(most, len(e.Faults))] {
		text += separator + shortened(strings.TrimSpace(f.Field+" "+f.Problem), longest)
		separator = "; "
	}
	if more := len(e.Faults) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return oneLine(named(e.Operation, text))
}

// Is matches ErrInvalid.
func (e *ValidationError) Is(target error) bool { return target == ErrInvalid }

// named begins the text of an error with the operation, unless it has no name: that
// of a path without one is a dot or a slash.
func named(operation, text string) string {
	if strings.Trim(operation, "./") == "" {
		return "ctcbr: " + text
	}
	return "ctcbr: " + operation + ": " + text
}

// shortened is the beginning of a text that is longer than anybody reads.
func shortened(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest] + "…"
}

// oneLine keeps text of others from breaking a log into lines, and from changing how
// a terminal shows what is around it. What cannot be seen becomes a space and is not
// left out, so that nothing grows together.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
