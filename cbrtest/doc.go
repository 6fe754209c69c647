// Package cbrtest is a Tianyi Cloud backup service (CT-CBR) in memory, for the tests of programs that use it.
//
// A [Server] speaks the service's OpenAPI over real HTTP: its 22 operations, and the two of other products that go
// with them (looking up an order, listing the regions). It keeps state as the service does. An order takes a few
// looks until it is done, an agent is installed on a host, a plan that is run makes a task that goes from Preparing to
// Completed and leaves a snapshot, and a snapshot is restored.
//
//	srv := cbrtest.NewServer()
//	defer srv.Close()
//	client, err := ctcbr.NewClient(
//		ctcbr.WithEndpoint(srv.URL),
//		ctcbr.WithStaticCredentials(srv.AccessKey, srv.SecretKey),
//		ctcbr.WithRegion(srv.RegionID),
//		ctcbr.WithHTTPClient(srv.HTTPClient()),
//	)
//
// A new server has one region and one host ([Server.HostID]), without an agent. The service has to be activated in the
// region first, unless [Activated] is given.
//
// # Strictness
//
// Every request has to be signed as the service asks for. A wrong signature, a date that is more than 15 minutes off or
// not in Beijing time, a request ID that comes again with another request, and a query that is not in its canonical form
// are refused with HTTP 401. A request without a User-Agent is refused with 403, a wrong path, method or Content-Type
// with 404, 405 or 415.
//
// Then it has to be what the API reference documents. Parameters that are unknown, missing, of the wrong type, out of
// range or in the wrong place are refused with the service's failure envelope (HTTP 200, statusCode 900, code
// Backup.Parameter.Invalid). [Request.Refused] says what was wrong.
//
// The package shares no code with the SDK, so that a mistake on one side shows on the other.
//
// # State
//
// State moves when it is read, never by a timer: [Polls] says how many reads show an order, an agent, a task or a
// restore under way before the next one shows it done. The Add methods of the Server put things there that a test does
// not want to make call by call, [Server.FailNext] makes the next order, install, task or restore fail,
// [Server.SetStatus] puts anything into any state, and [Server.Remove] makes it vanish.
//
// The clock of the state ([Server.Now]) can be moved with [Server.Advance]. Subscriptions expire by it, and times are
// read off it. Nothing else follows from it: a plan runs when it is told to, not by its schedule, and no snapshot is
// deleted because its time is over.
//
// # Faults
//
// [Server.Inject] spoils answers: with another HTTP status or body, with a failure of the service, or on the connection
// itself. With Apply, the operation is carried out before its answer is spoiled, which is how a test shows that its
// program never places one order twice:
//
//	srv.Inject("create-storage-backup", cbrtest.Fault{Apply: true, Conn: cbrtest.ResetAfterRequest})
//	// ... the program orders a repository ...
//	if srv.Charges() != 1 {
//		t.Error("charged twice")
//	}
//
// # Fake time
//
// With [InMemory] the server uses no network, so that it works inside a bubble of testing/synctest.
package cbrtest
