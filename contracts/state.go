package contracts

import (
	"fmt"
	"math"
	"time"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
)

// Bounds of a StateProof: a path of the state has at most 64 nodes, a node at
// most 16 digests and a value.
const (
	maxHeader = 4 << 10
	maxNodes  = 64
	maxNode   = 1 << 10
)

// StateProof shows one slot of the contract at one block, without a server: the
// block's header and the nodes of the two tries between its state root and the
// slot, as eth_getProof (EIP-1186) gives them.
//
// It is good for chains whose block hash is the Keccak-256 of the header's RLP,
// as on Ethereum and its layers; those of Besu's own consensus leave the seals
// out of it.
type StateProof struct {
	Header  []byte   // RLP, at most 4 KiB
	Account [][]byte // nodes from the state root to the contract's account
	Storage [][]byte // nodes from the account's storage root to the slot
}

// Proven is what a StateProof shows.
type Proven struct {
	Entry Entry     // not Written if the slot is proven to be empty
	Block uint64    // whose state it is
	Time  time.Time // of that block
}

// Verify checks the proof against the hash of a block that the caller trusts
// for reasons of its own, and against the address of the contract, whose code
// must be ours. Slot is FloorSlot or BatchSlot. Every error is ErrProof and
// means that nothing is known; an entry that is not there is proven, not assumed.
func (p StateProof) Verify(block [32]byte, contract [20]byte, slot [32]byte) (Proven, error) {
	h, err := readHeader(p.Header, block)
	if err != nil {
		return Proven{}, err
	}
	code, err := CodeHash()
	if err != nil {
		return Proven{}, err
	}
	leaf, err := walk("account", p.Account, h.stateRoot, contract[:])
	if err != nil {
		return Proven{}, err
	}
	if leaf == nil {
		return Proven{}, fmt.Errorf("%w: there is nothing at the address of the contract", ErrProof)
	}
	var account types.StateAccount
	if err := rlp.DecodeBytes(leaf, &account); err != nil {
		return Proven{}, fmt.Errorf("%w: account: %w", ErrProof, err)
	}
	if [32]byte(account.CodeHash) != code {
		return Proven{}, fmt.Errorf("%w: other code at the address, not that of the contract", ErrProof)
	}
	var word [32]byte
	// A contract without any record has no trie, hence no nodes.
	if account.Root != types.EmptyRootHash {
		leaf, err = walk("storage", p.Storage, account.Root, slot[:])
		if err != nil {
			return Proven{}, err
		}
		if leaf != nil {
			value, rest, err := rlp.SplitString(leaf)
			if err != nil || len(rest) != 0 || len(value) > 32 {
				return Proven{}, fmt.Errorf("%w: storage: no word", ErrProof)
			}
			copy(word[32-len(value):], value)
		}
	}
	e, err := EntryFromWord(word)
	if err != nil {
		return Proven{}, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if e.Block > h.number || e.Time.After(h.time) {
		return Proven{}, fmt.Errorf("%w: a record of block %d in the state of block %d", ErrProof, e.Block, h.number)
	}
	return Proven{Entry: e, Block: h.number, Time: h.time}, nil
}

type header struct {
	stateRoot, receipts [32]byte
	number              uint64
	time                time.Time
}

// readHeader reads the four members that matter by their places, which no fork
// has moved; what later forks append is passed over.
func readHeader(body []byte, block [32]byte) (header, error) {
	if len(body) > maxHeader {
		return header{}, fmt.Errorf("%w: header of %d bytes, at most %d", ErrProof, len(body), maxHeader)
	}
	if crypto.Keccak256Hash(body) != block {
		return header{}, fmt.Errorf("%w: the header is not that of the trusted block", ErrProof)
	}
	list, rest, err := rlp.SplitList(body)
	if err != nil || len(rest) != 0 {
		return header{}, fmt.Errorf("%w: the header is no list", ErrProof)
	}
	h := header{}
	const stateRoot, receipts, number, seconds = 3, 5, 8, 11
	for i := 0; i <= seconds; i++ {
		kind, content, rest, err := rlp.Split(list)
		if err != nil || kind == rlp.List {
			return header{}, fmt.Errorf("%w: member %d of the header", ErrProof, i)
		}
		switch i {
		case stateRoot, receipts:
			if len(content) != 32 {
				return header{}, fmt.Errorf("%w: root of %d bytes", ErrProof, len(content))
			}
			if i == stateRoot {
				h.stateRoot = [32]byte(content)
			} else {
				h.receipts = [32]byte(content)
			}
		case number, seconds:
			n, _, err := rlp.SplitUint64(list)
			if err != nil || n > math.MaxInt64/uint64(time.Second) {
				return header{}, fmt.Errorf("%w: member %d of the header", ErrProof, i)
			}
			if i == number {
				h.number = n
			} else {
				h.time = time.Unix(int64(n), 0).UTC()
			}
		}
		list = rest
	}
	return h, nil
}

// walk returns the value of a key in the trie of a root, nil if the nodes show
// that there is none.
func walk(name string, nodes [][]byte, root [32]byte, key []byte) ([]byte, error) {
	return walkTo(name, nodes, maxNode, root, crypto.Keccak256(key))
}

// walkTo is walk for a trie whose keys are not hashed, and whose nodes may be of
// another size.
func walkTo(name string, nodes [][]byte, most int, root [32]byte, path []byte) ([]byte, error) {
	if len(nodes) > maxNodes {
		return nil, fmt.Errorf("%w: %s: %d nodes, at most %d", ErrProof, name, len(nodes), maxNodes)
	}
	byHash := nodeSet{}
	for _, n := range nodes {
		if len(n) > most {
			return nil, fmt.Errorf("%w: %s: node of %d bytes, at most %d", ErrProof, name, len(n), most)
		}
		byHash[crypto.Keccak256Hash(n)] = n
	}
	value, err := trie.VerifyProof(root, path, byHash)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrProof, name, err)
	}
	return value, nil
}

// nodeSet finds nodes by their hash, computed here and not taken on trust.
type nodeSet map[[32]byte][]byte

// Has is part of ethdb.KeyValueReader.
func (s nodeSet) Has(hash []byte) (bool, error) { _, ok := s[[32]byte(hash)]; return ok, nil }

// Get is part of ethdb.KeyValueReader.
func (s nodeSet) Get(hash []byte) ([]byte, error) {
	if n, ok := s[[32]byte(hash)]; ok {
		return n, nil
	}
	return nil, ErrProof
}
