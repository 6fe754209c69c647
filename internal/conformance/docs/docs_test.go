// Package docs holds the documents against the code: what they show compiles, what they
// link to exists, and the tests that they name are there.
package docs

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// The tests of this package name files as they are seen from the top of the repository.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		panic(err)
	}
	conformance.Main(m)
}

// This file holds the documents against the code: every block of Go in them
// compiles, every link leads somewhere, both languages show the same code, and
// everything that is exported is described.

// The directories whose Markdown is checked, besides the root's own.
var documented = []string{"docs", "examples", "otelctcbr", "bench"}

// surroundings is what a fragment of a file may use without declaring it.
const surroundings = `
var (
	ctx    context.Context
	t      *testing.T
	client *ctcbr.Client
	cloud  *cbrtest.Server
	err    error
	req    *ctcbr.CreatePlanRequest

	ak, sk, token                                                       string
	regionID, hostID, storageID, planID, taskID, snapshotID, restoreID, orderID string
	taskIDs                                                             []string
)

// The reader's own code.
func orderVault(context.Context, *ctcbr.Client) {}
func nightly(context.Context, *ctcbr.Client) error { return nil }
func readKeys(context.Context) (ak, sk string, expires time.Time, err error) { return }
`

// packages are what a fragment need not import, by name.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "io": "io", "json": "encoding/json",
	"log": "log", "os": "os", "slices": "slices", "slog": "log/slog", "strings": "strings", "synctest": "testing/synctest",
	"testing": "testing", "time": "time", "url": "net/url",
	"ctcbr":     "github.com/ctyun-go/ctcbr",
	"cbrtest":   "github.com/ctyun-go/ctcbr/cbrtest",
	"cbrclient": "github.com/ctyun-go/ctcbr/cbrtest/cbrclient",
	"otelctcbr": "github.com/ctyun-go/ctcbr/otelctcbr",
}

// moduleOf says which module's dependencies a package is among.
func moduleOf(path string) string {
	for prefix, dir := range map[string]string{packages["otelctcbr"]: "otelctcbr", "go.opentelemetry.io/": "otelctcbr"} {
		if strings.HasPrefix(path, prefix) {
			return dir
		}
	}
	return "."
}

func TestGoInDocumentsCompiles(t *testing.T) {
	t.Parallel()
	var all []snippet
	for _, file := range markdownFiles(t) {
		for _, block := range fences(read(t, file), "go") {
			s := parseSnippet(block.text, fmt.Sprintf("%s:%d", file, block.line))
			if strings.HasPrefix(file, "bench/") {
				s.module = "bench"
			}
			all = append(all, s)
		}
	}
	require.NotEmpty(t, all)
	compiled := make(map[string]library)
	for module, paths := range importsByModule(all) {
		compiled[module] = compile(t, module, paths)
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if compiled[s.module] == nil {
				t.Skipf("what %s depends on is not on this machine", s.module)
			}
			require.NoError(t, s.check(compiled[s.module]))
		})
	}
}

// The check would be worth nothing if it took anything.
func TestGoThatDoesNotCompileIsFound(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		source, problem string
	}{
		"fragment":                {"client.Storages.Lost(ctx, nil)", "Lost"},
		"unknown field":           {"_ = ctcbr.OperatePlanRequest{PlanID: planID}", "PlanID"},
		"undeclared":              {"fmt.Println(whatever)", "whatever"},
		"unused in a block":       {"if true {\n\tx := 1\n}", "declared and not used: x"},
		"wrong argument":          {"client.Tasks.Wait(ctx, 1)", "1"},
		"syntax":                  {"if {", "missing condition"},
		"declaration":             {"func f(c *ctcbr.Client) { c.Nothing() }", "Nothing"},
		"file":                    {"package main\n\nfunc main() { x }", "x"},
		"file without its import": {"package main\n\nfunc main() { fmt.Println() }", "undefined: fmt"},
		"position of a file":      {"package main\n\nfunc main() { x }", "README.md:12: "},
		"position of a fragment":  {"_ = 1\nx()", "README.md:11: "},
		"position of a function":  {"func f() {\n\tx()\n}", "README.md:11: "},
	}
	var all []snippet
	for _, c := range cases {
		all = append(all, parseSnippet(c.source, "README.md:10"))
	}
	compiled := compile(t, ".", importsByModule(all)["."])
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, parseSnippet(c.source, "README.md:10").check(compiled), c.problem)
		})
	}
}

// snippet is a block of Go, as a file of its own.
type snippet struct {
	name   string
	module string // whose dependencies it may use
	files  []*ast.File
	set    *token.FileSet
	err    error // it is no Go
}

