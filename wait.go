package ctcbr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"
)

// What the error of a wait can be matched with besides the sentinels of calls.
var (
	// ErrFailed says that what was waited for ended in failure.
	ErrFailed = errors.New("failed")
	// ErrCanceled says that what was waited for was canceled. It is not context.Canceled.
	ErrCanceled = errors.New("was canceled")
	// ErrVanished says that what was waited for is not listed, or no longer.
	ErrVanished = errors.New("vanished")
	// ErrWaitTooLong says that the longest time of a wait has passed: 24 hours, or that of WaitAtMost.
	ErrWaitTooLong = errors.New("waited too long")
)

// Progress is how far something that is waited for has come.
type Progress struct {
	// ID is what is waited for: a task, restore or order, or the host of an agent.
	ID string
	// State is its state as it came: a TaskStatus, RestoreStatus, OrderStatus or
	// AgentStatus. It is empty while the service does not list it.
	State string
	// Percent is 0 for what tells no progress.
	Percent Percent
	Rate    Rate
	// Files counts the files done.
	Files int
	// Elapsed is the time since the wait began.
	Elapsed time.Duration
	// Remaining is estimated from the progress seen so far, and zero where none can be.
	Remaining time.Duration
	// Err is why the look failed, and nil after one that did not. Beside it stands
	// what was seen last.
	Err error
}

// WaitOption changes how a wait looks and for how long.
type WaitOption func(*waiting)

// WaitInterval sets the time between two looks: it begins with first and grows by
// half up to longest. 2 seconds and 1 minute by default, for which zero stands.
func WaitInterval(first, longest time.Duration) WaitOption {
	return func(w *waiting) { w.interval, w.longest = first, longest }
}

// WaitAtMost sets how long a wait may take: 24 hours by default, for which zero
// stands. The context may end it earlier.
func WaitAtMost(d time.Duration) WaitOption {
	return func(w *waiting) { w.atMost = d }
}

// WaitProgress calls f after every look, also after one that failed (Progress.Err),
// for each thing that is waited for, in the goroutine that waits.
func WaitProgress(f func(Progress)) WaitOption {
	return func(w *waiting) { w.progress = f }
}

// WaitSource sets the kind of host whose tasks or restores are waited for,
// SourceECS by default: the others are listed apart.
func WaitSource(s SourceType) WaitOption {
	return func(w *waiting) { w.source = s }
}

// WaitRegion sets the region; the client's by default.
func WaitRegion(id string) WaitOption {
	return func(w *waiting) { w.region = id }
}

// WaitMissing sets in how many looks in a row something must be missing to count
// as vanished: 3 by default, for which zero stands.
func WaitMissing(looks int) WaitOption {
	return func(w *waiting) { w.missing = looks }
}

// WaitListed sets how long what was just made may stay unlisted before that counts as missing: 5
// minutes by default, for which zero stands. A nanosecond asks once. It is the patience for the first
// sight of a task, a restore, an agent or an order, and for that of what Ensure has sent.
func WaitListed(d time.Duration) WaitOption {
	return func(w *waiting) { w.unlisted = d }
}

// within puts a region and a kind of host before the options of a caller.
func within(region string, source SourceType, opts []WaitOption) []WaitOption {
	return append([]WaitOption{WaitRegion(region), WaitSource(source)}, opts...)
}

// WaitError is a wait that ended before what it waited for. It can be started
// again with the same IDs, also by another process.
type WaitError struct {
	// Pending are the IDs that were still waited for.
	Pending []string
	// Last is the error of the last look, if that failed. A look that the end of the
	// wait cut off does not count.
	Last error
	// Err is why the wait ended: the context's error, ErrClosed, ErrWaitTooLong, or
	// the failure of a look that cannot heal.
	Err error
}

