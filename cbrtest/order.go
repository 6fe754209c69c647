package cbrtest

import (
	"cmp"
	"encoding/json"
	"maps"
	"time"
)

// The states of an order, as orderStatus has them. An order in any other is under way.
const (
	orderDone      = "3"
	orderCanceled  = "4"
	orderFailed    = "5"
	orderRejected  = "10"
	orderRevoked   = "11"
	orderRefunding = "12" // the order that is refunded; the refund itself goes from 14 to 3
	orderRefunded  = "13"
	orderOpening   = "14"
	orderRemoved   = "15"
	orderUnpaid    = "22"
	orderError     = "0"
	orderDeleted   = "999"
)

const codeInProgress = "Backup.Order.InProgress"

// An Order is one order as the service has booked it.
type Order struct {
	// ID is the masterOrderID.
	ID string
	// Operation is the operation that placed it, for example [CreateStorage].
	Operation string
	// ClientToken is the token it was placed with.
	ClientToken string
	// Status is the orderStatus, for example "14" while it is being opened and "3" when it is done. The order of a
	// vault that is unsubscribed goes from "12" to "13", and the order to unsubscribe from "14" to "3".
	Status string
	// Requests is how often it was asked for: more than once if the same token came again.
	Requests int
	// Time is when it was placed, by the clock of the state.
	Time time.Time
}

// Orders returns the orders that were placed, oldest first.
func (s *Server) Orders() []Order {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	var out []Order
	for o := range s.state.orders.all() {
		out = append(out, Order{o.id, o.operation, o.token, o.status, o.requests, o.placed})
	}
	return out
}

// Charges returns how often the account was charged: once for each order, whatever it costs, and not again for one
// that is repeated with its token. It equals len(s.Orders()) unless orders were removed.
func (s *Server) Charges() int {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.charges
}

type order struct {
	id, operation, token string
	content              string // see orderContent
	resourceType         string
	resourceID           string // of accounting; the vault has another
	storageID            string // "" if it is about none
	storageName          string // of a vault that is being ordered
	status               string
	left                 int // polls that still show it under way
	failure              string
	requests             int
	placed, updated      time.Time
	refund               *order // that is under way for this one
	apply                func() // what happens, once, when it is done
	undo                 func() // what happens, once, when it failed
}

// place answers an order. If its token is known, it is the order that was placed with it; if not, check says whether it
// can be placed, and prepares it.
func (st *state) place(operation string, a args, check func(*order) *failure) (any, *failure) {
	content := orderContent(operation, a)
	token := a.text("clientToken")
	if known := st.tokens[token]; known != nil {
		return st.placeAgain(known, content)
	}
	now := st.now()
	o := &order{
		operation: operation, token: token, content: content, resourceType: "CT_CBR_REP_DATA",
		status: orderOpening, left: st.polls.Order, requests: 1, placed: now, updated: now,
	}
	if err := check(o); err != nil {
		return nil, err
	}
	o.id, o.resourceID, o.failure = st.newID(), st.newID(), st.nextFailure(OrderJob)
	st.orders.add(o.id, o)
	st.charges++
	if token != "" {
		st.tokens[token] = o
	}
	if operation == OpenService {
		return st.wireOrder(o), nil
	}
	return nil, st.inProgress(o) // as the reference shows it for the orders of a vault
}

// placeAgain answers an order whose token is known.
func (st *state) placeAgain(o *order, content string) (any, *failure) {
	if o.content != content {
		return nil, refuse("Backup.Order.ClientTokenConflict", "the clientToken belongs to another order", "clientToken已被其他订单使用")
	}
	o.requests++
	o.poll(st.now())
	switch o.status {
	case orderDone, orderRefunding, orderRefunded:
		return st.wireOrder(o), nil
	case orderCanceled, orderFailed, orderRejected, orderRevoked, orderRemoved, orderUnpaid, orderError, orderDeleted:
		reason := cmp.Or(o.failure, "its status is "+o.status)
		f := refuse("Backup.Order.Failed", "the order failed: "+reason, "订单失败")
		f.returnObj = st.wireOrder(o)
		return nil, f
	}
	return nil, st.inProgress(o)
}

