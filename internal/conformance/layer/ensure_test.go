package layer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// nightly declares a plan that backs up to a vault of the cloud.
func nightly(cloud *cbrtest.Server) *ctcbr.CreatePlanRequest {
	return &ctcbr.CreatePlanRequest{
		Name: "nightly", StorageID: cloud.AddStorage(cbrtest.Storage{Name: "vault"}), Files: ctcbr.BackUpDirs("/etc", "/var/lib"),
		Schedule: ctcbr.Daily(2), Retention: ctcbr.KeepDays(30), Limits: ctcbr.LimitUpload(9, 18, 10),
	}
}

// protectable puts hosts with active agents there.
func protectable(cloud *cbrtest.Server, names ...string) (hosts []ctcbr.Host) {
	for _, name := range names {
		id := cloud.AddHost(cbrtest.Host{ID: "id-of-" + name, Name: name})
		cloud.AddAgent(id)
		hosts = append(hosts, ctcbr.Host{ID: id, Name: name, SourceType: ctcbr.SourceECS})
	}
	return hosts
}

func requireTexts(t *testing.T, changes []ctcbr.PlanChange, want ...string) {
	t.Helper()
	var got []string
	for _, change := range changes {
		got = append(got, change.String())
	}
	require.Equal(t, want, got)
}

func TestEnsureAllMakesAndKeepsPlans(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts := protectable(cloud, "web-01", "web-02", "web-03")
		req := nightly(cloud)
		ensure := func(opts ...ctcbr.EnsureOption) []ctcbr.PlanChange {
			changes, err := client.Plans.EnsureAll(t.Context(), append(hosts, hosts[0]), req, opts...)
			require.NoError(t, err)
			return changes
		}
		requireTexts(t, ensure(ctcbr.DryRun(true)),
			"web-01: plan nightly would be created", "web-02: plan nightly would be created", "web-03: plan nightly would be created")
		require.Zero(t, cloud.Count("new-backup-policy"))

		changes := ensure(ctcbr.DryRun(false))
		requireTexts(t, changes, "web-01: plan nightly created", "web-02: plan nightly created", "web-03: plan nightly created")
		require.True(t, changes[0].Created && changes[0].Changed())
		require.Equal(t, ctcbr.PlanActive, changes[0].Plan.Status)
		require.Equal(t, 3, cloud.Count("new-backup-policy"))

		before := cloud.Count("")
		changes = ensure()
		requireTexts(t, changes, "web-01: plan nightly unchanged", "web-02: plan nightly unchanged", "web-03: plan nightly unchanged")
		require.Equal(t, before+1, cloud.Count(""), "a fleet that needs nothing costs one request")

		_, err := client.Plans.Stop(t.Context(), &ctcbr.OperatePlanRequest{ID: changes[1].Plan.ID})
		require.NoError(t, err)
		req.Files, req.Schedule, req.Limits = ctcbr.BackUpAll(), ctcbr.Weekly(time.Sunday, 3), nil
		want := ": files: all directories, was /etc and /var/lib; schedule: every Sunday at 03:00 Beijing time, was every day at 02:00 Beijing time" +
			"; limits: no upload limits, was 10 MB/s from 09:00 to 18:00 Beijing time"
		planned := ensure(ctcbr.DryRun(true))
		requireTexts(t, planned, "web-01: plan nightly would be updated"+want, "web-02: plan nightly would be updated and enabled"+want, "web-03: plan nightly would be updated"+want)
		require.True(t, planned[0].Planned)
		requireTexts(t, ensure(), "web-01: plan nightly updated"+want, "web-02: plan nightly updated and enabled"+want, "web-03: plan nightly updated"+want)
		requireTexts(t, ensure(), "web-01: plan nightly unchanged", "web-02: plan nightly unchanged", "web-03: plan nightly unchanged")
	})
}

