package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

// options are the flags that a plan and a list of hosts are made of.
type options struct {
	file      string
	dirs      []string
	allDirs   bool
	keepDays  int
	forever   bool
	schedules []ctcbr.Schedule
}

func (p *protect) define(flags *flag.FlagSet) *options {
	o := &options{}
	flags.StringVar(&o.file, "f", "", "read the IDs of hosts from this `file`; - is the standard input")
	flags.StringVar(&p.storage, "storage", "", "`name` of the repository")
	flags.StringVar(&p.plan.Name, "plan", "", "`name` of the plan")
	flags.Func("dir", "back up this `directory`; may be given up to ten times", func(dir string) error {
		o.dirs = append(o.dirs, dir)
		return nil
	})
	flags.BoolVar(&o.allDirs, "all-dirs", false, "back up all directories")
	flags.IntVar(&o.keepDays, "keep-days", 0, "keep copies for this `number` of days")
	flags.BoolVar(&o.forever, "keep-forever", false, "keep copies until they are deleted")
	flags.BoolFunc("hourly", "back up every hour", o.schedule(func(string) (ctcbr.Schedule, error) {
		return ctcbr.Hourly(), nil
	}))
	flags.Func("daily", "back up every day at this `hour`, 0 to 23, Beijing time", o.schedule(daily))
	flags.Func("weekly", "back up every week at this `day@hour`, for example sunday@2", o.schedule(weekly))
	flags.Func("monthly", "back up every month at this `day@hour`, for example 1@2", o.schedule(monthly))
	flags.IntVar(&p.parallel, "parallel", 4, "work on this `number` of hosts at a time")
	cli.Duration(flags, &p.atMost, "at-most", 30*time.Minute, "wait no longer than this `time` for an agent")
	return o
}

// schedule makes a flag of a function that reads a schedule.
func (o *options) schedule(read func(string) (ctcbr.Schedule, error)) func(string) error {
	return func(text string) error {
		s, err := read(text)
		if err != nil {
			return err
		}
		if s.Next(time.Now()).IsZero() {
			return errors.New(s.String())
		}
		o.schedules = append(o.schedules, s)
		return nil
	}
}

func daily(text string) (ctcbr.Schedule, error) {
	hour, err := strconv.Atoi(text)
	if err != nil {
		return ctcbr.Schedule{}, errors.New("want an hour, 0 to 23")
	}
	return ctcbr.Daily(hour), nil
}

func weekly(text string) (ctcbr.Schedule, error) {
	name, hour, err := dayAndHour(text)
	for day := time.Sunday; err == nil && day <= time.Saturday; day++ {
		if full := strings.ToLower(day.String()); name == full || name == full[:3] {
			return ctcbr.Weekly(day, hour), nil
		}
	}
	return ctcbr.Schedule{}, errors.New("want a day and an hour, for example sunday@2")
}

func monthly(text string) (ctcbr.Schedule, error) {
	name, hour, err := dayAndHour(text)
	day, dayErr := strconv.Atoi(name)
	if err != nil || dayErr != nil {
		return ctcbr.Schedule{}, errors.New("want a day and an hour, for example 1@2")
	}
	return ctcbr.Monthly(day, hour), nil
}

func dayAndHour(text string) (day string, hour int, err error) {
	day, rest, _ := strings.Cut(text, "@")
	hour, err = strconv.Atoi(rest)
	return strings.ToLower(day), hour, err
}

// settle puts the options into the plan, and says what is wrong with them.
func (p *protect) settle(o *options) string {
	switch {
	case p.storage == "" || p.plan.Name == "":
		return "-storage and -plan are required"
	case len(o.schedules) != 1:
		return "give one of -hourly, -daily, -weekly and -monthly"
	case (o.keepDays != 0) == o.forever || o.keepDays < 0:
		return "give either -keep-days with at least 1, or -keep-forever"
	case (len(o.dirs) > 0) == o.allDirs || len(o.dirs) > 10:
		return "give either one to ten directories with -dir, or -all-dirs"
	case p.parallel < 1 || p.parallel > 64:
		return fmt.Sprintf("-parallel must be 1 to 64, is %d", p.parallel)
	}
	p.plan.Schedule = o.schedules[0]
	p.plan.Retention = ctcbr.KeepDays(o.keepDays)
	if o.forever {
		p.plan.Retention = ctcbr.KeepForever()
	}
	p.plan.DirectType = ctcbr.Ptr(ctcbr.DirectAll)
	if !o.allDirs {
		p.plan.DirectType = ctcbr.Ptr(ctcbr.DirectGiven)
		p.plan.Files = &ctcbr.FileSelection{Dirs: o.dirs}
	}
	return ""
}
