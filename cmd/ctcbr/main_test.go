//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

// asTool makes the test binary the tool: what is run here is a process of its own, which
// can be killed.
const asTool = "CTCBR_TEST_AS_TOOL"

func TestMain(m *testing.M) {
	if os.Getenv(asTool) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process makes a command of the tool, with the keys of a fake cloud and a state of its own.
func process(t *testing.T, cloud *cbrtest.Server, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	home := t.TempDir()
	cmd.Env = []string{asTool + "=1", "HOME=" + home, "PATH=" + os.Getenv("PATH"), "XDG_STATE_HOME=" + home}
	if cloud != nil {
		cmd.Env = append(cmd.Env, "CTCBR_ENDPOINT="+cloud.URL, "CTYUN_AK="+cloud.AccessKey, "CTYUN_SK="+cloud.SecretKey, "CTYUN_REGION_ID="+cloud.RegionID)
	}
	return cmd
}

// again is the same command once more, in the same surroundings.
func again(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	next := exec.CommandContext(t.Context(), cmd.Path, cmd.Args[1:]...)
	next.Env = cmd.Env
	return next
}

func newCloud(t *testing.T, polls cbrtest.Polls) *cbrtest.Server {
	t.Helper()
	cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.WithPolls(polls))
	t.Cleanup(cloud.Close)
	cloud.AddStorage(cbrtest.Storage{ID: "vault-id", Name: "vault", CapacityGB: 1000})
	return cloud
}

var atOnce = cbrtest.Polls{Order: -1, Install: -1, Task: -1, Restore: -1, Cancel: -1, Destroy: -1}

// killed runs a command and kills it after a while, unless it has ended by then.
func killed(t *testing.T, cmd *exec.Cmd, after time.Duration) {
	t.Helper()
	require.NoError(t, cmd.Start())
	time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // it was killed
}

// An order that the tool was killed in the middle of, at any moment, is one order.
func TestKilledOrder(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"create":      strings.Fields("vault create archive --size 100 --months 1 --confirm archive"),
		"resize":      strings.Fields("vault resize vault --size 2000 --confirm vault"),
		"renew":       strings.Fields("vault renew vault --months 2 --confirm vault"),
		"unsubscribe": strings.Fields("vault unsubscribe vault --confirm vault"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 6 {
				cloud := newCloud(t, atOnce)
				cloud.Inject("", cbrtest.Fault{Apply: true, Delay: 5 * time.Millisecond, Times: -1}) // to be killed in
				cmd := process(t, cloud, args...)
				for range 4 {
					killed(t, again(t, cmd), time.Duration(rand.IntN(80))*time.Millisecond)
				}
				out, err := again(t, cmd).CombinedOutput()
				if err != nil { // it had ended before it was killed
					require.Contains(t, string(out), "this was ordered")
				}
				require.Len(t, cloud.Orders(), 1, string(out))
				require.LessOrEqual(t, cloud.Charges(), 1)
			}
		})
	}
}

// A run of protect that was killed at any moment, and is run again, makes one plan for each host.
func TestKilledProtect(t *testing.T) {
	t.Parallel()
	for range 6 {
		cloud := newCloud(t, atOnce)
		for i := range 12 {
			cloud.AddHost(cbrtest.Host{Name: fmt.Sprintf("web-%02d", i)})
		}
		cloud.SetLag(300 * time.Millisecond)
		cloud.Inject("", cbrtest.Fault{Apply: true, Delay: 5 * time.Millisecond, Times: -1})
		cmd := process(t, cloud, strings.Fields("protect web-* --plan nightly --vault vault --daily 2 --keep-days 30 --dir /etc --listed-within 2s")...)
		for range 3 {
			killed(t, again(t, cmd), time.Duration(20+rand.IntN(300))*time.Millisecond)
		}
		out, err := again(t, cmd).CombinedOutput()
		require.NoError(t, err, string(out))
		plans := make(map[string]int)
		out, err = process(t, cloud, "plan", "list", "-o", "csv").Output()
		require.NoError(t, err)
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n")[1:] {
			plans[strings.Split(line, ",")[1]]++
		}
		require.Len(t, plans, 12)
		for host, n := range plans {
			require.Equal(t, 1, n, host)
		}
	}
}

