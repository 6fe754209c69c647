package cbrtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	// Name is a name of its own if it is empty.
	Name string
	// IPs are the addresses; one that is made up if there are none.
	IPs []string
	// SourceType is CT-ECS (elastic cloud host, also if it is empty), CT-DPS (bare metal) or CT-LS (on premises).
	SourceType string
	// ImageName, OSType and OSArch have defaults too.
	ImageName, OSType, OSArch string
}

// AddHost puts a host there, without an agent, and returns its ID. It replaces one of the same ID, as the other Add
// methods replace what has the ID that is given.
func (s *Server) AddHost(h Host) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	return s.state.addHost(h)
}

// AddAgent puts an activated agent on a host, as if it had been installed, and returns its ID. "" stands for the host
// that exists from the start, an ID that no host has for one that is gone. An agent that is on the host already is
// activated. The service is activated by it.
func (s *Server) AddAgent(hostID string) string {
	s.state.mu.Lock()
	defer s.state.mu.Unlock()
	s.state.activated = true
	hostID = cmp.Or(hostID, s.HostID)
	a := s.state.agentOn(hostID)
	if a == nil {
		a = s.state.addAgent(hostID)
	}
	a.status = agentActivated
	return a.id
}

func (st *state) addHost(h Host) string {
	h.ID = st.orNewID(h.ID)
	h.Name = cmp.Or(h.Name, "ecm-"+h.ID[:min(4, len(h.ID))])
	h.SourceType = cmp.Or(h.SourceType, sourceCloud)
	h.ImageName = cmp.Or(h.ImageName, "CTyunOS 23.01 64位")
	h.OSType = cmp.Or(h.OSType, "linux")
	h.OSArch = cmp.Or(h.OSArch, "x86_64")
	if len(h.IPs) == 0 {
		n := len(st.hosts.list)
		h.IPs = []string{fmt.Sprintf("192.168.%d.%d", n/250%250, n%250+2)}
	}
	st.hosts.add(h.ID, &h)
	if a := st.agentOn(h.ID); a != nil {
		a.host = &h
	}
	return h.ID
}

type agent struct {
	id      string
	host    *Host
	status  string
	left    int // reads that still show it being installed
	failure string
}

func (st *state) addAgent(hostID string) *agent {
	host := st.hosts.get(hostID)
	if host == nil {
		host = &Host{ID: hostID, Name: hostID, SourceType: sourceCloud}
	}
	a := &agent{id: st.newID(), host: host, status: agentActivated}
	st.agents.add(a.id, a)
	return a
}

// agentOn finds the agent of a host.
func (st *state) agentOn(hostID string) *agent {
	if i := slices.IndexFunc(st.agents.list, func(a *agent) bool { return a.host.ID == hostID }); i >= 0 {
		return st.agents.list[i]
	}
	return nil
}

