package command

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

// hostile is a name that a terminal, a spreadsheet and a shell would each act on.
const hostile = "=cmd|' /C'!\x1b[2J\x1b]0;x\a\r\n\u202eevil\u009b31m 数据库 \u3000全角"

// busyCloud has one of each thing that can be listed.
func busyCloud(t *testing.T) *cbrtest.Server {
	cloud := newCloud(t, 1)
	cloud.AddHost(cbrtest.Host{ID: "host-db", Name: hostile})
	cloud.AddHost(cbrtest.Host{ID: "host-bm", Name: "bare", SourceType: "CT-DPS"})
	cloud.AddAgent("host-db")
	cloud.AddAgent("host-bm")
	at := time.Date(2026, 6, 13, 1, 2, 3, 0, time.FixedZone("", 8*3600))
	plan := cloud.AddPlan(cbrtest.Plan{ID: "plan-db", HostID: "host-db", Name: "nightly", StorageID: "vault-id"})
	cloud.AddPlan(cbrtest.Plan{ID: "plan-bm", HostID: "host-bm", Name: "nightly", StorageID: "vault-id"})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "copy-1", PlanID: plan, Created: at, Size: 3 << 30})
	cloud.AddTask(cbrtest.Task{ID: "task-1", PlanID: plan, Status: "Failed", Message: "disk\x1b full", Started: at, Done: at.Add(time.Hour)})
	return cloud
}

var lists = [][]string{
	{"host", "list"}, {"vault", "list"}, {"plan", "list"}, {"copy", "list"}, {"task", "list"}, {"restore", "list"}, {"region", "list"},
}

func TestEveryListIsATableJSONAndCSV(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	require.Zero(t, c.run("restore", "start", "host-db", "--to", "/x"), c.stderr.String())
	for _, list := range lists {
		var items []map[string]any
		c.json(&items, list...)
		require.NotEmpty(t, items, list)
		for _, item := range items {
			require.NotEmpty(t, item["id"], list)
		}
		rows, err := csv.NewReader(strings.NewReader(c.ok(append(list, "-o", "csv")...))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, len(items)+1, list)
		table := c.ok(list...)
		require.Len(t, strings.Split(strings.TrimSpace(table), "\n"), len(items)+1, table)
		requireHarmless(t, table)
		requireHarmless(t, c.ok(append(list, "-o", "json", "--lang", "zh")...))
	}
}

// requireHarmless holds what is printed to have nothing that a terminal acts on.
func requireHarmless(t *testing.T, said string) {
	t.Helper()
	for _, r := range said {
		require.False(t, r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e', "%q", said)
	}
}

func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	var hosts []hostView
	c.json(&hosts, "host", "list", "--source", "ct-ecs")
	require.Len(t, hosts, 2)
	require.Contains(t, []string{hosts[0].Name, hosts[1].Name}, hostile, "JSON loses nothing")
	require.Contains(t, c.ok("host", "list"), `=cmd|' /C'!\x1b[2J\x1b]0;x\a\r\n\u202eevil\u009b31m 数据库 `+"\u3000全角")
	require.Contains(t, c.ok("host", "list", "-o", "csv"), `'=cmd|`)
	require.Contains(t, c.ok("task", "list"), `disk\x1b full`)
	requireHarmless(t, c.fails(1, "host", "get", hostile+"x"))
	require.Contains(t, c.ok("host", "get", hostile), "host-db")
}

func TestTimesAreRFC3339AndBeijingTime(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	var copies []map[string]any
	c.json(&copies, "copy", "list")
	require.Equal(t, "2026-06-13T01:02:03+08:00", copies[0]["created"])
	require.InDelta(t, float64(3<<30), copies[0]["bytes"], 1<<24)
	require.Regexp(t, `CREATED \(BEIJING TIME\)[\s\S]*2026-06-13 01:02`, c.ok("copy", "list"))
	require.Contains(t, c.ok("copy", "list", "--lang", "zh"), "创建时间（北京时间）")
}

func TestGetByNameAndID(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	for _, args := range [][]string{
		{"host", "get", "web-01"}, {"host", "get", "host-1"}, {"vault", "get", "vault"}, {"vault", "get", "vault-id"}, {"plan", "get", "plan-bm"},
		{"plan", "get", "nightly", "--host", "bare"}, {"copy", "get", "copy-1"}, {"task", "get", "task-1"}, {"region", "get", c.cloud.RegionID},
	} {
		var one map[string]any
		c.json(&one, args...)
		require.NotEmpty(t, one["id"], args)
		require.NotEmpty(t, c.ok(args...))
	}
	for _, args := range [][]string{
		{"host", "get", "web"}, {"vault", "get", "vaul"}, {"plan", "get", "night"}, {"copy", "get", "copy"}, {"task", "get", "x"},
		{"restore", "get", "x"}, {"region", "get", "x"}, {"order", "get", "x"}, {"plan", "list", "--host", "nope"}, {"copy", "list", "--vault", "nope"},
		{"task", "list", "--plan", "nope"}, {"host", "list", "--region", "nowhere"},
	} {
		require.Regexp(t, `(?i)not.?found`, c.fails(1, args...), args)
		require.Empty(t, c.stdout.String(), args)
	}
	require.Regexp(t, `several.*plan-db.*plan-bm`, c.fails(1, "plan", "get", "nightly"))
}

