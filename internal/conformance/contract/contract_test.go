// Package contract holds the SDK against the published contract, operation by operation,
// with requests and answers made at random.
package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ctyun-go/ctcbr"
	"github.com/ctyun-go/ctcbr/internal/conformance"
)

func TestMain(m *testing.M) { conformance.Main(m) }

func TestContractAndCallsAgree(t *testing.T) {
	t.Parallel()
	var operations []string
	kinds := map[string]int{}
	for _, op := range conformance.Contract(t) {
		operations = append(operations, op.Name)
		if op.Common {
			kinds["companion"]++
		} else {
			kinds[op.Method+" "+op.Kind]++
		}
	}
	require.ElementsMatch(t, operations, slices.Collect(maps.Keys(conformance.Calls)))
	require.Equal(t, map[string]int{"GET read": 7, "POST order": 5, "POST write": 10, "companion": 2}, kinds)
}

func TestManifestOfParameters(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		requireParameters(t, op.Name, op.Parameters, conformance.Calls[op.Name].Request)
	})
}

func requireParameters(t *testing.T, path string, parameters []conformance.Parameter, typ reflect.Type) {
	t.Helper()
	members := conformance.Tags(typ)
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
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		requireFields(t, op.Name, op.Response, conformance.Calls[op.Name].Response)
	})
}

func requireFields(t *testing.T, path string, fields []conformance.Field, typ reflect.Type) {
	t.Helper()
	members := conformance.Tags(typ)
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

func TestRandomRequestsReachTheWire(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c, random := s.Client(t, ctcbr.WithRegion("another-region")), conformance.NewRandom(t)
		for range 40 {
			request := random.Request(op)
			req := reflect.New(conformance.Calls[op.Name].Request).Interface()
			require.NoError(t, json.Unmarshal(conformance.Encode(t, request), req))
			require.JSONEq(t, string(conformance.Encode(t, request)), string(conformance.Encode(t, req)), "decoding the request lost something")

			answer, err := conformance.Invoke(t, c, op, request)
			require.NoError(t, err)
			received := s.Take()
			require.Len(t, received, 1)
			requireOnWire(t, op, request, received[0])
			require.Equal(t, received[0].RequestID(), conformance.RequestIDOf(answer))
		}
	})
}

// requireOnWire requires that a request was sent as the contract has it, with
// nothing added but the client token of an order.
func requireOnWire(t *testing.T, op conformance.Operation, request conformance.Object, r conformance.Received) {
	t.Helper()
	require.Equal(t, op.Method, r.Method)
	if op.Parameters[0].In == "query" {
		want := op.Path
		if query := canonical(request); query != "" {
			want += "?" + query
		}
		require.Equal(t, want, r.Target)
		require.Empty(t, r.Body)
		require.Empty(t, r.Header.Get("Content-Length"))
	} else {
		want := maps.Clone(request)
		got := conformance.Decode(t, r.Body)
		if token, _ := request["clientToken"].(string); op.Kind == "order" && token == "" {
			require.Regexp(t, conformance.UUIDPattern, got["clientToken"])
			want["clientToken"] = got["clientToken"]
		}
		require.Equal(t, op.Path, r.Target)
		require.JSONEq(t, string(conformance.Encode(t, want)), string(conformance.Encode(t, got)))
	}
	r.RequireSigned(t)
}

// canonical writes a query as it is signed.
func canonical(request conformance.Object) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(request)) {
		value := strings.ReplaceAll(url.QueryEscape(fmt.Sprint(request[key])), "+", "%20")
		pairs = append(pairs, key+"="+value)
	}
	return strings.Join(pairs, "&")
}

func TestRegionFallsBackToTheClients(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		if op.Common {
			return // the companions have no region
		}
		s := conformance.NewService(t)
		c := s.Client(t, ctcbr.WithRegion("client-region"))
		for name, region := range map[string]any{"absent": nil, "empty": "", "given": "given-region"} {
			request := conformance.NewSample().Request(op)
			delete(request, "regionID")
			want := maps.Clone(request)
			want["regionID"] = "client-region"
			if region != nil {
				request["regionID"] = region
			}
			if region == "given-region" {
				want["regionID"] = region
			}
			_, err := conformance.Invoke(t, c, op, request)
			require.NoError(t, err, name)
			received := s.Take()
			require.Len(t, received, 1, name)
			requireOnWire(t, op, want, received[0])
		}
	})
}

func TestUnknownEnumValuesAreSent(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewFullSample().Request(op)
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, parent conformance.Object, path string) {
			if p.Enum == nil {
				return
			}
			defer restore(parent, p.Name)()
			parent[p.Name] = map[string]any{"string": "Brand-新", "integer": 99}[p.Type]
			_, err := conformance.Invoke(t, c, op, request)
			require.NoError(t, err, path)
			received := s.Take()
			require.Len(t, received, 1, path)
			requireOnWire(t, op, request, received[0])
		})
	})
}

