package command

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// nightly is a plan in flags.
var nightly = strings.Fields("--plan nightly --vault vault --daily 2 --keep-days 30 --dir /etc --dir /var/lib")

func protectArgs(hosts ...string) []string {
	return append(append([]string{"protect"}, hosts...), nightly...)
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestProtect(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 9))
	c.cloud.AddHost(cbrtest.Host{ID: "bare-id", Name: "bare", SourceType: "CT-DPS"})
	c.cloud.AddAgent("host-3")
	var rows []protectView
	c.json(&rows, protectArgs("web-*", "bare", "host-1")...)
	require.Len(t, rows, 10)
	for _, row := range rows {
		require.Equal(t, "created", row.Action)
		require.NotEmpty(t, row.Plan.ID)
	}
	require.Equal(t, 9, c.count(cbrtest.InstallAgent))
	require.Equal(t, 10, c.count(cbrtest.CreatePlan))
	for _, r := range c.cloud.Requests() {
		if r.Operation == cbrtest.CreatePlan {
			require.Contains(t, string(r.Body), `"backupPeriodInfo":{"rule":1,"hour":2}`)
			require.Contains(t, string(r.Body), `"dirs":["/etc","/var/lib"]`)
		}
	}
	c.json(&rows, protectArgs("web-*", "bare")...)
	for _, row := range rows {
		require.Equal(t, "unchanged", row.Action)
	}
	require.Equal(t, 10, c.count(cbrtest.CreatePlan), "nothing is made twice")
}

func TestProtectDryRun(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 2))
	said := c.ok(append(protectArgs("web-01", "web-02"), "--dry-run")...)
	require.Regexp(t, `web-01 +to be installed +nightly +to be created`, said)
	require.Contains(t, c.stderr.String(), "nothing was done")
	require.Zero(t, c.count(cbrtest.InstallAgent)+c.count(cbrtest.CreatePlan))
	delete(c.env, "XDG_STATE_HOME")
	c.ok(append(protectArgs("web-01"), "--dry-run")...)
	require.Contains(t, c.fails(1, protectArgs("web-01")...), "HOME")
	require.Zero(t, c.count(cbrtest.InstallAgent)+c.count(cbrtest.CreatePlan))
}

func TestProtectOneMistypedName(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 2))
	require.Regexp(t, `typo.*not found`, c.fails(1, protectArgs("web-01", "typo", "x-*")...))
	require.Contains(t, c.stderr.String(), "x-*")
	require.Equal(t, 1, c.count(cbrtest.CreatePlan))
}

func TestProtectLeavesWhatDiffers(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 2))
	c.ok(protectArgs("web-01", "web-02")...)
	other := []string{"protect", "web-01", "web-02", "--plan", "nightly", "--vault", "vault", "--daily", "3", "--keep-days", "30", "--dir", "/etc", "--dir", "/var/lib"}
	require.Contains(t, c.fails(1, other...), "--update")
	require.Contains(t, c.stdout.String(), "differs")
	c.fails(1, append(other, "--dry-run")...)
	require.Zero(t, c.count(cbrtest.UpdatePlan))
	require.Contains(t, c.ok(append(other, "--update", "--dry-run")...), "to be updated")
	require.Zero(t, c.count(cbrtest.UpdatePlan))
	require.Contains(t, c.ok(append(other, "--update")...), "updated")
	require.Equal(t, 2, c.count(cbrtest.UpdatePlan))
	require.Contains(t, c.ok(other...), "unchanged")
}

// A plan that somebody stopped is no protection, and is not enabled in silence.
func TestProtectStoppedPlan(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	var rows []protectView
	c.json(&rows, protectArgs("web-01")...)
	c.cloud.SetStatus(rows[0].Plan.ID, "Stop")
	require.Contains(t, c.fails(1, protectArgs("web-01")...), "stopped")
	require.Contains(t, c.ok(append(protectArgs("web-01"), "--update")...), "enabled")
	c.cloud.SetStatus(rows[0].Plan.ID, "Frozen")
	require.Contains(t, c.fails(1, append(protectArgs("web-01"), "--update")...), "Frozen")
}

