package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// Check implements store.Store. It reads every row in one snapshot while the
// database is in use. What lies below the rows, pages and indexes, is the
// server's: pg_amcheck looks at that.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	found := &store.CheckError{}
	err := s.view(ctx, func(t *tx) error {
		return sqlrows.Check(sqlrows.New(s.tables, t, false), found, s.place, func() {},
			func() error { return references(t, found) })
	})
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return err
	}
	if err != nil {
		found.Add(store.FindingFile, s.place, "%v", err)
	}
	if len(found.Findings) > 0 {
		return found
	}
	return nil
}

// references looks for rows whose parent is not there: the server keeps that, but
// not when somebody switched its triggers off.
func references(t *tx, found *store.CheckError) error {
	for _, table := range []string{"aliases", "files", "heads", "histories", "manifests", "sticky"} {
		err := t.Query("SELECT DISTINCT subject FROM "+table+` AS c
			WHERE NOT EXISTS (SELECT 1 FROM subjects WHERE subject = c.subject)`, nil, func(scan sqlrows.Scan) error {
			var subject string
			if err := scan(&subject); err != nil {
				return err
			}
			found.Add(store.FindingReference, fmt.Sprintf("%s %q", table, subject), "names a row of subjects that is not there")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return t.Query(`SELECT DISTINCT issuer, number FROM list_pages AS c
		WHERE NOT EXISTS (SELECT 1 FROM lists WHERE issuer = c.issuer AND number = c.number)`, nil, func(scan sqlrows.Scan) error {
		var issuer string
		var number int64
		if err := scan(&issuer, &number); err != nil {
			return err
		}
		found.Add(store.FindingReference, fmt.Sprintf("list_pages %q/%d", issuer, number), "names a row of lists that is not there")
		return nil
	})
}
