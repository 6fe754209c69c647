package faults

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

// refusal is an answer of the gateway, in its own form.
func refusal(code string) string {
	return fmt.Sprintf(`{"requestId":"of-the-gateway","error":"%[1]s","code":"%[1]s","message":"ctyun-EOP: refused","eopErrCode":"%[1]s","statusCode":"CTAPI_%[1]s","returnObj":{}}`, code)
}

const (
	hintKeys   = "check the key pair: both keys must belong together and must not be disabled"
	hintSecret = "check that the secret key (SK) belongs to the access key, and that no proxy changes requests"
)

var statusLines = []string{"200 OK", "302 Found", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"}

// A key or a signature that the gateway refuses is ErrUnauthorized at any HTTP status, sent once, and
// leaves nothing in doubt.
func TestFaultGatewayRefusesKeys(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ body, hint string }{
		"the key":                    {refusal("10002"), hintKeys},
		"the signature":              {refusal("10009"), hintSecret + ", and the clock of this machine"},
		"by its status alone":        {`{"statusCode":"CTAPI_10009","message":"signature"}`, hintSecret},
		"by its code alone":          {`{"eopErrCode":10002,"message":"key"}`, hintKeys},
		"in letters of another case": {`{"EOPERRCODE":"10009","StatusCode":"CTAPI_10009"}`, hintSecret},
		"in the platform's words":    {`{"statusCode":900,"errorCode":"Openapi.RequestParse.AccessKeyInvalid"}`, "check"},
	} {
		for _, line := range statusLines {
			t.Run(line[:3]+" "+what, func(t *testing.T) {
				t.Parallel()
				inBubbles(t, func(t *testing.T, d deed) {
					s := answering(answer(line, c.body))(t)
					err := s.try(t.Context(), t, d, final(statusOf(line), ctcbr.ErrUnauthorized).of(d))
					require.NotErrorIs(t, err, ctcbr.ErrBadAnswer)
					require.ErrorContains(t, err, c.hint)
					var call *ctcbr.Error
					require.ErrorAs(t, err, &call)
					if strings.Contains(c.body, "of-the-gateway") {
						require.Equal(t, "of-the-gateway", call.GatewayRequestID)
						require.ErrorContains(t, err, "gateway request of-the-gateway")
					}
					require.Empty(t, call.Body)
					s.end(t)
				})
			})
		}
	}
}

// Another refusal of the gateway is an error with its code and message, never a page, and never
// ErrNotFound. Unless its HTTP status is a 4xx, nobody knows whether the request was passed on.
func TestFaultGatewayRefusesOtherwise(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"200 OK", "400 Bad Request", "404 Not Found", "410 Gone"} {
		t.Run(line[:3], func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer(line, refusal("10000")))(t)
				w := final(statusOf(line)).of(d)
				w.unknown = line[0] != '4' && d.kind != "read"
				err := s.try(t.Context(), t, d, w)
				var call *ctcbr.Error
				require.ErrorAs(t, err, &call)
				require.Equal(t, "10000", call.Code)
				require.Equal(t, "ctyun-EOP: refused", call.Message)
				require.Empty(t, call.Body)
				for _, sentinel := range []error{ctcbr.ErrNotFound, ctcbr.ErrBadAnswer, ctcbr.ErrUnauthorized} {
					require.NotErrorIs(t, err, sentinel)
				}
				s.end(t)
			})
		})
	}
	// A status that has a row of its own keeps it.
	faultCase{name: "503", expect: lost(ctcbr.ErrUnavailable).with(503), stage: answering(answer("503 Service Unavailable", refusal("10000")))}.run(t)
	faultCase{name: "429", expect: expect{
		read:  want{requests: 4, is: []error{ctcbr.ErrThrottled}},
		order: want{requests: 4, is: []error{ctcbr.ErrThrottled}},
		write: want{requests: 1, is: []error{ctcbr.ErrThrottled}},
	}.with(429), stage: answering(answer("429 Too Many Requests", refusal("10000")))}.run(t)
}

// An answer that speaks for the service and for the gateway at once is no answer of either.
func TestFaultGatewayAndServiceAtOnce(t *testing.T) {
	t.Parallel()
	for what, body := range map[string]string{
		"a success with the gateway's code": `{"statusCode":800,"eopErrCode":"10009","returnObj":{"masterOrderID":"order-1","status":"success"}}`,
		"a failure with the gateway's code": `{"statusCode":"900","eopErrCode":"10002","error":"Backup.Plan.Busy"}`,
		"two statuses":                      `{"statusCode":"CTAPI_10009","statusCode":800}`,
	} {
		faultCase{name: what, expect: garbledAnswer().with(200), stage: answering(answer200(body))}.run(t)
	}
}

