// Package transport holds the HTTP transport of a client that is given none.
//
// It is a package of its own so that the fault suite, which replaces the network
// below it, is run with the very settings that a program gets.
package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrProxyPassword says that a proxy wants a password, or refused the one it was given.
var ErrProxyPassword = errors.New("the proxy wants a password (HTTP 407)")

// New returns a transport with bounds on every step before the answer: 10 seconds for a
// connection, 10 seconds for its handshake, and 25 seconds until an HTTP/2 connection
// that went silent is closed. The head of an answer is at most 256 KiB.
func New() *http.Transport {
	// Not a clone of http.DefaultTransport, whose TLS the program may have weakened.
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
			if resp.StatusCode == http.StatusProxyAuthRequired {
				return ErrProxyPassword
			}
			return nil
		},
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
