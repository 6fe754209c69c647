package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// copyView is a backup copy (snapshot) in JSON.
type copyView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Host       named           `json:"host"`
	Plan       named           `json:"plan"`
	Vault      named           `json:"vault"`
	Source     string          `json:"source"`
	Status     string          `json:"status"`
	StatusText string          `json:"statusText"`
	Full       bool            `json:"full"`
	Created    terminal.Moment `json:"created"`
	Finished   terminal.Moment `json:"finished"`
	Bytes      int64           `json:"bytes"`
	DataBytes  int64           `json:"dataBytes"`
	Dirs       string          `json:"dirs"`
}

func viewCopy(s sourced[ctcbr.Snapshot]) copyView {
	c := s.item
	return copyView{
		ID: c.ID, Name: c.Name, Host: named{c.HostID, c.HostName}, Plan: named{c.PlanID, c.PlanName},
		Vault: named{c.StorageID, c.StorageName}, Source: string(s.source), Status: string(c.Status), StatusText: c.StatusDesc,
		Full: c.Mode == ctcbr.BackupFull, Created: terminal.At(c.Created), Finished: terminal.At(c.Finished),
		Bytes: c.Size.Bytes(), DataBytes: c.DataSize.Bytes(), Dirs: c.Dirs,
	}
}

func (a *app) copies() *cobra.Command {
	list, get := reads(a, resource[copyView]{
		noun: "copy", plural: "copies",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[copyView, error] {
			return mapped(each(a.sources(), func(source ctcbr.SourceType) iter.Seq2[ctcbr.Snapshot, error] {
				return client.Snapshots.All(ctx, &ctcbr.ListSnapshotsRequest{SourceType: source})
			}), viewCopy)
		},
		view: func(c copyView) candidate {
			return candidate{c.ID, []string{c.Name}, a.f("%s of %s", c.Plan.String(), c.Host.String()) + " " + c.Created.String()}
		},
		match: func(c copyView, f *filters) bool {
			return is(f.host, c.Host.ID, c.Host.Name) && is(f.plan, c.Plan.ID, c.Plan.Name) && is(f.vault, c.Vault.ID, c.Vault.Name) && is(f.status, c.Status)
		},
		columns: []terminal.Column[copyView]{
			{Key: "host", Head: a.t("Host"), Cell: func(c copyView) any { return c.Host.String() }},
			{Key: "plan", Head: a.t("Plan"), Cell: func(c copyView) any { return c.Plan.String() }},
			{Key: "created", Head: a.t("Created (Beijing time)"), Cell: func(c copyView) any { return c.Created }},
			{Key: "bytes", Head: a.t("Size"), Cell: func(c copyView) any { return terminal.Bytes(c.Bytes) }},
			{Key: "status", Head: a.t("State"), Cell: func(c copyView) any { return a.state(c.Status) }},
			{Key: "mode", Head: a.t("Mode"), Cell: func(c copyView) any { return a.state(copyMode(c.Full)) }, Minor: true},
			{Key: "vault", Head: a.t("Vault"), Cell: func(c copyView) any { return c.Vault.String() }, Minor: true},
			{Key: "dirs", Head: a.t("Directories"), Cell: func(c copyView) any { return c.Dirs }, Minor: true},
			{Key: "id", Head: a.t("ID"), Cell: func(c copyView) any { return c.ID }, Minor: true},
		},
	}, "host", "plan", "vault", "status")
	return a.group("copy", "Backup copies", list, get)
}

func copyMode(full bool) string {
	if full {
		return "full"
	}
	return "incremental"
}
