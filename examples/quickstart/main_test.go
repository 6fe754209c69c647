package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), nil, &stdout, &stderr), stderr.String())
	for _, text := range []string{"8. clean up", "Completed", "RestoreCompleted", "100%", "Orders placed: 3."} {
		require.Contains(t, stdout.String(), text)
	}
	require.Empty(t, stderr.String())
}

func TestQuickstartFailsWhenAStepDoes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, nil, &stdout, &stderr))
	require.Contains(t, stderr.String(), "step 1")
	require.NotContains(t, stdout.String(), "Done")
}

func TestQuickstartLiveReadsAlone(t *testing.T) {
	cloud := cbrtest.NewServer()
	t.Cleanup(cloud.Close)
	cloud.AddSnapshot(cbrtest.Snapshot{})
	t.Setenv("CTCBR_ENDPOINT", cloud.URL)
	t.Setenv("CTYUN_AK", cloud.AccessKey)
	t.Setenv("CTYUN_SK", cloud.SecretKey)
	t.Setenv("CTYUN_REGION_ID", cloud.RegionID)
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-live"}, &stdout, &stderr), stderr.String())
	require.Contains(t, stdout.String(), "snapshots    1")
	require.Equal(t, 7, cloud.Count(""))
	require.Zero(t, cloud.Charges())
	for _, r := range cloud.Requests() {
		require.Equal(t, "GET", r.Method)
	}
}

func TestQuickstartLiveWithoutKeys(t *testing.T) {
	for _, name := range []string{"CTCBR_ENDPOINT", "CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID"} {
		t.Setenv(name, "")
	}
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"-live"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "CTYUN_AK")
}
