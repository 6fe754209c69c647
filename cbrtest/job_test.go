package cbrtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// states reads a list a number of times and returns the state of its first item at each, "" if there was none.
func states(t *testing.T, srv *Server, reads int, operation, list, member string) []any {
	t.Helper()
	var out []any
	for range reads {
		found := items(t, call(t, srv, operation, nil), list)
		if len(found) == 0 {
			out = append(out, "")
			continue
		}
		out = append(out, found[0][member])
	}
	return out
}

func agentStates(t *testing.T, srv *Server, reads int) []any {
	t.Helper()
	return states(t, srv, reads, "client-by-instance-backup", "backupClientList", "backupClientStatus")
}

func taskStates(t *testing.T, srv *Server, reads int) []any {
	t.Helper()
	return states(t, srv, reads, "query-task-backup", "backupTaskList", "backupTaskStatusCode")
}

func restoreStates(t *testing.T, srv *Server, reads int) []any {
	t.Helper()
	return states(t, srv, reads, "query-restore-backup", "backupRestoreList", "backupRestoreStatusCode")
}

func TestInstallAndUninstall(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	install := map[string]any{"instanceID": srv.HostID}
	require.Equal(t, "Backup.Instance.NotFound", refusal(t, srv, "install-client-backup", map[string]any{"instanceID": "x"}).Error)
	require.Equal(t, true, call(t, srv, "install-client-backup", install)["installStatus"])
	require.Equal(t, "Backup.Client.Installing", refusal(t, srv, "install-client-backup", install).Error)
	require.Equal(t, []any{"Installing", "Installing", "Activated", "Activated"}, agentStates(t, srv, 4))
	require.Equal(t, "Backup.Client.AlreadyExists", refusal(t, srv, "install-client-backup", install).Error)

	found := items(t, call(t, srv, "info-client-backup", nil), "backupClientList")[0]
	require.Equal(t, srv.HostID, found["instacneID"])
	uninstall := map[string]any{"backupClientID": found["backupClientID"]}
	require.Equal(t, true, call(t, srv, "uninstall-client-backup", uninstall)["UninstallStatus"])
	require.Equal(t, "Backup.Client.NotFound", refusal(t, srv, "uninstall-client-backup", uninstall).Error)
	require.Equal(t, []any{""}, agentStates(t, srv, 1))
}

func TestFailedInstall(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	install := map[string]any{"instanceID": srv.HostID}
	srv.FailNext(InstallJob, "磁盘空间不足")
	call(t, srv, "install-client-backup", install)
	require.Equal(t, []any{"Installing", "Installing", "InstallFail", "InstallFail"}, agentStates(t, srv, 4))
	agent := items(t, call(t, srv, "info-client-backup", nil), "backupClientList")[0]
	require.Contains(t, agent["backupClientDesc"], "磁盘空间不足")
	call(t, srv, "install-client-backup", install)
	require.Equal(t, []any{"Installing", "Installing", "Activated"}, agentStates(t, srv, 3))
}

