package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"

	"github.com/ctyun-go/ctcbr"
)

// jobs is a service with n jobs that run for so many looks.
type jobs struct {
	n, looks int
	requests atomic.Int64
}

func (j *jobs) respond(req *http.Request, answer any) (*http.Response, error) {
	body, err := json.Marshal(answer)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body))),
	}, err
}

// ownJobs answers query-task-backup, which lists all tasks of the region.
type ownJobs struct{ jobs }

func (j *ownJobs) RoundTrip(req *http.Request) (*http.Response, error) {
	status := "Executing"
	if j.requests.Add(1) >= int64(j.looks) {
		status = "Completed"
	}
	tasks := make([]map[string]any, j.n)
	for i := range tasks {
		tasks[i] = map[string]any{"backupTaskID": fmt.Sprint("task-", i), "backupTaskStatusCode": status, "backupSrcInstanceID": "host"}
	}
	return j.respond(req, map[string]any{"statusCode": 800, "returnObj": map[string]any{"backupTaskList": tasks}})
}

// hcloudJobs answers the list of those actions that the query names.
type hcloudJobs struct {
	jobs
	asked map[string]int // looks at each action
}

func (j *hcloudJobs) RoundTrip(req *http.Request) (*http.Response, error) {
	j.requests.Add(1)
	var actions []map[string]any
	for _, id := range req.URL.Query()["id"] {
		j.asked[id]++
		status := "running"
		if j.asked[id] >= j.looks {
			status = "success"
		}
		actions = append(actions, map[string]any{"id": json.Number(id), "status": status, "command": "create_image", "started": "2026-06-13T01:02:03Z"})
	}
	return j.respond(req, map[string]any{"actions": actions})
}

const looks = 4

// waitOwn waits for n tasks and returns the requests that a look at all of them took.
func waitOwn(n int) float64 {
	service := &ownJobs{jobs{n: n, looks: looks}}
	client, err := ctcbr.NewClient(
		ctcbr.WithStaticCredentials(accessKey, secretKey), ctcbr.WithRegion("region"), ctcbr.WithEndpoint("https://127.0.0.1"),
		ctcbr.WithHTTPClient(&http.Client{Transport: service}))
	check(err)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint("task-", i)
	}
	_, err = client.Tasks.WaitAll(context.Background(), ids, ctcbr.WaitInterval(time.Microsecond, time.Microsecond))
	check(err)
	return float64(service.requests.Load()) / looks
}

func waitHcloud(n int) float64 {
	service := &hcloudJobs{jobs{n: n, looks: looks}, make(map[string]int)}
	client := hcloud.NewClient(hcloud.WithToken("t"), hcloud.WithEndpoint("https://127.0.0.1"), hcloud.WithHTTPClient(&http.Client{Transport: service}),
		hcloud.WithPollOpts(hcloud.PollOpts{BackoffFunc: hcloud.ConstantBackoff(time.Microsecond)}))
	actions := make([]*hcloud.Action, n)
	for i := range actions {
		actions[i] = &hcloud.Action{ID: int64(i + 1), Status: hcloud.ActionStatusRunning}
	}
	check(client.Action.WaitFor(context.Background(), actions...))
	return float64(service.requests.Load()) / looks
}

// waitRow waits for n jobs through looks at all of them.
func waitRow(n int) row {
	r := row{title: fmt.Sprintf("wait for %d jobs, per poll", n), goal: "1 request"}
	for _, way := range []struct {
		name string
		wait func(int) float64
	}{{self, waitOwn}, {"hcloud-go", waitHcloud}} {
		r.contestants = append(r.contestants, contestant{way.name, func(b *testing.B) {
			var requests float64
			for b.Loop() {
				requests = way.wait(n)
			}
			b.ReportMetric(requests, "requests/poll")
		}})
	}
	return r
}
