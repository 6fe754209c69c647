// Command fakecloud serves an in-memory CT-CBR on a loopback port, for clients in any language. It prints what a
// client needs as lines for a shell to source:
//
//	go run ./examples/fakecloud -for 10m >.env &
//	until [ -s .env ]; do sleep 0.1; done; . ./.env
//	curl -i -H 'Content-Type: application/json' "$CTCBR_ENDPOINT/v4/region/list-regions" # refused: it is not signed
//
// It starts with one host, and the service is not activated. With -hosts 50 it starts with an activated service, 50
// hosts and a vault named vault.
//
// A request that is not signed correctly is refused in the form of the real gateway, with HTTP 401. The status that
// the real gateway uses is not known: also try your client with -gateway-status 200.
//
// It runs until it is interrupted, or for the time of -for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until the context ends, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fakecloud", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: fakecloud [flags]\n\nServes a CT-CBR in memory, and prints what a client needs as lines for a shell.\n\n")
		flags.PrintDefaults()
	}
	addr := flags.String("addr", "127.0.0.1:0", "loopback `address` to listen on; port 0 picks a free one")
	limit := flags.Duration("for", 0, "`time` after which to end, such as 30s; 0 runs until interrupted")
	accessKey := flags.String("ak", "test-ak", "access `key` that clients must use; not a real one")
	secretKey := flags.String("sk", "test-sk", "secret `key` that clients must sign with; not a real one")
	gatewayStatus := flags.Int("gateway-status", 0, "HTTP `status` of all refusals of keys, signatures and paths; 0 stands for 401, and 404 for paths")
	hosts := flags.Int("hosts", 0, "begin with this `number` of hosts, an activated service and a vault named vault")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "fakecloud: unexpected argument %q\n", flags.Arg(0))
		return 2
	case *gatewayStatus != 0 && (*gatewayStatus < 200 || *gatewayStatus > 599):
		fmt.Fprintf(stderr, "fakecloud: -gateway-status must be 200 to 599, is %d\n", *gatewayStatus)
		return 2
	case *hosts < 0 || *hosts > maxHosts:
		fmt.Fprintf(stderr, "fakecloud: -hosts must be 0 to %d, is %d\n", maxHosts, *hosts)
		return 2
	}
	listener, err := listen(*addr)
	if err != nil {
		fmt.Fprintln(stderr, "fakecloud:", err)
		return 1
	}
	srv := cbrtest.NewServer(cbrtest.WithListener(listener), cbrtest.WithCredentials(*accessKey, *secretKey),
		cbrtest.WithGatewayStatus(*gatewayStatus))
	defer srv.Close()
	furnish(srv, *hosts)
	if err := printEnvironment(stdout, srv); err != nil {
		fmt.Fprintln(stderr, "fakecloud:", err)
		return 1
	}
	if *limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *limit)
		defer cancel()
	}
	<-ctx.Done()
	return 0
}

// listen listens on a loopback address only, because the keys are public.
func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not a loopback address", addr)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		listener.Close()
		return nil, fmt.Errorf("%s is not a loopback address", addr)
	}
	return listener, nil
}

const maxHosts = 100_000

// furnish adds what a rehearsal starts with: hosts, one of which exists already, and a vault.
func furnish(srv *cbrtest.Server, hosts int) {
	if hosts == 0 {
		return
	}
	srv.AddStorage(cbrtest.Storage{Name: "vault", CapacityGB: 10_000})
	for i := 1; i < hosts; i++ {
		srv.AddHost(cbrtest.Host{Name: fmt.Sprintf("web-%02d", i+1)})
	}
}

func printEnvironment(w io.Writer, srv *cbrtest.Server) error {
	var out strings.Builder
	for _, line := range [][2]string{
		{"CTCBR_ENDPOINT", srv.URL},
		{"CTYUN_AK", srv.AccessKey},
		{"CTYUN_SK", srv.SecretKey},
		{"CTYUN_REGION_ID", srv.RegionID},
		{"CTCBR_HOST_ID", srv.HostID},
	} {
		fmt.Fprintf(&out, "%s=%s\n", line[0], quote(line[1]))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:-]+$`)

// quote quotes a value for a shell.
func quote(value string) string {
	if plain.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