func TestAgentLists(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Remove(srv.HostID)
	for i := range 25 {
		srv.AddAgent(srv.AddHost(Host{ID: fmt.Sprintf("host-%02d", i), Name: fmt.Sprintf("web-%02d", i)}))
	}
	metal := srv.AddHost(Host{ID: "metal-1", SourceType: "CT-DPS"})
	srv.AddAgent(metal)
	srv.AddHost(Host{ID: "bare-1"})
	for name, tt := range map[string]struct {
		operation    string
		params       map[string]any
		items, total int
		first        string
	}{
		"first page":        {"info-client-backup", nil, 10, 25, "host-00"},
		"last page":         {"info-client-backup", object{"pageNo": 3}, 5, 25, "host-20"},
		"page of fifty":     {"info-client-backup", object{"pageSize": 50}, 25, 25, "host-00"},
		"beyond the end":    {"info-client-backup", object{"pageNo": 9}, 0, 25, ""},
		"the last number":   {"info-client-backup", object{"pageNo": 1<<31 - 1, "pageSize": 50}, 0, 25, ""},
		"by name":           {"info-client-backup", object{"queryContent": "web-07"}, 1, 1, "host-07"},
		"by ID":             {"info-client-backup", object{"queryContent": "host-1"}, 10, 10, "host-10"},
		"bare metal":        {"info-client-backup", object{"sourceType": "CT-DPS"}, 1, 1, "metal-1"},
		"on premises":       {"info-client-backup", object{"isCloud": false}, 0, 0, ""},
		"not installed too": {"info-client-backup", object{"notOnlyInstalled": true, "pageNo": 3}, 6, 26, "host-20"},
		"one not installed": {"info-client-backup", object{"notOnlyInstalled": true, "queryContent": "bare"}, 1, 1, "bare-1"},
		"hosts":             {"client-by-instance-backup", object{"backupSrcInstanceID": "host-03,metal-1,none"}, 2, 2, "host-03"},
		"host without":      {"client-by-instance-backup", object{"backupSrcInstanceID": "bare-1"}, 0, 0, ""},
		"hosts, paged":      {"client-by-instance-backup", object{"pageSize": 4, "pageNo": 7}, 2, 26, "host-24"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := call(t, srv, tt.operation, tt.params)
			list := items(t, obj, "backupClientList")
			require.Len(t, list, tt.items)
			require.EqualValues(t, tt.total, obj["backupClientTotal"])
			if tt.items > 0 {
				require.Equal(t, tt.first, list[0]["instacneID"])
			}
			if obj["totalPage"] != nil {
				require.EqualValues(t, tt.items, obj["currentCount"])
				require.EqualValues(t, tt.total, obj["totalCount"])
			}
		})
	}
}

// planned starts a server with an agent and a plan, and returns the parameters that run it.
func planned(t *testing.T, opts ...Option) (*Server, map[string]any) {
	t.Helper()
	srv := start(t, opts...)
	srv.AddAgent("")
	return srv, map[string]any{"backupPolicyID": srv.AddPlan(Plan{Name: "nightly", Dirs: []string{"/data", "/etc"}}), "backupPolicyOp": 3}
}

func TestTaskLeavesASnapshot(t *testing.T) {
	t.Parallel()
	srv, run := planned(t)
	id := call(t, srv, "action-backup-policy", run)["backupTaskID"]
	require.NotEmpty(t, id)
	var percent []any
	var task map[string]any
	for range 5 {
		task = items(t, call(t, srv, "query-task-backup", nil), "backupTaskList")[0]
		require.Equal(t, id, task["backupTaskID"])
		percent = append(percent, fmt.Sprint(task["backupTaskStatusCode"], " ", task["backupTaskPercent"]))
	}
	require.Equal(t, []any{"Preparing 0", "Executing 25", "Executing 50", "Executing 75", "Completed 100"}, percent)
	require.Equal(t, "备份成功", task["backupTaskErrMsg"])
	require.Equal(t, []any{"/data", "/etc"}, task["backupPaths"])

	snapshots := items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList")
	require.Len(t, snapshots, 1)
	require.Equal(t, task["backupSnapID"], snapshots[0]["backupSnapID"])
	require.Equal(t, task["backupSnapName"], snapshots[0]["snapName"])
	require.EqualValues(t, 1, snapshots[0]["backupMode"], "the first is a full one")
	require.Equal(t, "98.35", items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")[0]["backupStorageFreeCapacity"])
}

func TestFullAndIncremental(t *testing.T) {
	t.Parallel()
	srv, run := planned(t, WithPolls(Polls{Task: -1}))
	plan := prepare(srv, "update-backup-policy", map[string]any{
		"backupPolicyID": run["backupPolicyID"], "backupPolicyName": "nightly", "directType": 0,
		"backupPeriodInfo": object{"rule": 0}, "backupRetentionInfo": object{"type": -1},
		"backupFullInfo": object{"backupMode": 1, "incrementNum": 2},
	})
	require.Equal(t, 800, plan.send(t, srv).StatusCode)
	for i := range 6 {
		run["backupMode"] = i / 5 // the last one is asked to be full
		call(t, srv, "action-backup-policy", run)
		call(t, srv, "query-task-backup", nil)
	}
	var modes, newest []any
	for _, n := range items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList") {
		modes, newest = append(modes, n["backupMode"]), append(newest, n["backupSnapIsNew"])
	}
	require.Equal(t, []any{1., 0., 0., 1., 0., 1.}, modes)
	require.Equal(t, []any{false, false, false, false, false, true}, newest)
}

