package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/digitalocean/godo"
	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	cbrmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"

	"github.com/ctyun-go/ctcbr"
)

// The answers are about 600 bytes each: one volume or vault with all that its
// cloud tells of it.
const (
	ownAnswer = `{"statusCode":800,"error":"","errorCode":"","message":"SUCCESS","description":"成功","returnObj":{"backupStorageList":[` +
		`{"backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002","backupStorageName":"vault-of-the-web-hosts","backupStorageCapacity":"1024 G",` +
		`"backupStorageFreeCapacity":"911.50","backupStorageStatusCode":"Available","backupStorageStatusDesc":"可用",` +
		`"backupStorageCreatTime":"2026-06-13 01:02:03","backupStorageExpireTime":"2027-06-13 01:02:03","regionName":"华东1","multiAz":"单可用区"}],` +
		`"backupStorageCount":1}}`
	hcloudAnswer = `{"volume":{"id":4711,"name":"volume-of-the-web-hosts","server":12,"status":"available","location":{"id":1,"name":"fsn1",` +
		`"description":"Falkenstein DC Park 1","country":"DE","city":"Falkenstein","latitude":50.47612,"longitude":12.370071,"network_zone":"eu-central"},` +
		`"size":1024,"linux_device":"/dev/disk/by-id/scsi-0HC_Volume_4711","protection":{"delete":false},"labels":{"env":"production","tier":"web"},` +
		`"format":"xfs","created":"2026-06-13T01:02:03+00:00","padding":"0123456789012345678901234567890123456789012345678901234567890123456789"}}`
	huaweiAnswer = `{"vault":{"id":"c2a9f0de-9d31-11f0-8a31-0242ac110002","name":"vault-of-the-web-hosts","provider_id":"0daac4c5-6707-4851-97ba-169e36266b66",` +
		`"project_id":"81f7728662dd11ec810800155d307d5b","enterprise_project_id":"0","created_at":"2026-06-13T01:02:03.209782","auto_bind":false,"auto_expand":false,` +
		`"user_id":"fedcba9876543210fedcba9876543210","billing":{"allocated":0,"charging_mode":"post_paid","cloud_type":"public","consistent_level":"crash_consistent",` +
		`"object_type":"server","protect_type":"backup","size":1024,"status":"available","used":112},"resources":[],"tags":[]}}`
	godoAnswer = `{"volume":{"id":"c2a9f0de-9d31-11f0-8a31-0242ac110002","name":"volume-of-the-web-hosts","region":{"slug":"fra1","name":"Frankfurt 1",` +
		`"sizes":["s-1vcpu-1gb","s-1vcpu-2gb","s-2vcpu-4gb"],"features":["private_networking","backups","ipv6","metadata"],"available":true},"size_gigabytes":1024,` +
		`"description":"Block store of the web hosts","droplet_ids":[12],"droplet_locked":false,"created_at":"2026-06-13T01:02:03Z","filesystem_type":"xfs",` +
		`"filesystem_label":"web","tags":["production","web"],"padding":"012345678901234567890123456789"}}`
)

// answering is a transport in memory that gives every request the same answer.
type answering string

func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		ContentLength: int64(len(a)), Body: io.NopCloser(strings.NewReader(string(a))),
	}, nil
}

// A connection is how a caller reaches its service: by a transport, or by the address
// of a server with whatever transport the SDK has by default.
type connection struct {
	transport http.RoundTripper
	endpoint  string
}

func callOwn(to connection) func() error {
	opts := []ctcbr.Option{
		ctcbr.WithStaticCredentials(accessKey, secretKey), ctcbr.WithRegion("81f7728662dd11ec810800155d307d5b"),
		ctcbr.WithEndpoint(to.endpoint),
	}
	if to.transport != nil {
		opts = append(opts, ctcbr.WithHTTPClient(&http.Client{Transport: to.transport}))
	}
	client, err := ctcbr.NewClient(opts...)
	check(err)
	return func() error {
		_, err := client.Storages.List(context.Background(), &ctcbr.ListStoragesRequest{ID: "c2a9f0de-9d31-11f0-8a31-0242ac110002", Status: ctcbr.StorageAvailable})
		return err
	}
}

