package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Tasks are the runs of plans. Each creates one snapshot of a host.
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

// The two spellings to expect of a canceled task. What a task becomes when it is canceled is not
// documented.
const (
	TaskCanceled  TaskStatus = "Canceled"
	TaskCancelled TaskStatus = "Cancelled"
)

// ListTasksRequest is the request of [Tasks.List].
type ListTasksRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// HostID selects the tasks of one host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Query selects tasks by the name of their plan, host or snapshot, or by an ID.
	Query string `json:"queryContent,omitempty"`
	// Status selects tasks by their state.
	Status TaskStatus `json:"backupTaskStatus,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
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

// ListTasksResponse is the response of [Tasks.List].
type ListTasksResponse struct {
	Meta
	Tasks []Task `json:"backupTaskList" wire:"list"`
	// Total is the number of tasks that match.
	Total int `json:"bakupTaskCount" wire:"lenient"` // sic
}

// Task is one run of a plan.
type Task struct {
	ID       string `json:"backupTaskID" wire:"lenient"`
	Name     string `json:"backupTaskName"`
	PlanName string `json:"backupPolicyName"`
	// HostID is the ID of the host that is backed up.
	HostID      string `json:"backupSrcInstanceID" wire:"lenient"`
	HostName    string `json:"backupSrcInstanceName"`
	StorageID   string `json:"backupStorageID" wire:"lenient"`
	StorageName string `json:"backupStorageName"`
	// Paths are the paths that are backed up.
	Paths []string `json:"backupPaths"`
	// FileCount is the number of files backed up so far.
	FileCount  int        `json:"backupFileCount"`
	Status     TaskStatus `json:"backupTaskStatusCode"`
	StatusDesc string     `json:"backupTaskStatus"` // in Chinese
	Started    Time       `json:"backupTaskStartTime"`
	// Done is when the task ended, or empty before.
	Done Time `json:"backupTaskDoneTime"`
	// Message says why the task failed, or that it succeeded.
	Message string  `json:"backupTaskErrMsg"`
	Percent Percent `json:"backupTaskPercent"`
	// Rate is the transfer rate ("209.28 KB/s").
	Rate Rate `json:"backupTaskRate"`
	// SnapshotID is the ID of the snapshot that the task creates. It may be empty until the task
	// completes.
	SnapshotID   string `json:"backupSnapID" wire:"lenient"`
	SnapshotName string `json:"backupSnapName"`
	// SourceType is the kind of host that the list was requested for.
	SourceType SourceType `json:"-"`
}

// List lists the tasks of a region in one request. It changes nothing and is safe to repeat.
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

var taskList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-task-backup", list: "backupTaskList", total: "bakupTaskCount"}

// All iterates over the tasks of a region as they arrive, holding one at a time. Each range over it
// makes one request. An error is the last element; the tasks before it are complete. See
// [Snapshots.All].
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) All(ctx context.Context, req *ListTasksRequest) iter.Seq2[Task, error] {
	return streamed(ctx, s.client, taskList, req, Task{SourceType: req.kind()})
}

// GetTaskRequest is the request of [Tasks.Get].
type GetTaskRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the task: Task.ID, or OperatePlanResponse.TaskID of the run that started it.
	ID string `json:"backupTaskID"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetTaskRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupTaskID", r.ID)
}

// Get finds a task by its ID. It queries the list by the ID first. If the task is not among the
// matches it reads the whole list, because the service does not promise to search task IDs. If
// there is no such task, the error matches [ErrNotFound]. It changes nothing and is safe to repeat.
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
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrIncomplete) {
		found, err = find(ctx, s.client, taskList, &ListTasksRequest{RegionID: r.RegionID, SourceType: r.SourceType}, task)
	}
	return found, err
}

func (t *Task) candidate() Candidate {
	return Candidate{ID: t.ID, Name: t.Name, Detail: "plan " + t.PlanName + ", " + string(t.Started) + ", " + string(t.Status)}
}

// CancelTaskRequest is the request of [Tasks.Cancel].
type CancelTaskRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the task: Task.ID, or OperatePlanResponse.TaskID of the run that started it.
	ID string `json:"backupTaskID"`
	// SourceType is the kind of the task's host. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *CancelTaskRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupTaskID", r.ID)
}

// CancelTaskResponse is the response of [Tasks.Cancel].
type CancelTaskResponse struct {
	Meta
	// ID is the ID of the task, or empty if the service gave no detail.
	ID string `json:"backupTaskID" wire:"lenient"`
}

