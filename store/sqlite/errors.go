package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/bonafide-id/bonafide/store"
)

// isSentinel reports errors that need no translation.
func isSentinel(err error) bool {
	for _, e := range []error{store.ErrCorrupt, store.ErrFull, store.ErrReadOnly, store.ErrIO, store.ErrFatal,
		store.ErrSchema, store.ErrLocked, store.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return logical(err)
}

// logical reports errors that concern one row: the transaction goes on and may
// still commit.
func logical(err error) bool {
	for _, e := range []error{store.ErrNotFound, store.ErrExists, store.ErrConflict, store.ErrInvalid, store.ErrViewOnly} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// translate maps an error of the driver to a sentinel of package store, keeping
// the text of the engine, and remembers a failed fsync.
func (s *Store) translate(err error) error {
	err = translate(err, s.dir)
	if errors.Is(err, store.ErrFatal) {
		s.fatal.Store(true)
	}
	return err
}

// translate is the same for a file in dir. Errors that are no driver errors (a
// value that cannot be what its column says) are damage.
func translate(err error, dir string) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || isSentinel(err) {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return fmt.Errorf("%w: connection lost: %v", store.ErrIO, err)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	if sentinel := classify(e.Code(), dir); sentinel != nil {
		return fmt.Errorf("%w: %v", sentinel, err)
	}
	return fmt.Errorf("sqlite: %w", err)
}

// classify maps an extended result code, nil when no sentinel fits.
func classify(code int, dir string) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return store.ErrNotFound
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return store.ErrExists
	case sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC:
		return store.ErrFatal
	case sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA:
		return store.ErrCorrupt
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return store.ErrCorrupt
	case sqlite3.SQLITE_FULL:
		return store.ErrFull
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return store.ErrReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return store.ErrLocked
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return store.ErrInvalid
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		// The engine does not tell which system error it met: ask the disk.
		return probe(dir)
	}
	return nil
}

// probe writes a little file into dir and says which state of the disk keeps
// the engine from writing.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".probe-*")
	if err == nil {
		_, err = f.Write(make([]byte, 64<<10))
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		_ = os.Remove(f.Name())
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return store.ErrFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return store.ErrReadOnly
	}
	return store.ErrIO
}
