package ctcbr

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

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
		"options first":                                      {[]Option{WithStaticCredentials("opt-ak", "opt-sk"), WithRegion("opt-region")}, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk", "CTYUN_REGION_ID": "env-region"}, someConfig, "opt-ak", "opt-region", ""},
		"then the environment":                               {nil, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk", "CTYUN_REGION_ID": "env-region"}, someConfig, "env-ak", "env-region", ""},
		"then the active profile":                            {nil, nil, someConfig, "prod-ak", "prod-region", ""},
		"another profile":                                    {nil, map[string]string{"CTYUN_PROFILE": "no-region"}, someConfig, "x-ak", "top-region", ""},
		"keys of the top":                                    {nil, map[string]string{"CTYUN_PROFILE": "no-keys"}, someConfig, "top-ak", "y-region", ""},
		"no profiles at all":                                 {nil, nil, `{"ak":"top-ak","sk":"top-sk"}`, "top-ak", "", ""},
		"keys from options, region below":                    {[]Option{WithStaticCredentials("opt-ak", "opt-sk")}, nil, someConfig, "opt-ak", "prod-region", ""},
		"options and a broken file":                          {[]Option{WithStaticCredentials("opt-ak", "opt-sk")}, nil, "{", "opt-ak", "", ""},
		"environment and a broken file":                      {nil, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk"}, "{", "env-ak", "", ""},
		"nothing anywhere":                                   {nil, nil, "", "", "", "CTYUN_AK and CTYUN_SK of the environment, then at the file "},
		"half an environment":                                {nil, map[string]string{"CTYUN_AK": "env-ak"}, someConfig, "", "", "CTYUN_SK is not"},
		"the other half":                                     {nil, map[string]string{"CTYUN_SK": "env-sk"}, someConfig, "", "", "CTYUN_AK is not"},
		"a broken file":                                      {nil, nil, `{"sk":"secret`, "", "", "is not JSON of the expected form"},
		"a profile that is not there":                        {nil, map[string]string{"CTYUN_PROFILE": "test"}, someConfig, "", "", `no profile "test"`},
		"a file that is not there":                           {nil, map[string]string{"CTYUN_CONFIG": "nowhere.json"}, someConfig, "", "", "nowhere.json"},
		"keys with white space":                              {nil, map[string]string{"CTYUN_PROFILE": "spaces"}, someConfig, "", "", "white space"},
		"a key without its other half":                       {nil, nil, `{"ak":"top-ak"}`, "", "", "the secret key (sk) of the file "},
		"the other half alone":                               {nil, nil, `{"sk":"top-sk"}`, "", "", "the access key (ak) of the file "},
		"half a profile, a whole top":                        {nil, nil, `{"active_profile":"p","ak":"top-ak","sk":"top-sk","profiles":{"p":{"ak":"p-ak"}}}`, "", "", "secret key (sk)"},
		"the other half of a profile":                        {nil, nil, `{"active_profile":"p","ak":"top-ak","sk":"top-sk","profiles":{"p":{"sk":"p-sk"}}}`, "", "", "access key (ak)"},
		"an active profile not there":                        {nil, nil, `{"active_profile":"gone","ak":"top-ak","sk":"top-sk","profiles":{"p":{"ak":"p-ak","sk":"p-sk"}}}`, "", "", `config.json has no profile "gone", which its active_profile asks for`},
		"an active profile of none":                          {nil, nil, `{"active_profile":"gone","ak":"top-ak","sk":"top-sk"}`, "", "", `no profile "gone"`},
		"another than the active profile":                    {nil, map[string]string{"CTYUN_PROFILE": "p"}, `{"active_profile":"gone","profiles":{"p":{"ak":"p-ak","sk":"p-sk"}}}`, "p-ak", "", ""},
		"keys from options, and an active profile not there": {[]Option{WithStaticCredentials("opt-ak", "opt-sk")}, nil, `{"active_profile":"gone","region":"top-region"}`, "opt-ak", "", ""},
		"a carriage return in a variable":                    {nil, map[string]string{"CTYUN_AK": "env-ak\r", "CTYUN_SK": "env-sk"}, "", "", "", "the access key in CTYUN_AK has white space"},
		"and in the other":                                   {nil, map[string]string{"CTYUN_AK": "env-ak", "CTYUN_SK": "env-sk\r"}, "", "", "", "the secret key in CTYUN_SK has white space"},
		"a carriage return in a profile":                     {nil, map[string]string{"CTYUN_PROFILE": "prod\r"}, someConfig, "", "", `CTYUN_PROFILE holds a control character: "prod\r"`},
		"and in the active one":                              {nil, nil, `{"active_profile":"prod\r","ak":"top-ak","sk":"top-sk"}`, "", "", `config.json: its active_profile holds a control character`},
		"a blank file":                                       {nil, map[string]string{"CTYUN_CONFIG": " "}, someConfig, "", "", "CTYUN_CONFIG is blank"},
		"a byte order mark":                                  {nil, nil, "\ufeff" + someConfig, "prod-ak", "prod-region", ""},
		"UTF-16 of PowerShell":                               {nil, nil, utf16Text("\ufeff"+someConfig, binary.LittleEndian), "prod-ak", "prod-region", ""},
		"UTF-16 the other way":                               {nil, nil, utf16Text("\ufeff"+someConfig, binary.BigEndian), "prod-ak", "prod-region", ""},
		"UTF-16 without a mark":                              {nil, nil, utf16Text(someConfig, binary.LittleEndian), "prod-ak", "prod-region", ""},
		"UTF-16 without a mark, the other way":               {nil, nil, utf16Text(someConfig, binary.BigEndian), "prod-ak", "prod-region", ""},
		"another encoding":                                   {nil, nil, strings.Replace(someConfig, "prod-region", "\xbb\xaa\xb6\xab1", 1), "", "", "config.json is neither UTF-8 nor UTF-16"},
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

func utf16Text(text string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// A region that names nothing is refused with the option, the variable or the file that it is
// from, and one that is not used is not.
func TestRegionsThatNameNothing(t *testing.T) {
	keys := WithStaticCredentials("opt-ak", "opt-sk")
	for name, c := range map[string]struct {
		opts   []Option
		env    map[string]string
		config string
		fails  string
	}{
		"an option":                     {opts: []Option{keys, WithRegion("r\r")}, fails: `WithRegion: the region ID holds a control character: "r\r"`},
		"a blank option":                {opts: []Option{keys, WithRegion(" ")}, fails: `WithRegion: the region ID is blank: " "`},
		"an option that is not UTF-8":   {opts: []Option{keys, WithRegion("\xff")}, fails: `WithRegion: the region ID is not UTF-8: "\xff"`},
		"a variable":                    {opts: []Option{keys}, env: map[string]string{"CTYUN_REGION_ID": "r "}, fails: `ctcbr: CTYUN_REGION_ID has white space at its beginning or end: "r "`},
		"a blank variable":              {opts: []Option{keys}, env: map[string]string{"CTYUN_REGION_ID": " "}, fails: `CTYUN_REGION_ID is blank`},
		"a variable that is not used":   {opts: []Option{keys, WithRegion("r")}, env: map[string]string{"CTYUN_REGION_ID": "r "}},
		"a file":                        {opts: []Option{keys}, config: `{"region":"r\r\n"}`, fails: `config.json holds a control character: "r\r\n"`},
		"a file, of a profile":          {config: `{"active_profile":"p","profiles":{"p":{"ak":"a","sk":"s","region":"\u00a0r"}}}`, fails: `config.json has white space at its beginning or end`},
		"a file that is not used":       {opts: []Option{keys, WithRegion("r")}, config: `{"region":"r\r"}`},
		"a profile for the region":      {opts: []Option{keys}, env: map[string]string{"CTYUN_PROFILE": "p\r"}, config: someConfig, fails: `CTYUN_PROFILE holds a control character`},
		"a place for the region":        {opts: []Option{keys}, env: map[string]string{"CTYUN_CONFIG": "p\r"}, fails: `CTYUN_CONFIG holds a control character`},
		"a file that only the keys use": {opts: []Option{WithRegion("r")}, config: `{"ak":"a","sk":"s","region":"r\r"}`},
	} {
		t.Run(name, func(t *testing.T) {
			surround(t, c.env, c.config)
			_, err := NewClient(c.opts...)
			if c.fails == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.fails)
			require.NotErrorIs(t, err, ErrNoCredentials)
			require.NotContains(t, err.Error(), "\r")
		})
	}
}

// All that is wrong around a program is said at once.
func TestSurroundingsAtFaultAtOnce(t *testing.T) {
	surround(t, map[string]string{"CTYUN_REGION_ID": "r\r", "CTYUN_AK": "ak\r", "CTYUN_SK": " sk"}, "")
	_, err := NewClient(WithEndpoint("http://example.com"), WithMaxAttempts(0))
	require.ErrorIs(t, err, ErrNoCredentials)
	for _, text := range []string{"CTYUN_REGION_ID holds", "access key in CTYUN_AK", "secret key in CTYUN_SK", "http://example.com", "WithMaxAttempts"} {
		require.ErrorContains(t, err, text)
	}
	surround(t, map[string]string{"CTYUN_REGION_ID": "r\r"}, `{"ak":"ak\r","sk":"sk"}`)
	_, err = NewClient()
	require.ErrorContains(t, err, "CTYUN_REGION_ID holds")
	require.ErrorContains(t, err, "the access key (ak) of the file ")
	_, err = DefaultCredentials()
	require.NotContains(t, err.Error(), "CTYUN_REGION_ID")
}

// A service of systemd has no HOME.
func TestNoHome(t *testing.T) {
	surround(t, nil, "")
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	_, err := NewClient(WithRegion("r"))
	require.ErrorIs(t, err, ErrNoCredentials)
	require.ErrorContains(t, err, "then at the file ~/.ctyun/config.json, but ")
	require.ErrorContains(t, err, "is not defined")
	_, err = NewClient(WithStaticCredentials("ak", "sk"))
	require.NoError(t, err, "no file is needed")
}

// What is no regular file is not read: a pipe that nobody writes to would hold NewClient.
func TestConfigFileThatIsNoFile(t *testing.T) {
	path := surround(t, nil, "")
	pipe := path + ".pipe"
	if out, err := exec.CommandContext(t.Context(), "mkfifo", pipe).CombinedOutput(); err != nil {
		require.Equal(t, "windows", runtime.GOOS, "%s", out)
		return
	}
	for name, at := range map[string]string{"pipe": pipe, "directory": filepath.Dir(path), "device": os.DevNull} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CTYUN_CONFIG", at)
			ended := make(chan error, 1)
			go func() {
				_, err := NewClient(WithRegion("r"))
				ended <- err
			}()
			select {
			case err := <-ended:
				require.ErrorIs(t, err, ErrNoCredentials)
				require.ErrorContains(t, err, at+" is not a regular file")
			case <-time.After(10 * time.Second):
				require.FailNow(t, "NewClient waits")
			}
			_, err := NewClient(WithStaticCredentials("ak", "sk"))
			require.NoError(t, err, "the file is asked for the region alone")
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

	t.Setenv("CTYUN_AK", "ak")
	t.Setenv("CTYUN_SK", "sk")
	_, err = NewClient(warnInto(&log))
	require.NoError(t, err)
	require.Empty(t, log.String(), "it is read for the region alone")
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

// Who waits for the key pair that another call asked for gets it at the same time, however short
// it lives, and nobody waits for one after another.
func TestKeysThatLiveShort(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lives  time.Duration // from when it is given out
		keptOf time.Duration // for how long it is given out again
	}{
		"an hour":             {time.Hour, time.Hour - time.Minute},
		"two minutes":         {2 * time.Minute, time.Minute},
		"half a minute":       {30 * time.Second, 15 * time.Second},
		"a second":            {time.Second, 500 * time.Millisecond},
		"over when it came":   {-time.Second, 0},
		"over since long ago": {-24 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
					asked++
					time.Sleep(time.Second)
					return NewCredentials("ak", "sk").ExpiringAt(time.Now().Add(c.lives)), nil
				}))
				herd := func() time.Duration {
					began := time.Now()
					var all sync.WaitGroup
					for range 20 {
						all.Go(func() {
							_, err := kept.Credentials(t.Context())
							require.NoError(t, err)
						})
					}
					all.Wait()
					return time.Since(began)
				}
				require.Equal(t, time.Second, herd())
				require.Equal(t, 1, asked)
				if c.keptOf > 0 {
					time.Sleep(c.keptOf - time.Nanosecond)
					require.Zero(t, herd())
					require.Equal(t, 1, asked)
					time.Sleep(time.Nanosecond)
				}
				require.Equal(t, time.Second, herd())
				require.Equal(t, 2, asked)
			})
		})
	}
}

