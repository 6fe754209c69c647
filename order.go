package ctcbr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// NewClientToken makes a client token: a random UUID. An order makes its own; a
// program that must survive its own crash in the middle of an order makes one,
// stores it, gives it to the order, and after a crash sends the same order with
// the same token, which places it at most once.
func NewClientToken() string { return uuid.NewString() }

// OpenServiceRequest is the request of Client.OpenService.
type OpenServiceRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ClientToken identifies the order; empty means that one is made for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *OpenServiceRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.token(&r.ClientToken)
}

// OpenService activates the cloud backup service in a region, which is needed
// once before anything else can be made there. It is an order: see the price list of
// the service. With one client token it can be repeated safely; two calls without one
// are two orders. After ErrOutcomeUnknown send the same request again with the
// ClientToken of the error. The order is carried out later: wait for it with
// Orders.Wait.
//
// POST /v4/backup/open-service-backup (开通云备份服务)
func (c *Client) OpenService(ctx context.Context, req *OpenServiceRequest) (*Order, error) {
	return do(ctx, c, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/open-service-backup"}, copyOf(req), new(Order))
}

// Order is an order as it was placed, or found to be in progress. It is carried out
// later: Orders.Wait waits for that, and Orders.Get tells its state.
type Order struct {
	Meta
	// ID is the order's ID, by which it can be looked up.
	ID string `json:"masterOrderID"`
	// Number is the order's number in bills. It may be empty at first.
	Number string `json:"masterOrderNO"`
	// ResourceID is the ID of what was ordered, where the service tells it at once.
	ResourceID string `json:"masterResourceID"`
	// ResourceStatus is the state of what was ordered (seen: "started").
	ResourceStatus string `json:"masterResourceStatus"`
	RegionID       string `json:"regionID"`
	// Resources are the parts of the order.
	Resources []OrderResource `json:"resources"`
	// ClientToken is the token that the order was placed with.
	ClientToken string `json:"clientToken,omitempty"`
	// InProgress says that the service answered with its status 900 and the code
	// Backup.Order.InProgress instead of a success. That is the normal answer to a first order of a
	// repository, and to a repeat; that of [Client.OpenService] is a success.
	InProgress bool `json:"inProgress,omitempty"`
}

// UnmarshalJSON reads an order with either spelling of its number, and its ID also
// where that is written as a number: losing it would lose the order.
func (o *Order) UnmarshalJSON(data []byte) error {
	type plain Order
	wire := struct {
		*plain
		ID     orderID `json:"masterOrderID"`
		Number string  `json:"masterOrderNo"`
	}{plain: (*plain)(o)}
	err := decode(data, &wire)
	o.ID = string(wire.ID)
	o.Number = cmp.Or(o.Number, wire.Number)
	return err
}

// orderID is text or, should the service write it so, a number.
type orderID string

func (id *orderID) UnmarshalJSON(data []byte) error {
	if data[0] == '"' || '0' <= data[0] && data[0] <= '9' {
		*id = orderID(plainText(data))
	}
	return nil
}

func (o *Order) check(cl *call, a *answer) error {
	if o.ID == "" {
		return fmt.Errorf("%w: it does not name the order", ErrBadAnswer)
	}
	o.ClientToken, o.InProgress = cl.clientToken, a.envelope.inProgress()
	return nil
}

// OrderResource is a part of an order.
type OrderResource struct {
	OrderID string `json:"orderID"`
	// Status is a number whose meanings are not documented.
	Status int `json:"status"`
	// IsMaster says that this is the main part of the order.
	IsMaster bool `json:"isMaster"`
	// Type is the kind of resource (seen: "CT_CBR_CLIENT", "CT_CBR_REP_DATA").
	Type             string `json:"resourceType"`
	ID               string `json:"resourceID"`
	MasterOrderID    string `json:"masterOrderID"`
	MasterResourceID string `json:"masterResourceID"`
	// Value is the amount that was ordered.
	Value int `json:"itemValue"`
	// Config is free-form: an object of texts as documented.
	Config json.RawMessage `json:"resourceConfig,omitempty"`
	// Created, Started and Updated are milliseconds since the Unix epoch.
	Created int64 `json:"createTime"`
	Started int64 `json:"startTime"`
	Updated int64 `json:"updateTime"`
}

// Orders looks up orders.
type Orders struct{ client *Client }

// GetOrderRequest is the request of Orders.Get.
type GetOrderRequest struct {
	// ID is the order's ID: Order.ID.
	ID string `json:"masterOrderId"`
}

func (r *GetOrderRequest) complete(v *validation) { v.required("masterOrderId", r.ID) }

// GetOrderResponse is what is known of an order.
type GetOrderResponse struct {
	Meta
	Status OrderStatus `json:"orderStatus"`
	// ResourceType is the kind of what was ordered.
	ResourceType string `json:"resourceType"`
	// ResourceIDs are the IDs of what was ordered, once the order is done. Whether that
	// of a repository is its Storage.ID is not documented: Storages.Find finds it.
	ResourceIDs []string `json:"resourceUuid"`
}

// OrderStatus is the state of an order: a number, written as text.
type OrderStatus string

// The states of an order: those that are documented, and, from [OrderAborting] on, those that
// public clients of this cloud know.
const (
	OrderUnpaid        OrderStatus = "1" // until somebody pays
	OrderPaid          OrderStatus = "2"
	OrderDone          OrderStatus = "3"
	OrderCanceled      OrderStatus = "4"
	OrderFailed        OrderStatus = "5"
	OrderPaying        OrderStatus = "7"
	OrderToReview      OrderStatus = "8"
	OrderApproved      OrderStatus = "9"
	OrderRejected      OrderStatus = "10" // by a review
	OrderRevoked       OrderStatus = "11"
	OrderUnsubscribing OrderStatus = "12"
	OrderUnsubscribed  OrderStatus = "13"
	OrderOpening       OrderStatus = "14" // what was ordered is being made
	OrderRemoved       OrderStatus = "15" // by a change
	OrderAutoRevoking  OrderStatus = "16"
	OrderRevoking      OrderStatus = "17" // by hand
	OrderAborting      OrderStatus = "18"
	OrderPaymentFailed OrderStatus = "22"
	OrderWithdrawing   OrderStatus = "-2" // to be withdrawn
	OrderUnknown       OrderStatus = "-1"
	OrderErroneous     OrderStatus = "0" // ended in an error
	OrderDeleted       OrderStatus = "999"
)

// UnmarshalJSON reads a state, also one that is written as a number.
func (s *OrderStatus) UnmarshalJSON(data []byte) error {
	*s = OrderStatus(plainText(data))
	return nil
}

// Get looks up an order by its ID, at the common endpoint (WithCommonEndpoint). It
// changes nothing, costs nothing and can be repeated.
//
// GET /v4/order/query-uuid (查询订单)
func (s Orders) Get(ctx context.Context, req *GetOrderRequest) (*GetOrderResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/order/query-uuid", common: true}, copyOf(req), new(GetOrderResponse))
}

// words says what a state means.
func (s OrderStatus) words() string {
	words, known := map[OrderStatus]string{
		OrderUnpaid: "waiting for payment", OrderPaid: "paid", OrderDone: "done", OrderCanceled: "canceled",
		OrderFailed: "failed", OrderPaying: "being paid", OrderToReview: "to be reviewed", OrderApproved: "review passed",
		OrderRejected: "review failed", OrderRevoked: "revoked", OrderUnsubscribing: "unsubscribing",
		OrderUnsubscribed: "unsubscribed", OrderOpening: "opening", OrderRemoved: "removed by a change",
		OrderAutoRevoking: "being revoked automatically", OrderRevoking: "being revoked by hand",
		OrderAborting: "being aborted", OrderPaymentFailed: "payment failed", OrderWithdrawing: "to be withdrawn",
		OrderUnknown: "unknown", OrderErroneous: "error", OrderDeleted: "deleted",
	}[s]
	if !known {
		return "not documented"
	}
	return words
}

// WaitUnsubscribing tells [Orders.Wait] that the order unsubscribes something, so that
// [OrderUnsubscribed] is its success and not a failure. Other waits ignore the option.
func WaitUnsubscribing() WaitOption {
	return func(w *waiting) { w.unsubscribing = true }
}

// Wait waits until an order is done, and returns what the last poll found. It only looks the
// order up, and never sends one. An order that failed is an [*OrderError], which matches
// [ErrFailed]. A wait that ends before the order does is a [*WaitError]: also where the look-up
// is refused, in which case its text says what to do next. Give [WaitUnsubscribing] for the order
// of [Storages.Unsubscribe].
//
// GET /v4/order/query-uuid (查询订单)
func (s Orders) Wait(ctx context.Context, id string, opts ...WaitOption) (*GetOrderResponse, error) {
	if err := checkIDs("query-uuid", "masterOrderId", id); err != nil {
		return nil, err
	}
	w := newWaiting(s.client, opts)
	var found *GetOrderResponse
	err := w.until(ctx, func() []string { return []string{id} }, func(ctx context.Context) (bool, error) {
		got, err := s.Get(ctx, &GetOrderRequest{ID: id})
		if err != nil {
			return false, orderLookUp(id, err)
		}
		found = got
		w.report(Progress{ID: id, State: string(got.Status)})
		return w.orderEnded(id, got.Status)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// orderLookUp says what to do about an order whose look-up was refused.
func orderLookUp(id string, err error) error {
	if !errors.Is(err, ErrUnauthorized) && !errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("%w; order %s was placed all the same: see it in the console, or send the same request again with its "+
		"client token, which returns this order and places no other", err, id)
}

// orderEnded says whether a state is final, and whether it is a failure.
func (w *waiting) orderEnded(id string, status OrderStatus) (bool, error) {
	switch status {
	case OrderDone:
		return true, nil
	case OrderUnsubscribed:
		if w.unsubscribing {
			return true, nil
		}
		return true, &OrderError{ID: id, Status: status}
	case OrderCanceled, OrderFailed, OrderRejected, OrderRevoked, OrderRemoved, OrderPaymentFailed, OrderErroneous, OrderDeleted:
		return true, &OrderError{ID: id, Status: status}
	}
	return false, nil
}
