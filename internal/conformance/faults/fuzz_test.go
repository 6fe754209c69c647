package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

// FuzzAnswer answers every kind of call with whatever there is: nothing panics, and
// only the envelope of a success is one.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		successAnswer, inProgressAnswer, gatewayPage, "", "{}", "null", "[]", `{"statusCode":"800"}`, `{"statusCode":800.0,"returnObj":[]}`,
		`{"statusCode":800,"StatusCode":900}`, `{"status\u0043ode":800,"returnObj":{"masterOrderID":7}}`, `{"statusCode":8e2,"returnObj":"x"}`,
		`{"statusCode":900,"error":{"a":[1]},"message":7,"returnObj":{"masterOrderID":"o"}}`,
		`{"statusCode":800,"returnObj":{"backupStorageCount":"2","backupStorageList":[null,7,{"backupStorageID":"a","backupStorageCreatTime":7}]}}`,
	} {
		f.Add(200, []byte(body))
		f.Add(429, []byte(body))
	}
	status, body := 0, []byte(nil)
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	})
	c := faultClient(f, ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithHTTPClient(&http.Client{Transport: transport}), ctcbr.WithMaxAttempts(1))
	f.Fuzz(func(t *testing.T, s int, b []byte) {
		status, body = 200+(s%400+400)%400, b
		code, certain := statusOfEnvelope(b)
		for _, d := range deeds {
			_, err := d.do(t.Context(), c)
			if err != nil {
				e := requireFault(t, d, err)
				require.Equal(t, status, e.HTTPStatus)
				require.LessOrEqual(t, len(err.Error()), 64<<10)
				if d.kind != "read" && (status >= 500 || status < 300 && !certain) {
					require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				}
				continue
			}
			inProgress := d.kind == "order" && status < 500 && strings.Contains(strings.ToLower(string(b)), "progress")
			require.True(t, certain, "%q was taken for a success", b)
			require.True(t, status < 300 && code == 800 || inProgress, "%d %q was taken for a success", status, b)
		}
	})
}

// statusOfEnvelope reads the one statusCode of an envelope, by other means than the SDK.
func statusOfEnvelope(body []byte) (code float64, certain bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') || !json.Valid(body) {
		return 0, false
	}
	times := 0
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return 0, false
		}
		var value any
		if err := decoder.Decode(&value); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
			return 0, false
		}
		if strings.EqualFold(name.(string), "statusCode") {
			times++
			switch v := value.(type) {
			case float64:
				code = v
			case string:
				code, _ = strconv.ParseFloat(strings.TrimSpace(v), 64)
			}
		}
	}
	return code, times == 1 && code != 0 && code == math.Trunc(code) && math.Abs(code) < 1<<31
}

// FuzzHTTP answers with bytes that need not be HTTP at all.
func FuzzHTTP(f *testing.F) {
	for _, text := range []string{
		answer200(successAnswer), answer("302 Found", "", "Location: http://[::x"), "HTTP/1.1 000 X\r\n\r\n", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" + answer200(successAnswer), "\x00", "HTTP/1.0 200\r\n\r\n{}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e := &edge{serve: func(c *edgeConn) {
			if _, ok := c.request(); ok {
				c.say(string(text))
			}
		}}
		transport := e.transport()
		defer transport.CloseIdleConnections()
		c := faultClient(t, ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithHTTPClient(&http.Client{Transport: transport}), ctcbr.WithMaxAttempts(1), ctcbr.WithAttemptTimeout(5*time.Second))
		defer c.Close()
		for _, d := range deeds {
			if _, err := d.do(t.Context(), c); err != nil {
				requireFault(t, d, err)
			} else {
				require.Contains(t, string(text), "HTTP/")
			}
		}
	})
}
