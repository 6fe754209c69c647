// Package report reports what is protected in a region and what is not: as tables, for programs, and as
// an HTML page.
package report

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// Question is what a report should cover.
type Question struct {
	Now        time.Time
	Protection ctcbr.ProtectionRequest
	// Failures is how far back failed runs are listed.
	Failures time.Duration
	// Days is the number of days in the charts of the page. Zero means no charts.
	Days int
}

// Report is the result.
type Report struct {
	*ctcbr.Protection
	Now      time.Time // Beijing time
	Region   string
	Failures []ctcbr.Task // the latest first
	Hosts    []*Host      // those with gaps first, and then by name
	Days     int
	MaxAge   time.Duration
}

// Host is a host and its copies.
type Host struct {
	ctcbr.HostProtection
	Gaps   []ctcbr.Gap // those of the host and of its plans
	Copies int
	Bytes  int64
	Days   []Day // the last one is today
}

// Day is what was copied on one day.
type Day struct {
	Start             time.Time
	Copies            int
	Full, Incremental int64 // bytes written
}

// Ask reads what a report needs.
func (q *Question) Ask(ctx context.Context, client *ctcbr.Client) (*Report, error) {
	protection, err := client.Protection(ctx, &q.Protection)
	if err != nil {
		return nil, err
	}
	r := &Report{Protection: protection, Now: ctcbr.NewTime(q.Now).Time(), Days: q.Days, MaxAge: q.Protection.MaxAge}
	if len(protection.Storages) > 0 {
		r.Region = protection.Storages[0].RegionName
	}
	for _, h := range protection.Hosts {
		r.Hosts = append(r.Hosts, q.host(h, r.Now))
	}
	slices.SortStableFunc(r.Hosts, func(a, b *Host) int {
		return cmp.Or(-cmp.Compare(min(1, len(a.Gaps)), min(1, len(b.Gaps))), strings.Compare(a.Host.Name, b.Host.Name), strings.Compare(a.Host.ID, b.Host.ID))
	})
	for _, source := range q.Protection.Sources {
		if err := r.readFailures(ctx, client, source, q.Failures); err != nil {
			return nil, err
		}
		if err := r.readDays(ctx, client, source); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(r.Failures, func(a, b ctcbr.Task) int { return Ended(&b).Compare(Ended(&a)) })
	return r, nil
}

func (q *Question) host(h ctcbr.HostProtection, now time.Time) *Host {
	host := &Host{HostProtection: h, Gaps: slices.Clone(h.Gaps), Days: calendar(now, q.Days)}
	for _, p := range h.Plans {
		host.Copies += p.Copies
		host.Bytes += p.Bytes
		host.Gaps = append(host.Gaps, p.Gaps...)
	}
	return host
}

// readFailures reads the tasks that failed recently. A task whose time cannot be read counts as recent,
// so that it is not missed.
func (r *Report) readFailures(ctx context.Context, client *ctcbr.Client, source ctcbr.SourceType, since time.Duration) error {
	for task, err := range client.Tasks.All(ctx, &ctcbr.ListTasksRequest{SourceType: source, Status: ctcbr.TaskFailed}) {
		if err != nil {
			return err
		}
		at := Ended(&task)
		if task.Status == ctcbr.TaskFailed && (at.IsZero() || r.Now.Sub(at) <= since) {
			r.Failures = append(r.Failures, task)
		}
	}
	return nil
}

// Ended returns when a task ended, as far as that is known.
func Ended(task *ctcbr.Task) time.Time { return cmp.Or(task.Done, task.Started).Time() }

// readDays reads the copies of each day.
func (r *Report) readDays(ctx context.Context, client *ctcbr.Client, source ctcbr.SourceType) error {
	if r.Days == 0 {
		return nil
	}
	hosts := make(map[string]*Host)
	for _, h := range r.Hosts {
		hosts[h.Host.ID] = h
	}
	for s, err := range client.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{SourceType: source}) {
		if err != nil {
			return err
		}
		usable := s.Status == ctcbr.SnapshotAvailable || s.Status == ctcbr.SnapshotRestoring
		if h := hosts[s.HostID]; h != nil && usable {
			h.add(&s)
		}
	}
	return nil
}

// calendar returns the days of a chart.
func calendar(now time.Time, n int) []Day {
	days := make([]Day, n)
	year, month, date := now.Date()
	for i := range days {
		days[i].Start = time.Date(year, month, date-n+1+i, 0, 0, 0, 0, now.Location())
	}
	return days
}

func (h *Host) add(s *ctcbr.Snapshot) {
	at, size := cmp.Or(s.Created, s.Finished).Time(), s.Size.Bytes()
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

// NewestAt returns the time of the newest usable copy of the host.
func (h *Host) NewestAt() time.Time {
	if h.Newest == nil {
		return time.Time{}
	}
	return cmp.Or(h.Newest.Created, h.Newest.Finished).Time()
}

// Unprotected counts the hosts with gaps.
func (r *Report) Unprotected() int {
	n := 0
	for _, h := range r.Hosts {
		if len(h.Gaps) > 0 {
			n++
		}
	}
	return n
}

// Copies returns the number of usable copies.
func (r *Report) Copies() (n int) {
	for _, h := range r.Hosts {
		n += h.Copies
	}
	return n
}

// Bytes returns the space that the usable copies take up in their vaults.
func (r *Report) Bytes() (n int64) {
	for _, h := range r.Hosts {
		n += h.Bytes
	}
	return n
}

// StorageGaps are the gaps of a vault.
func (r *Report) StorageGaps(id string) (gaps []ctcbr.Gap) {
	for _, g := range r.Gaps {
		if g.StorageID == id && g.HostID == "" {
			gaps = append(gaps, g)
		}
	}
	return gaps
}
