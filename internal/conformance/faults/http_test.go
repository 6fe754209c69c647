package faults

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance/echo"
)

const (
	gatewayPage      = "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><center><h1>Bad Gateway</h1></center></body></html>"
	inProgressAnswer = `{"statusCode":900,"error":"Backup.Order.InProgress","message":"in progress","returnObj":{"masterOrderID":"order-1","masterOrderNO":"no-1"}}`
)

// statusOf reads the number in a status line: "502 Bad Gateway".
func statusOf(line string) int {
	code, _ := strconv.Atoi(line[:3])
	return code
}

func TestFaultThrottled(t *testing.T) {
	t.Parallel()
	const at, in2026 = "Date: Sat, 01 Jan 2000 00:00:00 GMT", "Date: Fri, 12 Jun 2026 00:00:00 GMT"
	cases := []struct {
		name   string
		header []string
		within time.Duration
		once   bool // the wait is too long
		absent bool // unusable: a write is not repeated
	}{
		{name: "no Retry-After", absent: true},
		{name: "Retry-After in seconds", header: []string{"Retry-After: 5"}, within: 15 * time.Second},
		{name: "Retry-After of nothing", header: []string{"Retry-After: 0"}, within: instantly},
		{name: "Retry-After of 30 seconds", header: []string{"Retry-After: 30"}, within: 90 * time.Second},
		{name: "Retry-After of 31 seconds", header: []string{"Retry-After: 31"}, within: instantly, once: true},
		{name: "Retry-After of an hour", header: []string{"Retry-After: 3600"}, within: instantly, once: true},
		{name: "Retry-After beyond all numbers", header: []string{"Retry-After: 99999999999999999999999"}, within: instantly, once: true},
		{name: "Retry-After as a date", header: []string{at, "Retry-After: Sat, 01 Jan 2000 00:00:10 GMT"}, within: 30 * time.Second},
		{name: "Retry-After as a date of another clock", header: []string{in2026, "Retry-After: Fri, 12 Jun 2026 00:00:10 GMT"}, within: 30 * time.Second},
		{name: "Retry-After as a date without a Date", header: []string{"Retry-After: Sat, 01 Jan 2000 00:00:05 GMT"}, within: 15 * time.Second},
		{name: "Retry-After as a date in an hour", header: []string{at, "Retry-After: Sat, 01 Jan 2000 01:00:00 GMT"}, within: instantly, once: true},
		{name: "Retry-After as a date in a hundred years", header: []string{at, "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT"}, within: instantly, once: true},
		{name: "Retry-After as a date that has passed", header: []string{at, "Retry-After: Fri, 31 Dec 1999 23:00:00 GMT"}, within: instantly},
		{name: "Retry-After that is negative", header: []string{"Retry-After: -5"}, absent: true},
		{name: "Retry-After that is beyond all negative numbers", header: []string{"Retry-After: -99999999999999999999999"}, absent: true},
		{name: "Retry-After that is no number", header: []string{"Retry-After: soon"}, absent: true},
		{name: "Retry-After that is a fraction", header: []string{"Retry-After: 1.5"}, absent: true},
		{name: "Retry-After that is empty", header: []string{"Retry-After: "}, absent: true},
		{name: "Retry-After that has a unit", header: []string{"Retry-After: 5s"}, absent: true},
		{name: "Retry-After that is no day of a calendar", header: []string{"Retry-After: Sat, 99 Jan 2000 00:00:00 GMT"}, absent: true},
	}
	for _, c := range cases {
		e := same(want{requests: 4, status: 429, is: []error{ctcbr.ErrThrottled}})
		if c.once {
			e = final(429, ctcbr.ErrThrottled)
		}
		if c.absent {
			e.write.requests = 1
		}
		faultCase{name: c.name, within: c.within, expect: e, stage: answering(answer("429 Too Many Requests", "", c.header...))}.run(t)
	}
	for what, body := range map[string]string{"the envelope of a success": `{"statusCode":800,"returnObj":{}}`, "the envelope of a failure": `{"statusCode":900,"error":"CTAPI.Flow.Limited"}`, "a page": gatewayPage} {
		e := same(want{requests: 4, status: 429, is: []error{ctcbr.ErrThrottled}})
		faultCase{name: "with " + what, expect: e, stage: answering(answer("429 Too Many Requests", body, "Retry-After: 5"))}.run(t)
	}
}

