package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrConflict means that something exists in a form that this package does not change: a plan
// that backs up to another vault, one that is neither active nor stopped, one that the service
// lists differently from how it was created, or a vault of the name that [Storages.CreateAndWait]
// was to create.
var ErrConflict = errors.New("conflict")

// EnsureOption is an option of [Agents.Ensure], [Plans.Ensure] and [Plans.EnsureAll]: [DryRun],
// or any [WaitOption].
type EnsureOption interface {
	ensure(*ensuring)
}

// DryRun reports what would be done, and sends no command. DryRun(false) has no effect.
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

// ensureAtMost is the default time limit of an Ensure.
const ensureAtMost = 30 * time.Minute

func newEnsuring(opts []EnsureOption) *ensuring {
	e := &ensuring{}
	for _, opt := range opts {
		if opt != nil {
			opt.ensure(e)
		}
	}
	e.waits = append(e.waits, func(w *waiting) { w.atMost = positiveOr(w.atMost, ensureAtMost) })
	return e
}

// writesAtOnce is the number of commands that an Ensure sends concurrently.
const writesAtOnce = 8

// atOnce calls work n times, a few calls at a time. A panic in a call reaches the caller.
func atOnce(n int, work func(i int)) {
	var next atomic.Int64
	var panicked atomic.Pointer[any]
	var workers sync.WaitGroup
	for range min(n, writesAtOnce) {
		workers.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					panicked.CompareAndSwap(nil, &cause)
				}
			}()
			for i := int(next.Add(1)) - 1; i < n && panicked.Load() == nil; i = int(next.Add(1)) - 1 {
				work(i)
			}
		})
	}
	workers.Wait()
	if cause := panicked.Load(); cause != nil {
		panic(*cause)
	}
}

// stopper prevents further commands once one has failed in a way that all others would, too.
type stopper struct{ cause atomic.Pointer[error] }

// send sends a command, unless an earlier failure shows that this one would fail, too.
func (s *stopper) send(command func() error) error {
	if cause := s.cause.Load(); cause != nil {
		return fmt.Errorf("ctcbr: not sent, since another command failed: %w", *cause)
	}
	err := command()
	var failed *Error
	if errors.As(err, &failed) && failed.endsWaits() && !errors.Is(err, ErrOutcomeUnknown) {
		why := inline(err)
		s.cause.CompareAndSwap(nil, &why)
	}
	return err
}

// aboutError is an error with its subject in front of its text.
type aboutError struct {
	what  string
	cause error
}

// about adds the subject to an error.
func about(what string, err error) error {
	if err == nil {
		return nil
	}
	return &aboutError{what, err}
}

func (e *aboutError) Error() string {
	return oneLine("ctcbr: " + e.what + ": " + withoutPrefix(e.cause))
}

func (e *aboutError) Unwrap() error { return e.cause }

// unseenError is the error of a command that was sent but whose effect is not listed.
type unseenError struct {
	what  string
	lost  error // why the response to the command is unknown; may be nil
	ended error // why the wait for it ended, unless its time was over; may be nil
}

func (e *unseenError) Error() string {
	text := "ctcbr: " + e.what
	var lost *Error
	if errors.As(e.lost, &lost) {
		failed := *lost // without the hint to check, which was done
		text += "; the response was lost (" + failed.short() + ")"
	}
	if e.ended != nil {
		text += "; stopped waiting: " + withoutPrefix(e.ended)
	}
	return oneLine(text + ": " + ErrOutcomeUnknown.Error() + ", check again later")
}

func (e *unseenError) Unwrap() []error {
	causes := []error{ErrOutcomeUnknown}
	for _, cause := range []error{e.lost, e.ended} {
		if cause != nil {
			causes = append(causes, cause)
		}
	}
	return causes
}

