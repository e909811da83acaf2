package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

func known() *verdict.Verdict {
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	issued := from.AddDate(4, 0, 0)
	v := &verdict.Verdict{AsOf: from.AddDate(6, 0, 0), Policy: verdict.PolicyNote{Name: "recognised", Require: []verdict.CheckName{verdict.Issuer, verdict.Authorisation}},
		Checks: []verdict.Check{verdict.New(verdict.Format, verdict.OK), verdict.New(verdict.Integrity, verdict.OK), verdict.New(verdict.Signer, verdict.OK),
			verdict.New(verdict.Dates, verdict.OK), verdict.New(verdict.Status, verdict.OK), verdict.New(verdict.Freshness, verdict.OK),
			verdict.New(verdict.Issuer, verdict.Identified), verdict.New(verdict.Issuer, verdict.DomainClaimedOnly),
			verdict.New(verdict.Authorisation, verdict.Recognised), verdict.New(verdict.Quality, verdict.NoQualityEvidence)},
		Issuer: verdict.IssuerView{ID: "did:web:uni.example", Levels: []string{"L4", "L1"}, Level: "L4",
			Fields: []verdict.Field{{Name: verdict.FieldLegalName, Value: "Uni", State: verdict.Proven, By: []string{"The agency"}},
				{Name: verdict.FieldIdentifier, Value: "VAT ES A1", State: verdict.Proven, By: []string{"The agency"}}},
			Recognitions: []verdict.Recognition{{By: "did:web:agency.example", ByName: "The agency", Of: "did:web:uni.example", Actions: []string{"issue"}, From: &from, Root: true}},
			Evidence:     []verdict.EvidenceView{{Kind: "recognition", By: "The agency", Level: "L4", From: &from, Now: true, WhenIssued: true}}},
		Subject: verdict.SubjectView{Types: []string{"MicroCredential"}}, Dates: verdict.DatesView{ValidFrom: &issued}}
	v.Settle()
	return v
}

// What is said of the three axes, and what is missing where one thing changes.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name    string
		edit    func(v *verdict.Verdict)
		missing []verdict.Code
		says    []string
	}{
		{"all is well", func(*verdict.Verdict) {}, nil, []string{"VERIFIED", "The agency recognises the issuer to issue, since 2020-01-01; it is your trust root",
			"reached: L4 recognised by a chain to a trust root; L1 its own word", "stands now and when issued", "Nothing that the policy demands is missing"}},
		{"not recognised", func(v *verdict.Verdict) {
			v.Checks[8] = verdict.New(verdict.Authorisation, verdict.NotRecognised).With("detail", "a link further up does not hold")
			v.Issuer.Recognitions = nil
		}, []verdict.Code{verdict.NotRecognised}, []string{"NOT ESTABLISHED", "a link further up does not hold", "-> Ask the issuer who recognises it"}},
		{"recognised when issued only", func(v *verdict.Verdict) {
			v.Checks[8] = verdict.New(verdict.Authorisation, verdict.RecognisedWhenIssued)
			v.Issuer.Evidence[0].Now = false
		}, []verdict.Code{verdict.RecognisedWhenIssued}, []string{"stood at the issuing date claimed, not now", "by_claimed_date"}},
		{"level too low", func(v *verdict.Verdict) {
			v.Checks = append(v.Checks, verdict.New(verdict.Issuer, verdict.LevelTooLow).With("detail", "demanded L5, reached L4"))
		}, []verdict.Code{verdict.LevelTooLow}, []string{"demanded L5, reached L4"}},
		{"a negative decision of a register that nobody demands", func(v *verdict.Verdict) {
			v.Checks[9] = verdict.New(verdict.Quality, verdict.QualityNegative)
		}, []verdict.Code{verdict.QualityNegative}, []string{"VERIFIED", "FAIL"}},
		{"hostile name", func(v *verdict.Verdict) { v.Issuer.Fields[0].Value = "a\u202eb" }, nil, []string{`a\u{202e}b`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := known()
			c.edit(v)
			v.Settle()
			e := Explain(v)
			var got []verdict.Code
			for _, m := range e.Missing {
				got = append(got, m.Code)
			}
			if len(got) != len(c.missing) || len(got) > 0 && got[0] != c.missing[0] {
				t.Errorf("missing %v, want %v", got, c.missing)
			}
			var out bytes.Buffer
			if err := RenderExplanation(&out, e, Options{}); err != nil {
				t.Fatal(err)
			}
			for _, s := range c.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("%q is not in\n%s", s, out.String())
				}
			}
		})
	}
}
