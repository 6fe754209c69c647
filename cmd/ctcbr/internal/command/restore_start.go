package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// restoring are the flags of "ctcbr restore start".
type restoring struct {
	dir        string
	inPlace    bool
	plan       string
	copy       string
	target     string
	paths      []string
	existing   string
	maxAge     time.Duration
	allowOlder bool
	systemDirs bool
	waiting    waiting
}

const restoreHelp = `Restores the newest copy of the host: to a directory on the same or another host, or in place, which overwrites what is there.
It is an error if the newest copy cannot be used; --allow-older uses the newest one that can be. If a host has copies of several plans, restoring in place needs --plan.
A signal ends the command, but not the restore, which continues at the service.`

var existingModes = map[string]ctcbr.ExistingFileMode{
	"overwrite": ctcbr.ExistingOverwrite, "skip": ctcbr.ExistingSkip, "keep-newer": ctcbr.ExistingKeepNewer,
}

func (a *app) restoreStart() *cobra.Command {
	r := &restoring{}
	cmd := a.leaf("start HOST (--to DIR | --in-place) [flags]", "Restore the newest copy of a host, and wait until that is done", restoreHelp,
		cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
			if err := r.check(a); err != nil {
				return err
			}
			return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return a.restore(ctx, client, r, args[0]) })
		})
	flags := cmd.Flags()
	flags.StringVar(&r.dir, "to", "", a.t("restore to this `directory`"))
	flags.BoolVar(&r.inPlace, "in-place", false, a.t("restore to the original paths, and overwrite what is there"))
	flags.StringVar(&r.plan, "plan", "", a.t("the copy of the plan with this `name-or-ID`"))
	flags.StringVar(&r.copy, "copy", "", a.t("the copy with this `ID`, instead of the newest"))
	flags.StringVar(&r.target, "target", "", a.t("restore to this `host`, instead of the one that was backed up"))
	flags.StringArrayVar(&r.paths, "path", nil, a.t("restore only this `path`; may be given up to ten times"))
	flags.StringVar(&r.existing, "existing", "overwrite", a.t("what to do with existing files: overwrite, skip or keep-newer"))
	flags.DurationVar(&r.maxAge, "max-age", 0, a.t("refuse a copy that is older than this `time`, such as 26h"))
	flags.BoolVar(&r.allowOlder, "allow-older", false, a.t("take an older copy if the newest cannot be used"))
	flags.BoolVar(&r.systemDirs, "system-dirs", false, a.t("also restore system directories, in place"))
	r.waiting.define(a, cmd, 24*time.Hour)
	cmd.ValidArgsFunction = a.completeHosts
	_ = cmd.RegisterFlagCompletionFunc("target", a.completeHosts)
	_ = cmd.RegisterFlagCompletionFunc("plan", a.completePlans)
	_ = cmd.RegisterFlagCompletionFunc("existing", cobra.FixedCompletions([]string{"overwrite", "skip", "keep-newer"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (r *restoring) check(a *app) error {
	_, known := existingModes[r.existing]
	switch {
	case (r.dir != "") == r.inPlace:
		return a.wrong("give either --to with a directory, or --in-place")
	case !known:
		return a.wrong("--existing must be overwrite, skip or keep-newer, is %q", r.existing)
	case r.copy != "" && (r.plan != "" || r.maxAge != 0 || r.allowOlder):
		return a.wrong("--copy selects the copy: it excludes --plan, --max-age and --allow-older")
	case r.maxAge < 0:
		return a.wrong("--max-age must be positive")
	case len(r.paths) > 10:
		return a.wrong("--path may be given up to ten times")
	case r.systemDirs && !r.inPlace:
		return a.wrong("--system-dirs requires --in-place")
	}
	return r.waiting.check(a)
}

// restore finds the hosts, restores, and shows the restore.
func (a *app) restore(ctx context.Context, client *ctcbr.Client, r *restoring, name string) error {
	host, err := a.findBackedUp(ctx, client, name)
	if err != nil {
		return err
	}
	req := r.request(host)
	if r.target != "" {
		target, err := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: r.target, Sources: a.sources()})
		if err != nil {
			return err
		}
		if !target.Active() {
			return a.failed("the host %s has no active agent, and cannot be restored to", printable(target.Name))
		}
		req.TargetID = target.ID
	}
	if err := a.choosePlan(ctx, client, r, host, req); err != nil {
		return err
	}
	progress := a.restoreProgress(host)
	opts := a.waitOptions(&r.waiting, progress, ctcbr.WaitSource(host.SourceType))
	var restored *ctcbr.Restore
	if r.copy != "" {
		restored, err = a.restoreCopy(ctx, client, r.copy, req, opts)
	} else {
		restored, err = client.Restores.Newest(ctx, req, opts...)
	}
	progress.Done()
	if shown := a.endedRestore(restored, host.SourceType, err); len(shown) > 0 {
		terminal.Item(a.out, a.format(), a.restoreColumns(), shown[0])
	}
	return a.goesOn(err, "restore", host.SourceType)
}

func (r *restoring) request(host ctcbr.Host) *ctcbr.RestoreNewestRequest {
	req := &ctcbr.RestoreNewestRequest{
		HostID: host.ID, SourceType: host.SourceType, TargetDir: r.dir, InPlace: r.inPlace, MaxAge: r.maxAge, AllowOlder: r.allowOlder,
		ExistingFiles: ctcbr.Ptr(existingModes[r.existing]), Paths: r.paths,
	}
	if len(r.paths) > 0 {
		req.Scope = ctcbr.Ptr(ctcbr.RestoreOnly)
	}
	if r.systemDirs {
		req.IncludeSystemDirs = ctcbr.Ptr(true)
	}
	return req
}

// choosePlan sets the plan of the request: by its ID if there is such a plan, or else by its name, which
// also finds the copies of a plan that no longer exists.
func (a *app) choosePlan(ctx context.Context, client *ctcbr.Client, r *restoring, host ctcbr.Host, req *ctcbr.RestoreNewestRequest) error {
	if r.plan == "" {
		return nil
	}
	for p, err := range client.Plans.All(ctx, &ctcbr.ListPlansRequest{HostID: host.ID, SourceType: host.SourceType}) {
		if err != nil {
			return err
		}
		if p.ID == r.plan {
			req.PlanID = p.ID
			return nil
		}
	}
	req.PlanName = r.plan
	return nil
}

// findBackedUp finds the host that was backed up. A host that no longer exists is found by its copies.
func (a *app) findBackedUp(ctx context.Context, client *ctcbr.Client, name string) (ctcbr.Host, error) {
	host, notFound := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: name, Sources: a.sources()})
	if notFound == nil {
		return *host, nil
	}
	if !errors.Is(notFound, ctcbr.ErrNotFound) {
		return ctcbr.Host{}, notFound
	}
	gone := make(map[string]ctcbr.Host)
	for _, source := range a.sources() {
		for c, err := range client.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{SourceType: source}) {
			if err != nil {
				return ctcbr.Host{}, err
			}
			if c.HostID == name || c.HostName == name {
				gone[c.HostID] = ctcbr.Host{ID: c.HostID, Name: c.HostName, SourceType: source}
			}
		}
	}
	var hosts []ctcbr.Host
	for _, h := range gone {
		hosts = append(hosts, h)
	}
	if len(hosts) == 0 {
		return ctcbr.Host{}, notFound
	}
	return pick(a, "host", name, hosts, func(h ctcbr.Host) candidate {
		return candidate{h.ID, []string{h.Name}, h.Name + " " + string(h.SourceType)}
	})
}

