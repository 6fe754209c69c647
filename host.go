package ctcbr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Hosts are the machines that can be protected, with or without an agent. The service lists
// agents, not hosts, page by page and each kind separately. Here a host is one [Host], whatever
// its kind and however many agents it has had.
//
// A host is listed if it has an agent, or if the service offers to install one on it. Whether the
// service does so for every kind of host is not documented. A host without an agent cannot be
// found if the service does not list it.
type Hosts struct{ client *Client }

// Host is a machine that can be protected.
type Host struct {
	// ID is the host's ID, as every HostID field of this package takes it.
	ID   string
	Name string
	IPs  []string
	// SourceType is the kind of host that was listed when it was found.
	SourceType SourceType
	// OSType and OSArch are the operating system and architecture (seen: "linux", "x86_64").
	OSType, OSArch string
	// Agent is the host's agent, or nil if it has none. Of several agents it is an active one.
	Agent *Agent
}

// Active reports whether the host has an active agent and can be backed up.
func (h Host) Active() bool { return h.Agent != nil && h.Agent.Status == AgentActivated }

// label returns the name of the host for errors.
func (h Host) label() string { return cmp.Or(h.Name, h.ID, "without a name") }

// HostError is the failure for one of several hosts: see [Hosts.FindAll], [Agents.Ensure] and
// [Plans.EnsureAll].
type HostError struct {
	// Host is the host. If it was not found, only Name is set, to the name that was searched for.
	Host Host
	Err  error
}

// Error names the host and describes the failure in one line.
func (e *HostError) Error() string {
	text := strings.TrimPrefix(withoutPrefix(e.Err), fmt.Sprintf("host named %q: ", e.Host.Name))
	return oneLine("ctcbr: host " + e.Host.label() + ": " + text)
}

// Unwrap returns the cause.
func (e *HostError) Unwrap() error { return e.Err }

// allSources are the kinds of hosts that are read if a request names none.
var allSources = []SourceType{SourceECS, SourceBareMetal, SourceOnPremises}

// sources returns the kinds that a request names, each once, or all kinds.
func sources(given []SourceType) []SourceType {
	if len(given) == 0 {
		return allSources
	}
	var kinds []SourceType
	for _, kind := range given {
		if kind = cmp.Or(kind, SourceECS); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// ListHostsRequest is the request of [Hosts.All].
type ListHostsRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// Sources are the kinds of hosts to list. Nil means all kinds.
	Sources []SourceType
}

// All iterates over the hosts of a region. It reads all hosts of a kind, with one request for
// every 50 agents, before it returns the first of them, so that a host with several agents comes
// once. An error is the last element. Only a loop that ends without an error has seen all hosts.
// It changes nothing and is safe to repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Hosts) All(ctx context.Context, req *ListHostsRequest) iter.Seq2[Host, error] {
	given := deref(req)
	return sequence(func(yield func(Host) bool) error {
		seen := make(map[string]bool) // the service might list a host as several kinds
		var incomplete error
		for _, kind := range sources(given.Sources) {
			hosts, err := s.read(ctx, given.RegionID, kind, "")
			if err != nil && !errors.Is(err, ErrIncomplete) {
				return err
			}
			incomplete = join(incomplete, err)
			for _, host := range hosts {
				if host.ID != "" && seen[host.ID] {
					continue
				}
				seen[host.ID] = true
				if !yield(host) {
					return nil
				}
			}
		}
		return incomplete
	})
}

// read reads the hosts of one kind, or those that match a query. With [ErrIncomplete] it returns
// those that were listed.
func (s Hosts) read(ctx context.Context, regionID string, kind SourceType, query string) ([]Host, error) {
	var hosts []Host
	at := make(map[string]int)
	agents := Agents(s).All(ctx, &ListAgentsRequest{RegionID: regionID, SourceType: kind, Query: query, NotOnlyInstalled: Ptr(true)})
	for agent, err := range agents {
		if errors.Is(err, ErrIncomplete) {
			return hosts, err
		} else if err != nil {
			return nil, err
		}
		host := agent.host(kind)
		i, known := at[host.ID]
		switch {
		case !known || host.ID == "":
			at[host.ID] = len(hosts)
			hosts = append(hosts, host)
		case host.Agent.rank() > hosts[i].Agent.rank():
			hosts[i].Agent = host.Agent
		}
	}
	return hosts, nil
}

