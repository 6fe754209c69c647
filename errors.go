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

// Errors to match with errors.Is. A call that was ended by its context also matches
// [context.Canceled] or [context.DeadlineExceeded].
var (
	// ErrOutcomeUnknown means that an order or a write may have been carried out: the service may
	// have received it, and no usable response came. Check before you send it again. An order is
	// safe to send again with the ClientToken of the error.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotFound means that the service answered that the item does not exist, or that a complete
	// list does not contain it. A proxy's HTML page with HTTP 404 is [ErrBadAnswer] instead.
	ErrNotFound = errors.New("not found")
	// ErrRegion means that the region is unknown, or that the account may not use it.
	// [Regions.List] lists the regions. It never matches together with [ErrNotFound].
	ErrRegion = errors.New("region unknown or not allowed")
	// ErrAmbiguous means that several items have the name that was searched for.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnauthorized means that the key pair, the signature, the permissions or the caller's
	// address were refused: by HTTP 401 or 403, by the gateway's codes 10002 and 10009, or for lack
	// of a permission (CTIAM). Nothing was carried out.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrThrottled means that too many requests were sent (HTTP 429).
	ErrThrottled = errors.New("throttled")
	// ErrUnavailable means that the service or the platform behind it failed (HTTP 5xx, or a code
	// such as openapi.innerSys.accessFailed).
	ErrUnavailable = errors.New("service unavailable")
	// ErrOrderInProgress means that an order is being carried out and the service did not give its
	// ID. Send it again later with the ClientToken of the error.
	ErrOrderInProgress = errors.New("order in progress")
	// ErrTooLarge means that a response was larger than [WithMaxAnswer] allows.
	ErrTooLarge = errors.New("too large")
	// ErrBadAnswer means that a response was not in the documented form: not JSON, without the
	// service's envelope, cut short, or without the ID of what was created.
	ErrBadAnswer = errors.New("not a CT-CBR response")
	// ErrIncomplete means that a list holds fewer items than the service counts. Either some did not
	// come, or the count means something else, which is not documented. Every item that came was given
	// out. It also matches ErrBadAnswer.
	ErrIncomplete error = &special{"incomplete list", ErrBadAnswer}
	// ErrRejected means that the service understood a command and did not accept it.
	ErrRejected = errors.New("command rejected")
	// ErrRedirect means that the server responded with a redirect. Redirects are never followed.
	ErrRedirect = errors.New("redirect refused")
	// ErrInvalid means that a request was refused before it was sent: see [ValidationError].
	ErrInvalid = errors.New("invalid request")
	// ErrClosed means that the client was closed.
	ErrClosed = errors.New("client closed")
)

// special is a sentinel that also matches a more general one.
type special struct {
	text string
	of   error
}

func (s *special) Error() string { return s.text }
func (s *special) Unwrap() error { return s.of }

// Error is the failure of a call whose request passed validation. Its fields describe the last
// attempt.
type Error struct {
	// Operation is the last segment of the operation's path, for example "create-storage-backup".
	Operation string
	Method    string
	Path      string
	// HTTPStatus is zero if no response came.
	HTTPStatus int
	// StatusCode is the service's own status: 900 for a failure, zero if there was none.
	StatusCode int
	// Code is the service's error code as it was received. Use [Error.HasCode] to compare it: the
	// service varies the case of its letters.
	Code string
	// Message is the service's text in English, Description the one in Chinese.
	Message     string
	Description string
	// RequestID is the ID of the last attempt. The service's support asks for it.
	RequestID string
	// GatewayRequestID is the gateway's own ID of the request, if the gateway refused it.
	GatewayRequestID string
	// OrderID is the ID of an order that the response names although the call failed.
	OrderID string
	// Attempts is the number of requests that were sent.
	Attempts int
	// ClientToken is the token of an order. The same order is safe to send again with it.
	ClientToken string
	// Body is the beginning of a response that was not in the service's envelope.
	Body string
	// Err is the cause, if there is one besides the response.
	Err error

	unknown    bool
	form       form
	retryAfter time.Duration // the Retry-After of the response
	skew       time.Duration // how far this machine's clock is behind the server's
	dated      bool          // the response has a Date, which gave the skew
	toHost     string        // the target of a redirect
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

// known lists what is known about the failure: the response, the cause, the outcome.
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
		known = append(known, withoutPrefix(e.Err))
	}
	if e.Body != "" {
		known = append(known, fmt.Sprintf("response begins %q", e.Body))
	}
	if e.unknown {
		known = append(known, "outcome unknown, it may have been carried out")
	}
	return known
}

// short describes an attempt, for the error of a later one. The outcome belongs to the whole call
// and is left out.
func (e *Error) short() string {
	last := *e
	last.unknown = false
	return redact.Beginning(nil, strings.Join(last.known(), ": "), shownBody)
}

// words returns the service's texts, in both languages.
func (e *Error) words() string {
	if e.Message == "" || e.Description == "" || e.Message == e.Description {
		return cmp.Or(e.Message, e.Description)
	}
	return e.Message + " (" + e.Description + ")"
}

// references returns the IDs that support asks for, and the token to send an order again.
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

// Is matches the errors of this package: by the HTTP status first, then by the code.
func (e *Error) Is(sentinel error) bool {
	if e == nil || sentinel == nil {
		return false
	}
	switch sentinel {
	case ErrOutcomeUnknown:
		return e.unknown
	case ErrOrderInProgress:
		return e.form == formService && isInProgress(e.Code)
	case ErrRegion:
		return e.HTTPStatus < 500 && e.form == formService && isRegionRefusal(e.Code)
	}
	return sentinel == e.sentinel()
}