func TestEnsureSendsNothingInvalid(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts := protectable(cloud, "web-01")
		valid := func() *ctcbr.CreatePlanRequest { return nightly(cloud) }
		cases := map[string]func(*ctcbr.CreatePlanRequest){
			"no name":              func(r *ctcbr.CreatePlanRequest) { r.Name = " " },
			"no vault":             func(r *ctcbr.CreatePlanRequest) { r.StorageID = "" },
			"no files":             func(r *ctcbr.CreatePlanRequest) { r.Files = nil },
			"no directories":       func(r *ctcbr.CreatePlanRequest) { r.Files = ctcbr.BackUpDirs() },
			"no schedule":          func(r *ctcbr.CreatePlanRequest) { r.Schedule = ctcbr.Schedule{} },
			"no retention":         func(r *ctcbr.CreatePlanRequest) { r.Retention = ctcbr.Retention{} },
			"all but some of none": func(r *ctcbr.CreatePlanRequest) { r.Files = ctcbr.BackUpAll().Except("/tmp") },
			"a host":               func(r *ctcbr.CreatePlanRequest) { r.HostID = hosts[0].ID },
			"a kind of host":       func(r *ctcbr.CreatePlanRequest) { r.SourceType = ctcbr.SourceECS },
		}
		for name, spoil := range cases {
			req := valid()
			spoil(req)
			before := cloud.Count("")
			changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
			require.ErrorIs(t, err, ctcbr.ErrInvalid, name)
			require.Empty(t, changes, name)
			require.Equal(t, before, cloud.Count(""), name)
		}
		_, err := client.Plans.Ensure(t.Context(), valid())
		require.ErrorIs(t, err, ctcbr.ErrInvalid, "no host")
		_, err = client.Plans.Ensure(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid, "nothing")
		changes, err := client.Plans.EnsureAll(t.Context(), nil, valid())
		require.NoError(t, err)
		require.Empty(t, changes)
		changes, err = client.Plans.EnsureAll(t.Context(), []ctcbr.Host{{Name: "web"}}, valid())
		require.EqualError(t, err, "ctcbr: host web: it has no ID: invalid request")
		require.Len(t, changes, 1)
		spoilt := []ctcbr.Host{{ID: hosts[0].ID + "\r", Name: "web"}}
		_, err = client.Plans.EnsureAll(t.Context(), spoilt, valid())
		require.EqualError(t, err, `ctcbr: host web: its ID holds a control character: "`+hosts[0].ID+`\r": invalid request`)
		_, err = client.Agents.Ensure(t.Context(), spoilt)
		require.EqualError(t, err, `ctcbr: host web: its ID holds a control character: "`+hosts[0].ID+`\r": invalid request`)
		require.Zero(t, cloud.Count("install-client-backup"))
		require.Zero(t, cloud.Count("new-backup-policy"))
	})
}

func TestEnsureOfPlansThatAreNotChanged(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(cloud *cbrtest.Server, req *ctcbr.CreatePlanRequest, plan string)
		want  error
		text  string
	}{
		"another vault": {
			func(cloud *cbrtest.Server, req *ctcbr.CreatePlanRequest, _ string) {
				req.StorageID = cloud.AddStorage(cbrtest.Storage{ID: "other", Name: "other"})
			},
			ctcbr.ErrConflict, "ctcbr: host web-01: plan nightly: conflict: it backs up to vault vault, not other: a plan keeps its vault, so use another name or that vault",
		},
		"frozen": {
			func(cloud *cbrtest.Server, _ *ctcbr.CreatePlanRequest, plan string) { cloud.SetStatus(plan, "Frozen") },
			ctcbr.ErrConflict, `ctcbr: host web-01: plan nightly: conflict: its state is "Frozen" (Frozen), neither active nor stopped`,
		},
		"two of the name": {
			func(cloud *cbrtest.Server, req *ctcbr.CreatePlanRequest, _ string) {
				cloud.AddPlan(cbrtest.Plan{ID: "second", Name: "nightly", HostID: "id-of-web-01", StorageID: req.StorageID})
			},
			ctcbr.ErrAmbiguous, `ctcbr: host web-01: plan nightly: plan named "nightly" of host web-01: ambiguous: nightly (first, host web-01, vault vault, CreateSuccess) and nightly (second, host web-01, vault vault, CreateSuccess)`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				hosts := protectable(cloud, "web-01", "web-02")
				req := nightly(cloud)
				c.spoil(cloud, req, cloud.AddPlan(cbrtest.Plan{ID: "first", Name: "nightly", HostID: hosts[0].ID, StorageID: req.StorageID}))
				changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				require.EqualError(t, err, c.text)
				require.ErrorIs(t, err, c.want)
				var of *ctcbr.HostError
				require.ErrorAs(t, err, &of)
				require.Equal(t, "web-01", of.Host.Name)
				require.ErrorIs(t, changes[0].Err, c.want)
				require.False(t, changes[0].Changed())
				require.True(t, changes[1].Created, "one host does not keep the others from their plans")
				require.Equal(t, 1, cloud.Count("new-backup-policy"))
				require.Zero(t, cloud.Count("update-backup-policy"))
				require.Zero(t, cloud.Count("action-backup-policy"))
			})
		})
	}
}

