package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

// transactions checks that an Update is all or nothing and a View one snapshot.
func transactions(t *testing.T, open Opener) {
	t.Run("rollback", func(t *testing.T) { rollback(t, open(t)) })
	t.Run("snapshot", func(t *testing.T) { snapshot(t, open(t)) })
	t.Run("a view does not write", func(t *testing.T) { viewOnly(t, open(t)) })
	t.Run("a kept transaction is dead", func(t *testing.T) {
		st := open(t)
		var kept store.Tx
		update(t, st, func(tx store.Tx) error { kept = tx; return nil })
		if err := kept.PutMeta("late", nil); err == nil {
			t.Error("a write after the end of its transaction was accepted")
		}
		view(t, st, func(tx store.Tx) error {
			wantErr(t, "late write", second(tx.GetMeta("late")), store.ErrNotFound)
			kept = tx
			return nil
		})
		if _, err := kept.GetMeta("late"); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a read after the end of its transaction = %v", err)
		}
	})
	t.Run("waiting for a writer ends with the context", func(t *testing.T) {
		st := open(t)
		inside, leave := make(chan struct{}), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			first <- st.Update(context.Background(), scid, func(tx store.Tx) error {
				close(inside)
				<-leave
				return tx.PutMeta("first", nil)
			})
		}()
		<-inside
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		err := st.Update(ctx, scid, func(tx store.Tx) error { return tx.PutMeta("second", nil) })
		wantErr(t, "Update behind a long one", err, context.DeadlineExceeded)
		view(t, st, func(tx store.Tx) error { // readers do not wait
			wantErr(t, "uncommitted row", second(tx.GetMeta("first")), store.ErrNotFound)
			return nil
		})
		close(leave)
		must(t, <-first)
		view(t, st, func(tx store.Tx) error {
			wantErr(t, "first", second(tx.GetMeta("first")), nil)
			wantErr(t, "second", second(tx.GetMeta("second")), store.ErrNotFound)
			return nil
		})
	})
	t.Run("a view inside an update sees the state before", func(t *testing.T) {
		st := open(t)
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutMeta("k", nil))
			view(t, st, func(old store.Tx) error {
				wantErr(t, "row of the running update", second(old.GetMeta("k")), store.ErrNotFound)
				return nil
			})
			return nil
		})
	})
}

func rollback(t *testing.T, st store.Store) {
	boom := errors.New("boom")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		run  func() error
		want error
	}{
		{"error", func() error {
			return st.Update(t.Context(), scid, func(tx store.Tx) error { return errors.Join(putAll(tx), boom) })
		}, boom},
		{"panic", func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					err = p.(error)
				}
			}()
			return st.Update(t.Context(), scid, func(tx store.Tx) error {
				must(t, putAll(tx))
				panic(boom)
			})
		}, boom},
		{"ended goroutine", func() error {
			done := make(chan error, 1)
			go func() {
				defer func() { done <- boom }()
				_ = st.Update(context.Background(), scid, func(tx store.Tx) error {
					_ = putAll(tx)
					runtime.Goexit()
					return nil
				})
			}()
			return <-done
		}, boom},
		{"context ended before", func() error { return st.Update(cancelled, scid, putAll) }, context.Canceled},
		{"context ended inside", func() error {
			ctx, cancel := context.WithCancel(t.Context())
			return st.Update(ctx, scid, func(tx store.Tx) error {
				must(t, putAll(tx))
				cancel()
				return nil
			})
		}, context.Canceled},
		{"context ended inside, and the error swallowed", func() error {
			ctx, cancel := context.WithCancel(t.Context())
			return st.Update(ctx, scid, func(tx store.Tx) error {
				must(t, putAll(tx))
				cancel()
				wantErr(t, "write after the end", tx.PutMeta("x", nil), context.Canceled)
				wantErr(t, "read after the end", second(tx.GetMeta("key")), context.Canceled)
				return nil
			})
		}, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantErr(t, "Update", c.run(), c.want)
			view(t, st, func(tx store.Tx) error {
				wantErr(t, "subject", second(tx.GetSubject(scid)), store.ErrNotFound)
				wantErr(t, "publication", second(tx.GetPublication(scid)), store.ErrNotFound)
				return nil
			})
			// The writer was given back.
			update(t, st, func(tx store.Tx) error { return tx.PutMeta("after "+c.name, nil) })
		})
	}
	t.Run("an error about one row does not end the transaction", func(t *testing.T) {
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutFork(store.Fork{Subject: scid}))
			wantErr(t, "exists", tx.PutFork(store.Fork{Subject: scid}), store.ErrExists)
			wantErr(t, "invalid", tx.PutBlob("x", nil), store.ErrInvalid)
			wantErr(t, "not found", second(tx.GetMeta("none")), store.ErrNotFound)
			wantErr(t, "conflict", tx.SwapPublication(newSample().Publication, newSample().Publication), store.ErrConflict)
			return tx.PutMeta("row", nil)
		})
		view(t, st, func(tx store.Tx) error { return second(tx.GetMeta("row")) })
	})
	t.Run("the error of a view", func(t *testing.T) {
		wantErr(t, "View", st.View(t.Context(), func(store.Tx) error { return boom }), boom)
		wantErr(t, "View", st.View(cancelled, func(store.Tx) error { return nil }), context.Canceled)
		ctx, cancel := context.WithCancel(t.Context())
		err := st.View(ctx, func(tx store.Tx) error { cancel(); return second(tx.GetMeta("row")) })
		wantErr(t, "View with a context ended inside", err, context.Canceled)
		view(t, st, func(tx store.Tx) error { return second(tx.GetMeta("row")) })
	})
}

