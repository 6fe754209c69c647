package command

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr/cbrtest"
)

// fakeCloud is what "ctcbr fake" serves.
type fakeCloud struct {
	addr                 string
	limit                time.Duration
	accessKey, secretKey string
	hosts                int
}

const fakeHelp = `Prints what a client needs, as lines that a shell can source:

  ctcbr fake --hosts 50 >fake.env & sleep 1; set -a; . ./fake.env; ctcbr host list

With --hosts, the service is activated and has that many hosts and a vault named vault.
"ctcbr fake fail task" makes the next backup of that cloud fail, "ctcbr fake advance 26h" moves its clock.
It serves only on this machine, until it is interrupted.`

const maxFakeHosts = 100_000

func (a *app) fake() *cobra.Command {
	var f fakeCloud
	cmd := a.leaf("fake [flags]", "Serve a fake CT-CBR in memory, to try things out and to rehearse", fakeHelp, nil, nil)
	cmd.DisableFlagsInUseLine = false
	cmd.Flags().StringVar(&f.addr, "addr", "127.0.0.1:0", a.t("loopback `address` to listen on; port 0 picks a free one"))
	cmd.Flags().DurationVar(&f.limit, "for", 0, a.t("`time` to run; 0 runs until interrupted"))
	cmd.Flags().StringVar(&f.accessKey, "ak", "test-ak", a.t("access `key` that clients must use; not a real one"))
	cmd.Flags().StringVar(&f.secretKey, "sk", "test-sk", a.t("secret `key` that clients must sign with; not a real one"))
	cmd.Flags().IntVar(&f.hosts, "hosts", 0, a.t("start with this `number` of hosts, an activated service and a vault named vault"))
	below := a.group("fake", "", a.fakeFail(), a.fakeAdvance())
	cmd.AddCommand(below.Commands()...)
	serve := a.runs(func(ctx context.Context, _ []string) error { return a.serveFake(ctx, &f) })
	cmd.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return a.wrong("there is no command %q", "ctcbr fake "+args[0])
		}
		return serve(c, args)
	}
	return cmd
}

func (a *app) serveFake(ctx context.Context, f *fakeCloud) error {
	if f.hosts < 0 || f.hosts > maxFakeHosts {
		return a.wrong("--hosts must be 0 to %d, is %d", maxFakeHosts, f.hosts)
	}
	listener, err := a.listenHere(f.addr)
	if err != nil {
		return err
	}
	cloud := cbrtest.NewServer(cbrtest.WithCredentials(f.accessKey, f.secretKey))
	defer cloud.Close()
	f.furnish(cloud)
	server := &http.Server{Handler: rehearsal(cloud), ReadHeaderTimeout: time.Minute}
	defer server.Close()
	a.printFake(cloud, "http://"+listener.Addr().String())
	if err := a.out.Err(); err != nil {
		listener.Close()
		return nil // exit reports it
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if f.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.limit)
		defer cancel()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return err
	}
}

// listenHere listens on an address that other machines cannot reach: the keys are known
// to everyone.
func (a *app) listenHere(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usage(err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, a.wrong("%s is not a loopback address", addr)
	}
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
}

// furnish adds what a rehearsal starts with: hosts, one of which exists already, and a vault.
func (f *fakeCloud) furnish(cloud *cbrtest.Server) {
	if f.hosts == 0 {
		return
	}
	cloud.AddStorage(cbrtest.Storage{Name: "vault", CapacityGB: 10_000})
	for i := 1; i < f.hosts; i++ {
		cloud.AddHost(cbrtest.Host{Name: fmt.Sprintf("web-%02d", i+1)})
	}
}

func (a *app) printFake(cloud *cbrtest.Server, endpoint string) {
	for _, line := range [][2]string{
		{"CTCBR_ENDPOINT", endpoint},
		{"CTYUN_AK", cloud.AccessKey},
		{"CTYUN_SK", cloud.SecretKey},
		{"CTYUN_REGION_ID", cloud.RegionID},
		{"CTCBR_HOST_ID", cloud.HostID},
	} {
		a.out.Line("%s=%s", line[0], shellWord(line[1]))
	}
}

// fakeJobs are the jobs that can be made to fail.
var fakeJobs = map[string]cbrtest.Job{
	"order": cbrtest.OrderJob, "install": cbrtest.InstallJob, "task": cbrtest.TaskJob, "restore": cbrtest.RestoreJob,
}

// rehearsal serves a cloud, and next to it the endpoints that make jobs fail and move its clock.
func rehearsal(cloud *cbrtest.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", cloud)
	mux.HandleFunc("POST /fake/fail", func(w http.ResponseWriter, r *http.Request) {
		job, ok := fakeJobs[r.FormValue("job")]
		if !ok {
			http.Error(w, "no such job", http.StatusBadRequest)
			return
		}
		cloud.FailNext(job, r.FormValue("message"))
	})
	mux.HandleFunc("POST /fake/advance", func(w http.ResponseWriter, r *http.Request) {
		by, err := time.ParseDuration(r.FormValue("by"))
		if err != nil || by <= 0 {
			http.Error(w, "no positive time", http.StatusBadRequest)
			return
		}
		cloud.Advance(by)
	})
	return mux
}

func (a *app) fakeFail() *cobra.Command {
	var message string
	cmd := a.leaf("fail order|install|task|restore [flags]", "Make the next job of the fake cloud fail", "", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			if _, ok := fakeJobs[args[0]]; !ok {
				return a.wrong("there is no job %q: give order, install, task or restore", args[0])
			}
			return a.tellFake(ctx, "/fake/fail", url.Values{"job": {args[0]}, "message": {message}})
		})
	cmd.Flags().StringVar(&message, "message", "disk full", a.t("the reason that the service gives"))
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"order", "install", "task", "restore"}, cobra.ShellCompDirectiveNoFileComp)
	return cmd
}

func (a *app) fakeAdvance() *cobra.Command {
	return a.leaf("advance TIME [flags]", "Move the clock of the fake cloud forward", "", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			if by, err := time.ParseDuration(args[0]); err != nil || by <= 0 {
				return a.wrong("%q is not a positive time, such as 26h", args[0])
			}
			return a.tellFake(ctx, "/fake/advance", url.Values{"by": {args[0]}})
		})
}

// tellFake posts a form to the fake cloud of the endpoint.
func (a *app) tellFake(ctx context.Context, path string, values url.Values) error {
	endpoint := a.endpoint()
	if !strings.HasPrefix(endpoint, "http://") {
		return a.wrong("no fake cloud: set CTCBR_ENDPOINT to what \"ctcbr fake\" printed")
	}
	target, err := a.joinURL(endpoint, path)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target+"?"+values.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return a.failed("the fake cloud responded %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	return nil
}
