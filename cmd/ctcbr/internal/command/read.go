package command

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// resource is a kind of item that can be listed and found.
type resource[V any] struct {
	noun    string // in English, translated when it is shown
	plural  string
	columns []terminal.Column[V]
	all     func(ctx context.Context, client *ctcbr.Client) iter.Seq2[V, error]
	view    func(V) candidate
	filters *filters
	match   func(V, *filters) bool // nil: all
}

// filters are the flags that narrow a list.
type filters struct {
	host, plan, vault, status string
}

// define adds the flags of a list.
func (f *filters) define(a *app, cmd *cobra.Command, names ...string) {
	for _, name := range names {
		switch name {
		case "host":
			cmd.Flags().StringVar(&f.host, "host", "", a.t("only those of the host with this `name-or-ID`"))
			_ = cmd.RegisterFlagCompletionFunc("host", a.completeHosts)
		case "plan":
			cmd.Flags().StringVar(&f.plan, "plan", "", a.t("only those of plans with this `name-or-ID`"))
			_ = cmd.RegisterFlagCompletionFunc("plan", a.completePlans)
		case "vault":
			cmd.Flags().StringVar(&f.vault, "vault", "", a.t("only those in the vault with this `name-or-ID`"))
			_ = cmd.RegisterFlagCompletionFunc("vault", a.completeVaults)
		case "status":
			cmd.Flags().StringVar(&f.status, "status", "", a.t("only those in this `state`, as the service writes it"))
		}
	}
}

func (f *filters) given() bool { return f != nil && *f != (filters{}) }

// is reports whether a filter is empty, or equals one of some names or IDs.
func is(filter string, values ...string) bool {
	if filter == "" {
		return true
	}
	for _, v := range values {
		if v == filter {
			return true
		}
	}
	return false
}

// reads returns the commands list and get of a resource.
func reads[V any](a *app, r resource[V], filterNames ...string) (list, get *cobra.Command) {
	r.filters = &filters{}
	list = a.leaf("list [flags]", "List "+r.plural, "", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.list(ctx, r.print(a))
	})
	get = a.leaf("get NAME-or-ID [flags]", "Show one "+r.noun, "", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error {
			found, err := r.find(ctx, a, client, args[0])
			if err == nil {
				terminal.Item(a.out, a.format(), r.columns, found)
			}
			return err
		})
	})
	r.filters.define(a, list, filterNames...)
	getFilters := []string{}
	for _, name := range filterNames {
		if name == "host" {
			getFilters = append(getFilters, name)
		}
	}
	r.filters.define(a, get, getFilters...)
	return list, get
}

// list creates the client for a command that reads.
func (a *app) list(ctx context.Context, read func(context.Context, *ctcbr.Client) error) error {
	client, err := a.client(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	return read(ctx, client)
}

// print prints the items that match the filters. If a list breaks off, nothing is printed, because half
// a list looks like a complete one. Only a complete list that is shorter than the service counts is
// printed, followed by its error.
func (r resource[V]) print(a *app) func(context.Context, *ctcbr.Client) error {
	return func(ctx context.Context, client *ctcbr.Client) error {
		var items []V
		var incomplete error
		for item, err := range r.all(ctx, client) {
			if errors.Is(err, ctcbr.ErrIncomplete) {
				incomplete = errors.Join(incomplete, err)
				continue
			}
			if err != nil {
				return err
			}
			if r.passes(item) {
				items = append(items, item)
			}
		}
		if len(items) == 0 && r.filters.given() {
			if err := a.checkFilters(ctx, client, r.filters); err != nil {
				return err
			}
		}
		terminal.List(a.out, a.format(), r.columns, items)
		if len(items) == 0 {
			a.say("none")
		}
		return incomplete
	}
}

func (r resource[V]) passes(item V) bool { return r.match == nil || r.match(item, r.filters) }

// checkFilters distinguishes an empty list from one that is empty because of a mistyped name.
func (a *app) checkFilters(ctx context.Context, client *ctcbr.Client, f *filters) error {
	if f.host != "" {
		if _, err := client.Hosts.Find(ctx, &ctcbr.FindHostRequest{Name: f.host, Sources: a.sources()}); err != nil {
			return err
		}
	}
	if f.vault != "" {
		if _, err := a.findVault(ctx, client, f.vault); err != nil {
			return err
		}
	}
	if f.plan != "" {
		if _, err := a.findPlans(ctx, client, f.plan); err != nil {
			return err
		}
	}
	return nil
}

// find finds one item by its ID or its name, which must be unique.
func (r resource[V]) find(ctx context.Context, a *app, client *ctcbr.Client, sought string) (V, error) {
	var near []V
	for item, err := range r.all(ctx, client) {
		if err != nil {
			var none V
			return none, err
		}
		if r.passes(item) && len(match(sought, []V{item}, r.view)) > 0 {
			near = append(near, item)
		}
	}
	return pick(a, r.noun, sought, near, r.view)
}

// each lists one kind of host after the other, and passes the kind with each item.
func each[T any](sources []ctcbr.SourceType, list func(ctcbr.SourceType) iter.Seq2[T, error]) iter.Seq2[sourced[T], error] {
	return func(yield func(sourced[T], error) bool) {
		for _, source := range sources {
			for item, err := range list(source) {
				if !yield(sourced[T]{item, source}, err) {
					return
				}
			}
		}
	}
}

type sourced[T any] struct {
	item   T
	source ctcbr.SourceType
}

// mapped converts listed items to their views.
func mapped[T, V any](all iter.Seq2[T, error], view func(T) V) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for item, err := range all {
			if !yield(view(item), err) {
				return
			}
		}
	}
}

// collect reads a complete list.
func collect[T any](all iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range all {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// named is a reference to another item.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// String returns the name, or the ID if there is no name.
func (n named) String() string {
	if n.Name != "" {
		return n.Name
	}
	return n.ID
}
