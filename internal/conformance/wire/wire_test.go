//lint:file-ignore SA1019 the contract has deprecated parameters, and a sample of each

// Package wire holds what the SDK sends, byte for byte, and what it takes for an answer.
package wire

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

var update = flag.Bool("update", false, "write testdata/golden anew")

func TestSignatureOfTheseTests(t *testing.T) {
	t.Parallel()
	got := conformance.Signature(conformance.AK, conformance.SK, "request-123", "20260613T010203Z", "a=1&b=two", []byte(`{"regionID":"81f7728662dd11ec810800155d307d5b"}`))
	require.Equal(t, "h+H8K5CbPz1DjnbVWA+FEPGbbcEJOzVsi2GQv4LroyM=", got)
}

// oneShot makes connections that serve one request, which net/http never sends again by itself.
func oneShot(t testing.TB) ctcbr.Option {
	t.Helper()
	return ctcbr.WithHTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}})
}

func TestCompanionsHaveTheirOwnEndpoint(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		main, common := conformance.NewService(t), conformance.NewService(t)
		c := main.Client(t, ctcbr.WithCommonEndpoint(common.URL), ctcbr.WithRegion("r"))
		_, err := conformance.Invoke(t, c, op, conformance.NewSample().Request(op))
		require.NoError(t, err)
		if op.Common {
			main, common = common, main
		}
		require.Len(t, main.Take(), 1)
		require.Empty(t, common.Take())
	})
}

func TestStatusCodeOfSuccess(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		for _, code := range []string{"800", `"800"`, "800.0", `"800.0"`, "8e2"} {
			s.Answer(200, strings.Replace(conformance.Success, "800", code, 1))
			_, err := conformance.Invoke(t, c, op, conformance.NewSample().Request(op))
			require.NoError(t, err, code)
			received := s.Take()
			require.Len(t, received, 1)
			received[0].RequireSigned(t)
		}
	})
}

func TestRefusalsAreErrors(t *testing.T) {
	const texts = `"message":"the vault is full","description":"存储库已满"`
	tests := []struct {
		name   string
		status int
		body   string
		code   string
	}{
		{"both codes", 200, `{"statusCode":900,"error":"CBR.Storage.Full","errorCode":"cbr.storage.full",` + texts + `}`, "CBR.Storage.Full"},
		{"first code alone", 200, `{"statusCode":900,"error":"CBR.Storage.Full",` + texts + `,"returnObj":null}`, "CBR.Storage.Full"},
		{"other code alone", 200, `{"statusCode":"900","error":"","errorCode":"cbr.storage.full",` + texts + `,"returnObj":{}}`, "cbr.storage.full"},
		{"number with a fraction", 200, `{"statusCode":900.0,"errorCode":"cbr.storage.full",` + texts + `,"returnObj":""}`, "cbr.storage.full"},
		{"no code", 200, `{"statusCode":900,"error":null,` + texts + `,"returnObj":[]}`, ""},
		{"with what a success would hold", 200, strings.Replace(conformance.Success, "800", `900,"error":"CBR.Storage.Full",`+texts, 1), "CBR.Storage.Full"},
		{"of HTTP", 400, `{"statusCode":900,"error":"CBR.Storage.Full",` + texts + `}`, "CBR.Storage.Full"},
		{"of HTTP with a success", 400, strings.Replace(conformance.Success, "800", "800,"+texts, 1), ""},
	}
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				s.Answer(test.status, test.body)
				_, err := conformance.Invoke(t, c, op, conformance.NewSample().Request(op))
				received := s.Take()
				require.Len(t, received, 1)
				var e *ctcbr.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, test.code, e.Code)
				require.Equal(t, "the vault is full", e.Message)
				require.Equal(t, "存储库已满", e.Description)
				require.Equal(t, received[0].RequestID(), e.RequestID)
				require.Equal(t, []any{op.Name, op.Method, op.Path, test.status, 1}, []any{e.Operation, e.Method, e.Path, e.HTTPStatus, e.Attempts})
				if test.name != "of HTTP with a success" {
					require.Equal(t, 900, e.StatusCode)
				}
				require.Equal(t, clientToken(t, op, received[0]), e.ClientToken)
				if test.code != "" {
					require.True(t, e.HasCode("Cbr.Storage.Full"))
				}
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.NotErrorIs(t, err, ctcbr.ErrBadAnswer)
				for _, text := range []string{op.Name, "the vault is full", "存储库已满", test.code, e.RequestID, e.ClientToken} {
					require.Contains(t, err.Error(), text)
				}
				require.NotContains(t, err.Error(), "\n")
			})
		}
	})
}

