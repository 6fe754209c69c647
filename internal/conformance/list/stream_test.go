package list

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

// wire answers requests in memory and counts what happens to them.
type wire struct {
	answer func(n int, req *http.Request) *http.Response // n counts from 1
	asked  atomic.Int64
	open   atomic.Int64 // bodies that were not closed
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := w.answer(int(w.asked.Add(1)), req)
	if resp == nil {
		return nil, errors.New("connection reset")
	}
	w.open.Add(1)
	resp.Body = &wireBody{ReadCloser: resp.Body, wire: w}
	return resp, nil
}

type wireBody struct {
	io.ReadCloser
	wire *wire
	once sync.Once
}

func (b *wireBody) Close() error {
	b.once.Do(func() { b.wire.open.Add(-1) })
	return b.ReadCloser.Close()
}

func wireAnswer(status int, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}
}

// always answers every request with the same body.
func always(body string) *wire {
	return &wire{answer: func(int, *http.Request) *http.Response { return wireAnswer(200, strings.NewReader(body)) }}
}

// wireClient is a client whose requests are answered in memory, without waits.
func wireClient(t testing.TB, w http.RoundTripper, opts ...ctcbr.Option) *ctcbr.Client {
	t.Helper()
	client, err := ctcbr.NewClient(append([]ctcbr.Option{
		ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithStaticCredentials("an-access-key", "a-secret-key"), ctcbr.WithRegion("region"),
		ctcbr.WithHTTPClient(&http.Client{Transport: w}), ctcbr.WithRetryWait(0, 0),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// drain ranges over a list to its end. What comes after an error is a fault.
func drain[T any](t testing.TB, list iter.Seq2[T, error]) (items []T, failure error) {
	t.Helper()
	for item, err := range list {
		require.NoError(t, failure, "an error is the last element")
		if failure = err; err == nil {
			items = append(items, item)
		} else {
			require.Zero(t, item)
		}
	}
	return items, failure
}

func snapshotIDs(items []ctcbr.Snapshot) string {
	var ids []string
	for _, s := range items {
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, " ")
}

// TestAllReadsWhatListReads compares the stream with the answer read whole.
func TestAllReadsWhatListReads(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"status first":           `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"}],"backupSnapshotTotal":2}}`,
		"status last":            `{"returnObj":{"backupSnapshotTotal":2,"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"}]},"message":"","statusCode":800}`,
		"spaced":                 " \n{ \"returnObj\" : { \"backupSnapshotList\" :\t[ { \"backupSnapID\" : \"a\" } , { } ] } , \"statusCode\" : 800 } \r\n ",
		"other case":             `{"STATUSCODE":800,"ReturnOBJ":{"BackupSnapshotlist":[{"BACKUPSNAPID":"a"}]}}`,
		"escaped names":          `{"status\u0043ode":800,"return\u004fbj":{"backup\u0053napshotList":[{"backupSnapID":"\u4e2d"}]}}`,
		"status as text":         `{"statusCode":"800","returnObj":{"backupSnapshotList":[{}]}}`,
		"status as a float":      `{"statusCode":800.0,"returnObj":{"backupSnapshotList":[{}]}}`,
		"empty list":             `{"statusCode":800,"returnObj":{"backupSnapshotList":[]}}`,
		"null list":              `{"statusCode":800,"returnObj":{"backupSnapshotList":null}}`,
		"no list":                `{"statusCode":800,"returnObj":{"backupSnapshotTotal":0}}`,
		"null":                   `{"statusCode":800,"returnObj":null}`,
		"empty text":             `{"statusCode":800,"returnObj":""}`,
		"empty array":            `{"statusCode":800,"returnObj":[ ]}`,
		"empty object":           `{"statusCode":800,"returnObj":{}}`,
		"absent":                 `{"statusCode":800}`,
		"list of blank text":     `{"statusCode":800,"returnObj":{"backupSnapshotList":""}}`,
		"list of white space":    `{"statusCode":800,"returnObj":{"backupSnapshotList":" "}}`,
		"list that is an object": `{"statusCode":800,"returnObj":{"backupSnapshotList":{"backupSnapID":"a"}}}`,
		"list that is text":      `{"statusCode":800,"returnObj":{"backupSnapshotList":"none"}}`,
		"list that is a number":  `{"statusCode":800,"returnObj":{"backupSnapshotList":0}}`,
		"list that is true":      `{"statusCode":800,"returnObj":{"backupSnapshotList":true}}`,
		"list that is false":     `{"statusCode":800,"returnObj":{"backupSnapshotList":false}}`,
		"list twice, empty":      `{"statusCode":800,"returnObj":{"backupSnapshotList":[],"backupSnapshotList":[]}}`,
		"list twice, null":       `{"statusCode":800,"returnObj":{"backupSnapshotList":null,"BackupSnapshotList":null}}`,
		"no list, in a failure":  `{"statusCode":900,"error":"Backup.X.Y","returnObj":{"backupSnapshotList":true}}`,
		"null item":              `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},null,{"backupSnapID":"b"}]}}`,
		"items of other types":   `{"statusCode":800,"returnObj":{"backupSnapshotList":[3,"x",[{"backupSnapID":"y"}],true,{"backupSnapID":"b"}]}}`,
		"bad members":            `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"snapName":3,"backupSnapIsNew":"x","backupSnapID":"a","dirs":{}},{"backupSnapID":"b"}]}}`,
		"unknown members":        `{"x":{"statusCode":900,"returnObj":{"backupSnapshotList":[{}]}},"statusCode":800,"returnObj":{"y":[[{"backupSnapshotList":[{}]}],1e999,"\ud800"],"backupSnapshotList":[{"backupSnapID":"a","z":[{}]}],"w":null},"v":-0.5e-7}`,
		"status of items":        `{"returnObj":{"backupSnapshotList":[{"statusCode":"Available"}]},"statusCode":800}`,
		"list elsewhere":         `{"backupSnapshotList":[{"backupSnapID":"a"}],"statusCode":800,"returnObj":{}}`,
		"returnObj is text":      `{"statusCode":800,"returnObj":"done"}`,
		"returnObj is a list":    `{"returnObj":[{"backupSnapID":"a"}],"statusCode":800}`,
		"returnObj is a number":  `{"statusCode":800,"returnObj":12}`,
		"failure":                `{"statusCode":900,"error":"Backup.Snapshot.NotFound","message":"no","description":"无"}`,
		"failure with a list":    `{"statusCode":900,"errorCode":"Backup.X.Y","message":"no","returnObj":{"backupSnapshotList":[{}]}}`,
		"failure, returnObj":     `{"returnObj":"why","statusCode":900,"message":"no"}`,
		"no status":              `{"returnObj":{"backupSnapshotList":[]}}`,
		"no usable status":       `{"statusCode":"OK","returnObj":{"backupSnapshotList":[]}}`,
		"status twice":           `{"statusCode":800,"returnObj":null,"StatusCode":800}`,
		"status twice, differs":  `{"statusCode":900,"returnObj":{"backupSnapshotList":[{}]},"statusCode":800}`,
		"nothing":                ``,
		"spaces":                 "  \n",
		"null answer":            `null`,
		"text":                   `"800"`,
		"list":                   `[{"statusCode":800}]`,
		"page of a gateway":      `<html><title>502</title></html>`,
		"garbage after it":       `{"statusCode":800,"returnObj":null}x`,
		"another after it":       `{"statusCode":800,"returnObj":null}{"statusCode":800}`,
		"comma too many":         `{"statusCode":800,"returnObj":null,}`,
		"no colon":               `{"statusCode" 800}`,
		"wrong bracket":          `{"statusCode":800,"returnObj":{"backupSnapshotList":[}]}`,
		"name that is none":      `{"statusCode":800,1:2}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, streamed := always(body), always(body)
			list, listErr := wireClient(t, whole).Snapshots.List(t.Context(), nil)
			items, err := drain(t, wireClient(t, streamed).Snapshots.All(t.Context(), nil))
			require.Zero(t, streamed.open.Load())
			if listErr == nil {
				require.NoError(t, err)
				require.Equal(t, append([]ctcbr.Snapshot(nil), list.Snapshots...), items)
				return
			}
			require.Error(t, err)
			var want, got *ctcbr.Error
			require.ErrorAs(t, listErr, &want)
			require.ErrorAs(t, err, &got)
			for _, sentinel := range []error{ctcbr.ErrBadAnswer, ctcbr.ErrNotFound} {
				require.Equal(t, errors.Is(listErr, sentinel), errors.Is(err, sentinel), "%v and %v", listErr, err)
			}
			require.Equal(t, []any{want.HTTPStatus, want.StatusCode, want.Code, want.Message, want.Description, want.Operation},
				[]any{got.HTTPStatus, got.StatusCode, got.Code, got.Message, got.Description, got.Operation})
			require.NotEmpty(t, got.RequestID)
			require.Positive(t, got.Attempts)
			require.Empty(t, items)
		})
	}
}

// TestAllOfEveryListReadsWhatListReads does the same for each service and random
// order of members.
func TestAllOfEveryListReadsWhatListReads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list string
		item string
		both func(t *testing.T, c *ctcbr.Client) (listed, streamed any)
	}{
		"storages": {"backupStorageList", `{"backupStorageID":"x","backupStorageCreateTime":"2026-06-13 01:02:03"}`, bothOf(
			func(c *ctcbr.Client) (*ctcbr.ListStoragesResponse, error) {
				return c.Storages.List(context.Background(), nil)
			},
			func(r *ctcbr.ListStoragesResponse) []ctcbr.Storage { return r.Storages },
			func(c *ctcbr.Client) iter.Seq2[ctcbr.Storage, error] {
				return c.Storages.All(context.Background(), nil)
			})},
		"plans": {"backupPolicyList", `{"backupPolicyID":"x","backupRaw":{"periodInfo":{"rule":3,"hour":"02:00"},"limitQosInfo":{"isLimitQos":1}}}`, bothOf(
			func(c *ctcbr.Client) (*ctcbr.ListPlansResponse, error) {
				return c.Plans.List(context.Background(), nil)
			},
			func(r *ctcbr.ListPlansResponse) []ctcbr.Plan { return r.Plans },
			func(c *ctcbr.Client) iter.Seq2[ctcbr.Plan, error] { return c.Plans.All(context.Background(), nil) })},
		"tasks": {"backupTaskList", `{"backupTaskID":"x","backupPaths":["/a","/b"],"backupTaskPercent":"37.5"}`, bothOf(
			func(c *ctcbr.Client) (*ctcbr.ListTasksResponse, error) {
				return c.Tasks.List(context.Background(), nil)
			},
			func(r *ctcbr.ListTasksResponse) []ctcbr.Task { return r.Tasks },
			func(c *ctcbr.Client) iter.Seq2[ctcbr.Task, error] { return c.Tasks.All(context.Background(), nil) })},
		"restores": {"backupRestoreList", `{"backupRestoreID":"x","backupTgtInstanceID":"h","backupRestoreTargetPaths":["/a"]}`, bothOf(
			func(c *ctcbr.Client) (*ctcbr.ListRestoresResponse, error) {
				return c.Restores.List(context.Background(), nil)
			},
			func(r *ctcbr.ListRestoresResponse) []ctcbr.Restore { return r.Restores },
			func(c *ctcbr.Client) iter.Seq2[ctcbr.Restore, error] {
				return c.Restores.All(context.Background(), nil)
			})},
		"snapshots": {"backupSnapshotList", `{"backupSnapID":"x","backupSnapSize":"1.65GB"}`, bothOf(
			func(c *ctcbr.Client) (*ctcbr.ListSnapshotsResponse, error) {
				return c.Snapshots.List(context.Background(), nil)
			},
			func(r *ctcbr.ListSnapshotsResponse) []ctcbr.Snapshot { return r.Snapshots },
			func(c *ctcbr.Client) iter.Seq2[ctcbr.Snapshot, error] {
				return c.Snapshots.All(context.Background(), nil)
			})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 50 {
				content := shuffled(fmt.Sprintf(`%q:[%s,%s,{},null]`, c.list, c.item, strings.ReplaceAll(c.item, "x", "y")), `"total":4`, `"more":{"a":[1,{"b":null}]}`)
				body := shuffled(`"statusCode":800`, `"message":"SUCCESS"`, `"returnObj":`+content, `"extra":[[],{}]`)
				listed, streamed := c.both(t, wireClient(t, always(body)))
				require.Equal(t, listed, streamed, body)
				require.Len(t, listed, 4)
			}
		})
	}
}

func bothOf[R, T any](list func(*ctcbr.Client) (*R, error), items func(*R) []T, all func(*ctcbr.Client) iter.Seq2[T, error]) func(*testing.T, *ctcbr.Client) (any, any) {
	return func(t *testing.T, c *ctcbr.Client) (any, any) {
		answer, err := list(c)
		require.NoError(t, err)
		streamed, err := drain(t, all(c))
		require.NoError(t, err)
		return items(answer), streamed
	}
}

func countDials(n *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		n.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

func shuffled(members ...string) string {
	rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + "}"
}

func TestAllEndsInTheErrorOfTheAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body  string
		items string
		code  string
		want  error
		asked int64 // 1 unless given
	}{
		"failure after the list": {
			body:  `{"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"}]},"statusCode":900,"error":"Backup.Snapshot.NotFound","message":"gone"}`,
			items: "a b", code: "Backup.Snapshot.NotFound", want: ctcbr.ErrNotFound,
		},
		"failure before the list": {
			body: `{"statusCode":900,"error":"Backup.Snapshot.NotFound","returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]},"message":"gone"}`,
			code: "Backup.Snapshot.NotFound", want: ctcbr.ErrNotFound,
		},
		"status given twice": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]},"STATUSCODE":800}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"no status": {
			body:  `{"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]}}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"no end of the envelope": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"garbage after the envelope": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]}} 0`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"garbage in the list": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":b}]}}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"comma at the end of the list": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},]}}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"two lists": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}],"BackupSnapshotList":[{"backupSnapID":"b"}]}}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"two contents": {
			body:  `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]},"returnObj":{"backupSnapshotList":[]}}`,
			items: "a", want: ctcbr.ErrBadAnswer,
		},
		"two contents, nothing in the first": {
			body: `{"statusCode":800,"returnObj":null,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]}}`,
			want: ctcbr.ErrBadAnswer, asked: 2,
		},
		"a list that is an object": {
			body: `{"statusCode":800,"returnObj":{"backupSnapshotList":{"backupSnapID":"a"}}}`,
			want: ctcbr.ErrBadAnswer, asked: 2,
		},
		"two contents in a failure": {
			body: `{"returnObj":null,"returnObj":"x","statusCode":900,"error":"Backup.A.B"}`,
			code: "Backup.A.B", want: ctcbr.ErrBadAnswer, asked: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := always(c.body)
			items, err := drain(t, wireClient(t, w).Snapshots.All(t.Context(), nil))
			require.Equal(t, c.items, snapshotIDs(items))
			var failure *ctcbr.Error
			require.ErrorAs(t, err, &failure)
			require.Equal(t, c.code, failure.Code)
			require.Equal(t, "query-backup-snapshot", failure.Operation)
			require.Equal(t, 200, failure.HTTPStatus)
			require.NotEmpty(t, failure.RequestID)
			require.Equal(t, max(c.asked, 1), w.asked.Load())
			require.EqualValues(t, w.asked.Load(), failure.Attempts)
			require.Zero(t, w.open.Load())
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}

