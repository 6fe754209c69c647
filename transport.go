package ctcbr

import (
	"errors"
	"net/http"

	"github.com/ctyun-go/ctcbr/internal/transport"
)

// useTransport uses the transport and the timeout of the caller's client, or creates a transport.
func (e *engine) useTransport(given *http.Client) {
	switch {
	case given == nil:
		e.own = transport.New()
		e.transport = e.own
		return
	case given.Transport == nil:
		e.transport = http.DefaultTransport
	default:
		e.transport = given.Transport
	}
	if given.Timeout > 0 {
		e.options.attemptTimeout = min(e.options.attemptTimeout, given.Timeout)
	}
}

// roundTrip sends a request through the transport. Like http.Client, it keeps cookies if the caller's
// client has a jar, and checks that the transport returns either a response or an error.
func (e *engine) roundTrip(req *http.Request) (*http.Response, error) {
	var jar http.CookieJar
	if given := e.options.httpClient; given != nil && given.Jar != nil {
		jar = given.Jar
		for _, cookie := range jar.Cookies(req.URL) {
			req.AddCookie(cookie)
		}
	}
	resp, err := e.transport.RoundTrip(req)
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, errNoRoundTrip
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	if jar != nil {
		jar.SetCookies(req.URL, resp.Cookies())
	}
	return resp, nil
}

var errNoRoundTrip = errors.New("the transport returned neither a response nor an error")

// endsAnswers reports whether the transport is known to abort the body of a response when the context
// is done. With any other transport the body is closed then, so that the call ends.
func (e *engine) endsAnswers() bool {
	_, known := e.transport.(*http.Transport)
	return known && len(e.options.middleware) == 0
}
