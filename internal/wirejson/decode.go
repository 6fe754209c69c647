package wirejson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Reader is implemented by types that read themselves from a scanner. ReadJSON must read exactly one
// JSON value. No other method of the type is used.
type Reader interface{ ReadJSON(s *Scanner) }

// Unmarshal decodes data, which must be one JSON text, into the value that v points to. It is
// json.Unmarshal with the rules of this package.
func Unmarshal(data []byte, v any) error {
	s := newBytesScanner(data)
	defer s.Free()
	flaw := s.Decode(v)
	if err := s.End(); err != nil {
		return err
	}
	return flaw
}

// Decode decodes the next value into the one that v points to. It returns the error that stopped the
// scanner, or else the first error of an UnmarshalJSON, which does not stop it.
func (s *Scanner) Decode(v any) error {
	outer := s.flaw
	s.flaw = nil
	value := reflect.ValueOf(v).Elem()
	s.value(value, planOf(value.Type()), false, nil)
	flaw := s.flaw
	s.flaw = outer
	return cmp.Or(s.err, flaw)
}

// value decodes a value. If it has the wrong type, v is left unchanged.
func (s *Scanner) value(v reflect.Value, p *plan, lenient bool, last *string) {
	c := s.next()
	switch {
	case p.kind == kindText && c == '"': // unchanged, even if it has an UnmarshalJSON
		v.SetString(s.text(last))
	case p.kind == kindText && lenient && isDigit(c):
		v.SetString(s.Text())
	case p.kind == kindStruct && c == '{':
		s.object(v, p)
	case p.kind == kindList && c == '[':
		s.list(v, p)
	case (p.kind == kindList || p.kind == kindPointer) && c == 'n':
		s.Skip()
		v.SetZero()
	case p.kind == kindPointer && lenient && p.elem.kind == kindBool:
		v.Set(reflect.ValueOf(truth(s.Raw())).Convert(v.Type()))
	case p.kind == kindPointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		s.value(v.Elem(), p.elem, false, last)
	case p.kind == kindInt && (c == '-' || isDigit(c)):
		if n, err := strconv.ParseInt(string(s.Raw()), 10, 64); err == nil && !v.OverflowInt(n) {
			v.SetInt(n)
		}
	case p.kind == kindInt && lenient && c == '"':
		if n, err := strconv.ParseInt(s.Text(), 10, 64); err == nil && !v.OverflowInt(n) {
			v.SetInt(n)
		}
	case p.kind == kindBool && (c == 't' || c == 'f'):
		s.Skip()
		v.SetBool(c == 't')
	case p.kind == kindSelf:
		v.Addr().Interface().(Reader).ReadJSON(s)
	case p.method && p.kind != kindStruct:
		if raw := s.Raw(); s.err == nil {
			s.note(v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw))
		}
	case p.kind == kindOther:
		if raw := s.Raw(); s.err == nil {
			s.note(json.Unmarshal(raw, v.Addr().Interface()))
		}
	default:
		s.Skip()
	}
}

// note records the first error of a value, unless the value only has the wrong type.
func (s *Scanner) note(err error) {
	var mismatch *json.UnmarshalTypeError
	if s.flaw == nil && err != nil && !errors.As(err, &mismatch) {
		s.flaw = err
	}
}

// memory is what a scanner remembers of the structs of a type, to decode the next one faster.
type memory struct {
	used  bool     // in the current text
	texts []string // the last string of each field
	after []int    // the field that last followed each field; the last element is the first field
}

func (s *Scanner) memoryOf(p *plan) *memory {
	m := s.seen[p]
	if m == nil {
		n := len(p.fields)
		m = &memory{texts: make([]string, n), after: make([]int, n+1)}
		for i := range n {
			m.after[i] = i + 1
		}
		s.seen[p] = m
	}
	if !m.used {
		m.used = true
		s.used = append(s.used, m)
	}
	return m
}

