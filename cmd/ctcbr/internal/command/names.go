package command

import (
	"slices"
	"strings"

	"github.com/ctyun-go/ctcbr"
)

// candidate is a thing that a name may mean.
type candidate struct {
	id     string
	names  []string
	detail string // what tells it from others of its name
}

// pick finds the one thing that has an ID or, if none has, a name. It fails where there
// is none, which matches ctcbr.ErrNotFound, and where there are several, whose IDs the error names.
func pick[T any](a *app, what, sought string, items []T, view func(T) candidate) (found T, err error) {
	matches := match(sought, items, view)
	switch len(matches) {
	case 1:
		return matches[0], nil
	case 0:
		return found, a.failed("%s %q: %w", a.t(what), printable(sought), ctcbr.ErrNotFound)
	}
	var ids []string
	for _, item := range matches[:min(10, len(matches))] {
		c := view(item)
		ids = append(ids, printable(c.id+" ("+c.detail+")"))
	}
	if more := len(matches) - len(ids); more > 0 {
		ids = append(ids, a.f("and %d more", more))
	}
	return found, a.failed("several have the %s name %q, give the ID of one: %s: %w", a.t(what), printable(sought), strings.Join(ids, ", "), ctcbr.ErrAmbiguous)
}

// match finds what has an ID, or else all that has the name.
func match[T any](sought string, items []T, view func(T) candidate) []T {
	var named []T
	for _, item := range items {
		c := view(item)
		if c.id == sought {
			return []T{item}
		}
		if slices.Contains(c.names, sought) {
			named = append(named, item)
		}
	}
	return named
}
