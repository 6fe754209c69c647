package command

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/report"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// reporting are the flags of "ctcbr report".
type reporting struct {
	fail      bool
	hostsOnly bool
	out       string
	maxAge    time.Duration
	grace     time.Duration
	minFree   int
	minDays   int
	days      int
}

const reportHelp = `Reports vaults, hosts, what is not protected and why, and failed backups. It only reads.

  ctcbr report --fail                       exit status 1 if anything is not protected, for cron
  ctcbr report -o html --out report.html    a page, with a chart for each host
  ctcbr report --hosts-only >hosts.txt      the hosts that lack an agent or a plan, for protect --hosts

Without --max-age, a copy is too old if the last run that was due has produced none. A region without hosts is not protected.`

func (a *app) report() *cobra.Command {
	r := &reporting{}
	cmd := a.leaf("report [flags]", "Report what is protected and what is not", reportHelp, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if err := r.check(a); err != nil {
			return err
		}
		return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error { return a.reportAll(ctx, client, r) })
	})
	flags := cmd.Flags()
	flags.BoolVar(&r.fail, "fail", false, a.t("exit with status 1 if anything is not protected"))
	flags.BoolVar(&r.hostsOnly, "hosts-only", false, a.t("print the IDs of the hosts that lack an agent or a plan, and nothing else"))
	flags.StringVar(&r.out, "out", "", a.t("write the report to this `file`"))
	r.defineProtection(a, cmd)
	flags.IntVar(&r.days, "days", 30, a.t("`number` of days that the charts of the page show, 7 to 92"))
	return cmd
}

// defineProtection adds the flags that define what counts as protected.
func (r *reporting) defineProtection(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(&r.maxAge, "max-age", 0, a.t("maximum `age` of the newest copy of a plan, such as 26h"))
	flags.DurationVar(&r.grace, "grace", 12*time.Hour, a.t("`time` that a run may take to produce its copy, if there is no --max-age"))
	flags.IntVar(&r.minFree, "min-free", 10, a.t("`percent` of a vault that should be free"))
	flags.IntVar(&r.minDays, "min-days", 14, a.t("`number` of days that a vault should last"))
}

func (r *reporting) check(a *app) error {
	switch {
	case r.maxAge < 0 || r.grace < 0:
		return a.wrong("--max-age and --grace must be positive")
	case r.minFree < 0 || r.minFree > 100:
		return a.wrong("--min-free must be 0 to 100, is %d", r.minFree)
	case r.minDays < 0 || r.minDays > 36500:
		return a.wrong("--min-days must be 0 to 36500, is %d", r.minDays)
	case r.days < 7 || r.days > 92:
		return a.wrong("--days must be 7 to 92, is %d", r.days)
	case r.hostsOnly && a.given.output != string(terminal.Table):
		return a.wrong("--hosts-only excludes -o")
	}
	return nil
}

func (r *reporting) protection(a *app) ctcbr.ProtectionRequest {
	return ctcbr.ProtectionRequest{
		Sources: a.sources(), MaxAge: r.maxAge, Grace: r.grace,
		MinFree: float64(r.minFree) / 100, MinTime: time.Duration(r.minDays) * 24 * time.Hour,
	}
}

func (a *app) reportAll(ctx context.Context, client *ctcbr.Client, r *reporting) error {
	q := report.Question{Now: time.Now(), Protection: r.protection(a), Failures: cmp.Or(r.maxAge, 26*time.Hour)}
	if a.given.output == "html" {
		q.Days = r.days
	}
	made, err := q.Ask(ctx, client)
	if err != nil {
		return err
	}
	write := func(d *terminal.Door) error { return a.writeReport(d, made, r) }
	if r.out == "" {
		err = write(a.out)
	} else {
		err = report.WriteFile(r.out, func(w io.Writer) error {
			d := terminal.NewDoor(w)
			return errors.Join(write(d), d.Err())
		})
	}
	switch {
	case err != nil:
		return err
	case r.fail && len(made.Gaps) > 0:
		return said(errors.New("gaps"))
	}
	return nil
}

func (a *app) writeReport(d *terminal.Door, made *report.Report, r *reporting) error {
	switch {
	case r.hostsOnly:
		a.printLacking(d, made)
	case a.given.output == "html":
		return made.WriteHTML(d, a.lang)
	case a.format() == terminal.JSON:
		d.JSON(viewReport(made))
	case a.format() == terminal.CSV:
		terminal.List(d, terminal.CSV, a.hostReportColumns(), viewReport(made).Hosts)
	default:
		a.printReport(d, viewReport(made))
	}
	return nil
}

// printReport writes the report as tables.
func (a *app) printReport(d *terminal.Door, v reportView) {
	section := func(title string, n int) bool {
		if n > 0 {
			d.Line("%s", a.t(title))
		}
		return n > 0
	}
	if section("Vaults", len(v.Vaults)) {
		terminal.List(d, terminal.Table, a.vaultResource().columns, v.Vaults)
		d.Line("")
	}
	if section("What is not protected", len(v.Gaps)) {
		terminal.List(d, terminal.Table, a.gapColumns(), v.Gaps)
		d.Line("")
	}
	if section("What failed", len(v.Failures)) {
		terminal.List(d, terminal.Table, a.taskColumns(), v.Failures)
		d.Line("")
	}
	if section("Hosts", len(v.Hosts)) {
		terminal.List(d, terminal.Table, a.hostReportColumns(), v.Hosts)
		d.Line("")
	}
	d.Line("%s", a.f("%d hosts, %d of them not fully protected; %d copies; %d backups failed; %d gaps in all",
		len(v.Hosts), v.Unprotected, v.Copies, len(v.Failures), len(v.Gaps)))
}

// lacking are the gaps that "ctcbr protect" closes.
var lacking = []ctcbr.GapKind{ctcbr.GapNoAgent, ctcbr.GapAgentInactive, ctcbr.GapNoPlan}

// printLacking prints hosts in the form that "ctcbr protect --hosts" reads.
func (a *app) printLacking(d *terminal.Door, made *report.Report) {
	for _, h := range made.Hosts {
		i := slices.IndexFunc(h.Gaps, func(g ctcbr.Gap) bool { return slices.Contains(lacking, g.Kind) })
		if i >= 0 && h.Host.ID != "" {
			d.Line("%s # %s: %s", h.Host.ID, h.Host.Name, a.t(string(h.Gaps[i].Kind)))
		}
	}
}
