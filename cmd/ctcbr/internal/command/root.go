package command

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/lang"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "ctcbr",
		Short:             a.t("Backups of Tianyi Cloud hosts (CT-CBR), from the command line"),
		Long:              a.t(rootHelp),
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		CompletionOptions: cobra.CompletionOptions{DisableDescriptions: false},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.out)
	root.SetErr(a.err)
	a.defineGlobal(root)
	root.AddGroup(
		&cobra.Group{ID: "read", Title: a.t("List and show:")},
		&cobra.Group{ID: "act", Title: a.t("Protect, run, restore:")},
		&cobra.Group{ID: "watch", Title: a.t("Monitor:")},
		&cobra.Group{ID: "tool", Title: a.t("Tools:")},
	)
	for id, commands := range map[string][]*cobra.Command{
		"read":  {a.hosts(), a.vaults(), a.plans(), a.copies(), a.tasks(), a.restores(), a.regions(), a.orders()},
		"act":   {a.protect(), a.run(), a.wait()},
		"watch": {a.report(), a.watch()},
		"tool":  {a.check(), a.api(), a.fake()},
	} {
		for _, c := range commands {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	a.localize(root)
	return root
}

// version is that of the module that the tool was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

const rootHelp = `Backups of Tianyi Cloud hosts (CT-CBR), from the command line.

Keys and region come from CTYUN_AK, CTYUN_SK and CTYUN_REGION_ID, or from ~/.ctyun/config.json.
Start with "ctcbr check", which says what is missing.

Exit status: 0 done, 1 failed, 2 wrong arguments, 3 an order or a change was sent and no response came.`

func (a *app) defineGlobal(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&a.given.region, "region", "", a.t("region, by name or `ID`"))
	flags.StringVar(&a.given.profile, "profile", "", a.t("`name` of a profile in ~/.ctyun/config.json; its keys and region take precedence"))
	flags.StringVar(&a.given.endpoint, "endpoint", "", a.t("`URL` of the service (CTCBR_ENDPOINT)"))
	flags.StringSliceVar(&a.given.sources, "source", nil, a.t("`kind` of hosts: CT-ECS, CT-DPS (bare metal), CT-LS (on premises); all kinds by default"))
	flags.StringVarP(&a.given.output, "output", "o", string(terminal.Table), a.t("`format`: table, json or csv"))
	flags.StringVar(&a.given.lang, "lang", "", a.t("`language`: en or zh; default from the locale"))
	flags.BoolVarP(&a.given.verbose, "verbose", "v", false, a.t("show every request as a curl command, with the signature masked"))
	flags.BoolVarP(&a.given.quiet, "quiet", "q", false, a.t("print only results and errors"))
	complete := func(words ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	for flag, words := range map[string][]string{
		"source": {"CT-ECS", "CT-DPS", "CT-LS"}, "lang": {"en", "zh"}, "output": {"table", "json", "csv"},
	} {
		_ = root.RegisterFlagCompletionFunc(flag, complete(words...)) // fails if the command does not have the flag
	}
}

var kinds = []ctcbr.SourceType{ctcbr.SourceECS, ctcbr.SourceBareMetal, ctcbr.SourceOnPremises}

// checkGlobal validates the flags that all commands have.
func (a *app) checkGlobal(cmd *cobra.Command, args []string) error {
	if a.given.lang != "" {
		if _, ok := lang.Parse(a.given.lang); !ok {
			return a.wrong("--lang must be en or zh, is %q", a.given.lang)
		}
	}
	if !slices.Contains([]terminal.Format{terminal.Table, terminal.JSON, terminal.CSV}, a.format()) &&
		(a.given.output != "html" || cmd.Name() != "report") {
		return a.wrong("-o must be table, json or csv, is %q", a.given.output)
	}
	for i, source := range a.given.sources {
		a.given.sources[i] = strings.ToUpper(source)
		if !slices.Contains(kinds, ctcbr.SourceType(a.given.sources[i])) {
			return a.wrong("--source must be CT-ECS, CT-DPS or CT-LS, is %q", source)
		}
	}
	for _, arg := range args {
		if strings.TrimSpace(arg) == "" {
			return a.wrong("an argument is empty")
		}
	}
	return nil
}

// sources returns the kinds of hosts that a command covers.
func (a *app) sources() []ctcbr.SourceType {
	if len(a.given.sources) == 0 {
		return kinds
	}
	var sources []ctcbr.SourceType
	for _, s := range a.given.sources {
		if s := ctcbr.SourceType(s); !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return sources
}

// group returns a command that has subcommands.
func (a *app) group(use, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: a.t(short)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		problem := a.f("there is no command %q", cmd.CommandPath()+" "+args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			problem += a.f("; did you mean %s?", strings.Join(near, ", "))
		}
		return a.wrong("%s", problem)
	}
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(below...)
	return c
}

// leaf returns a command without subcommands. With nil args it accepts any arguments.
func (a *app) leaf(use, short, long string, args cobra.PositionalArgs, run func(context.Context, []string) error) *cobra.Command {
	if long != "" {
		long = a.t(short) + "\n\n" + a.t(long)
	}
	return &cobra.Command{
		Use: use, Short: a.t(short), Long: long, Args: a.arguments(args), RunE: a.runs(run),
		ValidArgsFunction: cobra.NoFileCompletions, DisableFlagsInUseLine: true,
	}
}

// arguments checks the number of arguments. Its errors are in the language of the run.
func (a *app) arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil || check(cmd, args) == nil {
			return nil
		}
		return a.wrong("wrong number of arguments; usage: %s", cmd.UseLine())
	}
}

// localize translates the help to the language of the run.
func (a *app) localize(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long = a.t("Help about a command"), ""
		case "completion":
			c.Short, c.Long = a.t("Generate the completion script for a shell: bash, zsh, fish or powershell"), ""
		}
	}
	root.SetUsageTemplate(a.usageTemplate(root.UsageTemplate()))
	a.localizeHelpFlags(root)
}

func (a *app) localizeHelpFlags(c *cobra.Command) {
	c.Flags().BoolP("help", "h", false, a.t("help about this command"))
	for _, below := range c.Commands() {
		a.localizeHelpFlags(below)
	}
}

// usageTemplate translates cobra's own template.
func (a *app) usageTemplate(template string) string {
	for _, words := range []string{
		"Usage:", "Aliases:", "Examples:", "Available Commands:", "Additional Commands:", "Flags:", "Global Flags:", "Additional help topics:",
	} {
		template = strings.ReplaceAll(template, "\n"+words, "\n"+a.t(words))
		if strings.HasPrefix(template, words) {
			template = a.t(words) + strings.TrimPrefix(template, words)
		}
	}
	return strings.ReplaceAll(template, `Use "{{.CommandPath}} [command] --help" for more information about a command.`,
		a.t(`Use "{{.CommandPath}} [command] --help" for more information about a command.`))
}
