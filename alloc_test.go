package ctcbr

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests of this file count allocations, and so none of them may run beside
// others. Times are not tested.

// atMost holds a count of allocations; under the race detector, only its magnitude.
func atMost(t *testing.T, most float64, f func()) {
	t.Helper()
	if raceEnabled {
		most = 2*most + 10
	}
	require.LessOrEqual(t, testing.AllocsPerRun(200, f), most)
}

func TestSignatureIsOneAllocation(t *testing.T) {
	key, err := new(Signer).keyOf(NewCredentials("ak", "sk"), time.Now())
	require.NoError(t, err)
	for _, size := range []int{0, 300, 8 << 10} {
		body := make([]byte, size)
		atMost(t, 1, func() { _ = key.authorization("3b241101-e2bb-4255-8caf-4136c566a962", "a=1&b=2&c=3&d=4", body) })
	}
}

func TestSigningHeadersAreTwoAllocations(t *testing.T) {
	for name, sign := range signings() {
		t.Run(name, func(t *testing.T) {
			var s Signer
			at := time.Now()
			atMost(t, 2, func() { require.NoError(t, sign(&s, at)) })
		})
	}
}

func TestQueryIsOneAllocation(t *testing.T) {
	req := &ListStoragesRequest{RegionID: "region", ID: "storage", Query: "web hosts", Status: StorageAvailable}
	atMost(t, 1, func() { _ = encodeQuery(req) })
}

func TestCallAllocations(t *testing.T) {
	c := benchClient(t, inMemory(oneStorage))
	const ofTransport = 4
	atMost(t, 73+ofTransport, func() { listStorages(t, c) })
}

func TestCallAllocationsAboveNetHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, oneStorage) }))
	t.Cleanup(server.Close)
	c, bare := benchClient(t, WithEndpoint(server.URL)), &http.Client{Transport: defaultTransport()}
	t.Cleanup(bare.CloseIdleConnections)
	floor := testing.AllocsPerRun(200, func() { bareGet(t, bare, server.URL) })
	atMost(t, floor+63, func() { listStorages(t, c) })
}
