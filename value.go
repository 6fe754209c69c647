package ctcbr

import (
	"strconv"
	"strings"
	"time"
)

// Time is a point in time as the service wrote it, in Beijing time
// ("2026-06-13 01:02:03"). Text that it cannot read stays as it came.
type Time string

// NewTime writes t as the service does.
func NewTime(t time.Time) Time { return Time(t.In(beijing).Format(time.DateTime)) }

// Time returns the point in time, in Beijing time, or the zero time.Time where
// nothing was given or the text cannot be read.
func (t Time) Time() time.Time {
	text := strings.TrimSpace(string(t))
	for _, layout := range []string{time.DateTime, time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006/01/02 15:04:05", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, beijing); err == nil {
			return at.In(beijing)
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 1e11 && n < 1e14 {
		return time.UnixMilli(n).In(beijing)
	}
	return time.Time{}
}

// IsZero reports whether no time was given.
func (t Time) IsZero() bool { return t == "" }

// String returns the text as it came.
func (t Time) String() string { return string(t) }

// UnmarshalJSON keeps whatever was written and never fails.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time(plainText(data))
	return nil
}

// Size is an amount of data as the service wrote it: "112 G", "1.65GB", "111.50".
// Text that it cannot read stays as it came.
type Size string

// Bytes returns the amount in bytes, where 1 GB is 2^30 bytes and an amount
// without a unit is in GB. It is 0 for text that cannot be read: see Valid.
func (s Size) Bytes() int64 {
	n, _ := parseSize(string(s), 1<<30)
	return n
}

// Valid reports whether the text can be read as an amount.
func (s Size) Valid() bool {
	_, ok := parseSize(string(s), 1<<30)
	return ok
}

// String returns the text as it came.
func (s Size) String() string { return string(s) }

// UnmarshalJSON keeps whatever was written and never fails.
func (s *Size) UnmarshalJSON(data []byte) error {
	*s = Size(plainText(data))
	return nil
}

// Rate is a rate of transfer as the service wrote it: "209.28 KB/s".
type Rate string

// Bytes returns the rate in bytes a second, where 1 KB is 2^10 bytes. It is 0 for
// text that cannot be read: see Valid.
func (r Rate) Bytes() int64 {
	n, _ := parseSize(r.amount(), 1)
	return n
}

// Valid reports whether the text can be read as a rate.
func (r Rate) Valid() bool {
	_, ok := parseSize(r.amount(), 1)
	return ok
}

func (r Rate) amount() string {
	text := strings.TrimSpace(string(r))
	if head, ok := strings.CutSuffix(strings.ToLower(text), "/s"); ok {
		return head
	}
	return strings.TrimSuffix(strings.ToLower(text), "ps")
}

// String returns the text as it came.
func (r Rate) String() string { return string(r) }

// UnmarshalJSON keeps whatever was written and never fails.
func (r *Rate) UnmarshalJSON(data []byte) error {
	*r = Rate(plainText(data))
	return nil
}

// parseSize reads a number and a unit; unit is what a number without one counts in.
func parseSize(text string, unit float64) (int64, bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	number := strings.TrimRight(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	switch strings.TrimSpace(text[len(number):]) {
	case "":
	case "B", "BYTE", "BYTES":
		unit = 1
	case "K", "KB", "KIB":
		unit = 1 << 10
	case "M", "MB", "MIB":
		unit = 1 << 20
	case "G", "GB", "GIB":
		unit = 1 << 30
	case "T", "TB", "TIB":
		unit = 1 << 40
	case "P", "PB", "PIB":
		unit = 1 << 50
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(number, ",", ""), 64)
	if err != nil || !(n >= 0 && n*unit < 1<<63) {
		return 0, false
	}
	return int64(n*unit + 0.5), true
}

// Schedule says when a plan runs, in Beijing time. Make one with Hourly, Daily,
// Weekly or Monthly.
type Schedule struct {
	Rule *ScheduleRule `json:"rule"`
	// Day is 0 (Sunday) to 6 for a weekly and 1 to 31 for a monthly schedule.
	Day *int `json:"day,omitempty"`
	// Hour is 0 to 23. An hourly schedule has none.
	Hour *int `json:"hour,omitempty"`
}

// ScheduleRule is how often a plan runs.
type ScheduleRule int

// The documented rules.
const (
	ScheduleHourly  ScheduleRule = 0
	ScheduleDaily   ScheduleRule = 1
	ScheduleWeekly  ScheduleRule = 2
	ScheduleMonthly ScheduleRule = 3
)

// Hourly runs every hour.
func Hourly() Schedule { return Schedule{Rule: Ptr(ScheduleHourly)} }

// Daily runs every day at an hour of 0 to 23, Beijing time.
func Daily(hour int) Schedule { return Schedule{Rule: Ptr(ScheduleDaily), Hour: &hour} }

// Weekly runs every week on a day at an hour of 0 to 23, Beijing time.
func Weekly(day time.Weekday, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleWeekly), Day: Ptr(int(day)), Hour: &hour}
}

// Monthly runs every month on a day of 1 to 31 at an hour of 0 to 23, Beijing time.
func Monthly(day, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleMonthly), Day: &day, Hour: &hour}
}

// StoredSchedule is a schedule as the service stores it, with its hour as text.
type StoredSchedule struct {
	Rule *ScheduleRule `json:"rule"`
	Day  *int          `json:"day"`
	Hour ClockTime     `json:"hour"` // "02:00"
}

