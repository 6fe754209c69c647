package wirejson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// deep is a text of so many lists or objects within each other.
func deep(n int, opening, closing string) string {
	return strings.Repeat(opening, n) + strings.Repeat(closing, n)
}

func TestScannerIsBoundedInDepth(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]func(n int) string{
		"lists":         func(n int) string { return deep(n, "[", "]") },
		"objects":       func(n int) string { return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1) },
		"lists, cut":    func(n int) string { return strings.Repeat("[", n) },
		"known objects": func(n int) string { return strings.Repeat(`{"next":`, n-1) + "{}" + strings.Repeat("}", n-1) },
		"known lists":   func(n int) string { return `{"children":` + deep(n-1, "[", "]") + "}" },
		"any":           func(n int) string { return `{"any":` + deep(n-1, "[", "]") + "}" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{9_999, 10_000, 10_001, 50_000} {
				data := []byte(text(n))
				want := json.Unmarshal(data, new(any))
				for supply, open := range supplies {
					for way, read := range map[string]func(*Scanner){
						"skip": (*Scanner).Skip, "decode": func(s *Scanner) { _ = s.Decode(new(everything)) }, "recursive": func(s *Scanner) { _ = s.Decode(new(recursive)) },
					} {
						s := open(data)
						read(s)
						err := s.End()
						s.Free()
						switch {
						case n > 10_000:
							require.ErrorContains(t, err, "nested too deeply at byte ", "%s, %s", supply, way)
							var found *SyntaxError
							var expected *json.SyntaxError
							require.ErrorAs(t, err, &found)
							require.ErrorAs(t, want, &expected)
							require.Equal(t, expected.Offset-1, found.Offset)
						case want == nil:
							require.NoError(t, err, "%s, %s", supply, way)
						default:
							require.Equal(t, io.ErrUnexpectedEOF, err, "%s, %s", supply, way)
						}
					}
				}
			}
		})
	}
}

// TestScannerLimit holds the limit to a byte, however the text arrives.
func TestScannerLimit(t *testing.T) {
	t.Parallel()
	item := func(size int) string { return `"` + strings.Repeat("x", size-2) + `"` }
	marked := func(s *Scanner) {
		for range s.Elements() {
			s.Skip()
			s.Mark()
		}
	}
	skip := (*Scanner).Skip
	for name, c := range map[string]struct {
		text string
		read func(*Scanner)
		want error
	}{
		"just fits":                     {item(1000), skip, nil},
		"one too many":                  {item(1001), skip, ErrTooLarge},
		"just fits with white space":    {" " + item(998) + "\n", skip, nil},
		"white space that is too much":  {item(1000) + " ", skip, ErrTooLarge},
		"white space without end":       {strings.Repeat(" ", 1_000_000), skip, ErrTooLarge},
		"white space within":            {"[" + strings.Repeat(" ", 1_000_000) + "]", skip, ErrTooLarge},
		"white space before a colon":    {`{"a"` + strings.Repeat("\n", 1_000_000) + ":1}", skip, ErrTooLarge},
		"cut short at the limit":        {"[" + item(999), skip, io.ErrUnexpectedEOF},
		"cut short beyond it":           {"[" + item(1001), skip, ErrTooLarge},
		"a number without end":          {strings.Repeat("1", 1_000_000), skip, ErrTooLarge},
		"marked items that just fit":    {"[" + item(999) + "," + item(999) + "," + item(999) + "]", marked, nil},
		"a marked item that does not":   {"[" + item(999) + "," + item(1000) + "," + item(999) + "]", marked, ErrTooLarge},
		"many marked items":             {"[" + strings.Repeat(item(999)+",", 1000) + "1]", marked, nil},
		"white space before an item":    {"[1," + strings.Repeat(" ", 1000) + "1]", marked, ErrTooLarge},
		"white space after the items":   {"[1]" + strings.Repeat(" ", 999), marked, nil},
		"white space after, one more":   {"[1]" + strings.Repeat(" ", 1000), marked, ErrTooLarge},
		"not JSON within the limit":     {"<html>" + strings.Repeat(" ", 2000), skip, errSyntax},
		"not JSON just behind the end":  {"1" + strings.Repeat(" ", 998) + "x", skip, errSyntax},
		"the limit comes before syntax": {strings.Repeat(" ", 1001) + "x", skip, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for supply, r := range map[string]io.Reader{
				"whole":       strings.NewReader(c.text),
				"with EOF":    iotest.DataErrReader(strings.NewReader(c.text)),
				"bytes":       iotest.OneByteReader(strings.NewReader(c.text)),
				"bytes + EOF": iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(c.text))),
			} {
				s := NewScanner(r, 1000)
				c.read(s)
				err := s.End()
				if c.want == errSyntax {
					require.ErrorAs(t, err, new(*SyntaxError), supply)
				} else {
					require.Equal(t, c.want, err, supply)
				}
				require.Equal(t, err, s.Err())
				s.Free()
			}
		})
	}
}

