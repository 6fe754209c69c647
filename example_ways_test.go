package ctcbr_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// What can be asked of an error.
func Example_errors() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()

	_, err := client.Plans.Get(ctx, &ctcbr.GetPlanRequest{ID: "nonsense"})
	fmt.Println("not found:", errors.Is(err, ctcbr.ErrNotFound))

	_, err = client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 1})
	var invalid *ctcbr.ValidationError // found before anything is sent, all faults at once
	if errors.As(err, &invalid) {
		fmt.Println(len(invalid.Faults), "faults, the first:", invalid.Faults[0].Field, invalid.Faults[0].Problem)
	}

	_, err = client.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: "nonsense"})
	var failed *ctcbr.Error // what the service said
	if errors.As(err, &failed) {
		fmt.Println(failed.Operation, failed.StatusCode, failed.Code)
	}
	// Output:
	// not found: true
	// 3 faults, the first: backupStorageCapacity must be 100 to 1024000, is 1
	// action-backup-policy 900 Backup.Policy.NotFound
}

// A command whose answer was lost may have been carried out. It is not sent again:
// look first.
func Example_outcomeUnknown() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	cloud.AddAgent("")
	plan := cloud.AddPlan(cbrtest.Plan{})
	cloud.Inject("action-backup-policy", cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})

	_, err := client.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: plan})
	if errors.Is(err, ctcbr.ErrOutcomeUnknown) {
		tasks, err := client.Tasks.List(ctx, &ctcbr.ListTasksRequest{HostID: cloud.HostID})
		check(err)
		fmt.Println("tasks that were begun:", len(tasks.Tasks))
	}
	// Output: tasks that were begun: 1
}

// A wait that ends early says what was still running, and can be begun again with
// the same ID, also by another process.
func Example_waiting() {
	client, cloud := inMemory()
	defer cloud.Close()
	ctx := context.Background()
	cloud.AddAgent("")
	task := cloud.AddTask(cbrtest.Task{ID: "task-1"})

	_, err := client.Tasks.Wait(ctx, task, ctcbr.WaitInterval(time.Hour, time.Hour), ctcbr.WaitAtMost(10*time.Millisecond))
	var stopped *ctcbr.WaitError
	if errors.As(err, &stopped) {
		fmt.Println(stopped.Pending, errors.Is(err, ctcbr.ErrWaitTooLong))
	}
	done, err := client.Tasks.Wait(ctx, stopped.Pending[0], quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(done.Status)
	// Output:
	// [task-1] true
	// Completed
}

// A list can be left at any item, and ranged over again.
func Example_iterating() {
	client, cloud := inMemory()
	defer cloud.Close()
	for i := range 100 {
		cloud.AddStorage(cbrtest.Storage{Name: fmt.Sprintf("vault-%02d", i)})
	}

	storages := client.Storages.All(context.Background(), &ctcbr.ListStoragesRequest{Query: "vault-1"})
	for range 2 {
		for storage, err := range storages {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(storage.Name)
			break
		}
	}
	// Output:
	// vault-10
	// vault-10
}

// Without options the keys and the region come from the environment: CTYUN_AK,
// CTYUN_SK and CTYUN_REGION_ID, or ~/.ctyun/config.json.
func ExampleNewClient() {
	client, err := ctcbr.NewClient(
		ctcbr.WithStaticCredentials("ACCESS-KEY", "SECRET-KEY"),
		ctcbr.WithRegion("200000001852"),
		ctcbr.WithUserAgent("portal/1.4"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	// Output:
}

// Every fault of the options is in the error.
func ExampleNewClient_faults() {
	client, err := ctcbr.NewClient(
		ctcbr.WithStaticCredentials("access key", "secret key"),
		ctcbr.WithEndpoint("http://example.com"),
	)
	fmt.Println(client == nil)
	fmt.Println(err)
	// Output:
	// true
	// ctcbr: no usable credentials: the access key contains a character that keys never contain; no usable credentials: the secret key contains a character that keys never contain; the endpoint "http://example.com" has no TLS: use https, or allow it with WithPlainHTTP
}

// Keys that change while the client is in use.
func ExampleWithCredentials() {
	_, cloud := inMemory()
	defer cloud.Close()
	fromVault := ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
		keys := ctcbr.NewCredentials(cloud.AccessKey, cloud.SecretKey) // read from where they are kept
		return keys.ExpiringAt(time.Now().Add(time.Hour)), nil
	})
	client, err := ctcbr.NewClient(ctcbr.WithCredentials(fromVault), ctcbr.WithRegion(cloud.RegionID), ctcbr.WithEndpoint(cloud.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	_, err = client.Plans.List(context.Background(), nil)
	fmt.Println(err)
	// Output: <nil>
}

// Middleware sees every attempt of every call.
func ExampleWithMiddleware() {
	_, cloud := inMemory()
	defer cloud.Close()
	cloud.Inject("query-backup-policy", cbrtest.Fault{Status: 503})
	watch := func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		call, _ := ctcbr.CallFromContext(req.Context())
		resp, err := next(req)
		if err != nil {
			fmt.Println(call.Operation, "attempt", call.Attempt, err)
			return nil, err
		}
		fmt.Println(call.Operation, "attempt", call.Attempt, resp.Status)
		return resp, nil
	}
	client, err := ctcbr.NewClient(
		ctcbr.WithMiddleware(watch),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
		ctcbr.WithEndpoint(cloud.URL), ctcbr.WithRetryWait(0, 0),
	)
	check(err)
	defer client.Close()
	_, err = client.Plans.List(context.Background(), nil)
	fmt.Println(err)
	// Output:
	// query-backup-policy attempt 1 503 Service Unavailable
	// query-backup-policy attempt 2 200 OK
	// <nil>
}

func ExampleWithLogger() {
	_, cloud := inMemory()
	defer cloud.Close()
	sameEveryTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "request_id" || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: sameEveryTime}))
	client, err := ctcbr.NewClient(
		ctcbr.WithLogger(logger),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID), ctcbr.WithEndpoint(cloud.URL),
	)
	check(err)
	defer client.Close()
	_, err = client.Storages.List(context.Background(), nil)
	check(err)
	// Output: level=INFO msg="ctcbr: attempt" operation=query-storage-backup attempt=1 status=200
}

// A product of Tianyi Cloud that has no SDK. The redirect policy keeps the client
// from following the answer to another host, which the transport would not sign for.
func ExampleSigningTransport() {
	_, cloud := inMemory()
	defer cloud.Close()
	client := &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &ctcbr.SigningTransport{Credentials: ctcbr.NewCredentials(cloud.AccessKey, cloud.SecretKey)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(cloud.URL + "/v4/region/list-regions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}
