// Command drill restores the newest copy of a host to another host, and fails unless the copy is
// recent and complete. A backup that was never restored is not a backup: run it every week.
//
//	drill FROM TO
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Keys and region come from the environment, or from ~/.ctyun/config.json.
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cmp.Or(os.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultEndpoint)))
	switch {
	case err != nil:
	case len(os.Args) != 3:
		err = errors.New("usage: drill FROM TO")
	default:
		err = drill(ctx, client, os.Stdout, os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func drill(ctx context.Context, client *ctcbr.Client, out io.Writer, fromName, toName string) error {
	from, err := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: fromName})
	if err != nil {
		return err
	}
	to, err := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: toName})
	if err != nil {
		return err
	}
	began := time.Now()
	restored, err := client.Restores.Newest(ctx, &ctcbr.RestoreNewestRequest{
		HostID: from.ID, SourceType: from.SourceType, PlanName: "nightly",
		MaxAge:   26 * time.Hour, // an older copy is an error
		TargetID: to.ID, TargetDir: "/restored",
	}, ctcbr.WaitAtMost(6*time.Hour))
	if err != nil {
		return err
	}
	copied, err := client.Snapshots.Get(ctx, &ctcbr.GetSnapshotRequest{ID: restored.SnapshotID, SourceType: from.SourceType})
	if err != nil {
		return err
	}
	if restored.FileCount == 0 {
		return fmt.Errorf("the restore %s is completed, and has restored no file", restored.ID)
	}
	fmt.Fprintf(out, "%s of %s, %s: %d files are back in %s:/restored after %s\n", copied.Name, from.Name, copied.Created,
		restored.FileCount, to.Name, time.Since(began).Round(time.Second))
	return nil
}