// A success whose field of the gateway is empty is a success.
func TestFaultGatewayCodeThatIsEmpty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := answering(answer200(`{"statusCode":800,"eopErrCode":"","returnObj":{"backupStorageList":[]}}`))(t)
		_, err := s.client.Storages.List(t.Context(), &ctcbr.ListStoragesRequest{})
		require.NoError(t, err)
		s.end(t)
	})
}

// A date far from the gateway's corrects the next attempt, and teaches the client nothing.
func TestFaultGatewayNeverTeachesTheClock(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"10009", "10000"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				far := time.Now().Add(3 * time.Hour).UTC().Format(http.TimeFormat)
				lie := true
				s := serving(func(c *edgeConn) {
					for {
						if _, ok := c.request(); !ok {
							return
						}
						if lie {
							c.say(answer("200 OK", refusal(code), "Date: "+far))
							continue
						}
						c.say(answer200(successAnswer))
					}
				})(t)
				_, err := d.do(t.Context(), s.client)
				require.Error(t, err)
				asked := s.requests()
				once := code == "10000" && d.kind == "write"
				if once {
					require.Len(t, asked, 1, "a write that may have been passed on is not repeated")
				} else {
					require.Len(t, asked, 2, "once more, corrected")
					require.NotEqual(t, asked[0].date, asked[1].date)
				}
				lie = false
				_, err = d.do(t.Context(), s.client)
				require.NoError(t, err)
				require.Equal(t, asked[0].date, s.requests()[len(asked)].date, "signed by the clock of this machine")
				s.end(t)
			})
		})
	}
}

// A refusal of the gateway is recognised in a list that is streamed, too.
func TestFaultGatewayRefusesAList(t *testing.T) {
	t.Parallel()
	for code, is := range map[string]error{"10009": ctcbr.ErrUnauthorized, "10002": ctcbr.ErrUnauthorized, "10000": nil} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(answer200(refusal(code)))(t)
				items, failed := 0, error(nil)
				for _, err := range s.client.Storages.All(t.Context(), nil) {
					if failed = err; err == nil {
						items++
					}
				}
				require.Zero(t, items)
				require.Error(t, failed)
				require.NotErrorIs(t, failed, ctcbr.ErrBadAnswer)
				if is != nil {
					require.ErrorIs(t, failed, is)
				}
				require.Len(t, s.requests(), 1)
				s.end(t)
			})
		})
	}
}

// A failure that names an order never loses it.
func TestFaultFailureNamesAnOrder(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"200 OK", "403 Forbidden", "409 Conflict", "503 Service Unavailable"} {
		t.Run(line[:3], func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(answer(line, `{"statusCode":900,"error":"Backup.Order.Exists","returnObj":{"masterOrderID":"order-7","masterOrderNO":null}}`))(t)
				_, err := s.client.Storages.Create(t.Context(), vault())
				var call *ctcbr.Error
				require.ErrorAs(t, err, &call)
				require.Equal(t, "order-7", call.OrderID)
				require.ErrorContains(t, err, "order order-7")
				s.end(t)
			})
		})
	}
}

// What the platform behind the service says with HTTP 200 is retried like the status it stands for.
func TestFaultPlatform(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"openapi.admin.accessFailed", "openapi.userPermission.accessFailed", "openapi.yacos.accessFailed", "openapi.workorder.accessFailed", "openapi.ctyunPlatform.accessFailed", "openapi.innerSys.accessFailed", "openapi.charge.fused", "OPENAPI.CHARGE.FUSED"} {
		faultCase{name: code, expect: lost(ctcbr.ErrUnavailable).with(200), stage: answering(answer200(`{"statusCode":900,"error":"` + code + `"}`))}.run(t)
	}
	for _, code := range []string{"CTIAM_0005", "CTIAM_1044"} {
		faultCase{name: code, within: instantly, expect: final(200, ctcbr.ErrUnauthorized), stage: answering(answer200(`{"statusCode":900,"errorCode":"` + code + `"}`))}.run(t)
	}
	for _, line := range []string{"200 OK", "400 Bad Request", "404 Not Found"} {
		faultCase{name: "a region, " + line[:3], within: instantly, expect: final(statusOf(line), ctcbr.ErrRegion), stage: answering(answer(line, `{"statusCode":900,"error":"OPENAPI.RegionInfo.AccessFailed"}`))}.run(t)
	}
}

// Retry-After is kept by a server fault, too, and ends the call where it is too long.
func TestFaultServerSaysWhen(t *testing.T) {
	t.Parallel()
	for seconds, requests := range map[int]int{7: 4, 31: 1} {
		t.Run(fmt.Sprint(seconds), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := answering(answer("503 Service Unavailable", "", fmt.Sprint("Retry-After: ", seconds)))(t)
				_, err := readDeed.do(t.Context(), s.client)
				require.ErrorIs(t, err, ctcbr.ErrUnavailable)
				require.Len(t, s.requests(), requests)
				require.Equal(t, time.Duration((requests-1)*seconds)*time.Second, time.Since(began).Truncate(time.Second))
				s.end(t)
			})
		})
	}
}
