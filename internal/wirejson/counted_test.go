package wirejson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// ruled is a struct of which it matters how often its members are given.
type ruled struct {
	ID   string   `json:"id" wire:"lenient,once"`
	Name string   `json:"name" or:"title"`
	List []string `json:"list" wire:"list"`
	More string   `json:"more" wire:"once"`
}

func TestMembersThatAreCounted(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct {
		want ruled
		flaw string
	}{
		`{"id":"a","more":"b","list":["x"]}`:       {want: ruled{ID: "a", More: "b", List: []string{"x"}}},
		`{"id":"a","id":"a"}`:                      {want: ruled{ID: "a"}},
		`{"id":1,"ID":"1"}`:                        {want: ruled{ID: "1"}},
		`{"id":"a","more":"x","Id":"b"}`:           {want: ruled{ID: "b", More: "x"}, flaw: `it has more than one id: "a" and "b"`},
		`{"more":"a","more":null}`:                 {flaw: `it has more than one more: "a" and ""`},
		`{"id":"a","id":"b","more":"x","more":""}`: {want: ruled{ID: "b"}, flaw: `it has more than one id: "a" and "b"`},
		`{"list":null}`:                            {},
		`{"list":""}`:                              {},
		`{"list":[]}`:                              {want: ruled{List: []string{}}},
		`{"list":{}}`:                              {flaw: "its list is no list"},
		`{"list":7,"id":"a"}`:                      {want: ruled{ID: "a"}, flaw: "its list is no list"},
		`{"list":"none"}`:                          {flaw: "its list is no list"},
		`{"list":false}`:                           {flaw: "its list is no list"},
		`{"list":["x"],"list":["y"]}`:              {want: ruled{List: []string{"x"}}, flaw: "it has more than one list"},
		`{"name":"a","title":"b","name":"c"}`:      {want: ruled{Name: "c"}},
	} {
		var got ruled
		err := Unmarshal([]byte(text), &got)
		require.Equal(t, c.want, got, text)
		if c.flaw == "" {
			require.NoError(t, err, text)
		} else {
			require.EqualError(t, err, c.flaw, text)
		}
	}
}

// method is a struct whose tags outrank its method.
type method struct {
	ID string `json:"id" wire:"once"`
}

func (m *method) UnmarshalJSON(data []byte) error { return Unmarshal(data, m) }

func TestMembersThatAreCountedOutrankAMethod(t *testing.T) {
	t.Parallel()
	var got struct {
		Inner method `json:"inner"`
	}
	require.EqualError(t, Unmarshal([]byte(`{"inner":{"id":"a","id":"b"}}`), &got), `it has more than one id: "a" and "b"`)
	require.NoError(t, got.Inner.UnmarshalJSON([]byte(`{"id":"c"}`)))
	require.Equal(t, "c", got.Inner.ID)
}

// Each object is counted by itself.
func TestMembersAreCountedInTheirObject(t *testing.T) {
	t.Parallel()
	var got []ruled
	require.NoError(t, Unmarshal([]byte(`[{"id":"a","list":[]},{"id":"b","list":[]}]`), &got))
	require.Error(t, Unmarshal([]byte(`[{"id":"a"},{"id":"b","id":"c"}]`), &got))
	require.ErrorContains(t, Unmarshal([]byte(`{"list":"x`), &ruled{}), "EOF", "what stops the text outranks what is in it")
}
