package verdict_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/bonafide-id/bonafide/internal/hint"
	"github.com/bonafide-id/bonafide/internal/vectors"
	. "github.com/bonafide-id/bonafide/verdict"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) *time.Time { t := noon.Add(d); return &t }

// full is a verdict in which every member is filled.
func full() Verdict {
	v := Verdict{
		AsOf:   noon,
		Policy: PolicyNote{Name: "recognised", Require: []CheckName{Issuer, Authorisation}, Changes: []string{"max_age=P1Y"}},
		Checks: good(),
		Issuer: IssuerView{
			ID: "did:webvh:x:uni.example", Aliases: []string{"did:scid:vh:1:x"}, Closed: true, Level: "L6", Levels: []string{"L6", "L4", "L1"},
			Evidence: []EvidenceView{{Kind: "eidas-seal", By: "seal of VATES-A00000000", Level: "L6", Join: "sealed-statement", Source: "replica",
				ID: "urn:y", Digest: "sha256-x", At: at(5), From: at(-time.Hour), Until: at(time.Hour), Now: true, WhenIssued: true}},
			Quality: []QualityView{{Register: "DEQAR", Record: "https://data.deqar.eu/report/1", Agency: "AQ", Activity: "institutional", Status: "voluntary", UntilAssumed: true, Programmes: []string{"Law"}, Why: "no_decision", Decision: "positive",
				From: at(-time.Hour), Until: at(time.Hour), Observed: at(6), Digest: "sha256-z", Now: true, WhenIssued: true}},
			Fields: []Field{
				{Name: FieldLegalName, Value: "Uni", Lang: "en", State: Proven, By: []string{"did:web:acc.example"}},
				{Name: FieldDomain, Value: "uni.example", State: Claimed},
			},
			Recognitions: []Recognition{{By: "did:web:acc.example", ByName: "Acc", Of: "did:webvh:x:uni.example",
				Actions: []string{"issue"}, Types: []string{"OpenBadgeCredential"}, From: at(-time.Hour), Until: at(time.Hour), ID: "urn:x", Root: true}},
		},
		Subject: SubjectView{Credential: "urn:c", Types: []string{"VerifiableCredential"}, ID: "did:key:z", Name: "A",
			Achievement: "Go", Credits: "4 ECTS", Level: "EQF 6", Awarding: "Uni"},
		Dates: DatesView{ValidFrom: at(-1), ValidUntil: at(1), Awarded: at(2), Signed: at(3), ExistedBy: at(4)},
		Place: PlaceView{Country: "BE", Region: "BE-BRU", Locality: "Brussels", State: Proven, By: []string{"x"}},
		Annex: []Element{{Number: 7, Name: "workload", Mandatory: true, State: "malformed", Path: "x.y", Principle: 2,
			Findings: []Finding{{Code: "duration_absurd", Path: "x.y", Severity: "warn", Text: "Sixty months."}}}},
	}
	v.Checks[4] = New(Status, OK).With("purpose", "revocation").From("replica").Aged(90*time.Minute + time.Millisecond).
		On(Evidence{Kind: "status-list", ID: "https://uni.example/status/1", Digest: "bafkrei", By: "did:x", At: at(-time.Hour)})
	v.Settle()
	return v
}

