// Package conformance has what the suites below it share: the contract as data, the
// methods that make its calls, random requests and answers, servers to call, and the
// signature computed once more. A suite is a client of the SDK like any other program,
// and uses nothing but its exported API.
package conformance

import (
	"context"
	_ "embed"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
)

//go:embed contract.json
var contract []byte

// Operation is what contract.json says of an operation.
type Operation struct {
	Name, Method, Path, Kind string
	Common                   bool
	Parameters               []Parameter
	Response                 []Field
}

// Parameter is a parameter of a request, or a member of one that is an object.
type Parameter struct {
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
	Fields       []Parameter
}

// Field is a member of an answer's returnObj. Alias is its other spelling, Or the
// other type that it comes in.
type Field struct {
	Name, Type, Alias, Or string
	Null                  bool
	Fields                []Field
}

// Object is an object of JSON.
type Object = map[string]any

// Contract returns all operations, each of which some method of the SDK calls.
func Contract(t testing.TB) []Operation {
	t.Helper()
	var c struct{ Operations []Operation }
	require.NoError(t, json.Unmarshal(contract, &c))
	for _, op := range c.Operations {
		require.NotNil(t, Calls[op.Name].Make, "no method calls %s", op.Name)
	}
	return c.Operations
}

// EachOperation runs a parallel subtest for every operation of the contract.
func EachOperation(t *testing.T, test func(t *testing.T, op Operation)) {
	t.Helper()
	t.Parallel()
	for _, op := range Contract(t) {
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			test(t, op)
		})
	}
}

// Call is the method of the SDK that makes an operation's call.
type Call struct {
	Request, Response reflect.Type
	Make              func(ctx context.Context, c *ctcbr.Client, req any) (any, error)
}

func on[S, R, T any](service func(*ctcbr.Client) S, method func(S, context.Context, *R) (*T, error)) Call {
	return Call{reflect.TypeFor[R](), reflect.TypeFor[T](), func(ctx context.Context, c *ctcbr.Client, req any) (any, error) {
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

// Calls are all operations of the SDK by their wire name.
var Calls = map[string]Call{
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

// Invoke makes an operation's call with a request written as on the wire. The
// request of the caller must be the same afterwards.
func Invoke(t testing.TB, c *ctcbr.Client, op Operation, request Object) (any, error) {
	t.Helper()
	call, wire := Calls[op.Name], Encode(t, request)
	req, before := reflect.New(call.Request).Interface(), reflect.New(call.Request).Interface()
	require.NoError(t, json.Unmarshal(wire, req))
	require.NoError(t, json.Unmarshal(wire, before))
	answer, err := call.Make(t.Context(), c, req)
	require.Equal(t, before, req, "the call changed the caller's request")
	require.Equal(t, err == nil, answer != nil, "want either an answer or an error")
	return answer, err
}

// Encode writes a value as JSON.
func Encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

// Decode reads an object of JSON.
func Decode(t testing.TB, data []byte) Object {
	t.Helper()
	var o Object
	require.NoError(t, json.Unmarshal(data, &o), "%s", data)
	return o
}

// Tags returns the fields of a struct by their name on the wire, those of the
// structs that it embeds among them.
func Tags(typ reflect.Type) map[string]reflect.StructField {
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

// RequestIDOf returns the request ID of an answer of any operation.
func RequestIDOf(answer any) string {
	return reflect.ValueOf(answer).Elem().FieldByName("RequestID").String()
}

// Accept makes an answer one that says yes, and names what was made.
func (op Operation) Accept(content Object) {
	for name, value := range map[string]any{"status": "success", "installStatus": true, "UninstallStatus": true, "masterOrderID": "order-1", "backupTaskID": "task-1", "backupRestoreID": "restore-1"} {
		if slices.ContainsFunc(op.Response, func(f Field) bool { return f.Name == name }) {
			content[name] = value
		}
	}
}

// FirstObject returns v, or the first of v, if that is an object.
func FirstObject(v any) Object {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	o, _ := v.(Object)
	return o
}

// Enum returns the documented values of the parameter that the one at path
// depends on. It stands beside that one, or among the outermost.
func (op Operation) Enum(t *testing.T, name, path string) []any {
	t.Helper()
	siblings := op.Parameters
	names := strings.Split(path, ".")
	for _, outer := range names[:len(names)-1] {
		i := slices.IndexFunc(siblings, func(p Parameter) bool { return p.Name == outer })
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

func (p Parameter) needed(o, outer Object) bool {
	for name, values := range p.RequiredWhen {
		if slices.Contains(values, lookUp(name, o, outer)) {
			return true
		}
	}
	return p.Required
}
