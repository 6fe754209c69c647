package layer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func day(n int) time.Time { return time.Date(2026, 6, n, 2, 0, 0, 0, time.UTC) }

func TestRestoreNewest(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		req     ctcbr.RestoreNewestRequest
		wantDir []string
	}{
		"to a directory":       {ctcbr.RestoreNewestRequest{TargetDir: "/restored"}, []string{"/restored"}},
		"in place":             {ctcbr.RestoreNewestRequest{InPlace: true}, nil},
		"some paths, skipping": {ctcbr.RestoreNewestRequest{TargetDir: "/r", Scope: ctcbr.Ptr(ctcbr.RestoreOnly), Paths: []string{"/etc"}, ExistingFiles: ctcbr.Ptr(ctcbr.ExistingSkip)}, []string{"/r"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				host := conformance.WithAgent(cloud)
				plan := cloud.AddPlan(cbrtest.Plan{HostID: host})
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(1)})
				newest := cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(9)})
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(5)})
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)}), Created: day(12)})

				c.req.HostID = host
				restored, err := client.Restores.Newest(t.Context(), &c.req)
				require.NoError(t, err)
				require.Equal(t, newest, restored.SnapshotID)
				require.Equal(t, host, restored.TargetID)
				require.Equal(t, ctcbr.SourceECS, restored.SourceType)
				require.Equal(t, ctcbr.RestoreCompleted, restored.Status)
				if c.wantDir != nil {
					require.Equal(t, c.wantDir, restored.TargetPaths)
				}
			})
		})
	}
}

// What was restored is never taken for older than it is: not because it is being restored, not
// because its creation time cannot be read, not because a newer one cannot be used.
func TestNewestIsNeverAnOlderCopyInSilence(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		host := conformance.WithAgent(cloud)
		plan := cloud.AddPlan(cbrtest.Plan{HostID: host, Name: "nightly"})
		older := cloud.AddSnapshot(cbrtest.Snapshot{ID: "older", PlanID: plan, Created: time.Now().Add(-48 * time.Hour)})
		newer := cloud.AddSnapshot(cbrtest.Snapshot{ID: "newer", PlanID: plan, Created: time.Now().Add(-24 * time.Hour)})
		newest := func(change ...func(*ctcbr.NewestSnapshotRequest)) (*ctcbr.Snapshot, error) {
			req := &ctcbr.NewestSnapshotRequest{HostID: host}
			for _, f := range change {
				f(req)
			}
			return client.Snapshots.Newest(t.Context(), req)
		}
		allowOlder := func(r *ctcbr.NewestSnapshotRequest) { r.AllowOlder = true }

		cloud.SetStatus(newer, "Restoring")
		got, err := newest()
		require.NoError(t, err)
		require.Equal(t, newer, got.ID)

		for _, state := range []string{"NotAvailable", "Frozen"} {
			cloud.SetStatus(newer, state)
			_, err = newest()
			require.ErrorIs(t, err, ctcbr.ErrNotUsable)
			var unusable *ctcbr.CopyError
			require.ErrorAs(t, err, &unusable)
			require.Equal(t, newer, unusable.Newest.ID)
			require.Equal(t, older, unusable.Older.ID)
			require.ErrorContains(t, err, "not usable: its state is "+state)
			got, err = newest(allowOlder)
			require.NoError(t, err)
			require.Equal(t, older, got.ID)
		}
		_, err = client.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: host, InPlace: true})
		require.ErrorIs(t, err, ctcbr.ErrNotUsable)
		require.Zero(t, cloud.Count("create-restore-backup"))

		_, err = newest(allowOlder, func(r *ctcbr.NewestSnapshotRequest) { r.MaxAge = time.Hour })
		require.ErrorIs(t, err, ctcbr.ErrNotUsable, "too old, whatever else is allowed")
		require.ErrorContains(t, err, "more than 1h0m0s")
		cloud.SetStatus(older, "NotAvailable")
		_, err = newest(allowOlder)
		require.ErrorIs(t, err, ctcbr.ErrNotUsable)
		var none *ctcbr.CopyError
		require.ErrorAs(t, err, &none)
		require.Nil(t, none.Older)
	})
}

