package ctcbr

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
)

// Plans say what of a host is backed up, when, to which repository, and how long
// copies are kept. The service calls them policies.
type Plans struct{ client *Client }

// DirectType says how the directories of a plan are chosen.
type DirectType int

// The documented choices.
const (
	DirectAll      DirectType = 0 // all directories
	DirectGiven    DirectType = 1 // the directories of FileSelection.Dirs
	DirectAdvanced DirectType = 2 // FileSelection.Dirs with FileSelection.Rule
)

// FileSelection says what a plan backs up. Paths are those of the host. Make one with BackUpAll or
// BackUpDirs: then a request need not state its DirectType.
type FileSelection struct {
	// Dirs are at most 10 paths of at most 4095 characters. They are required
	// unless the plan backs up all directories.
	Dirs []string `json:"dirs,omitzero"`
	// Files are at most 10 paths of at most 4095 characters.
	Files []string `json:"files,omitzero"`
	// Rule says what Files means. It is required with DirectAdvanced.
	Rule *FileRule `json:"rule,omitempty"`

	direct *DirectType `json:"-"` // of what BackUpAll or BackUpDirs made
}

// BackUpAll backs up all directories of a host.
func BackUpAll() *FileSelection { return &FileSelection{direct: Ptr(DirectAll)} }

// BackUpDirs backs up some directories with all that is in them: 1 to 10 paths of at most 4095
// characters. Except and Only narrow that.
func BackUpDirs(dirs ...string) *FileSelection {
	return &FileSelection{Dirs: slices.Clone(dirs), direct: Ptr(DirectGiven)}
}

// Except returns the selection without some files of its directories, at most 10 paths, and leaves
// f as it is.
func (f *FileSelection) Except(files ...string) *FileSelection { return f.with(FilesExclude, files) }

// Only returns the selection with some files of its directories alone, at most 10 paths, and leaves
// f as it is.
func (f *FileSelection) Only(files ...string) *FileSelection { return f.with(FilesInclude, files) }

func (f *FileSelection) with(rule FileRule, files []string) *FileSelection {
	return &FileSelection{Dirs: slices.Clone(deref(f).Dirs), Files: slices.Clone(files), Rule: &rule, direct: Ptr(DirectAdvanced)}
}

// chosen completes how directories are chosen with what the maker of files says of it.
func chosen(direct *DirectType, files *FileSelection) (*DirectType, *FileSelection) {
	if direct == nil && files != nil {
		direct = clone(files.direct)
	}
	if files != nil && files.direct != nil && *files.direct == DirectAll && direct != nil && *direct == DirectAll {
		files = nil
	}
	return direct, files
}

// FileRule says what FileSelection.Files means.
type FileRule int

// The documented rules.
const (
	FilesAll     FileRule = 0 // all files of Dirs
	FilesInclude FileRule = 1 // of these, the files of Files alone
	FilesExclude FileRule = 2 // all but the files of Files
)

// FullBackup makes a plan back up everything from time to time, between backups
// of what changed. Without one it is up to the service when that happens.
type FullBackup struct {
	// Mode is 1 for periodic full backups and 0 for none.
	Mode *int `json:"backupMode,omitempty"`
	// Increments is the number of incremental backups between two full ones. Which
	// numbers the service takes is not documented.
	Increments *int `json:"incrementNum,omitempty"`
}

// CreatePlanRequest is the request of Plans.Create.
type CreatePlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// Name is what the plan is found by. The service may take one name twice.
	Name string `json:"backupPolicyName"`
	// HostID is the host to protect. It needs an active agent.
	HostID string `json:"backupSrcInstanceID"`
	// StorageID is the repository to back up to: Storage.ID.
	StorageID string `json:"backupStorageID"`
	// DirectType says how directories are chosen: ctcbr.Ptr(ctcbr.DirectAll) for all. It may be nil
	// where Files was made with BackUpAll or BackUpDirs.
	DirectType *DirectType `json:"directType"`
	// Files is required unless DirectType is DirectAll.
	Files *FileSelection `json:"backupFileInfo,omitempty"`
	// Schedule is made with Hourly, Daily, Weekly or Monthly.
	Schedule Schedule `json:"backupPeriodInfo"`
	// Retention is made with KeepDays and others of its kind.
	Retention Retention     `json:"backupRetentionInfo"`
	Full      *FullBackup   `json:"backupFullInfo,omitempty"`
	Limits    *UploadLimits `json:"backupLimitQosInfo,omitempty"` // made with LimitUpload
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the host, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *CreatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyName", r.Name)
	v.required("backupSrcInstanceID", r.HostID)
	v.required("backupStorageID", r.StorageID)
	r.DirectType, r.Files = chosen(r.DirectType, r.Files)
	v.plan(r.DirectType, r.Files, r.Schedule, r.Retention, r.Limits)
}

