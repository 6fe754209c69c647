package observe

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/cbrtest"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

var sentinels = []error{
	ctcbr.ErrOutcomeUnknown, ctcbr.ErrNotFound, ctcbr.ErrAmbiguous, ctcbr.ErrUnauthorized, ctcbr.ErrThrottled,
	ctcbr.ErrUnavailable, ctcbr.ErrOrderInProgress, ctcbr.ErrTooLarge, ctcbr.ErrBadAnswer, ctcbr.ErrRejected,
	ctcbr.ErrRedirect, ctcbr.ErrInvalid, ctcbr.ErrClosed, ctcbr.ErrRegion,
}

// Every sentinel, and what brings it about. An error matches those and no others.
func TestWhatErrorsMatch(t *testing.T) {
	t.Parallel()
	const order, write, read = "order", "write", "read"
	find := func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
		_, err := c.Storages.Find(ctx, &ctcbr.FindStorageRequest{Name: "twin"})
		return err
	}
	nothing := func(ctx context.Context, c *ctcbr.Client, _ *cbrtest.Server) error {
		_, err := c.Storages.Renew(ctx, nil)
		return err
	}
	closed := func(ctx context.Context, c *ctcbr.Client, cloud *cbrtest.Server) error {
		require.NoError(t, c.Close())
		return acts[order](ctx, c, cloud)
	}
	status := func(status int) *cbrtest.Fault { return &cbrtest.Fault{Status: status} }
	code := func(code string) *cbrtest.Fault { return &cbrtest.Fault{Code: code} }
	body := func(body string) *cbrtest.Fault { return &cbrtest.Fault{Body: body} }

	cases := map[string]struct {
		act   string
		call  func(context.Context, *ctcbr.Client, *cbrtest.Server) error // instead of act
		fault *cbrtest.Fault
		twins int
		is    []error
	}{
		"HTTP 401":             {act: read, fault: status(401), is: []error{ctcbr.ErrUnauthorized}},
		"HTTP 403":             {act: order, fault: status(403), is: []error{ctcbr.ErrUnauthorized}},
		"HTTP 404":             {act: write, fault: status(404), is: []error{ctcbr.ErrBadAnswer}},
		"HTTP 418":             {act: read, fault: status(418), is: []error{ctcbr.ErrBadAnswer}},
		"HTTP 429":             {act: write, fault: status(429), is: []error{ctcbr.ErrThrottled}},
		"HTTP 301":             {act: read, fault: status(301), is: []error{ctcbr.ErrRedirect}},
		"HTTP 308 of a write":  {act: write, fault: status(308), is: []error{ctcbr.ErrRedirect}},
		"HTTP 500 of a read":   {act: read, fault: status(500), is: []error{ctcbr.ErrUnavailable}},
		"HTTP 501 of an order": {act: order, fault: status(501), is: []error{ctcbr.ErrUnavailable, ctcbr.ErrOutcomeUnknown}},
		"HTTP 503 of a write":  {act: write, fault: status(503), is: []error{ctcbr.ErrUnavailable, ctcbr.ErrOutcomeUnknown}},

		"code of a region":               {act: read, fault: code("Openapi.RegionInfo.AccessFailed"), is: []error{ctcbr.ErrRegion}},
		"its code with HTTP 404":         {act: write, fault: &cbrtest.Fault{Status: 404, Code: "openapi.regionInfo.accessFailed"}, is: []error{ctcbr.ErrRegion}},
		"a region that is not found":     {act: order, fault: code("Backup.Region.NotFound"), is: []error{ctcbr.ErrRegion}},
		"a missing permission":           {act: read, fault: code("CTIAM_0005"), is: []error{ctcbr.ErrUnauthorized}},
		"a missing privilege":            {act: order, fault: code("ctiam_1044"), is: []error{ctcbr.ErrUnauthorized}},
		"a fault of the platform":        {act: read, fault: code("openapi.innerSys.accessFailed"), is: []error{ctcbr.ErrUnavailable}},
		"one under a write":              {act: write, fault: code("openapi.charge.fused"), is: []error{ctcbr.ErrUnavailable, ctcbr.ErrOutcomeUnknown}},
		"one under an order":             {act: order, fault: code("Openapi.Yacos.accessFailed"), is: []error{ctcbr.ErrUnavailable, ctcbr.ErrOutcomeUnknown}},
		"an access key by HTTP 500":      {act: order, fault: &cbrtest.Fault{Status: 500, Code: "openapi.requestParse.accessKeyInvalid"}, is: []error{ctcbr.ErrUnauthorized}},
		"an order of a sibling product":  {act: order, fault: code("Openapi.Order.Inprogress"), is: []error{ctcbr.ErrOrderInProgress}},
		"code of what is not found":      {act: read, fault: code("Backup.Storage.NotFound"), is: []error{ctcbr.ErrNotFound}},
		"code of what does not exist":    {act: order, fault: code("backup.order.notExist"), is: []error{ctcbr.ErrNotFound}},
		"code of what not exists":        {act: write, fault: code("Backup.Plan.NotExists"), is: []error{ctcbr.ErrNotFound}},
		"code of the unauthorized":       {act: read, fault: code("CTAPI.Auth.Unauthorized"), is: []error{ctcbr.ErrUnauthorized}},
		"code of access denied":          {act: read, fault: code("CTAPI.AccessDenied.User"), is: []error{ctcbr.ErrUnauthorized}},
		"code of the forbidden":          {act: read, fault: code("Backup.Operation.Forbidden"), is: []error{ctcbr.ErrUnauthorized}},
		"code of throttling":             {act: read, fault: code("CTAPI.Throttling.User"), is: []error{ctcbr.ErrThrottled}},
		"code of a flow limit":           {act: read, fault: code("CTAPI.FlowLimit"), is: []error{ctcbr.ErrThrottled}},
		"code of too many requests":      {act: read, fault: code("CTAPI.TooManyRequests"), is: []error{ctcbr.ErrThrottled}},
		"code of nothing known":          {act: order, fault: code("Backup.Storage.Busy")},
		"code of an order in progress":   {act: order, fault: code("Backup.Order.InProgress"), is: []error{ctcbr.ErrOrderInProgress}},
		"its code in other letters":      {act: order, fault: code("backup.order.inProgress"), is: []error{ctcbr.ErrOrderInProgress}},
		"a status outranks its code":     {act: read, fault: &cbrtest.Fault{Status: 404, Code: "CTAPI.Auth.Forbidden"}, is: []error{ctcbr.ErrNotFound}},
		"a server fault names a missing": {act: read, fault: &cbrtest.Fault{Status: 500, Code: "Backup.Storage.NotFound"}, is: []error{ctcbr.ErrUnavailable}},

		"a page":                   {act: read, fault: body("<html>"), is: []error{ctcbr.ErrBadAnswer}},
		"a page to a write":        {act: write, fault: body("<html>"), is: []error{ctcbr.ErrBadAnswer, ctcbr.ErrOutcomeUnknown}},
		"an order without an ID":   {act: order, fault: body(`{"statusCode":800}`), is: []error{ctcbr.ErrBadAnswer, ctcbr.ErrOutcomeUnknown}},
		"a command not taken":      {act: write, fault: body(`{"statusCode":800,"returnObj":{"status":"fail"}}`), is: []error{ctcbr.ErrRejected}},
		"too much":                 {act: read, fault: body(strings.Repeat(" ", 1<<20+1)), is: []error{ctcbr.ErrTooLarge}},
		"too much for an order":    {act: order, fault: body(strings.Repeat(" ", 1<<20+1)), is: []error{ctcbr.ErrTooLarge, ctcbr.ErrOutcomeUnknown}},
		"a connection that breaks": {act: write, fault: &cbrtest.Fault{Conn: cbrtest.ResetAfterRequest}, is: []error{ctcbr.ErrOutcomeUnknown}},

		"a name that nothing bears": {call: find, is: []error{ctcbr.ErrNotFound}},
		"a name that two bear":      {call: find, twins: 2, is: []error{ctcbr.ErrAmbiguous}},
		"an empty request":          {call: nothing, is: []error{ctcbr.ErrInvalid}},
		"a client that was closed":  {call: closed, is: []error{ctcbr.ErrClosed}},
	}
	produced := map[error]bool{}
	for name, c := range cases {
		for _, sentinel := range c.is {
			produced[sentinel] = true
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conformance.Watching(t, func(t *testing.T, cloud *cbrtest.Server, client func(...ctcbr.Option) *ctcbr.Client) {
				for range c.twins {
					cloud.AddStorage(cbrtest.Storage{Name: "twin"})
				}
				if c.fault != nil {
					answers(*c.fault)(cloud)
				}
				call := c.call
				if call == nil {
					call = acts[c.act]
				}
				err := call(t.Context(), client(ctcbr.WithMaxAnswer(1<<20)), cloud)
				require.Error(t, err)
				for _, sentinel := range sentinels {
					require.Equal(t, slices.Contains(c.is, sentinel), errors.Is(err, sentinel), "%v: is it %q?", err, sentinel)
				}
			})
		})
	}
	for _, sentinel := range sentinels {
		require.True(t, produced[sentinel], "no case brings about %q", sentinel)
	}
}

