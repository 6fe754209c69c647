package ctcbr_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// A backup from end to end. It runs against a service in memory: leave out the
// options of NewClient for the real one.
func Example() {
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	wait := ctcbr.WaitInterval(time.Millisecond, time.Millisecond) // the defaults suit the real service

	// Activate the service in the region, and order a vault.
	order, err := client.OpenService(ctx, nil)
	check(err)
	_, err = client.Orders.Wait(ctx, order.ID, wait)
	check(err)
	order, err = client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{
		Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1,
	})
	check(err)
	_, err = client.Orders.Wait(ctx, order.ID, wait)
	check(err)
	storage, err := client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "vault"})
	check(err)

	// Install an agent on the host, and make a plan.
	_, err = client.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: cloud.HostID})
	check(err)
	_, err = client.Agents.WaitActivated(ctx, cloud.HostID, wait)
	check(err)
	_, err = client.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
		Name: "weekly", HostID: cloud.HostID, StorageID: storage.ID, DirectType: ctcbr.Ptr(ctcbr.DirectAll),
		Schedule: ctcbr.Weekly(time.Sunday, 2), Retention: ctcbr.KeepDays(30),
	})
	check(err)
	plan, err := client.Plans.Find(ctx, &ctcbr.FindPlanRequest{Name: "weekly", HostID: cloud.HostID})
	check(err)

	// Back up now, and restore the copy.
	task, err := client.Plans.RunAndWait(ctx, &ctcbr.OperatePlanRequest{ID: plan.ID}, wait)
	check(err)
	restore, err := client.Restores.Newest(ctx, &ctcbr.RestoreNewestRequest{HostID: cloud.HostID, TargetDir: "/restored"}, wait)
	check(err)
	fmt.Println(task.Status, restore.Status, restore.TargetPaths)
	// Output: Completed RestoreCompleted [/restored]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// inMemory makes a client of a service in memory. A program calls NewClient alone.
func inMemory() (*ctcbr.Client, *cbrtest.Server) {
	cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.WithClock(time.Date(2026, 6, 13, 1, 2, 3, 0, time.FixedZone("", 8*60*60))))
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
		ctcbr.WithRetryWait(0, 0),
	)
	check(err)
	return client, cloud
}

// quick is for the service in memory. The defaults suit the real one.
var quick = ctcbr.WaitInterval(time.Millisecond, time.Millisecond)
