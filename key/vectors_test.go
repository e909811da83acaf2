package key

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readVector decodes one shared file into dst.
func readVector(t *testing.T, rel string, dst any) {
	t.Helper()
	data, err := os.ReadFile(vectors.Path(t, rel))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, dst); err != nil {
		t.Fatal(err)
	}
}

type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKey struct {
			Pk           string // Ed25519
			Uncompressed string // P-256
		}
		PublicKeyJwk map[string]any
		Tests        []struct {
			TcID     int `json:"tcId"`
			Comment  string
			Msg, Sig string
			Result   string
		}
	}
}

// TestWycheproof runs every group and every case of both files. All keys in them
// are sound, so each must parse, and in each spelling to the same Public.
func TestWycheproof(t *testing.T) {
	for _, c := range []struct {
		file  string
		parse func(t *testing.T, raw []byte) (Public, error)
	}{
		{"vectors/wycheproof/ed25519_test.odd.json", func(_ *testing.T, raw []byte) (Public, error) {
			return newEd25519(raw)
		}},
		{"vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.odd.json", func(t *testing.T, raw []byte) (Public, error) {
			if len(raw) != 65 || raw[0] != 4 {
				t.Fatalf("not an uncompressed point: %x", raw)
			}
			return newP256XY(raw[1:33], raw[33:])
		}},
	} {
		t.Run(c.file, func(t *testing.T) {
			var f wycheproofFile
			readVector(t, c.file, &f)
			ran, valid := 0, 0
			for i, g := range f.TestGroups {
				pub, err := c.parse(t, unhex(t, g.PublicKey.Pk+g.PublicKey.Uncompressed))
				if err != nil {
					t.Fatalf("group %d: %v", i, err)
				}
				if g.PublicKeyJwk != nil {
					if fromJWK, err := ParseJWK(g.PublicKeyJwk); err != nil || fromJWK != pub {
						t.Errorf("group %d: JWK gives %v, %v", i, fromJWK, err)
					}
				}
				if again, err := ParseMultikey(pub.Multikey()); err != nil || again != pub {
					t.Errorf("group %d: multikey gives %v, %v", i, again, err)
				}
				for _, tc := range g.Tests {
					ran++
					err := pub.Verify(unhex(t, tc.Msg), unhex(t, tc.Sig))
					switch tc.Result {
					case "valid":
						valid++
						if err != nil {
							t.Errorf("case %d (%s): %v", tc.TcID, tc.Comment, err)
						}
					case "invalid":
						if !errors.Is(err, ErrSignature) {
							t.Errorf("case %d (%s): error %v, want ErrSignature", tc.TcID, tc.Comment, err)
						}
					default:
						t.Errorf("case %d: result %q is not known to this test", tc.TcID, tc.Result)
					}
				}
			}
			if ran != f.NumberOfTests || valid == 0 || valid == ran {
				t.Errorf("ran %d cases (%d valid), file says %d", ran, valid, f.NumberOfTests)
			}
		})
	}
}

