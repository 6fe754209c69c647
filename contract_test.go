package ctcbr_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ctyun-go/ctcbr"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random requests and answers; 0 takes a new one")

func TestMain(m *testing.M) {
	flag.Parse()
	if *seedFlag == 0 {
		*seedFlag = rand.Uint64()
	}
	// Dates are Beijing time wherever the machine stands.
	time.Local = time.FixedZone("New York", -5*60*60)
	for _, name := range []string{"CTYUN_AK", "CTYUN_SK", "CTYUN_REGION_ID"} {
		os.Unsetenv(name)
	}
	os.Setenv("CTYUN_CONFIG", os.DevNull) // not the one of whoever runs the tests
	goleak.VerifyTestMain(m)
}

// operation is what testdata/contract.json says of an operation.
type operation struct {
	Name, Method, Path, Kind string
	Common                   bool
	Parameters               []parameter
	Response                 []field
}

// parameter is a parameter of a request, or a member of one that is an object.
type parameter struct {
	Name, In, Type      string
	Required            bool
	Enum                []any
	Min, Max            *int
	Pattern             string
	MaxItems, MaxLength int
	// Ranges are the bounds by the value of another parameter, and RequiredWhen
	// the values of another one that make this one required.
	Ranges       map[string]map[string][2]int
	RequiredWhen map[string][]any
	Fields       []parameter
}

// field is a member of an answer's returnObj. Alias is its other spelling, Or the
// other type that it comes in.
type field struct {
	Name, Type, Alias, Or string
	Null                  bool
	Fields                []field
}

type object = map[string]any

func contract(t testing.TB) []operation {
	t.Helper()
	data, err := os.ReadFile("testdata/contract.json")
	require.NoError(t, err)
	var c struct{ Operations []operation }
	require.NoError(t, json.Unmarshal(data, &c))
	for _, op := range c.Operations {
		require.NotNil(t, calls[op.Name].make, "no method calls %s", op.Name)
	}
	return c.Operations
}

// eachOperation runs a parallel subtest for every operation of the contract.
func eachOperation(t *testing.T, test func(t *testing.T, op operation)) {
	t.Helper()
	t.Parallel()
	for _, op := range contract(t) {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			test(t, op)
		})
	}
}

// call is the method of the SDK that makes an operation's call.
type call struct {
	request, response reflect.Type
	make              func(ctx context.Context, c *ctcbr.Client, req any) (any, error)
}

func on[S, R, T any](service func(*ctcbr.Client) S, method func(S, context.Context, *R) (*T, error)) call {
	return call{reflect.TypeFor[R](), reflect.TypeFor[T](), func(ctx context.Context, c *ctcbr.Client, req any) (any, error) {
		answer, err := method(service(c), ctx, req.(*R))
		if answer == nil {
			return nil, err
		}
		return answer, err
	}}
}

func client(c *ctcbr.Client) *ctcbr.Client      { return c }
func agents(c *ctcbr.Client) ctcbr.Agents       { return c.Agents }
func storages(c *ctcbr.Client) ctcbr.Storages   { return c.Storages }
func plans(c *ctcbr.Client) ctcbr.Plans         { return c.Plans }
func tasks(c *ctcbr.Client) ctcbr.Tasks         { return c.Tasks }
func restores(c *ctcbr.Client) ctcbr.Restores   { return c.Restores }
func snapshots(c *ctcbr.Client) ctcbr.Snapshots { return c.Snapshots }
func orders(c *ctcbr.Client) ctcbr.Orders       { return c.Orders }
func regions(c *ctcbr.Client) ctcbr.Regions     { return c.Regions }

// calls are all operations of the SDK by their wire name.
var calls = map[string]call{
	"open-service-backup":       on(client, (*ctcbr.Client).OpenService),
	"install-client-backup":     on(agents, ctcbr.Agents.Install),
	"info-client-backup":        on(agents, ctcbr.Agents.List),
	"uninstall-client-backup":   on(agents, ctcbr.Agents.Uninstall),
	"client-by-instance-backup": on(agents, ctcbr.Agents.ListByHost),
	"create-storage-backup":     on(storages, ctcbr.Storages.Create),
	"query-storage-backup":      on(storages, ctcbr.Storages.List),
	"resize-storage-backup":     on(storages, ctcbr.Storages.Resize),
	"renew-storage-backup":      on(storages, ctcbr.Storages.Renew),
	"refund-storage-backup":     on(storages, ctcbr.Storages.Unsubscribe),
	"new-backup-policy":         on(plans, ctcbr.Plans.Create),
	"query-backup-policy":       on(plans, ctcbr.Plans.List),
	"action-backup-policy":      on(plans, ctcbr.Plans.Operate),
	"update-backup-policy":      on(plans, ctcbr.Plans.Update),
	"refund-backup-policy":      on(plans, ctcbr.Plans.Delete),
	"query-task-backup":         on(tasks, ctcbr.Tasks.List),
	"cancel-task-backup":        on(tasks, ctcbr.Tasks.Cancel),
	"create-restore-backup":     on(restores, ctcbr.Restores.Create),
	"query-restore-backup":      on(restores, ctcbr.Restores.List),
	"cancel-restore-backup":     on(restores, ctcbr.Restores.Cancel),
	"query-backup-snapshot":     on(snapshots, ctcbr.Snapshots.List),
	"delete-resources-backup":   on(snapshots, ctcbr.Snapshots.DeleteResource),
	"query-uuid":                on(orders, ctcbr.Orders.Get),
	"list-regions":              on(regions, ctcbr.Regions.List),
}

