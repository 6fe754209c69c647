package command

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/ledger"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// placing is an order from the command to its end.
type placing struct {
	*app
	*vaultOrder
	client *ctcbr.Client
	ledger *ledger.Ledger
	vault  *ctcbr.Storage // as it is now; nil if there is none
	record *ledger.Order
	// resumed reports that an earlier run may have sent the order.
	resumed bool
	// ended is the finished order that --again repeats.
	ended *ledger.Order
}

// orderResult is the result of an order, in JSON.
type orderResult struct {
	Operation   string     `json:"operation"`
	OrderID     string     `json:"orderID"`
	ClientToken string     `json:"clientToken"`
	Status      string     `json:"status"`
	Vault       *vaultView `json:"vault"`
}

// placeOrder checks, asks, saves the order, sends it, and waits until it has ended.
func (a *app) placeOrder(ctx context.Context, o *vaultOrder) error {
	book, err := ledger.In(a.Getenv)
	if err != nil {
		return err
	}
	return a.list(ctx, func(ctx context.Context, client *ctcbr.Client) error {
		p := &placing{app: a, vaultOrder: o, client: client, ledger: book}
		if err := p.look(ctx); err != nil {
			return err
		}
		if p.record == nil || p.record.OrderID == "" {
			if err := p.begin(ctx); err != nil {
				return err
			}
		}
		if p.record.State == ledger.Open && p.record.OrderID == "" {
			if err := p.send(ctx); err != nil {
				return err
			}
		}
		return p.finish(ctx)
	})
}

// look finds the vault, and the saved state of the same order.
func (p *placing) look(ctx context.Context) error {
	all, err := collect(p.client.Storages.All(ctx, nil))
	if err != nil {
		return err
	}
	vault, err := pick(p.app, "vault", p.name, all, viewStorage)
	switch {
	case err == nil:
		p.vault = &vault
	case !errors.Is(err, ctcbr.ErrNotFound):
		return err
	}
	found, problem := p.known()
	switch {
	case problem != nil:
		return p.unwritten(problem)
	case found != nil:
		return p.resume(found)
	}
	switch {
	case p.operation == "create" && p.vault != nil:
		return p.failed("there is a vault %s already (%s): nothing was ordered", printable(p.name), printable(p.vault.ID))
	case p.operation != "create" && p.vault == nil:
		return err
	}
	return nil
}

// key identifies the order. An order for an existing vault uses its ID, even if its name was given.
func (p *placing) key() ledger.Key {
	k := ledger.Key{
		Endpoint: cmp.Or(p.endpoint(), ctcbr.DefaultEndpoint), Region: p.region(), Operation: p.operation,
		Vault: p.name, Parameters: p.parameters(),
	}
	if p.vault != nil && p.operation != "create" {
		k.Vault = p.vault.ID
	}
	return k
}

func (p *placing) known() (*ledger.Order, error) {
	if p.vault == nil && p.operation != "create" {
		return p.ledger.FindNamed(p.key(), p.name)
	}
	return p.ledger.Find(p.key())
}

// resume continues an order that was started, or reports its result.
func (p *placing) resume(found *ledger.Order) error {
	switch {
	case found.State == ledger.Open && found.Account != p.account():
		return p.failed("this was ordered with the access key %s: use that key, or check the result of the order and delete %s", printable(found.Account), p.ledger.Path(found.Key))
	case found.State == ledger.Open:
		p.record, p.resumed = found, true
		p.say("continuing the order that was started at %s Beijing time", terminal.Given(found.Began))
		return nil
	case p.anew && (p.operation == "create") == (p.vault == nil):
		p.ended = found
		return nil
	case p.anew && p.operation == "create":
		return p.failed("there is a vault %s already (%s): nothing was ordered", printable(p.name), printable(p.vault.ID))
	}
	outcome := p.t(string(found.State))
	if found.Problem != "" {
		outcome += ": " + found.Problem
	}
	return p.failed("this was ordered at %s Beijing time: order %s, %s; to order it again, pass --again", terminal.Given(found.Began).String(), cmp.Or(found.OrderID, "?"), outcome)
}

// begin asks for confirmation, and saves the order.
func (p *placing) begin(ctx context.Context) error {
	if p.resumed && p.carriedOut(p.vault, p.record.Before) {
		return p.end(ledger.Done, "")
	}
	if err := p.ask(ctx); err != nil {
		return err
	}
	given := ledger.Order{
		Key: p.key(), Name: p.name, Account: p.account(), Before: p.before(p.vault), ClientToken: ctcbr.NewClientToken(), Began: time.Now().Truncate(time.Second),
	}
	if p.vault != nil {
		given.Name = p.vault.Name
	}
	record, err := p.ledger.Begin(given, p.ended)
	switch {
	case err != nil:
		return p.unwritten(err)
	case record.State != ledger.Open:
		return p.resume(record)
	}
	p.record, p.resumed = record, record.Runs > 1
	return nil
}

// unwritten returns the error for an order that could not be saved.
func (p *placing) unwritten(err error) error {
	return fmt.Errorf("%s: %w", p.t("the order could not be saved, and was not sent"), err)
}

// send places the order with the saved token.
func (p *placing) send(ctx context.Context) error {
	order, err := p.place(ctx, p.client, p.vaultID(), p.record.ClientToken)
	if err == nil {
		p.record.OrderID = order.ID
		return p.save()
	}
	unknown := errors.Is(err, ctcbr.ErrOutcomeUnknown)
	if errors.Is(err, ctcbr.ErrOrderInProgress) && !unknown {
		err, unknown = fmt.Errorf("%w: %w", err, ctcbr.ErrOutcomeUnknown), true
	}
	switch {
	case unknown:
		p.complain("no response came; run the same command again: it is the same order, %s", p.record.ClientToken)
	case p.resumed:
		p.complain("an earlier run may have placed the order; run the same command again")
		err = fmt.Errorf("%w: %w", err, ctcbr.ErrOutcomeUnknown)
	default:
		return errors.Join(err, p.ledger.Drop(p.record))
	}
	return err
}

