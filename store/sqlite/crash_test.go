package sqlite_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// TestKill kills a writing process 20 times at a random moment. After each kill
// every row that it acknowledged is there, no row is half there, and the whole
// file passes the check.
func TestKill(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	st := openAt(t, path, sqlite.Config{})
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	acked, next, unacknowledged := map[int]bool{}, 0, 0
	for round := range 20 {
		cmd, lines := start(t, nil, "write", path, next)
		want := 1 + rng.IntN(40)
		var seen []string
		for len(seen) < 1+want && lines.Scan() {
			seen = append(seen, lines.Text())
		}
		if len(seen) < 1+want {
			t.Fatalf("round %d: the child ended by itself: %q", round, seen)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		rest, err := drain(lines)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatalf("round %d: the child ended well, it was not killed", round)
		}
		refused := acks(t, append(seen, rest...), acked)
		if len(refused) > 0 {
			t.Fatalf("round %d: refused %v", round, refused)
		}
		for acked[next] {
			next++
		}
		st, err := sqlite.Open(ctx, path, sqlite.Config{})
		if err != nil {
			t.Fatalf("round %d: open after the kill: %v", round, err)
		}
		there := countRows(t, st, acked, next+1)
		if there > len(acked)+1 {
			t.Fatalf("round %d: %d rows for %d acknowledgements", round, there, len(acked))
		}
		unacknowledged += there - len(acked)
		if err := st.Check(ctx); err != nil {
			t.Fatalf("round %d: check after the kill: %v", round, err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rows acknowledged in 20 lives, all there; %d commits were in flight", len(acked), unacknowledged)
}

// TestTwoProcesses lets two processes write to one file at once, and keeps one
// out while the other is inside a transaction.
func TestTwoProcesses(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	st := openAt(t, path, sqlite.Config{})
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	t.Run("both write", func(t *testing.T) {
		cmd, lines := start(t, nil, "some", path, 0)
		acked := map[int]bool{}
		for i := childRows; i < 2*childRows; i++ {
			if err := writeRow(ctx, st, i); err != nil {
				t.Fatalf("row %d beside another process: %v", i, err)
			}
			acked[i] = true
		}
		out, err := drain(lines)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("child: %v: %q", err, out)
		}
		refused := acks(t, out, acked)
		if len(acked) != 2*childRows || len(refused) != 0 {
			t.Fatalf("%d rows acknowledged, %v refused", len(acked), refused)
		}
		countRows(t, st, acked, 2*childRows)
		if err := st.Check(ctx); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("one waits, then gives up", func(t *testing.T) {
		err := st.Update(ctx, issuer, func(tx store.Tx) error {
			if err := tx.PutMeta("k", nil); err != nil {
				return err
			}
			cmd, lines := start(t, nil, "once", path, 1000)
			out, err := drain(lines)
			if err != nil {
				return err
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the child wrote beside an open transaction")
			}
			if len(out) != 2 || !strings.HasPrefix(out[1], "error locked") {
				t.Errorf("the child said %q, want an ErrLocked", out)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
