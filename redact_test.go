package ctcbr

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/internal/conformance/echo"
)

// hardSecret has the characters that encodings change.
const hardSecret = `s3cr3t/Key+of=the&fault<suite>"7\x`

// FuzzRedactor holds that what is around a secret, and how it is written, never lets
// a piece of it through.
func FuzzRedactor(f *testing.F) {
	f.Add("Eop-Authorization: Signature=", " is wrong", "h+H8K5CbPz1DjnbVWA+FEPGbbcEJOzVsi2GQv4LroyM=", 3)
	f.Add("%", "%41", hardSecret, 1)
	f.Add(`\`, `\`, hardSecret, 9)
	f.Add("&#3", ";", hardSecret, 7)
	names := make([]string, 0, len(echo.Encodings))
	for name := range echo.Encodings {
		if !strings.HasPrefix(name, "cut") {
			names = append(names, name)
		}
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
		encoded := echo.Encodings[name](secret)
		clean := redactor{secret}.text(before + encoded + after)
		require.NotContains(t, clean, encoded, name)
		require.NotContains(t, clean, secret, name)
		require.Contains(t, clean, "***", name)
		require.Equal(t, "no secret at all", redactor{secret}.text("no secret at all"))
	})
}
