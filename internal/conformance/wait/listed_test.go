package wait

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// emptyLists are the answers of polls that list nothing, by operation.
var emptyLists = map[string]string{
	"query-task-backup":         `{"statusCode":800,"returnObj":{"backupTaskList":[],"bakupTaskCount":0}}`,
	"query-restore-backup":      `{"statusCode":800,"returnObj":{"backupRestoreList":[]}}`,
	"client-by-instance-backup": `{"statusCode":800,"returnObj":{"backupClientList":[],"backupClientTotal":0}}`,
	"query-uuid":                `{"statusCode":800,"returnObj":{}}`,
}

// response answers a request in the place of the cloud.
func response(req *http.Request, body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: req}
}

// listedAfter is a client of the cloud for which nothing is listed until some time has passed: the
// answer until then is that of the operation.
func listedAfter(t *testing.T, cloud *cbrtest.Server, d time.Duration, until string) *ctcbr.Client {
	t.Helper()
	began := time.Now()
	return through(t, cloud, func(req *http.Request, cloud http.RoundTripper) (*http.Response, error) {
		if time.Since(began) < d {
			return response(req, strings.NewReader(until)), nil
		}
		return cloud.RoundTrip(req)
	})
}

// What was just made may be listed late.
func TestWaitForWhatIsListedLate(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{time.Nanosecond, 8 * time.Second, time.Minute, 4 * time.Minute} {
		for name, until := range map[string]string{
			"not listed":     "",
			"said not to be": `{"statusCode":900,"error":"Backup.Thing.NotFound","message":"no such thing"}`,
		} {
			t.Run(fmt.Sprint(name, " for ", late), func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client, a awaited, id string) {
					until := cmp.Or(until, emptyLists[a.operation])
					client := listedAfter(t, cloud, late, until)
					var states []string
					began := time.Now()
					require.NoError(t, a.wait(t.Context(), client, id, ctcbr.WaitProgress(func(p ctcbr.Progress) {
						require.NoError(t, p.Err, "not listed yet is no failure")
						require.Equal(t, id, p.ID)
						states = append(states, p.State)
					})))
					require.Empty(t, states[0], "progress says that it is not listed")
					require.NotEmpty(t, states[len(states)-1])
					require.Less(t, time.Since(began), late+5*time.Minute)
				})
			})
		}
	}
}

// What is never listed ends the wait when the patience for the first sight is over, not before.
func TestWaitForWhatIsNeverListed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts         []ctcbr.WaitOption
		after, until time.Duration
		polls        int
	}{
		"5 minutes by default":  {nil, 5 * time.Minute, 6 * time.Minute, 0},
		"zero is the default":   {[]ctcbr.WaitOption{ctcbr.WaitListed(0)}, 5 * time.Minute, 6 * time.Minute, 0},
		"as asked":              {[]ctcbr.WaitOption{ctcbr.WaitListed(20 * time.Second)}, 20 * time.Second, 30 * time.Second, 0},
		"a nanosecond: once":    {[]ctcbr.WaitOption{ctcbr.WaitListed(1)}, 0, 0, 1},
		"few misses do not end": {[]ctcbr.WaitOption{ctcbr.WaitMissing(1)}, 5 * time.Minute, 6 * time.Minute, 0},
	} {
		for answer, until := range map[string]string{
			"not listed":     "",
			"said not to be": `{"statusCode":900,"error":"Backup.Thing.NotFound","message":"no such thing"}`,
		} {
			t.Run(name+", "+answer, func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client, a awaited, id string) {
					until := cmp.Or(until, emptyLists[a.operation])
					client := listedAfter(t, cloud, 48*time.Hour, until)
					began, polls := time.Now(), 0
					err := a.wait(t.Context(), client, id, append(slices.Clip(c.opts), ctcbr.WaitProgress(func(ctcbr.Progress) { polls++ }))...)
					require.ErrorIs(t, err, ctcbr.ErrVanished)
					require.ErrorContains(t, err, id)
					require.Regexp(t, "check its ID|Agents.Install comes first", err.Error(), "what to do")
					require.Equal(t, answer != "not listed", strings.Contains(err.Error(), "no such thing"))
					require.GreaterOrEqual(t, time.Since(began), c.after)
					require.LessOrEqual(t, time.Since(began), c.until)
					if c.polls > 0 {
						require.Equal(t, c.polls, polls)
					}
				})
			})
		}
	}
}

