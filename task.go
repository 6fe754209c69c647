package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"time"
)

// Tasks are runs of plans: each makes one snapshot of a host.
type Tasks struct{ client *Client }

// TaskStatus is the state of a task.
type TaskStatus string

// The documented states.
const (
	TaskPreparing TaskStatus = "Preparing"
	TaskExecuting TaskStatus = "Executing"
	TaskCompleted TaskStatus = "Completed"
	TaskFailed    TaskStatus = "Failed"
	TaskCanceling TaskStatus = "Canceling"
)

// What a canceled task becomes is not documented. These are the two spellings to
// expect of it.
const (
	TaskCanceled  TaskStatus = "Canceled"
	TaskCancelled TaskStatus = "Cancelled"
)

// ListTasksRequest is the request of Tasks.List.
type ListTasksRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// HostID finds the tasks of a host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Query finds tasks by the name of their plan, host or snapshot, or by an ID.
	Query string `json:"queryContent,omitempty"`
	// Status finds tasks in a state.
	Status TaskStatus `json:"backupTaskStatus,omitempty"`
	// IsCloud is true, the default, for elastic cloud hosts and false for hosts on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is SourceECS unless given: tasks of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *ListTasksRequest) complete(v *validation) { v.region(&r.RegionID) }

func (r *ListTasksRequest) kind() SourceType { return kindOf(deref(r).SourceType, deref(r).IsCloud) }

// ofKind says which kind of host was asked for.
func (t *Task) ofKind(kind SourceType) *Task {
	if t != nil {
		t.SourceType = cmp.Or(kind, SourceECS)
	}
	return t
}

// ListTasksResponse is the answer of Tasks.List.
type ListTasksResponse struct {
	Meta
	Tasks []Task `json:"backupTaskList"`
	// Total counts the tasks found.
	Total int `json:"bakupTaskCount"` // spelt so by the service
}

// Task is a run of a plan.
type Task struct {
	ID       string `json:"backupTaskID"`
	Name     string `json:"backupTaskName"`
	PlanName string `json:"backupPolicyName"`
	// HostID is the host that is backed up.
	HostID      string `json:"backupSrcInstanceID"`
	HostName    string `json:"backupSrcInstanceName"`
	StorageID   string `json:"backupStorageID"`
	StorageName string `json:"backupStorageName"`
	// Paths are what is backed up.
	Paths []string `json:"backupPaths"`
	// FileCount counts the files that were backed up so far.
	FileCount  int        `json:"backupFileCount"`
	Status     TaskStatus `json:"backupTaskStatusCode"`
	StatusDesc string     `json:"backupTaskStatus"` // in Chinese
	Started    Time       `json:"backupTaskStartTime"`
	// Done is when the task ended; zero before.
	Done Time `json:"backupTaskDoneTime"`
	// Message tells how the task ended: why it failed, or that it succeeded.
	Message string  `json:"backupTaskErrMsg"`
	Percent Percent `json:"backupTaskPercent"`
	// Rate is the rate of transfer ("209.28 KB/s").
	Rate Rate `json:"backupTaskRate"`
	// SnapshotID is the snapshot that the task makes; it may be empty until it completes.
	SnapshotID   string `json:"backupSnapID"`
	SnapshotName string `json:"backupSnapName"`
	// SourceType is the kind of host that was asked for when the task was listed.
	SourceType SourceType `json:"-"`
}

// List lists the tasks of a region in one request. It changes nothing and can be
// repeated.
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) List(ctx context.Context, req *ListTasksRequest) (*ListTasksResponse, error) {
	resp, err := do(ctx, s.client, taskList, copyOf(req), new(ListTasksResponse))
	if err != nil {
		return nil, err
	}
	for i := range resp.Tasks {
		resp.Tasks[i].ofKind(req.kind())
	}
	return resp, nil
}

var taskList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-task-backup", list: "backupTaskList"}

// All gives out the tasks of a region one by one as they arrive, in memory that
// does not grow with the list. It makes one request each time it is ranged over.
// An error ends it, behind what came whole. See Snapshots.All.
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) All(ctx context.Context, req *ListTasksRequest) iter.Seq2[Task, error] {
	kind, listed := req.kind(), streamed[Task](ctx, s.client, taskList, req)
	return func(yield func(Task, error) bool) {
		for task, err := range listed {
			if err == nil {
				task.SourceType = kind
			}
			if !yield(task, err) {
				return
			}
		}
	}
}

