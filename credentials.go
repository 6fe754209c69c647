package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Credentials is one key pair of a Tianyi Cloud account. The secret key cannot
// be read back, and no format verb, JSON or log prints it.
type Credentials struct {
	accessKey string
	// Behind a pointer, since fmt prints the unexported fields of a struct
	// without asking its String method.
	secretKey *string
}

// NewCredentials makes Credentials of an access key (AK) and a secret key (SK).
func NewCredentials(accessKey, secretKey string) Credentials {
	return Credentials{accessKey: accessKey, secretKey: &secretKey}
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
		return fmt.Errorf("%w: the %s holds a character that no key has", ErrNoCredentials, name)
	}
	return nil
}

// CredentialsProvider gives the key pair that a call is signed with. It is asked
// before every attempt, by many goroutines at a time, so one that reads a file or
// asks a server keeps what it got for as long as that is valid.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// CredentialsFunc is a function that is a CredentialsProvider.
type CredentialsFunc func(ctx context.Context) (Credentials, error)

// Credentials calls f.
func (f CredentialsFunc) Credentials(ctx context.Context) (Credentials, error) { return f(ctx) }

// Credentials makes a key pair a provider of itself.
func (c Credentials) Credentials(context.Context) (Credentials, error) { return c, nil }

// ErrNoCredentials says that no usable key pair was found.
var ErrNoCredentials = errors.New("no usable credentials")

// credentialsFromEnv reads CTYUN_AK and CTYUN_SK.
func credentialsFromEnv() (Credentials, error) {
	ak, sk := os.Getenv("CTYUN_AK"), os.Getenv("CTYUN_SK")
	if ak == "" || sk == "" {
		return Credentials{}, fmt.Errorf("%w: give WithStaticCredentials or WithCredentials, or set CTYUN_AK and CTYUN_SK", ErrNoCredentials)
	}
	return NewCredentials(ak, sk), nil
}
