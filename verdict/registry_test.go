package verdict_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	. "github.com/bonafide-id/bonafide/verdict"
)

var update = flag.Bool("update", false, "write docs/codes.md anew")

func TestRegistryIsWellFormed(t *testing.T) {
	spelling := regexp.MustCompile(`^([a-z0-9]+(_[a-z0-9]+)*|[A-Z]+(_[A-Z]+)*)$`)
	type pair struct {
		name CheckName
		code Code
	}
	seen := map[pair]bool{}
	for _, s := range Codes() {
		id := fmt.Sprintf("%s %s", s.Check, s.Code)
		if seen[pair{s.Check, s.Code}] {
			t.Errorf("%s stands twice", id)
		}
		seen[pair{s.Check, s.Code}] = true
		if !spelling.MatchString(string(s.Code)) {
			t.Errorf("%s: spelling", id)
		}
		if !slices.Contains(Names(), s.Check) || s.Principle < 1 || s.Principle > 10 || s.Principle != PrincipleOf(s.Check) {
			t.Errorf("%s: check or principle %d", id, s.Principle)
		}
		if len(s.Results) == 0 {
			t.Fatalf("%s has no result", id)
		}
		if s.Meaning == "" || !strings.HasSuffix(s.Meaning, ".") || s.Hint != "" && !strings.HasSuffix(s.Hint, ".") {
			t.Errorf("%s: meaning and hint are sentences", id)
		}
		if s.Hint == "" && (slices.Contains(s.Results, Fail) || slices.Contains(s.Results, Unknown)) {
			t.Errorf("%s does not say what to do next", id)
		}
		if s.Contradiction && !slices.Equal(s.Results, []Result{Fail}) {
			t.Errorf("%s: a contradiction is a failure and nothing else", id)
		}
		if s.AllowedSkip && (s.Check != Status || !slices.Equal(s.Results, []Result{Skipped})) {
			t.Errorf("%s: only a status may be skipped", id)
		}
		if s.Supporting && !slices.Equal(s.Results, []Result{Pass}) {
			t.Errorf("%s: only a pass can be supporting", id)
		}
		if slices.Contains(s.Results, Pass) && (slices.Contains(s.Results, Fail) || slices.Contains(s.Results, Unknown) || slices.Contains(s.Results, Skipped)) {
			t.Errorf("%s: one code cannot mean a pass and a block", id)
		}
		got, ok := LookupIn(s.Check, s.Code)
		if !ok || got.Meaning != s.Meaning {
			t.Errorf("%s cannot be looked up", id)
		}
		if c := New(s.Check, s.Code); c.Result != s.Results[0] || c.Principle != s.Principle {
			t.Errorf("New gives %+v for %s", c, id)
		}
	}
}

// TestMissingEvidenceCodesCannotFail lists the codes that stand for evidence
// that is missing, old or unusable. None of them may ever be a failure.
func TestMissingEvidenceCodesCannotFail(t *testing.T) {
	missing := map[CheckName][]Code{
		Format:        {UnknownFormat, UnknownContext, TooLarge, SchemaUnavailable, SchemaUnsupported, SchemaNotEvaluated, ResourceUnavailable},
		Integrity:     {ProofMissing, ProofUnknownSuite, KeyUnavailable},
		Signer:        {SignerRetired, SignerUnknown, DIDMethodUnsupported, DIDNotFound, DIDUnreachable, DIDInvalid, DIDForked, NotAttestedByMirrors, WitnessesMissing, InvalidDocument},
		Status:        {NoStatusNamed, StatusDemandedByPractice, StatusDemandedByPolicy, PracticeUnavailable, StatusRetrieval, StatusVerification, StatusListLength, StatusRange, MalformedValue, ListUnavailable, ListExpired, ListNotYetValid, ListIssuerNotAuthorised, ListPathNotInHead, ListRolledBack, StatusPurposeMismatch, UnknownStatusType},
		Freshness:     {TooOld, Isolated, ClockBehind, ExpiredHead, NoEvidence, HeadForked, ChangedAway},
		Issuer:        {NotIdentified, SelfClaimed, EvidenceUnproven, LevelTooLow},
		Authorisation: {NotRecognised, NoRootsConfigured, RecognitionUnproven, RecognitionStatusUnknown},
		Quality:       {NoQualityEvidence},
		Holder:        {HolderAbsent}, Place: {PlaceAbsent}, Awarding: {DiffersUnproven, AwardingAbsent},
	}
	for _, name := range Names() {
		for _, code := range append(missing[name], NotChecked, InternalError, BudgetExceeded) {
			s, ok := LookupIn(name, code)
			if !ok || slices.Contains(s.Results, Fail) || slices.Contains(s.Results, Pass) {
				t.Errorf("%s %s: %v, %v", name, code, s.Results, ok)
			}
			if got := Decide(swap(name, New(name, code).As(Fail)), []CheckName{name}); got != Indeterminate {
				t.Errorf("%s %s dressed as a failure: %v", name, code, got)
			}
		}
	}
}