// Cancel cancels a task. It places no order. The service carries it out later: [Tasks.Wait] then
// returns an error that matches [ErrCanceled], unless the task completed first.
//
// It is not repeated once the service may have received it. After [ErrOutcomeUnknown], use
// [Tasks.Get] to check the status before you try again.
//
// POST /v4/backup/cancel-task-backup (取消备份任务)
func (s Tasks) Cancel(ctx context.Context, req *CancelTaskRequest) (*CancelTaskResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/cancel-task-backup"}, copyOf(req), new(CancelTaskResponse))
}

// TaskError is a task that did not complete.
type TaskError struct {
	// Task is the task as it was listed last.
	Task Task
	// Err matches [ErrFailed], [ErrCanceled] or [ErrVanished].
	Err error
}

// Error says in one line how the task ended.
func (e *TaskError) Error() string {
	t := &e.Task
	return endedBadly("backup task "+t.ID+part(" of plan ", t.PlanName, "")+part(" of host ", t.HostName, t.HostID), e.Err, t.Message)
}

// Unwrap returns Err.
func (e *TaskError) Unwrap() error { return e.Err }

// taskEnded reports whether the state of a task is final, with an error if it is a failure.
func taskEnded(state string, canceling bool) (bool, error) {
	switch TaskStatus(state) {
	case TaskCompleted:
		return true, nil
	case TaskCanceled, TaskCancelled:
		return true, ErrCanceled
	case TaskFailed:
		if canceling {
			return true, ErrCanceled
		}
		return true, ErrFailed
	}
	return false, nil
}

// Wait polls a task until it has completed, and returns it. A task that failed, was canceled or
// vanished is a [*TaskError], which holds the task and matches [ErrFailed], [ErrCanceled] or
// [ErrVanished]. A wait that ends before the task does is a [*WaitError]. Temporary failures do not
// end it. The ID is enough: another process may wait for the task.
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) Wait(ctx context.Context, id string, opts ...WaitOption) (*Task, error) {
	tasks, err := s.WaitAll(ctx, []string{id}, opts...)
	if err != nil {
		return nil, err
	}
	return &tasks[0], nil
}

// WaitAll polls tasks of one region and kind of host until all have ended, and returns them in the
// order of ids. Without ids it returns at once. The error joins a [*TaskError] for every task that
// did not complete: one alone is itself, several are behind Unwrap() []error. The tasks as they
// were listed last are returned also with an error. An ID that is given twice is one task.
//
// A poll is one request, however many tasks there are. Only if the list of the region is a hundred
// times as long, a poll asks for the tasks of their hosts, of which there may be three.
//
// GET /v4/backup/query-task-backup (查询备份任务列表)
func (s Tasks) WaitAll(ctx context.Context, ids []string, opts ...WaitOption) ([]Task, error) {
	if err := checkIDs(taskList.name(), "id", "backupTaskID", ids...); err != nil {
		return nil, err
	}
	j := newJobs[Task](newWaiting(s.client, opts), ids)
	j.view = func(t *Task) job {
		return job{t.ID, t.HostID, string(t.Status), t.Percent, t.Rate, t.FileCount}
	}
	j.ended, j.filters = taskEnded, j.hosts
	j.list = func(ctx context.Context, host string, begin func(), take func(Task)) error {
		req := &ListTasksRequest{RegionID: j.region, SourceType: j.source, HostID: host}
		_, _, err := search(ctx, s.client, taskList, req, begin, func(task Task) { take(*task.ofKind(j.source)) })
		return err
	}
	for id, state := range j.states {
		state.last.ID = id
	}
	failures := []error{j.wait(ctx)}
	for _, id := range j.ids {
		if state := j.states[id]; state.err != nil {
			failures = append(failures, &TaskError{Task: state.last, Err: state.err})
		}
	}
	tasks := make([]Task, len(ids))
	for i, id := range ids {
		tasks[i] = j.states[id].last
	}
	return tasks, join(failures...)
}

// Restores are tasks that write the files of a snapshot back to a host.
type Restores struct{ client *Client }

// ExistingFileMode is what a restore does with a file that already exists.
type ExistingFileMode int

// The documented values.
const (
	ExistingOverwrite ExistingFileMode = 0 // the default
	ExistingSkip      ExistingFileMode = 1
	ExistingKeepNewer ExistingFileMode = 2
)

// RestoreScope is the part of a snapshot that is restored.
type RestoreScope int

// The documented values.
const (
	RestoreAll    RestoreScope = 0 // all files
	RestoreOnly   RestoreScope = 1 // only CreateRestoreRequest.Paths
	RestoreAllBut RestoreScope = 2 // everything except CreateRestoreRequest.Paths
)