// Who found a key pair stale, and comes to the provider after another has renewed it, does not call
// the provider again.
func TestProviderIsNotCalledForWhatIsRenewed(t *testing.T) {
	t.Parallel()
	asked := 0
	kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
		asked++
		return NewCredentials("ak", "sk").ExpiringAt(time.Now().Add(time.Hour)), nil
	}))
	stale := kept.kept.Load()
	_, err := kept.Credentials(t.Context())
	require.NoError(t, err)
	f, own := kept.fetch(t.Context(), stale)
	require.Nil(t, f)
	require.False(t, own)
	require.Equal(t, 1, asked)
}

// Key pairs that do not expire are asked for by many at a time, from the second time on.
func TestProviderWithoutExpiryIsAskedByMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			asked.Add(1)
			time.Sleep(time.Second)
			return NewCredentials("ak", "sk"), nil
		}))
		for _, want := range []int32{1, 21, 41} {
			began := time.Now()
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					_, err := kept.Credentials(t.Context())
					require.NoError(t, err)
				})
			}
			all.Wait()
			require.Equal(t, time.Second, time.Since(began))
			require.Equal(t, want, asked.Load())
		}
	})
}

// A provider that heeds no context holds nobody, and what it gives in the end is kept.
func TestProviderThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			asked++
			time.Sleep(time.Hour)
			return NewCredentials("ak", "sk").ExpiringAt(time.Now().Add(time.Hour)), nil
		}))
		why := errors.New("enough")
		for round := range 3 { // the first asks, the others wait for it
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
			began := time.Now()
			_, err := kept.Credentials(ctx)
			require.ErrorIs(t, err, why, round)
			require.Equal(t, time.Minute, time.Since(began))
			cancel()
		}
		_, err := kept.Credentials(t.Context())
		require.NoError(t, err)
		_, err = kept.Credentials(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, asked)
	})
}

