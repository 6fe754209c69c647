package ctcbr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func ExampleStorages_List() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.AddStorage(cbrtest.Storage{Name: "vault", CapacityGB: 112})

	found, err := client.Storages.List(context.Background(), &ctcbr.ListStoragesRequest{Status: ctcbr.StorageAvailable})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range found.Storages {
		fmt.Printf("%s: %s, %d GB free, expires %s\n", s.Name, s.Capacity, s.Free.Bytes()>>30, s.Expires)
	}
	// Output: vault: 112 G, 112 GB free, expires 2027-06-13 01:02:03
}

func ExampleStorages_Create() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()

	order, err := client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{
		Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleYear, CycleCount: 1,
		ClientToken: "token-that-this-program-has-stored", // sent again with it, the order is placed once
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Orders.Wait(ctx, order.ID, quick); err != nil {
		fmt.Println(err)
		return
	}
	storage, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
	fmt.Println(storage.Name, storage.Status, err)
	// Output: vault Available <nil>
}

func ExampleAgents_Install() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	host := cloud.AddHost(cbrtest.Host{ID: "host-1"})

	if _, err := client.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: host}); err != nil {
		fmt.Println(err)
		return
	}
	agent, err := client.Agents.WaitActivated(ctx, host, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(agent.HostID, agent.Status, agent.Version)
	// Output: host-1 Activated 4.2.0
}

// All hosts of a region, also those without an agent, on all pages.
func ExampleAgents_All() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.Remove(cloud.HostID)
	cloud.AddAgent(cloud.AddHost(cbrtest.Host{Name: "web"}))
	cloud.AddHost(cbrtest.Host{Name: "数据库"})

	req := &ctcbr.ListAgentsRequest{NotOnlyInstalled: ctcbr.Ptr(true)}
	for agent, err := range client.Agents.All(context.Background(), req) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(agent.HostName, agent.Status == ctcbr.AgentActivated)
	}
	// Output:
	// web true
	// 数据库 false
}

func ExamplePlans_Create() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	storage := cloud.AddStorage(cbrtest.Storage{Name: "vault"})
	cloud.AddAgent(cloud.AddHost(cbrtest.Host{ID: "host-1"}))

	_, err := client.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
		Name:       "nightly",
		HostID:     "host-1",
		StorageID:  storage,
		DirectType: ctcbr.Ptr(ctcbr.DirectGiven),
		Files:      &ctcbr.FileSelection{Dirs: []string{"/etc", "/var/lib"}},
		Schedule:   ctcbr.Daily(2),
		Retention:  ctcbr.KeepDays(30).WithLadder(7, 4, 12, 1),
		Limits:     ctcbr.LimitUpload(8, 20, 10),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The answer does not name the plan: it is found by its name and its host.
	plan, err := client.Plans.Find(ctx, &ctcbr.FindPlanRequest{Name: "nightly", HostID: "host-1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Dirs, "-", plan.Raw.Schedule)
	fmt.Println(plan.Raw.Retention)
	// Output:
	// /etc,/var/lib - every day at 02:00 Beijing time
	// 30 days, and on top 7 daily, 4 weekly, 12 monthly and 1 yearly copies
}

func ExamplePlans_RunAndWait() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.AddAgent("")
	plan := cloud.AddPlan(cbrtest.Plan{})

	task, err := client.Plans.RunAndWait(context.Background(), &ctcbr.OperatePlanRequest{ID: plan}, quick,
		ctcbr.WaitProgress(func(p ctcbr.Progress) { fmt.Println(p.State, p.Percent, p.Rate) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("copied files:", task.FileCount)
	// Output:
	// Preparing 0% 0 KB/s
	// Executing 25% 209.28 KB/s
	// Executing 50% 221.78 KB/s
	// Executing 75% 234.28 KB/s
	// Completed 100% 0 KB/s
	// copied files: 512
}

// What failed within a day.
func ExampleTasks_All() {
	client, cloud := inMemory()
	defer cloud.Close()
	plan := cloud.AddPlan(cbrtest.Plan{Name: "nightly"})
	cloud.AddTask(cbrtest.Task{PlanID: plan, Status: "Failed", Message: "disk full", Started: cloud.Now().Add(-time.Hour)})
	cloud.AddTask(cbrtest.Task{PlanID: plan, Status: "Failed", Message: "long ago", Started: cloud.Now().Add(-50 * time.Hour)})

	yesterday := cloud.Now().Add(-24 * time.Hour)
	for task, err := range client.Tasks.All(context.Background(), &ctcbr.ListTasksRequest{Status: ctcbr.TaskFailed}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if task.Started.Time().After(yesterday) {
			fmt.Println(task.PlanName, task.Started, task.Message)
		}
	}
	// Output: nightly 2026-06-13 00:02:03 disk full
}

// Waiting for many tasks costs one request a look, as waiting for one does.
func ExampleTasks_WaitAll() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.AddAgent("")
	first := cloud.AddTask(cbrtest.Task{ID: "task-1"})
	second := cloud.AddTask(cbrtest.Task{ID: "task-2"})
	failed := cloud.AddTask(cbrtest.Task{ID: "task-3", Status: "Failed", Message: "disk full"})

	tasks, err := client.Tasks.WaitAll(context.Background(), []string{first, second, failed}, quick)
	for _, task := range tasks {
		fmt.Println(task.ID, task.Status)
	}
	var bad *ctcbr.TaskError
	if errors.As(err, &bad) {
		fmt.Println("failed:", bad.Task.ID, bad.Task.Message)
	}
	// Output:
	// task-1 Completed
	// task-2 Completed
	// task-3 Failed
	// failed: task-3 disk full
}

func ExampleRestores_Newest() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.AddAgent("")
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "older", Created: cloud.Now().Add(-24 * time.Hour)})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "newer", Created: cloud.Now()})

	restored, err := client.Restores.Newest(context.Background(), &ctcbr.RestoreNewestRequest{
		HostID: cloud.HostID, TargetDir: "/restored",
	}, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(restored.SnapshotID, restored.Status, restored.TargetPaths)
	// Output: newer RestoreCompleted [/restored]
}

// Some of a snapshot, without overwriting what is there.
func ExampleRestores_Create() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	cloud.AddAgent("")
	snapshot := cloud.AddSnapshot(cbrtest.Snapshot{})

	created, err := client.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{
		SnapshotID:    snapshot,
		TargetDir:     "/restored",
		Scope:         ctcbr.Ptr(ctcbr.RestoreOnly),
		Paths:         []string{"/etc/hosts"},
		ExistingFiles: ctcbr.Ptr(ctcbr.ExistingSkip),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	restored, err := client.Restores.Wait(ctx, created.ID, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(restored.Status)
	// Output: RestoreCompleted
}

// How much each host has in its vaults, however many snapshots there are.
func ExampleSnapshots_All() {
	client, cloud := inMemory()
	defer cloud.Close()
	for range 1000 {
		cloud.AddSnapshot(cbrtest.Snapshot{Size: 1 << 30})
	}

	sizes := make(map[string]int64)
	for snapshot, err := range client.Snapshots.All(context.Background(), nil) {
		if err != nil {
			fmt.Println(err) // without an error all have been seen
			return
		}
		sizes[snapshot.HostID] += snapshot.Size.Bytes()
	}
	fmt.Println(sizes[cloud.HostID]>>30, "GB")
	// Output: 1000 GB
}

func ExampleSnapshots_DeleteResource() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "snapshot-1"})

	if _, err := client.Snapshots.DeleteResource(ctx, &ctcbr.DeleteResourceRequest{ID: "snapshot-1"}); err != nil {
		fmt.Println(err)
		return
	}
	_, err := client.Snapshots.Get(ctx, &ctcbr.GetSnapshotRequest{ID: "snapshot-1"})
	fmt.Println(errors.Is(err, ctcbr.ErrNotFound))
	// Output: true
}

