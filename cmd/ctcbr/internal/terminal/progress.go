package terminal

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/ctyun-go/ctcbr"
)

// Progress shows the progress of jobs: on a terminal as bars, elsewhere as a line when a state changes,
// and otherwise at most one line a minute.
type Progress struct {
	door  *Door
	words func(string) string

	mu       sync.Mutex
	names    map[string]string
	states   map[string]string
	percents map[string]int64
	line     time.Time // of the last line

	bars     progress.Writer // nil if the stream is not a terminal
	trackers map[string]*progress.Tracker
	done     chan struct{}
}

// barWidth is the width of a bar without its text.
const barWidth = 25

// mostBars is how many bars are shown at once. More jobs than that share one bar.
const mostBars = 12

// NewProgress returns a Progress for jobs, whose names are given by ID. The name under "" is for a job
// whose ID is not known yet. A nil door shows nothing. The function translates states.
func NewProgress(d *Door, names map[string]string, words func(string) string) *Progress {
	p := &Progress{door: d, words: words, names: names, states: make(map[string]string), percents: make(map[string]int64), line: time.Now()}
	if d == nil || !d.IsTerminal() || len(names) == 0 {
		return p
	}
	p.trackers = make(map[string]*progress.Tracker)
	p.bars = d.newBars()
	if len(names) <= mostBars {
		for id, name := range names {
			p.trackers[id] = p.track(name, 100)
		}
	} else {
		p.trackers[""] = p.track(fmt.Sprintf(words("%d of %d done"), 0, len(names)), int64(len(names))*100)
	}
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		p.bars.Render()
	}()
	return p
}

func (d *Door) newBars() progress.Writer {
	bars := progress.NewWriter()
	bars.SetOutputWriter(d)
	bars.SetTerminalWidth(d.width)
	bars.SetMessageLength(max(10, d.width-barWidth))
	bars.SetTrackerLength(16)
	bars.SetUpdateFrequency(200 * time.Millisecond)
	style := progress.StyleDefault
	style.Options.PercentFormat = "%3.0f%%"
	style.Options.Separator = " "
	style.Options.DoneString, style.Options.ErrorString = "100%", ""
	style.Visibility = progress.StyleVisibility{Percentage: true, Tracker: true}
	bars.SetStyle(style)
	return bars
}

func (p *Progress) track(message string, total int64) *progress.Tracker {
	t := &progress.Tracker{Message: Printable(message), Total: total}
	p.bars.AppendTracker(t)
	return t
}

// Report shows the progress of a job. It is for ctcbr.WaitProgress.
func (p *Progress) Report(now ctcbr.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.door == nil:
	case now.State == "":
		p.unlisted(now)
	case p.bars != nil:
		p.draw(now)
	case p.states[now.ID] != now.State || time.Since(p.line) >= time.Minute:
		p.line = time.Now()
		p.door.Line("%s: %s", p.name(now.ID), p.describe(now))
	}
	if now.State != "" {
		p.states[now.ID] = now.State
	}
}

// unlisted prints once that a job is not listed.
func (p *Progress) unlisted(now ctcbr.Progress) {
	if _, seen := p.states[now.ID]; seen || p.bars != nil || now.Err != nil {
		return
	}
	p.states[now.ID] = ""
	p.door.Line("%s: %s", p.name(now.ID), p.words("not listed yet"))
}

func (p *Progress) name(id string) string {
	return cmp.Or(p.names[id], p.names[""], id)
}

// describe returns the progress of a job in words.
func (p *Progress) describe(now ctcbr.Progress) string {
	said := p.words(now.State)
	if now.Percent > 0 {
		said += " " + now.Percent.String()
	}
	return said + p.pace(now)
}

func (p *Progress) pace(now ctcbr.Progress) string {
	said := ""
	if now.Rate.Bytes() > 0 {
		said += ", " + Bytes(now.Rate.Bytes()).String() + "/s"
	}
	if now.Remaining > 0 {
		said += ", " + fmt.Sprintf(p.words("%s left"), now.Remaining.Round(time.Second))
	}
	return said
}

func (p *Progress) draw(now ctcbr.Progress) {
	percent := int64(min(100, max(0, now.Percent)))
	if bar := p.trackers[now.ID]; bar != nil {
		bar.UpdateMessage(p.fitted(Printable(p.name(now.ID)), Printable(p.words(now.State)+p.pace(now))))
		bar.SetValue(min(percent, 99))
		return
	}
	all := p.trackers[""]
	if all == nil {
		return
	}
	p.percents[now.ID] = percent
	sum, done := int64(0), 0
	for _, percent := range p.percents {
		sum += percent
		if percent == 100 {
			done++
		}
	}
	all.SetValue(min(sum, all.Total-1))
	all.UpdateMessage(p.fitted(Printable(p.name(now.ID)+" "+p.words(now.State)), fmt.Sprintf(p.words("%d of %d done"), done, len(p.names))))
}

// fitted shortens a name so that the rest of the line fits.
func (p *Progress) fitted(name, said string) string {
	room := max(10, p.door.width-barWidth)
	return text.Snip(text.Snip(name, max(8, room-text.StringWidth(said)-1), "…")+" "+said, room, "…")
}

// Done removes the bars. Printed lines stay.
func (p *Progress) Done() {
	if p.bars == nil {
		return
	}
	for _, t := range p.trackers {
		t.MarkAsDone()
	}
	p.bars.Stop()
	<-p.done
}