var errSyntax = errors.New("any syntax error")

// counted counts what is read.
type counted struct {
	io.Reader
	n     int
	calls int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	c.calls++
	return n, err
}

func TestScannerReadsOneByteOverItsLimit(t *testing.T) {
	t.Parallel()
	r := &counted{Reader: strings.NewReader(strings.Repeat(" ", 1_000_000))}
	s := NewScanner(r, 50_000)
	defer s.Free()
	require.Equal(t, ErrTooLarge, s.End())
	require.Equal(t, 50_001, r.n)
}

func TestDrain(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	page := "<html>" + strings.Repeat("x", 200_000)
	for name, c := range map[string]struct {
		r    io.Reader
		read int
		want error
	}{
		"to the end":               {strings.NewReader(page), len(page), nil},
		"with EOF":                 {iotest.DataErrReader(strings.NewReader(page)), len(page), nil},
		"valid JSON":               {strings.NewReader(`{}`), 2, nil},
		"nothing":                  {strings.NewReader(""), 0, nil},
		"over the limit":           {strings.NewReader(strings.Repeat(page, 10)), 300_001, ErrTooLarge},
		"reader fails":             {io.MultiReader(strings.NewReader(page), iotest.ErrReader(broken)), len(page), broken},
		"fails at once":            {iotest.ErrReader(broken), 0, broken},
		"gives nothing":            {nothing{}, 0, io.ErrNoProgress},
		"just at its most":         {strings.NewReader(strings.Repeat("x", 300_000)), 300_000, nil},
		"one over with EOF":        {iotest.DataErrReader(strings.NewReader(strings.Repeat("x", 300_001))), 300_001, ErrTooLarge},
		"valid, one over with EOF": {iotest.DataErrReader(strings.NewReader(strings.Repeat("1", 300_001))), 300_001, ErrTooLarge},
		"one over":                 {strings.NewReader(strings.Repeat("x", 300_001)), 300_001, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &counted{Reader: c.r}
			s := NewScanner(r, 300_000)
			defer s.Free()
			s.Skip()
			before := s.End()
			require.Equal(t, c.want, s.Drain())
			require.Equal(t, c.read, r.n)
			require.Equal(t, before, s.Err(), "the error stays")
			require.Equal(t, c.want, s.Drain(), "and nothing is left")
		})
	}
}

// nothing never has anything to read, and no error.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// liar returns a count that no reader may return.
type liar int

func (l liar) Read([]byte) (int, error) { return int(l), nil }

