package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// resume lets an issuer sign again: alone, on the operator's word, or after
// taking over what another signer of the same key has published.
func (n *Node) resume(ctx context.Context, q ResumeRequest) (Info, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return Info{}, err
	}
	if q.Alone == q.TakeOver {
		return Info{}, fmt.Errorf("%w: signing again for %s, with --alone or with --take-over", ErrConfirm, is.DID)
	}
	unlock := n.lockIssuer(is.Subject)
	defer unlock()
	mark, err := n.restoredMark(ctx, is.Subject)
	if err != nil {
		return Info{}, err
	}
	newer, err := n.ahead(ctx, is.Subject)
	if err != nil {
		return Info{}, err
	}
	switch {
	case q.TakeOver && !newer:
		return Info{}, fmt.Errorf("%w: nothing newer than the own last head is held here", ErrIncomplete)
	case q.Alone && mark == nil && newer:
		return Info{}, fmt.Errorf("%w: another signer went on from the last head of this one; --alone would contradict it. Use --take-over", ErrHalted)
	case !q.Confirm && (mark != nil || q.TakeOver):
		return Info{}, fmt.Errorf("%w: %s", ErrConfirm, n.risk(mark, q))
	case newer:
		_, err = n.takeOver(ctx, is.Subject, mark != nil)
	default:
		err = n.goOn(ctx, is.Subject, "resume --alone", "")
	}
	if err != nil {
		return Info{}, err
	}
	return n.Info(ctx), nil
}

// risk says what may be lost by signing again.
func (n *Node) risk(mark *Restored, q ResumeRequest) string {
	switch {
	case q.TakeOver:
		return "this takes over what the other signer has published, closes the open lists and goes on after its last head; the other must be stopped for good, and what it acknowledged without publishing has to be brought over (`bonafide status unpublished` there)"
	case mark != nil:
		return fmt.Sprintf("nobody has confirmed that head %d, from the backup of %s, is the last one. Statuses changed since then are lost unless they are entered again, "+
			"changes of the identifier since then contradict what is signed now, and if a head %d was published before, every follower will see two histories and keep the first",
			mark.Sequence, mark.Backup.Format(time.RFC3339), mark.Sequence+1)
	}
	return ""
}

// standing tells whether an issuer signs, why not, and what to do.
func (n *Node) standing(ctx context.Context, q StandingRequest) (Standing, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{DID: is.DID, Subject: is.Subject, Answered: []string{}, Silent: []string{}, ToDo: []string{}}
	switch err := n.maySign(ctx, is.Subject); {
	case err == nil:
		out.Signing = true
	case errors.Is(err, ErrHalted), errors.Is(err, ErrRestored), errors.Is(err, ErrNotReadBack), errors.Is(err, ErrClosed):
		out.Why = err.Error()
	default:
		return out, err
	}
	unwritten := n.unwrittenHalt(is.Subject)
	err = n.store.View(ctx, func(tx store.Tx) error {
		pub, err := tx.GetPublication(is.Subject)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.Sequence, out.Head = pub.Sequence, pub.HeadCID
		if out.Restored, err = readRestored(tx, is.Subject); err != nil {
			return err
		}
		out.Halt, err = n.haltOf(tx, is.Subject, unwritten)
		return err
	})
	if err != nil {
		return out, err
	}
	if held, err := n.replica.Head(ctx, is.Subject); err == nil {
		out.Newest, out.NewestHead = int64(held.Head.Sequence), held.Head.CID().String()
	} else if !errors.Is(err, replica.ErrUnknown) {
		return out, err
	}
	connected := map[string]bool{}
	for _, id := range n.bootstrapConnected() {
		connected[id] = true
		out.Answered = append(out.Answered, id)
	}
	for _, id := range n.sources() {
		if !connected[id] {
			out.Silent = append(out.Silent, id)
		}
	}
	rows, err := n.unpublished(ctx, UnpublishedRequest{Issuer: is.Subject})
	if err != nil {
		return out, err
	}
	out.Unpublished = len(rows.Changes)
	out.ToDo = toDo(out)
	return out, nil
}

