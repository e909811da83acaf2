package verify

import (
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

type object = map[string]any

// signed is a credential by a did:key under eddsa-rdfc-2022, as o says, and a
// verifier that knows nothing else.
func signed(t *testing.T, o proof.SignOptions) (object, *Verifier, time.Time) {
	t.Helper()
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	s, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	mine := "did:key:" + s.Public().Multikey()
	tree := object{"@context": []any{credential.ContextV2, credential.ContextOpenBadges}, "id": "urn:uuid:1",
		"type": []any{"VerifiableCredential", "OpenBadgeCredential"}, "validFrom": "2026-05-01T00:00:00Z", "name": "Badge",
		"issuer": object{"id": mine, "type": []any{"Profile"}, "name": "A"},
		"credentialSubject": object{"id": "did:example:b", "type": []any{"AchievementSubject"},
			"achievement": object{"id": "urn:uuid:2", "type": []any{"Achievement"}, "name": "X", "description": "Y", "criteria": object{"narrative": "Z"}}}}
	o.Suite, o.VerificationMethod, o.Loader = proof.EdDSARDFC2022, mine+"#"+s.Public().Multikey(), jsonld.Builtin()
	out, err := proof.Sign(t.Context(), tree, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return out, New(Config{Resolver: did.Registry{"key": didkey.Resolver()}, Clock: func() time.Time { return now },
		Status: (&Overlay{}).Status(nil)}), now
}

func judged(t *testing.T, v *Verifier, tree object) *verdict.Verdict {
	t.Helper()
	p, err := Shipped("authentic")
	if err != nil {
		t.Fatal(err)
	}
	return v.Verify(t.Context(), jsonOf(t, tree), p, time.Time{})
}

func jsonOf(t *testing.T, tree object) []byte {
	t.Helper()
	body, err := strictjson.Canonical(tree)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// What is signed of a proof's options is their graph: the end of the proof's own
// term, or a date to come, must not go out of sight in other words for the same.
func TestNothingOfTheProofIsHidden(t *testing.T) {
	const dateTime = "http://www.w3.org/2001/XMLSchema#dateTime"
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	over := now.Add(-time.Hour)
	for _, c := range []struct {
		name string
		o    proof.SignOptions
		edit func(tree, p object)
		out  verdict.Outcome
		code verdict.Code
	}{
		{"as it was signed", proof.SignOptions{}, func(_, _ object) {}, verdict.Verified, verdict.OK},
		{"over", proof.SignOptions{Expires: &over}, func(_, _ object) {}, verdict.Invalid, verdict.ProofExpired},
		{"over, under the IRI", proof.SignOptions{Expires: &over}, func(_, p object) {
			p["https://w3id.org/security#expiration"] = object{"@value": p["expires"], "@type": dateTime}
			delete(p, "expires")
		}, verdict.Invalid, verdict.ProofMalformed},
		{"over, nested", proof.SignOptions{Expires: &over}, func(_, p object) {
			p["@nest"] = object{"expires": p["expires"]}
			delete(p, "expires")
		}, verdict.Invalid, verdict.ProofMalformed},
		{"over, under another word", proof.SignOptions{Expires: &over}, func(tree, p object) {
			tree["@context"] = append(tree["@context"].([]any), "https://w3id.org/security/v1")
			p["expiration"] = p["expires"]
			delete(p, "expires")
		}, verdict.Invalid, verdict.ProofMalformed},
		{"to come, under the IRI", proof.SignOptions{Created: now.AddDate(1, 0, 0)}, func(_, p object) {
			p["http://purl.org/dc/terms/created"] = object{"@value": p["created"], "@type": dateTime}
			delete(p, "created")
		}, verdict.Invalid, verdict.ProofMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree, v, _ := signed(t, c.o)
			c.edit(tree, tree["proof"].(object))
			got := judged(t, v, tree)
			if row, _ := got.Worst(verdict.Integrity); got.Outcome != c.out || row.Code != c.code {
				t.Errorf("%s, integrity %s %s; want %s, %s", got.Outcome, row.Code, row.Params["detail"], c.out, c.code)
			}
		})
	}
}

// Whom a credential is about, and what for, cannot be written in words that say
// the same in the graph and that no reader of the JSON knows.
func TestNothingOfTheSubjectIsHidden(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(tree, subject object)
		out  verdict.Outcome
		code verdict.Code
	}{
		{"as it was signed", func(_, _ object) {}, verdict.Verified, verdict.OK},
		{"identifier under the keyword", func(_, s object) { s["@id"] = s["id"]; delete(s, "id") }, verdict.Indeterminate, verdict.MalformedValue},
		{"type under the keyword", func(_, s object) { s["@type"] = s["type"]; delete(s, "type") }, verdict.Indeterminate, verdict.MalformedValue},
		{"the whole in a set", func(tree, s object) { tree["credentialSubject"] = object{"@set": []any{s}} }, verdict.Indeterminate, verdict.MalformedValue},
		{"a part in a set", func(_, s object) { s["achievement"] = object{"@set": []any{s["achievement"]}} }, verdict.Indeterminate, verdict.MalformedValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree, v, _ := signed(t, proof.SignOptions{})
			c.edit(tree, tree["credentialSubject"].(object))
			got := judged(t, v, tree)
			integrity, _ := got.Worst(verdict.Integrity)
			format, ok := got.Worst(verdict.Format)
			if format.Code == verdict.AnnexIncomplete {
				format.Code = verdict.OK // a finding
			}
			if got.Outcome != c.out || format.Code != c.code || !ok || integrity.Result != verdict.Pass {
				t.Errorf("%s, integrity %s, format %s; want %s, pass, %s", got.Outcome, integrity.Code, format.Code, c.out, c.code)
			}
		})
	}
}
