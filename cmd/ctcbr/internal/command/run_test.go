package command

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// cloudWithPlans has active plans named nightly on web-01, web-02, ..., by the IDs plan-1, plan-2, ...
func cloudWithPlans(t *testing.T, n int, opts ...cbrtest.Option) *cbrtest.Server {
	cloud := newCloud(t, n, opts...)
	addPlans(cloud, n)
	return cloud
}

func addPlans(cloud *cbrtest.Server, n int) {
	for i := range n {
		id := string(rune('1' + i))
		cloud.AddAgent("host-" + id)
		cloud.AddPlan(cbrtest.Plan{ID: "plan-" + id, HostID: "host-" + id, Name: "nightly", StorageID: "vault-id"})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 3))
	c.cloud.AddHost(cbrtest.Host{ID: "bare-id", Name: "bare", SourceType: "CT-DPS"})
	c.cloud.AddAgent("bare-id")
	c.cloud.AddPlan(cbrtest.Plan{ID: "plan-bare", HostID: "bare-id", Name: "nightly", StorageID: "vault-id"})
	var rows []map[string]any
	c.json(&rows, "run", "nightly")
	require.Len(t, rows, 4)
	for _, row := range rows {
		require.Equal(t, "completed", row["result"])
	}
	require.Equal(t, 4, c.count(cbrtest.OperatePlan))
	c.json(&rows, "run", "nightly", "--host", "web-0[12]")
	require.Len(t, rows, 2)
	c.json(&rows, "run", "plan-1", "plan-1", "--full")
	require.Len(t, rows, 1)
	c.cloud.SetStatus("plan-2", "Stop")
	c.json(&rows, "run", "--all")
	require.Len(t, rows, 3)
	before := c.count(cbrtest.OperatePlan)
	require.Contains(t, c.fails(1, "run", "plan-1", "nope"), "not found")
	require.Equal(t, before, c.count(cbrtest.OperatePlan), "all plans are found before the first is run")
	require.Contains(t, c.fails(1, "run", "nightly", "--host", "nope"), "not found")
}

func TestRunThatFails(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 3))
	c.cloud.FailNext(cbrtest.TaskJob, "disk\x1b full")
	require.Contains(t, c.fails(1, "run", "nightly"), `disk`)
	requireHarmless(t, c.stderr.String())
	require.Regexp(t, `failed`, c.stdout.String())
	require.Contains(t, c.stderr.String(), "2 of 3 plans have completed their copies")
}

// A run whose answer was lost is looked for, and not sent again.
func TestRunWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 2))
	c.cloud.Inject(cbrtest.OperatePlan, cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
	c.ok("run", "nightly")
	require.Contains(t, c.stderr.String(), "new task")
	require.Equal(t, 2, c.count(cbrtest.OperatePlan))

	c.cloud.Inject(cbrtest.OperatePlan, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest})
	c.fails(3, "run", "nightly")
	require.Contains(t, c.stdout.String(), "unknown")
	require.Equal(t, 4, c.count(cbrtest.OperatePlan))
}

// One task cannot be the copy of two plans.
func TestTwoRunsOfOneTask(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 2))
	c.cloud.AddTask(cbrtest.Task{ID: "the-task", PlanID: "plan-1", Status: "Completed"})
	c.cloud.Inject(cbrtest.OperatePlan, cbrtest.Fault{Times: 2,
		Body: `{"statusCode":800,"message":"ok","description":"成功","returnObj":{"backupTaskID":"the-task","backupPolicyStatus":"true"}}`})
	require.Contains(t, c.fails(3, "run", "nightly"), "the-task")
	require.NotContains(t, c.stdout.String(), "completed")

	c.cloud.Inject(cbrtest.OperatePlan, cbrtest.Fault{
		Body: `{"statusCode":800,"message":"ok","description":"成功","returnObj":{"backupTaskID":"the-task","backupPolicyStatus":"true"}}`})
	require.Contains(t, c.fails(3, "run", "plan-2"), "another plan")
}

func TestInterruptedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory(), cbrtest.WithPolls(cbrtest.Polls{Task: 100000}))
		defer cloud.Close()
		cloud.AddHost(cbrtest.Host{ID: "bare-id", Name: "bare", SourceType: "CT-DPS"})
		cloud.AddAgent("bare-id")
		cloud.AddPlan(cbrtest.Plan{HostID: "bare-id", Name: "nightly"})
		c := newTool(t, cloud)
		c.poll, c.more = 0, []ctcbr.Option{ctcbr.WithHTTPClient(cloud.HTTPClient())}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(Interrupted("hangup")) })
		require.Equal(t, 1, c.runIn(ctx, "run", "nightly"))
		require.Regexp(t, `ctcbr wait task \S+ --source CT-DPS`, c.stderr.String())
		require.Contains(t, c.stderr.String(), "hangup")
		require.Contains(t, c.stdout.String(), "running")
		require.Contains(t, c.fails(1, "run", "nightly", "--at-most", "10m"), "ctcbr wait task")
	})
}

