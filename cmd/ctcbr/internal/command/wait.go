package command

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// waiting are the flags of commands that wait.
type waiting struct {
	atMost time.Duration
}

func (w *waiting) define(a *app, cmd *cobra.Command, atMost time.Duration) {
	cmd.Flags().DurationVar(&w.atMost, "at-most", atMost, a.t("wait no longer than this `time`; the job itself continues"))
}

func (w *waiting) check(a *app) error {
	if w.atMost <= 0 {
		return a.wrong("--at-most must be positive")
	}
	return nil
}

// options returns the options of a wait that shows its progress.
func (a *app) waitOptions(w *waiting, progress *terminal.Progress, more ...ctcbr.WaitOption) []ctcbr.WaitOption {
	opts := []ctcbr.WaitOption{ctcbr.WaitProgress(progress.Report)}
	if w.atMost > 0 {
		opts = append(opts, ctcbr.WaitAtMost(w.atMost))
	}
	if a.Poll > 0 {
		opts = append(opts, ctcbr.WaitInterval(a.Poll, a.Poll))
	}
	return append(opts, more...)
}

// progress shows the progress of items, whose names are given by ID.
func (a *app) progress(names map[string]string) *terminal.Progress {
	return a.progressIn(names, a.words)
}

// orderProgress is that of orders, whose states are numbers.
func (a *app) orderProgress(names map[string]string) *terminal.Progress {
	return a.progressIn(names, func(text string) string {
		if number.MatchString(text) {
			return a.t(orderWords(ctcbr.OrderStatus(text)))
		}
		return a.t(text)
	})
}

var number = regexp.MustCompile(`^-?[0-9]+$`)

func (a *app) progressIn(names map[string]string, words func(string) string) *terminal.Progress {
	door := a.err
	if a.given.quiet || a.given.verbose && a.err.IsTerminal() {
		door = nil
	}
	return terminal.NewProgress(door, names, words)
}

func (a *app) wait() *cobra.Command {
	return a.group("wait", "Wait for running jobs", a.waitTask(), a.waitRestore(), a.waitOrder(), a.waitAgent())
}

// waitCommand returns a command that waits for some IDs.
func (a *app) waitCommand(use, short string, wait func(context.Context, *ctcbr.Client, *waiting, []string) error) *cobra.Command {
	var w waiting
	cmd := a.leaf(use, short, "", cobra.MinimumNArgs(1), func(ctx context.Context, ids []string) error {
		if err := w.check(a); err != nil {
			return err
		}
		return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return wait(ctx, client, &w, unique(ids)) })
	})
	w.define(a, cmd, 24*time.Hour)
	return cmd
}

func (a *app) waitTask() *cobra.Command {
	return a.waitCommand("task ID... [flags]", "Wait until backup tasks have ended", func(ctx context.Context, client *ctcbr.Client, w *waiting, ids []string) error {
		bySource, err := a.sourcesOf(ctx, ids, func(source ctcbr.SourceType, id string) error {
			_, err := client.Tasks.Get(ctx, &ctcbr.GetTaskRequest{ID: id, SourceType: source})
			return err
		})
		if err != nil {
			return err
		}
		ended, err := a.waitTasks(ctx, client, w, bySource, nil)
		terminal.List(a.out, a.format(), a.taskColumns(), ended)
		return err
	})
}

// waitTasks waits for tasks, grouped by the kind of their hosts.
func (a *app) waitTasks(ctx context.Context, client *ctcbr.Client, w *waiting, bySource map[ctcbr.SourceType][]string, names map[string]string) ([]taskView, error) {
	if names == nil {
		names = namesOf(bySource)
	}
	progress := a.progress(names)
	defer progress.Done()
	return inEach(kinds, func(source ctcbr.SourceType) ([]taskView, error) {
		ids := bySource[source]
		if len(ids) == 0 {
			return nil, nil
		}
		tasks, err := client.Tasks.WaitAll(ctx, ids, a.waitOptions(w, progress, ctcbr.WaitSource(source))...)
		var ended []taskView
		for _, task := range tasks {
			ended = append(ended, viewTask(sourced[ctcbr.Task]{item: task, source: source}))
		}
		return ended, a.goesOn(err, "task", source)
	})
}

func (a *app) waitRestore() *cobra.Command {
	return a.waitCommand("restore ID... [flags]", "Wait until restores have ended", func(ctx context.Context, client *ctcbr.Client, w *waiting, ids []string) error {
		bySource, err := a.sourcesOf(ctx, ids, func(source ctcbr.SourceType, id string) error {
			_, err := client.Restores.Get(ctx, &ctcbr.GetRestoreRequest{ID: id, SourceType: source})
			return err
		})
		if err != nil {
			return err
		}
		progress := a.progress(namesOf(bySource))
		ended, err := inEach(ids, func(id string) ([]restoreView, error) {
			source := sourceOf(bySource, id)
			restore, err := client.Restores.Wait(ctx, id, a.waitOptions(w, progress, ctcbr.WaitSource(source))...)
			return a.endedRestore(restore, source, err), a.goesOn(err, "restore", source)
		})
		progress.Done()
		terminal.List(a.out, a.format(), a.restoreColumns(), ended)
		return err
	})
}

