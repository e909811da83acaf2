package key

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"testing"
)

// TestLargerCurves makes keys of the larger curves, spells them in every way and
// breaks what they sign.
func TestLargerCurves(t *testing.T) {
	ctx := context.Background()
	priv, err := Generate(P384, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := priv.MarshalSecret()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := UnmarshalSecret(text); err != nil || again.Public() != priv.Public() {
		t.Errorf("secret comes back as %v, %v", again, err)
	}
	msg := []byte("a diploma")
	sig, err := priv.Sign(ctx, msg)
	if err != nil || len(sig) != 96 {
		t.Fatalf("%d bytes, %v", len(sig), err)
	}
	pub := priv.Public()
	if err := pub.VerifyJWS("ES384", msg, sig); err != nil {
		t.Error(err)
	}
	sig[0] ^= 1
	if err := pub.Verify(msg, sig); !errors.Is(err, ErrSignature) {
		t.Errorf("changed signature: %v", err)
	}
	if err := pub.Verify(msg, sig[:95]); !errors.Is(err, ErrSignature) {
		t.Errorf("short signature: %v", err)
	}
	std, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := FromPKIX(&std.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Public{pub, large} {
		if q, err := ParseMultikey(p.Multikey()); err != nil || q != p {
			t.Errorf("%v: multikey gives %v, %v", p.Kind(), q, err)
		}
		if q, err := ParseJWK(p.JWK()); err != nil || q != p {
			t.Errorf("%v: JWK gives %v, %v", p.Kind(), q, err)
		}
		if q, err := ParseDIDKey(p.DIDKey()); err != nil || q != p {
			t.Errorf("%v: did:key gives %v, %v", p.Kind(), q, err)
		}
	}
	der, err := std.Sign(rand.Reader, large.digestForTest(msg), crypto.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Verify(msg, der); !errors.Is(err, ErrSignature) {
		t.Errorf("DER is taken for P1363: %v", err)
	}
}

func (p Public) digestForTest(msg []byte) []byte {
	c, _ := curveOf(p.kind)
	return c.digest(msg)
}

func TestRSA(t *testing.T) {
	priv, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := FromPKIX(&priv.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseJWK(pub.JWK()); err != nil || again != pub {
		t.Errorf("JWK gives %v, %v", again, err)
	}
	if pub.Multikey() != "" || pub.DIDKey() != "" || pub.String() == "" {
		t.Errorf("names %q %q %q", pub.Multikey(), pub.DIDKey(), pub)
	}
	msg := []byte("a diploma")
	digest := sha256.Sum256(msg)
	v15, err := rsa.SignPKCS1v15(rand.Reader, priv, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	pss, err := rsa.SignPSS(rand.Reader, priv, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		t.Fatal(err)
	}
	longSalt, err := rsa.SignPSS(rand.Reader, priv, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: 64})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, alg string
		msg, sig  []byte
		want      error
	}{
		{"RS256", "RS256", msg, v15, nil},
		{"PS256", "PS256", msg, pss, nil},
		{"PS256 under RS256", "RS256", msg, pss, ErrSignature},
		{"RS256 under PS256", "PS256", msg, v15, ErrSignature},
		{"another salt length", "PS256", msg, longSalt, ErrSignature},
		{"changed", "RS256", msg[1:], v15, ErrSignature},
		{"empty", "RS256", msg, nil, ErrSignature},
		{"RS1", "RS1", msg, v15, ErrAlg},
		{"HS256", "HS256", msg, v15, ErrAlg},
		{"none", "none", msg, nil, ErrAlg},
		{"ES256", "ES256", msg, v15, ErrAlg},
	} {
		if err := pub.VerifyJWS(c.alg, c.msg, c.sig); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	with := func(name string, v any) map[string]any {
		m := pub.JWK()
		m[name] = v
		return m
	}
	b64 := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	for name, jwk := range map[string]map[string]any{
		"even modulus":     with("n", b64(new(big.Int).Add(priv.N, big.NewInt(1)))),
		"2047 bits":        with("n", b64(new(big.Int).SetBit(new(big.Int).Rsh(priv.N, 1), 0, 1))),
		"huge modulus":     with("n", b64(new(big.Int).SetBit(new(big.Int).Lsh(priv.N, 7000), 0, 1))),
		"exponent 1":       with("e", "AQ"),
		"exponent 2":       with("e", "Ag"),
		"leading zero":     with("e", "AAEAAQ"),
		"padded":           with("e", "AQAB="),
		"alg of a curve":   with("alg", "ES256"),
		"for encryption":   with("use", "enc"),
		"modulus a number": with("n", 7),
	} {
		if p, err := ParseJWK(jwk); !errors.Is(err, ErrKey) || !p.IsZero() {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

// TestAlgByKind: of all algorithms by all kinds only the diagonal is let through.
func TestAlgByKind(t *testing.T) {
	keys := map[Kind]Public{}
	for _, k := range []Kind{Ed25519, P256, P384} {
		p, err := Generate(k, nil)
		if err != nil {
			t.Fatal(err)
		}
		keys[k] = p.Public()
	}
	std, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if keys[P521], err = FromPKIX(&std.PublicKey); err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if keys[RSA], err = FromPKIX(&r.PublicKey); err != nil {
		t.Fatal(err)
	}
	fits := map[string]Kind{"EdDSA": Ed25519, "Ed25519": Ed25519, "ES256": P256, "ES384": P384, "ES512": P521, "RS256": RSA, "PS256": RSA}
	for _, alg := range []string{"EdDSA", "Ed25519", "ES256", "ES384", "ES512", "RS256", "PS256", "", "none", "None", "HS256", "HS384",
		"HS512", "RS1", "RS384", "RS512", "PS384", "PS512", "ES256K", "Ed448", "eddsa", "RSA1_5"} {
		for kind, pub := range keys {
			want := ErrAlg
			if fits[alg] == kind {
				want = ErrSignature // the empty signature gets that far
			}
			if err := pub.VerifyJWS(alg, nil, nil); !errors.Is(err, want) {
				t.Errorf("%s with %v: %v, want %v", alg, kind, err, want)
			}
		}
	}
}
