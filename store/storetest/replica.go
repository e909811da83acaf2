package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// replica checks the rules of the rows of the replica, one group at a time.
func replica(t *testing.T, open Opener) {
	with := func(name string, fn func(t *testing.T, st store.Store)) {
		t.Run(name, func(t *testing.T) {
			st := open(t)
			update(t, st, func(tx store.Tx) error {
				return errors.Join(tx.PutSubject(store.Subject{Subject: scid, DID: did}),
					tx.PutSubject(store.Subject{Subject: other, DID: "did:webvh:" + other + ":b.example"}))
			})
			fn(t, st)
		})
	}
	with("subjects and aliases", subjectRules)
	with("delete takes everything along", deleteSubject)
	with("a row without its subject", withoutSubject)
	with("blobs", blobRules)
	with("files", fileRules)
	with("heads", headRules)
	with("trim heads", trimHeads)
	with("forks: first seen wins", func(t *testing.T, st store.Store) {
		first := store.Fork{Subject: scid, Kind: "head", Parent: "4", Body: []byte("first"), SeenAt: 1}
		second := first
		second.Body, second.SeenAt = []byte("second"), 2
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutFork(first))
			wantErr(t, "second fork of one parent", tx.PutFork(second), store.ErrExists)
			wantErr(t, "the same again", tx.PutFork(first), store.ErrExists)
			second.Parent = "5"
			return tx.PutFork(second)
		})
		view(t, st, func(tx store.Tx) error {
			f, err := tx.GetFork(scid, "head", "4")
			wantRow(t, "GetFork", f, err, first)
			all, err := tx.ListForks(scid)
			wantRow(t, "ListForks", all, err, []store.Fork{first, second})
			none, err := tx.ListForks(other)
			wantRow(t, "ListForks of another", len(none), err, 0)
			return nil
		})
	})
	with("sightings: the newest stays", func(t *testing.T, st store.Store) {
		s := store.Sighting{Subject: scid, Host: "h", URL: "u", Observer: "o", Digest: "d1", At: 10}
		older, newer, elsewhere := s, s, s
		older.Digest, older.At = "d0", 9
		newer.Digest, newer.At = "d2", 11
		elsewhere.Observer = ""
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutSighting(s))
			must(t, tx.PutSighting(older))
			got, err := tx.ListSightings(scid)
			wantRow(t, "after an older one", only(t, "ListSightings", got, err), nil, s)
			must(t, tx.PutSighting(newer))
			return tx.PutSighting(elsewhere)
		})
		view(t, st, func(tx store.Tx) error {
			got, err := tx.ListSightings(scid)
			wantRow(t, "ListSightings", got, err, []store.Sighting{elsewhere, newer})
			return nil
		})
	})
	with("sticky bits are never cleared", func(t *testing.T, st store.Store) {
		for _, c := range []struct{ add, want []byte }{
			{[]byte{0x01}, []byte{0x01}},
			{[]byte{0x00, 0x00}, []byte{0x01, 0x00}},
			{[]byte{0x80}, []byte{0x81, 0x00}},
			{nil, []byte{0x81, 0x00}},
			{[]byte{0, 0, 0x10}, []byte{0x81, 0, 0x10}},
		} {
			update(t, st, func(tx store.Tx) error { return tx.OrRevoked(scid, "status/1", c.add) })
			view(t, st, func(tx store.Tx) error {
				got, err := tx.GetRevoked(scid, "status/1")
				wantRow(t, fmt.Sprintf("after adding %x", c.add), got, err, store.Revoked{Subject: scid, Path: "status/1", Bits: c.want})
				return nil
			})
		}
	})
	with("peers", func(t *testing.T, st store.Store) {
		a, b, c := store.Peer{ID: "a", LastSeen: 1, Protected: true}, store.Peer{ID: "b", LastSeen: 2}, store.Peer{ID: "c", LastSeen: 3}
		update(t, st, func(tx store.Tx) error {
			must(t, errors.Join(tx.PutPeer(a), tx.PutPeer(b), tx.PutPeer(c)))
			b.LastSeen = 9
			return tx.PutPeer(b)
		})
		view(t, st, func(tx store.Tx) error {
			got, err := tx.ListPeers()
			wantRow(t, "protected first, then the last seen", got, err, []store.Peer{a, b, c})
			return nil
		})
		update(t, st, func(tx store.Tx) error { return tx.DeletePeer("b") })
		view(t, st, func(tx store.Tx) error {
			got, err := tx.ListPeers()
			wantRow(t, "after DeletePeer", got, err, []store.Peer{a, c})
			return nil
		})
	})
}