// What is not known is left out of the text.
func TestErrorText(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		text string
	}{
		"everything": {&ctcbr.Error{
			Operation: "create-storage-backup", HTTPStatus: 400, StatusCode: 900, Code: "Backup.Storage.Busy", Message: "try later", Description: "请稍后再试",
			RequestID: "id-1", Attempts: 3, ClientToken: "token-1", Err: errors.New("cause"), Body: "<p>\n",
		}, `ctcbr: create-storage-backup: HTTP 400: Backup.Storage.Busy: try later (请稍后再试): cause: response begins "<p>\n" [request id-1, after 3 attempts, client token token-1]`},
		"one attempt":           {&ctcbr.Error{Operation: "op", HTTPStatus: 500, RequestID: "id-1", Attempts: 1}, "ctcbr: op: HTTP 500; hint: try again later, or give the request ID to the service's support [request id-1, after 1 attempt]"},
		"nothing was sent":      {&ctcbr.Error{Operation: "op", Err: errors.New("cause")}, "ctcbr: op: cause"},
		"an order was not sent": {&ctcbr.Error{Operation: "op", Err: errors.New("cause"), ClientToken: "token-1"}, "ctcbr: op: cause [client token token-1]"},
		"no request ID":         {&ctcbr.Error{Operation: "op", Err: errors.New("cause"), Attempts: 2}, "ctcbr: op: cause [after 2 attempts]"},
		"Chinese alone":         {&ctcbr.Error{Operation: "op", StatusCode: 900, Description: "请稍后再试"}, "ctcbr: op: status 900: 请稍后再试"},
		"one text twice":        {&ctcbr.Error{Operation: "op", StatusCode: 900, Message: "later", Description: "later"}, "ctcbr: op: status 900: later"},
		"the root as a path":    {&ctcbr.Error{Operation: "/", HTTPStatus: 500}, "ctcbr: HTTP 500; hint: try again later, or give the request ID to the service's support"},
		"an operation alone":    {&ctcbr.Error{Operation: "op"}, "ctcbr: op: failed"},
		"nothing":               {&ctcbr.Error{}, "ctcbr: failed"},
		"no error":              {(*ctcbr.Error)(nil), "<nil>"},

		"faults":                         {&ctcbr.ValidationError{Operation: "op", Faults: []ctcbr.Fault{{Field: "name", Problem: "is required"}, {Field: "hour", Problem: "must be 0 to 23, is 24"}}}, "ctcbr: op: invalid request: name is required; hour must be 0 to 23, is 24"},
		"faults with both names":         {&ctcbr.ValidationError{Operation: "op", Faults: []ctcbr.Fault{{Name: "Name", Field: "backupPolicyName", Problem: "is required"}, {Name: "Dir", Field: "Dir", Problem: "is blank"}}}, "ctcbr: op: invalid request: Name (backupPolicyName) is required; Dir is blank"},
		"faults of no known operation":   {&ctcbr.ValidationError{Operation: ".", Faults: []ctcbr.Fault{{Field: "Path", Problem: "is required"}}}, "ctcbr: invalid request: Path is required"},
		"a fault without a field":        {&ctcbr.ValidationError{Faults: []ctcbr.Fault{{Problem: "the body is empty"}}}, "ctcbr: invalid request: the body is empty"},
		"no faults":                      {&ctcbr.ValidationError{}, "ctcbr: invalid request"},
		"no error of what was not valid": {(*ctcbr.ValidationError)(nil), "<nil>"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.text, c.err.Error())
		})
	}
}

