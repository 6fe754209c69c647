package ctcbr

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

func TestScheduleInWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		schedule Schedule
		want     string
	}{
		"hourly":             {Hourly(), "every hour"},
		"hourly, hour given": {Schedule{Rule: Ptr(ScheduleHourly), Hour: Ptr(3)}, "every hour"},
		"daily":              {Daily(2), "every day at 02:00 Beijing time"},
		"daily at midnight":  {Daily(0), "every day at 00:00 Beijing time"},
		"weekly":             {Weekly(time.Sunday, 2), "every Sunday at 02:00 Beijing time"},
		"weekly late":        {Weekly(time.Saturday, 23), "every Saturday at 23:00 Beijing time"},
		"monthly":            {Monthly(1, 2), "on day 1 of every month at 02:00 Beijing time"},
		"monthly, not all":   {Monthly(31, 2), "on day 31 of every month that has one at 02:00 Beijing time"},
		"undocumented":       {Schedule{Rule: Ptr(ScheduleRule(7)), Hour: Ptr(2)}, "by rule 7, which is not documented, at 02:00 Beijing time"},
		"zero":               {Schedule{}, "no schedule"},
		"no rule":            {Schedule{Hour: Ptr(2)}, "invalid schedule: rule is required"},
		"no hour":            {Schedule{Rule: Ptr(ScheduleDaily)}, "invalid schedule: hour is required"},
		"nothing but rule":   {Schedule{Rule: Ptr(ScheduleWeekly)}, "invalid schedule: day is required; hour is required"},
		"hour too late":      {Daily(24), "invalid schedule: hour must be 0 to 23, is 24"},
		"hour too early":     {Daily(-1), "invalid schedule: hour must be 0 to 23, is -1"},
		"no such weekday":    {Weekly(7, 2), "invalid schedule: day must be 0 to 6, is 7"},
		"no such day":        {Monthly(0, 2), "invalid schedule: day must be 1 to 31, is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.schedule.String())
		})
	}
}

func TestScheduleNext(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return Time(text).Time()
	}
	for name, c := range map[string]struct {
		schedule    Schedule
		after, want string
	}{
		"hourly":                     {Hourly(), "2026-06-13 01:02:03", "2026-06-13 02:00:00"},
		"hourly on the hour":         {Hourly(), "2026-06-13 01:00:00", "2026-06-13 02:00:00"},
		"hourly before midnight":     {Hourly(), "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
		"daily, later today":         {Daily(2), "2026-06-13 01:59:59", "2026-06-13 02:00:00"},
		"daily, now":                 {Daily(2), "2026-06-13 02:00:00", "2026-06-14 02:00:00"},
		"daily, midnight":            {Daily(0), "2026-06-30 00:00:00", "2026-07-01 00:00:00"},
		"weekly, later today":        {Weekly(time.Saturday, 2), "2026-06-13 01:00:00", "2026-06-13 02:00:00"},
		"weekly, now":                {Weekly(time.Saturday, 2), "2026-06-13 02:00:00", "2026-06-20 02:00:00"},
		"weekly, tomorrow":           {Weekly(time.Sunday, 2), "2026-06-13 02:00:00", "2026-06-14 02:00:00"},
		"weekly, passed":             {Weekly(time.Friday, 2), "2026-06-13 02:00:00", "2026-06-19 02:00:00"},
		"monthly, passed":            {Monthly(1, 2), "2026-06-13 02:00:00", "2026-07-01 02:00:00"},
		"monthly, later":             {Monthly(14, 2), "2026-06-13 02:00:00", "2026-06-14 02:00:00"},
		"monthly, over the year":     {Monthly(1, 2), "2026-12-13 02:00:00", "2027-01-01 02:00:00"},
		"31st, skipping June":        {Monthly(31, 2), "2026-05-31 02:00:00", "2026-07-31 02:00:00"},
		"31st, twice in a row":       {Monthly(31, 2), "2026-07-31 02:00:00", "2026-08-31 02:00:00"},
		"30th, skipping February":    {Monthly(30, 2), "2026-01-30 02:00:00", "2026-03-30 02:00:00"},
		"29th, skipping February":    {Monthly(29, 2), "2026-01-29 02:00:00", "2026-03-29 02:00:00"},
		"29th, a leap year":          {Monthly(29, 2), "2028-01-29 02:00:00", "2028-02-29 02:00:00"},
		"29th, a century":            {Monthly(29, 2), "2100-01-29 02:00:00", "2100-03-29 02:00:00"},
		"29th, from within February": {Monthly(29, 2), "2026-02-28 23:00:00", "2026-03-29 02:00:00"},
		"zero":                       {Schedule{}, "2026-06-13 01:02:03", ""},
		"no hour":                    {Schedule{Rule: Ptr(ScheduleDaily)}, "2026-06-13 01:02:03", ""},
		"no day":                     {Schedule{Rule: Ptr(ScheduleMonthly), Hour: Ptr(2)}, "2026-06-13 01:02:03", ""},
		"no such hour":               {Daily(24), "2026-06-13 01:02:03", ""},
		"no such day":                {Monthly(32, 2), "2026-06-13 01:02:03", ""},
		"undocumented":               {Schedule{Rule: Ptr(ScheduleRule(7)), Hour: Ptr(2)}, "2026-06-13 01:02:03", ""},
		"negative rule":              {Schedule{Rule: Ptr(ScheduleRule(-1)), Hour: Ptr(2)}, "2026-06-13 01:02:03", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zones := []*time.Location{beijing, time.UTC, time.FixedZone("far west", -11*60*60), time.FixedZone("half", 9*60*60+30*60)}
			if berlin, err := time.LoadLocation("Europe/Berlin"); err == nil {
				zones = append(zones, berlin)
			}
			for _, zone := range zones {
				next := c.schedule.Next(at(c.after).In(zone))
				require.True(t, at(c.want).Equal(next), "%s from %s", next, zone)
				if c.want != "" {
					require.Equal(t, beijing, next.Location())
				}
			}
		})
	}
}

