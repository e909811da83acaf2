package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// book checks the rules of the issuer's rows other than lists.
func book(t *testing.T, open Opener) {
	t.Run("drafts", func(t *testing.T) {
		st := open(t)
		d := store.Draft{Issuer: scid, Path: "whois.vp", Body: []byte("one"), CID: cidOf([]byte("one")), Kind: "whois", Size: 99}
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutDraft(d))
			got, err := tx.GetDraft(scid, "whois.vp")
			d.Size = 3 // the store's own count
			wantRow(t, "GetDraft", got, err, d)
			forged := d
			forged.Body = []byte("two")
			wantErr(t, "body that is not the CID's", tx.PutDraft(forged), store.ErrInvalid)
			forged.CID = cidOf(forged.Body)
			must(t, tx.PutDraft(forged))
			got, err = tx.GetDraft(scid, "whois.vp")
			wantRow(t, "replaced", got, err, forged)
			must(t, tx.DeleteDraft(scid, "whois.vp"))
			wantErr(t, "deleted", second(tx.GetDraft(scid, "whois.vp")), store.ErrNotFound)
			return nil
		})
	})
	t.Run("changes", func(t *testing.T) { changeRules(t, open(t)) })
	t.Run("many changes", func(t *testing.T) { manyChanges(t, open(t)) })
	t.Run("audit", func(t *testing.T) {
		st := open(t)
		for want := int64(1); want <= 3; want++ {
			update(t, st, func(tx store.Tx) error {
				seq, err := tx.AppendAudit(store.Audit{Issuer: scid, Seq: 77, Action: fmt.Sprint("act ", want)})
				wantRow(t, "Seq", seq, err, want)
				return nil
			})
		}
		update(t, st, func(tx store.Tx) error {
			seq, err := tx.AppendAudit(store.Audit{Issuer: other, Action: "act"})
			wantRow(t, "Seq of another issuer", seq, err, 1)
			return nil
		})
		view(t, st, func(tx store.Tx) error {
			rows, err := tx.ListAudit(scid, 1, 0)
			wantRow(t, "ListAudit", rows, err, []store.Audit{
				{Issuer: scid, Seq: 2, Action: "act 2"}, {Issuer: scid, Seq: 3, Action: "act 3"}})
			return nil
		})
	})
	t.Run("register", func(t *testing.T) { registerRules(t, open(t)) })
	t.Run("publications", func(t *testing.T) { publicationRules(t, open(t)) })
}

func changeRules(t *testing.T, st store.Store) {
	put := func(issuer string, list, index int64, purpose string, status int, want int64) {
		t.Helper()
		update(t, st, func(tx store.Tx) error {
			seq, err := tx.PutChange(store.Change{Issuer: issuer, List: list, Index: index, Purpose: purpose, Status: status, Seq: 1000})
			wantRow(t, fmt.Sprintf("Seq of %s %d#%d", purpose, list, index), seq, err, want)
			return nil
		})
	}
	put(scid, 1, 5, "revocation", 1, 1)
	put(scid, 1, 5, "suspension", 1, 2)
	put(scid, 2, 5, "revocation", 1, 3)
	put(other, 1, 5, "revocation", 1, 1)
	put(scid, 1, 5, "suspension", 0, 4) // the same row, moved to the end
	put(scid, 1, 5, "suspension", 2, 5) // the highest number of all is replaced, and not used again
	put(scid, 1, 6, "revocation", 1, 6)
	view(t, st, func(tx store.Tx) error {
		seqs := func(rows []store.Change, err error) []int64 {
			must(t, err)
			var out []int64
			for _, r := range rows {
				out = append(out, r.Seq)
			}
			return out
		}
		wantRow(t, "list 1", seqs(tx.ListChanges(scid, 1, 0, 0)), nil, []int64{1, 5, 6})
		wantRow(t, "every list", seqs(tx.ListChanges(scid, -1, 0, 0)), nil, []int64{1, 3, 5, 6})
		wantRow(t, "since 3", seqs(tx.ListChanges(scid, -1, 3, 1)), nil, []int64{5})
		n, err := tx.CountChanges(scid, 1)
		wantRow(t, "CountChanges of list 1", n, err, 3)
		n, err = tx.CountChanges(scid, -1)
		wantRow(t, "CountChanges", n, err, 4)
		c, err := tx.GetChange(scid, 1, 5, "suspension")
		wantRow(t, "GetChange", c.Status, err, 2)
		return nil
	})
}

