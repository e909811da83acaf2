package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
)

const head = `{"$schema":"https://json-schema.org/draft/2020-12/schema",`

// try evaluates one schema against one document.
func try(ctx context.Context, schema string, doc map[string]any) error {
	r := &run{ctx: ctx, got: make(map[string]resource), schemas: census{refs: make(map[string]bool)}}
	return r.json(schemaURL, []byte(schema), doc)
}

// doubling is a chain of definitions each of which applies the next one twice.
func doubling(n int, start, each string) string {
	var b strings.Builder
	b.WriteString(start + `"$ref":"#/$defs/0","$defs":{`)
	for i := range n {
		next := fmt.Sprintf(`{"$ref":"#/$defs/%d"}`, i+1)
		fmt.Fprintf(&b, `"%d":`+each+`,`, i, next, next)
	}
	fmt.Fprintf(&b, `"%d":{"type":"string"}}}`, n)
	return b.String()
}

// nested is a document in which a leads to an object n times.
func nested(n int, leaf any) map[string]any {
	m := map[string]any{"a": leaf}
	for range n - 1 {
		m = map[string]any{"a": m}
	}
	return m
}

// arrays is a document of n arrays in each other.
func arrays(n int) map[string]any {
	var v any = json.Number("1")
	for range n {
		v = []any{v}
	}
	return map[string]any{"a": v}
}

// Schemas that ask for more work than there is time end by themselves, and as
// unknown; each does in a few lines what no honest schema does.
func TestBombs(t *testing.T) {
	const draft7 = `{"$schema":"http://json-schema.org/draft-07/schema#",`
	const draft2019 = `{"$schema":"https://json-schema.org/draft/2019-09/schema",`
	chain := func(n int, end string) string {
		var b strings.Builder
		b.WriteString(head + `"$ref":"#/$defs/0","$defs":{`)
		for i := range n {
			fmt.Fprintf(&b, `"%d":{"$ref":"#/$defs/%d"},`, i, i+1)
		}
		fmt.Fprintf(&b, `"%d":%s}}`, n, end)
		return b.String()
	}
	text := strings.Repeat("a", 1<<20)
	for _, c := range []struct {
		name, schema string
		doc          map[string]any
		want         error
	}{
		{"allOf doubles", doubling(60, head, `{"allOf":[%s,%s]}`), map[string]any{}, errWork},
		{"anyOf doubles", doubling(60, head, `{"anyOf":[%s,%s]}`), map[string]any{}, errWork},
		{"doubles in draft-07", strings.Replace(doubling(60, draft7, `{"allOf":[%s,%s]}`), `"$ref":"#/$defs/0"`, `"allOf":[{"$ref":"#/$defs/0"}]`, 1), map[string]any{}, errWork},
		{"doubles along the document", doubling(58, head, `{"patternProperties":{"a":%s,"^a":%s}}`), nested(60, json.Number("1")), errWork},
		{"doubles where only yes or no counts", strings.Replace(doubling(58, head, `{"items":%s,"contains":%s}`), `"$ref":"#/$defs/0"`, `"not":{"properties":{"a":{"$ref":"#/$defs/0"}}}`, 1), arrays(60), errWork},
		{"doubles behind $recursiveRef", draft2019 + `"$recursiveAnchor":true,"properties":{"a":{"allOf":[{"$recursiveRef":"#"},{"$recursiveRef":"#"}]}}}`, nested(60, json.Number("1")), errWork},
		{"$dynamicRef to what nothing else reaches", head + `"$ref":"#/$defs/list","$defs":{"list":{"$id":"list","properties":{"a":{"allOf":[{"$dynamicRef":"#node"},{"$dynamicRef":"#node"}]}},` +
			`"$defs":{"x":{"$dynamicAnchor":"node"}}},"own":{"$dynamicAnchor":"node","properties":{"a":{"allOf":[{"$ref":"#/$defs/own"},{"$ref":"#/$defs/own"}]}}}}}`, nested(60, json.Number("1")), errWork},
		{"refers to itself", head + `"allOf":[{"$ref":"#"}]}`, map[string]any{}, errSchema},
		{"a long chain at each level", chain(450, `{"properties":{"a":{"$ref":"#"}}}`), nested(60, json.Number("1")), errWork},
		{"a chain", chain(100, `{"type":"object"}`), map[string]any{}, nil},
		{"deep below each reference", deepChain(200), map[string]any{}, errWork},
		{"a slow pattern", head + `"properties":{"a":{"allOf":[` + strings.Repeat(`{"pattern":"(a?){90}(a?){90}(a?){90}b"},`, 100) + `{}]}}}`, map[string]any{"a": text}, errWork},
		{"a pattern that grows", head + `"properties":{"a":{"pattern":"((a{30}){30}[^b]{900}){2}"}}}`, map[string]any{"a": text}, errSchema},
		{"unique items again and again", doubling(20, head, `{"allOf":[%s,%s],"uniqueItems":true}`), map[string]any{}, errWork},
		{"many subschemas", head + `"properties":{` + many(maxValues/2) + `}}`, map[string]any{}, nil},
		{"many places that are no schemas", head + `"x":[` + strings.Repeat(`{},`, 10000) + `{}],"allOf":[` + refs(maxRefs) + `]}`, map[string]any{}, nil},
		{"more references", head + `"x":[` + strings.Repeat(`{},`, 1000) + `{}],"allOf":[` + refs(maxRefs+1) + `]}`, map[string]any{}, errBudget},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			err := try(t.Context(), c.schema, c.doc)
			if c.want == nil && err != nil || !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Logf("%v, stack %d MiB", time.Since(start), m.StackSys>>20)
		})
	}
}

