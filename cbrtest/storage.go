package cbrtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// gigabyte is the unit of capacities.
const gigabyte = 1 << 30

// The states of a vault. One that is Available is listed as Expire once its time is over.
const (
	storageAvailable  = "Available"
	storageExpire     = "Expire"
	storageRefing     = "Refing"
	storageDestorying = "Destorying"
)

var storageStatusText = map[string]string{
	storageAvailable: "可用", storageExpire: "已过期", storageRefing: "退订中", storageDestorying: "销毁中",
}

// A Storage is a vault (存储库) to be seeded with [Server.AddStorage]. The zero value has 100 GB and
// expires in a year.
type Storage struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is chosen by the server if it is empty.
	Name string
	// CapacityGB is the capacity in GB; 100 if it is 0.
	CapacityGB int
	// UsedBytes is what is taken up, but for the snapshots that tasks leave from now on.
	UsedBytes int64
	// Created is now, and Expires a year later, if they are zero.
	Created, Expires time.Time
	// MultiAZ says that the vault lies in more than one availability zone.
	MultiAZ bool
}

// AddStorage adds a vault, as if it had been ordered, and returns its ID. It activates the service.
func (s *Server) AddStorage(v Storage) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.activated = true
	return s.state.addStorage(v)
}

type storage struct {
	Storage
	status     string
	left       int // polls that still show it being destroyed
	listedFrom time.Time
}

func (st *state) addStorage(v Storage) string {
	v.ID = st.orNewID(v.ID)
	v.Name = cmp.Or(v.Name, "storage-"+v.ID[:min(8, len(v.ID))])
	v.CapacityGB = cmp.Or(v.CapacityGB, 100)
	if v.Created.IsZero() {
		v.Created = st.now()
	}
	if v.Expires.IsZero() {
		v.Expires = v.Created.AddDate(1, 0, 0)
	}
	st.storages.add(v.ID, &storage{Storage: v, status: storageAvailable})
	return v.ID
}

func (v *storage) statusAt(now time.Time) string {
	if v.status == storageAvailable && !now.Before(v.Expires) {
		return storageExpire
	}
	return v.status
}

func (v *storage) free() int64 { return int64(v.CapacityGB)*gigabyte - v.UsedBytes }

// usable finds a vault that can be worked with.
func (st *state) usable(id string) (*storage, *failure) {
	v := st.storages.get(id)
	if v == nil {
		return nil, notFound("Storage", id)
	}
	if status := v.statusAt(st.now()); status != storageAvailable {
		return nil, refuse("Backup.Storage.NotAvailable", "the repository is not available but "+status, "存储库"+storageStatusText[status])
	}
	return v, nil
}

// subscribed finds a vault that can be renewed or unsubscribed, also one that has expired.
func (st *state) subscribed(id, done, chinese string) (*storage, *failure) {
	v := st.storages.get(id)
	if v == nil {
		return nil, notFound("Storage", id)
	}
	if v.status != storageAvailable && v.status != storageExpire {
		return nil, refuse("Backup.Storage.NotAvailable", "the repository cannot be "+done+", it is "+v.status, "存储库当前状态不可"+chinese)
	}
	return v, nil
}

func (st *state) createStorage(a args) (any, *failure) {
	return st.place(CreateStorage, a, func(o *order) *failure {
		if err := st.active(); err != nil {
			return err
		}
		name := a.text("backupStorageName")
		if st.storageNameTaken(name) {
			return refuse("Backup.Storage.NameDuplicate", "there is a repository of this name: "+name, "存储库名称已存在")
		}
		o.storageID, o.storageName = st.newID(), name
		o.apply = func() {
			st.addStorage(Storage{
				ID:         o.storageID,
				Name:       name,
				CapacityGB: int(a.int("backupStorageCapacity")),
				Expires:    subscribedUntil(a, st.now()),
				MultiAZ:    a.int("multiAz") == 1,
			})
			st.storages.get(o.storageID).listedFrom = st.listedFrom()
		}
		return nil
	})
}

// storageNameTaken reports whether a vault or an order for one has the name.
func (st *state) storageNameTaken(name string) bool {
	for v := range st.storages.all() {
		if v.Name == name {
			return true
		}
	}
	for o := range st.orders.all() {
		if o.storageName == name && o.pending() {
			return true
		}
	}
	return false
}

func (st *state) resizeStorage(a args) (any, *failure) {
	return st.place(ResizeStorage, a, func(o *order) *failure {
		v, err := st.usable(a.text("backupStorageID"))
		if err != nil {
			return err
		}
		if st.orderPending(v.ID, ResizeStorage) {
			return refuse("Backup.Storage.Resizing", "another order to enlarge the repository is in progress", "存储库正在扩容")
		}
		capacity := int(a.int("backupStorageCapacity"))
		if capacity <= v.CapacityGB {
			return refuse("Backup.Storage.CapacityInvalid", fmt.Sprintf("the capacity must be more than the present %d GB", v.CapacityGB), "扩容后的容量必须大于当前容量")
		}
		o.storageID = v.ID
		o.apply = func() { v.CapacityGB = capacity }
		return nil
	})
}

