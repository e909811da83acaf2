package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
	"github.com/bonafide-id/bonafide/store/storetest"
)

// openAt opens a file and closes it with the test.
func openAt(t testing.TB, path string, cfg sqlite.Config) *sqlite.Store {
	t.Helper()
	st, err := sqlite.Open(context.Background(), path, cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return st
}

func TestBehaviour(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store {
		return openAt(t, filepath.Join(t.TempDir(), "store.db"), sqlite.Config{})
	})
}

func TestReopen(t *testing.T) {
	storetest.RunReopen(t, func(t testing.TB) (store.Store, func() store.Store) {
		path := filepath.Join(t.TempDir(), "store.db")
		return openAt(t, path, sqlite.Config{}), func() store.Store { return openAt(t, path, sqlite.Config{}) }
	})
}
