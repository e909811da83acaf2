//go:build system && linux

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/bonafide-id/bonafide/internal/vectors"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// TestDiskFull fills a real file system of 16 MiB while the store writes to it:
// writes are refused, reads go on, and writes resume when there is space, all
// without a restart.
func TestDiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		vectors.Missing(t, "the right to mount a tmpfs")
	}
	ctx := context.Background()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		vectors.Missing(t, fmt.Sprintf("the right to mount a tmpfs (%v)", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	st := openAt(t, filepath.Join(dir, "store.db"), sqlite.Config{})
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	acked := map[int]bool{}
	fill := func(from int) (full int) {
		for i := from; i < from+5000; i++ {
			err := writeRow(ctx, st, i)
			if errors.Is(err, store.ErrFull) {
				return i
			}
			if err != nil {
				t.Fatalf("row %d: %v, want ErrFull at the end", i, err)
			}
			acked[i] = true
		}
		t.Fatal("the disk never got full")
		return 0
	}
	full := fill(0)
	if full < 10 {
		t.Fatalf("full after %d rows", full)
	}
	for range 20 { // refused again and again, and nothing else breaks
		if err := writeRow(ctx, st, full); !errors.Is(err, store.ErrFull) {
			t.Fatalf("write on a full disk = %v, want ErrFull", err)
		}
		countRows(t, st, acked, full+1)
	}
	if err := st.Check(ctx); err != nil {
		t.Fatalf("check on a full disk: %v", err)
	}
	if err := st.Backup(ctx, filepath.Join(dir, "copy")); !errors.Is(err, store.ErrFull) {
		t.Errorf("backup to a full disk = %v, want ErrFull", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	again := fill(full)
	if again <= full {
		t.Fatalf("no write succeeded after space was freed")
	}
	countRows(t, st, acked, again+1)
	if err := st.Close(); err != nil {
		t.Fatalf("close on a full disk: %v", err)
	}
	// A start on the full disk still reads.
	st = openAt(t, filepath.Join(dir, "store.db"), sqlite.Config{})
	countRows(t, st, acked, again+1)
	t.Logf("full after %d rows, %d more after 4 MiB were freed", full, again-full)
}

// TestSyscalls lets single system calls of a writing process fail, one after
// another. Whatever fails: what was acknowledged is there afterwards, the file
// is whole, and after a failed fsync nothing more was written.
func TestSyscalls(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		vectors.Missing(t, "strace")
	}
	ctx := context.Background()
	original := filepath.Join(t.TempDir(), "original.db")
	st := openAt(t, original, sqlite.Config{})
	if err := errors.Join(prepareBook(ctx, st), st.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, call, errno string, when string) (refused map[int]string, acked map[int]bool, out []string) {
		t.Helper()
		dir := t.TempDir()
		path := filepath.Join(dir, "store.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd, lines := start(t, []string{strace, "-f", "-qqq", "-o", filepath.Join(dir, "trace"), "-e", "trace=" + call,
			"-e", fmt.Sprintf("inject=%s:error=%s:when=%s", call, errno, when)}, "some", path, 0)
		out, err := drain(lines)
		if err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // an error when the open or the close was hit
		trace, err := os.ReadFile(filepath.Join(dir, "trace"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(out, "open") {
			t.Logf("%s %s: did not open: %q", call, when, out)
		}
		acked = map[int]bool{}
		refused = acks(t, out, acked)
		st := openAt(t, path, sqlite.Config{})
		countRows(t, st, acked, childRows)
		if err := st.Check(ctx); err != nil {
			t.Errorf("check afterwards: %v", err)
		}
		if !slices.Contains(out, "open") || len(trace) == 0 {
			return refused, acked, out
		}
		if !slices.Contains(out, "read") {
			t.Errorf("reads did not go on: %q", out[len(out)-1])
		}
		return refused, acked, out
	}
	hit := 0
	for when := 1; when <= 12; when++ {
		t.Run(fmt.Sprint("fsync ", when), func(t *testing.T) {
			refused, acked, _ := run(t, "fsync,fdatasync", "EIO", fmt.Sprint(when))
			if len(refused) == 0 {
				return // this number was not reached, or met the open
			}
			hit++
			first := childRows
			for i, why := range refused {
				first = min(first, i)
				if why != "fatal" {
					t.Errorf("row %d refused as %s, want fatal", i, why)
				}
			}
			for i := range acked {
				if i > first {
					t.Errorf("row %d was written after the fsync for row %d had failed", i, first)
				}
			}
		})
	}
	if hit == 0 {
		t.Error("no fsync of a commit was hit")
	}
	for _, c := range []struct {
		call, errno, want string
		step              int
	}{
		{"pwrite64", "EIO", "io", 13}, {"pwrite64", "ENOSPC", "full", 13}, {"pread64", "EIO", "io", 60},
		{"ftruncate", "EIO", "io", 100}, {"openat", "EMFILE", "io", 20},
	} {
		hit := 0
		for when := 1; when <= 200; when += c.step {
			t.Run(fmt.Sprint(c.call, " ", c.errno, " ", when), func(t *testing.T) {
				refused, acked, _ := run(t, c.call, c.errno, fmt.Sprint(when))
				for i, why := range refused {
					hit++
					if why != c.want {
						t.Errorf("row %d refused as %s, want %s", i, why, c.want)
					}
				}
				if len(refused) > 0 && len(acked) == 0 {
					t.Error("one failed call stopped all writes")
				}
			})
		}
		if hit == 0 && c.call == "pwrite64" {
			t.Errorf("no %s of a commit was hit", c.call)
		}
	}
}