// A signal ends a wait with what goes on, and the command that waits for it again.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, cbrtest.Polls{Task: 100000})
			cloud.AddAgent(cloud.HostID)
			cloud.AddPlan(cbrtest.Plan{HostID: cloud.HostID, Name: "nightly"})
			cmd := process(t, cloud, "run", "nightly")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			require.Eventually(t, func() bool { return cloud.Count(cbrtest.OperatePlan) > 0 && cloud.Count(cbrtest.ListTasks) > 3 }, 10*time.Second, time.Millisecond)
			require.NoError(t, cmd.Process.Signal(signal))
			var ended *exec.ExitError
			require.ErrorAs(t, cmd.Wait(), &ended)
			require.Equal(t, 1, ended.ExitCode(), stderr.String())
			require.Contains(t, stderr.String(), "ctcbr wait task ")
		})
	}
}

// nohup ignores SIGHUP, and so does the tool then.
func TestNohup(t *testing.T) {
	t.Parallel()
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("there is no nohup")
	}
	cloud := newCloud(t, cbrtest.Polls{Order: 2})
	cmd := process(t, cloud, strings.Fields("vault renew vault --months 1 --confirm vault")...)
	cmd.Path, cmd.Args = nohup, append([]string{"nohup"}, cmd.Args...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return cloud.Count(cbrtest.GetOrder) > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	require.NoError(t, cmd.Wait())
}

// What cannot be printed is a failure: a full disk, and a pipe that nobody reads.
func TestOutputThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, atOnce)
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer full.Close()
		cmd := process(t, cloud, "host", "list")
		cmd.Stdout = full
		require.Error(t, cmd.Run())
		require.Equal(t, 1, cmd.ProcessState.ExitCode())
	}
	read, write, err := os.Pipe()
	require.NoError(t, err)
	read.Close()
	cmd := process(t, cloud, strings.Fields("vault create archive --size 100 --months 1 --confirm archive")...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = write, &stderr
	require.Error(t, cmd.Run())
	write.Close()
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stderr.String(), "pipe")
	require.Len(t, cloud.Orders(), 1)
	out, err := again(t, cmd).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "this was ordered", "the order had ended, and is known")
}

// A profile that is named wins over the keys of the environment, and one that is not there
// is an error.
func TestProfile(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, atOnce)
	cloud.AddCredentials("work-ak", "work-sk")
	cmd := process(t, cloud, "vault", "list", "--profile", "work")
	file := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"profiles":{"work":{"ak":"work-ak","sk":"work-sk","region":"`+cloud.RegionID+`"}}}`), 0o600))
	cmd.Env = append(cmd.Env, "CTYUN_CONFIG="+file)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "vault")
	requests := cloud.Requests()
	require.Contains(t, requests[len(requests)-1].Header.Get("Eop-Authorization"), "work-ak")
	missing := process(t, cloud, "vault", "list", "--profile", "nope")
	missing.Env = append(missing.Env, "CTYUN_CONFIG="+file)
	out, err = missing.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "nope")
}

// Completion works in a real bash, with names from the service.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	cloud := newCloud(t, atOnce)
	cloud.AddHost(cbrtest.Host{Name: "web-01"})
	cloud.AddHost(cbrtest.Host{Name: "web-02\x1b[2J"})
	cloud.AddHost(cbrtest.Host{Name: "数据库"})
	tool := process(t, cloud)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(tool.Path, filepath.Join(dir, "ctcbr")))
	const script = `
# What the package bash-completion has, in short.
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
__ltrim_colon_completions() { :; }
compopt() { :; }
source <(ctcbr completion bash)
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMPREPLY=(); __start_ctcbr; echo "${COMPREPLY[*]}"; }
try ctcbr re
try ctcbr host g
try ctcbr host get w
try ctcbr host get 数
try ctcbr run --host web
try ctcbr vault get v
try ctcbr host list --source ""
try ctcbr host list -o ""
`
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "-c", script)
	cmd.Env = append(tool.Env, "PATH="+dir+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 8, string(out))
	for i, want := range []string{"region", "get", "web-01", "数据库", "web-01", "vault", "CT-DPS", "csv"} {
		require.Contains(t, lines[i], want)
	}
	require.NotContains(t, string(out), "web-02")
	require.Contains(t, lines[0], "restore")
}
