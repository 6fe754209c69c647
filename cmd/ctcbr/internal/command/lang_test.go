package command

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/lang"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// translating are the functions whose first text is translated.
var translating = map[string]bool{
	"t": true, "f": true, "say": true, "complain": true, "wrong": true, "failed": true, "T": true, "F": true, "section": true, "words": true,
}

// TestEveryTextIsInBothLanguages holds every text that the code says against the catalogue.
func TestEveryTextIsInBothLanguages(t *testing.T) {
	t.Parallel()
	texts := make(map[string]string)
	for _, dir := range []string{".", "../report", "../terminal"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				textsOf(t, file, texts)
			}
		}
	}
	page, err := os.ReadFile("../report/page.html")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?:\{\{|\()(?:t|f) "((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(string(page), -1) {
		texts[found[1]] = "page.html"
	}
	for text, where := range texts {
		if strings.ContainsFunc(verb.ReplaceAllString(text, ""), unicode.IsLetter) {
			require.True(t, lang.Translated(text), "%s: %q has no translation", where, text)
		}
	}
	require.Greater(t, len(texts), 150)
}

var verb = regexp.MustCompile(`%[a-z]`)

func textsOf(t *testing.T, file string, texts map[string]string) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	require.NoError(t, err)
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			name = f.Sel.Name
		case *ast.Ident:
			name = f.Name
		}
		if text, ok := call.Args[0].(*ast.BasicLit); ok && translating[name] && text.Kind == token.STRING {
			said, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			texts[said] = set.Position(n.Pos()).String()
		}
		return true
	})
}

// TestEveryWordIsInBothLanguages holds the words that the code does not say as a literal.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	t.Parallel()
	words := []string{
		"created", "updated", "enabled", "unchanged", "differs", "unknown", "failed", "active", "none", "installed", "to be installed",
		"to be created", "to be updated", "to be enabled",
		"completed", "canceled", "vanished", "running", "notRun", "ok", "warning", "skipped", "open", "done", "protected",
		"keys", "clock", "proxy", "access", "region", "service", "permissions", "full", "incremental",
		"host", "vault", "plan", "copy", "task", "restore", "hosts", "plans", "copies", "tasks",
	}
	for _, said := range stateWords {
		words = append(words, said)
	}
	for _, kind := range []ctcbr.GapKind{
		ctcbr.GapNoAgent, ctcbr.GapAgentInactive, ctcbr.GapNoPlan, ctcbr.GapPlanStopped, ctcbr.GapNoSnapshot, ctcbr.GapStale,
		ctcbr.GapPlanInactive, ctcbr.GapDuplicatePlan, ctcbr.GapHostGone, ctcbr.GapRunFailed, ctcbr.GapNoHosts, ctcbr.GapUnreadable,
		ctcbr.GapStorageInactive, ctcbr.GapStorageExpiring, ctcbr.GapStorageFull,
	} {
		words = append(words, string(kind))
	}
	for status := -2; status < 1000; status++ {
		if said := orderWords(ctcbr.OrderStatus(strconv.Itoa(status))); !strings.HasPrefix(said, "state ") {
			words = append(words, said)
		}
	}
	for _, what := range []string{"host", "hour", "day", "copy", "month", "year", "region", "vault"} {
		plural := map[string]string{"copy": "copies"}[what]
		if plural == "" {
			plural = what + "s"
		}
		words = append(words, "%d "+what, "%d "+plural)
	}
	for _, word := range words {
		require.True(t, lang.Translated(word), "%q has no translation", word)
	}
}

// TestHelpIsInBothLanguages walks all commands.
func TestHelpIsInBothLanguages(t *testing.T) {
	t.Parallel()
	a := &app{Surroundings: Surroundings{Getenv: func(string) string { return "" }, Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard}, lang: lang.Chinese, out: terminal.NewDoor(io.Discard), err: terminal.NewDoor(io.Discard)}
	han := func(text string) bool {
		return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	commands := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if strings.HasPrefix(c.CommandPath(), "ctcbr completion ") {
			return
		}
		commands++
		require.True(t, han(c.Short), "%s: %q", c.CommandPath(), c.Short)
		require.True(t, c.Long == "" || han(c.Long), "%s: %q", c.CommandPath(), c.Long)
		c.Flags().VisitAll(func(f *pflag.Flag) { require.True(t, han(f.Usage), "%s --%s: %q", c.CommandPath(), f.Name, f.Usage) })
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	root := a.root()
	walk(root)
	require.Greater(t, commands, 35)
	var help bytes.Buffer
	root.SetOut(&help)
	require.NoError(t, root.Help())
	require.NotRegexp(t, `(?m)^(Usage|Flags|Available Commands|Additional Commands):`, help.String())
}
