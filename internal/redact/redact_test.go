package redact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/internal/conformance/echo"
)

// Secrets like those of a request: a key with every byte that some encoding escapes, and a signature.
const (
	key       = `s3cr3t/Key+of=the&fault<suite>"7\x`
	signature = "h+H8K5CbPz1DjnbVWA+FEPGbbcEJOzVsi2GQv4LroyM="
)

// encodings are the ways in which a page or an error may repeat a secret as a whole.
var encodings = func() map[string]func(string) string {
	whole := maps.Clone(echo.Encodings)
	maps.DeleteFunc(whole, func(name string, _ func(string) string) bool { return strings.HasPrefix(name, "cut") })
	return whole
}()

// cuts are the ways in which a secret may be repeated in part.
var cuts = map[string]func(string) string{
	"cut at the end":   func(s string) string { return s[:len(s)-5] },
	"cut at the start": func(s string) string { return s[5:] },
	"its first piece":  func(s string) string { return s[:pieceSize] },
	"its last piece":   func(s string) string { return s[len(s)-pieceSize:] },
}

func TestTextHidesEveryEncoding(t *testing.T) {
	t.Parallel()
	for name, encode := range encodings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "Authorization: " + encode(signature) + ", key " + encode(key) + ", end"
			require.Equal(t, "Authorization: ***, key ***, end", Secrets{key, signature}.Text(text))
		})
	}
}

func TestTextHidesParts(t *testing.T) {
	t.Parallel()
	for name, cut := range cuts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, encode := range encodings {
				require.Equal(t, "is ***", Secrets{signature}.Text("is "+encode(cut(signature))))
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secrets    Secrets
		text, want string
	}{
		"no secrets":               {nil, "a text", "a text"},
		"an empty secret":          {Secrets{""}, "a text", "a text"},
		"no text":                  {Secrets{key}, "", ""},
		"nothing secret":           {Secrets{key, signature}, "100%25 & <b>没有</b> \\u0041 %", "100%25 & <b>没有</b> \\u0041 %"},
		"seven bytes":              {Secrets{signature}, signature[:7], signature[:7]},
		"eight bytes":              {Secrets{signature}, signature[:8], "***"},
		"alone":                    {Secrets{key}, key, "***"},
		"twice":                    {Secrets{key}, key + " " + key, "*** ***"},
		"twice without a gap":      {Secrets{key}, key + key, "***"},
		"two secrets, one another": {Secrets{"0123456789", "6789abcdef"}, "<0123456789abcdef>", "<***>"},
		"a secret inside another":  {Secrets{"0123456789abcdef", "456789ab"}, "<0123456789abcdef>", "<***>"},
		"the same secret again":    {Secrets{key, key, key}, "<" + key + ">", "<***>"},
		"a short secret, whole":    {Secrets{"sk"}, "the sk is ask", "the *** is a***"},
		"a short secret, encoded":  {Secrets{"s/k"}, "s%2Fk", "***"},
		"overlapping repetition":   {Secrets{"aaaaaaaa"}, "baaaaaaaaaab", "b***b"},
		"an escape that is cut":    {Secrets{key}, key + "%4", "***%4"},
		"Chinese around it":        {Secrets{key}, "密钥" + url.QueryEscape(key) + "错误", "密钥***错误"},
		"bytes that are not UTF-8": {Secrets{key}, "\xff" + key + "\xfe", "\xff***\xfe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.secrets.Text(c.text))
		})
	}
}

