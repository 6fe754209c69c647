package wirejson

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/ctyun-go/ctcbr/internal/eop"
)

// Query returns the struct that request points to as a canonical query. It uses the json tags, so that
// the name of a parameter is written once. A field with an option, such as omitempty, is omitted if it
// is zero, and a pointer stands for what it points to.
func Query(request any) string {
	v := reflect.ValueOf(request).Elem()
	var space [16]eop.Parameter
	parameters := space[:0]
	for _, f := range planOf(v.Type()).fields {
		if value := v.FieldByIndex(f.index); !f.optional || !value.IsZero() {
			parameters = append(parameters, eop.Parameter{Key: f.name, Value: parameter(reflect.Indirect(value))})
		}
	}
	return eop.EncodeQuery(parameters)
}

// parameter returns a value as it is written in a query.
func parameter(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case !v.IsValid():
		return "" // a required pointer that is nil
	}
	return fmt.Sprint(v.Interface())
}
