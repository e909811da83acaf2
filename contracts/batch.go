package contracts

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bonafide-id/bonafide/record"
)

// MaxBatch is the largest number of members of one batch: a path has at most
// 20 digests.
const MaxBatch = 1 << 20

// Member is one head of a batch of grade existed-by.
type Member struct {
	Subject Subject
	Order   Order
	Head    [32]byte // SHA-256 of the head's canonical bytes
}

// memberContext keeps the digest of a member apart from every other digest.
const memberContext = "bonafide anchor batch member 1\x00"

// digest is SHA-256 over the context, subject, version (4 bytes), sequence (8
// bytes) and head, numbers in network order.
func (m Member) digest() [32]byte {
	b := make([]byte, 0, len(memberContext)+32+12+32)
	b = append(b, memberContext...)
	b = append(b, m.Subject[:]...)
	b = binary.BigEndian.AppendUint32(b, m.Order.Version)
	b = binary.BigEndian.AppendUint64(b, m.Order.Sequence)
	b = append(b, m.Head[:]...)
	return sha256.Sum256(b)
}

func (m Member) compare(o Member) int {
	if c := slices.Compare(m.Subject[:], o.Subject[:]); c != 0 {
		return c
	}
	if c := m.Order.Compare(o.Order); c != 0 {
		return c
	}
	return slices.Compare(m.Head[:], o.Head[:])
}

// Batch is the Merkle tree (RFC 6962 section 2.1, SHA-256) over many heads,
// sorted by subject, then order, then head, so that the same heads have one
// root whoever collects them.
type Batch struct {
	members []Member
	tree    *record.History
}

// NewBatch takes 1 to MaxBatch different members in any order. The error is
// ErrMember.
func NewBatch(members []Member) (*Batch, error) {
	if len(members) == 0 || len(members) > MaxBatch {
		return nil, fmt.Errorf("%w: %d members, want 1 to %d", ErrMember, len(members), MaxBatch)
	}
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, Member.compare)
	digests := make([][32]byte, len(sorted))
	for i, m := range sorted {
		if i > 0 && m == sorted[i-1] {
			return nil, fmt.Errorf("%w: %s %s twice", ErrMember, m.Subject.SCID(), m.Order)
		}
		digests[i] = m.digest()
	}
	tree, err := record.NewHistory(digests)
	if err != nil {
		return nil, fmt.Errorf("contracts: batch: %w", err)
	}
	return &Batch{members: sorted, tree: tree}, nil
}

// Len is the number of members.
func (b *Batch) Len() int { return len(b.members) }

// Root is what anchorBatch takes.
func (b *Batch) Root() ([32]byte, error) { return b.tree.Root(len(b.members)) }

// MemberProof leads from one member to the root of its batch.
type MemberProof struct {
	Index, Size int
	Path        [][32]byte // at most 20
}

// Prove returns the proof of a member. The error is ErrMember if it is none.
func (b *Batch) Prove(m Member) (MemberProof, error) {
	i, found := slices.BinarySearchFunc(b.members, m, Member.compare)
	if !found {
		return MemberProof{}, fmt.Errorf("%w: %s %s", ErrMember, m.Subject.SCID(), m.Order)
	}
	path, err := b.tree.InclusionProof(i, len(b.members))
	if err != nil {
		return MemberProof{}, fmt.Errorf("contracts: batch: %w", err)
	}
	return MemberProof{Index: i, Size: len(b.members), Path: path}, nil
}

// Verify checks that the proof leads from the member to the root. The error is
// ErrMember. It proves that whoever wrote the root knew the head at that time,
// not that the head is the issuer's newest.
func (p MemberProof) Verify(m Member, root [32]byte) error {
	if p.Size < 1 || p.Size > MaxBatch {
		return fmt.Errorf("%w: size %d", ErrMember, p.Size)
	}
	digest := m.digest()
	if err := record.VerifyInclusion(record.LeafHash(digest[:]), p.Index, p.Size, p.Path, root); err != nil {
		return fmt.Errorf("%w: %w", ErrMember, err)
	}
	return nil
}
