package anchor

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
)

// try signs the transaction in flight, at a price above that of before.
func (w *work) try(ctx context.Context, call contracts.Call, latest contracts.Block, before *Try) error {
	q, job := w.q, w.s.Flight
	t := contracts.Transaction{Call: call, Chain: q.cfg.Chain.cfg.ChainID, Nonce: job.Nonce}
	if err := q.price(ctx, &t, latest, before); err != nil {
		return err
	}
	gas, err := heard(q.cfg.Chain, "estimate of gas", askAll(ctx, q.cfg.Chain, func(ctx context.Context, s *contracts.Endpoint) (uint64, error) {
		return s.Gas(ctx, q.cfg.Signer.Address(), call.To, call.Data)
	}))
	if err != nil {
		return err
	}
	for _, a := range gas {
		t.Gas = max(t.Gas, a.value)
	}
	t.Gas = min(t.Gas+t.Gas/4, contracts.MaxGas) // state may change until it is included
	signed, err := q.cfg.Signer.Sign(ctx, t)
	if err != nil {
		return err
	}
	next := Try{Hash: hex.EncodeToString(signed.Hash[:]), Raw: signed.Raw, Max: t.Max.String(), At: q.cfg.Clock().UTC()}
	if t.Tip != nil {
		next.Tip = t.Tip.String()
	}
	job.Tries = append(job.Tries, next)
	return nil
}

// price sets what is paid: twice the base fee and the tip, or the price that the
// chain suggests. One server may name any price; the median counts, and the cap
// bounds it. A transaction that replaces another has to pay an eighth more.
func (q *Queue) price(ctx context.Context, t *contracts.Transaction, latest contracts.Block, before *Try) error {
	got, err := heard(q.cfg.Chain, "price of gas", askAll(ctx, q.cfg.Chain, func(ctx context.Context, s *contracts.Endpoint) (*big.Int, error) {
		return s.Price(ctx, latest.BaseFee != nil)
	}))
	if err != nil {
		return err
	}
	var prices []*big.Int
	for _, a := range got {
		prices = append(prices, a.value)
	}
	slices.SortFunc(prices, (*big.Int).Cmp)
	price := prices[(len(prices)-1)/2]
	t.Max = price
	if latest.BaseFee != nil {
		t.Tip = price
		t.Max = new(big.Int).Add(price, new(big.Int).Lsh(latest.BaseFee, 1))
	}
	if before != nil {
		t.Max = maxInt(t.Max, raised(before.Max))
		if t.Tip != nil {
			t.Tip = maxInt(t.Tip, raised(before.Tip))
			t.Max = maxInt(t.Max, t.Tip)
		}
	}
	floor := t.Max // what has to be paid at the least
	if latest.BaseFee != nil && before == nil {
		floor = new(big.Int).Add(latest.BaseFee, t.Tip)
	}
	if floor.Cmp(q.cfg.FeeCap) > 0 {
		return fmt.Errorf("%w: gas costs %s wei, the cap is %s", ErrFee, floor, q.cfg.FeeCap)
	}
	if t.Max.Cmp(q.cfg.FeeCap) > 0 {
		t.Max = q.cfg.FeeCap
	}
	return nil
}

// raised is a price and a fifth more.
func raised(price string) *big.Int {
	n, ok := new(big.Int).SetString(price, 10)
	if !ok {
		return new(big.Int)
	}
	more := new(big.Int).Div(n, big.NewInt(5))
	return n.Add(n, more.Add(more, big.NewInt(1)))
}

func maxInt(a, b *big.Int) *big.Int {
	if a.Cmp(b) >= 0 {
		return a
	}
	return b
}

// send hands the newest form of the transaction to all servers. One that has it
// already says so by an error; that it is there shows in its receipt.
func (w *work) send(ctx context.Context) error {
	raw := w.s.Flight.Tries[len(w.s.Flight.Tries)-1].Raw
	var errs []error
	taken := 0
	for _, a := range askAll(ctx, w.q.cfg.Chain, func(ctx context.Context, s *contracts.Endpoint) (struct{}, error) {
		return struct{}{}, s.Send(ctx, raw)
	}) {
		if a.err == nil {
			taken++
		} else {
			errs = append(errs, a.err)
		}
	}
	if taken == 0 {
		w.q.cfg.Logger.Debug("no server took the transaction", "err", errors.Join(errs...))
	}
	return nil
}

// follow looks what became of the transaction in flight.
func (w *work) follow(ctx context.Context) error {
	q, job := w.q, w.s.Flight
	latest, err := q.cfg.Chain.Latest(ctx)
	if err != nil {
		return err
	}
	tx, r, err := w.receipt(ctx)
	if err != nil {
		return err
	}
	if r.BlockHash != [32]byte{} {
		return w.included(ctx, tx, r)
	}
	if job.State == Included {
		q.cfg.Logger.Warn("the block with an anchor was undone", "block", job.Block)
		job.State, job.Tx, job.Block, job.Hash, job.Gas, job.Price, job.Batch, job.Time = Submitted, "", 0, "", 0, "", 0, time.Time{}
		job.Reorgs++
	}
	nonce, err := q.cfg.Chain.nonce(ctx, q.cfg.Signer.Address(), latest)
	if err != nil {
		return err
	}
	if nonce > job.Nonce {
		// Another transaction has taken its place. What it was to anchor goes back
		// into the queue, where the contract is asked first.
		q.cfg.Logger.Warn("another transaction of the account took the place of an anchor", "nonce", job.Nonce)
		w.again()
		return nil
	}
	last := job.Tries[len(job.Tries)-1]
	if q.cfg.Clock().Sub(last.At) >= q.cfg.ReplaceAfter {
		if err := w.replace(ctx, latest, &last); err != nil {
			return errors.Join(err, w.send(ctx))
		}
	}
	return w.send(ctx)
}

