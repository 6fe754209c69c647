package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// taskView is a backup task in JSON.
type taskView struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	Plan           string          `json:"plan"`
	Host           named           `json:"host"`
	Vault          named           `json:"vault"`
	Source         string          `json:"source"`
	Status         string          `json:"status"`
	StatusText     string          `json:"statusText"`
	Message        string          `json:"message"`
	Percent        float64         `json:"percent"`
	Files          int             `json:"files"`
	BytesPerSecond int64           `json:"bytesPerSecond"`
	Started        terminal.Moment `json:"started"`
	Ended          terminal.Moment `json:"ended"`
	Copy           named           `json:"copy"`
}

func viewTask(s sourced[ctcbr.Task]) taskView {
	t := s.item
	return taskView{
		ID: t.ID, Name: t.Name, Plan: t.PlanName, Host: named{t.HostID, t.HostName}, Vault: named{t.StorageID, t.StorageName},
		Source: string(s.source), Status: string(t.Status), StatusText: t.StatusDesc, Message: t.Message, Percent: float64(t.Percent),
		Files: t.FileCount, BytesPerSecond: t.Rate.Bytes(), Started: terminal.At(t.Started), Ended: terminal.At(t.Done),
		Copy: named{t.SnapshotID, t.SnapshotName},
	}
}

func (a *app) tasks() *cobra.Command {
	list, get := reads(a, resource[taskView]{
		noun: "task", plural: "tasks",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[taskView, error] {
			return a.allTasks(ctx, client)
		},
		view: func(t taskView) candidate {
			return candidate{t.ID, []string{t.Name}, a.f("%s of %s", t.Plan, t.Host.String()) + " " + t.Started.String()}
		},
		match: func(t taskView, f *filters) bool {
			return is(f.host, t.Host.ID, t.Host.Name) && is(f.plan, t.Plan) && is(f.vault, t.Vault.ID, t.Vault.Name) && is(f.status, t.Status)
		},
		columns: a.taskColumns(),
	}, "host", "plan", "vault", "status")
	return a.group("task", "Backup tasks: runs of plans", list, get)
}

func (a *app) taskColumns() []terminal.Column[taskView] {
	return []terminal.Column[taskView]{
		{Key: "host", Head: a.t("Host"), Cell: func(t taskView) any { return t.Host.String() }},
		{Key: "plan", Head: a.t("Plan"), Cell: func(t taskView) any { return t.Plan }},
		{Key: "status", Head: a.t("State"), Cell: func(t taskView) any { return a.state(t.Status) }},
		{Key: "percent", Head: a.t("Done"), Cell: func(t taskView) any { return ctcbr.Percent(t.Percent) }},
		{Key: "started", Head: a.t("Started (Beijing time)"), Cell: func(t taskView) any { return t.Started }},
		{Key: "ended", Head: a.t("Ended (Beijing time)"), Cell: func(t taskView) any { return t.Ended }, Minor: true},
		{Key: "message", Head: a.t("Message"), Cell: func(t taskView) any { return t.Message }, Minor: true},
		{Key: "id", Head: a.t("ID"), Cell: func(t taskView) any { return t.ID }},
	}
}

func (a *app) allTasks(ctx context.Context, client *ctcbr.Client) iter.Seq2[taskView, error] {
	return mapped(each(a.sources(), func(source ctcbr.SourceType) iter.Seq2[ctcbr.Task, error] {
		return client.Tasks.All(ctx, &ctcbr.ListTasksRequest{SourceType: source})
	}), viewTask)
}