// TestAllCutAnywhere cuts answers after every byte: never a success, and every item
// that was whole.
func TestAllCutAnywhere(t *testing.T) {
	t.Parallel()
	item := `{"backupSnapID":"a","snapName":"é]}\"","x":[{}]}`
	for _, whole := range []string{
		`{"statusCode":800,"message":"ok","returnObj":{"n":[1,"]"],"backupSnapshotList":[` + item + `, ` + item + `,` + item + `],"backupSnapshotTotal":3}}`,
		`{"returnObj":{"backupSnapshotList":[` + item + `,` + item + `]},"x":{"y":null},"statusCode":800}`,
		`{"statusCode":800,"returnObj":{"backupSnapshotList":[]}}`,
	} {
		for cut := range len(whole) {
			for name, body := range map[string]func() io.Reader{
				"end":          func() io.Reader { return strings.NewReader(whole[:cut]) },
				"byte by byte": func() io.Reader { return iotest.OneByteReader(strings.NewReader(whole[:cut])) },
				"reset": func() io.Reader {
					return io.MultiReader(strings.NewReader(whole[:cut]), iotest.ErrReader(errors.New("connection reset")))
				},
			} {
				w := &wire{answer: func(int, *http.Request) *http.Response { return wireAnswer(200, body()) }}
				items, err := drain(t, wireClient(t, w).Snapshots.All(t.Context(), nil))
				at := fmt.Sprintf("%s after %s", name, whole[:cut])
				require.Equal(t, strings.Count(whole[:cut], item), len(items), at)
				require.ErrorIs(t, err, ctcbr.ErrBadAnswer, at)
				require.NotErrorIs(t, err, io.EOF, at)
				want := 1
				if len(items) == 0 {
					want = 2
				}
				require.EqualValues(t, want, w.asked.Load(), at)
				require.Zero(t, w.open.Load(), at)
			}
		}
		items, err := drain(t, wireClient(t, &wire{answer: func(int, *http.Request) *http.Response {
			return wireAnswer(200, iotest.DataErrReader(iotest.HalfReader(strings.NewReader(whole))))
		}}).Snapshots.All(t.Context(), nil))
		require.NoError(t, err)
		require.Len(t, items, strings.Count(whole, item))
	}
}

