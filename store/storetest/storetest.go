package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// Opener opens an empty store that the test may use alone. It registers the
// closing with t.Cleanup.
type Opener func(t testing.TB) store.Store

// Run checks every behaviour that needs no second opening.
func Run(t *testing.T, open func(t testing.TB) store.Store) {
	for _, group := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"RoundTrip", roundTrip},
		{"Absent", absent},
		{"Replica", replica},
		{"Histories", histories},
		{"Book", book},
		{"Lists", lists},
		{"Pages", pages},
		{"Bounds", bounds},
		{"Transactions", transactions},
		{"Concurrency", concurrency},
		{"Check", check},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, open) })
	}
}

// RunReopen checks that what was committed is there after Close, and that
// nothing else is. open returns a store and a function that opens the same data
// again after Close.
func RunReopen(t *testing.T, open func(t testing.TB) (store.Store, func() store.Store)) {
	st, reopen := open(t)
	update(t, st, putAll)
	boom := errors.New("boom")
	err := st.Update(t.Context(), "", func(tx store.Tx) error {
		must(t, tx.PutMeta("uncommitted", []byte("x")))
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("Update = %v, want the error of fn", err)
	}
	if err := st.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	for name, call := range map[string]func() error{
		"Update": func() error { return st.Update(t.Context(), "", func(store.Tx) error { return nil }) },
		"View":   func() error { return st.View(t.Context(), func(store.Tx) error { return nil }) },
		"Check":  func() error { return st.Check(t.Context()) },
	} {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", name, err)
		}
	}
	st = reopen()
	view(t, st, func(tx store.Tx) error {
		compareAll(t, tx)
		_, err := tx.GetMeta("uncommitted")
		wantErr(t, "row of a failed transaction", err, store.ErrNotFound)
		return nil
	})
	if err := st.Check(t.Context()); err != nil {
		t.Errorf("Check after reopening: %v", err)
	}
	update(t, st, func(tx store.Tx) error { return tx.AllocBit(scid, 3, 6) })
}

// update commits fn or ends the test.
func update(t testing.TB, st store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := st.Update(context.Background(), scid, fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// view reads, or ends the test.
func view(t testing.TB, st store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := st.View(context.Background(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// wantRow compares the results of a look-up.
func wantRow[T any](t testing.TB, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// only returns the single row of a list.
func only[T any](t testing.TB, what string, rows []T, err error) T {
	t.Helper()
	var zero T
	if err != nil || len(rows) != 1 {
		t.Errorf("%s: %d rows, error %v; want one row", what, len(rows), err)
		return zero
	}
	return rows[0]
}

func cidOf(body []byte) string { return record.CIDOf(body).String() }

func digestOf(body []byte) []byte {
	d := record.CIDOf(body).Digest()
	return d[:]
}
