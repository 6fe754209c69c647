// Command report tells which hosts have no fresh copy, which backups failed and why,
// and how old the newest copy of every host is.
//
//	report                           tables on the terminal
//	report -max-age 50h -fail        exit status 1 if anything is not protected, for cron
//	report -html report.html         a page with a chart of copies and sizes for each host as well
//	report -ids >hosts.txt           the hosts that lack an agent or a plan, for protect -f
//
// The page is one file that loads nothing from elsewhere, so that it can be mailed
// or put on any web server. It is replaced in one step: who reads it never sees half
// of it. The program only reads, and holds no more than a few numbers a day for each
// host, however many copies there are, and the backups that failed within -max-age.
//
// Without -fail the exit status is 0 also if there are gaps; it is 1 if the report
// could not be made, and 2 if the arguments are wrong.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, env *cli.Env) int {
	q := question{now: time.Now()}
	flags := env.Flags("report", "[flags]",
		"Tells which hosts have no fresh copy, which backups failed, and how old the newest copies are.")
	cli.Duration(flags, &q.maxAge, "max-age", 26*time.Hour, "the newest copy of a plan may be of this `age`, such as 26h; failures are told for as long")
	flags.IntVar(&q.days, "days", 30, "`number` of days that the charts of the page show, 7 to 92")
	cli.Source(flags, &q.source)
	page := flags.String("html", "", "write a page to this `file`, too")
	fail := flags.Bool("fail", false, "end with status 1 if anything is not protected")
	ids := flags.Bool("ids", false, "print the IDs of the hosts that lack an agent or a plan, for protect -f, and no tables")
	if status, ok := env.Parse(flags, args); !ok {
		return status
	}
	switch {
	case flags.NArg() > 0:
		return env.BadUsage("unexpected argument %q", flags.Arg(0))
	case q.days < 7 || q.days > 92:
		return env.BadUsage("-days must be 7 to 92, is %d", q.days)
	}
	client, err := env.NewClient()
	if err != nil {
		return env.Exit(ctx, err)
	}
	defer client.Close()
	r, err := q.ask(ctx, client)
	if err != nil {
		return env.Exit(ctx, err)
	}
	if *ids {
		r.printIDs(env.Stdout)
	} else {
		r.print(env.Stdout)
	}
	if *page != "" {
		if err := replaceFile(*page, r.writeHTML); err != nil {
			return env.Exit(ctx, err)
		}
	}
	if *fail && len(r.Gaps) > 0 {
		return cli.Failed
	}
	return cli.OK
}

// print writes the report as tables.
func (r *report) print(w io.Writer) {
	if len(r.Gaps) > 0 {
		rows := [][]string{{"NOT PROTECTED", "NAME", "WHY", "PLAN", "NEWEST COPY"}}
		for _, gap := range r.Gaps {
			rows = append(rows, []string{
				gap.HostID, cli.Short(gap.HostName, 32), string(gap.Kind), cli.Short(gap.PlanName, 32), r.when(gap.Newest.Time()),
			})
		}
		cli.Table(w, rows)
		fmt.Fprintln(w)
	}
	if len(r.Failures) > 0 {
		rows := [][]string{{"FAILED", "NAME", "PLAN", "WHEN", "WHY"}}
		for _, f := range r.Failures {
			rows = append(rows, []string{
				f.HostID, cli.Short(f.HostName, 32), cli.Short(f.PlanName, 32), r.when(ended(&f)), cli.Short(f.Message, 160),
			})
		}
		cli.Table(w, rows)
		fmt.Fprintln(w)
	}
	if len(r.Hosts) > 0 {
		rows := [][]string{{"HOST", "NAME", "COPIES", "SIZE", "NEWEST COPY"}}
		for _, h := range r.Hosts {
			rows = append(rows, []string{h.ID, cli.Short(h.Name, 32), strconv.Itoa(h.Copies), cli.Bytes(h.Bytes), r.when(h.Newest)})
		}
		cli.Table(w, rows)
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s, %s not fully protected, %s, %s failed\n",
		count(len(r.Hosts), "host"), count(r.Unprotected, "host"), count(r.Copies, "copy"), count(len(r.Failures), "backup"))
}

// printIDs writes the hosts that lack an agent or a plan as protect -f reads them.
func (r *report) printIDs(w io.Writer) {
	lacking := []ctcbr.GapKind{ctcbr.GapNoAgent, ctcbr.GapAgentInactive, ctcbr.GapNoPlan}
	for _, h := range r.Hosts {
		if i := slices.IndexFunc(h.Gaps, func(g ctcbr.Gap) bool { return slices.Contains(lacking, g.Kind) }); i >= 0 {
			fmt.Fprintf(w, "%s # %s: %s\n", cli.Clean(h.ID), cli.Clean(h.Name), h.Gaps[i].Kind)
		}
	}
}

// when writes a time with its age.
func (r *report) when(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return fmt.Sprintf("%s (%s)", t.Format("2006-01-02 15:04"), ago(r.Now.Sub(t)))
}

func ago(d time.Duration) string {
	if age := cli.Age(d); age != "now" {
		return age + " ago"
	}
	return "just now"
}

func count(n int, what string) string {
	many := cmp.Or(map[string]string{"copy": "copies"}[what], what+"s")
	if n == 1 {
		many = what
	}
	return fmt.Sprintf("%d %s", n, many)
}

// replaceFile writes a file beside the one it replaces, and moves it there when it is whole.
func replaceFile(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".report-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // which is not there any more if all went well
	err = write(file)
	if chmodErr := file.Chmod(0o644); err == nil {
		err = chmodErr
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
