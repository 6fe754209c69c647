package ctcbr

import (
	"bytes"
	"context"
	"errors"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"
)

// redactor holds what must not get out of a request. It removes that from text that
// others wrote: a gateway's page or a transport's error may repeat the headers that
// it got, in whole or in part, and in any of the encodings of text.
type redactor []string

// pieceSize is how many bytes of a secret in a row are not shown.
const pieceSize = 8

func (r redactor) text(s string) string {
	var hidden []bool
	pieces := r.pieces()
	for _, view := range views(s) {
		for size, ofSize := range pieces {
			for _, at := range view.find(ofSize, size) {
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

// pieces are what must not be shown, by their size. The attempts of a call share most
// of their secrets.
func (r redactor) pieces() map[int]map[string]bool {
	pieces := make(map[int]map[string]bool)
	for _, secret := range r {
		size := min(pieceSize, len(secret))
		if size > 0 && pieces[size] == nil {
			pieces[size] = make(map[string]bool)
		}
		for i := 0; size > 0 && i+size <= len(secret); i++ {
			pieces[size][secret[i:i+size]] = true
		}
	}
	return pieces
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
	clean := beginning(r, err.Error(), shownText)
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
	if !bytes.ContainsAny(v.text, `%\&`) {
		return v, false
	}
	for i := 0; i < len(v.text); {
		c, size := unescape(v.text[i:])
		decoded.text, decoded.from = append(decoded.text, c), append(decoded.from, v.from[i])
		i += size
		changed = changed || size > 1
	}
	decoded.from = append(decoded.from, v.from[len(v.text)])
	return decoded, changed
}

// find returns where pieces of one size are.
func (v view) find(pieces map[string]bool, size int) []span {
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
