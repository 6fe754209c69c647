//go:build prometheus

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

// TestAlertsInPrometheus has a real Prometheus scrape the exporter, with the rules that ship:
// an alert fires when a plan fails, and goes away when it succeeds.
func TestAlertsInPrometheus(t *testing.T) {
	cloud := newCloud(t, atOnce)
	cloud.AddAgent(cloud.HostID)
	plan := cloud.AddPlan(cbrtest.Plan{HostID: cloud.HostID, Name: "nightly", StorageID: "vault-id"})
	cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(-time.Hour)})
	exporter := freeAddress(t)
	start(t, process(t, cloud, "watch", "--listen", exporter, "--interval", "1s"))
	server := startPrometheus(t, exporter)

	require.Eventually(t, func() bool { return server.value(t, "up") == "1" }, time.Minute, 200*time.Millisecond, "it is scraped")
	require.Eventually(t, func() bool { return server.value(t, `ctcbr_hosts{protected="true"}`) == "1" }, time.Minute, 200*time.Millisecond)
	require.NotContains(t, server.alerts(t), "BackupFailed")

	cloud.FailNext(cbrtest.TaskJob, "disk full")
	require.Error(t, process(t, cloud, "run", "nightly").Run())
	require.Eventually(t, func() bool { return server.alerts(t)["BackupFailed"] == "firing" }, time.Minute, 200*time.Millisecond, "the plan has failed")
	require.NoError(t, process(t, cloud, "run", "nightly").Run())
	require.Eventually(t, func() bool { return server.alerts(t)["BackupFailed"] == "" }, time.Minute, 200*time.Millisecond, "the plan has succeeded")

	for _, name := range strings.Split(dashboardMetrics(t), "\n") {
		require.NotEmpty(t, server.names(t)[name], "the dashboard asks for %s", name)
	}
}

// freeAddress is an address that nothing listens on.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		log.Close()
		if t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s: %s", cmd.Path, said)
		}
	})
}

// prometheus is the base URL of a server.
type prometheus string

func startPrometheus(t *testing.T, target string) prometheus {
	rules, err := filepath.Abs("deploy/prometheus/ctcbr.rules.yml")
	require.NoError(t, err)
	dir, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs: [{job_name: ctcbr, static_configs: [{targets: [%q]}]}]
`, rules, target)), 0o600))
	path, err := exec.LookPath("prometheus")
	require.NoError(t, err)
	start(t, exec.CommandContext(context.WithoutCancel(t.Context()), path,
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address))
	return prometheus("http://" + address)
}

// get asks the server; what it does not answer yet is nothing.
func (p prometheus) get(t *testing.T, path string, into any) {
	resp, err := http.Get(string(p) + path)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	_ = json.Unmarshal(body, into)
}

func (p prometheus) value(t *testing.T, query string) string {
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	p.get(t, "/api/v1/query?query="+strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(query), &answer)
	if len(answer.Data.Result) == 0 {
		return ""
	}
	return fmt.Sprint(answer.Data.Result[0].Value[1])
}

// alerts are the states of alerts by their names.
func (p prometheus) alerts(t *testing.T) map[string]string {
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	p.get(t, "/api/v1/alerts", &answer)
	states := make(map[string]string)
	for _, a := range answer.Data.Alerts {
		states[a.Labels["alertname"]] = a.State
	}
	return states
}

func (p prometheus) names(t *testing.T) map[string]string {
	var answer struct{ Data []string }
	p.get(t, "/api/v1/label/__name__/values", &answer)
	names := make(map[string]string)
	for _, n := range answer.Data {
		names[n] = n
	}
	return names
}
