package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ProtectionRequest is the request of [Client.Protection].
type ProtectionRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// Sources are the kinds of hosts to check. Nil means all kinds.
	Sources []SourceType
	// MaxAge is how old the newest copy of a plan may be. Zero means that each plan's schedule
	// decides: the newest copy is too old if a run that was due at least Grace ago has left no
	// copy.
	MaxAge time.Duration
	// Grace is how long after its due time a run may take to leave its copy, if MaxAge is zero.
	// Zero means the default, 12 hours.
	Grace time.Duration
	// MinFree is the fraction of a vault's capacity that should be free, 0 to 1. With zero, only
	// a full vault is a gap.
	MinFree float64
	// MinTime is how long a vault should last. With zero, only an expired vault is a gap.
	MinTime time.Duration
}

func (r *ProtectionRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.positive("MaxAge", r.MaxAge)
	v.positive("Grace", r.Grace)
	v.positive("MinTime", r.MinTime)
	if !(r.MinFree >= 0 && r.MinFree <= 1) { // also refuses NaN
		v.fault("MinFree", "must be 0 to 1, is %v", r.MinFree)
	}
}

// Protection describes what is protected in a region and what is not.
type Protection struct {
	// At is the time at which reading began.
	At time.Time
	// Hosts are the listed hosts, followed by hosts that are gone but still have plans.
	Hosts []HostProtection
	// Storages are the vaults of the region.
	Storages []Storage
	// Gaps are all gaps: those of hosts and their plans, in the order of Hosts, then those of vaults.
	// If there is none, everything that was checked is protected.
	Gaps []Gap
}

// HostProtection describes how one host is protected.
type HostProtection struct {
	Host  Host
	Plans []PlanProtection
	// Newest is the newest usable copy of the host, of whatever plan, or nil if there is none.
	Newest *Snapshot
	// Gaps are those of the host itself. Those of its plans are in Plans.
	Gaps []Gap
}

// PlanProtection describes what one plan has achieved.
type PlanProtection struct {
	Plan Plan
	// Newest is the newest usable copy, or nil if there is none with a readable time.
	Newest *Snapshot
	// LastRun is the latest task, which may still be running, or nil if none is listed.
	LastRun *Task
	// NextRun is the next scheduled run. It is empty if the plan is not active or its schedule cannot
	// be read.
	NextRun Time
	// Copies is the number of usable copies, and Bytes the space that they take up in the vault.
	Copies int
	Bytes  int64
	Gaps   []Gap
}

// NewestAt returns the time of the newest usable copy, or an empty [Time] if there is none.
func (p *PlanProtection) NewestAt() Time {
	if p.Newest == nil {
		return ""
	}
	return NewTime(p.Newest.at())
}

// Outcome describes the last run: "Completed", "Failed disk full", "Executing 37%" or "no run".
func (p *PlanProtection) Outcome() string {
	if p.LastRun == nil {
		return "no run"
	}
	return p.LastRun.outcome()
}

func (t *Task) outcome() string {
	text := cmp.Or(string(t.Status), "no state")
	switch {
	case t.running():
		text += " " + t.Percent.String()
	case t.Status != TaskCompleted:
		text += " " + t.Message
	}
	return oneLine(strings.TrimSpace(text))
}

func (t *Task) running() bool {
	return t.Status == TaskPreparing || t.Status == TaskExecuting || t.Status == TaskCanceling
}

// at returns when the task started, or else when it ended. It returns the zero time if neither can
// be read.
func (t *Task) at() time.Time {
	if at := t.Started.Time(); !at.IsZero() {
		return at
	}
	return t.Done.Time()
}

// GapKind is the reason why something is not protected.
type GapKind string

