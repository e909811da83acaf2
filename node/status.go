package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
)

// setStatus changes one status. The change is committed before anything else
// happens; publishing is a second step whose failure does not undo it.
func (n *Node) setStatus(ctx context.Context, who Caller, q StatusRequest) (StatusResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return StatusResponse{}, err
	}
	op, err := opOf(q.Action)
	if err != nil {
		return StatusResponse{}, err
	}
	op.Issuer, op.By, op.Why = is.Subject, who.actor(q.By), q.Why
	if op.List, op.Index, err = n.target(ctx, is.Subject, q.Target, q.Credential, op.Purpose); err != nil {
		return StatusResponse{}, err
	}
	changed, err := n.book.Set(ctx, op)
	if err != nil {
		return StatusResponse{}, err
	}
	out := StatusResponse{Changed: changed}
	if out.Status, err = n.statusRows(ctx, is, op.List, op.Index); err != nil {
		return out, err
	}
	if !q.Now && q.HeldBy == 0 {
		next := n.nextSlot(is.Subject, op.List)
		out.Next = &next
		return out, nil
	}
	pub, err := n.publish(ctx, is.Subject, publishOptions{pairs: []int64{pairOf(op.List)}})
	if err != nil {
		return out, fmt.Errorf("the change is recorded and not yet published: %w", err)
	}
	out.Published, out.Head, out.Sequence = true, pub.Head, pub.Sequence
	out.Reveals = "This publication is out of turn: whoever follows this issuer sees at which second something changed in this list, and at which index, though not for whom. Other changes wait for their slot."
	if q.HeldBy > 0 {
		out.HeldBy, err = n.waitHeld(ctx, is.Subject, pub.Head, q.HeldBy, q.Timeout)
	}
	return out, err
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// waitHeld waits until so many peers hold a head.
func (n *Node) waitHeld(ctx context.Context, subject, head string, want int, timeout string) (int, error) {
	limit := 10 * time.Second
	if timeout != "" {
		d, err := time.ParseDuration(timeout)
		if err != nil || d <= 0 {
			return 0, fmt.Errorf("%w: timeout %q", ErrRequest, timeout)
		}
		limit = d
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		holds := 0
		for _, peer := range (peers{n}).Connected() {
			if ok, err := n.exchange.Holds(ctx, peer, subject, head); err == nil && ok {
				holds++
			}
		}
		if holds >= want {
			return holds, nil
		}
		select {
		case <-ctx.Done():
			return holds, fmt.Errorf("%w: %d of %d", ErrHeld, holds, want)
		case <-t.C:
		}
	}
}

// statusRows describes one index in the book.
func (n *Node) statusRows(ctx context.Context, is store.Issuer, list, index int64) ([]StatusRow, error) {
	s, err := n.book.State(ctx, is.Subject, list, index)
	if err != nil {
		return nil, err
	}
	h, err := n.ownLog(ctx, is.Subject)
	if err != nil {
		return nil, err
	}
	id, err := webvh.ParseID(h.DID())
	if err != nil {
		return nil, err
	}
	odd := list - (list+1)%2
	var rows []StatusRow
	for _, p := range s.Purposes {
		row := StatusRow{List: odd, Index: index, Purpose: string(p), Set: s.Revoked}
		if p == revocation.Suspension {
			row.List, row.Set = odd+1, s.Suspended
		}
		rows = append(rows, row)
	}
	err = n.store.View(ctx, func(tx store.Tx) error {
		for i := range rows {
			if rows[i].URL, err = uriOf(tx, is.Subject, rows[i].List); err != nil || rows[i].URL != "" {
				continue
			}
			if rows[i].URL, err = n.listURL(tx, is.Subject, rows[i].List, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, c := range s.Changes {
		for i := range rows {
			if rows[i].Purpose == c.Purpose {
				rows[i].Since, rows[i].Why = proof.FormatTime(time.UnixMilli(c.At)), c.Why
			}
		}
	}
	return rows, nil
}

// showStatus shows one credential, or all lists of the issuer.
func (n *Node) showStatus(ctx context.Context, q StatusShowRequest) (StatusShowResponse, error) {
	out := StatusShowResponse{Status: []StatusRow{}, Lists: []ListRow{}}
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return out, err
	}
	if q.Target != "" || len(q.Credential) > 0 {
		list, index, err := n.target(ctx, is.Subject, q.Target, q.Credential, "")
		if err != nil {
			return out, err
		}
		out.Status, err = n.statusRows(ctx, is, list, index)
		return out, err
	}
	out.Lists, err = n.listRows(ctx, is)
	return out, err
}

// publishNow publishes what is pending.
func (n *Node) publishNow(ctx context.Context, q PublishRequest) (PublishResponse, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return PublishResponse{}, err
	}
	return n.publish(ctx, is.Subject, publishOptions{all: true})
}

// pendingFor tells whether acknowledged changes wait for publication.
func (n *Node) pendingFor(ctx context.Context, subject string) bool {
	lists, err := n.book.Lists(ctx, subject)
	if err != nil {
		return false
	}
	for _, l := range lists {
		if l.Dirty {
			return true
		}
	}
	return false
}

// network is how far a request may go: the caller's word before the setting.
func (n *Node) network(ctx context.Context) exchange.Network {
	if m, ok := ctx.Value(networkKey{}).(string); ok && m != "" {
		return exchange.Network(m)
	}
	return exchange.Network(n.cfg.Network)
}

type networkKey struct{}

func withNetwork(ctx context.Context, mode string) context.Context {
	return context.WithValue(ctx, networkKey{}, mode)
}

// isNotFound tells a missing row from a failure.
func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
