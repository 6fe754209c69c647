package wirejson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// everything has a field of every kind that answers have, and some that they do not.
type everything struct {
	embedded
	Text    string  `json:"text"`
	Number  int     `json:"number"`
	Yes     bool    `json:"yes"`
	Maybe   *int    `json:"maybe"`
	Perhaps *bool   `json:"perhaps"`
	Ratio   float64 `json:"ratio"`
	Texts   []string
	Items   []item         `json:"items,omitempty"`
	Item    item           `json:"item"`
	Other   *item          `json:"other"`
	Map     map[string]any `json:"map"`
	Raw     json.RawMessage
	Kept    kept       `json:"kept"`
	Read    asked      `json:"read"`
	Never   string     `json:"-"`
	Covered string     `json:"covered"`
	Twice   **string   `json:"twice"`
	Lists   [][]item   `json:"lists"`
	Kepts   []*kept    `json:"kepts"`
	Methods []asked    `json:"methods"`
	Self    *recursive `json:"self"`
	Fixed   [2]int
	Long    int64 `json:"long"`
	Small   int8
	Size    uint16
	Bytes   []byte `json:"bytes"`
	Kind    number
	Any     any     `json:"any"`
	Spelt   spelled `json:"spelt"`
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

type embedded struct {
	Inside string `json:"inside"`
	Hidden string `json:"covered"`
}

type item struct {
	ID     string `json:"id"`
	Number int    `json:"number"`
}

type number int

type recursive struct {
	ID       string      `json:"id"`
	Children []recursive `json:"children"`
	Next     *recursive  `json:"next"`
}

// kept is a text that keeps whatever was written.
type kept string

func (k *kept) UnmarshalJSON(data []byte) error {
	*k = kept(Text(data))
	return nil
}

// asked has a method that is given every value.
type asked struct{ given string }

func (a *asked) UnmarshalJSON(data []byte) error {
	a.given = string(data)
	return nil
}

// spelled is read from text by encoding/json alone.
type spelled struct{ text string }

func (s *spelled) UnmarshalText(text []byte) error {
	s.text = string(text)
	return nil
}

// unmarshalLeniently is what Unmarshal must not differ from.
func unmarshalLeniently(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

// supplies are the ways in which a text reaches a scanner.
var supplies = map[string]func(data []byte) *Scanner{
	"memory": newBytesScanner,
	"whole":  func(data []byte) *Scanner { return NewScanner(bytes.NewReader(data), math.MaxInt64) },
	"bytes": func(data []byte) *Scanner {
		return NewScanner(iotest.OneByteReader(bytes.NewReader(data)), math.MaxInt64)
	},
	"halves": func(data []byte) *Scanner {
		return NewScanner(iotest.HalfReader(iotest.DataErrReader(bytes.NewReader(data))), math.MaxInt64)
	},
	"tiny window": func(data []byte) *Scanner { return tinyScanner(bytes.NewReader(data), 1) },
	"small window": func(data []byte) *Scanner {
		s := tinyScanner(iotest.DataErrReader(bytes.NewReader(data)), 13)
		s.Expect(int64(len(data)))
		return s
	},
}

// tinyScanner has a window of a few bytes, which it must move and enlarge.
func tinyScanner(r io.Reader, size int) *Scanner {
	s := &Scanner{seen: make(map[*plan]*memory), buffer: make([]byte, size)}
	s.reset(r, s.buffer[:0], math.MaxInt64)
	return s
}

// targets are what texts are read into.
var targets = map[string]func() any{
	"everything": func() any { return new(everything) },
	"items":      func() any { return new([]item) },
	"text":       func() any { return new(string) },
	"kept":       func() any { return new(kept) },
	"list":       func() any { return new([][]string) },
	"recursive":  func() any { return new(recursive) },
	"any":        func() any { return new(any) },
}

// requireSame holds the scanner to encoding/json for one text in every supply.
func requireSame(t *testing.T, data []byte) {
	t.Helper()
	valid := json.Valid(data)
	var want error
	if !valid {
		want = verdict(data)
	}
	decoded := valid && !repeats(data) // of two lists, encoding/json leaves parts of the first in the second
	for supply, open := range supplies {
		s := open(data)
		s.Skip()
		requireVerdict(t, data, want, s.End(), supply)
		s.Free()

		s = open(data)
		raw := bytes.Clone(s.Raw())
		if s.End() == nil {
			require.Equal(t, string(bytes.Trim(data, " \t\r\n")), string(raw), supply)
		}
		s.Free()

		for name, target := range targets {
			if !valid && name != "everything" {
				continue // no values are compared
			}
			got, expected := target(), target()
			s = open(data)
			flaw := s.Decode(got)
			requireVerdict(t, data, want, s.End(), supply+", "+name)
			s.Free()
			if decoded {
				if err := unmarshalLeniently(data, expected); flaw != nil || err != nil {
					require.ErrorAs(t, flaw, new(base64.CorruptInputError)) // which a mismatch before it hides in encoding/json
				}
				require.Equal(t, expected, got, "%s, %s", supply, name)
			}
		}
	}
}

// verdict is what is wrong with a text that is not JSON. What encoding/json finds wrong
// with a byte that is part of no JSON tells whether the text is cut short.
func verdict(data []byte) error {
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(append(bytes.Clone(data), 1), new(any)), &syntax) && syntax.Offset <= int64(len(data)) {
		return &SyntaxError{Offset: syntax.Offset - 1}
	}
	return io.ErrUnexpectedEOF
}

func requireVerdict(t *testing.T, data []byte, want, got error, how string) {
	t.Helper()
	var syntax, found *SyntaxError
	if errors.As(want, &syntax) {
		require.ErrorAs(t, got, &found, "%s: %q", how, data)
		require.Equal(t, syntax.Offset, found.Offset, "%s: %q: %v", how, data, got)
		return
	}
	require.Equal(t, want, got, "%s: %q", how, data)
}

var texts = []string{
	`{}`, ` { } `, `null`, `[]`, `"text"`, `1`, `{"text":"a","number":1,"yes":true,"maybe":0,"ratio":1.5}`, `[{"id":"a"},{"number":7},null]`,
	`{"TEXT":"folded","Number":2,"texts":["a","\u0062","c\"d"],"Texts":null}`, `{"te\u0078t":"escaped name"}`, `[["a","b"],[],["c",1,null]]`,
	`{"text":1,"number":"1","yes":"true","maybe":[],"ratio":{},"texts":{"a":1},"items":[1,{"id":"x"},null,"s"]}`,
	`{"number":1.0}`, `{"number":1e3}`, `{"number":-0}`, `{"number":99999999999999999999}`, `{"number":null,"text":null,"item":null,"items":null,"maybe":null,"other":null}`,
	`{"items":[],"texts":[ ],"item":{"id":"a","unknown":{"deep":[{"a":"]}"}]}},"other":{"id":"b","number":3},"perhaps":false,"twice":"t"}`,
	`{"items" : [ {"id" : "a"} , {"number" : 4 } ] , "map" : {"a":[1,2,{"b":null}]} , "Raw": [1, 2] }`,
	`{"inside":"i","covered":"c","Never":"n","private":"p","kept":123,"read":null,"kepts":[null,1,"x",{"a":1}],"methods":["a",2,null]}`,
	"{\"text\":\"\xff\",\"\xff\":1}", `{"text":"\ud800","item":{"id":"\\\"}"}}`, `{"kind":"K","` + "ſ" + `":1}`, `{"a":"\\","b":"\\\\\"","text":"t"}`,
	"{\"\u212aind\":4,\"text\u017f\":[\"long s\"],\"\\u212and\":1,\"item\\u017f\":[{\"id\":\"x\"}]}",
	`{"lists":[[{"id":"a"},7],[],null,"x",[{"id":"b","number":2}]],"self":{"id":"a","children":[{"id":"b","next":{"id":"c","next":null}},{}]}}`,
	`{"fixed":[1,2,3],"bytes":[1,2],"long":9223372036854775808,"small":300,"size":-1,"kind":"1","any":[1e999,{"a":null}]}`,
	`{"fixed":[1],"bytes":"YQ==","long":1e2,"small":-7,"size":65535,"kind":2,"spelt":"text"}`, `{"long":-9223372036854775808,"small":-129,"spelt":1,"bytes":"*"}`,
	`{"three":3,"four":"4","fourMore":"4+","five":"5","fivemore":"5+","self":[],"other":1}`, strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100),
	`{"text":"存储库 available 可用","item":{"id":"\u5b58\u50a8\u5e93\ud83d\ude00"},"texts":["` + strings.Repeat("长", 500) + `","` + strings.Repeat(`\u957f`, 500) + `"]}`,
	`{"text":"\b\f\n\r\t\/\\\"\u0000\ud800\ud800\udc00\udc00\ud800x\ud800\n"}`, "{\"text\":\"a\x80\xe5\xad\\n\xe5\xad\x98\xf0\x9f\"}", ``, ` `, `nul`, `[1,]`, `{"a":}`, `"\u12`, `-`, `1.`, `1e`, `01`, `[1}`, `"` + "\x01" + `"`, `{"a" 1}`, `{1:2}`, `[] []`, "\ufeff{}",
	`{"text":` + strings.Repeat(" \n", 100) + `"` + strings.Repeat("x", 3000) + `"}`,
}

func TestScannerIsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		t.Run(text[:min(len(text), 60)], func(t *testing.T) {
			t.Parallel()
			requireSame(t, []byte(text))
		})
	}
}

// TestScannerIsAsEncodingJSONOfEveryCut cuts texts after every byte.
func TestScannerIsAsEncodingJSONOfEveryCut(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		for i := range min(len(text), 300) {
			requireSame(t, []byte(text[:i]))
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(requireSame)
}

// repeats reports whether a name is given twice in an object.
func repeats(data []byte) bool {
	type open struct {
		names []string
		named bool // the next token is a value
	}
	var within []*open
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		decoder.UseNumber()
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
