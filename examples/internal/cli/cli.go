// Package cli is what the example programs share: their surroundings, their flags,
// a client from the environment, requests shown as curl lines, progress and tables.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// The exit statuses of the programs.
const (
	OK     = 0 // all was done
	Failed = 1 // something failed
	Usage  = 2 // the arguments were wrong, and nothing was done
)

// Env is what a program meets besides its arguments. Main fills it in; a test makes its own.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Keys finds the key pair for programs that sign requests without a Client.
	Keys func() (ctcbr.Credentials, error)
	// Options are options of the client on top of what the environment says.
	Options []ctcbr.Option
	// Pause is the time between two looks at something under way; zero means that of
	// the SDK, which suits the real service.
	Pause time.Duration
	// Verbose shows every request. The flag -v sets it.
	Verbose bool

	name string
	help func()
}

// Main runs a program, and ends it with the exit status that run returns. The first
// interrupt ends the context, the second one the program.
func Main(run func(ctx context.Context, args []string, env *Env) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], &Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Keys: ctcbr.DefaultCredentials,
	}))
}

// footer is what the help of every program ends with.
const footer = `
Keys and region come from CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, or from
~/.ctyun/config.json. CTCBR_ENDPOINT sends the requests elsewhere, for example
to the fake cloud. Exit status: 0 all was done, 1 something failed, 2 the
arguments are wrong.
`

// Flags begins the flags of a program with those that all have. The help shows them
// below what the program is about.
func (e *Env) Flags(name, arguments, about string) *flag.FlagSet {
	e.name = name
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.BoolVar(&e.Verbose, "v", false, "show every request as a curl line, without its signature")
	flags.SetOutput(io.Discard) // Parse says what is wrong with the arguments
	flags.Usage = func() {}
	e.help = func() {
		fmt.Fprintf(e.Stderr, "usage: %s %s\n\n%s\n\n", name, arguments, about)
		flags.SetOutput(e.Stderr)
		flags.PrintDefaults()
		fmt.Fprint(e.Stderr, footer)
	}
	return flags
}

// Parse parses the arguments. If it is not ok, the program ends with the status.
func (e *Env) Parse(flags *flag.FlagSet, args []string) (status int, ok bool) {
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		e.help()
		return OK, false
	} else if err != nil {
		return e.BadUsage("%s", err), false
	}
	for _, arg := range flags.Args() {
		if strings.HasPrefix(arg, "-") || strings.TrimSpace(arg) == "" {
			return e.BadUsage("the argument %q is not an ID; flags come first", arg), false
		}
	}
	return OK, true
}

// BadUsage says what is wrong with the arguments, and returns the status for it.
func (e *Env) BadUsage(format string, args ...any) int {
	e.Complain(format+"; see -h", args...)
	return Usage
}

// Complain prints a message for the one who runs the program.
func (e *Env) Complain(format string, args ...any) {
	fmt.Fprintf(e.Stderr, e.name+": "+format+"\n", args...)
}

// Exit says what went wrong, if anything did, and returns the status for it.
func (e *Env) Exit(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return OK
	case ctx.Err() != nil && errors.Is(err, ctx.Err()) && !errors.Is(err, ctcbr.ErrOutcomeUnknown):
		e.Complain("interrupted")
	default:
		e.Complain("%s", err)
	}
	return Failed
}

// NewClient makes a client with the keys and the region that NewClient finds.
// CTCBR_ENDPOINT, if it is set, says where the service is: a fake one, for example.
func (e *Env) NewClient() (*ctcbr.Client, error) {
	var opts []ctcbr.Option
	if endpoint := e.Getenv("CTCBR_ENDPOINT"); endpoint != "" {
		opts = append(opts, ctcbr.WithEndpoint(endpoint))
	}
	if e.Verbose {
		opts = append(opts, ctcbr.WithMiddleware(Curl(e.Stderr)))
	}
	return ctcbr.NewClient(append(opts, e.Options...)...)
}

// WaitOptions adds the Pause to the options of a wait.
func (e *Env) WaitOptions(opts ...ctcbr.WaitOption) []ctcbr.WaitOption {
	if e.Pause > 0 {
		opts = append(opts, ctcbr.WaitInterval(e.Pause, e.Pause), ctcbr.WaitListed(10*e.Pause))
	}
	return opts
}

// LookFor looks up to three times for what a command of unknown outcome may have
// made, since that may show late. It reports whether look found it.
func (e *Env) LookFor(ctx context.Context, look func() (found bool, err error)) (bool, error) {
	pause := e.Pause
	if pause == 0 {
		pause = 2 * time.Second
	}
	for range 3 {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if found, err := look(); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// EachError calls f for every error that err joins.
func EachError(err error, f func(error)) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			EachError(err, f)
		}
	} else if err != nil {
		f(err)
	}
}
