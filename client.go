package ctcbr

import (
	"net/http"
	"net/url"
	"sync/atomic"
)

// Client calls the CT-CBR API. Make one with [NewClient] and share it: it is safe for any number
// of goroutines and keeps its connections open between calls.
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

	region string // of every request that names none
	engine *engine
}

// engine is what carries out the calls of one or several clients.
type engine struct {
	options     options
	base        *url.URL
	common      *url.URL
	transport   http.RoundTripper // an http.Client would follow redirects
	own         *http.Transport   // the transport, unless the caller gave it
	credentials CredentialsProvider
	signer      Signer
	budget      *budget
	lifetimes   *lifetimes
	clock       atomic.Int64 // what to add to this machine's clock, in nanoseconds
}

// NewClient makes a client. It sends nothing. Its error names every fault of the options.
//
// What the options leave out comes from the environment (CTYUN_AK and CTYUN_SK, CTYUN_REGION_ID),
// and then from the configuration file of this cloud's command-line tools: the file that
// CTYUN_CONFIG names, or ~/.ctyun/config.json, with the profile that CTYUN_PROFILE names, or its
// active one. NewClient alone reads that file, once. If no key pair is found, the error says where
// it was looked for and matches [ErrNoCredentials].
func NewClient(opts ...Option) (*Client, error) {
	o := collectOptions(opts)
	base, common := o.endpoints()
	if o.err != nil {
		return nil, o.err
	}
	if o.warning != "" && o.logger != nil {
		o.logger.Warn("ctcbr: " + o.warning)
	}
	e := &engine{
		options: o, base: base, common: common,
		credentials: newKeptCredentials(o.credentials), budget: newBudget(), lifetimes: newLifetimes(),
	}
	e.useTransport(o.httpClient)
	return newClient(e, o.region), nil
}

func newClient(e *engine, region string) *Client {
	c := &Client{region: region, engine: e}
	c.Agents, c.Storages, c.Plans, c.Tasks = Agents{c}, Storages{c}, Plans{c}, Tasks{c}
	c.Restores, c.Snapshots, c.Orders, c.Regions = Restores{c}, Snapshots{c}, Orders{c}, Regions{c}
	c.Hosts = Hosts{c}
	return c
}

// ForRegion returns a client for another region: its requests go there unless they name a region
// themselves. Both clients share everything else (connections, keys, clock, retry budget), and
// closing either closes both. It sends nothing.
func (c *Client) ForRegion(id string) *Client {
	if !c.isMade() {
		return newClient(nil, id)
	}
	return newClient(c.engine, id)
}

// isMade reports whether NewClient made the client.
func (c *Client) isMade() bool { return c != nil && c.engine != nil }

// Close ends the calls in flight with [ErrClosed], and every later call at once. It may be called
// more than once and always returns nil.
func (c *Client) Close() error {
	if !c.isMade() {
		return nil
	}
	c.engine.lifetimes.close()
	if c.engine.own != nil {
		c.engine.own.CloseIdleConnections()
	}
	return nil
}

// Ptr returns a pointer to v, for optional fields whose zero is a value: ctcbr.Ptr(0).
func Ptr[T any](v T) *T { return &v }

// Meta is part of every response.
type Meta struct {
	// RequestID names the request to the support of the service.
	RequestID string `json:"-"`
}

func (m *Meta) meta() *Meta { return m }
