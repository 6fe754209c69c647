package ctcbr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Plans are the backup plans of hosts: what is backed up, when, to which vault, and how long copies
// are kept. The service calls them policies.
type Plans struct{ client *Client }

// DirectType is how a plan selects directories.
type DirectType int

// The documented values.
const (
	DirectAll      DirectType = 0 // all directories
	DirectGiven    DirectType = 1 // the directories of FileSelection.Dirs
	DirectAdvanced DirectType = 2 // FileSelection.Dirs with FileSelection.Rule
)

// FileSelection is what a plan backs up. Paths are those of the host. Use [BackUpAll] or
// [BackUpDirs] to create one; the request then needs no DirectType.
type FileSelection struct {
	// Dirs are at most 10 paths of at most 4095 characters. They are required unless the plan backs
	// up all directories; then they must be empty.
	Dirs []string `json:"dirs,omitzero"`
	// Files are at most 10 paths of at most 4095 characters.
	Files []string `json:"files,omitzero"`
	// Rule is the meaning of Files. It is required with [DirectAdvanced].
	Rule *FileRule `json:"rule,omitempty"`

	direct *DirectType `json:"-"` // of what BackUpAll or BackUpDirs made
}

// BackUpAll selects all directories of a host.
func BackUpAll() *FileSelection { return &FileSelection{direct: Ptr(DirectAll)} }

// BackUpDirs selects directories with everything in them: 1 to 10 paths of at most 4095
// characters. [FileSelection.Except] and [FileSelection.Only] narrow the selection.
func BackUpDirs(dirs ...string) *FileSelection {
	return &FileSelection{Dirs: slices.Clone(dirs), direct: Ptr(DirectGiven)}
}

// Except returns the selection without the given files, at most 10 paths. It does not change f.
func (f *FileSelection) Except(files ...string) *FileSelection { return f.with(FilesExclude, files) }

// Only returns the selection reduced to certain files, 1 to 10 paths. It does not change f.
func (f *FileSelection) Only(files ...string) *FileSelection { return f.with(FilesInclude, files) }

// UnmarshalJSON accepts a Rule of any JSON type. One that it cannot read becomes an undocumented
// value.
func (f *FileSelection) UnmarshalJSON(data []byte) error {
	type plain FileSelection
	wire := struct {
		*plain
		Rule json.RawMessage `json:"rule"`
	}{plain: (*plain)(f)}
	err := wirejson.Unmarshal(data, &wire)
	f.Rule = readInt[FileRule](wire.Rule)
	if text := string(wire.Rule); f.Rule == nil && text != "" && text != "null" && text != `""` {
		f.Rule = Ptr(unknownRule)
	}
	return err
}

func (f *FileSelection) with(rule FileRule, files []string) *FileSelection {
	return &FileSelection{Dirs: slices.Clone(deref(f).Dirs), Files: slices.Clone(files), Rule: &rule, direct: Ptr(DirectAdvanced)}
}

// chosen completes a DirectType from the function that made files.
func chosen(direct *DirectType, files *FileSelection) (*DirectType, *FileSelection) {
	if direct == nil && files != nil {
		direct = clone(files.direct)
	}
	if files != nil && files.direct != nil && *files.direct == DirectAll && direct != nil && *direct == DirectAll {
		files = nil
	}
	return direct, files
}

// FileRule is the meaning of FileSelection.Files.
type FileRule int

// The documented values.
const (
	FilesAll     FileRule = 0 // all files of Dirs
	FilesInclude FileRule = 1 // only the files of Files
	FilesExclude FileRule = 2 // all except the files of Files
)

// unknownRule stands for what cannot be read as a rule.
const unknownRule FileRule = -1

// FullBackup schedules periodic full backups between incremental ones. Without it the service
// decides when a full backup runs.
type FullBackup struct {
	// Mode is 1 for periodic full backups, or 0 for none.
	Mode *int `json:"backupMode,omitempty"`
	// Increments is the number of incremental backups between two full ones. The permitted range is
	// not documented.
	Increments *int `json:"incrementNum,omitempty"`
}

