// Package wait holds how waits, and the flows made of them, end.
package wait

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

func TestTaskWaitReportsProgress(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{})
		var seen []ctcbr.Progress
		task, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitProgress(func(p ctcbr.Progress) { seen = append(seen, p) }))
		require.NoError(t, err)
		require.Equal(t, ctcbr.TaskCompleted, task.Status)
		require.NotEmpty(t, task.Message, "a message of success is no failure")

		first, last := seen[0], seen[len(seen)-1]
		require.Equal(t, ctcbr.Progress{ID: id, State: "Preparing", Rate: first.Rate}, first)
		require.Equal(t, "Completed", last.State)
		require.EqualValues(t, 100, last.Percent)
		require.Positive(t, last.Files)
		require.Zero(t, last.Remaining)
		before := seen[len(seen)-2]
		require.Positive(t, before.Remaining)
		require.Positive(t, before.Rate.Bytes())
		require.Greater(t, last.Elapsed, before.Elapsed)
	})
}

func TestTaskWaitEnds(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status  string
		then    string // after the second poll; "gone" removes the task
		want    error
		polls   int
		message string
	}{
		"completed":                 {status: "Completed", polls: 1},
		"failed":                    {status: "Failed", want: ctcbr.ErrFailed, polls: 1, message: "disk full"},
		"canceled":                  {status: "Canceled", want: ctcbr.ErrCanceled, polls: 1},
		"cancelled":                 {status: "Cancelled", want: ctcbr.ErrCanceled, polls: 1},
		"canceling, then canceled":  {status: "Canceling", then: "Canceled", want: ctcbr.ErrCanceled, polls: 3},
		"canceling, then failed":    {status: "Canceling", then: "Failed", want: ctcbr.ErrCanceled, polls: 3},
		"canceling, then gone":      {status: "Canceling", then: "gone", want: ctcbr.ErrCanceled, polls: 5},
		"canceling, then completed": {status: "Canceling", then: "Completed", polls: 3},
		"running, then gone":        {status: "Executing", then: "gone", want: ctcbr.ErrVanished, polls: 5},
		"unknown, then completed":   {status: "Pausing", then: "Completed", polls: 3},
		"unknown, then failed":      {status: "Pausing", then: "Failed", want: ctcbr.ErrFailed, polls: 3},
		"never there":               {status: "gone", want: ctcbr.ErrVanished, polls: 13}, // in 5 minutes
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{Status: c.status, Message: c.message})
				if c.status == "gone" {
					cloud.Remove(id)
				}
				polls := 0
				task, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitProgress(func(ctcbr.Progress) {
					if polls++; polls == 2 && c.then == "gone" {
						cloud.Remove(id)
					} else if polls == 2 {
						cloud.SetStatus(id, c.then)
					}
				}))
				require.Equal(t, c.polls, polls)
				require.Equal(t, c.polls, cloud.Count("query-task-backup"))
				if c.want == nil {
					require.NoError(t, err)
					require.Equal(t, id, task.ID)
					return
				}
				require.Nil(t, task)
				require.ErrorIs(t, err, c.want)
				require.NotErrorIs(t, err, context.Canceled)
				var held *ctcbr.TaskError
				require.ErrorAs(t, err, &held)
				require.Equal(t, id, held.Task.ID)
				require.Contains(t, err.Error(), id)
				require.Contains(t, err.Error(), c.message)
			}, cbrtest.WithPolls(cbrtest.Polls{Cancel: 10}))
		})
	}
}

func TestWaitSaysWhatWasNeverListed(t *testing.T) {
	t.Parallel()
	const (
		check    = "was never listed: check its ID, WaitRegion and WaitSource"
		vanished = "vanished: it was listed and is not any more; see in the console what became of it"
	)
	gone := func(cloud *cbrtest.Server, id string) ctcbr.WaitOption {
		return ctcbr.WaitProgress(func(ctcbr.Progress) { cloud.Remove(id) })
	}
	cases := map[string]struct {
		wait func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) error
		want string
	}{
		"task": {func(ctx context.Context, _ *cbrtest.Server, client *ctcbr.Client) error {
			_, err := client.Tasks.Wait(ctx, "typo")
			return err
		}, "ctcbr: backup task typo " + check},
		"restore": {func(ctx context.Context, _ *cbrtest.Server, client *ctcbr.Client) error {
			_, err := client.Restores.Wait(ctx, "typo")
			return err
		}, "ctcbr: restore typo " + check},
		"agent": {func(ctx context.Context, _ *cbrtest.Server, client *ctcbr.Client) error {
			_, err := client.Agents.WaitActivated(ctx, "typo")
			return err
		}, "ctcbr: agent of host typo was never listed: the host has none (Agents.Install comes first), or its ID or WaitRegion is wrong"},
		"task that was listed": {func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) error {
			id := cloud.AddTask(cbrtest.Task{ID: "t1", Status: "Pausing"})
			_, err := client.Tasks.Wait(ctx, id, gone(cloud, id))
			return err
		}, "ctcbr: backup task t1 of plan plan-1a1b293f of host ecm-demo (h1) " + vanished},
		"restore that was listed": {func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) error {
			id := cloud.AddRestore(cbrtest.Restore{ID: "r1", Status: "Pausing"})
			_, err := client.Restores.Wait(ctx, id, gone(cloud, id))
			return err
		}, "ctcbr: restore r1 of host ecm-demo (h1) " + vanished},
		"agent that was listed": {func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) error {
			id := cloud.AddAgent(cloud.HostID)
			cloud.SetStatus(id, "Offline")
			_, err := client.Agents.WaitActivated(ctx, cloud.HostID, gone(cloud, id))
			return err
		}, "ctcbr: agent of host h1 " + vanished},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				err := c.wait(t.Context(), cloud, client)
				require.EqualError(t, err, strings.ReplaceAll(c.want, "h1", cloud.HostID))
				require.ErrorIs(t, err, ctcbr.ErrVanished)
			})
		})
	}
}

