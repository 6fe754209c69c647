package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// Bytes is an amount of data. Tables show it with a unit, JSON and CSV as a number.
type Bytes int64

// String writes the amount with a unit: "1.5 GB".
func (b Bytes) String() string {
	const unit = 1024
	n, prefix := float64(b), ""
	for _, next := range []string{"K", "M", "G", "T", "P", "E"} {
		if n < unit-0.05 {
			break
		}
		n, prefix = n/unit, next
	}
	if prefix == "" {
		return strconv.FormatInt(int64(b), 10) + " B"
	}
	return fmt.Sprintf("%.1f %sB", n, prefix)
}

// Moment is a point in time. If the service sends a time that cannot be read, tables show its text.
type Moment struct {
	At  time.Time
	Raw string
}

// At returns the moment of a time in a response.
func At(t ctcbr.Time) Moment { return Moment{At: t.Time(), Raw: string(t)} }

// Given returns the moment of a local time.
func Given(t time.Time) Moment { return Moment{At: t} }

// MarshalJSON writes RFC 3339 with the zone, or null if the time is unknown.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.At.IsZero() {
		return []byte("null"), nil
	}
	return []byte(strconv.Quote(m.machine())), nil
}

func (m Moment) machine() string {
	if m.At.IsZero() {
		return ""
	}
	return m.beijing().Format(time.RFC3339)
}

// String returns the time as tables show it, in Beijing time.
func (m Moment) String() string {
	if m.At.IsZero() {
		return strings.TrimSpace(m.Raw)
	}
	return m.beijing().Format("2006-01-02 15:04")
}

func (m Moment) beijing() time.Time { return ctcbr.NewTime(m.At).Time() }

// State is a state as the service writes it, and in the language of the run.
type State struct{ Raw, Words string }

// shown returns a cell of a table.
func shown(cell any) string {
	switch cell := cell.(type) {
	case nil:
		return ""
	case string:
		return Printable(cell)
	case State:
		return Printable(cell.Words)
	case []string:
		return Printable(strings.Join(cell, ", "))
	case fmt.Stringer:
		return Printable(cell.String())
	}
	return Printable(fmt.Sprint(cell))
}

// written returns a cell of a CSV file.
func written(cell any) string {
	switch cell := cell.(type) {
	case Moment:
		return cell.machine()
	case Bytes:
		return strconv.FormatInt(int64(cell), 10)
	case State:
		return harmless(cell.Raw)
	case ctcbr.Percent:
		return strconv.FormatFloat(float64(cell), 'f', -1, 64)
	case string:
		return harmless(cell)
	case []string:
		return harmless(strings.Join(cell, " "))
	case fmt.Stringer:
		return harmless(cell.String())
	}
	return shown(cell)
}

// harmless prevents a spreadsheet from reading text as a formula.
func harmless(text string) string {
	text = Printable(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}