// renewStorage renews a vault, also one that has expired.
func (st *state) renewStorage(a args) (any, *failure) {
	return st.place(RenewStorage, a, func(o *order) *failure {
		v, err := st.subscribed(a.text("backupStorageID"), "renewed", "续订")
		if err != nil {
			return err
		}
		o.storageID = v.ID
		o.apply = func() {
			if v.status == storageExpire {
				v.status = storageAvailable
			}
			from := v.Expires
			if now := st.now(); from.Before(now) {
				from = now
			}
			v.Expires = subscribedUntil(a, from)
		}
		return nil
	})
}

func (st *state) unsubscribeStorage(a args) (any, *failure) {
	return st.place(UnsubscribeStorage, a, func(o *order) *failure {
		v, err := st.subscribed(a.text("backupStorageID"), "unsubscribed", "退订")
		if err != nil {
			return err
		}
		if st.orderPending(v.ID, ResizeStorage, RenewStorage) {
			return refuse("Backup.Storage.OrderPending", "another order of the repository is in progress", "存储库存在处理中的订单")
		}
		before := v.status
		v.status = storageRefing
		o.storageID = v.ID
		refunded := func(string) {}
		if bought := st.orderOf(v.ID); bought != nil {
			bought.refund, bought.status = o, orderRefunding
			refunded = func(status string) { bought.refund, bought.status, bought.updated = nil, status, st.now() }
		}
		o.apply = func() {
			v.status, v.left = storageDestorying, st.polls.Destroy
			refunded(orderRefunded)
		}
		o.undo = func() {
			v.status = before
			refunded(orderDone)
		}
		return nil
	})
}

// orderPending reports whether an order of a vault is in progress that one of the operations placed.
func (st *state) orderPending(storageID string, operations ...string) bool {
	for o := range st.orders.all() {
		if o.storageID == storageID && o.status == orderOpening && slices.Contains(operations, o.operation) {
			return true
		}
	}
	return false
}

// orderOf returns the order with which a vault was bought, nil if there is none.
func (st *state) orderOf(storageID string) *order {
	for o := range st.orders.all() {
		if o.storageID == storageID && o.operation == CreateStorage && o.status == orderDone {
			return o
		}
	}
	return nil
}

// destroyed moves a vault that is being destroyed on, and reports whether it is gone, with all that was in it.
func (st *state) destroyed(v *storage) bool {
	if v.status != storageDestorying {
		return false
	}
	if v.left > 0 {
		v.left--
		return false
	}
	st.storages.remove(v.ID)
	st.removeSnapshotsIn(v.ID)
	for r := range st.restores.all() {
		if r.snapshot.StorageID == v.ID && r.underWay() {
			r.failNow("存储库已销毁", st.polls)
		}
	}
	return true
}

// listStorages lists vaults. It polls every order under way too, for clients that wait for a vault to be
// listed and do not look the order up.
func (st *state) listStorages(a args) (any, *failure) {
	now := st.now()
	for o := range st.orders.all() {
		if o.refund == nil { // else it moves with its refund, which is in the list too
			o.poll(now)
		}
	}
	items := st.storages.filter(func(v *storage) bool {
		return !v.listedFrom.After(now) && is(a.text("backupStorageID"), v.ID) && matches(a.text("queryContent"), v.Name)
	})
	kept := items[:0]
	for _, v := range items {
		if !st.destroyed(v) && is(a.text("backupStorageStatus"), v.statusAt(now)) {
			kept = append(kept, v)
		}
	}
	return newListing(&st.mu, "backupStorageList", kept, st.writeStorage, count{"backupStorageCount", len(kept)}), nil
}

func (st *state) writeStorage(w *jsonWriter, v *storage) {
	status, zones := v.statusAt(st.now()), "单az"
	if v.MultiAZ {
		zones = "多az"
	}
	w.text("backupStorageID", v.ID)
	w.text("backupStorageName", v.Name)
	w.text("backupStorageCapacity", fmt.Sprintf("%d G", v.CapacityGB))
	w.text("backupStorageFreeCapacity", fmt.Sprintf("%.2f", float64(v.free())/gigabyte))
	w.text("backupStorageStatusDesc", cmp.Or(storageStatusText[status], status))
	w.time("backupStorageCreatTime", v.Created)
	w.time("backupStorageExpireTime", v.Expires)
	w.text("regionName", regionName)
	w.text("backupStorageStatusCode", status)
	w.text("multiAz", zones)
}
