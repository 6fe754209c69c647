package exporter

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ctyun-go/ctcbr"
)

var (
	planLabels  = []string{"host_id", "host", "plan_id", "plan", "source"}
	vaultLabels = []string{"vault_id", "vault"}
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ctcbr_"+name, help, labels, nil)
}

// The metrics, each with the labels that it has.
var (
	copyAge     = describe("newest_copy_age_seconds", "Age of the newest usable copy of a plan; +Inf where there is none.", planLabels...)
	lastRun     = describe("last_run_state", "1 for the state of the last run of a plan: completed, failed, canceled, running, none or other.", append(planLabels, "state")...)
	lastRunTime = describe("last_run_timestamp_seconds", "When the last run of a plan began, in Unix time.", planLabels...)
	planNextRun = describe("next_run_timestamp_seconds", "When a plan runs next by its schedule, in Unix time; absent where it does not.", planLabels...)
	planCopies  = describe("copies", "Usable copies of a plan.", planLabels...)
	planBytes   = describe("copies_bytes", "What the usable copies of a plan take up in the vault.", planLabels...)
	runFailed   = describe("last_run_failed", "1 if the last run of a plan that has ended did not complete.", planLabels...)

	vaultSize      = describe("vault_size_bytes", "Room of a vault.", vaultLabels...)
	vaultFree      = describe("vault_free_bytes", "Free room of a vault.", vaultLabels...)
	vaultExpiry    = describe("vault_expiry_timestamp_seconds", "When what was paid for of a vault is over, in Unix time.", vaultLabels...)
	vaultAvailable = describe("vault_available", "1 if a vault can be backed up to.", vaultLabels...)

	hosts     = describe("hosts", "Hosts, by whether they are fully protected.", "protected")
	gaps      = describe("gaps", "What is not protected as it should be, by kind.", "kind")
	refreshed = describe("refresh_timestamp_seconds", "When the last look that succeeded ended, in Unix time; 0 before the first.")
	succeeded = describe("refresh_success", "1 if the last look at the service succeeded.")
)

// Describe describes no metrics, because they depend on what was read. Their names and labels are
// above.
func (e *Exporter) Describe(chan<- *prometheus.Desc) {}

// Collect returns the metrics of the last successful refresh.
func (e *Exporter) Collect(out chan<- prometheus.Metric) {
	e.mu.Lock()
	last, seen, failed := e.last, e.seen, e.failed
	e.mu.Unlock()
	c := collector{out: out, now: time.Now()}
	at := 0.0
	if !seen.IsZero() {
		at = unix(seen)
	}
	c.gauge(refreshed, at)
	c.gauge(succeeded, truth(last != nil && failed == nil))
	if last == nil {
		return
	}
	protected := 0
	for i := range last.Hosts {
		if c.host(&last.Hosts[i]) {
			protected++
		}
	}
	c.gauge(hosts, float64(protected), "true")
	c.gauge(hosts, float64(len(last.Hosts)-protected), "false")
	for i := range last.Storages {
		c.vault(&last.Storages[i])
	}
	c.gaps(last.Gaps)
}

// collector collects the metrics at one moment.
type collector struct {
	out  chan<- prometheus.Metric
	now  time.Time
	once map[string]bool // items already collected, by ID: a duplicate series would fail the whole scrape
}

func (c *collector) gauge(desc *prometheus.Desc, value float64, labels ...string) {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "\uFFFD")
	}
	c.out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// first reports whether an item has not been collected yet.
func (c *collector) first(key string) bool {
	if c.once == nil {
		c.once = make(map[string]bool)
	}
	if c.once[key] {
		return false
	}
	c.once[key] = true
	return true
}

// host reports whether a host is fully protected.
func (c *collector) host(h *ctcbr.HostProtection) bool {
	protected := len(h.Gaps) == 0
	for i := range h.Plans {
		p := &h.Plans[i]
		protected = protected && len(p.Gaps) == 0
		if c.first("plan\x00" + h.Host.ID + "\x00" + p.Plan.ID) {
			c.plan(h, p)
		}
	}
	return protected
}

