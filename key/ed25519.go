package key

import (
	"encoding/binary"
	"fmt"
	"math/bits"
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
// a square, as v is never zero. Asking that with a Jacobi symbol costs a small
// part of a verification, taking the root would cost a third of one.
func onEdwards25519(y *[32]byte) bool {
	var e element
	for i := range e {
		e[i] = binary.LittleEndian.Uint64(y[8*i:])
	}
	yy := e.mul(e)
	u := yy.add(element{0xffffffffffffffec, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}) // -1
	v := yy.mul(edwardsD()).add(element{1})
	return u.mul(v).jacobi() >= 0
}

// edwardsD returns -121665/121666 modulo p (RFC 8032, 5.1).
func edwardsD() element {
	return element{0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73}
}

// element is a number below 2^256 that stands for its remainder modulo
// p = 2^255-19, least significant word first. Its functions take a time that
// depends on the value: it is for public keys only.
type element [4]uint64

// add returns a number congruent to e+f.
func (e element) add(f element) element {
	var c uint64
	for i := range e {
		e[i], c = bits.Add64(e[i], f[i], c)
	}
	return e.fold(c)
}

// fold adds high*2^256, which is high*38 modulo p. high is below 2^58.
func (e element) fold(high uint64) element {
	for high > 0 {
		c := high * 38
		for i := range e {
			e[i], c = bits.Add64(e[i], c, 0)
		}
		high = c
	}
	return e
}

// mul returns a number congruent to e*f.
func (e element) mul(f element) element {
	var wide [8]uint64
	for i := range e {
		wide[i+4] = mulAdd(wide[i:i+4], f, e[i])
	}
	low := element(wide[:4])
	return low.fold(mulAdd(low[:], element(wide[4:]), 38))
}

// mulAdd adds f*k to sum and returns the word that is carried out.
func mulAdd(sum []uint64, f element, k uint64) (carry uint64) {
	for i := range f {
		hi, lo := bits.Mul64(f[i], k)
		lo, c := bits.Add64(lo, carry, 0)
		hi += c
		sum[i], c = bits.Add64(sum[i], lo, 0)
		carry = hi + c
	}
	return carry
}

// jacobi returns the Jacobi symbol (e/p): 1 for a square, -1 for none, 0 for a
// multiple of p. It is the binary algorithm: factors of two leave by the rule for
// (2/n), odd numbers swap by quadratic reciprocity.
func (e element) jacobi() int {
	// Words in variables of their own, because the compiler keeps no array in
	// registers.
	e0, e1, e2, e3 := e[0], e[1], e[2], e[3]
	p := element{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff}
	n0, n1, n2, n3 := p[0], p[1], p[2], p[3]
	var flips uint64 // the lowest bit counts the changes of sign
	for e0|e1|e2|e3 != 0 {
		for e0 == 0 { // 64 twos: an even number of changes
			e0, e1, e2, e3 = e1, e2, e3, 0
		}
		twos := bits.TrailingZeros64(e0) & 63
		up := (63 - twos) & 63 // and one more, as a shift by 64 is none by 0
		e0 = e0>>twos | e1<<1<<up
		e1 = e1>>twos | e2<<1<<up
		e2 = e2>>twos | e3<<1<<up
		e3 >>= twos
		flips ^= uint64(twos) & (n0>>1 ^ n0>>2) // n = 3 or 5 modulo 8
		d0, swap := bits.Sub64(e0, n0, 0)
		d1, swap := bits.Sub64(e1, n1, swap)
		d2, swap := bits.Sub64(e2, n2, swap)
		d3, swap := bits.Sub64(e3, n3, swap)
		flips ^= swap & (e0 & n0 >> 1) // both 3 modulo 4
		// n becomes the smaller number and e the distance. Which is smaller cannot be
		// foretold, so masks are faster here than a branch.
		mask := -swap
		n0 ^= mask & (n0 ^ e0)
		n1 ^= mask & (n1 ^ e1)
		n2 ^= mask & (n2 ^ e2)
		n3 ^= mask & (n3 ^ e3)
		var c uint64
		e0, c = bits.Add64(d0^mask, swap, 0)
		e1, c = bits.Add64(d1^mask, 0, c)
		e2, c = bits.Add64(d2^mask, 0, c)
		e3, _ = bits.Add64(d3^mask, 0, c)
	}
	if n0 != 1 || n1|n2|n3 != 0 {
		return 0
	}
	return 1 - 2*int(flips&1)
}
