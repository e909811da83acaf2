package revocation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bonafide-id/bonafide/store"
)

// MaxOps is the most ops of one transaction.
const MaxOps = 100_000

// Op is one change of status.
type Op struct {
	Issuer  string
	List    int64 // either number of the pair
	Index   int64
	Purpose Purpose
	Set     bool // false lifts a suspension
	By, Why string
}

// Done is what became of one op of SetMany.
type Done struct {
	// Changed is false when it was so already.
	Changed bool
	// Err says why the op was left out: ErrNoList, ErrRange, ErrNotAllocated,
	// ErrFinal, ErrPurpose or ErrReason.
	Err error
}

// Set records one change: the bit, a line of the audit trail and the mark that
// the list must be published again, in one transaction. When it returns nil
// the change is durable. changed is false when it was so already. Errors:
// ErrNoList, ErrRange, ErrNotAllocated, ErrFinal, ErrPurpose, ErrReason.
func (b *Book) Set(ctx context.Context, op Op) (changed bool, err error) {
	done, err := b.SetMany(ctx, op.Issuer, []Op{op})
	if err == nil {
		changed, err = done[0].Changed, done[0].Err
	}
	if err != nil {
		return false, fmt.Errorf("revocation: %s %d#%d: %w", action(op), op.List, op.Index, err)
	}
	return changed, nil
}

// SetMany records many changes of one issuer, whatever issuer the ops name, in
// one transaction: each as Set does, in their order. An op that cannot be done
// is left out and says why in its Done; the others are done all together or not
// at all. At most MaxOps; each list is read and written once, so ops that are
// near each other in a few lists are cheapest. The error is that of the store,
// or ErrTooMany; then nothing was done.
func (b *Book) SetMany(ctx context.Context, issuer string, ops []Op) ([]Done, error) {
	return b.many(ctx, issuer, ops, b.store.Update, true)
}

// SetIn is SetMany within a transaction that the caller holds.
func (b *Book) SetIn(tx store.Tx, issuer string, ops []Op) ([]Done, error) {
	return b.many(context.Background(), issuer, ops, func(_ context.Context, _ string, fn func(store.Tx) error) error { return fn(tx) }, true)
}

// TryMany tells what SetMany would do now, and changes nothing.
func (b *Book) TryMany(ctx context.Context, issuer string, ops []Op) ([]Done, error) {
	view := func(ctx context.Context, _ string, fn func(store.Tx) error) error { return b.store.View(ctx, fn) }
	return b.many(ctx, issuer, ops, view, false)
}

