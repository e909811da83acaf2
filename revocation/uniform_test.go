package revocation

import (
	"context"
	"crypto/rand"
	"math"
	"math/big"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

// memory keeps lists in memory: enough of a store for the allocator, so that a
// million draws are made by the code of the book and not by a disk.
type memory struct {
	store.Tx
	lists []store.List
	taken map[int64]Bitstring
}

// GetMeta: no restore has set a floor for the numbers of lists.
func (m *memory) GetMeta(string) ([]byte, error) { return nil, store.ErrNotFound }

func (m *memory) Update(_ context.Context, _ string, fn func(store.Tx) error) error { return fn(m) }
func (m *memory) View(_ context.Context, fn func(store.Tx) error) error             { return fn(m) }

func (m *memory) ListLists(string) ([]store.List, error) { return m.lists, nil }

func (m *memory) GetList(_ string, number int64) (store.List, error) {
	l := m.lists[number-1]
	l.Bitmap = m.taken[number].Bytes()
	return l, nil
}

func (m *memory) PutList(l store.List) error {
	if l.Number > int64(len(m.lists)) {
		m.lists, m.taken[l.Number] = append(m.lists, l), NewBitstring(l.Size)
		return nil
	}
	l.Allocated, l.Bitmap = m.lists[l.Number-1].Allocated, nil
	m.lists[l.Number-1] = l
	return nil
}

func (m *memory) AllocBit(_ string, number, index int64) error {
	bits := m.taken[number]
	if used, err := bits.Get(index); err != nil {
		return store.ErrInvalid
	} else if used {
		return store.ErrExists
	}
	m.lists[number-1].Allocated++
	return bits.Set(index)
}

// allocator gives one index of a list that is taken so far.
type allocator func(t testing.TB, taken Bitstring, nth int64) int64

// The draws of a list of n entries that is filled to a half, n/2 draws, and this
// again for many lists. What is measured, each as distance from its mean in
// standard deviations under the hypothesis that every free index has the same
// chance:
//
//   - cells: chi-square of the draws over 256 cells of equal size. Without
//     replacement the counts vary less by the factor f = (n-m)/(n-1); chi-square/f
//     has a mean of 255 and a standard deviation of sqrt(2*255). Too high is a bias
//     to a place, too low an allocator that spreads by design.
//   - neighbours: how many taken indices have their right neighbour taken too. For
//     m of n at random that is m(m-1)/n, with a standard deviation of about
//     m(n-m)/n^1.5. Too high is an allocator that walks on from a taken index.
//   - order: how often a draw is higher than the one before. For draws in random
//     order that is (m-1)/2, with a variance of (m+1)/12. Off is a counter, or a
//     walk, however well it covers the list in the end.
//
// A correct allocator exceeds 6 in one of the three less than once in a million
// runs (the tail of chi-square is the heaviest, 1e-7); the worst measure of each
// mutant below is beyond 70.
type measures struct{ cells, neighbours, order float64 }

const (
	boundOfDraws = 6.0
	drawCells    = 256
)

func (m measures) pass() bool {
	return math.Abs(m.cells) < boundOfDraws && math.Abs(m.neighbours) < boundOfDraws && math.Abs(m.order) < boundOfDraws
}

// sampled gathers draws of lists that were filled to the same share.
type sampled struct {
	n, m        int64 // entries of a list, draws of each
	counts      [drawCells]float64
	lists       float64
	pairs       float64
	ups         float64
	taken       Bitstring
	last, drawn int64
}

func (s *sampled) add(index int64) {
	if s.drawn%s.m == 0 {
		s.taken, s.last = NewBitstring(s.n), -1
		s.lists++
	}
	s.counts[index*drawCells/s.n]++
	if s.last >= 0 && index > s.last {
		s.ups++
	}
	if err := s.taken.Set(index); err != nil {
		panic(err)
	}
	s.last = index
	s.drawn++
	if s.drawn%s.m == 0 {
		for i := range s.n - 1 {
			a, _ := s.taken.Get(i)
			b, _ := s.taken.Get(i + 1)
			if a && b {
				s.pairs++
			}
		}
	}
}

func (s *sampled) measure() measures {
	n, m := float64(s.n), float64(s.m)
	expected := float64(s.drawn) / drawCells
	chi := 0.0
	for _, c := range s.counts {
		chi += (c - expected) * (c - expected) / expected
	}
	f := (n - m) / (n - 1)
	return measures{
		cells:      (chi/f - (drawCells - 1)) / math.Sqrt(2*(drawCells-1)),
		neighbours: (s.pairs - s.lists*m*(m-1)/n) / (math.Sqrt(s.lists) * m * (n - m) / math.Pow(n, 1.5)),
		order:      (s.ups - s.lists*(m-1)/2) / math.Sqrt(s.lists*(m+1)/12),
	}
}

// One million indices are drawn by the book from lists that fill to a half each,
// and nothing tells them from draws where each free index has the same chance.
func TestDrawsAreUniform(t *testing.T) {
	const draws = 1 << 20 // 16 lists of 65,536
	m := &memory{taken: map[int64]Bitstring{}}
	b := NewBook(BookConfig{Store: m, Fill: 50})
	s := &sampled{n: MinEntries, m: MinEntries / 2}
	for range draws {
		slot, err := b.Allocate(t.Context(), testIssuer, nil)
		if err != nil {
			t.Fatal(err)
		}
		if slot.Lists[Suspension] != slot.Lists[Revocation]+1 {
			t.Fatalf("lists %v", slot.Lists)
		}
		s.add(slot.Index)
	}
	got := s.measure()
	t.Logf("%d draws from %.0f lists: %+v", s.drawn, s.lists, got)
	if s.lists != 16 || len(m.lists) != 32 || !got.pass() {
		t.Errorf("%.0f lists filled, %d opened, measures %+v beyond %v", s.lists, len(m.lists), got, boundOfDraws)
	}
	for _, l := range m.lists {
		if l.Allocated != MinEntries/2 || m.taken[l.Number].Count() != MinEntries/2 {
			t.Errorf("list %d: %d allocated, %d bits", l.Number, l.Allocated, m.taken[l.Number].Count())
		}
	}
}

func number(t testing.TB, n int64) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		t.Fatal(err)
	}
	return i.Int64()
}

