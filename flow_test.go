package ctcbr_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestRunAndWait(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		req := &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: withAgent(cloud)})}
		var states []string
		task, err := client.Plans.RunAndWait(t.Context(), req, ctcbr.WaitProgress(func(p ctcbr.Progress) { states = append(states, p.State) }))
		require.NoError(t, err)
		require.NotEmpty(t, task.SnapshotID)
		require.Contains(t, states, "Executing")
		require.Zero(t, req.Op, "the caller's request is not changed")
		require.Equal(t, 1, cloud.Count("action-backup-policy"))
	})
}

func withAgent(cloud *cbrtest.Server) string {
	host := cloud.AddHost(cbrtest.Host{})
	cloud.AddAgent(host)
	return host
}

func TestRunAndWaitFails(t *testing.T) {
	t.Parallel()
	t.Run("the run is refused", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			_, err := client.Plans.RunAndWait(t.Context(), &ctcbr.OperatePlanRequest{ID: "nothing"})
			require.ErrorIs(t, err, ctcbr.ErrNotFound)
		})
	})
	t.Run("the task fails", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.FailNext(cbrtest.TaskJob, "disk full")
			_, err := client.Plans.RunAndWait(t.Context(), &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: withAgent(cloud)})})
			require.ErrorIs(t, err, ctcbr.ErrFailed)
			require.ErrorContains(t, err, "disk full")
		})
	})
	t.Run("the wait is canceled, and the error leads to the task", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Plans.RunAndWait(ctx, &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: withAgent(cloud)})})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var stopped *ctcbr.WaitError
			require.ErrorAs(t, err, &stopped)
			task, err := client.Tasks.Wait(t.Context(), stopped.Pending[0])
			require.NoError(t, err)
			require.Equal(t, ctcbr.TaskCompleted, task.Status)
		})
	})
}

func TestRestoreNewest(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		req      ctcbr.RestoreNewestRequest
		wantDir  []string
		wantHost string
	}{
		"to a directory": {req: ctcbr.RestoreNewestRequest{TargetDir: "/restored"}, wantDir: []string{"/restored"}},
		"in place":       {req: ctcbr.RestoreNewestRequest{InPlace: true}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				host := withAgent(cloud)
				plan := cloud.AddPlan(cbrtest.Plan{HostID: host})
				day := func(n int) time.Time { return time.Date(2026, 6, n, 2, 0, 0, 0, time.UTC) }
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(1)})
				newest := cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(9)})
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(5)})
				cloud.SetStatus(cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(11)}), "NotAvailable")
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: cloud.AddPlan(cbrtest.Plan{HostID: withAgent(cloud)}), Created: day(12)})

				c.req.HostID = host
				restored, err := client.Restores.Newest(t.Context(), &c.req)
				require.NoError(t, err)
				require.Equal(t, newest, restored.SnapshotID)
				require.Equal(t, host, restored.TargetID)
				require.Equal(t, ctcbr.RestoreCompleted, restored.Status)
				if c.wantDir != nil {
					require.Equal(t, c.wantDir, restored.TargetPaths)
				}
			})
		})
	}
}

func TestRestoreNewestRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		req  *ctcbr.RestoreNewestRequest
		want error
	}{
		"neither a directory nor in place": {&ctcbr.RestoreNewestRequest{HostID: "host"}, ctcbr.ErrInvalid},
		"both":                             {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", InPlace: true}, ctcbr.ErrInvalid},
		"no host":                          {&ctcbr.RestoreNewestRequest{TargetDir: "/x"}, ctcbr.ErrInvalid},
		"nothing":                          {nil, ctcbr.ErrInvalid},
		"a host without snapshots":         {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x"}, ctcbr.ErrNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				restored, err := client.Restores.Newest(t.Context(), c.req)
				require.ErrorIs(t, err, c.want)
				require.Nil(t, restored)
				require.Zero(t, cloud.Count("create-restore-backup"))
			})
		})
	}
}

func TestRestoreNewestNamesItsFaults(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, _ *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Restores.Newest(t.Context(), nil)
		require.EqualError(t, err, "ctcbr: restore-newest: invalid request: HostID is required; TargetDir is required")
		_, err = client.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", InPlace: true})
		require.EqualError(t, err, "ctcbr: restore-newest: invalid request: TargetDir must be empty to restore in place")
	})
}

func TestRestoreNewestOfNothingIsTheErrorOfACall(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x"})
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
		var call *ctcbr.Error
		require.ErrorAs(t, err, &call)
		require.Equal(t, "query-backup-snapshot", call.Operation)
		require.Equal(t, cloud.Requests()[0].RequestID, call.RequestID)
		require.ErrorContains(t, err, `available snapshot of host "host": not found`)
	})
}

func TestGaps(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		now := time.Now()
		fresh := withAgent(cloud)
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: cloud.AddPlan(cbrtest.Plan{HostID: fresh}), Created: now.Add(-time.Hour)})

		bare := cloud.AddHost(cbrtest.Host{})
		unplanned := withAgent(cloud)
		stale := withAgent(cloud)
		stalePlan := cloud.AddPlan(cbrtest.Plan{HostID: stale})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: stalePlan, Created: now.Add(-49 * time.Hour)})
		empty := withAgent(cloud)
		emptyPlan := cloud.AddPlan(cbrtest.Plan{HostID: empty})
		cloud.SetStatus(cloud.AddSnapshot(cbrtest.Snapshot{PlanID: emptyPlan, Created: now}), "NotAvailable")
		stopped := withAgent(cloud)
		stoppedPlan := cloud.AddPlan(cbrtest.Plan{HostID: stopped, Stopped: true})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: stoppedPlan, Created: now})
		offline := cloud.AddHost(cbrtest.Host{})
		cloud.SetStatus(cloud.AddAgent(offline), "Offline")

		gaps, err := client.Gaps(t.Context(), &ctcbr.GapsRequest{MaxAge: 48 * time.Hour})
		require.NoError(t, err)
		type gap struct {
			kind       ctcbr.GapKind
			host, plan string
		}
		var got []gap
		for _, g := range gaps {
			got = append(got, gap{g.Kind, g.HostID, g.PlanID})
			require.NotEmpty(t, g.HostName)
			require.Equal(t, g.Kind == ctcbr.GapStale || g.Kind == ctcbr.GapPlanStopped, !g.Newest.IsZero())
		}
		require.ElementsMatch(t, []gap{
			{ctcbr.GapNoAgent, cloud.HostID, ""},
			{ctcbr.GapNoAgent, bare, ""},
			{ctcbr.GapNoPlan, unplanned, ""},
			{ctcbr.GapStale, stale, stalePlan},
			{ctcbr.GapNoSnapshot, empty, emptyPlan},
			{ctcbr.GapPlanStopped, stopped, stoppedPlan},
			{ctcbr.GapAgentInactive, offline, ""},
			{ctcbr.GapNoPlan, offline, ""},
		}, got)
	})
}

func TestGapsNeedsAnAgeAndReportsFailures(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Gaps(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		for _, operation := range []string{"info-client-backup", "query-backup-policy", "query-backup-snapshot"} {
			cloud.Inject(operation, cbrtest.Fault{Status: 403})
			gaps, err := client.Gaps(t.Context(), &ctcbr.GapsRequest{MaxAge: time.Hour})
			require.ErrorIs(t, err, ctcbr.ErrUnauthorized, operation)
			require.Nil(t, gaps, "half an answer could pass for all is well")
		}
	})
}
