package wait

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestRunAndWait(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		req := &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)})}
		var states []string
		task, err := client.Plans.RunAndWait(t.Context(), req, ctcbr.WaitProgress(func(p ctcbr.Progress) { states = append(states, p.State) }))
		require.NoError(t, err)
		require.NotEmpty(t, task.SnapshotID)
		require.Contains(t, states, "Executing")
		require.Zero(t, req.Op, "the caller's request is not changed")
		require.Equal(t, 1, cloud.Count("action-backup-policy"))
	})
}

func TestRunAndWaitFails(t *testing.T) {
	t.Parallel()
	t.Run("the run is refused", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			_, err := client.Plans.RunAndWait(t.Context(), &ctcbr.OperatePlanRequest{ID: "nothing"})
			require.ErrorIs(t, err, ctcbr.ErrNotFound)
		})
	})
	t.Run("the task fails", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.FailNext(cbrtest.TaskJob, "disk full")
			_, err := client.Plans.RunAndWait(t.Context(), &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)})})
			require.ErrorIs(t, err, ctcbr.ErrFailed)
			require.ErrorContains(t, err, "disk full")
		})
	})
	t.Run("the wait is canceled, and the error leads to the task", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := client.Plans.RunAndWait(ctx, &ctcbr.OperatePlanRequest{ID: cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)})})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var stopped *ctcbr.WaitError
			require.ErrorAs(t, err, &stopped)
			task, err := client.Tasks.Wait(t.Context(), stopped.Pending[0])
			require.NoError(t, err)
			require.Equal(t, ctcbr.TaskCompleted, task.Status)
		})
	})
}
