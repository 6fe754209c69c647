package cbrtest

import (
	"maps"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the fake forbids is also forbidden where two things happen at once.

func TestWhatAnAgentWasDoingFailsWithoutIt(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(t *testing.T, srv *Server, agent string){
		"uninstalled": func(t *testing.T, srv *Server, agent string) {
			call(t, srv, UninstallAgent, object{"backupClientID": agent})
		},
		"removed": func(_ *testing.T, srv *Server, agent string) { srv.Remove(agent) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			agent := srv.AddAgent("")
			other := srv.AddHost(Host{})
			srv.AddAgent(other)
			plan := srv.AddPlan(Plan{})
			call(t, srv, OperatePlan, object{"backupPolicyID": plan, "backupPolicyOp": 3})
			call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{HostID: other}), "backupPolicyOp": 3})
			call(t, srv, CreateRestore, object{"backupSnapID": srv.AddSnapshot(Snapshot{PlanID: plan})})
			call(t, srv, CreateRestore, object{"backupSnapID": srv.AddSnapshot(Snapshot{PlanID: plan}), "backupTgtInstanceID": other})
			done := srv.AddTask(Task{PlanID: plan, Status: "Completed"})
			require.Equal(t, []any{"Preparing", "Executing"}, taskStates(t, srv, 2))

			remove(t, srv, agent)
			tasks := items(t, call(t, srv, ListTasks, nil), "backupTaskList")
			require.Equal(t, []any{"Failed", "备份客户端已卸载"}, []any{tasks[0]["backupTaskStatusCode"], tasks[0]["backupTaskErrMsg"]})
			require.Equal(t, "Executing", tasks[1]["backupTaskStatusCode"], "of another host")
			require.Equal(t, []any{done, "Completed"}, []any{tasks[2]["backupTaskID"], tasks[2]["backupTaskStatusCode"]})
			restores := items(t, call(t, srv, ListRestores, nil), "backupRestoreList")
			require.Equal(t, []any{"RestoreFail", "备份客户端已卸载"}, []any{restores[0]["backupRestoreStatusCode"], restores[0]["backupRestoreErrMsg"]})
			require.Equal(t, "RestoreCreating", restores[1]["backupRestoreStatusCode"], "to another host")
			require.Len(t, items(t, call(t, srv, ListSnapshots, object{"backupSnapStatus": "Restoring"}), "backupSnapshotList"), 1)
		})
	}
}

func TestRestoreNeedsItsRepository(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddAgent("")
	storage := srv.AddStorage(Storage{})
	first, second := srv.AddSnapshot(Snapshot{}), srv.AddSnapshot(Snapshot{})
	call(t, srv, CreateRestore, object{"backupSnapID": first})
	placed(t, srv, UnsubscribeStorage, object{"backupStorageID": storage})
	for _, status := range []string{"Refing", "Destorying", "Expire"} {
		srv.SetStatus(storage, status)
		refused := refusal(t, srv, CreateRestore, object{"backupSnapID": second})
		require.Equal(t, "Backup.Storage.NotAvailable", refused.Error)
		require.Contains(t, refused.Message, status)
	}
	srv.SetStatus(storage, "Destorying")
	require.Equal(t, []any{"RestoreCreating"}, restoreStates(t, srv, 1))
	for len(items(t, call(t, srv, ListStorages, nil), "backupStorageList")) > 0 {
	}
	require.Equal(t, []any{"RestoreFail"}, restoreStates(t, srv, 1))
	require.Equal(t, "存储库已销毁", items(t, call(t, srv, ListRestores, nil), "backupRestoreList")[0]["backupRestoreErrMsg"])
	require.Equal(t, "Backup.Snapshot.NotFound", refusal(t, srv, CreateRestore, object{"backupSnapID": second}).Error)
}

func TestTaskNeedsItsRepositoryAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"Refing", "Destorying", "Expire", "gone"} {
		srv := start(t, WithPolls(Polls{Task: 1}))
		storage := srv.AddStorage(Storage{})
		srv.AddTask(Task{PlanID: srv.AddPlan(Plan{StorageID: storage})})
		require.Equal(t, []any{"Preparing"}, taskStates(t, srv, 1))
		if !srv.SetStatus(storage, status) || status == "gone" {
			srv.Remove(storage)
		}
		require.Equal(t, []any{"Failed"}, taskStates(t, srv, 1), status)
		require.Equal(t, "存储库不可用", items(t, call(t, srv, ListTasks, nil), "backupTaskList")[0]["backupTaskErrMsg"])
		require.Empty(t, items(t, call(t, srv, ListSnapshots, nil), "backupSnapshotList"))
	}
}

func TestSnapshotIsRestoringUntilItsLastRestoreEnds(t *testing.T) {
	t.Parallel()
	srv := start(t, WithPolls(Polls{Restore: 2, Cancel: -1}))
	srv.AddAgent("")
	snapshot := srv.AddSnapshot(Snapshot{})
	status := func() any { return items(t, call(t, srv, ListSnapshots, nil), "backupSnapshotList")[0]["statusCode"] }
	first := call(t, srv, CreateRestore, object{"backupSnapID": snapshot})["backupRestoreID"].(string)
	second := srv.AddRestore(Restore{SnapshotID: snapshot})
	third := srv.AddRestore(Restore{SnapshotID: snapshot, Status: "RestoreRunning"})
	srv.AddRestore(Restore{SnapshotID: snapshot, Status: "RestoreCompleted"})
	require.Equal(t, "Restoring", status())

	poll := func(id string) any {
		return items(t, call(t, srv, ListRestores, object{"backupRestoreID": id}), "backupRestoreList")[0]["backupRestoreStatusCode"]
	}
	for poll(second) != "RestoreCompleted" {
	}
	require.Equal(t, "Restoring", status(), "two are left")
	call(t, srv, CancelRestore, object{"backupRestoreID": first})
	require.Equal(t, "Restoring", status())
	require.Equal(t, "Canceled", poll(first))
	require.Equal(t, "Restoring", status(), "one is left")
	srv.SetStatus(third, "RestoreFail")
	require.Equal(t, "Available", status())

	srv.SetStatus(third, "RestoreRunning")
	srv.SetStatus(third, "RestoreCreating")
	require.Equal(t, "Restoring", status(), "it begins anew")
	srv.Remove(third)
	require.Equal(t, "Available", status())
	call(t, srv, CreateRestore, object{"backupSnapID": snapshot})

	spoilt := srv.AddSnapshot(Snapshot{Status: "NotAvailable"})
	srv.SetStatus(srv.AddRestore(Restore{SnapshotID: spoilt}), "RestoreFail")
	require.Equal(t, "NotAvailable", items(t, call(t, srv, ListSnapshots, object{"queryContent": spoilt}), "backupSnapshotList")[0]["statusCode"])
}

func TestScopesOfRestores(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		params map[string]any
		want   []any
	}{
		"in place":              {nil, []any{"/etc", "/var"}},
		"all":                   {object{"backupRestoreFuncType": 0}, []any{"/etc", "/var"}},
		"some":                  {object{"backupRestoreFuncType": 1, "backupRestoreFileList": []string{"/etc/hosts"}}, []any{"/etc/hosts"}},
		"all but some":          {object{"backupRestoreFuncType": 2, "backupRestoreFileList": []string{"/etc/hosts"}}, []any{"/etc", "/var"}},
		"to a directory":        {object{"backupTgtDir": "/restored"}, []any{"/restored"}},
		"some, to a directory":  {object{"backupTgtDir": "/r", "backupRestoreFuncType": 1, "backupRestoreFileList": []string{"/etc/hosts"}}, []any{"/r"}},
		"to an empty directory": {object{"backupTgtDir": ""}, []any{"/etc", "/var"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			srv.AddAgent("")
			params := object{"backupSnapID": srv.AddSnapshot(Snapshot{PlanID: srv.AddPlan(Plan{Dirs: []string{"/etc", "/var"}})})}
			maps.Copy(params, tt.params)
			call(t, srv, CreateRestore, params)
			restore := items(t, call(t, srv, ListRestores, nil), "backupRestoreList")[0]
			require.Equal(t, tt.want, restore["backupRestoreTargetPaths"])
			require.Equal(t, []any{"/etc", "/var"}, restore["backupPaths"])
		})
	}
}

