// Modproxy adds a module of a Git checkout to a file-system module proxy, as GOPROXY=file://DIR
// reads it: so that a release can be tried before anything of it is published.
//
//	modproxy DIR ROOT REVISION VERSION SUBDIR...
//
// ROOT is the checkout, REVISION the commit that the module is taken from, and SUBDIR each folder
// below ROOT whose module is added; "." is the module of ROOT itself.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	if len(os.Args) < 6 {
		fmt.Fprintln(os.Stderr, "usage: modproxy DIR ROOT REVISION VERSION SUBDIR...")
		os.Exit(2)
	}
	for _, subdir := range os.Args[5:] {
		if err := add(os.Args[1], os.Args[2], os.Args[3], os.Args[4], subdir); err != nil {
			fmt.Fprintln(os.Stderr, "modproxy:", err)
			os.Exit(1)
		}
	}
}

// add writes the four files that a proxy has of a version.
func add(dir, root, revision, version, subdir string) error {
	if subdir == "." {
		subdir = ""
	}
	goMod, err := exec.Command("git", "-C", root, "show", revision+":"+path.Join(subdir, "go.mod")).Output()
	if err != nil {
		return fmt.Errorf("go.mod of %q at %s: %w", subdir, revision, err)
	}
	name := modfile.ModulePath(goMod)
	if name == "" {
		return errors.New("go.mod names no module")
	}
	escaped, err := module.EscapePath(name)
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{version, time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	for file, content := range map[string][]byte{version + ".mod": goMod, version + ".info": info, "list": []byte(version + "\n")} {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
			return err
		}
	}
	return writeZip(filepath.Join(folder, version+".zip"), module.Version{Path: name, Version: version}, root, revision, subdir)
}

func writeZip(file string, of module.Version, root, revision, subdir string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return zip.CreateFromVCS(io.Writer(f), of, root, revision, subdir)
}
