package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// session is one connection with its prepared statements. It is used by one
// goroutine at a time.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// dsn builds the name of the file for the driver. Writers and readers differ in
// one pragma only, so that a defect cannot write through a reader.
func dsn(path string, busy time.Duration, readOnly bool) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a drive letter
	}
	q := url.Values{}
	q.Set("_defensive", "1")
	q.Set("_dqs", "0")
	q.Set("_error_rc", "1")
	q.Set("_busy_timeout", strconv.FormatInt(busy.Milliseconds(), 10))
	q.Set("_foreign_keys", "1")
	q.Set("_synchronous", "FULL")
	for _, pragma := range []string{
		"fullfsync(1)",            // on macOS fsync alone does not reach the platter
		"checkpoint_fullfsync(1)", //
		"wal_autocheckpoint(0)",   // we checkpoint ourselves and see its errors
		"journal_size_limit(67108864)",
		"temp_store(2)",         // sorting needs no space on a full disk
		"secure_delete(1)",      // erased rows are overwritten
		"cell_size_check(1)",    // damage in a page is noticed when it is read
		"trusted_schema(0)",     // nothing in the schema may call functions
		"mmap_size(0)",          // a read error is an error, not a signal
		"recursive_triggers(0)", //
	} {
		q.Add("_pragma", pragma)
	}
	if readOnly {
		q.Set("_query_only", "1")
	}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String(), nil
}

func openPool(path string, busy time.Duration, readOnly bool, size int) (*sql.DB, error) {
	name, err := dsn(path, busy, readOnly)
	if err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

func newSession(ctx context.Context, db *sql.DB) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, stmts: make(map[string]*sql.Stmt)}, nil
}

// stmt returns the prepared form of query. The set of queries is fixed by the
// program, so the map is bounded.
func (s *session) stmt(query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// exec runs a prepared statement. ctx bounds waiting for a lock of another
// process; pass a context without end to keep a statement from being cut short.
func (s *session) exec(ctx context.Context, query string, args ...any) (int64, error) {
	st, err := s.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// rollback ends the transaction that may be open. It reports whether the
// connection is known to be without one.
func (s *session) rollback() bool {
	_, err := s.exec(context.Background(), "ROLLBACK")
	var e *sqlite.Error
	// The engine ends a transaction by itself after some errors; then ROLLBACK
	// fails with the generic code.
	return err == nil || errors.As(err, &e) && e.Code() == sqlite3.SQLITE_ERROR
}

// reset drops the prepared statements, whose plans belong to an older schema.
func (s *session) reset() {
	for q, st := range s.stmts {
		_ = st.Close()
		delete(s.stmts, q)
	}
}

func (s *session) close() error {
	s.reset()
	if err := s.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("sqlite: close connection: %w", err)
	}
	return nil
}

// discard closes the connection for good instead of giving it back to the pool.
func (s *session) discard() {
	s.reset()
	_ = s.conn.Raw(func(any) error { return errBroken })
	_ = s.conn.Close()
}
