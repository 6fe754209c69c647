package ctcbr

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// vector is a signature that another implementation of the scheme made.
type vector struct {
	Name, AccessKey, SecretKey, RequestID, RawQuery, Body string
	At                                                    time.Time
	Date, Query, Signature                                string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/signatures.json")
	require.NoError(t, err)
	var vs []vector
	require.NoError(t, json.Unmarshal(data, &vs))
	require.NotEmpty(t, vs)
	return vs
}

func TestSignMatchesGoldenVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			for _, zone := range []*time.Location{time.UTC, beijing, time.FixedZone("far west", -11*60*60)} {
				req := httptest.NewRequest(http.MethodPost, "https://example.com/v4/x?"+v.RawQuery, strings.NewReader(v.Body))
				req.Header.Set("ctyun-eop-request-id", v.RequestID)
				var s Signer
				for range 2 { // the second time with the key of the second kept
					require.NoError(t, s.Sign(req, []byte(v.Body), NewCredentials(v.AccessKey, v.SecretKey), v.At.In(zone)))
				}
				require.Equal(t, v.Date, req.Header.Get("Eop-date"))
				require.Equal(t, v.Query, req.URL.RawQuery)
				require.Equal(t, v.AccessKey+" Headers=ctyun-eop-request-id;eop-date Signature="+v.Signature, req.Header.Get("Eop-Authorization"))
				require.Equal(t, "application/json", req.Header.Get("Content-Type"))
				require.NotEmpty(t, req.Header.Get("User-Agent"))
			}
		})
	}
}

func TestSignKeepsKeysOfSecondsAndPairsApart(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 13, 1, 2, 3, 0, beijing)
	first := NewCredentials("ak", "sk")
	for name, then := range map[string]struct {
		Credentials
		at   time.Time
		zone *time.Location
	}{
		"another access key": {NewCredentials("other", "sk"), at, nil},
		"another secret key": {NewCredentials("ak", "other"), at, nil},
		"the next second":    {first, at.Add(time.Second), nil},
		"another zone":       {first, at, time.UTC},
		"the same":           {first, at.Add(700 * time.Millisecond), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var shared Signer
			before := signed(t, &shared, first, at)
			shared.Zone = then.zone
			after := signed(t, &shared, then.Credentials, then.at)
			require.Equal(t, signed(t, &Signer{Zone: then.zone}, then.Credentials, then.at), after)
			require.Equal(t, name == "the same", before == after)
		})
	}
}

func signed(t *testing.T, s *Signer, c Credentials, at time.Time) string {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "https://example.com/v4/x", nil)
	req.Header.Set("ctyun-eop-request-id", "id")
	require.NoError(t, s.Sign(req, nil, c, at))
	return req.Header.Get("Eop-Authorization")
}

func TestSignZoneCanBeSet(t *testing.T) {
	t.Parallel()
	req := httptest.NewRequest(http.MethodGet, "https://example.com/", nil)
	s := Signer{Zone: time.UTC}
	require.NoError(t, s.Sign(req, nil, NewCredentials("ak", "sk"), time.Date(2026, 6, 13, 1, 2, 3, 0, beijing)))
	require.Equal(t, "20260612T170203Z", req.Header.Get("Eop-date"))
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		credentials Credentials
		query, id   string
	}{
		"no credentials":              {Credentials{}, "", "id"},
		"secret key with a newline":   {NewCredentials("ak", "sk\n"), "", "id"},
		"access key with a space":     {NewCredentials(" ak", "sk"), "", "id"},
		"access key with CR and LF":   {NewCredentials("a\r\nk", "sk"), "", "id"},
		"access key with Chinese":     {NewCredentials("密钥", "sk"), "", "id"},
		"query that cannot be read":   {NewCredentials("ak", "sk"), "a=%zz", "id"},
		"query with a semicolon":      {NewCredentials("ak", "sk"), "a=1;b=2", "id"},
		"request ID of several lines": {NewCredentials("ak", "sk"), "", "id\r\nX: y"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(http.MethodGet, "https://example.com/", nil)
			req.URL.RawQuery = c.query
			req.Header["Ctyun-Eop-Request-Id"] = []string{c.id}
			err := new(Signer).Sign(req, nil, c.credentials, time.Now())
			require.Error(t, err)
			require.NotContains(t, err.Error(), "sk")
			require.Empty(t, req.Header.Get("Eop-Authorization"))
		})
	}
}