// clientToken returns the token that an order was sent with.
func clientToken(t testing.TB, op conformance.Operation, r conformance.Received) string {
	t.Helper()
	if op.Kind != "order" {
		return ""
	}
	token, _ := conformance.Decode(t, r.Body)["clientToken"].(string)
	require.NotEmpty(t, token)
	return token
}

// attempts is how many requests an operation may make.
type attempts struct{ read, order, write int }

func (a attempts) of(op conformance.Operation) int {
	return map[string]int{"read": a.read, "order": a.order, "write": a.write}[op.Kind]
}

const maxAttempts = 3

// requireAttempts requires that a failed call made so many requests, each signed
// anew, all of them of one body, so that an order has one token.
func requireAttempts(t testing.TB, op conformance.Operation, want attempts, requests []conformance.Received, err error) {
	t.Helper()
	require.Len(t, requests, want.of(op), "%v", err)
	ids := map[string]bool{}
	for _, r := range requests {
		r.RequireSigned(t)
		ids[r.RequestID()] = true
		require.Equal(t, string(requests[0].Body), string(r.Body))
		require.Equal(t, requests[0].Target, r.Target)
	}
	require.Len(t, ids, len(requests), "request IDs must differ")
	var e *ctcbr.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, len(requests), e.Attempts)
	require.Equal(t, requests[len(requests)-1].RequestID(), e.RequestID)
	require.Equal(t, clientToken(t, op, requests[0]), e.ClientToken)
	require.Equal(t, op.Kind != "read", isUnknown(err), "%v", err)
}

func isUnknown(err error) bool {
	return strings.Contains(err.Error(), "outcome unknown") && errors.Is(err, ctcbr.ErrOutcomeUnknown)
}

func TestWhatIsNotTheEnvelopeIsNoSuccess(t *testing.T) {
	rest := strings.TrimPrefix(conformance.Success, `{"statusCode":800,`)
	tests := []struct {
		name   string
		status int
		body   string
	}{
		{"empty object", 200, `{}`},
		{"null", 200, `null`},
		{"list", 200, `[]`},
		{"list of an envelope", 200, `[` + conformance.Success + `]`},
		{"true", 200, `true`},
		{"800", 200, `800`},
		{"text", 200, `"800"`},
		{"HTML", 200, "<html><body>Welcome to our gateway</body></html>"},
		{"nothing", 200, ""},
		{"white space", 200, " \n"},
		{"no content", 204, ""},
		{"cut short", 200, conformance.Success[:len(conformance.Success)-1]},
		{"cut short in a text", 200, conformance.Success[:len(conformance.Success)-10]},
		{"two envelopes", 200, conformance.Success + conformance.Success},
		{"followed by text", 200, conformance.Success + "x"},
		{"no status code", 200, `{` + rest},
		{"the content alone", 200, `{"masterOrderID":"order-1","backupRestoreID":"restore-1","backupTaskID":"task-1"}`},
		{"status code null", 200, `{"statusCode":null,` + rest},
		{"status code empty", 200, `{"statusCode":"",` + rest},
		{"status code true", 200, `{"statusCode":true,` + rest},
		{"status code in a list", 200, `{"statusCode":[800],` + rest},
		{"status code in an object", 200, `{"statusCode":{"statusCode":800},` + rest},
		{"status code in words", 200, `{"statusCode":"success",` + rest},
		{"status code with more", 200, `{"statusCode":"800 OK",` + rest},
		{"status code with a fraction", 200, `{"statusCode":800.5,` + rest},
		{"status code too large", 200, `{"statusCode":1e400,` + rest},
		{"status code twice", 200, `{"statusCode":800,"statusCode":800,` + rest},
		{"status code in two spellings", 200, `{"statusCode":800,"StatusCode":800,` + rest},
		{"first a refusal", 200, `{"statusCode":900,"statuscode":800,` + rest},
		{"last a refusal", 200, `{"statusCode":800,"STATUSCODE":900,` + rest},
		{"content that is text", 200, `{"statusCode":800,"returnObj":"done"}`},
	}
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t, ctcbr.WithMaxAttempts(maxAttempts))
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				s.Answer(test.status, test.body)
				_, err := conformance.Invoke(t, c, op, conformance.NewSample().Request(op))
				require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
				want := attempts{read: 2, order: maxAttempts, write: 1}
				if strings.HasPrefix(test.name, "content") {
					want = attempts{1, 1, 1} // the envelope was one
				}
				requireAttempts(t, op, want, s.Take(), err)
				var e *ctcbr.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, test.status, e.HTTPStatus)
				if test.name == "HTML" {
					require.Contains(t, e.Body, "our gateway")
				}
			})
		}
	})
}

