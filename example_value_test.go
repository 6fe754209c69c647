package ctcbr_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ctyun-go/ctcbr"
)

func ExampleSchedule() {
	fmt.Println(ctcbr.Hourly())
	fmt.Println(ctcbr.Daily(2))
	fmt.Println(ctcbr.Weekly(time.Sunday, 2))
	fmt.Println(ctcbr.Monthly(31, 23))
	fmt.Println(ctcbr.Daily(24))
	// Output:
	// every hour
	// every day at 02:00 Beijing time
	// every Sunday at 02:00 Beijing time
	// on day 31 of every month that has one at 23:00 Beijing time
	// invalid schedule: hour must be 0 to 23, is 24
}

func ExampleSchedule_Next() {
	at := time.Date(2026, 6, 12, 20, 30, 0, 0, time.UTC) // half past four in Beijing, the next day
	fmt.Println(ctcbr.Daily(2).Next(at).Format(time.RFC1123Z))
	fmt.Println(ctcbr.Daily(2).Next(at).UTC().Format(time.RFC1123Z))
	// Output:
	// Sun, 14 Jun 2026 02:00:00 +0800
	// Sat, 13 Jun 2026 18:00:00 +0000
}

// A listed plan has its hour as text. It may be missing altogether.
func ExampleStoredSchedule() {
	var plan ctcbr.StoredPlan
	_ = json.Unmarshal([]byte(`{"periodInfo": {"rule": 1, "hour": "02:30"}}`), &plan)
	fmt.Println(plan.Schedule)
	fmt.Println(plan.Schedule.Schedule(), "in a request")
	fmt.Println(ctcbr.StoredPlan{}.Schedule)
	// Output:
	// every day at 02:30 Beijing time
	// every day at 02:00 Beijing time in a request
	// no schedule
}

func ExampleRetention() {
	fmt.Println(ctcbr.KeepDays(30))
	fmt.Println(ctcbr.KeepForever())
	// Output:
	// 30 days
	// for ever
}

func ExampleRetention_WithLadder() {
	fmt.Println(ctcbr.KeepDays(30).WithLadder(7, 4, 12, 3))
	// Output:
	// 30 days, and on top 7 daily, 4 weekly, 12 monthly and 3 yearly copies
}

func ExampleLimitUpload() {
	fmt.Println(ctcbr.LimitUpload(8, 18, 10).And(18, 24, 50))
	// Output:
	// 10 MB/s from 08:00 to 18:00 and 50 MB/s from 18:00 to 24:00 Beijing time
}

func ExampleSize() {
	for _, size := range []ctcbr.Size{"112 G", "1.65GB", "112.00", "unknown"} {
		fmt.Println(size, size.Bytes(), size.Valid())
	}
	// Output:
	// 112 G 120259084288 true
	// 1.65GB 1771674010 true
	// 112.00 120259084288 true
	// unknown 0 false
}

func ExampleRate() {
	for _, rate := range []ctcbr.Rate{"209.28 KB/s", "300 Kbps"} {
		fmt.Println(rate, rate.Bytes(), rate.Valid())
	}
	// Output:
	// 209.28 KB/s 214303 true
	// 300 Kbps 0 false
}

func ExampleTime() {
	created := ctcbr.Time("2026-06-13 01:02:03")
	fmt.Println(created)
	fmt.Println(created.Time().UTC())
	fmt.Println(ctcbr.NewTime(created.Time().Add(24 * time.Hour)))
	// Output:
	// 2026-06-13 01:02:03
	// 2026-06-12 17:02:03 +0000 UTC
	// 2026-06-14 01:02:03
}
