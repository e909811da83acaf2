package key

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
)

// Kind is the algorithm of a key. The zero value is invalid.
type Kind uint8

const (
	// Ed25519 is EdDSA over edwards25519 (RFC 8032), JOSE "EdDSA" and "Ed25519".
	Ed25519 Kind = 1
	// P256 is ECDSA over P-256 with SHA-256 (FIPS 186-5), JOSE "ES256".
	P256 Kind = 2
	// P384 is ECDSA over P-384 with SHA-384, JOSE "ES384".
	P384 Kind = 3
	// P521 is ECDSA over P-521 with SHA-512, JOSE "ES512". It only verifies.
	P521 Kind = 4
	// RSA is RSA of 2048 to 8192 bits with SHA-256, JOSE "RS256" and "PS256". It
	// only verifies, and has no Multikey.
	RSA Kind = 5
)

// String returns the curve's JWK name, "Ed25519" or "P-256", or "RSA".
func (k Kind) String() string {
	switch k {
	case Ed25519:
		return "Ed25519"
	case RSA:
		return "RSA"
	}
	if c, ok := curveOf(k); ok {
		return c.name
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Public is a public key that passed every check of its kind. It is comparable
// and immutable, so it can be a map key; two keys are equal exactly when they
// are the same point of the same kind. The zero value is invalid and verifies
// nothing.
type Public struct {
	kind Kind
	// enc holds the 32 bytes of an Ed25519 key (the last byte zero), or the 33
	// bytes of a compressed P-256 point.
	enc [33]byte
	// y is the second coordinate of a P-256 point: taking the square root once, at
	// the parse, keeps it out of every verification.
	y [32]byte
	// ext holds the kinds that are met less often: the uncompressed point of the
	// larger curves, the PKCS #1 form of an RSA key.
	ext string
}

// Kind returns the algorithm, zero for the zero Public.
func (p Public) Kind() Kind { return p.kind }

// IsZero reports whether p is the zero value, which is no key.
func (p Public) IsZero() bool { return p == Public{} }

// Bytes returns a copy of the key: 32 bytes for Ed25519 (RFC 8032, 5.1.5), the
// compressed point of 33, 49 or 67 bytes for ECDSA (SEC 1), PKCS #1 for RSA, nil
// for the zero Public.
func (p Public) Bytes() []byte {
	switch p.kind {
	case Ed25519:
		return bytes.Clone(p.enc[:32])
	case P256:
		return bytes.Clone(p.enc[:])
	case P384, P521:
		return p.compress()
	case RSA:
		return []byte(p.ext)
	}
	return nil
}

// String returns the Multikey, which is what logs and messages show; for RSA,
// which has none, "RSA " and the thumbprint.
func (p Public) String() string {
	if p.kind == RSA {
		return "RSA " + p.Thumbprint()
	}
	return p.Multikey()
}

// MarshalText gives encoders the String, "" for the zero Public. What comes
// from outside is read by the Parse functions, so there is no way back.
func (p Public) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Verify checks sig over msg. For Ed25519 it is pure EdDSA with s < L (RFC 8032,
// 5.1.7); for ECDSA it hashes msg with the curve's hash and takes r and s as two
// big-endian numbers of the curve's size (IEEE P1363; RFC 7518, 3.4), 0 < r, s <
// n, where a high s is valid; for RSA it is RS256. The error is [ErrSignature],
// or [ErrKey] for the zero Public.
func (p Public) Verify(msg, sig []byte) error {
	switch p.kind {
	case Ed25519:
		if len(sig) != ed25519.SignatureSize {
			return fmt.Errorf("%w: %d bytes, want %d", ErrSignature, len(sig), ed25519.SignatureSize)
		}
		if !ed25519.Verify(p.enc[:32], msg, sig) {
			return ErrSignature
		}
		return nil
	case RSA:
		return p.verifyRSA("RS256", msg, sig)
	}
	if c, ok := curveOf(p.kind); ok {
		return c.verify(p.point(), msg, sig)
	}
	return fmt.Errorf("%w: no key", ErrKey)
}

// Algs lists the JWS algorithms that the key may be used with (RFC 7518, 3.1;
// RFC 9864), the usual one first: one algorithm per key, by its kind.
func (p Public) Algs() []string {
	switch p.kind {
	case Ed25519:
		return []string{"EdDSA", "Ed25519"}
	case RSA:
		return []string{"RS256", "PS256"}
	}
	if c, ok := curveOf(p.kind); ok {
		return []string{c.alg}
	}
	return nil
}

// VerifyJWS checks sig over msg under a JWS algorithm, which has to be one of the
// key's own: the header of a token never chooses. Errors: [ErrAlg] and those of
// Verify.
func (p Public) VerifyJWS(alg string, msg, sig []byte) error {
	if !slices.Contains(p.Algs(), alg) {
		return fmt.Errorf("%w: a key of kind %v", ErrAlg, p.kind)
	}
	if p.kind == RSA {
		return p.verifyRSA(alg, msg, sig)
	}
	return p.Verify(msg, sig)
}

// newEd25519 checks and wraps 32 bytes.
func newEd25519(b []byte) (Public, error) {
	if len(b) != 32 {
		return Public{}, fmt.Errorf("%w: Ed25519 key of %d bytes, want 32", ErrKey, len(b))
	}
	p := Public{kind: Ed25519}
	copy(p.enc[:], b)
	if err := checkEd25519((*[32]byte)(p.enc[:32])); err != nil {
		return Public{}, err
	}
	return p, nil
}

// newP256XY checks and wraps two coordinates of 32 bytes each.
func newP256XY(x, y []byte) (Public, error) {
	c, _ := curveOf(P256)
	return c.coordinates(x, y)
}