// invoke makes an operation's call with a request written as on the wire. The
// request of the caller must be the same afterwards.
func invoke(t testing.TB, c *ctcbr.Client, op operation, request object) (any, error) {
	t.Helper()
	call, wire := calls[op.Name], encode(t, request)
	req, before := reflect.New(call.request).Interface(), reflect.New(call.request).Interface()
	require.NoError(t, json.Unmarshal(wire, req))
	require.NoError(t, json.Unmarshal(wire, before))
	answer, err := call.make(t.Context(), c, req)
	require.Equal(t, before, req, "the call changed the caller's request")
	require.Equal(t, err == nil, answer != nil, "want either an answer or an error")
	return answer, err
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

func decodeObject(t testing.TB, data []byte) object {
	t.Helper()
	var o object
	require.NoError(t, json.Unmarshal(data, &o), "%s", data)
	return o
}

func TestContractAndCallsAgree(t *testing.T) {
	t.Parallel()
	var operations []string
	kinds := map[string]int{}
	for _, op := range contract(t) {
		operations = append(operations, op.Name)
		if op.Common {
			kinds["companion"]++
		} else {
			kinds[op.Method+" "+op.Kind]++
		}
	}
	require.ElementsMatch(t, operations, slices.Collect(maps.Keys(calls)))
	require.Equal(t, map[string]int{"GET read": 7, "POST order": 5, "POST write": 10, "companion": 2}, kinds)
}

func TestManifestOfParameters(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		requireParameters(t, op.Name, op.Parameters, calls[op.Name].request)
	})
}

func requireParameters(t *testing.T, path string, parameters []parameter, typ reflect.Type) {
	t.Helper()
	members := tags(typ)
	var want []string
	for _, p := range parameters {
		want = append(want, p.Name)
	}
	require.ElementsMatch(t, want, slices.Collect(maps.Keys(members)), "parameters of %s in %s", path, typ)
	for _, p := range parameters {
		_, option, _ := strings.Cut(members[p.Name].Tag.Get("json"), ",")
		require.Equal(t, p.Required, option == "", "%s.%s is required: %t, its tag in %s has the option %q", path, p.Name, p.Required, typ, option)
		require.Contains(t, []string{"", "omitempty", "omitzero"}, option)
		if p.Fields != nil {
			requireParameters(t, path+"."+p.Name, p.Fields, members[p.Name].Type)
		}
	}
}

func TestManifestOfAnswers(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		requireFields(t, op.Name, op.Response, calls[op.Name].response)
	})
}

func requireFields(t *testing.T, path string, fields []field, typ reflect.Type) {
	t.Helper()
	members := tags(typ)
	for _, f := range fields {
		member, found := members[f.Name]
		if !found && f.Alias != "" {
			member, found = members[f.Alias]
		}
		require.True(t, found, "%s.%s is no field of %s", path, f.Name, typ)
		if f.Fields != nil {
			requireFields(t, path+"."+f.Name, f.Fields, member.Type)
		}
	}
}

// tags returns the fields of a struct by their name on the wire, those of the
// structs that it embeds among them.
func tags(typ reflect.Type) map[string]reflect.StructField {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	found := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && name != "-" {
			found[name] = f
		}
	}
	return found
}

func TestRandomRequestsReachTheWire(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c, random := s.client(t, ctcbr.WithRegion("another-region")), newRandom(t)
		for range 40 {
			request := random.request(op)
			req := reflect.New(calls[op.Name].request).Interface()
			require.NoError(t, json.Unmarshal(encode(t, request), req))
			require.JSONEq(t, string(encode(t, request)), string(encode(t, req)), "decoding the request lost something")

			answer, err := invoke(t, c, op, request)
			require.NoError(t, err)
			received := s.take()
			require.Len(t, received, 1)
			requireOnWire(t, op, request, received[0])
			require.Equal(t, received[0].requestID(), requestID(answer))
		}
	})
}

// requireOnWire requires that a request was sent as the contract has it, with
// nothing added but the client token of an order.
func requireOnWire(t *testing.T, op operation, request object, r received) {
	t.Helper()
	require.Equal(t, op.Method, r.method)
	if op.Parameters[0].In == "query" {
		want := op.Path
		if query := canonical(request); query != "" {
			want += "?" + query
		}
		require.Equal(t, want, r.target)
		require.Empty(t, r.body)
		require.Empty(t, r.header.Get("Content-Length"))
	} else {
		want := maps.Clone(request)
		got := decodeObject(t, r.body)
		if token, _ := request["clientToken"].(string); op.Kind == "order" && token == "" {
			require.Regexp(t, uuidPattern, got["clientToken"])
			want["clientToken"] = got["clientToken"]
		}
		require.Equal(t, op.Path, r.target)
		require.JSONEq(t, string(encode(t, want)), string(encode(t, got)))
	}
	r.requireSigned(t)
}