const threeSnapshots = `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"},{"backupSnapID":"c"}]}}`

// TestAllIsTriedAgainBeforeItsFirstItem shows that the table for reads holds.
func TestAllIsTriedAgainBeforeItsFirstItem(t *testing.T) {
	t.Parallel()
	retryAfter := func(value string) *http.Response {
		resp := wireAnswer(429, strings.NewReader("slow down"))
		resp.Header.Set("Retry-After", value)
		return resp
	}
	for name, c := range map[string]struct {
		first  func() *http.Response
		times  int
		want   error // nil: the next answer is a success
		status int
		asked  int64
	}{
		"reset":                 {first: func() *http.Response { return nil }, times: 3, asked: 4},
		"reset for good":        {first: func() *http.Response { return nil }, times: 9, asked: 4, want: errAny},
		"unavailable":           {first: func() *http.Response { return wireAnswer(503, strings.NewReader(threeSnapshots)) }, times: 3, asked: 4},
		"unavailable for good":  {first: func() *http.Response { return wireAnswer(503, strings.NewReader("")) }, times: 9, asked: 4, want: ctcbr.ErrUnavailable, status: 503},
		"throttled":             {first: func() *http.Response { return retryAfter("0") }, times: 2, asked: 3},
		"throttled for long":    {first: func() *http.Response { return retryAfter("31") }, times: 1, asked: 1, want: ctcbr.ErrThrottled, status: 429},
		"garbled":               {first: func() *http.Response { return wireAnswer(200, strings.NewReader("<html>")) }, times: 1, asked: 2},
		"garbled for good":      {first: func() *http.Response { return wireAnswer(200, strings.NewReader("<html>")) }, times: 2, asked: 2, want: ctcbr.ErrBadAnswer, status: 200},
		"refused":               {first: func() *http.Response { return wireAnswer(400, strings.NewReader(threeSnapshots)) }, times: 1, asked: 1, want: errAny, status: 400},
		"not found":             {first: func() *http.Response { return wireAnswer(404, strings.NewReader("")) }, times: 1, asked: 1, want: ctcbr.ErrBadAnswer, status: 404},
		"redirected":            {first: func() *http.Response { return wireAnswer(302, strings.NewReader("")) }, times: 1, asked: 1, want: ctcbr.ErrRedirect, status: 302},
		"a list in no envelope": {first: func() *http.Response { return wireAnswer(200, strings.NewReader("[]")) }, times: 1, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ids := make(map[string]bool)
			w := &wire{}
			w.answer = func(n int, req *http.Request) *http.Response {
				ids[req.Header.Get("ctyun-eop-request-id")] = true
				if n <= c.times {
					return c.first()
				}
				return wireAnswer(200, strings.NewReader(threeSnapshots))
			}
			items, err := drain(t, wireClient(t, w).Snapshots.All(t.Context(), nil))
			require.Equal(t, c.asked, w.asked.Load())
			require.Len(t, ids, int(c.asked), "each attempt has a request ID of its own")
			require.Zero(t, w.open.Load())
			if c.want == nil {
				require.NoError(t, err)
				require.Equal(t, "a b c", snapshotIDs(items))
				return
			}
			require.Empty(t, items)
			var failure *ctcbr.Error
			require.ErrorAs(t, err, &failure)
			require.Equal(t, c.status, failure.HTTPStatus)
			if c.want != errAny {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}

var errAny = errors.New("any error")

// TestAllCorrectsTheClock shows that a refused date is signed anew, and that what was
// learnt from it stays, also where the caller left the list.
func TestAllCorrectsTheClock(t *testing.T) {
	t.Parallel()
	w := &wire{}
	w.answer = func(_ int, req *http.Request) *http.Response {
		now := time.Now().Add(time.Hour)
		// The date is Beijing time with the letter of UTC.
		signed, err := time.Parse("20060102T150405Z", req.Header.Get("Eop-Date"))
		if err == nil && now.Add(8*time.Hour).Sub(signed).Abs() < 5*time.Minute {
			return wireAnswer(200, strings.NewReader(threeSnapshots))
		}
		resp := wireAnswer(401, strings.NewReader("the date is off"))
		resp.Header.Set("Date", now.UTC().Format(http.TimeFormat))
		return resp
	}
	client := wireClient(t, w)
	for range 3 {
		for _, err := range client.Snapshots.All(t.Context(), nil) {
			require.NoError(t, err)
			break
		}
	}
	require.EqualValues(t, 4, w.asked.Load())
}

// TestAllCanBeRangedOverAgain shows that an iterator keeps nothing of a range, nor
// of what the caller does to the request later.
func TestAllCanBeRangedOverAgain(t *testing.T) {
	t.Parallel()
	var queries []string
	w := &wire{answer: func(_ int, req *http.Request) *http.Response {
		queries = append(queries, req.URL.RawQuery)
		return wireAnswer(200, strings.NewReader(threeSnapshots))
	}}
	req := &ctcbr.ListSnapshotsRequest{PlanID: "p"}
	list := wireClient(t, w).Snapshots.All(t.Context(), req)
	require.Empty(t, queries, "nothing is sent before the range")
	require.Equal(t, &ctcbr.ListSnapshotsRequest{PlanID: "p"}, req)
	req.PlanID = "other"
	for range 3 {
		items, err := drain(t, list)
		require.NoError(t, err)
		require.Equal(t, "a b c", snapshotIDs(items))
	}
	// One range within another.
	count := 0
	for range list {
		for range list {
			count++
		}
	}
	require.Equal(t, 9, count)
	require.Equal(t, slices.Repeat([]string{"backupPolicyID=p&regionID=region"}, 7), queries)
	require.Zero(t, w.open.Load())
}

func TestAllRefusesBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	w := always(threeSnapshots)
	client := wireClient(t, w, ctcbr.WithRegion(""))
	lists := map[string]error{}
	_, lists["agents"] = drain(t, client.Agents.All(t.Context(), nil))
	_, lists["agents' page"] = drain(t, client.Agents.All(t.Context(), &ctcbr.ListAgentsRequest{RegionID: "r", PageSize: 51}))
	_, lists["agents' first page"] = drain(t, client.Agents.All(t.Context(), &ctcbr.ListAgentsRequest{RegionID: "r", Page: -1}))
	_, lists["storages"] = drain(t, client.Storages.All(t.Context(), nil))
	_, lists["plans"] = drain(t, client.Plans.All(t.Context(), nil))
	_, lists["tasks"] = drain(t, client.Tasks.All(t.Context(), nil))
	_, lists["restores"] = drain(t, client.Restores.All(t.Context(), nil))
	_, lists["snapshots"] = drain(t, client.Snapshots.All(t.Context(), nil))
	for name, err := range lists {
		require.ErrorIs(t, err, ctcbr.ErrInvalid, name)
	}
	_, err := drain(t, ctcbr.Snapshots{}.All(t.Context(), &ctcbr.ListSnapshotsRequest{RegionID: "r"}))
	require.ErrorIs(t, err, ctcbr.ErrClosed, "a service without a client")
	_, err = drain(t, ctcbr.Agents{}.All(t.Context(), &ctcbr.ListAgentsRequest{RegionID: "r"}))
	require.ErrorIs(t, err, ctcbr.ErrClosed, "a service without a client")
	var none context.Context
	_, err = drain(t, client.Snapshots.All(none, &ctcbr.ListSnapshotsRequest{RegionID: "r"}))
	require.ErrorContains(t, err, "nil context")
	require.Zero(t, w.asked.Load())
}

// TestAllIsLeft leaves lists at every item, in every way.
func TestAllIsLeft(t *testing.T) {
	t.Parallel()
	w := always(threeSnapshots)
	client := wireClient(t, w)
	list := client.Snapshots.All(t.Context(), nil)
	for name, leave := range map[string]func(n int){
		"break": func(n int) {
			for _, err := range list {
				require.NoError(t, err)
				if n--; n == 0 {
					break
				}
			}
		},
		"break of a canceled context": func(n int) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for _, err := range client.Snapshots.All(ctx, nil) {
				require.NoError(t, err)
				if n--; n == 0 {
					cancel()
					break
				}
			}
		},
		"panic": func(n int) {
			defer func() { require.Equal(t, "enough", recover()) }()
			for range list {
				if n--; n == 0 {
					panic("enough")
				}
			}
		},
		"pull": func(n int) {
			next, stop := iter.Pull2(list)
			for ; n > 0; n-- {
				_, err, ok := next()
				require.True(t, ok)
				require.NoError(t, err)
			}
			stop()
		},
		"goexit": func(n int) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range list {
					if n--; n == 0 {
						runtime.Goexit()
					}
				}
			}()
			<-done
		},
	} {
		for n := 1; n <= 3; n++ {
			before := w.asked.Load()
			leave(n)
			require.Equal(t, before+1, w.asked.Load(), "%s at item %d", name, n)
			require.Zero(t, w.open.Load(), "%s at item %d", name, n)
		}
	}
}

