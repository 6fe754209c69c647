package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"

	"github.com/ctyun-go/ctcbr/internal/wirejson"
)

// Agents are the backup agents that are installed on hosts. A host needs an active agent before it
// can be backed up. The service calls an agent a backup client (备份客户端).
type Agents struct{ client *Client }

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
		Sent wireText `json:"installStatus" wire:"once"`
	}
	if err := wirejson.Unmarshal(data, &wire); err != nil {
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

// WaitActivated polls the agent of a host until it is active, and returns it. If the host has several
// agents, it prefers an active one, and then one that has not failed.
//
// A state that ends in Fail or Failed is an error that matches [ErrFailed], but only after another
// state, or when the time of [WaitListed] is over: an agent that is installed anew may be listed for
// a while as it was before. All other states are waited on, since the service documents none. If no
// agent is listed by then, or one was and is missing in three polls in a row, the error matches
// [ErrVanished]. A wait that ends before the agent is active is a [*WaitError].
//
// GET /v4/backup/client-by-instance-backup (通过主机id查询云备份客户端)
func (s Agents) WaitActivated(ctx context.Context, hostID string, opts ...WaitOption) (*Agent, error) {
	if err := checkIDs("client-by-instance-backup", "hostID", "backupSrcInstanceID", hostID); err != nil {
		return nil, err
	}
	if strings.Contains(hostID, ",") {
		problem := Fault{Name: "hostID", Field: "backupSrcInstanceID", Problem: severalIDs + ": " + quoted(hostID)}
		return nil, &ValidationError{Operation: agentsByHost.name(), Faults: []Fault{problem}}
	}
	w := &agentWait{waiting: newWaiting(s.client, opts), agents: s, hostID: hostID}
	if err := w.until(ctx, func() []string { return []string{hostID} }, w.poll); err != nil {
		return nil, err
	}
	return w.agent, nil
}

// agentWait waits for the agent of a host.
type agentWait struct {
	*waiting
	agents Agents
	hostID string
	first  *Agent // as it was listed at first
	agent  *Agent // as it was listed last
	moved  bool   // it was listed in another state than at first
	missed int    // polls in a row without it
}

// poll lists the agents of the host. An agent that an incomplete list lacks is not missing.
func (w *agentWait) poll(ctx context.Context) (done bool, err error) {
	found, err := w.agents.ListByHost(ctx, &ListAgentsByHostRequest{RegionID: w.region, HostIDs: w.hostID, PageSize: maxAgentPage})
	if errors.Is(err, ErrNotFound) {
		return w.miss(err)
	}
	if err != nil {
		return false, err
	}
	w.agent = agentOf(w.hostID, found.Agents)
	if count := max(found.Total, found.TotalCount); w.agent == nil && len(found.Agents) < count {
		return false, found.incomplete(count)
	}
	if w.agent == nil {
		return w.miss(nil)
	}
	if w.first == nil {
		w.first = w.agent
	}
	w.missed, w.moved = 0, w.moved || w.agent.ID != w.first.ID || w.agent.Status != w.first.Status
	w.report(Progress{ID: w.hostID, State: string(w.agent.Status)})
	if w.agent.Status.isFailure() && (w.moved || w.late()) {
		state := strings.TrimSpace(string(w.agent.Status) + " " + w.agent.StatusDesc)
		return true, fmt.Errorf("ctcbr: agent of host %s %w: %s", w.hostID, ErrFailed, oneLine(state))
	}
	return w.agent.Status == AgentActivated, nil
}

// miss records that no agent of the host is listed, or, by a refusal, none is found.
func (w *agentWait) miss(refusal error) (done bool, err error) {
	w.missed++
	w.report(Progress{ID: w.hostID})
	if w.patient(w.first != nil, w.missed) {
		return false, nil
	}
	gone := errNoAgent
	if w.first != nil {
		gone = errNotAnyMore
	}
	if refusal != nil {
		return true, fmt.Errorf("ctcbr: agent of host %s %w (%w)", w.hostID, gone, inline(refusal))
	}
	return true, fmt.Errorf("ctcbr: agent of host %s %w", w.hostID, gone)
}

// severalIDs is what is wrong with an ID that the service would take for a list of them.
const severalIDs = "holds a comma, which separates several IDs"

var errNoAgent = &special{"was never listed: the host has none (Agents.Install comes first), or its ID or WaitRegion is wrong", ErrVanished}

// agentOf finds the agent of a host. It prefers an active one, and then one that has not failed.
func agentOf(hostID string, agents []Agent) (found *Agent) {
	for i := range agents {
		a := &agents[i]
		switch {
		case a.HostID != hostID:
		case found == nil, a.Status == AgentActivated, found.Status.isFailure() && !a.Status.isFailure():
			found = a
		}
	}
	return found
}

// isFailure reports whether a state means that something has failed.
func (s AgentStatus) isFailure() bool {
	return strings.HasSuffix(string(s), "Fail") || strings.HasSuffix(string(s), "Failed")
}

// incomplete is the error of a page of agents that lacks what the service counts.
func (r *ListAgentsResponse) incomplete(count int) error {
	cl := &call{operation: agentsByHost, requestID: r.RequestID, attempts: 1}
	return newError(cl, nil, fmt.Errorf("%w: %d of %d agents came", ErrIncomplete, len(r.Agents), count))
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
	// SourceType is the kind of host. Empty means [SourceECS]: each kind is listed separately.
	SourceType SourceType `json:"sourceType,omitempty"`
	// NotOnlyInstalled also lists hosts without an agent. Their Agent.ID is empty. The default is
	// false.
	NotOnlyInstalled *bool `json:"notOnlyInstalled,omitempty"`
	// Deprecated: use SourceType.
	IsCloud *bool `json:"isCloud,omitempty"`
}

func (r *ListAgentsRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.page(r.Page, r.PageSize)
}

// ListAgentsResponse is the response of [Agents.List] and [Agents.ListByHost].
type ListAgentsResponse struct {
	Meta
	Agents []Agent `json:"backupClientList" wire:"list"`
	// Total is the number of agents on all pages.
	Total int `json:"backupClientTotal" wire:"lenient"`
	// CurrentCount is the number of agents on this page, TotalCount that on all pages, and
	// TotalPages the number of pages. Only [Agents.ListByHost] sets them.
	CurrentCount int `json:"currentCount"`
	TotalCount   int `json:"totalCount" wire:"lenient"`
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
	HostID string `json:"instanceID" or:"instacneID" wire:"lenient"`
	// HostName is set by [Agents.List] only.
	HostName string   `json:"instanceName"`
	HostIPs  []string `json:"instanceIps" or:"instacneIps"`
	// ID is the ID of the agent, for [Agents.Uninstall].
	ID string `json:"backupClientID" wire:"lenient"`
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
func (a *Agent) UnmarshalJSON(data []byte) error { return wirejson.Unmarshal(data, a) }

// List lists one page of the agents of a region. It changes nothing and is safe to repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) List(ctx context.Context, req *ListAgentsRequest) (*ListAgentsResponse, error) {
	return do(ctx, s.client, agentList, copyOf(req), new(ListAgentsResponse))
}

var agentList = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/info-client-backup"}

// All iterates over the agents of a region, page by page, from the page of the request on. It holds
// one page at a time, and the IDs of the agents that it has seen. A page has 50 agents unless the
// request says otherwise. It can be ranged over more than once. It ends when it has seen as many
// agents as the service counts. If the service gives no count, it ends at a page that is not full. It
// also ends at an empty page and at a page with no new agent.
//
// An agent that is installed or removed between two pages moves others to another page. If that shows
// (the count changes, an agent comes again, or the pages end before the count), All reads the pages
// again, at most three times, without giving out an agent twice. If they still do not add up, the
// error matches [ErrIncomplete] and has both numbers. An error is the last element; the agents before
// it are complete.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Agents) All(ctx context.Context, req *ListAgentsRequest) iter.Seq2[Agent, error] {
	given := *copyOf(req)
	return sequence(func(yield func(Agent) bool) error {
		_, err := s.pages(ctx, given, yield)
		return err
	})
}

