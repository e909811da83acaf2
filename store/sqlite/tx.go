package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"

	"github.com/bonafide-id/bonafide/store"
)

// tx implements store.Tx on one session.
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

var _ store.Tx = (*tx)(nil)

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

// exec runs a statement that writes and returns the number of rows concerned.
func (t *tx) exec(query string, args ...any) (int64, error) {
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

// rows calls each for every row until it fails.
func (t *tx) rows(query string, args []any, each func(scan func(...any) error) error) error {
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

// prepare checks a row about to be written.
func prepare[T any](t *tx, c *codec[T], row *T) ([]any, error) {
	if !t.write {
		return nil, store.ErrViewOnly
	}
	return c.args(row)
}

// upsert inserts or replaces.
func upsert[T any](t *tx, c *codec[T], row T) error {
	args, err := prepare(t, c, &row)
	if err != nil {
		return err
	}
	if _, err := t.exec(c.upsertSQL, args...); err != nil {
		return fmt.Errorf("%s: %w", c.name(&row), err)
	}
	return nil
}

// insert is ErrExists when any unique value of the row is taken.
func insert[T any](t *tx, c *codec[T], row T) error {
	args, err := prepare(t, c, &row)
	if err != nil {
		return err
	}
	n, err := t.exec(c.insertSQL, args...)
	if err == nil && n == 0 {
		err = store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.name(&row), err)
	}
	return nil
}

// get returns the row with this key.
func get[T any](t *tx, c *codec[T], key ...any) (T, error) {
	row, err := one(t, c, c.getSQL, key...)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%s %.200q: %w", c.table, fmt.Sprint(key...), store.ErrNotFound)
	}
	return row, err
}

// one returns the row that a full query selects.
func one[T any](t *tx, c *codec[T], query string, args ...any) (T, error) {
	var zero T
	if err := t.ready(); err != nil {
		return zero, err
	}
	st, err := t.session.stmt(query)
	if err != nil {
		return zero, t.note(err)
	}
	row, err := c.read(st.QueryRowContext(context.Background(), args...).Scan, false)
	if err != nil {
		return zero, t.note(err)
	}
	return row, nil
}

// list returns the rows that a full query selects; light leaves out bodies.
func list[T any](t *tx, c *codec[T], light bool, query string, args ...any) ([]T, error) {
	var out []T
	err := t.rows(query, args, func(scan func(...any) error) error {
		row, err := c.read(scan, light)
		if err == nil {
			out = append(out, row)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// page turns a limit of the caller into one of ours.
func page(limit int) int64 {
	if limit <= 0 || limit > store.MaxPage {
		return store.MaxPage
	}
	return int64(limit)
}