// parseSnippet reads a whole file as it is, declarations with the imports they
// need, and statements as the body of a function. Its errors name where source
// comes from, for example "README.md:44".
func parseSnippet(source, from string) snippet {
	s := snippet{name: from, module: ".", set: token.NewFileSet()}
	if _, err := s.parse(source, parser.PackageClauseOnly); err == nil {
		file, err := s.parse("//line "+from+"\n"+source, 0)
		s.use(err, file)
		return s
	}
	body := "//line " + from + "\n" + source
	if _, err := s.parse("package snippet\n"+source, 0); err != nil {
		body = "func _() error {\n{\n" + body + "\n" + uses(source) + "}\nreturn nil\n}"
	}
	around, err := s.parse(s.imported(surroundings)+surroundings, 0)
	if err != nil {
		panic(err)
	}
	file, err := s.parse(s.imported(body)+body, 0)
	s.use(err, around, file)
	return s
}

func (s *snippet) parse(source string, mode parser.Mode) (*ast.File, error) {
	return parser.ParseFile(s.set, "", source, mode)
}

func (s *snippet) use(err error, files ...*ast.File) {
	if err != nil {
		s.err = err
		return
	}
	s.files = files
	for _, path := range s.imports() {
		if module := moduleOf(path); module != "." {
			s.module = module
		}
	}
}

func (s *snippet) imports() []string {
	var paths []string
	for _, file := range s.files {
		for _, i := range file.Imports {
			paths = append(paths, strings.Trim(i.Path.Value, `"`))
		}
	}
	return paths
}

// imported is the beginning of a file: it imports what the declarations that follow
// use without importing it.
func (s *snippet) imported(declarations string) string {
	const clause = "package snippet\n"
	file, err := s.parse(clause+declarations, 0)
	if err != nil {
		return clause // which the caller finds out, too
	}
	own := make(map[string]bool)
	for _, i := range file.Imports {
		own[strings.Trim(i.Path.Value, `"`)] = true
	}
	paths := make(map[string]bool)
	for _, name := range file.Unresolved {
		if path := packages[name.Name]; path != "" && !own[path] {
			paths[path] = true
		}
	}
	text := clause
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		text += fmt.Sprintf("import %q\n", path)
	}
	return text
}

// uses uses the variables that statements declare for the reader to go on with.
func uses(source string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package snippet\nfunc _() {\n"+source+"\n}", 0)
	if err != nil {
		return ""
	}
	text := ""
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		if assign, ok := statement.(*ast.AssignStmt); ok && assign.Tok == token.DEFINE {
			for _, left := range assign.Lhs {
				text += "_ = " + left.(*ast.Ident).Name + "\n"
			}
		}
	}
	return strings.ReplaceAll(text, "_ = _\n", "")
}

// check finds what the compiler would.
func (s snippet) check(imported library) error {
	if s.err != nil {
		return s.err
	}
	var all []error
	config := types.Config{
		Importer:  importer.ForCompiler(token.NewFileSet(), "gc", imported.open),
		GoVersion: "go1.25",
		Error:     func(err error) { all = append(all, err) },
	}
	_, _ = config.Check("snippet", s.set, s.files, nil)
	return errors.Join(all...)
}

func importsByModule(all []snippet) map[string][]string {
	byModule := make(map[string][]string)
	for _, s := range all {
		byModule[s.module] = append(byModule[s.module], s.imports()...)
	}
	for module, paths := range byModule {
		slices.Sort(paths)
		byModule[module] = slices.Compact(paths)
	}
	return byModule
}

// library holds the files with what packages export, by package.
type library map[string]string

func (l library) open(path string) (io.ReadCloser, error) {
	if l[path] == "" {
		return nil, fmt.Errorf("no package %s", path)
	}
	return os.Open(l[path])
}

// compile compiles packages with what they depend on, and reaches for nothing
// beyond this machine. It returns nil if that lacks what another module than the
// root's requires.
func compile(t *testing.T, module string, paths []string) library {
	t.Helper()
	if module != "." {
		if _, err := golist(module, append([]string{"-deps"}, paths...)...); err != nil {
			return nil
		}
	}
	out, err := golist(module, append([]string{"-deps", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}, paths...)...)
	require.NoError(t, err)
	files := make(library)
	for line := range strings.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return files
}

func golist(dir string, args ...string) (string, error) {
	command := exec.Command("go", append([]string{"list"}, args...)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("go list in %s: %w: %s", dir, err, stderr.String())
	}
	return string(out), err
}

