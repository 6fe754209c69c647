package list

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

// changing answers requests for pages of agents out of a list that change may change before each
// of them. Requests count from 1.
type changing struct {
	agents  []string // "agent@host", or "host" for one without an agent
	counts  func(n, agents int) int
	change  func(n int, agents []string) []string
	request int
}

func (c *changing) answer(page, size int) string {
	c.request++
	if c.change != nil {
		c.agents = c.change(c.request, c.agents)
	}
	count := len(c.agents)
	if c.counts != nil {
		count = c.counts(c.request, count)
	}
	var items []string
	from := min((page-1)*size, len(c.agents))
	for _, agent := range c.agents[from:min(from+size, len(c.agents))] {
		id, host, found := strings.Cut(agent, "@")
		if !found {
			id, host = "", agent
		}
		items = append(items, fmt.Sprintf(`{"backupClientID":%q,"instanceID":%q}`, id, host))
	}
	return fmt.Sprintf(`{"statusCode":800,"returnObj":{"backupClientList":[%s],"backupClientTotal":%d}}`, strings.Join(items, ","), count)
}

// agentNames are "a1@h1" up to "aN@hN".
func agentNames(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("a%d@h%d", i+1, i+1))
	}
	return names
}

// at changes a list once, before a request.
func at(request int, change func(agents []string) []string) func(int, []string) []string {
	return func(n int, agents []string) []string {
		if n == request {
			return change(agents)
		}
		return agents
	}
}

func without(agents []string, i int) []string { return slices.Delete(slices.Clone(agents), i, i+1) }

// What is installed or removed between two pages moves others from page to page.
func TestAllAgentsOfAChangingRegion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fleet changing
		must  []string // of 8 at first, in pages of 3
		asked int
		want  error
	}{
		"nothing changes": {fleet: changing{}, asked: 3},
		"one of the first page is removed after it": {
			fleet: changing{change: at(2, func(a []string) []string { return without(a, 0) })},
			asked: 2 + 3,
		},
		"one of the last page is removed before it": {
			fleet: changing{change: at(3, func(a []string) []string { return without(a, 7) })},
			asked: 3 + 3, must: agentNames(7),
		},
		"one is added at the top": {
			fleet: changing{change: at(2, func(a []string) []string { return append([]string{"new@new"}, a...) })},
			asked: 2 + 3, must: append(agentNames(8), "new@new"),
		},
		"one is added at the end": {
			fleet: changing{change: at(3, func(a []string) []string { return append(slices.Clone(a), "new@new") })},
			asked: 3 + 3, must: append(agentNames(8), "new@new"),
		},
		"one is removed and one is added: the count stays": {
			fleet: changing{change: at(2, func(a []string) []string { return append([]string{"new@new"}, without(a, 7)...) })},
			asked: 2 + 3, must: append(agentNames(7), "new@new"),
		},
		"the order turns around": {
			fleet: changing{change: at(2, func(a []string) []string {
				a = slices.Clone(a)
				slices.Reverse(a)
				return a
			})},
			asked: 2 + 3,
		},
		"twice in a row": {
			fleet: changing{change: func(n int, a []string) []string {
				if n == 2 || n == 5 {
					return without(a, 0)
				}
				return a
			}},
			asked: 2 + 3 + 2,
		},
		"at every request": {
			fleet: changing{change: func(n int, a []string) []string {
				return append([]string{fmt.Sprintf("new%d@new", n)}, a...)
			}},
			must: append(agentNames(8), "new1@new"), want: ctcbr.ErrIncomplete,
		},
		"the count varies": {
			fleet: changing{counts: func(n, agents int) int { return agents + n%2 }},
			want:  ctcbr.ErrIncomplete,
		},
		"the count is too large": {
			fleet: changing{counts: func(_, agents int) int { return agents + 1 }},
			asked: 4 * 4, want: ctcbr.ErrIncomplete,
		},
		"the count is too large at first": {
			fleet: changing{counts: func(n, agents int) int { return agents + max(0, 5-n) }},
			asked: 2 + 2 + 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.fleet.agents = agentNames(8)
			if c.must == nil {
				c.must = c.fleet.agents
			}
			w := pages(c.fleet.answer)
			agents, err := drain(t, wireClient(t, w).Agents.All(t.Context(), &ctcbr.ListAgentsRequest{PageSize: 3}))
			var got []string
			for _, a := range agents {
				got = append(got, a.ID+"@"+a.HostID)
			}
			require.Subset(t, got, c.must, "no host is never given out")
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "no agent is given out twice")
			require.LessOrEqual(t, len(w.queries), 4*5)
			if c.asked > 0 {
				require.Len(t, w.queries, c.asked)
			}
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
			require.NotErrorIs(t, err, ctcbr.ErrNotFound)
			require.Regexp(t, fmt.Sprintf(`incomplete list: %d agents came and the service counts \d+`, len(got)), err.Error())
		})
	}
}