// UnmarshalJSON accepts members of any JSON type. One that it cannot read becomes nil.
func (f *FullBackup) UnmarshalJSON(data []byte) error {
	var wire struct {
		Mode       json.RawMessage `json:"backupMode"`
		Increments json.RawMessage `json:"incrementNum"`
	}
	if err := wirejson.Unmarshal(data, &wire); err != nil {
		return err
	}
	f.Mode, f.Increments = readInt[int](wire.Mode), readInt[int](wire.Increments)
	if on := readBool(wirejson.Text(wire.Mode)); f.Mode == nil && len(wire.Mode) > 0 && on != nil {
		f.Mode = Ptr(0)
		if *on {
			f.Mode = Ptr(1)
		}
	}
	return nil
}

// CreatePlanRequest is the request of [Plans.Create].
type CreatePlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// Name is the name of the plan. The service may accept the same name twice.
	Name string `json:"backupPolicyName"`
	// HostID is the ID of the host to protect. The host needs an active agent.
	HostID string `json:"backupSrcInstanceID"`
	// StorageID is the ID of the vault to back up to: Storage.ID.
	StorageID string `json:"backupStorageID"`
	// DirectType is how directories are selected: ctcbr.Ptr(ctcbr.DirectAll) selects all. It may be
	// nil if Files was made with [BackUpAll] or [BackUpDirs].
	DirectType *DirectType `json:"directType"`
	// Files is required unless DirectType is [DirectAll].
	Files *FileSelection `json:"backupFileInfo,omitempty"`
	// Schedule is when the plan runs. Use [Hourly], [Daily], [Weekly] or [Monthly].
	Schedule Schedule `json:"backupPeriodInfo"`
	// Retention is how long copies are kept. Use [KeepDays] or a function like it.
	Retention Retention     `json:"backupRetentionInfo"`
	Full      *FullBackup   `json:"backupFullInfo,omitempty"`
	Limits    *UploadLimits `json:"backupLimitQosInfo,omitempty"` // use LimitUpload
	// SourceType is the kind of the host. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *CreatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyName", r.Name)
	v.required("backupSrcInstanceID", r.HostID)
	v.required("backupStorageID", r.StorageID)
	r.DirectType, r.Files = chosen(r.DirectType, r.Files)
	v.plan(r.DirectType, r.Files, r.Schedule, r.Retention, r.Limits)
}

// CreatePlanResponse is the response of [Plans.Create]. It does not name the plan: use [Plans.Find]
// with its exact name and host.
type CreatePlanResponse struct {
	Meta
	CommandStatus
}

// Create creates a plan. It places no order, but the plan's copies take up space in its vault. If
// the service does not accept the command, the error matches [ErrRejected].
//
// The response does not name the plan: [Plans.Find] finds it by its name and host, perhaps only
// after a moment. Create is not repeated once the service may have received it, because a repeat
// would create a second plan of the same name. After [ErrOutcomeUnknown], use [Plans.Find] before
// you try again.
//
// POST /v4/backup/new-backup-policy (创建云备份计划)
func (s Plans) Create(ctx context.Context, req *CreatePlanRequest) (*CreatePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/new-backup-policy"}, copyOf(req), new(CreatePlanResponse))
}

// PlanStatus is the state of a plan.
type PlanStatus string

// The documented states.
const (
	PlanActive  PlanStatus = "CreateSuccess"
	PlanStopped PlanStatus = "Stop"
)