func TestRandomAnswersLoseNothing(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c, random := s.Client(t, ctcbr.WithRegion("region")), conformance.NewRandom(t)
		for range 40 {
			content := random.Answer(op.Response)
			op.Accept(content)
			envelope := conformance.Object{
				"statusCode": conformance.Pick(random, json.RawMessage("800"), json.RawMessage(`"800"`), json.RawMessage("800.0")),
				"message":    random.Text(), "description": random.Text(), "details": conformance.Pick[any](random, nil, "", "x"),
				"error": conformance.Pick[any](random, nil, ""), "errorCode": conformance.Pick[any](random, nil, ""),
				"traceX": conformance.Object{"statusCode": 900}, "returnObj": content,
			}
			s.Answer(200, string(conformance.Encode(t, envelope)))
			answer, err := conformance.Invoke(t, c, op, random.Request(op))
			require.NoError(t, err, "%s", conformance.Encode(t, envelope))
			requireKept(t, op.Name, op.Response, content, conformance.Decode(t, conformance.Encode(t, answer)))
			require.Equal(t, s.Take()[0].RequestID(), conformance.RequestIDOf(answer))
		}
	})
}

// broken is a value of the wrong type, which nobody expects to find again.
type broken struct{ value any }

func (b broken) MarshalJSON() ([]byte, error) { return json.Marshal(b.value) }

// requireKept requires that every documented field of an answer is in what the
// response of the SDK marshals to, under its name or its alias.
func requireKept(t *testing.T, path string, fields []conformance.Field, sent, got conformance.Object) {
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
			require.IsType(t, conformance.Object{}, kept, path)
			requireKept(t, path, f.Fields, value.(conformance.Object), kept.(conformance.Object))
		case f.Fields != nil:
			require.IsType(t, []any{}, kept, path)
			require.Len(t, kept, len(list), path)
			for i := range list {
				requireKept(t, fmt.Sprintf("%s[%d]", path, i), f.Fields, list[i].(conformance.Object), kept.([]any)[i].(conformance.Object))
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
	"string":   {12345, true, conformance.Object{"x": 1}, []any{"x"}},
	"time":     {12345, true, conformance.Object{"x": 1}, []any{"x"}, "tomorrow"},
	"integer":  {"text", "", true, 1.5, 1e300, conformance.Object{"x": 1}, []any{1}},
	"number":   {"text", "", true, conformance.Object{"x": 1}, []any{1}},
	"boolean":  {"text", "", 7, conformance.Object{"x": true}, []any{true}},
	"object":   {"text", "", 7, true, []any{"x"}},
	"string[]": {"text", "", 7, true, conformance.Object{"x": 1}, []any{7, conformance.Object{"x": 1}}},
	"object[]": {"text", "", 7, true, conformance.Object{"x": 1}, []any{7, "text", []any{}}},
}

// decisive are the fields that say whether a command was taken, name what was made, or are the list
// that was asked for, and what a wrong one of them leads to.
var decisive = map[string]func(t *testing.T, value any, err error){
	"status":                                requireRejected,
	"installStatus":                         requireBadCommand,
	"UninstallStatus":                       requireBadCommand,
	"masterOrderID":                         requireBadName,
	"create-restore-backup.backupRestoreID": requireBadName,
	"action-backup-policy.backupTaskID":     requireBadName,
	"backupClientList":                      requireBadList,
	"backupPolicyList":                      requireBadList,
	"backupRestoreList":                     requireBadList,
	"backupSnapshotList":                    requireBadList,
	"backupStorageList":                     requireBadList,
	"backupTaskList":                        requireBadList,
	"regionList":                            requireBadList,
}

func TestOneBadFieldNeverCostsTheRest(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c, sample := s.Client(t), conformance.NewFullSample()
		request := sample.Request(op)
		if op.Name == "action-backup-policy" {
			request["backupPolicyOp"] = 3
		}
		spellings := []conformance.Spelling{conformance.FirstSpelling}
		if hasAlias(op.Response) {
			spellings = append(spellings, conformance.OtherSpelling, conformance.BothSpellings)
		}
		for _, sample.Spelling = range spellings {
			content := sample.Answer(op.Response)
			op.Accept(content)
			eachField(op.Response, content, "", func(f conformance.Field, parent conformance.Object, name, path string) {
				if sample.Spelling == conformance.BothSpellings && (f.Type == "time" || f.Type == "string[]") {
					return // text that is no time is kept, and so is the rest of a list: they outrank the other spelling
				}
				defer restore(parent, name)()
				for _, value := range wrong[f.Type] {
					if sample.Spelling == conformance.BothSpellings && strings.HasSuffix(name, "ID") && value == 12345 {
						continue // a number is kept as well, and outranks the other spelling
					}
					parent[name] = broken{value}
					s.Answer(200, string(conformance.Encode(t, conformance.Object{"statusCode": 800, "returnObj": content})))
					answer, err := conformance.Invoke(t, c, op, request)
					require.Len(t, s.Take(), 1)
					refused := decisive[path]
					if refused == nil {
						refused = decisive[op.Name+"."+path]
					}
					if strings.HasSuffix(path, "ID") && value == 12345 {
						refused = nil // it names what it is the ID of as well
					}
					if _, isList := value.([]any); isList && f.Type == "object[]" {
						refused = nil // it is one, of bad items
					}
					if refused != nil {
						refused(t, value, err)
						continue
					}
					require.NoError(t, err, "%s: %v", path, value)
					requireKept(t, fmt.Sprintf("%s (%s: %v)", op.Name, path, value), op.Response, content, conformance.Decode(t, conformance.Encode(t, answer)))
				}
			})
		}
	})
}

