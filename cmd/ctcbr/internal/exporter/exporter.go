// Package exporter exports what is protected in a region as Prometheus metrics. It reads the region at
// an interval, never because of a scrape.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ctyun-go/ctcbr"
)

// Exporter reads a region at an interval, and serves scrapes from the last result.
type Exporter struct {
	look     func(context.Context) (*ctcbr.Protection, error)
	interval time.Duration
	report   func(error) // called after every refresh

	mu       sync.Mutex
	last     *ctcbr.Protection // nil before the first successful refresh
	began    time.Time
	seen     time.Time // when the last successful refresh ended
	failed   error     // of the last refresh
	duration prometheus.Gauge
	looks    *prometheus.CounterVec
	registry *prometheus.Registry
}

// New returns an Exporter that reads at an interval. report is called after every refresh.
func New(interval time.Duration, look func(context.Context) (*ctcbr.Protection, error), report func(error)) *Exporter {
	e := &Exporter{
		look: look, interval: interval, report: report, began: time.Now(), registry: prometheus.NewRegistry(),
		duration: prometheus.NewGauge(prometheus.GaugeOpts{Name: "ctcbr_refresh_duration_seconds", Help: "How long the last look at the service took."}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ctcbr_refreshes_total", Help: "Looks at the service, by what became of them: ok, or why they failed.",
		}, []string{"result"}),
	}
	for _, result := range results {
		e.looks.WithLabelValues(result)
	}
	e.registry.MustRegister(e, e.duration, e.looks, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return e
}

// results are the values of the label result of ctcbr_refreshes_total.
var results = []string{"ok", "unauthorized", "throttled", "unavailable", "bad_answer", "timeout", "other"}

func resultOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ctcbr.ErrUnauthorized), errors.Is(err, ctcbr.ErrNoCredentials):
		return "unauthorized"
	case errors.Is(err, ctcbr.ErrThrottled):
		return "throttled"
	case errors.Is(err, ctcbr.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ctcbr.ErrBadAnswer):
		return "bad_answer"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "other"
}

// Run refreshes the data until the context ends.
func (e *Exporter) Run(ctx context.Context) {
	ticker := time.NewTicker(e.interval)
	defer ticker.Stop()
	for {
		e.refresh(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// longest is how long one refresh may take.
const longest = 10 * time.Minute

func (e *Exporter) refresh(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	began := time.Now()
	seen, err := e.look(limited)
	if ctx.Err() != nil {
		return
	}
	e.duration.Set(time.Since(began).Seconds())
	e.looks.WithLabelValues(resultOf(err)).Inc()
	e.mu.Lock()
	e.failed = err
	if err == nil {
		e.last, e.seen = seen, time.Now()
	}
	e.mu.Unlock()
	e.report(err)
}

// Handler serves /metrics, and /healthz for supervisors.
func (e *Exporter) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 8, Timeout: 30 * time.Second}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if problem := e.unhealthy(); problem != "" {
			http.Error(w, problem, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintln(w, `<!doctype html><title>ctcbr</title><a href="/metrics">metrics</a> <a href="/healthz">health</a>`)
	})
	return mux
}

// unhealthy returns why the data is outdated, or "" if it is not.
func (e *Exporter) unhealthy() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	late := 3 * e.interval
	switch {
	case e.last == nil && e.failed != nil:
		return "no look has succeeded yet"
	case e.last == nil && time.Since(e.began) > late:
		return "the first look takes too long"
	case e.last != nil && time.Since(e.seen) > late:
		return "the last look that succeeded is older than three intervals"
	}
	return ""
}