// GetTaskRequest is the request of Tasks.Get.
type GetTaskRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the task: Task.ID, or the TaskID of the run that began it.
	ID string `json:"backupTaskID"`
	// SourceType is SourceECS unless given: tasks of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetTaskRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupTaskID", r.ID)
}

// Get finds a task by its ID. It asks for what the ID matches, and for all tasks
// if the task is not among that, since the service does not promise to look there.
// A task that is not there is an error that matches ErrNotFound. It changes nothing
// and can be repeated.
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) Get(ctx context.Context, req *GetTaskRequest) (*Task, error) {
	r := copyOf(req)
	if _, err := s.client.check(taskList, r); err != nil {
		return nil, err
	}
	task := target[Task]{
		what:    fmt.Sprintf("task %q", r.ID),
		as:      (*Task).candidate,
		matches: func(task *Task) bool { return task.ID == r.ID },
	}
	found, err := find(ctx, s.client, taskList, &ListTasksRequest{RegionID: r.RegionID, SourceType: r.SourceType, Query: r.ID}, task)
	if errors.Is(err, ErrNotFound) {
		found, err = find(ctx, s.client, taskList, &ListTasksRequest{RegionID: r.RegionID, SourceType: r.SourceType}, task)
	}
	return found, err
}

func (t *Task) candidate() Candidate {
	return Candidate{ID: t.ID, Name: t.Name, Detail: "plan " + t.PlanName + ", " + string(t.Started) + ", " + string(t.Status)}
}

// CancelTaskRequest is the request of Tasks.Cancel.
type CancelTaskRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the task: Task.ID, or the TaskID of the run that began it.
	ID string `json:"backupTaskID"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the task's host, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *CancelTaskRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupTaskID", r.ID)
}

// CancelTaskResponse is the answer of Tasks.Cancel.
type CancelTaskResponse struct {
	Meta
	// ID is the task, or empty where the service gives no detail.
	ID string `json:"backupTaskID"`
}

// Cancel stops a task. It places no order. The task is canceled later: Tasks.Wait then
// ends in ErrCanceled, unless the task completed first. Cancel is sent once only;
// after ErrOutcomeUnknown look with Get what its status is before trying again.
//
// POST /v4/backup/cancel-task-backup (取消备份任务)
func (s Tasks) Cancel(ctx context.Context, req *CancelTaskRequest) (*CancelTaskResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/cancel-task-backup"}, copyOf(req), new(CancelTaskResponse))
}

// Restores are the tasks that bring the files of a snapshot back to a host.
type Restores struct{ client *Client }

// ExistingFileMode says what a restore does with a file that exists already.
type ExistingFileMode int

// The documented modes.
const (
	ExistingOverwrite ExistingFileMode = 0 // the default
	ExistingSkip      ExistingFileMode = 1
	ExistingKeepNewer ExistingFileMode = 2
)

// RestoreScope says what of a snapshot is restored.
type RestoreScope int

// The documented scopes.
const (
	RestoreAll    RestoreScope = 0 // all files
	RestoreOnly   RestoreScope = 1 // the paths of CreateRestoreRequest.Paths alone
	RestoreAllBut RestoreScope = 2 // all but the paths of CreateRestoreRequest.Paths
)

// CreateRestoreRequest is the request of Restores.Create.
type CreateRestoreRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// SnapshotID is the snapshot to restore: Snapshot.ID of one that is available.
	SnapshotID string `json:"backupSnapID"`
	// TargetID is the host to restore to; empty means the one that was backed up.
	TargetID string `json:"backupTgtInstanceID,omitempty"`
	// TargetDir is the directory to restore to, which is made if it is missing;
	// empty means where the files came from.
	TargetDir string `json:"backupTgtDir,omitempty"`
	// ExistingFiles says what to do with a file that exists already at the target:
	// ctcbr.Ptr(ctcbr.ExistingSkip). The default overwrites it.
	ExistingFiles *ExistingFileMode `json:"backupExistFileMode,omitempty"`
	// Scope says what is restored: ctcbr.Ptr(ctcbr.RestoreOnly). State it wherever
	// Paths are given: without it they may not narrow the restore.
	Scope *RestoreScope `json:"backupRestoreFuncType,omitempty"`
	// Paths are at most 10 paths, required with RestoreOnly and RestoreAllBut.
	Paths []string `json:"backupRestoreFileList,omitzero"`
	// IncludeSystemDirs restores system directories, too, when files go back to
	// where they came from. It is false by default.
	IncludeSystemDirs *bool `json:"backupRestoreIncludeSysDirs,omitempty"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the host that was backed up, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *CreateRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupSnapID", r.SnapshotID)
	needed := r.Scope != nil && (*r.Scope == RestoreOnly || *r.Scope == RestoreAllBut)
	v.given("backupRestoreFileList", !needed || len(r.Paths) > 0)
	v.paths("backupRestoreFileList", r.Paths, math.MaxInt)
}

