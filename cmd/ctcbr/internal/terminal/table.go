package terminal

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Format is how results are printed.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	CSV   Format = "csv"
)

// Column is a column of a table of V items.
type Column[V any] struct {
	// Key heads the column in CSV, Head in tables.
	Key, Head string
	Cell      func(V) any
	// Minor columns are omitted if the terminal is too narrow.
	Minor bool
}

// List prints items. In JSON they are an array.
func List[V any](d *Door, format Format, columns []Column[V], items []V) {
	switch format {
	case JSON:
		if items == nil {
			items = []V{}
		}
		d.JSON(items)
	case CSV:
		d.writeCSV(columnKeys(columns), cells(columns, items, written))
	default:
		if len(items) > 0 {
			d.writeTable(columnHeads(columns), cells(columns, items, shown))
		}
	}
}

// Item prints one item. As a table it has a line for each column.
func Item[V any](d *Door, format Format, columns []Column[V], item V) {
	switch format {
	case JSON:
		d.JSON(item)
	case CSV:
		d.writeCSV(columnKeys(columns), cells(columns, []V{item}, written))
	default:
		d.writeRecord(columnHeads(columns), cells(columns, []V{item}, shown)[0])
	}
}

type head struct {
	title string
	minor bool
}

func columnHeads[V any](columns []Column[V]) []head {
	heads := make([]head, len(columns))
	for i, c := range columns {
		heads[i] = head{c.Head, c.Minor}
	}
	return heads
}

func columnKeys[V any](columns []Column[V]) []string {
	keys := make([]string, len(columns))
	for i, c := range columns {
		keys[i] = c.Key
	}
	return keys
}

func cells[V any](columns []Column[V], items []V, write func(any) string) [][]string {
	rows := make([][]string, len(items))
	for i, item := range items {
		for _, c := range columns {
			rows[i] = append(rows[i], write(c.Cell(item)))
		}
	}
	return rows
}

// writeTable prints all columns if they fit, or else without the minor ones, or else a record for each
// row.
func (d *Door) writeTable(heads []head, rows [][]string) {
	rendered := render(heads, rows, true)
	if !d.fits(rendered) {
		rendered = render(heads, rows, false)
	}
	if d.fits(rendered) {
		d.write(rendered)
		return
	}
	for i, row := range rows {
		if i > 0 {
			d.write("\n")
		}
		d.writeRecord(heads, row)
	}
}

func (d *Door) fits(rendered string) bool {
	return d.width == 0 || text.LongestLineLen(rendered) <= d.width
}

func render(heads []head, rows [][]string, minor bool) string {
	t := newTable()
	var titles table.Row
	for _, h := range heads {
		if minor || !h.minor {
			titles = append(titles, h.title)
		}
	}
	t.AppendHeader(titles)
	for _, row := range rows {
		var values table.Row
		for i, cell := range row {
			if minor || !heads[i].minor {
				values = append(values, cell)
			}
		}
		t.AppendRow(values)
	}
	return tidy(t.Render())
}

// writeRecord prints a line for each cell that is not empty, and wraps long lines.
func (d *Door) writeRecord(heads []head, row []string) {
	t := newTable()
	longest := 0
	for i, cell := range row {
		if cell != "" {
			longest = max(longest, text.StringWidthWithoutEscSequences(heads[i].title))
			t.AppendRow(table.Row{heads[i].title, cell})
		}
	}
	if d.width > 0 {
		t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, WidthMax: max(8, d.width-longest-2), WidthMaxEnforcer: text.WrapSoft}})
	}
	d.write(tidy(t.Render()))
}

// newTable returns a table without borders, with two spaces between columns.
func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Options = table.OptionsNoBordersAndSeparators
	t.SetStyle(style)
	return t
}

// tidy removes trailing spaces from lines.
func tidy(rendered string) string {
	lines := strings.Split(rendered, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func (d *Door) writeCSV(keys []string, rows [][]string) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write(keys) // a buffer never fails
	_ = w.WriteAll(rows)
	d.write(out.String())
}

// JSON prints a value as indented JSON.
func (d *Door) JSON(value any) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.err == nil {
			d.err = err
		}
		return
	}
	d.write(EscapeJSON(out.String()))
}

// EscapeJSON escapes in JSON what a terminal would act on, with JSON's own escapes, so that it parses to
// the same value.
func EscapeJSON(encoded string) string {
	var out strings.Builder
	for _, r := range encoded {
		switch {
		case r == '\n' || !unprintable(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}
