package ctcbr

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimeIsRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 13, 1, 2, 3, 0, beijing)
	day := time.Date(2026, 6, 13, 0, 0, 0, 0, beijing)
	minute := time.Date(2026, 6, 13, 1, 2, 0, 0, beijing)
	for name, c := range map[string]struct {
		wire string
		want time.Time
	}{
		"documented form":               {`"2026-06-13 01:02:03"`, at},
		"with blanks around":            {`" 2026-06-13 01:02:03\n"`, at},
		"with a fraction":               {`"2026-06-13 01:02:03.5"`, at.Add(time.Second / 2)},
		"RFC 3339 of UTC":               {`"2026-06-12T17:02:03Z"`, at},
		"RFC 3339 of Beijing":           {`"2026-06-13T01:02:03+08:00"`, at},
		"RFC 3339 of New York":          {`"2026-06-12T13:02:03-04:00"`, at},
		"zone without a colon":          {`"2026-06-13T01:02:03.000+0800"`, at},
		"zone after a blank form":       {`"2026-06-12 17:02:03Z"`, at},
		"T without a zone":              {`"2026-06-13T01:02:03"`, at},
		"without seconds":               {`"2026-06-13 01:02"`, minute},
		"slashes":                       {`"2026/06/13 01:02:03"`, at},
		"slashes without seconds":       {`"2026/06/13 01:02"`, minute},
		"date alone":                    {`"2026-06-13"`, day},
		"digits alone":                  {`"20260613010203"`, at},
		"milliseconds":                  {`1781283723000`, at},
		"milliseconds as text":          {`"1781283723000"`, at},
		"seconds":                       {`1781283723`, at},
		"leap day":                      {`"2028-02-29 00:00:00"`, time.Date(2028, 2, 29, 0, 0, 0, 0, beijing)},
		"hour that others skip":         {`"2026-03-29 02:30:00"`, time.Date(2026, 3, 29, 2, 30, 0, 0, beijing)},
		"nothing":                       {`""`, time.Time{}},
		"null":                          {`null`, time.Time{}},
		"dash":                          {`"-"`, time.Time{}},
		"zeros":                         {`"0000-00-00 00:00:00"`, time.Time{}},
		"zero":                          {`0`, time.Time{}},
		"29 February of a common year":  {`"2026-02-29 00:00:00"`, time.Time{}},
		"24 o'clock":                    {`"2026-06-13 24:00:00"`, time.Time{}},
		"number of no known unit":       {`17812837230`, time.Time{}},
		"number beyond all":             {`99999999999999999999`, time.Time{}},
		"negative number":               {`-1781283723`, time.Time{}},
		"year of five digits":           {`"12026-06-13 01:02:03"`, time.Time{}},
		"object":                        {`{"seconds":1}`, time.Time{}},
		"list":                          {`[]`, time.Time{}},
		"true":                          {`true`, time.Time{}},
		"words":                         {`"next Tuesday"`, time.Time{}},
		"byte that is no text":          {"\"\xff\"", time.Time{}},
		"digits that are no date":       {`"20261313010203"`, time.Time{}},
		"date with something behind it": {`"2026-06-13 01:02:03 or so"`, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Time
			require.NoError(t, json.Unmarshal([]byte(c.wire), &got))
			require.True(t, c.want.Equal(got.Time()), "%s", got.Time())
			if !c.want.IsZero() {
				require.Equal(t, beijing, got.Time().Location())
			}
			require.Equal(t, c.wire == `""` || c.wire == "null", got.IsZero())
		})
	}
}

func TestNewTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 12, 17, 2, 3, 999, time.UTC)
	for name, zone := range map[string]*time.Location{"UTC": time.UTC, "Beijing": beijing, "far west": time.FixedZone("", -11*60*60)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, Time("2026-06-13 01:02:03"), NewTime(at.In(zone)))
			require.True(t, at.Truncate(time.Second).Equal(NewTime(at.In(zone)).Time()))
		})
	}
	require.True(t, NewTime(time.Time{}).IsZero())
	require.True(t, Time(" ").IsZero())
	require.False(t, Time("soon").IsZero())
}