func TestFaultStatus(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"} {
		for what, body := range map[string]string{
			"nothing":                    "",
			"a page":                     gatewayPage,
			"the envelope of a failure":  `{"statusCode":900,"error":"Backup.System.Error","message":"oops"}`,
			"the envelope of a success":  successAnswer,
			"an order in progress":       inProgressAnswer,
			"an order that is not named": `{"statusCode":900,"error":"Backup.Order.InProgress"}`,
		} {
			faultCase{name: line[:3] + " with " + what, expect: lost(ctcbr.ErrUnavailable).with(statusOf(line)), stage: answering(answer(line, body))}.run(t)
		}
	}
	// What is not in the table is not sent again. A status that nobody has given a
	// meaning says nothing of what was done.
	unclear := func(line string) expect {
		e := same(want{requests: 1, status: statusOf(line), unknown: true})
		e.read.unknown = false
		return e
	}
	for _, line := range []string{"501 Not Implemented", "505 HTTP Version Not Supported", "520 Unknown", "599 Network", "600 Beyond", "999 Request Denied", "000 Nothing"} {
		faultCase{name: line, within: instantly, expect: unclear(line), stage: answering(answer(line, successAnswer))}.run(t)
	}
	faultCase{name: "101 to another protocol", within: instantly, expect: unclear("101"), stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		c.untilGone()
	})}.run(t)
	faultCase{name: "101 to nothing", within: instantly, expect: unclear("101"), stage: serving(func(c *edgeConn) {
		c.request()
		c.say("HTTP/1.1 101 Switching Protocols\r\n\r\n")
		c.untilGone()
	})}.run(t)

	for _, c := range []struct {
		name, line, body string
		is               error
	}{
		{"400", "400 Bad Request", "", ctcbr.ErrBadAnswer},
		{"401", "401 Unauthorized", "", ctcbr.ErrUnauthorized},
		{"401 with a hint", "401 Unauthorized", `{"statusCode":900,"error":"CTAPI.Auth.SignatureInvalid","message":"the signature does not match"}`, ctcbr.ErrUnauthorized},
		{"401 with a page", "401 Unauthorized", gatewayPage, ctcbr.ErrUnauthorized},
		{"403 with an IP allow-list", "403 Forbidden", `{"statusCode":900,"error":"CTAPI.Auth.IPNotAllowed","message":"not on the allow-list"}`, ctcbr.ErrUnauthorized},
		{"403 that calls itself a success", "403 Forbidden", `{"statusCode":800,"returnObj":{"status":"success"}}`, ctcbr.ErrUnauthorized},
		{"404", "404 Not Found", "", ctcbr.ErrBadAnswer},
		{"404 with a page", "404 Not Found", gatewayPage, ctcbr.ErrBadAnswer},
		{"404 of the service", "404 Not Found", `{"statusCode":900,"error":"Backup.Plan.Missing"}`, ctcbr.ErrNotFound},
		{"404 that calls itself a success", "404 Not Found", successAnswer, nil},
		{"405", "405 Method Not Allowed", "", ctcbr.ErrBadAnswer},
		{"408", "408 Request Timeout", "", ctcbr.ErrBadAnswer},
		{"409", "409 Conflict", "", ctcbr.ErrBadAnswer},
		{"410", "410 Gone", "", ctcbr.ErrBadAnswer},
		{"413", "413 Content Too Large", "", ctcbr.ErrBadAnswer},
		{"418", "418 I'm a teapot", "short and stout", ctcbr.ErrBadAnswer},
		{"425", "425 Too Early", "", ctcbr.ErrBadAnswer},
		{"451", "451 Unavailable For Legal Reasons", gatewayPage, ctcbr.ErrBadAnswer},
		{"499", "499 Client Closed Request", "", ctcbr.ErrBadAnswer},
	} {
		e := final(statusOf(c.line))
		if c.is != nil {
			e = final(statusOf(c.line), c.is)
		}
		faultCase{name: c.name, within: instantly, expect: e, stage: answering(answer(c.line, c.body))}.run(t)
	}
}

