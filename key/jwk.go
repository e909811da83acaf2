package key

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// ParseJWK reads a public JWK as the tree that internal/strictjson gives (RFC
// 7517; RFC 8037 for Ed25519; RFC 7518, 6.2.1 for the P curves, 6.3.1 for RSA).
// kty and crv must agree, and so must alg, use and key_ops where they are present:
// one of the key's Algs, "sig", "verify". Any private member
// is refused, whatever its value. Members that mean nothing to a public key are
// ignored; kid is not compared. Errors: [ErrKey], [ErrKind], [ErrPrivate] and
// [ErrWeak].
func ParseJWK(jwk map[string]any) (Public, error) {
	// RFC 7518 6.2.2, 6.3.2 and 6.4.1, and "priv" of the AKP keys. The value is not
	// looked at: null or a number in its place is no excuse.
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if _, ok := jwk[name]; ok {
			return Public{}, fmt.Errorf("%w: JWK member %q", ErrPrivate, name)
		}
	}
	kty, err := jwkText(jwk, "kty")
	if err != nil {
		return Public{}, err
	}
	switch kty {
	case "RSA":
		return jwkRSA(jwk)
	case "OKP", "EC":
	default:
		return Public{}, fmt.Errorf("%w: JWK kty is neither OKP, EC nor RSA", ErrKind)
	}
	crv, err := jwkText(jwk, "crv")
	if err != nil {
		return Public{}, err
	}
	for _, kind := range []Kind{Ed25519, P256, P384, P521} {
		if kind.String() != crv {
			continue
		}
		if (kty == "OKP") != (kind == Ed25519) {
			return Public{}, fmt.Errorf("%w: JWK kty and crv disagree", ErrKey)
		}
		if kind == Ed25519 {
			return jwkEd25519(jwk)
		}
		c, _ := curveOf(kind)
		return jwkECDSA(jwk, c)
	}
	return Public{}, fmt.Errorf("%w: JWK crv", ErrKind)
}

func jwkEd25519(jwk map[string]any) (Public, error) {
	if err := jwkUse(jwk, "EdDSA", "Ed25519"); err != nil {
		return Public{}, err
	}
	if _, ok := jwk["y"]; ok {
		return Public{}, fmt.Errorf("%w: JWK of kty OKP with a y", ErrKey)
	}
	x, err := jwkCoordinate(jwk, "x", 32)
	if err != nil {
		return Public{}, err
	}
	return newEd25519(x)
}

func jwkECDSA(jwk map[string]any, c curve) (Public, error) {
	if err := jwkUse(jwk, c.alg); err != nil {
		return Public{}, err
	}
	x, err := jwkCoordinate(jwk, "x", c.size)
	if err != nil {
		return Public{}, err
	}
	y, err := jwkCoordinate(jwk, "y", c.size)
	if err != nil {
		return Public{}, err
	}
	return c.coordinates(x, y)
}

// jwkText returns a required member that must be a string.
func jwkText(jwk map[string]any, name string) (string, error) {
	s, ok := jwk[name].(string)
	if !ok {
		return "", fmt.Errorf("%w: JWK %s is missing or not a string", ErrKey, name)
	}
	return s, nil
}

// jwkCoordinate returns a required member that must be size bytes in base64url
// without padding and with no spare bits set (for 32 bytes 43 characters).
func jwkCoordinate(jwk map[string]any, name string, size int) ([]byte, error) {
	s, err := jwkText(jwk, name)
	if err != nil {
		return nil, err
	}
	if want := base64.RawURLEncoding.EncodedLen(size); len(s) != want {
		return nil, fmt.Errorf("%w: JWK %s of %d characters, want %d", ErrKey, name, len(s), want)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks; then fewer bytes come out.
	if err != nil || len(b) != size {
		return nil, fmt.Errorf("%w: JWK %s is not base64url of %d bytes", ErrKey, name, size)
	}
	return b, nil
}

// jwkUse refuses a JWK that says it is for something else than checking
// signatures of the given algorithms.
func jwkUse(jwk map[string]any, algs ...string) error {
	if v, ok := jwk["alg"]; ok {
		known := false
		for _, alg := range algs {
			known = known || v == alg
		}
		if !known {
			return fmt.Errorf("%w: JWK alg does not fit its crv", ErrKey)
		}
	}
	if v, ok := jwk["use"]; ok && v != "sig" {
		return fmt.Errorf("%w: JWK use is not sig", ErrKey)
	}
	if v, ok := jwk["key_ops"]; ok {
		ops, _ := v.([]any)
		verify := false
		for _, op := range ops {
			verify = verify || op == "verify"
		}
		if !verify {
			return fmt.Errorf("%w: JWK key_ops without verify", ErrKey)
		}
	}
	return nil
}

// JWK returns a new tree with the required members only: kty, crv, x and, for
// ECDSA, y; kty, n and e for RSA. These are the members of the thumbprint; add alg
// or kid as the place demands. It is nil for the zero Public.
func (p Public) JWK() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch p.kind {
	case Ed25519:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(p.enc[:32])}
	case RSA:
		pub, err := p.rsa()
		if err != nil {
			return nil
		}
		return map[string]any{"kty": "RSA", "n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())}
	}
	if c, ok := curveOf(p.kind); ok {
		x, y := p.xy()
		return map[string]any{"kty": "EC", "crv": c.name, "x": b64(x), "y": b64(y)}
	}
	return nil
}

// Thumbprint returns the SHA-256 JWK thumbprint (RFC 7638, section 3) in
// base64url without padding, 43 characters. It is "" for the zero Public.
func (p Public) Thumbprint() string {
	jwk := p.JWK()
	if jwk == nil {
		return ""
	}
	// Section 3.2: the members in order, without white space. No value needs escaping.
	var text strings.Builder
	for i, name := range slices.Sorted(maps.Keys(jwk)) {
		text.WriteString([]string{"{", ","}[min(i, 1)])
		fmt.Fprintf(&text, "%q:%q", name, jwk[name])
	}
	sum := sha256.Sum256([]byte(text.String() + "}"))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
