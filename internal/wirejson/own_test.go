package wirejson_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

func TestOwn(t *testing.T) {
	t.Parallel()
	type item struct {
		ID    string   `json:"id"`
		N     int      `json:"n"`
		Paths []string `json:"paths"`
		Name  string   `json:"name" or:"nom"`
	}
	var items []item
	require.NoError(t, wirejson.Unmarshal([]byte(`[{"id":"a1","n":1,"paths":["/etc","/var"],"name":"first"},{"id":"b2","paths":[],"name":""}]`), &items))
	before := items[0]
	wirejson.Own(&items[0])
	require.Equal(t, item{ID: "a1", N: 1, Paths: []string{"/etc", "/var"}, Name: "first"}, items[0])
	require.NotSame(t, unsafe.StringData(before.ID), unsafe.StringData(items[0].ID), "still in the block of its answer")
	texts := []string{items[0].ID, items[0].Paths[0], items[0].Paths[1], items[0].Name}
	for i, text := range texts[1:] {
		end := unsafe.Add(unsafe.Pointer(unsafe.StringData(texts[i])), len(texts[i]))
		require.Equal(t, end, unsafe.Pointer(unsafe.StringData(text)), "one piece of memory, in the order of the fields")
	}
	wirejson.Own(&items[1])
	require.Equal(t, item{ID: "b2", Paths: []string{}}, items[1])
}