func TestScheduleNextAtTheEndsOfTime(t *testing.T) {
	t.Parallel()
	ends := []time.Time{{}, time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Unix(1<<62, 0), time.Unix(-1<<62, 0), time.Unix(math.MaxInt64-62135596801, 999999999)}
	for _, s := range []Schedule{Hourly(), Daily(23), Weekly(time.Saturday, 23), Monthly(31, 23), {}} {
		for _, after := range ends {
			if next := s.Next(after); !next.IsZero() {
				require.True(t, next.After(after), "%s after %s", s, after)
			}
		}
	}
}

// Every run is the first one that the rule allows, as found by trying every hour of
// two years with a leap day in them.
func TestScheduleNextIsTheFirstRun(t *testing.T) {
	t.Parallel()
	on := func(days ...int) func(at time.Time, day int) bool {
		return func(_ time.Time, day int) bool { return slices.Contains(days, day) }
	}
	for name, c := range map[string]struct {
		schedule Schedule
		hour     int // -1: any
		day      func(at time.Time, day int) bool
	}{
		"hourly":         {Hourly(), -1, nil},
		"daily":          {Daily(2), 2, nil},
		"daily midnight": {Daily(0), 0, nil},
		"daily late":     {Daily(23), 23, nil},
		"Sundays":        {Weekly(time.Sunday, 2), 2, func(at time.Time, _ int) bool { return at.Weekday() == time.Sunday }},
		"Saturdays":      {Weekly(time.Saturday, 23), 23, func(at time.Time, _ int) bool { return at.Weekday() == time.Saturday }},
		"first":          {Monthly(1, 0), 0, on(1)},
		"15th":           {Monthly(15, 7), 7, on(15)},
		"28th":           {Monthly(28, 23), 23, on(28)},
		"29th":           {Monthly(29, 2), 2, on(29)},
		"30th":           {Monthly(30, 2), 2, on(30)},
		"31st":           {Monthly(31, 23), 23, on(31)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2027, 6, 30, 16, 0, 0, 0, time.UTC) // midnight in Beijing
			var want time.Time
			check := func(after time.Time) {
				if got := c.schedule.Next(after); !got.Equal(want) {
					t.Fatalf("after %s: %s, want %s", after, got, want)
				}
			}
			for h := 2*366*24 + 70*24; h >= 0; h-- { // backwards, so that the next run is known
				at := start.Add(time.Duration(h) * time.Hour)
				if !want.IsZero() {
					check(at)
					check(at.Add(time.Hour - 1))
				}
				local := at.In(beijing)
				if (c.hour < 0 || local.Hour() == c.hour) && (c.day == nil || c.day(local, local.Day())) {
					want = at
					check(at.Add(-1))
				}
			}
		})
	}
}

