package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that docs/reliability.md and SECURITY.md name exists, and the first names
// every test of the suite.
func TestReliabilityNamesItsTests(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"*_test.go", "internal/*/*_test.go", "internal/conformance/*/*_test.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	exists := make(map[string]bool)
	ofSuite := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range declared.FindAllStringSubmatch(string(source), -1) {
			exists[found[1]] = true
			ofFaults := filepath.ToSlash(filepath.Dir(file)) == "internal/conformance/faults"
			if strings.HasPrefix(found[1], "TestFault") || ofFaults && strings.HasPrefix(found[1], "Fuzz") {
				ofSuite[found[1]] = true
			}
		}
	}
	named := namedTests(t, "docs/reliability.md")
	for name := range ofSuite {
		require.Contains(t, named, name, "docs/reliability.md does not name a test")
	}
	require.Greater(t, len(named), 50)
	ofSecurity := namedTests(t, "SECURITY.md")
	require.Greater(t, len(ofSecurity), 20)
	for _, name := range append(named, ofSecurity...) {
		require.True(t, exists[name], "%s is named and does not exist", name)
	}
}

// namedTests are the tests that a document names.
func namedTests(t *testing.T, file string) (names []string) {
	t.Helper()
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, found := range regexp.MustCompile("[`]((?:Test|Fuzz)\\w+)[`]").FindAllStringSubmatch(string(page), -1) {
		names = append(names, found[1])
	}
	return names
}
