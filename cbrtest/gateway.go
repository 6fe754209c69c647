package cbrtest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// This file holds the gateway: what is checked before a request reaches the service, and how it is refused there. The
// form of a refusal and the codes 10009, 10002 and CTAPI_10000 are known from public clients. What public sources do
// not say is marked as assumed.

// The codes of the gateway, in eopErrCode and, with a prefix, in statusCode.
const (
	gatewaySignature = "10009"
	gatewayKey       = "10002"
	gatewayNoAPI     = "10000"
)

var gatewayText = map[string]string{
	gatewaySignature: "ctyun-EOP: signature verification failed",
	gatewayKey:       "ctyun-EOP: access key or secret key not valid",
	gatewayNoAPI:     "ctyun-EOP: no such API",
}

// gatewayRefusal is the answer of the gateway to a request that it does not pass on. It is not the [envelope].
type gatewayRefusal struct {
	RequestID  string   `json:"requestId"` // the gateway's own, not that of the request
	Error      string   `json:"error"`
	Code       string   `json:"code"`
	Message    string   `json:"message"`
	EOPErrCode string   `json:"eopErrCode"`
	StatusCode string   `json:"statusCode"`
	ReturnObj  struct{} `json:"returnObj"`
}

func newGatewayRefusal(code, message string) gatewayRefusal {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it does not fail
	return gatewayRefusal{
		RequestID: hex.EncodeToString(id[:]),
		Error:     code, Code: code, Message: message, EOPErrCode: code, StatusCode: "CTAPI_" + code,
	}
}

// GatewayRefusal is a fault that answers as the gateway before the service does when it refuses a request: 10009 for a
// signature, a wrong secret key or a wrong date, 10002 for an access key. Which HTTP status goes with it is not known;
// clients have to expect any, 200 included.
func GatewayRefusal(status int, code string) Fault {
	message := gatewayText[code]
	if message == "" {
		message = "ctyun-EOP: request refused"
	}
	body, _ := json.Marshal(newGatewayRefusal(code, message)) // strings alone, which always marshal
	return Fault{Status: status, Body: string(body)}
}

// refuseAtGateway makes the failure of a request that the gateway does not pass on. The reason says which of the checks
// it was; the real gateway is not known to.
func refuseAtGateway(code, reason string) *failure {
	return &failure{
		status: http.StatusUnauthorized, gateway: true, refused: true,
		code: code, message: gatewayText[code] + ": " + reason,
	}
}

func badSignature(reason string) *failure { return refuseAtGateway(gatewaySignature, reason) }

// noSuchAPI is the refusal of a path that does not exist. That it comes with HTTP 404 is assumed.
func noSuchAPI(reason string) *failure {
	f := refuseAtGateway(gatewayNoAPI, reason)
	f.status = http.StatusNotFound
	return f
}

const (
	dateLayout    = "20060102T150405Z" // Beijing time in spite of the Z
	dateTolerance = 15 * time.Minute
	requestIDAge  = 30 * time.Minute // twice the tolerance: the date of an older request is refused anyway
	requestIDCap  = 50_000
)

// beijing does not come from the time zone database, which a machine may lack.
var beijing = time.FixedZone("CST", 8*60*60)

// gate checks requests as the gateway does, and lets in what it would pass on to the service.
type gate struct {
	skew atomic.Int64

	mu    sync.Mutex
	keys  map[string]string
	seen  map[string]sighting
	order []string // request IDs of seen, oldest first
}

// sighting is the request with which an ID came first.
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

// now is the gateway's idea of the real time, by which the dates of signatures are judged.
func (g *gate) now() time.Time { return time.Now().Add(time.Duration(g.skew.Load())) }

// date returns that time as the Date header has it.
func (g *gate) date() string { return g.now().UTC().Format(http.TimeFormat) }

// check returns why the request is refused, nil if it is let in.
func (g *gate) check(r *http.Request, body []byte) *failure {
	if r.UserAgent() == "" { // assumed: the code and the status; that it is refused is known
		return badSignature("the User-Agent header is missing")
	}
	if refused := checkContentType(r); refused != nil {
		return refused
	}
	id, ok := single(r.Header, "ctyun-eop-request-id")
	if !ok || len(id) > 64 || !printable(id) { // assumed: what an ID may look like
		return badSignature("the ctyun-eop-request-id header must be there once, with 1 to 64 printable characters")
	}
	date, ok := single(r.Header, "eop-date")
	if !ok {
		return badSignature("the Eop-date header must be there once")
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

// checkContentType refuses a body that is not said to be JSON. A GET may come without a Content-Type. That anything
// else is refused, and by the gateway, is assumed.
func checkContentType(r *http.Request) *failure {
	if r.Method == http.MethodGet && r.Header.Get("Content-Type") == "" {
		return nil
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return badSignature("the Content-Type header must be application/json")
	}
	return nil
}

func (g *gate) checkDate(date string) *failure {
	at, err := time.ParseInLocation(dateLayout, date, beijing)
	if err != nil || len(date) != len(dateLayout) {
		return badSignature("the Eop-date header must look like 20060102T150405Z")
	}
	switch off := g.now().Sub(at); {
	case off.Abs() <= dateTolerance:
		return nil
	case (off - 8*time.Hour).Abs() <= dateTolerance: // assumed: clients that sign in UTC are in use
		return badSignature("the Eop-date header is in UTC; it must be Beijing time (UTC+8) in spite of its Z")
	default:
		return badSignature("the Eop-date header differs from Beijing time by more than 15 minutes")
	}
}

var authorization = regexp.MustCompile(`^([!-~]+) Headers=([!-~]+) Signature=([A-Za-z0-9+/]+=*)$`)

// checkSignature returns the signature of the request if it is right.
func (g *gate) checkSignature(r *http.Request, date string, body []byte) (string, *failure) {
	header, _ := single(r.Header, "eop-authorization")
	parts := authorization.FindStringSubmatch(header)
	if parts == nil {
		return "", badSignature("the Eop-Authorization header must be there once and look like " +
			"AK Headers=ctyun-eop-request-id;eop-date Signature=...")
	}
	signed, ok := signedHeaders(r, parts[2])
	if !ok {
		return "", badSignature("the signed headers must be there, be listed in lower case and alphabetical order, " +
			"and include ctyun-eop-request-id and eop-date")
	}
	query, problem := sortQuery(r.URL.RawQuery)
	if problem != "" {
		return "", badSignature(problem)
	}
	g.mu.Lock()
	secretKey, known := g.keys[parts[1]]
	g.mu.Unlock()
	if !known {
		return "", refuseAtGateway(gatewayKey, "the access key is unknown")
	}
	mat := material{accessKey: parts[1], secretKey: secretKey, date: date, headers: signed}
	want := mat.sign(query, body)
	if !equal(want, parts[3]) {
		return "", badSignature(mat.mistake(parts[3], r.URL.RawQuery, query, body))
	}
	return want, nil
}

// checkReplay refuses a request ID that came before with another request. The same request may come again: transports
// replay one whose connection broke. That an ID may not be used again is assumed.
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
			return badSignature("the ctyun-eop-request-id was used before, by another request")
		}
		return nil
	}
	g.seen[id] = sighting{request: request, at: now}
	g.order = append(g.order, id)
	return nil
}