func TestFiltersOfRestores(t *testing.T) {
	t.Parallel()
	srv := start(t)
	db, metal := srv.AddHost(Host{ID: "h-db", Name: "db"}), srv.AddHost(Host{ID: "h-metal", Name: "metal", SourceType: "CT-DPS"})
	web := srv.AddHost(Host{ID: "h-web", Name: "web"})
	dbCopy := srv.AddSnapshot(Snapshot{ID: "n-db", Name: "db-copy", HostID: db})
	webCopy := srv.AddSnapshot(Snapshot{ID: "n-web", Name: "web-copy", HostID: web})
	metalCopy := srv.AddSnapshot(Snapshot{ID: "n-metal", Name: "metal-copy", HostID: metal})
	srv.AddRestore(Restore{ID: "r-1", SnapshotID: dbCopy, Status: "RestoreCompleted"})
	srv.AddRestore(Restore{ID: "r-2", SnapshotID: dbCopy, HostID: web, Status: "RestoreFail"})
	srv.AddRestore(Restore{ID: "r-3", SnapshotID: webCopy, HostID: db, Status: "RestoreCreateFail"})
	srv.AddRestore(Restore{ID: "r-4", SnapshotID: metalCopy, Status: "RestoreCompleted"})
	for name, tt := range map[string]struct {
		params map[string]any
		want   []any
	}{
		"all":                   {nil, []any{"r-1", "r-2", "r-3"}},
		"by ID":                 {object{"backupRestoreID": "r-2"}, []any{"r-2"}},
		"part of an ID":         {object{"backupRestoreID": "r"}, nil},
		"by the source host":    {object{"backupSrcInstanceID": db}, []any{"r-1", "r-2"}},
		"not by the target":     {object{"backupSrcInstanceID": web}, []any{"r-3"}},
		"no such host":          {object{"backupSrcInstanceID": "h"}, nil},
		"by state":              {object{"backupRestoreStatus": "RestoreFail"}, []any{"r-2"}},
		"by another state":      {object{"backupRestoreStatus": "RestoreCreateFail"}, []any{"r-3"}},
		"by a state of none":    {object{"backupRestoreStatus": "RestoreRunning"}, nil},
		"search for an ID":      {object{"queryContent": "r-3"}, []any{"r-3"}},
		"for a copy":            {object{"queryContent": "web-copy"}, []any{"r-3"}},
		"for the ID of a copy":  {object{"queryContent": "n-db"}, []any{"r-1", "r-2"}},
		"for a host":            {object{"queryContent": "web"}, []any{"r-2", "r-3"}},
		"for the ID of a host":  {object{"queryContent": "h-web"}, []any{"r-3"}},
		"for nothing there":     {object{"queryContent": "nothing"}, nil},
		"host and state":        {object{"backupSrcInstanceID": db, "backupRestoreStatus": "RestoreCompleted"}, []any{"r-1"}},
		"bare metal":            {object{"sourceType": "CT-DPS"}, []any{"r-4"}},
		"bare metal, not cloud": {object{"sourceType": "CT-DPS", "isCloud": "false"}, []any{"r-4"}},
		"on premises":           {object{"isCloud": "false"}, nil},
		"cloud":                 {object{"isCloud": "true"}, []any{"r-1", "r-2", "r-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			obj := call(t, srv, ListRestores, tt.params)
			var got []any
			for _, r := range items(t, obj, "backupRestoreList") {
				got = append(got, r["backupRestoreID"])
			}
			require.Equal(t, tt.want, got)
			require.EqualValues(t, len(tt.want), obj["backupRestoreCount"])
		})
	}
}

