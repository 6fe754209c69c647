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

// Scanner reads one JSON text, from a reader or from memory, in one pass. Get one with
// [NewScanner], and give it back with [Scanner.Free].
//
// The first error stops it: all further reads find an empty text, so that loops end
// and no error needs to be passed on. [Scanner.Err] and [Scanner.End] return it.
type Scanner struct {
	window []byte // buf[at:] is not read yet
	at     int
	held   int   // where a raw value or a name begins that must stay in the window, or none
	base   int64 // offset in the text of the window

	reader    io.Reader // nil once it has ended, or if the text is in memory
	readerErr error     // counts once the window is used up
	buffer    []byte    // the memory of the window of a reader
	first     []byte    // the beginning of the text, once the window has moved on

	limit  int64
	mark   int64
	length int64 // of the text, or 0

	depth int
	err   error
	flaw  error // the first error of a value's UnmarshalJSON

	block   strings.Builder // the newest block of texts
	scratch []byte          // a name or text without its escapes
	seen    map[*plan]*memory
	used    []*memory // in this text
}

const (
	none         = -1
	windowSize   = 32 << 10
	largestSpare = 64 << 10 // memory above which a scanner does not keep it for the next text
	beginning    = 8 << 10  // of the text that Beginning returns
	deepest      = 10000    // as in encoding/json
)

var (
	// ErrTooLarge says that more bytes came than the limit of a Scanner allows.
	ErrTooLarge = errors.New("too large")

	errBadReader = errors.New("the reader returned an impossible count")
)

// SyntaxError says where a text ceases to be JSON. A text that is merely cut short is
// [io.ErrUnexpectedEOF] instead.
type SyntaxError struct {
	Offset int64 // bytes before the one at fault
	what   string
}

// Error says what is wrong and where.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.Offset) }

var spare = sync.Pool{New: func() any { return &Scanner{seen: make(map[*plan]*memory)} }}

// NewScanner returns a scanner of what r reads. It reads at most limit bytes between
// two calls of [Scanner.Mark], or in all if there are none.
func NewScanner(r io.Reader, limit int64) *Scanner {
	s := spare.Get().(*Scanner)
	if cap(s.buffer) < windowSize {
		s.buffer = make([]byte, windowSize)
	}
	s.reset(r, s.buffer[:0], limit)
	return s
}

// newBytesScanner returns a scanner of data.
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

// Free ends the use of a scanner. Nothing that was read in place, by [Scanner.Raw] or
// [Scanner.Members], may be used after it.
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

// Expect tells how many bytes the text has, where that is known. Lists then take
// little more memory than their elements need.
func (s *Scanner) Expect(length int64) { s.length = length }

// Mark starts the limit anew: what was read so far no longer counts.
func (s *Scanner) Mark() {
	s.checkLimit()
	s.mark = s.offset()
}

// checkLimit finds the one byte over the limit that is read in order to know that
// there is one.
func (s *Scanner) checkLimit() {
	if s.offset()-s.mark > s.limit {
		s.Fail(ErrTooLarge)
	}
}

// offset is how many bytes of the text were read.
func (s *Scanner) offset() int64 { return s.base + int64(s.at) }

// Err returns the error that stopped the scanner: a [*SyntaxError],
// [io.ErrUnexpectedEOF], [ErrTooLarge], an error of the reader as it came, or what
// [Scanner.Fail] was given.
func (s *Scanner) Err() error { return s.err }

// Fail stops the scanner with an error, unless one has stopped it before.
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

// moveOn counts bytes that leave the window.
func (s *Scanner) moveOn(n int) {
	s.first = append(s.first, s.window[:min(beginning-len(s.first), n)]...)
	s.base += int64(n)
}

// Beginning returns the first 8 KiB of what was read, or less, JSON or not. It is valid
// until the next read.
func (s *Scanner) Beginning() []byte {
	return append(s.first, s.window[:min(beginning-len(s.first), len(s.window))]...)
}

// unexpected stops the scanner at the byte that is n ahead, which is not what JSON has there.
func (s *Scanner) unexpected(n int) {
	if s.at = min(s.at+n, len(s.window)); s.at == len(s.window) {
		s.Fail(io.ErrUnexpectedEOF)
		return
	}
	s.Fail(&SyntaxError{Offset: s.offset(), what: fmt.Sprintf("invalid character %q", s.window[s.at])})
}

// End reads what is left, which must be white space, and returns the error that
// stopped the scanner.
func (s *Scanner) End() error {
	if s.next(); s.at < len(s.window) {
		s.Fail(&SyntaxError{Offset: s.offset(), what: fmt.Sprintf("%q after the end", s.window[s.at])})
	}
	s.checkLimit()
	return s.err
}

// Drain reads the rest of the reader, JSON or not, within the limit, so that its
// connection can be used again. It returns ErrTooLarge or the error of the reader.
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

// refill takes more from the reader, and reports whether something came. The window
// moves on in its memory only when that runs short.
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

// read appends what the reader has to the window. The end of the reader is no error,
// but nothing more comes.
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

// makeRoom makes room in the memory of the window.
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

// next passes white space and returns what comes then, or 0 at the end.
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

// Next returns the first byte of the value that follows, by which its type is told:
// one of { [ " t f n - and the digits. It is 0 at the end of the text, and may be
// anything where the text is not JSON.
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

// Raw reads a value and returns it in place, or nil after an error. It is valid until
// the next read.
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

// Members gives out the names of the object that follows. Each is valid until its value is read,
// which the caller must do, or skip it. Any other value has no members, and is skipped.
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

// Elements gives out the turns to read an element of the list that follows, which the caller must
// do, or skip it. Any other value has no elements, and is skipped.
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

// open passes the beginning of an object or a list, and reports whether something is
// in it.
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

// close passes the end of an object or a list, after which nothing is in it.
func (s *Scanner) close() bool {
	s.at++
	s.depth--
	return false
}

// more passes what stands between two members or elements, or the end of them, and
// reports whether another one follows.
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
		return nil // within a raw value names do not matter
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

// digits passes one digit or more, n bytes ahead, and returns how far ahead they end.
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