// A lost answer, whatever became of the command, makes no second plan and no false report.
func TestEnsureLostCreate(t *testing.T) {
	t.Parallel()
	lost := map[string]cbrtest.Fault{
		"closed": {Conn: cbrtest.CloseAfterRequest},
		"500":    {Status: 500, Body: "{}"},
		"503":    {Status: 503},
		"page":   {Status: 200, Body: "<html>wait</html>"},
		"cut":    {Conn: cbrtest.CutBody},
	}
	for name, fault := range lost {
		for _, applied := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, applied %t", name, applied), func(t *testing.T) {
				t.Parallel()
				conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
					hosts, req := protectable(cloud, "web-01"), nightly(cloud)
					fault.Apply = applied
					cloud.Inject("new-backup-policy", fault)
					changes, err := client.Plans.EnsureAll(t.Context(), hosts, req, ctcbr.WaitListed(time.Minute))
					if applied || fault.Conn == cbrtest.CutBody {
						require.NoError(t, err)
						require.True(t, changes[0].Created)
					} else {
						require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
						require.ErrorContains(t, err, "ctcbr: host web-01: plan nightly: the command to create it was sent, but the plan is not listed after 1m0s; the response was lost (")
						require.NotContains(t, err.Error(), "hint", "to look, which was done")
						require.Equal(t, 1, strings.Count(err.Error(), "ctcbr"), err)
						require.False(t, changes[0].Created)
					}
					require.Equal(t, 1, cloud.Count("new-backup-policy"), "it is sent once in a run")
					changes, err = client.Plans.EnsureAll(t.Context(), hosts, req)
					require.NoError(t, err)
					require.Equal(t, !applied && fault.Conn != cbrtest.CutBody, changes[0].Created)
					plans, err := client.Plans.List(t.Context(), nil)
					require.NoError(t, err)
					require.Len(t, plans.Plans, 1)
				})
			})
		}
	}
}

// lagging keeps what was created since from a list for a time.
func lagging(cloud *cbrtest.Server, since time.Time, lag time.Duration, list string) {
	cloud.Inject("query-backup-policy", cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte {
		if time.Since(since) >= lag {
			return body
		}
		return []byte(`{"statusCode":800,"returnObj":{"` + list + `":[],"backupPolicyTotal":0}}`)
	}})
}

func TestEnsureListThatLags(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost %t", lost), func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				hosts, req := protectable(cloud, "web-01"), nightly(cloud)
				began := time.Now()
				lagging(cloud, began, time.Minute, "backupPolicyList")
				if lost {
					cloud.Inject("new-backup-policy", cbrtest.Fault{Apply: true, Conn: cbrtest.CloseAfterRequest})
				}
				changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				require.NoError(t, err)
				require.True(t, changes[0].Created)
				require.Less(t, time.Since(began), 65*time.Second)
				require.Equal(t, 9, cloud.Count("query-backup-policy"))
				require.Equal(t, 1, cloud.Count("new-backup-policy"))
			})
		})
	}
}