// Commands about a thing of another kind of hosts than the request says do not find it.
func TestSourceTypes(t *testing.T) {
	t.Parallel()
	srv := start(t)
	metal := srv.AddHost(Host{SourceType: "CT-DPS"})
	local := srv.AddHost(Host{SourceType: "CT-LS"})
	for _, host := range []string{srv.HostID, metal, local} {
		srv.AddAgent(host)
	}
	plan := srv.AddPlan(Plan{HostID: metal})
	snapshot := srv.AddSnapshot(Snapshot{PlanID: plan})
	for operation, tt := range map[string]struct {
		params map[string]any
		code   string
	}{
		CreateRestore:  {object{"backupSnapID": snapshot}, "Backup.Snapshot.NotFound"},
		CancelRestore:  {object{"backupRestoreID": srv.AddRestore(Restore{SnapshotID: srv.AddSnapshot(Snapshot{PlanID: plan})})}, "Backup.Restore.NotFound"},
		CancelTask:     {object{"backupTaskID": srv.AddTask(Task{PlanID: plan})}, "Backup.Task.NotFound"},
		OperatePlan:    {object{"backupPolicyID": plan, "backupPolicyOp": 3}, "Backup.Policy.NotFound"},
		DeleteResource: {object{"backupObjectID": srv.AddSnapshot(Snapshot{PlanID: plan})}, "Backup.Resource.NotFound"},
		DeletePlan:     {object{"backupPolicyID": srv.AddPlan(Plan{HostID: metal})}, "Backup.Policy.NotFound"},
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			for _, other := range []map[string]any{nil, {"sourceType": "CT-ECS"}, {"sourceType": "CT-LS"}, {"isCloud": false}, {"isCloud": true}} {
				params := maps.Clone(tt.params)
				maps.Copy(params, other)
				require.Equal(t, tt.code, refusal(t, srv, operation, params).Error, "%v", other)
			}
			params := maps.Clone(tt.params)
			params["sourceType"], params["isCloud"] = "CT-DPS", false // as in the examples of the reference
			call(t, srv, operation, params)
		})
	}
	t.Run("target of another kind", func(t *testing.T) {
		t.Parallel()
		params := object{"backupSnapID": srv.AddSnapshot(Snapshot{PlanID: plan}), "backupTgtInstanceID": local, "sourceType": "CT-DPS"}
		require.Equal(t, "Backup.Instance.NotFound", refusal(t, srv, CreateRestore, params).Error)
	})
}

func TestWhereAnAgentCanBeInstalled(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated())
	state := func() []any {
		agent := items(t, call(t, srv, ListAgents, object{"notOnlyInstalled": true}), "backupClientList")[0]
		return []any{agent["backupClientStatus"], agent["backupClientEnableInstall"], agent["backupClientVersion"]}
	}
	require.Equal(t, []any{"NotInstalled", true, ""}, state())
	srv.FailNext(InstallJob, "")
	call(t, srv, InstallAgent, object{"instanceID": srv.HostID})
	require.Equal(t, []any{"Installing", false, "4.2.0"}, state())
	require.Equal(t, []any{"Installing", false, "4.2.0"}, state())
	require.Equal(t, []any{"InstallFail", true, "4.2.0"}, state())
	call(t, srv, InstallAgent, object{"instanceID": srv.HostID})
	for state()[0] != "Activated" {
	}
	require.Equal(t, []any{"Activated", false, "4.2.0"}, state())
	agent := items(t, call(t, srv, ListAgentsByHost, nil), "backupClientList")[0]
	require.Equal(t, false, agent["backupClientEnableInstall"])
}

