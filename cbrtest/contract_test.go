package cbrtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// restated is an operation as internal/conformance/contract.json has it, to which the SDK is held too.
type restated struct {
	Name, Method, Path   string
	Parameters, Response []member
}

// member is a parameter of a request, a field of an answer, or a member of one of these.
type member struct {
	Name, In, Type      string
	Required, Null      bool
	Enum                []any
	Min, Max            *int64
	Ranges              map[string]map[string][2]int64 // by the value of another parameter
	MaxItems, MaxLength int
	Fields              []member
}

func contract(t testing.TB) []restated {
	t.Helper()
	data, err := os.ReadFile("../internal/conformance/contract.json")
	require.NoError(t, err)
	var c struct{ Operations []restated }
	require.NoError(t, json.Unmarshal(data, &c))
	require.NotEmpty(t, c.Operations)
	return c.Operations
}

// bounds returns the lowest and the highest number that a member can be. One of which nothing is said is not negative.
func (m member) bounds() (low, high int64) {
	if m.Type != "integer" || m.Enum != nil {
		return 0, 0
	}
	low, high = 0, math.MaxInt32
	if m.Min != nil {
		low = *m.Min
	}
	if m.Max != nil {
		high = *m.Max
	}
	for _, ranges := range m.Ranges {
		low, high = math.MaxInt32, 0
		for _, r := range ranges {
			low, high = min(low, r[0]), max(high, r[1])
		}
	}
	return low, high
}

// described says what is known of parameters, one to a line.
func described(path string, all []member) []string {
	var lines []string
	for _, m := range all {
		low, high := m.bounds()
		lines = append(lines, fmt.Sprintf("%s%s in=%s type=%s required=%t values=%v from=%d to=%d items=%d length=%d",
			path, m.Name, m.In, m.Type, m.Required, m.Enum, low, high, m.MaxItems, m.MaxLength))
		lines = append(lines, described(path+m.Name+".", m.Fields)...)
	}
	slices.Sort(lines)
	return lines
}

// restate writes parameters of the table in the form of the contract. Only the outermost ones are in a place.
func restate(in string, params []param) []member {
	types := map[paramKind]string{
		kindText: "string", kindInteger: "integer", kindBoolean: "boolean", kindFlag: "boolean",
		kindTexts: "string[]", kindObject: "object", kindObjects: "object[]",
	}
	var out []member
	for _, p := range params {
		m := member{
			Name: p.name, In: in, Type: types[p.kind], Required: p.required,
			MaxItems: p.maxItems, MaxLength: p.maxText, Fields: restate("", p.fields),
		}
		for _, word := range p.words {
			m.Enum = append(m.Enum, word)
		}
		for _, n := range p.integers {
			m.Enum = append(m.Enum, n)
		}
		if p.ranged {
			m.Min, m.Max = &p.low, &p.high
		}
		out = append(out, m)
	}
	return out
}

func TestParametersAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	var names []string
	for _, want := range contract(t) {
		names = append(names, want.Name)
		t.Run(want.Name, func(t *testing.T) {
			t.Parallel()
			op := endpoints[want.Name]
			require.Equal(t, want.Method+" "+want.Path, op.method+" "+op.path)
			in := map[place]string{inQuery: "query", inBody: "body"}[op.in]
			params := described("", restate(in, op.params))
			for i, line := range params { // -4 is in the examples of the reference, and in none of its tables
				params[i] = strings.Replace(line, "values=[-1 1 2 3 4 -4]", "values=[-1 1 2 3 4]", 1)
			}
			require.Equal(t, described("", want.Parameters), params)
		})
	}
	require.ElementsMatch(t, names, slices.Collect(maps.Keys(endpoints)))
}

// valid returns parameters of every operation that pass the checks, all of them given.
func valid(op endpoint) map[string]any {
	out := map[string]any{}
	for _, p := range op.params {
		out[p.name] = validValue(p)
	}
	if _, restores := out["backupRestoreFuncType"]; restores {
		out["backupRestoreFuncType"] = 1 // since there are paths
	}
	return out
}

