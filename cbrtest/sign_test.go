package cbrtest

import (
	"net/http"
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
	srv := start(t)
	now := beijingDate(time.Now())
	text := "content-type:application/json\nctyun-eop-request-id:more-1\neop-date:" + now + "\n\n\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	send := func(list string) reply {
		q := signed{method: "GET", path: "/v4/region/list-regions", id: "more-1", date: now}
		signature := sign(srv.AccessKey, srv.SecretKey, now, text)
		q.header = map[string]string{"Eop-Authorization": srv.AccessKey + " Headers=" + list + " Signature=" + signature}
		return q.send(t, srv)
	}
	require.Equal(t, 200, send("content-type;ctyun-eop-request-id;eop-date").Status)
	for name, list := range map[string]string{
		"not in order":   "ctyun-eop-request-id;eop-date;content-type",
		"upper case":     "Content-Type;ctyun-eop-request-id;eop-date",
		"date missing":   "content-type;ctyun-eop-request-id",
		"not sent":       "content-type;ctyun-eop-request-id;eop-date;x-other",
		"twice":          "content-type;content-type;ctyun-eop-request-id;eop-date",
		"the usual ones": "ctyun-eop-request-id;eop-date",
	} {
		require.Equal(t, 401, send(list).Status, name)
	}
}

func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	const body = `{"regionID":"81f7728662dd11ec810800155d307d5b"}`
	base := signed{
		method: "POST", path: "/v4/backup/open-service-backup", body: body,
		ak: "test-ak", sk: "test-sk", date: beijingDate(time.Now()), id: "request-1",
	}
	tests := map[string]struct {
		change func(*signed)
		status int
		code   string
	}{
		"signature changed":   {func(q *signed) { q.signature = flip(q.sign()) }, 401, "SignatureInvalid"},
		"signature of others": {func(q *signed) { q.sk = "test-sl" }, 401, "SignatureInvalid"},
		"body changed":        {func(q *signed) { q.signature = q.sign(); q.body = strings.Replace(body, "81f", "82f", 1) }, 401, "SignatureInvalid"},
		"query changed":       {func(q *signed) { q.signature = q.sign(); q.query = "a=1" }, 401, "SignatureInvalid"},
		"request ID changed":  {func(q *signed) { q.signature = q.sign(); q.id = "request-2" }, 401, "SignatureInvalid"},
		"date changed":        {func(q *signed) { q.signature = q.sign(); q.date = beijingDate(time.Now().Add(time.Second)) }, 401, "SignatureInvalid"},
		"key changed":         {func(q *signed) { q.signature = q.sign(); q.ak = "test-al" }, 401, "AccessKeyInvalid"},
		"date 16 minutes old": {func(q *signed) { q.date = beijingDate(time.Now().Add(-16 * time.Minute)) }, 401, "DateExpired"},
		"16 minutes ahead":    {func(q *signed) { q.date = beijingDate(time.Now().Add(16 * time.Minute)) }, 401, "DateExpired"},
		"UTC date":            {func(q *signed) { q.date = time.Now().UTC().Format("20060102T150405Z") }, 401, "DateExpired"},
		"date of other form":  {func(q *signed) { q.date = time.Now().Format(time.RFC3339) }, 401, "DateInvalid"},
		"unsorted query":      {func(q *signed) { q.query = "b=1&a=2" }, 401, "QueryInvalid"},
		"plus for a space":    {func(q *signed) { q.query = "a=b+c" }, 401, "QueryInvalid"},
		"lower-case hex":      {func(q *signed) { q.query = "a=%e5%8d%8e" }, 401, "QueryInvalid"},
		"needless encoding":   {func(q *signed) { q.query = "a=%41" }, 401, "QueryInvalid"},
		"slash not encoded":   {func(q *signed) { q.query = "a=/b" }, 401, "QueryInvalid"},
		"no equals sign":      {func(q *signed) { q.query = "a" }, 401, "QueryInvalid"},
		"request ID too long": {func(q *signed) { q.id = strings.Repeat("x", 65) }, 401, "RequestIDInvalid"},
		"no request ID":       {drop("Ctyun-Eop-Request-Id"), 401, "RequestIDInvalid"},
		"no date":             {drop("Eop-Date"), 401, "DateInvalid"},
		"no signature":        {drop("Eop-Authorization"), 401, "AuthorizationInvalid"},
		"no user agent":       {drop("User-Agent"), 403, "UserAgentMissing"},
		"no content type":     {drop("Content-Type"), 415, "ContentTypeInvalid"},
		"other content type":  {func(q *signed) { q.header = map[string]string{"Content-Type": "text/plain"} }, 415, "ContentTypeInvalid"},
		"two spaces": {func(q *signed) {
			q.header = map[string]string{"Eop-Authorization": "test-ak  Headers=ctyun-eop-request-id;eop-date Signature=" + q.sign()}
		}, 401, "AuthorizationInvalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			q := base
			tt.change(&q)
			r := q.send(t, srv)
			require.Equal(t, tt.status, r.Status, r.Raw)
			require.Equal(t, 900, r.StatusCode)
			require.True(t, strings.HasSuffix(r.Error, "."+tt.code), r.Error)
			require.NotEmpty(t, r.Message)
			require.NotEmpty(t, r.Description)
			require.NotEmpty(t, srv.Requests()[0].Refused)
			require.Empty(t, srv.Orders(), "nothing was carried out")
		})
	}
}

func flip(signature string) string {
	if signature[0] == 'A' {
		return "B" + signature[1:]
	}
	return "A" + signature[1:]
}

func drop(header string) func(*signed) {
	return func(q *signed) { q.header = map[string]string{header: ""} }
}

func TestRequestIDUsedAgain(t *testing.T) {
	t.Parallel()
	srv := start(t)
	first := signed{method: "GET", path: "/v4/region/list-regions", id: "once", date: beijingDate(time.Now())}
	require.Equal(t, 200, first.send(t, srv).Status)
	require.Equal(t, 200, first.send(t, srv).Status, "a replay of the same request")

	for name, change := range map[string]func(*signed){
		"another path":      func(q *signed) { q.path = "/v4/order/query-uuid" },
		"another method":    func(q *signed) { q.method = "DELETE" },
		"another signature": func(q *signed) { q.query = "regionName=x" },
	} {
		q := first
		change(&q)
		r := q.send(t, srv)
		require.Equal(t, 401, r.Status, name)
		require.Equal(t, "CTAPI.Auth.RequestIDReused", r.Error, name)
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
	require.Equal(t, "CTAPI.Auth.DateExpired", r.Error)
	date, err := http.ParseTime(r.Header.Get("Date"))
	require.NoError(t, err)
	require.InDelta(t, 20*60, time.Until(date).Seconds(), 5)

	q.date = beijingDate(date)
	require.Equal(t, 200, q.send(t, srv).Status, "corrected by the Date header")
}
