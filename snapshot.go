package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"
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
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *ListSnapshotsRequest) complete(v *validation) { v.region(&r.RegionID) }

func (r *ListSnapshotsRequest) kind() SourceType {
	return kindOf(deref(r).SourceType, deref(r).IsCloud)
}

// ofKind says which kind of host was asked for.
func (s *Snapshot) ofKind(kind SourceType) *Snapshot {
	if s != nil {
		s.SourceType = cmp.Or(kind, SourceECS)
	}
	return s
}

// ListSnapshotsResponse is the response of [Snapshots.List].
type ListSnapshotsResponse struct {
	Meta
	Snapshots []Snapshot `json:"backupSnapshotList" wire:"list"`
	// Total is the number of snapshots that match.
	Total int `json:"backupSnapshotTotal" wire:"lenient"`
}

// Snapshot is one backup copy of a host.
type Snapshot struct {
	ID       string `json:"backupSnapID" wire:"lenient"`
	Name     string `json:"snapName"`
	PlanID   string `json:"backupPolicyID" wire:"lenient"`
	PlanName string `json:"backupPolicyName"`
	// HostID is the ID of the host that was backed up.
	HostID      string `json:"backupSrcInstanceID" wire:"lenient"`
	HostName    string `json:"backupSrcInstanceName"`
	StorageID   string `json:"backupStorageID" wire:"lenient"`
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
	// SourceType is the kind of host that the list was requested for.
	SourceType SourceType `json:"-"`
}

// List lists the snapshots of a region in one request. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) List(ctx context.Context, req *ListSnapshotsRequest) (*ListSnapshotsResponse, error) {
	resp, err := do(ctx, s.client, snapshotList, copyOf(req), new(ListSnapshotsResponse))
	if err != nil {
		return nil, err
	}
	for i := range resp.Snapshots {
		resp.Snapshots[i].ofKind(req.kind())
	}
	return resp, nil
}

var snapshotList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-backup-snapshot", list: "backupSnapshotList", total: "backupSnapshotTotal"}

// All iterates over the snapshots of a region as they arrive, in the order of the service. It holds
// one snapshot at a time, however long the list is. Each range over it makes one request. Leaving
// the loop ends the request.
//
// An error is the last element; the snapshots before it are complete. Only a loop that ends without
// an error has seen the whole list. A request that fails before the first snapshot arrives is
// retried as in [Snapshots.List]. If the request has no filter and fewer snapshots came than the
// service counts, the error matches [ErrIncomplete] and has both numbers. What the service counts
// is not documented: a caller who knows better may pass over that error.
//
// The total time is not limited, but the time until more data comes is ([WithAttemptTimeout]).
// [WithMaxAnswer] limits each snapshot, not the list.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) All(ctx context.Context, req *ListSnapshotsRequest) iter.Seq2[Snapshot, error] {
	return streamed(ctx, s.client, snapshotList, req, Snapshot{SourceType: req.kind()})
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
	found, err := find(ctx, s.client, snapshotList, &ListSnapshotsRequest{RegionID: r.RegionID, SourceType: r.SourceType, Query: r.ID}, target[Snapshot]{
		what:    fmt.Sprintf("snapshot %q", r.ID),
		as:      (*Snapshot).candidate,
		matches: func(snapshot *Snapshot) bool { return snapshot.ID == r.ID },
	})
	return found.ofKind(r.SourceType), err
}

// DeleteResourceRequest is the request of [Snapshots.DeleteResource].
type DeleteResourceRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the backup resource to delete, for example Snapshot.ID.
	ID string `json:"backupObjectID"`
	// SourceType is the kind of the host that was backed up. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *DeleteResourceRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupObjectID", r.ID)
}

