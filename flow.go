package ctcbr

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// RestoreNewestRequest is the request of Restores.Newest.
type RestoreNewestRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string
	// HostID is the host that was backed up.
	HostID string
	// TargetID is the host to restore to; empty means the one that was backed up.
	TargetID string
	// Dir is the directory to restore to. It is required unless InPlace is true.
	Dir string
	// InPlace restores to where the files came from, over what is there now.
	InPlace bool
	// Existing says what becomes of files that are there; overwritten by default.
	Existing   *ExistingFileMode
	SourceType SourceType
}

func (r *RestoreNewestRequest) complete(v *validation) {
	v.required("HostID", r.HostID)
	if !r.InPlace {
		v.required("Dir", r.Dir)
	} else if r.Dir != "" {
		v.fault("Dir", "must be empty to restore in place")
	}
	v.path("Dir", r.Dir)
}

// Newest restores the newest available snapshot of a host and waits until that is
// done: to a directory or, only if InPlace says so, over the live data. A host
// without an available snapshot is an error that matches ErrNotFound; a snapshot
// that is being restored already is not available. Its other errors are those of
// Create, with the snapshot's ID, and of Wait.
func (s Restores) Newest(ctx context.Context, req *RestoreNewestRequest, opts ...WaitOption) (*Restore, error) {
	if req == nil {
		req = &RestoreNewestRequest{}
	}
	if err := validate(operation{path: "restore-newest"}, "", req).err(); err != nil {
		return nil, err
	}
	snapshot, err := Snapshots(s).newest(ctx, &ListSnapshotsRequest{
		RegionID: req.RegionID, HostID: req.HostID, Status: SnapshotAvailable, SourceType: req.SourceType,
	})
	if err != nil {
		return nil, err
	}
	created, err := s.Create(ctx, &CreateRestoreRequest{
		RegionID: req.RegionID, SnapshotID: snapshot.ID, TargetID: req.TargetID, TargetDir: req.Dir,
		ExistingFiles: req.Existing, SourceType: req.SourceType,
	})
	if err != nil {
		return nil, fmt.Errorf("ctcbr: restore of snapshot %s: %w", snapshot.ID, err)
	}
	return s.Wait(ctx, created.ID, within(req.RegionID, req.SourceType, opts)...)
}

// newest finds the newest snapshot of a host. It trusts the times before the
// service's own mark, and neither the host nor the status filter of the service.
func (s Snapshots) newest(ctx context.Context, req *ListSnapshotsRequest) (*Snapshot, error) {
	var newest *Snapshot
	cl, a, err := search(ctx, s.client, snapshotList, req, func() { newest = nil }, func(snapshot Snapshot) {
		if snapshot.HostID == req.HostID && snapshot.Status == req.Status && (newest == nil || snapshot.after(newest)) {
			newest = &snapshot
		}
	})
	switch {
	case err != nil:
		return nil, err
	case newest == nil:
		return nil, newError(cl, a, fmt.Errorf("available snapshot of host %q: %w", req.HostID, ErrNotFound))
	}
	return newest, nil
}

// at is the point in time that a snapshot holds.
func (s *Snapshot) at() time.Time {
	return cmp.Or(s.Created, s.Finished).Time()
}

func (s *Snapshot) after(other *Snapshot) bool {
	if order := s.at().Compare(other.at()); order != 0 {
		return order > 0
	}
	return s.Newest
}

// GapKind says why something is not protected.
type GapKind string

// The kinds of Gap.
const (
	GapNoAgent       GapKind = "no agent"         // the host has no agent
	GapAgentInactive GapKind = "agent not active" // the agent cannot back up
	GapNoPlan        GapKind = "no plan"          // no plan backs the host up
	GapPlanStopped   GapKind = "plan stopped"     // the plan does not run by its schedule
	GapNoSnapshot    GapKind = "no snapshot"      // the plan has no usable snapshot
	GapStale         GapKind = "snapshot too old" // the newest usable snapshot of the plan is too old
)

