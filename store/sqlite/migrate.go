package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// applicationID marks our files in their header ("BNFD").
const applicationID = 0x424e4644

// prepareFile makes sure that the file is ours, in the write-ahead mode, of the
// schema of this program, and undamaged.
func (s *Store) prepareFile(ctx context.Context, w *session) error {
	steps, err := sqlrows.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	if err := checkOwner(ctx, w.conn, int64(len(steps))); err != nil {
		return err
	}
	if err := s.useWAL(ctx, w.conn); err != nil {
		return err
	}
	if err := migrate(ctx, w.conn, steps); err != nil {
		return err
	}
	if err := checkSchema(ctx, w.conn, int64(len(steps))); err != nil {
		return err
	}
	switch s.cfg.OpenCheck {
	case OpenFull:
		return checkFile(ctx, w.conn, "integrity_check")
	case OpenQuick:
		return checkFile(ctx, w.conn, "quick_check")
	}
	return nil
}

// checkOwner refuses foreign files before anything is written to them.
func checkOwner(ctx context.Context, c *sql.Conn, newest int64) error {
	id, err := pragma(ctx, c, "application_id")
	if err != nil {
		return err
	}
	version, err := pragma(ctx, c, "user_version")
	if err != nil {
		return err
	}
	var objects int64
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&objects); err != nil {
		return err
	}
	switch {
	case objects == 0 && id == 0 && version == 0:
		return nil // new
	case id != applicationID:
		return fmt.Errorf("%w: not a store of this program (application id %#x)", store.ErrCorrupt, id)
	case version > newest:
		return fmt.Errorf("%w: schema %d, this program knows %d", store.ErrSchema, version, newest)
	}
	return nil
}

// useWAL switches to the write-ahead log, which stays in force for the file.
// The switch needs the file for itself and does not wait for it.
func (s *Store) useWAL(ctx context.Context, c *sql.Conn) error {
	limit := time.NewTimer(s.cfg.BusyTimeout)
	defer limit.Stop()
	for {
		var mode string
		err := c.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil && mode == "wal" {
			return nil
		}
		if err == nil {
			return fmt.Errorf("%w: the file cannot use a write-ahead log (mode %s)", store.ErrIO, mode)
		}
		if !errors.Is(s.translate(err), store.ErrLocked) {
			return err
		}
		again := time.NewTimer(10 * time.Millisecond)
		select {
		case <-again.C:
			continue
		case <-ctx.Done():
			err = ctx.Err()
		case <-limit.C:
		}
		again.Stop()
		return err
	}
}

// migrate applies the steps that the file lacks, each in one transaction, which
// also waits for another process that does the same.
func migrate(ctx context.Context, c *sql.Conn, steps []sqlrows.Migration) error {
	for _, step := range steps {
		if err := migrateStep(ctx, c, step); err != nil {
			return fmt.Errorf("schema %s: %w", step.Name, err)
		}
	}
	return nil
}

func migrateStep(ctx context.Context, c *sql.Conn, step sqlrows.Migration) (err error) {
	// Reading first spares an open without migrations the write lock.
	version, err := pragma(ctx, c, "user_version")
	if err != nil || version >= step.Number {
		return err
	}
	if _, err := c.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = c.ExecContext(context.Background(), "ROLLBACK")
		}
	}()
	if version, err = pragma(ctx, c, "user_version"); err != nil {
		return err
	}
	if version < step.Number {
		if _, err := c.ExecContext(ctx, step.SQL); err != nil {
			return err
		}
		header := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, step.Number)
		if _, err := c.ExecContext(ctx, header); err != nil {
			return err
		}
		digest, err := schemaDigest(ctx, c)
		if err != nil {
			return err
		}
		if _, err := c.ExecContext(ctx, `INSERT INTO schema_info (id, number, digest) VALUES (1, ?, ?)
			ON CONFLICT (id) DO UPDATE SET number = excluded.number, digest = excluded.digest`, step.Number, digest); err != nil {
			return err
		}
	}
	if err := faults.Point("store.migrate"); err != nil {
		return err
	}
	_, err = c.ExecContext(context.Background(), "COMMIT")
	return err
}

// checkSchema compares the schema with what the migrations left, so that damage
// in its text cannot change what a column means.
func checkSchema(ctx context.Context, c *sql.Conn, newest int64) error {
	var number int64
	var want []byte
	if err := c.QueryRowContext(ctx, "SELECT number, digest FROM schema_info").Scan(&number, &want); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	got, err := schemaDigest(ctx, c)
	if err != nil {
		return err
	}
	if number != newest || !bytes.Equal(got, want) {
		return fmt.Errorf("%w: the schema is not number %d as it was written", store.ErrCorrupt, newest)
	}
	return nil
}

// schemaDigest hashes every object of the schema.
func schemaDigest(ctx context.Context, c *sql.Conn) ([]byte, error) {
	rows, err := c.QueryContext(ctx, `SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema
		ORDER BY type, name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	h := sha256.New()
	for rows.Next() {
		var kind, name, table, text string
		if err := rows.Scan(&kind, &name, &table, &text); err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%q %q %q %q\n", kind, name, table, text)
	}
	return h.Sum(nil), rows.Err()
}

// checkFile runs one of the engine's own checks.
func checkFile(ctx context.Context, c *sql.Conn, name string) error {
	rows, err := c.QueryContext(ctx, "PRAGMA "+name+"(1)")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			return fmt.Errorf("%w: %s", store.ErrCorrupt, text)
		}
	}
	return rows.Err()
}

func pragma(ctx context.Context, c *sql.Conn, name string) (int64, error) {
	var n int64
	err := c.QueryRowContext(ctx, "PRAGMA "+name).Scan(&n)
	return n, err
}
