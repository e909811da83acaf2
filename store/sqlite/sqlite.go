package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// OpenCheck is how much of the file Open verifies.
type OpenCheck uint8

const (
	// OpenFull verifies every page and compares every index with its table: the
	// only level at which a damaged key cannot hide a row. About 100 MB a second.
	OpenFull OpenCheck = iota
	// OpenQuick verifies every page but not the indexes.
	OpenQuick
	// OpenNone verifies the schema only; for callers that run Check themselves.
	OpenNone
)

// Config has a zero value that works.
type Config struct {
	// Readers is the number of connections for View; 0 means the number of
	// processors, but at least 4.
	Readers int
	// BusyTimeout is how long a write waits for another process before
	// store.ErrLocked; 0 means 5 s.
	BusyTimeout time.Duration
	// OpenCheck is how much of the file is verified at open; 0 means all.
	OpenCheck OpenCheck
	// Logger is told of failed checkpoints and lost connections; nil discards.
	Logger *slog.Logger
}

const (
	checkpointBytes = 4 << 20 // estimated growth of the log after which it is copied back
	walPagesLimit   = 1 << 14 // pages (64 MiB) after which readers are waited for
)

// errBroken makes the pool drop a connection.
var errBroken = driver.ErrBadConn

// Store is a store.Store in one file. Make one with Open.
type Store struct {
	path, dir string
	cfg       Config
	tables    *sqlrows.Tables
	log       *slog.Logger

	wdb, rdb *sql.DB
	writer   chan *session // holds the one writing session while nobody writes
	readers  chan *session // nil: a session that could not be opened again

	fatal atomic.Bool

	// Guarded by possession of the writing session.
	grown    int64 // estimated bytes added to the log since the last checkpoint
	walLimit int64 // pages of the log at which the next restart is tried

	mu     sync.RWMutex // held for reading by every operation
	closed bool
}

var _ store.Store = (*Store)(nil)

