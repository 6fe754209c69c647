// Command protect gives hosts what they need to be backed up: an agent, and a plan.
//
//	protect -storage vault -plan nightly -daily 2 -keep-days 30 -dir /etc -dir /var/lib HOST-ID...
//	protect -storage vault -plan weekly -weekly sunday@2 -keep-days 90 -all-dirs -f hosts.txt
//
// With -f the IDs of hosts come from a file, or from the standard input for -f -,
// one a line; what follows # is a comment. The program report writes such a list if
// it is given -ids.
//
// On each host the program looks before it does anything: it installs an agent where
// there is none, waits until the agent is active, and creates the plan where the host
// has none of that name. So it can be run again after a crash, an interrupt or a
// failure, and goes on where it stopped. A plan that is there stays as it is, also if
// it differs. Whatever stays unknown is looked for before the program says that it
// failed, and not sent twice.
//
// Do not run it twice at the same time for one host: the service takes two plans of
// one name, and each run may see none before it creates its own. The next run would
// refuse to choose between them.
//
// The exit status is 0 only if every host has its agent and its plan, 1 if something
// failed, and 2 if the arguments are wrong.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, env *cli.Env) int {
	p := &protect{env: env}
	flags := env.Flags("protect", "-storage NAME -plan NAME [flags] HOST-ID... | -f FILE",
		"Gives cloud hosts what they lack to be backed up: an agent, and a plan of that name.")
	options := p.define(flags)
	if status, ok := env.Parse(flags, args); !ok {
		return status
	}
	if problem := p.settle(options); problem != "" {
		return env.BadUsage("%s", problem)
	}
	hosts, err := p.readHosts(options.file, flags.Args())
	if err != nil {
		return env.BadUsage("%s", err)
	}
	client, err := env.NewClient()
	if err != nil {
		return env.Exit(ctx, err)
	}
	defer client.Close()
	p.client = client
	return env.Exit(ctx, p.do(ctx, hosts))
}

type protect struct {
	env    *cli.Env
	client *ctcbr.Client

	storage  string
	plan     ctcbr.CreatePlanRequest // but for the host
	parallel int
	atMost   time.Duration

	mu sync.Mutex // of the output
}

// readHosts takes the IDs of hosts from the arguments or a file, each once: two
// workers on one host would make two plans.
func (p *protect) readHosts(file string, args []string) ([]string, error) {
	if (file == "") == (len(args) == 0) {
		return nil, errors.New("give the IDs of hosts, or -f")
	}
	if file != "" {
		var err error
		if args, err = p.readFile(file); err != nil {
			return nil, err
		}
	}
	var hosts []string
	seen := make(map[string]bool)
	for _, id := range args {
		if !seen[id] {
			seen[id] = true
			hosts = append(hosts, id)
		}
	}
	return hosts, nil
}

func (p *protect) readFile(name string) ([]string, error) {
	var in io.Reader = p.env.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	var ids []string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		switch words := strings.Fields(line); len(words) {
		case 0:
		case 1:
			ids = append(ids, words[0])
		default:
			return nil, fmt.Errorf("%s: the line %q holds more than the ID of a host", name, lines.Text())
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: there is no host in it", name)
	}
	return ids, nil
}

// result is what became of a host.
type result struct {
	host        string
	agent, plan string
	err         error
}

func (p *protect) do(ctx context.Context, hosts []string) error {
	storage, err := p.client.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: p.storage})
	if err != nil {
		return err
	}
	if storage.Status != ctcbr.StorageAvailable {
		return fmt.Errorf("repository %s is %s", storage.Name, storage.Status)
	}
	p.plan.StorageID = storage.ID

	results := make([]*result, len(hosts))
	next := make(chan *result)
	var workers sync.WaitGroup
	for range min(p.parallel, len(hosts)) {
		workers.Go(func() {
			for r := range next {
				r.err = p.protect(ctx, r)
				if r.err != nil {
					p.say("%s: failed", r.host)
				}
			}
		})
	}
	for i, host := range hosts {
		results[i] = &result{host: host, agent: "-", plan: "-"}
		next <- results[i]
	}
	close(next)
	workers.Wait()
	return p.summarize(ctx, results)
}

// protect gives one host what it lacks.
func (p *protect) protect(ctx context.Context, r *result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.needAgent(ctx, r); err != nil {
		return fmt.Errorf("agent: %w", err)
	}
	if err := p.needPlan(ctx, r); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return nil
}