// TestScannerReturnsTheErrorOfItsReader has the reader fail at every byte.
func TestScannerReturnsTheErrorOfItsReader(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	const text = ` {"text":"a\u00e9","items":[{"id":"x"},-1.5e3,true,null]} `
	for i := range len(text) + 1 {
		for name, r := range map[string]io.Reader{
			"after":  io.MultiReader(strings.NewReader(text[:i]), iotest.ErrReader(broken)),
			"with":   &failing{strings.NewReader(text[:i]), broken},
			"single": io.MultiReader(iotest.OneByteReader(strings.NewReader(text[:i])), iotest.ErrReader(broken)),
		} {
			s := NewScanner(r, math.MaxInt64)
			require.NotPanics(t, func() { _ = s.Decode(new(everything)) })
			require.Equal(t, broken, s.End(), "%s after %q", name, text[:i])
			s.Free()
		}
	}
	for want, r := range map[error]io.Reader{io.ErrNoProgress: nothing{}, errBadReader: liar(-1), fmt.Errorf("%w", errBadReader): liar(1 << 30)} {
		s := NewScanner(r, math.MaxInt64)
		s.Skip()
		require.ErrorIs(t, want, s.End())
		s.Free()
	}
}

// failing returns its error with the last bytes.
type failing struct {
	*strings.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil || f.Len() == 0 {
		err = f.err
	}
	return n, err
}

// TestFailStops shows that nothing is read after an error, and that the first counts.
func TestFailStops(t *testing.T) {
	t.Parallel()
	left, later := errors.New("left"), errors.New("later")
	r := &counted{Reader: strings.NewReader(`[1,2,3,{"a":1}]` + strings.Repeat(" ", 100_000))}
	s := NewScanner(r, math.MaxInt64)
	defer s.Free()
	var got []int
	for range s.Elements() {
		var n int
		require.NoError(t, s.Decode(&n))
		if got = append(got, n); n == 2 {
			s.Fail(left)
			s.Fail(later)
		}
	}
	require.Equal(t, []int{1, 2}, got)
	before := r.n
	require.Zero(t, s.Next())
	require.Nil(t, s.Raw())
	require.Empty(t, s.Text())
	s.Skip()
	for range s.Members() {
		t.Fatal("a member after the end")
	}
	for range s.Elements() {
		t.Fatal("an element after the end")
	}
	text, item := "before", item{ID: "before"}
	require.Equal(t, left, s.Decode(&text))
	require.Equal(t, left, s.Decode(&item))
	require.Equal(t, "before", text)
	require.Equal(t, "before", item.ID)
	require.Equal(t, left, s.End())
	require.Equal(t, before, r.n)
}

