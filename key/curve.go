package key

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
)

// curve is what differs between the ECDSA kinds.
type curve struct {
	kind   Kind
	curve  elliptic.Curve
	size   int    // bytes of a coordinate and of r and s
	header string // Multikey header
	name   string // JWK crv
	alg    string // JWS alg
	hash   crypto.Hash
}

// curveOf returns the ECDSA parameters of a kind; ok is false for the others.
func curveOf(k Kind) (curve, bool) {
	switch k {
	case P256:
		return curve{P256, elliptic.P256(), 32, headerP256, "P-256", "ES256", crypto.SHA256}, true
	case P384:
		return curve{P384, elliptic.P384(), 48, headerP384, "P-384", "ES384", crypto.SHA384}, true
	case P521:
		return curve{P521, elliptic.P521(), 66, headerP521, "P-521", "ES512", crypto.SHA512}, true
	}
	return curve{}, false
}

// digest hashes a message with the curve's hash function.
func (c curve) digest(msg []byte) []byte {
	switch c.hash {
	case crypto.SHA384:
		d := sha512.Sum384(msg)
		return d[:]
	case crypto.SHA512:
		d := sha512.Sum512(msg)
		return d[:]
	}
	d := sha256.Sum256(msg)
	return d[:]
}

// verify checks a signature in P1363 form under an uncompressed point.
func (c curve) verify(point, msg, sig []byte) error {
	if len(sig) != 2*c.size {
		return fmt.Errorf("%w: %d bytes, want %d", ErrSignature, len(sig), 2*c.size)
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(c.curve, point)
	if err != nil {
		return fmt.Errorf("%w: not a point of %s", ErrKey, c.name)
	}
	// ecdsa.Verify refuses r or s outside 1..n-1.
	if !ecdsa.Verify(pub, c.digest(msg), new(big.Int).SetBytes(sig[:c.size]), new(big.Int).SetBytes(sig[c.size:])) {
		return ErrSignature
	}
	return nil
}

// compressed checks and wraps a compressed point (SEC 1, 2.3.4).
func (c curve) compressed(b []byte) (Public, error) {
	if len(b) != 1+c.size {
		return Public{}, fmt.Errorf("%w: %s key of %d bytes, want %d", ErrKey, c.name, len(b), 1+c.size)
	}
	// UnmarshalCompressed refuses another first byte than 2 or 3, a coordinate not
	// below the field's prime, and an x without a point.
	x, y := elliptic.UnmarshalCompressed(c.curve, b)
	if y == nil {
		return Public{}, fmt.Errorf("%w: not a point of %s", ErrKey, c.name)
	}
	xy := make([]byte, 2*c.size)
	return c.wrap(x.FillBytes(xy[:c.size]), y.FillBytes(xy[c.size:])), nil
}

// coordinates checks and wraps two coordinates of full size.
func (c curve) coordinates(x, y []byte) (Public, error) {
	if len(x) != c.size || len(y) != c.size {
		return Public{}, fmt.Errorf("%w: %s coordinates of %d and %d bytes, want %d", ErrKey, c.name, len(x), len(y), c.size)
	}
	p := c.wrap(x, y)
	// ParseUncompressedPublicKey refuses coordinates not below the field's prime
	// and points off the curve.
	if _, err := ecdsa.ParseUncompressedPublicKey(c.curve, p.point()); err != nil {
		return Public{}, fmt.Errorf("%w: not a point of %s", ErrKey, c.name)
	}
	return p, nil
}

// wrap makes a Public of coordinates that were checked.
func (c curve) wrap(x, y []byte) Public {
	p := Public{kind: c.kind}
	if c.kind == P256 {
		p.enc[0] = 2 | y[31]&1
		copy(p.enc[1:], x)
		copy(p.y[:], y)
		return p
	}
	p.ext = "\x04" + string(x) + string(y)
	return p
}

// xy returns the coordinates of an ECDSA key.
func (p Public) xy() (x, y []byte) {
	b := p.point()[1:]
	return b[:len(b)/2], b[len(b)/2:]
}

// point returns the uncompressed point of an ECDSA key (SEC 1, 2.3.3).
func (p Public) point() []byte {
	if p.kind != P256 {
		return []byte(p.ext)
	}
	b := make([]byte, 0, 65)
	return append(append(append(b, 4), p.enc[1:]...), p.y[:]...)
}

// compress returns the compressed point of an ECDSA key (SEC 1, 2.3.3).
func (p Public) compress() []byte {
	x, y := p.xy()
	return append([]byte{2 | y[len(y)-1]&1}, x...)
}
