package ctcbr

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Errors of waits to match with errors.Is. Those of calls can match, too.
var (
	// ErrFailed means that the task, restore, agent or order that was waited for failed.
	ErrFailed = errors.New("failed")
	// ErrCanceled means that the task or restore that was waited for was canceled. It is not
	// [context.Canceled], which is about the wait.
	ErrCanceled = errors.New("was canceled")
	// ErrVanished means that what was waited for is no longer listed, or never was.
	ErrVanished = errors.New("vanished")
	// ErrWaitTooLong means that the wait took longer than 24 hours, or than [WaitAtMost] allows.
	ErrWaitTooLong = errors.New("waited too long")
)

// Progress is the progress of one task, restore, order, agent or plan.
type Progress struct {
	// ID is the ID of the task, restore or order. For an agent or a plan, it is the ID of the host.
	ID string
	// State is a [TaskStatus], [RestoreStatus], [OrderStatus], [AgentStatus] or [PlanStatus]. It is empty
	// while the service does not list the item: not yet, or no longer.
	State string
	// Percent is 0 if the service reports no progress.
	Percent Percent
	Rate    Rate
	// Files is the number of files done.
	Files int
	// Elapsed is the time since the wait began.
	Elapsed time.Duration
	// Remaining is an estimate from the progress so far. It is zero if there is none.
	Remaining time.Duration
	// Err is the error of the poll, if it failed. The other fields are then those of the last poll that
	// succeeded.
	Err error
}

// WaitOption is an option of a wait: how often it polls, for how long, and where.
type WaitOption func(*waiting)

// WaitInterval sets the time between two polls. It starts at first and grows by half each time, up to
// longest. The defaults are 2 seconds and 1 minute; zero means the default. If the service asks for a
// longer pause with Retry-After, the wait respects it, up to 5 minutes.
func WaitInterval(first, longest time.Duration) WaitOption {
	return func(w *waiting) { w.interval, w.longest = first, longest }
}

// WaitAtMost sets how long a wait may take. The default is 24 hours; zero means the default. The
// context may end the wait earlier.
func WaitAtMost(d time.Duration) WaitOption {
	return func(w *waiting) { w.atMost = d }
}

// WaitProgress calls f for every item that is waited for, after every poll. After a poll that
// failed, Err of [Progress] is set. The calls come from the goroutine that waits.
func WaitProgress(f func(Progress)) WaitOption {
	return func(w *waiting) { w.progress = f }
}

// WaitSource sets the kind of host whose tasks or restores are waited for. The default is [SourceECS]:
// each kind is listed separately.
func WaitSource(s SourceType) WaitOption {
	return func(w *waiting) { w.source = s }
}

// WaitRegion sets the ID of the region. The default is the client's.
func WaitRegion(id string) WaitOption {
	return func(w *waiting) { w.region = id }
}

// WaitMissing sets how many polls in a row must miss something that was listed before, until it
// counts as vanished. The default is 3; zero means the default.
func WaitMissing(polls int) WaitOption {
	return func(w *waiting) { w.missing = polls }
}

// WaitListed sets how long a task, restore, agent or order may be missing from the list at the
// start of a wait before it counts as missing. The service may be slow to list what was just
// created. The default is 5 minutes; zero means the default. A nanosecond allows one poll only.
// It also applies to the changes of [Agents.Ensure], [Plans.Ensure] and [Plans.EnsureAll].
func WaitListed(d time.Duration) WaitOption {
	return func(w *waiting) { w.unlisted = d }
}

// within returns the caller's options after those for a region and a kind of host.
func within(region string, source SourceType, opts []WaitOption) []WaitOption {
	return append([]WaitOption{WaitRegion(region), WaitSource(source)}, opts...)
}

// WaitError means that a wait ended too early. The task, restore, agent or order goes on at the
// service: wait again with the IDs in Pending, from another process if need be.
type WaitError struct {
	// Pending are the IDs of what had not ended.
	Pending []string
	// Last is the error of the last poll, if it failed. A poll that the end of the wait interrupted does
	// not count.
	Last error
	// Err is why the wait ended: the context's error, [ErrClosed], [ErrWaitTooLong], or the error of a
	// poll that would not succeed later either.
	Err error
}

// Error names what had not ended in one line.
func (e *WaitError) Error() string {
	const most = 5
	pending := strings.Join(e.Pending[:min(most, len(e.Pending))], ", ")
	if more := len(e.Pending) - most; more > 0 {
		pending += fmt.Sprintf(" and %d more", more)
	}
	text := fmt.Sprintf("ctcbr: stopped waiting for %s: %s", pending, withoutPrefix(e.Err))
	if e.Last != nil {
		text += fmt.Sprintf(" (the last poll failed: %s)", withoutPrefix(e.Last))
	}
	return oneLine(text)
}

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// part describes a thing by its name and ID, as far as they are known, for use in a text.
func part(before, name, id string) string {
	switch {
	case name == "" && id == "":
		return ""
	case name == "" || id == "":
		return before + name + id
	}
	return before + name + " (" + id + ")"
}

