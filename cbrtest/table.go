package cbrtest

import "iter"

// table keeps things by ID, in the order in which they came. What is added with an ID that is taken replaces what has
// it. Adding, finding and removing take the same time however many things there are.
type table[T any] struct {
	at   map[string]int // index in rows
	rows []tableRow[T]
	gaps int // rows whose thing was removed
}

type tableRow[T any] struct {
	id    string
	thing *T
}

func (tab *table[T]) add(id string, thing *T) {
	if tab.at == nil {
		tab.at = map[string]int{}
	}
	if i, taken := tab.at[id]; taken {
		tab.rows[i].thing = thing
		return
	}
	tab.at[id] = len(tab.rows)
	tab.rows = append(tab.rows, tableRow[T]{id, thing})
}

// get returns nil if there is no such thing.
func (tab *table[T]) get(id string) *T {
	if i, ok := tab.at[id]; ok {
		return tab.rows[i].thing
	}
	return nil
}

func (tab *table[T]) remove(id string) bool {
	i, ok := tab.at[id]
	if !ok {
		return false
	}
	delete(tab.at, id)
	tab.rows[i].thing = nil
	if tab.gaps++; tab.gaps > len(tab.rows)/2 {
		tab.closeGaps()
	}
	return true
}

func (tab *table[T]) closeGaps() {
	var rows []tableRow[T] // new ones, since an iteration may be under way
	for _, r := range tab.rows {
		if r.thing != nil {
			tab.at[r.id] = len(rows)
			rows = append(rows, r)
		}
	}
	tab.rows, tab.gaps = rows, 0
}

func (tab *table[T]) len() int { return len(tab.rows) - tab.gaps }

// all goes through the things, from which the present one may be removed.
func (tab *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, r := range tab.rows {
			if r.thing != nil && !yield(r.thing) {
				return
			}
		}
	}
}

// filter returns the things that are kept, in a slice of its own.
func (tab *table[T]) filter(keep func(*T) bool) []*T {
	var out []*T
	for thing := range tab.all() {
		if keep(thing) {
			out = append(out, thing)
		}
	}
	return out
}
