package cbrtest

import (
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func orderStatus(t testing.TB, srv *Server, id any) string {
	t.Helper()
	status, _ := call(t, srv, "query-uuid", map[string]any{"masterOrderId": id})["orderStatus"].(string)
	return status
}

func vault(name, token string) map[string]any {
	out := map[string]any{"backupStorageName": name, "backupStorageCapacity": 100, "cycleType": "month", "cycleCount": 1}
	if token != "" {
		out["clientToken"] = token
	}
	return out
}

func TestOrderTakesSomePolls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		polls Polls
		want  []string
	}{
		"default": {Polls{}, []string{"14", "14", "3", "3"}},
		"five":    {Polls{Order: 5}, []string{"14", "14", "14", "14", "14", "3"}},
		"none":    {Polls{Order: -1}, []string{"3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated(), WithPolls(tt.polls))
			order := placed(t, srv, "create-storage-backup", vault("vault", ""))
			require.Equal(t, "started", order["masterResourceStatus"])
			var got []string
			for range tt.want {
				got = append(got, orderStatus(t, srv, order["masterOrderID"]))
			}
			require.Equal(t, tt.want, got)
			done := call(t, srv, "query-uuid", map[string]any{"masterOrderId": order["masterOrderID"]})
			listed := items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")
			require.Len(t, listed, 1)
			require.Equal(t, []any{listed[0]["backupStorageID"]}, done["resourceUuid"])
		})
	}
}

func TestOrderIsDoneForThoseWhoReadTheListOnly(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	placed(t, srv, "create-storage-backup", vault("vault", ""))
	for want := range []int{0, 1} {
		if want == 1 {
			call(t, srv, "query-storage-backup", nil)
		}
		list := call(t, srv, "query-storage-backup", map[string]any{"queryContent": "vau"})
		require.Len(t, list["backupStorageList"], want)
	}
}

func TestUnknownOrder(t *testing.T) {
	t.Parallel()
	srv := start(t)
	require.Equal(t, "Openapi.Order.NotFound", refusal(t, srv, "query-uuid", map[string]any{"masterOrderId": "x"}).Error)
}

func TestServiceHasToBeActivated(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for operation, params := range map[string]map[string]any{
		"create-storage-backup": vault("vault", ""),
		"install-client-backup": {"instanceID": srv.HostID},
	} {
		require.Equal(t, "Backup.Service.NotActivated", refusal(t, srv, operation, params).Error, operation)
	}
	order := call(t, srv, "open-service-backup", nil)
	for orderStatus(t, srv, order["masterOrderID"]) != "3" {
		refusal(t, srv, "create-storage-backup", vault("vault", ""))
	}
	placed(t, srv, "create-storage-backup", vault("vault", ""))
	call(t, srv, "open-service-backup", nil)
	require.Equal(t, 3, srv.Charges(), "activating again is an order too")
}

// orders returns parameters of the five orders, for a server that has what they need.
func orders(t *testing.T) (*Server, map[string]map[string]any) {
	srv, params := seeded(t)
	out := map[string]map[string]any{}
	for name, p := range params {
		if p["clientToken"] != nil {
			out[name] = p
		}
	}
	require.Len(t, out, 5)
	return srv, out
}

func TestOrderAgainWithItsToken(t *testing.T) {
	t.Parallel()
	_, all := orders(t)
	for name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, all := orders(t)
			before := srv.Charges()
			first := prepare(srv, name, all[name]).send(t, srv).ReturnObj
			for range 2 {
				again := refusal(t, srv, name, all[name])
				require.Equal(t, "Backup.Order.InProgress", again.Error)
				require.Equal(t, "backup.order.inProgress", again.ErrorCode)
				require.Equal(t, first["masterOrderID"], again.ReturnObj["masterOrderID"])
			}
			require.Equal(t, first["masterOrderID"], call(t, srv, name, all[name])["masterOrderID"], "done")
			require.Equal(t, before+1, srv.Charges())
			last := srv.Orders()[before]
			require.Equal(t, 4, last.Requests)
			require.Equal(t, name, last.Operation)
			require.Equal(t, all[name]["clientToken"], last.ClientToken)
		})
	}
}

