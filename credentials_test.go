package ctcbr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// surround sets up the environment and, unless config is empty, a configuration file.
func surround(t *testing.T, env map[string]string, config string) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for _, name := range []string{"CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID", "CTYUN_CONFIG", "CTYUN_PROFILE"} {
		t.Setenv(name, env[name])
	}
	path := filepath.Join(home, ".ctyun", "config.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	if config != "" {
		require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	}
	return path
}

const someConfig = `{"active_profile":"prod","ak":"top-ak","sk":"top-sk","region":"top-region","profiles":{
	"prod":{"ak":"prod-ak","sk":"prod-sk","region":"prod-region"},
	"no-region":{"ak":"x-ak","sk":"x-sk"},
	"no-keys":{"region":"y-region"},
	"spaces":{"ak":" z-ak","sk":"z-sk"}}}`

// sentKeys is a transport in memory that keeps whose key a request was signed with, and
// for which region it was.
type sentKeys struct{ ak, region string }

func (s *sentKeys) RoundTrip(req *http.Request) (*http.Response, error) {
	s.ak, _, _ = strings.Cut(req.Header.Get("Eop-Authorization"), " ")
	s.region = req.URL.Query().Get("regionID")
	return canned(oneStorage).RoundTrip(req)
}

// by makes a call of a client, for its own region if it has one.
func (s *sentKeys) by(t *testing.T, client *Client) {
	t.Helper()
	_, err := client.Storages.List(t.Context(), nil)
	if errors.Is(err, ErrInvalid) {
		_, err = client.Regions.List(t.Context(), nil)
	}
	require.NoError(t, err)
}

func warnInto(log *bytes.Buffer) Option {
	return WithLogger(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})))
}

