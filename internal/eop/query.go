package eop

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Parameter is one parameter of a query, unescaped.
type Parameter struct{ Key, Value string }

// maxParameters is the number of parameters above which net/url, and with it most servers, refuses
// a query.
const maxParameters = 10000

// CanonicalQuery returns a raw query in its canonical form: sorted by key and escaped by
// [AppendEscaped]. Parameters of one key stay in their order, and one without a value becomes
// "key=". A query that is canonical is returned as it is. The queries that url.ParseQuery refuses
// are errors.
func CanonicalQuery(raw string) (string, error) {
	switch {
	case strings.Count(raw, "&") >= maxParameters:
		return "", fmt.Errorf("more than %d parameters", maxParameters)
	case strings.IndexByte(raw, ';') >= 0:
		return "", errors.New("a semicolon does not separate parameters")
	case isCanonical(raw):
		return raw, nil
	}
	var space [16]Parameter
	parameters := space[:0]
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		if err := cmp.Or(keyErr, valueErr); err != nil {
			return "", err
		}
		parameters = append(parameters, Parameter{key, value})
	}
	return EncodeQuery(parameters), nil
}

// isCanonical reports whether a query is canonical. It says no to every query with an escaped key,
// since escaped keys sort differently. The service documents no such key.
func isCanonical(query string) bool {
	last := ""
	for pair := range strings.SplitSeq(query, "&") {
		key, value, found := strings.Cut(pair, "=")
		if !found || key < last || strings.IndexByte(key, '%') >= 0 || !isEscaped(key) || !isEscaped(value) {
			return false
		}
		last = key
	}
	return true
}

// EncodeQuery writes parameters as a canonical query. It sorts the slice by key; parameters of one
// key stay in their order.
func EncodeQuery(parameters []Parameter) string {
	var space [512]byte // on the stack: the query is the only allocation
	b := space[:0]
	slices.SortStableFunc(parameters, func(a, b Parameter) int { return strings.Compare(a.Key, b.Key) })
	for i, p := range parameters {
		if i > 0 {
			b = append(b, '&')
		}
		b = AppendEscaped(b, p.Key)
		b = append(b, '=')
		b = AppendEscaped(b, p.Value)
	}
	return string(b)
}

// EncodeValues writes values as a canonical query.
func EncodeValues(values url.Values) string {
	var parameters []Parameter
	for key, all := range values {
		for _, value := range all {
			parameters = append(parameters, Parameter{key, value})
		}
	}
	return EncodeQuery(parameters)
}

// AppendEscaped appends text to dst, percent-encoded by RFC 3986: every byte but A-Z a-z 0-9 - _ . ~
// becomes %XX with upper-case digits, a space among them.
func AppendEscaped(dst []byte, text string) []byte {
	written := 0
	for i := range len(text) {
		if c := text[i]; !unreserved[c] {
			dst = append(dst, text[written:i]...)
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
			written = i + 1
		}
	}
	return append(dst, text[written:]...)
}

// isEscaped reports whether a text is as AppendEscaped writes it.
func isEscaped(text string) bool {
	for i := 0; i < len(text); i++ {
		if unreserved[text[i]] {
			continue
		}
		if text[i] != '%' || i+2 >= len(text) {
			return false
		}
		high, low := strings.IndexByte(hexDigits, text[i+1]), strings.IndexByte(hexDigits, text[i+2])
		if high < 0 || low < 0 || unreserved[high<<4|low] {
			return false
		}
		i += 2
	}
	return true
}

const hexDigits = "0123456789ABCDEF"

// unreserved is the set of bytes that are not escaped.
var unreserved = func() (set [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" {
		set[c] = true
	}
	return set
}()
