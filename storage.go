package ctcbr

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Storages are the vaults that hold backup copies: the console's 存储库, which the API calls a
// repository. A vault is bought for a period, and every change of one is an order.
type Storages struct{ client *Client }

// CycleType is the unit of a billing period.
type CycleType string

// The documented units.
const (
	CycleMonth CycleType = "month"
	CycleYear  CycleType = "year"
)

// CreateStorageRequest is the request of [Storages.Create].
type CreateStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// Name consists of digits, letters and "-". It begins with a letter and does not end with "-".
	// Choose a unique name: a new vault can only be found by its name.
	Name string `json:"backupStorageName"`
	// CapacityGB is the capacity, 100 to 1,024,000 GB. It can be increased later, but not reduced.
	CapacityGB int `json:"backupStorageCapacity"`
	// CycleType is the unit of CycleCount.
	CycleType CycleType `json:"cycleType"`
	// CycleCount is the number of periods to pay for: 1 to 11 months or 1 to 3 years.
	CycleCount int `json:"cycleCount"`
	// MultiAZ is 1 for several availability zones, which only some regions have, and 0 for one. The
	// default is 0.
	MultiAZ *int `json:"multiAz,omitempty"`
	// ClientToken identifies the order. Empty means a new token for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *CreateStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.name("backupStorageName", r.Name)
	v.capacity(r.CapacityGB)
	v.period(r.CycleType, r.CycleCount)
	v.token(&r.ClientToken)
}

// Create orders a vault, which costs money. With the same client token it is safe to repeat; two
// calls without a token are two orders. After [ErrOutcomeUnknown], send the same request again with
// the ClientToken of the error.
//
// The order is carried out later, and the response does not name the vault. Wait for the order with
// [Orders.Wait], then find the vault by its exact name with [Storages.Find].
//
// POST /v4/backup/create-storage-backup (订购存储库)
func (s Storages) Create(ctx context.Context, req *CreateStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/create-storage-backup"}, copyOf(req), new(Order))
}

// PlacedOrder is the error of [Storages.CreateAndWait] once the order may have been placed: it
// was not seen to be carried out.
type PlacedOrder struct {
	// OrderID is the ID of the order, for [Orders.Wait] and [Orders.Get]. It is empty if no response had it.
	OrderID string
	// ClientToken is the token of the order. The same request is safe to send again with it.
	ClientToken string
	// Err is the cause.
	Err error
}

// Error names the order and describes the failure in one line.
func (e *PlacedOrder) Error() string {
	what := "an order may have been placed"
	if e.OrderID != "" {
		what = "order " + e.OrderID + " was placed"
	}
	cause := strings.TrimPrefix(withoutPrefix(e.Err), "order "+e.OrderID+" ")
	if !strings.Contains(cause, e.ClientToken) {
		what += " with client token " + e.ClientToken
	}
	return oneLine("ctcbr: " + what + ": " + cause)
}

// Unwrap returns the cause.
func (e *PlacedOrder) Unwrap() error { return e.Err }

// CreateAndWait orders a vault, which costs money, waits until the order is done, and finds the
// vault. If a vault of the name exists already, nothing is ordered, and the error matches
// [ErrConflict].
//
// Once the order may have been placed, every failure is a [*PlacedOrder], which holds the client
// token. Until the vault is listed, the same request with that token is the same order, from
// another process, too. If the vault is not listed within the time of [WaitListed] after its
// order was done, 5 minutes by default, the error matches [ErrVanished].
//
// GET /v4/backup/query-storage-backup (查询存储库列表),
// POST /v4/backup/create-storage-backup (订购存储库),
// GET /v4/order/query-uuid (查询订单)
func (s Storages) CreateAndWait(ctx context.Context, req *CreateStorageRequest, opts ...WaitOption) (*Storage, error) {
	ordered := copyOf(req)
	if _, err := s.client.check(operation{path: "create-storage-backup"}, ordered); err != nil {
		return nil, err
	}
	if there, err := s.named(ctx, ordered); err != nil {
		return nil, err
	} else if there != nil {
		text := "nothing was ordered"
		if req.ClientToken != "" {
			text += "; if it is of an order with this client token, Storages.Find finds it"
		}
		return nil, fmt.Errorf("ctcbr: vault named %q: %w: there is one already, %s: %s", ordered.Name, ErrConflict, there.ID, text)
	}
	placed := &PlacedOrder{ClientToken: ordered.ClientToken}
	order, err := s.Create(ctx, ordered)
	var failed *Error
	if errors.As(err, &failed) {
		placed.OrderID = failed.OrderID
	}
	if placed.OrderID != "" || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrOrderInProgress) {
		placed.Err = err
		return nil, placed
	} else if err != nil {
		return nil, err
	}
	placed.OrderID = order.ID
	storage, err := s.await(ctx, ordered, order, opts)
	if err != nil {
		placed.Err = err
		return nil, placed
	}
	return storage, nil
}

