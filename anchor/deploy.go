package anchor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
)

// Deployed is a new copy of the contract.
type Deployed struct {
	Contract [20]byte
	Tx       [32]byte
	Receipt  contracts.Receipt
}

// Deploy creates a copy of the contract and waits until it is in a block, or ctx
// ends. A copy that was sent and not seen costs its gas and does no harm.
func (c *Chain) Deploy(ctx context.Context, signer contracts.Signer, feeCap *big.Int) (Deployed, error) {
	q := &Queue{cfg: QueueConfig{Chain: c, Signer: signer, FeeCap: feeCap, Clock: c.cfg.Clock, Logger: slog.New(slog.DiscardHandler)}}
	latest, err := c.Latest(ctx)
	if err != nil {
		return Deployed{}, err
	}
	w := &work{q: q, s: &Status{Flight: &Job{}}}
	if w.s.Flight.Nonce, err = c.nonce(ctx, signer.Address(), latest); err != nil {
		return Deployed{}, err
	}
	if err := w.try(ctx, contracts.Deploy(), latest, nil); err != nil {
		return Deployed{}, err
	}
	tx, err := digest(w.s.Flight.Tries[0].Hash)
	if err != nil {
		return Deployed{}, err
	}
	t := time.NewTicker(500 * time.Millisecond)
	defer t.Stop()
	for {
		if err := w.send(ctx); err != nil {
			return Deployed{}, err
		}
		if _, r, err := w.receipt(ctx); err == nil && r.BlockHash != [32]byte{} {
			if !r.OK {
				return Deployed{}, fmt.Errorf("%w: it was not created", contracts.ErrRefused)
			}
			b, err := c.BlockAt(ctx, r.Block)
			if err == nil {
				err = c.Contract(ctx, r.Contract, b)
			}
			return Deployed{Contract: r.Contract, Tx: tx, Receipt: r}, err
		}
		select {
		case <-ctx.Done():
			return Deployed{}, errors.Join(ctx.Err(), fmt.Errorf("%w: the transaction %x is in no block yet", ErrUnknown, tx))
		case <-t.C:
		}
	}
}

func (c *Chain) nonce(ctx context.Context, account [20]byte, at contracts.Block) (uint64, error) {
	return agree(ctx, c, "nonce", equal[uint64], func(ctx context.Context, s *contracts.Endpoint) (uint64, error) {
		return s.Nonce(ctx, account, at.Hash)
	})
}

// Balance is what an account has now, in wei.
func (c *Chain) Balance(ctx context.Context, account [20]byte) (*big.Int, error) {
	at, err := c.Latest(ctx)
	if err != nil {
		return nil, err
	}
	return agree(ctx, c, "balance", func(a, b *big.Int) bool { return a.Cmp(b) == 0 }, func(ctx context.Context, s *contracts.Endpoint) (*big.Int, error) {
		return s.Balance(ctx, account, at.Hash)
	})
}

// Server is what one server says.
type Server struct {
	Name   string    `json:"name"`
	Chain  uint64    `json:"chain,omitempty"`
	Latest uint64    `json:"latest,omitempty"`
	Time   time.Time `json:"time,omitzero"` // of the newest block
	Err    string    `json:"error,omitempty"`
}

// Ask asks each server for itself, for people who look why they do not agree.
func (c *Chain) Ask(ctx context.Context) []Server {
	var out []Server
	for _, a := range askAll(ctx, c, func(ctx context.Context, s *contracts.Endpoint) (Server, error) {
		id, err := s.Chain(ctx)
		if err != nil {
			return Server{}, err
		}
		b, err := s.Block(ctx, contracts.Latest)
		return Server{Chain: id, Latest: b.Number, Time: b.Time}, err
	}) {
		s := a.value
		s.Name = a.server.Name()
		if a.err != nil {
			s.Err = a.err.Error()
		}
		out = append(out, s)
	}
	return out
}

// Place is where the newest final anchor of a binding stands.
type Place struct {
	Order  contracts.Order
	Block  uint64
	Tx     [32]byte
	Member *contracts.MemberProof // grade existed-by
}

// Locate finds the transaction of the newest final anchor: of the issuer under
// floor, of the batch in the folder's record under existed-by. The errors are
// ErrUnknown and ErrProof.
func (c *Chain) Locate(ctx context.Context, b Binding, h Held) (Place, error) {
	r, err := c.Read(ctx, b, h.Subject)
	if err != nil {
		return Place{}, err
	}
	if !r.Entry.Written() {
		return Place{}, fmt.Errorf("%w: nothing final is anchored yet", ErrProof)
	}
	if b.Grade == Floor {
		for _, e := range r.Events {
			if !e.Batch && e.Number.Cmp(r.Entry.Number) == 0 && e.Subject.SCID() == h.Subject {
				o, err := contracts.OrderFromInt(e.Number)
				return Place{Order: o, Block: r.Entry.Block, Tx: e.Tx}, err
			}
		}
		return Place{}, fmt.Errorf("%w: no server has the event of block %d", ErrUnknown, r.Entry.Block)
	}
	var body []byte
	if h.Record != nil {
		body = h.Record(b.Account)
	}
	p, err := ParseRecord(body)
	if err == nil {
		err = p.about(b, h.Subject)
	}
	if err != nil {
		return Place{}, err
	}
	if _, err := c.rootOf(ctx, r, p); err != nil {
		return Place{}, err
	}
	list, _, err := c.events(ctx, b.Contract, b.Account, p.Block)
	if err != nil {
		return Place{}, err
	}
	for _, e := range list {
		if e.Batch && e.Number.IsUint64() && e.Number.Uint64() == p.Batch {
			return Place{Order: p.Member.Order, Block: p.Block, Tx: e.Tx, Member: &p.Path}, nil
		}
	}
	return Place{}, fmt.Errorf("%w: no server has the event of block %d", ErrUnknown, p.Block)
}
