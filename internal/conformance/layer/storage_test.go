package layer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func vault() *ctcbr.CreateStorageRequest {
	return &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1}
}

func TestCreateAndWait(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.AddStorage(cbrtest.Storage{Name: "vault-2"})
		storage, err := client.Storages.CreateAndWait(t.Context(), vault())
		require.NoError(t, err)
		require.Equal(t, "vault", storage.Name)
		require.Equal(t, ctcbr.StorageAvailable, storage.Status)
		require.Equal(t, 1, cloud.Count("create-storage-backup"))

		again, err := client.Storages.CreateAndWait(t.Context(), vault())
		require.ErrorIs(t, err, ctcbr.ErrConflict)
		require.EqualError(t, err, `ctcbr: vault named "vault": conflict: there is one already, `+storage.ID+`: nothing was ordered`)
		require.Nil(t, again)
		cloud.AddStorage(cbrtest.Storage{Name: "vault"})
		_, err = client.Storages.CreateAndWait(t.Context(), vault())
		require.ErrorIs(t, err, ctcbr.ErrAmbiguous)
		require.Equal(t, 1, cloud.Count("create-storage-backup"), "no money for what is there")
	})
}

// A name that was not found because a list was cut, lacks items or did not come orders nothing.
func TestCreateAndWaitOrdersNothingBlindly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"a page":      {Status: 404, Body: "<html>not here</html>"},
		"a cut list":  {Conn: cbrtest.CutBody, Times: -1},
		"not allowed": {Status: 403},
		"items that the service counts and does not list": {Body: `{"statusCode":800,"returnObj":{"backupStorageCount":3,"backupStorageList":[]}}`, Times: -1},
	} {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.Inject("query-storage-backup", fault)
			_, err := client.Storages.CreateAndWait(t.Context(), vault())
			require.Error(t, err, name)
			require.NotErrorIs(t, err, ctcbr.ErrNotFound, name)
			require.Zero(t, cloud.Count("create-storage-backup"), name)
		})
	}
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Storages.CreateAndWait(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Zero(t, cloud.Count(""))
	})
}

// After a crash the same token is the same order, from whichever moment on.
func TestCreateAndWaitAfterACrash(t *testing.T) {
	t.Parallel()
	crashes := map[string]func(cloud *cbrtest.Server) []ctcbr.WaitOption{
		"the answer is lost": func(cloud *cbrtest.Server) []ctcbr.WaitOption {
			cloud.Inject("create-storage-backup", cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest, Times: 4})
			return nil
		},
		"the order takes long": func(cloud *cbrtest.Server) []ctcbr.WaitOption {
			return []ctcbr.WaitOption{ctcbr.WaitAtMost(time.Second)}
		},
		"the list lags": func(cloud *cbrtest.Server) []ctcbr.WaitOption {
			cloud.SetLag(10 * time.Minute)
			return nil
		},
	}
	for name, crash := range crashes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				_, err := client.Storages.CreateAndWait(t.Context(), vault(), crash(cloud)...)
				var placed *ctcbr.PlacedOrder
				require.ErrorAs(t, err, &placed)
				require.NotEmpty(t, placed.ClientToken)
				require.Equal(t, name == "the answer is lost", placed.OrderID == "")
				require.ErrorContains(t, err, placed.ClientToken)

				req := vault()
				req.ClientToken = placed.ClientToken
				storage, err := client.Storages.CreateAndWait(t.Context(), req, ctcbr.WaitListed(time.Hour))
				if name == "the answer is lost" { // four times, so that the order is done by now
					require.ErrorIs(t, err, ctcbr.ErrConflict)
					require.ErrorContains(t, err, "nothing was ordered; if it is of an order with this client token, Storages.Find finds it")
				} else {
					require.NoError(t, err)
					require.Equal(t, "vault", storage.Name)
				}
				all, err := client.Storages.List(t.Context(), nil)
				require.NoError(t, err)
				require.Len(t, all.Storages, 1, "it was ordered once")
			})
		})
	}
}

func TestCreateAndWaitFails(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.FailNext(cbrtest.OrderJob, "")
		_, err := client.Storages.CreateAndWait(t.Context(), vault())
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		var placed *ctcbr.PlacedOrder
		require.ErrorAs(t, err, &placed)
		require.ErrorContains(t, err, "ctcbr: order "+placed.OrderID+" was placed with client token "+placed.ClientToken+": failed: status 5 (failed): see the console for the reason")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = client.Storages.CreateAndWait(ctx, vault())
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorAs(t, err, &placed, "nothing was placed")
	})
}

func TestOrderStatusText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "3 (done)", fmt.Sprint(ctcbr.OrderDone))
	require.Equal(t, "14 (opening)", ctcbr.OrderOpening.String())
	require.Equal(t, "77 (not documented)", ctcbr.OrderStatus("77").String())
}
