//go:build system

package credentials

import (
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/internal/jsonld"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/verdict"
)

var contexts = jsonld.Builtin()

// suites are those that sign whole documents, with every kind of key they take.
func suites() []struct {
	name string
	kind key.Kind
} {
	return []struct {
		name string
		kind key.Kind
	}{
		{proof.EdDSARDFC2022, key.Ed25519}, {proof.EdDSAJCS2022, key.Ed25519},
		{proof.ECDSARDFC2019, key.P256}, {proof.ECDSARDFC2019, key.P384},
		{proof.ECDSAJCS2019, key.P256}, {proof.ECDSAJCS2019, key.P384},
	}
}

func sign(t testing.TB, unsigned map[string]any, k key.Signer, opt proof.SignOptions) []byte {
	t.Helper()
	opt.Loader = contexts
	if opt.Created.IsZero() {
		opt.Created = time.Now()
	}
	signed, err := proof.Sign(t.Context(), unsigned, k, opt)
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, signed)
}

func TestDataIntegrity(t *testing.T) {
	for _, s := range suites() {
		suite := s.name + " " + s.kind.String()
		for _, d := range documents() {
			t.Run(suite+"/ours/"+d.name, func(t *testing.T) {
				k, issuer, method := ourKey(t, s.kind)
				body := sign(t, d.by(t, issuer), k, proof.SignOptions{Suite: s.name, VerificationMethod: method})
				judge(t, exhibit{suite, oursToThem, d.name, body, change(body), them("di.verify"), us, verdict.SignatureInvalid})
			})
			t.Run(suite+"/theirs/"+d.name, func(t *testing.T) {
				unsigned := d.by(t, theirKey(t, "di", s.kind.String()))
				body := must(t, request{Op: "di.sign", Suite: s.name, Key: s.kind.String(), Document: encode(t, unsigned)}).Document
				judge(t, exhibit{suite, theirsToUs, d.name, body, change(body), them("di.verify"), us, verdict.SignatureInvalid})
			})
		}
	}
}

// The older suite, which we only verify.
func TestEd25519Signature2020(t *testing.T) {
	const name = "Ed25519VerificationKey2020"
	d := file("version1")
	unsigned := d.by(t, theirKey(t, "di", name))
	body := must(t, request{Op: "di.sign", Suite: proof.Ed25519Signature2020, Key: name, Document: encode(t, unsigned)}).Document
	judge(t, exhibit{proof.Ed25519Signature2020, theirsToUs, d.name, body, change(body), them("di.verify"), us, verdict.SignatureInvalid})
}

// The consortium's verifier knows eddsa-rdfc-2022 and Ed25519Signature2020.
func TestVerifierCore(t *testing.T) {
	for _, d := range documents() {
		t.Run(d.name, func(t *testing.T) {
			k, issuer, method := ourKey(t, key.Ed25519)
			unsigned := d.by(t, issuer)
			delete(unsigned, "credentialStatus") // it would fetch the list
			body := sign(t, unsigned, k, proof.SignOptions{Suite: proof.EdDSARDFC2022, VerificationMethod: method})
			judge(t, exhibit{"verifier-core eddsa-rdfc-2022", oursToThem, d.name, body, change(body), them("dcc.verify"), us, verdict.SignatureInvalid})
		})
	}
}

// A set of two proofs by one key. Where only one of them holds, their library is
// content with that one; we accept no document with a proof that fails.
func TestTwoProofs(t *testing.T) {
	k, issuer, method := ourKey(t, key.Ed25519)
	first := sign(t, micro(t, issuer), k, proof.SignOptions{Suite: proof.EdDSARDFC2022, VerificationMethod: method})
	both := tree(t, sign(t, tree(t, first), k, proof.SignOptions{Suite: proof.EdDSAJCS2022, VerificationMethod: method}))
	body := encode(t, both)
	judge(t, exhibit{"two proofs", oursToThem, "our micro-credential", body, change(body), them("di.verify"), us, verdict.SignatureInvalid})
	both["proof"].([]any)[1].(map[string]any)["created"] = "2026-01-01T00:00:00Z"
	compare(t, "two proofs", "one of them broken", encode(t, both), them("di.verify"), us, verdict.SignatureInvalid, true)
}
