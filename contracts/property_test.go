package contracts

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"
	"pgregory.net/rapid"
)

// call is one thing that an account can do to the contract.
type call struct {
	name string
	data []byte
}

// subjects that the properties play with: few, so that calls meet.
var subjects = []Subject{subject("a"), subject("b"), subject("c"), {}}

func drawOrder(r *rapid.T) *big.Int {
	return rapid.OneOf(
		rapid.Custom(func(r *rapid.T) *big.Int {
			return order(rapid.Uint32Range(0, 3).Draw(r, "version"), rapid.Uint64Range(0, 4).Draw(r, "sequence"))
		}),
		rapid.Custom(func(r *rapid.T) *big.Int {
			return new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(r, "order"))
		}),
	).Draw(r, "number")
}

// drawCall makes an honest call, or one whose bytes were tampered with; other is
// an account whose name the bytes may hold.
func (w *world) drawCall(r *rapid.T, other int) call {
	head := func() AnchorHead {
		return AnchorHead{
			Subject: rapid.SampledFrom(subjects).Draw(r, "subject"), Order: drawOrder(r),
			Head: digest(fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "head"))),
		}
	}
	many := func() []AnchorHead {
		out := make([]AnchorHead, rapid.IntRange(0, 4).Draw(r, "heads"))
		for i := range out {
			out[i] = head()
		}
		return out
	}
	kind := rapid.SampledFrom([]string{"anchor", "anchorMany", "anchorBatch", "tampered", "raw"}).Draw(r, "kind")
	switch kind {
	case "anchor":
		h := head()
		return call{kind, w.binding.PackAnchor(h.Subject, h.Order, h.Head)}
	case "anchorMany":
		return call{kind, w.binding.PackAnchorMany(many())}
	case "anchorBatch":
		return call{kind, w.binding.PackAnchorBatch(digest(fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "root"))))}
	case "tampered":
		data := w.binding.PackAnchorMany(many())
		// Offsets and lengths are what a decoder trusts; the words of another's
		// account and slot are what an attacker would put there.
		words := [][]byte{w.Accounts[other].Address.Bytes()}
		for _, s := range subjects {
			slot := FloorSlot(w.Accounts[other].Address, s)
			words = append(words, slot[:])
		}
		words = append(words, rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(r, "bytes"))
		word := rapid.SampledFrom(words).Draw(r, "word")
		at := rapid.OneOf(
			rapid.Map(rapid.IntRange(0, (len(data)-4)/32-1), func(i int) int { return 4 + 32*i }),
			rapid.IntRange(4, len(data)-1),
		).Draw(r, "at")
		copy(data[at:], word)
		return call{kind, data}
	default:
		methods := w.binding.GetABI().Methods
		names := []string{"anchor", "anchorMany", "anchorBatch", "floorOf", "batchOf"}
		selector := methods[rapid.SampledFrom(names).Draw(r, "method")].ID
		return call{kind, append(append([]byte(nil), selector...), rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(r, "data")...)}
	}
}

// records reads everything that an account can have written about the subjects.
func (w *world) records(t testing.TB, account int) string {
	t.Helper()
	out := fmt.Sprint("batches ", w.batches(t, account))
	for _, s := range subjects {
		out += fmt.Sprint("; ", w.floor(t, account, s))
	}
	return out
}

// TestStrangersChangeNothing: after whatever A did, no sequence of calls of B,
// well formed or not, changes a record of A, in storage or by a later event
// under A's name.
func TestStrangersChangeNothing(t *testing.T) {
	const a, b = 0, 1
	w := newWorld(t, 2)
	taken := map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		w.redeploy(t)
		for range rapid.IntRange(1, 4).Draw(r, "calls of A") {
			w.Send(t, w.Accounts[a], w.address, w.drawCall(r, b).data)
		}
		before, events := w.records(t, a), len(w.logs(t))
		for range rapid.IntRange(1, 8).Draw(r, "calls of B") {
			c := w.drawCall(r, a)
			if w.Send(t, w.Accounts[b], w.address, c.data).Status == types.ReceiptStatusSuccessful {
				taken[c.name]++
			}
		}
		if after := w.records(t, a); after != before {
			r.Fatalf("A's records before: %s\nafter B: %s", before, after)
		}
		for _, l := range w.logs(t)[events:] {
			if l.Topics[1] != [32]byte(append(make([]byte, 12), w.Accounts[b].Address.Bytes()...)) {
				r.Fatalf("an event of another than B: %+v", l)
			}
		}
	})
	t.Logf("calls of B that were taken: %v", taken)
	for _, kind := range []string{"anchor", "anchorMany", "anchorBatch"} {
		if taken[kind] == 0 {
			t.Errorf("no call of kind %s was ever taken, so the property says nothing about it", kind)
		}
	}
}

