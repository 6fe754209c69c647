package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// scope is a stretch of work that ends with its context, when the client is closed,
// or when its time is over.
type scope struct {
	context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // may be nil
}

// after ends the scope when nothing has put that off for so long.
func (s *scope) after(d time.Duration, cause error) {
	s.timer = time.AfterFunc(d, func() { s.cancel(cause) })
}

// scopes are the scopes that closing the client ends.
type scopes struct {
	mu   sync.Mutex
	open map[*scope]struct{} // nil once the client is closed
}

func newScopes() *scopes { return &scopes{open: make(map[*scope]struct{})} }

// enter opens a scope, which leave must close.
func (o *scopes) enter(ctx context.Context, s *scope) {
	s.Context, s.cancel = context.WithCancelCause(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		s.cancel(ErrClosed)
		return
	}
	o.open[s] = struct{}{}
}

func (o *scopes) leave(s *scope) {
	o.mu.Lock()
	delete(o.open, s)
	o.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.cancel(nil)
}

// sleep waits, and reports whether the context and the client let it.
func (o *scopes) sleep(ctx context.Context, d time.Duration) bool {
	var s scope
	o.enter(ctx, &s)
	defer o.leave(&s)
	return sleep(s.Context, d)
}

// ended says why nothing more is to be done in a context: it is done, or the client
// was closed.
func (o *scopes) ended(ctx context.Context) error {
	o.mu.Lock()
	closed := o.open == nil
	o.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case ctx.Err() != nil:
		return causeOf(ctx)
	}
	return nil
}

// end ends all scopes, now and later.
func (o *scopes) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.open {
		s.cancel(ErrClosed)
	}
	o.open = nil
}

// causeOf says why a context is done, so that both the reason that its owner gave
// and context.Canceled or DeadlineExceeded can be matched.
func causeOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) || errors.Is(cause, ErrClosed) || errors.Is(cause, errSilence) {
		return cmp.Or(cause, err)
	}
	return fmt.Errorf("%w: %w", err, cause)
}
