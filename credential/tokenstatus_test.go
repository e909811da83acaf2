package credential

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	didkey "github.com/bonafide-id/bonafide/did/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// A W3C credential in a JWT may name a token list beside itself.
func TestStatusBesideTheCredential(t *testing.T) {
	s := seeded(7)
	id := s.Public().DIDKey()
	good := map[string]any{"status_list": map[string]any{"idx": 7, "uri": "https://uni.example/status/1.jwt"}}
	for _, c := range []struct {
		name   string
		status any
		typ    string // of the one entry
		format verdict.Result
	}{
		{"none", nil, "", verdict.Pass},
		{"a list", good, TokenStatusEntry, verdict.Pass},
		{"a list and another mechanism", map[string]any{"x": 1, "status_list": good["status_list"]}, TokenStatusEntry, verdict.Pass},
		{"another mechanism alone", map[string]any{"x": map[string]any{}}, UnknownStatusEntry, verdict.Pass},
		{"no mechanism", map[string]any{}, UnknownStatusEntry, verdict.Fail},
		{"a text", "valid", UnknownStatusEntry, verdict.Fail},
		{"a list that is none", map[string]any{"status_list": []any{}}, UnknownStatusEntry, verdict.Fail},
		{"index a text", map[string]any{"status_list": map[string]any{"idx": "7", "uri": "https://uni.example/status/1.jwt"}}, UnknownStatusEntry, verdict.Fail},
		{"index below", map[string]any{"status_list": map[string]any{"idx": -1, "uri": "https://uni.example/status/1.jwt"}}, UnknownStatusEntry, verdict.Fail},
		{"index with a fraction", map[string]any{"status_list": map[string]any{"idx": json.Number("7.5"), "uri": "https://uni.example/status/1.jwt"}}, UnknownStatusEntry, verdict.Fail},
		{"no URI", map[string]any{"status_list": map[string]any{"idx": 7}}, UnknownStatusEntry, verdict.Fail},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := map[string]any{"@context": []any{ContextV2}, "type": []any{"VerifiableCredential"}, "issuer": id,
				"credentialSubject": map[string]any{"id": holderID}}
			var extra map[string]any
			if c.status != nil {
				extra = map[string]any{"status": c.status}
			}
			text, err := SignToken(t.Context(), tree, s, MediaVCJWT, id+"#"+s.Public().Multikey(), moment, extra)
			if err != nil {
				t.Fatal(err)
			}
			got := Check(t.Context(), []byte(text), Options{At: moment.Add(time.Minute), Resolver: did.Registry{"key": didkey.Resolver()}})
			if row := got.Row(verdict.Format); row.Result != c.format {
				t.Errorf("format %+v, want %v", row, c.format)
			}
			if got.Row(verdict.Integrity).Result != verdict.Pass {
				t.Errorf("%+v", got.Checks)
			}
			var types []any
			for _, e := range got.Credential.Status {
				types = append(types, e["type"])
			}
			if c.typ == "" && len(types) != 0 || c.typ != "" && (len(types) != 1 || types[0] != c.typ) {
				t.Errorf("entries %v, want %s", types, c.typ)
			}
			if _, has := got.Document["status"]; has {
				t.Error("the claim is a part of the document")
			}
		})
	}
}