func manyChanges(t *testing.T, st store.Store) {
	row := func(issuer string, index int64, status int) store.Change {
		return store.Change{Issuer: issuer, List: 1, Index: index, Purpose: "revocation", Status: status, At: 9, By: "b", Why: "w", Seq: 1000}
	}
	update(t, st, func(tx store.Tx) error {
		for _, issuer := range []string{scid, other} {
			must(t, tx.PutList(store.List{Issuer: issuer, Number: 1, Size: 16, Bitmap: []byte{0xff, 0xff}}))
		}
		seq, err := tx.PutChanges(nil)
		wantRow(t, "none", seq, err, 0)
		seq, err = tx.PutChange(row(scid, 7, 1))
		wantRow(t, "one before", seq, err, 1)
		seq, err = tx.PutChanges([]store.Change{row(scid, 3, 1), row(scid, 7, 2), row(scid, 5, 1)})
		wantRow(t, "three", seq, err, 4)
		seq, err = tx.PutChanges([]store.Change{row(other, 3, 1)})
		wantRow(t, "of another issuer", seq, err, 1)
		seq, err = tx.AppendAudits(nil)
		wantRow(t, "no audits", seq, err, 0)
		seq, err = tx.AppendAudits([]store.Audit{{Issuer: scid, Action: "a", Seq: 50}, {Issuer: scid, Action: "b"}})
		wantRow(t, "two audits", seq, err, 2)
		seq, err = tx.AppendAudits([]store.Audit{{Issuer: scid, Action: "c"}})
		wantRow(t, "one more", seq, err, 3)
		return nil
	})
	for name, call := range map[string]func(tx store.Tx) error{
		"changes of two issuers": func(tx store.Tx) error {
			return second(tx.PutChanges([]store.Change{row(scid, 9, 1), row(other, 9, 1)}))
		},
		"audits of two issuers": func(tx store.Tx) error {
			return second(tx.AppendAudits([]store.Audit{{Issuer: scid, Action: "d"}, {Issuer: other, Action: "d"}}))
		},
	} {
		wantErr(t, name, st.Update(t.Context(), scid, call), store.ErrInvalid)
	}
	view(t, st, func(tx store.Tx) error {
		wantErr(t, "in a view", second(tx.PutChanges([]store.Change{row(scid, 1, 1)})), store.ErrViewOnly)
		wantErr(t, "in a view", second(tx.AppendAudits([]store.Audit{{Issuer: scid, Action: "e"}})), store.ErrViewOnly)
		rows, err := tx.ListChanges(scid, -1, 0, 0)
		var got [][2]int64
		for _, r := range rows {
			got = append(got, [2]int64{r.Index, r.Seq})
		}
		wantRow(t, "in the order given, the replaced row moved", got, err, [][2]int64{{3, 2}, {7, 3}, {5, 4}})
		trail, err := tx.ListAudit(scid, 0, 0)
		wantRow(t, "audits", trail, err, []store.Audit{{Issuer: scid, Seq: 1, Action: "a"}, {Issuer: scid, Seq: 2, Action: "b"}, {Issuer: scid, Seq: 3, Action: "c"}})
		return nil
	})
	must(t, st.Check(t.Context()))
}

