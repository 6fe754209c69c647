package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// A machine clock that is wrong is corrected from the answer's Date after one
// refusal, for all later calls, and healed in the same way when it is set right.
func TestFaultClockIsWrong(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{
		"20 minutes slow": 20 * time.Minute, "20 minutes fast": -20 * time.Minute, "a year slow": 365 * 24 * time.Hour,
		"16 minutes slow": 16 * time.Minute, "8 hours fast, set to UTC as if it were Beijing time": -8 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				srv, s := cloudStage(t)
				try := func(requests int) {
					srv.ResetRequests()
					before := srv.Charges()
					_, err := d.do(t.Context(), s.client)
					require.NoError(t, err)
					require.Equal(t, requests, len(srv.Requests()))
					if d.kind == "order" {
						require.Equal(t, before+1, srv.Charges())
					}
				}
				srv.SetSkew(skew)
				try(2)
				for range 3 {
					try(1) // the correction is kept
				}
				srv.SetSkew(0) // the clock was set right
				try(2)
				for range 3 {
					try(1)
				}
				s.end(t)
			})
		})
	}
}

// A clock that is wrong by less than the service minds is left alone.
func TestFaultClockIsALittleWrong(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{14 * time.Minute, -14 * time.Minute, 3 * time.Minute} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				srv, s := cloudStage(t)
				srv.SetSkew(skew)
				s.try(t.Context(), t, d, want{ok: true, requests: 1})
				s.end(t)
			})
		})
	}
}

// A refusal whose Date is far off is tried once more, corrected; with a Date that is
// near it is believed.
func TestFaultClockRefusals(t *testing.T) {
	t.Parallel()
	const far, near = "Date: Sat, 01 Jan 2000 00:20:00 GMT", "Date: Sat, 01 Jan 2000 00:03:00 GMT"
	for _, line := range []string{"401 Unauthorized", "403 Forbidden"} {
		status := statusOf(line)
		twice := final(status, ctcbr.ErrUnauthorized)
		twice.read.requests, twice.order.requests, twice.write.requests = 2, 2, 2
		for what, body := range map[string]string{"": "", " with a hint": `{"statusCode":900,"error":"CTAPI.Auth.DateExpired","message":"the date has expired"}`} {
			faultCase{name: line[:3] + " with a Date that is far" + what, within: instantly, expect: twice, stage: answering(answer(line, body, far))}.run(t)
			faultCase{name: line[:3] + " with a Date that is near" + what, within: instantly, expect: final(status, ctcbr.ErrUnauthorized), stage: answering(answer(line, body, near))}.run(t)
			faultCase{name: line[:3] + " without a Date" + what, within: instantly, expect: final(status, ctcbr.ErrUnauthorized), stage: answering(answer(line, body))}.run(t)
			faultCase{name: line[:3] + " with a Date that is none" + what, within: instantly, expect: final(status, ctcbr.ErrUnauthorized), stage: answering(answer(line, body, "Date: yesterday"))}.run(t)
		}
	}
	faultCase{name: "400 with a Date that is far", within: instantly, expect: final(400), stage: answering(answer("400 Bad Request", "", far))}.run(t)
	ok := same(want{ok: true, requests: 1})
	faultCase{name: "200 with a Date that is far", within: instantly, expect: ok, stage: answering(answer("200 OK", successAnswer, far))}.run(t)
}

// A forged Date makes one more request of the call that met it, and nothing of any
// later call.
func TestFaultClockForged(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"Sat, 01 Jan 2050 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"} {
		t.Run(date, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				srv, s := cloudStageBehind(t, func(cloud *http.Transport) http.RoundTripper { return forger{cloud, date} })
				srv.Inject("", cbrtest.Fault{Status: 401, Times: 2})
				_, err := d.do(t.Context(), s.client)
				require.ErrorIs(t, err, ctcbr.ErrUnauthorized)
				require.Equal(t, 2, requireFault(t, d, err).Attempts)
				srv.ClearFaults()
				srv.ResetRequests()
				for range 3 {
					_, err := d.do(t.Context(), s.client)
					require.NoError(t, err)
				}
				require.Len(t, srv.Requests(), 3)
				s.end(t)
			})
		})
	}
}

