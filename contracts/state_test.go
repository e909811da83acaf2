package contracts

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/ethclient/gethclient"
	"github.com/ethereum/go-ethereum/rlp"
)

// proven is a proof with what it is held against.
type proven struct {
	proof    StateProof
	block    [32]byte
	contract [20]byte
	slot     [32]byte
}

func (p proven) verify() (Proven, error) { return p.proof.Verify(p.block, p.contract, p.slot) }

// prove asks the node for the proof of a slot at the newest block.
func (w *world) prove(t testing.TB, contract common.Address, slot [32]byte) proven {
	t.Helper()
	ctx := context.Background()
	h, err := w.Client.HeaderByNumber(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := proven{block: h.Hash(), contract: contract, slot: slot}
	if p.proof.Header, err = rlp.EncodeToBytes(h); err != nil {
		t.Fatal(err)
	}
	r, err := gethclient.New(w.RPC(t)).GetProof(ctx, contract, []string{hexutil.Encode(slot[:])}, h.Number)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range r.AccountProof {
		p.proof.Account = append(p.proof.Account, hexutil.MustDecode(n))
	}
	for _, n := range r.StorageProof[0].Proof {
		p.proof.Storage = append(p.proof.Storage, hexutil.MustDecode(n))
	}
	return p
}

// populated is a chain with records of two accounts, so that paths branch.
func populated(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, 2)
	for i := range 20 {
		w.must(t, i%2, w.binding.PackAnchor(subject(string(rune('a'+i))), order(1, uint64(i+1)), digest("x")))
	}
	w.must(t, 1, w.binding.PackAnchorBatch(digest("root")))
	return w
}

