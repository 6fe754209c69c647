package ctcbr

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// everything has a field of every kind that answers have, and some that they do not.
type everything struct {
	Meta
	*inner
	Text    string  `json:"text"`
	Number  int     `json:"number"`
	Yes     bool    `json:"yes"`
	Maybe   *int    `json:"maybe"`
	Ratio   float64 `json:"ratio"`
	Texts   []string
	Items   []item         `json:"items,omitempty"`
	Item    item           `json:"item"`
	Other   *item          `json:"other"`
	Map     map[string]any `json:"map"`
	Raw     json.RawMessage
	Time    Time   `json:"time"`
	Never   string `json:"-"`
	Covered string `json:"covered"`

	Lists    [][]item `json:"lists"`
	Storages []*Storage
	Restore  *Restore
	Fixed    [2]int
	Long     int64 `json:"long"`
	Small    int8
	Kind     BackupMode
	Any      any `json:"any"`
	nested
}

// nested is embedded so deep that an index grown by append would be shared.
type nested struct{ nested2 }

type nested2 struct{ nested3 }

type nested3 struct {
	Three int `json:"three"`
	nested4
	nested5
}

type nested4 struct{ Four, FourMore string }

type nested5 struct{ Five, FiveMore string }

type inner struct {
	Inside string `json:"inside"`
	Hidden string `json:"covered"`
}

type item struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
}

// decodeByJSON is what decode must not differ from.
func decodeByJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

var decoded = []string{
	`{}`, ` { } `, `null`, `[]`, `"text"`, `1`, `{"text":"a","number":1,"yes":true,"maybe":0,"ratio":1.5}`,
	`{"TEXT":"folded","Number":2,"texts":["a","\u0062","c\"d"],"Texts":null}`, `{"te\u0078t":"escaped name"}`,
	`{"text":1,"number":"1","yes":"true","maybe":[],"ratio":{},"texts":{"a":1},"items":[1,{"id":"x"},null,"s"]}`,
	`{"number":1.0}`, `{"number":1e3}`, `{"number":-0}`, `{"number":99999999999999999999}`, `{"number":null,"text":null,"item":null,"items":null}`,
	`{"items":[],"texts":[ ],"item":{"id":"a","unknown":{"deep":[{"a":"]}"}]}},"other":{"id":"b","number":3}}`,
	`{"items" : [ {"id" : "a"} , {"number" : 4 } ] , "map" : {"a":[1,2,{"b":null}]} , "Raw": [1, 2] }`,
	`{"inside":"i","covered":"c","Never":"n","private":"p","RequestID":"r","time":123}`,
	"{\"text\":\"\xff\",\"\xff\":1}", `{"text":"\ud800","item":{"id":"\\\"}"}}`, `{"text":"a","text":"b","item":{"id":"a"},"item":{"number":1}}`,
	`{"kind":"K","` + "ſ" + `":1}`, `{"a":"\\","b":"\\\\\"","text":"t"}`,
	"{\"\u212aind\":4,\"text\u017f\":[\"long s\"],\"\\u212and\":1,\"item\\u017f\":[{\"id\":\"x\"}]}",
	`{"lists":[[{"id":"a"},7],[],null,"x",[{"id":"b","number":2}]],"storages":[null,{"backupStorageID":"s","backupStorageCreateTime":1}],"restore":{"backupRestoreDoneTime":"t"}}`,
	`{"fixed":[1,2,3],"bytes":[1,2],"long":9223372036854775808,"small":300,"kind":"1","any":[1e999,{"a":null}]}`, `{"fixed":[1],"bytes":"YQ==","long":1e2,"small":-7,"kind":2}`,
	`{"three":3,"four":"4","fourMore":"4+","five":"5","fivemore":"5+","restore":[],"storages":[1,[],{"backupStorageCreatTime":"t","backupStorageCreateTime":"u"}]}`, strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100),
}

func requireSame(t *testing.T, data []byte) {
	t.Helper()
	for name, pair := range map[string][2]any{
		"everything": {&everything{inner: &inner{}}, &everything{inner: &inner{}}},
		"snapshots":  {&ListSnapshotsResponse{}, &ListSnapshotsResponse{}},
		"tasks":      {&ListTasksResponse{}, &ListTasksResponse{}},
		"text":       {new(string), new(string)},
		"list":       {new([]item), new([]item)},
	} {
		require.Equal(t, decodeByJSON(data, pair[0]), decode(data, pair[1]), name)
		require.Equal(t, pair[0], pair[1], name)
	}
}

func TestDecodeIsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, data := range decoded {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			requireSame(t, []byte(data))
		})
	}
	_, snapshots, _ := strings.Cut(oneStorage, `"returnObj":`)
	requireSame(t, []byte(strings.TrimSuffix(snapshots, "}")))
}

// Of a member that is given twice the last one counts; encoding/json leaves parts of
// the items of the first list in those of the second.
func TestDecodeLeavesNothingOfAListThatCameBefore(t *testing.T) {
	t.Parallel()
	var e everything
	require.NoError(t, decode([]byte(`{"items":[{"id":"a","number":1},{"id":"b"}],"texts":["a"],"Items":[{"id":"c"},7],"texts":null}`), &e))
	require.Equal(t, []item{{ID: "c"}, {}}, e.Items)
	require.Nil(t, e.Texts)
}

// What is not JSON is not decoded right, but it ends.
func TestDecodeSurvivesWhatIsNotJSON(t *testing.T) {
	t.Parallel()
	for _, data := range decoded {
		for i := range data {
			_ = decode([]byte(data[:i]), &everything{inner: &inner{}})
			_ = decode([]byte(data[i:]), &everything{inner: &inner{}})
		}
	}
	for _, data := range []string{"", " ", "{", "}", "[", "]", `{"`, `{"\`, `{]]]]`, `{"text"`, `{"text":`, `{:,}`, `[}}}`, `{"items":[}`} {
		_ = decode([]byte(data), &everything{inner: &inner{}})
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range decoded {
		f.Add([]byte(data))
	}
	f.Add([]byte(oneStorage))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			_ = decode(data, &everything{inner: &inner{}})
			return
		}
		if repeats(bytes.TrimSpace(data)) {
			return // of two lists, encoding/json leaves parts of the first in the second
		}
		requireSame(t, data)
	})
}

// repeats reports whether a name is given twice in an object.
func repeats(data []byte) bool {
	type open struct {
		names []string
		named bool // the next token is a value
	}
	var within []*open
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		var inner *open
		if len(within) > 0 {
			inner = within[len(within)-1]
		}
		switch token {
		case json.Delim('{'):
			within = append(within, &open{})
		case json.Delim('['):
			within = append(within, nil)
		case json.Delim('}'), json.Delim(']'):
			within = within[:len(within)-1]
			continue
		default:
			if inner != nil && !inner.named {
				name := token.(string)
				if slices.ContainsFunc(inner.names, func(other string) bool { return strings.EqualFold(other, name) }) {
					return true
				}
				inner.names, inner.named = append(inner.names, name), true
				continue
			}
		}
		if inner != nil {
			inner.named = false
		}
	}
}