// inProgress is the answer to an order that was accepted and is being carried out.
func (st *state) inProgress(o *order) *failure {
	f := refuse(codeInProgress, "the order is in progress", "订单处理中")
	f.returnObj = st.wireOrder(o)
	return f
}

// orderContent is what was ordered, to tell whether a token comes again with something else.
func orderContent(operation string, a args) string {
	text, _ := json.Marshal(a) // sorts the members; args hold nothing that cannot be marshalled
	return operation + string(text)
}

func (o *order) pending() bool { return o.status == orderOpening || o.status == orderRefunding }

// poll moves an order on. An order that is being refunded moves with its refund.
func (o *order) poll(now time.Time) {
	switch {
	case !o.pending():
		return
	case o.status == orderRefunding && o.refund != nil:
		o.refund.poll(now)
		return
	case o.left > 0:
		o.left--
		return
	case o.failure != "":
		o.status = orderFailed
	case o.status == orderOpening:
		o.status = orderDone
	default:
		o.status = orderRefunded
	}
	o.updated = now
	effect := &o.apply
	if o.status == orderFailed {
		effect = &o.undo
	}
	if happen := *effect; happen != nil {
		*effect = nil
		happen()
	}
}

func (st *state) removeOrder(id string) bool {
	maps.DeleteFunc(st.tokens, func(_ string, o *order) bool { return o.id == id })
	return st.orders.remove(id)
}

// wireOrder is the returnObj of an order. The orders of an existing vault have a shorter one.
func (st *state) wireOrder(o *order) object {
	number := "2026" + o.id[:8]
	out := object{"masterOrderID": o.id, "masterOrderNO": number, "regionID": st.regionID}
	if o.pending() {
		out["masterOrderNO"] = nil
	}
	switch o.operation {
	case CreateStorage:
		out["masterOrderNo"] = number
	case OpenService:
		out["masterOrderNO"] = nil
		out["masterResourceID"] = o.resourceID
	default:
		return out
	}
	out["masterResourceStatus"] = "started"
	out["resources"] = []object{{
		"orderID":          o.id,
		"status":           1,
		"isMaster":         true,
		"resourceType":     o.resourceType,
		"resourceID":       o.resourceID,
		"masterOrderID":    o.id,
		"masterResourceID": o.resourceID,
		"itemValue":        1,
		"resourceConfig":   object{"regionID": st.regionID},
		"createTime":       o.placed.UnixMilli(),
		"startTime":        o.placed.UnixMilli(),
		"updateTime":       o.updated.UnixMilli(),
	}}
	return out
}

// showOrder is the companion that looks an order up.
func (st *state) showOrder(a args) (any, *failure) {
	o := st.orders.get(a.text("masterOrderId"))
	if o == nil {
		return nil, refuse("Openapi.Order.NotFound", "there is no such order: "+a.text("masterOrderId"), "订单不存在")
	}
	o.poll(st.now())
	resources := []string{}
	if o.storageID != "" && (o.status == orderDone || o.status == orderRefunding || o.status == orderRefunded) {
		resources = append(resources, o.storageID)
	}
	return object{"orderStatus": o.status, "resourceType": o.resourceType, "resourceUuid": resources}, nil
}

// openService activates the service. Activating it again is a new order without effect.
func (st *state) openService(a args) (any, *failure) {
	return st.place(OpenService, a, func(o *order) *failure {
		o.resourceType = "CT_CBR_CLIENT"
		o.apply = func() { st.activated = true }
		return nil
	})
}

// subscribedUntil returns the time at which a subscription from a time on ends.
func subscribedUntil(a args, from time.Time) time.Time {
	n := int(a.int("cycleCount"))
	if a.text("cycleType") == "year" {
		return from.AddDate(n, 0, 0)
	}
	return from.AddDate(0, n, 0)
}