func TestWaitProgressTellsOfFailedPolls(t *testing.T) {
	t.Parallel()
	waits := map[string]struct {
		operation string
		wait      func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client, progress ctcbr.WaitOption) error
	}{
		"task": {"query-task-backup", func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client, progress ctcbr.WaitOption) error {
			_, err := client.Tasks.Wait(ctx, cloud.AddTask(cbrtest.Task{}), progress)
			return err
		}},
		"restore": {"query-restore-backup", func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client, progress ctcbr.WaitOption) error {
			_, err := client.Restores.Wait(ctx, cloud.AddRestore(cbrtest.Restore{}), progress)
			return err
		}},
		"agent": {"client-by-instance-backup", func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client, progress ctcbr.WaitOption) error {
			if _, err := client.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: cloud.HostID}); err != nil {
				return err
			}
			_, err := client.Agents.WaitActivated(ctx, cloud.HostID, progress)
			return err
		}},
		"order": {"query-uuid", func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client, progress ctcbr.WaitOption) error {
			order, err := client.Storages.Create(ctx, &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
			if err != nil {
				return err
			}
			_, err = client.Orders.Wait(ctx, order.ID, progress)
			return err
		}},
	}
	for name, c := range waits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				cloud.Inject(c.operation, cbrtest.Fault{Code: "Backup.System.Busy", Skip: 1})
				var seen []ctcbr.Progress
				err := c.wait(t.Context(), cloud, client, ctcbr.WaitProgress(func(p ctcbr.Progress) { seen = append(seen, p) }))
				require.NoError(t, err)
				require.Len(t, seen, cloud.Count(c.operation), "every poll is reported")
				for i, p := range seen {
					require.Equal(t, i == 1, p.Err != nil, "poll %d", i)
				}
				var call *ctcbr.Error
				require.ErrorAs(t, seen[1].Err, &call)
				require.Equal(t, "Backup.System.Busy", call.Code)
				require.Greater(t, seen[1].Elapsed, seen[0].Elapsed)
				seen[1].Err, seen[1].Elapsed = nil, seen[0].Elapsed
				require.Equal(t, seen[0], seen[1], "what was seen before the failure stays")
			})
		})
	}
	t.Run("each of several, and the poll that ends the wait", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.Inject("query-task-backup", cbrtest.Fault{Status: http.StatusForbidden})
			var seen []string
			_, err := client.Tasks.WaitAll(t.Context(), []string{"one", "two"}, ctcbr.WaitProgress(func(p ctcbr.Progress) {
				if errors.Is(p.Err, ctcbr.ErrUnauthorized) {
					seen = append(seen, p.ID)
				}
			}))
			require.ErrorIs(t, err, ctcbr.ErrUnauthorized)
			require.Equal(t, []string{"one", "two"}, seen)
		})
	})
	t.Run("not the end of the wait in the middle of a poll", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.Inject("query-task-backup", cbrtest.Fault{Conn: cbrtest.Silence})
			_, err := client.Tasks.Wait(t.Context(), "task", ctcbr.WaitAtMost(time.Second), ctcbr.WaitProgress(func(p ctcbr.Progress) {
				require.Fail(t, "no poll has ended", "%+v", p)
			}))
			require.ErrorIs(t, err, ctcbr.ErrWaitTooLong)
		})
	})
}

func TestRestoreWaitEnds(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]error{
		"RestoreCompleted": nil, "RestoreFail": ctcbr.ErrFailed, "RestoreCreateFail": ctcbr.ErrFailed,
		"Canceled": ctcbr.ErrCanceled, "RestoreCanceled": ctcbr.ErrCanceled, "RestoreCancelled": ctcbr.ErrCanceled,
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddRestore(cbrtest.Restore{Status: status, Message: "no space"})
				restored, err := client.Restores.Wait(t.Context(), id)
				require.Equal(t, 1, cloud.Count("query-restore-backup"))
				if want == nil {
					require.NoError(t, err)
					require.Equal(t, id, restored.ID)
					return
				}
				require.ErrorIs(t, err, want)
				var held *ctcbr.RestoreError
				require.ErrorAs(t, err, &held)
				require.Equal(t, id, held.Restore.ID)
				require.Equal(t, "no space", held.Restore.Message)
			})
		})
	}
}

