package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestCall(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	defer cloud.Close()
	keys := ctcbr.NewCredentials(cloud.AccessKey, cloud.SecretKey)
	for name, c := range map[string]struct {
		keys    ctcbr.Credentials
		args    []string
		said    string
		problem string
	}{
		"get":       {keys, []string{cloud.URL + "/v4/region/list-regions"}, `"statusCode":800`, ""},
		"post":      {keys, []string{cloud.URL + "/v4/backup/open-service-backup", `{"regionID":"` + cloud.RegionID + `"}`}, `masterOrderID`, ""},
		"wrong key": {ctcbr.NewCredentials("x", "y"), []string{cloud.URL + "/v4/region/list-regions"}, "", "401"},
		"no path":   {keys, []string{cloud.URL + "/nonsense"}, "", "404"},
		"no URL":    {keys, []string{"::"}, "", "missing protocol scheme"},
		"arguments": {keys, nil, "", "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := call(t.Context(), c.keys, &out, c.args)
			if c.problem != "" {
				require.ErrorContains(t, err, c.problem)
				return
			}
			require.NoError(t, err)
			require.Contains(t, out.String(), c.said)
		})
	}
}
