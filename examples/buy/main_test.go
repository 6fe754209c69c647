package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestBuy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "archive")
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory())
		defer cloud.Close()
		client := cbrclient.New(t, cloud, ctcbr.WithMaxAttempts(1))

		// The order is placed, its answer is lost, and the run ends.
		cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
		token, err := keptToken(name + ".order")
		require.NoError(t, err)
		_, err = client.Storages.Create(t.Context(), &ctcbr.CreateStorageRequest{
			Name: "archive", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1, ClientToken: token,
		})
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)

		again, err := keptToken(name + ".order")
		require.NoError(t, err)
		require.Equal(t, token, again, "a second run is the same order")
		vault, err := client.Storages.CreateAndWait(t.Context(), &ctcbr.CreateStorageRequest{
			Name: "archive", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1, ClientToken: again,
		})
		require.NoError(t, err)
		require.Equal(t, "archive", vault.Name)
		require.Equal(t, 1, cloud.Charges())
	})
}

func TestBuyEndToEnd(t *testing.T) {
	t.Chdir(t.TempDir())
	cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.WithPolls(cbrtest.Polls{Order: -1}))
	defer cloud.Close()
	client := cbrclient.New(t, cloud)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), client, &out, []string{"archive", "100", "1"}))
	require.Contains(t, out.String(), "archive is there: ")
	require.NoFileExists(t, "archive.order")

	require.Error(t, run(t.Context(), client, &out, []string{"archive", "100", "1"}), "a name that is there is not ordered")
	require.Equal(t, 1, cloud.Charges())
	require.Error(t, run(t.Context(), client, &out, []string{"archive", "many", "1"}))
	require.Error(t, run(t.Context(), client, &out, nil))
	require.NoError(t, os.WriteFile("kept.order", []byte("token"), 0o600))
	token, err := keptToken("kept.order")
	require.NoError(t, err)
	require.Equal(t, "token", token)
}
