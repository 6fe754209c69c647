package ctcbr

import (
	"cmp"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/eop"
	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// beijing is the time zone of all dates of the service, in texts and in signatures.
var beijing = eop.Beijing

// Time is a point in time as the service writes it, in Beijing time ("2026-06-13 01:02:03"). Text
// that cannot be read is kept: [Time.IsZero] is then false, and [Time.Time] returns the zero
// [time.Time].
type Time string

// NewTime writes t as the service does, in Beijing time and to the second. The zero [time.Time]
// becomes the empty text.
func NewTime(t time.Time) Time {
	if t.IsZero() {
		return ""
	}
	return Time(t.In(beijing).Format(time.DateTime))
}

// timeLayouts are the forms in which a Time is read. Those with seconds also accept fractions. A
// form without a zone is Beijing time.
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

// Time returns the point in time, in Beijing time. It accepts date and time, RFC 3339, a date
// alone, and seconds or milliseconds since 1970. It returns the zero [time.Time] if the text is
// empty or cannot be read.
func (t Time) Time() time.Time {
	text := strings.TrimSpace(string(t))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		// The number of digits tells seconds from milliseconds, for the years 2001 to 2286.
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

// IsZero reports whether the text is empty.
func (t Time) IsZero() bool { return strings.TrimSpace(string(t)) == "" }

// String returns the text as the service wrote it.
func (t Time) String() string { return string(t) }

// UnmarshalJSON keeps whatever text or number it is given, and never fails.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time(wirejson.Text(data))
	return nil
}

// Size is an amount of data as the service writes it: "112 G", "1.65GB", "111.50". Text that cannot
// be read is kept.
type Size string

// Bytes returns the amount in bytes, rounded. 1 KB is 2^10 bytes, 1 GB is 2^30 bytes, and an amount
// without a unit is in GB. It returns 0 for text that cannot be read, for a negative amount and for
// one over 8 EB: see [Size.Valid].
func (s Size) Bytes() int64 {
	n, _ := s.bytes()
	return n
}

// GB returns the amount in GB of 2^30 bytes. It returns 0 if Bytes does.
func (s Size) GB() float64 { return float64(s.Bytes()) / (1 << 30) }

// Text returns the amount with its unit: "112 GB", "111.50 GB". Text that cannot be read is
// returned as it is.
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

// String returns the text as the service wrote it.
func (s Size) String() string { return string(s) }

// UnmarshalJSON keeps whatever text or number it is given, and never fails.
func (s *Size) UnmarshalJSON(data []byte) error {
	*s = Size(wirejson.Text(data))
	return nil
}

// Rate is a transfer rate as the service writes it: "209.28 KB/s". Text that cannot be read is
// kept.
type Rate string

// Bytes returns the rate in bytes per second, rounded. 1 KB is 2^10 bytes. It returns 0 for text
// that cannot be read: see [Rate.Valid].
func (r Rate) Bytes() int64 {
	n, _ := r.bytes()
	return n
}

// Valid reports whether the text can be read as a rate in bytes, such as "KB/s" or "KBps". It is
// false for a unit that may count bits ("Kbps", "kb/s", "KBPS") and for a number without a unit,
// except "0".
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

// String returns the text as the service wrote it.
func (r Rate) String() string { return string(r) }

// UnmarshalJSON keeps whatever text or number it is given, and never fails.
func (r *Rate) UnmarshalJSON(data []byte) error {
	*r = Rate(wirejson.Text(data))
	return nil
}

// A number may have thousands separators ("1,024") and an exponent. The unit with its prefix
// follows. An amount is always in bytes, whatever the case of its letters. In a rate, a lower-case
// b is a bit.
const numberForm = `^((?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)`

var (
	sizeForm = regexp.MustCompile(numberForm + `[\s\p{Zs}]*((?i:([KMGTPE])I?B?|B|bytes?))?$`)
	rateForm = regexp.MustCompile(numberForm + `[\s\p{Zs}]*(([KMGTPEkmgtpe]?)[Ii]?(?:B|[Bb]ytes?) ?(?:ps|/ ?(?:[sS]|sec|秒)))?$`)
)

// match returns the parts of a text. It does not match a text too long to be a number with a unit.
func match(pattern *regexp.Regexp, text string) []string {
	if len(text) > 100 {
		return nil
	}
	return pattern.FindStringSubmatch(strings.TrimSpace(text))
}

// amount multiplies a number by its prefix, in exact arithmetic.
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

// Percent is progress in percent, 0 to 100.
type Percent float64

// String formats the progress with its sign: "37.5%".
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// UnmarshalJSON accepts a number or text ("37.5", "37.5%"). It reads anything else as 0, and never
// fails.
func (p *Percent) UnmarshalJSON(data []byte) error {
	*p = 0
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(wirejson.Text(data)), "%"))
	// NaN and infinity cannot be marshaled to JSON again: n-n is 0 for neither.
	if n, err := strconv.ParseFloat(number, 64); err == nil && n-n == 0 {
		*p = Percent(n)
	}
	return nil
}

// number checks a required number for which zero is a valid value.
func (v *validation) number(field string, n *int, low, high int) {
	if n == nil {
		v.given(field, false)
		return
	}
	v.between(field, *n, low, high)
}

// words describes the faults. It strips prefix from the name of every field.
func (v *validation) words(prefix string) string {
	var all []string
	for _, f := range v.faults {
		all = append(all, strings.TrimPrefix(f.Field, prefix)+" "+f.Problem)
	}
	return strings.Join(all, "; ")
}

// readInt reads a whole number, also one that is written as text, and returns nil for all else: a
// pointer to zero would say more than the service did.
func readInt[T ~int](data []byte) *T {
	if len(data) == 0 || data[0] == '{' || data[0] == '[' {
		return nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(wirejson.Text(data)))
	if err != nil {
		return nil
	}
	return Ptr(T(n))
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

// deref returns the value that p points to, or the zero value.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// clone copies the value that p points to, so that the copies can be changed independently.
func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return Ptr(*p)
}

// samePtr reports whether both pointers are nil or point to equal values.
func samePtr[T comparable](a, b *T) bool {
	return (a == nil) == (b == nil) && deref(a) == deref(b)
}

// SourceType is the kind of a protected host.
type SourceType string

// The documented kinds.
const (
	SourceECS        SourceType = "CT-ECS" // elastic cloud host, the default
	SourceBareMetal  SourceType = "CT-DPS" // bare-metal host
	SourceOnPremises SourceType = "CT-LS"  // host outside the cloud
)

// kindOf is the kind of host that a request asks for.
func kindOf(given SourceType, isCloud *bool) SourceType {
	if given == "" && isCloud != nil && !*isCloud {
		return SourceOnPremises
	}
	return cmp.Or(given, SourceECS)
}