func validValue(p param) any {
	switch {
	case p.words != nil:
		return p.words[0]
	case p.integers != nil:
		return p.integers[0]
	case p.kind == kindInteger:
		return max(p.low, 1)
	case p.kind == kindBoolean, p.kind == kindFlag:
		return true
	case p.kind == kindTexts:
		return []string{"/data"}
	case p.kind == kindObject:
		return validFields(p.fields)
	case p.kind == kindObjects:
		return []any{validFields(p.fields)}
	case p.name == "regionID":
		return defaultConfig().regionID
	}
	return "some-text"
}

func validFields(fields []param) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		out[f.name] = validValue(f)
	}
	return out
}

// refusedFor asserts that the parameters of an operation are refused, and that the parameter at fault is named.
func refusedFor(t *testing.T, srv *Server, operation, parameter string, params map[string]any) {
	t.Helper()
	q := prepare(srv, operation, nil)
	if endpoints[operation].in == inBody {
		q.body = toJSON(params)
	} else {
		q.query = prepare(srv, operation, params).query
		if _, ok := params["regionID"]; !ok {
			delete(params, "regionID")
			q.query = withoutRegion(q.query)
		}
	}
	r := q.send(t, srv)
	require.Equal(t, 200, r.Status, r.Raw)
	require.Equal(t, 900, r.StatusCode, r.Raw)
	require.Equal(t, "Backup.Parameter.Invalid", r.Error, r.Raw)
	require.Equal(t, "backup.parameter.invalid", r.ErrorCode)
	require.Contains(t, r.Message, "parameter "+parameter+" ")
}

func withoutRegion(query string) string {
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool { return strings.HasPrefix(pair, "regionID=") })
	return strings.Join(pairs, "&")
}

func TestParameters(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for name, op := range endpoints {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, strings.HasSuffix(op.path, "/"+name))
			r := prepare(srv, name, valid(op)).send(t, srv)
			require.NotEqual(t, "Backup.Parameter.Invalid", r.Error, "all parameters given: %s", r.Raw)

			unknown := valid(op)
			unknown["regionId"] = "x"
			refusedFor(t, srv, name, "regionId", unknown)
			for _, p := range op.params {
				checkParam(t, srv, name, p)
			}
		})
	}
}

// checkParam asserts that one parameter is refused in every form that it must not have.
func checkParam(t *testing.T, srv *Server, name string, p param) {
	op := endpoints[name]
	with := func(v any) map[string]any {
		params := valid(op)
		params[p.name] = v
		return params
	}
	missing := valid(op)
	delete(missing, p.name)
	if p.required {
		refusedFor(t, srv, name, p.name, missing)
	}
	if p.required && p.kind == kindText {
		refusedFor(t, srv, name, p.name, with(""))
	}
	if p.words != nil {
		refusedFor(t, srv, name, p.name, with("other"))
	}
	if p.integers != nil {
		refusedFor(t, srv, name, p.name, with(99))
	}
	if p.ranged {
		refusedFor(t, srv, name, p.name, with(p.low-1))
		refusedFor(t, srv, name, p.name, with(p.high+1))
	}
	if p.kind != kindText {
		refusedFor(t, srv, name, p.name, with("text"))
	}
	if op.in != inBody {
		return
	}
	for _, v := range []any{nil, 1.5, []any{1}, map[string]any{"other": 1}} {
		params := with(v)
		if _, isObject := v.(map[string]any); isObject && p.kind == kindObject {
			refusedFor(t, srv, name, p.name+".other", params)
			continue
		}
		if _, isList := v.([]any); isList && (p.kind == kindTexts || p.kind == kindObjects) {
			refusedFor(t, srv, name, p.name+"[0]", params)
			continue
		}
		refusedFor(t, srv, name, p.name, params)
	}
	for _, f := range p.fields {
		checkField(t, srv, name, p, f)
	}
}

