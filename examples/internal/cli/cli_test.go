package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestClientFromTheEnvironment(t *testing.T) {
	cloud := cbrtest.NewServer()
	t.Cleanup(cloud.Close)
	t.Setenv("CTCBR_ENDPOINT", cloud.URL)
	t.Setenv("CTYUN_AK", cloud.AccessKey)
	t.Setenv("CTYUN_SK", cloud.SecretKey)
	t.Setenv("CTYUN_REGION_ID", cloud.RegionID)
	env := &Env{Getenv: os.Getenv}
	client, err := env.NewClient()
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Plans.List(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 1, cloud.Count(""))
}

func TestClientWithoutKeys(t *testing.T) {
	for _, name := range []string{"CTYUN_AK", "CTYUN_SK"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("CTYUN_CONFIG", "")
	_, err := (&Env{Getenv: os.Getenv}).NewClient()
	require.ErrorIs(t, err, ctcbr.ErrNoCredentials)
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	env := &Env{Stderr: &said}
	flags := env.Flags("x", "[flags] HOST", "Does a thing.")
	var atMost time.Duration
	var source ctcbr.SourceType
	Duration(flags, &atMost, "at-most", 24*time.Hour, "wait no longer than this `time`")
	Source(flags, &source)
	status, ok := env.Parse(flags, []string{"-h"})
	require.False(t, ok)
	require.Equal(t, OK, status)
	require.True(t, strings.HasPrefix(said.String(), "usage: x [flags] HOST\n\nDoes a thing.\n\n"), said.String())
	require.Contains(t, said.String(), "-at-most time\n    \twait no longer than this time (default 24h)\n")
	require.Contains(t, said.String(), "(default CT-ECS)")
	require.Contains(t, said.String(), "CTYUN_REGION_ID")
	require.Contains(t, said.String(), "CTCBR_ENDPOINT")
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for args, said := range map[string]string{
		"":                            "",
		"-at-most 90m -source CT-DPS": "",
		"host-1 host-2":               "",
		"-nonsense":                   "x: flag provided but not defined: -nonsense; see -h\n",
		"-at-most":                    "x: flag needs an argument: -at-most; see -h\n",
		"-at-most 3d":                 "x: invalid value \"3d\" for flag -at-most: want a number with its unit, such as 26h or 90m; see -h\n",
		"-at-most 0s":                 "x: invalid value \"0s\" for flag -at-most: must be positive; see -h\n",
		"-source ecs":                 "x: invalid value \"ecs\" for flag -source: want CT-ECS, CT-DPS or CT-LS; see -h\n",
		"host-1 -v":                   "x: the argument \"-v\" is not an ID; flags come first; see -h\n",
	} {
		var stderr bytes.Buffer
		env := &Env{Stderr: &stderr}
		flags := env.Flags("x", "", "")
		var atMost time.Duration
		var source ctcbr.SourceType
		Duration(flags, &atMost, "at-most", time.Hour, "")
		Source(flags, &source)
		status, ok := env.Parse(flags, strings.Fields(args))
		require.Equal(t, said, stderr.String(), args)
		require.Equal(t, said == "", ok, args)
		if !ok {
			require.Equal(t, Usage, status, args)
		}
	}
}

func TestDurationInWords(t *testing.T) {
	t.Parallel()
	for d, text := range map[time.Duration]string{
		24 * time.Hour: "24h", 90 * time.Minute: "1h30m", 30 * time.Second: "30s", 10 * time.Minute: "10m", 0: "0s",
		time.Hour + time.Second: "1h0m1s", 500 * time.Millisecond: "500ms",
	} {
		require.Equal(t, text, (*duration)(&d).String())
	}
}

func TestExit(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		said   string
	}{
		{ended, nil, OK, ""},
		{t.Context(), io.EOF, Failed, "x: EOF\n"},
		{ended, io.EOF, Failed, "x: EOF\n"},
		{ended, fmt.Errorf("call: %w", context.Canceled), Failed, "x: interrupted\n"},
		{ended, errors.Join(context.Canceled, ctcbr.ErrOutcomeUnknown), Failed, "x: context canceled\noutcome unknown\n"},
	} {
		var said bytes.Buffer
		require.Equal(t, c.status, (&Env{Stderr: &said, name: "x"}).Exit(c.ctx, c.err))
		require.Equal(t, c.said, said.String())
	}
}

func TestLookFor(t *testing.T) {
	t.Parallel()
	env := &Env{Pause: time.Millisecond}
	looks := 0
	found, err := env.LookFor(t.Context(), func() (bool, error) { looks++; return looks == 2, nil })
	require.True(t, found)
	require.NoError(t, err)
	found, err = env.LookFor(t.Context(), func() (bool, error) { looks++; return false, nil })
	require.False(t, found)
	require.NoError(t, err)
	require.Equal(t, 5, looks)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = (&Env{}).LookFor(ctx, func() (bool, error) { return true, nil })
	require.ErrorIs(t, err, context.Canceled)
}

// nasty is text that a shell would not read as it is.
var nasty = []string{"", "plain", "two words", "it's", `"quoted"`, "$HOME `id` $(id)", "back\\slash", "a&b|c;d>e<f", "*?[x]{a,b}", "~", "#x", "!!", "行 一", "line\nline"}