// toDo are the steps for the case that an issuer is in, in their order.
func toDo(s Standing) []string {
	switch {
	case s.Signing:
		return []string{}
	case s.Halt != nil && s.Halt.Forked:
		return []string{
			"Find and stop the other node that signs with this key; keep its home.",
			"Save what it and this one acknowledged: `bonafide status unpublished --since TIME` in both homes, TIME being before the first of the two heads.",
			"On the node that goes on, begin a new epoch: `bonafide did rotate --role head` (it needs keys/offline.age), then `bonafide resume --alone`.",
			"Enter there what was saved from the other.",
		}
	case s.Halt != nil:
		return []string{
			"Find and stop the other node that signs with this key; keep its home.",
			"In its home run `bonafide status unpublished`: what it acknowledged and did not publish.",
			"Either retire this home: run `bonafide status unpublished` here and enter the lines on the other node, which goes on.",
			"Or let this one go on: `bonafide resume --take-over --yes`, which brings in all that the other published, then enter the lines of the other.",
		}
	case s.Restored != nil:
		return []string{
			"Make sure that the node from which the backup was made is stopped for good.",
			"Let this node run and reach its bootstrap peers: it asks all of them, takes over what came after the backup, and signs by itself.",
			"If a bootstrap peer is gone for ever, take it out of config.toml; if there is none, connect to a follower with `bonafide peers connect ADDR`.",
			"Only if nobody holds this issuer's folder any more: `bonafide resume --alone`, which says what may be lost.",
		}
	}
	return []string{"Wait for a bootstrap peer to answer, or run `bonafide resume --alone` if no other node signs with this key."}
}

// unpublished lists what the book holds beyond the newest published lists that
// are here, whoever signed them.
func (n *Node) unpublished(ctx context.Context, q UnpublishedRequest) (Unpublished, error) {
	out := Unpublished{Changes: []UnpublishedRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	var since time.Time
	if q.Since != "" {
		if since, err = time.Parse(time.RFC3339, q.Since); err != nil {
			return out, fmt.Errorf("%w: since %.80q is no time such as 2026-01-31T12:00:00Z", ErrRequest, q.Since)
		}
	}
	lists, err := n.book.Lists(ctx, is.Subject)
	if err != nil {
		return out, err
	}
	for _, l := range lists {
		var public revocation.Bitstring
		path := fmt.Sprintf("status/%d", l.Number)
		v, err := n.replica.File(ctx, is.Subject, path)
		if err != nil && !errors.Is(err, replica.ErrUnknown) {
			return out, err
		}
		if err == nil && v.Body != nil {
			list, err := (&succession{n: n, subject: is.Subject}).read(ctx, path, v.Body)
			if err != nil {
				return out, err
			}
			public = list.Bits
		}
		err = n.store.View(ctx, func(tx store.Tx) error {
			rows, err := beyond(tx, l, public, since)
			out.Changes = append(out.Changes, rows...)
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// beyond are the changes of one list that are not in what is public or, with a
// time, those made since.
func beyond(tx store.Tx, l store.List, public revocation.Bitstring, since time.Time) ([]UnpublishedRow, error) {
	var rows []UnpublishedRow
	for after := int64(0); ; {
		page, err := tx.ListChanges(l.Issuer, l.Number, after, 0)
		if err != nil || len(page) == 0 {
			return rows, err
		}
		for _, c := range page {
			after = c.Seq
			shown, err := public.Get(c.Index)
			differs := (err == nil && shown) != (c.Status != 0)
			if since.IsZero() && !differs || !since.IsZero() && c.At < since.UnixMilli() {
				continue
			}
			row := UnpublishedRow{Target: fmt.Sprintf("%d#%d", pairOf(l.Number), c.Index), Action: "revoke", Why: c.Why,
				At: time.UnixMilli(c.At).UTC(), By: c.By}
			switch {
			case c.Purpose == string(revocation.Suspension) && c.Status != 0:
				row.Action = "suspend"
			case c.Purpose == string(revocation.Suspension):
				row.Action = "reinstate"
			}
			rows = append(rows, row)
		}
	}
}
