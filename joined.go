package ctcbr

import (
	"fmt"
	"strings"
)

// joined are several errors that read as one line.
type joined struct{ errs []error }

// bare is the text of an error within that of another, without the name of the package.
func bare(err error) string { return strings.TrimPrefix(fmt.Sprint(err), "ctcbr: ") }

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