func TestEnsureSurvivesPagesAndThrottling(t *testing.T) {
	t.Parallel()
	page := cbrtest.Fault{Status: 404, Body: "<html>not here</html>"}
	cases := map[string]struct {
		operation string
		fault     cbrtest.Fault
		created   int
	}{
		"a page for the list":      {"query-backup-policy", page, 0},
		"a page for the command":   {"new-backup-policy", page, 0},
		"throttled at the command": {"new-backup-policy", cbrtest.Fault{Status: 429}, 0},
		"throttled at the list":    {"query-backup-policy", cbrtest.Fault{Status: 429, Times: -1}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				hosts, req := protectable(cloud, "web-01"), nightly(cloud)
				cloud.Inject(c.operation, c.fault)
				changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				require.Error(t, err)
				require.Error(t, changes[0].Err)
				cloud.ClearFaults()
				plans, err := client.Plans.List(t.Context(), nil)
				require.NoError(t, err)
				require.Empty(t, plans.Plans, "nothing is created because of a page")
				changes, err = client.Plans.EnsureAll(t.Context(), hosts, req)
				require.NoError(t, err)
				require.True(t, changes[0].Created)
			})
		})
	}
}

func TestEnsureUpdateThatIsLost(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{true, false} {
		t.Run(fmt.Sprintf("applied %t", applied), func(t *testing.T) {
			t.Parallel()
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				hosts, req := protectable(cloud, "web-01"), nightly(cloud)
				cloud.AddPlan(cbrtest.Plan{Name: "nightly", HostID: hosts[0].ID, StorageID: req.StorageID, Stopped: true})
				cloud.Inject("update-backup-policy", cbrtest.Fault{Apply: applied, Conn: cbrtest.CloseAfterRequest})
				changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				require.Equal(t, 1, cloud.Count("update-backup-policy"))
				if !applied {
					require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
					require.Zero(t, cloud.Count("action-backup-policy"), "a plan that may be wrong is not enabled")
					return
				}
				require.NoError(t, err)
				require.True(t, changes[0].Updated && changes[0].Enabled)
			})
		})
	}
}

// What nobody lists as it was sent is said, and not sent for ever.
func TestEnsureListedOtherwise(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01"), nightly(cloud)
		cloud.Inject("query-backup-policy", cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte {
			return []byte(strings.ReplaceAll(string(body), `"02:00"`, `"14:00"`))
		}})
		changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
		require.ErrorIs(t, err, ctcbr.ErrConflict)
		require.ErrorContains(t, err, "the service lists it differently from how it was created: schedule: every day at 02:00 Beijing time, was every day at 14:00 Beijing time")
		require.False(t, changes[0].Created)
		_, err = client.Plans.EnsureAll(t.Context(), hosts, req)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown, "an update that does not show")
		require.Equal(t, 1, cloud.Count("new-backup-policy"))
		require.Equal(t, 1, cloud.Count("update-backup-policy"))
	})
}

func TestEnsureStopsWithItsContext(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01"), nightly(cloud)
		lagging(cloud, time.Now(), time.Hour, "backupPolicyList")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := client.Plans.EnsureAll(ctx, hosts, req)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
		_, err = client.Plans.EnsureAll(t.Context(), protectable(cloud, "web-02"), req, ctcbr.WaitAtMost(time.Minute))
		require.ErrorIs(t, err, ctcbr.ErrWaitTooLong)
	})
}

func TestEnsureStopsAtWhatAllWouldMeet(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		var names []string
		for i := range 200 {
			names = append(names, fmt.Sprintf("web-%03d", i))
		}
		hosts, req := protectable(cloud, names...), nightly(cloud)
		cloud.Inject("new-backup-policy", cbrtest.Fault{Status: 403, Times: -1})
		changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
		require.ErrorIs(t, err, ctcbr.ErrUnauthorized)
		require.Len(t, changes, 200)
		require.LessOrEqual(t, cloud.Count("new-backup-policy"), 16)
		require.Less(t, len(err.Error()), 20_000, "a text that can be read")
		for _, change := range changes {
			require.ErrorIs(t, change.Err, ctcbr.ErrUnauthorized)
		}
	})
}

