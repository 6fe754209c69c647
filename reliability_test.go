package ctcbr

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every test that RELIABILITY.md names exists, and it names every test of the suite.
func TestReliabilityNamesItsTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("RELIABILITY.md")
	require.NoError(t, err)
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
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
	named := make(map[string]bool)
	for _, found := range regexp.MustCompile("[`]((?:Test|Fuzz)\\w+)[`]").FindAllStringSubmatch(string(page), -1) {
		named[found[1]] = true
		require.True(t, exists[found[1]], "RELIABILITY.md names %s, which does not exist", found[1])
	}
	for name := range ofSuite {
		require.True(t, named[name], "RELIABILITY.md does not name %s", name)
	}
	require.Greater(t, len(named), 50)
}
