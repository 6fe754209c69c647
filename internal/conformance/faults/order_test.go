package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// An order in progress that is named is a result, whatever the HTTP status below
// 500. One that is not named is an error that holds its token.
func TestFaultOrderInProgress(t *testing.T) {
	t.Parallel()
	const bare = `{"statusCode":900,"error":"Backup.Order.InProgress","message":"in progress"}`
	unnamed := map[string]string{
		"no content":        bare,
		"null":              `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":null}`,
		"empty ID":          `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":{"masterOrderID":""}}`,
		"blank ID":          `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":{"masterOrderID":" \t"}}`,
		"another spelling":  `{"statusCode":900,"error":"Backup.Order.InProgress","errorCode":"backup.order.inProgress","returnObj":{"masterOrderNO":"no-1"}}`,
		"content as text":   `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":"order-1"}`,
		"content as a list": `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":[]}`,
	}
	named := map[string]string{
		"named":                       inProgressAnswer,
		"in the other spelling":       `{"statusCode":900,"errorCode":"backup.order.inProgress","returnObj":{"masterOrderID":"order-1"}}`,
		"in the one of two codes":     `{"statusCode":900,"error":"Backup.Order.Processing","errorCode":"Backup.Order.InProgress","returnObj":{"masterOrderID":"order-1"}}`,
		"with a code as text":         `{"statusCode":"900","error":"Backup.Order.InProgress","returnObj":{"masterOrderID":"order-1"}}`,
		"with an ID that is a number": `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":{"masterOrderID":12345678901234567890}}`,
	}
	for _, line := range []string{"200 OK", "202 Accepted", "302 Found", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "409 Conflict", "429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"} {
		for what, body := range named {
			t.Run(line[:3]+" "+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := answering(answer(line, body))(t)
					switch status := statusOf(line); {
					case status >= 500:
						s.try(t.Context(), t, orderDeed, lost(ctcbr.ErrUnavailable).with(status).order)
						s.end(t)
						return
					case status == 401 || status == 403:
						var call *ctcbr.Error
						require.ErrorAs(t, s.try(t.Context(), t, orderDeed, final(status, ctcbr.ErrUnauthorized).order), &call)
						require.NotEmpty(t, call.OrderID, "refused keys outrank the order, which is not lost")
						s.end(t)
						return
					}
					o, err := s.client.Storages.Create(t.Context(), vault())
					require.NoError(t, err)
					require.True(t, o.InProgress)
					require.NotEmpty(t, o.ID)
					require.Len(t, s.requests(), 1)
					require.Equal(t, s.requests()[0].token, o.ClientToken)
					require.Equal(t, s.requests()[0].requestID, o.RequestID)
					s.end(t)
				})
			})
		}
		for what, body := range unnamed {
			t.Run(line[:3]+" not named, "+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := final(statusOf(line), ctcbr.ErrOrderInProgress).order
					if statusOf(line) == 429 {
						w.requests = 4
					}
					if statusOf(line) >= 500 {
						w.requests, w.unknown = 4, true
					}
					s := answering(answer(line, body))(t)
					s.try(t.Context(), t, orderDeed, w)
					s.end(t)
				})
			})
		}
	}
}

// An order in progress that is named twice, and not alike, is not known: the error has both.
func TestFaultOrderInProgressWithTwoIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := answering(answer200(`{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":{"masterOrderID":"order-1","masterOrderID":"order-2"}}`))(t)
		o, err := s.client.Storages.Create(t.Context(), vault())
		require.Nil(t, o)
		require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		require.ErrorContains(t, err, "order-1")
		require.ErrorContains(t, err, "order-2")
		var call *ctcbr.Error
		require.ErrorAs(t, err, &call)
		require.NotEmpty(t, call.ClientToken)
		require.Len(t, s.requests(), 1)
		s.end(t)
	})
}

