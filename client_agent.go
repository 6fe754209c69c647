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

// Agents are the backup agents that are installed on hosts. A host needs an active agent before it
// can be backed up. The service calls an agent a backup client (备份客户端).
type Agents struct{ client *Client }

// SourceType is the kind of a protected host.
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

// InstallAgentRequest is the request of [Agents.Install].
type InstallAgentRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// HostID is the ID of the cloud host to install the agent on: Agent.HostID of a list with
	// NotOnlyInstalled.
	HostID string `json:"instanceID"`
}

func (r *InstallAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("instanceID", r.HostID)
}

// InstallAgentResponse is the response of [Agents.Install]. It does not name the agent:
// [Agents.WaitActivated] and [Agents.Get] find it by its host.
type InstallAgentResponse struct {
	Meta
	// Sent is true if the command was sent to the host, or nil if the service gave no detail. It is
	// never false: that is an error that matches [ErrRejected].
	Sent *bool `json:"installStatus"`
}

// UnmarshalJSON refuses a status that it cannot read, so that it is not mistaken for one that is
// missing.
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

// Install installs an agent on a cloud host. It places no order. If the service does not send the
// command, the error matches [ErrRejected].
//
// The host carries it out later, and the response does not name the agent: wait with
// [Agents.WaitActivated], which takes the host. Install is not repeated once the service may have
// received it. After [ErrOutcomeUnknown], check with [Agents.ListByHost] before you try again.
//
// POST /v4/backup/install-client-backup (安装备份客户端)
func (s Agents) Install(ctx context.Context, req *InstallAgentRequest) (*InstallAgentResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/install-client-backup"}, copyOf(req), new(InstallAgentResponse))
}