// IDs that are written as numbers are read as text, everywhere.
func TestIDsAsNumbers(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c, sample := s.Client(t), conformance.NewFullSample()
		request, content := sample.Request(op), sample.Answer(op.Response)
		op.Accept(content)
		ids := make(map[string]bool) // by one of the names that a field has
		eachField(op.Response, content, "", func(f conformance.Field, parent conformance.Object, name, path string) {
			if f.Type == "string" && strings.HasSuffix(name, "ID") {
				parent[name] = json.Number("90071992547409931234")
				ids[strings.TrimSuffix(path, name)+max(f.Name, f.Alias)] = true
			}
		})
		s.Answer(200, string(conformance.Encode(t, conformance.Object{"statusCode": 800, "returnObj": content})))
		answer, err := conformance.Invoke(t, c, op, request)
		require.NoError(t, err)
		require.GreaterOrEqual(t, strings.Count(string(conformance.Encode(t, answer)), `"90071992547409931234"`), len(ids))
	})
}

func hasAlias(fields []conformance.Field) bool {
	return slices.ContainsFunc(fields, func(f conformance.Field) bool { return f.Alias != "" || hasAlias(f.Fields) })
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

func requireBadList(t *testing.T, value any, err error) {
	t.Helper()
	if value == "" { // an empty list
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, ctcbr.ErrBadAnswer, "%v", value)
}

// eachParameter visits every parameter that a request has or could have, those
// within objects among them, with the object that it belongs to.
func eachParameter(parameters []conformance.Parameter, o conformance.Object, path string, visit func(p conformance.Parameter, parent conformance.Object, path string)) {
	for _, p := range parameters {
		name := strings.TrimPrefix(path+"."+p.Name, ".")
		visit(p, o, name)
		if inner := conformance.FirstObject(o[p.Name]); inner != nil {
			eachParameter(p.Fields, inner, name, visit)
		}
	}
}

// eachField visits every field that an answer has, under the names that it has
// there, and those within objects and within the first item of a list.
func eachField(fields []conformance.Field, o conformance.Object, path string, visit func(f conformance.Field, parent conformance.Object, name, path string)) {
	visited := map[string]bool{}
	for _, f := range fields {
		for _, name := range []string{f.Name, f.Alias} {
			if _, here := o[name]; !here || visited[name] {
				continue
			}
			visited[name] = true
			path := strings.TrimPrefix(path+"."+name, ".")
			visit(f, o, name, path)
			if inner := conformance.FirstObject(o[name]); inner != nil {
				eachField(f.Fields, inner, path, visit)
			}
		}
	}
}

// restore returns what undoes a change of a member.
func restore(o conformance.Object, name string) func() {
	before, had := o[name]
	return func() {
		o[name] = before
		if !had {
			delete(o, name)
		}
	}
}

func TestRequiredParametersAreRefusedWhenLeftOut(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewFullSample().Request(op)
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, parent conformance.Object, path string) {
			if !p.Required {
				return
			}
			defer restore(parent, p.Name)()
			delete(parent, p.Name)
			s.RequireRefused(t, c, op, request, path)
			parent[p.Name] = nil
			s.RequireRefused(t, c, op, request, path)
			if p.Type == "string" {
				parent[p.Name] = ""
				s.RequireRefused(t, c, op, request, path)
				parent[p.Name] = " \t\u3000"
				s.RequireRefused(t, c, op, request, path)
			}
		})
	})
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		var required []string
		for _, p := range op.Parameters {
			if p.Required {
				required = append(required, p.Name)
			}
		}
		if required != nil {
			s.RequireRefused(t, c, op, conformance.Object{}, required...)
		}
		answer, err := conformance.Calls[op.Name].Make(t.Context(), c, reflect.Zero(reflect.PointerTo(conformance.Calls[op.Name].Request)).Interface())
		if required == nil {
			require.NoError(t, err, "a nil request")
			return
		}
		require.Nil(t, answer)
		require.ElementsMatch(t, required, conformance.FaultsOf(t, err), "a nil request")
		require.Empty(t, s.Take())
	})
}

func TestParametersRequiredWhen(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewFullSample().Request(op)
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, parent conformance.Object, path string) {
			for name, values := range p.RequiredWhen {
				owner := owner(name, parent, request)
				defer restore(owner, name)()
				defer restore(parent, p.Name)()
				delete(parent, p.Name)
				for _, value := range op.Enum(t, name, path) {
					owner[name] = value
					if slices.Contains(values, value) {
						s.RequireRefused(t, c, op, request, path)
						continue
					}
					sent := request
					if p.Name == "rule" && value == 0.0 { // then no directories may be named
						sent = maps.Clone(request)
						sent["backupFileInfo"] = conformance.Object{"files": parent["files"]}
					}
					_, err := conformance.Invoke(t, c, op, sent)
					require.NoError(t, err, "%s left out where %s is %v", path, name, value)
					require.Len(t, s.Take(), 1)
				}
			}
		})
	})
}