func TestRestoreWaitCompletes(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		restored, err := client.Restores.Wait(t.Context(), cloud.AddRestore(cbrtest.Restore{}))
		require.NoError(t, err)
		require.Equal(t, ctcbr.RestoreCompleted, restored.Status)
	})
}

func TestWaitInterval(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		opts []ctcbr.WaitOption
		want []time.Duration
	}{
		"default grows to a minute": {nil, []time.Duration{2e9, 3e9, 4500e6, 6750e6, 10125e6, 15187500e3, 22781250e3, 34171875e3, 51257812500, 60e9, 60e9}},
		"as asked":                  {[]ctcbr.WaitOption{ctcbr.WaitInterval(10*time.Second, 20*time.Second)}, []time.Duration{10e9, 15e9, 20e9, 20e9}},
		"zero stands for default":   {[]ctcbr.WaitOption{ctcbr.WaitInterval(0, 0), nil}, []time.Duration{2e9, 3e9}},
		"a nanosecond grows":        {[]ctcbr.WaitOption{ctcbr.WaitInterval(1, 0)}, []time.Duration{1, 2, 3, 4, 6, 9, 13, 19, 28, 42}},
		"negative does too":         {[]ctcbr.WaitOption{ctcbr.WaitInterval(-1, -1)}, []time.Duration{2e9, 3e9}},
		"longest below first":       {[]ctcbr.WaitOption{ctcbr.WaitInterval(10*time.Second, time.Second)}, []time.Duration{10e9, 10e9, 10e9}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
				var at []time.Time
				opts := append(c.opts, ctcbr.WaitProgress(func(ctcbr.Progress) {
					if at = append(at, time.Now()); len(at) == len(c.want)+1 {
						cloud.SetStatus(id, "Completed")
					}
				}))
				_, err := client.Tasks.Wait(t.Context(), id, opts...)
				require.NoError(t, err)
				for i, want := range c.want {
					require.Equal(t, want, at[i+1].Sub(at[i]), "poll %d", i+1)
				}
			})
		})
	}
}

func TestWaitIsBounded(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		opts    []ctcbr.WaitOption
		timeout time.Duration
		want    error
		took    time.Duration
	}{
		"24 hours by default":       {nil, 0, ctcbr.ErrWaitTooLong, 24 * time.Hour},
		"an option":                 {[]ctcbr.WaitOption{ctcbr.WaitAtMost(time.Hour)}, 0, ctcbr.ErrWaitTooLong, time.Hour},
		"the context comes earlier": {nil, 10 * time.Minute, context.DeadlineExceeded, 10 * time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
				ctx := t.Context()
				if c.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.timeout)
					defer cancel()
				}
				began := time.Now()
				_, err := client.Tasks.Wait(ctx, id, c.opts...)
				require.Equal(t, c.took, time.Since(began))
				requirePending(t, err, c.want, id)
			})
		})
	}
}

func requirePending(t *testing.T, err, want error, ids ...string) {
	t.Helper()
	require.ErrorIs(t, err, want)
	var stopped *ctcbr.WaitError
	require.ErrorAs(t, err, &stopped)
	require.Equal(t, ids, stopped.Pending)
	require.Contains(t, err.Error(), ids[0])
}

func TestCanceledWaitIsAnErrorAtOnce(t *testing.T) {
	t.Parallel()
	why := errors.New("the operator went home")
	waits := map[string]func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) (string, error){
		"task": func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) (string, error) {
			id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
			_, err := client.Tasks.Wait(ctx, id)
			return id, err
		},
		"restore": func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) (string, error) {
			id := cloud.AddRestore(cbrtest.Restore{Status: "Pausing"})
			_, err := client.Restores.Wait(ctx, id)
			return id, err
		},
		"agent": func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) (string, error) {
			cloud.SetStatus(cloud.AddAgent(""), "Offline")
			_, err := client.Agents.WaitActivated(ctx, cloud.HostID)
			return cloud.HostID, err
		},
		"order": func(ctx context.Context, cloud *cbrtest.Server, client *ctcbr.Client) (string, error) {
			cloud.AddStorage(cbrtest.Storage{})
			order, err := client.Storages.Create(context.WithoutCancel(ctx), &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
			if err != nil {
				return "", err
			}
			cloud.SetStatus(order.ID, "8")
			_, err = client.Orders.Wait(ctx, order.ID)
			return order.ID, err
		},
	}
	for name, wait := range waits {
		for moment, after := range map[string]time.Duration{"before": 0, "between polls": time.Minute} {
			t.Run(name+" "+moment, func(t *testing.T) {
				t.Parallel()
				conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
					ctx, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					began := time.Now()
					if after == 0 {
						cancel(why)
					} else {
						time.AfterFunc(after, func() { cancel(why) })
					}
					id, err := wait(ctx, cloud, client)
					require.Equal(t, after, time.Since(began))
					requirePending(t, err, context.Canceled, id)
					require.ErrorIs(t, err, why)
				})
			})
		}
	}
}

func TestClosedClientEndsWaits(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
		began := time.Now()
		time.AfterFunc(61*time.Second, func() { client.Close() })
		_, err := client.Tasks.Wait(t.Context(), id)
		requirePending(t, err, ctcbr.ErrClosed, id)
		require.Equal(t, 61*time.Second, time.Since(began), "in the middle of an interval")
	})
}

func TestWaitSurvivesPassingFailures(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"503 for a while":           {Status: 503, Times: 20},
		"429 for a while":           {Status: 429, Times: 20},
		"HTML for a while":          {Status: 200, Body: "<html>", Times: 4},
		"connections reset":         {Conn: cbrtest.ResetAfterRequest, Times: 20},
		"the service refuses twice": {Code: "Backup.System.Busy", Times: 2},
		"a list cut in the middle":  {Conn: cbrtest.CutBody, Times: 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{})
				cloud.Inject("query-task-backup", fault)
				_, err := client.Tasks.Wait(t.Context(), id)
				require.NoError(t, err)
			})
		})
	}
}

func TestWaitEndsOnFailuresThatCannotHeal(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		fault cbrtest.Fault
		want  error
	}{
		"403":                               {cbrtest.Fault{Status: 403, Times: -1}, ctcbr.ErrUnauthorized},
		"a region that is not known":        {cbrtest.Fault{Code: "Openapi.RegionInfo.AccessFailed", Times: -1}, ctcbr.ErrRegion},
		"a missing permission":              {cbrtest.Fault{Code: "CTIAM_1044", Times: -1}, ctcbr.ErrUnauthorized},
		"the service refuses again & again": {cbrtest.Fault{Code: "Backup.System.Busy", Times: -1}, nil},
		"400":                               {cbrtest.Fault{Status: 400, Times: -1}, nil},
		"a redirect":                        {cbrtest.Redirect(302, "https://example.com/"), ctcbr.ErrRedirect},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
				cloud.Inject("query-task-backup", c.fault)
				_, err := client.Tasks.Wait(t.Context(), id)
				if c.want != nil {
					require.Equal(t, 1, cloud.Count("query-task-backup"))
					requirePending(t, err, c.want, id)
				}
				var call *ctcbr.Error
				require.ErrorAs(t, err, &call)
				most := 3
				if name == "400" {
					most = 10
				}
				require.LessOrEqual(t, cloud.Count("query-task-backup"), most)
			})
		})
	}
	t.Run("an invalid request", func(t *testing.T) {
		t.Parallel()
		client, err := ctcbr.NewClient(ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithEndpoint("http://127.0.0.1:1"))
		require.NoError(t, err)
		_, err = client.Tasks.Wait(t.Context(), "task")
		requirePending(t, err, ctcbr.ErrInvalid, "task")
	})
}

// roundTrips is a function that is a transport.
type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// through is a client of the cloud whose requests pass f, which gets the transport
// that leads there.
func through(t *testing.T, cloud *cbrtest.Server, f func(req *http.Request, cloud http.RoundTripper) (*http.Response, error)) *ctcbr.Client {
	t.Helper()
	transport := roundTrips(func(req *http.Request) (*http.Response, error) { return f(req, cloud.HTTPClient().Transport) })
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(&http.Client{Transport: transport}),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
	)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func TestWaitEndsOnAFirstPollThatIsHopeless(t *testing.T) {
	t.Parallel()
	proxyPassword := errors.New(http.StatusText(http.StatusProxyAuthRequired))
	noHost := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "ctcbr.invalid", IsNotFound: true}}
	cases := map[string]struct {
		failure error
		first   int // the request that fails first
		want    error
	}{
		"no such host":                      {noHost, 1, noHost},
		"no such host, after a poll":        {noHost, 2, nil},
		"bad certificate":                   {&tls.CertificateVerificationError{Err: errors.New("expired")}, 1, &tls.CertificateVerificationError{}},
		"bad certificate, after a poll":     {&tls.CertificateVerificationError{Err: errors.New("expired")}, 2, &tls.CertificateVerificationError{}},
		"a proxy's password":                {proxyPassword, 1, proxyPassword},
		"a proxy's password, after a poll":  {proxyPassword, 2, proxyPassword},
		"DNS that fails in passing":         {&net.DNSError{Err: "try again", IsTemporary: true}, 1, nil},
		"a connection that is refused once": {syscall.ECONNREFUSED, 1, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
				requests := 0
				client := through(t, cloud, func(req *http.Request, cloud http.RoundTripper) (*http.Response, error) {
					if requests++; c.first <= requests && requests < c.first+8 {
						return nil, c.failure
					}
					return cloud.RoundTrip(req)
				})
				id := cloud.AddTask(cbrtest.Task{})
				_, err := client.Tasks.Wait(t.Context(), id)
				if c.want == nil {
					require.NoError(t, err)
					return
				}
				require.Equal(t, c.first, requests, "at once")
				var stopped *ctcbr.WaitError
				require.ErrorAs(t, err, &stopped)
				require.Equal(t, []string{id}, stopped.Pending)
				require.ErrorAs(t, err, new(*ctcbr.Error))
				require.ErrorContains(t, err, "hint: ", "what the call said")
			})
		})
	}
	t.Run("middleware that breaks its contract", func(t *testing.T) {
		t.Parallel()
		conformance.Watching(t, func(t *testing.T, _ *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
			nothing := func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) {
				return nil, nil
			}
			began := time.Now()
			_, err := client(ctcbr.WithMiddleware(nothing)).Orders.Wait(t.Context(), "order")
			require.ErrorContains(t, err, "stopped waiting for order: ")
			require.ErrorContains(t, err, "middleware returned neither")
			require.Equal(t, began, time.Now(), "at once")
		})
	})
}

