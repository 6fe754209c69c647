// Command monitor reports what is protected and what is not. It exits with status 1 if anything is
// not, and with 2 if it cannot find out.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	// Keys and region come from the environment, or from ~/.ctyun/config.json.
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cmp.Or(os.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultEndpoint)))
	gaps := 0
	if err == nil {
		gaps, err = monitor(ctx, client, os.Stdout)
	}
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case gaps > 0:
		os.Exit(1)
	}
}

// monitor reads the hosts of all kinds, their plans, tasks and copies, and the vaults.
func monitor(ctx context.Context, client *ctcbr.Client, out io.Writer) (gaps int, err error) {
	state, err := client.Protection(ctx, &ctcbr.ProtectionRequest{
		MinFree: 0.1,                 // of each vault
		MinTime: 14 * 24 * time.Hour, // until a vault expires
	})
	if err != nil {
		return 0, err
	}
	for _, host := range state.Hosts {
		for _, p := range host.Plans {
			fmt.Fprintf(out, "%s %s: newest copy %s, last run %s, next run %s\n",
				host.Host.Name, p.Plan.Name, p.NewestAt(), p.Outcome(), p.NextRun)
		}
	}
	for _, gap := range state.Gaps {
		fmt.Fprintln(out, gap) // db-01 nightly last run failed: 2026-11-24 02:00:00: Failed disk full
	}
	return len(state.Gaps), nil
}
