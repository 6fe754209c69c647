package ctcbr

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// encodeQuery writes a completed request as a canonical query. It reads the json
// tags that JSON reads, so that a parameter has one name in one place.
func encodeQuery(request any) string {
	v := reflect.ValueOf(request).Elem()
	var space [16]parameter
	parameters := space[:0]
	for i, tag := range tagsOf(v.Type()) {
		if field := v.Field(i); !tag.optional || !field.IsZero() {
			parameters = append(parameters, parameter{tag.name, plainValue(reflect.Indirect(field))})
		}
	}
	return encodeParameters(parameters)
}

// plainValue is a value as it is written in a query.
func plainValue(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	}
	return fmt.Sprint(v.Interface())
}

// fieldTag is what the json tag of a field says.
type fieldTag struct {
	name     string
	optional bool
}

// knownTags keeps the tags of every type of request that was sent as a query:
// reading them takes longer than writing the query.
var knownTags sync.Map // of reflect.Type to []fieldTag

func tagsOf(t reflect.Type) []fieldTag {
	if known, ok := knownTags.Load(t); ok {
		return known.([]fieldTag)
	}
	tags := make([]fieldTag, t.NumField())
	for i := range tags {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		tags[i] = fieldTag{name, option != ""}
	}
	knownTags.Store(t, tags)
	return tags
}
