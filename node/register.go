package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// Pages of the register.
const (
	issuedPage    = 1000
	maxIssuedPage = 5000
)

// findIssued finds rows of the private register.
func (n *Node) findIssued(ctx context.Context, q IssuedFindRequest) (IssuedRows, error) {
	out := IssuedRows{Rows: []IssuedRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	err = n.store.View(ctx, func(tx store.Tx) error {
		out.Rows = []IssuedRow{}
		rows, err := selectIssued(tx, is.Subject, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			row, err := issuedRow(tx, r, q.Status)
			if err != nil {
				return err
			}
			out.Rows = append(out.Rows, row)
		}
		return nil
	})
	return out, err
}

// selectIssued reads the rows that a request is about; none is no error.
func selectIssued(tx store.Tx, subject string, q IssuedFindRequest) ([]store.Issued, error) {
	one := func(id string) ([]store.Issued, error) {
		row, err := tx.GetIssued(subject, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, nil
		}
		return []store.Issued{row}, err
	}
	at := func(name string) ([]store.Issued, error) {
		list, index, ok, err := place(name)
		if err != nil || !ok {
			return nil, err
		}
		odd := list - (list+1)%2
		for l := odd; l <= odd+1; l++ { // the register names one of the pair
			rows, err := tx.FindIssued(subject, store.IssuedKey{List: l, Index: index})
			if err != nil || len(rows) > 0 {
				return rows, err
			}
		}
		return nil, nil
	}
	byRef := func(ref string) ([]store.Issued, error) {
		return tx.FindIssued(subject, store.IssuedKey{LocalRef: ref})
	}
	byHolder := func(ref string) ([]store.Issued, error) {
		return tx.FindIssued(subject, store.IssuedKey{HolderRef: ref})
	}
	named := 0
	var find []func() ([]store.Issued, error)
	for _, by := range []struct {
		value string
		how   []func(string) ([]store.Issued, error)
	}{{q.ID, []func(string) ([]store.Issued, error){one}}, {q.LocalRef, []func(string) ([]store.Issued, error){byRef}},
		{q.HolderRef, []func(string) ([]store.Issued, error){byHolder}}, {q.Place, []func(string) ([]store.Issued, error){at}},
		{q.Any, []func(string) ([]store.Issued, error){at, one, byRef, byHolder}}} {
		if by.value == "" {
			continue
		}
		named++
		for _, how := range by.how {
			find = append(find, func() ([]store.Issued, error) { return how(by.value) })
		}
	}
	if named != 1 {
		return nil, fmt.Errorf("%w: name one of id, localRef, holderRef, place or any", ErrRequest)
	}
	for _, f := range find {
		if rows, err := f(); err != nil || len(rows) > 0 {
			return rows, err
		}
	}
	return nil, nil
}

// issuedRow describes a row, with the status as the book has it now where that is
// asked for.
func issuedRow(tx store.Tx, r store.Issued, status bool) (IssuedRow, error) {
	row := IssuedRow{ID: r.ID, Type: r.Type, Issued: proof.FormatTime(time.UnixMilli(r.At)), LocalRef: r.LocalRef, HolderRef: r.HolderRef}
	if r.ValidUntil > 0 {
		row.ValidUntil = proof.FormatTime(time.UnixMilli(r.ValidUntil))
	}
	if r.List < 0 {
		return row, nil
	}
	row.Place = strconv.FormatInt(r.List, 10) + "#" + strconv.FormatInt(r.Index, 10)
	if !status {
		return row, nil
	}
	row.Status = "valid"
	odd := r.List - (r.List+1)%2
	for _, at := range []struct {
		list    int64
		purpose revocation.Purpose
		word    string
	}{{odd + 1, revocation.Suspension, "suspended"}, {odd, revocation.Revocation, "revoked"}} {
		c, err := tx.GetChange(r.Issuer, at.list, r.Index, string(at.purpose))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return row, err
		}
		if c.Status != 0 {
			row.Status = at.word
		}
	}
	return row, nil
}