// Gap is something that is not protected as it should be.
type Gap struct {
	Kind     GapKind
	HostID   string
	HostName string
	// PlanID and PlanName are empty for a host without a plan.
	PlanID   string
	PlanName string
	// Newest is the time of the newest usable snapshot, zero where there is none.
	Newest Time
}

// GapsRequest is the request of Client.Gaps.
type GapsRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string
	// SourceType is SourceECS unless given.
	SourceType SourceType
	// MaxAge is how old the newest snapshot of a plan may be. It must be positive.
	MaxAge time.Duration
}

// Gaps finds what is not protected in a region: hosts without an agent, agents
// without a plan, plans without a snapshot that is young enough. A host may have
// several gaps. It reads the region's agents, plans and snapshots once each, and
// changes nothing.
func (c *Client) Gaps(ctx context.Context, req *GapsRequest) ([]Gap, error) {
	if req == nil {
		req = &GapsRequest{}
	}
	if req.MaxAge <= 0 {
		return nil, &ValidationError{Operation: "gaps", Faults: []Fault{{Name: "MaxAge", Field: "MaxAge", Problem: "must be positive"}}}
	}
	newest, err := c.newestByPlan(ctx, req)
	if err != nil {
		return nil, err
	}
	planned := make(map[string]bool)
	var ofPlans []Gap
	for plan, err := range c.Plans.All(ctx, &ListPlansRequest{RegionID: req.RegionID, SourceType: req.SourceType}) {
		if err != nil {
			return nil, err
		}
		planned[plan.HostID] = true
		ofPlans = append(ofPlans, plan.gaps(newest[plan.ID], time.Now().Add(-req.MaxAge))...)
	}
	var gaps []Gap
	agents := &ListAgentsRequest{RegionID: req.RegionID, SourceType: req.SourceType, NotOnlyInstalled: Ptr(true)}
	for agent, err := range c.Agents.All(ctx, agents) {
		if err != nil {
			return nil, err
		}
		gaps = append(gaps, agent.gaps(planned[agent.HostID])...)
	}
	return append(gaps, ofPlans...), nil
}

// newestByPlan finds the time of the newest usable snapshot of every plan.
func (c *Client) newestByPlan(ctx context.Context, req *GapsRequest) (map[string]Time, error) {
	newest := make(map[string]Time)
	for s, err := range c.Snapshots.All(ctx, &ListSnapshotsRequest{RegionID: req.RegionID, SourceType: req.SourceType}) {
		if err != nil {
			return nil, err
		}
		usable := s.Status == SnapshotAvailable || s.Status == SnapshotRestoring
		if at := cmp.Or(s.Created, s.Finished); usable && at.Time().After(newest[s.PlanID].Time()) {
			newest[s.PlanID] = at
		}
	}
	return newest, nil
}

func (p *Plan) gaps(newest Time, oldest time.Time) []Gap {
	gap := Gap{HostID: p.HostID, HostName: p.HostName, PlanID: p.ID, PlanName: p.Name, Newest: newest}
	var gaps []Gap
	add := func(kind GapKind) {
		gap.Kind = kind
		gaps = append(gaps, gap)
	}
	if p.Status == PlanStopped {
		add(GapPlanStopped)
	}
	switch {
	case newest.IsZero():
		add(GapNoSnapshot)
	case newest.Time().Before(oldest):
		add(GapStale)
	}
	return gaps
}

func (a *Agent) gaps(planned bool) []Gap {
	gap := Gap{HostID: a.HostID, HostName: cmp.Or(a.HostName, a.Name)}
	var kinds []GapKind
	switch {
	case a.ID == "":
		kinds = append(kinds, GapNoAgent)
	case a.Status != AgentActivated:
		kinds = append(kinds, GapAgentInactive)
	}
	if a.ID != "" && !planned {
		kinds = append(kinds, GapNoPlan)
	}
	gaps := make([]Gap, len(kinds))
	for i, kind := range kinds {
		gaps[i] = gap
		gaps[i].Kind = kind
	}
	return gaps
}
