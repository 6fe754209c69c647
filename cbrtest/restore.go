package cbrtest

import (
	"cmp"
	"time"
)

// The states of a restore.
const (
	restoreCreating   = "RestoreCreating"
	restoreCreateFail = "RestoreCreateFail"
	restoreRunning    = "RestoreRunning"
	restoreCompleted  = "RestoreCompleted"
	restoreFail       = "RestoreFail"
	restoreCanceling  = "RestoreCanceling"
	restoreCanceled   = "Canceled"
)

var restoreStatusText = map[string]string{
	restoreCreating: "创建中", restoreCreateFail: "创建失败", restoreRunning: "执行中", restoreCompleted: "执行完成",
	restoreFail: "执行失败", restoreCanceling: "取消中", restoreCanceled: "已取消", // the last two are assumed
}

// A Restore is a restore task to be seeded with [Server.AddRestore]. The zero value has begun just now.
type Restore struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is chosen by the server if it is empty.
	Name string
	// SnapshotID is the snapshot that is restored; a new one if it is empty or unknown.
	SnapshotID string
	// HostID is the host that is restored to; the one the snapshot is of if it is empty.
	HostID string
	// Dir is the directory that is restored to; the original one if it is empty.
	Dir string
	// Status is the state, RestoreCreating if it is empty. Polls move a restore on from RestoreCreating,
	// RestoreRunning and RestoreCanceling.
	Status string
	// Message is the outcome of a restore that has ended.
	Message string
	// Started is now if it is zero. Done is zero for a restore that has not ended.
	Started, Done time.Time
}

// AddRestore adds a restore and returns its ID. While it is under way, its snapshot is Restoring.
func (s *Server) AddRestore(r Restore) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	st := s.state
	n := st.snapshots.get(r.SnapshotID)
	if n == nil {
		n = st.seedSnapshot(Snapshot{ID: r.SnapshotID}, s.HostID)
	}
	added := st.newRestore(n, st.hostOrUnknown(cmp.Or(r.HostID, n.HostID)))
	if r.Dir != "" {
		added.targets = []string{r.Dir}
	}
	added.id = cmp.Or(r.ID, added.id)
	added.name = cmp.Or(r.Name, added.name)
	added.setStatus(cmp.Or(r.Status, restoreCreating))
	added.message, added.done = r.Message, r.Done
	if !r.Started.IsZero() {
		added.started = r.Started
	}
	if added.status == restoreCompleted {
		added.percent = 100
	}
	if added.underWay() {
		st.doom(added)
	}
	st.removeRestore(added.id)
	st.restores.add(added.id, added)
	return added.id
}

type restore struct {
	id, name      string
	snapshot      *snapshot
	storageName   string
	target        *Host
	targets       []string // paths that are restored to
	status        string
	holds         bool // its snapshot, which is Restoring until no restore holds it
	polls         int  // that showed it under way
	canceled      int  // polls that showed it being cancelled
	failure       string
	failsEarly    bool
	message       string
	percent       float64
	files         int
	started, done time.Time
	listedFrom    time.Time
}

func (st *state) newRestore(n *snapshot, target *Host) *restore {
	r := &restore{
		id: st.newID(), snapshot: n, storageName: st.storageName(n.StorageID), target: target, targets: n.paths, started: st.now(),
	}
	r.name = "restore-" + r.started.In(beijing).Format("20060102150405") + "-" + r.id[:4]
	return r
}

func (st *state) createRestore(a args) (any, *failure) {
	id := a.text("backupSnapID")
	n := st.snapshots.get(id)
	if n == nil || n.source != a.source() {
		return nil, notFound("Snapshot", id)
	}
	if n.Status != snapAvailable {
		return nil, refuse("Backup.Snapshot.NotAvailable", "the snapshot is not available but "+n.Status, "备份副本不可用")
	}
	if _, err := st.usable(n.StorageID); err != nil {
		return nil, err
	}
	target, err := st.protected(cmp.Or(a.text("backupTgtInstanceID"), n.HostID), a.source())
	if err != nil {
		return nil, err
	}
	r := st.newRestore(n, target)
	r.setStatus(restoreCreating)
	r.listedFrom = st.listedFrom()
	if a.int("backupRestoreFuncType") == 1 {
		r.targets = a.texts("backupRestoreFileList")
	}
	if dir := a.text("backupTgtDir"); dir != "" {
		r.targets = []string{dir}
	}
	st.doom(r)
	st.restores.add(r.id, r)
	return object{"backupRestoreID": r.id}, nil
}

func (st *state) removeRestore(id string) bool {
	if r := st.restores.get(id); r != nil {
		r.release()
	}
	return st.restores.remove(id)
}

// doom settles whether a restore that begins will fail.
func (st *state) doom(r *restore) {
	r.failure = st.nextFailure(RestoreCreateJob)
	r.failsEarly = r.failure != ""
	if !r.failsEarly {
		r.failure = st.nextFailure(RestoreJob)
	}
}