// A failure that comes of the end of who asked is not that of who waited for it.
func TestProviderThatFailsForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		kept := newKeptCredentials(CredentialsFunc(func(ctx context.Context) (Credentials, error) {
			asked.Add(1)
			select {
			case <-ctx.Done():
				return Credentials{}, ctx.Err()
			case <-time.After(2 * time.Second):
				return NewCredentials("ak", "sk").ExpiringAt(time.Now().Add(time.Hour)), nil
			}
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := kept.Credentials(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		for range 5 {
			all.Go(func() {
				_, err := kept.Credentials(t.Context())
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.EqualValues(t, 2, asked.Load())
	})
}

// A panic, or runtime.Goexit, is that of each who asks, and of nobody else.
func TestProviderThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			time.Sleep(time.Second)
			panic("vault sealed")
		}))
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				require.PanicsWithValue(t, "vault sealed", func() { _, _ = kept.Credentials(t.Context()) })
			})
		}
		all.Wait()

		// Who waited for the call that panicked makes its own.
		asked := 0
		once := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			time.Sleep(time.Second)
			if asked++; asked == 1 {
				panic("vault sealed")
			}
			return NewCredentials("ak", "sk").ExpiringAt(time.Now().Add(time.Hour)), nil
		}))
		var panics, pairs atomic.Int32
		for range 5 {
			all.Go(func() {
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				if _, err := once.Credentials(t.Context()); err == nil {
					pairs.Add(1)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, 1, panics.Load())
		require.EqualValues(t, 4, pairs.Load())

		exiting := newKeptCredentials(CredentialsFunc(func(context.Context) (Credentials, error) {
			runtime.Goexit()
			return Credentials{}, nil
		}))
		returned := false
		all.Go(func() {
			_, _ = exiting.Credentials(t.Context())
			returned = true
		})
		all.Wait()
		require.False(t, returned)

		// Nobody is left who could take the panic.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := kept.Credentials(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Minute)
	})
}
