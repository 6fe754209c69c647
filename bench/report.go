package main

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"text/tabwriter"
)

// table is what was measured of one kind of work, with pictures of its columns.
type table struct {
	title, goal string
	columns     []string
	rows        [][]string
	pictures    []picture
}

// tables measures the tables whose title holds a text, one after the other.
func (s settings) tables(only string) iter.Seq[table] {
	return func(yield func(table) bool) {
		for _, r := range rows(s.items) {
			if strings.Contains(r.title, only) && !yield(r.table(s.runs)) {
				return
			}
		}
		for title, measure := range s.others() {
			if strings.Contains(title, only) && !yield(measure()) {
				return
			}
		}
	}
}

// others are the tables that are no rows, by the beginning of their title.
func (s settings) others() iter.Seq2[string, func() table] {
	return func(yield func(string, func() table) bool) {
		_ = yield("list memory", func() table { return listMemory(s.items, s.runs) }) &&
			yield("growth of calls", func() table { return growCalls(20 * s.spell) }) &&
			yield("growth of lists", func() table { return growLists(s.items) }) &&
			yield("growth of waits", func() table { return growWaits(s.items) }) &&
			yield("fleets", func() table { return growFleets(s.runs) })
	}
}

// machine says on what and how the tables are measured.
func (s settings) machine() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs; medians of %d runs of %s. Spread is how far the middle half is apart.", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.runs, s.spell)
}

func (t table) print() {
	fmt.Printf("\n%s\n", t.heading())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.columns}, t.rows...) {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	check(w.Flush())
}

func (t table) heading() string {
	if t.goal == "" {
		return t.title
	}
	return t.title + " (goal: " + t.goal + ")"
}

// markdown measures tables as Markdown, with their pictures in a directory.
func (s settings) markdown(only, dir string) string {
	var b strings.Builder
	for t := range s.tables(only) {
		heading := t.heading()
		fmt.Fprintf(&b, "**%s**\n\n| %s |\n|%s\n", strings.ToUpper(heading[:1])+heading[1:], strings.Join(t.columns, " | "), strings.Repeat(" --- |", len(t.columns)))
		for _, row := range t.rows {
			cells := append(row, make([]string, len(t.columns)-len(row))...)
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
		b.WriteByte('\n')
		for _, p := range t.pictures {
			p.draw(filepath.Join(dir, "performance", p.file))
			fmt.Fprintf(&b, "![%s](performance/%s)\n\n", p.title, p.file)
		}
	}
	return b.String()
}

// place is where a document has what is measured: the tables whose title holds a text, or the
// machine, or, with the word jsonv2, tables of a program that is built with that experiment.
var place = regexp.MustCompile("(?s)<!-- measured: ([\\w ,]+) -->\n.*?<!-- end -->")

// write measures what a document has places for, and writes it there.
func write(document string, s settings) {
	text, err := os.ReadFile(document)
	check(err)
	written := place.ReplaceAllStringFunc(string(text), func(found string) string {
		what := place.FindStringSubmatch(found)[1]
		var content string
		only, experiment := strings.CutPrefix(what, "jsonv2 ")
		switch {
		case what == "machine":
			content = s.machine() + "\n\n"
		case experiment:
			content = s.underExperiment(only)
		default:
			content = s.markdown(what, filepath.Dir(document))
		}
		return "<!-- measured: " + what + " -->\n\n" + content + "<!-- end -->"
	})
	check(os.WriteFile(document, []byte(written), 0o600))
}

// underExperiment measures tables with encoding/json as the experiment jsonv2 has it.
func (s settings) underExperiment(only string) string {
	command := exec.Command("go", "run", ".", "-markdown", "-row", only, "-runs", fmt.Sprint(s.runs), "-time", s.spell.String(), "-items", fmt.Sprint(s.items))
	command.Env = append(os.Environ(), "GOEXPERIMENT=jsonv2")
	command.Stderr = os.Stderr
	output, err := command.Output()
	check(err)
	return string(output)
}