// checkField asserts the same of a member of an object.
func checkField(t *testing.T, srv *Server, name string, p, f param) {
	with := func(change func(fields map[string]any)) map[string]any {
		params := valid(endpoints[name])
		fields := validFields(p.fields)
		change(fields)
		params[p.name] = fields
		return params
	}
	at := p.name + "." + f.name
	if f.required {
		refusedFor(t, srv, name, at, with(func(m map[string]any) { delete(m, f.name) }))
	}
	for _, v := range []any{nil, 1.5, "text"} {
		refusedFor(t, srv, name, at, with(func(m map[string]any) { m[f.name] = v }))
	}
	if f.ranged {
		refusedFor(t, srv, name, at, with(func(m map[string]any) { m[f.name] = f.high + 1 }))
	}
	if f.integers != nil {
		refusedFor(t, srv, name, at, with(func(m map[string]any) { m[f.name] = 99 }))
	}
	for _, inner := range f.fields {
		v, inList := any(map[string]any{inner.name: "text"}), ""
		if f.kind == kindObjects {
			v, inList = []any{map[string]any{inner.name: "text", "start": 1, "stop": 2, "uploadMb": 3, inner.name: "text"}}, "[0]"
		}
		refusedFor(t, srv, name, at+inList+"."+inner.name, with(func(m map[string]any) { m[f.name] = v }))
	}
}

