package ctcbr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What JSON does not take for white space is none around an envelope either.
func TestEnvelopeAmongOtherSpacesIsRefused(t *testing.T) {
	t.Parallel()
	const success = `{"statusCode":800}`
	for name, around := range map[string]string{"no-break space": "\u00a0", "next line": "\u0085", "form feed": "\f", "vertical tab": "\v", "em space": "\u2003", "byte order mark": "\ufeff"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, parseError(" \t\r\n"+success+" \t\r\n"))
			require.Error(t, parseError(around+success))
			require.Error(t, parseError(success+around))
		})
	}
}

func TestEnvelopeWithTwoContentsIsRefused(t *testing.T) {
	t.Parallel()
	require.Error(t, parseError(`{"statusCode":800,"returnObj":{"masterOrderID":"1"},"ReturnObj":{"masterOrderID":"2"}}`))
}

func parseError(body string) error {
	_, err := new(envelope).parse([]byte(body))
	return err
}
