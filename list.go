package ctcbr

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// streamed is the way of every list that does not page. The request is completed,
// validated and sent each time the list is ranged over, from a copy of what the
// caller gave.
func streamed[T, R any, PR request[R]](ctx context.Context, c *Client, from operation, req *R) iter.Seq2[T, error] {
	var given R
	if req != nil {
		given = *req
	}
	return sequence(func(yield func(T) bool) error {
		_, _, err := each[T, R, PR](ctx, c, from, &given, yield)
		return err
	})
}

// sequence makes an iterator of a function that gives items to yield until that
// returns false. The function's error comes last.
func sequence[T any](give func(yield func(T) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := false
		err := give(func(item T) bool {
			left = !yield(item, nil)
			return !left
		})
		if err != nil && !left {
			var none T
			yield(none, err)
		}
	}
}

// sought is an item that a list is searched for.
type sought[T any] struct {
	what  string // in words
	match func(*T) bool
	as    func(*T) Candidate // should it be one of several
}

// find finds one item of a list. The list is read to its end: only that shows that
// the answer is whole and a success, and leaves the connection to be used again.
// Whatever the service filtered by, what is found is compared once more.
func find[T, R any, PR request[R]](ctx context.Context, c *Client, from operation, req *R, s sought[T]) (*T, error) {
	var found *T
	var candidates []Candidate // those with an ID of their own
	call, answer, err := each[T, R, PR](ctx, c, from, req, func(item T) bool {
		if !s.match(&item) {
			return true
		}
		if found == nil {
			kept := item
			found = &kept
		}
		as := s.as(&item)
		if !slices.ContainsFunc(candidates, func(c Candidate) bool { return c.ID == as.ID }) {
			candidates = append(candidates, as)
		}
		return true
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, call.fail(answer, fmt.Errorf("%s: %w", s.what, ErrNotFound), false)
	case len(candidates) > 1:
		return nil, call.fail(answer, &AmbiguousError{Sought: s.what, Candidates: candidates}, false)
	}
	return found, nil
}
