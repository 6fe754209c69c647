package cbrtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// try sends the request once, and returns what came of it: the status, what could be read of the body, and the error
// that it ended in.
func try(ctx context.Context, t testing.TB, srv *Server, q signed) (int, string, error) {
	t.Helper()
	client := *srv.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := client.Do(q.request(t, srv).WithContext(ctx))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// networks runs a test over a real connection and over one in memory, where time is fake.
func networks(t *testing.T, test func(t *testing.T, opts ...Option)) {
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		test(t, Activated())
	})
	inMemory(t, test)
}

func inMemory(t *testing.T, test func(t *testing.T, opts ...Option)) {
	t.Run("in memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(t, Activated(), InMemory()) })
	})
}

func TestConnFaults(t *testing.T) {
	t.Parallel()
	isEOF := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
	gone := func(err error) bool {
		return isEOF(err) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}
	reset := func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	failed := func(err error) bool { return err != nil } // worded by net/http as it happens to notice
	late := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	for name, tt := range map[string]struct {
		conn   ConnFault
		err    func(error) bool
		status int
		body   bool // some of the body arrives
		orders int  // when Apply is not given
	}{
		"close on accept":      {CloseOnAccept, failed, 0, false, 0},
		"close before body":    {CloseBeforeBody, gone, 0, false, 0},
		"reset after request":  {ResetAfterRequest, reset, 0, false, 0},
		"close after request":  {CloseAfterRequest, gone, 0, false, 0},
		"silence":              {Silence, late, 0, false, 0},
		"silence after header": {SilenceAfterHeader, late, 200, false, 0},
		"cut body":             {CutBody, isEOF, 200, true, 1},
		"cut chunk":            {CutChunk, isEOF, 200, true, 1},
		"malformed status":     {MalformedStatus, func(err error) bool { return err != nil && !late(err) }, 0, false, 0},
	} {
		for _, apply := range []bool{false, true} {
			name := name
			if apply {
				name += ", applied"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				on := networks
				if tt.conn == Silence || tt.conn == SilenceAfterHeader {
					on = inMemory // a real clock would make it a matter of luck
				}
				on(t, func(t *testing.T, opts ...Option) {
					srv := NewServer(opts...)
					defer srv.Close()
					srv.Inject("create-storage-backup", Fault{Conn: tt.conn, Apply: apply})
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					q := prepare(srv, "create-storage-backup", vault("vault", "token"))
					status, body, err := try(ctx, t, srv, q)
					require.Error(t, err)
					require.True(t, tt.err(err), "%v", err)
					require.Equal(t, tt.status, status)
					require.Equal(t, tt.body, body != "", body)
					want := tt.orders
					if apply && tt.conn != CloseOnAccept && tt.conn != CloseBeforeBody {
						want = 1
					}
					require.Equal(t, want, srv.Charges())

					q.send(t, srv)
					require.Equal(t, 1, srv.Charges(), "one order, one charge")
				})
			})
		}
	}
}

func TestCutOfNothing(t *testing.T) {
	t.Parallel()
	for _, conn := range []ConnFault{CutBody, CutChunk} {
		srv := start(t)
		srv.Inject("", Fault{Status: 500, Conn: conn})
		status, _, err := try(t.Context(), t, srv, prepare(srv, "list-regions", nil))
		require.Equal(t, 500, status)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
}

func TestDrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(InMemory())
		defer srv.Close()
		srv.Inject("list-regions", Fault{Conn: Drip, Interval: time.Second})
		begin := time.Now()
		r := prepare(srv, "list-regions", nil).send(t, srv)
		require.Equal(t, 800, r.StatusCode)
		require.Equal(t, time.Duration(len(r.Raw))*time.Second, time.Since(begin))
	})
}

func TestEndlessBody(t *testing.T) {
	t.Parallel()
	networks(t, func(t *testing.T, opts ...Option) {
		srv := NewServer(opts...)
		defer srv.Close()
		srv.Inject("list-regions", Fault{Conn: EndlessBody})
		res, err := srv.HTTPClient().Do(prepare(srv, "list-regions", nil).request(t, srv))
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
		require.NoError(t, err)
		require.EqualValues(t, 1<<20, n)
		require.NoError(t, res.Body.Close())
	})
}

