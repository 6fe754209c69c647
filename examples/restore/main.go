// Command restore brings the files of a snapshot back to a host and waits until
// that is done.
//
//	restore -host HOST-ID -to DIR               the newest snapshot of a host, to a directory
//	restore -snapshot SNAPSHOT-ID -to DIR       a certain snapshot
//	restore -host HOST-ID -in-place -yes        over the live data, to where the files came from
//	restore -host HOST-ID -to DIR -target HOST-ID   to another host
//
// Files that exist are overwritten unless -existing says otherwise. Without -yes
// nothing is restored in place. A restore is sent once only: if it stays unknown
// whether the service took it, the program shows the restores that may be it. An
// interrupt ends the program, not the restore, which goes on at the service.
//
// The exit status is 0 only if everything was restored, 1 if something failed, and
// 2 if the arguments are wrong.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, env *cli.Env) int {
	r := &restore{env: env}
	flags := env.Flags("restore", "[flags] (-host HOST-ID | -snapshot SNAPSHOT-ID) (-to DIR | -in-place -yes)",
		"Brings the files of a snapshot back to a host and waits until that is done.")
	flags.StringVar(&r.host, "host", "", "restore the newest snapshot of the host with this `ID`")
	flags.StringVar(&r.snapshot, "snapshot", "", "restore the snapshot with this `ID`")
	flags.StringVar(&r.dir, "to", "", "`directory` of the host to restore to")
	flags.BoolVar(&r.inPlace, "in-place", false, "restore over the live data, to where the files came from")
	flags.BoolVar(&r.yes, "yes", false, "confirm -in-place")
	flags.StringVar(&r.target, "target", "", "restore to the host with this `ID` instead of the one that was backed up")
	existing := flags.String("existing", "overwrite", "`what` to do with files that exist: overwrite, skip or keep-newer")
	cli.Source(flags, &r.source)
	cli.Duration(flags, &r.atMost, "at-most", 24*time.Hour, "wait no longer than this `time`; the restore goes on")
	if status, ok := env.Parse(flags, args); !ok {
		return status
	}
	mode, known := existingModes[*existing]
	r.existing = mode
	if problem := r.problem(); problem != "" {
		return env.BadUsage("%s", problem)
	}
	switch {
	case !known:
		return env.BadUsage("-existing must be overwrite, skip or keep-newer, is %q", *existing)
	case flags.NArg() > 0:
		return env.BadUsage("unexpected argument %q", flags.Arg(0))
	}
	client, err := env.NewClient()
	if err != nil {
		return env.Exit(ctx, err)
	}
	defer client.Close()
	r.client = client
	return env.Exit(ctx, r.do(ctx))
}

var existingModes = map[string]ctcbr.ExistingFileMode{
	"overwrite": ctcbr.ExistingOverwrite, "skip": ctcbr.ExistingSkip, "keep-newer": ctcbr.ExistingKeepNewer,
}

type restore struct {
	env    *cli.Env
	client *ctcbr.Client

	host, snapshot string
	dir, target    string
	inPlace, yes   bool
	existing       ctcbr.ExistingFileMode
	source         ctcbr.SourceType
	atMost         time.Duration
}

// problem says what is wrong with the flags. An empty -to, as a script may come to
// give, must never end in a restore over live data.
func (r *restore) problem() string {
	toDir := strings.TrimSpace(r.dir) != ""
	switch {
	case (r.host == "") == (r.snapshot == ""):
		return "give either -host or -snapshot"
	case toDir == r.inPlace:
		return "give either a directory with -to, or -in-place"
	case r.inPlace && !r.yes:
		return "-in-place overwrites the live data of the host: add -yes if that is meant"
	}
	return ""
}

func (r *restore) do(ctx context.Context) error {
	progress := r.env.NewProgress()
	wait := r.env.WaitOptions(
		ctcbr.WaitSource(r.source), ctcbr.WaitAtMost(r.atMost), ctcbr.WaitProgress(progress.Report))
	restored, err := r.carryOut(ctx, wait)
	progress.Done()
	var stopped *ctcbr.WaitError
	switch {
	case errors.Is(err, ctcbr.ErrOutcomeUnknown):
		r.env.Complain("no usable answer came; looking for the restore, for 30 seconds at most")
		r.showCandidates(context.WithoutCancel(ctx))
		return err
	case errors.As(err, &stopped):
		r.env.Complain("restore %s goes on, but it is no longer waited for", strings.Join(stopped.Pending, ", "))
		return err
	case err != nil:
		return err
	}
	fmt.Fprintf(r.env.Stdout, "restored %d files of snapshot %s (%s) to host %s: %s\n", restored.FileCount,
		cli.Clean(restored.SnapshotName), restored.SnapshotID,
		cmp.Or(cli.Clean(restored.TargetName), restored.TargetID), cmp.Or(r.dir, "where they came from"))
	return nil
}

// carryOut restores the newest snapshot of the host or the one that was named.
func (r *restore) carryOut(ctx context.Context, wait []ctcbr.WaitOption) (*ctcbr.Restore, error) {
	if r.host != "" {
		return r.client.Restores.Newest(ctx, &ctcbr.RestoreNewestRequest{
			HostID: r.host, TargetID: r.target, TargetDir: r.dir, InPlace: r.inPlace, ExistingFiles: &r.existing, SourceType: r.source,
		}, wait...)
	}
	created, err := r.client.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{
		SnapshotID: r.snapshot, TargetID: r.target, TargetDir: r.dir, ExistingFiles: &r.existing, SourceType: r.source,
	})
	if err != nil {
		return nil, err
	}
	return r.client.Restores.Wait(ctx, created.ID, wait...)
}

// showCandidates shows the restores under way that may be the one of unknown outcome.
func (r *restore) showCandidates(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	found := false
	request := &ctcbr.ListRestoresRequest{HostID: r.host, Query: r.snapshot, SourceType: r.source}
	for each, err := range r.client.Restores.All(ctx, request) {
		if err != nil {
			r.env.Complain("looking for the restore: %s", err)
			return
		}
		if each.Done.IsZero() {
			found = true
			r.env.Complain("this may be it: restore %s of snapshot %s, begun %s, %s", each.ID, each.SnapshotID, each.Started, cli.Clean(string(each.Status)))
		}
	}
	if !found {
		r.env.Complain("no such restore is under way at the moment; look again before you restore once more")
	}
}