func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(vectors.Root(t), "docs", "verdict.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("verdict.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("verdict.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t interface{ Fatal(...any) }, v Verdict) map[string]any {
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc.(map[string]any)
}

func TestVerdictsFitTheSchema(t *testing.T) {
	s := schema(t)
	for name, v := range map[string]Verdict{"full": full(), "zero": {}, "zero rows": {Checks: good()}, "local time": {AsOf: time.Now()}} {
		if err := s.Validate(instance(t, v)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, spec := range Codes() {
		if err := s.Validate(instance(t, Verdict{Checks: []Check{New(spec.Check, spec.Code)}})); err != nil {
			t.Errorf("%s %s: %v", spec.Check, spec.Code, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := full()
		v.Outcome = Outcome(rapid.Uint8().Draw(t, "outcome"))
		v.Place.State = FieldState(rapid.Uint8().Draw(t, "state"))
		v.Checks[0].Result = Result(rapid.Uint8().Draw(t, "result"))
		v.AsOf = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).In(time.FixedZone("X", 5400))
		if err := s.Validate(instance(t, v)); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSchemaRefuses changes one thing in a good document.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	inside := func(doc map[string]any, path ...string) map[string]any {
		for _, p := range path {
			switch v := doc[p].(type) {
			case map[string]any:
				doc = v
			case []any:
				doc = v[len(v)-1].(map[string]any)
			}
		}
		return doc
	}
	status := func(doc map[string]any) map[string]any { return doc["checks"].([]any)[4].(map[string]any) }
	tests := []struct {
		name  string
		spoil func(doc map[string]any)
		ok    bool
	}{
		{"good", func(map[string]any) {}, true},
		{"unknown outcome", func(d map[string]any) { d["outcome"] = "maybe" }, false},
		{"outcome in capitals", func(d map[string]any) { d["outcome"] = "Verified" }, false},
		{"no outcome", func(d map[string]any) { delete(d, "outcome") }, false},
		{"no checks", func(d map[string]any) { delete(d, "checks") }, false},
		{"more at the top", func(d map[string]any) { d["x"] = 1 }, false},
		{"more in policy", func(d map[string]any) { inside(d, "policy")["x"] = 1 }, false},
		{"more in a check", func(d map[string]any) { status(d)["x"] = 1 }, false},
		{"more in evidence", func(d map[string]any) { inside(status(d), "evidence")["x"] = 1 }, false},
		{"more in issuer", func(d map[string]any) { inside(d, "issuer")["x"] = 1 }, false},
		{"more in a field", func(d map[string]any) { inside(d, "issuer", "fields")["x"] = 1 }, false},
		{"more in a recognition", func(d map[string]any) { inside(d, "issuer", "recognitions")["x"] = 1 }, false},
		{"more in issuer evidence", func(d map[string]any) { inside(d, "issuer", "evidence")["x"] = 1 }, false},
		{"more in quality", func(d map[string]any) { inside(d, "issuer", "quality")["x"] = 1 }, false},
		{"level 7", func(d map[string]any) { inside(d, "issuer")["level"] = "L7" }, false},
		{"more in subject", func(d map[string]any) { inside(d, "subject")["x"] = 1 }, false},
		{"more in dates", func(d map[string]any) { inside(d, "dates")["x"] = 1 }, false},
		{"more in place", func(d map[string]any) { inside(d, "place")["x"] = 1 }, false},
		{"more in an element", func(d map[string]any) { inside(d, "annex")["x"] = 1 }, false},
		{"more in a finding", func(d map[string]any) { inside(d, "annex", "findings")["x"] = 1 }, false},
		{"element 17", func(d map[string]any) { inside(d, "annex")["number"] = 17 }, false},
		{"time with fraction", func(d map[string]any) { d["asOf"] = "2026-11-24T12:00:00.5Z" }, false},
		{"time with offset", func(d map[string]any) { d["asOf"] = "2026-11-24T12:00:00+01:00" }, false},
		{"no such time", func(d map[string]any) { d["asOf"] = "2026-11-31T12:00:00Z" }, false},
		{"unknown check", func(d map[string]any) { status(d)["name"] = "luck" }, false},
		{"unknown result", func(d map[string]any) { status(d)["result"] = "ok" }, false},
		{"age in fractions", func(d map[string]any) { status(d)["age"] = 1.5 }, false},
		{"negative age", func(d map[string]any) { status(d)["age"] = -1 }, false},
		{"principle 11", func(d map[string]any) { status(d)["principle"] = 11 }, false},
		{"code with a space", func(d map[string]any) { status(d)["code"] = "a b" }, false},
		{"code that is new", func(d map[string]any) { status(d)["code"] = "moon_phase" }, true},
		{"unknown state", func(d map[string]any) { inside(d, "place")["state"] = "maybe" }, false},
		{"list is null", func(d map[string]any) { inside(d, "issuer")["fields"] = nil }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := instance(t, full())
			tt.spoil(doc)
			if err := s.Validate(doc); (err == nil) != tt.ok {
				t.Errorf("Validate: %v", err)
			}
		})
	}
}

// TestFullVerdictFillsEveryMember: a member that Go writes and the schema does not
// list would only be found by a verdict that fills it.
func TestFullVerdictFillsEveryMember(t *testing.T) {
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				t.Errorf("%s is not filled", path)
				return
			}
			walk(path, v.Elem())
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice, reflect.Map, reflect.String:
			if v.Len() == 0 {
				t.Errorf("%s is not filled", path)
			} else if v.Kind() == reflect.Slice {
				walk(path+"[]", v.Index(0))
			}
		}
	}
	v := full()
	v.Checks = v.Checks[4:5]
	walk("verdict", reflect.ValueOf(v))
}

func TestVerdictJSONIsStable(t *testing.T) {
	v := full()
	v.Checks = v.Checks[4:5]
	v.Issuer, v.Subject, v.Place, v.Annex = IssuerView{ID: "did:x"}, SubjectView{}, PlaceView{}, nil
	v.Dates = DatesView{ValidFrom: at(1500 * time.Millisecond)}
	v.Settle()
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"outcome":"indeterminate","asOf":"2026-11-24T12:00:00Z",` +
		`"policy":{"name":"recognised","require":["issuer","authorisation"],"changes":["max_age=P1Y"]},` +
		`"checks":[{"name":"status","result":"pass","code":"ok","params":{"purpose":"revocation"},` +
		`"evidence":[{"kind":"status-list","id":"https://uni.example/status/1","digest":"bafkrei","by":"did:x","at":"2026-11-24T11:00:00Z"}],` +
		`"age":5400,"source":"replica","principle":9}],` +
		`"issuer":{"id":"did:x","level":"L0","levels":[],"fields":[],"recognitions":[],"evidence":[],"quality":[],"closed":false},"subject":{"types":[]},` +
		`"dates":{"validFrom":"2026-11-24T12:00:01Z"},"place":{"state":"absent","by":[]},"annex":[]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back Verdict
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(back)
	if !bytes.Equal(again, got) {
		t.Errorf("comes back as %s", again)
	}
}

func TestUnmarshalRefusesUnknownWords(t *testing.T) {
	for _, body := range []string{`{"outcome":"fine"}`, `{"checks":[{"result":"ok"}]}`, `{"place":{"state":"sure"}}`} {
		v := Verdict{Outcome: Verified}
		err := json.Unmarshal([]byte(body), &v)
		if !errors.Is(err, ErrWord) || hint.Of(err) == "" {
			t.Errorf("%s: %v", body, err)
		}
		if strings.Contains(body, "outcome") && v.Outcome != Indeterminate {
			t.Errorf("%s leaves %v", body, v.Outcome)
		}
	}
}

func TestZeroValues(t *testing.T) {
	var v Verdict
	if v.Outcome.String() != "indeterminate" || Result(0).String() != "unknown" || FieldState(0).String() != "absent" || !v.Consistent() {
		t.Error("a zero value promises something")
	}
	if Outcome(200).String() != "indeterminate" || Result(200).String() != "unknown" || FieldState(200).String() != "absent" {
		t.Error("a value out of range promises something")
	}
}

func TestSettleAndWorst(t *testing.T) {
	v := Verdict{Checks: good()}
	slices.Reverse(v.Checks)
	v.Checks = append(v.Checks, New(Status, ListUnavailable), New(Status, NotChecked), New(Signer, IssuerClosed))
	v.Settle()
	if v.Outcome != Indeterminate || v.Checks[0].Name != Format || !v.Consistent() {
		t.Errorf("settled to %v, first %s", v.Outcome, v.Checks[0].Name)
	}
	if w, ok := v.Worst(Status); !ok || w.Code != ListUnavailable {
		t.Errorf("worst status %+v", w)
	}
	if w, ok := v.Worst(Signer); !ok || w.Code != IssuerClosed {
		t.Errorf("worst signer %+v", w)
	}
	if _, ok := (Verdict{}).Worst(Signer); ok {
		t.Error("a row where there is none")
	}
	v.Outcome = Verified
	if v.Consistent() {
		t.Error("a forged outcome is consistent")
	}
}

func TestBuildersDoNotShare(t *testing.T) {
	base := New(Status, OK).With("a", "1").On(Evidence{Kind: "x"})
	one, two := base.With("b", "2").On(Evidence{Kind: "y"}), base.With("b", "3").On(Evidence{Kind: "z"})
	if len(base.Params) != 1 || len(base.Evidence) != 1 || one.Params["b"] != "2" || two.Params["b"] != "3" ||
		one.Evidence[1].Kind != "y" || two.Evidence[1].Kind != "z" {
		t.Errorf("%+v\n%+v\n%+v", base, one, two)
	}
	if *base.Aged(-time.Second).Age != 0 || *base.Aged(1999 * time.Millisecond).Age != 1 || base.Age != nil {
		t.Error("ages")
	}
	if Duration(90).Std() != 90*time.Second {
		t.Error("Std")
	}
}

func TestGetPrefersProven(t *testing.T) {
	v := IssuerView{Fields: []Field{
		{Name: FieldLegalName, Value: "claimed", State: Claimed},
		{Name: FieldLegalName, Value: "proven", State: Proven},
		{Name: FieldDomain, Value: "uni.example", State: Claimed},
	}}
	if f := v.Get(FieldLegalName); f.Value != "proven" {
		t.Errorf("%+v", f)
	}
	if f := v.Get(FieldDomain); f.State != Claimed {
		t.Errorf("%+v", f)
	}
	if f := v.Get(FieldLegalSeat); f.State != Absent || f.Name != FieldLegalSeat {
		t.Errorf("%+v", f)
	}
}
