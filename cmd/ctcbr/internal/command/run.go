package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// running are the flags of "ctcbr run".
type running struct {
	hosts   []string
	all     bool
	full    bool
	waiting waiting
}

const runHelp = `A name runs the plans of that name on all hosts, or on those given with --host. The command follows all of them until the last one has ended. Each run is sent only once: if no response comes, the command looks for its task.
A signal ends the command, but not the backups, which continue at the service.
The exit status is 0 only if every plan has completed its copy.`

func (a *app) run() *cobra.Command {
	r := &running{}
	cmd := a.leaf("run PLAN... | --all [flags]", "Run plans now, and wait for their copies", runHelp, nil,
		func(ctx context.Context, args []string) error {
			if (len(args) == 0) != r.all {
				return a.wrong("give plans by name or ID, or --all")
			}
			if err := r.waiting.check(a); err != nil {
				return err
			}
			return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return a.runPlans(ctx, client, r, unique(args)) })
		})
	cmd.Flags().StringArrayVar(&r.hosts, "host", nil, a.t("only those of the host with this `name-or-ID`; may be given more than once"))
	cmd.Flags().BoolVar(&r.all, "all", false, a.t("run every active plan"))
	cmd.Flags().BoolVar(&r.full, "full", false, a.t("make full copies instead of incremental ones"))
	r.waiting.define(a, cmd, 24*time.Hour)
	cmd.ValidArgsFunction = a.completePlans
	_ = cmd.RegisterFlagCompletionFunc("host", a.completeHosts)
	return cmd
}

// runView is the result of one plan, in JSON.
type runView struct {
	Plan named `json:"plan"`
	Host named `json:"host"`
	// Result is completed, failed, canceled, vanished, running, unknown or notRun.
	Result string    `json:"result"`
	Error  string    `json:"error"`
	Task   *taskView `json:"task"`

	source ctcbr.SourceType
	taskID string
	err    error
}

func (a *app) runColumns() []terminal.Column[runView] {
	task := func(show func(taskView) any) func(runView) any {
		return func(r runView) any {
			if r.Task == nil {
				return nil
			}
			return show(*r.Task)
		}
	}
	return []terminal.Column[runView]{
		{Key: "host", Head: a.t("Host"), Cell: func(r runView) any { return r.Host.String() }},
		{Key: "plan", Head: a.t("Plan"), Cell: func(r runView) any { return r.Plan.String() }},
		{Key: "result", Head: a.t("Result"), Cell: func(r runView) any { return a.state(r.Result) }},
		{Key: "files", Head: a.t("Files"), Cell: task(func(t taskView) any { return t.Files }), Minor: true},
		{Key: "took", Head: a.t("Took"), Cell: task(func(t taskView) any { return took(t) })},
		{Key: "copy", Head: a.t("Copy"), Cell: task(func(t taskView) any { return t.Copy.String() }), Minor: true},
		{Key: "task", Head: a.t("Task"), Cell: func(r runView) any { return r.taskID }, Minor: true},
	}
}

// took returns how long a task took, if both of its times can be read.
func took(t taskView) string {
	if t.Started.At.IsZero() || t.Ended.At.IsZero() {
		return ""
	}
	return t.Ended.At.Sub(t.Started.At).Round(time.Second).String()
}

func (a *app) runPlans(ctx context.Context, client *ctcbr.Client, r *running, sought []string) error {
	runs, err := a.choosePlans(ctx, client, r, sought)
	if err != nil {
		return err
	}
	before, err := collect(a.allTasks(ctx, client))
	if err != nil {
		return err
	}
	a.startRuns(ctx, client, r, runs)
	a.findLost(ctx, client, runs, before)
	distinct(runs)
	a.followRuns(ctx, client, r, runs)
	return a.reportRuns(ctx, runs)
}

// choosePlans finds all plans to run before the first one is run.
func (a *app) choosePlans(ctx context.Context, client *ctcbr.Client, r *running, sought []string) ([]*runView, error) {
	plans, err := collect(a.allPlans(ctx, client))
	if err != nil {
		return nil, err
	}
	if len(r.hosts) > 0 {
		hosts, err := a.findHosts(ctx, client, r.hosts)
		if err != nil {
			return nil, err
		}
		plans = slices.DeleteFunc(plans, func(p planView) bool {
			return !slices.ContainsFunc(hosts, func(h ctcbr.Host) bool { return h.ID == p.Host.ID })
		})
	}
	var chosen []planView
	var missing []error
	for _, name := range sought {
		found := match(name, plans, a.planResource().view)
		if len(found) == 0 {
			missing = append(missing, a.failed("%s %q: %w", a.t("plan"), printable(name), ctcbr.ErrNotFound))
		}
		chosen = append(chosen, found...)
	}
	if r.all {
		chosen = slices.DeleteFunc(plans, func(p planView) bool { return p.Status != string(ctcbr.PlanActive) })
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		return nil, a.failed("there is no active plan to run")
	}
	var runs []*runView
	seen := make(map[string]bool)
	for _, p := range chosen {
		if !seen[p.ID] {
			seen[p.ID] = true
			runs = append(runs, &runView{Plan: named{p.ID, p.Name}, Host: p.Host, Result: "notRun", source: ctcbr.SourceType(p.Source)})
		}
	}
	return runs, nil
}

