package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"
	tencent "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tencenthttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	tencentprofile "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"github.com/ctyun-go/ctcbr"
)

const (
	accessKey = "0123456789abcdef0123456789abcdef"
	secretKey = "fedcba9876543210fedcba9876543210"
)

// parameters are those of the GET that is signed; a query holds them unsorted.
var parameters = [][2]string{
	{"regionID", "81f7728662dd11ec810800155d307d5b"},
	{"queryContent", "web-hosts"},
	{"backupStorageStatus", "Available"},
	{"backupStorageID", "c2a9f0de-9d31-11f0-8a31-0242ac110002"},
}

func query() string {
	var pairs []string
	for _, p := range parameters {
		pairs = append(pairs, p[0]+"="+url.QueryEscape(p[1]))
	}
	return strings.Join(pairs, "&")
}

// payload is a JSON text of so many bytes.
func payload(size int) []byte {
	if size == 0 {
		return nil
	}
	return []byte(`{"a":"` + strings.Repeat("x", size-len(`{"a":""}`)) + `"}`)
}

// signRow is the signing of a GET with 4 parameters, or of a POST with so many bytes.
// Every signer gets a request that is ready but for its signature, with the body as
// bytes or text, so that no encoding of it is measured.
func signRow(title, goal string, size int) row {
	return row{title: title, goal: goal, contestants: []contestant{
		{self, func(b *testing.B) { signOwn(b, size, 0) }},
		{"aws-sdk-go-v2 v4", func(b *testing.B) { signAWS(b, size) }},
		{"huaweicloud-sdk-go-v3", func(b *testing.B) { signHuawei(b, size) }},
		{"tencentcloud TC3", func(b *testing.B) { signTencent(b, size) }},
		{"alibabacloud ACS3", func(b *testing.B) { signAlibaba(b, size) }},
		{floor, func(b *testing.B) { hashes(b, size) }},
	}}
}

func plainRequest(size int) *http.Request {
	method, target := http.MethodGet, "https://example.com/v4/backup/query-storage-backup?"+query()
	if size > 0 {
		method, target = http.MethodPost, "https://example.com/v4/backup/query-storage-backup"
	}
	req, err := http.NewRequest(method, target, bytes.NewReader(payload(size)))
	check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "bench")
	return req
}

// signOwn signs at one time, or at times that are apart by step.
func signOwn(b *testing.B, size int, step time.Duration) {
	var s ctcbr.Signer
	req, body, at := plainRequest(size), payload(size), time.Now()
	raw, credentials := req.URL.RawQuery, ctcbr.NewCredentials(accessKey, secretKey)
	req.Header.Set("ctyun-eop-request-id", "3b241101-e2bb-4255-8caf-4136c566a962")
	for b.Loop() {
		req.URL.RawQuery = raw // signing has sorted it
		at = at.Add(step)
		check(s.Sign(req, body, credentials, at))
	}
}

func signAWS(b *testing.B, size int) {
	s := v4.NewSigner()
	req, body, at := plainRequest(size), payload(size), time.Now()
	credentials := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for b.Loop() {
		hash := empty
		if size > 0 {
			sum := sha256.Sum256(body)
			hash = hex.EncodeToString(sum[:])
		}
		check(s.SignHTTP(context.Background(), credentials, req, hash, "backup", "cn-north-1", at))
	}
}

func signHuawei(b *testing.B, size int) {
	build := request.NewHttpRequestBuilder().WithEndpoint("https://example.com").WithPath("/v4/backup/query-storage-backup")
	if size > 0 {
		build = build.WithMethod(http.MethodPost).WithBody("", string(payload(size)))
	} else {
		build = build.WithMethod(http.MethodGet)
	}
	req := build.AddHeaderParam("Content-Type", "application/json").AddHeaderParam("User-Agent", "bench").Build()
	if size == 0 {
		for _, p := range parameters {
			req.AddQueryParam(p[0], p[1])
		}
	}
	for b.Loop() {
		_, err := signer.Sign(req, accessKey, secretKey)
		check(err)
	}
}

var errStop = errors.New("stop here")

// stopping is a transport that sends nothing.
type stopping struct{}

func (stopping) RoundTrip(*http.Request) (*http.Response, error) { return nil, errStop }

// signTencent sends requests that the transport stops: the SDK does not give access
// to its signing alone. What net/http takes for that is in the figure.
func signTencent(b *testing.B, size int) {
	p := tencentprofile.NewClientProfile()
	p.HttpProfile.Endpoint = "example.com"
	p.HttpProfile.ReqMethod = http.MethodPost
	if size == 0 {
		p.HttpProfile.ReqMethod = http.MethodGet
	}
	client := tencent.NewCommonClient(tencent.NewCredential(accessKey, secretKey), "region", p)
	client.WithHttpTransport(stopping{})
	for b.Loop() {
		req := tencenthttp.NewCommonRequest("backup", "2026-01-01", "ListStorages")
		if size > 0 {
			check(req.SetActionParameters(payloadJSON(size)))
		} else {
			check(req.SetActionParameters(fourParameters))
		}
		if err := client.Send(req, tencenthttp.NewCommonResponse()); err == nil {
			b.Fatal("it was sent")
		}
	}
}

func payloadJSON(size int) map[string]any {
	var m map[string]any
	check(json.Unmarshal(payload(size), &m))
	return m
}

var fourParameters = func() map[string]any {
	m := make(map[string]any)
	for _, p := range parameters {
		m[p[0]] = p[1]
	}
	return m
}()

func signAlibaba(b *testing.B, size int) {
	req, body := dara.NewRequest(), payload(size)
	req.Method, req.Pathname = dara.String(http.MethodGet), dara.String("/v4/backup/query-storage-backup")
	req.Headers = map[string]*string{
		"host": dara.String("example.com"), "content-type": dara.String("application/json"), "user-agent": dara.String("bench"),
		"x-acs-date": dara.String("2026-06-13T01:02:03Z"), "x-acs-signature-nonce": dara.String("3b241101-e2bb-4255-8caf-4136c566a962"),
	}
	if size == 0 {
		for _, p := range parameters {
			req.Query[p[0]] = dara.String(p[1])
		}
	} else {
		req.Method = dara.String(http.MethodPost)
	}
	algorithm := dara.String("ACS3-HMAC-SHA256")
	for b.Loop() {
		hash := hex.EncodeToString(openapi.Hash(body, algorithm))
		req.Headers["x-acs-content-sha256"] = &hash
		openapi.GetAuthorization(req, algorithm, &hash, dara.String(accessKey), dara.String(secretKey))
	}
}

// hashes computes the hashes of a signature alone: of the body unless it is empty,
// and the inner and the outer one of the HMAC.
func hashes(b *testing.B, size int) {
	text := len("ctyun-eop-request-id:3b241101-e2bb-4255-8caf-4136c566a962\neop-date:20260613T010203Z\n\n\n") + 2*sha256.Size
	if size == 0 {
		text += len(query())
	}
	body, inner, outer := payload(size), make([]byte, sha256.BlockSize+text), make([]byte, sha256.BlockSize+sha256.Size)
	compressions := blocks(len(inner)) + blocks(len(outer))
	if size > 0 {
		compressions += blocks(size)
	}
	for b.Loop() {
		if size > 0 {
			sha256.Sum256(body)
		}
		sha256.Sum256(inner)
		sha256.Sum256(outer)
	}
	b.ReportMetric(float64(compressions), "compressions/op")
}

// blocks is how many blocks SHA-256 compresses for so many bytes and its padding.
func blocks(size int) int { return (size+8)/sha256.BlockSize + 1 }
