package ctcbr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"
)

const userAgent = "ctcbr-go/0.1.0"

// Client calls the CT-CBR API. Make one with NewClient and share it: it is safe
// for any number of goroutines and keeps its connections.
type Client struct {
	Agents    Agents
	Storages  Storages
	Plans     Plans
	Tasks     Tasks
	Restores  Restores
	Snapshots Snapshots
	Orders    Orders
	Regions   Regions
	Hosts     Hosts

	options   options
	base      *url.URL
	common    *url.URL
	transport http.RoundTripper // in place of an http.Client, which would follow redirects
	own       *http.Transport   // the transport, unless the caller gave it
	signer    Signer
	budget    *budget
	placed    placedOrders
	scopes    *scopes
	skew      atomic.Int64 // what to add to this machine's clock, in nanoseconds
}

// NewClient makes a client. Nothing is sent until a call is made. Every fault of
// the options is in the error.
//
// What the options leave out is taken from the environment (CTYUN_AK and CTYUN_SK,
// CTYUN_REGION_ID), and then from the file that command-line tools of this cloud
// use: ~/.ctyun/config.json, or the file that CTYUN_CONFIG names, with the profile
// that CTYUN_PROFILE names, or else its active one. The file is read once, by
// NewClient. If no key pair is found, the error says where it was looked for.
func NewClient(opts ...Option) (*Client, error) {
	o := defaultOptions()
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if o.credentials == nil || o.region == "" {
		o.lookAround()
	}
	base, loopback, err := parseEndpoint(o.endpoint, o.plainHTTP)
	o.err = join(o.err, err)
	if o.commonEndpoint == "" {
		o.commonEndpoint = DefaultCommonEndpoint
		if loopback {
			o.commonEndpoint = o.endpoint
		}
	}
	common, _, err := parseEndpoint(o.commonEndpoint, o.plainHTTP)
	o.err = join(o.err, err)
	if o.err != nil {
		return nil, o.err
	}

	o.credentials = newKeptCredentials(o.credentials)
	c := &Client{options: o, base: base, common: common, budget: newBudget(), scopes: newScopes()}
	c.signer.Zone = o.zone
	c.setTransport(o.httpClient)
	c.Agents, c.Storages, c.Plans, c.Tasks = Agents{c}, Storages{c}, Plans{c}, Tasks{c}
	c.Restores, c.Snapshots, c.Orders, c.Regions = Restores{c}, Snapshots{c}, Orders{c}, Regions{c}
	c.Hosts = Hosts{c}
	if o.warning != "" && o.logger != nil {
		o.logger.Warn("ctcbr: " + o.warning)
	}
	return c, nil
}

// setTransport takes from the caller's client what there is in it, or makes a
// transport.
func (c *Client) setTransport(given *http.Client) {
	switch {
	case given == nil:
		c.own = defaultTransport()
		c.transport = c.own
		return
	case given.Transport == nil:
		c.transport = http.DefaultTransport
	default:
		c.transport = given.Transport
	}
	if given.Timeout > 0 {
		c.options.attemptTimeout = min(c.options.attemptTimeout, given.Timeout)
	}
}

func defaultTransport() *http.Transport {
	// Not a clone of http.DefaultTransport, whose TLS the program may have weakened.
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost:   64,
		// Below the idle time of common gateways, so that they seldom close first.
		IdleConnTimeout:        45 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}
}

// Close ends the calls in flight with ErrClosed, and so does every later call. It
// may be called more than once and always returns nil.
func (c *Client) Close() error {
	if c == nil || c.scopes == nil {
		return nil
	}
	c.scopes.end()
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}

// Ptr returns a pointer to v, for the fields whose zero is a value: ctcbr.Ptr(0).
func Ptr[T any](v T) *T { return &v }

// Meta is what every response tells besides its content.
type Meta struct {
	// RequestID names the request to the support of the service.
	RequestID string `json:"-"`
}

func (m *Meta) meta() *Meta { return m }

type response[T any] interface {
	*T
	meta() *Meta
}

// request is implemented by every XRequest. It completes a copy of what the caller
// gave, with the client's region and a client token, and names its faults.
type request[R any] interface {
	*R
	complete(*checker)
}

// checked is implemented by the responses that can say no, or can lack the ID of
// what was made, under the status of a success.
type checked interface {
	check(*call, *attempt) error
}

// operation is how an operation is reached.
type operation struct {
	kind   kind
	method string
	path   string
	common bool   // served by the common endpoint
	inBody bool   // a GET that carries its parameters as JSON
	list   string // the wire name of the list that it can be streamed as
}

func (o operation) name() string {
	if name := path.Base(o.path); name != "." && name != "/" {
		return name
	}
	return ""
}

