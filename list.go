package ctcbr

import (
	"context"
	"fmt"
	"iter"
	"slices"
)

// streamed is the way of every list that does not page. Each time the list is ranged over, a copy
// of what the caller gave is completed, checked and sent.
func streamed[T, R any, PR interface {
	*R
	request
}](ctx context.Context, c *Client, op operation, req *R) iter.Seq2[T, error] {
	given := *copyOf(req)
	return sequence(func(yield func(T) bool) error {
		return listen(ctx, c, op, PR(copyOf(&given)), yield)
	})
}

// sequence makes an iterator of a function that gives items to yield until that returns false. The
// error of the function is the last element.
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

// target is the item that a list is searched for.
type target[T any] struct {
	what    string // in words
	matches func(*T) bool
	as      func(*T) Candidate // should it be one of several
}

// find finds one item of a list. It reads the list to its end: only that shows that the answer is
// whole and a success, and leaves the connection to be used again. Whatever the service filtered
// by, every item is compared here.
func find[T any](ctx context.Context, c *Client, op operation, req request, wanted target[T]) (*T, error) {
	var found *T
	var candidates []Candidate // those with an ID of their own
	begin := func() { found, candidates = nil, nil }
	cl, a, err := search(ctx, c, op, req, begin, func(item T) {
		if !wanted.matches(&item) {
			return
		}
		if found == nil {
			found = copyOf(&item)
		}
		as := wanted.as(&item)
		if !slices.ContainsFunc(candidates, func(c Candidate) bool { return c.ID == as.ID }) {
			candidates = append(candidates, as)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, newError(cl, a, fmt.Errorf("%s: %w", wanted.what, ErrNotFound))
	case len(candidates) > 1:
		return nil, newError(cl, a, &AmbiguousError{Sought: wanted.what, Candidates: candidates})
	}
	return found, nil
}
