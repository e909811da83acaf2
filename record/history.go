package record

import (
	"fmt"
	"slices"
)

// MaxHeads is the greatest number of heads in one epoch. At a head every
// fifteen minutes it lasts 29 years; the issuer begins a new epoch before.
const MaxHeads = 1 << 20

// History is the digests of all heads of one epoch in order: element i is the
// digest inside the CID of the head with sequence i+1. The zero value is the
// empty history. Appending, roots and proofs cost O(log n) hashes. It is not
// safe for concurrent use.
type History struct {
	digests [][32]byte
	tree    tree
}

// NewHistory starts a history with the given digests; it fails with
// ErrHistory above MaxHeads.
func NewHistory(digests [][32]byte) (*History, error) {
	if len(digests) > MaxHeads {
		return nil, fmt.Errorf("%w: %d heads, at most %d", ErrHistory, len(digests), MaxHeads)
	}
	hashes := make([][32]byte, len(digests))
	for i := range digests {
		hashes[i] = LeafHash(digests[i][:])
	}
	return &History{digests: slices.Clone(digests), tree: *newTree(hashes)}, nil
}

// ParseHistory reads what Encode wrote. Errors are ErrTooLarge and ErrHistory.
func ParseHistory(body []byte) (*History, error) {
	if len(body) > KindHistory.MaxBytes() {
		return nil, fmt.Errorf("%w: history of %d bytes, at most %d", ErrTooLarge, len(body), KindHistory.MaxBytes())
	}
	if len(body)%32 != 0 {
		return nil, fmt.Errorf("%w: %d bytes are no multiple of 32", ErrHistory, len(body))
	}
	digests := make([][32]byte, len(body)/32)
	for i := range digests {
		copy(digests[i][:], body[32*i:])
	}
	return NewHistory(digests)
}

// Encode writes the digests one after the other, 32 bytes each.
func (h *History) Encode() []byte {
	out := make([]byte, 0, 32*len(h.digests))
	for i := range h.digests {
		out = append(out, h.digests[i][:]...)
	}
	return out
}

// Len returns the number of heads.
func (h *History) Len() int { return len(h.digests) }

// Digests returns a copy of the digests.
func (h *History) Digests() [][32]byte { return slices.Clone(h.digests) }

// At returns digest i, counted from 0. The error is ErrHistory.
func (h *History) At(i int) ([32]byte, error) {
	if i < 0 || i >= len(h.digests) {
		return [32]byte{}, fmt.Errorf("%w: head %d of %d", ErrHistory, i+1, len(h.digests))
	}
	return h.digests[i], nil
}

// Append adds the next head. It fails with ErrHistory for the zero CID and
// when the epoch is full.
func (h *History) Append(head CID) error {
	if head.IsZero() {
		return fmt.Errorf("%w: no head to append", ErrHistory)
	}
	if len(h.digests) == MaxHeads {
		return fmt.Errorf("%w: an epoch has at most %d heads", ErrHistory, MaxHeads)
	}
	h.digests = append(h.digests, head.digest)
	h.tree.append(LeafHash(head.digest[:]))
	return nil
}

// Root returns the RFC 6962 root over the first size digests: the member
// "history" of the head with sequence size+1. The error is ErrHistory.
func (h *History) Root(size int) ([32]byte, error) {
	if size < 0 || size > len(h.digests) {
		return [32]byte{}, fmt.Errorf("%w: root of %d of %d heads", ErrHistory, size, len(h.digests))
	}
	return h.tree.root(0, size), nil
}

// ConsistencyProof proves that the history of size to begins with that of
// size from (RFC 6962 section 2.1.2); check it with VerifyConsistency. It is
// empty for from == 0. The error is ErrHistory.
func (h *History) ConsistencyProof(from, to int) ([][32]byte, error) {
	if from < 0 || from > to || to > len(h.digests) {
		return nil, fmt.Errorf("%w: proof from %d to %d of %d heads", ErrHistory, from, to, len(h.digests))
	}
	return h.tree.prefix(from, to), nil
}

// InclusionProof proves that digest i stands in the history of the given size
// (RFC 6962 section 2.1.1); check it with VerifyInclusion and the LeafHash of
// the digest. The error is ErrHistory.
func (h *History) InclusionProof(i, size int) ([][32]byte, error) {
	if i < 0 || i >= size || size > len(h.digests) {
		return nil, fmt.Errorf("%w: proof of head %d in %d of %d", ErrHistory, i+1, size, len(h.digests))
	}
	return h.tree.path(i, 0, size, [][32]byte{}), nil
}

// related checks that b can extend a at all.
func related(a, b Head) error {
	if a.Subject() != b.Subject() || a.Epoch != b.Epoch {
		return fmt.Errorf("%w: %s of %s and %s of %s", ErrEpoch, a.Epoch, a.Subject(), b.Epoch, b.Subject())
	}
	if b.Sequence <= a.Sequence {
		return fmt.Errorf("%w: sequence %d after %d", ErrNotLater, b.Sequence, a.Sequence)
	}
	return nil
}