func TestParameterRules(t *testing.T) {
	t.Parallel()
	srv := start(t)
	long := strings.Repeat("云", 4095)
	eleven := slices.Repeat([]string{"/a"}, 11)
	for name, tt := range map[string]struct {
		operation, parameter string // an empty one stands for accepted
		change               map[string]any
	}{
		"name ends with a dash":    {"create-storage-backup", "backupStorageName", object{"backupStorageName": "a-"}},
		"name starts with a digit": {"create-storage-backup", "backupStorageName", object{"backupStorageName": "1a"}},
		"name with an underscore":  {"create-storage-backup", "backupStorageName", object{"backupStorageName": "a_b"}},
		"name of one letter":       {"create-storage-backup", "", object{"backupStorageName": "a"}},
		"4 years":                  {"create-storage-backup", "cycleCount", object{"cycleType": "year", "cycleCount": 4}},
		"3 years":                  {"renew-storage-backup", "", object{"cycleType": "year", "cycleCount": 3}},
		"11 months":                {"renew-storage-backup", "", object{"cycleType": "month", "cycleCount": 11}},
		"files missing":            {"new-backup-policy", "backupFileInfo", object{"directType": 1, "backupFileInfo": absent}},
		"directories missing":      {"new-backup-policy", "backupFileInfo.dirs", object{"directType": 1, "backupFileInfo": object{"files": []string{"/a"}}}},
		"directories empty":        {"update-backup-policy", "backupFileInfo.dirs", object{"directType": 1, "backupFileInfo": object{"dirs": []string{}}}},
		"rule of files missing":    {"new-backup-policy", "backupFileInfo.rule", object{"directType": 2, "backupFileInfo": object{"dirs": []string{"/a"}}}},
		"eleven directories":       {"new-backup-policy", "backupFileInfo.dirs", object{"directType": 1, "backupFileInfo": object{"dirs": eleven}}},
		"longest path":             {"new-backup-policy", "", object{"directType": 1, "backupFileInfo": object{"dirs": []string{long}}}},
		"path too long":            {"new-backup-policy", "backupFileInfo.dirs[0]", object{"directType": 1, "backupFileInfo": object{"dirs": []string{long + "x"}}}},
		"all directories":          {"new-backup-policy", "", object{"directType": 0, "backupFileInfo": absent}},
		"hourly":                   {"new-backup-policy", "", object{"backupPeriodInfo": object{"rule": 0}}},
		"daily without hour":       {"new-backup-policy", "backupPeriodInfo.hour", object{"backupPeriodInfo": object{"rule": 1}}},
		"weekly without day":       {"new-backup-policy", "backupPeriodInfo.day", object{"backupPeriodInfo": object{"rule": 2, "hour": 0}}},
		"weekly on day 7":          {"new-backup-policy", "backupPeriodInfo.day", object{"backupPeriodInfo": object{"rule": 2, "hour": 0, "day": 7}}},
		"weekly on day 0":          {"new-backup-policy", "", object{"backupPeriodInfo": object{"rule": 2, "hour": 0, "day": 0}}},
		"monthly on day 0":         {"update-backup-policy", "backupPeriodInfo.day", object{"backupPeriodInfo": object{"rule": 3, "hour": 0, "day": 0}}},
		"monthly on day 31":        {"update-backup-policy", "", object{"backupPeriodInfo": object{"rule": 3, "hour": 0, "day": 31}}},
		"kept for ever":            {"new-backup-policy", "", object{"backupRetentionInfo": object{"type": -1}}},
		"retention without value":  {"new-backup-policy", "backupRetentionInfo.value", object{"backupRetentionInfo": object{"type": 1}}},
		"limits as a number":       {"new-backup-policy", "", object{"backupLimitQosInfo": object{"isLimitQos": 1}}},
		"limits as zero":           {"new-backup-policy", "", object{"backupLimitQosInfo": object{"isLimitQos": 0}}},
		"limits as two":            {"new-backup-policy", "backupLimitQosInfo.isLimitQos", object{"backupLimitQosInfo": object{"isLimitQos": 2}}},
		"files of a restore":       {"create-restore-backup", "backupRestoreFileList", object{"backupRestoreFuncType": 1, "backupRestoreFileList": absent}},
		"eleven restored files":    {"create-restore-backup", "backupRestoreFileList", object{"backupRestoreFuncType": 2, "backupRestoreFileList": eleven}},
		"restore of everything":    {"create-restore-backup", "", object{"backupRestoreFuncType": 0, "backupRestoreFileList": absent}},
		"files and no scope":       {"create-restore-backup", "backupRestoreFuncType", object{"backupRestoreFuncType": absent}},
		"files and all of them":    {"create-restore-backup", "backupRestoreFuncType", object{"backupRestoreFuncType": 0}},
		"no files and no scope":    {"create-restore-backup", "", object{"backupRestoreFuncType": absent, "backupRestoreFileList": []string{}}},
		"kept as nobody says":      {"new-backup-policy", "", object{"backupRetentionInfo": object{"type": -4}}},
		"kept as nobody says, 3":   {"update-backup-policy", "", object{"backupRetentionInfo": object{"type": -4, "value": 3}}},
		"kept otherwise":           {"new-backup-policy", "backupRetentionInfo.type", object{"backupRetentionInfo": object{"type": -2, "value": 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			params := valid(endpoints[tt.operation])
			maps.Copy(params, tt.change)
			maps.DeleteFunc(params, func(_ string, v any) bool { return v == absent })
			if tt.parameter != "" {
				refusedFor(t, srv, tt.operation, tt.parameter, params)
				return
			}
			r := prepare(srv, tt.operation, params).send(t, srv)
			require.NotEqual(t, "Backup.Parameter.Invalid", r.Error, r.Raw)
		})
	}
}

// absent marks a parameter that is left out.
const absent = "(absent)"

func TestOddRequests(t *testing.T) {
	t.Parallel()
	const activate, regions, tasks = "/v4/backup/open-service-backup", "/v4/region/list-regions", "/v4/backup/query-task-backup"
	const invalid = "Backup.Parameter.Invalid"
	srv := start(t)
	region := fmt.Sprintf(`"regionID":%q`, srv.RegionID)
	for name, tt := range map[string]struct {
		request signed
		code    string
	}{
		"no body":                {signed{method: "POST", path: activate}, invalid},
		"query instead of body":  {signed{method: "POST", path: activate, query: "regionID=x"}, invalid},
		"query next to the body": {signed{method: "POST", path: activate, query: "regionID=x", body: "{" + region + "}"}, invalid},
		"body instead of query":  {signed{method: "GET", path: regions, body: `{"regionName":"x"}`}, invalid},
		"body next to the query": {signed{method: "GET", path: tasks, query: "regionID=" + srv.RegionID, body: "{" + region + "}"}, invalid},
		"list next to the query": {signed{method: "GET", path: regions, body: "[]"}, invalid},
		"null next to the query": {signed{method: "GET", path: regions, body: "null"}, invalid},
		"no JSON next to it":     {signed{method: "GET", path: regions, body: "{"}, invalid},
		"query given twice":      {signed{method: "GET", path: regions, query: "regionName=x&regionName=y"}, invalid},
		"member given twice":     {signed{method: "POST", path: activate, body: "{" + region + "," + region + "}"}, invalid},
		"trailing data":          {signed{method: "POST", path: activate, body: "{" + region + "} {}"}, invalid},
		"not closed":             {signed{method: "POST", path: activate, body: "{" + region}, invalid},
		"a list":                 {signed{method: "POST", path: activate, body: "[]"}, invalid},
		"null":                   {signed{method: "POST", path: activate, body: "null"}, invalid},
		"nested deeply":          {signed{method: "POST", path: activate, body: strings.Repeat("[", 100) + strings.Repeat("]", 100)}, invalid},
		"other case":             {signed{method: "POST", path: activate, body: `{"RegionID":"x"}`}, invalid},
		"other region":           {signed{method: "POST", path: activate, body: `{"regionID":"x"}`}, "Openapi.RegionInfo.AccessFailed"},
		"name of a region":       {signed{method: "GET", path: tasks, query: "regionID=" + escape(regionName)}, "Openapi.RegionInfo.AccessFailed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := tt.request.send(t, srv)
			require.Equal(t, 200, r.Status, r.Raw)
			require.Equal(t, 900, r.StatusCode)
			require.Equal(t, tt.code, r.Error, r.Raw)
			require.Equal(t, otherSpelling(tt.code), r.ErrorCode)
			require.NotEmpty(t, r.Message)
			require.NotEmpty(t, r.Description)
			require.Nil(t, r.ReturnObj)
		})
	}
}

