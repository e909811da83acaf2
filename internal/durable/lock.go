package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/bonafide-id/bonafide/internal/hint"
)

// ErrLocked means that another process, or another part of this one, holds the
// lock. The text names the process when it can be read. Wait for it, stop it,
// or use another folder; never delete the lock file, that does not free it.
var ErrLocked = hint.New("durable: already in use",
	"Another Bonafide process is using these files; stop it first, or choose another folder.")

// Lock takes the exclusive lock that the file at path stands for, creating the
// file with mode 0600 if it is absent, and returns at once in either case.
// Close gives the lock back; the operating system does so too when the process
// ends in whatever way. The file stays, since deleting it would let two
// processes lock two files of one name; it holds the number of the process
// while it is locked. The lock is advisory: it binds only those who ask for it.
//
// It fails with ErrLocked, or with the error of the operating system (for
// instance where the file system has no locks), wrapped with the path.
func Lock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("durable: lock: %w", err)
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if !errors.Is(err, errHeld) {
			return nil, fmt.Errorf("durable: lock %s: %w", path, err)
		}
		if pid := holder(f); pid > 0 {
			return nil, fmt.Errorf("%w: %s is held by process %d", ErrLocked, path, pid)
		}
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	// The number only helps people; the lock holds without it, for instance on
	// a full disk.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	return &lock{close: sync.OnceValue(func() error {
		_ = f.Truncate(0)
		return f.Close() // closing frees the lock
	})}, nil
}

// lock is a held lock.
type lock struct{ close func() error }

// Close frees the lock; further calls repeat the result of the first.
func (l *lock) Close() error { return l.close() }

// holder reads the number of the process that holds the lock, or 0.
func holder(f *os.File) int {
	var buf [32]byte
	n, _ := f.ReadAt(buf[:], 0) // a short read ends in io.EOF
	line, _, ok := strings.Cut(string(buf[:n]), "\n")
	pid, err := strconv.Atoi(line)
	if !ok || err != nil || pid < 0 {
		return 0
	}
	return pid
}
