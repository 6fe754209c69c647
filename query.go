package ctcbr

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/ctyun-go/ctcbr/internal/eop"
)

// encodeQuery writes a completed request as a canonical query. It reads the json
// tags that JSON reads, so that a parameter has one name in one place.
func encodeQuery(request any) string {
	v := reflect.ValueOf(request).Elem()
	var space [16]eop.Parameter
	parameters := space[:0]
	for _, field := range fieldsOf(v.Type()).all {
		if value := v.FieldByIndex(field.index); !field.optional || !value.IsZero() {
			parameters = append(parameters, eop.Parameter{Key: field.name, Value: plainValue(reflect.Indirect(value))})
		}
	}
	return eop.EncodeQuery(parameters)
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
