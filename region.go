package ctcbr

import (
	"context"
	"net/http"
)

// Regions are the resource pools of Tianyi Cloud.
type Regions struct{ client *Client }

// ListRegionsRequest is the request of [Regions.List].
type ListRegionsRequest struct {
	// Name selects regions by name, for example "华东1". Empty selects all.
	Name string `json:"regionName,omitempty"`
}

func (r *ListRegionsRequest) complete(*validation) {}

// ListRegionsResponse is the response of [Regions.List].
type ListRegionsResponse struct {
	Meta
	Regions []Region `json:"regionList" wire:"list"`
}

// Region is a resource pool of Tianyi Cloud.
type Region struct {
	// ID is the region ID, as requests and [WithRegion] take it.
	ID   string `json:"regionID" wire:"lenient"`
	Name string `json:"regionName"`
	Code string `json:"regionCode"`
	// Parent is the area that the region belongs to.
	Parent string `json:"regionParent"`
	Type   string `json:"regionType"`
	// MultiAZ reports whether the region has several availability zones. Zones names them.
	MultiAZ bool     `json:"isMultiZones"`
	Zones   []string `json:"zoneList"`
	// Callable reports whether the region can be used through the API.
	Callable bool `json:"openapiAvailable"`
}

// List lists regions. It uses the common endpoint ([WithCommonEndpoint]), and needs a key pair but
// no region. It changes nothing, costs nothing and is safe to repeat.
//
// GET /v4/region/list-regions (查询资源池列表)
func (s Regions) List(ctx context.Context, req *ListRegionsRequest) (*ListRegionsResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/region/list-regions", common: true}, copyOf(req), new(ListRegionsResponse))
}
