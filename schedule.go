package ctcbr

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule says when a plan runs, in Beijing time. Make one with Hourly, Daily,
// Weekly or Monthly.
type Schedule struct {
	// Rule is how often the plan runs. It is required.
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

// Hourly runs every hour. At which minute is not documented: see Next.
func Hourly() Schedule { return Schedule{Rule: Ptr(ScheduleHourly)} }

// Daily runs every day at an hour of 0 to 23, Beijing time.
func Daily(hour int) Schedule { return Schedule{Rule: Ptr(ScheduleDaily), Hour: &hour} }

// Weekly runs every week on a day at an hour of 0 to 23, Beijing time.
func Weekly(day time.Weekday, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleWeekly), Day: Ptr(int(day)), Hour: &hour}
}

// Monthly runs every month on a day of 1 to 31 at an hour of 0 to 23, Beijing time.
// What the service does in months that lack the day is not documented: see Next.
func Monthly(day, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleMonthly), Day: &day, Hour: &hour}
}

// String says in words when the plan runs: "every Sunday at 02:00 Beijing time".
// Of a schedule that is not complete it says what is wrong.
func (s Schedule) String() string { return s.words(s.offset()) }

// Next returns the first run after a point in time, in Beijing time. It is the zero
// time.Time if the schedule is not complete or its rule not documented. The service
// does not document two things, in which Next follows cron: an hourly schedule runs
// on the hour, and a monthly one does not run in months that lack its day.
func (s Schedule) Next(after time.Time) time.Time { return s.next(after, s.offset()) }

// Equal reports whether both run at the same times. A day or an hour that the rule
// does not use makes no difference.
func (s Schedule) Equal(other Schedule) bool {
	if !samePtr(s.Rule, other.Rule) {
		return false
	}
	hour, day := true, true
	if s.Rule != nil {
		hour = *s.Rule != ScheduleHourly
		day = hour && *s.Rule != ScheduleDaily
	}
	return (!hour || samePtr(s.Hour, other.Hour)) && (!day || samePtr(s.Day, other.Day))
}

// offset is the time of day that the schedule runs at.
func (s Schedule) offset() time.Duration {
	if deref(s.Rule) == ScheduleHourly {
		return 0
	}
	return time.Duration(deref(s.Hour)) * time.Hour
}

func (s Schedule) fault() string {
	var v validation
	v.schedule(s)
	return v.words("backupPeriodInfo.")
}

func (s Schedule) words(offset time.Duration) string {
	if s == (Schedule{}) {
		return "no schedule"
	}
	if fault := s.fault(); fault != "" {
		return "invalid schedule: " + fault
	}
	minute := offset / time.Minute % 60
	at := fmt.Sprintf("at %02d:%02d Beijing time", offset/time.Hour, minute)
	switch *s.Rule {
	case ScheduleHourly:
		if minute == 0 {
			return "every hour"
		}
		return fmt.Sprintf("every hour at minute %d", minute)
	case ScheduleDaily:
		return "every day " + at
	case ScheduleWeekly:
		return "every " + time.Weekday(*s.Day).String() + " " + at
	case ScheduleMonthly:
		if *s.Day > 28 {
			return fmt.Sprintf("on day %d of every month that has one %s", *s.Day, at)
		}
		return fmt.Sprintf("on day %d of every month %s", *s.Day, at)
	}
	return fmt.Sprintf("by rule %d, which is not documented, %s", *s.Rule, at)
}

func (s Schedule) next(after time.Time, offset time.Duration) time.Time {
	if s.fault() != "" {
		return time.Time{}
	}
	const day = 24 * time.Hour // Beijing has no summer time
	now := after.In(beijing)
	year, month, date := now.Date()
	run := time.Date(year, month, date, 0, 0, 0, 0, beijing).Add(offset)
	switch *s.Rule {
	case ScheduleHourly:
		run = now.Truncate(time.Hour).Add(offset % time.Hour)
		if !run.After(after) {
			run = run.Add(time.Hour)
		}
	case ScheduleDaily:
		if !run.After(after) {
			run = run.Add(day)
		}
	case ScheduleWeekly:
		days := (*s.Day - int(now.Weekday()) + 7) % 7
		run = run.Add(time.Duration(days) * day)
		if !run.After(after) {
			run = run.Add(7 * day)
		}
	case ScheduleMonthly:
		// Of two months in a row, one at least has the day.
		for i := range 3 {
			run = time.Date(year, month+time.Month(i), *s.Day, 0, 0, 0, 0, beijing).Add(offset)
			if run.Day() == *s.Day && run.After(after) {
				return run
			}
		}
		return time.Time{}
	default:
		return time.Time{}
	}
	if !run.After(after) { // the end of time
		return time.Time{}
	}
	return run
}

