package cbrtest

import (
	"cmp"
	"time"
)

// A Job takes its time and may fail, see [Server.FailNext].
type Job int

const (
	// OrderJob is an order of any kind. One that fails ends in orderStatus 5, without effect.
	OrderJob Job = iota
	// InstallJob is the installation of an agent. One that fails leaves the agent in the state InstallFail, out of
	// which it can be installed again.
	InstallJob
	// TaskJob is a backup task. One that fails ends in the state Failed, without a snapshot.
	TaskJob
	// RestoreJob is a restore. One that fails ends in the state RestoreFail.
	RestoreJob
	// RestoreCreateJob is a restore too. One that fails ends in the state RestoreCreateFail, before it ran.
	RestoreCreateJob
)

// FailNext makes the next job of its kind fail, after as many polls as it would otherwise have taken. The message is
// what the service says about it. Calling it several times makes several jobs fail, one after the other. A task or a
// restore that is under way when it is added counts as one that begins.
func (s *Server) FailNext(job Job, message string) {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.failures[job] = append(s.state.failures[job], cmp.Or(message, "失败"))
}

// nextFailure returns why the job that begins now will fail, "" if it will not.
func (st *state) nextFailure(job Job) string {
	messages := st.failures[job]
	if len(messages) == 0 {
		return ""
	}
	st.failures[job] = messages[1:]
	return messages[0]
}

// SetStatus puts the thing that has the ID into a state, given as the wire has it: "Failed" for a task, "14" for an
// order. It may be one that no reference documents. The server moves on from a state such as Executing after as many
// polls as [Polls] says. Every other state stays: an order that is put into "1" waits for payment until it is put into
// "14". Nothing else changes: a task that is put into Completed has no snapshot, and an order that is put into "3" no
// effect. SetStatus reports whether there is such a thing: an agent, a plan, a vault, a task, a restore, a
// snapshot or an order.
func (s *Server) SetStatus(id, status string) bool {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	if a := st.agents.get(id); a != nil {
		a.status, a.left = status, st.polls.Install
	} else if p := st.plans.get(id); p != nil {
		p.status = status
	} else if v := st.storages.get(id); v != nil {
		v.status, v.left = status, st.polls.Destroy
	} else if t := st.tasks.get(id); t != nil {
		t.status, t.polls, t.canceled = status, 0, 0
	} else if r := st.restores.get(id); r != nil {
		r.polls, r.canceled = 0, 0
		r.setStatus(status)
	} else if n := st.snapshots.get(id); n != nil {
		n.Status = status
	} else if o := st.orders.get(id); o != nil {
		o.status, o.left = status, st.polls.Order
	} else {
		return false
	}
	return true
}

// Remove makes the thing that has the ID vanish without a trace: a host, an agent, a plan, a vault, a task, a
// restore, a snapshot or an order. It reports whether there was such a thing.
func (s *Server) Remove(id string) bool {
	st := s.state
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.hosts.remove(id) || st.removeAgent(id) || st.removePlan(id) || st.storages.remove(id) ||
		st.tasks.remove(id) || st.removeRestore(id) || st.removeSnapshot(id) || st.removeOrder(id)
}

// SetLag makes lists lag behind. What requests make from now on (agents, vaults, plans, tasks, restores and
// snapshots) is listed when d has passed on the clock of the state, see [Server.Now]. It exists at once: a task can be
// cancelled before it is listed. Polls that do not show a thing do not move it on. An agent that is installed anew is
// listed as its predecessor was until then. What the Add methods add is listed at once, and what is deleted is gone at
// once. SetLag panics if d is negative.
func (s *Server) SetLag(d time.Duration) {
	if d < 0 {
		panic("cbrtest: SetLag to " + d.String() + ": nothing is listed before it is made")
	}
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.lag = d
}
