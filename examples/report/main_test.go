package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/clitest"
)

// cloudWithGaps has a host that is protected, one whose copy is old, and one without an agent.
func cloudWithGaps(t *testing.T) *cbrtest.Server {
	cloud := clitest.NewCloud(t, cbrtest.Activated())
	cloud.Remove(cloud.HostID)
	for _, host := range []struct {
		id, name string
		age      time.Duration
	}{{"host-1", "网站<b>", time.Hour}, {"host-2", "old \x1b[31mred", 50 * time.Hour}} {
		cloud.AddHost(cbrtest.Host{ID: host.id, Name: host.name})
		cloud.AddAgent(host.id)
		plan := cloud.AddPlan(cbrtest.Plan{HostID: host.id, Name: "nightly"})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-host.age), Size: 3 << 30})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-host.age - 24*time.Hour), Size: 1 << 30, Incremental: true})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Status: "NotAvailable"})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-1000 * time.Hour), Size: 1 << 29})
	}
	cloud.AddHost(cbrtest.Host{ID: "host-3", Name: "bare"})
	return cloud
}

func TestReport(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context()), p.Stderr.String())
	said := p.Stdout.String()
	require.Regexp(t, `host-2 +old \?\[31mred +snapshot too old +nightly +\S+ \S+ \(2 days ago\)`, said)
	require.Regexp(t, `host-3 +bare +no agent +none`, said)
	require.Regexp(t, `host-1 +网站<b> +3 +4.5 GB +\S+ \S+ \(1 h ago\)`, said)
	require.Contains(t, said, "3 hosts, 2 hosts not fully protected, 6 copies")
	for _, r := range cloud.Requests() {
		require.Equal(t, "GET", r.Method)
	}
}

func TestReportTellsWhatFailed(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	plan := cloud.AddPlan(cbrtest.Plan{HostID: "host-1", Name: "hourly"})
	for _, task := range []struct {
		age             time.Duration
		status, message string
	}{
		{2 * time.Hour, "Failed", "disk\x1b full"},
		{time.Hour, "Failed", "agent lost"},
		{27 * time.Hour, "Failed", "long ago"},
		{time.Hour, "Completed", "all well"},
	} {
		at := time.Now().Add(-task.age)
		cloud.AddTask(cbrtest.Task{PlanID: plan, Status: task.status, Message: task.message, Started: at, Done: at})
	}
	file := filepath.Join(t.TempDir(), "report.html")
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "-html", file), p.Stderr.String())
	said := p.Stdout.String()
	require.Regexp(t, `(?s)FAILED.*host-1 +网站<b> +hourly +\S+ \S+ \(1 h ago\) +agent lost\nhost-1 .* \(2 h ago\) +disk\? full\n`, said)
	require.NotContains(t, said, "long ago")
	require.NotContains(t, said, "all well")
	require.Contains(t, said, ", 2 backups failed\n")
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(page), "disk? full")
	requireBalanced(t, string(page))

	p = clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "-max-age", "28h"), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "long ago")
}

func TestReportListsHostsForProtect(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	cloud.AddHost(cbrtest.Host{ID: "host-4", Name: "no\nplan"})
	cloud.AddAgent("host-4")
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "-ids"), p.Stderr.String())
	require.Equal(t, "host-3 # bare: no agent\nhost-4 # no plan: no plan\n", p.Stdout.String())
}

func TestReportFailsIfAsked(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	require.Equal(t, 1, clitest.New(cloud, run).Run(t.Context(), "-fail"))
	cloud.Remove("host-3")
	require.Equal(t, 1, clitest.New(cloud, run).Run(t.Context(), "-fail"))
	require.Zero(t, clitest.New(cloud, run).Run(t.Context(), "-fail", "-max-age", "60h"))
}

func TestReportPage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, []byte("the one of yesterday"), 0o600))
	p := clitest.New(cloudWithGaps(t), run)
	require.Zero(t, p.Run(t.Context(), "-html", file), p.Stderr.String())
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	text := string(data)
	require.Contains(t, text, "网站&lt;b&gt;")
	require.NotContains(t, text, "<b>网站")
	require.Equal(t, 2, strings.Count(text, "<svg"))
	require.Contains(t, text, "2 copies in 30 days, 3.0 GB at most on one day")
	require.Contains(t, text, ": 1 copy, incremental 1.0 GB</title>")
	require.Contains(t, text, "No copies in these days.")
	for _, remote := range []string{"http://", "https://", "src=", "@import", "url(", "<link", "<script"} {
		require.NotContains(t, text, remote)
	}
	requireBalanced(t, text)
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left behind")
}

// requireBalanced reads a page as XML would be read, but for the elements that HTML does not close.
func requireBalanced(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	decoder.Strict = false
	decoder.AutoClose = xml.HTMLAutoClose
	decoder.Entity = xml.HTMLEntity
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

func TestReportWithoutHosts(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t, cbrtest.Activated())
	cloud.Remove(cloud.HostID)
	file := filepath.Join(t.TempDir(), "report.html")
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "-fail", "-html", file), "no hosts are not all is well")
	require.Contains(t, p.Stdout.String(), "no hosts")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(data), "no hosts")
}

func TestReportThatCannotBeMade(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"info-client-backup", "query-backup-policy", "query-backup-snapshot", "query-task-backup"} {
		cloud := cloudWithGaps(t)
		cloud.Inject(operation, cbrtest.Fault{Conn: cbrtest.CutBody, Times: -1})
		file := filepath.Join(t.TempDir(), "report.html")
		p := clitest.New(cloud, run)
		require.Equal(t, 1, p.Run(t.Context(), "-html", file), operation)
		require.Contains(t, p.Stderr.String(), operation)
		require.NoFileExists(t, file)
		require.Empty(t, p.Stdout.String())
	}
	p := clitest.New(cloudWithGaps(t), run)
	require.Equal(t, 1, p.Run(t.Context(), "-html", filepath.Join(t.TempDir(), "missing", "report.html")))
	require.NotEmpty(t, p.Stderr.String())
}

func TestReportInterrupted(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(p.InterruptAt(t, cloud, "query-backup-snapshot", 1)))
	require.Equal(t, "report: interrupted\n", p.Stderr.String())
}

func TestReportUsage(t *testing.T) {
	t.Parallel()
	for args, status := range map[string]int{"-h": 0, "host": 2, "-max-age 0s": 2, "-max-age 3d": 2, "-source ecs": 2, "-days 6": 2, "-days 93": 2, "-nonsense": 2} {
		p := clitest.New(clitest.NewCloud(t), run)
		require.Equal(t, status, p.Run(t.Context(), strings.Fields(args)...), args)
		require.NotEmpty(t, p.Stderr.String())
	}
}

func TestCopiesAreCountedByDayOfBeijing(t *testing.T) {
	t.Parallel()
	beijing := time.FixedZone("", 8*60*60)
	q := question{days: 7}
	days := q.calendar(time.Date(2026, 3, 2, 0, 30, 0, 0, beijing))
	require.Equal(t, "2026-02-24", days[0].Start.Format(time.DateOnly))
	require.Equal(t, "2026-03-02", days[6].Start.Format(time.DateOnly))
}