func (p *placing) vaultID() string {
	if p.vault == nil {
		return ""
	}
	return p.vault.ID
}

// save saves the order again. If that fails, the error still names an order that was placed.
func (p *placing) save() error {
	if err := p.ledger.Save(p.record); err != nil {
		return p.failed("the order %s was placed, but could not be saved: %w", printable(p.record.OrderID), err)
	}
	return nil
}

// finish waits until the order has ended, and shows the vault.
func (p *placing) finish(ctx context.Context) error {
	if p.record.State == ledger.Open {
		p.say("order %s is placed", p.record.OrderID)
		if err := p.waitOrder(ctx); err != nil {
			return err
		}
	}
	result := orderResult{Operation: p.operation, OrderID: p.record.OrderID, ClientToken: p.record.ClientToken, Status: string(p.record.State)}
	vault, err := p.listed(ctx)
	if vault != nil {
		result.Vault = ctcbr.Ptr(viewVault(*vault))
	}
	terminal.Item(p.out, p.format(), p.resultColumns(), result)
	return err
}

func (p *placing) waitOrder(ctx context.Context) error {
	id := p.record.OrderID
	progress := p.orderProgress(map[string]string{id: p.f("order %s", id)})
	var more []ctcbr.WaitOption
	if p.operation == "unsubscribe" {
		more = append(more, ctcbr.WaitUnsubscribing())
	}
	_, err := p.client.Orders.Wait(ctx, id, p.waitOptions(&p.waiting, progress, more...)...)
	progress.Done()
	var failed *ctcbr.OrderError
	switch {
	case err == nil:
		return p.end(ledger.Done, "")
	case errors.As(err, &failed):
		return errors.Join(err, p.end(ledger.Failed, orderWords(failed.Status)))
	}
	return p.goesOn(err, "order", "")
}

func (p *placing) end(state ledger.State, problem string) error {
	p.record.State, p.record.Problem, p.record.Ended = state, problem, time.Now().Truncate(time.Second)
	return p.save()
}

// listed finds the vault after the order. A new vault may be listed late.
func (p *placing) listed(ctx context.Context) (*ctcbr.Storage, error) {
	const longest = 5 * time.Minute
	interval := cmp.Or(p.Poll, 2*time.Second)
	for waited := time.Duration(0); ; waited += interval {
		all, err := collect(p.client.Storages.All(ctx, nil))
		if err != nil {
			return nil, err
		}
		vault, err := pick(p.app, "vault", cmp.Or(p.vaultID(), p.name), all, viewStorage)
		switch {
		case err == nil:
			return &vault, nil
		case p.operation == "unsubscribe" && errors.Is(err, ctcbr.ErrNotFound):
			return nil, nil
		case !errors.Is(err, ctcbr.ErrNotFound) || waited >= longest:
			return nil, err
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (a *app) resultColumns() []terminal.Column[orderResult] {
	columns := []terminal.Column[orderResult]{
		{Key: "order_id", Head: a.t("Order"), Cell: func(r orderResult) any { return r.OrderID }},
		{Key: "order_status", Head: a.t("Result"), Cell: func(r orderResult) any { return a.state(r.Status) }},
	}
	for _, c := range a.vaultResource().columns {
		columns = append(columns, terminal.Column[orderResult]{Key: c.Key, Head: c.Head, Cell: func(r orderResult) any {
			if r.Vault == nil {
				return nil
			}
			return c.Cell(*r.Vault)
		}})
	}
	return columns
}

// ask shows the order, and asks for the name of the vault.
func (p *placing) ask(ctx context.Context) error {
	name := p.name
	if p.vault != nil {
		name = p.vault.Name
	}
	p.err.Line("%s", p.describe(p.app, p.vault))
	if p.operation == "unsubscribe" {
		if err := p.sayWhatIsLost(ctx); err != nil {
			return err
		}
	}
	switch {
	case p.confirm == name:
		return nil
	case p.confirm != "":
		return p.wrong("--confirm is %q, and the vault is %q", p.confirm, name)
	}
	p.err.Line("%s", p.f("Type the name of the vault to order this:"))
	typed, err := p.readLine(ctx)
	switch {
	case err != nil:
		return err
	case typed == "":
		return p.wrong("not confirmed, nothing was ordered: type the name, or give --confirm %s", printable(name))
	case typed != name:
		return p.failed("%q is not the name of the vault: nothing was ordered", typed)
	}
	return nil
}

// sayWhatIsLost counts what is destroyed with a vault.
func (p *placing) sayWhatIsLost(ctx context.Context) error {
	copies, hosts := 0, make(map[string]bool)
	for _, source := range kinds {
		for c, err := range p.client.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{StorageID: p.vault.ID, SourceType: source}) {
			if err != nil {
				return err
			}
			if c.StorageID == p.vault.ID || c.StorageID == "" {
				copies++
				hosts[c.HostID] = true
			}
		}
	}
	p.err.Line("%s", p.f("This destroys %s of %s, and cannot be undone.", p.count(copies, "copy"), p.count(len(hosts), "host")))
	return nil
}

// readLine reads a line from standard input, or returns when the run ends.
func (a *app) readLine(ctx context.Context) (string, error) {
	type read struct {
		line string
		err  error
	}
	came := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(a.Stdin).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		came <- read{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-came:
		return r.line, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
