package cbrtest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// signed is everything that a client says about one request. The signer is written anew here: were it the package's
// own, both could be wrong in the same way.
type signed struct {
	method, path, query, body string
	ak, sk, date, id          string
	signature                 string // instead of the right one
	header                    map[string]string
}

var lastRequestID atomic.Int64

func beijingDate(at time.Time) string { return at.UTC().Add(8 * time.Hour).Format("20060102T150405Z") }

func mac(key []byte, data string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(data))
	return m.Sum(nil)
}

func (q signed) sign() string {
	text := fmt.Sprintf("ctyun-eop-request-id:%s\neop-date:%s\n\n%s\n%x", q.id, q.date, q.query, sha256.Sum256([]byte(q.body)))
	day := mac(mac(mac([]byte(q.sk), q.date), q.ak), q.date[:8])
	return base64.StdEncoding.EncodeToString(mac(day, text))
}

// request makes the HTTP request to the server; header overrides what would be sent, and "" leaves a header out.
func (q signed) request(t testing.TB, srv *Server) *http.Request {
	t.Helper()
	if q.ak == "" {
		q.ak, q.sk = srv.AccessKey, srv.SecretKey
	}
	if q.date == "" {
		q.date = beijingDate(time.Now())
	}
	if q.id == "" {
		q.id = fmt.Sprintf("request-%d", lastRequestID.Add(1))
	}
	if q.signature == "" {
		q.signature = q.sign()
	}
	target := srv.URL + q.path
	if q.query != "" {
		target += "?" + q.query
	}
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(t.Context(), q.method, target, body)
	require.NoError(t, err)
	r.GetBody = nil
	headers := map[string]string{
		"Content-Type": "application/json", "User-Agent": "cbrtest", "Ctyun-Eop-Request-Id": q.id, "Eop-Date": q.date,
		"Eop-Authorization": q.ak + " Headers=ctyun-eop-request-id;eop-date Signature=" + q.signature,
	}
	for name, value := range q.header {
		headers[name] = value
	}
	for name, value := range headers {
		if value != "" || name == "User-Agent" { // net/http sends its own unless told not to
			r.Header.Set(name, value)
		}
	}
	return r
}

// reply is an answer as a test looks at it.
type reply struct {
	Status int
	Header http.Header
	Raw    string

	Gateway     *gatewayReply // nil if the service answered
	StatusCode  int           // 0 if the gateway answered
	Message     string
	Description string
	Error       string
	ErrorCode   string
	Details     *string
	ReturnObj   map[string]any
}

func (q signed) send(t testing.TB, srv *Server) reply {
	t.Helper()
	return receive(t, srv, q.request(t, srv))
}

// exactly sends the request with the given headers, and no others than net/http adds.
func (q signed) exactly(t testing.TB, srv *Server, header http.Header) reply {
	t.Helper()
	r := q.request(t, srv)
	r.Header = header
	return receive(t, srv, r)
}

func receive(t testing.TB, srv *Server, r *http.Request) reply {
	t.Helper()
	res, err := srv.HTTPClient().Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	out := reply{Status: res.StatusCode, Header: res.Header, Raw: string(body)}
	if strings.Contains(out.Raw, "eopErrCode") {
		out.Gateway = new(gatewayReply)
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(out.Gateway), "body: %s", body)
		return out
	}
	require.NoError(t, json.Unmarshal(body, &out), "body: %s", body)
	return out
}

// gatewayReply is a refusal of the gateway, member by member.
type gatewayReply struct {
	RequestID                                    string `json:"requestId"`
	Error, Code, Message, EOPErrCode, StatusCode string
	ReturnObj                                    map[string]any
}

// requireGateway asserts that an answer is a refusal of the gateway with a code, and that it says why.
func requireGateway(t testing.TB, r reply, status int, code, says string) {
	t.Helper()
	require.Equal(t, status, r.Status, r.Raw)
	require.NotNil(t, r.Gateway, r.Raw)
	require.Equal(t, []string{code, code, code, "CTAPI_" + code},
		[]string{r.Gateway.Error, r.Gateway.Code, r.Gateway.EOPErrCode, r.Gateway.StatusCode})
	require.Contains(t, r.Gateway.Message, "ctyun-EOP: ")
	require.Contains(t, r.Gateway.Message, says)
	require.Regexp(t, `^[0-9a-f]{32}$`, r.Gateway.RequestID)
	require.Equal(t, map[string]any{}, r.Gateway.ReturnObj)
	require.Equal(t, contentType, r.Header.Get("Content-Type"))
	require.NotEmpty(t, r.Header.Get("Date"))
}

// prepare makes the request of an operation with the parameters where they belong. The region is filled in.
func prepare(srv *Server, operation string, params map[string]any) signed {
	op := endpoints[operation]
	all := map[string]any{}
	for _, p := range op.params {
		if p.name == "regionID" {
			all["regionID"] = srv.RegionID
		}
	}
	for name, v := range params {
		all[name] = v
	}
	q := signed{method: op.method, path: op.path}
	if op.in == inBody {
		q.body = toJSON(all)
		return q
	}
	values := url.Values{}
	for name, v := range all {
		values.Set(name, fmt.Sprint(v))
	}
	q.query = strings.ReplaceAll(values.Encode(), "+", "%20")
	return q
}

func toJSON(v any) string {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSpace(buf.String())
}

// call carries an operation out, which has to succeed, and returns the returnObj.
func call(t testing.TB, srv *Server, operation string, params map[string]any) map[string]any {
	t.Helper()
	r := prepare(srv, operation, params).send(t, srv)
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	require.Equal(t, 800, r.StatusCode, r.Raw)
	return r.ReturnObj
}

// refusal carries an operation out, which has to fail, and returns the answer.
func refusal(t testing.TB, srv *Server, operation string, params map[string]any) reply {
	t.Helper()
	r := prepare(srv, operation, params).send(t, srv)
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	require.Equal(t, 900, r.StatusCode, r.Raw)
	return r
}

// placed places an order of a vault, which has to be accepted, and returns the returnObj.
func placed(t testing.TB, srv *Server, operation string, params map[string]any) map[string]any {
	t.Helper()
	r := refusal(t, srv, operation, params)
	require.Equal(t, codeInProgress, r.Error, r.Raw)
	require.NotEmpty(t, r.ReturnObj["masterOrderID"])
	return r.ReturnObj
}

// items returns the objects of a list.
func items(t testing.TB, obj map[string]any, name string) []map[string]any {
	t.Helper()
	list, ok := obj[name].([]any)
	require.True(t, ok, "%s is no list: %v", name, obj)
	out := make([]map[string]any, len(list))
	for i, item := range list {
		out[i], _ = item.(map[string]any)
	}
	return out
}

// start starts a server that ends with the test.
func start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	srv := NewServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}
