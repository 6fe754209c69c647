package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/ctyun-go/ctcbr"
)

const (
	listBeginning = `{"statusCode":800,"message":"SUCCESS","returnObj":{"backupSnapshotList":[`
	listEnd       = `]}}`
	listItem      = `{"backupPolicyID":"########-9d31-11f0-8a31-0242ac110002","backupSrcInstanceName":"web-########","backupPolicyName":"daily",` +
		`"backupSrcInstanceID":"########-9d31-11f0-8a31-0242ac110002","dirs":"/etc,/var/lib","createTimeDesc":"2026-06-13 01:02:03",` +
		`"finishTimeDesc":"2026-06-13 01:22:03","backupSnapID":"########-9d31-11f0-8a31-0242ac110002","snapName":"daily-20260613",` +
		`"statusCode":"Available","statusDesc":"可用","backupClientVersion":"5.1.0","backupSnapSize":"1.65GB","backupSnapIsNew":false,` +
		`"backupMode":0,"backupStorageName":"vault","backupSnapDataSize":"2.5GB","backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002"},`
)

// marks are where a listItem has a number that no other item has.
var marks = regexp.MustCompile("#{8}").FindAllStringIndex(listItem, -1)

// longList is an answer with so many items, made as it is read, so that it takes no memory.
type longList struct {
	left int // items
	item []byte
	rest []byte
}

func newLongList(n int) io.ReadCloser {
	return io.NopCloser(&longList{left: n, item: []byte(listItem), rest: []byte(listBeginning)})
}