// owner returns the object that holds the parameter that one in parent depends on.
func owner(name string, parent, request conformance.Object) conformance.Object {
	if _, beside := parent[name]; beside {
		return parent
	}
	return request
}

func TestNumbersStayInTheirRange(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewFullSample().Request(op)
		check := func(p conformance.Parameter, parent conformance.Object, path string, low, high int) {
			for _, n := range []int{low, high} {
				parent[p.Name] = n
				_, err := conformance.Invoke(t, c, op, request)
				require.NoError(t, err, "%s is %d", path, n)
				received := s.Take()
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
				s.RequireRefused(t, c, op, request, path)
			}
		}
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, parent conformance.Object, path string) {
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
				for _, value := range op.Enum(t, name, path) {
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
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		request := conformance.NewFullSample().Request(op)
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, parent conformance.Object, path string) {
			if p.MaxItems == 0 {
				return
			}
			defer restore(parent, p.Name)()
			longest := strings.Repeat("路", max(1, p.MaxLength))
			most := slices.Repeat([]any{longest}, p.MaxItems)
			parent[p.Name] = most
			_, err := conformance.Invoke(t, c, op, request)
			require.NoError(t, err, path)
			received := s.Take()
			require.Len(t, received, 1)
			requireOnWire(t, op, request, received[0])

			parent[p.Name] = append(most, "x")
			s.RequireRefused(t, c, op, request, path)
			parent[p.Name] = []any{"x", ""}
			s.RequireRefused(t, c, op, request, path)
			if p.MaxLength > 0 {
				parent[p.Name] = []any{"x", longest + "x"}
				s.RequireRefused(t, c, op, request, path)
			}
		})
	})
}

func TestRepositoryNames(t *testing.T) {
	t.Parallel()
	s := conformance.NewService(t)
	c := s.Client(t)
	for _, op := range conformance.Contract(t) {
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
				request := conformance.NewSample().Request(op)
				request[p.Name] = name
				if !valid {
					s.RequireRefused(t, c, op, request, p.Name)
					continue
				}
				_, err := conformance.Invoke(t, c, op, request)
				require.NoError(t, err, name)
				require.Len(t, s.Take(), 1)
			}
		}
	}
}