// deepChain is a chain of references with 28 levels of allOf between them.
func deepChain(n int) string {
	var b strings.Builder
	b.WriteString(head + `"$ref":"#/$defs/0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"%d":%s{"$ref":"#/$defs/%d"}%s,`, i, strings.Repeat(`{"allOf":[`, 28), i+1, strings.Repeat(`]}`, 28))
	}
	return b.String() + fmt.Sprintf(`"%d":{}}}`, n)
}

func many(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"%d":{}`, i)
	}
	return strings.Join(list, ",")
}

func refs(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"$ref":"#/x/%d"}`, i)
	}
	return strings.Join(list, ",")
}

// A cancelled request ends an evaluation that would go on.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := try(ctx, doubling(12, head, `{"allOf":[%s,%s]}`), map[string]any{}); !errors.Is(err, errWork) {
		t.Errorf("%v", err)
	}
}

// The work of an honest credential is far below the limits.
func TestHonestWork(t *testing.T) {
	doc := tree()
	list := make([]any, 1000)
	for i := range list {
		list[i] = map[string]any{"id": fmt.Sprintf("urn:%d", i), "type": []any{"Result"}, "value": "4.5"}
	}
	doc["credentialSubject"].(map[string]any)["result"] = list
	schema := strings.Replace(goodJSON, `"mail":{`, `"result":{"type":"array","items":{"type":"object","required":["id"],"properties":{"id":{"type":"string","pattern":"^urn:[0-9]+$"},`+
		`"type":{"oneOf":[{"type":"array","items":{"type":"string"}},{"type":"string"}]}}}},"mail":{`, 1)
	if err := try(t.Context(), schema, doc); err != nil {
		t.Error(err)
	}
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(goodJSON))
	f.Add([]byte(doubling(5, head, `{"allOf":[%s,%s]}`)))
	f.Add([]byte(head + `"$dynamicAnchor":"a","properties":{"credentialSubject":{"$dynamicRef":"#a"}},"unevaluatedProperties":{"$id":"x"}}`))
	f.Add([]byte(`{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"https://json-schema.org/draft/2020-12/schema"}`))
	f.Fuzz(func(t *testing.T, schema []byte) {
		start := time.Now()
		err := try(t.Context(), string(schema), tree())
		if spent := time.Since(start); spent > 10*time.Second {
			t.Fatalf("%v for %d bytes", spent, len(schema))
		}
		if _, bad := strictjson.ParseObject(schema, strictjson.Limits{}); bad != nil && err == nil {
			t.Fatal("what cannot be read fits")
		}
	})
}
