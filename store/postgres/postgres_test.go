package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
	"github.com/bonafide-id/bonafide/store/storetest"
)

var shared pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Close()
	os.Exit(code)
}

// openAt opens a database and closes it with the test.
func openAt(t testing.TB, address string, cfg postgres.Config) *postgres.Store {
	t.Helper()
	st, err := postgres.Open(context.Background(), address, cfg)
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
	server := shared.Get(t)
	storetest.Run(t, func(t testing.TB) store.Store { return openAt(t, server.Schema(t), postgres.Config{}) })
}

func TestReopen(t *testing.T) {
	server := shared.Get(t)
	storetest.RunReopen(t, func(t testing.TB) (store.Store, func() store.Store) {
		address := server.Schema(t)
		return openAt(t, address, postgres.Config{}), func() store.Store { return openAt(t, address, postgres.Config{}) }
	})
}