func TestFaultNotTheEnvelope(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a page":                    gatewayPage,
		"nothing":                   "",
		"white space":               " \r\n\t",
		"{}":                        "{}",
		"null":                      "null",
		"true":                      "true",
		"[]":                        "[]",
		"a list of the envelope":    "[" + successAnswer + "]",
		"text":                      `"statusCode: 800"`,
		"text that is the envelope": strconv.Quote(successAnswer),
		"two envelopes":             successAnswer + `{"statusCode":900}`,
		"an envelope and more":      successAnswer + "x",
		"an envelope cut":           successAnswer[:len(successAnswer)-1],
		"a byte order mark":         "\ufeff" + successAnswer,
		"another API's envelope":    `{"code":0,"data":{"masterOrderID":"order-1"}}`,
		"single quotes":             `{'statusCode':800}`,
		"an envelope of UTF-16":     "\xff\xfe{\x00\"\x00",
		"XML":                       `<?xml version="1.0"?><statusCode>800</statusCode>`,
	} {
		faultCase{name: "200 with " + name, expect: garbledAnswer().with(200), stage: answering(answer200(body))}.run(t)
	}
	for _, line := range []string{"201 Created", "202 Accepted", "205 Reset Content", "206 Partial Content", "299 Odd"} {
		faultCase{name: line[:3] + " with nothing", expect: garbledAnswer().with(statusOf(line)), stage: answering(answer(line, ""))}.run(t)
		faultCase{name: line[:3] + " with the envelope", expect: same(want{ok: true, requests: 1}), stage: answering(answer(line, successAnswer))}.run(t)
	}
	faultCase{name: "204", expect: garbledAnswer().with(204), stage: answering("HTTP/1.1 204 No Content\r\n\r\n")}.run(t)
}

func TestFaultMalformedHTTP(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"malformed status line":        "HTTP/one.one OK then\r\n\r\n",
		"status line without a status": "HTTP/1.1\r\n\r\n",
		"status that is no number":     "HTTP/1.1 OK 200\r\n\r\n",
		"status that is negative":      "HTTP/1.1 -20 OK\r\n\r\n",
		"status of four digits":        "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
		"answer of another protocol":   "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"answer of HTTP/2":             "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04",
		"answer of zeros":              strings.Repeat("\x00", 64) + "\r\n\r\n",
		"malformed header":             "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
		"two lengths":                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"negative length":              "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
		"unknown transfer encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\n{}",
		"header of 1 MiB":              "HTTP/1.1 200 OK\r\nX-Big: " + strings.Repeat("x", 1<<20) + "\r\nContent-Length: 2\r\n\r\n{}",
		"header without end":           "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1<<16),
		"status line without end":      "HTTP/1.1 200 " + strings.Repeat("OK", 1<<19),
	} {
		faultCase{name: name, expect: lost(), stage: serving(func(c *edgeConn) {
			c.request()
			c.say(text)
		})}.run(t)
	}
}

