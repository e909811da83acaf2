package anchor

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/bonafide-id/bonafide/contracts"
)

// Held is what a node has of an issuer.
type Held struct {
	Subject string          // the SCID
	Order   contracts.Order // of its newest head; zero if it has none
	Head    [32]byte        // digest of that head
	// Digest gives the digest of an earlier head of the same history, false where
	// it is not known.
	Digest func(contracts.Order) ([32]byte, bool)
	// Record finds the issuer's proof of membership in a batch of an aggregator,
	// as the folder has it (see RecordPath); nil where there is none.
	Record func(account [20]byte) []byte
}

// State is how what is held stands to what is anchored.
type State string

// The states. Only Stands and Later speak for what is held.
const (
	Unknown   State = "unknown"   // the chain could not be asked, or its servers disagree
	Unused    State = "unused"    // the account has anchored nothing about the issuer yet
	Stands    State = "stands"    // the newest head is the anchored one
	Later     State = "later"     // the newest head comes after the anchored one, which is in its history
	Rollback  State = "rollback"  // a newer head is anchored than the one held
	Conflict  State = "conflict"  // another head is anchored in the place of one that is held
	Behind    State = "behind"    // the proof is of too old a batch
	Unproven  State = "unproven"  // the folder has no proof of a batch, or one that does not hold
	Elsewhere State = "elsewhere" // the account is on another chain than the one that is asked
)

// Standing is what one binding says about what is held.
type Standing struct {
	State   State           `json:"state"`
	Grade   Grade           `json:"grade"`
	Account string          `json:"account"` // CAIP-10
	Order   contracts.Order `json:"-"`       // that is anchored
	Anchor  string          `json:"order,omitempty"`
	Head    string          `json:"head,omitempty"` // digest of the anchored head, in hex; "" if not asked for
	Block   uint64          `json:"block,omitempty"`
	Time    time.Time       `json:"time,omitzero"` // of that block
	Final   uint64          `json:"final,omitempty"`
	Batch   uint64          `json:"batch,omitempty"`   // of the proof
	Newest  uint64          `json:"newest,omitempty"`  // batch of the aggregator
	Why     string          `json:"why,omitempty"`     // of what is unknown or unproven
	Blocked bool            `json:"blocked,omitempty"` // no verdict may rest on what is held
}

// Reading are the facts of a chain about one binding, without what anybody
// holds; they may be kept for a while.
type Reading struct {
	Binding Binding
	Final   contracts.Block
	Entry   contracts.Entry
	Events  []contracts.Event // of the block that wrote the entry
}

// Read asks the chain about a binding of an issuer. The error is ErrUnknown or
// ErrContract.
func (c *Chain) Read(ctx context.Context, b Binding, scid string) (Reading, error) {
	out := Reading{Binding: b}
	subject, err := contracts.ParseSubject(scid)
	if err != nil {
		return out, err
	}
	if b.Chain != c.cfg.ChainID {
		return out, fmt.Errorf("%w: the account is on chain %d", ErrUnknown, b.Chain)
	}
	if out.Final, err = c.Final(ctx); err != nil {
		return out, err
	}
	slot := contracts.FloorSlot(b.Account, subject)
	if b.Grade == ExistedBy {
		slot = contracts.BatchSlot(b.Account)
	}
	if out.Entry, err = c.entry(ctx, b.Contract, slot, out.Final); err != nil {
		return out, err
	}
	if err := c.remember(slotKey{b.Contract, slot}, out.Entry); err != nil {
		return out, err
	}
	if !out.Entry.Written() {
		return out, nil
	}
	if out.Entry.Block > out.Final.Number {
		return out, fmt.Errorf("%w: a record of block %d in the state of block %d", ErrUnknown, out.Entry.Block, out.Final.Number)
	}
	if b.Grade == ExistedBy {
		return out, nil // the block that counts is that of the proof
	}
	if out.Events, _, err = c.events(ctx, b.Contract, b.Account, out.Entry.Block); err != nil {
		// The number is state and stands; its head may be past what servers keep.
		out.Events = nil
	}
	return out, nil
}

// remember refuses a final record that is older than one that was seen: final
// blocks do not go back.
func (c *Chain) remember(key slotKey, e contracts.Entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.floor[key]; ok {
		n, _ := new(big.Int).SetString(old.number, 10)
		if n != nil && e.Number.Cmp(n) < 0 {
			return fmt.Errorf("%w: record %v, but %s was final before, in block %s", ErrUnknown, e.Number, old.number, old.block)
		}
	}
	if len(c.floor) >= 1<<16 {
		clear(c.floor)
	}
	c.floor[key] = seenEntry{e.Number.String(), strconv.FormatUint(e.Block, 10)}
	return nil
}