func snapshot(t *testing.T, st store.Store) {
	put := func(value string) {
		update(t, st, func(tx store.Tx) error {
			must(t, tx.PutMeta("a", []byte(value)))
			return tx.PutMeta("b", []byte(value))
		})
	}
	read := func(tx store.Tx, key string) string {
		v, err := tx.GetMeta(key)
		must(t, err)
		return string(v)
	}
	put("1")
	view(t, st, func(tx store.Tx) error {
		put("2") // before the first read of this view
		if a, b := read(tx, "a"), read(tx, "b"); a != "1" || b != "1" {
			t.Errorf("a view begun before the second commit reads %q and %q", a, b)
		}
		view(t, st, func(newer store.Tx) error {
			if a := read(newer, "a"); a != "2" {
				t.Errorf("a view begun after the second commit reads %q", a)
			}
			return nil
		})
		for i := 3; i < 40; i++ { // however much is written meanwhile
			put(strings.Repeat("x", 100_000) + fmt.Sprint(i))
		}
		if a, b := read(tx, "a"), read(tx, "b"); a != "1" || b != "1" {
			t.Errorf("after 37 more commits the view reads %.10q and %.10q", a, b)
		}
		return nil
	})
}

func viewOnly(t *testing.T, st store.Store) {
	update(t, st, putAll)
	s := newSample()
	writes := map[string]func(store.Tx) error{
		"PutSubject":        func(tx store.Tx) error { return tx.PutSubject(store.Subject{Subject: "new"}) },
		"PutAlias":          func(tx store.Tx) error { return tx.PutAlias("new", scid) },
		"DeleteSubject":     func(tx store.Tx) error { return tx.DeleteSubject(scid) },
		"PutBlob":           func(tx store.Tx) error { return tx.PutBlob(cidOf(s.Body), s.Body) },
		"DeleteOrphanBlobs": func(tx store.Tx) error { return second(tx.DeleteOrphanBlobs(1)) },
		"PutFile":           func(tx store.Tx) error { return tx.PutFile(s.File) },
		"DeleteFile":        func(tx store.Tx) error { return tx.DeleteFile(scid, s.File.Path) },
		"PutHead":           func(tx store.Tx) error { return tx.PutHead(s.Head) },
		"VoidEpoch":         func(tx store.Tx) error { return tx.VoidEpoch("nobody", 1, 0) },
		"TrimHeads":         func(tx store.Tx) error { return second(tx.TrimHeads("nobody", 0)) },
		"AppendHistory":     func(tx store.Tx) error { return tx.AppendHistory(scid, 7, 2, nil) },
		"PutManifest":       func(tx store.Tx) error { return tx.PutManifest(s.Manifest) },
		"PutFork":           func(tx store.Tx) error { return tx.PutFork(s.Fork) },
		"PutSighting":       func(tx store.Tx) error { o := s.Sighting; o.At = 1; return tx.PutSighting(o) },
		"OrRevoked":         func(tx store.Tx) error { return tx.OrRevoked(scid, "status/3", nil) },
		"PutPeer":           func(tx store.Tx) error { return tx.PutPeer(s.Peer) },
		"DeletePeer":        func(tx store.Tx) error { return tx.DeletePeer(s.Peer.ID) },
		"PutMeta":           func(tx store.Tx) error { return tx.PutMeta("k", nil) },
		"PutIssuer":         func(tx store.Tx) error { return tx.PutIssuer(s.Issuer) },
		"PutDraft":          func(tx store.Tx) error { return tx.PutDraft(s.Draft) },
		"DeleteDraft":       func(tx store.Tx) error { return tx.DeleteDraft(scid, s.Draft.Path) },
		"PutList":           func(tx store.Tx) error { return tx.PutList(s.List) },
		"AllocBit":          func(tx store.Tx) error { return tx.AllocBit(scid, 3, 100) },
		"PutChange":         func(tx store.Tx) error { return second(tx.PutChange(s.Change)) },
		"AppendAudit":       func(tx store.Tx) error { return second(tx.AppendAudit(s.Audit)) },
		"PutIssued":         func(tx store.Tx) error { return tx.PutIssued(store.Issued{Issuer: scid, ID: "n", List: -1}) },
		"DeleteIssued":      func(tx store.Tx) error { return tx.DeleteIssued(scid, s.Issued.ID) },
		"SwapPublication":   func(tx store.Tx) error { return tx.SwapPublication(s.Publication, s.Publication) },
	}
	for name, write := range writes {
		err := st.View(t.Context(), func(tx store.Tx) error { return write(tx) })
		wantErr(t, name, err, store.ErrViewOnly)
	}
	view(t, st, func(tx store.Tx) error { compareAll(t, tx); return nil })
}

