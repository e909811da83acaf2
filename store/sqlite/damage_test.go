package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

const damageRows = 40

// fillDamage writes rows of several kinds, each derived from its number.
func fillDamage(t testing.TB, path string) {
	t.Helper()
	ctx := context.Background()
	st, err := sqlite.Open(ctx, path, sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := prepareBook(ctx, st); err != nil {
		t.Fatal(err)
	}
	err = st.Update(ctx, "", func(tx store.Tx) error {
		if err := tx.PutSubject(store.Subject{Subject: "s", DID: "did:s", Class: 2}); err != nil {
			return err
		}
		for i := range damageRows {
			body := fmt.Appendf(nil, "head %d", i)
			err := errors.Join(
				tx.PutFile(store.File{Subject: "s", Path: fmt.Sprint("p", i), CID: record.CIDOf(rowBody(i)).String(), SeenAt: int64(i)}),
				tx.PutHead(store.Head{Subject: "s", EpochVersion: 1, Sequence: int64(i) + 1, CID: record.CIDOf(body).String(), Body: body, Published: int64(i)}),
				tx.PutMeta(fmt.Sprint("m", i), body),
				tx.OrRevoked("s", fmt.Sprint("p", i), body))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range damageRows {
		if err := writeRow(ctx, st, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// reading is what reading everything back came to.
type reading struct {
	right, corrupt, missing int
	wrong                   []string
}

func (r *reading) see(what string, err error, right bool) {
	switch {
	case errors.Is(err, store.ErrCorrupt):
		r.corrupt++
	case errors.Is(err, store.ErrNotFound):
		r.missing++
	case err != nil:
		r.wrong = append(r.wrong, fmt.Sprintf("%s: unexpected error %v", what, err))
	case !right:
		r.wrong = append(r.wrong, what+": wrong bytes")
	default:
		r.right++
	}
}

// readDamage reads every row by its key, each in a view of its own, so that
// damage met in one does not hide the others.
func readDamage(st store.Store) *reading {
	r := &reading{}
	look := func(what string, fn func(tx store.Tx) (bool, error)) {
		var right bool
		err := st.View(context.Background(), func(tx store.Tx) (err error) { right, err = fn(tx); return err })
		r.see(what, err, right)
	}
	for i := range damageRows {
		body := fmt.Appendf(nil, "head %d", i)
		look(fmt.Sprint("file ", i), func(tx store.Tx) (bool, error) {
			f, err := tx.GetFile("s", fmt.Sprint("p", i))
			return f == store.File{Subject: "s", Path: fmt.Sprint("p", i), CID: record.CIDOf(rowBody(i)).String(), SeenAt: int64(i)}, err
		})
		look(fmt.Sprint("blob ", i), func(tx store.Tx) (bool, error) {
			b, err := tx.GetBlob(record.CIDOf(rowBody(i)).String())
			return bytes.Equal(b, rowBody(i)), err
		})
		look(fmt.Sprint("head ", i), func(tx store.Tx) (bool, error) {
			h, err := tx.GetHead("s", 1, int64(i)+1)
			return bytes.Equal(h.Body, body) && h.Published == int64(i) && !h.Voided && h.Expires == 0, err
		})
		look(fmt.Sprint("meta ", i), func(tx store.Tx) (bool, error) {
			v, err := tx.GetMeta(fmt.Sprint("m", i))
			return bytes.Equal(v, body), err
		})
		look(fmt.Sprint("mask ", i), func(tx store.Tx) (bool, error) {
			v, err := tx.GetRevoked("s", fmt.Sprint("p", i))
			return bytes.Equal(v.Bits, body), err
		})
		look(fmt.Sprint("change ", i), func(tx store.Tx) (bool, error) {
			c, err := tx.GetChange(issuer, 1, rowIndex(i), "revocation")
			return c.Status == 1 && c.At == int64(i) && c.Seq == int64(i)+1, err
		})
		look(fmt.Sprint("issued ", i), func(tx store.Tx) (bool, error) {
			v, err := tx.GetIssued(issuer, fmt.Sprint("urn:", i))
			return v.Index == rowIndex(i) && v.List == 1, err
		})
	}
	want := make([]byte, listSize/8)
	for i := range damageRows {
		want[rowIndex(i)/8] |= 0x80 >> (rowIndex(i) % 8)
	}
	look("bitmap", func(tx store.Tx) (bool, error) {
		l, err := tx.GetList(issuer, 1)
		return bytes.Equal(l.Bitmap, want) && l.Allocated == damageRows, err
	})
	// A listing that is too short is a row that went missing.
	count := func(what string, fn func(tx store.Tx) (int, error)) {
		look(what, func(tx store.Tx) (bool, error) {
			n, err := fn(tx)
			if err == nil && n < damageRows {
				err = store.ErrNotFound
			}
			return n == damageRows, err
		})
	}
	count("changes", func(tx store.Tx) (int, error) { c, err := tx.ListChanges(issuer, 1, 0, 0); return len(c), err })
	count("files", func(tx store.Tx) (int, error) { f, err := tx.ListFiles("s", "", "", 0); return len(f), err })
	count("heads", func(tx store.Tx) (int, error) { h, err := tx.ListHeads("s", 1, 0, 0); return len(h), err })
	return r
}

// TestFlip changes one byte of the file 200 times. A store that opens returns
// right bytes or ErrCorrupt for every row, and hides none.
func TestFlip(t *testing.T) {
	dir := t.TempDir()
	original := filepath.Join(dir, "original.db")
	fillDamage(t, original)
	data, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if st := openAt(t, original, sqlite.Config{}); readDamage(st).right != damageRows*7+4 {
		t.Fatalf("undamaged: %+v", readDamage(st))
	}
	flip := func(seed uint64) (path string, at int) {
		rng := rand.New(rand.NewPCG(seed, 63))
		at = rng.IntN(len(data))
		if seed < 100 {
			at = int(seed) // the header byte by byte
		}
		damaged := bytes.Clone(data)
		damaged[at] ^= byte(1 + rng.IntN(255))
		path = filepath.Join(t.TempDir(), "flipped.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		return path, at
	}
	t.Run("before opening", func(t *testing.T) {
		refused, unharmed, reported := 0, 0, 0
		for seed := range uint64(300) {
			path, at := flip(seed)
			st, err := sqlite.Open(context.Background(), path, sqlite.Config{Readers: 1})
			if err != nil {
				if !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrSchema) && !errors.Is(err, store.ErrReadOnly) {
					t.Errorf("byte %d: Open = %v, want ErrCorrupt", at, err)
				}
				refused++
				continue
			}
			r := readDamage(st)
			if len(r.wrong) > 0 || r.missing > 0 {
				t.Errorf("byte %d: %d rows hidden, wrong: %q", at, r.missing, r.wrong)
			}
			if r.corrupt > 0 {
				reported++
				if err := st.Check(context.Background()); !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("byte %d: reads met damage, and Check = %v", at, err)
				}
			} else {
				unharmed++
			}
			if err := st.Close(); err != nil {
				t.Errorf("byte %d: close: %v", at, err)
			}
		}
		t.Logf("300 flips: %d refused at open, %d reported when read, %d in unused bytes", refused, reported, unharmed)
		if refused == 0 || reported == 0 {
			t.Error("the flips did not reach both ways of noticing")
		}
	})
	t.Run("without the check at open", func(t *testing.T) {
		hidden := 0
		for seed := range uint64(200) {
			path, at := flip(1000 + seed)
			st, err := sqlite.Open(context.Background(), path, sqlite.Config{Readers: 1, OpenCheck: sqlite.OpenNone})
			if err != nil {
				continue // judged above
			}
			r := readDamage(st)
			if len(r.wrong) > 0 {
				t.Errorf("byte %d: %q", at, r.wrong)
			}
			if r.missing+r.corrupt > 0 {
				hidden += min(r.missing, 1)
				if err := st.Check(context.Background()); !errors.Is(err, store.ErrCorrupt) {
					t.Errorf("byte %d: %d rows hidden, %d damaged, and Check = %v", at, r.missing, r.corrupt, err)
				}
			}
			if err := st.Close(); err != nil {
				t.Errorf("byte %d: close: %v", at, err)
			}
		}
		t.Logf("200 flips: %d hid a row, each found by Check", hidden)
	})
}

// TestRepair replaces a damaged body by putting it again.
func TestRepair(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "store.db")
	fillDamage(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("body 7\nbody 7\nbody 7\n"))
	if at < 0 {
		t.Fatal("the body is not in the file as it is")
	}
	data[at] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	st := openAt(t, path, sqlite.Config{})
	cid := record.CIDOf(rowBody(7)).String()
	lookup := func() error {
		return st.View(ctx, func(tx store.Tx) error {
			_, blob := tx.GetBlob(cid)
			_, draft := tx.GetDraft(issuer, "f/7")
			if blob != nil && draft != nil {
				t.Error("one flip damaged two bodies")
			}
			return errors.Join(blob, draft)
		})
	}
	if err := lookup(); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("reading the damaged body: %v, want ErrCorrupt", err)
	}
	var found *store.CheckError
	if err := st.Check(ctx); !errors.As(err, &found) || len(found.Findings) != 1 || found.Findings[0].Kind != store.FindingBody {
		t.Fatalf("Check = %v, want one finding of a body", err)
	}
	err = st.Update(ctx, "", func(tx store.Tx) error {
		// Reading the damage first does not spoil the transaction.
		_, err := tx.GetBlob(cid)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		return errors.Join(tx.PutBlob(cid, rowBody(7)),
			tx.PutDraft(store.Draft{Issuer: issuer, Path: "f/7", CID: cid, Body: rowBody(7)}))
	})
	if err != nil {
		t.Fatalf("putting the body again: %v", err)
	}
	if err := errors.Join(lookup(), st.Check(ctx)); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}