func (b *Book) many(ctx context.Context, issuer string, ops []Op, run func(context.Context, string, func(store.Tx) error) error, write bool) ([]Done, error) {
	if len(ops) > MaxOps {
		return nil, fmt.Errorf("%w: %d", ErrTooMany, len(ops))
	}
	var done []Done
	err := run(ctx, issuer, func(tx store.Tx) error {
		w := batch{tx: tx, issuer: issuer, ops: ops, done: make([]Done, len(ops)), now: b.clock()}
		done = w.done
		if err := w.plan(); err != nil || !write {
			return err
		}
		return w.write()
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// batch is the work of one transaction.
type batch struct {
	tx     store.Tx
	issuer string
	ops    []Op
	done   []Done
	now    time.Time

	lists []store.List // those in which something changes, bitmaps left out
	rows  []store.Change
}

// plan finds out for every op whether it can be done and changes something.
func (w *batch) plan() error {
	byList := map[int64][]int{}
	for i, op := range w.ops {
		number, err := listFor(op.List, op.Purpose)
		switch {
		case err != nil:
		case op.Purpose == Revocation && !op.Set:
			err = ErrFinal
		case !text(op.Why) || !text(op.By):
			err = ErrReason
		}
		if w.done[i].Err = err; err == nil {
			byList[number] = append(byList[number], i)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(byList)) {
		if err := w.planList(number, byList[number]); err != nil {
			return err
		}
	}
	return nil
}

// text tells whether a store keeps s.
func text(s string) bool {
	return len(s) <= store.MaxKeyLen && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// planList does the same for the ops on one list, given by their places.
func (w *batch) planList(number int64, places []int) error {
	l, err := w.tx.GetList(w.issuer, number)
	if errors.Is(err, store.ErrNotFound) {
		return w.noList(number, places)
	}
	if err != nil {
		return err
	}
	held, err := w.held(number, places)
	if err != nil {
		return err
	}
	final, err := w.revoked(l, places)
	if err != nil {
		return err
	}
	given := FromBytes(l.Bitmap)
	last := map[int64]int{} // the op that counts in the end, by index
	for _, i := range places {
		op, done := w.ops[i], &w.done[i]
		if done.Err = placed(l, given, op.Index); done.Err != nil {
			continue
		}
		if done.Err, err = final(op); err != nil {
			return err
		}
		if done.Err != nil {
			continue
		}
		status := 0
		if op.Set {
			status = 1
		}
		old, err := held(op.Index, op.Purpose)
		if err != nil {
			return err
		}
		if *old != status {
			*old, done.Changed, last[op.Index] = status, true, i
		}
	}
	if len(last) == 0 {
		return nil
	}
	w.rows = slices.Grow(w.rows, len(last))
	for _, index := range slices.Sorted(maps.Keys(last)) {
		op := w.ops[last[index]]
		status := 0
		if op.Set {
			status = 1
		}
		w.rows = append(w.rows, store.Change{Issuer: w.issuer, List: number, Index: index, Purpose: string(op.Purpose),
			Status: status, At: w.now.UnixMilli(), By: op.By, Why: op.Why})
	}
	l.Dirty, l.Bitmap = true, nil
	w.lists = append(w.lists, l)
	return nil
}

// revoked returns what refuses to lift the suspension of a credential that is
// revoked, or that this batch revokes: who asks for it means the revocation.
func (w *batch) revoked(l store.List, places []int) (func(Op) (refusal, err error), error) {
	var lifts []int
	for _, i := range places {
		if op := w.ops[i]; op.Purpose == Suspension && !op.Set && l.URL == "" {
			lifts = append(lifts, i)
		}
	}
	if len(lifts) == 0 {
		return func(Op) (error, error) { return nil, nil }, nil
	}
	held, err := w.held(l.Number-1, lifts)
	if err != nil {
		return nil, err
	}
	now := map[int64]bool{}
	for _, r := range w.rows {
		if r.List == l.Number-1 {
			now[r.Index] = true
		}
	}
	return func(op Op) (error, error) {
		if op.Set {
			return nil, nil
		}
		old, err := held(op.Index, Revocation)
		if err != nil {
			return nil, err
		}
		if *old != 0 || now[op.Index] {
			return ErrFinal, nil
		}
		return nil, nil
	}, nil
}

// noList refuses ops on a list that is not there. A list that was begun
// elsewhere has one purpose only.
func (w *batch) noList(number int64, places []int) error {
	why := error(ErrNoList)
	other := number - 1
	if purposeOf(number) == Revocation {
		other = number + 1
	}
	switch _, err := w.tx.GetList(w.issuer, other); {
	case err == nil:
		why = fmt.Errorf("%w: list %d is for %s only", ErrPurpose, other, purposeOf(other))
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	for _, i := range places {
		w.done[i].Err = why
	}
	return nil
}

// held returns a look-up of the statuses that stand. For many ops the rows of
// the list are read in pages, for a few one by one.
func (w *batch) held(number int64, places []int) (func(int64, Purpose) (*int, error), error) {
	known := map[int64]*int{}
	whole := false
	if len(places) > 1 {
		n, err := w.tx.CountChanges(w.issuer, number)
		if err != nil {
			return nil, err
		}
		whole = n <= 8*int64(len(places))
	}
	if whole {
		for after, more := int64(0), true; more; {
			page, err := w.tx.ListChanges(w.issuer, number, after, 0)
			if err != nil {
				return nil, err
			}
			for _, c := range page {
				after, known[c.Index] = c.Seq, &c.Status
			}
			more = len(page) == store.MaxPage
		}
	}
	return func(index int64, p Purpose) (*int, error) {
		if s, ok := known[index]; ok {
			return s, nil
		}
		status := 0
		if !whole {
			c, err := w.tx.GetChange(w.issuer, number, index, string(p))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			status = c.Status
		}
		known[index] = &status
		return &status, nil
	}, nil
}

// placed says why an index of a list cannot carry a status, or nil.
func placed(l store.List, given Bitstring, index int64) error {
	if index < 0 || index >= l.Size {
		return ErrRange
	}
	if used, err := given.Get(index); err != nil || !used {
		return ErrNotAllocated
	}
	return nil
}

// write stores the rows that the plan made: changes by list, the audit trail in
// the order of the ops.
func (w *batch) write() error {
	if len(w.rows) == 0 {
		return nil
	}
	if _, err := w.tx.PutChanges(w.rows); err != nil {
		return err
	}
	for _, l := range w.lists {
		if err := w.tx.PutList(l); err != nil {
			return err
		}
	}
	trail := make([]store.Audit, 0, len(w.rows))
	for i, op := range w.ops {
		if !w.done[i].Changed {
			continue
		}
		number, err := listFor(op.List, op.Purpose)
		if err != nil {
			return err
		}
		trail = append(trail, store.Audit{Issuer: w.issuer, At: w.now.UnixMilli(), Actor: op.By, Action: action(op),
			Target: strconv.FormatInt(number, 10) + "#" + strconv.FormatInt(op.Index, 10), Detail: op.Why})
	}
	_, err := w.tx.AppendAudits(trail)
	return err
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