func TestStaleConnection(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Inject("list-regions", Fault{Conn: CloseAfterAnswer})
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, prepare(srv, "list-regions", nil).request(t, srv).Write(conn))
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), srv.RegionID, "the whole answer")
	require.False(t, res.Close, "nothing was said about closing")
	_, err = in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestAnswersOfFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault  Fault
		status int
		body   string
		header http.Header
		orders int
	}{
		"status":             {Fault{Status: 502}, 502, "", nil, 0},
		"status, applied":    {Fault{Status: 502, Apply: true}, 502, "", nil, 1},
		"page of a gateway":  {Fault{Status: 502, Body: "<html>Bad Gateway</html>"}, 502, "<html>Bad Gateway</html>", http.Header{"Content-Type": {"text/html; charset=utf-8"}}, 0},
		"body":               {Fault{Body: "{}"}, 200, "{}", http.Header{"Content-Type": {contentType}}, 0},
		"retry after":        {Fault{Status: 429, Header: http.Header{"Retry-After": {"3"}}}, 429, "", http.Header{"Retry-After": {"3"}}, 0},
		"redirect":           {Redirect(307, "http://127.0.0.1:1/"), 307, "", http.Header{"Location": {"http://127.0.0.1:1/"}}, 0},
		"failure":            {Fault{Code: "Backup.Storage.Busy", Message: "busy"}, 200, `"error":"Backup.Storage.Busy","errorCode":"backup.storage.busy"`, nil, 0},
		"failure, HTTP 500":  {Fault{Code: "Backup.Storage.Busy", Status: 500}, 500, `"statusCode":900`, nil, 0},
		"in progress":        {OrderInProgress(), 200, `"returnObj":{"master`, nil, 1},
		"gateway, HTTP 200":  {GatewayRefusal(200, "10009"), 200, `"message":"ctyun-EOP: signature verification failed","eopErrCode":"10009","statusCode":"CTAPI_10009","returnObj":{}}`, nil, 0},
		"gateway, HTTP 500":  {GatewayRefusal(500, "4711"), 500, `"error":"4711","code":"4711","message":"ctyun-EOP: request refused"`, nil, 0},
		"no ID":              {Fault{Code: codeInProgress}, 200, `"returnObj":null`, nil, 0},
		"rewritten":          {Fault{Rewrite: func(b []byte) []byte { return bytes.Replace(b, []byte("900"), []byte(`"900"`), 1) }}, 200, `"statusCode":"900"`, nil, 1},
		"header only":        {Fault{Header: http.Header{"X-Odd": {"1"}}}, 200, `"statusCode":900`, http.Header{"X-Odd": {"1"}}, 1},
		"delay":              {Fault{Delay: time.Millisecond}, 200, `"statusCode":900`, nil, 1},
		"slow and whole":     {Fault{Status: 503, Body: "abc", Conn: Drip, Interval: time.Millisecond}, 503, "abc", nil, 0},
		"body and rewriting": {Fault{Body: "a", Rewrite: func(b []byte) []byte { return append(b, 'b') }}, 200, "ab", nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t, Activated())
			srv.Inject("create-storage-backup", tt.fault)
			q := prepare(srv, "create-storage-backup", vault("vault", "token"))
			client := *srv.HTTPClient()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			res, err := client.Do(q.request(t, srv))
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, tt.status, res.StatusCode)
			require.Contains(t, string(body), tt.body)
			require.NotEmpty(t, res.Header.Get("Date"))
			for h := range tt.header {
				require.Equal(t, tt.header.Get(h), res.Header.Get(h))
			}
			require.Equal(t, tt.orders, srv.Charges())
			require.Equal(t, tt.status, srv.Requests()[0].Status)
		})
	}
}

