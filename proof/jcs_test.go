package proof

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func readTree(t *testing.T, path string) map[string]any {
	t.Helper()
	m, err := strictjson.ParseObject([]byte(readText(t, path)), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// jcsVector is the W3C vector of eddsa-jcs-2022, split into document and proof.
func jcsVector(t *testing.T) (doc, prf map[string]any, priv key.Private, dir string) {
	t.Helper()
	dir = vectors.Path(t, "vectors/di-eddsa")
	doc = readTree(t, filepath.Join(dir, "eddsa-jcs-2022", "signedJCS.json"))
	prf, _ = doc["proof"].(map[string]any)
	delete(doc, "proof")
	secret, _ := readTree(t, filepath.Join(dir, "keyPair.json"))["privateKeyMultibase"].(string)
	priv, err := key.UnmarshalSecret([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return doc, prf, priv, dir
}

func TestJCSVector(t *testing.T) {
	doc, prf, priv, dir := jcsVector(t)
	hash, err := HashJCS(doc, prf)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(hash), readText(t, filepath.Join(dir, "eddsa-jcs-2022", "combinedHashJCS.txt")); got != want {
		t.Errorf("hash\n got %s\nwant %s", got, want)
	}
	if err := VerifyJCS(doc, prf, priv.Public()); err != nil {
		t.Errorf("verify: %v", err)
	}
	config := readTree(t, filepath.Join(dir, "eddsa-jcs-2022", "proofConfigJCS.json"))
	made, err := SignJCS(t.Context(), doc, config, priv)
	if err != nil {
		t.Fatal(err)
	}
	if made["proofValue"] != prf["proofValue"] {
		t.Errorf("signature %v, want %v", made["proofValue"], prf["proofValue"])
	}
	if _, ok := config["proofValue"]; ok {
		t.Error("SignJCS wrote into the caller's config")
	}
}

func TestVerifyJCSRefuses(t *testing.T) {
	other, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	p256, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		change func(doc, prf map[string]any, pub *key.Public)
		want   error
	}{
		"document changed":     {func(d, _ map[string]any, _ *key.Public) { d["name"] = "x" }, ErrSignature},
		"proof option changed": {func(_, p map[string]any, _ *key.Public) { p["created"] = "2023-02-24T23:36:39Z" }, ErrSignature},
		"proof option added":   {func(_, p map[string]any, _ *key.Public) { p["nonce"] = "x" }, ErrSignature},
		"other key":            {func(_, _ map[string]any, k *key.Public) { *k = other.Public() }, ErrSignature},
		"P-256 key":            {func(_, _ map[string]any, k *key.Public) { *k = p256.Public() }, ErrSuite},
		"no key":               {func(_, _ map[string]any, k *key.Public) { *k = key.Public{} }, ErrSuite},
		"suite absent":         {func(_, p map[string]any, _ *key.Public) { delete(p, "cryptosuite") }, ErrSuite},
		"suite of rdfc":        {func(_, p map[string]any, _ *key.Public) { p["cryptosuite"] = EdDSARDFC2022 }, ErrSuite},
		"suite in other case":  {func(_, p map[string]any, _ *key.Public) { p["cryptosuite"] = "EDDSA-JCS-2022" }, ErrSuite},
		"other type":           {func(_, p map[string]any, _ *key.Public) { p["type"] = Ed25519Signature2020 }, ErrSuite},
		"proofValue absent":    {func(_, p map[string]any, _ *key.Public) { delete(p, "proofValue") }, ErrMissing},
		"proofValue base64url": {func(_, p map[string]any, _ *key.Public) { p["proofValue"] = "uAAAA" }, ErrMalformed},
		"proofValue short":     {func(_, p map[string]any, _ *key.Public) { p["proofValue"] = "z" + key.Base58Encode(make([]byte, 63)) }, ErrMalformed},
		"proofValue long":      {func(_, p map[string]any, _ *key.Public) { p["proofValue"] = "z" + strings.Repeat("1", 4096) }, ErrMalformed},
		"context null":         {func(_, p map[string]any, _ *key.Public) { p["@context"] = nil }, ErrMalformed},
		"context reordered": {func(d, _ map[string]any, _ *key.Public) {
			c := d["@context"].([]any)
			d["@context"] = []any{c[1], c[0]}
		}, ErrMalformed},
		"context shorter":         {func(d, _ map[string]any, _ *key.Public) { d["@context"] = d["@context"].([]any)[:1] }, ErrMalformed},
		"context gone from proof": {func(_, p map[string]any, _ *key.Public) { delete(p, "@context") }, ErrSignature},
		"context gone from doc":   {func(d, _ map[string]any, _ *key.Public) { delete(d, "@context") }, ErrMalformed},
		"no canonical form":       {func(d, _ map[string]any, _ *key.Public) { d["x"] = "\xff" }, ErrTransform},
	} {
		t.Run(name, func(t *testing.T) {
			doc, prf, priv, _ := jcsVector(t)
			pub := priv.Public()
			tc.change(doc, prf, &pub)
			if err := VerifyJCS(doc, prf, pub); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// A context appended after signing is not covered and does not harm (DI EdDSA
// 1.0 section 3.3.2 step 3); the caller must use the signed one.
func TestVerifyJCSContextAppended(t *testing.T) {
	doc, prf, priv, _ := jcsVector(t)
	c, _ := doc["@context"].([]any)
	doc["@context"] = append(append([]any{}, c...), "https://evil.example/v1")
	if err := VerifyJCS(doc, prf, priv.Public()); err != nil {
		t.Error(err)
	}
}

func TestSignJCSRoundTrip(t *testing.T) {
	priv, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"verificationMethod": priv.Public().DIDKey() + "#k", "proofPurpose": "assertionMethod"}
	for name, doc := range map[string]map[string]any{
		"without context": {"versionId": "1-Qm"},
		"one context":     {"@context": "https://www.w3.org/ns/did/v1", "id": "did:example:1"},
		"empty":           {},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := SignJCS(t.Context(), doc, config, priv)
			if err != nil {
				t.Fatal(err)
			}
			if err := VerifyJCS(doc, p, priv.Public()); err != nil {
				t.Error(err)
			}
			if _, has := p["@context"]; has != (doc["@context"] != nil) {
				t.Errorf("@context in proof: %v", has)
			}
		})
	}
	if _, err := SignJCS(t.Context(), map[string]any{}, map[string]any{"proofPurpose": "assertionMethod"}, priv); !errors.Is(err, ErrMissing) {
		t.Errorf("no verificationMethod: %v", err)
	}
	p256, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignJCS(t.Context(), map[string]any{}, config, p256); !errors.Is(err, ErrSuite) {
		t.Errorf("P-256: %v", err)
	}
}
