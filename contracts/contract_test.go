package contracts

import (
	"context"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"
)

// TestOrderOnlyGrows gives one record a list of order numbers, one after the
// other, and says of each whether it is taken.
func TestOrderOnlyGrows(t *testing.T) {
	w := newWorld(t, 1)
	s := subject("issuer")
	largest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1))
	for _, step := range []struct {
		name  string
		order *big.Int
		taken bool
	}{
		{"nothing is no order", new(big.Int), false},
		{"the first", order(1, 1), true},
		{"the same again", order(1, 1), false},
		{"the next", order(1, 2), true},
		{"one that was taken before", order(1, 1), false},
		{"one left out", order(1, 9), true},
		{"between, too late", order(1, 5), false},
		{"a later epoch starts at 1", order(2, 1), true},
		{"a later head of the epoch before", order(1, 10), false},
		{"the largest sequence", order(2, 1<<64-1), true},
		{"the next version", order(3, 1), true},
		{"the largest of all", largest, true},
		{"the largest of all again", largest, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			before := w.floor(t, 0, s)
			call := w.binding.PackAnchor(s, step.order, digest(step.name))
			why := w.refusal(t, 0, call)
			r := w.Send(t, w.Accounts[0], w.address, call)
			after := w.floor(t, 0, s)
			if !step.taken {
				refused, ok := why.(*AnchorNotAbove)
				if !ok || refused.Subject != s || refused.Order.Cmp(step.order) != 0 || refused.Anchored.Cmp(before.Number) != 0 {
					t.Errorf("refused with %v", why)
				}
				if r.Status != types.ReceiptStatusFailed || len(r.Logs) != 0 || !same(before, after) {
					t.Errorf("status %d, %d events, from %v to %v", r.Status, len(r.Logs), before, after)
				}
				return
			}
			if why != nil || r.Status != types.ReceiptStatusSuccessful || len(r.Logs) != 1 {
				t.Fatalf("%v, status %d, %d events", why, r.Status, len(r.Logs))
			}
			header, err := w.Client.HeaderByNumber(context.Background(), r.BlockNumber)
			if err != nil {
				t.Fatal(err)
			}
			if after.Number.Cmp(step.order) != 0 || after.Block != r.BlockNumber.Uint64() || after.Time.Unix() != int64(header.Time) {
				t.Errorf("record %v of a call in block %v at %d", after, r.BlockNumber, header.Time)
			}
			e, err := w.binding.UnpackAnchoredEvent(r.Logs[0])
			if err != nil {
				t.Fatal(err)
			}
			if e.Account != w.Accounts[0].Address || e.Subject != s || e.Order.Cmp(step.order) != 0 ||
				e.Head != digest(step.name) || e.Previous.Uint64() != before.Block {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// TestManyEqualsSingles: a call with several heads leaves the same records and
// tells the same as single calls, and nothing at all where one would be refused.
func TestManyEqualsSingles(t *testing.T) {
	w := newWorld(t, 2)
	head := func(name string, v uint32, seq uint64) AnchorHead {
		return AnchorHead{Subject: subject(name), Order: order(v, seq), Head: digest(fmt.Sprint(name, v, seq))}
	}
	for _, c := range []struct {
		name    string
		heads   []AnchorHead
		refused string // name of the subject that it fails at
	}{
		{"none", nil, ""},
		{"one", []AnchorHead{head("a", 1, 1)}, ""},
		{"three subjects", []AnchorHead{head("a", 1, 2), head("b", 1, 1), head("c", 7, 70)}, ""},
		{"one subject, growing", []AnchorHead{head("a", 1, 3), head("a", 1, 4), head("a", 2, 1)}, ""},
		{"first is stale", []AnchorHead{head("a", 2, 1), head("b", 1, 2)}, "a"},
		{"last is stale", []AnchorHead{head("d", 1, 1), head("b", 1, 2), head("c", 7, 69)}, "c"},
		{"one subject, falling", []AnchorHead{head("e", 1, 2), head("e", 1, 1)}, "e"},
		{"one subject twice", []AnchorHead{head("e", 1, 1), head("e", 1, 1)}, "e"},
		{"after the refusals", []AnchorHead{head("b", 1, 2), head("d", 1, 1), head("e", 1, 1)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Account 1 does with singles what account 0 does in one call.
			before := map[Subject]Entry{}
			for _, h := range c.heads {
				before[h.Subject] = w.floor(t, 0, h.Subject)
			}
			call := w.binding.PackAnchorMany(c.heads)
			why := w.refusal(t, 0, call)
			many := w.Send(t, w.Accounts[0], w.address, call)
			if c.refused != "" {
				refused, ok := why.(*AnchorNotAbove)
				if !ok || refused.Subject != subject(c.refused) {
					t.Errorf("refused with %v", why)
				}
				if many.Status != types.ReceiptStatusFailed || len(many.Logs) != 0 {
					t.Errorf("status %d, %d events", many.Status, len(many.Logs))
				}
				for s, e := range before {
					if now := w.floor(t, 0, s); !same(now, e) {
						t.Errorf("%s: from %v to %v", s.SCID(), e, now)
					}
				}
				return
			}
			if why != nil || many.Status != types.ReceiptStatusSuccessful || len(many.Logs) != len(c.heads) {
				t.Fatalf("%v, status %d, %d events", why, many.Status, len(many.Logs))
			}
			for i, h := range c.heads {
				single := w.must(t, 1, w.binding.PackAnchor(h.Subject, h.Order, h.Head))
				a, err := w.binding.UnpackAnchoredEvent(many.Logs[i])
				if err != nil {
					t.Fatal(err)
				}
				b, err := w.binding.UnpackAnchoredEvent(single.Logs[0])
				if err != nil {
					t.Fatal(err)
				}
				if a.Account != w.Accounts[0].Address || b.Account != w.Accounts[1].Address ||
					a.Subject != b.Subject || a.Order.Cmp(b.Order) != 0 || a.Head != b.Head {
					t.Errorf("event %d: %+v, single %+v", i, a, b)
				}
			}
			for s := range before {
				if a, b := w.floor(t, 0, s), w.floor(t, 1, s); a.Number.Cmp(b.Number) != 0 || !a.Written() {
					t.Errorf("%s: %v, by singles %v", s.SCID(), a, b)
				}
			}
		})
	}
}

// TestBatches counts, and no account counts for another.
func TestBatches(t *testing.T) {
	w := newWorld(t, 2)
	previous := [2]uint64{}
	for i, from := range []int{0, 0, 1, 0, 1} {
		count := w.batches(t, from).Number.Uint64()
		root := digest(fmt.Sprint("root", i))
		r := w.must(t, from, w.binding.PackAnchorBatch(root))
		e, err := w.binding.UnpackBatchedEvent(r.Logs[0])
		if err != nil {
			t.Fatal(err)
		}
		if e.Account != w.Accounts[from].Address || e.Number.Uint64() != count+1 || e.Root != root || e.Previous.Uint64() != previous[from] {
			t.Errorf("call %d: event %+v after %d batches, the last in block %d", i, e, count, previous[from])
		}
		previous[from] = r.BlockNumber.Uint64()
	}
	if a, b := w.batches(t, 0), w.batches(t, 1); a.Number.Uint64() != 3 || b.Number.Uint64() != 2 || a.Block != previous[0] || b.Block != previous[1] {
		t.Errorf("%v and %v", a, b)
	}
}

// TestTakesNothingElse: no value, no unknown call, no cut or stretched number.
func TestTakesNothingElse(t *testing.T) {
	w := newWorld(t, 1)
	s := subject("issuer")
	good := w.binding.PackAnchor(s, order(1, 1), digest("a"))
	change := func(f func([]byte) []byte) []byte { return f(append([]byte(nil), good...)) }
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"an unknown function", change(func(b []byte) []byte { b[0] ^= 1; return b })},
		{"half a selector", good[:2]},
		{"the last byte is missing", good[:len(good)-1]},
		{"an order of 97 bits", change(func(b []byte) []byte { b[4+32+19] = 1; return b })},
	} {
		t.Run(c.name, func(t *testing.T) {
			if w.refusal(t, 0, c.data) == nil {
				t.Error("not refused")
			}
			if r := w.Send(t, w.Accounts[0], w.address, c.data); r.Status != types.ReceiptStatusFailed {
				t.Error("taken")
			}
			if e := w.floor(t, 0, s); e.Written() {
				t.Errorf("left %v", e)
			}
		})
	}
	t.Run("value", func(t *testing.T) {
		if r := w.SendValue(t, w.Accounts[0], w.address, good, big.NewInt(1)); r.Status != types.ReceiptStatusFailed {
			t.Error("taken with value")
		}
		if b, err := w.Client.BalanceAt(context.Background(), w.address, nil); err != nil || b.Sign() != 0 {
			t.Errorf("holds %v, %v", b, err)
		}
	})
	w.must(t, 0, good)
}