// Two runs at once may both create; the later one at least says so, and so does every run after.
func TestEnsureTwoAtOnce(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01"), nightly(cloud)
		cloud.Inject("new-backup-policy", cbrtest.Fault{Delay: 2 * time.Second, Times: 2})
		errs := make(chan error)
		for range 2 {
			go func() {
				_, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				errs <- err
			}()
		}
		err := errors.Join(<-errs, <-errs)
		if plans, listErr := client.Plans.List(t.Context(), nil); listErr != nil || len(plans.Plans) == 1 {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, ctcbr.ErrAmbiguous)
		_, err = client.Plans.EnsureAll(t.Context(), hosts, req)
		require.ErrorIs(t, err, ctcbr.ErrAmbiguous)
	})
}

func TestEnsureRenamedHostAndKinds(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		var hosts []ctcbr.Host
		for _, kind := range []ctcbr.SourceType{ctcbr.SourceECS, ctcbr.SourceBareMetal, ctcbr.SourceOnPremises} {
			id := cloud.AddHost(cbrtest.Host{ID: string(kind), Name: "web", SourceType: string(kind)})
			cloud.AddAgent(id)
			hosts = append(hosts, ctcbr.Host{ID: id, Name: "web", SourceType: kind})
		}
		req := nightly(cloud)
		changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
		require.NoError(t, err)
		require.Len(t, changes, 3)
		cloud.AddHost(cbrtest.Host{ID: hosts[0].ID, Name: "renamed"})
		for i := range hosts {
			hosts[i].Name = "renamed"
		}
		before := cloud.Count("")
		changes, err = client.Plans.EnsureAll(t.Context(), hosts, req)
		require.NoError(t, err)
		require.Equal(t, before+3, cloud.Count(""))
		for _, change := range changes {
			require.False(t, change.Changed())
		}
		req.HostID, req.SourceType = hosts[1].ID, hosts[1].SourceType
		one, err := client.Plans.Ensure(t.Context(), req)
		require.NoError(t, err)
		require.False(t, one.Changed())
		require.Equal(t, changes[1].Plan.ID, one.Plan.ID)
	})
}

func TestAgentsEnsure(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		protectable(cloud, "ready")
		cloud.AddHost(cbrtest.Host{ID: "id-of-bare", Name: "bare"})
		cloud.AddHost(cbrtest.Host{ID: "id-of-failed", Name: "failed"})
		cloud.SetStatus(cloud.AddAgent("id-of-failed"), "InstallFail")
		cloud.AddHost(cbrtest.Host{ID: "id-of-failing", Name: "failing"})
		protectable(cloud, "offline")
		agents, err := client.Agents.ListByHost(t.Context(), &ctcbr.ListAgentsByHostRequest{HostIDs: "id-of-offline"})
		require.NoError(t, err)
		cloud.SetStatus(agents.Agents[0].ID, "Offline")

		hosts, err := client.Hosts.FindAll(t.Context(), &ctcbr.FindHostsRequest{Names: []string{"ready", "bare", "failed", "offline"}})
		require.NoError(t, err)
		planned, err := client.Agents.Ensure(t.Context(), hosts, ctcbr.DryRun(true))
		require.EqualError(t, err, "ctcbr: host offline: its agent is not active: Offline Offline", "nothing would be sent that mends it")
		require.Len(t, planned, 3)
		require.Zero(t, cloud.Count("install-client-backup"))

		began := time.Now()
		ready, err := client.Agents.Ensure(t.Context(), append(hosts, hosts[0]))
		require.EqualError(t, err, "ctcbr: host offline: its agent is not active: Offline Offline")
		require.Less(t, time.Since(began), 7*time.Minute)
		require.Equal(t, 2, cloud.Count("install-client-backup"))
		var names []string
		for _, host := range ready {
			require.True(t, host.Active())
			names = append(names, host.Name)
		}
		require.Equal(t, []string{"ready", "bare", "failed"}, names)

		before := cloud.Count("")
		again, err := client.Agents.Ensure(t.Context(), ready)
		require.NoError(t, err)
		require.Equal(t, ready, again)
		require.Equal(t, before, cloud.Count(""))

		failing, err := client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "failing"})
		require.NoError(t, err)
		cloud.FailNext(cbrtest.InstallJob, "no room")
		_, err = client.Agents.Ensure(t.Context(), []ctcbr.Host{*failing})
		require.ErrorIs(t, err, ctcbr.ErrFailed)
		require.ErrorContains(t, err, "ctcbr: host failing: its agent failed: InstallFail")
	})
}

