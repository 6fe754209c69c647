package layer_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		now := time.Now()
		fresh := conformance.WithAgent(cloud)
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: cloud.AddPlan(cbrtest.Plan{HostID: fresh}), Created: now.Add(-time.Hour)})

		bare := cloud.AddHost(cbrtest.Host{})
		unplanned := conformance.WithAgent(cloud)
		stale := conformance.WithAgent(cloud)
		stalePlan := cloud.AddPlan(cbrtest.Plan{HostID: stale})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: stalePlan, Created: now.Add(-49 * time.Hour)})
		empty := conformance.WithAgent(cloud)
		emptyPlan := cloud.AddPlan(cbrtest.Plan{HostID: empty})
		cloud.SetStatus(cloud.AddSnapshot(cbrtest.Snapshot{PlanID: emptyPlan, Created: now}), "NotAvailable")
		stopped := conformance.WithAgent(cloud)
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
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
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

// kinds are the gaps that a region has, each as "KIND host plan vault".
func gapsOf(p *ctcbr.Protection) (gaps []string) {
	for _, gap := range p.Gaps {
		gaps = append(gaps, gap.String())
	}
	return gaps
}

// well is a cloud in which all is well: one host with one plan that ran an hour ago.
func well(cloud *cbrtest.Server) (plan string) {
	cloud.Remove(cloud.HostID)
	storage := cloud.AddStorage(cbrtest.Storage{ID: "vault-id", Name: "vault", UsedBytes: 10 << 30, Expires: time.Now().Add(365 * 24 * time.Hour)})
	host := protectable(cloud, "web")[0].ID
	plan = cloud.AddPlan(cbrtest.Plan{ID: "plan-id", Name: "nightly", HostID: host, StorageID: storage})
	ran(cloud, "task-id", plan, time.Hour)
	return plan
}

// ran puts a completed task and its copy there.
func ran(cloud *cbrtest.Server, id, plan string, ago time.Duration) {
	at := time.Now().Add(-ago)
	cloud.AddTask(cbrtest.Task{ID: id, PlanID: plan, Status: "Completed", Started: at, Done: at.Add(time.Minute)})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "copy-of-" + id, PlanID: plan, Created: at})
}

func TestProtectionWhereAllIsWell(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		plan := well(cloud)
		ran(cloud, "older", plan, 30*time.Hour)
		state, err := client.Protection(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, state.Gaps)
		require.WithinDuration(t, time.Now(), state.At, time.Minute)
		require.Len(t, state.Storages, 1)
		require.Len(t, state.Hosts, 1)
		host := state.Hosts[0]
		require.Equal(t, "copy-of-task-id", host.Newest.ID)
		require.Len(t, host.Plans, 1)
		p := host.Plans[0]
		require.Equal(t, "copy-of-task-id", p.Newest.ID)
		require.Equal(t, "task-id", p.LastRun.ID)
		require.Equal(t, "Completed", p.Outcome())
		require.Equal(t, ctcbr.NewTime(time.Now().Add(-time.Hour)), p.NewestAt())
		require.Equal(t, ctcbr.NewTime(ctcbr.Daily(2).Next(time.Now())), p.NextRun)
		require.Equal(t, 2, p.Copies)
		require.Positive(t, p.Bytes)
		require.Equal(t, ctcbr.SourceECS, p.Plan.SourceType)
		require.Equal(t, ctcbr.SourceECS, p.Newest.SourceType)
		require.Equal(t, ctcbr.SourceECS, p.LastRun.SourceType)
		require.Equal(t, 13, cloud.Count(""), "four lists of each of three kinds, and the repositories")
	})
}

