package cbrtest

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The clients of this file are not this project's: they call as public clients of the cloud do.

func TestPythonSample(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to run the sample with")
	}
	for _, status := range []string{"401", "200"} {
		srv := start(t)
		if status == "200" {
			srv = start(t, WithGatewayStatus(200))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		sample := exec.CommandContext(ctx, python, "testdata/sample.py")
		sample.Env = append(os.Environ(), "CTCBR_ENDPOINT="+srv.URL, "CTYUN_AK="+srv.AccessKey, "CTYUN_SK="+srv.SecretKey,
			"CTYUN_REGION_ID="+srv.RegionID, "CTCBR_HOST_ID="+srv.HostID)
		var stderr strings.Builder
		sample.Stderr = &stderr
		out, err := sample.Output()
		require.NoError(t, err, stderr.String())
		noPath := "404"
		if status == "200" {
			noPath = "200"
		}
		require.Equal(t, []string{
			"POST|200|800|-",
			"GET with a query and {}|200|800|-",
			"GET with {} alone|200|800|-",
			"GET with a body|200|800|-",
			"order|200|900|Backup.Service.NotActivated", // nobody polled the order that activates it
			"region that is unknown|200|900|Openapi.RegionInfo.AccessFailed",
			"parameter that is missing|200|900|Backup.Parameter.Invalid",
			"path that is unknown|" + noPath + "|CTAPI_10000|10000",
			"byte changed|" + status + "|CTAPI_10009|10009",
			"date too old|" + status + "|CTAPI_10009|10009",
			"date in UTC|" + status + "|CTAPI_10009|10009",
		}, strings.Split(strings.TrimSpace(string(out)), "\n"))
		require.Len(t, srv.Orders(), 1)
	}
}

// TestOfficialGoCore makes requests header by header, as the two official Go cores do. They encode a query as a form,
// with + for a space, which the reference does not allow.
func TestOfficialGoCore(t *testing.T) {
	t.Parallel()
	const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:26.0) Gecko/20100101 Firefox/26.0"
	const uuid = "6c1e8c52-6f0a-4b0e-9c0a-0f5e3c1d2b7a"
	now := time.Now()
	for name, tt := range map[string]struct {
		operation string
		params    map[string]any
		change    func(h http.Header, q *signed)
		status    int
		code      string
		says      string
	}{
		"GET without a content type": {operation: ListAgents, params: object{"pageNo": 1, "sourceType": "CT-ECS"}},
		"GET without parameters":     {operation: ListRegions},
		"GET with a filter":          {operation: ListTasks, params: object{"backupTaskStatus": "Failed"}},
		"GET with a body": {operation: ListAgentsByHost, change: func(h http.Header, _ *signed) {
			h.Set("Content-Type", "application/json;charset=UTF-8")
		}},
		"POST": {operation: OpenService, change: func(h http.Header, _ *signed) {
			h.Set("Content-Type", "application/json;charset=UTF-8")
		}},
		"no user agent of its own": {operation: ListRegions, change: func(h http.Header, _ *signed) { h.Del("User-Agent") }},
		"a request ID of 20 letters": {operation: ListRegions, change: func(h http.Header, q *signed) {
			q.id = "aBcDeFgHiJkLmNoPqRsT"
			h.Set("Ctyun-Eop-Request-Id", q.id)
		}},
		"names of headers in lower case": {operation: ListRegions, change: func(h http.Header, _ *signed) {
			for _, name := range []string{"Eop-Date", "Eop-Authorization", "Ctyun-Eop-Request-Id"} {
				h[strings.ToLower(name)] = h[name]
				delete(h, name)
			}
		}},
		"a space as a plus": {operation: ListTasks, params: object{"queryContent": "web 01"}, change: func(_ http.Header, q *signed) {
			q.query = strings.ReplaceAll(q.query, "%20", "+")
		}, status: 401, code: gatewaySignature, says: "has a + where"},
		"a date in UTC": {operation: ListRegions, change: func(h http.Header, q *signed) {
			q.date = now.UTC().Format(dateLayout)
			h.Set("Eop-Date", q.date)
		}, status: 401, code: gatewaySignature, says: "is in UTC"},
		"a wrong secret key": {operation: ListRegions, change: func(_ http.Header, q *signed) { q.sk = "another" },
			status: 401, code: gatewaySignature, says: "does not match"},
		"a wrong access key": {operation: ListRegions, change: func(_ http.Header, q *signed) { q.ak = "another" },
			status: 401, code: gatewayKey, says: "the access key is unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := start(t)
			q := prepare(srv, tt.operation, tt.params)
			q.ak, q.sk, q.id, q.date = srv.AccessKey, srv.SecretKey, uuid, beijingDate(now)
			header := http.Header{
				"User-Agent": {browser}, "Ctyun-Eop-Request-Id": {q.id}, "Eop-Date": {q.date}, "Eop-Authorization": {""},
			}
			if tt.change != nil {
				tt.change(header, &q)
			}
			for _, key := range []string{"Eop-Authorization", "eop-authorization"} {
				if _, sent := header[key]; sent {
					header[key] = []string{q.ak + " Headers=ctyun-eop-request-id;eop-date Signature=" + q.sign()}
				}
			}
			r := q.exactly(t, srv, header)
			if tt.code != "" {
				requireGateway(t, r, tt.status, tt.code, tt.says)
				return
			}
			require.Equal(t, 800, r.StatusCode, r.Raw)
		})
	}
}
