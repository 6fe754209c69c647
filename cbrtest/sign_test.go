package cbrtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPublishedVector(t *testing.T) {
	t.Parallel()
	q := signed{
		ak: "test-ak", sk: "test-sk", date: "20260613T010203Z", id: "request-123",
		query: "a=1&b=two", body: `{"regionID":"81f7728662dd11ec810800155d307d5b"}`,
	}
	const want = "h+H8K5CbPz1DjnbVWA+FEPGbbcEJOzVsi2GQv4LroyM="
	require.Equal(t, want, q.sign(), "the signer of the tests")

	g := newGate("test-ak", "test-sk")
	r, err := http.NewRequest("POST", "http://127.0.0.1/?"+q.query, nil)
	require.NoError(t, err)
	r.Header.Set("ctyun-eop-request-id", q.id)
	r.Header.Set("eop-date", q.date)
	r.Header.Set("eop-authorization", "test-ak Headers=ctyun-eop-request-id;eop-date Signature="+want)
	got, refused := g.checkSignature(r, q.date, []byte(q.body))
	require.Nil(t, refused)
	require.Equal(t, want, got)
}

func TestSignatureAccepted(t *testing.T) {
	t.Parallel()
	regions := signed{method: "GET", path: "/v4/region/list-regions"}
	with := func(change func(*signed)) signed {
		q := regions
		change(&q)
		return q
	}
	for name, q := range map[string]signed{
		"no query":             regions,
		"query":                with(func(q *signed) { q.query = "regionName=%E5%8D%8E%E4%B8%9C1" }),
		"empty value":          with(func(q *signed) { q.query = "regionName=" }),
		"unreserved":           with(func(q *signed) { q.query = "regionName=a-b_c.d~e%20f%2B%25" }),
		"date 14 minutes old":  with(func(q *signed) { q.date = beijingDate(time.Now().Add(-14 * time.Minute)) }),
		"date 14 min. ahead":   with(func(q *signed) { q.date = beijingDate(time.Now().Add(14 * time.Minute)) }),
		"charset":              with(func(q *signed) { q.header = map[string]string{"Content-Type": "application/json; charset=utf-8"} }),
		"second pair of keys":  with(func(q *signed) { q.ak, q.sk = "other-ak", "other-sk" }),
		"body of a GET":        {method: "GET", path: "/v4/backup/client-by-instance-backup", body: `{"regionID":"81f7728662dd11ec810800155d307d5b"}`},
		"longest request ID":   with(func(q *signed) { q.id = strings.Repeat("x", 64) }),
		"request ID as a UUID": with(func(q *signed) { q.id = "0d8a6f5e-5d0b-4c55-9f5b-3f0f3c0f8f2a" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			srv.AddCredentials("other-ak", "other-sk")
			r := q.send(t, srv)
			require.Equal(t, http.StatusOK, r.Status, r.Raw)
			require.Equal(t, 800, r.StatusCode, r.Raw)
			require.Empty(t, srv.Requests()[0].Refused)
		})
	}
}

func TestMoreSignedHeaders(t *testing.T) {
	t.Parallel()
	now := beijingDate(time.Now())
	values := map[string]string{"content-type": "application/json", "ctyun-eop-request-id": "more-1", "eop-date": now}
	// send signs the headers exactly as they are listed, so that it is the list alone that can be at fault.
	send := func(list ...string) reply {
		srv := start(t)
		text := ""
		values := maps.Clone(values)
		values["host"] = strings.TrimPrefix(srv.URL, "http://")
		for _, name := range list {
			text += name + ":" + values[strings.ToLower(name)] + "\n"
		}
		text += "\n\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		q := signed{method: "GET", path: "/v4/region/list-regions", id: "more-1", date: now}
		q.header = map[string]string{"Eop-Authorization": fmt.Sprintf("%s Headers=%s Signature=%s",
			srv.AccessKey, strings.Join(list, ";"), sign(srv.AccessKey, srv.SecretKey, now, text))}
		return q.send(t, srv)
	}
	require.Equal(t, 200, send("ctyun-eop-request-id", "eop-date").Status)
	require.Equal(t, 200, send("content-type", "ctyun-eop-request-id", "eop-date").Status)
	require.Equal(t, 200, send("ctyun-eop-request-id", "eop-date", "host").Status)
	for name, list := range map[string][]string{
		"not in order":       {"ctyun-eop-request-id", "eop-date", "content-type"},
		"the two swapped":    {"eop-date", "ctyun-eop-request-id"},
		"upper case":         {"Content-Type", "ctyun-eop-request-id", "eop-date"},
		"as they are sent":   {"ctyun-eop-request-id", "Eop-date"},
		"date missing":       {"content-type", "ctyun-eop-request-id"},
		"request ID missing": {"content-type", "eop-date"},
		"not sent":           {"content-type", "ctyun-eop-request-id", "eop-date", "x-other"},
		"twice":              {"content-type", "content-type", "ctyun-eop-request-id", "eop-date"},
		"an empty name":      {"", "ctyun-eop-request-id", "eop-date"},
	} {
		t.Run(name, func(t *testing.T) { requireGateway(t, send(list...), 401, "10009", "the signed headers must be") })
	}
}

