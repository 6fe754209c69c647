package eop

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"
)

// Beijing is the zone of signing dates (UTC+8). It is a fixed zone, so that no machine needs a time
// zone database.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// dateLayout is that of Eop-date. T and Z are punctuation: the zone is Beijing's.
const dateLayout = "20060102T150405Z"

// Key signs the requests of one key pair in one second. It is immutable.
type Key struct {
	accessKey string
	unix      int64
	zone      *time.Location
	date      string
	// Behind a pointer, since fmt prints the unexported fields of a struct without calling Format.
	secret *secret
}

type secret struct {
	key string // as the account has it
	mac macKey // derived from it for one second
}

// newKey derives the key of a key pair for one second, in the three steps that the scheme prescribes.
func newKey(accessKey, secretKey string, at time.Time, zone *time.Location) *Key {
	if zone == nil {
		zone = Beijing
	}
	date := at.In(zone).Format(dateLayout)
	kTime := hmacOf([]byte(secretKey), date)
	kAK := hmacOf(kTime[:], accessKey)
	kDate := hmacOf(kAK[:], date[:8])
	return &Key{accessKey, at.Unix(), zone, date, &secret{secretKey, newMACKey(kDate[:])}}
}

// Format prints the access key and the date, whatever the verb, so that no secret is ever printed.
func (k *Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "eop.Key(%s, %s)", k.accessKey, k.date) }

// Date returns the value of Eop-date.
func (k *Key) Date() string { return k.date }

// emptyBodyHash is the SHA-256 of no bytes.
const emptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Authorization returns the value of Eop-Authorization for a request. The query must be canonical,
// as [CanonicalQuery] and [EncodeQuery] write it, and the request ID one line.
func (k *Key) Authorization(requestID, query string, body []byte) string {
	// One buffer on the stack holds the string to sign behind the block that its HMAC begins with,
	// and then the header. The header is the only allocation, unless the query outgrows the buffer.
	var space [1024]byte
	text := append(space[:0], k.secret.mac.inner[:]...)
	text = append(text, "ctyun-eop-request-id:"...)
	text = append(text, requestID...)
	text = append(text, "\neop-date:"...)
	text = append(text, k.date...)
	text = append(text, "\n\n"...)
	text = append(text, query...)
	text = append(text, '\n')
	if len(body) == 0 {
		text = append(text, emptyBodyHash...)
	} else {
		hash := sha256.Sum256(body)
		text = hex.AppendEncode(text, hash[:])
	}
	signature := k.secret.mac.finish(sha256.Sum256(text))

	text = append(text[:0], k.accessKey...)
	text = append(text, " Headers=ctyun-eop-request-id;eop-date Signature="...)
	text = base64.StdEncoding.AppendEncode(text, signature[:])
	return string(text)
}

// Keys keeps the key that was derived last. The zero value is ready for use, by any number of
// goroutines. It must not be copied after first use.
type Keys struct{ last atomic.Pointer[Key] }

// Kept returns the kept key if it is that of the key pair, the second of at and the zone, and nil
// otherwise.
func (s *Keys) Kept(accessKey, secretKey string, at time.Time, zone *time.Location) *Key {
	if zone == nil {
		zone = Beijing
	}
	k := s.last.Load()
	if k == nil || k.unix != at.Unix() || k.zone != zone || k.accessKey != accessKey || k.secret.key != secretKey {
		return nil
	}
	return k
}

// Derive derives the key of a key pair for the second of at, and keeps it in place of the last one.
// The signing date is in the given zone; nil means [Beijing].
func (s *Keys) Derive(accessKey, secretKey string, at time.Time, zone *time.Location) *Key {
	k := newKey(accessKey, secretKey, at, zone)
	s.last.Store(k)
	return k
}
