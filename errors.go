package ctcbr

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ctyun-go/ctcbr/internal/redact"
)

// What the errors of this package can be matched with by errors.Is. Besides these,
// a call that its context ended matches context.Canceled or
// context.DeadlineExceeded.
var (
	// ErrOutcomeUnknown says that an order or a write may have been carried out:
	// the service may have received it, and no usable answer came. Look before
	// sending it again; an order may be sent again with the error's ClientToken.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotFound says that the service was asked and answered that what the call names does not
	// exist, or that a list that was read whole does not hold it. A page of a proxy with HTTP 404 is
	// [ErrBadAnswer].
	ErrNotFound = errors.New("not found")
	// ErrRegion says that the region is not known, or that the account may not use it.
	// [Regions.List] names those that exist. It is never ErrNotFound.
	ErrRegion = errors.New("region unknown or not allowed")
	// ErrAmbiguous says that several things bear the name that one was to be found by.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnauthorized says that the key pair, its signature, its rights or the caller's address were
	// refused: by HTTP 401 or 403, by the codes 10002 and 10009 of the gateway, or for want of a
	// permission (CTIAM). Nothing was carried out.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrThrottled says that too many requests were sent (HTTP 429).
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable says that the service or the platform behind it failed (HTTP 5xx, or a code
	// such as openapi.innerSys.accessFailed).
	ErrUnavailable = errors.New("service unavailable")
	// ErrOrderInProgress says that an order is being carried out and that the service did not name
	// it. Send it again later with the ClientToken of the error.
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
	// GatewayRequestID is the ID that the gateway gave the request, where it refused it.
	GatewayRequestID string
	// OrderID is the order that the answer names, although the call failed.
	OrderID string
	// Attempts counts the requests that were made.
	Attempts int
	// ClientToken is the token of an order: the same order may be sent again with it.
	ClientToken string
	// Body is the beginning of an answer that was not the service's envelope.
	Body string
	// Err is the cause, where there is one besides the answer.
	Err error

	unknown bool
	form    form
	skew    time.Duration // how far this machine's clock is behind the server's
	dated   bool          // the answer has a date, which the skew is known from
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

// short is what is known of an attempt, for the error of a later one. The outcome is that of the
// whole call, and not part of it.
func (e *Error) short() string {
	attempt := *e
	attempt.unknown = false
	return redact.Beginning(nil, strings.Join(attempt.known(), ": "), shownBody)
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
	if e.GatewayRequestID != "" {
		refs = append(refs, "gateway request "+e.GatewayRequestID)
	}
	switch n := e.Attempts; {
	case n == 1:
		refs = append(refs, "after 1 attempt")
	case n > 1:
		refs = append(refs, fmt.Sprintf("after %d attempts", n))
	}
	if e.OrderID != "" {
		refs = append(refs, "order "+e.OrderID)
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
		return e.form == formService && isInProgress(e.Code)
	case ErrRegion:
		return e.HTTPStatus < 500 && e.form == formService && isRegionRefusal(e.Code)
	}
	return target == e.sentinel()
}

// sentinel is what the answer means, by refused keys first, then by the HTTP status, and then by
// the code.
func (e *Error) sentinel() error {
	switch status := e.HTTPStatus; {
	case status == 401, status == 403, isKeyRefusal(e.form, e.Code), isPermission(e.form, e.Code):
		return ErrUnauthorized
	case status == 429:
		return ErrThrottled
	case status >= 500:
		return ErrUnavailable
	case status >= 300 && status < 400:
		return ErrRedirect
	case e.form != formService || isRegionRefusal(e.Code):
		return nil
	case status == 404 && e.StatusCode == statusFailure:
		return ErrNotFound
	}
	return sentinelOf(e.Code)
}

// isPage reports whether the answer came from somebody in the place of the service: a page of HTML,
// or a refusal of the path without the envelope.
func (e *Error) isPage() bool {
	if e.form != formNone || e.HTTPStatus == 0 {
		return false
	}
	return e.HTTPStatus == 501 || e.HTTPStatus >= 400 && e.HTTPStatus < 500 || strings.HasPrefix(strings.TrimSpace(e.Body), "<")
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

// bare is the text of an error within that of another, without the name of the package.
func bare(err error) string { return strings.TrimPrefix(fmt.Sprint(err), "ctcbr: ") }

// joined are several errors that read as one line.
type joined struct{ errs []error }

// join makes one error of several, without those that are nil: nil of none, and of
// one itself. Errors that were joined before are taken apart.
func join(errs ...error) error {
	var all []error
	for _, err := range errs {
		if before, ok := err.(*joined); ok { //nolint:errorlint // one that is wrapped has a text of its own
			all = append(all, before.errs...)
		} else if err != nil {
			all = append(all, err)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &joined{all}
}

// Error is the texts of all, of the first 20 where they are many, in one line that names the package
// once.
func (j *joined) Error() string {
	const most = 20
	texts := []string{j.errs[0].Error()}
	for _, err := range j.errs[1:min(most, len(j.errs))] {
		texts = append(texts, bare(err))
	}
	if more := len(j.errs) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return oneLine(strings.Join(texts, "; "))
}

// Unwrap returns every one of the errors.
func (j *joined) Unwrap() []error { return j.errs }
