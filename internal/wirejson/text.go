package wirejson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns the text of a JSON value: the content of a string, "" for null, and the JSON text of any
// other value. It is for the UnmarshalJSON of types that keep whatever the service sends.
func Text(raw []byte) string {
	s := newBytesScanner(raw)
	defer s.Free()
	if text := s.Text(); s.End() == nil {
		return text
	}
	return string(raw)
}

// Text reads a value as [Text] does.
func (s *Scanner) Text() string {
	if s.next() == '"' {
		return s.text(nil)
	}
	raw := s.Raw()
	if string(raw) == "null" {
		return ""
	}
	return s.keep(raw)
}

// quoted reads a string and returns what is between its quotes, without copying. If plain is true, it
// has no escapes and is valid UTF-8, so it is the text itself.
func (s *Scanner) quoted() (content []byte, plain bool) {
	n, wide, escaped := 1, false, false
	for {
		run, w := ordinary(s.window[min(s.at+n, len(s.window)):])
		n, wide = n+run, wide || w
		switch c := s.byteAt(n); {
		case c == '"':
			content = s.window[s.at+1 : s.at+n]
			s.at += n + 1
			return content, !escaped && (!wide || utf8.Valid(content))
		case c == '\\':
			escaped = true
			n = s.escape(n)
		case c < ' ':
			s.unexpected(n)
		}
		if s.err != nil {
			return nil, false
		}
	}
}

// escape reads an escape that begins n bytes ahead, and returns how far ahead it ends.
func (s *Scanner) escape(n int) int {
	end := n + 2
	switch c := s.byteAt(n + 1); {
	case c == 'u':
		end += 4
	case strings.IndexByte(`"\/bfnrt`, c) < 0:
		s.unexpected(n + 1)
		return n
	}
	for n += 2; n < end; n++ {
		if _, ok := hexDigit(s.byteAt(n)); !ok {
			s.unexpected(n)
			break
		}
	}
	return n
}

// ordinary counts the bytes before the first quote, backslash or control character, eight at a time.
// wide reports whether some of them are not ASCII.
func ordinary(b []byte) (n int, wide bool) {
	const high = 0x8080808080808080
	var seen uint64
	for ; n+8 <= len(b); n += 8 {
		eight := binary.LittleEndian.Uint64(b[n:])
		if ends := special(eight); ends != 0 {
			end := bits.TrailingZeros64(ends) &^ 7
			seen |= eight & (1<<end - 1)
			return n + end/8, seen&high != 0
		}
		seen |= eight
	}
	for ; n < len(b) && b[n] >= ' ' && b[n] != '"' && b[n] != '\\'; n++ {
		seen |= uint64(b[n])
	}
	return n, seen&high != 0
}

// special sets the highest bit of each of eight bytes that is a quote, a backslash or a control
// character. Above the lowest such byte, it may set bits by mistake.
func special(eight uint64) uint64 {
	const (
		ones = 0x0101010101010101
		high = 0x80 * ones
	)
	quote, backslash := eight^'"'*ones, eight^'\\'*ones
	return ((eight-' '*ones)&^eight | (quote-ones)&^quote | (backslash-ones)&^backslash) & high
}

// blockSize is the size of the blocks of memory that strings share. Keeping one string keeps its whole
// block.
const blockSize = 1 << 10

// text reads a string. If it equals the last one of the same field, that one is returned.
func (s *Scanner) text(last *string) string {
	content, plain := s.quoted()
	if !plain {
		s.scratch = unquote(s.scratch[:0], content)
		content = s.scratch
	}
	if last == nil {
		return s.keep(content)
	}
	if *last != string(content) {
		*last = s.keep(content)
	}
	return *last
}

// keep copies a text into the newest block.
func (s *Scanner) keep(text []byte) string {
	if len(text) > blockSize/4 {
		return string(text)
	}
	if s.block.Cap()-s.block.Len() < len(text) {
		s.block.Reset()
		s.block.Grow(blockSize)
	}
	from := s.block.Len()
	s.block.Write(text)
	return s.block.String()[from:]
}

// unquote appends the decoded content of a valid string. Invalid UTF-8 and half a surrogate pair become
// U+FFFD.
func unquote(to, content []byte) []byte {
	for len(content) > 0 {
		n := bytes.IndexByte(content, '\\')
		if n < 0 {
			n = len(content)
		}
		to = appendValid(to, content[:n])
		if content = content[n:]; len(content) < 2 {
			break
		}
		c := content[1]
		content = content[2:]
		if i := strings.IndexByte("bfnrt", c); i >= 0 {
			c = "\b\f\n\r\t"[i]
		}
		if c != 'u' {
			to = append(to, c)
			continue
		}
		r := fourHex(content)
		content = content[4:]
		if utf16.IsSurrogate(r) {
			low := rune(utf8.RuneError)
			if bytes.HasPrefix(content, []byte(`\u`)) {
				low = fourHex(content[2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				content = content[6:]
			}
		}
		to = utf8.AppendRune(to, r)
	}
	return to
}

func appendValid(to, text []byte) []byte {
	if utf8.Valid(text) {
		return append(to, text...)
	}
	return append(to, string([]rune(string(text)))...) // each invalid byte becomes U+FFFD
}

// fourHex returns the value of four hexadecimal digits.
func fourHex(digits []byte) (n rune) {
	for _, c := range digits[:4] {
		digit, _ := hexDigit(c)
		n = n<<4 | digit
	}
	return n
}

func hexDigit(c byte) (value rune, ok bool) {
	switch letter := c | ' '; {
	case isDigit(c):
		return rune(c - '0'), true
	case 'a' <= letter && letter <= 'f':
		return rune(letter-'a') + 10, true
	}
	return 0, false
}

// truth reads a boolean that may be written as a string or a number. It returns nil if it is neither
// true nor false.
func truth(raw []byte) *bool {
	text := Text(raw)
	if on, err := strconv.ParseBool(text); err == nil {
		return &on
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n-n == 0 {
		on := n != 0
		return &on
	}
	return nil
}
