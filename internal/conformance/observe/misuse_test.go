package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

func TestNothingGivenIsNoPanic(t *testing.T) {
	t.Parallel()
	client, err := ctcbr.NewClient(nil, ctcbr.WithOptions(nil, ctcbr.WithStaticCredentials("ak", "sk")), ctcbr.WithMiddleware(nil),
		ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithRegion("r"), ctcbr.WithMaxAttempts(1))
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Storages.List(t.Context(), nil)
	require.Error(t, err)
	_, err = ctcbr.Restores{}.Newest(t.Context(), &ctcbr.RestoreNewestRequest{RegionID: "r", HostID: "h", TargetDir: "/d"})
	require.ErrorIs(t, err, ctcbr.ErrClosed)
}

func TestOptionsAtFaultAreOneLine(t *testing.T) {
	t.Parallel()
	_, err := ctcbr.NewClient(ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithEndpoint("http://example.com"), ctcbr.WithCommonEndpoint("ftp://example.com"), ctcbr.WithMaxAttempts(-1))
	require.ErrorContains(t, err, "http://example.com")
	require.ErrorContains(t, err, "ftp://example.com")
	require.NotContains(t, err.Error(), "\n")
	require.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), 3)
}