func TestScheduleEqual(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b Schedule
		want bool
	}{
		"same hourly":           {Hourly(), Hourly(), true},
		"same weekly":           {Weekly(time.Sunday, 2), Weekly(time.Sunday, 2), true},
		"other rule":            {Daily(2), Hourly(), false},
		"other hour":            {Daily(2), Daily(3), false},
		"other weekday":         {Weekly(time.Sunday, 2), Weekly(time.Monday, 2), false},
		"other day":             {Monthly(1, 2), Monthly(2, 2), false},
		"weekly and monthly":    {Weekly(time.Monday, 2), Monthly(1, 2), false},
		"hour that is not used": {Hourly(), Schedule{Rule: Ptr(ScheduleHourly), Day: Ptr(0), Hour: Ptr(0)}, true},
		"day that is not used":  {Daily(2), Schedule{Rule: Ptr(ScheduleDaily), Day: Ptr(0), Hour: Ptr(2)}, true},
		"hour not given":        {Daily(0), Schedule{Rule: Ptr(ScheduleDaily)}, false},
		"day not given":         {Weekly(time.Sunday, 2), Schedule{Rule: Ptr(ScheduleWeekly), Hour: Ptr(2)}, false},
		"zero values":           {Schedule{}, Schedule{}, true},
		"zero and something":    {Schedule{}, Hourly(), false},
		"no rules, other hours": {Schedule{Hour: Ptr(1)}, Schedule{Hour: Ptr(2)}, false},
		"undocumented":          {Schedule{Rule: Ptr(ScheduleRule(7))}, Schedule{Rule: Ptr(ScheduleRule(7)), Day: Ptr(1)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.a.Equal(c.b))
			require.Equal(t, c.want, c.b.Equal(c.a))
		})
	}
}

