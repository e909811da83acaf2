package key

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// Kind is the algorithm of a key. The zero value is invalid.
type Kind uint8

const (
	// Ed25519 is EdDSA over edwards25519 (RFC 8032), JOSE "EdDSA" and "Ed25519".
	Ed25519 Kind = 1
	// P256 is ECDSA over P-256 with SHA-256 (FIPS 186-5), JOSE "ES256".
	P256 Kind = 2
)

// String returns the curve's JWK name, "Ed25519" or "P-256".
func (k Kind) String() string {
	switch k {
	case Ed25519:
		return "Ed25519"
	case P256:
		return "P-256"
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
}

// Kind returns the algorithm, zero for the zero Public.
func (p Public) Kind() Kind { return p.kind }

// IsZero reports whether p is the zero value, which is no key.
func (p Public) IsZero() bool { return p == Public{} }

// Bytes returns a copy of the key: 32 bytes for Ed25519 (RFC 8032, 5.1.5), 33
// bytes for P-256 (SEC 1 compressed point), nil for the zero Public.
func (p Public) Bytes() []byte {
	switch p.kind {
	case Ed25519:
		return bytes.Clone(p.enc[:32])
	case P256:
		return bytes.Clone(p.enc[:])
	}
	return nil
}

// String returns the Multikey, which is what logs and messages show.
func (p Public) String() string { return p.Multikey() }

// MarshalText gives encoders the Multikey, "" for the zero Public. What comes
// from outside is read by the Parse functions, so there is no way back.
func (p Public) MarshalText() ([]byte, error) { return []byte(p.Multikey()), nil }

// Verify checks sig over msg. For Ed25519 it is pure EdDSA with s < L (RFC 8032,
// 5.1.7); for P-256 it is ES256 over SHA-256(msg) with r and s as two big-endian
// numbers of 32 bytes (IEEE P1363; RFC 7518, 3.4), 0 < r, s < n. A high s is
// valid. The error is [ErrSignature], or [ErrKey] for the zero Public.
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
	case P256:
		if len(sig) != 64 {
			return fmt.Errorf("%w: %d bytes, want 64", ErrSignature, len(sig))
		}
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), p.point())
		if err != nil {
			return fmt.Errorf("%w: not a point of P-256", ErrKey)
		}
		digest := sha256.Sum256(msg)
		// ecdsa.Verify refuses r or s outside 1..n-1.
		if !ecdsa.Verify(pub, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			return ErrSignature
		}
		return nil
	}
	return fmt.Errorf("%w: no key", ErrKey)
}

// point returns the uncompressed point of a P-256 key (SEC 1, 2.3.3).
func (p Public) point() []byte {
	b := make([]byte, 0, 65)
	return append(append(append(b, 4), p.enc[1:]...), p.y[:]...)
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

// newP256 checks and wraps a compressed point (SEC 1, 2.3.4) of 33 bytes.
func newP256(b []byte) (Public, error) {
	if len(b) != 33 {
		return Public{}, fmt.Errorf("%w: P-256 key of %d bytes, want 33", ErrKey, len(b))
	}
	// UnmarshalCompressed refuses another first byte than 2 or 3, a coordinate not
	// below the field's prime, and an x without a point.
	_, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
	if y == nil {
		return Public{}, fmt.Errorf("%w: not a point of P-256", ErrKey)
	}
	p := Public{kind: P256}
	copy(p.enc[:], b)
	y.FillBytes(p.y[:])
	return p, nil
}

// newP256XY checks and wraps two coordinates of 32 bytes each.
func newP256XY(x, y []byte) (Public, error) {
	if len(x) != 32 || len(y) != 32 {
		return Public{}, fmt.Errorf("%w: P-256 coordinates of %d and %d bytes, want 32", ErrKey, len(x), len(y))
	}
	p := Public{kind: P256}
	p.enc[0] = 2 | y[31]&1
	copy(p.enc[1:], x)
	copy(p.y[:], y)
	// ParseUncompressedPublicKey refuses coordinates not below the field's prime
	// and points off the curve.
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), p.point()); err != nil {
		return Public{}, fmt.Errorf("%w: not a point of P-256", ErrKey)
	}
	return p, nil
}