// endedRestore returns the last state of a restore, even if it failed.
func (a *app) endedRestore(restore *ctcbr.Restore, source ctcbr.SourceType, err error) []restoreView {
	var failed *ctcbr.RestoreError
	switch {
	case errors.As(err, &failed):
		return []restoreView{viewRestore(sourced[ctcbr.Restore]{item: failed.Restore, source: source})}
	case err == nil:
		return []restoreView{viewRestore(sourced[ctcbr.Restore]{item: *restore, source: source})}
	}
	return nil
}

func (a *app) waitOrder() *cobra.Command {
	unsubscribe := false
	cmd := a.waitCommand("order ID... [flags]", "Wait until orders are done", func(ctx context.Context, client *ctcbr.Client, w *waiting, ids []string) error {
		progress := a.orderProgress(selfNamed(ids))
		var more []ctcbr.WaitOption
		if unsubscribe {
			more = append(more, ctcbr.WaitUnsubscribing())
		}
		ended, err := inEach(ids, func(id string) ([]orderView, error) {
			order, err := client.Orders.Wait(ctx, id, a.waitOptions(w, progress, more...)...)
			if err != nil {
				return nil, a.goesOn(err, "order", "")
			}
			return []orderView{viewOrder(id, order)}, nil
		})
		progress.Done()
		terminal.List(a.out, a.format(), a.orderColumns(), ended)
		return err
	})
	cmd.Flags().BoolVar(&unsubscribe, "unsubscribing", false, a.t("the orders are unsubscriptions"))
	return cmd
}

func (a *app) waitAgent() *cobra.Command {
	cmd := a.waitCommand("agent HOST... [flags]", "Wait until the agents of hosts are active", func(ctx context.Context, client *ctcbr.Client, w *waiting, names []string) error {
		hosts, err := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: names, Sources: a.sources()})
		if err != nil {
			return err
		}
		ids := make(map[string]string)
		for _, host := range hosts {
			ids[host.ID] = host.Name
		}
		progress := a.progress(ids)
		ended, err := inEach(hosts, func(host ctcbr.Host) ([]hostView, error) {
			agent, err := client.Agents.WaitActivated(ctx, host.ID, a.waitOptions(w, progress)...)
			if err != nil {
				return nil, a.goesOn(err, "agent", "")
			}
			host.Agent = agent
			return []hostView{viewHost(host)}, nil
		})
		progress.Done()
		terminal.List(a.out, a.format(), a.hostResource().columns, ended)
		return err
	})
	cmd.ValidArgsFunction = a.completeHosts
	return cmd
}

// goesOn adds to the error of a wait that ended early what continues, and how to wait for it again.
func (a *app) goesOn(err error, what string, source ctcbr.SourceType) error {
	var stopped *ctcbr.WaitError
	if !errors.As(err, &stopped) || len(stopped.Pending) == 0 {
		return err
	}
	words := append([]string{"wait", what}, stopped.Pending...)
	if source != "" {
		words = append(words, "--source", string(source))
	}
	a.complain("it continues; wait for it again with: %s", a.commandLine(words...))
	return err
}

// sourcesOf finds the kind of host of each job. A job that is not listed counts as one of the first
// kind.
func (a *app) sourcesOf(ctx context.Context, ids []string, get func(ctcbr.SourceType, string) error) (map[ctcbr.SourceType][]string, error) {
	sources := a.sources()
	found := make(map[ctcbr.SourceType][]string)
	for _, id := range ids {
		of := sources[0]
		for _, source := range sources {
			if len(sources) == 1 {
				break
			}
			err := get(source, id)
			if err == nil {
				of = source
				break
			}
			if !errors.Is(err, ctcbr.ErrNotFound) {
				return nil, err
			}
		}
		found[of] = append(found[of], id)
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
	}
	return found, nil
}

func sourceOf(bySource map[ctcbr.SourceType][]string, id string) ctcbr.SourceType {
	for source, ids := range bySource {
		for _, one := range ids {
			if one == id {
				return source
			}
		}
	}
	return ctcbr.SourceECS
}

func namesOf(bySource map[ctcbr.SourceType][]string) map[string]string {
	var all []string
	for _, ids := range bySource {
		all = append(all, ids...)
	}
	return selfNamed(all)
}

func selfNamed(ids []string) map[string]string {
	names := make(map[string]string)
	for _, id := range ids {
		names[id] = id
	}
	return names
}
