package main

import (
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// picture is a diagram of what was measured at several sizes. Its sizes are on a logarithmic scale.
type picture struct {
	file, title, x, y string
	logarithmic       bool // the values, too
	lines             []line
}

type line struct {
	name   string
	points plotter.XYs
}

func (l *line) add(x, y float64) { l.points = append(l.points, plotter.XY{X: x, Y: y}) }

// draw writes the picture to a file.
func (p picture) draw(file string) {
	diagram := plot.New()
	diagram.Title.Text, diagram.X.Label.Text, diagram.Y.Label.Text = p.title, p.x, p.y
	diagram.X.Scale, diagram.X.Tick.Marker = plot.LogScale{}, sizesOf(p.lines)
	if p.logarithmic {
		diagram.Y.Scale, diagram.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		diagram.Y.Min = 0
	}
	diagram.Add(plotter.NewGrid())
	diagram.Legend.Top, diagram.Legend.Left = true, true
	for i, l := range p.lines {
		drawn, dots, err := plotter.NewLinePoints(l.points)
		check(err)
		drawn.Color, drawn.Width = plotutil.Color(i), vg.Points(1.5)
		dots.Color, dots.Shape = plotutil.Color(i), plotutil.Shape(i)
		diagram.Add(drawn, dots)
		diagram.Legend.Add(l.name, drawn, dots)
	}
	check(os.MkdirAll(filepath.Dir(file), 0o750))
	check(diagram.Save(16*vg.Centimeter, 9*vg.Centimeter, file))
}

// sizesOf marks the sizes that were measured.
func sizesOf(lines []line) plot.ConstantTicks {
	var ticks []plot.Tick
	for _, point := range lines[0].points {
		ticks = append(ticks, plot.Tick{Value: point.X, Label: number(point.X)})
	}
	return ticks
}
