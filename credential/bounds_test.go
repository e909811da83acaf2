package credential

import (
	"runtime"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/verdict"
)

// A document costs about its own size, whatever stands in it: a long name above
// many values is not copied for each of them, and a context by the hundred thousand
// is not told of a hundred thousand times.
func TestBounds(t *testing.T) {
	long := strings.Repeat("k", 1<<20)
	many := func(s string, n int) string { return "[" + strings.Repeat(s+",", n) + s + "]" }
	for _, c := range []struct{ name, body string }{
		{"values below a long name", `{"@context":["` + ContextV2 + `"],"` + long + `":` + many("0", 5000) + `}`},
		{"objects below a long name", `{"@context":["` + ContextV2 + `"],"` + long + `":{"a":` + many(`{"b":0}`, 5000) + `}}`},
		{"values below a long name in a known one", `{"@context":["` + ContextV2 + `"],"type":["VerifiableCredential"],"issuer":"did:example:a","credentialSubject":{"id":"did:example:b"},` +
			`"credentialSchema":{"` + long + `":` + many("{}", 5000) + `}}`},
		{"unknown contexts", `{"@context":` + many(`"a:b"`, 50_000) + `}`},
		{"contexts inline", `{"@context":` + many(`{}`, 50_000) + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := Check(t.Context(), []byte(c.body), world(t))
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 200 {
				t.Errorf("%d MB were allocated for %d bytes", n, len(c.body))
			}
			if got.OK || len(got.Checks) > 64 {
				t.Errorf("OK is %v, %d rows", got.OK, len(got.Checks))
			}
		})
	}
	// What is found below is told by its place all the same.
	m := shape()
	m["credentialSubject"] = map[string]any{"id": "did:example:b", long: []any{map[string]any{}, map[string]any{"x": map[string]any{"@context": map[string]any{}}}}}
	row := Check(t.Context(), []byte(canonical(t, m)), world(t)).Row(verdict.Format)
	if want := "credentialSubject." + long[:80] + "...[1].x"; row.Code != verdict.ContextInline || row.Params["path"] != want {
		t.Errorf("%s at %.200s", row.Code, row.Params["path"])
	}
}