// TestAllEndsWithItsContext ends lists at every item.
func TestAllEndsWithItsContext(t *testing.T) {
	t.Parallel()
	reason := errors.New("the operator went home")
	for name, c := range map[string]struct {
		end  func(client *ctcbr.Client, cancel context.CancelCauseFunc)
		want []error
	}{
		"canceled":         {func(_ *ctcbr.Client, cancel context.CancelCauseFunc) { cancel(nil) }, []error{context.Canceled}},
		"canceled, reason": {func(_ *ctcbr.Client, cancel context.CancelCauseFunc) { cancel(reason) }, []error{context.Canceled, reason}},
		"closed":           {func(client *ctcbr.Client, _ context.CancelCauseFunc) { _ = client.Close() }, []error{ctcbr.ErrClosed}},
	} {
		for at := range 4 {
			w := always(threeSnapshots)
			client := wireClient(t, w)
			ctx, cancel := context.WithCancelCause(t.Context())
			if at == 0 {
				c.end(client, cancel)
			}
			var failure error
			count := 0
			for _, err := range client.Snapshots.All(ctx, nil) {
				if failure = err; err == nil {
					if count++; count == at {
						c.end(client, cancel)
					}
				}
			}
			cancel(nil)
			require.Equal(t, at, count, "%s: nothing comes after the end", name)
			var call *ctcbr.Error
			require.ErrorAs(t, failure, &call, "%s at item %d", name, at)
			require.NotErrorIs(t, failure, ctcbr.ErrBadAnswer)
			for _, want := range c.want {
				require.ErrorIs(t, failure, want, "%s at item %d", name, at)
			}
			require.Zero(t, w.open.Load())
		}
	}
}