func TestStoredSchedule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire string
		want Schedule
		text string
		next string // after 2026-06-13 01:02:03, a Saturday
	}{
		"daily":                {`{"rule":1,"day":null,"hour":"02:00"}`, Daily(2), "every day at 02:00 Beijing time", "2026-06-13 02:00:00"},
		"one digit":            {`{"rule":1,"hour":"2:00"}`, Daily(2), "every day at 02:00 Beijing time", "2026-06-13 02:00:00"},
		"with minutes":         {`{"rule":1,"hour":"02:30"}`, Daily(2), "every day at 02:30 Beijing time", "2026-06-13 02:30:00"},
		"minutes just passed":  {`{"rule":1,"hour":"01:02"}`, Daily(1), "every day at 01:02 Beijing time", "2026-06-14 01:02:00"},
		"with seconds":         {`{"rule":1,"hour":"02:00:00"}`, Daily(2), "every day at 02:00 Beijing time", "2026-06-13 02:00:00"},
		"number":               {`{"rule":1,"hour":2}`, Daily(2), "every day at 02:00 Beijing time", "2026-06-13 02:00:00"},
		"number as text":       {`{"rule":1,"hour":" 23 "}`, Daily(23), "every day at 23:00 Beijing time", "2026-06-13 23:00:00"},
		"midnight":             {`{"rule":1,"hour":0}`, Daily(0), "every day at 00:00 Beijing time", "2026-06-14 00:00:00"},
		"weekly":               {`{"rule":2,"day":0,"hour":"02:15"}`, Weekly(time.Sunday, 2), "every Sunday at 02:15 Beijing time", "2026-06-14 02:15:00"},
		"monthly":              {`{"rule":3,"day":31,"hour":"23:59"}`, Monthly(31, 23), "on day 31 of every month that has one at 23:59 Beijing time", "2026-07-31 23:59:00"},
		"hourly":               {`{"rule":0,"day":null,"hour":null}`, Hourly(), "every hour", "2026-06-13 02:00:00"},
		"hourly, empty hour":   {`{"rule":0,"hour":""}`, Hourly(), "every hour", "2026-06-13 02:00:00"},
		"hourly, at a minute":  {`{"rule":0,"hour":"00:15"}`, Schedule{Rule: Ptr(ScheduleHourly), Hour: Ptr(0)}, "every hour at minute 15", "2026-06-13 01:15:00"},
		"hourly, minute past":  {`{"rule":0,"hour":"09:02"}`, Schedule{Rule: Ptr(ScheduleHourly), Hour: Ptr(9)}, "every hour at minute 2", "2026-06-13 02:02:00"},
		"hour missing":         {`{"rule":1}`, Schedule{Rule: Ptr(ScheduleDaily)}, "invalid schedule: hour is required", ""},
		"hour as words":        {`{"rule":1,"hour":"noon"}`, Schedule{Rule: Ptr(ScheduleDaily)}, `invalid schedule: hour "noon" is not a time of day`, ""},
		"hour out of range":    {`{"rule":1,"hour":"24:00"}`, Schedule{Rule: Ptr(ScheduleDaily)}, `invalid schedule: hour "24:00" is not a time of day`, ""},
		"minute out of range":  {`{"rule":1,"hour":"02:60"}`, Schedule{Rule: Ptr(ScheduleDaily)}, `invalid schedule: hour "02:60" is not a time of day`, ""},
		"signed hour":          {`{"rule":1,"hour":-2}`, Schedule{Rule: Ptr(ScheduleDaily)}, `invalid schedule: hour "-2" is not a time of day`, ""},
		"hour as object":       {`{"rule":1,"hour":{}}`, Schedule{Rule: Ptr(ScheduleDaily)}, `invalid schedule: hour "{}" is not a time of day`, ""},
		"hourly, hour unknown": {`{"rule":0,"hour":"x"}`, Hourly(), `invalid schedule: hour "x" is not a time of day`, ""},
		"rule missing":         {`{"hour":"02:00"}`, Schedule{Hour: Ptr(2)}, "invalid schedule: rule is required", ""},
		"nothing":              {`{}`, Schedule{}, "no schedule", ""},
		"null":                 {`null`, Schedule{}, "no schedule", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stored *StoredSchedule
			require.NoError(t, json.Unmarshal([]byte(c.wire), &stored))
			require.Equal(t, c.want, stored.Schedule())
			require.Equal(t, c.text, stored.String())
			next := stored.Next(time.Date(2026, 6, 12, 17, 2, 3, 0, time.UTC))
			require.Equal(t, c.next, NewTime(next).String())
		})
	}
}

func TestStoredScheduleSharesNothing(t *testing.T) {
	t.Parallel()
	stored := &StoredSchedule{Rule: Ptr(ScheduleWeekly), Day: Ptr(1), Hour: "02:00"}
	schedule := stored.Schedule()
	*schedule.Rule, *schedule.Day = ScheduleMonthly, 31
	require.Equal(t, Weekly(time.Monday, 2), stored.Schedule())
}

func TestUploadLimitsInWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits *UploadLimits
		want   string
	}{
		"one window":     {LimitUpload(8, 18, 10), "10 MB/s from 08:00 to 18:00 Beijing time"},
		"two windows":    {LimitUpload(8, 18, 10).And(18, 24, 50), "10 MB/s from 08:00 to 18:00 and 50 MB/s from 18:00 to 24:00 Beijing time"},
		"three windows":  {LimitUpload(0, 1, 1).And(1, 2, 2).And(2, 3, 3), "1 MB/s from 00:00 to 01:00, 2 MB/s from 01:00 to 02:00 and 3 MB/s from 02:00 to 03:00 Beijing time"},
		"nil":            {nil, "no upload limits"},
		"zero":           {&UploadLimits{}, "no upload limits"},
		"on, no windows": {&UploadLimits{Enabled: Ptr(true)}, "no upload limits"},
		"off":            {&UploadLimits{Enabled: Ptr(false), Windows: LimitUpload(8, 18, 10).Windows}, "upload limits that are not turned on"},
		"not on":         {&UploadLimits{Windows: LimitUpload(8, 18, 10).Windows}, "upload limits that are not turned on"},
		"no start":       {&UploadLimits{Enabled: Ptr(true), Windows: []UploadWindow{{To: 3, MBps: 1}}}, "invalid upload limits: rateLimits[0].start is required"},
		"over midnight":  {LimitUpload(22, 6, 10), "invalid upload limits: rateLimits[0].stop must be after the start at 22:00, is 06:00: of limits over midnight make two windows"},
		"empty":          {LimitUpload(6, 6, 10), "invalid upload limits: rateLimits[0].stop must be after the start at 06:00, is 06:00: of limits over midnight make two windows"},
		"overlapping":    {LimitUpload(18, 24, 10).And(6, 12, 10).And(11, 19, 50), "invalid upload limits: rateLimits[2] overlaps the window from 18:00 to 24:00"},
		"all wrong":      {LimitUpload(1, 2, 3).And(24, 25, 0), "invalid upload limits: rateLimits[1].start must be 0 to 23, is 24; rateLimits[1].stop must be 1 to 24, is 25; rateLimits[1].uploadMb must be 1 to 9999, is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.limits.String())
		})
	}
}

