package ctcbr

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ctyun-go/ctcbr/internal/eop"
)

// Headers of a signed request, in the spelling that net/http keeps them in.
const (
	headerRequestID     = "Ctyun-Eop-Request-Id"
	headerDate          = "Eop-Date"
	headerAuthorization = "Eop-Authorization"
)

// Signer signs requests to any OpenAPI of Tianyi Cloud by its EOP scheme. The zero value is ready
// for use, by any number of goroutines. It must not be copied after first use.
type Signer struct {
	// Zone is the zone of the signing date. Nil means Beijing time (UTC+8), which the service
	// requires whatever the zone of the machine.
	Zone *time.Location

	keys eop.Keys
}

// Sign signs req as it would be sent at the given time with the given body, and sets its headers:
// Eop-date, Eop-Authorization, ctyun-eop-request-id (a new UUID unless the request has one),
// Content-Type and User-Agent (unless it has them). It rewrites the query in its canonical form,
// sorted and percent-encoded by RFC 3986, so that the bytes signed are the bytes sent; a query that
// cannot be parsed is an error. The body is not read from req: body must be what req.Body yields.
func (s *Signer) Sign(req *http.Request, body []byte, credentials Credentials, at time.Time) error {
	if req == nil || req.URL == nil {
		return errNoURL
	}
	query, err := eop.CanonicalQuery(req.URL.RawQuery)
	if err != nil {
		return fmt.Errorf("ctcbr: the query cannot be signed: %w", err)
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	id := firstValue(req.Header, headerRequestID)
	if id == "" {
		id = newUUID()
	}
	if strings.ContainsAny(id, "\r\n") {
		return errors.New("ctcbr: a request ID must be one line")
	}
	setDefault(req.Header, "Content-Type", "application/json")
	setDefault(req.Header, "User-Agent", userAgent)
	req.URL.RawQuery = query
	return s.authorize(req.Header, id, query, body, credentials, at)
}

var errNoURL = errors.New("ctcbr: a request without a URL cannot be signed")

// authorize sets the three headers of the scheme. The query must be canonical.
func (s *Signer) authorize(h http.Header, id, query string, body []byte, credentials Credentials, at time.Time) error {
	key, err := s.key(credentials, at)
	if err != nil {
		return err
	}
	setTogether(h,
		[]string{headerRequestID, headerDate, headerAuthorization},
		[]string{id, key.Date(), key.Authorization(id, query, body)})
	return nil
}

// key returns the signing key of a key pair for the second of at. A key pair is checked when a key
// is derived from it, not for every request of that second.
func (s *Signer) key(credentials Credentials, at time.Time) (*eop.Key, error) {
	accessKey, secretKey := credentials.accessKey, credentials.secret()
	if key := s.keys.Kept(accessKey, secretKey, at, s.Zone); key != nil {
		return key, nil
	}
	if err := credentials.check(); err != nil {
		return nil, err
	}
	return s.keys.Derive(accessKey, secretKey, at, s.Zone), nil
}

// setTogether sets headers to one value each. The names must be canonical. The values share the
// memory of their slice, which saves an allocation for each; none has room to append to, so that no
// header can grow into its neighbour.
func setTogether(h http.Header, names, values []string) {
	for i, name := range names {
		h[name] = values[i : i+1 : i+1]
	}
}

// setDefault sets a header that has no value. The name must be canonical.
func setDefault(h http.Header, name, value string) {
	if firstValue(h, name) == "" {
		h[name] = []string{value}
	}
}

// firstValue is http.Header.Get for a name that is canonical.
func firstValue(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// SigningTransport is an [http.RoundTripper] that signs every request, for the products of Tianyi
// Cloud that have no SDK:
//
//	client := &http.Client{Transport: &ctcbr.SigningTransport{Credentials: ctcbr.NewCredentials(ak, sk)}}
//
// It refuses to sign a request that follows a redirect, with [ErrRedirect], so that no signature
// reaches a host that the caller did not name.
type SigningTransport struct {
	// Credentials provides the key pair. It is required.
	Credentials CredentialsProvider
	// Signer signs the requests; nil means one with default settings.
	Signer *Signer
	// Base sends the signed request; nil means [http.DefaultTransport].
	Base http.RoundTripper

	own Signer
}

// maxSignedBody is the largest request body that a SigningTransport signs, since it holds the body
// in memory: 64 MiB.
const maxSignedBody = 64 << 20

// RoundTrip signs a copy of req and sends it. It replaces the request ID, so that every attempt has
// its own. A request body over 64 MiB is an error that matches [ErrTooLarge].
func (t *SigningTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req == nil {
		return nil, errNoURL
	}
	body, err := readRequestBody(req)
	switch {
	case err != nil:
		return nil, err
	case req.URL == nil:
		return nil, errNoURL
	}
	if req.Response != nil {
		return nil, fmt.Errorf("ctcbr: %w: not signed for %s", ErrRedirect, req.URL.Host)
	}
	if t.Credentials == nil || isNil(t.Credentials) {
		return nil, fmt.Errorf("%w: the SigningTransport has none", ErrNoCredentials)
	}
	credentials, err := provide(req.Context(), t.Credentials)
	if err != nil {
		return nil, err
	}
	signed := req.Clone(req.Context())
	signed.Header.Del(headerRequestID)
	if body != nil {
		signed.ContentLength = int64(len(body))
		signed.Body = io.NopCloser(bytes.NewReader(body))
		signed.GetBody = nil
	}
	signer := t.Signer
	if signer == nil {
		signer = &t.own
	}
	if err := signer.Sign(signed, body, credentials, time.Now()); err != nil {
		return nil, err
	}
	switch {
	case t.Base == nil:
		return http.DefaultTransport.RoundTrip(signed)
	case isNil(t.Base):
		return nil, errors.New("ctcbr: the Base of the SigningTransport holds nil")
	}
	return t.Base.RoundTrip(signed)
}

// readRequestBody reads and closes the body of req. A RoundTripper must close it even when it
// fails.
func readRequestBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxSignedBody+1))
	if err != nil {
		return nil, fmt.Errorf("ctcbr: read the request body: %w", err)
	}
	if len(body) > maxSignedBody {
		return nil, fmt.Errorf("ctcbr: request body over %d bytes: %w", maxSignedBody, ErrTooLarge)
	}
	return body, nil
}

// newUUID returns a random UUID. It is uuid.NewString with one allocation less.
func newUUID() string {
	var id uuid.UUID
	_, _ = rand.Read(id[:])   // never fails
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id.String()
}