func TestHeadersOfFaults(t *testing.T) {
	t.Parallel()
	const date = "Mon, 02 Jan 2006 15:04:05 GMT"
	for name, tt := range map[string]struct {
		give http.Header
		want map[string][]string
	}{
		"a date of its own":         {http.Header{"Date": {date}}, map[string][]string{"Date": {date}}},
		"an empty date":             {http.Header{"Date": {""}}, map[string][]string{"Date": {""}}},
		"no date":                   {http.Header{"Date": nil}, map[string][]string{"Date": nil}},
		"no content type":           {http.Header{"Content-Type": {}}, map[string][]string{"Content-Type": nil}},
		"not in the usual case":     {http.Header{"date": {date}}, map[string][]string{"Date": {date}}},
		"two values":                {http.Header{"X-Odd": {"1", "2"}}, map[string][]string{"X-Odd": {"1", "2"}}},
		"a length that is too long": {http.Header{"Content-Length": {"9999"}}, map[string][]string{"Content-Length": {"9999"}}},
	} {
		for _, conn := range []ConnFault{0, CloseAfterAnswer} {
			t.Run(fmt.Sprintf("%s, %d", name, conn), func(t *testing.T) {
				t.Parallel()
				srv := start(t)
				srv.Inject("list-regions", Fault{Header: tt.give, Conn: conn})
				res, err := srv.HTTPClient().Do(prepare(srv, "list-regions", nil).request(t, srv))
				require.NoError(t, err)
				defer res.Body.Close()
				for name, values := range tt.want {
					require.Equal(t, values, res.Header[name], name)
				}
			})
		}
	}
}

func TestOrderThatIsRefusedIsNotInProgress(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Inject("create-storage-backup", OrderInProgress())
	require.Equal(t, "Backup.Service.NotActivated", refusal(t, srv, "create-storage-backup", vault("vault", "")).Error)
	srv.Inject("create-storage-backup", OrderInProgress())
	require.Equal(t, "Backup.Parameter.Invalid", refusal(t, srv, "create-storage-backup", vault("-", "")).Error)
	require.Zero(t, srv.Charges())
}

func TestFailureOfAFaultHoldsTheList(t *testing.T) {
	t.Parallel()
	srv := start(t)
	id := srv.AddStorage(Storage{})
	srv.Inject("query-storage-backup", Fault{Apply: true, Code: "Backup.Storage.Busy"})
	failed := refusal(t, srv, "query-storage-backup", nil)
	require.Equal(t, id, items(t, failed.ReturnObj, "backupStorageList")[0]["backupStorageID"])
	require.EqualValues(t, 1, failed.ReturnObj["backupStorageCount"])
}

func TestOrderOfFaults(t *testing.T) {
	t.Parallel()
	srv := start(t)
	status := func(operation string) int { return prepare(srv, operation, nil).send(t, srv).Status }
	srv.Inject("list-regions", Fault{Skip: 1, Times: 2, Status: 500, Body: "{}"})
	srv.Inject("list-regions", Fault{Status: 501, Body: "{}"})
	srv.Inject("", Fault{Status: 502, Body: "{}"})
	require.Equal(t, 502, status("query-storage-backup"))
	srv.Inject("query-storage-backup", Fault{Times: -1, Status: 503, Body: "{}"})
	var got []int
	for range 5 {
		got = append(got, status("list-regions"), status("query-storage-backup"))
	}
	require.Equal(t, []int{200, 503, 500, 503, 500, 503, 501, 503, 200, 503}, got)
	srv.ClearFaults()
	require.Equal(t, 200, status("query-storage-backup"))
}

func TestFaultOfRequestsOfNoOperation(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Inject(NoOperation, Fault{Body: `{"statusCode":800,"returnObj":{}}`})
	q := signed{method: "POST", path: "/v4/other/new-thing", body: "{}"}
	require.Equal(t, 800, q.send(t, srv).StatusCode)
	require.Equal(t, 404, q.send(t, srv).Status)
	require.Equal(t, 2, srv.Count(NoOperation))
	require.Equal(t, NoOperation, srv.Requests()[0].Operation)
	require.Equal(t, "/v4/other/new-thing", srv.Requests()[0].Path)
}