func TestNewClientLooksAround(t *testing.T) {
	cases := map[string]struct {
		opts       []Option
		env        map[string]string
		config     string
		ak, region string
		fails      string
	}{
		"options first":                   {[]Option{WithStaticCredentials("opt-ak", "opt-sk"), WithRegion("opt-region")}, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk", "CTYUN_REGION_ID": "env-region"}, someConfig, "opt-ak", "opt-region", ""},
		"then the environment":            {nil, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk", "CTYUN_REGION_ID": "env-region"}, someConfig, "env-ak", "env-region", ""},
		"then the active profile":         {nil, nil, someConfig, "prod-ak", "prod-region", ""},
		"another profile":                 {nil, map[string]string{"CTYUN_PROFILE": "no-region"}, someConfig, "x-ak", "top-region", ""},
		"keys of the top":                 {nil, map[string]string{"CTYUN_PROFILE": "no-keys"}, someConfig, "top-ak", "y-region", ""},
		"no profiles at all":              {nil, nil, `{"ak":"top-ak","sk":"top-sk"}`, "top-ak", "", ""},
		"keys from options, region below": {[]Option{WithStaticCredentials("opt-ak", "opt-sk")}, nil, someConfig, "opt-ak", "prod-region", ""},
		"options and a broken file":       {[]Option{WithStaticCredentials("opt-ak", "opt-sk")}, nil, "{", "opt-ak", "", ""},
		"environment and a broken file":   {nil, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk"}, "{", "env-ak", "", ""},
		"nothing anywhere":                {nil, nil, "", "", "", "CTYUN_AK and CTYUN_SK of the environment, then at the file "},
		"half an environment":             {nil, map[string]string{"CTYUN_AK": "env-ak"}, someConfig, "", "", "CTYUN_SK is not"},
		"the other half":                  {nil, map[string]string{"CTYUN_SK": "env-sk"}, someConfig, "", "", "CTYUN_AK is not"},
		"a broken file":                   {nil, nil, `{"sk":"secret`, "", "", "is not JSON of the expected form"},
		"a profile that is not there":     {nil, map[string]string{"CTYUN_PROFILE": "test"}, someConfig, "", "", `no profile "test"`},
		"a file that is not there":        {nil, map[string]string{"CTYUN_CONFIG": "nowhere.json"}, someConfig, "", "", "nowhere.json"},
		"keys with white space":           {nil, map[string]string{"CTYUN_PROFILE": "spaces"}, someConfig, "", "", "white space"},
		"a key without its other half":    {nil, nil, `{"ak":"top-ak"}`, "", "", "secret key is empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			surround(t, c.env, c.config)
			var sent sentKeys
			var log bytes.Buffer
			client, err := NewClient(append(c.opts, WithHTTPClient(&http.Client{Transport: &sent}), warnInto(&log))...)
			if c.fails != "" {
				require.ErrorIs(t, err, ErrNoCredentials)
				require.ErrorContains(t, err, c.fails)
				require.NotContains(t, err.Error(), "secret`")
				require.NotContains(t, err.Error(), "-sk")
				return
			}
			require.NoError(t, err)
			sent.by(t, client)
			require.Equal(t, c.ak, sent.ak)
			require.Equal(t, c.region, sent.region)
			require.Empty(t, log.String())
		})
	}
}

func TestDefaultCredentials(t *testing.T) {
	surround(t, nil, someConfig)
	c, err := DefaultCredentials()
	require.NoError(t, err)
	require.Equal(t, "prod-ak", c.AccessKey())
	t.Setenv("CTYUN_PROFILE", "spaces")
	_, err = DefaultCredentials()
	require.ErrorIs(t, err, ErrNoCredentials)
}

func TestConfigFileElsewhere(t *testing.T) {
	path := surround(t, nil, someConfig)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("CTYUN_CONFIG", path)
	var sent sentKeys
	client, err := NewClient(WithHTTPClient(&http.Client{Transport: &sent}))
	require.NoError(t, err)
	sent.by(t, client)
	require.Equal(t, "prod-region", sent.region)
}

func TestKeyFileThatOthersCanRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // it has no such modes
	}
	path := surround(t, nil, someConfig)
	require.NoError(t, os.Chmod(path, 0o644))
	var log bytes.Buffer
	_, err := NewClient(warnInto(&log))
	require.NoError(t, err)
	require.Contains(t, log.String(), path)

	log.Reset()
	_, err = NewClient(WithStaticCredentials("ak", "sk"), warnInto(&log))
	require.NoError(t, err)
	require.Empty(t, log.String(), "no key of it is used")
}

func TestConfigFileIsBounded(t *testing.T) {
	path := surround(t, nil, someConfig)
	require.NoError(t, os.WriteFile(path, make([]byte, 2<<20), 0o600))
	_, err := NewClient()
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestProviderIsAskedOncePerValidity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			time.Sleep(time.Second)
			return NewCredentials(fmt.Sprint("ak", asked.Add(1)), "sk").ExpiringAt(time.Now().Add(time.Hour)), nil
		}))
		for round := 1; round <= 3; round++ {
			var group sync.WaitGroup
			for range 50 {
				group.Go(func() {
					c, err := kept.Credentials(t.Context())
					require.NoError(t, err)
					require.Equal(t, fmt.Sprint("ak", round), c.AccessKey())
				})
			}
			group.Wait()
			require.EqualValues(t, round, asked.Load())
			time.Sleep(time.Hour - 30*time.Second)
		}
	})
}

func TestProviderWithoutExpiryIsAskedEveryTime(t *testing.T) {
	t.Parallel()
	asked := 0
	kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
		asked++
		return NewCredentials("ak", "sk"), nil
	}))
	for i := range 3 {
		_, err := kept.Credentials(t.Context())
		require.NoError(t, err)
		require.Equal(t, i+1, asked)
	}
}

func TestProviderThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("vault sealed")
	kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) { return Credentials{}, broken }))
	_, err := kept.Credentials(t.Context())
	require.ErrorIs(t, err, broken)
}

func TestWaitingForASlowProviderHeedsTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := newKeptCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			<-ctx.Done()
			return Credentials{}, ctx.Err()
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				_, err := kept.Credentials(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
			})
		}
		group.Wait()
	})
}
