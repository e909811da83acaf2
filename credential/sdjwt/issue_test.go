package sdjwt

import (
	"errors"
	"maps"
	"math"
	"testing"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof/jose"
)

// w3cClaims are those of a good W3C credential.
func w3cClaims() map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": []any{"VerifiableCredential"},
		"id": "urn:uuid:7", "issuer": map[string]any{"id": didOf(issuer), "name": "Uni"}, "validFrom": "2026-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:ana", "name": "Ana"},
	}
}

func TestIssueRefuses(t *testing.T) {
	edit := func(m map[string]any, name string, v any) map[string]any {
		m = maps.Clone(m)
		if m[name] = v; v == nil {
			delete(m, name)
		}
		return m
	}
	for _, c := range []struct {
		name, typ, kid string
		claims         map[string]any
		hide           string
		want           error
	}{
		{"good", TypeVC, kidOf(issuer), vcClaims(), "/name", nil},
		{"good W3C", TypeW3C, kidOf(issuer), w3cClaims(), "/credentialSubject/name", nil},
		{"another typ", "JWT", kidOf(issuer), vcClaims(), "", ErrTyp},
		{"another's key", TypeVC, kidOf(other), vcClaims(), "", ErrSigner},
		{"a key without a fragment", TypeVC, didOf(issuer), vcClaims(), "", ErrSigner},
		{"another's key W3C", TypeW3C, kidOf(other), w3cClaims(), "", ErrSigner},
		{"no issuer", TypeVC, kidOf(issuer), edit(vcClaims(), "iss", nil), "", ErrSigner},
		{"no type", TypeVC, kidOf(issuer), edit(vcClaims(), "vct", nil), "", ErrClaims},
		{"nothing there to hide", TypeVC, kidOf(issuer), vcClaims(), "/family", ErrFrame},
		{"issuer hidden", TypeVC, kidOf(issuer), vcClaims(), "/iss", ErrHidden},
		{"term hidden", TypeVC, kidOf(issuer), vcClaims(), "/exp", ErrHidden},
		{"begin hidden", TypeVC, kidOf(issuer), vcClaims(), "/nbf", ErrHidden},
		{"type hidden", TypeVC, kidOf(issuer), vcClaims(), "/vct", ErrHidden},
		{"holder's key hidden", TypeVC, kidOf(issuer), vcClaims(), "/cnf", ErrHidden},
		{"a part of the holder's key hidden", TypeVC, kidOf(issuer), vcClaims(), "/cnf/jwk", ErrHidden},
		{"status hidden", TypeVC, kidOf(issuer), vcClaims(), "/status", ErrHidden},
		{"a part of the status hidden", TypeVC, kidOf(issuer), vcClaims(), "/status/status_list/idx", ErrHidden},
		{"other names hidden", TypeVC, kidOf(issuer), edit(vcClaims(), "aka_vcts", []any{"x"}), "/aka_vcts/0", ErrHidden},
		{"integrity hidden", TypeVC, kidOf(issuer), edit(vcClaims(), "vct#integrity", "x"), "/vct#integrity", ErrHidden},
		{"W3C without a subject", TypeW3C, kidOf(issuer), edit(w3cClaims(), "credentialSubject", nil), "", ErrClaims},
		{"a float that JSON has not", TypeVC, kidOf(issuer), edit(vcClaims(), "ects", math.Inf(1)), "", ErrClaims},
		{"W3C issuer hidden", TypeW3C, kidOf(issuer), w3cClaims(), "/issuer", ErrHidden},
		{"W3C name of the issuer hidden", TypeW3C, kidOf(issuer), w3cClaims(), "/issuer/name", ErrHidden},
		{"W3C context hidden", TypeW3C, kidOf(issuer), w3cClaims(), "/@context/0", ErrHidden},
		{"W3C type hidden", TypeW3C, kidOf(issuer), w3cClaims(), "/type", ErrHidden},
		{"W3C begin hidden", TypeW3C, kidOf(issuer), w3cClaims(), "/validFrom", ErrHidden},
		{"W3C term hidden", TypeW3C, kidOf(issuer), edit(w3cClaims(), "validUntil", "2027-01-01T00:00:00Z"), "/validUntil", ErrHidden},
		{"W3C status hidden", TypeW3C, kidOf(issuer), edit(w3cClaims(), "credentialStatus", map[string]any{"type": "X"}), "/credentialStatus/type", ErrHidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			var hide []string
			if c.hide != "" {
				hide = []string{c.hide}
			}
			tok, err := Issue(ctx, issuer, c.typ, c.kid, c.claims, Frame{Hide: hide})
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err != nil {
				return
			}
			jws, err := jose.Parse([]byte(tok.JWT), 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := jws.Verify(issuer.Public()); err != nil {
				t.Error(err)
			}
			if jws.Type != "application/"+c.typ || jws.Kid != kidOf(issuer) || (jws.Cty != "") != (c.typ == TypeW3C) {
				t.Errorf("%v", jws.Header)
			}
		})
	}
	if _, err := Issue(ctx, key.Private{}, TypeVC, kidOf(issuer), vcClaims(), Frame{}); err == nil {
		t.Error("signed without a key")
	}
}
