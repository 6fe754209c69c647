package cbrtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A table behaves like a plain list that is searched, whatever is done to it.
func TestTable(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	type thing struct{ id, text string }
	var table table[thing]
	var want []*thing
	for step := range 5000 {
		id := fmt.Sprint(r.IntN(200))
		at := slices.IndexFunc(want, func(x *thing) bool { return x.id == id })
		if r.IntN(5) < 2+step/2500 { // grows at first, then shrinks
			require.Equal(t, at >= 0, table.remove(id))
			if at >= 0 {
				want = slices.Delete(want, at, at+1)
			}
		} else {
			x := &thing{id, fmt.Sprint(step)}
			table.add(id, x)
			if at >= 0 {
				want[at] = x
			} else {
				want = append(want, x)
			}
		}
		require.Equal(t, len(want), table.len())
		if step%10 == 0 {
			require.Equal(t, want, slices.Collect(table.all()))
		}
		for _, x := range want[:min(len(want), 5)] {
			require.Same(t, x, table.get(x.id))
		}
		require.Nil(t, table.get("x"))
		require.LessOrEqual(t, len(table.rows), 2*table.len()+1, "gaps are closed")
	}
	require.Equal(t, want, table.filter(func(*thing) bool { return true }))
	for x := range table.all() { // while going through them
		require.True(t, table.remove(x.id))
	}
	require.Zero(t, table.len())
	require.Empty(t, slices.Collect(table.all()))
}

func TestJSONWriter(t *testing.T) {
	t.Parallel()
	texts := []string{"", "plain", "云备份", `quo"te`, `back\slash`, "new\nline", "云\"", "\x00", "bad \xff utf-8", "\u2028", "<&>", "é", "\x7f"}
	at := time.Date(2026, 6, 13, 17, 30, 5, 0, time.UTC)
	w := &jsonWriter{}
	w.begin("")
	for i, text := range texts {
		w.text(fmt.Sprint(i), text)
	}
	w.begin("inner")
	w.end()
	w.texts("texts", texts)
	w.texts("none", nil)
	w.integer("integer", -12)
	w.number("whole", 25)
	w.number("part", 33.25)
	w.boolean("yes", true)
	w.time("time", at)
	w.time("no time", time.Time{})
	w.size("size", fullSize)
	w.any("any", args{"a": []args{{"b": int64(1)}}})
	w.any("null", nil)
	w.end()
	var got map[string]any
	require.NoError(t, json.Unmarshal(w.buf, &got), string(w.buf))
	var want []any
	for i, text := range texts {
		encoded, _ := json.Marshal(text)
		var decoded string
		require.NoError(t, json.Unmarshal(encoded, &decoded))
		require.Equal(t, decoded, got[fmt.Sprint(i)])
		want = append(want, decoded)
		delete(got, fmt.Sprint(i))
	}
	require.Equal(t, map[string]any{
		"inner": object{}, "texts": want, "none": []any{}, "integer": -12., "whole": 25., "part": 33.25, "yes": true,
		"time": "2026-06-14 01:30:05", "no time": nil, "size": "1.65GB", "any": object{"a": []any{object{"b": 1.}}}, "null": nil,
	}, got)
}
