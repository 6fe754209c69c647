package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/textfile"
)

// spec specifies a plan and the hosts that should have it. It comes from a document of the file of
// "protect -f", or from the flags.
type spec struct {
	Plan        string   `yaml:"plan"`
	Vault       string   `yaml:"vault"`
	Hosts       []string `yaml:"hosts"`
	Hourly      bool     `yaml:"hourly"`
	Daily       *int     `yaml:"daily"`
	Weekly      string   `yaml:"weekly"`
	Monthly     string   `yaml:"monthly"`
	KeepDays    int      `yaml:"keepDays"`
	KeepForever bool     `yaml:"keepForever"`
	Dirs        []string `yaml:"dirs"`
	AllDirs     bool     `yaml:"allDirs"`
	Exclude     []string `yaml:"exclude"`
	Limits      []string `yaml:"limits"`
}

// define defines a flag for each field of a spec.
func (s *spec) define(a *app, cmd *cobra.Command, daily *int) {
	flags := cmd.Flags()
	flags.StringVar(&s.Plan, "plan", "", a.t("`name` of the plan"))
	flags.StringVar(&s.Vault, "vault", "", a.t("`name-or-ID` of the vault"))
	flags.BoolVar(&s.Hourly, "hourly", false, a.t("back up every hour"))
	flags.IntVar(daily, "daily", 0, a.t("back up every day at this `hour`, 0 to 23, Beijing time"))
	flags.StringVar(&s.Weekly, "weekly", "", a.t("back up every week at this `day@hour`, such as sunday@2"))
	flags.StringVar(&s.Monthly, "monthly", "", a.t("back up every month at this `day@hour`, such as 1@2"))
	flags.IntVar(&s.KeepDays, "keep-days", 0, a.t("keep copies for this `number` of days"))
	flags.BoolVar(&s.KeepForever, "keep-forever", false, a.t("keep copies until they are deleted"))
	flags.StringArrayVar(&s.Dirs, "dir", nil, a.t("back up this `directory`; may be given up to ten times"))
	flags.BoolVar(&s.AllDirs, "all-dirs", false, a.t("back up all directories"))
	flags.StringArrayVar(&s.Exclude, "exclude", nil, a.t("exclude this `path` of the directories; may be given up to ten times"))
	flags.StringArrayVar(&s.Limits, "limit", nil, a.t("limit uploads between two hours, such as `9-18=10MB` a second; may be given more than once"))
	_ = cmd.RegisterFlagCompletionFunc("vault", a.completeVaults)
	_ = cmd.RegisterFlagCompletionFunc("plan", a.completePlans)
}

