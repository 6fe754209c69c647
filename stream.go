package ctcbr

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

var errLeft = errors.New("the caller has left the list")

// listen sends a request for a list and gives its items to the caller's own loop as they arrive,
// until the list ends or yield returns false. It may take any time, as long as the server is never
// silent for longer than an attempt may take. A failure before the first item is retried like that
// of any read; after it there is no retry, since the caller has items that nobody can take back.
func listen[T any](ctx context.Context, c *Client, op operation, req request, yield func(T) bool) error {
	_, _, err := stream(ctx, c, op, req, consumer[T]{yield: yield})
	return err
}

// search sends a request for a list and gives its items to take, for an answer that nobody sees
// before it is whole. It is a bounded read: each attempt has its time, and a second more for every
// MiB that came. It is retried like any read, for which begin forgets what was taken.
func search[T any](ctx context.Context, c *Client, op operation, req request, begin func(), take func(T)) (*call, *answer, error) {
	return stream(ctx, c, op, req, consumer[T]{begin: begin, yield: func(item T) bool {
		take(item)
		return true
	}})
}

// consumer is who gets the items of a list.
type consumer[T any] struct {
	begin func() // called before each attempt; nil: what was given out cannot be taken back
	yield func(T) bool
}

func stream[T any](ctx context.Context, c *Client, op operation, req request, to consumer[T]) (*call, *answer, error) {
	cl, err := newCall(c, op, req)
	if err != nil {
		return nil, nil, err
	}
	cl.stream = func(at *attempt, body io.Reader) error {
		e := c.engine
		in := &intake{attempt: at, body: bufio.NewReaderSize(body, 32<<10), patience: e.options.attemptTimeout, most: e.options.maxAnswer}
		if to.begin != nil {
			to.begin()
			in.deadline = time.Now().Add(in.patience)
		}
		r := &listReader[T]{engine: e, attempt: at, in: in, decoder: json.NewDecoder(in), list: op.list, to: to}
		r.decoder.UseNumber() // a number that is skipped may be larger than any type holds
		err := r.read()
		if err == errLeft {
			at.answer.envelope.StatusCode.number = statusSuccess // as far as the caller went
			return nil
		}
		return err
	}
	a, err := c.send(ctx, cl)
	return cl, a, err
}

// keptOfStream is how much of an answer is kept for errors and logs: more than they
// show, since secrets are found before it is cut.
const keptOfStream = 8 << 10

// intake is the body of an answer that is streamed. It bounds how much of it comes between two
// items, and how long it takes: that of a search as a whole, and otherwise how long the server is
// silent. The time that the caller takes for an item is not silence.
type intake struct {
	attempt  *attempt // keeps the beginning of the body
	body     io.Reader
	patience time.Duration
	deadline time.Time // of a search, before what more each MiB gives; zero for others
	most     int64
	taken    int64 // bytes, so far
	mark     int64 // where the last item ended
	err      error
}

// Read goes on while there is nothing but white space: json.Decoder looks at all of
// it again with every piece that comes.
func (in *intake) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var more int
		more, err = in.next(p[n:])
		n += more
		if more == 0 || len(bytes.TrimLeft(p[n-more:n], " \t\r\n")) > 0 {
			break
		}
	}
	return n, err
}

func (in *intake) next(p []byte) (int, error) {
	room := in.most - (in.taken - in.mark)
	switch {
	case in.err != nil:
		return 0, in.err
	case room < 0:
		return 0, ErrTooLarge
	case int64(len(p)) > room:
		p = p[:room+1]
	}
	at := in.attempt
	if in.deadline.IsZero() {
		at.lifetime.timer.Reset(in.patience)
		defer at.lifetime.timer.Stop()
	} else {
		at.lifetime.timer.Reset(time.Until(in.deadline) + time.Duration(in.taken/(1<<20))*time.Second)
	}
	n, err := in.body.Read(p)
	in.taken, in.err = in.taken+int64(n), err
	kept := at.answer.body
	at.answer.body = append(kept, p[:min(n, keptOfStream-len(kept))]...)
	return n, err
}

// listReader reads the envelope of a list token by token and the list item by item. It
// holds one item at a time. Members come in any order; what it does not know it
// skips.
type listReader[T any] struct {
	engine  *engine
	attempt *attempt
	in      *intake
	decoder *json.Decoder
	list    string // wire name of the list in returnObj
	to      consumer[T]

	envelope envelope
	returned int   // how often returnObj came
	listed   int   // how often the list came
	flaw     error // what is wrong with the content, should the answer be a success
}

