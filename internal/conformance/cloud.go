package conformance

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// InBubble runs a test on fake time, with a client of a fake cloud in memory.
func InBubble(t *testing.T, f func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client), opts ...cbrtest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cloud := cbrtest.NewServer(append([]cbrtest.Option{cbrtest.InMemory(), cbrtest.Activated()}, opts...)...)
		defer cloud.Close()
		client, err := ctcbr.NewClient(
			ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(cloud.HTTPClient()),
			ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
		)
		require.NoError(t, err)
		defer client.Close()
		f(t, cloud, client)
	})
}

// WithAgent adds a host that has an agent, and returns the ID of the host.
func WithAgent(cloud *cbrtest.Server) string {
	host := cloud.AddHost(cbrtest.Host{})
	cloud.AddAgent(host)
	return host
}

// Watching runs a test on fake time, with a fake cloud whose clients take options.
func Watching(t *testing.T, f func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client)) {
	t.Helper()
	InBubble(t, func(t *testing.T, cloud *cbrtest.Server, _ *ctcbr.Client) {
		f(t, cloud, func(opts ...ctcbr.Option) *ctcbr.Client {
			client, err := ctcbr.NewClient(append([]ctcbr.Option{
				ctcbr.WithEndpoint(cloud.URL), ctcbr.WithHTTPClient(cloud.HTTPClient()),
				ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey), ctcbr.WithRegion(cloud.RegionID),
			}, opts...)...)
			require.NoError(t, err)
			return client
		})
	})
}
