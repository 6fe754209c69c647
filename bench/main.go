// Command bench measures this SDK side by side with others, and how its cost grows.
//
//	go run .                    the tables
//	go run . -row call          the rows whose title holds the text
//	go run . -write FILE        the tables of a document, and their pictures
//	go test -bench .            the rows as ordinary benchmarks
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

const (
	self  = "ctcbr"
	floor = "floor"
)

// row is one kind of work, done by several.
type row struct {
	title, goal string
	contestants []contestant
}

type contestant struct {
	name string
	run  func(*testing.B)
}

const items = 100_000

func rows(items int) []row {
	return []row{
		signRow("sign a GET with 4 parameters", "7 times faster than any peer", 0),
		{"sign a GET, the first of its second", "", []contestant{{self, func(b *testing.B) { signOwn(b, 0, time.Second) }}}},
		signRow("sign a POST of 300 B", "5 times faster than any peer", 300),
		signRow("sign a POST of 8 KiB", "", 8<<10),
		callRow(),
		wireRow(),
		parallelRow(),
		listRow(items),
		waitRow(1000),
	}
}

// settings say how things are measured.
type settings struct {
	runs  int
	spell time.Duration
	items int
}

func main() {
	testing.Init()
	var s settings
	flag.IntVar(&s.runs, "runs", 7, "how often each is measured; the tables have the medians")
	flag.DurationVar(&s.spell, "time", 300*time.Millisecond, "how long each is measured")
	flag.IntVar(&s.items, "items", items, "how many items the list has")
	only := flag.String("row", "", "measure the rows whose title holds this text")
	markdown := flag.Bool("markdown", false, "print the tables as Markdown")
	document := flag.String("write", "", "write the tables into this document, and their pictures beside it")
	child := flag.Int("list-child", -1, "read a list in this way and print what it took; for the program itself")
	work := flag.Int("fleet-child", -1, "look after a fleet in this way and print what it took; for the program itself")
	of := flag.String("fleet", "", "the fleet of -fleet-child; for the program itself")
	serve := flag.String("fleet-server", "", "serve a fleet; for the program itself")
	flag.Parse()
	check(flag.Set("test.benchtime", s.spell.String()))
	switch {
	case *serve != "":
		fleetServer(*serve)
	case *work >= 0:
		fleetChild(*work, *of)
	case *child >= 0:
		listChild(*child, s.items)
	case *document != "":
		write(*document, s)
	case *markdown:
		fmt.Printf("%s\n\n%s", s.machine(), s.markdown(*only, "."))
	default:
		fmt.Println(s.machine())
		for t := range s.tables(*only) {
			t.print()
		}
	}
}

// measure runs all contestants in turns, so that a change of the machine's speed
// meets them alike.
func (r row) measure(count int) [][]testing.BenchmarkResult {
	results := make([][]testing.BenchmarkResult, len(r.contestants))
	for range count {
		for i, c := range r.contestants {
			runtime.GC()
			results[i] = append(results[i], testing.Benchmark(func(b *testing.B) {
				b.ReportAllocs()
				c.run(b)
			}))
		}
	}
	return results
}

// table measures the row.
func (r row) table(count int) table {
	t := table{title: r.title, goal: r.goal, columns: []string{"", "median", "best", "spread", "allocations", "ratio"}}
	var own float64
	for i, results := range r.measure(count) {
		ns, spread := median(results, nanoseconds)
		best := nanoseconds(slices.MinFunc(results, func(a, b testing.BenchmarkResult) int { return cmp.Compare(nanoseconds(a), nanoseconds(b)) }))
		if i == 0 {
			own = ns
		}
		allocs, _ := median(results, func(b testing.BenchmarkResult) float64 { return float64(b.AllocsPerOp()) })
		cells := []string{r.contestants[i].name, duration(ns), duration(best), fmt.Sprintf("%.0f %%", 100*spread), fmt.Sprintf("%.0f", allocs), fmt.Sprintf("%.2f", ns/own)}
		last := results[0]
		if last.Bytes > 0 {
			cells = append(cells, fmt.Sprintf("%.0f MB/s", float64(last.Bytes)/ns*1e3))
		}
		for _, unit := range []string{"compressions/op", "new-connections/op", "requests/poll"} {
			if _, ok := last.Extra[unit]; ok {
				value, _ := median(results, func(b testing.BenchmarkResult) float64 { return b.Extra[unit] })
				cells = append(cells, fmt.Sprintf("%.3g %s", value, unit))
			}
		}
		for len(t.columns) < len(cells) {
			t.columns = append(t.columns, "")
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

// listMemory is the most that is used while a list is read, in a process of its own.
func listMemory(items, count int) table {
	values := valuesSize(items)
	t := table{
		title:   fmt.Sprintf("list memory: the most that is used; the values of the list have %.1f MiB", values/(1<<20)),
		goal:    "List 1.4 times its values, 1.6 where no length is told",
		columns: []string{"", "heap", "of the values", "resident"},
	}
	for way, l := range lists {
		var heap, resident []uint64
		for range min(count, 3) {
			u := usageOf(way, items)
			heap, resident = append(heap, u.Heap), append(resident, u.Resident)
		}
		slices.Sort(heap)
		slices.Sort(resident)
		most := heap[len(heap)/2]
		t.rows = append(t.rows, []string{l.name, fmt.Sprintf("%.1f MiB", mib(most)), fmt.Sprintf("%.2f", float64(most)/values), fmt.Sprintf("%.1f MiB", mib(resident[len(resident)/2]))})
	}
	return t
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

func nanoseconds(b testing.BenchmarkResult) float64 { return float64(b.T.Nanoseconds()) / float64(b.N) }

// median also returns how far the middle half of the values is apart, as a part of it.
func median(results []testing.BenchmarkResult, value func(testing.BenchmarkResult) float64) (middle, spread float64) {
	var values []float64
	for _, r := range results {
		values = append(values, value(r))
	}
	slices.SortFunc(values, cmp.Compare[float64])
	middle = values[len(values)/2]
	if middle > 0 {
		spread = (values[len(values)*3/4] - values[len(values)/4]) / middle
	}
	return middle, spread
}

// number is a size in words: "10k".
func number(n float64) string {
	if n >= 1000 {
		return fmt.Sprintf("%gk", n/1000)
	}
	return fmt.Sprint(n)
}

func duration(ns float64) string {
	switch {
	case ns < 1e3:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e6:
		return fmt.Sprintf("%.2f µs", ns/1e3)
	}
	return fmt.Sprintf("%.1f ms", ns/1e6)
}

// check ends the program at an error, which only a broken benchmark has.
func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		panic(err)
	}
}