// What JSON does not take for white space is none around an envelope either.
func TestEnvelopeAmongOtherSpacesIsRefused(t *testing.T) {
	t.Parallel()
	const success = `{"statusCode":800}`
	for name, around := range map[string]string{"no-break space": "\u00a0", "next line": "\u0085", "form feed": "\f", "vertical tab": "\v", "em space": "\u2003", "byte order mark": "\ufeff"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, envelope(t, " \t\r\n"+success+" \t\r\n"))
			require.ErrorIs(t, envelope(t, around+success), ctcbr.ErrBadAnswer)
			require.ErrorIs(t, envelope(t, success+around), ctcbr.ErrBadAnswer)
		})
	}
}

func TestEnvelopeWithTwoContentsIsRefused(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, envelope(t, `{"statusCode":800,"returnObj":{"masterOrderID":"1"},"ReturnObj":{"masterOrderID":"2"}}`), ctcbr.ErrBadAnswer)
}

// envelope is what becomes of a call that is answered with a text.
func envelope(t *testing.T, text string) error {
	t.Helper()
	s := conformance.NewService(t)
	s.Answer(200, text)
	_, err := s.Client(t, ctcbr.WithMaxAttempts(1)).Do(t.Context(), &ctcbr.RawRequest{Method: http.MethodGet, Path: "/v4/x"})
	return err
}

func TestWithoutAFullAnswerWritesAreSentOnce(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, conformance.Success)
		}
	}
	tests := []struct {
		name    string
		respond http.HandlerFunc
		want    attempts
	}{
		{"HTTP 500", status(500), attempts{maxAttempts, maxAttempts, 1}},
		{"HTTP 502", status(502), attempts{maxAttempts, maxAttempts, 1}},
		{"HTTP 503", status(503), attempts{maxAttempts, maxAttempts, 1}},
		{"HTTP 504", status(504), attempts{maxAttempts, maxAttempts, 1}},
		{"connection cut", conformance.HangUp(""), attempts{maxAttempts, maxAttempts, 1}},
		{"connection cut in the header", conformance.HangUp("HTTP/1.1 200 OK\r\nContent-Type: a"), attempts{maxAttempts, maxAttempts, 1}},
		{"connection cut in the body", conformance.HangUp("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + conformance.Success), attempts{2, maxAttempts, 1}},
		{"chunked body cut", conformance.HangUp("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n" + conformance.Success[:8] + "\r\n"), attempts{2, maxAttempts, 1}},
	}
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t, oneShot(t), ctcbr.WithMaxAttempts(maxAttempts))
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				s.Responds(test.respond)
				_, err := conformance.Invoke(t, c, op, conformance.NewSample().Request(op))
				requireAttempts(t, op, test.want, s.Take(), err)
			})
		}
	})
}