// again puts the heads of the flight back.
func (w *work) again() {
	for _, e := range w.s.Flight.Heads {
		if !slices.ContainsFunc(w.s.Waiting, func(x Entry) bool { return x.Subject == e.Subject }) {
			w.s.Waiting = append(w.s.Waiting, e)
		}
	}
	w.s.Flight = nil
}

func (w *work) replace(ctx context.Context, latest contracts.Block, last *Try) error {
	var members []contracts.Member
	for _, e := range w.s.Flight.Heads {
		m, err := e.member()
		if err != nil {
			return err
		}
		members = append(members, m)
	}
	call, _, err := w.q.call(members)
	if err != nil {
		return err
	}
	if err := w.try(ctx, call, latest, last); err != nil {
		return err
	}
	w.q.cfg.Logger.Info("an anchor is offered at a higher price", "max", w.s.Flight.Tries[len(w.s.Flight.Tries)-1].Max)
	return w.save(ctx)
}

// receipt looks for any of the forms of the transaction.
func (w *work) receipt(ctx context.Context) (tx string, r contracts.Receipt, err error) {
	for _, t := range w.s.Flight.Tries {
		hash, err := digest(t.Hash)
		if err != nil {
			return "", r, err
		}
		r, err := agree(ctx, w.q.cfg.Chain, "receipt", equal[contracts.Receipt], func(ctx context.Context, s *contracts.Endpoint) (contracts.Receipt, error) {
			return s.Receipt(ctx, hash)
		})
		if err != nil {
			return "", r, err
		}
		if r.BlockHash != [32]byte{} {
			return t.Hash, r, nil
		}
	}
	return "", contracts.Receipt{}, nil
}

// included notes the block, and that it is final.
func (w *work) included(ctx context.Context, tx string, r contracts.Receipt) error {
	q, job := w.q, w.s.Flight
	b, err := q.cfg.Chain.BlockAt(ctx, r.Block)
	if err != nil {
		return err
	}
	if b.Hash != r.BlockHash {
		return fmt.Errorf("%w: a receipt of a block that is not in the chain", ErrUnknown)
	}
	if job.State == Included && job.Hash != hex.EncodeToString(b.Hash[:]) {
		job.Reorgs++
	}
	job.State, job.Tx, job.Block, job.Hash, job.Time = Included, tx, b.Number, hex.EncodeToString(b.Hash[:]), b.Time
	job.Gas, job.Price = r.Gas, r.Price
	if !r.OK {
		// The contract refused it, because somebody with the same key was first.
		q.cfg.Logger.Warn("the contract refused an anchor", "tx", tx)
		done := *job
		done.State = Dropped
		w.again()
		w.finish(done)
		return nil
	}
	if job.Grade == ExistedBy {
		if err := w.number(ctx, b); err != nil {
			return err
		}
	}
	final, err := q.cfg.Chain.settled(ctx)
	if errors.Is(err, contracts.ErrNoBlock) {
		return nil // nothing is final yet
	}
	if err != nil {
		return err
	}
	if final.Number < b.Number {
		return nil
	}
	job.State = Final
	w.s.Gas += job.Gas
	w.s.Count += uint64(len(job.Heads))
	if price, ok := new(big.Int).SetString(job.Price, 10); ok {
		total, ok := new(big.Int).SetString(w.s.Wei, 10)
		if !ok {
			total = new(big.Int)
		}
		w.s.Wei = total.Add(total, price.Mul(price, new(big.Int).SetUint64(job.Gas))).String()
	}
	q.cfg.Logger.Info("an anchor is final", "heads", len(job.Heads), "block", job.Block, "gas", job.Gas)
	done := *job
	w.s.Flight = nil
	w.finish(done)
	return nil
}

// number reads which batch it became.
func (w *work) number(ctx context.Context, b contracts.Block) error {
	list, err := agree(ctx, w.q.cfg.Chain, "events", sameEvents, func(ctx context.Context, s *contracts.Endpoint) ([]contracts.Event, error) {
		return s.Events(ctx, w.q.cfg.Contract, w.q.cfg.Signer.Address(), b.Hash)
	})
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Batch && hex.EncodeToString(e.Digest[:]) == w.s.Flight.Root && e.Number.IsUint64() {
			w.s.Flight.Batch = e.Number.Uint64()
			return nil
		}
	}
	return fmt.Errorf("%w: the block of the transaction has no event of it", ErrUnknown)
}

// Records are the proofs of membership in a final batch, by subject.
func (q *Queue) Records(j Job) (map[string]Record, error) {
	if j.Grade != ExistedBy || j.State != Final {
		return nil, nil
	}
	var members []contracts.Member
	for _, e := range j.Heads {
		m, err := e.member()
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	b, err := contracts.NewBatch(members)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Record, len(members))
	for _, m := range members {
		path, err := b.Prove(m)
		if err != nil {
			return nil, err
		}
		out[m.Subject.SCID()] = Record{Chain: q.cfg.Chain.cfg.ChainID, Contract: q.cfg.Contract, Account: q.cfg.Signer.Address(),
			Batch: j.Batch, Block: j.Block, Member: m, Path: path}
	}
	return out, nil
}
