package ctcbr

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Schedule is when a plan runs, in Beijing time. Use [Hourly], [Daily], [Weekly] or [Monthly] to
// make one.
type Schedule struct {
	// Rule is how often the plan runs. It is required.
	Rule *ScheduleRule `json:"rule"`
	// Day is the weekday, 0 (Sunday) to 6, of a weekly schedule, or the day, 1 to 31, of a monthly
	// one.
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

// Hourly runs every hour. At which minute is not documented: see [Schedule.Next].
func Hourly() Schedule { return Schedule{Rule: Ptr(ScheduleHourly)} }

// Daily runs every day at the given hour, 0 to 23, Beijing time.
func Daily(hour int) Schedule { return Schedule{Rule: Ptr(ScheduleDaily), Hour: &hour} }

// Weekly runs every week on the given day and hour, 0 to 23, Beijing time.
func Weekly(day time.Weekday, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleWeekly), Day: Ptr(int(day)), Hour: &hour}
}

// Monthly runs every month on the given day, 1 to 31, and hour, 0 to 23, Beijing time. What the
// service does in months without that day is not documented: see [Schedule.Next].
func Monthly(day, hour int) Schedule {
	return Schedule{Rule: Ptr(ScheduleMonthly), Day: &day, Hour: &hour}
}

// String describes the schedule in words: "every Sunday at 02:00 Beijing time". If the schedule is
// not valid, it says why.
func (s Schedule) String() string { return s.words(s.offset()) }

// Next returns the first run after the given time, in Beijing time. It returns the zero [time.Time]
// if the schedule is not valid or its rule is not documented.
//
// Two things are not documented, and Next follows cron in both: an hourly schedule runs on the
// hour, and a monthly one skips months without its day.
func (s Schedule) Next(after time.Time) time.Time { return s.next(after, s.offset()) }

// Equal reports whether both schedules run at the same times. It ignores a day or hour that the
// rule does not use.
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

