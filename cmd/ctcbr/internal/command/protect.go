package command

import "github.com/spf13/cobra"

func (a *app) protect() *cobra.Command      { return a.group("protect", "x") }
func (a *app) run() *cobra.Command          { return a.group("run", "x") }
func (a *app) report() *cobra.Command       { return a.group("report", "x") }
func (a *app) watch() *cobra.Command        { return a.group("watch", "x") }
func (a *app) restoreStart() *cobra.Command { return a.group("start", "x") }