func TestHostsByDefault(t *testing.T) {
	t.Parallel()
	srv := start(t)
	listed := map[any]map[string]any{}
	full := srv.AddHost(Host{Name: "win", IPs: []string{"10.0.0.1", "10.0.0.2"}, ImageName: "Windows Server 2022", OSType: "windows", OSArch: "arm64"})
	local := srv.AddHost(Host{SourceType: "CT-LS"})
	metal := srv.AddHost(Host{SourceType: "CT-DPS"})
	for range 300 {
		srv.AddHost(Host{})
	}
	for _, source := range []string{"CT-ECS", "CT-LS", "CT-DPS"} {
		for page := range 7 {
			params := object{"notOnlyInstalled": true, "sourceType": source, "pageSize": 50, "pageNo": page + 1}
			for _, agent := range items(t, call(t, srv, ListAgents, params), "backupClientList") {
				listed[agent["instacneID"]] = agent
			}
		}
	}
	require.Len(t, listed, 304)
	of := func(id string) []any {
		a := listed[id]
		return []any{a["instanceName"], a["imageName"], a["osType"], a["osArch"], a["backupClientType"]}
	}
	require.Equal(t, []any{"ecm-demo", "CTyunOS 23.01 64位", "linux", "x86_64", 0.}, of(srv.HostID))
	require.Equal(t, []any{"win", "Windows Server 2022", "windows", "arm64", 0.}, of(full))
	require.Equal(t, []any{"ecm-" + local[:4], "CTyunOS 23.01 64位", "linux", "x86_64", 1.}, of(local))
	require.Equal(t, 3., of(metal)[4])
	require.Equal(t, []any{"10.0.0.1", "10.0.0.2"}, listed[full]["instacneIps"])
	addresses := map[any]bool{}
	for _, agent := range listed {
		address := agent["instacneIps"].([]any)[0]
		require.False(t, addresses[address], "%s twice", address)
		addresses[address] = true
		require.True(t, net.ParseIP(address.(string)) != nil, address)
	}
}

func TestPagesOfAgents(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Remove(srv.HostID)
	for n, want := range map[int]int{0: 0, 1: 1, 9: 1, 10: 1, 11: 2, 20: 2, 21: 3} {
		for i := srv.state.agents.len(); i > n; i-- {
			for a := range srv.state.agents.all() {
				srv.Remove(a.id)
				break
			}
		}
		for srv.state.agents.len() < n {
			srv.AddAgent(srv.AddHost(Host{}))
		}
		require.EqualValues(t, want, call(t, srv, ListAgentsByHost, nil)["totalPage"], "%d agents", n)
		require.EqualValues(t, min(n, 1), call(t, srv, ListAgentsByHost, object{"pageSize": 50})["totalPage"])
		require.EqualValues(t, n, call(t, srv, ListAgentsByHost, object{"pageSize": 1})["totalPage"])
	}
}

func TestOnlyThePageThatIsReadIsPolled(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated(), WithPolls(Polls{Install: 1}))
	call(t, srv, InstallAgent, object{"instanceID": srv.HostID})
	call(t, srv, InstallAgent, object{"instanceID": srv.AddHost(Host{})})
	status := func(operation string, number int) any {
		return items(t, call(t, srv, operation, object{"pageSize": 1, "pageNo": number}), "backupClientList")[0]["backupClientStatus"]
	}
	for _, operation := range []string{ListAgents, ListAgentsByHost} {
		require.Equal(t, "Installing", status(operation, 1))
		require.Equal(t, "Activated", status(operation, 1))
		require.Equal(t, "Installing", status(operation, 2))
		for id := range srv.state.agents.at {
			srv.SetStatus(id, "Installing")
		}
	}
}

func TestSeedsActivateTheService(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]func(*Server){
		"agent":      func(srv *Server) { srv.AddAgent("") },
		"repository": func(srv *Server) { srv.AddStorage(Storage{}) },
		"plan":       func(srv *Server) { srv.AddPlan(Plan{StorageID: "gone"}) },
		"fleet":      func(srv *Server) { srv.AddFleet(Fleet{}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			install := object{"instanceID": srv.AddHost(Host{})}
			require.Equal(t, "Backup.Service.NotActivated", refusal(t, srv, InstallAgent, install).Error)
			add(srv)
			call(t, srv, InstallAgent, install)
		})
	}
}

func TestProgressOfRestores(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddRestore(Restore{})
	var got []any
	for range 6 {
		r := items(t, call(t, srv, ListRestores, nil), "backupRestoreList")[0]
		got = append(got, []any{r["backupRestorePercent"], r["backupRestoreDoneFileCount"], r["backupRestoreDoneTime"] != nil, r["backupRestoreErrMsg"]})
	}
	require.Equal(t, []any{
		[]any{0., 0., false, ""}, []any{25., 128., false, ""}, []any{50., 256., false, ""}, []any{75., 384., false, ""},
		[]any{100., 512., true, "恢复成功"}, []any{100., 512., true, "恢复成功"},
	}, got)
}

