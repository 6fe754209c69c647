package eop

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	benchAK = "0123456789abcdef0123456789abcdef"
	benchSK = "fedcba9876543210fedcba9876543210"
	benchID = "3b241101-e2bb-4255-8caf-4136c566a962"

	benchQuery    = "backupStorageID=c2a9f0de-9d31-11f0-8a31-0242ac110002&backupStorageStatus=Available&queryContent=web%20hosts&regionID=81f7728662dd11ec810800155d307d5b"
	benchUnsorted = "regionID=81f7728662dd11ec810800155d307d5b&backupStorageStatus=Available&queryContent=web+hosts&backupStorageID=c2a9f0de-9d31-11f0-8a31-0242ac110002"
)

// toSign is what the benchmarks and the counts of allocations sign.
var toSign = map[string]struct {
	query string
	body  []byte
}{
	"GET":     {query: benchQuery},
	"POST300": {body: bytes.Repeat([]byte("x"), 300)},
	"POST8K":  {body: bytes.Repeat([]byte("x"), 8<<10)},
}

// BenchmarkSignature makes a signature of a canonical query: with the kept key, with a key derived
// for it, and with crypto/hmac alone.
func BenchmarkSignature(b *testing.B) {
	at := time.Now()
	date := at.In(Beijing).Format(dateLayout)
	for name, given := range toSign {
		b.Run("kept/"+name, func(b *testing.B) {
			var keys Keys
			keys.Derive(benchAK, benchSK, at, nil)
			b.ReportAllocs()
			for b.Loop() {
				_ = keys.Kept(benchAK, benchSK, at, nil).Authorization(benchID, given.query, given.body)
			}
		})
		b.Run("derived/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = newKey(benchAK, benchSK, at, nil).Authorization(benchID, given.query, given.body)
			}
		})
		b.Run("plain/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = plain(benchAK, benchSK, date, benchID, given.query, given.body)
			}
		})
	}
}

// BenchmarkCanonicalQuery makes a query canonical that is so already, and one that is not; "plain"
// does the latter with net/url alone.
func BenchmarkCanonicalQuery(b *testing.B) {
	for name, query := range map[string]string{"canonical": benchQuery, "unsorted": benchUnsorted} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = CanonicalQuery(query)
			}
		})
	}
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			values, _ := url.ParseQuery(benchUnsorted)
			_ = strings.ReplaceAll(values.Encode(), "+", "%20")
		}
	})
}

// The tests below count allocations, and so may not run beside others.

func TestSignatureIsOneAllocation(t *testing.T) {
	at := time.Now()
	var keys Keys
	keys.Derive(benchAK, benchSK, at, nil)
	for name, given := range toSign {
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() {
			_ = keys.Kept(benchAK, benchSK, at, nil).Authorization(benchID, given.query, given.body)
		}), 1.0, name)
	}
}

func TestCanonicalQueryAllocations(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		most  float64
	}{
		"canonical": {benchQuery, 0},
		"unsorted":  {benchUnsorted, 2}, // the query, and the value with a space
	} {
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() { _, _ = CanonicalQuery(c.query) }), c.most, name)
	}
}

func TestEncodeQueryIsOneAllocation(t *testing.T) {
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() {
		parameters := [...]Parameter{{"regionID", "r"}, {"backupStorageName", "web hosts"}}
		_ = EncodeQuery(parameters[:])
	}), 1.0)
}
