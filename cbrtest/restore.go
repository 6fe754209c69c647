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
	// Name is a name of its own if it is empty.
	Name string
	// SnapshotID is the snapshot that is restored; a new one if it is empty or unknown.
	SnapshotID string
	// HostID is the host that is restored to; the one the snapshot is of if it is empty.
	HostID string
	// Dir is the directory that is restored to; the original one if it is empty.
	Dir string
	// Status is the state, RestoreCreating if it is empty. Reads move a restore on from RestoreCreating,
	// RestoreRunning and RestoreCanceling.
	Status string
	// Message is the outcome of a restore that has ended.
	Message string
	// Started is now if it is zero. Done is zero for a restore that has not ended.
	Started, Done time.Time
}

// AddRestore puts a restore there and returns its ID.
func (s *Server) AddRestore(r Restore) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	st := s.state
	n := st.snapshots.get(r.SnapshotID)
	if n == nil {
		n = st.seedSnapshot(Snapshot{ID: r.SnapshotID}, s.HostID)
	}
	added := st.newRestore(n, st.hostOrUnknown(cmp.Or(r.HostID, n.HostID)), r.Dir)
	added.id = cmp.Or(r.ID, added.id)
	added.name = cmp.Or(r.Name, added.name)
	added.status = cmp.Or(r.Status, restoreCreating)
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
	st.restores.add(added.id, added)
	return added.id
}

type restore struct {
	id, name      string
	snapshot      *snapshot
	storageName   string
	target        *Host
	dir           string
	status        string
	reads         int // that showed it under way
	canceled      int // that showed it being cancelled
	failure       string
	failsEarly    bool
	message       string
	percent       float64
	files         int
	started, done time.Time
}

func (st *state) newRestore(n *snapshot, target *Host, dir string) *restore {
	r := &restore{
		id: st.newID(), snapshot: n, storageName: st.storageName(n.StorageID), target: target, dir: dir,
		status: restoreCreating, started: st.now(),
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
	target, err := st.protected(cmp.Or(a.text("backupTgtInstanceID"), n.HostID), a.source())
	if err != nil {
		return nil, err
	}
	r := st.newRestore(n, target, a.text("backupTgtDir"))
	st.doom(r)
	n.Status = snapRestoring
	st.restores.add(r.id, r)
	return object{"backupRestoreID": r.id}, nil
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

// readRestore moves a restore on, as every look at it does.
func (st *state) readRestore(r *restore) {
	now := st.now()
	switch r.status {
	case restoreCanceling:
		if r.canceled++; r.canceled > st.polls.Cancel {
			r.end(restoreCanceled, "恢复任务已取消", now)
		}
	case restoreCreating, restoreRunning:
		r.reads++
		switch {
		case r.failsEarly && r.reads > min(1, st.polls.Restore):
			r.end(restoreCreateFail, r.failure, now)
		case r.reads > st.polls.Restore && r.failure != "":
			r.end(restoreFail, r.failure, now)
		case r.reads > st.polls.Restore:
			r.percent = 100
			r.files += 128
			r.end(restoreCompleted, "恢复成功", now)
		case r.reads > 1:
			r.status = restoreRunning
			r.percent = float64(100*(r.reads-1)) / float64(st.polls.Restore)
			r.files += 128
		}
	}
}

// end ends a restore, after which its snapshot can be used again.
func (r *restore) end(status, message string, now time.Time) {
	r.status, r.message, r.done = status, message, now
	if r.snapshot.Status == snapRestoring {
		r.snapshot.Status = snapAvailable
	}
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
	r.status = restoreCanceling
	return object{"backupRestoreID": id}, nil
}

type wireRestore struct {
	ID            string   `json:"backupRestoreID"`
	OldTargetID   string   `json:"backupTgtInstanceID"`
	TargetID      string   `json:"backupTargetInstanceID"`
	OldTargetName string   `json:"backupTgtInstanceName"`
	TargetName    string   `json:"backupTargetInstanceName"`
	TargetPaths   []string `json:"backupRestoreTargetPaths"`
	Paths         []string `json:"backupPaths"`
	FileCount     int      `json:"backupRestoreDoneFileCount"`
	Status        string   `json:"backupRestoreStatus"`
	StatusCode    string   `json:"backupRestoreStatusCode"`
	Started       any      `json:"backupRestoreStartTime"`
	Done          any      `json:"backupRestoreDoneTime"`
	Complete      any      `json:"backupRestoreCompleteTime"`
	Message       string   `json:"backupRestoreErrMsg"`
	Name          string   `json:"backupRestoreName"`
	Percent       float64  `json:"backupRestorePercent"`
	StorageName   string   `json:"backupStorageName"`
	HostName      string   `json:"backupSrcInstanceName"`
	HostID        string   `json:"backupSrcInstanceID"`
	SnapID        string   `json:"backupSnapID"`
	SnapName      string   `json:"backupSnapName"`
}

// listRestores lists restores. All that match but for their state are moved on by it.
func (st *state) listRestores(a args) (any, *failure) {
	found := st.restores.filter(func(r *restore) bool {
		n := r.snapshot
		return r.target.SourceType == a.source() &&
			is(a.text("backupRestoreID"), r.id) && is(a.text("backupSrcInstanceID"), n.HostID) &&
			matches(a.text("queryContent"), r.id, n.hostName, n.HostID, r.target.Name, n.Name, n.ID)
	})
	kept := found[:0]
	for _, r := range found {
		st.readRestore(r)
		if is(a.text("backupRestoreStatus"), r.status) {
			kept = append(kept, r)
		}
	}
	return newList(&st.mu, "backupRestoreList", kept, wireRestoreOf, count{"backupRestoreCount", len(kept)}), nil
}

func wireRestoreOf(r *restore) wireRestore {
	n := r.snapshot
	targets := n.paths
	if r.dir != "" {
		targets = []string{r.dir}
	}
	return wireRestore{
		ID: r.id, OldTargetID: r.target.ID, TargetID: r.target.ID, OldTargetName: r.target.Name, TargetName: r.target.Name,
		TargetPaths: targets, Paths: n.paths, FileCount: r.files,
		Status: cmp.Or(restoreStatusText[r.status], unknownText), StatusCode: r.status,
		Started: wireTime(r.started), Done: wireTime(r.done), Complete: wireTime(r.done), Message: r.message,
		Name: r.name, Percent: r.percent, StorageName: r.storageName,
		HostName: n.hostName, HostID: n.HostID, SnapID: n.ID, SnapName: n.Name,
	}
}