// canonical writes a query as it is signed.
func canonical(request object) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(request)) {
		value := strings.ReplaceAll(url.QueryEscape(fmt.Sprint(request[key])), "+", "%20")
		pairs = append(pairs, key+"="+value)
	}
	return strings.Join(pairs, "&")
}

func requestID(answer any) string {
	return reflect.ValueOf(answer).Elem().FieldByName("RequestID").String()
}

func TestRegionFallsBackToTheClients(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		if op.Common {
			return // the companions have no region
		}
		s := newService(t)
		c := s.client(t, ctcbr.WithRegion("client-region"))
		for name, region := range map[string]any{"absent": nil, "empty": "", "given": "given-region"} {
			request := newSample().request(op)
			delete(request, "regionID")
			want := maps.Clone(request)
			want["regionID"] = "client-region"
			if region != nil {
				request["regionID"] = region
			}
			if region == "given-region" {
				want["regionID"] = region
			}
			_, err := invoke(t, c, op, request)
			require.NoError(t, err, name)
			received := s.take()
			require.Len(t, received, 1, name)
			requireOnWire(t, op, want, received[0])
		}
	})
}

func TestUnknownEnumValuesAreSent(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		request := newFullSample().request(op)
		eachParameter(op.Parameters, request, "", func(p parameter, parent object, path string) {
			if p.Enum == nil {
				return
			}
			defer restore(parent, p.Name)()
			parent[p.Name] = map[string]any{"string": "Brand-新", "integer": 99}[p.Type]
			_, err := invoke(t, c, op, request)
			require.NoError(t, err, path)
			received := s.take()
			require.Len(t, received, 1, path)
			requireOnWire(t, op, request, received[0])
		})
	})
}

func TestRandomAnswersLoseNothing(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c, random := s.client(t, ctcbr.WithRegion("region")), newRandom(t)
		for range 40 {
			content := random.answer(op.Response)
			op.accept(content)
			envelope := object{
				"statusCode": pick(random, json.RawMessage("800"), json.RawMessage(`"800"`), json.RawMessage("800.0")),
				"message":    random.text(), "description": random.text(), "details": pick[any](random, nil, "", "x"),
				"error": pick[any](random, nil, ""), "errorCode": pick[any](random, nil, ""),
				"traceX": object{"statusCode": 900}, "returnObj": content,
			}
			s.answer(200, string(encode(t, envelope)))
			answer, err := invoke(t, c, op, random.request(op))
			require.NoError(t, err, "%s", encode(t, envelope))
			requireKept(t, op.Name, op.Response, content, decodeObject(t, encode(t, answer)))
			require.Equal(t, s.take()[0].requestID(), requestID(answer))
		}
	})
}

// accept makes an answer one that says yes, and names what was made.
func (op operation) accept(content object) {
	for name, value := range map[string]any{"status": "success", "installStatus": true, "UninstallStatus": true, "masterOrderID": "order-1", "backupTaskID": "task-1", "backupRestoreID": "restore-1"} {
		if slices.ContainsFunc(op.Response, func(f field) bool { return f.Name == name }) {
			content[name] = value
		}
	}
}

// broken is a value of the wrong type, which nobody expects to find again.
type broken struct{ value any }

func (b broken) MarshalJSON() ([]byte, error) { return json.Marshal(b.value) }

// requireKept requires that every documented field of an answer is in what the
// response of the SDK marshals to, under its name or its alias.
func requireKept(t *testing.T, path string, fields []field, sent, got object) {
	t.Helper()
	for _, f := range fields {
		path := path + "." + f.Name
		value, here := sent[f.Name]
		if isNothing(value) && f.Alias != "" && !isNothing(sent[f.Alias]) {
			value, here = sent[f.Alias], true
		}
		kept := got[f.Name]
		if kept == nil && f.Alias != "" {
			kept = got[f.Alias]
		}
		switch list, _ := value.([]any); {
		case !here:
		case value == nil:
			require.True(t, kept == nil || reflect.DeepEqual(kept, []any{}) || reflect.ValueOf(kept).IsZero(), "%s was null, is %v", path, kept)
		case reflect.TypeOf(value) == reflect.TypeFor[broken]():
		case f.Fields != nil && f.Type == "object":
			require.IsType(t, object{}, kept, path)
			requireKept(t, path, f.Fields, value.(object), kept.(object))
		case f.Fields != nil:
			require.IsType(t, []any{}, kept, path)
			require.Len(t, kept, len(list), path)
			for i := range list {
				requireKept(t, fmt.Sprintf("%s[%d]", path, i), f.Fields, list[i].(object), kept.([]any)[i].(object))
			}
		case f.Or == "integer" && reflect.TypeOf(value).Kind() == reflect.Int:
			require.Equal(t, value != 0, kept, path)
		default:
			require.Equal(t, number(value), kept, path)
		}
	}
}

