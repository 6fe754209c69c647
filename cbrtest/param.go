package cbrtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// kind is the JSON type of a parameter.
type kind int

const (
	kindText kind = iota
	kindInteger
	kindBoolean
	kindFlag // a boolean, or 0 or 1
	kindTexts
	kindObject
	kindObjects
)

// param describes one parameter. It is made by a function named after its type and methods that narrow it down.
type param struct {
	name              string
	kind              kind
	required          bool
	ranged            bool
	low, high         int64
	integers          []int64
	words             []string
	pattern           *regexp.Regexp
	maxItems, maxText int
	fields            []param
}

func text(name string) param    { return param{name: name, kind: kindText} }
func integer(name string) param { return param{name: name, kind: kindInteger} }
func boolean(name string) param { return param{name: name, kind: kindBoolean} }
func flag(name string) param    { return param{name: name, kind: kindFlag} }
func texts(name string) param   { return param{name: name, kind: kindTexts} }

func record(name string, fields ...param) param {
	return param{name: name, kind: kindObject, fields: fields}
}

func objects(name string, fields ...param) param {
	return param{name: name, kind: kindObjects, fields: fields}
}

func (p param) must() param {
	p.required = true
	return p
}

func (p param) between(low, high int64) param {
	p.ranged, p.low, p.high = true, low, high
	return p
}

func (p param) oneOf(values ...any) param {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			p.words = append(p.words, v)
		case int:
			p.integers = append(p.integers, int64(v))
		}
	}
	return p
}

func (p param) like(pattern *regexp.Regexp) param {
	p.pattern = pattern
	return p
}

// atMost bounds a list of texts and, unless it is 0, the characters of each of them.
func (p param) atMost(items, characters int) param {
	p.maxItems, p.maxText = items, characters
	return p
}

// args are the parameters of a request: string, int64, bool, []string, args, []args. A text that is given empty counts
// as not given.
type args map[string]any

func (a args) has(name string) bool       { _, ok := a[name]; return ok }
func (a args) text(name string) string    { v, _ := a[name].(string); return v }
func (a args) int(name string) int64      { v, _ := a[name].(int64); return v }
func (a args) bool(name string) bool      { v, _ := a[name].(bool); return v }
func (a args) texts(name string) []string { v, _ := a[name].([]string); return v }
func (a args) object(name string) args    { v, _ := a[name].(args); return v }
func (a args) intOr(name string, def int) int {
	if !a.has(name) {
		return def
	}
	return int(a.int(name))
}

// source returns what kind of host a request is about.
func (a args) source() string {
	switch {
	case a.has("sourceType"):
		return a.text("sourceType")
	case a.has("isCloud") && !a.bool("isCloud"):
		return sourceOnPremises
	}
	return sourceCloud
}

func invalid(name, reason string) *failure {
	f := refuse("Backup.Parameter.Invalid", "parameter "+name+" "+reason, "参数"+name+"错误")
	f.refused = true
	return f
}

// parse returns the parameters of a request for the operation.
func (op operation) parse(r *http.Request, body []byte) (args, *failure) {
	a, refused := op.read(r, body)
	if refused != nil {
		return nil, refused
	}
	if refused := checkFields(op.params, a, ""); refused != nil {
		return nil, refused
	}
	for _, rule := range op.rules {
		if name, reason := rule(a); name != "" {
			return nil, invalid(name, reason)
		}
	}
	return a, nil
}

// read reads the parameters from where they have to be, as they are.
func (op operation) read(r *http.Request, body []byte) (args, *failure) {
	if op.in == inQuery {
		// Real clients send the body {} with every GET.
		if v, err := decode(body); len(body) > 0 && (err != nil || !isEmptyObject(v)) {
			return nil, invalid("(body)", "is in the wrong place: the parameters of this operation are in the query")
		}
		return op.readQuery(r.URL.RawQuery)
	}
	if r.URL.RawQuery != "" {
		return nil, invalid("(query)", "is in the wrong place: the parameters of this operation are in the body")
	}
	v, err := decode(body)
	a, ok := v.(args)
	switch {
	case err != nil:
		return nil, invalid("(body)", "is not a JSON object: "+err.Error())
	case !ok:
		return nil, invalid("(body)", "is not a JSON object")
	}
	return a, nil
}

func isEmptyObject(v any) bool {
	members, ok := v.(args)
	return ok && len(members) == 0
}

// readQuery reads a query, where numbers and booleans come as text.
func (op operation) readQuery(raw string) (args, *failure) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalid("(query)", "cannot be read")
	}
	a := args{}
	for name, list := range values {
		if len(list) > 1 {
			return nil, invalid(name, "is given more than once")
		}
		a[name] = list[0]
		i := slices.IndexFunc(op.params, func(p param) bool { return p.name == name })
		if i < 0 {
			continue
		}
		switch n, err := strconv.ParseInt(list[0], 10, 64); {
		case op.params[i].kind == kindInteger && err == nil && strconv.FormatInt(n, 10) == list[0]:
			a[name] = n
		case op.params[i].kind == kindBoolean && (list[0] == "true" || list[0] == "false"):
			a[name] = list[0] == "true"
		}
	}
	return a, nil
}

