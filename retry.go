package ctcbr

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ctyun-go/ctcbr/internal/transport"
)

// callKind is what sending a call twice would do.
type callKind int

const (
	kindRead  callKind = iota // changes nothing
	kindOrder                 // carries a client token: a repeat is the same order
	kindWrite                 // the service cannot tell a repeat from a new command
)

// failure is how one attempt failed.
type failure int

const (
	failNone         failure = iota // it succeeded
	failNotConnected                // the connection failed before anything was sent
	failHopeless                    // unknown host, bad certificate, proxy that wants a password, middleware at fault
	failEnded                       // the context is done, or the client was closed
	failNoAnswer                    // the request may have been sent, and no complete response was received
	failThrottled                   // 429
	failDate                        // refused keys, and a Date far from the signing date
	failUnauthorized                // refused keys
	failGateway                     // any other refusal by the gateway
	failGatewayDate                 // the same, and a Date far from the signing date
	failServer                      // 500, 502, 503, 504
	failGarbled                     // 2xx cut short, or not the envelope
	failOversized                   // 2xx, and larger than the client accepts
	failMidList                     // a list was cut after the caller had received items
	failContent                     // a success without something required
	failRefused                     // any other response: the service refused
	failKinds                       // the number of kinds
)

// maxRetryAfter is the longest Retry-After that a call waits for.
const maxRetryAfter = 30 * time.Second

// maxSkew is the clock difference above which a refusal is blamed on the signing date.
const maxSkew = 4 * time.Minute

// tries counts the failed attempts of a call.
type tries struct {
	made  int // attempts so far
	most  int // attempts that the client allows
	alike int // attempts before the last that failed in the same way
}

// byBackoff is the wait if the server asks for none: see [backoff].
const byBackoff time.Duration = -1

// decide is the complete retry table: what kind of call is sent again after which failure. It also
// returns how long to wait first, exactly or byBackoff, and the reason for the log.
func decide(k callKind, f failure, t tries, h http.Header) (again bool, after time.Duration, why string) {
	if t.made >= t.most && f.passing() {
		return false, 0, "no attempts are left"
	}
	switch f {
	case failNotConnected:
		return true, byBackoff, "nothing was sent"
	case failNoAnswer:
		if k == kindWrite {
			return false, 0, whyWritten
		}
		return true, byBackoff, "the failure may pass"
	case failServer:
		if k == kindWrite {
			return false, 0, whyWritten
		}
		return retryAfter(h, "the server's failure may pass")
	case failGarbled:
		switch {
		case k == kindWrite:
			return false, 0, whyWritten
		case k == kindRead && t.alike > 0:
			return false, 0, "the answer is unusable for the second time"
		}
		return true, byBackoff, "the answer is unusable"
	case failThrottled:
		if _, given := parseRetryAfter(h); k == kindWrite && !given {
			return false, 0, "a throttled write is repeated only after a Retry-After"
		}
		return retryAfter(h, "the service is throttling")
	case failDate, failGatewayDate:
		switch {
		case k == kindWrite && f == failGatewayDate:
			return false, 0, whyWritten
		case t.alike > 0:
			return false, 0, "the signing date was refused after it was corrected"
		}
		return true, 0, "the signing date is corrected by the server's clock"
	}
	return false, 0, "another attempt would not help"
}

const whyWritten = "the write may have been carried out"

// retryAfter decides to send a call again after the wait that the server asks for, unless that is too
// long.
func retryAfter(h http.Header, why string) (again bool, after time.Duration, reason string) {
	switch wait, given := parseRetryAfter(h); {
	case given && wait > maxRetryAfter:
		return false, 0, "Retry-After is too long"
	case given:
		return true, wait, why + ", and Retry-After is kept"
	}
	return true, byBackoff, why
}

// passing reports whether the failure may be temporary, so that another attempt can be worthwhile.
func (f failure) passing() bool {
	switch f {
	case failNotConnected, failNoAnswer, failServer, failGarbled, failThrottled, failDate, failGatewayDate:
		return true
	default:
		return false
	}
}

// leavesDoubt reports whether a request that reached the server may have been carried out although
// its attempt failed in this way.
func (f failure) leavesDoubt() bool {
	switch f {
	case failNone, failNotConnected, failThrottled, failDate, failUnauthorized, failGateway, failGatewayDate, failContent, failRefused:
		return false
	default:
		return true
	}
}

// backoff returns the wait after a number of attempts: a random time below a bound that doubles with
// each (full jitter).
func backoff(attempts int, shortest, longest time.Duration) time.Duration {
	bound := longest
	if shift := attempts - 1; shortest <= longest>>shift {
		bound = shortest << shift
	}
	return rand.N(max(bound, 1))
}

// parseRetryAfter reads a Retry-After in seconds or as a date. An invalid value counts as absent. A
// date is relative to the Date of the same response, so that the clock of this machine does not
// matter.
func parseRetryAfter(h http.Header) (wait time.Duration, given bool) {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(24*time.Hour/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now)), true
}

// isHopeless reports whether retrying cannot help: unknown host, bad certificate, or a proxy that
// wants a password and might lock the account after a few failures.
func isHopeless(err error) bool {
	if wantsProxyPassword(err) {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsNotFound && !dns.IsTemporary && !dns.IsTimeout
	}
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// wantsProxyPassword reports whether a proxy wants a password, or refused the one it got. A caller's
// own transport says so only in the text of its error.
func wantsProxyPassword(err error) bool {
	var op *net.OpError
	switch {
	case err == nil:
		return false
	case errors.Is(err, transport.ErrProxyPassword), strings.HasSuffix(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return true
	case errors.As(err, &op) && strings.HasPrefix(op.Op, "socks"):
		return strings.Contains(err.Error(), "authentication")
	}
	return false
}

// budget bounds how often a client repeats throttled requests: ten times, and once more for every ten
// calls.
type budget struct {
	mu     sync.Mutex
	tenths int
}

const maxBudget = 100

func newBudget() *budget { return &budget{tenths: maxBudget} }

// earn adds a tenth of a repetition, for one call.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenths = min(b.tenths+1, maxBudget)
}

// spend takes one repetition from the budget, and reports whether there was one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenths < 10 {
		return false
	}
	b.tenths -= 10
	return true
}