// The measures find every usual way to get it wrong.
func TestMeasuresFindMutants(t *testing.T) {
	const n = MinEntries
	step := func(taken Bitstring, i int64) int64 { // to the next free index
		for {
			if used, err := taken.Get(i); err == nil && !used {
				return i
			}
			i = (i + 1) % n
		}
	}
	for name, mutant := range map[string]allocator{
		"counter":                 func(_ testing.TB, _ Bitstring, nth int64) int64 { return nth },
		"stride over the list":    func(_ testing.TB, _ Bitstring, nth int64) int64 { return nth * 50_021 % n },
		"next free after a draw":  func(t testing.TB, taken Bitstring, _ int64) int64 { return step(taken, number(t, n)) },
		"draw of 16 bits":         func(t testing.TB, taken Bitstring, _ int64) int64 { return step(taken, number(t, 1<<16)) },
		"remainder of 17.3 bits":  func(t testing.TB, taken Bitstring, _ int64) int64 { return free(t, taken, 160_000) },
		"sorted batches of eight": sorted(n),
	} {
		t.Run(name, func(t *testing.T) {
			s := &sampled{n: n, m: n / 2}
			taken := NewBitstring(n)
			for nth := range int64(n / 2) {
				i := mutant(t, taken, nth)
				if err := taken.Set(i); err != nil {
					t.Fatal(err)
				}
				s.add(i)
			}
			if got := s.measure(); got.pass() {
				t.Errorf("not found: %+v", got)
			} else {
				t.Logf("%+v", got)
			}
		})
	}
}

// free draws below span and takes the remainder, until one is free: the first
// indices have twice the chance of the others.
func free(t testing.TB, taken Bitstring, span int64) int64 {
	for {
		i := number(t, span) % MinEntries
		if used, err := taken.Get(i); err == nil && !used {
			return i
		}
	}
}

// sorted draws well, but hands out eight at a time in ascending order, as an
// allocator with a pool from a database index would.
func sorted(n int64) allocator {
	var pool []int64
	return func(t testing.TB, taken Bitstring, _ int64) int64 {
		if len(pool) == 0 {
			own := FromBytes(append([]byte(nil), taken.Bytes()...))
			for len(pool) < 8 {
				i := number(t, n)
				if used, err := own.Get(i); err == nil && !used {
					if err := own.Set(i); err != nil {
						t.Fatal(err)
					}
					at := 0
					for at < len(pool) && pool[at] < i {
						at++
					}
					pool = append(pool[:at], append([]int64{i}, pool[at:]...)...)
				}
			}
		}
		i := pool[0]
		pool = pool[1:]
		return i
	}
}
