package layer_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// countMore says in every list of an operation that there is one item more than came.
func countMore(cloud *cbrtest.Server, operation, total string) {
	cloud.Inject(operation, cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte {
		for n := range 9 {
			body = bytes.ReplaceAll(body, fmt.Appendf(nil, `%q:%d,`, total, n), fmt.Appendf(nil, `%q:1%d,`, total, n))
			body = bytes.ReplaceAll(body, fmt.Appendf(nil, `%q:%d}`, total, n), fmt.Appendf(nil, `%q:1%d}`, total, n))
		}
		return body
	}})
}

// A host that is in none of some lists, of which one was cut, may be there.
func TestFindHostInListsOfWhichOneIsIncomplete(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.Inject("info-client-backup", cbrtest.Fault{Times: -1, Rewrite: func(body []byte) []byte {
			if bytes.Contains(body, []byte(cloud.HostID)) { // the first kind alone has a host
				return bytes.ReplaceAll(body, []byte(`"backupClientTotal":1`), []byte(`"backupClientTotal":2`))
			}
			return body
		}})
		_, err := client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "absent"})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		require.NotErrorIs(t, err, ctcbr.ErrNotFound)
		_, err = client.Hosts.Get(t.Context(), &ctcbr.GetHostRequest{ID: "absent"})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete)
		require.NotErrorIs(t, err, ctcbr.ErrNotFound)
		host, err := client.Hosts.Get(t.Context(), &ctcbr.GetHostRequest{ID: cloud.HostID})
		require.NoError(t, err)
		require.Equal(t, cloud.HostID, host.ID)
	})
}

// What the service counts is not documented. A vault that is listed is there, whatever the count.
func TestCreateAndWaitWhereTheCountIsHigher(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.Inject("query-storage-backup", cbrtest.Fault{}) // the first look is as it should be
		countMore(cloud, "query-storage-backup", "backupStorageCount")
		began := time.Now()
		storage, err := client.Storages.CreateAndWait(t.Context(), vault())
		require.NoError(t, err)
		require.Equal(t, "vault", storage.Name)
		require.Less(t, time.Since(began), 5*time.Minute)
		_, err = client.Storages.CreateAndWait(t.Context(), vault())
		require.ErrorIs(t, err, ctcbr.ErrConflict)
		_, err = client.Storages.CreateAndWait(t.Context(), &ctcbr.CreateStorageRequest{Name: "other", CapacityGB: 100, CycleType: ctcbr.CycleMonth, CycleCount: 1})
		require.ErrorIs(t, err, ctcbr.ErrIncomplete, "it may be there")
		require.Equal(t, 1, cloud.Count("create-storage-backup"))
	})
}

// An answer that names an order may have placed it, whatever else the answer says.
func TestCreateAndWaitKeepsTheOrderOfARefusal(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"a failure":                `{"statusCode":900,"error":"Backup.Order.Unpaid","returnObj":{"masterOrderID":"order-1"}}`,
		"in progress by HTTP 500":  `{"statusCode":900,"error":"Backup.Order.InProgress","returnObj":{"masterOrderID":"order-1"}}`,
		"a failure, ID a number":   `{"statusCode":900,"error":"Backup.Order.Unpaid","returnObj":{"masterOrderID":1}}`,
		"a fault of the platform":  `{"statusCode":900,"error":"openapi.charge.fused","returnObj":{"masterOrderID":"order-1"}}`,
		"a refusal of the gateway": `{"statusCode":"CTAPI_10777","eopErrCode":"10777","returnObj":{"masterOrderID":"order-1"}}`,
	}
	for name, answer := range answers {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			status := 200
			if strings.HasSuffix(name, "500") {
				status = 500
			}
			cloud.Inject("create-storage-backup", cbrtest.Fault{Times: -1, Status: status, Body: answer})
			_, err := client.Storages.CreateAndWait(t.Context(), vault())
			var placed *ctcbr.PlacedOrder
			require.ErrorAs(t, err, &placed, name)
			require.Contains(t, []string{"order-1", "1"}, placed.OrderID, name)
			require.NotEmpty(t, placed.ClientToken, name)
			require.ErrorContains(t, err, placed.OrderID, name)
			require.Equal(t, 1, strings.Count(err.Error(), "ctcbr:"), err)
		})
	}
}

// A plan that is listed without its host or its name may be the one that is declared: nothing is made
// beside it, however often Ensure runs.
func TestEnsureBesideAPlanThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for name, member := range map[string]string{"without its host": "backupSrcInstanceID", "without its name": "backupPolicyName"} {
		for value, written := range map[string]string{"null": "null", "blank": `" "`, "an object": "{}"} {
			conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
				hosts, req := protectable(cloud, "web-01"), nightly(cloud)
				_, err := client.Plans.EnsureAll(t.Context(), hosts, req)
				require.NoError(t, err)
				known := map[string]string{"backupSrcInstanceID": "id-of-web-01", "backupPolicyName": "nightly"}[member]
				cloud.Inject("query-backup-policy", replaced(fmt.Sprintf("%q:%q", member, known), fmt.Sprintf("%q:%s", member, written)))
				for range 2 {
					changes, err := client.Plans.EnsureAll(t.Context(), hosts, req)
					require.ErrorIs(t, err, ctcbr.ErrConflict, name+" "+value)
					requireTexts(t, changes, "web-01: plan nightly failed: conflict: a plan is listed without its host or its name, and may be this one: see it in the console")
				}
				require.Equal(t, 1, cloud.Count("new-backup-policy"), name+" "+value)
			})
		}
	}
}

