package node

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/legal/register"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/verdict"
)

// registerFile is a register that names the DID and holds a decision that counts;
// tests change one thing of it.
func registerFile(did string) string {
	return `{"entries":[{"record":"R1","dids":["` + did + `"],"names":[{"value":"Universidad de Ejemplo","lang":"es"}],"seat":{"country":"ES"},
"identifiers":[{"scheme":"VAT","country":"ES","value":"A00000000"}],"domains":["university.example"],
"decisions":[{"report":"Q1","agency":"Agency","agencyId":"A1","activity":"institutional","decision":"positive","outcome":"positive","from":"2022-03-01","until":"2099-02-28"}]}],
"agencies":[{"id":"A1","name":"Agency","from":"2015-01-01"}]}`
}

func verdictCodes(v *verdict.Verdict) (out []string) {
	for _, c := range v.Checks {
		out = append(out, string(c.Name)+" "+string(c.Code))
	}
	return out
}

// What a register does to a verdict, from the file to the outcome; each case
// changes one thing.
func TestRegisters(t *testing.T) {
	n := opened(t, "university.example", nil)
	is := n.Info(t.Context()).Issuers[0]
	call[IdentityResponse](t, n, OpIdentitySet, IdentityRequest{Organisation: university()})
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	policy := "name = \"qa\"\nrequire = [\"issuer\", \"quality\"]\n"
	check := func() *verdict.Verdict {
		v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: policy, Offline: true})
		return &v
	}
	host := "did:web:other.example"
	h, err := n.ownLog(t.Context(), is.Subject)
	if err != nil {
		t.Fatal(err)
	}
	sight := func(url string) {
		if err := n.replica.Sight(t.Context(), store.Sighting{Subject: h.SCID(), Host: "university.example", URL: url, At: n.clock().UnixMilli()}); err != nil {
			t.Fatal(err)
		}
	}
	swap := func(old, new string) string {
		s := strings.Replace(registerFile(is.DID), old, new, 1)
		if s == registerFile(is.DID) {
			t.Fatalf("%q is not in the file", old)
		}
		return s
	}
	byDomain := strings.Replace(registerFile(host), is.DID, host, 1)
	for _, c := range []struct {
		name   string
		file   string
		edit   func()
		out    verdict.Outcome
		want   []string
		refuse bool // not accepted
	}{
		{"names the DID", registerFile(is.DID), nil, verdict.Verified, []string{"issuer identified", "quality quality_evidence"}, false},
		{"not accepted", registerFile(is.DID), nil, verdict.Indeterminate, []string{"issuer self_claimed", "quality no_quality_evidence"}, true},
		{"joined by name only", swap(`"dids":["`+is.DID+`"],`, ""), nil, verdict.Indeterminate, []string{"issuer self_claimed", "quality no_quality_evidence"}, false},
		{"negative decision", swap(`"outcome":"positive"`, `"outcome":"negative"`), nil, verdict.Indeterminate, []string{"issuer identified", "quality quality_negative"}, false},
		{"the agency's registration lapsed", swap(`"from":"2015-01-01"}`, `"from":"2015-01-01","until":"2022-02-27"}`), nil, verdict.Indeterminate,
			[]string{"issuer identified", "quality no_quality_evidence", "quality agency_not_registered"}, false},
		{"the VAT number, which only the issuer states", byDomain, nil, verdict.Indeterminate, []string{"issuer self_claimed", "quality no_quality_evidence"}, false},
		{"the domain, never hosted there", byDomain, nil, verdict.Indeterminate, []string{"issuer domain_claimed_only", "quality no_quality_evidence"}, false},
		{"the domain, seen below a path of it only", byDomain, func() { sight("https://university.example/~eve/did.jsonl") }, verdict.Indeterminate,
			[]string{"issuer domain_claimed_only", "quality no_quality_evidence"}, false},
		{"the domain, seen where its log belongs", byDomain, func() { sight("https://university.example/.well-known/did.jsonl") }, verdict.Verified,
			[]string{"issuer identified", "issuer domain_proven", "quality quality_evidence"}, false},
		{"another number than the issuer states", swap("A00000000", "A00000001"), nil, verdict.Indeterminate, []string{"issuer disputed"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.edit != nil {
				c.edit()
			}
			call[RegisterImported](t, n, OpRegisterImport, RegisterImportRequest{Name: "qa", Format: "json", File: "/home/me/qa.json", Body: []byte(c.file),
				Retrieved: n.clock().UTC().Format("2006-01-02T15:04:05Z"), Accept: !c.refuse})
			v := check()
			got := verdictCodes(v)
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%v, want %s", got, w)
				}
			}
			if v.Outcome != c.out {
				t.Errorf("%s, want %s: %v", v.Outcome, c.out, got)
			}
			call[RegisterList](t, n, OpRegisterRemove, RegisterRequest{Name: "qa"})
		})
	}
	if v := check(); slices.Contains(verdictCodes(v), "issuer identified") {
		t.Errorf("a register that was removed counts: %v", verdictCodes(v))
	}
}

