// Package echo writes a text in the ways in which a server may repeat it, for tests
// that look for secrets in disguise. It imports nothing of the SDK.
package echo

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// Encodings are the ways in which a gateway may repeat what it was sent.
var Encodings = map[string]func(string) string{
	"raw":                func(s string) string { return s },
	"URL-escaped":        url.QueryEscape,
	"path-escaped":       url.PathEscape,
	"URL-escaped twice":  func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"all URL-escaped":    func(s string) string { return escapeAll(s, "%%%02x") },
	"HTML-escaped":       html.EscapeString,
	"HTML-escaped twice": func(s string) string { return html.EscapeString(html.EscapeString(s)) },
	"HTML numbers":       func(s string) string { return escapeAll(s, "&#%d;") },
	"HTML hex numbers":   func(s string) string { return escapeAll(s, "&#x%X;") },
	"HTML names":         strings.NewReplacer("+", "&plus;", "/", "&sol;", "=", "&equals;", "&", "&amp;", `\`, "&bsol;").Replace,
	"JSON-escaped":       jsonEscaped,
	"JSON-escaped twice": func(s string) string { return jsonEscaped(jsonEscaped(s)) },
	"all JSON-escaped":   func(s string) string { return escapeAll(s, `\u%04x`) },
	"slashes escaped":    func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
	"quoted by Go":       func(s string) string { return strings.Trim(strconv.Quote(s), `"`) },
	"URL-escaped 4 times": func(s string) string {
		return url.QueryEscape(url.QueryEscape(url.QueryEscape(url.QueryEscape(s))))
	},
	"HTML in a URL":    func(s string) string { return url.QueryEscape(html.EscapeString(s)) },
	"HTML in JSON":     func(s string) string { return jsonEscaped(html.EscapeString(s)) },
	"all hex-escaped":  func(s string) string { return escapeAll(s, `\x%02x`) },
	"cut at the end":   func(s string) string { return s[:len(s)-5] },
	"cut at the start": func(s string) string { return s[5:] },
}

func escapeAll(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func jsonEscaped(s string) string {
	encoded, _ := json.Marshal(s)
	return string(encoded[1 : len(encoded)-1])
}
