package cbrtest

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seeded starts a server in which everything exists, and returns valid parameters of every operation for it.
func seeded(t testing.TB, opts ...Option) (*Server, map[string]map[string]any) {
	srv := start(t, opts...)
	host := srv.AddHost(Host{})
	agent := srv.AddAgent("")
	storage := srv.AddStorage(Storage{Name: "vault"})
	plan := srv.AddPlan(Plan{Name: "nightly", Dirs: []string{"/data"}})
	snapshot := srv.AddSnapshot(Snapshot{})
	other := srv.AddSnapshot(Snapshot{})
	task := srv.AddTask(Task{})
	restore := srv.AddRestore(Restore{SnapshotID: snapshot})
	planned := object{
		"backupPolicyName": "weekly", "directType": 0, "backupPeriodInfo": object{"rule": 2, "day": 0, "hour": 2},
		"backupRetentionInfo": object{"type": -1},
	}
	with := func(more map[string]any) map[string]any {
		out := maps.Clone(planned)
		maps.Copy(out, more)
		return out
	}
	order := call(t, srv, "open-service-backup", nil)
	return srv, map[string]map[string]any{
		"query-uuid":                {"masterOrderId": order["masterOrderID"]},
		"list-regions":              {},
		"open-service-backup":       {"clientToken": "token-1"},
		"install-client-backup":     {"instanceID": host},
		"info-client-backup":        {},
		"uninstall-client-backup":   {"backupClientID": agent},
		"client-by-instance-backup": {"backupSrcInstanceID": srv.HostID},
		"create-storage-backup":     {"clientToken": "token-2", "backupStorageName": "vault-2", "backupStorageCapacity": 100, "cycleType": "month", "cycleCount": 1},
		"query-storage-backup":      {},
		"resize-storage-backup":     {"clientToken": "token-3", "backupStorageID": storage, "backupStorageCapacity": 200},
		"renew-storage-backup":      {"clientToken": "token-4", "backupStorageID": storage, "cycleType": "year", "cycleCount": 1},
		"refund-storage-backup":     {"clientToken": "token-5", "backupStorageID": storage},
		"new-backup-policy":         with(object{"backupSrcInstanceID": srv.HostID, "backupStorageID": storage}),
		"query-backup-policy":       {},
		"action-backup-policy":      {"backupPolicyID": plan, "backupPolicyOp": 3},
		"update-backup-policy":      with(object{"backupPolicyID": plan}),
		"refund-backup-policy":      {"backupPolicyID": plan},
		"query-task-backup":         {},
		"cancel-task-backup":        {"backupTaskID": task},
		"create-restore-backup":     {"backupSnapID": other},
		"query-restore-backup":      {},
		"cancel-restore-backup":     {"backupRestoreID": restore},
		"query-backup-snapshot":     {},
		"delete-resources-backup":   {"backupObjectID": other},
	}
}

func TestAnswersHoldEveryDocumentedField(t *testing.T) {
	t.Parallel()
	for _, op := range contract(t) {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			srv, params := seeded(t, InMemory())
			r := prepare(srv, op.Name, params[op.Name]).send(t, srv)
			if slices.Contains([]string{CreateStorage, ResizeStorage, RenewStorage, UnsubscribeStorage}, op.Name) {
				require.Equal(t, 900, r.StatusCode, r.Raw)
				require.Equal(t, codeInProgress, r.Error)
			} else {
				require.Equal(t, 800, r.StatusCode, r.Raw)
				require.Equal(t, "SUCCESS", r.Message)
				require.Equal(t, "成功", r.Description)
				require.Empty(t, r.Error+r.ErrorCode)
			}
			require.NotNil(t, r.Details)
			require.Equal(t, "application/json;charset=UTF-8", r.Header.Get("Content-Type"))
			requireFields(t, op.Name, op.Response, r.ReturnObj)
		})
	}
}

// requireFields asserts that an object has exactly the fields, each of its type.
func requireFields(t *testing.T, path string, fields []member, obj map[string]any) {
	t.Helper()
	var names []string
	for _, f := range fields {
		if f.Name == "instanceIps" || f.Name == "instanceID" && obj["instacneID"] != nil {
			continue // agents have the misspelt names alone, as in the examples of the reference
		}
		names = append(names, f.Name)
		if f.Null && obj[f.Name] == nil {
			continue
		}
		requireType(t, path+"."+f.Name, f, obj[f.Name])
	}
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(obj)), path)
}

func requireType(t *testing.T, path string, f member, v any) {
	t.Helper()
	types := map[string]any{"string": "", "time": "", "boolean": true, "integer": 1., "number": 1., "object": object{}, "string[]": []any{}, "object[]": []any{}}
	require.IsType(t, types[f.Type], v, path)
	switch f.Type {
	case "time":
		require.Regexp(t, `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`, v, path)
	case "integer":
		require.Equal(t, math.Trunc(v.(float64)), v, path)
	case "object":
		if f.Fields != nil {
			requireFields(t, path, f.Fields, v.(object))
		}
	case "string[]", "object[]":
		f.Type = strings.TrimSuffix(f.Type, "[]")
		require.True(t, f.Type == "string" || len(v.([]any)) > 0, "%s is empty", path)
		for _, item := range v.([]any) {
			requireType(t, path, f, item)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	srv := start(t, WithClock(time.Date(2026, 6, 13, 17, 30, 5, 0, time.UTC)))
	srv.AddAgent("")
	srv.AddStorage(Storage{CapacityGB: 112})
	srv.AddSnapshot(Snapshot{})
	storage := items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")[0]
	require.Equal(t, "112 G", storage["backupStorageCapacity"])
	require.Equal(t, "112.00", storage["backupStorageFreeCapacity"])
	require.Equal(t, "2026-06-14 01:30:05", storage["backupStorageCreatTime"], "Beijing time")
	require.Equal(t, "2027-06-14 01:30:05", storage["backupStorageExpireTime"])
	snapshot := items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList")[0]
	require.Equal(t, "1.65GB", snapshot["backupSnapSize"])
	srv.AddTask(Task{})
	call(t, srv, "query-task-backup", nil)
	task := items(t, call(t, srv, "query-task-backup", nil), "backupTaskList")[0]
	require.Equal(t, "209.28 KB/s", task["backupTaskRate"])
	require.Nil(t, task["backupTaskDoneTime"])
}

func TestRegions(t *testing.T) {
	t.Parallel()
	srv := start(t, WithRegion("region-1"))
	all := items(t, call(t, srv, "list-regions", nil), "regionList")
	require.Len(t, all, 3)
	require.Equal(t, "region-1", all[0]["regionID"])
	require.Equal(t, true, all[0]["openapiAvailable"])
	one := items(t, call(t, srv, "list-regions", map[string]any{"regionName": "西南1"}), "regionList")
	require.Len(t, one, 1)
	require.Empty(t, items(t, call(t, srv, "list-regions", map[string]any{"regionName": "x"}), "regionList"))

	west := start(t, WithRegion(all[1]["regionID"].(string)))
	all = items(t, call(t, west, "list-regions", nil), "regionList")
	require.Len(t, all, 2, "the region of the server is listed once")
	require.Equal(t, true, all[0]["openapiAvailable"])
}
