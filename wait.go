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

// What the error of a wait can be matched with besides the sentinels of calls.
var (
	// ErrFailed says that what was waited for ended in failure.
	ErrFailed = errors.New("failed")
	// ErrCanceled says that what was waited for was canceled. It is not context.Canceled.
	ErrCanceled = errors.New("was canceled")
	// ErrVanished says that what was waited for is no longer listed, or never was.
	ErrVanished = errors.New("vanished")
	// ErrWaitTooLong says that the longest time of a wait has passed: 24 hours, or that of WaitAtMost.
	ErrWaitTooLong = errors.New("waited too long")
)

// Progress is how far something that is waited for has come.
type Progress struct {
	// ID is what is waited for: a task, restore or order, or the host of an agent.
	ID string
	// State is its state as it came: a TaskStatus, RestoreStatus, OrderStatus or AgentStatus. It is
	// empty while the service does not list it: not yet, or not any more.
	State string
	// Percent is 0 for what tells no progress.
	Percent Percent
	Rate    Rate
	// Files counts the files done.
	Files int
	// Elapsed is the time since the wait began.
	Elapsed time.Duration
	// Remaining is estimated from the progress so far, and zero where none can be.
	Remaining time.Duration
	// Err is why the poll failed, and nil after one that did not. The other fields then are those of
	// the last poll that succeeded.
	Err error
}

// WaitOption is an option of a wait: how often it polls, for how long, and where.
type WaitOption func(*waiting)

// WaitInterval sets the time between two polls: it begins with first and grows by half up to
// longest. 2 seconds and 1 minute by default, for which zero stands. Where the service asks for a
// longer pause by Retry-After, the wait keeps it, up to 5 minutes.
func WaitInterval(first, longest time.Duration) WaitOption {
	return func(w *waiting) { w.interval, w.longest = first, longest }
}

// WaitAtMost sets how long a wait may take: 24 hours by default, for which zero stands. The context
// may end it earlier.
func WaitAtMost(d time.Duration) WaitOption {
	return func(w *waiting) { w.atMost = d }
}

// WaitProgress calls f after every poll, also after one that failed (Progress.Err), for each thing
// that is waited for, in the goroutine that waits.
func WaitProgress(f func(Progress)) WaitOption {
	return func(w *waiting) { w.progress = f }
}

// WaitSource sets the kind of host whose tasks or restores are waited for, SourceECS by default: the
// others are listed apart.
func WaitSource(s SourceType) WaitOption {
	return func(w *waiting) { w.source = s }
}

// WaitRegion sets the region; the client's by default.
func WaitRegion(id string) WaitOption {
	return func(w *waiting) { w.region = id }
}