// object decodes an object. Members usually come in the same order as in the previous object, which
// saves looking them up.
func (s *Scanner) object(v reflect.Value, p *plan) {
	m := s.memoryOf(p)
	var firsts uint64 // a bit for each field whose first name had a value
	var given uint64  // a bit for each counted field that was given
	before := len(p.fields)
	for more := s.open('}'); more; more = s.more('}') {
		to := named{at: m.after[before]}
		if to.at < len(p.fields) && bytes.HasPrefix(s.window[s.at:], p.fields[to.at].quoted) {
			s.at += len(p.fields[to.at].quoted)
		} else if found, known := p.find(s.name()); known {
			to = found
			m.after[before] = to.at
		} else {
			s.Skip()
			continue
		}
		before = to.at
		f := &p.fields[to.at]
		switch {
		case f.counted():
			again := given&(1<<f.pair) != 0
			given |= 1 << f.pair
			s.counted(v.FieldByIndex(f.index), f, again)
		case f.second != "":
			s.either(v.FieldByIndex(f.index), f, to.second, &firsts)
		default:
			s.value(v.FieldByIndex(f.index), f.plan, f.lenient, &m.texts[to.at])
		}
	}
}

// counted decodes a field for which it matters how often it is given, and notes what is wrong.
func (s *Scanner) counted(v reflect.Value, f *field, again bool) {
	switch {
	case f.isList && again:
		s.Skip()
		s.note(fmt.Errorf("it has more than one %s", f.name))
	case f.isList && s.next() != '[':
		if s.Text() != "" {
			s.note(fmt.Errorf("its %s is no list", f.name))
		}
	case again:
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		v.SetZero()
		if s.value(v, f.plan, f.lenient, nil); !v.Equal(before) {
			s.note(fmt.Errorf("it has more than one %s: %q and %q", f.name, fmt.Sprint(before), fmt.Sprint(v)))
		}
	default:
		s.value(v, f.plan, f.lenient, nil)
	}
}

// either decodes the value of a field with two names. An empty value does not replace one that is not
// empty, and a value under the second name does not replace one under the first.
func (s *Scanner) either(v reflect.Value, f *field, second bool, firsts *uint64) {
	had, first := says(v), uint64(1)<<f.pair
	if second && had == saysSomething && *firsts&first != 0 {
		s.Skip()
		return
	}
	if had == saysNothing {
		s.value(v, f.plan, f.lenient, nil)
	} else {
		before := reflect.New(v.Type()).Elem()
		before.Set(v)
		v.SetZero()
		if s.value(v, f.plan, f.lenient, nil); says(v) < had {
			v.Set(before)
			return
		}
	}
	if !second && says(v) == saysSomething {
		*firsts |= first
	}
}

// How much a value says, for fields with two names.
const (
	saysNothing   = iota // zero
	saysEmpty            // a blank string, an empty list
	saysSomething        // anything else
)

func says(v reflect.Value) int {
	switch {
	case v.IsZero():
		return saysNothing
	case v.Kind() == reflect.Slice && v.Len() == 0, v.Kind() == reflect.String && strings.TrimSpace(v.String()) == "":
		return saysEmpty
	}
	return saysSomething
}

// list decodes a list, and clears the elements of an earlier one. A long list of unknown length is
// decoded in pieces that are joined at the end, because growing it repeatedly takes several times the
// memory.
func (s *Scanner) list(v reflect.Value, p *plan) {
	v.SetZero()
	var pieces []reflect.Value
	begin, n, last := s.offset(), 0, ""
	for more := s.open(']'); more; more = s.more(']') {
		if at := v.Len(); at == v.Cap() {
			room, known := s.room(n, s.offset()-begin)
			if !known && n >= firstPiece {
				pieces = append(pieces, reflect.ValueOf(v.Interface()))
				v.SetZero()
			}
			v.Grow(room)
		}
		v.SetLen(v.Len() + 1)
		s.value(v.Index(v.Len()-1), p.elem, false, &last)
		n++
	}
	switch {
	case s.err != nil:
	case n == 0: // an empty list is not nil
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	case pieces != nil:
		whole := reflect.MakeSlice(v.Type(), 0, n)
		for _, piece := range append(pieces, v) {
			whole = reflect.AppendSlice(whole, piece)
		}
		v.Set(whole)
	}
}

const (
	firstPiece   = 32
	largestPiece = 1 << 10
)

// room returns for how many more elements to allocate, after n elements in size bytes. If the length
// of the text is known, that is what the rest can hold, but not many times what was received, because
// the length is only what the server claims.
func (s *Scanner) room(n int, size int64) (elements int, known bool) {
	const few, times = 8, 16
	left := s.length - s.offset()
	switch {
	case n < few:
		return max(1, n), left > 0
	case left <= 0:
		return min(n, largestPiece), false
	}
	likely := left / max(1, size/int64(n))
	return int(min(likely+likely/64+1, int64(n)*times)), true
}
