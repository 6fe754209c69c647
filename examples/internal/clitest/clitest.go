// Package clitest runs the example programs against a cloud in memory.
package clitest

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

// NewCloud starts a cloud that ends with the test.
func NewCloud(t *testing.T, opts ...cbrtest.Option) *cbrtest.Server {
	cloud := cbrtest.NewServer(opts...)
	t.Cleanup(cloud.Close)
	return cloud
}

// Program is a program in the surroundings of a test.
type Program struct {
	Env            *cli.Env
	Stdout, Stderr Buffer
	Environment    map[string]string
	run            func(context.Context, []string, *cli.Env) int
}

// New puts a program before a cloud. It waits no longer than it must.
func New(cloud *cbrtest.Server, run func(context.Context, []string, *cli.Env) int) *Program {
	p := &Program{run: run, Environment: map[string]string{
		"CTCBR_ENDPOINT": cloud.URL, "CTYUN_AK": cloud.AccessKey, "CTYUN_SK": cloud.SecretKey, "CTYUN_REGION_ID": cloud.RegionID,
	}}
	p.Env = &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &p.Stdout, Stderr: &p.Stderr,
		Getenv: func(name string) string { return p.Environment[name] },
		Keys: func() (ctcbr.Credentials, error) {
			return ctcbr.NewCredentials(p.Environment["CTYUN_AK"], p.Environment["CTYUN_SK"]), nil
		},
		Pause: time.Millisecond,
		Options: []ctcbr.Option{
			ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID), ctcbr.WithRetryWait(0, 0),
		},
	}
	return p
}

// Run runs the program and returns its exit status.
func (p *Program) Run(ctx context.Context, args ...string) int { return p.run(ctx, args, p.Env) }

// InterruptAt makes a context that ends when the cloud has been asked for an
// operation a number of times by the program.
func (p *Program) InterruptAt(t *testing.T, cloud *cbrtest.Server, operation string, count int) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	cloudAsked := func() bool { return cloud.Count(operation) >= count }
	p.Env.Options = append(p.Env.Options, ctcbr.WithCallHook(func(callCtx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
		return callCtx, func(error) {
			if cloudAsked() {
				cancel()
			}
		}
	}))
	return ctx
}

// Buffer is a bytes.Buffer for many goroutines.
type Buffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write adds to the buffer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
