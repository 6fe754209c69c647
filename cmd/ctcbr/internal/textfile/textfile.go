// Package textfile reads the text files of real machines: with or without a byte order
// mark, in UTF-8 or in the UTF-16 that PowerShell writes, from pipes as well as from disks.
package textfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// most is how long a file may be.
const most = 16 << 20

// Read reads the file of a name; "-" is the standard input.
func Read(name string, stdin io.Reader) (string, error) {
	if name == "-" {
		return Decode("the standard input", stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return Decode(name, file)
}

// Decode reads text. UTF-16 is taken where a byte order mark says so.
func Decode(name string, r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > most {
		return "", fmt.Errorf("%s: longer than %d MiB", name, most>>20)
	}
	decoded, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	text := string(decoded)
	switch {
	case strings.ContainsRune(text, 0):
		return "", fmt.Errorf("%s: %w", name, errBinary)
	case !utf8.ValidString(text):
		return "", fmt.Errorf("%s: %w", name, errEncoding)
	}
	return text, nil
}

var (
	errBinary   = errors.New("it is not text, or UTF-16 without a byte order mark: save it as UTF-8")
	errEncoding = errors.New("it is not UTF-8: save it as UTF-8")
)

// Lines returns the lines that say something, without comments and the space around
// them. What follows " #" is a comment, so that a name may hold a "#".
func Lines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, mark := range []string{" #", "\t#"} {
			line, _, _ = strings.Cut(line, mark)
		}
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
