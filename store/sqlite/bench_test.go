package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

// BenchmarkFsync is the bare limit of every commit: write 4 KiB inside a file
// and fsync.
func BenchmarkFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 4<<20)); err != nil {
		b.Fatal(err)
	}
	page := make([]byte, 4096)
	for i := int64(0); b.Loop(); i++ {
		page[0] = byte(i)
		if _, err := f.WriteAt(page, i%1024*4096); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCommit(b *testing.B) {
	ctx := context.Background()
	st := openAt(b, filepath.Join(b.TempDir(), "store.db"), sqlite.Config{})
	err := st.Update(ctx, issuer, func(tx store.Tx) error {
		for number := range int64(20) {
			if err := tx.PutList(store.List{Issuer: issuer, Number: 1 + number, Size: listSize}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	value := make([]byte, 512)
	for _, c := range []struct {
		name string
		fn   func(tx store.Tx, i int64) error
	}{
		{"meta of 512 B", func(tx store.Tx, i int64) error {
			copy(value, fmt.Sprint(i, " ")) // the engine does not write what is there already
			return tx.PutMeta(fmt.Sprint(i%1000), value)
		}},
		{"AllocBit", func(tx store.Tx, i int64) error { return tx.AllocBit(issuer, 1+i/listSize, i*7919%listSize) }},
		{"revocation and audit", func(tx store.Tx, i int64) error {
			if _, err := tx.PutChange(store.Change{Issuer: issuer, List: 1, Index: i % listSize, Purpose: "revocation", Status: 1, At: i}); err != nil {
				return err
			}
			_, err := tx.AppendAudit(store.Audit{Issuer: issuer, At: i, Actor: "registrar", Action: "revoke", Target: fmt.Sprint("1#", i)})
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				i := n.Add(1) // never the same index twice, over all runs
				if err := st.Update(ctx, issuer, func(tx store.Tx) error { return c.fn(tx, i) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	st := openAt(b, filepath.Join(b.TempDir(), "store.db"), sqlite.Config{})
	const rows = 20_000
	list := make([]byte, 16<<10)
	cid := record.CIDOf(list).String()
	err := st.Update(ctx, "", func(tx store.Tx) error {
		for i := range rows {
			if err := tx.PutMeta(fmt.Sprint(i), make([]byte, 512)); err != nil {
				return err
			}
		}
		return tx.PutBlob(cid, list)
	})
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]string, rows)
	for i := range keys {
		keys[i] = fmt.Sprint(i * 7919 % rows)
	}
	b.Run("meta of 512 B, own view", func(b *testing.B) {
		i := 0
		for b.Loop() {
			err := st.View(ctx, func(tx store.Tx) error { _, err := tx.GetMeta(keys[i%rows]); return err })
			if err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
	b.Run("meta of 512 B, one view", func(b *testing.B) {
		err := st.View(ctx, func(tx store.Tx) error {
			i := 0
			for b.Loop() {
				if _, err := tx.GetMeta(keys[i%rows]); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("blob of 16 KiB, one view", func(b *testing.B) {
		err := st.View(ctx, func(tx store.Tx) error {
			for b.Loop() {
				if _, err := tx.GetBlob(cid); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("own view, in parallel", func(b *testing.B) {
		var n atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				key := keys[n.Add(1)%rows]
				if err := st.View(ctx, func(tx store.Tx) error { _, err := tx.GetMeta(key); return err }); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

func BenchmarkInsert(b *testing.B) {
	ctx := context.Background()
	st := openAt(b, filepath.Join(b.TempDir(), "store.db"), sqlite.Config{})
	if err := st.Update(ctx, "", func(tx store.Tx) error { return tx.PutSubject(store.Subject{Subject: "s"}) }); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 16<<10)
	n := 0
	b.Run("file and 16 KiB blob, 100 a transaction", func(b *testing.B) {
		for b.Loop() {
			err := st.Update(ctx, "", func(tx store.Tx) error {
				for range 100 {
					n++
					copy(body, fmt.Sprint(n, " "))
					cid := record.CIDOf(body).String()
					if err := tx.PutBlob(cid, body); err != nil {
						return err
					}
					if err := tx.PutFile(store.File{Subject: "s", Path: fmt.Sprint("status/", n), CID: cid}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/file")
	})
}
