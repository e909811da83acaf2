//go:build system

package credentials

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// jwkOf reads the key out of a did:jwk.
func jwkOf(t testing.TB, id string) map[string]any {
	t.Helper()
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(id, "did:jwk:"))
	if err != nil {
		t.Fatal(err)
	}
	return tree(t, body)
}

func TestToken(t *testing.T) {
	for _, kind := range []key.Kind{key.Ed25519, key.P256, key.P384} {
		for _, d := range documents() {
			t.Run("ours/"+kind.String()+"/"+d.name, func(t *testing.T) {
				k, issuer, method := ourKey(t, kind)
				text, err := credential.SignToken(t.Context(), d.by(t, issuer), k, credential.MediaVCJWT, method, time.Now(), nil)
				if err != nil {
					t.Fatal(err)
				}
				alg := k.Public().Algs()[0]
				theirs := themToken(request{Op: "jose.verify", Typ: "vc+jwt", Algorithm: alg, JWK: k.Public().JWK()})
				judge(t, exhibit{"jose vc+jwt " + alg, oursToThem, d.name, []byte(text), changeToken(t, text), theirs, us, verdict.SignatureInvalid})
			})
		}
	}
	for _, alg := range []string{"EdDSA", "Ed25519", "ES256", "ES384", "ES512", "PS256", "RS256"} {
		for _, d := range documents() {
			t.Run("theirs/"+alg+"/"+d.name, func(t *testing.T) {
				issuer := theirKey(t, "jose", alg)
				text := must(t, request{Op: "jose.sign", Key: alg, Typ: "vc+jwt", Document: encode(t, d.by(t, issuer))}).Token
				theirs := themToken(request{Op: "jose.verify", Typ: "vc+jwt", Algorithm: alg, JWK: jwkOf(t, issuer)})
				judge(t, exhibit{"jose vc+jwt " + alg, theirsToUs, d.name, []byte(text), changeToken(t, text), theirs, us, verdict.SignatureInvalid})
			})
		}
	}
}

// JWT of version 1.1 of the data model, which we only verify.
func TestVersion1Token(t *testing.T) {
	for _, alg := range []string{"EdDSA", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			issuer := theirKey(t, "jwtvc", alg)
			d := file("version1")
			unsigned := d.by(t, issuer)
			text := must(t, request{Op: "jwtvc.sign", Key: alg, Document: encode(t, unsigned)}).Token
			judge(t, exhibit{"did-jwt-vc " + alg, theirsToUs, d.name, []byte(text), changeToken(t, text), themToken(request{Op: "jwtvc.verify"}), us, verdict.SignatureInvalid})
			shown := must(t, request{Op: "jwtvc.present", Key: alg, Token: text, Challenge: challenge, Domain: domain}).Token
			theirs := themToken(request{Op: "jwtvc.verifyPresentation", Challenge: challenge, Domain: domain})
			judge(t, exhibit{"did-jwt-vc presentation " + alg, theirsToUs, d.name, []byte(shown), changeToken(t, shown), theirs, usPresentation(challenge, domain), verdict.SignatureInvalid})
		})
	}
}
