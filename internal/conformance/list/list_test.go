// Package list holds List, All, Get and Find to one another: pages, and streams that are
// cut, slow, deep and long.
package list

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// pageWire answers requests for a page of agents, and keeps their queries.
type pageWire struct {
	wire
	queries []string
}

func pages(answer func(page, size int) string) *pageWire {
	w := &pageWire{}
	w.answer = func(_ int, req *http.Request) *http.Response {
		query := req.URL.Query()
		w.queries = append(w.queries, req.URL.RawQuery)
		page, _ := strconv.Atoi(query.Get("pageNo"))
		size, _ := strconv.Atoi(query.Get("pageSize"))
		return wireAnswer(200, strings.NewReader(answer(page, size)))
	}
	return w
}

// agentPage is an answer with the agents from one number up to another.
func agentPage(total, from, to int) string {
	var agents []map[string]string
	for i := from; i < to; i++ {
		agents = append(agents, map[string]string{"backupClientID": fmt.Sprint("agent-", i), "instanceID": fmt.Sprint("host-", i)})
	}
	content := map[string]any{"backupClientList": agents}
	if total >= 0 {
		content["backupClientTotal"] = total
	}
	body, _ := json.Marshal(map[string]any{"statusCode": 800, "returnObj": content})
	return string(body)
}

func TestAllAgentsPages(t *testing.T) {
	t.Parallel()
	// fleet answers as the service does, with a count or without one (-1).
	fleet := func(n, total int) func(page, size int) string {
		return func(page, size int) string {
			from := min((page-1)*size, n)
			return agentPage(total, from, min(from+size, n))
		}
	}
	for name, c := range map[string]struct {
		answer func(page, size int) string
		req    *ctcbr.ListAgentsRequest
		first  int
		count  int
		asked  int
		want   error
	}{
		"none":                         {answer: fleet(0, 0), count: 0, asked: 1},
		"one page":                     {answer: fleet(7, 7), count: 7, asked: 1},
		"a full page":                  {answer: fleet(50, 50), count: 50, asked: 1},
		"three pages":                  {answer: fleet(101, 101), count: 101, asked: 3},
		"no count, one page":           {answer: fleet(7, -1), count: 7, asked: 1},
		"no count, full pages":         {answer: fleet(100, -1), count: 100, asked: 3},
		"no count, three pages":        {answer: fleet(101, -1), count: 101, asked: 3},
		"small pages":                  {answer: fleet(10, 10), req: &ctcbr.ListAgentsRequest{PageSize: 4}, count: 10, asked: 3},
		"from the second page":         {answer: fleet(10, 10), req: &ctcbr.ListAgentsRequest{Page: 2, PageSize: 4}, first: 4, count: 6, asked: 2},
		"from behind the last page":    {answer: fleet(10, 10), req: &ctcbr.ListAgentsRequest{Page: 9}, count: 0, asked: 1},
		"the count is too large":       {answer: fleet(60, 70), count: 60, asked: 4 * 3, want: ctcbr.ErrIncomplete},
		"the count is too small":       {answer: fleet(120, 60), count: 120, asked: 3},
		"smaller pages than asked for": {answer: func(page, _ int) string { return agentPage(50, (page-1)*20, min(page*20, 50)) }, count: 50, asked: 3},
		"the last page for ever":       {answer: func(page, size int) string { return fleet(100, -1)(min(page, 2), size) }, count: 100, asked: 3},
		"pages in a circle":            {answer: func(page, size int) string { return fleet(100, -1)((page-1)%2+1, size) }, count: 100, asked: 3},
		"one page for ever, counted":   {answer: func(_, size int) string { return fleet(120, 120)(1, size) }, count: 50, asked: 4 * 2, want: ctcbr.ErrIncomplete},
		"circle, counted":              {answer: func(page, size int) string { return fleet(200, 200)((page-1)%2+1, size) }, count: 100, asked: 4 * 3, want: ctcbr.ErrIncomplete},
		"failure on the second page": {answer: func(page, size int) string {
			if page == 2 {
				return `{"statusCode":900,"error":"Backup.Agent.NotFound"}`
			}
			return fleet(120, 120)(page, size)
		}, count: 50, asked: 2, want: ctcbr.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pages(c.answer)
			var given ctcbr.ListAgentsRequest
			if c.req != nil {
				given = *c.req
			}
			list := wireClient(t, w).Agents.All(t.Context(), c.req)
			for range 2 {
				w.queries = nil
				agents, err := drain(t, list)
				require.Len(t, w.queries, c.asked)
				require.Len(t, agents, c.count)
				for i, a := range agents {
					require.Equal(t, fmt.Sprint("agent-", c.first+i), a.ID)
				}
				if c.want == nil {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, c.want)
				var failure *ctcbr.Error
				require.ErrorAs(t, err, &failure)
				require.Equal(t, "info-client-backup", failure.Operation)
				require.NotEmpty(t, failure.RequestID)
				require.Positive(t, failure.Attempts)
			}
			if c.req != nil {
				require.Equal(t, given, *c.req)
			} else {
				require.Contains(t, w.queries[0], "pageNo=1&pageSize=50")
			}
			require.Zero(t, w.open.Load())
		})
	}
}

