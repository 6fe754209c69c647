// Command buy orders a vault exactly once. If it is killed in the middle of the order, run it again
// to continue. It costs money.
//
//	buy NAME GIGABYTES MONTHS
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"

	"github.com/ctyun-go/ctcbr"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Keys and region come from the environment, or from ~/.ctyun/config.json.
	client, err := ctcbr.NewClient(ctcbr.WithEndpoint(cmp.Or(os.Getenv("CTCBR_ENDPOINT"), ctcbr.DefaultEndpoint)))
	if err == nil {
		err = run(ctx, client, os.Stdout, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, client *ctcbr.Client, out io.Writer, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: buy NAME GIGABYTES MONTHS")
	}
	gigabytes, sizeErr := strconv.Atoi(args[1])
	months, timeErr := strconv.Atoi(args[2])
	if err := errors.Join(sizeErr, timeErr); err != nil {
		return err
	}
	file := args[0] + ".order" // where a second run finds the order that the first one began
	token, err := keptToken(file)
	if err != nil {
		return err
	}
	vault, err := client.Storages.CreateAndWait(ctx, &ctcbr.CreateStorageRequest{
		Name: args[0], CapacityGB: gigabytes, CycleType: ctcbr.CycleMonth, CycleCount: months, ClientToken: token,
	})
	if err != nil {
		return fmt.Errorf("%w; run the same again: %s holds its token", err, file)
	}
	fmt.Fprintf(out, "%s is there: %s, until %s\n", vault.Name, vault.Capacity.Text(), vault.Expires)
	return os.Remove(file)
}

// keptToken is the token of the order that the file is about. A new one is on the disk before it is
// returned, and so before anything is sent with it.
func keptToken(name string) (string, error) {
	kept, err := os.ReadFile(name)
	if err == nil && len(kept) > 0 {
		return string(kept), nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	token := ctcbr.NewClientToken()
	_, err = file.WriteString(token)
	return token, errors.Join(err, file.Sync(), file.Close())
}
