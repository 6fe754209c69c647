package conformance

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Random makes requests and answers that the contract allows.
type Random struct {
	*rand.Rand
	least    bool // what is required alone
	full     bool // every optional parameter and field, and no list empty
	Spelling Spelling
}

// NewRandom makes one for a test, that a seed makes again.
func NewRandom(t *testing.T) *Random {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to see it again: go test ./internal/conformance/... -seed %d", *seedFlag)
		}
	})
	name := fnv.New64()
	name.Write([]byte(t.Name()))
	return &Random{Rand: rand.New(rand.NewPCG(*seedFlag, name.Sum64()))}
}

// NewSample makes the same each time: what is required alone.
func NewSample() *Random { return &Random{Rand: rand.New(rand.NewPCG(1, 2)), least: true} }

// NewFullSample makes the same each time: all that there is.
func NewFullSample() *Random { return &Random{Rand: rand.New(rand.NewPCG(1, 2)), full: true} }

// Pick returns one of the values.
func Pick[T any](r *Random, from ...T) T { return from[r.IntN(len(from))] }

func (r *Random) often() bool { return r.full || !r.least && r.IntN(3) > 0 }

// Request makes the parameters of a request.
func (r *Random) Request(op Operation) Object {
	o := r.members(op.Parameters, nil)
	r.agree(o)
	return o
}

// agree makes members of a request agree that each are as the contract has them, and together
// would say two things.
func (r *Random) agree(o Object) {
	selection, _ := o["backupFileInfo"].(Object)
	if o["directType"] == 0.0 && r.full {
		o["directType"] = 1.0
	}
	if o["directType"] == 0.0 {
		delete(selection, "dirs")
	}
	if scope := o["backupRestoreFuncType"]; scope == nil || scope == 0.0 {
		delete(o, "backupRestoreFileList")
		if r.full && scope != nil {
			o["backupRestoreFuncType"], o["backupRestoreFileList"] = 1.0, []any{r.Name()}
		}
	}
	if period, ok := o["backupPeriodInfo"].(Object); ok && r.full {
		period["day"] = 3 // of a week and of a month
	}
	limits, _ := o["backupLimitQosInfo"].(Object)
	windows, _ := limits["rateLimits"].([]any)
	for i, window := range windows { // at most four
		window.(Object)["start"], window.(Object)["stop"] = 6*i, 6*i+1+r.IntN(6)
	}
	if r.full && len(windows) > 0 {
		limits["rateLimits"] = windows[:1]
		windows[0].(Object)["start"], windows[0].(Object)["stop"] = 0, 24
	}
}

func (r *Random) members(parameters []Parameter, outer Object) Object {
	o := Object{}
	// Those that others depend on come first.
	for _, depends := range []bool{false, true} {
		for _, p := range parameters {
			if depends != (p.RequiredWhen != nil || p.Ranges != nil) {
				continue
			}
			needed := p.needed(o, outer)
			if needed || r.often() {
				o[p.Name] = r.value(p, needed, o, outer)
			}
		}
	}
	return o
}

func lookUp(name string, o, outer Object) any {
	if value, ok := o[name]; ok {
		return value
	}
	return outer[name]
}

func (r *Random) value(p Parameter, needed bool, o, outer Object) any {
	if p.Enum != nil {
		return Pick(r, p.Enum...)
	}
	switch p.Type {
	case "string":
		if p.Pattern != "" {
			return Pick(r, "v", "Vault-", "a--9") + fmt.Sprint(r.IntN(1000))
		}
		return r.Name()
	case "boolean":
		return r.IntN(2) == 0
	case "integer":
		low, high := 0, 31
		if p.Min != nil {
			low, high = *p.Min, *p.Min+1_000_000
		}
		if p.Max != nil {
			high = *p.Max
		}
		for name, ranges := range p.Ranges {
			if bounds, ok := ranges[fmt.Sprint(lookUp(name, o, outer))]; ok {
				low, high = bounds[0], bounds[1]
			}
		}
		return Pick(r, low, high, low+r.IntN(high-low+1))
	case "object":
		return r.members(p.Fields, o)
	}
	least := 0
	if needed || r.full {
		least = 1
	}
	list := make([]any, least+r.IntN(4))
	for i := range list {
		if p.Fields != nil {
			list[i] = r.members(p.Fields, o)
		} else {
			list[i] = r.Name()
		}
	}
	return list
}