func TestAllAgentsTellsThemApart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		agents []string
		count  int
	}{
		"hosts without an agent":      {[]string{"h1", "h2", "h3", "h4"}, 4},
		"two agents of a host":        {[]string{"a1@h1", "a2@h1", "a3@h1", "a4@h2"}, 4},
		"one ID on two hosts":         {[]string{"a1@h1", "a1@h2", "a1@h3", "a1@h4"}, 4},
		"one that came twice at once": {[]string{"a1@h1", "a1@h1", "a2@h2"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet := changing{agents: c.agents}
			agents, err := drain(t, wireClient(t, pages(fleet.answer)).Agents.All(t.Context(), &ctcbr.ListAgentsRequest{PageSize: 2}))
			require.NoError(t, err)
			require.Len(t, agents, c.count)
		})
	}
	t.Run("pages of what has no ID end", func(t *testing.T) {
		t.Parallel()
		nameless := strings.Repeat(`{"backupClientStatus":"Activated"},`, 50)
		w := always(`{"statusCode":800,"returnObj":{"backupClientList":[` + nameless[:len(nameless)-1] + `]}}`)
		agents, err := drain(t, wireClient(t, w).Agents.All(t.Context(), nil))
		require.NoError(t, err)
		require.NotEmpty(t, agents)
		require.LessOrEqual(t, int(w.asked.Load()), 2)
	})
}

// A search succeeds on what it found, and says of a list that lacks something that it does, not
// that nothing is there.
func TestGetOfAnAgentAmongPagesThatDoNotAddUp(t *testing.T) {
	t.Parallel()
	fleet := func() *changing {
		return &changing{agents: agentNames(60), counts: func(_, agents int) int { return agents + 1 }}
	}
	agent, err := wireClient(t, pages(fleet().answer)).Agents.Get(t.Context(), &ctcbr.GetAgentRequest{HostID: "h57"})
	require.NoError(t, err)
	require.Equal(t, "a57", agent.ID)
	_, err = wireClient(t, pages(fleet().answer)).Agents.Get(t.Context(), &ctcbr.GetAgentRequest{HostID: "h61"})
	require.ErrorIs(t, err, ctcbr.ErrIncomplete)
	require.NotErrorIs(t, err, ctcbr.ErrNotFound)
	require.ErrorContains(t, err, "60 agents came and the service counts 61")
}

func TestGetOfAnIncompleteList(t *testing.T) {
	t.Parallel()
	w := always(`{"statusCode":800,"returnObj":{"backupSnapshotTotal":5,"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"}]}}`)
	client := wireClient(t, w)
	snapshot, err := client.Snapshots.Get(t.Context(), &ctcbr.GetSnapshotRequest{ID: "b"})
	require.NoError(t, err)
	require.Equal(t, "b", snapshot.ID)
	_, err = client.Snapshots.Get(t.Context(), &ctcbr.GetSnapshotRequest{ID: "c"})
	require.ErrorIs(t, err, ctcbr.ErrIncomplete)
	require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
	require.NotErrorIs(t, err, ctcbr.ErrNotFound)
	require.ErrorContains(t, err, "2 of 5 came")
	require.EqualValues(t, 2, w.asked.Load(), "another attempt meets the same")
	require.Zero(t, w.open.Load())
}

func TestGetOfATaskAsksForAllWhereTheFilterListsLessThanItsCount(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(_ int, req *http.Request) *http.Response {
		if req.URL.Query().Has("queryContent") {
			return wireAnswer(200, strings.NewReader(`{"statusCode":800,"returnObj":{"bakupTaskCount":2,"backupTaskList":[]}}`))
		}
		return wireAnswer(200, strings.NewReader(`{"statusCode":800,"returnObj":{"bakupTaskCount":2,"backupTaskList":[{"backupTaskID":"a"},{"backupTaskID":"b"}]}}`))
	}}
	client := wireClient(t, w)
	task, err := client.Tasks.Get(t.Context(), &ctcbr.GetTaskRequest{ID: "b"})
	require.NoError(t, err)
	require.Equal(t, "b", task.ID)
	_, err = client.Tasks.Get(t.Context(), &ctcbr.GetTaskRequest{ID: "c"})
	require.ErrorIs(t, err, ctcbr.ErrNotFound)
}