// host returns the host of an agent.
func (a *Agent) host(kind SourceType) Host {
	host := Host{
		ID: a.HostID, Name: cmp.Or(a.HostName, a.Name), IPs: a.HostIPs,
		SourceType: kind, OSType: a.OSType, OSArch: a.OSArch,
	}
	// An agent that is being installed may have no ID yet.
	if a.ID != "" || a.installing() {
		host.Agent = clone(a)
	}
	return host
}

// rank orders the agents of one host: the highest represents it.
func (a *Agent) rank() int {
	switch {
	case a == nil:
		return 0
	case a.Status.isFailure():
		return 1
	case a.Status != AgentActivated:
		return 2
	}
	return 3
}

// GetHostRequest is the request of [Hosts.Get].
type GetHostRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// ID is the ID of the host: Host.ID.
	ID string
	// Sources are the kinds of hosts to search. Nil means all kinds.
	Sources []SourceType
}

func (r *GetHostRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("ID", r.ID)
}

// Get finds a host by its ID. It queries each kind for the ID first, and then reads all hosts if
// that did not find it. If there is no such host, the error matches [ErrNotFound]. It changes
// nothing and is safe to repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Hosts) Get(ctx context.Context, req *GetHostRequest) (*Host, error) {
	r := deref(req)
	if _, err := s.client.check(operation{path: "get-host"}, &r); err != nil {
		return nil, err
	}
	list := hostSearch{s, r.RegionID, sources(r.Sources)}
	return list.one(ctx, r.ID, fmt.Sprintf("host %q", r.ID), func(h *Host) bool { return h.ID == r.ID })
}

// FindHostRequest is the request of [Hosts.Find].
type FindHostRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// Name is the exact name of the host, or its ID.
	Name string
	// Sources are the kinds of hosts to search. Nil means all kinds.
	Sources []SourceType
}

func (r *FindHostRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.required("Name", r.Name)
}

// Find finds a host by its exact name or its ID. It queries each kind for the name first, and
// then reads all hosts if that did not find it. If there is no such host, the error matches
// [ErrNotFound]. If several hosts have the name, it is an [*AmbiguousError]. It changes nothing
// and is safe to repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Hosts) Find(ctx context.Context, req *FindHostRequest) (*Host, error) {
	r := deref(req)
	if _, err := s.client.check(operation{path: "find-host"}, &r); err != nil {
		return nil, err
	}
	list := hostSearch{s, r.RegionID, sources(r.Sources)}
	return list.one(ctx, r.Name, fmt.Sprintf("host named %q", r.Name), func(h *Host) bool { return h.ID == r.Name || h.Name == r.Name })
}

// hostSearch is a search for a host.
type hostSearch struct {
	hosts    Hosts
	regionID string
	kinds    []SourceType
}

// one finds the only host that matches, first in the results of a query and then among all hosts:
// how the service matches a query is not documented.
func (s hostSearch) one(ctx context.Context, query, sought string, matches func(*Host) bool) (*Host, error) {
	var incomplete error
	for _, query := range []string{query, ""} {
		var found []Host
		incomplete = nil
		for _, kind := range s.kinds {
			hosts, err := s.hosts.read(ctx, s.regionID, kind, query)
			if err != nil && !errors.Is(err, ErrIncomplete) {
				return nil, err
			}
			incomplete = join(incomplete, err)
			for _, host := range hosts {
				known := slices.ContainsFunc(found, func(h Host) bool { return h.ID == host.ID })
				if matches(&host) && !known {
					found = append(found, host)
				}
			}
		}
		if len(found) > 0 {
			return theOne(sought, found)
		}
	}
	if incomplete != nil {
		return nil, incomplete
	}
	return nil, notListed(agentList, sought)
}

