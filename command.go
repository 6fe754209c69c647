package ctcbr

import (
	"fmt"
	"strings"
)

// CommandStatus says whether the service took a command. One that it did not take
// is an error that matches ErrRejected.
type CommandStatus struct {
	// Status is CommandAccepted, or empty where the service gives no detail.
	Status CommandResult `json:"status"`
	// Message is the service's text about it.
	Message string `json:"msg"`
}

// CommandResult is what became of a command.
type CommandResult string

// CommandAccepted is the one result that is documented; any other is an error.
const CommandAccepted CommandResult = "success"

// UnmarshalJSON keeps whatever was written, so that no refusal passes for silence.
func (r *CommandResult) UnmarshalJSON(data []byte) error {
	*r = CommandResult(plainText(data))
	return nil
}

func (s CommandStatus) check(*call, *attempt) error {
	if s.Status == "" || strings.EqualFold(strings.TrimSpace(string(s.Status)), string(CommandAccepted)) {
		return nil
	}
	return fmt.Errorf("%w: status %q: %s", ErrRejected, s.Status, s.Message)
}
