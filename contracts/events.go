package contracts

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Event is one event of the contract: a head under grade floor, or a root under
// grade existed-by.
type Event struct {
	Account [20]byte
	Batch   bool
	Subject Subject  // floor only
	Number  *big.Int // floor: the order number; batch: its number
	Digest  [32]byte // floor: of the head; batch: the root
	Tx      [32]byte // that wrote it; zero in a ReceiptProof
}

// Same compares all members.
func (v Event) Same(o Event) bool {
	return v.Account == o.Account && v.Tx == o.Tx && v.Batch == o.Batch && v.Subject == o.Subject && v.Digest == o.Digest && v.Number.Cmp(o.Number) == 0
}

// Events returns the events of an account in one block, in order.
func (e *Endpoint) Events(ctx context.Context, contract, account [20]byte, block [32]byte) ([]Event, error) {
	hash := common.Hash(block)
	logs, err := e.eth.FilterLogs(ctx, ethereum.FilterQuery{BlockHash: &hash, Addresses: []common.Address{contract},
		Topics: [][]common.Hash{nil, {common.BytesToHash(account[:])}}})
	if err != nil {
		return nil, e.wrap("events", err)
	}
	out := make([]Event, 0, len(logs))
	for i := range logs {
		if logs[i].Address != contract || logs[i].BlockHash != hash || logs[i].Removed {
			return nil, e.wrap("events", fmt.Errorf("event %d is not of this contract and block", i))
		}
		v, err := eventOf(&logs[i])
		if err != nil {
			return nil, e.wrap("events", err)
		}
		if v.Account == account {
			out = append(out, v)
		}
	}
	return out, nil
}

// eventOf reads a log of the contract. The error is ErrEvent.
func eventOf(l *types.Log) (Event, error) {
	b := NewAnchor()
	if len(l.Topics) != 3 { // the binding reads that many unasked
		return Event{}, fmt.Errorf("%w: %d topics", ErrEvent, len(l.Topics))
	}
	if a, err := b.UnpackAnchoredEvent(l); err == nil {
		return Event{Tx: l.TxHash, Account: a.Account, Subject: a.Subject, Number: a.Order, Digest: a.Head}, nil
	}
	r, err := b.UnpackBatchedEvent(l)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	return Event{Tx: l.TxHash, Account: r.Account, Batch: true, Number: r.Number, Digest: r.Root}, nil
}
