package ctcbr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// checker completes a request with what the client knows and collects its faults.
type checker struct {
	operation   operation
	regionID    string
	clientToken string
	faults      []Fault
}

func (c *checker) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return &ValidationError{Operation: c.operation.name(), Faults: c.faults}
}

func (c *checker) fault(field, format string, args ...any) {
	c.faults = append(c.faults, Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// region falls back to the client's region.
func (c *checker) region(id *string) {
	if *id == "" {
		*id = c.regionID
	}
	if strings.TrimSpace(*id) == "" {
		c.fault("regionID", "is required: in the request, by WithRegion, as CTYUN_REGION_ID, or in the configuration file")
	}
}

// token makes a client token unless the caller gave one.
func (c *checker) token(token *string) {
	if *token == "" {
		*token = NewClientToken()
	}
	c.clientToken = *token
}

func (c *checker) required(field, value string) {
	if strings.TrimSpace(value) == "" {
		c.fault(field, "is required")
	}
}

func (c *checker) given(field string, given bool) {
	if !given {
		c.fault(field, "is required")
	}
}

// between takes a number that is required.
func (c *checker) between(field string, n, low, high int) {
	if n < low || n > high {
		c.fault(field, "must be %d to %d, is %d", low, high, n)
	}
}

// optional takes a number that may be left out as zero.
func (c *checker) optional(field string, n, low, high int) {
	if n != 0 {
		c.between(field, n, low, high)
	}
}

// page checks the parameters of a list that comes in pages.
func (c *checker) page(no, size int) {
	c.optional("pageNo", no, 1, 1<<31-1)
	c.optional("pageSize", size, 1, 50)
}

// paths checks a list of at most 10 paths, none longer than so many characters.
func (c *checker) paths(field string, paths []string, longest int) {
	const most = 10
	if len(paths) > most {
		c.fault(field, "must be at most %d paths, are %d", most, len(paths))
	}
	for i, p := range paths {
		switch n := utf8.RuneCountInString(p); {
		case n == 0:
			c.fault(fmt.Sprintf("%s[%d]", field, i), "is empty")
		case n > longest:
			c.fault(fmt.Sprintf("%s[%d]", field, i), "must be at most %d characters, has %d", longest, n)
		}
	}
}

// period checks the period of a subscription.
func (c *checker) period(unit CycleType, count int) {
	c.required("cycleType", string(unit))
	high := 11
	if unit == CycleYear {
		high = 3
	}
	c.between("cycleCount", count, 1, high)
}

// name checks a repository name: digits, letters and "-", beginning with a letter, not ending with "-".
func (c *checker) name(field, name string) {
	isLetter := func(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
	isAllowed := func(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' || b == '-' }
	switch {
	case name == "":
		c.fault(field, "is required")
	case slices.ContainsFunc([]byte(name), func(b byte) bool { return !isAllowed(b) }):
		problem := `must hold letters, digits and "-" alone, is %q`
		if strings.Contains(name, "_") {
			problem = `must not hold "_", use "-": letters, digits and "-" are allowed, is %q`
		}
		c.fault(field, problem, name)
	case !isLetter(name[0]):
		c.fault(field, "must begin with a letter, is %q", name)
	case strings.HasSuffix(name, "-"):
		c.fault(field, `must not end with "-", is %q`, name)
	}
}