// named returns the only vault of a name, or nil if a complete list contains none. An incomplete list
// is enough to find one.
func (s Storages) named(ctx context.Context, ordered *CreateStorageRequest) (*Storage, error) {
	var found []Storage
	nameless := false // one is listed without its name, which may be this one
	begin := func() { found, nameless = nil, false }
	cl, a, err := search(ctx, s.client, storageList, &ListStoragesRequest{RegionID: ordered.RegionID}, begin, func(storage Storage) {
		nameless = nameless || isBlank(storage.Name)
		if storage.Name == ordered.Name {
			found = append(found, storage)
		}
	})
	if err != nil && (len(found) == 0 || !errors.Is(err, ErrIncomplete)) {
		return nil, err
	}
	if nameless && len(found) == 0 {
		return nil, newError(cl, a, fmt.Errorf("%w: a vault is listed without its name, and may be %q", ErrBadAnswer, ordered.Name))
	}
	switch len(found) {
	case 0:
		return nil, nil //nolint:nilnil // there is none, which is no error
	case 1:
		return &found[0], nil
	}
	ambiguous := &AmbiguousError{Sought: fmt.Sprintf("vault named %q", ordered.Name)}
	for i := range found {
		ambiguous.Candidates = append(ambiguous.Candidates, found[i].candidate())
	}
	return nil, ambiguous
}

func (s *Storage) candidate() Candidate {
	return Candidate{ID: s.ID, Name: s.Name, Detail: string(s.Status) + ", " + s.Capacity.Text()}
}

// await waits for an order, and for its vault to be listed.
func (s Storages) await(ctx context.Context, ordered *CreateStorageRequest, order *Order, opts []WaitOption) (*Storage, error) {
	began := time.Now()
	if _, err := Orders(s).Wait(ctx, order.ID, opts...); err != nil {
		return nil, err
	}
	w := newWaiting(s.client, opts)
	w.atMost = max(w.atMost-time.Since(began), time.Nanosecond)
	began = time.Now()
	var storage *Storage
	err := w.until(ctx, func() []string { return []string{ordered.Name} }, func(ctx context.Context) (bool, error) {
		var err error
		storage, err = s.named(ctx, ordered)
		switch {
		case errors.Is(err, ErrAmbiguous):
			return true, err
		case err == nil && storage == nil && w.lateSince(began):
			return true, fmt.Errorf("ctcbr: vault named %q is not listed %s after its order was done: %w", ordered.Name, w.unlisted, ErrVanished)
		}
		return storage != nil, err
	})
	return storage, err
}

// StorageStatus is the state of a vault.
type StorageStatus string

// The documented states. The last is misspelt by the service.
const (
	StorageAvailable     StorageStatus = "Available"
	StorageExpired       StorageStatus = "Expire" // the period that was paid for is over
	StorageUnsubscribing StorageStatus = "Refing"
	StorageDestroying    StorageStatus = "Destorying"
)

// ListStoragesRequest is the request of [Storages.List].
type ListStoragesRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID selects one vault.
	ID string `json:"backupStorageID,omitempty"`
	// Query selects vaults whose name contains it. [Storages.Find] matches the whole name.
	Query string `json:"queryContent,omitempty"`
	// Status selects vaults by their state.
	Status StorageStatus `json:"backupStorageStatus,omitempty"`
}