// Only an order can be in progress.
func TestFaultInProgressOfAnotherKind(t *testing.T) {
	t.Parallel()
	faultCase{name: "in progress", within: instantly, stage: answering(answer200(inProgressAnswer)), expect: expect{
		read:  want{requests: 1, status: 200, is: []error{ctcbr.ErrOrderInProgress}},
		order: want{ok: true, requests: 1},
		write: want{requests: 1, status: 200, is: []error{ctcbr.ErrOrderInProgress}},
	}}.run(t)
}

// allOrders are the five calls that cost money.
func allOrders(srv *cbrtest.Server) map[string]func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
	storage := srv.AddStorage(cbrtest.Storage{Name: "given"})
	return map[string]func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error){
		"open-service-backup": func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
			return c.OpenService(ctx, &ctcbr.OpenServiceRequest{ClientToken: token})
		},
		"create-storage-backup": func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
			req := vault()
			req.Name, req.ClientToken = "bought", token
			return c.Storages.Create(ctx, req)
		},
		"resize-storage-backup": func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
			return c.Storages.Resize(ctx, &ctcbr.ResizeStorageRequest{ID: storage, CapacityGB: 500, ClientToken: token})
		},
		"renew-storage-backup": func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
			return c.Storages.Renew(ctx, &ctcbr.RenewStorageRequest{ID: storage, CycleType: ctcbr.CycleYear, CycleCount: 1, ClientToken: token})
		},
		"refund-storage-backup": func(ctx context.Context, c *ctcbr.Client, token string) (*ctcbr.Order, error) {
			return c.Storages.Unsubscribe(ctx, &ctcbr.UnsubscribeStorageRequest{ID: storage, ClientToken: token})
		},
	}
}

// An order whose outcome is unknown is placed again with the token of its error, by
// this client or by the next process after a crash: one order, one charge.
func TestFaultOrderPlacedAgainWithItsToken(t *testing.T) {
	t.Parallel()
	lostAnswers := map[string]cbrtest.Fault{
		"reset":   {Conn: cbrtest.ResetAfterRequest, Apply: true, Times: 4},
		"silence": {Conn: cbrtest.Silence, Apply: true, Times: 4},
		"500":     {Status: 500, Apply: true, Times: 4},
		"page":    {Status: 200, Body: gatewayPage, Apply: true, Times: 4},
		"cut":     {Conn: cbrtest.CutBody, Apply: true, Times: 4},
		"unnamed": {Status: 200, Body: `{"statusCode":800,"returnObj":null}`, Apply: true},
	}
	for what, fault := range lostAnswers {
		for operation := range allOrders(silentServer(t)) {
			t.Run(what+" of "+operation, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv, s := cloudStage(t)
					place := allOrders(srv)[operation]
					before := srv.Charges()
					srv.Inject(operation, fault)
					_, err := place(t.Context(), s.client, "")
					require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
					var e *ctcbr.Error
					require.ErrorAs(t, err, &e)
					require.NotEmpty(t, e.ClientToken)
					require.Contains(t, err.Error(), e.ClientToken)

					afterCrash := faultClient(t, ctcbr.WithEndpoint(srv.URL), ctcbr.WithHTTPClient(&http.Client{Transport: s.transport}))
					first, err := place(t.Context(), s.client, e.ClientToken)
					require.NoError(t, err)
					second, err := place(t.Context(), afterCrash, e.ClientToken)
					require.NoError(t, err)
					require.Equal(t, first.ID, second.ID)
					require.Equal(t, e.ClientToken, second.ClientToken)
					require.Equal(t, before+1, srv.Charges())
					afterCrash.Close()
					s.end(t)
				})
			})
		}
	}
}

// silentServer is one to learn the names of operations from.
func silentServer(t *testing.T) *cbrtest.Server {
	t.Helper()
	srv := cbrtest.NewServer(cbrtest.InMemory())
	t.Cleanup(srv.Close)
	return srv
}

