package wirejson

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"sync"
)

// Scanner reads one JSON text in one pass, from a reader or from memory. [NewScanner] returns one, and
// [Scanner.Free] releases it.
//
// The first error stops it: further reads find an empty text, so that loops end without checking for
// errors. [Scanner.Err] and [Scanner.End] return the error.
type Scanner struct {
	window []byte // buf[at:] is not read yet
	at     int
	held   int   // start of a raw value or name that must stay in the window, or none
	base   int64 // offset of the window in the text

	reader    io.Reader // nil after its end, or if the text is in memory
	readerErr error     // takes effect once the window has been read
	buffer    []byte    // the memory of the window, if there is a reader
	first     []byte    // the beginning of the text, once it has left the window

	limit  int64
	mark   int64
	length int64 // of the text, or 0 if unknown

	depth int
	err   error
	flaw  error // the first error of a value's UnmarshalJSON

	block   strings.Builder // the newest block of strings
	scratch []byte          // a name or string with its escapes decoded
	seen    map[*plan]*memory
	used    []*memory // in this text
}

const (
	none         = -1
	windowSize   = 32 << 10
	largestSpare = 64 << 10 // a scanner with more memory than this is not reused
	beginning    = 8 << 10  // what Beginning returns
	deepest      = 10000    // as in encoding/json
)

var (
	// ErrTooLarge means that a text is longer than the limit of its Scanner.
	ErrTooLarge = errors.New("too large")

	errBadReader = errors.New("the reader returned an impossible count")
)

// SyntaxError says where a text stops being JSON. For a truncated text the error is
// [io.ErrUnexpectedEOF] instead.
type SyntaxError struct {
	Offset int64 // number of bytes before the invalid one
	what   string
}

// Error returns what is wrong and where.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.Offset) }

var spare = sync.Pool{New: func() any { return &Scanner{seen: make(map[*plan]*memory)} }}

// NewScanner returns a scanner for the text of r. It reads at most limit bytes, counted anew from each
// call of [Scanner.Mark].
func NewScanner(r io.Reader, limit int64) *Scanner {
	s := spare.Get().(*Scanner)
	if cap(s.buffer) < windowSize {
		s.buffer = make([]byte, windowSize)
	}
	s.reset(r, s.buffer[:0], limit)
	return s
}

// newBytesScanner returns a scanner for data.
func newBytesScanner(data []byte) *Scanner {
	s := spare.Get().(*Scanner)
	s.reset(nil, data, math.MaxInt64)
	return s
}

func (s *Scanner) reset(r io.Reader, window []byte, limit int64) {
	s.reader, s.window, s.limit = r, window, limit
	s.at, s.held, s.base, s.mark, s.length, s.depth = 0, none, 0, 0, 0, 0
	s.readerErr, s.err, s.flaw, s.first, s.used = nil, nil, nil, s.first[:0], s.used[:0]
}

// Free releases a scanner. What [Scanner.Raw] and [Scanner.Members] returned must not be used
// afterwards.
func (s *Scanner) Free() {
	for _, m := range s.used {
		m.used = false
		clear(m.texts)
	}
	if cap(s.buffer) > largestSpare {
		s.buffer = nil
	}
	if cap(s.scratch) > largestSpare {
		s.scratch = nil
	}
	s.reset(nil, nil, 0)
	spare.Put(s)
}

// Expect sets the length of the text, if it is known. Lists then take little more memory than their
// elements need.
func (s *Scanner) Expect(length int64) { s.length = length }

// Mark restarts the limit: what was read so far no longer counts.
func (s *Scanner) Mark() {
	s.checkLimit()
	s.mark = s.offset()
}

// checkLimit stops the scanner if the limit is exceeded. One byte more than the limit is read to find
// that out.
func (s *Scanner) checkLimit() {
	if s.offset()-s.mark > s.limit {
		s.Fail(ErrTooLarge)
	}
}

// offset returns how many bytes of the text were read.
func (s *Scanner) offset() int64 { return s.base + int64(s.at) }

// Err returns the error that stopped the scanner: a [*SyntaxError], [io.ErrUnexpectedEOF],
// [ErrTooLarge], the unchanged error of the reader, or the error that was passed to [Scanner.Fail].
func (s *Scanner) Err() error { return s.err }

