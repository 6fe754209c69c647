package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// lifetime is a piece of work that ends with its context, when the client is closed, or when its
// time is over.
type lifetime struct {
	parent context.Context
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // nil: there is no time limit
	answer closing
	detach func() bool // detaches the answer from parent; nil if it is not attached
}

// limit aborts the lifetime after d with the cause, unless the timer is reset before.
func (l *lifetime) limit(d time.Duration, cause error) {
	l.timer = time.AfterFunc(d, func() { l.abort(cause) })
}

// abort ends the lifetime before its work is done.
func (l *lifetime) abort(cause error) {
	l.cancel(cause)
	go l.answer.close() // may block on a read
}

// take makes the lifetime close an answer when it is aborted or its context is done.
func (l *lifetime) take(closer io.Closer) {
	l.answer.take(closer)
	if l.parent.Done() != nil {
		l.detach = context.AfterFunc(l.parent, l.answer.close)
	}
}

// closeAnswer closes the answer, unless the lifetime has done so already.
func (l *lifetime) closeAnswer() {
	if l.detach != nil {
		l.detach()
	}
	l.answer.close()
}

// cause returns why the lifetime ended, or err if it has not. Whatever fails after the end fails
// because of it.
func (l *lifetime) cause(err error) error {
	if l.ctx.Err() != nil {
		return causeOf(l.ctx)
	}
	return err
}

// closing closes a body once: when it was read, or earlier from another goroutine.
type closing struct {
	mu   sync.Mutex
	body io.Closer
	over bool
}

// take sets the body to close. It is closed at once if close was called before.
func (c *closing) take(body io.Closer) {
	c.mu.Lock()
	c.body = body
	over := c.over
	c.mu.Unlock()
	if over {
		c.close()
	}
}

func (c *closing) close() {
	c.mu.Lock()
	body := c.body
	c.body, c.over = nil, true
	c.mu.Unlock()
	if body != nil {
		body.Close()
	}
}

// lifetimes are the running lifetimes of a client. Closing the client ends them.
type lifetimes struct {
	mu   sync.Mutex
	open map[*lifetime]struct{} // nil once the client is closed
}

func newLifetimes() *lifetimes { return &lifetimes{open: make(map[*lifetime]struct{})} }

// begin starts a lifetime. The caller must call end.
func (ls *lifetimes) begin(ctx context.Context, l *lifetime) {
	l.parent = ctx
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.open == nil {
		l.cancel(ErrClosed)
		return
	}
	ls.open[l] = struct{}{}
}

func (ls *lifetimes) end(l *lifetime) {
	ls.mu.Lock()
	delete(ls.open, l)
	ls.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.cancel(nil)
}

// sleep waits for d. It reports false if the context or the client ended before.
func (ls *lifetimes) sleep(ctx context.Context, d time.Duration) bool {
	var l lifetime
	ls.begin(ctx, &l)
	defer ls.end(&l)
	return sleep(l.ctx, d)
}

// over returns why work in a context must end: the client was closed, or the context is done. It is
// nil while work may continue.
func (ls *lifetimes) over(ctx context.Context) error {
	ls.mu.Lock()
	closed := ls.open == nil
	ls.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case ctx.Err() != nil:
		return causeOf(ctx)
	}
	return nil
}

// close ends all lifetimes, including those that begin later.
func (ls *lifetimes) close() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for l := range ls.open {
		l.abort(ErrClosed)
	}
	ls.open = nil
}

// causeOf returns why a context is done. errors.Is matches the cause that its owner gave, and
// context.Canceled or context.DeadlineExceeded.
func causeOf(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(cause, err) || errors.Is(cause, ErrClosed) || errors.Is(cause, errSilence) {
		return cmp.Or(cause, err)
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// isCutOff reports whether an error only says that its context ended.
func isCutOff(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

// sleep waits for d. It reports false if the context ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// silence is the error of an attempt that took too long. Like the errors of package net, it is a
// timeout.
type silence struct{}

func (silence) Error() string { return "no full answer within the time of an attempt" }
func (silence) Timeout() bool { return true }

var errSilence = silence{}