func (c *collector) plan(h *ctcbr.HostProtection, p *ctcbr.PlanProtection) {
	labels := func(more ...string) []string {
		return append([]string{h.Host.ID, cmp.Or(h.Host.Name, p.Plan.HostName), p.Plan.ID, p.Plan.Name, string(h.Host.SourceType)}, more...)
	}
	age := math.Inf(1)
	if at := p.NewestAt().Time(); !at.IsZero() {
		age = c.now.Sub(at).Seconds()
	}
	c.gauge(copyAge, age, labels()...)
	c.gauge(lastRun, 1, labels(runState(p.LastRun))...)
	if p.LastRun != nil && !p.LastRun.Started.Time().IsZero() {
		c.gauge(lastRunTime, unix(p.LastRun.Started.Time()), labels()...)
	}
	if at := p.NextRun.Time(); !at.IsZero() {
		c.gauge(planNextRun, unix(at), labels()...)
	}
	c.gauge(planCopies, float64(p.Copies), labels()...)
	c.gauge(planBytes, float64(p.Bytes), labels()...)
	c.gauge(runFailed, truth(slices.ContainsFunc(p.Gaps, func(g ctcbr.Gap) bool { return g.Kind == ctcbr.GapRunFailed })), labels()...)
}

// runState returns one of a fixed set of states, whatever the service sends.
func runState(task *ctcbr.Task) string {
	if task == nil {
		return "none"
	}
	switch task.Status {
	case ctcbr.TaskCompleted:
		return "completed"
	case ctcbr.TaskFailed:
		return "failed"
	case ctcbr.TaskCanceled, ctcbr.TaskCancelled, ctcbr.TaskCanceling:
		return "canceled"
	case ctcbr.TaskPreparing, ctcbr.TaskExecuting:
		return "running"
	}
	return "other"
}

func (c *collector) vault(s *ctcbr.Storage) {
	if !c.first("vault\x00" + s.ID) {
		return
	}
	labels := func() []string { return []string{s.ID, s.Name} }
	if s.Capacity.Valid() {
		c.gauge(vaultSize, float64(s.Capacity.Bytes()), labels()...)
	}
	if s.Free.Valid() {
		c.gauge(vaultFree, float64(s.Free.Bytes()), labels()...)
	}
	if at := s.Expires.Time(); !at.IsZero() {
		c.gauge(vaultExpiry, unix(at), labels()...)
	}
	c.gauge(vaultAvailable, truth(s.Status == ctcbr.StorageAvailable), labels()...)
}

// gapKinds are all kinds of gaps.
var gapKinds = []ctcbr.GapKind{
	ctcbr.GapNoAgent, ctcbr.GapAgentInactive, ctcbr.GapNoPlan, ctcbr.GapPlanStopped, ctcbr.GapNoSnapshot, ctcbr.GapStale,
	ctcbr.GapPlanInactive, ctcbr.GapDuplicatePlan, ctcbr.GapHostGone, ctcbr.GapRunFailed, ctcbr.GapNoHosts, ctcbr.GapUnreadable,
	ctcbr.GapStorageInactive, ctcbr.GapStorageExpiring, ctcbr.GapStorageFull,
}

// gaps counts gaps by kind, and includes the kinds without gaps, because an absent series triggers no
// alert.
func (c *collector) gaps(found []ctcbr.Gap) {
	counts := make(map[ctcbr.GapKind]int)
	for _, kind := range gapKinds {
		counts[kind] = 0
	}
	others := 0
	for _, g := range found {
		if _, known := counts[g.Kind]; known {
			counts[g.Kind]++
		} else {
			others++
		}
	}
	for _, kind := range gapKinds {
		c.gauge(gaps, float64(counts[kind]), strings.ReplaceAll(string(kind), " ", "_"))
	}
	c.gauge(gaps, float64(others), "other")
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
