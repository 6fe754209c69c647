// Command backup runs backup plans now and waits until all of them are done. It is
// made for cron: its exit status is 0 only if every plan has made its copy.
//
//	backup PLAN-ID...        these plans, also those that are stopped
//	backup -host HOST-ID     the active plans of a host
//	backup -all              every active plan of the region
//
// However many plans run, one request a look follows them all. On a terminal the
// progress is one line that rewrites itself, in a log a line for each change. A run
// is sent once only: if it stays unknown whether the service took it, the program
// looks for a new task of the plan, and says so if there is none. An interrupt ends
// the program, not the backups, which go on at the service.
//
// The exit status is 1 if a plan failed, and 2 if the arguments are wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, env *cli.Env) int {
	b := &backup{env: env}
	flags := env.Flags("backup", "[flags] PLAN-ID... | -host HOST-ID | -all",
		"Runs backup plans now and waits until all of them are done.")
	flags.StringVar(&b.host, "host", "", "run the active plans of the host with this `ID`")
	flags.BoolVar(&b.all, "all", false, "run every active plan of the region")
	flags.BoolVar(&b.full, "full", false, "make full copies instead of incremental ones")
	cli.Source(flags, &b.source)
	cli.Duration(flags, &b.atMost, "at-most", 24*time.Hour, "wait no longer than this `time`; the backups go on")
	if status, ok := env.Parse(flags, args); !ok {
		return status
	}
	b.ids = flags.Args()
	ways := 0
	for _, given := range []bool{len(b.ids) > 0, b.host != "", b.all} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return env.BadUsage("give the IDs of plans, or -host, or -all")
	}
	client, err := env.NewClient()
	if err != nil {
		return env.Exit(ctx, err)
	}
	defer client.Close()
	b.client = client
	return env.Exit(ctx, b.do(ctx))
}

type backup struct {
	env    *cli.Env
	client *ctcbr.Client

	ids       []string
	host      string
	all, full bool
	source    ctcbr.SourceType
	atMost    time.Duration
}

// job is one plan to run, and what became of it.
type job struct {
	plan   ctcbr.Plan
	taskID string
	task   ctcbr.Task
	err    error
}

func (b *backup) do(ctx context.Context) error {
	jobs, err := b.choose(ctx)
	if err != nil {
		return err
	}
	old, err := b.tasks(ctx)
	if err != nil {
		return err
	}
	b.start(ctx, jobs)
	if err := b.findUnknown(ctx, jobs, old); err != nil {
		b.env.Complain("looking for runs of unknown outcome: %s", err)
	}
	distinguish(jobs)
	b.wait(ctx, jobs)
	return b.summarize(ctx, jobs)
}

// choose finds the plans to run, in one request.
func (b *backup) choose(ctx context.Context) ([]*job, error) {
	plans := make(map[string]ctcbr.Plan)
	for plan, err := range b.client.Plans.All(ctx, &ctcbr.ListPlansRequest{HostID: b.host, SourceType: b.source}) {
		if err != nil {
			return nil, err
		}
		plans[plan.ID] = plan
		active := plan.Status == ctcbr.PlanActive
		if active && (b.all || b.host != "" && plan.HostID == b.host) {
			b.ids = append(b.ids, plan.ID)
		}
	}
	var jobs []*job
	chosen := make(map[string]bool)
	for _, id := range b.ids {
		if chosen[id] {
			continue
		}
		chosen[id] = true
		each := &job{plan: plans[id]}
		if each.plan.ID == "" {
			each.plan = ctcbr.Plan{ID: id, Name: id}
			each.err = fmt.Errorf("there is no such plan: %w", ctcbr.ErrNotFound)
		}
		jobs = append(jobs, each)
	}
	if len(jobs) == 0 {
		return nil, errors.New("there is no active plan to run")
	}
	return jobs, nil
}

// tasks lists the tasks that there are, so that new ones can be told from them.
func (b *backup) tasks(ctx context.Context) (map[string]ctcbr.Task, error) {
	tasks := make(map[string]ctcbr.Task)
	for task, err := range b.client.Tasks.All(ctx, &ctcbr.ListTasksRequest{HostID: b.host, SourceType: b.source}) {
		if err != nil {
			return nil, err
		}
		tasks[task.ID] = task
	}
	return tasks, nil
}

func (b *backup) start(ctx context.Context, jobs []*job) {
	req := &ctcbr.OperatePlanRequest{SourceType: b.source}
	if b.full {
		req.Mode = ctcbr.Ptr(ctcbr.BackupFull)
	}
	for _, each := range jobs {
		if each.err != nil {
			continue
		}
		if each.err = ctx.Err(); each.err != nil {
			continue
		}
		req.ID = each.plan.ID
		started, err := b.client.Plans.Run(ctx, req)
		if err != nil {
			each.err = err
			continue
		}
		each.taskID = started.TaskID
	}
}

