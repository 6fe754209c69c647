package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestDrill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		age  time.Duration
		fail bool
		want error
	}{
		"fresh":          {age: time.Hour},
		"too old":        {age: 30 * time.Hour, want: ctcbr.ErrNotUsable},
		"restore failed": {age: time.Hour, fail: true, want: ctcbr.ErrFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory())
				defer cloud.Close()
				from := cloud.AddHost(cbrtest.Host{Name: "db-01"})
				cloud.AddAgent(from)
				cloud.AddAgent(cloud.AddHost(cbrtest.Host{ID: "spare-id", Name: "spare"}))
				plan := cloud.AddPlan(cbrtest.Plan{HostID: from, Name: "nightly"})
				cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: cloud.Now().Add(-c.age)})
				if c.fail {
					cloud.FailNext(cbrtest.RestoreJob, "no room")
				}
				var out bytes.Buffer
				err := drill(t.Context(), cbrclient.New(t, cloud), &out, "db-01", "spare")
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
					return
				}
				require.NoError(t, err)
				require.Contains(t, out.String(), "files are back in spare:/restored")
				for _, r := range cloud.Requests() {
					if r.Operation == cbrtest.CreateRestore {
						require.Contains(t, string(r.Body), `"backupTgtInstanceID":"spare-id"`)
					}
				}
			})
		})
	}
}