func registerRules(t *testing.T, st store.Store) {
	a := store.Issued{Issuer: scid, ID: "a", List: 1, Index: 4, LocalRef: "ref", HolderRef: "h"}
	b := store.Issued{Issuer: scid, ID: "b", List: -1, Index: 4, LocalRef: "ref"}
	c := store.Issued{Issuer: scid, ID: "c", List: -1, Index: 4, HolderRef: "h"}
	update(t, st, func(tx store.Tx) error {
		must(t, errors.Join(tx.PutIssued(a), tx.PutIssued(b), tx.PutIssued(c)))
		wantErr(t, "id taken", tx.PutIssued(store.Issued{Issuer: scid, ID: "a", List: 1, Index: 5}), store.ErrExists)
		wantErr(t, "index taken", tx.PutIssued(store.Issued{Issuer: scid, ID: "d", List: 1, Index: 4}), store.ErrExists)
		must(t, tx.PutIssued(store.Issued{Issuer: other, ID: "a", List: 1, Index: 4, LocalRef: "ref"}))
		got, err := tx.GetIssued(scid, "a")
		wantRow(t, "the first stays", got, err, a)
		rows, err := tx.FindIssued(scid, store.IssuedKey{LocalRef: "ref", List: 9})
		wantRow(t, "by reference", rows, err, []store.Issued{a, b})
		rows, err = tx.FindIssued(scid, store.IssuedKey{HolderRef: "h"})
		wantRow(t, "by holder", rows, err, []store.Issued{a, c})
		rows, err = tx.FindIssued(scid, store.IssuedKey{List: -1, Index: 4})
		wantRow(t, "those without status have no index", len(rows), err, 0)
		rows, err = tx.ListIssued(scid, "a", 1)
		wantRow(t, "ListIssued", rows, err, []store.Issued{b})
		must(t, tx.DeleteIssued(scid, "a"))
		wantErr(t, "erased", second(tx.GetIssued(scid, "a")), store.ErrNotFound)
		return nil
	})
}

func publicationRules(t *testing.T, st store.Store) {
	p := newSample().Publication
	next := p
	next.Sequence, next.HeadCID, next.At = 3, cidOf([]byte("3")), 5
	swap := func(expected, next store.Publication) error {
		return st.Update(t.Context(), scid, func(tx store.Tx) error { return tx.SwapPublication(expected, next) })
	}
	wantErr(t, "expecting one where there is none", swap(p, next), store.ErrConflict)
	must(t, swap(store.Publication{}, p))
	wantErr(t, "expecting none where there is one", swap(store.Publication{}, next), store.ErrConflict)
	for _, c := range []struct {
		name   string
		change func(*store.Publication)
		want   error
	}{
		{"epoch version", func(p *store.Publication) { p.EpochVersion++ }, store.ErrConflict},
		{"epoch", func(p *store.Publication) { p.Epoch = "8-Qm" }, store.ErrConflict},
		{"sequence", func(p *store.Publication) { p.Sequence++ }, store.ErrConflict},
		{"head", func(p *store.Publication) { p.HeadCID = cidOf([]byte("other")) }, store.ErrConflict},
		{"instance", func(p *store.Publication) { p.Instance = bytes.Repeat([]byte{8}, 16) }, store.ErrConflict},
		{"issuer", func(p *store.Publication) { p.Issuer = other }, store.ErrInvalid},
	} {
		t.Run("another "+c.name, func(t *testing.T) {
			wrong := p
			c.change(&wrong)
			wantErr(t, "SwapPublication", swap(wrong, next), c.want)
			view(t, st, func(tx store.Tx) error {
				got, err := tx.GetPublication(scid)
				wantRow(t, "unchanged", got, err, p)
				return nil
			})
		})
	}
	at := p
	at.At = 12345 // when it was is not part of which it was
	must(t, swap(at, next))
	view(t, st, func(tx store.Tx) error {
		got, err := tx.GetPublication(scid)
		wantRow(t, "swapped", got, err, next)
		return nil
	})
}