func TestRefusalsOfTheGateway(t *testing.T) {
	t.Parallel()
	const body = `{"regionID":"81f7728662dd11ec810800155d307d5b"}`
	post := signed{
		method: "POST", path: "/v4/backup/open-service-backup", body: body,
		ak: "test-ak", sk: "test-sk", date: beijingDate(time.Now()), id: "request-1",
	}
	signedAs := func(change func(*signed)) func(*signed) {
		return func(q *signed) {
			as := *q
			change(&as)
			q.signature = as.sign()
		}
	}
	header := func(name, value string) func(*signed) {
		return func(q *signed) { q.header = map[string]string{name: value} }
	}
	query := func(text string) func(*signed) { return func(q *signed) { q.query = text } }
	at := func(off time.Duration) func(*signed) {
		return func(q *signed) { q.date = beijingDate(time.Now().Add(off)) }
	}
	const mismatch = "does not match the request and the secret key"
	for name, tt := range map[string]struct {
		change func(*signed)
		code   string
		says   string
	}{
		"signature changed":         {func(q *signed) { q.signature = flip(q.sign()) }, "10009", mismatch},
		"signature of others":       {func(q *signed) { q.sk = "test-sl" }, "10009", mismatch},
		"body changed":              {func(q *signed) { q.signature = q.sign(); q.body = strings.Replace(body, "81f", "82f", 1) }, "10009", mismatch},
		"query added":               {func(q *signed) { q.signature = q.sign(); q.query = "a=1" }, "10009", "over an empty query, but there is one"},
		"query changed":             {func(q *signed) { q.query = "a=1"; q.signature = q.sign(); q.query = "a=2" }, "10009", mismatch},
		"request ID changed":        {func(q *signed) { q.signature = q.sign(); q.id = "request-2" }, "10009", mismatch},
		"date changed":              {func(q *signed) { q.signature = q.sign(); q.date = beijingDate(time.Now().Add(time.Second)) }, "10009", mismatch},
		"access key unknown":        {func(q *signed) { q.signature = q.sign(); q.ak = "test-al" }, "10002", "the access key is unknown"},
		"signed as sent":            {func(q *signed) { q.query = "b=1&a=2"; q.signature = q.sign() }, "10009", "signed in the order in which it was sent"},
		"signed unencoded":          {func(q *signed) { signedAs(query("a=b c"))(q); q.query = "a=b%20c" }, "10009", "before its values were encoded"},
		"signed without body":       {signedAs(func(q *signed) { q.body = "" }), "10009", "over an empty body, but there is one"},
		"signed over {}":            {signedAs(func(q *signed) { q.body = "{}" }), "10009", "over the body {}, which is not what came"},
		"date 16 minutes old":       {at(-16 * time.Minute), "10009", "differs from Beijing time by more than 15 minutes"},
		"date 16 minutes ahead":     {at(16 * time.Minute), "10009", "differs from Beijing time by more than 15 minutes"},
		"date in UTC":               {at(-8 * time.Hour), "10009", "is in UTC; it must be Beijing time"},
		"date in UTC, a bit off":    {at(-8*time.Hour + 14*time.Minute), "10009", "is in UTC"},
		"date of Berlin":            {at(-7 * time.Hour), "10009", "differs from Beijing time by more than 15 minutes"},
		"date of tomorrow morning":  {at(8 * time.Hour), "10009", "differs from Beijing time by more than 15 minutes"},
		"date of another form":      {func(q *signed) { q.date = time.Now().Format(time.RFC3339) }, "10009", "must look like 20060102T150405Z"},
		"date with a fraction":      {func(q *signed) { q.date = strings.Replace(q.date, "Z", ".5Z", 1) }, "10009", "must look like 20060102T150405Z"},
		"plus for a space":          {query("a=b+c"), "10009", "has a + where RFC 3986 has %20"},
		"plus for a plus":           {query("a=1%2B1&b=2+3"), "10009", "has a + where RFC 3986 has %20"},
		"lower-case hex":            {query("a=%e5%8d%8e"), "10009", "not encoded by RFC 3986"},
		"needless encoding":         {query("a=%41"), "10009", "not encoded by RFC 3986"},
		"slash not encoded":         {query("a=/b"), "10009", "not encoded by RFC 3986"},
		"key not encoded":           {query("a/b=c"), "10009", "not encoded by RFC 3986"},
		"no equals sign":            {query("a"), "10009", "must be key=value pairs"},
		"no key":                    {query("=a"), "10009", "must be key=value pairs"},
		"empty pair":                {query("a=1&&b=2"), "10009", "must be key=value pairs"},
		"request ID too long":       {func(q *signed) { q.id = strings.Repeat("x", 65) }, "10009", "ctyun-eop-request-id"},
		"request ID with a space":   {func(q *signed) { q.id = "a b" }, "10009", "ctyun-eop-request-id"},
		"no request ID":             {header("Ctyun-Eop-Request-Id", ""), "10009", "ctyun-eop-request-id"},
		"no date":                   {header("Eop-Date", ""), "10009", "Eop-date header must be there once"},
		"no signature":              {header("Eop-Authorization", ""), "10009", "Eop-Authorization header must be there once"},
		"no user agent":             {header("User-Agent", ""), "10009", "User-Agent header is missing"},
		"POST without content type": {header("Content-Type", ""), "10009", "Content-Type header must be application/json"},
		"another content type":      {header("Content-Type", "text/plain"), "10009", "Content-Type header must be application/json"},
		"two spaces": {func(q *signed) {
			header("Eop-Authorization", "test-ak  Headers=ctyun-eop-request-id;eop-date Signature="+q.sign())(q)
		}, "10009", "Eop-Authorization header must be there once"},
	} {
		for _, status := range []int{0, 200, 400, 403, 500} {
			t.Run(fmt.Sprintf("%s, %d", name, status), func(t *testing.T) {
				t.Parallel()
				srv := start(t, InMemory(), WithGatewayStatus(status))
				q := post
				tt.change(&q)
				requireGateway(t, q.send(t, srv), cmp.Or(status, 401), tt.code, tt.says)
				require.Contains(t, srv.Requests()[0].Refused, "CTAPI_"+tt.code+": ctyun-EOP: ")
				require.Equal(t, cmp.Or(status, 401), srv.Requests()[0].Status)
				require.Empty(t, srv.Orders(), "nothing was carried out")
			})
		}
	}
}

