// Package cbrtest is a Tianyi Cloud backup service (CT-CBR) in memory, for the tests of programs that use it.
//
// A [Server] speaks the service's OpenAPI over real HTTP: its 22 operations, and the two of other products that go
// with them (looking up an order, listing the regions). It keeps state as the service does: an order is done after a
// few polls, an agent is installed on a host, a plan that is run makes a task that goes from Preparing to Completed
// and leaves a snapshot, and a snapshot is restored.
//
//	cloud := cbrtest.NewServer(cbrtest.Activated())
//	defer cloud.Close()
//	client := cbrclient.New(t, cloud) // of package cbrtest/cbrclient
//
// Any other client, in any language, needs [Server.URL], AccessKey, SecretKey and RegionID. A new server has one region
// and one host ([Server.HostID]), without an agent. The service has to be activated in the region first, unless
// [Activated] is given.
//
// The package is written from the published reference, and from what public clients show of the real gateway. It shares
// no code with the SDK, so that a mistake on one side shows on the other.
//
// # The gateway
//
// Before the service stands a gateway, which refuses a wrong access key, signature, date or path in a form of its own:
//
//	HTTP 401
//	{"requestId":"…","error":"10009","code":"10009","message":"ctyun-EOP: signature verification failed: …",
//	 "eopErrCode":"10009","statusCode":"CTAPI_10009","returnObj":{}}
//
// The code is 10009 for the signature, the date and other headers, 10002 for the access key, and 10000, with HTTP 404,
// for a path that does not exist. The message says which of the checks it was, for example that the date is in UTC, or
// that the query was signed unsorted. Which HTTP status the real gateway sends is not known: see [WithGatewayStatus].
//
// The query may come in any order, since it is signed sorted by key. A GET may come without a Content-Type, and with the
// body {} beside its query. Values are encoded by RFC 3986 (%20 and never +), and dates are in Beijing time. A request
// without a User-Agent is refused, and so is a request ID that comes again with another request.
//
// # Parameters
//
// A request that the gateway lets in has to be what the reference documents. Parameters that are unknown, missing, of
// the wrong type, out of range or in the wrong place are refused with the service's failure envelope (HTTP 200,
// statusCode 900, code Backup.Parameter.Invalid), and an unknown region with Openapi.RegionInfo.AccessFailed.
// [Request.Refused] says what was wrong.
//
// # State
//
// State moves when it is polled, never by a timer: [Polls] says how many polls show an order, an agent, a task or a
// restore under way before the next one shows it done. The Add methods of the Server add what a test does not want to
// make call by call, up to whole fleets ([Server.AddFleet]). [Server.FailNext] makes the next order, install, task or
// restore fail, [Server.SetStatus] puts anything into any state, [Server.Remove] makes it vanish, and [Server.SetLag]
// makes lists show late what was made.
//
// The first answer to an order of a vault is statusCode 900 with Backup.Order.InProgress and its ID, as in the
// examples of the reference; activating the service is answered with 800. The order that unsubscribes goes from 14 to
// 3, and the one it refunds from 12 to 13.
//
// The clock of the state ([Server.Now]) can be moved with [Server.Advance]. Subscriptions expire by it, lists lag by it,
// and times are read off it. Nothing else follows from it: no plan runs by its schedule, and no snapshot is deleted
// because its time is over.
//
// # Faults
//
// [Server.Inject] spoils answers: with another HTTP status or body, with a failure of the service or of the gateway, or
// on the connection itself. With Apply, the operation is carried out before its answer is spoiled, which is how a test
// shows that its program never places one order twice:
//
//	cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Apply: true, Conn: cbrtest.ResetAfterRequest})
//	// ... the program orders a vault ...
//	if cloud.Charges() != 1 {
//		t.Error("charged twice")
//	}
//	if unused := cloud.UnusedFaults(); len(unused) > 0 {
//		t.Error(unused)
//	}
//
// Operations are named by constants. A name that no operation has is a mistake of the test, and panics.
//
// # Fake time
//
// With [InMemory] the server uses no network, so that it works inside a bubble of testing/synctest.
package cbrtest
