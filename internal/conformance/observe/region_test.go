package observe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestForRegionAsksAnotherRegion(t *testing.T) {
	t.Parallel()
	conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
		home := client()
		other := home.ForRegion("200000009999")
		_, err := other.Storages.List(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrRegion)
		_, err = other.Storages.List(t.Context(), &ctcbr.ListStoragesRequest{RegionID: cloud.RegionID})
		require.NoError(t, err, "a request that names a region goes there")
		_, err = home.Storages.List(t.Context(), nil)
		require.NoError(t, err, "the first client stays where it was")
		_, err = other.ForRegion(cloud.RegionID).Storages.List(t.Context(), nil)
		require.NoError(t, err)
	})
}

func TestForRegionSharesTheLifeOfItsClient(t *testing.T) {
	t.Parallel()
	for name, closes := range map[string]func(home, other *ctcbr.Client) error{
		"the first": func(home, _ *ctcbr.Client) error { return home.Close() },
		"the other": func(_, other *ctcbr.Client) error { return other.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				home := client()
				other := home.ForRegion(cloud.RegionID)
				require.NoError(t, closes(home, other))
				for _, c := range []*ctcbr.Client{home, other} {
					_, err := c.Storages.List(t.Context(), nil)
					require.ErrorIs(t, err, ctcbr.ErrClosed)
				}
			})
		})
	}
	for name, unmade := range map[string]*ctcbr.Client{"nil": nil, "zero": {}} {
		_, err := unmade.ForRegion("region").Storages.List(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrClosed, name)
	}
}