// Standing holds what a node has against a reading. k is how many batches behind
// the newest a proof may be.
func (c *Chain) Standing(ctx context.Context, r Reading, h Held, k uint64) Standing {
	s := Standing{State: Unknown, Grade: r.Binding.Grade, Account: r.Binding.AccountID(), Final: r.Final.Number}
	if r.Binding.Grade == ExistedBy {
		c.batchStanding(ctx, r, h, k, &s)
	} else {
		floorStanding(r, h, &s)
	}
	switch s.State {
	case Rollback, Conflict, Behind, Unproven:
		s.Blocked = true
	}
	return s
}

func floorStanding(r Reading, h Held, s *Standing) {
	if !r.Entry.Written() {
		s.State = Unused
		return
	}
	s.Block, s.Time = r.Entry.Block, r.Entry.Time
	order, err := contracts.OrderFromInt(r.Entry.Number)
	if err != nil || order.Compare(h.Order) > 0 {
		// Also where the number is none that a head can have: whoever has the
		// account says that everything that is held is old.
		s.State, s.Order, s.Anchor = Rollback, order, order.String()
		if err != nil {
			s.Anchor = r.Entry.Number.String()
		}
		return
	}
	s.Order, s.Anchor = order, order.String()
	var anchored *[32]byte
	for i := range r.Events {
		e := &r.Events[i]
		if !e.Batch && e.Number.Cmp(r.Entry.Number) == 0 && e.Subject.SCID() == h.Subject {
			anchored = &e.Digest
		}
	}
	mine, known := h.Head, order == h.Order
	if !known && h.Digest != nil {
		mine, known = h.Digest(order)
	}
	if anchored != nil {
		s.Head = fmt.Sprintf("%x", *anchored)
	}
	switch {
	case anchored != nil && known && *anchored != mine:
		s.State = Conflict
	case anchored == nil:
		s.State, s.Why = Unknown, "the number is anchored, but its head could not be had"
	case order == h.Order:
		s.State = Stands
	case !known:
		// An earlier epoch, whose history is not kept: the order is what counts.
		s.State, s.Why = Later, "the anchored head is of an earlier epoch"
	default:
		s.State = Later
	}
}

func (c *Chain) batchStanding(ctx context.Context, r Reading, h Held, k uint64, s *Standing) {
	if !r.Entry.Number.IsUint64() {
		s.Why = "the number of batches is out of range"
		return
	}
	s.Newest = r.Entry.Number.Uint64()
	var body []byte
	if h.Record != nil {
		body = h.Record(r.Binding.Account)
	}
	if body == nil {
		if s.Newest > r.Binding.From+k {
			s.State, s.Why = Unproven, fmt.Sprintf("the aggregator has written %d batches since it was named, and the folder has a proof of none", s.Newest-r.Binding.From)
			return
		}
		s.State = Unused
		return
	}
	p, err := ParseRecord(body)
	if err == nil {
		err = p.about(r.Binding, h.Subject)
	}
	if err != nil {
		s.State, s.Why = Unproven, err.Error()
		return
	}
	s.Batch, s.Order, s.Anchor, s.Head = p.Batch, p.Member.Order, p.Member.Order.String(), fmt.Sprintf("%x", p.Member.Head)
	block, err := c.rootOf(ctx, r, p)
	if errors.Is(err, ErrProof) {
		s.State, s.Why = Unproven, err.Error()
		return
	}
	if err != nil {
		s.Why = err.Error()
		return
	}
	s.Block, s.Time = block.Number, block.Time
	mine, known := h.Head, p.Member.Order == h.Order
	if !known && h.Digest != nil {
		mine, known = h.Digest(p.Member.Order)
	}
	switch {
	case p.Member.Order.Compare(h.Order) > 0:
		s.State = Rollback // the folder that is held names a head newer than its own
	case known && mine != p.Member.Head:
		s.State = Conflict
	case s.Newest > p.Batch+k:
		s.State = Behind
	case p.Member.Order == h.Order:
		s.State = Stands
	default:
		s.State = Later
	}
}

// rootOf makes sure that the root of a record is that of the batch on the chain,
// and that its block is final.
func (c *Chain) rootOf(ctx context.Context, r Reading, p Record) (contracts.Block, error) {
	if p.Block > r.Final.Number {
		return contracts.Block{}, fmt.Errorf("%w: block %d is not final", ErrUnknown, p.Block)
	}
	if p.Batch > r.Entry.Number.Uint64() {
		return contracts.Block{}, fmt.Errorf("%w: batch %d of %v", ErrProof, p.Batch, r.Entry.Number)
	}
	list, block, err := c.events(ctx, r.Binding.Contract, r.Binding.Account, p.Block)
	if err != nil {
		return block, err
	}
	for _, e := range list {
		if e.Batch && e.Number.IsUint64() && e.Number.Uint64() == p.Batch {
			if err := p.Path.Verify(p.Member, e.Digest); err != nil {
				return block, fmt.Errorf("%w: %w", ErrProof, err)
			}
			return block, nil
		}
	}
	return block, fmt.Errorf("%w: block %d has no batch %d of the account", ErrProof, p.Block, p.Batch)
}