func TestNewestByWhatTimesTell(t *testing.T) {
	t.Parallel()
	type copyOf struct{ id, created, finished, isNew string }
	cases := map[string]struct {
		copies []copyOf
		want   string // empty: it is ambiguous
	}{
		"by creation":           {[]copyOf{{"a", "2026-06-01 02:00:00", "", "false"}, {"b", "2026-06-02 02:00:00", "", "false"}}, "b"},
		"by end":                {[]copyOf{{"a", "2026-06-01 02:00:00", "2026-06-01 03:00:00", "true"}, {"b", "soon", "2026-06-02 03:00:00", "false"}}, "b"},
		"one before the other":  {[]copyOf{{"a", "2026-06-03 02:00:00", "", "false"}, {"b", "", "2026-06-02 03:00:00", "false"}}, "a"},
		"one within the other":  {[]copyOf{{"a", "2026-06-03 02:00:00", "", "false"}, {"b", "", "2026-06-03 03:00:00", "false"}}, ""},
		"no times":              {[]copyOf{{"a", "2026-06-03 02:00:00", "", "false"}, {"b", "", "", "true"}}, ""},
		"a tie with a mark":     {[]copyOf{{"a", "2026-06-03 02:00:00", "", "false"}, {"b", "2026-06-03 02:00:00", "", "true"}}, "b"},
		"a tie without a mark":  {[]copyOf{{"a", "2026-06-03 02:00:00", "", "false"}, {"b", "2026-06-03 02:00:00", "", "false"}}, ""},
		"a tie with two marks":  {[]copyOf{{"a", "2026-06-03 02:00:00", "", "true"}, {"b", "2026-06-03 02:00:00", "", "true"}}, ""},
		"times before the mark": {[]copyOf{{"a", "2026-06-03 02:00:00", "", "true"}, {"b", "2026-06-04 02:00:00", "", "false"}}, "b"},
	}
	for name, c := range cases {
		for _, reversed := range []bool{false, true} {
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				var list []string
				for _, s := range c.copies {
					list = append(list, fmt.Sprintf(`{"backupSnapID":%q,"backupSrcInstanceID":"host","backupPolicyName":"nightly","statusCode":"Available","createTimeDesc":%q,"finishTimeDesc":%q,"backupSnapIsNew":%s}`, s.id, s.created, s.finished, s.isNew))
				}
				if reversed {
					slices.Reverse(list)
				}
				cloud.Inject("query-backup-snapshot", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"backupSnapshotTotal":2,"backupSnapshotList":[` + strings.Join(list, ",") + `]}}`})
				got, err := client.Snapshots.Newest(t.Context(), &ctcbr.NewestSnapshotRequest{HostID: "host"})
				if c.want != "" {
					require.NoError(t, err, name)
					require.Equal(t, c.want, got.ID, name)
					return
				}
				require.ErrorIs(t, err, ctcbr.ErrAmbiguous, name)
				require.ErrorContains(t, err, "a (", name)
				require.ErrorContains(t, err, "b (", name)
			})
		}
	}
}

func TestNewestOfSeveralPlans(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		host := conformance.WithAgent(cloud)
		nightly := cloud.AddPlan(cbrtest.Plan{HostID: host, Name: "nightly"})
		cloud.AddSnapshot(cbrtest.Snapshot{ID: "nightly-1", PlanID: nightly, Created: day(1)})
		remade := cloud.AddPlan(cbrtest.Plan{HostID: host, Name: "nightly"})
		cloud.AddSnapshot(cbrtest.Snapshot{ID: "nightly-2", PlanID: remade, Created: day(2)})
		got, err := client.Snapshots.Newest(t.Context(), &ctcbr.NewestSnapshotRequest{HostID: host})
		require.NoError(t, err, "a plan that was made anew is one by its name")
		require.Equal(t, "nightly-2", got.ID)

		weekly := cloud.AddPlan(cbrtest.Plan{HostID: host, Name: "weekly"})
		cloud.AddSnapshot(cbrtest.Snapshot{ID: "weekly-1", PlanID: weekly, Created: day(3)})
		_, err = client.Snapshots.Newest(t.Context(), &ctcbr.NewestSnapshotRequest{HostID: host})
		require.ErrorIs(t, err, ctcbr.ErrAmbiguous)
		require.ErrorContains(t, err, "nightly (")
		require.ErrorContains(t, err, "weekly (")
		for _, c := range []struct {
			id, name, want string
		}{{"", "nightly", "nightly-2"}, {nightly, "", "nightly-1"}, {weekly, "", "weekly-1"}, {weekly, "weekly", "weekly-1"}} {
			got, err := client.Snapshots.Newest(t.Context(), &ctcbr.NewestSnapshotRequest{HostID: host, PlanID: c.id, PlanName: c.name})
			require.NoError(t, err)
			require.Equal(t, c.want, got.ID)
		}
		_, err = client.Snapshots.Newest(t.Context(), &ctcbr.NewestSnapshotRequest{HostID: host, PlanName: "night"})
		require.ErrorIs(t, err, ctcbr.ErrNotFound, "a name is a whole name")
	})
}

// Run again after a lost answer, the same call restores the same copy.
func TestRestoreNewestAgainAfterALostAnswer(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		host := conformance.WithAgent(cloud)
		plan := cloud.AddPlan(cbrtest.Plan{HostID: host})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(1)})
		newest := cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: day(2)})
		cloud.Inject("create-restore-backup", cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
		req := &ctcbr.RestoreNewestRequest{HostID: host, InPlace: true}
		_, err := client.Restores.Newest(t.Context(), req)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		require.ErrorContains(t, err, "ctcbr: restore of snapshot "+newest+": create-restore-backup: ")
		_, err = client.Restores.Newest(t.Context(), req)
		require.Error(t, err, "the service refuses to restore a copy twice at once")
		for restore, err := range client.Restores.All(t.Context(), nil) {
			require.NoError(t, err)
			require.Equal(t, newest, restore.SnapshotID)
			_, err = client.Restores.Wait(t.Context(), restore.ID)
			require.NoError(t, err)
		}
		restored, err := client.Restores.Newest(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, newest, restored.SnapshotID)
	})
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
		"a blank directory":                {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: " "}, ctcbr.ErrInvalid},
		"paths without a scope":            {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", Paths: []string{"/etc"}}, ctcbr.ErrInvalid},
		"a scope without paths":            {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", Scope: ctcbr.Ptr(ctcbr.RestoreOnly)}, ctcbr.ErrInvalid},
		"an age below zero":                {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", MaxAge: -1}, ctcbr.ErrInvalid},
		"a host without snapshots":         {&ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x"}, ctcbr.ErrNotFound},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
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
	conformance.InBubble(t, func(t *testing.T, _ *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Restores.Newest(t.Context(), nil)
		require.EqualError(t, err, "ctcbr: restore-newest: invalid request: HostID is required; TargetDir is required unless InPlace is set")
		_, err = client.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x", InPlace: true})
		require.EqualError(t, err, "ctcbr: restore-newest: invalid request: TargetDir must be empty if InPlace is set")
	})
}

func TestRestoreNewestOfNothingIsTheErrorOfACall(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/x"})
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
		var call *ctcbr.Error
		require.ErrorAs(t, err, &call)
		require.Equal(t, "query-backup-snapshot", call.Operation)
		require.Equal(t, cloud.Requests()[0].RequestID, call.RequestID)
		require.ErrorContains(t, err, `copy of host "host": not found`)
	})
}