func (r *restore) underWay() bool { return r.status == restoreCreating || r.status == restoreRunning }

// failNow makes a restore that is under way fail at the next poll.
func (r *restore) failNow(reason string, polls Polls) {
	r.failure, r.failsEarly, r.polls = reason, false, polls.Restore
}

// setStatus puts a restore into a state. While it is under way or being cancelled, it holds its snapshot.
func (r *restore) setStatus(status string) {
	r.status = status
	switch {
	case !r.underWay() && status != restoreCanceling:
		r.release()
	case !r.holds:
		r.holds = true
		r.snapshot.restores++
		if r.snapshot.Status == snapAvailable {
			r.snapshot.Status = snapRestoring
		}
	}
}

// release makes the snapshot of a restore available again, if no other restore holds it.
func (r *restore) release() {
	if !r.holds {
		return
	}
	r.holds = false
	r.snapshot.restores--
	if r.snapshot.restores == 0 && r.snapshot.Status == snapRestoring {
		r.snapshot.Status = snapAvailable
	}
}

// pollRestore moves a restore on.
func (st *state) pollRestore(r *restore) {
	now := st.now()
	switch r.status {
	case restoreCanceling:
		if r.canceled++; r.canceled > st.polls.Cancel {
			r.end(restoreCanceled, "恢复任务已取消", now)
		}
	case restoreCreating, restoreRunning:
		r.polls++
		switch {
		case r.failsEarly && r.polls > min(1, st.polls.Restore):
			r.end(restoreCreateFail, r.failure, now)
		case r.polls > st.polls.Restore && r.failure != "":
			r.end(restoreFail, r.failure, now)
		case r.polls > st.polls.Restore:
			r.percent = 100
			r.files += 128
			r.end(restoreCompleted, "恢复成功", now)
		case r.polls > 1:
			r.setStatus(restoreRunning)
			r.percent = float64(100*(r.polls-1)) / float64(st.polls.Restore)
			r.files += 128
		}
	}
}

func (r *restore) end(status, message string, now time.Time) {
	r.message, r.done = message, now
	r.setStatus(status)
}

func (st *state) cancelRestore(a args) (any, *failure) {
	id := a.text("backupRestoreID")
	r := st.restores.get(id)
	if r == nil || r.target.SourceType != a.source() {
		return nil, notFound("Restore", id)
	}
	if !r.underWay() {
		return nil, refuse("Backup.Restore.StatusInvalid", "the restore cannot be cancelled, it is "+r.status, "恢复任务当前状态不可取消")
	}
	r.setStatus(restoreCanceling)
	return object{"backupRestoreID": id}, nil
}

// listRestores lists restores. All that match but for their state are moved on by it.
func (st *state) listRestores(a args) (any, *failure) {
	id, hostID, search := a.text("backupRestoreID"), a.text("backupSrcInstanceID"), a.text("queryContent")
	source, now := a.source(), st.now()
	found := st.restores.filter(func(r *restore) bool {
		n := r.snapshot
		return r.target.SourceType == source && !r.listedFrom.After(now) && is(id, r.id) && is(hostID, n.HostID) &&
			matches(search, r.id, n.hostName, n.HostID, r.target.Name, n.Name, n.ID)
	})
	status, kept := a.text("backupRestoreStatus"), found[:0]
	for _, r := range found {
		st.pollRestore(r)
		if is(status, r.status) {
			kept = append(kept, r)
		}
	}
	return newListing(&st.mu, "backupRestoreList", kept, writeRestore, count{"backupRestoreCount", len(kept)}), nil
}

func writeRestore(w *jsonWriter, r *restore) {
	n := r.snapshot
	w.text("backupRestoreID", r.id)
	w.text("backupTgtInstanceID", r.target.ID)
	w.text("backupTargetInstanceID", r.target.ID)
	w.text("backupTgtInstanceName", r.target.Name)
	w.text("backupTargetInstanceName", r.target.Name)
	w.texts("backupRestoreTargetPaths", r.targets)
	w.texts("backupPaths", n.paths)
	w.integer("backupRestoreDoneFileCount", int64(r.files))
	w.text("backupRestoreStatus", cmp.Or(restoreStatusText[r.status], unknownText))
	w.text("backupRestoreStatusCode", r.status)
	w.time("backupRestoreStartTime", r.started)
	w.time("backupRestoreDoneTime", r.done)
	w.time("backupRestoreCompleteTime", r.done)
	w.text("backupRestoreErrMsg", r.message)
	w.text("backupRestoreName", r.name)
	w.number("backupRestorePercent", r.percent)
	w.text("backupStorageName", r.storageName)
	w.text("backupSrcInstanceName", n.hostName)
	w.text("backupSrcInstanceID", n.HostID)
	w.text("backupSnapID", n.ID)
	w.text("backupSnapName", n.Name)
}