// ListAgentsRequest is the request of [Agents.List].
type ListAgentsRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID selects one agent.
	ID string `json:"backupClientID,omitempty"`
	// Query selects agents by the name or ID of their host.
	Query string `json:"queryContent,omitempty"`
	// Page is the page number, from 1. The default is 1.
	Page int `json:"pageNo,omitempty"`
	// PageSize is the number of agents per page, 1 to 50. The default is 10.
	PageSize int `json:"pageSize,omitempty"`
	// Deprecated: use SourceType. False means hosts on premises.
	IsCloud *bool `json:"isCloud,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// NotOnlyInstalled also lists hosts without an agent. Their Agent.ID is empty. The default is
	// false.
	NotOnlyInstalled *bool `json:"notOnlyInstalled,omitempty"`
}

func (r *ListAgentsRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.page(r.Page, r.PageSize)
}

// ListAgentsResponse is the response of [Agents.List] and [Agents.ListByHost].
type ListAgentsResponse struct {
	Meta
	Agents []Agent `json:"backupClientList"`
	// Total is the number of agents on all pages.
	Total int `json:"backupClientTotal"`
	// CurrentCount is the number of agents on this page, TotalCount that on all pages, and
	// TotalPages the number of pages. Only [Agents.ListByHost] sets them.
	CurrentCount int `json:"currentCount"`
	TotalCount   int `json:"totalCount"`
	TotalPages   int `json:"totalPage"`
}

// AgentStatus is the state of an agent.
type AgentStatus string

// AgentActivated is the only documented state: the host can be backed up.
const AgentActivated AgentStatus = "Activated"

// AgentType is the kind of host that an agent runs on.
type AgentType int

// The documented kinds.
const (
	AgentCloud      AgentType = 0
	AgentOnPremises AgentType = 1
	AgentBareMetal  AgentType = 3
)

// Agent is a backup agent and its host. [Agents.List] and [Agents.ListByHost] each leave out some
// of its fields.
type Agent struct {
	// HostID and HostIPs are also read from the service's misspelt names, instacneID and
	// instacneIps.
	HostID string `json:"instanceID"`
	// HostName is set by [Agents.List] only.
	HostName string   `json:"instanceName"`
	HostIPs  []string `json:"instanceIps"`
	// ID is the ID of the agent, for [Agents.Uninstall].
	ID string `json:"backupClientID"`
	// Name is the name of the agent or of its host. It is set by [Agents.ListByHost] only.
	Name       string      `json:"backupClientName"`
	Version    string      `json:"backupClientVersion"`
	Status     AgentStatus `json:"backupClientStatus"`
	StatusDesc string      `json:"backupClientDesc"` // in Chinese
	// UpdateNeeded reports whether a newer version is available.
	UpdateNeeded bool `json:"backupClientUpdateNeed"`
	// Installable reports whether an agent can be installed on the host.
	Installable bool `json:"backupClientEnableInstall"`
	// ImageName is the image that the host was created from.
	ImageName string `json:"imageName"`
	// OSType is the host's operating system (seen: "linux").
	OSType string    `json:"osType"`
	Type   AgentType `json:"backupClientType"`
	// NetworkType is a Chinese text, set by [Agents.List] only.
	NetworkType string `json:"backupClientSubType"`
	// OSArch is the host's architecture (seen: "x86_64"). It is set by [Agents.List] only.
	OSArch string `json:"osArch"`
}

// UnmarshalJSON accepts both spellings of the host's ID and addresses.
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

// List lists one page of the agents of a region. It changes nothing and is safe to repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) List(ctx context.Context, req *ListAgentsRequest) (*ListAgentsResponse, error) {
	return do(ctx, s.client, agentList, copyOf(req), new(ListAgentsResponse))
}

var agentList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/info-client-backup"}

// All iterates over the agents of a region, page by page, from the page of the request on. It holds
// one page at a time. A page has 50 agents unless the request says otherwise. It can be ranged over
// more than once.
//
// The iteration ends when it has seen as many agents as the service counts. If the service gives no
// count, it ends at a page that is not full. It also ends at an empty page and at a page that was
// seen before; if agents are missing then, the error matches [ErrBadAnswer]. An error is the last
// element; the agents before it are complete.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) All(ctx context.Context, req *ListAgentsRequest) iter.Seq2[Agent, error] {
	given := *copyOf(req)
	return sequence(func(yield func(Agent) bool) error {
		_, err := s.pages(ctx, given, yield)
		return err
	})
}

// pages passes the agents of all pages to yield until yield returns false. It returns a call that
// stands for all its requests.
func (s Agents) pages(ctx context.Context, req ListAgentsRequest, yield func(Agent) bool) (*call, error) {
	req.Page, req.PageSize = cmp.Or(req.Page, 1), cmp.Or(req.PageSize, 50)
	cl := &call{operation: agentList}
	seen := make(map[[sha256.Size]byte]bool) // pages, by the agents on them
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

// pageOf identifies a page by the agents on it.
func pageOf(agents []Agent) [sha256.Size]byte {
	var ids []byte
	for _, a := range agents {
		ids = fmt.Appendf(ids, "%q%q", a.ID, a.HostID)
	}
	return sha256.Sum256(ids)
}

// GetAgentRequest is the request of [Agents.Get]. It names the agent, its host, or both.
type GetAgentRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the agent. ID or HostID is required.
	ID string `json:"backupClientID,omitempty"`
	// HostID is the ID of the host that the agent is installed on.
	HostID string `json:"instanceID,omitempty"`
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
}

func (r *GetAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	if r.ID == "" && r.HostID == "" {
		v.fault("backupClientID", "or instanceID is required")
	}
}

// Get finds an agent by its ID or by its host. It makes one request for every 50 agents that match.
// If a host has several agents, it prefers an active one. If there is none, the error matches
// [ErrNotFound]. It changes nothing and is safe to repeat.
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

// UninstallAgentRequest is the request of [Agents.Uninstall].
type UninstallAgentRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// ID is the ID of the agent, Agent.ID, not of its host.
	ID string `json:"backupClientID"`
}

func (r *UninstallAgentRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("backupClientID", r.ID)
}

// UninstallAgentResponse is the response of [Agents.Uninstall].
type UninstallAgentResponse struct {
	Meta
	// Sent is true if the command was sent to the host, or nil if the service gave no detail. It is
	// never false: that is an error that matches [ErrRejected].
	Sent *bool `json:"UninstallStatus"` // sic
}

// UnmarshalJSON refuses a status that it cannot read, so that it is not mistaken for one that is
// missing.
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

// Uninstall removes an agent from its host. It places no order. If the service does not send the
// command, the error matches [ErrRejected].
//
// The host carries it out later. Uninstall is not repeated once the service may have received it.
// After [ErrOutcomeUnknown], check with [Agents.ListByHost] before you try again.
//
// POST /v4/backup/uninstall-client-backup (卸载备份客户端)
func (s Agents) Uninstall(ctx context.Context, req *UninstallAgentRequest) (*UninstallAgentResponse, error) {
	return do(ctx, s.client, operation{kind: kindWrite, method: http.MethodPost, path: "/v4/backup/uninstall-client-backup"}, copyOf(req), new(UninstallAgentResponse))
}

// ListAgentsByHostRequest is the request of [Agents.ListByHost].
type ListAgentsByHostRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string `json:"regionID"`
	// HostIDs is one host ID, or several separated by ",".
	HostIDs string `json:"backupSrcInstanceID,omitempty"`
	// ID selects one agent.
	ID string `json:"backupClientID,omitempty"`
	// Page is the page number, from 1. The default is 1.
	Page int `json:"pageNo,omitempty"`
	// PageSize is the number of agents per page, 1 to 50. The default is 10.
	PageSize int `json:"pageSize,omitempty"`
}

func (r *ListAgentsByHostRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.page(r.Page, r.PageSize)
}

// ListByHost lists one page of the agents of given hosts. It changes nothing and is safe to repeat.
// It is a GET with a JSON body, which a proxy in between must not drop.
//
// GET /v4/backup/client-by-instance-backup (通过主机id查询云备份客户端)
func (s Agents) ListByHost(ctx context.Context, req *ListAgentsByHostRequest) (*ListAgentsResponse, error) {
	return do(ctx, s.client, operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/client-by-instance-backup", inBody: true}, copyOf(req), new(ListAgentsResponse))
}

// parseSent reads whether a command was sent, from a boolean or from text. It returns nil if
// nothing was given.
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

// checkSent returns an error if the service says that it did not send the command.
func checkSent(field string, sent *bool) error {
	if sent == nil || *sent {
		return nil
	}
	return fmt.Errorf("%w: %s is false", ErrRejected, field)
}
