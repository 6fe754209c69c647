package wirejson

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What RFC 8259 says is JSON and what is not, one fact a line, with the cases that the
// public test suites of JSON parsers hold. Every fact is tried alone, in a list and in
// an object, in all supplies.

// isJSON are texts that every reader must take.
var isJSON = map[string]string{
	"null":                           `null`,
	"true":                           `true`,
	"false":                          `false`,
	"zero":                           `0`,
	"minus zero":                     `-0`,
	"minus zero with all parts":      `-0.0e-0`,
	"a digit":                        `7`,
	"many digits":                    strings.Repeat("9", 400),
	"a negative number":              `-123`,
	"a fraction":                     `123.456789`,
	"a fraction that begins with 0":  `0.001`,
	"a very small fraction":          `-0.` + strings.Repeat("0", 80) + `1`,
	"an exponent":                    `1e22`,
	"a capital exponent":             `1E22`,
	"an exponent with plus":          `1E+2`,
	"an exponent with minus":         `1e-2`,
	"an exponent that begins with 0": `1e007`,
	"zero with an exponent":          `0e+1`,
	"a fraction with an exponent":    `123.456e78`,
	"an exponent beyond float64":     `1.5e+9999`,
	"an exponent below float64":      `123e-10000000`,
	"an exponent beyond int64":       `0.4e006699999999999999999999999999999999999999`,
	"the empty text":                 `""`,
	"a blank":                        `" "`,
	"a text":                         `"asd"`,
	"every simple escape":            `"\"\\\/\b\f\n\r\t"`,
	"an escape of a letter":          `"\u0061\u30af\u30EA\u30b9"`,
	"escapes in either case":         `"\uaBcD\uABCD"`,
	"an escaped NUL":                 `"\u0000"`,
	"an escaped control character":   `"\u0012\u001f"`,
	"an escaped quote":               `"\u0022"`,
	"an escaped backslash":           `"\u005C"`,
	"a backslash before a u":         `"\\u0000"`,
	"two backslashes, then a letter": `"\\a"`,
	"a surrogate pair":               `"\uD801\udc37"`,
	"two surrogate pairs":            `"\ud83d\ude39\ud83d\udc8d"`,
	"the last pair":                  `"\uDBFF\uDFFF"`,
	"a noncharacter":                 `"\uFFFF\uFDD0\uD83F\uDFFE"`,
	"a noncharacter as it is":        "\"\uffff\U0010ffff\U0001bfff\"",
	"DEL":                            "\"a\x7fa\"",
	"a byte order mark within":       "\"\ufeff\"",
	"line separators":                "\"\u2028\u2029\u0085\"",
	"a no-break space":               "\"\u00a0\u200b\"",
	"two bytes":                      `"é"`,
	"three bytes":                    `"存储库"`,
	"four bytes":                     `"𝄞🗄️"`,
	"slashes and comments":           `"a/*b*/c/*d//e"`,
	"markup":                         `"<script>&"`,
	"a name of JSON":                 `"null"`,
	"brackets":                       `"[{\"a\":1},]"`,
	"the empty list":                 `[]`,
	"the empty list, spaced":         "[ \t\r\n]",
	"a list with null":               `[null]`,
	"a list of many types":           `[null, 1, "1", {}, [], true, -1.5]`,
	"a list with space before":       ` [1]`,
	"a list with space behind":       `[2] `,
	"lists of lists":                 `[[[[[]]],[[]]]]`,
	"500 lists":                      deep(500, "[", "]"),
	"the empty object":               `{}`,
	"an object with spaces":          "{\n\"a\"\t:\r 1\n,\"b\":\t2 }",
	"an empty name":                  `{"":0}`,
	"a name twice":                   `{"a":"b","a":"c"}`,
	"a name and its value twice":     `{"a":"b","a":"b"}`,
	"an escaped name":                `{"foo\u0000bar":42,"\u0061":1}`,
	"a name that is no ASCII":        `{"名称":"值"}`,
	"a long name":                    `{"` + strings.Repeat("x", 5000) + `":0}`,
	"objects of objects":             `{"a":{"b":{"c":{}}}}`,
	"numbers beyond numbers":         `{"min":-1.0e+28,"max":1.0e+28}`,

	// What the RFC leaves to the reader, and this one takes as encoding/json does.
	"half of a surrogate pair":     `"\uDADA"`,
	"the other half":               `"\uDFAA"`,
	"half a pair and a letter":     `"\ud800abc"`,
	"half a pair and an escape":    `"\uD800\n"`,
	"half a pair, twice":           `"\uD800\uD800"`,
	"a pair in the wrong order":    `"\uDd1e\uD834"`,
	"a surrogate as it is":         "\"\xed\xa0\x80\"",
	"a byte that begins nothing":   "\"\xff\"",
	"a byte that continues":        "\"\x81\"",
	"letters of Latin 1":           "\"\xe9\"",
	"a character that is cut":      "\"\xe0\xff\"",
	"too many bytes for a letter":  "\"\xc0\xaf\"",
	"six bytes for a letter":       "\"\xfc\x83\xbf\xbf\xbf\xbf\"",
	"beyond the last character":    "\"\xf4\xbf\xbf\xbf\"",
	"a name that is no UTF-8":      "{\"\xff\":1}",
	"a character in several parts": "\"日\u0308本\"",
}

