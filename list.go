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

// streamed implements All for every list without pages. Each range over the list completes, checks
// and sends a new copy of the caller's request. Every item is read into a copy of blank, which has
// what the service does not say of it.
func streamed[T, R any, PR interface {
	*R
	request
}](ctx context.Context, c *Client, op operation, req *R, blank T) iter.Seq2[T, error] {
	given := *copyOf(req)
	return sequence(func(yield func(T) bool) error {
		return listen(ctx, c, op, PR(copyOf(&given)), blank, yield)
	})
}

// sequence returns an iterator over the items that give passes to yield, until yield returns false.
// The error of give is the last element.
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

// listen sends a request for a list and passes its items to the caller's loop as they arrive, until
// the list ends or yield returns false. There is no limit for the whole list, only for the silence
// of the server: the time of an attempt. A failure before the first item is retried like that of any
// read. After it there is no retry, because the caller already has items.
func listen[T any](ctx context.Context, c *Client, op operation, req request, blank T, yield func(T) bool) error {
	_, _, err := stream(ctx, c, op, req, blank, nil, yield)
	return err
}

// search sends a request for a list and passes its items to take, for results that are used only once
// the list is complete. It is a bounded read: an attempt has its time limit, and another second for
// every MiB received. It is retried like any read; begin discards what an earlier attempt took.
func search[T any](ctx context.Context, c *Client, op operation, req request, begin func(), take func(T)) (*call, *answer, error) {
	var blank T
	return stream(ctx, c, op, req, blank, begin, func(item T) bool {
		take(item)
		return true
	})
}

// streaming is how the items of a list are read from an answer.
type streaming struct {
	items func(*attempt, *wirejson.Scanner) (flaw, stop error)
	begin func() // of a search, called before each attempt; nil for a list that the caller sees at once
}

func stream[T any](ctx context.Context, c *Client, op operation, req request, blank T, begin func(), yield func(T) bool) (*call, *answer, error) {
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
		var item T
		return takeList(s, op, &list.total, func() error {
			list.came++
			item = blank
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

// tally counts the received items of a list, and has the service's own count, which is 0 if the
// answer has none.
type tally struct{ came, total int }

// lacks reports whether the list is shorter than its count. It is not documented what the service
// counts: for a filtered list it might count everything.
func (t *tally) lacks(filtered bool) bool { return t.came < t.total && !filtered }

// isFiltered reports whether the call requests only a part of a list.
func (cl *call) isFiltered() bool {
	query, err := url.ParseQuery(cl.query)
	for _, scope := range []string{"regionID", "sourceType", "isCloud"} {
		query.Del(scope)
	}
	return err != nil || len(query) > 0
}

var errLeft = errors.New("the caller has left the list")

// takeList finds the list of an operation in a returnObj, and calls take to read each item, until take
// returns an error. It also reads the total. The size limit applies to each item.
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

// pace is the body of a list. It limits how long a search takes as a whole, and for other lists how
// long the server is silent. The time that the caller spends on an item does not count.
type pace struct {
	body     io.Reader
	timer    *time.Timer // of the attempt
	patience time.Duration
	deadline time.Time // of a search, without the extra time for each MiB; zero for other lists
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
	what    string // for errors
	matches func(*T) bool
	as      func(*T) Candidate // describes it if there are several
}

// find finds one item of a list. It reads the list to its end, because only then is it known to be
// complete and a success, and the connection can be reused. A list that is shorter than its count
// can show that an item exists, but not that it does not. Every item is compared here, whatever the
// service filters by.
func find[T any](ctx context.Context, c *Client, op operation, req request, wanted target[T]) (*T, error) {
	var found *T
	var candidates []Candidate // the matches with different IDs
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
