package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didjwk "github.com/bonafide-id/bonafide/did/jwk"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/verdict"
)

const ob3List = "https://raw.githubusercontent.com/1EdTech/digital-credentials-public-validator/refs/heads/main/inspector-vc/src/test/resources/ob30/bit-string-list/testlist"

// TestSamples: every credential among the samples comes out with the integrity
// that their index states, and a reason for the rest.
func TestSamples(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	over, err := NewOverlay([]Staple{{Name: "list", URL: ob3List, Body: sample(t, "ob3-bitstring-status-list.json")},
		{Name: "list", URL: dccURL, Body: sample(t, "dcc-bitstring-status-list.json")}}, now)
	if err != nil {
		t.Fatal(err)
	}
	v := New(Config{Resolver: did.Registry{"key": didkey.Resolver(), "jwk": didjwk.Resolver()}, Status: over.Status(nil),
		Clock: func() time.Time { return now }})
	easy := lenient(t)
	if easy, err = easy.With("lenient", "true"); err != nil {
		t.Fatal(err)
	}
	strict, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	integrity := func(r verdict.Result, c verdict.Code) verdict.Check {
		return verdict.New(verdict.Integrity, c).As(r)
	}
	intact := integrity(verdict.Pass, verdict.OK)
	unsigned := integrity(verdict.Unknown, verdict.ProofMissing)
	is := verdict.New
	var used verdict.Verdict // written over by each of them
	for _, c := range []struct {
		file    string
		policy  Policy
		outcome verdict.Outcome
		rows    []verdict.Check // each of them has to be there
	}{
		{"edc-mc-annex1-signed.jsonld", strict, verdict.Indeterminate, []verdict.Check{intact, is(verdict.Signer, verdict.CertificateExpired),
			is(verdict.Signer, verdict.TimeStampUnproven), is(verdict.Dates, verdict.OK), is(verdict.Format, verdict.AnnexIncomplete),
			is(verdict.Awarding, verdict.MandateClaimed)}},
		{"edc-seal-valid-legalid-mismatch.jsonld", strict, verdict.Invalid, []verdict.Check{intact, is(verdict.Issuer, verdict.SealContradicted),
			is(verdict.Dates, verdict.Expired)}},
		{"edc-mc-annex1-unsigned.jsonld", strict, verdict.Indeterminate, []verdict.Check{unsigned}},
		{"dc4eu-euhemc-simulated-signature.json", strict, verdict.Invalid, []verdict.Check{integrity(verdict.Fail, verdict.ProofMalformed),
			is(verdict.Signer, verdict.DIDMethodUnsupported)}},
		{"elm-credential-sample-homoglyph.jsonld", strict, verdict.Invalid, []verdict.Check{unsigned, is(verdict.Format, verdict.ConfusableName),
			is(verdict.Dates, verdict.Expired)}},
		// Its list is signed just as it is: by a key that stands nowhere else.
		{"ob3-numeric-statuslistindex.json", easy, verdict.Indeterminate, []verdict.Check{intact, is(verdict.Signer, verdict.KeyFromProof),
			is(verdict.Status, verdict.StatusIndexNotString), is(verdict.Status, verdict.StatusVerification)}},
		{"ob3-numeric-statuslistindex.json", strict, verdict.Indeterminate, []verdict.Check{intact, is(verdict.Signer, verdict.KeyFromProof),
			is(verdict.Status, verdict.MalformedValue)}},
		{"ob3-bitstring-status-list.json", strict, verdict.Indeterminate, []verdict.Check{intact, is(verdict.Signer, verdict.KeyFromProof)}},
		{"ob3-complete-endorsed-issuer.json", strict, verdict.Indeterminate, []verdict.Check{intact, is(verdict.Signer, verdict.KeyFromProof),
			is(verdict.Format, verdict.EndorsementUnproven), is(verdict.Format, verdict.SchemaUnavailable).As(verdict.Warn)}},
		{"dcc-ob3-v2-ed25519sig2020-valid.json", easy, verdict.Verified, []verdict.Check{intact, is(verdict.Signer, verdict.OK)}},
		{"dcc-ob3-v2-eddsa-rdfc2022-valid.json", easy, verdict.Verified, []verdict.Check{intact, is(verdict.Signer, verdict.OK)}},
		{"dcc-ob3-v2-revoked.json", easy, verdict.Invalid, []verdict.Check{intact, is(verdict.Status, verdict.Revoked)}},
		{"dcc-bitstring-status-list.json", strict, verdict.Verified, []verdict.Check{intact, is(verdict.Signer, verdict.OK)}},
		{"deqar-report-vc-88643.json", strict, verdict.Invalid, []verdict.Check{integrity(verdict.Fail, verdict.ProofMalformed), is(verdict.Dates, verdict.Expired)}},
		{"ebsi-accreditation-to-attest.json", strict, verdict.Invalid, []verdict.Check{unsigned, is(verdict.Dates, verdict.Expired)}},
		{"ebsi-tir-organization-record.json", strict, verdict.Indeterminate, []verdict.Check{is(verdict.Format, verdict.MalformedValue)}},
		{"vlei-legal-entity-acdc.json", strict, verdict.Indeterminate, []verdict.Check{is(verdict.Format, verdict.MalformedValue), unsigned}},
		{"dcc-issuer-registry.json", strict, verdict.Indeterminate, []verdict.Check{is(verdict.Format, verdict.ParsingError)}},
	} {
		t.Run(fmt.Sprintf("%s lenient=%v", c.file, c.policy.Lenient), func(t *testing.T) {
			out := v.Verify(t.Context(), sample(t, c.file), c.policy, time.Time{})
			if out.Outcome != c.outcome {
				t.Errorf("outcome %v, want %v", out.Outcome, c.outcome)
			}
			for _, want := range c.rows {
				if !slices.ContainsFunc(out.Checks, func(got verdict.Check) bool {
					return got.Name == want.Name && got.Code == want.Code && got.Result == want.Result
				}) {
					t.Errorf("no row %s %s %s", want.Name, want.Result, want.Code)
				}
			}
			if t.Failed() {
				for _, got := range out.Checks {
					t.Logf("%s %s %s %v", got.Name, got.Result, got.Code, got.Params)
				}
			}
			if !out.Consistent() {
				t.Error("the outcome does not follow from the rows")
			}
			v.VerifyInto(t.Context(), &used, sample(t, c.file), c.policy, time.Time{})
			fresh, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := json.Marshal(&used); err != nil || string(again) != string(fresh) {
				t.Errorf("written over another verdict: %v\n%s\nwant\n%s", err, again, fresh)
			}
		})
	}
}