// Name makes a text that a request may hold: text without control characters that does not begin
// with white space, and is no path of Windows.
func (r *Random) Name() string {
	return Pick(r, "/", "机", "nn") + strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, r.Text())
}

// Text makes text that is hard on encoders, and not blank.
func (r *Random) Text() string {
	text := ""
	for range r.IntN(12) {
		text += Pick(r, "a", "Z", "0", "备", "份", " ", "+", "%", "&", "=", "/", "?", "#", ";", ":", ",", "%2B", "\"", "\\", "<", ">", "~", "*", "'", "é", "😀", "\u2028", "\n", "\x00")
	}
	return text + Pick(r, "x", "-1", "机")
}

// Spelling says which names an answer has of a field with two.
type Spelling int

// The spellings of an answer: any of the others, one name or the other, both with one
// value, and both with one of them empty.
const (
	AnySpelling Spelling = iota
	FirstSpelling
	OtherSpelling
	BothSpellings
	EmptyFirst
	EmptyOther
)

// Answer makes the content of an answer.
func (r *Random) Answer(fields []Field) Object {
	o := Object{}
	for _, f := range fields {
		_, one := o[f.Name]
		_, other := o[f.Alias]
		if one || other || !r.often() {
			continue
		}
		value, empty := r.fieldValue(f), any(nil)
		if f.Null && !r.full && r.IntN(4) == 0 {
			value = nil
		}
		if f.Type == "string" || f.Type == "time" {
			empty = Pick[any](r, nil, "")
		}
		spelling := r.Spelling
		if spelling == AnySpelling {
			spelling = Pick(r, FirstSpelling, OtherSpelling, BothSpellings, EmptyFirst, EmptyOther)
		}
		switch {
		case f.Alias == "" || spelling == FirstSpelling:
			o[f.Name] = value
		case spelling == OtherSpelling:
			o[f.Alias] = value
		case spelling == BothSpellings:
			o[f.Name], o[f.Alias] = value, value
		case spelling == EmptyFirst:
			o[f.Name], o[f.Alias] = empty, value
		default:
			o[f.Name], o[f.Alias] = value, empty
		}
	}
	if !r.full {
		o["xNew"] = Pick[any](r, "text", 1, nil, true, Object{"statusCode": 900}, []any{1})
	}
	return o
}

func (r *Random) fieldValue(f Field) any {
	switch f.Type {
	case "string":
		return Pick(r, r.Text(), r.Text(), "Brand-New")
	case "time":
		return time.Unix(r.Int64N(4e9), 0).UTC().Format(time.DateTime)
	case "boolean":
		if f.Or == "integer" && !r.full && r.IntN(2) == 0 {
			return r.IntN(2)
		}
		return r.full || r.IntN(2) == 0
	case "integer":
		return Pick[any](r, 0, r.IntN(1000), 1_700_000_000_000+r.Int64N(1e12))
	case "number":
		return Pick[any](r, 0, 100, float64(r.IntN(10000))/100)
	case "object":
		if f.Fields == nil {
			return Object{"text": r.Text(), "数": "1"}
		}
		return r.Answer(f.Fields)
	}
	list := make([]any, 2)
	if !r.full {
		list = make([]any, r.IntN(4))
	}
	for i := range list {
		if f.Fields != nil {
			list[i] = r.Answer(f.Fields)
		} else {
			list[i] = r.Text()
		}
	}
	return list
}