// do is the one way of every call from a method to the wire: the request is
// completed and validated, its body frozen, sent until it succeeded or may not be
// repeated, and the answer decoded.
func do[T any, PT response[T], R any, PR request[R]](ctx context.Context, c *Client, op operation, req *R) (*T, error) {
	filled, clientToken, err := fill[R, PR](c, op, req)
	if err != nil {
		return nil, err
	}
	call, err := freeze(c, op, filled, clientToken)
	if err != nil {
		return nil, err
	}
	result := new(T)
	call.result = PT(result)
	if _, err := c.send(ctx, call); err != nil {
		return nil, err
	}
	return result, nil
}

// fill completes a copy of a request and validates it.
func fill[R any, PR request[R]](c *Client, op operation, req *R) (filled *R, clientToken string, err error) {
	if err := c.made(op); err != nil {
		return nil, "", err
	}
	filled = new(R)
	if req != nil {
		*filled = *req
	}
	check := &checker{operation: op, regionID: c.options.region}
	PR(filled).complete(check)
	return filled, check.clientToken, check.err()
}

// made reports a client that NewClient did not make.
func (c *Client) made(op operation) error {
	if c != nil && c.scopes != nil {
		return nil
	}
	return (&call{operation: op}).fail(&attempt{}, fmt.Errorf("%w: make one with NewClient", ErrClosed), false)
}

// send carries a call out.
func (c *Client) send(ctx context.Context, call *call) (answer *attempt, err error) {
	if ctx == nil {
		return nil, call.fail(&attempt{}, errors.New("nil context"), false)
	}
	if err := c.made(call.operation); err != nil {
		return nil, err
	}
	ctx, done := c.hooked(ctx, call)
	err = errUnwound
	defer func() { done(err) }()
	call.skew = time.Duration(c.skew.Load())
	c.budget.called()
	return c.try(ctx, call)
}

// try makes attempts until one succeeds or the call may not be repeated.
func (c *Client) try(ctx context.Context, call *call) (*attempt, error) {
	var before string // how the last attempt failed
	for {
		a := c.attempt(ctx, call)
		if a.err == nil {
			return a, a.rejected
		}
		if a.failure == ended && before != "" {
			a.err = fmt.Errorf("%w, after %s", a.err, before)
		}
		wait, again := c.retry(call, a)
		if !again {
			return nil, call.fail(a, a.err, call.unknown)
		}
		before = call.fail(a, a.err, false).short()
		if !c.scopes.sleep(ctx, wait) {
			err := fmt.Errorf("%w while waiting to try again", c.scopes.ended(ctx))
			if a.err != errAnswered {
				err = fmt.Errorf("%w, since: %w", err, a.err)
			}
			return nil, call.fail(a, err, call.unknown)
		}
	}
}

// RawRequest is a call of an operation that this package does not know.
type RawRequest struct {
	// Method is GET or POST.
	Method string
	// Path is the operation's path: "/v4/backup/query-storage-backup".
	Path string
	// Query holds the parameters of a GET.
	Query url.Values
	// Body is sent as JSON; nil sends none. A json.RawMessage is sent compacted.
	Body any
	// Repeatable says that the operation may be sent twice, for example because
	// its body holds a client token. A GET always may.
	Repeatable bool
	// Common sends to the common endpoint instead of that of CT-CBR.
	Common bool
}

// RawResponse is the answer of Client.Do.
type RawResponse struct {
	Meta
	// ReturnObj is the content of the answer as it came; nil where there was none.
	ReturnObj json.RawMessage
}

// Do calls an operation that this package does not know yet: signed, bounded and
// repeated like all others, with the same errors. A request other than GET is sent
// once only, unless it is Repeatable.
func (c *Client) Do(ctx context.Context, req *RawRequest) (*RawResponse, error) {
	call, err := req.freeze()
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, call)
	if err != nil {
		return nil, err
	}
	return &RawResponse{Meta{call.requestID}, answer.ReturnObj.raw}, nil
}

func (r *RawRequest) freeze() (*call, error) {
	if r == nil {
		r = &RawRequest{}
	}
	check := &checker{operation: operation{path: r.Path}}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		check.fault("Method", "must be GET or POST, is %q", r.Method)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#") {
		check.fault("Path", "must begin with a slash and hold no query, is %q", r.Path)
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	op := operation{kind: write, method: r.Method, path: r.Path, common: r.Common}
	switch {
	case r.Method == http.MethodGet:
		op.kind = read
	case r.Repeatable:
		op.kind = order
	}
	call := &call{operation: op, query: encodeValues(r.Query)}
	if r.Body == nil {
		return call, nil
	}
	return call, call.encode(r.Body)
}
