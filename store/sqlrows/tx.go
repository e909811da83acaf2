package sqlrows

import (
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/store"
)

// Scan copies the columns of one row.
type Scan func(dest ...any) error

// Engine runs statements inside one open transaction. Its errors are those of
// package store. After an error that is not about one row every later call
// fails with the same, so that nothing is committed that did not all happen.
type Engine interface {
	// Exec runs a statement that writes and returns the number of rows concerned.
	Exec(query string, args ...any) (int64, error)
	// Query calls each for every row until it fails. each runs no statement.
	Query(query string, args []any, each func(Scan) error) error
	// Failed is the error after which nothing runs any more, nil while all is well.
	Failed() error
}

// Tx implements store.Tx over an engine.
type Tx struct {
	e      Engine
	tables *Tables
	write  bool
}

var _ store.Tx = (*Tx)(nil)

// New makes the transaction that a callback is given. With write unset every
// method that writes is store.ErrViewOnly.
func New(tables *Tables, e Engine, write bool) *Tx { return &Tx{e: e, tables: tables, write: write} }

// exec runs a statement that writes.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	if !t.write {
		return 0, store.ErrViewOnly
	}
	return t.e.Exec(query, args...)
}

// row reads one row into dest, or is store.ErrNotFound.
func (t *Tx) row(query string, args []any, dest ...any) error {
	found := false
	err := t.e.Query(query, args, func(scan Scan) error {
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return err
}

// prepare checks a row about to be written.
func prepare[T any](t *Tx, c *codec[T], row *T) ([]any, error) {
	if !t.write {
		return nil, store.ErrViewOnly
	}
	return c.args(row)
}

// upsert inserts or replaces.
func upsert[T any](t *Tx, c *codec[T], row T) error {
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
func insert[T any](t *Tx, c *codec[T], row T) error {
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
func get[T any](t *Tx, c *codec[T], key ...any) (T, error) {
	row, err := one(t, c, c.getSQL, key...)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%s %.200q: %w", c.table, fmt.Sprint(key...), store.ErrNotFound)
	}
	return row, err
}

// one returns the row that a full query selects.
func one[T any](t *Tx, c *codec[T], query string, args ...any) (T, error) {
	var row, zero T
	found := false
	err := t.e.Query(query, args, func(scan Scan) (err error) {
		found = true
		row, err = c.read(scan, false)
		return err
	})
	if err != nil {
		return zero, err
	}
	if !found {
		return zero, store.ErrNotFound
	}
	return row, nil
}

// list returns the rows that a full query selects; light leaves out bodies.
func list[T any](t *Tx, c *codec[T], light bool, query string, args ...any) ([]T, error) {
	var out []T
	err := t.e.Query(query, args, func(scan Scan) error {
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