// number returns a number as JSON decodes it, and all else as it is.
func number(v any) any {
	switch n := v.(type) {
	case int:
		return float64(n)
	case int64:
		return float64(n)
	}
	return v
}

func isNothing(v any) bool { return v == nil || v == "" }

// wrong are values of the wrong type.
var wrong = map[string][]any{
	"string":   {12345, true, object{"x": 1}, []any{"x"}},
	"time":     {12345, true, object{"x": 1}, []any{"x"}, "tomorrow"},
	"integer":  {"text", "", true, 1.5, 1e300, object{"x": 1}, []any{1}},
	"number":   {"text", "", true, object{"x": 1}, []any{1}},
	"boolean":  {"text", "", 7, object{"x": true}, []any{true}},
	"object":   {"text", "", 7, true, []any{"x"}},
	"string[]": {"text", "", 7, true, object{"x": 1}, []any{7, object{"x": 1}}},
	"object[]": {"text", "", 7, true, object{"x": 1}, []any{7, "text", []any{}}},
}

// decisive are the fields that say whether a command was taken, or name what was
// made, and what a wrong one of them leads to.
var decisive = map[string]func(t *testing.T, value any, err error){
	"status":                                requireRejected,
	"installStatus":                         requireBadCommand,
	"UninstallStatus":                       requireBadCommand,
	"masterOrderID":                         requireBadName,
	"create-restore-backup.backupRestoreID": requireBadName,
	"action-backup-policy.backupTaskID":     requireBadName,
}

func TestOneBadFieldNeverCostsTheRest(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c, sample := s.client(t), newFullSample()
		request := sample.request(op)
		if op.Name == "action-backup-policy" {
			request["backupPolicyOp"] = 3
		}
		spellings := []spelling{firstSpelling}
		if hasAlias(op.Response) {
			spellings = append(spellings, otherSpelling, bothSpellings)
		}
		for _, sample.spelling = range spellings {
			content := sample.answer(op.Response)
			op.accept(content)
			eachField(op.Response, content, "", func(f field, parent object, name, path string) {
				if sample.spelling == bothSpellings && (f.Type == "time" || f.Type == "string[]") {
					return // text that is no time is kept, and so is the rest of a list: they outrank the other spelling
				}
				defer restore(parent, name)()
				for _, value := range wrong[f.Type] {
					parent[name] = broken{value}
					s.answer(200, string(encode(t, object{"statusCode": 800, "returnObj": content})))
					answer, err := invoke(t, c, op, request)
					require.Len(t, s.take(), 1)
					refused := decisive[path]
					if refused == nil {
						refused = decisive[op.Name+"."+path]
					}
					if path == "masterOrderID" && value == 12345 {
						refused = nil // it names the order as well
					}
					if refused != nil {
						refused(t, value, err)
						continue
					}
					require.NoError(t, err, "%s: %v", path, value)
					requireKept(t, fmt.Sprintf("%s (%s: %v)", op.Name, path, value), op.Response, content, decodeObject(t, encode(t, answer)))
				}
			})
		}
	})
}

func hasAlias(fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.Alias != "" || hasAlias(f.Fields) })
}

func requireRejected(t *testing.T, value any, err error) {
	t.Helper()
	require.ErrorIs(t, err, ctcbr.ErrRejected, "%v", value)
	require.NotErrorIs(t, err, ctcbr.ErrOutcomeUnknown)
}

func requireBadCommand(t *testing.T, value any, err error) {
	t.Helper()
	if value == "" { // no detail
		require.NoError(t, err)
		return
	}
	requireBadName(t, value, err)
}

func requireBadName(t *testing.T, value any, err error) {
	t.Helper()
	require.ErrorIs(t, err, ctcbr.ErrBadAnswer, "%v", value)
	require.ErrorIs(t, err, ctcbr.ErrOutcomeUnknown, "%v", value)
}

// eachParameter visits every parameter that a request has or could have, those
// within objects among them, with the object that it belongs to.
func eachParameter(parameters []parameter, o object, path string, visit func(p parameter, parent object, path string)) {
	for _, p := range parameters {
		name := strings.TrimPrefix(path+"."+p.Name, ".")
		visit(p, o, name)
		if inner := firstObject(o[p.Name]); inner != nil {
			eachParameter(p.Fields, inner, name, visit)
		}
	}
}

// eachField visits every field that an answer has, under the names that it has
// there, and those within objects and within the first item of a list.
func eachField(fields []field, o object, path string, visit func(f field, parent object, name, path string)) {
	visited := map[string]bool{}
	for _, f := range fields {
		for _, name := range []string{f.Name, f.Alias} {
			if _, here := o[name]; !here || visited[name] {
				continue
			}
			visited[name] = true
			path := strings.TrimPrefix(path+"."+name, ".")
			visit(f, o, name, path)
			if inner := firstObject(o[name]); inner != nil {
				eachField(f.Fields, inner, path, visit)
			}
		}
	}
}