// restoreCopy restores the copy with an ID.
func (a *app) restoreCopy(ctx context.Context, client *ctcbr.Client, id string, newest *ctcbr.RestoreNewestRequest, opts []ctcbr.WaitOption) (*ctcbr.Restore, error) {
	c, err := client.Snapshots.Get(ctx, &ctcbr.GetSnapshotRequest{ID: id, SourceType: newest.SourceType})
	if err != nil {
		return nil, err
	}
	if c.HostID != newest.HostID {
		return nil, a.failed("the copy %s is one of %s", printable(id), printable(named{c.HostID, c.HostName}.String()))
	}
	started, err := client.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{
		SnapshotID: c.ID, SourceType: newest.SourceType, TargetID: newest.TargetID, TargetDir: newest.TargetDir,
		ExistingFiles: newest.ExistingFiles, Scope: newest.Scope, Paths: newest.Paths, IncludeSystemDirs: newest.IncludeSystemDirs,
	})
	if err != nil {
		return nil, err
	}
	return client.Restores.Wait(ctx, started.ID, opts...)
}

// restoreProgress shows a restore whose ID is not known yet.
func (a *app) restoreProgress(host ctcbr.Host) *terminal.Progress {
	return a.progress(map[string]string{"": a.f("restore of %s", named{host.ID, host.Name}.String())})
}