// One request struct used for two purchases makes two orders, and stays as it was.
func TestFaultOneRequestForTwoPurchases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, s := cloudStage(t)
		id := srv.AddStorage(cbrtest.Storage{})
		before := srv.Charges()
		req := &ctcbr.RenewStorageRequest{ID: id, CycleType: ctcbr.CycleMonth, CycleCount: 1}
		given := *req
		first, err := s.client.Storages.Renew(t.Context(), req)
		require.NoError(t, err)
		second, err := s.client.Storages.Renew(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, given, *req)
		require.NotEqual(t, first.ID, second.ID)
		require.NotEqual(t, first.ClientToken, second.ClientToken)
		require.Equal(t, before+2, srv.Charges())
		s.end(t)
	})
}

// Nor does a failure write into the caller's struct.
func TestFaultLeavesTheRequestAsItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := answering(answer("500 Internal Server Error", ""))(t)
		req := vault()
		given := *req
		_, err := s.client.Storages.Create(t.Context(), req)
		require.Error(t, err)
		require.Equal(t, given, *req)
		s.end(t)
	})
}

// A process may die in the middle of an order: it gave a token of its own, which it
// had stored before.
func TestFaultCrashInTheMiddleOfAnOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, s := cloudStage(t)
		before := srv.Charges()
		req := vault()
		req.ClientToken = ctcbr.NewClientToken()
		srv.Inject("create-storage-backup", cbrtest.Fault{Conn: cbrtest.Silence, Apply: true})
		ctx, crash := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, crash)
		_, err := s.client.Storages.Create(ctx, req)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		o, err := s.client.Storages.Create(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, req.ClientToken, o.ClientToken)
		require.Equal(t, before+1, srv.Charges())
		s.end(t)
	})
}

// A write is not carried out twice, whatever becomes of its answers.
func TestFaultWriteIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"reset":            {Conn: cbrtest.ResetAfterRequest, Apply: true, Times: -1},
		"close":            {Conn: cbrtest.CloseAfterRequest, Apply: true, Times: -1},
		"silence":          {Conn: cbrtest.Silence, Apply: true, Times: -1},
		"silent body":      {Conn: cbrtest.SilenceAfterHeader, Apply: true, Times: -1},
		"cut body":         {Conn: cbrtest.CutBody, Times: -1},
		"cut chunk":        {Conn: cbrtest.CutChunk, Times: -1},
		"dripping":         {Conn: cbrtest.Drip, Interval: time.Second, Times: -1},
		"malformed status": {Conn: cbrtest.MalformedStatus, Apply: true, Times: -1},
		"500":              {Status: 500, Apply: true, Times: -1},
		"503 and a wait":   {Status: 503, Header: http.Header{"Retry-After": {"1"}}, Apply: true, Times: -1},
		"page":             {Status: 200, Body: gatewayPage, Apply: true, Times: -1},
		"too late":         {Delay: time.Minute, Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, s := cloudStage(t)
				srv.Inject("action-backup-policy", fault)
				_, err := s.client.Plans.Run(t.Context(), &ctcbr.OperatePlanRequest{ID: "plan"})
				require.Equal(t, 1, requireFault(t, writeDeed, err).Attempts)
				require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				srv.ClearFaults()
				tasks, err := s.client.Tasks.List(t.Context(), &ctcbr.ListTasksRequest{})
				require.NoError(t, err)
				require.Len(t, tasks.Tasks, 1)
				require.Equal(t, 1, srv.Count("action-backup-policy"))
				s.end(t)
			})
		})
	}
}

