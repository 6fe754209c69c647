package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// NewClientToken returns a new client token, a random UUID. A call that places an order creates its
// own token if the request has none. To survive a crash in the middle of an order, create the token
// first, save it and set it in the request. After the crash, send the same order with the same
// token: it is placed at most once.
func NewClientToken() string { return newUUID() }

// OpenServiceRequest is the request of [Client.OpenService].
type OpenServiceRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ClientToken identifies the order. Empty means a new token for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *OpenServiceRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.token(&r.ClientToken)
}

// OpenService activates the cloud backup service in a region, which is needed once before anything
// else can be created there. It is an order: see the service's price list. With the same client
// token it is safe to repeat; two calls without a token are two orders. After [ErrOutcomeUnknown],
// send the same request again with the ClientToken of the error. The order is carried out later:
// wait for it with [Orders.Wait].
//
// POST /v4/backup/open-service-backup (开通云备份服务)
func (c *Client) OpenService(ctx context.Context, req *OpenServiceRequest) (*Order, error) {
	return do(ctx, c, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/open-service-backup"}, copyOf(req), new(Order))
}

// Order is an order that was placed or is already in progress. It is carried out later: wait for it
// with [Orders.Wait], or read its state with [Orders.Get].
type Order struct {
	Meta
	// ID is the order ID, for [Orders.Get] and [Orders.Wait].
	ID string `json:"masterOrderID" wire:"lenient,once"`
	// Number is the order number on bills. It may be empty at first.
	Number string `json:"masterOrderNO" or:"masterOrderNo"`
	// ResourceID is the ID of the resource that was ordered, if the service gives it at once.
	ResourceID string `json:"masterResourceID" wire:"lenient"`
	// ResourceStatus is the state of the resource that was ordered (seen: "started").
	ResourceStatus string `json:"masterResourceStatus"`
	RegionID       string `json:"regionID" wire:"lenient"`
	// Resources are the parts of the order.
	Resources []OrderResource `json:"resources"`
	// ClientToken is the token that the order was placed with.
	ClientToken string `json:"clientToken,omitempty"`
	// InProgress reports whether the service answered with status 900 and the code
	// Backup.Order.InProgress instead of a success. That is the normal response to a first order of
	// a vault and to a repeat. [Client.OpenService] is answered with a success.
	InProgress bool `json:"inProgress,omitempty"`
}

// UnmarshalJSON accepts both spellings of the order number. It also accepts an ID that is written
// as a number, because losing the ID would lose the order.
func (o *Order) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, o) }

func (o *Order) check(cl *call, a *answer) error {
	if isBlank(o.ID) {
		return fmt.Errorf("%w: it does not name the order", ErrBadAnswer)
	}
	o.ClientToken, o.InProgress = cl.clientToken, a.envelope.inProgress()
	return nil
}

// OrderResource is one part of an order.
type OrderResource struct {
	OrderID string `json:"orderID" wire:"lenient"`
	// Status is a number whose values are not documented.
	Status int `json:"status"`
	// IsMaster reports whether this is the main part of the order.
	IsMaster bool `json:"isMaster"`
	// Type is the kind of the resource (seen: "CT_CBR_CLIENT", "CT_CBR_REP_DATA").
	Type             string `json:"resourceType"`
	ID               string `json:"resourceID" wire:"lenient"`
	MasterOrderID    string `json:"masterOrderID" wire:"lenient"`
	MasterResourceID string `json:"masterResourceID" wire:"lenient"`
	// Value is the amount that was ordered.
	Value int `json:"itemValue"`
	// Config is free-form. According to the documentation it is an object of strings.
	Config json.RawMessage `json:"resourceConfig,omitempty"`
	// Created, Started and Updated are milliseconds since the Unix epoch.
	Created int64 `json:"createTime"`
	Started int64 `json:"startTime"`
	Updated int64 `json:"updateTime"`
}

// Orders looks up orders that were placed.
type Orders struct{ client *Client }

// GetOrderRequest is the request of [Orders.Get].
type GetOrderRequest struct {
	// ID is the order ID: Order.ID.
	ID string `json:"masterOrderId"`
}

func (r *GetOrderRequest) complete(v *validation) { v.required("masterOrderId", r.ID) }

// GetOrderResponse is the response of [Orders.Get].
type GetOrderResponse struct {
	Meta
	Status OrderStatus `json:"orderStatus"`
	// ResourceType is the kind of the resource that was ordered.
	ResourceType string `json:"resourceType"`
	// ResourceIDs are the IDs of the resources that were ordered, once the order is done. Whether
	// the one of a vault is its Storage.ID is not documented: use [Storages.Find].
	ResourceIDs []string `json:"resourceUuid"`
}

// OrderStatus is the state of an order: a number written as text.
type OrderStatus string

// The states of an order. Those from [OrderAborting] on are not documented; public clients of this
// cloud know them.
const (
	OrderUnpaid        OrderStatus = "1" // waiting for payment
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
	OrderOpening       OrderStatus = "14" // being carried out
	OrderRemoved       OrderStatus = "15" // by a change
	OrderAutoRevoking  OrderStatus = "16"
	OrderRevoking      OrderStatus = "17" // by hand
	OrderAborting      OrderStatus = "18"
	OrderPaymentFailed OrderStatus = "22"
	OrderWithdrawing   OrderStatus = "-2" // will be withdrawn
	OrderUnknown       OrderStatus = "-1"
	OrderErroneous     OrderStatus = "0" // ended in an error
	OrderDeleted       OrderStatus = "999"
)