// What one call has learned of the clock stays until another call learns better, and a
// page that took the corrected date teaches nothing.
func TestFaultClockIsLearnedFromTheServiceAlone(t *testing.T) {
	t.Parallel()
	const learned = time.Hour
	for name, c := range map[string]struct {
		meet string
		then string
		want time.Duration
	}{
		"by another call meanwhile": {meet: answer200(successAnswer), want: learned},
		"from the envelope":         {meet: answer("401 Unauthorized", "", forgedDate), then: answer200(successAnswer), want: forgedSkew},
		"not from a page":           {meet: answer("401 Unauthorized", "", forgedDate), then: answer200(gatewayPage), want: learned},
		"not from a refusal":        {meet: answer("401 Unauthorized", "", forgedDate), then: answer("400 Bad Request", `{"statusCode":900,"error":"X"}`), want: learned},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				var s *stage
				answers := map[string][]string{
					"another": {answer("401 Unauthorized", "", learnedDate), answer200(successAnswer)},
					"this":    {c.meet, c.then},
					"later":   {answer200(successAnswer)},
				}
				signed := map[string]time.Duration{} // by how much the date of the last attempt was ahead
				s = serving(func(conn *edgeConn) {
					for {
						r, ok := conn.request()
						if !ok {
							return
						}
						call := path.Base(r.uri)
						if r.operation == d.operation {
							call = "this"
						}
						if call == "this" && signed["another"] == 0 {
							_, err := s.client.Do(t.Context(), &ctcbr.RawRequest{Method: http.MethodGet, Path: "/v4/another"})
							assert.NoError(t, err)
						}
						signed[call] = aheadOf(t, r)
						text := answers[call][0]
						if len(answers[call]) > 1 {
							answers[call] = answers[call][1:]
						}
						conn.say(text)
					}
				}, ctcbr.WithMaxAttempts(2))(t)
				_, _ = d.do(t.Context(), s.client)
				require.Equal(t, learned, signed["another"])
				_, err := s.client.Do(t.Context(), &ctcbr.RawRequest{Method: http.MethodGet, Path: "/v4/later"})
				require.NoError(t, err)
				require.Equal(t, c.want, signed["later"])
				s.end(t)
			})
		})
	}
}

// Time in a bubble begins with the year 2000.
const (
	forgedDate = "Date: Sat, 01 Jan 2000 00:20:00 GMT"
	forgedSkew = 20 * time.Minute

	learnedDate = "Date: Sat, 01 Jan 2000 01:00:00 GMT"
)

// aheadOf is by how much the date of a request is ahead of the client's clock.
func aheadOf(t *testing.T, r seen) time.Duration {
	t.Helper()
	at, err := time.Parse("20060102T150405Z-0700", r.date+"+0800")
	assert.NoError(t, err)
	return time.Until(at)
}

// forger is a gateway that forges the Date of what is refused.
type forger struct {
	*http.Transport
	date string
}

func (f forger) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.Transport.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		resp.Header.Set("Date", f.date)
	}
	return resp, err
}

// Dates are Beijing time: around its midnight, which is an afternoon elsewhere, and
// in every zone that a machine may have been set to.
func TestFaultClockAroundMidnight(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]time.Duration{
		"a second before midnight in Beijing": 16*time.Hour - time.Second,
		"midnight in Beijing":                 16 * time.Hour,
		"a second before midnight in London":  24*time.Hour - time.Second,
		"the last day of February":            (31+28)*24*time.Hour + 16*time.Hour - time.Second,
		"a leap day":                          (31 + 28 + 1) * 24 * time.Hour,
		"the last second of the year":         366*24*time.Hour - 8*time.Hour - time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				time.Sleep(at)
				_, s := cloudStage(t)
				s.try(t.Context(), t, d, want{ok: true, requests: 1})
				require.Equal(t, time.Now().UTC().Add(8*time.Hour).Format("20060102T150405Z"), s.requests()[0].date)
				time.Sleep(time.Second)
				_, err := d.do(t.Context(), s.client)
				require.NoError(t, err)
				s.end(t)
			})
		})
	}
}