func TestUploadLimitsEqual(t *testing.T) {
	t.Parallel()
	off := &UploadLimits{Enabled: Ptr(false), Windows: LimitUpload(8, 18, 10).Windows}
	for name, c := range map[string]struct {
		a, b *UploadLimits
		want bool
	}{
		"same":               {LimitUpload(8, 18, 10), LimitUpload(8, 18, 10), true},
		"other order":        {LimitUpload(8, 18, 10).And(18, 24, 50), LimitUpload(18, 24, 50).And(8, 18, 10), true},
		"other start":        {LimitUpload(8, 18, 10), LimitUpload(9, 18, 10), false},
		"other end":          {LimitUpload(8, 18, 10), LimitUpload(8, 19, 10), false},
		"other rate":         {LimitUpload(8, 18, 10), LimitUpload(8, 18, 11), false},
		"one more":           {LimitUpload(8, 18, 10), LimitUpload(8, 18, 10).And(18, 24, 50), false},
		"no start":           {LimitUpload(0, 18, 10), &UploadLimits{Enabled: Ptr(true), Windows: []UploadWindow{{To: 18, MBps: 10}}}, false},
		"nil and nil":        {nil, nil, true},
		"nil and zero":       {nil, &UploadLimits{}, true},
		"nil and off":        {nil, off, true},
		"nil and no windows": {nil, &UploadLimits{Enabled: Ptr(true)}, true},
		"nil and on":         {nil, LimitUpload(8, 18, 10), false},
		"off and on":         {off, LimitUpload(8, 18, 10), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, c.a.Equal(c.b))
			require.Equal(t, c.want, c.b.Equal(c.a))
		})
	}
}

func TestAndSharesNothing(t *testing.T) {
	t.Parallel()
	day := LimitUpload(8, 18, 10)
	night := day.And(18, 24, 50)
	other := day.And(20, 24, 60)
	*night.Enabled, *night.Windows[0].From, night.Windows[0].MBps = false, 0, 1
	require.Equal(t, LimitUpload(8, 18, 10), day)
	require.Equal(t, LimitUpload(8, 18, 10).And(20, 24, 60), other)

	off := &UploadLimits{Enabled: Ptr(false)}
	require.Equal(t, LimitUpload(1, 2, 3), off.And(1, 2, 3), "it is turned on")
	require.False(t, *off.Enabled)
}

