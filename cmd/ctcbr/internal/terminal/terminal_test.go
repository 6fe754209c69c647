package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"plain 数据库\u3000全角 é": "plain 数据库\u3000全角 é",
		"\x1b[2J":             `\x1b[2J`,
		"a\nb\tc\r":           `a\nb\tc\r`,
		"\u202eevil\u009b":    `\u202eevil\u009b`,
		"\xffbad":             `\xffbad`,
		"zero\u200bwidth":     `zero\u200bwidth`,
		"'quote'":             "'quote'",
		"":                    "",
	} {
		require.Equal(t, want, Printable(given))
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[31m")
	f.Fuzz(func(t *testing.T, given string) {
		said := Printable(given)
		require.True(t, utf8.ValidString(said))
		require.NotContains(t, said, "\x1b")
		require.NotContains(t, said, "\n")
		require.Equal(t, said, Printable(said), "it is stable")
		encoded, err := json.Marshal(given)
		require.NoError(t, err)
		var back, want string
		require.NoError(t, json.Unmarshal([]byte(EscapeJSON(string(encoded))), &back))
		require.NoError(t, json.Unmarshal(encoded, &want))
		require.Equal(t, want, back, "JSON loses nothing")
	})
}

type row struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

var columns = []Column[row]{
	{Key: "name", Head: "Name", Cell: func(r row) any { return r.Name }},
	{Key: "size", Head: "Size", Cell: func(r row) any { return Bytes(r.Size) }},
	{Key: "note", Head: "Note", Cell: func(row) any { return strings.Repeat("long ", 10) }, Minor: true},
}

func TestTableFitsATerminal(t *testing.T) {
	t.Parallel()
	rows := []row{{"数据库", 3 << 29}, {"web", 5}}
	for width, want := range map[int]string{
		0:  "NAME    SIZE    NOTE\n数据库  1.5 GB  " + strings.TrimSpace(strings.Repeat("long ", 10)) + "\nweb     5 B     " + strings.TrimSpace(strings.Repeat("long ", 10)) + "\n",
		20: "NAME    SIZE\n数据库  1.5 GB\nweb     5 B\n",
	} {
		var out bytes.Buffer
		List(NewTerminal(&out, width), Table, columns, rows)
		require.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	List(NewTerminal(&out, 13), Table, columns, rows)
	require.Contains(t, out.String(), "Name  数据库\nSize  1.5 GB\n", "too narrow for a table: a record for each row")
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")), 14, line)
	}
}

func TestCSVAndJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	List(NewDoor(&out), CSV, columns[:2], []row{{"=1+1", 1024}, {"a,\"b\"", 0}})
	require.Equal(t, "name,size\n'=1+1,1024\n\"a,\"\"b\"\"\",0\n", out.String())
	out.Reset()
	List[row](NewDoor(&out), JSON, columns, nil)
	require.Equal(t, "[]\n", out.String())
	out.Reset()
	List[row](NewDoor(&out), Table, columns, nil)
	require.Empty(t, out.String())
}

func TestBytesAndMoments(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 1<<20 - 1: "1.0 MB", 3 << 29: "1.5 GB", 1 << 62: "4.0 EB"} {
		require.Equal(t, want, Bytes(n).String())
	}
	at := At("2026-06-13 01:02:03")
	require.Equal(t, "2026-06-13 01:02", at.String())
	encoded, err := json.Marshal([]Moment{at, {}, At("soon")})
	require.NoError(t, err)
	require.JSONEq(t, `["2026-06-13T01:02:03+08:00",null,null]`, string(encoded))
	require.Equal(t, "soon", At("soon").String(), "what cannot be read is shown")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestDoorRemembersWhatFailed(t *testing.T) {
	t.Parallel()
	d := NewDoor(broken{})
	require.NoError(t, d.Err())
	d.Line("x")
	d.Line("y")
	require.EqualError(t, d.Err(), "broken")
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 40} {
		synctest.Test(t, func(t *testing.T) {
			names := make(map[string]string)
			for i := range n {
				names[string(rune('A'+i))] = strings.Repeat("备份", 30)
			}
			var out bytes.Buffer
			p := NewProgress(NewTerminal(&out, 60), names, func(s string) string { return s })
			for id := range names {
				p.Report(ctcbr.Progress{ID: id, State: "Executing", Percent: 40, Rate: "2.00 MB/s", Remaining: time.Minute})
			}
			time.Sleep(time.Second) // the bars are drawn by the clock
			p.Done()
			require.Contains(t, out.String(), "40%")
			for line := range strings.SplitSeq(out.String(), "\n") {
				require.LessOrEqual(t, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\r")), 60, "%q", line)
			}
		})
	}
}

func TestProgressInALog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewProgress(NewDoor(&out), map[string]string{"1": "web\x1b[2J"}, func(s string) string { return s })
		for percent := range 101 {
			p.Report(ctcbr.Progress{ID: "1", State: "Executing", Percent: ctcbr.Percent(percent), Rate: "2.00 MB/s", Remaining: time.Minute})
			time.Sleep(3 * time.Second)
		}
		p.Report(ctcbr.Progress{ID: "2"})
		p.Report(ctcbr.Progress{ID: "2", State: "Preparing"})
		p.Done()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 8, out.String())
		require.Equal(t, `web\x1b[2J: Executing, 2.0 MB/s, 1m0s left`, lines[0])
		require.Equal(t, "2: not listed yet", lines[6])
	})
}
