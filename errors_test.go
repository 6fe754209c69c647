package ctcbr

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	one, two, three := errors.New("one"), errors.New("two"), errors.New("three\nlines")
	require.NoError(t, join())
	require.NoError(t, join(nil, nil))
	require.Equal(t, one, join(nil, one, nil), "one error is itself")

	all := join(join(one, two), nil, three)
	require.Equal(t, "one; two; three lines", all.Error())
	require.ErrorIs(t, all, three)
	var several interface{ Unwrap() []error }
	require.ErrorAs(t, all, &several)
	require.Equal(t, []error{one, two, three}, several.Unwrap())

	wrapped := fmt.Errorf("both: %w", join(one, two))
	require.Equal(t, "both: one; two; three lines", join(wrapped, three).Error())
}
