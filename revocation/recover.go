package revocation

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/bonafide-id/bonafide/store"
)

// floorKey names the number above which the next pair of lists is opened.
func floorKey(issuer string) string { return "lists:floor:" + issuer }

// The gap above the last number that is known, in pairs, is drawn at random:
// lists that were opened meanwhile and never seen elsewhere have the numbers
// right above, and the same backup may be restored twice.
const (
	gapLeast = 1 << 10
	gapMost  = 1 << 26 // a path holds numbers of ten digits: about 150 restores
)

// CloseOpen ends all allocation from lists whose bitmap may lack indices that
// were given out elsewhere, as after a restore: every open list is closed, all
// its indices count as given out, so that any of them can be revoked and none
// is given again, and the next pair gets a number far above all of these and
// above. It returns how many lists it closed.
func (b *Book) CloseOpen(tx store.Tx, issuer string, above int64) (closed int, err error) {
	lists, err := tx.ListLists(issuer)
	if err != nil {
		return 0, err
	}
	for _, l := range lists {
		above = max(above, l.Number)
		if l.State != store.ListOpen {
			continue
		}
		if err := b.putWhole(tx, l); err != nil {
			return 0, err
		}
		closed++
	}
	gap, err := rand.Int(b.rand, big.NewInt(gapMost-gapLeast))
	if err != nil {
		return 0, fmt.Errorf("revocation: random numbers: %w", err)
	}
	floor, err := b.floor(tx, issuer)
	if err != nil {
		return 0, err
	}
	floor = max(floor, above) + 2*(gapLeast+gap.Int64())
	return closed, tx.PutMeta(floorKey(issuer), strconv.AppendInt(nil, floor, 10))
}

// putWhole stores a list as closed and given out to its last index.
func (b *Book) putWhole(tx store.Tx, l store.List) error {
	l.State, l.Bitmap = store.ListClosed, make([]byte, (l.Size+7)/8)
	for i := range l.Size {
		l.Bitmap[i/8] |= 0x80 >> (i % 8)
	}
	return tx.PutList(l)
}

// floor is the number above which lists are opened; 0 for none.
func (b *Book) floor(tx store.Tx, issuer string) (int64, error) {
	v, err := tx.GetMeta(floorKey(issuer))
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("revocation: %s: %w", floorKey(issuer), store.ErrCorrupt)
	}
	return n, nil
}

// above is the number after which new lists come: last, or what a restore set.
func (b *Book) above(tx store.Tx, issuer string, last int64) (int64, error) {
	floor, err := b.floor(tx, issuer)
	return max(last, floor), err
}

// Published is a list as somebody else who holds the issuer's keys published
// it, with the words to record in the book.
type Published struct {
	Number  int64
	Purpose Purpose
	Bits    Bitstring
	// Base are the bits that this book published last. Nil says that the book is
	// older than all of Bits: then a suspension that is not in Bits was lifted.
	Base *Bitstring
	// URL and Format are set for a list that was begun elsewhere: its name in
	// credentials, and how it goes on.
	URL, Format string
	By          string
	Why         string
}

// TakeOver records in the book what a published list says beyond it, each with
// its line of the audit trail, and marks the list for publication: revocations
// are only ever added; a suspension follows the side that changed it since Base.
// A list that the book does not know is added, closed and given out whole. It
// returns how many changes it recorded. Errors: ErrPurpose, ErrRange when the
// list is longer than the book's, and those of the store.
func (b *Book) TakeOver(tx store.Tx, issuer string, p Published) (changes int, err error) {
	if number, err := listFor(p.Number, p.Purpose); err != nil || number != p.Number {
		return 0, fmt.Errorf("%w: list %d is for %s", ErrPurpose, p.Number, p.Purpose)
	}
	now := b.clock().UnixMilli()
	l, err := tx.GetList(issuer, p.Number)
	switch {
	case errors.Is(err, store.ErrNotFound):
		l = store.List{Issuer: issuer, Number: p.Number, Purposes: []string{string(p.Purpose)}, Size: p.Bits.Len(), Created: now, URL: p.URL, Format: p.Format}
		if err := b.putWhole(tx, l); err != nil {
			return 0, err
		}
		l.State = store.ListClosed
	case err != nil:
		return 0, err
	case p.Bits.Len() != (l.Size+7)/8*8:
		return 0, fmt.Errorf("%w: list %d has %d bits where the book has %d", ErrRange, p.Number, p.Bits.Len(), l.Size)
	}
	l.Dirty, l.Bitmap = true, nil
	if err := tx.PutList(l); err != nil {
		return 0, err
	}
	ours, err := Render(tx, l)
	if err != nil {
		return 0, err
	}
	for i := range l.Size {
		theirs, mine := bit(p.Bits, i), bit(ours, i)
		if theirs == mine || p.Purpose == Revocation && mine || p.Base != nil && theirs == bit(*p.Base, i) {
			continue
		}
		op := Op{Issuer: issuer, Purpose: p.Purpose, Set: theirs}
		status := 0
		if theirs {
			status = 1
		}
		if _, err := tx.PutChange(store.Change{Issuer: issuer, List: p.Number, Index: i, Purpose: string(p.Purpose),
			Status: status, At: now, By: p.By, Why: p.Why}); err != nil {
			return 0, err
		}
		if _, err := tx.AppendAudit(store.Audit{Issuer: issuer, At: now, Actor: p.By, Action: action(op),
			Target: strconv.FormatInt(p.Number, 10) + "#" + strconv.FormatInt(i, 10), Detail: p.Why}); err != nil {
			return 0, err
		}
		changes++
	}
	return changes, nil
}

// bit is false beyond the end.
func bit(s Bitstring, i int64) bool {
	set, err := s.Get(i)
	return err == nil && set
}