func TestValidation(t *testing.T) {
	t.Parallel()
	storage := conformance.Object{"regionID": "r", "backupStorageName": "vault", "backupStorageCapacity": 100, "cycleType": "month", "cycleCount": 1}
	plan := conformance.Object{
		"regionID": "r", "backupPolicyName": "n", "backupSrcInstanceID": "h", "backupStorageID": "s", "directType": 0,
		"backupPeriodInfo": conformance.Object{"rule": 0}, "backupRetentionInfo": conformance.Object{"type": -1},
	}
	restore := conformance.Object{"regionID": "r", "backupSnapID": "s"}
	limits := func(hours ...int) conformance.Object {
		var windows []any
		for pair := range slices.Chunk(hours, 2) {
			windows = append(windows, conformance.Object{"start": pair[0], "stop": pair[1], "uploadMb": 1})
		}
		return conformance.Object{"backupLimitQosInfo": conformance.Object{"isLimitQos": true, "rateLimits": windows}}
	}
	tests := []struct {
		name, operation string
		base, change    conformance.Object
		want            []string
	}{
		{"year of 4", "create-storage-backup", storage, conformance.Object{"cycleType": "year", "cycleCount": 4}, []string{"cycleCount"}},
		{"year of 3", "create-storage-backup", storage, conformance.Object{"cycleType": "year", "cycleCount": 3}, nil},
		{"11 months", "create-storage-backup", storage, conformance.Object{"cycleCount": 11}, nil},
		{"12 months", "create-storage-backup", storage, conformance.Object{"cycleCount": 12}, []string{"cycleCount"}},
		{"all of a repository", "create-storage-backup", storage, conformance.Object{"regionID": "", "backupStorageName": "1-", "backupStorageCapacity": 99, "cycleType": "year", "cycleCount": 4},
			[]string{"regionID", "backupStorageName", "backupStorageCapacity", "cycleCount"}},
		{"page 0 is not given", "info-client-backup", conformance.Object{"regionID": "r"}, conformance.Object{"pageNo": 0, "pageSize": 0}, nil},
		{"page and size", "info-client-backup", conformance.Object{"regionID": "r"}, conformance.Object{"pageNo": -1, "pageSize": 51}, []string{"pageNo", "pageSize"}},
		{"page and size in a body", "client-by-instance-backup", conformance.Object{"regionID": "r"}, conformance.Object{"pageNo": -1, "pageSize": 51}, []string{"pageNo", "pageSize"}},
		{"least plan", "new-backup-policy", plan, nil, nil},
		{"weekly on Sunday at midnight", "new-backup-policy", plan, conformance.Object{"backupPeriodInfo": conformance.Object{"rule": 2, "day": 0, "hour": 0}}, nil},
		{"monthly on day 0", "new-backup-policy", plan, conformance.Object{"backupPeriodInfo": conformance.Object{"rule": 3, "day": 0, "hour": 0}}, []string{"backupPeriodInfo.day"}},
		{"weekly without anything", "new-backup-policy", plan, conformance.Object{"backupPeriodInfo": conformance.Object{"rule": 2}}, []string{"backupPeriodInfo.day", "backupPeriodInfo.hour"}},
		{"hourly at hour 24", "new-backup-policy", plan, conformance.Object{"backupPeriodInfo": conformance.Object{"rule": 0, "hour": 24}}, []string{"backupPeriodInfo.hour"}},
		{"kept for 0 days", "new-backup-policy", plan, conformance.Object{"backupRetentionInfo": conformance.Object{"type": 1, "value": 0}}, []string{"backupRetentionInfo.value"}},
		{"kept for -1 weeks", "new-backup-policy", plan, conformance.Object{"backupRetentionInfo": conformance.Object{"type": 2, "value": -1}}, []string{"backupRetentionInfo.value"}},
		{"given directories, none given", "new-backup-policy", plan, conformance.Object{"directType": 1, "backupFileInfo": conformance.Object{"dirs": []any{}}}, []string{"backupFileInfo.dirs"}},
		{"advanced rule without rule and directories", "new-backup-policy", plan, conformance.Object{"directType": 2, "backupFileInfo": conformance.Object{"files": []any{"/a"}}}, []string{"backupFileInfo.dirs", "backupFileInfo.rule"}},
		{"all directories with some named", "new-backup-policy", plan, conformance.Object{"backupFileInfo": conformance.Object{"dirs": []any{"/a"}}}, []string{"backupFileInfo.dirs"}},
		{"all directories with files named", "new-backup-policy", plan, conformance.Object{"backupFileInfo": conformance.Object{"dirs": []any{}, "files": []any{"/a"}}}, nil},
		{"all directories with some named, in an update", "update-backup-policy", plan, conformance.Object{"backupPolicyID": "p", "backupFileInfo": conformance.Object{"dirs": []any{"/a"}}}, []string{"backupFileInfo.dirs"}},
		{"a limit over midnight", "new-backup-policy", plan, limits(22, 6), []string{"backupLimitQosInfo.rateLimits.stop"}},
		{"a limit of no hour", "new-backup-policy", plan, limits(6, 6), []string{"backupLimitQosInfo.rateLimits.stop"}},
		{"a limit of one hour", "new-backup-policy", plan, limits(23, 24), nil},
		{"limits that touch", "new-backup-policy", plan, limits(8, 18, 18, 24, 0, 8), nil},
		{"limits that overlap", "new-backup-policy", plan, limits(8, 18, 0, 1, 17, 24), []string{"backupLimitQosInfo.rateLimits"}},
		{"a limit within another", "new-backup-policy", plan, limits(0, 24, 8, 9, 9, 10), []string{"backupLimitQosInfo.rateLimits", "backupLimitQosInfo.rateLimits"}},
		{"limits that overlap and are off", "update-backup-policy", plan, conformance.Object{"backupPolicyID": "p", "backupLimitQosInfo": conformance.Object{"isLimitQos": false, "rateLimits": limits(1, 3, 2, 4)["backupLimitQosInfo"].(conformance.Object)["rateLimits"]}}, []string{"backupLimitQosInfo.rateLimits"}},
		{"kept for longer than 32 bits count", "new-backup-policy", plan, conformance.Object{"backupRetentionInfo": conformance.Object{"type": 4, "value": 1 << 31}}, []string{"backupRetentionInfo.value"}},
		{"kept for ever, and for longer than 32 bits count", "new-backup-policy", plan, conformance.Object{"backupRetentionInfo": conformance.Object{"type": -1, "value": 1 << 31}}, []string{"backupRetentionInfo.value"}},
		{"a ladder longer than 32 bits count", "new-backup-policy", plan, conformance.Object{"backupRetentionInfo": conformance.Object{"type": -1, "hasConf": false, "conf": conformance.Object{"week": 1 << 40}}}, []string{"backupRetentionInfo.conf.week"}},
		{"increments that 32 bits do not count", "new-backup-policy", plan, conformance.Object{"backupFullInfo": conformance.Object{"backupMode": 1, "incrementNum": -1 << 40}}, []string{"backupFullInfo.incrementNum"}},
		{"every fault of a rate limit, in both windows", "new-backup-policy", plan,
			conformance.Object{"backupLimitQosInfo": conformance.Object{"isLimitQos": true, "rateLimits": []any{conformance.Object{"start": 24, "stop": 25, "uploadMb": 10000}, conformance.Object{}}}},
			[]string{"backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb", "backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb"}},
		{"limits given as 1 are sent as true", "new-backup-policy", plan, conformance.Object{"backupLimitQosInfo": conformance.Object{"isLimitQos": 1}}, nil},
		{"every fault of a plan", "new-backup-policy", plan, conformance.Object{
			"regionID": "", "backupPolicyName": "", "backupSrcInstanceID": "", "backupStorageID": "", "directType": 2,
			"backupFileInfo": conformance.Object{"files": []any{""}}, "backupPeriodInfo": conformance.Object{"rule": 3, "day": 32, "hour": -1},
			"backupRetentionInfo": conformance.Object{"type": 4, "value": 0}, "backupLimitQosInfo": conformance.Object{"rateLimits": []any{conformance.Object{"start": -1, "stop": 0, "uploadMb": 0}}},
		}, []string{"regionID", "backupPolicyName", "backupSrcInstanceID", "backupStorageID", "backupFileInfo.dirs", "backupFileInfo.files", "backupFileInfo.rule",
			"backupPeriodInfo.day", "backupPeriodInfo.hour", "backupRetentionInfo.value", "backupLimitQosInfo.rateLimits.start", "backupLimitQosInfo.rateLimits.stop", "backupLimitQosInfo.rateLimits.uploadMb"}},
		{"some files, of no scope", "create-restore-backup", restore, conformance.Object{"backupRestoreFileList": []any{"/etc/hosts"}}, []string{"backupRestoreFuncType"}},
		{"some files, of all", "create-restore-backup", restore, conformance.Object{"backupRestoreFuncType": 0, "backupRestoreFileList": []any{"/etc/hosts"}}, []string{"backupRestoreFuncType"}},
		{"some files, of a scope that is not documented", "create-restore-backup", restore, conformance.Object{"backupRestoreFuncType": 3, "backupRestoreFileList": []any{"/etc/hosts"}}, nil},
		{"a directory of blanks", "create-restore-backup", restore, conformance.Object{"backupTgtDir": " "}, []string{"backupTgtDir"}},
		{"some files, none named", "create-restore-backup", restore, conformance.Object{"backupRestoreFuncType": 1, "backupRestoreFileList": []any{}}, []string{"backupRestoreFileList"}},
		{"all files", "create-restore-backup", restore, conformance.Object{"backupRestoreFuncType": 0}, nil},
	}
	operations := map[string]conformance.Operation{}
	for _, op := range conformance.Contract(t) {
		operations[op.Name] = op
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := conformance.NewService(t)
			c := s.Client(t)
			request := maps.Clone(test.base)
			maps.Copy(request, test.change)
			if test.want != nil {
				s.RequireRefused(t, c, operations[test.operation], request, test.want...)
				return
			}
			_, err := conformance.Invoke(t, c, operations[test.operation], request)
			require.NoError(t, err)
			require.Len(t, s.Take(), 1)
		})
	}
}

