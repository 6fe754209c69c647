package report

import (
	"cmp"
	_ "embed"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/lang"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

//go:embed page.html
var pageText string

// page is a report as it is read in a language.
type page struct {
	*Report
	lang lang.Lang
}

// WriteHTML writes the report as a page that loads nothing from elsewhere.
func (r *Report) WriteHTML(w io.Writer, l lang.Lang) error {
	p := &page{Report: r, lang: l}
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"t": l.T, "f": l.F, "bytes": func(n int64) string { return terminal.Bytes(n).String() }, "clean": terminal.Printable,
		"when": p.when, "chart": p.chart, "ended": func(t ctcbr.Task) time.Time { return Ended(&t) },
		"at": func(t ctcbr.Time) time.Time { return t.Time() },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return parsed.Execute(w, p)
}

// Language is the language of the page, as HTML names it.
func (p *page) Language() string {
	if p.lang == lang.Chinese {
		return "zh-CN"
	}
	return "en"
}

// Title says the most important thing.
func (p *page) Title() string {
	if n := p.Unprotected(); n > 0 {
		return p.lang.F("Backups: %s not fully protected", p.lang.Count(n, "host"))
	}
	if len(p.Gaps) > 0 || len(p.Hosts) == 0 {
		return p.lang.T("Backups: there are problems")
	}
	return p.lang.T("Backups: all protected")
}

// Date is when the page was made.
func (p *page) Date() string {
	if p.lang == lang.Chinese {
		return p.Now.Format("2006年1月2日 15:04")
	}
	return p.Now.Format("Monday, January 2 2006, 15:04")
}

// Limit is how old copies may be, in words.
func (p *page) Limit() string {
	switch {
	case p.MaxAge == 0:
		return p.lang.T("Copies are too old if the last run that was due has produced none.")
	case p.MaxAge%time.Hour == 0:
		return p.lang.F("Copies must not be older than %s.", p.lang.Count(int(p.MaxAge/time.Hour), "hour"))
	}
	return p.lang.F("Copies must not be older than %s.", p.MaxAge.String())
}

// Protected is the number of hosts without gaps.
func (p *page) Protected() int { return len(p.Hosts) - p.Unprotected() }

// when writes a time with its age.
func (p *page) when(t time.Time) string {
	if t.IsZero() {
		return p.lang.T("none")
	}
	return t.In(p.Now.Location()).Format("2006-01-02 15:04") + p.lang.F(" (%s)", Ago(p.lang, p.Now.Sub(t)))
}

// Ago says how long ago something was.
func Ago(l lang.Lang, d time.Duration) string {
	switch {
	case d < -time.Minute:
		return l.T("in the future")
	case d < time.Minute:
		return l.T("just now")
	case d < time.Hour:
		return l.F("%d min ago", int(d/time.Minute))
	case d < 48*time.Hour:
		return l.F("%d h ago", int(d/time.Hour))
	}
	return l.F("%d days ago", int(d/(24*time.Hour)))
}

// Room is how much of a vault is taken, in percent, for a bar.
func (p *page) Room(s ctcbr.Storage) int {
	whole, free := s.Capacity.Bytes(), s.Free.Bytes()
	if whole <= 0 {
		return 0
	}
	return int(min(100, max(0, 100*(whole-free)/whole)))
}

// Left says how long a vault lasts.
func (p *page) Left(s ctcbr.Storage) string {
	at := s.Expires.Time()
	if at.IsZero() {
		return s.Expires.String()
	}
	days := int(at.Sub(p.Now) / (24 * time.Hour))
	text := at.Format("2006-01-02")
	if at.Before(p.Now) {
		return text + p.lang.F(" (%s)", p.lang.T("expired"))
	}
	return text + p.lang.F(" (%s)", p.lang.F("in %s", p.lang.Count(days, "day")))
}

// GapLevel is the color of a gap.
func (p *page) GapLevel(g ctcbr.Gap) string {
	if g.Kind == ctcbr.GapStale || g.Kind == ctcbr.GapStorageExpiring || !g.Newest.IsZero() {
		return "warn"
	}
	return "bad"
}

// Thing is what a gap is about.
func (p *page) Thing(g ctcbr.Gap) string {
	return terminal.Printable(cmp.Or(g.HostName, g.HostID, g.StorageName, g.StorageID, p.lang.T("the region")))
}

// ThingID is the ID of what a gap is about.
func (p *page) ThingID(g ctcbr.Gap) string { return terminal.Printable(cmp.Or(g.HostID, g.StorageID)) }

// Kinds are the kinds of gaps of a host, each once.
func (h *Host) Kinds() (found []ctcbr.GapKind) {
	for _, gap := range h.Gaps {
		if !slices.Contains(found, gap.Kind) {
			found = append(found, gap.Kind)
		}
	}
	return found
}

// Level says how a host is, for its color.
func (h *Host) Level() string {
	switch {
	case len(h.Gaps) == 0:
		return "good"
	case h.Copies == 0:
		return "bad"
	}
	return "warn"
}

// Title is what a host is called.
func (h *Host) Title() string { return terminal.Printable(cmp.Or(h.Host.Name, h.Host.ID)) }
