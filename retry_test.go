package ctcbr

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoffStaysBelowItsBound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		attempts       int
		first, longest time.Duration
		below          time.Duration
	}{
		"first":                      {1, time.Second, time.Minute, time.Second},
		"doubles":                    {4, time.Second, time.Minute, 8 * time.Second},
		"up to the longest":          {9, time.Second, time.Minute, time.Minute},
		"nothing doubled is nothing": {9, 0, time.Minute, 0},
		"nothing":                    {1, 0, 0, 0},
		"more than a time holds":     {30, time.Hour, 1000 * time.Hour, 1000 * time.Hour},
		"more attempts than bits":    {200, time.Nanosecond, time.Hour, time.Hour},
		"all that a time holds":      {1, math.MaxInt64, math.MaxInt64, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var most time.Duration
			for range 1000 {
				wait := backoff(c.attempts, c.first, c.longest)
				require.GreaterOrEqual(t, wait, time.Duration(0))
				require.LessOrEqual(t, wait, c.below)
				most = max(most, wait)
			}
			require.GreaterOrEqual(t, most, c.below/2)
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{"", "0", "5", "-1", "1e3", "99999999999999999999", "Sat, 01 Jan 2000 00:00:10 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		f.Add(text, "Sat, 01 Jan 2000 00:00:00 GMT")
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		wait, given := parseRetryAfter(http.Header{"Retry-After": {text}, "Date": {date}})
		require.GreaterOrEqual(t, wait, time.Duration(0))
		require.True(t, given || wait == 0)
	})
}