func TestSuccessWithoutContent(t *testing.T) {
	contents := map[string]string{"absent": "", "null": `,"returnObj":null`, "list": `,"returnObj":[ ]`, "text": `,"returnObj":""`, "object": `,"returnObj":{}`}
	for _, op := range conformance.Contract(t) {
		requests := map[string]conformance.Object{op.Name: conformance.NewSample().Request(op)}
		if op.Name == "action-backup-policy" {
			requests = map[string]conformance.Object{}
			for name, code := range map[string]int{"enable": 1, "stop": 2, "run": 3} {
				requests[name] = conformance.Object{"regionID": "r", "backupPolicyID": "p", "backupPolicyOp": code}
			}
		}
		for name, request := range requests {
			names := op.Kind == "order" || name == "create-restore-backup" || name == "run"
			for content, member := range contents {
				t.Run(name+"/"+content, func(t *testing.T) {
					t.Parallel()
					s := conformance.NewService(t)
					s.Answer(200, `{"statusCode":800`+member+`}`)
					answer, err := conformance.Invoke(t, s.Client(t), op, request)
					if names {
						require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
						requireAttempts(t, op, attempts{order: 1, write: 1}, s.Take(), err)
						return
					}
					require.NoError(t, err)
					received := s.Take()
					require.Len(t, received, 1)
					require.Equal(t, received[0].RequestID(), conformance.RequestIDOf(answer))
					for _, f := range op.Response {
						kept := conformance.Decode(t, conformance.Encode(t, answer))[f.Name]
						require.True(t, kept == nil || reflect.ValueOf(kept).IsZero(), "%s is %v", f.Name, kept)
					}
				})
			}
		}
	}
}

func TestCommandsThatWereNotTaken(t *testing.T) {
	t.Parallel()
	contents := map[string][]string{
		"status":          {`{"status":"fail","msg":"plan 忙"}`, `{"status":"failed","msg":"plan 忙"}`, `{"status":false,"msg":"plan 忙"}`, `{"status":900,"msg":"plan 忙"}`},
		"installStatus":   {`{"installStatus":false}`, `{"installStatus":"false"}`, `{"installStatus":0}`},
		"UninstallStatus": {`{"UninstallStatus":false}`, `{"UninstallStatus":"False"}`, `{"UninstallStatus":0}`},
	}
	tried := 0
	for _, op := range conformance.Contract(t) {
		for _, f := range op.Response {
			for _, content := range contents[f.Name] {
				tried++
				s := conformance.NewService(t)
				s.Answer(200, `{"statusCode":800,"returnObj":`+content+`}`)
				_, err := conformance.Invoke(t, s.Client(t), op, conformance.NewSample().Request(op))
				require.ErrorIs(t, err, ctcbr.ErrRejected, content)
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown, content)
				require.Len(t, s.Take(), 1)
			}
		}
	}
	require.Equal(t, 5*4+2*3, tried)
}

func TestOrderInProgress(t *testing.T) {
	const named = `,"returnObj":{"masterOrderID":"order-7","masterOrderNo":"2026"}`
	tests := []struct {
		name, codes, content string
		status               int
		found                bool
	}{
		{"first spelling", `"error":"Backup.Order.InProgress"`, named, 200, true},
		{"other spelling", `"errorCode":"backup.order.inProgress"`, named, 200, true},
		{"both", `"error":"Backup.Order.InProgress","errorCode":"backup.order.inProgress"`, named, 200, true},
		{"with HTTP 400", `"errorCode":"backup.order.inProgress"`, named, 400, true},
		{"with HTTP 429", `"errorCode":"backup.order.inProgress"`, named, 429, true},
		{"unnamed", `"errorCode":"backup.order.inProgress"`, ``, 200, false},
		{"named with nothing", `"errorCode":"backup.order.inProgress"`, `,"returnObj":{"masterOrderID":""}`, 200, false},
		{"null", `"errorCode":"backup.order.inProgress"`, `,"returnObj":null`, 200, false},
	}
	for _, op := range conformance.Contract(t) {
		for _, test := range tests {
			t.Run(op.Name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				s := conformance.NewService(t)
				s.Answer(test.status, `{"statusCode":900,`+test.codes+`,"message":"in progress"`+test.content+`}`)
				answer, err := conformance.Invoke(t, s.Client(t, ctcbr.WithMaxAttempts(1)), op, conformance.NewSample().Request(op))
				received := s.Take()
				require.Len(t, received, 1)
				token := clientToken(t, op, received[0])
				if op.Kind == "order" && test.found {
					require.NoError(t, err)
					require.Equal(t, &ctcbr.Order{
						Meta: ctcbr.Meta{RequestID: received[0].RequestID()}, ID: "order-7", Number: "2026", ClientToken: token, InProgress: true,
					}, answer)
					return
				}
				var e *ctcbr.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, token, e.ClientToken)
				require.ErrorIs(t, err, ctcbr.ErrOrderInProgress)
				require.True(t, e.HasCode("backup.order.inprogress"))
			})
		}
	}
}

