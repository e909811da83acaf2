package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// TestBackupUnderLoad copies the store while it is written to. Every copy opens,
// passes the check and holds every row acknowledged before it was begun.
func TestBackupUnderLoad(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	st := openAt(t, filepath.Join(dir, "store.db"), sqlite.Config{})
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acked := 0
	stop := make(chan struct{})
	var wg sync.WaitGroup
	progress := make(chan struct{}, 1)
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := writeRow(ctx, st, i); err != nil {
				t.Errorf("write during a backup: %v", err)
				return
			}
			mu.Lock()
			acked = i + 1
			mu.Unlock()
			select {
			case progress <- struct{}{}:
			default:
			}
		}
	})
	for n := range 5 {
		<-progress
		mu.Lock()
		before := acked
		mu.Unlock()
		path := filepath.Join(dir, fmt.Sprintf("copy%d.db", n))
		if err := st.Backup(ctx, path); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
			t.Errorf("copy: %v, %v; want mode 0600", info, err)
		}
		mu.Lock()
		after := acked // the copy is of a moment between the two
		mu.Unlock()
		copied := openAt(t, path, sqlite.Config{})
		if err := copied.Check(ctx); err != nil {
			t.Errorf("copy %d: %v", n, err)
		}
		must := map[int]bool{}
		for i := range before {
			must[i] = true
		}
		countRows(t, copied, must, after+1)
		// A copy is a store of its own.
		if err := writeRow(ctx, copied, 100_000); err != nil {
			t.Errorf("write to copy %d: %v", n, err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	st := openAt(t, filepath.Join(dir, "store.db"), sqlite.Config{})
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		path string
		want error
	}{
		{"a file that is there, even an empty one", t.Context(), there, store.ErrExists},
		{"a folder that is not there", t.Context(), filepath.Join(dir, "none", "copy"), store.ErrNotFound},
		{"ended context", cancelled, filepath.Join(dir, "copy"), context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := st.Backup(c.ctx, c.path); !errors.Is(err, c.want) {
				t.Errorf("Backup = %v, want %v", err, c.want)
			}
		})
	}
	left, err := filepath.Glob(filepath.Join(dir, ".backup*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if err := st.Backup(t.Context(), filepath.Join(dir, "late")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Backup after Close = %v, want ErrClosed", err)
	}
}