func TestWaitRefusesWhatHasNoID(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		wait             func(ctx context.Context, client *ctcbr.Client) error
		parameter, field string
	}{
		"task": {func(ctx context.Context, client *ctcbr.Client) error {
			_, err := client.Tasks.Wait(ctx, "")
			return err
		}, "id", "backupTaskID"},
		"one of several tasks": {func(ctx context.Context, client *ctcbr.Client) error {
			_, err := client.Tasks.WaitAll(ctx, []string{"task", " "})
			return err
		}, "ids[1]", "backupTaskID[1]"},
		"restore": {func(ctx context.Context, client *ctcbr.Client) error {
			_, err := client.Restores.Wait(ctx, "")
			return err
		}, "id", "backupRestoreID"},
		"order": {func(ctx context.Context, client *ctcbr.Client) error {
			_, err := client.Orders.Wait(ctx, "")
			return err
		}, "id", "masterOrderId"},
		"agent": {func(ctx context.Context, client *ctcbr.Client) error {
			_, err := client.Agents.WaitActivated(ctx, "")
			return err
		}, "hostID", "backupSrcInstanceID"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				err := c.wait(t.Context(), client)
				require.ErrorIs(t, err, ctcbr.ErrInvalid)
				var invalid *ctcbr.ValidationError
				require.ErrorAs(t, err, &invalid)
				require.Equal(t, []ctcbr.Fault{{Name: c.parameter, Field: c.field, Problem: "is required"}}, invalid.Faults)
				require.NotErrorAs(t, err, new(*ctcbr.WaitError), "no wait has begun")
				require.Zero(t, cloud.Count(""))
			})
		})
	}
}

// The status of an answer may follow its list, so that the list of a failure looks
// like any other until its end.
func TestWaitTrustsNoListOfAFailure(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
		cloud.Inject("query-task-backup", cbrtest.Fault{Body: `{"returnObj":{"backupTaskList":[{"backupTaskID":"` + id + `","backupTaskStatusCode":"Completed"}]},"statusCode":900}`})
		_, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitAtMost(time.Minute))
		requirePending(t, err, ctcbr.ErrWaitTooLong, id)
	})
}

func TestWaitErrorKeepsTheLastFailure(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		faults []cbrtest.Fault
		end    func(cancel context.CancelFunc, client *ctcbr.Client)
		want   error // why the wait ended
		last   error // that of the last poll
	}{
		"ended between polls":              {[]cbrtest.Fault{{Status: 503, Times: -1}}, nil, context.DeadlineExceeded, ctcbr.ErrUnavailable},
		"ended within the poll after it":   {[]cbrtest.Fault{{Status: 503, Times: 4}, {Conn: cbrtest.Silence}}, nil, context.DeadlineExceeded, ctcbr.ErrUnavailable},
		"ended within the first poll":      {[]cbrtest.Fault{{Conn: cbrtest.Silence}}, nil, context.DeadlineExceeded, nil},
		"canceled within a poll":           {[]cbrtest.Fault{{Conn: cbrtest.Silence}}, func(cancel context.CancelFunc, _ *ctcbr.Client) { cancel() }, context.Canceled, nil},
		"client closed within a poll":      {[]cbrtest.Fault{{Conn: cbrtest.Silence}}, func(_ context.CancelFunc, client *ctcbr.Client) { client.Close() }, ctcbr.ErrClosed, nil},
		"ended within a poll after a good": {[]cbrtest.Fault{{Conn: cbrtest.Silence, Skip: 1}}, nil, context.DeadlineExceeded, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
				for _, fault := range c.faults {
					cloud.Inject("query-task-backup", fault)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				if c.end != nil {
					time.AfterFunc(time.Second, func() { c.end(cancel, client) })
				}
				_, err := client.Tasks.Wait(ctx, id, ctcbr.WaitInterval(time.Second, time.Second))
				requirePending(t, err, c.want, id)
				var stopped *ctcbr.WaitError
				require.ErrorAs(t, err, &stopped)
				require.ErrorIs(t, stopped.Last, c.last)
				require.Equal(t, c.last != nil, strings.Contains(err.Error(), "the last poll failed"))
			})
		})
	}
}