// protected finds a host of the kind that a request is about and on which an agent is active.
func (st *state) protected(hostID, source string) (*Host, *failure) {
	host := st.hosts.get(hostID)
	if host == nil || host.SourceType != source {
		return nil, notFound("Instance", hostID)
	}
	if a := st.agentOn(hostID); a == nil || a.status != agentActivated {
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
	switch old := st.agentOn(hostID); {
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
	return object{"installStatus": true}, nil
}

func (st *state) uninstallAgent(a args) (any, *failure) {
	id := a.text("backupClientID")
	if !st.agents.remove(id) {
		return nil, notFound("Client", id)
	}
	return object{"UninstallStatus": true}, nil
}

// read moves an agent that is being installed on, as every look at it does.
func (a *agent) read() {
	switch {
	case a.status != agentInstalling:
	case a.left > 0:
		a.left--
	case a.failure != "":
		a.status = agentInstallFail
	default:
		a.status = agentActivated
	}
}

// wireAgent has the ID and the addresses of the host under their misspelt names alone, as the examples of the reference
// do. Its field tables have instanceID and instanceIps too.
type wireAgent struct {
	InstanceID    string   `json:"instacneID"`
	IPs           []string `json:"instacneIps"`
	ID            string   `json:"backupClientID"`
	Version       string   `json:"backupClientVersion"`
	Status        string   `json:"backupClientStatus"`
	Desc          string   `json:"backupClientDesc"`
	UpdateNeed    bool     `json:"backupClientUpdateNeed"`
	EnableInstall bool     `json:"backupClientEnableInstall"`
	ImageName     string   `json:"imageName"`
	OSType        string   `json:"osType"`
	Type          int      `json:"backupClientType"`
}

// wireListedAgent and wireFoundAgent are what one of the two lists has and the other has not.
type wireListedAgent struct {
	wireAgent
	InstanceName string `json:"instanceName"`
	SubType      string `json:"backupClientSubType"`
	OSArch       string `json:"osArch"`
}

type wireFoundAgent struct {
	wireAgent
	Name string `json:"backupClientName"`
}

// wire returns what both lists say of an agent, or of a host without one.
func (a *agent) wire() wireAgent {
	h := a.host
	desc := cmp.Or(agentStatusText[a.status], a.status)
	if a.status == agentInstallFail {
		desc += "：" + a.failure
	}
	version := agentVersion
	if a.id == "" {
		version = ""
	}
	return wireAgent{
		InstanceID: h.ID, IPs: h.IPs,
		ID: a.id, Version: version, Status: a.status, Desc: desc,
		EnableInstall: a.id == "" || a.status == agentInstallFail,
		ImageName:     h.ImageName, OSType: h.OSType,
		Type: map[string]int{sourceCloud: 0, sourceOnPremises: 1, sourceBareMetal: 3}[h.SourceType],
	}
}

func (st *state) listAgents(a args) (any, *failure) {
	found := st.agents.filter(func(g *agent) bool { return is(a.text("backupClientID"), g.id) })
	if a.bool("notOnlyInstalled") && !a.has("backupClientID") {
		installed := map[*Host]bool{}
		for _, g := range found {
			installed[g.host] = true
		}
		for _, h := range st.hosts.list {
			if !installed[h] {
				found = append(found, &agent{host: h, status: agentNotInstalled})
			}
		}
	}
	found = slices.DeleteFunc(found, func(g *agent) bool {
		return g.host.SourceType != a.source() || !matches(a.text("queryContent"), g.host.Name, g.host.ID, g.id)
	})
	for _, g := range found {
		g.read()
	}
	return newList(&st.mu, "backupClientList", page(a, found), func(g *agent) wireListedAgent {
		return wireListedAgent{wireAgent: g.wire(), InstanceName: g.host.Name, SubType: "内网", OSArch: g.host.OSArch}
	}, count{"backupClientTotal", len(found)}), nil
}

func (st *state) listAgentsByHost(a args) (any, *failure) {
	hosts := strings.Split(a.text("backupSrcInstanceID"), ",")
	found := st.agents.filter(func(g *agent) bool {
		return is(a.text("backupClientID"), g.id) && (!a.has("backupSrcInstanceID") || slices.Contains(hosts, g.host.ID))
	})
	for _, g := range found {
		g.read()
	}
	items, size := page(a, found), a.intOr("pageSize", 10)
	return newList(&st.mu, "backupClientList", items, func(g *agent) wireFoundAgent {
		return wireFoundAgent{wireAgent: g.wire(), Name: g.host.Name}
	},
		count{"backupClientTotal", len(found)},
		count{"currentCount", len(items)},
		count{"totalCount", len(found)},
		count{"totalPage", (len(found) + size - 1) / size},
	), nil
}

// page returns the items of the page that a request asks for.
func page[T any](a args, items []T) []T {
	number, size := a.intOr("pageNo", 1), a.intOr("pageSize", 10)
	from := min(min(number-1, len(items))*size, len(items)) // the product fits an int of 32 bits
	return items[from:min(from+size, len(items))]
}
