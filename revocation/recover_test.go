package revocation

import (
	"errors"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// After a restore no index of a list that was open is given again, every one of
// them can be revoked, and the next list has a number that nothing else has.
func TestCloseOpen(t *testing.T) {
	b, st := openBook(t, 50)
	first, err := b.Allocate(t.Context(), "uni", nil)
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[int64]bool{1: true}
	for range 3 {
		err := st.Update(t.Context(), "uni", func(tx store.Tx) error {
			closed, err := b.CloseOpen(tx, "uni", 0)
			if err == nil && closed != 2 {
				t.Errorf("%d lists closed, want 2", closed)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		next, err := b.Allocate(t.Context(), "uni", nil)
		if err != nil {
			t.Fatal(err)
		}
		number := next.Lists[Revocation]
		if numbers[number] || number%2 == 0 || number < 2*gapLeast {
			t.Errorf("list %d after %v", number, numbers)
		}
		numbers[number] = true
	}
	for _, index := range []int64{first.Index, (first.Index + 1) % MinEntries, MinEntries - 1} {
		if _, err := b.Set(t.Context(), Op{Issuer: "uni", List: 1, Index: index, Purpose: Revocation, Set: true}); err != nil {
			t.Errorf("revoking %d of a closed list: %v", index, err)
		}
	}
}

// What a published list says is merged by what each side did since they parted.
func TestTakeOver(t *testing.T) {
	const index = 4711
	bits := func(set bool) Bitstring {
		s := NewBitstring(MinEntries)
		if set {
			if err := s.Set(index); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	base := func(set bool) *Bitstring { s := bits(set); return &s }
	for _, c := range []struct {
		name    string
		purpose Purpose
		ours    bool
		theirs  bool
		base    *Bitstring // nil: the book is older
		want    bool
		changes int
	}{
		{"restored: a revocation came after", Revocation, false, true, nil, true, 1},
		{"restored: both have it", Revocation, true, true, nil, true, 0},
		{"a revocation is never taken back", Revocation, true, false, nil, true, 0},
		{"restored: suspended after", Suspension, false, true, nil, true, 1},
		{"restored: lifted after", Suspension, true, false, nil, false, 1},
		{"clone: the other revoked", Revocation, false, true, base(false), true, 1},
		{"clone: this one revoked", Revocation, true, false, base(false), true, 0},
		{"clone: this one suspended", Suspension, true, false, base(false), true, 0},
		{"clone: the other lifted", Suspension, true, false, base(true), false, 1},
		{"clone: this one lifted", Suspension, false, true, base(true), false, 0},
		{"clone: the other suspended", Suspension, false, true, base(false), true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, st := openBook(t, 50)
			number := int64(1)
			if c.purpose == Suspension {
				number = 2
			}
			err := st.Update(t.Context(), "uni", func(tx store.Tx) error {
				if _, err := b.open(tx, "uni"); err != nil {
					return err
				}
				_, err := b.CloseOpen(tx, "uni", 0)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.ours {
				if _, err := b.Set(t.Context(), Op{Issuer: "uni", List: 1, Index: index, Purpose: c.purpose, Set: true}); err != nil {
					t.Fatal(err)
				}
			}
			var before, after []store.Audit
			err = st.Update(t.Context(), "uni", func(tx store.Tx) error {
				var err error
				if before, err = tx.ListAudit("uni", 0, 0); err != nil {
					return err
				}
				changes, err := b.TakeOver(tx, "uni", Published{Number: number, Purpose: c.purpose, Bits: bits(c.theirs), Base: c.base, By: "recovered", Why: "head 7"})
				if changes != c.changes {
					t.Errorf("%d changes, want %d", changes, c.changes)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			s, err := b.State(t.Context(), "uni", 1, index)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Revoked || s.Suspended; got != c.want {
				t.Errorf("set %v, want %v", got, c.want)
			}
			err = st.View(t.Context(), func(tx store.Tx) error {
				after, err = tx.ListAudit("uni", 0, 0)
				return err
			})
			if err != nil || len(after)-len(before) != c.changes {
				t.Errorf("%d lines of audit for %d changes, %v", len(after)-len(before), c.changes, err)
			}
		})
	}
}

// A list that the book does not know comes in closed, with its bits.
func TestTakeOverOfAnUnknownList(t *testing.T) {
	b, st := openBook(t, 50)
	theirs := NewBitstring(MinEntries)
	if err := theirs.Set(9); err != nil {
		t.Fatal(err)
	}
	take := func(p Published) error {
		return st.Update(t.Context(), "uni", func(tx store.Tx) error { _, err := b.TakeOver(tx, "uni", p); return err })
	}
	if err := take(Published{Number: 77, Purpose: Revocation, Bits: theirs, By: "recovered"}); err != nil {
		t.Fatal(err)
	}
	if err := take(Published{Number: 78, Purpose: Suspension, Bits: NewBitstring(MinEntries), By: "recovered"}); err != nil {
		t.Fatal(err)
	}
	lists, err := b.Lists(t.Context(), "uni")
	if err != nil || len(lists) != 2 || lists[0].State != store.ListClosed || lists[0].Allocated != MinEntries || !lists[0].Dirty {
		t.Fatalf("%+v %v", lists, err)
	}
	if s, err := b.State(t.Context(), "uni", 77, 9); err != nil || !s.Revoked {
		t.Errorf("%+v %v", s, err)
	}
	if err := take(Published{Number: 77, Purpose: Suspension, Bits: theirs}); !errors.Is(err, ErrPurpose) {
		t.Errorf("a list of another purpose: %v", err)
	}
	if err := take(Published{Number: 77, Purpose: Revocation, Bits: NewBitstring(2 * MinEntries)}); !errors.Is(err, ErrRange) {
		t.Errorf("a list of another length: %v", err)
	}
	next, err := b.Allocate(t.Context(), "uni", nil)
	if err != nil || next.Lists[Revocation] <= 78 {
		t.Errorf("the next index is of %+v, %v", next, err)
	}
}
