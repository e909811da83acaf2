package revocation

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

const testIssuer = "QmIssuerIssuerIssuerIssuerIssuerIssuerIssuerIs"

func openBook(t testing.TB, fill int) (*Book, store.Store) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "book.db"), sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	err = s.Update(t.Context(), testIssuer, func(tx store.Tx) error {
		return tx.PutIssuer(store.Issuer{Subject: testIssuer, DID: "did:webvh:" + testIssuer + ":uni.example",
			State: store.IssuerLive, Config: []byte("{}"), Created: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return NewBook(BookConfig{Store: s, Fill: fill, Clock: func() time.Time { return now }}), s
}

func TestBookStatus(t *testing.T) {
	b, s := openBook(t, 50)
	ctx := t.Context()
	slot, err := b.Allocate(ctx, testIssuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := slot.Lists[Revocation]
	op := func(p Purpose, set bool) Op {
		return Op{Issuer: testIssuer, List: list, Index: slot.Index, Purpose: p, Set: set, By: "registrar", Why: "test"}
	}
	do := func(o Op) (bool, error) { return b.Set(ctx, o) }
	if changed, err := do(op(Suspension, true)); err != nil || !changed {
		t.Fatalf("suspend: %v %v", changed, err)
	}
	if changed, err := do(op(Suspension, true)); err != nil || changed {
		t.Errorf("suspending twice is no change: %v %v", changed, err)
	}
	if changed, err := do(op(Suspension, false)); err != nil || !changed {
		t.Errorf("reinstate: %v %v", changed, err)
	}
	if changed, err := do(op(Revocation, true)); err != nil || !changed {
		t.Fatalf("revoke: %v %v", changed, err)
	}
	state, err := b.State(ctx, testIssuer, list+1, slot.Index) // by the number of the pair's other list
	if err != nil || !state.Revoked || state.Suspended {
		t.Errorf("state %+v, %v", state, err)
	}
	refusals := []struct {
		name string
		op   func() Op
		want error
	}{
		{"revocation taken back", func() Op { return op(Revocation, false) }, ErrFinal},
		{"purpose of nobody", func() Op { return op("refresh", true) }, ErrPurpose},
		{"list of nobody", func() Op { o := op(Revocation, true); o.List = 99; return o }, ErrNoList},
		{"index of nobody", func() Op { o := op(Revocation, true); o.Index = (o.Index + 1) % MinEntries; return o }, ErrNotAllocated},
		{"index outside", func() Op { o := op(Revocation, true); o.Index = MinEntries; return o }, ErrRange},
		{"index below", func() Op { o := op(Revocation, true); o.Index = -1; return o }, ErrRange},
	}
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			if _, err := do(c.op()); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	err = s.View(ctx, func(tx store.Tx) error {
		l, err := tx.GetList(testIssuer, list)
		if err != nil {
			return err
		}
		bits, err := Render(tx, l)
		if err != nil {
			return err
		}
		if set, err := bits.Get(slot.Index); err != nil || !set || bits.Count() != 1 {
			t.Errorf("rendered: set %v, count %d, %v", set, bits.Count(), err)
		}
		if !l.Dirty {
			t.Error("the list is not marked for publication")
		}
		trail, err := tx.ListAudit(testIssuer, 0, 0)
		if err != nil || len(trail) != 3 {
			t.Errorf("audit trail of %d lines, want 3: %v", len(trail), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Allocation changes nothing that is published: no list becomes dirty by it.
func TestAllocationIsUnseen(t *testing.T) {
	b, s := openBook(t, 50)
	ctx := t.Context()
	if err := b.Open(ctx, testIssuer); err != nil {
		t.Fatal(err)
	}
	clean := func() {
		err := s.Update(ctx, testIssuer, func(tx store.Tx) error {
			for n := int64(1); n <= 2; n++ {
				l, err := tx.GetList(testIssuer, n)
				if err != nil {
					return err
				}
				l.Dirty, l.Bitmap = false, nil
				if err := tx.PutList(l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	clean()
	for range 20 {
		if _, err := b.Allocate(ctx, testIssuer, nil); err != nil {
			t.Fatal(err)
		}
	}
	lists, err := b.Lists(ctx, testIssuer)
	if err != nil || len(lists) != 2 {
		t.Fatalf("%d lists, %v", len(lists), err)
	}
	for _, l := range lists {
		if l.Dirty || l.Allocated != 20 {
			t.Errorf("list %d: dirty %v, allocated %d", l.Number, l.Dirty, l.Allocated)
		}
	}
}

// Sixteen issue at once, over two books as two nodes have them, from a list that is
// filled to nine tenths, so that they meet.
func TestConcurrentIssuersNeverShareAnIndex(t *testing.T) {
	first, s := openBook(t, 100)
	second := NewBook(BookConfig{Store: s, Fill: 100})
	if err := first.Open(t.Context(), testIssuer); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), testIssuer, func(tx store.Tx) error {
		bits := NewBitstring(MinEntries)
		for i := range int64(MinEntries) {
			if i%10 != 0 {
				if err := bits.Set(i); err != nil {
					return err
				}
			}
		}
		for n := int64(1); n <= 2; n++ {
			err := tx.PutList(store.List{Issuer: testIssuer, Number: n, Purposes: []string{string(purposeOf(n))}, Size: MinEntries,
				State: store.ListOpen, Bitmap: bits.Bytes()})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const issuers, each = 16, 40
	type place struct{ list, index int64 }
	var mu sync.Mutex
	seen := make(map[place]bool)
	var wg sync.WaitGroup
	for i := range issuers {
		b := first
		if i%2 == 1 {
			b = second
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range each {
				s, err := b.Allocate(context.Background(), testIssuer, nil)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				p := place{s.Lists[Revocation], s.Index}
				if seen[p] || s.Index%10 != 0 {
					t.Errorf("%v was given out twice", p)
				}
				seen[p] = true
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	if len(seen) != issuers*each {
		t.Errorf("%d places, want %d", len(seen), issuers*each)
	}
}

// A failing transaction gives no index away half.
func TestAllocateTogetherOrNotAtAll(t *testing.T) {
	b, _ := openBook(t, 50)
	boom := errors.New("boom")
	if _, err := b.Allocate(t.Context(), testIssuer, func(store.Tx, Slot) error { return boom }); !errors.Is(err, boom) {
		t.Fatalf("%v", err)
	}
	lists, err := b.Lists(t.Context(), testIssuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if l.Allocated != 0 {
			t.Errorf("list %d: %d allocated", l.Number, l.Allocated)
		}
	}
}

func TestNextPairOpensWhenFull(t *testing.T) {
	b, s := openBook(t, 1) // one percent: 1,311 indices
	ctx := t.Context()
	if err := b.Open(ctx, testIssuer); err != nil {
		t.Fatal(err)
	}
	// Fill the bitmap as if so many had been given out.
	err := s.Update(ctx, testIssuer, func(tx store.Tx) error {
		l, err := tx.GetList(testIssuer, 1)
		if err != nil {
			return err
		}
		bits := NewBitstring(l.Size)
		for i := range int64(1311) {
			if err := bits.Set(i * 7); err != nil {
				return err
			}
		}
		l.Bitmap = bits.Bytes()
		return tx.PutList(l)
	})
	if err != nil {
		t.Fatal(err)
	}
	slot, err := b.Allocate(ctx, testIssuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	if slot.Lists[Revocation] != 3 || slot.Lists[Suspension] != 4 {
		t.Errorf("lists %v, want 3 and 4", slot.Lists)
	}
	lists, err := b.Lists(ctx, testIssuer)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists[:2] {
		if l.State != store.ListClosed {
			t.Errorf("list %d is %s", l.Number, l.State)
		}
	}
}