func TestQuoteIsReadBackByAShell(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	var words []string
	for _, word := range nasty {
		words = append(words, quote(word))
	}
	out, err := exec.Command(shell, "-c", `printf '<%s>' `+strings.Join(words, " ")).Output()
	require.NoError(t, err)
	require.Equal(t, "<"+strings.Join(nasty, "><")+">", string(out))
}

func TestCurlLine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	req, err := http.NewRequest(http.MethodPost, "https://example.com/v4/x?a=b%20c", strings.NewReader(`{"name":"it's"}`))
	require.NoError(t, err)
	req.Header.Set("Eop-Authorization", "key Headers=a;b Signature=c2VjcmV0")
	req.Header.Set("Cookie", "session=secret")
	req.Header.Set("Content-Type", "application/json")
	sent := ""
	_, err = Curl(&out)(req, func(req *http.Request) (*http.Response, error) {
		require.Empty(t, out.String(), "nothing is read ahead")
		body, err := io.ReadAll(req.Body)
		sent = string(body)
		require.NoError(t, errors.Join(err, req.Body.Close()))
		require.NotEmpty(t, out.String(), "it shows when it is sent, not when the answer is there")
		return nil, io.ErrUnexpectedEOF
	})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.JSONEq(t, `{"name":"it's"}`, sent)
	require.Equal(t, `curl -X POST -H 'Content-Type: application/json' -H 'Cookie: ***' -H 'Eop-Authorization: ***'`+
		` --data-raw '{"name":"it'\''s"}' 'https://example.com/v4/x?a=b%20c'`+"\n", out.String())
}

// A request that was not sent must stay known as such, also while it is watched.
func TestCurlKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	var out bytes.Buffer
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cloud.URL), ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithRegion("r"),
		ctcbr.WithRetryWait(0, 0), ctcbr.WithMiddleware(Curl(&out)))
	require.NoError(t, err)
	cloud.Close()
	_, err = client.Plans.Run(t.Context(), &ctcbr.OperatePlanRequest{ID: "plan"})
	require.Error(t, err)
	require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
	require.Equal(t, 4, strings.Count(out.String(), "curl "), "it was tried again")
}

func TestProgressInALog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := (&Env{Stdout: &out, Getenv: func(string) string { return "" }}).NewProgress()
	p.Name("1", "web\x1b[2J")
	for percent := range 101 {
		p.Report(ctcbr.Progress{ID: "1", State: "Executing", Percent: ctcbr.Percent(percent), Rate: "2.00 MB/s", Remaining: time.Minute})
	}
	p.Report(ctcbr.Progress{ID: "1"})
	p.Report(ctcbr.Progress{ID: "2", State: "Preparing"})
	p.Done()
	require.Equal(t, "web?[2J: Executing 0% 2.00 MB/s, about 1m0s to go\nweb?[2J: Executing 25% 2.00 MB/s, about 1m0s to go\n"+
		"web?[2J: Executing 50% 2.00 MB/s, about 1m0s to go\nweb?[2J: Executing 75% 2.00 MB/s, about 1m0s to go\n"+
		"web?[2J: Executing 100% 2.00 MB/s, about 1m0s to go\n2: Preparing 0%\n", out.String())

	out.Reset()
	for i := range 1000 {
		p.Report(ctcbr.Progress{ID: "3", State: fmt.Sprint("state ", i)})
	}
	require.Equal(t, 20, strings.Count(out.String(), "\n"), "it is bounded")
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := (&Env{Stdout: &out, Getenv: func(string) string { return "" }}).NewProgress()
	p.live = true
	p.Name("1", strings.Repeat("备份", 60))
	p.Report(ctcbr.Progress{ID: "1", State: "Executing", Percent: 10})
	line := strings.TrimPrefix(out.String(), "\r\x1b[K")
	require.LessOrEqual(t, Width(line), 79)
	out.Reset()
	p.Name("2", "other")
	p.Report(ctcbr.Progress{ID: "1", State: "Executing", Percent: 50})
	p.Report(ctcbr.Progress{ID: "1", State: "Executing", Percent: 50})
	require.Equal(t, "\r\x1b[K 25%  waiting 1  Executing 1", out.String())
	p.Done()
	require.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"))
	require.NotContains(t, out.String(), "\n")
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	Table(&out, [][]string{{"HOST", "STATE"}, {"数据库", "ok"}, {"a\tb\u202ec", "bad"}})
	require.Equal(t, "HOST    STATE\n数据库  ok\na b?c   bad\n", out.String())
}

func TestShort(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abc", Short("abc", 3))
	require.Equal(t, "ab…", Short("abcd", 3))
	require.Equal(t, "备…", Short("备份计划", 4))
}

func TestBytesAndAge(t *testing.T) {
	t.Parallel()
	for n, text := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 1<<20 - 1: "1.0 MB", 3 << 29: "1.5 GB", 1 << 62: "4.0 EB"} {
		require.Equal(t, text, Bytes(n))
	}
	for d, text := range map[time.Duration]string{-time.Hour: "now", time.Second: "now", 90 * time.Second: "1 min", 47 * time.Hour: "47 h", 50 * time.Hour: "2 days"} {
		require.Equal(t, text, Age(d))
	}
}