func TestProtectionGaps(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(cloud *cbrtest.Server)
		req   ctcbr.ProtectionRequest
		want  []string
	}{
		"no agent": {spoil: func(cloud *cbrtest.Server) { cloud.AddHost(cbrtest.Host{Name: "bare"}) }, want: []string{"bare no agent"}},
		"no plan":  {spoil: func(cloud *cbrtest.Server) { protectable(cloud, "new") }, want: []string{"new no plan"}},
		"an inactive agent": {
			spoil: func(cloud *cbrtest.Server) { cloud.SetStatus(cloud.AddAgent("id-of-web"), "Offline") },
			want:  []string{"web agent not active: Offline Offline"},
		},
		"stopped": {spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("plan-id", "Stop") }, want: []string{"web nightly plan stopped"}},
		"frozen":  {spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("plan-id", "Frozen") }, want: []string{"web nightly plan not active: Frozen Frozen"}},
		"no state": {
			spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("plan-id", "") }, want: []string{"web nightly plan not active: no state"},
		},
		"two plans of a name": {
			spoil: func(cloud *cbrtest.Server) {
				ran(cloud, "of-second", cloud.AddPlan(cbrtest.Plan{ID: "second", Name: "nightly", HostID: "id-of-web", StorageID: "vault-id"}), time.Hour)
			},
			want: []string{"web nightly duplicate plan: 2 plans of the name", "web nightly duplicate plan: 2 plans of the name"},
		},
		"a host that is gone": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.Remove("id-of-web")
				protectable(cloud, "other")
				cloud.AddPlan(cbrtest.Plan{ID: "p", Name: "daily", HostID: "id-of-other"})
				ran(cloud, "o", "p", time.Hour)
				removeAgent(cloud, "id-of-web")
			},
			want: []string{"web nightly host gone"},
		},
		"no copy": {spoil: func(cloud *cbrtest.Server) { cloud.Remove("copy-of-task-id") }, want: []string{"web nightly no snapshot"}},
		"a copy that cannot be used": {
			spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("copy-of-task-id", "NotAvailable") }, want: []string{"web nightly no snapshot"},
		},
		"a copy that is being restored": {spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("copy-of-task-id", "Restoring") }},
		"an old copy by age": {
			req: ctcbr.ProtectionRequest{MaxAge: 30 * time.Minute}, want: []string{"web nightly snapshot too old: the newest is of 2000-01-01 07:00:00, and one was due by 2000-01-01 07:30:00"},
		},
		"an old copy by the schedule": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.Remove("copy-of-task-id")
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-id", Created: time.Now().Add(-31 * time.Hour)})
			},
			want: []string{"web nightly snapshot too old: the newest is of 1999-12-31 01:00:00, and one was due by 1999-12-31 02:00:00"},
		},
		"within the grace": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.Remove("copy-of-task-id")
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-id", Created: time.Now().Add(-29 * time.Hour)})
			},
		},
		"beyond a shorter grace": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.Remove("copy-of-task-id")
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-id", Created: time.Now().Add(-29 * time.Hour)})
			},
			req:  ctcbr.ProtectionRequest{Grace: time.Hour},
			want: []string{"web nightly snapshot too old: the newest is of 1999-12-31 03:00:00, and one was due by 2000-01-01 02:00:00"},
		},
		"a run that failed": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.AddTask(cbrtest.Task{PlanID: "plan-id", Status: "Failed", Message: "disk full", Started: time.Now().Add(-30 * time.Minute)})
			},
			want: []string{"web nightly last run failed: 2000-01-01 07:30:00: Failed disk full"},
		},
		"a run that failed before one that completed": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.AddTask(cbrtest.Task{PlanID: "plan-id", Status: "Failed", Message: "disk full", Started: time.Now().Add(-90 * time.Minute)})
			},
		},
		"a run that ended in a state nobody knows": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.SetStatus(cloud.AddTask(cbrtest.Task{ID: "odd", PlanID: "plan-id", Status: "Failed", Message: "?", Started: time.Now().Add(-30 * time.Minute)}), "Timeout")
			},
			want: []string{"web nightly last run failed: 2000-01-01 07:30:00: Timeout ?"},
		},
		"a run that is under way": {
			spoil: func(cloud *cbrtest.Server) { cloud.AddTask(cbrtest.Task{PlanID: "plan-id", Started: time.Now()}) },
		},
		"no hosts": {
			spoil: func(cloud *cbrtest.Server) {
				cloud.Remove("plan-id")
				cloud.Remove("id-of-web")
				removeAgent(cloud, "id-of-web")
			},
			want: []string{"no hosts: none of CT-ECS, CT-DPS and CT-LS is listed in region 81f7728662dd11ec810800155d307d5b"},
		},
		"no hosts of a kind": {
			req: ctcbr.ProtectionRequest{Sources: []ctcbr.SourceType{ctcbr.SourceOnPremises}}, want: []string{"no hosts: none of CT-LS is listed in region 81f7728662dd11ec810800155d307d5b"},
		},
		"a vault that has expired": {
			spoil: func(cloud *cbrtest.Server) { cloud.SetStatus("vault-id", "Expire") }, want: []string{"vault vault not active: Expire (已过期)"},
		},
		"a vault that expires soon": {
			req: ctcbr.ProtectionRequest{MinTime: 400 * 24 * time.Hour}, want: []string{"vault vault expiring: it expires 2000-12-31 08:00:00"},
		},
		"a vault that runs out of room": {
			req: ctcbr.ProtectionRequest{MinFree: 0.95}, want: []string{"vault vault full: 90.00 GB of 100 GB free"},
		},
		"a vault that nothing is known of": {
			spoil: func(cloud *cbrtest.Server) { cloud.Remove("vault-id") }, want: []string{"web nightly vault not active: vault vault-id is not listed"},
		},
		"a vault that leaves and is not used": {
			spoil: func(cloud *cbrtest.Server) { cloud.SetStatus(cloud.AddStorage(cbrtest.Storage{Name: "old"}), "Refing") },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				well(cloud)
				if c.spoil != nil {
					c.spoil(cloud)
				}
				state, err := client.Protection(t.Context(), &c.req)
				require.NoError(t, err)
				require.Equal(t, c.want, gapsOf(state))
				of := len(state.Gaps)
				for _, host := range state.Hosts {
					of -= len(host.Gaps)
					for _, plan := range host.Plans {
						of -= len(plan.Gaps)
					}
				}
				for _, gap := range state.Gaps {
					if gap.HostID == "" {
						of--
					}
				}
				require.Zero(t, of, "every gap of a host is with its host or plan, too")
			})
		})
	}
}