func (v *validation) schedule(s Schedule) {
	const field = "backupPeriodInfo"
	if s == (Schedule{}) {
		v.given(field, false)
		return
	}
	if s.Rule == nil {
		v.given(field+".rule", false)
		return
	}
	switch *s.Rule {
	case ScheduleWeekly:
		v.number(field+".day", s.Day, 0, 6)
	case ScheduleMonthly:
		v.number(field+".day", s.Day, 1, 31)
	}
	if *s.Rule == ScheduleHourly && s.Hour == nil {
		return
	}
	v.number(field+".hour", s.Hour, 0, 23)
}

// StoredSchedule is a schedule as the service stores it, with its hour as text. Its
// methods take a nil one, which a listed plan may have, for no schedule.
type StoredSchedule struct {
	Rule *ScheduleRule `json:"rule"`
	Day  *int          `json:"day"`
	Hour ClockTime     `json:"hour"` // "02:00"
}

// Schedule returns the schedule in the form that requests have. That form has no
// minutes, so that a plan stored with "02:30" comes back with the hour 2; String and
// Next keep to what is stored. An hour that cannot be read is left out, which a
// request is refused for.
func (s *StoredSchedule) Schedule() Schedule {
	if s == nil {
		return Schedule{}
	}
	schedule := Schedule{Rule: clone(s.Rule), Day: clone(s.Day)}
	if offset, ok := s.Hour.offset(); ok {
		schedule.Hour = Ptr(int(offset / time.Hour))
	}
	return schedule
}

// String says in words when the plan runs, to the minute. See Schedule.String.
func (s *StoredSchedule) String() string {
	if s.unreadable() {
		return fmt.Sprintf("invalid schedule: hour %q is not a time of day", string(s.Hour))
	}
	return s.Schedule().words(s.offset())
}

// Next returns the first run after a point in time, in Beijing time, to the minute.
// See Schedule.Next.
func (s *StoredSchedule) Next(after time.Time) time.Time {
	if s.unreadable() {
		return time.Time{}
	}
	return s.Schedule().next(after, s.offset())
}

// last returns the last run before a point in time or at it; the zero time.Time where Next is.
func (s *StoredSchedule) last(before time.Time) time.Time {
	const longest = 63 * 24 * time.Hour // between two runs on a day that a month lacks
	var last time.Time
	back := longest
	if s != nil && s.Rule != nil && *s.Rule == ScheduleHourly {
		back = 2 * time.Hour
	}
	for run := s.Next(before.Add(-back)); !run.IsZero() && !run.After(before); run = s.Next(run) {
		last = run
	}
	return last
}

func (s *StoredSchedule) unreadable() bool {
	if s == nil || strings.TrimSpace(string(s.Hour)) == "" {
		return false
	}
	_, ok := s.Hour.offset()
	return !ok
}

func (s *StoredSchedule) offset() time.Duration {
	offset, _ := deref(s).Hour.offset()
	return offset
}

// ClockTime is a time of day as the service wrote it: "02:00". A number is an hour.
// Text that it cannot read stays as it came.
type ClockTime string

// UnmarshalJSON keeps whatever was written and never fails.
func (t *ClockTime) UnmarshalJSON(data []byte) error {
	*t = ClockTime(plainText(data))
	return nil
}

// offset is the time since midnight, in whole minutes.
func (t ClockTime) offset() (time.Duration, bool) {
	for _, layout := range []string{"15:04", "15:04:05", "15"} {
		if at, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, true
		}
	}
	return 0, false
}