// Hosts and plans without the ID of a host do not belong together.
func TestProtectionOfWhatHasNoHost(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		well(cloud)
		state, err := client.Protection(t.Context(), &ctcbr.ProtectionRequest{Sources: []ctcbr.SourceType{ctcbr.SourceECS}})
		require.NoError(t, err)
		require.Empty(t, state.Gaps)
		id := state.Hosts[0].Host.ID
		for _, operation := range []string{"info-client-backup", "query-backup-policy", "query-task-backup", "query-backup-snapshot"} {
			cloud.Inject(operation, replaced(id, ""))
		}
		state, err = client.Protection(t.Context(), &ctcbr.ProtectionRequest{Sources: []ctcbr.SourceType{ctcbr.SourceECS}})
		require.NoError(t, err)
		var kinds []ctcbr.GapKind
		for _, gap := range state.Gaps {
			kinds = append(kinds, gap.Kind)
		}
		require.Contains(t, kinds, ctcbr.GapUnreadable)
		require.Contains(t, kinds, ctcbr.GapNoPlan)
		require.Contains(t, kinds, ctcbr.GapHostGone)
	})
}

// The age of a copy from the future is not known, and no reason to call it fresh.
func TestNewestOfACopyThatIsToCome(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		plan := cloud.AddPlan(cbrtest.Plan{HostID: conformance.WithAgent(cloud)})
		snapshot := cloud.AddSnapshot(cbrtest.Snapshot{PlanID: plan, Created: time.Now().Add(48 * time.Hour)})
		listed, err := client.Snapshots.Get(t.Context(), &ctcbr.GetSnapshotRequest{ID: snapshot})
		require.NoError(t, err)
		req := &ctcbr.NewestSnapshotRequest{HostID: listed.HostID}
		_, err = client.Snapshots.Newest(t.Context(), req)
		require.NoError(t, err, "any age will do")
		req.MaxAge = time.Hour
		_, err = client.Snapshots.Newest(t.Context(), req)
		require.ErrorIs(t, err, ctcbr.ErrNotUsable)
		require.ErrorContains(t, err, "its time is to come")
	})
}

// One line names the package once.
func TestAgentsEnsureThatIsRefused(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		host := ctcbr.Host{ID: cloud.HostID, Agent: &ctcbr.Agent{ID: "agent", Status: "Offline"}}
		cloud.Inject("client-by-instance-backup", cbrtest.Fault{Code: "CTIAM_0005", Times: -1})
		_, err := client.Agents.Ensure(t.Context(), []ctcbr.Host{host})
		require.ErrorIs(t, err, ctcbr.ErrUnauthorized)
		require.Equal(t, 1, strings.Count(err.Error(), "ctcbr:"), err)
	})
}

// Only without files would leave nothing: a plan that backs up nothing protects nothing.
func TestOnlyNeedsFiles(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		req := nightly(cloud)
		req.Files = ctcbr.BackUpDirs("/etc").Only()
		_, err := client.Plans.EnsureAll(t.Context(), protectable(cloud, "web-01"), req)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.ErrorContains(t, err, "Files.Files (backupFileInfo.files) is empty, so that Only leaves nothing to back up")
		req.Files = ctcbr.BackUpDirs("/etc").Only("/etc/passwd")
		_, err = client.Plans.EnsureAll(t.Context(), protectable(cloud, "web-02"), req)
		require.NoError(t, err)
	})
}

// The service takes an ID with a comma for several. Nothing is installed for what cannot be one host.
func TestHostIDWithAComma(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		_, err := client.Agents.Ensure(t.Context(), []ctcbr.Host{{ID: "a,b"}})
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.ErrorContains(t, err, `its ID holds a comma, which separates several IDs: "a,b"`)
		_, err = client.Agents.WaitActivated(t.Context(), "a,b")
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Zero(t, cloud.Count(""))
	})
}

// A vault that is listed without its name may be the one: no money is spent beside it.
func TestCreateAndWaitBesideAVaultWithoutAName(t *testing.T) {
	t.Parallel()
	for _, written := range []string{`null`, `" "`, `{}`} {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.AddStorage(cbrtest.Storage{Name: "vault"})
			cloud.Inject("query-storage-backup", replaced(`"backupStorageName":"vault"`, `"backupStorageName":`+written))
			_, err := client.Storages.CreateAndWait(t.Context(), vault())
			require.ErrorIs(t, err, ctcbr.ErrBadAnswer, written)
			require.ErrorContains(t, err, `a vault is listed without its name, and may be "vault"`)
			require.Zero(t, cloud.Count("create-storage-backup"))
		})
	}
}

// A page of agents that comes again does not make up for those that did not come.
func TestAgentsEnsureWhereAPageRepeats(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		agent := func(id, state string) string {
			return fmt.Sprintf(`{"instacneID":%q,"backupClientID":"of-%s","backupClientStatus":%q}`, id, id, state)
		}
		polls := 0
		began := time.Now()
		cloud.Inject("client-by-instance-backup", cbrtest.Fault{Times: -1, Rewrite: func([]byte) []byte {
			polls++
			state, agents := "Installing", agent("a", "Installing")
			switch {
			case time.Since(began) > 10*time.Minute:
				state = "Activated"
				fallthrough
			case polls == 1:
				agents = agent("a", state) + "," + agent("b", state)
			}
			return []byte(`{"statusCode":800,"returnObj":{"totalCount":2,"backupClientList":[` + agents + `]}}`)
		}})
		installing := &ctcbr.Agent{ID: "of", Status: "Installing"}
		ready, err := client.Agents.Ensure(t.Context(), []ctcbr.Host{{ID: "a", Agent: installing}, {ID: "b", Agent: installing}})
		require.NoError(t, err)
		require.Len(t, ready, 2)
	})
}
