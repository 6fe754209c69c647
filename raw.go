package ctcbr

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/ctyun-go/ctcbr/internal/eop"
)

// RawRequest is the request of [Client.Do].
type RawRequest struct {
	// Method is GET or POST.
	Method string
	// Path is the operation's path: "/v4/backup/query-storage-backup".
	Path string
	// Query holds the parameters of a GET. As in every request, text in Query and Body must be UTF-8,
	// without control characters and without white space around it.
	Query url.Values
	// Body is sent as JSON. Nil sends no body. A [json.RawMessage] is sent compacted. It may be in
	// UTF-16 or begin with a byte order mark, as files from Windows do.
	Body any
	// Repeatable means that sending the operation twice has the same effect as sending it once, for
	// example because its body holds a client token. A GET is always repeatable.
	Repeatable bool
	// Common sends the request to the common endpoint ([WithCommonEndpoint]).
	Common bool
}

// RawResponse is the response of [Client.Do].
type RawResponse struct {
	Meta
	// ReturnObj is the content of the response as received, or nil if there was none.
	ReturnObj json.RawMessage
}

// Do calls an operation that this package does not have. The call is signed, bounded, retried and
// reported like every other. A request other than a GET is sent only once, unless it is
// Repeatable.
func (c *Client) Do(ctx context.Context, req *RawRequest) (*RawResponse, error) {
	cl, err := copyOf(req).call()
	if err != nil {
		return nil, err
	}
	a, err := c.send(ctx, cl)
	if err != nil {
		return nil, err
	}
	return &RawResponse{Meta{cl.requestID}, a.envelope.ReturnObj.raw}, nil
}

// call checks and encodes a request.
func (r *RawRequest) call() (*call, error) {
	v := &validation{op: operation{path: r.Path}.name(), request: r}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		v.fault("Method", "must be GET or POST, is %q", r.Method)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#") {
		v.fault("Path", "must begin with a slash and hold no query, is %q", r.Path)
	}
	v.text("Path", r.Path)
	v.content(reflect.ValueOf(r.Query), "Query")
	body := v.body(r.Body)
	if err := v.err(); err != nil {
		return nil, err
	}
	op := operation{kind: kindWrite, method: r.Method, path: r.Path, common: r.Common}
	switch {
	case r.Method == http.MethodGet:
		op.kind = kindRead
	case r.Repeatable:
		op.kind = kindOrder
	}
	return &call{operation: op, query: eop.EncodeValues(r.Query), body: body}, nil
}

// replaced matches the escape that encoding/json writes for text that is not UTF-8. It does not
// escape a U+FFFD that was given.
var replaced = regexp.MustCompile(`(^|[^\\])(\\\\)*\\ufffd`)

// body encodes the body of a request and checks its content.
func (v *validation) body(given any) []byte {
	if given == nil {
		return nil
	}
	if raw, ok := given.(json.RawMessage); ok {
		given = json.RawMessage(toUTF8(raw))
	}
	encoded, err := json.Marshal(given)
	if err != nil {
		v.fault("Body", "cannot be written as JSON: %s", err)
		return nil
	}
	if !utf8.Valid(encoded) || replaced.Match(encoded) {
		v.fault("Body", "holds text that is not UTF-8")
	}
	var payload any
	if err := json.Unmarshal(encoded, &payload); err != nil {
		v.fault("Body", "cannot be read as JSON: %s", err)
	}
	v.content(reflect.ValueOf(payload), "Body")
	return encoded
}