// Commands that say no under the status of a success, and successes that do not
// name what was made.
func TestFaultSuccessThatIsNone(t *testing.T) {
	t.Parallel()
	type call func(ctx context.Context, c *ctcbr.Client) (any, error)
	stop := func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Stop(ctx, &ctcbr.OperatePlanRequest{ID: "p"})
	}
	run := func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Plans.Run(ctx, &ctcbr.OperatePlanRequest{ID: "p"})
	}
	buy := func(ctx context.Context, c *ctcbr.Client) (any, error) { return c.Storages.Create(ctx, vault()) }
	restore := func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Restores.Create(ctx, &ctcbr.CreateRestoreRequest{SnapshotID: "s", TargetID: "h"})
	}
	install := func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: "h"})
	}
	uninstall := func(ctx context.Context, c *ctcbr.Client) (any, error) {
		return c.Agents.Uninstall(ctx, &ctcbr.UninstallAgentRequest{ID: "a"})
	}
	for name, f := range map[string]struct {
		call    call
		content string
		is      error // nil for a success
	}{
		"command that failed":                           {stop, `{"status":"failed","msg":"busy"}`, ctcbr.ErrRejected},
		"command that failed in a number":               {stop, `{"status":0}`, ctcbr.ErrRejected},
		"command that failed in a boolean":              {stop, `{"status":false}`, ctcbr.ErrRejected},
		"command that failed in an object":              {stop, `{"status":{"code":1}}`, ctcbr.ErrRejected},
		"command of an unknown status":                  {stop, `{"status":"maybe"}`, ctcbr.ErrRejected},
		"command that succeeded in capitals":            {stop, `{"status":"SUCCESS"}`, nil},
		"command that succeeded with spaces":            {stop, `{"status":" success "}`, nil},
		"command without detail":                        {stop, `{}`, nil},
		"command with null":                             {stop, `null`, nil},
		"command with an empty list":                    {stop, `[]`, nil},
		"command with an empty text":                    {stop, `""`, nil},
		"command with a list":                           {stop, `[{"status":"success"}]`, ctcbr.ErrBadAnswer},
		"command with text":                             {stop, `"success"`, ctcbr.ErrBadAnswer},
		"command with a number":                         {stop, `1`, ctcbr.ErrBadAnswer},
		"run that failed":                               {run, `{"status":"failed","backupTaskID":"t"}`, ctcbr.ErrRejected},
		"run without its task":                          {run, `{"status":"success"}`, ctcbr.ErrBadAnswer},
		"run with a blank task":                         {run, `{"status":"success","backupTaskID":"  "}`, ctcbr.ErrBadAnswer},
		"run with a task of white space":                {run, `{"status":"success","backupTaskID":"\t\r\n\u00a0"}`, ctcbr.ErrBadAnswer},
		"run with an empty text":                        {run, `""`, ctcbr.ErrBadAnswer},
		"run with an empty list":                        {run, `[]`, ctcbr.ErrBadAnswer},
		"run with nothing":                              {run, `null`, ctcbr.ErrBadAnswer},
		"order without its ID":                          {buy, `{"masterOrderNO":"n"}`, ctcbr.ErrBadAnswer},
		"order with nothing":                            {buy, `null`, ctcbr.ErrBadAnswer},
		"order with an empty list":                      {buy, `[]`, ctcbr.ErrBadAnswer},
		"order with an empty text":                      {buy, `""`, ctcbr.ErrBadAnswer},
		"order with a list of orders":                   {buy, `[{"masterOrderID":"o"}]`, ctcbr.ErrBadAnswer},
		"order with an ID of null":                      {buy, `{"masterOrderID":null}`, ctcbr.ErrBadAnswer},
		"order with a blank ID":                         {buy, `{"masterOrderID":"  "}`, ctcbr.ErrBadAnswer},
		"order with an ID of white space":               {buy, `{"masterOrderID":"\t\r\n\u00a0"}`, ctcbr.ErrBadAnswer},
		"command with two results":                      {stop, `{"status":"failed","status":"success"}`, ctcbr.ErrBadAnswer},
		"command with two results, the other way":       {stop, `{"status":"success","status":"failed"}`, ctcbr.ErrBadAnswer},
		"command with two results in other letters":     {stop, `{"status":"failed","STATUS":"success"}`, ctcbr.ErrBadAnswer},
		"command with one result twice":                 {stop, `{"status":"success","status":"success"}`, nil},
		"run with two tasks":                            {run, `{"backupTaskID":"a","backupTaskID":"b"}`, ctcbr.ErrBadAnswer},
		"run with one task twice":                       {run, `{"backupTaskID":"a","backupTaskID":"a"}`, nil},
		"order with two IDs":                            {buy, `{"masterOrderID":"a","masterOrderID":"b"}`, ctcbr.ErrBadAnswer},
		"order with two IDs, one a number":              {buy, `{"masterOrderID":1,"masterOrderId":"2"}`, ctcbr.ErrBadAnswer},
		"order with one ID twice":                       {buy, `{"masterOrderID":1,"masterOrderID":"1"}`, nil},
		"restore with two IDs":                          {restore, `{"backupRestoreID":"a","backupRestoreID":"b"}`, ctcbr.ErrBadAnswer},
		"install with two results":                      {install, `{"installStatus":false,"installStatus":true}`, ctcbr.ErrBadAnswer},
		"uninstall with two results":                    {uninstall, `{"UninstallStatus":"true","uninstallstatus":"false"}`, ctcbr.ErrBadAnswer},
		"restore with a blank ID":                       {restore, `{"backupRestoreID":"  "}`, ctcbr.ErrBadAnswer},
		"restore with an ID of white space":             {restore, `{"backupRestoreID":"\t\r\n\u00a0"}`, ctcbr.ErrBadAnswer},
		"restore with an empty text":                    {restore, `""`, ctcbr.ErrBadAnswer},
		"restore with an empty list":                    {restore, `[]`, ctcbr.ErrBadAnswer},
		"restore with nothing":                          {restore, `null`, ctcbr.ErrBadAnswer},
		"install that was not sent":                     {install, `{"installStatus":false}`, ctcbr.ErrRejected},
		"install that was not sent, in text":            {install, `{"installStatus":"false"}`, ctcbr.ErrRejected},
		"install that nobody can read":                  {install, `{"installStatus":"perhaps"}`, ctcbr.ErrBadAnswer},
		"uninstall that was not sent":                   {uninstall, `{"UninstallStatus":false}`, ctcbr.ErrRejected},
		"uninstall that was not sent, in small letters": {uninstall, `{"uninstallStatus":false}`, ctcbr.ErrRejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(answer200(`{"statusCode":800,"returnObj":` + f.content + `}`))(t)
				_, err := f.call(t.Context(), s.client)
				require.Len(t, s.requests(), 1, "a command is sent once: %v", err)
				if f.is == nil {
					require.NoError(t, err)
				} else {
					var e *ctcbr.Error
					require.ErrorAs(t, err, &e)
					require.ErrorIs(t, err, f.is)
					require.Equal(t, f.is == ctcbr.ErrBadAnswer, errors.Is(err, ctcbr.ErrOutcomeUnknown), "%v", err)
				}
				s.end(t)
			})
		})
	}
}

