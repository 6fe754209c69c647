package ctcbr

import (
	"fmt"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Retention is how long copies are kept. Use [KeepDays], [KeepWeeks], [KeepMonths], [KeepYears] or
// [KeepForever] to make one.
type Retention struct {
	// Unit is the unit of Value, or [RetainForever].
	Unit RetentionUnit `json:"type"`
	// Value is the number of units, at least 1. [KeepForever] leaves it out.
	Value *int `json:"value,omitempty"`
	// HasLadder turns the ladder on.
	HasLadder *bool `json:"hasConf,omitempty" wire:"lenient"`
	// Ladder keeps some older copies beyond Value. It needs HasLadder: [Retention.WithLadder] sets
	// both.
	Ladder *RetentionLadder `json:"conf,omitempty"`
}

// UnmarshalJSON also accepts HasLadder as a number or as text.
func (r *Retention) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, r) }

// RetentionUnit is the unit of Retention.Value.
type RetentionUnit int

// The documented units.
const (
	RetainForever RetentionUnit = -1
	RetainDays    RetentionUnit = 1
	RetainWeeks   RetentionUnit = 2
	RetainMonths  RetentionUnit = 3
	RetainYears   RetentionUnit = 4
)

// RetentionLadder is how many daily, weekly, monthly and yearly copies are kept. A nil number is
// not sent, and counts as 0.
type RetentionLadder struct {
	Days   *int `json:"day,omitempty"`
	Weeks  *int `json:"week,omitempty"`
	Months *int `json:"month,omitempty"`
	Years  *int `json:"year,omitempty"`
}

// KeepDays keeps copies for n days, at least 1.
func KeepDays(n int) Retention { return Retention{Unit: RetainDays, Value: &n} }

// KeepWeeks keeps copies for n weeks, at least 1.
func KeepWeeks(n int) Retention { return Retention{Unit: RetainWeeks, Value: &n} }

// KeepMonths keeps copies for n months, at least 1.
func KeepMonths(n int) Retention { return Retention{Unit: RetainMonths, Value: &n} }

// KeepYears keeps copies for n years, at least 1.
func KeepYears(n int) Retention { return Retention{Unit: RetainYears, Value: &n} }

// KeepForever keeps copies until they are deleted.
func KeepForever() Retention { return Retention{Unit: RetainForever} }

// WithLadder returns the retention with a ladder: so many daily, weekly, monthly and yearly copies
// are kept in addition, 0 for none of a kind. It does not change r.
func (r Retention) WithLadder(days, weeks, months, years int) Retention {
	r.Value = clone(r.Value)
	r.HasLadder = Ptr(true)
	r.Ladder = &RetentionLadder{Days: &days, Weeks: &weeks, Months: &months, Years: &years}
	return r
}

// String describes the retention in words: "30 days, and on top 7 daily and 4 weekly copies". If
// the retention is not valid, it says why.
func (r Retention) String() string {
	if r == (Retention{}) {
		return "no retention"
	}
	var v validation
	v.retention(r)
	if fault := v.words("backupRetentionInfo."); fault != "" {
		return "invalid retention: " + fault
	}
	kept := "for ever"
	switch {
	case r.Unit.takesValue():
		kept = r.Unit.count(*r.Value)
	case r.Unit != RetainForever:
		kept = r.undocumented()
	}
	if deref(r.HasLadder) {
		kept += ", and on top " + deref(r.Ladder).String()
	}
	return kept
}

// takesValue reports whether the unit is documented to need a value.
func (u RetentionUnit) takesValue() bool {
	switch u {
	case RetainDays, RetainWeeks, RetainMonths, RetainYears:
		return true
	default:
		return false
	}
}

func (u RetentionUnit) count(n int) string {
	unit := map[RetentionUnit]string{RetainDays: "day", RetainWeeks: "week", RetainMonths: "month", RetainYears: "year"}[u]
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// undocumented describes a unit that is not documented, such as the -4 that the service lists.
func (r Retention) undocumented() string {
	if r.Value == nil {
		return fmt.Sprintf("by type %d, which is not documented", int(r.Unit))
	}
	return fmt.Sprintf("%d of unit %d, which is not documented", *r.Value, int(r.Unit))
}

// String describes the ladder in words: "7 daily, 4 weekly and 12 monthly copies".
func (l RetentionLadder) String() string {
	var kinds []string
	total := 0
	counts := l.counts()
	for i, period := range []string{"daily", "weekly", "monthly", "yearly"} {
		if n := counts[i]; n != 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, period))
			total += n
		}
	}
	switch {
	case len(kinds) == 0:
		return "no copies"
	case len(kinds) == 1 && total == 1:
		return kinds[0] + " copy"
	}
	return enumerate(kinds) + " copies"
}

// Equal reports whether both keep the same copies. It ignores a ladder that is not turned on and
// the value of [RetainForever]. A nil number of a ladder counts as 0.
func (r Retention) Equal(other Retention) bool {
	return r.Unit == other.Unit &&
		(r.Unit == RetainForever || samePtr(r.Value, other.Value)) &&
		deref(r.HasLadder) == deref(other.HasLadder) &&
		(!deref(r.HasLadder) || deref(r.Ladder).counts() == deref(other.Ladder).counts())
}

func (l RetentionLadder) counts() [4]int {
	return [4]int{deref(l.Days), deref(l.Weeks), deref(l.Months), deref(l.Years)}
}

func (v *validation) retention(r Retention) {
	const field = "backupRetentionInfo"
	switch {
	case r == (Retention{}):
		v.given(field, false)
		return
	case r.Unit == 0:
		v.given(field+".type", false)
	case r.Unit.takesValue():
		v.number(field+".value", r.Value, 1, 1<<31-1)
	}
	if deref(r.HasLadder) {
		names := [...]string{"day", "week", "month", "year"}
		for i, n := range deref(r.Ladder).counts() {
			v.between(field+".conf."+names[i], n, 0, 1<<31-1)
		}
	}
}
