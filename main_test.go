package ctcbr_test

import (
	"testing"

	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }
