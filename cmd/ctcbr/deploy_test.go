//go:build unix

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var metricName = regexp.MustCompile(`ctcbr_[a-z_]+`)

// dashboardMetrics are the metrics that the dashboard asks for, one a line.
func dashboardMetrics(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("deploy/grafana/ctcbr.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(data, &dashboard))
	require.Greater(t, len(dashboard.Panels), 8)
	names := make(map[string]bool)
	for _, p := range dashboard.Panels {
		require.NotEmpty(t, p.Title)
		for _, target := range p.Targets {
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				names[name] = true
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), "\n")
}

// TestMetricsThatFilesName holds the rules, the dashboard and the documents to metrics that
// there are, and the documents to all of them.
func TestMetricsThatFilesName(t *testing.T) {
	t.Parallel()
	source := ""
	for _, file := range []string{"internal/exporter/collect.go", "internal/exporter/exporter.go"} {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		source += string(data)
	}
	there := make(map[string]bool)
	for _, found := range regexp.MustCompile(`describe\("([a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		there["ctcbr_"+found[1]] = true
	}
	for _, found := range regexp.MustCompile(`Name: "(ctcbr_[a-z_]+)"`).FindAllStringSubmatch(source, -1) {
		there[found[1]] = true
	}
	require.Len(t, there, 17)
	rules, err := os.ReadFile("deploy/prometheus/ctcbr.rules.yml")
	require.NoError(t, err)
	for _, name := range append(metricName.FindAllString(string(rules), -1), strings.Split(dashboardMetrics(t), "\n")...) {
		require.True(t, there[name], "there is no metric %s", name)
	}
	for _, file := range []string{"../../docs/operators.md", "../../docs/operators.zh-CN.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		named := make(map[string]bool)
		for _, name := range metricName.FindAllString(string(text), -1) {
			named[name] = true
			require.True(t, there[name], "%s: there is no metric %s", file, name)
		}
		for name := range there {
			require.True(t, named[name], "%s does not name %s", file, name)
		}
	}
}

// TestEveryAlertHasATest holds the tests of the rules to name all of them.
func TestEveryAlertHasATest(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("deploy/prometheus", name))
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(data, new(map[string]any)))
		return string(data)
	}
	tests := read("ctcbr.rules.test.yml")
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(read("ctcbr.rules.yml"), -1) {
		require.Contains(t, tests, "alertname: "+alert[1])
	}
	read("scrape.yml")
}