// startRuns sends each run once.
func (a *app) startRuns(ctx context.Context, client *ctcbr.Client, r *running, runs []*runView) {
	_, _ = inEach(runs, func(run *runView) ([]*runView, error) {
		if ended := context.Cause(ctx); ended != nil {
			run.err = ended
			return nil, nil //nolint:nilerr // the run holds it
		}
		req := &ctcbr.OperatePlanRequest{ID: run.Plan.ID, SourceType: run.source}
		if r.full {
			req.Mode = ctcbr.Ptr(ctcbr.BackupFull)
		}
		started, err := client.Plans.Run(ctx, req)
		switch {
		case err == nil:
			run.taskID, run.Result = started.TaskID, "running"
		case errors.Is(err, ctcbr.ErrOutcomeUnknown):
			run.err, run.Result = err, "unknown"
		default:
			run.err, run.Result = err, "failed"
		}
		return nil, nil
	})
}

// findLost finds the tasks of runs whose response was lost: the tasks of the plan that did not exist
// before.
func (a *app) findLost(ctx context.Context, client *ctcbr.Client, runs []*runView, before []taskView) {
	known := make(map[string]bool)
	for _, t := range before {
		known[t.ID] = true
	}
	var lost []*runView
	for _, run := range runs {
		known[run.taskID] = true
		if run.Result == "unknown" {
			lost = append(lost, run)
		}
	}
	interval := cmp.Or(a.Poll, 2*time.Second)
	for range 5 {
		if len(lost) == 0 || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return
		}
		now, err := collect(a.allTasks(ctx, client))
		if err != nil {
			continue
		}
		lost = slices.DeleteFunc(lost, func(run *runView) bool { return a.found(run, now, known) })
	}
}

// found reports whether the plan of a run has a new task.
func (a *app) found(run *runView, now []taskView, known map[string]bool) bool {
	for _, t := range now {
		if !known[t.ID] && t.Host.ID == run.Host.ID && t.Plan == run.Plan.Name {
			known[t.ID] = true
			a.say("%s: no response came, but there is a new task %s", run.title(), t.ID)
			run.taskID, run.Result, run.err = t.ID, "running", nil
			return true
		}
	}
	return false
}

// distinct refuses a task ID that two runs got: the task can belong to only one of them.
func distinct(runs []*runView) {
	byTask := make(map[string][]*runView)
	for _, run := range runs {
		if run.taskID != "" {
			byTask[run.taskID] = append(byTask[run.taskID], run)
		}
	}
	for id, same := range byTask {
		if len(same) < 2 {
			continue
		}
		for _, run := range same {
			run.err = fmt.Errorf("the service named one task, %s, for several plans: %w", id, ctcbr.ErrOutcomeUnknown)
			run.Result = "unknown"
		}
	}
}

func (r *runView) title() string { return r.Host.String() + " " + r.Plan.String() }

// followRuns waits for all tasks at once.
func (a *app) followRuns(ctx context.Context, client *ctcbr.Client, r *running, runs []*runView) {
	bySource, names, byTask := make(map[ctcbr.SourceType][]string), make(map[string]string), make(map[string]*runView)
	for _, run := range runs {
		if run.err == nil && run.taskID != "" {
			bySource[run.source] = append(bySource[run.source], run.taskID)
			names[run.taskID], byTask[run.taskID] = run.title(), run
		}
	}
	ended, err := a.waitTasks(ctx, client, &r.waiting, bySource, names)
	for _, t := range ended {
		if run := byTask[t.ID]; run != nil {
			run.settle(t)
		}
	}
	for _, one := range flat(err) {
		var failed *ctcbr.TaskError
		var stopped *ctcbr.WaitError
		switch {
		case errors.As(one, &failed):
			byTask[failed.Task.ID].fail(failed.Err, one)
		case errors.As(one, &stopped):
			for _, id := range stopped.Pending {
				byTask[id].Result, byTask[id].err = "running", one
			}
		}
	}
	for _, run := range byTask {
		if run.err == nil && run.Result != "completed" {
			run.err = errors.Join(err, errors.New("its task did not complete"))
		}
	}
}

// settle records the last state of a task. It is a success only if the state says so, and the task
// belongs to the plan.
func (r *runView) settle(t taskView) {
	r.Task = &t
	switch {
	case t.Host.ID != "" && t.Host.ID != r.Host.ID, t.Plan != "" && t.Plan != r.Plan.Name:
		r.Result = "unknown"
		r.err = fmt.Errorf("task %s is that of another plan, %s of %s: %w", t.ID, t.Plan, t.Host.String(), ctcbr.ErrOutcomeUnknown)
	case t.Status == string(ctcbr.TaskCompleted):
		r.Result = "completed"
	}
}

func (r *runView) fail(why, err error) {
	r.err = err
	switch {
	case errors.Is(why, ctcbr.ErrCanceled):
		r.Result = "canceled"
	case errors.Is(why, ctcbr.ErrVanished):
		r.Result = "vanished"
	default:
		r.Result = "failed"
	}
}

// reportRuns prints the result of every plan.
func (a *app) reportRuns(ctx context.Context, runs []*runView) error {
	var views []runView
	var failures []error
	done := 0
	for _, run := range runs {
		if run.err == nil {
			done++
		} else {
			run.Error = plainText(run.err)
			failures = append(failures, run.err)
			if run.Result != "running" { // those that continue were reported together
				a.complain("%s: %s", run.title(), plainText(run.err))
			}
		}
		views = append(views, *run)
	}
	terminal.List(a.out, a.format(), a.runColumns(), views)
	a.say("%d of %d plans have completed their copies", done, len(runs))
	if cause := context.Cause(ctx); cause != nil && len(failures) > 0 {
		a.complain("%s", cause)
	}
	return said(errors.Join(failures...))
}