// CreateRestoreResponse is the answer of Restores.Create.
type CreateRestoreResponse struct {
	Meta
	// ID is the restore, by which it can be listed and canceled.
	ID string `json:"backupRestoreID"`
}

func (r *CreateRestoreResponse) check(*call, *answer) error {
	if r.ID == "" {
		return fmt.Errorf("%w: it does not name the restore", ErrBadAnswer)
	}
	return nil
}

// Create restores a snapshot: to the host and the directory that it came from,
// overwriting what is there, unless the request says otherwise. It places no
// order. The answer's ID leads to the restore, which is done later: wait for it with
// Restores.Wait. Create is sent once only: a repeat restores again, so after
// ErrOutcomeUnknown list the restores of the host first. An answer that does not name
// the restore is such an error.
//
// POST /v4/backup/create-restore-backup (创建恢复任务)
func (s Restores) Create(ctx context.Context, req *CreateRestoreRequest) (*CreateRestoreResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/create-restore-backup"}, copyOf(req), new(CreateRestoreResponse))
}

// RestoreStatus is the state of a restore.
type RestoreStatus string

// The documented states. What a canceled restore becomes is not documented.
const (
	RestoreCreating     RestoreStatus = "RestoreCreating"
	RestoreCreateFailed RestoreStatus = "RestoreCreateFail"
	RestoreRunning      RestoreStatus = "RestoreRunning"
	RestoreCompleted    RestoreStatus = "RestoreCompleted"
	RestoreCanceling    RestoreStatus = "RestoreCanceling"
	RestoreFailed       RestoreStatus = "RestoreFail"
)

// ListRestoresRequest is the request of Restores.List.
type ListRestoresRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID finds one restore.
	ID string `json:"backupRestoreID,omitempty"`
	// HostID finds restores of what was backed up from a host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Query finds restores by the name of their host or snapshot, or by an ID.
	Query string `json:"queryContent,omitempty"`
	// Status finds restores in a state.
	Status RestoreStatus `json:"backupRestoreStatus,omitempty"`
	// IsCloud is true, the default, for elastic cloud hosts and false for hosts on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is SourceECS unless given: restores of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *ListRestoresRequest) complete(v *validation) { v.region(&r.RegionID) }

func (r *ListRestoresRequest) kind() SourceType { return kindOf(deref(r).SourceType, deref(r).IsCloud) }

// ofKind says which kind of host was asked for.
func (r *Restore) ofKind(kind SourceType) *Restore {
	if r != nil {
		r.SourceType = cmp.Or(kind, SourceECS)
	}
	return r
}

// ListRestoresResponse is the answer of Restores.List.
type ListRestoresResponse struct {
	Meta
	Restores []Restore `json:"backupRestoreList"`
	// Total counts the restores found.
	Total int `json:"backupRestoreCount"`
}

// Restore is a task that brings the files of a snapshot back.
type Restore struct {
	ID   string `json:"backupRestoreID"`
	Name string `json:"backupRestoreName"`
	// TargetID is the host that is restored to. It, TargetName and Done are read
	// from their deprecated names, too, where the service gives those alone.
	TargetID    string   `json:"backupTargetInstanceID"`
	TargetName  string   `json:"backupTargetInstanceName"`
	TargetPaths []string `json:"backupRestoreTargetPaths"`
	// Paths are what was backed up.
	Paths []string `json:"backupPaths"`
	// FileCount counts the files that were restored so far.
	FileCount  int           `json:"backupRestoreDoneFileCount"`
	Status     RestoreStatus `json:"backupRestoreStatusCode"`
	StatusDesc string        `json:"backupRestoreStatus"` // in Chinese
	Started    Time          `json:"backupRestoreStartTime"`
	// Done is when the restore ended; zero before.
	Done Time `json:"backupRestoreCompleteTime"`
	// Message tells how the restore ended: why it failed, or that it succeeded.
	Message     string  `json:"backupRestoreErrMsg"`
	Percent     Percent `json:"backupRestorePercent"`
	StorageName string  `json:"backupStorageName"`
	// HostID is the host that was backed up.
	HostID       string `json:"backupSrcInstanceID"`
	HostName     string `json:"backupSrcInstanceName"`
	SnapshotID   string `json:"backupSnapID"`
	SnapshotName string `json:"backupSnapName"`
	// SourceType is the kind of host that was asked for when the restore was listed.
	SourceType SourceType `json:"-"`
}