func TestAllAgentsIsLeftAndEnded(t *testing.T) {
	t.Parallel()
	w := pages(func(page, size int) string { return agentPage(20, (page-1)*size, page*size) })
	client := wireClient(t, w)
	list := func(ctx context.Context) func(func(ctcbr.Agent, error) bool) {
		return client.Agents.All(ctx, &ctcbr.ListAgentsRequest{PageSize: 10})
	}
	for _, at := range []int{1, 5, 10, 11, 20} {
		w.queries = nil
		n := 0
		for _, err := range list(t.Context()) {
			require.NoError(t, err)
			if n++; n == at {
				break
			}
		}
		require.Equal(t, at, n)
		require.Len(t, w.queries, (at+9)/10)

		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the operator went home")
		n = 0
		var failure error
		for _, err := range list(ctx) {
			if failure = err; err == nil {
				if n++; n == at {
					cancel(reason)
				}
			}
		}
		cancel(nil)
		require.Equal(t, at, n, "nothing comes after the end")
		require.ErrorIs(t, failure, context.Canceled)
		require.ErrorIs(t, failure, reason)
	}
	n := 0
	var failure error
	for _, failure = range list(t.Context()) {
		if n++; n == 3 {
			require.NoError(t, client.Close())
		}
	}
	require.ErrorIs(t, failure, ctcbr.ErrClosed)
	require.Equal(t, 4, n)
}

