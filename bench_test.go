package ctcbr

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/internal/transport"
)

// canned is a transport in memory that gives every request the same answer.
type canned string

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Request: req,
		ContentLength: int64(len(c)), Body: io.NopCloser(strings.NewReader(string(c))),
	}, nil
}

// oneStorage is an answer of about 600 bytes.
const oneStorage = `{"statusCode":800,"error":"","errorCode":"","message":"SUCCESS","description":"成功","returnObj":{"backupStorageList":[` +
	`{"backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002","backupStorageName":"vault-of-the-web-hosts","backupStorageCapacity":"1024 G",` +
	`"backupStorageFreeCapacity":"911.50","backupStorageStatusCode":"Available","backupStorageStatusDesc":"可用",` +
	`"backupStorageCreatTime":"2026-06-13 01:02:03","backupStorageExpireTime":"2027-06-13 01:02:03","regionName":"华东1","multiAz":"单可用区"}],` +
	`"backupStorageCount":1}}`

var benchKeys = NewCredentials("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")

func benchClient(t testing.TB, opts ...Option) *Client {
	t.Helper()
	c, err := NewClient(append([]Option{
		WithCredentials(benchKeys),
		WithRegion("81f7728662dd11ec810800155d307d5b"),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func inMemory(answer string) Option { return WithHTTPClient(&http.Client{Transport: canned(answer)}) }

func listStorages(ctx context.Context, t testing.TB, c *Client) {
	got, err := c.Storages.List(ctx, &ListStoragesRequest{ID: "c2a9f0de-9d31-11f0-8a31-0242ac110002", Status: StorageAvailable})
	if err != nil || len(got.Storages) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
}

// toSign is what the benchmarks and the counts of allocations sign.
var toSign = map[string]struct {
	query string
	body  []byte
}{
	"GET":     {query: "backupStorageID=c2a9f0de-9d31-11f0-8a31-0242ac110002&backupStorageStatus=Available&queryContent=web%20hosts&regionID=81f7728662dd11ec810800155d307d5b"},
	"POST300": {body: bytes.Repeat([]byte("x"), 300)},
	"POST8K":  {body: bytes.Repeat([]byte("x"), 8<<10)},
}

const signedID = "3b241101-e2bb-4255-8caf-4136c566a962"

// signingRequest is a request of which nothing is left to do but to sign it.
func signingRequest(query string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "https://example.com/v4/backup/query-storage-backup?"+query, nil)
	req.Header.Set(headerRequestID, signedID)
	return req
}

// BenchmarkSign signs requests, headers and all. "unsorted" has its query to be
// sorted and encoded, too; that of the others is as it is sent.
func BenchmarkSign(b *testing.B) {
	sign := func(query string, body []byte) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			var s Signer
			req, at := signingRequest(query), time.Now()
			for b.Loop() {
				req.URL.RawQuery = query
				_ = s.Sign(req, body, benchKeys, at)
			}
		}
	}
	for name, given := range toSign {
		b.Run(name, sign(given.query, given.body))
	}
	b.Run("unsorted", sign("regionID=81f7728662dd11ec810800155d307d5b&backupStorageStatus=Available&queryContent=web+hosts&backupStorageID=c2a9f0de-9d31-11f0-8a31-0242ac110002", nil))
}

func BenchmarkCall(b *testing.B) {
	b.Run("memory", func(b *testing.B) {
		b.ReportAllocs()
		c := benchClient(b, inMemory(oneStorage))
		for b.Loop() {
			listStorages(context.Background(), b, c)
		}
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, oneStorage) }))
	b.Cleanup(server.Close)
	b.Run("wire", func(b *testing.B) {
		b.ReportAllocs()
		c := benchClient(b, WithEndpoint(server.URL))
		for b.Loop() {
			listStorages(context.Background(), b, c)
		}
	})
	b.Run("wire-bare", func(b *testing.B) {
		b.ReportAllocs()
		client := &http.Client{Transport: transport.New()}
		b.Cleanup(client.CloseIdleConnections)
		for b.Loop() {
			bareGet(b, client, server.URL)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		c := benchClient(b, inMemory(oneStorage))
		b.SetParallelism(16)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				listStorages(context.Background(), b, c)
			}
		})
	})
}

// bareGet is what a program without this package would do, but for signing and decoding.
func bareGet(t testing.TB, client *http.Client, url string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// BenchmarkWait waits for 1000 tasks, of which each look costs one request.
func BenchmarkWait(b *testing.B) {
	const tasks = 1000
	var answer strings.Builder
	answer.WriteString(`{"statusCode":800,"returnObj":{"backupTaskList":[`)
	ids := make([]string, tasks)
	for i := range ids {
		ids[i] = fmt.Sprint("task-", i)
		if i > 0 {
			answer.WriteByte(',')
		}
		fmt.Fprintf(&answer, `{"backupTaskID":%q,"backupTaskStatusCode":"Completed","backupSrcInstanceID":"host","backupTaskPercent":100}`, ids[i])
	}
	answer.WriteString(`]}}`)
	c := benchClient(b, inMemory(answer.String()))
	b.ReportAllocs()
	for b.Loop() {
		_, err := c.Tasks.WaitAll(context.Background(), ids)
		require.NoError(b, err)
	}
}

// The tests below count allocations, and so none of them may run beside
// others. Times are not tested.

// atMost holds a count of allocations; under the race detector, only its magnitude.
func atMost(t *testing.T, most float64, f func()) {
	t.Helper()
	if underRace() {
		most = 2*most + 10
	}
	require.LessOrEqual(t, testing.AllocsPerRun(200, f), most)
}

func TestSigningRequestsIsTwoAllocations(t *testing.T) {
	for name, given := range toSign {
		t.Run(name, func(t *testing.T) {
			var s Signer
			req, at := signingRequest(given.query), time.Now()
			atMost(t, 2, func() { require.NoError(t, s.Sign(req, given.body, benchKeys, at)) })
		})
	}
}

func TestCallAllocations(t *testing.T) {
	c := benchClient(t, inMemory(oneStorage))
	const ofTransport = 4
	atMost(t, 20+ofTransport, func() { listStorages(context.Background(), t, c) })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	atMost(t, 24+ofTransport, func() { listStorages(ctx, t, c) })
}

func TestCallAllocationsAboveNetHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, oneStorage) }))
	t.Cleanup(server.Close)
	c, bare := benchClient(t, WithEndpoint(server.URL)), &http.Client{Transport: transport.New()}
	t.Cleanup(bare.CloseIdleConnections)
	floor := testing.AllocsPerRun(200, func() { bareGet(t, bare, server.URL) })
	atMost(t, floor+20, func() { listStorages(context.Background(), t, c) })
}

// underRace reports whether the race detector is on, which takes allocations of its own.
func underRace() bool {
	build, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
