package ctcbr

import (
	"encoding/json"
	"fmt"
)

// Retention says how long copies are kept. Make one with KeepDays, KeepWeeks,
// KeepMonths, KeepYears or KeepForever.
type Retention struct {
	// Unit is what Value counts, or RetainForever.
	Unit RetentionUnit `json:"type"`
	// Value is the number of units, at least 1. KeepForever has none.
	Value *int `json:"value,omitempty"`
	// HasLadder turns the ladder on.
	HasLadder *bool `json:"hasConf,omitempty"`
	// Ladder keeps copies beyond Value, by their age. It needs HasLadder: WithLadder
	// sets both.
	Ladder *RetentionLadder `json:"conf,omitempty"`
}

// UnmarshalJSON reads a retention also where HasLadder is written as a number or as text.
func (r *Retention) UnmarshalJSON(data []byte) error {
	type plain Retention
	wire := struct {
		*plain
		HasLadder json.RawMessage `json:"hasConf"`
	}{plain: (*plain)(r)}
	err := decode(data, &wire)
	if len(wire.HasLadder) > 0 {
		r.HasLadder = readBool(plainText(wire.HasLadder))
	}
	return err
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

// RetentionLadder is how many daily, weekly, monthly and yearly copies are kept. A
// kind that is nil is not sent, and counts as 0.
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

// WithLadder returns the retention with so many daily, weekly, monthly and yearly
// copies kept on top, 0 for none of a kind, and leaves r as it is.
func (r Retention) WithLadder(days, weeks, months, years int) Retention {
	r.Value = clone(r.Value)
	r.HasLadder = Ptr(true)
	r.Ladder = &RetentionLadder{Days: &days, Weeks: &weeks, Months: &months, Years: &years}
	return r
}

// String says in words how long copies are kept: "30 days, and on top 7 daily and 4
// weekly copies". Of a retention that is not complete it says what is wrong.
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

// takesValue reports whether a unit is documented to need a value.
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

// undocumented says in words what no document explains, such as the type -4 that the service
// lists.
func (r Retention) undocumented() string {
	if r.Value == nil {
		return fmt.Sprintf("by type %d, which is not documented", int(r.Unit))
	}
	return fmt.Sprintf("%d of unit %d, which is not documented", *r.Value, int(r.Unit))
}

// String says in words what is kept: "7 daily, 4 weekly and 12 monthly copies".
func (l RetentionLadder) String() string {
	var kinds []string
	total := 0
	counts := l.counts()
	for i, kind := range []string{"daily", "weekly", "monthly", "yearly"} {
		if n := counts[i]; n != 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
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

// Equal reports whether both keep the same copies. A ladder that is not turned on is
// none, a kind of copies that it does not give is 0 of them, and what is kept for
// ever needs no value.
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