// isNoJSON are texts that every reader must refuse.
var isNoJSON = map[string]string{
	"nothing":                        ``,
	"a blank":                        ` `,
	"a word":                         `word`,
	"a word cut short":               `tru`,
	"a word that goes on":            `nulls`,
	"words together":                 `truefalse`,
	"a word in capitals":             `True`,
	"a word in full capitals":        `NULL`,
	"undefined":                      `undefined`,
	"not a number":                   `NaN`,
	"infinity":                       `Infinity`,
	"minus infinity":                 `-Infinity`,
	"short infinity":                 `Inf`,
	"minus alone":                    `-`,
	"minus a word":                   `-foo`,
	"minus and a blank":              `- 1`,
	"two minuses":                    `--1`,
	"plus":                           `+1`,
	"plus and minus":                 `++1234`,
	"a leading zero":                 `01`,
	"two zeros":                      `00`,
	"a leading zero, negative":       `-012`,
	"a leading zero, fraction":       `012.5`,
	"a point first":                  `.123`,
	"a point first, negative":        `-.5`,
	"a point last":                   `2.`,
	"a point last, negative":         `-2.`,
	"a point before an exponent":     `2.e3`,
	"two points":                     `1.2.3`,
	"zero and a point":               `0.`,
	"a point and an exponent":        `0.e1`,
	"an exponent of nothing":         `1e`,
	"an exponent of plus":            `1e+`,
	"an exponent of minus":           `0E-`,
	"two exponents":                  `1ee2`,
	"an exponent with a point":       `1e1.5`,
	"an exponent with two signs":     `1e+-2`,
	"an exponent alone":              `e1`,
	"hexadecimal":                    `0x42`,
	"hexadecimal, one digit":         `0x1`,
	"a letter behind a number":       `1a`,
	"a sign behind a number":         `1-`,
	"an underscore":                  `1_000`,
	"a comma of thousands":           `1,000`,
	"a digit of another script":      "１",
	"a number with a blank":          `1 000.0`,
	"an expression":                  `1+2`,
	"a suffix":                       `1L`,
	"single quotes":                  `'single'`,
	"no quotes":                      `abc`,
	"an open text":                   `"abc`,
	"a quote alone":                  `"`,
	"an open escape":                 `"\`,
	"an escaped end":                 `"\"`,
	"a backslash too many":           `"\\\"`,
	"an escape of a digit":           `"\0"`,
	"an escape of a letter":          `"\a"`,
	"an escape of x":                 `"\x00"`,
	"an escape of a blank":           `"\ "`,
	"an escape of a line break":      "\"\\\n\"",
	"an escape of NUL":               "\"\\\x00\"",
	"an escape of a capital":         `"\N"`,
	"a capital U":                    `"\U0041"`,
	"an escape of a character":       `"\é"`,
	"an escape that is no hex":       `"\u00g0"`,
	"an escape of three digits":      `"\u12"`,
	"an escape of one digit":         `"\u1"`,
	"an escape of no digit":          `"\u"`,
	"an escape with a brace":         `"\u{1f600}"`,
	"an escape with a sign":          `"\u+123"`,
	"half a second escape":           `"\uD834\uDd"`,
	"a second escape of nothing":     `"\uD834\u"`,
	"a second escape, open":          `"\uD800\`,
	"a line break":                   "\"new\nline\"",
	"a carriage return":              "\"a\rb\"",
	"a tab":                          "\"\t\"",
	"a NUL":                          "\"a\x00a\"",
	"the last control character":     "\"\x1f\"",
	"a text behind a text":           `"a""b"`,
	"something behind a text":        `"a"x`,
	"a list that is open":            `[`,
	"a list that is closed twice":    `[1]]`,
	"a list closed as an object":     `[1}`,
	"a list that is not opened":      `]`,
	"a list without a value":         `[1,,2]`,
	"a list of a comma":              `[,]`,
	"a comma first":                  `[,1]`,
	"a comma last":                   `[1,]`,
	"two commas last":                `[1,,]`,
	"no comma":                       `[1 2]`,
	"no comma between lists":         `[3[4]]`,
	"a colon in a list":              `["a":1]`,
	"a semicolon":                    `[1;2]`,
	"a list cut behind a value":      `[1`,
	"a list cut behind a comma":      `[1,`,
	"a list cut behind a text":       `["a"`,
	"a list of a star":               `[*]`,
	"dots":                           `[...]`,
	"an open list in a list":         `[[1]`,
	"an open object in a list":       `[{}`,
	"a form feed":                    "[\f]",
	"a vertical tab":                 "[\v]",
	"a no-break space":               "[\u00a0]",
	"a word joiner":                  "[\u2060]",
	"an ideographic space":           "[\u3000]",
	"an object that is open":         `{`,
	"an object closed as a list":     `{]`,
	"an object closed twice":         `{}}`,
	"an object that is not opened":   `}`,
	"an object of a comma":           `{,}`,
	"an object of a comma first":     `{,"a":1}`,
	"an object of a comma last":      `{"a":1,}`,
	"an object of two commas":        `{"a":1,,"b":2}`,
	"an object without a colon":      `{"a" "b"}`,
	"an object of two colons":        `{"a"::1}`,
	"an object of a name":            `{"a"}`,
	"an object of a name and colon":  `{"a":`,
	"an object without a value":      `{"a":}`,
	"an object without a name":       `{:1}`,
	"an object of a value":           `{1}`,
	"a name that is a number":        `{1:1}`,
	"a name that is a word":          `{a:1}`,
	"a name that is null":            `{null:null}`,
	"a name that is a list":          `{[]:1}`,
	"a name in single quotes":        `{'a':1}`,
	"a name that is open":            `{"a`,
	"a comma for a colon":            `{"a",1}`,
	"an equals sign":                 `{"a"=1}`,
	"an object that goes on":         `{"a":1"b":2}`,
	"an object cut":                  `{"a":1`,
	"an object cut behind a comma":   `{"a":1,`,
	"a value for two names":          `{"a":"b":"c"}`,
	"something behind an object":     `{"a":true}"x"`,
	"something behind, spaced":       `{} x`,
	"a comma behind":                 `{"a":1},`,
	"a second object":                `{}{}`,
	"a comment":                      `{"a":/* */1}`,
	"a comment behind":               `{"a":1}/**/`,
	"a line comment":                 `{"a":1}//`,
	"a hash comment":                 `{"a":1}#`,
	"a call":                         `alert()`,
	"a page":                         `<html></html>`,
	"a dot":                          `<.>`,
	"a byte order mark":              "\ufeff",
	"a byte order mark before":       "\ufeff{}",
	"half a byte order mark":         "\xef\xbb{}",
	"UTF-16":                         "\xff\xfe[\x00]\x00",
	"UTF-16, big endian":             "\x00[\x00]",
	"a NUL alone":                    "\x00",
	"a NUL behind":                   "1\x00",
	"a NUL before":                   "\x001",
	"a letter of Latin 1":            "\xe9",
	"a letter":                       "å",
	"a number and Latin 1":           "1\xe5",
	"a word and Latin 1":             "nul\xe5",
	"a backslash":                    `\u000A`,
	"an escape outside of a text":    `["a",` + "\n" + `\n]`,
	"thousands of open lists":        strings.Repeat("[", 20_000),
	"thousands of open objects":      strings.Repeat(`{"":`, 20_000),
	"thousands open, in turns":       strings.Repeat(`[{"":`, 10_000),
	"lists that are closed too much": deep(20, "[", "]") + "]",
}

func TestFacts(t *testing.T) {
	t.Parallel()
	for text, fact := range map[bool]map[string]string{true: isJSON, false: isNoJSON} {
		for name, fact := range fact {
			t.Run(fmt.Sprint(text, " ", name), func(t *testing.T) {
				t.Parallel()
				require.Equal(t, text, json.Valid([]byte(fact)))
				requireSame(t, []byte(fact))
				for _, within := range []string{"[%s]", ` [ 1 , %s ] `, `{"a":%s}`, `{"text":%s,"number":7}`, `{"any":[%s,{}]}`} {
					requireSame(t, []byte(strings.Replace(within, "%s", fact, 1)))
				}
			})
		}
	}
}

// TestTextsThatTheRFCLeavesOpen says what becomes of what is no Unicode.
func TestTextsThatTheRFCLeavesOpen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"\uDADA"`: "\ufffd", `"\ud800abc"`: "\ufffdabc", `"\uD800\n"`: "\ufffd\n", `"\uD800\uD800"`: "\ufffd\ufffd", `"\uDd1e\uD834"`: "\ufffd\ufffd",
		`"\uD800\uD801\udc37"`: "\ufffd𐐷", "\"\xff\xe5\xad\"": "\ufffd\ufffd\ufffd", "\"\xed\xa0\x80\"": "\ufffd\ufffd\ufffd", "\"a\xe9b\"": "a\ufffdb",
		`"\u0000"`: "\x00", `"\uFFFF"`: "\uffff", "\"库\xff\\u5e93\"": "库\ufffd库",
	} {
		var got string
		require.NoError(t, Unmarshal([]byte(text), &got))
		require.Equal(t, want, got, text)
	}
}

// TestNumbersThatDoNotFit are lost, and nothing else.
func TestNumbersThatDoNotFit(t *testing.T) {
	t.Parallel()
	type numbers struct {
		I   int
		I8  int8
		I64 int64
		U   uint
		F   float64
		F32 float32
		S   string
	}
	for text, want := range map[string]numbers{
		`{"i":9223372036854775807,"s":"x"}`:         {I: math.MaxInt64, S: "x"},
		`{"i":9223372036854775808,"s":"x"}`:         {S: "x"},
		`{"i64":-9223372036854775808,"s":"x"}`:      {I64: math.MinInt64, S: "x"},
		`{"i64":-9223372036854775809,"s":"x"}`:      {S: "x"},
		`{"i8":127,"s":"x"}`:                        {I8: 127, S: "x"},
		`{"i8":128,"s":"x"}`:                        {S: "x"},
		`{"i":1.0,"s":"x"}`:                         {S: "x"},
		`{"i":1e2,"s":"x"}`:                         {S: "x"},
		`{"i":"1","s":"x"}`:                         {S: "x"},
		`{"i":-0,"s":"x"}`:                          {S: "x"},
		`{"u":-1,"s":"x"}`:                          {S: "x"},
		`{"f":1e999,"s":"x"}`:                       {S: "x"},
		`{"f":1e-999,"s":"x"}`:                      {S: "x"},
		`{"f32":1e39,"s":"x"}`:                      {S: "x"},
		`{"f":0.1,"f32":0.5,"u":7,"i8":-1,"s":"x"}`: {F: 0.1, F32: 0.5, U: 7, I8: -1, S: "x"},
	} {
		var got numbers
		require.NoError(t, Unmarshal([]byte(text), &got))
		require.Equal(t, want, got, text)
	}
}