func subjectRules(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		s := store.Subject{Subject: scid, DID: did + "x", Class: store.ClassFollowed}
		must(t, tx.PutSubject(s))
		got, err := tx.GetSubject(scid)
		wantRow(t, "replaced subject", got, err, s)
		_, err = tx.SubjectByDID(did)
		wantErr(t, "DID that the subject no longer has", err, store.ErrNotFound)
		wantErr(t, "current DID of another subject",
			tx.PutSubject(store.Subject{Subject: "third", DID: did + "x"}), store.ErrExists)
		must(t, tx.PutAlias(did, scid))
		must(t, tx.PutAlias(did, scid)) // again is no error
		wantErr(t, "alias of another subject", tx.PutAlias(did, other), store.ErrExists)
		got, err = tx.SubjectByDID(did)
		wantRow(t, "by alias", got, err, s)
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		followed, err := tx.ListSubjects("", 0, store.ClassFollowed, store.ClassOwn)
		wantRow(t, "by class", only(t, "ListSubjects", followed, err).Subject, nil, scid)
		strangers, err := tx.ListSubjects("", 0, store.ClassStranger)
		wantRow(t, "strangers", only(t, "ListSubjects", strangers, err).Subject, nil, other)
		return nil
	})
}

func deleteSubject(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		must(t, putAll(tx))
		// Rows of a neighbour, which stay.
		return errors.Join(tx.PutFile(store.File{Subject: other, Path: "p", CID: cidOf([]byte("n"))}),
			tx.PutBlob(cidOf([]byte("n")), []byte("n")),
			tx.PutFork(store.Fork{Subject: other, Kind: "log", Parent: "1"}))
	})
	update(t, st, func(tx store.Tx) error { return tx.DeleteSubject(scid) })
	view(t, st, func(tx store.Tx) error {
		for name, err := range map[string]error{
			"subject":     second(tx.GetSubject(scid)),
			"DID":         second(tx.SubjectByDID(did)),
			"alias":       second(tx.SubjectByDID("did:webvh:" + scid + ":old.example")),
			"file":        second(tx.GetFile(scid, "status/3")),
			"head":        second(tx.GetHead(scid, 7, 2)),
			"manifest":    second(tx.GetManifest(scid, newSample().Head.CID)),
			"fork":        second(tx.GetFork(scid, "log", "6-QmU")),
			"sticky mask": second(tx.GetRevoked(scid, "status/3")),
		} {
			wantErr(t, name+" of a deleted subject", err, store.ErrNotFound)
		}
		n, err := tx.HistoryLen(scid, 7)
		wantRow(t, "HistoryLen", n, err, 0)
		s, err := tx.ListSightings(scid)
		wantRow(t, "sightings", len(s), err, 0)
		_, err = tx.GetFile(other, "p")
		wantErr(t, "file of the neighbour", err, nil)
		_, err = tx.GetFork(other, "log", "1")
		wantErr(t, "fork of the neighbour", err, nil)
		// The issuer's book is another matter.
		_, err = tx.GetIssuer(scid)
		wantErr(t, "issuer", err, nil)
		_, err = tx.GetChange(scid, 3, 4807, "revocation")
		wantErr(t, "change", err, nil)
		_, err = tx.GetBlob(cidOf(newSample().Body))
		wantErr(t, "blob, which goes later", err, nil)
		return nil
	})
	must(t, st.Check(t.Context()))
}

func second[T any](_ T, err error) error { return err }

