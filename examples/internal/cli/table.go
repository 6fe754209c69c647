package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Table writes rows with aligned columns; the first row is the heading.
func Table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(Clean(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = Clean(cell)
			line.WriteString(cell + strings.Repeat(" ", widths[i]-Width(cell)+2))
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// Clean makes text of others safe for a terminal: nothing in it moves the cursor or
// turns the direction of writing.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, text)
}

// Width is how many columns of a terminal a text takes. Chinese characters take two.
func Width(text string) (columns int) {
	for _, r := range text {
		columns += runeWidth(r)
	}
	return columns
}

func runeWidth(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// Short cuts a text to a number of columns.
func Short(text string, columns int) string {
	if Width(text) <= columns {
		return text
	}
	width := 0
	for i, r := range text {
		if width += runeWidth(r); width > columns-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// Bytes writes an amount of data as the service does: 1 KB is 2^10 bytes.
func Bytes(n int64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	amount, unit := float64(n)/(1<<10), 0
	for ; amount >= 1023.95 && unit < len(units)-1; unit++ {
		amount /= 1 << 10
	}
	return fmt.Sprintf("%.1f %cB", amount, units[unit])
}

// Age writes how long something is ago, in its largest unit.
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}