// maxReadings is how often pages that do not add up are read.
const maxReadings = 4

// pages passes the agents of all pages to yield, each once, until yield returns false. It returns a
// call that stands for all its requests.
func (s Agents) pages(ctx context.Context, req ListAgentsRequest, yield func(Agent) bool) (*call, error) {
	req.Page, req.PageSize = cmp.Or(req.Page, 1), cmp.Or(req.PageSize, maxAgentPage)
	r := &agentReader{agents: s, call: &call{operation: agentList}, given: make(map[agentKey]bool), yield: yield}
	for reading := 1; ; reading++ {
		whole, err := r.read(ctx, req, reading == maxReadings)
		switch {
		case err != nil:
			return nil, err
		case whole || r.left:
			return r.call, nil
		case reading == maxReadings:
			return nil, newError(r.call, nil, fmt.Errorf("%w: %d agents came and the service counts %d, and in %d readings the pages did not add up",
				ErrIncomplete, (req.Page-1)*req.PageSize+len(r.given), r.total, maxReadings))
		}
	}
}

// agentReader reads the pages of agents, if need be several times, and gives out each agent once.
type agentReader struct {
	agents Agents
	call   *call // stands for the requests
	yield  func(Agent) bool
	left   bool // yield wants no more
	given  map[agentKey]bool
	total  int // what the service counted last
}

