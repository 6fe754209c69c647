package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/clitest"
)

const runs, looks = "action-backup-policy", "query-task-backup"

// cloudWithPlans has a host with two active plans and a stopped one, and another host with a plan.
func cloudWithPlans(t *testing.T) *cbrtest.Server {
	cloud := clitest.NewCloud(t)
	other := cloud.AddHost(cbrtest.Host{ID: "host-2", Name: "数据库"})
	cloud.AddAgent("")
	cloud.AddAgent(other)
	cloud.AddPlan(cbrtest.Plan{ID: "plan-1", Name: "nightly"})
	cloud.AddPlan(cbrtest.Plan{ID: "plan-2", Name: "weekly"})
	cloud.AddPlan(cbrtest.Plan{ID: "plan-3", Name: "paused", Stopped: true})
	cloud.AddPlan(cbrtest.Plan{ID: "plan-4", Name: "nightly", HostID: other})
	return cloud
}

func TestBackupOfPlans(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "plan-1", "plan-3", "plan-4", "plan-1"), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "3 of 3 plans backed up")
	require.Contains(t, p.Stdout.String(), "nightly of 数据库: Completed 100%")
	require.Equal(t, 3, cloud.Count(runs))
	require.Equal(t, 1+5, cloud.Count(looks), "once before, and once a look")
	require.Empty(t, p.Stderr.String())
	require.NotContains(t, p.Stdout.String(), "\x1b")
}

func TestBackupOfHostAndOfAll(t *testing.T) {
	t.Parallel()
	for flag, plans := range map[string]string{"-host=host-2": "1 of 1", "-all": "3 of 3"} {
		cloud := cloudWithPlans(t)
		p := clitest.New(cloud, run)
		require.Zero(t, p.Run(t.Context(), flag, "-full"), p.Stderr.String())
		require.Contains(t, p.Stdout.String(), plans+" plans backed up")
		require.NotContains(t, p.Stdout.String(), "paused")
		for _, r := range cloud.Requests() {
			if r.Operation == runs {
				require.Contains(t, string(r.Body), `"backupMode":1`)
			}
		}
	}
}

func TestBackupThatFails(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	cloud.FailNext(cbrtest.TaskJob, "disk on fire")
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "-all"))
	require.Contains(t, p.Stdout.String(), "2 of 3 plans backed up")
	require.Contains(t, p.Stderr.String(), "disk on fire")
	require.Contains(t, p.Stderr.String(), "1 of 3 plans were not backed up")
}

func TestBackupOfPlansWhoseRunsNameOneTask(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"Failed", "Completed"} {
		cloud := cloudWithPlans(t)
		task := cloud.AddTask(cbrtest.Task{PlanID: "plan-1", Status: status})
		cloud.Inject(runs, cbrtest.Fault{Times: 2, Body: `{"statusCode":800,"returnObj":{"status":"success","backupTaskID":"` + task + `"}}`})
		p := clitest.New(cloud, run)
		require.Equal(t, 1, p.Run(t.Context(), "plan-1", "plan-2"))
		require.Contains(t, p.Stdout.String(), "0 of 2 plans backed up")
		require.Contains(t, p.Stderr.String(), "was named for 2 plans: outcome unknown")
	}
}

func TestBackupOfUnknownPlan(t *testing.T) {
	t.Parallel()
	p := clitest.New(cloudWithPlans(t), run)
	require.Equal(t, 1, p.Run(t.Context(), "plan-1", "nonsense"))
	require.Contains(t, p.Stdout.String(), "1 of 2 plans backed up")
	require.Contains(t, p.Stderr.String(), "nonsense: there is no such plan")
}

func TestBackupWithoutPlans(t *testing.T) {
	t.Parallel()
	p := clitest.New(clitest.NewCloud(t, cbrtest.Activated()), run)
	require.Equal(t, 1, p.Run(t.Context(), "-all"))
	require.Contains(t, p.Stderr.String(), "no active plan")
}

func TestBackupFindsARunWithoutAnswer(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	cloud.Inject(runs, cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
	cloud.AddTask(cbrtest.Task{PlanID: "plan-1", Status: "Completed"})
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "plan-1", "plan-2"), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "nightly of ecm-")
	require.Contains(t, p.Stdout.String(), "no answer came, but there is a new task")
	require.Contains(t, p.Stdout.String(), "2 of 2 plans backed up")
	require.Equal(t, 2, cloud.Count(runs))
}

func TestBackupDoesNotRunAgain(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	cloud.Inject(runs, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "plan-1"))
	require.Contains(t, p.Stdout.String(), "unknown, not run again")
	require.Contains(t, p.Stderr.String(), "outcome unknown")
	require.Equal(t, 1, cloud.Count(runs))
}

func TestBackupInterrupted(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(p.InterruptAt(t, cloud, looks, 3), "plan-1"))
	require.Contains(t, p.Stdout.String(), "still running")
	require.Contains(t, p.Stderr.String(), "goes on, but it is no longer waited for")
	require.Contains(t, p.Stderr.String(), "backup: interrupted\n")
	require.Zero(t, cloud.Count("cancel-task-backup"))

	cloud = cloudWithPlans(t)
	p = clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(p.InterruptAt(t, cloud, runs, 1), "plan-1", "plan-2"))
	require.Contains(t, p.Stdout.String(), "still running")
	require.Contains(t, p.Stdout.String(), "not run")
	require.Equal(t, 1, cloud.Count(runs))
}

func TestBackupRefused(t *testing.T) {
	t.Parallel()
	cloud := cloudWithPlans(t)
	cloud.Inject("", cbrtest.Fault{Status: 403, Times: -1})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "plan-1"))
	require.Contains(t, p.Stderr.String(), "allow-list")
	require.Zero(t, cloud.Count(runs))
}

func TestBackupUsage(t *testing.T) {
	t.Parallel()
	for args, status := range map[string]int{
		"": 2, "-all plan": 2, "-host h -all": 2, "-nonsense": 2, "plan -v": 2, "-at-most -1s plan": 2, "-h": 0,
	} {
		cloud := clitest.NewCloud(t)
		p := clitest.New(cloud, run)
		require.Equal(t, status, p.Run(t.Context(), strings.Fields(args)...), args)
		require.NotEmpty(t, p.Stderr.String())
		require.Zero(t, cloud.Count(""))
	}
}
