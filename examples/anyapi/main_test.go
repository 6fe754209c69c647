package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/examples/internal/clitest"
)

func TestAnyAPIListsRegions(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	p := clitest.New(cloud, run)
	require.Zero(t, p.Run(t.Context()), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), `"regionID": "`+cloud.RegionID+`"`)
	require.Empty(t, p.Stderr.String())
}

func TestAnyAPIWithAQuery(t *testing.T) {
	t.Parallel()
	p := clitest.New(clitest.NewCloud(t), run)
	require.Zero(t, p.Run(t.Context(), "-v", "/v4/region/list-regions?regionName=西南1"), p.Stderr.String())
	require.Contains(t, p.Stdout.String(), "cn-xinan1")
	require.NotContains(t, p.Stdout.String(), "huadong")
	require.Contains(t, p.Stderr.String(), "Eop-Authorization: ***")
	require.NotContains(t, p.Stderr.String(), "Signature=")
}

func TestAnyAPIPosts(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	body := `{"regionID":"` + cloud.RegionID + `","clientToken":"token-1"}`
	file := filepath.Join(t.TempDir(), "request.json")
	require.NoError(t, os.WriteFile(file, []byte(body), 0o600))
	for _, post := range []string{body, "@" + file, "@-"} {
		p := clitest.New(cloud, run)
		p.Env.Stdin = strings.NewReader(body)
		p.Run(t.Context(), "-v", "-post", post, "/v4/backup/open-service-backup")
		require.Contains(t, p.Stdout.String(), "masterOrderID")
		require.Contains(t, p.Stderr.String(), "--data-raw '"+body+"'")
	}
	require.Equal(t, 3, cloud.Count("open-service-backup"))
	require.Equal(t, 1, cloud.Charges())
}

func TestAnyAPITellsAFailure(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "/v4/backup/query-storage-backup?regionID=nowhere"))
	require.Contains(t, p.Stdout.String(), `"statusCode": 900`)
	require.Contains(t, p.Stderr.String(), "statusCode 900")

	p = clitest.New(cloud, run)
	p.Environment["CTYUN_SK"] = "wrong"
	require.Equal(t, 1, p.Run(t.Context()))
	require.Contains(t, p.Stderr.String(), "401")

	p = clitest.New(cloud, run)
	p.Environment["CTYUN_AK"] = ""
	require.Equal(t, 1, p.Run(t.Context()))
	require.Contains(t, p.Stderr.String(), "no usable credentials")

	p = clitest.New(cloud, run)
	p.Env.Keys = func() (ctcbr.Credentials, error) { return ctcbr.Credentials{}, ctcbr.ErrNoCredentials }
	require.Equal(t, 1, p.Run(t.Context()))
	require.Equal(t, "anyapi: no usable credentials\n", p.Stderr.String())

	cloud.Inject("list-regions", cbrtest.Fault{Conn: cbrtest.CutBody})
	p = clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context()))
	require.Contains(t, p.Stderr.String(), "cut short")

	cloud.Inject("list-regions", cbrtest.Fault{Body: "<html>"})
	p = clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context()))
	require.Contains(t, p.Stderr.String(), "not a JSON object")
}

func TestAnyAPIFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirect was followed")
	}))
	t.Cleanup(other.Close)
	cloud := clitest.NewCloud(t)
	for _, status := range []int{301, 307} {
		cloud.Inject("list-regions", cbrtest.Redirect(status, other.URL))
		p := clitest.New(cloud, run)
		require.Equal(t, 1, p.Run(t.Context()))
		require.Contains(t, p.Stderr.String(), "not followed")
	}
}

func TestAnyAPIReadsNoEndlessAnswer(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	cloud.Inject("list-regions", cbrtest.Fault{Conn: cbrtest.EndlessBody})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context()))
	require.Contains(t, p.Stderr.String(), "longer than")
	require.Empty(t, p.Stdout.String())
}

func TestAnyAPIEnds(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	cloud.Inject("list-regions", cbrtest.Fault{Conn: cbrtest.Silence, Times: -1})
	p := clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(t.Context(), "-timeout", "30ms"))
	require.Contains(t, p.Stderr.String(), "deadline exceeded")

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	p = clitest.New(cloud, run)
	require.Equal(t, 1, p.Run(ctx))
	require.Equal(t, "anyapi: interrupted\n", p.Stderr.String())
}

func TestAnyAPISaysThatAPostMayHaveBeenCarriedOut(t *testing.T) {
	t.Parallel()
	cloud := clitest.NewCloud(t)
	cloud.Inject("open-service-backup", cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
	p := clitest.New(cloud, run)
	body := `{"regionID":"` + cloud.RegionID + `","clientToken":"token-1"}`
	require.Equal(t, 1, p.Run(t.Context(), "-post", body, "/v4/backup/open-service-backup"))
	require.Contains(t, p.Stderr.String(), "may have been carried out")
	require.Equal(t, 1, cloud.Count("open-service-backup"))

	p = clitest.New(cloud, run)
	cloud.Close()
	require.Equal(t, 1, p.Run(t.Context(), "-post", body, "/v4/backup/open-service-backup"))
	require.NotContains(t, p.Stderr.String(), "carried out")
}

func TestAnyAPIUsage(t *testing.T) {
	t.Parallel()
	for args, status := range map[string]int{
		"-h": 0, "no-slash": 2, "/a /b": 2, "-endpoint http://example.com": 2, "-endpoint https://user@example.com": 2,
		"-endpoint https://example.com/path": 2, "-endpoint :": 2, "-post {": 2, "-post @/does/not/exist": 2, "/a#b": 2,
	} {
		p := clitest.New(clitest.NewCloud(t), run)
		require.Equal(t, status, p.Run(t.Context(), strings.Fields(args)...), args)
		require.NotEmpty(t, p.Stderr.String(), args)
	}
}
