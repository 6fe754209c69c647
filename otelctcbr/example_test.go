package otelctcbr_test

import (
	"context"
	"fmt"
	"log"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/otelctcbr"
)

func ExampleNew() {
	cloud := cbrtest.NewServer() // in place of the service
	defer cloud.Close()
	spans := tracetest.NewInMemoryExporter() // in place of an exporter to a collector
	client, err := ctcbr.NewClient(
		ctcbr.WithEndpoint(cloud.URL),
		ctcbr.WithStaticCredentials(cloud.AccessKey, cloud.SecretKey),
		ctcbr.WithRegion(cloud.RegionID),
		otelctcbr.New(otelctcbr.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)))),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	cloud.Inject("query-storage-backup", cbrtest.Fault{Status: 503}) // tried again
	if _, err := client.Storages.List(context.Background(), nil); err != nil {
		log.Fatal(err)
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name, span.Status.Code)
	}
	// Output:
	// client GET Error
	// client GET Unset
	// internal query-storage-backup Unset
}
