package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/clitest"
)

const installs, creates = "install-client-backup", "new-backup-policy"

// cloudWithHosts has a repository and hosts host-1, host-2, ... without agents.
func cloudWithHosts(t *testing.T, hosts int) *cbrtest.Server {
	cloud := clitest.NewCloud(t, cbrtest.Activated())
	cloud.AddStorage(cbrtest.Storage{ID: "storage-1", Name: "vault"})
	for i := range hosts {
		cloud.AddHost(cbrtest.Host{ID: fmt.Sprint("host-", i+1)})
	}
	return cloud
}

func with(args ...string) []string {
	return append(strings.Fields("-storage vault -plan nightly -daily 2 -keep-days 30 -dir /etc -dir /var/lib"), args...)
}

func TestProtect(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 9)
	cloud.AddAgent("host-3")
	p := clitest.New(cloud, run)
	p.Env.Stdin = strings.NewReader("# hosts\nhost-1\n host-2 # twice\n\nhost-2\nhost-3\nhost-4\nhost-5\nhost-6\nhost-7\nhost-8\nhost-9")
	require.Zero(t, p.Run(t.Context(), with("-f", "-")...), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "9 of 9 hosts protected")
	require.Equal(t, 8, cloud.Count(installs))
	require.Equal(t, 9, cloud.Count(creates))
	for _, r := range cloud.Requests() {
		if r.Operation == creates {
			require.Contains(t, string(r.Body), `"backupPeriodInfo":{"rule":1,"hour":2}`)
			require.Contains(t, string(r.Body), `"backupRetentionInfo":{"type":1,"value":30`)
			require.Contains(t, string(r.Body), `"backupFileInfo":{"dirs":["/etc","/var/lib"]}`)
			require.Contains(t, string(r.Body), `"backupStorageID":"storage-1"`)
		}
	}

	again := clitest.New(cloud, run)
	require.Zero(t, again.Run(t.Context(), with("host-1", "host-3")...), again.Stderr.String())
	require.Contains(t, again.Stdout.String(), "host-1  was active  was there  protected")
	require.Equal(t, 9, cloud.Count(creates), "nothing is made twice")
}

func TestProtectWithAFileOfHosts(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 2)
	file := filepath.Join(t.TempDir(), "hosts")
	require.NoError(t, os.WriteFile(file, []byte("host-1\r\nhost-2\r\n"), 0o600))
	p := clitest.New(cloud, run)
	args := strings.Fields("-storage vault -plan w -weekly Sunday@2 -keep-forever -all-dirs -f")
	require.Zero(t, p.Run(t.Context(), append(args, file)...), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "2 of 2 hosts protected")
}

func TestProtectIsBounded(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 6)
	cloud.AddAgent("host-1")
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), with("-parallel", "1", "host-1", "host-2", "host-3")...), p.Stderr.String())
	said := p.Stdout.String()
	require.Less(t, strings.Index(said, "host-2: the plan is created"), strings.Index(said, "host-3: installing"))
}

func TestProtectGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 1)
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), with("nonsense", "host-1")...))
	require.Contains(t, p.Stdout.String(), "1 of 2 hosts protected")
	require.Contains(t, p.Stdout.String(), "host-1    installed  created  protected")
	require.Contains(t, p.Stderr.String(), "nonsense: agent: ")
}

func TestProtectLooksAfterAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 1)
	lost := cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest}
	cloud.Inject(installs, lost)
	cloud.Inject(creates, lost)
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), with("host-1")...), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "no answer came")
	require.Equal(t, 1, cloud.Count(installs))
	require.Equal(t, 1, cloud.Count(creates))
}

func TestProtectSaysWhatStaysUnknown(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{installs, creates} {
		cloud := cloudWithHosts(t, 1)
		cloud.Inject(lost, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest})
		p := clitest.New(cloud, run)
		require.Equal(t, 1, p.Run(t.Context(), with("host-1")...))
		require.Equal(t, 1, cloud.Count(lost), "it is not sent again")

		again := clitest.New(cloud, run)
		require.Zero(t, again.Run(t.Context(), with("host-1")...), again.Stderr.String())
	}
}

