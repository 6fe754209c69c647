// Package terminal prints everything that the tool prints. It escapes text from outside, so that
// it cannot change how a terminal shows the rest, and it keeps the first failed write until the
// command ends.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Door writes to one stream. It is safe for use by several goroutines.
type Door struct {
	mu    sync.Mutex
	w     io.Writer
	width int // of the terminal; 0 if the stream is not a terminal
	err   error
}

// NewDoor returns a door to a stream, and determines whether that is a terminal.
func NewDoor(w io.Writer) *Door {
	d := &Door{w: w}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		d.width = 80
		if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
			d.width = width
		}
	}
	return d
}

// NewTerminal returns a door to a terminal with a number of columns.
func NewTerminal(w io.Writer, width int) *Door { return &Door{w: w, width: width} }

// IsTerminal reports whether the stream is a terminal.
func (d *Door) IsTerminal() bool { return d.width > 0 }

// Err returns the error of the first write that failed.
func (d *Door) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Line prints one line. Text among args is escaped.
func (d *Door) Line(format string, args ...any) {
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			args[i] = Printable(arg)
		case error:
			args[i] = Printable(arg.Error())
		case fmt.Stringer:
			args[i] = Printable(arg.String())
		}
	}
	d.write(fmt.Sprintf(format, args...) + "\n")
}

// Text prints several lines, each of them escaped.
func (d *Door) Text(text string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = Printable(strings.TrimSuffix(line, "\r"))
	}
	d.write(strings.Join(lines, "\n") + "\n")
}

// Write writes what another package has rendered from escaped text: help, tables and progress bars.
func (d *Door) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.w.Write(p)
	d.err = err
	return n, err
}

func (d *Door) write(text string) { _, _ = io.WriteString(d, text) } // Err tells

// Printable escapes characters that a terminal would act on or cannot show: "\x1b", "\n", "\u202e".
// It keeps white space of any language.
func Printable(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 && utf8.ValidString(text) {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case unprintable(r):
			out.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			out.WriteRune(r)
		}
		text = text[size:]
	}
	return out.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }
