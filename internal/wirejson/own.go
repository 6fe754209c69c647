package wirejson

import (
	"reflect"
	"strings"
)

// Own gives the texts of a struct, of which v points to, one piece of memory of their own. Texts
// share blocks of memory with others of their answer, and who keeps one item of a long list would
// keep the texts of its neighbors, too. It takes the texts of the struct and of its lists of texts.
func Own(v any) {
	value := reflect.ValueOf(v).Elem()
	p := planOf(value.Type())
	size := 0
	p.eachText(value, func(text reflect.Value) { size += text.Len() })
	var memory strings.Builder
	memory.Grow(size)
	p.eachText(value, func(text reflect.Value) {
		from := memory.Len()
		memory.WriteString(text.String())
		text.SetString(memory.String()[from:])
	})
}

// eachText does something with each text of a struct, and of its lists of texts.
func (p *plan) eachText(v reflect.Value, do func(reflect.Value)) {
	for i := range p.fields {
		f := &p.fields[i]
		switch {
		case f.plan.kind == kindText:
			do(v.FieldByIndex(f.index))
		case f.plan.kind == kindList && f.plan.elem.kind == kindText:
			list := v.FieldByIndex(f.index)
			for at := range list.Len() {
				do(list.Index(at))
			}
		}
	}
}