// PlanChange is the result of [Plans.Ensure] for one host.
type PlanChange struct {
	// Name is the name of the plan. HostID and HostName are its host.
	Name, HostID, HostName string
	// Plan is the plan as it was last listed, or nil if it was not.
	Plan *Plan
	// Created, Updated and Enabled report changes that the list confirms. If none is true, the plan was
	// as declared already, or Err says why it was not changed.
	Created, Updated, Enabled bool
	// Planned is true for a [DryRun]: Created, Updated and Enabled report what would be done.
	Planned bool
	// Differences are the parts of an existing plan that were not as declared.
	Differences []Difference
	// Unclear are the parts that the service does not list, or lists with an undocumented value. They
	// were not compared, and are no reason for a change.
	Unclear []Difference
	// Err says why the plan is not as declared, or may not be.
	Err error
}

// Changed reports whether anything was changed, or would be in a [DryRun].
func (c PlanChange) Changed() bool { return c.Created || c.Updated || c.Enabled }

// String describes the change in one line: "web-01: plan nightly updated and enabled: files:
// /etc, was /tmp". For a [DryRun] it describes what would be done.
func (c PlanChange) String() string {
	var done []string
	for _, d := range []struct {
		is   bool
		word string
	}{{c.Created, "created"}, {c.Updated, "updated"}, {c.Enabled, "enabled"}} {
		if d.is {
			done = append(done, d.word)
		}
	}
	text := cmp.Or(c.HostName, c.HostID) + ": plan " + c.Name + " "
	switch {
	case c.Err != nil:
		return oneLine(text + "failed: " + strings.TrimPrefix(withoutPrefix(c.Err), "plan "+c.Name+": "))
	case len(done) == 0:
		text += "unchanged"
	case c.Planned:
		text += "would be " + enumerate(done)
	default:
		text += enumerate(done)
	}
	if c.Updated {
		text += ": " + differences(c.Differences)
	}
	if len(c.Unclear) > 0 {
		text += " (unclear: " + differences(c.Unclear) + ")"
	}
	return oneLine(text)
}

// Ensure makes the plan of one host what the request declares. It creates a missing plan, updates
// one that differs, and enables one that is stopped. Where nothing differs, it only reads. It is
// [Plans.EnsureAll] for one host, which describes the rules, the errors and the costs.
//
// GET /v4/backup/query-backup-policy (查询云备份计划),
// POST /v4/backup/new-backup-policy (创建云备份计划),
// POST /v4/backup/update-backup-policy (修改云备份计划),
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) Ensure(ctx context.Context, req *CreatePlanRequest, opts ...EnsureOption) (*PlanChange, error) {
	declared := deref(req)
	host := Host{ID: declared.HostID, SourceType: kindOf(declared.SourceType, declared.IsCloud)}
	run, err := s.declare(declared, opts)
	if err != nil {
		return nil, err
	}
	changes, err := run.ensure(ctx, []Host{host})
	if len(changes) == 0 {
		return nil, err
	}
	return &changes[0], err
}

// EnsureAll makes the plans of many hosts what the request declares. The request leaves HostID
// and SourceType empty: hosts supplies them. A plan is identified by its host and its exact name.
// A missing plan is created, one that differs is updated, and one that is stopped is enabled.
// Where nothing differs, EnsureAll only reads, so it is safe to run again: a run after a crash or
// a lost response creates no second plan. It returns one [PlanChange] for every host, in the
// order of hosts. The error joins a [*HostError] for every plan that is not as declared, or may
// not be.
//
// The request declares the whole plan: nil for Full or Limits means none. A plan that differs is
// updated as a whole. Parts that the service does not list, or lists with an undocumented value,
// are in Unclear of [PlanChange] and do not count as differences. Schedules are compared to the
// hour. Renaming a host has no effect. If a plan was renamed by hand, a new one is created under
// the declared name.
//
// A plan that backs up to another vault, or that is neither active nor stopped, is left alone:
// the error matches [ErrConflict]. So does the error of a plan that the service lists differently
// from how it was created. Two plans of the same name on one host are an [*AmbiguousError]. A
// plan counts as missing only if the list was read completely.
//
// Each command is sent once, at most 8 at a time. Then EnsureAll polls the list until it shows
// the changes, for at most the time of [WaitListed] (5 minutes by default), and for no longer
// than [WaitAtMost] (30 minutes by default) in all. A change that does not show by then is an
// error that matches [ErrOutcomeUnknown]; the next run checks again. If nothing differs, the cost
// is one request for each kind of host. It places no order, but copies take up space in the
// vault.
//
// GET /v4/backup/query-backup-policy (查询云备份计划),
// POST /v4/backup/new-backup-policy (创建云备份计划),
// POST /v4/backup/update-backup-policy (修改云备份计划),
// POST /v4/backup/action-backup-policy (操作云备份计划)
func (s Plans) EnsureAll(ctx context.Context, hosts []Host, req *CreatePlanRequest, opts ...EnsureOption) ([]PlanChange, error) {
	declared := deref(req)
	check := &validation{op: "new-backup-policy"}
	check.empty("HostID", declared.HostID != "")
	check.empty("SourceType", declared.SourceType != "")
	check.empty("IsCloud", declared.IsCloud != nil)
	if err := check.err(); err != nil {
		return nil, err
	}
	declared.HostID = "of a host"
	run, err := s.declare(declared, opts)
	if err != nil {
		return nil, err
	}
	return run.ensure(ctx, hosts)
}

