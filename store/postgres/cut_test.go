package postgres_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
	"github.com/bonafide-id/bonafide/store/postgres/pgtest"
)

// TestCutAtCommit breaks the connection at the COMMIT of each of many
// revocations. Update says that each is done, and each was done exactly once.
func TestCutAtCommit(t *testing.T) {
	server := shared.Get(t)
	for _, c := range []struct {
		name string
		cut  func(*pgtest.Proxy, int)
		n    int
	}{
		{"right after the server got it", (*pgtest.Proxy).CutAfterCommit, 200},
		{"before the server got it", (*pgtest.Proxy).CutBeforeCommit, 50},
		{"before the server got it, which does not notice", (*pgtest.Proxy).HoldBeforeCommit, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := server.Schema(t)
			proxy := pgtest.NewProxy(t, server)
			st := openAt(t, proxy.Address(address), postgres.Config{})
			prepare(t, st)
			for i := range c.n {
				c.cut(proxy, 1)
				if err := revoke(st, i); err != nil {
					t.Fatalf("revocation %d: %v", i, err)
				}
				if proxy.Cuts() != i+1 {
					t.Fatalf("revocation %d: %d connections were cut", i, proxy.Cuts())
				}
			}
			direct := openAt(t, address, postgres.Config{})
			count := applied(t, direct)
			for i := range c.n {
				if n := count[fmt.Sprint(i)]; n != 1 {
					t.Errorf("revocation %d was applied %d times", i, n)
				}
			}
			if err := direct.Check(t.Context()); err != nil {
				t.Error(err)
			}
			t.Logf("%d connections cut, %d revocations there", proxy.Cuts(), len(count))
		})
	}
}

// TestInDoubt takes the server away together with the answer to a COMMIT. While
// nobody can be asked the outcome is in doubt, and said to be.
func TestInDoubt(t *testing.T) {
	server := pgtest.Start(t)
	address := server.Schema(t)
	proxy := pgtest.NewProxy(t, server)
	st := openAt(t, proxy.Address(address), postgres.Config{InDoubt: 300 * time.Millisecond})
	prepare(t, st)
	proxy.OnCut(func() { server.Crash(t) })
	proxy.CutAfterCommit(1)
	if err := revoke(st, 1); !errors.Is(err, store.ErrInDoubt) {
		t.Errorf("a COMMIT whose server is gone = %v, want ErrInDoubt", err)
	}
	if err := revoke(st, 2); !errors.Is(err, store.ErrUnreachable) {
		t.Errorf("with the server gone = %v, want ErrUnreachable", err)
	}
	proxy.OnCut(nil)
	server.Run(t)
	if err := revoke(st, 3); err != nil {
		t.Errorf("with the server back: %v", err)
	}
	count := applied(t, st)
	if count["1"] > 1 || count["2"] != 0 || count["3"] != 1 {
		t.Errorf("applied: %v", count)
	}
}
