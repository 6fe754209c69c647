package wirejson

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// query has a parameter of every kind that requests have.
type query struct {
	RegionID string   `json:"regionID"`
	Text     kept     `json:"text,omitempty"`
	Page     int      `json:"pageNo,omitempty"`
	Long     int64    `json:"long,omitempty"`
	Kind     number   `json:"kind,omitempty"`
	Cloud    *bool    `json:"isCloud,omitempty"`
	Mode     *number  `json:"mode,omitempty"`
	Must     *int     `json:"must"`
	Ratio    float64  `json:"ratio,omitzero"`
	Never    string   `json:"-"`
	Paths    []string `json:"paths,omitempty"`
	embedded
}

func TestQuery(t *testing.T) {
	t.Parallel()
	no, mode, must := false, number(0), 7
	for name, c := range map[string]struct {
		given query
		want  string
	}{
		"nothing":      {query{}, "covered=&inside=&must=&regionID="},
		"texts":        {query{RegionID: "a b&c=d/é*~", Text: "x"}, "covered=&inside=&must=&regionID=a%20b%26c%3Dd%2F%C3%A9%2A~&text=x"},
		"numbers":      {query{Page: 2, Long: -1 << 62, Kind: 3, Must: &must, Ratio: 1.5}, "covered=&inside=&kind=3&long=-4611686018427387904&must=7&pageNo=2&ratio=1.5&regionID="},
		"zero is sent": {query{Cloud: &no, Mode: &mode}, "covered=&inside=&isCloud=false&mode=0&must=&regionID="},
		"never":        {query{Never: "x", embedded: embedded{Inside: "i"}}, "covered=&inside=i&must=&regionID="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, Query(&c.given))
		})
	}
}

// FuzzQuery holds that a query says what JSON says.
func FuzzQuery(f *testing.F) {
	f.Add("region", "a b", 1, true)
	f.Add("", "\xff&=%", -1, false)
	f.Fuzz(func(t *testing.T, region, text string, n int, yes bool) {
		type request struct {
			RegionID string `json:"regionID"`
			Text     string `json:"text,omitempty"`
			N        int    `json:"n,omitempty"`
			Yes      *bool  `json:"yes,omitempty"`
		}
		given := request{region, text, n, &yes}
		parsed, err := url.ParseQuery(Query(&given))
		require.NoError(t, err)
		require.Equal(t, []string{region}, parsed["regionID"])
		encoded, err := json.Marshal(given)
		require.NoError(t, err)
		var members map[string]any
		require.NoError(t, json.Unmarshal(encoded, &members))
		require.Len(t, parsed, len(members))
		require.Equal(t, text, parsed.Get("text"))
	})
}

func TestQueryIsOneAllocation(t *testing.T) {
	given := &query{RegionID: "region", Text: "web hosts", Page: 7}
	most := 1.0
	if underRace() {
		most += 10
	}
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { _ = Query(given) }), most)
}
