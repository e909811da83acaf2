package key

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/key"
)

func TestResolve(t *testing.T) {
	ed, err := key.FromSeed(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	p, err := key.Generate(key.P256, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []key.Public{ed.Public(), p.Public()} {
		for _, name := range []string{k.DIDKey(), "did:key:1:" + k.Multikey()} {
			res, err := Resolver().Resolve(t.Context(), name, did.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, rel := range did.Relationships() {
				m, err := res.Document.Method(name+"#"+k.Multikey(), rel)
				if rel == did.KeyAgreement {
					if !errors.Is(err, did.ErrRelationship) {
						t.Errorf("keyAgreement: %v", err)
					}
					continue
				}
				if err != nil || m.Key != k {
					t.Errorf("%s: %v", rel, err)
				}
			}
			if res.LowAssurance || res.OriginProven || res.DID != name {
				t.Errorf("%+v", res)
			}
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	good := "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
	private := "did:key:z" + key.Base58Encode(append([]byte{0x80, 0x26}, make([]byte, 32)...))
	for name, tc := range map[string]struct {
		did  string
		opt  did.Options
		want error
	}{
		"no DID":            {"key", did.Options{}, did.ErrInvalid},
		"other method":      {"did:web:example.com", did.Options{}, did.ErrMethod},
		"not base58btc":     {"did:key:z0OIl", did.Options{}, did.ErrInvalid},
		"base64url":         {"did:key:u7QEn", did.Options{}, did.ErrInvalid},
		"31 bytes":          {"did:key:z" + key.Base58Encode(append([]byte{0xed, 0x01}, make([]byte, 31)...)), did.Options{}, did.ErrInvalid},
		"small order":       {"did:key:z" + key.Base58Encode(append([]byte{0xed, 0x01, 1}, make([]byte, 31)...)), did.Options{}, key.ErrWeak},
		"private key":       {private, did.Options{}, key.ErrPrivate},
		"version 2":         {"did:key:2:" + good[8:], did.Options{}, key.ErrKind},
		"X25519":            {"did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F", did.Options{}, key.ErrKind},
		"secp256k1":         {"did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme", did.Options{}, did.ErrFeature},
		"version asked for": {good, did.Options{VersionNumber: 1}, did.ErrFeature},
		"two versions":      {good, did.Options{VersionNumber: 1, VersionID: "1"}, did.ErrOptions},
	} {
		t.Run(name, func(t *testing.T) {
			if res, err := Resolver().Resolve(t.Context(), tc.did, tc.opt); res != nil || !errors.Is(err, tc.want) {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
}

// A resolver that is used again answers as a new one, also after it has met more
// names than it keeps, and hands out resolutions that are the caller's own.
func TestResolverRemembers(t *testing.T) {
	r := Resolver()
	ask := func(name string, opt did.Options) (*did.Resolution, error) { return r.Resolve(t.Context(), name, opt) }
	var names []string
	for i := range maxKnown + 20 {
		k, err := key.FromSeed(append(make([]byte, 30), byte(i>>8), byte(i)))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, k.Public().DIDKey())
	}
	for _, name := range append(names, names[0], names[0]) {
		res, err := ask(name, did.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := Resolver().Resolve(t.Context(), name, did.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, b := must(json.Marshal(res)), must(json.Marshal(want))
		if a != b || res.Source != "local" {
			t.Fatalf("%s, want %s", a, b)
		}
		res.Source, res.LowAssurance = "changed", true
	}
	if n := len(r.(*resolver).known); n > maxKnown {
		t.Errorf("%d documents are kept", n)
	}
	if _, err := ask(names[0], did.Options{VersionNumber: 1}); !errors.Is(err, did.ErrFeature) {
		t.Errorf("a version of a known name: %v", err)
	}
	if _, err := ask(names[0]+"0", did.Options{}); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("a known name with an end: %v", err)
	}
}

func must(b []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// The keys of the public vectors: Ed25519 resolves, other kinds are refused as
// unsupported, never as something else.
func TestVectors(t *testing.T) {
	dir := vectors.Path(t, "vectors/did-key")
	for file, prefix := range map[string]string{"ed25519-x25519.json": "did:key:z6Mk", "x25519.json": "", "secp256k1.json": ""} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, part := range strings.Split(string(b), `"`) {
			if strings.HasPrefix(part, "did:key:") && !strings.Contains(part, "#") {
				names[part] = true
			}
		}
		if len(names) == 0 {
			t.Fatalf("%s: no identifiers", file)
		}
		for name := range names {
			res, err := Resolver().Resolve(t.Context(), name, did.Options{})
			if prefix == "" || !strings.HasPrefix(name, prefix) {
				if !errors.Is(err, key.ErrKind) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			text, err := json.Marshal(res)
			if err != nil || !strings.Contains(string(text), `"didDocumentMetadata":{}`) {
				t.Errorf("%s, %v", text, err)
			}
		}
	}
}
