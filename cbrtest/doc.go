// Package cbrtest is an in-memory Tianyi Cloud backup service (CT-CBR), for the tests of programs
// that use it.
//
// A [Server] serves the OpenAPI over real HTTP: the service's 22 operations, and two of other
// products (looking up an order, listing the regions). It keeps state like the service: an order is
// done after a few polls, an agent is installed on a host, running a plan creates a task that goes
// from Preparing to Completed and leaves a snapshot, and a snapshot can be restored.
//
//	cloud := cbrtest.NewServer(cbrtest.Activated())
//	defer cloud.Close()
//	client := cbrclient.New(t, cloud) // of package cbrtest/cbrclient
//
// Any other client, in any language, needs [Server.URL], AccessKey, SecretKey and RegionID. A new server has one region
// and one host ([Server.HostID]), without an agent. The service has to be activated in the region first, unless
// [Activated] is given.
//
// The package was written from the published reference, and from what public clients show of the
// real gateway. It shares no code with the SDK, so that a mistake in one shows up in the other.
//
// # The gateway
//
// A gateway in front of the service refuses a wrong access key, signature, date or path in its own
// form:
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
// A request that passes the gateway must be as documented. Parameters that are unknown, missing, of
// the wrong type, out of range or in the wrong place are refused with the service's failure
// envelope (HTTP 200, statusCode 900, code Backup.Parameter.Invalid), and an unknown region with
// Openapi.RegionInfo.AccessFailed. [Request.Refused] says what was wrong.
//
// # State
//
// State changes when it is polled, never by a timer: [Polls] sets for how many polls an order, an
// agent, a task or a restore is in progress. The Add methods of [Server] add items directly, up to
// whole fleets ([Server.AddFleet]). [Server.FailNext] makes the next order, installation, task or
// restore fail, [Server.SetStatus] sets any state, [Server.Remove] removes an item, and
// [Server.SetLag] makes lists show new items late.
//
// The first response to an order of a vault is statusCode 900 with Backup.Order.InProgress and the
// order ID, as in the examples of the reference. Activating the service is answered with 800. An
// unsubscription is an order that goes from 14 to 3; the order that it refunds goes from 12 to 13.
//
// [Server.Advance] moves the clock of the state ([Server.Now]). Vaults expire and lists lag by this
// clock, and times are taken from it. It has no other effect: no plan runs on its schedule, and no
// snapshot is deleted by its retention.
//
// # Faults
//
// [Server.Inject] injects a fault: another HTTP status or body, a failure of the service or of the
// gateway, or a broken connection. With Apply, the operation is carried out before its response is
// lost, which is how a test shows that its program never places an order twice:
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
// Operations are named by constants. An unknown name is a mistake in the test, and panics.
//
// # Fake time
//
// With [InMemory] the server uses no network, so that it works in a bubble of testing/synctest.
package cbrtest