func TestTokenOfAnotherOrder(t *testing.T) {
	t.Parallel()
	srv, all := orders(t)
	placed(t, srv, "renew-storage-backup", all["renew-storage-backup"])
	changed := maps.Clone(all["renew-storage-backup"])
	changed["cycleCount"] = 2
	require.Equal(t, "Backup.Order.ClientTokenConflict", refusal(t, srv, "renew-storage-backup", changed).Error)
	other := maps.Clone(all["resize-storage-backup"])
	other["clientToken"] = changed["clientToken"]
	require.Equal(t, "Backup.Order.ClientTokenConflict", refusal(t, srv, "resize-storage-backup", other).Error)
}

func TestOrdersWithoutToken(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	storage := srv.AddStorage(Storage{})
	renew := map[string]any{"backupStorageID": storage, "cycleType": "year", "cycleCount": 1}
	first := placed(t, srv, "renew-storage-backup", renew)
	require.NotEqual(t, first["masterOrderID"], placed(t, srv, "renew-storage-backup", renew)["masterOrderID"])
	require.Equal(t, 2, srv.Charges())
}

func TestRefusedOrderDoesNotBindItsToken(t *testing.T) {
	t.Parallel()
	srv := start(t)
	refusal(t, srv, "create-storage-backup", vault("vault", "token"))
	srv.AddStorage(Storage{Name: "other"})
	placed(t, srv, "create-storage-backup", vault("vault-2", "token"))
	require.Equal(t, 1, srv.Charges())
}

func TestFailedOrder(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	srv.FailNext(OrderJob, "余额不足")
	order := placed(t, srv, "create-storage-backup", vault("vault", "token"))
	var got []string
	for range 3 {
		got = append(got, orderStatus(t, srv, order["masterOrderID"]))
	}
	require.Equal(t, []string{"14", "14", "5"}, got)
	again := refusal(t, srv, "create-storage-backup", vault("vault", "token"))
	require.Equal(t, "Backup.Order.Failed", again.Error)
	require.Contains(t, again.Message, "余额不足")
	require.Empty(t, items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList"))
	placed(t, srv, "create-storage-backup", vault("vault", "token-2"))
}

func TestUnpaidOrder(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	order := placed(t, srv, "create-storage-backup", vault("vault", "token"))
	id := order["masterOrderID"].(string)
	srv.SetStatus(id, "1")
	for range 5 {
		require.Equal(t, "1", orderStatus(t, srv, id), "nobody pays")
	}
	again := refusal(t, srv, "create-storage-backup", vault("vault", "token"))
	require.Equal(t, codeInProgress, again.Error)
	require.Equal(t, id, again.ReturnObj["masterOrderID"])
	srv.SetStatus(id, "14")
	var got []string
	for range 3 {
		got = append(got, orderStatus(t, srv, id))
	}
	require.Equal(t, []string{"14", "14", "3"}, got, "paid, it takes as many looks as any order")
	require.Equal(t, 1, srv.Charges())
}

func TestOrderThatCameToNothing(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]string{"cancelled": "4", "failed": "5", "rejected": "10", "revoked": "11", "removed": "15", "not paid": "22", "in error": "0", "deleted": "999"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated())
			order := placed(t, srv, "create-storage-backup", vault("vault", "token"))
			srv.SetStatus(order["masterOrderID"].(string), status)
			again := refusal(t, srv, "create-storage-backup", vault("vault", "token"))
			require.Equal(t, "Backup.Order.Failed", again.Error)
			require.Equal(t, "the order failed: its status is "+status, again.Message)
			require.Equal(t, order["masterOrderID"], again.ReturnObj["masterOrderID"])
		})
	}
}

func TestOrderHasItsEffectOnce(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated(), WithPolls(Polls{Order: -1}))
	order := placed(t, srv, "create-storage-backup", vault("vault", ""))
	for range 2 {
		require.Equal(t, "3", orderStatus(t, srv, order["masterOrderID"]))
		srv.SetStatus(order["masterOrderID"].(string), "14")
	}
	require.Len(t, items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList"), 1)
}

