package conformance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

// The key pair of a Service, and what it answers.
const (
	AK = "test-ak"
	SK = "test-sk"

	// UUIDPattern matches a request ID.
	UUIDPattern = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`

	// Success satisfies every operation.
	Success = `{"statusCode":800,"returnObj":{"masterOrderID":"order-1","backupRestoreID":"restore-1","backupTaskID":"task-1"}}`
)

// Received is a request as the service got it.
type Received struct {
	Method, Target string
	Header         http.Header
	Body           []byte
	at             time.Time
}

// RequestID returns the ID that the request was sent with.
func (r Received) RequestID() string { return r.Header.Get("ctyun-eop-request-id") }

// Signature is the signing scheme once more, so that a mistake of the SDK shows.
func Signature(ak, sk, id, date, query string, body []byte) string {
	mac := func(key, data string) string {
		h := hmac.New(sha256.New, []byte(key))
		io.WriteString(h, data)
		return string(h.Sum(nil))
	}
	digest := sha256.Sum256(body)
	text := "ctyun-eop-request-id:" + id + "\neop-date:" + date + "\n\n" + query + "\n" + hex.EncodeToString(digest[:])
	return base64.StdEncoding.EncodeToString([]byte(mac(mac(mac(mac(sk, date), ak), date[:8]), text)))
}

// RequireSigned requires the headers of a request, a signature over what was
// received, and a date that is now in Beijing.
func (r Received) RequireSigned(t testing.TB) {
	t.Helper()
	headers := slices.Sorted(maps.Keys(r.Header))
	headers = slices.DeleteFunc(headers, func(name string) bool { return name == "Accept-Encoding" || name == "Connection" })
	want := []string{"Content-Type", "Ctyun-Eop-Request-Id", "Eop-Authorization", "Eop-Date", "User-Agent"}
	if len(r.Body) > 0 {
		want = append([]string{"Content-Length"}, want...)
		require.Equal(t, strconv.Itoa(len(r.Body)), r.Header.Get("Content-Length"))
	}
	require.Equal(t, want, headers)
	for name, values := range r.Header {
		require.Len(t, values, 1, name)
	}
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))
	require.Regexp(t, `^ctcbr-go/\d+\.\d+\.\d+`, r.Header.Get("User-Agent"))
	require.Regexp(t, UUIDPattern, r.RequestID())

	date := r.Header.Get("Eop-Date")
	at, err := time.ParseInLocation("20060102T150405Z", date, time.FixedZone("Beijing", 8*60*60))
	require.NoError(t, err)
	require.WithinDuration(t, r.at, at, 10*time.Second)

	_, query, _ := strings.Cut(r.Target, "?")
	signed := Signature(AK, SK, r.RequestID(), date, query, r.Body)
	require.Equal(t, AK+" Headers=ctyun-eop-request-id;eop-date Signature="+signed, r.Header.Get("Eop-Authorization"))
}

// Service is a server that keeps what it receives and gives one answer to all.
type Service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []Received
	respond  http.HandlerFunc
}

// NewService starts a server that answers with Success, until the test ends.
func NewService(t testing.TB) *Service {
	t.Helper()
	s := &Service{}
	s.Answer(200, Success)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read the request: %v", err)
		}
		header := r.Header.Clone()
		if r.ContentLength >= 0 && (r.ContentLength > 0 || header.Get("Content-Length") != "") {
			header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
		}
		if len(r.TransferEncoding) > 0 {
			header.Set("Transfer-Encoding", strings.Join(r.TransferEncoding, ","))
		}
		s.mu.Lock()
		s.requests = append(s.requests, Received{r.Method, r.RequestURI, header, body, time.Now()})
		respond := s.respond
		s.mu.Unlock()
		respond(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// Responds lets f answer from now on.
func (s *Service) Responds(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.respond = f
}

// Answer lets the server answer so from now on.
func (s *Service) Answer(status int, body string) {
	s.Responds(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if body != "" {
			io.WriteString(w, body)
		}
	})
}

// Take returns the requests that came since the last time.
func (s *Service) Take() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

// Client makes a client of the service without a region, that waits for nothing.
func (s *Service) Client(t testing.TB, opts ...ctcbr.Option) *ctcbr.Client {
	t.Helper()
	opts = append([]ctcbr.Option{ctcbr.WithStaticCredentials(AK, SK), ctcbr.WithEndpoint(s.URL), ctcbr.WithRetryWait(0, 0)}, opts...)
	c, err := ctcbr.NewClient(opts...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// HangUp answers with so much and closes the connection.
func HangUp(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			io.WriteString(conn, answer)
			conn.Close()
		}
	}
}

// Parameters are what a request carries, in its query or in its body.
func (r Received) Parameters(t testing.TB) Object {
	t.Helper()
	if len(r.Body) > 0 {
		return Decode(t, r.Body)
	}
	target, err := url.Parse(r.Target)
	require.NoError(t, err)
	o := Object{}
	for name, values := range target.Query() {
		o[name] = values[0]
	}
	return o
}

// String writes a request as it was sent, but for what differs each time.
func (r Received) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", r.Method, r.Target)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := r.Header.Get(name)
		switch name {
		case "Accept-Encoding", "Content-Length":
			continue
		case "Ctyun-Eop-Request-Id", "Eop-Date":
			value = "***"
		case "Eop-Authorization":
			value = regexp.MustCompile("Signature=.*").ReplaceAllString(value, "Signature=***")
		case "User-Agent":
			value = regexp.MustCompile(`[\d.]+`).ReplaceAllString(value, "***")
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	fmt.Fprintf(&b, "\n%s\n", r.Body)
	return b.String()
}

// RequireRefused requires that a request is refused for these fields and no
// others, and that nothing is sent.
func (s *Service) RequireRefused(t *testing.T, c *ctcbr.Client, op Operation, request Object, fields ...string) {
	t.Helper()
	_, err := Invoke(t, c, op, request)
	require.ElementsMatch(t, fields, FaultsOf(t, err), "%v", err)
	for _, field := range fields {
		require.Contains(t, regexp.MustCompile(`\[\d+\]`).ReplaceAllString(err.Error(), ""), field)
	}
	require.Contains(t, err.Error(), op.Name)
	require.Empty(t, s.Take(), "the service received a request that is invalid")
}

// FaultsOf returns the fields of a validation error, without the places in lists.
func FaultsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *ctcbr.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, ctcbr.ErrInvalid)
	var fields []string
	for _, f := range invalid.Faults {
		require.NotEmpty(t, f.Problem)
		fields = append(fields, regexp.MustCompile(`\[\d+\]`).ReplaceAllString(f.Field, ""))
	}
	return fields
}
