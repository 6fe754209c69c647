package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// growCalls makes calls by 1 to 64 goroutines over TLS, to a server in the same process.
func growCalls(spell time.Duration) table {
	g := table{
		title:   "growth of calls by goroutines",
		columns: []string{"goroutines", "HTTP/1.1: calls a second", "median", "99th percentile", "connections", "HTTP/2: calls a second", "median", "99th percentile", "connections"},
	}
	rate := picture{file: "calls.svg", title: "Calls a second", x: "goroutines", y: "calls a second"}
	latency := picture{file: "latency.svg", title: "Time of a call", x: "goroutines", y: "microseconds", logarithmic: true}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
		calls, medians, tails := line{name: protocol}, line{name: protocol + ", median"}, line{name: protocol + ", 99th percentile"}
		for i, goroutines := range []int{1, 2, 4, 8, 16, 32, 64} {
			l := load(goroutines, protocol == "HTTP/2", spell)
			x := float64(goroutines)
			calls.add(x, l.rate)
			medians.add(x, microseconds(l.median))
			tails.add(x, microseconds(l.tail))
			if len(g.rows) == i {
				g.rows = append(g.rows, []string{fmt.Sprint(goroutines)})
			}
			g.rows[i] = append(g.rows[i], fmt.Sprintf("%.0f", l.rate), duration(float64(l.median)), duration(float64(l.tail)), fmt.Sprint(l.connections))
		}
		rate.lines = append(rate.lines, calls)
		latency.lines = append(latency.lines, medians, tails)
	}
	g.pictures = []picture{rate, latency}
	return g
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// loaded is what calls of several goroutines took.
type loaded struct {
	rate         float64 // calls a second
	median, tail time.Duration
	connections  int64
}

// load makes calls for a while by so many goroutines.
func load(goroutines int, http2 bool, spell time.Duration) loaded {
	server := serveTLS(ownAnswer, http2)
	defer server.Close()
	call := callOwn(connection{endpoint: server.URL})
	together(goroutines, 8*goroutines, call) // opens connections
	took := make([][]time.Duration, goroutines)
	var done sync.WaitGroup
	began := time.Now()
	for i := range goroutines {
		done.Go(func() {
			for time.Since(began) < spell {
				at := time.Now()
				check(call())
				took[i] = append(took[i], time.Since(at))
			}
		})
	}
	done.Wait()
	elapsed := time.Since(began)
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return loaded{
		rate:   float64(len(all)) / elapsed.Seconds(),
		median: all[len(all)/2], tail: all[len(all)*99/100],
		connections: server.connections.Load(),
	}
}

// sizes are the powers of ten up to the smaller of two bounds.
func sizes(most, bound int) (all []int) {
	for n := 1; n <= min(most, bound); n *= 10 {
		all = append(all, n)
	}
	return all
}

// growLists reads lists of 1 to 100,000 items, or as many as the bound allows.
func growLists(bound int) table {
	g := table{title: "growth of lists by length", columns: []string{"items", "answer", "`All`", "its heap", "`List`", "its heap"}}
	heap := picture{file: "lists.svg", title: "Heap that a list takes at its most", x: "items", y: "MiB", logarithmic: true}
	all, list := line{name: "All"}, line{name: "List"}
	for _, n := range sizes(100_000, bound) {
		row := []string{fmt.Sprint(n), size(listSize(n))}
		for way, to := range []*line{&all, &list} {
			u := usageOf(way, n)
			to.add(float64(n), mib(u.Heap))
			row = append(row, duration(float64(fastest(9, func() { lists[way].read(n) }))), fmt.Sprintf("%.1f MiB", mib(u.Heap)))
		}
		g.rows = append(g.rows, row)
	}
	heap.lines = []line{all, list}
	g.pictures = []picture{heap}
	return g
}

func size(bytes int64) string {
	switch n := float64(bytes); {
	case n < 1e3:
		return fmt.Sprintf("%.0f B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f KB", n/1e3)
	default:
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
}

// fastest is how long something takes that is not disturbed.
func fastest(times int, do func()) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range times {
		began := time.Now()
		do()
		best = min(best, time.Since(began))
	}
	return best
}

// growWaits waits for 1 to 10,000 jobs, or as many as the bound allows.
func growWaits(bound int) table {
	g := table{title: "growth of waits by jobs", columns: []string{"tasks", "requests a poll", "time of a poll", "heap held"}}
	took := picture{file: "waits.svg", title: "Time of a poll", x: "tasks", y: "microseconds", logarithmic: true}
	polls := line{name: "Tasks.WaitAll"}
	for _, n := range sizes(10_000, bound) {
		requests := waitOwn(n)
		perPoll := timeOfPoll(n)
		polls.add(float64(n), microseconds(perPoll))
		g.rows = append(g.rows, []string{fmt.Sprint(n), fmt.Sprint(requests), duration(float64(perPoll)), fmt.Sprintf("%.2f MiB", mib(heldByWait(n)))})
	}
	took.lines = []line{polls}
	g.pictures = []picture{took}
	return g
}

// doneTasks is the answer to a poll in which n tasks have completed.
type doneTasks struct {
	n      int
	asked  atomic.Int64
	during func() // called in the first poll
}

func (d *doneTasks) RoundTrip(req *http.Request) (*http.Response, error) {
	if d.asked.Add(1) == 1 && d.during != nil {
		d.during()
	}
	body := d.body()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (d *doneTasks) body() string {
	var body strings.Builder
	body.WriteString(`{"statusCode":800,"returnObj":{"backupTaskList":[`)
	for i := range d.n {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"backupTaskID":"task-%d","backupTaskStatusCode":"Completed","backupSrcInstanceID":"host","backupTaskPercent":100}`, i)
	}
	body.WriteString(`]}}`)
	return body.String()
}

func waitDone(service *doneTasks) {
	client, err := ctcbr.NewClient(
		ctcbr.WithStaticCredentials(accessKey, secretKey), ctcbr.WithRegion("region"), ctcbr.WithEndpoint("https://127.0.0.1"),
		ctcbr.WithHTTPClient(&http.Client{Transport: service}))
	check(err)
	ids := make([]string, service.n)
	for i := range ids {
		ids[i] = fmt.Sprint("task-", i)
	}
	_, err = client.Tasks.WaitAll(context.Background(), ids)
	check(err)
}

// timeOfPoll is how long one poll for n tasks takes, without the making of its answer.
func timeOfPoll(n int) time.Duration {
	service := &doneTasks{n: n}
	answer := fastest(9, func() { _ = service.body() })
	return max(0, fastest(9, func() { waitDone(service) })-answer)
}

// heldByWait is what a wait for n tasks holds between two polls.
func heldByWait(n int) uint64 {
	before := heapNow()
	var held uint64
	waitDone(&doneTasks{n: n, during: func() { held = heapNow() }})
	return held - min(held, before)
}

// heapNow is what is in use, without what pools keep for a while.
func heapNow() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
