package redact

import (
	"html"
	"iter"
	"strconv"
	"strings"
)

// view is a text with some layers of encoding taken off.
type view struct {
	text   string
	layers int
	origin []int // where each byte of text, and its end, is in the original; nil if it is the original
}

func newView(text string) view { return view{text: text} }

// pieces yields where in the original text there are pieces of a secret.
func (v view) pieces(secret string) iter.Seq2[int, int] {
	size := min(pieceSize, len(secret))
	return func(yield func(from, to int) bool) {
		for start := 0; size > 0 && start+size <= len(secret); start++ {
			piece := secret[start : start+size]
			for at := 0; ; at++ {
				next := strings.Index(v.text[at:], piece)
				if next < 0 {
					break
				}
				at += next
				if !yield(v.original(at), v.original(at+size)) {
					return
				}
			}
		}
	}
}

func (v view) original(at int) int {
	if v.origin == nil {
		return at
	}
	return v.origin[at]
}

// decode takes off a layer of percent encoding and of the escapes of JSON, Go and HTML. It reports
// false if there is none, or if enough layers were taken off.
func (v view) decode() (decoded view, more bool) {
	if v.layers == layers || !strings.ContainsAny(v.text, `%\&`) {
		return v, false
	}
	text, origin := make([]byte, 0, len(v.text)), make([]int, 0, len(v.text)+1)
	for at := 0; at < len(v.text); {
		c, size := unescape(v.text[at:])
		text, origin = append(text, c), append(origin, v.original(at))
		at += size
	}
	if len(text) == len(v.text) {
		return v, false
	}
	origin = append(origin, v.original(len(v.text)))
	return view{string(text), v.layers + 1, origin}, true
}

// unescape returns the byte that a text begins with, and the size of its encoding.
func unescape(text string) (c byte, size int) {
	switch {
	case text[0] == '%':
		return hexEscape(text, len("%"), 2)
	case strings.HasPrefix(text, `\u`):
		return hexEscape(text, len(`\u`), 4)
	case strings.HasPrefix(text, `\x`):
		return hexEscape(text, len(`\x`), 2)
	case text[0] == '\\' && len(text) > 1 && strings.IndexByte(`/\"'`, text[1]) >= 0:
		return text[1], 2
	case text[0] == '&':
		return entity(text)
	}
	return text[0], 1
}

// hexEscape reads an escape of a prefix and hexadecimal digits.
func hexEscape(text string, prefix, digits int) (c byte, size int) {
	size = prefix + digits
	if len(text) >= size {
		if n, err := strconv.ParseUint(text[prefix:size], 16, 8); err == nil {
			return byte(n), size
		}
	}
	return text[0], 1
}

// entity reads an entity of HTML that stands for one byte.
func entity(text string) (c byte, size int) {
	const longest = 10
	if end := strings.IndexByte(text[:min(len(text), longest)], ';'); end > 0 {
		if plain := html.UnescapeString(text[:end+1]); len(plain) == 1 {
			return plain[0], end + 1
		}
	}
	return text[0], 1
}