// What was listed has vanished when it is missing in three polls in a row.
func TestWaitForWhatVanishes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts  []ctcbr.WaitOption
		polls int
	}{
		"three in a row":               {nil, 1 + 3},
		"as asked":                     {[]ctcbr.WaitOption{ctcbr.WaitMissing(1)}, 1 + 1},
		"the patience does not matter": {[]ctcbr.WaitOption{ctcbr.WaitListed(time.Hour), ctcbr.WaitMissing(2)}, 1 + 2},
	} {
		for answer, gone := range map[string]cbrtest.Fault{
			"not listed":     {},
			"said not to be": {Code: "Backup.Thing.NotFound"},
		} {
			t.Run(name+", "+answer, func(t *testing.T) {
				t.Parallel()
				eachWait(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client, a awaited, id string) {
					gone := gone
					gone.Skip, gone.Times = 1, -1
					if gone.Code == "" {
						gone.Body = emptyLists[a.operation]
					}
					cloud.Inject(a.operation, gone)
					polls := 0
					err := a.wait(t.Context(), client, id, append(slices.Clip(c.opts), ctcbr.WaitProgress(func(ctcbr.Progress) { polls++ }))...)
					require.ErrorIs(t, err, ctcbr.ErrVanished)
					require.ErrorContains(t, err, "console", "what to do")
					require.Equal(t, gone.Code != "", strings.Contains(err.Error(), "Backup.Thing.NotFound"))
					require.Equal(t, c.polls, polls)
				})
			})
		}
	}
}

func TestWaitForAnOrderThatIsNotFoundSaysWhatToDo(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := createVault(t, client).ID
		cloud.Inject("query-uuid", cbrtest.Fault{Code: "Order.NotFound", Times: -1})
		_, err := client.Orders.Wait(t.Context(), id)
		requirePending(t, err, ctcbr.ErrNotFound, id)
		require.ErrorIs(t, err, ctcbr.ErrVanished)
		require.ErrorContains(t, err, "console")
		require.ErrorContains(t, err, "client token")
		require.Equal(t, 1, cloud.Count("create-storage-backup"), "a wait never sends an order")
	})
}

// A poll that a filter narrows does not show that something is gone: the service does not promise
// what its filters find.
func TestWaitTakesNoNarrowedPollForAMiss(t *testing.T) {
	t.Parallel()
	// unlisted finds nothing by a filter while that is broken, and counts how often it was tried.
	unlisted := func(filter, list string, broken *bool, tried *int) func(*http.Request, http.RoundTripper) (*http.Response, error) {
		return func(req *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if *broken && req.URL.Query().Has(filter) {
				*tried++
				return response(req, strings.NewReader(`{"statusCode":800,"returnObj":{"`+list+`":[]}}`)), nil
			}
			return cloud.RoundTrip(req)
		}
	}
	for name, opts := range map[string][]ctcbr.WaitOption{
		"by default":            nil,
		"one miss is enough":    {ctcbr.WaitMissing(1)},
		"one poll is enough":    {ctcbr.WaitListed(1)},
		"one is enough of both": {ctcbr.WaitListed(1), ctcbr.WaitMissing(1)},
	} {
		t.Run("tasks, "+name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
				for range 300 {
					cloud.AddTask(cbrtest.Task{Status: "Completed"})
				}
				id := cloud.AddTask(cbrtest.Task{})
				broken, tried := true, 0
				client := through(t, cloud, unlisted("backupSrcInstanceID", "backupTaskList", &broken, &tried))
				_, err := client.Tasks.Wait(t.Context(), id, opts...)
				require.NoError(t, err)
				require.Equal(t, 1, tried, "a filter that does not find it is given up")
			}, cbrtest.WithPolls(cbrtest.Polls{Task: 10}))
		})
		for when, c := range map[string]struct {
			broken bool
			tried  int
		}{"always": {true, 2}, "after the first poll": {false, 1}} {
			t.Run("restores, "+when+", "+name, func(t *testing.T) {
				t.Parallel()
				conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
					id := cloud.AddRestore(cbrtest.Restore{})
					broken, tried := c.broken, 0
					client := through(t, cloud, unlisted("backupRestoreID", "backupRestoreList", &broken, &tried))
					_, err := client.Restores.Wait(t.Context(), id, append(slices.Clip(opts), ctcbr.WaitProgress(func(ctcbr.Progress) { broken = true }))...)
					require.NoError(t, err)
					require.Equal(t, c.tried, tried, "a filter that does not find it is given up")
				}, cbrtest.WithPolls(cbrtest.Polls{Restore: 10}))
			})
		}
	}
}

