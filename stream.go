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

// each sends a request for a list and gives the items to yield as they arrive,
// until the list ends or yield returns false. A failure before the first item is
// tried again like that of any read; none is after it.
func each[T, R any, PR request[R]](ctx context.Context, c *Client, from operation, req *R, yield func(T) bool) (*call, *attempt, error) {
	filled, _, err := fill[R, PR](c, from, req)
	if err != nil {
		return nil, nil, err
	}
	call, err := freeze(c, from, filled, "")
	if err != nil {
		return nil, nil, err
	}
	call.stream = func(a *attempt, body io.Reader) error {
		in := &intake{attempt: a, body: bufio.NewReaderSize(body, 32<<10), patience: c.options.attemptTimeout, most: c.options.maxAnswer}
		s := &stream[T]{ctx: a.Context, client: c, attempt: a, in: in, decoder: json.NewDecoder(in), list: from.list, yield: yield}
		s.decoder.UseNumber() // a number that is skipped may be larger than any type holds
		err := s.read()
		if err == errLeft {
			a.StatusCode.number = statusSuccess // as far as the caller went
			return nil
		}
		return err
	}
	answer, err := c.send(ctx, call)
	return call, answer, err
}

// keptOfStream is how much of an answer is kept for errors and logs: more than they
// show, since secrets are found before it is cut.
const keptOfStream = 8 << 10

// intake is the body of an answer that is streamed. It bounds how long it is
// silent, and how much of it comes between two items. The time that the caller
// takes for an item is not silence.
type intake struct {
	attempt  *attempt // keeps the beginning of the body
	body     io.Reader
	patience time.Duration
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
	a := in.attempt
	a.timer.Reset(in.patience)
	n, err := in.body.Read(p)
	a.timer.Stop()
	in.taken, in.err = in.taken+int64(n), err
	a.body = append(a.body, p[:min(n, keptOfStream-len(a.body))]...)
	return n, err
}

// stream reads the envelope of a list token by token and the list item by item. It
// holds one item at a time. Members come in any order; what it does not know it
// skips.
type stream[T any] struct {
	ctx     context.Context
	client  *Client
	attempt *attempt
	in      *intake
	decoder *json.Decoder
	list    string // wire name of the list in returnObj
	yield   func(T) bool

	envelope envelope
	returned int   // how often returnObj came
	listed   int   // how often the list came
	flaw     error // what is wrong with the content, should the answer be a success
}

// read takes in the whole answer. The members of the envelope may follow the list,
// so that only its end tells whether it was a success.
func (s *stream[T]) read() error {
	opening, err := s.token()
	if err != nil {
		return err
	}
	if opening != json.Delim('{') {
		return errors.New("no object")
	}
	if err := s.members(s.member); err != nil {
		return err
	}
	switch _, err := s.decoder.Token(); {
	case err == nil:
		return errors.New("something follows its end")
	case err != io.EOF:
		return err
	}
	s.attempt.envelope = s.envelope
	if err := s.envelope.StatusCode.check(); err != nil {
		return err
	}
	s.attempt.enveloped = true
	if s.envelope.StatusCode.number == statusSuccess {
		return s.flaw
	}
	return nil
}

// member reads one member of the envelope. The case of its letters does not
// matter, as everywhere in encoding/json.
func (s *stream[T]) member(name string) error {
	if strings.EqualFold(name, "returnObj") {
		return s.content()
	}
	if known := s.envelope.member(name); known != nil {
		return s.decode(known)
	}
	return s.skip()
}

// content reads the returnObj, which may be empty in the ways of envelope.decode.
// That of a failure is skipped.
func (s *stream[T]) content() error {
	if s.returned++; s.returned > 1 {
		return s.refuse("it has more than one returnObj")
	}
	if status := s.envelope.StatusCode; status.seen > 0 && status.number != statusSuccess {
		return s.skip()
	}
	opening, err := s.token()
	switch {
	case err != nil:
		return err
	case opening == nil, opening == "":
		return nil
	case opening == json.Delim('{'):
		return s.members(func(name string) error {
			if strings.EqualFold(name, s.list) {
				return s.items()
			}
			return s.skip()
		})
	case opening == json.Delim('[') && !s.decoder.More():
		_, err := s.token()
		return err
	}
	s.flaw = errors.New("its returnObj is no object")
	return s.skipFrom(opening)
}

// items reads the list. An item of which a member has the wrong type loses that
// member alone, and one of the wrong type altogether is empty, as in a list that
// is read whole.
func (s *stream[T]) items() error {
	if s.listed++; s.listed > 1 {
		return s.refuse("it has more than one " + s.list)
	}
	opening, err := s.token()
	switch {
	case err != nil:
		return err
	case opening == nil, opening == "":
		return nil
	case opening != json.Delim('['):
		s.flaw = errors.New("its " + s.list + " is no list")
		return s.skipFrom(opening)
	}
	var item, empty T
	for {
		if err := s.client.scopes.ended(s.ctx); err != nil {
			return err
		}
		if !s.decoder.More() {
			_, err := s.token()
			return err
		}
		item = empty
		if err := s.decode(&item); err != nil {
			return err
		}
		s.in.mark = s.decoder.InputOffset()
		s.attempt.begun, s.attempt.enveloped = true, true
		if !s.yield(item) {
			return errLeft
		}
	}
}

// members reads an object that was opened, to its end.
func (s *stream[T]) members(member func(name string) error) error {
	for s.decoder.More() {
		name, err := s.token()
		if err != nil {
			return err
		}
		if err := member(name.(string)); err != nil {
			return err
		}
	}
	_, err := s.token()
	return err
}

// refuse skips a value that must not be there.
func (s *stream[T]) refuse(flaw string) error {
	s.flaw = errors.New(flaw)
	return s.skip()
}

// skip reads past a value without holding it.
func (s *stream[T]) skip() error {
	opening, err := s.token()
	if err != nil {
		return err
	}
	return s.skipFrom(opening)
}

// skipFrom reads past a value of which the first token was read.
func (s *stream[T]) skipFrom(token json.Token) error {
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
		if token, err = s.token(); err != nil {
			return err
		}
	}
}

func (s *stream[T]) token() (json.Token, error) {
	token, err := s.decoder.Token()
	return token, cutShort(err)
}

func (s *stream[T]) decode(v any) error {
	err := s.decoder.Decode(v)
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
