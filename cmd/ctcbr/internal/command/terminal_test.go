package command

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr/cmd/ctcbr/internal/terminal"
)

// onTerminal runs a command whose output is a terminal of so many columns.
func (c *tool) onTerminal(width int, args ...string) string {
	c.t.Helper()
	c.stdout.reset()
	c.stderr.reset()
	status := runWith(c.t.Context(), args, c.surroundings(nil), terminal.NewTerminal(&c.stdout, width), terminal.NewTerminal(&c.stderr, width))
	require.Zero(c.t, status, c.stderr.String())
	return c.stdout.String()
}

func requireFits(t *testing.T, said string, width int) {
	t.Helper()
	for line := range strings.SplitSeq(said, "\n") {
		require.LessOrEqual(t, text.StringWidthWithoutEscSequences(line), width, line)
	}
}
