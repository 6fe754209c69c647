package ctcbr_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// fleet is a fake cloud with three hosts, of which one has an agent, and a vault.
func fleet() (*ctcbr.Client, *cbrtest.Server) {
	client, cloud := inMemory()
	cloud.Remove(cloud.HostID)
	for _, name := range []string{"web-01", "web-02", "db-01"} {
		cloud.AddHost(cbrtest.Host{ID: "id-of-" + name, Name: name})
	}
	cloud.AddAgent("id-of-web-01")
	cloud.AddStorage(cbrtest.Storage{Name: "vault"})
	return client, cloud
}

// A nightly job that keeps a list of hosts protected. It is safe to run again: what is as declared
// costs one request for every kind of host.
func Example_protect() {
	client, cloud := fleet()
	defer cloud.Close()

	protect := func(ctx context.Context, names []string, dry bool) error {
		vault, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
		if err != nil {
			return err
		}
		hosts, missing := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: names})
		ready, down := client.Agents.Ensure(ctx, hosts, ctcbr.DryRun(dry), quick)
		changes, failed := client.Plans.EnsureAll(ctx, ready, &ctcbr.CreatePlanRequest{
			Name: "nightly", StorageID: vault.ID, Files: ctcbr.BackUpDirs("/etc", "/var/lib"),
			Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30), Limits: ctcbr.LimitUpload(9, 18, 10),
		}, ctcbr.DryRun(dry), quick)
		for _, change := range changes {
			fmt.Println(change)
		}
		return errors.Join(missing, down, failed)
	}
	ctx, names := context.Background(), []string{"web-01", "web-02", "wbe-03"}
	fmt.Println(protect(ctx, names, true))
	fmt.Println(protect(ctx, names, false))
	fmt.Println(protect(ctx, names[:2], false))
	// Output:
	// web-01: plan nightly would be created
	// web-02: plan nightly would be created
	// ctcbr: host wbe-03: not found
	// web-01: plan nightly created
	// web-02: plan nightly created
	// ctcbr: host wbe-03: not found
	// web-01: plan nightly unchanged
	// web-02: plan nightly unchanged
	// <nil>
}

func ExampleHosts_All() {
	client, cloud := fleet()
	defer cloud.Close()
	for host, err := range client.Hosts.All(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(host.Name, host.SourceType, host.OSType, host.Active())
	}
	// Output:
	// web-01 CT-ECS linux true
	// web-02 CT-ECS linux false
	// db-01 CT-ECS linux false
}

func ExampleHosts_Get() {
	client, cloud := fleet()
	defer cloud.Close()
	host, err := client.Hosts.Get(context.Background(), &ctcbr.GetHostRequest{ID: "id-of-db-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(host.Name, host.Agent == nil)
	// Output: db-01 true
}

// A host is found by its name or its ID. Two of one name are an error that names both.
func ExampleHosts_Find() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	host, err := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: "db-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(host.ID)

	cloud.AddHost(cbrtest.Host{ID: "another", Name: "db-01", IPs: []string{"10.0.0.9"}, SourceType: "CT-DPS"})
	_, err = client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: "db-01"})
	var several *ctcbr.AmbiguousError
	if errors.As(err, &several) {
		for _, candidate := range several.Candidates {
			fmt.Println(candidate)
		}
	}
	// Output:
	// id-of-db-01
	// db-01 (id-of-db-01, CT-ECS 192.168.0.4)
	// db-01 (another, CT-DPS 10.0.0.9)
}

// One name that no host bears does not stop the others.
func ExampleHosts_FindAll() {
	client, cloud := fleet()
	defer cloud.Close()
	hosts, err := client.Hosts.FindAll(context.Background(), &ctcbr.FindHostsRequest{Names: []string{"web-02", "wbe-01", "id-of-web-01"}})
	for _, host := range hosts {
		fmt.Println(host.Name)
	}
	fmt.Println(err)
	// Output:
	// web-02
	// web-01
	// ctcbr: host wbe-01: not found
}

func ExampleAgents_Ensure() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	hosts, err := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: []string{"web-01", "web-02", "db-01"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	cloud.FailNext(cbrtest.InstallJob, "no room")
	ready, err := client.Agents.Ensure(ctx, hosts[:2], quick)
	fmt.Println(len(ready), err)
	ready, err = client.Agents.Ensure(ctx, hosts[2:], quick)
	fmt.Println(len(ready), err)
	// Output:
	// 1 ctcbr: host web-02: its agent failed: InstallFail 安装失败：no room
	// 1 <nil>
}

// A plan as it is declared, whatever was there before.
func ExamplePlans_Ensure() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	vault, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	declared := &ctcbr.CreatePlanRequest{
		Name: "nightly", HostID: "id-of-web-01", StorageID: vault.ID, Files: ctcbr.BackUpDirs("/srv").Except("/srv/cache"),
		Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
	}
	for _, days := range []int{30, 30, 7} {
		declared.Retention = ctcbr.KeepDays(days)
		change, err := client.Plans.Ensure(ctx, declared, quick)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(change.Created, change.Updated, change.Differences)
	}
	// Output:
	// true false []
	// false false []
	// false true [retention: 7 days, was 30 days]
}

func ExamplePlans_EnsureAll() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	vault, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "id-of-web-01", StorageID: vault.ID, Dirs: []string{"/tmp"}, Stopped: true})
	hosts := []ctcbr.Host{{ID: "id-of-web-01", Name: "web-01"}, {ID: "id-of-web-02", Name: "web-02"}}
	changes, err := client.Plans.EnsureAll(ctx, hosts, &ctcbr.CreatePlanRequest{
		Name: "nightly", StorageID: vault.ID, Files: ctcbr.BackUpDirs("/etc", "/var/lib"), Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
	}, quick)
	fmt.Println(changes[0])
	fmt.Println(changes[0].Plan.ID == plan)
	var of *ctcbr.HostError
	if errors.As(err, &of) {
		fmt.Println(of.Host.Name, "has no agent")
	}
	// Output:
	// web-01: plan nightly updated and enabled: files: /etc and /var/lib, was /tmp
	// true
	// web-02 has no agent
}

// The same plan for another host.
func ExamplePlan_Request() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	cloud.AddAgent("id-of-web-02")
	id := cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "id-of-web-01", Dirs: []string{"/etc"}})
	plan, err := client.Plans.Get(ctx, &ctcbr.GetPlanRequest{ID: id})
	if err != nil {
		fmt.Println(err)
		return
	}
	request := plan.Request()
	request.HostID = "id-of-web-02"
	request.DirectType = ctcbr.Ptr(ctcbr.DirectGiven) // which no list tells
	change, err := client.Plans.Ensure(ctx, request, quick)
	fmt.Println(change, err)
	// Output: web-02: plan nightly created <nil>
}

// The newest copy of a host, or why it cannot be used.
func ExampleSnapshots_Newest() {
	client, cloud := fleet()
	defer cloud.Close()
	ctx := context.Background()
	plan := cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "id-of-web-01"})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "monday", PlanID: plan, Created: cloud.Now().Add(-48 * time.Hour)})
	cloud.SetStatus(cloud.AddSnapshot(cbrtest.Snapshot{ID: "tuesday", PlanID: plan, Created: cloud.Now().Add(-24 * time.Hour)}), "NotAvailable")

	_, err := client.Snapshots.Newest(ctx, &ctcbr.NewestSnapshotRequest{HostID: "id-of-web-01"})
	var unusable *ctcbr.CopyError
	if errors.As(err, &unusable) {
		fmt.Println(unusable.Newest.ID, unusable.Reason)
	}
	newest, err := client.Snapshots.Newest(ctx, &ctcbr.NewestSnapshotRequest{HostID: "id-of-web-01", AllowOlder: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(newest.ID)
	// Output:
	// tuesday its state is NotAvailable (不可用)
	// monday
}

// What is protected in a region, and what is not.
func ExampleClient_Protection() {
	client, cloud := fleet()
	defer cloud.Close()
	plan := cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "id-of-web-01"})
	begun := time.Now().Add(-time.Hour)
	cloud.AddTask(cbrtest.Task{PlanID: plan, Status: "Failed", Message: "disk full", Started: begun, Done: begun})
	cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: begun.Add(-24 * time.Hour)})

	state, err := client.Protection(context.Background(), &ctcbr.ProtectionRequest{MinFree: 0.1, MinTime: 14 * 24 * time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, host := range state.Hosts {
		for _, plan := range host.Plans {
			fmt.Println(host.Host.Name, plan.Plan.Name, plan.Copies, plan.Outcome())
		}
	}
	for _, gap := range state.Gaps {
		fmt.Println(gap.HostName, gap.PlanName, gap.Kind)
	}
	// Output:
	// web-01 nightly 1 Failed disk full
	// web-01 nightly last run failed
	// web-02  no agent
	// db-01  no agent
}

// A vault that is bought at most once, also if the program crashes in the middle: its token is kept.
func ExampleStorages_CreateAndWait() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	order := &ctcbr.CreateStorageRequest{
		Name: "backups", CapacityGB: 500, CycleType: ctcbr.CycleYear, CycleCount: 1,
		ClientToken: ctcbr.NewClientToken(), // stored before the order
	}
	vault, err := client.Storages.CreateAndWait(ctx, order, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vault.Name, vault.Capacity.Text(), vault.Status)

	_, err = client.Storages.CreateAndWait(ctx, order, quick)
	fmt.Println(errors.Is(err, ctcbr.ErrConflict), cloud.Count(cbrtest.CreateStorage))
	// Output:
	// backups 500 GB Available
	// true 1
}

func ExampleOrderStatus_String() {
	fmt.Println(ctcbr.OrderDone, ctcbr.OrderOpening)
	// Output: 3 (done) 14 (opening)
}

func ExampleSize_Text() {
	for _, size := range []ctcbr.Size{"112 G", "111.50"} {
		fmt.Println(size.Text(), size.GB(), size)
	}
	// Output:
	// 112 GB 112 112 G
	// 111.50 GB 111.5 111.50
}