// offset returns the time of day that the schedule runs at.
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
	const day = 24 * time.Hour // Beijing has no daylight saving time
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
		// At least one of two consecutive months has the day.
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
	if !run.After(after) { // the result overflowed
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

// StoredSchedule is a schedule as the service stores it, with the hour as text. Its methods treat
// nil, which a listed plan may have, as no schedule.
type StoredSchedule struct {
	Rule *ScheduleRule `json:"rule"`
	Day  *int          `json:"day"`
	Hour ClockTime     `json:"hour"` // "02:00"
}

// UnmarshalJSON accepts members of any JSON type. One that it cannot read becomes nil.
func (s *StoredSchedule) UnmarshalJSON(data []byte) error {
	var wire struct {
		Rule json.RawMessage `json:"rule"`
		Day  json.RawMessage `json:"day"`
		Hour ClockTime       `json:"hour"`
	}
	if err := wirejson.Unmarshal(data, &wire); err != nil {
		return err
	}
	*s = StoredSchedule{Rule: readInt[ScheduleRule](wire.Rule), Day: readInt[int](wire.Day), Hour: wire.Hour}
	return nil
}

// Schedule converts the stored schedule to the form of a request. That form has no minutes: a plan
// stored with "02:30" becomes hour 2. [StoredSchedule.String] and [StoredSchedule.Next] keep the
// minutes. An hour that cannot be read is left out, and a request without it is refused.
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

// String describes the schedule in words, to the minute. See [Schedule.String].
func (s *StoredSchedule) String() string {
	if s.unreadable() {
		return fmt.Sprintf("invalid schedule: hour %q is not a time of day", string(s.Hour))
	}
	return s.Schedule().words(s.offset())
}

// Next returns the first run after the given time, in Beijing time, to the minute. See
// [Schedule.Next].
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

// ClockTime is a time of day as the service writes it: "02:00". A number is an hour. Text that
// cannot be read is kept as it is.
type ClockTime string

// UnmarshalJSON keeps whatever text or number it is given, and never fails.
func (t *ClockTime) UnmarshalJSON(data []byte) error {
	*t = ClockTime(wirejson.Text(data))
	return nil
}

// offset returns the time since midnight, in whole minutes.
func (t ClockTime) offset() (time.Duration, bool) {
	for _, layout := range []string{"15:04", "15:04:05", "15"} {
		if at, err := time.Parse(layout, strings.TrimSpace(string(t))); err == nil {
			return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute, true
		}
	}
	return 0, false
}

// UploadLimits limit the upload rate of a plan by the hour of the day. Use [LimitUpload] to make
// them.
type UploadLimits struct {
	// Enabled reports whether the limits apply.
	Enabled *bool `json:"isLimitQos,omitempty" wire:"lenient"`
	// Windows are the hours with a limit.
	Windows []UploadWindow `json:"rateLimits,omitzero"`
}

// UploadWindow is an upload limit between two hours, Beijing time.
type UploadWindow struct {
	// From is the hour at which the limit begins, 0 to 23.
	From *int `json:"start"`
	// To is the hour at which the limit ends, 1 to 24.
	To int `json:"stop"`
	// MBps is the limit in megabytes per second, 1 to 9999.
	MBps int `json:"uploadMb"`
}

// LimitUpload limits uploads to mbps megabytes per second (1 to 9999), every day between the hours
// from (0 to 23) and to (1 to 24), Beijing time. [UploadLimits.And] adds more hours. A limit that
// spans midnight takes two windows.
func LimitUpload(from, to, mbps int) *UploadLimits {
	return (*UploadLimits)(nil).And(from, to, mbps)
}

// And returns the limits with one more window, turned on. It does not change l. Windows must not
// overlap.
func (l *UploadLimits) And(from, to, mbps int) *UploadLimits {
	more := &UploadLimits{Enabled: Ptr(true)}
	for _, w := range deref(l).Windows {
		w.From = clone(w.From)
		more.Windows = append(more.Windows, w)
	}
	more.Windows = append(more.Windows, UploadWindow{From: &from, To: to, MBps: mbps})
	return more
}

// String describes the limits in words: "10 MB/s from 08:00 to 18:00 Beijing time".
func (l *UploadLimits) String() string {
	switch {
	case l == nil || len(l.Windows) == 0:
		return "no upload limits"
	case !l.apply():
		return "upload limits that are not turned on"
	}
	var v validation
	var windows []string
	l.check(&v, "rateLimits")
	for _, w := range l.Windows {
		windows = append(windows, fmt.Sprintf("%d MB/s from %02d:00 to %02d:00", w.MBps, deref(w.From), w.To))
	}
	if fault := v.words(""); fault != "" {
		return "invalid upload limits: " + fault
	}
	return enumerate(windows) + " Beijing time"
}

// Equal reports whether both limits have the same effect. The order of the windows does not matter.
// Limits that are nil, have no windows or are not enabled are all equal.
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

// UnmarshalJSON also accepts Enabled as a number or as text.
func (l *UploadLimits) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, l) }

// check checks each window, and that no two of them overlap.
func (l *UploadLimits) check(v *validation, field string) {
	for i, w := range l.Windows {
		at := fmt.Sprintf("%s[%d]", field, i)
		w.check(v, at)
		for _, other := range l.Windows[:i] {
			if w.overlaps(other) {
				v.fault(at, "overlaps the window from %02d:00 to %02d:00", *other.From, other.To)
				break
			}
		}
	}
}

func (w UploadWindow) check(v *validation, field string) {
	v.number(field+".start", w.From, 0, 23)
	v.between(field+".stop", w.To, 1, 24)
	v.between(field+".uploadMb", w.MBps, 1, 9999)
	if w.From != nil && *w.From <= 23 && w.To >= 1 && *w.From >= w.To {
		v.fault(field+".stop", "must be after the start at %02d:00, is %02d:00: of limits over midnight make two windows", *w.From, w.To)
	}
}

// overlaps reports whether both windows hold some hour.
func (w UploadWindow) overlaps(other UploadWindow) bool {
	return w.From != nil && other.From != nil && max(*w.From, *other.From) < min(w.To, other.To)
}

// enumerate joins words as in a sentence: "a, b and c".
func enumerate(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
