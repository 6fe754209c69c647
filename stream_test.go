package ctcbr

import (
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIntakeReadsWhiteSpaceInLargePieces(t *testing.T) {
	t.Parallel()
	const size = 1 << 16
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	body := iotest.OneByteReader(strings.NewReader(strings.Repeat(" \n", size/2) + "{}"))
	in := &intake{attempt: &attempt{lifetime: lifetime{timer: timer}}, body: body, patience: time.Hour, most: 2 * size}
	p := make([]byte, size/4)
	for range 4 {
		n, err := in.Read(p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	n, err := in.Read(p)
	require.NoError(t, err)
	require.Equal(t, "{", string(p[:n]), "what is no white space is passed on at once")
}
