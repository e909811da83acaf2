package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"pgregory.net/rapid"

	. "github.com/bonafide-id/bonafide/record"
)

// raw turns our hashes into those of the oracle.
func raw(hs [][32]byte) [][]byte {
	out := make([][]byte, len(hs))
	for i := range hs {
		out[i] = hs[i][:]
	}
	return out
}

func equal(ours [][32]byte, theirs [][]byte) bool {
	if len(ours) != len(theirs) {
		return false
	}
	for i := range ours {
		if !bytes.Equal(ours[i][:], theirs[i]) {
			return false
		}
	}
	return true
}

func heads(n int) [][32]byte {
	out := make([][32]byte, n)
	for i := range out {
		out[i] = CIDOf(fmt.Appendf(nil, "head %d", i)).Digest()
	}
	return out
}

// TestTreesAgreeWithOracle compares roots and all proofs of all sizes up to 40
// with the implementation of transparency-dev, both ways.
func TestTreesAgreeWithOracle(t *testing.T) {
	const top = 40
	digests := heads(top)
	h, err := NewHistory(digests)
	if err != nil {
		t.Fatal(err)
	}
	theirs := testonly.New(rfc6962.DefaultHasher)
	for i := range digests {
		theirs.AppendData(digests[i][:])
	}
	roots := make([][32]byte, top+1)
	for n := range top + 1 {
		root, err := h.Root(n)
		if err != nil || !bytes.Equal(root[:], theirs.HashAt(uint64(n))) {
			t.Fatalf("root of %d: %x, %v", n, root, err)
		}
		roots[n] = root
		for i := range n {
			ours, err := h.InclusionProof(i, n)
			want, _ := theirs.InclusionProof(uint64(i), uint64(n))
			if err != nil || !equal(ours, want) {
				t.Fatalf("inclusion of %d in %d differs: %v", i, n, err)
			}
			leaf := LeafHash(digests[i][:])
			if err := VerifyInclusion(leaf, i, n, ours, root); err != nil {
				t.Fatalf("inclusion of %d in %d: %v", i, n, err)
			}
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), uint64(n), leaf[:], raw(ours), root[:]); err != nil {
				t.Fatalf("oracle on inclusion of %d in %d: %v", i, n, err)
			}
		}
		for m := range n + 1 {
			ours, err := h.ConsistencyProof(m, n)
			want, _ := theirs.ConsistencyProof(uint64(m), uint64(n))
			if err != nil || !equal(ours, want) {
				t.Fatalf("consistency of %d and %d differs: %v", m, n, err)
			}
			if err := VerifyConsistency(m, n, roots[m], root, ours); err != nil {
				t.Fatalf("consistency of %d and %d: %v", m, n, err)
			}
		}
	}
}

// TestProofsAreRefusedAlike mutates true proofs: verification must agree
// with the oracle, and no mutation may pass unless it proves something true.
func TestProofsAreRefusedAlike(t *testing.T) {
	digests := heads(70)
	h, _ := NewHistory(digests)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "size")
		m := rapid.IntRange(1, n).Draw(t, "old size")
		i := rapid.IntRange(0, n-1).Draw(t, "index")
		root, _ := h.Root(n)
		old, _ := h.Root(m)
		inclusion, _ := h.InclusionProof(i, n)
		consistency, _ := h.ConsistencyProof(m, n)
		leaf := LeafHash(digests[i][:])
		size, oldSize, index := n, m, i
		spoil := func(p [][32]byte) [][32]byte {
			p = append([][32]byte(nil), p...)
			at := rapid.IntRange(0, max(len(p)-1, 0)).Draw(t, "at")
			switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
			case kind == 0 && len(p) > 0:
				p[at][rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1
			case kind == 1 && len(p) > 0:
				p = append(p[:at], p[at+1:]...)
			case kind == 2:
				p = append(p[:at:at], append([][32]byte{leaf}, p[at:]...)...)
			}
			return p
		}
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			index = rapid.IntRange(-1, 80).Draw(t, "other index")
		case 1:
			size = rapid.IntRange(-1, 80).Draw(t, "other size")
		case 2:
			oldSize = rapid.IntRange(-1, 80).Draw(t, "other old size")
		}
		inclusion, consistency = spoil(inclusion), spoil(consistency)

		got := VerifyInclusion(leaf, index, size, inclusion, root)
		var want error = ErrInclusion
		if index >= 0 && size >= 0 {
			want = proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf[:], raw(inclusion), root[:])
		}
		if (got == nil) != (want == nil) || got != nil && !errors.Is(got, ErrInclusion) {
			t.Fatalf("inclusion of %d in %d: %v, oracle %v", index, size, got, want)
		}
		got = VerifyConsistency(oldSize, size, old, root, consistency)
		want = ErrConsistency
		if oldSize > 0 && size > 0 {
			want = proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(oldSize), uint64(size), raw(consistency), old[:], root[:])
		}
		if (got == nil) != (want == nil) || got != nil && !errors.Is(got, ErrConsistency) {
			t.Fatalf("consistency of %d and %d: %v, oracle %v", oldSize, size, got, want)
		}
	})
}

