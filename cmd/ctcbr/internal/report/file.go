package report

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes a file. An existing file is replaced atomically, so that a reader never sees half of
// it. Symbolic links are followed. Anything but a regular file, such as a pipe or a device, is written
// to directly.
func WriteFile(name string, write func(io.Writer) error) error {
	target, err := filepath.EvalSymlinks(name)
	if errors.Is(err, os.ErrNotExist) {
		target, err = missing(name), nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err == nil && !info.Mode().IsRegular() {
		return writeTo(target, write)
	}
	mode := os.FileMode(0o644)
	if err == nil {
		mode = info.Mode().Perm()
	}
	return replace(target, mode, write)
}

// missing returns where to create a file that does not exist: at the target, if it is a symbolic link.
func missing(name string) string {
	to, err := os.Readlink(name)
	if err != nil {
		return name // not a link
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(name), to)
	}
	return to
}

func writeTo(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

func replace(name string, mode os.FileMode, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".report-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails if the file was renamed, as it should be
	if err := errors.Join(write(file), file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