func TestAgentsEnsureLostAndRefused(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{true, false} {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			host := ctcbr.Host{ID: cloud.AddHost(cbrtest.Host{Name: "web"}), Name: "web"}
			cloud.Inject("install-client-backup", cbrtest.Fault{Apply: applied, Conn: cbrtest.CloseAfterRequest})
			ready, err := client.Agents.Ensure(t.Context(), []ctcbr.Host{host})
			require.Equal(t, 1, cloud.Count("install-client-backup"))
			if applied {
				require.NoError(t, err)
				require.Len(t, ready, 1)
				return
			}
			require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
			require.ErrorContains(t, err, "not listed after 5m0s")
			require.Empty(t, ready)
		})
	}
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		stale := protectable(cloud, "web") // found before its agent was installed
		ready, err := client.Agents.Ensure(t.Context(), stale)
		require.NoError(t, err, "the service refuses, since there is an agent")
		require.Len(t, ready, 1)
		_, err = client.Agents.Ensure(t.Context(), []ctcbr.Host{{ID: "nothing", Name: "gone"}})
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
		require.ErrorContains(t, err, "ctcbr: host gone: install-client-backup: ")
	})
}

func TestAgentsEnsureManyAtOnce(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		var hosts []ctcbr.Host
		for i := range 120 {
			name := fmt.Sprintf("web-%03d", i)
			hosts = append(hosts, ctcbr.Host{ID: cloud.AddHost(cbrtest.Host{Name: name}), Name: name})
		}
		ready, err := client.Agents.Ensure(t.Context(), hosts)
		require.NoError(t, err)
		require.Len(t, ready, 120)
		require.Equal(t, 120, cloud.Count("install-client-backup"))
		require.Equal(t, 9, cloud.Count("client-by-instance-backup"), "three polls of three pages")
	})
}

// Five hundred hosts by name, from nothing: what it costs, and what the idle second run does.
func TestProtectFiveHundredHosts(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		names := []string{"nobody"}
		for i := range 499 {
			names = append(names, fmt.Sprintf("web-%03d", i))
			cloud.AddHost(cbrtest.Host{Name: names[len(names)-1]})
		}
		req := nightly(cloud)
		protect := func() ([]ctcbr.PlanChange, error) {
			hosts, missing := client.Hosts.FindAll(t.Context(), &ctcbr.FindHostsRequest{Names: names})
			ready, down := client.Agents.Ensure(t.Context(), hosts, ctcbr.WaitAtMost(15*time.Minute))
			changes, failed := client.Plans.EnsureAll(t.Context(), ready, req)
			return changes, errors.Join(missing, down, failed)
		}
		changes, err := protect()
		require.EqualError(t, err, "ctcbr: host nobody: not found")
		require.Len(t, changes, 499)
		require.Equal(t, 12, cloud.Count(cbrtest.ListAgents))
		require.Equal(t, 30, cloud.Count(cbrtest.ListAgentsByHost))
		require.Equal(t, 499, cloud.Count(cbrtest.InstallAgent))
		require.Equal(t, 499, cloud.Count(cbrtest.CreatePlan))
		require.Equal(t, 2, cloud.Count(cbrtest.ListPlans))
		before := cloud.Count("")
		changes, err = protect()
		require.EqualError(t, err, "ctcbr: host nobody: not found")
		require.Len(t, changes, 499)
		for _, change := range changes {
			require.False(t, change.Changed())
		}
		require.Equal(t, 13, cloud.Count("")-before)
	})
}