func TestTimesFollowTheClockOfTheState(t *testing.T) {
	t.Parallel()
	srv := start(t, WithClock(time.Date(2026, 6, 1, 2, 0, 0, 0, beijing)), WithPolls(Polls{Task: 1, Restore: 1}))
	srv.AddAgent("")
	call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{Name: "nightly"}), "backupPolicyOp": 3})
	call(t, srv, CreateRestore, object{"backupSnapID": srv.AddSnapshot(Snapshot{Name: "old"})})
	call(t, srv, ListTasks, nil)
	call(t, srv, ListRestores, nil)
	srv.Advance(90 * time.Second)
	task := items(t, call(t, srv, ListTasks, nil), "backupTaskList")[0]
	require.Equal(t, []any{"2026-06-01 02:00:00", "2026-06-01 02:01:30"}, []any{task["backupTaskStartTime"], task["backupTaskDoneTime"]})
	restore := items(t, call(t, srv, ListRestores, nil), "backupRestoreList")[0]
	require.Equal(t, []any{"2026-06-01 02:00:00", "2026-06-01 02:01:30", "2026-06-01 02:01:30"},
		[]any{restore["backupRestoreStartTime"], restore["backupRestoreDoneTime"], restore["backupRestoreCompleteTime"]})
	copied := items(t, call(t, srv, ListSnapshots, object{"queryContent": "nightly-2026"}), "backupSnapshotList")[0]
	require.Equal(t, []any{"nightly-20260601020000", "2026-06-01 02:00:00", "2026-06-01 02:01:30"},
		[]any{copied["snapName"], copied["createTimeDesc"], copied["finishTimeDesc"]})
}

func TestProgressOfTasks(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddTask(Task{})
	var got []any
	for range 6 {
		r := items(t, call(t, srv, ListTasks, nil), "backupTaskList")[0]
		got = append(got, []any{r["backupTaskPercent"], r["backupFileCount"], r["backupTaskRate"], r["backupTaskDoneTime"] != nil})
	}
	require.Equal(t, []any{
		[]any{0., 0., "0 KB/s", false}, []any{25., 128., "209.28 KB/s", false}, []any{50., 256., "221.78 KB/s", false},
		[]any{75., 384., "234.28 KB/s", false}, []any{100., 512., "0 KB/s", true}, []any{100., 512., "0 KB/s", true},
	}, got)
}

func TestRenamedHost(t *testing.T) {
	t.Parallel()
	srv := start(t)
	host := srv.AddHost(Host{Name: "before"})
	agent := srv.AddAgent(host)
	plan := srv.AddPlan(Plan{HostID: host})
	srv.AddTask(Task{PlanID: plan})
	require.Equal(t, host, srv.AddHost(Host{ID: host, Name: "after"}))
	require.Equal(t, agent, srv.AddAgent(host))
	for operation, names := range map[string][2]string{
		ListAgents: {"backupClientList", "instanceName"},
		ListPlans:  {"backupPolicyList", "backupSrcInstanceName"},
		ListTasks:  {"backupTaskList", "backupSrcInstanceName"},
	} {
		require.Equal(t, "after", items(t, call(t, srv, operation, nil), names[0])[0][names[1]], operation)
	}
	call(t, srv, OperatePlan, object{"backupPolicyID": plan, "backupPolicyOp": 3})
}

