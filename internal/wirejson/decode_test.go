package wirejson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Of a member that is given twice the last one counts; encoding/json leaves parts of
// the items of the first list in those of the second.
func TestDecodeLeavesNothingOfAListThatCameBefore(t *testing.T) {
	t.Parallel()
	var e everything
	require.NoError(t, Unmarshal([]byte(`{"items":[{"id":"a","number":1},{"id":"b"}],"texts":["a"],"Items":[{"id":"c"},7],"texts":null}`), &e))
	require.Equal(t, []item{{ID: "c"}, {}}, e.Items)
	require.Nil(t, e.Texts)
	require.NoError(t, Unmarshal([]byte(`{"items":[]}`), &e))
	require.Equal(t, []item{}, e.Items)
}

// twoNames has a field of every kind with a second name.
type twoNames struct {
	Text  string          `json:"text" or:"txet"`
	Kept  kept            `json:"kept" or:"keptTo"`
	List  []string        `json:"list" or:"lsit"`
	Count int             `json:"count" or:"cuont"`
	Maybe *int            `json:"maybe" or:"perhaps"`
	Item  item            `json:"item" or:"itme"`
	Raw   json.RawMessage `json:"raw" or:"war"`
	Other string          `json:"other"`
}

func TestSecondNames(t *testing.T) {
	t.Parallel()
	one, none := 1, 0
	for name, c := range map[string]struct {
		first, second string // members; each comes before the other in turn
		want          twoNames
	}{
		"the first alone":            {`"text":"a"`, ``, twoNames{Text: "a"}},
		"the second alone":           {``, `"txet":"b"`, twoNames{Text: "b"}},
		"both":                       {`"text":"a"`, `"txet":"b"`, twoNames{Text: "a"}},
		"the first is empty":         {`"text":""`, `"txet":"b"`, twoNames{Text: "b"}},
		"the first is null":          {`"text":null`, `"txet":"b"`, twoNames{Text: "b"}},
		"the first is no text":       {`"text":7`, `"txet":"b"`, twoNames{Text: "b"}},
		"the first is blank":         {`"text":" "`, `"txet":"b"`, twoNames{Text: "b"}},
		"blank and empty":            {`"text":" "`, `"txet":""`, twoNames{Text: " "}},
		"empty and blank":            {`"text":""`, `"txet":" "`, twoNames{Text: " "}},
		"the second is empty":        {`"text":"a"`, `"txet":""`, twoNames{Text: "a"}},
		"the second is null":         {`"text":"a"`, `"txet":null`, twoNames{Text: "a"}},
		"other case":                 {`"TEXT":"a"`, `"Txet":"b"`, twoNames{Text: "a"}},
		"the second in other case":   {`"TEXT":""`, `"TXET":"b"`, twoNames{Text: "b"}},
		"a value of a kind":          {`"kept":null`, `"keptTo":5`, twoNames{Kept: "5"}},
		"a value of a kind, both":    {`"kept":4`, `"keptTo":5`, twoNames{Kept: "4"}},
		"lists":                      {`"list":["a"]`, `"lsit":["b","c"]`, twoNames{List: []string{"a"}}},
		"an empty list and one":      {`"list":[]`, `"lsit":["b"]`, twoNames{List: []string{"b"}}},
		"a list and an empty one":    {`"list":["a"]`, `"lsit":[]`, twoNames{List: []string{"a"}}},
		"an empty list and null":     {`"list":[]`, `"lsit":null`, twoNames{List: []string{}}},
		"null and an empty list":     {`"list":null`, `"lsit":[]`, twoNames{List: []string{}}},
		"null and null":              {`"list":null`, `"lsit":null`, twoNames{}},
		"no list and a list":         {`"list":"a"`, `"lsit":["b"]`, twoNames{List: []string{"b"}}},
		"numbers":                    {`"count":1`, `"cuont":2`, twoNames{Count: 1}},
		"zero and a number":          {`"count":0`, `"cuont":2`, twoNames{Count: 2}},
		"pointers":                   {`"maybe":1`, `"perhaps":2`, twoNames{Maybe: &one}},
		"a pointer to zero says it":  {`"maybe":0`, `"perhaps":2`, twoNames{Maybe: &none}},
		"no pointer":                 {`"maybe":null`, `"perhaps":1`, twoNames{Maybe: &one}},
		"objects do not mix":         {`"item":{"id":"a"}`, `"itme":{"number":2}`, twoNames{Item: item{ID: "a"}}},
		"an empty object":            {`"item":{}`, `"itme":{"number":2}`, twoNames{Item: item{Number: 2}}},
		"what has a method":          {`"raw":{"a":1}`, `"war":2`, twoNames{Raw: json.RawMessage(`{"a":1}`)}},
		"what has a method, null":    {``, `"war":null`, twoNames{Raw: json.RawMessage(`null`)}},
		"twice under the first":      {`"text":"a","text":"c"`, `"txet":"b"`, twoNames{Text: "c"}},
		"twice, the last is empty":   {`"text":"a","text":""`, `"txet":"b"`, twoNames{Text: "a"}},
		"twice under the second":     {``, `"txet":"b","txet":"c"`, twoNames{Text: "c"}},
		"nothing under either":       {`"other":"o"`, ``, twoNames{Other: "o"}},
		"several fields at one time": {`"text":"a","list":["x"]`, `"lsit":["y"],"txet":"b","cuont":3`, twoNames{Text: "a", List: []string{"x"}, Count: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, members := range [][]string{{c.first, c.second}, {c.second, c.first}} {
				text := "{" + strings.Trim(strings.Join(members, ","), ",") + "}"
				for supply, open := range supplies {
					s := open([]byte(text))
					var got twoNames
					require.NoError(t, s.Decode(&got), supply)
					require.NoError(t, s.End(), supply)
					require.Equal(t, c.want, got, "%s: %s", supply, text)
					s.Free()
				}
			}
		})
	}
}