// pages checks that pages of every listing join without gap or repetition.
func pages(t *testing.T, open Opener) {
	st := open(t)
	const n = 25
	update(t, st, func(tx store.Tx) error {
		for i := range n {
			key := fmt.Sprintf("k%02d", i)
			_, errChange := tx.PutChange(store.Change{Issuer: scid, List: 1, Index: int64(i), Purpose: "p"})
			_, errAudit := tx.AppendAudit(store.Audit{Issuer: scid, Action: key})
			must(t, errors.Join(errChange, errAudit,
				tx.PutSubject(store.Subject{Subject: key, Class: i % 2}),
				tx.PutFile(store.File{Subject: "k00", Path: "f/" + key}),
				tx.PutHead(store.Head{Subject: "k00", EpochVersion: 1, Sequence: int64(i) + 1, CID: cidOf([]byte(key)), Body: []byte(key)}),
				tx.PutIssued(store.Issued{Issuer: scid, ID: key, List: -1})))
		}
		return nil
	})
	for _, l := range []struct {
		name string
		rows int
		next func(tx store.Tx, key string, seq int64, limit int) (keys []string, seqs []int64, err error)
	}{
		{"ListSubjects", n, func(tx store.Tx, key string, _ int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListSubjects(key, limit)
			return pick(rows, func(r store.Subject) string { return r.Subject }), nil, err
		}},
		{"ListSubjects of a class", n/2 + 1, func(tx store.Tx, key string, _ int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListSubjects(key, limit, 0)
			return pick(rows, func(r store.Subject) string { return r.Subject }), nil, err
		}},
		{"ListFiles", n, func(tx store.Tx, key string, _ int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListFiles("k00", "f/", key, limit)
			return pick(rows, func(r store.File) string { return r.Path }), nil, err
		}},
		{"ListIssued", n, func(tx store.Tx, key string, _ int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListIssued(scid, key, limit)
			return pick(rows, func(r store.Issued) string { return r.ID }), nil, err
		}},
		{"ListHeads", n, func(tx store.Tx, _ string, seq int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListHeads("k00", 1, seq, limit)
			return nil, pick(rows, func(r store.Head) int64 { return r.Sequence }), err
		}},
		{"ListChanges", n, func(tx store.Tx, _ string, seq int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListChanges(scid, 1, seq, limit)
			return nil, pick(rows, func(r store.Change) int64 { return r.Seq }), err
		}},
		{"ListAudit", n, func(tx store.Tx, _ string, seq int64, limit int) ([]string, []int64, error) {
			rows, err := tx.ListAudit(scid, seq, limit)
			return nil, pick(rows, func(r store.Audit) int64 { return r.Seq }), err
		}},
	} {
		for _, limit := range []int{1, 7, n, n + 1, 0, -1} {
			t.Run(fmt.Sprintf("%s by %d", l.name, limit), func(t *testing.T) {
				view(t, st, func(tx store.Tx) error {
					key, seq, total := "", int64(0), 0
					for total <= n {
						keys, seqs, err := l.next(tx, key, seq, limit)
						must(t, err)
						for _, k := range keys {
							if k <= key {
								t.Fatalf("%q comes after %q", k, key)
							}
							key = k
						}
						for _, s := range seqs {
							if s <= seq {
								t.Fatalf("%d comes after %d", s, seq)
							}
							seq = s
						}
						rows := len(keys) + len(seqs)
						if rows == 0 {
							break
						}
						if limit > 0 && rows > limit {
							t.Errorf("a page of %d rows", rows)
						}
						total += rows
					}
					if total != l.rows {
						t.Errorf("the pages have %d rows, want %d", total, l.rows)
					}
					return nil
				})
			})
		}
	}
}

