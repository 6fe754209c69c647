package ctcbr

import (
	"net/http"
	"net/url"
	"sync/atomic"
)

// Client calls the CT-CBR API. Create one with [NewClient] and share it: it is safe for
// concurrent use, and reuses its connections.
type Client struct {
	Hosts     Hosts
	Agents    Agents
	Storages  Storages
	Plans     Plans
	Tasks     Tasks
	Snapshots Snapshots
	Restores  Restores
	Orders    Orders
	Regions   Regions

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

// NewClient creates a client. It sends nothing. Its error lists every fault of the options.
//
// Keys and region that the options leave out come from the environment (CTYUN_AK and CTYUN_SK,
// CTYUN_REGION_ID), and then from the configuration file of this cloud's command-line tools: the
// file named by CTYUN_CONFIG, or ~/.ctyun/config.json, with the profile named by CTYUN_PROFILE,
// or its active profile. The file is read once. If no key pair is found, the error lists the
// places that were searched, and matches [ErrNoCredentials].
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

// ForRegion returns a client for another region, which is used by every request that names none.
// Both clients share everything else (connections, keys, clock, retry budget), and closing one
// closes both. It sends nothing.
func (c *Client) ForRegion(id string) *Client {
	if !c.isMade() {
		return newClient(nil, id)
	}
	return newClient(c.engine, id)
}

// isMade reports whether NewClient made the client.
func (c *Client) isMade() bool { return c != nil && c.engine != nil }

// Close ends the calls in flight with [ErrClosed]. Later calls fail with it at once. Close may be
// called more than once, and always returns nil.
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
