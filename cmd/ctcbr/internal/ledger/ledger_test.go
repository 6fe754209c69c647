package ledger

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newLedger(t *testing.T) *Ledger {
	l, err := In(func(name string) string { return map[string]string{"XDG_STATE_HOME": t.TempDir()}[name] })
	require.NoError(t, err)
	return l
}

func order(token string) Order {
	return Order{Key: Key{Operation: "renew", Vault: "vault-id", Parameters: "{}"}, Name: "vault", ClientToken: token, Began: time.Now()}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	first, err := l.Begin(order("1"), nil)
	require.NoError(t, err)
	require.Equal(t, "1", first.ClientToken)
	second, err := l.Begin(order("2"), nil)
	require.NoError(t, err)
	require.Equal(t, "1", second.ClientToken, "an order that is open is the order of every run")
	require.Equal(t, 2, second.Runs)
	require.NoError(t, l.Drop(first))
	kept, err := l.Find(first.Key)
	require.NoError(t, err)
	require.NotNil(t, kept, "another run has taken it up")

	kept.State = Done
	require.NoError(t, l.Save(kept))
	ended, err := l.Begin(order("3"), nil)
	require.NoError(t, err)
	require.Equal(t, "1", ended.ClientToken, "one that has ended in between is not replaced unseen")
	anew, err := l.Begin(order("3"), ended)
	require.NoError(t, err)
	require.Equal(t, "3", anew.ClientToken)
	require.NoError(t, l.Drop(anew))
	gone, err := l.Find(anew.Key)
	require.NoError(t, err)
	require.Nil(t, gone)
	require.NoError(t, l.Drop(anew))
}

func TestManyBeginOneOrder(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	var mu sync.Mutex
	tokens := make(map[string]bool)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			begun, err := l.Begin(order(string(rune('a'+i))), nil)
			if !assert.NoError(t, err) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			tokens[begun.ClientToken] = true
		})
	}
	all.Wait()
	require.Len(t, tokens, 1)
}

func TestFindNamed(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	_, err := l.Begin(order("1"), nil)
	require.NoError(t, err)
	sought := order("").Key
	for name, want := range map[string]bool{"vault": true, "vault-id": true, "other": false} {
		sought.Vault = name
		found, err := l.FindNamed(sought, name)
		require.NoError(t, err)
		require.Equal(t, want, found != nil, name)
	}
	require.NoError(t, os.WriteFile(filepath.Join(l.dir, "renew-x.json"), []byte("{"), 0o600))
	_, err = l.FindNamed(sought, "vault")
	require.ErrorContains(t, err, "renew-x.json")
}

func TestDir(t *testing.T) {
	t.Parallel()
	for want, env := range map[string]map[string]string{
		"/x/ctcbr":                     {"XDG_STATE_HOME": "/x", "HOME": "/users/me"},
		"/users/me/.local/state/ctcbr": {"HOME": "/users/me"},
		"/var/lib/ctcbr":               {"STATE_DIRECTORY": "/var/lib/ctcbr:/other", "HOME": "/"},
	} {
		dir, err := Dir(func(name string) string { return env[name] })
		require.NoError(t, err)
		require.Equal(t, filepath.FromSlash(want), dir)
	}
	_, err := Dir(func(string) string { return "" })
	require.ErrorContains(t, err, "HOME is not set")
	_, err = Dir(func(name string) string { return map[string]string{"XDG_STATE_HOME": "x"}[name] })
	require.ErrorContains(t, err, "absolute")
}
