package key

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// ParseJWK reads a public JWK as the tree that internal/strictjson gives (RFC
// 7517; RFC 8037 for Ed25519; RFC 7518, 6.2.1 for P-256). kty and crv must
// agree, and so must alg, use and key_ops where they are present: "EdDSA" or
// "Ed25519" (RFC 9864) and "ES256", "sig", "verify". Any private member
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
	if kty != "OKP" && kty != "EC" {
		return Public{}, fmt.Errorf("%w: JWK kty is neither OKP nor EC", ErrKind)
	}
	crv, err := jwkText(jwk, "crv")
	if err != nil {
		return Public{}, err
	}
	var pub Public
	switch {
	case kty == "OKP" && crv == "Ed25519":
		if err := jwkUse(jwk, "EdDSA", "Ed25519"); err != nil {
			return Public{}, err
		}
		if _, ok := jwk["y"]; ok {
			return Public{}, fmt.Errorf("%w: JWK of kty OKP with a y", ErrKey)
		}
		x, err := jwkCoordinate(jwk, "x")
		if err != nil {
			return Public{}, err
		}
		pub, err = newEd25519(x)
		if err != nil {
			return Public{}, err
		}
	case kty == "EC" && crv == "P-256":
		if err := jwkUse(jwk, "ES256"); err != nil {
			return Public{}, err
		}
		x, err := jwkCoordinate(jwk, "x")
		if err != nil {
			return Public{}, err
		}
		y, err := jwkCoordinate(jwk, "y")
		if err != nil {
			return Public{}, err
		}
		pub, err = newP256XY(x, y)
		if err != nil {
			return Public{}, err
		}
	case crv == "Ed25519" || crv == "P-256":
		return Public{}, fmt.Errorf("%w: JWK kty and crv disagree", ErrKey)
	default:
		return Public{}, fmt.Errorf("%w: JWK crv is neither Ed25519 nor P-256", ErrKind)
	}
	return pub, nil
}

// jwkText returns a required member that must be a string.
func jwkText(jwk map[string]any, name string) (string, error) {
	s, ok := jwk[name].(string)
	if !ok {
		return "", fmt.Errorf("%w: JWK %s is missing or not a string", ErrKey, name)
	}
	return s, nil
}

// jwkCoordinate returns a required member that must be 32 bytes in base64url
// without padding, which is 43 characters with no spare bits set.
func jwkCoordinate(jwk map[string]any, name string) ([]byte, error) {
	s, err := jwkText(jwk, name)
	if err != nil {
		return nil, err
	}
	if len(s) != 43 {
		return nil, fmt.Errorf("%w: JWK %s of %d characters, want 43", ErrKey, name, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// The decoder skips line breaks; then fewer than 32 bytes come out.
	if err != nil || len(b) != 32 {
		return nil, fmt.Errorf("%w: JWK %s is not base64url of 32 bytes", ErrKey, name)
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
// P-256, y. These are the members of the thumbprint; add alg or kid as the place
// demands. It is nil for the zero Public.
func (p Public) JWK() map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch p.kind {
	case Ed25519:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(p.enc[:32])}
	case P256:
		return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(p.enc[1:]), "y": b64(p.y[:])}
	}
	return nil
}

// Thumbprint returns the SHA-256 JWK thumbprint (RFC 7638, section 3) in
// base64url without padding, 43 characters. It is "" for the zero Public.
func (p Public) Thumbprint() string {
	b64 := base64.RawURLEncoding.EncodeToString
	var text string
	switch p.kind {
	case Ed25519:
		text = `{"crv":"Ed25519","kty":"OKP","x":"` + b64(p.enc[:32]) + `"}`
	case P256:
		text = `{"crv":"P-256","kty":"EC","x":"` + b64(p.enc[1:]) + `","y":"` + b64(p.y[:]) + `"}`
	default:
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return b64(sum[:])
}
