package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/cbrtest/cbrclient"
)

func TestProtect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(cbrtest.Activated(), cbrtest.InMemory())
		defer cloud.Close()
		cloud.AddStorage(cbrtest.Storage{Name: "vault"})
		cloud.AddHost(cbrtest.Host{Name: "web-01"})
		cloud.AddHost(cbrtest.Host{Name: "bare", SourceType: "CT-DPS"})
		client := cbrclient.New(t, cloud)
		names := []string{"web-01", "typo", "bare"}

		var out bytes.Buffer
		err := protect(t.Context(), client, &out, names, true)
		require.ErrorContains(t, err, "typo")
		require.Zero(t, cloud.Count(cbrtest.InstallAgent)+cloud.Count(cbrtest.CreatePlan), "a dry run sends nothing")
		require.Contains(t, out.String(), "web-01: plan nightly")

		err = protect(t.Context(), client, &out, names, false)
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
		require.Equal(t, 2, cloud.Count(cbrtest.CreatePlan), "the others are protected")

		require.NoError(t, protect(t.Context(), client, &out, []string{"web-01", "bare"}, false))
		require.Equal(t, 2, cloud.Count(cbrtest.CreatePlan), "nothing is made twice")
		require.Zero(t, cloud.Count(cbrtest.UpdatePlan))
	})
}
