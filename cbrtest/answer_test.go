package cbrtest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// documented are the fields of every returnObj; those of the items of a list are in braces.
var documented = map[string]string{
	"query-uuid":                "orderStatus resourceType resourceUuid",
	"list-regions":              "regionList{regionID regionName regionCode regionParent regionType isMultiZones zoneList openapiAvailable}",
	"open-service-backup":       "masterOrderID masterResourceStatus regionID resources{" + documentedResource + "} masterResourceID masterOrderNO",
	"install-client-backup":     "installStatus",
	"info-client-backup":        "backupClientList{instacneID instanceID instanceName instacneIps instanceIps backupClientID backupClientVersion backupClientStatus backupClientDesc backupClientUpdateNeed backupClientEnableInstall imageName osType backupClientType backupClientSubType osArch} backupClientTotal",
	"uninstall-client-backup":   "UninstallStatus",
	"client-by-instance-backup": "backupClientList{instacneID instanceID instacneIps instanceIps backupClientID backupClientName backupClientVersion backupClientStatus backupClientDesc backupClientUpdateNeed backupClientEnableInstall imageName osType backupClientType} backupClientTotal currentCount totalCount totalPage",
	"create-storage-backup":     "masterOrderID masterResourceStatus masterOrderNo regionID resources{" + documentedResource + "} masterOrderNO",
	"query-storage-backup":      "backupStorageList{backupStorageID backupStorageName backupStorageCapacity backupStorageFreeCapacity backupStorageStatusDesc backupStorageCreatTime backupStorageExpireTime regionName backupStorageStatusCode multiAz} backupStorageCount",
	"resize-storage-backup":     "masterOrderID masterOrderNO regionID",
	"renew-storage-backup":      "masterOrderID masterOrderNO regionID",
	"refund-storage-backup":     "masterOrderID masterOrderNO regionID",
	"new-backup-policy":         "status msg",
	"query-backup-policy":       "backupPolicyList{backupPolicyID backupDirs backupRaw startTimeDesc backupPolicyName backupSrcInstanceID backupSrcInstanceName backupStorageID backupStorageName periodDesc retentionDesc statusDesc statusCode policyType} backupPolicyTotal",
	"action-backup-policy":      "status msg backupTaskID",
	"update-backup-policy":      "msg status",
	"refund-backup-policy":      "status msg",
	"query-task-backup":         "backupTaskList{backupTaskID backupPolicyName backupSrcInstanceID backupSrcInstanceName backupStorageID backupStorageName backupPaths backupFileCount backupTaskStatus backupTaskStatusCode backupTaskStartTime backupTaskDoneTime backupTaskErrMsg backupTaskPercent backupTaskName backupTaskRate backupSnapID backupSnapName} bakupTaskCount",
	"cancel-task-backup":        "backupTaskID",
	"create-restore-backup":     "backupRestoreID",
	"query-restore-backup":      "backupRestoreList{backupRestoreID backupTgtInstanceID backupTargetInstanceID backupTgtInstanceName backupTargetInstanceName backupRestoreTargetPaths backupPaths backupRestoreDoneFileCount backupRestoreStatus backupRestoreStatusCode backupRestoreStartTime backupRestoreDoneTime backupRestoreCompleteTime backupRestoreErrMsg backupRestoreName backupRestorePercent backupStorageName backupSrcInstanceName backupSrcInstanceID backupSnapID backupSnapName} backupRestoreCount",
	"cancel-restore-backup":     "backupRestoreID",
	"query-backup-snapshot":     "backupSnapshotList{backupPolicyID backupSrcInstanceName backupPolicyName backupSrcInstanceID dirs createTimeDesc finishTimeDesc backupSnapID snapName statusCode statusDesc backupClientVersion backupSnapSize backupSnapIsNew backupMode backupStorageName backupSnapDataSize backupStorageID} backupSnapshotTotal",
	"delete-resources-backup":   "status regionID",
}

const documentedResource = "orderID status isMaster resourceType resourceID masterOrderID masterResourceID itemValue resourceConfig createTime startTime updateTime"

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
	require.Len(t, documented, len(operations))
	for name, fields := range documented {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, params := seeded(t, InMemory())
			r := prepare(srv, name, params[name]).send(t, srv)
			require.Equal(t, 800, r.StatusCode, r.Raw)
			require.Equal(t, "SUCCESS", r.Message)
			require.Equal(t, "成功", r.Description)
			require.Empty(t, r.Error+r.ErrorCode)
			require.NotNil(t, r.Details)
			require.Equal(t, "application/json;charset=UTF-8", r.Header.Get("Content-Type"))
			requireFields(t, fields, r.ReturnObj)
		})
	}
}

// requireFields asserts that an object has exactly the fields, and each of its lists at least one item of which the
// same is true.
func requireFields(t *testing.T, fields string, obj map[string]any) {
	t.Helper()
	var names []string
	for fields != "" {
		end := strings.IndexAny(fields, " {")
		if end < 0 {
			end = len(fields)
		}
		name, rest := fields[:end], fields[end:]
		if inner, after, nested := strings.Cut(strings.TrimPrefix(rest, "{"), "}"); strings.HasPrefix(rest, "{") && nested {
			list := items(t, obj, name)
			require.NotEmpty(t, list, name)
			for _, item := range list {
				requireFields(t, inner, item)
			}
			rest = after
		}
		names = append(names, name)
		fields = strings.TrimSpace(rest)
	}
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(obj)))
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
}
