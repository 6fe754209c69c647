package cbrtest

import (
	"net"
	"time"
)

// An Option changes how [NewServer] sets a server up.
type Option func(*config)

type config struct {
	accessKey, secretKey string
	regionID             string
	inMemory             bool
	listener             net.Listener
	polls                Polls
	clock                time.Time
	activated            bool
	gatewayStatus        int
}

func defaultConfig() config {
	return config{
		accessKey: "test-ak",
		secretKey: "test-sk",
		regionID:  "81f7728662dd11ec810800155d307d5b",
	}
}

// WithCredentials sets the keys that clients must sign with, instead of test-ak and test-sk. Never give real ones.
func WithCredentials(accessKey, secretKey string) Option {
	return func(c *config) { c.accessKey, c.secretKey = accessKey, secretKey }
}

// WithRegion sets the ID of the region in which the service can be used. The IDs that a server chooses follow from its
// region: those of two regions differ, and those of one region are the same in every run of a test.
func WithRegion(id string) Option {
	return func(c *config) { c.regionID = id }
}

// InMemory serves over connections in memory instead of the network; only [Server.HTTPClient] reaches such a server.
// All that it does then happens in its own goroutines and those of its clients, so that it can be used inside a bubble
// of testing/synctest.
func InMemory() Option {
	return func(c *config) { c.inMemory = true }
}

// WithListener serves on the given listener, which the server closes. Where it listens on every address of the machine,
// [Server.URL] has that of the loopback interface.
func WithListener(l net.Listener) Option {
	return func(c *config) { c.listener = l }
}

// WithPolls sets how many reads show things under way.
func WithPolls(p Polls) Option {
	return func(c *config) { c.polls = p }
}

// WithClock makes the clock of the state start at the given time and stand still there; [Server.Advance] moves it.
// Without this option the clock follows the machine's.
func WithClock(start time.Time) Option {
	return func(c *config) { c.clock = start }
}

// Activated starts with the service activated in the region. Otherwise it has to be activated with
// open-service-backup before anything can be ordered, installed or planned.
func Activated() Option {
	return func(c *config) { c.activated = true }
}

// WithGatewayStatus sets the HTTP status of all refusals of the gateway: of a wrong key, signature, date or path. By
// default it is 401, and 404 for a path that does not exist. What the real gateway answers with is not known; try 200
// to see that your program does not take a refusal for a success.
func WithGatewayStatus(status int) Option {
	return func(c *config) { c.gatewayStatus = status }
}

// Polls says how many reads show a thing under way before the next one shows it done. Zero stands for the default, a
// negative number for none: already the first read shows it done.
type Polls struct {
	// Order counts looks at an order: the order itself, a repetition of it, or the list of repositories. Default 2.
	Order int
	// Install counts looks at an agent that is being installed, in either list of agents. Default 2.
	Install int
	// Task counts looks at a backup task. The first shows it as Preparing, those after it as Executing with growing
	// progress. Default 4.
	Task int
	// Restore counts looks at a restore. The first shows it as RestoreCreating, those after it as RestoreRunning with
	// growing progress. Default 4.
	Restore int
	// Cancel counts looks at a task or a restore that is being cancelled. Default 1.
	Cancel int
	// Destroy counts looks at a repository that is being destroyed after it was unsubscribed. Default 1.
	Destroy int
}

// filled returns the polls with defaults for zero and zero for what is negative.
func (p Polls) filled() Polls {
	fill := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
		*n = max(*n, 0)
	}
	fill(&p.Order, 2)
	fill(&p.Install, 2)
	fill(&p.Task, 4)
	fill(&p.Restore, 4)
	fill(&p.Cancel, 1)
	fill(&p.Destroy, 1)
	return p
}
