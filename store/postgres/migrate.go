package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-id/bonafide/internal/faults"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrate applies the steps that the database lacks, each in one transaction. A
// lock of the session keeps other nodes waiting that start at the same time.
func (s *Store) migrate(ctx context.Context, conn *pgx.Conn) (err error) {
	steps, err := sqlrows.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	key := s.lockKey("schema", "")
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return err
	}
	defer func() {
		_, uerr := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", key)
		if err == nil {
			err = uerr
		}
	}()
	have, err := schemaNumber(ctx, conn)
	if err != nil {
		return err
	}
	if newest := int64(len(steps)); have > newest {
		return fmt.Errorf("%w: schema %d, this program knows %d", store.ErrSchema, have, newest)
	}
	for _, step := range steps[have:] {
		if err := apply(ctx, conn, step); err != nil {
			return fmt.Errorf("schema %s: %w", step.Name, err)
		}
	}
	return nil
}

// schemaNumber is the number of the last step applied, 0 in an empty schema. A
// schema with tables of somebody else's is refused before anything is written.
func schemaNumber(ctx context.Context, conn *pgx.Conn) (n int64, err error) {
	var ours bool
	var tables int
	err = conn.QueryRow(ctx, `SELECT count(*) FILTER (WHERE table_name = 'schema_info') > 0, count(*)
		FROM information_schema.tables WHERE table_schema = current_schema()`).Scan(&ours, &tables)
	switch {
	case err != nil:
		return 0, err
	case !ours && tables > 0:
		return 0, fmt.Errorf("%w: the schema has %d tables that are not of this program; use a database or schema of its own", store.ErrInvalid, tables)
	case !ours:
		return 0, nil
	}
	err = conn.QueryRow(ctx, "SELECT number FROM schema_info WHERE id = 1").Scan(&n)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && n < 1 {
		return 0, fmt.Errorf("%w: schema_info does not say a number", store.ErrCorrupt)
	}
	return n, err
}

func apply(ctx context.Context, conn *pgx.Conn, step sqlrows.Migration) error {
	t, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = t.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := t.Exec(ctx, step.SQL); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, `INSERT INTO schema_info (id, number) VALUES (1, $1)
		ON CONFLICT (id) DO UPDATE SET number = excluded.number`, step.Number); err != nil {
		return err
	}
	if err := faults.Point("store.migrate"); err != nil {
		return err
	}
	return t.Commit(ctx)
}
