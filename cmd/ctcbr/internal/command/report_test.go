package command

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
				require.True(t, errors.Is(err, io.EOF), err)
				break
			}
		}
	}
	empty := newTool(t, newCloud(t, 0))
	require.Contains(t, empty.ok("report", "-o", "html"), "There are no hosts here.")
}

// A page takes the place of a file, is written through links, and into pipes and devices.
func TestReportOut(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithGaps(t))
	dir := t.TempDir()
	file, link, dangling, pipe := filepath.Join(dir, "a.html"), filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o640))
	require.NoError(t, os.Symlink("a.html", link))
	require.NoError(t, os.Symlink("b.html", dangling))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, name := range []string{link, dangling} {
		require.Empty(t, c.ok("report", "-o", "html", "--out", name))
		info, err := os.Lstat(name)
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&os.ModeSymlink)
		page, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(page), "<!doctype html>")
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	read := make(chan string)
	go func() {
		data, _ := os.ReadFile(pipe)
		read <- string(data)
	}()
	c.ok("report", "-o", "html", "--out", pipe)
	require.Contains(t, <-read, "</html>")
	if _, err := os.Stat("/dev/full"); err == nil {
		for _, format := range []string{"html", "table", "json", "csv"} {
			c.fails(1, "report", "-o", format, "--out", "/dev/full")
		}
	}
	c.fails(1, "report", "--out", filepath.Join(dir, "no", "such", "dir"))
	left, err := filepath.Glob(filepath.Join(dir, ".report-*"))
	require.NoError(t, err)
	require.Empty(t, left)
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
