package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/textfile"
)

// apiCall is what "ctcbr api" sends.
type apiCall struct {
	post    string
	common  bool
	timeout time.Duration
}

const apiHelp = `The path may have a query; quote it then. With --post the body is JSON: given directly, from a file (@FILE), or from the standard input (@-).
The request is sent once. The response is printed even if it is a failure; the exit status is 0 only if its HTTP status and its statusCode mean success.`

func (a *app) api() *cobra.Command {
	var c apiCall
	cmd := a.leaf("api [PATH?QUERY] [flags]", "Call any OpenAPI of Tianyi Cloud with a signature; without a path, list the regions", apiHelp,
		cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
			path := "/v4/region/list-regions"
			if len(args) > 0 {
				path = args[0]
			} else {
				c.common = true
			}
			return a.callAPI(ctx, &c, path)
		})
	cmd.Flags().StringVar(&c.post, "post", "", a.t("POST this `JSON` instead of a GET"))
	cmd.Flags().BoolVar(&c.common, "common", false, a.t("send to the endpoint of orders and regions"))
	cmd.Flags().DurationVar(&c.timeout, "timeout", 30*time.Second, a.t("`time` that the call may take"))
	return cmd
}

func (a *app) callAPI(ctx context.Context, c *apiCall, path string) error {
	endpoint := cmp.Or(a.endpoint(), ctcbr.DefaultEndpoint)
	if c.common && a.endpoint() == "" {
		endpoint = ctcbr.DefaultCommonEndpoint
	}
	target, err := a.joinURL(endpoint, path)
	if err != nil {
		return err
	}
	if c.timeout <= 0 {
		return a.wrong("--timeout must be positive")
	}
	body, err := a.readBody(c.post)
	if err != nil {
		return usage(err)
	}
	keys, err := a.keys()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := send(ctx, a.signing(keys), target, body)
	if len(answer) > 0 {
		a.printAnswer(answer)
	}
	return err
}

// keys are those that client would sign with.
func (a *app) keys() (ctcbr.Credentials, error) {
	if a.given.profile != "" {
		if err := useProfile(a.given.profile); err != nil {
			return ctcbr.Credentials{}, err
		}
	} else if ak, sk := a.Getenv("CTYUN_AK"), a.Getenv("CTYUN_SK"); ak != "" && sk != "" {
		return ctcbr.NewCredentials(ak, sk), nil
	}
	return ctcbr.DefaultCredentials()
}

// signing is an http.Client that signs what it sends.
func (a *app) signing(keys ctcbr.Credentials) *http.Client {
	var base http.RoundTripper = http.DefaultTransport
	if a.given.verbose {
		base = curlTransport{a.curl(), base} // below the signing, so that it sees what is sent
	}
	return &http.Client{
		Transport:     &ctcbr.SigningTransport{Credentials: keys, Base: base},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// joinURL joins an endpoint and a path. The signature does not cover the path, so only TLS protects
// it.
func (a *app) joinURL(endpoint, path string) (string, error) {
	base, err := url.Parse(endpoint)
	if err != nil || base.User != nil {
		return "", a.wrong("the endpoint must be https://HOST")
	}
	ip := net.ParseIP(base.Hostname())
	local := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case base.Scheme != "https" && (base.Scheme != "http" || !local), base.Host == "", strings.Trim(base.Path, "/") != "", base.RawQuery != "":
		return "", a.wrong("the endpoint must be https://HOST")
	case !strings.HasPrefix(path, "/"):
		return "", a.wrong("the path must begin with a slash")
	}
	target, err := url.Parse(base.Scheme + "://" + base.Host + path)
	if err != nil || target.Fragment != "" {
		return "", a.wrong("the path is not valid in a URL")
	}
	return target.String(), nil
}

// readBody reads the body to post, or returns nil for a GET.
func (a *app) readBody(post string) ([]byte, error) {
	if post == "" {
		return nil, nil
	}
	if name, isFile := strings.CutPrefix(post, "@"); isFile {
		text, err := textfile.Read(name, a.Stdin)
		if err != nil {
			return nil, err
		}
		post = text
	}
	if !json.Valid([]byte(post)) {
		return nil, errors.New(a.t("the body to post is not JSON"))
	}
	return []byte(post), nil
}

// send sends one request and returns the response, even if it is a failure.
func send(ctx context.Context, client *http.Client, target string, body []byte) ([]byte, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	sent := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	unknown := func(err error) error {
		if sent && body != nil {
			return fmt.Errorf("%w: %w, it may have been carried out", err, ctcbr.ErrOutcomeUnknown)
		}
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, unknown(err)
	}
	defer resp.Body.Close()
	const most = 16 << 20
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return answer, unknown(fmt.Errorf("the answer was cut short: %w", err))
	case len(answer) > most:
		return nil, unknown(fmt.Errorf("the answer is longer than %d bytes", most))
	case resp.StatusCode/100 == 3:
		return answer, fmt.Errorf("%s to %q, which is not followed", resp.Status, resp.Header.Get("Location"))
	case resp.StatusCode >= 500:
		return answer, unknown(errors.New(resp.Status))
	case resp.StatusCode/100 != 2:
		return answer, errors.New(resp.Status)
	}
	return answer, verdict(answer)
}

// verdict reads the status that the products put into their answers. That of the
// gateway is text.
func verdict(answer []byte) error {
	var envelope struct {
		StatusCode json.RawMessage `json:"statusCode"`
	}
	err := json.Unmarshal(answer, &envelope)
	status := strings.Trim(string(envelope.StatusCode), `"`)
	switch {
	case err != nil:
		return errors.New("the answer is not a JSON object")
	case status != "" && status != "800":
		return fmt.Errorf("the service answered with statusCode %s", status)
	}
	return nil
}

// printAnswer prints a response, indented if it is JSON.
func (a *app) printAnswer(answer []byte) {
	var out bytes.Buffer
	if json.Indent(&out, answer, "", "  ") != nil {
		a.out.Text(string(answer))
		return
	}
	out.WriteByte('\n')
	_, _ = io.WriteString(a.out, terminal.EscapeJSON(out.String())) // the door keeps the error
}
