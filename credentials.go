package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
// returned until one minute before that time.
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
func (c Credentials) check() error {
	if err := checkKey("access key", c.accessKey); err != nil {
		return err
	}
	return checkKey("secret key", c.secret())
}

func checkKey(name, key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%w: the %s is empty", ErrNoCredentials, name)
	case strings.TrimSpace(key) != key:
		return fmt.Errorf("%w: the %s has white space at its beginning or end", ErrNoCredentials, name)
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%w: the %s has a character that no key has", ErrNoCredentials, name)
	}
	return nil
}

// CredentialsProvider provides the key pair that signs calls. It is called again when the last key
// pair expires ([Credentials.ExpiringAt]), by one goroutine at a time. If the key pair has no
// expiry it is called before every attempt, by many goroutines at once. It must respect the
// context, which is that of a call.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc is a function that implements [CredentialsProvider].
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls f.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) { return f(ctx) }

// Credentials returns c: a key pair is its own [CredentialsProvider].
func (c Credentials) Credentials(context.Context) (Credentials, error) { return c, nil }

// ErrNoCredentials means that no key pair was found, or that the one found cannot be valid. Errors
// of [NewClient] and of calls match it.
var ErrNoCredentials = errors.New("no usable credentials")

// keptCredentials caches what a provider returned until it expires.
type keptCredentials struct {
	provider CredentialsProvider
	kept     atomic.Pointer[Credentials]
	asking   chan struct{} // holds one element while the provider is called
}

func newKeptCredentials(p CredentialsProvider) *keptCredentials {
	return &keptCredentials{provider: p, asking: make(chan struct{}, 1)}
}

func (k *keptCredentials) Credentials(ctx context.Context) (Credentials, error) {
	switch c := k.kept.Load(); {
	case c == nil:
	case c.expires.IsZero():
		return k.ask(ctx)
	case c.isFresh():
		return *c, nil
	}
	select {
	case k.asking <- struct{}{}:
		defer func() { <-k.asking }()
	case <-ctx.Done():
		return Credentials{}, context.Cause(ctx)
	}
	if c := k.kept.Load(); c != nil && c.isFresh() {
		return *c, nil
	}
	return k.ask(ctx)
}

func (k *keptCredentials) ask(ctx context.Context) (Credentials, error) {
	c, err := k.provider.Credentials(ctx)
	if err != nil {
		return Credentials{}, err
	}
	if last := k.kept.Load(); last == nil || *last != c {
		kept := c
		k.kept.Store(&kept)
	}
	return c, nil
}

func (c *Credentials) isFresh() bool { return time.Until(c.expires) > time.Minute }
