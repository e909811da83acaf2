package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/postgres"
)

// TestRowDamage changes every column of every table behind the back of the
// store, one at a time: Check names the row.
func TestRowDamage(t *testing.T) {
	server := shared.Get(t)
	address := server.Schema(t)
	st := openAt(t, address, postgres.Config{})
	body := []byte("body")
	cid := record.CIDOf(body).String()
	err := st.Update(t.Context(), "", func(tx store.Tx) error {
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
	if err := errors.Join(err, st.Check(t.Context())); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name <> 'schema_info' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(columns) < 100 {
		t.Fatalf("%d columns", len(columns))
	}
	// Parents and keys may be damaged too: no trigger and no rule in the way.
	set := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	set("SET session_replication_role = replica")
	for _, c := range columns {
		f := strings.SplitN(c, " ", 3)
		table, column := f[0], f[1]
		there, back := "%s || 'x'", "left(%s, -1)"
		switch f[2] {
		case "bigint":
			there, back = "%s + 1", "%s - 1"
		case "bytea":
			there, back = `%s || '\xff'`, "substr(%s, 1, length(%s) - 1)"
		}
		t.Run(table+"."+column, func(t *testing.T) {
			update := func(expression string) {
				set("UPDATE " + table + " SET " + column + " = " + strings.ReplaceAll(expression, "%s", column))
			}
			update(there)
			defer update(back)
			var found *store.CheckError
			if err := st.Check(t.Context()); !errors.As(err, &found) {
				t.Fatalf("Check = %v, want a CheckError", err)
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
	if err := st.Check(t.Context()); err != nil {
		t.Errorf("after all was put back: %v", err)
	}
	t.Run("read", func(t *testing.T) {
		set(`UPDATE metas SET value = '\x00'`)
		err := st.View(t.Context(), func(tx store.Tx) error { _, err := tx.GetMeta("k"); return err })
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("a damaged row reads as %v", err)
		}
		// It may be replaced in the transaction that met it.
		err = st.Update(t.Context(), "", func(tx store.Tx) error {
			if _, err := tx.GetMeta("k"); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("inside an update: %v", err)
			}
			return tx.PutMeta("k", body)
		})
		if err := errors.Join(err, st.Check(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Run("a list without a page", func(t *testing.T) {
		set("DELETE FROM list_pages")
		err := st.Update(t.Context(), "s", func(tx store.Tx) error { return tx.AllocBit("s", 1, 5) })
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("AllocBit = %v, want ErrCorrupt", err)
		}
	})
	t.Run("a row without its parent", func(t *testing.T) {
		set("DELETE FROM subjects")
		var found *store.CheckError
		if err := st.Check(t.Context()); !errors.As(err, &found) {
			t.Fatalf("Check = %v", err)
		}
		named := false
		for _, f := range found.Findings {
			named = named || f.Kind == store.FindingReference
		}
		if !named {
			t.Errorf("Check found %v, want a missing parent", found.Findings)
		}
	})
}
