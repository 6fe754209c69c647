package cbrtest

import (
	"cmp"
	"time"
)

// The states of a snapshot.
const (
	snapAvailable = "Available"
	snapRestoring = "Restoring"
)

var snapStatusText = map[string]string{
	snapAvailable: "可用", "NotAvailable": "不可用", snapRestoring: "恢复中",
}

// A Snapshot is a backup copy to be seeded with [Server.AddSnapshot]. The zero value is a full copy of [Server.HostID],
// made just now.
type Snapshot struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is chosen by the server if it is empty.
	Name string
	// PlanID is the plan that made it; the first there is (of the host, if that is given) if it is empty, and a new one
	// if there is none.
	PlanID string
	// HostID and StorageID are those of the plan if they are empty.
	HostID, StorageID string
	// Created is when its task began, now if it is zero; Finished is Created if it is zero.
	Created, Finished time.Time
	// Size is the number of bytes written to the vault, DataSize that of the data backed up. They are 1.65 GB
	// and the Size if they are 0. A seeded snapshot takes up no room in its vault: see Storage.UsedBytes.
	Size, DataSize int64
	// Incremental says that it is not a full copy.
	Incremental bool
	// Status is the state, Available if it is empty.
	Status string
}

// AddSnapshot adds a snapshot and returns its ID.
func (s *Server) AddSnapshot(n Snapshot) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.seedSnapshot(n, s.HostID).ID
}

// seedSnapshot adds a snapshot, of the first host unless it says of which.
func (st *state) seedSnapshot(n Snapshot, firstHostID string) *snapshot {
	p := st.planOrFirst(n.PlanID, n.HostID, firstHostID)
	added := st.newSnapshot(p)
	added.ID = cmp.Or(n.ID, added.ID)
	if n.HostID != "" {
		host := st.hostOrUnknown(n.HostID)
		added.HostID, added.hostName, added.source = host.ID, host.Name, host.SourceType
	}
	added.StorageID = cmp.Or(n.StorageID, added.StorageID)
	if !n.Created.IsZero() {
		added.Created = n.Created
	}
	added.Name = cmp.Or(n.Name, snapshotName(p, added.Created))
	added.Finished = n.Finished
	if n.Finished.IsZero() {
		added.Finished = added.Created
	}
	added.Size = cmp.Or(n.Size, fullSize)
	added.DataSize = cmp.Or(n.DataSize, added.Size)
	added.Incremental = n.Incremental
	added.Status = cmp.Or(n.Status, snapAvailable)
	added.seeded = true
	st.addSnapshot(added)
	return added
}

// snapshot is a Snapshot with what stays of its host and its plan when they are gone.
type snapshot struct {
	Snapshot
	hostName, planName, source, dirText string
	paths                               []string
	seeded                              bool
	listedFrom                          time.Time
	restores                            int // under way
}

// The sizes of copies, chosen so that they come as text such as 1.65GB.
const (
	fullSize        = 1771674010
	incrementalSize = 85899346
)

func (st *state) newSnapshot(p *plan) *snapshot {
	return &snapshot{
		Snapshot: Snapshot{
			ID: st.newID(), PlanID: p.id, HostID: p.host.ID, StorageID: p.storageID,
			Created: st.now(), Status: snapAvailable,
		},
		hostName: p.host.Name, planName: p.name, source: p.host.SourceType, dirText: p.dirText, paths: p.paths,
	}
}

func snapshotName(p *plan, created time.Time) string {
	return p.name + "-" + created.In(beijing).Format("20060102150405")
}

// snapshotOf makes the snapshot of a task: a full one if it is asked for, is the first, or is due.
func (st *state) snapshotOf(t *task) *snapshot {
	n := st.newSnapshot(t.plan)
	n.Name = snapshotName(t.plan, t.started)
	n.Created, n.Finished = t.started, st.now()
	n.Incremental = !t.full && !st.fullDue(t.plan)
	n.Size, n.DataSize = fullSize, fullSize
	if n.Incremental {
		n.Size = incrementalSize
	}
	n.listedFrom = st.listedFrom()
	return n
}

// fullDue reports whether the next copy of a plan is a full one.
func (st *state) fullDue(p *plan) bool {
	since := -1
	for _, n := range st.copies[p.id] {
		switch {
		case !n.Incremental:
			since = 0
		case since >= 0:
			since++
		}
	}
	return since < 0 || p.full.int("backupMode") == 1 && since >= int(p.full.int("incrementNum"))
}

// line is what a snapshot can be the newest of.
type line struct{ hostID, planID string }

func (n *snapshot) line() line { return line{n.HostID, n.PlanID} }

