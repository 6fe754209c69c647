package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	// page is 4 KiB of HTML, with entities, as a gateway shows it.
	page = strings.Repeat(`<tr><td class="x">Some header&nbsp;of a gateway: 3b241101-e2bb-4255-8caf-4136c566a962</td></tr>`, 50)[:4<<10]

	message = "the storage vault-of-the-web-hosts does not exist in this region: 存储库不存在"
)

func BenchmarkText(b *testing.B) {
	secrets := Secrets{key, signature}
	for name, text := range map[string]string{"page": page, "message": message, "secret": message + signature} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_ = secrets.Text(text)
			}
		})
	}
}

// It counts allocations, and so may not run beside other tests.
func TestTextWithoutASecretAllocatesNothing(t *testing.T) {
	secrets := Secrets{key, signature}
	require.Zero(t, testing.AllocsPerRun(200, func() { _ = secrets.Text(message) }))
}

// strings.NewReplacer finds a secret that is written as it is, and few of the ways to write it.
func TestPlainReplacementFindsFew(t *testing.T) {
	t.Parallel()
	found, ways := 0, 0
	for _, encode := range encodings {
		for _, secret := range []string{key, signature} {
			text := encode(secret)
			ways++
			if strings.NewReplacer(key, mark, signature, mark).Replace(text) == mark {
				found++
			}
			require.Equal(t, mark, Secrets{key, signature}.Text(text))
		}
	}
	t.Logf("strings.NewReplacer finds a secret in %d of %d ways to write one", found, ways)
	require.Less(t, found, ways/3)
}
