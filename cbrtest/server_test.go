package cbrtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// A server that is closed leaves no goroutine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOptions(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := start(t, WithListener(l), WithCredentials("my-ak", "my-sk"), WithRegion("my-region"), Activated())
	require.Equal(t, "http://"+l.Addr().String(), srv.URL)
	require.Equal(t, []string{"my-ak", "my-sk", "my-region"}, []string{srv.AccessKey, srv.SecretKey, srv.RegionID})
	placed(t, srv, "create-storage-backup", vault("vault", ""))
	require.Equal(t, 401, signed{method: "GET", path: "/v4/region/list-regions", ak: "test-ak", sk: "test-sk"}.send(t, srv).Status)
}

func TestOptionsThatAreNilArePassedOver(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, WithRegion("my-region"), nil)
	require.Equal(t, "my-region", srv.RegionID)
}

func TestListenerOnEveryAddress(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	srv := start(t, WithListener(l))
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, srv.URL)
	call(t, srv, "list-regions", nil)
}

func TestInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(InMemory())
		defer srv.Close()
		order := call(t, srv, "open-service-backup", nil)
		time.Sleep(24 * time.Hour)
		require.Equal(t, "14", orderStatus(t, srv, order["masterOrderID"]), "state does not move by itself")
		require.Equal(t, srv.Now(), time.Now())

		_, err := srv.HTTPClient().Get("http://192.0.2.1/")
		require.ErrorContains(t, err, "no such address in memory")
		srv.Close()
		_, err = srv.HTTPClient().Get(srv.URL)
		require.ErrorContains(t, err, "refused")
	})
}

func TestDialInMemoryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newMemListener().dial(ctx, "tcp", memAddr{}.String())
	require.ErrorIs(t, err, context.Canceled)
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 13, 0, 0, 0, 0, time.UTC)
	still := start(t, WithClock(at))
	still.Advance(time.Hour)
	require.Equal(t, at.Add(time.Hour), still.Now())
	moving := start(t)
	moving.Advance(time.Hour)
	require.PanicsWithValue(t, "cbrtest: Advance by -1ns: the clock of the state only moves forward", func() { moving.Advance(-1) })
	moving.Advance(0)
	require.WithinDuration(t, time.Now().Add(time.Hour), moving.Now(), time.Minute)
}

func TestRecord(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	q := prepare(srv, "create-storage-backup", vault("vault", "token"))
	q.id = "request-1"
	q.send(t, srv)
	signed{method: "GET", path: "/v4/region/list-regions", query: "regionNam=x"}.send(t, srv)
	srv.Inject("list-regions", Fault{Conn: CloseAfterRequest, Times: -1})
	_, _, err := try(t.Context(), t, srv, prepare(srv, "list-regions", nil))
	require.Error(t, err)

	got := srv.Requests()
	require.GreaterOrEqual(t, len(got), 3) // a transport may send a GET again
	first := got[0]
	require.Equal(t, "create-storage-backup", first.Operation)
	require.Equal(t, "POST", first.Method)
	require.Equal(t, "/v4/backup/create-storage-backup", first.Path)
	require.Equal(t, q.body, string(first.Body))
	require.Equal(t, "request-1", first.RequestID)
	require.Equal(t, "token", first.ClientToken)
	require.Equal(t, 200, first.Status)
	require.Empty(t, first.Refused)
	require.Equal(t, "application/json", first.Header.Get("Content-Type"))
	require.WithinDuration(t, time.Now(), first.Time, time.Minute)
	require.Equal(t, "regionNam=x", got[1].Query)
	require.Contains(t, got[1].Refused, "regionNam")
	require.Zero(t, got[2].Status)

	first.Header.Set("Content-Type", "changed")
	require.Equal(t, "application/json", srv.Requests()[0].Header.Get("Content-Type"), "what is returned is a copy")
	require.Equal(t, len(got), srv.Count(""))
	require.Equal(t, 1, srv.Count("create-storage-backup"))
	srv.ResetRequests()
	require.Empty(t, srv.Requests())
	require.Zero(t, srv.Count("create-storage-backup"))
}

func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	var rec recorder
	r, err := http.NewRequest("GET", "http://127.0.0.1/", nil)
	require.NoError(t, err)
	for range recordCap + 5 {
		rec.body(rec.begin("x", r), make([]byte, 4))
	}
	rec.body(rec.begin("x", r), make([]byte, maxBody)) // of an operation
	require.LessOrEqual(t, len(rec.requests), recordCap)
	require.Len(t, rec.requests[len(rec.requests)-1].Body, recordBody)
	require.Equal(t, recordCap+6, rec.counts["x"])
}

