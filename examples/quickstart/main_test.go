package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestQuickstart(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), nil, &stdout, &stderr), stderr.String())
	for _, text := range []string{"8. clean up", "Completed", "RestoreCompleted", "100%", "    done\n", "Orders placed: 3."} {
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

func TestQuickstartLiveTellsWhatFails(t *testing.T) {
	cloud := cbrtest.NewServer()
	t.Cleanup(cloud.Close)
	cloud.Inject("query-task-backup", cbrtest.Fault{Status: http.StatusForbidden})
	t.Setenv("CTCBR_ENDPOINT", cloud.URL)
	t.Setenv("CTYUN_AK", cloud.AccessKey)
	t.Setenv("CTYUN_SK", cloud.SecretKey)
	t.Setenv("CTYUN_REGION_ID", cloud.RegionID)
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(t.Context(), []string{"-live"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "tasks        failed: ctcbr: query-task-backup: ")
	require.Contains(t, stdout.String(), "snapshots    0\n", "the others are made all the same")
	require.Equal(t, "quickstart: 1 of 7 calls failed\n", stderr.String())

	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	stdout.Reset()
	stderr.Reset()
	require.Equal(t, 1, run(interrupted, []string{"-live"}, &stdout, &stderr))
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), "quickstart: stopped at the regions: ")
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"))
}

func TestQuickstartUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		status int
		said   string
	}{
		"help":         {[]string{"-h"}, 0, "usage: quickstart [-live]\n"},
		"argument":     {[]string{"live"}, 2, "quickstart: unexpected argument \"live\"\n"},
		"unknown flag": {[]string{"-nonsense"}, 2, "-nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.status, run(t.Context(), c.args, &stdout, &stderr))
			require.Contains(t, stderr.String(), c.said)
			require.Empty(t, stdout.String())
		})
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
