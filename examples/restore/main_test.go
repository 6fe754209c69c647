package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/clitest"
)

const creates, looks = "create-restore-backup", "query-restore-backup"

// cloudWithCopies has two snapshots of a host, and another host to restore to.
func cloudWithCopies(t *testing.T) *cbrtest.Server {
	cloud := clitest.NewCloud(t)
	host := cloud.AddHost(cbrtest.Host{ID: "host-1", Name: "网站"})
	cloud.AddHost(cbrtest.Host{ID: "host-2"})
	cloud.AddAgent(host)
	cloud.AddAgent("host-2")
	plan := cloud.AddPlan(cbrtest.Plan{HostID: host})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "newer", PlanID: plan, Created: time.Now().Add(-time.Hour)})
	cloud.AddSnapshot(cbrtest.Snapshot{ID: "older", PlanID: plan, Created: time.Now().Add(-24 * time.Hour)})
	return cloud
}

func lastRestore(cloud *cbrtest.Server) (body string) {
	for _, r := range cloud.Requests() {
		if r.Operation == creates {
			body = string(r.Body)
		}
	}
	return body
}

func TestRestore(t *testing.T) {
	t.Parallel()
	for args, body := range map[string][]string{
		"-host host-1 -to /restored":                       {`"backupSnapID":"newer"`, `"backupTgtDir":"/restored"`, `"backupExistFileMode":0`},
		"-host host-1 -to /r -target host-2":               {`"backupTgtInstanceID":"host-2"`},
		"-host host-1 -in-place -yes -existing keep-newer": {`"backupSnapID":"newer"`, `"backupExistFileMode":2`},
		"-snapshot older -to /r -existing skip":            {`"backupSnapID":"older"`, `"backupExistFileMode":1`},
	} {
		cloud := cloudWithCopies(t)
		p := clitest.New(cloud, run)
		require.Zero(t, p.Run(t.Context(), strings.Fields(args)...), p.Stderr.String())
		for _, part := range body {
			require.Contains(t, lastRestore(cloud), part)
		}
		require.Equal(t, strings.Contains(args, "-to"), strings.Contains(lastRestore(cloud), "backupTgtDir"))
		require.Contains(t, p.Stdout.String(), "RestoreCompleted 100%")
		require.Contains(t, p.Stdout.String(), "restored")
		require.Empty(t, p.Stderr.String())
	}
}

func TestRestoreUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"-host", "h"}, {"-to", "/r"}, {"-host", "h", "-snapshot", "s", "-to", "/r"},
		{"-host", "h", "-to", ""}, {"-host", "h", "-to", " "}, {"-host", "h", "-in-place"},
		{"-host", "h", "-to", "", "-yes"}, {"-host", "h", "-to", "/r", "-in-place", "-yes"},
		{"-host", "h", "-to", "/r", "more"}, {"-host", "h", "-to", "/r", "-existing", "eat"},
		{"-host", "h", "-to", "/r", "-at-most", "0s"}, {"-nonsense"},
	} {
		cloud := clitest.NewCloud(t)
		p := clitest.New(cloud, run)
		require.Equal(t, 2, p.Run(t.Context(), args...), args)
		require.NotEmpty(t, p.Stderr.String())
		require.Zero(t, cloud.Count(""), "nothing is sent")
	}
}

func TestRestoreSaysWhichArgumentIsWrong(t *testing.T) {
	t.Parallel()
	for args, said := range map[string]string{
		"-host h -to /r more":          `restore: unexpected argument "more"; see -h`,
		"-host h -to /r -existing eat": `restore: -existing must be overwrite, skip or keep-newer, is "eat"; see -h`,
		"-host h -to /r -source cloud": `restore: invalid value "cloud" for flag -source: want CT-ECS, CT-DPS or CT-LS; see -h`,
	} {
		p := clitest.New(clitest.NewCloud(t), run)
		require.Equal(t, 2, p.Run(t.Context(), strings.Fields(args)...), args)
		require.Equal(t, said+"\n", p.Stderr.String())
	}
}

func TestRestoreInPlaceSaysWhatToConfirm(t *testing.T) {
	t.Parallel()
	p := clitest.New(clitest.NewCloud(t), run)
	require.Equal(t, 2, p.Run(t.Context(), "-host", "h", "-in-place"))
	require.Contains(t, p.Stderr.String(), "overwrites the live data")
}

func TestRestoreThatFails(t *testing.T) {
	t.Parallel()
	cloud := cloudWithCopies(t)
	cloud.FailNext(cbrtest.RestoreJob, "no room left")
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "-host", "host-1", "-to", "/r"))
	require.Contains(t, p.Stderr.String(), "no room left")
	require.NotContains(t, p.Stdout.String(), "restored ")
}

func TestRestoreWithoutSnapshot(t *testing.T) {
	t.Parallel()
	p := clitest.New(cloudWithCopies(t), run)
	require.Equal(t, 1, p.Run(t.Context(), "-host", "host-2", "-to", "/r"))
	require.Contains(t, p.Stderr.String(), `copy of host "host-2": not found`)
}

func TestRestoreOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, from := range [][]string{{"-host", "host-1"}, {"-snapshot", "newer"}} {
		cloud := cloudWithCopies(t)
		cloud.Inject(creates, cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
		p := clitest.New(cloud, run)
		require.Equal(t, 1, p.Run(t.Context(), append(from, "-to", "/r")...))
		require.Contains(t, p.Stderr.String(), "this may be it: restore")
		require.Contains(t, p.Stderr.String(), "outcome unknown")
		require.Equal(t, 1, cloud.Count(creates))
	}
	cloud := cloudWithCopies(t)
	cloud.Inject(creates, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "-host", "host-1", "-to", "/r"))
	require.Contains(t, p.Stderr.String(), "no such restore is under way")
	require.Equal(t, 1, cloud.Count(creates))
}

func TestRestoreInterrupted(t *testing.T) {
	t.Parallel()
	cloud := cloudWithCopies(t)
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(p.InterruptAt(t, cloud, looks, 2), "-host", "host-1", "-to", "/r"))
	require.Contains(t, p.Stderr.String(), "goes on, but it is no longer waited for")
	require.Contains(t, p.Stderr.String(), "restore: interrupted\n")
	require.Zero(t, cloud.Count("cancel-restore-backup"))
}

func TestRestoreShowsItsRequests(t *testing.T) {
	t.Parallel()
	cloud := cloudWithCopies(t)
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context(), "-v", "-host", "host-1", "-to", "/it's here"), p.Stderr.String())
	require.Contains(t, p.Stderr.String(), `"backupTgtDir":"/it'\''s here"`)
	require.Equal(t, cloud.Count(""), strings.Count(p.Stderr.String(), "curl "))
	require.NotContains(t, p.Stderr.String(), cloud.SecretKey)
	for _, r := range cloud.Requests() {
		_, signature, _ := strings.Cut(r.Header.Get("Eop-Authorization"), "Signature=")
		require.NotContains(t, p.Stderr.String(), signature)
	}
}
