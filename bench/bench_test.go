package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the processes that usageOf and useOf start.
func TestMain(m *testing.M) {
	child := flag.Int("list-child", -1, "")
	n := flag.Int("items", 0, "")
	work := flag.Int("fleet-child", -1, "")
	of := flag.String("fleet", "", "")
	serve := flag.String("fleet-server", "", "")
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "-list-child":
			flag.Parse()
			listChild(*child, *n)
			return
		case "-fleet-child":
			flag.Parse()
			fleetChild(*work, *of)
			return
		case "-fleet-server":
			flag.Parse()
			fleetServer(*serve)
			return
		}
	}
	m.Run()
}

// TestEveryBenchmarkRuns runs each once, so that what no longer compiles or no longer
// works is found without measuring.
func TestEveryBenchmarkRuns(t *testing.T) {
	before := flag.Lookup("test.benchtime").Value.String()
	if err := flag.Set("test.benchtime", "1x"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = flag.Set("test.benchtime", before) }()
	for _, r := range rows(100) {
		for _, c := range r.contestants {
			t.Run(r.title+"/"+c.name, func(t *testing.T) {
				if result := testing.Benchmark(c.run); result.N != 1 {
					t.Errorf("ran %d times", result.N)
				}
			})
		}
	}
	for way := range lists {
		t.Run("memory/"+strconv.Itoa(way), func(t *testing.T) {
			if u := usageOf(way, 100); u.Heap == 0 {
				t.Error("no heap was used")
			}
		})
	}
}

// TestDocumentIsWritten measures what a document has places for, in no time.
func TestDocumentIsWritten(t *testing.T) {
	document := filepath.Join(t.TempDir(), "document.md")
	text := "before\n<!-- measured: machine -->\nold<!-- end -->\nwithin\n<!-- measured: growth of -->\nold<!-- end -->\nafter\n"
	if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what was written is a place again
		write(document, settings{runs: 1, spell: time.Millisecond, items: 100})
	}
	written, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	text = string(written)
	if !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "after\n") || strings.Contains(text, "old") || !strings.Contains(text, runtime.Version()) {
		t.Errorf("not in its place: %s", text)
	}
	if tables := strings.Count(text, " --- |\n"); tables != 3 {
		t.Errorf("%d tables", tables)
	}
	pictures := regexp.MustCompile(`\]\((performance/[a-z]+\.svg)\)`).FindAllStringSubmatch(text, -1)
	if len(pictures) != 4 {
		t.Errorf("%d pictures", len(pictures))
	}
	for _, picture := range pictures {
		drawn, err := os.ReadFile(filepath.Join(filepath.Dir(document), picture[1]))
		if err != nil || !strings.Contains(string(drawn), "</svg>") {
			t.Errorf("%s: %v", picture[1], err)
		}
	}
}

// A fleet costs as many requests as its hosts fill pages, whatever else there is of it.
func TestFleets(t *testing.T) {
	for work, want := range []int64{5 + 3*3 + 1, 1} { // pages of agents, three lists of each kind, and the vaults
		if use := useOf(work, fleet{120, 2, 3, 1}); use.Requests != want || use.Heap == 0 {
			t.Errorf("%s: %+v", fleetWork[work].name, use)
		}
	}
}

func TestOwnWaitAsksOnceAPoll(t *testing.T) {
	if got := waitOwn(1000); got != 1 {
		t.Errorf("%v requests a poll", got)
	}
}

func BenchmarkRows(b *testing.B) {
	for _, r := range rows(items) {
		b.Run(r.title, func(b *testing.B) {
			for _, c := range r.contestants {
				b.Run(c.name, func(b *testing.B) {
					b.ReportAllocs()
					c.run(b)
				})
			}
		})
	}
}
