package ctcbr

import (
	"context"
	"errors"
	"time"
)

// ProtectionRequest is the request of Client.Protection.
type ProtectionRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string
	// Sources are the kinds of hosts; nil means all.
	Sources []SourceType
	// MaxAge is how old the newest copy of a plan may be. Zero goes by the schedule of each plan: too
	// old is when its last run that was due before Grace has left no copy.
	MaxAge time.Duration
	// Grace is how long a run may take to leave its copy, 12 hours by default. It counts only without MaxAge.
	Grace time.Duration
	// MinFree is how much of a repository is to be free, 0 to 1; at zero only one that is full is a gap.
	MinFree float64
	// MinTime is how long a repository is to last; at zero only one that has expired is a gap.
	MinTime time.Duration
}

// Protection is what is protected in a region, and what is not.
type Protection struct {
	// At is when the reading of it began.
	At time.Time
	// Hosts are the hosts, those that are gone and have plans nonetheless behind the others.
	Hosts    []HostProtection
	Storages []Storage
	// Gaps are all that was found: those of the hosts in their order, then those of the repositories.
	Gaps []Gap
}

// HostProtection is how a host is protected.
type HostProtection struct {
	Host  Host
	Plans []PlanProtection
	// Newest is the newest usable copy of the host, whichever plan made it; nil where there is none.
	Newest *Snapshot
	// Gaps are those of the host itself, without those of its plans.
	Gaps []Gap
}

// PlanProtection is what a plan has done.
type PlanProtection struct {
	Plan Plan
	// Newest is the newest usable copy; nil where there is none.
	Newest *Snapshot
	// LastRun is the task that began last; nil where there is none.
	LastRun *Task
	// NextRun is the next run by the schedule; zero where the plan does not run by one, or none can be told.
	NextRun Time
	// Copies counts the usable copies, and Bytes what they take up in the repository.
	Copies int
	Bytes  int64
	Gaps   []Gap
}

// NewestAt is the point in time that the newest usable copy holds; zero where there is none.
func (p *PlanProtection) NewestAt() Time { return "" }

// Outcome says in words how the last run ended.
func (p *PlanProtection) Outcome() string { return "" }

// Protection finds what is protected in a region and what is not.
func (c *Client) Protection(ctx context.Context, req *ProtectionRequest) (*Protection, error) {
	return nil, errors.ErrUnsupported
}