// A retry that comes 16 minutes later is signed anew, which the service insists on.
func TestFaultClockOfALateRetry(t *testing.T) {
	t.Parallel()
	for _, d := range []deed{readDeed, orderDeed} {
		t.Run(d.kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, s := cloudStage(t, ctcbr.WithAttemptTimeout(16*time.Minute))
				srv.Inject(d.operation, cbrtest.Fault{Conn: cbrtest.Silence})
				_, err := d.do(t.Context(), s.client)
				require.NoError(t, err)
				requests := srv.Requests()
				require.Len(t, requests, 2)
				first, err := time.Parse("20060102T150405Z", requests[0].Header.Get("Eop-Date"))
				require.NoError(t, err)
				second, err := time.Parse("20060102T150405Z", requests[1].Header.Get("Eop-Date"))
				require.NoError(t, err)
				require.GreaterOrEqual(t, second.Sub(first), 16*time.Minute)
				s.end(t)
			})
		})
	}
}

// A key pair that is changed while calls are made is used from the next attempt on.
func TestFaultCredentialsRotated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, _ := cloudStage(t)
		srv.AddCredentials("new-ak", "new-sk")
		current := ctcbr.NewCredentials(faultAK, faultSK)
		rotating := ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
			defer func() { current = ctcbr.NewCredentials("new-ak", "new-sk") }()
			return current, nil
		})
		s := newStage(t, srv.URL, srv.HTTPClient().Transport, func() []seen { return seenBy(srv) }, &tally{}, ctcbr.WithCredentials(rotating))
		srv.Inject(orderDeed.operation, cbrtest.Fault{Status: 503})
		s.try(t.Context(), t, orderDeed, want{ok: true, requests: 2})
		require.True(t, strings.HasPrefix(s.requests()[0].header.Get("Eop-Authorization"), faultAK+" "))
		require.True(t, strings.HasPrefix(s.requests()[1].header.Get("Eop-Authorization"), "new-ak "))
		s.end(t)
	})
}

// A provider that is silent for longer than an attempt may take ends the call, which
// says so: the caller did not cancel anything.
func TestFaultCredentialsSilent(t *testing.T) {
	t.Parallel()
	for name, provide := range map[string]ctcbr.CredentialsFunc{
		"its error": func(ctx context.Context) (ctcbr.Credentials, error) {
			<-ctx.Done()
			return ctcbr.Credentials{}, ctx.Err()
		},
		"its error and more": func(ctx context.Context) (ctcbr.Credentials, error) {
			<-ctx.Done()
			return ctcbr.Credentials{}, fmt.Errorf("vault: %w", ctx.Err())
		},
		"the cause": func(ctx context.Context) (ctcbr.Credentials, error) {
			<-ctx.Done()
			return ctcbr.Credentials{}, context.Cause(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer200(successAnswer), ctcbr.WithCredentials(provide))(t)
				began := time.Now()
				_, err := d.do(t.Context(), s.client)
				require.Equal(t, 30*time.Second, time.Since(began))
				requireFault(t, d, err)
				var timeout interface{ Timeout() bool }
				require.ErrorAs(t, err, &timeout)
				require.True(t, timeout.Timeout())
				require.ErrorContains(t, err, "credentials: ")
				require.NotErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.Empty(t, s.requests())
				s.end(t)
			})
		})
	}
}