// An error that holds nothing answers all the same.
func TestErrorOfNothing(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]*ctcbr.Error{"nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, sentinel := range sentinels {
				require.NotErrorIs(t, e, sentinel)
			}
			require.False(t, e.Is(nil))
			require.False(t, e.HasCode("Backup.Order.InProgress"))
			require.NoError(t, e.Unwrap())
			require.NotErrorIs(t, &ctcbr.Error{Err: e}, ctcbr.ErrNotFound)
		})
	}
}

// A call that was never sent tells nothing of requests.
func TestErrorOfACallThatIsNotSent(t *testing.T) {
	t.Parallel()
	client, err := ctcbr.NewClient(ctcbr.WithStaticCredentials("ak", "sk"), ctcbr.WithRegion("r"))
	require.NoError(t, err)
	_, err = client.Do(t.Context(), nil)
	require.EqualError(t, err, `ctcbr: invalid request: Method must be GET or POST, is ""; Path must begin with a slash and hold no query, is ""`)
	require.NoError(t, client.Close())
	_, err = (&ctcbr.Client{}).OpenService(t.Context(), nil)
	require.EqualError(t, err, "ctcbr: open-service-backup: the client was not created: use NewClient")
	_, err = new(ctcbr.Storages).List(t.Context(), nil)
	require.EqualError(t, err, "ctcbr: query-storage-backup: the client was not created: use NewClient")
	_, err = (&ctcbr.Client{}).Do(t.Context(), &ctcbr.RawRequest{Method: http.MethodGet, Path: "/"})
	require.EqualError(t, err, "ctcbr: the client was not created: use NewClient")
}