// Schedule returns the schedule in the form that requests have.
func (s StoredSchedule) Schedule() Schedule {
	schedule := Schedule{Rule: s.Rule, Day: s.Day}
	head, _, _ := strings.Cut(string(s.Hour), ":")
	if hour, err := strconv.Atoi(strings.TrimSpace(head)); err == nil {
		schedule.Hour = &hour
	}
	return schedule
}

// ClockTime is a time of day as the service wrote it: "02:00".
type ClockTime string

// UnmarshalJSON keeps whatever was written and never fails.
func (t *ClockTime) UnmarshalJSON(data []byte) error {
	*t = ClockTime(plainText(data))
	return nil
}

func (c *checker) schedule(s Schedule) {
	const field = "backupPeriodInfo"
	if s == (Schedule{}) {
		c.given(field, false)
		return
	}
	if s.Rule == nil {
		c.given(field+".rule", false)
		return
	}
	switch *s.Rule {
	case ScheduleWeekly:
		c.number(field+".day", s.Day, 0, 6)
	case ScheduleMonthly:
		c.number(field+".day", s.Day, 1, 31)
	}
	if *s.Rule == ScheduleHourly && s.Hour == nil {
		return
	}
	c.number(field+".hour", s.Hour, 0, 23)
}

// number takes a number that is required and for which zero is a value.
func (c *checker) number(field string, n *int, low, high int) {
	if n == nil {
		c.given(field, false)
		return
	}
	c.between(field, *n, low, high)
}

// Retention says how long copies are kept. Make one with KeepDays, KeepWeeks,
// KeepMonths, KeepYears or KeepForever.
type Retention struct {
	Unit RetentionUnit `json:"type"`
	// Value is the number of units, at least 1. KeepForever has none.
	Value *int `json:"value,omitempty"`
	// HasLadder turns the ladder on.
	HasLadder *bool `json:"hasConf,omitempty"`
	// Ladder keeps copies beyond Value, by their age.
	Ladder *RetentionLadder `json:"conf,omitempty"`
}

// RetentionUnit is what Retention.Value counts.
type RetentionUnit int

// The documented units.
const (
	RetainForever RetentionUnit = -1
	RetainDays    RetentionUnit = 1
	RetainWeeks   RetentionUnit = 2
	RetainMonths  RetentionUnit = 3
	RetainYears   RetentionUnit = 4
)

// RetentionLadder is how many daily, weekly, monthly and yearly copies are kept.
type RetentionLadder struct {
	Days   *int `json:"day,omitempty"`
	Weeks  *int `json:"week,omitempty"`
	Months *int `json:"month,omitempty"`
	Years  *int `json:"year,omitempty"`
}

// KeepDays keeps copies for n days.
func KeepDays(n int) Retention { return Retention{Unit: RetainDays, Value: &n} }

// KeepWeeks keeps copies for n weeks.
func KeepWeeks(n int) Retention { return Retention{Unit: RetainWeeks, Value: &n} }

// KeepMonths keeps copies for n months.
func KeepMonths(n int) Retention { return Retention{Unit: RetainMonths, Value: &n} }

// KeepYears keeps copies for n years.
func KeepYears(n int) Retention { return Retention{Unit: RetainYears, Value: &n} }

// KeepForever keeps copies until they are deleted.
func KeepForever() Retention { return Retention{Unit: RetainForever} }

func (c *checker) retention(r Retention) {
	const field = "backupRetentionInfo"
	switch {
	case r == (Retention{}):
		c.given(field, false)
	case r.Unit == 0:
		c.given(field+".type", false)
	case r.Unit != RetainForever:
		c.number(field+".value", r.Value, 1, 1<<31-1)
	}
}

// UploadLimits bound the rate of a plan's uploads by the hour of the day.
type UploadLimits struct {
	// Enabled says whether the limits apply.
	Enabled *bool `json:"isLimitQos,omitempty"`
	// Windows are the hours and their limits.
	Windows []UploadWindow `json:"rateLimits,omitzero"`
}

// UnmarshalJSON reads limits also where Enabled is written as a number.
func (l *UploadLimits) UnmarshalJSON(data []byte) error {
	type plain UploadLimits
	wire := struct {
		*plain
		Enabled text `json:"isLimitQos"`
	}{plain: (*plain)(l)}
	err := decode(data, &wire)
	if on, bad := strconv.ParseBool(string(wire.Enabled)); bad == nil {
		l.Enabled = &on
	}
	return err
}

// UploadWindow limits the rate between two hours, Beijing time.
type UploadWindow struct {
	// From is the hour it begins, 0 to 23.
	From *int `json:"start"`
	// To is the hour it ends, 1 to 24.
	To int `json:"stop"`
	// MBps is the limit in MB a second, 1 to 9999.
	MBps int `json:"uploadMb"`
}

func (w UploadWindow) check(c *checker, field string) {
	c.number(field+".start", w.From, 0, 23)
	c.between(field+".stop", w.To, 1, 24)
	c.between(field+".uploadMb", w.MBps, 1, 9999)
}

// LimitUpload limits uploads to a rate in MB a second from one hour to another,
// Beijing time, every day.
func LimitUpload(from, to, mbps int) *UploadLimits {
	return &UploadLimits{Enabled: Ptr(true), Windows: []UploadWindow{{From: &from, To: to, MBps: mbps}}}
}