// ListPlansRequest is the request of [Plans.List].
type ListPlansRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// HostID selects the plans of one host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Name selects plans whose name contains it. [Plans.Find] matches the whole name.
	Name string `json:"backupPolicyName,omitempty"`
	// ID selects one plan.
	ID string `json:"backupPolicyID,omitempty"`
	// Status selects plans by their state.
	Status PlanStatus `json:"backupPolicyStatus,omitempty"`
	// Query selects plans whose name or host name contains it.
	Query string `json:"queryContent,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *ListPlansRequest) complete(v *validation) { v.region(&r.RegionID) }

func (r *ListPlansRequest) kind() SourceType { return kindOf(deref(r).SourceType, deref(r).IsCloud) }

// ofKind says which kind of host was asked for.
func (p *Plan) ofKind(kind SourceType) *Plan {
	if p != nil {
		p.SourceType = cmp.Or(kind, SourceECS)
	}
	return p
}

// ListPlansResponse is the response of [Plans.List].
type ListPlansResponse struct {
	Meta
	Plans []Plan `json:"backupPolicyList" wire:"list"`
	// Total is the number of plans that match.
	Total int `json:"backupPolicyTotal" wire:"lenient"`
}

// Plan is a plan as the service lists it.
type Plan struct {
	ID       string `json:"backupPolicyID" wire:"lenient"`
	Name     string `json:"backupPolicyName"`
	HostID   string `json:"backupSrcInstanceID" wire:"lenient"`
	HostName string `json:"backupSrcInstanceName"`
	// Dirs are the directories of the plan, as a single text.
	Dirs string `json:"backupDirs"`
	// Raw is the plan as the service stores it, or nil if the service left it out.
	Raw *StoredPlan `json:"backupRaw"`
	// Started is the start time of the plan. For the next run, use [StoredSchedule.Next].
	Started       Time       `json:"startTimeDesc"`
	StorageID     string     `json:"backupStorageID" wire:"lenient"`
	StorageName   string     `json:"backupStorageName"`
	ScheduleDesc  string     `json:"periodDesc"`    // in Chinese
	RetentionDesc string     `json:"retentionDesc"` // in Chinese
	Status        PlanStatus `json:"statusCode"`
	StatusDesc    string     `json:"statusDesc"` // in Chinese
	// Type is 0 for cloud hosts and 1 for hosts on premises.
	Type int `json:"policyType"`
	// SourceType is the kind of host that the list was requested for.
	SourceType SourceType `json:"-"`
}

// StoredPlan is the content of a plan as the service stores it, without the plan's DirectType. Any
// part may be nil. To compare a part with what was requested, use [Schedule.Equal],
// [Retention.Equal] or [UploadLimits.Equal].
type StoredPlan struct {
	Schedule  *StoredSchedule `json:"periodInfo"`
	Files     *FileSelection  `json:"fileInfo"`
	Retention *Retention      `json:"retentionInfo"`
	Full      *FullBackup     `json:"fullInfo"`
	Limits    *UploadLimits   `json:"limitQosInfo"`
}

// List lists the plans of a region in one request. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-policy (查询云备份计划)
func (s Plans) List(ctx context.Context, req *ListPlansRequest) (*ListPlansResponse, error) {
	resp, err := do(ctx, s.client, planList, copyOf(req), new(ListPlansResponse))
	if err != nil {
		return nil, err
	}
	for i := range resp.Plans {
		resp.Plans[i].ofKind(req.kind())
	}
	return resp, nil
}

var planList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-backup-policy", list: "backupPolicyList", total: "backupPolicyTotal"}

// All iterates over the plans of a region as they arrive, holding one at a time. Each range over it
// makes one request. An error is the last element; the plans before it are complete. See
// [Snapshots.All].
//
// GET /v4/backup/query-backup-policy (查询云备份计划)
func (s Plans) All(ctx context.Context, req *ListPlansRequest) iter.Seq2[Plan, error] {
	return streamed(ctx, s.client, planList, req, Plan{SourceType: req.kind()})
}

// GetPlanRequest is the request of [Plans.Get].
type GetPlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	ID       string `json:"backupPolicyID"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetPlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
}

