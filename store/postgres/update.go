package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// tries is how often a transaction is run that the server refuses for the sake
// of order, or that a broken connection ended.
const tries = 12

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, scope string, fn func(store.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	leave, err := s.wait(ctx, scope)
	if err != nil {
		return err
	}
	defer leave()
	lost := 0
	for try := 1; ; try++ {
		err := s.try(ctx, scope, fn)
		var again *errAgain
		if !errors.As(err, &again) || ctx.Err() != nil {
			return err
		}
		// A connection of the pool may have died with its server; when a new one
		// breaks too, the server is away, and the caller is told so at once.
		if errors.Is(err, store.ErrUnreachable) {
			lost++
		}
		if try == tries || lost == 3 {
			return again.err
		}
		if err := pause(ctx, time.Duration(try)*2*time.Millisecond); err != nil {
			return err
		}
	}
}

// pause waits about d.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// again marks what happened before COMMIT was sent: nothing was written.
func again(ctx context.Context, err error) error {
	if err = translate(ctx, err); errors.Is(err, store.ErrUnreachable) {
		return &errAgain{err}
	}
	return err
}

// try runs the transaction once. The error is an errAgain when it surely did not
// happen and may be run again.
func (s *Store) try(ctx context.Context, scope string, fn func(store.Tx) error) error {
	conn, err := s.writers.Acquire(ctx)
	if err != nil {
		return translate(ctx, err)
	}
	// The lock is taken before the transaction begins, because a SERIALIZABLE one
	// sees the state at its first statement: taken inside, it would be gained
	// together with an outdated view. It keeps the line; that nothing is done
	// twice is kept by SERIALIZABLE alone.
	key := s.lockKey("scope", scope)
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		s.drop(conn)
		return again(ctx, err)
	}
	sound := false // the connection may be used again
	defer func() {
		if sound {
			sound = s.unlock(conn, key)
		}
		if !sound {
			s.drop(conn)
		}
	}()
	id, err := begin(ctx, conn.Conn())
	if err != nil {
		return again(ctx, err)
	}
	t := &tx{store: s, conn: conn.Conn(), ctx: ctx}
	ended := false
	defer func() { // also when fn panics or ends its goroutine
		t.done = true
		if !ended {
			rctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			sound = simple(rctx, conn.Conn(), "ROLLBACK") == nil
		}
	}()
	if err := fn(sqlrows.New(s.tables, t, true)); err != nil {
		// An error of fn that came of the server's refusal is not fn's own.
		var refused *errAgain
		if errors.As(t.failed, &refused) {
			return t.failed
		}
		if t.failed != nil && errors.Is(t.failed, store.ErrUnreachable) {
			return &errAgain{t.failed}
		}
		return err
	}
	if t.failed != nil {
		return again(ctx, t.failed)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := faults.Point("store.commit"); err != nil {
		return err
	}
	ended = true
	sound, err = s.commit(ctx, conn.Conn(), id)
	if err != nil {
		return err
	}
	return faults.Point("store.committed")
}

// drop closes a connection for good: the server then ends its transaction and
// releases its locks.
func (s *Store) drop(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Hijack().Close(ctx)
}

func (s *Store) unlock(conn *pgxpool.Conn, key int64) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key); err != nil {
		return false
	}
	conn.Release()
	return true
}

// begin opens a transaction and learns its number, under which the server can be
// asked for it later.
func begin(ctx context.Context, conn *pgx.Conn) (id string, err error) {
	results, err := conn.PgConn().Exec(ctx, "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; SELECT pg_current_xact_id()").ReadAll()
	if err != nil {
		return "", err
	}
	if len(results) != 2 || len(results[1].Rows) != 1 || len(results[1].Rows[0]) != 1 {
		return "", fmt.Errorf("%w: the server did not say the number of the transaction", store.ErrIO)
	}
	return string(results[1].Rows[0][0]), nil
}

// commitWait is how long a COMMIT may take before the connection counts as broken.
const commitWait = time.Minute

// commit ends the transaction, and the end of ctx changes nothing any more. When
// the answer does not come, or comes from a server that is going down, another
// connection asks what became of it.
func (s *Store) commit(ctx context.Context, conn *pgx.Conn, id string) (sound bool, err error) {
	ctx = context.WithoutCancel(ctx)
	cctx, cancel := context.WithTimeout(ctx, commitWait)
	results, err := conn.PgConn().Exec(cctx, "COMMIT").ReadAll()
	cancel()
	if err == nil {
		if len(results) == 1 && results[0].CommandTag.String() == "COMMIT" {
			return true, nil
		}
		return true, fmt.Errorf("%w: the server rolled the transaction back", store.ErrIO)
	}
	var e *pgconn.PgError
	if errors.As(err, &e) && e.SeverityUnlocalized == "ERROR" && !conn.IsClosed() {
		if err = translate(ctx, err); errors.Is(err, store.ErrNotFound) {
			err = fmt.Errorf("a row names a subject that is not there: %w", err)
		}
		return true, err
	}
	s.log.Warn("postgres: no answer to COMMIT; asking what became of it", "transaction", id, "err", err)
	committed, rerr := s.became(ctx, id)
	switch {
	case rerr != nil:
		return false, rerr
	case committed:
		return false, nil
	}
	return false, &errAgain{fmt.Errorf("%w: %w", store.ErrUnreachable, err)}
}

// became learns whether a transaction was committed. One that is still in
// progress, because its server process has not noticed that the connection is
// gone, is ended after a while: then it is one or the other.
func (s *Store) became(ctx context.Context, id string) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.InDoubt)
	defer cancel()
	waited := time.Duration(0)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		status, err := s.statusOf(ctx, id)
		var e *pgconn.PgError
		switch {
		case errors.As(err, &e) && e.Code == "22023":
			// Not known here: a server that took over without it.
			return false, nil
		case err == nil && status == "committed":
			return true, nil
		case err == nil && status == "aborted":
			return false, nil
		case err == nil && status == "in progress" && waited > 2*time.Second:
			_, _ = s.readers.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = $1::text::xid8::xid", id)
		}
		if werr := pause(ctx, wait); werr != nil {
			return false, fmt.Errorf("%w: transaction %s: %v", store.ErrInDoubt, id, err)
		}
		waited += wait
	}
}

// statusOf asks for the status of a transaction: committed, aborted or in
// progress.
func (s *Store) statusOf(ctx context.Context, id string) (string, error) {
	var status *string
	// Only the server that writes knows.
	err := s.readers.QueryRow(ctx, "SELECT pg_xact_status($1::text::xid8) WHERE NOT pg_is_in_recovery()", id).Scan(&status)
	switch {
	case err != nil:
		return "", err
	case status == nil:
		return "", fmt.Errorf("%w: the server no longer knows transaction %s", store.ErrInDoubt, id)
	}
	return *status, nil
}