// What a text of a request must not be, whatever its field: the service would take it for the name
// of something else.
var badTexts = map[string]string{
	"no UTF-8":                 "a\xffb",
	"no UTF-8 at its end":      "a\xe5\xa4",
	"a carriage return":        "a\r",
	"a line break":             "a\nb",
	"a NUL":                    "a\x00b",
	"an escape sequence":       "\x1b[31ma",
	"a delete":                 "a\x7f",
	"a control of Latin-1":     "a\u0085b",
	"a space before":           " a",
	"a space behind":           "a ",
	"a tab behind":             "a\t",
	"a space of a page behind": "a\u00a0",
	"a wide space before":      "\u3000a",
	"a byte order mark before": "\ufeffa",
	"a space without width":    "a\u200b",
	"a space alone":            " ",
}

func TestTextsThatNameNothing(t *testing.T) {
	conformance.EachOperation(t, func(t *testing.T, op conformance.Operation) {
		s := conformance.NewService(t)
		c := s.Client(t)
		call := conformance.Calls[op.Name]
		request := conformance.NewFullSample().Request(op)
		tried := 0
		eachParameter(op.Parameters, request, "", func(p conformance.Parameter, _ conformance.Object, path string) {
			if p.Type != "string" && p.Type != "string[]" {
				return
			}
			tried++
			for name, text := range badTexts {
				req := reflect.New(call.Request)
				require.NoError(t, json.Unmarshal(conformance.Encode(t, request), req.Interface()))
				setText(req.Elem(), strings.Split(path, "."), text)
				_, err := call.Make(t.Context(), c, req.Interface())
				if p.Name == "queryContent" && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) {
					require.NoError(t, err, "it is searched for: %q", text)
					require.Len(t, s.Take(), 1)
					continue
				}
				require.Equal(t, []string{path}, conformance.FaultsOf(t, err), "%s in %s: %v", name, path, err)
				require.Contains(t, err.Error(), " (", "both names")
				require.Empty(t, s.Take())
			}
		})
		require.NotZero(t, tried)
	})
}

// setText sets the text, or the first text, of the field at a path of names on the wire.
func setText(v reflect.Value, path []string, text string) {
	for _, name := range path {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
			if v.Kind() == reflect.Slice {
				v = v.Index(0)
			} else {
				v = v.Elem()
			}
		}
		v = v.FieldByIndex(conformance.Tags(v.Type())[name].Index)
	}
	if v.Kind() == reflect.Slice {
		v = v.Index(0)
	}
	v.SetString(text)
}