// Get finds a plan by its ID in one request. If there is none, the error matches [ErrNotFound]. It
// changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-policy (查询云备份计划)
func (s Plans) Get(ctx context.Context, req *GetPlanRequest) (*Plan, error) {
	r := copyOf(req)
	if _, err := s.client.check(planList, r); err != nil {
		return nil, err
	}
	found, err := find(ctx, s.client, planList, &ListPlansRequest{RegionID: r.RegionID, SourceType: r.SourceType, ID: r.ID}, target[Plan]{
		what:    fmt.Sprintf("plan %q", r.ID),
		as:      (*Plan).candidate,
		matches: func(plan *Plan) bool { return plan.ID == r.ID },
	})
	return found.ofKind(r.SourceType), err
}

// FindPlanRequest is the request of [Plans.Find].
type FindPlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// Name is the whole name of the plan.
	Name string `json:"backupPolicyName"`
	// HostID is the ID of the host that the plan protects. Empty means any host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *FindPlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyName", r.Name)
}

// Find finds a plan by its exact name and its host in one request, for example after it was
// created. If there is none, the error matches [ErrNotFound]. If several plans match, it matches
// [ErrAmbiguous]. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-backup-policy (查询云备份计划)
func (s Plans) Find(ctx context.Context, req *FindPlanRequest) (*Plan, error) {
	r := copyOf(req)
	if _, err := s.client.check(planList, r); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("plan named %q", r.Name)
	if r.HostID != "" {
		what += fmt.Sprintf(" of host %q", r.HostID)
	}
	found, err := find(ctx, s.client, planList, &ListPlansRequest{RegionID: r.RegionID, SourceType: r.SourceType, Name: r.Name, HostID: r.HostID}, target[Plan]{
		what: what,
		as:   (*Plan).candidate,
		matches: func(plan *Plan) bool {
			return plan.Name == r.Name && (r.HostID == "" || plan.HostID == r.HostID)
		},
	})
	return found.ofKind(r.SourceType), err
}

// PlanOp is an operation of [Plans.Operate].
type PlanOp int

// The documented operations.
const (
	PlanEnable PlanOp = 1
	PlanStop   PlanOp = 2
	PlanRun    PlanOp = 3 // now, regardless of the schedule
)

// BackupMode is the mode of a backup, incremental or full.
type BackupMode int

// The documented modes.
const (
	BackupIncremental BackupMode = 0
	BackupFull        BackupMode = 1
)

// OperatePlanRequest is the request of [Plans.Operate], and of [Plans.Enable], [Plans.Stop] and
// [Plans.Run], which set Op themselves.
type OperatePlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	Op PlanOp `json:"backupPolicyOp"`
	// Mode is the mode of a run: ctcbr.Ptr(ctcbr.BackupFull) for a full backup. The default is
	// incremental.
	Mode *BackupMode `json:"backupMode,omitempty"`
	// SourceType is the kind of the plan's host. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *OperatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
	v.given("backupPolicyOp", r.Op != 0)
}

// OperatePlanResponse is the response of [Plans.Operate].
type OperatePlanResponse struct {
	Meta
	CommandStatus
	// TaskID is the ID of the task that a run started, for [Tasks.Wait] and [Tasks.Get]. It is
	// empty for the other operations, and never for a run.
	TaskID string `json:"backupTaskID" wire:"lenient,once"`
}

func (r *OperatePlanResponse) check(cl *call, a *answer) error {
	if err := r.CommandStatus.check(cl, a); err != nil {
		return err
	}
	if req, ok := cl.request.(*OperatePlanRequest); ok && req.Op == PlanRun && isBlank(r.TaskID) {
		return fmt.Errorf("%w: it does not name the task", ErrBadAnswer)
	}
	return nil
}

// Operate enables, stops or runs a plan. It places no order, but the copy of a run takes up space
// in the plan's vault. If the service does not accept the command, the error matches [ErrRejected].
//
// It is not repeated once the service may have received it, because a repeated run would be a
// second backup. After [ErrOutcomeUnknown] of a run, list the host's tasks before you try again.
// For the other operations, check the Status of the plan.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Operate(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/action-backup-policy"}, copyOf(req), new(OperatePlanResponse))
}

