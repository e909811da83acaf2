package revocation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// give marks indices of the first pair as given out, without drawing them.
func give(t testing.TB, b *Book, s store.Store, number int64, every int64) {
	t.Helper()
	if err := b.Open(t.Context(), testIssuer); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), testIssuer, func(tx store.Tx) error {
		for n := number; n <= number+1; n++ {
			bits := NewBitstring(MinEntries)
			for i := int64(0); i < MinEntries; i += every {
				if err := bits.Set(i); err != nil {
					return err
				}
			}
			err := tx.PutList(store.List{Issuer: testIssuer, Number: n, Purposes: []string{string(purposeOf(n))},
				Size: MinEntries, State: store.ListOpen, Bitmap: bits.Bytes()})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func trailOf(t testing.TB, s store.Store) []string {
	t.Helper()
	var out []string
	err := s.View(t.Context(), func(tx store.Tx) error {
		rows, err := tx.ListAudit(testIssuer, 0, 0)
		out = nil
		for _, a := range rows {
			out = append(out, a.Action+" "+a.Target)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSetMany(t *testing.T) {
	b, s := openBook(t, 50)
	give(t, b, s, 1, 2)
	give(t, b, s, 3, 2)
	op := func(list, index int64, p Purpose, set bool) Op {
		return Op{List: list, Index: index, Purpose: p, Set: set, By: "registrar", Why: "test"}
	}
	with := func(o Op, change func(*Op)) Op { change(&o); return o }
	good := op(1, 4, Revocation, true)
	ops := []Op{
		op(3, 10, Suspension, true),
		good,
		good, // twice in one batch
		with(good, func(o *Op) { o.List = 99 }),
		with(good, func(o *Op) { o.Index = 5 }),
		with(good, func(o *Op) { o.Index = MinEntries }),
		with(good, func(o *Op) { o.Index = -1 }),
		with(good, func(o *Op) { o.Set = false }),
		with(good, func(o *Op) { o.Purpose = "refresh" }),
		with(good, func(o *Op) { o.Why = "a\x00b" }),
		with(good, func(o *Op) { o.Why = strings.Repeat("x", store.MaxKeyLen+1) }),
		with(good, func(o *Op) { o.By = "\xff" }),
		op(3, 10, Suspension, false), // lifted again
		op(4, 12, Suspension, false), // was never suspended
		op(2, 4, Suspension, true),
		op(1, 8, Revocation, true),
		op(2, 8, Suspension, false), // revoked in this batch
	}
	want := []Done{{Changed: true}, {Changed: true}, {}, {Err: ErrNoList}, {Err: ErrNotAllocated}, {Err: ErrRange}, {Err: ErrRange},
		{Err: ErrFinal}, {Err: ErrPurpose}, {Err: ErrReason}, {Err: ErrReason}, {Err: ErrReason}, {Changed: true}, {}, {Changed: true}, {Changed: true}, {Err: ErrFinal}}
	check := func(what string, got []Done, err error, want []Done) {
		t.Helper()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d results, %v", what, len(got), err)
		}
		for i := range want {
			if got[i].Changed != want[i].Changed || !errors.Is(got[i].Err, want[i].Err) || (got[i].Err == nil) != (want[i].Err == nil) {
				t.Errorf("%s: op %d: %+v, want %+v", what, i, got[i], want[i])
			}
		}
	}
	got, err := b.TryMany(t.Context(), testIssuer, ops)
	check("dry run", got, err, want)
	if trail := trailOf(t, s); len(trail) != 0 {
		t.Fatalf("a dry run left %q", trail)
	}
	got, err = b.SetMany(t.Context(), testIssuer, ops)
	check("run", got, err, want)
	trail := []string{"suspend 4#10", "revoke 1#4", "reinstate 4#10", "suspend 2#4", "revoke 1#8"}
	if got := trailOf(t, s); !slices.Equal(got, trail) {
		t.Errorf("audit trail %q, want %q", got, trail)
	}
	for i := range want {
		want[i].Changed = false
	}
	want[0].Changed, want[12].Changed = true, true // suspended and lifted once more
	got, err = b.SetMany(t.Context(), testIssuer, ops)
	check("again", got, err, want)
	if _, err := b.Set(t.Context(), Op{Issuer: testIssuer, List: 1, Index: 4, Purpose: Suspension}); !errors.Is(err, ErrFinal) {
		t.Errorf("the suspension of a revoked credential was lifted: %v", err)
	}
	if _, err := b.SetMany(t.Context(), testIssuer, make([]Op, MaxOps+1)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v, want ErrTooMany", err)
	}
	state, err := b.State(t.Context(), testIssuer, 1, 4)
	if err != nil || !state.Revoked || !state.Suspended {
		t.Errorf("state %+v, %v", state, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// Each list is read and written once for a whole batch, and a change costs two
// rows.
func TestSetManyTouchesAListOnce(t *testing.T) {
	b, s := openBook(t, 50)
	give(t, b, s, 1, 1)
	counted := &countingStore{Store: s}
	b.store = counted
	ops := make([]Op, 5000)
	for i := range ops {
		ops[i] = Op{List: 1, Index: int64(i) * 7, Purpose: Revocation, Set: true, By: "r"}
	}
	if _, err := b.SetMany(t.Context(), testIssuer, ops); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"GetList": 1, "PutList": 1, "PutChanges": 1, "AppendAudits": 1, "CountChanges": 1, "ListChanges": 1}
	if fmt.Sprint(counted.calls) != fmt.Sprint(want) {
		t.Errorf("calls %v, want %v", counted.calls, want)
	}
}

// A store that fails leaves nothing behind.
func TestSetManyTogetherOrNotAtAll(t *testing.T) {
	for _, method := range []string{"GetList", "CountChanges", "ListChanges", "PutChanges", "PutList", "AppendAudits"} {
		t.Run(method, func(t *testing.T) {
			b, s := openBook(t, 50)
			give(t, b, s, 1, 1)
			boom := errors.New("boom")
			b.store = &countingStore{Store: s, fail: method, err: boom}
			ops := []Op{{List: 1, Index: 1, Purpose: Revocation, Set: true}, {List: 1, Index: 2, Purpose: Revocation, Set: true}}
			if _, err := b.SetMany(t.Context(), testIssuer, ops); !errors.Is(err, boom) {
				t.Fatalf("%v, want the error of the store", err)
			}
			b.store = s
			state, err := b.State(t.Context(), testIssuer, 1, 1)
			if err != nil || state.Revoked || len(trailOf(t, s)) != 0 {
				t.Errorf("state %+v, %v, trail %q", state, err, trailOf(t, s))
			}
		})
	}
}

func BenchmarkSetMany(b *testing.B) {
	book, s := openBook(b, 50)
	give(b, book, s, 1, 1)
	for b.Loop() {
		b.StopTimer()
		err := s.Update(b.Context(), testIssuer, func(tx store.Tx) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		last := int64(0)
		lists, err := book.Lists(b.Context(), testIssuer)
		if err != nil {
			b.Fatal(err)
		}
		for _, l := range lists {
			last = max(last, l.Number)
		}
		give(b, book, s, last+1, 1)
		ops := make([]Op, MaxOps)
		for i := range ops {
			ops[i] = Op{List: last + 1, Index: int64(i), Purpose: Revocation, Set: true, By: "registrar", Why: "closed programme"}
		}
		b.StartTimer()
		if _, err := book.SetMany(b.Context(), testIssuer, ops); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxOps, "ns/change")
}