func (r *ListStoragesRequest) complete(v *validation) { v.region(&r.RegionID) }

// ListStoragesResponse is the response of [Storages.List].
type ListStoragesResponse struct {
	Meta
	Storages []Storage `json:"backupStorageList" wire:"list"`
	// Total is the number of vaults that match.
	Total int `json:"backupStorageCount" wire:"lenient"`
}

// Storage is a vault.
type Storage struct {
	ID   string `json:"backupStorageID" wire:"lenient"`
	Name string `json:"backupStorageName"`
	// Capacity has a unit ("112 G"). Free is in GB and has none ("111.50").
	Capacity   Size          `json:"backupStorageCapacity"`
	Free       Size          `json:"backupStorageFreeCapacity"`
	Status     StorageStatus `json:"backupStorageStatusCode"`
	StatusDesc string        `json:"backupStorageStatusDesc"`                             // in Chinese
	Created    Time          `json:"backupStorageCreatTime" or:"backupStorageCreateTime"` // sic
	// Expires is the end of the period that was paid for. Call [Storages.Renew] before then.
	Expires    Time   `json:"backupStorageExpireTime"`
	RegionName string `json:"regionName"`
	// MultiAZ is a Chinese text that says whether the vault spans one or several availability
	// zones.
	MultiAZ string `json:"multiAz"`
}

// UnmarshalJSON accepts both spellings of the creation time.
func (s *Storage) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, s) }

// List lists the vaults of a region in one request. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) List(ctx context.Context, req *ListStoragesRequest) (*ListStoragesResponse, error) {
	return do(ctx, s.client, storageList, copyOf(req), new(ListStoragesResponse))
}

var storageList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-storage-backup", list: "backupStorageList", total: "backupStorageCount"}

// All iterates over the vaults of a region as they arrive, holding one at a time. Each range over
// it makes one request. An error is the last element; the vaults before it are complete. See
// [Snapshots.All].
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) All(ctx context.Context, req *ListStoragesRequest) iter.Seq2[Storage, error] {
	return streamed(ctx, s.client, storageList, req, Storage{})
}

// GetStorageRequest is the request of [Storages.Get].
type GetStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	ID       string `json:"backupStorageID"`
}

func (r *GetStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
}

// Get finds a vault by its ID in one request. If there is none, the error matches [ErrNotFound]. It
// changes nothing and is safe to repeat.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) Get(ctx context.Context, req *GetStorageRequest) (*Storage, error) {
	r := copyOf(req)
	if _, err := s.client.check(storageList, r); err != nil {
		return nil, err
	}
	return find(ctx, s.client, storageList, &ListStoragesRequest{RegionID: r.RegionID, ID: r.ID}, target[Storage]{
		what:    fmt.Sprintf("vault %q", r.ID),
		as:      (*Storage).candidate,
		matches: func(storage *Storage) bool { return storage.ID == r.ID },
	})
}

// FindStorageRequest is the request of [Storages.Find].
type FindStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// Name is the whole name of the vault.
	Name string `json:"backupStorageName"`
}

func (r *FindStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageName", r.Name)
}

// Find finds a vault by its exact name in one request, for example after its order was done. If
// there is none, the error matches [ErrNotFound]. If several have the name, it matches
// [ErrAmbiguous]. It changes nothing and is safe to repeat.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) Find(ctx context.Context, req *FindStorageRequest) (*Storage, error) {
	r := copyOf(req)
	if _, err := s.client.check(storageList, r); err != nil {
		return nil, err
	}
	return find(ctx, s.client, storageList, &ListStoragesRequest{RegionID: r.RegionID, Query: r.Name}, target[Storage]{
		what:    fmt.Sprintf("vault named %q", r.Name),
		as:      (*Storage).candidate,
		matches: func(storage *Storage) bool { return storage.Name == r.Name },
	})
}

