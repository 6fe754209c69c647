package command

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestAPI(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	require.Contains(t, c.ok("api"), `"regionName": "华东1"`)
	require.Contains(t, c.ok("api", "/v4/region/list-regions?regionName=华东1"), "华东1")
	require.Contains(t, c.ok("api", "/v4/backup/query-storage-backup?regionID="+c.cloud.RegionID), "vault-id")
	body := `{"regionID":"` + c.cloud.RegionID + `","instanceID":"host-1"}`
	require.Contains(t, c.ok("api", "/v4/backup/install-client-backup", "--post", body), `"statusCode": 800`)
	require.Contains(t, c.fails(1, "api", "/v4/backup/install-client-backup", "--post", "@"+writeFile(t, "\ufeff"+body)), "900")
	require.NotEmpty(t, c.stdout.String(), "the answer of a failure is printed, too")
	c.stdin = body
	c.fails(1, "api", "/v4/backup/install-client-backup", "--post", "@-")
	require.Contains(t, c.fails(1, "api", "/nonsense"), "404")
	c.cloud.Inject(cbrtest.InstallAgent, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest})
	c.fails(3, "api", "/v4/backup/install-client-backup", "--post", body)
	c.env["CTYUN_SK"] = "wrong"
	c.fails(1, "api")
	c.cloud.Inject(cbrtest.NoOperation, cbrtest.Fault{Body: "<html>\x1b[2J</html>"})
	c.env["CTYUN_SK"] = c.cloud.SecretKey
	c.fails(1, "api", "/page")
	requireHarmless(t, c.stdout.String())
}

// A curl line shows what was sent, and nothing that would let others act.
func TestVerbose(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	for _, args := range [][]string{{"host", "list", "-v"}, {"api", "-v"}, append(protectArgs("web-01"), "-v")} {
		c.ok(args...)
		said := c.stderr.String()
		require.Contains(t, said, "curl ")
		require.Contains(t, said, "Eop-Authorization: ***")
		require.NotContains(t, said, "Signature=")
		require.NotContains(t, said, c.cloud.SecretKey)
	}
	require.Contains(t, c.stderr.String(), `--data-raw '{"`)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	result := func(c *tool, status int, check string) finding {
		t.Helper()
		require.Equal(t, status, c.run("check", "-o", "json"), c.stderr.String())
		var findings []finding
		require.NoError(t, unmarshal(c.stdout.String(), &findings))
		for _, f := range findings {
			if f.Check == check {
				return f
			}
		}
		t.Fatalf("no %s", check)
		return finding{}
	}
	c := newTool(t, newCloud(t, 1))
	for _, check := range []string{"keys", "proxy", "access", "clock", "region", "service", "permissions"} {
		require.Equal(t, "ok", result(c, 0, check).Result, check)
	}
	for _, r := range c.cloud.Requests() {
		require.Equal(t, "GET", r.Method)
	}
	for name, s := range map[string]struct {
		spoil  func(*tool)
		check  string
		result string
		next   string
	}{
		"wrong key":    {func(c *tool) { c.env["CTYUN_SK"] = "wrong" }, "access", "failed", "secret key"},
		"no region":    {func(c *tool) { delete(c.env, "CTYUN_REGION_ID") }, "region", "failed", "region list"},
		"other region": {func(c *tool) { c.env["CTYUN_REGION_ID"] = "nowhere" }, "region", "failed", "region list"},
		"no network":   {func(c *tool) { c.cloud.Close() }, "access", "failed", "network"},
		"no rights":    {func(c *tool) { c.cloud.Inject(cbrtest.ListTasks, cbrtest.Fault{Code: "CTIAM_0005", Times: -1}) }, "permissions", "failed", "permission"},
		"no vault":     {func(c *tool) { c.cloud.Remove("vault-id") }, "service", "", "vault create"},
		"clock": {func(c *tool) {
			c.cloud.Inject("", cbrtest.Fault{Times: -1, Header: http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}})
		}, "clock", "failed", "timedatectl"},
		"endpoint": {func(c *tool) { c.env["CTCBR_ENDPOINT"] = "http://example.com" }, "keys", "failed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTool(t, newCloud(t, 1))
			s.spoil(c)
			status := 1
			if s.result == "" {
				status, s.result = 0, "warning"
			}
			f := result(c, status, s.check)
			require.Equal(t, s.result, f.Result)
			require.Contains(t, f.Next, s.next)
			require.Regexp(t, `\p{Han}`, func() string { c.run("check", "--lang", "zh"); return c.stdout.String() }())
		})
	}
}

// served starts a command that serves until the test ends, and returns the first lines of
// what it prints.
func (c *tool) served(lines int, stream func(*Surroundings, io.Writer), args ...string) []string {
	c.t.Helper()
	out, in := io.Pipe()
	s := c.surroundings(io.Discard)
	stream(&s, in)
	ctx, stop := context.WithCancelCause(c.t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, args, s)
		in.Close()
	}()
	var said []string
	scanner := bufio.NewScanner(out)
	for len(said) < lines && scanner.Scan() {
		said = append(said, scanner.Text())
	}
	go io.Copy(io.Discard, out)
	c.t.Cleanup(func() {
		stop(Interrupted("terminated"))
		require.Zero(c.t, <-ended)
	})
	return said
}

func toStdout(s *Surroundings, w io.Writer) { s.Stdout = w }
func toStderr(s *Surroundings, w io.Writer) { s.Stderr = w }

func TestFake(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	lines := c.served(5, toStdout, "fake", "--hosts", "3", "--ak", "it's")
	for i, want := range []string{
		`^CTCBR_ENDPOINT=http://127\.0\.0\.1:\d+$`, `^CTYUN_AK='it'\\''s'$`, `^CTYUN_SK=test-sk$`, `^CTYUN_REGION_ID=[0-9a-f]{32}$`, `^CTCBR_HOST_ID=[0-9a-f-]{36}$`,
	} {
		require.Regexp(t, regexp.MustCompile(want), lines[i])
	}
	c.env["CTCBR_ENDPOINT"] = strings.TrimPrefix(lines[0], "CTCBR_ENDPOINT=")
	c.env["CTYUN_AK"], c.env["CTYUN_SK"] = "it's", "test-sk"
	var hosts []map[string]any
	c.json(&hosts, "host", "list")
	require.Len(t, hosts, 3)
	c.ok(protectArgs("web-02")...)
	c.ok("fake", "fail", "task", "--message", "disk full")
	require.Contains(t, c.fails(1, "run", "nightly"), "disk full")
	c.ok("run", "nightly")
	c.ok("report", "--source", "CT-ECS", "--max-age", "26h", "--hosts-only")
	c.ok("fake", "advance", "27h")
	c.cloud.Close()
	c.env["CTCBR_ENDPOINT"] = c.cloud.URL
	c.fails(1, "fake", "fail", "task")
	delete(c.env, "CTCBR_ENDPOINT")
	c.fails(2, "fake", "fail", "task")
}

func TestWatch(t *testing.T) {
	t.Parallel()
	cloud := cloudWithGaps(t)
	cloud.AddTask(cbrtest.Task{PlanID: "none", Status: "Failed"})
	c := newTool(t, cloud)
	lines := c.served(1, toStderr, "watch", "--listen", "127.0.0.1:0", "--interval", "1s")
	base := strings.TrimSuffix(regexp.MustCompile(`http://\S+`).FindString(lines[0]), "/metrics")
	get := func(path string) (int, string) {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	require.Eventually(t, func() bool { _, body := get("/metrics"); return strings.Contains(body, "\nctcbr_refresh_success 1\n") }, 5*time.Second, 10*time.Millisecond)
	status, _ := get("/healthz")
	require.Equal(t, 200, status)
	_, metrics := get("/metrics")
	for _, want := range []string{
		`ctcbr_hosts{protected="true"} 1`, `ctcbr_gaps{kind="no_agent"} 1`, `ctcbr_gaps{kind="other"} 0`, `ctcbr_vault_available{vault="vault",vault_id="vault-id"} 1`,
		`ctcbr_refreshes_total{result="unauthorized"} 0`,
	} {
		require.Contains(t, metrics, want)
	}
	require.Regexp(t, `ctcbr_newest_copy_age_seconds\{host="网站<b>",host_id="host-1",plan="nightly",plan_id="[^"]+",source="CT-ECS"\} 36\d\d`, metrics)
	asked := cloud.Count(cbrtest.ListPlans)
	for range 20 {
		get("/metrics")
	}
	require.LessOrEqual(t, cloud.Count(cbrtest.ListPlans), asked+6, "a scrape asks nothing of the service")
	cloud.Inject(cbrtest.ListPlans, cbrtest.Fault{Code: "X.Y.Z", Times: -1})
	require.Eventually(t, func() bool { _, body := get("/metrics"); return strings.Contains(body, "\nctcbr_refresh_success 0\n") }, 5*time.Second, 10*time.Millisecond)
	_, metrics = get("/metrics")
	require.Contains(t, metrics, `ctcbr_hosts{protected="true"} 1`, "what was seen last stays")
	require.Eventually(t, func() bool { status, _ := get("/healthz"); return status == 503 }, 10*time.Second, 50*time.Millisecond)
	c.fails(1, "watch", "--listen", strings.TrimPrefix(base, "http://"))
}