// empty refuses fields that the hosts provide.
func (v *validation) empty(field string, given bool) {
	if given {
		v.fault(field, "must be empty: it is taken from the hosts")
	}
}

// planRun is one run of EnsureAll.
type planRun struct {
	plans    Plans
	declared CreatePlanRequest // completed, without a host
	dry      bool
	wait     *waiting
	stop     stopper
}

// declare checks a request and starts a run.
func (s Plans) declare(declared CreatePlanRequest, opts []EnsureOption) (*planRun, error) {
	if _, err := s.client.check(operation{path: "new-backup-policy"}, &declared); err != nil {
		return nil, err
	}
	declared.HostID, declared.SourceType, declared.IsCloud = "", "", nil
	given := newEnsuring(opts)
	return &planRun{plans: s, declared: declared, dry: given.dry, wait: newWaiting(s.client, given.waits)}, nil
}

// planWork is the work on the plan of one host.
type planWork struct {
	host   Host
	change PlanChange
	before []Difference // as compared before anything was sent

	create, update, enable bool  // to be done
	sent                   int   // commands that may have been carried out
	enabled                bool  // the command was sent
	lost                   error // why the response to a command is unknown; nil if all were accepted
}

func (r *planRun) ensure(ctx context.Context, hosts []Host) ([]PlanChange, error) {
	all := r.works(hosts)
	failures := r.examine(ctx, all)
	for range 2 { // a plan whose response to the update was lost is enabled once the update shows
		if r.dry || !r.carryOut(ctx, all) {
			break
		}
		r.await(ctx, all)
	}
	changes := make([]PlanChange, len(all))
	for i, w := range all {
		w.change.Planned = r.dry
		if w.change.Err != nil && !r.reported(failures, w.change.Err) {
			failures = append(failures, &HostError{Host: w.host, Err: w.change.Err})
		}
		changes[i] = w.change
	}
	return changes, join(failures...)
}

// reported reports whether an error was reported already. A list that fails has one error for all its
// hosts.
func (r *planRun) reported(failures []error, err error) bool {
	for _, problem := range failures {
		if problem == err { //nolint:errorlint // the identical error
			return true
		}
	}
	return false
}

// works returns the plans to work on, one for each host.
func (r *planRun) works(hosts []Host) []*planWork {
	var all []*planWork
	seen := make(map[string]bool)
	for _, host := range hosts {
		host.SourceType = cmp.Or(host.SourceType, SourceECS)
		if host.ID != "" && seen[host.ID] {
			continue
		}
		seen[host.ID] = true
		w := &planWork{host: host, change: PlanChange{Name: r.declared.Name, HostID: host.ID, HostName: host.Name}}
		w.change.Err = host.checkID()
		all = append(all, w)
	}
	return all
}

// checkID checks the ID of a host that only the caller has provided.
func (h Host) checkID() error {
	problem := textProblem(h.ID)
	switch {
	case isBlank(h.ID):
		return fmt.Errorf("ctcbr: it has no ID: %w", ErrInvalid)
	case strings.Contains(h.ID, ","):
		problem = severalIDs
	case problem == "":
		return nil
	}
	return fmt.Errorf("ctcbr: its ID %s: %s: %w", problem, quoted(h.ID), ErrInvalid)
}

