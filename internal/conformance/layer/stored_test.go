package layer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// declared makes a plan of any schedule, retention, limits, directories and full backups.
func declared(r *conformance.Random, storageID string) *ctcbr.CreatePlanRequest {
	req := &ctcbr.CreatePlanRequest{Name: "nightly", StorageID: storageID, Schedule: anySchedule(r), Retention: anyRetention(r), Full: anyFull(r), Limits: anyLimits(r)}
	req.DirectType, req.Files = anyFiles(r)
	return req
}

func anySchedule(r *conformance.Random) ctcbr.Schedule {
	hour := r.IntN(24)
	return conformance.Pick(r, ctcbr.Hourly(), ctcbr.Daily(hour), ctcbr.Weekly(time.Weekday(r.IntN(7)), hour), ctcbr.Monthly(1+r.IntN(31), hour))
}

func anyRetention(r *conformance.Random) ctcbr.Retention {
	n := 1 + r.IntN(400)
	kept := conformance.Pick(r, ctcbr.KeepForever(), ctcbr.KeepDays(n), ctcbr.KeepWeeks(n), ctcbr.KeepMonths(n), ctcbr.KeepYears(n))
	switch r.IntN(4) {
	case 0:
		kept = kept.WithLadder(r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3))
	case 1:
		kept.HasLadder = ctcbr.Ptr(false)
	case 2:
		kept.HasLadder, kept.Ladder = ctcbr.Ptr(true), &ctcbr.RetentionLadder{Weeks: ctcbr.Ptr(r.IntN(5))}
	}
	return kept
}

func anyFull(r *conformance.Random) *ctcbr.FullBackup {
	if r.IntN(3) == 0 {
		return nil
	}
	full := &ctcbr.FullBackup{Mode: conformance.Pick(r, nil, ctcbr.Ptr(0), ctcbr.Ptr(1), ctcbr.Ptr(1))}
	if r.IntN(2) == 0 {
		full.Increments = ctcbr.Ptr(1 + r.IntN(30))
	}
	return full
}

func anyLimits(r *conformance.Random) *ctcbr.UploadLimits {
	var limits *ctcbr.UploadLimits
	for hour := 0; r.IntN(2) == 0 && hour < 20; hour += 5 {
		limits = limits.And(hour, hour+1+r.IntN(4), 1+r.IntN(9999))
	}
	if r.IntN(4) == 0 {
		return &ctcbr.UploadLimits{Enabled: ctcbr.Ptr(false), Windows: windows(limits)}
	}
	return limits
}

func windows(l *ctcbr.UploadLimits) []ctcbr.UploadWindow {
	if l == nil {
		return nil
	}
	return l.Windows
}