// TestGetAndFind looks things up in a fake cloud.
func TestGetAndFind(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer(cbrtest.Activated())
	t.Cleanup(cloud.Close)
	hostA, hostB := cloud.AddHost(cbrtest.Host{ID: "host-a"}), cloud.AddHost(cbrtest.Host{ID: "host-b"})
	metal := cloud.AddHost(cbrtest.Host{ID: "host-metal", SourceType: "CT-DPS"})
	agentA := cloud.AddAgent(hostA)
	agentB := cloud.AddAgent(hostB)
	agentMetal := cloud.AddAgent(metal)
	vault := cloud.AddStorage(cbrtest.Storage{Name: "vault"})
	cloud.AddStorage(cbrtest.Storage{Name: "vault-2"})
	cloud.AddStorage(cbrtest.Storage{Name: "twin"})
	cloud.AddStorage(cbrtest.Storage{Name: "twin"})
	daily := cloud.AddPlan(cbrtest.Plan{Name: "daily", HostID: hostA})
	dailyB := cloud.AddPlan(cbrtest.Plan{Name: "daily", HostID: hostB})
	once := cloud.AddPlan(cbrtest.Plan{Name: "daily once", HostID: hostA})
	metalPlan := cloud.AddPlan(cbrtest.Plan{Name: "metal", HostID: metal})
	task := cloud.AddTask(cbrtest.Task{PlanID: daily})
	cloud.AddTask(cbrtest.Task{PlanID: daily, Name: task})
	snapshot := cloud.AddSnapshot(cbrtest.Snapshot{PlanID: daily})
	cloud.AddSnapshot(cbrtest.Snapshot{PlanID: daily, Name: snapshot})
	restore := cloud.AddRestore(cbrtest.Restore{SnapshotID: snapshot})
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(cloud.HTTPClient()),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID))
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })

	type looking = func(ctx context.Context) (id string, err error)
	agent := func(req ctcbr.GetAgentRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(a *ctcbr.Agent) string { return a.ID })(client.Agents.Get(ctx, &req))
		}
	}
	storage := func(id string) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(s *ctcbr.Storage) string { return s.ID })(client.Storages.Get(ctx, &ctcbr.GetStorageRequest{ID: id}))
		}
	}
	storageNamed := func(name string) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(s *ctcbr.Storage) string { return s.ID })(client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: name}))
		}
	}
	plan := func(req ctcbr.GetPlanRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(p *ctcbr.Plan) string { return p.ID })(client.Plans.Get(ctx, &req))
		}
	}
	planNamed := func(req ctcbr.FindPlanRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(p *ctcbr.Plan) string { return p.ID })(client.Plans.Find(ctx, &req))
		}
	}
	taskByID := func(req ctcbr.GetTaskRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(t *ctcbr.Task) string { return t.ID })(client.Tasks.Get(ctx, &req))
		}
	}
	restoreByID := func(req ctcbr.GetRestoreRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(r *ctcbr.Restore) string { return r.ID })(client.Restores.Get(ctx, &req))
		}
	}
	snapshotByID := func(req ctcbr.GetSnapshotRequest) looking {
		return func(ctx context.Context) (string, error) {
			return idOf(func(s *ctcbr.Snapshot) string { return s.ID })(client.Snapshots.Get(ctx, &req))
		}
	}
	for name, c := range map[string]struct {
		look looking
		id   string
		want error
		says string
	}{
		"agent by ID":            {look: agent(ctcbr.GetAgentRequest{ID: agentA}), id: agentA},
		"agent by host":          {look: agent(ctcbr.GetAgentRequest{HostID: hostB}), id: agentB},
		"agent by both":          {look: agent(ctcbr.GetAgentRequest{ID: agentB, HostID: hostB}), id: agentB},
		"agent of another host":  {look: agent(ctcbr.GetAgentRequest{ID: agentA, HostID: hostB}), want: ctcbr.ErrNotFound, says: agentA},
		"agent of bare metal":    {look: agent(ctcbr.GetAgentRequest{ID: agentMetal, SourceType: ctcbr.SourceBareMetal}), id: agentMetal},
		"agent listed elsewhere": {look: agent(ctcbr.GetAgentRequest{ID: agentMetal}), want: ctcbr.ErrNotFound, says: agentMetal},
		"agent of part of an ID": {look: agent(ctcbr.GetAgentRequest{HostID: "host"}), want: ctcbr.ErrNotFound, says: `agent of host "host"`},
		"agent of nothing":       {look: agent(ctcbr.GetAgentRequest{}), want: ctcbr.ErrInvalid, says: "ID (backupClientID) or HostID (instanceID) is required"},

		"storage":                  {look: storage(vault), id: vault},
		"storage that is not":      {look: storage("nope"), want: ctcbr.ErrNotFound, says: `vault "nope"`},
		"storage of nothing":       {look: storage(" "), want: ctcbr.ErrInvalid, says: "backupStorageID"},
		"storage by name":          {look: storageNamed("vault"), id: vault},
		"storage by part of name":  {look: storageNamed("vaul"), want: ctcbr.ErrNotFound, says: `vault named "vaul"`},
		"storages of one name":     {look: storageNamed("twin"), want: ctcbr.ErrAmbiguous, says: `vault named "twin"`},
		"storage by name, nothing": {look: storageNamed(""), want: ctcbr.ErrInvalid, says: "backupStorageName"},

		"plan":                   {look: plan(ctcbr.GetPlanRequest{ID: daily}), id: daily},
		"plan of bare metal":     {look: plan(ctcbr.GetPlanRequest{ID: metalPlan, SourceType: ctcbr.SourceBareMetal}), id: metalPlan},
		"plan listed elsewhere":  {look: plan(ctcbr.GetPlanRequest{ID: metalPlan}), want: ctcbr.ErrNotFound, says: metalPlan},
		"plan of nothing":        {look: plan(ctcbr.GetPlanRequest{}), want: ctcbr.ErrInvalid, says: "backupPolicyID"},
		"plan by name and host":  {look: planNamed(ctcbr.FindPlanRequest{Name: "daily", HostID: hostB}), id: dailyB},
		"plan by name":           {look: planNamed(ctcbr.FindPlanRequest{Name: "daily once"}), id: once},
		"plans of one name":      {look: planNamed(ctcbr.FindPlanRequest{Name: "daily"}), want: ctcbr.ErrAmbiguous, says: `plan named "daily"`},
		"plan by name elsewhere": {look: planNamed(ctcbr.FindPlanRequest{Name: "daily once", HostID: hostB}), want: ctcbr.ErrNotFound, says: `plan named "daily once" of host "host-b"`},
		"plan by no name":        {look: planNamed(ctcbr.FindPlanRequest{HostID: hostA}), want: ctcbr.ErrInvalid, says: "backupPolicyName"},

		"task":                 {look: taskByID(ctcbr.GetTaskRequest{ID: task}), id: task},
		"task that is not":     {look: taskByID(ctcbr.GetTaskRequest{ID: "nope"}), want: ctcbr.ErrNotFound, says: `task "nope"`},
		"task of nothing":      {look: taskByID(ctcbr.GetTaskRequest{}), want: ctcbr.ErrInvalid, says: "backupTaskID"},
		"restore":              {look: restoreByID(ctcbr.GetRestoreRequest{ID: restore}), id: restore},
		"restore that is not":  {look: restoreByID(ctcbr.GetRestoreRequest{ID: "nope"}), want: ctcbr.ErrNotFound, says: `restore "nope"`},
		"restore of nothing":   {look: restoreByID(ctcbr.GetRestoreRequest{}), want: ctcbr.ErrInvalid, says: "backupRestoreID"},
		"snapshot":             {look: snapshotByID(ctcbr.GetSnapshotRequest{ID: snapshot}), id: snapshot},
		"snapshot that is not": {look: snapshotByID(ctcbr.GetSnapshotRequest{ID: "nope"}), want: ctcbr.ErrNotFound, says: `snapshot "nope"`},
		"snapshot of nothing":  {look: snapshotByID(ctcbr.GetSnapshotRequest{}), want: ctcbr.ErrInvalid, says: "backupSnapID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := c.look(t.Context())
			require.Equal(t, c.id, id)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
			var failure *ctcbr.Error
			if c.want != ctcbr.ErrInvalid {
				require.ErrorAs(t, err, &failure)
				require.NotEmpty(t, failure.RequestID)
				require.Positive(t, failure.Attempts)
				require.Empty(t, failure.Code, "which tells a search that found nothing from a refusal")
				require.Less(t, failure.HTTPStatus, 300)
			}
		})
	}
}