// A list that is not filtered and shorter than its count ends in an error, after all that came.
func TestAllOfAListThatIsShorterThanItsCount(t *testing.T) {
	t.Parallel()
	type read = func(ctx context.Context, c *ctcbr.Client) (listed, total, all int, err error)
	plain := map[string]struct {
		list, total string
		read        read
	}{
		"storages": {"backupStorageList", "backupStorageCount", func(ctx context.Context, c *ctcbr.Client) (int, int, int, error) {
			list, err := c.Storages.List(ctx, nil)
			require.NoError(t, err)
			all, err := drain(t, c.Storages.All(ctx, nil))
			return len(list.Storages), list.Total, len(all), err
		}},
		"plans": {"backupPolicyList", "backupPolicyTotal", func(ctx context.Context, c *ctcbr.Client) (int, int, int, error) {
			list, err := c.Plans.List(ctx, nil)
			require.NoError(t, err)
			all, err := drain(t, c.Plans.All(ctx, nil))
			return len(list.Plans), list.Total, len(all), err
		}},
		"tasks": {"backupTaskList", "bakupTaskCount", func(ctx context.Context, c *ctcbr.Client) (int, int, int, error) {
			list, err := c.Tasks.List(ctx, &ctcbr.ListTasksRequest{SourceType: ctcbr.SourceBareMetal})
			require.NoError(t, err)
			all, err := drain(t, c.Tasks.All(ctx, &ctcbr.ListTasksRequest{SourceType: ctcbr.SourceBareMetal}))
			return len(list.Tasks), list.Total, len(all), err
		}},
		"restores": {"backupRestoreList", "backupRestoreCount", func(ctx context.Context, c *ctcbr.Client) (int, int, int, error) {
			list, err := c.Restores.List(ctx, nil)
			require.NoError(t, err)
			all, err := drain(t, c.Restores.All(ctx, &ctcbr.ListRestoresRequest{SourceType: ctcbr.SourceOnPremises}))
			return len(list.Restores), list.Total, len(all), err
		}},
		"snapshots": {"backupSnapshotList", "backupSnapshotTotal", func(ctx context.Context, c *ctcbr.Client) (int, int, int, error) {
			list, err := c.Snapshots.List(ctx, nil)
			require.NoError(t, err)
			all, err := drain(t, c.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{RegionID: "region"}))
			return len(list.Snapshots), list.Total, len(all), err
		}},
	}
	for name, c := range plain {
		for what, answer := range map[string]struct {
			content string
			listed  int
			want    string
		}{
			"count after":       {`{"LIST":[{},{}],"TOTAL":5}`, 2, "incomplete list: 2 of 5 came"},
			"count before":      {`{"TOTAL":5,"LIST":[{},{}]}`, 2, "incomplete list: 2 of 5 came"},
			"an empty list":     {`{"TOTAL":5,"LIST":[]}`, 0, "incomplete list: 0 of 5 came"},
			"no list":           {`{"TOTAL":5}`, 0, "incomplete list: 0 of 5 came"},
			"as many":           {`{"TOTAL":2,"LIST":[{},{}]}`, 2, ""},
			"more than counted": {`{"TOTAL":1,"LIST":[{},{}]}`, 2, ""},
			"no count":          {`{"LIST":[{},{}]}`, 2, ""},
			"a count of null":   {`{"TOTAL":null,"LIST":[{},{}]}`, 2, ""},
			"no number":         {`{"TOTAL":"many","LIST":[{},{}]}`, 2, ""},
			"nothing":           {`null`, 0, ""},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				body := `{"statusCode":800,"returnObj":` + strings.NewReplacer("LIST", c.list, "TOTAL", c.total).Replace(answer.content) + `}`
				w := always(body)
				listed, total, all, err := c.read(t.Context(), wireClient(t, w))
				require.Equal(t, answer.listed, listed)
				require.Equal(t, answer.listed, all, "all that came is given out")
				require.EqualValues(t, 2, w.asked.Load())
				if answer.want == "" {
					require.NoError(t, err)
					return
				}
				require.Equal(t, 5, total)
				require.ErrorIs(t, err, ctcbr.ErrIncomplete)
				require.ErrorIs(t, err, ctcbr.ErrBadAnswer)
				require.ErrorContains(t, err, answer.want)
				var call *ctcbr.Error
				require.ErrorAs(t, err, &call)
				require.NotEmpty(t, call.RequestID)
				require.Equal(t, 1, call.Attempts)
			})
		}
	}
}

func TestAllSaysNothingOfACountWhereThatMayCountOthers(t *testing.T) {
	t.Parallel()
	w := always(`{"statusCode":800,"returnObj":{"backupSnapshotTotal":5,"backupSnapshotList":[{"backupSnapID":"a"},{"backupSnapID":"b"}]}}`)
	client := wireClient(t, w)
	for name, req := range map[string]*ctcbr.ListSnapshotsRequest{
		"host": {HostID: "h"}, "plan": {PlanID: "p"}, "query": {Query: "q"}, "status": {Status: ctcbr.SnapshotAvailable},
	} {
		items, err := drain(t, client.Snapshots.All(t.Context(), req))
		require.NoError(t, err, name)
		require.Len(t, items, 2)
	}
	for _, err := range client.Snapshots.All(t.Context(), nil) {
		require.NoError(t, err, "a list that its reader leaves")
		break
	}
}