// The status of the envelope is read in every form, and is a success in one alone.
func TestFaultEnvelopeStatus(t *testing.T) {
	t.Parallel()
	good := []string{`800`, `"800"`, `800.0`, `8e2`, `" 800 "`, `"800.0"`, `0.8e3`}
	refused := []string{`900`, `"900"`, `900.0`, `801`, `-800`, `200`, `1`}
	bad := []string{`null`, `true`, `"true"`, `""`, `"OK"`, `[800]`, `{"code":800}`, `[]`, `{}`, `800.5`, `"800 OK"`, `8000000000000`, `"NaN"`, `"Inf"`, `0`, `1e400`, `"８００"`}
	for _, text := range good {
		faultCase{name: "success " + text, within: instantly, expect: same(want{ok: true, requests: 1}), stage: answering(answer200(`{"statusCode":` + text + `,"returnObj":{"masterOrderID":"o"}}`))}.run(t)
	}
	for _, text := range refused {
		faultCase{name: "refused " + text, within: instantly, expect: final(200), stage: answering(answer200(`{"statusCode":` + text + `,"returnObj":{"masterOrderID":"o"}}`))}.run(t)
	}
	for _, text := range bad {
		faultCase{name: "none " + text, expect: garbledAnswer().with(200), stage: answering(answer200(`{"statusCode":` + text + `,"returnObj":{"masterOrderID":"o"}}`))}.run(t)
	}
	for name, body := range map[string]string{
		"missing":                           `{"returnObj":{"masterOrderID":"o"}}`,
		"in the content alone":              `{"returnObj":{"statusCode":800,"masterOrderID":"o"}}`,
		"twice":                             `{"statusCode":800,"statusCode":800,"returnObj":{"masterOrderID":"o"}}`,
		"twice, a failure and a success":    `{"statusCode":900,"statusCode":800,"returnObj":{"masterOrderID":"o"}}`,
		"twice, in another case":            `{"statusCode":900,"statuscode":800,"returnObj":{"masterOrderID":"o"}}`,
		"twice, in capitals":                `{"STATUSCODE":800,"statusCode":900,"returnObj":{"masterOrderID":"o"}}`,
		"twice, null and a success":         `{"statusCode":null,"StatusCode":800,"returnObj":{"masterOrderID":"o"}}`,
		"twice, with an escape in its name": `{"statusCode":800,"status\u0043ode":900,"returnObj":{"masterOrderID":"o"}}`,
	} {
		faultCase{name: name, expect: garbledAnswer().with(200), stage: answering(answer200(body))}.run(t)
	}
}

