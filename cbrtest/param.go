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

// paramKind is the JSON type of a parameter.
type paramKind int

const (
	kindText paramKind = iota
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
	kind              paramKind
	required          bool
	ranged            bool
	low, high         int64
	integers          []int64
	words             []string
	pattern           *regexp.Regexp
	maxItems, maxText int
	fields            []param
}

func textParam(name string) param    { return param{name: name, kind: kindText} }
func integerParam(name string) param { return param{name: name, kind: kindInteger} }
func booleanParam(name string) param { return param{name: name, kind: kindBoolean} }
func flagParam(name string) param    { return param{name: name, kind: kindFlag} }
func textsParam(name string) param   { return param{name: name, kind: kindTexts} }

func objectParam(name string, fields ...param) param {
	return param{name: name, kind: kindObject, fields: fields}
}

func objectsParam(name string, fields ...param) param {
	return param{name: name, kind: kindObjects, fields: fields}
}

func (par param) must() param {
	par.required = true
	return par
}

func (par param) between(low, high int64) param {
	par.ranged, par.low, par.high = true, low, high
	return par
}

func (par param) oneOf(values ...any) param {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			par.words = append(par.words, v)
		case int:
			par.integers = append(par.integers, int64(v))
		}
	}
	return par
}

func (par param) like(pattern *regexp.Regexp) param {
	par.pattern = pattern
	return par
}

// atMost bounds a list of texts and, unless it is 0, the characters of each of them.
func (par param) atMost(items, characters int) param {
	par.maxItems, par.maxText = items, characters
	return par
}

// args are the parameters of a request, each a string, int64, bool, []string, args or []args. An empty text counts as
// not given.
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

// source returns the kind of hosts that a request is about.
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
func (op endpoint) parse(r *http.Request, body []byte) (args, *failure) {
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

// read reads the parameters from where the operation has them, and checks nothing else.
func (op endpoint) read(r *http.Request, body []byte) (args, *failure) {
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
func (op endpoint) readQuery(raw string) (args, *failure) {
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

// check returns a value in the type that args hold.
func (par param) check(v any, name string) (any, *failure) {
	switch par.kind {
	case kindText:
		return par.checkText(v, name)
	case kindInteger:
		return par.checkInteger(v, name)
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
		return par.checkTexts(v, name)
	case kindObject:
		fields, ok := v.(args)
		if !ok {
			return nil, invalid(name, "must be an object")
		}
		return fields, checkFields(par.fields, fields, name+".")
	case kindObjects:
		return par.checkObjects(v, name)
	}
	return v, nil
}

func (par param) checkText(v any, name string) (any, *failure) {
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, invalid(name, "must be a text")
	case par.words != nil && !slices.Contains(par.words, s):
		return nil, invalid(name, fmt.Sprintf("must be one of %q", par.words))
	case par.pattern != nil && !par.pattern.MatchString(s):
		return nil, invalid(name, "must match "+par.pattern.String())
	}
	return s, nil
}

func (par param) checkInteger(v any, name string) (any, *failure) {
	n, ok := v.(int64)
	switch {
	case !ok:
		return nil, invalid(name, "must be an integer")
	case par.integers != nil && !slices.Contains(par.integers, n):
		return nil, invalid(name, fmt.Sprintf("must be one of %v", par.integers))
	case par.ranged && (n < par.low || n > par.high):
		return nil, invalid(name, fmt.Sprintf("must be %d to %d", par.low, par.high))
	}
	return n, nil
}

func (par param) checkTexts(v any, name string) (any, *failure) {
	items, ok := v.([]any)
	if !ok {
		return nil, invalid(name, "must be a list of texts")
	}
	if par.maxItems > 0 && len(items) > par.maxItems {
		return nil, invalid(name, fmt.Sprintf("must have at most %d items", par.maxItems))
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok || s == "" || par.maxText > 0 && utf8.RuneCountInString(s) > par.maxText {
			return nil, invalid(fmt.Sprintf("%s[%d]", name, i), "must be a text that is neither empty nor too long")
		}
		out[i] = s
	}
	return out, nil
}

func (par param) checkObjects(v any, name string) (any, *failure) {
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
		if refused := checkFields(par.fields, fields, at+"."); refused != nil {
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