// Every fault has the name of the field in Go beside that on the wire.
func TestFaultsHaveBothNames(t *testing.T) {
	t.Parallel()
	s := conformance.NewService(t)
	c := s.Client(t)
	_, err := c.Plans.Create(t.Context(), &ctcbr.CreatePlanRequest{
		RegionID: "region", HostID: "host\r", StorageID: "vault", DirectType: ctcbr.Ptr(ctcbr.DirectGiven),
		Files: &ctcbr.FileSelection{Dirs: []string{"/a", "/b "}}, Schedule: ctcbr.Daily(24),
		Retention: ctcbr.KeepDays(0).WithLadder(-1, 0, 0, 0), Limits: ctcbr.LimitUpload(8, 9, 1).And(8, 10, 0),
	})
	var invalid *ctcbr.ValidationError
	require.ErrorAs(t, err, &invalid)
	var names, fields []string
	for _, f := range invalid.Faults {
		names, fields = append(names, f.Name), append(fields, f.Field)
		require.Contains(t, err.Error(), f.Name+" ("+f.Field+") "+f.Problem)
	}
	require.ElementsMatch(t, []string{"Name", "HostID", "Files.Dirs[1]", "Schedule.Hour", "Retention.Value", "Retention.Ladder.Days", "Limits.Windows[1]", "Limits.Windows[1].MBps"}, names)
	require.ElementsMatch(t, []string{"backupPolicyName", "backupSrcInstanceID", "backupFileInfo.dirs[1]", "backupPeriodInfo.hour", "backupRetentionInfo.value", "backupRetentionInfo.conf.day", "backupLimitQosInfo.rateLimits[1]", "backupLimitQosInfo.rateLimits[1].uploadMb"}, fields)
	require.ErrorContains(t, err, "Name (backupPolicyName) is required")
	require.ErrorContains(t, err, `HostID (backupSrcInstanceID) holds a control character: "host\r"`)
	require.ErrorContains(t, err, `Files.Dirs[1] (backupFileInfo.dirs[1]) has white space at its beginning or end: "/b "`)
}

// A shell makes D:\data" of "D:\data\": no path of Windows holds a quote.
func TestQuotesInPaths(t *testing.T) {
	t.Parallel()
	for path, refused := range map[string]bool{
		`D:\data"`: true, `d:\"data`: true, `z:/data"`: true, `"D:\data"`: true, `\\server\share"`: true, `D:"`: true, `D:\data" E:\more`: true,
		`D:\data`: false, `\\server\share`: false, `/srv/"quoted"`: false, `data"`: false, `4:\data"`: false, `/D:\data"`: false, `"`: false, `\data"`: false, `D`: false,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := conformance.NewService(t)
			c := s.Client(t, ctcbr.WithRegion("region"))
			plan := &ctcbr.CreatePlanRequest{Name: `a"b`, HostID: "host", StorageID: "vault", DirectType: ctcbr.Ptr(ctcbr.DirectGiven), Schedule: ctcbr.Hourly(), Retention: ctcbr.KeepForever()}
			plan.Files = &ctcbr.FileSelection{Dirs: []string{"/ok", path}, Files: []string{path}}
			_, planned := c.Plans.Create(t.Context(), plan)
			_, restored := c.Restores.Create(t.Context(), &ctcbr.CreateRestoreRequest{SnapshotID: "snapshot", TargetDir: path, Scope: ctcbr.Ptr(ctcbr.RestoreOnly), Paths: []string{path}})
			_, newest := c.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: path})
			if !refused {
				require.NoError(t, planned)
				require.NoError(t, restored)
				require.NotErrorIs(t, newest, ctcbr.ErrInvalid)
				return
			}
			require.Equal(t, []string{"backupFileInfo.dirs", "backupFileInfo.files"}, conformance.FaultsOf(t, planned))
			require.Equal(t, []string{"backupRestoreFileList", "backupTgtDir"}, conformance.FaultsOf(t, restored))
			require.Equal(t, []string{"TargetDir"}, conformance.FaultsOf(t, newest))
			require.Empty(t, s.Take())
		})
	}
}

func TestNewestRefusesWhatWouldRestoreElsewhere(t *testing.T) {
	t.Parallel()
	s := conformance.NewService(t)
	c := s.Client(t, ctcbr.WithRegion("region"))
	for _, dir := range []string{"", " ", "\t", "/restored\r", "/restored "} {
		_, err := c.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: dir})
		require.Equal(t, []string{"TargetDir"}, conformance.FaultsOf(t, err), "%q", dir)
	}
	for _, scope := range []*ctcbr.RestoreScope{nil, ctcbr.Ptr(ctcbr.RestoreAll)} {
		_, err := c.Restores.Newest(t.Context(), &ctcbr.RestoreNewestRequest{HostID: "host", TargetDir: "/restored", Scope: scope, Paths: []string{"/etc"}})
		require.Equal(t, []string{"Scope"}, conformance.FaultsOf(t, err))
	}
	require.Empty(t, s.Take())
}

