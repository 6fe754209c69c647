package command

import (
	"cmp"
	"strings"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/report"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// reportView is a report in JSON.
type reportView struct {
	At          terminal.Moment  `json:"at"`
	Region      string           `json:"region"`
	Protected   int              `json:"protected"`
	Unprotected int              `json:"unprotected"`
	Copies      int              `json:"copies"`
	Bytes       int64            `json:"bytes"`
	Hosts       []hostReportView `json:"hosts"`
	Vaults      []vaultView      `json:"vaults"`
	Gaps        []gapView        `json:"gaps"`
	Failures    []taskView       `json:"failures"`
}

type hostReportView struct {
	hostView
	Protected bool             `json:"protected"`
	Newest    terminal.Moment  `json:"newest"`
	Copies    int              `json:"copies"`
	Bytes     int64            `json:"bytes"`
	Plans     []planReportView `json:"plans"`
	Gaps      []gapView        `json:"gaps"`
}

type planReportView struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Status  string          `json:"status"`
	Newest  terminal.Moment `json:"newest"`
	NextRun terminal.Moment `json:"nextRun"`
	LastRun *taskView       `json:"lastRun"`
	Outcome string          `json:"outcome"`
	Copies  int             `json:"copies"`
	Bytes   int64           `json:"bytes"`
}

type gapView struct {
	Kind   string          `json:"kind"`
	Host   named           `json:"host"`
	Source string          `json:"source"`
	Plan   named           `json:"plan"`
	Vault  named           `json:"vault"`
	Newest terminal.Moment `json:"newest"`
	Detail string          `json:"detail"`
	Text   string          `json:"text"`
}

func viewReport(r *report.Report) reportView {
	v := reportView{
		At: terminal.Given(r.At), Region: r.Region, Unprotected: r.Unprotected(), Protected: len(r.Hosts) - r.Unprotected(),
		Copies: r.Copies(), Bytes: r.Bytes(), Gaps: viewGaps(r.Gaps),
		Hosts: []hostReportView{}, Vaults: []vaultView{}, Failures: []taskView{},
	}
	for _, h := range r.Hosts {
		v.Hosts = append(v.Hosts, viewHostReport(h))
	}
	for _, s := range r.Storages {
		v.Vaults = append(v.Vaults, viewVault(s))
	}
	for _, t := range r.Failures {
		v.Failures = append(v.Failures, viewTask(sourced[ctcbr.Task]{item: t, source: t.SourceType}))
	}
	return v
}

func viewHostReport(h *report.Host) hostReportView {
	v := hostReportView{
		hostView: viewHost(h.Host), Protected: len(h.Gaps) == 0, Newest: terminal.Given(h.NewestAt()),
		Copies: h.Copies, Bytes: h.Bytes, Plans: []planReportView{}, Gaps: viewGaps(h.Gaps),
	}
	for _, p := range h.Plans {
		plan := planReportView{
			ID: p.Plan.ID, Name: p.Plan.Name, Status: string(p.Plan.Status), Newest: terminal.At(p.NewestAt()), NextRun: terminal.At(p.NextRun),
			Outcome: p.Outcome(), Copies: p.Copies, Bytes: p.Bytes,
		}
		if p.LastRun != nil {
			plan.LastRun = ctcbr.Ptr(viewTask(sourced[ctcbr.Task]{item: *p.LastRun, source: h.Host.SourceType}))
		}
		v.Plans = append(v.Plans, plan)
	}
	return v
}

func viewGaps(gaps []ctcbr.Gap) []gapView {
	views := []gapView{}
	for _, g := range gaps {
		views = append(views, gapView{
			Kind: string(g.Kind), Host: named{g.HostID, g.HostName}, Source: string(g.SourceType), Plan: named{g.PlanID, g.PlanName},
			Vault: named{g.StorageID, g.StorageName}, Newest: terminal.At(g.Newest), Detail: g.Detail, Text: g.String(),
		})
	}
	return views
}

func (a *app) gapColumns() []terminal.Column[gapView] {
	return []terminal.Column[gapView]{
		{Key: "thing", Head: a.t("Host or vault"), Cell: func(g gapView) any {
			return cmp.Or(g.Host.String(), g.Vault.String(), a.t("the region"))
		}},
		{Key: "kind", Head: a.t("Why"), Cell: func(g gapView) any { return a.state(g.Kind) }},
		{Key: "plan", Head: a.t("Plan"), Cell: func(g gapView) any { return g.Plan.String() }},
		{Key: "newest", Head: a.t("Newest copy (Beijing time)"), Cell: func(g gapView) any { return g.Newest }},
		{Key: "detail", Head: a.t("Details"), Cell: func(g gapView) any { return g.Detail }, Minor: true},
	}
}

func (a *app) hostReportColumns() []terminal.Column[hostReportView] {
	return []terminal.Column[hostReportView]{
		{Key: "name", Head: a.t("Host"), Cell: func(h hostReportView) any { return named{h.ID, h.Name}.String() }},
		{Key: "result", Head: a.t("Result"), Cell: func(h hostReportView) any { return a.hostState(h) }},
		{Key: "newest", Head: a.t("Newest copy (Beijing time)"), Cell: func(h hostReportView) any { return h.Newest }},
		{Key: "copies", Head: a.t("Copies"), Cell: func(h hostReportView) any { return h.Copies }},
		{Key: "bytes", Head: a.t("Size"), Cell: func(h hostReportView) any { return terminal.Bytes(h.Bytes) }},
		{Key: "next_run", Head: a.t("Next run (Beijing time)"), Cell: func(h hostReportView) any { return nextRun(h) }, Minor: true},
		{Key: "source", Head: a.t("Kind"), Cell: func(h hostReportView) any { return h.Source }, Minor: true},
		{Key: "id", Head: a.t("ID"), Cell: func(h hostReportView) any { return h.ID }, Minor: true},
	}
}

// hostState names the gaps of a host, each kind once.
func (a *app) hostState(h hostReportView) terminal.State {
	if h.Protected {
		return a.state("protected")
	}
	var raw, words []string
	for _, g := range h.Gaps {
		raw, words = append(raw, g.Kind), append(words, a.words(g.Kind))
	}
	return terminal.State{Raw: strings.Join(unique(raw), "; "), Words: strings.Join(unique(words), ", ")}
}

// nextRun is the next run of any plan of a host.
func nextRun(h hostReportView) terminal.Moment {
	var next terminal.Moment
	for _, p := range h.Plans {
		if next.At.IsZero() || !p.NextRun.At.IsZero() && p.NextRun.At.Before(next.At) {
			next = p.NextRun
		}
	}
	return next
}