func TestAllIsBounded(t *testing.T) {
	t.Parallel()
	item := func(size int) string {
		const frame = `{"backupSnapID":"a","dirs":""}`
		return fmt.Sprintf(`{"backupSnapID":"a","dirs":"%s"}`, strings.Repeat("x", size-len(frame)))
	}
	list := func(items ...string) string {
		return `{"statusCode":800,"returnObj":{"backupSnapshotList":[` + strings.Join(items, ",") + `]}}`
	}
	for name, c := range map[string]struct {
		body  string
		items int
		want  error
		asked int64 // 1 unless given
	}{
		"a list far over the bound":    {body: list(append([]string{item(500)}, slices.Repeat([]string{item(999)}, 1000)...)...), items: 1001},
		"an item that just fits":       {body: list(item(500), item(999), item(999)), items: 3},
		"an item over the bound":       {body: list(item(500), item(1002), item(500)), items: 1, want: ctcbr.ErrTooLarge},
		"the first item":               {body: list(item(2000)), want: ctcbr.ErrTooLarge},
		"an item of spaces":            {body: list(item(500), strings.Repeat(" ", 2000)+item(500)), items: 1, want: ctcbr.ErrTooLarge},
		"what is skipped":              {body: `{"x":"` + strings.Repeat("x", 2000) + `",` + list(item(500))[1:], want: ctcbr.ErrTooLarge},
		"much that is skipped":         {body: `{"x":[` + strings.Repeat("1,", 2000) + `1],` + list(item(500))[1:], want: ctcbr.ErrTooLarge},
		"skipped after the list":       {body: strings.TrimSuffix(list(item(500)), "}") + `,"x":"` + strings.Repeat("x", 2000) + `"}`, items: 1, want: ctcbr.ErrTooLarge},
		"the list of a failure":        {body: `{"statusCode":900,"returnObj":{"backupSnapshotList":[` + strings.Repeat("{},", 2000), want: ctcbr.ErrTooLarge},
		"no end of spaces":             {body: list(item(500)) + strings.Repeat(" ", 2000), items: 1, want: ctcbr.ErrTooLarge},
		"no end of spaces and no list": {body: strings.Repeat(" ", 2000), want: ctcbr.ErrTooLarge},
		"no end of a gateway's page":   {body: "<html>" + strings.Repeat(" ", 2000), want: ctcbr.ErrBadAnswer, asked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := always(c.body)
			items, err := drain(t, wireClient(t, w, ctcbr.WithMaxAnswer(1000)).Snapshots.All(t.Context(), nil))
			require.Len(t, items, c.items)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, max(c.asked, 1), w.asked.Load())
			require.Zero(t, w.open.Load())
		})
	}
}

