// Command ctcbr is the operator's tool for the cloud backup service (CT-CBR) of Tianyi
// Cloud. See "ctcbr help", and docs/operators.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/command"
)

func main() {
	ctx, stop := untilSignal(context.Background())
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err := os.Stdout.Close(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, "ctcbr: the standard output:", err)
		status = 1
	}
	os.Exit(status)
}

// run is the program, of which main takes the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	return command.Run(ctx, args, command.Surroundings{Getenv: getenv, Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// untilSignal ends a context at the first signal that asks the program to end. The second
// one ends the program at once. A closed pipe is an error of the write, and no signal: the
// program must not end in the middle of an order.
func untilSignal(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	came := make(chan os.Signal, 1)
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signals = append(signals, syscall.SIGHUP)
	}
	signal.Notify(came, signals...)
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		select {
		case s := <-came:
			signal.Reset(signals...)
			cancel(command.Interrupted(s.String()))
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
