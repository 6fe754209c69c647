package command

import (
	"slices"
	"strings"

	"github.com/ctyun-go/ctcbr"
)

// candidate is an item that a name may refer to.
type candidate struct {
	id     string
	names  []string
	detail string // what distinguishes it from others of the name
}

// pick finds the item with an ID or, if there is none, with a name. If there is none, the error matches
// ctcbr.ErrNotFound; if there are several, it lists their IDs.
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

// match returns the item with an ID, or else all items with the name.
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
