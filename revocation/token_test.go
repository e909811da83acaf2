package revocation

import (
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/proof/jose"
	"github.com/bonafide-id/bonafide/verdict"
)

// A list may come as a token (vc+jwt) as well as in JSON.
func TestListAsToken(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		bit  int64
		typ  string
		edit func(string) string
		want map[verdict.Code]verdict.Result
	}{
		{"clear", 8, credential.MediaVCJWT, nil, map[verdict.Code]verdict.Result{verdict.OK: verdict.Pass}},
		{"set", 7, credential.MediaVCJWT, nil, map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail}},
		{"white space around", 7, credential.MediaVCJWT, func(s string) string { return "\n" + s + "\n" }, map[verdict.Code]verdict.Result{verdict.Revoked: verdict.Fail}},
		{"a presentation's type", 7, credential.MediaVPJWT, nil, map[verdict.Code]verdict.Result{verdict.StatusVerification: verdict.Unknown}},
		{"changed", 7, credential.MediaVCJWT, func(s string) string { return strings.Replace(s, ".", ".e", 1) }, map[verdict.Code]verdict.Result{verdict.MalformedValue: verdict.Unknown}},
		{"cut short", 7, credential.MediaVCJWT, func(s string) string { return s[:len(s)-10] }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMaker(t, at)
			if err := m.spec.Bits.Set(c.bit); err != nil {
				t.Fatal(err)
			}
			encoded, err := m.spec.Bits.Encode()
			if err != nil {
				t.Fatal(err)
			}
			tree := map[string]any{
				"@context": []any{credential.ContextV2}, "id": m.spec.URL, "type": []any{"VerifiableCredential", typeList},
				"issuer": m.spec.Issuer, "validFrom": proof.FormatTime(m.spec.ValidFrom), "validUntil": proof.FormatTime(m.spec.ValidUntil),
				"credentialSubject": map[string]any{"type": "BitstringStatusList", "statusPurpose": "revocation", "encodedList": encoded},
			}
			method := m.spec.Issuer + "#" + m.key.Public().Multikey()
			token, err := credential.SignToken(t.Context(), tree, m.key, credential.MediaVCJWT, method, at, nil)
			if c.typ != credential.MediaVCJWT { // which SignToken does not sign
				var body []byte
				if body, err = strictjson.Canonical(tree); err == nil {
					token, err = jose.Sign(t.Context(), m.key, map[string]any{"typ": c.typ, "kid": method}, body)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.edit != nil {
				token = c.edit(token)
			}
			opt := testOptions(at)
			opt.Source = fixed{&Found{Body: []byte(token), Source: "origin"}}
			cred := &credential.Credential{Issuer: m.spec.Issuer, Status: []map[string]any{entryTree()}}
			rows := Check(t.Context(), cred, opt).Checks
			got := codes(rows)
			for code, result := range c.want {
				if len(got) != len(c.want) || got[code] != result {
					t.Errorf("rows %+v, want %v", rows, c.want)
				}
			}
			if v := (verdict.Verdict{Checks: rows}); c.want == nil {
				if row, _ := v.Worst(verdict.Status); row.Result != verdict.Unknown {
					t.Errorf("rows %+v, want unknown", rows)
				}
			}
		})
	}
}
