package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/ledger"
)

// protectGuard prevents duplicate plans. Two runs of protect on one machine take turns, and a run
// waits for what an interrupted run may have created, which the service may list late. Each
// command is noted on disk before it is sent.
type protectGuard struct {
	*app
	path     string
	patience time.Duration // how long something new may be unlisted
	lock     *flock.Flock
	before   []note // of interrupted runs

	mu sync.Mutex // of the file
}

// note is a command that may have been sent.
type note struct {
	Operation string    `json:"operation"`
	Host      string    `json:"host"`
	Plan      string    `json:"plan,omitempty"`
	At        time.Time `json:"at"`
}

// The commands that are noted on disk.
const (
	opInstall = "install-client-backup"
	opCreate  = "new-backup-policy"
)

// guard waits until no other run is active.
func (a *app) guard(ctx context.Context, patience time.Duration) (*protectGuard, error) {
	dir, err := ledger.Dir(a.Getenv)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	where := sha256.Sum256([]byte(cmp.Or(a.endpoint(), ctcbr.DefaultEndpoint) + "\n" + a.region()))
	path := filepath.Join(dir, "protect-"+hex.EncodeToString(where[:8]))
	g := &protectGuard{app: a, path: path + ".notes", patience: patience, lock: flock.New(path+".lock", flock.SetPermissions(0o600))}
	if locked, err := g.lock.TryLock(); err != nil {
		return nil, err
	} else if !locked {
		a.say("another run is protecting hosts of this region; waiting for it to end")
		if _, err := g.lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
	g.before = g.read()
	a.noting.Store(g)
	return g, nil
}

func (g *protectGuard) unlock() {
	g.noting.Store(nil)
	g.lock.Close()
}

// read reads the recent notes. An incomplete line belongs to a command that was not sent.
func (g *protectGuard) read() []note {
	data, err := os.ReadFile(g.path)
	if err != nil {
		return nil
	}
	var notes []note
	for line := range strings.Lines(string(data)) {
		var n note
		if json.Unmarshal([]byte(line), &n) == nil && time.Since(n.At) < g.patience {
			notes = append(notes, n)
		}
	}
	return notes
}

// write notes a command. It is on the disk when write returns.
func (g *protectGuard) write(n note) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(g.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Sync(), file.Close())
}

// forget removes the notes, once the result of every command is known.
func (g *protectGuard) forget() error {
	err := os.Remove(g.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// open reports whether the effect of a command of an interrupted run may still be listed.
func (g *protectGuard) open(operation, host, plan string) bool {
	for _, n := range g.before {
		if n.Operation == operation && n.Host == host && n.Plan == plan && time.Since(n.At) < g.patience {
			return true
		}
	}
	return false
}

// settle polls until no command is open.
func (g *protectGuard) settle(ctx context.Context, look func() (open bool, err error)) error {
	interval := cmp.Or(g.Poll, 2*time.Second)
	for said := false; ; {
		open, err := look()
		if err != nil || !open {
			return err
		}
		if !said {
			said = true
			g.say("an earlier run was interrupted: checking for up to %s what it created", g.patience.String())
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// noted is middleware that notes a command when its body is about to be sent. The body is not read
// earlier, because for the SDK a body that was read may have reached the service.
func (a *app) noted(req *http.Request) *http.Request {
	call, ok := ctcbr.CallFromContext(req.Context())
	g := a.noting.Load()
	if !ok || g == nil || req.Body == nil || call.Operation != opInstall && call.Operation != opCreate {
		return req
	}
	sent := req.WithContext(req.Context())
	sent.Body = &notedBody{ReadCloser: req.Body, guard: g, operation: call.Operation}
	return sent
}

// notedBody is the body of a command. It notes the command before it returns the first byte.
type notedBody struct {
	io.ReadCloser
	guard     *protectGuard
	operation string
	whole     *bytes.Reader
}

// Read reads the whole body, which is in memory, the first time.
func (b *notedBody) Read(p []byte) (int, error) {
	if b.whole == nil {
		data, err := io.ReadAll(b.ReadCloser)
		if err != nil {
			return 0, err
		}
		var body struct {
			Plan    string `json:"backupPolicyName"`
			Host    string `json:"backupSrcInstanceID"`
			Install string `json:"instanceID"`
		}
		if err := json.Unmarshal(data, &body); err != nil {
			return 0, err
		}
		n := note{Operation: b.operation, Host: cmp.Or(body.Host, body.Install), Plan: body.Plan, At: time.Now()}
		if err := b.guard.write(n); err != nil {
			return 0, err
		}
		b.whole = bytes.NewReader(data)
	}
	return b.whole.Read(p)
}