// byKind groups the plans that are still to be listed by the kind of their hosts.
func byKind(all []*planWork, is func(*planWork) bool) (kinds [][]*planWork) {
	at := make(map[SourceType]int)
	for _, w := range all {
		if w.change.Err != nil || !is(w) {
			continue
		}
		i, known := at[w.host.SourceType]
		if !known {
			i = len(kinds)
			at[w.host.SourceType] = i
			kinds = append(kinds, nil)
		}
		kinds[i] = append(kinds[i], w)
	}
	return kinds
}

// examine lists the plans and decides what to do. If a list cannot be read, all its plans get that
// error.
func (r *planRun) examine(ctx context.Context, all []*planWork) (failures []error) {
	for _, works := range byKind(all, func(*planWork) bool { return true }) {
		listed, err := r.list(ctx, works)
		if err != nil {
			failures = append(failures, err)
		}
		for _, w := range works {
			found := listed.of[w.host.ID]
			switch {
			// An incomplete list shows what exists, but not what is missing.
			case err != nil && (!errors.Is(err, ErrIncomplete) || len(found) == 0):
				w.change.Err = err
			case len(found) == 0 && listed.mayHold(w.host.ID):
				w.change.Err = r.about(fmt.Errorf("%w: a plan is listed without its host or its name, and may be this one: see it in the console", ErrConflict))
			default:
				r.judge(w, found)
			}
		}
	}
	return failures
}

// planListing holds the listed plans of the name on some hosts.
type planListing struct {
	of       map[string][]Plan // by host ID
	doubtful map[string]bool   // hosts with a plan that has no name, and "" for a plan that has no host
}

// mayHold reports whether an incompletely listed plan may be the one of the name on a host.
func (l *planListing) mayHold(hostID string) bool { return l.doubtful[hostID] || l.doubtful[""] }

// take records a plan that is listed without its host or its name, if it may be one of the name.
func (l *planListing) take(plan *Plan, name string, sought map[string]bool) {
	noHost, noName := isBlank(plan.HostID), isBlank(plan.Name)
	switch {
	case noHost && (plan.Name == name || noName && plan.ID != ""):
		l.doubtful[""] = true
	case noName && sought[plan.HostID]:
		l.doubtful[plan.HostID] = true
	}
}

// list reads the plans of the name on hosts of one kind. It lists the kind, or the one host, and
// does not use the service's search for names.
func (r *planRun) list(ctx context.Context, works []*planWork) (*planListing, error) {
	req := &ListPlansRequest{RegionID: r.declared.RegionID, SourceType: works[0].host.SourceType}
	listed := &planListing{of: make(map[string][]Plan, len(works)), doubtful: make(map[string]bool)}
	sought := make(map[string]bool, len(works))
	for _, w := range works {
		sought[w.host.ID] = true
	}
	if len(works) == 1 {
		req.HostID = works[0].host.ID
	}
	begin := func() {
		clear(listed.of)
		clear(listed.doubtful)
	}
	_, _, err := search(ctx, r.plans.client, planList, req, begin, func(plan Plan) {
		if !sought[plan.HostID] || plan.Name != r.declared.Name {
			listed.take(&plan, r.declared.Name, sought)
			return
		}
		of := listed.of[plan.HostID]
		if len(of) == 1 && plan.ID != "" && of[0].ID == plan.ID {
			return // listed twice
		}
		listed.of[plan.HostID] = append(of, *plan.ofKind(req.SourceType))
	})
	return listed, err
}

// judge decides what to do about the plan of a host.
func (r *planRun) judge(w *planWork, found []Plan) {
	switch len(found) {
	case 0:
		w.create = true
		w.change.Created = r.dry
		return
	case 1:
	default:
		w.change.Err = r.about(ambiguousPlans(w.host, r.declared.Name, found))
		return
	}
	plan := &found[0]
	w.see(plan)
	w.change.Differences, w.change.Unclear = r.declared.compare(plan)
	w.before = w.change.Differences
	if conflict := r.conflict(plan); conflict != nil {
		w.change.Err = conflict
		return
	}
	w.update, w.enable = len(w.before) > 0, plan.Status == PlanStopped
	if (w.update || w.enable) && plan.ID == "" {
		w.change.Err = r.about(fmt.Errorf("%w: it is listed without an ID", ErrConflict))
	}
	w.change.Updated, w.change.Enabled = r.dry && w.update, r.dry && w.enable
}

