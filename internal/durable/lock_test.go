package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestLockInOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != strconv.Itoa(os.Getpid())+"\n" {
		t.Errorf("the lock file holds %q, %v", b, err)
	}
	_, err = Lock(path)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("second lock: got %v, want ErrLocked", err)
	}
	if want := fmt.Sprintf("durable: already in use: %s is held by process %d", path, os.Getpid()); err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	other, err := Lock(path + "2")
	if err != nil {
		t.Errorf("a lock elsewhere: %v", err)
	} else if err := other.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := first.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 0 {
		t.Errorf("after closing, the lock file holds %q, %v", b, err)
	}
	again, err := Lock(path)
	if err != nil {
		t.Fatalf("after closing: %v", err)
	}
	// Closing the first handle once more must not free the second lock.
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestLockOfTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	other := startLocker(t, path)
	if other.said != "locked" {
		t.Fatalf("the second process: %s", other.said)
	}
	_, err := Lock(path)
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	if want := fmt.Sprintf("%v: %s is held by process %d", ErrLocked, path, other.cmd.Process.Pid); err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	other.kill()
	mine, err := Lock(path)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	third := startLocker(t, path)
	if want := fmt.Sprintf("%v: %s is held by process %d", ErrLocked, path, os.Getpid()); third.said != want {
		t.Errorf("the third process said %q, want %q", third.said, want)
	}
	if err := mine.Close(); err != nil {
		t.Fatal(err)
	}
	fourth := startLocker(t, path)
	if fourth.said != "locked" {
		t.Errorf("after closing: %s", fourth.said)
	}
	fourth.end()
	last, err := Lock(path)
	if err != nil {
		t.Fatalf("after the holder left: %v", err)
	}
	if err := last.Close(); err != nil {
		t.Error(err)
	}
}

func TestOnlyOneProcessGetsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	locked := 0
	for range 5 {
		if startLocker(t, path).said == "locked" {
			locked++
		}
	}
	if locked != 1 {
		t.Errorf("%d processes hold the lock", locked)
	}
}

func TestLockNamesNoProcessItCannotRead(t *testing.T) {
	for _, text := range []string{"", "12", "x\n", "-5\n", "99999999999999999999\n"} {
		path := filepath.Join(t.TempDir(), "lock")
		held, err := Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = Lock(path)
		if want := ErrLocked.Error() + ": " + path; !errors.Is(err, ErrLocked) || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
		if err := held.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLockWithoutFolder(t *testing.T) {
	_, err := Lock(filepath.Join(t.TempDir(), "none", "lock"))
	if !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