// Two records, a file that was spoilt on the disk, and names that are none: what
// cannot be used is told and counts for nothing.
func TestRegisterStore(t *testing.T) {
	n := opened(t, "university.example", nil)
	is := n.Info(t.Context()).Issuers[0]
	q := RegisterImportRequest{Name: "qa", Format: "json", File: "/home/me/qa.json", Body: []byte(registerFile(is.DID)), Retrieved: n.clock().UTC().Format("2006-01-02T15:04:05Z"), Accept: true}
	done := call[RegisterImported](t, n, OpRegisterImport, q)
	if !done.Accepted || done.Changes.Added != 2 || done.Entries != 1 || !slices.Equal(done.Axes, []string{AxisIdentity, AxisQuality}) {
		t.Errorf("%+v", done)
	}
	list := call[RegisterList](t, n, OpRegisterList, Empty{})
	if r := list.Registers[0]; r.Files[0].Name != "qa.json" || r.Decisions != 1 || r.Agencies != 1 || r.Newest == nil || r.Problem != "" {
		t.Errorf("%+v", r)
	}
	for name, c := range map[string]struct {
		edit func(q *RegisterImportRequest)
		want error
	}{
		"a name with a path": {func(q *RegisterImportRequest) { q.Name = "../x" }, ErrRequest},
		"no such format":     {func(q *RegisterImportRequest) { q.Format = "xml" }, ErrRequest},
		"another format than before": {func(q *RegisterImportRequest) {
			q.Format, q.Body = "dcc", []byte(`{"registry":{"did:web:a.example":{"name":"A"}}}`)
		}, ErrRequest},
		"no time":           {func(q *RegisterImportRequest) { q.Retrieved = "" }, ErrRequest},
		"a time to come":    {func(q *RegisterImportRequest) { q.Retrieved = "2999-01-01T00:00:00Z" }, ErrRequest},
		"not of the format": {func(q *RegisterImportRequest) { q.Body = []byte(`{}`) }, register.ErrForm},
	} {
		bad := q
		c.edit(&bad)
		if _, err := try[RegisterImported](n, OpRegisterImport, bad); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	issued := call[IssueResponse](t, n, OpIssue, IssueRequest{Credential: micro("Ana Andromeda")})
	check := func() []string {
		v := call[verdict.Verdict](t, n, OpVerify, VerifyRequest{Credential: issued.Credential, Policy: "authentic", Offline: true})
		return verdictCodes(&v)
	}
	if !slices.Contains(check(), "issuer identified") {
		t.Fatal(check())
	}
	path := n.cfg.path(dirRegisters, "qa.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoilt := range map[string]string{"cut short": string(b[:len(b)/2]), "no JSON": "x", "another's": strings.Replace(string(b), `"name":"qa"`, `"name":"qb"`, 1),
		"a natural person": strings.Replace(string(b), `"VAT"`, `"PNO"`, 1)} {
		if err := os.WriteFile(path, []byte(spoilt), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := check(); slices.Contains(got, "issuer identified") || slices.Contains(got, "quality quality_evidence") {
			t.Errorf("%s: %v", name, got)
		}
		if r := call[RegisterList](t, n, OpRegisterList, Empty{}).Registers[0]; r.Problem == "" || r.Entries != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := call[RegisterList](t, n, OpRegisterList, Empty{}).Registers[0]; r.Problem == "" || !r.Accepted {
		t.Errorf("%+v", r)
	}
	for name, text := range map[string]string{"name": "[[register]]\nname = \"../x\"\naxes = []\naccepted = true\n", "axis": "[[register]]\nname = \"x\"\naxes = [\"odd\"]\naccepted = true\n",
		"twice": "[[register]]\nname = \"x\"\naxes = []\naccepted = true\n[[register]]\nname = \"x\"\naxes = []\naccepted = true\n"} {
		if err := os.WriteFile(n.cfg.path(fileTrust), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := n.readTrust(); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
