package command

import (
	"context"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// regionView is a region in JSON.
type regionView struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Code     string   `json:"code"`
	Parent   string   `json:"parent"`
	Zones    []string `json:"zones"`
	Callable bool     `json:"callable"`
}

func viewRegion(r ctcbr.Region) regionView {
	v := regionView{r.ID, r.Name, r.Code, r.Parent, r.Zones, r.Callable}
	if v.Zones == nil {
		v.Zones = []string{}
	}
	return v
}

func (a *app) regions() *cobra.Command {
	list, get := reads(a, resource[regionView]{
		noun: "region", plural: "regions",
		all: func(ctx context.Context, client *ctcbr.Client) iter.Seq2[regionView, error] {
			return func(yield func(regionView, error) bool) {
				listed, err := client.Regions.List(ctx, nil)
				if err != nil {
					yield(regionView{}, err)
					return
				}
				for _, r := range listed.Regions {
					if !yield(viewRegion(r), nil) {
						return
					}
				}
			}
		},
		view: func(r regionView) candidate { return candidate{r.ID, []string{r.Name, r.Code}, r.Name} },
		columns: []terminal.Column[regionView]{
			{Key: "name", Head: a.t("Name"), Cell: func(r regionView) any { return r.Name }},
			{Key: "id", Head: a.t("ID"), Cell: func(r regionView) any { return r.ID }},
			{Key: "code", Head: a.t("Code"), Cell: func(r regionView) any { return r.Code }, Minor: true},
			{Key: "zones", Head: a.t("Zones"), Cell: func(r regionView) any { return r.Zones }, Minor: true},
			{Key: "callable", Head: a.t("Callable"), Cell: func(r regionView) any {
				return terminal.State{Raw: strconv.FormatBool(r.Callable), Words: a.yes(r.Callable)}
			}},
		},
	})
	return a.group("region", "Regions (resource pools)", list, get)
}

func (a *app) yes(on bool) string {
	if on {
		return a.t("yes")
	}
	return a.t("no")
}