// narrowedTo waits for some tasks in a region with so many tasks, and returns the hosts that the
// second poll asked for.
func narrowedTo(t *testing.T, running, onHosts, listed int) (hosts []string) {
	t.Helper()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		var plans, ids []string
		for range onHosts {
			plans = append(plans, cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)}))
		}
		for i := range running {
			ids = append(ids, cloud.AddTask(cbrtest.Task{PlanID: plans[i%onHosts]}))
		}
		for range listed - running {
			cloud.AddTask(cbrtest.Task{Status: "Completed"})
		}
		_, err := client.Tasks.WaitAll(t.Context(), ids)
		require.NoError(t, err)
		requests := cloud.Requests()
		require.False(t, requireQuery(t, requests[0].Query).Has("backupSrcInstanceID"), "the first poll")
		for _, r := range requests[1:] {
			if r.Time != requests[1].Time {
				break
			}
			if host := requireQuery(t, r.Query).Get("backupSrcInstanceID"); host != "" {
				hosts = append(hosts, host)
			}
		}
	})
	return hosts
}

func TestWaitAllNarrowsWhereThatIsFarLess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		running, onHosts, listed int
		narrowedTo               int
	}{
		"a hundred times as many":          {1, 1, 100, 1},
		"one less":                         {1, 1, 99, 0},
		"a hundred times two":              {2, 2, 200, 2},
		"one less than a hundred times":    {2, 2, 199, 0},
		"three hosts":                      {3, 3, 300, 3},
		"four hosts":                       {4, 4, 400, 0},
		"four tasks of three hosts":        {4, 3, 400, 3},
		"one host, and less than it takes": {3, 1, 299, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, narrowedTo(t, c.running, c.onHosts, c.listed), c.narrowedTo)
		})
	}
}

// A list that comes whole and is shorter than its count says of what it lacks nothing.
func TestWaitTakesNoIncompleteListForAMiss(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		list func(ids []string, state string) string
		wait func(t *testing.T, client *ctcbr.Client, ids []string, opts ...ctcbr.WaitOption) error
		more func(cloud *cbrtest.Server) string
	}{
		"tasks": {
			func(ids []string, state string) string {
				return `{"statusCode":800,"returnObj":{"bakupTaskCount":5,"backupTaskList":[{"backupTaskID":"` + ids[0] + `","backupTaskStatusCode":"` + state + `"}]}}`
			},
			func(t *testing.T, client *ctcbr.Client, ids []string, opts ...ctcbr.WaitOption) error {
				tasks, err := client.Tasks.WaitAll(t.Context(), ids, opts...)
				require.Len(t, tasks, 2)
				return err
			},
			func(cloud *cbrtest.Server) string { return cloud.AddTask(cbrtest.Task{}) },
		},
		"restores": {
			func([]string, string) string {
				return `{"statusCode":800,"returnObj":{"backupRestoreCount":5,"backupRestoreList":[]}}`
			},
			func(t *testing.T, client *ctcbr.Client, ids []string, opts ...ctcbr.WaitOption) error {
				_, err := client.Restores.Wait(t.Context(), ids[1], opts...)
				return err
			},
			func(cloud *cbrtest.Server) string { return cloud.AddRestore(cbrtest.Restore{}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
				ids := []string{c.more(cloud), c.more(cloud)}
				incomplete, failed := false, 0
				client := through(t, cloud, func(req *http.Request, network http.RoundTripper) (*http.Response, error) {
					if incomplete {
						state := "Executing"
						if failed >= 3 {
							state = "Completed"
						}
						return response(req, strings.NewReader(c.list(ids, state))), nil
					}
					return network.RoundTrip(req)
				})
				states := make(map[string][]string)
				err := c.wait(t, client, ids, ctcbr.WaitMissing(1), ctcbr.WaitListed(1), ctcbr.WaitProgress(func(p ctcbr.Progress) {
					states[p.ID] = append(states[p.ID], p.State)
					switch {
					case p.Err == nil:
						incomplete = p.ID == ids[1] && failed == 0
						return
					case p.ID != ids[1]:
						require.Fail(t, "what an incomplete list holds counts", "%+v", p)
					}
					require.ErrorIs(t, p.Err, ctcbr.ErrIncomplete)
					require.NotEmpty(t, p.State, "as it was listed before")
					failed++
					incomplete = failed < 5
				}))
				require.NoError(t, err)
				require.Equal(t, 5, failed)
				if name == "tasks" {
					require.Equal(t, []string{"Preparing", "Executing", "Executing", "Executing", "Completed"}, states[ids[0]], "what an incomplete list holds counts, once a poll")
				}
			})
		})
	}
	t.Run("agents", func(t *testing.T) {
		t.Parallel()
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.AddAgent(cloud.HostID)
			for _, count := range []string{"backupClientTotal", "totalCount"} {
				cloud.Inject("client-by-instance-backup", cbrtest.Fault{Times: 5, Body: `{"statusCode":800,"returnObj":{"backupClientList":[],"` + count + `":1}}`})
			}
			cloud.Inject("client-by-instance-backup", cbrtest.Fault{Times: -1, Body: `{"statusCode":800,"returnObj":{"backupClientTotal":2,` +
				`"backupClientList":[{"instanceID":"` + cloud.HostID + `","backupClientStatus":"Activated"}]}}`})
			failed := 0
			_, err := client.Agents.WaitActivated(t.Context(), cloud.HostID, ctcbr.WaitMissing(1), ctcbr.WaitListed(1), ctcbr.WaitProgress(func(p ctcbr.Progress) {
				if p.Err != nil {
					failed++
					require.ErrorIs(t, p.Err, ctcbr.ErrIncomplete)
					require.ErrorContains(t, p.Err, "0 of 1 agents came")
				}
			}))
			require.NoError(t, err)
			require.Equal(t, 10, failed)
		})
	})
}