// Text of others is one line of what can be seen, in the order in which it is read:
// it moves no cursor, hides nothing, and turns nothing around.
func TestErrorsShowTextOfOthersAsOneLine(t *testing.T) {
	t.Parallel()
	for name, hostile := range map[string]string{
		"line breaks":           "\r\n",
		"an escape sequence":    "\x1b",
		"an eight-bit escape":   "\u009b",
		"a backspace":           "\b",
		"delete":                "\x7f",
		"a NUL":                 "\x00",
		"separators":            "\u2028\u2029",
		"a bidi override":       "\u202e",
		"bidi embeddings":       "\u202a\u202b\u202c\u202d",
		"bidi isolates":         "\u2066\u2067\u2068\u2069",
		"bidi marks":            "\u200e\u200f\u061c",
		"zero width":            "\u200b\u200c\u200d\u2060",
		"a byte order mark":     "\ufeff",
		"a soft hyphen":         "\u00ad",
		"invisible tags":        "\U000e0041",
		"interlinear notes":     "\ufff9\ufffb",
		"an ideographic space":  "\u3000",
		"a space without break": "\u00a0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for where, err := range map[string]error{
				"code":        &ctcbr.Error{Code: "a" + hostile + "b"},
				"message":     &ctcbr.Error{StatusCode: 900, Message: "a" + hostile + "b"},
				"description": &ctcbr.Error{StatusCode: 900, Description: "a" + hostile + "b"},
				"cause":       &ctcbr.Error{Err: errors.New("a" + hostile + "b")},
				"operation":   &ctcbr.Error{Operation: "a" + hostile + "b"},
				"token":       &ctcbr.Error{ClientToken: "a" + hostile + "b"},
				"fault":       &ctcbr.ValidationError{Faults: []ctcbr.Fault{{Field: "name", Problem: "a" + hostile + "b"}}},
				"task":        &ctcbr.TaskError{Task: ctcbr.Task{Message: "a" + hostile + "b"}, Err: ctcbr.ErrFailed},
			} {
				require.NotContains(t, err.Error(), hostile, where)
				require.Contains(t, err.Error(), "a"+strings.Repeat(" ", utf8.RuneCountInString(hostile))+"b", where)
			}
		})
	}
	require.EqualError(t, &ctcbr.Error{Code: "a\xff\xc0b"}, "ctcbr: a\ufffd\ufffdb")
	require.EqualError(t, &ctcbr.Error{Code: "存储库 «é» ①→🗄"}, "ctcbr: 存储库 «é» ①→🗄")
}

// However much is wrong with a request, its error can be read.
func TestValidationErrorStaysShort(t *testing.T) {
	t.Parallel()
	client := conformance.NewService(t).Client(t)
	_, err := client.Storages.Create(t.Context(), &ctcbr.CreateStorageRequest{Name: strings.Repeat("存", 1<<20)})
	require.ErrorIs(t, err, ctcbr.ErrInvalid)
	require.Less(t, len(err.Error()), 1<<10)
	require.True(t, utf8.ValidString(err.Error()))
	for _, field := range []string{"RegionID (regionID) is required", "Name (backupStorageName) must hold", "存…; CapacityGB (backupStorageCapacity) must be", "CycleType (cycleType) is required"} {
		require.ErrorContains(t, err, field)
	}
	_, err = client.Restores.Create(t.Context(), &ctcbr.CreateRestoreRequest{Paths: make([]string, 100_000)})
	require.ErrorIs(t, err, ctcbr.ErrInvalid)
	require.Less(t, len(err.Error()), 8<<10)
	var invalid *ctcbr.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.Greater(t, len(invalid.Faults), 100_000)
}
