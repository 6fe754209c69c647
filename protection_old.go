package ctcbr

import (
	"cmp"
	"context"
	"time"
)

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

	GapPlanInactive    GapKind = "plan not active"       // the plan is in a state that is neither active nor stopped
	GapDuplicatePlan   GapKind = "duplicate plan"        // another plan of the host has the same name
	GapHostGone        GapKind = "host gone"             // the host of the plan is not listed
	GapRunFailed       GapKind = "last run failed"       // the last run that has ended did not complete
	GapNoHosts         GapKind = "no hosts"              // the region has no hosts of the kinds that were asked for
	GapUnreadable      GapKind = "unreadable"            // what would tell cannot be read
	GapStorageInactive GapKind = "repository not active" // the repository cannot be backed up to
	GapStorageExpiring GapKind = "repository expiring"   // the time that was paid for runs out
	GapStorageFull     GapKind = "repository full"       // the room of the repository runs out
)

// Gap is something that is not protected as it should be.
type Gap struct {
	Kind     GapKind
	HostID   string
	HostName string
	// PlanID and PlanName are empty for a host without a plan.
	PlanID   string
	PlanName string
	// SourceType is the kind of the host.
	SourceType SourceType
	// StorageID and StorageName are the repository, where the gap is about one.
	StorageID   string
	StorageName string
	// Newest is the time of the newest usable snapshot, zero where there is none.
	Newest Time
	// Detail says more, in words; it may be empty.
	Detail string
}

// String says the gap in one line.
func (g Gap) String() string { return string(g.Kind) }

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
		return nil, &ValidationError{Operation: "gaps", Faults: []Fault{{"MaxAge", "must be positive"}}}
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
