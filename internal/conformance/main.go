package conformance

import (
	"flag"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random requests and answers; 0 takes a new one")

// Main is the TestMain of every suite. It keeps the surroundings of whoever runs the
// tests out of them, and holds that no test leaves a goroutine behind.
func Main(m *testing.M) {
	flag.Parse()
	if *seedFlag == 0 {
		*seedFlag = rand.Uint64()
	}
	// Dates are Beijing time wherever the machine stands.
	time.Local = time.FixedZone("New York", -5*60*60)
	for _, name := range []string{"CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID"} {
		os.Unsetenv(name)
	}
	os.Setenv("CTYUN_CONFIG", os.DevNull) // not the one of whoever runs the tests
	goleak.VerifyTestMain(m)
}
