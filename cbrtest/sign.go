package cbrtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	dateLayout    = "20060102T150405Z" // Beijing time in spite of the Z
	dateTolerance = 15 * time.Minute
	requestIDAge  = 30 * time.Minute // twice the tolerance: an older request is refused for its date anyway
	requestIDCap  = 50_000
)

// beijing does not come from the time zone database, which a machine may lack.
var beijing = time.FixedZone("CST", 8*60*60)

// gate lets requests in that are signed as the OpenAPI gateway asks for.
type gate struct {
	skew atomic.Int64

	mu    sync.Mutex
	keys  map[string]string
	seen  map[string]sighting
	order []string // request IDs of seen, oldest first
}

// sighting is what made up a request when its ID came first.
type sighting struct {
	request string
	at      time.Time
}

func newGate(accessKey, secretKey string) *gate {
	return &gate{keys: map[string]string{accessKey: secretKey}, seen: map[string]sighting{}}
}

func (g *gate) addKey(accessKey, secretKey string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keys[accessKey] = secretKey
}

// now is the server's idea of the real time, by which dates of signatures are judged.
func (g *gate) now() time.Time { return time.Now().Add(time.Duration(g.skew.Load())) }

// date returns that time as the Date header has it.
func (g *gate) date() string { return g.now().UTC().Format(http.TimeFormat) }

// check returns why the request is refused, nil if it is let in.
func (g *gate) check(r *http.Request, body []byte) *failure {
	if r.UserAgent() == "" {
		return fail(http.StatusForbidden, "CTAPI.Risk.UserAgentMissing", "the User-Agent header is missing", "请求缺少User-Agent，已被风控拦截")
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return fail(http.StatusUnsupportedMediaType, "CTAPI.Request.ContentTypeInvalid", "the Content-Type header must be application/json", "Content-Type必须为application/json")
	}
	id, ok := single(r.Header, "ctyun-eop-request-id")
	if !ok || len(id) > 64 || !printable(id) {
		return unauthorized("RequestIDInvalid", "the ctyun-eop-request-id header must be there once, with 1 to 64 printable characters", "请求ID缺失或格式错误")
	}
	date, ok := single(r.Header, "eop-date")
	if !ok {
		return unauthorized("DateInvalid", "the Eop-date header must be there once", "请求时间缺失")
	}
	if refused := g.checkDate(date); refused != nil {
		return refused
	}
	signature, refused := g.checkSignature(r, date, body)
	if refused != nil {
		return refused
	}
	return g.checkReplay(id, r.Method+" "+r.URL.EscapedPath()+" "+signature)
}

func (g *gate) checkDate(date string) *failure {
	at, err := time.ParseInLocation(dateLayout, date, beijing)
	if err != nil || len(date) != len(dateLayout) {
		return unauthorized("DateInvalid", "the Eop-date header must look like 20060102T150405Z", "请求时间格式错误")
	}
	if off := g.now().Sub(at).Abs(); off > dateTolerance {
		return unauthorized("DateExpired", "the Eop-date header differs from the server's Beijing time by more than 15 minutes", "请求时间与服务器北京时间相差超过15分钟")
	}
	return nil
}

var authorization = regexp.MustCompile(`^([!-~]+) Headers=([!-~]+) Signature=([A-Za-z0-9+/]+=*)$`)

// checkSignature returns the signature of the request if it is right.
func (g *gate) checkSignature(r *http.Request, date string, body []byte) (string, *failure) {
	header, _ := single(r.Header, "eop-authorization")
	parts := authorization.FindStringSubmatch(header)
	if parts == nil {
		return "", unauthorized("AuthorizationInvalid", "the Eop-Authorization header must be there once and look like AK Headers=ctyun-eop-request-id;eop-date Signature=...", "签名头缺失或格式错误")
	}
	signed, ok := signedHeaders(r, parts[2])
	if !ok {
		return "", unauthorized("AuthorizationInvalid", "the signed headers must be there, be listed in lower case and alphabetical order, and include ctyun-eop-request-id and eop-date", "签名头列表错误")
	}
	if !canonicalQuery(r.URL.RawQuery) {
		return "", unauthorized("QueryInvalid", "the query must be key=value pairs, sorted by key and encoded by RFC 3986", "查询参数未按规范排序或编码")
	}
	g.mu.Lock()
	secretKey, known := g.keys[parts[1]]
	g.mu.Unlock()
	if !known {
		return "", unauthorized("AccessKeyInvalid", "the access key is unknown", "AccessKey不存在")
	}
	sum := sha256.Sum256(body)
	text := signed + "\n" + r.URL.RawQuery + "\n" + hex.EncodeToString(sum[:])
	want := sign(parts[1], secretKey, date, text)
	if !hmac.Equal([]byte(want), []byte(parts[3])) {
		return "", unauthorized("SignatureInvalid", "the signature does not match the request", "签名验证失败")
	}
	return want, nil
}

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

// canonicalQuery reports whether the query, as received, is in the only form that may be signed.
func canonicalQuery(raw string) bool {
	if raw == "" {
		return true
	}
	last := ""
	for _, pair := range strings.Split(raw, "&") {
		key, value, found := strings.Cut(pair, "=")
		if !found || key == "" || key < last || !canonicalText(key) || !canonicalText(value) {
			return false
		}
		last = key
	}
	return true
}

func canonicalText(encoded string) bool {
	text, err := url.PathUnescape(encoded)
	return err == nil && escape(text) == encoded
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

// checkReplay refuses an ID that has been seen with another request. The same request may come again: transports
// replay one whose connection broke.
func (g *gate) checkReplay(id, request string) *failure {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for len(g.order) > 0 && (len(g.order) >= requestIDCap || now.Sub(g.seen[g.order[0]].at) > requestIDAge) {
		delete(g.seen, g.order[0])
		g.order = g.order[1:]
	}
	if before, ok := g.seen[id]; ok {
		if before.request != request {
			return unauthorized("RequestIDReused", "the ctyun-eop-request-id was used before, by another request", "请求ID重复")
		}
		return nil
	}
	g.seen[id] = sighting{request: request, at: now}
	g.order = append(g.order, id)
	return nil
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

func unauthorized(code, message, description string) *failure {
	return fail(http.StatusUnauthorized, "CTAPI.Auth."+code, message, description)
}
