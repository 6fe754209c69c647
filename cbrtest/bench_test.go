package cbrtest

import (
	"io"
	"net/http"
	"testing"
)

// BenchmarkLists reads whole lists of a large fleet over the loopback interface: 5,000 hosts, 10,000 plans, 400,000
// copies and 100,000 tasks.
func BenchmarkLists(b *testing.B) {
	srv := start(b)
	srv.AddFleet(Fleet{Hosts: 5000, Plans: 2, Snapshots: 40, Tasks: 10})
	for _, operation := range []string{ListSnapshots, ListTasks, ListPlans} {
		b.Run(operation, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.SetBytes(read(b, srv, operation, nil))
			}
		})
	}
	b.Run("pages of agents", func(b *testing.B) {
		for b.Loop() {
			for n := range 100 {
				read(b, srv, ListAgents, object{"pageNo": n + 1, "pageSize": 50, "notOnlyInstalled": true})
			}
		}
	})
	b.Run("tasks of a host", func(b *testing.B) {
		for b.Loop() {
			read(b, srv, ListTasks, object{"backupSrcInstanceID": srv.HostID})
		}
	})
}

// BenchmarkAddFleet fills a server with half a million things.
func BenchmarkAddFleet(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		start(b).AddFleet(Fleet{Hosts: 5000, Plans: 2, Snapshots: 40, Tasks: 10})
	}
}

// read reads an answer, and returns the number of its bytes.
func read(b *testing.B, srv *Server, operation string, params map[string]any) int64 {
	b.Helper()
	res, err := srv.HTTPClient().Do(prepare(srv, operation, params).request(b, srv))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatal(res.Status, err)
	}
	return n
}
