package ctcbr

import (
	"context"
	"net/http"
)

// Regions are the resource pools of Tianyi Cloud.
type Regions struct{ client *Client }

// ListRegionsRequest is the request of Regions.List.
type ListRegionsRequest struct {
	// Name finds regions by their name, for example "华东1".
	Name string `json:"regionName,omitempty"`
}

func (r *ListRegionsRequest) complete(*validation) {}

// ListRegionsResponse is the answer of Regions.List.
type ListRegionsResponse struct {
	Meta
	Regions []Region `json:"regionList"`
}

// Region is a resource pool.
type Region struct {
	// ID is what requests and WithRegion take.
	ID   string `json:"regionID"`
	Name string `json:"regionName"`
	Code string `json:"regionCode"`
	// Parent is what the region belongs to.
	Parent string `json:"regionParent"`
	Type   string `json:"regionType"`
	// MultiAZ says that the region has several availability zones, which Zones names.
	MultiAZ bool     `json:"isMultiZones"`
	Zones   []string `json:"zoneList"`
	// Callable says that the region can be used through the API.
	Callable bool `json:"openapiAvailable"`
}

// List lists regions, at the common endpoint (WithCommonEndpoint). It needs a key
// pair and no region. It changes nothing, costs nothing and can be repeated.
//
// GET /v4/region/list-regions (查询资源池列表)
func (s Regions) List(ctx context.Context, req *ListRegionsRequest) (*ListRegionsResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/region/list-regions", common: true}, copyOf(req), new(ListRegionsResponse))
}