// A provider that fails, or gives what is no key, ends the call before anything is sent.
func TestFaultCredentialsFail(t *testing.T) {
	t.Parallel()
	locked := errors.New("the vault is locked")
	for name, f := range map[string]struct {
		give ctcbr.Credentials
		fail error
		is   error
	}{
		"error":          {fail: locked, is: locked},
		"nothing":        {is: ctcbr.ErrNoCredentials},
		"white space":    {give: ctcbr.NewCredentials("ak", faultSK+"\n"), is: ctcbr.ErrNoCredentials},
		"inner newline":  {give: ctcbr.NewCredentials("ak\r\nX-Evil: 1", faultSK), is: ctcbr.ErrNoCredentials},
		"inner space":    {give: ctcbr.NewCredentials("a k", faultSK), is: ctcbr.ErrNoCredentials},
		"no secret":      {give: ctcbr.NewCredentials("ak", ""), is: ctcbr.ErrNoCredentials},
		"no access key":  {give: ctcbr.NewCredentials("", faultSK), is: ctcbr.ErrNoCredentials},
		"other alphabet": {give: ctcbr.NewCredentials("ключ", faultSK), is: ctcbr.ErrNoCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				s := answering(answer200(successAnswer), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) { return f.give, f.fail })))(t)
				_, err := d.do(t.Context(), s.client)
				requireFault(t, d, err)
				require.ErrorIs(t, err, f.is)
				require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
				require.Empty(t, s.requests())
				requireSecret(t, err, faultSK)
				s.end(t)
			})
		})
	}
}

// A provider that does not return holds no call: its context, the client's end and the time of an
// attempt end it, also where it waits for what another call asked.
func TestFaultCredentialsThatNeverCome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   func(cancel context.CancelFunc, client *ctcbr.Client)
		after time.Duration
		is    error
	}{
		"the context": {func(cancel context.CancelFunc, _ *ctcbr.Client) { cancel() }, time.Second, context.Canceled},
		"Close":       {func(_ context.CancelFunc, client *ctcbr.Client) { client.Close() }, time.Second, ctcbr.ErrClosed},
		"time":        {func(context.CancelFunc, *ctcbr.Client) {}, 30 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubbles(t, func(t *testing.T, d deed) {
				var asked atomic.Int32
				never := make(chan struct{})
				s := answering(answer200(successAnswer), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
					asked.Add(1)
					<-never
					return ctcbr.Credentials{}, nil
				})))(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var calls sync.WaitGroup
				for range 3 {
					calls.Go(func() {
						began := time.Now()
						_, err := d.do(ctx, s.client)
						require.Equal(t, c.after, time.Since(began))
						requireFault(t, d, err)
						require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
						if c.is != nil {
							require.ErrorIs(t, err, c.is)
							return
						}
						var timeout interface{ Timeout() bool }
						require.ErrorAs(t, err, &timeout)
						require.ErrorContains(t, err, "credentials: their provider did not answer")
					})
				}
				time.Sleep(time.Second)
				c.end(cancel, s.client)
				calls.Wait()
				require.EqualValues(t, 1, asked.Load())
				require.Empty(t, s.requests())
				close(never)
				s.end(t)
			})
		})
	}
}

// The panic of a provider is that of its caller, after the call was ended like any other.
func TestFaultCredentialsPanic(t *testing.T) {
	t.Parallel()
	inBubbles(t, func(t *testing.T, d deed) {
		var ended []error
		s := answering(answer200(successAnswer), ctcbr.WithCredentials(ctcbr.CredentialsFunc(func(context.Context) (ctcbr.Credentials, error) {
			panic("the vault is gone")
		})), ctcbr.WithCallHook(func(ctx context.Context, _ ctcbr.CallInfo) (context.Context, func(error)) {
			return ctx, func(err error) { ended = append(ended, err) }
		}))(t)
		require.PanicsWithValue(t, "the vault is gone", func() { _, _ = d.do(t.Context(), s.client) })
		require.Len(t, ended, 1)
		require.Error(t, ended[0])
		require.Empty(t, s.requests())
		s.end(t)
	})
}
