package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// tx runs the statements of one transaction on one session.
//
// Statements run with a context that never ends: the end of ctx is looked at
// between them. A statement cut short would make the engine roll back by itself,
// and the statements after it would run, and commit, each on its own. For the
// same reason every error that is not about one row is remembered in failed, and
// nothing runs after it.
type tx struct {
	store   *Store
	session *session
	ctx     context.Context
	write   bool
	done    bool
	failed  error
	grown   int64
}

var _ sqlrows.Engine = (*tx)(nil)

// ready is asked before every statement.
func (t *tx) ready() error {
	if t.done {
		return fmt.Errorf("%w: transaction used after its end", store.ErrClosed)
	}
	if t.failed != nil {
		return t.failed
	}
	if err := t.ctx.Err(); err != nil {
		t.failed = err
		return err
	}
	return nil
}

// note translates an error and remembers it when the transaction cannot go on.
// A damaged row does not end it, so that the caller can replace the row; damage
// that the engine meets in the structure of the file does.
func (t *tx) note(err error) error {
	if err == nil {
		return nil
	}
	var e *sqlite.Error
	engine := errors.As(err, &e)
	err = t.store.translate(err)
	if !logical(err) && (engine || !errors.Is(err, store.ErrCorrupt)) && t.failed == nil {
		t.failed = err
	}
	return err
}

// Failed implements sqlrows.Engine.
func (t *tx) Failed() error { return t.failed }

// Exec implements sqlrows.Engine.
func (t *tx) Exec(query string, args ...any) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	if !t.write {
		return 0, store.ErrViewOnly
	}
	n, err := t.session.exec(context.Background(), query, args...)
	if err != nil {
		return 0, t.note(err)
	}
	t.grown += 8 << 10 // two pages, the table's and the index's
	for _, a := range args {
		if b, ok := a.([]byte); ok {
			t.grown += int64(len(b))
		}
	}
	return n, nil
}

// row reads one row into dest.
func (t *tx) row(query string, args []any, dest ...any) error {
	if err := t.ready(); err != nil {
		return err
	}
	st, err := t.session.stmt(query)
	if err != nil {
		return t.note(err)
	}
	return t.note(st.QueryRowContext(context.Background(), args...).Scan(dest...))
}

// Query implements sqlrows.Engine.
func (t *tx) Query(query string, args []any, each func(sqlrows.Scan) error) error {
	if err := t.ready(); err != nil {
		return err
	}
	st, err := t.session.stmt(query)
	if err != nil {
		return t.note(err)
	}
	rows, err := st.QueryContext(context.Background(), args...)
	if err != nil {
		return t.note(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := t.ready(); err != nil {
			return err
		}
		if err := each(rows.Scan); err != nil {
			return t.note(err)
		}
	}
	return t.note(rows.Err())
}
