package contracts

import (
	_ "embed" // the compiled contract
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

//go:embed artefact/Anchor.json
var artefact []byte

// Artefact is what the compiler said about the contract.
type Artefact struct {
	Compiler string `json:"compiler"` // with its commit
	Source   string `json:"source"`   // "sha256-" and the digest of Anchor.sol in hex
	Runtime  string `json:"runtime"`  // code at the contract's address, in hex
}

// ReadArtefact returns the committed artefact.
func ReadArtefact() (Artefact, error) {
	var a Artefact
	if err := json.Unmarshal(artefact, &a); err != nil {
		return Artefact{}, fmt.Errorf("contracts: artefact/Anchor.json: %w", err)
	}
	return a, nil
}

// Runtime is the code that stands at the address of every copy of the contract.
func Runtime() ([]byte, error) {
	a, err := ReadArtefact()
	if err != nil {
		return nil, err
	}
	code, err := hex.DecodeString(a.Runtime)
	if err != nil || len(code) == 0 {
		return nil, fmt.Errorf("contracts: artefact/Anchor.json: runtime is no code: %w", err)
	}
	return code, nil
}

// CodeHash is the Keccak-256 of Runtime: the codeHash of the account in the
// chain's state. An address with another one is no copy of the contract, and
// what it says counts for nothing.
func CodeHash() ([32]byte, error) {
	code, err := Runtime()
	if err != nil {
		return [32]byte{}, err
	}
	return crypto.Keccak256Hash(code), nil
}

// Entry is one record of the contract.
type Entry struct {
	Number *big.Int  // floor: Order.Int; batches: how many roots; below 2^96
	Block  uint64    // that wrote it; 0 if it was never written
	Time   time.Time // of that block; the zero Time if it was never written
}

// Written tells whether the record was ever written.
func (e Entry) Written() bool { return e.Block != 0 }

// The places of the two mappings, as artefact/Anchor.json has them; a test
// compares.
const (
	floorsSlot  = 0
	batchesSlot = 1
)

// FloorSlot is the storage slot of the floor of an account about a subject
// (Solidity, Layout of State Variables in Storage, Mappings).
func FloorSlot(account [20]byte, subject Subject) [32]byte {
	outer := mappingSlot(common.LeftPadBytes(account[:], 32), number(floorsSlot))
	return mappingSlot(subject[:], outer)
}

// BatchSlot is the storage slot of the count of batches of an account.
func BatchSlot(account [20]byte) [32]byte {
	return mappingSlot(common.LeftPadBytes(account[:], 32), number(batchesSlot))
}

func mappingSlot(key []byte, slot [32]byte) [32]byte { return crypto.Keccak256Hash(key, slot[:]) }

func number(n uint64) (out [32]byte) {
	binary.BigEndian.PutUint64(out[24:], n)
	return out
}

// EntryFromWord reads a slot: the number in the lowest 96 bits, then 80 bits of
// block number, then 80 of time in seconds. The contract writes no word that it
// refuses; the error is ErrOrder.
func EntryFromWord(word [32]byte) (Entry, error) {
	return newEntry(
		new(big.Int).SetBytes(word[20:]),
		new(big.Int).SetBytes(word[10:20]),
		new(big.Int).SetBytes(word[:10]),
	)
}

// newEntry bounds what came from a chain: a block and a time that fit.
func newEntry(n, block, seconds *big.Int) (Entry, error) {
	const latest = math.MaxInt64 / int64(time.Second) // the year 2262
	if n == nil || block == nil || seconds == nil || n.Sign() < 0 || n.BitLen() > 96 ||
		!block.IsUint64() || !seconds.IsInt64() || seconds.Int64() > latest {
		return Entry{}, fmt.Errorf("%w: record %v in block %v at %v", ErrOrder, n, block, seconds)
	}
	e := Entry{Number: n, Block: block.Uint64()}
	switch {
	case e.Block == 0 && (n.Sign() != 0 || seconds.Sign() != 0):
		return Entry{}, fmt.Errorf("%w: record %v of no block", ErrOrder, n)
	case e.Block != 0 && n.Sign() == 0:
		return Entry{}, fmt.Errorf("%w: record 0 of block %d", ErrOrder, e.Block)
	case e.Block != 0:
		e.Time = time.Unix(seconds.Int64(), 0).UTC()
	}
	return e, nil
}

// EntryOf reads what floorOf and batchOf answer. The error is ErrOrder.
func EntryOf(a AnchorEntry) (Entry, error) { return newEntry(a.Order, a.BlockNumber, a.Time) }