// CreatePlanResponse is the answer of Plans.Create. It does not name the plan: find
// it with Plans.Find by its exact name and its host.
type CreatePlanResponse struct {
	Meta
	CommandStatus
}

// Create makes a plan. It places no order; what the plan stores takes up room in its
// repository. The answer does not name the plan: Find finds it by its name and host,
// if not at once then a moment later, since the answer says no more than that the
// command was taken. Create is sent once only: a repeat makes a second plan of the
// same name, so after ErrOutcomeUnknown look with Find before trying again. A command
// that the service did not take is an error that matches ErrRejected.
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

// ListPlansRequest is the request of Plans.List.
type ListPlansRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// HostID finds the plans of a host.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// Name finds plans whose name contains it. Plans.Find goes by the whole name.
	Name string `json:"backupPolicyName,omitempty"`
	// ID finds one plan.
	ID string `json:"backupPolicyID,omitempty"`
	// Status finds plans in a state.
	Status PlanStatus `json:"backupPolicyStatus,omitempty"`
	// Query finds plans whose name or host name contains it.
	Query string `json:"queryContent,omitempty"`
	// IsCloud is true, the default, for elastic cloud hosts and false for hosts on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is SourceECS unless given: other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
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

// ListPlansResponse is the answer of Plans.List.
type ListPlansResponse struct {
	Meta
	Plans []Plan `json:"backupPolicyList"`
	// Total counts the plans found.
	Total int `json:"backupPolicyTotal"`
}

// Plan is a plan as it is listed.
type Plan struct {
	ID       string `json:"backupPolicyID"`
	Name     string `json:"backupPolicyName"`
	HostID   string `json:"backupSrcInstanceID"`
	HostName string `json:"backupSrcInstanceName"`
	// Dirs are the directories as one text.
	Dirs string `json:"backupDirs"`
	// Raw is the plan as it is stored; nil where the service left it out.
	Raw *StoredPlan `json:"backupRaw"`
	// Started is the plan's start time. Schedule.Next tells the next run.
	Started       Time       `json:"startTimeDesc"`
	StorageID     string     `json:"backupStorageID"`
	StorageName   string     `json:"backupStorageName"`
	ScheduleDesc  string     `json:"periodDesc"`    // in Chinese
	RetentionDesc string     `json:"retentionDesc"` // in Chinese
	Status        PlanStatus `json:"statusCode"`
	StatusDesc    string     `json:"statusDesc"` // in Chinese
	// Type is 0 for cloud hosts and 1 for hosts on premises.
	Type int `json:"policyType"`
	// SourceType is the kind of host that was asked for when the plan was listed.
	SourceType SourceType `json:"-"`
}

// StoredPlan is what a plan was made of, as the service stores it. It lacks the
// plan's DirectType. Any part may be nil. The parts compare with what was asked for
// by their Equal: Schedule().Equal, Retention.Equal and UploadLimits.Equal.
type StoredPlan struct {
	Schedule  *StoredSchedule `json:"periodInfo"`
	Files     *FileSelection  `json:"fileInfo"`
	Retention *Retention      `json:"retentionInfo"`
	Full      *FullBackup     `json:"fullInfo"`
	Limits    *UploadLimits   `json:"limitQosInfo"`
}

// List lists the plans of a region in one request. It changes nothing and can be
// repeated.
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

var planList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-backup-policy", list: "backupPolicyList"}

// All gives out the plans of a region one by one as they arrive, in memory that
// does not grow with the list. It makes one request each time it is ranged over.
// An error ends it, behind what came whole. See Snapshots.All.
//
// GET /v4/backup/query-backup-policy (查询云备份计划)
func (s Plans) All(ctx context.Context, req *ListPlansRequest) iter.Seq2[Plan, error] {
	kind, listed := req.kind(), streamed[Plan](ctx, s.client, planList, req)
	return func(yield func(Plan, error) bool) {
		for plan, err := range listed {
			if err == nil {
				plan.SourceType = kind
			}
			if !yield(plan, err) {
				return
			}
		}
	}
}