// agentKey identifies an agent, or a host without one. What has neither ID is identified by all that
// it holds.
type agentKey struct{ id, hostID, content string }

func (a *Agent) key() agentKey {
	if isBlank(a.ID) && isBlank(a.HostID) {
		return agentKey{content: fmt.Sprintf("%+v", *a)}
	}
	return agentKey{id: a.ID, hostID: a.HostID}
}

// read reads the pages once, from that of the request on. It reports whether they add up. As soon as
// they do not, it stops, unless it is to read on for what else there is.
func (r *agentReader) read(ctx context.Context, req ListAgentsRequest, readOn bool) (whole bool, err error) {
	first, came := req.Page, (req.Page-1)*req.PageSize
	pages := make(map[agentKey]int) // on which an agent came first
	whole = true
	for ; ; req.Page++ {
		page, err := r.agents.List(ctx, &req)
		if err != nil {
			return false, err
		}
		r.call.attempts++
		r.call.requestID = page.RequestID
		whole = whole && (req.Page == first || page.Total == r.total)
		r.total = page.Total
		fresh, err := r.give(ctx, page.Agents, pages, req.Page)
		switch {
		case err != nil || r.left:
			return false, err
		case fresh == 0: // no page, or one that came before
			return whole && came >= r.total, nil
		}
		whole = whole && fresh == len(page.Agents)
		came += fresh
		isFull := len(page.Agents) >= req.PageSize
		switch {
		case !whole && !readOn:
			return false, nil
		case came == r.total && r.total > 0, came >= r.total && !isFull:
			return whole, nil
		}
	}
}

// give gives out the agents of a page that were not given out before. It returns how many were not on
// an earlier page of this reading.
func (r *agentReader) give(ctx context.Context, agents []Agent, pages map[agentKey]int, page int) (fresh int, err error) {
	for _, agent := range agents {
		key := agent.key()
		if earlier, repeated := pages[key]; repeated && earlier != page {
			continue
		}
		fresh++
		pages[key] = page
		if r.given[key] {
			continue
		}
		r.given[key] = true
		if !r.yield(agent) {
			r.left = true
			return fresh, nil
		}
		if err := r.agents.client.engine.lifetimes.over(ctx); err != nil {
			return fresh, newError(r.call, nil, err)
		}
	}
	return fresh, nil
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
		v.fault("backupClientID", "or HostID (instanceID) is required")
	}
}

// Get finds an agent by its ID or by its host. It makes one request for every 50 agents that match.
// If a host has several agents, it prefers an active one. If there is none, the error matches
// [ErrNotFound], or [ErrIncomplete] if the pages do not add up: see [Agents.All]. It changes nothing
// and is safe to repeat.
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
	case found != nil && (err == nil || errors.Is(err, ErrIncomplete)):
		return found, nil
	case err != nil:
		return nil, err
	}
	return nil, newError(cl, nil, fmt.Errorf("%s: %w", what, ErrNotFound))
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
		Sent wireText `json:"UninstallStatus" wire:"once"`
	}
	if err := wirejson.Unmarshal(data, &wire); err != nil {
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
	return do(ctx, s.client, agentsByHost, copyOf(req), new(ListAgentsResponse))
}

var agentsByHost = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/client-by-instance-backup", inBody: true}

// maxAgentPage is how many agents a page holds at most.
const maxAgentPage = 50

// parseSent reads whether a command was sent, from a boolean or from text. It returns nil if
// nothing was given.
func parseSent(field string, status wireText) (*bool, error) {
	given := strings.TrimSpace(string(status))
	if given == "" {
		return nil, nil
	}
	sent, err := strconv.ParseBool(strings.ToLower(given))
	if err != nil {
		return nil, fmt.Errorf("its %s is %q", field, given)
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

// installing reports whether the agent is being installed.
func (a *Agent) installing() bool {
	return strings.Contains(strings.ToLower(string(a.Status)), "installing")
}