// No redirect is followed, nothing of a request reaches its target, and a write
// that was redirected was not done.
func TestFaultRedirect(t *testing.T) {
	t.Parallel()
	locations := map[string]string{
		"to another host":       "Location: http://elsewhere.test/v4/backup/x",
		"to the same host":      "Location: /v4/backup/x",
		"from https to http":    "Location: http://ctcbr.test/v4/backup/x",
		"to no URL":             "Location: http://[::bad/%zz",
		"to no port":            "Location: http://elsewhere.test:port/",
		"to nowhere":            "X-Location: none",
		"to an empty place":     "Location: ",
		"to a script":           "Location: javascript:alert(1)",
		"to two places":         "Location: /a\r\nLocation: /b",
		"with user information": "Location: http://user:password@elsewhere.test/",
	}
	for _, line := range []string{"300 Multiple Choices", "301 Moved Permanently", "302 Found", "303 See Other", "304 Not Modified", "305 Use Proxy", "307 Temporary Redirect", "308 Permanent Redirect"} {
		for where, location := range locations {
			if where != "to another host" && where != "to no URL" && where != "to nowhere" && line != "307 Temporary Redirect" {
				continue // one status shows all places, and three places all of them
			}
			faultCase{name: line[:3] + " " + where, within: instantly, expect: final(statusOf(line), ctcbr.ErrRedirect), stage: func(t *testing.T) *stage {
				text := answer(line, "", location)
				if statusOf(line) == http.StatusNotModified {
					text = "HTTP/1.1 304 Not Modified\r\n" + location + "\r\n\r\n"
				}
				e := &edge{serve: answers(text)}
				transport := e.transport()
				transport.DialContext = e.dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
					if addr != "127.0.0.1:1" {
						t.Errorf("a connection to %s", addr)
					}
					return e.dial(ctx, network, addr)
				})
				return e.stage(t, transport)
			}}.run(t)
		}
	}
}

// Nor is one followed by a client that its owner made follow them, from TLS.
func TestFaultRedirectOfTheCallersClient(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, d := range deeds {
			t.Run(fmt.Sprint(status, " ", d.kind), func(t *testing.T) {
				verifyNoLeak(t)
				var reached atomic.Int64
				target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
				defer target.Close()
				source := httptest.NewTLSServer(http.RedirectHandler(target.URL+"/v4", status))
				defer source.Close()
				own := source.Client()
				followed := false
				own.CheckRedirect = func(*http.Request, []*http.Request) error { followed = true; return nil }
				c := faultClient(t, ctcbr.WithEndpoint(source.URL), ctcbr.WithHTTPClient(own))
				defer c.Close()
				_, err := d.do(t.Context(), c)
				require.Equal(t, status, requireFault(t, d, err).HTTPStatus)
				require.ErrorIs(t, err, ctcbr.ErrRedirect)
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.Zero(t, reached.Load())
				require.False(t, followed)
			})
		}
	}
}

func envelopeOf(member, text string) string {
	encoded, _ := json.Marshal(map[string]any{"statusCode": 900, member: text})
	return string(encoded)
}