// What else an envelope may hold costs itself alone.
func TestFaultEnvelopeContent(t *testing.T) {
	t.Parallel()
	const list = `"returnObj":{"backupStorageCount":2,"backupStorageList":[{"backupStorageID":"a"},{"backupStorageID":"b"}]}`
	for name, body := range map[string]string{
		"unknown fields":             `{"statusCode":800,"trace":[1,{"a":2}],` + strings.Replace(list, `{"backupStorageID":"a"}`, `{"backupStorageID":"a","color":"red"}`, 1) + `}`,
		"message that is an object":  `{"statusCode":800,"message":{"en":"ok"},` + list + `}`,
		"message that is a number":   `{"statusCode":800,"message":1,"description":null,"errorCode":0,"error":false,` + list + `}`,
		"wrong type in one field":    `{"statusCode":800,` + strings.Replace(list, `{"backupStorageID":"a"}`, `{"backupStorageName":{"x":1},"backupStorageID":"a"}`, 1) + `}`,
		"wrong type of the count":    `{"statusCode":800,` + strings.Replace(list, `"backupStorageCount":2`, `"backupStorageCount":"two"`, 1) + `}`,
		"null fields":                `{"statusCode":800,` + strings.Replace(list, `{"backupStorageID":"a"}`, `{"backupStorageID":"a","backupStorageName":null,"backupStorageCapacity":null,"backupStorageCreatTime":null}`, 1) + `}`,
		"time that is a number":      `{"statusCode":800,` + strings.Replace(list, `{"backupStorageID":"a"}`, `{"backupStorageID":"a","backupStorageCreatTime":17,"backupStorageCapacity":112}`, 1) + `}`,
		"unknown enumeration values": `{"statusCode":800,` + strings.Replace(list, `{"backupStorageID":"a"}`, `{"backupStorageID":"a","backupStorageStatusCode":"Hibernating"}`, 1) + `}`,
		"one more level of members":  `{"x":{"statusCode":900},"statusCode":800,` + list + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(answer200(body))(t)
				resp, err := s.client.Storages.List(t.Context(), &ctcbr.ListStoragesRequest{})
				require.NoError(t, err)
				require.Len(t, resp.Storages, 2)
				require.Equal(t, []string{"a", "b"}, []string{resp.Storages[0].ID, resp.Storages[1].ID})
				if name == "unknown enumeration values" {
					require.EqualValues(t, "Hibernating", resp.Storages[0].Status)
				}
				s.end(t)
			})
		})
	}
	for name, item := range map[string]string{"a null item": "null", "an item that is a number": "7", "an item that is a list": "[]"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := answering(answer200(`{"statusCode":800,` + strings.Replace(list, `{"backupStorageID":"a"}`, item, 1) + `}`))(t)
				resp, err := s.client.Storages.List(t.Context(), &ctcbr.ListStoragesRequest{})
				require.NoError(t, err)
				require.Equal(t, "b", resp.Storages[len(resp.Storages)-1].ID)
				s.end(t)
			})
		})
	}
}

