package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"bytes": cli.Bytes,
	"clean": cli.Clean,
	"count": count,
	"ended": func(task ctcbr.Task) time.Time { return ended(&task) },
	"chart": newChart,
}).Parse(pageText))

func (r *report) writeHTML(w io.Writer) error { return page.Execute(w, r) }

// When writes a time with its age, for the page.
func (r *report) When(t time.Time) string { return r.when(t) }

// Protected is the number of hosts without gaps.
func (r *report) Protected() int { return len(r.Hosts) - r.Unprotected }

// Limit is how old copies may be, in words.
func (r *report) Limit() string {
	if r.MaxAge%time.Hour == 0 {
		return count(int(r.MaxAge/time.Hour), "hour")
	}
	return r.MaxAge.String()
}

// Kinds are the kinds of gaps of a host, each once.
func (h *host) Kinds() (kinds []ctcbr.GapKind) {
	for _, gap := range h.Gaps {
		if !slices.Contains(kinds, gap.Kind) {
			kinds = append(kinds, gap.Kind)
		}
	}
	return kinds
}

// Level says how a host is, for its color.
func (h *host) Level() string {
	switch {
	case len(h.Gaps) == 0:
		return "good"
	case h.Copies == 0:
		return "bad"
	}
	return "warn"
}

// Title is what a host is called.
func (h *host) Title() string { return cmp.Or(cli.Clean(h.Name), h.ID) }

// The measures of a chart.
const (
	chartWidth = 320.0
	chartTop   = 14.0 // room for the label of the scale
	chartBase  = 74.0 // where bars stand
	dotsAt     = 83.0 // the row that shows on which days there are copies
)

// chart is the drawing of a host's copies.
type chart struct {
	Label       string
	Scale       string
	First, Last string
	Empty       bool
	Columns     []column
}

// column is a day of a chart. Bars that hold something are never too low to be seen.
type column struct {
	X, Width, Center   float64
	FullY, FullHeight  float64
	IncrementalY       float64
	IncrementalHeight  float64
	Dot                float64 // radius; 0 is a day without a copy
	Title              string
	HitWidth, HitStart float64
}

func newChart(h *host) chart {
	var most int64
	copies := 0
	for _, d := range h.Days {
		most = max(most, d.Full+d.Incremental)
		copies += d.Copies
	}
	first, last := h.Days[0].Start, h.Days[len(h.Days)-1].Start
	c := chart{
		Label: fmt.Sprintf("%s in %d days, %s at most on one day", count(copies, "copy"), len(h.Days), cli.Bytes(most)),
		Scale: cli.Bytes(most), First: first.Format("Jan 2"), Last: last.Format("Jan 2"),
		Empty: copies == 0,
	}
	step := chartWidth / float64(len(h.Days))
	for i, d := range h.Days {
		x := float64(i) * step
		bar := column{X: x + step*0.15, Width: step * 0.7, Center: x + step/2, HitStart: x, HitWidth: step, Title: d.title()}
		bar.FullHeight = barHeight(d.Full, most)
		bar.FullY = chartBase - bar.FullHeight
		bar.IncrementalHeight = barHeight(d.Incremental, most)
		bar.IncrementalY = bar.FullY - bar.IncrementalHeight
		if d.Copies > 0 {
			bar.Dot = min(step*0.35, 3)
		}
		c.Columns = append(c.Columns, bar)
	}
	return c
}

func barHeight(bytes, most int64) float64 {
	const tallest, lowest = chartBase - chartTop - 4, 2.0
	if bytes == 0 {
		return 0
	}
	return max(lowest, tallest*float64(bytes)/float64(most))
}

func (d day) title() string {
	text := d.Start.Format("Mon, Jan 2 2006") + ": "
	if d.Copies == 0 {
		return text + "no copy"
	}
	text += count(d.Copies, "copy")
	if d.Full > 0 {
		text += ", full " + cli.Bytes(d.Full)
	}
	if d.Incremental > 0 {
		text += ", incremental " + cli.Bytes(d.Incremental)
	}
	return text
}