// CreateRestoreRequest is the request of [Restores.Create].
type CreateRestoreRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// SnapshotID is the ID of the snapshot to restore: Snapshot.ID of one that is available.
	SnapshotID string `json:"backupSnapID"`
	// TargetID is the ID of the host to restore to. Empty means the host that was backed up.
	TargetID string `json:"backupTgtInstanceID,omitempty"`
	// TargetDir is the directory to restore to, which is created if it is missing. Empty means the
	// original paths: the restore then writes over the live data, unless ExistingFiles says
	// otherwise.
	TargetDir string `json:"backupTgtDir,omitempty"`
	// ExistingFiles is what to do with a file that already exists at the target:
	// ctcbr.Ptr(ctcbr.ExistingSkip) keeps it. The default overwrites it.
	ExistingFiles *ExistingFileMode `json:"backupExistFileMode,omitempty"`
	// Scope is the part of the snapshot to restore: ctcbr.Ptr(ctcbr.RestoreOnly) restores Paths
	// only. It is required where Paths are given. Without either, all files are restored.
	Scope *RestoreScope `json:"backupRestoreFuncType,omitempty"`
	// Paths are at most 10 paths. They are required with [RestoreOnly] and [RestoreAllBut].
	Paths []string `json:"backupRestoreFileList,omitzero"`
	// IncludeSystemDirs also restores system directories when files go back to their original
	// paths. The default is false.
	IncludeSystemDirs *bool `json:"backupRestoreIncludeSysDirs,omitempty"`
	// SourceType is the kind of the host that was backed up. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *CreateRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupSnapID", r.SnapshotID)
	v.restored("backupRestoreFuncType", r.Scope, "backupRestoreFileList", r.Paths)
	v.path("backupTgtDir", r.TargetDir)
}

// restored checks what of a snapshot is restored: paths without a scope would not narrow it.
func (v *validation) restored(scopeField string, scope *RestoreScope, pathsField string, paths []string) {
	needed := scope != nil && (*scope == RestoreOnly || *scope == RestoreAllBut)
	v.given(pathsField, !needed || len(paths) > 0)
	v.paths(pathsField, paths, math.MaxInt)
	if len(paths) > 0 && (scope == nil || *scope == RestoreAll) {
		v.fault(scopeField, "must be RestoreOnly or RestoreAllBut if Paths are given: otherwise all files are restored")
	}
}

// CreateRestoreResponse is the response of [Restores.Create].
type CreateRestoreResponse struct {
	Meta
	// ID is the ID of the restore, for [Restores.Wait], [Restores.Get] and [Restores.Cancel].
	ID string `json:"backupRestoreID" wire:"lenient,once"`
}

func (r *CreateRestoreResponse) check(*call, *answer) error {
	if isBlank(r.ID) {
		return fmt.Errorf("%w: it does not name the restore", ErrBadAnswer)
	}
	return nil
}

// Create starts the restore of a snapshot. Unless the request says otherwise it restores to the
// original host and paths, and overwrites existing files. It places no order. The restore runs
// later: wait for it with [Restores.Wait] and the ID of the response.
//
// It is not repeated once the service may have received it, because a repeat would restore again.
// After [ErrOutcomeUnknown], list the restores of the host before you try again. A response that
// does not name the restore is such an error.
//
// POST /v4/backup/create-restore-backup (创建恢复任务)
func (s Restores) Create(ctx context.Context, req *CreateRestoreRequest) (*CreateRestoreResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/create-restore-backup"}, copyOf(req), new(CreateRestoreResponse))
}

// RestoreError is a restore that did not complete.
type RestoreError struct {
	// Restore is the restore as it was listed last.
	Restore Restore
	// Err matches [ErrFailed], [ErrCanceled] or [ErrVanished].
	Err error
}

// Error says in one line how the restore ended.
func (e *RestoreError) Error() string {
	r := &e.Restore
	what := "restore " + r.ID + part(" of host ", r.HostName, r.HostID)
	if r.TargetID != r.HostID {
		what += part(" to host ", r.TargetName, r.TargetID)
	}
	return endedBadly(what, e.Err, r.Message)
}

// Unwrap returns Err.
func (e *RestoreError) Unwrap() error { return e.Err }

// restoreEnded reports whether the state of a restore is final, with an error if it is a failure.
func restoreEnded(state string, canceling bool) (bool, error) {
	switch RestoreStatus(state) {
	case RestoreCompleted:
		return true, nil
	case RestoreFailed, RestoreCreateFailed:
		if canceling {
			return true, ErrCanceled
		}
		return true, ErrFailed
	}
	if strings.HasSuffix(state, "Canceled") || strings.HasSuffix(state, "Cancelled") {
		return true, ErrCanceled
	}
	return false, nil
}

