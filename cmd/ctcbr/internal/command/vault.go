package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// vaultView is a vault in JSON.
type vaultView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Status     string          `json:"status"`
	StatusText string          `json:"statusText"`
	Bytes      int64           `json:"bytes"`
	FreeBytes  *int64          `json:"freeBytes"`
	Created    terminal.Moment `json:"created"`
	Expires    terminal.Moment `json:"expires"`
	Region     string          `json:"region"`
}

func viewVault(s ctcbr.Storage) vaultView {
	v := vaultView{
		ID: s.ID, Name: s.Name, Status: string(s.Status), StatusText: s.StatusDesc, Bytes: s.Capacity.Bytes(),
		Created: terminal.At(s.Created), Expires: terminal.At(s.Expires), Region: s.RegionName,
	}
	if s.Free.Valid() {
		v.FreeBytes = ctcbr.Ptr(s.Free.Bytes())
	}
	return v
}

// free returns the free space as a table shows it.
func (v vaultView) free() any {
	if v.FreeBytes == nil {
		return ""
	}
	return terminal.Bytes(*v.FreeBytes)
}

func (a *app) vaultResource() resource[vaultView] {
	return resource[vaultView]{
		noun: "vault", plural: "vaults",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[vaultView, error] {
			return mapped(client.Storages.All(ctx, nil), viewVault)
		},
		view: func(v vaultView) candidate { return candidate{v.ID, []string{v.Name}, v.Name + " " + v.Status} },
		columns: []terminal.Column[vaultView]{
			{Key: "name", Head: a.t("Name"), Cell: func(v vaultView) any { return v.Name }},
			{Key: "status", Head: a.t("State"), Cell: func(v vaultView) any { return a.state(v.Status) }},
			{Key: "bytes", Head: a.t("Size"), Cell: func(v vaultView) any { return terminal.Bytes(v.Bytes) }},
			{Key: "free_bytes", Head: a.t("Free"), Cell: func(v vaultView) any { return v.free() }},
			{Key: "expires", Head: a.t("Expires (Beijing time)"), Cell: func(v vaultView) any { return v.Expires }},
			{Key: "id", Head: a.t("ID"), Cell: func(v vaultView) any { return v.ID }, Minor: true},
		},
	}
}

// findVault finds a vault by its ID or its name.
func (a *app) findVault(ctx context.Context, client *ctcbr.Client, sought string) (ctcbr.Storage, error) {
	all, err := collect(client.Storages.All(ctx, nil))
	if err != nil {
		return ctcbr.Storage{}, err
	}
	return pick(a, "vault", sought, all, viewStorage)
}

func viewStorage(s ctcbr.Storage) candidate {
	return candidate{s.ID, []string{s.Name}, s.Name + " " + string(s.Status)}
}

func (a *app) vaults() *cobra.Command {
	list, get := reads(a, a.vaultResource())
	get.ValidArgsFunction = a.completeVaults
	return a.group("vault", "Vaults: what copies are kept in, and their orders",
		append([]*cobra.Command{list, get}, a.vaultOrders()...)...)
}