func TestLinksOfDocumentsResolve(t *testing.T) {
	t.Parallel()
	for _, file := range markdownFiles(t) {
		for _, target := range links(read(t, file)) {
			assert.NoError(t, resolve(file, target), "%s links to %s", file, target)
		}
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a.go", "#b", "c.md"}, links("[`x`](a.go) `[no](code.go)` [y](#b)\n```\n[no](code.go)\n```\n[z]: c.md\n"))
	require.Error(t, resolve("README.md", "nothing.go"))
	require.Error(t, resolve("README.md", "../elsewhere.md"))
	require.Error(t, resolve("README.md", "#no-such-heading"))
	require.NoError(t, resolve("README.md", "#retries-and-money"))
	require.NoError(t, resolve("docs/README.md", "../README.md#errors"))
}

var (
	codeSpan   = regexp.MustCompile("`[^`]*`")
	linkInline = regexp.MustCompile(`\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)`)
	linkNamed  = regexp.MustCompile(`(?m)^\[[^\]]+\]:\s*(\S+)`)
)

// links are the targets of all links of a document.
func links(text string) []string {
	text = codeSpan.ReplaceAllString(withoutFences(text), "code")
	var targets []string
	for _, form := range []*regexp.Regexp{linkInline, linkNamed} {
		for _, found := range form.FindAllStringSubmatch(text, -1) {
			targets = append(targets, found[1])
		}
	}
	return targets
}

// resolve finds what a link of a file leads to. What is elsewhere is not asked for.
func resolve(from, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil
	}
	path, anchor, _ := strings.Cut(target, "#")
	to := filepath.Join(filepath.Dir(from), filepath.FromSlash(path))
	if path == "" {
		to = from
	}
	if !filepath.IsLocal(to) {
		return errors.New("outside of the project")
	}
	info, err := os.Stat(to)
	if err != nil || info.IsDir() || filepath.Ext(to) != ".md" || anchor == "" {
		return err
	}
	text, err := os.ReadFile(to)
	if err != nil {
		return err
	}
	if !slices.Contains(anchors(string(text)), anchor) {
		return fmt.Errorf("%s has no heading #%s", to, anchor)
	}
	return nil
}

var heading = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)

// anchors are the names that the headings of a document have on the web.
func anchors(text string) []string {
	var names []string
	count := make(map[string]int)
	for _, found := range heading.FindAllStringSubmatch(withoutFences(text), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, found[1])
		count[name]++
		if n := count[name] - 1; n > 0 {
			name += fmt.Sprintf("-%d", n)
		}
		names = append(names, name)
	}
	return names
}

// inEnglishAlone are documents for those who look into the SDK, and one that has both languages.
var inEnglishAlone = []string{"docs/README.md", "docs/reliability.md", "docs/performance.md"}

// Every other document is there in English and in Chinese. Both link to each other and
// show the same code.
func TestDocumentsInBothLanguages(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, english := range append(files, "README.md", "examples/README.md") {
		if slices.Contains(inEnglishAlone, filepath.ToSlash(english)) || strings.HasSuffix(english, ".zh-CN.md") {
			continue
		}
		chinese := strings.TrimSuffix(english, ".md") + ".zh-CN.md"
		if !assert.FileExists(t, chinese) {
			continue
		}
		assert.Contains(t, links(read(t, english)), filepath.Base(chinese), english)
		assert.Contains(t, links(read(t, chinese)), filepath.Base(english), chinese)
		assert.Equal(t, texts(fences(read(t, english), "go")), texts(fences(read(t, chinese), "go")), english)
	}
}

// shortName is how the documents name an operation: by the end of its path.
func shortName(op conformance.Operation) string {
	return strings.TrimPrefix(strings.TrimPrefix(op.Path, "/v4/"), "backup/")
}

func TestOperationsAreDocumented(t *testing.T) {
	t.Parallel()
	chinese := map[string]string{"read": "读", "write": "写", "order": "订单"}
	for _, file := range []string{"README.md", "README.zh-CN.md", "docs/from-python.md", "docs/from-python.zh-CN.md"} {
		text := read(t, file)
		for _, op := range conformance.Contract(t) {
			name, kind := shortName(op), op.Kind
			if strings.HasSuffix(file, ".zh-CN.md") {
				kind = chinese[kind]
			}
			row := regexp.MustCompile("(?m)^\\|.*" + regexp.QuoteMeta("`"+op.Method+" "+name+"`") + ".*\\| " + kind + " \\|$")
			assert.True(t, row.MatchString(text), "%s has no row for %s, kind %s", file, name, kind)
		}
	}
}

