package cbrtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	recordCap  = 10_000
	recordBody = 16 << 10
)

// A Request is one request as the server received it.
type Request struct {
	// Time is when it came, by the machine's clock.
	Time time.Time
	// Operation is the last segment of its path, for example create-storage-backup, or NoOperation if no operation has
	// that path.
	Operation string
	Method    string
	Path      string
	// Query is the raw query, without the question mark.
	Query  string
	Header http.Header
	// Body is the body, of which at most the first 16 KiB are kept.
	Body []byte
	// RequestID is the value of the ctyun-eop-request-id header.
	RequestID string
	// ClientToken is the clientToken in the body of an order.
	ClientToken string
	// Status is the HTTP status of its answer; 0 if there is none yet, or if a fault left it without one.
	Status int
	// Refused says why the request was refused before its operation began: for its signature, its path, its method or
	// its parameters. It is empty for a request whose operation began, and may have failed.
	Refused string
}

// recorder keeps the last requests. It has a lock of its own, so that reading it never waits for an answer.
type recorder struct {
	mu       sync.Mutex
	requests []*Request
	counts   map[string]int
}

// begin records a request on its arrival. What becomes of it is recorded in the entry that begin returns.
func (rec *recorder) begin(operation string, r *http.Request) *Request {
	entry := &Request{
		Time:      time.Now(),
		Operation: operation,
		Method:    r.Method,
		Path:      r.URL.Path,
		Query:     r.URL.RawQuery,
		Header:    r.Header.Clone(),
		RequestID: r.Header.Get("ctyun-eop-request-id"),
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.requests) == recordCap {
		rec.requests = slices.Delete(rec.requests, 0, recordCap/10)
	}
	rec.requests = append(rec.requests, entry)
	if rec.counts == nil {
		rec.counts = map[string]int{}
	}
	rec.counts[operation]++ // all unknown paths are NoOperation, so that the map does not grow with them
	return entry
}

func (rec *recorder) body(entry *Request, body []byte) {
	var placed struct{ ClientToken string }
	_ = json.Unmarshal(body, &placed) // what is not an order has no token
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Body = bytes.Clone(body[:min(len(body), recordBody)])
	entry.ClientToken = placed.ClientToken
}

func (rec *recorder) refused(entry *Request, reason string) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Refused = reason
}

func (rec *recorder) answered(entry *Request, status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	entry.Status = status
}

// Requests returns the requests received since the start or the last [Server.ResetRequests], oldest first, including
// those that were refused or met a fault. Only the last 9,000 to 10,000 are kept.
func (s *Server) Requests() []Request {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	out := make([]Request, len(s.recorder.requests))
	for i, r := range s.recorder.requests {
		out[i] = *r
		out[i].Header = r.Header.Clone()
		out[i].Body = bytes.Clone(r.Body)
	}
	return out
}

// Count returns how many requests for an operation were received since the start or the last [Server.ResetRequests].
// The operation is one of the constants of this package, for example [GetOrder]; "" counts all requests, and
// [NoOperation] those of other paths. Count panics if there is no such operation. Unlike [Server.Requests] it forgets
// none.
func (s *Server) Count(operation string) int {
	mustExist(operation)
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	if operation != "" {
		return s.recorder.counts[operation]
	}
	total := 0
	for _, n := range s.recorder.counts {
		total += n
	}
	return total
}

// ResetRequests forgets the requests received so far.
func (s *Server) ResetRequests() {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.recorder.requests, s.recorder.counts = nil, nil
}