// A server that repeats what it was sent cannot make an error tell it.
func TestFaultEcho(t *testing.T) {
	t.Parallel()
	places := map[string]func(leak string) string{
		"page of 502":    func(leak string) string { return answer("502 Bad Gateway", "<pre>Eop-Authorization: "+leak+"</pre>") },
		"page of 200":    func(leak string) string { return answer200(leak) },
		"page, far down": func(leak string) string { return answer("400 Bad Request", strings.Repeat("x", 230)+leak) },
		"page, farther":  func(leak string) string { return answer("400 Bad Request", strings.Repeat("x", 248)+leak) },
		"page, in its end": func(leak string) string {
			return answer("400 Bad Request", strings.Repeat("x", max(0, 256-len(leak)/2))+leak)
		},
		"status line":      func(leak string) string { return "HTTP/1.1 " + leak + "\r\n\r\n" },
		"no HTTP at all":   func(leak string) string { return leak + "\r\n\r\n" },
		"malformed header": func(leak string) string { return "HTTP/1.1 200 OK\r\n" + leak + "\r\n\r\n" },
		"length":           func(leak string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + leak + "\r\n\r\n" },
		"encoding":         func(leak string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + leak + "\r\n\r\n" },
		"chunk length": func(leak string) string {
			return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + leak + "\r\n"
		},
		"location":       func(leak string) string { return answer("302 Found", "", "Location: http://[::"+leak) },
		"message":        func(leak string) string { return answer200(envelopeOf("message", leak)) },
		"description":    func(leak string) string { return answer200(envelopeOf("description", leak)) },
		"error code":     func(leak string) string { return answer200(envelopeOf("error", leak)) },
		"message of 403": func(leak string) string { return answer("403 Forbidden", envelopeOf("message", leak)) },
		"content as text": func(leak string) string {
			return answer200(`{"statusCode":800,"returnObj":` + strconv.Quote(leak) + `}`)
		},
		"refused command": func(leak string) string {
			encoded, _ := json.Marshal(map[string]any{"statusCode": 800, "returnObj": map[string]string{"status": "failed " + leak, "msg": leak, "masterOrderNO": leak}})
			return answer200(string(encoded))
		},
	}
	for place, put := range places {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			for disguise, encode := range echo.Encodings {
				for _, d := range deeds {
					synctest.Test(t, func(t *testing.T) {
						e := &edge{serve: func(c *edgeConn) {
							if r, ok := c.request(); ok {
								c.say(put(encode(r.signature) + " " + encode(faultSK)))
							}
						}}
						s := e.stage(t, e.transport(), ctcbr.WithMaxAttempts(1))
						_, err := d.do(t.Context(), s.client)
						if d.kind == "read" && place == "refused command" {
							require.NoError(t, err)
							s.end(t)
							return
						}
						requireFault(t, d, err)
						require.Len(t, e.requests(), 1)
						t.Log(disguise, d.kind, err)
						requireSecret(t, err, faultSK, e.requests()[0].signature)
						s.end(t)
					})
				}
			}
		})
	}
}

// A stale page may repeat the signature and the key of an earlier attempt.
func TestFaultEchoOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &edge{}
		e.serve = func(c *edgeConn) {
			for {
				if _, ok := c.request(); !ok {
					return
				}
				c.say(answer("503 Service Unavailable", e.requests()[0].signature+" sk-of-attempt-number-1"))
			}
		}
		n := 0
		s := e.stage(t, e.transport(), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
			n++
			return ctcbr.NewCredentials("ak", "sk-of-attempt-number-"+strconv.Itoa(n)), nil
		})))
		_, err := readDeed.do(t.Context(), s.client)
		require.Equal(t, 4, requireFault(t, readDeed, err).Attempts)
		requireSecret(t, err, "sk-of-attempt-number-1", e.requests()[0].signature)
		s.end(t)
	})
}

// What an error can be matched with survives the removal of secrets from its text.
func TestFaultEchoStaysMatchable(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct {
		answer string
		d      deed
		is     error
	}{
		"bad answer":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + faultSK + "\r\n", readDeed, ctcbr.ErrBadAnswer},
		"refused command": {answer200(`{"statusCode":800,"returnObj":{"status":"failed","msg":` + strconv.Quote(faultSK) + `}}`), writeDeed, ctcbr.ErrRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(f.answer)(t)
				_, err := f.d.do(t.Context(), s.client)
				requireFault(t, f.d, err)
				require.ErrorIs(t, err, f.is)
				requireSecret(t, err, faultSK)
				s.end(t)
			})
		})
	}
}

// oversizedAnswer expects a 2xx with more than may be read.
func oversizedAnswer() expect {
	e := same(want{requests: 1, status: 200, unknown: true, is: []error{ctcbr.ErrTooLarge}})
	e.read.unknown = false
	return e
}

