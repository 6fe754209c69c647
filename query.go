package ctcbr

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// encodeQuery writes a completed request as a canonical query. It reads the json
// tags that JSON reads, so that a parameter has one name in one place.
func encodeQuery(request any) string {
	type parameter struct{ key, value string }
	v := reflect.Indirect(reflect.ValueOf(request))
	parameters := make([]parameter, 0, v.NumField())
	for i := range v.NumField() {
		key, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		field := v.Field(i)
		if option != "" && field.IsZero() {
			continue
		}
		parameters = append(parameters, parameter{key, fmt.Sprint(reflect.Indirect(field).Interface())})
	}
	slices.SortFunc(parameters, func(a, b parameter) int { return strings.Compare(a.key, b.key) })
	var b []byte
	for _, p := range parameters {
		b = appendParameter(b, p.key, p.value)
	}
	return string(b)
}
