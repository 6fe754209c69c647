package ctcbr

import (
	"reflect"
	"strings"
	"sync"
)

// field is a field of a struct, as its json tag describes it.
type field struct {
	name     string
	index    []int
	optional bool // left out where it is zero
}

// fields are the fields of a struct in their order. A field of the struct goes
// before those of the structs that it embeds.
type fields struct {
	all    []field
	byName map[string]*field
}

// knownFields keeps the fields of every type that was sent or received: reading the
// tags takes longer than all else.
var knownFields sync.Map // of reflect.Type to *fields

func fieldsOf(t reflect.Type) *fields {
	if known, ok := knownFields.Load(t); ok {
		return known.(*fields)
	}
	f := &fields{byName: make(map[string]*field)}
	f.add(t, nil)
	for i := range f.all {
		if _, taken := f.byName[f.all[i].name]; !taken {
			f.byName[f.all[i].name] = &f.all[i]
		}
	}
	knownFields.Store(t, f)
	return f
}

func (f *fields) add(t reflect.Type, index []int) {
	var embedded []reflect.StructField
	for i := range t.NumField() {
		of := t.Field(i)
		name, option, _ := strings.Cut(of.Tag.Get("json"), ",")
		switch {
		case of.Tag.Get("json") == "-":
		case of.Anonymous && name == "":
			embedded = append(embedded, of)
		case of.IsExported():
			if name == "" {
				name = of.Name
			}
			f.all = append(f.all, field{name, append(index[:len(index):len(index)], i), option != ""})
		}
	}
	for _, of := range embedded {
		inner := of.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		f.add(inner, append(index[:len(index):len(index)], of.Index[0]))
	}
}

// find returns the field of a name, or nil. The case of letters does not matter, as
// everywhere in encoding/json.
func (f *fields) find(name []byte) *field {
	if found := f.byName[string(name)]; found != nil {
		return found
	}
	for i := range f.all {
		if strings.EqualFold(f.all[i].name, string(name)) {
			return &f.all[i]
		}
	}
	return nil
}