func TestHistoryBounds(t *testing.T) {
	h, _ := NewHistory(heads(3))
	for name, f := range map[string]func() error{
		"root beyond the end":         func() error { _, err := h.Root(4); return err },
		"root below zero":             func() error { _, err := h.Root(-1); return err },
		"inclusion beyond the end":    func() error { _, err := h.InclusionProof(0, 4); return err },
		"inclusion of a later head":   func() error { _, err := h.InclusionProof(2, 2); return err },
		"consistency beyond the end":  func() error { _, err := h.ConsistencyProof(1, 4); return err },
		"consistency backwards":       func() error { _, err := h.ConsistencyProof(3, 1); return err },
		"element beyond the end":      func() error { _, err := h.At(3); return err },
		"nothing to append":           func() error { return h.Append(CID{}) },
		"extension backwards":         func() error { _, err := h.Extend(3, 2); return err },
		"extension beyond the end":    func() error { _, err := h.Extend(1, 5); return err },
		"extension from nowhere":      func() error { _, err := h.Extend(0, 2); return err },
		"bytes that are no multiples": func() error { _, err := ParseHistory(make([]byte, 33)); return err },
	} {
		if err := f(); !errors.Is(err, ErrHistory) {
			t.Errorf("%s: %v, want ErrHistory", name, err)
		}
	}
	if _, err := ParseHistory(make([]byte, 32*(MaxHeads+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many heads: %v, want ErrTooLarge", err)
	}
	if _, err := NewHistory(make([][32]byte, MaxHeads+1)); !errors.Is(err, ErrHistory) {
		t.Errorf("too many heads: %v, want ErrHistory", err)
	}
}

func TestHistoryAppendAndEncode(t *testing.T) {
	digests := heads(33)
	grown := &History{}
	for i, d := range digests {
		if err := grown.Append(CIDFromDigest(d)); err != nil {
			t.Fatal(err)
		}
		at, _ := NewHistory(digests[:i+1])
		a, _ := grown.Root(i + 1)
		b, _ := at.Root(i + 1)
		if a != b {
			t.Fatalf("grown to %d the root is another", i+1)
		}
	}
	back, err := ParseHistory(grown.Encode())
	if err != nil || back.Len() != 33 || !bytes.Equal(back.Encode(), grown.Encode()) {
		t.Fatalf("ParseHistory: %v", err)
	}
}

func FuzzParseHistory(f *testing.F) {
	h, _ := NewHistory(heads(5))
	f.Add(h.Encode())
	f.Add([]byte{})
	f.Add(make([]byte, 31))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := ParseHistory(body)
		if (err == nil) != (len(body)%32 == 0) {
			t.Fatalf("%d bytes: %v", len(body), err)
		}
		if err == nil && !bytes.Equal(h.Encode(), body) {
			t.Fatal("another history comes out")
		}
	})
}

func TestVerifyConsistencyOfEqualSizes(t *testing.T) {
	h, _ := NewHistory(heads(5))
	root, _ := h.Root(5)
	old, _ := h.Root(4)
	tests := []struct {
		name     string
		from, to int
		a, b     [32]byte
		proof    [][32]byte
		want     error
	}{
		{"same tree", 5, 5, root, root, nil, nil},
		{"same size, other root", 5, 5, old, root, nil, ErrConsistency},
		{"same tree with a proof", 5, 5, root, root, [][32]byte{old}, ErrConsistency},
		{"empty before any", 0, 5, EmptyRoot(), root, nil, nil},
		{"empty with another root", 0, 5, old, root, nil, ErrConsistency},
		{"empty with a proof", 0, 5, EmptyRoot(), root, [][32]byte{old}, ErrConsistency},
		{"both empty, other root", 0, 0, EmptyRoot(), root, nil, ErrConsistency},
		{"no proof", 4, 5, old, root, nil, ErrConsistency},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := VerifyConsistency(tt.from, tt.to, tt.a, tt.b, tt.proof); !errors.Is(err, tt.want) {
				t.Errorf("VerifyConsistency: %v, want %v", err, tt.want)
			}
		})
	}
}
