package cbrtest

import (
	"cmp"
	"fmt"
	"strings"
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

// A Snapshot is a backup copy to be seeded with [Server.AddSnapshot]. The zero value is a full copy, made just now, of
// the host that exists from the start.
type Snapshot struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is a name of its own if it is empty.
	Name string
	// PlanID is the plan that made it; the first there is (of the host, if that is given) if it is empty, and a new one
	// if there is none.
	PlanID string
	// HostID and StorageID are those of the plan if they are empty.
	HostID, StorageID string
	// Created is when its task began, now if it is zero; Finished is Created if it is zero.
	Created, Finished time.Time
	// Size is the number of bytes written to the repository, DataSize that of the data backed up. They are 1.65 GB
	// and the Size if they are 0. A seeded snapshot takes up no room in its repository: see Storage.UsedBytes.
	Size, DataSize int64
	// Incremental says that it is not a full copy.
	Incremental bool
	// Status is the state, Available if it is empty.
	Status string
}

// AddSnapshot puts a snapshot there and returns its ID. Adding a hundred thousand takes less than a second.
func (s *Server) AddSnapshot(n Snapshot) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.seedSnapshot(n, s.HostID).ID
}

// seedSnapshot puts a snapshot there, of the first host unless it says of which.
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
	hostName, planName, source, dirs string
	paths                            []string
	seeded                           bool
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
		hostName: p.host.Name, planName: p.name, source: p.host.SourceType, dirs: strings.Join(p.dirs(), ","), paths: p.paths(),
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
	return n
}

// fullDue reports whether the next copy of a plan is a full one.
func (st *state) fullDue(p *plan) bool {
	since := -1
	for _, n := range st.snapshots.list {
		switch {
		case n.PlanID != p.id:
		case !n.Incremental:
			since = 0
		case since >= 0:
			since++
		}
	}
	return since < 0 || p.full.int("backupMode") == 1 && since >= int(p.full.int("incrementNum"))
}

// line is what a snapshot can be the newest of.
func (n *snapshot) line() string { return n.HostID + "/" + n.PlanID }

func (st *state) addSnapshot(n *snapshot) {
	st.removeSnapshot(n.ID)
	st.snapshots.add(n.ID, n)
	if last := st.newest[n.line()]; last == nil || !n.Created.Before(last.Created) {
		st.newest[n.line()] = n
	}
	if v := st.storages.get(n.StorageID); v != nil && !n.seeded {
		v.UsedBytes += n.Size
	}
}

func (st *state) removeSnapshot(id string) bool {
	n := st.snapshots.get(id)
	if n == nil {
		return false
	}
	st.snapshots.remove(id)
	if v := st.storages.get(n.StorageID); v != nil && !n.seeded {
		v.UsedBytes -= n.Size
	}
	if st.newest[n.line()] != n {
		return true
	}
	delete(st.newest, n.line())
	for _, other := range st.snapshots.list {
		if other.line() != n.line() {
			continue
		}
		if last := st.newest[n.line()]; last == nil || !other.Created.Before(last.Created) {
			st.newest[n.line()] = other
		}
	}
	return true
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

type wireSnapshot struct {
	PlanID        string `json:"backupPolicyID"`
	HostName      string `json:"backupSrcInstanceName"`
	PlanName      string `json:"backupPolicyName"`
	HostID        string `json:"backupSrcInstanceID"`
	Dirs          string `json:"dirs"`
	Created       any    `json:"createTimeDesc"`
	Finished      any    `json:"finishTimeDesc"`
	ID            string `json:"backupSnapID"`
	Name          string `json:"snapName"`
	StatusCode    string `json:"statusCode"`
	StatusDesc    string `json:"statusDesc"`
	ClientVersion string `json:"backupClientVersion"`
	Size          string `json:"backupSnapSize"`
	IsNew         bool   `json:"backupSnapIsNew"`
	Mode          int    `json:"backupMode"`
	StorageName   string `json:"backupStorageName"`
	DataSize      string `json:"backupSnapDataSize"`
	StorageID     string `json:"backupStorageID"`
}

func (st *state) listSnapshots(a args) (any, *failure) {
	found := st.snapshots.filter(func(n *snapshot) bool {
		return n.source == a.source() &&
			is(a.text("backupPolicyID"), n.PlanID) && matches(a.text("backupPolicyName"), n.planName) &&
			is(a.text("backupSrcInstanceID"), n.HostID) && is(a.text("backupStorageID"), n.StorageID) &&
			is(a.text("backupSnapStatus"), n.Status) &&
			matches(a.text("queryContent"), n.Name, n.ID, n.hostName, st.storageName(n.StorageID), n.planName)
	})
	return newList(&st.mu, "backupSnapshotList", found, st.wireSnapshot, count{"backupSnapshotTotal", len(found)}), nil
}

func (st *state) wireSnapshot(n *snapshot) wireSnapshot {
	mode := 1
	if n.Incremental {
		mode = 0
	}
	return wireSnapshot{
		PlanID: n.PlanID, HostName: n.hostName, PlanName: n.planName, HostID: n.HostID, Dirs: n.dirs,
		Created: wireTime(n.Created), Finished: wireTime(n.Finished), ID: n.ID, Name: n.Name,
		StatusCode: n.Status, StatusDesc: cmp.Or(snapStatusText[n.Status], n.Status), ClientVersion: agentVersion,
		Size: wireSize(n.Size), IsNew: st.newest[n.line()] == n, Mode: mode,
		StorageName: st.storageName(n.StorageID), DataSize: wireSize(n.DataSize), StorageID: n.StorageID,
	}
}

func wireSize(bytes int64) string { return fmt.Sprintf("%.2fGB", float64(bytes)/gigabyte) }