// listIssued lists the register by pages.
func (n *Node) listIssued(ctx context.Context, q IssuedListRequest) (IssuedRows, error) {
	out := IssuedRows{Rows: []IssuedRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if q.Limit <= 0 {
		q.Limit = issuedPage
	}
	q.Limit = min(q.Limit, maxIssuedPage)
	err = n.store.View(ctx, func(tx store.Tx) error {
		out = IssuedRows{Rows: []IssuedRow{}}
		rows, err := tx.ListIssued(is.Subject, q.After, q.Limit)
		if err != nil {
			return err
		}
		for _, r := range rows {
			row, err := issuedRow(tx, r, q.Status)
			if err != nil {
				return err
			}
			out.Rows = append(out.Rows, row)
		}
		if len(rows) == q.Limit {
			out.Next = rows[len(rows)-1].ID
		}
		return nil
	})
	return out, err
}

// eraseIssued erases rows of the register. The index stays given out and the
// status stays as it is: nothing that is published changes, and nobody can tell
// from the list whose it was. The audit trail counts and names nobody.
func (n *Node) eraseIssued(ctx context.Context, who Caller, q IssuedEraseRequest) (ErasedResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ErasedResponse{}, err
	}
	var out ErasedResponse
	by := IssuedFindRequest{ID: q.ID, LocalRef: q.LocalRef, HolderRef: q.HolderRef}
	work := func(tx store.Tx) error {
		out = ErasedResponse{DryRun: !q.Confirm}
		for {
			rows, err := selectIssued(tx, is.Subject, by)
			if err != nil {
				return err
			}
			for _, r := range rows {
				out.Rows++
				if q.Confirm {
					if err := tx.DeleteIssued(is.Subject, r.ID); err != nil {
						return err
					}
				}
			}
			if !q.Confirm || len(rows) < store.MaxPage {
				break
			}
		}
		if out.Rows == 0 {
			return fmt.Errorf("%w: nothing in the register is so named", ErrTarget)
		}
		if !q.Confirm {
			return nil
		}
		return n.noteErased(tx, is.Subject, who.By, "issued.erase", out.Rows)
	}
	if !q.Confirm {
		return out, n.store.View(ctx, work)
	}
	err = n.store.Update(ctx, is.Subject, work)
	return out, err
}

func (n *Node) noteErased(tx store.Tx, subject, by, act string, rows int64) error {
	_, err := tx.AppendAudit(store.Audit{Issuer: subject, At: n.clock().UnixMilli(), Actor: by, Action: act,
		Detail: strconv.FormatInt(rows, 10) + " rows"})
	return err
}

// pruneIssuedOp erases rows whose credentials ended long ago.
func (n *Node) pruneIssuedOp(ctx context.Context, who Caller, q IssuedPruneRequest) (ErasedResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ErasedResponse{}, err
	}
	if q.Days < 0 || q.Days == 0 && n.cfg.RegisterRetention == 0 {
		return ErasedResponse{}, fmt.Errorf("%w: days must be 1 or more, since register_retention_days is 0", ErrRequest)
	}
	if q.Days == 0 {
		q.Days = n.cfg.RegisterRetention
	}
	rows, err := n.pruneIssued(ctx, is.Subject, who.By, q.Days, q.DryRun)
	return ErasedResponse{Rows: rows, DryRun: q.DryRun}, err
}

// pruneIssued erases the rows of credentials that ended more than days ago, a page
// in one transaction, so that issuing never waits long. Rows without an end stay:
// their credentials can still be revoked.
func (n *Node) pruneIssued(ctx context.Context, subject, by string, days int, dry bool) (int64, error) {
	limit := n.clock().AddDate(0, 0, -days).UnixMilli()
	total, after := int64(0), ""
	for {
		var p prunedPage
		err := n.store.View(ctx, func(tx store.Tx) (err error) { // most pages have nothing to erase
			p, err = prunePage(tx, subject, after, limit, false)
			return err
		})
		if err == nil && p.gone > 0 && !dry {
			err = n.store.Update(ctx, subject, func(tx store.Tx) (err error) {
				if p, err = prunePage(tx, subject, after, limit, true); err != nil || p.gone == 0 {
					return err
				}
				return n.noteErased(tx, subject, by, "issued.prune", p.gone)
			})
		}
		if err != nil {
			return total, err
		}
		if total, after = total+p.gone, p.last; !p.more {
			return total, nil
		}
	}
}

// prunedPage is what became of one page of the register.
type prunedPage struct {
	gone int64
	last string
	more bool
}

func prunePage(tx store.Tx, subject, after string, limit int64, erase bool) (prunedPage, error) {
	rows, err := tx.ListIssued(subject, after, issuedPage)
	p := prunedPage{last: after, more: len(rows) == issuedPage}
	for _, r := range rows {
		p.last = r.ID
		if r.ValidUntil == 0 || r.ValidUntil >= limit {
			continue
		}
		p.gone++
		if erase {
			if err := tx.DeleteIssued(subject, r.ID); err != nil {
				return p, err
			}
		}
	}
	return p, err
}

// upkeep erases what its time has come for, at the start and once a day.
func (n *Node) upkeep(ctx context.Context) {
	for {
		for _, subject := range n.ownSubjects() {
			if n.cfg.RegisterRetention == 0 {
				break
			}
			rows, err := n.pruneIssued(ctx, subject, "node", n.cfg.RegisterRetention, false)
			if err != nil && ctx.Err() == nil {
				n.log.Error("register upkeep", "issuer", subject, "err", err)
			}
			if rows > 0 {
				n.log.Info("rows of the register were erased by age", "issuer", subject, "rows", rows)
			}
		}
		t := time.NewTimer(24 * time.Hour)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}