func TestRemovedOrderIsForgotten(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	order := placed(t, srv, "create-storage-backup", vault("vault", "token"))
	require.True(t, srv.Remove(order["masterOrderID"].(string)))
	again := placed(t, srv, "create-storage-backup", vault("vault", "token"))
	require.NotEqual(t, order["masterOrderID"], again["masterOrderID"], "nothing is known of the token")
	require.Len(t, srv.Orders(), 1)
	require.Equal(t, 2, srv.Charges())
}

func TestFirstOrderOfARepositoryIsInProgress(t *testing.T) {
	t.Parallel()
	for _, polls := range []int{0, -1} {
		srv, all := orders(t)
		srv.state.polls = Polls{Order: polls}
		require.NotEmpty(t, call(t, srv, OpenService, all[OpenService])["masterOrderID"], "800, as the reference shows it")
		for name, params := range all {
			if name == OpenService || name == UnsubscribeStorage {
				continue
			}
			order := placed(t, srv, name, params)
			require.Contains(t, order, "masterOrderNO")
			require.Nil(t, order["masterOrderNO"])
			for orderStatus(t, srv, order["masterOrderID"]) != "3" {
			}
			require.NotNil(t, call(t, srv, name, params)["masterOrderNO"], "done")
		}
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	bought := placed(t, srv, CreateStorage, vault("vault", "token"))["masterOrderID"]
	for orderStatus(t, srv, bought) != "3" {
	}
	listed := func() []map[string]any {
		return items(t, call(t, srv, ListStorages, nil), "backupStorageList")
	}
	storage := listed()[0]["backupStorageID"].(string)
	status := func() string {
		if list := listed(); len(list) > 0 {
			return list[0]["backupStorageStatusCode"].(string)
		}
		return "gone"
	}
	srv.AddSnapshot(Snapshot{StorageID: storage})
	params := map[string]any{"backupStorageID": storage}
	refund := placed(t, srv, UnsubscribeStorage, params)["masterOrderID"]
	require.Equal(t, "Backup.Storage.NotAvailable", refusal(t, srv, UnsubscribeStorage, params).Error)
	require.Equal(t, "12", srv.Orders()[0].Status)
	require.Equal(t, bought, call(t, srv, CreateStorage, vault("vault", "token"))["masterOrderID"], "it was bought")
	require.Equal(t, "Refing", status())
	var got []string
	for range 3 {
		got = append(got, orderStatus(t, srv, refund)+" "+srv.Orders()[0].Status)
	}
	require.Equal(t, []string{"3 13", "3 13", "3 13"}, got)
	require.Equal(t, []string{"Destorying", "gone"}, []string{status(), status()})
	require.Empty(t, items(t, call(t, srv, ListSnapshots, nil), "backupSnapshotList"))
	require.Equal(t, "13", orderStatus(t, srv, bought))
	require.Equal(t, []any{storage}, call(t, srv, GetOrder, object{"masterOrderId": bought})["resourceUuid"])
}

func TestUnsubscriptionMovesWithEitherOrder(t *testing.T) {
	t.Parallel()
	for _, polled := range []string{"that refunds", "that is refunded"} {
		t.Run(polled, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated())
			bought := placed(t, srv, CreateStorage, vault("vault", ""))["masterOrderID"]
			for orderStatus(t, srv, bought) != "3" {
			}
			storage := items(t, call(t, srv, ListStorages, nil), "backupStorageList")[0]["backupStorageID"]
			refund := placed(t, srv, UnsubscribeStorage, object{"backupStorageID": storage})["masterOrderID"]
			id, want := refund, []string{"14", "14", "3", "3"}
			if polled == "that is refunded" {
				id, want = bought, []string{"12", "12", "13", "13"}
			}
			var got []string
			for range want {
				got = append(got, orderStatus(t, srv, id))
			}
			require.Equal(t, want, got)
			require.Equal(t, []string{"13", "3"}, []string{srv.Orders()[0].Status, srv.Orders()[1].Status})
		})
	}
}

