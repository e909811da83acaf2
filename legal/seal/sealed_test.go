package seal

import (
	"os"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/credential/edc"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/legal"
	"github.com/bonafide-id/bonafide/proof/cert"
	"github.com/bonafide-id/bonafide/verdict"
)

func sample(t *testing.T, name string, trust edc.Trust, at time.Time) *credential.Checked {
	t.Helper()
	b, err := os.ReadFile(vectors.Path(t, "samples/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return credential.Check(t.Context(), b, credential.Options{At: at, Openers: map[string]credential.Opener{credential.MediaJOSE: edc.Opener(trust)}})
}

// The Union's own sample: the number of the seal is proven where somebody who is
// trusted stands behind its certificate, and the number that the issuer typed beside
// it stays a claim. Once the certificate has ended nothing is proven.
func TestSealedSample(t *testing.T) {
	valid, ended := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		trust   edc.Trust
		at      time.Time
		level   legal.Level
		spanish verdict.FieldState
	}{
		{"listed", lists(cert.QualifiedCert), valid, legal.L5, verdict.Proven},
		{"not listed", lists(cert.None), valid, legal.L1, verdict.Claimed},
		{"nobody is trusted", edc.Trust{}, valid, legal.L1, verdict.Claimed},
		{"after the certificate has ended", lists(cert.QualifiedCert), ended, legal.L1, verdict.Claimed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sample(t, "edc-mc-annex1-signed.jsonld", c.trust, c.at)
			id := legal.Assess(t.Context(), legal.Request{Issuer: got.Credential.Issuer, At: c.at, IssuedAt: got.Credential.ValidFrom, Signed: got,
				Sources: []legal.Source{Sealed{Trust: c.trust}}})
			if id.Level() != c.level {
				t.Errorf("level %s, want %s: %+v", id.Level(), c.level, got.Checks)
			}
			states := map[string]verdict.FieldState{}
			for _, f := range id.Fields {
				if f.Name == verdict.FieldIdentifier {
					states[f.Value] = f.State
				}
			}
			if states["VAT ES A00000000"] != c.spanish || states["VAT IE 654321"] != verdict.Claimed {
				t.Errorf("%+v", id.Fields)
			}
		})
	}
}

// A valid seal whose credential claims another number than its certificate: nothing
// is proven of its issuer, whoever is trusted.
func TestMismatchSample(t *testing.T) {
	for _, at := range []time.Time{time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)} {
		got := sample(t, "edc-seal-valid-legalid-mismatch.jsonld", lists(cert.QualifiedSeal), at)
		if got.Row(verdict.Integrity).Result != verdict.Pass || got.Row(verdict.Issuer).Code != verdict.SealContradicted {
			t.Fatalf("%+v", got.Checks)
		}
		id := legal.Assess(t.Context(), legal.Request{Issuer: got.Credential.Issuer, At: at, Signed: got, Sources: []legal.Source{Sealed{Trust: lists(cert.QualifiedSeal)}}})
		if id.Level() != legal.L1 {
			t.Errorf("%s %+v", id.Level(), id.Fields)
		}
		for _, f := range id.Fields {
			if f.State == verdict.Proven {
				t.Errorf("proven: %+v", f)
			}
		}
	}
}