func TestFailedTask(t *testing.T) {
	t.Parallel()
	srv, run := planned(t)
	srv.FailNext(TaskJob, "磁盘读取错误")
	call(t, srv, "action-backup-policy", run)
	require.Equal(t, []any{"Preparing", "Executing", "Executing", "Executing", "Failed", "Failed"}, taskStates(t, srv, 6))
	task := items(t, call(t, srv, "query-task-backup", nil), "backupTaskList")[0]
	require.Equal(t, "磁盘读取错误", task["backupTaskErrMsg"])
	require.Empty(t, task["backupSnapID"])
	require.Empty(t, items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList"))
}

func TestTaskNeedsRoom(t *testing.T) {
	t.Parallel()
	srv := start(t, WithPolls(Polls{Task: -1}))
	srv.AddAgent("")
	srv.AddStorage(Storage{CapacityGB: 100, UsedBytes: 99 * gigabyte})
	call(t, srv, "action-backup-policy", map[string]any{"backupPolicyID": srv.AddPlan(Plan{}), "backupPolicyOp": 3})
	require.Equal(t, []any{"Failed"}, taskStates(t, srv, 1))
}

func TestCanceledTask(t *testing.T) {
	t.Parallel()
	srv, run := planned(t)
	cancel := map[string]any{"backupTaskID": call(t, srv, "action-backup-policy", run)["backupTaskID"]}
	require.Equal(t, []any{"Preparing", "Executing"}, taskStates(t, srv, 2))
	require.Equal(t, cancel["backupTaskID"], call(t, srv, "cancel-task-backup", cancel)["backupTaskID"])
	require.Equal(t, "Backup.Task.StatusInvalid", refusal(t, srv, "cancel-task-backup", cancel).Error)
	require.Equal(t, []any{"Canceling", "Canceled", "Canceled"}, taskStates(t, srv, 3))
	require.Equal(t, "Backup.Task.NotFound", refusal(t, srv, "cancel-task-backup", map[string]any{"backupTaskID": "x"}).Error)
}

func TestOnlyTasksThatAreReadMoveOn(t *testing.T) {
	t.Parallel()
	srv := start(t)
	first, second := srv.AddTask(Task{}), srv.AddTask(Task{Status: "Executing"})
	for range 3 {
		list := items(t, call(t, srv, "query-task-backup", map[string]any{"queryContent": first}), "backupTaskList")
		require.Len(t, list, 1)
	}
	list := items(t, call(t, srv, "query-task-backup", map[string]any{"queryContent": second}), "backupTaskList")
	require.Equal(t, "Executing", list[0]["backupTaskStatusCode"])
	require.Equal(t, 0., list[0]["backupTaskPercent"])
	list = items(t, call(t, srv, "query-task-backup", map[string]any{"backupTaskStatus": "Executing"}), "backupTaskList")
	require.Len(t, list, 2)
}

func TestRestore(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddAgent("")
	snapshot := srv.AddSnapshot(Snapshot{})
	restore := map[string]any{"backupSnapID": snapshot, "backupTgtDir": "/restored"}
	id := call(t, srv, "create-restore-backup", restore)["backupRestoreID"]
	require.Equal(t, "Backup.Snapshot.NotAvailable", refusal(t, srv, "create-restore-backup", restore).Error)
	require.Equal(t, "Backup.Resource.InUse", refusal(t, srv, "delete-resources-backup", map[string]any{"backupObjectID": snapshot}).Error)
	require.Equal(t,
		[]any{"RestoreCreating", "RestoreRunning", "RestoreRunning", "RestoreRunning", "RestoreCompleted"},
		restoreStates(t, srv, 5))
	got := items(t, call(t, srv, "query-restore-backup", map[string]any{"backupRestoreID": id}), "backupRestoreList")[0]
	require.Equal(t, []any{"/restored"}, got["backupRestoreTargetPaths"])
	require.Equal(t, srv.HostID, got["backupTargetInstanceID"])
	require.Equal(t, 100., got["backupRestorePercent"])
	require.Len(t, items(t, call(t, srv, "query-backup-snapshot", map[string]any{"backupSnapStatus": "Available"}), "backupSnapshotList"), 1)
	require.Equal(t, "Backup.Restore.StatusInvalid", refusal(t, srv, "cancel-restore-backup", map[string]any{"backupRestoreID": id}).Error)
}

func TestRestoresThatDoNotComplete(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		job    Job
		cancel bool
		want   []any
	}{
		"fails":              {RestoreJob, false, []any{"RestoreCreating", "RestoreRunning", "RestoreRunning", "RestoreRunning", "RestoreFail"}},
		"fails to be made":   {RestoreCreateJob, false, []any{"RestoreCreating", "RestoreCreateFail", "RestoreCreateFail"}},
		"is cancelled first": {RestoreJob, true, []any{"RestoreCanceling", "Canceled", "Canceled"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			srv.AddAgent("")
			snapshot := srv.AddSnapshot(Snapshot{})
			srv.FailNext(tt.job, "目标磁盘已满")
			id := call(t, srv, "create-restore-backup", map[string]any{"backupSnapID": snapshot})["backupRestoreID"]
			if tt.cancel {
				call(t, srv, "cancel-restore-backup", map[string]any{"backupRestoreID": id})
			}
			require.Equal(t, tt.want, restoreStates(t, srv, len(tt.want)))
			require.Equal(t, "Available", items(t, call(t, srv, "query-backup-snapshot", nil), "backupSnapshotList")[0]["statusCode"])
			call(t, srv, "create-restore-backup", map[string]any{"backupSnapID": snapshot})
		})
	}
}