func TestOrderPutIntoUnsubscribing(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	order := placed(t, srv, CreateStorage, vault("vault", ""))["masterOrderID"].(string)
	srv.SetStatus(order, "12")
	var got []string
	for range 4 {
		got = append(got, orderStatus(t, srv, order))
	}
	require.Equal(t, []string{"12", "12", "13", "13"}, got)
}

func TestFailedUnsubscription(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated(), WithPolls(Polls{Order: -1}))
	bought := placed(t, srv, CreateStorage, vault("vault", ""))["masterOrderID"]
	require.Equal(t, "3", orderStatus(t, srv, bought))
	storage := items(t, call(t, srv, ListStorages, nil), "backupStorageList")[0]["backupStorageID"]
	srv.FailNext(OrderJob, "")
	order := placed(t, srv, UnsubscribeStorage, map[string]any{"backupStorageID": storage})
	require.Equal(t, "5", orderStatus(t, srv, order["masterOrderID"]))
	list := items(t, call(t, srv, ListStorages, nil), "backupStorageList")
	require.Equal(t, "Available", list[0]["backupStorageStatusCode"])
	require.Equal(t, "3", orderStatus(t, srv, bought), "not refunded")
}

// Two orders that both began from the present capacity could make a vault smaller.
func TestOneOrderOfACapacityAtATime(t *testing.T) {
	t.Parallel()
	srv := start(t)
	storage := srv.AddStorage(Storage{})
	resize := func(capacity int) map[string]any {
		return object{"backupStorageID": storage, "backupStorageCapacity": capacity}
	}
	order := placed(t, srv, ResizeStorage, resize(300))["masterOrderID"]
	require.Equal(t, "Backup.Storage.Resizing", refusal(t, srv, ResizeStorage, resize(200)).Error)
	unsubscribe := object{"backupStorageID": storage}
	require.Equal(t, "Backup.Storage.OrderPending", refusal(t, srv, UnsubscribeStorage, unsubscribe).Error)
	for orderStatus(t, srv, order) != "3" {
	}
	require.Equal(t, "Backup.Storage.CapacityInvalid", refusal(t, srv, ResizeStorage, resize(200)).Error)
	placed(t, srv, ResizeStorage, resize(400))
	require.Equal(t, 2, srv.Charges())

	other := srv.AddStorage(Storage{})
	placed(t, srv, ResizeStorage, object{"backupStorageID": other, "backupStorageCapacity": 200})
	placed(t, srv, RenewStorage, object{"backupStorageID": srv.AddStorage(Storage{}), "cycleType": "month", "cycleCount": 1})
}

func TestResizeAndRenew(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 0, 0, 0, 0, beijing)
	srv := start(t, WithClock(at), WithPolls(Polls{Order: -1}))
	storage := srv.AddStorage(Storage{CapacityGB: 100, Expires: at.AddDate(0, 1, 0)})
	listed := func() map[string]any {
		return items(t, call(t, srv, "query-storage-backup", map[string]any{"backupStorageID": storage}), "backupStorageList")[0]
	}
	resize := map[string]any{"backupStorageID": storage, "backupStorageCapacity": 100}
	require.Equal(t, "Backup.Storage.CapacityInvalid", refusal(t, srv, "resize-storage-backup", resize).Error)
	resize["backupStorageCapacity"] = 250
	placed(t, srv, "resize-storage-backup", resize)
	require.Equal(t, "250 G", listed()["backupStorageCapacity"])

	renew := map[string]any{"backupStorageID": storage, "cycleType": "month", "cycleCount": 2}
	placed(t, srv, "renew-storage-backup", renew)
	require.Equal(t, "2026-05-03 00:00:00", listed()["backupStorageExpireTime"], "two months after the old expiry")

	srv.Advance(365 * 24 * time.Hour)
	require.Equal(t, "Expire", listed()["backupStorageStatusCode"])
	require.Equal(t, "Backup.Storage.NotAvailable", refusal(t, srv, "resize-storage-backup", resize).Error)
	placed(t, srv, "renew-storage-backup", renew)
	require.Equal(t, "Available", listed()["backupStorageStatusCode"])
	require.Equal(t, "2027-03-31 00:00:00", listed()["backupStorageExpireTime"], "two months from now on")
	require.Empty(t, items(t, call(t, srv, "query-storage-backup", map[string]any{"backupStorageStatus": "Expire"}), "backupStorageList"))
}