func ExampleClient_OpenService() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()

	order, err := client.OpenService(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := client.Orders.Wait(ctx, order.ID, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(done.Status == ctcbr.OrderDone)
	// Output: true
}

func ExampleOrders_Get() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	order, err := client.OpenService(ctx, nil)
	check(err)

	found, err := client.Orders.Get(ctx, &ctcbr.GetOrderRequest{ID: order.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	switch found.Status {
	case ctcbr.OrderDone:
		fmt.Println("done")
	case ctcbr.OrderOpening:
		fmt.Println("in progress")
	}
	// Output: in progress
}

// An order that is certainly placed once, also if the program crashes in the middle
// of it: the token is stored before, and given again after.
func ExampleNewClientToken() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()

	stored := ctcbr.NewClientToken()
	place := func() (*ctcbr.Order, error) {
		return client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{
			Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1, ClientToken: stored,
		})
	}
	first, err := place()
	check(err)
	second, err := place() // after the crash
	check(err)
	fmt.Println(first.ID == second.ID, second.InProgress, "charged:", cloud.Charges())
	// Output: true true charged: 1
}

func ExampleRegions_List() {
	client, cloud := inMemory()
	defer cloud.Close()

	found, err := client.Regions.List(context.Background(), &ctcbr.ListRegionsRequest{Name: "西南"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, region := range found.Regions {
		fmt.Println(region.ID, region.Name, region.MultiAZ)
	}
	// Output: 200000001852 西南1 true
}

// An operation that this package does not have is signed, retried and checked like every other.
func ExampleClient_Do() {
	client, cloud := inMemory()
	defer cloud.Close()

	answer, err := client.Do(context.Background(), &ctcbr.RawRequest{
		Method: "GET",
		Path:   "/v4/region/list-regions",
		Query:  url.Values{"regionName": {"华北2"}},
		Common: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var content struct {
		RegionList []struct{ RegionID string }
	}
	err = json.Unmarshal(answer.ReturnObj, &content)
	fmt.Println(content.RegionList, err)
	// Output: [{200000001681}] <nil>
}

func ExampleClient_Gaps() {
	client, cloud := inMemory()
	defer cloud.Close()
	cloud.Remove(cloud.HostID)
	cloud.AddHost(cbrtest.Host{Name: "bare"})
	cloud.AddAgent(cloud.AddHost(cbrtest.Host{ID: "host-2", Name: "stale"}))
	plan := cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "host-2"})
	cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-50 * time.Hour)})

	gaps, err := client.Gaps(context.Background(), &ctcbr.GapsRequest{MaxAge: 26 * time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, gap := range gaps {
		fmt.Println(gap.HostName, gap.PlanName, "-", gap.Kind)
	}
	// Output:
	// stale nightly - snapshot too old
	// bare  - no agent
}

// One program, several regions: the clients share connections and keys.
func ExampleClient_ForRegion() {
	client, cloud := inMemory()
	defer cloud.Close()
	defer client.Close()
	ctx := context.Background()

	regions, err := client.Regions.List(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, region := range regions.Regions {
		vaults, err := client.ForRegion(region.ID).Storages.List(ctx, nil)
		switch {
		case errors.Is(err, ctcbr.ErrRegion):
			fmt.Println(region.Name, "is not open to the account")
		case err != nil:
			fmt.Println(region.Name, err)
		default:
			fmt.Println(region.Name, "has", len(vaults.Storages), "vaults")
		}
	}
	// Output:
	// 华东1 has 0 vaults
	// 西南1 is not open to the account
	// 华北2 is not open to the account
}

// A hook counts calls by operation, however many attempts they take.
func ExampleWithCallHook() {
	_, cloud := inMemory()
	defer cloud.Close()
	cloud.Inject(cbrtest.ListStorages, cbrtest.Fault{Status: 503})
	count := func(ctx context.Context, info ctcbr.CallInfo) (context.Context, func(error)) {
		return ctx, func(err error) { fmt.Println(info.Operation, err == nil) }
	}
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL), ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
		ctcbr.WithRetryWait(0, 0), ctcbr.WithCallHook(count),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if _, err := client.Storages.List(context.Background(), nil); err != nil {
		fmt.Println(err)
	}
	// Output: query-storage-backup true
}

// A dry run reports the changes and sends no command.
func ExampleDryRun() {
	client, cloud := fleet()
	defer cloud.Close()
	change, err := client.Plans.Ensure(context.Background(), &ctcbr.CreatePlanRequest{
		Name: "nightly", HostID: "id-of-web-01", StorageID: "vault", Files: ctcbr.BackUpAll(),
		Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
	}, ctcbr.DryRun(true))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(change, cloud.Count(cbrtest.CreatePlan))
	// Output: id-of-web-01: plan nightly would be created 0
}
