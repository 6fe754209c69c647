package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, in := io.Pipe()
	exit := make(chan int, 1)
	go func() {
		defer in.Close()
		exit <- run(ctx, []string{"-ak", "it's", "-sk", "$HOME"}, in, io.Discard)
	}()
	var lines []string
	scanner := bufio.NewScanner(out)
	for len(lines) < 5 && scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	for i, want := range []string{
		`^CTCBR_ENDPOINT=http://127\.0\.0\.1:\d+$`, `^CTYUN_AK='it'\\''s'$`, `^CTYUN_SK='\$HOME'$`,
		`^CTYUN_REGION_ID=[0-9a-f]{32}$`, `^CTCBR_HOST_ID=[0-9a-f-]{36}$`,
	} {
		require.Regexp(t, regexp.MustCompile(want), lines[i])
	}
	endpoint := strings.TrimPrefix(lines[0], "CTCBR_ENDPOINT=")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(endpoint + "/v4/region/list-regions")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.GreaterOrEqual(t, res.StatusCode, 400, "not signed")

	interrupt()
	require.Zero(t, <-exit)
	_, err = client.Get(endpoint)
	require.Error(t, err)
}

// A client in another language needs what the program prints, and nothing else.
func TestPythonSample(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to run the sample with")
	}
	for status, path := range map[string]string{"401": "404", "200": "200"} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		out, in := io.Pipe()
		exit := make(chan int, 1)
		args := []string{"-ak", "my-ak", "-sk", "my-sk"}
		if status == "200" {
			args = append(args, "-gateway-status", status)
		}
		go func() {
			defer in.Close()
			exit <- run(ctx, args, in, io.Discard)
		}()
		sample := exec.CommandContext(ctx, python, "../../cbrtest/testdata/sample.py")
		sample.Env = os.Environ()
		for scanner := bufio.NewScanner(out); len(sample.Env) < len(os.Environ())+5 && scanner.Scan(); {
			sample.Env = append(sample.Env, scanner.Text())
		}
		var stderr strings.Builder
		sample.Stderr = &stderr
		said, err := sample.Output()
		require.NoError(t, err, stderr.String())
		for _, want := range []string{
			"POST|200|800|-", "GET with a query and {}|200|800|-", "GET with a body|200|800|-",
			"path that is unknown|" + path + "|CTAPI_10000|10000", "byte changed|" + status + "|CTAPI_10009|10009",
			"date too old|" + status + "|CTAPI_10009|10009", "date in UTC|" + status + "|CTAPI_10009|10009",
		} {
			require.Contains(t, string(said), want+"\n")
		}
		interrupt()
		require.Zero(t, <-exit)
	}
}

func TestFurnished(t *testing.T) {
	t.Parallel()
	cloud := cbrtest.NewServer()
	t.Cleanup(cloud.Close)
	furnish(cloud, 3)
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cloud.URL), ctcbr.WithRegion(cloud.RegionID),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey))
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	vault, err := client.Storages.Find(t.Context(), &ctcbr.FindStorageRequest{Name: "vault"})
	require.NoError(t, err)
	require.Equal(t, ctcbr.StorageAvailable, vault.Status)
	hosts, err := client.Agents.List(t.Context(), &ctcbr.ListAgentsRequest{NotOnlyInstalled: ctcbr.Ptr(true)})
	require.NoError(t, err)
	require.Equal(t, 3, hosts.Total)
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args   []string
		stdout io.Writer
		code   int
		stderr string
	}{
		"time is over":        {[]string{"-for", "1ms"}, io.Discard, 0, ""},
		"localhost":           {[]string{"-for", "1ms", "-addr", "localhost:0"}, io.Discard, 0, ""},
		"help":                {[]string{"-h"}, io.Discard, 0, "-addr"},
		"all addresses":       {[]string{"-addr", ":0"}, io.Discard, 1, "not a loopback address"},
		"all, spelt out":      {[]string{"-addr", "0.0.0.0:0"}, io.Discard, 1, "not a loopback address"},
		"address of others":   {[]string{"-addr", "192.0.2.1:0"}, io.Discard, 1, "not a loopback address"},
		"name of a host":      {[]string{"-addr", "example.com:0"}, io.Discard, 1, "not a loopback address"},
		"address without":     {[]string{"-addr", "127.0.0.1"}, io.Discard, 1, "missing port"},
		"port that is none":   {[]string{"-addr", "127.0.0.1:x"}, io.Discard, 1, "x"},
		"unknown flag":        {[]string{"-x"}, io.Discard, 2, "-x"},
		"too many hosts":      {[]string{"-hosts", "100001"}, io.Discard, 2, "-hosts must be 0 to 100000"},
		"fewer than none":     {[]string{"-hosts", "-1"}, io.Discard, 2, "-hosts"},
		"status of nothing":   {[]string{"-gateway-status", "99"}, io.Discard, 2, "-gateway-status must be 200 to 599, is 99"},
		"status too large":    {[]string{"-gateway-status", "600"}, io.Discard, 2, "-gateway-status must be 200 to 599, is 600"},
		"argument":            {[]string{"x"}, io.Discard, 2, "unexpected argument"},
		"nowhere to print to": {nil, broken{}, 1, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			require.Equal(t, tt.code, run(t.Context(), tt.args, tt.stdout, &stderr))
			require.Contains(t, stderr.String(), tt.stderr)
		})
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }
