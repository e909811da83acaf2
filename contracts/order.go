package contracts

import (
	"cmp"
	"fmt"
	"math"
	"math/big"

	"github.com/bonafide-id/bonafide/key"
)

// Order places a head of one issuer among all its heads: first by the version
// number of the log entry that began the head's epoch, then by the head's
// sequence, because the log outranks heads. The zero Order is that of a record
// which was never written.
type Order struct {
	Version  uint32 // of the log entry, from 1
	Sequence uint64 // of the head, from 1
}

// OrderOf makes the order number of a head. The error is ErrOrder for a
// version or sequence that is 0, and for a version of 2^32 or more.
func OrderOf(version, sequence uint64) (Order, error) {
	if version == 0 || version > math.MaxUint32 || sequence == 0 {
		return Order{}, fmt.Errorf("%w: version %d, sequence %d", ErrOrder, version, sequence)
	}
	return Order{Version: uint32(version), Sequence: sequence}, nil
}

// OrderFromInt reads the number that the contract holds. Any account may have
// written anything: the error is ErrOrder for what OrderOf does not make, 0
// excepted.
func OrderFromInt(n *big.Int) (Order, error) {
	switch {
	case n == nil || n.Sign() < 0 || n.BitLen() > 96:
		return Order{}, fmt.Errorf("%w: %v", ErrOrder, n)
	case n.Sign() == 0:
		return Order{}, nil
	}
	high := new(big.Int).Rsh(n, 64).Uint64()
	low := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	return OrderOf(high, low)
}

// Int is the number as the contract takes it: version times 2^64 plus sequence.
func (o Order) Int() *big.Int {
	n := new(big.Int).SetUint64(uint64(o.Version))
	return n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(o.Sequence))
}

// Compare is -1 where o stands before other, 1 where it stands after, else 0.
func (o Order) Compare(other Order) int {
	return cmp.Or(cmp.Compare(o.Version, other.Version), cmp.Compare(o.Sequence, other.Sequence))
}

// IsZero tells whether nothing was ever anchored.
func (o Order) IsZero() bool { return o == Order{} }

// String writes "3/17": log version 3, head 17.
func (o Order) String() string { return fmt.Sprintf("%d/%d", o.Version, o.Sequence) }

// Subject is the SHA-256 digest inside an issuer's SCID.
type Subject [32]byte

// scidLen is the number of characters of any SHA-256 multihash in base58btc.
const scidLen = 46

// ParseSubject takes the digest out of an SCID, which is the base58btc text of
// a SHA-256 multihash (did:webvh 1.0, section SCID Generation and Verification).
// The error is ErrSubject.
func ParseSubject(scid string) (Subject, error) {
	if len(scid) != scidLen {
		return Subject{}, fmt.Errorf("%w: %d characters, not %d", ErrSubject, len(scid), scidLen)
	}
	b, err := key.Base58Decode(scid)
	if err != nil || len(b) != 34 || b[0] != 0x12 || b[1] != 0x20 {
		return Subject{}, fmt.Errorf("%w: %q is no SHA-256 multihash in base58btc", ErrSubject, scid)
	}
	return Subject(b[2:]), nil
}

// SCID writes the subject as did:webvh identifiers spell it.
func (s Subject) SCID() string { return key.Base58Encode(append([]byte{0x12, 0x20}, s[:]...)) }