// selfSpelled gives its tags to encoding/json by a method of its own.
type selfSpelled struct {
	ID      string `json:"id" or:"identifier"`
	Order   string `json:"order" wire:"lenient"`
	Enabled *bool  `json:"enabled" wire:"lenient"`
}

func (s *selfSpelled) UnmarshalJSON(data []byte) error { return Unmarshal(data, s) }

func TestOwnTagsGoBeforeAMethod(t *testing.T) {
	t.Parallel()
	const text = `[{"identifier":"a","order":7,"enabled":1}]`
	yes := true
	for how, unmarshal := range map[string]func([]byte, any) error{"wirejson": Unmarshal, "encoding/json": json.Unmarshal} {
		var got []selfSpelled
		require.NoError(t, unmarshal([]byte(text), &got), how)
		require.Equal(t, []selfSpelled{{ID: "a", Order: "7", Enabled: &yes}}, got, how)
	}
}

func TestLenientMembers(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for text, want := range map[string]selfSpelled{
		`{"order":"7"}`:                     {Order: "7"},
		`{"order":7}`:                       {Order: "7"},
		`{"order":12345678901234567890123}`: {Order: "12345678901234567890123"},
		`{"order":1.50}`:                    {Order: "1.50"},
		`{"order":0}`:                       {Order: "0"},
		`{"order":-7}`:                      {},
		`{"order":true}`:                    {},
		`{"order":null}`:                    {},
		`{"order":["7"]}`:                   {},
		`{"order":{"id":"7"}}`:              {},
		`{"id":7}`:                          {},
		`{"enabled":true}`:                  {Enabled: &yes},
		`{"enabled":false}`:                 {Enabled: &no},
		`{"enabled":0}`:                     {Enabled: &no},
		`{"enabled":1}`:                     {Enabled: &yes},
		`{"enabled":2.5}`:                   {Enabled: &yes},
		`{"enabled":"true"}`:                {Enabled: &yes},
		`{"enabled":"0"}`:                   {Enabled: &no},
		`{"enabled":"F"}`:                   {Enabled: &no},
		`{"enabled":""}`:                    {},
		`{"enabled":"maybe"}`:               {},
		`{"enabled":"NaN"}`:                 {},
		`{"enabled":null}`:                  {},
		`{"enabled":[true]}`:                {},
		`{"enabled":{}}`:                    {},
	} {
		var got selfSpelled
		require.NoError(t, Unmarshal([]byte(text), &got))
		require.Equal(t, want, got, text)
	}
}