// Wait polls a restore until it has completed, and returns it. Its errors are those of
// [Tasks.Wait], with a [*RestoreError] for a [*TaskError]. A poll asks for the restore alone, and
// for all restores of the region if that does not find it.
//
// GET /v4/backup/query-restore-backup (查询恢复任务列表)
func (s Restores) Wait(ctx context.Context, id string, opts ...WaitOption) (*Restore, error) {
	if err := checkIDs(restoreList.name(), "id", "backupRestoreID", id); err != nil {
		return nil, err
	}
	j := newJobs[Restore](newWaiting(s.client, opts), []string{id})
	state := j.states[id]
	state.last.ID = id
	j.view = func(r *Restore) job {
		return job{id: r.ID, host: r.HostID, state: string(r.Status), percent: r.Percent, files: r.FileCount}
	}
	j.ended = restoreEnded
	j.filters = func() []string {
		if state.unfiltered {
			return nil
		}
		return []string{id}
	}
	j.list = func(ctx context.Context, id string, begin func(), take func(Restore)) error {
		req := &ListRestoresRequest{RegionID: j.region, SourceType: j.source, ID: id}
		_, _, err := search(ctx, s.client, restoreList, req, begin, func(restore Restore) { take(*restore.ofKind(j.source)) })
		return err
	}
	if err := j.wait(ctx); err != nil {
		return nil, err
	}
	if state.err != nil {
		return nil, &RestoreError{Restore: state.last, Err: state.err}
	}
	return &state.last, nil
}

// RestoreStatus is the state of a restore.
type RestoreStatus string

// The documented states. What a restore becomes when it is canceled is not documented.
const (
	RestoreCreating     RestoreStatus = "RestoreCreating"
	RestoreCreateFailed RestoreStatus = "RestoreCreateFail"
	RestoreRunning      RestoreStatus = "RestoreRunning"
	RestoreCompleted    RestoreStatus = "RestoreCompleted"
	RestoreCanceling    RestoreStatus = "RestoreCanceling"
	RestoreFailed       RestoreStatus = "RestoreFail"
)

// ListRestoresRequest is the request of [Restores.List].
type ListRestoresRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID selects one restore.
	ID string `json:"backupRestoreID,omitempty"`
	// HostID selects restores by the host that was backed up.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Query selects restores by the name of their host or snapshot, or by an ID.
	Query string `json:"queryContent,omitempty"`
	// Status selects restores by their state.
	Status RestoreStatus `json:"backupRestoreStatus,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
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

// ListRestoresResponse is the response of [Restores.List].
type ListRestoresResponse struct {
	Meta
	Restores []Restore `json:"backupRestoreList" wire:"list"`
	// Total is the number of restores that match.
	Total int `json:"backupRestoreCount" wire:"lenient"`
}

// Restore is one restore of a snapshot to a host.
type Restore struct {
	ID   string `json:"backupRestoreID" wire:"lenient"`
	Name string `json:"backupRestoreName"`
	// TargetID is the ID of the host that is restored to. TargetID, TargetName and Done are also
	// read from their deprecated names, if the service gives only those.
	TargetID    string   `json:"backupTargetInstanceID" or:"backupTgtInstanceID" wire:"lenient"`
	TargetName  string   `json:"backupTargetInstanceName" or:"backupTgtInstanceName"`
	TargetPaths []string `json:"backupRestoreTargetPaths"`
	// Paths are the paths that were backed up.
	Paths []string `json:"backupPaths"`
	// FileCount is the number of files restored so far.
	FileCount  int           `json:"backupRestoreDoneFileCount"`
	Status     RestoreStatus `json:"backupRestoreStatusCode"`
	StatusDesc string        `json:"backupRestoreStatus"` // in Chinese
	Started    Time          `json:"backupRestoreStartTime"`
	// Done is when the restore ended, or empty before.
	Done Time `json:"backupRestoreCompleteTime" or:"backupRestoreDoneTime"`
	// Message says why the restore failed, or that it succeeded.
	Message     string  `json:"backupRestoreErrMsg"`
	Percent     Percent `json:"backupRestorePercent"`
	StorageName string  `json:"backupStorageName"`
	// HostID is the ID of the host that was backed up.
	HostID       string `json:"backupSrcInstanceID" wire:"lenient"`
	HostName     string `json:"backupSrcInstanceName"`
	SnapshotID   string `json:"backupSnapID" wire:"lenient"`
	SnapshotName string `json:"backupSnapName"`
	// SourceType is the kind of host that the list was requested for.
	SourceType SourceType `json:"-"`
}

// UnmarshalJSON accepts both names of the target and of the end time.
func (r *Restore) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, r) }

// List lists the restores of a region in one request. It changes nothing and is safe to repeat.
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

var restoreList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-restore-backup", list: "backupRestoreList", total: "backupRestoreCount"}

// All iterates over the restores of a region as they arrive, holding one at a time. Each range over
// it makes one request. An error is the last element; the restores before it are complete. See
// [Snapshots.All].
//
// GET /v4/backup/query-restore-backup (查询恢复任务列表)
func (s Restores) All(ctx context.Context, req *ListRestoresRequest) iter.Seq2[Restore, error] {
	return streamed(ctx, s.client, restoreList, req, Restore{SourceType: req.kind()})
}

// GetRestoreRequest is the request of [Restores.Get].
type GetRestoreRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the restore: Restore.ID.
	ID string `json:"backupRestoreID"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupRestoreID", r.ID)
}

