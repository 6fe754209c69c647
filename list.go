package ctcbr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
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

// listen sends a request for a list and gives its items to the caller's own loop as they arrive,
// until the list ends or yield returns false. It may take any time, as long as the server is never
// silent for longer than an attempt may take. A failure before the first item is retried like that
// of any read; after it there is no retry, since the caller has items that nobody can take back.
func listen[T any](ctx context.Context, c *Client, op operation, req request, yield func(T) bool) error {
	_, _, err := stream(ctx, c, op, req, nil, yield)
	return err
}

// search sends a request for a list and gives its items to take, for an answer that nobody sees
// before it is whole. It is a bounded read: each attempt has its time, and a second more for every
// MiB that came. It is retried like any read, for which begin forgets what was taken.
func search[T any](ctx context.Context, c *Client, op operation, req request, begin func(), take func(T)) (*call, *answer, error) {
	return stream(ctx, c, op, req, begin, func(item T) bool {
		take(item)
		return true
	})
}

// streaming is how the items of a list are taken from an answer.
type streaming struct {
	items func(*attempt, *wirejson.Scanner) (flaw, stop error)
	begin func() // of a search, before each attempt; nil: what was given out cannot be taken back
}

func stream[T any](ctx context.Context, c *Client, op operation, req request, begin func(), yield func(T) bool) (*call, *answer, error) {
	cl, err := newCall(c, op, req)
	if err != nil {
		return nil, nil, err
	}
	var list tally
	cl.stream = streaming{begin: begin, items: func(at *attempt, s *wirejson.Scanner) (flaw, stop error) {
		list = tally{}
		if stop = c.engine.lifetimes.over(at.lifetime.ctx); stop != nil {
			return nil, stop
		}
		var item, empty T
		return takeList(s, op, &list.total, func() error {
			list.came++
			item = empty
			if err := s.Decode(&item); err != nil {
				return err
			}
			if begin == nil {
				at.answer.givenOut, at.answer.form = true, formService
			}
			if !yield(item) {
				return errLeft
			}
			return c.engine.lifetimes.over(at.lifetime.ctx)
		})
	}}
	a, err := c.send(ctx, cl)
	if err == nil && list.lacks(begin == nil && cl.isFiltered()) {
		err = newError(cl, a, fmt.Errorf("%w: %d of %d came", ErrIncomplete, list.came, list.total))
	}
	return cl, a, err
}

// tally is how many items of a list came, and how many there are by the service's count, which is 0
// if there is none.
type tally struct{ came, total int }

// lacks reports whether the list is shorter than its count. What the service counts is not
// documented: of a list that is given out by a filter it may count all there is.
func (t *tally) lacks(filtered bool) bool { return t.came < t.total && !filtered }

// isFiltered reports whether the call asks for a part of a list.
func (cl *call) isFiltered() bool {
	query, err := url.ParseQuery(cl.query)
	for _, scope := range []string{"regionID", "sourceType", "isCloud"} {
		query.Del(scope)
	}
	return err != nil || len(query) > 0
}

var errLeft = errors.New("the caller has left the list")

// takeList finds the list of an operation in a returnObj, and has take read each of its items, until
// that returns an error. It also reads the total. It holds one item at a time, and bounds each.
func takeList(s *wirejson.Scanner, op operation, total *int, take func() error) (flaw, stop error) {
	list, seen := op.list, 0
	for name := range s.Members() {
		if strings.EqualFold(string(name), op.total) {
			*total, _ = strconv.Atoi(s.Text()) // zero, if it is no count
			continue
		}
		if !strings.EqualFold(string(name), list) {
			s.Skip()
			continue
		}
		switch seen++; {
		case seen > 1:
			flaw = fmt.Errorf("it has more than one %s", list)
			s.Skip()
		case s.Next() == '[':
			for range s.Elements() {
				if stop = take(); stop != nil {
					return flaw, stop
				}
				s.Mark()
			}
		case s.Text() != "":
			flaw = fmt.Errorf("its %s is no list", list)
		}
	}
	return flaw, nil
}

// pace is the body of a list. It bounds how long that takes: for a search as a whole, and otherwise
// how long the server is silent. The time that the caller takes for an item is not silence.
type pace struct {
	body     io.Reader
	timer    *time.Timer // of the attempt
	patience time.Duration
	deadline time.Time // of a search, before what more each MiB gives; zero for others
	taken    int64
}

func (e *engine) pace(at *attempt, cl *call, body io.Reader) io.Reader {
	p := &pace{body: body, timer: at.lifetime.timer, patience: e.options.attemptTimeout}
	if cl.stream.begin != nil {
		cl.stream.begin()
		p.deadline = at.began.Add(p.patience)
	}
	return p
}

func (p *pace) Read(b []byte) (int, error) {
	if p.deadline.IsZero() {
		p.timer.Reset(p.patience)
		defer p.timer.Stop()
	} else {
		p.timer.Reset(time.Until(p.deadline) + time.Duration(p.taken/(1<<20))*time.Second)
	}
	n, err := p.body.Read(b)
	p.taken += int64(n)
	return n, err
}

// target is the item that a list is searched for.
type target[T any] struct {
	what    string // in words
	matches func(*T) bool
	as      func(*T) Candidate // should it be one of several
}

// find finds one item of a list. It reads the list to its end: only that shows that the answer is
// whole and a success, and leaves the connection to be used again. A list that is shorter than its
// count still holds what it holds, and does not show that something is not there. Whatever the
// service filtered by, every item is compared here.
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
	case err != nil && (found == nil || !errors.Is(err, ErrIncomplete)):
		return nil, err
	case found == nil:
		return nil, newError(cl, a, fmt.Errorf("%s: %w", wanted.what, ErrNotFound))
	case len(candidates) > 1:
		return nil, newError(cl, a, &AmbiguousError{Sought: wanted.what, Candidates: candidates})
	}
	return found, nil
}
