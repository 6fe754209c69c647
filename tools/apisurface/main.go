// Apisurface holds what the modules of a tree export against a record of it.
//
//	apisurface RECORD ROOT          compare; status 1 if they differ
//	apisurface -write RECORD ROOT   write the record anew
//
// RECORD is a text file. Of every module below ROOT it has one line, in order, for
// each exported constant with its value, variable, function, type, method, and field
// with its tag, so that a change of the API shows in a diff. The methods that a type
// has from an embedded one are its own, and so are the fields that it has from one
// without an exported name.
//
// A line that is gone or changed is a break. A new line is none, but has to be
// recorded. What is read is the compiler's export data for one platform.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	write := flag.Bool("write", false, "write the record anew")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: apisurface [-write] RECORD ROOT")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	holds, err := run(os.Stdout, *write, flag.Arg(0), flag.Arg(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, "apisurface:", err)
		os.Exit(2)
	}
	if !holds {
		os.Exit(1)
	}
}

// run tells whether the record holds, after writing it anew if asked to.
func run(w io.Writer, write bool, record, root string) (bool, error) {
	text, err := os.ReadFile(record)
	if err != nil && (!write || !errors.Is(err, os.ErrNotExist)) {
		return false, err
	}
	dirs, err := modules(root)
	if err != nil {
		return false, err
	}
	var now []string
	for _, dir := range dirs {
		lines, err := surface(dir)
		if err != nil {
			return false, fmt.Errorf("the module in %s: %w", dir, err)
		}
		now = append(now, lines...)
	}
	if len(now) == 0 {
		return false, fmt.Errorf("no module below %s exports anything", root)
	}
	slices.Sort(now)

	breaks, added := compare(read(text), now)
	for _, b := range breaks {
		fmt.Fprintln(w, "BREAK", b)
	}
	for _, a := range added {
		fmt.Fprintln(w, "new:", a)
	}
	fmt.Fprintf(w, "%d lines, %d breaks, %d not recorded\n", len(now), len(breaks), len(added))
	if write {
		return true, os.WriteFile(record, []byte(strings.Join(now, "\n")+"\n"), 0o644)
	}
	if len(breaks)+len(added) > 0 {
		fmt.Fprintln(w, "If that is meant, run \"make api\" and commit the record. A break is also for CHANGELOG.md.")
		return false, nil
	}
	return true, nil
}

// modules gives the directories below root that have a go.mod.
func modules(root string) (dirs []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.Name() == "go.mod":
			dirs = append(dirs, filepath.Dir(path))
		}
		return nil
	})
	return dirs, err
}

// read gives the lines of a record, however the checkout ends them.
func read(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// compare tells which lines of the record are gone or changed, and which of now
// are new.
func compare(record, now []string) (breaks, added []string) {
	is := make(map[string]string, len(now))
	for _, line := range now {
		is[subject(line)] = line
	}
	was := make(map[string]bool, len(record))
	for _, line := range record {
		about := subject(line)
		was[about] = true
		switch {
		case is[about] == "":
			breaks = append(breaks, "gone: "+line)
		case is[about] != line:
			breaks = append(breaks, "was: "+line+"\n      is:  "+is[about])
		}
	}
	for _, line := range now {
		if !was[subject(line)] {
			added = append(added, line)
		}
	}
	return breaks, added
}

// subject is what a line is about: all before the separator that every line has.
func subject(line string) string {
	about, _, _ := strings.Cut(line, separator)
	return about
}

const separator = ": "

// surface lists what the packages of the module in dir export.
func surface(dir string) ([]string, error) {
	packages, exports, err := list(dir)
	if err != nil {
		return nil, err
	}
	imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	var lines []string
	for _, path := range packages {
		pkg, err := imp.Import(path)
		if err != nil {
			return nil, err
		}
		lines = append(lines, describe(pkg)...)
	}
	return lines, nil
}

// list gives the packages of a module that others can import, and the export data
// of these and of all that they import.
func list(dir string) (packages []string, exports map[string]string, err error) {
	// With -find nothing is fetched for modules that export nothing.
	err = goList(dir, func(p listed) {
		internal := slices.Contains(strings.Split(p.ImportPath, "/"), "internal")
		if !internal && p.Name != "main" && len(p.GoFiles) > 0 {
			packages = append(packages, p.ImportPath)
		}
	}, "-find", "./...")
	if err != nil || len(packages) == 0 {
		return nil, nil, err
	}
	exports = make(map[string]string)
	err = goList(dir, func(p listed) { exports[p.ImportPath] = p.Export }, append([]string{"-export", "-deps"}, packages...)...)
	return packages, exports, err
}

type listed struct {
	ImportPath, Name, Export string
	GoFiles                  []string
}

// goList calls f for each package that go list tells of. It tells of one platform,
// so that the record is the same wherever it is made.
func goList(dir string, f func(listed), args ...string) error {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Export,GoFiles"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off")
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("go list: %w\n%s", err, exit.Stderr)
	} else if err != nil {
		return err
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		f(p)
	}
}

// describe lists what a package exports.
func describe(pkg *types.Package) []string {
	l := &lister{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			l.line("const "+name, "%s = %s", l.text(obj.Type()), obj.Val().ExactString())
		case *types.Var:
			l.line("var "+name, "%s", l.text(obj.Type()))
		case *types.Func:
			l.line("func "+name, "%s", l.text(obj.Type()))
		case *types.TypeName:
			l.typeName(obj)
		}
	}
	return l.lines
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) line(about, format string, args ...any) {
	l.lines = append(l.lines, "pkg "+l.pkg.Path()+", "+about+separator+fmt.Sprintf(format, args...))
}

// text writes a type. Names of the package itself stand alone, others are qualified
// by their path. What parameters are called is no part of a type, and left out.
func (l *lister) text(t types.Type) string {
	s, ok := t.(*types.Signature)
	if !ok {
		return types.TypeString(t, types.RelativeTo(l.pkg))
	}
	var text bytes.Buffer
	types.WriteSignature(&text, nameless(s), types.RelativeTo(l.pkg))
	return "func" + l.parameters(s.TypeParams()) + text.String()
}

func (l *lister) typeName(obj *types.TypeName) {
	name := obj.Name()
	if obj.IsAlias() {
		l.line("type "+name, "= %s", l.text(types.Unalias(obj.Type())))
		return
	}
	named, ok := obj.Type().(*types.Named)
	if !ok {
		l.line("type "+name, "%s", l.text(obj.Type().Underlying()))
		return
	}
	full := name + l.parameters(named.TypeParams())
	switch u := named.Underlying().(type) {
	case *types.Struct:
		equality := "not comparable"
		if types.Comparable(u) {
			equality = "comparable"
		}
		l.line("type "+full, "struct, %s", equality)
		l.fields(full, u)
	case *types.Interface: // whole in one line: another method breaks those who implement it
		l.line("type "+full, "%s", l.text(u))
		return
	default:
		l.line("type "+full, "%s", l.text(u))
	}
	for selection := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		method, ok := selection.Obj().(*types.Func)
		if !ok || !method.Exported() {
			continue
		}
		receiver := "*" + full
		if types.NewMethodSet(named).Lookup(l.pkg, method.Name()) != nil {
			receiver = full
		}
		l.line("method "+full+"."+method.Name(), "(%s) %s", receiver, l.text(selection.Type()))
	}
}

// fields lists the exported fields of a struct. Those that it gets from an
// embedded type without an exported name belong to it too.
func (l *lister) fields(owner string, s *types.Struct) {
	for i := range s.NumFields() {
		f := s.Field(i)
		tag := ""
		if s.Tag(i) != "" {
			tag = " `" + s.Tag(i) + "`"
		}
		switch {
		case f.Exported() && f.Embedded():
			l.line("field "+owner+"."+f.Name(), "embedded %s%s", l.text(f.Type()), tag)
		case f.Exported():
			l.line("field "+owner+"."+f.Name(), "%s%s", l.text(f.Type()), tag)
		case f.Embedded():
			t := f.Type()
			if p, ok := t.Underlying().(*types.Pointer); ok {
				t = p.Elem()
			}
			if inner, ok := t.Underlying().(*types.Struct); ok {
				l.fields(owner, inner)
			}
		}
	}
}

func (l *lister) parameters(list *types.TypeParamList) string {
	var all []string
	for p := range list.TypeParams() {
		all = append(all, p.Obj().Name()+" "+l.text(p.Constraint()))
	}
	if len(all) == 0 {
		return ""
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// nameless is the signature without the names of its parameters and results, and
// without its type parameters.
func nameless(s *types.Signature) *types.Signature {
	without := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			typ := v.Type()
			if callback, ok := typ.(*types.Signature); ok {
				typ = nameless(callback)
			}
			vars = append(vars, types.NewParam(token.NoPos, v.Pkg(), "", typ))
		}
		return types.NewTuple(vars...)
	}
	return types.NewSignatureType(nil, nil, nil, without(s.Params()), without(s.Results()), s.Variadic())
}
