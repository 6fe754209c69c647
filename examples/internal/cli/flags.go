package cli

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

// Duration defines a flag for a time, which must be positive.
func Duration(flags *flag.FlagSet, value *time.Duration, name string, otherwise time.Duration, usage string) {
	*value = otherwise
	flags.Var((*duration)(value), name, usage)
}

type duration time.Duration

// String leaves out the zeros that time.Duration writes: 24h, not 24h0m0s.
func (d *duration) String() string {
	text := time.Duration(*d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Set reads a time, and says what one looks like.
func (d *duration) Set(text string) error {
	read, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return errors.New("want a number with its unit, such as 26h or 90m")
	case read <= 0:
		return errors.New("must be positive")
	}
	*d = duration(read)
	return nil
}

// Source defines the flag for the kind of hosts. A kind that is misspelt would find
// nothing, which is no sign that there is nothing.
func Source(flags *flag.FlagSet, value *ctcbr.SourceType) {
	*value = ctcbr.SourceECS
	flags.Var((*source)(value), "source", "`kind` of hosts: CT-ECS (cloud), CT-DPS (bare metal) or CT-LS (on premises)")
}

type source ctcbr.SourceType

// String returns the kind.
func (s *source) String() string { return string(*s) }

// Set takes the kinds that are documented.
func (s *source) Set(text string) error {
	switch kind := ctcbr.SourceType(text); kind {
	case ctcbr.SourceECS, ctcbr.SourceBareMetal, ctcbr.SourceOnPremises:
		*s = source(kind)
		return nil
	}
	return fmt.Errorf("want %s, %s or %s", ctcbr.SourceECS, ctcbr.SourceBareMetal, ctcbr.SourceOnPremises)
}
