package textfile

import (
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// utf16Of writes text as PowerShell does, or as a big-endian machine.
func utf16Of(text string, big bool) string {
	var out []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return string(out)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const text = "web-01\r\n数据库\n"
	for name, given := range map[string]string{
		"UTF-8": text, "with a mark": "\ufeff" + text, "UTF-16 LE": utf16Of(text, false), "UTF-16 BE": utf16Of(text, true),
	} {
		said, err := Decode(name, strings.NewReader(given))
		require.NoError(t, err, name)
		require.Equal(t, text, said, name)
	}
	for name, given := range map[string]string{"UTF-16 without a mark": "w\x00e\x00b\x00", "GBK": "\xca\xfd\xbe\xdd", "binary": "\x00\x01"} {
		_, err := Decode(name, strings.NewReader(given))
		require.ErrorContains(t, err, "UTF-8", name)
		require.ErrorContains(t, err, name)
	}
	_, err := Decode("long", strings.NewReader(strings.Repeat("x", most+1)))
	require.ErrorContains(t, err, "16 MiB")
	_, err = Decode("broken", iotest.ErrReader(errBinary))
	require.ErrorIs(t, err, errBinary)
	_, err = Read("/nonexistent", nil)
	require.Error(t, err)
	said, err := Read("-", strings.NewReader("x"))
	require.NoError(t, err)
	require.Equal(t, "x", said)
}

func TestLines(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"web-01", "a#b", "two words", "数据库"}, Lines("# hosts\r\n web-01 # the first\r\n\n\ta#b\t# x\ntwo words\n#\n数据库"))
	require.Empty(t, Lines("\n# nothing\n"))
}
