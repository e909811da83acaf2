package credential

import (
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// An issuer that moved keeps its SCID. That the history at hand does not know the
// new name, or that there is none at hand, is missing evidence and not somebody
// else's signature.
func TestMoved(t *testing.T) {
	const scid = "QmfGEUAcMpzo25kF2Rhn8L2FeuqZRRtRGuRYDFRXnoAMbq"
	older, newer, other := "did:webvh:"+scid+":old.example", "did:webvh:"+scid+":new.example", "did:webvh:QmbU6kgHRNYhHq7WLiiSHMnkGdWjwbRmMBYtSkGGeFrSyN:new.example"
	rels := map[did.Relationship][]string{did.AssertionMethod: {"a"}}
	history := func(names ...string) documents {
		last := document(t, names[len(names)-1], map[string]key.Public{"a": seeded(1).Public()}, rels)
		for i, name := range names {
			last.Versions = append(last.Versions, did.Version{Number: i + 1, Document: document(t, name, map[string]key.Public{"a": seeded(1).Public()}, rels).Document})
		}
		return documents{older: last, newer: last}
	}
	for _, c := range []struct {
		name   string
		issuer string
		known  documents
		code   verdict.Code
		result verdict.Result
	}{
		{"not moved", older, history(older), verdict.OK, verdict.Pass},
		{"moved, and both are known", newer, history(older, newer), verdict.OK, verdict.Pass},
		{"moved since", newer, history(older), verdict.SignerUnknown, verdict.Unknown},
		{"moved, and nothing is at hand", newer, documents{}, verdict.DIDNotFound, verdict.Unknown},
		{"another", other, history(older), verdict.SignerNotIssuer, verdict.Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := shape()
			m["issuer"] = c.issuer
			signed, err := proof.Sign(t.Context(), m, seeded(1), proof.SignOptions{VerificationMethod: older + "#a", Created: moment})
			if err != nil {
				t.Fatal(err)
			}
			opt := world(t)
			opt.Resolver = did.Registry{"webvh": c.known}
			row := Check(t.Context(), []byte(canonical(t, signed)), opt).Row(verdict.Signer)
			if row.Code != c.code || row.Result != c.result {
				t.Errorf("%s %s, want %s %s", row.Result, row.Code, c.result, c.code)
			}
		})
	}
}