func TestCountersDoNotGrowWithPaths(t *testing.T) {
	t.Parallel()
	srv := start(t, InMemory())
	for i := range 50 {
		signed{method: "GET", path: fmt.Sprintf("/v4/x/%d", i)}.send(t, srv)
	}
	require.Len(t, srv.recorder.counts, 1)
	require.Equal(t, 50, srv.Count(NoOperation))
	require.Equal(t, 50, srv.Count(""))
}

func TestSetStatusAndRemove(t *testing.T) {
	t.Parallel()
	srv, _ := seeded(t)
	order := srv.Orders()[0].ID
	for operation, what := range map[string]struct{ list, id, status string }{
		"client-by-instance-backup": {"backupClientList", "backupClientID", "backupClientStatus"},
		"query-storage-backup":      {"backupStorageList", "backupStorageID", "backupStorageStatusCode"},
		"query-backup-policy":       {"backupPolicyList", "backupPolicyID", "statusCode"},
		"query-task-backup":         {"backupTaskList", "backupTaskID", "backupTaskStatusCode"},
		"query-restore-backup":      {"backupRestoreList", "backupRestoreID", "backupRestoreStatusCode"},
		"query-backup-snapshot":     {"backupSnapshotList", "backupSnapID", "statusCode"},
	} {
		before := items(t, call(t, srv, operation, nil), what.list)
		id, _ := before[0][what.id].(string)
		require.True(t, srv.SetStatus(id, "Unheard"), operation)
		require.Equal(t, []any{"Unheard", "Unheard"}, states(t, srv, 2, operation, what.list, what.status))
		require.True(t, srv.Remove(id), operation)
		require.Len(t, items(t, call(t, srv, operation, nil), what.list), len(before)-1, operation)
	}
	require.True(t, srv.SetStatus(order, "8"))
	require.Equal(t, "8", orderStatus(t, srv, order))
	require.True(t, srv.Remove(order))
	require.Empty(t, srv.Orders())
	require.True(t, srv.Remove(srv.HostID))
	require.False(t, srv.Remove("x"))
	require.False(t, srv.SetStatus("x", "Failed"))
}

