package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestMonitor(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer(cbrtest.Activated())
	defer cloud.Close()
	client := cbrclient.New(t, cloud)
	var out bytes.Buffer
	gaps, err := monitor(t.Context(), client, &out)
	require.NoError(t, err)
	require.Equal(t, 1, gaps)
	require.Contains(t, out.String(), "ecm-demo no agent")

	cloud.AddAgent(cloud.HostID)
	plan := cloud.AddPlan(cbrtest.Plan{HostID: cloud.HostID, Name: "nightly", StorageID: cloud.AddStorage(cbrtest.Storage{Name: "vault"})})
	cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-time.Hour)})
	out.Reset()
	gaps, err = monitor(t.Context(), client, &out)
	require.NoError(t, err)
	require.Zero(t, gaps, out.String())
	require.Contains(t, out.String(), "ecm-demo nightly: newest copy ")

	cloud.Close()
	_, err = monitor(t.Context(), client, &out)
	require.Error(t, err)
}