// UnmarshalJSON reads a restore with either name of its target and of its end.
func (r *Restore) UnmarshalJSON(data []byte) error {
	type plain Restore
	wire := struct {
		*plain
		TargetID   string `json:"backupTgtInstanceID"`
		TargetName string `json:"backupTgtInstanceName"`
		Done       Time   `json:"backupRestoreDoneTime"`
	}{plain: (*plain)(r)}
	err := decode(data, &wire)
	r.TargetID = cmp.Or(r.TargetID, wire.TargetID)
	r.TargetName = cmp.Or(r.TargetName, wire.TargetName)
	r.Done = cmp.Or(r.Done, wire.Done)
	return err
}

// List lists the restores of a region in one request. It changes nothing and can
// be repeated.
//
// GET /v4/backup/query-restore-backup (查询恢复任务列表)
func (s Restores) List(ctx context.Context, req *ListRestoresRequest) (*ListRestoresResponse, error) {
	resp, err := do(ctx, s.client, restoreList, copyOf(req), new(ListRestoresResponse))
	if err != nil {
		return nil, err
	}
	for i := range resp.Restores {
		resp.Restores[i].ofKind(req.kind())
	}
	return resp, nil
}

var restoreList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-restore-backup", list: "backupRestoreList"}

// All gives out the restores of a region one by one as they arrive, in memory that
// does not grow with the list. It makes one request each time it is ranged over.
// An error ends it, behind what came whole. See Snapshots.All.
//
// GET /v4/backup/query-restore-backup (查询恢复任务列表)
func (s Restores) All(ctx context.Context, req *ListRestoresRequest) iter.Seq2[Restore, error] {
	kind, listed := req.kind(), streamed[Restore](ctx, s.client, restoreList, req)
	return func(yield func(Restore, error) bool) {
		for restore, err := range listed {
			if err == nil {
				restore.SourceType = kind
			}
			if !yield(restore, err) {
				return
			}
		}
	}
}

// GetRestoreRequest is the request of Restores.Get.
type GetRestoreRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the restore: Restore.ID.
	ID string `json:"backupRestoreID"`
	// SourceType is SourceECS unless given: restores of other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupRestoreID", r.ID)
}

// Get finds a restore by its ID, in one request. One that is not there is an error
// that matches ErrNotFound. It changes nothing and can be repeated.
//
// GET /v4/backup/query-restore-backup (查询恢复任务列表)
func (s Restores) Get(ctx context.Context, req *GetRestoreRequest) (*Restore, error) {
	r := copyOf(req)
	if _, err := s.client.check(restoreList, r); err != nil {
		return nil, err
	}
	found, err := find(ctx, s.client, restoreList, &ListRestoresRequest{RegionID: r.RegionID, SourceType: r.SourceType, ID: r.ID}, target[Restore]{
		what:    fmt.Sprintf("restore %q", r.ID),
		as:      (*Restore).candidate,
		matches: func(restore *Restore) bool { return restore.ID == r.ID },
	})
	return found.ofKind(r.SourceType), err
}

func (r *Restore) candidate() Candidate {
	return Candidate{ID: r.ID, Name: r.Name, Detail: "to host " + cmp.Or(r.TargetName, r.TargetID) + ", " + string(r.Started) + ", " + string(r.Status)}
}

