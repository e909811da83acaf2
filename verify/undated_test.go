package verify

import (
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/verdict"
)

// A list that comes along with the credential and says nowhere when it was made
// may be from before the revocation: its age is not known, and so not young.
func TestUndatedList(t *testing.T) {
	const url = "https://a.example/1"
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	s, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	mine := "did:key:" + s.Public().Multikey()
	sign := func(tree object) []byte {
		out, err := proof.Sign(t.Context(), tree, s, proof.SignOptions{VerificationMethod: mine + "#" + s.Public().Multikey()})
		if err != nil {
			t.Fatal(err)
		}
		b, err := strictjson.Canonical(out)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	body := sign(object{"@context": []any{credential.ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": mine, "validFrom": "2026-05-01T00:00:00Z",
		"credentialSubject": object{"id": "did:example:b"}, "credentialStatus": object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
			"statusListIndex": "5", "statusListCredential": url}})
	encoded, err := revocation.NewBitstring(revocation.MinEntries).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, from, vouched string
		out                 verdict.Outcome
		code                verdict.Code
	}{
		{"young", "2026-05-31T00:00:00Z", "", verdict.Verified, verdict.OK},
		{"old", "2026-01-01T00:00:00Z", "", verdict.Indeterminate, verdict.TooOld},
		{"undated", "", "", verdict.Indeterminate, verdict.NoEvidence},
		{"undated, and the operator says that it is what answers", "", url, verdict.Verified, verdict.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := object{"@context": []any{credential.ContextV2}, "id": url, "type": []any{"VerifiableCredential", "BitstringStatusListCredential"}, "issuer": mine,
				"credentialSubject": object{"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": encoded}}
			if c.from != "" {
				list["validFrom"] = c.from
			}
			over, err := NewOverlay([]Staple{{Name: "list", URL: c.vouched, Body: sign(list)}}, now)
			if err != nil {
				t.Fatal(err)
			}
			v := New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Status: over.Status(nil), Clock: func() time.Time { return now }})
			p, err := Shipped("authentic")
			if err != nil {
				t.Fatal(err)
			}
			got := v.Verify(t.Context(), body, p, time.Time{})
			if row, _ := got.Worst(verdict.Freshness); got.Outcome != c.out || row.Code != c.code {
				t.Errorf("%s, freshness %s; want %s, %s", got.Outcome, row.Code, c.out, c.code)
			}
		})
	}
}
