package layer_test

import (
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
