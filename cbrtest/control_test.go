package cbrtest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLag(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		make       func(t *testing.T, srv *Server)
		list, item string
		params     map[string]any
		state      string // of the first poll that shows it
		first      any
	}{
		"plan": {func(t *testing.T, srv *Server) {
			create := object{
				"backupPolicyName": "late", "backupSrcInstanceID": srv.HostID, "backupStorageID": srv.AddStorage(Storage{}), "directType": 0,
				"backupPeriodInfo": object{"rule": 0}, "backupRetentionInfo": object{"type": -1},
			}
			call(t, srv, CreatePlan, create)
		}, ListPlans, "backupPolicyList", object{"backupPolicyName": "late"}, "statusCode", "CreateSuccess"},
		"task": {func(t *testing.T, srv *Server) {
			call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{}), "backupPolicyOp": 3})
		}, ListTasks, "backupTaskList", nil, "backupTaskStatusCode", "Preparing"},
		"restore": {func(t *testing.T, srv *Server) {
			call(t, srv, CreateRestore, object{"backupSnapID": srv.AddSnapshot(Snapshot{})})
		}, ListRestores, "backupRestoreList", nil, "backupRestoreStatusCode", "RestoreCreating"},
		"repository": {func(t *testing.T, srv *Server) {
			order := placed(t, srv, CreateStorage, vault("late", ""))["masterOrderID"]
			for orderStatus(t, srv, order) != "3" {
			}
		}, ListStorages, "backupStorageList", object{"queryContent": "late"}, "backupStorageStatusCode", "Available"},
		"agent": {func(t *testing.T, srv *Server) {
			call(t, srv, InstallAgent, object{"instanceID": srv.AddHost(Host{ID: "late"})})
		}, ListAgentsByHost, "backupClientList", object{"backupSrcInstanceID": "late"}, "backupClientStatus", "Installing"},
		"agent, in the other list": {func(t *testing.T, srv *Server) {
			call(t, srv, InstallAgent, object{"instanceID": srv.AddHost(Host{ID: "late"})})
		}, ListAgents, "backupClientList", object{"queryContent": "late"}, "backupClientStatus", "Installing"},
		"snapshot": {func(t *testing.T, srv *Server) {
			srv.state.polls.Task = 0
			srv.AddTask(Task{PlanID: srv.AddPlan(Plan{})})
			require.Equal(t, []any{"Completed"}, taskStates(t, srv, 1))
			require.NotEmpty(t, items(t, call(t, srv, ListTasks, nil), "backupTaskList")[0]["backupSnapID"])
		}, ListSnapshots, "backupSnapshotList", nil, "statusCode", "Available"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated(), WithClock(time.Date(2026, 6, 1, 0, 0, 0, 0, beijing)))
			srv.AddAgent("")
			srv.SetLag(time.Minute)
			tt.make(t, srv)
			for range 5 {
				require.Empty(t, items(t, call(t, srv, tt.list, tt.params), tt.item), "not yet, however often it is polled")
			}
			srv.Advance(time.Minute - 1)
			require.Empty(t, items(t, call(t, srv, tt.list, tt.params), tt.item))
			srv.Advance(1)
			listed := items(t, call(t, srv, tt.list, tt.params), tt.item)
			require.Len(t, listed, 1)
			require.Equal(t, tt.first, listed[0][tt.state], "polls that did not show it did not move it")

			srv.SetLag(0)
			srv.Remove(srv.HostID)
		})
	}
}

func TestLagOfWhatIsThere(t *testing.T) {
	t.Parallel()
	srv := start(t, WithClock(time.Date(2026, 6, 1, 0, 0, 0, 0, beijing)))
	srv.SetLag(time.Hour)
	srv.AddAgent("")
	plan := srv.AddPlan(Plan{})
	srv.AddTask(Task{PlanID: plan})
	srv.AddRestore(Restore{SnapshotID: srv.AddSnapshot(Snapshot{})})
	for operation, list := range map[string]string{
		ListAgents: "backupClientList", ListPlans: "backupPolicyList", ListTasks: "backupTaskList",
		ListRestores: "backupRestoreList", ListSnapshots: "backupSnapshotList", ListStorages: "backupStorageList",
	} {
		require.Len(t, items(t, call(t, srv, operation, nil), list), 1, "what is added is listed at once")
	}
	task := call(t, srv, OperatePlan, object{"backupPolicyID": plan, "backupPolicyOp": 3})["backupTaskID"]
	require.Equal(t, task, call(t, srv, CancelTask, object{"backupTaskID": task})["backupTaskID"], "it exists before it is listed")
	call(t, srv, DeletePlan, object{"backupPolicyID": plan})
	require.Empty(t, items(t, call(t, srv, ListPlans, nil), "backupPolicyList"), "what is deleted is gone at once")
	srv.SetLag(0)
	second := call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{}), "backupPolicyOp": 3})["backupTaskID"]
	require.Len(t, items(t, call(t, srv, ListTasks, object{"queryContent": second}), "backupTaskList"), 1)
	require.Empty(t, items(t, call(t, srv, ListTasks, object{"queryContent": task}), "backupTaskList"), "still late")
	require.PanicsWithValue(t, "cbrtest: SetLag to -1s: nothing is listed before it is made", func() { srv.SetLag(-time.Second) })
}