func TestSeededJobsFailToo(t *testing.T) {
	t.Parallel()
	srv := start(t, WithPolls(Polls{Task: 1, Restore: 1}))
	srv.FailNext(TaskJob, "磁盘读取错误")
	srv.FailNext(RestoreJob, "目标磁盘已满")
	srv.AddTask(Task{ID: "over", Status: "Completed", Message: "好"})
	srv.AddTask(Task{ID: "first"})
	srv.AddTask(Task{ID: "second", Status: "Executing"})
	srv.AddRestore(Restore{ID: "over", Status: "RestoreCompleted"})
	srv.AddRestore(Restore{ID: "first"})
	call(t, srv, "query-task-backup", nil)
	call(t, srv, "query-restore-backup", nil)
	ends := map[any]any{}
	for _, task := range items(t, call(t, srv, "query-task-backup", nil), "backupTaskList") {
		ends[task["backupTaskID"]] = fmt.Sprint(task["backupTaskStatusCode"], " ", task["backupTaskErrMsg"])
	}
	require.Equal(t, map[any]any{"over": "Completed 好", "first": "Failed 磁盘读取错误", "second": "Completed 备份成功"}, ends)
	ends = map[any]any{}
	for _, restore := range items(t, call(t, srv, "query-restore-backup", nil), "backupRestoreList") {
		ends[restore["backupRestoreID"]] = fmt.Sprint(restore["backupRestoreStatusCode"], " ", restore["backupRestoreErrMsg"])
	}
	require.Equal(t, map[any]any{"over": "RestoreCompleted ", "first": "RestoreFail 目标磁盘已满"}, ends)
}