func TestProtectAgentThatFails(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 2))
	c.poll = 10 * time.Millisecond
	c.cloud.FailNext(cbrtest.InstallJob, "no disk")
	said := c.fails(1, append(protectArgs("web-01", "web-02"), "--at-most", "1s")...)
	require.Regexp(t, `web-0[12]`, said)
	require.Contains(t, c.stdout.String(), "failed")
	require.Contains(t, c.stdout.String(), "created")
	require.Equal(t, 1, c.count(cbrtest.CreatePlan))
}

func TestProtectVaultThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	c.cloud.SetStatus("vault-id", "Expire")
	require.Contains(t, c.fails(1, protectArgs("web-01")...), "expired")
	require.Zero(t, c.count(cbrtest.InstallAgent))
	c.fails(1, append(protectArgs("web-01"), "--vault", "nope")...)
}

const planFile = `
plan: nightly
vault: vault
hosts: [web-01, "web-02"]
daily: 2
keepDays: 30
dirs: [/etc, /var/lib]
limits: ["9-18=10MB"]
---
plan: weekly
vault: vault
hosts: ["web-*"]
weekly: sunday@3
keepForever: true
allDirs: true
`

func TestProtectFiles(t *testing.T) {
	t.Parallel()
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(planFile, "\n", "\r\n"))) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	for name, text := range map[string]string{"UTF-8": planFile, "byte order mark": "\ufeff" + planFile, "UTF-16 of Windows": string(utf16le)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTool(t, newCloud(t, 3))
			c.ok("protect", "-f", writeFile(t, text))
			require.Equal(t, 5, c.count(cbrtest.CreatePlan))
			require.Zero(t, c.count(cbrtest.UpdatePlan))
			c.stdin = text
			c.ok("protect", "-f", "-")
			require.Equal(t, 5, c.count(cbrtest.CreatePlan))
			require.Contains(t, c.fails(1, "protect", "-f", "-", "--daily", "5"), "differs")
		})
	}
	for name, text := range map[string]string{"hosts": "# hosts\nweb-01\r\n web-02 # twice\n\nweb-02\n", "with a mark": "\ufeffweb-01\nweb-02"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTool(t, newCloud(t, 3))
			c.ok(append([]string{"protect", "--hosts", writeFile(t, text)}, nightly...)...)
			require.Equal(t, 2, c.count(cbrtest.CreatePlan))
		})
	}
}

// The whole plan is checked before the first host is touched, and all that is wrong is said.
func TestProtectPlansThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]struct{ text, said string }{
		"unknown key":       {"plan: x\nvualt: y\n", "line 2"},
		"no YAML":           {"plan: [", "yaml"},
		"empty":             {"", "no plan"},
		"several faults":    {"plan: x\nhosts: [web-01]\n", "--vault is required"},
		"second document":   {planFile + "---\nplan: z\n", "--vault is required"},
		"hour":              {strings.ReplaceAll(planFile, "daily: 2", "daily: 24"), "hour"},
		"two schedules":     {strings.ReplaceAll(planFile, "daily: 2", "daily: 2\nhourly: true"), "one of"},
		"weekday":           {strings.ReplaceAll(planFile, "sunday@3", "funday@3"), "--weekly"},
		"limit":             {strings.ReplaceAll(planFile, "9-18=10MB", "9-18"), "--limit"},
		"limit over night":  {strings.ReplaceAll(planFile, "9-18=10MB", "18-9=10MB"), "Limits"},
		"overlapping":       {strings.ReplaceAll(planFile, `["9-18=10MB"]`, `["9-18=10MB","17-20=1"]`), "Limits"},
		"carriage return":   {strings.ReplaceAll(planFile, "[/etc,", `["/etc\r",`), "dirs"},
		"not UTF-8":         {"plan: \xff\xfe", "UTF-8"},
		"UTF-16, no mark":   {"p\x00l\x00", "UTF-16"},
		"days beyond int32": {strings.ReplaceAll(planFile, "keepDays: 30", "keepDays: 3000000000"), "backupRetentionInfo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTool(t, newCloud(t, 3))
			require.Contains(t, c.fails(2, "protect", "-f", writeFile(t, w.text)), w.said)
			require.Zero(t, c.count(cbrtest.InstallAgent)+c.count(cbrtest.CreatePlan))
			requireHarmless(t, c.stderr.String())
		})
	}
	c := newTool(t, newCloud(t, 1))
	require.Contains(t, c.fails(2, append([]string{"protect", "--hosts", writeFile(t, "# none\n")}, nightly...)...), "no host")
	require.Contains(t, c.fails(2, append([]string{"protect", "--hosts", "-", "-f", "-"}, nightly...)...), "both")
}

