package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

func openTest(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Config{Readers: 2, BusyTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// sqlOnWriter runs SQL behind the back of the store.
func sqlOnWriter(t testing.TB, s *Store, query string, args ...any) {
	t.Helper()
	w := <-s.writer
	defer func() { s.writer <- w }()
	if _, err := w.conn.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func putMeta(s *Store, key string, value []byte) error {
	return s.Update(context.Background(), "", func(tx store.Tx) error { return tx.PutMeta(key, value) })
}

func getMeta(s *Store, key string) (value []byte, err error) {
	err = s.View(context.Background(), func(tx store.Tx) (err error) { value, err = tx.GetMeta(key); return err })
	return value, err
}

// TestFull lets the file grow no further, and then again.
func TestFull(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	if err := putMeta(s, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	sqlOnWriter(t, s, "PRAGMA max_page_count = 100")
	if err := putMeta(s, "big", make([]byte, 1<<20)); !errors.Is(err, store.ErrFull) {
		t.Fatalf("write to a full file = %v, want ErrFull", err)
	}
	t.Run("swallowed", func(t *testing.T) {
		// The engine has rolled back by itself; nothing after it may slip through.
		err := s.Update(context.Background(), "", func(tx store.Tx) error {
			if err := tx.PutMeta("before", nil); err != nil {
				return err
			}
			_ = tx.PutMeta("big", make([]byte, 1<<20))
			if err := tx.PutMeta("after", nil); !errors.Is(err, store.ErrFull) {
				t.Errorf("write after ErrFull = %v", err)
			}
			return nil
		})
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("Update that swallowed ErrFull = %v", err)
		}
		for _, key := range []string{"before", "big", "after"} {
			if _, err := getMeta(s, key); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s = %v, want ErrNotFound", key, err)
			}
		}
	})
	if v, err := getMeta(s, "k"); err != nil || string(v) != "v" {
		t.Errorf("read while full: %q, %v", v, err)
	}
	sqlOnWriter(t, s, "PRAGMA max_page_count = 1000000")
	if err := putMeta(s, "big", make([]byte, 1<<20)); err != nil {
		t.Errorf("write when there is space again: %v", err)
	}
	if err := s.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestReadOnly takes the right to write away and gives it back.
func TestReadOnly(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	if err := putMeta(s, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	sqlOnWriter(t, s, "PRAGMA query_only = 1")
	if err := putMeta(s, "k", []byte("w")); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("write = %v, want ErrReadOnly", err)
	}
	if v, err := getMeta(s, "k"); err != nil || string(v) != "v" {
		t.Errorf("read: %q, %v", v, err)
	}
	sqlOnWriter(t, s, "PRAGMA query_only = 0")
	if err := putMeta(s, "k", []byte("w")); err != nil {
		t.Errorf("write afterwards: %v", err)
	}
}

// TestFatal checks that after a failed fsync nothing is written any more.
func TestFatal(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	if err := putMeta(s, "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	s.fatal.Store(true)
	called := false
	err := s.Update(context.Background(), "", func(store.Tx) error { called = true; return nil })
	if !errors.Is(err, store.ErrFatal) || called {
		t.Errorf("Update = %v (fn called: %v), want ErrFatal", err, called)
	}
	if v, err := getMeta(s, "k"); err != nil || string(v) != "v" {
		t.Errorf("read: %q, %v", v, err)
	}
}

// TestClassify fixes what each result code of the engine means to callers.
func TestClassify(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		code int
		want error
	}{
		{sqlite3.SQLITE_IOERR_FSYNC, store.ErrFatal},
		{sqlite3.SQLITE_IOERR_DIR_FSYNC, store.ErrFatal},
		{sqlite3.SQLITE_IOERR_WRITE, store.ErrIO},
		{sqlite3.SQLITE_IOERR_READ, store.ErrIO},
		{sqlite3.SQLITE_IOERR_SHORT_READ, store.ErrCorrupt},
		{sqlite3.SQLITE_CORRUPT, store.ErrCorrupt},
		{sqlite3.SQLITE_CORRUPT_INDEX, store.ErrCorrupt},
		{sqlite3.SQLITE_NOTADB, store.ErrCorrupt},
		{sqlite3.SQLITE_FULL, store.ErrFull},
		{sqlite3.SQLITE_READONLY, store.ErrReadOnly},
		{sqlite3.SQLITE_READONLY_DBMOVED, store.ErrReadOnly},
		{sqlite3.SQLITE_BUSY, store.ErrLocked},
		{sqlite3.SQLITE_BUSY_SNAPSHOT, store.ErrLocked},
		{sqlite3.SQLITE_CONSTRAINT_UNIQUE, store.ErrExists},
		{sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, store.ErrNotFound},
		{sqlite3.SQLITE_CONSTRAINT_NOTNULL, store.ErrInvalid},
		{sqlite3.SQLITE_ERROR, nil},
	} {
		if got := classify(c.code, dir); got != c.want {
			t.Errorf("code %d means %v, want %v", c.code, got, c.want)
		}
	}
}

// TestRowDamage changes every column of every table behind the back of the
// store: the row reads as ErrCorrupt, or no longer under its key, and Check
// names it.
func TestRowDamage(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	body := []byte("body")
	cid := record.CIDOf(body).String()
	err := s.Update(context.Background(), "", func(tx store.Tx) error {
		_, errChange := tx.PutChange(store.Change{Issuer: "s", List: 1, Index: 3, Purpose: "p"})
		_, errAudit := tx.AppendAudit(store.Audit{Issuer: "s", Action: "a"})
		return errors.Join(errChange, errAudit,
			tx.PutSubject(store.Subject{Subject: "s", DID: "d"}), tx.PutAlias("alias", "s"), tx.PutBlob(cid, body),
			tx.PutFile(store.File{Subject: "s", Path: "p", CID: cid}),
			tx.PutHead(store.Head{Subject: "s", CID: cid, Body: body}),
			tx.PutManifest(store.Manifest{Subject: "s", HeadCID: cid, CID: cid}),
			tx.AppendHistory("s", 1, 0, [][]byte{make([]byte, 32)}),
			tx.PutFork(store.Fork{Subject: "s", Body: body}), tx.PutSighting(store.Sighting{Subject: "s", Host: "h"}),
			tx.OrRevoked("s", "p", body), tx.PutPeer(store.Peer{ID: "p", Addrs: []string{"a"}}), tx.PutMeta("k", body),
			tx.PutIssuer(store.Issuer{Subject: "s"}), tx.PutDraft(store.Draft{Issuer: "s", Path: "p", CID: cid, Body: body}),
			tx.PutList(store.List{Issuer: "s", Number: 1, Size: 8}), tx.AllocBit("s", 1, 3),
			tx.PutIssued(store.Issued{Issuer: "s", ID: "i", List: 1, Index: 3}),
			tx.SwapPublication(store.Publication{}, store.Publication{Issuer: "s", Sequence: 1}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	w := <-s.writer
	defer func() { s.writer <- w }()
	names := queryStrings(t, w.conn, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_info'")
	// Every codec has its table, so that Check covers them all.
	if want := reflect.TypeFor[sqlrows.Tables]().NumField() + 1; len(names) != want {
		t.Fatalf("%d tables, %d row kinds (and blobs)", len(names), want)
	}
	if _, err := w.conn.ExecContext(context.Background(), "PRAGMA foreign_keys = 0"); err != nil {
		t.Fatal(err)
	}
	for _, table := range names {
		for _, col := range queryStrings(t, w.conn, "SELECT name || ' ' || type FROM pragma_table_info(?)", table) {
			name, kind, _ := strings.Cut(col, " ")
			change := map[string]string{"TEXT": "%s || 'x'", "INTEGER": "%s + 1", "BLOB": "CAST(%s || x'ff' AS BLOB)"}[kind]
			t.Run(table+"."+name, func(t *testing.T) {
				set := fmt.Sprintf("UPDATE %s SET %s = "+change, table, name, name)
				if _, err := w.conn.ExecContext(context.Background(), "SAVEPOINT damage"); err != nil {
					t.Fatal(err)
				}
				defer func() {
					for _, q := range []string{"ROLLBACK TO damage", "RELEASE damage"} {
						if _, err := w.conn.ExecContext(context.Background(), q); err != nil {
							t.Fatal(err)
						}
					}
				}()
				if _, err := w.conn.ExecContext(context.Background(), set); err != nil {
					t.Fatalf("%s: %v", set, err)
				}
				found := &store.CheckError{}
				x := &tx{store: s, session: w, ctx: context.Background()}
				if err := sqlrows.Check(sqlrows.New(s.tables, x, false), found, s.path, func() { x.failed = nil }); err != nil {
					t.Fatal(err)
				}
				named := false
				for _, f := range found.Findings {
					named = named || (f.Kind == store.FindingChecksum || f.Kind == store.FindingBody) && strings.HasPrefix(f.Row, table+" ")
				}
				if !named {
					t.Errorf("Check found %v, want the row of %s", found.Findings, table)
				}
			})
		}
	}
}

func queryStrings(t *testing.T, c *sql.Conn, query string, args ...any) (out []string) {
	t.Helper()
	rows, err := c.QueryContext(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestBitmapDamage removes a page of a bitmap: taken as zeros, it would give
// indices twice.
func TestBitmapDamage(t *testing.T) {
	for name, query := range map[string]string{
		"missing page": "DELETE FROM list_pages WHERE page = 1",
		"wrong count":  "UPDATE lists SET allocated = allocated",
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
			update := func(fn func(store.Tx) error) error { return s.Update(context.Background(), "s", fn) }
			if err := update(func(tx store.Tx) error {
				return errors.Join(tx.PutList(store.List{Issuer: "s", Number: 1, Size: 3 * 4096}), tx.AllocBit("s", 1, 5000))
			}); err != nil {
				t.Fatal(err)
			}
			sqlOnWriter(t, s, query)
			if name == "wrong count" { // a row that is right by its checksum
				sqlOnWriter(t, s, "UPDATE lists SET allocated = 2, sum = 7421052844432163979")
				var found *store.CheckError
				if err := s.Check(context.Background()); !errors.As(err, &found) || found.Findings[0].Kind != store.FindingAllocated {
					t.Errorf("Check = %v, want the wrong count", err)
				}
				return
			}
			for what, fn := range map[string]func(store.Tx) error{
				"AllocBit": func(tx store.Tx) error { return tx.AllocBit("s", 1, 5000) },
				"GetList":  func(tx store.Tx) error { _, err := tx.GetList("s", 1); return err },
				"PutList": func(tx store.Tx) error {
					return tx.PutList(store.List{Issuer: "s", Number: 1, Size: 3 * 4096, Bitmap: make([]byte, 3*512)})
				},
			} {
				if err := update(fn); !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("%s = %v, want ErrCorrupt", what, err)
				}
			}
			var found *store.CheckError
			if err := s.Check(context.Background()); !errors.As(err, &found) || found.Findings[0].Kind != store.FindingBitmap {
				t.Errorf("Check = %v, want the bitmap", err)
			}
		})
	}
}

// TestHistoryGap removes a page of digests.
func TestHistoryGap(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	digests := make([][]byte, 300)
	for i := range digests {
		digests[i] = make([]byte, 32)
	}
	err := s.Update(context.Background(), "", func(tx store.Tx) error {
		return errors.Join(tx.PutSubject(store.Subject{Subject: "s"}), tx.AppendHistory("s", 1, 0, digests))
	})
	if err != nil {
		t.Fatal(err)
	}
	sqlOnWriter(t, s, "DELETE FROM histories WHERE page = 1")
	err = s.View(context.Background(), func(tx store.Tx) error { _, err := tx.GetHistory("s", 1, 0, 300); return err })
	if !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("GetHistory over the gap = %v, want ErrCorrupt", err)
	}
	var found *store.CheckError
	if err := s.Check(context.Background()); !errors.As(err, &found) || len(found.Findings) != 1 || found.Findings[0].Kind != store.FindingHistoryGap {
		t.Errorf("Check = %v, want the gap", err)
	}
}

// TestLostConnection drops connections behind the back of the store.
func TestLostConnection(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "store.db"))
	w := <-s.writer
	w.discard()
	s.writer <- nil
	for range s.cfg.Readers {
		r := <-s.readers
		r.discard()
		s.readers <- nil
	}
	if err := putMeta(s, "k", []byte("v")); err != nil {
		t.Errorf("Update: %v", err)
	}
	if v, err := getMeta(s, "k"); err != nil || string(v) != "v" {
		t.Errorf("View: %q, %v", v, err)
	}
}

// TestCheckpoint writes much more than the limit of the log and looks at what
// is left of it.
func TestCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openTest(t, path)
	value := make([]byte, 256<<10)
	for i := range 128 { // 32 MiB
		value[0] = byte(i)
		if err := putMeta(s, "k", value); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 4*checkpointBytes {
		t.Errorf("the log has %d bytes after 32 MiB of commits", info.Size())
	}
}

// TestErased looks for erased bytes in the files.
func TestErased(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openTest(t, path)
	secret := "student 17 of course 4"
	err := s.Update(context.Background(), "s", func(tx store.Tx) error {
		return tx.PutIssued(store.Issued{Issuer: "s", ID: "i", List: -1, LocalRef: secret})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Update(context.Background(), "s", func(tx store.Tx) error { return tx.DeleteIssued("s", "i") }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), secret) {
			t.Errorf("%s still holds the erased reference", filepath.Base(f))
		}
	}
}
