// Command quickstart runs a whole backup with the SDK: it activates the service, orders a vault,
// installs an agent, creates a plan, runs it, restores the snapshot, and cleans up. Each step is
// verified.
//
// It runs against a fake cloud in the same process and needs no account. With -live it only reads,
// from the real service, with the keys and the region in CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID. It
// never spends money.
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
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: quickstart [-live]\n\nRuns a whole backup and restore, against a fake cloud in this process.\n\n")
		flags.PrintDefaults()
	}
	live := flags.Bool("live", false, "make read calls alone, against the real service; keys and region come from\nCTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, or from ~/.ctyun/config.json")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "quickstart: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	tour := fakeTour
	if *live {
		tour = liveTour
	}
	if err := tour(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	return 0
}

// fakeTour takes the whole way, against a cloud in memory.
func fakeTour(ctx context.Context, out io.Writer) error {
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
	)
	if err != nil {
		return err
	}
	defer client.Close()

	fmt.Fprintln(out, "A backup from end to end, against a fake cloud at", cloud.URL)
	t := &tour{client: client, out: out, hostID: cloud.HostID}
	for i, step := range t.steps() {
		fmt.Fprintf(out, "%2d. %s\n", i+1, step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.title, err)
		}
	}
	fmt.Fprintf(out, "\nDone: host %s was backed up to vault %s (%s in %d files), restored to %s, and all was cleaned up.\n",
		t.hostID, t.storage.Name, t.snapshot.DataSize, t.task.FileCount, restoreDir)
	fmt.Fprintf(out, "Orders placed: %d. Requests made: %d.\n", cloud.Charges(), cloud.Count(""))
	return nil
}

const (
	storageName = "quickstart-vault"
	planName    = "quickstart-weekly"
	restoreDir  = "/restored"
)

// tour holds what the steps pass on to each other.
type tour struct {
	client *ctcbr.Client
	out    io.Writer
	hostID string

	storage  *ctcbr.Storage
	agent    *ctcbr.Agent
	plan     *ctcbr.Plan
	task     *ctcbr.Task
	snapshot *ctcbr.Snapshot
}

type step struct {
	title string
	do    func(context.Context) error
}

func (t *tour) steps() []step {
	return []step{
		{"activate the service in the region", t.activate},
		{"order a vault of 100 GB for a month", t.order},
		{"install an agent on the host", t.install},
		{"make a plan: every Sunday at 02:00, kept for 30 days, at most 20 MB/s by day", t.makePlan},
		{"run the plan now", t.backUp},
		{"look at the snapshot", t.findSnapshot},
		{"restore it to " + restoreDir, t.restore},
		{"clean up", t.cleanUp},
	}
}

func (t *tour) say(format string, args ...any) {
	fmt.Fprintf(t.out, "    "+format+"\n", args...)
}

// wait polls often, because the fake cloud is fast. The defaults suit the real one.
func (t *tour) wait() []ctcbr.WaitOption {
	return []ctcbr.WaitOption{
		ctcbr.WaitInterval(50*time.Millisecond, 50*time.Millisecond),
		ctcbr.WaitAtMost(time.Minute),
		ctcbr.WaitProgress(func(p ctcbr.Progress) {
			switch state := cmp.Or(orderStates[ctcbr.OrderStatus(p.State)], p.State); {
			case state == "": // it is not listed at the moment
			case p.Percent == 0:
				t.say("%s", state)
			default:
				t.say("%-16s %5s", state, p.Percent)
			}
		}),
	}
}

// orderStates names the states of an order, which are numbers.
var orderStates = map[ctcbr.OrderStatus]string{
	ctcbr.OrderOpening: "being opened", ctcbr.OrderDone: "done",
	ctcbr.OrderUnsubscribing: "being unsubscribed", ctcbr.OrderUnsubscribed: "unsubscribed",
}

func (t *tour) activate(ctx context.Context) error {
	order, err := t.client.OpenService(ctx, nil)
	if err != nil {
		return err
	}
	return t.done(ctx, order)
}

// done waits for an order.
func (t *tour) done(ctx context.Context, order *ctcbr.Order) error {
	t.say("order %s, client token %s", order.ID, order.ClientToken)
	_, err := t.client.Orders.Wait(ctx, order.ID, t.wait()...)
	return err
}

func (t *tour) order(ctx context.Context) error {
	order, err := t.client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{
		Name: storageName, CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1,
	})
	if err != nil {
		return err
	}
	if err := t.done(ctx, order); err != nil {
		return err
	}
	t.storage, err = t.client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: storageName})
	if err != nil {
		return err
	}
	t.say("vault %s: %s, %s GB free, expires %s", t.storage.ID, t.storage.Capacity, t.storage.Free, t.storage.Expires)
	if t.storage.Status != ctcbr.StorageAvailable {
		return fmt.Errorf("the vault is %s", t.storage.Status)
	}
	return nil
}

func (t *tour) install(ctx context.Context) error {
	if _, err := t.client.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: t.hostID}); err != nil {
		return err
	}
	agent, err := t.client.Agents.WaitActivated(ctx, t.hostID, t.wait()...)
	if err != nil {
		return err
	}
	t.agent = agent
	t.say("agent %s, version %s", agent.ID, agent.Version)
	return nil
}