func firstObject(v any) object {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	o, _ := v.(object)
	return o
}

// restore returns what undoes a change of a member.
func restore(o object, name string) func() {
	before, had := o[name]
	return func() {
		o[name] = before
		if !had {
			delete(o, name)
		}
	}
}

func TestRequiredParametersAreRefusedWhenLeftOut(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		request := newFullSample().request(op)
		eachParameter(op.Parameters, request, "", func(p parameter, parent object, path string) {
			if !p.Required {
				return
			}
			defer restore(parent, p.Name)()
			delete(parent, p.Name)
			s.requireRefused(t, c, op, request, path)
			parent[p.Name] = nil
			s.requireRefused(t, c, op, request, path)
			if p.Type == "string" {
				parent[p.Name] = ""
				s.requireRefused(t, c, op, request, path)
				parent[p.Name] = " \t\u3000"
				s.requireRefused(t, c, op, request, path)
			}
		})
	})
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		var required []string
		for _, p := range op.Parameters {
			if p.Required {
				required = append(required, p.Name)
			}
		}
		if required != nil {
			s.requireRefused(t, c, op, object{}, required...)
		}
		answer, err := calls[op.Name].make(t.Context(), c, reflect.Zero(reflect.PointerTo(calls[op.Name].request)).Interface())
		if required == nil {
			require.NoError(t, err, "a nil request")
			return
		}
		require.Nil(t, answer)
		require.ElementsMatch(t, required, faults(t, err), "a nil request")
		require.Empty(t, s.take())
	})
}

func TestParametersRequiredWhen(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		request := newFullSample().request(op)
		eachParameter(op.Parameters, request, "", func(p parameter, parent object, path string) {
			for name, values := range p.RequiredWhen {
				owner := owner(name, parent, request)
				defer restore(owner, name)()
				defer restore(parent, p.Name)()
				delete(parent, p.Name)
				for _, value := range op.enum(t, name, path) {
					owner[name] = value
					if slices.Contains(values, value) {
						s.requireRefused(t, c, op, request, path)
						continue
					}
					_, err := invoke(t, c, op, request)
					require.NoError(t, err, "%s left out where %s is %v", path, name, value)
					require.Len(t, s.take(), 1)
				}
			}
		})
	})
}

// enum returns the documented values of the parameter that the one at path
// depends on. It stands beside that one, or among the outermost.
func (op operation) enum(t *testing.T, name, path string) []any {
	t.Helper()
	siblings := op.Parameters
	names := strings.Split(path, ".")
	for _, outer := range names[:len(names)-1] {
		i := slices.IndexFunc(siblings, func(p parameter) bool { return p.Name == outer })
		siblings = siblings[i].Fields
	}
	for _, p := range slices.Concat(siblings, op.Parameters) {
		if p.Name == name && p.Enum != nil {
			return p.Enum
		}
	}
	require.FailNow(t, "no such parameter", "%s depends on %s", path, name)
	return nil
}

// owner returns the object that holds the parameter that one in parent depends on.
func owner(name string, parent, request object) object {
	if _, beside := parent[name]; beside {
		return parent
	}
	return request
}

func TestNumbersStayInTheirRange(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		request := newFullSample().request(op)
		check := func(p parameter, parent object, path string, low, high int) {
			for _, n := range []int{low, high} {
				parent[p.Name] = n
				_, err := invoke(t, c, op, request)
				require.NoError(t, err, "%s is %d", path, n)
				received := s.take()
				require.Len(t, received, 1)
				requireOnWire(t, op, request, received[0])
			}
			below := low - 1
			if below == 0 && !p.Required {
				below = -1 // 0 may mean not given
			}
			for _, n := range []int{below, -1 << 31, high + 1, 1<<31 - 1} {
				if n > high && p.Ranges == nil && p.Max == nil {
					continue
				}
				parent[p.Name] = n
				s.requireRefused(t, c, op, request, path)
			}
		}
		eachParameter(op.Parameters, request, "", func(p parameter, parent object, path string) {
			defer restore(parent, p.Name)()
			for name, values := range p.RequiredWhen {
				owner := owner(name, parent, request)
				defer restore(owner, name)()
				owner[name] = values[0]
			}
			if p.Min != nil {
				high := 1 << 20
				if p.Max != nil {
					high = *p.Max
				}
				check(p, parent, path, *p.Min, high)
			}
			for name, ranges := range p.Ranges {
				defer restore(parent, name)()
				for _, value := range op.enum(t, name, path) {
					if bounds, ok := ranges[fmt.Sprint(value)]; ok {
						parent[name] = value
						check(p, parent, path, bounds[0], bounds[1])
						delete(ranges, fmt.Sprint(value))
					}
				}
				require.Empty(t, ranges, "ranges for values that %s has not", name)
			}
		})
	})
}

