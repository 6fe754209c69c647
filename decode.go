package ctcbr

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// decode is json.Unmarshal for data that is known to be valid JSON, but a member of
// the wrong type costs that member alone. It knows objects, lists, text and whole
// numbers, which is nearly all that answers are made of, and has encoding/json read
// the rest: that looks at every byte five times where lists of values with an
// UnmarshalJSON are nested, and takes memory for each of them.
func decode(data []byte, v any) error {
	return decodeValue(bytes.TrimSpace(data), reflect.ValueOf(v).Elem())
}

func decodeValue(data []byte, v reflect.Value) error {
	if u, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		return u.UnmarshalJSON(data)
	}
	if len(data) == 0 {
		return errors.New("no JSON")
	}
	switch kind := v.Kind(); {
	case kind == reflect.Struct && data[0] == '{':
		return decodeObject(data, v)
	case kind == reflect.Slice && data[0] == '[':
		return decodeList(data, v)
	case kind == reflect.String && data[0] == '"':
		v.SetString(plainText(data))
		return nil
	case kind == reflect.Int && data[0] != 'n':
		if n, err := strconv.ParseInt(string(data), 10, 0); err == nil {
			v.SetInt(n)
		}
		return nil
	}
	err := json.Unmarshal(data, v.Addr().Interface())
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

func decodeObject(data []byte, v reflect.Value) error {
	fields := fieldsOf(v.Type())
	for name, value := range members(data) {
		if index := fields.find(name); index != nil {
			if err := decodeValue(value, v.FieldByIndex(index)); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeList(data []byte, v reflect.Value) error {
	n := 0
	for range elements(data) {
		n++
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	i := 0
	for element := range elements(data) {
		if err := decodeValue(element, v.Index(i)); err != nil {
			return err
		}
		i++
	}
	return nil
}

// fields are the fields of a struct by their wire names. A field of the struct goes
// before those of the structs that it embeds.
type fields map[string][]int

// knownFields keeps the fields of every type that was decoded.
var knownFields sync.Map // of reflect.Type to fields

func fieldsOf(t reflect.Type) fields {
	if known, ok := knownFields.Load(t); ok {
		return known.(fields)
	}
	all := make(fields)
	all.add(t, nil)
	knownFields.Store(t, all)
	return all
}

func (all fields) add(t reflect.Type, index []int) {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Tag.Get("json") == "-":
		case field.Anonymous && name == "":
			embedded = append(embedded, field)
		case field.IsExported():
			if name == "" {
				name = field.Name
			}
			if _, taken := all[name]; !taken {
				all[name] = append(index[:len(index):len(index)], i)
			}
		}
	}
	for _, field := range embedded {
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		all.add(inner, append(index[:len(index):len(index)], field.Index[0]))
	}
}

// find returns where the field of a name is, or nil. The case of letters does not
// matter, as everywhere in encoding/json.
func (all fields) find(name []byte) []int {
	if index, ok := all[string(name)]; ok {
		return index
	}
	for known, index := range all {
		if strings.EqualFold(known, string(name)) {
			return index
		}
	}
	return nil
}

// members gives out the members of an object in valid JSON.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		var name []byte
		for value := range elements(object) {
			if name == nil {
				name = value
				continue
			}
			if !yield(unquoted(name), value) {
				return
			}
			name = nil
		}
	}
}

func unquoted(name []byte) []byte {
	if isPlain(name) {
		return name[1 : len(name)-1]
	}
	return []byte(plainText(name))
}

// elements gives out the values in a list in valid JSON, or the names and values in
// an object by turns.
func elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := list[1:]; ; {
			rest = bytes.TrimLeft(rest, " \t\r\n,:")
			end := valueEnd(rest)
			if end == 0 || !yield(rest[:end]) {
				return
			}
			rest = rest[end:]
		}
	}
}

// valueEnd is where the value ends that valid JSON begins with, or 0 where none does.
func valueEnd(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return scalarEnd(data)
			}
		}
		if depth <= 0 {
			return min(i+1+depth, len(data))
		}
	}
	return len(data)
}

// scalarEnd is where a number, true, false or null ends.
func scalarEnd(data []byte) int {
	if end := bytes.IndexAny(data, ",}] \t\r\n"); end >= 0 {
		return end
	}
	return len(data)
}