// A failure of the service keeps its code, in either spelling and as a number.
func TestFaultEnvelopeCode(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]struct {
		members, code string
		is            error
	}{
		"error":                  {`"error":"Backup.Plan.NotFound"`, "Backup.Plan.NotFound", ctcbr.ErrNotFound},
		"errorCode":              {`"errorCode":"backup.plan.notFound"`, "Backup.Plan.NotFound", ctcbr.ErrNotFound},
		"errorCode as a number":  {`"errorCode":10404`, "10404", nil},
		"error as null":          {`"error":null,"errorCode":"X.Y.Z"`, "X.Y.Z", nil},
		"error as an object":     {`"error":{"a":1}`, `{"a":1}`, nil},
		"error as an empty text": {`"error":"","errorCode":"X.Y.Z"`, "X.Y.Z", nil},
		"no code":                {`"message":"no"`, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer200(`{"statusCode":900,` + f.members + `}`))(t)
				err := s.try(t.Context(), t, d, final(200).of(d))
				var e *ctcbr.Error
				require.ErrorAs(t, err, &e)
				require.Equal(t, 900, e.StatusCode)
				require.True(t, e.HasCode(f.code), "%q", e.Code)
				if f.is != nil {
					require.ErrorIs(t, err, f.is)
				}
				s.end(t)
			})
		})
	}
}

// An error stays short, whatever the service writes.
func TestFaultMessageWithoutEnd(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		long := strings.Repeat("very ", 1<<14)
		s := answering(answer200(fmt.Sprintf(`{"statusCode":900,"error":%q,"message":%q,"description":%q}`, long, long, long)))(t)
		err := s.try(t.Context(), t, d, final(200).of(d))
		require.Less(t, len(err.Error()), 16<<10)
		encoded, bad := json.Marshal(err)
		require.NoError(t, bad)
		require.Less(t, len(encoded), 16<<10)
		s.end(t)
	})
}

// Retries are new requests over the same body: new ID, date and signature, and in
// all of them one token.
func TestFaultRetriesShareTheirBody(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		s := answering(answer("429 Too Many Requests", "", "Retry-After: 2"))(t)
		s.try(t.Context(), t, d, final(429).of(d).times(4))
		ids, dates, signatures, bodies := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, r := range s.requests() {
			ids[r.requestID], dates[r.date], signatures[r.signature], bodies[r.uri+string(r.body)] = true, true, true, true
		}
		require.Equal(t, []int{4, 4, 4, 1}, []int{len(ids), len(dates), len(signatures), len(bodies)})
		s.end(t)
	})
}

func (w want) times(n int) want {
	w.requests = n
	return w
}

// A client that may try once only tries once.
func TestFaultSingleAttempt(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer("503 Service Unavailable", ""), ctcbr.WithMaxAttempts(n))(t)
				w := serverFault503(d)
				if d.kind != "write" {
					w.requests = n
				}
				s.try(t.Context(), t, d, w)
				s.end(t)
			})
		})
	}
}

func serverFault503(d deed) want { return lost(ctcbr.ErrUnavailable).with(503).of(d) }
