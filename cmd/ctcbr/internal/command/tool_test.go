package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// TestMain takes away what would lead to an account.
func TestMain(m *testing.M) {
	for _, name := range []string{"CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID", "CTYUN_CONFIG", "CTYUN_PROFILE", "HTTPS_PROXY", "HTTP_PROXY"} {
		os.Unsetenv(name)
	}
	os.Setenv("HOME", "/nonexistent")
	os.Exit(m.Run())
}

// tool runs commands against a fake cloud.
type tool struct {
	t     *testing.T
	cloud *cbrtest.Server
	env   map[string]string
	poll  time.Duration
	stdin string
	more  []ctcbr.Option

	stdout, stderr buffer
}

// buffer may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func (b *buffer) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Reset()
}

// newCloud is a fake cloud with a vault named vault and hosts web-01, web-02, ...
func newCloud(t *testing.T, hosts int, opts ...cbrtest.Option) *cbrtest.Server {
	t.Helper()
	polls := cbrtest.WithPolls(cbrtest.Polls{Order: -1, Install: -1, Task: 1, Restore: 1, Cancel: -1, Destroy: -1})
	cloud := cbrtest.NewServer(append([]cbrtest.Option{cbrtest.Activated(), polls}, opts...)...)
	t.Cleanup(cloud.Close)
	cloud.Remove(cloud.HostID)
	cloud.AddStorage(cbrtest.Storage{ID: "vault-id", Name: "vault", CapacityGB: 1000})
	for i := range hosts {
		cloud.AddHost(cbrtest.Host{ID: fmt.Sprintf("host-%d", i+1), Name: fmt.Sprintf("web-%02d", i+1)})
	}
	return cloud
}

// unmarshal reads JSON.
func unmarshal(said string, into any) error { return json.Unmarshal([]byte(said), into) }

func newTool(t *testing.T, cloud *cbrtest.Server) *tool {
	t.Helper()
	return &tool{t: t, cloud: cloud, poll: time.Millisecond, env: map[string]string{
		"CTCBR_ENDPOINT": cloud.URL, "CTYUN_AK": cloud.AccessKey, "CTYUN_SK": cloud.SecretKey, "CTYUN_REGION_ID": cloud.RegionID,
		"XDG_STATE_HOME": t.TempDir(),
	}}
}

func (c *tool) surroundings(stdout io.Writer) Surroundings {
	return Surroundings{
		Getenv: func(name string) string { return c.env[name] }, Stdin: strings.NewReader(c.stdin), Stdout: stdout, Stderr: &c.stderr,
		Options: append([]ctcbr.Option{ctcbr.WithRetryWait(0, 0)}, c.more...), Poll: c.poll,
	}
}

// run runs one command and returns its status.
func (c *tool) run(args ...string) int { return c.runIn(c.t.Context(), args...) }

func (c *tool) runIn(ctx context.Context, args ...string) int {
	c.stdout.reset()
	c.stderr.reset()
	return Run(ctx, args, c.surroundings(&c.stdout))
}

// ok runs a command that has to succeed, and returns what it prints.
func (c *tool) ok(args ...string) string {
	c.t.Helper()
	require.Zero(c.t, c.run(args...), "%v: %s", args, c.stderr.String())
	return c.stdout.String()
}

// fails runs a command that has to end with a status, and returns its complaint.
func (c *tool) fails(status int, args ...string) string {
	c.t.Helper()
	require.Equal(c.t, status, c.run(args...), "%v: %s%s", args, c.stdout.String(), c.stderr.String())
	return c.stderr.String()
}

// json runs a command that has to succeed, and reads what it prints.
func (c *tool) json(into any, args ...string) {
	c.t.Helper()
	said := c.ok(append(args, "-o", "json")...)
	require.NoError(c.t, json.Unmarshal([]byte(said), into), said)
}

// count counts the requests of an operation.
func (c *tool) count(operation string) int { return c.cloud.Count(operation) }