// findUnknown looks for the tasks of runs whose outcome is unknown: a plan has made
// one that was not there before.
func (b *backup) findUnknown(ctx context.Context, jobs []*job, old map[string]ctcbr.Task) error {
	taken := make(map[string]bool)
	var unknown []*job
	for _, each := range jobs {
		taken[each.taskID] = true
		if errors.Is(each.err, ctcbr.ErrOutcomeUnknown) {
			unknown = append(unknown, each)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	_, err := b.env.LookFor(ctx, func() (bool, error) {
		now, err := b.tasks(ctx)
		for _, task := range now {
			if _, was := old[task.ID]; was || taken[task.ID] {
				continue
			}
			i := slices.IndexFunc(unknown, func(each *job) bool {
				return each.plan.HostID == task.HostID && each.plan.Name == task.PlanName
			})
			if i < 0 {
				continue
			}
			fmt.Fprintf(b.env.Stdout, "%s: no answer came, but there is a new task %s\n", unknown[i].name(), task.ID)
			taken[task.ID] = true
			unknown[i].taskID, unknown[i].err = task.ID, nil
			unknown = slices.Delete(unknown, i, i+1)
		}
		return len(unknown) == 0, err
	})
	return err
}

// distinguish refuses a task that the runs of several plans named: it can be the copy of one of them
// at most.
func distinguish(jobs []*job) {
	plans := make(map[string]int)
	for _, each := range jobs {
		plans[each.taskID]++
	}
	for _, each := range jobs {
		if each.taskID != "" && plans[each.taskID] > 1 {
			each.err = fmt.Errorf("task %s was named for %d plans: %w", each.taskID, plans[each.taskID], ctcbr.ErrOutcomeUnknown)
			each.taskID = ""
		}
	}
}

// wait waits for all tasks at once.
func (b *backup) wait(ctx context.Context, jobs []*job) {
	progress := b.env.NewProgress()
	running := make(map[string]*job)
	var ids []string
	for _, each := range jobs {
		if each.taskID != "" {
			progress.Name(each.taskID, each.name())
			running[each.taskID] = each
			ids = append(ids, each.taskID)
		}
	}
	tasks, err := b.client.Tasks.WaitAll(ctx, ids, b.env.WaitOptions(
		ctcbr.WaitSource(b.source), ctcbr.WaitAtMost(b.atMost), ctcbr.WaitProgress(progress.Report))...)
	progress.Done()
	for _, task := range tasks {
		running[task.ID].task = task
		if task.Status != ctcbr.TaskCompleted {
			running[task.ID].err = fmt.Errorf("task %s did not complete", task.ID)
		}
	}
	cli.EachError(err, func(err error) {
		var ended *ctcbr.TaskError
		var stopped *ctcbr.WaitError
		switch {
		case errors.As(err, &ended):
			running[ended.Task.ID].err = err
		case errors.As(err, &stopped):
			for _, id := range stopped.Pending {
				running[id].err = fmt.Errorf("task %s goes on, but it is no longer waited for: %w", id, stopped.Err)
			}
		}
	})
}

// summarize tells what became of every plan.
func (b *backup) summarize(ctx context.Context, jobs []*job) error {
	rows := [][]string{{"PLAN", "HOST", "RESULT", "FILES", "TOOK", "SNAPSHOT"}}
	done := 0
	for _, each := range jobs {
		rows = append(rows, each.row())
		if each.err == nil {
			done++
			continue
		}
		b.env.Complain("%s: %s", each.name(), each.err)
	}
	cli.Table(b.env.Stdout, rows)
	fmt.Fprintf(b.env.Stdout, "%d of %d plans backed up\n", done, len(jobs))
	switch {
	case done == len(jobs):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%d of %d plans were not backed up", len(jobs)-done, len(jobs))
}

func (j *job) name() string {
	if j.plan.HostName == "" {
		return j.plan.Name
	}
	return j.plan.Name + " of " + j.plan.HostName
}

func (j *job) row() []string {
	row := []string{cli.Short(j.plan.Name, 32), cli.Short(j.plan.HostName, 32), j.result(), "", "", ""}
	if j.err == nil {
		took := j.task.Done.Time().Sub(j.task.Started.Time())
		row[3], row[4], row[5] = strconv.Itoa(j.task.FileCount), took.Round(time.Second).String(), j.task.SnapshotID
	}
	return row
}

func (j *job) result() string {
	var stopped *ctcbr.TaskError
	switch {
	case j.err == nil:
		return "backed up"
	case errors.Is(j.err, ctcbr.ErrOutcomeUnknown):
		return "unknown, not run again"
	case errors.As(j.err, &stopped):
		return stopped.Err.Error()
	case j.taskID != "":
		return "still running"
	case errors.Is(j.err, context.Canceled):
		return "not run"
	}
	return "failed"
}
