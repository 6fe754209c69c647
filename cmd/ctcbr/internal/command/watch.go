package command

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/exporter"
)

// watching are the flags of "ctcbr watch".
type watching struct {
	listen   string
	interval time.Duration
	reporting
}

const watchHelp = `Metrics are at /metrics; /healthz returns 200 as long as the data is at most three intervals old. The service is polled at the interval, never because of a scrape.
Alert rules and a dashboard are in cmd/ctcbr/deploy of the source; docs/operators.md names every metric and its labels.`

func (a *app) watch() *cobra.Command {
	w := &watching{}
	cmd := a.leaf("watch [flags]", "Serve metrics for Prometheus: what is protected and what is not", watchHelp, cobra.NoArgs,
		func(ctx context.Context, _ []string) error {
			w.days = 30
			if err := w.check(a); err != nil {
				return err
			}
			if w.interval < time.Second {
				return a.wrong("--interval must be at least 1s")
			}
			return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return a.serveMetrics(ctx, client, w) })
		})
	flags := cmd.Flags()
	flags.StringVar(&w.listen, "listen", ":9112", a.t("`address` to serve at"))
	flags.DurationVar(&w.interval, "interval", 5*time.Minute, a.t("`time` between two polls of the service"))
	w.defineProtection(a, cmd)
	return cmd
}

// serveMetrics serves until the context ends, which is not an error.
func (a *app) serveMetrics(ctx context.Context, client *ctcbr.Client, w *watching) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", w.listen)
	if err != nil {
		return err
	}
	request := w.protection(a)
	failing := false
	watch := exporter.New(w.interval, func(ctx context.Context) (*ctcbr.Protection, error) {
		return client.Protection(ctx, &request)
	}, func(err error) {
		switch {
		case err != nil:
			a.complain("%s", plainText(err))
		case failing:
			a.say("the service responds again")
		}
		failing = err != nil
	})
	server := &http.Server{Handler: watch.Handler(), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	a.say("metrics at http://%s/metrics", listener.Addr().String())
	looked := make(chan struct{})
	ended, cancel := context.WithCancel(ctx)
	go func() {
		defer close(looked)
		watch.Run(ended)
	}()
	context.AfterFunc(ended, func() { server.Close() })
	err = server.Serve(listener)
	cancel()
	<-looked
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
