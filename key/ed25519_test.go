package key

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"
)

// point is an affine point of edwards25519. The arithmetic here is the curve's
// definition (RFC 8032, 5.1 and 5.1.4), slow and independent of the package: d is
// computed as -121665/121666, not read from it.
type point struct{ x, y *big.Int }

type edwards struct{ p, d *big.Int }

func newEdwards() edwards {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mul(d, big.NewInt(-121665)).Mod(d, p)
	return edwards{p, d}
}

func (c edwards) mul(a, b *big.Int) *big.Int {
	r := new(big.Int).Mul(a, b)
	return r.Mod(r, c.p)
}

func (c edwards) div(a, b *big.Int) *big.Int {
	return c.mul(a, new(big.Int).ModInverse(b, c.p))
}

// add is the complete addition law for a = -1.
func (c edwards) add(a, b point) point {
	one := big.NewInt(1)
	k := c.mul(c.d, c.mul(c.mul(a.x, b.x), c.mul(a.y, b.y)))
	x := new(big.Int).Add(c.mul(a.x, b.y), c.mul(a.y, b.x))
	y := new(big.Int).Add(c.mul(a.y, b.y), c.mul(a.x, b.x))
	return point{
		c.div(x, new(big.Int).Add(one, k)),
		c.div(y, new(big.Int).Mod(new(big.Int).Sub(one, k), c.p)),
	}
}

func (c edwards) times(n *big.Int, a point) point {
	r := point{big.NewInt(0), big.NewInt(1)}
	for i := n.BitLen() - 1; i >= 0; i-- {
		r = c.add(r, r)
		if n.Bit(i) == 1 {
			r = c.add(r, a)
		}
	}
	return r
}

// lift returns a point with this y, if there is one.
func (c edwards) lift(y *big.Int) (point, bool) {
	yy := c.mul(y, y)
	u := new(big.Int).Mod(new(big.Int).Sub(yy, big.NewInt(1)), c.p)
	v := new(big.Int).Add(c.mul(c.d, yy), big.NewInt(1))
	x := new(big.Int).ModSqrt(c.div(u, v), c.p)
	return point{x, y}, x != nil
}

// encode writes y, possibly not canonical, and a sign bit.
func encode(y *big.Int, sign uint) [32]byte {
	var be, le [32]byte
	new(big.Int).SetBit(y, 255, sign).FillBytes(be[:])
	for i := range be {
		le[i] = be[31-i]
	}
	return le
}

// smallOrderEncodings derives all 14 encodings, canonical or not, of the eight
// points of small order.
func smallOrderEncodings(t testing.TB) map[[32]byte]bool {
	c := newEdwards()
	order := new(big.Int).Lsh(big.NewInt(1), 252)
	more, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	order.Add(order, more)
	neutral := func(a point) bool { return a.x.Sign() == 0 && a.y.Cmp(big.NewInt(1)) == 0 }
	var torsion point
	for y := int64(2); ; y++ {
		a, ok := c.lift(big.NewInt(y))
		if !ok {
			continue
		}
		torsion = c.times(order, a)
		if !neutral(c.times(big.NewInt(4), torsion)) {
			break // its order is exactly 8
		}
	}
	if !neutral(c.times(big.NewInt(8), torsion)) {
		t.Fatal("the test's own arithmetic is wrong")
	}
	points := map[string]bool{}
	found := map[[32]byte]bool{}
	for i := range int64(8) {
		a := c.times(big.NewInt(i), torsion)
		points[a.x.String()+","+a.y.String()] = true
		found[encode(a.y, a.x.Bit(0))] = true
		if a.x.Sign() == 0 { // "-0"
			found[encode(a.y, 1)] = true
		}
		if a.y.Cmp(big.NewInt(19)) < 0 { // y + p still fits 255 bits
			found[encode(new(big.Int).Add(a.y, c.p), 0)] = true
			found[encode(new(big.Int).Add(a.y, c.p), 1)] = true
		}
	}
	if len(points) != 8 || len(found) != 14 {
		t.Fatalf("derived %d points in %d encodings, want 8 in 14", len(points), len(found))
	}
	return found
}

func TestSmallOrderRefused(t *testing.T) {
	for enc := range smallOrderEncodings(t) {
		name := hex.EncodeToString(enc[:])
		t.Run(name, func(t *testing.T) {
			multikey := "z" + Base58Encode(append([]byte(headerEd25519), enc[:]...))
			if _, err := ParseMultikey(multikey); !errors.Is(err, ErrWeak) {
				t.Errorf("ParseMultikey: %v, want ErrWeak", err)
			}
			if _, err := ParseDIDKey("did:key:" + multikey); !errors.Is(err, ErrWeak) {
				t.Errorf("ParseDIDKey: %v, want ErrWeak", err)
			}
			jwk := Public{kind: Ed25519, enc: [33]byte(append(enc[:], 0))}.JWK()
			if _, err := ParseJWK(jwk); !errors.Is(err, ErrWeak) {
				t.Errorf("ParseJWK: %v, want ErrWeak", err)
			}
		})
	}
}

