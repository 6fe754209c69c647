package cbrtest

const regionName = "华东1"

type wireRegion struct {
	RegionID         string   `json:"regionID"`
	RegionName       string   `json:"regionName"`
	RegionCode       string   `json:"regionCode"`
	RegionParent     string   `json:"regionParent"`
	RegionType       string   `json:"regionType"`
	IsMultiZones     bool     `json:"isMultiZones"`
	ZoneList         []string `json:"zoneList"`
	OpenapiAvailable bool     `json:"openapiAvailable"`
}

// listRegions lists the region of the server and two others, in which the service cannot be used.
func (st *state) listRegions(a args) (any, *failure) {
	regions := []wireRegion{
		{st.regionID, regionName, "cn-huadong1-jsnj1A", "华东地区", "openstack", true, []string{"cn-huadong1-jsnj1A-public-ctcloud", "cn-huadong1-jsnj2A-public-ctcloud"}, true},
		{"200000001852", "西南1", "cn-xinan1-sccd1A", "西南地区", "openstack", true, []string{"cn-xinan1-sccd1A-public-ctcloud"}, false},
		{"200000001681", "华北2", "cn-huabei2-tj1A", "华北地区", "openstack", false, []string{}, false},
	}
	listed := regions[:0]
	for i, r := range regions {
		if matches(a.text("regionName"), r.RegionName) && (i == 0 || r.RegionID != st.regionID) {
			listed = append(listed, r)
		}
	}
	return object{"regionList": listed}, nil
}