// removeAgent takes the agent of a host that is gone away.
func removeAgent(cloud *cbrtest.Server, host string) { cloud.Remove(cloud.AddAgent(host)) }

// What cannot be read is never a good sign.
func TestProtectionOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		operation, from, to string
		status              string // of the task
		req                 ctcbr.ProtectionRequest
		want                []string
	}{
		"the time of a copy":         {operation: "query-backup-snapshot", from: `TimeDesc":"2000`, to: `TimeDesc":"in 2000`, want: []string{"web nightly unreadable: the time of 1 copy"}},
		"a copy that is to come":     {operation: "query-backup-snapshot", from: `"createTimeDesc":"2000`, to: `"createTimeDesc":"2999`, want: []string{"web nightly unreadable: the newest copy is of 2999-01-01 07:00:00, which is to come"}},
		"the schedule":               {operation: "query-backup-policy", from: `"hour":"02:00"`, to: `"hour":"at night"`, want: []string{`web nightly unreadable: the schedule: invalid schedule: hour "at night" is not a time of day`}},
		"the schedule beside an age": {operation: "query-backup-policy", from: `"hour":"02:00"`, to: `"hour":"at night"`, req: ctcbr.ProtectionRequest{MaxAge: 2 * time.Hour}},
		"no schedule":                {operation: "query-backup-policy", from: `"periodInfo":{`, to: `"other":{`, want: []string{"web nightly unreadable: the schedule: no schedule"}},
		"the free room":              {operation: "query-storage-backup", from: `"backupStorageFreeCapacity":"`, to: `"backupStorageFreeCapacity":"some `, want: []string{`vault unreadable: how much of it is free: "some 90.00"`}},
		"no free room told":          {operation: "query-storage-backup", from: `"backupStorageFreeCapacity"`, to: `"other"`, want: []string{`vault unreadable: how much of it is free: ""`}},
		"when it expires":            {operation: "query-storage-backup", from: `"backupStorageExpireTime":"`, to: `"backupStorageExpireTime":"about `, want: []string{`vault unreadable: when it expires: "about 2000-12-31 08:00:00"`}},
		"no end told":                {operation: "query-storage-backup", from: `"backupStorageExpireTime"`, to: `"other"`, req: ctcbr.ProtectionRequest{MinTime: time.Hour}, want: []string{`vault unreadable: when it expires: ""`}},
		"no end told, none asked":    {operation: "query-storage-backup", from: `"backupStorageExpireTime"`, to: `"other"`},
		"a capacity":                 {operation: "query-storage-backup", from: `"backupStorageCapacity":"`, to: `"backupStorageCapacity":"some `, req: ctcbr.ProtectionRequest{MinFree: 0.1}, want: []string{`vault unreadable: its capacity: "some 100 G"`}},
		"a full vault":               {operation: "query-storage-backup", from: `"backupStorageFreeCapacity":"90.00"`, to: `"backupStorageFreeCapacity":"0"`, want: []string{"vault vault full: 0 GB of 100 GB free"}},
		"a run without a time":       {operation: "query-task-backup", from: `Time":"2000`, to: `Time":"in 2000`, status: "Failed", want: []string{"web nightly unreadable: the time of task task-id: Failed"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				well(cloud)
				if c.status != "" {
					cloud.SetStatus("task-id", c.status)
				}
				cloud.Inject(c.operation, replaced(c.from, c.to))
				state, err := client.Protection(t.Context(), &c.req)
				require.NoError(t, err)
				require.Equal(t, c.want, gapsOf(state))
			})
		})
	}
}

