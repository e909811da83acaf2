package report

import (
	"testing"

	"github.com/bonafide-id/bonafide/verdict"
)

func TestELMChecks(t *testing.T) {
	const (
		types         = "http://data.europa.eu/snb/verification/"
		status        = "http://data.europa.eu/snb/verification-status/"
		good, bad     = status + "9895008394", status + "9d26eb9a37"
		skipped       = status + "641f0c5e5d"
		seal          = types + "f9c2016fe9"
		revocation    = types + "271aef9eb4"
		format        = types + "2f5b89b96f"
		expiry        = types + "94d828f160"
		accreditation = types + "e2bbc86a28"
		owner         = types + "1faf8d450f"
	)
	pass := func() []verdict.Check {
		return []verdict.Check{
			verdict.New(verdict.Format, verdict.OK), verdict.New(verdict.Format, verdict.AnnexIncomplete),
			verdict.New(verdict.Integrity, verdict.OK), verdict.New(verdict.Signer, verdict.OK), verdict.New(verdict.Dates, verdict.OK),
			verdict.New(verdict.Status, verdict.OK),
		}
	}
	for _, c := range []struct {
		name string
		add  verdict.Check
		typ  string
		want string
	}{
		{"format", verdict.New(verdict.Format, verdict.VCDM11), format, good},
		{"seal", verdict.New(verdict.Integrity, verdict.ProofExtra), seal, good},
		{"signature", verdict.New(verdict.Integrity, verdict.SignatureInvalid), seal, bad},
		{"signer", verdict.New(verdict.Signer, verdict.SignerUnknown), seal, bad},
		{"a result that the code does not allow", verdict.New(verdict.Signer, verdict.SignerUnknown).As(verdict.Pass), seal, bad},
		{"a code that does not exist", verdict.Check{Name: verdict.Dates, Code: "x", Result: verdict.Pass}, expiry, bad},
		{"revoked", verdict.New(verdict.Status, verdict.Revoked), revocation, bad},
		{"expired", verdict.New(verdict.Dates, verdict.Expired), expiry, bad},
		{"no register", verdict.New(verdict.Quality, verdict.NotChecked), accreditation, skipped},
		{"no rows", verdict.New(verdict.Privacy, verdict.NotChecked), accreditation, skipped},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &verdict.Verdict{Checks: append(pass(), c.add), Subject: verdict.SubjectView{Credential: "urn:uuid:1"}}
			list := ELMChecks(v)
			if len(list) != 6 {
				t.Fatalf("%d checks", len(list))
			}
			for _, m := range list {
				if m["type"] != "VerificationCheck" || m["elmSubject"] != "urn:uuid:1" {
					t.Errorf("%v", m)
				}
				if m["dcType"] == c.typ && m["verificationStatus"] != c.want {
					t.Errorf("%v", m)
				}
			}
		})
	}
	for _, m := range ELMChecks(&verdict.Verdict{}) {
		if _, has := m["elmSubject"]; has || m["verificationStatus"] != skipped {
			t.Errorf("nothing was checked: %v", m)
		}
	}
}