func TestListsStayInTheirBounds(t *testing.T) {
	eachOperation(t, func(t *testing.T, op operation) {
		s := newService(t)
		c := s.client(t)
		request := newFullSample().request(op)
		eachParameter(op.Parameters, request, "", func(p parameter, parent object, path string) {
			if p.MaxItems == 0 {
				return
			}
			defer restore(parent, p.Name)()
			longest := strings.Repeat("路", max(1, p.MaxLength))
			most := slices.Repeat([]any{longest}, p.MaxItems)
			parent[p.Name] = most
			_, err := invoke(t, c, op, request)
			require.NoError(t, err, path)
			received := s.take()
			require.Len(t, received, 1)
			requireOnWire(t, op, request, received[0])

			parent[p.Name] = append(most, "x")
			s.requireRefused(t, c, op, request, path)
			parent[p.Name] = []any{"x", ""}
			s.requireRefused(t, c, op, request, path)
			if p.MaxLength > 0 {
				parent[p.Name] = []any{"x", longest + "x"}
				s.requireRefused(t, c, op, request, path)
			}
		})
	})
}

func TestRepositoryNames(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := s.client(t)
	for _, op := range contract(t) {
		for _, p := range op.Parameters {
			if p.Pattern == "" {
				continue
			}
			for name, valid := range map[string]bool{
				"a": true, "Z": true, "a1": true, "a-1": true, "A--b": true, strings.Repeat("x", 300): true,
				"1a": false, "-a": false, "a-": false, "-": false, "a_b": false, "a b": false, "a.b": false, "a\n": false,
				" a": false, "备份": false, "é": false, "a备": false, "a\u212a": false, "9": false, "[a": false, "a@": false, "a{": false,
			} {
				require.Equal(t, valid, regexp.MustCompile(p.Pattern).MatchString(name), "the contract's pattern and %q", name)
				request := newSample().request(op)
				request[p.Name] = name
				if !valid {
					s.requireRefused(t, c, op, request, p.Name)
					continue
				}
				_, err := invoke(t, c, op, request)
				require.NoError(t, err, name)
				require.Len(t, s.take(), 1)
			}
		}
	}
}