// TestOnlyTheseMakeInvalid pins the list of rows that can make a credential
// invalid, so that a change of the registry cannot widen it unseen.
func TestOnlyTheseMakeInvalid(t *testing.T) {
	want := []string{
		"integrity signature_invalid", "integrity CRYPTOGRAPHIC_SECURITY_ERROR", "integrity proof_malformed",
		"integrity proof_wrong_purpose", "integrity proof_created_in_future", "integrity proof_expired", "integrity disclosure_invalid", "integrity key_binding_invalid", "integrity algorithm_refused",
		"integrity INVALID_DOMAIN_ERROR", "integrity INVALID_CHALLENGE_ERROR",
		"signer method_not_in_document", "signer INVALID_VERIFICATION_METHOD_URL", "signer INVALID_VERIFICATION_METHOD",
		"signer INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD", "signer signer_not_issuer", "signer list_key_signed_credential",
		"signer key_weak", "signer method_revoked", "signer method_expired", "signer proof_older_than_key",
		"dates expired", "dates not_yet_valid", "dates dates_disordered",
		"status revoked", "status suspended", "status revocation_seen_before",
		"issuer contradicted", "issuer seal_contradicted", "place place_contradicted", "awarding awarding_contradicted",
	}
	var got []string
	for _, s := range Codes() {
		if Decide(append(good(), New(s.Check, s.Code).As(Fail)), nil) == Invalid {
			got = append(got, fmt.Sprintf("%s %s", s.Check, s.Code))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("these rows make invalid:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRegistryCannotBeChanged(t *testing.T) {
	all := Codes()
	for i := range all {
		all[i].Meaning = "changed"
		for j := range all[i].Results {
			all[i].Results[j] = Pass
		}
	}
	one, _ := Lookup(Revoked)
	one.Results[0] = Pass
	if s, _ := Lookup(Revoked); s.Meaning == "changed" || s.Results[0] != Fail {
		t.Errorf("the registry was changed: %+v", s)
	}
	Names()[0] = "changed"
	if Names()[0] != Format {
		t.Error("the names were changed")
	}
}

func TestLookup(t *testing.T) {
	if s, ok := Lookup(Revoked); !ok || s.Check != Status {
		t.Errorf("Lookup: %+v, %v", s, ok)
	}
	if s, ok := Lookup("moon_phase"); ok || s.Code != "" {
		t.Errorf("Lookup of nothing: %+v", s)
	}
	if _, ok := LookupIn(Format, Revoked); ok {
		t.Error("revoked stands in format")
	}
	if c := New(Format, Revoked); c.Result != Unknown || c.Principle != 7 {
		t.Errorf("New of an unregistered pair: %+v", c)
	}
}

func TestELMStatus(t *testing.T) {
	for r, tail := range map[Result]string{Pass: "9895008394", Warn: "9895008394", Fail: "9d26eb9a37", Unknown: "9d26eb9a37", Skipped: "641f0c5e5d"} {
		if got := ELMStatus(r); got != "http://data.europa.eu/snb/verification-status/"+tail {
			t.Errorf("%v: %s", r, got)
		}
	}
}

// TestCodesPage compares docs/codes.md with the registry; run with -update
// after a change of the registry.
func TestCodesPage(t *testing.T) {
	path := filepath.Join(vectors.Root(t), "docs", "codes.md")
	want := codesPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Error("docs/codes.md is not what the registry says; run `go test ./verdict -run TestCodesPage -update`")
	}
}

func codesPage() string {
	var b strings.Builder
	b.WriteString(`# Codes of a verdict

Made from the registry in package verdict by ` + "`go test ./verdict -run TestCodesPage -update`" + `; do not edit.

Each row of a verdict has a check, a result and a code. The first result in a line is the usual one; a row with
a result that its code does not allow, or with a code that is not listed, counts as unknown. The outcome follows
from the rows:

- **invalid**: a row of integrity, signer, dates or status fails, or a row with a code marked *contradiction* fails.
- **verified**: format, integrity, signer, dates, status and freshness pass, and so does each check that the policy
  requires. A check passes with at least one passing row, when none of its rows fails, is unknown or was skipped.
  Warnings do not block. A pass marked *supporting* is not enough alone. A skipped status counts as a pass only
  with the code marked *allowed skip*.
- **indeterminate**: everything else.

Upper-case codes are names of W3C specifications in their spelling. The number behind a check is the principle of
Annex II of Council Recommendation 2022/C 243/02 that it serves; the address is its type in the verification
vocabulary of the European Learning Model.
`)
	common := map[Code]bool{NotChecked: true, InternalError: true, BudgetExceeded: true}
	row := func(s Spec) {
		results := make([]string, len(s.Results))
		for i, r := range s.Results {
			results[i] = r.String()
		}
		var marks []string
		for _, m := range []struct {
			on   bool
			word string
		}{{s.Contradiction, "contradiction"}, {s.AllowedSkip, "allowed skip"}, {s.Supporting, "supporting"}} {
			if m.on {
				marks = append(marks, "*"+m.word+"*")
			}
		}
		result := strings.Join(append([]string{strings.Join(results, ", ")}, marks...), " ")
		problem := ""
		if s.Problem != "" {
			problem = " Problem type: <" + s.Problem + ">."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s%s | %s |\n", s.Code, result, s.Meaning, problem, s.Hint)
	}
	const head = "\n| code | result | meaning | what to do next |\n| --- | --- | --- | --- |\n"
	for _, name := range Names() {
		fmt.Fprintf(&b, "\n## %s\n\nPrinciple %d.", name, PrincipleOf(name))
		first := true
		for _, s := range Codes() {
			if s.Check != name || common[s.Code] {
				continue
			}
			if first {
				if s.ELM != "" {
					fmt.Fprintf(&b, " <%s>", s.ELM)
				}
				b.WriteString("\n" + head)
				first = false
			}
			row(s)
		}
	}
	b.WriteString("\n## In every check\n" + head)
	for _, s := range Codes() {
		if s.Check == Format && common[s.Code] {
			row(s)
		}
	}
	return b.String()
}