func (l *longList) Read(p []byte) (int, error) {
	if len(l.rest) == 0 && !l.next() {
		return 0, io.EOF
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// next makes the next item, or the end of the list.
func (l *longList) next() bool {
	const digits = "0123456789abcdef"
	if l.left < 0 {
		return false
	}
	for _, mark := range marks {
		for i, n := mark[1]-1, l.left; i >= mark[0]; i, n = i-1, n>>4 {
			l.item[i] = digits[n&15]
		}
	}
	switch l.left--; l.left {
	case -1:
		l.rest = []byte(listEnd)
	case 0:
		l.rest = l.item[:len(l.item)-1] // no comma
	default:
		l.rest = l.item
	}
	return true
}

func listSize(n int) int64 {
	return int64(len(listBeginning) + n*len(listItem) - min(n, 1) + len(listEnd))
}

// listing is a transport that answers with a list, and may tell its length.
type listing struct {
	items int
	told  bool
}

func (l listing) RoundTrip(req *http.Request) (*http.Response, error) {
	length := int64(-1)
	if l.told {
		length = listSize(l.items)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, ContentLength: length, Body: newLongList(l.items)}, nil
}

// lists are the ways to read a list of n items; each returns how many there were.
var lists = []struct {
	name string
	read func(n int) int
}{
	{self + " All", func(n int) int {
		client := listClient(n, false)
		count := 0
		for _, err := range client.Snapshots.All(context.Background(), nil) {
			check(err)
			count++
		}
		return count
	}},
	{self + " List, length told", func(n int) int { return len(listOwn(n, true)) }},
	{self + " List, not told", func(n int) int { return len(listOwn(n, false)) }},
	{"read all, json.Unmarshal", func(n int) int {
		body, err := io.ReadAll(newLongList(n))
		check(err)
		var answer struct {
			ReturnObj struct {
				Snapshots []plainSnapshot `json:"backupSnapshotList"`
			}
		}
		check(json.Unmarshal(body, &answer))
		return len(answer.ReturnObj.Snapshots)
	}},
	{"read all, into maps", func(n int) int {
		body, err := io.ReadAll(newLongList(n))
		check(err)
		var answer struct {
			ReturnObj struct{ BackupSnapshotList []map[string]any }
		}
		check(json.Unmarshal(body, &answer))
		return len(answer.ReturnObj.BackupSnapshotList)
	}},
}

// plainSnapshot is a snapshot with text for all that the wire writes as text.
type plainSnapshot struct {
	PlanID      string `json:"backupPolicyID"`
	HostName    string `json:"backupSrcInstanceName"`
	PlanName    string `json:"backupPolicyName"`
	HostID      string `json:"backupSrcInstanceID"`
	Dirs        string `json:"dirs"`
	Created     string `json:"createTimeDesc"`
	Finished    string `json:"finishTimeDesc"`
	ID          string `json:"backupSnapID"`
	Name        string `json:"snapName"`
	Status      string `json:"statusCode"`
	StatusDesc  string `json:"statusDesc"`
	Version     string `json:"backupClientVersion"`
	Size        string `json:"backupSnapSize"`
	Newest      bool   `json:"backupSnapIsNew"`
	Mode        int    `json:"backupMode"`
	StorageName string `json:"backupStorageName"`
	DataSize    string `json:"backupSnapDataSize"`
	StorageID   string `json:"backupStorageID"`
}

func listOwn(n int, told bool) []ctcbr.Snapshot {
	answer, err := listClient(n, told).Snapshots.List(context.Background(), nil)
	check(err)
	return answer.Snapshots
}

// valuesSize is how many bytes the values of a list of n items have: its structs, and the texts in
// them, each counted by itself.
func valuesSize(n int) float64 {
	one := reflect.ValueOf(listOwn(1, true)[0])
	size := int(one.Type().Size())
	for i := range one.NumField() {
		if field := one.Field(i); field.Kind() == reflect.String {
			size += field.Len()
		}
	}
	return float64(n) * float64(size)
}

func listClient(n int, told bool) *ctcbr.Client {
	client, err := ctcbr.NewClient(
		ctcbr.WithStaticCredentials(accessKey, secretKey), ctcbr.WithRegion("region"), ctcbr.WithEndpoint("https://127.0.0.1"),
		ctcbr.WithHTTPClient(&http.Client{Transport: listing{n, told}}), ctcbr.WithMaxAnswer(1<<30))
	check(err)
	return client
}

// listRow reads a list of n items.
func listRow(n int) row {
	r := row{title: fmt.Sprintf("list of %d items, %.0f MB", n, float64(listSize(n))/1e6), goal: "All: 450 MB/s, 4.5 times json.Unmarshal into plain structs, 5 MiB of heap; List: twice as fast"}
	for _, way := range lists {
		r.contestants = append(r.contestants, contestant{way.name, func(b *testing.B) {
			b.SetBytes(listSize(n))
			for b.Loop() {
				if got := way.read(n); got != n {
					b.Fatalf("%d items of %d", got, n)
				}
			}
		}})
	}
	return r
}

// usage is what reading a list once took in a process of its own.
type usage struct {
	Heap     uint64 // the most that the objects of the heap took, those included that were to be collected
	Resident uint64 // the most that was resident, zero where the system does not tell
}

// listChild is what a process of its own does for usageOf.
func listChild(way int, n int) {
	heap := peakHeap(func() {
		if got := lists[way].read(n); got != n {
			check(fmt.Errorf("%d items of %d", got, n))
		}
	})
	check(json.NewEncoder(os.Stdout).Encode(usage{heap, resident()}))
}

// peakHeap is the most that the objects of the heap take while something is done, those included
// that are to be collected.
func peakHeap(do func()) uint64 {
	done := make(chan struct{})
	peak := make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		var most uint64
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(100 * time.Microsecond):
			}
		}
	}()
	do()
	close(done)
	return <-peak
}

// resident is the most that this process had resident.
func resident() (kib uint64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// usageOf reads a list in a process of its own and returns what that took.
func usageOf(way int, n int) usage {
	program, err := os.Executable()
	check(err)
	command := exec.Command(program, "-list-child", fmt.Sprint(way), "-items", fmt.Sprint(n))
	command.Stderr = os.Stderr
	output, err := command.Output()
	check(err)
	var u usage
	check(json.Unmarshal(bytes.TrimSpace(output), &u))
	runtime.GC()
	return u
}