// Error names what was still running in one line.
func (e *WaitError) Error() string {
	const most = 5
	pending := strings.Join(e.Pending[:min(most, len(e.Pending))], ", ")
	if more := len(e.Pending) - most; more > 0 {
		pending += fmt.Sprintf(" and %d more", more)
	}
	text := fmt.Sprintf("ctcbr: stopped waiting for %s: %s", pending, e.Err)
	if e.Last != nil {
		text += fmt.Sprintf(" (the last look failed: %s)", e.Last)
	}
	return oneLine(text)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// TaskError is a task that did not complete.
type TaskError struct {
	// Task is the task as it was last seen.
	Task Task
	// Err matches ErrFailed, ErrCanceled or ErrVanished.
	Err error
}

// Error says in one line what became of the task.
func (e *TaskError) Error() string {
	return endedBadly("backup task", e.Task.ID, e.Task.HostID, e.Err, e.Task.Message)
}

// Unwrap returns what became of the task.
func (e *TaskError) Unwrap() error { return e.Err }

// RestoreError is a restore that did not complete.
type RestoreError struct {
	// Restore is the restore as it was last seen.
	Restore Restore
	// Err matches ErrFailed, ErrCanceled or ErrVanished.
	Err error
}

// Error says in one line what became of the restore.
func (e *RestoreError) Error() string {
	return endedBadly("restore", e.Restore.ID, e.Restore.TargetID, e.Err, e.Restore.Message)
}

// Unwrap returns what became of the restore.
func (e *RestoreError) Unwrap() error { return e.Err }

func endedBadly(what, id, host string, err error, message string) string {
	text := fmt.Sprintf("ctcbr: %s %s", what, id)
	if host != "" {
		text += " of host " + host
	}
	text += fmt.Sprintf(" %s", err)
	if message != "" && errors.Is(err, ErrFailed) {
		text += ": " + message
	}
	return oneLine(text)
}

// OrderError is an order that came to nothing.
type OrderError struct {
	ID     string
	Status OrderStatus
}

// Error says in one line what became of the order.
func (e *OrderError) Error() string {
	return oneLine(fmt.Sprintf("ctcbr: order %s failed: status %s (%s)", e.ID, e.Status, e.Status.words()))
}

// Unwrap returns ErrFailed.
func (e *OrderError) Unwrap() error { return ErrFailed }

// neverListed is the ErrVanished of what no look has listed. It says what to check.
type neverListed string

func (n neverListed) Error() string { return string(n) }

func (neverListed) Is(target error) bool { return target == ErrVanished }

const (
	errNeverListed neverListed = "was never listed: check its ID, WaitRegion and WaitSource"
	errNoAgent     neverListed = "was never listed: the host has none (Agents.Install comes first), or its ID or WaitRegion is wrong"
)

// waiting is one wait: how it looks, and what it has seen so far.
type waiting struct {
	interval, longest, atMost time.Duration
	progress                  func(Progress)
	source                    SourceType
	region                    string
	missing                   int
	unlisted                  time.Duration
	unsubscribing             bool

	client  *Client
	began   time.Time
	told    map[string]Progress // what was reported last, by ID
	polled  bool                // a poll has succeeded
	refused int                 // polls in a row that the service refused
	pages   int                 // polls in a row that were answered by a page
}

func newWaiting(c *Client, opts []WaitOption) *waiting {
	w := &waiting{client: c, began: time.Now(), told: make(map[string]Progress)}
	for _, opt := range opts {
		if opt != nil {
			opt(w)
		}
	}
	w.interval = positiveOr(w.interval, 2*time.Second)
	w.longest = max(w.interval, positiveOr(w.longest, time.Minute))
	w.atMost = positiveOr(w.atMost, 24*time.Hour)
	w.missing = positiveOr(w.missing, 3)
	w.unlisted = positiveOr(w.unlisted, 5*time.Minute)
	return w
}

func positiveOr[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// checkIDs refuses to wait for what has no ID, and says which of several that is.
func checkIDs(name, field string, ids ...string) error {
	check := &validation{operation: operation{path: name}}
	for i, id := range ids {
		which := field
		if len(ids) > 1 {
			which = fmt.Sprintf("%s[%d]", field, i)
		}
		check.required(which, id)
	}
	return check.err()
}

// until looks at growing intervals until look says that it is done. pending names
// what is still waited for.
func (w *waiting) until(ctx context.Context, pending func() []string, look func(context.Context) (done bool, err error)) error {
	if ctx == nil {
		return &WaitError{Pending: pending(), Err: errors.New("nil context")}
	}
	if w.client.isMade() {
		var l lifetime // so that closing the client ends the sleep, too
		w.client.engine.lifetimes.begin(ctx, &l)
		defer w.client.engine.lifetimes.end(&l)
		ctx = l.ctx
	}
	ctx, cancel := context.WithTimeoutCause(ctx, w.atMost, ErrWaitTooLong)
	defer cancel()
	var last error
	for interval := w.interval; ; interval = min(interval+interval/2, w.longest) {
		done, err := look(ctx)
		if done {
			return err
		}
		if !isCutOff(ctx, err) {
			last = err
			w.reportFailed(pending(), err)
		}
		switch {
		case ctx.Err() == nil && w.isFinal(err):
			return &WaitError{Pending: pending(), Err: err}
		case !sleep(ctx, interval):
			return &WaitError{Pending: pending(), Last: last, Err: causeOf(ctx)}
		}
	}
}

// maxRefusals and maxPages are how many polls in a row the service may refuse, or somebody in its
// place may answer with a page, before the wait ends. Either may pass: a service restarts, a proxy
// loses its way.
const (
	maxRefusals = 3
	maxPages    = 10
)

// isFinal reports whether a poll failed in a way that ends the wait. What is hopeless for a call
// is so only until a poll has succeeded: a name that resolved once may do so again.
func (w *waiting) isFinal(err error) bool {
	var call *Error
	var certificate *tls.CertificateVerificationError
	refused, pages := w.refused, w.pages
	w.refused, w.pages = 0, 0
	switch {
	case err == nil:
		w.polled = true
		return false
	case errors.As(err, &certificate), !errors.As(err, &call):
		return true
	case errors.Is(err, ErrUnauthorized), errors.Is(err, ErrRegion), errors.Is(err, ErrRedirect), errors.Is(err, ErrClosed), errors.Is(err, ErrNoCredentials):
		return true
	case errors.Is(err, ErrThrottled), call.HTTPStatus != 501 && errors.Is(err, ErrUnavailable):
		return false
	case call.isPage():
		w.pages = pages + 1
		return w.pages >= maxPages
	case errors.Is(err, ErrBadAnswer):
		return false
	case call.HTTPStatus == 0:
		return !w.polled && (isHopeless(err) || errors.As(err, new(misuse)))
	}
	w.refused = refused + 1
	return w.refused >= maxRefusals
}

func (w *waiting) report(p Progress) {
	if w.progress != nil {
		p.Elapsed = time.Since(w.began)
		w.told[p.ID] = p
		w.progress(p)
	}
}

// reportFailed reports a look that failed, with what was seen before it.
func (w *waiting) reportFailed(ids []string, err error) {
	if err == nil {
		return
	}
	for _, id := range ids {
		p := w.told[id]
		p.ID, p.Err = id, err
		w.report(p)
	}
}

// job is a task or a restore as a wait sees it.
type job struct {
	id, host, state string
	percent         Percent
	rate            Rate
	files           int
}

// fate is what has become of a job: nil while it runs.
type fate func(state string, canceling bool) (ended bool, err error)

func taskFate(state string, canceling bool) (bool, error) {
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

func restoreFate(state string, canceling bool) (bool, error) {
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

// watched is what a wait knows of one job.
type watched[T any] struct {
	last      T // as it was last seen
	seen      bool
	host      string
	canceling bool
	missing   int // looks in a row without it
	since     time.Time
	percent   Percent // at since
	err       error
}

// jobs waits for tasks or restores.
type jobs[T any] struct {
	*waiting
	ids     []string // each once
	watched map[string]*watched[T]
	running map[string]bool
	listed  int // how long the region's list was

	list func(ctx context.Context, host string) iter.Seq2[T, error]
	view func(*T) job
	fate fate
}

func newJobs[T any](w *waiting, ids []string) *jobs[T] {
	j := &jobs[T]{waiting: w, watched: make(map[string]*watched[T]), running: make(map[string]bool)}
	for _, id := range ids {
		if !j.running[id] {
			j.ids = append(j.ids, id)
			j.watched[id] = &watched[T]{}
			j.running[id] = true
		}
	}
	return j
}

func (j *jobs[T]) pending() []string {
	var ids []string
	for _, id := range j.ids {
		if j.running[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// wait looks until every job has ended.
func (j *jobs[T]) wait(ctx context.Context) error {
	if len(j.running) == 0 {
		return nil
	}
	return j.until(ctx, j.pending, func(ctx context.Context) (bool, error) {
		found, err := j.look(ctx)
		if err != nil {
			return false, err // half a list tells nothing: its end may say that it is none
		}
		for _, id := range j.pending() {
			if item, ok := found[id]; ok {
				j.update(id, item)
			} else {
				j.miss(id)
			}
		}
		return len(j.running) == 0, nil
	})
}

// look lists the jobs of the region, or of their hosts alone where that is far less.
func (j *jobs[T]) look(ctx context.Context) (map[string]T, error) {
	found := make(map[string]T)
	hosts := j.hosts()
	count := 0
	for _, host := range hosts {
		for item, err := range j.list(ctx, host) {
			if err != nil {
				return nil, err
			}
			count++
			if id := j.view(&item).id; j.running[id] {
				found[id] = item
			}
		}
	}
	if len(hosts) == 1 && hosts[0] == "" {
		j.listed = count
	}
	return found, nil
}

// hosts are the hosts whose jobs are listed; one empty name is the whole region.
func (j *jobs[T]) hosts() []string {
	const far, few = 100, 3
	if j.listed < far*len(j.running) {
		return []string{""}
	}
	seen := make(map[string]bool)
	var hosts []string
	for _, id := range j.pending() {
		w := j.watched[id]
		if w.host == "" {
			return []string{""}
		}
		if !seen[w.host] {
			seen[w.host] = true
			hosts = append(hosts, w.host)
		}
	}
	if len(hosts) > few {
		return []string{""}
	}
	return hosts
}

// update takes in a job as it was just listed.
func (j *jobs[T]) update(id string, item T) {
	w, now, view := j.watched[id], time.Now(), j.view(&item)
	if !w.seen {
		w.since, w.percent = now, view.percent
	}
	w.last, w.seen, w.missing, w.host = item, true, 0, view.host
	if strings.HasSuffix(view.state, "Canceling") {
		w.canceling = true
	}
	p := Progress{ID: id, State: view.state, Percent: view.percent, Rate: view.rate, Files: view.files}
	if gained := view.percent - w.percent; gained > 0 && view.percent < 100 {
		if left := float64(now.Sub(w.since)) * float64((100-view.percent)/gained); left < math.MaxInt64 {
			p.Remaining = time.Duration(left)
		}
	}
	j.report(p)
	if ended, err := j.fate(view.state, w.canceling); ended {
		w.err = err
		delete(j.running, id)
	}
}

// miss takes in that a job was not listed.
func (j *jobs[T]) miss(id string) {
	w := j.watched[id]
	w.missing++
	w.host = "" // the next look is at the whole region, should this one have looked at the host alone
	j.report(Progress{ID: id})
	if w.missing < j.missing {
		return
	}
	switch {
	case w.canceling:
		w.err = ErrCanceled
	case w.seen:
		w.err = ErrVanished
	default:
		w.err = errNeverListed
	}
	delete(j.running, id)
}

// Wait waits until a task has completed, and returns it. A task that failed, was
// canceled or vanished is a *TaskError, which holds it and matches ErrFailed,
// ErrCanceled or ErrVanished. A wait that ends before the task does is a
// *WaitError. Looks that fail in passing are survived. It is enough to know the
// ID: a wait can be begun by another process than the task.
func (s Tasks) Wait(ctx context.Context, id string, opts ...WaitOption) (*Task, error) {
	tasks, err := s.WaitAll(ctx, []string{id}, opts...)
	if err != nil {
		return nil, err
	}
	return &tasks[0], nil
}

// WaitAll waits until every one of some tasks of a region and kind of host has
// ended, and returns them in the order of ids; where there are none, at once. The
// error joins a *TaskError for every task that did not complete: one alone is itself,
// several are behind Unwrap() []error. The tasks as they were last seen come with it.
// It asks once a look, however many tasks are waited for; only where the region's
// list is a hundred times as long as theirs does it ask for their hosts, up to three.
func (s Tasks) WaitAll(ctx context.Context, ids []string, opts ...WaitOption) ([]Task, error) {
	if err := checkIDs(taskList.name(), "backupTaskID", ids...); err != nil {
		return nil, err
	}
	j := newJobs[Task](newWaiting(s.client, opts), ids)
	j.fate = taskFate
	j.view = func(t *Task) job {
		return job{t.ID, t.HostID, string(t.Status), t.Percent, t.Rate, t.FileCount}
	}
	j.list = func(ctx context.Context, host string) iter.Seq2[Task, error] {
		return s.All(ctx, &ListTasksRequest{RegionID: j.region, SourceType: j.source, HostID: host})
	}
	for id, w := range j.watched {
		w.last.ID = id
	}
	failures := []error{j.wait(ctx)}
	for _, id := range j.ids {
		if w := j.watched[id]; w.err != nil {
			failures = append(failures, &TaskError{Task: w.last, Err: w.err})
		}
	}
	tasks := make([]Task, len(ids))
	for i, id := range ids {
		tasks[i] = j.watched[id].last
	}
	return tasks, join(failures...)
}

// Wait waits until a restore has completed, and returns it. Its errors are those of
// Tasks.Wait, with a *RestoreError for a *TaskError.
func (s Restores) Wait(ctx context.Context, id string, opts ...WaitOption) (*Restore, error) {
	if err := checkIDs(restoreList.name(), "backupRestoreID", id); err != nil {
		return nil, err
	}
	j := newJobs[Restore](newWaiting(s.client, opts), []string{id})
	j.fate = restoreFate
	j.view = func(r *Restore) job {
		return job{id: r.ID, host: r.HostID, state: string(r.Status), percent: r.Percent, files: r.FileCount}
	}
	j.list = func(ctx context.Context, _ string) iter.Seq2[Restore, error] {
		return s.All(ctx, &ListRestoresRequest{RegionID: j.region, SourceType: j.source, ID: id})
	}
	w := j.watched[id]
	w.last.ID = id
	if err := j.wait(ctx); err != nil {
		return nil, err
	}
	if w.err != nil {
		return nil, &RestoreError{Restore: w.last, Err: w.err}
	}
	return &w.last, nil
}

// WaitActivated waits until the agent of a host is active, and returns it. A state
// that ends in Fail or Failed is an error that matches ErrFailed; all others are
// waited on, since the service documents none. A host that has no agent in three
// looks in a row is an error that matches ErrVanished. A wait that ends before the
// agent is active is a *WaitError.
func (s Agents) WaitActivated(ctx context.Context, hostID string, opts ...WaitOption) (*Agent, error) {
	if err := checkIDs("client-by-instance-backup", "backupSrcInstanceID", hostID); err != nil {
		return nil, err
	}
	w := newWaiting(s.client, opts)
	var agent *Agent
	missing, gone := 0, error(errNoAgent)
	err := w.until(ctx, func() []string { return []string{hostID} }, func(ctx context.Context) (bool, error) {
		found, err := s.ListByHost(ctx, &ListAgentsByHostRequest{RegionID: w.region, HostIDs: hostID, PageSize: 50})
		if err != nil {
			return false, err
		}
		agent = agentOf(hostID, found.Agents)
		if agent == nil {
			missing++
			w.report(Progress{ID: hostID})
			if missing < w.missing {
				return false, nil
			}
			return true, fmt.Errorf("ctcbr: agent of host %s %w", hostID, gone)
		}
		missing, gone = 0, ErrVanished
		w.report(Progress{ID: hostID, State: string(agent.Status)})
		if status := string(agent.Status); strings.HasSuffix(status, "Fail") || strings.HasSuffix(status, "Failed") {
			return true, fmt.Errorf("ctcbr: agent of host %s %w: %s", hostID, ErrFailed, oneLine(strings.TrimSpace(status+" "+agent.StatusDesc)))
		}
		return agent.Status == AgentActivated, nil
	})
	if err != nil {
		return nil, err
	}
	return agent, nil
}

// agentOf finds the agent of a host, an active one if it has several.
func agentOf(hostID string, agents []Agent) (found *Agent) {
	for i := range agents {
		if a := &agents[i]; a.HostID == hostID && (found == nil || a.Status == AgentActivated) {
			found = a
		}
	}
	return found
}