func pick[T, K any](rows []T, key func(T) K) []K {
	var out []K
	for _, r := range rows {
		out = append(out, key(r))
	}
	return out
}

// noise is a text of n bytes that no engine can pack more tightly.
func noise(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%x", sha256.Sum256(fmt.Append(nil, i)))
	}
	return b.String()[:n]
}

// bounds checks that what no engine can keep is refused, and nothing else.
func bounds(t *testing.T, open Opener) {
	st := open(t)
	long := strings.Repeat("k", store.MaxKeyLen)
	key := noise(store.MaxIndexed)
	big := make([]byte, store.MaxBodyLen)
	update(t, st, func(tx store.Tx) error {
		must(t, tx.PutSubject(store.Subject{Subject: scid}))
		for name, write := range map[string]func(store.Tx) error{
			"longest key":  func(tx store.Tx) error { return tx.PutMeta(key, nil) },
			"longest text": func(tx store.Tx) error { return tx.PutIssuer(store.Issuer{Subject: scid, Name: long}) },
			"longest key of several texts": func(tx store.Tx) error {
				third := store.MaxIndexed / 3
				return tx.PutSighting(store.Sighting{Subject: key[:third], Host: key[third : 2*third], URL: key[2*third:]})
			},
			"longest reference": func(tx store.Tx) error {
				return tx.PutIssued(store.Issued{Issuer: "i", ID: "j", List: -1, LocalRef: key[:1000], HolderRef: key[:1000]})
			},
			"largest value": func(tx store.Tx) error { return tx.PutMeta("big", big) },
			"largest body":  func(tx store.Tx) error { return tx.PutBlob(cidOf(big), big) },
			"quotes":        func(tx store.Tx) error { return tx.PutMeta(`'"; DROP TABLE metas; --`, nil) },
			"most texts": func(tx store.Tx) error {
				return tx.PutPeer(store.Peer{ID: "p", Addrs: make([]string, store.MaxStringsLen)})
			},
			"negative number": func(tx store.Tx) error { return tx.PutFile(store.File{Subject: scid, Path: "p", Size: -1 << 63}) },
		} {
			wantErr(t, name, write(tx), nil)
		}
		for name, write := range map[string]func(store.Tx) error{
			"text too long": func(tx store.Tx) error { return tx.PutIssuer(store.Issuer{Subject: scid, Name: long + "k"}) },
			"key too long":  func(tx store.Tx) error { return tx.PutMeta(key+"k", nil) },
			"texts of a key too long": func(tx store.Tx) error {
				return tx.PutSighting(store.Sighting{Subject: key[:1000], Host: key[:1000], URL: key[:1000]})
			},
			"reference too long": func(tx store.Tx) error {
				return tx.PutIssued(store.Issued{Issuer: "i", ID: "k", List: -1, LocalRef: key})
			},
			"value too large":   func(tx store.Tx) error { return tx.PutMeta("big", append(big, 0)) },
			"body too large":    func(tx store.Tx) error { b := append(big, 0); return tx.PutBlob(cidOf(b), b) },
			"no UTF-8":          func(tx store.Tx) error { return tx.PutFile(store.File{Subject: scid, Path: "a\xffb"}) },
			"NUL":               func(tx store.Tx) error { return tx.PutFile(store.File{Subject: scid, Path: "a\x00b"}) },
			"no UTF-8 in texts": func(tx store.Tx) error { return tx.PutPeer(store.Peer{ID: "p", Addrs: []string{"\xff"}}) },
			"empty key":         func(tx store.Tx) error { return tx.PutMeta("", nil) },
			"too many texts": func(tx store.Tx) error {
				return tx.PutPeer(store.Peer{ID: "p", Addrs: make([]string, store.MaxStringsLen+1)})
			},
			"mask too large": func(tx store.Tx) error { return tx.OrRevoked(scid, "p", make([]byte, store.MaxListBits/8+1)) },
		} {
			wantErr(t, name, write(tx), store.ErrInvalid)
		}
		return nil
	})
	view(t, st, func(tx store.Tx) error {
		v, err := tx.GetMeta("big")
		wantRow(t, "largest value", len(v), err, store.MaxBodyLen)
		wantErr(t, "quoted key", second(tx.GetMeta(`'"; DROP TABLE metas; --`)), nil)
		return nil
	})
}