func TestHeadersThatAreEmptyOrThereTwice(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for _, name := range []string{"Ctyun-Eop-Request-Id", "Eop-Date", "Eop-Authorization"} {
		for _, values := range [][]string{{""}, {"x", "x"}} {
			q := signed{method: "GET", path: "/v4/region/list-regions", date: beijingDate(time.Now()), ak: srv.AccessKey, sk: srv.SecretKey}
			if values[0] != "" || name != "Ctyun-Eop-Request-Id" {
				q.id = "request-1"
			}
			header := http.Header{
				"Ctyun-Eop-Request-Id": {q.id}, "Eop-Date": {q.date},
				"Eop-Authorization": {q.ak + " Headers=ctyun-eop-request-id;eop-date Signature=" + q.sign()},
			}
			if values[0] != "" {
				values = []string{header.Get(name), header.Get(name)}
			}
			header[name] = values
			requireGateway(t, q.exactly(t, srv, header), 401, "10009", "must be there once")
		}
	}
}

func TestContentTypeOfAGET(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for contentType, status := range map[string]int{"": 200, "application/json": 200, "text/plain": 401} {
		q := signed{method: "GET", path: "/v4/region/list-regions", header: map[string]string{"Content-Type": contentType}}
		require.Equal(t, status, q.send(t, srv).Status, contentType)
	}
}

