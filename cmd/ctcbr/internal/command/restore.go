package command

import (
	"context"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// restoreView is a restore in JSON.
type restoreView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Host       named           `json:"host"`
	Target     named           `json:"target"`
	TargetDirs []string        `json:"targetDirs"`
	Copy       named           `json:"copy"`
	Source     string          `json:"source"`
	Status     string          `json:"status"`
	StatusText string          `json:"statusText"`
	Message    string          `json:"message"`
	Percent    float64         `json:"percent"`
	Files      int             `json:"files"`
	Started    terminal.Moment `json:"started"`
	Ended      terminal.Moment `json:"ended"`
}

func viewRestore(s sourced[ctcbr.Restore]) restoreView {
	r := s.item
	v := restoreView{
		ID: r.ID, Name: r.Name, Host: named{r.HostID, r.HostName}, Target: named{r.TargetID, r.TargetName}, TargetDirs: r.TargetPaths,
		Copy: named{r.SnapshotID, r.SnapshotName}, Source: string(s.source), Status: string(r.Status), StatusText: r.StatusDesc,
		Message: r.Message, Percent: float64(r.Percent), Files: r.FileCount, Started: terminal.At(r.Started), Ended: terminal.At(r.Done),
	}
	if v.TargetDirs == nil {
		v.TargetDirs = []string{}
	}
	return v
}

func (a *app) restores() *cobra.Command {
	list, get := reads(a, resource[restoreView]{
		noun: "restore", plural: "restores",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[restoreView, error] {
			return mapped(each(a.sources(), func(source ctcbr.SourceType) iter.Seq2[ctcbr.Restore, error] {
				return client.Restores.All(ctx, &ctcbr.ListRestoresRequest{SourceType: source})
			}), viewRestore)
		},
		view: func(r restoreView) candidate {
			return candidate{r.ID, []string{r.Name}, r.Host.String() + " " + r.Started.String()}
		},
		match: func(r restoreView, f *filters) bool {
			return is(f.host, r.Host.ID, r.Host.Name) && is(f.status, r.Status)
		},
		columns: a.restoreColumns(),
	}, "host", "status")
	return a.group("restore", "Restores of copies to hosts", list, get, a.restoreStart())
}

func (a *app) restoreColumns() []terminal.Column[restoreView] {
	return []terminal.Column[restoreView]{
		{Key: "host", Head: a.t("Host"), Cell: func(r restoreView) any { return r.Host.String() }},
		{Key: "target", Head: a.t("To"), Cell: func(r restoreView) any {
			return strings.TrimSpace(r.Target.String() + " " + strings.Join(r.TargetDirs, " "))
		}},
		{Key: "status", Head: a.t("State"), Cell: func(r restoreView) any { return a.state(r.Status) }},
		{Key: "percent", Head: a.t("Done"), Cell: func(r restoreView) any { return ctcbr.Percent(r.Percent) }},
		{Key: "files", Head: a.t("Files"), Cell: func(r restoreView) any { return r.Files }, Minor: true},
		{Key: "started", Head: a.t("Started (Beijing time)"), Cell: func(r restoreView) any { return r.Started }},
		{Key: "ended", Head: a.t("Ended (Beijing time)"), Cell: func(r restoreView) any { return r.Ended }, Minor: true},
		{Key: "message", Head: a.t("Message"), Cell: func(r restoreView) any { return r.Message }, Minor: true},
		{Key: "id", Head: a.t("ID"), Cell: func(r restoreView) any { return r.ID }},
	}
}
