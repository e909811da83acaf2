package credential

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/verdict"
)

func shape() map[string]any {
	return map[string]any{
		"@context": []any{ContextV2}, "type": []any{"VerifiableCredential"}, "id": "urn:uuid:1",
		"issuer": "did:example:a", "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": map[string]any{"id": "did:example:b"},
	}
}

// Each rule of the data model broken in one way.
func TestShapeRules(t *testing.T) {
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	drop := func(name string) func(map[string]any) { return func(m map[string]any) { delete(m, name) } }
	for _, c := range []struct {
		name string
		edit func(map[string]any)
		good bool
	}{
		{"good", func(map[string]any) {}, true},
		{"issuer as an object", set("issuer", map[string]any{"id": "did:example:a", "name": "A"}), true},
		{"several subjects", set("credentialSubject", []any{map[string]any{"id": "did:example:b"}, map[string]any{"a": "b"}}), true},
		{"no id", drop("id"), true},
		{"name by language", set("name", []any{map[string]any{"@value": "x", "@language": "es"}}), true},
		{"context is a text", set("@context", ContextV2), false},
		{"context is empty", set("@context", []any{}), false},
		{"context begins elsewhere", set("@context", []any{"https://other.example/v1", ContextV2}), false},
		{"context holds a number", set("@context", []any{ContextV2, json.Number("1")}), false},
		{"no type", drop("type"), false},
		{"type lacks the base", set("type", []any{"OpenBadgeCredential"}), false},
		{"type holds a number", set("type", []any{"VerifiableCredential", json.Number("1")}), false},
		{"id is a list", set("id", []any{"urn:a"}), false},
		{"id is null", set("id", nil), false},
		{"id is a word", set("id", "badge"), false},
		{"no issuer", drop("issuer"), false},
		{"issuer is a name", set("issuer", "University"), false},
		{"issuer is null", set("issuer", nil), false},
		{"no subject", drop("credentialSubject"), false},
		{"subject is a text", set("credentialSubject", "did:example:b"), false},
		{"subject is empty", set("credentialSubject", map[string]any{}), false},
		{"subjects are none", set("credentialSubject", []any{}), false},
		{"validFrom without zone", set("validFrom", "2026-01-01T00:00:00"), false},
		{"validFrom is a day", set("validFrom", "2026-01-01"), false},
		{"validUntil before validFrom", set("validUntil", "2025-01-01T00:00:00Z"), false},
		{"status without type", set("credentialStatus", map[string]any{"id": "urn:x"}), false},
		{"status is null", set("credentialStatus", nil), false},
		{"schema without id", set("credentialSchema", map[string]any{"type": "JsonSchema"}), false},
		{"evidence is a text", set("evidence", "seen"), false},
		{"name is a number", set("name", json.Number("1")), false},
		{"name with another member", set("name", map[string]any{"@value": "x", "more": "y"}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := shape()
			c.edit(m)
			b, err := strictjson.Canonical(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = Parse(b, strictjson.Limits{}); c.good != (err == nil) || !c.good && !errors.Is(err, ErrMalformed) {
				t.Errorf("%v", err)
			}
		})
	}
	for _, bad := range []string{"", "[]", "null", `{"a":1,"a":2}`, `{"a":"\ud800"}`, "{} {}"} {
		if _, err := Parse([]byte(bad), strictjson.Limits{}); !errors.Is(err, ErrParse) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// What is unsigned or unreadable never passes, and says what it is.
func TestUnsignedNeverPasses(t *testing.T) {
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	b, err := strictjson.Canonical(shape())
	if err != nil {
		t.Fatal(err)
	}
	c := Check(t.Context(), b, Options{At: at, Loader: jsonld.Builtin()})
	if row := c.Row(verdict.Integrity); c.OK || row.Code != verdict.ProofMissing {
		t.Errorf("unsigned: %+v", c.Checks)
	}
	m := shape()
	m["@context"] = []any{ContextV2, "https://unknown.example/v1"}
	if b, err = strictjson.Canonical(m); err != nil {
		t.Fatal(err)
	}
	if row := Check(t.Context(), b, Options{At: at}).Row(verdict.Format); row.Code != verdict.UnknownContext || row.Params["context"] != "https://unknown.example/v1" {
		t.Errorf("unknown context: %+v", row)
	}
	m["@context"] = []any{ContextV2, map[string]any{"@vocab": "https://evil.example/"}}
	if b, err = strictjson.Canonical(m); err != nil {
		t.Fatal(err)
	}
	if row := Check(t.Context(), b, Options{At: at}).Row(verdict.Format); row.Code != verdict.ContextInline {
		t.Errorf("inline context: %+v", row)
	}
	m = shape()
	m["madeUp"] = "x"
	if b, err = strictjson.Canonical(m); err != nil {
		t.Fatal(err)
	}
	if row := Check(t.Context(), b, Options{At: at}).Row(verdict.Format); row.Code != verdict.DataLoss {
		t.Errorf("undefined term: %+v", row)
	}
}

func TestMicroRules(t *testing.T) {
	good := Micro{ID: "urn:uuid:1", Issuer: "did:example:a", Title: "T", Holder: Holder{Name: "A"}, Place: MicroPlace{Country: "ES"}, ECTS: "2.5", Workload: "PT60H", EQF: 6, Form: "online"}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	tree, err := good.Tree(now, []StatusSlot{{List: "https://u.example/status/1", Index: 7, Purpose: "revocation"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonld.Builtin().Expand(tree); err != nil {
		t.Errorf("what we issue has words without a meaning: %v", err)
	}
	for name, edit := range map[string]func(*Micro){
		"no title": func(m *Micro) { m.Title = "" }, "no holder": func(m *Micro) { m.Holder = Holder{} },
		"no country": func(m *Micro) { m.Place.Country = "" }, "country in words": func(m *Micro) { m.Place.Country = "Spain" },
		"EQF 9": func(m *Micro) { m.EQF = 9 }, "credits in words": func(m *Micro) { m.ECTS = "four" },
		"workload in months": func(m *Micro) { m.Workload = "P60M" }, "empty workload": func(m *Micro) { m.Workload = "PT" },
		"odd form": func(m *Micro) { m.Form = "mixed" }, "birth date with time": func(m *Micro) { m.Holder.BirthDate = "1999-10-01T22:00:00Z" },
		"awarded is no date": func(m *Micro) { m.Awarded = "spring" },
	} {
		m := good
		edit(&m)
		if _, err := m.Tree(now, nil); !errors.Is(err, ErrProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:a:b","credentialSubject":{"id":"urn:x"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b, strictjson.Limits{MaxBytes: 1 << 14})
		if err == nil && (c.Issuer == "" || len(c.Subjects) == 0 || len(c.Types) == 0) {
			t.Fatalf("%+v", c)
		}
	})
}

// An inline context is found wherever it hides, and said where it is.
func TestNestedContext(t *testing.T) {
	hidden := map[string]any{"@context": map[string]any{}}
	own := func(context any, typ string) map[string]any { return map[string]any{"@context": context, "type": typ} }
	for _, c := range []struct {
		name string
		at   string
		v    any
		want string
	}{
		{"at the top", "@context", hidden, ""},
		{"in a proof", "proof", []any{hidden}, ""},
		{"in a proof below", "evidence", map[string]any{"proof": hidden}, ""},
		{"of a credential inside", "endorsement", own(ContextV2, "VerifiableCredential"), ""},
		{"of something else inside", "endorsement", own(ContextV2, "Other"), "endorsement"},
		{"unknown, of a credential inside", "endorsement", own("https://other.example/", "VerifiableCredential"), "endorsement"},
		{"in a member", "evidence", hidden, "evidence"},
		{"deeper", "evidence", map[string]any{"a": map[string]any{"b": hidden}}, "evidence.a.b"},
		{"in a list", "evidence", []any{map[string]any{}, map[string]any{"a": []any{"x", []any{hidden}}}}, "evidence[1].a[1][0]"},
	} {
		tree := shape()
		tree[c.at] = c.v
		if got, found := nestedContext(tree, jsonld.Builtin().Has); got != c.want || found != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