func TestOrderKeepsTheTokenThatItWasGiven(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		if op.Kind != "order" {
			return
		}
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewSample().Request(op)
		tokens := map[string]bool{}
		for _, given := range []string{"", "", "my token/1"} {
			request["clientToken"] = given
			answer, err := conformance.Invoke(t, c, op, request)
			require.NoError(t, err)
			order := answer.(*ctcbr.Order)
			require.Equal(t, clientToken(t, op, s.Take()[0]), order.ClientToken)
			require.False(t, order.InProgress)
			tokens[order.ClientToken] = true
		}
		require.Len(t, tokens, 3)
		require.Contains(t, tokens, "my token/1")
	})
}

// samples are requests as they are written in Go, by the name of the file that
// holds what they become. Those of an operation together have every parameter.
var samples = map[string]func(ctx context.Context, c *ctcbr.Client) (any, error){
	"open-service-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.OpenService(ctx, &ctcbr.OpenServiceRequest{RegionID: "region-1", ClientToken: "token-1"})
	},
	"install-client-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.Install(ctx, &ctcbr.InstallAgentRequest{RegionID: "region-1", HostID: "host-1"})
	},
	"info-client-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.List(ctx, &ctcbr.ListAgentsRequest{
			RegionID: "region-1", ID: "agent-1", Query: "主机 1+1=100%&x", Page: 2, PageSize: 50, IsCloud: ctcbr.Ptr(false),
			SourceType: ctcbr.SourceOnPremises, NotOnlyInstalled: ctcbr.Ptr(true),
		})
	},
	"uninstall-client-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.Uninstall(ctx, &ctcbr.UninstallAgentRequest{RegionID: "region-1", ID: "agent-1"})
	},
	"client-by-instance-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.ListByHost(ctx, &ctcbr.ListAgentsByHostRequest{RegionID: "region-1", HostIDs: "host-1,host-2", ID: "agent-1", Page: 1, PageSize: 10})
	},
	"create-storage-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Storages.Create(ctx, &ctcbr.CreateStorageRequest{
			RegionID: "region-1", Name: "vault-1", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 11, MultiAZ: ctcbr.Ptr(0), ClientToken: "token-1",
		})
	},
	"query-storage-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Storages.List(ctx, &ctcbr.ListStoragesRequest{RegionID: "region-1", ID: "vault-1", Query: "存储", Status: ctcbr.StorageDestroying})
	},
	"resize-storage-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Storages.Resize(ctx, &ctcbr.ResizeStorageRequest{RegionID: "region-1", ID: "vault-1", CapacityGB: 1024000, ClientToken: "token-1"})
	},
	"renew-storage-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Storages.Renew(ctx, &ctcbr.RenewStorageRequest{RegionID: "region-1", ID: "vault-1", CycleType: ctcbr.CycleYear, CycleCount: 3, ClientToken: "token-1"})
	},
	"refund-storage-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Storages.Unsubscribe(ctx, &ctcbr.UnsubscribeStorageRequest{RegionID: "region-1", ID: "vault-1", ClientToken: "token-1"})
	},
	"new-backup-policy": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
			RegionID: "region-1", Name: "计划 1", HostID: "host-1", StorageID: "vault-1", DirectType: ctcbr.Ptr(ctcbr.DirectAdvanced),
			Files:     &ctcbr.FileSelection{Dirs: []string{"/data", "/数据"}, Files: []string{"/etc/a&b"}, Rule: ctcbr.Ptr(ctcbr.FilesExclude)},
			Schedule:  ctcbr.Weekly(time.Sunday, 0),
			Retention: ctcbr.Retention{Unit: ctcbr.RetainMonths, Value: ctcbr.Ptr(6), HasLadder: ctcbr.Ptr(true), Ladder: &ctcbr.RetentionLadder{Days: ctcbr.Ptr(7), Weeks: ctcbr.Ptr(4), Months: ctcbr.Ptr(12), Years: ctcbr.Ptr(0)}},
			Full:      &ctcbr.FullBackup{Mode: ctcbr.Ptr(1), Increments: ctcbr.Ptr(30)},
			Limits:    ctcbr.LimitUpload(0, 24, 9999), IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"new-backup-policy-least": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Create(ctx, &ctcbr.CreatePlanRequest{
			RegionID: "region-1", Name: "plan-1", HostID: "host-1", StorageID: "vault-1", DirectType: ctcbr.Ptr(ctcbr.DirectAll),
			Schedule: ctcbr.Hourly(), Retention: ctcbr.KeepForever(),
		})
	},
	"query-backup-policy": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.List(ctx, &ctcbr.ListPlansRequest{
			RegionID: "region-1", HostID: "host-1", Name: "计划", ID: "plan-1", Status: ctcbr.PlanStopped, Query: "q", IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"action-backup-policy": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Operate(ctx, &ctcbr.OperatePlanRequest{
			RegionID: "region-1", ID: "plan-1", Op: ctcbr.PlanRun, Mode: ctcbr.Ptr(ctcbr.BackupFull), IsCloud: ctcbr.Ptr(false), SourceType: ctcbr.SourceOnPremises,
		})
	},
	"action-backup-policy-enable": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Enable(ctx, &ctcbr.OperatePlanRequest{RegionID: "region-1", ID: "plan-1"})
	},
	"action-backup-policy-stop": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{RegionID: "region-1", ID: "plan-1"})
	},
	"action-backup-policy-run": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Run(ctx, &ctcbr.OperatePlanRequest{RegionID: "region-1", ID: "plan-1", Mode: ctcbr.Ptr(ctcbr.BackupIncremental)})
	},
	"update-backup-policy": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Update(ctx, &ctcbr.UpdatePlanRequest{
			RegionID: "region-1", ID: "plan-1", Name: "计划 2", DirectType: ctcbr.Ptr(ctcbr.DirectGiven), Files: &ctcbr.FileSelection{Dirs: []string{"/data"}},
			Schedule: ctcbr.Monthly(31, 23), Retention: ctcbr.KeepYears(1), Full: &ctcbr.FullBackup{Mode: ctcbr.Ptr(0)},
			Limits: &ctcbr.UploadLimits{Enabled: ctcbr.Ptr(false)}, IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceBareMetal,
		})
	},
	"update-backup-policy-advanced": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Update(ctx, &ctcbr.UpdatePlanRequest{
			RegionID: "region-1", ID: "plan-1", Name: "计划 3", DirectType: ctcbr.Ptr(ctcbr.DirectAdvanced),
			Files:     &ctcbr.FileSelection{Dirs: []string{"/data"}, Files: []string{"*.log", "/数据/a&b"}, Rule: ctcbr.Ptr(ctcbr.FilesInclude)},
			Schedule:  ctcbr.Daily(0),
			Retention: ctcbr.Retention{Unit: ctcbr.RetainDays, Value: ctcbr.Ptr(30), HasLadder: ctcbr.Ptr(true), Ladder: &ctcbr.RetentionLadder{Days: ctcbr.Ptr(0), Weeks: ctcbr.Ptr(8), Months: ctcbr.Ptr(1), Years: ctcbr.Ptr(10)}},
			Full:      &ctcbr.FullBackup{Mode: ctcbr.Ptr(1), Increments: ctcbr.Ptr(0)}, Limits: ctcbr.LimitUpload(8, 20, 1),
		})
	},
	"refund-backup-policy": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Delete(ctx, &ctcbr.DeletePlanRequest{RegionID: "region-1", ID: "plan-1", IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS})
	},
	"query-task-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Tasks.List(ctx, &ctcbr.ListTasksRequest{
			RegionID: "region-1", HostID: "host-1", Query: "~-_.*'()", Status: ctcbr.TaskExecuting, IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"cancel-task-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Tasks.Cancel(ctx, &ctcbr.CancelTaskRequest{RegionID: "region-1", ID: "task-1", IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS})
	},
	"create-restore-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{
			RegionID: "region-1", SnapshotID: "snapshot-1", TargetID: "host-2", TargetDir: "/恢复", ExistingFiles: ctcbr.Ptr(ctcbr.ExistingOverwrite),
			Scope: ctcbr.Ptr(ctcbr.RestoreAllBut), Paths: []string{"/data/tmp"}, IncludeSystemDirs: ctcbr.Ptr(false), IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"query-restore-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Restores.List(ctx, &ctcbr.ListRestoresRequest{
			RegionID: "region-1", ID: "restore-1", HostID: "host-1", Query: "q", Status: ctcbr.RestoreCreateFailed, IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"cancel-restore-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Restores.Cancel(ctx, &ctcbr.CancelRestoreRequest{RegionID: "region-1", ID: "restore-1", IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS})
	},
	"query-backup-snapshot": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Snapshots.List(ctx, &ctcbr.ListSnapshotsRequest{
			RegionID: "region-1", PlanName: "计划", PlanID: "plan-1", HostID: "host-1", StorageID: "vault-1", Status: ctcbr.SnapshotRestoring, Query: "q",
			IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS,
		})
	},
	"delete-resources-backup": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Snapshots.DeleteResource(ctx, &ctcbr.DeleteResourceRequest{RegionID: "region-1", ID: "snapshot-1", IsCloud: ctcbr.Ptr(true), SourceType: ctcbr.SourceECS})
	},
	"query-uuid": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Orders.Get(ctx, &ctcbr.GetOrderRequest{ID: "order-1"})
	},
	"list-regions": func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Regions.List(ctx, &ctcbr.ListRegionsRequest{Name: "华东 1"})
	},
}

