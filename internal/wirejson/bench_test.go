package wirejson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// snapshot is an item as the service lists it.
type snapshot struct {
	PlanID      string `json:"backupPolicyID"`
	HostName    string `json:"backupSrcInstanceName"`
	PlanName    string `json:"backupPolicyName"`
	HostID      string `json:"backupSrcInstanceID"`
	Dirs        string `json:"dirs"`
	Created     kept   `json:"createTimeDesc"`
	Finished    kept   `json:"finishTimeDesc"`
	ID          string `json:"backupSnapID"`
	Name        string `json:"snapName"`
	Status      string `json:"statusCode"`
	StatusDesc  string `json:"statusDesc"`
	Version     string `json:"backupClientVersion"`
	Size        kept   `json:"backupSnapSize"`
	Newest      bool   `json:"backupSnapIsNew"`
	Mode        int    `json:"backupMode"`
	StorageName string `json:"backupStorageName"`
	DataSize    kept   `json:"backupSnapDataSize"`
	StorageID   string `json:"backupStorageID"`
}

type snapshots struct {
	Snapshots []snapshot `json:"backupSnapshotList"`
	Total     int        `json:"backupSnapshotTotal"`
}

// answer is an envelope whose content reads itself.
type answer struct {
	StatusCode int     `json:"statusCode"`
	Message    string  `json:"message"`
	Error      string  `json:"error"`
	ReturnObj  content `json:"returnObj"`
}

type content struct{ read func(*Scanner) }

func (c *content) ReadJSON(s *Scanner) { c.read(s) }

// answerOf is an answer with n snapshots, of about 640 bytes each. With escaped, the
// Chinese in it is written in \u escapes.
func answerOf(n int, escaped bool) []byte {
	desc := "可用"
	if escaped {
		desc = `\u53ef\u7528`
	}
	var b bytes.Buffer
	b.WriteString(`{"statusCode":800,"message":"SUCCESS","returnObj":{"backupSnapshotList":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"backupPolicyID":"6f2c4c9e-9d31-11f0-8a31-0242ac11%04d","backupSrcInstanceName":"web-%d","backupPolicyName":"daily",`+
			`"backupSrcInstanceID":"b0f7c2c4-9d31-11f0-8a31-0242ac110002","dirs":"/etc,/var/lib","createTimeDesc":"2026-06-13 01:02:03",`+
			`"finishTimeDesc":"2026-06-13 01:22:03","backupSnapID":"snap-%d","snapName":"daily-20260613","statusCode":"Available",`+
			`"statusDesc":"%s","backupClientVersion":"5.1.0","backupSnapSize":"1.65GB","backupSnapIsNew":false,"backupMode":0,`+
			`"backupStorageName":"vault","backupSnapDataSize":"2.5GB","backupStorageID":"c2a9f0de-9d31-11f0-8a31-0242ac110002"}`, i%10000, i, i, desc)
	}
	fmt.Fprintf(&b, `],"backupSnapshotTotal":%d}}`, n)
	return b.Bytes()
}

// onlyReader hides what else a reader can do.
type onlyReader struct{ io.Reader }

// BenchmarkAnswer reads answers in the ways of the SDK, and by encoding/json.
func BenchmarkAnswer(b *testing.B) {
	for name, data := range map[string][]byte{"1": answerOf(1, false), "10000": answerOf(10_000, false), "10000-escaped": answerOf(10_000, true)} {
		run := func(way string, read func(b *testing.B)) {
			b.Run(way+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					read(b)
				}
			})
		}
		scan := func(b *testing.B, length int64, read func(*Scanner)) {
			s := NewScanner(onlyReader{bytes.NewReader(data)}, math.MaxInt64)
			defer s.Free()
			s.Expect(length)
			a := answer{ReturnObj: content{read}}
			if s.Decode(&a) != nil || s.End() != nil || a.StatusCode != 800 {
				b.Fatal(s.Err())
			}
		}
		list := func(b *testing.B, length int64) {
			var result snapshots
			scan(b, length, func(s *Scanner) { _ = s.Decode(&result) })
			if len(result.Snapshots) != result.Total {
				b.Fatal(result.Total)
			}
		}
		run("list", func(b *testing.B) { list(b, int64(len(data))) })
		run("list-of-unknown-length", func(b *testing.B) { list(b, 0) })
		run("stream", func(b *testing.B) {
			var one snapshot
			scan(b, 0, func(s *Scanner) {
				for name := range s.Members() {
					if string(name) != "backupSnapshotList" {
						s.Skip()
						continue
					}
					for range s.Elements() {
						one = snapshot{}
						_ = s.Decode(&one)
						s.Mark()
					}
				}
			})
		})
		run("raw", func(b *testing.B) { scan(b, 0, func(s *Scanner) { s.Raw() }) })
		run("skip", func(b *testing.B) { scan(b, 0, func(s *Scanner) { s.Skip() }) })
		run("encoding-json", func(b *testing.B) {
			body, _ := io.ReadAll(onlyReader{bytes.NewReader(data)})
			var a struct {
				StatusCode int       `json:"statusCode"`
				ReturnObj  snapshots `json:"returnObj"`
			}
			if err := json.Unmarshal(body, &a); err != nil || len(a.ReturnObj.Snapshots) != a.ReturnObj.Total {
				b.Fatal(err)
			}
		})
		run("encoding-json-valid", func(b *testing.B) {
			if !json.Valid(data) {
				b.Fatal()
			}
		})
	}
}

// BenchmarkText reads texts of one length each.
func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{"ascii": "x", "Chinese": "库", "escaped": `\u5e93`} {
		for _, n := range []int{4, 36, 1000} {
			data := []byte(`"` + strings.Repeat(text, n) + `"`)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				var to string
				for b.Loop() {
					if Unmarshal(data, &to) != nil {
						b.Fatal()
					}
				}
			})
		}
	}
}
