package contracts

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/rpc"
	"github.com/ethereum/go-ethereum/trie"
)

// maxReceipt bounds a receipt, and so a node of the tree that holds it.
const maxReceipt = 1 << 20

// ReceiptProof shows the events of one transaction at its block, without a
// server: the block's header and the nodes between its receipts root and the
// receipt. It is good for the same chains as StateProof.
type ReceiptProof struct {
	Header []byte   // RLP, at most 4 KiB
	Index  uint64   // of the transaction in the block
	Nodes  [][]byte // from the receipts root to the receipt, the last up to 1 MiB
}

// Events is what a ReceiptProof shows.
type Events struct {
	Block  uint64
	Time   time.Time
	Events []Event // of the contract, in order
}

// Verify checks the proof against the hash of a block that the caller trusts, and
// returns the events of the contract at that address; whether our code stands
// there, a StateProof shows. Every error is ErrProof.
func (p ReceiptProof) Verify(block [32]byte, contract [20]byte) (Events, error) {
	h, err := readHeader(p.Header, block)
	if err != nil {
		return Events{}, err
	}
	leaf, err := walkTo("receipt", p.Nodes, maxReceipt, h.receipts, rlp.AppendUint64(nil, p.Index))
	if err != nil {
		return Events{}, err
	}
	if leaf == nil {
		return Events{}, fmt.Errorf("%w: the block has no transaction %d", ErrProof, p.Index)
	}
	r := new(types.Receipt)
	if err := r.UnmarshalBinary(leaf); err != nil {
		return Events{}, fmt.Errorf("%w: receipt: %w", ErrProof, err)
	}
	if r.Status != types.ReceiptStatusSuccessful {
		return Events{}, fmt.Errorf("%w: the transaction was reverted", ErrProof)
	}
	out := Events{Block: h.number, Time: h.time}
	for _, l := range r.Logs {
		if l.Address != contract {
			continue
		}
		e, err := eventOf(l)
		if err != nil {
			return Events{}, fmt.Errorf("%w: %w", ErrProof, err)
		}
		out.Events = append(out.Events, e)
	}
	return out, nil
}

// headerOf asks for the RLP of a block's header, which must have the hash: on
// chains that hash otherwise there is no proof.
func (e *Endpoint) headerOf(ctx context.Context, block [32]byte) ([]byte, error) {
	h, err := e.eth.HeaderByHash(ctx, block)
	if err != nil {
		return nil, e.wrap("header", err)
	}
	b, err := rlp.EncodeToBytes(h)
	if err != nil {
		return nil, e.wrap("header", err)
	}
	if crypto.Keccak256Hash(b) != block {
		return nil, fmt.Errorf("%w: the chain does not hash its headers as Ethereum does, so nothing can be shown offline", ErrProof)
	}
	return b, nil
}

// ProveReceipt fetches what shows the events of a transaction. The receipts of
// its whole block are asked for and put into the tree that the header names.
func (e *Endpoint) ProveReceipt(ctx context.Context, tx, block [32]byte) (ReceiptProof, error) {
	header, err := e.headerOf(ctx, block)
	if err != nil {
		return ReceiptProof{}, err
	}
	all, err := e.eth.BlockReceipts(ctx, rpc.BlockNumberOrHashWithHash(block, false))
	if err != nil {
		return ReceiptProof{}, e.wrap("receipts", err)
	}
	t := trie.NewEmpty(nil)
	list := types.Receipts(all)
	p := ReceiptProof{Header: header}
	found := false
	var buf bytes.Buffer
	for i := range list {
		buf.Reset()
		list.EncodeIndex(i, &buf)
		if err := t.Update(rlp.AppendUint64(nil, uint64(i)), bytes.Clone(buf.Bytes())); err != nil {
			return ReceiptProof{}, e.wrap("receipts", err)
		}
		if list[i].TxHash == tx {
			p.Index, found = uint64(i), true
		}
	}
	if !found {
		return ReceiptProof{}, e.wrap("receipts", ErrNoBlock)
	}
	var nodes nodeList
	if err := t.Prove(rlp.AppendUint64(nil, p.Index), &nodes); err != nil {
		return ReceiptProof{}, e.wrap("receipts", err)
	}
	p.Nodes = nodes
	return p, nil
}

// nodeList collects the nodes of a path in their order.
type nodeList [][]byte

// Put is part of ethdb.KeyValueWriter.
func (l *nodeList) Put(_, value []byte) error { *l = append(*l, bytes.Clone(value)); return nil }

// Delete is part of ethdb.KeyValueWriter.
func (l *nodeList) Delete([]byte) error { return nil }

// ProveState fetches what shows a slot of the contract in the state of a block.
func (e *Endpoint) ProveState(ctx context.Context, contract [20]byte, slot [32]byte, block Block) (StateProof, error) {
	header, err := e.headerOf(ctx, block.Hash)
	if err != nil {
		return StateProof{}, err
	}
	var r struct {
		AccountProof []hexutil.Bytes `json:"accountProof"`
		StorageProof []struct {
			Proof []hexutil.Bytes `json:"proof"`
		} `json:"storageProof"`
	}
	err = e.rpc.CallContext(ctx, &r, "eth_getProof", hexutil.Encode(contract[:]), []string{hexutil.Encode(slot[:])}, hexutil.EncodeUint64(block.Number))
	if err != nil {
		return StateProof{}, e.wrap("proof of state", err)
	}
	p := StateProof{Header: header}
	for _, n := range r.AccountProof {
		p.Account = append(p.Account, n)
	}
	if len(r.StorageProof) > 0 {
		for _, n := range r.StorageProof[0].Proof {
			p.Storage = append(p.Storage, n)
		}
	}
	return p, nil
}

// HeaderHash is the Keccak-256 of a header's RLP.
func HeaderHash(header []byte) [32]byte { return crypto.Keccak256Hash(header) }