// reading is a value that reads itself.
type reading struct{ read func(s *Scanner) }

func (r *reading) ReadJSON(s *Scanner) { r.read(s) }

// TestReaders reads an envelope in the three ways of the SDK.
func TestReaders(t *testing.T) {
	t.Parallel()
	const text = `{"message":"ok","returnObj":{"total":3,"list":[{"id":"a"},{"id":"b"},null],"more":[1]},"statusCode":800}`
	for supply, open := range supplies {
		for way, c := range map[string]struct {
			read func(s *Scanner, got *[]string)
			want []string
		}{
			"in place": {func(s *Scanner, got *[]string) {
				var result struct{ List []item }
				require.NoError(t, s.Decode(&result))
				for _, one := range result.List {
					*got = append(*got, one.ID)
				}
			}, []string{"a", "b", ""}},
			"item by item": {func(s *Scanner, got *[]string) {
				for name := range s.Members() {
					if string(name) != "list" {
						s.Skip()
						continue
					}
					for range s.Elements() {
						var one item
						require.NoError(t, s.Decode(&one))
						*got = append(*got, one.ID)
					}
				}
			}, []string{"a", "b", ""}},
			"raw": {func(s *Scanner, got *[]string) {
				*got = append(*got, string(s.Raw()))
			}, []string{`{"total":3,"list":[{"id":"a"},{"id":"b"},null],"more":[1]}`}},
		} {
			var got []string
			envelope := struct {
				Message    string
				ReturnObj  reading
				StatusCode int
			}{ReturnObj: reading{func(s *Scanner) { c.read(s, &got) }}}
			s := open([]byte(text))
			require.NoError(t, s.Decode(&envelope), supply)
			require.NoError(t, s.End(), supply)
			require.Equal(t, c.want, got, "%s, %s", supply, way)
			require.Equal(t, "ok", envelope.Message)
			require.Equal(t, 800, envelope.StatusCode)
			s.Free()
		}
	}
}

// refusing has a method that fails.
type refusing struct{ err error }

func (r *refusing) UnmarshalJSON(data []byte) error {
	if string(data) == "1" {
		r.err = errors.New("is one")
	}
	if string(data) == "2" {
		return &json.UnmarshalTypeError{Value: "number"}
	}
	return r.err
}

// TestErrorsOfMethods shows that an error of a value does not end the text, that the
// first is returned, and that a syntax error goes before it.
func TestErrorsOfMethods(t *testing.T) {
	t.Parallel()
	type values struct {
		A refusing `json:"a"`
		B string   `json:"b"`
		C refusing `json:"c"`
	}
	var got values
	require.EqualError(t, Unmarshal([]byte(`{"a":1,"b":"x","c":0}`), &got), "is one")
	require.Equal(t, "x", got.B)
	got = values{}
	require.NoError(t, Unmarshal([]byte(`{"a":2,"b":"y"}`), &got))
	require.Equal(t, "y", got.B)
	require.ErrorIs(t, Unmarshal([]byte(`{"a":1,"b":"x"`), &got), io.ErrUnexpectedEOF)
	require.ErrorAs(t, Unmarshal([]byte(`{"a":1} 2`), &got), new(*SyntaxError))

	s := newBytesScanner([]byte(`[1,0,{"b":1}]`))
	defer s.Free()
	var errs []error
	for range s.Elements() {
		var one refusing
		errs = append(errs, s.Decode(&one))
	}
	require.NoError(t, s.End())
	require.EqualError(t, errs[0], "is one")
	require.Equal(t, []error{nil, nil}, errs[1:], "of one value, not of the next")
}

