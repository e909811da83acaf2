package revocation

import (
	"context"

	"github.com/bonafide-id/bonafide/store"
)

// countingStore counts the calls of the book's methods, and makes one fail.
type countingStore struct {
	store.Store
	calls map[string]int
	fail  string
	err   error
}

func (c *countingStore) Update(ctx context.Context, scope string, fn func(store.Tx) error) error {
	return c.Store.Update(ctx, scope, func(tx store.Tx) error {
		c.calls = map[string]int{}
		return fn(&countingTx{tx, c})
	})
}

type countingTx struct {
	store.Tx
	c *countingStore
}

func (t *countingTx) note(name string) error {
	t.c.calls[name]++
	if t.c.fail == name {
		return t.c.err
	}
	return nil
}

func (t *countingTx) GetList(issuer string, number int64) (store.List, error) {
	if err := t.note("GetList"); err != nil {
		return store.List{}, err
	}
	return t.Tx.GetList(issuer, number)
}

func (t *countingTx) PutList(l store.List) error {
	if err := t.note("PutList"); err != nil {
		return err
	}
	return t.Tx.PutList(l)
}

func (t *countingTx) CountChanges(issuer string, list int64) (int64, error) {
	if err := t.note("CountChanges"); err != nil {
		return 0, err
	}
	return t.Tx.CountChanges(issuer, list)
}

func (t *countingTx) ListChanges(issuer string, list, after int64, limit int) ([]store.Change, error) {
	if err := t.note("ListChanges"); err != nil {
		return nil, err
	}
	return t.Tx.ListChanges(issuer, list, after, limit)
}

func (t *countingTx) GetChange(issuer string, list, index int64, purpose string) (store.Change, error) {
	if err := t.note("GetChange"); err != nil {
		return store.Change{}, err
	}
	return t.Tx.GetChange(issuer, list, index, purpose)
}

func (t *countingTx) PutChanges(rows []store.Change) (int64, error) {
	if err := t.note("PutChanges"); err != nil {
		return 0, err
	}
	return t.Tx.PutChanges(rows)
}

func (t *countingTx) AppendAudits(rows []store.Audit) (int64, error) {
	if err := t.note("AppendAudits"); err != nil {
		return 0, err
	}
	return t.Tx.AppendAudits(rows)
}
