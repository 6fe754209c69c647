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

// WaitActivated waits until the agent of a host is active, and returns it. Of several agents of a
// host one that is active counts, and then one that has not failed.
//
// A state that ends in Fail or Failed is an error that matches ErrFailed, once the agent was in
// another state before or the patience of WaitListed is over: one that is installed anew may still be
// listed as it was before. All other states are waited on, since the service documents none. A host
// whose agent is not listed by then, or was and is missing in three polls in a row, is an error that
// matches ErrVanished. A wait that ends before the agent is active is a *WaitError.
//
// GET /v4/backup/client-by-instance-backup (通过主机id查询云备份客户端)
func (s Agents) WaitActivated(ctx context.Context, hostID string, opts ...WaitOption) (*Agent, error) {
	if err := checkIDs("client-by-instance-backup", "backupSrcInstanceID", hostID); err != nil {
		return nil, err
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

// poll lists the agents of the host. What an incomplete list lacks is not missing.
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

// miss takes in that the host has no agent, or that the service says that it is not found.
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

var errNoAgent = &special{"was never listed: the host has none (Agents.Install comes first), or its ID or WaitRegion is wrong", ErrVanished}

// agentOf finds the agent of a host. If it has several, an active one, and then one that has not
// failed.
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

// isFailure reports whether a state says that something has failed.
func (s AgentStatus) isFailure() bool {
	return strings.HasSuffix(string(s), "Fail") || strings.HasSuffix(string(s), "Failed")
}

// incomplete is the error of a page of agents that lacks what the service counts.
func (r *ListAgentsResponse) incomplete(count int) error {
	cl := &call{operation: agentsByHost, requestID: r.RequestID, attempts: 1}
	return newError(cl, nil, fmt.Errorf("%w: %d of %d agents came", ErrIncomplete, len(r.Agents), count))
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

// All gives out the agents of a region one by one, page after page from the page that the request
// names, in pages of 50 unless it says otherwise. It asks once a page, keeps one page and the IDs of
// what it gave out, and can be ranged over more than once. It ends when as many agents came as the
// service counts, at a page without agents, at a page that is not full where the service does not
// count, and at a page that holds nothing new.
//
// An agent that is installed or removed between two pages moves others from page to page. Where that
// shows, by a count that changes, an agent that comes again or an end before the count, the pages
// are read again, at most three times. No agent is given out twice. If the pages still do not add up,
// that is an error that matches ErrIncomplete and says both numbers. An error comes as the last
// element, behind the agents that came before.
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

// pages gives the agents of all pages to yield until that returns false, each once. It returns a
// call that stands for its requests.
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

// agentReader reads the pages of agents, as often as it takes, and gives out each agent once.
type agentReader struct {
	agents Agents
	call   *call // stands for the requests
	yield  func(Agent) bool
	left   bool // yield wants no more
	given  map[agentKey]bool
	total  int // what the service counted last
}

// agentKey tells agents apart, and hosts without an agent. Items that name neither are told apart by
// what else they hold.
type agentKey struct{ id, hostID, content string }

func (a *Agent) key() agentKey {
	if isBlank(a.ID) && isBlank(a.HostID) {
		return agentKey{content: fmt.Sprintf("%+v", *a)}
	}
	return agentKey{id: a.ID, hostID: a.HostID}
}

// read reads the pages once, from one on. It reports whether they add up. It stops where they do
// not, unless it is to read on and give out what there is.
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

// give gives out the agents of a page, but for those that were given out before. It returns how many
// did not come on an earlier page of this reading.
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
// not there is an error that matches ErrNotFound; one that is not among pages which do
// not add up, see All, is one that matches ErrIncomplete. It changes nothing and can be
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
	case found != nil && (err == nil || errors.Is(err, ErrIncomplete)):
		return found, nil
	case err != nil:
		return nil, err
	}
	return nil, newError(cl, nil, fmt.Errorf("%s: %w", what, ErrNotFound))
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
	return do(ctx, s.client, agentsByHost, copyOf(req), new(ListAgentsResponse))
}

var agentsByHost = operation{kind: kindRead, method: http.MethodGet, path: "/v4/backup/client-by-instance-backup", inBody: true}

// maxAgentPage is how many agents a page holds at most.
const maxAgentPage = 50

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
