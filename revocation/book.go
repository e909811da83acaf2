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
	Fill   int
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
	clock func() time.Time
	rand  io.Reader
	log   *slog.Logger
}

// NewBook makes a book over a store.
func NewBook(cfg BookConfig) *Book {
	b := &Book{store: cfg.Store, size: cfg.Size, fill: cfg.Fill, clock: cfg.Clock, rand: cfg.Rand, log: cfg.Logger}
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
// open pair of lists, and opens a new pair when that is due. extra runs in the
// same transaction, so that the register of issued credentials and the index
// are recorded together or not at all; it may be nil. Nothing that is
// published changes.
func (b *Book) Allocate(ctx context.Context, issuer string, extra func(tx store.Tx, s Slot) error) (Slot, error) {
	var slot Slot
	err := b.store.Update(ctx, issuer, func(tx store.Tx) error {
		number, err := b.open(tx, issuer)
		if err != nil {
			return err
		}
		index, err := b.draw(tx, issuer, number)
		if err != nil {
			return err
		}
		slot = Slot{Index: index, Lists: map[Purpose]int64{Revocation: number, Suspension: number + 1}}
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

// open finds the open pair, or opens the next one.
func (b *Book) open(tx store.Tx, issuer string) (int64, error) {
	lists, err := tx.ListLists(issuer)
	if err != nil {
		return 0, err
	}
	last := int64(0)
	for _, l := range lists {
		last = max(last, l.Number)
		if l.State != store.ListOpen || purposeOf(l.Number) != Revocation {
			continue
		}
		if l.Allocated*100 < l.Size*int64(b.fill) {
			return l.Number, nil
		}
		// Full enough: no more indices from this pair.
		for _, n := range []int64{l.Number, l.Number + 1} {
			if err := closeList(tx, issuer, n); err != nil {
				return 0, err
			}
		}
	}
	floor, err := b.floor(tx, issuer)
	if err != nil {
		return 0, err
	}
	return b.openPair(tx, issuer, max(last, floor)+1)
}

func closeList(tx store.Tx, issuer string, number int64) error {
	l, err := tx.GetList(issuer, number)
	if err != nil {
		return err
	}
	l.State, l.Bitmap = store.ListClosed, nil
	return tx.PutList(l)
}

func (b *Book) openPair(tx store.Tx, issuer string, number int64) (int64, error) {
	if number%2 == 0 {
		number++
	}
	now := b.clock().UnixMilli()
	for n := number; n <= number+1; n++ {
		l := store.List{Issuer: issuer, Number: n, Purposes: []string{string(purposeOf(n))},
			Size: b.size, State: store.ListOpen, Created: now, Dirty: true}
		if err := tx.PutList(l); err != nil {
			return 0, err
		}
	}
	b.log.Info("opened a pair of status lists", "issuer", issuer, "revocation", number, "suspension", number+1)
	return number, nil
}

// Open makes sure that the issuer has an open pair of lists, so that its
// lists are published before the first credential names one.
func (b *Book) Open(ctx context.Context, issuer string) error {
	return b.store.Update(ctx, issuer, func(tx store.Tx) error {
		_, err := b.open(tx, issuer)
		return err
	})
}

// draw takes a free index: first by drawing until one is free, which is
// uniform over the free ones; then, should that fail, by choosing among all
// free ones.
func (b *Book) draw(tx store.Tx, issuer string, number int64) (int64, error) {
	for range 64 {
		i, err := rand.Int(b.rand, big.NewInt(b.size))
		if err != nil {
			return 0, fmt.Errorf("revocation: random numbers: %w", err)
		}
		index := i.Int64()
		switch err := tx.AllocBit(issuer, number, index); {
		case err == nil:
			return index, tx.AllocBit(issuer, number+1, index)
		case errors.Is(err, store.ErrInvalid):
			continue // an older, shorter list
		case !errors.Is(err, store.ErrExists):
			return 0, err
		}
	}
	l, err := tx.GetList(issuer, number)
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
	i, err := rand.Int(b.rand, big.NewInt(int64(len(free))))
	if err != nil {
		return 0, fmt.Errorf("revocation: random numbers: %w", err)
	}
	index := free[i.Int64()]
	if err := tx.AllocBit(issuer, number, index); err != nil {
		return 0, err
	}
	return index, tx.AllocBit(issuer, number+1, index)
}

// Op is one change of status.
type Op struct {
	Issuer  string
	List    int64 // either number of the pair
	Index   int64
	Purpose Purpose
	Set     bool // false lifts a suspension
	By, Why string
}

// Set records one change: the bit, a line of the audit trail and the mark that
// the list must be published again, in one transaction. When it returns nil
// the change is durable. changed is false when it was so already. Errors:
// ErrNoList, ErrRange, ErrNotAllocated, ErrFinal, ErrPurpose.
func (b *Book) Set(ctx context.Context, op Op) (changed bool, err error) {
	number, err := listFor(op.List, op.Purpose)
	if err != nil {
		return false, err
	}
	if op.Purpose == Revocation && !op.Set {
		return false, ErrFinal
	}
	err = b.store.Update(ctx, op.Issuer, func(tx store.Tx) error {
		changed = false
		l, err := b.place(tx, op.Issuer, number, op.Index)
		if err != nil {
			return err
		}
		status := 0
		if op.Set {
			status = 1
		}
		old, err := tx.GetChange(op.Issuer, number, op.Index, string(op.Purpose))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if old.Status == status {
			return nil
		}
		changed = true
		now := b.clock().UnixMilli()
		if _, err := tx.PutChange(store.Change{Issuer: op.Issuer, List: number, Index: op.Index,
			Purpose: string(op.Purpose), Status: status, At: now, By: op.By, Why: op.Why}); err != nil {
			return err
		}
		l.Dirty, l.Bitmap = true, nil
		if err := tx.PutList(l); err != nil {
			return err
		}
		_, err = tx.AppendAudit(store.Audit{Issuer: op.Issuer, At: now, Actor: op.By, Action: action(op),
			Target: strconv.FormatInt(number, 10) + "#" + strconv.FormatInt(op.Index, 10), Detail: op.Why})
		return err
	})
	if err != nil {
		return false, fmt.Errorf("revocation: %s %d#%d: %w", action(op), op.List, op.Index, err)
	}
	return changed, nil
}

func action(op Op) string {
	switch {
	case op.Purpose == Revocation:
		return "revoke"
	case op.Set:
		return "suspend"
	}
	return "reinstate"
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
	if index < 0 || index >= l.Size {
		return l, ErrRange
	}
	if used, err := FromBytes(l.Bitmap).Get(index); err != nil || !used {
		return l, ErrNotAllocated
	}
	return l, nil
}

// State is what the book holds on one index.
type State struct {
	Revoked, Suspended bool
	Changes            []store.Change // the current row of each purpose
}

// State reads one index. Errors: ErrNoList, ErrRange, ErrNotAllocated.
func (b *Book) State(ctx context.Context, issuer string, list, index int64) (State, error) {
	var s State
	err := b.store.View(ctx, func(tx store.Tx) error {
		s = State{}
		number, _ := listFor(list, Revocation)
		if _, err := b.place(tx, issuer, number, index); err != nil {
			return err
		}
		for i, p := range []Purpose{Revocation, Suspension} {
			c, err := tx.GetChange(issuer, number+int64(i), index, string(p))
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
