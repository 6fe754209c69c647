package main

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestBackUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory())
		defer cloud.Close()
		for i := range 20 {
			host := cloud.AddHost(cbrtest.Host{Name: fmt.Sprintf("web-%02d", i)})
			cloud.AddAgent(host)
			plan := cloud.AddPlan(cbrtest.Plan{HostID: host, Name: "nightly"})
			if i == 0 {
				cloud.SetStatus(plan, "Stop")
			}
		}
		client := cbrclient.New(t, cloud)
		var out bytes.Buffer
		require.NoError(t, backUp(t.Context(), client, &out))
		require.Contains(t, out.String(), "nightly of web-19: Completed")
		require.Equal(t, 19, cloud.Count(cbrtest.OperatePlan))
		require.LessOrEqual(t, cloud.Count(cbrtest.ListTasks), 8, "one request a poll")

		cloud.FailNext(cbrtest.TaskJob, "disk full")
		err := backUp(t.Context(), client, &out)
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		require.ErrorContains(t, err, "disk full")
	})
}
