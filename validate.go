package ctcbr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// validation completes a request with what the client knows, and collects its faults.
type validation struct {
	operation   operation
	regionID    string
	clientToken string
	faults      []Fault
}

func (v *validation) err() error {
	if len(v.faults) == 0 {
		return nil
	}
	return &ValidationError{Operation: v.operation.name(), Faults: v.faults}
}

func (v *validation) fault(field, format string, args ...any) {
	v.faults = append(v.faults, Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// region falls back to the client's region.
func (v *validation) region(id *string) {
	if *id == "" {
		*id = v.regionID
	}
	if strings.TrimSpace(*id) == "" {
		v.fault("regionID", "is required: in the request, by WithRegion, as CTYUN_REGION_ID, or in the configuration file")
	}
}

// token makes a client token unless the caller gave one.
func (v *validation) token(token *string) {
	if *token == "" {
		*token = NewClientToken()
	}
	v.clientToken = *token
}

func (v *validation) required(field, value string) {
	if strings.TrimSpace(value) == "" {
		v.fault(field, "is required")
	}
}

func (v *validation) given(field string, given bool) {
	if !given {
		v.fault(field, "is required")
	}
}

// between takes a number that is required.
func (v *validation) between(field string, n, low, high int) {
	if n < low || n > high {
		v.fault(field, "must be %d to %d, is %d", low, high, n)
	}
}

// optional takes a number that may be left out as zero.
func (v *validation) optional(field string, n, low, high int) {
	if n != 0 {
		v.between(field, n, low, high)
	}
}

// page checks the parameters of a list that comes in pages.
func (v *validation) page(no, size int) {
	v.optional("pageNo", no, 1, 1<<31-1)
	v.optional("pageSize", size, 1, 50)
}

// paths checks a list of at most 10 paths, none longer than so many characters.
func (v *validation) paths(field string, paths []string, longest int) {
	const most = 10
	if len(paths) > most {
		v.fault(field, "must be at most %d paths, are %d", most, len(paths))
	}
	for i, p := range paths {
		switch n := utf8.RuneCountInString(p); {
		case n == 0:
			v.fault(fmt.Sprintf("%s[%d]", field, i), "is empty")
		case n > longest:
			v.fault(fmt.Sprintf("%s[%d]", field, i), "must be at most %d characters, has %d", longest, n)
		}
	}
}

// period checks the period of a subscription.
func (v *validation) period(unit CycleType, count int) {
	v.required("cycleType", string(unit))
	high := 11
	if unit == CycleYear {
		high = 3
	}
	v.between("cycleCount", count, 1, high)
}

// name checks a repository name: digits, letters and "-", beginning with a letter, not ending with "-".
func (v *validation) name(field, name string) {
	isLetter := func(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
	isAllowed := func(b byte) bool { return isLetter(b) || '0' <= b && b <= '9' || b == '-' }
	switch {
	case name == "":
		v.fault(field, "is required")
	case slices.ContainsFunc([]byte(name), func(b byte) bool { return !isAllowed(b) }):
		problem := `must hold letters, digits and "-" alone, is %q`
		if strings.Contains(name, "_") {
			problem = `must not hold "_", use "-": letters, digits and "-" are allowed, is %q`
		}
		v.fault(field, problem, name)
	case !isLetter(name[0]):
		v.fault(field, "must begin with a letter, is %q", name)
	case strings.HasSuffix(name, "-"):
		v.fault(field, `must not end with "-", is %q`, name)
	}
}
