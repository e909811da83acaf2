package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bonafide-id/bonafide/store"
)

// Backup writes a copy of one snapshot to path while the store is in use: a
// complete store that Open accepts, compacted, readable by this user only. The
// copy appears under its name when it is whole and on the disk. A file that is
// already at path is never replaced (store.ErrExists); store.ErrFull and
// store.ErrReadOnly concern the disk of path.
//
// Whoever restores a copy closes every list that is open in it first: indices
// given since then are unknown to the copy.
func (s *Store) Backup(ctx context.Context, path string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup to %s: %w", path, store.ErrExists)
	}
	// A file in the same folder, empty, so that the copy is private from its
	// first byte: the engine writes into an empty file.
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".backup-*")
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("backup to %s: %w: %v", path, store.ErrNotFound, err)
		}
		return fmt.Errorf("backup to %s: %w: %v", path, probe(dir), err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
		_ = os.Remove(f.Name() + "-journal")
	}()
	// A connection of its own: readers may not write, not even elsewhere.
	pool, err := openPool(s.path, s.cfg.BusyTimeout, false, 1)
	if err != nil {
		return fmt.Errorf("backup to %s: %w: %v", path, store.ErrInvalid, err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, "VACUUM INTO ?", f.Name()); err != nil {
		// Its own mapping: trouble of that disk says nothing about ours.
		if err = translate(err, dir); errors.Is(err, store.ErrFatal) {
			err = fmt.Errorf("%w: %s", store.ErrIO, err.Error())
		}
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("backup to %s: %w: %v", path, probe(dir), err)
	}
	// A link fails where a rename would replace; file systems without links get
	// the rename.
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("backup to %s: %w", path, store.ErrExists)
	} else if err != nil {
		if err := os.Rename(f.Name(), path); err != nil {
			return fmt.Errorf("backup to %s: %w: %v", path, store.ErrIO, err)
		}
	}
	return syncDir(dir)
}