// A plan that was made anew keeps its history, and so does one that was renamed.
func TestProtectionKeepsHistory(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		well(cloud)
		cloud.Remove("plan-id")
		cloud.AddPlan(cbrtest.Plan{ID: "anew", Name: "nightly", HostID: "id-of-web", StorageID: "vault-id"})
		cloud.AddHost(cbrtest.Host{ID: "id-of-web", Name: "renamed"})
		state, err := client.Protection(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, state.Gaps)
		require.Equal(t, "copy-of-task-id", state.Hosts[0].Plans[0].Newest.ID)
		require.Equal(t, "task-id", state.Hosts[0].Plans[0].LastRun.ID)

		_, err = client.Plans.Update(t.Context(), &ctcbr.UpdatePlanRequest{ID: "anew", Name: "daily", DirectType: ctcbr.Ptr(ctcbr.DirectAll), Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30)})
		require.NoError(t, err)
		ran(cloud, "second", "anew", time.Minute)
		state, err = client.Protection(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "copy-of-second", state.Hosts[0].Plans[0].Newest.ID)
	})
}

// The newest copy of a host may be that of a plan that is no more, and is none of its other plans'.
func TestProtectionOfCopiesWithoutAPlan(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		well(cloud)
		ran(cloud, "of-daily", cloud.AddPlan(cbrtest.Plan{ID: "daily-id", Name: "daily", HostID: "id-of-web", StorageID: "vault-id"}), time.Minute)
		cloud.AddPlan(cbrtest.Plan{ID: "weekly-id", Name: "weekly", HostID: "id-of-web", StorageID: "vault-id"})
		cloud.Remove("daily-id")
		state, err := client.Protection(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "copy-of-of-daily", state.Hosts[0].Newest.ID)
		require.Equal(t, []string{"web weekly no snapshot"}, gapsOf(state))
		cloud.Remove("copy-of-of-daily")
		state, err = client.Protection(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "copy-of-task-id", state.Hosts[0].Newest.ID)
		require.Same(t, state.Hosts[0].Newest, state.Hosts[0].Plans[0].Newest)
	})
}

func TestProtectionRefusesAndFails(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		for _, req := range []*ctcbr.ProtectionRequest{{MaxAge: -1}, {Grace: -1}, {MinTime: -1}, {MinFree: -0.1}, {MinFree: 1.1}} {
			_, err := client.Protection(t.Context(), req)
			require.ErrorIs(t, err, ctcbr.ErrInvalid)
		}
		require.Zero(t, cloud.Count(""))
		well(cloud)
		for _, operation := range []string{"info-client-backup", "query-backup-policy", "query-task-backup", "query-backup-snapshot", "query-storage-backup"} {
			cloud.Inject(operation, cbrtest.Fault{Status: 403})
			state, err := client.Protection(t.Context(), nil)
			require.ErrorIs(t, err, ctcbr.ErrUnauthorized, operation)
			require.Nil(t, state, "half an answer could pass for all is well")

			cloud.Inject(operation, cbrtest.Fault{Conn: cbrtest.CutBody})
			state, err = client.Protection(t.Context(), nil)
			require.NoError(t, err, operation)
			require.Empty(t, state.Gaps, "a list that was cut is read again, and nothing of it counts twice")
			require.Equal(t, 1, state.Hosts[0].Plans[0].Copies)
			cloud.ClearFaults()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := client.Protection(ctx, nil)
		require.ErrorIs(t, err, context.Canceled)
		var none *ctcbr.Client
		_, err = none.Protection(t.Context(), &ctcbr.ProtectionRequest{RegionID: "r"})
		require.ErrorIs(t, err, ctcbr.ErrClosed)
	})
}

func TestGapText(t *testing.T) {
	t.Parallel()
	gap := ctcbr.Gap{Kind: ctcbr.GapRunFailed, HostName: "db-01", PlanName: "nightly", Detail: "2026-11-24 02:00:00: Failed disk\nfull"}
	require.Equal(t, "db-01 nightly last run failed: 2026-11-24 02:00:00: Failed disk full", gap.String())
	require.Equal(t, "host-id no agent", fmt.Sprint(ctcbr.Gap{Kind: ctcbr.GapNoAgent, HostID: "host-id"}))
}

// replaced changes a text in every answer.
func replaced(from, to string) cbrtest.Fault {
	return cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte { return bytes.ReplaceAll(body, []byte(from), []byte(to)) }}
}
