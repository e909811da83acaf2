package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// Check implements store.Store. It works on one snapshot while the store is in
// use, and needs time in proportion to the size of the file.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	found := &store.CheckError{}
	err := s.view(ctx, func(t *tx) error {
		return sqlrows.Check(sqlrows.New(s.tables, t, false), found, s.path, func() { t.failed = nil },
			func() error { return checkPages(t, found) }, func() error { return checkReferences(t, found) })
	})
	if err != nil {
		if !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		// Not even the snapshot could be read.
		found.Add(store.FindingFile, s.path, "%v", err)
	}
	if len(found.Findings) > 0 {
		return found
	}
	return nil
}

// checkPages runs the check of the engine: pages, order of keys, indexes against
// tables.
func checkPages(t *tx, found *store.CheckError) error {
	rows, err := t.session.conn.QueryContext(t.ctx, "PRAGMA integrity_check(100)")
	if err != nil {
		return t.note(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return t.note(err)
		}
		if text != "ok" {
			found.Add(store.FindingFile, t.store.path, "%s", text)
		}
	}
	return t.note(rows.Err())
}

func checkReferences(t *tx, found *store.CheckError) error {
	return t.Query("PRAGMA foreign_key_check", nil, func(scan sqlrows.Scan) error {
		var table, parent string
		var row *int64
		var n int64
		if err := scan(&table, &row, &parent, &n); err != nil {
			return err
		}
		name := table
		if row != nil {
			name = fmt.Sprintf("%s row %d", table, *row)
		}
		found.Add(store.FindingReference, name, "names a row of %s that is not there", parent)
		return nil
	})
}