// Fail stops the scanner with an error, unless it has stopped already.
func (s *Scanner) Fail(err error) {
	if s.err == nil {
		s.err = err
		s.discard()
	}
}

// discard empties the window.
func (s *Scanner) discard() {
	s.moveOn(len(s.window))
	s.window, s.at, s.held = s.window[:0], 0, none
}

// moveOn records that n bytes leave the window.
func (s *Scanner) moveOn(n int) {
	s.first = append(s.first, s.window[:min(beginning-len(s.first), n)]...)
	s.base += int64(n)
}

// Beginning returns up to the first 8 KiB of what was read, even if it is not JSON. It is valid until
// the next read.
func (s *Scanner) Beginning() []byte {
	return append(s.first, s.window[:min(beginning-len(s.first), len(s.window))]...)
}

// unexpected stops the scanner because the byte n ahead is not valid JSON.
func (s *Scanner) unexpected(n int) {
	if s.at = min(s.at+n, len(s.window)); s.at == len(s.window) {
		s.Fail(io.ErrUnexpectedEOF)
		return
	}
	s.Fail(&SyntaxError{Offset: s.offset(), what: fmt.Sprintf("invalid character %q", s.window[s.at])})
}

// End reads the rest of the text, which must be white space, and returns the error that stopped the
// scanner, if any.
func (s *Scanner) End() error {
	if s.next(); s.at < len(s.window) {
		s.Fail(&SyntaxError{Offset: s.offset(), what: fmt.Sprintf("%q after the end", s.window[s.at])})
	}
	s.checkLimit()
	return s.err
}

// Drain reads the rest of the reader within the limit, even if it is not JSON, so that its connection
// can be reused. It returns ErrTooLarge or the error of the reader.
func (s *Scanner) Drain() error {
	for s.reader != nil {
		s.discard()
		if err := s.read(); err != nil {
			return err
		}
	}
	if s.discard(); s.base-s.mark > s.limit {
		return ErrTooLarge
	}
	return nil
}

// refill reads more from the reader, and reports whether there was more. The window moves to the front
// of its memory only when there is no space left behind it.
func (s *Scanner) refill() bool {
	if s.err != nil || s.reader == nil {
		return false
	}
	s.makeRoom()
	had := len(s.window)
	if err := s.read(); err != nil {
		s.Fail(err)
		return false
	}
	return len(s.window) > had
}

// read appends more of the reader to the window. The end of the reader is not an error.
func (s *Scanner) read() error {
	for range 100 {
		if s.reader == nil || s.readerErr != nil {
			return s.readerErr
		}
		room := s.limit - (s.base + int64(len(s.window)) - s.mark)
		if room < 0 {
			return ErrTooLarge
		}
		into := s.window[len(s.window):cap(s.window)]
		if int64(len(into)) > room {
			into = into[:room+1]
		}
		n, err := s.reader.Read(into)
		if n < 0 || n > len(into) {
			return errBadReader
		}
		s.window = s.window[:len(s.window)+n]
		if err == io.EOF {
			s.reader = nil
		} else {
			s.readerErr = err
		}
		if n > 0 {
			return nil
		}
	}
	return io.ErrNoProgress
}

// makeRoom makes space behind the window in its memory.
func (s *Scanner) makeRoom() {
	keep := s.at
	if s.held != none {
		keep = s.held
	}
	free := cap(s.window) - len(s.window)
	if enough := max(1, cap(s.window)/16); keep < len(s.window) && free >= enough {
		return
	}
	kept := s.window[keep:]
	if len(kept) > cap(s.buffer)/2 {
		s.buffer = make([]byte, 2*cap(s.buffer))
	}
	s.moveOn(keep)
	s.window = s.buffer[:copy(s.buffer[:cap(s.buffer)], kept)]
	s.at -= keep
	if s.held != none {
		s.held = 0
	}
}

// next skips white space and returns the byte after it, or 0 at the end.
func (s *Scanner) next() byte {
	for {
		for ; s.at < len(s.window); s.at++ {
			switch c := s.window[s.at]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c
			}
		}
		if !s.refill() {
			return 0
		}
	}
}

// byteAt returns the byte that is n bytes ahead, or 0 if the text ends before.
func (s *Scanner) byteAt(n int) byte {
	for s.at+n >= len(s.window) {
		if !s.refill() {
			return 0
		}
	}
	return s.window[s.at+n]
}

