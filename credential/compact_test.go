package credential

import (
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/internal/jsonld"
)

// A document whose graph says what its JSON says, and the same with one thing
// out of sight.
func TestCompacted(t *testing.T) {
	status := map[string]any{"id": "urn:x:1", "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1",
		"statusListCredential": "https://a.example/1"}
	const vocab = "https://www.w3.org/2018/credentials#"
	type tree = map[string]any
	for _, c := range []struct {
		name string
		edit func(tree)
		good bool
	}{
		{"as it should be", func(tree) {}, true},
		{"two status entries", func(m tree) {
			m["credentialStatus"] = []any{status, tree{"id": "urn:x:2", "type": "BitstringStatusListEntry"}}
		}, true},
		{"name by language", func(m tree) { m["name"] = []any{tree{"@value": "x", "@language": "es"}} }, true},
		{"an endorsement of the credential", func(m tree) {
			m["credentialSubject"] = tree{"id": "did:example:b", "name": "x", "description": "y"}
		}, true},
		{"status under its IRI", func(m tree) { m[vocab+"credentialStatus"] = m["credentialStatus"]; delete(m, "credentialStatus") }, false},
		{"second status under its IRI", func(m tree) { m[vocab+"credentialStatus"] = tree{"@id": "urn:x:2"} }, false},
		{"nested", func(m tree) {
			m["@nest"] = tree{"credentialStatus": m["credentialStatus"]}
			delete(m, "credentialStatus")
		}, false},
		{"included", func(m tree) { m["@included"] = []any{tree{"id": "urn:uuid:2", "type": []any{"VerifiableCredential"}}} }, false},
		{"identifier under the keyword", func(m tree) { m["@id"] = m["id"]; delete(m, "id") }, false},
		{"types under the keyword", func(m tree) { m["@type"] = m["type"]; delete(m, "type") }, false},
		{"a language of the whole, which nothing signs", func(m tree) { m["@language"] = "es" }, false},
		{"subject in a set", func(m tree) { m["credentialSubject"] = tree{"@set": []any{m["credentialSubject"]}} }, false},
		{"identifier of the subject under the keyword", func(m tree) { m["credentialSubject"] = tree{"@id": "did:example:b", "name": "x"} }, false},
		{"said below of the same", func(m tree) {
			m["credentialSubject"] = tree{"id": m["id"], "type": []any{"VerifiableCredential"}, "credentialStatus": m["credentialStatus"]}
			delete(m, "credentialStatus")
		}, false},
		{"status under another word", func(m tree) {
			m["@context"] = []any{ContextV2, tree{"other": tree{"@id": vocab + "credentialStatus", "@type": "@id"}}}
			m["other"] = "urn:x:2"
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := shape()
			m["credentialStatus"] = status
			c.edit(m)
			var err error
			if err := jsonld.Builtin().Look(m, func(v jsonld.View) { err = compacted(m, v) }); err != nil {
				t.Fatal(err)
			}
			if (err == nil) != c.good || err != nil && !errors.Is(err, ErrMalformed) {
				t.Errorf("%v", err)
			}
		})
	}
}
