package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// fleet is how much a region holds: hosts, and what there is of each.
type fleet struct{ Hosts, Plans, Copies, Tasks int }

// fleets grow by hosts, and then by copies and tasks.
var fleets = []fleet{{500, 2, 10, 2}, {5000, 2, 10, 2}, {5000, 2, 40, 10}}

func (f fleet) String() string {
	plans := f.Hosts * f.Plans
	return fmt.Sprintf("%d/%d/%d/%d", f.Hosts, plans, plans*f.Copies, plans*f.Tasks)
}

// fleetUse is what looking after a fleet took, once.
type fleetUse struct {
	Requests int64
	Time     time.Duration
	Heap     uint64 // the most that the objects of the heap took
}

// fleetWork is what is measured of a fleet.
var fleetWork = []struct {
	name string
	do   func(client *ctcbr.Client, storageID string, hosts int)
}{
	{"Protection", func(client *ctcbr.Client, _ string, hosts int) {
		state, err := client.Protection(context.Background(), nil)
		check(err)
		if len(state.Hosts) < hosts {
			check(fmt.Errorf("%d hosts of %d", len(state.Hosts), hosts))
		}
	}},
	{"EnsureAll, unchanged", func(client *ctcbr.Client, storageID string, hosts int) {
		var all []ctcbr.Host
		for plan, err := range client.Plans.All(context.Background(), nil) {
			check(err)
			if plan.Name == "plan-1" {
				all = append(all, ctcbr.Host{ID: plan.HostID, Name: plan.HostName, SourceType: plan.SourceType})
			}
		}
		begun, before := time.Now(), fleetRequests.Load()
		changes, err := client.Plans.EnsureAll(context.Background(), all, &ctcbr.CreatePlanRequest{
			Name: "plan-1", StorageID: storageID, Files: ctcbr.BackUpAll(), Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30),
		})
		check(err)
		for _, change := range changes {
			if change.Changed() {
				check(fmt.Errorf("%s", change))
			}
		}
		if len(changes) != hosts {
			check(fmt.Errorf("%d plans of %d", len(changes), hosts))
		}
		ensured = fleetUse{Requests: fleetRequests.Load() - before, Time: time.Since(begun)}
	}},
}

// ensured is what EnsureAll took without the list of hosts that it was given.
var ensured fleetUse

var fleetRequests atomic.Int64

type counting struct{ http.RoundTripper }

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	fleetRequests.Add(1)
	return c.RoundTripper.RoundTrip(req)
}

// fleetServer serves a fleet until its input ends.
func fleetServer(text string) {
	var f fleet
	check(json.Unmarshal([]byte(text), &f))
	cloud := cbrtest.NewServer(cbrtest.Activated())
	defer cloud.Close()
	storage := cloud.AddStorage(cbrtest.Storage{Name: "vault", CapacityGB: 1_000_000})
	cloud.Remove(cloud.HostID)
	cloud.AddFleet(cbrtest.Fleet{Hosts: f.Hosts, Plans: f.Plans, Snapshots: f.Copies, Tasks: f.Tasks, StorageID: storage})
	fmt.Println(cloud.URL, cloud.RegionID, storage)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// fleetChild measures one kind of work in a process of its own, against a server in another.
func fleetChild(work int, text string) {
	var f fleet
	check(json.Unmarshal([]byte(text), &f))
	program, err := os.Executable()
	check(err)
	server := exec.Command(program, "-fleet-server", text)
	server.Stderr = os.Stderr
	input, err := server.StdinPipe()
	check(err)
	output, err := server.StdoutPipe()
	check(err)
	check(server.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	check(err)
	at := strings.Fields(line)
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(at[0]), ctcbr.WithRegion(at[1]), ctcbr.WithStaticCredentials("test-ak", "test-sk"),
		ctcbr.WithHTTPClient(&http.Client{Transport: counting{http.DefaultTransport}}))
	check(err)
	runtime.GC()
	use := fleetUse{}
	begun := time.Now()
	use.Heap = peakHeap(func() { fleetWork[work].do(client, at[2], f.Hosts) })
	use.Time, use.Requests = time.Since(begun), fleetRequests.Load()
	if ensured.Requests > 0 {
		use.Time, use.Requests = ensured.Time, ensured.Requests
	}
	check(input.Close())
	check(server.Wait())
	check(json.NewEncoder(os.Stdout).Encode(use))
}

// useOf measures a kind of work in a process of its own.
func useOf(work int, f fleet) (use fleetUse) {
	program, err := os.Executable()
	check(err)
	text, err := json.Marshal(f)
	check(err)
	command := exec.Command(program, "-fleet-child", fmt.Sprint(work), "-fleet", string(text))
	command.Stderr = os.Stderr
	output, err := command.Output()
	check(err)
	check(json.Unmarshal(output, &use))
	return use
}

// growFleets looks after fleets that grow by hosts, and then by copies and tasks.
func growFleets(count int) table {
	t := table{
		title:   "fleets: hosts/plans/copies/tasks, client and fake cloud each in a process of its own",
		columns: []string{"fleet", "work", "requests", "time", "heap at its peak"},
	}
	for _, f := range fleets {
		for work, w := range fleetWork {
			best := useOf(work, f)
			for range min(count, 3) - 1 {
				again := useOf(work, f)
				best.Time, best.Heap = min(best.Time, again.Time), max(best.Heap, again.Heap)
			}
			t.rows = append(t.rows, []string{f.String(), w.name, fmt.Sprint(best.Requests), best.Time.Round(10 * time.Millisecond).String(), fmt.Sprintf("%.1f MiB", mib(best.Heap))})
		}
	}
	return t
}
