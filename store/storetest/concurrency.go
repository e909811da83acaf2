package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

const goroutines = 16

// together runs fn in 16 goroutines that start at once, and fails the test with
// the first error.
func together(t *testing.T, fn func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, goroutines)
	for i := range goroutines {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// concurrency checks what two transactions must never both do.
func concurrency(t *testing.T, open Opener) {
	t.Run("no index is given twice", func(t *testing.T) {
		st := open(t)
		const size = 160
		update(t, st, func(tx store.Tx) error { return tx.PutList(store.List{Issuer: scid, Number: 1, Size: size}) })
		var mu sync.Mutex
		owner := map[int64]int{}
		together(t, func(worker int) error {
			// Everybody wants every index, each beginning somewhere else.
			for i := range int64(size) {
				index := (i + int64(worker)*7) % size
				err := st.Update(context.Background(), scid, func(tx store.Tx) error { return tx.AllocBit(scid, 1, index) })
				if errors.Is(err, store.ErrExists) {
					continue
				}
				if err != nil {
					return err
				}
				mu.Lock()
				if first, taken := owner[index]; taken {
					err = fmt.Errorf("index %d given to %d and to %d", index, first, worker)
				}
				owner[index] = worker
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
		view(t, st, func(tx store.Tx) error {
			l, err := tx.GetList(scid, 1)
			must(t, err)
			n := 0
			for _, b := range l.Bitmap {
				n += bits.OnesCount8(b)
			}
			if len(owner) != size || n != size || l.Allocated != size {
				t.Errorf("%d given out, %d bits set, %d counted; want %d", len(owner), n, l.Allocated, size)
			}
			return nil
		})
	})
	t.Run("exactly one publication wins each round", func(t *testing.T) {
		st := open(t)
		const rounds = 10
		expected := store.Publication{}
		for round := range int64(rounds) {
			var mu sync.Mutex
			var winners []store.Publication
			together(t, func(worker int) error {
				next := store.Publication{Issuer: scid, EpochVersion: 1, Epoch: "1-Qm", Sequence: round + 1,
					HeadCID: fmt.Sprint(round, " by ", worker), Instance: []byte{byte(worker)}}
				err := st.Update(context.Background(), scid, func(tx store.Tx) error { return tx.SwapPublication(expected, next) })
				if errors.Is(err, store.ErrConflict) {
					return nil
				}
				if err != nil {
					return err
				}
				mu.Lock()
				winners = append(winners, next)
				mu.Unlock()
				return nil
			})
			if len(winners) != 1 {
				t.Fatalf("round %d has %d winners", round, len(winners))
			}
			expected = winners[0]
			view(t, st, func(tx store.Tx) error {
				got, err := tx.GetPublication(scid)
				wantRow(t, "the winner is what is stored", got, err, expected)
				return nil
			})
		}
	})
	t.Run("sequence numbers have no gap and no twin", func(t *testing.T) {
		st := open(t)
		const each = 10
		seen := make([][]int64, goroutines)
		together(t, func(worker int) error {
			for range each {
				var seq int64
				err := st.Update(context.Background(), scid, func(tx store.Tx) (err error) {
					seq, err = tx.AppendAudit(store.Audit{Issuer: scid, Actor: fmt.Sprint(worker)})
					return err
				})
				if err != nil {
					return err
				}
				seen[worker] = append(seen[worker], seq)
			}
			return nil
		})
		all := map[int64]bool{}
		for worker, seqs := range seen {
			for i, s := range seqs {
				if all[s] || i > 0 && s <= seqs[i-1] {
					t.Errorf("worker %d was given %d out of order or twice", worker, s)
				}
				all[s] = true
			}
		}
		for s := int64(1); s <= goroutines*each; s++ {
			if !all[s] {
				t.Errorf("%d is missing", s)
			}
		}
	})
	t.Run("readers never see half a transaction", func(t *testing.T) {
		st := open(t)
		write := func(i int) error {
			return st.Update(context.Background(), "", func(tx store.Tx) error {
				v := fmt.Append(nil, i)
				return errors.Join(tx.PutMeta("left", v), tx.PutMeta("right", v))
			})
		}
		must(t, write(0))
		together(t, func(worker int) error {
			for i := range 30 {
				if worker < 2 {
					if err := write(i); err != nil {
						return err
					}
					continue
				}
				err := st.View(context.Background(), func(tx store.Tx) error {
					left, err1 := tx.GetMeta("left")
					right, err2 := tx.GetMeta("right")
					if string(left) != string(right) {
						return fmt.Errorf("left is %s, right is %s", left, right)
					}
					return errors.Join(err1, err2)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// check checks that Check finds the contradictions that can be written through
// the interface, each by its kind and alone.
func check(t *testing.T, open Opener) {
	s := newSample()
	for _, c := range []struct {
		name  string
		write func(tx store.Tx) error
		want  store.FindingKind // "" for none
	}{
		{"nothing wrong", func(store.Tx) error { return nil }, ""},
		{"file without its blob", func(tx store.Tx) error {
			return tx.PutFile(store.File{Subject: scid, Path: "p", CID: cidOf([]byte("gone"))})
		}, store.FindingMissingBlob},
		{"manifest without its blob", func(tx store.Tx) error {
			return tx.PutManifest(store.Manifest{Subject: scid, HeadCID: "h", CID: cidOf([]byte("gone"))})
		}, store.FindingMissingBlob},
		{"change beyond its list", func(tx store.Tx) error {
			return second(tx.PutChange(store.Change{Issuer: scid, List: 3, Index: s.List.Size}))
		}, store.FindingChangeRange},
		{"change of the last index", func(tx store.Tx) error {
			return second(tx.PutChange(store.Change{Issuer: scid, List: 3, Index: s.List.Size - 1}))
		}, ""},
		{"change without a list", func(tx store.Tx) error {
			return second(tx.PutChange(store.Change{Issuer: scid, List: 4}))
		}, store.FindingChangeList},
		{"issued at a free index", func(tx store.Tx) error {
			return tx.PutIssued(store.Issued{Issuer: scid, ID: "x", List: 3, Index: 9_000})
		}, store.FindingUnallocated},
		{"issued without status", func(tx store.Tx) error {
			return tx.PutIssued(store.Issued{Issuer: scid, ID: "x", List: -1, Index: 9_000})
		}, ""},
		{"head that its history contradicts", func(tx store.Tx) error {
			return tx.PutHead(newHead(7, 1, "not head 1"))
		}, store.FindingHistoryHead},
		{"head that its history confirms", func(tx store.Tx) error {
			return tx.PutHead(newHead(7, 1, "head 1"))
		}, ""},
		{"own head later than the publication", func(tx store.Tx) error {
			return tx.PutHead(newHead(7, 3, "head 3"))
		}, store.FindingPublication},
		{"stranger's head later than a publication", func(tx store.Tx) error {
			stranger := s.Subject
			stranger.Class = store.ClassStranger
			return errors.Join(tx.PutSubject(stranger), tx.PutHead(newHead(7, 3, "head 3")))
		}, ""},
		{"published head is another one", func(tx store.Tx) error {
			next := s.Publication
			next.Sequence, next.HeadCID = 3, cidOf([]byte("mine"))
			return errors.Join(tx.SwapPublication(s.Publication, next), tx.PutHead(newHead(7, 3, "not mine")))
		}, store.FindingPublication},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := open(t)
			update(t, st, func(tx store.Tx) error { return errors.Join(putAll(tx), c.write(tx)) })
			err := st.Check(t.Context())
			if c.want == "" {
				if err != nil {
					t.Errorf("Check = %v, want nothing", err)
				}
				return
			}
			var found *store.CheckError
			if !errors.As(err, &found) || !errors.Is(err, store.ErrCorrupt) {
				t.Fatalf("Check = %v, want a CheckError that is ErrCorrupt", err)
			}
			if len(found.Findings) != 1 || found.Findings[0].Kind != c.want || found.Findings[0].Row == "" {
				t.Errorf("Check found %v, want one of kind %s", found.Findings, c.want)
			}
		})
	}
	t.Run("ends with the context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantErr(t, "Check", open(t).Check(ctx), context.Canceled)
	})
}
