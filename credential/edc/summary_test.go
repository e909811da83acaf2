package edc

import (
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
)

func TestSummariseSample(t *testing.T) {
	c := check(sample(t, "edc-mc-annex1-signed.jsonld"), now(), Trust{})
	got := Summarise(c.Document)
	want := credential.Summary{SubjectID: "urn:epass:person:1", SubjectName: "Ana Andromeda", Achievement: "Digital micro-credential creation",
		Credits: "2 ECTS", Level: "EQF 6", Awarding: "University of Zed", AwardingID: "urn:epass:org:1", Country: "IE"}
	if got != want {
		t.Errorf("%+v", got)
	}
	// Here the awarding body repeats the issuer's id.
	c = check(sample(t, "edc-seal-valid-legalid-mismatch.jsonld"), now(), Trust{})
	if got := Summarise(c.Document); got.AwardingID != c.Credential.Issuer {
		t.Errorf("%+v", got)
	}
}

func TestSummarise(t *testing.T) {
	body := func(id, eidas string) map[string]any {
		return map[string]any{"id": id, "legalName": map[string]any{"es": []any{}, "fr": []any{"Corps " + id, "x"}}, "eIDASIdentifier": legalID(eidas, "ESP")}
	}
	claim := func(bodies ...any) map[string]any {
		return map[string]any{"awardedBy": map[string]any{"awardingBody": bodies, "awardingDate": "2026-02-01T00:00:00Z"}}
	}
	for _, c := range []struct {
		name, id, awarding string
		claims             any
	}{
		{"none", "", "", nil},
		{"the issuer by id", "urn:epass:org:1", "Corps urn:epass:org:1", claim(body("urn:epass:org:1", "X"))},
		{"the issuer by identifier", "urn:epass:org:1", "Corps urn:other", claim(body("urn:other", "VATES-A00000000"))},
		{"another", "urn:other", "Corps urn:other", claim(body("urn:other", "VATES-B00000000"))},
		{"the issuer and another", "urn:other", "Corps urn:other", claim(body("urn:epass:org:1", "X"), body("urn:other", "Y"))},
		{"another in the second claim", "urn:other", "Corps urn:other", []any{claim(body("urn:epass:org:1", "X")), claim(body("urn:other", "Y"))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := document()
			doc["credentialSubject"].(map[string]any)["hasClaim"] = c.claims
			got := Summarise(doc)
			if got.AwardingID != c.id || got.Awarding != c.awarding {
				t.Errorf("%q %q", got.AwardingID, got.Awarding)
			}
			if c.claims != nil && (got.Awarded == nil || !got.Awarded.Equal(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))) {
				t.Errorf("awarded %v", got.Awarded)
			}
		})
	}
	// Whatever stands there, it is read or passed over.
	for _, odd := range []any{nil, 1, "x", []any{1, "x", nil}, map[string]any{"id": 1}} {
		doc := document()
		for _, name := range []string{"credentialSubject", "issuer"} {
			doc[name] = odd
		}
		Summarise(doc)
		doc = document()
		doc["credentialSubject"] = map[string]any{"hasClaim": odd, "fullName": odd}
		doc["issuer"] = map[string]any{"location": odd, "eIDASIdentifier": odd}
		Summarise(doc)
	}
}