func callHcloud(to connection) func() error {
	opts := []hcloud.ClientOption{hcloud.WithToken(strings.Repeat("t", 64)), hcloud.WithEndpoint(to.endpoint)}
	if to.transport != nil {
		opts = append(opts, hcloud.WithHTTPClient(&http.Client{Transport: to.transport}))
	}
	client := hcloud.NewClient(opts...)
	return func() error {
		_, _, err := client.Volume.GetByID(context.Background(), 4711)
		return err
	}
}

func callHuawei(to connection) func() error {
	settings := config.DefaultHttpConfig()
	if to.transport != nil {
		settings = settings.WithHttpRoundTripper(to.transport)
	}
	credentials, err := basic.NewCredentialsBuilder().WithAk(accessKey).WithSk(secretKey).WithProjectId("81f7728662dd11ec810800155d307d5b").SafeBuild()
	check(err)
	builder, err := cbr.CbrClientBuilder().WithEndpoint(to.endpoint).WithCredential(credentials).WithHttpConfig(settings).SafeBuild()
	check(err)
	client := cbr.NewCbrClient(builder)
	return func() error {
		_, err := client.ShowVault(&cbrmodel.ShowVaultRequest{VaultId: "c2a9f0de-9d31-11f0-8a31-0242ac110002"})
		return err
	}
}

func callGodo(to connection) func() error {
	client, err := godo.New(&http.Client{Transport: to.transport}, godo.SetBaseURL(to.endpoint+"/"))
	check(err)
	return func() error {
		_, _, err := client.Storage.GetVolume(context.Background(), "c2a9f0de-9d31-11f0-8a31-0242ac110002")
		return err
	}
}

// callBare is what a program without an SDK does: no signature, no checks, one decoding.
func callBare(to connection) func() error {
	client := &http.Client{Transport: to.transport}
	return func() error {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, to.endpoint+"/v4/backup/query-storage-backup?"+query(), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		var answer struct {
			StatusCode  int
			Message     string
			Description string
			ReturnObj   struct {
				Storages []plainStorage `json:"backupStorageList"`
				Total    int            `json:"backupStorageCount"`
			}
		}
		return json.NewDecoder(bytes.NewReader(body)).Decode(&answer)
	}
}

// plainStorage is a vault with text for all that the wire writes as text.
type plainStorage struct {
	ID         string `json:"backupStorageID"`
	Name       string `json:"backupStorageName"`
	Capacity   string `json:"backupStorageCapacity"`
	Free       string `json:"backupStorageFreeCapacity"`
	Status     string `json:"backupStorageStatusCode"`
	StatusDesc string `json:"backupStorageStatusDesc"`
	Created    string `json:"backupStorageCreatTime"`
	Expires    string `json:"backupStorageExpireTime"`
	RegionName string `json:"regionName"`
	MultiAZ    string `json:"multiAz"`
}

// callers are the SDKs that make a typed GET, and what their service answers.
var callers = []struct {
	name   string
	answer string
	caller func(connection) func() error
}{
	{self, ownAnswer, callOwn},
	{"hcloud-go", hcloudAnswer, callHcloud},
	{"huaweicloud-sdk-go-v3", huaweiAnswer, callHuawei},
	{"godo", godoAnswer, callGodo},
	{floor, ownAnswer, callBare},
}

// callRow is one call over a transport in memory: all that an SDK does for it.
func callRow() row {
	r := row{title: "one typed call, transport in memory", goal: "1.9 times as fast as the best peer, 1.25 times the floor; 22 allocations of its own, besides those of the transport"}
	for _, c := range callers {
		r.contestants = append(r.contestants, contestant{c.name, func(b *testing.B) {
			call := c.caller(connection{answering(c.answer), "https://127.0.0.1"})
			for b.Loop() {
				check(call())
			}
		}})
	}
	return r
}