func TestOperationsHaveToExist(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for name, want := range map[string]string{
		"new-backup-polcy": CreatePlan, "query-uid": GetOrder, "list-region": ListRegions,
		"refund-storage": UnsubscribeStorage, "x": GetOrder, "Query-UUID": GetOrder,
		"rename-storage-backup": CreateStorage, "storage": CreateStorage, "snapshot": ListSnapshots, // the first by name
	} {
		says := fmt.Sprintf("cbrtest: there is no operation %q; did you mean %q?", name, want)
		require.PanicsWithValue(t, says, func() { srv.Inject(name, Fault{}) })
		require.PanicsWithValue(t, says, func() { srv.Count(name) })
	}
	for name := range endpoints {
		srv.Inject(name, Fault{})
		require.Zero(t, srv.Count(name))
	}
	srv.Inject("", Fault{})
	srv.Inject(NoOperation, Fault{})
}

func TestStatusesHaveToBeStatuses(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for _, status := range []int{-1, 1, 99, 100, 199, 1000} {
		says := fmt.Sprintf("cbrtest: an HTTP status must be 200 to 999, not %d", status)
		require.PanicsWithValue(t, says, func() { srv.Inject("", Fault{Status: status}) })
		require.PanicsWithValue(t, says, func() { WithGatewayStatus(status) })
		require.PanicsWithValue(t, says, func() { srv.Inject("", GatewayRefusal(status, "10009")) })
	}
	require.Empty(t, srv.UnusedFaults())
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"polcy", "policy", 1}, {"ab", "ba", 2}} {
		require.Equal(t, tt.want, distance(tt.a, tt.b), "%s, %s", tt.a, tt.b)
		require.Equal(t, tt.want, distance(tt.b, tt.a), "%s, %s", tt.b, tt.a)
	}
}

func TestRefusedRequestsUseNoFaultUp(t *testing.T) {
	t.Parallel()
	srv := start(t)
	srv.Inject("list-regions", Fault{Status: 500, Body: "{}"})
	require.Equal(t, 401, signed{method: "GET", path: "/v4/region/list-regions", signature: "AAAA"}.send(t, srv).Status)
	require.Equal(t, 500, prepare(srv, "list-regions", nil).send(t, srv).Status)
}

func TestDelayEndsWithTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := NewServer(InMemory(), Activated())
		defer srv.Close()
		srv.Inject("", Fault{Delay: time.Hour, Apply: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, _, err := try(ctx, t, srv, prepare(srv, "create-storage-backup", vault("vault", "token")))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(begin))
		require.Equal(t, 1, srv.Charges())
	})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Fault{
		"delay":   {Delay: time.Hour},
		"silence": {Conn: Silence},
		"header":  {Conn: SilenceAfterHeader},
		"drip":    {Conn: Drip, Interval: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			networks(t, func(t *testing.T, opts ...Option) {
				srv := NewServer(opts...)
				srv.Inject("", f)
				ended := make(chan error, 1)
				req := prepare(srv, "list-regions", nil).request(t, srv)
				go func() {
					res, err := srv.HTTPClient().Do(req)
					if err == nil {
						_, err = io.Copy(io.Discard, res.Body)
						res.Body.Close()
					}
					ended <- err
				}()
				for srv.Count("list-regions") == 0 {
					time.Sleep(time.Millisecond)
				}
				srv.Close()
				srv.Close()
				require.Error(t, <-ended)
			})
		})
	}
}

func TestBehindAServerOfOnesOwn(t *testing.T) {
	t.Parallel()
	srv := start(t)
	own := httptest.NewUnstartedServer(srv)
	own.EnableHTTP2 = true
	own.StartTLS()
	defer own.Close()
	send := func() (*http.Response, error) {
		r := prepare(srv, "list-regions", nil).request(t, srv)
		r.URL.Scheme, r.URL.Host = "https", own.Listener.Addr().String()
		return own.Client().Do(r)
	}
	res, err := send()
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 2, res.ProtoMajor)
	require.Equal(t, 200, res.StatusCode)

	for _, conn := range []ConnFault{ResetAfterRequest, CutBody} {
		srv.Inject("", Fault{Conn: conn})
		_, err = send()
		require.ErrorContains(t, err, "stream error")
	}
}
