package revocation_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// TestSixteenIssuers lets 16 goroutines draw indices from one issuer's lists at
// once, over four stores that are open on the same rows. No index is given twice,
// and the book has all that were given.
func TestSixteenIssuers(t *testing.T) {
	const workers, each, stores = 16, 40, 4
	for _, c := range []struct {
		name string
		open func(t *testing.T) func() (store.Store, error)
	}{
		{"sqlite", func(t *testing.T) func() (store.Store, error) {
			path := filepath.Join(t.TempDir(), "store.db")
			return func() (store.Store, error) { return sqlite.Open(context.Background(), path, sqlite.Config{}) }
		}},
		{"postgres", func(t *testing.T) func() (store.Store, error) {
			address := pgtest.Start(t).Schema(t)
			return func() (store.Store, error) { return postgres.Open(context.Background(), address, postgres.Config{}) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			open := c.open(t)
			var opened []store.Store
			var books []*revocation.Book
			for range stores {
				st, err := open()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := st.Close(); err != nil {
						t.Error(err)
					}
				})
				opened = append(opened, st)
				books = append(books, revocation.NewBook(revocation.BookConfig{Store: st}))
			}
			var mu sync.Mutex
			given := map[string]int{}
			errs := make([]error, workers)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					<-start
					for range each {
						slot, err := books[w%stores].Allocate(context.Background(), "QmIssuer", nil)
						if err != nil {
							errs[w] = err
							return
						}
						mu.Lock()
						given[fmt.Sprint(slot.Lists[revocation.Revocation], "#", slot.Index)]++
						mu.Unlock()
					}
				})
			}
			close(start)
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			for slot, times := range given {
				if times > 1 {
					t.Errorf("%s was given %d times", slot, times)
				}
			}
			if len(given) != workers*each {
				t.Errorf("%d different indices, want %d", len(given), workers*each)
			}
			lists, err := books[0].Lists(t.Context(), "QmIssuer")
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lists {
				if l.Allocated != workers*each {
					t.Errorf("list %d counts %d as given, want %d", l.Number, l.Allocated, workers*each)
				}
			}
			if err := opened[1].Check(t.Context()); err != nil {
				t.Error(err)
			}
			t.Logf("%d indices given by %d goroutines over %d stores, none twice", len(given), workers, stores)
		})
	}
}
