package layer_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

// What is kept of each plan is two items of long lists. It must not keep the texts of the items beside
// them. Not parallel: it measures the heap.
func TestProtectionKeepsNoNeighbors(t *testing.T) { //nolint:paralleltest // see above
	const hosts, most = 1000, 3500 // bytes for a host with its agent, its plan, a copy and a run
	cloud := cbrtest.NewServer(cbrtest.InMemory(), cbrtest.Activated())
	defer cloud.Close()
	client := cbrclient.New(t, cloud)
	storage := cloud.AddStorage(cbrtest.Storage{Name: "vault", CapacityGB: 1_000_000})
	cloud.AddFleet(cbrtest.Fleet{Hosts: hosts, Plans: 1, Snapshots: 40, Tasks: 10, StorageID: storage})
	_, err := client.Protection(t.Context(), nil) // what is made once
	require.NoError(t, err)
	before := heap()
	state, err := client.Protection(t.Context(), nil)
	require.NoError(t, err)
	kept := heap() - before
	require.Len(t, state.Hosts, hosts+1)
	t.Logf("%d bytes a host", kept/hosts)
	require.Less(t, kept, uint64(hosts*most))
	runtime.KeepAlive(state)
}

// heap is what is in use, garbage not counted.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
