package main

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// trust makes every SDK of this process trust the certificate of the test servers, so
// that they can be measured with the transport they have by default. It must come
// before the first connection, and works where Go reads SSL_CERT_FILE: not on Windows
// and macOS.
var trust = sync.OnceFunc(func() {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	dir, err := os.MkdirTemp("", "ctcbr-bench")
	check(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "certificate.pem")
	check(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	check(os.Setenv("SSL_CERT_FILE", file))
	_, err = x509.SystemCertPool() // reads the file, once for all
	check(err)
})

// counted is a server that counts the connections made to it.
type counted struct {
	*httptest.Server
	connections atomic.Int64
}

func serve(answer string) *counted {
	s := prepare(answer)
	s.Start()
	return s
}

func serveTLS(answer string, http2 bool) *counted {
	trust()
	s := prepare(answer)
	s.EnableHTTP2 = http2
	s.StartTLS()
	return s
}

func prepare(answer string) *counted {
	s := new(counted)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	return s
}

// wireRow is one call after the other over a real connection, without TLS.
func wireRow() row {
	r := row{title: "one typed call, loopback connection (server's allocations included)", goal: "no more allocations than the floor"}
	for _, c := range callers {
		r.contestants = append(r.contestants, contestant{c.name, func(b *testing.B) {
			server := serve(c.answer)
			defer server.Close()
			call := c.caller(connection{endpoint: server.URL})
			for b.Loop() {
				check(call())
			}
		}})
	}
	return r
}

// parallelRow is 32 goroutines that call over TLS and HTTP/1.1 with the transport that
// each SDK has by default. The time is that of all calls divided by their number.
func parallelRow() row {
	const goroutines = 32
	r := row{title: "32 goroutines, TLS, HTTP/1.1, default transport", goal: "no new connection once each goroutine has one"}
	for _, c := range callers {
		r.contestants = append(r.contestants, contestant{c.name, func(b *testing.B) {
			server := serveTLS(c.answer, false)
			defer server.Close()
			call := c.caller(connection{endpoint: server.URL})
			together(goroutines, 4*goroutines, call)
			before := server.connections.Load()
			b.ResetTimer()
			together(goroutines, b.N, call)
			b.StopTimer()
			b.ReportMetric(float64(server.connections.Load()-before)/float64(b.N), "new-connections/op")
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		}})
	}
	return r
}

// together makes n calls by so many goroutines.
func together(goroutines, n int, call func() error) {
	var next atomic.Int64
	var done sync.WaitGroup
	for range goroutines {
		done.Go(func() {
			for next.Add(1) <= int64(n) {
				check(call())
			}
		})
	}
	done.Wait()
}
