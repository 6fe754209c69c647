// Package command holds the commands of the tool, one to a file.
package command

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/lang"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// Surroundings is the environment of a run of the tool.
type Surroundings struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Options are added after those of the flags, and Poll replaces the intervals of waits. They are
	// for tests.
	Options []ctcbr.Option
	Poll    time.Duration
}

// app is one run of the tool.
type app struct {
	Surroundings
	out, err *terminal.Door
	lang     lang.Lang
	given    given
	seen     atomic.Pointer[string]       // region of the last list
	noting   atomic.Pointer[protectGuard] // notes commands before they are sent
	began    bool                         // arguments and flags are valid
}

// given holds the flags that all commands have.
type given struct {
	region, profile, endpoint string
	sources                   []string
	output, lang              string
	verbose, quiet            bool
}

// Run runs the tool with arguments, and returns its exit status.
func Run(ctx context.Context, args []string, s Surroundings) int {
	return runWith(ctx, args, s, terminal.NewDoor(s.Stdout), terminal.NewDoor(s.Stderr))
}

func runWith(ctx context.Context, args []string, s Surroundings, out, complaints *terminal.Door) int {
	a := &app{Surroundings: s, out: out, err: complaints}
	a.lang = lang.Locale(s.Getenv)
	if l, ok := lang.Parse(askedLang(args)); ok {
		a.lang = l
	}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch broken := a.out.Err(); {
	case broken != nil && errors.Is(err, broken):
		err = nil // exit reports it
	case err != nil && !a.began:
		err = usage(err)
	}
	return a.exit(ctx, err)
}

// askedLang finds the language before the commands are built, because their help is in it.
func askedLang(args []string) string {
	for i, arg := range args {
		switch value, isFlag := strings.CutPrefix(arg, "--lang="); {
		case isFlag:
			return value
		case arg == "--lang" && i+1 < len(args):
			return args[i+1]
		case arg == "--":
			return ""
		}
	}
	return ""
}

// t returns a text in the language of the run.
func (a *app) t(text string) string { return a.lang.T(text) }

// f returns a formatted text in the language of the run.
func (a *app) f(format string, args ...any) string { return a.lang.F(format, args...) }

// count returns a number with its noun.
func (a *app) count(n int, what string) string { return a.lang.Count(n, what) }

// say prints a line to standard error, unless --quiet is set.
func (a *app) say(format string, args ...any) {
	if !a.given.quiet {
		a.err.Line(a.t(format), args...)
	}
}

// complain prints a line to standard error, even with --quiet.
func (a *app) complain(format string, args ...any) { a.err.Line("ctcbr: "+a.t(format), args...) }

func (a *app) format() terminal.Format { return terminal.Format(a.given.output) }

// runs returns the function of a command. It is called once the arguments are valid.
func (a *app) runs(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := a.checkGlobal(cmd, args); err != nil {
			return err
		}
		a.began = true
		return f(cmd.Context(), args)
	}
}
