package report

import (
	"time"

	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/lang"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// The measures of a chart.
const (
	chartWidth = 320.0
	chartTop   = 14.0 // room for the label of the scale
	chartBase  = 74.0 // where bars stand
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

func (p *page) chart(h *Host) chart {
	var most int64
	copies := 0
	for _, d := range h.Days {
		most = max(most, d.Full+d.Incremental)
		copies += d.Copies
	}
	first, last := h.Days[0].Start, h.Days[len(h.Days)-1].Start
	scale := terminal.Bytes(most).String()
	c := chart{
		Label: p.lang.F("%s in %d days, %s at most on one day", p.lang.Count(copies, "copy"), len(h.Days), scale),
		Scale: scale, First: p.day(first), Last: p.day(last), Empty: copies == 0,
	}
	step := chartWidth / float64(len(h.Days))
	for i, d := range h.Days {
		x := float64(i) * step
		bar := column{X: x + step*0.15, Width: step * 0.7, Center: x + step/2, HitStart: x, HitWidth: step, Title: p.dayTitle(d)}
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

func (p *page) day(t time.Time) string {
	if p.lang == lang.Chinese {
		return t.Format("1月2日")
	}
	return t.Format("Jan 2")
}

func (p *page) dayTitle(d Day) string {
	text := d.Start.Format("2006-01-02: ")
	if d.Copies == 0 {
		return text + p.lang.T("no copy")
	}
	text += p.lang.Count(d.Copies, "copy")
	if d.Full > 0 {
		text += p.lang.F(", full %s", terminal.Bytes(d.Full))
	}
	if d.Incremental > 0 {
		text += p.lang.F(", incremental %s", terminal.Bytes(d.Incremental))
	}
	return text
}
