package layer_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// agentList answers every list of agents with the same.
func agentList(cloud *cbrtest.Server, agents string) {
	cloud.Inject("info-client-backup", cbrtest.Fault{Times: -1, Body: `{"statusCode":800,"returnObj":{"backupClientTotal":0,"backupClientList":[` + agents + `]}}`})
}

func TestHostsOfAllKinds(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		cloud.Remove(cloud.HostID)
		cloud.AddHost(cbrtest.Host{ID: "ecs", Name: "web", IPs: []string{"10.0.0.1"}})
		cloud.AddAgent(cloud.AddHost(cbrtest.Host{ID: "dps", Name: "metal", SourceType: "CT-DPS"}))
		cloud.AddAgent(cloud.AddHost(cbrtest.Host{ID: "ls", Name: "cellar", SourceType: "CT-LS"}))
		var got []string
		for host, err := range client.Hosts.All(t.Context(), nil) {
			require.NoError(t, err)
			got = append(got, fmt.Sprint(host.ID, " ", host.Name, " ", host.SourceType, " ", host.OSType, " ", host.OSArch, " ", host.Active()))
		}
		require.Equal(t, []string{"ecs web CT-ECS linux x86_64 false", "dps metal CT-DPS linux x86_64 true", "ls cellar CT-LS linux x86_64 true"}, got)
		require.Equal(t, 3, cloud.Count(""))

		for range client.Hosts.All(t.Context(), &ctcbr.ListHostsRequest{Sources: []ctcbr.SourceType{ctcbr.SourceBareMetal, ctcbr.SourceBareMetal}}) {
			break
		}
		require.Equal(t, 4, cloud.Count(""), "a kind is read once, and no further than the loop goes")
		host, err := client.Hosts.Get(t.Context(), &ctcbr.GetHostRequest{ID: "ls"})
		require.NoError(t, err)
		require.Equal(t, ctcbr.SourceOnPremises, host.SourceType)
		_, err = client.Hosts.Get(t.Context(), &ctcbr.GetHostRequest{ID: "cellar"})
		require.ErrorIs(t, err, ctcbr.ErrNotFound, "a name is no ID")
		host, err = client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "cellar"})
		require.NoError(t, err)
		require.Equal(t, "ls", host.ID)
		_, err = client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "cella"})
		require.ErrorIs(t, err, ctcbr.ErrNotFound, "a name is a whole name")
		require.EqualError(t, err, `ctcbr: info-client-backup: host named "cella": not found; hint: check the name or ID, the region and the kind of host`)
		_, err = client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "cellar", Sources: []ctcbr.SourceType{ctcbr.SourceECS}})
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
	})
}

// A host with several agents is one host, with the one that counts.
func TestHostWithSeveralAgents(t *testing.T) {
	t.Parallel()
	agent := func(id, status string) string {
		return fmt.Sprintf(`{"instanceID":"host","instanceName":"web","backupClientID":%q,"backupClientStatus":%q}`, id, status)
	}
	cases := map[string]struct{ agents, want string }{
		"none":                             {agent("", "NotInstalled"), ""},
		"being installed, without an ID":   {agent("", "Installing"), "Installing"},
		"an old one offline, a new active": {agent("old", "Offline") + "," + agent("new", "Activated"), "Activated"},
		"an active one first":              {agent("new", "Activated") + "," + agent("old", "Offline"), "Activated"},
		"a failed one and one offline":     {agent("old", "InstallFail") + "," + agent("new", "Offline"), "Offline"},
		"none, and one that has failed":    {agent("", "NotInstalled") + "," + agent("new", "InstallFail"), "InstallFail"},
	}
	for name, c := range cases {
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			agentList(cloud, c.agents)
			count := 0
			for host, err := range client.Hosts.All(t.Context(), nil) {
				require.NoError(t, err, name)
				count++
				if c.want == "" {
					require.Nil(t, host.Agent, name)
				} else {
					require.EqualValues(t, c.want, host.Agent.Status, name)
				}
			}
			require.Equal(t, 1, count, name+": listed as three kinds, it is one host")
		})
	}
}