// checkFields checks the members of an object, whose name is the prefix.
func checkFields(params []param, a args, prefix string) *failure {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !slices.ContainsFunc(params, func(p param) bool { return p.name == name }) {
			return invalid(prefix+name, "is unknown")
		}
	}
	for _, p := range params {
		v, ok := a[p.name]
		if v == "" && p.kind == kindText {
			delete(a, p.name)
			ok = false
		}
		if !ok && p.required {
			return invalid(prefix+p.name, "is required")
		}
		if !ok {
			continue
		}
		checked, refused := p.check(v, prefix+p.name)
		if refused != nil {
			return refused
		}
		a[p.name] = checked
	}
	return nil
}

// check returns a value in the type that args promise.
func (p param) check(v any, name string) (any, *failure) {
	switch p.kind {
	case kindText:
		return p.checkText(v, name)
	case kindInteger:
		return p.checkInteger(v, name)
	case kindBoolean:
		if _, ok := v.(bool); !ok {
			return nil, invalid(name, "must be a boolean")
		}
	case kindFlag:
		if n, ok := v.(int64); ok && (n == 0 || n == 1) {
			return n == 1, nil
		}
		if _, ok := v.(bool); !ok {
			return nil, invalid(name, "must be a boolean")
		}
	case kindTexts:
		return p.checkTexts(v, name)
	case kindObject:
		fields, ok := v.(args)
		if !ok {
			return nil, invalid(name, "must be an object")
		}
		return fields, checkFields(p.fields, fields, name+".")
	case kindObjects:
		return p.checkObjects(v, name)
	}
	return v, nil
}

func (p param) checkText(v any, name string) (any, *failure) {
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, invalid(name, "must be a text")
	case p.words != nil && !slices.Contains(p.words, s):
		return nil, invalid(name, fmt.Sprintf("must be one of %q", p.words))
	case p.pattern != nil && !p.pattern.MatchString(s):
		return nil, invalid(name, "must match "+p.pattern.String())
	}
	return s, nil
}

func (p param) checkInteger(v any, name string) (any, *failure) {
	n, ok := v.(int64)
	switch {
	case !ok:
		return nil, invalid(name, "must be an integer")
	case p.integers != nil && !slices.Contains(p.integers, n):
		return nil, invalid(name, fmt.Sprintf("must be one of %v", p.integers))
	case p.ranged && (n < p.low || n > p.high):
		return nil, invalid(name, fmt.Sprintf("must be %d to %d", p.low, p.high))
	}
	return n, nil
}

func (p param) checkTexts(v any, name string) (any, *failure) {
	items, ok := v.([]any)
	if !ok {
		return nil, invalid(name, "must be a list of texts")
	}
	if p.maxItems > 0 && len(items) > p.maxItems {
		return nil, invalid(name, fmt.Sprintf("must have at most %d items", p.maxItems))
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok || s == "" || p.maxText > 0 && utf8.RuneCountInString(s) > p.maxText {
			return nil, invalid(fmt.Sprintf("%s[%d]", name, i), "must be a text that is neither empty nor too long")
		}
		out[i] = s
	}
	return out, nil
}

func (p param) checkObjects(v any, name string) (any, *failure) {
	items, ok := v.([]any)
	if !ok {
		return nil, invalid(name, "must be a list of objects")
	}
	out := make([]args, len(items))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", name, i)
		fields, ok := item.(args)
		if !ok {
			return nil, invalid(at, "must be an object")
		}
		if refused := checkFields(p.fields, fields, at+"."); refused != nil {
			return nil, refused
		}
		out[i] = fields
	}
	return out, nil
}

// decode reads one JSON value with nothing after it. It is stricter than encoding/json: a member that comes twice is an
// error, and a number stays a json.Number unless it is written as an integer.
func decode(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("there is something after it")
	}
	return v, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	if depth > 32 {
		return nil, errors.New("it is nested too deeply")
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return n, nil
		}
	case json.Delim:
		if t == '{' {
			return decodeObject(dec, depth)
		}
		list := []any{}
		for dec.More() {
			item, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := dec.Token()
		return list, err
	}
	return token, nil
}

func decodeObject(dec *json.Decoder, depth int) (any, error) {
	members := args{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder lets nothing else pass as a name
		if members.has(name) {
			return nil, fmt.Errorf("the member %q comes twice", name)
		}
		if members[name], err = decodeValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return members, err
}