// GetPlanRequest is the request of Plans.Get.
type GetPlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	ID       string `json:"backupPolicyID"`
	// SourceType is SourceECS unless given: other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetPlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
}

// Get finds a plan by its ID, in one request. One that is not there is an error
// that matches ErrNotFound. It changes nothing and can be repeated.
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

// FindPlanRequest is the request of Plans.Find.
type FindPlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// Name is the whole name of the plan.
	Name string `json:"backupPolicyName"`
	// HostID is the host that the plan protects; empty means any.
	HostID string `json:"backupSrcInstanceID,omitempty"`
	// SourceType is SourceECS unless given: other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *FindPlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyName", r.Name)
}

// Find finds a plan by its exact name and its host, as one that was just created is
// found, in one request. One that is not there is an error that matches ErrNotFound,
// and a name that several plans bear one that matches ErrAmbiguous. It changes nothing
// and can be repeated.
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

// PlanOp is what Plans.Operate does with a plan.
type PlanOp int

// The documented operations.
const (
	PlanEnable PlanOp = 1
	PlanStop   PlanOp = 2
	PlanRun    PlanOp = 3 // now, whatever the schedule
)

// BackupMode says whether a backup holds everything.
type BackupMode int

// The documented modes.
const (
	BackupIncremental BackupMode = 0
	BackupFull        BackupMode = 1
)