// Open opens the file at path, creates it when there is none, and brings its
// schema up to date. The folder must exist. Errors: store.ErrSchema (written by
// a newer program), store.ErrCorrupt (damaged, or not a file of ours),
// store.ErrLocked, store.ErrFull, store.ErrReadOnly, store.ErrIO.
func Open(ctx context.Context, path string, cfg Config) (*Store, error) {
	if cfg.Readers <= 0 {
		cfg.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	if cfg.BusyTimeout <= 0 {
		cfg.BusyTimeout = 5 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		path: path, dir: filepath.Dir(path), cfg: cfg, log: cfg.Logger, tables: sqlrows.NewTables(),
		writer: make(chan *session, 1), readers: make(chan *session, cfg.Readers),
		walLimit: walPagesLimit,
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := s.open(ctx); err != nil {
		_ = s.release()
		err = s.translate(err)
		if !isSentinel(err) && ctx.Err() == nil {
			// Our own statements fail at open only when the file is not what
			// they were written for.
			err = fmt.Errorf("%w: %v", store.ErrCorrupt, err)
		}
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

// createFile makes an empty file that only this user can read, and makes its
// name durable.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %v", store.ErrNotFound, err)
	case err != nil:
		return fmt.Errorf("%w: %v", probe(filepath.Dir(path)), err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("%w: %v", store.ErrIO, err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened for this there
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("%w: %v", store.ErrIO, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("%w: %v", store.ErrIO, err)
	}
	return nil
}

func (s *Store) open(ctx context.Context) error {
	var err error
	if s.wdb, err = openPool(s.path, s.cfg.BusyTimeout, false, 1); err != nil {
		return fmt.Errorf("%w: %v", store.ErrInvalid, err)
	}
	if s.rdb, err = openPool(s.path, s.cfg.BusyTimeout, true, s.cfg.Readers); err != nil {
		return fmt.Errorf("%w: %v", store.ErrInvalid, err)
	}
	w, err := newSession(ctx, s.wdb)
	if err != nil {
		return err
	}
	s.writer <- w
	if err := s.prepareFile(ctx, w); err != nil {
		return err
	}
	w.reset()
	// A log that processes which were killed have left is copied back with the first
	// commit; else it would grow from life to life.
	if info, err := os.Stat(s.path + "-wal"); err == nil {
		s.grown = info.Size()
	}
	// All readers are opened now: on a full disk it might no longer be possible.
	for range s.cfg.Readers {
		r, err := newSession(ctx, s.rdb)
		if err != nil {
			return err
		}
		s.readers <- r
		if _, err := r.stmt(snapshotSQL); err != nil {
			return err
		}
	}
	return nil
}

// release closes whatever is open. The caller has the store for itself.
func (s *Store) release() error {
	var errs []error
	for {
		select {
		case r := <-s.readers:
			if r != nil {
				errs = append(errs, r.close())
			}
			continue
		case w := <-s.writer:
			if w != nil {
				errs = append(errs, w.close())
			}
			continue
		default:
		}
		break
	}
	// The last connection to close copies the log back, so the writer goes last.
	for _, db := range []*sql.DB{s.rdb, s.wdb} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Close waits for running transactions and closes the file. Closing twice is
// harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.translate(s.release())
}

// enter keeps Close waiting; the caller calls s.mu.RUnlock when err is nil.
func (s *Store) enter() error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

// Update implements store.Store. scope is not needed here: all writes of one
// file take turns.
func (s *Store) Update(ctx context.Context, _ string, fn func(store.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	w, err := take(ctx, s.writer)
	if err != nil {
		return err
	}
	defer func() { s.writer <- w }()
	if s.fatal.Load() {
		return store.ErrFatal
	}
	if w == nil {
		if w, err = newSession(ctx, s.wdb); err != nil {
			return s.translate(err)
		}
	}
	if _, err := w.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		if !w.rollback() {
			w.discard()
			w = nil
		}
		return s.translate(err)
	}
	t := &tx{store: s, session: w, ctx: ctx, write: true}
	committed := false
	defer func() { // also when fn panics or ends its goroutine
		t.done = true
		if !committed && !w.rollback() {
			s.log.Warn("sqlite: connection dropped after a failed rollback")
			w.discard()
			w = nil
		}
	}()
	if err := fn(sqlrows.New(s.tables, t, true)); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := faults.Point("store.commit"); err != nil {
		return err
	}
	// From here on the end of ctx changes nothing: the outcome is known.
	if _, err := w.exec(context.Background(), "COMMIT"); err != nil {
		err = s.translate(err)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a row names a subject that is not there: %w", err)
		}
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	s.grown += t.grown
	s.checkpoint(w)
	return faults.Point("store.committed")
}

// checkpoint copies the log back into the file when it has grown. Its failure
// does not concern the commit before it, which is durable in the log; a failed
// fsync stops all later writes.
func (s *Store) checkpoint(w *session) {
	if s.grown < checkpointBytes {
		return
	}
	s.grown = 0
	_, pages, err := walCheckpoint(w, "PRAGMA wal_checkpoint(PASSIVE)")
	if err == nil && pages >= s.walLimit {
		// Readers have kept the log from starting over for long: wait for them
		// once, at most BusyTimeout.
		var busy int64
		if busy, _, err = walCheckpoint(w, "PRAGMA wal_checkpoint(RESTART)"); err == nil && busy == 0 {
			s.walLimit = walPagesLimit
		} else {
			s.walLimit = 2 * pages
		}
	}
	if err != nil {
		s.log.Warn("sqlite: checkpoint", "error", s.translate(err))
	}
}

func walCheckpoint(w *session, pragma string) (busy, pages int64, err error) {
	st, err := w.stmt(pragma)
	if err != nil {
		return 0, 0, err
	}
	var moved int64
	err = st.QueryRowContext(context.Background()).Scan(&busy, &pages, &moved)
	return busy, pages, err
}

// snapshotSQL fixes the snapshot of a read transaction; BEGIN alone does not.
const snapshotSQL = "SELECT number FROM schema_info"

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	return s.view(ctx, func(t *tx) error { return fn(sqlrows.New(s.tables, t, false)) })
}

func (s *Store) view(ctx context.Context, fn func(*tx) error) error {
	r, err := take(ctx, s.readers)
	if err != nil {
		return err
	}
	defer func() { s.readers <- r }()
	if r == nil {
		if r, err = newSession(ctx, s.rdb); err != nil {
			return s.translate(err)
		}
	}
	t := &tx{store: s, session: r, ctx: ctx}
	defer func() {
		t.done = true
		if !r.rollback() {
			s.log.Warn("sqlite: connection dropped after a failed rollback")
			r.discard()
			r = nil
		}
	}()
	if _, err := r.exec(ctx, "BEGIN"); err != nil {
		return s.translate(err)
	}
	var number int64
	if err := t.row(snapshotSQL, nil, &number); err != nil {
		return err
	}
	return fn(t)
}

// take waits for a session until ctx ends. An ended context never gets one.
func take(ctx context.Context, from chan *session) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s := <-from:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
