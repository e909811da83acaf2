package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// TestMigrations applies steps one by one, fails in the middle, and is refused
// by an older program.
func TestMigrations(t *testing.T) {
	ctx := context.Background()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	real, err := sqlrows.Migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	known := int64(len(real))
	load := func(next string) []sqlrows.Migration {
		t.Helper()
		return append(slices.Clone(real), sqlrows.Migration{Number: known + 1, Name: "next.sql", SQL: next})
	}
	path := filepath.Join(t.TempDir(), "store.db")
	s := openTest(t, path)
	if err := putMeta(s, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	w := <-s.writer
	broken := load("CREATE TABLE extra (a TEXT) STRICT; INSERT INTO extra VALUES ('x'); CREATE TABLE metas (a TEXT)")
	if err := migrate(ctx, w.conn, broken); err == nil || !strings.Contains(err.Error(), "next.sql") {
		t.Errorf("broken step = %v, want an error that names it", err)
	}
	if err := checkSchema(ctx, w.conn, known); err != nil {
		t.Errorf("after a step that failed half-way: %v", err)
	}
	good := load("CREATE TABLE extra (a TEXT) STRICT")
	for range 2 { // the second time there is nothing to do
		if err := migrate(ctx, w.conn, good); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkSchema(ctx, w.conn, known+1); err != nil {
		t.Error(err)
	}
	s.writer <- w
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, path, Config{}); !errors.Is(err, store.ErrSchema) {
		t.Errorf("opening a file of a newer program = %v, want ErrSchema", err)
	}
	for name, files := range map[string]fstest.MapFS{
		"gap":       {"migrations/0001_a.sql": file(""), "migrations/0003_b.sql": file("")},
		"twin":      {"migrations/0001_a.sql": file(""), "migrations/0001_b.sql": file("")},
		"no number": {"migrations/first.sql": file("")},
	} {
		if _, err := sqlrows.Migrations(files); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestRowsOfAnOlderProgram opens a file with the first schema; its rows keep
// their sums.
func TestRowsOfAnOlderProgram(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := sqlrows.Migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(ctx, c, steps[:1]); err != nil {
		t.Fatal(err)
	}
	// The sums are those that a program of that schema wrote.
	row := store.Issued{Issuer: "s", ID: "urn:1", List: -1, LocalRef: "a", At: 5, Type: "T"}
	_, err1 := c.ExecContext(ctx, `INSERT INTO issuers (subject, did, name, state, config, created, sum)
		VALUES ('s', 'did:example:s', '', 'live', x'', 0, 2933984918890452264)`)
	_, err2 := c.ExecContext(ctx, `INSERT INTO issued (issuer, id, list, idx, local_ref, at, type, valid_until, sum)
		VALUES ('s', 'urn:1', -1, 0, 'a', 5, 'T', 0, -3457712009812489541)`)
	if err := errors.Join(err1, err2, c.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	s := openTest(t, path)
	err = s.View(ctx, func(tx store.Tx) error {
		got, err := tx.GetIssued("s", "urn:1")
		if got != row {
			t.Errorf("%+v", got)
		}
		return err
	})
	if err := errors.Join(err, s.Check(ctx)); err != nil {
		t.Error(err)
	}
}

// TestOpenRefuses opens what is not ours.
func TestOpenRefuses(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 300)), 0o600); err != nil {
		t.Fatal(err)
	}
	schema := filepath.Join(dir, "schema.db")
	s := openTest(t, schema)
	sqlOnWriter(t, s, "DROP INDEX changes_list")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		path string
		want error
	}{
		{"database of another program", ctx, foreign, store.ErrCorrupt},
		{"no database", ctx, text, store.ErrCorrupt},
		{"index missing", ctx, schema, store.ErrCorrupt},
		{"folder missing", ctx, filepath.Join(dir, "none", "store.db"), store.ErrNotFound},
		{"a folder", ctx, dir, store.ErrIO},
		{"ended context", cancelled, filepath.Join(dir, "new.db"), context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(c.ctx, c.path, Config{})
			if !errors.Is(err, c.want) {
				t.Errorf("Open = %v, want %v", err, c.want)
			}
			if s != nil {
				t.Error("a store came with the error")
			}
		})
	}
	if after, err := os.ReadFile(foreign); err != nil || string(after) != string(before) {
		t.Errorf("the foreign file was changed (%v)", err)
	}
}

// TestSettings reads back what durability depends on, on every connection.
func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name ?&#%41 \u00fc.db")
	s := openTest(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatalf("the file is not where it was asked for: %v", err)
	}
	if runtime.GOOS != "windows" && info.Mode() != fs.FileMode(0o600) {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if wal, err := os.Stat(path + "-wal"); err != nil || runtime.GOOS != "windows" && wal.Mode() != 0o600 {
		t.Errorf("log file: %v, %v; want mode 0600", wal, err)
	}
	check := func(c *sql.Conn, queryOnly string) {
		t.Helper()
		for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1",
			"fullfsync": "1", "checkpoint_fullfsync": "1", "trusted_schema": "0", "cell_size_check": "1", "temp_store": "2",
			"wal_autocheckpoint": "0", "busy_timeout": "200", "query_only": queryOnly} {
			if got := queryStrings(t, c, "PRAGMA "+name); len(got) != 1 || got[0] != want {
				t.Errorf("%s = %v, want %s", name, got, want)
			}
		}
	}
	w := <-s.writer
	check(w.conn, "0")
	s.writer <- w
	for range s.cfg.Readers {
		r := <-s.readers
		check(r.conn, "1")
		defer func() { s.readers <- r }()
	}
}