func TestFindHosts(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		for i := range 120 {
			cloud.AddHost(cbrtest.Host{ID: fmt.Sprintf("id-%03d", i), Name: fmt.Sprintf("web-%03d", i)})
		}
		cloud.AddHost(cbrtest.Host{ID: "id-a", Name: "twin", IPs: []string{"10.0.0.1"}})
		cloud.AddHost(cbrtest.Host{ID: "id-b", Name: "twin", IPs: []string{"10.0.0.2"}, SourceType: "CT-DPS"})
		cloud.AddHost(cbrtest.Host{ID: "id-c", Name: "id-d"})
		cloud.AddHost(cbrtest.Host{ID: "id-d", Name: "named like another's ID"})
		before := cloud.Count("")
		hosts, err := client.Hosts.FindAll(t.Context(), &ctcbr.FindHostsRequest{Names: []string{"web-119", "id-003", "web-003", "wbe-004", "twin", "web-000", "id-a", "id-d", "wbe-004"}})
		require.Equal(t, before+5, cloud.Count(""), "three pages of one kind, and one of each other")
		var names []string
		for _, host := range hosts {
			names = append(names, host.ID)
		}
		require.Equal(t, []string{"id-119", "id-003", "id-000", "id-a"}, names, "in the order that was asked for, each once")
		require.EqualError(t, err, `ctcbr: host wbe-004: not found; host twin: ambiguous: twin (id-a, CT-ECS 10.0.0.1) and twin (id-b, CT-DPS 10.0.0.2); `+
			`host id-d: ambiguous: id-d (id-c, CT-ECS 192.168.0.125) and named like another's ID (id-d, CT-ECS 192.168.0.126)`)
		require.ErrorIs(t, err, ctcbr.ErrNotFound)
		var ambiguous *ctcbr.AmbiguousError
		require.ErrorAs(t, err, &ambiguous)
		require.Equal(t, []ctcbr.Candidate{{ID: "id-a", Name: "twin", Detail: "CT-ECS 10.0.0.1"}, {ID: "id-b", Name: "twin", Detail: "CT-DPS 10.0.0.2"}}, ambiguous.Candidates)
		_, err = client.Hosts.Find(t.Context(), &ctcbr.FindHostRequest{Name: "twin"})
		require.ErrorIs(t, err, ctcbr.ErrAmbiguous)
	})
}

func TestFindHostsRefusesAndFails(t *testing.T) {
	t.Parallel()
	conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
		for _, req := range []*ctcbr.FindHostsRequest{nil, {}, {Names: []string{}}, {Names: []string{"web", " "}}} {
			_, err := client.Hosts.FindAll(t.Context(), req)
			require.ErrorIs(t, err, ctcbr.ErrInvalid)
		}
		_, err := client.Hosts.Find(t.Context(), nil)
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		_, err = client.Hosts.Get(t.Context(), &ctcbr.GetHostRequest{ID: "\t"})
		require.ErrorIs(t, err, ctcbr.ErrInvalid)
		require.Zero(t, cloud.Count(""))

		page := cbrtest.Fault{Status: 404, Body: "<html>not here</html>"}
		for range 3 {
			cloud.Inject("info-client-backup", page)
			hosts, err := client.Hosts.FindAll(t.Context(), &ctcbr.FindHostsRequest{Names: []string{"web"}})
			require.Error(t, err)
			require.NotErrorIs(t, err, ctcbr.ErrNotFound, "a page of a proxy says nothing of hosts")
			require.Empty(t, hosts)
		}
		_, err = ctcbr.Hosts{}.Find(t.Context(), &ctcbr.FindHostRequest{RegionID: "r", Name: "web"})
		require.ErrorIs(t, err, ctcbr.ErrClosed)
		for _, err := range (ctcbr.Hosts{}).All(t.Context(), &ctcbr.ListHostsRequest{RegionID: "r"}) {
			require.ErrorIs(t, err, ctcbr.ErrClosed)
		}
		require.NotEmpty(t, errors.Join(err).Error())
	})
}
