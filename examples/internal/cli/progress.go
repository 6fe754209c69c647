package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// Progress shows how far things have come. On a terminal it is one line that
// rewrites itself, elsewhere a line for every change of state and every quarter.
type Progress struct {
	out   io.Writer
	live  bool
	names map[string]string
	last  map[string]ctcbr.Progress
	lines map[string]int
	shown string
}

// NewProgress makes a Progress on the standard output.
func (e *Env) NewProgress() *Progress {
	return &Progress{
		out:   e.Stdout,
		live:  !e.Verbose && e.Getenv("TERM") != "dumb" && isTerminal(e.Stdout),
		names: make(map[string]string),
		last:  make(map[string]ctcbr.Progress),
		lines: make(map[string]int),
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Name says what a thing is called. Those that are named count as not begun until they are reported.
func (p *Progress) Name(id, name string) {
	p.names[id] = Clean(name)
	p.last[id] = ctcbr.Progress{ID: id}
}

// Report takes in how far a thing has come. It is for ctcbr.WaitProgress.
func (p *Progress) Report(now ctcbr.Progress) {
	before := p.last[now.ID]
	if now.State == "" {
		return // not listed at the moment: the wait decides what that means
	}
	p.last[now.ID] = now
	if p.live {
		p.rewrite(p.line(now))
		return
	}
	changed := now.State != before.State || int(now.Percent)/25 != int(before.Percent)/25
	const most = 20 // lines for one thing, should its state flap
	if changed && p.lines[now.ID] < most {
		p.lines[now.ID]++
		fmt.Fprintln(p.out, p.one(now))
	}
}

// line is what a terminal shows: one thing in detail, or the sum of many.
func (p *Progress) line(now ctcbr.Progress) string {
	if len(p.last) == 1 {
		return p.one(now)
	}
	count, percent := make(map[string]int), 0.0
	for _, each := range p.last {
		count[each.State]++
		percent += float64(each.Percent)
	}
	words := []string{fmt.Sprintf("%3.0f%%", percent/float64(len(p.last)))}
	for _, state := range slices.Sorted(maps.Keys(count)) {
		name := Clean(state)
		if name == "" {
			name = "waiting"
		}
		words = append(words, fmt.Sprintf("%s %d", name, count[state]))
	}
	return strings.Join(words, "  ")
}

func (p *Progress) one(now ctcbr.Progress) string {
	name := p.names[now.ID]
	if name == "" {
		name = now.ID
	}
	text := fmt.Sprintf("%s: %s %.0f%%", name, now.State, float64(now.Percent))
	if now.Rate.Bytes() > 0 {
		text += " " + now.Rate.String()
	}
	if now.Remaining >= time.Second {
		text += fmt.Sprintf(", about %s to go", now.Remaining.Round(time.Second))
	}
	return Clean(text)
}

// rewrite puts a line in the place of the one before. It must not be wider than the
// terminal, which is taken to have 80 columns.
func (p *Progress) rewrite(line string) {
	line = Short(line, 79)
	if line != p.shown {
		fmt.Fprint(p.out, "\r\x1b[K"+line)
		p.shown = line
	}
}

// Done removes the line from a terminal, so that what follows begins on its own.
func (p *Progress) Done() {
	if p.live && p.shown != "" {
		p.rewrite("")
	}
}
