package ctcbr

import (
	"context"
	"fmt"
	"iter"
	"net/http"
)

// Snapshots are the backup copies that tasks leave in a vault.
type Snapshots struct{ client *Client }

// SnapshotStatus is the state of a snapshot.
type SnapshotStatus string

// The documented states.
const (
	SnapshotAvailable    SnapshotStatus = "Available"    // can be restored
	SnapshotNotAvailable SnapshotStatus = "NotAvailable" // cannot be restored
	SnapshotRestoring    SnapshotStatus = "Restoring"    // a restore is reading it
)

// ListSnapshotsRequest is the request of [Snapshots.List].
type ListSnapshotsRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// PlanName selects snapshots of plans whose name contains it.
	PlanName string `json:"backupPolicyName,omitempty"`
	// PlanID, HostID and StorageID select the snapshots of one plan, host or vault.
	PlanID    string `json:"backupPolicyID,omitempty"`
	HostID    string `json:"backupSrcInstanceID,omitempty"`
	StorageID string `json:"backupStorageID,omitempty"`
	// Status selects snapshots by their state.
	Status SnapshotStatus `json:"backupSnapStatus,omitempty"`
	// Query selects snapshots by their name or ID, or by the name of their host, vault or plan.
	Query string `json:"queryContent,omitempty"`
	// Deprecated: use SourceType. False means hosts on premises.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *ListSnapshotsRequest) complete(v *validation) { v.region(&r.RegionID) }

// ListSnapshotsResponse is the response of [Snapshots.List].
type ListSnapshotsResponse struct {
	Meta
	Snapshots []Snapshot `json:"backupSnapshotList"`
	// Total is the number of snapshots that match.
	Total int `json:"backupSnapshotTotal"`
}

// Snapshot is one backup copy of a host.
type Snapshot struct {
	ID       string `json:"backupSnapID"`
	Name     string `json:"snapName"`
	PlanID   string `json:"backupPolicyID"`
	PlanName string `json:"backupPolicyName"`
	// HostID is the ID of the host that was backed up.
	HostID      string `json:"backupSrcInstanceID"`
	HostName    string `json:"backupSrcInstanceName"`
	StorageID   string `json:"backupStorageID"`
	StorageName string `json:"backupStorageName"`
	// Dirs are the directories that were backed up, as a single text.
	Dirs       string         `json:"dirs"`
	Created    Time           `json:"createTimeDesc"`
	Finished   Time           `json:"finishTimeDesc"`
	Status     SnapshotStatus `json:"statusCode"`
	StatusDesc string         `json:"statusDesc"` // in Chinese
	// AgentVersion is the version of the agent that created the snapshot.
	AgentVersion string `json:"backupClientVersion"`
	// Size is the amount of data written to the vault ("1.65GB"). DataSize is the amount that was
	// backed up.
	Size     Size `json:"backupSnapSize"`
	DataSize Size `json:"backupSnapDataSize"`
	// Newest reports whether this is the newest snapshot.
	Newest bool       `json:"backupSnapIsNew"`
	Mode   BackupMode `json:"backupMode"`
}

// List lists the snapshots of a region in one request. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) List(ctx context.Context, req *ListSnapshotsRequest) (*ListSnapshotsResponse, error) {
	return do(ctx, s.client, snapshotList, copyOf(req), new(ListSnapshotsResponse))
}

var snapshotList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-backup-snapshot", list: "backupSnapshotList"}

// All iterates over the snapshots of a region as they arrive, in the order of the service. It holds
// one snapshot at a time, however long the list is. Each range over it makes one request. Leaving
// the loop ends the request.
//
// An error is the last element; the snapshots before it are complete. Only a loop that ends without
// an error has seen the whole list. A request that fails before the first snapshot arrives is
// retried as in [Snapshots.List].
//
// The total time is not limited, but the time until more data comes is ([WithAttemptTimeout]).
// [WithMaxAnswer] limits each snapshot, not the list.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) All(ctx context.Context, req *ListSnapshotsRequest) iter.Seq2[Snapshot, error] {
	return streamed[Snapshot](ctx, s.client, snapshotList, req)
}

// GetSnapshotRequest is the request of [Snapshots.Get].
type GetSnapshotRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the snapshot: Snapshot.ID, or Task.SnapshotID of the task that created it.
	ID string `json:"backupSnapID"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetSnapshotRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupSnapID", r.ID)
}

// Get finds a snapshot by its ID in one request. If there is none, the error matches [ErrNotFound].
// It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) Get(ctx context.Context, req *GetSnapshotRequest) (*Snapshot, error) {
	r := copyOf(req)
	if _, err := s.client.check(snapshotList, r); err != nil {
		return nil, err
	}
	return find(ctx, s.client, snapshotList, &ListSnapshotsRequest{RegionID: r.RegionID, SourceType: r.SourceType, Query: r.ID}, target[Snapshot]{
		what:    fmt.Sprintf("snapshot %q", r.ID),
		id:      func(snapshot *Snapshot) string { return snapshot.ID },
		matches: func(snapshot *Snapshot) bool { return snapshot.ID == r.ID },
	})
}

// DeleteResourceRequest is the request of [Snapshots.DeleteResource].
type DeleteResourceRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the backup resource to delete, for example Snapshot.ID.
	ID string `json:"backupObjectID"`
	// Deprecated: use SourceType. False means a host on premises.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the host that was backed up. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *DeleteResourceRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupObjectID", r.ID)
}

// DeleteResourceResponse is the response of [Snapshots.DeleteResource].
type DeleteResourceResponse struct {
	Meta
	CommandStatus
	RegionID string `json:"regionID"`
}

// DeleteResource deletes a backup resource, for example a snapshot. This cannot be undone. It
// places no order. The service carries it out later. If the service does not accept the command,
// the error matches [ErrRejected].
//
// It is not repeated once the service may have received it. After [ErrOutcomeUnknown], use
// [Snapshots.Get] to check whether the snapshot is still there.
//
// POST /v4/backup/delete-resources-backup (删除备份资源)
func (s Snapshots) DeleteResource(ctx context.Context, req *DeleteResourceRequest) (*DeleteResourceResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/delete-resources-backup"}, copyOf(req), new(DeleteResourceResponse))
}