// CONTRIBUTING.md places every file of the package and every directory, and none that
// is not there.
func TestLayoutPlacesEveryFile(t *testing.T) {
	t.Parallel()
	_, layout, found := strings.Cut(read(t, "CONTRIBUTING.md"), "\n## How the code is laid out\n")
	require.True(t, found)
	layout, _, _ = strings.Cut(layout, "\n## ")
	placed := regexp.MustCompile(`\w+\.go\b`).FindAllString(layout, -1)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, "."):
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			assert.True(t, slices.Contains(placed, name), "it does not place %s", name)
		case entry.IsDir():
			assert.True(t, strings.Contains(layout, "`"+name+"`"), "it does not place %s", name)
		}
	}
	for _, name := range placed {
		assert.FileExists(t, name)
	}
}

// The doc comments say method, path and Chinese title of each operation, the same
// wherever they do, and the READMEs repeat the title.
func TestTitlesOfOperations(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	titles := make(map[string][]string)
	for _, file := range sources {
		for _, found := range regexp.MustCompile(`(?m)^// ((?:GET|POST) /v4/\S+) \((.+)\)$`).FindAllStringSubmatch(read(t, file), -1) {
			if !slices.Contains(titles[found[1]], found[2]) {
				titles[found[1]] = append(titles[found[1]], found[2])
			}
		}
	}
	for _, op := range conformance.Contract(t) {
		named := titles[op.Method+" "+op.Path]
		if assert.Len(t, named, 1, "titles of %s in doc comments", op.Path) {
			row := fmt.Sprintf("`%s %s` | %s |", op.Method, shortName(op), named[0])
			for _, file := range []string{"README.md", "README.zh-CN.md"} {
				assert.True(t, strings.Contains(read(t, file), row), "%s has no row with %s", file, row)
			}
		}
	}
}

func TestExportedNamesAreDescribed(t *testing.T) {
	t.Parallel()
	for dir, path := range map[string]string{".": packages["ctcbr"], "cbrtest": packages["cbrtest"]} {
		for _, name := range undescribed(t, dir, path) {
			t.Errorf("%s: %s has no doc comment", path, name)
		}
	}
}

// undescribed are the exported names of a package without a doc comment.
func undescribed(t *testing.T, dir, path string) []string {
	set := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	p, err := doc.NewFromFiles(set, files, path)
	require.NoError(t, err)

	missing := []string{}
	describe := func(name, text string) {
		if strings.TrimSpace(text) == "" {
			missing = append(missing, name)
		}
	}
	values := func(all []*doc.Value) {
		for _, group := range all {
			for _, spec := range group.Decl.Specs {
				spec := spec.(*ast.ValueSpec)
				describe(spec.Names[0].Name, group.Doc+spec.Doc.Text()+spec.Comment.Text())
			}
		}
	}
	functions := func(of string, all []*doc.Func) {
		for _, f := range all {
			describe(of+f.Name, f.Doc)
		}
	}
	describe("the package", p.Doc)
	values(p.Consts)
	values(p.Vars)
	functions("", p.Funcs)
	for _, typ := range p.Types {
		describe(typ.Name, typ.Doc)
		values(typ.Consts)
		values(typ.Vars)
		functions("", typ.Funcs)
		functions(typ.Name+".", typ.Methods)
	}
	return missing
}

func markdownFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, dir := range documented {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".md" {
				files = append(files, filepath.ToSlash(path))
			}
			return err
		})
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// block is what a fence holds, and the line of the document that it begins on.
type block struct {
	text string
	line int
}

func texts(blocks []block) []string {
	all := []string{}
	for _, b := range blocks {
		all = append(all, b.text)
	}
	return all
}

// fences are the blocks of a language.
func fences(text, language string) []block {
	var blocks []block
	eachLine(text, func(line, opened string, number int) {
		switch {
		case opened != language:
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			blocks = append(blocks, block{line: number + 1})
		default:
			blocks[len(blocks)-1].text += line + "\n"
		}
	})
	return blocks
}

func withoutFences(text string) string {
	var out strings.Builder
	eachLine(text, func(line, opened string, _ int) {
		if opened == "" && !strings.HasPrefix(strings.TrimSpace(line), "```") {
			out.WriteString(line + "\n")
		}
	})
	return out.String()
}

// eachLine goes through a document with the language of the fence that each line is
// in or opens. A fence without a language is "text"; its end belongs to nothing.
func eachLine(text string, f func(line, opened string, number int)) {
	opened := ""
	number := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		number++
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && opened == "":
			opened = strings.TrimSpace(strings.Trim(strings.TrimSpace(line), "`"))
			if opened == "" {
				opened = "text"
			}
		case fence:
			opened = ""
		}
		f(line, opened, number)
	}
}