// DeleteResourceResponse is the response of [Snapshots.DeleteResource].
type DeleteResourceResponse struct {
	Meta
	CommandStatus
	RegionID string `json:"regionID" wire:"lenient"`
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

// ErrNotUsable means that the newest copy cannot be used: see [CopyError].
var ErrNotUsable = errors.New("not usable")

// CopyError means that the newest copy cannot be used, or is too old. It matches [ErrNotUsable].
type CopyError struct {
	// Newest is the newest copy that matches the request.
	Newest Snapshot
	// Older is the newest copy that can be used, or nil if there is none. AllowOlder selects it.
	Older *Snapshot
	// Reason says why Newest cannot be used.
	Reason string
}

// Error says in one line which copy cannot be used and why, and which older one can.
func (e *CopyError) Error() string {
	text := fmt.Sprintf("ctcbr: the newest copy of host %s, %s from %s, is %s: %s",
		cmp.Or(e.Newest.HostName, e.Newest.HostID), e.Newest.ID, e.Newest.times(), ErrNotUsable, e.Reason)
	if e.Older != nil {
		text += fmt.Sprintf("; AllowOlder would select an older copy, %s from %s", e.Older.ID, e.Older.times())
	}
	return oneLine(text)
}

// Unwrap returns [ErrNotUsable].
func (e *CopyError) Unwrap() error { return ErrNotUsable }

// NewestSnapshotRequest is the request of [Snapshots.Newest].
type NewestSnapshotRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// HostID is the ID of the host that was backed up. It is required.
	HostID string
	// PlanID and PlanName select the copies of one plan. One of them is required if the host has copies
	// of several plans. Use PlanName if the plan may have been created again, and PlanID if it may have
	// been renamed.
	PlanID, PlanName string
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType
	// MaxAge is how old the copy may be. Zero means any age.
	MaxAge time.Duration
	// AllowOlder selects an older copy if the newest cannot be used.
	AllowOlder bool
}

func (r *NewestSnapshotRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("HostID", r.HostID)
	v.positive("MaxAge", r.MaxAge)
}

// positive checks an optional duration. Zero means that it is not set.
func (v *validation) positive(field string, d time.Duration) {
	if d < 0 {
		v.fault(field, "must not be negative, is %s", d)
	}
}

// Newest finds the newest copy of a host that can be restored, in one request. A copy that is
// being restored can be restored again. If there is no copy, the error matches [ErrNotFound]. If
// the newest copy cannot be used, it is a [*CopyError], unless AllowOlder selects an older one.
// If the copy is older than MaxAge, it is always a [*CopyError]. Copies of several plans, and
// copies whose times do not show which is newer, are an [*AmbiguousError]. It changes nothing and
// is safe to repeat.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照)
func (s Snapshots) Newest(ctx context.Context, req *NewestSnapshotRequest) (*Snapshot, error) {
	r := deref(req)
	if _, err := s.client.check(operation{path: "newest-snapshot"}, &r); err != nil {
		return nil, err
	}
	var copies []Snapshot
	list := &ListSnapshotsRequest{RegionID: r.RegionID, HostID: r.HostID, SourceType: r.SourceType}
	cl, a, err := search(ctx, s.client, snapshotList, list, func() { copies = nil }, func(snapshot Snapshot) {
		if r.matches(&snapshot) {
			copies = append(copies, *snapshot.ofKind(r.SourceType))
		}
	})
	switch {
	case err != nil:
		return nil, err
	case len(copies) == 0:
		return nil, newError(cl, a, fmt.Errorf("copy of host %q: %w", r.HostID, ErrNotFound))
	}
	return r.choose(copies)
}

// matches reports whether a copy matches the request. It does not rely on the service's filters.
func (r *NewestSnapshotRequest) matches(s *Snapshot) bool {
	return s.HostID == r.HostID && (r.PlanID == "" || s.PlanID == r.PlanID) && (r.PlanName == "" || s.PlanName == r.PlanName)
}

// choose returns the newest usable copy.
func (r *NewestSnapshotRequest) choose(copies []Snapshot) (*Snapshot, error) {
	sought := fmt.Sprintf("newest copy of host %q", r.HostID)
	var usable []Snapshot
	for _, s := range copies {
		if s.usable() {
			usable = append(usable, s)
		}
	}
	switch {
	case severalPlans(usable):
		return nil, &AmbiguousError{Sought: sought + ", which has copies of several plans: PlanName or PlanID says which", Candidates: planCandidates(usable)}
	case r.AllowOlder && len(usable) > 0:
		copies = usable
	}
	newest, err := newestOf(sought, copies)
	if err != nil {
		return nil, err
	}
	if !newest.usable() {
		older, _ := newestOf(sought, usable) // where that is ambiguous, none is named
		return nil, &CopyError{Newest: *newest, Older: older, Reason: "its state is " + cmp.Or(newest.Status.words(newest.StatusDesc), "unknown")}
	}
	if age := time.Since(newest.at()); r.MaxAge > 0 && (newest.at().IsZero() || age > r.MaxAge) {
		return nil, &CopyError{Newest: *newest, Reason: fmt.Sprintf("it is %s old, more than %s", age.Round(time.Minute), r.MaxAge)}
	}
	if ahead := time.Until(newest.at()); r.MaxAge > 0 && ahead > farFuture {
		return nil, &CopyError{Newest: *newest, Reason: "its time is to come, so that its age is not known"}
	}
	return newest, nil
}

