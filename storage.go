package ctcbr

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Storages are the repositories (vaults) that backups are kept in. They are
// bought for a period; every change of one is an order.
type Storages struct{ client *Client }

// CycleType is the unit of a subscription period.
type CycleType string

// The documented units.
const (
	CycleMonth CycleType = "month"
	CycleYear  CycleType = "year"
)

// CreateStorageRequest is the request of Storages.Create.
type CreateStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// Name holds digits, letters and "-", begins with a letter and does not end with "-".
	// It is what the repository is found by: choose one that no other has.
	Name string `json:"backupStorageName"`
	// CapacityGB is 100 to 1,024,000 GB. It can be enlarged later, and not reduced.
	CapacityGB int `json:"backupStorageCapacity"`
	// CycleType is the unit of CycleCount.
	CycleType CycleType `json:"cycleType"`
	// CycleCount is the number of periods to pay for: 1 to 11 months, or 1 to 3 years.
	CycleCount int `json:"cycleCount"`
	// MultiAZ is 1 for several availability zones, which some regions have, and 0, the
	// default, for one.
	MultiAZ *int `json:"multiAz,omitempty"`
	// ClientToken identifies the order; empty means that one is made for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *CreateStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.name("backupStorageName", r.Name)
	v.capacity(r.CapacityGB)
	v.period(r.CycleType, r.CycleCount)
	v.token(&r.ClientToken)
}

// Create orders a repository. It costs money. With one client token it can be
// repeated safely; two calls without one are two orders. After ErrOutcomeUnknown send
// the same request again with the ClientToken of the error. The order is carried out
// later and does not name the repository: wait for it with Orders.Wait, then find the
// repository with Find by its exact name.
//
// POST /v4/backup/create-storage-backup (订购存储库)
func (s Storages) Create(ctx context.Context, req *CreateStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/create-storage-backup"}, copyOf(req), new(Order))
}

// StorageStatus is the state of a repository.
type StorageStatus string

// The documented states, of which the service misspells the last.
const (
	StorageAvailable     StorageStatus = "Available"
	StorageExpired       StorageStatus = "Expire" // what was paid for is over
	StorageUnsubscribing StorageStatus = "Refing"
	StorageDestroying    StorageStatus = "Destorying"
)

// ListStoragesRequest is the request of Storages.List.
type ListStoragesRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID finds one repository.
	ID string `json:"backupStorageID,omitempty"`
	// Query finds repositories whose name contains it. Storages.Find goes by the whole
	// name.
	Query string `json:"queryContent,omitempty"`
	// Status finds repositories in a state.
	Status StorageStatus `json:"backupStorageStatus,omitempty"`
}

func (r *ListStoragesRequest) complete(v *validation) { v.region(&r.RegionID) }

// ListStoragesResponse is the answer of Storages.List.
type ListStoragesResponse struct {
	Meta
	Storages []Storage `json:"backupStorageList"`
	// Total counts the repositories found.
	Total int `json:"backupStorageCount"`
}

// Storage is a repository.
type Storage struct {
	ID   string `json:"backupStorageID"`
	Name string `json:"backupStorageName"`
	// Capacity is written with a unit ("112 G"), Free in GB without one ("111.50").
	Capacity   Size          `json:"backupStorageCapacity"`
	Free       Size          `json:"backupStorageFreeCapacity"`
	Status     StorageStatus `json:"backupStorageStatusCode"`
	StatusDesc string        `json:"backupStorageStatusDesc"`                             // in Chinese
	Created    Time          `json:"backupStorageCreatTime" or:"backupStorageCreateTime"` // spelt so by the service
	// Expires is when the time that was paid for is over: Renew before.
	Expires    Time   `json:"backupStorageExpireTime"`
	RegionName string `json:"regionName"`
	// MultiAZ says in Chinese whether there are one or several availability zones.
	MultiAZ string `json:"multiAz"`
}

// UnmarshalJSON reads a repository with either spelling of its creation time.
func (s *Storage) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, s) }

// List lists the repositories of a region in one request. It changes nothing and
// can be repeated.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) List(ctx context.Context, req *ListStoragesRequest) (*ListStoragesResponse, error) {
	return do(ctx, s.client, storageList, copyOf(req), new(ListStoragesResponse))
}

var storageList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/query-storage-backup", list: "backupStorageList"}

// All gives out the repositories of a region one by one as they arrive, in memory
// that does not grow with the list. It makes one request each time it is ranged over.
// An error ends it, behind what came whole. See Snapshots.All.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) All(ctx context.Context, req *ListStoragesRequest) iter.Seq2[Storage, error] {
	return streamed[Storage](ctx, s.client, storageList, req)
}

// GetStorageRequest is the request of Storages.Get.
type GetStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	ID       string `json:"backupStorageID"`
}

func (r *GetStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
}