func TestValidation(t *testing.T) {
	t.Parallel()
	storage := object{"regionID": "r", "backupStorageName": "vault", "backupStorageCapacity": 100, "cycleType": "month", "cycleCount": 1}
	plan := object{
		"regionID": "r", "backupPolicyName": "n", "backupSrcInstanceID": "h", "backupStorageID": "s", "directType": 0,
		"backupPeriodInfo": object{"rule": 0}, "backupRetentionInfo": object{"type": -1},
	}
	restore := object{"regionID": "r", "backupSnapID": "s"}
	tests := []struct {
		name, operation string
		base, change    object
		want            []string
	}{
		{"year of 4", "create-storage-backup", storage, object{"cycleType": "year", "cycleCount": 4}, []string{"cycleCount"}},
		{"year of 3", "create-storage-backup", storage, object{"cycleType": "year", "cycleCount": 3}, nil},
		{"11 months", "create-storage-backup", storage, object{"cycleCount": 11}, nil},
		{"12 months", "create-storage-backup", storage, object{"cycleCount": 12}, []string{"cycleCount"}},
		{"all of a repository", "create-storage-backup", storage, object{"regionID": "", "backupStorageName": "1-", "backupStorageCapacity": 99, "cycleType": "year", "cycleCount": 4},
			[]string{"regionID", "backupStorageName", "backupStorageCapacity", "cycleCount"}},
		{"page 0 is not given", "info-client-backup", object{"regionID": "r"}, object{"pageNo": 0, "pageSize": 0}, nil},
		{"page and size", "info-client-backup", object{"regionID": "r"}, object{"pageNo": -1, "pageSize": 51}, []string{"pageNo", "pageSize"}},
		{"page and size in a body", "client-by-instance-backup", object{"regionID": "r"}, object{"pageNo": -1, "pageSize": 51}, []string{"pageNo", "pageSize"}},
		{"least plan", "new-backup-policy", plan, nil, nil},
		{"weekly on Sunday at midnight", "new-backup-policy", plan, object{"backupPeriodInfo": object{"rule": 2, "day": 0, "hour": 0}}, nil},
		{"monthly on day 0", "new-backup-policy", plan, object{"backupPeriodInfo": object{"rule": 3, "day": 0, "hour": 0}}, []string{"backupPeriodInfo.day"}},
		{"weekly without anything", "new-backup-policy", plan, object{"backupPeriodInfo": object{"rule": 2}}, []string{"backupPeriodInfo.day", "backupPeriodInfo.hour"}},
		{"hourly at hour 24", "new-backup-policy", plan, object{"backupPeriodInfo": object{"rule": 0, "hour": 24}}, []string{"backupPeriodInfo.hour"}},
		{"kept for 0 days", "new-backup-policy", plan, object{"backupRetentionInfo": object{"type": 1, "value": 0}}, []string{"backupRetentionInfo.value"}},
		{"kept for -1 weeks", "new-backup-policy", plan, object{"backupRetentionInfo": object{"type": 2, "value": -1}}, []string{"backupRetentionInfo.value"}},
		{"kept in an unknown unit, without value", "new-backup-policy", plan, object{"backupRetentionInfo": object{"type": 9}}, []string{"backupRetentionInfo.value"}},
		{"given directories, none given", "new-backup-policy", plan, object{"directType": 1, "backupFileInfo": object{"dirs": []any{}}}, []string{"backupFileInfo.dirs"}},
		{"advanced rule without rule and directories", "new-backup-policy", plan, object{"directType": 2, "backupFileInfo": object{"files": []any{"/a"}}}, []string{"backupFileInfo.dirs", "backupFileInfo.rule"}},
		{"all directories with some named", "new-backup-policy", plan, object{"backupFileInfo": object{"dirs": []any{"/a"}}}, nil},
		{"every fault of a rate limit, in both windows", "new-backup-policy", plan,
			object{"backupLimitQosInfo": object{"isLimitQos": true, "rateLimits": []any{object{"start": 24, "stop": 25, "uploadMb": 10000}, object{}}}},
			[]string{"backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb", "backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb"}},
		{"limits given as 1 are sent as true", "new-backup-policy", plan, object{"backupLimitQosInfo": object{"isLimitQos": 1}}, nil},
		{"every fault of a plan", "new-backup-policy", plan, object{
			"regionID": "", "backupPolicyName": "", "backupSrcInstanceID": "", "backupStorageID": "", "directType": 2,
			"backupFileInfo": object{"files": []any{""}}, "backupPeriodInfo": object{"rule": 3, "day": 32, "hour": -1},
			"backupRetentionInfo": object{"type": 4, "value": 0}, "backupLimitQosInfo": object{"rateLimits": []any{object{"start": -1, "stop": 0, "uploadMb": 0}}},
		}, []string{"regionID", "backupPolicyName", "backupSrcInstanceID", "backupStorageID", "backupFileInfo.dirs", "backupFileInfo.files", "backupFileInfo.rule",
			"backupPeriodInfo.day", "backupPeriodInfo.hour", "backupRetentionInfo.value", "backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb"}},
		{"some files, none named", "create-restore-backup", restore, object{"backupRestoreFuncType": 1, "backupRestoreFileList": []any{}}, []string{"backupRestoreFileList"}},
		{"all files", "create-restore-backup", restore, object{"backupRestoreFuncType": 0}, nil},
	}
	operations := map[string]operation{}
	for _, op := range contract(t) {
		operations[op.Name] = op
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			c := s.client(t)
			request := maps.Clone(test.base)
			maps.Copy(request, test.change)
			if test.want != nil {
				s.requireRefused(t, c, operations[test.operation], request, test.want...)
				return
			}
			_, err := invoke(t, c, operations[test.operation], request)
			require.NoError(t, err)
			require.Len(t, s.take(), 1)
		})
	}
}

// requireRefused requires that a request is refused for these fields and no
// others, and that nothing is sent.
func (s *service) requireRefused(t *testing.T, c *ctcbr.Client, op operation, request object, fields ...string) {
	t.Helper()
	_, err := invoke(t, c, op, request)
	require.ElementsMatch(t, fields, faults(t, err), "%v", err)
	for _, field := range fields {
		require.Contains(t, regexp.MustCompile(`\[\d+\]`).ReplaceAllString(err.Error(), ""), field)
	}
	require.Contains(t, err.Error(), op.Name)
	require.Empty(t, s.take(), "the service received a request that is invalid")
}

// faults returns the fields of a validation error, without the places in lists.
func faults(t *testing.T, err error) []string {
	t.Helper()
	var invalid *ctcbr.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, ctcbr.ErrInvalid)
	var fields []string
	for _, f := range invalid.Faults {
		require.NotEmpty(t, f.Problem)
		fields = append(fields, regexp.MustCompile(`\[\d+\]`).ReplaceAllString(f.Field, ""))
	}
	return fields
}

// random makes requests and answers that the contract allows.
type random struct {
	*rand.Rand
	least    bool // what is required alone
	full     bool // every optional parameter and field, and no list empty
	spelling spelling
}

// newRandom makes one for a test, that a seed makes again.
func newRandom(t *testing.T) *random {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to see it again: go test -seed %d", *seedFlag)
		}
	})
	name := fnv.New64()
	name.Write([]byte(t.Name()))
	return &random{Rand: rand.New(rand.NewPCG(*seedFlag, name.Sum64()))}
}

// newSample and newFullSample make the same each time: what is required alone,
// and all that there is.
func newSample() *random     { return &random{Rand: rand.New(rand.NewPCG(1, 2)), least: true} }
func newFullSample() *random { return &random{Rand: rand.New(rand.NewPCG(1, 2)), full: true} }

func pick[T any](r *random, from ...T) T { return from[r.IntN(len(from))] }

func (r *random) often() bool { return r.full || !r.least && r.IntN(3) > 0 }