func TestSetStatusBeginsAnew(t *testing.T) {
	t.Parallel()
	srv, run := planned(t, WithPolls(Polls{Task: 2, Restore: 2, Install: 1, Order: 1, Cancel: 1}))
	task := call(t, srv, "action-backup-policy", run)["backupTaskID"].(string)
	require.Equal(t, []any{"Preparing", "Executing", "Completed"}, taskStates(t, srv, 3))
	snapshots := items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList")
	srv.SetStatus(task, "Executing")
	require.Equal(t, []any{"Executing", "Executing", "Completed"}, taskStates(t, srv, 3))
	require.Equal(t, snapshots, items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList"), "one task, one snapshot")
	srv.SetStatus(task, "Canceling")
	require.Equal(t, []any{"Canceling", "Canceled"}, taskStates(t, srv, 2))
	srv.SetStatus(task, "Canceling")
	require.Equal(t, []any{"Canceling", "Canceled"}, taskStates(t, srv, 2))

	restore := srv.AddRestore(Restore{Status: "RestoreFail"})
	srv.SetStatus(restore, "RestoreCreating")
	require.Equal(t, []any{"RestoreCreating", "RestoreRunning", "RestoreCompleted"}, restoreStates(t, srv, 3))
	srv.SetStatus(restore, "RestoreRunning")
	require.Equal(t, []any{"RestoreRunning", "RestoreRunning", "RestoreCompleted"}, restoreStates(t, srv, 3))

	agent := items(t, call(t, srv, "client-by-instance-backup", nil), "backupClientList")[0]["backupClientID"].(string)
	srv.SetStatus(agent, "Installing")
	require.Equal(t, []any{"Installing", "Activated"}, agentStates(t, srv, 2))

	srv.SetStatus(srv.AddStorage(Storage{Name: "old"}), "Destorying")
	old := map[string]any{"queryContent": "old"}
	require.Len(t, items(t, call(t, srv, "query-storage-backup", old), "backupStorageList"), 1)
	require.Empty(t, items(t, call(t, srv, "query-storage-backup", old), "backupStorageList"))

	order := call(t, srv, "open-service-backup", nil)["masterOrderID"].(string)
	for range 2 {
		srv.SetStatus(order, "14")
		require.Equal(t, "14", orderStatus(t, srv, order))
		require.Equal(t, "3", orderStatus(t, srv, order))
	}
}

func TestSeedsKeepWhatTheySay(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 8, 0, 0, 0, beijing)
	srv := start(t)
	require.Equal(t, "h-1", srv.AddHost(Host{ID: "h-1", Name: "web", IPs: []string{"10.0.0.1"}, OSType: "windows"}))
	srv.AddAgent("h-1")
	srv.AddAgent("gone") // of a host that is gone
	require.Equal(t, "s-1", srv.AddStorage(Storage{ID: "s-1", Name: "vault", MultiAZ: true}))
	require.Equal(t, "p-1", srv.AddPlan(Plan{ID: "p-1", Name: "nightly", HostID: "h-1", StorageID: "s-1"}))
	require.Equal(t, "t-1", srv.AddTask(Task{ID: "t-1", Name: "run", PlanID: "p-1", Status: "Completed", Message: "好", Started: at, Done: at}))
	require.Equal(t, "n-1", srv.AddSnapshot(Snapshot{ID: "n-1", Name: "copy", PlanID: "p-1", Created: at, Size: gigabyte, DataSize: 2 * gigabyte}))
	require.Equal(t, "r-1", srv.AddRestore(Restore{ID: "r-1", Name: "back", SnapshotID: "n-1", HostID: "h-1", Dir: "/x", Status: "RestoreCompleted", Started: at, Done: at}))
	require.Equal(t, "r-2", srv.AddRestore(Restore{ID: "r-2", SnapshotID: "n-2"}), "its snapshot is made")
	for _, want := range []struct {
		operation, list string
		fields          map[string]any
	}{
		{"client-by-instance-backup", "backupClientList", object{"instacneID": "h-1", "backupClientName": "web", "instacneIps": []any{"10.0.0.1"}, "osType": "windows"}},
		{"query-storage-backup", "backupStorageList", object{"backupStorageID": "s-1", "backupStorageName": "vault", "multiAz": "多az"}},
		{"query-backup-policy", "backupPolicyList", object{"backupPolicyID": "p-1", "backupPolicyName": "nightly", "backupSrcInstanceID": "h-1", "backupStorageName": "vault"}},
		{"query-task-backup", "backupTaskList", object{"backupTaskID": "t-1", "backupTaskName": "run", "backupTaskPercent": 100., "backupTaskErrMsg": "好", "backupTaskDoneTime": "2026-06-01 08:00:00"}},
		{"query-backup-snapshot", "backupSnapshotList", object{"backupSnapID": "n-1", "snapName": "copy", "backupSnapSize": "1.00GB", "backupSnapDataSize": "2.00GB", "finishTimeDesc": "2026-06-01 08:00:00"}},
		{"query-restore-backup", "backupRestoreList", object{"backupRestoreID": "r-1", "backupRestoreName": "back", "backupRestoreTargetPaths": []any{"/x"}, "backupRestorePercent": 100., "backupSnapID": "n-1"}},
	} {
		got := items(t, call(t, srv, want.operation, nil), want.list)[0]
		for name, v := range want.fields {
			require.Equal(t, v, got[name], name)
		}
	}
}

func TestSeedOfTheSameIDReplaces(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for _, name := range []string{"first", "second"} {
		srv.AddHost(Host{ID: "h-1", Name: name})
		srv.AddAgent("h-1")
		srv.AddStorage(Storage{ID: "s-1", Name: name})
		srv.AddPlan(Plan{ID: "p-1", Name: name, HostID: "h-1"})
		srv.AddTask(Task{ID: "t-1", Name: name})
		srv.AddSnapshot(Snapshot{ID: "n-1", Name: name})
		srv.AddRestore(Restore{ID: "r-1", Name: name, SnapshotID: "n-1"})
	}
	for _, want := range []struct{ operation, list, name string }{
		{"client-by-instance-backup", "backupClientList", "backupClientName"},
		{"query-storage-backup", "backupStorageList", "backupStorageName"},
		{"query-backup-policy", "backupPolicyList", "backupPolicyName"},
		{"query-task-backup", "backupTaskList", "backupTaskName"},
		{"query-backup-snapshot", "backupSnapshotList", "snapName"},
		{"query-restore-backup", "backupRestoreList", "backupRestoreName"},
	} {
		listed := items(t, call(t, srv, want.operation, nil), want.list)
		require.Len(t, listed, 1, want.operation)
		require.Equal(t, "second", listed[0][want.name], want.operation)
	}
	newest := items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList")[0]
	require.Equal(t, true, newest["backupSnapIsNew"])
}

