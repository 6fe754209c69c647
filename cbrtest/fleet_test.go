package cbrtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFleet(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]time.Time{
		"by day":        time.Date(2026, 6, 13, 15, 0, 0, 0, beijing),
		"at night":      time.Date(2026, 6, 14, 1, 59, 59, 0, beijing),
		"at two":        time.Date(2026, 6, 13, 2, 0, 0, 0, beijing),
		"day of UTC -1": time.Date(2026, 6, 12, 23, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, WithClock(now))
			hosts := srv.AddFleet(Fleet{Hosts: 3, Plans: 2, Snapshots: 4, Tasks: 5})
			require.Len(t, hosts, 3)
			agents := call(t, srv, ListAgents, nil)
			require.EqualValues(t, 3, agents["backupClientTotal"])
			require.Equal(t, "host-00001", items(t, agents, "backupClientList")[0]["instanceName"])
			require.Equal(t, hosts[0], items(t, agents, "backupClientList")[0]["instacneID"])
			require.Equal(t, []any{"Activated", "Activated"}, agentStates(t, srv, 2))
			require.Len(t, items(t, call(t, srv, ListPlans, nil), "backupPolicyList"), 6)
			require.Len(t, items(t, call(t, srv, ListStorages, nil), "backupStorageList"), 1)

			of := object{"backupSrcInstanceID": hosts[1], "queryContent": "plan-2"}
			var snapshots []any
			for _, n := range items(t, call(t, srv, ListSnapshots, of), "backupSnapshotList") {
				snapshots = append(snapshots, []any{n["createTimeDesc"], n["backupMode"], n["backupSnapIsNew"]})
			}
			require.Equal(t, []any{
				[]any{"2026-06-10 02:00:00", 1., false}, []any{"2026-06-11 02:00:00", 0., false},
				[]any{"2026-06-12 02:00:00", 0., false}, []any{"2026-06-13 02:00:00", 0., true},
			}, snapshots)
			tasks := items(t, call(t, srv, ListTasks, of), "backupTaskList")
			require.Len(t, tasks, 5)
			require.Empty(t, tasks[0]["backupSnapID"], "older than the oldest copy")
			require.Equal(t, "plan-2-20260613020000", tasks[4]["backupSnapName"])
			require.Equal(t, "2026-06-13 02:10:00", tasks[4]["backupTaskDoneTime"])
			require.EqualValues(t, 30, call(t, srv, ListTasks, object{"backupTaskStatus": "Completed"})["bakupTaskCount"])

			call(t, srv, OperatePlan, object{"backupPolicyID": srv.AddPlan(Plan{HostID: hosts[0]}), "backupPolicyOp": 3})
		})
	}
}

func TestHostsOfFleetsHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddFleet(Fleet{Hosts: 2})
	srv.AddFleet(Fleet{Hosts: 2, SourceType: "CT-DPS"})
	var names []any
	for _, source := range []string{"CT-ECS", "CT-DPS"} {
		for _, agent := range items(t, call(t, srv, ListAgents, object{"sourceType": source}), "backupClientList") {
			names = append(names, agent["instanceName"])
		}
	}
	require.Equal(t, []any{"host-00001", "host-00002", "host-00003", "host-00004"}, names)
}

func TestFleetOfOne(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.AddFleet(Fleet{SourceType: "CT-DPS"})
	require.EqualValues(t, 1, call(t, srv, ListAgents, object{"sourceType": "CT-DPS"})["backupClientTotal"])
	require.Empty(t, items(t, call(t, srv, ListPlans, object{"sourceType": "CT-DPS"}), "backupPolicyList"))
	first := srv.AddStorage(Storage{})
	second := srv.AddStorage(Storage{})
	srv.AddFleet(Fleet{Plans: 1, Snapshots: 1, StorageID: second})
	require.Empty(t, items(t, call(t, srv, ListSnapshots, object{"backupStorageID": first}), "backupSnapshotList"))
	require.Len(t, items(t, call(t, srv, ListSnapshots, object{"backupStorageID": second}), "backupSnapshotList"), 1)
}

// The copies of a vault that is destroyed go with it, and those of the same plan in another one stay.
func TestCopiesGoWithTheirRepository(t *testing.T) {
	t.Parallel()
	srv := start(t, WithPolls(Polls{Destroy: -1}))
	gone, kept := srv.AddStorage(Storage{}), srv.AddStorage(Storage{})
	plan := srv.AddPlan(Plan{StorageID: gone})
	at := time.Date(2026, 6, 1, 2, 0, 0, 0, beijing)
	srv.AddSnapshot(Snapshot{ID: "a", PlanID: plan, Created: at, StorageID: kept})
	srv.AddSnapshot(Snapshot{ID: "b", PlanID: plan, Created: at.AddDate(0, 0, 1), StorageID: kept})
	srv.AddSnapshot(Snapshot{ID: "c", PlanID: plan, Created: at.AddDate(0, 0, 2)})
	srv.AddSnapshot(Snapshot{ID: "d", PlanID: srv.AddPlan(Plan{StorageID: gone}), Created: at})
	srv.SetStatus(gone, "Destorying")
	require.Len(t, items(t, call(t, srv, ListStorages, nil), "backupStorageList"), 1)
	var left []any
	for _, n := range items(t, call(t, srv, ListSnapshots, nil), "backupSnapshotList") {
		left = append(left, n["backupSnapID"], n["backupSnapIsNew"])
	}
	require.Equal(t, []any{"a", false, "b", true}, left)
}