func TestProtectInstallsAgainAfterAFailedInstall(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 1)
	cloud.FailNext(cbrtest.InstallJob, "no disk")
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), with("host-1")...))
	require.Contains(t, p.Stdout.String(), "InstallFail")

	again := clitest.New(cloud, run)
	require.Zero(t, again.Run(t.Context(), with("host-1")...), again.Stderr.String())
	require.Equal(t, 2, cloud.Count(installs))
}

func TestProtectDoesNotChooseBetweenPlans(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 2)
	cloud.AddAgent("host-1")
	cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "host-1"})
	cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "host-1"})
	cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: "host-2", Stopped: true})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), with("host-1", "host-2")...))
	require.Contains(t, p.Stderr.String(), "ambiguous")
	require.Contains(t, p.Stderr.String(), "does not run by its schedule")
	require.Zero(t, cloud.Count(creates))
}

func TestProtectWithoutRepository(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t, cbrtest.Activated())
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), with("host-1")...))
	require.Contains(t, p.Stderr.String(), `repository named "vault": not found`)
	require.Zero(t, cloud.Count(installs))

	cloud.SetStatus(cloud.AddStorage(cbrtest.Storage{Name: "vault"}), "Expire")
	p = clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), with("host-1")...))
	require.Contains(t, p.Stderr.String(), "repository vault is Expire")
}

func TestProtectInterrupted(t *testing.T) {
	t.Parallel()
	cloud := cloudWithHosts(t, 9)
	p := clitest.New(cloud, run)
	ctx := p.InterruptAt(t, cloud, installs, 2)
	require.Equal(t, 1, p.Run(ctx, with("host-1", "host-2", "host-3", "host-4", "host-5", "host-6", "host-7", "host-8", "host-9")...))
	require.Contains(t, p.Stdout.String(), "interrupted")
	require.Contains(t, p.Stderr.String(), "protect: interrupted\n")
	require.LessOrEqual(t, cloud.Count(installs), 4)
}

func TestProtectUsage(t *testing.T) {
	t.Parallel()
	const good = "-storage s -plan p -keep-days 1 -all-dirs "
	for args, status := range map[string]int{
		"": 2, "-h": 0, good + "-daily 2": 2, good + "h": 2, good + "-daily 24 h": 2, good + "-daily x h": 2,
		good + "-weekly someday@2 h": 2, good + "-weekly sunday h": 2, good + "-monthly 32@2 h": 2, good + "-monthly x@1 h": 2,
		good + "-daily 2 -hourly h": 2, good + "-hourly -dir /etc h": 2, good + "-hourly -keep-forever h": 2,
		good + "-hourly -keep-days -1 h": 2, good + "-hourly -parallel 0 h": 2, good + "-hourly -at-most 0s h": 2,
		good + "-hourly -f - h": 2, good + "-hourly -f -": 2, good + "-hourly -f /does/not/exist": 2, "-hourly -keep-days 1 -all-dirs h": 2,
	} {
		cloud := clitest.NewCloud(t)
		p := clitest.New(cloud, run)
		require.Equal(t, status, p.Run(t.Context(), strings.Fields(args)...), args)
		require.NotEmpty(t, p.Stderr.String(), args)
		require.Zero(t, cloud.Count(""))
	}
	p := clitest.New(clitest.NewCloud(t), run)
	p.Env.Stdin = strings.NewReader("host-1 host-2\n")
	require.Equal(t, 2, p.Run(t.Context(), with("-f", "-")...))
	require.Contains(t, p.Stderr.String(), "more than the ID")
}

func TestProtectSchedules(t *testing.T) {
	t.Parallel()
	for flags, wire := range map[string]string{
		"-hourly": `{"rule":0}`, "-daily 0": `{"rule":1,"hour":0}`,
		"-weekly sun@2": `{"rule":2,"day":0,"hour":2}`, "-weekly Saturday@23": `{"rule":2,"day":6,"hour":23}`,
		"-monthly 31@2": `{"rule":3,"day":31,"hour":2}`,
	} {
		cloud := cloudWithHosts(t, 1)
		cloud.AddAgent("host-1")
		p := clitest.New(cloud, run)
		args := strings.Fields("-storage vault -plan p -keep-days 7 -all-dirs " + flags + " host-1")
		require.Zero(t, p.Run(t.Context(), args...), p.Stderr.String())
		requests := cloud.Requests()
		require.Contains(t, string(requests[len(requests)-1].Body), `"backupPeriodInfo":`+wire)
	}
}