func TestUploadLimitsAreRead(t *testing.T) {
	t.Parallel()
	windows := LimitUpload(0, 18, 10).Windows
	const wire = `"rateLimits":[{"start":0,"stop":18,"uploadMb":10}]`
	for name, c := range map[string]struct {
		wire string
		want UploadLimits
	}{
		"true":             {`{"isLimitQos":true,` + wire + `}`, UploadLimits{Ptr(true), windows}},
		"false":            {`{"isLimitQos":false,` + wire + `}`, UploadLimits{Ptr(false), windows}},
		"one":              {`{"isLimitQos":1,` + wire + `}`, UploadLimits{Ptr(true), windows}},
		"zero":             {`{"isLimitQos":0,` + wire + `}`, UploadLimits{Ptr(false), windows}},
		"number with zero": {`{"isLimitQos":1.0,` + wire + `}`, UploadLimits{Ptr(true), windows}},
		"text":             {`{"isLimitQos":"true",` + wire + `}`, UploadLimits{Ptr(true), windows}},
		"null":             {`{"isLimitQos":null,` + wire + `}`, UploadLimits{nil, windows}},
		"missing":          {`{` + wire + `}`, UploadLimits{nil, windows}},
		"unreadable":       {`{"isLimitQos":"perhaps",` + wire + `}`, UploadLimits{nil, windows}},
		"object":           {`{"isLimitQos":{},` + wire + `}`, UploadLimits{nil, windows}},
		"no windows":       {`{"isLimitQos":true,"rateLimits":null}`, UploadLimits{Ptr(true), nil}},
		"empty windows":    {`{"isLimitQos":true,"rateLimits":[]}`, UploadLimits{Ptr(true), []UploadWindow{}}},
		"null window":      {`{"isLimitQos":true,"rateLimits":[null]}`, UploadLimits{Ptr(true), []UploadWindow{{}}}},
		"windows as text":  {`{"isLimitQos":true,"rateLimits":"none"}`, UploadLimits{Ptr(true), nil}},
		"empty":            {`{}`, UploadLimits{}},
		"list":             {`[]`, UploadLimits{}},
		"text alone":       {`""`, UploadLimits{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got UploadLimits
			require.NoError(t, json.Unmarshal([]byte(c.wire), &got))
			require.Equal(t, c.want, got)
			require.NotEmpty(t, got.String())
			wire, err := json.Marshal(got)
			require.NoError(t, err)
			var again UploadLimits
			require.NoError(t, json.Unmarshal(wire, &again))
			require.Equal(t, c.want, again)
		})
	}
	again := UploadLimits{Enabled: Ptr(true)}
	require.NoError(t, json.Unmarshal([]byte(`{"isLimitQos":null}`), &again))
	require.Nil(t, again.Enabled)
}

// Any combination of what is given and what is not has words, a next run or none,
// and an equal: itself.
func TestNoValuePanics(t *testing.T) {
	t.Parallel()
	plain := func(number *int) int {
		if number == nil {
			return 0
		}
		return *number
	}
	numbers := []*int{nil, Ptr(math.MinInt), Ptr(-1), Ptr(0), Ptr(1), Ptr(31), Ptr(math.MaxInt)}
	rules := []*ScheduleRule{nil, Ptr(ScheduleRule(math.MinInt)), Ptr(ScheduleHourly), Ptr(ScheduleDaily), Ptr(ScheduleWeekly), Ptr(ScheduleMonthly), Ptr(ScheduleRule(math.MaxInt))}
	for _, rule := range rules {
		for _, day := range numbers {
			for _, hour := range numbers {
				s := Schedule{rule, day, hour}
				require.NotEmpty(t, s.String())
				never := rule == nil || *rule < 0 || *rule > 3 || strings.HasPrefix(s.String(), "invalid ")
				require.Equal(t, never, s.Next(time.Now()).IsZero())
				require.True(t, s.Equal(s))
				stored := &StoredSchedule{rule, day, ClockTime(fmt.Sprint(plain(hour)))}
				require.NotEmpty(t, stored.String())
				_ = stored.Next(time.Now())
				l := &UploadLimits{Enabled: Ptr(true), Windows: []UploadWindow{{day, plain(hour), plain(day)}}}
				require.NotEmpty(t, l.String())
				require.True(t, l.Equal(l))
				require.Len(t, l.And(plain(day), plain(hour), 0).Windows, 2)
				for _, unit := range []RetentionUnit{-2, -1, 0, 1, 4, 5} {
					r := Retention{unit, day, Ptr(true), &RetentionLadder{day, hour, nil, day}}
					require.NotEmpty(t, r.String())
					require.True(t, r.Equal(r))
					require.NotNil(t, r.WithLadder(plain(day), 0, 0, 0).Ladder)
				}
			}
		}
	}
}

func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomSchedule(r *rand.Rand) Schedule {
	hour := r.IntN(24)
	return []Schedule{Hourly(), Daily(hour), Weekly(time.Weekday(r.IntN(7)), hour), Monthly(1+r.IntN(31), hour)}[r.IntN(4)]
}

