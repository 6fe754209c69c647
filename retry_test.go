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

// A client may send ten throttled requests again, and one more for every ten calls, and never saves
// up more than ten.
func TestBudgetIsBounded(t *testing.T) {
	t.Parallel()
	b := newBudget()
	spend := func() (n int) {
		for b.spend() {
			n++
		}
		return n
	}
	require.Equal(t, 10, spend())
	for range 9 {
		b.earn()
	}
	require.Zero(t, spend(), "nine calls are worth nothing")
	b.earn()
	require.Equal(t, 1, spend())
	for range 25 {
		b.earn()
	}
	require.Equal(t, 2, spend())
	for range 5 {
		b.earn()
	}
	require.Equal(t, 1, spend(), "what was left over counts")
	for range 10_000 {
		b.earn()
	}
	require.Equal(t, 10, spend())
	for range 99 {
		b.earn()
	}
	require.Equal(t, 9, spend())
}