// Get finds a repository by its ID, in one request. One that is not there is an
// error that matches ErrNotFound. It changes nothing and can be repeated.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) Get(ctx context.Context, req *GetStorageRequest) (*Storage, error) {
	r := copyOf(req)
	if _, err := s.client.check(storageList, r); err != nil {
		return nil, err
	}
	return find(ctx, s.client, storageList, &ListStoragesRequest{RegionID: r.RegionID, ID: r.ID}, target[Storage]{
		what:    fmt.Sprintf("repository %q", r.ID),
		id:      func(storage *Storage) string { return storage.ID },
		matches: func(storage *Storage) bool { return storage.ID == r.ID },
	})
}

// FindStorageRequest is the request of Storages.Find.
type FindStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// Name is the whole name of the repository.
	Name string `json:"backupStorageName"`
}

func (r *FindStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageName", r.Name)
}

// Find finds a repository by its exact name, as one that was bought is found, in
// one request. One that is not there is an error that matches ErrNotFound, and a
// name that several bear one that matches ErrAmbiguous. It changes nothing and can be
// repeated.
//
// GET /v4/backup/query-storage-backup (查询存储库列表)
func (s Storages) Find(ctx context.Context, req *FindStorageRequest) (*Storage, error) {
	r := copyOf(req)
	if _, err := s.client.check(storageList, r); err != nil {
		return nil, err
	}
	return find(ctx, s.client, storageList, &ListStoragesRequest{RegionID: r.RegionID, Query: r.Name}, target[Storage]{
		what:    fmt.Sprintf("repository named %q", r.Name),
		id:      func(storage *Storage) string { return storage.ID },
		matches: func(storage *Storage) bool { return storage.Name == r.Name },
	})
}

// ResizeStorageRequest is the request of Storages.Resize.
type ResizeStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the repository: Storage.ID.
	ID string `json:"backupStorageID"`
	// CapacityGB is the whole capacity after enlarging, 100 to 1,024,000 GB, and not
	// what is added.
	CapacityGB int `json:"backupStorageCapacity"`
	// ClientToken identifies the order; empty means that one is made for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *ResizeStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.capacity(r.CapacityGB)
	v.token(&r.ClientToken)
}

// Resize orders more capacity for a repository; one cannot be made smaller. It costs
// money. With one client token it can be repeated safely; two calls without one are
// two orders. After ErrOutcomeUnknown send the same request again with the ClientToken
// of the error. The order is carried out later: wait for it with Orders.Wait, then Get
// tells the new Capacity.
//
// POST /v4/backup/resize-storage-backup (扩容存储库)
func (s Storages) Resize(ctx context.Context, req *ResizeStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/resize-storage-backup"}, copyOf(req), new(Order))
}

// RenewStorageRequest is the request of Storages.Renew.
type RenewStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the repository: Storage.ID.
	ID string `json:"backupStorageID"`
	// CycleType is the unit of CycleCount.
	CycleType CycleType `json:"cycleType"`
	// CycleCount is the number of periods to pay for: 1 to 11 months, or 1 to 3 years.
	CycleCount int `json:"cycleCount"`
	// ClientToken identifies the order; empty means that one is made for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *RenewStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.period(r.CycleType, r.CycleCount)
	v.token(&r.ClientToken)
}

// Renew orders more time for a repository. It costs money. With one client token it
// can be repeated safely; two calls without one renew twice. After ErrOutcomeUnknown
// send the same request again with the ClientToken of the error. The order is carried
// out later: wait for it with Orders.Wait, then Get tells when the repository Expires.
//
// POST /v4/backup/renew-storage-backup (续订存储库)
func (s Storages) Renew(ctx context.Context, req *RenewStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/renew-storage-backup"}, copyOf(req), new(Order))
}

// UnsubscribeStorageRequest is the request of Storages.Unsubscribe.
type UnsubscribeStorageRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the repository: Storage.ID.
	ID string `json:"backupStorageID"`
	// ClientToken identifies the order; empty means that one is made for this call.
	ClientToken string `json:"clientToken,omitempty"`
}

func (r *UnsubscribeStorageRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupStorageID", r.ID)
	v.token(&r.ClientToken)
}

// Unsubscribe gives a repository back and destroys every backup in it, which cannot
// be undone. It is an order, which may bring a refund. With one client token it can be
// repeated safely. After ErrOutcomeUnknown send the same request again with the
// ClientToken of the error. The order is carried out later: wait for it with
// Orders.Wait. The repository may be listed as StorageUnsubscribing for some time.
//
// POST /v4/backup/refund-storage-backup (退订存储库)
func (s Storages) Unsubscribe(ctx context.Context, req *UnsubscribeStorageRequest) (*Order, error) {
	return do(ctx, s.client, operation{kind: kindOrder, method: http.MethodPost, path: "/v4/backup/refund-storage-backup"}, copyOf(req), new(Order))
}

// capacity checks the capacity of a repository in GB.
func (v *validation) capacity(gb int) { v.between("backupStorageCapacity", gb, 100, 1024000) }
