package ctcbr

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
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

func TestSigningRequestsIsTwoAllocations(t *testing.T) {
	for name, given := range toSign {
		t.Run(name, func(t *testing.T) {
			var s Signer
			req, at := signingRequest(given.query), time.Now()
			atMost(t, 2, func() { require.NoError(t, s.Sign(req, given.body, benchKeys, at)) })
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
	atMost(t, 34+ofTransport, func() { listStorages(t, c) })
}

func TestCallAllocationsAboveNetHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, oneStorage) }))
	t.Cleanup(server.Close)
	c, bare := benchClient(t, WithEndpoint(server.URL)), &http.Client{Transport: defaultTransport()}
	t.Cleanup(bare.CloseIdleConnections)
	floor := testing.AllocsPerRun(200, func() { bareGet(t, bare, server.URL) })
	atMost(t, floor+30, func() { listStorages(t, c) })
}

// Who keeps one text of an answer does not keep the answer.
func TestKeptTextKeepsLittle(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const size = 16 << 20
	one := func() string {
		var list struct{ Names []string }
		require.NoError(t, decode([]byte(`{"names":["`+strings.Repeat(`name of a host","`, size/17)+`"]}`), &list))
		return list.Names[1000]
	}
	before := heap()
	kept := one()
	require.Less(t, heap(), before+size/4)
	require.Equal(t, "name of a host", kept)
}
