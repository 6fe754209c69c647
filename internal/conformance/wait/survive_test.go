package wait

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// awaited is something to wait for: how it is begun, which takes the ID to wait for, how it is
// waited for, and what is polled.
type awaited struct {
	operation string
	begin     func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) (id string)
	wait      func(ctx context.Context, client *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error
}

// everyWait are the waits for each kind of thing.
var everyWait = map[string]awaited{
	"task": {
		operation: "query-task-backup",
		begin: func(_ *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) string {
			return cloud.AddTask(cbrtest.Task{})
		},
		wait: func(ctx context.Context, client *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := client.Tasks.Wait(ctx, id, opts...)
			return err
		},
	},
	"restore": {
		operation: "query-restore-backup",
		begin: func(_ *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) string {
			return cloud.AddRestore(cbrtest.Restore{})
		},
		wait: func(ctx context.Context, client *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := client.Restores.Wait(ctx, id, opts...)
			return err
		},
	},
	"agent": {
		operation: "client-by-instance-backup",
		begin: func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) string {
			_, err := client.Agents.Install(t.Context(), &ctcbr.InstallAgentRequest{HostID: cloud.HostID})
			require.NoError(t, err)
			return cloud.HostID
		},
		wait: func(ctx context.Context, client *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := client.Agents.WaitActivated(ctx, id, opts...)
			return err
		},
	},
	"order": {
		operation: "query-uuid",
		begin: func(t *testing.T, _ *cbrtest.Server, client *ctcbr.Client) string {
			return createVault(t, client).ID
		},
		wait: func(ctx context.Context, client *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := client.Orders.Wait(ctx, id, opts...)
			return err
		},
	},
}

// eachWait runs a test on fake time for the wait for each kind of thing, which has begun.
func eachWait(t *testing.T, test func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string)) {
	t.Helper()
	for name, a := range everyWait {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				test(t, cloud, client, a, a.begin(t, cloud, client))
			})
		})
	}
}