// FuzzSignedIsSent holds that the bytes that were signed are the bytes that are sent.
func FuzzSignedIsSent(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.RawQuery, v.Body)
	}
	f.Add("a=%E4%BD&b=+&c=%2B;", "\x00\xff")
	f.Fuzz(func(t *testing.T, rawQuery, body string) {
		req, err := http.NewRequest(http.MethodPost, "https://example.com/v4/x", strings.NewReader(body))
		require.NoError(t, err)
		req.URL.RawQuery = rawQuery
		want, err := url.ParseQuery(rawQuery)
		if err != nil {
			require.Error(t, new(Signer).Sign(req, []byte(body), NewCredentials("ak", "sk"), time.Now()))
			return
		}
		var s Signer
		at := time.Unix(1781283723, 0)
		require.NoError(t, s.Sign(req, []byte(body), NewCredentials("ak", "sk"), at))

		var wire bytes.Buffer
		require.NoError(t, req.Write(&wire))
		sent, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		sentBody, err := io.ReadAll(sent.Body)
		require.NoError(t, err)
		require.Equal(t, body, string(sentBody))
		require.Equal(t, want, sent.URL.Query())

		key, err := s.key(NewCredentials("ak", "sk"), at)
		require.NoError(t, err)
		_, rawSent, _ := strings.Cut(sent.RequestURI, "?")
		require.Equal(t, key.Authorization(sent.Header.Get("ctyun-eop-request-id"), rawSent, sentBody), sent.Header.Get("Eop-Authorization"))
	})
}

func TestSigningTransport(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	t.Cleanup(server.Close)
	transport := &SigningTransport{Credentials: NewCredentials("ak", "sk"), Base: server.Client().Transport}
	client := &http.Client{Transport: transport}

	req, err := http.NewRequest(http.MethodPost, server.URL+"/v4/x?b=two words&a=1", strings.NewReader(`{"n":1}`))
	require.NoError(t, err)
	req.Header.Set("ctyun-eop-request-id", "of another request")
	before := req.Clone(context.Background())
	resp, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	require.Equal(t, `{"n":1}`, string(body))
	require.Equal(t, "a=1&b=two%20words", got.URL.RawQuery)
	at, err := time.ParseInLocation("20060102T150405Z", got.Header.Get("Eop-date"), beijing)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)
	key, err := new(Signer).key(NewCredentials("ak", "sk"), at)
	require.NoError(t, err)
	require.Equal(t, key.Authorization(got.Header.Get("ctyun-eop-request-id"), got.URL.RawQuery, body), got.Header.Get("Eop-Authorization"))
	require.NotEqual(t, "of another request", got.Header.Get("ctyun-eop-request-id"))
	require.Equal(t, before.Header, req.Header, "the caller's request is not changed")
	require.Equal(t, before.URL, req.URL)
}

// A body is closed, whether it was signed or not, and what was signed cannot be sent
// again by net/http itself.
func TestSigningTransportAndTheBody(t *testing.T) {
	t.Parallel()
	for name, credentials := range map[string]Credentials{"signed": NewCredentials("ak", "sk"), "refused": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := false
			base := roundTripper(func(r *http.Request) (*http.Response, error) {
				sent = true
				require.Nil(t, r.GetBody)
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
			})
			req, err := http.NewRequest(http.MethodPost, "https://example.com/v4/x", strings.NewReader("{}"))
			require.NoError(t, err)
			closed := false
			req.Body = struct {
				io.Reader
				io.Closer
			}{req.Body, closerFunc(func() error { closed = true; return nil })}
			resp, err := (&SigningTransport{Credentials: credentials, Base: base}).RoundTrip(req)
			require.Equal(t, sent, err == nil)
			if err == nil {
				require.NoError(t, resp.Body.Close())
			}
			require.Equal(t, name == "signed", sent)
			require.True(t, closed)
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closerFunc func() error

func (f closerFunc) Close() error { return f() }

func TestSigningTransportRefusesRedirects(t *testing.T) {
	t.Parallel()
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &SigningTransport{Credentials: NewCredentials("ak", "sk")}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, err := http.NewRequest(method, server.URL, strings.NewReader("{}"))
		require.NoError(t, err)
		resp, err := client.Do(req)
		if resp != nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, ErrRedirect)
	}
	require.False(t, reached)
	client.CloseIdleConnections()
}