// Polls survive pages of a proxy and a service that throttles, once something was sent.
func TestEnsurePollsSurvive(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"a page":    {Status: 404, Body: "<html>not here</html>", Times: 3},
		"throttled": {Status: 429, Times: 20},
		"down":      {Status: 503, Times: 20},
		"garbled":   {Body: "{", Times: 6},
		"refused":   {Code: "Backup.Internal", Times: 2},
	} {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			hosts := []ctcbr.Host{{ID: cloud.AddHost(cbrtest.Host{Name: "web-01"}), Name: "web-01"}}
			cloud.Inject(cbrtest.ListAgentsByHost, fault)
			ready, err := client.Agents.Ensure(t.Context(), hosts)
			require.NoError(t, err, name)
			require.Len(t, ready, 1, name)
			cloud.ClearFaults()
			fault.Skip = 1
			cloud.Inject(cbrtest.ListPlans, fault)
			changes, err := client.Plans.EnsureAll(t.Context(), ready, nightly(cloud))
			require.NoError(t, err, name)
			require.True(t, changes[0].Created, name)
			require.Equal(t, 1, cloud.Count(cbrtest.CreatePlan), name)
		})
	}
}

// An agent that was seen and is gone is not waited for, and one whose list lags is.
func TestAgentsEnsureLagsAndVanishes(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.SetLag(time.Minute)
		host := ctcbr.Host{ID: cloud.AddHost(cbrtest.Host{Name: "web-01"}), Name: "web-01"}
		ready, err := client.Agents.Ensure(t.Context(), []ctcbr.Host{host})
		require.NoError(t, err)
		require.Len(t, ready, 1)
		require.Equal(t, 1, cloud.Count(cbrtest.InstallAgent))

		cloud.SetStatus(ready[0].Agent.ID, "InstallFail")
		failed, err := client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "web-01"})
		require.NoError(t, err)
		ready, err = client.Agents.Ensure(t.Context(), []ctcbr.Host{*failed})
		require.NoError(t, err, "the state before the command is no end")
		require.Len(t, ready, 1)

		cloud.SetLag(0)
		cloud.SetStatus(ready[0].Agent.ID, "Offline")
		offline, err := client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "web-01"})
		require.NoError(t, err)
		gone := ctcbr.WaitProgress(func(p ctcbr.Progress) {
			if p.State == "Offline" {
				cloud.Remove(ready[0].Agent.ID)
			}
		})
		_, err = client.Agents.Ensure(t.Context(), []ctcbr.Host{*offline}, gone)
		require.ErrorIs(t, err, ctcbr.ErrVanished)
	})
}

// What an incomplete list holds is there. What it lacks may be there, too, and is not created.
func TestEnsureOfIncompleteLists(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		hosts, req := protectable(cloud, "web-01", "web-02"), nightly(cloud)
		_, err := client.Plans.EnsureAll(t.Context(), hosts[:1], req)
		require.NoError(t, err)
		cloud.Inject(cbrtest.ListPlans, replaced(`"backupPolicyTotal":1`, `"backupPolicyTotal":2`))
		req.Schedule = ctcbr.Daily(3)
		changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		require.True(t, changes[0].Updated, "%s", changes[0])
		require.ErrorIs(t, changes[1].Err, ctcbr.ErrIncomplete)
		require.Equal(t, 1, cloud.Count(cbrtest.CreatePlan))

		cloud.Inject(cbrtest.ListAgents, replaced(`"backupClientTotal":3`, `"backupClientTotal":4`))
		found, err := client.Hosts.FindAll(t.Context(), &ctcbr.FindHostsRequest{Names: []string{"web-01", "wbe"}})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		require.NotErrorIs(t, err, ctcbr.ErrNotFound)
		require.Len(t, found, 1)
		_, err = client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "wbe"})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		state, err := client.Protection(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		require.Len(t, state.Hosts, 3, "what came is told beside the error")
	})
}
