//go:build system

package credentials

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

// What a verifier asks of a presentation.
const (
	challenge = "c0ae1c8e-c7e7-469f-b252-86e6a0e7387e"
	domain    = "verifier.example"
)

// usPresentation judges a presentation that was asked for with a challenge, and
// all credentials in it.
func usPresentation(asked, by string) side {
	return func(t testing.TB, body []byte) string {
		t.Helper()
		opt := options()
		opt.Challenge, opt.Domain = asked, []string{by}
		p, err := credential.CheckPresentation(t.Context(), body, opt)
		if err != nil {
			return err.Error()
		}
		if !p.Signed {
			return string(p.ProofRow().Code)
		}
		for i, c := range p.Credentials {
			if !c.OK {
				return fmt.Sprintf("credential %d: %v", i, c.Checks)
			}
		}
		if len(p.Credentials) != 1 {
			return fmt.Sprintf("%d credentials", len(p.Credentials))
		}
		return ""
	}
}

func theirPresentation(op, asked, by string) side {
	return func(t testing.TB, body []byte) string {
		t.Helper()
		return reason(ask(t, request{Op: op, Document: body, Challenge: asked, Domain: by}))
	}
}

func TestPresentation(t *testing.T) {
	const suite = "presentation eddsa-rdfc-2022"
	k, issuer, method := ourKey(t, key.Ed25519)
	inside := sign(t, micro(t, issuer), k, proof.SignOptions{Suite: proof.EdDSARDFC2022, VerificationMethod: method})
	holder, id, holds := ourKey(t, key.Ed25519)
	bodies := map[string][]byte{
		oursToThem: sign(t, map[string]any{
			"@context": []any{credential.ContextV2}, "type": []any{"VerifiablePresentation"}, "holder": id,
			"verifiableCredential": []any{tree(t, inside)},
		}, holder, proof.SignOptions{Suite: proof.EdDSARDFC2022, VerificationMethod: holds, Purpose: proof.Authentication, Challenge: challenge, Domain: domain}),
		theirsToUs: must(t, request{Op: "di.present", Suite: proof.EdDSARDFC2022, Key: "Ed25519", Challenge: challenge, Domain: domain, Document: inside}).Document,
	}
	for _, direction := range []string{oursToThem, theirsToUs} {
		t.Run(direction, func(t *testing.T) {
			body := bodies[direction]
			judge(t, exhibit{suite, direction, "our micro-credential", body, change(body),
				theirPresentation("di.verifyPresentation", challenge, domain), usPresentation(challenge, domain), verdict.SignatureInvalid})
			refused(t, suite+", other challenge", direction, "our micro-credential", body, theirPresentation("di.verifyPresentation", "other", domain), usPresentation("other", domain), verdict.InvalidChallenge)
			refused(t, suite+", other domain", direction, "our micro-credential", body, theirPresentation("di.verifyPresentation", challenge, "other.example"), usPresentation(challenge, "other.example"), verdict.InvalidDomain)
		})
	}
}

// refused demands that both sides refuse what is asked for in another way.
func refused(t *testing.T, suite, direction, document string, body []byte, theirs, ours side, want verdict.Code) {
	t.Helper()
	row := []string{suite, direction, document, "refused", "refused", ""}
	if why := ours(t, body); why != string(want) {
		row[3] = why
		t.Errorf("we say %q, want %q", why, want)
	}
	if why := theirs(t, body); why == "" {
		row[4] = accepts
		t.Error("they accept it")
	} else {
		t.Log("they say:", why)
	}
	table = append(table, row)
}

// Tokens: a vp+jwt around an enveloped vc+jwt.
func TestTokenPresentation(t *testing.T) {
	k, issuer, method := ourKey(t, key.Ed25519)
	token, err := credential.SignToken(t.Context(), micro(t, issuer), k, credential.MediaVCJWT, method, time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	presentation := func(holder string) map[string]any {
		return map[string]any{
			"@context": []any{credential.ContextV2}, "type": []any{"VerifiablePresentation"}, "holder": holder, "name": "Andromeda",
			"verifiableCredential": []any{credential.Envelop("EnvelopedVerifiableCredential", credential.MediaVCJWT, token)},
		}
	}
	t.Run("ours", func(t *testing.T) {
		holder, id, holds := ourKey(t, key.P256)
		text, err := credential.SignToken(t.Context(), presentation(id), holder, credential.MediaVPJWT, holds, time.Now(), map[string]any{"nonce": challenge, "aud": domain})
		if err != nil {
			t.Fatal(err)
		}
		theirs := themToken(request{Op: "jose.verify", Typ: "vp+jwt", Algorithm: "ES256", JWK: holder.Public().JWK()})
		judge(t, exhibit{"jose vp+jwt ES256", oursToThem, "our micro-credential", []byte(text), changeToken(t, text), theirs, usPresentation(challenge, domain), verdict.SignatureInvalid})
	})
	t.Run("theirs", func(t *testing.T) {
		id := theirKey(t, "jose", "EdDSA")
		p := presentation(id)
		p["iss"], p["nonce"], p["aud"], p["iat"] = id, challenge, domain, json.Number(fmt.Sprint(time.Now().Unix()))
		text := must(t, request{Op: "jose.sign", Key: "EdDSA", Typ: "vp+jwt", Document: encode(t, p)}).Token
		theirs := themToken(request{Op: "jose.verify", Typ: "vp+jwt", Algorithm: "EdDSA", JWK: jwkOf(t, id)})
		judge(t, exhibit{"jose vp+jwt EdDSA", theirsToUs, "our micro-credential", []byte(text), changeToken(t, text), theirs, usPresentation(challenge, domain), verdict.SignatureInvalid})
	})
}