// TestSmallOrderForgery shows why: the standard library takes one fixed
// signature for any message under the neutral element.
func TestSmallOrderForgery(t *testing.T) {
	neutral := encode(big.NewInt(1), 0)
	sig := append(neutral[:], make([]byte, 32)...)
	if !ed25519.Verify(neutral[:], []byte("anything"), sig) {
		t.Error("crypto/ed25519 now refuses small-order keys: the comment on this package's rule is out of date")
	}
}

func TestNonCanonicalRefused(t *testing.T) {
	c := newEdwards()
	for i := range int64(19) {
		for sign := range uint(2) {
			enc := encode(new(big.Int).Add(c.p, big.NewInt(i)), sign)
			if _, err := newEd25519(enc[:]); !errors.Is(err, ErrWeak) {
				t.Errorf("y = p+%d, sign %d: %v, want ErrWeak", i, sign, err)
			}
		}
	}
	// p-2 is canonical, whatever else it is.
	enc := encode(new(big.Int).Sub(c.p, big.NewInt(2)), 0)
	if _, err := newEd25519(enc[:]); errors.Is(err, ErrWeak) {
		t.Errorf("y = p-2: %v", err)
	}
}

// TestOnCurve compares the on-curve check with taking the root in full.
func TestOnCurve(t *testing.T) {
	c := newEdwards()
	rng := rand.New(rand.NewPCG(3, 4))
	on, off := 0, 0
	for range 400 {
		var be [32]byte
		for i := range be {
			be[i] = byte(rng.Uint32())
		}
		y := new(big.Int).Mod(new(big.Int).SetBytes(be[:]), c.p)
		_, want := c.lift(y)
		enc := encode(y, 0)
		_, err := newEd25519(enc[:])
		if want {
			on++
			if err != nil {
				t.Errorf("y %x is on the curve: %v", enc, err)
			}
		} else {
			off++
			if !errors.Is(err, ErrKey) || errors.Is(err, ErrWeak) {
				t.Errorf("y %x is off the curve: %v, want ErrKey", enc, err)
			}
		}
	}
	if on < 100 || off < 100 {
		t.Errorf("%d on and %d off the curve: the sample proves little", on, off)
	}
}

// toElement and number convert between the package's arithmetic and math/big.
func toElement(n *big.Int) (e element) {
	var be [32]byte
	n.FillBytes(be[:])
	for i := range e {
		for _, b := range be[32-8*(i+1) : 32-8*i] {
			e[i] = e[i]<<8 | uint64(b)
		}
	}
	return e
}

func (e element) number() *big.Int {
	n := new(big.Int)
	for i := len(e) - 1; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(e[i]))
	}
	return n
}

// checkElements compares every operation with math/big.
func checkElements(t *testing.T, a, b *big.Int) {
	t.Helper()
	p := newEdwards().p
	x, y := toElement(a), toElement(b)
	if x.number().Cmp(a) != 0 {
		t.Fatalf("%v becomes %v", a, x.number())
	}
	same := func(op string, got element, want *big.Int) {
		t.Helper()
		if new(big.Int).Mod(got.number(), p).Cmp(want.Mod(want, p)) != 0 {
			t.Errorf("%v %s %v = %v, want %v", a, op, b, got.number(), want)
		}
	}
	same("+", x.add(y), new(big.Int).Add(a, b))
	same("*", x.mul(y), new(big.Int).Mul(a, b))
	if got, want := x.jacobi(), big.Jacobi(a, p); got != want {
		t.Errorf("jacobi(%v) = %d, want %d", a, got, want)
	}
}

func TestElements(t *testing.T) {
	p := newEdwards().p
	if edwardsD().number().Cmp(newEdwards().d) != 0 {
		t.Error("d is not -121665/121666")
	}
	// All pairs of numbers near the places where carries and reductions happen.
	var edges []*big.Int
	for _, base := range []*big.Int{
		big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), 64), new(big.Int).Lsh(big.NewInt(1), 128),
		new(big.Int).Lsh(big.NewInt(1), 192), p, new(big.Int).Lsh(p, 1), new(big.Int).Lsh(big.NewInt(1), 256),
	} {
		for _, off := range []int64{-39, -38, -20, -19, -2, -1, 0, 1, 2, 3, 18, 19, 37, 38} {
			n := new(big.Int).Add(base, big.NewInt(off))
			if n.Sign() >= 0 && n.BitLen() <= 256 {
				edges = append(edges, n)
			}
		}
	}
	for _, a := range edges {
		for _, b := range edges {
			checkElements(t, a, b)
		}
	}
}

func FuzzElements(f *testing.F) {
	f.Add([]byte{1}, []byte{2})
	f.Add(newEdwards().p.Bytes(), newEdwards().d.Bytes())
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) <= 32 && len(b) <= 32 {
			checkElements(t, new(big.Int).SetBytes(a), new(big.Int).SetBytes(b))
		}
	})
}