// The kinds of Gap.
const (
	GapNoAgent         GapKind = "no agent"         // the host has no agent
	GapAgentInactive   GapKind = "agent not active" // the agent cannot back up
	GapNoPlan          GapKind = "no plan"          // no plan backs the host up
	GapPlanStopped     GapKind = "plan stopped"     // the plan does not run on its schedule
	GapPlanInactive    GapKind = "plan not active"  // the plan is in a state that is neither active nor stopped
	GapDuplicatePlan   GapKind = "duplicate plan"   // the host has several plans of the same name
	GapHostGone        GapKind = "host gone"        // the host of the plan is not listed
	GapNoSnapshot      GapKind = "no snapshot"      // the plan has no usable copy
	GapStale           GapKind = "snapshot too old" // the newest usable copy of the plan is too old
	GapRunFailed       GapKind = "last run failed"  // the latest run that has ended did not complete
	GapUnreadable      GapKind = "unreadable"       // the service's data cannot be read, so nothing is known
	GapNoHosts         GapKind = "no hosts"         // the region has no host of the kinds that were checked
	GapStorageInactive GapKind = "vault not active" // nothing can be backed up to the vault
	GapStorageExpiring GapKind = "vault expiring"   // the vault has expired or will soon
	GapStorageFull     GapKind = "vault full"       // the vault is full or nearly full
)

// Gap is one thing that is not protected as it should be.
type Gap struct {
	Kind GapKind
	// HostID, HostName and SourceType are empty if the gap is about a vault.
	HostID     string
	HostName   string
	SourceType SourceType
	// PlanID and PlanName are empty unless the gap is about a plan.
	PlanID   string
	PlanName string
	// StorageID and StorageName are empty unless the gap is about a vault.
	StorageID   string
	StorageName string
	// Newest is the time of the plan's newest usable copy, or empty if there is none.
	Newest Time
	// Detail is a further description. It may be empty.
	Detail string
}

// String describes the gap in one line: "db-01 nightly last run failed: 2026-11-24 02:00:00:
// Failed disk full".
func (g Gap) String() string {
	var words []string
	for _, word := range []string{cmp.Or(g.HostName, g.HostID), cmp.Or(g.PlanName, g.PlanID), cmp.Or(g.StorageName, g.StorageID), string(g.Kind)} {
		if word != "" {
			words = append(words, word)
		}
	}
	text := strings.Join(words, " ")
	if g.Detail != "" {
		text += ": " + g.Detail
	}
	return oneLine(text)
}

// Protection checks what is protected in a region and what is not. A [Gap] is a host without an
// active agent or without a plan; a plan that is not active, whose last run failed or whose
// newest copy is too old; a vault that runs out of space or time; or a region without hosts. Data
// that cannot be read is a gap, too. It changes nothing and is safe to repeat.
//
// It reads hosts, plans, tasks, copies and vaults in this order, so that what is created in the
// meantime does not show as a gap. That takes one request for every 50 agents, one for the
// vaults, and three for each kind of host. If a list cannot be read, there is no result. If a
// list holds fewer items than the service counts, the error matches [ErrIncomplete], and the
// result covers the items that were listed.
//
// A copy belongs to the plan with its plan ID, or otherwise to the plan with its host and plan
// name, so a plan that was created again keeps its history. Tasks have no plan ID, and are
// matched by host and plan name.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息),
// GET /v4/backup/query-backup-policy (查询云备份计划),
// GET /v4/backup/query-task-backup (查询备份任务列表),
// GET /v4/backup/query-backup-snapshot (查询云备份快照),
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (c *Client) Protection(ctx context.Context, req *ProtectionRequest) (*Protection, error) {
	r := deref(req)
	if _, err := c.check(operation{path: "protection"}, &r); err != nil {
		return nil, err
	}
	r.Grace = positiveOr(r.Grace, 12*time.Hour)
	s := &survey{client: c, req: r, at: time.Now(), hosts: make(map[string]*hostSurvey), plans: make(map[string]*planSurvey), named: make(map[planName][]*planSurvey)}
	for _, read := range []func(context.Context) error{s.readHosts, s.readPlans, s.readTasks, s.readCopies, s.readStorages} {
		if err := s.pass(read(ctx)); err != nil {
			return nil, err
		}
	}
	return s.result(), s.incomplete
}

// pass records that a list was incomplete, and returns any other error.
func (s *survey) pass(err error) error {
	if errors.Is(err, ErrIncomplete) {
		s.incomplete = join(s.incomplete, err)
		return nil
	}
	return err
}

// survey is what Protection has read.
type survey struct {
	client *Client
	req    ProtectionRequest
	at     time.Time

	order    []*hostSurvey
	hosts    map[string]*hostSurvey     // by ID
	plans    map[string]*planSurvey     // by ID
	named    map[planName][]*planSurvey // by host and name
	storages []Storage

	incomplete error
}

type planName struct{ host, name string }

