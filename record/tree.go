package record

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
)

// LeafHash is the hash of a leaf's data, RFC 6962 section 2.1.
func LeafHash(data []byte) [32]byte {
	var buf [256]byte
	return sha256.Sum256(append(append(buf[:0], 0), data...))
}

func nodeHash(left, right [32]byte) [32]byte {
	var buf [65]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[33:], right[:])
	return sha256.Sum256(buf[:])
}

// EmptyRoot is the root of the tree without leaves: SHA-256 of nothing.
func EmptyRoot() [32]byte { return sha256.Sum256(nil) }

// fold computes the root over leaf hashes and overwrites them.
func fold(level [][32]byte) [32]byte {
	if len(level) == 0 {
		return EmptyRoot()
	}
	for len(level) > 1 {
		n := len(level) / 2
		for i := range n {
			level[i] = nodeHash(level[2*i], level[2*i+1])
		}
		if len(level)%2 == 1 { // a last node without a sibling moves up as it is
			level[n] = level[len(level)-1]
			n++
		}
		level = level[:n]
	}
	return level[0]
}

// tree keeps the hash of every complete subtree, so that roots and proofs of
// any prefix cost O(log n) hashes. levels[k][i] covers the leaves from i*2^k.
type tree struct {
	levels [][][32]byte
}

func newTree(leaves [][32]byte) *tree {
	t := &tree{}
	for len(leaves) > 0 {
		t.levels = append(t.levels, leaves)
		up := make([][32]byte, len(leaves)/2)
		for i := range up {
			up[i] = nodeHash(leaves[2*i], leaves[2*i+1])
		}
		leaves = up
	}
	return t
}

func (t *tree) size() int {
	if len(t.levels) == 0 {
		return 0
	}
	return len(t.levels[0])
}

func (t *tree) append(leaf [32]byte) {
	for k := 0; ; k++ {
		if k == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		t.levels[k] = append(t.levels[k], leaf)
		n := len(t.levels[k])
		if n%2 == 1 {
			return
		}
		leaf = nodeHash(t.levels[k][n-2], t.levels[k][n-1])
	}
}

// set replaces the hash of leaf i and of the subtrees above it.
func (t *tree) set(i int, leaf [32]byte) {
	t.levels[0][i] = leaf
	for k := 1; k < len(t.levels); k++ {
		i /= 2
		if i >= len(t.levels[k]) {
			return
		}
		t.levels[k][i] = nodeHash(t.levels[k-1][2*i], t.levels[k-1][2*i+1])
	}
}

// truncate keeps the first n leaves.
func (t *tree) truncate(n int) {
	for k := range t.levels {
		t.levels[k] = t.levels[k][:min(len(t.levels[k]), n>>k)]
	}
	for len(t.levels) > 0 && len(t.levels[len(t.levels)-1]) == 0 {
		t.levels = t.levels[:len(t.levels)-1]
	}
}

// root is MTH(D[lo:hi]) of RFC 6962 section 2.1, where lo is aligned as it is
// in every call of the RFC's recursions.
func (t *tree) root(lo, hi int) [32]byte {
	n := hi - lo
	if n == 0 {
		return EmptyRoot()
	}
	if n&(n-1) == 0 {
		k := bits.TrailingZeros(uint(n))
		return t.levels[k][lo>>k]
	}
	s := split(n)
	return nodeHash(t.root(lo, lo+s), t.root(lo+s, hi))
}

// split is the greatest power of two smaller than n, for n > 1.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// path is PATH(i, D[lo:hi]) of RFC 6962 section 2.1.1.
func (t *tree) path(i, lo, hi int, out [][32]byte) [][32]byte {
	n := hi - lo
	if n == 1 {
		return out
	}
	s := split(n)
	if i < lo+s {
		return append(t.path(i, lo, lo+s, out), t.root(lo+s, hi))
	}
	return append(t.path(i, lo+s, hi, out), t.root(lo, lo+s))
}

// consistency is SUBPROOF(m, D[lo:hi], whole) of RFC 6962 section 2.1.2.
func (t *tree) consistency(m, lo, hi int, whole bool, out [][32]byte) [][32]byte {
	n := hi - lo
	if m == n {
		if whole {
			return out
		}
		return append(out, t.root(lo, hi))
	}
	s := split(n)
	if m <= s {
		return append(t.consistency(m, lo, lo+s, whole, out), t.root(lo+s, hi))
	}
	return append(t.consistency(m-s, lo+s, hi, false, out), t.root(lo, lo+s))
}

// prefix is PROOF(from, D[0:to]) of RFC 6962 section 2.1.2, empty where
// nothing needs a proof.
func (t *tree) prefix(from, to int) [][32]byte {
	if from == 0 || from == to {
		return [][32]byte{}
	}
	return t.consistency(from, 0, to, true, [][32]byte{})
}

// VerifyInclusion checks that the tree of the given size and root has the
// leaf hash at index (RFC 9162 section 2.1.3.2, same trees as RFC 6962). The
// error is ErrInclusion.
func VerifyInclusion(leaf [32]byte, index, size int, proof [][32]byte, root [32]byte) error {
	if index < 0 || index >= size {
		return fmt.Errorf("%w: index %d of %d", ErrInclusion, index, size)
	}
	hash, fn, sn := leaf, index, size-1
	for _, p := range proof {
		if sn == 0 {
			return fmt.Errorf("%w: too long", ErrInclusion)
		}
		if fn&1 == 1 || fn == sn {
			hash = nodeHash(p, hash)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			hash = nodeHash(hash, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return fmt.Errorf("%w: too short", ErrInclusion)
	}
	if hash != root {
		return fmt.Errorf("%w: other root", ErrInclusion)
	}
	return nil
}

// VerifyConsistency checks that the tree of newSize and newRoot begins with
// the tree of oldSize and oldRoot (RFC 9162 section 2.1.4.2). The empty tree
// is the beginning of every tree; its proof is empty. The error is
// ErrConsistency.
func VerifyConsistency(oldSize, newSize int, oldRoot, newRoot [32]byte, proof [][32]byte) error {
	switch {
	case oldSize < 0 || oldSize > newSize:
		return fmt.Errorf("%w: sizes %d and %d", ErrConsistency, oldSize, newSize)
	case oldSize == 0 || oldSize == newSize:
		if len(proof) != 0 {
			return fmt.Errorf("%w: too long", ErrConsistency)
		}
		if oldSize == 0 && oldRoot != EmptyRoot() || oldSize == newSize && oldRoot != newRoot {
			return fmt.Errorf("%w: other root", ErrConsistency)
		}
		return nil
	case len(proof) == 0:
		return fmt.Errorf("%w: too short", ErrConsistency)
	}
	if oldSize&(oldSize-1) == 0 { // a complete subtree is its own first node
		proof = append([][32]byte{oldRoot}, proof...)
	}
	fn, sn := oldSize-1, newSize-1
	for fn&1 == 1 {
		fn, sn = fn>>1, sn>>1
	}
	was, is := proof[0], proof[0]
	for _, p := range proof[1:] {
		if sn == 0 {
			return fmt.Errorf("%w: too long", ErrConsistency)
		}
		if fn&1 == 1 || fn == sn {
			was, is = nodeHash(p, was), nodeHash(p, is)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			is = nodeHash(is, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	if sn != 0 {
		return fmt.Errorf("%w: too short", ErrConsistency)
	}
	if was != oldRoot || is != newRoot {
		return fmt.Errorf("%w: other root", ErrConsistency)
	}
	return nil
}