// An agent that is installed anew is first listed as it was before.
func TestWaitForAnAgentThatIsInstalledAnew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		polls [][]string // "ID state" of the agents that each poll lists; the last one lasts
		opts  []ctcbr.WaitOption
		want  error
		after time.Duration
	}{
		"as it failed before, then active":      {polls: [][]string{{"a InstallFail"}, {"a InstallFail"}, {"a InstallFail"}, {"a Installing"}, {"a Activated"}}},
		"active at once":                        {polls: [][]string{{"a Activated"}}},
		"it fails again":                        {polls: [][]string{{"a InstallFail"}, {"a Installing"}, {"a InstallFail"}}, want: ctcbr.ErrFailed, after: 5 * time.Second},
		"it fails otherwise":                    {polls: [][]string{{"a InstallFail"}, {"a StartFailed"}}, want: ctcbr.ErrFailed, after: 2 * time.Second},
		"it fails after the state of a new one": {polls: [][]string{{}, {"a Installing"}, {"a InstallFail"}}, want: ctcbr.ErrFailed, after: 5 * time.Second},
		"another agent fails":                   {polls: [][]string{{"a InstallFail"}, {"b InstallFail"}}, want: ctcbr.ErrFailed, after: 2 * time.Second},
		"it stays as it failed":                 {polls: [][]string{{"a InstallFail"}}, want: ctcbr.ErrFailed, after: 5 * time.Minute},
		"it stays, and one poll is enough":      {polls: [][]string{{"a InstallFail"}}, opts: []ctcbr.WaitOption{ctcbr.WaitListed(1)}, want: ctcbr.ErrFailed},
		"a state that merely holds Fail":        {polls: [][]string{{"a FailoverRunning"}, {"a Failing"}, {"a Activated"}}},
		"an old one failed, a new one comes":    {polls: [][]string{{"a InstallFail"}, {"a InstallFail", "b Installing"}, {"a InstallFail", "b Activated"}}},
		"a new one before an old that failed":   {polls: [][]string{{"b Installing", "a InstallFail"}, {"b Activated", "a InstallFail"}}},
		"two, of which one is active":           {polls: [][]string{{"b Activated", "a Offline"}}},
		"none for a while, then one":            {polls: [][]string{{}, {}, {}, {}, {}, {"a Installing"}, {"a Activated"}}},
		"listed, and missing twice, twice":      {polls: [][]string{{"a Installing"}, {}, {}, {"a Installing"}, {}, {}, {"a Activated"}}},
		"an old one fails, a new one comes":     {polls: [][]string{{"a Offline"}, {"a UninstallFail", "b Installing"}, {"a UninstallFail", "b Activated"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
				asked := 0
				client := through(t, cloud, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
					var items []string
					for _, agent := range c.polls[min(asked, len(c.polls)-1)] {
						id, status, _ := strings.Cut(agent, " ")
						items = append(items, fmt.Sprintf(`{"instacneID":"host","backupClientID":%q,"backupClientStatus":%q}`, id, status))
					}
					asked++
					list := `{"instanceID":"another","backupClientStatus":"Activated"},` + strings.Join(items, ",")
					return response(req, strings.NewReader(`{"statusCode":800,"returnObj":{"backupClientList":[`+strings.TrimSuffix(list, ",")+`]}}`)), nil
				})
				began := time.Now()
				agent, err := client.Agents.WaitActivated(t.Context(), "host", c.opts...)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
					require.GreaterOrEqual(t, time.Since(began), c.after)
					require.Less(t, time.Since(began), c.after+time.Minute)
					require.Nil(t, agent)
					return
				}
				require.NoError(t, err)
				require.Equal(t, len(c.polls), asked)
				require.Equal(t, ctcbr.AgentActivated, agent.Status)
			})
		})
	}
}

