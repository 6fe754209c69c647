package wait

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// A key that the gateway refuses ends every wait at its first poll, at any HTTP status.
func TestWaitEndsWhereTheGatewayRefusesTheKeys(t *testing.T) {
	t.Parallel()
	waits := map[string]struct {
		operation string
		wait      func(ctx context.Context, c *ctcbr.Client) error
	}{
		"task": {"query-task-backup", func(ctx context.Context, c *ctcbr.Client) error {
			_, err := c.Tasks.Wait(ctx, "it")
			return err
		}},
		"tasks": {"query-task-backup", func(ctx context.Context, c *ctcbr.Client) error {
			_, err := c.Tasks.WaitAll(ctx, []string{"it"})
			return err
		}},
		"restore": {"query-restore-backup", func(ctx context.Context, c *ctcbr.Client) error {
			_, err := c.Restores.Wait(ctx, "it")
			return err
		}},
		"agent": {"client-by-instance-backup", func(ctx context.Context, c *ctcbr.Client) error {
			_, err := c.Agents.WaitActivated(ctx, "it")
			return err
		}},
		"order": {"query-uuid", func(ctx context.Context, c *ctcbr.Client) error {
			_, err := c.Orders.Wait(ctx, "it")
			return err
		}},
	}
	for what, w := range waits {
		for _, status := range []int{200, 400, 401, 403, 500} {
			for _, code := range []string{"10002", "10009"} {
				t.Run(fmt.Sprintf("%s %d %s", what, status, code), func(t *testing.T) {
					t.Parallel()
					conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
						fault := cbrtest.GatewayRefusal(status, code)
						fault.Times = -1
						cloud.Inject(w.operation, fault)
						began := time.Now()
						requirePending(t, w.wait(t.Context(), client), ctcbr.ErrUnauthorized, "it")
						require.Equal(t, 1, cloud.Count(w.operation))
						require.Less(t, time.Since(began), time.Second)
					})
				})
			}
		}
	}
}

// The states of an order that public clients know beyond those of the documents.
func TestOrderWaitKnowsEveryState(t *testing.T) {
	t.Parallel()
	for status, fails := range map[ctcbr.OrderStatus]bool{
		ctcbr.OrderPaymentFailed: true, ctcbr.OrderErroneous: true, ctcbr.OrderDeleted: true, ctcbr.OrderUnsubscribed: true,
		ctcbr.OrderAborting: false, ctcbr.OrderUnknown: false, ctcbr.OrderWithdrawing: false, ctcbr.OrderUnsubscribing: false, "77": false,
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				body := fmt.Sprintf(`{"statusCode":800,"returnObj":{"orderStatus":%q}}`, string(status))
				cloud.Inject("query-uuid", cbrtest.Fault{Body: body, Times: 5})
				cloud.Inject("query-uuid", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"orderStatus":"3"}}`, Times: -1})
				found, err := client.Orders.Wait(t.Context(), "it")
				if fails {
					var failed *ctcbr.OrderError
					require.ErrorAs(t, err, &failed)
					require.Equal(t, status, failed.Status)
					return
				}
				require.NoError(t, err, "3 is a success always")
				require.Equal(t, ctcbr.OrderDone, found.Status)
			})
		})
	}
	t.Run("unsubscribed after unsubscribing, where that is not waited for", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.Inject("query-uuid", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"orderStatus":"12"}}`})
			cloud.Inject("query-uuid", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"orderStatus":"13"}}`, Times: -1})
			_, err := client.Orders.Wait(t.Context(), "it")
			require.ErrorIs(t, err, ctcbr.ErrFailed, "what was bought is gone")
		})
	})
}