// Enable makes a plan run on its schedule. The plan's Status shows it. See [Plans.Operate].
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Enable(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanEnable))
}

// Stop suspends a plan until [Plans.Enable]. See [Plans.Operate].
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Stop(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanStop))
}

// Run starts a backup now. The TaskID of the response identifies the task, whose SnapshotID
// identifies the copy. If the response does not name the task, the error matches
// [ErrOutcomeUnknown]. See [Plans.Operate], and [Plans.RunAndWait], which also waits.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Run(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanRun))
}

// RunAndWait runs a plan now and waits until its task has completed. It combines [Plans.Run] and
// [Tasks.Wait], with their errors. After a [*WaitError] the task continues: wait for it again with
// the ID in Pending.
func (s Plans) RunAndWait(ctx context.Context, req *OperatePlanRequest, opts ...WaitOption) (*Task, error) {
	run := req.with(PlanRun)
	started, err := s.Run(ctx, run)
	if err != nil {
		return nil, err
	}
	return s.client.Tasks.Wait(ctx, started.TaskID, within(run.RegionID, kindOf(run.SourceType, run.IsCloud), opts)...)
}

func (r *OperatePlanRequest) with(op PlanOp) *OperatePlanRequest {
	var copied OperatePlanRequest
	if r != nil {
		copied = *r
	}
	copied.Op = op
	return &copied
}

// UpdatePlanRequest is the request of [Plans.Update]. It states the whole plan except its host and
// its vault, which cannot be changed. Copy what should stay from Plan.Raw. DirectType is required,
// because a listed plan does not include it.
//
// Whether the service keeps an optional part that is left out (Full or Limits) is not documented.
// To turn one off, say so: Full with Mode 0, Limits with Enabled false.
type UpdatePlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	// Name is the new name of the plan. It is required even if it does not change.
	Name string `json:"backupPolicyName"`
	// DirectType is how directories are selected: ctcbr.Ptr(ctcbr.DirectAll) selects all. It may be
	// nil if Files was made with [BackUpAll] or [BackUpDirs].
	DirectType *DirectType `json:"directType"`
	// Files is required unless DirectType is [DirectAll].
	Files *FileSelection `json:"backupFileInfo,omitempty"`
	// Schedule is when the plan runs. Use [Hourly], [Daily], [Weekly] or [Monthly], or the plan's
	// own: [StoredSchedule.Schedule].
	Schedule Schedule `json:"backupPeriodInfo"`
	// Retention is how long copies are kept. Use [KeepDays] or a function like it, or the one of
	// Plan.Raw.
	Retention Retention     `json:"backupRetentionInfo"`
	Full      *FullBackup   `json:"backupFullInfo,omitempty"`
	Limits    *UploadLimits `json:"backupLimitQosInfo,omitempty"` // use LimitUpload
	// SourceType is the kind of the plan's host. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *UpdatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
	v.required("backupPolicyName", r.Name)
	r.DirectType, r.Files = chosen(r.DirectType, r.Files)
	v.plan(r.DirectType, r.Files, r.Schedule, r.Retention, r.Limits)
}

// UpdatePlanResponse is the response of [Plans.Update].
type UpdatePlanResponse struct {
	Meta
	CommandStatus
}

// Update replaces the content of a plan. [UpdatePlanRequest] says what happens to parts that are
// left out. It places no order. If the service does not accept the command, the error matches
// [ErrRejected].
//
// It is not repeated once the service may have received it. After [ErrOutcomeUnknown], use
// [Plans.Get] to read the plan. The same update is safe to send again, because it states the whole
// plan.
//
// POST /v4/backup/update-backup-policy (修改云备份计划)
func (s Plans) Update(ctx context.Context, req *UpdatePlanRequest) (*UpdatePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/update-backup-policy"}, copyOf(req), new(UpdatePlanResponse))
}

