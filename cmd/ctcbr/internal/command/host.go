package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// hostView is a host in JSON.
type hostView struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	IPs    []string   `json:"ips"`
	Source string     `json:"source"`
	OS     string     `json:"os"`
	Arch   string     `json:"arch"`
	Agent  *agentView `json:"agent"`
}

type agentView struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	StatusText   string `json:"statusText"`
	Version      string `json:"version"`
	UpdateNeeded bool   `json:"updateNeeded"`
}

func viewHost(h ctcbr.Host) hostView {
	v := hostView{ID: h.ID, Name: h.Name, IPs: h.IPs, Source: string(h.SourceType), OS: h.OSType, Arch: h.OSArch}
	if v.IPs == nil {
		v.IPs = []string{}
	}
	if g := h.Agent; g != nil {
		v.Agent = &agentView{g.ID, string(g.Status), g.StatusDesc, g.Version, g.UpdateNeeded}
	}
	return v
}

func (a *app) hostResource() resource[hostView] {
	return resource[hostView]{
		noun: "host", plural: "hosts",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[hostView, error] {
			return mapped(client.Hosts.All(ctx, &ctcbr.ListHostsRequest{Sources: a.sources()}), viewHost)
		},
		view: func(h hostView) candidate { return candidate{h.ID, []string{h.Name}, h.Name + " " + h.Source} },
		columns: []terminal.Column[hostView]{
			{Key: "name", Head: a.t("Name"), Cell: func(h hostView) any { return h.Name }},
			{Key: "id", Head: a.t("ID"), Cell: func(h hostView) any { return h.ID }},
			{Key: "ips", Head: a.t("Addresses"), Cell: func(h hostView) any { return h.IPs }, Minor: true},
			{Key: "source", Head: a.t("Kind"), Cell: func(h hostView) any { return h.Source }, Minor: true},
			{Key: "os", Head: a.t("System"), Cell: func(h hostView) any { return h.OS }, Minor: true},
			{Key: "agent", Head: a.t("Agent"), Cell: func(h hostView) any {
				if h.Agent == nil {
					return a.t("none")
				}
				return a.state(h.Agent.Status)
			}},
		},
	}
}

func (a *app) hosts() *cobra.Command {
	list, get := reads(a, a.hostResource())
	get.ValidArgsFunction = a.completeHosts
	return a.group("host", "Hosts that can be protected", list, get)
}
