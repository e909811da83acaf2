package key

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
)

// Sizes of an RSA modulus in bits. Below, the key can be broken; above, checking
// a signature costs more than it is worth.
const (
	minRSA = 2048
	maxRSA = 8192
)

// newRSA checks and wraps an RSA key: a modulus of 2048 to 8192 bits and an odd
// public exponent of 3 to 2^31-1.
func newRSA(n *big.Int, e int) (Public, error) {
	if n.Sign() <= 0 || n.BitLen() < minRSA || n.BitLen() > maxRSA || n.Bit(0) == 0 {
		return Public{}, fmt.Errorf("%w: RSA modulus of %d bits, want %d to %d", ErrKey, n.BitLen(), minRSA, maxRSA)
	}
	if e < 3 || e > 1<<31-1 || e%2 == 0 {
		return Public{}, fmt.Errorf("%w: RSA exponent out of range", ErrKey)
	}
	return Public{kind: RSA, ext: string(x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: n, E: e}))}, nil
}

func (p Public) rsa() (*rsa.PublicKey, error) {
	pub, err := x509.ParsePKCS1PublicKey([]byte(p.ext))
	if err != nil {
		return nil, fmt.Errorf("%w: RSA", ErrKey)
	}
	return pub, nil
}

func (p Public) verifyRSA(alg string, msg, sig []byte) error {
	pub, err := p.rsa()
	if err != nil {
		return err
	}
	digest := sha256.Sum256(msg)
	if alg == "PS256" {
		// RFC 7518, 3.5: the salt is as long as the hash.
		err = rsa.VerifyPSS(pub, crypto.SHA256, digest[:], sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		err = rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig)
	}
	if err != nil {
		return ErrSignature
	}
	return nil
}

// jwkRSA reads a JWK of kty RSA (RFC 7518, 6.3.1).
func jwkRSA(jwk map[string]any) (Public, error) {
	if err := jwkUse(jwk, "RS256", "PS256"); err != nil {
		return Public{}, err
	}
	n, err := jwkInteger(jwk, "n", maxRSA/8)
	if err != nil {
		return Public{}, err
	}
	e, err := jwkInteger(jwk, "e", 4)
	if err != nil {
		return Public{}, err
	}
	return newRSA(n, int(e.Int64()))
}

// jwkInteger returns a Base64urlUInt without leading zeros (RFC 7518, 2).
func jwkInteger(jwk map[string]any, name string, most int) (*big.Int, error) {
	s, err := jwkText(jwk, name)
	if err != nil {
		return nil, err
	}
	if len(s) > base64.RawURLEncoding.EncodedLen(most) {
		return nil, fmt.Errorf("%w: JWK %s of %d characters", ErrKey, name, len(s))
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) == 0 || b[0] == 0 || base64.RawURLEncoding.EncodeToString(b) != s {
		return nil, fmt.Errorf("%w: JWK %s is not a base64url integer", ErrKey, name)
	}
	return new(big.Int).SetBytes(b), nil
}

// FromPKIX wraps a key that crypto/x509 took out of a certificate: Ed25519,
// ECDSA over P-256, P-384 or P-521, or RSA. Every check of its kind is made.
// Errors: [ErrKey], [ErrKind] and [ErrWeak].
func FromPKIX(pub crypto.PublicKey) (Public, error) {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		return newEd25519(k)
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return Public{}, fmt.Errorf("%w: RSA", ErrKey)
		}
		return newRSA(k.N, k.E)
	case *ecdsa.PublicKey:
		for _, kind := range []Kind{P256, P384, P521} {
			c, _ := curveOf(kind)
			if k == nil || k.Curve != c.curve {
				continue
			}
			point, err := k.Bytes()
			if err != nil {
				return Public{}, fmt.Errorf("%w: not a point of %s", ErrKey, c.name)
			}
			return c.coordinates(point[1:1+c.size], point[1+c.size:])
		}
		return Public{}, fmt.Errorf("%w: an ECDSA curve that is not used here", ErrKind)
	}
	return Public{}, fmt.Errorf("%w: %T", ErrKind, pub)
}
