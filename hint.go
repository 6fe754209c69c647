package ctcbr

import (
	"fmt"
	"strings"
	"time"
)

// hint says what to do next about the failures that newcomers meet.
func (e *Error) hint() string {
	if e.skew.Abs() > maxSkew && (e.HTTPStatus == 401 || e.HTTPStatus == 403) {
		return fmt.Sprintf("the clock of this machine differs from the server's by %s: set it right", e.skew.Abs().Round(time.Second))
	}
	switch e.HTTPStatus {
	case 401:
		return "check the key pair: both keys, of one account, and not disabled"
	case 403:
		return "check that the key pair has the right to do this, and that the address of this machine is on the account's IP allow-list"
	}
	code := strings.ToLower(e.Code)
	for _, h := range hints {
		if strings.Contains(code, h.code) {
			return h.text
		}
	}
	return ""
}

// hints are looked for in the code of the service, in this order.
var hints = [...]struct{ code, text string }{
	{"service.notactiv", "activate the service in the region once, with Client.OpenService"},
	{"service.notopen", "activate the service in the region once, with Client.OpenService"},
	{"region.", "Regions.List gives the IDs of regions, which are not their names"},
	{"client.notactiv", "the host needs an active agent: Agents.Install, then Agents.WaitActivated"},
	{"agent.notactiv", "the host needs an active agent: Agents.Install, then Agents.WaitActivated"},
	{"signature", "check the secret key"},
}