func TestEmptyObjectNextToAQuery(t *testing.T) {
	t.Parallel()
	srv, params := seeded(t)
	for name, op := range endpoints {
		if op.in != inQuery {
			continue
		}
		q := prepare(srv, name, params[name])
		want := q.send(t, srv).StatusCode
		for _, body := range []string{"{}", " { } \n"} {
			q.body = body
			require.Equal(t, want, q.send(t, srv).StatusCode, name)
		}
	}
}

func TestPathsThatBelongToNoOperation(t *testing.T) {
	t.Parallel()
	const regions = "/v4/region/list-regions"
	for name, tt := range map[string]struct {
		method, path, says, allow string
	}{
		"unknown path":        {"GET", "/v4/backup/nothing", "there is no path /v4/backup/nothing", ""},
		"root":                {"GET", "/", "there is no path /", ""},
		"operation elsewhere": {"GET", "/v4/list-regions", "there is no path /v4/list-regions", ""},
		"trailing slash":      {"GET", regions + "/", "there is no path " + regions + "/", ""},
		"encoded":             {"GET", "/v4/region/list%2Dregions", "there is no path /v4/region/list%2Dregions", ""},
		"wrong method":        {"POST", regions, "the method of this path is GET", "GET"},
		"other wrong method":  {"GET", "/v4/backup/open-service-backup", "the method of this path is POST", "POST"},
	} {
		for _, status := range []int{0, 200, 500} {
			t.Run(fmt.Sprintf("%s, %d", name, status), func(t *testing.T) {
				t.Parallel()
				srv := start(t, InMemory(), WithGatewayStatus(status))
				r := signed{method: tt.method, path: tt.path}.send(t, srv)
				requireGateway(t, r, cmp.Or(status, 404), "10000", "no such API: "+tt.says)
				require.Equal(t, tt.allow, r.Header.Get("Allow"))
			})
		}
	}
}

func TestBodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	srv := start(t)
	q := signed{method: "POST", path: "/v4/backup/open-service-backup", body: strings.Repeat(" ", maxBody+1)}
	requireGateway(t, q.send(t, srv), 401, "10009", "the body cannot be read: http: request body too large")
}

func TestTheSameParameterIsNamedEachTime(t *testing.T) {
	t.Parallel()
	srv := start(t)
	for range 20 {
		refusedFor(t, srv, "open-service-backup", "a", object{"c": 1, "a": 1, "b": 1})
	}
}

func TestOtherSpelling(t *testing.T) {
	t.Parallel()
	require.Equal(t, "backup.order.inProgress", otherSpelling("Backup.Order.InProgress"))
	require.Equal(t, "openapi.regionInfo.accessFailed", otherSpelling("Openapi.RegionInfo.AccessFailed"))
	require.Equal(t, "openapi.charge.fused", otherSpelling("openapi.charge.fused"))
	require.Equal(t, "ctiam.x", otherSpelling("CTIAM.X"))
}
