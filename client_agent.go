package ctcbr

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// Agents are the backup clients that are installed on hosts. A host needs an
// active one before it can be backed up. They are called agents here, so that
// client means Client.
type Agents struct{ client *Client }

// SourceType is the kind of host that is protected.
type SourceType string

// The documented kinds.
const (
	SourceECS        SourceType = "CT-ECS" // elastic cloud host, the default
	SourceBareMetal  SourceType = "CT-DPS" // bare-metal host
	SourceOnPremises SourceType = "CT-LS"  // host outside the cloud
)

// kindOf is the kind of host that a request asks for.
func kindOf(given SourceType, isCloud *bool) SourceType {
	if given == "" && isCloud != nil && !*isCloud {
		return SourceOnPremises
	}
	return cmp.Or(given, SourceECS)
}

// InstallAgentRequest is the request of Agents.Install.
type InstallAgentRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// HostID is the cloud host to install the agent on: Agent.HostID of a list with
	// NotOnlyInstalled.
	HostID string `json:"instanceID"`
}

func (r *InstallAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("instanceID", r.HostID)
}

// InstallAgentResponse is the answer of Agents.Install. It does not name the
// agent: Agents.WaitActivated and Agents.Get find it by its host.
type InstallAgentResponse struct {
	Meta
	// Sent says that the command was sent to the host. It is never false, which is
	// an error that matches ErrRejected, and nil where the service gives no detail.
	Sent *bool `json:"installStatus"`
}

// UnmarshalJSON refuses a status that cannot be read, which would otherwise pass
// for one that was not given.
func (r *InstallAgentResponse) UnmarshalJSON(data []byte) error {
	var wire struct {
		Sent text `json:"installStatus"`
	}
	if err := decode(data, &wire); err != nil {
		return err
	}
	var err error
	r.Sent, err = parseSent("installStatus", wire.Sent)
	return err
}

func (r *InstallAgentResponse) check(*call, *answer) error {
	return checkSent("installStatus", r.Sent)
}

// Install has an agent installed on a cloud host. It places no order. The answer does
// not name the agent, and the host does the work later: wait for the agent with
// WaitActivated, which goes by the host. Install is sent once only; after
// ErrOutcomeUnknown look for the host's agent with ListByHost before trying again. A
// command that the service did not send is an error that matches
// ErrRejected.
//
// POST /v4/backup/install-client-backup (安装备份客户端)
func (s Agents) Install(ctx context.Context, req *InstallAgentRequest) (*InstallAgentResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/install-client-backup"}, copyOf(req), new(InstallAgentResponse))
}

// ListAgentsRequest is the request of Agents.List.
type ListAgentsRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID finds one agent.
	ID string `json:"backupClientID,omitempty"`
	// Query finds agents by the name or the ID of their host.
	Query string `json:"queryContent,omitempty"`
	// Page is the page, from 1, the default.
	Page int `json:"pageNo,omitempty"`
	// PageSize is 1 to 50 agents a page, 10 by default.
	PageSize int `json:"pageSize,omitempty"`
	// IsCloud is true, the default, for elastic cloud hosts and false for hosts on premises.
	//
	// Deprecated: the service asks for SourceType instead.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is SourceECS unless given: other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
	// NotOnlyInstalled lists hosts without an agent, too, whose Agent.ID is empty. It is
	// false by default.
	NotOnlyInstalled *bool `json:"notOnlyInstalled,omitempty"`
}

func (r *ListAgentsRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.page(r.Page, r.PageSize)
}

// ListAgentsResponse is the answer of Agents.List and Agents.ListByHost.
type ListAgentsResponse struct {
	Meta
	Agents []Agent `json:"backupClientList"`
	// Total counts the agents found, on all pages.
	Total int `json:"backupClientTotal"`
	// CurrentCount counts the agents of this page, TotalCount those of all pages,
	// and TotalPages the pages. ListByHost alone tells them.
	CurrentCount int `json:"currentCount"`
	TotalCount   int `json:"totalCount"`
	TotalPages   int `json:"totalPage"`
}

// AgentStatus is the state of an agent.
type AgentStatus string

// AgentActivated is the one state that is documented: the host can be backed up.
const AgentActivated AgentStatus = "Activated"

// AgentType is the kind of host that an agent is for.
type AgentType int

// The documented kinds.
const (
	AgentCloud      AgentType = 0
	AgentOnPremises AgentType = 1
	AgentBareMetal  AgentType = 3
)