func TestPeriodsOfSubscriptions(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 15, 8, 0, 0, 0, beijing)
	for name, tt := range map[string]struct {
		cycle map[string]any
		want  string
	}{
		"a month":       {object{"cycleType": "month", "cycleCount": 1}, "2026-04-15 08:00:00"},
		"eleven months": {object{"cycleType": "month", "cycleCount": 11}, "2027-02-15 08:00:00"},
		"a year":        {object{"cycleType": "year", "cycleCount": 1}, "2027-03-15 08:00:00"},
		"three years":   {object{"cycleType": "year", "cycleCount": 3}, "2029-03-15 08:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated(), WithClock(at), WithPolls(Polls{Order: -1}))
			create := vault("vault", "")
			maps.Copy(create, tt.cycle)
			placed(t, srv, CreateStorage, create)
			listed := items(t, call(t, srv, ListStorages, nil), "backupStorageList")[0]
			require.Equal(t, []any{"2026-03-15 08:00:00", tt.want}, []any{listed["backupStorageCreatTime"], listed["backupStorageExpireTime"]})
		})
	}
}

func TestRepositoryPutIntoExpireIsExpired(t *testing.T) {
	t.Parallel()
	srv := start(t, WithPolls(Polls{Order: -1}))
	storage := srv.AddStorage(Storage{})
	srv.SetStatus(storage, "Expire")
	status := func() any {
		return items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")[0]["backupStorageStatusCode"]
	}
	resize := map[string]any{"backupStorageID": storage, "backupStorageCapacity": 200}
	require.Equal(t, "Backup.Storage.NotAvailable", refusal(t, srv, "resize-storage-backup", resize).Error)
	placed(t, srv, "renew-storage-backup", map[string]any{"backupStorageID": storage, "cycleType": "month", "cycleCount": 1})
	require.Equal(t, "Available", status())

	srv.SetStatus(storage, "Expire")
	unsubscribe := map[string]any{"backupStorageID": storage}
	srv.FailNext(OrderJob, "")
	placed(t, srv, "refund-storage-backup", unsubscribe)
	require.Equal(t, "Expire", status(), "not unsubscribed")
	placed(t, srv, "refund-storage-backup", unsubscribe)
	require.Equal(t, "Destorying", status())
	refused := refusal(t, srv, "renew-storage-backup", map[string]any{"backupStorageID": storage, "cycleType": "month", "cycleCount": 1})
	require.Equal(t, "the repository cannot be renewed, it is Destorying", refused.Message)
	require.Equal(t, "the repository cannot be unsubscribed, it is Destorying", refusal(t, srv, "refund-storage-backup", unsubscribe).Message)
}

func TestStorageNamesAreUnique(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	placed(t, srv, "create-storage-backup", vault("vault", "token-1"))
	require.Equal(t, "Backup.Storage.NameDuplicate", refusal(t, srv, "create-storage-backup", vault("vault", "token-2")).Error)
	srv.AddStorage(Storage{Name: "seeded"})
	require.Equal(t, "Backup.Storage.NameDuplicate", refusal(t, srv, "create-storage-backup", vault("seeded", "token-3")).Error)
	require.Equal(t, "Backup.Storage.NotFound", refusal(t, srv, "refund-storage-backup", map[string]any{"backupStorageID": "x"}).Error)
}

func TestOneOrderFromManyGoroutines(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { prepare(srv, "create-storage-backup", vault("vault", "token")).send(t, srv) })
	}
	wg.Wait()
	require.Equal(t, 1, srv.Charges())
	require.Equal(t, 50, srv.Orders()[0].Requests)
	require.Equal(t, 50, srv.Count("create-storage-backup"))
}