func TestSigningTransportWithoutCredentials(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: &SigningTransport{}}
	_, err := client.Get("https://127.0.0.1:1/")
	require.ErrorIs(t, err, ErrNoCredentials)
}

// What cannot be signed or sent is an error, and its body is closed.
func TestSigningWithoutWhatItTakes(t *testing.T) {
	t.Parallel()
	keys := NewCredentials("ak", "sk")
	var noFunc CredentialsFunc
	var noPointer *keptCredentials
	var noTransport *http.Transport
	for name, c := range map[string]struct {
		transport *SigningTransport
		change    func(*http.Request)
		is        error
		says      string
	}{
		"no URL":                     {&SigningTransport{Credentials: keys}, func(r *http.Request) { r.URL = nil }, nil, "without a URL"},
		"no URL, following another":  {&SigningTransport{Credentials: keys}, func(r *http.Request) { r.URL, r.Response = nil, &http.Response{} }, nil, "without a URL"},
		"a function that is nil":     {&SigningTransport{Credentials: noFunc}, nil, ErrNoCredentials, ""},
		"a pointer that is nil":      {&SigningTransport{Credentials: noPointer}, nil, ErrNoCredentials, ""},
		"a transport that is nil":    {&SigningTransport{Credentials: keys, Base: noTransport}, nil, nil, "Base"},
		"a func of transport is nil": {&SigningTransport{Credentials: keys, Base: roundTripper(nil)}, nil, nil, "Base"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := 0
			req, err := http.NewRequest(http.MethodPost, "https://127.0.0.1:1/", nil)
			require.NoError(t, err)
			req.Body = struct {
				io.Reader
				io.Closer
			}{strings.NewReader("{}"), closerFunc(func() error { closed++; return nil })}
			if c.change != nil {
				c.change(req)
			}
			_, err = c.transport.RoundTrip(req)
			require.Error(t, err)
			require.ErrorContains(t, err, c.says)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.NotZero(t, closed, "a transport closes the body also of what it does not send")
		})
	}
	_, err := (&SigningTransport{Credentials: keys}).RoundTrip(nil)
	require.ErrorContains(t, err, "without a URL")
	var s Signer
	require.ErrorContains(t, s.Sign(nil, nil, keys, time.Now()), "without a URL")
	require.ErrorContains(t, s.Sign(&http.Request{Method: http.MethodGet}, nil, keys, time.Now()), "without a URL")
	_, err = noFunc.Credentials(t.Context())
	require.ErrorIs(t, err, ErrNoCredentials)
}

// A provider that does not return holds no request of a SigningTransport.
func TestSigningTransportWithASilentProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		transport := &SigningTransport{Credentials: CredentialsFunc(func(context.Context) (Credentials, error) {
			<-never
			return Credentials{}, nil
		})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1:1/", nil)
		require.NoError(t, err)
		_, err = transport.RoundTrip(req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(never)
	})
}

func TestCredentialsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	c := NewCredentials("the-ak", "the-secret")
	client, err := NewClient(WithStaticCredentials("the-ak", "the-secret"), WithRegion("r"))
	require.NoError(t, err)
	signed(t, &client.engine.signer, c, time.Now())
	values := map[string]any{
		"credentials": c, "pointer": &c, "in a struct": struct{ C Credentials }{c}, "unexported in a struct": struct{ c Credentials }{c},
		"client": client, "signer": &client.engine.signer,
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				text := fmt.Sprintf(verb, v)
				require.NotContains(t, text, "the-secret", verb)
				require.NotContains(t, text, "7468652d736563726574", verb)
			}
			if data, err := json.Marshal(v); err == nil {
				require.NotContains(t, string(data), "the-secret")
			}
		})
	}
}
