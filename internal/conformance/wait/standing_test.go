package wait

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

// Whatever ends the look-up of an order, the order stands, and the error says what to do about it.
func TestOrderWaitThatIsRefusedSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]cbrtest.Fault{
		"keys":        {Status: 401},
		"permissions": {Code: "CTIAM_0005"},
		"region":      {Code: "Openapi.RegionInfo.AccessFailed"},
		"a failure":   {Code: "Backup.Some.Thing"},
		"no such API": {Body: `{"statusCode":"CTAPI_10000","eopErrCode":"10000","message":"no such API"}`},
		"a page":      {Status: 404, Body: "<html>"},
		"a redirect":  {Status: 302},
		"not found":   {Code: "Order.NotFound"},
	} {
		fault.Times = -1
		conformance.InBubble(t, func(t *testing.T, cloud *cbrtest.Server, client *ctcbr.Client) {
			cloud.Inject("query-uuid", fault)
			_, err := client.Orders.Wait(t.Context(), "order-1")
			var ended *ctcbr.WaitError
			require.ErrorAs(t, err, &ended, name)
			require.Equal(t, []string{"order-1"}, ended.Pending)
			require.ErrorContains(t, err, "or send the same request again with its client token, which returns this order and places no other", name)
		})
	}
}