// Two runs at once on one machine make one plan.
func TestProtectTwice(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, 20)
	cloud.SetLag(50 * time.Millisecond)
	first := newTool(t, cloud)
	var all sync.WaitGroup
	for range 3 {
		each := newTool(t, cloud)
		each.env["XDG_STATE_HOME"] = first.env["XDG_STATE_HOME"]
		all.Go(func() { each.run(protectArgs("web-*")...) })
	}
	all.Wait()
	require.Equal(t, 20, cloud.Count(cbrtest.CreatePlan))
	first.ok(protectArgs("web-*")...)
}

// A run that was killed after a plan was made, and before the service lists it, leaves a
// note: the next run waits for the plan instead of making another.
func TestProtectAfterACrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory())
		defer cloud.Close()
		cloud.AddStorage(cbrtest.Storage{Name: "vault"})
		host := cloud.AddHost(cbrtest.Host{Name: "web-01"})
		cloud.AddAgent(host)
		cloud.SetLag(time.Minute)
		c := newTool(t, cloud)
		c.poll, c.more = 0, []ctcbr.Option{ctcbr.WithHTTPClient(cloud.HTTPClient())}

		// What a killed run leaves: its note, and a plan that is not listed yet.
		crashed := &app{Surroundings: c.surroundings(&c.stdout)}
		client, err := crashed.client(t.Context())
		require.NoError(t, err)
		_, err = client.Storages.List(t.Context(), nil)
		require.NoError(t, err)
		guard, err := crashed.guard(t.Context(), 5*time.Minute)
		require.NoError(t, err)
		vault, err := client.Storages.Find(t.Context(), &ctcbr.FindStorageRequest{Name: "vault"})
		require.NoError(t, err)
		_, err = client.Plans.Create(t.Context(), &ctcbr.CreatePlanRequest{
			Name: "nightly", HostID: host, StorageID: vault.ID, Files: ctcbr.BackUpDirs("/etc", "/var/lib"), Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
			DirectType: ctcbr.Ptr(ctcbr.DirectGiven),
		})
		require.NoError(t, err)
		guard.unlock()
		client.Close()

		began := time.Now()
		require.Contains(t, c.ok(protectArgs("web-01")...), "unchanged")
		require.Contains(t, c.stderr.String(), "an earlier run was interrupted")
		require.Equal(t, 1, cloud.Count(cbrtest.CreatePlan))
		require.Less(t, time.Since(began), 2*time.Minute)
	})
}

// No note is left where all is known.
func TestProtectLeavesNoNote(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 1))
	c.ok(protectArgs("web-01")...)
	notes, err := filepath.Glob(filepath.Join(c.env["XDG_STATE_HOME"], "ctcbr", "protect-*.notes"))
	require.NoError(t, err)
	require.Empty(t, notes)
}
