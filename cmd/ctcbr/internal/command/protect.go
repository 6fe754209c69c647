package command

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/textfile"
)

// protecting are the flags of "ctcbr protect".
type protecting struct {
	flags        spec
	file         string
	hosts        string
	dry          bool
	update       bool
	listedWithin time.Duration
	waiting      waiting
	specs        []spec
	requests     []*ctcbr.CreatePlanRequest
}

const protectHelp = `Gives hosts an active agent and a plan, where they are missing. It checks first what exists, so it can be run again at any time, even after a crash. A plan that exists and differs is reported and not changed, unless --update is given.

  ctcbr protect web-01 'db-*' --plan nightly --vault vault --daily 2 --keep-days 30 --dir /etc --dir /var/lib
  ctcbr protect -f nightly.yaml --dry-run

The file holds the same in YAML, for one plan or for several with --- between them:

  plan: nightly
  vault: vault
  hosts: [web-01, "db-*"]
  daily: 2            # or hourly: true, weekly: sunday@2, monthly: 1@2
  keepDays: 30        # or keepForever: true
  dirs: [/etc, /var/lib]   # or allDirs: true
  exclude: [/var/lib/cache]
  limits: ["9-18=10MB"]

The exit status is 0 only if every host has an active agent and the plan as specified.`

func (a *app) protect() *cobra.Command {
	p := &protecting{}
	daily := 0
	cmd := a.leaf("protect HOST... --plan NAME --vault NAME SCHEDULE RETENTION DIRECTORIES | -f FILE [flags]",
		"Protect hosts: install an agent and create a plan where missing", protectHelp, nil, nil)
	cmd.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("daily") {
			p.flags.Daily = &daily
		}
		return a.runs(func(ctx context.Context, args []string) error {
			if err := p.settle(a, c, args); err != nil {
				return err
			}
			return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return a.protectAll(ctx, client, p) })
		})(c, args)
	}
	p.flags.define(a, cmd, &daily)
	cmd.Flags().StringVarP(&p.file, "file", "f", "", a.t("read the plan from this `file`; - is the standard input"))
	cmd.Flags().StringVar(&p.hosts, "hosts", "", a.t("read the names or IDs of hosts from this `file`, one per line; - is the standard input"))
	cmd.Flags().BoolVar(&p.dry, "dry-run", false, a.t("show what would be done, and do nothing"))
	cmd.Flags().BoolVar(&p.update, "update", false, a.t("change existing plans that differ"))
	cmd.Flags().DurationVar(&p.listedWithin, "listed-within", 5*time.Minute, a.t("`time` in which the service must list what was created, before it counts as not created"))
	p.waiting.define(a, cmd, 30*time.Minute)
	cmd.ValidArgsFunction = a.completeHosts
	return cmd
}

// settle turns the flags and the files into requests. All of them are checked before the first request
// is sent.
func (p *protecting) settle(a *app, cmd *cobra.Command, args []string) error {
	if err := p.waiting.check(a); err != nil {
		return err
	}
	if p.listedWithin <= 0 {
		return a.wrong("--listed-within must be positive")
	}
	p.flags.Hosts = args
	if p.hosts != "" {
		if p.hosts == "-" && p.file == "-" {
			return a.wrong("the standard input cannot be both the plan and the hosts")
		}
		text, err := textfile.Read(p.hosts, a.Stdin)
		if err != nil {
			return usage(err)
		}
		lines := textfile.Lines(text)
		if len(lines) == 0 {
			return a.wrong("%s: there is no host in it", p.hosts)
		}
		p.flags.Hosts = append(p.flags.Hosts, lines...)
	}
	p.specs = []spec{{}}
	if p.file != "" {
		var err error
		if p.specs, err = a.readSpecs(p.file); err != nil {
			return usage(err)
		}
	}
	var problems []error
	for i, s := range p.specs {
		p.specs[i] = s.with(&p.flags, cmd)
		req, err := p.specs[i].request(a)
		problems = append(problems, err)
		p.requests = append(p.requests, req)
	}
	return errors.Join(problems...)
}

// protectAll ensures one plan after the other.
func (a *app) protectAll(ctx context.Context, client *ctcbr.Client, p *protecting) error {
	if err := a.checkPlans(ctx, client, p); err != nil {
		return err
	}
	var views []protectView
	var failures []error
	for i, req := range p.requests {
		e := &ensuring{app: a, client: client, protecting: p, req: req, rows: make(map[string]*protectView)}
		err := e.run(ctx, &p.specs[i])
		views = append(views, e.views()...)
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	terminal.List(a.out, a.format(), a.protectColumns(), views)
	a.summarize(views, p.dry)
	return errors.Join(failures...)
}

// checkPlans validates all plans before anything is changed. It sends nothing.
func (a *app) checkPlans(ctx context.Context, client *ctcbr.Client, p *protecting) error {
	var problems []error
	for _, req := range p.requests {
		checked := *req
		checked.StorageID = "to be found"
		_, err := client.Plans.EnsureAll(ctx, nil, &checked, ctcbr.DryRun(true))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (a *app) summarize(views []protectView, dry bool) {
	counts := make(map[string]int)
	for _, v := range views {
		counts[v.Action]++
	}
	var words []string
	for _, action := range []string{"created", "updated", "enabled", "unchanged", "differs", "unknown", "failed"} {
		if n := counts[action]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, a.t(action)))
		}
	}
	if len(words) == 0 {
		return
	}
	if dry {
		a.say("nothing was done; this would be done: %s", strings.Join(words, ", "))
		return
	}
	a.say("%s", strings.Join(words, ", "))
}

// findHosts finds hosts by name, ID and pattern. The error lists those that do not exist; the others
// are found nevertheless.
func (a *app) findHosts(ctx context.Context, client *ctcbr.Client, sought []string) ([]ctcbr.Host, error) {
	var names, patterns []string
	for _, s := range unique(sought) {
		if strings.ContainsAny(s, "*?[") {
			patterns = append(patterns, s)
		} else {
			names = append(names, s)
		}
	}
	var found []ctcbr.Host
	var failures []error
	if len(names) > 0 {
		hosts, err := client.Hosts.FindAll(ctx, &ctcbr.FindHostsRequest{Names: names, Sources: a.sources()})
		found, failures = hosts, append(failures, err)
	}
	if len(patterns) > 0 {
		hosts, err := a.matchHosts(ctx, client, patterns)
		found, failures = append(found, hosts...), append(failures, err)
	}
	seen := make(map[string]bool)
	var once []ctcbr.Host
	for _, h := range found {
		if !seen[h.ID] {
			seen[h.ID] = true
			once = append(once, h)
		}
	}
	return once, errors.Join(failures...)
}

func (a *app) matchHosts(ctx context.Context, client *ctcbr.Client, patterns []string) ([]ctcbr.Host, error) {
	all, err := collect(client.Hosts.All(ctx, &ctcbr.ListHostsRequest{Sources: a.sources()}))
	if err != nil {
		return nil, err
	}
	var found []ctcbr.Host
	slices.SortStableFunc(all, func(x, y ctcbr.Host) int { return strings.Compare(x.Name, y.Name) })
	var failures []error
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			failures = append(failures, a.wrong("%q is not a pattern", pattern))
			continue
		}
		before := len(found)
		for _, h := range all {
			if ok, _ := path.Match(pattern, h.Name); ok || h.Name == pattern {
				found = append(found, h)
			}
		}
		if len(found) == before {
			failures = append(failures, a.failed("no host matches %q: %w", printable(pattern), ctcbr.ErrNotFound))
		}
	}
	return found, errors.Join(failures...)
}
