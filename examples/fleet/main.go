// Command fleet runs every active plan of a region now and waits for all of them, with one request
// per poll however many there are.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Keys and region come from the environment, or from ~/.ctyun/config.json.
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cmp.Or(os.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultEndpoint)))
	if err == nil {
		err = backUp(ctx, client, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// backUp runs every plan. Its error joins those of the plans that have not completed a copy.
func backUp(ctx context.Context, client *ctcbr.Client, out io.Writer) error {
	var ids []string
	var failures []error
	for plan, err := range client.Plans.All(ctx, &ctcbr.ListPlansRequest{Status: ctcbr.PlanActive}) {
		if err != nil {
			return err
		}
		// A run is sent once: after ErrOutcomeUnknown it may be going on all the same.
		run, err := client.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: plan.ID, SourceType: plan.SourceType})
		if err != nil {
			failures = append(failures, fmt.Errorf("%s of %s: %w", plan.Name, plan.HostName, err))
			continue
		}
		ids = append(ids, run.TaskID)
	}
	states := make(map[string]string)
	tasks, err := client.Tasks.WaitAll(ctx, ids, ctcbr.WaitProgress(func(p ctcbr.Progress) {
		if states[p.ID] != p.State {
			states[p.ID] = p.State
			fmt.Fprintln(out, p.ID, p.State, p.Percent)
		}
	}))
	for _, task := range tasks {
		fmt.Fprintf(out, "%s of %s: %s, %d files, copy %s\n", task.PlanName, task.HostName, task.Status, task.FileCount, task.SnapshotID)
	}
	return errors.Join(append(failures, err)...)
}
