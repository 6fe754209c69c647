package command

import (
	"context"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// planView is a plan in JSON.
type planView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Host       named           `json:"host"`
	Vault      named           `json:"vault"`
	Source     string          `json:"source"`
	Status     string          `json:"status"`
	StatusText string          `json:"statusText"`
	Schedule   string          `json:"schedule"`
	NextRun    terminal.Moment `json:"nextRun"`
	Retention  string          `json:"retention"`
	Limits     string          `json:"limits"`
	Dirs       string          `json:"dirs"`

	plan ctcbr.Plan
}

func viewPlan(p sourced[ctcbr.Plan]) planView {
	plan := p.item
	v := planView{
		ID: plan.ID, Name: plan.Name, Host: named{plan.HostID, plan.HostName}, Vault: named{plan.StorageID, plan.StorageName},
		Source: string(p.source), Status: string(plan.Status), StatusText: plan.StatusDesc,
		Schedule: plan.ScheduleDesc, Retention: plan.RetentionDesc, Dirs: plan.Dirs, plan: plan,
	}
	if raw := plan.Raw; raw != nil {
		if raw.Schedule != nil {
			v.Schedule = raw.Schedule.String()
			if plan.Status == ctcbr.PlanActive {
				v.NextRun = terminal.Given(raw.Schedule.Next(time.Now()))
			}
		}
		if raw.Retention != nil {
			v.Retention = raw.Retention.String()
		}
		v.Limits = raw.Limits.String()
	}
	return v
}

func (a *app) planResource() resource[planView] {
	return resource[planView]{
		noun: "plan", plural: "plans",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[planView, error] {
			return a.allPlans(ctx, client)
		},
		view: func(p planView) candidate {
			return candidate{p.ID, []string{p.Name}, a.f("%s of %s", p.Name, p.Host.String())}
		},
		match: func(p planView, f *filters) bool {
			return is(f.host, p.Host.ID, p.Host.Name) && is(f.vault, p.Vault.ID, p.Vault.Name) && is(f.status, p.Status)
		},
		columns: []terminal.Column[planView]{
			{Key: "name", Head: a.t("Name"), Cell: func(p planView) any { return p.Name }},
			{Key: "host", Head: a.t("Host"), Cell: func(p planView) any { return p.Host.String() }},
			{Key: "status", Head: a.t("State"), Cell: func(p planView) any { return a.state(p.Status) }},
			{Key: "next_run", Head: a.t("Next run (Beijing time)"), Cell: func(p planView) any { return p.NextRun }},
			{Key: "schedule", Head: a.t("Schedule"), Cell: func(p planView) any { return p.Schedule }, Minor: true},
			{Key: "retention", Head: a.t("Kept"), Cell: func(p planView) any { return p.Retention }, Minor: true},
			{Key: "dirs", Head: a.t("Directories"), Cell: func(p planView) any { return p.Dirs }, Minor: true},
			{Key: "vault", Head: a.t("Vault"), Cell: func(p planView) any { return p.Vault.String() }, Minor: true},
			{Key: "id", Head: a.t("ID"), Cell: func(p planView) any { return p.ID }, Minor: true},
		},
	}
}

func (a *app) allPlans(ctx context.Context, client *ctcbr.Client) iter.Seq2[planView, error] {
	return mapped(each(a.sources(), func(source ctcbr.SourceType) iter.Seq2[ctcbr.Plan, error] {
		return client.Plans.All(ctx, &ctcbr.ListPlansRequest{SourceType: source})
	}), viewPlan)
}

// findPlans finds the plan of an ID, or all plans of a name: one for each host.
func (a *app) findPlans(ctx context.Context, client *ctcbr.Client, sought string) ([]planView, error) {
	plans, err := collect(a.allPlans(ctx, client))
	if err != nil {
		return nil, err
	}
	found := match(sought, plans, a.planResource().view)
	if len(found) == 0 {
		return nil, a.failed("%s %q: %w", a.t("plan"), printable(sought), ctcbr.ErrNotFound)
	}
	return found, nil
}

func (a *app) plans() *cobra.Command {
	list, get := reads(a, a.planResource(), "host", "vault", "status")
	get.ValidArgsFunction = a.completePlans
	return a.group("plan", "Plans: what is backed up, when, and for how long it is kept", list, get)
}