// CheckExtends checks that head b extends head a, which is held already, with
// the digests of all heads before b. It returns nil, or the first of
//
//   - ErrEpoch: different subject or epoch,
//   - ErrNotLater: b's sequence is not higher than a's,
//   - ErrHistoryLength: not exactly b.Sequence-1 digests,
//   - ErrHistoryRoot: the digests do not have the root that b signs,
//   - ErrNotInHistory: a is not element a.Sequence-1,
//   - ErrInconsistent: the digests before a do not have the root that a signs,
//   - ErrPrevious: the last digest is not the head that b names as previous.
//
// The root that b signs is checked before what it is compared with, so that
// ErrNotInHistory and ErrInconsistent are words of b's signer, not of whoever
// sent the digests.
func CheckExtends(a Head, digests [][32]byte, b Head) error {
	if err := related(a, b); err != nil {
		return err
	}
	if uint64(len(digests)) != b.Sequence-1 {
		return fmt.Errorf("%w: %d digests before sequence %d", ErrHistoryLength, len(digests), b.Sequence)
	}
	h, err := NewHistory(digests)
	if err != nil {
		return err
	}
	at := int(a.Sequence - 1)
	switch {
	case h.tree.root(0, len(digests)) != b.History:
		return fmt.Errorf("%w: sequence %d", ErrHistoryRoot, b.Sequence)
	case digests[at] != a.CID().digest:
		return fmt.Errorf("%w: sequence %d in the history of %d", ErrNotInHistory, a.Sequence, b.Sequence)
	case h.tree.root(0, at) != a.History:
		return fmt.Errorf("%w: sequences %d and %d", ErrInconsistent, a.Sequence, b.Sequence)
	case digests[len(digests)-1] != b.Previous.digest:
		return fmt.Errorf("%w: sequence %d", ErrPrevious, b.Sequence)
	}
	return nil
}

// CheckFirst checks that head b is backed by its own history, for a node that
// holds no head of the epoch yet: as CheckExtends without a.
func CheckFirst(digests [][32]byte, b Head) error {
	if uint64(len(digests)) != b.Sequence-1 {
		return fmt.Errorf("%w: %d digests before sequence %d", ErrHistoryLength, len(digests), b.Sequence)
	}
	h, err := NewHistory(digests)
	if err != nil {
		return err
	}
	if h.tree.root(0, len(digests)) != b.History {
		return fmt.Errorf("%w: sequence %d", ErrHistoryRoot, b.Sequence)
	}
	if len(digests) > 0 && digests[len(digests)-1] != b.Previous.digest {
		return fmt.Errorf("%w: sequence %d", ErrPrevious, b.Sequence)
	}
	return nil
}

// Extension is the short proof that a later head extends an earlier one: what
// CheckExtends shows with all digests, in O(log n) hashes.
type Extension struct {
	Consistency [][32]byte // from the history that a signs to that which b signs
	Earlier     [][32]byte // a's digest at index a.Sequence-1 of b's history
	Last        [][32]byte // b.Previous at index b.Sequence-2 of b's history
}

// Extend makes the proof that the head with sequence b extends the one with
// sequence a; h must hold at least b-1 digests. The error is ErrHistory.
func (h *History) Extend(a, b uint64) (Extension, error) {
	if a < 1 || a >= b || b-1 > uint64(len(h.digests)) {
		return Extension{}, fmt.Errorf("%w: extension from %d to %d with %d heads", ErrHistory, a, b, len(h.digests))
	}
	size := int(b - 1)
	return Extension{
		Consistency: h.tree.prefix(int(a-1), size),
		Earlier:     h.tree.path(int(a-1), 0, size, nil),
		Last:        h.tree.path(size-1, 0, size, nil),
	}, nil
}

// Check is CheckExtends with the short proof. Beside ErrEpoch and ErrNotLater
// it fails with ErrConsistency or ErrInclusion; these say only that the proof
// is bad, never that there is a fork.
func (e Extension) Check(a, b Head) error {
	if err := related(a, b); err != nil {
		return err
	}
	if b.Sequence > MaxHeads {
		return fmt.Errorf("%w: sequence %d", ErrHistory, b.Sequence)
	}
	size := int(b.Sequence - 1)
	if err := VerifyConsistency(int(a.Sequence-1), size, a.History, b.History, e.Consistency); err != nil {
		return err
	}
	own := a.CID().digest
	if err := VerifyInclusion(LeafHash(own[:]), int(a.Sequence-1), size, e.Earlier, b.History); err != nil {
		return err
	}
	return VerifyInclusion(LeafHash(b.Previous.digest[:]), size-1, size, e.Last, b.History)
}
