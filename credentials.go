package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Credentials is a key pair of a Tianyi Cloud account. The secret key cannot be read back, and is
// never part of formatted output, JSON or logs.
type Credentials struct {
	accessKey string
	expires   time.Time
	// A pointer, because fmt prints unexported fields without calling their String method.
	secretKey *string
}

// NewCredentials returns the key pair of an access key (AK) and a secret key (SK).
func NewCredentials(accessKey, secretKey string) Credentials {
	return Credentials{accessKey: accessKey, secretKey: &secretKey}
}

// ExpiringAt returns the key pair with an expiry time. A client keeps using what its provider
// returned until one minute before that time, or for half of its lifetime if that is shorter than
// two minutes.
func (c Credentials) ExpiringAt(t time.Time) Credentials {
	c.expires = t
	return c
}

// AccessKey returns the access key. It identifies the key pair and is not secret.
func (c Credentials) AccessKey() string { return c.accessKey }

// String returns the access key only.
func (c Credentials) String() string { return "Credentials(" + c.accessKey + ")" }

// MarshalJSON writes the access key only.
func (c Credentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"accessKey": c.accessKey})
}

func (c Credentials) secret() string {
	if c.secretKey == nil {
		return ""
	}
	return *c.secretKey
}

// check refuses keys that cannot be valid, above all keys that were copied with white space around
// them.
func (c Credentials) check() error { return c.checkAs("access key", "secret key") }

// checkAs is check with other names for the keys, which say where they come from.
func (c Credentials) checkAs(accessKey, secretKey string) error {
	return join(checkKey(accessKey, c.accessKey), checkKey(secretKey, c.secret()))
}

func checkKey(name, key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: the %s is empty", ErrNoCredentials, name)
	case strings.TrimSpace(key) != key:
		return fmt.Errorf("%w: the %s has white space at its beginning or end", ErrNoCredentials, name)
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%w: the %s contains a character that keys never contain", ErrNoCredentials, name)
	}
	return nil
}

// CredentialsProvider provides the key pair that signs calls. It is called again when the last key
// pair expires ([Credentials.ExpiringAt]), by one goroutine at a time; calls that need a key pair in
// the meantime share the result. If the key pair has no expiry, the provider is called before every
// attempt, by many goroutines at once.
//
// The provider should respect the context, which is that of a call. A call ends with its context
// even if the provider has not returned, and leaves the goroutine of the provider behind until it
// does. If the provider panics, the call panics with the same value.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc is a function that implements [CredentialsProvider].
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls f. It is an error if f is nil.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) {
	if f == nil {
		return Credentials{}, fmt.Errorf("%w: the CredentialsFunc is nil", ErrNoCredentials)
	}
	return f(ctx)
}

// Credentials returns c: a key pair is its own [CredentialsProvider].
func (c Credentials) Credentials(context.Context) (Credentials, error) { return c, nil }

// ErrNoCredentials means that no key pair was found, or that the one found cannot be valid. Errors
// of [NewClient] and of calls match it.
var ErrNoCredentials = errors.New("no usable credentials")

// provide returns the key pair of a provider, or the cause of the context if that ends first.
func provide(ctx context.Context, p CredentialsProvider) (Credentials, error) {
	if c, static := p.(Credentials); static {
		return c, nil
	}
	f := startFetch(ctx, p, func(Credentials) {})
	if err := f.wait(ctx); err != nil {
		return Credentials{}, err
	}
	return f.result()
}

// fetch is a call of a provider, in a goroutine of its own: a provider that does not return blocks
// no caller.
type fetch struct {
	done chan struct{} // closed when the fields below are set

	credentials Credentials
	err         error
	panicked    any
	exited      bool // the provider ended by a panic or runtime.Goexit
	cutOff      bool // the provider failed after the context of its caller was done
}

// startFetch calls a provider. Its key pair is passed to keep before anybody else gets it.
func startFetch(ctx context.Context, p CredentialsProvider, keep func(Credentials)) *fetch {
	f := &fetch{done: make(chan struct{}), exited: true}
	go func() {
		defer close(f.done)
		defer func() {
			if f.exited {
				f.panicked = recover()
			}
		}()
		f.credentials, f.err = p.Credentials(ctx)
		f.exited = false
		f.cutOff = f.err != nil && ctx.Err() != nil
		if f.err == nil {
			keep(f.credentials)
		}
	}()
	return f
}

// wait waits until the provider has returned. If the context ends first, wait returns its cause.
func (f *fetch) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (f *fetch) isDone() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// result returns what the provider returned, after it has. A panic of the provider continues here.
func (f *fetch) result() (Credentials, error) {
	switch {
	case f.panicked != nil:
		panic(f.panicked)
	case f.exited:
		runtime.Goexit()
	}
	return f.credentials, f.err
}

// keptCredentials caches what a provider returned until it expires. Callers that need a new key
// pair at the same time share one call of the provider.
type keptCredentials struct {
	provider CredentialsProvider
	kept     atomic.Pointer[keptPair]

	mu     sync.Mutex
	shared *fetch // the last one that was shared; nil before the first
}

// keptPair is a key pair and the time until which it is used.
type keptPair struct {
	Credentials
	until time.Time
}

// isFresh reports whether the key pair can be used without calling the provider.
func (p *keptPair) isFresh() bool {
	return p != nil && !p.expires.IsZero() && time.Now().Before(p.until)
}

func newKeptCredentials(p CredentialsProvider) *keptCredentials {
	return &keptCredentials{provider: p}
}

func (k *keptCredentials) Credentials(ctx context.Context) (Credentials, error) {
	if c, static := k.provider.(Credentials); static {
		return c, nil
	}
	for {
		kept := k.kept.Load()
		if kept.isFresh() {
			return kept.Credentials, nil
		}
		f, own := k.fetch(ctx, kept)
		if f == nil {
			continue
		}
		if err := f.wait(ctx); err != nil {
			return Credentials{}, err
		}
		if failed := f.exited || f.cutOff; own || !failed {
			return f.result()
		}
		// It failed with the caller that started it, and says nothing about this one.
	}
}

// fetch starts a call of the provider for a key pair to replace last, which is nil or not fresh, or
// joins the one that is running. It returns nil if another key pair has been kept since. Key pairs
// without an expiry are not shared.
func (k *keptCredentials) fetch(ctx context.Context, last *keptPair) (f *fetch, own bool) {
	if last != nil && last.expires.IsZero() {
		return startFetch(ctx, k.provider, k.keep), true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.shared != nil && !k.shared.isDone():
		return k.shared, false
	case k.kept.Load() != last:
		return nil, false
	}
	k.shared = startFetch(ctx, k.provider, k.keep)
	return k.shared, true
}

// keep caches a key pair of the provider.
func (k *keptCredentials) keep(c Credentials) {
	margin := min(time.Minute, time.Until(c.expires)/2)
	k.kept.Store(&keptPair{c, c.expires.Add(-margin)})
}
