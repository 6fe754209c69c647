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

// The whole table: what is sent again after which failure, and when.
func TestDecide(t *testing.T) {
	t.Parallel()
	const never = "never"
	after := func(seconds string) http.Header { return http.Header{"Retry-After": {seconds}} }
	for name, c := range map[string]struct {
		f                  failure
		tries              tries
		header             http.Header
		read, order, write string // the wait, "backoff" or never
	}{
		"nothing was sent":                    {f: failNotConnected, read: "backoff", order: "backoff", write: "backoff"},
		"hopeless":                            {f: failHopeless, read: never, order: never, write: never},
		"ended":                               {f: failEnded, read: never, order: never, write: never},
		"no answer":                           {f: failNoAnswer, read: "backoff", order: "backoff", write: never},
		"throttled":                           {f: failThrottled, read: "backoff", order: "backoff", write: never},
		"throttled, says when":                {f: failThrottled, header: after("7"), read: "7s", order: "7s", write: "7s"},
		"throttled, at once":                  {f: failThrottled, header: after("0"), read: "0s", order: "0s", write: "0s"},
		"throttled, up to the limit":          {f: failThrottled, header: after("30"), read: "30s", order: "30s", write: "30s"},
		"throttled, beyond the limit":         {f: failThrottled, header: after("31"), read: never, order: never, write: never},
		"date":                                {f: failDate, read: "0s", order: "0s", write: "0s"},
		"date again":                          {f: failDate, tries: tries{alike: 1}, read: never, order: never, write: never},
		"keys":                                {f: failUnauthorized, read: never, order: never, write: never},
		"gateway":                             {f: failGateway, read: never, order: never, write: never},
		"gateway and date":                    {f: failGatewayDate, read: "0s", order: "0s", write: never},
		"gateway and date again":              {f: failGatewayDate, tries: tries{alike: 1}, read: never, order: never, write: never},
		"server":                              {f: failServer, read: "backoff", order: "backoff", write: never},
		"server, says when":                   {f: failServer, header: after("9"), read: "9s", order: "9s", write: never},
		"server, beyond the limit":            {f: failServer, header: after("31"), read: never, order: never, write: never},
		"garbled":                             {f: failGarbled, read: "backoff", order: "backoff", write: never},
		"garbled again":                       {f: failGarbled, tries: tries{alike: 1}, read: never, order: "backoff", write: never},
		"oversized":                           {f: failOversized, read: never, order: never, write: never},
		"within a list":                       {f: failMidList, read: never, order: never, write: never},
		"content":                             {f: failContent, read: never, order: never, write: never},
		"refused":                             {f: failRefused, read: never, order: never, write: never},
		"nothing was sent, for the last time": {f: failNotConnected, tries: tries{made: 4}, read: never, order: never, write: never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for k, want := range map[callKind]string{kindRead: c.read, kindOrder: c.order, kindWrite: c.write} {
				made := c.tries
				made.made, made.most = max(made.made, 1), 4
				again, wait, why := decide(k, c.f, made, c.header)
				require.NotEmpty(t, why)
				got := never
				switch {
				case again && wait == byBackoff:
					got = "backoff"
				case again:
					got = wait.String()
				}
				require.Equal(t, want, got, "kind %d: %s", k, why)
			}
		})
	}
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
