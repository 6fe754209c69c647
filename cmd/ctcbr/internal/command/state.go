package command

import "github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"

// stateWords are readable names for states of the service.
var stateWords = map[string]string{
	"CreateSuccess": "active", "Stop": "stopped", "CreateFail": "could not be created",
	"Available": "available", "NotAvailable": "not available", "Restoring": "being restored",
	"Expire": "expired", "Refing": "unsubscribing", "Destorying": "being destroyed",
	"Preparing": "preparing", "Executing": "running", "Completed": "completed", "Failed": "failed",
	"Canceling": "being canceled", "Canceled": "canceled", "Cancelled": "canceled",
	"RestoreCreating": "preparing", "RestoreRunning": "running", "RestoreCompleted": "completed", "RestoreFail": "failed",
	"RestoreCreateFail": "could not be created", "RestoreCanceling": "being canceled",
	"Activated": "active", "Installing": "being installed", "InstallFail": "could not be installed",
}

// words translates a state to the language of the run. An undocumented state is not changed.
func (a *app) words(state string) string {
	if words := stateWords[state]; words != "" {
		return a.t(words)
	}
	return a.t(state)
}

func (a *app) state(raw string) terminal.State { return terminal.State{Raw: raw, Words: a.words(raw)} }
