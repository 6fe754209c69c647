package cbrtest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// A program orders a vault, and the answer to its first request is lost. It must not be charged twice.
func Example() {
	cloud := cbrtest.NewServer(cbrtest.Activated())
	defer cloud.Close()
	client, err := ctcbr.NewClient( // in a test, cbrclient.New does this in one line
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Apply: true, Conn: cbrtest.ResetAfterRequest})
	order, err := client.Storages.Create(context.Background(), &ctcbr.CreateStorageRequest{
		Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in progress:", order.InProgress)
	fmt.Println("requests:", cloud.Count(cbrtest.CreateStorage))
	fmt.Println("charges:", cloud.Charges())
	fmt.Println("unused faults:", len(cloud.UnusedFaults()))
	// Output:
	// in progress: true
	// requests: 2
	// charges: 1
	// unused faults: 0
}

// A plan that is run by hand leaves a snapshot when its task is polled.
func ExampleServer_AddPlan() {
	cloud := cbrtest.NewServer(cbrtest.WithPolls(cbrtest.Polls{Task: 1}))
	defer cloud.Close()
	cloud.AddAgent(cloud.HostID)
	id := cloud.AddPlan(cbrtest.Plan{
		Name: "nightly", Dirs: []string{"/etc", "/var/lib"},
		Schedule:  &cbrtest.Schedule{Rule: cbrtest.Weekly, Day: 0, Hour: 2},
		Retention: &cbrtest.Retention{Type: cbrtest.KeepDays, Value: 30},
		Limits:    []cbrtest.Limit{{Start: 9, Stop: 18, UploadMB: 10}},
	})
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
	plan, err := client.Plans.Get(ctx, &ctcbr.GetPlanRequest{ID: id})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: id}); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		tasks, err := client.Tasks.List(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(plan.Name, tasks.Tasks[0].Status)
	}
	// Output:
	// nightly Preparing
	// nightly Completed
}