func TestProgressFunctionMayEndTheWait(t *testing.T) {
	t.Parallel()
	t.Run("by its context", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
			ctx, cancel := context.WithCancel(t.Context())
			_, err := client.Tasks.Wait(ctx, id, ctcbr.WaitProgress(func(ctcbr.Progress) { cancel() }))
			requirePending(t, err, context.Canceled, id)
			require.Equal(t, 1, cloud.Count("query-task-backup"))
		})
	})
	t.Run("by closing the client", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
			_, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitProgress(func(ctcbr.Progress) { client.Close() }))
			requirePending(t, err, ctcbr.ErrClosed, id)
			require.Equal(t, 1, cloud.Count("query-task-backup"))
		})
	})
	t.Run("by a panic, which reaches its caller", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			id := cloud.AddTask(cbrtest.Task{})
			require.PanicsWithValue(t, "of the caller", func() {
				_, _ = client.Tasks.Wait(t.Context(), id, ctcbr.WaitProgress(func(ctcbr.Progress) { panic("of the caller") }))
			})
			_, err := client.Tasks.Wait(t.Context(), id)
			require.NoError(t, err, "the client goes on")
		})
	})
}

func TestWaitRemainingIsNeverNegative(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{})
		for i := range 10 {
			cloud.Inject("query-task-backup", cbrtest.Fault{Body: fmt.Sprintf(
				`{"statusCode":800,"returnObj":{"backupTaskList":[{"backupTaskID":%q,"backupTaskStatusCode":"Executing","backupTaskPercent":"%de-12"}]}}`, id, i)})
		}
		_, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitProgress(func(p ctcbr.Progress) {
			require.GreaterOrEqual(t, p.Remaining, time.Duration(0))
		}))
		require.NoError(t, err)
	})
}

func TestWaitMissingPollsMustBeInARow(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{})
		empty := `{"statusCode":800,"returnObj":{"backupTaskList":[]}}`
		for range 3 {
			cloud.Inject("query-task-backup", cbrtest.Fault{Body: empty, Times: 2})
			cloud.Inject("query-task-backup", cbrtest.Fault{})
		}
		_, err := client.Tasks.Wait(t.Context(), id)
		require.NoError(t, err)
	})
	t.Run("the number can be set", func(t *testing.T) {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			id := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
			_, err := client.Tasks.Wait(t.Context(), id, ctcbr.WaitMissing(7), ctcbr.WaitProgress(func(ctcbr.Progress) { cloud.Remove(id) }))
			require.ErrorIs(t, err, ctcbr.ErrVanished)
			require.Equal(t, 1+7, cloud.Count("query-task-backup"))
		})
	})
}

func TestWaitAllAsksOnceAPoll(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		ids := make([]string, 1000)
		for i := range ids {
			ids[i] = cloud.AddTask(cbrtest.Task{})
		}
		tasks, err := client.Tasks.WaitAll(t.Context(), ids)
		require.NoError(t, err)
		require.Equal(t, 5, cloud.Count("query-task-backup"))
		for i, task := range tasks {
			require.Equal(t, ids[i], task.ID)
			require.Equal(t, ctcbr.TaskCompleted, task.Status)
		}
	}, cbrtest.WithPolls(cbrtest.Polls{Task: 4}))
}

func TestWaitAllJoinsWhatFailed(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		good := cloud.AddTask(cbrtest.Task{})
		bad := cloud.AddTask(cbrtest.Task{Status: "Failed", Message: "disk full"})
		canceled := cloud.AddTask(cbrtest.Task{Status: "Canceled"})
		tasks, err := client.Tasks.WaitAll(t.Context(), []string{good, bad, "gone", canceled, good})
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		require.ErrorIs(t, err, ctcbr.ErrVanished)
		require.ErrorIs(t, err, ctcbr.ErrCanceled)
		require.ErrorContains(t, err, "disk full")
		require.Len(t, tasks, 5)
		require.Equal(t, ctcbr.TaskCompleted, tasks[0].Status)
		require.Equal(t, tasks[0], tasks[4])
		require.Equal(t, "gone", tasks[2].ID)

		require.Equal(t, 3, strings.Count(err.Error(), "; ")+1, "one line: %s", err)
		require.NotContains(t, err.Error(), "\n")
		var several interface{ Unwrap() []error }
		require.ErrorAs(t, err, &several)
		var failed []string
		for _, err := range several.Unwrap() {
			var task *ctcbr.TaskError
			require.ErrorAs(t, err, &task)
			failed = append(failed, task.Task.ID)
		}
		require.Equal(t, []string{bad, "gone", canceled}, failed)
	})
}

