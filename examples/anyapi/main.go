// Command anyapi calls any OpenAPI of Tianyi Cloud with a plain http.Client, whose transport signs.
//
//	anyapi https://ctecs-global.ctapi.ctyun.cn/v4/region/list-regions
//	anyapi https://ctecs-global.ctapi.ctyun.cn/v4/ecs/list-instances '{"regionID":"..."}'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	keys, err := ctcbr.DefaultCredentials()
	if err == nil {
		err = call(ctx, keys, os.Stdout, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// call sends one request, a POST if there is a body, and copies the answer. Whether the API says that
// it succeeded stands in the answer: statusCode 800.
func call(ctx context.Context, keys ctcbr.Credentials, out io.Writer, args []string) error {
	client := &http.Client{
		Transport: &ctcbr.SigningTransport{Credentials: keys},
		Timeout:   30 * time.Second,
		// The signature is for one host, and must not follow a redirect to another.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	method, body := http.MethodGet, ""
	switch len(args) {
	case 1:
	case 2:
		method, body = http.MethodPost, args[1]
	default:
		return errors.New("usage: anyapi URL [JSON]")
	}
	req, err := http.NewRequestWithContext(ctx, method, args[0], strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(out, io.LimitReader(resp.Body, 64<<20)); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}