// endedBadly returns the text of a task or restore that did not complete.
func endedBadly(what string, err error, message string) string {
	text := fmt.Sprintf("ctcbr: %s %s", what, err)
	if message != "" && errors.Is(err, ErrFailed) {
		text += ": " + message
	}
	return oneLine(text)
}

// The special cases of ErrVanished, which say what to check.
var (
	errNeverListed = &special{"was never listed: check its ID, WaitRegion and WaitSource", ErrVanished}
	errNotAnyMore  = &special{"vanished: it was listed and is not any more; see in the console what became of it", ErrVanished}
)

// waiting is one wait: its options and the record of its polls.
type waiting struct {
	interval, longest, atMost time.Duration
	progress                  func(Progress)
	source                    SourceType
	region                    string
	missing                   int
	unlisted                  time.Duration
	unsubscribing             bool

	client   *Client
	began    time.Time
	last     map[string]Progress // the last report, by ID
	reported map[string]bool     // the IDs reported in the current poll
	polled   bool                // a poll has succeeded
	refused  int                 // consecutive polls that the service refused
	pages    int                 // consecutive polls that got a page of a proxy
}

func newWaiting(c *Client, opts []WaitOption) *waiting {
	w := &waiting{client: c, began: time.Now(), last: make(map[string]Progress), reported: make(map[string]bool)}
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

// checkIDs checks the IDs that are parameters of a wait. Of several, the error says which is invalid.
func checkIDs(op, parameter, field string, ids ...string) error {
	v := &validation{op: op}
	for i, id := range ids {
		if len(ids) == 1 {
			v.argument(parameter, field, id)
		} else {
			v.argument(fmt.Sprintf("%ss[%d]", parameter, i), fmt.Sprintf("%s[%d]", field, i), id)
		}
	}
	return v.err()
}

// until polls at growing intervals until poll returns true. pending returns the IDs that are still
// waited for.
func (w *waiting) until(ctx context.Context, pending func() []string, poll func(context.Context) (done bool, err error)) error {
	if ctx == nil {
		return &WaitError{Pending: pending(), Err: errors.New("nil context")}
	}
	if w.client.isMade() {
		var l lifetime // closing the client also ends the pause between two polls
		w.client.engine.lifetimes.begin(ctx, &l)
		defer w.client.engine.lifetimes.end(&l)
		ctx = l.ctx
	}
	over := &special{fmt.Sprintf("waited too long (%s): wait again, or set WaitAtMost", w.atMost), errors.Join(ErrWaitTooLong, context.DeadlineExceeded)}
	ctx, cancel := context.WithTimeoutCause(ctx, w.atMost, over)
	defer cancel()
	var last error
	for interval := w.interval; ; interval = w.grown(interval) {
		clear(w.reported)
		done, err := poll(ctx)
		if done {
			return err
		}
		if !isCutOff(ctx, err) {
			last = err
			w.reportFailed(pending(), err)
		}
		if ctx.Err() == nil {
			if why := w.final(err); why != nil {
				return &WaitError{Pending: pending(), Err: why}
			}
		}
		if !sleep(ctx, max(interval, askedPause(err))) {
			return &WaitError{Pending: pending(), Last: last, Err: causeOf(ctx)}
		}
	}
}

// grown returns the interval after another one: longer by half, and by at least a nanosecond.
func (w *waiting) grown(interval time.Duration) time.Duration {
	return min(interval+max(interval/2, 1), w.longest)
}

// maxPause is the longest Retry-After that a wait respects between two polls.
const maxPause = 5 * time.Minute

// askedPause returns the Retry-After of a failed poll, up to maxPause.
func askedPause(err error) time.Duration {
	var failed *Error
	if !errors.As(err, &failed) {
		return 0
	}
	return min(failed.retryAfter, maxPause)
}

// maxRefusals and maxPages are the numbers of consecutive polls that end a wait if the service refuses
// them, or if somebody else responds with a page. Both can be temporary: a service restarts, a proxy
// loses its route.
const (
	maxRefusals = 3
	maxPages    = 10
)

// final counts a poll that ended with err. It returns why the wait ends now, or nil.
func (w *waiting) final(err error) error {
	refused, pages := w.refused, w.pages
	w.refused, w.pages = 0, 0
	var failed *Error
	switch {
	case err == nil:
		w.polled = true
		return nil
	case !errors.As(err, &failed), failed.endsWaits(), !w.polled && failed.hopeless():
		return err
	case failed.passes():
		return nil
	case failed.isPage():
		if w.pages = pages + 1; w.pages >= maxPages {
			return fmt.Errorf("%w, %d times in a row: %w", ErrBadAnswer, w.pages, inline(err))
		}
		return nil
	}
	if w.refused = refused + 1; w.refused >= maxRefusals {
		return fmt.Errorf("refused %d times in a row: %w", w.refused, inline(err))
	}
	return nil
}

// endsWaits reports whether every later poll would fail in the same way.
func (e *Error) endsWaits() bool {
	for _, final := range []error{ErrUnauthorized, ErrRegion, ErrRedirect, ErrClosed, ErrNoCredentials} {
		if errors.Is(e, final) {
			return true
		}
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(e, &certificate) || e.HTTPStatus == http.StatusProxyAuthRequired || wantsProxyPassword(e.Err)
}

// hopeless reports whether the failure is final as long as no poll has succeeded. A host name that was
// resolved once may be resolved again.
func (e *Error) hopeless() bool {
	return e.HTTPStatus == 0 && (isHopeless(e) || errors.As(e, new(misuse)))
}

// passes reports whether the failure is temporary, however often it occurs: silence, a broken
// connection, a truncated or garbled response, a service that is down or throttles.
func (e *Error) passes() bool {
	switch {
	case e.HTTPStatus == 0, errors.Is(e, errSilence), errors.Is(e, ErrThrottled):
		return true
	case errors.Is(e, ErrUnavailable):
		return e.HTTPStatus != http.StatusNotImplemented
	}
	return errors.Is(e, ErrBadAnswer) && !e.isPage()
}

// patient reports whether something missing may still be listed: it was listed before and only a few
// consecutive polls missed it, or it was never listed and the time of WaitListed is not over.
func (w *waiting) patient(seen bool, missed int) bool {
	if seen {
		return missed < w.missing
	}
	return !w.late()
}

// late reports whether the time of WaitListed is over. A nanosecond is over after the first poll, even
// if that took no measurable time.
func (w *waiting) late() bool { return w.lateSince(w.began) }

// lateSince reports the same for something that was sent at a later time.
func (w *waiting) lateSince(sent time.Time) bool {
	return time.Since(sent) >= w.unlisted-time.Nanosecond
}

func (w *waiting) report(p Progress) {
	if w.progress != nil {
		p.Elapsed = time.Since(w.began)
		w.last[p.ID], w.reported[p.ID] = p, true
		w.progress(p)
	}
}

// reportFailed reports a failed poll, with the last known progress.
func (w *waiting) reportFailed(ids []string, err error) {
	if err == nil {
		return
	}
	for _, id := range ids {
		if !w.reported[id] {
			p := w.last[id]
			p.ID, p.Err = id, err
			w.report(p)
		}
	}
}

// job is a task or a restore as a wait sees it.
type job struct {
	id, host, state string
	percent         Percent
	rate            Rate
	files           int
}

// jobKind is what differs between tasks and restores.
type jobKind[T any] struct {
	view func(*T) job
	// ended reports whether a state is final, with an error if it is a failure.
	ended func(state string, canceling bool) (bool, error)
	// list reads the jobs of the region, or only those that match a filter.
	list func(ctx context.Context, filter string, begin func(), take func(T)) error
	// filters returns filters that find the pending jobs at less cost than the list of the region, or
	// none if there are no such filters.
	filters func() []string
}

// jobState is what a wait knows of one job.
type jobState[T any] struct {
	last       T // as last listed
	seen       bool
	host       string
	canceling  bool
	missed     int  // consecutive polls without it
	unfiltered bool // a filter did not find it
	since      time.Time
	percent    Percent // at the time since
	err        error
}

// jobs waits for tasks or restores.
type jobs[T any] struct {
	*waiting
	jobKind[T]
	ids     []string // without duplicates
	states  map[string]*jobState[T]
	running map[string]bool
	listed  int // length of the last list of the region
}

func newJobs[T any](w *waiting, ids []string) *jobs[T] {
	j := &jobs[T]{waiting: w, states: make(map[string]*jobState[T]), running: make(map[string]bool)}
	for _, id := range ids {
		if !j.running[id] {
			j.ids = append(j.ids, id)
			j.states[id] = &jobState[T]{}
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

// wait polls until every job has ended.
func (j *jobs[T]) wait(ctx context.Context) error {
	if len(j.running) == 0 {
		return nil
	}
	return j.until(ctx, j.pending, j.poll)
}

// poll lists the pending jobs and records the state of each. A job that an incomplete list does not
// contain is not missing.
func (j *jobs[T]) poll(ctx context.Context) (done bool, err error) {
	found, err := j.read(ctx)
	incomplete, notFound := errors.Is(err, ErrIncomplete), errors.Is(err, ErrNotFound)
	if err != nil && !incomplete && !notFound {
		return false, err // the status may follow the list, so half a response means nothing
	}
	for _, id := range j.pending() {
		if item, listed := found[id]; listed {
			j.update(id, item)
		} else if !incomplete {
			j.miss(id, err)
		}
	}
	if len(j.running) == 0 || notFound {
		return len(j.running) == 0, nil
	}
	return false, err
}

// read lists the pending jobs: first with filters, if there are any, then without, if the filters did
// not find all of them. What the service's filters find is not documented.
func (j *jobs[T]) read(ctx context.Context) (map[string]T, error) {
	found := make(map[string]T)
	if filters := j.filters(); len(filters) > 0 {
		for _, filter := range filters {
			_, err := j.search(ctx, filter, found)
			if err != nil && !errors.Is(err, ErrIncomplete) && !errors.Is(err, ErrNotFound) {
				return nil, err
			}
		}
		if !j.lacks(found) {
			return found, nil
		}
	}
	count, err := j.search(ctx, "", found)
	if err == nil {
		j.listed = count
	}
	return found, err
}

// lacks reports whether the filters did not find a pending job, and excludes such jobs from filters.
func (j *jobs[T]) lacks(found map[string]T) (lacks bool) {
	for id := range j.running {
		if _, listed := found[id]; !listed {
			lacks = true
			j.states[id].unfiltered = true
		}
	}
	return lacks
}

// search reads one list and adds the pending jobs on it to found. It returns the length of the list.
func (j *jobs[T]) search(ctx context.Context, filter string, found map[string]T) (count int, err error) {
	var came []T
	begin := func() { count, came = 0, nil }
	err = j.list(ctx, filter, begin, func(item T) {
		count++
		if j.running[j.view(&item).id] {
			came = append(came, item)
		}
	})
	for _, item := range came {
		view := j.view(&item)
		// A job that is listed twice has completed if both entries say so.
		ended, problem := j.ended(view.state, false)
		if _, before := found[view.id]; !before || !ended || problem != nil {
			found[view.id] = item
		}
	}
	return count, err
}

// update records the listed state of a job.
func (j *jobs[T]) update(id string, item T) {
	s, now, view := j.states[id], time.Now(), j.view(&item)
	if !s.seen {
		s.since, s.percent, s.unfiltered = now, view.percent, false
	}
	s.last, s.seen, s.missed, s.host = item, true, 0, view.host
	if strings.HasSuffix(view.state, "Canceling") {
		s.canceling = true
	}
	j.report(Progress{ID: id, State: view.state, Percent: view.percent, Rate: view.rate, Files: view.files, Remaining: s.remaining(view.percent, now)})
	if ended, err := j.ended(view.state, s.canceling); ended {
		j.end(id, err)
	}
}

// remaining estimates how long a job still takes, from its progress since it was first listed.
func (s *jobState[T]) remaining(percent Percent, now time.Time) time.Duration {
	gained := percent - s.percent
	if gained <= 0 || percent >= 100 {
		return 0
	}
	left := float64(now.Sub(s.since)) * float64((100-percent)/gained)
	if left >= math.MaxInt64 {
		return 0
	}
	return time.Duration(left)
}

// miss records that a job is not listed, or, with a refusal, that the service did not find it.
func (j *jobs[T]) miss(id string, refusal error) {
	s := j.states[id]
	s.missed++
	j.report(Progress{ID: id})
	if j.patient(s.seen, s.missed) {
		return
	}
	var err error = errNeverListed
	switch {
	case s.canceling:
		err = ErrCanceled
	case s.seen:
		err = errNotAnyMore
	}
	if refusal != nil {
		err = fmt.Errorf("%w (%w)", err, inline(refusal))
	}
	j.end(id, err)
}

func (j *jobs[T]) end(id string, err error) {
	j.states[id].err = err
	delete(j.running, id)
}

// hosts returns the hosts of the pending jobs, if listing those is far cheaper than listing the region.
func (j *jobs[T]) hosts() []string {
	const far, few = 100, 3
	if j.listed < far*len(j.running) {
		return nil
	}
	var hosts []string
	for _, id := range j.pending() {
		s := j.states[id]
		if !slices.Contains(hosts, s.host) {
			hosts = append(hosts, s.host)
		}
		if s.host == "" || s.unfiltered || len(hosts) > few {
			return nil
		}
	}
	return hosts
}