// readSpecs reads the documents of a file.
func (a *app) readSpecs(name string) ([]spec, error) {
	text, err := textfile.Read(name, a.Stdin)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	var specs []spec
	for {
		var s spec
		err := decoder.Decode(&s)
		switch {
		case errors.Is(err, io.EOF) && len(specs) == 0:
			return nil, fmt.Errorf("%s: %s", name, a.t("there is no plan in it"))
		case errors.Is(err, io.EOF):
			return specs, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		specs = append(specs, s)
	}
}

// with returns the spec with the values of the flags that were given.
func (s spec) with(flags *spec, cmd *cobra.Command) spec {
	changed := cmd.Flags().Changed
	if changed("hourly") || changed("daily") || changed("weekly") || changed("monthly") {
		s.Hourly, s.Daily, s.Weekly, s.Monthly = flags.Hourly, flags.Daily, flags.Weekly, flags.Monthly
	}
	if changed("keep-days") || changed("keep-forever") {
		s.KeepDays, s.KeepForever = flags.KeepDays, flags.KeepForever
	}
	if changed("dir") || changed("all-dirs") {
		s.Dirs, s.AllDirs = flags.Dirs, flags.AllDirs
	}
	if changed("plan") {
		s.Plan = flags.Plan
	}
	if changed("vault") {
		s.Vault = flags.Vault
	}
	if changed("exclude") {
		s.Exclude = flags.Exclude
	}
	if changed("limit") {
		s.Limits = flags.Limits
	}
	if len(flags.Hosts) > 0 {
		s.Hosts = flags.Hosts
	}
	return s
}

// request returns the request for the plan, without its vault. The error lists everything that is
// invalid.
func (s *spec) request(a *app) (*ctcbr.CreatePlanRequest, error) {
	var problems []error
	wrong := func(text string) { problems = append(problems, a.wrong(text)) }
	if s.Plan == "" {
		wrong("--plan is required")
	}
	if s.Vault == "" {
		wrong("--vault is required")
	}
	if len(s.Hosts) == 0 {
		wrong("give hosts, by name, ID or pattern, or --hosts FILE")
	}
	schedule, err := s.schedule(a)
	if err != nil {
		problems = append(problems, err)
	}
	if (s.KeepDays != 0) == s.KeepForever || s.KeepDays < 0 {
		wrong("give either --keep-days with at least 1, or --keep-forever")
	}
	if (len(s.Dirs) > 0) == s.AllDirs || len(s.Dirs) > 10 {
		wrong("give either one to ten directories with --dir, or --all-dirs")
	}
	limits, err := parseLimits(a, s.Limits)
	if err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return &ctcbr.CreatePlanRequest{
		Name: s.Plan, Files: s.files(), Schedule: schedule, Retention: s.retention(), Limits: limits,
	}, nil
}

func (s *spec) files() *ctcbr.FileSelection {
	files := ctcbr.BackUpAll()
	if !s.AllDirs {
		files = ctcbr.BackUpDirs(s.Dirs...)
	}
	if len(s.Exclude) > 0 {
		files = files.Except(s.Exclude...)
	}
	return files
}

func (s *spec) retention() ctcbr.Retention {
	if s.KeepForever {
		return ctcbr.KeepForever()
	}
	return ctcbr.KeepDays(s.KeepDays)
}

func (s *spec) schedule(a *app) (ctcbr.Schedule, error) {
	var given []ctcbr.Schedule
	if s.Hourly {
		given = append(given, ctcbr.Hourly())
	}
	if s.Daily != nil {
		given = append(given, ctcbr.Daily(*s.Daily))
	}
	if s.Weekly != "" {
		schedule, ok := parseWeekly(s.Weekly)
		if !ok {
			return schedule, a.wrong("--weekly must be a day and an hour, such as sunday@2, is %q", s.Weekly)
		}
		given = append(given, schedule)
	}
	if s.Monthly != "" {
		schedule, ok := parseMonthly(s.Monthly)
		if !ok {
			return schedule, a.wrong("--monthly must be a day and an hour, such as 1@2, is %q", s.Monthly)
		}
		given = append(given, schedule)
	}
	if len(given) != 1 {
		return ctcbr.Schedule{}, a.wrong("give one of --hourly, --daily, --weekly and --monthly")
	}
	if given[0].Next(time.Now()).IsZero() {
		return given[0], a.wrong("%s", given[0].String())
	}
	return given[0], nil
}

var weekdays = map[string]time.Weekday{"周日": 0, "周一": 1, "周二": 2, "周三": 3, "周四": 4, "周五": 5, "周六": 6}

func parseWeekly(text string) (ctcbr.Schedule, bool) {
	name, hour, ok := dayAndHour(text)
	if day, known := weekdays[name]; known {
		return ctcbr.Weekly(day, hour), ok
	}
	for day := time.Sunday; ok && day <= time.Saturday; day++ {
		if full := strings.ToLower(day.String()); name == full || name == full[:3] {
			return ctcbr.Weekly(day, hour), true
		}
	}
	return ctcbr.Schedule{}, false
}

func parseMonthly(text string) (ctcbr.Schedule, bool) {
	name, hour, ok := dayAndHour(text)
	day, err := strconv.Atoi(name)
	return ctcbr.Monthly(day, hour), ok && err == nil
}

func dayAndHour(text string) (day string, hour int, ok bool) {
	day, rest, ok := strings.Cut(text, "@")
	hour, err := strconv.Atoi(rest)
	return strings.ToLower(day), hour, ok && err == nil
}

var limitForm = regexp.MustCompile(`^(\d{1,2})-(\d{1,2})=(\d{1,5})(?i:MB?(?:/s|ps)?)?$`)

func parseLimits(a *app, texts []string) (*ctcbr.UploadLimits, error) {
	var limits *ctcbr.UploadLimits
	for _, text := range texts {
		found := limitForm.FindStringSubmatch(text)
		if found == nil {
			return nil, a.wrong("--limit must be two hours and a rate, such as 9-18=10MB, is %q", text)
		}
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(found[i+1]) // a few digits
		}
		limits = limits.And(n[0], n[1], n[2])
	}
	return limits, nil
}
