package cbrtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// material is what the signature of a request is made of, but for its query and its body.
type material struct {
	accessKey, secretKey, date string
	headers                    string // the lines of the signed headers
}

func (mat material) sign(query string, body []byte) string {
	sum := sha256.Sum256(body)
	return sign(mat.accessKey, mat.secretKey, mat.date, mat.headers+"\n"+query+"\n"+hex.EncodeToString(sum[:]))
}

// mistake says why a signature is wrong: it tries the mistakes that clients are known to make.
func (mat material) mistake(got, sent, sorted string, body []byte) string {
	for _, m := range []struct {
		query string
		body  []byte
		says  string
	}{
		{sent, body, "the query was signed in the order in which it was sent; it is signed sorted by key"},
		{unescaped(sorted), body, "the query was signed before its values were encoded"},
		{sorted, nil, "the signature is over an empty body, but there is one"},
		{sorted, []byte("{}"), "the signature is over the body {}, which is not what came"},
		{"", body, "the signature is over an empty query, but there is one"},
	} {
		if equal(mat.sign(m.query, m.body), got) {
			return m.says
		}
	}
	return "the signature does not match the request and the secret key"
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// sign signs a text with a key that is derived from the credentials and the day.
func sign(accessKey, secretKey, date, text string) string {
	key := []byte(secretKey)
	for _, data := range []string{date, accessKey, date[:8], text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(data))
		key = mac.Sum(nil)
	}
	return base64.StdEncoding.EncodeToString(key)
}

// signedHeaders returns the lines of the headers that a signature lists.
func signedHeaders(r *http.Request, list string) (string, bool) {
	names := strings.Split(list, ";")
	for i, name := range names {
		if name == "" || name != strings.ToLower(name) || i > 0 && names[i-1] >= name {
			return "", false
		}
	}
	if !slices.Contains(names, "ctyun-eop-request-id") || !slices.Contains(names, "eop-date") {
		return "", false
	}
	var text strings.Builder
	for _, name := range names {
		value, ok := single(r.Header, name)
		if name == "host" { // net/http takes it out of the headers
			value, ok = r.Host, true
		}
		if !ok {
			return "", false
		}
		text.WriteString(name + ":" + value + "\n")
	}
	return text.String(), true
}

// sortQuery returns a query, as received, in the form that is signed: sorted by key. If it could not have been signed,
// because it is not encoded as the reference says, the problem says why.
func sortQuery(raw string) (sorted, problem string) {
	if raw == "" {
		return "", ""
	}
	pairs := strings.Split(raw, "&")
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		switch {
		case !found || key == "":
			return "", "the query must be key=value pairs joined with &"
		case strings.Contains(pair, "+"): // assumed: clients that send + are in use
			return "", "the query has a + where RFC 3986 has %20 for a space and %2B for a plus"
		case !canonical(key) || !canonical(value):
			return "", "the query is not encoded by RFC 3986, with upper-case hex and nothing encoded without need"
		}
	}
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(keyOf(a), keyOf(b)) })
	return strings.Join(pairs, "&"), ""
}

// keyOf returns the key of a pair as it reads once it is decoded.
func keyOf(pair string) string {
	key, _, _ := strings.Cut(pair, "=")
	return unescaped(key)
}

func canonical(encoded string) bool {
	text, err := url.PathUnescape(encoded)
	return err == nil && escape(text) == encoded
}

func unescaped(encoded string) string {
	text, _ := url.PathUnescape(encoded) // what cannot be decoded is not canonical, and was refused
	return text
}

// escape percent-encodes by RFC 3986.
func escape(text string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	var out strings.Builder
	for _, b := range []byte(text) {
		if strings.IndexByte(unreserved, b) >= 0 {
			out.WriteByte(b)
		} else {
			out.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{b})))
		}
	}
	return out.String()
}

// single returns the value of a header that is there exactly once and not empty.
func single(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < '!' || r > '~' })
}
