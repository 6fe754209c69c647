package cbrtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The states of an agent. A host without one is listed as NotInstalled.
const (
	agentNotInstalled = "NotInstalled"
	agentInstalling   = "Installing"
	agentActivated    = "Activated"
	agentInstallFail  = "InstallFail"
)

var agentStatusText = map[string]string{
	agentNotInstalled: "未安装", agentInstalling: "安装中", agentActivated: "已激活", agentInstallFail: "安装失败",
}

const agentVersion = "4.2.0"

// A Host is a machine that can be protected, to be seeded with [Server.AddHost]. The zero value is an elastic cloud
// host that runs Linux.
type Host struct {
	// ID is chosen by the server if it is empty.
	ID string
	// Name is chosen by the server if it is empty.
	Name string
	// IPs are the addresses. The server makes one up if there are none.
	IPs []string
	// SourceType is CT-ECS (elastic cloud host), CT-DPS (bare metal) or CT-LS (on premises); CT-ECS if it is empty.
	SourceType string
	// ImageName, OSType and OSArch are those of a Linux host with x86_64 if they are empty.
	ImageName, OSType, OSArch string
}

// AddHost adds a host without an agent, and returns its ID. Like the other Add methods, it replaces what has the ID
// that is given: the agent, the plans and the tasks of a host that is replaced are then those of the new one.
func (s *Server) AddHost(h Host) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.addHost(h)
}

// AddAgent adds an activated agent to a host, as if it had been installed, and returns its ID. "" stands for
// [Server.HostID], and an ID that no host has for a host that is gone. An agent that is on the host already is
// activated. AddAgent activates the service.
func (s *Server) AddAgent(hostID string) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.activeAgent(cmp.Or(hostID, s.HostID)).id
}

func (st *state) activeAgent(hostID string) *agent {
	st.activated = true
	a := st.agentOf[hostID]
	if a == nil {
		a = st.addAgent(hostID)
	}
	a.status = agentActivated
	return a
}

func (st *state) addHost(h Host) string {
	h.ID = st.orNewID(h.ID)
	h.Name = cmp.Or(h.Name, "ecm-"+h.ID[:min(4, len(h.ID))])
	h.SourceType = cmp.Or(h.SourceType, sourceCloud)
	h.ImageName = cmp.Or(h.ImageName, "CTyunOS 23.01 64位")
	h.OSType = cmp.Or(h.OSType, "linux")
	h.OSArch = cmp.Or(h.OSArch, "x86_64")
	if len(h.IPs) == 0 {
		n := st.hosts.len()
		h.IPs = []string{fmt.Sprintf("192.168.%d.%d", n/250%250, n%250+2)}
	}
	host := st.hosts.get(h.ID)
	if a := st.agentOf[h.ID]; host == nil && a != nil {
		host = a.host // of an agent that came before its host
	}
	if host == nil {
		host = &Host{}
	}
	*host = h
	st.hosts.add(h.ID, host)
	return h.ID
}

type agent struct {
	id         string
	host       *Host
	status     string
	left       int // polls that still show it being installed
	failure    string
	listedFrom time.Time
	before     *agent // what lists show until then: the agent whose installation failed
}

func (st *state) addAgent(hostID string) *agent {
	host := st.hosts.get(hostID)
	if host == nil {
		host = &Host{ID: hostID, Name: hostID, SourceType: sourceCloud}
	}
	a := &agent{id: st.newID(), host: host, status: agentActivated}
	st.agents.add(a.id, a)
	st.agentOf[hostID] = a
	return a
}

// removeAgent removes an agent. What it was doing fails.
func (st *state) removeAgent(id string) bool {
	a := st.agents.get(id)
	if a == nil {
		return false
	}
	st.agents.remove(id)
	delete(st.agentOf, a.host.ID) // a host has one agent
	const reason = "备份客户端已卸载"
	for t := range st.tasks.all() {
		if t.plan.host.ID == a.host.ID && t.underWay() {
			t.failNow(reason, st.polls)
		}
	}
	for r := range st.restores.all() {
		if r.target.ID == a.host.ID && r.underWay() {
			r.failNow(reason, st.polls)
		}
	}
	return true
}

// protected finds a host of a kind on which an agent is active.
func (st *state) protected(hostID, source string) (*Host, *failure) {
	host := st.hosts.get(hostID)
	if host == nil || host.SourceType != source {
		return nil, notFound("Instance", hostID)
	}
	if a := st.agentOf[hostID]; a == nil || a.status != agentActivated {
		return nil, refuse("Backup.Client.NotActivated", "there is no activated agent on the host "+hostID, "主机未安装备份客户端或客户端未激活")
	}
	return host, nil
}

