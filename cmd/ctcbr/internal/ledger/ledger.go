// Package ledger saves orders on disk, from before they are sent until they have ended, so that the
// same command after a crash is the same order.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Order is one order: its request, and what is known about it.
type Order struct {
	Key
	// Name is the name of the vault.
	Name string `json:"name"`
	// Account is the access key that it was started with.
	Account string `json:"account"`
	// Before is the value that the order changes, before the change: a capacity or an expiry.
	Before      string `json:"before,omitempty"`
	ClientToken string `json:"clientToken"`
	OrderID     string `json:"orderID,omitempty"`
	State       State  `json:"state"`
	// Runs counts the runs that have worked on it.
	Runs    int       `json:"runs"`
	Problem string    `json:"problem,omitempty"` // why it failed
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
}

// Key is what makes two commands the same order.
type Key struct {
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	Operation string `json:"operation"`
	// Vault is the ID of the vault, or the name of a new one.
	Vault string `json:"vault"`
	// Parameters are the parameters of the order, in canonical form.
	Parameters string `json:"parameters"`
}

// State is the known state of an order.
type State string

// The states.
const (
	Open   State = "open" // it may have been sent
	Done   State = "done"
	Failed State = "failed"
)

// Ledger is a directory with a file for each order.
type Ledger struct{ dir string }

// In returns the ledger below the state directory of an environment.
func In(getenv func(string) string) (*Ledger, error) {
	dir, err := Dir(getenv)
	if err != nil {
		return nil, err
	}
	return &Ledger{dir: filepath.Join(dir, "orders")}, nil
}

// Dir returns the directory for the state of this tool in an environment.
func Dir(getenv func(string) string) (string, error) {
	switch base := getenv("XDG_STATE_HOME"); {
	case filepath.IsAbs(base):
		return filepath.Join(base, "ctcbr"), nil
	case base != "":
		return "", fmt.Errorf("XDG_STATE_HOME must be an absolute path, is %q", base)
	}
	if dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(dir) { // set by systemd
		return dir, nil
	}
	for _, variable := range []string{"HOME", "USERPROFILE"} {
		if home := getenv(variable); filepath.IsAbs(home) {
			return filepath.Join(home, ".local", "state", "ctcbr"), nil
		}
	}
	return "", errors.New("there is nowhere to write down what is about to be sent: HOME is not set, and neither is XDG_STATE_HOME")
}

// Path returns the file of an order.
func (l *Ledger) Path(k Key) string { return filepath.Join(l.dir, k.Operation+"-"+k.hash()+".json") }

func (k Key) hash() string {
	encoded, err := json.Marshal(k)
	if err != nil {
		panic(err) // cannot fail: it is only text
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// Find reads the state of an order, or returns nil if it was never started.
func (l *Ledger) Find(k Key) (*Order, error) {
	o, err := l.read(l.Path(k))
	if err == nil && o != nil && o.Key != k {
		err = l.foreign(l.Path(k))
	}
	return o, err
}

// FindNamed finds the latest order with a key except for its vault, which has the name. It finds orders
// of vaults that no longer exist.
func (l *Ledger) FindNamed(k Key, name string) (*Order, error) {
	files, err := filepath.Glob(filepath.Join(l.dir, k.Operation+"-*.json"))
	if err != nil {
		return nil, err
	}
	var last *Order
	for _, file := range files {
		o, err := l.read(file)
		if err != nil || o == nil {
			return nil, err
		}
		same := o.Key
		same.Vault = k.Vault
		if same == k && (o.Name == name || o.Vault == name) && (last == nil || o.Began.After(last.Began)) {
			last = o
		}
	}
	return last, nil
}

func (l *Ledger) read(path string) (*Order, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var o Order
	if err := json.Unmarshal(data, &o); err != nil || o.ClientToken == "" {
		return nil, l.foreign(path)
	}
	return &o, nil
}

func (l *Ledger) foreign(path string) error {
	return fmt.Errorf("the file %s is not what this tool wrote: find out about the order in the console, then remove it", path)
}

// Begin saves an order before it is sent, and returns the order to send: the given one, or that of
// another run if it is still open. An order that has ended is returned unchanged, and is replaced only
// if it is the one that the caller has seen.
func (l *Ledger) Begin(o Order, seen *Order) (*Order, error) {
	unlock, err := l.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	found, err := l.Find(o.Key)
	switch {
	case err != nil:
		return nil, err
	case found != nil && found.State == Open:
		found.Runs++
		return found, l.Save(found)
	case found != nil && (seen == nil || seen.ClientToken != found.ClientToken):
		return found, nil
	}
	o.State, o.Runs = Open, 1
	return &o, l.Save(&o)
}

func (l *Ledger) lock() (unlock func(), err error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(l.dir, ".lock"), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return nil, err
	}
	return func() { lock.Close() }, nil
}

// Save saves the state of an order. It is on disk when Save returns.
func (l *Ledger) Save(o *Order) error {
	data, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(l.Path(o.Key), append(data, '\n'), 0o600)
}

// Drop removes an order that was certainly not placed, unless another run works on it.
func (l *Ledger) Drop(o *Order) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	found, err := l.Find(o.Key)
	if err != nil || found == nil || found.ClientToken != o.ClientToken || found.Runs > 1 {
		return err
	}
	return errors.Join(os.Remove(l.Path(o.Key)), syncDir(l.dir))
}

// WriteFile replaces a file in one step. It is on the disk when WriteFile returns.
func WriteFile(name string, data []byte, mode os.FileMode) error {
	dir := filepath.Dir(name)
	file, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails if the file was renamed, as it should be
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), name); err != nil {
		return err
	}
	return syncDir(dir)
}