func TestEveryRefusalHasARequestIDOfItsOwn(t *testing.T) {
	t.Parallel()
	srv := start(t)
	q := signed{method: "GET", path: "/v4/region/list-regions", signature: "AAAA", id: "request-1"}
	first, second := q.send(t, srv).Gateway.RequestID, q.send(t, srv).Gateway.RequestID
	require.NotEqual(t, first, second)
}

// The gateway sorts by itself: what is signed is the sorted query, in whatever order it is sent.
func TestQueryInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sent, sorted string }{
		"two keys":              {"regionName=x&regionID=y", "regionID=y&regionName=x"},
		"keys that mean less":   {"a%7B=1&az=2", "az=2&a%7B=1"},
		"values do not matter":  {"a=2&a=1", "a=2&a=1"},
		"equal keys stay apart": {"b=1&a=2&b=0&a=1", "a=2&a=1&b=1&b=0"},
		"sorted already":        {"a=1&b=", "a=1&b="},
		"a prefix of another":   {"ab=1&a=2", "a=2&ab=1"},
	} {
		got, problem := sortQuery(tt.sent)
		require.Empty(t, problem, name)
		require.Equal(t, tt.sorted, got, name)
	}
	srv := start(t)
	q := prepare(srv, "query-task-backup", object{"sourceType": "CT-DPS", "backupTaskStatus": "Failed"})
	pairs := strings.Split(q.query, "&")
	q.id, q.date, q.ak, q.sk = "any-order", beijingDate(time.Now()), srv.AccessKey, srv.SecretKey
	q.signature = q.sign()
	slices.Reverse(pairs)
	q.query = strings.Join(pairs, "&")
	require.Equal(t, 800, q.send(t, srv).StatusCode)
}

func flip(signature string) string {
	if signature[0] == 'A' {
		return "B" + signature[1:]
	}
	return "A" + signature[1:]
}

func TestRequestIDUsedAgain(t *testing.T) {
	t.Parallel()
	srv := start(t)
	first := signed{method: "GET", path: "/v4/region/list-regions", id: "once", date: beijingDate(time.Now())}
	require.Equal(t, 200, first.send(t, srv).Status)
	require.Equal(t, 200, first.send(t, srv).Status, "a replay of the same request")

	for _, change := range map[string]func(*signed){
		"another path":      func(q *signed) { q.path = "/v4/order/query-uuid" },
		"another method":    func(q *signed) { q.method = "DELETE" },
		"another signature": func(q *signed) { q.query = "regionName=x" },
	} {
		q := first
		change(&q)
		requireGateway(t, q.send(t, srv), 401, "10009", "was used before, by another request")
	}
}

func TestRequestIDsAreForgotten(t *testing.T) {
	t.Parallel()
	g := newGate("ak", "sk")
	for i := range requestIDCap + 10 {
		require.Nil(t, g.checkReplay(string(rune(i)), "request"))
	}
	require.LessOrEqual(t, len(g.seen), requestIDCap)
	require.Len(t, g.order, len(g.seen))
}

func TestSkew(t *testing.T) {
	t.Parallel()
	srv := start(t)
	q := signed{method: "GET", path: "/v4/region/list-regions"}
	srv.SetSkew(20 * time.Minute)
	r := q.send(t, srv)
	requireGateway(t, r, 401, "10009", "differs from Beijing time")
	date, err := http.ParseTime(r.Header.Get("Date"))
	require.NoError(t, err)
	require.InDelta(t, 20*60, time.Until(date).Seconds(), 5)

	q.date = beijingDate(date)
	require.Equal(t, 200, q.send(t, srv).Status, "corrected by the Date header")
}
