package ctcbr

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// kind says what sending a call twice would do.
type kind int

const (
	read  kind = iota // changes nothing
	order             // carries a client token: a repeat is the same order
	write             // the service cannot tell a repeat from a new command
)

// failure is what went wrong with one attempt.
type failure int

const (
	none         failure = iota // it succeeded
	notConnected                // no byte of it left this machine
	hopeless                    // unknown host or bad certificate: another attempt meets the same
	ended                       // the context is done, or the client was closed
	noAnswer                    // a connection was had, and no full answer came
	throttled                   // 429
	dateRefused                 // 401 or 403 with a Date far from the one that was signed
	serverFault                 // 500, 502, 503, 504
	garbled                     // 2xx cut short, or not the envelope
	oversized                   // 2xx with more than the client may read
	begun                       // a list ended early when the caller had items of it, which nobody can take back
	refused                     // any other answer: the service said no
)

// maxRetryAfter is the longest Retry-After that is waited for.
const maxRetryAfter = 30 * time.Second

// maxSkew is the difference of clocks above which a refusal is taken for one of the signing date.
const maxSkew = 4 * time.Minute

// again reports whether a call may be sent once more. This is the whole table of
// who is repeated after what; before counts the attempts that failed the same way.
func (f failure) again(k kind, before int, retryAfterGiven bool) bool {
	switch f {
	case notConnected:
		return true
	case noAnswer, serverFault:
		return k != write
	case throttled:
		return k != write || retryAfterGiven
	case dateRefused:
		return before == 0
	case garbled:
		return k == order || k == read && before == 0
	default: // hopeless, ended, oversized, begun, refused
		return false
	}
}

// uncertain reports whether a call may have been carried out after its request
// reached a connection and its attempt failed this way.
func (f failure) uncertain() bool {
	switch f {
	case notConnected, throttled, dateRefused, refused:
		return false
	default:
		return true
	}
}

// retry says whether the call is sent again after a failed attempt, and when.
func (c *Client) retry(call *call, a *attempt) (wait time.Duration, again bool) {
	before := call.failed[a.failure]
	call.failed[a.failure]++
	call.secrets = call.clean(a)
	retryAfter, given := parseRetryAfter(a.header)
	if call.attempts >= c.options.maxAttempts || !a.failure.again(call.kind, before, given) {
		return 0, false
	}
	switch a.failure {
	case dateRefused:
		call.skew += a.skew()
		return 0, true
	case throttled:
		if given && retryAfter > maxRetryAfter || !c.budget.spend() {
			return 0, false
		}
		if given {
			return retryAfter, true
		}
	}
	return backoff(call.attempts, c.options.firstWait, c.options.longestWait), true
}

// backoff is the wait before an attempt: full jitter below a bound that doubles.
func backoff(attempts int, first, longest time.Duration) time.Duration {
	bound := longest
	if shift := attempts - 1; first <= longest>>shift {
		bound = first << shift
	}
	return rand.N(max(bound, 1))
}

// parseRetryAfter reads a Retry-After of seconds or of a date. A value that cannot
// be used counts as absent. A date is measured from the Date of the same answer,
// so that the clock of this machine does not matter.
func parseRetryAfter(h http.Header) (wait time.Duration, given bool) {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(24*time.Hour/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now)), true
}

// isHopeless reports whether a call that got no connection would get none either next time.
func isHopeless(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsNotFound && !dns.IsTemporary && !dns.IsTimeout
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// sleep waits, and reports whether the context let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// budget bounds what a client sends again while the service throttles it: ten
// requests, and one for every ten calls.
type budget struct {
	mu     sync.Mutex
	tenths int
}

const maxBudget = 100

func newBudget() *budget { return &budget{tenths: maxBudget} }

func (b *budget) called() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenths = min(b.tenths+1, maxBudget)
}

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenths < 10 {
		return false
	}
	b.tenths -= 10
	return true
}
