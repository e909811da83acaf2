package verdict_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bonafide-id/bonafide/internal/vectors"
	. "github.com/bonafide-id/bonafide/verdict"
)

// TestPresentationOutcome is the table of a presentation: one row, one difference.
func TestPresentationOutcome(t *testing.T) {
	good := &Verdict{Outcome: Verified}
	rows := func(r ...Check) []Check { return r }
	ok := rows(New(Format, OK), New(Integrity, OK), New(Holder, HolderBound))
	for _, c := range []struct {
		name string
		p    Presentation
		want Outcome
	}{
		{"everything holds", Presentation{Checks: ok, Credentials: []*Verdict{good}}, Verified},
		{"nothing", Presentation{}, Indeterminate},
		{"no credential", Presentation{Checks: ok}, Indeterminate},
		{"a credential that was lost", Presentation{Checks: ok, Credentials: []*Verdict{good, nil}}, Indeterminate},
		{"one credential not established", Presentation{Checks: ok, Credentials: []*Verdict{good, {}}}, Indeterminate},
		{"one credential invalid", Presentation{Checks: ok, Credentials: []*Verdict{good, {Outcome: Invalid}}}, Invalid},
		{"proof fails", Presentation{Checks: rows(New(Format, OK), New(Integrity, SignatureInvalid)), Credentials: []*Verdict{good}}, Invalid},
		{"proof unknown", Presentation{Checks: rows(New(Format, OK), New(Integrity, KeyUnavailable)), Credentials: []*Verdict{good}}, Indeterminate},
		{"proof missing", Presentation{Checks: rows(New(Format, OK), New(Integrity, ProofMissing)), Credentials: []*Verdict{good}}, Indeterminate},
		{"no row about a proof", Presentation{Checks: rows(New(Format, OK)), Credentials: []*Verdict{good}}, Indeterminate},
		{"an envelope", Presentation{Unsigned: true, Checks: rows(New(Format, OK), New(Holder, NotBound)), Credentials: []*Verdict{good}}, Verified},
		{"an envelope of unknown form", Presentation{Unsigned: true, Credentials: []*Verdict{good}}, Indeterminate},
		{"a row that the registry does not know", Presentation{Checks: append(ok, Check{Name: Integrity, Result: Pass, Code: "moon"}), Credentials: []*Verdict{good}}, Indeterminate},
	} {
		if c.p.Settle(); c.p.Outcome != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.p.Outcome, c.want)
		}
	}
}

func TestPresentationFitsItsSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"verdict.schema.json", "presentation.schema.json"} {
		body, err := os.ReadFile(filepath.Join(vectors.Root(t), "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("https://github.com/bonafide-id/bonafide/blob/main/docs/"+name, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("https://github.com/bonafide-id/bonafide/blob/main/docs/presentation.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	v := full()
	for name, p := range map[string]Presentation{"zero": {}, "full": {AsOf: noon, Holder: "did:key:z", Checks: good(), Credentials: []*Verdict{&v}}} {
		body, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		doc.(map[string]any)["x"] = 1
		if s.Validate(doc) == nil {
			t.Errorf("%s: a member more is let through", name)
		}
	}
}
