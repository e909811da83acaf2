package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// tx runs the statements of one transaction on one connection. After an error
// of the server the transaction is dead there, so it is remembered and nothing
// runs after it.
type tx struct {
	store  *Store
	conn   *pgx.Conn
	ctx    context.Context
	done   bool
	failed error
}

var _ sqlrows.Engine = (*tx)(nil)

// Failed implements sqlrows.Engine.
func (t *tx) Failed() error { return t.failed }

// ready is asked before every statement.
func (t *tx) ready() error {
	if t.done {
		return fmt.Errorf("%w: transaction used after its end", store.ErrClosed)
	}
	if t.failed == nil {
		t.failed = t.ctx.Err()
	}
	return t.failed
}

// fail remembers an error of the server.
func (t *tx) fail(err error) error {
	if err == nil {
		return nil
	}
	err = translate(t.ctx, err)
	if t.failed == nil {
		t.failed = err
	}
	return err
}

// Exec implements sqlrows.Engine.
func (t *tx) Exec(query string, args ...any) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	if !keepable(args) {
		return 0, nil // no row can have such a text
	}
	tag, err := t.conn.Exec(t.ctx, t.store.text(query), args...)
	if err != nil {
		return 0, t.fail(err)
	}
	return tag.RowsAffected(), nil
}

// Query implements sqlrows.Engine.
func (t *tx) Query(query string, args []any, each func(sqlrows.Scan) error) error {
	if err := t.ready(); err != nil {
		return err
	}
	if !keepable(args) {
		return nil
	}
	rows, err := t.conn.Query(t.ctx, t.store.text(query), args...)
	if err != nil {
		return t.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := t.ready(); err != nil {
			return err
		}
		if err := each(rows.Scan); err != nil {
			// What concerns one row leaves the transaction as it is.
			if rows.Err() == nil {
				return translate(t.ctx, err)
			}
			return t.fail(err)
		}
	}
	return t.fail(rows.Err())
}

// keepable reports whether the server takes the texts: UTF-8 without NUL. Rows
// are checked before they are written; this is about keys that are looked for.
func keepable(args []any) bool {
	for _, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return false
		}
	}
	return true
}

// text spells the arguments of a query as this server does.
func (s *Store) text(query string) string {
	if t, ok := s.texts.Load(query); ok {
		return t.(string)
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	s.texts.Store(query, b.String())
	return b.String()
}