// A log has a line for each change of state, and none more than once a minute between them.
func TestProgressInALog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory(), cbrtest.WithPolls(cbrtest.Polls{Task: 100}))
		defer cloud.Close()
		cloud.AddAgent(cloud.HostID)
		cloud.AddPlan(cbrtest.Plan{HostID: cloud.HostID, Name: "nightly"})
		c := newTool(t, cloud)
		c.poll, c.more = 3*time.Second, []ctcbr.Option{ctcbr.WithHTTPClient(cloud.HTTPClient())}
		c.ok("run", "nightly")
		said := c.stderr.String()
		require.Contains(t, said, "preparing")
		require.Contains(t, said, "running")
		require.Contains(t, said, "completed")
		require.Less(t, len(said), 1000, said)
		c.ok("run", "nightly", "--quiet")
		require.Empty(t, c.stderr.String())
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 2))
	c.cloud.AddTask(cbrtest.Task{ID: "task-1", PlanID: "plan-1", Status: "Executing"})
	c.cloud.AddTask(cbrtest.Task{ID: "task-2", PlanID: "plan-2", Status: "Executing"})
	var tasks []map[string]any
	c.json(&tasks, "wait", "task", "task-1", "task-2", "task-1")
	require.Len(t, tasks, 2)
	c.cloud.AddTask(cbrtest.Task{ID: "task-3", PlanID: "plan-1", Status: "Failed", Message: "lost"})
	require.Contains(t, c.fails(1, "wait", "task", "task-3", "task-1"), "lost")
	c.cloud.AddHost(cbrtest.Host{ID: "bare-id", Name: "bare", SourceType: "CT-DPS"})
	c.cloud.AddAgent("bare-id")
	c.cloud.AddPlan(cbrtest.Plan{ID: "plan-b", HostID: "bare-id", Name: "nightly"})
	c.cloud.AddTask(cbrtest.Task{ID: "task-b", PlanID: "plan-b", Status: "Executing"})
	c.ok("wait", "task", "task-b")
	c.ok("wait", "agent", "web-01", "bare")
	require.Contains(t, c.fails(1, "wait", "agent", "nope"), "not found")
	c.fails(1, "wait", "order", "nope", "--at-most", "10ms")
	require.Contains(t, c.stderr.String(), "not listed yet")
	require.Contains(t, c.fails(1, "wait", "task", "nope", "--at-most", "10ms"), "nope")
}

func TestRestoreStart(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 2))
	old := c.cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-1", Created: time.Now().Add(-30 * time.Hour)})
	newest := c.cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-1", Created: time.Now().Add(-time.Hour)})
	body := func() string {
		said := ""
		for _, r := range c.cloud.Requests() {
			if r.Operation == cbrtest.CreateRestore {
				said = string(r.Body)
			}
		}
		return said
	}
	var restored map[string]any
	c.json(&restored, "restore", "start", "web-01", "--to", "/restored", "--target", "web-02", "--path", "/etc/hosts", "--existing", "skip")
	require.Equal(t, "RestoreCompleted", restored["status"])
	for _, want := range []string{newest, `"backupTgtDir":"/restored"`, `"backupTgtInstanceID":"host-2"`, `"backupRestoreFileList":["/etc/hosts"]`, `"backupRestoreFuncType":1`, `"backupExistFileMode":1`} {
		require.Contains(t, body(), want)
	}
	c.ok("restore", "start", "web-01", "--in-place", "--plan", "nightly")
	require.NotContains(t, body(), "backupTgtDir")
	c.ok("restore", "start", "host-1", "--to", "/x", "--copy", old)
	require.Contains(t, body(), old)

	before := c.count(cbrtest.CreateRestore)
	c.fails(1, "restore", "start", "web-01", "--to", "/x", "--max-age", "10m")
	c.fails(1, "restore", "start", "web-01", "--to", "/x", "--plan", "weekly")
	c.fails(1, "restore", "start", "web-02", "--to", "/x")
	c.fails(1, "restore", "start", "web-02", "--to", "/x", "--copy", old)
	c.fails(1, "restore", "start", "nope", "--to", "/x")
	c.fails(1, "restore", "start", "web-01", "--to", "/x", "--target", "nope")
	c.fails(2, "restore", "start", "web-01", "--to", " ")
	require.Equal(t, before, c.count(cbrtest.CreateRestore))

	c.cloud.FailNext(cbrtest.RestoreJob, "no room")
	require.Contains(t, c.fails(1, "restore", "start", "web-01", "--to", "/x"), "no room")
	require.Contains(t, c.stdout.String(), "failed")
}

// A host that is gone is what restores are for.
func TestRestoreOfAHostThatIsGone(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithPlans(t, 2))
	c.cloud.AddSnapshot(cbrtest.Snapshot{PlanID: "plan-1", Created: time.Now().Add(-time.Hour)})
	c.cloud.Remove("host-1")
	for _, agent := range []string{"host-1"} {
		c.cloud.Remove(agent)
	}
	c.ok("restore", "start", "web-01", "--to", "/x", "--target", "web-02")
}

func TestInterruptedRestore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory(), cbrtest.WithPolls(cbrtest.Polls{Restore: 100000}))
		defer cloud.Close()
		cloud.AddAgent(cloud.HostID)
		plan := cloud.AddPlan(cbrtest.Plan{HostID: cloud.HostID, Name: "nightly"})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan})
		c := newTool(t, cloud)
		c.poll, c.more = 0, []ctcbr.Option{ctcbr.WithHTTPClient(cloud.HTTPClient())}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Hour, func() { cancel(Interrupted("terminated")) })
		require.Equal(t, 1, c.runIn(ctx, "restore", "start", "ecm-demo", "--to", "/x"))
		require.Regexp(t, `ctcbr wait restore \S+ --source CT-ECS`, c.stderr.String())
	})
}