func TestSizeForPeople(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]struct {
		gb   float64
		text string
	}{
		"112 G": {112, "112 GB"}, "111.50": {111.5, "111.50 GB"}, "1.65GB": {1.6500000003725290298, "1.65 GB"}, "512 MiB": {0.5, "512 MB"},
		"0": {0, "0 GB"}, "1,024 MB": {1, "1,024 MB"}, "17 bytes": {17.0 / (1 << 30), "17 B"}, "much": {0, "much"}, "": {0, ""}, "-1 G": {0, "-1 G"},
	} {
		require.InDelta(t, want.gb, Size(wire).GB(), 1e-8, wire)
		require.Equal(t, want.text, Size(wire).Text(), wire)
		require.Equal(t, wire, Size(wire).String())
	}
}

func TestSizeIsRead(t *testing.T) {
	t.Parallel()
	const kb, mb, gb, tb = 1 << 10, 1 << 20, 1 << 30, 1 << 40
	for name, c := range map[string]struct {
		wire string
		want int64 // -1: not valid
	}{
		"capacity":                     {`"112 G"`, 112 * gb},
		"snapshot":                     {`"1.65GB"`, 1771674010},
		"free capacity, no unit":       {`"112.00"`, 112 * gb},
		"number":                       {`112.5`, 112*gb + gb/2},
		"nothing used":                 {`"0"`, 0},
		"nothing used, with unit":      {`"0.00B"`, 0},
		"thousands":                    {`"1,024 MB"`, gb},
		"millions":                     {`"1,048,576 KB"`, gb},
		"IEC unit":                     {`"1.5 TiB"`, tb + tb/2},
		"small letters":                {`"1.5gb"`, gb + gb/2},
		"mixed letters":                {`"1 kB"`, kb},
		"unit without B":               {`"3 Mi"`, 3 * mb},
		"bytes":                        {`"17 B"`, 17},
		"bytes as a word":              {`"17 bytes"`, 17},
		"half a byte, rounded":         {`"0.5B"`, 1},
		"less than half":               {`"0.49B"`, 0},
		"petabytes":                    {`"2PB"`, 2 << 50},
		"exabytes":                     {`"1 E"`, 1 << 60},
		"no-break space":               {`"112\u00a0G"`, 112 * gb},
		"blanks around":                {`"\t112  G "`, 112 * gb},
		"point at the end":             {`"112. G"`, 112 * gb},
		"point at the start":           {`".5 G"`, gb / 2},
		"exponent":                     {`1.12E2`, 112 * gb},
		"exponent with a unit":         {`"1e3 B"`, 1000},
		"negative exponent":            {`5.0E-4`, 536871},
		"exponent of nothing":          {`"0e999"`, 0},
		"exponent to nothing":          {`"1e-999"`, 0},
		"exactly the largest":          {`"9223372036854775807 B"`, math.MaxInt64},
		"beyond what a float64 counts": {`"9007199254740993B"`, 9007199254740993},
		"one too many":                 {`"9223372036854775808 B"`, -1},
		"8 EB":                         {`"8 EB"`, -1},
		"overflow":                     {`"1e999 G"`, -1},
		"exponent out of reason":       {`"1e999999999"`, -1},
		"long out of reason":           {`"` + strings.Repeat("0", 1000) + `"`, -1},
		"negative":                     {`"-1 G"`, -1},
		"plus":                         {`"+1 G"`, -1},
		"bits":                         {`"1 Gbit"`, -1},
		"rate":                         {`"1 GB/s"`, -1},
		"unknown unit":                 {`"1 X"`, -1},
		"unit before the number":       {`"G 112"`, -1},
		"unit alone":                   {`"GB"`, -1},
		"two units":                    {`"1 G 2 M"`, -1},
		"decimal comma":                {`"1,65GB"`, -1},
		"comma at the start":           {`",024"`, -1},
		"two points":                   {`"1.2.3"`, -1},
		"not a number":                 {`"NaN"`, -1},
		"infinite":                     {`"Inf"`, -1},
		"hexadecimal":                  {`"0x10"`, -1},
		"underscores":                  {`"1_000"`, -1},
		"other digits":                 {`"１１２ G"`, -1},
		"point alone":                  {`"."`, -1},
		"nothing":                      {`""`, -1},
		"null":                         {`null`, -1},
		"dash":                         {`"-"`, -1},
		"true":                         {`true`, -1},
		"object":                       {`{"value":1}`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Size
			require.NoError(t, json.Unmarshal([]byte(c.wire), &got))
			require.Equal(t, c.want >= 0, got.Valid())
			require.Equal(t, max(c.want, 0), got.Bytes())
		})
	}
}

