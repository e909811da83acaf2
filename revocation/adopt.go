package revocation

import (
	"context"
	"fmt"
	"strconv"

	"github.com/bonafide-id/bonafide/store"
)

// Adoption is a list that was begun elsewhere and goes on in the book.
type Adoption struct {
	Issuer  string
	URL     string // as printed in the credentials; it stays
	Format  string // in which the list goes on
	Purpose Purpose
	Bits    Bitstring
	// Suspended are the bits of the second list of the pair that a FormatToken goes on
	// as, of the same length; its Purpose is Revocation.
	Suspended Bitstring
	// Given are the indices that were given to credentials; those whose bit is
	// set count in any case. Nil: not known, and then every index counts as
	// given, so that none is given twice.
	Given   *Bitstring
	By, Why string
}

// Adopt takes a list into the book, in one transaction: its bits as changes, its
// allocation, and one line of the audit trail. extra runs in the same
// transaction, with the number of the list; it may be nil. The list keeps a pair
// of numbers to itself (a FormatToken fills both), and no index is given out from it: new credentials name
// both of a pair, in every format. Errors: ErrAdopted, ErrLength, ErrPurpose, ErrFormat,
// ErrRange, ErrReason.
func (b *Book) Adopt(ctx context.Context, a Adoption, extra func(tx store.Tx, number int64) error) (number int64, err error) {
	if err := a.check(); err != nil {
		return 0, fmt.Errorf("revocation: import %.200s: %w", a.URL, err)
	}
	err = b.store.Update(ctx, a.Issuer, func(tx store.Tx) error {
		lists, err := tx.ListLists(a.Issuer)
		if err != nil {
			return err
		}
		last := int64(0)
		for _, l := range lists {
			last = max(last, l.Number)
			if l.URL == a.URL {
				return fmt.Errorf("%w as list %d", ErrAdopted, l.Number)
			}
		}
		if last, err = b.above(tx, a.Issuer, last); err != nil {
			return err
		}
		if number, err = listFor(last+1+(last+1+1)%2, a.Purpose); err != nil {
			return err
		}
		now := b.clock().UnixMilli()
		l := store.List{Issuer: a.Issuer, Number: number, Purposes: []string{string(a.Purpose)}, Size: a.Bits.Len(),
			State: store.ListClosed, Created: now, Bitmap: a.given().Bytes(), Dirty: true, URL: a.URL, Format: a.Format}
		if err := tx.PutList(l); err != nil {
			return err
		}
		rows := a.changes(number, a.Purpose, a.Bits, now)
		if a.Format == FormatToken {
			l.Number, l.Purposes, l.URL, l.Format = number+1, []string{string(Suspension)}, "", ""
			if err := tx.PutList(l); err != nil {
				return err
			}
			rows = append(rows, a.changes(l.Number, Suspension, a.Suspended, now)...)
		}
		if _, err := tx.PutChanges(rows); err != nil {
			return err
		}
		if err := b.note(tx, a.Issuer, a.By, "lists.import", number, a.URL+" with "+strconv.Itoa(len(rows))+" set"); err != nil {
			return err
		}
		if extra != nil {
			return extra(tx, number)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("revocation: import %.200s: %w", a.URL, err)
	}
	return number, nil
}

// changes are the rows that set what bits say.
func (a Adoption) changes(list int64, purpose Purpose, bits Bitstring, now int64) (rows []store.Change) {
	for i := range bits.Len() {
		if bit(bits, i) {
			rows = append(rows, store.Change{Issuer: a.Issuer, List: list, Index: i, Purpose: string(purpose), Status: 1, At: now, By: a.By, Why: a.Why})
		}
	}
	return rows
}

// Allocated is how many indices will count as given out. The errors are those of
// Adopt that do not depend on the book.
func (a Adoption) Allocated() (int64, error) {
	if err := a.check(); err != nil {
		return 0, fmt.Errorf("revocation: import %.200s: %w", a.URL, err)
	}
	return int64(a.given().Count()), nil
}

func (a Adoption) check() error {
	n := a.Bits.Len()
	switch {
	case a.Purpose != Revocation && a.Purpose != Suspension:
		return fmt.Errorf("%w: %q", ErrPurpose, a.Purpose)
	case a.Format != FormatBitstring && a.Format != Format2021 && a.Format != FormatToken:
		return fmt.Errorf("%w: %q", ErrFormat, a.Format)
	case a.Format == FormatToken && a.Purpose != Revocation, a.Format != FormatToken && a.Suspended.Len() > 0:
		return fmt.Errorf("%w: %s as %s", ErrPurpose, a.Purpose, a.Format)
	case a.Format == FormatToken && a.Suspended.Len() != n:
		return fmt.Errorf("%w: %d entries of suspensions, %d of revocations", ErrLength, a.Suspended.Len(), n)
	case n < MinEntries, n > store.MaxListBits:
		return fmt.Errorf("%w: %d entries", ErrLength, n)
	case a.Given != nil && a.Given.Len() != n:
		return fmt.Errorf("%w: indices for %d entries, of a list of %d", ErrRange, a.Given.Len(), n)
	case !text(a.By) || !text(a.Why) || len(a.URL) > 2048:
		return ErrReason
	}
	return nil
}

// given are the indices that count as given out.
func (a Adoption) given() Bitstring {
	out := NewBitstring(a.Bits.Len())
	for i := range out.b {
		out.b[i] = 0xff
		if a.Given != nil {
			out.b[i] = a.Given.b[i] | a.Bits.b[i]
			if a.Format == FormatToken {
				out.b[i] |= a.Suspended.b[i]
			}
		}
	}
	return out
}

// Pad returns the same bits with zeros after them, up to n entries.
func (s Bitstring) Pad(n int64) Bitstring {
	out := NewBitstring(max(n, s.Len()))
	copy(out.b, s.b)
	return out
}