func TestWaitAllTakesAnIDGivenTwiceForOne(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		failed := cloud.AddTask(cbrtest.Task{Status: "Failed"})
		tasks, err := client.Tasks.WaitAll(t.Context(), []string{failed, failed})
		require.EqualError(t, err, "ctcbr: backup task "+failed+" of plan plan-1a1b293f of host ecm-demo ("+cloud.HostID+") failed", "one task failed")
		require.Len(t, tasks, 2)
		require.Equal(t, tasks[0], tasks[1])

		running := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
		_, err = client.Tasks.WaitAll(t.Context(), []string{running, running}, ctcbr.WaitAtMost(time.Minute))
		requirePending(t, err, ctcbr.ErrWaitTooLong, running)
	})
}

func TestWaitAllOfNothing(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		for _, none := range [][]string{nil, {}} {
			tasks, err := client.Tasks.WaitAll(t.Context(), none)
			require.NoError(t, err)
			require.Empty(t, tasks)
		}
		require.Zero(t, cloud.Count(""))
	})
}

func TestCanceledWaitAllNamesWhatRuns(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		done := cloud.AddTask(cbrtest.Task{Status: "Completed"})
		failed := cloud.AddTask(cbrtest.Task{Status: "Failed"})
		running := cloud.AddTask(cbrtest.Task{Status: "Pausing"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tasks, err := client.Tasks.WaitAll(ctx, []string{done, failed, running})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		var stopped *ctcbr.WaitError
		require.ErrorAs(t, err, &stopped)
		require.Equal(t, []string{running}, stopped.Pending)
		require.Equal(t, ctcbr.TaskStatus("Pausing"), tasks[2].Status)
	})
}

func TestWaitNarrowsItsQueriesInALongList(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		for range 300 {
			cloud.AddTask(cbrtest.Task{Status: "Completed"})
		}
		host := cloud.AddHost(cbrtest.Host{})
		cloud.AddAgent(host)
		id := cloud.AddTask(cbrtest.Task{PlanID: cloud.AddPlan(cbrtest.Plan{HostID: host})})
		_, err := client.Tasks.Wait(t.Context(), id)
		require.NoError(t, err)
		narrow := 0
		for i, r := range cloud.Requests() {
			asksForHost := requireQuery(t, r.Query).Get("backupSrcInstanceID") == host
			require.Equal(t, i > 0, asksForHost, "request %d", i)
			if asksForHost {
				narrow++
			}
		}
		require.Positive(t, narrow)
	})
}

// The service does not promise what its filters find.
func TestWaitAsksTheRegionForWhatAHostDoesNotList(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
		for range 300 {
			cloud.AddTask(cbrtest.Task{Status: "Completed"})
		}
		id := cloud.AddTask(cbrtest.Task{})
		client := through(t, cloud, func(req *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if req.URL.Query().Has("backupSrcInstanceID") {
				answer := `{"statusCode":800,"returnObj":{"backupTaskList":[]}}`
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Request: req}, nil
			}
			return cloud.RoundTrip(req)
		})
		_, err := client.Tasks.Wait(t.Context(), id)
		require.NoError(t, err)
	}, cbrtest.WithPolls(cbrtest.Polls{Task: 10}))
}

func TestWaitOfAnotherSourceAndRegion(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Tasks.Wait(t.Context(), "task", ctcbr.WaitSource(ctcbr.SourceBareMetal), ctcbr.WaitRegion("elsewhere"))
		require.Error(t, err)
		query := requireQuery(t, cloud.Requests()[0].Query)
		require.Equal(t, "CT-DPS", query.Get("sourceType"))
		require.Equal(t, "elsewhere", query.Get("regionID"))
	})
}

func TestAgentWait(t *testing.T) {
	t.Parallel()
	t.Run("activated", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			_, err := client.Agents.Install(t.Context(), &ctcbr.InstallAgentRequest{HostID: cloud.HostID})
			require.NoError(t, err)
			agent, err := client.Agents.WaitActivated(t.Context(), cloud.HostID)
			require.NoError(t, err)
			require.Equal(t, ctcbr.AgentActivated, agent.Status)
			require.Equal(t, cloud.HostID, agent.HostID)
		})
	})
	t.Run("install failed", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.FailNext(cbrtest.InstallJob, "no space")
			_, err := client.Agents.Install(t.Context(), &ctcbr.InstallAgentRequest{HostID: cloud.HostID})
			require.NoError(t, err)
			_, err = client.Agents.WaitActivated(t.Context(), cloud.HostID)
			require.ErrorIs(t, err, ctcbr.ErrFailed)
			require.ErrorContains(t, err, cloud.HostID)
		})
	})
	t.Run("what the service says of a failure stays in one line", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			answer := func(desc string) cbrtest.Fault {
				return cbrtest.Fault{Body: fmt.Sprintf(`{"statusCode":800,"returnObj":{"backupClientList":[{"instanceID":%q,"backupClientStatus":"InstallFail","backupClientDesc":%q}]}}`, cloud.HostID, desc)}
			}
			cloud.Inject("client-by-instance-backup", answer("disk\nfull"))
			once := ctcbr.WaitListed(time.Nanosecond)
			_, err := client.Agents.WaitActivated(t.Context(), cloud.HostID, once)
			require.EqualError(t, err, "ctcbr: agent of host "+cloud.HostID+" failed: InstallFail disk full")
			cloud.Inject("client-by-instance-backup", answer(""))
			_, err = client.Agents.WaitActivated(t.Context(), cloud.HostID, once)
			require.EqualError(t, err, "ctcbr: agent of host "+cloud.HostID+" failed: InstallFail")
		})
	})
	t.Run("host without an agent", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			began := time.Now()
			agent, err := client.Agents.WaitActivated(t.Context(), cloud.HostID)
			require.Nil(t, agent)
			require.ErrorIs(t, err, ctcbr.ErrVanished)
			require.ErrorContains(t, err, cloud.HostID)
			require.GreaterOrEqual(t, time.Since(began), 5*time.Minute)
			require.LessOrEqual(t, time.Since(began), 6*time.Minute)
		})
	})
}

