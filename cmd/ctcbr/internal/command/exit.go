package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// The exit statuses.
const (
	statusDone    = 0
	statusFailed  = 1
	statusUsage   = 2
	statusUnknown = 3 // an order or a write may have been carried out
)

// usageError is a mistake in the arguments.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(err error) error { return usageError{err} }

// wrong returns the error of an invalid argument, in the language of the run.
func (a *app) wrong(format string, args ...any) error { return usage(errors.New(a.f(format, args...))) }

// failed returns an error in the language of the run. An error among args is wrapped.
func (a *app) failed(format string, args ...any) error { return fmt.Errorf(a.t(format), args...) }

// saidError is a failure that was printed already.
type saidError struct{ error }

func (e saidError) Unwrap() error { return e.error }

// said marks an error as printed.
func said(err error) error {
	if err == nil {
		return nil
	}
	return saidError{err}
}

// Interrupted is the cause of a context that a signal has ended: the signal's name.
type Interrupted string

// Error says what ended the run.
func (i Interrupted) Error() string { return "stopped by a signal: " + string(i) }

// exit prints the error of the run, if there is one, and returns the exit status.
func (a *app) exit(ctx context.Context, err error) int {
	status := statusOf(err)
	var printed saidError
	if err != nil && !errors.As(err, &printed) {
		a.printError(ctx, err)
	}
	if status == statusUsage {
		a.err.Line("%s", a.t("See ctcbr --help."))
	}
	if broken := a.out.Err(); broken != nil {
		a.complain("the output could not be written: %s", broken)
		status = max(status, statusFailed)
	}
	return status
}

func statusOf(err error) int {
	var mistake usageError
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, ctcbr.ErrOutcomeUnknown):
		return statusUnknown
	case errors.As(err, &mistake), errors.Is(err, ctcbr.ErrInvalid):
		return statusUsage
	}
	return statusFailed
}

// printError prints each joined error on a line.
func (a *app) printError(ctx context.Context, err error) {
	for _, one := range flat(err) {
		text := plainText(one)
		var signal Interrupted
		if errors.As(context.Cause(ctx), &signal) && errors.Is(one, context.Canceled) && !strings.Contains(text, string(signal)) {
			text += " (" + a.f("stopped by a signal: %s", string(signal)) + ")"
		}
		a.err.Line("ctcbr: %s", text)
	}
}

// plainText returns the text of an error without the prefix of the library.
func plainText(err error) string { return strings.ReplaceAll(err.Error(), "ctcbr: ", "") }

// flat returns the errors that were joined.
func flat(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && !strings.Contains(fmt.Sprintf("%T", err), "wrapErrors") {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, flat(one)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// printable escapes text from outside in a message that no door prints.
func printable(text string) string { return terminal.Printable(text) }