func TestRegionByName(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	delete(c.env, "CTYUN_REGION_ID")
	require.Contains(t, c.ok("vault", "list", "--region", "华东1"), "vault")
	require.Contains(t, c.fails(2, "vault", "list"), "regionID")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	require.Contains(t, c.ok("plan", "list", "--host", "bare", "-o", "csv"), "plan-bm")
	require.NotContains(t, c.ok("plan", "list", "--host", "bare", "-o", "csv"), "plan-db")
	require.Contains(t, c.ok("task", "list", "--status", "Failed"), "task-1")
	require.Equal(t, "[]\n", c.ok("task", "list", "--status", "Completed", "-o", "json"))
	require.NotContains(t, c.ok("host", "list", "--source", "CT-DPS"), "web-01")
	require.Contains(t, c.ok("copy", "list", "--plan", "nightly", "--vault", "vault"), "nightly")
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	for _, line := range []string{
		"bogus", "host bogus", "host get", "host get a b", "host list x", "host list --nope", "host list -o xml", "host list -o html",
		"host list --source cloud", "host list --lang fr", "vault create", "vault create x", "vault create x --size 1 --months 1", "vault create x --size 100",
		"vault create x --size 100 --months 12", "vault create x --size 100 --years 4", "vault create x --size 100 --months 1 --years 1",
		"vault create -x --size 100 --months 1", "vault create x_y --size 100 --months 1", "vault create x- --size 100 --months 1", "vault create x --size ten --months 1",
		"vault create x --size 100 --months 1 --confirm y", "vault resize vault --size 99", "vault renew vault", "vault unsubscribe", "run", "run --all x",
		"run x --at-most 0s", "run x --at-most 3d", "restore start", "restore start web-01", "restore start web-01 --to /x --in-place",
		"restore start web-01 --to /x --existing maybe", "restore start web-01 --to /x --copy c --max-age 1h", "restore start web-01 --to /x --system-dirs",
		"wait task", "wait bogus x", "report x", "report --days 1", "report --min-free 101", "report --max-age -1h", "report --hosts-only -o json",
		"watch --interval 1ms", "watch x", "api a b", "api x", "api /x --post {", "api /x --post @/nonexistent", "api /x --timeout 0s", "api /x --endpoint ftp://x",
		"fake x", "fake --hosts -1", "fake --addr 0.0.0.0:0", "fake --addr example.com:1", "fake fail", "fake fail x", "fake advance x", "fake advance -1h", "check x", "order get",
		"protect web-01", "protect -f /nonexistent", "protect --hosts /nonexistent --plan p --vault v --daily 2 --keep-days 1 --dir /x",
	} {
		require.Equal(t, 2, c.run(strings.Fields(line)...), "%s: %s", line, c.stderr.String())
		require.NotEmpty(t, c.stderr.String(), line)
		require.Empty(t, c.stdout.String(), line)
	}
	require.Equal(t, 2, c.run("host", "get", " "))
	require.Zero(t, c.count(""), "nothing is asked of the service for what is wrong")
}

func TestNoKeys(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	delete(c.env, "CTYUN_AK")
	delete(c.env, "CTYUN_SK")
	for _, line := range []string{"host list", "vault list", "plan get x", "run x", "report", "watch --listen 127.0.0.1:0", "api", "wait task x", "restore start x --to /y",
		"vault create x --size 100 --months 1 --confirm x", "protect x --plan p --vault v --daily 2 --keep-days 1 --dir /x", "order get x"} {
		require.Contains(t, c.fails(1, strings.Fields(line)...), "credentials", line)
	}
	require.Regexp(t, `keys +failed[\s\S]*CTYUN_AK`, func() string { c.fails(1, "check"); return c.stdout.String() }())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left on device") }

// What was not printed is a failure, whatever the command.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	for _, line := range []string{"host list", "vault get vault -o json", "plan list -o csv", "report", "report -o html", "report --hosts-only", "report -o json", "check", "api",
		"run nightly --host bare", "restore start host-db --to /x", "--help", "host", "fake --for 1ms", "completion bash"} {
		c.stderr.reset()
		status := Run(t.Context(), strings.Fields(line), c.surroundings(full{}))
		require.Equal(t, 1, status, line)
		require.Contains(t, c.stderr.String(), "no space left", line)
	}
}

func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	var items []json.RawMessage
	c.json(&items, "plan", "list")
	for _, width := range []int{20, 40, 80, 200} {
		said := c.onTerminal(width, "plan", "list")
		require.Contains(t, said, "nightly")
		if width > 20 {
			requireFits(t, said, width)
		}
	}
}

// A list that is shorter than the service counts is printed, and no success.
func TestListThatIsIncomplete(t *testing.T) {
	t.Parallel()
	c := newTool(t, busyCloud(t))
	shorter := cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"backupPolicyTotal":1`), []byte(`"backupPolicyTotal":5`))
	}}
	c.cloud.Inject(cbrtest.ListPlans, shorter)
	require.Contains(t, c.fails(1, "plan", "list", "-o", "csv"), "5")
	require.Contains(t, c.stdout.String(), "plan-db")
	require.Contains(t, c.stdout.String(), "plan-bm")
	c.fails(1, "report")
	require.Empty(t, c.stdout.String(), "no report of what is not known whole")
}