// Agent is a backup client and its host. List and ListByHost each leave out some
// of its fields.
type Agent struct {
	// HostID and HostIPs are read from the misspelt instacneID and instacneIps,
	// too, where the service gives those alone.
	HostID string `json:"instanceID"`
	// HostName is told by List alone.
	HostName string   `json:"instanceName"`
	HostIPs  []string `json:"instanceIps"`
	// ID is the agent's ID, which Uninstall takes.
	ID string `json:"backupClientID"`
	// Name is the name of the agent or of its host. ListByHost alone tells it.
	Name       string      `json:"backupClientName"`
	Version    string      `json:"backupClientVersion"`
	Status     AgentStatus `json:"backupClientStatus"`
	StatusDesc string      `json:"backupClientDesc"` // in Chinese
	// UpdateNeeded says that a newer version is available.
	UpdateNeeded bool `json:"backupClientUpdateNeed"`
	// Installable says that an agent can be installed on the host.
	Installable bool `json:"backupClientEnableInstall"`
	// ImageName is the image that the host was made from.
	ImageName string `json:"imageName"`
	// OSType is the host's operating system (seen: "linux").
	OSType string    `json:"osType"`
	Type   AgentType `json:"backupClientType"`
	// NetworkType is told in Chinese, by List alone.
	NetworkType string `json:"backupClientSubType"`
	// OSArch is the host's architecture (seen: "x86_64"). List alone tells it.
	OSArch string `json:"osArch"`
}

// UnmarshalJSON reads an agent with either spelling of its host's ID and addresses.
func (a *Agent) UnmarshalJSON(data []byte) error {
	type plain Agent
	wire := struct {
		*plain
		HostID  string   `json:"instacneID"`
		HostIPs []string `json:"instacneIps"`
	}{plain: (*plain)(a)}
	err := decode(data, &wire)
	if a.HostID == "" {
		a.HostID = wire.HostID
	}
	if len(a.HostIPs) == 0 && wire.HostIPs != nil {
		a.HostIPs = wire.HostIPs
	}
	return err
}

// List lists one page of the agents of a region. It changes nothing and can be
// repeated.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) List(ctx context.Context, req *ListAgentsRequest) (*ListAgentsResponse, error) {
	return do(ctx, s.client, agentList, copyOf(req), new(ListAgentsResponse))
}

var agentList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/info-client-backup"}

// All gives out the agents of a region one by one, page after page from the page
// that the request names, in pages of 50 unless it says otherwise. It asks once a
// page, holds one page at a time, and can be ranged over more than once. It ends
// when as many agents came as the service counts, at a page without agents, at a
// page that is not full where the service does not count, and at a page that came
// before. If the service counts more agents than came until then, that is an error
// that matches ErrBadAnswer. An error comes as the last element, behind the agents
// of the pages before.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) All(ctx context.Context, req *ListAgentsRequest) iter.Seq2[Agent, error] {
	given := *copyOf(req)
	return sequence(func(yield func(Agent) bool) error {
		_, err := s.pages(ctx, given, yield)
		return err
	})
}

// pages gives the agents of all pages to yield until that returns false. It returns
// a call that stands for its requests.
func (s Agents) pages(ctx context.Context, req ListAgentsRequest, yield func(Agent) bool) (*call, error) {
	req.Page, req.PageSize = cmp.Or(req.Page, 1), cmp.Or(req.PageSize, 50)
	cl := &call{operation: agentList}
	seen := make(map[[sha256.Size]byte]bool) // pages by the agents on them
	for came := int64(req.Page-1) * int64(req.PageSize); ; req.Page++ {
		page, err := s.List(ctx, &req)
		if err != nil {
			return nil, err
		}
		cl.attempts++
		cl.requestID = page.RequestID
		total := int64(page.Total)
		content := pageOf(page.Agents)
		switch {
		case len(page.Agents) == 0:
			return cl, nil
		case seen[content] && came < total:
			return nil, newError(cl, nil, fmt.Errorf("%w: page %d came before, %d of %d agents came", ErrBadAnswer, req.Page, came, total))
		case seen[content]:
			return cl, nil
		}
		seen[content] = true
		for _, agent := range page.Agents {
			if !yield(agent) {
				return cl, nil
			}
			if err := s.client.engine.lifetimes.over(ctx); err != nil {
				return nil, newError(cl, nil, err)
			}
		}
		came += int64(len(page.Agents))
		if came >= total && (total > 0 || len(page.Agents) < req.PageSize) {
			return cl, nil
		}
	}
}

// pageOf tells pages apart by the agents on them.
func pageOf(agents []Agent) [sha256.Size]byte {
	var ids []byte
	for _, a := range agents {
		ids = fmt.Appendf(ids, "%q%q", a.ID, a.HostID)
	}
	return sha256.Sum256(ids)
}

// GetAgentRequest is the request of Agents.Get. It names the agent, or its host, or both.
type GetAgentRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the agent's own ID. It or HostID is required.
	ID string `json:"backupClientID,omitempty"`
	// HostID is the host that the agent is installed on.
	HostID string `json:"instanceID,omitempty"`
	// SourceType is SourceECS unless given: other hosts are listed apart.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	if r.ID == "" && r.HostID == "" {
		v.fault("backupClientID", "or instanceID is required")
	}
}

