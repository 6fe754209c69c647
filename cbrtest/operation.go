package cbrtest

import (
	"fmt"
	"net/http"
	"path"
	"strings"
)

// The operations, by the last segment of their paths. [Server.Inject] and [Server.Count] take these names, and panic
// for any other. Each constant is named like the request of the SDK that it serves: CreatePlan for
// ctcbr.CreatePlanRequest.
const (
	OpenService        = "open-service-backup"
	InstallAgent       = "install-client-backup"
	UninstallAgent     = "uninstall-client-backup"
	ListAgents         = "info-client-backup"
	ListAgentsByHost   = "client-by-instance-backup"
	CreateStorage      = "create-storage-backup"
	ListStorages       = "query-storage-backup"
	ResizeStorage      = "resize-storage-backup"
	RenewStorage       = "renew-storage-backup"
	UnsubscribeStorage = "refund-storage-backup"
	CreatePlan         = "new-backup-policy"
	ListPlans          = "query-backup-policy"
	OperatePlan        = "action-backup-policy" // enables, stops or runs a plan
	UpdatePlan         = "update-backup-policy"
	DeletePlan         = "refund-backup-policy"
	ListTasks          = "query-task-backup"
	CancelTask         = "cancel-task-backup"
	CreateRestore      = "create-restore-backup"
	ListRestores       = "query-restore-backup"
	CancelRestore      = "cancel-restore-backup"
	ListSnapshots      = "query-backup-snapshot"
	DeleteResource     = "delete-resources-backup"
	GetOrder           = "query-uuid"
	ListRegions        = "list-regions"

	// NoOperation stands for the requests whose path belongs to no operation.
	NoOperation = "(no operation)"
)

// operationOf returns the name of the operation whose path a request has, or NoOperation.
func operationOf(r *http.Request) string {
	name := path.Base(r.URL.Path)
	if op, known := endpoints[name]; known && op.path == r.URL.EscapedPath() {
		return name
	}
	return NoOperation
}

// mustExist panics unless there is an operation of the name. A test that misspells one would otherwise test nothing.
// "" stands for any operation.
func mustExist(operation string) {
	if _, known := endpoints[operation]; known || operation == "" || operation == NoOperation {
		return
	}
	panic(fmt.Sprintf("cbrtest: there is no operation %q; did you mean %q?", operation, nearest(operation)))
}

// nearest returns the operation whose name holds the given one, or else takes the fewest edits to become it.
func nearest(name string) string {
	best, fewest := "", 0
	for candidate := range endpoints {
		edits := distance(name, candidate)
		if strings.Contains(candidate, name) {
			edits = 0
		}
		if best == "" || edits < fewest || edits == fewest && candidate < best {
			best, fewest = candidate, edits
		}
	}
	return best
}

// distance is the Levenshtein distance of two names: the number of characters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
