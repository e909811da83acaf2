package verify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

// An rdfc proof covers the graph and not the JSON: a holder can write what is
// decisive in another way that says the same. None of them hides it from the
// verdict, and none of them breaks the signature either, which is what makes
// it worth a test.
func TestNothingIsHiddenFromTheReader(t *testing.T) {
	body := sample(t, "dcc-ob3-v2-revoked.json")
	v, p := dccVerifier(t), lenient(t)
	const vocabulary = "https://www.w3.org/2018/credentials#"
	for i, c := range []struct {
		name   string
		change func(tree map[string]any)
	}{
		{"status under its IRI", func(tree map[string]any) {
			tree[vocabulary+"credentialStatus"] = tree["credentialStatus"]
			delete(tree, "credentialStatus")
		}},
		{"status nested", func(tree map[string]any) {
			tree["@nest"] = map[string]any{"credentialStatus": tree["credentialStatus"]}
			delete(tree, "credentialStatus")
		}},
		{"status said elsewhere of the same", func(tree map[string]any) {
			tree["@included"] = []any{map[string]any{"id": tree["id"], "type": []any{"VerifiableCredential"}, "credentialStatus": tree["credentialStatus"]}}
			delete(tree, "credentialStatus")
		}},
		{"type of the status under a keyword", func(tree map[string]any) {
			s := tree["credentialStatus"].(map[string]any)
			s["@type"] = s["type"]
			delete(s, "type")
		}},
		{"index of the status under its IRI", func(tree map[string]any) {
			s := tree["credentialStatus"].(map[string]any)
			s["https://www.w3.org/ns/credentials/status#statusListIndex"] = s["statusListIndex"]
			delete(s, "statusListIndex")
		}},
		{"begin of validity under its IRI", func(tree map[string]any) {
			tree[vocabulary+"validFrom"] = map[string]any{"@value": tree["validFrom"], "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
			delete(tree, "validFrom")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tree map[string]any
			if err := json.Unmarshal(body, &tree); err != nil {
				t.Fatal(err)
			}
			c.change(tree)
			bad, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := v.Verify(t.Context(), bad, p, time.Time{})
			integrity, _ := got.Worst(verdict.Integrity)
			format, _ := got.Worst(verdict.Format)
			t.Logf("%s; integrity %s, format %s %s", got.Outcome, integrity.Result, format.Code, format.Params["detail"])
			if got.Outcome == verdict.Verified {
				t.Error("verified")
			}
			if i < 3 && integrity.Result != verdict.Pass {
				t.Error("the signature does not hold: the case shows nothing")
			}
			if format.Code != verdict.MalformedValue {
				t.Errorf("format %s, want %s", format.Code, verdict.MalformedValue)
			}
		})
	}
}