// sentinel returns the error that the response stands for: refused keys first, then the HTTP
// status, then the code.
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

// isPage reports whether something other than the service responded: with a page of HTML, or with a
// refusal of the path without the envelope.
func (e *Error) isPage() bool {
	if e.form != formNone || e.HTTPStatus == 0 {
		return false
	}
	return e.HTTPStatus == 501 || e.HTTPStatus >= 400 && e.HTTPStatus < 500 || strings.HasPrefix(strings.TrimSpace(e.Body), "<")
}

// HasCode reports whether the error has the code. It ignores the case of letters.
func (e *Error) HasCode(code string) bool { return e != nil && strings.EqualFold(e.Code, code) }

// ValidationError lists the faults of a request that was refused before anything was sent.
type ValidationError struct {
	Operation string
	Faults    []Fault
}

// Fault is one fault of a request.
type Fault struct {
	// Name is the name of the field in Go, with the names of the fields around it: "Schedule.Hour".
	Name string
	// Field is the field's name on the wire, with the names of the objects around it:
	// "backupPeriodInfo.hour".
	Field string
	// Problem says what is wrong.
	Problem string
}

// Error lists the faults in one line of limited length.
func (e *ValidationError) Error() string {
	if e == nil {
		return "<nil>"
	}
	const most, longest = 40, 256
	text, separator := "invalid request", ": "
	for _, f := range e.Faults[:min(most, len(e.Faults))] {
		text += separator + shortened(strings.TrimSpace(f.names()+" "+f.Problem), longest)
		separator = "; "
	}
	if more := len(e.Faults) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return oneLine(named(e.Operation, text))
}

// names are both names of the field: "Schedule.Hour (backupPeriodInfo.hour)".
func (f Fault) names() string {
	if f.Name == "" || f.Field == "" || f.Name == f.Field {
		return cmp.Or(f.Name, f.Field)
	}
	return f.Name + " (" + f.Field + ")"
}

// Is matches [ErrInvalid].
func (e *ValidationError) Is(sentinel error) bool { return sentinel == ErrInvalid }

// named prefixes the text of an error with the operation, unless it has none: the last segment of
// an empty path is a dot or a slash.
func named(name, message string) string {
	if strings.Trim(name, "./") == "" {
		return "ctcbr: " + message
	}
	return "ctcbr: " + name + ": " + message
}

// shortened cuts a long text.
func shortened(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest] + "…"
}

// oneLine keeps text from outside from breaking a log into lines or changing a terminal. It
// replaces what is not printable by a space, so that words do not grow together.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

// joined is several errors in one line.
type joined struct{ errs []error }

// join combines the errors that are not nil. It returns nil for none and the error itself for one.
// Errors that were joined before are flattened.
func join(errs ...error) error {
	var all []error
	for _, err := range errs {
		if before, ok := err.(*joined); ok { //nolint:errorlint // a wrapped one has its own text
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

// Error returns the texts of the errors in one line that names the package once. It lists 20 at most.
func (j *joined) Error() string {
	const most = 20
	texts := []string{j.errs[0].Error()}
	for _, err := range j.errs[1:min(most, len(j.errs))] {
		texts = append(texts, withoutPrefix(err))
	}
	if more := len(j.errs) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return oneLine(strings.Join(texts, "; "))
}

// Unwrap returns all errors.
func (j *joined) Unwrap() []error { return j.errs }

const (
	shownBody = 256     // bytes of a response that an error shows
	shownText = 4 << 10 // bytes of a text of the service that an error shows
)

// withoutPrefix returns the text of an error for use in another one.
func withoutPrefix(err error) string { return strings.TrimPrefix(fmt.Sprint(err), "ctcbr: ") }

// inline returns an error with a text for use in another one.
func inline(err error) error { return &special{withoutPrefix(err), err} }

// AmbiguousError means that several items match where one was searched for. It matches
// [ErrAmbiguous].
type AmbiguousError struct {
	// Sought describes what was searched for.
	Sought string
	// Candidates are the items that match.
	Candidates []Candidate
}

// Candidate is one of several items that match.
type Candidate struct {
	ID, Name string
	// Detail describes what sets the item apart from the others.
	Detail string
}

// Error names the first ten candidates in one line.
func (e *AmbiguousError) Error() string {
	const most = 10
	var candidates []string
	for _, c := range e.Candidates[:min(most, len(e.Candidates))] {
		candidates = append(candidates, c.String())
	}
	if more := len(e.Candidates) - most; more > 0 {
		candidates = append(candidates, fmt.Sprintf("%d more", more))
	}
	return oneLine(fmt.Sprintf("ctcbr: %s: %s: %s", e.Sought, ErrAmbiguous, enumerate(candidates)))
}

// Unwrap returns [ErrAmbiguous].
func (e *AmbiguousError) Unwrap() error { return ErrAmbiguous }

// String describes the candidate: "web (ID, CT-ECS)".
func (c Candidate) String() string {
	name := cmp.Or(c.Name, c.ID, "one without an ID")
	var details []string
	for _, detail := range []string{c.ID, c.Detail} {
		if detail != "" && detail != name {
			details = append(details, detail)
		}
	}
	if len(details) == 0 {
		return name
	}
	return name + " (" + strings.Join(details, ", ") + ")"
}

// sentinelOf returns the sentinel for a code of the service, or nil for most codes.
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