func TestAHostHasOneAgent(t *testing.T) {
	t.Parallel()
	srv := start(t)
	first := srv.AddAgent("")
	srv.SetStatus(first, "InstallFail")
	require.Equal(t, first, srv.AddAgent(srv.HostID))
	srv.AddAgent("late") // before its host
	srv.AddHost(Host{ID: "late", Name: "late-01"})
	listed := items(t, call(t, srv, "info-client-backup", map[string]any{"notOnlyInstalled": true}), "backupClientList")
	var hosts []any
	for _, agent := range listed {
		require.Equal(t, "Activated", agent["backupClientStatus"])
		hosts = append(hosts, agent["instacneID"])
	}
	require.Equal(t, []any{srv.HostID, "late"}, hosts)
	require.Equal(t, "late-01", listed[1]["instanceName"])
}

func TestLongListIsStreamed(t *testing.T) {
	t.Parallel()
	const n = 20_000
	srv := start(t)
	ids := map[string]bool{}
	for range n {
		ids[srv.AddSnapshot(Snapshot{})] = true
	}
	require.Len(t, ids, n, "IDs are unique")
	res, err := srv.HTTPClient().Do(prepare(srv, "query-backup-snapshot", nil).request(t, srv))
	require.NoError(t, err)
	defer res.Body.Close()
	require.EqualValues(t, -1, res.ContentLength, "sent in chunks")

	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.True(t, json.Valid(body))
	for _, id := range regexp.MustCompile(`"backupSnapID":"([^"]+)"`).FindAllSubmatch(body, -1) {
		delete(ids, string(id[1]))
	}
	require.Empty(t, ids)
	require.Contains(t, string(body[len(body)-100:]), fmt.Sprintf(`"backupSnapshotTotal":%d}`, n))
}

func TestSnapshotOfAHost(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddSnapshot(Snapshot{})
	host := srv.AddHost(Host{Name: "db"})
	id := srv.AddSnapshot(Snapshot{HostID: host})
	again := srv.AddSnapshot(Snapshot{HostID: host})
	found := items(t, call(t, srv, "query-backup-snapshot", map[string]any{"queryContent": "db"}), "backupSnapshotList")
	require.Len(t, found, 2)
	require.Equal(t, []any{id, again}, []any{found[0]["backupSnapID"], found[1]["backupSnapID"]})
	require.Equal(t, host, found[0]["backupSrcInstanceID"])
	require.Equal(t, found[0]["backupPolicyID"], found[1]["backupPolicyID"], "one plan for the host")
	require.Len(t, items(t, call(t, srv, "query-backup-policy", nil), "backupPolicyList"), 2)
}

func TestStateIsNotLockedWhileAListIsSent(t *testing.T) {
	t.Parallel()
	srv := start(t, InMemory())
	for range 1000 {
		srv.AddSnapshot(Snapshot{})
	}
	res, err := srv.HTTPClient().Do(prepare(srv, "query-backup-snapshot", nil).request(t, srv))
	require.NoError(t, err)
	defer res.Body.Close() // nothing of it was read
	call(t, srv, "list-regions", nil)
	srv.AddSnapshot(Snapshot{})
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	srv, params := seeded(t)
	var wg sync.WaitGroup
	for name := range endpoints {
		for range 5 {
			wg.Go(func() {
				if r := prepare(srv, name, params[name]).send(t, srv); r.Status != 200 {
					panic(r.Raw)
				}
				srv.Requests()
				srv.Orders()
				srv.AddSnapshot(Snapshot{})
			})
		}
	}
	wg.Wait()
	require.Equal(t, 5*len(endpoints), srv.Count("")-srv.Count("open-service-backup")+5)
}

func TestIDsOfRegions(t *testing.T) {
	t.Parallel()
	first, again, other := start(t), start(t), start(t, WithRegion("region-2"))
	require.Equal(t, first.HostID, again.HostID, "tests can be repeated")
	require.NotEqual(t, first.HostID, other.HostID)
	require.NotEqual(t, first.AddStorage(Storage{}), other.AddStorage(Storage{}))
}

func TestIDsLookLikeUUIDs(t *testing.T) {
	t.Parallel()
	st := newState(defaultConfig())
	for range 100 {
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, st.newID())
	}
}
