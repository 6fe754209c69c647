package command

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

// cloudWithGaps has a host that is protected, one whose copy is old, and one without an agent.
func cloudWithGaps(t *testing.T) *cbrtest.Server {
	cloud := newCloud(t, 0)
	for _, host := range []struct {
		id, name string
		age      time.Duration
	}{{"host-1", "网站<b>", time.Hour}, {"host-2", "old \x1b[31mred", 50 * time.Hour}} {
		cloud.AddHost(cbrtest.Host{ID: host.id, Name: host.name})
		cloud.AddAgent(host.id)
		plan := cloud.AddPlan(cbrtest.Plan{HostID: host.id, Name: "nightly", StorageID: "vault-id"})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-host.age), Size: 3 << 30})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-host.age - 24*time.Hour), Size: 1 << 30, Incremental: true})
		cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Status: "NotAvailable", Created: time.Now().Add(-300 * time.Hour)})
	}
	cloud.AddHost(cbrtest.Host{ID: "host-3", Name: "bare"})
	return cloud
}

func TestReport(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithGaps(t))
	said := c.ok("report", "--max-age", "26h")
	require.Regexp(t, `old \\x1b\[31mred +snapshot too old +nightly`, said)
	require.Regexp(t, `bare +no agent`, said)
	require.Regexp(t, `网站<b> +protected +\S+ \S+ +2 +4.0 GB`, said)
	require.Contains(t, said, "3 hosts, 2 of them not fully protected")
	require.Contains(t, said, "vault")
	requireHarmless(t, said)
	require.Contains(t, c.ok("report", "--max-age", "26h", "--lang", "zh"), "共 3 台主机，其中 2 台未受完整保护")
	c.fails(1, "report", "--fail")
	for _, r := range c.cloud.Requests() {
		require.Equal(t, "GET", r.Method)
	}
	var v map[string]any
	c.json(&v, "report", "--max-age", "26h")
	require.InDelta(t, 2, v["unprotected"], 0)
	require.Len(t, v["hosts"], 3)
	require.Len(t, v["vaults"], 1)
}

// The watcher never says that all is well where it is not.
func TestReportFail(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*cbrtest.Server, string) []string{
		"well":             func(*cbrtest.Server, string) []string { return nil },
		"no hosts":         func(*cbrtest.Server, string) []string { return []string{"--source", "CT-LS"} },
		"plan that failed": func(c *cbrtest.Server, plan string) []string { c.SetStatus(plan, "CreateFail"); return nil },
		"plan frozen":      func(c *cbrtest.Server, plan string) []string { c.SetStatus(plan, "Frozen"); return nil },
		"plan stopped":     func(c *cbrtest.Server, plan string) []string { c.SetStatus(plan, "Stop"); return nil },
		"vault expired":    func(c *cbrtest.Server, plan string) []string { c.SetStatus("vault-id", "Expire"); return nil },
		"vault expiring":   func(*cbrtest.Server, string) []string { return []string{"--min-days", "1000"} },
		"failed run": func(c *cbrtest.Server, plan string) []string {
			c.AddTask(cbrtest.Task{PlanID: plan, Status: "Failed", Started: time.Now().Add(-time.Minute), Done: time.Now()})
			return nil
		},
		"no copies usable": func(*cbrtest.Server, string) []string { return []string{"--max-age", "1m"} },
		"list that is refused": func(c *cbrtest.Server, _ string) []string {
			c.Inject(cbrtest.ListPlans, cbrtest.Fault{Code: "X.Y.Z", Times: -1})
			return nil
		},
		"list that is cut": func(c *cbrtest.Server, _ string) []string {
			c.Inject(cbrtest.ListSnapshots, cbrtest.Fault{Conn: cbrtest.CutBody, Times: -1})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, 1)
			cloud.AddAgent("host-1")
			plan := cloud.AddPlan(cbrtest.Plan{HostID: "host-1", Name: "nightly", StorageID: "vault-id"})
			cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-time.Hour)})
			c := newTool(t, cloud)
			args := append([]string{"report", "--fail"}, spoil(cloud, plan)...)
			want := 1
			if name == "well" {
				want = 0
			}
			require.Equal(t, want, c.run(args...), c.stdout.String()+c.stderr.String())
		})
	}
}

func TestReportPage(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithGaps(t))
	for lang, words := range map[string][]string{
		"en": {`<html lang="en">`, "What is not protected", "no agent", "Copies in the last 30 days", "not fully protected"},
		"zh": {`<html lang="zh-CN">`, "未受保护", "没有备份客户端", "最近 30 天的副本", "北京时间"},
	} {
		page := c.ok("report", "-o", "html", "--lang", lang)
		for _, w := range append(words, "网站&lt;b&gt;", `old \x1b[31mred`, "<svg", "vault") {
			require.Contains(t, page, w)
		}
		requireHarmless(t, page)
		require.NotContains(t, page, "<script")
		require.NotRegexp(t, `(src|href)=`, page, "nothing is loaded from elsewhere")
		decoder := xml.NewDecoder(strings.NewReader(page))
		decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			if _, err := decoder.Token(); err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
		}
	}
	empty := newTool(t, newCloud(t, 0))
	require.Contains(t, empty.ok("report", "-o", "html"), "There are no hosts here.")
}

func TestReportHostsFeedProtect(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithGaps(t))
	hosts := c.ok("report", "--hosts-only")
	require.Equal(t, "host-3 # bare: no agent\n", hosts)
	c.stdin = hosts
	c.ok(append([]string{"protect", "--hosts", "-"}, nightly...)...)
	require.Empty(t, c.ok("report", "--hosts-only"))
}