// notListed is the error for something that a complete list does not contain.
func notListed(list operation, sought string) error {
	return &Error{Operation: list.name(), Method: list.method, Path: list.path, Err: fmt.Errorf("%s: %w", sought, ErrNotFound)}
}

// theOne returns the host that was found, if there is exactly one.
func theOne(sought string, found []Host) (*Host, error) {
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	if len(found) == 1 {
		return &found[0], nil
	}
	ambiguous := &AmbiguousError{Sought: sought}
	for _, host := range found {
		detail := strings.Join(append([]string{string(host.SourceType)}, host.IPs...), " ")
		ambiguous.Candidates = append(ambiguous.Candidates, Candidate{ID: host.ID, Name: host.Name, Detail: detail})
	}
	return nil, ambiguous
}

// FindHostsRequest is the request of [Hosts.FindAll].
type FindHostsRequest struct {
	// RegionID is the ID of the region (resource pool). Empty means the client's.
	RegionID string
	// Names are the exact names of the hosts, or their IDs. At least one is required.
	Names []string
	// Sources are the kinds of hosts to search. Nil means all kinds.
	Sources []SourceType
}

func (r *FindHostsRequest) complete(v *validation) {
	v.region(&r.RegionID)
	v.given("Names", len(r.Names) > 0)
	for i, name := range r.Names {
		v.required(fmt.Sprintf("Names[%d]", i), name)
	}
}

// FindAll finds many hosts by their exact names or their IDs, with as many requests as
// [Hosts.All]. It returns the hosts that it found, in the order of Names, each once.
//
// The error joins a [*HostError] for every name that was not resolved. It matches [ErrNotFound]
// if no host has the name, [ErrIncomplete] if no host that was listed has it but the service
// counts more hosts than it lists, and [ErrAmbiguous] if several hosts have it. No host at all is
// returned if a list could not be read or a name is not valid. It changes nothing and is safe to
// repeat.
//
// GET /v4/backup/info-client-backup (查询备份客户端信息)
func (s Hosts) FindAll(ctx context.Context, req *FindHostsRequest) ([]Host, error) {
	r := deref(req)
	if _, err := s.client.check(operation{path: "find-hosts"}, &r); err != nil {
		return nil, err
	}
	wanted := make(map[string][]Host, len(r.Names))
	for _, name := range r.Names {
		wanted[name] = nil
	}
	missing := ErrNotFound
	for host, err := range s.All(ctx, &ListHostsRequest{RegionID: r.RegionID, Sources: r.Sources}) {
		if errors.Is(err, ErrIncomplete) {
			missing = err
			continue
		} else if err != nil {
			return nil, err
		}
		for name := range map[string]bool{host.ID: true, host.Name: true} {
			if before, ok := wanted[name]; ok {
				wanted[name] = append(before, host)
			}
		}
	}
	return pick(r.Names, wanted, missing)
}

// pick returns the hosts that were found by name, each once. missing is the error of a name without
// a host.
func pick(names []string, found map[string][]Host, missing error) ([]Host, error) {
	var hosts []Host
	var failures []error
	taken, missed := make(map[string]bool), make(map[string]bool)
	for _, name := range names {
		host, err := theOne(fmt.Sprintf("host named %q", name), found[name])
		if len(found[name]) == 0 {
			err = missing
		}
		switch {
		case err != nil && !missed[name]:
			missed[name] = true
			failures = append(failures, &HostError{Host: Host{Name: name}, Err: err})
		case err == nil && (host.ID == "" || !taken[host.ID]):
			taken[host.ID] = true
			hosts = append(hosts, *host)
		}
	}
	return hosts, join(failures...)
}