// TestStructsLeftToEncodingJSON have what plans do not know.
func TestStructsLeftToEncodingJSON(t *testing.T) {
	t.Parallel()
	type inner struct{ ID string }
	type innerToo struct{ ID, X string }
	for name, target := range map[string]func() any{
		"embedded pointer": func() any {
			return &struct {
				*inner
				Name string
			}{inner: &inner{}}
		},
		"number as text": func() any {
			return &struct {
				ID   int `json:",string"`
				Name string
			}{}
		},
		"ambiguous": func() any {
			return &struct {
				inner
				innerToo
				Name string
			}{}
		},
		"tagged beside named": func() any {
			return &struct {
				ID   string
				Name string `json:"ID"`
			}{}
		},
		"interface":       func() any { return new(any) },
		"map":             func() any { return &map[string]item{} },
		"array":           func() any { return &[1]item{} },
		"text of methods": func() any { return new(spelled) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{`{"id":"7","name":"n","x":"y","a":{"id":"8"}}`, `[{"id":"7"}]`, `"t"`, `null`} {
				want, got := target(), target()
				require.NoError(t, unmarshalLeniently([]byte(text), want))
				require.NoError(t, Unmarshal([]byte(text), got))
				require.Equal(t, want, got, text)
			}
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestKeptTextKeepsLittle shows that who keeps one text of an answer does not keep the
// answer. It counts memory, and so runs alone.
func TestKeptTextKeepsLittle(t *testing.T) {
	const size = 16 << 20
	one := func() string {
		var list struct{ Names []string }
		require.NoError(t, Unmarshal([]byte(`{"names":["`+strings.Repeat(`name of a host","another host","`, size/32)+`"]}`), &list))
		return list.Names[1000]
	}
	before := heap()
	kept := one()
	require.Less(t, heap(), before+size/4)
	require.Equal(t, "name of a host", kept)
}

// TestTextsShareBlocks looks at where texts are.
func TestTextsShareBlocks(t *testing.T) {
	t.Parallel()
	var list []string
	texts := make([]string, 200)
	for i := range texts {
		texts[i] = fmt.Sprintf(`"host number %d"`, i)
	}
	require.NoError(t, Unmarshal([]byte("["+strings.Join(texts, ",")+"]"), &list))
	blocks := 1
	for i := 1; i < len(list); i++ {
		if unsafe.StringData(list[i]) != (*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(list[i-1])), len(list[i-1]))) {
			blocks++
		}
	}
	require.LessOrEqual(t, blocks, 5)
	require.GreaterOrEqual(t, blocks, 3, "no block is larger than a KiB")
	long := strings.Repeat("x", blockSize/4+1)
	require.NoError(t, Unmarshal([]byte(`["a","`+long+`","b"]`), &list))
	require.Equal(t, []string{"a", long, "b"}, list)
	require.Equal(t, unsafe.Add(unsafe.Pointer(unsafe.StringData(list[0])), 1), unsafe.Pointer(unsafe.StringData(list[2])), "a long text has memory of its own")
}

// TestEqualTextsOfAFieldAreOne shows that what hundreds of items have in common is
// kept once.
func TestEqualTextsOfAFieldAreOne(t *testing.T) {
	t.Parallel()
	var list []item
	require.NoError(t, Unmarshal([]byte(`[{"id":"same\n"},{"id":"same\u000a"},{"id":"other"},{"id":"same\n"}]`), &list))
	require.Equal(t, unsafe.StringData(list[0].ID), unsafe.StringData(list[1].ID))
	require.Equal(t, []string{"same\n", "same\n", "other", "same\n"}, []string{list[0].ID, list[1].ID, list[2].ID, list[3].ID})
}

// TestListsTakeTheRoomTheyNeed reads lists of known and unknown length, and of lengths
// that are not true.
func TestListsTakeTheRoomTheyNeed(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 7, 8, 9, 31, 32, 33, 1000, 20_000} {
		text := []byte("[" + strings.Repeat(`{"id":"x"},`, n))
		text = append(bytes.TrimSuffix(text, []byte(",")), ']')
		for name, length := range map[string]int64{"known": int64(len(text)), "unknown": 0, "negative": -1, "too short": int64(len(text) / 3), "far too long": 1 << 60, "longest": math.MaxInt64} {
			s := NewScanner(onlyReader{bytes.NewReader(text)}, math.MaxInt64)
			s.Expect(length)
			var list []item
			require.NoError(t, s.Decode(&list))
			require.NoError(t, s.End())
			s.Free()
			require.NotNil(t, list)
			require.Len(t, list, n, name)
			require.False(t, slices.ContainsFunc(list, func(one item) bool { return one != item{ID: "x"} }))
			most := n + n/16 + 8
			switch name {
			case "too short":
				most = 2*n + 8
			case "far too long", "longest":
				most = 20*n + 8
			}
			require.LessOrEqual(t, cap(list), most, "%d, %s", n, name)
		}
	}
}

