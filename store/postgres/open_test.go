package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

func TestCheckAddress(t *testing.T) {
	for _, c := range []struct {
		name, address string
		ok            bool
	}{
		{"socket", "postgres://u@/db?host=/run/postgresql", true},
		{"loopback", "postgres://u@127.0.0.1:5432/db", true},
		{"loopback, version 6", "postgresql://u@[::1]/db", true},
		{"another machine, secured", "postgres://u@db.example/db?sslmode=verify-full", true},
		{"another machine, knowingly not", "postgres://u@db.example/db?sslmode=disable", true},
		{"another machine, nothing said", "postgres://u@db.example/db", false},
		{"one of two is another machine", "postgres://u@localhost,db.example/db", false},
		{"password", "postgres://u:secret@localhost/db", false},
		{"password as a parameter", "postgres://u@localhost/db?password=secret", false},
		{"another scheme", "mysql://u@localhost/db", false},
		{"key and value", "host=localhost user=u", false},
		{"no port", "postgres://u@localhost:x/db", false},
		{"unknown sslmode", "postgres://u@localhost/db?sslmode=maybe", false},
		{"empty", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := postgres.CheckAddress(c.address)
			if c.ok && err != nil || !c.ok && !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// TestOpenRefuses opens what cannot be used, and says why.
func TestOpenRefuses(t *testing.T) {
	server := shared.Get(t)
	server.Exec(t, "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	foreign, newer := server.Schema(t), server.Schema(t)
	openClose := func(address string) error {
		st, err := postgres.Open(t.Context(), address, postgres.Config{ConnectTimeout: time.Second})
		if err != nil {
			return err
		}
		return st.Close()
	}
	if err := openClose(newer); err != nil {
		t.Fatal(err)
	}
	for address, sql := range map[string]string{
		foreign: "CREATE TABLE orders (id int)",
		newer:   "UPDATE schema_info SET number = 99",
	} {
		if err := pgtest.Exec(address, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, address string
		want          error
		says          string
	}{
		{"no server", "postgres://u@127.0.0.1:1/db", store.ErrUnreachable, "127.0.0.1:1/db"},
		{"no such database", server.Address("nothing"), store.ErrUnreachable, "nothing"},
		{"another encoding", server.Address("latin"), store.ErrInvalid, "LATIN1"},
		{"tables of somebody else", foreign, store.ErrInvalid, "not of this program"},
		{"a newer schema", newer, store.ErrSchema, "99"},
		{"no such schema", server.Address("postgres") + "&search_path=nowhere", store.ErrInvalid, "search_path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := openClose(c.address)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Open = %v, want %v that says %q", err, c.want, c.says)
			}
		})
	}
}

// TestPassword opens a database whose server asks for one.
func TestPassword(t *testing.T) {
	server := shared.Get(t)
	server.Exec(t, "CREATE ROLE app LOGIN PASSWORD 'right'")
	server.Exec(t, "CREATE DATABASE app OWNER app")
	server.DemandPasswords(t)
	address := strings.Replace(server.Address("app"), pgtest.User+"@", "app@", 1)
	for password, want := range map[string]error{"right": nil, "wrong": store.ErrUnreachable} {
		st, err := postgres.Open(t.Context(), address, postgres.Config{Password: password})
		if !errors.Is(err, want) {
			t.Errorf("Open with the %s password = %v, want %v", password, err, want)
		}
		if err == nil {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// TestTwoStores lets a second store wait for the first, in one scope and not in
// another.
func TestTwoStores(t *testing.T) {
	server := shared.Get(t)
	address := server.Schema(t)
	first := openAt(t, address, postgres.Config{})
	second := openAt(t, address, postgres.Config{LockTimeout: 200 * time.Millisecond})
	put := func(st store.Store, ctx context.Context, scope, key string) error {
		return st.Update(ctx, scope, func(tx store.Tx) error { return tx.PutMeta(key, nil) })
	}
	err := first.Update(t.Context(), issuer, func(tx store.Tx) error {
		if err := put(second, t.Context(), issuer, "a"); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a write beside another of its scope = %v, want ErrLocked", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if err := put(second, ctx, issuer, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write whose context ends while it waits = %v", err)
		}
		if err := put(second, t.Context(), "another", "c"); err != nil {
			t.Errorf("a write of another scope: %v", err)
		}
		return tx.PutMeta("d", nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(second, t.Context(), issuer, "e"); err != nil {
		t.Errorf("after the first let go: %v", err)
	}
	err = first.View(t.Context(), func(tx store.Tx) error {
		for key, want := range map[string]error{"a": store.ErrNotFound, "b": store.ErrNotFound, "c": nil, "d": nil, "e": nil} {
			if _, err := tx.GetMeta(key); !errors.Is(err, want) {
				t.Errorf("%s = %v, want %v", key, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSynchronousCommit: a server that confirms early is told not to, and a
// stronger setting stays.
func TestSynchronousCommit(t *testing.T) {
	for _, c := range []struct{ have, want string }{{"off", "on"}, {"local", "on"}, {"on", "on"}, {"remote_apply", "remote_apply"}} {
		t.Run(c.have, func(t *testing.T) {
			st := openAt(t, shared.Get(t).Schema(t)+"&synchronous_commit="+c.have, postgres.Config{})
			if got, err := st.Setting(t.Context(), "synchronous_commit"); err != nil || got != c.want {
				t.Errorf("synchronous_commit is %q (%v), want %q", got, err, c.want)
			}
		})
	}
}
