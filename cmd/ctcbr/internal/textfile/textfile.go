// Package textfile reads text files in UTF-8, with or without a byte order mark, or in UTF-16, as
// PowerShell writes it, from disks and pipes.
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

// most is the maximum length of a file.
const most = 16 << 20

// Read reads a file; "-" is the standard input.
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

// Decode decodes text. A byte order mark selects UTF-16.
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

// Lines returns the lines that are not empty, without comments and the white space around them. A
// comment begins with " #", so that a name can contain a "#".
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