type hostSurvey struct {
	HostProtection
	gone  bool
	plans []*planSurvey
	left  *Snapshot // the newest usable copy that belongs to no existing plan
}

// planSurvey is a plan among those of its host.
type planSurvey struct {
	host  *hostSurvey
	index int

	ended    *Task // the last finished run
	undated  int   // usable copies whose times cannot be read
	untimely *Task // a run that did not complete and whose time cannot be read
}

func (p *planSurvey) state() *PlanProtection { return &p.host.Plans[p.index] }

func (p *planSurvey) isOf(kind SourceType) bool { return p.state().Plan.SourceType == kind }

func (s *survey) readHosts(ctx context.Context) error {
	for host, err := range s.client.Hosts.All(ctx, &ListHostsRequest{RegionID: s.req.RegionID, Sources: s.req.Sources}) {
		if err != nil {
			return err
		}
		s.add(host)
	}
	return nil
}

func (s *survey) add(host Host) *hostSurvey {
	h := &hostSurvey{HostProtection: HostProtection{Host: host}}
	s.order = append(s.order, h)
	if !isBlank(host.ID) { // an item without a host ID belongs to no host
		s.hosts[host.ID] = h
	}
	return h
}

// ofKinds reads a list for each kind of host.
func (s *survey) ofKinds(read func(kind SourceType) error) error {
	for _, kind := range sources(s.req.Sources) {
		if err := s.pass(read(kind)); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) readPlans(ctx context.Context) error {
	return s.ofKinds(func(kind SourceType) error {
		var plans []Plan
		req := &ListPlansRequest{RegionID: s.req.RegionID, SourceType: kind}
		_, _, err := search(ctx, s.client, planList, req, func() { plans = nil }, func(plan Plan) {
			plans = append(plans, *plan.ofKind(kind))
		})
		for i := range plans {
			s.addPlan(&plans[i])
		}
		return err
	})
}

func (s *survey) addPlan(plan *Plan) {
	if plan.ID != "" && s.plans[plan.ID] != nil {
		return // listed twice
	}
	host := s.hosts[plan.HostID]
	if host == nil {
		host = s.add(Host{ID: plan.HostID, Name: plan.HostName, SourceType: plan.SourceType})
		host.gone = true
	}
	p := &planSurvey{host: host, index: len(host.Plans)}
	host.Plans = append(host.Plans, PlanProtection{Plan: *plan})
	host.plans = append(host.plans, p)
	s.plans[plan.ID] = p
	name := planName{plan.HostID, plan.Name}
	s.named[name] = append(s.named[name], p)
}

func (s *survey) readTasks(ctx context.Context) error {
	return s.ofKinds(func(kind SourceType) error {
		begin := func() {
			for _, p := range s.plansOf(kind) {
				p.state().LastRun, p.ended, p.untimely = nil, nil, nil
			}
		}
		_, _, err := search(ctx, s.client, taskList, &ListTasksRequest{RegionID: s.req.RegionID, SourceType: kind}, begin, func(task Task) {
			for _, p := range s.named[planName{task.HostID, task.PlanName}] {
				if p.isOf(kind) {
					p.ran(task.ofKind(kind))
				}
			}
		})
		return err
	})
}

// plansOf returns the plans for one kind of host.
func (s *survey) plansOf(kind SourceType) (plans []*planSurvey) {
	for _, h := range s.order {
		for _, p := range h.plans {
			if p.isOf(kind) {
				plans = append(plans, p)
			}
		}
	}
	return plans
}

// ran records a run of the plan.
func (p *planSurvey) ran(task *Task) {
	bad := !task.running() && task.Status != TaskCompleted
	if task.at().IsZero() {
		if bad {
			p.untimely = clone(task)
		}
		return
	}
	run := p.state()
	last, ended := isLater(task, run.LastRun), !task.running() && isLater(task, p.ended)
	if !last && !ended {
		return
	}
	kept := p.ended
	if kept == nil || kept != run.LastRun || !last || !ended { // the previous one is still in use
		kept = new(Task)
	}
	*kept = *task
	kept.compact(&run.Plan)
	if last {
		run.LastRun = kept
	}
	if ended {
		p.ended = kept
	}
}

// compact makes a task that is kept share no memory except with its plan.
func (t *Task) compact(p *Plan) {
	t.PlanName, t.HostID = p.Name, p.HostID // equal to the texts of the task
	if t.HostName == p.HostName {
		t.HostName = p.HostName
	}
	texts := []*string{&t.ID, &t.Name, (*string)(&t.Started), (*string)(&t.Done), &t.Message, (*string)(&t.Rate), &t.SnapshotID, &t.SnapshotName}
	for i := range t.Paths {
		texts = append(texts, &t.Paths[i])
	}
	compact(texts)
}

// compact copies texts into memory of their own. A text that was decoded shares a block of up to 1 KiB
// with others, which is kept as long as any of them.
func compact(texts []*string) {
	var all strings.Builder
	for _, text := range texts {
		all.WriteString(*text)
	}
	rest := all.String()
	for _, text := range texts {
		*text, rest = rest[:len(*text)], rest[len(*text):]
	}
}

// isLater reports whether a task did not begin before the one that is kept, or none is kept.
func isLater(task, kept *Task) bool { return kept == nil || !task.at().Before(kept.at()) }

func (s *survey) readCopies(ctx context.Context) error {
	return s.ofKinds(func(kind SourceType) error {
		begin := func() {
			for _, h := range s.order {
				if h.Host.SourceType == kind {
					h.left = nil
				}
			}
			for _, p := range s.plansOf(kind) {
				left := p.state()
				left.Newest, left.Copies, left.Bytes, p.undated = nil, 0, 0, 0
			}
		}
		_, _, err := search(ctx, s.client, snapshotList, &ListSnapshotsRequest{RegionID: s.req.RegionID, SourceType: kind}, begin, func(snapshot Snapshot) {
			if snapshot.usable() {
				s.copied(snapshot.ofKind(kind))
			}
		})
		return err
	})
}

// copied records a usable copy.
func (s *survey) copied(snapshot *Snapshot) {
	p := s.planOf(snapshot)
	if p == nil {
		if host := s.hosts[snapshot.HostID]; host != nil && host.Host.SourceType == snapshot.SourceType {
			keepNewer(&host.left, snapshot)
		}
		return
	}
	left := p.state()
	left.Copies++
	left.Bytes += snapshot.Size.Bytes()
	if snapshot.at().IsZero() {
		p.undated++
		return
	}
	if keepNewer(&left.Newest, snapshot) {
		left.Newest.compact(&left.Plan)
	}
}

// planOf returns the plan that a copy belongs to, or nil if it no longer exists.
func (s *survey) planOf(snapshot *Snapshot) *planSurvey {
	if p := s.plans[snapshot.PlanID]; p != nil && snapshot.PlanID != "" && p.isOf(snapshot.SourceType) {
		return p
	}
	for _, p := range s.named[planName{snapshot.HostID, snapshot.PlanName}] {
		if p.isOf(snapshot.SourceType) {
			return p
		}
	}
	return nil
}

// compact makes a copy that is kept share no memory except with its plan.
func (s *Snapshot) compact(p *Plan) {
	for _, of := range []struct {
		text *string
		same string
	}{{&s.PlanID, p.ID}, {&s.PlanName, p.Name}, {&s.HostID, p.HostID}, {&s.HostName, p.HostName}, {&s.Dirs, p.Dirs}} {
		if *of.text == of.same {
			*of.text = of.same
		}
	}
	compact([]*string{&s.ID, &s.Name, (*string)(&s.Created), (*string)(&s.Finished), (*string)(&s.Size), (*string)(&s.DataSize)})
}

// keepNewer keeps a copy if it is newer than the one that is kept, and reports whether it is.
func keepNewer(kept **Snapshot, snapshot *Snapshot) bool {
	switch {
	case snapshot.at().IsZero():
		return false
	case *kept == nil:
		*kept = clone(snapshot)
	case snapshot.isNewer(*kept):
		**kept = *snapshot
	default:
		return false
	}
	return true
}

func (s *Snapshot) isNewer(kept *Snapshot) bool {
	if s == nil {
		return false
	}
	order, _ := s.compare(kept)
	return order > 0
}

func (s *survey) readStorages(ctx context.Context) error {
	begin := func() { s.storages = nil }
	_, _, err := search(ctx, s.client, storageList, &ListStoragesRequest{RegionID: s.req.RegionID}, begin, func(storage Storage) {
		s.storages = append(s.storages, storage)
	})
	return err
}

// result assembles what was read.
func (s *survey) result() *Protection {
	found := &Protection{At: s.at, Storages: s.storages, Hosts: make([]HostProtection, 0, len(s.order))}
	listed := make(map[string]bool)
	for _, storage := range s.storages {
		listed[storage.ID] = true
	}
	used := make(map[string]bool)
	hosts := 0
	for _, h := range s.order {
		if !h.gone {
			hosts++
			h.Gaps = h.gaps()
		}
		found.Gaps = append(found.Gaps, h.Gaps...)
		h.Newest = h.left
		for i := range h.Plans {
			p := &h.Plans[i]
			if p.Newest.isNewer(h.Newest) {
				h.Newest = p.Newest
			}
			used[p.Plan.StorageID] = true
			p.Gaps = s.planGaps(h.plans[i], listed[p.Plan.StorageID])
			found.Gaps = append(found.Gaps, p.Gaps...)
		}
		found.Hosts = append(found.Hosts, h.HostProtection)
	}
	if hosts == 0 {
		var kinds []string
		for _, kind := range sources(s.req.Sources) {
			kinds = append(kinds, string(kind))
		}
		found.Gaps = append(found.Gaps, Gap{Kind: GapNoHosts, Detail: "none of " + enumerate(kinds) + " is listed in region " + s.req.RegionID})
	}
	for i := range s.storages {
		found.Gaps = append(found.Gaps, s.storageGaps(&s.storages[i], used[s.storages[i].ID])...)
	}
	return found
}

// gaps returns the gaps of the host itself.
func (h *hostSurvey) gaps() (gaps []Gap) {
	gap := Gap{HostID: h.Host.ID, HostName: h.Host.Name, SourceType: h.Host.SourceType}
	add := func(kind GapKind, detail string) {
		gap.Kind, gap.Detail = kind, detail
		gaps = append(gaps, gap)
	}
	switch {
	case isBlank(h.Host.ID):
		add(GapUnreadable, "the ID of the host")
	case h.Host.Agent == nil:
		add(GapNoAgent, "")
	case !h.Host.Active():
		add(GapAgentInactive, h.Host.Agent.stateWords())
	}
	if h.Host.Agent != nil && len(h.plans) == 0 {
		add(GapNoPlan, "")
	}
	return gaps
}

func (s *survey) planGaps(p *planSurvey, stored bool) (gaps []Gap) {
	h, left := p.host, p.state()
	plan := &left.Plan
	gap := Gap{
		HostID: plan.HostID, HostName: cmp.Or(h.Host.Name, plan.HostName), SourceType: h.Host.SourceType,
		PlanID: plan.ID, PlanName: plan.Name, Newest: left.NewestAt(),
	}
	add := func(kind GapKind, detail string) {
		gap.Kind, gap.Detail = kind, detail
		gaps = append(gaps, gap)
	}
	if h.gone {
		add(GapHostGone, "")
	}
	switch plan.Status {
	case PlanActive:
		left.NextRun = NewTime(plan.storedSchedule().Next(s.at))
	case PlanStopped:
		add(GapPlanStopped, "")
	default:
		add(GapPlanInactive, strings.TrimSpace(cmp.Or(string(plan.Status), "no state")+" "+plan.StatusDesc))
	}
	if of := s.named[planName{plan.HostID, plan.Name}]; len(of) > 1 {
		add(GapDuplicatePlan, fmt.Sprintf("%d plans of the name", len(of)))
	}
	if !stored {
		add(GapStorageInactive, "vault "+cmp.Or(plan.StorageName, plan.StorageID, "without an ID")+" is not listed")
	}
	if kind, detail := p.runGap(); kind != "" {
		add(kind, detail)
	}
	if kind, detail := s.copyGap(p); kind != "" {
		add(kind, detail)
	}
	return gaps
}

func (p *Plan) storedSchedule() *StoredSchedule {
	if p.Raw == nil {
		return nil
	}
	return p.Raw.Schedule
}

// runGap checks whether the last finished run completed.
func (p *planSurvey) runGap() (GapKind, string) {
	switch {
	case p.untimely != nil:
		return GapUnreadable, fmt.Sprintf("the time of task %s: %s", p.untimely.ID, p.untimely.outcome())
	case p.ended != nil && p.ended.Status != TaskCompleted:
		return GapRunFailed, p.ended.at().Format(time.DateTime) + ": " + p.ended.outcome()
	}
	return "", ""
}

// copyGap checks the age of the newest copy. A time that cannot be read never counts as recent.
func (s *survey) copyGap(p *planSurvey) (GapKind, string) {
	newest := p.state().Newest
	oldest, why := s.oldest(p)
	undated := ""
	switch {
	case p.undated == 1:
		undated = "the time of 1 copy"
	case p.undated > 1:
		undated = fmt.Sprintf("the times of %d copies", p.undated)
	}
	switch {
	case newest == nil && undated != "":
		return GapUnreadable, undated
	case newest == nil:
		return GapNoSnapshot, ""
	case oldest.IsZero():
		return GapUnreadable, why
	case newest.at().After(s.at.Add(farFuture)):
		return GapUnreadable, "the newest copy is of " + string(p.state().NewestAt()) + ", which is to come"
	case !newest.at().Before(oldest):
		return "", ""
	case undated != "":
		return GapUnreadable, undated + ", and the newest of the others is of " + string(p.state().NewestAt())
	}
	return GapStale, "the newest is of " + string(p.state().NewestAt()) + ", and one was due by " + string(NewTime(oldest))
}

// oldest returns the time that the newest copy must not be older than, or the zero time and the reason
// if that is not known.
func (s *survey) oldest(p *planSurvey) (oldest time.Time, why string) {
	if s.req.MaxAge > 0 {
		return s.at.Add(-s.req.MaxAge), ""
	}
	due := p.state().Plan.storedSchedule().last(s.at.Add(-s.req.Grace))
	return due, "the schedule: " + p.state().Plan.storedSchedule().String()
}

func (s *survey) storageGaps(storage *Storage, used bool) (gaps []Gap) {
	leaving := storage.Status == StorageUnsubscribing || storage.Status == StorageDestroying
	if leaving && !used {
		return nil
	}
	add := func(kind GapKind, format string, args ...any) {
		gaps = append(gaps, Gap{Kind: kind, StorageID: storage.ID, StorageName: storage.Name, Detail: fmt.Sprintf(format, args...)})
	}
	if storage.Status != StorageAvailable {
		add(GapStorageInactive, "%s%s", cmp.Or(string(storage.Status), "no state"), inBrackets(storage.StatusDesc))
	}
	expires := storage.Expires.Time()
	switch {
	case expires.IsZero() && (!storage.Expires.IsZero() || s.req.MinTime > 0):
		add(GapUnreadable, "when it expires: %q", string(storage.Expires))
	case !expires.IsZero() && expires.Before(s.at.Add(s.req.MinTime)), expires.Equal(s.at):
		add(GapStorageExpiring, "it expires %s", expires.Format(time.DateTime))
	}
	free, capacity := storage.Free, storage.Capacity
	switch {
	case !free.Valid():
		add(GapUnreadable, "how much of it is free: %q", string(free))
	case s.req.MinFree > 0 && capacity.Bytes() <= 0:
		add(GapUnreadable, "its capacity: %q", string(capacity))
	case free.Bytes() <= 0, float64(free.Bytes()) < s.req.MinFree*float64(capacity.Bytes()):
		add(GapStorageFull, "%s of %s free", free.Text(), capacity.Text())
	}
	return gaps
}

// GapsRequest is the request of [Client.Gaps].
type GapsRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// SourceType is the kind of host. Empty means [SourceECS].
	SourceType SourceType
	// MaxAge is the maximum age of a plan's newest copy. It must be positive.
	MaxAge time.Duration
}

func (r *GapsRequest) complete(v *validation) {
	v.region(&r.RegionID)
	if r.MaxAge <= 0 {
		v.fault("MaxAge", "must be positive")
	}
}

// Gaps returns the gaps of [Client.Protection] for one kind of host, with the same rules, costs and
// errors.
func (c *Client) Gaps(ctx context.Context, req *GapsRequest) ([]Gap, error) {
	r := deref(req)
	if _, err := c.check(operation{path: "gaps"}, &r); err != nil {
		return nil, err
	}
	found, err := c.Protection(ctx, &ProtectionRequest{RegionID: r.RegionID, Sources: []SourceType{r.SourceType}, MaxAge: r.MaxAge})
	if found == nil {
		return nil, err
	}
	return found.Gaps, err
}