// usable reports whether a copy can be restored. A copy that is being restored can be restored
// again.
func (s *Snapshot) usable() bool {
	return s.Status == SnapshotAvailable || s.Status == SnapshotRestoring
}

func (s SnapshotStatus) words(desc string) string { return string(s) + inBrackets(desc) }

// severalPlans reports whether the copies belong to several plans, with neither one name nor one
// ID.
func severalPlans(copies []Snapshot) bool {
	ids, names := make(map[string]bool), make(map[string]bool)
	for _, s := range copies {
		ids[s.PlanID], names[s.PlanName] = true, true
	}
	return len(names) > 1 && len(ids) > 1
}

// planCandidates returns the plans of the copies, each name once.
func planCandidates(copies []Snapshot) []Candidate {
	var plans []Candidate
	seen := make(map[string]bool)
	for _, s := range copies {
		if !seen[s.PlanName] {
			seen[s.PlanName] = true
			plans = append(plans, Candidate{ID: s.PlanID, Name: s.PlanName})
		}
	}
	return plans
}

// newestOf returns the copy that is newer than all others, or nil if there are none.
func newestOf(sought string, copies []Snapshot) (*Snapshot, error) {
	var newest *Snapshot
	for i := range copies {
		if order, _ := copies[i].compare(newest); order > 0 {
			newest = &copies[i]
		}
	}
	var rivals []Candidate
	for i := range copies {
		if order, told := copies[i].compare(newest); &copies[i] != newest && (!told || order >= 0) {
			rivals = append(rivals, copies[i].candidate())
		}
	}
	if len(rivals) > 0 {
		return nil, &AmbiguousError{Sought: sought + ": the times of copies do not tell", Candidates: append([]Candidate{newest.candidate()}, rivals...)}
	}
	return newest, nil
}

// compare reports which of two copies is newer, and whether that is known: by the times of their
// creation or their end, if both have them, or else if one began after the other had ended. For
// equal times it uses the service's own mark.
func (s *Snapshot) compare(other *Snapshot) (order int, told bool) {
	if other == nil {
		return 1, true
	}
	began, ended := s.Created.Time(), s.Finished.Time()
	otherBegan, otherEnded := other.Created.Time(), other.Finished.Time()
	switch {
	case !began.IsZero() && !otherBegan.IsZero():
		order = began.Compare(otherBegan)
	case !ended.IsZero() && !otherEnded.IsZero():
		order = ended.Compare(otherEnded)
	case !began.IsZero() && began.After(otherEnded) && !otherEnded.IsZero():
		return 1, true
	case !otherBegan.IsZero() && otherBegan.After(ended) && !ended.IsZero():
		return -1, true
	default:
		return 0, false
	}
	if order == 0 && s.Newest != other.Newest {
		order = -1
		if s.Newest {
			order = 1
		}
	}
	return order, true
}

// at returns the time of the data in a copy, or the zero time if none can be read.
func (s *Snapshot) at() time.Time {
	if at := s.Created.Time(); !at.IsZero() {
		return at
	}
	return s.Finished.Time()
}

// times are the times of a copy as they are read.
func (s *Snapshot) times() string {
	if at := s.at(); !at.IsZero() {
		return at.Format(time.DateTime)
	}
	return "a time that cannot be read"
}

func (s *Snapshot) candidate() Candidate {
	return Candidate{ID: s.ID, Name: s.Name, Detail: "plan " + s.PlanName + ", " + s.times() + ", " + string(s.Status)}
}

// farFuture is how far in the future a copy may be dated, because clocks differ.
const farFuture = 24 * time.Hour
