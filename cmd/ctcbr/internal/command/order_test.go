package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// orderCases are the four orders, each as a command.
var orderCases = map[string]struct {
	line      string
	operation string
}{
	"create":      {"vault create archive --size 100 --months 1 --confirm archive", cbrtest.CreateStorage},
	"resize":      {"vault resize vault --size 2000 --confirm vault", cbrtest.ResizeStorage},
	"renew":       {"vault renew vault --years 1 --confirm vault", cbrtest.RenewStorage},
	"unsubscribe": {"vault unsubscribe vault --confirm vault", cbrtest.UnsubscribeStorage},
}

func TestOrderIsPlacedOnce(t *testing.T) {
	t.Parallel()
	for name, o := range orderCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTool(t, newCloud(t, 0))
			args := strings.Fields(o.line)
			var result struct{ Status, OrderID string }
			c.json(&result, args...)
			require.Equal(t, "done", result.Status)
			require.NotEmpty(t, result.OrderID)
			require.Equal(t, 1, c.count(o.operation))
			said := c.fails(1, args...)
			require.Contains(t, said, result.OrderID)
			require.Contains(t, said, "--again")
			require.Equal(t, 1, c.count(o.operation), "the same command orders nothing more")
			require.Equal(t, 1, c.cloud.Charges())
		})
	}
}

// An order whose answer was lost is the same order when the command is given again.
func TestOrderWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, o := range orderCases {
		for fault, apply := range map[string]bool{"carried out": true, "lost": false} {
			t.Run(name+" "+fault, func(t *testing.T) {
				t.Parallel()
				c := newTool(t, newCloud(t, 0))
				c.cloud.Inject(o.operation, cbrtest.Fault{Apply: apply, Conn: cbrtest.CloseAfterRequest, Times: 4})
				args := strings.Fields(o.line)
				require.Contains(t, c.fails(3, args...), "same order")
				c.ok(args...)
				require.Equal(t, 1, c.cloud.Charges())
				require.Len(t, c.cloud.Orders(), 1)
			})
		}
	}
}

func TestOrderAgain(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	renew := strings.Fields(orderCases["renew"].line)
	c.ok(renew...)
	c.fails(1, renew...)
	c.ok(append(renew, "--again")...)
	require.Equal(t, 2, c.cloud.Charges())
	c.fails(1, renew...)
	require.Contains(t, c.fails(1, "vault", "create", "vault", "--size", "100", "--months", "1", "--confirm", "vault", "--again"), "already")
	require.Equal(t, 2, c.cloud.Charges())
}

func TestOrderThatFails(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	create := strings.Fields(orderCases["create"].line)
	c.cloud.FailNext(cbrtest.OrderJob, "no money")
	require.Contains(t, c.fails(1, create...), "failed")
	require.Contains(t, c.fails(1, create...), "--again")
	c.ok(append(create, "--again")...)
	require.Len(t, c.cloud.Orders(), 2)
}

// What the service refused was not ordered, and may be ordered.
func TestOrderThatIsRefused(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	create := strings.Fields(orderCases["create"].line)
	c.cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Code: "Backup.Quota.Exceeded", Message: "no more"})
	require.Contains(t, c.fails(1, create...), "no more")
	c.ok(create...)
	require.Equal(t, 1, c.cloud.Charges())
}

// A refusal does not make an order known whose answer was lost before.
func TestRefusalAfterALostAnswer(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	renew := strings.Fields(orderCases["renew"].line)
	c.cloud.Inject(cbrtest.RenewStorage, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest, Times: 4})
	c.fails(3, renew...)
	c.cloud.Inject(cbrtest.RenewStorage, cbrtest.Fault{Code: "Backup.Quota.Exceeded", Message: "no more"})
	c.fails(3, renew...)
	c.ok(renew...)
	require.Equal(t, 1, c.cloud.Charges())
}

func TestNameThatIsThere(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	require.Contains(t, c.fails(1, "vault", "create", "vault", "--size", "100", "--months", "1", "--confirm", "vault"), "vault-id")
	require.Contains(t, c.fails(1, "vault", "renew", "nope", "--months", "1", "--confirm", "nope"), "not found")
	require.Zero(t, c.cloud.Charges())
}