func idOf[T any](id func(*T) string) func(*T, error) (string, error) {
	return func(found *T, err error) (string, error) {
		if err != nil {
			if found != nil {
				panic("both an item and an error")
			}
			return "", err
		}
		return id(found), nil
	}
}

// TestGetDoesNotTrustTheFilter lets a service ignore what it is to filter by, and
// look nowhere for it.
func TestGetDoesNotTrustTheFilter(t *testing.T) {
	t.Parallel()
	w := always(`{"statusCode":800,"returnObj":{
		"backupStorageList":[{"backupStorageID":"a","backupStorageName":"n"},{"backupStorageID":"b","backupStorageName":"m"}],
		"backupTaskList":[{"backupTaskID":"a"},{"backupTaskID":"b"}],
		"backupClientList":[{"backupClientID":"a","instanceID":"h","backupClientStatus":"Offline"},{"backupClientID":"b","instacneID":"h","backupClientStatus":"Activated"}],
		"backupClientTotal":2}}`)
	client := wireClient(t, w)
	storage, err := client.Storages.Get(t.Context(), &ctcbr.GetStorageRequest{ID: "b"})
	require.NoError(t, err)
	require.Equal(t, "b", storage.ID)
	_, err = client.Storages.Get(t.Context(), &ctcbr.GetStorageRequest{ID: "c"})
	require.ErrorIs(t, err, ctcbr.ErrNotFound)
	agent, err := client.Agents.Get(t.Context(), &ctcbr.GetAgentRequest{HostID: "h"})
	require.NoError(t, err)
	require.Equal(t, "b", agent.ID, "of several agents of a host an active one")
	task, err := client.Tasks.Get(t.Context(), &ctcbr.GetTaskRequest{ID: "b"})
	require.NoError(t, err)
	require.Equal(t, "b", task.ID)
}