// CancelRestoreRequest is the request of Restores.Cancel.
type CancelRestoreRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the restore: Restore.ID.
	ID string `json:"backupRestoreID"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the host that was backed up, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *CancelRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupRestoreID", r.ID)
}

// CancelRestoreResponse is the answer of Restores.Cancel.
type CancelRestoreResponse struct {
	Meta
	// ID is the restore, or empty where the service gives no detail.
	ID string `json:"backupRestoreID"`
}

// Cancel stops a restore. It places no order. What becomes of the files that it has
// restored already is not documented. The restore is canceled later: Restores.Wait then ends in ErrCanceled, unless the
// restore completed first. Cancel is sent once only; after ErrOutcomeUnknown look with
// Get what its status is before trying again.
//
// POST /v4/backup/cancel-restore-backup (取消恢复任务)
func (s Restores) Cancel(ctx context.Context, req *CancelRestoreRequest) (*CancelRestoreResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/cancel-restore-backup"}, copyOf(req), new(CancelRestoreResponse))
}

// RestoreNewestRequest is the request of Restores.Newest: the copy in the words of
// NewestSnapshotRequest, and what is done with it in those of CreateRestoreRequest.
type RestoreNewestRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string
	// HostID is the host that was backed up. It is required.
	HostID string
	// PlanID and PlanName take the copies of one plan. One of them is required where the host has
	// copies of plans of several names.
	PlanID, PlanName string
	// SourceType is the kind of the host that was backed up, SourceECS by default.
	SourceType SourceType
	// MaxAge is how old the copy may be; zero means any age.
	MaxAge time.Duration
	// AllowOlder takes an older copy where the newest cannot be used.
	AllowOlder bool

	// TargetID is the host to restore to; empty means the one that was backed up.
	TargetID string
	// TargetDir is the directory to restore to, which is made if it is missing. It is required unless
	// InPlace is true.
	TargetDir string
	// InPlace restores to where the files came from, over what is there now.
	InPlace bool
	// ExistingFiles says what becomes of files that are there; overwritten by default.
	ExistingFiles *ExistingFileMode
	// Scope says what is restored: ctcbr.Ptr(ctcbr.RestoreOnly). It is required with Paths.
	Scope *RestoreScope
	// Paths are at most 10 paths, required with RestoreOnly and RestoreAllBut.
	Paths []string
	// IncludeSystemDirs restores system directories, too, when files go back to where they came from.
	IncludeSystemDirs *bool
}

func (r *RestoreNewestRequest) snapshot() *NewestSnapshotRequest {
	return &NewestSnapshotRequest{
		RegionID: r.RegionID, HostID: r.HostID, PlanID: r.PlanID, PlanName: r.PlanName,
		SourceType: r.SourceType, MaxAge: r.MaxAge, AllowOlder: r.AllowOlder,
	}
}

func (r *RestoreNewestRequest) restore(snapshotID string) *CreateRestoreRequest {
	return &CreateRestoreRequest{
		RegionID: r.RegionID, SnapshotID: snapshotID, TargetID: r.TargetID, TargetDir: r.TargetDir,
		ExistingFiles: r.ExistingFiles, Scope: r.Scope, Paths: r.Paths, IncludeSystemDirs: r.IncludeSystemDirs, SourceType: r.SourceType,
	}
}

func (r *RestoreNewestRequest) complete(v *validation) {
	r.snapshot().complete(v)
	switch {
	case !r.InPlace:
		v.required("TargetDir", r.TargetDir)
	case r.TargetDir != "":
		v.fault("TargetDir", "must be empty to restore in place")
	}
	v.given("Scope", r.Scope != nil || len(r.Paths) == 0)
	needed := r.Scope != nil && (*r.Scope == RestoreOnly || *r.Scope == RestoreAllBut)
	v.given("Paths", !needed || len(r.Paths) > 0)
	v.paths("Paths", r.Paths, math.MaxInt)
}

// Newest restores the newest copy of a host and waits until that is done: to a directory or, only if
// InPlace says so, over the live data. Which copy that is, and the errors where there is none that
// can be used, are those of Snapshots.Newest: an older copy than the newest is restored only if
// AllowOlder says so. Its other errors are those of Create, with the snapshot's ID, and of Wait. It
// is sent once only: a repeat restores again, so after ErrOutcomeUnknown list the restores of the
// host first.
//
// GET /v4/backup/query-backup-snapshot (查询云备份快照),
// POST /v4/backup/create-restore-backup (创建恢复任务)
func (s Restores) Newest(ctx context.Context, req *RestoreNewestRequest, opts ...WaitOption) (*Restore, error) {
	r := deref(req)
	if _, err := s.client.check(operation{path: "restore-newest"}, &r); err != nil {
		return nil, err
	}
	snapshot, err := Snapshots(s).Newest(ctx, r.snapshot())
	if err != nil {
		return nil, err
	}
	created, err := s.Create(ctx, r.restore(snapshot.ID))
	if err != nil {
		return nil, about("restore of snapshot "+snapshot.ID, err)
	}
	return s.Wait(ctx, created.ID, within(r.RegionID, r.SourceType, opts)...)
}
