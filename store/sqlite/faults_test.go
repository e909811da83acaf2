//go:build faults

package sqlite_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// TestVanish ends a process at each failure point.
func TestVanish(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name, order string
		prepared    bool
		acked       int // rows acknowledged before the end
		there       int // rows there after it
	}{
		{"inside a step of the schema", "store.migrate=exit", false, 0, 0},
		{"before the first commit", "store.commit=exit:1", true, 0, 0},
		{"before the 50th commit", "store.commit=exit:50", true, 49, 49},
		{"after a commit, before its answer", "store.committed=exit:50", true, 49, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			if c.prepared {
				st := openAt(t, path, sqlite.Config{})
				if err := errors.Join(prepareBook(ctx, st), st.Close()); err != nil {
					t.Fatal(err)
				}
			}
			cmd, lines := start(t, nil, "some", path, 0, faults.Env+"="+c.order)
			out, err := drain(lines)
			if err != nil {
				t.Fatal(err)
			}
			var exit *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != faults.ExitCode {
				t.Fatalf("the child ended with %v: %q", err, out)
			}
			acked := map[int]bool{}
			if refused := acks(t, out, acked); len(refused) > 0 || len(acked) != c.acked {
				t.Fatalf("%d rows acknowledged, want %d; refused: %v", len(acked), c.acked, refused)
			}
			st := openAt(t, path, sqlite.Config{})
			if !c.prepared {
				if err := prepareBook(ctx, st); err != nil {
					t.Fatal(err)
				}
			}
			if there := countRows(t, st, acked, childRows); there != c.there {
				t.Errorf("%d rows are there, want %d", there, c.there)
			}
			if err := st.Check(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInjectedErrors lets the points fail without ending the process.
func TestInjectedErrors(t *testing.T) {
	ctx := context.Background()
	st := openAt(t, filepath.Join(t.TempDir(), "store.db"), sqlite.Config{})
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		order string
		there int
	}{{"store.commit=error", 0}, {"store.committed=error", 1}} {
		disarm, err := faults.Arm(c.order)
		if err != nil {
			t.Fatal(err)
		}
		err = writeRow(ctx, st, i)
		disarm()
		if !errors.Is(err, faults.ErrInjected) {
			t.Errorf("%s: %v", c.order, err)
		}
		if there := countRows(t, st, nil, i+1); there != c.there {
			t.Errorf("%s: %d rows there, want %d", c.order, there, c.there)
		}
	}
}
