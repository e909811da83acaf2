package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bonafide-id/bonafide/store"
)

const (
	issuer   = "QmIssuer"
	listSize = 131_072
)

// prepare makes the list that revoke needs.
func prepare(t testing.TB, st store.Store) {
	t.Helper()
	err := st.Update(context.Background(), issuer, func(tx store.Tx) error {
		return tx.PutList(store.List{Issuer: issuer, Number: 1, Size: listSize, State: store.ListOpen})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// revoke is one revocation with all that belongs to it. Done twice it would leave
// two lines in the audit trail.
func revoke(st store.Store, i int) error {
	return st.Update(context.Background(), issuer, func(tx store.Tx) error {
		index := int64(i) * 7919 % listSize
		err := tx.AllocBit(issuer, 1, index)
		if errors.Is(err, store.ErrExists) {
			err = nil // the second time: let it be seen in the audit trail
		}
		_, errChange := tx.PutChange(store.Change{Issuer: issuer, List: 1, Index: index, Purpose: "revocation", Status: 1, At: int64(i)})
		_, errAudit := tx.AppendAudit(store.Audit{Issuer: issuer, At: int64(i), Action: "revoke", Target: fmt.Sprint(i)})
		return errors.Join(err, errChange, errAudit)
	})
}

// applied counts how often each revocation was applied, and makes sure that none
// is half there.
func applied(t testing.TB, st store.Store) map[string]int {
	t.Helper()
	var count map[string]int
	err := st.View(context.Background(), func(tx store.Tx) error {
		count = map[string]int{}
		for after := int64(0); ; {
			lines, err := tx.ListAudit(issuer, after, 0)
			if err != nil {
				return err
			}
			for _, a := range lines {
				count[a.Target]++
				after = a.Seq
				if _, err := tx.GetChange(issuer, 1, a.At*7919%listSize, "revocation"); err != nil {
					return fmt.Errorf("revocation %s is half there: %w", a.Target, err)
				}
			}
			if len(lines) == 0 {
				break
			}
		}
		n, err := tx.CountChanges(issuer, -1)
		if err == nil && int(n) != len(count) {
			err = fmt.Errorf("%d changes, %d revocations in the audit trail", n, len(count))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}