// ResizeStorageRequest is the request of [Storages.Resize].
type ResizeStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the vault: Storage.ID.
	ID string `json:"backupStorageID"`
	// CapacityGB is the total capacity after the change, 100 to 1,024,000 GB, not the amount to
	// add.
	CapacityGB int `json:"backupStorageCapacity"`
	// ClientToken identifies the order. Empty means a new token for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *ResizeStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.capacity(r.CapacityGB)
	v.token(&r.ClientToken)
}

// Resize orders more capacity for a vault, which costs money. A vault cannot be made smaller. With
// the same client token it is safe to repeat; two calls without a token are two orders. After
// [ErrOutcomeUnknown], send the same request again with the ClientToken of the error.
//
// The order is carried out later. Wait for it with [Orders.Wait], then read the new Capacity with
// [Storages.Get].
//
// POST /v4/backup/resize-storage-backup (扩容存储库)
func (s Storages) Resize(ctx context.Context, req *ResizeStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/resize-storage-backup"}, copyOf(req), new(Order))
}

// RenewStorageRequest is the request of [Storages.Renew].
type RenewStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the vault: Storage.ID.
	ID string `json:"backupStorageID"`
	// CycleType is the unit of CycleCount.
	CycleType CycleType `json:"cycleType"`
	// CycleCount is the number of periods to pay for: 1 to 11 months or 1 to 3 years.
	CycleCount int `json:"cycleCount"`
	// ClientToken identifies the order. Empty means a new token for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *RenewStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.period(r.CycleType, r.CycleCount)
	v.token(&r.ClientToken)
}

// Renew orders more time for a vault, which costs money. With the same client token it is safe to
// repeat; two calls without a token renew twice. After [ErrOutcomeUnknown], send the same request
// again with the ClientToken of the error.
//
// The order is carried out later. Wait for it with [Orders.Wait], then read when the vault Expires
// with [Storages.Get].
//
// POST /v4/backup/renew-storage-backup (续订存储库)
func (s Storages) Renew(ctx context.Context, req *RenewStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/renew-storage-backup"}, copyOf(req), new(Order))
}

// UnsubscribeStorageRequest is the request of [Storages.Unsubscribe].
type UnsubscribeStorageRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the vault: Storage.ID.
	ID string `json:"backupStorageID"`
	// ClientToken identifies the order. Empty means a new token for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *UnsubscribeStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.token(&r.ClientToken)
}

// Unsubscribe returns a vault and destroys every copy in it. This cannot be undone. It is an order,
// which may bring a refund. With the same client token it is safe to repeat. After
// [ErrOutcomeUnknown], send the same request again with the ClientToken of the error.
//
// The order is carried out later: wait for it with [Orders.Wait] and [WaitUnsubscribing]. The vault
// may be listed as [StorageUnsubscribing] in the meantime.
//
// POST /v4/backup/refund-storage-backup (退订存储库)
func (s Storages) Unsubscribe(ctx context.Context, req *UnsubscribeStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/refund-storage-backup"}, copyOf(req), new(Order))
}

// capacity checks the capacity of a vault in GB.
func (v *validation) capacity(gb int) { v.between("backupStorageCapacity", gb, 100, 1024000) }

// period checks the period of a subscription.
func (v *validation) period(unit CycleType, count int) {
	v.required("cycleType", string(unit))
	high := 11
	if unit == CycleYear {
		high = 3
	}
	v.between("cycleCount", count, 1, high)
}

// name checks a vault name: digits, letters and "-", beginning with a letter, not ending with "-".
func (v *validation) name(field, name string) {
	isAllowed := func(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' || b == '-' }
	switch {
	case name == "":
		v.fault(field, "is required")
	case slices.ContainsFunc([]byte(name), func(b byte) bool { return !isAllowed(b) }):
		problem := `must hold letters, digits and "-" alone, is %q`
		if strings.Contains(name, "_") {
			problem = `must not hold "_", use "-": letters, digits and "-" are allowed, is %q`
		}
		v.fault(field, problem, name)
	case !isLetter(name[0]):
		v.fault(field, "must begin with a letter, is %q", name)
	case strings.HasSuffix(name, "-"):
		v.fault(field, `must not end with "-", is %q`, name)
	}
}