func TestRawRequestsAreChecked(t *testing.T) {
	t.Parallel()
	utf16 := func(mark string, wide func(byte) string) json.RawMessage {
		for _, b := range []byte(`{"id":"1"}`) {
			mark += wide(b)
		}
		return json.RawMessage(mark)
	}
	little, big := func(b byte) string { return string([]byte{b, 0}) }, func(b byte) string { return string([]byte{0, b}) }
	for name, c := range map[string]struct {
		req    ctcbr.RawRequest
		faults []string
		body   string
	}{
		"a method":                       {req: ctcbr.RawRequest{Method: "PUT", Path: "/v4/x"}, faults: []string{"Method"}},
		"a path":                         {req: ctcbr.RawRequest{Method: "GET", Path: "v4/x"}, faults: []string{"Path"}},
		"a path with a line break":       {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/x\r"}, faults: []string{"Path"}},
		"a path that ends in a space":    {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/x "}, faults: []string{"Path"}},
		"a path that is not UTF-8":       {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/\xff"}, faults: []string{"Path"}},
		"everything at once":             {req: ctcbr.RawRequest{Path: "/v4/x\r", Query: url.Values{"a": {"\xff"}}, Body: map[string]string{"b": "\r"}}, faults: []string{"Method", "Path", "Query.a", "Body.b"}},
		"a query":                        {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/x", Query: url.Values{"a": {"1"}, "regionID": {"1", "r\r"}}}, faults: []string{"Query.regionID"}},
		"a name in a query":              {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/x", Query: url.Values{"a\n": {"1"}}}, faults: []string{"Query"}},
		"what is searched for":           {req: ctcbr.RawRequest{Method: "GET", Path: "/v4/x", Query: url.Values{"a": {"1"}}}},
		"a body":                         {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"dirs": []string{"/etc\r"}}}, faults: []string{"Body.dirs"}},
		"a body that is not UTF-8":       {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"dirs": []string{"/\xff"}}}, faults: []string{"Body"}},
		"a name in a body":               {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"dirs\r": 1}}, faults: []string{"Body"}},
		"a raw body that is not UTF-8":   {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage("{\"id\":\"\xff\"}")}, faults: []string{"Body"}},
		"an inner raw body not in UTF-8": {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"a": json.RawMessage("\"\xff\"")}}, faults: []string{"Body"}},
		"escapes in a raw body":          {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage(`{"id":"1\r"}`)}, faults: []string{"Body.id"}},
		"a raw body that is no JSON":     {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage(`{"id":`)}, faults: []string{"Body"}},
		"what cannot be JSON":            {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: func() {}}, faults: []string{"Body"}},
		"the character itself":           {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"id": "\ufffd", "path": `\ufffd`}}, body: "{\"id\":\"\ufffd\",\"path\":\"\\\\ufffd\"}"},
		"large numbers":                  {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: map[string]any{"at": 1 << 40}}, body: `{"at":1099511627776}`},
		"null":                           {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage(`null`)}, body: "null"},
		"a byte order mark":              {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage("\ufeff{\"id\":\"1\"}")}, body: `{"id":"1"}`},
		"UTF-16 of PowerShell":           {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: utf16("\xff\xfe", little)}, body: `{"id":"1"}`},
		"UTF-16 the other way":           {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: utf16("\xfe\xff", big)}, body: `{"id":"1"}`},
		"UTF-16 without a mark":          {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: utf16("", little)}, body: `{"id":"1"}`},
		"half of UTF-16":                 {req: ctcbr.RawRequest{Method: "POST", Path: "/v4/x", Body: json.RawMessage("\xff\xfe{")}, faults: []string{"Body"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := conformance.NewService(t)
			_, err := s.Client(t).Do(t.Context(), &c.req)
			if c.faults == nil {
				require.NoError(t, err)
				require.Equal(t, c.body, string(s.Take()[0].Body))
				return
			}
			require.ElementsMatch(t, c.faults, conformance.FaultsOf(t, err), "%v", err)
			require.NotContains(t, err.Error(), "\r")
			require.Empty(t, s.Take())
		})
	}
}

// A wait checks its ID, and its region, before its first poll.
func TestWaitsForWhatNamesNothing(t *testing.T) {
	t.Parallel()
	waits := map[string]func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error{
		"task": func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := c.Tasks.Wait(ctx, id, opts...)
			return err
		},
		"tasks": func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := c.Tasks.WaitAll(ctx, []string{"task", id}, opts...)
			return err
		},
		"restore": func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := c.Restores.Wait(ctx, id, opts...)
			return err
		},
		"agent": func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := c.Agents.WaitActivated(ctx, id, opts...)
			return err
		},
		"order": func(ctx context.Context, c *ctcbr.Client, id string, opts ...ctcbr.WaitOption) error {
			_, err := c.Orders.Wait(ctx, id, opts...)
			return err
		},
	}
	for name, wait := range waits {
		for why, text := range badTexts {
			t.Run(name+" with "+why, func(t *testing.T) {
				t.Parallel()
				s := conformance.NewService(t)
				c := s.Client(t, ctcbr.WithRegion("region"))
				require.Len(t, conformance.FaultsOf(t, wait(t.Context(), c, text)), 1)
				if name != "order" { // which has no region
					require.Equal(t, []string{"regionID"}, conformance.FaultsOf(t, wait(t.Context(), c, "id", ctcbr.WaitRegion(text))))
					require.Equal(t, []string{"regionID"}, conformance.FaultsOf(t, wait(t.Context(), c.ForRegion(text), "id")))
				}
				require.Empty(t, s.Take())
			})
		}
	}
}
