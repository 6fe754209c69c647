package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const before = `package lib

import "context"

const Greeting = "hello"

type Word string

func (w *Word) Set(string) {}

type base struct{ ID string ` + "`json:\"id\"`" + ` }

type Thing struct {
	base
	Names []string
	count int
}

func (Thing) Count() int { return 0 }

type Doer interface{ Do(ctx context.Context) error }

func Map[T, U any](list []T, f func(item T) U) []U { return nil }

func Ask(ctx context.Context, words ...Word) (answer string, err error) { return "", nil }

func hidden() {}
`

// tree makes a module lib, with a nested module, a program and an internal package
// that are no part of its API.
func tree(t *testing.T, source string) (record, root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module example.com/lib\n\ngo 1.25.0\n",
		"lib.go":                  source,
		"lib_test.go":             "package lib\n\nfunc Test() {}\n",
		"internal/secret/code.go": "package secret\n\nconst Key = 1\n",
		"cmd/program/main.go":     "package main\n\nconst Version = 1\n\nfunc main() {}\n",
		"more/go.mod":             "module example.com/lib/more\n\ngo 1.25.0\n",
		"more/more.go":            "package more\n\nconst More = 1\n",
		"testdata/go.mod":         "none\n",
		"tools/go.mod":            "module example.com/lib/tools\n\ngo 1.25.0\n",
	} {
		name = filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(root, "v0.txt"), root
}

func record(t *testing.T, write bool, record, root string) (holds bool, out string) {
	t.Helper()
	var b bytes.Buffer
	holds, err := run(&b, write, record, root)
	if err != nil {
		t.Fatal(err)
	}
	return holds, b.String()
}

func TestRecord(t *testing.T) {
	file, root := tree(t, before)
	if _, err := run(new(bytes.Buffer), false, file, root); err == nil {
		t.Error("nothing is recorded yet")
	}
	record(t, true, file, root)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pkg example.com/lib, const Greeting: untyped string = \"hello\"",
		"pkg example.com/lib, field Thing.ID: string `json:\"id\"`",
		"pkg example.com/lib, field Thing.Names: []string",
		"pkg example.com/lib, func Ask: func(context.Context, ...Word) (string, error)",
		"pkg example.com/lib, func Map: func[T any, U any]([]T, func(T) U) []U",
		"pkg example.com/lib, method Thing.Count: (Thing) func() int",
		"pkg example.com/lib, method Word.Set: (*Word) func(string)",
		"pkg example.com/lib, type Doer: interface{Do(ctx context.Context) error}",
		"pkg example.com/lib, type Thing: struct, not comparable",
		"pkg example.com/lib, type Word: string",
		"pkg example.com/lib/more, const More: untyped int = 1",
	}
	if got := read(text); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if holds, out := record(t, false, file, root); !holds {
		t.Error(out)
	}
}

func TestChanges(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, says string }{
		"nothing":            {"", "", ""},
		"something hidden":   {"count int", "count, more string", ""},
		"a parameter's name": {"words ...Word", "all ...Word", ""},
		"another function":   {"func hidden()", "func Shown()", "new: pkg example.com/lib, func Shown: func()"},
		"another field":      {"Names []string", "Names []string; More int", "new: pkg example.com/lib, field Thing.More: int"},
		"a function gone":    {"func Ask(", "func ask(", "BREAK gone: pkg example.com/lib, func Ask"},
		"a field gone":       {"Names []string", "", "BREAK gone: pkg example.com/lib, field Thing.Names"},
		"a tag":              {"`json:\"id\"`", "`json:\"ID\"`", "BREAK was: pkg example.com/lib, field Thing.ID"},
		"a constant's value": {`"hello"`, `"hullo"`, "BREAK was: pkg example.com/lib, const Greeting"},
		"a parameter":        {"ctx context.Context, words", "words", "BREAK was: pkg example.com/lib, func Ask"},
		"a receiver":         {"(Thing) Count", "(*Thing) Count", "BREAK was: pkg example.com/lib, method Thing.Count"},
		"an interface grows": {"Do(ctx context.Context) error", "Do(ctx context.Context) error; Undo()", "BREAK was: pkg example.com/lib, type Doer"},
		"a type":             {"type Word string", "type Word []byte", "BREAK was: pkg example.com/lib, type Word"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, root := tree(t, before)
			record(t, true, file, root)
			after := strings.Replace(before, tt.old, tt.new, 1)
			if err := os.WriteFile(filepath.Join(root, "lib.go"), []byte(after), 0o644); err != nil {
				t.Fatal(err)
			}
			holds, out := record(t, false, file, root)
			if holds != (tt.says == "") || !strings.Contains(out, tt.says) {
				t.Errorf("holds: %t; it says:\n%s\nwant %q", holds, out, tt.says)
			}
			if breaks := strings.Contains(out, "BREAK"); breaks != strings.HasPrefix(tt.says, "BREAK") {
				t.Errorf("it says:\n%s", out)
			}
			// Written anew, the record holds.
			record(t, true, file, root)
			if holds, out := record(t, false, file, root); !holds {
				t.Error(out)
			}
		})
	}
}
