package ctcbr

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/eop"
)

// beijing is the zone of every date of the service, in its texts as in its signatures.
var beijing = eop.Beijing

// Time is a point in time as the service wrote it, in Beijing time
// ("2026-06-13 01:02:03"). Text that it cannot read stays as it came: then IsZero
// is false, and Time returns the zero time.Time.
type Time string

// NewTime writes t as the service does, to the second. The zero time.Time is no time.
func NewTime(t time.Time) Time {
	if t.IsZero() {
		return ""
	}
	return Time(t.In(beijing).Format(time.DateTime))
}

// timeLayouts are the forms that a Time is read in. Fractions of a second are read
// by all that have seconds. What does not name its zone is Beijing time.
var timeLayouts = [...]string{
	time.DateTime,
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04",
	"2006/01/02 15:04:05",
	"2006/01/02 15:04",
	time.DateOnly,
	"20060102150405",
}

// Time returns the point in time, in Beijing time, or the zero time.Time where
// nothing was given or the text cannot be read. It reads date and time, RFC 3339,
// a date alone, and seconds or milliseconds since 1970.
func (t Time) Time() time.Time {
	text := strings.TrimSpace(string(t))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		// The number of digits tells which: either is from 2001 to 2286.
		switch {
		case n >= 1e9 && n < 1e10:
			return time.Unix(n, 0).In(beijing)
		case n >= 1e12 && n < 1e13:
			return time.UnixMilli(n).In(beijing)
		}
	}
	for _, layout := range timeLayouts {
		if at, err := time.ParseInLocation(layout, text, beijing); err == nil {
			return at.In(beijing)
		}
	}
	return time.Time{}
}

// IsZero reports whether no time was given.
func (t Time) IsZero() bool { return strings.TrimSpace(string(t)) == "" }

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

// Bytes returns the amount in bytes, rounded, where 1 KB is 2^10 and 1 GB is 2^30
// bytes, and an amount without a unit is in GB. It is 0 for text that cannot be
// read, negative amounts and those over 8 EB among it: see Valid.
func (s Size) Bytes() int64 {
	n, _ := s.bytes()
	return n
}

// GB returns the amount in GB of 2^30 bytes. It is 0 where Bytes is.
func (s Size) GB() float64 { return float64(s.Bytes()) / (1 << 30) }

// Text returns the number as it was written with its unit: "112 GB", "111.50 GB". Text that cannot
// be read stays as it came.
func (s Size) Text() string {
	found := match(sizeForm, string(s))
	switch {
	case found == nil:
		return string(s)
	case found[2] == "":
		return found[1] + " GB"
	}
	return found[1] + " " + strings.ToUpper(found[3]) + "B"
}

// Valid reports whether the text can be read as an amount.
func (s Size) Valid() bool {
	_, ok := s.bytes()
	return ok
}

func (s Size) bytes() (int64, bool) {
	found := match(sizeForm, string(s))
	switch {
	case found == nil:
		return 0, false
	case found[2] == "":
		return amount(found[1], "G")
	}
	return amount(found[1], found[3])
}

// String returns the text as it came.
func (s Size) String() string { return string(s) }

// UnmarshalJSON keeps whatever was written and never fails.
func (s *Size) UnmarshalJSON(data []byte) error {
	*s = Size(plainText(data))
	return nil
}

// Rate is a rate of transfer as the service wrote it: "209.28 KB/s". Text that it
// cannot read stays as it came.
type Rate string

// Bytes returns the rate in bytes a second, rounded, where 1 KB is 2^10 bytes. It
// is 0 for text that cannot be read: see Valid.
func (r Rate) Bytes() int64 {
	n, _ := r.bytes()
	return n
}

// Valid reports whether the text can be read as a rate. It has to say that it
// counts bytes and not bits, as "KB/s" and "KBps" do: "Kbps", "kb/s", "KBPS" and a
// number without a unit are not read, apart from "0".
func (r Rate) Valid() bool {
	_, ok := r.bytes()
	return ok
}

func (r Rate) bytes() (int64, bool) {
	found := match(rateForm, string(r))
	if found == nil {
		return 0, false
	}
	n, ok := amount(found[1], found[3])
	if !ok || found[2] == "" && n != 0 {
		return 0, false
	}
	return n, true
}

// String returns the text as it came.
func (r Rate) String() string { return string(r) }

// UnmarshalJSON keeps whatever was written and never fails.
func (r *Rate) UnmarshalJSON(data []byte) error {
	*r = Rate(plainText(data))
	return nil
}

// A number may have thousands set apart ("1,024") and an exponent. Then comes the
// unit with its prefix in it. An amount is never in bits, whatever the case of its
// letters; in a rate a small b is a bit.
const numberForm = `^((?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)`

var (
	sizeForm = regexp.MustCompile(numberForm + `[\s\p{Zs}]*((?i:([KMGTPE])I?B?|B|bytes?))?$`)
	rateForm = regexp.MustCompile(numberForm + `[\s\p{Zs}]*(([KMGTPEkmgtpe]?)[Ii]?(?:B|[Bb]ytes?) ?(?:ps|/ ?(?:[sS]|sec|秒)))?$`)
)

// match finds the parts of a text, unless it is too long for what anybody writes.
func match(form *regexp.Regexp, text string) []string {
	if len(text) > 100 {
		return nil
	}
	return form.FindStringSubmatch(strings.TrimSpace(text))
}

// amount multiplies a number by what its prefix stands for, in exact arithmetic.
func amount(number, prefix string) (int64, bool) {
	n, ok := new(big.Rat).SetString(strings.ReplaceAll(number, ",", ""))
	if !ok {
		return 0, false
	}
	if prefix != "" {
		power := 1 + strings.Index("KMGTPE", strings.ToUpper(prefix))
		n.Mul(n, new(big.Rat).SetInt64(1<<(10*power)))
	}
	n.Add(n, big.NewRat(1, 2))
	rounded := new(big.Int).Quo(n.Num(), n.Denom())
	if !rounded.IsInt64() {
		return 0, false
	}
	return rounded.Int64(), true
}

// Percent is progress, 0 to 100.
type Percent float64

// String writes the progress with its sign: "37.5%".
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// UnmarshalJSON reads a number, also one that is written as text ("37.5", "37.5%").
// What it cannot read is 0, and it never fails.
func (p *Percent) UnmarshalJSON(data []byte) error {
	*p = 0
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(plainText(data)), "%"))
	// Not a number and infinity cannot be written as JSON again: n-n is 0 for neither.
	if n, err := strconv.ParseFloat(number, 64); err == nil && n-n == 0 {
		*p = Percent(n)
	}
	return nil
}

// number takes a number that is required and for which zero is a value.
func (v *validation) number(field string, n *int, low, high int) {
	if n == nil {
		v.given(field, false)
		return
	}
	v.between(field, *n, low, high)
}

// words says what was found at fault, without what begins the name of every field.
func (v *validation) words(prefix string) string {
	var all []string
	for _, f := range v.faults {
		all = append(all, strings.TrimPrefix(f.Field, prefix)+" "+f.Problem)
	}
	return strings.Join(all, "; ")
}

// deref is what p points to, or zero.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// clone copies what p points to, so that a change of one copy does not show in the other.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return Ptr(*p)
}

// samePtr reports whether both point to the same value or neither to any.
func samePtr[T comparable](a, b *T) bool {
	return (a == nil) == (b == nil) && deref(a) == deref(b)
}