func withoutSubject(t *testing.T, st store.Store) {
	for name, write := range map[string]func(store.Tx) error{
		"alias":    func(tx store.Tx) error { return tx.PutAlias("did:x", "nobody") },
		"file":     func(tx store.Tx) error { return tx.PutFile(store.File{Subject: "nobody", Path: "p"}) },
		"head":     func(tx store.Tx) error { return tx.PutHead(store.Head{Subject: "nobody", CID: cidOf(nil)}) },
		"history":  func(tx store.Tx) error { return tx.AppendHistory("nobody", 1, 0, [][]byte{digestOf(nil)}) },
		"manifest": func(tx store.Tx) error { return tx.PutManifest(store.Manifest{Subject: "nobody"}) },
		"sticky":   func(tx store.Tx) error { return tx.OrRevoked("nobody", "p", []byte{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			err := st.Update(t.Context(), "", func(tx store.Tx) error {
				return errors.Join(write(tx), tx.PutMeta("k", nil))
			})
			wantErr(t, "Update", err, store.ErrNotFound)
			view(t, st, func(tx store.Tx) error {
				wantErr(t, "other row of the failed transaction", second(tx.GetMeta("k")), store.ErrNotFound)
				return nil
			})
			// The order inside a transaction is free.
			must(t, st.Update(t.Context(), "", func(tx store.Tx) error {
				return errors.Join(write(tx), tx.PutSubject(store.Subject{Subject: "nobody"}))
			}))
			must(t, st.Update(t.Context(), "", func(tx store.Tx) error { return tx.DeleteSubject("nobody") }))
		})
	}
	t.Run("evidence and sightings need no subject", func(t *testing.T) {
		update(t, st, func(tx store.Tx) error {
			return errors.Join(tx.PutFork(store.Fork{Subject: "nobody", Kind: "log"}), tx.PutSighting(store.Sighting{Subject: "nobody"}))
		})
		must(t, st.Check(t.Context()))
	})
}

func blobRules(t *testing.T, st store.Store) {
	names := []string{"file", "manifest", "head", "draft", "nobody", "nobody else"}
	cids := map[string]string{}
	update(t, st, func(tx store.Tx) error {
		for _, n := range names {
			cids[n] = cidOf([]byte(n))
			must(t, tx.PutBlob(cids[n], []byte(n)))
			must(t, tx.PutBlob(cids[n], []byte(n))) // again is no error
		}
		wantErr(t, "body under the address of another", tx.PutBlob(cids["file"], []byte("forged")), store.ErrInvalid)
		wantErr(t, "address that is none", tx.PutBlob("x", []byte("x")), store.ErrInvalid)
		return errors.Join(
			tx.PutFile(store.File{Subject: scid, Path: "p", CID: cids["file"]}),
			tx.PutManifest(store.Manifest{Subject: scid, HeadCID: "h", CID: cids["manifest"]}),
			tx.PutHead(store.Head{Subject: scid, EpochVersion: 1, Sequence: 1, CID: cids["head"], Body: []byte("head")}),
			tx.PutDraft(store.Draft{Issuer: scid, Path: "p", CID: cids["draft"], Body: []byte("draft")}))
	})
	for _, want := range []int{1, 1, 0} {
		update(t, st, func(tx store.Tx) error {
			n, err := tx.DeleteOrphanBlobs(1)
			wantRow(t, "DeleteOrphanBlobs(1)", n, err, want)
			return nil
		})
	}
	view(t, st, func(tx store.Tx) error {
		for _, n := range names {
			has, err := tx.HasBlob(cids[n])
			wantRow(t, "HasBlob "+n, has, err, n != "nobody" && n != "nobody else")
		}
		return nil
	})
	update(t, st, func(tx store.Tx) error {
		must(t, tx.DeleteFile(scid, "p"))
		n, err := tx.DeleteOrphanBlobs(0)
		wantRow(t, "orphans after the file went", n, err, 1)
		return nil
	})
}

func fileRules(t *testing.T, st store.Store) {
	put := func(tx store.Tx, subject string, paths ...string) {
		for _, p := range paths {
			must(t, tx.PutFile(store.File{Subject: subject, Path: p, CID: "c", Size: int64(len(p))}))
		}
	}
	update(t, st, func(tx store.Tx) error {
		put(tx, scid, "did.jsonl", "status/1", "status/10", "status/2", "statusx", "status", "status/\u00e9", "whois.vp")
		put(tx, other, "status/3")
		return nil
	})
	for _, c := range []struct {
		name, prefix, after string
		limit               int
		want                []string
	}{
		{"all", "", "", 0, []string{"did.jsonl", "status", "status/1", "status/10", "status/2", "status/\u00e9", "statusx", "whois.vp"}},
		{"folder", "status/", "", 0, []string{"status/1", "status/10", "status/2", "status/\u00e9"}},
		{"page", "status/", "status/1", 2, []string{"status/10", "status/2"}},
		{"after lies before the prefix", "status/", "a", 1, []string{"status/1"}},
		{"after lies behind the prefix", "status/", "t", 0, nil},
		{"no match", "nothing", "", 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			view(t, st, func(tx store.Tx) error {
				files, err := tx.ListFiles(scid, c.prefix, c.after, c.limit)
				var got []string
				for _, f := range files {
					got = append(got, f.Path)
				}
				wantRow(t, "paths", got, err, c.want)
				return nil
			})
		})
	}
	update(t, st, func(tx store.Tx) error {
		f := store.File{Subject: scid, Path: "status/1", CID: "d", SeenAt: 4}
		must(t, tx.PutFile(f))
		got, err := tx.GetFile(scid, "status/1")
		wantRow(t, "replaced file", got, err, f)
		return tx.DeleteFile(scid, "status/1")
	})
	view(t, st, func(tx store.Tx) error {
		wantErr(t, "deleted file", second(tx.GetFile(scid, "status/1")), store.ErrNotFound)
		return nil
	})
}

