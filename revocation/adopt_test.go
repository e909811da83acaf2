package revocation

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

const oldURL = "https://old.example/status/3"

func adoption(set ...int64) Adoption {
	bits := NewBitstring(MinEntries)
	for _, i := range set {
		if bits.Set(i) != nil {
			panic(i)
		}
	}
	return Adoption{Issuer: testIssuer, URL: oldURL, Format: FormatBitstring, Purpose: Revocation, Bits: bits, By: "operator"}
}

func given(indices ...int64) *Bitstring {
	bits := NewBitstring(MinEntries)
	for _, i := range indices {
		if bits.Set(i) != nil {
			panic(i)
		}
	}
	return &bits
}

func TestAdopt(t *testing.T) {
	for _, c := range []struct {
		name      string
		edit      func(*Adoption)
		number    int64
		allocated int64
	}{
		{"indices not known", func(*Adoption) {}, 3, MinEntries},
		{"indices known", func(a *Adoption) { a.Given = given(7, 9) }, 3, 3}, // and 500, which is set
		{"no index but those set", func(a *Adoption) { a.Given = given() }, 3, 2},
		{"suspension", func(a *Adoption) { a.Purpose = Suspension }, 4, MinEntries},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, s := openBook(t, 50)
			if err := b.Open(t.Context(), testIssuer); err != nil {
				t.Fatal(err)
			}
			a := adoption(7, 500)
			c.edit(&a)
			if got, err := a.Allocated(); err != nil || got != c.allocated {
				t.Errorf("allocated %d, %v", got, err)
			}
			number, err := b.Adopt(t.Context(), a, nil)
			if err != nil || number != c.number {
				t.Fatalf("number %d, %v", number, err)
			}
			err = s.View(t.Context(), func(tx store.Tx) error {
				l, err := tx.GetList(testIssuer, number)
				if err != nil {
					return err
				}
				if l.URL != oldURL || l.Format != FormatBitstring || l.State != store.ListClosed || !l.Dirty || l.Allocated != c.allocated {
					t.Errorf("list %+v", l)
				}
				bits, err := Render(tx, l)
				if err != nil || !bytes.Equal(bits.Bytes(), a.Bits.Bytes()) {
					t.Errorf("the bits are others: %v", err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			// The next pair does not touch the numbers of the adopted list.
			pair, err := b.OpenMore(t.Context(), testIssuer, "x", "")
			if err != nil || pair[0].Number != 5 {
				t.Errorf("next pair %+v, %v", pair, err)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAdoptRefusals(t *testing.T) {
	b, s := openBook(t, 50)
	for _, c := range []struct {
		name string
		edit func(*Adoption)
		want error
	}{
		{"too short", func(a *Adoption) { a.Bits = NewBitstring(MinEntries - 8) }, ErrLength},
		{"empty", func(a *Adoption) { a.Bits = Bitstring{} }, ErrLength},
		{"too long", func(a *Adoption) { a.Bits = NewBitstring(store.MaxListBits + 8) }, ErrLength},
		{"another purpose", func(a *Adoption) { a.Purpose = Message }, ErrPurpose},
		{"another format", func(a *Adoption) { a.Format = "csv" }, ErrFormat},
		{"indices of a longer list", func(a *Adoption) { g := NewBitstring(2 * MinEntries); a.Given = &g }, ErrRange},
		{"a token list without its suspensions", func(a *Adoption) { a.Format = FormatToken }, ErrLength},
		{"a token list whose suspensions are those of a longer one", func(a *Adoption) { a.Format, a.Suspended = FormatToken, NewBitstring(2*MinEntries) }, ErrLength},
		{"a token list of suspensions alone", func(a *Adoption) {
			a.Format, a.Purpose, a.Suspended = FormatToken, Suspension, NewBitstring(MinEntries)
		}, ErrPurpose},
		{"suspensions beside a list of one purpose", func(a *Adoption) { a.Suspended = NewBitstring(MinEntries) }, ErrPurpose},
		{"reason that cannot be kept", func(a *Adoption) { a.Why = "\x00" }, ErrReason},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := adoption()
			c.edit(&a)
			if _, err := b.Adopt(t.Context(), a, nil); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	boom := errors.New("boom")
	if _, err := b.Adopt(t.Context(), adoption(), func(store.Tx, int64) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("%v", err)
	}
	if lists, err := b.Lists(t.Context(), testIssuer); err != nil || len(lists) != 0 {
		t.Fatalf("refusals left %+v, %v", lists, err)
	}
	if _, err := b.Adopt(t.Context(), adoption(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Adopt(t.Context(), adoption(), nil); !errors.Is(err, ErrAdopted) {
		t.Errorf("imported twice: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// An adopted list has one purpose; its statuses change as those of any list.
func TestAdoptedStatus(t *testing.T) {
	b, _ := openBook(t, 50)
	a := adoption(7)
	a.Given = given(7, 9)
	number, err := b.Adopt(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	op := Op{Issuer: testIssuer, List: number, Index: 9, Purpose: Revocation, Set: true}
	if changed, err := b.Set(t.Context(), op); err != nil || !changed {
		t.Errorf("revoke: %v %v", changed, err)
	}
	op.Index = 7
	if changed, err := b.Set(t.Context(), op); err != nil || changed {
		t.Errorf("it was revoked before it came: %v %v", changed, err)
	}
	op.Index = 8
	if _, err := b.Set(t.Context(), op); !errors.Is(err, ErrNotAllocated) {
		t.Errorf("an index of nobody: %v", err)
	}
	op.Index, op.Purpose = 9, Suspension
	if _, err := b.Set(t.Context(), op); !errors.Is(err, ErrPurpose) {
		t.Errorf("a purpose that the list has not: %v", err)
	}
	state, err := b.State(t.Context(), testIssuer, number, 9)
	if err != nil || !state.Revoked || len(state.Purposes) != 1 {
		t.Errorf("%+v %v", state, err)
	}
}

// No index comes from an adopted list.
func TestNoIndexFromAdopted(t *testing.T) {
	b, _ := openBook(t, 50)
	a := adoption()
	a.Given = given()
	if _, err := b.Adopt(t.Context(), a, nil); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		s, err := b.Allocate(t.Context(), testIssuer, nil)
		if err != nil || s.Lists[Revocation] != 3 || s.Lists[Suspension] != 4 {
			t.Fatalf("%+v %v", s, err)
		}
	}
}

// Lists open and close by hand and by age, and indices come from all that are open.
func TestOpenAndClose(t *testing.T) {
	_, s := openBook(t, 50)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := NewBook(BookConfig{Store: s, MaxAge: 30 * 24 * time.Hour, Clock: func() time.Time { return now }})
	if err := b.Open(t.Context(), testIssuer); err != nil {
		t.Fatal(err)
	}
	if pair, err := b.OpenMore(t.Context(), testIssuer, "registrar", "second campus"); err != nil || pair[1].Number != 4 {
		t.Fatalf("%+v %v", pair, err)
	}
	from := map[int64]int{}
	for range 40 {
		slot, err := b.Allocate(t.Context(), testIssuer, nil)
		if err != nil {
			t.Fatal(err)
		}
		from[slot.Lists[Revocation]]++
	}
	if from[1] == 0 || from[3] == 0 || len(from) != 2 { // all from one: once in 5e11
		t.Errorf("draws from %v", from)
	}
	if changed, err := b.CloseList(t.Context(), testIssuer, 2, "registrar", ""); err != nil || !changed {
		t.Fatalf("close: %v %v", changed, err)
	}
	if changed, err := b.CloseList(t.Context(), testIssuer, 1, "registrar", ""); err != nil || changed {
		t.Errorf("closed again: %v %v", changed, err)
	}
	if _, err := b.CloseList(t.Context(), testIssuer, 9, "registrar", ""); !errors.Is(err, ErrNoList) {
		t.Errorf("%v", err)
	}
	slot, err := b.Allocate(t.Context(), testIssuer, nil)
	if err != nil || slot.Lists[Revocation] != 3 {
		t.Errorf("from a closed list: %+v %v", slot, err)
	}
	now = now.Add(30 * 24 * time.Hour)
	slot, err = b.Allocate(t.Context(), testIssuer, nil)
	if err != nil || slot.Lists[Revocation] != 5 {
		t.Errorf("from a list that is too old: %+v %v", slot, err)
	}
	// Statuses in closed lists change as before.
	if changed, err := b.Set(t.Context(), Op{Issuer: testIssuer, List: 5, Index: slot.Index, Purpose: Revocation, Set: true}); err != nil || !changed {
		t.Errorf("%v %v", changed, err)
	}
	want := []string{"lists.open 3", "lists.close 1"}
	if got := trailOf(t, s)[:2]; got[0] != want[0] || got[1] != want[1] {
		t.Errorf("trail %q", got)
	}
}

// A StatusList2021 goes on as one, and our own reader finds the same bits.
func TestSignList2021(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	if err := m.spec.Bits.Set(7); err != nil {
		t.Fatal(err)
	}
	m.spec.Format = Format2021
	body := m.sign(t)
	l, row, ok := ReadList(t.Context(), body, testOptions(at))
	if !ok {
		t.Fatalf("%+v", row)
	}
	c := l.Claims()
	if c.Format != Format2021 || !bytes.Equal(c.Bits.Bytes(), m.spec.Bits.Bytes()) || c.ID != m.spec.URL || l.ValidUntil == nil {
		t.Errorf("%+v", l)
	}
	again, err := ReadClaims(body, 0)
	if err != nil || again.Format != Format2021 || !bytes.Equal(again.Bits.Bytes(), c.Bits.Bytes()) {
		t.Errorf("%+v %v", again, err)
	}
	m.spec.Format = "csv"
	if _, err := SignList(t.Context(), m.spec, m.key, "did:key:x#y"); !errors.Is(err, ErrFormat) {
		t.Errorf("%v", err)
	}
}