func anyFiles(r *conformance.Random) (*ctcbr.DirectType, *ctcbr.FileSelection) {
	paths := func(most int) (paths []string) {
		for range 1 + r.IntN(most) {
			paths = append(paths, conformance.Pick(r, "/etc", "/var/lib", "/home/数据", `C:\data`, `D:\`, "/", "/srv/a b", `\\nas\share`)+conformance.Pick(r, "", "", fmt.Sprintf("%d", r.IntN(9))))
		}
		return paths
	}
	dirs := ctcbr.BackUpDirs(paths(10)...)
	switch r.IntN(7) {
	case 0:
		return nil, ctcbr.BackUpAll()
	case 1:
		return ctcbr.Ptr(ctcbr.DirectAll), nil
	case 2:
		return nil, dirs.Except(paths(10)...)
	case 3:
		return nil, dirs.Only(paths(10)...)
	case 4:
		return ctcbr.Ptr(ctcbr.DirectAdvanced), &ctcbr.FileSelection{Dirs: paths(3), Files: paths(3), Rule: ctcbr.Ptr(ctcbr.FilesAll)}
	case 5:
		return ctcbr.Ptr(ctcbr.DirectGiven), &ctcbr.FileSelection{Dirs: paths(3), Files: paths(3), Rule: conformance.Pick(r, nil, ctcbr.Ptr(ctcbr.FilesExclude))}
	}
	return nil, dirs
}

func writes(cloud *cbrtest.Server) int {
	return cloud.Count("new-backup-policy") + cloud.Count("update-backup-policy") + cloud.Count("action-backup-policy")
}

// Ensure twice changes nothing the second time, and neither does a change from any plan to any other.
func TestEnsureTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		r := conformance.NewRandom(t)
		storage := cloud.AddStorage(cbrtest.Storage{})
		for i := range 150 {
			host := protectable(cloud, fmt.Sprintf("host-%d", i))[0]
			for range 3 {
				req := declared(r, storage)
				req.HostID = host.ID
				change, err := client.Plans.Ensure(t.Context(), req)
				require.NoError(t, err, "%+v", req)
				before := writes(cloud)
				again, err := client.Plans.Ensure(t.Context(), req)
				require.NoError(t, err)
				require.False(t, again.Changed(), "%s\n%s", change, again)
				require.Empty(t, again.Differences)
				require.Equal(t, before, writes(cloud))
				if len(again.Unclear) == 0 {
					remade := again.Plan.Request()
					require.Nil(t, remade.DirectType)
					remade.DirectType = ctcbr.Ptr(ctcbr.DirectGiven)
					if remade.Files == nil {
						remade.DirectType = ctcbr.Ptr(ctcbr.DirectAll)
					}
					made, err := client.Plans.Ensure(t.Context(), remade)
					require.NoError(t, err)
					require.False(t, made.Changed(), "what a plan tells makes it again: %s", made)
				}
			}
		}
	})
}

// stored is a plan as it is listed.
type stored map[string]any

func (s stored) part(name string) map[string]any { part, _ := s[name].(map[string]any); return part }

// Forms in which the service may store a plan although nobody documents them. Ensure may say that
// they are unclear, and may neither fail nor send.
var storedForms = map[string]func(plan, raw stored){
	"flags as numbers": func(_, raw stored) {
		number := map[any]int{true: 1, false: 0, nil: 0}
		raw.part("limitQosInfo")["isLimitQos"] = number[raw.part("limitQosInfo")["isLimitQos"]]
		raw.part("retentionInfo")["hasConf"] = number[raw.part("retentionInfo")["hasConf"]]
	},
	"flags as text": func(_, raw stored) {
		raw.part("limitQosInfo")["isLimitQos"] = fmt.Sprint(raw.part("limitQosInfo")["isLimitQos"])
		raw.part("retentionInfo")["hasConf"] = fmt.Sprint(raw.part("retentionInfo")["hasConf"])
	},
	"hour as a number": func(_, raw stored) {
		var hour int
		_, _ = fmt.Sscanf(fmt.Sprint(raw.part("periodInfo")["hour"]), "%d:", &hour)
		raw.part("periodInfo")["hour"] = hour
	},
	"hour with seconds": func(_, raw stored) {
		raw.part("periodInfo")["hour"] = fmt.Sprint(raw.part("periodInfo")["hour"]) + ":00"
	},
	"hour with minutes": func(_, raw stored) {
		raw.part("periodInfo")["hour"] = strings.ReplaceAll(fmt.Sprint(raw.part("periodInfo")["hour"]), ":00", ":30")
	},
	"hour in words": func(_, raw stored) { raw.part("periodInfo")["hour"] = "at night" },
	"windows dropped when off": func(_, raw stored) {
		if raw.part("limitQosInfo")["isLimitQos"] != true {
			raw.part("limitQosInfo")["rateLimits"] = nil
		}
	},
	"no windows though on": func(_, raw stored) {
		if raw.part("limitQosInfo")["isLimitQos"] == true {
			raw.part("limitQosInfo")["rateLimits"] = nil
		}
	},
	"windows in reverse": func(_, raw stored) {
		if rates, ok := raw.part("limitQosInfo")["rateLimits"].([]any); ok {
			slices.Reverse(rates)
		}
	},
	"value null for ever": func(_, raw stored) {
		if raw.part("retentionInfo")["type"] == float64(-1) {
			raw.part("retentionInfo")["value"] = nil
		}
	},
	"value 0 for ever": func(_, raw stored) {
		if raw.part("retentionInfo")["type"] == float64(-1) {
			raw.part("retentionInfo")["value"] = 0
		}
	},
	"value null":                    func(_, raw stored) { raw.part("retentionInfo")["value"] = nil },
	"retention -4":                  func(_, raw stored) { raw.part("retentionInfo")["type"] = -4 },
	"retention in words":            func(_, raw stored) { raw.part("retentionInfo")["type"] = "days" },
	"no ladder though on":           func(_, raw stored) { raw.part("retentionInfo")["conf"] = nil },
	"a ladder neither on nor off":   func(_, raw stored) { raw.part("retentionInfo")["hasConf"] = nil },
	"full mode null":                func(_, raw stored) { raw.part("fullInfo")["backupMode"] = nil },
	"full mode 7":                   func(_, raw stored) { raw.part("fullInfo")["backupMode"] = 7 },
	"full mode and increments null": func(_, raw stored) { raw["fullInfo"] = map[string]any{"backupMode": nil, "incrementNum": nil} },
	"increments null":               func(_, raw stored) { raw.part("fullInfo")["incrementNum"] = nil },
	"schedule rule 9":               func(_, raw stored) { raw.part("periodInfo")["rule"] = 9 },
	"day null":                      func(_, raw stored) { raw.part("periodInfo")["day"] = nil },
	"day as a list":                 func(_, raw stored) { raw.part("periodInfo")["day"] = []int{1, 3} },
	"schedule null":                 func(_, raw stored) { raw["periodInfo"] = nil },
	"retention null":                func(_, raw stored) { raw["retentionInfo"] = nil },
	"nothing told":                  func(plan, _ stored) { plan["backupRaw"] = nil },
	"no vault told":                 func(plan, _ stored) { plan["backupStorageID"] = nil },
	"directories in another order": func(_, raw stored) {
		if dirs, ok := raw.part("fileInfo")["dirs"].([]any); ok {
			slices.Reverse(dirs)
		}
	},
	"directories with a slash behind": func(_, raw stored) {
		dirs, _ := raw.part("fileInfo")["dirs"].([]any)
		for i, dir := range dirs {
			if text := fmt.Sprint(dir); !strings.HasSuffix(text, "/") && !strings.HasSuffix(text, `\`) {
				dirs[i] = text + map[bool]string{true: `\`, false: "/"}[strings.ContainsAny(text, `:\`)]
			}
		}
	},
	"files null beside the text of directories": func(plan, raw stored) {
		if raw["fileInfo"] != nil && plan["backupDirs"] != "/" {
			raw["fileInfo"] = nil
		}
	},
	"drive roots for all": func(plan, raw stored) {
		if raw["fileInfo"] == nil {
			raw["fileInfo"] = map[string]any{"dirs": []any{`C:\`, `D:\`}, "files": nil, "rule": nil}
			plan["backupDirs"] = `C:\,D:\`
		}
	},
	"the root for all": func(plan, raw stored) {
		if raw["fileInfo"] == nil {
			raw["fileInfo"] = map[string]any{"dirs": []any{"/"}, "files": []any{}, "rule": 0}
			plan["backupDirs"] = "/"
		}
	},
	"lists that are empty for all": func(_, raw stored) {
		if raw["fileInfo"] == nil {
			raw["fileInfo"] = map[string]any{"dirs": []any{}, "files": []any{}, "rule": 0}
		}
	},
	"file rule 5": func(_, raw stored) {
		if raw["fileInfo"] != nil {
			raw.part("fileInfo")["rule"] = 5
		}
	},
	"file rule as a list": func(_, raw stored) {
		if raw["fileInfo"] != nil {
			raw.part("fileInfo")["rule"] = []int{2}
		}
	},
	"full mode as a list": func(_, raw stored) { raw.part("fullInfo")["backupMode"] = []int{1} },
	"numbers as text": func(_, raw stored) {
		for _, part := range []string{"periodInfo", "fullInfo", "fileInfo"} {
			for name, value := range raw.part(part) {
				if n, ok := value.(float64); ok {
					raw.part(part)[name] = fmt.Sprint(n)
				}
			}
		}
	},
	"full mode as a flag": func(_, raw stored) {
		raw.part("fullInfo")["backupMode"] = raw.part("fullInfo")["backupMode"] == float64(1)
	},
	"schedule rule as a list": func(_, raw stored) { raw.part("periodInfo")["rule"] = []int{1} },
	"file rule null": func(_, raw stored) {
		if files, ok := raw.part("fileInfo")["files"].([]any); ok && len(files) > 0 {
			raw.part("fileInfo")["rule"] = nil
		}
	},
	"members that nobody knows": func(plan, raw stored) {
		plan["more"], raw["more"], raw.part("periodInfo")["minute"] = 1, []int{}, 30
	},
}

// rewritten stores the plans of every list in a form.
func rewritten(form func(plan, raw stored)) func(body []byte) []byte {
	return func(body []byte) []byte {
		var answer struct {
			StatusCode int            `json:"statusCode"`
			ReturnObj  map[string]any `json:"returnObj"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return body
		}
		plans, _ := answer.ReturnObj["backupPolicyList"].([]any)
		for _, item := range plans {
			plan := stored(item.(map[string]any))
			form(plan, stored(plan.part("backupRaw")))
		}
		changed, err := json.Marshal(answer)
		if err != nil {
			return body
		}
		return changed
	}
}

func TestEnsureOfStoredForms(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(storedForms)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				r := conformance.NewRandom(t)
				storage := cloud.AddStorage(cbrtest.Storage{})
				for i := range 25 {
					host := protectable(cloud, fmt.Sprintf("host-%d", i))[0]
					req := declared(r, storage)
					req.HostID = host.ID
					_, err := client.Plans.Ensure(t.Context(), req)
					require.NoError(t, err)
					before := writes(cloud)
					cloud.Inject("query-backup-policy", cbrtest.Fault{Rewrite: rewritten(storedForms[name])})
					change, err := client.Plans.Ensure(t.Context(), req)
					require.NoError(t, err, "%+v", req)
					require.False(t, change.Changed(), "%s", change)
					require.Empty(t, change.Differences, "%s", change)
					require.Equal(t, before, writes(cloud))
					require.NotPanics(t, func() { _ = change.Plan.Request() })
				}
			})
		})
	}
}

