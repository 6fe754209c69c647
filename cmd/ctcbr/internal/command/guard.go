package command

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/ledger"
)

// protectGuard keeps two runs of protect on one machine from making the same plan twice, and
// a run from making a plan again that one before it made in the moment of its crash: a plan
// that was just made may be listed late.
type protectGuard struct {
	*app
	path string
	lock *flock.Flock

	mu    sync.Mutex
	armed *plansBegun // what is written down before the first plan is made
}

// plansBegun are plans that are being made.
type plansBegun struct {
	Plan  string    `json:"plan"`
	Hosts []string  `json:"hosts"`
	At    time.Time `json:"at"`
}

// listedWithin is how late what was made may be listed.
const listedWithin = 5 * time.Minute

// guard waits for its turn.
func (a *app) guard(ctx context.Context) (*protectGuard, error) {
	dir, err := ledger.Dir(a.Getenv)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	where := sha256.Sum256([]byte(cmp.Or(a.endpoint(), ctcbr.DefaultEndpoint) + "\n" + a.region()))
	path := filepath.Join(dir, "protect-"+hex.EncodeToString(where[:8]))
	g := &protectGuard{app: a, path: path + ".json", lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
	if locked, err := g.lock.TryLock(); err != nil {
		return nil, err
	} else if !locked {
		a.say("another run is protecting hosts of this region; waiting for it to end")
		if _, err := g.lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
	write := g.write
	a.beforeWrite.Store(&write)
	return g, nil
}

func (g *protectGuard) unlock() {
	g.beforeWrite.Store(nil)
	g.lock.Close()
}

// arm has written down which plans are made, at the moment that the first of them is.
func (g *protectGuard) arm(plan string, hosts []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = &plansBegun{Plan: plan, Hosts: hosts}
}

// disarm forgets what was written down: it is known what became of it.
func (g *protectGuard) disarm() error {
	err := os.Remove(g.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// write is called before a plan is made, and keeps it from being made where it cannot be
// written down.
func (g *protectGuard) write(operation string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if operation != "new-backup-policy" || g.armed == nil {
		return nil
	}
	g.armed.At = time.Now()
	data, err := json.Marshal(g.armed)
	if err == nil {
		err = ledger.WriteFile(g.path, append(data, '\n'), 0o600)
	}
	if err == nil {
		g.armed = nil
	}
	return err
}

// settled looks, and looks again where a run before this one may have made plans that are
// not listed yet.
func (g *protectGuard) settled(ctx context.Context, look func() ([]ctcbr.PlanChange, error)) ([]ctcbr.PlanChange, error) {
	begun := g.begun()
	interval := cmp.Or(g.Poll, 2*time.Second)
	for said := false; ; {
		planned, err := look()
		open := slices.ContainsFunc(planned, func(c ctcbr.PlanChange) bool {
			return c.Created && c.Name == begun.Plan && slices.Contains(begun.Hosts, c.HostID)
		})
		if !open || time.Since(begun.At) > listedWithin {
			return planned, err
		}
		if !said {
			said = true
			g.say("an earlier run was cut off while it made plans: looking for them until %s", begun.At.Add(listedWithin).Format(time.TimeOnly))
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (g *protectGuard) begun() plansBegun {
	var begun plansBegun
	data, err := os.ReadFile(g.path)
	if err != nil || json.Unmarshal(data, &begun) != nil {
		return plansBegun{}
	}
	return begun
}

// announce calls what wants to know of a write before it is sent.
func (a *app) announce(req *http.Request) error {
	call, ok := ctcbr.CallFromContext(req.Context())
	if write := a.beforeWrite.Load(); ok && write != nil {
		return (*write)(call.Operation)
	}
	return nil
}