func (st *state) installAgent(a args) (any, *failure) {
	if err := st.active(); err != nil {
		return nil, err
	}
	hostID := a.text("instanceID")
	if st.hosts.get(hostID) == nil {
		return nil, notFound("Instance", hostID)
	}
	old := st.agentOf[hostID]
	switch {
	case old == nil:
	case old.status == agentInstallFail:
		st.agents.remove(old.id)
	case old.status == agentInstalling:
		return nil, refuse("Backup.Client.Installing", "an agent is being installed on the host", "备份客户端正在安装")
	default:
		return nil, refuse("Backup.Client.AlreadyExists", "there is an agent on the host", "主机已安装备份客户端")
	}
	installed := st.addAgent(hostID)
	installed.status, installed.left = agentInstalling, st.polls.Install
	installed.failure = st.nextFailure(InstallJob)
	installed.listedFrom, installed.before = st.listedFrom(), old
	return object{"installStatus": true}, nil
}

func (st *state) uninstallAgent(a args) (any, *failure) {
	id := a.text("backupClientID")
	if !st.removeAgent(id) {
		return nil, notFound("Client", id)
	}
	return object{"UninstallStatus": true}, nil
}

// poll moves an agent that is being installed on.
func (g *agent) poll() {
	switch {
	case g.status != agentInstalling:
	case g.left > 0:
		g.left--
	case g.failure != "":
		g.status = agentInstallFail
	default:
		g.status = agentActivated
	}
}

// listedAgents returns the agents that lists show.
func (st *state) listedAgents(keep func(*agent) bool) []*agent {
	now := st.now()
	var out []*agent
	for a := range st.agents.all() {
		for a != nil && a.listedFrom.After(now) {
			a = a.before
		}
		if a != nil && keep(a) {
			out = append(out, a)
		}
	}
	return out
}

func (st *state) listAgents(a args) (any, *failure) {
	id, search, source := a.text("backupClientID"), a.text("queryContent"), a.source()
	keep := func(g *agent) bool {
		return g.host.SourceType == source && is(id, g.id) && matches(search, g.host.Name, g.host.ID, g.id)
	}
	found := st.listedAgents(keep)
	if a.bool("notOnlyInstalled") && id == "" {
		found = append(found, st.hostsWithout(found, keep)...)
	}
	items := page(a, found)
	for _, g := range items {
		g.poll()
	}
	return newListing(&st.mu, "backupClientList", items, func(w *jsonWriter, g *agent) {
		w.agent(g)
		w.text("instanceName", g.host.Name)
		w.text("backupClientSubType", "内网")
		w.text("osArch", g.host.OSArch)
	}, count{"backupClientTotal", len(found)}), nil
}

// hostsWithout returns the hosts that none of the agents is on, each as an agent that is not installed.
func (st *state) hostsWithout(agents []*agent, keep func(*agent) bool) []*agent {
	installed := make(map[string]bool, len(agents))
	for _, a := range agents {
		installed[a.host.ID] = true
	}
	var out []*agent
	for h := range st.hosts.all() {
		none := &agent{host: h, status: agentNotInstalled}
		if !installed[h.ID] && keep(none) {
			out = append(out, none)
		}
	}
	return out
}

func (st *state) listAgentsByHost(a args) (any, *failure) {
	id, hosts := a.text("backupClientID"), strings.Split(a.text("backupSrcInstanceID"), ",")
	found := st.listedAgents(func(g *agent) bool {
		return is(id, g.id) && (!a.has("backupSrcInstanceID") || slices.Contains(hosts, g.host.ID))
	})
	items, size := page(a, found), a.intOr("pageSize", 10)
	for _, g := range items {
		g.poll()
	}
	return newListing(&st.mu, "backupClientList", items, func(w *jsonWriter, g *agent) {
		w.agent(g)
		w.text("backupClientName", g.host.Name)
	},
		count{"backupClientTotal", len(found)},
		count{"currentCount", len(items)},
		count{"totalCount", len(found)},
		count{"totalPage", (len(found) + size - 1) / size},
	), nil
}

// agent writes what both lists say of an agent, or of a host without one. The ID and the addresses of the host have
// their misspelt names alone, as in the examples of the reference; its tables have instanceID and instanceIps too.
func (w *jsonWriter) agent(a *agent) {
	h := a.host
	desc, version := cmp.Or(agentStatusText[a.status], a.status), agentVersion
	if a.status == agentInstallFail {
		desc += "：" + a.failure
	}
	if a.id == "" {
		version = ""
	}
	w.text("instacneID", h.ID)
	w.texts("instacneIps", h.IPs)
	w.text("backupClientID", a.id)
	w.text("backupClientVersion", version)
	w.text("backupClientStatus", a.status)
	w.text("backupClientDesc", desc)
	w.boolean("backupClientUpdateNeed", false)
	w.boolean("backupClientEnableInstall", a.id == "" || a.status == agentInstallFail)
	w.text("imageName", h.ImageName)
	w.text("osType", h.OSType)
	w.integer("backupClientType", map[string]int64{sourceCloud: 0, sourceOnPremises: 1, sourceBareMetal: 3}[h.SourceType])
}

// page returns the items of the page that a request asks for.
func page[T any](a args, items []T) []T {
	number, size := a.intOr("pageNo", 1), a.intOr("pageSize", 10)
	from := min(min(number-1, len(items))*size, len(items)) // the product fits an int of 32 bits
	return items[from:min(from+size, len(items))]
}
