package ctcbr

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that RELIABILITY.md and SECURITY.md name exists, and the first names
// every test of the suite.
func TestReliabilityNamesItsTests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	ofPackages, err := filepath.Glob("internal/*/*_test.go")
	require.NoError(t, err)
	files = append(files, ofPackages...)
	exists := make(map[string]bool)
	ofSuite := make(map[string]bool)
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range declared.FindAllStringSubmatch(string(source), -1) {
			exists[found[1]] = true
			if strings.HasPrefix(found[1], "TestFault") || file == "fuzz_test.go" {
				ofSuite[found[1]] = true
			}
		}
	}
	named := namedTests(t, "RELIABILITY.md")
	for name := range ofSuite {
		require.Contains(t, named, name, "RELIABILITY.md does not name a test")
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