func (r *random) request(op operation) object { return r.members(op.Parameters, nil) }

func (r *random) members(parameters []parameter, outer object) object {
	o := object{}
	// Those that others depend on come first.
	for _, depends := range []bool{false, true} {
		for _, p := range parameters {
			if depends != (p.RequiredWhen != nil || p.Ranges != nil) {
				continue
			}
			needed := p.needed(o, outer)
			if needed || r.often() {
				o[p.Name] = r.value(p, needed, o, outer)
			}
		}
	}
	return o
}

func (p parameter) needed(o, outer object) bool {
	for name, values := range p.RequiredWhen {
		if slices.Contains(values, lookUp(name, o, outer)) {
			return true
		}
	}
	return p.Required
}

func lookUp(name string, o, outer object) any {
	if value, ok := o[name]; ok {
		return value
	}
	return outer[name]
}

func (r *random) value(p parameter, needed bool, o, outer object) any {
	if p.Enum != nil {
		return pick(r, p.Enum...)
	}
	switch p.Type {
	case "string":
		if p.Pattern != "" {
			return pick(r, "v", "Vault-", "a--9") + fmt.Sprint(r.IntN(1000))
		}
		return r.text()
	case "boolean":
		return r.IntN(2) == 0
	case "integer":
		low, high := 0, 31
		if p.Min != nil {
			low, high = *p.Min, *p.Min+1_000_000
		}
		if p.Max != nil {
			high = *p.Max
		}
		for name, ranges := range p.Ranges {
			if bounds, ok := ranges[fmt.Sprint(lookUp(name, o, outer))]; ok {
				low, high = bounds[0], bounds[1]
			}
		}
		return pick(r, low, high, low+r.IntN(high-low+1))
	case "object":
		return r.members(p.Fields, o)
	}
	least := 0
	if needed || r.full {
		least = 1
	}
	list := make([]any, least+r.IntN(4))
	for i := range list {
		if p.Fields != nil {
			list[i] = r.members(p.Fields, o)
		} else {
			list[i] = r.text()
		}
	}
	return list
}

// text makes text that is hard on encoders, and not blank.
func (r *random) text() string {
	text := ""
	for range r.IntN(12) {
		text += pick(r, "a", "Z", "0", "备", "份", " ", "+", "%", "&", "=", "/", "?", "#", ";", ":", ",", "%2B", "\"", "\\", "<", ">", "~", "*", "'", "é", "😀", "\u2028", "\n", "\x00")
	}
	return text + pick(r, "x", "-1", "机")
}

// spelling says which names an answer has of a field with two.
type spelling int

const (
	anySpelling spelling = iota
	firstSpelling
	otherSpelling
	bothSpellings
	emptyFirst
	emptyOther
)

// answer makes the content of an answer.
func (r *random) answer(fields []field) object {
	o := object{}
	for _, f := range fields {
		_, one := o[f.Name]
		_, other := o[f.Alias]
		if one || other || !r.often() {
			continue
		}
		value, empty := r.fieldValue(f), any(nil)
		if f.Null && !r.full && r.IntN(4) == 0 {
			value = nil
		}
		if f.Type == "string" || f.Type == "time" {
			empty = pick[any](r, nil, "")
		}
		spelling := r.spelling
		if spelling == anySpelling {
			spelling = pick(r, firstSpelling, otherSpelling, bothSpellings, emptyFirst, emptyOther)
		}
		switch {
		case f.Alias == "" || spelling == firstSpelling:
			o[f.Name] = value
		case spelling == otherSpelling:
			o[f.Alias] = value
		case spelling == bothSpellings:
			o[f.Name], o[f.Alias] = value, value
		case spelling == emptyFirst:
			o[f.Name], o[f.Alias] = empty, value
		default:
			o[f.Name], o[f.Alias] = value, empty
		}
	}
	if !r.full {
		o["xNew"] = pick[any](r, "text", 1, nil, true, object{"statusCode": 900}, []any{1})
	}
	return o
}

func (r *random) fieldValue(f field) any {
	switch f.Type {
	case "string":
		return pick(r, r.text(), r.text(), "Brand-New")
	case "time":
		return time.Unix(r.Int64N(4e9), 0).UTC().Format(time.DateTime)
	case "boolean":
		if f.Or == "integer" && !r.full && r.IntN(2) == 0 {
			return r.IntN(2)
		}
		return r.full || r.IntN(2) == 0
	case "integer":
		return pick[any](r, 0, r.IntN(1000), 1_700_000_000_000+r.Int64N(1e12))
	case "number":
		return pick[any](r, 0, 100, float64(r.IntN(10000))/100)
	case "object":
		if f.Fields == nil {
			return object{"text": r.text(), "数": "1"}
		}
		return r.answer(f.Fields)
	}
	list := make([]any, 2)
	if !r.full {
		list = make([]any, r.IntN(4))
	}
	for i := range list {
		if f.Fields != nil {
			list[i] = r.answer(f.Fields)
		} else {
			list[i] = r.text()
		}
	}
	return list
}
