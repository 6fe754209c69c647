package cbrtest

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// jsonWriter writes the items of lists, of which there may be hundreds of thousands. Each method writes one member of
// the present object.
type jsonWriter struct {
	buf  []byte
	more bool // a member or an item comes before
}

// name writes the name of a member; an item of a list has none.
func (w *jsonWriter) name(name string) {
	if w.more {
		w.buf = append(w.buf, ',')
	}
	w.more = true
	if name != "" {
		w.buf = append(append(append(w.buf, '"'), name...), '"', ':')
	}
}

// begin begins an object, which end ends.
func (w *jsonWriter) begin(name string) {
	w.name(name)
	w.buf = append(w.buf, '{')
	w.more = false
}

func (w *jsonWriter) end() {
	w.buf = append(w.buf, '}')
	w.more = true
}

func (w *jsonWriter) text(name, value string) {
	w.name(name)
	w.appendText(value)
}

func (w *jsonWriter) texts(name string, values []string) {
	w.name(name)
	w.buf = append(w.buf, '[')
	for i, value := range values {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.appendText(value)
	}
	w.buf = append(w.buf, ']')
}

func (w *jsonWriter) integer(name string, value int64) {
	w.name(name)
	w.buf = strconv.AppendInt(w.buf, value, 10)
}

func (w *jsonWriter) number(name string, value float64) {
	w.name(name)
	w.buf = strconv.AppendFloat(w.buf, value, 'f', -1, 64)
}

func (w *jsonWriter) boolean(name string, value bool) {
	w.name(name)
	w.buf = strconv.AppendBool(w.buf, value)
}

// time writes a time as the wire has it: Beijing time without a zone, null if there is none.
func (w *jsonWriter) time(name string, value time.Time) {
	w.name(name)
	if value.IsZero() {
		w.buf = append(w.buf, "null"...)
		return
	}
	w.buf = append(w.buf, '"')
	w.buf = value.In(beijing).AppendFormat(w.buf, time.DateTime)
	w.buf = append(w.buf, '"')
}

// size writes a number of bytes as text, such as 1.65GB.
func (w *jsonWriter) size(name string, n int64) {
	w.name(name)
	w.buf = append(w.buf, '"')
	w.buf = strconv.AppendFloat(w.buf, float64(n)/gigabyte, 'f', 2, 64)
	w.buf = append(w.buf, `GB"`...)
}

// any writes a value of any type, such as a parameter that is stored as it came. No parameter is null.
func (w *jsonWriter) any(name string, value any) {
	w.name(name)
	text, err := json.Marshal(value)
	if err != nil { // parameters were read from JSON
		panic("cbrtest: " + err.Error())
	}
	w.buf = append(w.buf, text...)
}

func (w *jsonWriter) appendText(s string) {
	if !isPlain(s) {
		text, _ := json.Marshal(s) // a string always marshals
		w.buf = append(w.buf, text...)
		return
	}
	w.buf = append(append(append(w.buf, '"'), s...), '"')
}

// isPlain reports whether a text is written in JSON as it is.
func isPlain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == '"' || c == '\\':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}
