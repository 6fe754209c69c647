package ctcbr

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strconv"
)

// decode is json.Unmarshal for data that is known to be valid JSON, but a member of
// the wrong type costs that member alone. It knows objects, lists, text and whole
// numbers, which is nearly all that answers are made of, and has encoding/json read
// the rest: that looks at every byte five times where lists of values with an
// UnmarshalJSON are nested, and takes memory for each of them.
func decode(data []byte, v any) error {
	d := decoder{data: data}
	return d.value(reflect.ValueOf(v).Elem())
}

// decoder reads valid JSON once, from its beginning to its end.
type decoder struct {
	data []byte
	at   int

	shared string // a copy of some of the data, which texts are pieces of
	from   int    // where that begins
}

// mostShared is how much of the data texts may share, in place of a piece of memory
// for each: who keeps one of them keeps them all.
const mostShared = 1 << 10

func (d *decoder) value(v reflect.Value) error {
	switch next, kind := d.next(), v.Kind(); {
	case next == 0:
		return errors.New("no JSON")
	case next == '"' && kind == reflect.String: // as it is, which is what every UnmarshalJSON of a text does
		v.SetString(d.string())
		return nil
	case kind == reflect.Struct || kind == reflect.Slice:
		if u, ok := v.Addr().Interface().(json.Unmarshaler); ok {
			return u.UnmarshalJSON(d.skip())
		}
		if next == '{' && kind == reflect.Struct {
			return d.object(v)
		}
		if next == '[' && kind == reflect.Slice {
			return d.elements(v)
		}
	case kind == reflect.Int:
		if n, err := strconv.ParseInt(string(d.skip()), 10, 0); err == nil {
			v.SetInt(n)
		}
		return nil
	}
	err := json.Unmarshal(d.skip(), v.Addr().Interface())
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

func (d *decoder) object(v reflect.Value) error {
	fields := fieldsOf(v.Type())
	for name := range d.names() {
		field := fields.find(name)
		if field == nil {
			d.skip()
			continue
		}
		if err := d.value(v.FieldByIndex(field.index)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) elements(v reflect.Value) error {
	d.at++
	n := 0
	for ahead := *d; ahead.more(); n++ {
		ahead.skip()
	}
	v.SetZero()
	v.Grow(max(n, 1)) // an empty list is not nil
	v.SetLen(n)
	for i := 0; d.more() && i < n; i++ {
		if err := d.value(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// string reads a text.
func (d *decoder) string() string {
	raw := d.skip()
	if !isPlain(raw) {
		return plainText(raw)
	}
	begin, end := d.at-len(raw)+1, d.at-1
	if end-begin > mostShared {
		return string(d.data[begin:end])
	}
	if end > d.from+len(d.shared) {
		d.from, d.shared = begin, string(d.data[begin:min(begin+mostShared, len(d.data))])
	}
	return d.shared[begin-d.from : end-d.from]
}

// names gives out the names in an object. Who takes one must read or skip its value.
func (d *decoder) names() iter.Seq[[]byte] {
	return func(yield func(name []byte) bool) {
		for d.at++; d.more(); {
			name := d.skip()
			if isPlain(name) {
				name = name[1 : len(name)-1]
			} else {
				name = []byte(plainText(name))
			}
			if d.next() == ':' {
				d.at++
			}
			if !yield(name) {
				return
			}
		}
	}
}

// more passes what stands between two values, or the end of an object or a list, and
// reports whether another value follows.
func (d *decoder) more() bool {
	switch d.next() {
	case ',':
		d.at++
		return d.next() != 0
	case '}', ']':
		d.at++
		return false
	case 0:
		return false
	}
	return true
}

// next passes white space, and returns what comes then, or 0 at the end.
func (d *decoder) next() byte {
	for ; d.at < len(d.data); d.at++ {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// skip passes a value and returns it.
func (d *decoder) skip() []byte {
	d.next()
	begin := d.at
	for depth := 0; d.at < len(d.data); {
		switch d.data[d.at] {
		case '"':
			d.skipString()
		case '{', '[':
			depth++
			d.at++
		case '}', ']':
			depth--
			d.at++
		default:
			d.at++
			if depth == 0 {
				d.skipScalar()
			}
		}
		if depth <= 0 {
			break
		}
	}
	return d.data[begin:d.at]
}

func (d *decoder) skipString() {
	for begin := d.at + 1; ; {
		d.at++
		length := bytes.IndexByte(d.data[d.at:], '"')
		if length < 0 {
			d.at = len(d.data)
			return
		}
		d.at += length
		escapes := 0
		for d.at-escapes > begin && d.data[d.at-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			d.at++
			return
		}
	}
}

// skipScalar passes what is left of a number, true, false or null.
func (d *decoder) skipScalar() {
	for ; d.at < len(d.data); d.at++ {
		switch d.data[d.at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
	}
}