// UnmarshalJSON accepts text and numbers.
func (s *OrderStatus) UnmarshalJSON(data []byte) error {
	*s = OrderStatus(wirejson.Text(data))
	return nil
}

// Get looks up an order by its ID. It uses the common endpoint ([WithCommonEndpoint]). It changes
// nothing, costs nothing and is safe to repeat.
//
// GET /v4/order/query-uuid (查询订单)
func (s Orders) Get(ctx context.Context, req *GetOrderRequest) (*GetOrderResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/order/query-uuid", common: true}, copyOf(req), new(GetOrderResponse))
}

// String returns the state with its meaning: "3 (done)".
func (s OrderStatus) String() string { return string(s) + " (" + s.words() + ")" }

// words describes a state in words.
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

// WaitUnsubscribing makes [Orders.Wait] treat [OrderUnsubscribed] as success, for an order of
// [Storages.Unsubscribe]. Other waits ignore this option.
func WaitUnsubscribing() WaitOption {
	return func(w *waiting) { w.unsubscribing = true }
}

// Wait polls an order until it is done and returns the last response. It only reads the order and
// never places one. A failed order is an [*OrderError], which matches [ErrFailed]. A wait that ends
// before the order does returns a [*WaitError]. If the look-up was refused, or did not find the order
// within the time of [WaitListed], the text says what to do next; the latter matches [ErrVanished].
// For the order of [Storages.Unsubscribe], pass [WaitUnsubscribing].
//
// GET /v4/order/query-uuid (查询订单)
func (s Orders) Wait(ctx context.Context, id string, opts ...WaitOption) (*GetOrderResponse, error) {
	if err := checkIDs("query-uuid", "id", "masterOrderId", id); err != nil {
		return nil, err
	}
	w := &orderWait{waiting: newWaiting(s.client, opts), orders: s, id: id}
	if err := w.until(ctx, w.pending, w.poll); err != nil {
		return nil, w.standing(err)
	}
	return w.found, nil
}

// orderWait waits for an order.
type orderWait struct {
	*waiting
	orders Orders
	id     string
	found  *GetOrderResponse // as it was found last
	missed int               // polls in a row that did not find it
}

func (w *orderWait) pending() []string { return []string{w.id} }

func (w *orderWait) poll(ctx context.Context) (done bool, err error) {
	found, err := w.orders.Get(ctx, &GetOrderRequest{ID: w.id})
	switch {
	case errors.Is(err, ErrNotFound):
		return w.miss(err)
	case err != nil:
		return false, err
	case isBlank(string(found.Status)):
		return w.miss(nil)
	}
	w.found, w.missed = found, 0
	w.report(Progress{ID: w.id, State: string(found.Status)})
	ended, failed := found.Status.ended(w.unsubscribing)
	if failed {
		return true, &OrderError{ID: w.id, Status: found.Status}
	}
	return ended, nil
}

// miss records that the order was not found, or has no state.
func (w *orderWait) miss(refusal error) (done bool, err error) {
	w.missed++
	w.report(Progress{ID: w.id})
	if w.patient(w.found != nil, w.missed) {
		return false, nil
	}
	gone := &special{"order " + w.id + " was not found: check its ID; if it was placed, it is still valid: " + orderStands, ErrVanished}
	if refusal != nil {
		return true, &WaitError{Pending: w.pending(), Err: fmt.Errorf("%w (%w)", gone, inline(refusal))}
	}
	return true, &WaitError{Pending: w.pending(), Err: gone}
}

// standing adds to the error of a wait that ended with a failed poll what to do about the order.
func (w *orderWait) standing(err error) error {
	var ended *WaitError
	var failed *Error
	if errors.As(err, &ended) && errors.As(ended.Err, &failed) && !errors.Is(err, ErrVanished) {
		ended.Err = fmt.Errorf("%w; order %s was placed anyway: %s", ended.Err, w.id, orderStands)
	}
	return err
}

// orderStands is what to do about an order that cannot be looked up.
const orderStands = "see it in the console, or send the same request again with its client token, which returns this order and places no other"

// ended reports whether a state is final, and whether it is a failure.
func (s OrderStatus) ended(unsubscribing bool) (ended, failed bool) {
	switch s {
	case OrderDone:
		return true, false
	case OrderUnsubscribed:
		return true, !unsubscribing
	case OrderCanceled, OrderFailed, OrderRejected, OrderRevoked, OrderRemoved, OrderPaymentFailed, OrderErroneous, OrderDeleted:
		return true, true
	}
	return false, false
}

// OrderError is an order that was not carried out.
type OrderError struct {
	ID     string
	Status OrderStatus
}

// Error says in one line how the order ended.
func (e *OrderError) Error() string {
	return oneLine(fmt.Sprintf("ctcbr: order %s failed: status %s: see the console for the reason", e.ID, e.Status))
}

// Unwrap returns ErrFailed.
func (e *OrderError) Unwrap() error { return ErrFailed }

// token generates a client token, unless the caller gave one.
func (v *validation) token(token *string) {
	if *token == "" {
		*token = NewClientToken()
	}
	v.clientToken = *token
}
