package key

import (
	"encoding/binary"
	"fmt"
	"math/big"
)

// smallOrderY returns the y coordinates, little-endian with a clear sign bit, of
// the eight points of edwards25519 whose order divides 8. With either sign bit
// each of these is refused, which covers the encodings of x = 0 with the sign
// bit set as well. The table is re-derived in the tests from the curve equation.
func smallOrderY() [5][32]byte {
	return [5][32]byte{
		{1}, // the neutral element
		{ // order 2: y = -1
			0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
		},
		{}, // order 4: y = 0
		{ // order 8
			0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
			0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
		},
		{ // order 8
			0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
			0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
		},
	}
}

// checkEd25519 refuses keys that are not canonical (y >= p; RFC 8032, 5.1.3), of
// small order, or off the curve. crypto/ed25519 checks only the last, and only
// when it verifies.
func checkEd25519(b *[32]byte) error {
	y := *b
	y[31] &= 0x7f
	// p = 2^255 - 19, so y >= p exactly when all bits above the lowest byte are set
	// and the lowest byte is at least 0xed.
	if binary.LittleEndian.Uint64(y[24:]) == 0x7fffffffffffffff &&
		binary.LittleEndian.Uint64(y[16:]) == 0xffffffffffffffff &&
		binary.LittleEndian.Uint64(y[8:]) == 0xffffffffffffffff &&
		binary.LittleEndian.Uint64(y[:]) >= 0xffffffffffffffed {
		return fmt.Errorf("%w: not canonical", ErrWeak)
	}
	for _, weak := range smallOrderY() {
		if y == weak {
			return fmt.Errorf("%w: small order", ErrWeak)
		}
	}
	if !onEdwards25519(&y) {
		return fmt.Errorf("%w: not a point of edwards25519", ErrKey)
	}
	return nil
}

// onEdwards25519 reports whether a point with this y exists: x^2 = u/v with
// u = y^2-1 and v = d*y^2+1 (RFC 8032, 5.1.3) has a solution exactly when u*v is
// a square, as v is never zero. The key is public, so time may depend on it.
func onEdwards25519(y *[32]byte) bool {
	var be [32]byte
	for i, b := range y {
		be[31-i] = b
	}
	p, d := fieldPrime(), edwardsD()
	yy := new(big.Int).SetBytes(be[:])
	yy.Mul(yy, yy).Mod(yy, p)
	v := d.Mul(d, yy)
	v.Add(v, big.NewInt(1))
	u := yy.Sub(yy, big.NewInt(1))
	u.Mul(u, v).Mod(u, p)
	return big.Jacobi(u, p) >= 0
}

// fieldPrime returns 2^255 - 19.
func fieldPrime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// edwardsD returns -121665/121666 modulo the field's prime (RFC 8032, 5.1).
func edwardsD() *big.Int {
	return new(big.Int).SetBytes([]byte{
		0x52, 0x03, 0x6c, 0xee, 0x2b, 0x6f, 0xfe, 0x73, 0x8c, 0xc7, 0x40, 0x79, 0x77, 0x79, 0xe8, 0x98,
		0x00, 0x70, 0x0a, 0x4d, 0x41, 0x41, 0xd8, 0xab, 0x75, 0xeb, 0x4d, 0xca, 0x13, 0x59, 0x78, 0xa3,
	})
}