func TestAllIsBoundedInDepth(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, body := range map[string]string{
		"skipped":           `{"x":` + deep(1_000_000) + `,"statusCode":800}`,
		"skipped, objects":  `{"x":` + strings.Repeat(`{"x":`, 1_000_000),
		"content":           `{"statusCode":800,"returnObj":` + deep(1_000_000) + `}`,
		"list":              `{"statusCode":800,"returnObj":{"backupSnapshotList":{"x":` + deep(1_000_000) + `}}}`,
		"item":              `{"statusCode":800,"returnObj":{"backupSnapshotList":[` + deep(1_000_000) + `]}}`,
		"member of an item": `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"x":` + deep(1_000_000) + `}]}}`,
	} {
		_, err := drain(t, wireClient(t, always(body)).Snapshots.All(t.Context(), nil))
		require.ErrorIs(t, err, ctcbr.ErrBadAnswer, name)
	}
	items, err := drain(t, wireClient(t, always(`{"x":`+deep(5000)+threeSnapshots[len(`{"statusCode":800`):len(threeSnapshots)-1]+`,"statusCode":800}`)).Snapshots.All(t.Context(), nil))
	require.NoError(t, err)
	require.Len(t, items, 3)
}

// TestAllKeepsSecretsOutOfItsErrors echoes the secret key around where errors cut
// what they show of an answer.
func TestAllKeepsSecretsOutOfItsErrors(t *testing.T) {
	t.Parallel()
	for at := range 300 {
		_, err := drain(t, wireClient(t, always(strings.Repeat(".", at)+"a-secret-key")).Snapshots.All(t.Context(), nil))
		require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
		require.NotContains(t, err.Error(), "a-s", "at %d", at)
		require.Contains(t, err.Error(), "response begins")
	}
}

// trickle is a body that gives a piece at a time, with a pause before each.
type trickle struct {
	ctx    context.Context
	pieces []string
	pause  time.Duration
	closed chan struct{}
	once   sync.Once
}

func (b *trickle) Read(p []byte) (int, error) {
	pause := b.pause
	if len(b.pieces) == 0 {
		pause = time.Hour * 1000
	}
	select {
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-b.closed:
		return 0, errors.New("read from a closed body")
	case <-time.After(pause):
	}
	n := copy(p, b.pieces[0])
	if b.pieces[0] = b.pieces[0][n:]; b.pieces[0] == "" {
		b.pieces = b.pieces[1:]
	}
	return n, nil
}

func (b *trickle) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

func trickling(pause time.Duration, pieces ...string) *wire {
	return &wire{answer: func(_ int, req *http.Request) *http.Response {
		body := &trickle{ctx: req.Context(), pieces: slices.Clone(pieces), pause: pause, closed: make(chan struct{})}
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body}
	}}
}

func TestAllEndsInSilence(t *testing.T) {
	t.Parallel()
	head := threeSnapshots[:strings.Index(threeSnapshots, `,{"backupSnapID":"c"`)]
	for name, c := range map[string]struct {
		wire  *wire
		items int
		asked int64
		took  time.Duration
	}{
		"before the first byte":    {wire: trickling(31*time.Second, threeSnapshots), asked: 4, took: 4 * 30 * time.Second},
		"before the first item":    {wire: trickling(10*time.Second, `{"statusCode":800,`), asked: 4, took: 4 * 40 * time.Second},
		"within the list":          {wire: trickling(10*time.Second, head), items: 2, asked: 1, took: 40 * time.Second},
		"within an item":           {wire: trickling(10*time.Second, head, `,{"backupSn`), items: 2, asked: 1, took: 50 * time.Second},
		"between the list and end": {wire: trickling(10*time.Second, strings.TrimSuffix(threeSnapshots, "}")), items: 3, asked: 1, took: 40 * time.Second},
		"instead of the end":       {wire: trickling(10*time.Second, threeSnapshots), items: 3, asked: 1, took: 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := wireClient(t, c.wire)
				began := time.Now()
				items, err := drain(t, client.Snapshots.All(t.Context(), nil))
				require.Len(t, items, c.items)
				var failure *ctcbr.Error
				require.ErrorAs(t, err, &failure)
				require.NotErrorIs(t, err, context.Canceled)
				require.Equal(t, c.asked, c.wire.asked.Load())
				require.Equal(t, c.took, time.Since(began))
			})
		})
	}
}

// TestAllMayTakeAnyTime shows that only silence counts, and not that of the caller.
func TestAllMayTakeAnyTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := wireClient(t, &wire{answer: func(_ int, req *http.Request) *http.Response {
			body := &trickle{ctx: req.Context(), pieces: strings.Split(threeSnapshots, ""), pause: 29 * time.Second, closed: make(chan struct{})}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: struct {
				io.Reader
				io.Closer
			}{io.LimitReader(body, int64(len(threeSnapshots))), body}}
		}})
		began := time.Now()
		count := 0
		for _, err := range client.Snapshots.All(t.Context(), nil) {
			require.NoError(t, err)
			time.Sleep(time.Hour)
			count++
		}
		require.Equal(t, 3, count)
		require.Equal(t, 3*time.Hour+time.Duration(len(threeSnapshots))*29*time.Second, time.Since(began))
	})
}

