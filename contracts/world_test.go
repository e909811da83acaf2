package contracts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/bonafide-id/bonafide/contracts/chaintest"
)

// world is a chain with one copy of the contract.
type world struct {
	*chaintest.Chain
	binding *Anchor
	address common.Address
}

func newWorld(t testing.TB, accounts int) *world {
	t.Helper()
	w := &world{Chain: chaintest.New(t, accounts), binding: NewAnchor()}
	w.redeploy(t)
	return w
}

// redeploy replaces the copy by an unused one; a chain is slow to start.
func (w *world) redeploy(t testing.TB) {
	t.Helper()
	w.address, _ = w.Deploy(t, w.Accounts[0], common.FromHex(AnchorMetaData.Bin))
}

// must sends a call that has to be taken.
func (w *world) must(t testing.TB, from int, data []byte) *types.Receipt {
	t.Helper()
	r := w.Send(t, w.Accounts[from], w.address, data)
	if r.Status != types.ReceiptStatusSuccessful {
		t.Fatalf("reverted: %v", w.refusal(t, from, data))
	}
	return r
}

// refusal returns why the contract would refuse the call now, nil if it would not.
func (w *world) refusal(t testing.TB, from int, data []byte) any {
	t.Helper()
	_, err := w.Client.CallContract(context.Background(), ethereum.CallMsg{From: w.Accounts[from].Address, To: &w.address, Data: data}, nil)
	if err == nil {
		return nil
	}
	var rpc interface{ ErrorData() interface{} }
	if !errors.As(err, &rpc) {
		t.Fatalf("no revert: %v", err)
	}
	hex, _ := rpc.ErrorData().(string)
	if data := common.FromHex(hex); len(data) >= 4 { // the binding reads that much unasked
		if reason, err := w.binding.UnpackError(data); err == nil {
			return reason
		}
	}
	return fmt.Sprintf("revert %q", hex)
}

// view runs a call that only reads.
func (w *world) view(t testing.TB, data []byte) []byte {
	t.Helper()
	out, err := w.Client.CallContract(context.Background(), ethereum.CallMsg{To: &w.address, Data: data}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// floor reads a record in both ways, by call and by slot, which must agree.
func (w *world) floor(t testing.TB, account int, s Subject) Entry {
	t.Helper()
	a := w.Accounts[account].Address
	answer, err := w.binding.UnpackFloorOf(w.view(t, w.binding.PackFloorOf(a, s)))
	if err != nil {
		t.Fatal(err)
	}
	return w.both(t, answer, FloorSlot(a, s))
}

// batches is floor for the count of batches.
func (w *world) batches(t testing.TB, account int) Entry {
	t.Helper()
	a := w.Accounts[account].Address
	answer, err := w.binding.UnpackBatchOf(w.view(t, w.binding.PackBatchOf(a)))
	if err != nil {
		t.Fatal(err)
	}
	return w.both(t, answer, BatchSlot(a))
}

func (w *world) both(t testing.TB, answer AnchorEntry, slot [32]byte) Entry {
	t.Helper()
	e, err := EntryOf(answer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := EntryFromWord(w.Storage(t, w.address, slot))
	if err != nil {
		t.Fatal(err)
	}
	if !same(e, s) {
		t.Fatalf("the call says %v, the slot %v", e, s)
	}
	return e
}

func same(a, b Entry) bool {
	return a.Number.Cmp(b.Number) == 0 && a.Block == b.Block && a.Time.Equal(b.Time)
}

// logs returns every event of the contract, oldest first.
func (w *world) logs(t testing.TB) []types.Log {
	t.Helper()
	logs, err := w.Client.FilterLogs(context.Background(), ethereum.FilterQuery{FromBlock: new(big.Int), Addresses: []common.Address{w.address}})
	if err != nil {
		t.Fatal(err)
	}
	return logs
}

func subject(name string) Subject { return sha256.Sum256([]byte("subject " + name)) }

func digest(name string) [32]byte { return sha256.Sum256([]byte("head " + name)) }

func order(version uint32, sequence uint64) *big.Int {
	return Order{Version: version, Sequence: sequence}.Int()
}

func keccak(b []byte) [32]byte { return crypto.Keccak256Hash(b) }