func TestOrderWait(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status string
		opts   []ctcbr.WaitOption
		want   error
	}{
		"done":                         {"3", nil, nil},
		"canceled":                     {"4", nil, ctcbr.ErrFailed},
		"failed":                       {"5", nil, ctcbr.ErrFailed},
		"review failed":                {"10", nil, ctcbr.ErrFailed},
		"revoked":                      {"11", nil, ctcbr.ErrFailed},
		"unsubscribed":                 {"13", nil, ctcbr.ErrFailed},
		"unsubscribed, as it was to":   {"13", []ctcbr.WaitOption{ctcbr.WaitUnsubscribing()}, nil},
		"removed by a change":          {"15", nil, ctcbr.ErrFailed},
		"waiting for payment":          {"1", nil, ctcbr.ErrWaitTooLong},
		"paid":                         {"2", nil, ctcbr.ErrWaitTooLong},
		"being paid":                   {"7", nil, ctcbr.ErrWaitTooLong},
		"to be reviewed":               {"8", nil, ctcbr.ErrWaitTooLong},
		"review passed":                {"9", nil, ctcbr.ErrWaitTooLong},
		"being revoked automatically":  {"16", nil, ctcbr.ErrWaitTooLong},
		"being revoked by hand":        {"17", nil, ctcbr.ErrWaitTooLong},
		"a state that nobody knows of": {"99", nil, ctcbr.ErrWaitTooLong},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				order := createVault(t, client)
				cloud.SetStatus(order.ID, c.status)
				found, err := client.Orders.Wait(t.Context(), order.ID, append(c.opts, ctcbr.WaitAtMost(time.Hour))...)
				if c.want == nil {
					require.NoError(t, err)
					require.Equal(t, ctcbr.OrderStatus(c.status), found.Status)
					return
				}
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, order.ID)
				require.Nil(t, found)
			})
		})
	}
}

func createVault(t *testing.T, client *ctcbr.Client) *ctcbr.Order {
	t.Helper()
	order, err := client.Storages.Create(t.Context(), &ctcbr.CreateStorageRequest{Name: "vault", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
	require.NoError(t, err)
	return order
}

func TestOrderWaitOfAnUnsubscription(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		order, err := client.Storages.Unsubscribe(t.Context(), &ctcbr.UnsubscribeStorageRequest{ID: cloud.AddStorage(cbrtest.Storage{})})
		require.NoError(t, err)
		found, err := client.Orders.Wait(t.Context(), order.ID, ctcbr.WaitUnsubscribing())
		require.NoError(t, err)
		require.Equal(t, ctcbr.OrderDone, found.Status, "the order that refunds")
		require.Equal(t, 1, cloud.Charges())
	})
}

func TestOrderWaitNeverSendsAnOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal cbrtest.Fault
		want    error
	}{
		"401":                         {cbrtest.Fault{Status: http.StatusUnauthorized, Times: -1}, ctcbr.ErrUnauthorized},
		"403":                         {cbrtest.Fault{Status: http.StatusForbidden, Times: -1}, ctcbr.ErrUnauthorized},
		"not found, says the service": {cbrtest.Fault{Code: "Order.NotFound", Times: -1}, ctcbr.ErrNotFound},
		"a missing permission":        {cbrtest.Fault{Code: "CTIAM_0005", Times: -1}, ctcbr.ErrUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				order := createVault(t, client)
				cloud.Inject("query-uuid", c.refusal)
				_, err := client.Orders.Wait(t.Context(), order.ID)
				requirePending(t, err, c.want, order.ID)
				require.ErrorContains(t, err, order.ID)
				require.ErrorContains(t, err, "client token")
				require.ErrorContains(t, err, "console")
				require.Equal(t, 1, cloud.Count("create-storage-backup"))
				require.Equal(t, 1, cloud.Orders()[0].Requests)
			})
		})
	}
}

func requireQuery(t *testing.T, raw string) url.Values {
	t.Helper()
	query, err := url.ParseQuery(raw)
	require.NoError(t, err)
	return query
}