// model is what the contract should hold, in the plainest form there is.
type model struct {
	floors  map[string]Entry
	batches map[int]Entry
}

func floorKey(account int, s Subject) string { return fmt.Sprint(account, " ", s.SCID()) }

// TestEventsRebuildEverything lets several accounts call at random, keeps a model
// by the calls that were taken, rebuilds another from the events alone, and holds
// both against the storage. An order number that falls fails in between.
func TestEventsRebuildEverything(t *testing.T) {
	w := newWorld(t, 3)
	seen := 0
	rapid.Check(t, func(r *rapid.T) {
		w.redeploy(t)
		type written struct{ account, subject string }
		largest := map[written]*big.Int{}
		for range rapid.IntRange(1, 10).Draw(r, "calls") {
			from := rapid.IntRange(0, 2).Draw(r, "from")
			w.Send(t, w.Accounts[from], w.address, w.drawCall(r, (from+1)%3).data)
			for i := range w.Accounts {
				for _, s := range subjects {
					k := written{fmt.Sprint(i), s.SCID()}
					now := w.floor(t, i, s).Number
					if old := largest[k]; old != nil && now.Cmp(old) < 0 {
						r.Fatalf("%v fell from %v to %v", k, old, now)
					}
					largest[k] = now
				}
			}
		}
		m := w.rebuild(t, r)
		seen += len(m.floors) + len(m.batches)
		for i := range w.Accounts {
			if got, want := w.batches(t, i), m.batches[i]; !sameOrNone(got, want) {
				r.Fatalf("batches of %d: the chain has %v, the events say %v", i, got, want)
			}
			for _, s := range subjects {
				if got, want := w.floor(t, i, s), m.floors[floorKey(i, s)]; !sameOrNone(got, want) {
					r.Fatalf("floor of %d about %s: the chain has %v, the events say %v", i, s.SCID(), got, want)
				}
			}
		}
	})
	if seen == 0 {
		t.Error("nothing was ever written")
	}
}

func sameOrNone(got, want Entry) bool {
	if want.Number == nil {
		return !got.Written()
	}
	return same(got, want)
}

// rebuild replays the events, and checks that each names the block of the one
// before it, so that a reader can also walk backwards.
func (w *world) rebuild(t testing.TB, r *rapid.T) model {
	t.Helper()
	m := model{floors: map[string]Entry{}, batches: map[int]Entry{}}
	account := map[[20]byte]int{}
	for i, a := range w.Accounts {
		account[a.Address] = i
	}
	for _, l := range w.logs(t) {
		number, seconds := new(big.Int).SetUint64(l.BlockNumber), new(big.Int).SetUint64(l.BlockTimestamp)
		if e, err := w.binding.UnpackAnchoredEvent(&l); err == nil {
			k := floorKey(account[e.Account], e.Subject)
			old := m.floors[k]
			if e.Previous.Uint64() != old.Block {
				r.Fatalf("event %+v: the one before was in block %d", e, old.Block)
			}
			if m.floors[k], err = newEntry(e.Order, number, seconds); err != nil {
				r.Fatal(err)
			}
			continue
		}
		e, err := w.binding.UnpackBatchedEvent(&l)
		if err != nil {
			r.Fatalf("an event that is neither: %+v", l)
		}
		old := m.batches[account[e.Account]]
		if e.Previous.Uint64() != old.Block || old.Number != nil && new(big.Int).Sub(e.Number, old.Number).Int64() != 1 {
			r.Fatalf("event %+v after %v", e, old)
		}
		if m.batches[account[e.Account]], err = newEntry(e.Number, number, seconds); err != nil {
			r.Fatal(err)
		}
	}
	return m
}