func TestFaultOversized(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	bomb := gzipped(t, `{"statusCode":800,"message":"`, 64<<20)
	for _, f := range []faultCase{
		{name: "endless body", expect: oversizedAnswer(), within: instantly, stage: serving(func(c *edgeConn) {
			c.request()
			c.sayAtOnce("HTTP/1.1 200 OK\r\n\r\n" + `{"statusCode":800,"message":"`)
			for chunk := strings.Repeat("x", 64<<10); c.sayAtOnce(chunk); {
			}
		}, ctcbr.WithMaxAnswer(limit))},
		{name: "gzip bomb", expect: oversizedAnswer(), within: instantly, stage: answering(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(bomb), bomb), ctcbr.WithMaxAnswer(limit))},
		{name: "one byte too many", expect: oversizedAnswer(), within: instantly, stage: answering(answer200(padded(limit+1)), ctcbr.WithMaxAnswer(limit))},
		{name: "exactly the limit", expect: same(want{ok: true, requests: 1}), within: instantly, stage: answering(answer200(padded(limit)), ctcbr.WithMaxAnswer(limit))},
		{name: "no limit", expect: same(want{ok: true, requests: 1}), within: instantly, stage: answering(answer200(padded(limit)), ctcbr.WithMaxAnswer(1<<63-1))},
		{name: "500 of too many bytes", expect: lost(ctcbr.ErrUnavailable, ctcbr.ErrTooLarge).with(500), stage: answering(answer("500 Internal Server Error", padded(limit+1)), ctcbr.WithMaxAnswer(limit))},
		{name: "length beyond all", expect: garbledAnswer().with(200), stage: serving(func(c *edgeConn) {
			c.request()
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{}")
		})},
	} {
		f.run(t)
	}
	deep := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	for name, body := range map[string]string{
		"100,000 levels of lists":              deep,
		"100,000 levels that never close":      strings.Repeat("[", 100_000),
		"100,000 levels of objects":            strings.Repeat(`{"a":`, 100_000),
		"100,000 levels in the content":        `{"statusCode":800,"returnObj":` + deep + `}`,
		"100,000 levels in an unknown member":  `{"statusCode":800,"x":` + deep + `,"returnObj":{"masterOrderID":"order-1"}}`,
		"100,000 levels as status":             `{"statusCode":` + deep + `}`,
		"a number of 100,000 digits as status": `{"statusCode":` + strings.Repeat("8", 100_000) + `}`,
	} {
		faultCase{name: name, expect: garbledAnswer().with(200), stage: answering(answer200(body))}.run(t)
	}
}