func newHead(epoch, sequence int64, body string) store.Head {
	return store.Head{Subject: scid, EpochVersion: epoch, Epoch: fmt.Sprintf("%d-Qm", epoch), Sequence: sequence,
		CID: cidOf([]byte(body)), Body: []byte(body), AcceptedAt: 1}
}

func headRules(t *testing.T, st store.Store) {
	a, b, c, d := newHead(1, 1, "a"), newHead(1, 2, "b"), newHead(1, 3, "c"), newHead(4, 1, "d")
	update(t, st, func(tx store.Tx) error {
		must(t, errors.Join(tx.PutHead(c), tx.PutHead(a), tx.PutHead(b)))
		got, err := tx.LatestHead(scid)
		wantRow(t, "highest sequence", got, err, c)
		must(t, tx.PutHead(d))
		got, err = tx.LatestHead(scid)
		wantRow(t, "highest epoch", got, err, d)

		again := a
		again.AcceptedAt = 99
		must(t, tx.PutHead(again))
		got, err = tx.GetHead(scid, 1, 1)
		wantRow(t, "the same head again changes nothing", got, err, a)
		wantErr(t, "another head of one number", tx.PutHead(newHead(1, 1, "x")), store.ErrExists)
		forged := newHead(1, 9, "y")
		forged.Body = []byte("z")
		wantErr(t, "body that is not the CID's", tx.PutHead(forged), store.ErrInvalid)

		must(t, tx.VoidEpoch(scid, 4, 0))
		got, err = tx.LatestHead(scid)
		wantRow(t, "after the newest epoch was voided", got, err, c)
		must(t, tx.VoidEpoch(scid, 1, 2))
		got, err = tx.LatestHead(scid)
		wantRow(t, "voided only after sequence 2", got, err, b)
		heads, err := tx.ListHeads(scid, 1, 1, 0)
		c.Voided = true
		wantRow(t, "ListHeads keeps voided ones", heads, err, []store.Head{b, c})
		must(t, tx.VoidEpoch(scid, 1, 0))
		wantErr(t, "everything voided", second(tx.LatestHead(scid)), store.ErrNotFound)
		return nil
	})
	t.Run("voiding a long epoch", func(t *testing.T) {
		update(t, st, func(tx store.Tx) error {
			for i := int64(1); i <= 250; i++ {
				must(t, tx.PutHead(newHead(9, i, fmt.Sprint("long", i))))
			}
			must(t, tx.VoidEpoch(scid, 9, 7))
			h, err := tx.LatestHead(scid)
			wantRow(t, "LatestHead", h.Sequence, err, 7)
			return nil
		})
	})
}

