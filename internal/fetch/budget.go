package fetch

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Budget is what one piece of work (the check of one credential, one HTTP
// request) may fetch in all. The zero value allows nothing.
type Budget struct {
	Fetches int   // number of GETs, those that failed included
	Bytes   int64 // body bytes, summed over all GETs
}

type account struct {
	fetches atomic.Int64
	bytes   atomic.Int64
	parent  *account
}

type budgetKey struct{}

// WithBudget returns a context whose fetches are paid from b. A budget inside
// a budget pays from both, so that a callee can only tighten. A context
// without a budget is bounded per request only.
func WithBudget(ctx context.Context, b Budget) context.Context {
	a := &account{parent: accountOf(ctx)}
	a.fetches.Store(int64(b.Fetches))
	a.bytes.Store(b.Bytes)
	return context.WithValue(ctx, budgetKey{}, a)
}

// Remaining tells what is left of the innermost budget, and false when the
// context has none.
func Remaining(ctx context.Context) (Budget, bool) {
	a := accountOf(ctx)
	if a == nil {
		return Budget{}, false
	}
	return Budget{Fetches: int(max(a.fetches.Load(), 0)), Bytes: max(a.bytes.Load(), 0)}, true
}

func accountOf(ctx context.Context) *account {
	a, _ := ctx.Value(budgetKey{}).(*account)
	return a
}

// spendFetch pays for one GET before it leaves.
func spendFetch(ctx context.Context) error {
	for a := accountOf(ctx); a != nil; a = a.parent {
		if a.fetches.Add(-1) < 0 {
			return fmt.Errorf("%w: number of fetches", ErrBudget)
		}
	}
	return nil
}

// spendBytes pays for n body bytes that arrived.
func spendBytes(ctx context.Context, n int64) error {
	for a := accountOf(ctx); a != nil; a = a.parent {
		if a.bytes.Add(-n) < 0 {
			return fmt.Errorf("%w: bytes", ErrBudget)
		}
	}
	return nil
}