func TestRateIsRead(t *testing.T) {
	t.Parallel()
	const kb, mb = 1 << 10, 1 << 20
	for name, c := range map[string]struct {
		wire string
		want int64 // -1: not valid
	}{
		"documented form":         {`"209.28 KB/s"`, 214303},
		"no blank":                {`"1.25MB/s"`, mb + mb/4},
		"SI kilo":                 {`"3 kB/s"`, 3 * kb},
		"IEC unit":                {`"3 KiB/s"`, 3 * kb},
		"bytes":                   {`"17 B/s"`, 17},
		"bytes as a word":         {`"17 bytes/s"`, 17},
		"seconds as a word":       {`"3 KB/sec"`, 3 * kb},
		"seconds in Chinese":      {`"3 KB/秒"`, 3 * kb},
		"blanks at the slash":     {`"3 KB / s"`, 3 * kb},
		"capitals":                {`"3 KB/S"`, 3 * kb},
		"per second as letters":   {`"3 MBps"`, 3 * mb},
		"thousands":               {`"1,024 KB/s"`, mb},
		"nothing moved":           {`"0 KB/s"`, 0},
		"nothing, no unit":        {`"0"`, 0},
		"nothing, a number":       {`0.00`, 0},
		"bits":                    {`"300 Kbps"`, -1},
		"bits by the slash":       {`"300 Kb/s"`, -1},
		"bits as a word":          {`"300 Kbit/s"`, -1},
		"bits or bytes, small":    {`"300 kb/s"`, -1},
		"bits or bytes, capitals": {`"300 KBPS"`, -1},
		"bits or bytes, no B":     {`"300 K/s"`, -1},
		"no unit":                 {`"209.28"`, -1},
		"number":                  {`209.28`, -1},
		"per what":                {`"3 MB"`, -1},
		"per hour":                {`"3 MB/h"`, -1},
		"per second alone":        {`"/s"`, -1},
		"negative":                {`"-3 KB/s"`, -1},
		"overflow":                {`"1e99 KB/s"`, -1},
		"not a number":            {`"NaN KB/s"`, -1},
		"infinite":                {`"Inf B/s"`, -1},
		"nothing":                 {`""`, -1},
		"null":                    {`null`, -1},
		"dash":                    {`"--"`, -1},
		"list":                    {`[1]`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Rate
			require.NoError(t, json.Unmarshal([]byte(c.wire), &got))
			require.Equal(t, c.want >= 0, got.Valid())
			require.Equal(t, max(c.want, 0), got.Bytes())
		})
	}
}

func TestPercentIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire string
		want Percent
		text string
	}{
		"number":            {`37.5`, 37.5, "37.5%"},
		"whole":             {`100`, 100, "100%"},
		"text":              {`"37.5"`, 37.5, "37.5%"},
		"text with sign":    {`"37.5 %"`, 37.5, "37.5%"},
		"exponent":          {`1E+2`, 100, "100%"},
		"more than all":     {`101`, 101, "101%"},
		"negative":          {`-1`, -1, "-1%"},
		"null":              {`null`, 0, "0%"},
		"nothing":           {`""`, 0, "0%"},
		"words":             {`"half"`, 0, "0%"},
		"not a number":      {`"NaN"`, 0, "0%"},
		"infinite":          {`"-Inf"`, 0, "0%"},
		"beyond all":        {`"1e999"`, 0, "0%"},
		"object":            {`{}`, 0, "0%"},
		"number beyond all": {`1e999`, 0, "0%"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Percent(7)
			require.NoError(t, json.Unmarshal([]byte(c.wire), &got))
			require.Equal(t, c.want, got)
			require.Equal(t, c.text, got.String())
			_, err := json.Marshal(got)
			require.NoError(t, err)
		})
	}
}

// What came is what is written again, also where it cannot be read.
func TestTextOfValuesIsKept(t *testing.T) {
	t.Parallel()
	type values struct {
		Time  Time
		Size  Size
		Rate  Rate
		Clock ClockTime
	}
	for name, text := range map[string]string{
		"nothing": "", "blanks": "  ", "words": "not yet", "Chinese": "未知", "markup": `<a href="x">&</a>`, "quotes": `"\`,
		"time": "2026-06-13 01:02:03", "other time": "2026/06/13 1:2", "size": "1,024  MB", "rate": "209.28 KB/s", "clock": "2:00",
		"number": "112.00", "zero byte": "\x00", "null as text": "null",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, err := json.Marshal(map[string]string{"Time": text, "Size": text, "Rate": text, "Clock": text})
			require.NoError(t, err)
			var got values
			require.NoError(t, json.Unmarshal(wire, &got))
			require.Equal(t, values{Time(text), Size(text), Rate(text), ClockTime(text)}, got)
			require.Equal(t, []string{text, text, text}, []string{got.Time.String(), got.Size.String(), got.Rate.String()})
			again, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, string(wire), string(again))
		})
	}
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-06-13 01:02:03", "2026-06-13T01:02:03Z", "1781283723000", "", "soon", "0000-00-00 00:00:00", "2026-02-30", "99999999999999999999"} {
		f.Add(text, int64(1781283723))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		var read Time
		encoded, err := json.Marshal(text)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(encoded, &read))
		var kept string
		require.NoError(t, json.Unmarshal(encoded, &kept))
		require.Equal(t, kept, read.String())
		if at := read.Time(); !at.IsZero() {
			_, offset := at.Zone()
			require.Equal(t, 8*60*60, offset)
			require.False(t, read.IsZero())
		}
		at := time.Unix(unix%(1<<37), 0)
		if year := at.In(beijing).Year(); year > 1 && year < 10000 && !at.IsZero() {
			require.True(t, NewTime(at).Time().Equal(at), "%s", at)
		}
	})
}

func FuzzSizeAndRate(f *testing.F) {
	for _, text := range []string{"112 G", "1.65GB", "111.50", "209.28 KB/s", "1,024", "-1 G", "1e309 G", "9e99PB", "NaN", "Inf", "0x10 G", "", " ", "9223372036854775807 B"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []interface {
			Bytes() int64
			Valid() bool
			String() string
		}{Size(text), Rate(text)} {
			require.GreaterOrEqual(t, v.Bytes(), int64(0))
			require.True(t, v.Valid() || v.Bytes() == 0)
			require.Equal(t, text, v.String())
		}
		var size Size
		var rate Rate
		_ = size.UnmarshalJSON([]byte(text))
		_ = rate.UnmarshalJSON([]byte(text))
	})
}

func FuzzPercent(f *testing.F) {
	for _, text := range []string{"37.5", `"37.5%"`, `"NaN"`, "1e400", "null", "{}", `"-Inf"`, "-0", `"%"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := Percent(7)
		require.NoError(t, p.UnmarshalJSON(data))
		require.False(t, math.IsNaN(float64(p)) || math.IsInf(float64(p), 0))
		_, err := json.Marshal(p)
		require.NoError(t, err)
	})
}