func TestRestoreTargets(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddAgent("")
	without, with := srv.AddHost(Host{}), srv.AddHost(Host{})
	srv.AddAgent(with)
	snapshot := srv.AddSnapshot(Snapshot{})
	for target, code := range map[string]string{without: "Backup.Client.NotActivated", "x": "Backup.Instance.NotFound"} {
		params := map[string]any{"backupSnapID": snapshot, "backupTgtInstanceID": target}
		require.Equal(t, code, refusal(t, srv, "create-restore-backup", params).Error)
	}
	require.Equal(t, "Backup.Snapshot.NotFound", refusal(t, srv, "create-restore-backup", map[string]any{"backupSnapID": "x"}).Error)
	call(t, srv, "create-restore-backup", map[string]any{"backupSnapID": snapshot, "backupTgtInstanceID": with})
}

func TestPlans(t *testing.T) {
	t.Parallel()
	srv := start(t)
	storage := srv.AddStorage(Storage{})
	create := map[string]any{
		"backupPolicyName": "weekly", "backupSrcInstanceID": srv.HostID, "backupStorageID": storage, "directType": 2,
		"backupFileInfo":      object{"dirs": []string{"/data"}, "files": []string{"/etc/hosts"}, "rule": 1},
		"backupPeriodInfo":    object{"rule": 2, "day": 0, "hour": 2},
		"backupRetentionInfo": object{"type": 2, "value": 4, "hasConf": true, "conf": object{"day": 7, "year": 1}},
		"backupFullInfo":      object{"backupMode": 1, "incrementNum": 6},
		"backupLimitQosInfo":  object{"isLimitQos": true, "rateLimits": []object{{"start": 8, "stop": 20, "uploadMb": 50}}},
	}
	require.Equal(t, "Backup.Client.NotActivated", refusal(t, srv, "new-backup-policy", create).Error)
	srv.AddAgent("")
	require.Equal(t, "success", call(t, srv, "new-backup-policy", create)["status"])

	plan := items(t, call(t, srv, "query-backup-policy", nil), "backupPolicyList")[0]
	require.JSONEq(t, `{
		"periodInfo": {"rule": 2, "day": 0, "hour": "02:00"},
		"fileInfo": {"dirs": ["/data"], "files": ["/etc/hosts"], "rule": 1},
		"retentionInfo": {"type": 2, "value": 4, "hasConf": true, "conf": {"day": 7, "week": 0, "month": 0, "year": 1}},
		"fullInfo": {"backupMode": 1, "incrementNum": 6},
		"limitQosInfo": {"isLimitQos": true, "rateLimits": [{"start": 8, "stop": 20, "uploadMb": 50}]}
	}`, toJSON(plan["backupRaw"]))
	require.Equal(t, "每周日 02:00", plan["periodDesc"])
	require.Equal(t, "保留4周", plan["retentionDesc"])
	require.Equal(t, "/data", plan["backupDirs"], "directories alone")
	require.Equal(t, "正常运行", plan["statusDesc"])
	call(t, srv, "action-backup-policy", object{"backupPolicyID": plan["backupPolicyID"], "backupPolicyOp": 3})
	task := items(t, call(t, srv, "query-task-backup", nil), "backupTaskList")[0]
	require.Equal(t, []any{"/etc/hosts", "/data"}, task["backupPaths"], "files first")

	update := map[string]any{
		"backupPolicyID": plan["backupPolicyID"], "backupPolicyName": "hourly", "directType": 0,
		"backupPeriodInfo": object{"rule": 0}, "backupRetentionInfo": object{"type": -1},
	}
	require.Equal(t, "success", call(t, srv, "update-backup-policy", update)["status"])
	plan = items(t, call(t, srv, "query-backup-policy", nil), "backupPolicyList")[0]
	require.Equal(t, "hourly", plan["backupPolicyName"])
	raw, _ := plan["backupRaw"].(map[string]any)
	require.Nil(t, raw["fileInfo"])
	require.Equal(t, "/", plan["backupDirs"])
	require.Equal(t, object{"backupMode": 1., "incrementNum": 6.}, raw["fullInfo"], "what an update leaves out stays")
	require.NotNil(t, raw["limitQosInfo"].(object)["rateLimits"])
	require.Equal(t, "每小时永久保留", fmt.Sprint(plan["periodDesc"], plan["retentionDesc"]))

	for op, want := range map[int]string{2: "Stop", 1: "CreateSuccess"} {
		call(t, srv, "action-backup-policy", map[string]any{"backupPolicyID": plan["backupPolicyID"], "backupPolicyOp": op})
		require.Len(t, items(t, call(t, srv, "query-backup-policy", map[string]any{"backupPolicyStatus": want}), "backupPolicyList"), 1)
	}
	call(t, srv, "refund-backup-policy", map[string]any{"backupPolicyID": plan["backupPolicyID"]})
	for _, operation := range []string{"refund-backup-policy", "update-backup-policy"} {
		require.Equal(t, "Backup.Policy.NotFound", refusal(t, srv, operation, prepared(operation, update)).Error)
	}
}