// What may pass is survived however often it comes.
func TestWaitSurvivesWhatMayPass(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"silence":                            {Conn: cbrtest.Silence},
		"silence after the head":             {Conn: cbrtest.SilenceAfterHeader},
		"silence after the head of a 404":    {Status: 404, Body: "gone", Conn: cbrtest.SilenceAfterHeader},
		"silence after the head of a 400":    {Status: 400, Code: "Backup.X.Y", Conn: cbrtest.SilenceAfterHeader},
		"silence after the head of a 503":    {Status: 503, Conn: cbrtest.SilenceAfterHeader},
		"a byte now and then":                {Conn: cbrtest.Drip, Interval: 20 * time.Second},
		"cut":                                {Conn: cbrtest.CutBody},
		"cut within a chunk":                 {Conn: cbrtest.CutChunk},
		"reset":                              {Conn: cbrtest.ResetAfterRequest},
		"malformed":                          {Conn: cbrtest.MalformedStatus},
		"empty":                              {Status: 200},
		"another JSON":                       {Body: `{"status":"UP"}`},
		"no JSON":                            {Body: `statusCode=800`},
		"a list that is none":                {Body: `{"statusCode":800,"returnObj":"none"}`},
		"429":                                {Status: 429},
		"500":                                {Status: 500},
		"502, a page":                        {Status: 502, Body: "<html>bad gateway</html>"},
		"503":                                {Status: 503},
		"504":                                {Status: 504},
		"a fault of the platform":            {Code: "openapi.innerSys.accessFailed"},
		"refused, in the gateway's overload": {Status: 503, Body: `{"eopErrCode":"1","statusCode":"CTAPI_1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
				fault := fault
				fault.Times = 60 // of at most 4 attempts a poll
				cloud.Inject(a.operation, fault)
				require.NoError(t, a.wait(t.Context(), client, id))
				require.Greater(t, cloud.Count(a.operation), 60)
			})
		})
	}
}

// A poll ends in time, whatever comes of its answer.
func TestWaitPollsAreBounded(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"silence":                {Conn: cbrtest.Silence},
		"silence after the head": {Conn: cbrtest.SilenceAfterHeader},
		"a byte now and then":    {Conn: cbrtest.Drip, Interval: 20 * time.Second},
		"late, and then bytes":   {Conn: cbrtest.Drip, Interval: 20 * time.Second, Delay: 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
				fault := fault
				fault.Times = -1
				cloud.Inject(a.operation, fault)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				err := a.wait(ctx, client, id, ctcbr.WaitProgress(func(p ctcbr.Progress) {
					require.Error(t, p.Err)
					require.LessOrEqual(t, time.Since(began), (4*30+2)*time.Second, "four attempts, and what is between them")
					cancel()
				}))
				requirePending(t, err, context.Canceled, id)
				require.Equal(t, 4, cloud.Count(a.operation))
			})
		})
	}
}

func TestWaitKeepsRetryAfterBetweenPolls(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		after  string
		opts   []ctcbr.WaitOption
		pause  time.Duration
	}{
		"429":                       {429, "120", nil, 2 * time.Minute},
		"503":                       {503, "90", nil, 90 * time.Second},
		"up to 5 minutes":           {429, "3600", nil, 5 * time.Minute},
		"the interval is longer":    {429, "60", []ctcbr.WaitOption{ctcbr.WaitInterval(10*time.Minute, 0)}, 10 * time.Minute},
		"shorter than the interval": {501, "1", []ctcbr.WaitOption{ctcbr.WaitInterval(time.Minute, 0)}, time.Minute},
		"of a refusal, too":         {400, "45", nil, 45 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
				cloud.Inject(a.operation, cbrtest.Fault{Status: c.status, Header: http.Header{"Retry-After": {c.after}}})
				var failed, next time.Time
				require.NoError(t, a.wait(t.Context(), client, id, append(slices.Clip(c.opts), ctcbr.WaitProgress(func(p ctcbr.Progress) {
					if p.Err != nil {
						failed = time.Now()
					} else if next.IsZero() {
						next = time.Now()
					}
				}))...))
				require.Equal(t, c.pause, next.Sub(failed))
			})
		})
	}
}

// Pages end a wait at the tenth in a row.
func TestWaitEndsOnPages(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]cbrtest.Fault{
		"HTML":         {Status: 200, Body: " <!DOCTYPE html><title>log in</title>"},
		"404":          {Status: 404, Body: "no such page"},
		"404, empty":   {Status: 404},
		"405":          {Status: 405, Body: "<html>"},
		"501":          {Status: 501, Body: "not implemented"},
		"501, a page":  {Status: 501, Body: "<html>"},
		"413 of nginx": {Status: 413, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 1
			if page.Status == 200 {
				requests = 2 // what is no envelope is asked for once more
			}
			t.Run("at the tenth in a row", func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
					page := page
					page.Times = -1
					cloud.Inject(a.operation, page)
					err := a.wait(t.Context(), client, id)
					requirePending(t, err, ctcbr.ErrBadAnswer, id)
					require.NotErrorIs(t, err, ctcbr.ErrNotFound)
					require.ErrorContains(t, err, "10 times in a row")
					require.ErrorContains(t, err, "check the endpoint")
					require.Equal(t, 10*requests, cloud.Count(a.operation))
				})
			})
			t.Run("not before", func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
					page := page
					page.Times = 9 * requests
					cloud.Inject(a.operation, page)
					require.NoError(t, a.wait(t.Context(), client, id))
				})
			})
			t.Run("in a row", func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
					page := page
					page.Times = 9 * requests
					for _, between := range []cbrtest.Fault{{Status: 503, Times: 4}, {Code: "Backup.System.Busy"}, {Conn: cbrtest.SilenceAfterHeader, Times: 4}} {
						cloud.Inject(a.operation, page)
						cloud.Inject(a.operation, between)
					}
					cloud.Inject(a.operation, page)
					require.NoError(t, a.wait(t.Context(), client, id))
				})
			})
		})
	}
}

// Refusals end a wait at the third in a row.
func TestWaitEndsOnRefusals(t *testing.T) {
	t.Parallel()
	refusal := cbrtest.Fault{Code: "Backup.System.Busy"}
	t.Run("at the third in a row", func(t *testing.T) {
		t.Parallel()
		for name, refusal := range map[string]cbrtest.Fault{
			"900":                    refusal,
			"400 and the envelope":   {Status: 400, Code: "Backup.System.Busy"},
			"501 and the envelope":   {Status: 501, Code: "Backup.System.Busy"},
			"the gateway":            cbrtest.GatewayRefusal(200, "10000"),
			"the gateway, by status": cbrtest.GatewayRefusal(400, "10000"),
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
					refusal := refusal
					refusal.Times = -1
					cloud.Inject(a.operation, refusal)
					err := a.wait(t.Context(), client, id)
					var stopped *ctcbr.WaitError
					require.ErrorAs(t, err, &stopped)
					require.ErrorAs(t, err, new(*ctcbr.Error))
					require.ErrorContains(t, err, "refused 3 times in a row")
					require.NotContains(t, err.Error()[1:], "ctcbr: ", "one line, not several joined")
					require.Equal(t, 3, cloud.Count(a.operation))
				})
			})
		}
	})
	for name, between := range map[string]cbrtest.Fault{
		"a poll that succeeds between": {Conn: cbrtest.ResetAfterRequest, Skip: 1},
		"503 between":                  {Status: 503, Times: 4},
		"silence between":              {Conn: cbrtest.SilenceAfterHeader, Times: 4},
		"a page between":               {Status: 404},
		"a garbled answer between":     {Body: "{", Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
				refusal := refusal
				refusal.Times = 2
				for range 3 {
					cloud.Inject(a.operation, refusal)
					cloud.Inject(a.operation, between)
				}
				cloud.Inject(a.operation, refusal)
				require.NoError(t, a.wait(t.Context(), client, id))
			})
		})
	}
}

func TestWaitEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault cbrtest.Fault
		want  error
	}{
		"401":                           {cbrtest.Fault{Status: 401}, ctcbr.ErrUnauthorized},
		"403":                           {cbrtest.Fault{Status: 403, Body: "<html>"}, ctcbr.ErrUnauthorized},
		"the signature, by the gateway": {cbrtest.GatewayRefusal(200, "10009"), ctcbr.ErrUnauthorized},
		"the key, by the gateway":       {cbrtest.GatewayRefusal(200, "10002"), ctcbr.ErrUnauthorized},
		"a missing permission":          {cbrtest.Fault{Code: "CTIAM_0005"}, ctcbr.ErrUnauthorized},
		"the region":                    {cbrtest.Fault{Code: "Openapi.RegionInfo.AccessFailed"}, ctcbr.ErrRegion},
		"a redirect":                    {cbrtest.Redirect(302, "https://example.com/"), ctcbr.ErrRedirect},
		"a proxy that wants a password": {cbrtest.Fault{Status: 407, Body: "<html>"}, ctcbr.ErrBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
				fault := c.fault
				fault.Skip, fault.Times = 1, -1
				cloud.Inject(a.operation, fault)
				began, polls := time.Now(), 0
				err := a.wait(t.Context(), client, id, ctcbr.WaitProgress(func(ctcbr.Progress) { polls++ }))
				requirePending(t, err, c.want, id)
				require.Equal(t, 2, polls)
				require.Equal(t, 2*time.Second, time.Since(began))
			})
		})
	}
}

func TestWaitNeedsAContext(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
		var none context.Context
		err := a.wait(none, client, id)
		require.EqualError(t, err, "ctcbr: stopped waiting for "+id+": nil context")
		require.ErrorAs(t, err, new(*ctcbr.WaitError))
		require.Zero(t, cloud.Count(a.operation))
	})
}

func TestWaitErrorNamesUpToFive(t *testing.T) {
	t.Parallel()
	for pending, want := range map[*[]string]string{
		{"a"}:                               "a",
		{"a", "b", "c", "d", "e"}:           "a, b, c, d, e",
		{"a", "b", "c", "d", "e", "f"}:      "a, b, c, d, e and 1 more",
		{"a", "b", "c", "d", "e", "f", "g"}: "a, b, c, d, e and 2 more",
	} {
		err := &ctcbr.WaitError{Pending: *pending, Err: ctcbr.ErrClosed}
		require.EqualError(t, err, "ctcbr: stopped waiting for "+want+": client closed")
	}
}

func TestWaitTooLongSaysWhatToDo(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
		cloud.Inject(a.operation, cbrtest.Fault{Status: 503, Times: -1})
		err := a.wait(t.Context(), client, id, ctcbr.WaitAtMost(time.Hour))
		requirePending(t, err, ctcbr.ErrWaitTooLong, id)
		require.ErrorContains(t, err, "waited too long (1h0m0s): wait again, or set WaitAtMost")
		require.ErrorContains(t, err, "the last poll failed: "+a.operation+": HTTP 503")
	})
}