func (t *tour) makePlan(ctx context.Context) error {
	_, err := t.client.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
		Name:       planName,
		HostID:     t.hostID,
		StorageID:  t.storage.ID,
		DirectType: ctcbr.Ptr(ctcbr.DirectGiven),
		Files:      &ctcbr.FileSelection{Dirs: []string{"/etc", "/var/lib"}},
		Schedule:   ctcbr.Weekly(time.Sunday, 2),
		Retention:  ctcbr.KeepDays(30),
		Limits:     ctcbr.LimitUpload(8, 20, 20),
	})
	if err != nil {
		return err
	}
	t.plan, err = t.client.Plans.Find(ctx, &ctcbr.FindPlanRequest{Name: planName, HostID: t.hostID})
	if err != nil {
		return err
	}
	t.say("plan %s: %s, %s", t.plan.ID, t.plan.ScheduleDesc, t.plan.RetentionDesc)
	return nil
}

func (t *tour) backUp(ctx context.Context) error {
	started, err := t.client.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: t.plan.ID})
	if err != nil {
		return err
	}
	t.say("task %s", started.TaskID)
	t.task, err = t.client.Tasks.Wait(ctx, started.TaskID, t.wait()...)
	return err
}

func (t *tour) findSnapshot(ctx context.Context) error {
	found, err := t.client.Snapshots.List(ctx, &ctcbr.ListSnapshotsRequest{HostID: t.hostID})
	if err != nil {
		return err
	}
	for _, s := range found.Snapshots {
		if s.ID == t.task.SnapshotID && s.Status == ctcbr.SnapshotAvailable {
			t.snapshot = &s
			t.say("snapshot %s of %s: %s of data, %s written", s.Name, s.Created, s.DataSize, s.Size)
			return nil
		}
	}
	return fmt.Errorf("no available snapshot %s among %d", t.task.SnapshotID, len(found.Snapshots))
}

func (t *tour) restore(ctx context.Context) error {
	created, err := t.client.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{SnapshotID: t.snapshot.ID, TargetDir: restoreDir})
	if err != nil {
		return err
	}
	t.say("restore %s", created.ID)
	restored, err := t.client.Restores.Wait(ctx, created.ID, t.wait()...)
	if err != nil {
		return err
	}
	if restored.SnapshotID != t.snapshot.ID {
		return fmt.Errorf("restored snapshot %s instead of %s", restored.SnapshotID, t.snapshot.ID)
	}
	return nil
}

// cleanUp deletes what the tour created, and checks that nothing is left.
func (t *tour) cleanUp(ctx context.Context) error {
	if _, err := t.client.Snapshots.DeleteResource(ctx, &ctcbr.DeleteResourceRequest{ID: t.snapshot.ID}); err != nil {
		return err
	}
	if _, err := t.client.Plans.Delete(ctx, &ctcbr.DeletePlanRequest{ID: t.plan.ID}); err != nil {
		return err
	}
	if _, err := t.client.Agents.Uninstall(ctx, &ctcbr.UninstallAgentRequest{ID: t.agent.ID}); err != nil {
		return err
	}
	order, err := t.client.Storages.Unsubscribe(ctx, &ctcbr.UnsubscribeStorageRequest{ID: t.storage.ID})
	if err != nil {
		return err
	}
	if err := t.done(ctx, order); err != nil {
		return err
	}
	return t.nothingLeft(ctx)
}

func (t *tour) nothingLeft(ctx context.Context) error {
	plans, err := t.client.Plans.List(ctx, nil)
	if err != nil {
		return err
	}
	snapshots, err := t.client.Snapshots.List(ctx, nil)
	if err != nil {
		return err
	}
	storages, err := t.client.Storages.List(ctx, &ctcbr.ListStoragesRequest{Status: ctcbr.StorageAvailable})
	if err != nil {
		return err
	}
	if n := len(plans.Plans) + len(snapshots.Snapshots) + len(storages.Storages); n > 0 {
		return fmt.Errorf("%d plans, snapshots or vaults are left", n)
	}
	return nil
}

// liveTour only reads.
func liveTour(ctx context.Context, out io.Writer) error {
	var opts []ctcbr.Option
	if endpoint := os.Getenv("CTCBR_ENDPOINT"); endpoint != "" {
		opts = append(opts, ctcbr.WithEndpoint(endpoint))
	}
	client, err := ctcbr.NewClient(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()

	lists := []struct {
		what  string
		count func(context.Context) (int, error)
	}{
		{"regions", counted(client.Regions.List, func(r *ctcbr.ListRegionsResponse) int { return len(r.Regions) })},
		{"vaults", counted(client.Storages.List, func(r *ctcbr.ListStoragesResponse) int { return len(r.Storages) })},
		{"agents", counted(client.Agents.List, func(r *ctcbr.ListAgentsResponse) int { return r.Total })},
		{"plans", counted(client.Plans.List, func(r *ctcbr.ListPlansResponse) int { return len(r.Plans) })},
		{"tasks", counted(client.Tasks.List, func(r *ctcbr.ListTasksResponse) int { return len(r.Tasks) })},
		{"restores", counted(client.Restores.List, func(r *ctcbr.ListRestoresResponse) int { return len(r.Restores) })},
		{"snapshots", counted(client.Snapshots.List, func(r *ctcbr.ListSnapshotsResponse) int { return len(r.Snapshots) })},
	}
	failed := 0
	for _, list := range lists {
		count, err := list.count(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("stopped at the %s: %w", list.what, err)
		case err != nil:
			failed++
			fmt.Fprintf(out, "%-12s failed: %s\n", list.what, err)
		default:
			fmt.Fprintf(out, "%-12s %d\n", list.what, count)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d calls failed", failed, len(lists))
	}
	return nil
}

// counted turns a call that lists into one that counts.
func counted[Request, Response any](
	list func(context.Context, *Request) (*Response, error), count func(*Response) int,
) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		response, err := list(ctx, nil)
		if err != nil {
			return 0, err
		}
		return count(response), nil
	}
}