// TestMembers shows what the names are.
func TestMembers(t *testing.T) {
	t.Parallel()
	const text = `{"a":1,"\u0062":{"x":[1,2]}, "c" : "d" ,"":null,"` + "\xff" + `":[],"e":"f"}`
	for supply, open := range supplies {
		s := open([]byte(text))
		var names, values []string
		for name := range s.Members() {
			names = append(names, string(name))
			if len(names)%2 == 0 {
				values = append(values, s.Text())
			} else {
				s.Skip()
			}
		}
		require.NoError(t, s.End(), supply)
		require.Equal(t, []string{"a", "b", "c", "", "\ufffd", "e"}, names, supply)
		require.Equal(t, []string{`{"x":[1,2]}`, "", "f"}, values, supply)
		s.Free()
		for _, other := range []string{"1", `"a"`, "[1]", "null", "{}"} {
			s := open([]byte(other))
			for range s.Members() {
				t.Fatal("a member of", other)
			}
			require.NoError(t, s.End(), supply)
			s.Free()
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for supply, open := range supplies {
		s := open([]byte(` [ 1, {"a":[]} ,"x",[[2]],null ] `))
		var got []string
		for range s.Elements() {
			got = append(got, s.Text())
		}
		require.NoError(t, s.End(), supply)
		require.Equal(t, []string{"1", `{"a":[]}`, "x", "[[2]]", ""}, got, supply)
		s.Free()
		for _, other := range []string{"1", `"a"`, `{"a":1}`, "null", "[]"} {
			s := open([]byte(other))
			for range s.Elements() {
				t.Fatal("an element of", other)
			}
			require.NoError(t, s.End(), supply)
			s.Free()
		}
	}
}

// TestElementsAreGivenOutAsTheyCome shows that an element is there before anything
// behind it is read.
func TestElementsAreGivenOutAsTheyCome(t *testing.T) {
	t.Parallel()
	pieces := []string{`{"list":[{"id":"a"}`, `,{"id":"b"}`, ` ,{"id":"c"} `, `]}`}
	taken := 0
	s := NewScanner(readerFunc(func(p []byte) (int, error) {
		if taken == len(pieces) {
			return 0, io.EOF
		}
		taken++
		return copy(p, pieces[taken-1]), nil
	}), math.MaxInt64)
	defer s.Free()
	for range s.Members() {
		n := 0
		for range s.Elements() {
			var one item
			require.NoError(t, s.Decode(&one))
			n++
			require.Equal(t, n, taken)
		}
	}
	require.NoError(t, s.End())
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestRawStaysInPlace reads raw values that are larger than the window.
func TestRawStaysInPlace(t *testing.T) {
	t.Parallel()
	large := `{"a":["` + strings.Repeat(`x\n`, 50_000) + `"]}`
	for supply, open := range supplies {
		s := open([]byte(`{"first": ` + large + ` , "second":[` + large + `]}`))
		var got []string
		for range s.Members() {
			got = append(got, string(s.Raw()))
		}
		require.NoError(t, s.End(), supply)
		require.Equal(t, []string{large, "[" + large + "]"}, got, supply)
		s.Free()
	}
}

// TestSyntaxErrorsSayWhere pins the texts of errors.
func TestSyntaxErrorsSayWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<html>`:       `invalid character '<' at byte 0`,
		`{"a":1}x`:     `'x' after the end at byte 7`,
		"{\"a\":\"\n":  `invalid character '\n' at byte 6`,
		`{"a" 1}`:      `invalid character '1' at byte 5`,
		`[1,]`:         `invalid character ']' at byte 3`,
		`{"a":01}`:     `invalid character '1' at byte 6`,
		"\xef\xbb\xbf": `invalid character 'ï' at byte 0`,
	} {
		require.EqualError(t, Unmarshal([]byte(text), new(any)), want)
	}
}

// TestWindowOfALongTextStaysSmall reads far more than the window holds.
func TestWindowOfALongTextStaysSmall(t *testing.T) {
	t.Parallel()
	s := NewScanner(io.MultiReader(strings.NewReader("["), io.LimitReader(endless(`{"id":"some text","number":12345},`), 34*100_000), strings.NewReader("{}]")), 1000)
	defer s.Free()
	n := 0
	for range s.Elements() {
		var one item
		if s.Decode(&one) != nil {
			break
		}
		s.Mark()
		n++
	}
	require.NoError(t, s.End())
	require.Equal(t, 100_001, n)
	require.Equal(t, windowSize, cap(s.buffer))
}

// endless repeats a text.
func endless(text string) io.Reader {
	at := 0
	return readerFunc(func(p []byte) (int, error) {
		n := copy(p, text[at:])
		at = (at + n) % len(text)
		return n, nil
	})
}

// TestScannersAreCleanForTheNextText fails one text in the middle of everything and
// reads another.
func TestScannersAreCleanForTheNextText(t *testing.T) {
	t.Parallel()
	for range 100 {
		s := NewScanner(strings.NewReader(`{"text":"secret","items":[{"id":"a\n"},{"id":"`), 1000)
		s.Expect(1 << 40)
		_ = s.Decode(new(everything))
		require.Equal(t, io.ErrUnexpectedEOF, s.End())
		s.Free()
		var e everything
		require.NoError(t, Unmarshal([]byte(`{"items":[{"id":"b"}]}`), &e))
		require.Equal(t, []item{{ID: "b"}}, e.Items)
		require.Empty(t, e.Text)
	}
}