func (st *state) addSnapshot(n *snapshot) {
	st.removeSnapshot(n.ID)
	st.snapshots.add(n.ID, n)
	st.copies[n.PlanID] = append(st.copies[n.PlanID], n)
	st.noteNewest(n)
	if v := st.storages.get(n.StorageID); v != nil && !n.seeded {
		v.UsedBytes += n.Size
	}
}

// noteNewest makes a snapshot the newest of its line unless there is a newer one.
func (st *state) noteNewest(n *snapshot) {
	if last := st.newest[n.line()]; last == nil || !n.Created.Before(last.Created) {
		st.newest[n.line()] = n
	}
}

func (st *state) removeSnapshot(id string) bool {
	n := st.snapshots.get(id)
	if n == nil {
		return false
	}
	st.snapshots.remove(id)
	st.setCopies(n.PlanID, without(st.copies[n.PlanID], n))
	if v := st.storages.get(n.StorageID); v != nil && !n.seeded {
		v.UsedBytes -= n.Size
	}
	return true
}

// removeSnapshotsIn removes all snapshots of a vault that is gone.
func (st *state) removeSnapshotsIn(storageID string) {
	kept := map[string][]*snapshot{} // of the plans that had copies in it
	for n := range st.snapshots.all() {
		if n.StorageID == storageID {
			kept[n.PlanID] = nil
		}
	}
	for planID := range kept {
		for _, n := range st.copies[planID] {
			if n.StorageID == storageID {
				st.snapshots.remove(n.ID)
			} else {
				kept[planID] = append(kept[planID], n)
			}
		}
		st.setCopies(planID, kept[planID])
	}
}

// setCopies sets what is left of the copies of a plan, and finds the newest of each line anew.
func (st *state) setCopies(planID string, left []*snapshot) {
	for _, n := range st.copies[planID] {
		delete(st.newest, n.line())
	}
	st.copies[planID] = left
	for _, n := range left {
		st.noteNewest(n)
	}
	if len(left) == 0 {
		delete(st.copies, planID)
	}
}

// deleteResource deletes a backup resource; snapshots are the only ones.
func (st *state) deleteResource(a args) (any, *failure) {
	id := a.text("backupObjectID")
	n := st.snapshots.get(id)
	if n == nil || n.source != a.source() {
		return nil, notFound("Resource", id)
	}
	if n.Status == snapRestoring {
		return nil, refuse("Backup.Resource.InUse", "the snapshot is being restored", "备份副本正在恢复")
	}
	st.removeSnapshot(id)
	return object{"status": "success", "regionID": st.regionID}, nil
}

func (st *state) listSnapshots(a args) (any, *failure) {
	planID, planName, hostID := a.text("backupPolicyID"), a.text("backupPolicyName"), a.text("backupSrcInstanceID")
	storageID, status, search := a.text("backupStorageID"), a.text("backupSnapStatus"), a.text("queryContent")
	source, now := a.source(), st.now()
	found := st.snapshots.filter(func(n *snapshot) bool {
		return n.source == source && !n.listedFrom.After(now) &&
			is(planID, n.PlanID) && is(hostID, n.HostID) && is(storageID, n.StorageID) && is(status, n.Status) &&
			matches(planName, n.planName) &&
			(search == "" || matches(search, n.Name, n.ID, n.hostName, st.storageName(n.StorageID), n.planName))
	})
	return newListing(&st.mu, "backupSnapshotList", found, st.writeSnapshot, count{"backupSnapshotTotal", len(found)}), nil
}

func (st *state) writeSnapshot(w *jsonWriter, n *snapshot) {
	mode := int64(1)
	if n.Incremental {
		mode = 0
	}
	w.text("backupPolicyID", n.PlanID)
	w.text("backupSrcInstanceName", n.hostName)
	w.text("backupPolicyName", n.planName)
	w.text("backupSrcInstanceID", n.HostID)
	w.text("dirs", n.dirText)
	w.time("createTimeDesc", n.Created)
	w.time("finishTimeDesc", n.Finished)
	w.text("backupSnapID", n.ID)
	w.text("snapName", n.Name)
	w.text("statusCode", n.Status)
	w.text("statusDesc", cmp.Or(snapStatusText[n.Status], n.Status))
	w.text("backupClientVersion", agentVersion)
	w.size("backupSnapSize", n.Size)
	w.boolean("backupSnapIsNew", st.newest[n.line()] == n)
	w.integer("backupMode", mode)
	w.text("backupStorageName", st.storageName(n.StorageID))
	w.size("backupSnapDataSize", n.DataSize)
	w.text("backupStorageID", n.StorageID)
}