// A doubt about one part keeps no difference of another from being mended, and mends it all.
func TestEnsureDoubtAndDifference(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01"), nightly(cloud)
		req.HostID = hosts[0].ID
		_, err := client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		cloud.Inject("query-backup-policy", cbrtest.Fault{Times: -1, Rewrite: rewritten(storedForms["retention -4"])})
		change, err := client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, "Retention", change.Unclear[0].Field)
		require.ErrorContains(t, fmt.Errorf("%s", change), "plan nightly unchanged (unclear: retention: 30 days, was 30 of unit -4, which is not documented)")
		require.True(t, ctcbr.Retention{} == change.Plan.Request().Retention, "what is not documented is not sent")
		req.Schedule = ctcbr.Hourly()
		change, err = client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		require.True(t, change.Updated)
		require.Equal(t, []ctcbr.Difference{{Field: "Schedule", Want: "every hour", Was: "every day at 02:00 Beijing time"}}, change.Differences)
	})
}

// What is not wanted is named by an update: whether the service keeps what is left out is not
// documented.
func TestEnsureUpdateNamesWhatIsNotWanted(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01"), nightly(cloud)
		req.HostID, req.Full = hosts[0].ID, &ctcbr.FullBackup{Mode: ctcbr.Ptr(1), Increments: ctcbr.Ptr(6)}
		_, err := client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		req.Full, req.Limits = nil, nil
		change, err := client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		require.True(t, change.Updated)
		require.Equal(t, "a full backup after every 6 incremental ones", change.Differences[0].Was)
		requests := cloud.Requests()
		for _, request := range requests {
			if request.Operation == "update-backup-policy" {
				require.Contains(t, string(request.Body), `"backupFullInfo":{"backupMode":0}`)
				require.Contains(t, string(request.Body), `"backupLimitQosInfo":{"isLimitQos":false}`)
			}
		}
	})
}
