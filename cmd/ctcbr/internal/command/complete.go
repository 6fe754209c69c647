package command

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
)

// patience is how long the completion may take.
const patience = 3 * time.Second

func (a *app) completeHosts(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd.Context(), begun, func(ctx context.Context, client *ctcbr.Client) iter.Seq2[string, error] {
		return mapped(client.Hosts.All(ctx, &ctcbr.ListHostsRequest{Sources: a.sources()}), func(h ctcbr.Host) string { return h.Name })
	})
}

func (a *app) completePlans(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd.Context(), begun, func(ctx context.Context, client *ctcbr.Client) iter.Seq2[string, error] {
		return mapped(a.allPlans(ctx, client), func(p planView) string { return p.Name })
	})
}

func (a *app) completeVaults(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd.Context(), begun, func(ctx context.Context, client *ctcbr.Client) iter.Seq2[string, error] {
		return mapped(client.Storages.All(ctx, nil), func(s ctcbr.Storage) string { return s.Name })
	})
}

// complete offers the names that begin with what was typed. Names that a shell cannot complete are
// omitted. If the names cannot be read, there are none.
func (a *app) complete(ctx context.Context, begun string, names func(context.Context, *ctcbr.Client) iter.Seq2[string, error]) ([]string, cobra.ShellCompDirective) {
	a.given.verbose = false
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := a.client(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer client.Close()
	var offered []string
	seen := make(map[string]bool)
	for name, err := range names(ctx, client) {
		if err != nil {
			break
		}
		if strings.HasPrefix(name, begun) && printable(name) == name && !seen[name] {
			seen[name] = true
			offered = append(offered, name)
		}
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}
