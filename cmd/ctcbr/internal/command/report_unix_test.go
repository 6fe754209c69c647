//go:build unix

package command

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A page takes the place of a file, is written through links, and into pipes and devices.
func TestReportOut(t *testing.T) {
	t.Parallel()
	c := newTool(t, cloudWithGaps(t))
	dir := t.TempDir()
	file, link, dangling, pipe := filepath.Join(dir, "a.html"), filepath.Join(dir, "link"), filepath.Join(dir, "dangling"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o640))
	require.NoError(t, os.Symlink("a.html", link))
	require.NoError(t, os.Symlink("b.html", dangling))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, name := range []string{link, dangling} {
		require.Empty(t, c.ok("report", "-o", "html", "--out", name))
		info, err := os.Lstat(name)
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&os.ModeSymlink)
		page, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Contains(t, string(page), "<!doctype html>")
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	read := make(chan string)
	go func() {
		data, _ := os.ReadFile(pipe)
		read <- string(data)
	}()
	c.ok("report", "-o", "html", "--out", pipe)
	require.Contains(t, <-read, "</html>")
	if _, err := os.Stat("/dev/full"); err == nil {
		for _, format := range []string{"html", "table", "json", "csv"} {
			c.fails(1, "report", "-o", format, "--out", "/dev/full")
		}
	}
	c.fails(1, "report", "--out", filepath.Join(dir, "no", "such", "dir"))
	left, err := filepath.Glob(filepath.Join(dir, ".report-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