// padded is the envelope of a success, in exactly so many bytes.
func padded(size int) string {
	const head, tail = `{"statusCode":800,"message":"`, `","returnObj":{"masterOrderID":"order-1"}}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}

func gzipped(t *testing.T, head string, zeros int) string {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	_, err = io.WriteString(w, head)
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for range zeros / len(block) {
		_, err = w.Write(block)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// A fault that heals: reads and orders get through it, with one order.
func TestFaultThatHeals(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"reset":              {Conn: cbrtest.ResetAfterRequest, Apply: true, Times: 3},
		"close":              {Conn: cbrtest.CloseAfterRequest, Apply: true, Times: 3},
		"cut body":           {Conn: cbrtest.CutBody, Apply: true},
		"cut chunk":          {Conn: cbrtest.CutChunk, Apply: true},
		"malformed status":   {Conn: cbrtest.MalformedStatus, Apply: true, Times: 3},
		"silence":            {Conn: cbrtest.Silence, Apply: true, Times: 3},
		"silent body":        {Conn: cbrtest.SilenceAfterHeader, Apply: true, Times: 3},
		"500":                {Status: 500, Apply: true, Times: 3},
		"502 page":           {Status: 502, Body: gatewayPage, Apply: true, Times: 3},
		"200 page":           {Status: 200, Body: gatewayPage, Apply: true},
		"closed on accept":   {Conn: cbrtest.CloseOnAccept, Times: 3},
		"closed before body": {Conn: cbrtest.CloseBeforeBody, Times: 3},
	} {
		for _, d := range []deed{readDeed, orderDeed} {
			t.Run(name+"/"+d.kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv, s := cloudStage(t)
					before := srv.Charges()
					srv.Inject(d.operation, fault)
					requestID, err := d.do(t.Context(), s.client)
					require.NoError(t, err)
					require.NotEmpty(t, requestID)
					tokens := map[string]bool{}
					for _, r := range srv.Requests() {
						if r.ClientToken != "" { // the body may not have been read
							tokens[r.ClientToken] = true
						}
					}
					require.LessOrEqual(t, len(tokens), 1)
					if d.kind == "order" {
						require.Equal(t, 1, srv.Charges()-before)
					}
					s.end(t)
				})
			})
		}
	}
}

// An error stays short, whatever stands where a status line should.
func TestFaultStatusLineWithoutEnd(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		s := serving(func(c *edgeConn) {
			c.request()
			c.say(strings.Repeat("nonsense", 10<<10) + "\r\n\r\n")
		})(t)
		err := s.try(t.Context(), t, d, lost().of(d))
		require.Less(t, len(err.Error()), 8<<10)
		s.end(t)
	})
}

// What was answered is in the error.
func TestFaultErrorTellsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct {
		answer, body, message, code string
		status, statusCode          int
		is                          error
	}{
		"code and text of a 500":   {answer: answer("500 Internal Server Error", `{"statusCode":900,"errorCode":"Backup.System.Error","message":"oops","description":"系统错误"}`), status: 500, statusCode: 900, code: "backup.system.error", message: "oops", is: ctcbr.ErrUnavailable},
		"a page":                   {answer: answer("403 Forbidden", "<p>Your\r\nIP is not allowed</p>"), status: 403, body: "<p>Your\r\nIP is not allowed</p>", is: ctcbr.ErrUnauthorized},
		"the beginning of a page":  {answer: answer("502 Bad Gateway", strings.Repeat("x", 1000)), status: 502, body: strings.Repeat("x", 256), is: ctcbr.ErrUnavailable},
		"a page that was cut":      {answer: "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 100\r\n\r\ncut", status: 502, body: "cut", is: io.ErrUnexpectedEOF},
		"the status of a cut page": {answer: "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 100\r\n\r\ncut", status: 404, body: "cut", is: ctcbr.ErrBadAnswer},
		"a page that is no text":   {answer: answer("418 I'm a teapot", "\xff\x00\x1b[31m"), status: 418, body: "\ufffd\x00\x1b[31m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := serving(func(c *edgeConn) {
					c.request()
					c.say(f.answer)
				})(t)
				_, err := writeDeed.do(t.Context(), s.client)
				e := requireFault(t, writeDeed, err)
				require.Equal(t, []any{f.status, f.statusCode, f.body, f.message}, []any{e.HTTPStatus, e.StatusCode, e.Body, e.Message})
				require.True(t, e.HasCode(f.code))
				if f.is != nil {
					require.ErrorIs(t, err, f.is)
				}
				require.NotContains(t, err.Error(), "\x1b")
				s.end(t)
			})
		})
	}
}

// The host of a redirect is text of others, too.
func TestFaultEchoInARedirect(t *testing.T) {
	t.Parallel()
	const part = "Key+of=the&fault" // that can be in the name of a host
	require.Contains(t, faultSK, part)
	inBubbles(t, func(t *testing.T, d deed) {
		s := answering(answer("302 Found", "", "Location: https://"+part+".example.com/"))(t)
		_, err := d.do(t.Context(), s.client)
		requireFault(t, d, err)
		require.ErrorIs(t, err, ctcbr.ErrRedirect)
		require.ErrorContains(t, err, "redirects to ***.example.com")
		requireSecret(t, err, faultSK)
	})
}
