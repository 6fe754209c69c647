package ctcbr

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// validation fills in the defaults of a request and collects its faults. Checks name fields as on the
// wire. The Go name of a field is found by its json tag.
type validation struct {
	op          string // the name of the operation
	regionID    string
	clientToken string
	request     any // nil if the parameters of a method are checked
	faults      []Fault
}

// validate fills in the defaults of a request and collects all its faults.
func validate(op, regionID string, req request) *validation {
	v := &validation{op: op, regionID: regionID, request: req}
	req.complete(v)
	v.content(reflect.ValueOf(req).Elem(), "")
	return v
}

// err returns all faults as one [ValidationError], or nil.
func (v *validation) err() error {
	if len(v.faults) == 0 {
		return nil
	}
	for i := range v.faults {
		if f := &v.faults[i]; f.Name == "" {
			f.Name = goName(reflect.TypeOf(v.request), f.Field)
		}
	}
	return &ValidationError{Operation: v.op, Faults: v.faults}
}

func (v *validation) fault(field, format string, args ...any) {
	v.faults = append(v.faults, Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// has reports whether a field has a fault already.
func (v *validation) has(field string) bool {
	return slices.ContainsFunc(v.faults, func(f Fault) bool { return f.Field == field })
}

// region falls back to the client's region.
func (v *validation) region(id *string) {
	if *id == "" {
		*id = v.regionID
	}
	if strings.TrimSpace(*id) == "" {
		v.fault("regionID", "is required: in the request, by WithRegion, as CTYUN_REGION_ID, or in the configuration file")
	}
}

func (v *validation) required(field, value string) {
	if isBlank(value) {
		v.fault(field, "is required")
	}
}

// isBlank reports whether a text is empty or only white space. Such an ID counts as absent.
func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// argument checks a required text that is a parameter of a method, not a field of a request.
func (v *validation) argument(name, field, value string) {
	problem := textProblem(value)
	switch {
	case isBlank(value):
		problem = "is required"
	case problem != "":
		problem += ": " + quoted(value)
	default:
		return
	}
	v.faults = append(v.faults, Fault{Name: name, Field: field, Problem: problem})
}

func (v *validation) given(field string, given bool) {
	if !given {
		v.fault(field, "is required")
	}
}

// between checks the range of a required number.
func (v *validation) between(field string, n, low, high int) {
	if n < low || n > high {
		v.fault(field, "must be %d to %d, is %d", low, high, n)
	}
}

// optional checks the range of a number, unless it is zero.
func (v *validation) optional(field string, n, low, high int) {
	if n != 0 {
		v.between(field, n, low, high)
	}
}

// page checks the parameters of a list with pages.
func (v *validation) page(no, size int) {
	v.optional("pageNo", no, 1, 1<<31-1)
	v.optional("pageSize", size, 1, 50)
}

// paths checks a list of at most 10 paths, each of at most longest characters.
func (v *validation) paths(field string, paths []string, longest int) {
	const most = 10
	if len(paths) > most {
		v.fault(field, "must be at most %d paths, are %d", most, len(paths))
	}
	for i, p := range paths {
		at := fmt.Sprintf("%s[%d]", field, i)
		switch n := utf8.RuneCountInString(p); {
		case n == 0:
			v.fault(at, "is empty")
		case n > longest:
			v.fault(at, "must be at most %d characters, has %d", longest, n)
		}
		v.path(at, p)
	}
}

// path refuses a quote in a Windows path. No Windows file name contains one; it is a quoting mistake,
// because a shell turns "D:\data\" into D:\data".
func (v *validation) path(field, path string) {
	if isWindowsPath(strings.TrimLeft(path, `"`)) && strings.Contains(path, `"`) {
		v.fault(field, `holds a quote, which "\" before the closing quote of a command line leaves there: %s`, quoted(path))
	}
}

// isWindowsPath reports whether a path begins with a drive letter or a server name.
func isWindowsPath(path string) bool {
	return strings.HasPrefix(path, `\\`) || len(path) > 1 && path[1] == ':' && isLetter(path[0])
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// searchField is the only text that may begin or end with white space, because it matches parts of
// names.
const searchField = "queryContent"

// content checks what applies to every text and number of a request. The names of fields are only
// built if there is a fault.
func (v *validation) content(value reflect.Value, field string) {
	if isSound(value) {
		return
	}
	switch value.Kind() {
	case reflect.String:
		v.text(field, value.String())
	case reflect.Int:
		if !v.has(field) {
			v.fault(field, "must be %d to %d, is %d", math.MinInt32, math.MaxInt32, value.Int())
		}
	case reflect.Pointer, reflect.Interface:
		v.content(value.Elem(), field)
	case reflect.Slice:
		for i := range value.Len() {
			v.content(value.Index(i), fmt.Sprintf("%s[%d]", field, i))
		}
	case reflect.Map:
		keys := value.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			v.text(field, key.String())
			v.content(value.MapIndex(key), field+"."+key.String())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			at := field
			if of := value.Type().Field(i); !of.Anonymous || of.Tag != "" {
				at = strings.TrimPrefix(field+"."+wireName(of), ".")
			}
			v.content(value.Field(i), at)
		}
	}
}

// text checks one text of a request, unless its field has a fault already.
func (v *validation) text(field, text string) {
	if strings.HasSuffix(field, searchField) {
		text = strings.TrimFunc(text, func(r rune) bool { return isWhite(r) && !unicode.IsControl(r) })
	}
	if problem := textProblem(text); problem != "" && !v.has(field) {
		v.fault(field, "%s: %s", problem, quoted(text))
	}
}

// isSound reports whether a value has no fault. It does not allocate.
func isSound(value reflect.Value) bool {
	if !value.IsValid() || !value.CanInterface() {
		return true // nil, or an unexported field
	}
	switch value.Kind() {
	case reflect.String:
		return textProblem(value.String()) == ""
	case reflect.Int:
		return math.MinInt32 <= value.Int() && value.Int() <= math.MaxInt32
	case reflect.Pointer, reflect.Interface:
		return value.IsNil() || isSound(value.Elem())
	case reflect.Slice:
		for i := range value.Len() {
			if !isSound(value.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for each := value.MapRange(); each.Next(); {
			if !isSound(each.Key()) || !isSound(each.Value()) {
				return false
			}
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if !isSound(value.Field(i)) {
				return false
			}
		}
	}
	return true
}

// textProblem returns why a text cannot be an ID, name or path, or "". Text that is not UTF-8 would be
// sent with replacement characters, and so would name something else.
func textProblem(text string) string {
	switch trimmed := strings.TrimFunc(text, isWhite); {
	case !utf8.ValidString(text):
		return "is not UTF-8"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a control character"
	case trimmed == "" && text != "":
		return "is blank"
	case trimmed != text:
		return "has white space at its beginning or end"
	}
	return ""
}

// isWhite reports whether a character is invisible at the end of a text: white space, a byte order
// mark or a zero-width space.
func isWhite(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' }

// quoted returns the beginning of a text as a Go string literal.
func quoted(text string) string { return fmt.Sprintf("%q", shortened(text, 100)) }

// goName returns the Go name of a field: "Schedule.Hour" for "backupPeriodInfo.hour". A name that is
// not a field of a struct stays as it is.
func goName(t reflect.Type, field string) string {
	parts := strings.Split(field, ".")
	for i, segment := range parts {
		for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			break
		}
		name, _, _ := strings.Cut(segment, "[")
		found, ok := t.FieldByNameFunc(func(member string) bool {
			of, _ := t.FieldByName(member)
			return wireName(of) == name
		})
		if !ok {
			break
		}
		parts[i], t = found.Name+segment[len(name):], found.Type
	}
	return strings.Join(parts, ".")
}

// wireName returns the name of a field on the wire, or its Go name if it is not sent.
func wireName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return cmp.Or(name, f.Name)
}

// request is implemented by every XRequest.
type request interface {
	// complete fills in defaults, and reports the faults of the request. Its receiver is a copy of
	// what the caller gave.
	complete(*validation)
}
