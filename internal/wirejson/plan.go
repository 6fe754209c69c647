package wirejson

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// plan describes how values of a type are decoded.
type plan struct {
	kind   kind
	method bool  // a string type with an UnmarshalJSON, for values that are not JSON strings
	elem   *plan // of a pointer or a list

	// Of a struct:
	fields []field
	byName map[string]named
	folded map[string]named
}

type kind uint8

const (
	kindOther   kind = iota // decoded by encoding/json
	kindSelf                // it has a ReadJSON
	kindMethod              // it has an UnmarshalJSON
	kindText                // a string
	kindBool                // a bool
	kindInt                 // a signed integer
	kindPointer             // a pointer
	kindList                // a slice
	kindStruct              // a struct
)

// field is a field of a struct, as its tags describe it.
type field struct {
	name     string
	quoted   []byte // its name as usually written: quoted, with the colon
	second   string // a second name, or empty
	pair     int    // its number among the fields that are counted or have a second name
	index    []int
	plan     *plan
	optional bool // omitted from queries if it is zero
	lenient  bool
	once     bool // a second, different value in the same object is an error
	isList   bool // anything but a list is an error, and so is a second list
}

// counted reports whether it matters how often the field is given.
func (f *field) counted() bool { return f.once || f.isList }

// named is the field that a name belongs to.
type named struct {
	at     int // in plan.fields
	second bool
}

// plans caches the plan of every type, because reading the tags takes longer than decoding.
var plans sync.Map // of reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		return known.(*plan)
	}
	all := make(planning)
	p := all.planOf(t)
	for t, p := range all {
		plans.LoadOrStore(t, p)
	}
	return p
}

// planning holds the plans under construction, because a type may contain itself.
type planning map[reflect.Type]*plan

var (
	selfType   = reflect.TypeFor[Reader]()
	methodType = reflect.TypeFor[json.Unmarshaler]()
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (all planning) planOf(t reflect.Type) *plan {
	if p := all[t]; p != nil {
		return p
	}
	p := &plan{}
	all[t] = p
	pointer := reflect.PointerTo(t)
	p.method = pointer.Implements(methodType)
	spelled := pointer.Implements(textType)
	switch k := t.Kind(); {
	case pointer.Implements(selfType):
		p.kind = kindSelf
	case k == reflect.Struct && !spelled && p.addFields(t, all) && (!p.method || p.hasOwnTags()):
		p.kind = kindStruct
	case k == reflect.String && (p.method || !spelled):
		p.kind = kindText
	case p.method:
		p.kind = kindMethod
	case spelled:
		// encoding/json calls its UnmarshalText.
	case k == reflect.Pointer:
		p.kind, p.elem = kindPointer, all.planOf(t.Elem())
	case k == reflect.Slice && t.Elem().Kind() != reflect.Uint8: // []byte is base64
		p.kind, p.elem = kindList, all.planOf(t.Elem())
	case k == reflect.Bool:
		p.kind = kindBool
	case reflect.Int <= k && k <= reflect.Int64:
		p.kind = kindInt
	}
	return p
}

// hasOwnTags reports whether a struct has tags of this package. Its UnmarshalJSON is then only for users
// of encoding/json.
func (p *plan) hasOwnTags() bool {
	return slices.ContainsFunc(p.fields, func(f field) bool { return f.second != "" || f.lenient || f.counted() })
}

// addFields adds the fields of a struct and of the structs that it embeds. It reports false if the
// struct has to be left to encoding/json.
func (p *plan) addFields(t reflect.Type, all planning) bool {
	found, ok := fieldsIn(t, nil)
	depth := make(map[string]int)
	for _, f := range found {
		if d := depth[f.name]; d == 0 || len(f.index) < d {
			depth[f.name] = len(f.index)
		}
	}
	p.byName, p.folded = make(map[string]named), make(map[string]named)
	pairs := 0
	for _, f := range found {
		if len(f.index) > depth[f.name] {
			continue // hidden by a field of an outer struct
		}
		if _, twice := p.byName[f.name]; twice {
			return false
		}
		f.plan = all.planOf(t.FieldByIndex(f.index).Type)
		if f.second != "" || f.counted() {
			f.pair = pairs
			pairs++
		}
		p.addName(f.name, named{at: len(p.fields)})
		p.fields = append(p.fields, f)
	}
	for i, f := range p.fields {
		if f.second != "" {
			p.addName(f.second, named{at: i, second: true})
		}
	}
	return ok
}

// addName assigns a name to a field, unless another field has it.
func (p *plan) addName(name string, to named) {
	if _, taken := p.byName[name]; !taken {
		p.byName[name] = to
	}
	folded := string(appendFolded(nil, []byte(name)))
	if _, taken := p.folded[folded]; !taken {
		p.folded[folded] = to
	}
}

// fieldsIn returns the fields of a struct in order. It reports false if plans do not support the kind of
// one of them.
func fieldsIn(t reflect.Type, index []int) (found []field, ok bool) {
	for i := range t.NumField() {
		of := t.Field(i)
		tag := of.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		at := append(slices.Clip(index), i)
		switch {
		case tag == "-":
		case of.Anonymous && name == "" && of.Type.Kind() == reflect.Struct:
			inner, ok := fieldsIn(of.Type, at)
			if !ok {
				return nil, false
			}
			found = append(found, inner...)
		case of.Anonymous && name == "" && of.Type.Kind() == reflect.Pointer, strings.Contains(options, "string"):
			return nil, false
		case of.IsExported():
			rules := strings.Split(of.Tag.Get("wire"), ",")
			found = append(found, field{
				name: cmp.Or(name, of.Name), quoted: []byte(`"` + cmp.Or(name, of.Name) + `":`), second: of.Tag.Get("or"), index: at,
				optional: options != "", lenient: slices.Contains(rules, "lenient"),
				once: slices.Contains(rules, "once"), isList: slices.Contains(rules, "list"),
			})
		}
	}
	return found, true
}

// find returns the field with a name. As in encoding/json, the case of letters does not matter.
func (p *plan) find(name []byte) (named, bool) {
	if found, ok := p.byName[string(name)]; ok {
		return found, true
	}
	var space [64]byte
	found, ok := p.folded[string(appendFolded(space[:0], name))]
	return found, ok
}

// appendFolded appends a name in a form that is the same for all names that differ only in case: each
// letter is replaced by the first of its forms in Unicode.
func appendFolded(to, name []byte) []byte {
	for _, r := range string(name) {
		for next := unicode.SimpleFold(r); next > r; next = unicode.SimpleFold(r) {
			r = next
		}
		to = utf8.AppendRune(to, unicode.SimpleFold(r)) // cycles through all forms
	}
	return to
}