// Get finds a restore by its ID in one request. If there is none, the error matches [ErrNotFound].
// It changes nothing and is safe to repeat.
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

// CancelRestoreRequest is the request of [Restores.Cancel].
type CancelRestoreRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the restore: Restore.ID.
	ID string `json:"backupRestoreID"`
	// SourceType is the kind of the host that was backed up. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *CancelRestoreRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupRestoreID", r.ID)
}

// CancelRestoreResponse is the response of [Restores.Cancel].
type CancelRestoreResponse struct {
	Meta
	// ID is the ID of the restore, or empty if the service gave no detail.
	ID string `json:"backupRestoreID" wire:"lenient"`
}

// Cancel cancels a restore. It places no order. What happens to files that are already restored is
// not documented. The service carries it out later: [Restores.Wait] then returns an error that
// matches [ErrCanceled], unless the restore completed first.
//
// It is not repeated once the service may have received it. After [ErrOutcomeUnknown], use
// [Restores.Get] to check the status before you try again.
//
// POST /v4/backup/cancel-restore-backup (取消恢复任务)
func (s Restores) Cancel(ctx context.Context, req *CancelRestoreRequest) (*CancelRestoreResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/cancel-restore-backup"}, copyOf(req), new(CancelRestoreResponse))
}

// RestoreNewestRequest is the request of [Restores.Newest]. It selects a copy like
// [NewestSnapshotRequest], and says what to do with it like [CreateRestoreRequest].
type RestoreNewestRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// HostID is the ID of the host that was backed up. It is required.
	HostID string
	// PlanID and PlanName select the copies of one plan. One of them is required if the host has
	// copies of several plans.
	PlanID, PlanName string
	// SourceType is the kind of the host that was backed up. Empty means [SourceECS].
	SourceType SourceType
	// MaxAge is how old the copy may be. Zero means any age.
	MaxAge time.Duration
	// AllowOlder selects an older copy if the newest cannot be used.
	AllowOlder bool

	// TargetID is the ID of the host to restore to. Empty means the host that was backed up.
	TargetID string
	// TargetDir is the directory to restore to, which is created if it is missing. It is required
	// unless InPlace is true.
	TargetDir string
	// InPlace restores to the original paths, over the live data.
	InPlace bool
	// ExistingFiles is what to do with a file that already exists at the target. The default
	// overwrites it.
	ExistingFiles *ExistingFileMode
	// Scope is the part of the snapshot to restore: ctcbr.Ptr(ctcbr.RestoreOnly) restores Paths
	// only. It is required with Paths.
	Scope *RestoreScope
	// Paths are at most 10 paths. They are required with [RestoreOnly] and [RestoreAllBut].
	Paths []string
	// IncludeSystemDirs also restores system directories when files go back to their original
	// paths. The default is false.
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
	case !r.InPlace && isBlank(r.TargetDir):
		v.fault("TargetDir", "is required unless InPlace is set")
	case r.InPlace && r.TargetDir != "":
		v.fault("TargetDir", "must be empty if InPlace is set")
	}
	v.path("TargetDir", r.TargetDir)
	v.restored("Scope", r.Scope, "Paths", r.Paths)
}

// Newest restores the newest copy of a host to a directory, or over the live data if InPlace is
// true, and waits until the restore has completed. It selects the copy like [Snapshots.Newest],
// and returns its errors if no copy can be used: an older copy is restored only if AllowOlder is
// set. Its other errors are those of [Restores.Create] and [Restores.Wait]. The restore is sent
// only once, because a repeat would restore again. After [ErrOutcomeUnknown], list the restores
// of the host before you try again.
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
