package cbrtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"testing"
)

type cf struct {
	Name, Type, In string
	Required       bool
	Enum           []any
	Default        any
	Fields         []cf
}

func TestTmpContract(t *testing.T) {
	b, _ := os.ReadFile("/work/shared/contract/ct-cbr.json")
	var c struct {
		Companions, Operations []struct {
			Method, Path string
			Params       []cf
			Order        bool
		}
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	all := append(c.Companions, c.Operations...)
	if len(all) != len(operations) {
		t.Fatal(len(all), len(operations))
	}
	for _, o := range all {
		op, ok := operations[path.Base(o.Path)]
		if !ok || op.path != o.Path || op.method != o.Method {
			t.Errorf("%s: %v", o.Path, op)
		}
		in := map[place]string{inQuery: "query", inBody: "body"}[op.in]
		cmpFields(t, o.Path, in, o.Params, op.params)
	}
}

func cmpFields(t *testing.T, at, in string, want []cf, got []param) {
	kinds := map[kind]string{kindText: "string", kindInteger: "integer", kindBoolean: "boolean", kindFlag: "boolean", kindTexts: "string[]", kindObject: "object", kindObjects: "object[]"}
	if len(want) != len(got) {
		t.Errorf("%s: %d %d", at, len(want), len(got))
	}
	for i, w := range want {
		g := got[i]
		var enum []any
		for _, x := range g.words {
			enum = append(enum, x)
		}
		for _, x := range g.integers {
			enum = append(enum, float64(x))
		}
		if w.Name != g.name || w.Required != g.required || w.Type != kinds[g.kind] || !slices.Equal(w.Enum, enum) || in != "" && w.In != in {
			t.Errorf("%s: %v\n%v", at, w, fmt.Sprintf("%+v", g))
		}
		cmpFields(t, at+"/"+w.Name, "", w.Fields, g.fields)
	}
}
