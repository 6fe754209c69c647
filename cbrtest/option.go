package cbrtest

import (
	"net"
	"time"
)

// An Option configures a server, see [NewServer].
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

// WithCredentials sets the keys that clients must sign with; test-ak and test-sk by default. Never give real ones.
func WithCredentials(accessKey, secretKey string) Option {
	return func(c *config) { c.accessKey, c.secretKey = accessKey, secretKey }
}

// WithRegion sets the ID of the region in which the service can be used. The IDs that a server chooses follow from its
// region: those of two regions differ, and those of one region are the same in every run of a test.
func WithRegion(id string) Option {
	return func(c *config) { c.regionID = id }
}

// InMemory serves over connections in memory instead of the network. Only [Server.HTTPClient] reaches such a server. It
// waits for nothing outside of the process, so that it can be used inside a bubble of testing/synctest.
func InMemory() Option {
	return func(c *config) { c.inMemory = true }
}

// WithListener serves on the given listener, which the server closes. If it listens on every address of the machine,
// [Server.URL] has the one of the loopback interface.
func WithListener(l net.Listener) Option {
	return func(c *config) { c.listener = l }
}

// WithPolls sets how many polls show things under way.
func WithPolls(p Polls) Option {
	return func(c *config) { c.polls = p }
}

// WithClock sets the clock of the state, which then stands still until [Server.Advance] moves it. Without this option
// it follows the clock of the machine.
func WithClock(start time.Time) Option {
	return func(c *config) { c.clock = start }
}

// Activated starts with the service activated in the region. Otherwise it has to be activated with [OpenService] before
// anything can be ordered, installed or planned.
func Activated() Option {
	return func(c *config) { c.activated = true }
}

// WithGatewayStatus sets the HTTP status of all refusals of the gateway: of a wrong key, signature, date or path. 0
// stands for the default, which is 401, and 404 for a path that does not exist. Which status the real gateway sends is
// not known; try 200 to see that your program does not take a refusal for a success. WithGatewayStatus panics unless
// the status is 0 or 200 to 999.
func WithGatewayStatus(status int) Option {
	mustBeStatus(status)
	return func(c *config) { c.gatewayStatus = status }
}

// Polls says how many polls show a thing under way before the next one shows it done. Zero stands for the default, and
// a negative number for none: the first poll shows it done.
type Polls struct {
	// Order counts the polls of an order: looking it up, placing it again, or listing vaults. Default 2.
	Order int
	// Install counts the polls of an agent that is being installed: the pages of either list that it is on. Default 2.
	Install int
	// Task counts the polls of a backup task. The first shows it as Preparing, those after it as Executing with growing
	// progress. Default 4.
	Task int
	// Restore counts the polls of a restore. The first shows it as RestoreCreating, those after it as RestoreRunning
	// with growing progress. Default 4.
	Restore int
	// Cancel counts the polls of a task or a restore that is being cancelled. Default 1.
	Cancel int
	// Destroy counts the polls of a vault that is being destroyed after it was unsubscribed. Default 1.
	Destroy int
}

// filled returns the polls with defaults for zero and zero for what is negative.
func (polls Polls) filled() Polls {
	fill := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
		*n = max(*n, 0)
	}
	fill(&polls.Order, 2)
	fill(&polls.Install, 2)
	fill(&polls.Task, 4)
	fill(&polls.Restore, 4)
	fill(&polls.Cancel, 1)
	fill(&polls.Destroy, 1)
	return polls
}