// DeletePlanRequest is the request of [Plans.Delete].
type DeletePlanRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	// SourceType is the kind of the plan's host. Empty means [SourceECS].
	SourceType SourceType `json:"sourceType,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *DeletePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
}

// DeletePlanResponse is the response of [Plans.Delete].
type DeletePlanResponse struct {
	Meta
	CommandStatus
}

// Delete deletes a plan. This cannot be undone. It refunds nothing, whatever the name of its path
// suggests. Whether the plan's snapshots are kept or deleted is not documented: do not count on
// either. If the service does not accept the command, the error matches [ErrRejected].
//
// It is not repeated once the service may have received it. After [ErrOutcomeUnknown], use
// [Plans.Get] to check whether the plan is still there.
//
// POST /v4/backup/refund-backup-policy (删除云备份计划)
func (s Plans) Delete(ctx context.Context, req *DeletePlanRequest) (*DeletePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/refund-backup-policy"}, copyOf(req), new(DeletePlanResponse))
}

// plan checks what [Plans.Create] and [Plans.Update] have in common.
func (v *validation) plan(direct *DirectType, files *FileSelection, schedule Schedule, retention Retention, limits *UploadLimits) {
	v.given("directType", direct != nil)
	v.files(direct, files)
	v.schedule(schedule)
	v.retention(retention)
	if limits != nil {
		limits.check(v, "backupLimitQosInfo.rateLimits")
	}
}

// maxPath is the documented length of a path in a plan, in characters.
const maxPath = 4095

func (v *validation) files(direct *DirectType, files *FileSelection) {
	needed := direct != nil && (*direct == DirectGiven || *direct == DirectAdvanced)
	if files == nil {
		v.given("backupFileInfo", !needed)
		return
	}
	v.given("backupFileInfo.dirs", !needed || len(files.Dirs) > 0)
	if direct != nil && *direct == DirectAll && len(files.Dirs) > 0 {
		v.fault("backupFileInfo.dirs", "must be empty where all directories are backed up (DirectAll)")
	}
	v.paths("backupFileInfo.dirs", files.Dirs, maxPath)
	v.paths("backupFileInfo.files", files.Files, maxPath)
	v.given("backupFileInfo.rule", files.Rule != nil || direct == nil || *direct != DirectAdvanced)
	if files.direct != nil && deref(files.Rule) == FilesInclude && len(files.Files) == 0 { // the contract allows it otherwise
		v.fault("backupFileInfo.files", "is empty, so that Only leaves nothing to back up")
	}
}

// CommandStatus is the result of a command. A result other than [CommandAccepted] is an error that
// matches [ErrRejected].
type CommandStatus struct {
	// Status is [CommandAccepted], or empty if the service gave no detail.
	Status CommandResult `json:"status" wire:"once"`
	// Message is the service's text about the result.
	Message string `json:"msg"`
}

// CommandResult is the result of a command as the service writes it.
type CommandResult string

// CommandAccepted is the only documented result. Any other is an error.
const CommandAccepted CommandResult = "success"

// UnmarshalJSON keeps whatever it is given, so that a refusal in an unexpected form is not mistaken
// for no result.
func (r *CommandResult) UnmarshalJSON(data []byte) error {
	*r = CommandResult(wirejson.Text(data))
	return nil
}

func (s CommandStatus) check(*call, *answer) error {
	if s.Status == "" || strings.EqualFold(strings.TrimSpace(string(s.Status)), string(CommandAccepted)) {
		return nil
	}
	return fmt.Errorf("%w: status %q: %s", ErrRejected, s.Status, s.Message)
}

// candidate describes the plan for an [AmbiguousError].
func (p *Plan) candidate() Candidate {
	detail := []string{"host " + cmp.Or(p.HostName, p.HostID), "vault " + cmp.Or(p.StorageName, p.StorageID), string(p.Status)}
	return Candidate{ID: p.ID, Name: p.Name, Detail: strings.Join(detail, ", ")}
}
