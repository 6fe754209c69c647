package cbrtest

import (
	"fmt"
	"time"
)

// A Fleet is many hosts with what belongs to them, to be seeded with [Server.AddFleet]. The zero value is one host with
// an agent alone.
type Fleet struct {
	// Hosts is the number of hosts, each with an activated agent; 1 if it is 0. They are named host-00001 and so on,
	// and those of the next fleet go on from there.
	Hosts int
	// SourceType is the kind of hosts; CT-ECS if it is empty.
	SourceType string
	// Plans is the number of plans of each host, named plan-1 and so on. They run daily at two in the morning.
	Plans int
	// Tasks and Snapshots are the number of completed tasks and of copies of each plan: one for each day, the newest of
	// the last time that it was two in the morning.
	Tasks, Snapshots int
	// StorageID is the vault; the first there is if it is empty, and a new one if there is none.
	StorageID string
}

// AddFleet adds hosts with agents, plans, tasks and snapshots, and returns the IDs of the hosts. It activates the
// service. Half a million things take about two seconds and 300 MiB.
func (s *Server) AddFleet(f Fleet) []string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	st := s.state
	st.activated = true
	ids := make([]string, max(f.Hosts, 1))
	for i := range ids {
		st.fleetHosts++
		ids[i] = st.addHost(Host{Name: fmt.Sprintf("host-%05d", st.fleetHosts), SourceType: f.SourceType})
		st.activeAgent(ids[i])
		for n := range f.Plans {
			p := st.addPlan(Plan{Name: fmt.Sprintf("plan-%d", n+1), HostID: ids[i], StorageID: f.StorageID})
			st.addHistory(p, f.Tasks, f.Snapshots)
		}
	}
	return ids
}

// addHistory adds what a plan has left, oldest first: a task and a snapshot for each day.
func (st *state) addHistory(p *plan, tasks, snapshots int) {
	now := st.now().In(beijing)
	last := time.Date(now.Year(), now.Month(), now.Day(), 2, 0, 0, 0, beijing)
	if last.After(now) {
		last = last.AddDate(0, 0, -1)
	}
	p.created = last.AddDate(0, 0, -max(tasks, snapshots))
	for age := max(tasks, snapshots) - 1; age >= 0; age-- {
		began := last.AddDate(0, 0, -age)
		done := began.Add(10 * time.Minute)
		var copied *snapshot
		if age < snapshots {
			copied = st.seedSnapshot(Snapshot{PlanID: p.id, Created: began, Finished: done, Incremental: age < snapshots-1}, "")
		}
		if age < tasks {
			t := st.addTask(Task{PlanID: p.id, Status: taskCompleted, Message: "备份成功", Started: began, Done: done}, "")
			t.snapshot, t.files = copied, 512
		}
	}
}