// read takes in the whole answer. The members of the envelope may follow the list,
// so that only its end tells whether it was a success.
func (r *listReader[T]) read() error {
	opening, err := r.token()
	if err != nil {
		return err
	}
	if opening != json.Delim('{') {
		return errors.New("no object")
	}
	if err := r.members(r.member); err != nil {
		return err
	}
	switch _, err := r.decoder.Token(); {
	case err == nil:
		return errors.New("something follows its end")
	case err != io.EOF:
		return err
	}
	answered := &r.attempt.answer
	answered.envelope = r.envelope
	if answered.form, err = r.envelope.form(); err != nil {
		return err
	}
	if r.envelope.StatusCode.number == statusSuccess {
		return r.flaw
	}
	return nil
}

// member reads one member of the envelope. The case of its letters does not
// matter, as everywhere in encoding/json.
func (r *listReader[T]) member(name string) error {
	if strings.EqualFold(name, "returnObj") {
		return r.content()
	}
	if known := r.envelope.member(name); known != nil {
		return r.decode(known)
	}
	return r.skip()
}

// content reads the returnObj, which may be empty in the ways of envelope.decode.
// That of a failure is skipped.
func (r *listReader[T]) content() error {
	if r.returned++; r.returned > 1 {
		return r.refuse("it has more than one returnObj")
	}
	if status := r.envelope.StatusCode; status.seen > 0 && status.number != statusSuccess {
		return r.skip()
	}
	opening, err := r.token()
	switch {
	case err != nil:
		return err
	case opening == nil, opening == "":
		return nil
	case opening == json.Delim('{'):
		return r.members(func(name string) error {
			if strings.EqualFold(name, r.list) {
				return r.items()
			}
			return r.skip()
		})
	case opening == json.Delim('[') && !r.decoder.More():
		_, err := r.token()
		return err
	}
	r.flaw = errors.New("its returnObj is no object")
	return r.skipFrom(opening)
}

// items reads the list. An item of which a member has the wrong type loses that
// member alone, and one of the wrong type altogether is empty, as in a list that
// is read whole.
func (r *listReader[T]) items() error {
	if r.listed++; r.listed > 1 {
		return r.refuse("it has more than one " + r.list)
	}
	opening, err := r.token()
	switch {
	case err != nil:
		return err
	case opening == nil, opening == "":
		return nil
	case opening != json.Delim('['):
		r.flaw = errors.New("its " + r.list + " is no list")
		return r.skipFrom(opening)
	}
	var item, empty T
	for {
		if err := r.engine.lifetimes.over(r.attempt.lifetime.ctx); err != nil {
			return err
		}
		if !r.decoder.More() {
			_, err := r.token()
			return err
		}
		item = empty
		if err := r.decode(&item); err != nil {
			return err
		}
		r.in.mark = r.decoder.InputOffset()
		if r.to.begin == nil {
			r.attempt.answer.givenOut, r.attempt.answer.form = true, formService
		}
		if !r.to.yield(item) {
			return errLeft
		}
	}
}

// members reads an object that was opened, to its end.
func (r *listReader[T]) members(member func(name string) error) error {
	for r.decoder.More() {
		name, err := r.token()
		if err != nil {
			return err
		}
		if err := member(name.(string)); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

// refuse skips a value that must not be there.
func (r *listReader[T]) refuse(flaw string) error {
	r.flaw = errors.New(flaw)
	return r.skip()
}

// skip reads past a value without holding it.
func (r *listReader[T]) skip() error {
	opening, err := r.token()
	if err != nil {
		return err
	}
	return r.skipFrom(opening)
}

// skipFrom reads past a value of which the first token was read.
func (r *listReader[T]) skipFrom(token json.Token) error {
	const deepest = 10000 // as in encoding/json
	for depth := 0; ; {
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
		if depth > deepest {
			return errors.New("nested too deeply")
		}
		var err error
		if token, err = r.token(); err != nil {
			return err
		}
	}
}

func (r *listReader[T]) token() (json.Token, error) {
	token, err := r.decoder.Token()
	return token, cutShort(err)
}

func (r *listReader[T]) decode(v any) error {
	err := r.decoder.Decode(v)
	if err == nil {
		return nil
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return cutShort(err)
}

// cutShort says that the end of the input came within a value.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
