package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// orderView is an order in JSON.
type orderView struct {
	ID           string   `json:"id"`
	Status       string   `json:"status"`
	StatusText   string   `json:"statusText"`
	ResourceType string   `json:"resourceType"`
	ResourceIDs  []string `json:"resourceIDs"`
}

func viewOrder(id string, o *ctcbr.GetOrderResponse) orderView {
	v := orderView{ID: id, Status: string(o.Status), StatusText: orderWords(o.Status), ResourceType: o.ResourceType, ResourceIDs: o.ResourceIDs}
	if v.ResourceIDs == nil {
		v.ResourceIDs = []string{}
	}
	return v
}

func (a *app) orders() *cobra.Command {
	get := a.leaf("get ID [flags]", "Show one order", "", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error {
			order, err := client.Orders.Get(ctx, &ctcbr.GetOrderRequest{ID: args[0]})
			if err == nil {
				terminal.Item(a.out, a.format(), a.orderColumns(), viewOrder(args[0], order))
			}
			return err
		})
	})
	return a.group("order", "Orders", get)
}

func (a *app) orderColumns() []terminal.Column[orderView] {
	return []terminal.Column[orderView]{
		{Key: "id", Head: a.t("ID"), Cell: func(o orderView) any { return o.ID }},
		{Key: "status", Head: a.t("State"), Cell: func(o orderView) any { return terminal.State{Raw: o.Status, Words: a.t(o.StatusText)} }},
		{Key: "resource_type", Head: a.t("Resource"), Cell: func(o orderView) any { return o.ResourceType }},
		{Key: "resource_ids", Head: a.t("Resource IDs"), Cell: func(o orderView) any { return o.ResourceIDs }},
	}
}

// orderWords says what the state of an order means.
func orderWords(status ctcbr.OrderStatus) string {
	words := map[ctcbr.OrderStatus]string{
		ctcbr.OrderUnpaid: "waiting for payment", ctcbr.OrderPaid: "paid", ctcbr.OrderDone: "done", ctcbr.OrderCanceled: "canceled",
		ctcbr.OrderFailed: "failed", ctcbr.OrderPaying: "being paid", ctcbr.OrderToReview: "to be reviewed", ctcbr.OrderApproved: "review passed",
		ctcbr.OrderRejected: "review failed", ctcbr.OrderRevoked: "revoked", ctcbr.OrderUnsubscribing: "unsubscribing",
		ctcbr.OrderUnsubscribed: "unsubscribed", ctcbr.OrderOpening: "opening", ctcbr.OrderRemoved: "removed by a change",
		ctcbr.OrderAutoRevoking: "being revoked automatically", ctcbr.OrderRevoking: "being revoked by hand",
		ctcbr.OrderAborting: "being aborted", ctcbr.OrderPaymentFailed: "payment failed", ctcbr.OrderWithdrawing: "to be withdrawn",
		ctcbr.OrderUnknown: "unknown", ctcbr.OrderErroneous: "failed", ctcbr.OrderDeleted: "deleted",
	}[status]
	if words == "" {
		return "state " + string(status)
	}
	return words
}