func TestTextOfRawValues(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`"text"`: "text", `""`: "", `"a\u0062\n"`: "ab\n", "\"\xff\"": "\ufffd", `"\ud83d\ude00"`: "😀", `null`: "", `1.50`: "1.50", `true`: "true",
		`{"a": 1}`: `{"a": 1}`, `["x"]`: `["x"]`, ``: "", `"`: `"`, `"a`: `"a`, `"a"b`: `"a"b`, `"\x"`: `"\x"`, `nul`: `nul`, "\"\n\"": "\"\n\"", `"null"`: "null",
	} {
		require.Equal(t, want, Text([]byte(raw)), raw)
	}
}

func FuzzText(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := Text(raw)
		var text string
		bare := string(bytes.Trim(raw, " \t\r\n"))
		switch {
		case bare == "null":
			require.Empty(t, got)
		case strings.HasPrefix(bare, `"`) && json.Unmarshal(raw, &text) == nil:
			require.Equal(t, text, got)
		case json.Valid(raw):
			require.Equal(t, bare, got)
		default:
			require.Equal(t, string(raw), got)
		}
	})
}

// TestTextOfScanners reads the same in every supply.
func TestTextOfScanners(t *testing.T) {
	t.Parallel()
	for _, open := range supplies {
		s := open([]byte(`["a\u0062",null,1.50,true,{"a":[ ]},""]`))
		var got []string
		for range s.Elements() {
			got = append(got, s.Text())
		}
		require.NoError(t, s.End())
		require.Equal(t, []string{"ab", "", "1.50", "true", `{"a":[ ]}`, ""}, got)
		s.Free()
	}
}

// TestAllocations counts what reading takes besides the values. It runs alone.
func TestAllocations(t *testing.T) {
	data := answerOf(1, false)
	atMost := func(most float64, read func(s *Scanner)) {
		if underRace() {
			most += 10 // it empties pools at random
		}
		r := bytes.NewReader(nil)
		a := &answer{}
		a.ReturnObj.read = read
		require.LessOrEqual(t, testing.AllocsPerRun(1000, func() {
			r.Reset(data)
			s := NewScanner(r, math.MaxInt64)
			_ = s.Decode(a)
			if s.End() != nil {
				t.Fatal(s.Err())
			}
			s.Free()
		}), most)
	}
	result := &snapshots{}
	atMost(2, func(s *Scanner) { _ = s.Decode(result) }) // the list, and now and then a block of texts
	atMost(0, func(s *Scanner) { s.Raw() })
	atMost(0, func(s *Scanner) { s.Skip() })
}

// underRace reports whether the race detector is on, which takes allocations of its own.
func underRace() bool {
	build, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