func TestLagOfAnAgentInstalledAnew(t *testing.T) {
	t.Parallel()
	srv := start(t, Activated(), WithClock(time.Date(2026, 6, 1, 0, 0, 0, 0, beijing)))
	failed := srv.AddAgent("")
	srv.SetStatus(failed, "InstallFail")
	srv.SetLag(time.Minute)
	call(t, srv, InstallAgent, object{"instanceID": srv.HostID})
	require.Equal(t, []any{"InstallFail", "InstallFail"}, agentStates(t, srv, 2), "as it was")
	all := object{"notOnlyInstalled": true}
	require.Equal(t, failed, items(t, call(t, srv, ListAgents, all), "backupClientList")[0]["backupClientID"])
	require.EqualValues(t, 1, call(t, srv, ListAgents, all)["backupClientTotal"])
	srv.Advance(time.Minute)
	require.Equal(t, []any{"Installing", "Installing", "Activated"}, agentStates(t, srv, 3))
	require.NotEqual(t, failed, items(t, call(t, srv, ListAgents, all), "backupClientList")[0]["backupClientID"])

	late := srv.AddHost(Host{Name: "late"})
	call(t, srv, InstallAgent, object{"instanceID": late})
	listed := items(t, call(t, srv, ListAgents, object{"notOnlyInstalled": true, "queryContent": "late"}), "backupClientList")
	require.Len(t, listed, 1)
	require.Equal(t, "NotInstalled", listed[0]["backupClientStatus"])
}

func TestLagFollowsTheClockOfABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(InMemory(), Activated())
		defer srv.Close()
		srv.AddAgent("")
		srv.SetLag(time.Minute)
		call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{}), "backupPolicyOp": 3})
		time.Sleep(time.Minute - time.Millisecond)
		require.Equal(t, []any{""}, taskStates(t, srv, 1))
		time.Sleep(time.Millisecond)
		require.Equal(t, []any{"Preparing"}, taskStates(t, srv, 1))
	})
}

func TestUnusedFaults(t *testing.T) {
	t.Parallel()
	srv := start(t)
	require.Empty(t, srv.UnusedFaults())
	srv.Inject(ListRegions, Fault{Status: 500, Body: "{}"})
	srv.Inject(ListRegions, Fault{Status: 501, Body: "{}", Times: 3})
	srv.Inject(ListTasks, Fault{Status: 502, Body: "{}", Times: -1})
	srv.Inject(GetOrder, Fault{Status: 503, Body: "{}", Times: -1})
	srv.Inject("", Fault{Conn: CloseOnAccept, Skip: 100})
	for range 2 {
		prepare(srv, ListRegions, nil).send(t, srv)
		prepare(srv, ListTasks, nil).send(t, srv)
	}
	unused := srv.UnusedFaults()
	var says []string
	for _, u := range unused {
		says = append(says, u.String())
	}
	require.Equal(t, []string{
		"fault of list-regions: used 1 of 3 times",
		"fault of query-uuid: used 0 of 1 times",
		"fault of any operation: used 0 of 1 times",
	}, says)
	require.Equal(t, 501, unused[0].Fault.Status)
	require.Equal(t, ListRegions, unused[0].Operation)
	srv.ClearFaults()
	require.Empty(t, srv.UnusedFaults())
}

func TestSkippedRequestsAreNoUse(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Inject(ListRegions, Fault{Status: 500, Body: "{}", Skip: 1})
	require.Equal(t, 200, prepare(srv, ListRegions, nil).send(t, srv).Status)
	require.Zero(t, srv.UnusedFaults()[0].Used)
	require.Equal(t, 500, prepare(srv, ListRegions, nil).send(t, srv).Status)
	require.Empty(t, srv.UnusedFaults())
}
