package command

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ctyun-go/ctcbr"
)

// Headers whose values would let others act as the user.
var secretHeaders = map[string]bool{
	"Eop-Authorization": true, "Authorization": true, "Proxy-Authorization": true, "Cookie": true,
}

// curl is middleware that prints every request as a curl command, with *** instead of the signature.
func (a *app) curl() ctcbr.Middleware {
	return func(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		body := &recorder{inner: req.Body}
		show := sync.OnceFunc(func() { a.err.Line("%s", curlLine(req, body.text())) })
		if req.Body == nil || req.Body == http.NoBody {
			show()
			return next(req)
		}
		// The body is recorded while it is sent, not read before, because for the SDK a body that
		// was read may have reached the service.
		body.closed = show
		sent := req.WithContext(req.Context())
		sent.Body = body
		defer show()
		return next(sent)
	}
}

// curlTransport is the middleware for an http.Client.
type curlTransport struct {
	middleware ctcbr.Middleware
	base       http.RoundTripper
}

func (t curlTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.middleware(req, t.base.RoundTrip)
}

// recorder keeps what is read of a body. The transport may read it while another
// goroutine asks for the text.
type recorder struct {
	inner  io.ReadCloser
	closed func()

	mu   sync.Mutex
	read bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.inner.Read(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read.Write(p[:n])
	return n, err
}

func (r *recorder) Close() error {
	err := r.inner.Close()
	r.closed()
	return err
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read.String()
}

func curlLine(req *http.Request, body string) string {
	words := []string{"curl"}
	if req.Method != http.MethodGet || body != "" {
		words = append(words, "-X", req.Method)
	}
	for _, name := range slices.Sorted(maps.Keys(req.Header)) {
		for _, value := range req.Header[name] {
			if secretHeaders[http.CanonicalHeaderKey(name)] {
				value = "***"
			}
			words = append(words, "-H", name+": "+value)
		}
	}
	if body != "" {
		words = append(words, "--data-raw", body)
	}
	words = append(words, req.URL.Redacted())
	for i, word := range words {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+,-]+$`)

// shellWord quotes a word for a shell.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
