package storetest

import (
	"reflect"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// roundTrip writes every row kind with every field set and reads it back.
func roundTrip(t *testing.T, open Opener) {
	t.Run("the sample leaves no field at zero", func(t *testing.T) {
		v := reflect.ValueOf(newSample())
		for i := range v.NumField() {
			row := v.Field(i)
			if row.Kind() != reflect.Struct {
				continue
			}
			for j := range row.NumField() {
				if row.Field(j).IsZero() {
					t.Errorf("%s.%s is zero: the round trip would not notice its loss",
						v.Type().Field(i).Name, row.Type().Field(j).Name)
				}
			}
		}
	})
	t.Run("every row", func(t *testing.T) {
		st := open(t)
		update(t, st, func(tx store.Tx) error {
			if err := putAll(tx); err != nil {
				return err
			}
			compareAll(t, tx) // a transaction sees its own writes
			return nil
		})
		view(t, st, func(tx store.Tx) error { compareAll(t, tx); return nil })
		must(t, st.Check(t.Context()))
	})
	t.Run("zero fields and empty bodies", func(t *testing.T) {
		st := open(t)
		empty := cidOf(nil)
		update(t, st, func(tx store.Tx) error {
			for _, err := range []error{
				tx.PutSubject(store.Subject{Subject: scid}),
				tx.PutSubject(store.Subject{Subject: other}), // no DID is no clash of DIDs
				tx.PutBlob(empty, nil),
				tx.PutFile(store.File{Subject: scid, Path: "x", CID: empty}),
				tx.PutHead(store.Head{Subject: scid, CID: empty, Body: []byte{}}),
				tx.PutPeer(store.Peer{ID: "p"}),
				tx.PutMeta("m", nil),
				tx.OrRevoked(scid, "x", nil),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(tx store.Tx) error {
			s, err := tx.GetSubject(other)
			wantRow(t, "GetSubject", s, err, store.Subject{Subject: other})
			h, err := tx.LatestHead(scid)
			wantRow(t, "LatestHead", h, err, store.Head{Subject: scid, CID: empty})
			p, err := tx.ListPeers()
			wantRow(t, "ListPeers", only(t, "ListPeers", p, err), nil, store.Peer{ID: "p"})
			m, err := tx.GetMeta("m")
			if err != nil || len(m) != 0 {
				t.Errorf("GetMeta = %q, %v; want an empty value", m, err)
			}
			b, err := tx.GetBlob(empty)
			if err != nil || len(b) != 0 {
				t.Errorf("GetBlob = %q, %v; want an empty body", b, err)
			}
			return nil
		})
	})
	t.Run("slices belong to their holder", func(t *testing.T) {
		st := open(t)
		body := []byte("body")
		cid := cidOf(body)
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutBlob(cid, body))
			body[0] = 'X'
			got, err := tx.GetBlob(cid)
			wantRow(t, "after changing what was handed in", got, err, []byte("body"))
			got[0] = 'Y'
			got, err = tx.GetBlob(cid)
			wantRow(t, "after changing what was handed out", got, err, []byte("body"))
			return nil
		})
	})
}

// absent asks an empty store for everything.
func absent(t *testing.T, open Opener) {
	st := open(t)
	look := map[string]func(store.Tx) error{
		"GetSubject":     func(tx store.Tx) error { _, err := tx.GetSubject("x"); return err },
		"SubjectByDID":   func(tx store.Tx) error { _, err := tx.SubjectByDID("x"); return err },
		"no DID":         func(tx store.Tx) error { _, err := tx.SubjectByDID(""); return err },
		"GetBlob":        func(tx store.Tx) error { _, err := tx.GetBlob("x"); return err },
		"GetFile":        func(tx store.Tx) error { _, err := tx.GetFile("x", "y"); return err },
		"LatestHead":     func(tx store.Tx) error { _, err := tx.LatestHead("x"); return err },
		"GetHead":        func(tx store.Tx) error { _, err := tx.GetHead("x", 1, 1); return err },
		"GetManifest":    func(tx store.Tx) error { _, err := tx.GetManifest("x", "y"); return err },
		"GetFork":        func(tx store.Tx) error { _, err := tx.GetFork("x", "y", "z"); return err },
		"GetRevoked":     func(tx store.Tx) error { _, err := tx.GetRevoked("x", "y"); return err },
		"GetMeta":        func(tx store.Tx) error { _, err := tx.GetMeta("x"); return err },
		"GetIssuer":      func(tx store.Tx) error { _, err := tx.GetIssuer("x"); return err },
		"GetDraft":       func(tx store.Tx) error { _, err := tx.GetDraft("x", "y"); return err },
		"GetList":        func(tx store.Tx) error { _, err := tx.GetList("x", 1); return err },
		"GetChange":      func(tx store.Tx) error { _, err := tx.GetChange("x", 1, 1, "y"); return err },
		"GetIssued":      func(tx store.Tx) error { _, err := tx.GetIssued("x", "y"); return err },
		"GetPublication": func(tx store.Tx) error { _, err := tx.GetPublication("x"); return err },
	}
	change := map[string]func(store.Tx) error{
		"DeleteSubject": func(tx store.Tx) error { return tx.DeleteSubject("x") },
		"DeleteFile":    func(tx store.Tx) error { return tx.DeleteFile("x", "y") },
		"DeletePeer":    func(tx store.Tx) error { return tx.DeletePeer("x") },
		"DeleteDraft":   func(tx store.Tx) error { return tx.DeleteDraft("x", "y") },
		"DeleteIssued":  func(tx store.Tx) error { return tx.DeleteIssued("x", "y") },
		"AllocBit":      func(tx store.Tx) error { return tx.AllocBit("x", 1, 1) },
	}
	view(t, st, func(tx store.Tx) error {
		for name, call := range look {
			wantErr(t, name, call(tx), store.ErrNotFound)
		}
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		for name, call := range change {
			wantErr(t, name, call(tx), store.ErrNotFound)
		}
		return tx.PutMeta("k", nil) // and the transaction is still good
	})
	view(t, st, func(tx store.Tx) error {
		a, err1 := tx.ListSubjects("", 0)
		b, err2 := tx.ListFiles("x", "", "", 0)
		c, err3 := tx.ListHeads("x", 1, 0, 0)
		d, err4 := tx.GetHistory("x", 1, 0, -1)
		e, err5 := tx.ListForks("")
		f, err6 := tx.ListDrafts("x")
		g, err7 := tx.ListChanges("x", -1, 0, 0)
		h, err8 := tx.FindIssued("x", store.IssuedKey{LocalRef: "y"})
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
			if err != nil {
				t.Errorf("list %d: %v", i, err)
			}
		}
		if n := len(a) + len(b) + len(c) + len(d) + len(e) + len(f) + len(g) + len(h); n != 0 {
			t.Errorf("an empty store listed %d rows", n)
		}
		has, err := tx.HasBlob("x")
		wantRow(t, "HasBlob", has, err, false)
		n, err := tx.CountChanges("x", -1)
		wantRow(t, "CountChanges", n, err, 0)
		return nil
	})
}
