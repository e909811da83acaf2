package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// listLists lists the status lists of an issuer.
func (n *Node) listLists(ctx context.Context, q StatusListsRequest) (ListsResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ListsResponse{Lists: []ListRow{}}, err
	}
	rows, err := n.listRows(ctx, is)
	return ListsResponse{Lists: rows}, err
}

// listRows describes all lists of an issuer, by number.
func (n *Node) listRows(ctx context.Context, is store.Issuer) ([]ListRow, error) {
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return nil, err
	}
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return nil, err
	}
	var rows []ListRow
	err = n.store.View(ctx, func(tx store.Tx) error {
		rows = []ListRow{}
		lists, err := tx.ListLists(is.Subject)
		if err != nil {
			return err
		}
		for _, l := range lists {
			set, err := countSet(tx, l)
			if err != nil {
				return err
			}
			url, err := n.listURL(tx, is.Subject, l.Number, id)
			if err != nil {
				return err
			}
			if l.Format == revocation.FormatToken {
				url = l.URL
			}
			rows = append(rows, ListRow{Number: l.Number, Purpose: l.Purposes[0], Path: listPath(l.Number), URL: url,
				Imported: l.URL != "", Format: l.Format, Created: proof.FormatTime(time.UnixMilli(l.Created)), Size: l.Size,
				Allocated: l.Allocated, Set: set, State: l.State, Pending: l.Dirty, Note: n.fewHolders(l.Allocated)})
		}
		return nil
	})
	return rows, err
}

// countSet counts the indices whose bit is set, page by page.
func countSet(tx store.Tx, l store.List) (set int64, err error) {
	for after := int64(0); ; {
		page, err := tx.ListChanges(l.Issuer, l.Number, after, 0)
		if err != nil {
			return 0, err
		}
		for _, c := range page {
			after = c.Seq
			if c.Status != 0 {
				set++
			}
		}
		if len(page) < store.MaxPage {
			return set, nil
		}
	}
}

// fewHolders warns of a list that few credentials share: what is seen in it can
// then be guessed to be about one of few. Nothing is published that could help,
// since decoys are told from holders by their never changing.
func (n *Node) fewHolders(given int64) string {
	if given >= int64(n.cfg.ListMinHolders) {
		return ""
	}
	return fmt.Sprintf("This list is shared by %d credentials only; the more share it, the less a set bit says about one of them. "+
		"Keep to one pair of lists for all programmes.", given)
}

// openLists opens one more pair of lists.
func (n *Node) openLists(ctx context.Context, who Caller, q ListOpenRequest) (ListsResponse, error) {
	out := ListsResponse{Lists: []ListRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if is.State != store.IssuerLive {
		return out, fmt.Errorf("%w: %s", ErrClosed, is.DID)
	}
	pair, err := n.book.OpenMore(ctx, is.Subject, who.By, q.Why)
	if err != nil {
		return out, err
	}
	for _, l := range pair {
		out.Numbers = append(out.Numbers, l.Number)
	}
	n.kick(is.Subject)
	return n.about(ctx, is, out.Numbers)
}

// closeLists ends the giving out of indices from a pair of lists.
func (n *Node) closeLists(ctx context.Context, who Caller, q ListCloseRequest) (ListsResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return ListsResponse{Lists: []ListRow{}}, err
	}
	if _, err := n.book.CloseList(ctx, is.Subject, q.List, who.By, q.Why); err != nil {
		return ListsResponse{Lists: []ListRow{}}, err
	}
	odd := q.List - (q.List+1)%2
	return n.about(ctx, is, []int64{odd, odd + 1})
}

// about returns the rows of some lists, those that are there.
func (n *Node) about(ctx context.Context, is store.Issuer, numbers []int64) (ListsResponse, error) {
	rows, err := n.listRows(ctx, is)
	out := ListsResponse{Lists: []ListRow{}}
	for _, r := range rows {
		if slices.Contains(numbers, r.Number) {
			out.Numbers, out.Lists = append(out.Numbers, r.Number), append(out.Lists, r)
		}
	}
	return out, err
}
