package ctcbr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvelopeWithTwoContentsIsRefused(t *testing.T) {
	t.Parallel()
	var e envelope
	require.Error(t, e.parse([]byte(`{"statusCode":800,"returnObj":{"masterOrderID":"1"},"ReturnObj":{"masterOrderID":"2"}}`)))
}
