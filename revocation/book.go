package revocation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strconv"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

// Transactions is the part of a store that the book needs.
type Transactions interface {
	Update(ctx context.Context, scope string, fn func(store.Tx) error) error
	View(ctx context.Context, fn func(store.Tx) error) error
}

// BookConfig are the settings of a book. The zero value works, apart from
// Store.
type BookConfig struct {
	Store Transactions
	// Size is the number of entries of a new list; zero means 131,072, which
	// is also the least.
	Size int64
	// Fill is the share of a list, in percent, that is given out before the
	// next one is opened; zero means 50. A list that is never full keeps the
	// draw of an index fast and hides how many there are.
	Fill int
	// MaxAge is how long indices are given out from one list; zero means
	// without end.
	MaxAge time.Duration
	Clock  func() time.Time
	Rand   io.Reader
	Logger *slog.Logger
}

// Book is an issuer's record of what it gave out and what it took back. One
// book serves all issuers of a node; every call names one.
//
// Lists come in pairs that share their indices: the odd number n is for
// revocation, n+1 for suspension.
type Book struct {
	store Transactions
	size  int64
	fill  int
	age   time.Duration
	clock func() time.Time
	rand  io.Reader
	log   *slog.Logger
}

// NewBook makes a book over a store.
func NewBook(cfg BookConfig) *Book {
	b := &Book{store: cfg.Store, size: cfg.Size, fill: cfg.Fill, age: cfg.MaxAge, clock: cfg.Clock, rand: cfg.Rand, log: cfg.Logger}
	if b.size < MinEntries {
		b.size = MinEntries
	}
	if b.fill <= 0 || b.fill > 100 {
		b.fill = 50
	}
	if b.clock == nil {
		b.clock = time.Now
	}
	if b.rand == nil {
		b.rand = rand.Reader
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	return b
}

// Slot is a place given to one credential, in the list of each purpose.
type Slot struct {
	Index int64
	Lists map[Purpose]int64
	// Given is how many indices of the list are given out, this one included.
	Given int64
}

// listFor returns the number of the list of a purpose, from any of the pair.
func listFor(number int64, p Purpose) (int64, error) {
	odd := number
	if number%2 == 0 {
		odd = number - 1
	}
	switch p {
	case Revocation:
		return odd, nil
	case Suspension:
		return odd + 1, nil
	}
	return 0, fmt.Errorf("%w: %q", ErrPurpose, p)
}

// purposeOf is the purpose of a list number.
func purposeOf(number int64) Purpose {
	if number%2 == 0 {
		return Suspension
	}
	return Revocation
}

// Allocate gives out one index, drawn uniformly from all that are free in the
// open lists, and opens a new pair when that is due. extra runs in the same
// transaction, so that the register of issued credentials and the index are
// recorded together or not at all; it may be nil. Nothing that is published
// changes.
func (b *Book) Allocate(ctx context.Context, issuer string, extra func(tx store.Tx, s Slot) error) (Slot, error) {
	var slot Slot
	err := b.store.Update(ctx, issuer, func(tx store.Tx) error {
		open, err := b.open(tx, issuer)
		if err != nil {
			return err
		}
		if slot, err = b.draw(tx, issuer, open); err != nil {
			return err
		}
		if extra != nil {
			return extra(tx, slot)
		}
		return nil
	})
	if err != nil {
		return Slot{}, fmt.Errorf("revocation: allocate: %w", err)
	}
	return slot, nil
}

// AllocateIn is Allocate within a transaction that the caller holds, for who gives
// out many at once.
func (b *Book) AllocateIn(tx store.Tx, issuer string) (Slot, error) {
	open, err := b.open(tx, issuer)
	if err != nil {
		return Slot{}, fmt.Errorf("revocation: allocate: %w", err)
	}
	slot, err := b.draw(tx, issuer, open)
	if err != nil {
		return Slot{}, fmt.Errorf("revocation: allocate: %w", err)
	}
	return slot, nil
}

// openSet are lists from which indices may be given: one of each pair, and for
// each what else is given with it.
type openSet struct {
	lists  []store.List // without bitmaps
	second map[int64]bool
}

// open finds the lists that are open, closes those that have reached their
// share or their age, and opens a pair when none is left.
func (b *Book) open(tx store.Tx, issuer string) (openSet, error) {
	set := openSet{second: map[int64]bool{}}
	lists, err := tx.ListLists(issuer)
	if err != nil {
		return set, err
	}
	last, closed := int64(0), int64(0)
	for _, l := range lists {
		last = max(last, l.Number)
		if l.State != store.ListOpen {
			continue
		}
		if b.due(l) || closed > 0 && second(l, closed) {
			if err := closeList(tx, issuer, l.Number); err != nil {
				return set, err
			}
			closed = l.Number
			continue
		}
		set.add(l)
	}
	if len(set.lists) > 0 {
		return set, nil
	}
	if last, err = b.above(tx, issuer, last); err != nil {
		return set, err
	}
	pair, err := b.openPair(tx, issuer, last+1)
	for _, l := range pair {
		set.add(l)
	}
	return set, err
}

// second tells whether a list is the suspension list of a pair of our own, whose
// first list is filled in step with it.
func second(l store.List, first int64) bool {
	return purposeOf(l.Number) == Suspension && l.Number == first+1 && l.URL == ""
}

// add takes lists in the order of their numbers.
func (o *openSet) add(l store.List) {
	if n := len(o.lists); n > 0 && second(l, o.lists[n-1].Number) {
		o.second[l.Number-1] = true
		return
	}
	o.lists = append(o.lists, l)
}

// due tells whether no more indices should be given out from a list.
func (b *Book) due(l store.List) bool {
	if l.Allocated*100 >= l.Size*int64(b.fill) {
		return true
	}
	return b.age > 0 && b.clock().Sub(time.UnixMilli(l.Created)) >= b.age
}

func closeList(tx store.Tx, issuer string, number int64) error {
	l, err := tx.GetList(issuer, number)
	if err != nil {
		return err
	}
	l.State, l.Bitmap = store.ListClosed, nil
	return tx.PutList(l)
}

func (b *Book) openPair(tx store.Tx, issuer string, number int64) ([]store.List, error) {
	if number%2 == 0 {
		number++
	}
	now := b.clock().UnixMilli()
	var pair []store.List
	for n := number; n <= number+1; n++ {
		l := store.List{Issuer: issuer, Number: n, Purposes: []string{string(purposeOf(n))},
			Size: b.size, State: store.ListOpen, Created: now, Dirty: true}
		if err := tx.PutList(l); err != nil {
			return nil, err
		}
		pair = append(pair, l)
	}
	b.log.Info("opened a pair of status lists", "issuer", issuer, "revocation", number, "suspension", number+1)
	return pair, nil
}

// Open makes sure that the issuer has an open pair of lists, so that its
// lists are published before the first credential names one.
func (b *Book) Open(ctx context.Context, issuer string) error {
	return b.store.Update(ctx, issuer, func(tx store.Tx) error {
		_, err := b.open(tx, issuer)
		return err
	})
}

// OpenMore opens one more pair beside those that are open, and returns its
// lists. by and why go into the audit trail.
func (b *Book) OpenMore(ctx context.Context, issuer, by, why string) ([]store.List, error) {
	var pair []store.List
	err := b.store.Update(ctx, issuer, func(tx store.Tx) error {
		lists, err := tx.ListLists(issuer)
		if err != nil {
			return err
		}
		last := int64(0)
		for _, l := range lists {
			last = max(last, l.Number)
		}
		if last, err = b.above(tx, issuer, last); err != nil {
			return err
		}
		if pair, err = b.openPair(tx, issuer, last+1); err != nil {
			return err
		}
		return b.note(tx, issuer, by, "lists.open", pair[0].Number, why)
	})
	if err != nil {
		return nil, fmt.Errorf("revocation: open lists: %w", err)
	}
	return pair, nil
}

// CloseList ends the giving out of indices from a list and the one that shares
// its indices; the statuses in it can be changed as before. changed is false
// when it was closed already. The error is ErrNoList.
func (b *Book) CloseList(ctx context.Context, issuer string, number int64, by, why string) (changed bool, err error) {
	err = b.store.Update(ctx, issuer, func(tx store.Tx) error {
		changed = false
		lists, err := tx.ListLists(issuer)
		if err != nil {
			return err
		}
		found := false
		first, _ := listFor(number, Revocation)
		for _, l := range lists {
			if l.Number != first && l.Number != first+1 {
				continue
			}
			found = found || l.Number == number
			if l.State == store.ListClosed {
				continue
			}
			if err := closeList(tx, issuer, l.Number); err != nil {
				return err
			}
			changed = true
		}
		if !found {
			return ErrNoList
		}
		if !changed {
			return nil
		}
		return b.note(tx, issuer, by, "lists.close", first, why)
	})
	if err != nil {
		return false, fmt.Errorf("revocation: close list %d: %w", number, err)
	}
	return changed, nil
}

// note adds a line about a list to the audit trail.
func (b *Book) note(tx store.Tx, issuer, by, act string, number int64, why string) error {
	_, err := tx.AppendAudit(store.Audit{Issuer: issuer, At: b.clock().UnixMilli(), Actor: by, Action: act,
		Target: strconv.FormatInt(number, 10), Detail: why})
	return err
}

// draw takes a free index of the open lists, each free one with the same chance:
// first a list, by how many are free in it, then an index in it, by drawing
// until one is free and, should that fail, by choosing among all free ones.
func (b *Book) draw(tx store.Tx, issuer string, open openSet) (Slot, error) {
	l, err := b.pick(open.lists)
	if err != nil {
		return Slot{}, err
	}
	index, err := b.drawFrom(tx, l)
	if err != nil {
		return Slot{}, err
	}
	slot := Slot{Index: index, Lists: map[Purpose]int64{purposeOf(l.Number): l.Number}, Given: l.Allocated + 1}
	if open.second[l.Number] {
		slot.Lists[Suspension] = l.Number + 1
		err = tx.AllocBit(issuer, l.Number+1, index)
	}
	return slot, err
}

// pick chooses a list, by how many indices are free in each.
func (b *Book) pick(lists []store.List) (store.List, error) {
	free := int64(0)
	for _, l := range lists {
		free += l.Size - l.Allocated
	}
	if free <= 0 {
		return store.List{}, ErrNoRoom
	}
	at, err := b.below(free)
	if err != nil {
		return store.List{}, err
	}
	for _, l := range lists {
		if at -= l.Size - l.Allocated; at < 0 {
			return l, nil
		}
	}
	return store.List{}, ErrNoRoom
}

// below draws a number from 0 to n-1.
func (b *Book) below(n int64) (int64, error) {
	i, err := rand.Int(b.rand, big.NewInt(n))
	if err != nil {
		return 0, fmt.Errorf("revocation: random numbers: %w", err)
	}
	return i.Int64(), nil
}

// drawFrom takes a free index of one list.
func (b *Book) drawFrom(tx store.Tx, l store.List) (int64, error) {
	for range 64 {
		index, err := b.below(l.Size)
		if err != nil {
			return 0, err
		}
		if err = tx.AllocBit(l.Issuer, l.Number, index); err == nil || !errors.Is(err, store.ErrExists) {
			return index, err
		}
	}
	l, err := tx.GetList(l.Issuer, l.Number)
	if err != nil {
		return 0, err
	}
	var free []int64
	taken := FromBytes(l.Bitmap)
	for i := range l.Size {
		if used, err := taken.Get(i); err == nil && !used {
			free = append(free, i)
		}
	}
	if len(free) == 0 {
		return 0, ErrNoRoom
	}
	i, err := b.below(int64(len(free)))
	if err != nil {
		return 0, err
	}
	return free[i], tx.AllocBit(l.Issuer, l.Number, free[i])
}

// place finds a list and makes sure that the index was given out.
func (b *Book) place(tx store.Tx, issuer string, number, index int64) (store.List, error) {
	l, err := tx.GetList(issuer, number)
	if errors.Is(err, store.ErrNotFound) {
		return l, ErrNoList
	}
	if err != nil {
		return l, err
	}
	return l, placed(l, FromBytes(l.Bitmap), index)
}

// State is what the book holds on one index.
type State struct {
	Revoked, Suspended bool
	Purposes           []Purpose      // those that the index has a list for
	Changes            []store.Change // the current row of each purpose
}

// State reads one index of a list and of the one that shares its indices.
// Errors: ErrNoList, ErrRange, ErrNotAllocated.
func (b *Book) State(ctx context.Context, issuer string, list, index int64) (State, error) {
	var s State
	err := b.store.View(ctx, func(tx store.Tx) error {
		s = State{}
		for _, p := range []Purpose{Revocation, Suspension} {
			number, err := listFor(list, p)
			if err != nil {
				return err
			}
			_, err = b.place(tx, issuer, number, index)
			if errors.Is(err, ErrNoList) && number != list {
				continue // begun elsewhere, for one purpose
			}
			if err != nil {
				return err
			}
			s.Purposes = append(s.Purposes, p)
			c, err := tx.GetChange(issuer, number, index, string(p))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			s.Changes = append(s.Changes, c)
			s.Revoked = s.Revoked || p == Revocation && c.Status != 0
			s.Suspended = s.Suspended || p == Suspension && c.Status != 0
		}
		return nil
	})
	return s, err
}

// Lists returns the issuer's lists, without their bitmaps.
func (b *Book) Lists(ctx context.Context, issuer string) ([]store.List, error) {
	var lists []store.List
	err := b.store.View(ctx, func(tx store.Tx) (err error) {
		lists, err = tx.ListLists(issuer)
		return err
	})
	return lists, err
}

// Render makes the bits of one list from the rows of the book, inside the
// caller's transaction, so that what is signed is what was committed.
func Render(tx store.Tx, l store.List) (Bitstring, error) {
	bits := NewBitstring(l.Size)
	for after := int64(0); ; {
		page, err := tx.ListChanges(l.Issuer, l.Number, after, 0)
		if err != nil {
			return Bitstring{}, err
		}
		for _, c := range page {
			after = c.Seq
			if c.Status == 0 {
				continue
			}
			if err := bits.Set(c.Index); err != nil {
				return Bitstring{}, fmt.Errorf("revocation: list %d: index %d: %w", l.Number, c.Index, err)
			}
		}
		if len(page) == 0 {
			return bits, nil
		}
	}
}