// lists checks bitmaps and the count of allocated indices.
func lists(t *testing.T, open Opener) {
	get := func(t *testing.T, st store.Store, number int64) (l store.List) {
		t.Helper()
		view(t, st, func(tx store.Tx) (err error) { l, err = tx.GetList(scid, number); return err })
		return l
	}
	t.Run("allocation", func(t *testing.T) {
		st := open(t)
		const size = 131_072
		update(t, st, func(tx store.Tx) error { return tx.PutList(store.List{Issuer: scid, Number: 1, Size: size}) })
		if l := get(t, st, 1); len(l.Bitmap) != size/8 || !bytes.Equal(l.Bitmap, make([]byte, size/8)) || l.Allocated != 0 {
			t.Errorf("a new list has %d bytes of bitmap, %d allocated; want %d zero bytes", len(l.Bitmap), l.Allocated, size/8)
		}
		indices := []int64{0, 7, 8, 4095, 4096, 65_536, size - 1}
		want := make([]byte, size/8)
		for _, i := range indices {
			want[i/8] |= 0x80 >> (i % 8)
			update(t, st, func(tx store.Tx) error { return tx.AllocBit(scid, 1, i) })
		}
		update(t, st, func(tx store.Tx) error {
			for _, i := range indices {
				wantErr(t, fmt.Sprint("index ", i, " again"), tx.AllocBit(scid, 1, i), store.ErrExists)
			}
			for _, i := range []int64{-1, size, size + 1, 1 << 40} {
				wantErr(t, fmt.Sprint("index ", i), tx.AllocBit(scid, 1, i), store.ErrInvalid)
			}
			return nil
		})
		if l := get(t, st, 1); !bytes.Equal(l.Bitmap, want) || l.Allocated != int64(len(indices)) {
			t.Errorf("%d allocated and the wrong bits; want %d", l.Allocated, len(indices))
		}
		must(t, st.Check(t.Context()))
	})
	t.Run("an index is never given back", func(t *testing.T) {
		st := open(t)
		update(t, st, func(tx store.Tx) error {
			return tx.PutList(store.List{Issuer: scid, Number: 1, Size: 20, Bitmap: []byte{0x80, 0, 0}, Allocated: 17, Dirty: true})
		})
		old := get(t, st, 1)
		wantRow(t, "Allocated is counted", old.Allocated, nil, 1)
		update(t, st, func(tx store.Tx) error { return tx.AllocBit(scid, 1, 19) })
		old.State = store.ListClosed
		update(t, st, func(tx store.Tx) error { return tx.PutList(old) }) // an older bitmap
		l := get(t, st, 1)
		wantRow(t, "state", l.State, nil, store.ListClosed)
		wantRow(t, "bitmap", l.Bitmap, nil, []byte{0x80, 0, 0x10})
		wantRow(t, "Allocated", l.Allocated, nil, 2)
		update(t, st, func(tx store.Tx) error { // no bitmap: only the row
			return tx.PutList(store.List{Issuer: scid, Number: 1, Size: 20, Purposes: []string{"p"}})
		})
		l = get(t, st, 1)
		wantRow(t, "bitmap", l.Bitmap, nil, []byte{0x80, 0, 0x10})
		wantRow(t, "row", []any{l.Allocated, l.Dirty, l.Purposes[0]}, nil, []any{int64(2), false, "p"})
		must(t, st.Check(t.Context()))
	})
	t.Run("refused", func(t *testing.T) {
		st := open(t)
		update(t, st, func(tx store.Tx) error { return tx.PutList(store.List{Issuer: scid, Number: 1, Size: 20}) })
		for _, c := range []struct {
			name string
			list store.List
			want error
		}{
			{"other size", store.List{Size: 24}, store.ErrConflict},
			{"no size", store.List{Number: 2}, store.ErrInvalid},
			{"negative size", store.List{Number: 2, Size: -8}, store.ErrInvalid},
			{"too large", store.List{Number: 2, Size: store.MaxListBits + 1}, store.ErrInvalid},
			{"short bitmap", store.List{Size: 20, Bitmap: make([]byte, 2)}, store.ErrInvalid},
			{"long bitmap", store.List{Size: 20, Bitmap: make([]byte, 4)}, store.ErrInvalid},
			{"empty bitmap", store.List{Size: 20, Bitmap: []byte{}}, store.ErrInvalid},
			{"bits beyond the size", store.List{Size: 20, Bitmap: []byte{0, 0, 0x08}}, store.ErrInvalid},
		} {
			c.list.Issuer = scid
			if c.list.Number == 0 {
				c.list.Number = 1
			}
			update(t, st, func(tx store.Tx) error {
				wantErr(t, c.name, tx.PutList(c.list), c.want)
				return nil
			})
		}
		wantRow(t, "the list that was there", get(t, st, 1).Size, nil, 20)
	})
	t.Run("two issuers, one number", func(t *testing.T) {
		st := open(t)
		update(t, st, func(tx store.Tx) error {
			must(t, errors.Join(tx.PutList(store.List{Issuer: scid, Number: 1, Size: 8}), tx.PutList(store.List{Issuer: other, Number: 1, Size: 8})))
			must(t, tx.AllocBit(scid, 1, 3))
			l, err := tx.GetList(other, 1)
			wantRow(t, "bitmap of the other", l.Bitmap, err, []byte{0})
			return nil
		})
	})
}