func TestAllIsEndedWhileItWaits(t *testing.T) {
	t.Parallel()
	head := threeSnapshots[:strings.Index(threeSnapshots, `,{"backupSnapID":"c"`)]
	for name, want := range map[string]error{"cancel": context.Canceled, "deadline": context.DeadlineExceeded, "close": ctcbr.ErrClosed} {
		for stage, w := range map[string]*wire{
			"for the answer": trickling(time.Hour, threeSnapshots),
			"for more":       trickling(time.Second, head),
			"for a retry":    {answer: func(int, *http.Request) *http.Response { return nil }},
		} {
			t.Run(name+" "+stage, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := wireClient(t, w, ctcbr.WithRetryWait(time.Hour, time.Hour))
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					began := time.Now()
					after := 7 * time.Second
					switch name {
					case "cancel":
						time.AfterFunc(after, cancel)
					case "close":
						time.AfterFunc(after, func() { _ = client.Close() })
					case "deadline":
						ctx, cancel = context.WithTimeout(ctx, after)
						defer cancel()
					}
					_, err := drain(t, client.Snapshots.All(ctx, nil))
					require.ErrorIs(t, err, want)
					require.NotErrorIs(t, err, ctcbr.ErrBadAnswer)
					if stage != "for a retry" {
						require.Equal(t, after, time.Since(began))
					}
				})
			})
		}
	}
}

// TestResultsAreClearedForEachAttempt has the first answer break off behind its content.
func TestResultsAreClearedForEachAttempt(t *testing.T) {
	t.Parallel()
	const second = `{"statusCode":800,"returnObj":{"backupStorageList":[{"backupStorageName":"n"}]}}`
	for name, first := range map[string]string{
		"cut short": `{"statusCode":800,"returnObj":{"backupStorageCount":7,"backupStorageList":[{"backupStorageID":"a"},{}]}`,
		"garbled":   `{"statusCode":800,"returnObj":{"backupStorageCount":7,"backupStorageList":[{"backupStorageID":"a"},{}]}}}`,
		"in a list": `{"statusCode":800,"returnObj":{"backupStorageCount":7,"backupStorageList":[{"backupStorageID":"a"},`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wire{answer: func(n int, _ *http.Request) *http.Response {
				return wireAnswer(200, strings.NewReader([]string{first, second}[n-1]))
			}}
			got, err := wireClient(t, w).Storages.List(t.Context(), nil)
			require.NoError(t, err)
			require.Zero(t, got.Total)
			require.Equal(t, []ctcbr.Storage{{Name: "n"}}, got.Storages)
		})
	}
}

// TestPagesLeaveTheirConnection shows that an answer that is not JSON is read to its end, so that
// the next attempt needs no connection of its own.
func TestPagesLeaveTheirConnection(t *testing.T) {
	t.Parallel()
	page := "<html>" + strings.Repeat("x", 300_000)
	for name, call := range map[string]func(c *ctcbr.Client) error{
		"All": func(c *ctcbr.Client) error {
			_, err := drain(t, c.Snapshots.All(t.Context(), nil))
			return err
		},
		"List": func(c *ctcbr.Client) error {
			_, err := c.Snapshots.List(t.Context(), nil)
			return err
		},
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadGateway} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int64
				srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if asked.Add(1) == 1 {
						w.WriteHeader(status)
						_, _ = io.WriteString(w, page)
						return
					}
					_, _ = w.Write(longAnswer(3))
				}))
				defer srv.Close()
				var conns atomic.Int64
				client, err := ctcbr.NewClient(ctcbr.WithEndpoint(srv.URL), ctcbr.WithStaticCredentials("an-access-key", "a-secret-key"), ctcbr.WithRegion("region"),
					ctcbr.WithRetryWait(0, 0), ctcbr.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: countDials(&conns)}}))
				require.NoError(t, err)
				defer client.Close()
				require.NoError(t, call(client))
				require.EqualValues(t, 2, asked.Load())
				require.EqualValues(t, 1, conns.Load())
			})
		}
	}
}

// TestAllReleasesItsConnection leaves lists of a real server that would go on for
// ever, and counts connections. In a bubble nothing may be left running.
func TestAllReleasesItsConnection(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(n int) bool{
		"first item":  func(n int) bool { return n == 1 },
		"middle item": func(n int) bool { return n == 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(gone)
				_, err := io.WriteString(w, `{"statusCode":800,"returnObj":{"backupSnapshotList":[{}`)
				for err == nil {
					_, err = io.WriteString(w, `,{"backupSnapID":"a"}`)
				}
			}))
			defer srv.Close()
			client, err := ctcbr.NewClient(ctcbr.WithEndpoint(srv.URL), ctcbr.WithStaticCredentials("an-access-key", "a-secret-key"), ctcbr.WithRegion("region"))
			require.NoError(t, err)
			defer client.Close()
			n := 0
			for _, err := range client.Snapshots.All(t.Context(), nil) {
				require.NoError(t, err)
				if n++; leave(n) {
					break
				}
			}
			<-gone
		})
	}
	t.Run("whole list", func(t *testing.T) {
		t.Parallel()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(longAnswer(100)) }))
		defer srv.Close()
		var conns atomic.Int64
		client, err := ctcbr.NewClient(ctcbr.WithEndpoint(srv.URL), ctcbr.WithStaticCredentials("an-access-key", "a-secret-key"), ctcbr.WithRegion("region"),
			ctcbr.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: countDials(&conns)}}))
		require.NoError(t, err)
		defer client.Close()
		for range 5 {
			items, err := drain(t, client.Snapshots.All(t.Context(), nil))
			require.NoError(t, err)
			require.Len(t, items, 100)
		}
		require.EqualValues(t, 1, conns.Load(), "a list that was read to its end leaves its connection to the next")
	})
	t.Run("in a bubble", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			for range 3000 {
				cloud.AddSnapshot(cbrtest.Snapshot{})
			}
			for at := range 3 {
				n := 0
				for _, err := range client.Snapshots.All(t.Context(), nil) {
					require.NoError(t, err)
					if n++; n > at*1000 {
						break
					}
				}
			}
			items, err := drain(t, client.Snapshots.All(t.Context(), nil))
			require.NoError(t, err)
			require.Len(t, items, 3000)
		})
	})
}

