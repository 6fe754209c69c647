package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// question is what the report is about.
type question struct {
	now    time.Time
	maxAge time.Duration
	days   int
	source ctcbr.SourceType
}

// report is the answer.
type report struct {
	Now         time.Time // Beijing time, as all times of the service are
	MaxAge      time.Duration
	Days        int
	Gaps        []ctcbr.Gap
	Failures    []ctcbr.Task // within MaxAge, the latest first
	Hosts       []*host      // those with gaps first
	Unprotected int          // hosts with gaps
	Copies      int
	Bytes       int64
}

// host is a host and its copies.
type host struct {
	ID, Name string
	Gaps     []ctcbr.Gap
	Newest   time.Time
	Copies   int
	Bytes    int64
	Days     []day // the last one is today
}

// day is what was copied on one day.
type day struct {
	Start             time.Time
	Copies            int
	Full, Incremental int64 // bytes written
}

// ask reads hosts, plans and snapshots, each as they come.
func (q *question) ask(ctx context.Context, client *ctcbr.Client) (*report, error) {
	gaps, err := client.Gaps(ctx, &ctcbr.GapsRequest{SourceType: q.source, MaxAge: q.maxAge})
	if err != nil {
		return nil, err
	}
	r := &report{Now: ctcbr.NewTime(q.now).Time(), MaxAge: q.maxAge, Days: q.days, Gaps: gaps}
	hosts := make(map[string]*host)
	get := func(id, name string) *host {
		h := hosts[id]
		if h == nil {
			h = &host{ID: id, Days: q.calendar(r.Now)}
			hosts[id] = h
			r.Hosts = append(r.Hosts, h)
		}
		h.Name = cmp.Or(h.Name, name)
		return h
	}
	agents := &ctcbr.ListAgentsRequest{SourceType: q.source, NotOnlyInstalled: ctcbr.Ptr(true)}
	for agent, err := range client.Agents.All(ctx, agents) {
		if err != nil {
			return nil, err
		}
		get(agent.HostID, cmp.Or(agent.HostName, agent.Name))
	}
	for snapshot, err := range client.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{SourceType: q.source}) {
		if err != nil {
			return nil, err
		}
		if snapshot.Status == ctcbr.SnapshotAvailable || snapshot.Status == ctcbr.SnapshotRestoring {
			get(snapshot.HostID, snapshot.HostName).add(&snapshot)
		}
	}
	for _, gap := range gaps {
		h := get(gap.HostID, gap.HostName)
		h.Gaps = append(h.Gaps, gap)
	}
	if r.Failures, err = q.failures(ctx, client); err != nil {
		return nil, err
	}
	r.sum()
	return r, nil
}

// failures reads which tasks failed lately. One whose time cannot be read counts as
// late, so that it is not missed.
func (q *question) failures(ctx context.Context, client *ctcbr.Client) ([]ctcbr.Task, error) {
	var failed []ctcbr.Task
	for task, err := range client.Tasks.All(ctx, &ctcbr.ListTasksRequest{SourceType: q.source, Status: ctcbr.TaskFailed}) {
		if err != nil {
			return nil, err
		}
		at := ended(&task)
		if task.Status == ctcbr.TaskFailed && (at.IsZero() || q.now.Sub(at) <= q.maxAge) {
			failed = append(failed, task)
		}
	}
	slices.SortStableFunc(failed, func(a, b ctcbr.Task) int { return ended(&b).Compare(ended(&a)) })
	return failed, nil
}

// ended is when a task ended, as well as it is known.
func ended(task *ctcbr.Task) time.Time { return cmp.Or(task.Done, task.Started).Time() }

// calendar makes the days that a chart shows.
func (q *question) calendar(now time.Time) []day {
	days := make([]day, q.days)
	year, month, date := now.Date()
	for i := range days {
		days[i].Start = time.Date(year, month, date-q.days+1+i, 0, 0, 0, 0, now.Location())
	}
	return days
}

func (h *host) add(s *ctcbr.Snapshot) {
	at, size := cmp.Or(s.Created, s.Finished).Time(), s.Size.Bytes()
	h.Copies++
	h.Bytes += size
	if at.After(h.Newest) {
		h.Newest = at
	}
	i := int(at.Sub(h.Days[0].Start) / (24 * time.Hour))
	if at.Before(h.Days[0].Start) || i >= len(h.Days) {
		return
	}
	h.Days[i].Copies++
	if s.Mode == ctcbr.BackupFull {
		h.Days[i].Full += size
	} else {
		h.Days[i].Incremental += size
	}
}

// sum adds up and sorts: hosts with gaps first, and then by name.
func (r *report) sum() {
	for _, h := range r.Hosts {
		r.Copies += h.Copies
		r.Bytes += h.Bytes
		if len(h.Gaps) > 0 {
			r.Unprotected++
		}
	}
	slices.SortFunc(r.Hosts, func(a, b *host) int {
		return cmp.Or(
			-cmp.Compare(min(1, len(a.Gaps)), min(1, len(b.Gaps))),
			strings.Compare(a.Name, b.Name),
			strings.Compare(a.ID, b.ID),
		)
	})
}