func (w *planWork) see(plan *Plan) {
	w.change.Plan = plan
	w.change.HostName = cmp.Or(w.change.HostName, plan.HostName)
	w.host.Name = cmp.Or(w.host.Name, plan.HostName)
}

// conflict returns why a listed plan cannot be changed to match its declaration.
func (r *planRun) conflict(plan *Plan) error {
	switch {
	case plan.StorageID != "" && plan.StorageID != r.declared.StorageID:
		return r.about(fmt.Errorf("%w: it backs up to vault %s, not %s: a plan keeps its vault, so use another name or that vault", ErrConflict, cmp.Or(plan.StorageName, plan.StorageID), r.declared.StorageID))
	case plan.Status != PlanActive && plan.Status != PlanStopped:
		return r.about(fmt.Errorf("%w: its state is %q%s, neither active nor stopped", ErrConflict, string(plan.Status), inBrackets(plan.StatusDesc)))
	}
	return nil
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func (r *planRun) about(err error) error { return about("plan "+r.declared.Name, err) }

func ambiguousPlans(host Host, name string, plans []Plan) error {
	ambiguous := &AmbiguousError{Sought: fmt.Sprintf("plan named %q of host %s", name, host.label())}
	for _, plan := range plans {
		ambiguous.Candidates = append(ambiguous.Candidates, plan.candidate())
	}
	return ambiguous
}

// carryOut sends the commands, and reports whether any may have been carried out.
func (r *planRun) carryOut(ctx context.Context, all []*planWork) bool {
	var todo []*planWork
	for _, w := range all {
		if w.change.Err == nil && (w.create || w.update || w.enable) {
			w.sent = 0
			todo = append(todo, w)
		}
	}
	atOnce(len(todo), func(i int) { r.send(ctx, todo[i]) })
	for _, w := range todo {
		if w.sent > 0 && w.change.Err == nil {
			return true
		}
	}
	return false
}

// send sends the commands for one plan, until one whose response is lost.
func (r *planRun) send(ctx context.Context, w *planWork) {
	command := func(name string, send func() error) (sure bool) {
		err := r.stop.send(send)
		switch {
		case err == nil:
			w.sent++
			return true
		case errors.Is(err, ErrOutcomeUnknown):
			w.sent++
			w.lost = err
		default:
			w.change.Err = about("plan "+r.declared.Name+": "+name, err)
		}
		return false
	}
	switch {
	case w.create:
		command("create", func() error { return r.create(ctx, w) })
		return
	case w.update:
		if !command("update", func() error { return r.update(ctx, w) }) {
			return
		}
	}
	if w.enable {
		w.enabled = true
		command("enable", func() error { return r.enable(ctx, w) })
	}
}

func (r *planRun) create(ctx context.Context, w *planWork) error {
	req := r.declared
	req.HostID, req.SourceType = w.host.ID, w.host.SourceType
	_, err := r.plans.Create(ctx, &req)
	return err
}

// update sends the whole plan. It turns off explicitly what is not declared, because what the
// service does with parts that are left out is not documented.
func (r *planRun) update(ctx context.Context, w *planWork) error {
	d := r.declared
	req := &UpdatePlanRequest{
		RegionID: d.RegionID, ID: w.change.Plan.ID, Name: d.Name, DirectType: d.DirectType, Files: d.Files,
		Schedule: d.Schedule, Retention: d.Retention, Full: d.Full, Limits: d.Limits, SourceType: w.host.SourceType,
	}
	if req.Full == nil || req.Full.Mode == nil {
		req.Full = &FullBackup{Mode: Ptr(0), Increments: deref(req.Full).Increments}
	}
	if req.Limits == nil {
		req.Limits = &UploadLimits{Enabled: Ptr(false)}
	}
	_, err := r.plans.Update(ctx, req)
	return err
}

func (r *planRun) enable(ctx context.Context, w *planWork) error {
	_, err := r.plans.Enable(ctx, &OperatePlanRequest{RegionID: r.declared.RegionID, ID: w.change.Plan.ID, SourceType: w.host.SourceType})
	return err
}

// await lists the plans until they show what was sent, or time is up.
func (r *planRun) await(ctx context.Context, all []*planWork) {
	unseen := func(w *planWork) bool { return w.sent > 0 }
	hosts := func() (ids []string) {
		for _, w := range all {
			if w.change.Err == nil && unseen(w) {
				ids = append(ids, w.host.ID)
			}
		}
		return ids
	}
	began := time.Now()
	err := r.wait.until(ctx, hosts, func(ctx context.Context) (bool, error) {
		late := r.wait.lateSince(began)
		for _, works := range byKind(all, unseen) {
			listed, err := r.list(ctx, works)
			if err != nil && !errors.Is(err, ErrIncomplete) {
				return false, err
			}
			for _, w := range works {
				r.check(w, listed.of[w.host.ID], late)
			}
		}
		return len(hosts()) == 0, nil
	})
	for _, works := range byKind(all, unseen) {
		for _, w := range works {
			w.change.Err = r.unseen(w, causeOfEnd(err))
		}
	}
}

// causeOfEnd returns why a wait ended.
func causeOfEnd(err error) error {
	var ended *WaitError
	if errors.As(err, &ended) {
		return ended.Err
	}
	return err
}

// check evaluates how the plan of a host is listed after its commands.
func (r *planRun) check(w *planWork, found []Plan, late bool) {
	var state string
	var differing []Difference
	var conflict error
	switch len(found) {
	case 0:
		w.change.Plan = nil
	case 1:
		w.see(&found[0])
		state = string(found[0].Status)
		differing, w.change.Unclear = r.declared.compare(&found[0])
		conflict = r.conflict(&found[0])
	default:
		w.change.Err = r.about(ambiguousPlans(w.host, r.declared.Name, found))
		return
	}
	r.wait.report(Progress{ID: w.host.ID, State: state})
	stopped := state == string(PlanStopped)
	switch {
	case w.change.Plan != nil && conflict == nil && len(differing) == 0 && (!stopped || !w.enabled):
		w.seen(stopped)
	case !late:
	case w.change.Plan == nil:
		w.change.Err = r.unseen(w, nil)
	case conflict != nil:
		w.change.Err = conflict
	case len(differing) == 0 || !w.create && differences(differing) == differences(w.before):
		w.change.Err = r.unseen(w, nil) // still as it was before
	default:
		w.change.Err = r.about(fmt.Errorf("%w: the service lists it differently from how it was created: %s", ErrConflict, differences(differing)))
	}
}

// seen records that the change shows. If the plan is still stopped, it is enabled next.
func (w *planWork) seen(stopped bool) {
	w.change.Created = w.change.Created || w.create
	w.change.Updated = w.change.Updated || w.update
	w.change.Enabled = w.change.Enabled || w.enabled
	w.create, w.update, w.enable, w.sent, w.lost = false, false, stopped, 0, nil
}

// unseen is the error of a plan whose change does not show.
func (r *planRun) unseen(w *planWork, ended error) error {
	what := "the command to change it was sent, but the list does not show the change"
	if w.create {
		what = "the command to create it was sent, but the plan is not listed"
	}
	if ended == nil {
		what += fmt.Sprintf(" after %s", r.wait.unlisted)
	}
	return &unseenError{what: "plan " + r.declared.Name + ": " + what, lost: w.lost, ended: ended}
}

// Ensure installs an agent on every host that has none or whose last installation failed, and
// waits until all hosts have an active agent. It relies on the Agent field of hosts: get them
// from [Hosts] just before. It returns the hosts that are ready, in the order of hosts, each
// once, with their agents. The error joins a [*HostError] for every other host. It matches
// [ErrFailed] if the installation failed, [ErrVanished] if the agent was listed and no longer is,
// and [ErrOutcomeUnknown] if the agent was never listed after the command was sent.
//
// Each host is sent at most one command, and at most 8 commands are sent at a time. An agent that
// is installed but not active, for example on a host that is switched off, has the time of
// [WaitListed] to become active, 5 minutes by default. The whole takes no longer than
// [WaitAtMost], 30 minutes by default. [WaitRegion] sets the region. A poll is one request for
// every 50 hosts that are not ready. A [DryRun] also returns the hosts that it would install an
// agent on, whose Agent is nil or has failed, and those on which one is being installed. It places
// no order.
//
// POST /v4/backup/install-client-backup (安装备份客户端),
// GET /v4/backup/client-by-instance-backup (通过主机id查询云备份客户端)
func (s Agents) Ensure(ctx context.Context, hosts []Host, opts ...EnsureOption) ([]Host, error) {
	if !s.client.isMade() {
		return nil, errNotMade(operation{path: "install-client-backup"})
	}
	given := newEnsuring(opts)
	run := &agentRun{agents: s, dry: given.dry, wait: newWaiting(s.client, given.waits)}
	seen := make(map[string]bool, len(hosts))
	for _, host := range hosts {
		if host.ID == "" || !seen[host.ID] {
			seen[host.ID] = true
			run.add(host)
		}
	}
	if run.dry {
		run.foresee()
	} else {
		run.install(ctx)
		run.await(ctx)
	}
	var ready []Host
	var failures []error
	for _, w := range run.all {
		if w.err != nil {
			failures = append(failures, &HostError{Host: w.host, Err: w.err})
		} else {
			ready = append(ready, w.host)
		}
	}
	return ready, join(failures...)
}

// agentRun is one run of Agents.Ensure.
type agentRun struct {
	agents Agents
	dry    bool
	wait   *waiting
	stop   stopper
	all    []*agentWork
}

// agentWork is the work on the agent of one host.
type agentWork struct {
	host    Host
	before  *Agent // as the caller passed it
	sent    bool   // the installation may have been started
	refused error  // why it was not started
	lost    error  // why the response to it is unknown
	listed  bool   // the agent was listed since
	moved   bool   // it was listed in another state than before
	missing int    // consecutive polls without it
	done    bool
	err     error
}

func (r *agentRun) add(host Host) {
	w := &agentWork{host: host, before: host.Agent, done: host.Active()}
	w.err = host.checkID()
	r.all = append(r.all, w)
}

func (r *agentRun) pending() (all []*agentWork) {
	for _, w := range r.all {
		if !w.done && w.err == nil {
			all = append(all, w)
		}
	}
	return all
}

// install sends the command to every host without an agent, or with one whose installation failed.
func (r *agentRun) install(ctx context.Context) {
	var todo []*agentWork
	for _, w := range r.pending() {
		if w.before == nil || w.before.notInstalled() {
			todo = append(todo, w)
		}
	}
	atOnce(len(todo), func(i int) {
		w := todo[i]
		err := r.stop.send(func() error {
			_, err := r.agents.Install(ctx, &InstallAgentRequest{RegionID: r.wait.region, HostID: w.host.ID})
			return err
		})
		var failed *Error
		switch {
		case errors.Is(err, ErrOutcomeUnknown):
			w.sent, w.lost = true, err
		case err == nil:
			w.sent = true
		case errors.As(err, &failed) && failed.StatusCode != 0: // another run may have installed it
			w.refused = err
		default:
			w.err = err
		}
	})
}

// foresee reports the hosts of a dry run that would be sent nothing although they are not ready. A
// host whose agent is being installed counts as ready.
func (r *agentRun) foresee() {
	for _, w := range r.pending() {
		if a := w.before; a != nil && !a.notInstalled() && !a.installing() {
			w.err = fmt.Errorf("ctcbr: its agent is not active: %s", a.stateWords())
		}
	}
}

// notInstalled reports whether the installation of the agent failed.
func (a *Agent) notInstalled() bool {
	state := strings.ToLower(string(a.Status))
	return a.Status.isFailure() && strings.Contains(state, "install") && !strings.Contains(state, "uninstall")
}

// await polls the agents until all are active or have failed.
func (r *agentRun) await(ctx context.Context) {
	if len(r.pending()) == 0 {
		return
	}
	began := time.Now()
	hosts := func() (ids []string) {
		for _, w := range r.pending() {
			ids = append(ids, w.host.ID)
		}
		return ids
	}
	err := r.wait.until(ctx, hosts, func(ctx context.Context) (bool, error) {
		late := r.wait.lateSince(began)
		for works := range slices.Chunk(r.pending(), maxAgentPage) {
			found, whole, err := r.list(ctx, works)
			if err != nil {
				return false, err
			}
			for _, w := range works {
				if agent := found[w.host.ID]; agent != nil || whole {
					r.check(w, agent, late)
				}
			}
		}
		return len(r.pending()) == 0, nil
	})
	for _, w := range r.pending() {
		w.err = about("its agent is "+w.state(), causeOfEnd(err))
		if w.sent && !w.listed {
			w.err = &unseenError{what: "the command to install an agent was sent, but the agent is not listed", lost: w.lost, ended: causeOfEnd(err)}
		}
	}
}

// list reads the agents of some hosts. A host may have several. whole reports whether the list has as
// many as the service counts.
func (r *agentRun) list(ctx context.Context, works []*agentWork) (found map[string]*Agent, whole bool, err error) {
	ids := make([]string, len(works))
	for i, w := range works {
		ids[i] = w.host.ID
	}
	req := &ListAgentsByHostRequest{RegionID: r.wait.region, HostIDs: strings.Join(ids, ","), PageSize: maxAgentPage}
	found = make(map[string]*Agent, len(works))
	came := make(map[agentKey]bool)
	for {
		req.Page++
		page, err := r.agents.ListByHost(ctx, req)
		if err != nil {
			return nil, false, err
		}
		for i := range page.Agents {
			if agent := &page.Agents[i]; found[agent.HostID] == nil || agent.rank() > found[agent.HostID].rank() {
				found[agent.HostID] = agent
			}
		}
		before := len(came)
		for i := range page.Agents {
			came[page.Agents[i].key()] = true // a page that comes again adds nothing
		}
		whole = len(came) >= max(page.Total, page.TotalCount)
		if whole || len(came) == before {
			return found, whole, nil
		}
	}
}

// check evaluates how the agent of a host is listed. A state that is unchanged since the command counts
// only once the time of WaitListed is over.
func (r *agentRun) check(w *agentWork, agent *Agent, late bool) {
	w.host.Agent = agent
	if agent == nil {
		r.miss(w, late)
		return
	}
	r.wait.report(Progress{ID: w.host.ID, State: string(agent.Status)})
	w.listed, w.missing = true, 0
	w.moved = w.moved || w.before == nil || w.before.ID != agent.ID || w.before.Status != agent.Status
	switch {
	case agent.Status == AgentActivated:
		w.done = true
	case !w.moved && w.refused != nil:
		w.err = w.refused
	case agent.Status.isFailure() && (w.moved || late):
		w.err = fmt.Errorf("ctcbr: its agent %w: %s", ErrFailed, agent.stateWords())
	case !w.moved && !w.sent && late && !agent.installing():
		w.err = fmt.Errorf("ctcbr: its agent is not active: %s", agent.stateWords())
	}
}

// miss records that a host has no agent.
func (r *agentRun) miss(w *agentWork, late bool) {
	r.wait.report(Progress{ID: w.host.ID})
	w.missing++
	switch {
	case w.refused != nil:
		w.err = w.refused
	case w.listed && w.missing >= r.wait.missing:
		w.err = fmt.Errorf("ctcbr: its agent %w", ErrVanished)
	case !w.listed && late && w.sent:
		w.err = &unseenError{what: fmt.Sprintf("the command to install an agent was sent, but the agent is not listed after %s", r.wait.unlisted), lost: w.lost}
	case !w.listed && late:
		w.err = fmt.Errorf("ctcbr: its agent %w", ErrVanished)
	}
}

// state returns the last known state of the agent.
func (w *agentWork) state() string {
	if w.host.Agent == nil {
		return "not listed"
	}
	return w.host.Agent.stateWords()
}

// stateWords returns the state of the agent in the service's words.
func (a *Agent) stateWords() string { return strings.TrimSpace(string(a.Status) + " " + a.StatusDesc) }