func TestConfirmation(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	host := c.cloud.AddHost(cbrtest.Host{Name: "db"})
	plan := c.cloud.AddPlan(cbrtest.Plan{HostID: host, StorageID: "vault-id"})
	c.cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan})
	c.cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan})
	unsubscribe := []string{"vault", "unsubscribe", "vault-id"}
	require.Contains(t, c.fails(2, unsubscribe...), "This destroys 2 copies of 1 host")
	require.Contains(t, c.stderr.String(), "--confirm vault")
	c.stdin = "vault-id\n"
	require.Contains(t, c.fails(1, unsubscribe...), "nothing was ordered")
	c.fails(2, append(unsubscribe, "--confirm", "other")...)
	require.Zero(t, c.cloud.Charges())
	require.Empty(t, c.cloud.Orders())
	c.stdin = "vault\n"
	c.ok(unsubscribe...)
	require.Len(t, c.cloud.Orders(), 1)
}

// Nothing is sent that could not be written down.
func TestOrderThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	create := strings.Fields(orderCases["create"].line)
	delete(c.env, "XDG_STATE_HOME")
	require.Contains(t, c.fails(1, create...), "HOME")
	c.env["XDG_STATE_HOME"] = "relative"
	require.Contains(t, c.fails(1, create...), "XDG_STATE_HOME")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	c.env["XDG_STATE_HOME"] = file
	require.Contains(t, c.fails(1, create...), "not sent")
	require.Zero(t, c.count(cbrtest.CreateStorage))
}

// A file that this tool did not write stands for an order that may be open.
func TestStateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	create := strings.Fields(orderCases["create"].line)
	c.cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest, Times: 4})
	c.fails(3, create...)
	files, err := filepath.Glob(filepath.Join(c.env["XDG_STATE_HOME"], "ctcbr", "orders", "create-*.json"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	info, err := os.Stat(files[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(files[0], []byte("{"), 0o600))
	require.Contains(t, c.fails(1, create...), files[0])
	require.Zero(t, c.cloud.Charges())
}

func TestOrderOfAnotherAccount(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	create := strings.Fields(orderCases["create"].line)
	c.cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Conn: cbrtest.CloseAfterRequest, Times: 4})
	c.fails(3, create...)
	c.cloud.AddCredentials("other-ak", "other-sk")
	c.env["CTYUN_AK"], c.env["CTYUN_SK"] = "other-ak", "other-sk"
	require.Contains(t, c.fails(1, create...), c.cloud.AccessKey)
	require.Zero(t, c.cloud.Charges())
}

func TestManyRunsOfOneOrder(t *testing.T) {
	t.Parallel()
	for name, o := range orderCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := newCloud(t, 0)
			cloud.Inject(o.operation, cbrtest.Fault{Apply: true, Delay: 20 * time.Millisecond, Times: 3})
			first := newTool(t, cloud)
			var all sync.WaitGroup
			for range 6 {
				each := newTool(t, cloud)
				each.env["XDG_STATE_HOME"] = first.env["XDG_STATE_HOME"]
				all.Go(func() { each.run(strings.Fields(o.line)...) })
			}
			all.Wait()
			require.Equal(t, 1, cloud.Charges())
			require.Len(t, cloud.Orders(), 1)
		})
	}
}

// An interrupt of the wait says what goes on, and how it is waited for again.
func TestInterruptedOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory(), cbrtest.WithPolls(cbrtest.Polls{Order: 1000}))
		defer cloud.Close()
		c := newTool(t, cloud)
		c.poll, c.more = 0, []ctcbr.Option{ctcbr.WithHTTPClient(cloud.HTTPClient())}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(Interrupted("terminated")) })
		require.Equal(t, 1, c.runIn(ctx, strings.Fields(orderCases["create"].line)...))
		order := cloud.Orders()[0].ID
		require.Contains(t, c.stderr.String(), "ctcbr wait order "+order)
		require.Contains(t, c.stderr.String(), "terminated")
		cloud.SetStatus(order, "3")
		c.ok("wait", "order", order)
		c.ok("order", "get", order)
	})
}

// An interrupt while an order is out leaves its outcome unknown.
func TestInterruptedWhileTheOrderIsOut(t *testing.T) {
	t.Parallel()
	c := newTool(t, newCloud(t, 0))
	c.cloud.Inject(cbrtest.CreateStorage, cbrtest.Fault{Apply: true, Conn: cbrtest.Silence})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for c.count(cbrtest.CreateStorage) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel(Interrupted("interrupt"))
	}()
	create := strings.Fields(orderCases["create"].line)
	require.Equal(t, 3, c.runIn(ctx, create...), c.stderr.String())
	c.ok(create...)
	require.Equal(t, 1, c.cloud.Charges())
}
