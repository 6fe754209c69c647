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

// Credentials is one key pair of a Tianyi Cloud account. The secret key cannot
// be read back, and no format verb, JSON or log prints it.
type Credentials struct {
	accessKey string
	expires   time.Time
	// Behind a pointer, since fmt prints the unexported fields of a struct
	// without asking its String method.
	secretKey *string
}

// NewCredentials makes Credentials of an access key (AK) and a secret key (SK).
func NewCredentials(accessKey, secretKey string) Credentials {
	return Credentials{accessKey: accessKey, secretKey: &secretKey}
}

// ExpiringAt returns the key pair with the time until which it may be used. A client
// keeps what its provider gave until a minute before that time, or for half of its time where that
// is less than two minutes.
func (c Credentials) ExpiringAt(t time.Time) Credentials {
	c.expires = t
	return c
}

// AccessKey returns the access key, which names the key pair and is no secret.
func (c Credentials) AccessKey() string { return c.accessKey }

// String returns the access key alone.
func (c Credentials) String() string { return "Credentials(" + c.accessKey + ")" }

// MarshalJSON writes the access key alone.
func (c Credentials) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"accessKey": c.accessKey})
}

func (c Credentials) secret() string {
	if c.secretKey == nil {
		return ""
	}
	return *c.secretKey
}

// check refuses keys that cannot be right, most of all those that were copied
// with the white space around them.
func (c Credentials) check() error { return c.checkAs("access key", "secret key") }

// checkAs is check, with names for the keys that say where they are from.
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
		return fmt.Errorf("%w: the %s holds a character that no key has", ErrNoCredentials, name)
	}
	return nil
}

// CredentialsProvider gives the key pair that calls are signed with. A client asks
// it again when the key pair it gave expires (ExpiringAt), by one goroutine at a
// time, for all calls that need one meanwhile; for one that does not expire it asks before every
// attempt, by many at a time. It should heed the context, which is that of a call: a call
// ends with its context whether its provider has returned or not, and a provider that never does
// keeps its goroutine. Its panic is that of the call.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc is a function that is a CredentialsProvider.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls f. A nil f gives no key pair.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) {
	if f == nil {
		return Credentials{}, fmt.Errorf("%w: the CredentialsFunc is nil", ErrNoCredentials)
	}
	return f(ctx)
}

// Credentials makes a key pair a provider of itself.
func (c Credentials) Credentials(context.Context) (Credentials, error) { return c, nil }

// ErrNoCredentials says that no usable key pair was found, or that the one found
// cannot be right. Errors of NewClient and of calls match it.
var ErrNoCredentials = errors.New("no usable credentials")

// provide returns the key pair of a provider, or the reason why the context ended first.
func provide(ctx context.Context, p CredentialsProvider) (Credentials, error) {
	if c, static := p.(Credentials); static {
		return c, nil
	}
	in := ask(ctx, p, func(Credentials) {})
	if err := in.wait(ctx); err != nil {
		return Credentials{}, err
	}
	return in.result()
}

// inquiry is a provider that is being asked, in a goroutine of its own: one that does not return
// holds nobody who asks.
type inquiry struct {
	done chan struct{} // closed when all below is known

	credentials Credentials
	err         error
	panicked    any
	exited      bool // the provider left by a panic or runtime.Goexit
	cutOff      bool // the provider failed when the context of who asked it was done
}

// ask asks a provider, and gives what it gave to keep before anybody else has it.
func ask(ctx context.Context, p CredentialsProvider, keep func(Credentials)) *inquiry {
	in := &inquiry{done: make(chan struct{}), exited: true}
	go func() {
		defer close(in.done)
		defer func() {
			if in.exited {
				in.panicked = recover()
			}
		}()
		in.credentials, in.err = p.Credentials(ctx)
		in.exited = false
		in.cutOff = in.err != nil && ctx.Err() != nil
		if in.err == nil {
			keep(in.credentials)
		}
	}()
	return in
}

// wait waits for the provider, or else returns why the context is done.
func (in *inquiry) wait(ctx context.Context) error {
	select {
	case <-in.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (in *inquiry) isDone() bool {
	select {
	case <-in.done:
		return true
	default:
		return false
	}
}

// result is what the provider returned, after it did. Its panic goes on here.
func (in *inquiry) result() (Credentials, error) {
	switch {
	case in.panicked != nil:
		panic(in.panicked)
	case in.exited:
		runtime.Goexit()
	}
	return in.credentials, in.err
}

// keptCredentials keeps what a provider gave for as long as that is valid. Calls that need a new
// key pair at the same time share one answer.
type keptCredentials struct {
	provider CredentialsProvider
	kept     atomic.Pointer[keptPair]

	mu     sync.Mutex
	shared *inquiry // nil: nobody is waiting for a new key pair
}

// keptPair is a key pair and the time until which it is given out.
type keptPair struct {
	Credentials
	until time.Time
}

// isFresh reports whether a key pair is known to be valid for some time.
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
		in, own := k.inquiry(ctx, kept)
		if in == nil {
			continue
		}
		if err := in.wait(ctx); err != nil {
			return Credentials{}, err
		}
		if failed := in.exited || in.cutOff; own || !failed {
			return in.result()
		}
		// What failed belongs to the call that asked.
	}
}

// inquiry asks the provider for a key pair in place of last, which is nil or not fresh, or joins
// who asks already. It is nil if there is another key pair by now. Key pairs that do not expire are
// asked for by each alone.
func (k *keptCredentials) inquiry(ctx context.Context, last *keptPair) (in *inquiry, own bool) {
	if last != nil && last.expires.IsZero() {
		return ask(ctx, k.provider, k.keep), true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.shared != nil && !k.shared.isDone():
		return k.shared, false
	case k.kept.Load() != last:
		return nil, false
	}
	k.shared = ask(ctx, k.provider, k.keep)
	return k.shared, true
}

// keep keeps what the provider gave.
func (k *keptCredentials) keep(c Credentials) {
	margin := min(time.Minute, time.Until(c.expires)/2)
	k.kept.Store(&keptPair{c, c.expires.Add(-margin)})
}
