package command

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
)

// vaultOrder is one of the four orders of a vault.
type vaultOrder struct {
	operation string // create, resize, renew or unsubscribe
	name      string // of the vault, or its ID
	size      int    // GB
	months    int
	years     int
	multiAZ   bool

	confirm string
	anew    bool
	waiting waiting
}

const orderHelp = `This is an order. It shows what will be ordered, and asks you to type the name of the vault; scripts pass --confirm.
Before the order is sent, it is saved in a file (below XDG_STATE_HOME, or ~/.local/state): after a crash, the same command is the same order, never a second one. Once the order is finished, the same command reports it, and orders again only with --again.
Exit status 3 means that no response came: run the same command again.`

func (a *app) vaultOrders() []*cobra.Command {
	create := a.orderCommand("create", "create NAME --size GB (--months N | --years N) [flags]", "Order a vault; it costs money")
	create.Flags().Bool("multi-az", false, a.t("keep copies in several availability zones, if the region has them"))
	return []*cobra.Command{
		create,
		a.orderCommand("resize", "resize NAME-or-ID --size GB [flags]", "Order more capacity for a vault; it costs money"),
		a.orderCommand("renew", "renew NAME-or-ID (--months N | --years N) [flags]", "Renew a vault; it costs money"),
		a.orderCommand("unsubscribe", "unsubscribe NAME-or-ID [flags]", "Unsubscribe a vault, and destroy every copy in it"),
	}
}

func (a *app) orderCommand(operation, use, short string) *cobra.Command {
	o := &vaultOrder{operation: operation}
	cmd := a.leaf(use, short, orderHelp, cobra.ExactArgs(1), nil)
	cmd.RunE = func(c *cobra.Command, args []string) error {
		o.multiAZ, _ = c.Flags().GetBool("multi-az") // only create has it
		return a.runs(func(ctx context.Context, args []string) error {
			o.name = args[0]
			if err := o.check(a); err != nil {
				return err
			}
			return a.placeOrder(ctx, o)
		})(c, args)
	}
	flags := cmd.Flags()
	if operation == "create" || operation == "resize" {
		flags.IntVar(&o.size, "size", 0, a.t("capacity in `GB`, 100 to 1024000; when resizing, the new total"))
	}
	if operation == "create" || operation == "renew" {
		flags.IntVar(&o.months, "months", 0, a.t("pay for this `number` of months, 1 to 11"))
		flags.IntVar(&o.years, "years", 0, a.t("pay for this `number` of years, 1 to 3"))
	}
	flags.StringVar(&o.confirm, "confirm", "", a.t("the `name` of the vault, instead of typing it"))
	flags.BoolVar(&o.anew, "again", false, a.t("order again although the same was ordered before"))
	o.waiting.define(a, cmd, time.Hour)
	if operation != "create" {
		cmd.ValidArgsFunction = a.completeVaults
	}
	return cmd
}

var vaultName = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$`)

// check validates the order before any request is sent.
func (o *vaultOrder) check(a *app) error {
	sized, timed := o.operation == "create" || o.operation == "resize", o.operation == "create" || o.operation == "renew"
	switch {
	case o.operation == "create" && !vaultName.MatchString(o.name):
		return a.wrong("the name %q cannot be that of a vault: it holds digits, letters and \"-\", begins with a letter and does not end with \"-\"", o.name)
	case sized && (o.size < 100 || o.size > 1024000):
		return a.wrong("--size must be 100 to 1024000 GB, is %d", o.size)
	case timed && (o.months != 0) == (o.years != 0):
		return a.wrong("give either --months or --years")
	case timed && o.years == 0 && (o.months < 1 || o.months > 11):
		return a.wrong("--months must be 1 to 11, is %d", o.months)
	case timed && o.months == 0 && (o.years < 1 || o.years > 3):
		return a.wrong("--years must be 1 to 3, is %d", o.years)
	case o.confirm != "" && o.confirm != o.name && o.operation == "create":
		return a.wrong("--confirm is %q, and the vault is %q", o.confirm, o.name)
	}
	return o.waiting.check(a)
}

// parameters returns the parameters of the order, in canonical form.
func (o *vaultOrder) parameters() string {
	asked := struct {
		Size    int  `json:"size,omitempty"`
		Months  int  `json:"months,omitempty"`
		Years   int  `json:"years,omitempty"`
		MultiAZ bool `json:"multiAZ,omitempty"`
	}{o.size, o.months, o.years, o.multiAZ}
	encoded, err := json.Marshal(asked)
	if err != nil {
		panic(err) // cannot fail: it is only text and numbers
	}
	return string(encoded)
}

// place sends the order.
func (o *vaultOrder) place(ctx context.Context, client *ctcbr.Client, vaultID, token string) (*ctcbr.Order, error) {
	cycle, count := ctcbr.CycleMonth, o.months
	if o.years > 0 {
		cycle, count = ctcbr.CycleYear, o.years
	}
	switch o.operation {
	case "create":
		req := &ctcbr.CreateStorageRequest{Name: o.name, CapacityGB: o.size, CycleType: cycle, CycleCount: count, ClientToken: token}
		if o.multiAZ {
			req.MultiAZ = ctcbr.Ptr(1)
		}
		return client.Storages.Create(ctx, req)
	case "resize":
		return client.Storages.Resize(ctx, &ctcbr.ResizeStorageRequest{ID: vaultID, CapacityGB: o.size, ClientToken: token})
	case "renew":
		return client.Storages.Renew(ctx, &ctcbr.RenewStorageRequest{ID: vaultID, CycleType: cycle, CycleCount: count, ClientToken: token})
	}
	return client.Storages.Unsubscribe(ctx, &ctcbr.UnsubscribeStorageRequest{ID: vaultID, ClientToken: token})
}

// before returns the current value that the order changes.
func (o *vaultOrder) before(vault *ctcbr.Storage) string {
	switch {
	case vault == nil:
		return ""
	case o.operation == "renew":
		return vault.Expires.String()
	}
	return strconv.FormatInt(vault.Capacity.Bytes(), 10)
}

// carriedOut reports whether the vault shows that an order was carried out, compared with the value
// before it.
func (o *vaultOrder) carriedOut(vault *ctcbr.Storage, before string) bool {
	switch o.operation {
	case "create":
		return vault != nil
	case "resize":
		return vault != nil && vault.Capacity.Bytes() >= int64(o.size)<<30
	case "renew":
		return vault != nil && vault.Expires.String() != before
	}
	return vault == nil || vault.Status == ctcbr.StorageUnsubscribing || vault.Status == ctcbr.StorageDestroying
}

// describe returns a description of the order.
func (o *vaultOrder) describe(a *app, vault *ctcbr.Storage) string {
	name := o.name
	if vault != nil {
		name = vault.Name
	}
	period := a.count(o.months, "month")
	if o.years > 0 {
		period = a.count(o.years, "year")
	}
	switch o.operation {
	case "create":
		text := a.f("Order the vault %s with %d GB for %s.", name, o.size, period)
		if o.multiAZ {
			text += " " + a.t("In several availability zones.")
		}
		return text
	case "resize":
		return a.f("Enlarge the vault %s from %s to %d GB.", name, vault.Capacity.String(), o.size)
	case "renew":
		return a.f("Renew the vault %s, which expires %s, for %s.", name, vault.Expires.String(), period)
	}
	return a.f("Unsubscribe the vault %s (%s), and destroy every copy in it.", name, vault.ID)
}