// TestGetTaskLooksAtAll shows what is asked for where the service does not search by
// the ID of a task.
func TestGetTaskLooksAtAll(t *testing.T) {
	t.Parallel()
	var queries []url.Values
	client := wireClient(t, &wire{answer: func(_ int, req *http.Request) *http.Response {
		queries = append(queries, req.URL.Query())
		list := `{"backupTaskID":"a"},{"backupTaskID":"b"}`
		if req.URL.Query().Has("queryContent") {
			list = ""
		}
		return wireAnswer(200, strings.NewReader(`{"statusCode":800,"returnObj":{"backupTaskList":[`+list+`]}}`))
	}})
	task, err := client.Tasks.Get(t.Context(), &ctcbr.GetTaskRequest{ID: "b", SourceType: ctcbr.SourceOnPremises})
	require.NoError(t, err)
	require.Equal(t, "b", task.ID)
	require.Equal(t, []url.Values{
		{"regionID": {"region"}, "queryContent": {"b"}, "sourceType": {"CT-LS"}},
		{"regionID": {"region"}, "sourceType": {"CT-LS"}},
	}, queries)
}

// TestGetIsNotContentWithPartOfAnAnswer shows that what breaks off behind the item,
// or is no success in the end, is no answer.
func TestGetIsNotContentWithPartOfAnAnswer(t *testing.T) {
	t.Parallel()
	req := &ctcbr.GetSnapshotRequest{ID: "a"}
	whole := `{"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"}]},"statusCode":800}`
	for cut := range len(whole) {
		w := &wire{answer: func(int, *http.Request) *http.Response {
			return wireAnswer(200, io.LimitReader(strings.NewReader(whole), int64(cut)))
		}}
		_, err := wireClient(t, w).Snapshots.Get(t.Context(), req)
		require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
	}
	_, err := wireClient(t, always(strings.ReplaceAll(whole, "800", "900"))).Snapshots.Get(t.Context(), req)
	require.Error(t, err)
	require.NotErrorIs(t, err, ctcbr.ErrNotFound)
	snapshot, err := wireClient(t, always(whole)).Snapshots.Get(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, "a", snapshot.ID)
}

// TestGetIsTriedAgainAfterItsFirstItem shows that a search is repeated like any read, also where the
// answer breaks off behind items: nobody has seen them.
func TestGetIsTriedAgainAfterItsFirstItem(t *testing.T) {
	t.Parallel()
	const whole = `{"statusCode":800,"returnObj":{"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"},{"backupSnapID":"c"}]}}`
	counted := strings.Replace(whole, `"returnObj":{`, `"returnObj":{"backupSnapshotTotal":9,`, 1)
	for name, broken := range map[string]struct {
		answer func() io.Reader
		times  int
	}{
		"cut":     {func() io.Reader { return strings.NewReader(counted[:len(counted)-20]) }, 1},
		"garbled": {func() io.Reader { return strings.NewReader(counted[:len(counted)-20] + "x") }, 1},
		"silent":  {func() io.Reader { return io.MultiReader(strings.NewReader(counted[:len(counted)-20]), silent{}) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &wire{answer: func(n int, req *http.Request) *http.Response {
					if n%(broken.times+1) == 0 {
						return wireAnswer(200, strings.NewReader(strings.ReplaceAll(whole, `"a"`, `"d"`)))
					}
					resp := wireAnswer(200, nil)
					resp.Body = &ending{Reader: broken.answer(), ctx: req.Context()}
					return resp
				}}
				client := wireClient(t, w)
				snapshot, err := client.Snapshots.Get(t.Context(), &ctcbr.GetSnapshotRequest{ID: "b"})
				require.NoError(t, err)
				require.Equal(t, "b", snapshot.ID)
				_, err = client.Snapshots.Get(t.Context(), &ctcbr.GetSnapshotRequest{ID: "a"})
				require.ErrorIs(t, err, ctcbr.ErrNotFound, "what a broken answer held is forgotten")
				require.EqualValues(t, 2*(broken.times+1), w.asked.Load())
			})
		})
	}
}

// silent is a body that never ends.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, errSilent }

var errSilent = errors.New("silent")

// ending is a body that waits for the end of its request where it is silent.
type ending struct {
	io.Reader
	ctx context.Context
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	if errors.Is(err, errSilent) {
		<-e.ctx.Done()
		err = e.ctx.Err()
	}
	return n, err
}

func (e *ending) Close() error { return nil }