func TestGoldenRequests(t *testing.T) {
	t.Parallel()
	for name, call := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := conformance.NewService(t)
			_, err := call(t.Context(), s.Client(t))
			require.NoError(t, err)
			received := s.Take()
			require.Len(t, received, 1)
			received[0].RequireSigned(t)
			requireGolden(t, name+".txt", received[0].String())
		})
	}
	var files []string
	for _, op := range conformance.Contract(t) {
		files = append(files, op.Name)
	}
	require.Subset(t, slices.Collect(maps.Keys(samples)), files, "an operation without a golden request")
}

// A parameter that no sample gives is in no golden file.
func TestSamplesCarryEveryParameter(t *testing.T) {
	t.Parallel()
	s := conformance.NewService(t)
	c := s.Client(t)
	for name, call := range samples {
		_, err := call(t.Context(), c)
		require.NoError(t, err, name)
	}
	sent := map[string][]conformance.Object{}
	for _, r := range s.Take() {
		path, _, _ := strings.Cut(r.Target, "?")
		sent[path] = append(sent[path], r.Parameters(t))
	}
	for _, op := range conformance.Contract(t) {
		assert.Empty(t, notCarried(op.Name, op.Parameters, sent[op.Path]), "give them in a sample")
	}
}

// notCarried are the parameters that are in none of the requests.
func notCarried(path string, parameters []conformance.Parameter, requests []conformance.Object) []string {
	var missing []string
	for _, p := range parameters {
		var inner []conformance.Object
		given := false
		for _, o := range requests {
			if value, here := o[p.Name]; here {
				given, inner = true, append(inner, conformance.FirstObject(value))
			}
		}
		if !given {
			missing = append(missing, path+"."+p.Name)
		}
		missing = append(missing, notCarried(path+"."+p.Name, p.Fields, inner)...)
	}
	return missing
}

// TestGoldenNames holds the name in Go of everything on the wire, which programs
// depend on, so that no two of one type are exchanged.
func TestGoldenNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	seen := map[reflect.Type]bool{}
	var write func(typ reflect.Type)
	write = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		fmt.Fprintf(&b, "\n%s\n", typ.Name())
		members := conformance.Tags(typ)
		for _, name := range slices.Sorted(maps.Keys(members)) {
			fmt.Fprintf(&b, "\t%s = %s %s\n", name, members[name].Name, members[name].Type)
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			write(members[name].Type)
		}
	}
	for _, op := range conformance.Contract(t) {
		write(conformance.Calls[op.Name].Request)
		write(conformance.Calls[op.Name].Response)
	}
	requireGolden(t, "names.txt", strings.TrimPrefix(b.String(), "\n"))
}

func requireGolden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./internal/conformance/wire -update writes %s anew", path)
}