// Get finds an agent by its ID or by its host, in one request, or one for every 50
// agents that match. Of several agents of a host it takes an active one. One that is
// not there is an error that matches ErrNotFound. It changes nothing and can be
// repeated.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) Get(ctx context.Context, req *GetAgentRequest) (*Agent, error) {
	r := copyOf(req)
	if _, err := s.client.check(agentList, r); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("agent %q", r.ID)
	if r.ID == "" {
		what = fmt.Sprintf("agent of host %q", r.HostID)
	}
	var found *Agent
	cl, err := s.pages(ctx, ListAgentsRequest{RegionID: r.RegionID, SourceType: r.SourceType, ID: r.ID, Query: r.HostID}, func(a Agent) bool {
		matches := (r.ID == "" || a.ID == r.ID) && (r.HostID == "" || a.HostID == r.HostID)
		if matches && (found == nil || a.Status == AgentActivated) {
			found = &a
		}
		return found == nil || found.Status != AgentActivated
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, newError(cl, nil, fmt.Errorf("%s: %w", what, ErrNotFound))
	}
	return found, nil
}

// UninstallAgentRequest is the request of Agents.Uninstall.
type UninstallAgentRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the agent's ID: Agent.ID, not that of its host.
	ID string `json:"backupClientID"`
}

func (r *UninstallAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupClientID", r.ID)
}

// UninstallAgentResponse is the answer of Agents.Uninstall.
type UninstallAgentResponse struct {
	Meta
	// Sent says that the command was sent to the host. It is never false, which is
	// an error that matches ErrRejected, and nil where the service gives no detail.
	Sent *bool `json:"UninstallStatus"` // capitalized so by the service
}

// UnmarshalJSON refuses a status that cannot be read, which would otherwise pass
// for one that was not given.
func (r *UninstallAgentResponse) UnmarshalJSON(data []byte) error {
	var wire struct {
		Sent text `json:"UninstallStatus"`
	}
	if err := decode(data, &wire); err != nil {
		return err
	}
	var err error
	r.Sent, err = parseSent("UninstallStatus", wire.Sent)
	return err
}

func (r *UninstallAgentResponse) check(*call, *answer) error {
	return checkSent("UninstallStatus", r.Sent)
}

// Uninstall has an agent removed from its host. It places no order. The host does
// the work later. Uninstall is sent once only; after ErrOutcomeUnknown look for the
// agent with ListByHost before trying again. A command that the service did not
// send is an error that matches ErrRejected.
//
// POST /v4/backup/uninstall-client-backup (卸载备份客户端)
func (s Agents) Uninstall(ctx context.Context, req *UninstallAgentRequest) (*UninstallAgentResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/uninstall-client-backup"}, copyOf(req), new(UninstallAgentResponse))
}

// ListAgentsByHostRequest is the request of Agents.ListByHost.
type ListAgentsByHostRequest struct {
	// RegionID is the region; empty means the client's.
	RegionID string `json:"regionID"`
	// HostIDs is the ID of a host, or several of them separated by ",".
	HostIDs string `json:"backupSrcInstanceID,omitempty"`
	// ID finds one agent.
	ID string `json:"backupClientID,omitempty"`
	// Page is the page, from 1, the default.
	Page int `json:"pageNo,omitempty"`
	// PageSize is 1 to 50 agents a page, 10 by default.
	PageSize int `json:"pageSize,omitempty"`
}

func (r *ListAgentsByHostRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.page(r.Page, r.PageSize)
}

// ListByHost lists one page of the agents of some hosts. It changes nothing and
// can be repeated. It is a GET whose parameters are a JSON body: a proxy on the way
// must not drop it.
//
// GET /v4/backup/client-by-instance-backup (通过主机id查询云备份客户端)
func (s Agents) ListByHost(ctx context.Context, req *ListAgentsByHostRequest) (*ListAgentsResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/client-by-instance-backup", inBody: true}, copyOf(req), new(ListAgentsResponse))
}

// parseSent reads whether a command was sent, written as a boolean or as text. It
// returns nil where nothing was given.
func parseSent(field string, status text) (*bool, error) {
	given := strings.TrimSpace(string(status))
	if given == "" {
		return nil, nil
	}
	sent, err := strconv.ParseBool(strings.ToLower(given))
	if err != nil {
		return nil, fmt.Errorf("%w: its %s is %q", ErrBadAnswer, field, given)
	}
	return &sent, nil
}

// checkSent refuses a command that the service says it did not send.
func checkSent(field string, sent *bool) error {
	if sent == nil || *sent {
		return nil
	}
	return fmt.Errorf("%w: %s is false", ErrRejected, field)
}
