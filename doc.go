// Package ctcbr is a client for CT-CBR, the cloud backup service of Tianyi Cloud (天翼云云备份).
//
// CT-CBR backs up the files of hosts. An agent runs on each host. A vault (the console's 存储库, the
// API's storage or repository) is bought for a period and holds the copies. A plan says what is
// backed up, when, to which vault, and how long copies are kept. Each run of a plan is a task,
// which leaves a snapshot. A restore writes the files of a snapshot back to a host.
//
// # A first call
//
// Set CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID in the environment. Then run a plan that was created
// in the console or with [Plans.Ensure], and wait for its copy:
//
//	client, err := ctcbr.NewClient()
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	task, err := client.Plans.RunAndWait(ctx, &ctcbr.OperatePlanRequest{ID: planID})
//
// Create one [Client] and share it: it is safe for concurrent use. Its fields are the services:
// [Hosts], [Agents], [Storages], [Plans], [Tasks], [Snapshots], [Restores], [Orders] and
// [Regions]. Every operation of the API is one method that takes a context and a request.
// [Client.ForRegion] returns a client for another region.
//
// Optional numbers and booleans are pointers, so that "not set" is never mistaken for zero. [Ptr]
// creates one: ctcbr.Ptr(ctcbr.BackupFull). Functions such as [BackUpDirs], [Daily], [KeepDays]
// and [LimitUpload] create the parts of a plan.
//
// # Keys and region
//
// An access key (AK) and a secret key (SK) sign every request. A region ID selects the resource
// pool. [NewClient] takes them from its options ([WithStaticCredentials], [WithCredentials],
// [WithRegion]), then from CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, then from the file
// ~/.ctyun/config.json. A [CredentialsProvider] can rotate keys while the client is in use.
// [Regions.List] lists the region IDs. A secret key cannot be read back, and never appears in an
// error, a log record or formatted output.
//
// # Protecting hosts
//
// A host needs an active agent and a plan. Declare both, and run the program as often as you
// like: it changes only what differs.
//
//	hosts, missing := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: names})
//	ready, down := client.Agents.Ensure(ctx, hosts)
//	changes, failed := client.Plans.EnsureAll(ctx, ready, &ctcbr.CreatePlanRequest{
//		Name: "nightly", StorageID: storageID, Files: ctcbr.BackUpDirs("/etc", "/var/lib"),
//		Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
//	})
//	for _, change := range changes {
//		fmt.Println(change)
//	}
//	return errors.Join(missing, down, failed)
//
// [Hosts.FindAll], [Agents.Ensure] and [Plans.EnsureAll] return what succeeded, and an error with
// a [*HostError] for every host that failed. Run them again at any time, also after a crash. If
// two processes create the same plan at the same moment, the duplicate is reported. [DryRun] only
// reports what would be done. [Storages.CreateAndWait] orders a vault and waits until it can be
// used.
//
// # Watching and restoring
//
// [Client.Protection] reads the state of a whole region: every plan with its newest copy, last
// run and next run, and every [Gap], such as a host without a plan, a failed run, a copy that is
// too old, or a vault that is nearly full.
//
// [Snapshots.Newest] finds the newest copy of a host that can be restored. [Restores.Newest]
// restores it and waits:
//
//	restored, err := client.Restores.Newest(ctx, &ctcbr.RestoreNewestRequest{
//		HostID: hostID, PlanName: "nightly", MaxAge: 26 * time.Hour, TargetDir: "/restored",
//	})
//
// # Waiting
//
// Orders, agent installations, backups and restores take time. [Orders.Wait],
// [Agents.WaitActivated], [Tasks.Wait], [Tasks.WaitAll] and [Restores.Wait] poll until they are
// done, for 24 hours at most unless [WaitAtMost] or the context says otherwise. A wait reports to
// [WaitProgress], survives temporary failures, and ends at once on a final state. A failed task is
// a [*TaskError], which matches [ErrFailed], [ErrCanceled] or [ErrVanished]. A wait that ends early
// is a [*WaitError] with the IDs that were still running: pass them to another wait, from another
// process if need be. [Plans.RunAndWait] and [Restores.Newest] are what most programs need.
//
// # Listing
//
// List makes one request. All is an iterator that uses the same memory however long the list is:
//
//	for snapshot, err := range client.Snapshots.All(ctx, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(snapshot.HostName, snapshot.Created, snapshot.Size)
//	}
//
// Get finds one item by its ID, and Find one by its exact name. The service's responses do not
// name a new vault, plan or agent: [Storages.Find] and [Plans.Find] get its ID. A vault is listed
// once its order is done; a plan may be listed a moment after it was created. [Agents.Get] finds
// an agent by its host. [Hosts] covers all kinds of hosts; the other lists hold elastic cloud
// hosts unless SourceType selects another kind: [SourceBareMetal] or [SourceOnPremises].
//
// Values that the service writes as text stay text, with a method for the value: [Time.Time],
// [Size.Bytes], [Rate.Bytes]. Times are Beijing time, and so are the hours of a [Schedule].
//
// # Errors
//
// A request that cannot be valid is refused before it is sent, with a [*ValidationError] that lists
// every fault. A call that fails after that returns an [*Error], which holds the operation, the
// HTTP status, the service's code and messages, the request ID, the number of attempts, and the
// client token of an order. Use errors.Is to tell failures apart: [ErrNotFound], [ErrUnauthorized],
// [ErrThrottled], [ErrUnavailable] and others.
//
// [ErrOutcomeUnknown] can match in addition to those. It means that the service may have carried
// out the command although no usable response came. Check before you send it again.
//
// # Retries and money
//
// A call makes at most four attempts ([WithMaxAttempts]), with random delays between them. What is
// retried depends on what a second request would do. Reads are retried. Orders are retried with the
// same client token, so that they stay one order. Other commands are retried only if they were
// certainly not carried out.
//
// Orders are [Client.OpenService], [Storages.Create], [Storages.Resize], [Storages.Renew] and
// [Storages.Unsubscribe]. To survive a crash in the middle of an order, create a token with
// [NewClientToken], save it, and set it in the request. After the crash, send the same order with
// the same token. An order that the service is already carrying out is returned as an [Order] with
// InProgress set, not as an error.
//
// # Testing
//
// Package [github.com/ctyun-go/ctcbr/cbrtest] is an in-memory CT-CBR for the tests of your own
// code. It checks signatures and parameters strictly, its orders and tasks go through the states of
// the real service, and it can inject faults.
//
// # Observing
//
// [WithLogger] logs every attempt. [WithMiddleware] wraps every attempt, and [WithCallHook] every
// call with all its attempts. By default nothing is logged or printed.
//
// # Other operations and products
//
// [Client.Do] calls an operation that this package does not have. [SigningTransport] signs the
// requests of an http.Client to other products of Tianyi Cloud, and [Signer] signs a single
// request.
package ctcbr
