// Package cbrclient makes clients of the SDK for a fake cloud, in one line of a test:
//
//	cloud := cbrtest.NewServer(cbrtest.Activated())
//	defer cloud.Close()
//	client := cbrclient.New(t, cloud)
//
// It stands apart from package cbrtest, which shares no code with the SDK.
package cbrclient

import (
	"testing"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
)

// New returns a client of a fake cloud: with its endpoint, its HTTP client, its keys and its region, which opts may
// replace. The client is closed when the test ends. An option that NewClient refuses fails the test.
func New(t testing.TB, cloud *cbrtest.Server, opts ...ctcbr.Option) *ctcbr.Client {
	t.Helper()
	client, err := ctcbr.NewClient(append([]ctcbr.Option{
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithHTTPClient(cloud.HTTPClient()),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
	}, opts...)...)
	if err != nil {
		t.Fatalf("cbrclient: %v", err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
