package ctcbr

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Headers of a signed request, in the spelling that net/http keeps them in.
const (
	headerRequestID     = "Ctyun-Eop-Request-Id"
	headerDate          = "Eop-Date"
	headerAuthorization = "Eop-Authorization"
)

// beijing is a fixed zone, so that no machine needs a time zone database.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// hash of a request without a body.
const emptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Signer signs requests to any OpenAPI of Tianyi Cloud by its EOP scheme. The
// zero value is ready for use, by any number of goroutines. It must not be
// copied after first use.
type Signer struct {
	// Zone is the zone of the signing date. Nil means Beijing time (UTC+8),
	// which the service asks for whatever the zone of the machine.
	Zone *time.Location

	key atomic.Pointer[signingKey]
}

// Sign signs req as it would be sent at the given time with the given body, and
// sets its headers: Eop-date, Eop-Authorization, ctyun-eop-request-id (a new UUID
// unless the request has one), Content-Type and User-Agent (unless it has them).
// The query is brought into its canonical form, sorted and percent-encoded by RFC
// 3986, so that the bytes signed are the bytes sent; a query that cannot be read
// is an error. The body is not read from req: body must be what req.Body gives.
func (s *Signer) Sign(req *http.Request, body []byte, credentials Credentials, at time.Time) error {
	query, err := canonicalQuery(req.URL.RawQuery)
	if err != nil {
		return err
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	id := first(req.Header, headerRequestID)
	if id == "" {
		id = uuid.NewString()
	}
	if strings.ContainsAny(id, "\r\n") {
		return errors.New("ctcbr: a request ID must be one line")
	}
	setDefault(req.Header, "Content-Type", "application/json")
	setDefault(req.Header, "User-Agent", userAgent)
	req.URL.RawQuery = query
	return s.authorize(req.Header, id, query, body, credentials, at)
}

func setDefault(h http.Header, key, value string) {
	if first(h, key) == "" {
		h[key] = []string{value}
	}
}

// first is http.Header.Get for a key that is in its canonical form.
func first(h http.Header, key string) string {
	if values := h[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// authorize sets the three headers of the scheme. The query must be canonical.
func (s *Signer) authorize(h http.Header, id, query string, body []byte, credentials Credentials, at time.Time) error {
	key, err := s.keyOf(credentials, at)
	if err != nil {
		return err
	}
	values := [...]string{id, key.date, key.authorization(id, query, body)}
	h[headerRequestID] = values[0:1:1] // in one piece of memory, but each with no room for more
	h[headerDate] = values[1:2:2]
	h[headerAuthorization] = values[2:3:3]
	return nil
}

// signingKey signs all requests of one key pair and one second.
type signingKey struct {
	accessKey, secretKey string
	unix                 int64
	zone                 *time.Location
	date                 string
	mac                  macKey
}

func (s *Signer) keyOf(credentials Credentials, at time.Time) (*signingKey, error) {
	zone := s.Zone
	if zone == nil {
		zone = beijing
	}
	k := s.key.Load()
	if k != nil && k.unix == at.Unix() && k.accessKey == credentials.accessKey && k.secretKey == credentials.secret() && k.zone == zone {
		return k, nil
	}
	if err := credentials.check(); err != nil {
		return nil, err
	}
	date := at.In(zone).Format("20060102T150405Z")
	kTime := newMACKey([]byte(credentials.secret())).sum([]byte(date))
	kAK := newMACKey(kTime[:]).sum([]byte(credentials.accessKey))
	kDate := newMACKey(kAK[:]).sum([]byte(date[:8]))
	k = &signingKey{
		accessKey: credentials.accessKey, secretKey: credentials.secret(),
		unix: at.Unix(), zone: zone, date: date, mac: newMACKey(kDate[:]),
	}
	s.key.Store(k)
	return k, nil
}

// authorization returns the value of Eop-Authorization.
func (k *signingKey) authorization(id, query string, body []byte) string {
	var space [1024]byte
	text := append(space[:0], k.mac.inner[:]...)
	text = append(text, "ctyun-eop-request-id:"...)
	text = append(text, id...)
	text = append(text, "\neop-date:"...)
	text = append(text, k.date...)
	text = append(text, "\n\n"...)
	text = append(text, query...)
	text = append(text, '\n')
	if len(body) == 0 {
		text = append(text, emptyBodyHash...)
	} else {
		hash := sha256.Sum256(body)
		text = hex.AppendEncode(text, hash[:])
	}
	signature := k.mac.finish(sha256.Sum256(text))

	text = append(text[:0], k.accessKey...)
	text = append(text, " Headers=ctyun-eop-request-id;eop-date Signature="...)
	text = base64.StdEncoding.AppendEncode(text, signature[:])
	return string(text)
}

// macKey is an HMAC-SHA256 key, as the two blocks that its hashes begin with.
type macKey struct{ inner, outer [sha256.BlockSize]byte }

func newMACKey(key []byte) macKey {
	var m macKey
	if len(key) > sha256.BlockSize {
		hash := sha256.Sum256(key)
		key = hash[:]
	}
	copy(m.inner[:], key)
	copy(m.outer[:], key)
	for i := range m.inner {
		m.inner[i] ^= 0x36
		m.outer[i] ^= 0x5c
	}
	return m
}

func (m *macKey) finish(inner [sha256.Size]byte) [sha256.Size]byte {
	var text [sha256.BlockSize + sha256.Size]byte
	copy(text[:], m.outer[:])
	copy(text[sha256.BlockSize:], inner[:])
	return sha256.Sum256(text[:])
}

func (m macKey) sum(data []byte) [sha256.Size]byte {
	return m.finish(sha256.Sum256(append(m.inner[:], data...)))
}

// parameter is one parameter of a query, as it means, not as it is written.
type parameter struct{ key, value string }

// maxParameters is how many parameters net/url, and so most servers, would read.
const maxParameters = 10000

// canonicalQuery sorts a raw query by key and encodes it by RFC 3986. It reads
// what url.ParseQuery reads.
func canonicalQuery(raw string) (string, error) {
	switch {
	case strings.Count(raw, "&") >= maxParameters:
		return "", fmt.Errorf("ctcbr: the query cannot be signed: it has over %d parameters", maxParameters)
	case strings.IndexByte(raw, ';') >= 0:
		return "", errors.New("ctcbr: the query cannot be signed: a semicolon separates nothing")
	case isCanonical(raw):
		return raw, nil
	}
	unescape := url.QueryUnescape
	if strings.IndexByte(raw, '%') < 0 && strings.IndexByte(raw, '+') < 0 {
		unescape = func(text string) (string, error) { return text, nil }
	}
	var space [16]parameter
	parameters := space[:0]
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := unescape(key)
		value, valueErr := unescape(value)
		if err := cmp.Or(keyErr, valueErr); err != nil {
			return "", fmt.Errorf("ctcbr: the query cannot be signed: %w", err)
		}
		parameters = append(parameters, parameter{key, value})
	}
	return encodeParameters(parameters), nil
}

// isCanonical reports whether nothing is to be done to a query. It knows those with
// plain keys, as all are that the service documents.
func isCanonical(query string) bool {
	before := ""
	for pair := range strings.SplitSeq(query, "&") {
		key, value, found := strings.Cut(pair, "=")
		if !found || key < before || strings.IndexByte(key, '%') >= 0 || !isEscaped(key) || !isEscaped(value) {
			return false
		}
		before = key
	}
	return true
}

// isEscaped reports whether a text is as appendEscaped writes it.
func isEscaped(text string) bool {
	for i := 0; i < len(text); i++ {
		if unreserved[text[i]] {
			continue
		}
		if text[i] != '%' || i+2 >= len(text) {
			return false
		}
		high, low := strings.IndexByte(digits, text[i+1]), strings.IndexByte(digits, text[i+2])
		if high < 0 || low < 0 || unreserved[high<<4|low] {
			return false
		}
		i += 2
	}
	return true
}

func encodeValues(values url.Values) string {
	var parameters []parameter
	for key, all := range values {
		for _, value := range all {
			parameters = append(parameters, parameter{key, value})
		}
	}
	return encodeParameters(parameters)
}

// encodeParameters sorts parameters, but for those of one key, and writes them.
func encodeParameters(parameters []parameter) string {
	var space [512]byte
	b := space[:0]
	slices.SortStableFunc(parameters, func(a, b parameter) int { return strings.Compare(a.key, b.key) })
	for i, p := range parameters {
		if i > 0 {
			b = append(b, '&')
		}
		b = appendEscaped(b, p.key)
		b = append(b, '=')
		b = appendEscaped(b, p.value)
	}
	return string(b)
}

const digits = "0123456789ABCDEF"

// unreserved are the bytes that are written as they are.
var unreserved = func() (set [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" {
		set[c] = true
	}
	return set
}()

func appendEscaped(b []byte, text string) []byte {
	written := 0
	for i := range len(text) {
		if c := text[i]; !unreserved[c] {
			b = append(b, text[written:i]...)
			b = append(b, '%', digits[c>>4], digits[c&15])
			written = i + 1
		}
	}
	return append(b, text[written:]...)
}

// SigningTransport is an http.RoundTripper that signs every request, for the
// products of Tianyi Cloud that have no SDK:
//
//	client := &http.Client{Transport: &ctcbr.SigningTransport{Credentials: ctcbr.NewCredentials(ak, sk)}}
//
// It refuses to sign a request that follows a redirect, with ErrRedirect, so that
// no signature reaches a host that the caller did not name.
type SigningTransport struct {
	// Credentials gives the key pair. It must be set.
	Credentials CredentialsProvider
	// Signer signs; nil means one with default settings.
	Signer *Signer
	// Base sends the signed request; nil means http.DefaultTransport.
	Base http.RoundTripper

	own Signer
}

// maxSignedBody bounds the request body that SigningTransport keeps in memory.
const maxSignedBody = 64 << 20

// RoundTrip signs a copy of req and sends it.
func (t *SigningTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := readRequestBody(req)
	if err != nil {
		return nil, err
	}
	if req.Response != nil {
		return nil, fmt.Errorf("ctcbr: %w: not signed for %s", ErrRedirect, req.URL.Host)
	}
	if t.Credentials == nil {
		return nil, ErrNoCredentials
	}
	credentials, err := t.Credentials.Credentials(req.Context())
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
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(signed)
}

// readRequestBody reads and closes the body of req, as RoundTrip must even when it fails.
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
