package eop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// vector is a signature that another implementation of the scheme made.
type vector struct {
	Name, AccessKey, SecretKey, RequestID, RawQuery, Body string
	At                                                    time.Time
	Date, Query, Signature                                string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("../../testdata/signatures.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all)
	return all
}

// plain is the scheme as its documentation words it, with crypto/hmac.
func plain(accessKey, secretKey, date, requestID, query string, body []byte) string {
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		_, _ = io.WriteString(h, text)
		return h.Sum(nil)
	}
	kTime := mac([]byte(secretKey), date)
	kAK := mac(kTime, accessKey)
	kDate := mac(kAK, date[:8])
	hash := sha256.Sum256(body)
	text := "ctyun-eop-request-id:" + requestID + "\neop-date:" + date + "\n\n" + query + "\n" + hex.EncodeToString(hash[:])
	return accessKey + " Headers=ctyun-eop-request-id;eop-date Signature=" + base64.StdEncoding.EncodeToString(mac(kDate, text))
}

func TestGoldenVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			query, err := CanonicalQuery(v.RawQuery)
			require.NoError(t, err)
			require.Equal(t, v.Query, query)
			for _, zone := range []*time.Location{time.UTC, Beijing, time.FixedZone("far west", -11*60*60)} {
				key := newKey(v.AccessKey, v.SecretKey, v.At.In(zone), nil)
				require.Equal(t, v.Date, key.Date())
				want := v.AccessKey + " Headers=ctyun-eop-request-id;eop-date Signature=" + v.Signature
				require.Equal(t, want, key.Authorization(v.RequestID, query, []byte(v.Body)))
				require.Equal(t, want, plain(v.AccessKey, v.SecretKey, v.Date, v.RequestID, query, []byte(v.Body)))
			}
		})
	}
}

func TestDateIsInTheZone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 12, 17, 2, 3, 999, time.UTC)
	for name, c := range map[string]struct {
		zone *time.Location
		want string
	}{
		"Beijing by default": {nil, "20260613T010203Z"},
		"Beijing":            {Beijing, "20260613T010203Z"},
		"UTC":                {time.UTC, "20260612T170203Z"},
		"behind UTC":         {time.FixedZone("", -18*60*60), "20260611T230203Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := newKey("ak", "sk", at, c.zone)
			require.Equal(t, c.want, key.Date())
			require.Equal(t, plain("ak", "sk", c.want, "id", "a=1", nil), key.Authorization("id", "a=1", nil), "the day of the key is that of the date")
		})
	}
}

func TestKeysKeepOneSecondOfOnePair(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 13, 1, 2, 3, 0, Beijing)
	for name, c := range map[string]struct {
		accessKey, secretKey string
		at                   time.Time
		zone                 *time.Location
		kept                 bool
	}{
		"the same":              {"ak", "sk", at, nil, true},
		"later in the second":   {"ak", "sk", at.Add(999 * time.Millisecond), nil, true},
		"the same zone, named":  {"ak", "sk", at, Beijing, true},
		"a time in another one": {"ak", "sk", at.UTC(), nil, true},
		"another access key":    {"other", "sk", at, nil, false},
		"another secret key":    {"ak", "other", at, nil, false},
		"the next second":       {"ak", "sk", at.Add(time.Second), nil, false},
		"the second before":     {"ak", "sk", at.Add(-time.Nanosecond), nil, false},
		"another zone":          {"ak", "sk", at, time.UTC, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var keys Keys
			require.Nil(t, keys.Kept("ak", "sk", at, nil), "nothing was derived yet")
			first := keys.Derive("ak", "sk", at, nil)
			require.Same(t, first, keys.Kept("ak", "sk", at, nil))

			got := keys.Kept(c.accessKey, c.secretKey, c.at, c.zone)
			if c.kept {
				require.Same(t, first, got)
				return
			}
			require.Nil(t, got)
			next := keys.Derive(c.accessKey, c.secretKey, c.at, c.zone)
			require.Same(t, next, keys.Kept(c.accessKey, c.secretKey, c.at, c.zone))
			require.Nil(t, keys.Kept("ak", "sk", at, nil), "only the last is kept")
		})
	}
}

// Goroutines that sign with different key pairs never get one another's key.
func TestKeysOfManyGoroutines(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 13, 1, 2, 3, 0, Beijing)
	var keys Keys
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			accessKey, secretKey := fmt.Sprint("ak", i%4), fmt.Sprint("sk", i%4)
			for second := range 200 {
				now := at.Add(time.Duration(second/50) * time.Second)
				key := keys.Kept(accessKey, secretKey, now, nil)
				if key == nil {
					key = keys.Derive(accessKey, secretKey, now, nil)
				}
				want := plain(accessKey, secretKey, now.Format(dateLayout), "id", "", nil)
				if got := key.Authorization("id", "", nil); got != want {
					t.Errorf("signed %q, want %q", got, want)
				}
			}
		})
	}
	all.Wait()
}

func TestKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	var keys Keys
	key := keys.Derive("the-ak", "the-secret", time.Date(2026, 6, 13, 1, 2, 3, 0, Beijing), nil)
	require.Equal(t, "eop.Key(the-ak, 20260613T010203Z)", fmt.Sprint(key))
	decimal := func(secret []byte) string { return strings.Trim(fmt.Sprintf("%d", secret), "[]") }
	derived := key.secret.mac.inner[:8]
	secrets := []string{
		"the-secret", fmt.Sprintf("%x", "the-secret"), decimal([]byte("the-secret")),
		fmt.Sprintf("%x", derived), decimal(derived),
	}
	for name, v := range map[string]any{"key": key, "in a struct": struct{ K *Key }{key}, "unexported": struct{ k *Key }{key}, "kept": &keys} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			for _, secret := range secrets {
				require.NotContains(t, fmt.Sprintf(verb, v), secret, "%s by %s", name, verb)
			}
		}
		encoded, err := json.Marshal(v)
		require.NoError(t, err)
		require.NotContains(t, string(encoded), "the-secret", name)
	}
}

// FuzzAuthorization holds that every request is signed as crypto/hmac would.
func FuzzAuthorization(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.AccessKey, v.SecretKey, v.RequestID, v.Query, []byte(v.Body), v.At.Unix())
	}
	long := strings.Repeat("k", sha256.BlockSize)
	f.Add(long, long, "", "", []byte(nil), int64(0))
	f.Add(long+"k", long+"k", "id", strings.Repeat("q", 2<<10), []byte("\x00\xff"), int64(-1))
	f.Fuzz(func(t *testing.T, accessKey, secretKey, requestID, query string, body []byte, unix int64) {
		const longest = 1 << 37 // in seconds: dates have four digits for the year
		at := time.Unix(unix%longest, 0)
		key := newKey(accessKey, secretKey, at, nil)
		require.Equal(t, at.In(Beijing).Format(dateLayout), key.Date())
		require.Equal(t, plain(accessKey, secretKey, key.Date(), requestID, query, body), key.Authorization(requestID, query, body))
	})
}
