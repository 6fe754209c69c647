package redact

import (
	"errors"
	"slices"
	"strings"
)

// Secrets are the texts that must not be shown. Nil removes nothing.
type Secrets []string

const (
	pieceSize = 8     // consecutive bytes of a secret that are not shown; of a shorter secret, all
	layers    = 4     // of encoding that are taken off
	mark      = "***" // what is shown instead
)

// Text returns a text with "***" in place of every piece of a secret in it.
func (s Secrets) Text(text string) string {
	hidden := s.hidden(text)
	if hidden == nil {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(mark)
		}
	}
	return b.String()
}

// Beginning returns up to size bytes of the beginning of a text, without secrets and as valid UTF-8.
// The text is redacted before it is cut, because a fragment of a secret might not be recognized.
func Beginning[T string | []byte](s Secrets, text T, size int) string {
	const margin = 2 << 10 // of text that becomes shorter by being redacted
	clean := s.Text(string(text[:min(len(text), size+margin)]))
	return strings.ToValidUTF8(clean[:min(len(clean), size)], "\uFFFD")
}

// Error returns err if its text holds no secret and at most longest bytes. Otherwise it returns an
// error with the beginning of that text, redacted. That error matches with errors.Is what err
// matches, but does not lead to err, whose text would show the secret.
func (s Secrets) Error(err error, longest int) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	clean := Beginning(s, text, longest)
	if clean == text {
		return err
	}
	return &redactedError{clean, func(target error) bool { return errors.Is(err, target) }}
}

type redactedError struct {
	text string
	is   func(target error) bool // a function, which no format verb and no encoder looks into
}

func (e *redactedError) Error() string        { return e.text }
func (e *redactedError) Is(target error) bool { return e.is(target) }

// hidden returns which bytes of a text must not be shown, or nil if all may be.
func (s Secrets) hidden(text string) (hidden []bool) {
	if len(s) == 0 {
		return nil
	}
	for v, more := newView(text), true; more; v, more = v.decode() {
		for i, secret := range s {
			if slices.Contains(s[:i], secret) {
				continue // the attempts of a call share most of their secrets
			}
			for from, to := range v.pieces(secret) {
				if hidden == nil {
					hidden = make([]bool, len(text))
				}
				for i := from; i < to; i++ {
					hidden[i] = true
				}
			}
		}
	}
	return hidden
}
