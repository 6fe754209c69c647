// Command bench measures this SDK side by side with others, and prints the medians.
//
//	go run .                    the table
//	go run . -row call          the rows whose title holds the text
//	go test -bench .            the same as ordinary benchmarks
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
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

func main() {
	testing.Init()
	count := flag.Int("runs", 7, "how often each is measured; the table has the medians")
	spell := flag.Duration("time", 300*time.Millisecond, "how long each is measured")
	only := flag.String("row", "", "measure the rows whose title holds this text")
	child := flag.Int("list-child", -1, "read a list in this way and print what it took; for the program itself")
	n := flag.Int("items", items, "how many items the list has")
	work := flag.Int("fleet-child", -1, "look after a fleet in this way and print what it took; for the program itself")
	of := flag.String("fleet", "", "the fleet of -fleet-child; for the program itself")
	serve := flag.String("fleet-server", "", "serve a fleet; for the program itself")
	flag.Parse()
	switch {
	case *serve != "":
		fleetServer(*serve)
		return
	case *work >= 0:
		fleetChild(*work, *of)
		return
	}
	if *child >= 0 {
		listChild(*child, *n)
		return
	}
	check(flag.Set("test.benchtime", spell.String()))
	fmt.Printf("%s %s/%s, %d CPUs; median and best of %d runs of %s, and how far the middle half is apart\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *count, *spell)
	for _, r := range rows(*n) {
		if strings.Contains(r.title, *only) {
			r.print(r.measure(*count))
		}
	}
	if strings.Contains("list memory", *only) {
		printUsage(*n, *count)
	}
	if strings.Contains("fleets", *only) {
		printFleets(*count)
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

func (r row) print(results [][]testing.BenchmarkResult) {
	fmt.Printf("\n%s", r.title)
	if r.goal != "" {
		fmt.Printf(" (goal: %s)", r.goal)
	}
	fmt.Printf("\n  %-26s %10s %10s %7s %7s %7s\n", "", "median", "best", "spread", "allocs", "ratio")
	var own float64
	for i, c := range r.contestants {
		ns, spread := median(results[i], nanoseconds)
		best := nanoseconds(slices.MinFunc(results[i], func(a, b testing.BenchmarkResult) int { return cmp.Compare(nanoseconds(a), nanoseconds(b)) }))
		if i == 0 {
			own = ns
		}
		allocs, _ := median(results[i], func(b testing.BenchmarkResult) float64 { return float64(b.AllocsPerOp()) })
		fmt.Printf("  %-26s %10s %10s %6.0f%% %7.0f %7.2f", c.name, duration(ns), duration(best), 100*spread, allocs, ns/own)
		last := results[i][0]
		if last.Bytes > 0 {
			fmt.Printf("  %.0f MB/s", float64(last.Bytes)/ns*1e3)
		}
		for _, unit := range []string{"compressions/op", "new-connections/op", "requests/look"} {
			if _, ok := last.Extra[unit]; ok {
				value, _ := median(results[i], func(b testing.BenchmarkResult) float64 { return b.Extra[unit] })
				fmt.Printf("  %.3g %s", value, unit)
			}
		}
		fmt.Println()
	}
}

func printUsage(items, count int) {
	fmt.Printf("\nlist memory: most used while %d items are read, in a process of its own\n  %-26s %12s %12s\n", items, "", "heap", "resident")
	for way, l := range lists {
		var heap, resident []uint64
		for range min(count, 3) {
			u := usageOf(way, items)
			heap, resident = append(heap, u.Heap), append(resident, u.Resident)
		}
		slices.Sort(heap)
		slices.Sort(resident)
		fmt.Printf("  %-26s %8.1f MiB %8.1f MiB\n", l.name, mib(heap[len(heap)/2]), mib(resident[len(resident)/2]))
	}
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