// Escapes that stand for more than one byte, or for none, stay as they are.
func TestUnescape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		c    byte
		size int
	}{
		"%41": {'A', 3}, "%4": {'%', 1}, "%": {'%', 1}, "%zz": {'%', 1}, "%+1": {'%', 1}, "%fF": {0xff, 3},
		`\u0041`: {'A', 6}, `\u4e2d`: {'\\', 1}, `\u00`: {'\\', 1}, `\x41`: {'A', 4}, `\x4`: {'\\', 1},
		`\/`: {'/', 2}, `\\`: {'\\', 2}, `\"`: {'"', 2}, `\n`: {'\\', 1}, `\`: {'\\', 1},
		"&amp;": {'&', 5}, "&#65;": {'A', 5}, "&#x41;": {'A', 6}, "&nbsp;": {'&', 1}, "&amp": {'&', 1}, "&": {'&', 1}, "&;": {'&', 1}, "&none;": {'&', 1},
		"A": {'A', 1}, "\xff": {0xff, 1},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			for _, after := range []string{"", " and more; of it"} {
				c, size := unescape(text + after)
				require.Equal(t, want.c, c)
				require.Equal(t, want.size, size)
			}
		})
	}
}

// A server cannot make the search long by escaping its page ever again.
func TestDecodingIsBounded(t *testing.T) {
	t.Parallel()
	decoded := 0
	for v, more := newView("%" + strings.Repeat("25", 1000) + "41").decode(); more; v, more = v.decode() {
		decoded++
	}
	require.Equal(t, layers, decoded)
}

func TestBeginning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		size int
		want string
	}{
		"empty":                     {"", 10, ""},
		"short":                     {"short", 10, "short"},
		"exact":                     {"0123456789", 10, "0123456789"},
		"long":                      {"0123456789a", 10, "0123456789"},
		"nothing":                   {"0123456789a", 0, ""},
		"secret":                    {"key " + key, 10, "key ***"},
		"secret across the cut":     {"01234" + key, 10, "01234***"},
		"secret behind the cut":     {"0123456789" + key, 10, "0123456789"},
		"encoded across the cut":    {"01234" + echo.Encodings["all URL-escaped"](key), 10, "01234***"},
		"text that redaction moves": {echo.Encodings["HTML numbers"](key) + "0123456789", 10, "***0123456"},
		"a rune across the cut":     {"01234567华", 10, "01234567\uFFFD"},
		"not UTF-8":                 {"a\xff\xfeb", 10, "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, Beginning(Secrets{key}, c.text, c.size))
			require.Equal(t, c.want, Beginning(Secrets{key}, []byte(c.text), c.size))
		})
	}
}

// wrapped is an error of a type that shows its text to %#v.
type wrapped struct {
	Text string
	Err  error
}

func (w wrapped) Error() string { return w.Text + ": " + w.Err.Error() }
func (w wrapped) Unwrap() error { return w.Err }

func TestErrorWithoutASecretIsKept(t *testing.T) {
	t.Parallel()
	require.NoError(t, Secrets{key}.Error(nil, 100))
	err := wrapped{"plain", io.ErrUnexpectedEOF}
	require.Equal(t, error(err), Secrets{key}.Error(err, 100))
}

func TestErrorWithASecret(t *testing.T) {
	t.Parallel()
	own := errors.New("an error of the caller")
	for name, c := range map[string]struct {
		err  error
		want string
		is   []error
	}{
		"of the library":   {wrapped{"malformed " + key, io.ErrUnexpectedEOF}, "malformed ***: unexpected EOF", []error{io.ErrUnexpectedEOF}},
		"of the caller":    {fmt.Errorf("%w: %s", own, url.QueryEscape(key)), "an error of the caller: ***", []error{own}},
		"of the system":    {&os.PathError{Op: "open", Path: key, Err: os.ErrNotExist}, "open ***: file does not exist", []error{os.ErrNotExist}},
		"several":          {errors.Join(wrapped{key, context.Canceled}, own), "***: context canceled\nan error of the caller", []error{context.Canceled, own}},
		"with a long text": {fmt.Errorf("%w%s", own, strings.Repeat(" again", 100)), "an error of the caller" + strings.Repeat(" again", 20)[:78], []error{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Secrets{key}.Error(c.err, 100)
			require.EqualError(t, err, c.want)
			for _, target := range c.is {
				require.ErrorIs(t, err, target)
			}
			require.NotErrorIs(t, err, io.EOF)
			require.NoError(t, errors.Unwrap(err), "nothing leads to the text")
			require.NotErrorAs(t, err, new(wrapped))
			require.NotErrorAs(t, err, new(*os.PathError))
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				for _, v := range []any{err, []error{err}, struct{ err error }{err}} {
					text := fmt.Sprintf(verb, v)
					require.NotContains(t, text, "s3cr3t", verb)
					require.NotContains(t, text, fmt.Sprintf("%x", "s3cr3t"), verb)
				}
			}
			encoded, _ := json.Marshal(err)
			require.NotContains(t, string(encoded), "s3cr3t")
		})
	}
}

// FuzzRedaction holds that what is around a secret, and how it is written, never lets a piece of it
// through, and that a text without one stays as it is.
func FuzzRedaction(f *testing.F) {
	f.Add("Eop-Authorization: Signature=", " is wrong", signature, 3)
	f.Add("%", "%41", key, 1)
	f.Add(`\`, `\`, key, 9)
	f.Add("&#3", ";", key, 7)
	names := make([]string, 0, len(encodings))
	for name := range encodings {
		names = append(names, name)
	}
	f.Fuzz(func(t *testing.T, before, after, secret string, how int) {
		for _, r := range secret {
			if r <= ' ' || r > '~' {
				return // no key has it
			}
		}
		const shortest = 24
		if len(secret) < shortest || len(before)+len(after) > 1<<10 {
			return
		}
		name := names[(how%len(names)+len(names))%len(names)]
		encoded := encodings[name](secret)
		clean := Secrets{secret}.Text(before + encoded + after)
		require.NotContains(t, clean, encoded, name)
		require.NotContains(t, clean, secret, name)
		require.Contains(t, clean, mark, name)
		require.Equal(t, "no secret at all", Secrets{secret}.Text("no secret at all"))
	})
}

// FuzzBeginning holds that a beginning is short, valid UTF-8 and without a secret, wherever it is cut.
func FuzzBeginning(f *testing.F) {
	f.Add("page: ", 10)
	f.Add(strings.Repeat("x", 250), 256)
	f.Add("华", 1)
	f.Fuzz(func(t *testing.T, before string, size int) {
		const longest = 8 << 10
		size = (size%longest + longest) % longest
		for _, text := range []string{before, before + key, before + url.QueryEscape(key) + before} {
			got := Beginning(Secrets{key}, text, size)
			require.True(t, utf8.ValidString(got))
			require.LessOrEqual(t, len(got), size*len("\uFFFD"))
			for i := range len(key) - pieceSize {
				require.NotContains(t, got, key[i:i+pieceSize])
			}
		}
	})
}