// TestStateProof holds proofs of a node against what the contract answers.
func TestStateProof(t *testing.T) {
	w := newWorld(t, 2)
	a, b := w.Accounts[0].Address, w.Accounts[1].Address
	s := subject("issuer")
	check := func(name string, slot [32]byte, want Entry) {
		t.Run(name, func(t *testing.T) {
			p := w.prove(t, w.address, slot)
			got, err := p.verify()
			if err != nil {
				t.Fatal(err)
			}
			h, err := w.Client.HeaderByNumber(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !same(got.Entry, want) || got.Block != h.Number.Uint64() || !got.Time.Equal(time.Unix(int64(h.Time), 0)) {
				t.Errorf("%+v, want %v in block %v", got, want, h.Number)
			}
		})
	}
	none := Entry{Number: new(big.Int)}
	check("a contract without any record", FloorSlot(a, s), none)
	w.must(t, 0, w.binding.PackAnchor(s, order(3, 17), digest("head")))
	check("the only record", FloorSlot(a, s), w.floor(t, 0, s))
	check("never written, beside the only record", FloorSlot(b, s), none)
	w.must(t, 1, w.binding.PackAnchor(s, order(1, 1), digest("other")))
	w.must(t, 1, w.binding.PackAnchorBatch(digest("root")))
	w.must(t, 0, w.binding.PackAnchor(s, order(4, 1), digest("later")))
	check("one of several, updated", FloorSlot(a, s), w.floor(t, 0, s))
	check("the other account's", FloorSlot(b, s), w.floor(t, 1, s))
	check("a count of batches", BatchSlot(b), w.batches(t, 1))
	check("no batches", BatchSlot(a), none)
	check("another subject", FloorSlot(a, subject("another")), none)
}

// TestStateProofRefuses changes one thing in a good proof.
func TestStateProofRefuses(t *testing.T) {
	w := populated(t)
	slot := FloorSlot(w.Accounts[0].Address, subject("a"))
	copyOf, _ := w.Deploy(t, w.Accounts[0], append(common.FromHex("600180600a5f395ff3"), 0)) // a contract that does nothing
	good := w.prove(t, w.address, slot)
	if p, err := good.verify(); err != nil || !p.Entry.Written() {
		t.Fatalf("%+v, %v", p, err)
	}
	w.must(t, 0, w.binding.PackAnchor(subject("a"), order(2, 1), digest("later")))
	later := w.prove(t, w.address, slot)
	elsewhere := w.prove(t, copyOf, slot)
	nobody := w.prove(t, common.Address{1}, slot)
	for _, c := range []struct {
		name, why string
		change    func(p *proven)
	}{
		{"the hash of another block", "not that of the trusted block", func(p *proven) { p.block = later.block }},
		{"the header of another block", "not that of the trusted block", func(p *proven) { p.proof.Header = later.proof.Header }},
		{"another block with its hash", "account: proof node 0", func(p *proven) { p.proof.Header, p.block = later.proof.Header, later.block }},
		{"a contract with other code", "other code", func(p *proven) { *p = elsewhere }},
		{"nothing at the address", "nothing at the address", func(p *proven) { *p = nobody }},
		{"another address", "nothing at the address", func(p *proven) { p.contract[19] ^= 1 }},
		{"another slot", "storage: proof node", func(p *proven) { p.slot = FloorSlot(w.Accounts[1].Address, subject("b")) }},
		{"no nodes of the state", "account: proof node 0", func(p *proven) { p.proof.Account = nil }},
		{"no nodes of the storage", "storage: proof node 0", func(p *proven) { p.proof.Storage = nil }},
		{"a node of the storage left out", "storage: proof node", func(p *proven) { p.proof.Storage = p.proof.Storage[:len(p.proof.Storage)-1] }},
		{"the storage of a later block", "storage: proof node 0", func(p *proven) { p.proof.Storage = later.proof.Storage }},
		{"too many nodes", "nodes, at most 64", func(p *proven) { p.proof.Storage = append(p.proof.Storage, make([][]byte, maxNodes)...) }},
		{"a node too large", "node of 1025 bytes", func(p *proven) { p.proof.Account = append(p.proof.Account, make([]byte, maxNode+1)) }},
		{"a header too large", "header of 4097 bytes", func(p *proven) { p.proof.Header = make([]byte, maxHeader+1); p.block = keccak(p.proof.Header) }},
		{"a header that is no list", "the header is no list", func(p *proven) { p.proof.Header = []byte{0x80}; p.block = keccak(p.proof.Header) }},
		{"a header cut short, with its hash", "member 2 of the header", func(p *proven) {
			p.proof.Header = []byte{0xc2, 0x80, 0x80}
			p.block = keccak(p.proof.Header)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := good
			p.proof.Account, p.proof.Storage = slices.Clone(good.proof.Account), slices.Clone(good.proof.Storage)
			c.change(&p)
			if got, err := p.verify(); !errors.Is(err, ErrProof) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// TestStateProofEveryByteCounts flips every byte of a proof, one at a time.
func TestStateProofEveryByteCounts(t *testing.T) {
	w := populated(t)
	p := w.prove(t, w.address, FloorSlot(w.Accounts[0].Address, subject("a")))
	tried := 0
	for _, part := range append(append([][]byte{p.proof.Header}, p.proof.Account...), p.proof.Storage...) {
		for i := range part {
			part[i] ^= 1
			if got, err := p.verify(); !errors.Is(err, ErrProof) {
				t.Fatalf("byte %d of %x: %+v, %v", i, part, got, err)
			}
			part[i] ^= 1
			tried++
		}
	}
	if _, err := p.verify(); err != nil {
		t.Fatalf("the proof itself: %v", err)
	}
	t.Logf("%d bytes", tried)
}

// FuzzStateProof: whatever the bytes, a proof is refused or panics nowhere. The
// hash of the header is made to fit, so that the readers behind it are reached.
func FuzzStateProof(f *testing.F) {
	w := populated(f)
	good := w.prove(f, w.address, FloorSlot(w.Accounts[0].Address, subject("a")))
	f.Add(good.proof.Header, good.proof.Account[0], good.proof.Storage[0])
	f.Add([]byte{0xc0}, []byte{}, []byte{0x80})
	f.Fuzz(func(t *testing.T, header, account, storage []byte) {
		p := StateProof{Header: header, Account: [][]byte{account}, Storage: [][]byte{storage}}
		if got, err := p.Verify(keccak(header), good.contract, good.slot); err == nil {
			t.Errorf("accepted with a node of each trie: %+v", got)
		}
		if _, err := walk("account", [][]byte{account}, keccak(account), good.contract[:]); err != nil && !errors.Is(err, ErrProof) {
			t.Error(err)
		}
	})
}