// Next returns the first byte of the next value, which shows its type: one of { [ " t f n - or a digit.
// It returns 0 at the end of the text, and may return any byte if the text is not JSON.
func (s *Scanner) Next() byte { return s.next() }

// Skip reads a value without keeping it.
func (s *Scanner) Skip() {
	switch c := s.next(); c {
	case '"':
		s.quoted()
	case '{':
		for more := s.open('}'); more; more = s.more('}') {
			s.name()
			s.Skip()
		}
	case '[':
		for more := s.open(']'); more; more = s.more(']') {
			s.Skip()
		}
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}

// Raw reads a value and returns it without copying, or nil after an error. It is valid until the next
// read.
func (s *Scanner) Raw() []byte {
	s.next()
	s.held = s.at
	s.Skip()
	if s.err != nil {
		return nil
	}
	raw := s.window[s.held:s.at]
	s.held = none
	return raw
}

// Members iterates over the names of the members of the next value. The caller must read or skip the
// value of each; its name is valid until then. A value that is not an object has no members and is
// skipped.
func (s *Scanner) Members() iter.Seq[[]byte] {
	return func(yield func(name []byte) bool) {
		if s.next() != '{' {
			s.Skip()
			return
		}
		for more := s.open('}'); more; more = s.more('}') {
			if name := s.name(); s.err == nil && !yield(name) {
				return
			}
		}
	}
}

// Elements iterates over the elements of the next value. The caller must read or skip each one. A value
// that is not a list has no elements and is skipped.
func (s *Scanner) Elements() func(yield func() bool) {
	return func(yield func() bool) {
		if s.next() != '[' {
			s.Skip()
			return
		}
		for more := s.open(']'); more && yield(); more = s.more(']') {
		}
	}
}

// open reads the beginning of an object or list, and reports whether it has an element.
func (s *Scanner) open(end byte) bool {
	if s.depth++; s.depth > deepest {
		s.Fail(&SyntaxError{Offset: s.offset(), what: "nested too deeply"})
		return false
	}
	s.at++
	switch s.next() {
	case end:
		return s.close()
	case 0:
		s.unexpected(0)
	}
	return s.err == nil
}

// close reads the end of an object or list. It reports false, because no element follows.
func (s *Scanner) close() bool {
	s.at++
	s.depth--
	return false
}

// more reads the comma between two members or elements, or the end after the last, and reports whether
// another one follows.
func (s *Scanner) more(end byte) bool {
	switch s.next() {
	case ',':
		s.at++
		if c := s.next(); c == end || c == 0 {
			s.unexpected(0)
		}
		return s.err == nil
	case end:
		return s.close()
	}
	s.unexpected(0)
	return false
}

// name reads a name and the colon after it. The name is valid until the next read.
func (s *Scanner) name() []byte {
	if s.next() != '"' {
		s.unexpected(0)
		return nil
	}
	outer := s.held
	if outer == none {
		s.held = s.at
	}
	name, plain := s.quoted()
	if s.next() != ':' {
		s.unexpected(0)
		return nil
	}
	s.at++
	if outer != none {
		return nil // names within a raw value are not used
	}
	name = s.window[s.held+1 : s.held+1+len(name)]
	s.held = none
	if !plain {
		s.scratch = unquote(s.scratch[:0], name)
		name = s.scratch
	}
	return name
}

// word reads true, false or null.
func (s *Scanner) word(word string) {
	for i := range len(word) {
		if s.byteAt(i) != word[i] {
			s.unexpected(i)
			return
		}
	}
	s.at += len(word)
}

// number reads a number.
func (s *Scanner) number() {
	n := 0
	if s.byteAt(n) == '-' {
		n++
	}
	if s.byteAt(n) == '0' {
		n++
	} else {
		n = s.digits(n)
	}
	if s.err == nil && s.byteAt(n) == '.' {
		n = s.digits(n + 1)
	}
	if s.err == nil && s.byteAt(n)|' ' == 'e' {
		n++
		if sign := s.byteAt(n); sign == '+' || sign == '-' {
			n++
		}
		n = s.digits(n)
	}
	if s.err == nil {
		s.at += n
	}
}

// digits reads one or more digits that begin n bytes ahead, and returns how far ahead they end.
func (s *Scanner) digits(n int) int {
	from := n
	for isDigit(s.byteAt(n)) {
		n++
	}
	if n == from {
		s.unexpected(n)
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
