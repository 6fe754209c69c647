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

// The kinds of hosts, as sourceType has them.
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
	lag       time.Duration // see Server.SetLag
	activated bool
	lastID    uint64
	failures  map[Job][]string

	hosts      table[Host]
	agents     table[agent]
	storages   table[storage]
	plans      table[plan]
	tasks      table[task]
	restores   table[restore]
	snapshots  table[snapshot]
	orders     table[order]
	charges    int
	fleetHosts int // that were added with fleets
	tokens     map[string]*order

	// What finds things without going through all of them.
	agentOf map[string]*agent      // by the ID of the host
	plansOf map[string][]*plan     // by the ID of the host
	copies  map[string][]*snapshot // by the ID of the plan
	newest  map[line]*snapshot
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
		agentOf:   map[string]*agent{},
		plansOf:   map[string][]*plan{},
		copies:    map[string][]*snapshot{},
		newest:    map[line]*snapshot{},
	}
}

// serve runs an operation with its parameters, which were checked.
func (st *state) serve(op endpoint, a args) *answer {
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

// listedFrom returns the time from which lists show what is made now; zero stands for at once.
func (st *state) listedFrom() time.Time {
	if st.lag == 0 {
		return time.Time{}
	}
	return st.now().Add(st.lag)
}

// newID returns an ID in the form of a UUID. Servers of one region choose the same IDs, so that tests can be repeated;
// those of two regions differ.
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

// scramble is the output function of SplitMix64, which maps no two numbers to the same one.
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

// matches reports whether one of the texts contains what is searched for. An empty search is in all of them.
func matches(search string, in ...string) bool {
	return search == "" || slices.ContainsFunc(in, func(text string) bool { return strings.Contains(text, search) })
}

// is reports whether a value passes a filter, which is empty if it was not given.
func is(filter, value string) bool { return filter == "" || filter == value }

// without returns a new list without one of the things of a list.
func without[T comparable](list []T, thing T) []T {
	if i := slices.Index(list, thing); i >= 0 {
		return slices.Concat(list[:i], list[i+1:])
	}
	return list
}