// Success is a state that says so, of all that the service says.
func TestWaitTakesNoContradictionForASuccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		states []string // of one task, listed so often
		want   error
	}{
		"completed":                   {[]string{"Completed", "Completed"}, nil},
		"completed and failed":        {[]string{"Completed", "Failed"}, ctcbr.ErrFailed},
		"failed and completed":        {[]string{"Failed", "Completed"}, ctcbr.ErrFailed},
		"completed and running":       {[]string{"Completed", "Executing"}, ctcbr.ErrWaitTooLong},
		"running and completed":       {[]string{"Executing", "Completed"}, ctcbr.ErrWaitTooLong},
		"no state":                    {[]string{""}, ctcbr.ErrWaitTooLong},
		"a state that nobody knows":   {[]string{"Complete"}, ctcbr.ErrWaitTooLong},
		"completed, in other letters": {[]string{"completed"}, ctcbr.ErrWaitTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				var items []string
				for _, state := range c.states {
					items = append(items, fmt.Sprintf(`{"backupTaskID":"task","backupTaskStatusCode":%q}`, state))
				}
				cloud.Inject("query-task-backup", cbrtest.Fault{Times: -1, Body: `{"statusCode":800,"returnObj":{"backupTaskList":[` + strings.Join(items, ",") + `]}}`})
				_, err := client.Tasks.Wait(t.Context(), "task", ctcbr.WaitAtMost(time.Hour))
				require.ErrorIs(t, err, c.want)
			})
		})
	}
}

func TestRunAndWaitOfAHostOnPremises(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]ctcbr.OperatePlanRequest{
		"by IsCloud":    {IsCloud: ctcbr.Ptr(false)},
		"by SourceType": {SourceType: ctcbr.SourceOnPremises},
		"by both":       {SourceType: ctcbr.SourceOnPremises, IsCloud: ctcbr.Ptr(true)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				cloud.Inject("action-backup-policy", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"status":"success","backupTaskID":"task"}}`})
				cloud.Inject("query-task-backup", cbrtest.Fault{Body: `{"statusCode":800,"returnObj":{"backupTaskList":[{"backupTaskID":"task","backupTaskStatusCode":"Completed"}]}}`})
				req.ID = "plan"
				_, err := client.Plans.RunAndWait(t.Context(), &req)
				require.NoError(t, err)
				requests := cloud.Requests()
				require.Equal(t, url.Values{"regionID": {cloud.RegionID}, "sourceType": {"CT-LS"}}, requireQuery(t, requests[len(requests)-1].Query))
			})
		})
	}
}

// Two runs whose answers name one task have one copy between them.
func TestWaitAllOfTwoRunsWithOneTask(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		id := cloud.AddTask(cbrtest.Task{Status: "Failed"})
		tasks, err := client.Tasks.WaitAll(t.Context(), []string{id, id})
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		require.Equal(t, []ctcbr.TaskStatus{"Failed", "Failed"}, []ctcbr.TaskStatus{tasks[0].Status, tasks[1].Status}, "the failure shows in both")
	})
}

// A filter that did not find what was not listed yet is used again once that is listed.
func TestWaitFiltersAgainAfterTheFirstSight(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
		id := cloud.AddRestore(cbrtest.Restore{})
		client := listedAfter(t, cloud, 8*time.Second, emptyLists["query-restore-backup"])
		_, err := client.Restores.Wait(t.Context(), id)
		require.NoError(t, err)
		requests := cloud.Requests()
		require.Greater(t, len(requests), 3)
		for i, r := range requests {
			require.Equal(t, i > 0, requireQuery(t, r.Query).Has("backupRestoreID"), "request %d", i)
		}
	})
}

func TestWaitCountsMissesInARow(t *testing.T) {
	t.Parallel()
	eachWait(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client, a awaited, id string) {
		polls := 0 // of every three, two list nothing
		client := through(t, cloud, func(req *http.Request, cloud http.RoundTripper) (*http.Response, error) {
			if polls%3 > 0 {
				return response(req, strings.NewReader(emptyLists[a.operation])), nil
			}
			return cloud.RoundTrip(req)
		})
		require.NoError(t, a.wait(t.Context(), client, id, ctcbr.WaitProgress(func(p ctcbr.Progress) {
			require.Equal(t, polls%3 > 0, p.State == "")
			polls++
		})))
		require.Greater(t, polls, 3)
	})
}