// TestAllOfAFakeCloudWithFaults cuts, drips and spoils the answers of a fake cloud.
func TestAllOfAFakeCloudWithFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault cbrtest.Fault
		whole bool
	}{
		"cut body":        {fault: cbrtest.Fault{Conn: cbrtest.CutBody}},
		"cut chunk":       {fault: cbrtest.Fault{Conn: cbrtest.CutChunk}},
		"drip":            {fault: cbrtest.Fault{Conn: cbrtest.Drip, Interval: time.Second}, whole: true},
		"silence":         {fault: cbrtest.Fault{Conn: cbrtest.Silence}, whole: true},
		"half silence":    {fault: cbrtest.Fault{Conn: cbrtest.SilenceAfterHeader}, whole: true},
		"reset":           {fault: cbrtest.Fault{Conn: cbrtest.ResetAfterRequest}, whole: true},
		"failure with it": {fault: cbrtest.Fault{Code: "Backup.Internal.Error", Apply: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				for i := range 20 {
					cloud.AddSnapshot(cbrtest.Snapshot{ID: fmt.Sprintf("snap-%02d", i)})
				}
				cloud.Inject("query-backup-snapshot", c.fault)
				items, err := drain(t, client.Snapshots.All(t.Context(), nil))
				seen := make(map[string]bool)
				for _, item := range items {
					assert.False(t, seen[item.ID], "%s came twice", item.ID)
					seen[item.ID] = true
				}
				if c.whole {
					require.NoError(t, err)
					require.Len(t, items, 20)
					return
				}
				var failure *ctcbr.Error
				require.ErrorAs(t, err, &failure)
				require.Less(t, len(items), 20)
			})
		})
	}
}

// TestAllHoldsOneItem streams 100,000 snapshots and looks at what is held of them.
// It is not parallel, so that nothing else fills the heap.
func TestAllHoldsOneItem(t *testing.T) {
	const n, every = 100_000, 5_000
	item := longAnswer(1)
	item = item[bytes.Index(item, []byte(`[{`))+1 : bytes.Index(item, []byte(`}]`))+1]
	client := wireClient(t, &wire{answer: func(int, *http.Request) *http.Response {
		return wireAnswer(200, io.MultiReader(
			strings.NewReader(`{"statusCode":800,"unknown":[`), &repeated{piece: item, n: n},
			strings.NewReader(`],"returnObj":{"backupSnapshotList":[`), &repeated{piece: item, n: n},
			strings.NewReader(`]}}`)))
	}})
	baseline := heap()
	count, peak := 0, uint64(0)
	for snapshot, err := range client.Snapshots.All(t.Context(), nil) {
		if err != nil || snapshot.ID != "snap-0" {
			t.Fatal(snapshot, err)
		}
		if count++; count%every == 0 {
			peak = max(peak, heap())
		}
	}
	require.Equal(t, n, count)
	require.Less(t, peak, baseline+1<<20)
}

// heap is what is in use, garbage not counted.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// repeated reads a piece n times, with commas between.
type repeated struct {
	piece []byte
	n     int
	rest  []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.n == 0 {
			return 0, io.EOF
		}
		if r.n--; r.n > 0 {
			r.rest = append(r.rest[:0:0], r.piece...)
			r.rest = append(r.rest, ',')
		} else {
			r.rest = r.piece
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// longAnswer is an answer of n snapshots.
func longAnswer(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"statusCode":800,"message":"SUCCESS","returnObj":{"backupSnapshotList":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"backupPolicyID":"6f2c4c9e-9d31-11f0-8a31-0242ac11%04d","backupSrcInstanceName":"web-%d","backupPolicyName":"daily",`+
			`"backupSrcInstanceID":"b0f7c2c4-9d31-11f0-8a31-0242ac110002","dirs":"/etc,/var/lib","createTimeDesc":"2026-06-13 01:02:03",`+
			`"finishTimeDesc":"2026-06-13 01:22:03","backupSnapID":"snap-%d","snapName":"daily-20260613","statusCode":"Available",`+
			`"statusDesc":"可用","backupClientVersion":"5.1.0","backupSnapSize":"1.65GB","backupSnapIsNew":false,"backupMode":0,`+
			`"backupStorageName":"vault","backupSnapDataSize":"2.5GB","backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002"}`, i%10000, i, i)
	}
	fmt.Fprintf(&b, `],"backupSnapshotTotal":%d}}`, n)
	return b.Bytes()
}

// BenchmarkAll compares a stream with an answer that is read whole.
func BenchmarkAll(b *testing.B) {
	const n = 10_000
	body := longAnswer(n)
	answers := &wire{answer: func(int, *http.Request) *http.Response { return wireAnswer(200, bytes.NewReader(body)) }}
	b.Run("All", func(b *testing.B) {
		client := wireClient(b, answers)
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range client.Snapshots.All(b.Context(), nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var answer struct{ ReturnObj ctcbr.ListSnapshotsResponse }
			if err := json.Unmarshal(body, &answer); err != nil || len(answer.ReturnObj.Snapshots) != n {
				b.Fatal(err)
			}
		}
	})
	b.Run("List", func(b *testing.B) {
		client := wireClient(b, answers)
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Snapshots.List(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// FuzzAll shows that what is a success item by item is one read whole, too, with
// the same items.
func FuzzAll(f *testing.F) {
	f.Add([]byte(threeSnapshots))
	f.Add([]byte(`{"returnObj":{"x":[{}],"backupSnapshotList":[{"statusCode":3},null,4]},"statusCode":"800","message":null}`))
	f.Add([]byte(`{"statusCode":800,"returnObj":[ ]}`))
	f.Add([]byte(`{"statusCode":900,"error":"A.B.C","returnObj":""}`))
	f.Add([]byte(`{"statusCode":800,"returnObj":null,"returnObj":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w := &wire{answer: func(int, *http.Request) *http.Response { return wireAnswer(200, bytes.NewReader(body)) }}
		client := wireClient(t, w, ctcbr.WithMaxAttempts(1))
		items, err := drain(t, client.Snapshots.All(t.Context(), nil))
		require.Zero(t, w.open.Load())
		if err != nil {
			return
		}
		list, err := client.Snapshots.List(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, append([]ctcbr.Snapshot(nil), list.Snapshots...), items)
	})
}
