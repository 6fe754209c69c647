package list

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// A count that is written as text is a count: a list that is shorter was cut.
func TestCountAsText(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		answer := func(operation, object string) {
			cloud.Inject(operation, cbrtest.Fault{Times: -1, Body: `{"statusCode":800,"returnObj":` + object + `}`})
		}
		answer("query-storage-backup", `{"backupStorageCount":"5","backupStorageList":[{"backupStorageID":"s","backupStorageName":"v"}]}`)
		answer("info-client-backup", `{"backupClientTotal":"5","backupClientList":[{"backupClientID":"a","instacneID":"h"}]}`)
		listed, err := client.Storages.List(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, 5, listed.Total)
		_, err = client.Storages.Find(t.Context(), &ctcbr.FindStorageRequest{Name: "other"})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		for _, err = range client.Storages.All(t.Context(), nil) {
			continue
		}
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		_, err = client.Agents.Get(t.Context(), &ctcbr.GetAgentRequest{ID: "other"})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
	})
}