func trimHeads(t *testing.T, st store.Store) {
	update(t, st, func(tx store.Tx) error {
		for i := int64(1); i <= 300; i++ {
			h := newHead(1, i, fmt.Sprint("head", i))
			must(t, tx.PutHead(h))
			must(t, tx.PutManifest(store.Manifest{Subject: scid, HeadCID: h.CID, CID: "m"}))
		}
		n, err := tx.TrimHeads(scid, 10)
		wantRow(t, "trimmed", n, err, 290)
		heads, err := tx.ListHeads(scid, 1, 0, 0)
		wantRow(t, "left", len(heads), err, 10)
		wantRow(t, "oldest left", heads[0].Sequence, nil, 291)
		wantErr(t, "manifest of a trimmed head", second(tx.GetManifest(scid, cidOf([]byte("head290")))), store.ErrNotFound)
		wantErr(t, "manifest of a kept head", second(tx.GetManifest(scid, heads[0].CID)), nil)
		n, err = tx.TrimHeads(scid, 10)
		wantRow(t, "trimmed again", n, err, 0)

		// The head that stands survives, however many voided ones are newer.
		must(t, tx.VoidEpoch(scid, 1, 293))
		n, err = tx.TrimHeads(scid, 2)
		wantRow(t, "trimmed down to 2 and the latest", n, err, 7)
		latest, err := tx.LatestHead(scid)
		wantRow(t, "LatestHead", latest.Sequence, err, 293)
		n, err = tx.TrimHeads(scid, 0)
		wantRow(t, "trimmed with keep 0", n, err, 2)
		latest, err = tx.LatestHead(scid)
		wantRow(t, "LatestHead", latest.Sequence, err, 293)
		return nil
	})
}

// histories checks appending and reading across every boundary.
func histories(t *testing.T, open Opener) {
	st := open(t)
	update(t, st, func(tx store.Tx) error { return tx.PutSubject(store.Subject{Subject: scid}) })
	var all [][]byte
	for i := range 600 {
		all = append(all, digestOf(fmt.Append(nil, i)))
	}
	at := 0
	for _, n := range []int{1, 126, 1, 1, 0, 127, 128, 216} { // ends of pages of 128, hit and missed
		update(t, st, func(tx store.Tx) error {
			wantErr(t, "gap", tx.AppendHistory(scid, 1, int64(at)+1, all[:1]), store.ErrConflict)
			if at > 0 {
				wantErr(t, "overlap", tx.AppendHistory(scid, 1, int64(at)-1, all[:1]), store.ErrConflict)
			}
			return tx.AppendHistory(scid, 1, int64(at), all[at:at+n])
		})
		at += n
		view(t, st, func(tx store.Tx) error {
			got, err := tx.HistoryLen(scid, 1)
			wantRow(t, "HistoryLen", got, err, int64(at))
			return nil
		})
	}
	update(t, st, func(tx store.Tx) error {
		must(t, tx.AppendHistory(scid, 2, 0, all[:3])) // epochs are apart
		for _, bad := range [][]byte{nil, all[0][:31], append(bytes.Clone(all[0]), 0)} {
			wantErr(t, fmt.Sprintf("digest of %d bytes", len(bad)), tx.AppendHistory(scid, 2, 3, [][]byte{all[3], bad}), store.ErrInvalid)
		}
		n, err := tx.HistoryLen(scid, 2)
		wantRow(t, "nothing of a refused append is kept", n, err, 3)
		return nil
	})
	for _, c := range []struct{ from, to, wantFrom, wantTo int64 }{
		{0, -1, 0, 600}, {0, 600, 0, 600}, {0, 1000, 0, 600}, {127, 129, 127, 129}, {128, 256, 128, 256},
		{599, 600, 599, 600}, {5, 5, 0, 0}, {7, 3, 0, 0}, {600, -1, 0, 0}, {9999, -1, 0, 0},
	} {
		view(t, st, func(tx store.Tx) error {
			got, err := tx.GetHistory(scid, 1, c.from, c.to)
			want := all[c.wantFrom:c.wantTo]
			if err != nil || len(got) != len(want) {
				t.Errorf("GetHistory(%d, %d): %d digests, error %v; want %d", c.from, c.to, len(got), err, len(want))
				return nil
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("GetHistory(%d, %d): digest %d differs", c.from, c.to, i)
				}
			}
			return nil
		})
	}
	view(t, st, func(tx store.Tx) error {
		wantErr(t, "negative from", second(tx.GetHistory(scid, 1, -1, 2)), store.ErrInvalid)
		return nil
	})
}
