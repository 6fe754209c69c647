// Package ctcbr is the SDK for CT-CBR, the cloud backup of Tianyi Cloud (天翼云云备份).
//
// CT-CBR backs up the files of hosts. An agent runs on the host. A repository, bought for a
// period, keeps the copies. A plan says what is backed up, when, and how long copies are
// kept. Each run of a plan is a task, which leaves a snapshot. A restore brings the files of
// a snapshot back.
//
// # A first call
//
// Set CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID in the environment. Then, for a plan that was
// made in the console or with [Plans.Create]:
//
//	client, err := ctcbr.NewClient()
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	task, err := client.Plans.RunAndWait(ctx, &ctcbr.OperatePlanRequest{ID: planID})
//
// Make one [Client] and share it. It is safe for any number of goroutines. Its fields are
// the services: [Agents], [Storages], [Plans], [Tasks], [Restores], [Snapshots], [Orders]
// and [Regions]. Every operation is one method, which takes a context and a request.
//
// Numbers and booleans for which zero is a value are pointers, so that "not given" is never
// taken for 0. [Ptr] makes them: ctcbr.Ptr(ctcbr.DirectAll). [Weekly], [KeepDays] and
// [LimitUpload], with others of their kind, make the parts of a plan.
//
// # Keys and region
//
// A key pair (AK and SK) signs every request. The region ID says which resource pool is
// meant. [NewClient] takes them from its options ([WithStaticCredentials],
// [WithCredentials], [WithRegion]), then from CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, then
// from the file ~/.ctyun/config.json. A [CredentialsProvider] of your own may rotate keys
// while the client is in use. [Regions.List] lists the region IDs. No secret key can be read
// back, and none is ever in an error, a log record or printed text.
//
// # Errors
//
// A request that cannot be right is refused before it is sent, as a [*ValidationError] with
// every fault in it. A call that fails after that is an [*Error]. It holds the operation, the
// HTTP status, the service's code and texts, the request ID, the number of attempts, and the
// client token of an order. Tell them apart with errors.Is: [ErrNotFound],
// [ErrUnauthorized], [ErrThrottled], [ErrUnavailable] and others.
//
// [ErrOutcomeUnknown] comes on top of them. It says that the service may have carried the
// command out though no usable answer came. Look before you send it again.
//
// # Retries and money
//
// A call makes at most four attempts ([WithMaxAttempts]), with random waits between them. What
// is tried again depends on what a second request would do. Calls that only read are
// repeated. Orders are repeated with one client token, which makes them one order. Other
// commands are sent again only where they were certainly not carried out.
//
// Orders are [Client.OpenService], [Storages.Create], [Storages.Resize], [Storages.Renew] and
// [Storages.Unsubscribe]. A program that must survive its own crash in the middle of an order
// makes a token with [NewClientToken], stores it, and puts it into the request. After the
// crash it sends the same order with the same token. What is already being carried out comes
// back as an [Order] that is InProgress, and not as an error.
//
// # Waiting
//
// Orders, agents, tasks and restores take their time. [Orders.Wait], [Agents.WaitActivated],
// [Tasks.Wait], [Tasks.WaitAll] and [Restores.Wait] wait for them, for 24 hours at most unless
// [WaitAtMost] or the context says otherwise. They report to [WaitProgress], survive failures
// that pass, and end at once on a state that is final. A task that failed is a [*TaskError],
// which matches [ErrFailed], [ErrCanceled] or [ErrVanished]. A wait that ends too early is a
// [*WaitError] with the IDs that were still running: wait for them again, from another process
// if need be. [Plans.RunAndWait] and [Restores.Newest] are the two that most programs need.
//
// # Listing
//
// List is one request. All is an iterator, in memory that does not grow with the list:
//
//	for snapshot, err := range client.Snapshots.All(ctx, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(snapshot.HostName, snapshot.Created, snapshot.Size)
//	}
//
// Get finds one thing by its ID, and [Storages.Find] and [Plans.Find] find one by its exact
// name. That is how to learn the ID of what was made, where the service does not tell it: of
// a repository when its order is done, of a plan a moment later. [Agents.Get] finds an agent
// by its host. [Client.Gaps] finds what is not protected. Lists hold elastic cloud hosts
// unless their SourceType says otherwise: [SourceBareMetal], [SourceOnPremises].
//
// What the service writes as text stays text, with a method for the value: [Time.Time],
// [Size.Bytes], [Rate.Bytes]. Times are Beijing time, and so are the hours of a [Schedule].
//
// # Testing
//
// Package [github.com/ctyun-go/ctcbr/cbrtest] is a CT-CBR in memory, for the tests of your own
// code. It is strict about signatures and parameters, its orders and tasks move as those of
// the service do, and it can be told to fail.
//
// # Observing
//
// [WithLogger] logs a record for every attempt. [WithMiddleware] sees every attempt, and
// [WithCallHook] every call with all its attempts. By default nothing is printed.
//
// # What is not here
//
// [Client.Do] calls an operation that this package does not know yet. [SigningTransport]
// signs the requests of any http.Client to other products of Tianyi Cloud, and [Signer] signs
// one request.
package ctcbr
