package command

import (
	"context"
	"errors"
	"strings"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// protectView is the result for one host, in JSON.
type protectView struct {
	Host  named  `json:"host"`
	Plan  named  `json:"plan"`
	Agent string `json:"agent"`
	// Action is created, updated, enabled, unchanged, differs, unknown or failed.
	Action      string           `json:"action"`
	Planned     bool             `json:"planned"`
	Differences []differenceView `json:"differences"`
	Unclear     []differenceView `json:"unclear"`
	Error       string           `json:"error"`
}

// result is the action as a table shows it; in a dry run, what would be done.
func (v protectView) result() string {
	switch v.Action {
	case "created", "updated", "enabled":
		if v.Planned {
			return "to be " + v.Action
		}
	}
	return v.Action
}

type differenceView struct {
	Field string `json:"field"`
	Want  string `json:"want"`
	Was   string `json:"was"`
}

func (a *app) protectColumns() []terminal.Column[protectView] {
	return []terminal.Column[protectView]{
		{Key: "host", Head: a.t("Host"), Cell: func(v protectView) any { return v.Host.String() }},
		{Key: "agent", Head: a.t("Agent"), Cell: func(v protectView) any { return a.state(v.Agent) }},
		{Key: "plan", Head: a.t("Plan"), Cell: func(v protectView) any { return v.Plan.Name }},
		{Key: "action", Head: a.t("Result"), Cell: func(v protectView) any { return a.state(v.result()) }},
		{Key: "differences", Head: a.t("Differences"), Cell: func(v protectView) any { return a.differenceWords(v) }},
	}
}

func (a *app) differenceWords(v protectView) string {
	var words []string
	for _, d := range v.Differences {
		words = append(words, a.f("%s: %s, was %s", d.Field, d.Want, d.Was))
	}
	for _, d := range v.Unclear {
		words = append(words, a.f("%s: %s, not clear: %s", d.Field, d.Want, d.Was))
	}
	return strings.Join(words, "; ")
}

// ensuring ensures one plan on some hosts.
type ensuring struct {
	*app
	*protecting
	client *ctcbr.Client
	req    *ctcbr.CreatePlanRequest
	hosts  []ctcbr.Host
	rows   map[string]*protectView // by the ID of the host
	order  []string
}

func (e *ensuring) views() []protectView {
	var views []protectView
	for _, id := range e.order {
		views = append(views, *e.rows[id])
	}
	return views
}

// run finds the vault and the hosts, checks what exists, and does what is missing.
func (e *ensuring) run(ctx context.Context, s *spec) error {
	vault, err := e.findVault(ctx, e.client, s.Vault)
	if err != nil {
		return err
	}
	if vault.Status != ctcbr.StorageAvailable {
		return e.failed("the vault %s is %s, and cannot be backed up to", printable(vault.Name), printable(e.words(string(vault.Status))))
	}
	e.req.StorageID = vault.ID
	var missing error
	if e.hosts, missing = e.findHosts(ctx, e.client, s.Hosts); len(e.hosts) == 0 {
		return missing
	}
	for _, h := range e.hosts {
		e.order = append(e.order, h.ID)
		e.rows[h.ID] = &protectView{
			Host: named{h.ID, h.Name}, Plan: named{Name: e.req.Name}, Agent: agentWord(h), Action: "failed",
			Differences: []differenceView{}, Unclear: []differenceView{},
		}
	}
	return errors.Join(missing, e.ensure(ctx, s))
}

func agentWord(h ctcbr.Host) string {
	switch {
	case h.Active():
		return "active"
	case h.Agent == nil:
		return "none"
	}
	return string(h.Agent.Status)
}

// ensure checks first, which also validates the request, and then does the rest.
func (e *ensuring) ensure(ctx context.Context, s *spec) error {
	guard := &protectGuard{app: e.app} // a dry run needs none
	if !e.dry {
		var err error
		if guard, err = e.guard(ctx, e.listedWithin); err != nil {
			return err
		}
		defer guard.unlock()
	}
	planned, err := e.look(ctx, guard, s)
	if err != nil && len(planned) == 0 {
		return err
	}
	if e.dry {
		return errors.Join(e.planned(ctx, planned)...)
	}
	todo := e.choose(planned)
	err = errors.Join(append(e.differing(planned), e.do(ctx, todo))...)
	if ctx.Err() != nil || errors.Is(err, ctcbr.ErrOutcomeUnknown) {
		return err
	}
	return errors.Join(err, guard.forget())
}

// do ensures the agents, and then the plan on every host with an agent.
func (e *ensuring) do(ctx context.Context, todo []ctcbr.Host) error {
	ready, down := e.agents(ctx, todo)
	if len(ready) == 0 {
		return down
	}
	changes, failed := e.client.Plans.EnsureAll(ctx, ready, e.req, e.options()...)
	e.record(changes)
	return errors.Join(down, failed)
}

func (e *ensuring) options() []ctcbr.EnsureOption {
	opts := []ctcbr.EnsureOption{ctcbr.WaitListed(e.listedWithin)}
	if e.Poll > 0 {
		opts = append(opts, ctcbr.WaitInterval(e.Poll, e.Poll))
	}
	return opts
}

// look finds out what would be done, and waits for what an interrupted run has created.
func (e *ensuring) look(ctx context.Context, guard *protectGuard, s *spec) (planned []ctcbr.PlanChange, failed error) {
	err := guard.settle(ctx, func() (open bool, err error) {
		planned, failed = e.client.Plans.EnsureAll(ctx, e.hosts, e.req, ctcbr.DryRun(true))
		for _, c := range planned {
			open = open || c.Created && guard.open(opCreate, c.HostID, c.Name)
		}
		for _, h := range e.hosts {
			open = open || h.Agent == nil && guard.open(opInstall, h.ID, "")
		}
		if open {
			e.hosts, err = e.findHosts(ctx, e.client, s.Hosts)
			if len(e.hosts) > 0 {
				err = nil // missing hosts were reported
			}
		}
		return open, err
	})
	return planned, errors.Join(err, failed)
}

// choose returns the hosts on which something is to be done: all but those whose plan cannot be as
// specified or may not be changed.
func (e *ensuring) choose(planned []ctcbr.PlanChange) []ctcbr.Host {
	leave := make(map[string]bool)
	for _, c := range planned {
		leave[c.HostID] = c.Err != nil || changes(c) && !e.update
	}
	var todo []ctcbr.Host
	for _, h := range e.hosts {
		if !leave[h.ID] {
			todo = append(todo, h)
		}
	}
	return todo
}

// changes reports whether an existing plan would be changed.
func changes(c ctcbr.PlanChange) bool { return c.Updated || c.Enabled }

// differing records the plans that are not changed although they differ, and returns that as a failure.
func (e *ensuring) differing(planned []ctcbr.PlanChange) []error {
	var failures []error
	for _, c := range planned {
		switch {
		case c.Err != nil:
			e.record([]ctcbr.PlanChange{c})
			failures = append(failures, e.failed("%s: %w", printable(hostOf(c)), c.Err))
		case changes(c) && !e.update:
			e.record([]ctcbr.PlanChange{c})
			e.rows[c.HostID].Action = "differs"
			failures = append(failures, e.failed("%s: the plan %s exists and differs; --update would change it: %s",
				printable(hostOf(c)), printable(c.Name), printable(e.why(c))))
		}
	}
	return failures
}

func (e *ensuring) why(c ctcbr.PlanChange) string {
	words := e.differenceWords(*e.rows[c.HostID])
	if c.Enabled {
		words = strings.TrimPrefix(words+"; "+e.t("it is stopped"), "; ")
	}
	return words
}

func hostOf(c ctcbr.PlanChange) string { return named{c.HostID, c.HostName}.String() }

// planned records what would be done.
func (e *ensuring) planned(ctx context.Context, changed []ctcbr.PlanChange) []error {
	failures := e.differing(changed)
	for _, c := range changed {
		if c.Err == nil && (!changes(c) || e.update) {
			e.record([]ctcbr.PlanChange{c})
		}
	}
	_, err := e.client.Agents.Ensure(ctx, e.hosts, ctcbr.DryRun(true))
	for _, h := range e.hosts {
		row := e.rows[h.ID]
		row.Planned = true
		if !h.Active() && row.Agent == "none" {
			row.Agent = "to be installed"
		}
	}
	return append(failures, err)
}

// agents ensures that the hosts have active agents, and returns those that do.
func (e *ensuring) agents(ctx context.Context, hosts []ctcbr.Host) ([]ctcbr.Host, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	names := make(map[string]string)
	for _, h := range hosts {
		if !h.Active() {
			names[h.ID] = named{h.ID, h.Name}.String()
		}
	}
	progress := e.progress(names)
	var opts []ctcbr.EnsureOption
	for _, o := range e.waitOptions(&e.waiting, progress, ctcbr.WaitListed(e.listedWithin)) {
		opts = append(opts, o)
	}
	ready, err := e.client.Agents.Ensure(ctx, hosts, opts...)
	progress.Done()
	for _, h := range ready {
		if row := e.rows[h.ID]; row.Agent != "active" {
			row.Agent = "installed"
		}
	}
	for _, one := range flat(err) {
		var failed *ctcbr.HostError
		if errors.As(one, &failed) && e.rows[failed.Host.ID] != nil {
			e.rows[failed.Host.ID].Error = plainText(failed.Err)
			e.rows[failed.Host.ID].Action = outcome(failed.Err)
		}
	}
	return ready, err
}

// outcome distinguishes a failure from an unknown outcome.
func outcome(err error) string {
	if errors.Is(err, ctcbr.ErrOutcomeUnknown) {
		return "unknown"
	}
	return "failed"
}

// record puts the results of plans into the table.
func (e *ensuring) record(changed []ctcbr.PlanChange) {
	for _, c := range changed {
		row := e.rows[c.HostID]
		if row == nil {
			continue
		}
		if c.Plan != nil {
			row.Plan.ID = c.Plan.ID
		}
		row.Differences, row.Unclear = viewDifferences(c.Differences), viewDifferences(c.Unclear)
		switch {
		case c.Err != nil:
			row.Action, row.Error = outcome(c.Err), plainText(c.Err)
		case c.Created:
			row.Action = "created"
		case c.Updated:
			row.Action = "updated"
		case c.Enabled:
			row.Action = "enabled"
		default:
			row.Action = "unchanged"
		}
	}
}

func viewDifferences(all []ctcbr.Difference) []differenceView {
	views := []differenceView{}
	for _, d := range all {
		views = append(views, differenceView(d))
	}
	return views
}
