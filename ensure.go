package ctcbr

import (
	"context"
	"errors"
	"time"
)

// ErrConflict says that something is not as it is declared to be and that this package does not
// change it: its repository, a state that is neither active nor stopped, or what the service lists
// otherwise than it was made.
var ErrConflict = errors.New("conflict")

// EnsureOption is an option of Agents.Ensure, Plans.Ensure and Plans.EnsureAll: DryRun, or any
// WaitOption.
type EnsureOption interface {
	ensure(*ensuring)
}

// DryRun finds out what would be done, and sends no command. DryRun(false) is no dry run.
func DryRun(on bool) EnsureOption { return dryRun(on) }

type dryRun bool

func (d dryRun) ensure(e *ensuring) { e.dry = bool(d) }

func (o WaitOption) ensure(e *ensuring) {
	if o != nil {
		e.waits = append(e.waits, o)
	}
}

// ensuring are the options of an Ensure.
type ensuring struct {
	dry   bool
	waits []WaitOption
}

// PlanChange is what became of a plan that was declared.
type PlanChange struct {
	// Name is the name of the plan, HostID and HostName its host.
	Name, HostID, HostName string
	// Plan is the plan as it was listed last; nil where there is none.
	Plan *Plan
	// Created, Updated and Enabled say what was done. None of them means that the plan was as
	// declared, or that Err kept it from being changed.
	Created, Updated, Enabled bool
	// Planned says that nothing was done, because of DryRun: the others say what would be.
	Planned bool
	// Differences are what an existing plan had otherwise before.
	Differences []Difference
	// Unclear is what the listed plan does not tell, or tells in a way that is not documented. It
	// was not compared, and is no reason for a change.
	Unclear []Difference
	// Err is why the plan is not as declared, or not known to be.
	Err error
}

// Difference is a part of a plan that is not as declared.
type Difference struct {
	// Field is the field of CreatePlanRequest.
	Field string
	// Want and Was are what it is to be and what it was, in words.
	Want, Was string
}

// Ensure sees to it that every one of some hosts has an active agent.
func (s Agents) Ensure(ctx context.Context, hosts []Host, opts ...EnsureOption) ([]Host, error) {
	return nil, errors.ErrUnsupported
}

// Ensure makes a plan what the request says.
func (s Plans) Ensure(ctx context.Context, req *CreatePlanRequest, opts ...EnsureOption) (*PlanChange, error) {
	return nil, errors.ErrUnsupported
}

// EnsureAll makes the plans of some hosts what the request says.
func (s Plans) EnsureAll(ctx context.Context, hosts []Host, req *CreatePlanRequest, opts ...EnsureOption) ([]PlanChange, error) {
	return nil, errors.ErrUnsupported
}

// Request is what would make the plan again.
func (p *Plan) Request() *CreatePlanRequest { return nil }

// BackUpAll backs up all directories.
func BackUpAll() *FileSelection { return &FileSelection{} }

// BackUpDirs backs up some directories.
func BackUpDirs(dirs ...string) *FileSelection { return &FileSelection{Dirs: dirs} }

// Except leaves files out.
func (f *FileSelection) Except(files ...string) *FileSelection { return f }

// Only backs up some files alone.
func (f *FileSelection) Only(files ...string) *FileSelection { return f }

// ErrNotUsable says that the copy that was asked for cannot be used.
var ErrNotUsable = errors.New("not usable")

// NewestSnapshotRequest is the request of Snapshots.Newest.
type NewestSnapshotRequest struct {
	RegionID, HostID, PlanID, PlanName string
	SourceType                         SourceType
	MaxAge                             time.Duration
	AllowOlder                         bool
}

// Newest finds the newest copy of a host.
func (s Snapshots) Newest(ctx context.Context, req *NewestSnapshotRequest) (*Snapshot, error) {
	return nil, errors.ErrUnsupported
}

// CopyError is a newest copy that cannot be used.
type CopyError struct {
	Newest Snapshot
	Older  *Snapshot
	Reason string
}

func (e *CopyError) Error() string { return e.Reason }

// Unwrap returns ErrNotUsable.
func (e *CopyError) Unwrap() error { return ErrNotUsable }

// PlacedOrder is an order whose outcome is open.
type PlacedOrder struct {
	OrderID, ClientToken string
	Err                  error
}

func (e *PlacedOrder) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *PlacedOrder) Unwrap() error { return e.Err }

// CreateAndWait orders a repository and waits until it is there.
func (s Storages) CreateAndWait(ctx context.Context, req *CreateStorageRequest, opts ...WaitOption) (*Storage, error) {
	return nil, errors.ErrUnsupported
}

// GB is the amount in GB.
func (s Size) GB() float64 { return 0 }

// Text is the amount with its unit.
func (s Size) Text() string { return "" }

// WaitListed sets how long what was just made may stay unlisted.
func WaitListed(d time.Duration) WaitOption { return func(w *waiting) { w.unlisted = d } }