// WaitMissing sets in how many polls in a row something that was listed before must be missing to
// count as vanished: 3 by default, for which zero stands.
func WaitMissing(polls int) WaitOption {
	return func(w *waiting) { w.missing = polls }
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

// WaitError is a wait that ended before what it waited for. That goes on all the same: the wait can
// be begun again with the same IDs, also by another process.
type WaitError struct {
	// Pending are the IDs that were still waited for.
	Pending []string
	// Last is the error of the last poll, if that failed. A poll that the end of the wait cut off does
	// not count.
	Last error
	// Err is why the wait ended: the context's error, ErrClosed, ErrWaitTooLong, or polls that failed
	// in a way that waiting does not heal.
	Err error
}

// Error names what was still running in one line.
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

// withoutPrefix is the text of an error that becomes part of another one.
func withoutPrefix(err error) string { return strings.TrimPrefix(fmt.Sprint(err), "ctcbr: ") }

// inline is an error for the text of another one.
func inline(err error) error { return &special{withoutPrefix(err), err} }

// Unwrap returns why the wait ended.
func (e *WaitError) Unwrap() error { return e.Err }

// part is what a text says of a thing by its name and its ID, as far as they are known.
func part(before, name, id string) string {
	switch {
	case name == "" && id == "":
		return ""
	case name == "" || id == "":
		return before + name + id
	}
	return before + name + " (" + id + ")"
}

// endedBadly is the text of a task or restore that did not complete.
func endedBadly(what string, err error, message string) string {
	text := fmt.Sprintf("ctcbr: %s %s", what, err)
	if message != "" && errors.Is(err, ErrFailed) {
		text += ": " + message
	}
	return oneLine(text)
}

// The ways of ErrVanished say what to check.
var (
	errNeverListed = &special{"was never listed: check its ID, WaitRegion and WaitSource", ErrVanished}
	errNotAnyMore  = &special{"vanished: it was listed and is not any more; see in the console what became of it", ErrVanished}
)

// waiting is one wait: its options, and what its polls have met so far.
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
	last     map[string]Progress // what was reported last, by ID
	reported map[string]bool     // what was reported since the last poll began
	polled   bool                // a poll has succeeded
	refused  int                 // polls in a row that the service refused
	pages    int                 // polls in a row that were answered by a page
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

// checkIDs refuses to wait for what has no ID, and says which of several that is.
func checkIDs(name, field string, ids ...string) error {
	check := &validation{operation: operation{path: name}}
	for i, id := range ids {
		if len(ids) > 1 {
			check.argument(fmt.Sprintf("ids[%d]", i), fmt.Sprintf("%s[%d]", field, i), id)
		} else {
			check.argument("id", field, id)
		}
	}
	return check.err()
}

// until polls at growing intervals until poll says that it is done. pending names what is still
// waited for.
func (w *waiting) until(ctx context.Context, pending func() []string, poll func(context.Context) (done bool, err error)) error {
	if ctx == nil {
		return &WaitError{Pending: pending(), Err: errors.New("nil context")}
	}
	if w.client.isMade() {
		var l lifetime // so that closing the client ends the pause between two polls, too
		w.client.engine.lifetimes.begin(ctx, &l)
		defer w.client.engine.lifetimes.end(&l)
		ctx = l.ctx
	}
	over := &special{fmt.Sprintf("waited too long, %s: wait again, or set WaitAtMost", w.atMost), ErrWaitTooLong}
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

// grown is the interval that follows another: half as long again, and longer also where half of it
// is nothing.
func (w *waiting) grown(interval time.Duration) time.Duration {
	return min(interval+max(interval/2, 1), w.longest)
}

// maxPause is the longest Retry-After that is kept between two polls.
const maxPause = 5 * time.Minute

// askedPause is how long the service wants to be left alone after a poll that failed.
func askedPause(err error) time.Duration {
	var failed *Error
	if !errors.As(err, &failed) {
		return 0
	}
	return min(failed.retryAfter, maxPause)
}

// maxRefusals and maxPages are how many polls in a row the service may refuse, or somebody in its
// place may answer with a page, before the wait ends. Either may pass: a service restarts, a proxy
// loses its way.
const (
	maxRefusals = 3
	maxPages    = 10
)

// final takes in how a poll ended, and returns why the wait ends with it, or nil.
func (w *waiting) final(err error) error {
	refused, pages := w.refused, w.pages
	w.refused, w.pages = 0, 0
	var failed *Error
	switch {
	case err == nil, errors.Is(err, ErrIncomplete):
		w.polled = true
		return nil
	case !errors.As(err, &failed), failed.endsWaits(), !w.polled && failed.hopeless():
		return err
	case failed.passes():
		return nil
	case failed.isPage():
		if w.pages = pages + 1; w.pages >= maxPages {
			return fmt.Errorf("%w, %d times in a row: check the endpoint and the proxies on the way to it: %w", ErrBadAnswer, w.pages, inline(err))
		}
		return nil
	}
	if w.refused = refused + 1; w.refused >= maxRefusals {
		return fmt.Errorf("refused %d times in a row: %w", w.refused, inline(err))
	}
	return nil
}

// endsWaits reports whether no later poll can succeed where this one failed.
func (e *Error) endsWaits() bool {
	for _, final := range []error{ErrUnauthorized, ErrRegion, ErrRedirect, ErrClosed, ErrNoCredentials} {
		if errors.Is(e, final) {
			return true
		}
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(e, &certificate) || e.HTTPStatus == http.StatusProxyAuthRequired
}

// hopeless reports whether the call failed in a way that is final until a poll has succeeded: a
// name that resolved once may do so again.
func (e *Error) hopeless() bool {
	return e.HTTPStatus == 0 && (isHopeless(e) || errors.As(e, new(misuse)))
}

// passes reports whether a failure may pass however often it comes: silence, a connection that
// broke, an answer that was cut or garbled, and a service that is down or throttles.
func (e *Error) passes() bool {
	switch {
	case e.HTTPStatus == 0, errors.Is(e, errSilence), errors.Is(e, ErrThrottled):
		return true
	case errors.Is(e, ErrUnavailable):
		return e.HTTPStatus != http.StatusNotImplemented
	}
	return errors.Is(e, ErrBadAnswer) && !e.isPage()
}

// patient reports whether something may yet be listed: it was listed before and is missing in few
// polls in a row, or was never listed and the patience for its first sight is not over.
func (w *waiting) patient(seen bool, missed int) bool {
	if seen {
		return missed < w.missing
	}
	return !w.late()
}

// late reports whether the patience for the first sight is over. That of a nanosecond is over with
// the first poll, however fast that was.
func (w *waiting) late() bool { return time.Since(w.began) >= w.unlisted-time.Nanosecond }

func (w *waiting) report(p Progress) {
	if w.progress != nil {
		p.Elapsed = time.Since(w.began)
		w.last[p.ID], w.reported[p.ID] = p, true
		w.progress(p)
	}
}

// reportFailed reports a poll that failed, with what was seen before it.
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

// jobKind is what tells tasks and restores apart.
type jobKind[T any] struct {
	view func(*T) job
	// ended says whether a state is final, and whether it is a failure.
	ended func(state string, canceling bool) (bool, error)
	// list reads the jobs of the region, or only those that a filter finds.
	list func(ctx context.Context, filter string, begin func(), take func(T)) error
	// filters are how the pending jobs can be listed at less cost than those of the region; none
	// where they cannot.
	filters func() []string
}

// jobState is what a wait knows of one job.
type jobState[T any] struct {
	last       T // as it was listed last
	seen       bool
	host       string
	canceling  bool
	missed     int  // polls in a row without it
	unfiltered bool // a filter has not found it
	since      time.Time
	percent    Percent // at since
	err        error
}

// jobs waits for tasks or restores.
type jobs[T any] struct {
	*waiting
	jobKind[T]
	ids     []string // each once
	states  map[string]*jobState[T]
	running map[string]bool
	listed  int // jobs of the region when it was listed last
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

// poll lists the pending jobs and takes in how each is doing. What an incomplete list lacks is not
// missing.
func (j *jobs[T]) poll(ctx context.Context) (done bool, err error) {
	found, err := j.read(ctx)
	incomplete, notFound := errors.Is(err, ErrIncomplete), errors.Is(err, ErrNotFound)
	if err != nil && !incomplete && !notFound {
		return false, err // half a list tells nothing: its end may say that it is none
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

// read lists the pending jobs: by filters where there are any, and those of the region for what the
// filters have not found, since the service does not promise what they find.
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

// lacks reports whether a pending job was not found by filters. It is not looked for by them again.
func (j *jobs[T]) lacks(found map[string]T) (lacks bool) {
	for id := range j.running {
		if _, listed := found[id]; !listed {
			lacks = true
			j.states[id].unfiltered = true
		}
	}
	return lacks
}

// search reads one list and adds its pending jobs to what was found. It returns how many jobs came.
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
		// One that is listed twice has completed if both say so.
		ended, problem := j.ended(view.state, false)
		if _, before := found[view.id]; !before || !ended || problem != nil {
			found[view.id] = item
		}
	}
	return count, err
}

// update takes in a job as it was just listed.
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

// remaining estimates how long a job still takes from what it has gained since it was first seen.
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

// miss takes in that a job is not listed, or that the service says that it is not found.
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

// hosts are the hosts of the pending jobs, where their lists are far shorter than the region's.
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