func TestStoredFormOfWhatWasNotGiven(t *testing.T) {
	t.Parallel()
	srv, params := seeded(t)
	for name, tt := range map[string]struct{ give, want string }{
		"nothing": {`{}`, `{
			"periodInfo": {"rule": 0, "day": null, "hour": "00:00"},
			"fileInfo": null,
			"retentionInfo": {"type": -1, "value": null, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}},
			"fullInfo": {"backupMode": 0, "incrementNum": 10},
			"limitQosInfo": {"isLimitQos": null, "rateLimits": null}
		}`},
		"parts": {`{
			"backupPeriodInfo": {"rule": 3, "day": 31, "hour": 23}, "backupRetentionInfo": {"type": -4},
			"backupFullInfo": {"backupMode": 1}, "backupLimitQosInfo": {"isLimitQos": false}
		}`, `{
			"periodInfo": {"rule": 3, "day": 31, "hour": "23:00"},
			"fileInfo": null,
			"retentionInfo": {"type": -4, "value": null, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}},
			"fullInfo": {"backupMode": 1, "incrementNum": 10},
			"limitQosInfo": {"isLimitQos": false, "rateLimits": null}
		}`},
		"other parts": {`{
			"backupFullInfo": {"incrementNum": 0}, "backupLimitQosInfo": {"isLimitQos": 1, "rateLimits": []},
			"backupRetentionInfo": {"type": 4, "value": 2, "hasConf": true, "conf": {}}
		}`, `{
			"periodInfo": {"rule": 0, "day": null, "hour": "00:00"},
			"fileInfo": null,
			"retentionInfo": {"type": 4, "value": 2, "hasConf": true, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}},
			"fullInfo": {"backupMode": 0, "incrementNum": 0},
			"limitQosInfo": {"isLimitQos": true, "rateLimits": []}
		}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			create := maps.Clone(params["new-backup-policy"])
			create["backupPolicyName"], create["backupPeriodInfo"] = name, object{"rule": 0}
			require.NoError(t, json.Unmarshal([]byte(tt.give), &create))
			call(t, srv, "new-backup-policy", create)
			listed := items(t, call(t, srv, "query-backup-policy", object{"queryContent": name}), "backupPolicyList")
			for _, plan := range listed {
				if plan["backupPolicyName"] == name {
					require.JSONEq(t, tt.want, toJSON(plan["backupRaw"]))
				}
			}
		})
	}
}

func TestTextsOfStates(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for _, tt := range []struct{ operation, list, id, code, text, state, want string }{
		{"query-task-backup", "backupTaskList", "t", "backupTaskStatusCode", "backupTaskStatus", "Completed", "执行完成"},
		{"query-task-backup", "backupTaskList", "t", "backupTaskStatusCode", "backupTaskStatus", "Failed", "执行失败"},
		{"query-task-backup", "backupTaskList", "t", "backupTaskStatusCode", "backupTaskStatus", "Executing", "执行中"},
		{"query-task-backup", "backupTaskList", "t", "backupTaskStatusCode", "backupTaskStatus", "Unheard", "未知"},
		{"query-restore-backup", "backupRestoreList", "r", "backupRestoreStatusCode", "backupRestoreStatus", "RestoreCreateFail", "创建失败"},
		{"query-restore-backup", "backupRestoreList", "r", "backupRestoreStatusCode", "backupRestoreStatus", "RestoreRunning", "执行中"},
		{"query-restore-backup", "backupRestoreList", "r", "backupRestoreStatusCode", "backupRestoreStatus", "RestoreCompleted", "执行完成"},
		{"query-restore-backup", "backupRestoreList", "r", "backupRestoreStatusCode", "backupRestoreStatus", "RestoreFail", "执行失败"},
		{"query-restore-backup", "backupRestoreList", "r", "backupRestoreStatusCode", "backupRestoreStatus", "Unheard", "未知"},
		{"query-backup-policy", "backupPolicyList", "p", "statusCode", "statusDesc", "CreateSuccess", "正常运行"},
	} {
		srv.AddPlan(Plan{ID: "p"})
		srv.AddTask(Task{ID: "t"})
		srv.AddRestore(Restore{ID: "r"})
		if tt.want == "执行中" { // only the first poll of what begins shows another state
			call(t, srv, tt.operation, nil)
		}
		srv.SetStatus(tt.id, tt.state)
		item := items(t, call(t, srv, tt.operation, nil), tt.list)[0]
		require.Equal(t, []any{tt.state, tt.want}, []any{item[tt.code], item[tt.text]})
	}
	srv.AddTask(Task{ID: "first"})
	srv.AddRestore(Restore{ID: "first"})
	tasks := items(t, call(t, srv, "query-task-backup", object{"queryContent": "first"}), "backupTaskList")
	require.Equal(t, "执行准备中", tasks[0]["backupTaskStatus"])
	restores := items(t, call(t, srv, "query-restore-backup", object{"backupRestoreID": "first"}), "backupRestoreList")
	require.Equal(t, "创建中", restores[0]["backupRestoreStatus"])
	require.Equal(t, "单az", items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")[0]["multiAz"])
}

// prepared returns those of the parameters that the operation has.
func prepared(operation string, params map[string]any) map[string]any {
	out := map[string]any{}
	for _, p := range endpoints[operation].params {
		if v, ok := params[p.name]; ok {
			out[p.name] = v
		}
	}
	return out
}

func TestPlanNeedsWhatItUses(t *testing.T) {
	t.Parallel()
	srv, params := seeded(t)
	base := params["new-backup-policy"]
	metal := srv.AddHost(Host{SourceType: "CT-DPS"})
	srv.AddAgent(metal)
	expired := srv.AddStorage(Storage{Expires: time.Now().Add(-time.Hour)})
	for name, tt := range map[string]struct {
		change map[string]any
		code   string
	}{
		"unknown host":       {object{"backupSrcInstanceID": "x"}, "Backup.Instance.NotFound"},
		"other kind of host": {object{"backupSrcInstanceID": metal}, "Backup.Instance.NotFound"},
		"unknown repository": {object{"backupStorageID": "x"}, "Backup.Storage.NotFound"},
		"expired repository": {object{"backupStorageID": expired}, "Backup.Storage.NotAvailable"},
		"bare metal":         {object{"backupSrcInstanceID": metal, "sourceType": "CT-DPS"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := object{}
			for _, m := range []map[string]any{base, tt.change} {
				for k, v := range m {
					changed[k] = v
				}
			}
			if tt.code == "" {
				call(t, srv, "new-backup-policy", changed)
				return
			}
			require.Equal(t, tt.code, refusal(t, srv, "new-backup-policy", changed).Error)
		})
	}
}

func TestRunNeedsAnActiveAgent(t *testing.T) {
	t.Parallel()
	srv := start(t)
	run := map[string]any{"backupPolicyID": srv.AddPlan(Plan{Stopped: true}), "backupPolicyOp": 3}
	require.Equal(t, "Backup.Client.NotActivated", refusal(t, srv, "action-backup-policy", run).Error)
	srv.AddAgent("")
	require.NotEmpty(t, call(t, srv, "action-backup-policy", run)["backupTaskID"])
}

func TestSnapshotFiltersAndDeletion(t *testing.T) {
	t.Parallel()
	srv := start(t)
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, beijing)
	nightly, weekly := srv.AddPlan(Plan{Name: "nightly"}), srv.AddPlan(Plan{Name: "weekly"})
	last := srv.AddSnapshot(Snapshot{PlanID: nightly, Created: at.AddDate(0, 0, 2)})
	first := srv.AddSnapshot(Snapshot{PlanID: nightly, Created: at, Incremental: true})
	srv.AddSnapshot(Snapshot{PlanID: weekly, Created: at, Status: "NotAvailable", Name: "by-hand"})
	list := func(params map[string]any) []map[string]any {
		obj := call(t, srv, "query-backup-snapshot", params)
		found := items(t, obj, "backupSnapshotList")
		require.EqualValues(t, len(found), obj["backupSnapshotTotal"])
		return found
	}
	for name, tt := range map[string]struct {
		params map[string]any
		want   int
	}{
		"all":          {nil, 3},
		"by plan":      {object{"backupPolicyID": nightly}, 2},
		"by plan name": {object{"backupPolicyName": "week"}, 1},
		"by state":     {object{"backupSnapStatus": "NotAvailable"}, 1},
		"by ID":        {object{"queryContent": first}, 1},
		"by name":      {object{"queryContent": "hand"}, 1},
		"by host":      {object{"backupSrcInstanceID": srv.HostID}, 3},
		"other host":   {object{"backupSrcInstanceID": "x"}, 0},
		"other source": {object{"sourceType": "CT-LS"}, 0},
	} {
		require.Len(t, list(tt.params), tt.want, name)
	}
	newest := func() (ids []any) {
		for _, n := range list(map[string]any{"backupPolicyID": nightly}) {
			if n["backupSnapIsNew"] == true {
				ids = append(ids, n["backupSnapID"])
			}
		}
		return ids
	}
	require.Equal(t, []any{last}, newest())
	require.Equal(t, "success", call(t, srv, "delete-resources-backup", map[string]any{"backupObjectID": last})["status"])
	require.Equal(t, []any{first}, newest())
	require.Equal(t, "Backup.Resource.NotFound", refusal(t, srv, "delete-resources-backup", map[string]any{"backupObjectID": last}).Error)
}

func TestDeletedSnapshotMakesRoom(t *testing.T) {
	t.Parallel()
	srv, run := planned(t, WithPolls(Polls{Task: -1}))
	free := func() any {
		return items(t, call(t, srv, "query-storage-backup", nil), "backupStorageList")[0]["backupStorageFreeCapacity"]
	}
	before := free()
	call(t, srv, "action-backup-policy", run)
	task := items(t, call(t, srv, "query-task-backup", nil), "backupTaskList")[0]
	require.NotEqual(t, before, free())
	call(t, srv, "delete-resources-backup", map[string]any{"backupObjectID": task["backupSnapID"]})
	require.Equal(t, before, free())
}
