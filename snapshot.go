package ctcbr

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// Snapshots are the backup copies that tasks leave in a repository.
type Snapshots struct{ client *Client }

// SnapshotStatus is the state of a snapshot.
type SnapshotStatus string

// The documented states.
const (
	SnapshotAvailable    SnapshotStatus = "Available"    // it can be restored
	SnapshotNotAvailable SnapshotStatus = "NotAvailable" // it cannot
	SnapshotRestoring    SnapshotStatus = "Restoring"    // a restore reads it
)

// ListSnapshotsRequest is the request of Snapshots.List.
type ListSnapshotsRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// PlanName finds snapshots of plans whose name contains it.
	PlanName string `json:"backupPolicyName,omitempty"`
	// PlanID, HostID and StorageID find the snapshots of one plan, host or repository.
	PlanID    string `json:"backupPolicyID,omitempty"`
	HostID    string `json:"backupSrcInstanceID,omitempty"`
	StorageID string `json:"backupStorageID,omitempty"`
	// Status finds snapshots in a state.
	Status SnapshotStatus `json:"backupSnapStatus,omitempty"`
	// Query finds snapshots by their name or ID, or by the name of their host,
	// repository or plan.
	Query string `json:"queryContent,omitempty"`
	// IsCloud is true, the default, for elastic cloud hosts and false for hosts on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is SourceECS unless given: snapshots of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *ListSnapshotsRequest) complete(c *checker) { c.region(&r.RegionID) }

// ListSnapshotsResponse is the answer of Snapshots.List.
type ListSnapshotsResponse struct {
	Meta
	Snapshots []Snapshot `json:"backupSnapshotList"`
	// Total counts the snapshots found.
	Total int `json:"backupSnapshotTotal"`
}

// Snapshot is a backup copy.
type Snapshot struct {
	ID       string `json:"backupSnapID"`
	Name     string `json:"snapName"`
	PlanID   string `json:"backupPolicyID"`
	PlanName string `json:"backupPolicyName"`
	// HostID is the host that was backed up.
	HostID      string `json:"backupSrcInstanceID"`
	HostName    string `json:"backupSrcInstanceName"`
	StorageID   string `json:"backupStorageID"`
	StorageName string `json:"backupStorageName"`
	// Dirs are the directories that were backed up, as one text.
	Dirs       string         `json:"dirs"`
	Created    Time           `json:"createTimeDesc"`
	Finished   Time           `json:"finishTimeDesc"`
	Status     SnapshotStatus `json:"statusCode"`
	StatusDesc string         `json:"statusDesc"` // in Chinese
	// AgentVersion is the version of the agent that made the snapshot.
	AgentVersion string `json:"backupClientVersion"`
	// Size is what was written to the repository ("1.65GB"), DataSize what was backed up.
	Size     Size `json:"backupSnapSize"`
	DataSize Size `json:"backupSnapDataSize"`
	// Newest says that there is no newer snapshot.
	Newest bool       `json:"backupSnapIsNew"`
	Mode   BackupMode `json:"backupMode"`
	// SourceType is the kind of host that was asked for when the snapshot was listed.
	SourceType SourceType `json:"-"`
}

// List lists the snapshots of a region in one request. It changes nothing and can
// be repeated.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) List(ctx context.Context, req *ListSnapshotsRequest) (*ListSnapshotsResponse, error) {
	return do[ListSnapshotsResponse](ctx, s.client, snapshotList, req)
}

var snapshotList = operation{kind: read, method: http.MethodGet, path: "/v4/backup/query-backup-snapshot", list: "backupSnapshotList"}

// All gives out the snapshots of a region one by one, in the order of the service, as
// they arrive. It makes one request each time it is ranged over, and holds one
// snapshot at a time, however long the list is. What is not answered, or breaks off
// before the first snapshot, is tried again like List. After that a failure comes as
// the last element, behind every snapshot that was whole: only a loop that ends without
// an error has seen them all. A list may take any time, but no longer than that of
// WithAttemptTimeout until more of it comes; WithMaxAnswer bounds each snapshot, not
// the list. Leaving the loop ends the request.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) All(ctx context.Context, req *ListSnapshotsRequest) iter.Seq2[Snapshot, error] {
	return streamed[Snapshot](ctx, s.client, snapshotList, req)
}

// GetSnapshotRequest is the request of Snapshots.Get.
type GetSnapshotRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the snapshot: Snapshot.ID, or the SnapshotID of its task.
	ID string `json:"backupSnapID"`
	// SourceType is SourceECS unless given: snapshots of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetSnapshotRequest) complete(c *checker) {
	c.region(&r.RegionID)
	c.required("backupSnapID", r.ID)
}

// Get finds a snapshot by its ID, in one request that asks for what the ID matches.
// A snapshot that is not there is an error that matches ErrNotFound. It changes
// nothing and can be repeated.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) Get(ctx context.Context, req *GetSnapshotRequest) (*Snapshot, error) {
	r, _, err := fill(s.client, snapshotList, req)
	if err != nil {
		return nil, err
	}
	return find(ctx, s.client, snapshotList, &ListSnapshotsRequest{RegionID: r.RegionID, SourceType: r.SourceType, Query: r.ID}, sought[Snapshot]{
		what:  fmt.Sprintf("snapshot %q", r.ID),
		id:    func(snapshot *Snapshot) string { return snapshot.ID },
		match: func(snapshot *Snapshot) bool { return snapshot.ID == r.ID },
	})
}

// DeleteResourceRequest is the request of Snapshots.DeleteResource.
type DeleteResourceRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the backup resource to delete, for example Snapshot.ID.
	ID string `json:"backupObjectID"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the host that was backed up, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *DeleteResourceRequest) complete(c *checker) {
	c.region(&r.RegionID)
	c.required("backupObjectID", r.ID)
}

// DeleteResourceResponse is the answer of Snapshots.DeleteResource.
type DeleteResourceResponse struct {
	Meta
	CommandStatus
	RegionID string `json:"regionID"`
}

// DeleteResource deletes a backup resource, for example a snapshot, which cannot
// be undone. It places no order. The service carries it out later. It is sent once
// only; after ErrOutcomeUnknown look with Get whether the snapshot is still there.
// A command that the service did not take is an error that matches ErrRejected.
//
// POST /v4/backup/delete-resources-backup (删除备份资源)
func (s Snapshots) DeleteResource(ctx context.Context, req *DeleteResourceRequest) (*DeleteResourceResponse, error) {
	return do[DeleteResourceResponse](ctx, s.client, operation{kind: write, method: http.MethodPost, path: "/v4/backup/delete-resources-backup"}, req)
}
