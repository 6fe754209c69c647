package cbrclient_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestNew(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer(cbrtest.WithCredentials("my-ak", "my-sk"), cbrtest.WithRegion("my-region"))
	defer cloud.Close()
	cloud.AddStorage(cbrtest.Storage{Name: "vault"})
	client := cbrclient.New(t, cloud)
	found, err := client.Storages.Find(t.Context(), &ctcbr.FindStorageRequest{Name: "vault"})
	require.NoError(t, err)
	require.Equal(t, "vault", found.Name)
	require.Equal(t, 1, cloud.Count(cbrtest.ListStorages))
}

func TestNewInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.InMemory())
		t.Cleanup(cloud.Close)
		client := cbrclient.New(t, cloud)
		_, err := client.Tasks.Wait(t.Context(), cloud.AddTask(cbrtest.Task{}))
		require.NoError(t, err)
	})
}

func TestOptionsOfTheCallerWin(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	client := cbrclient.New(t, cloud, ctcbr.WithStaticCredentials(cloud.AccessKey, "another"))
	_, err := client.Regions.List(t.Context(), nil)
	require.ErrorIs(t, err, ctcbr.ErrUnauthorized)
}

func TestClientEndsWithTheTest(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	var client *ctcbr.Client
	t.Run("a test", func(t *testing.T) { client = cbrclient.New(t, cloud) })
	_, err := client.Regions.List(t.Context(), nil)
	require.ErrorIs(t, err, ctcbr.ErrClosed)
}

// failing is a test that notes its failure instead of ending.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()               {}
func (f *failing) Cleanup(func())        {}
func (f *failing) Fatalf(string, ...any) { f.failed = true; panic(f) }

func TestOptionThatIsRefused(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	f := &failing{}
	require.Panics(t, func() { cbrclient.New(f, cloud, ctcbr.WithEndpoint("no address")) })
	require.True(t, f.failed)
}
