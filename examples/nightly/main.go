// Command nightly gives hosts, by name or ID, a nightly backup. It can run again at any time, also
// after a crash: it checks what there is, and changes only what differs.
//
//	nightly [-dry-run] HOST...
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	dry := flag.Bool("dry-run", false, "say what would be done")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Keys and region come from the environment, or from ~/.ctyun/config.json.
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cmp.Or(os.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultEndpoint)))
	if err == nil {
		err = protect(ctx, client, os.Stdout, flag.Args(), *dry)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// protect continues with the hosts that succeed at each step, and joins the errors of the others: one
// mistyped name does not stop the other hosts.
func protect(ctx context.Context, client *ctcbr.Client, out io.Writer, names []string, dry bool) error {
	vault, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
	if err != nil {
		return err
	}
	hosts, missing := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: names})
	ready, down := client.Agents.Ensure(ctx, hosts, ctcbr.DryRun(dry), ctcbr.WaitAtMost(15*time.Minute))
	if dry {
		ready = hosts // also those that would get an agent first
	}
	changes, failed := client.Plans.EnsureAll(ctx, ready, &ctcbr.CreatePlanRequest{
		Name:      "nightly",
		StorageID: vault.ID,
		Files:     ctcbr.BackUpDirs("/etc", "/var/lib"),
		Schedule:  ctcbr.Daily(2),
		Retention: ctcbr.KeepDays(30),
		Limits:    ctcbr.LimitUpload(9, 18, 10), // MB/s in working hours
	}, ctcbr.DryRun(dry))
	for _, change := range changes {
		fmt.Fprintln(out, change)
	}
	return errors.Join(missing, down, failed)
}