func randomLimits(r *rand.Rand) *UploadLimits {
	var l *UploadLimits
	for i := range r.IntN(4) {
		from := 6 * i
		l = l.And(from, from+1+r.IntN(6), 1+r.IntN(9999))
	}
	if l != nil && r.IntN(4) == 0 {
		l.Enabled = Ptr(false)
	}
	return l
}

// A plan comes back from the form in which the service stores it as it was sent.
func TestPlanSurvivesStoring(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 500 {
		sent := CreatePlanRequest{Schedule: randomSchedule(r), Retention: randomRetention(r), Limits: randomLimits(r)}
		wire, err := json.Marshal(sent)
		require.NoError(t, err)
		var request map[string]any
		require.NoError(t, json.Unmarshal(wire, &request))
		period := request["backupPeriodInfo"].(map[string]any)
		if hour, ok := period["hour"].(float64); ok {
			period["hour"] = fmt.Sprintf("%02d:00", int(hour))
		} else {
			period["hour"] = nil
		}
		limits, _ := request["backupLimitQosInfo"].(map[string]any)
		if on, ok := limits["isLimitQos"].(bool); ok && r.IntN(2) == 0 {
			limits["isLimitQos"] = map[bool]int{true: 1, false: 0}[on]
		}
		wire, err = json.Marshal(map[string]any{
			"periodInfo": period, "retentionInfo": request["backupRetentionInfo"],
			"limitQosInfo": request["backupLimitQosInfo"], "fileInfo": nil, "fullInfo": nil,
		})
		require.NoError(t, err)
		var stored StoredPlan
		require.NoError(t, json.Unmarshal(wire, &stored))
		requireStored(t, sent, &stored)
		require.Equal(t, sent.Schedule, stored.Schedule.Schedule())
		require.Equal(t, sent.Retention, *stored.Retention)
		require.Equal(t, sent.Limits, stored.Limits)
	}
}

func requireStored(t *testing.T, sent CreatePlanRequest, stored *StoredPlan) {
	t.Helper()
	require.True(t, sent.Schedule.Equal(stored.Schedule.Schedule()))
	require.Equal(t, sent.Schedule.String(), stored.Schedule.String())
	now := time.Now()
	require.Equal(t, sent.Schedule.Next(now), stored.Schedule.Next(now))
	require.True(t, sent.Retention.Equal(*stored.Retention), "%v, %v", sent.Retention, stored.Retention)
	require.True(t, sent.Limits.Equal(stored.Limits), "%v, %v", sent.Limits, stored.Limits)
}

// So it does from the fake service, through a create, a list, an update with what
// was listed, and a list again.
func TestPlanSurvivesTheFakeService(t *testing.T) {
	t.Parallel()
	srv := cbrtest.NewServer(cbrtest.Activated())
	defer srv.Close()
	srv.AddAgent("")
	storage := srv.AddStorage(cbrtest.Storage{})
	client, err := NewClient(WithEndpoint(srv.URL), WithStaticCredentials(srv.AccessKey, srv.SecretKey), WithRegion(srv.RegionID))
	require.NoError(t, err)
	defer client.Close()
	listed := func(name string) Plan {
		found, err := client.Plans.List(t.Context(), &ListPlansRequest{Name: name})
		require.NoError(t, err)
		require.Len(t, found.Plans, 1)
		return found.Plans[0]
	}
	r := random(t)
	for i := range 40 {
		sent := CreatePlanRequest{
			Name: fmt.Sprintf("plan-%03d", i), HostID: srv.HostID, StorageID: storage, DirectType: Ptr(DirectAll),
			Schedule: randomSchedule(r), Retention: randomRetention(r), Limits: randomLimits(r),
		}
		_, err := client.Plans.Create(t.Context(), &sent)
		require.NoError(t, err)
		plan := listed(sent.Name)
		requireStored(t, sent, plan.Raw)

		_, err = client.Plans.Update(t.Context(), &UpdatePlanRequest{
			ID: plan.ID, Name: plan.Name, DirectType: Ptr(DirectAll),
			Schedule: plan.Raw.Schedule.Schedule(), Retention: *plan.Raw.Retention, Limits: plan.Raw.Limits,
		})
		require.NoError(t, err)
		requireStored(t, sent, listed(sent.Name).Raw)
	}
}