// UploadLimits bound the rate of a plan's uploads by the hour of the day. Make them
// with LimitUpload.
type UploadLimits struct {
	// Enabled says whether the limits apply.
	Enabled *bool `json:"isLimitQos,omitempty"`
	// Windows are the hours and their limits.
	Windows []UploadWindow `json:"rateLimits,omitzero"`
}

// UploadWindow limits the rate between two hours, Beijing time.
type UploadWindow struct {
	// From is the hour it begins, 0 to 23.
	From *int `json:"start"`
	// To is the hour it ends, 1 to 24.
	To int `json:"stop"`
	// MBps is the limit in megabytes a second, 1 to 9999.
	MBps int `json:"uploadMb"`
}

// LimitUpload limits uploads to a rate of 1 to 9999 megabytes a second every day from one
// hour (0 to 23) to another (1 to 24), Beijing time. Add hours to it with And.
// Whether limits may reach over midnight is not documented: two windows do it.
func LimitUpload(from, to, mbps int) *UploadLimits {
	return (*UploadLimits)(nil).And(from, to, mbps)
}

// And returns the limits with one more window, turned on, and leaves l as it is.
// The windows should not overlap.
func (l *UploadLimits) And(from, to, mbps int) *UploadLimits {
	more := &UploadLimits{Enabled: Ptr(true)}
	for _, w := range deref(l).Windows {
		w.From = clone(w.From)
		more.Windows = append(more.Windows, w)
	}
	more.Windows = append(more.Windows, UploadWindow{From: &from, To: to, MBps: mbps})
	return more
}

// String says the limits in words: "10 MB/s from 08:00 to 18:00 Beijing time".
func (l *UploadLimits) String() string {
	switch {
	case l == nil || len(l.Windows) == 0:
		return "no upload limits"
	case !l.apply():
		return "upload limits that are not turned on"
	}
	var v validation
	var windows []string
	for i, w := range l.Windows {
		w.check(&v, "rateLimits["+strconv.Itoa(i)+"]")
		windows = append(windows, fmt.Sprintf("%d MB/s from %02d:00 to %02d:00", w.MBps, deref(w.From), w.To))
	}
	if fault := v.words(""); fault != "" {
		return "invalid upload limits: " + fault
	}
	return enumerate(windows) + " Beijing time"
}

// Equal reports whether both limit the same, in whatever order their windows are.
// Limits that are nil, have no windows or are not turned on are all the same.
func (l *UploadLimits) Equal(other *UploadLimits) bool {
	if !l.apply() || !other.apply() {
		return l.apply() == other.apply()
	}
	return slices.EqualFunc(l.sorted(), other.sorted(), func(a, b UploadWindow) bool { return a.compare(b) == 0 })
}

func (l *UploadLimits) apply() bool { return l != nil && deref(l.Enabled) && len(l.Windows) > 0 }

func (l *UploadLimits) sorted() []UploadWindow {
	return slices.SortedFunc(slices.Values(l.Windows), UploadWindow.compare)
}

func (w UploadWindow) compare(other UploadWindow) int {
	from := func(w UploadWindow) int {
		if w.From == nil {
			return -1
		}
		return *w.From
	}
	return cmp.Or(cmp.Compare(from(w), from(other)), cmp.Compare(w.To, other.To), cmp.Compare(w.MBps, other.MBps))
}

// UnmarshalJSON reads limits also where Enabled is written as a number or as text.
func (l *UploadLimits) UnmarshalJSON(data []byte) error {
	type plain UploadLimits
	wire := struct {
		*plain
		Enabled json.RawMessage `json:"isLimitQos"`
	}{plain: (*plain)(l)}
	err := decode(data, &wire)
	if len(wire.Enabled) > 0 {
		l.Enabled = readBool(plainText(wire.Enabled))
	}
	return err
}

// readBool reads true, false or a number, and returns nil for all else.
func readBool(text string) *bool {
	if on, err := strconv.ParseBool(text); err == nil {
		return &on
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n-n == 0 {
		return Ptr(n != 0)
	}
	return nil
}

func (w UploadWindow) check(c *validation, field string) {
	c.number(field+".start", w.From, 0, 23)
	c.between(field+".stop", w.To, 1, 24)
	c.between(field+".uploadMb", w.MBps, 1, 9999)
}

// enumerate joins words as a sentence does: "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