// TestDIDKeyVectors walks the did:key vectors: Ed25519 in full, the other kinds
// as unsupported.
func TestDIDKeyVectors(t *testing.T) {
	t.Run("ed25519-x25519", func(t *testing.T) {
		var f map[string]struct {
			Seed                string
			VerificationKeyPair struct {
				PublicKeyBase58             string
				PublicKeyJwk, PrivateKeyJwk map[string]any
			}
			KeyAgreementKeyPair struct {
				ID           string
				PublicKeyJwk map[string]any
			}
		}
		readVector(t, "vectors/did-key/ed25519-x25519.json", &f)
		if len(f) == 0 {
			t.Fatal("no vectors")
		}
		jwks := 0
		for did, v := range f {
			pub, err := ParseDIDKey(did)
			if err != nil {
				t.Errorf("%s: %v", did, err)
				continue
			}
			if got := pub.DIDKey(); got != did {
				t.Errorf("DIDKey = %s, want %s", got, did)
			}
			if v.VerificationKeyPair.PublicKeyJwk == nil {
				if got := Base58Encode(pub.Bytes()); got != v.VerificationKeyPair.PublicKeyBase58 {
					t.Errorf("%s: bytes %s, want %s", did, got, v.VerificationKeyPair.PublicKeyBase58)
				}
			} else {
				jwks++
				if got, err := ParseJWK(v.VerificationKeyPair.PublicKeyJwk); err != nil || got != pub {
					t.Errorf("%s: JWK gives %v, %v", did, got, err)
				}
				if got := pub.JWK(); !reflect.DeepEqual(got, v.VerificationKeyPair.PublicKeyJwk) {
					t.Errorf("%s: JWK = %v", did, got)
				}
				if _, err := ParseJWK(v.VerificationKeyPair.PrivateKeyJwk); !errors.Is(err, ErrPrivate) {
					t.Errorf("%s: private JWK: %v, want ErrPrivate", did, err)
				}
				if _, err := ParseJWK(v.KeyAgreementKeyPair.PublicKeyJwk); !errors.Is(err, ErrKind) {
					t.Errorf("%s: X25519 JWK: %v, want ErrKind", did, err)
				}
			}
			priv, err := FromSeed(unhex(t, v.Seed))
			if err != nil || priv.Public() != pub {
				t.Errorf("%s: seed gives %v, %v", did, priv, err)
			}
			_, id, _ := strings.Cut(v.KeyAgreementKeyPair.ID, "#")
			if _, err := ParseMultikey(id); !errors.Is(err, ErrKind) {
				t.Errorf("X25519 %s: %v, want ErrKind", id, err)
			}
		}
		if jwks == 0 {
			t.Error("no vector with a JWK")
		}
	})
	t.Run("secp256k1", func(t *testing.T) {
		var f map[string]json.RawMessage
		readVector(t, "vectors/did-key/secp256k1.json", &f)
		if len(f) == 0 {
			t.Fatal("no vectors")
		}
		for did := range f {
			if _, err := ParseDIDKey(did); !errors.Is(err, ErrKind) {
				t.Errorf("%s: %v, want ErrKind", did, err)
			}
		}
	})
	t.Run("x25519", func(t *testing.T) {
		var f struct{ DIDDocument map[string]json.RawMessage }
		readVector(t, "vectors/did-key/x25519.json", &f)
		if len(f.DIDDocument) == 0 {
			t.Fatal("no vectors")
		}
		for did := range f.DIDDocument {
			if _, err := ParseDIDKey(did); !errors.Is(err, ErrKind) {
				t.Errorf("%s: %v, want ErrKind", did, err)
			}
		}
	})
}

// TestSecretVectors reads the key pairs of the Data Integrity specifications.
func TestSecretVectors(t *testing.T) {
	type pair struct{ PublicKeyMultibase, PrivateKeyMultibase, SecretKeyMultibase string }
	pairs := map[string]pair{}
	var ed, p256 pair
	readVector(t, "vectors/di-eddsa/keyPair.json", &ed)
	readVector(t, "vectors/di-ecdsa/p256KeyPair.json", &p256)
	readVector(t, "vectors/di-eddsa/proof-set-chain/multiKeyPairs.json", &pairs)
	pairs["di-eddsa"], pairs["di-ecdsa"] = ed, p256
	for name, p := range pairs {
		t.Run(name, func(t *testing.T) {
			secret := p.PrivateKeyMultibase + p.SecretKeyMultibase
			priv, err := UnmarshalSecret([]byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			if got := priv.Public().Multikey(); got != p.PublicKeyMultibase {
				t.Errorf("public %s, want %s", got, p.PublicKeyMultibase)
			}
			back, err := priv.MarshalSecret()
			if err != nil || !bytes.Equal(back, []byte(secret)) {
				t.Errorf("secret does not come back the same (%v)", err)
			}
			if _, err := ParseMultikey(secret); !errors.Is(err, ErrPrivate) {
				t.Errorf("ParseMultikey of the secret: %v, want ErrPrivate", err)
			} else if bytes.Contains([]byte(fmt.Sprint(err)), []byte(secret)) {
				t.Error("the error quotes the secret")
			}
			sig, err := priv.Sign(context.Background(), []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			if err := priv.Public().Verify([]byte("x"), sig); err != nil {
				t.Error(err)
			}
		})
	}
}
