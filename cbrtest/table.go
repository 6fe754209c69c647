package cbrtest

import "iter"

// table keeps things by ID, in the order in which they came. What is added with an ID that is taken replaces what has
// it. Adding, finding and removing take the same time however many things there are.
type table[T any] struct {
	at   map[string]int // index in rows
	rows []row[T]
	gaps int // rows whose thing was removed
}

type row[T any] struct {
	id    string
	thing *T
}

func (t *table[T]) add(id string, thing *T) {
	if t.at == nil {
		t.at = map[string]int{}
	}
	if i, taken := t.at[id]; taken {
		t.rows[i].thing = thing
		return
	}
	t.at[id] = len(t.rows)
	t.rows = append(t.rows, row[T]{id, thing})
}

// get returns nil if there is no such thing.
func (t *table[T]) get(id string) *T {
	if i, ok := t.at[id]; ok {
		return t.rows[i].thing
	}
	return nil
}

func (t *table[T]) remove(id string) bool {
	i, ok := t.at[id]
	if !ok {
		return false
	}
	delete(t.at, id)
	t.rows[i].thing = nil
	if t.gaps++; t.gaps > len(t.rows)/2 {
		t.closeGaps()
	}
	return true
}

func (t *table[T]) closeGaps() {
	var rows []row[T] // new ones, since an iteration may be under way
	for _, r := range t.rows {
		if r.thing != nil {
			t.at[r.id] = len(rows)
			rows = append(rows, r)
		}
	}
	t.rows, t.gaps = rows, 0
}

func (t *table[T]) len() int { return len(t.rows) - t.gaps }

// all goes through the things, from which the present one may be removed.
func (t *table[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, r := range t.rows {
			if r.thing != nil && !yield(r.thing) {
				return
			}
		}
	}
}

// filter returns the things that are kept, in a slice of its own.
func (t *table[T]) filter(keep func(*T) bool) []*T {
	var out []*T
	for thing := range t.all() {
		if keep(thing) {
			out = append(out, thing)
		}
	}
	return out
}
