package ctcbr

import "strings"

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

// Error is the texts of all, in one line.
func (j *joined) Error() string {
	texts := make([]string, len(j.errs))
	for i, err := range j.errs {
		texts[i] = err.Error()
	}
	return oneLine(strings.Join(texts, "; "))
}

// Unwrap returns every one of the errors.
func (j *joined) Unwrap() []error { return j.errs }
