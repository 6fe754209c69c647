// Command anyapi calls any OpenAPI of Tianyi Cloud, also of products that have no
// SDK, with the signature of this one: an http.Client with ctcbr.SigningTransport.
//
//	anyapi                                         lists the regions
//	anyapi '/v4/region/list-regions?regionName=华东1'
//	anyapi -endpoint https://ctecs-global.ctapi.ctyun.cn -post '{"regionID":"..."}' /v4/ecs/list-instances
//	anyapi -post @request.json /v4/some/operation  the body from a file; @- is the standard input
//
// The keys are those that NewClient would find. The answer is printed, indented if it
// is JSON. A request is sent once: this program cannot know what may be repeated.
// Redirects are not followed, since the signature is for one host, and no more than
// 16 MiB of an answer are read.
//
// The exit status is 1 if the answer is not a success by its HTTP status, or by the
// statusCode in it, which is 800 for success. It is 2 if the arguments are wrong.
package main

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
	"os"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(ctx context.Context, args []string, env *cli.Env) int {
	flags := env.Flags("anyapi", "[flags] [PATH?QUERY]",
		"Calls any OpenAPI of Tianyi Cloud and prints the answer; without a path it lists the regions.")
	endpoint := flags.String("endpoint", cmp.Or(env.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultCommonEndpoint), "`URL` of the product, without a path")
	post := flags.String("post", "", "POST this `JSON` instead of a GET; @FILE reads it from a file")
	var timeout time.Duration
	cli.Duration(flags, &timeout, "timeout", 30*time.Second, "`time` that the call may take")
	if status, ok := env.Parse(flags, args); !ok {
		return status
	}
	if flags.NArg() > 1 {
		return env.BadUsage("give one path, quoted if it holds a & or a ?")
	}
	target, err := join(*endpoint, cmp.Or(flags.Arg(0), "/v4/region/list-regions"))
	if err != nil {
		return env.BadUsage("%s", err)
	}
	body, err := readBody(env.Stdin, *post)
	if err != nil {
		return env.BadUsage("%s", err)
	}
	keys, err := env.Keys()
	if err != nil {
		return env.Exit(ctx, err)
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := call(limited, newClient(env, keys), target, body)
	if len(answer) > 0 {
		fmt.Fprintf(env.Stdout, "%s\n", indented(answer))
	}
	return env.Exit(ctx, err)
}

// newClient makes an http.Client that signs what it sends.
func newClient(env *cli.Env, keys ctcbr.Credentials) *http.Client {
	base := http.DefaultTransport
	if env.Verbose {
		base = cli.CurlTransport(env.Stderr, base) // below the signing, to see what is sent
	}
	return &http.Client{
		Transport: &ctcbr.SigningTransport{
			Credentials: keys,
			Base:        base,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// join makes a URL of an endpoint and a path. The signature does not cover the path,
// so that nothing but TLS keeps it from being changed on its way.
func join(endpoint, path string) (string, error) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", errors.New("the endpoint is not a URL")
	}
	ip := net.ParseIP(base.Hostname())
	local := base.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case base.Scheme != "https" && (base.Scheme != "http" || !local), base.Host == "", base.User != nil,
		strings.Trim(base.Path, "/") != "", base.RawQuery != "":
		return "", errors.New("the endpoint must be https://HOST")
	case !strings.HasPrefix(path, "/"):
		return "", errors.New("the path must begin with a slash")
	}
	target, err := url.Parse(base.Scheme + "://" + base.Host + path)
	if err != nil || target.Fragment != "" {
		return "", errors.New("the path is not that of a URL")
	}
	return target.String(), nil
}

// readBody reads what is to be posted; nil means that nothing is.
func readBody(stdin io.Reader, post string) ([]byte, error) {
	body := []byte(post)
	var err error
	switch name, isFile := strings.CutPrefix(post, "@"); {
	case post == "":
		return nil, nil
	case isFile && name == "-":
		body, err = io.ReadAll(stdin)
	case isFile:
		body, err = os.ReadFile(name)
	}
	if err == nil && !json.Valid(body) {
		err = errors.New("what is to be posted is not JSON")
	}
	return body, err
}

// call sends one request and returns the answer, also that of a failure.
func call(ctx context.Context, client *http.Client, target string, body []byte) ([]byte, error) {
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
	resp, err := client.Do(req)
	if err != nil && sent && body != nil {
		return nil, fmt.Errorf("%w: %w, it may have been carried out", err, ctcbr.ErrOutcomeUnknown)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	const most = 16 << 20
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return answer, fmt.Errorf("the answer was cut short: %w", err)
	case len(answer) > most:
		return nil, fmt.Errorf("the answer is longer than %d bytes", most)
	case resp.Header.Get("Location") != "" && resp.StatusCode/100 == 3:
		return answer, fmt.Errorf("%s to %q, which is not followed", resp.Status, resp.Header.Get("Location"))
	case resp.StatusCode/100 != 2:
		return answer, errors.New(resp.Status)
	}
	return answer, verdict(answer)
}

// verdict reads the status that most products put into their answers.
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

func indented(answer []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, answer, "", "  ") != nil {
		return bytes.TrimRight(answer, "\n")
	}
	return bytes.TrimRight(out.Bytes(), "\n")
}