// needAgent installs an agent if the host has none, or one that has to be installed
// again, and waits until it is active.
func (p *protect) needAgent(ctx context.Context, r *result) error {
	agent, err := p.client.Agents.Get(ctx, &ctcbr.GetAgentRequest{HostID: r.host})
	switch {
	case err == nil && agent.Status == ctcbr.AgentActivated:
		r.agent = "was active"
		return nil
	case errors.Is(err, ctcbr.ErrNotFound), err == nil && agent.Installable:
		if err := p.install(ctx, r); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	state := ""
	_, err = p.client.Agents.WaitActivated(ctx, r.host, p.env.WaitOptions(ctcbr.WaitAtMost(p.atMost),
		ctcbr.WaitProgress(func(now ctcbr.Progress) { state = now.State }))...)
	if err != nil {
		r.agent = cli.Clean(state)
		return err
	}
	r.agent = "installed"
	p.say("%s: the agent is active", r.host)
	return nil
}

// install sends the command to install an agent. Whether one of unknown outcome was
// carried out shows while the agent is waited for.
func (p *protect) install(ctx context.Context, r *result) error {
	p.say("%s: installing an agent", r.host)
	_, err := p.client.Agents.Install(ctx, &ctcbr.InstallAgentRequest{HostID: r.host})
	if errors.Is(err, ctcbr.ErrOutcomeUnknown) && ctx.Err() == nil {
		p.say("%s: no answer came, looking whether it is being installed", r.host)
		return nil
	}
	return err
}

// needPlan creates the plan if the host has none of its name.
func (p *protect) needPlan(ctx context.Context, r *result) error {
	plan, err := p.findPlan(ctx, r.host)
	switch {
	case err != nil:
		return err
	case plan != nil:
		r.plan = "was there"
		if plan.Status != ctcbr.PlanActive {
			r.plan = "was there: " + cli.Clean(string(plan.Status))
			return fmt.Errorf("plan %s does not run by its schedule: its status is %s", plan.ID, plan.Status)
		}
		return nil
	}
	req := p.plan
	req.HostID = r.host
	_, err = p.client.Plans.Create(ctx, &req)
	if errors.Is(err, ctcbr.ErrOutcomeUnknown) {
		p.say("%s: no answer came, looking for the plan", r.host)
		found, lookErr := p.env.LookFor(ctx, func() (bool, error) {
			plan, err := p.findPlan(ctx, r.host)
			return plan != nil, err
		})
		switch {
		case found:
			err = nil
		case lookErr != nil:
			err = fmt.Errorf("%w; looking for it: %w", err, lookErr)
		}
	}
	if err != nil {
		return err
	}
	r.plan = "created"
	p.say("%s: the plan is created", r.host)
	return nil
}

// findPlan finds the plan of a host by its name; nil means that there is none.
func (p *protect) findPlan(ctx context.Context, host string) (*ctcbr.Plan, error) {
	plan, err := p.client.Plans.Find(ctx, &ctcbr.FindPlanRequest{Name: p.plan.Name, HostID: host})
	if errors.Is(err, ctcbr.ErrNotFound) {
		return nil, nil
	}
	return plan, err
}

func (p *protect) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.env.Stdout, format+"\n", args...)
}

func (p *protect) summarize(ctx context.Context, results []*result) error {
	rows := [][]string{{"HOST", "AGENT", "PLAN", "RESULT"}}
	failed := 0
	for _, r := range results {
		outcome := "protected"
		switch {
		case r.err == nil:
		case errors.Is(r.err, ctcbr.ErrOutcomeUnknown):
			outcome = "unknown"
		case ctx.Err() != nil && errors.Is(r.err, ctx.Err()):
			outcome = "interrupted"
		default:
			outcome = "failed"
		}
		if r.err != nil {
			failed++
			p.env.Complain("%s: %s", r.host, r.err)
		}
		rows = append(rows, []string{r.host, r.agent, r.plan, outcome})
	}
	cli.Table(p.env.Stdout, rows)
	fmt.Fprintf(p.env.Stdout, "%d of %d hosts protected\n", len(results)-failed, len(results))
	switch {
	case failed == 0:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%d of %d hosts are not protected: run this again when the reason is gone", failed, len(results))
}