// OperatePlanRequest is the request of Plans.Operate, and of Enable, Stop and Run,
// which set Op themselves.
type OperatePlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	Op PlanOp `json:"backupPolicyOp"`
	// Mode makes a run a full backup: ctcbr.Ptr(ctcbr.BackupFull). The default is
	// incremental.
	Mode *BackupMode `json:"backupMode,omitempty"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the plan's host, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *OperatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
	v.given("backupPolicyOp", r.Op != 0)
}

// OperatePlanResponse is the answer of Plans.Operate.
type OperatePlanResponse struct {
	Meta
	CommandStatus
	// TaskID is the task of a run, by which Tasks.Wait and Tasks.Get find it. It is
	// empty for the other operations, and never for a run.
	TaskID string `json:"backupTaskID"`
}

func (r *OperatePlanResponse) check(cl *call, a *answer) error {
	if err := r.CommandStatus.check(cl, a); err != nil {
		return err
	}
	if req, ok := cl.request.(*OperatePlanRequest); ok && req.Op == PlanRun && r.TaskID == "" {
		return fmt.Errorf("%w: it does not name the task", ErrBadAnswer)
	}
	return nil
}

// Operate enables, stops or runs a plan. It places no order; the copy that a run
// makes takes up room in the plan's repository. It is sent once only: a repeated run
// is a second backup, so after ErrOutcomeUnknown list the host's tasks first, or, of
// the other operations, look at the plan's Status. A command that the service did not
// take is an error that matches ErrRejected.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Operate(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/action-backup-policy"}, copyOf(req), new(OperatePlanResponse))
}

// Enable lets a plan run by its schedule, which the plan's Status then says. See
// Operate.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Enable(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanEnable))
}

// Stop keeps a plan from running by its schedule, until Enable. See Operate.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Stop(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanStop))
}

// Run backs up now. The answer's TaskID leads to the task, whose SnapshotID leads
// to the snapshot. An answer that does not name the task is an error that matches
// ErrOutcomeUnknown. See Operate, and RunAndWait.
//
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Run(ctx context.Context, req *OperatePlanRequest) (*OperatePlanResponse, error) {
	return s.Operate(ctx, req.with(PlanRun))
}

// RunAndWait runs a plan now and waits until its task has completed. It is Run and then Tasks.Wait,
// with their errors: after a *WaitError the task goes on, and can be waited for again by the ID in
// Pending.
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

// UpdatePlanRequest is the request of Plans.Update: the whole plan as it is to be,
// but for its host and its repository, which cannot be changed. Take what is to stay
// from Plan.Raw. DirectType must be stated, since a listed plan lacks it.
//
// Whether the service keeps an optional part that is left out, Full or Limits, is not
// documented. To turn one off, say so: Full with Mode 0, Limits with Enabled false.
type UpdatePlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	// Name is the plan's name from now on. It is required also if it stays.
	Name string `json:"backupPolicyName"`
	// DirectType says how directories are chosen: ctcbr.Ptr(ctcbr.DirectAll) for all. It may be nil
	// where Files was made with BackUpAll or BackUpDirs.
	DirectType *DirectType `json:"directType"`
	// Files is required unless DirectType is DirectAll.
	Files *FileSelection `json:"backupFileInfo,omitempty"`
	// Schedule is made with Hourly, Daily, Weekly or Monthly, or is that of
	// StoredSchedule.Schedule.
	Schedule Schedule `json:"backupPeriodInfo"`
	// Retention is made with KeepDays and others of its kind, or is that of Plan.Raw.
	Retention Retention     `json:"backupRetentionInfo"`
	Full      *FullBackup   `json:"backupFullInfo,omitempty"`
	Limits    *UploadLimits `json:"backupLimitQosInfo,omitempty"` // made with LimitUpload
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the plan's host, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *UpdatePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
	v.required("backupPolicyName", r.Name)
	r.DirectType, r.Files = chosen(r.DirectType, r.Files)
	v.plan(r.DirectType, r.Files, r.Schedule, r.Retention, r.Limits)
}

// UpdatePlanResponse is the answer of Plans.Update.
type UpdatePlanResponse struct {
	Meta
	CommandStatus
}

// Update changes a plan to what the request says, see there for what it leaves out.
// It places no order. It is sent once only; after ErrOutcomeUnknown look with Get what
// the plan is now. Since it states the whole plan, the same update can be sent again.
// A command that the service did not take is an error that matches ErrRejected.
//
// POST /v4/backup/update-backup-policy (修改云备份计划)
func (s Plans) Update(ctx context.Context, req *UpdatePlanRequest) (*UpdatePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/update-backup-policy"}, copyOf(req), new(UpdatePlanResponse))
}

// DeletePlanRequest is the request of Plans.Delete.
type DeletePlanRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the plan: Plan.ID.
	ID string `json:"backupPolicyID"`
	// IsCloud is true, the default, for an elastic cloud host and false for a host on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of the plan's host, SourceECS by default.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *DeletePlanRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupPolicyID", r.ID)
}

// DeletePlanResponse is the answer of Plans.Delete.
type DeletePlanResponse struct {
	Meta
	CommandStatus
}

// Delete deletes a plan, which cannot be undone. It refunds nothing, whatever its name
// on the wire says. What becomes of the plan's snapshots is not documented: do not
// count on either. Delete is sent once only; after ErrOutcomeUnknown look with Get
// whether the plan is still there. A command that the service did not take is an error
// that matches ErrRejected.
//
// POST /v4/backup/refund-backup-policy (删除云备份计划)
func (s Plans) Delete(ctx context.Context, req *DeletePlanRequest) (*DeletePlanResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/refund-backup-policy"}, copyOf(req), new(DeletePlanResponse))
}

// plan checks what Create and Update have in common.
func (v *validation) plan(direct *DirectType, files *FileSelection, schedule Schedule, retention Retention, limits *UploadLimits) {
	v.given("directType", direct != nil)
	v.files(direct, files)
	v.schedule(schedule)
	v.retention(retention)
	if limits != nil {
		for i, w := range limits.Windows {
			w.check(v, fmt.Sprintf("backupLimitQosInfo.rateLimits[%d]", i))
		}
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
	v.paths("backupFileInfo.dirs", files.Dirs, maxPath)
	v.paths("backupFileInfo.files", files.Files, maxPath)
	v.given("backupFileInfo.rule", files.Rule != nil || direct == nil || *direct != DirectAdvanced)
}

// CommandStatus says whether the service took a command. A command that it did not take is an
// error that matches [ErrRejected].
type CommandStatus struct {
	// Status is CommandAccepted, or empty where the service gives no detail.
	Status CommandResult `json:"status"`
	// Message is the service's text about it.
	Message string `json:"msg"`
}

// CommandResult is what became of a command.
type CommandResult string

// CommandAccepted is the one result that is documented; any other is an error.
const CommandAccepted CommandResult = "success"

// UnmarshalJSON keeps whatever was written, so that no refusal passes for silence.
func (r *CommandResult) UnmarshalJSON(data []byte) error {
	*r = CommandResult(plainText(data))
	return nil
}

func (s CommandStatus) check(*call, *answer) error {
	if s.Status == "" || strings.EqualFold(strings.TrimSpace(string(s.Status)), string(CommandAccepted)) {
		return nil
	}
	return fmt.Errorf("%w: status %q: %s", ErrRejected, s.Status, s.Message)
}
