package ctcbr_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

// answering is a transport that answers every request the same.
type answering []byte

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a))}, nil
}

func streamingClient(t testing.TB, transport http.RoundTripper, opts ...ctcbr.Option) *ctcbr.Client {
	t.Helper()
	client, err := ctcbr.NewClient(append([]ctcbr.Option{
		ctcbr.WithEndpoint("http://127.0.0.1:1"), ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithRegion("region"),
		ctcbr.WithHTTPClient(&http.Client{Transport: transport}), ctcbr.WithRetryWait(0, 0),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func longAnswer(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"statusCode":800,"message":"SUCCESS","returnObj":{"backupSnapshotList":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"backupPolicyID":"6f2c4c9e-9d31-11f0-8a31-0242ac11%04d","backupSrcInstanceName":"web-%d","backupPolicyName":"daily","backupSrcInstanceID":"b0f7c2c4-9d31-11f0-8a31-0242ac110002","dirs":"/etc,/var/lib","createTimeDesc":"2026-06-13 01:02:03","finishTimeDesc":"2026-06-13 01:22:03","backupSnapID":"snap-%d","snapName":"daily-20260613","statusCode":"Available","statusDesc":"可用","backupClientVersion":"5.1.0","backupSnapSize":"1.65GB","backupSnapIsNew":false,"backupMode":0,"backupStorageName":"vault","backupSnapDataSize":"2.5GB","backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002"}`, i%10000, i, i)
	}
	fmt.Fprintf(&b, `],"backupSnapshotTotal":%d}}`, n)
	return b.Bytes()
}

func BenchmarkAll(b *testing.B) {
	body := longAnswer(10_000)
	b.Run("stream", func(b *testing.B) {
		client := streamingClient(b, answering(body))
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range client.Snapshots.All(b.Context(), nil) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var answer struct{ ReturnObj ctcbr.ListSnapshotsResponse }
			require.NoError(b, json.Unmarshal(body, &answer))
			require.Len(b, answer.ReturnObj.Snapshots, 10_000)
		}
	})
	b.Run("List", func(b *testing.B) {
		client := streamingClient(b, answering(body))
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := client.Snapshots.List(b.Context(), nil)
			require.NoError(b, err)
		}
	})
}
