package cbrtest

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What kind of host is protected, as sourceType has it.
const (
	sourceCloud      = "CT-ECS"
	sourceBareMetal  = "CT-DPS"
	sourceOnPremises = "CT-LS"
)

// state is all that the service knows.
type state struct {
	mu        sync.Mutex
	regionID  string
	polls     Polls
	clock     time.Time // zero: the machine's
	advanced  time.Duration
	activated bool
	lastID    uint64
	failures  map[Job][]string

	hosts     table[Host]
	agents    table[agent]
	storages  table[storage]
	plans     table[plan]
	tasks     table[task]
	restores  table[restore]
	snapshots table[snapshot]
	orders    table[order]
	charges   int
	tokens    map[string]*order
	newest    map[string]*snapshot // by snapshot.line
}

func newState(cfg config) *state {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, cfg.regionID) // it does not fail
	return &state{
		lastID:    hash.Sum64(),
		regionID:  cfg.regionID,
		polls:     cfg.polls.filled(),
		clock:     cfg.clock,
		activated: cfg.activated,
		failures:  map[Job][]string{},
		tokens:    map[string]*order{},
		newest:    map[string]*snapshot{},
	}
}

// serve runs an operation with its parameters, which were checked.
func (st *state) serve(op operation, a args) *answer {
	st.mu.Lock()
	defer st.mu.Unlock()
	if id := a.text("regionID"); id != "" && id != st.regionID {
		return failed(refuse("Openapi.RegionInfo.AccessFailed", "the region does not exist or is not open to the account: "+id, "资源池不存在或无权限访问"))
	}
	result, refused := op.run(st, a)
	if refused != nil {
		return failed(refused)
	}
	return &answer{status: http.StatusOK, result: result}
}

func (st *state) now() time.Time {
	if st.clock.IsZero() {
		return time.Now().Add(st.advanced)
	}
	return st.clock.Add(st.advanced)
}

// newID returns an ID that looks like a UUID. The IDs of every server of a region are the same, so that tests can be
// repeated, and those of two regions differ.
func (st *state) newID() string {
	st.lastID++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], scramble(2*st.lastID))
	binary.BigEndian.PutUint64(b[8:], scramble(2*st.lastID+1))
	b[6] = b[6]&0x0f | 0x40 // version and variant of a random UUID
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// scramble is the output function of SplitMix64, under which no two numbers become one.
func scramble(n uint64) uint64 {
	n *= 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// orNewID returns the ID that a test chose, or a new one.
func (st *state) orNewID(id string) string {
	if id == "" {
		return st.newID()
	}
	return id
}

// active refuses what needs the service to be activated.
func (st *state) active() *failure {
	if st.activated {
		return nil
	}
	return refuse("Backup.Service.NotActivated", "the backup service is not activated in this region", "云备份服务未开通")
}

func notFound(what, id string) *failure {
	return refuse("Backup."+what+".NotFound", "there is no such "+strings.ToLower(what)+": "+id, "资源不存在")
}

// wireTime is a time as the wire has it: Beijing time without a zone, null if there is none.
func wireTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(beijing).Format(time.DateTime)
}

// matches reports whether one of the texts contains what was searched for; nothing searched for is in all of them.
func matches(search string, in ...string) bool {
	return slices.ContainsFunc(in, func(text string) bool { return strings.Contains(text, search) })
}

// is reports whether a value passes a filter, which is empty if it was not given.
func is(filter, value string) bool { return filter == "" || filter == value }

// table keeps things by ID, in the order in which they came. What is added with an ID that is taken replaces what has it.
type table[T any] struct {
	byID map[string]*T
	list []*T
}

func (t *table[T]) add(id string, item *T) {
	if t.byID == nil {
		t.byID = map[string]*T{}
	}
	if old := t.byID[id]; old != nil {
		t.list[slices.Index(t.list, old)] = item
	} else {
		t.list = append(t.list, item)
	}
	t.byID[id] = item
}

func (t *table[T]) get(id string) *T { return t.byID[id] }

func (t *table[T]) remove(id string) bool {
	item, ok := t.byID[id]
	if ok {
		delete(t.byID, id)
		i := slices.Index(t.list, item)
		t.list = slices.Delete(t.list, i, i+1)
	}
	return ok
}

// filter returns the things that are kept, in a slice of its own.
func (t *table[T]) filter(keep func(*T) bool) []*T {
	var out []*T
	for _, item := range t.list {
		if keep(item) {
			out = append(out, item)
		}
	}
	return out
}