func TestSeededPlans(t *testing.T) {
	t.Parallel()
	srv := start(t, WithClock(time.Date(2026, 6, 1, 0, 0, 0, 0, beijing)))
	for name, tt := range map[string]struct {
		plan                     Plan
		period, retention, limit string
		says                     []any
	}{
		"by default": {Plan{},
			`{"rule": 1, "day": null, "hour": "02:00"}`, `{"type": 1, "value": 30, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}}`,
			`{"isLimitQos": null, "rateLimits": null}`, []any{"每天 02:00", "保留30天"}},
		"daily at midnight": {Plan{Schedule: &Schedule{Rule: Daily}, Retention: &Retention{Type: KeepWeeks, Value: 2}},
			`{"rule": 1, "day": null, "hour": "00:00"}`, `{"type": 2, "value": 2, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}}`,
			`{"isLimitQos": null, "rateLimits": null}`, []any{"每天 00:00", "保留2周"}},
		"weekly": {Plan{Schedule: &Schedule{Rule: Weekly, Day: 6, Hour: 23}, Retention: &Retention{Type: KeepMonths, Value: 3, Day: 7, Year: 1}},
			`{"rule": 2, "day": 6, "hour": "23:00"}`, `{"type": 3, "value": 3, "hasConf": true, "conf": {"day": 7, "week": 0, "month": 0, "year": 1}}`,
			`{"isLimitQos": null, "rateLimits": null}`, []any{"每周六 23:00", "保留3个月"}},
		"monthly, with limits": {Plan{
			Schedule: &Schedule{Rule: Monthly, Day: 31, Hour: 5}, Retention: &Retention{Type: KeepForever}, Limits: []Limit{{9, 18, 10}, {18, 24, 50}},
		},
			`{"rule": 3, "day": 31, "hour": "05:00"}`, `{"type": -1, "value": null, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}}`,
			`{"isLimitQos": true, "rateLimits": [{"start": 9, "stop": 18, "uploadMb": 10}, {"start": 18, "stop": 24, "uploadMb": 50}]}`, []any{"每月31日 05:00", "永久保留"}},
		"hourly, as nobody says": {Plan{Schedule: &Schedule{Rule: Hourly}, Retention: &Retention{Type: -4, Week: 1, Month: 2}},
			`{"rule": 0, "day": null, "hour": "00:00"}`, `{"type": -4, "value": null, "hasConf": true, "conf": {"day": 0, "week": 1, "month": 2, "year": 0}}`,
			`{"isLimitQos": null, "rateLimits": null}`, []any{"每小时", "未知"}},
		"out of range": {Plan{Schedule: &Schedule{Rule: Weekly, Day: -1, Hour: 99}, Retention: &Retention{Type: KeepYears, Value: -5}},
			`{"rule": 2, "day": -1, "hour": "99:00"}`, `{"type": 4, "value": -5, "hasConf": false, "conf": {"day": 0, "week": 0, "month": 0, "year": 0}}`,
			`{"isLimitQos": null, "rateLimits": null}`, []any{"每周六 99:00", "保留-5年"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := srv.AddPlan(tt.plan)
			plan := items(t, call(t, srv, ListPlans, object{"backupPolicyID": id}), "backupPolicyList")[0]
			raw := plan["backupRaw"].(object)
			require.JSONEq(t, tt.period, toJSON(raw["periodInfo"]))
			require.JSONEq(t, tt.retention, toJSON(raw["retentionInfo"]))
			require.JSONEq(t, tt.limit, toJSON(raw["limitQosInfo"]))
			require.Equal(t, tt.says, []any{plan["periodDesc"], plan["retentionDesc"]})
		})
	}
}

func TestPlansOfAHost(t *testing.T) {
	t.Parallel()
	srv := start(t)
	host := srv.AddHost(Host{})
	first, second := srv.AddPlan(Plan{HostID: host}), srv.AddPlan(Plan{HostID: host})
	of := func(snapshot string) any {
		return items(t, call(t, srv, ListSnapshots, object{"queryContent": snapshot}), "backupSnapshotList")[0]["backupPolicyID"]
	}
	require.Equal(t, first, of(srv.AddSnapshot(Snapshot{HostID: host})))
	srv.AddPlan(Plan{ID: first, HostID: srv.HostID}) // now of another host
	require.Equal(t, second, of(srv.AddSnapshot(Snapshot{HostID: host})))
	require.Equal(t, first, of(srv.AddSnapshot(Snapshot{HostID: srv.HostID})))
	srv.Remove(second)
	made := of(srv.AddSnapshot(Snapshot{HostID: host}))
	require.False(t, slices.Contains([]any{first, second}, made), "a new one")
}
