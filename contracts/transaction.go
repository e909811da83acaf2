package contracts

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// MaxGas is the most that one transaction may use (EIP-7825).
const MaxGas = 1 << 24

// MaxMany is how many heads one call of grade floor is given: first records of
// all of them stay well below MaxGas.
const MaxMany = 500

// Call is a call of the contract before it is priced: To is nil to create a
// copy of it.
type Call struct {
	To   *[20]byte
	Data []byte
}

// Deploy creates a copy of the contract.
func Deploy() Call { return Call{Data: common.FromHex(AnchorMetaData.Bin)} }

// FloorCall anchors 1 to MaxMany heads under grade floor. The error is
// ErrMember.
func FloorCall(contract [20]byte, members []Member) (Call, error) {
	b := NewAnchor()
	switch {
	case len(members) == 0 || len(members) > MaxMany:
		return Call{}, fmt.Errorf("%w: %d heads, want 1 to %d", ErrMember, len(members), MaxMany)
	case len(members) == 1:
		m := members[0]
		return Call{To: &contract, Data: b.PackAnchor(m.Subject, m.Order.Int(), m.Head)}, nil
	}
	heads := make([]AnchorHead, len(members))
	for i, m := range members {
		heads[i] = AnchorHead{Subject: m.Subject, Order: m.Order.Int(), Head: m.Head}
	}
	return Call{To: &contract, Data: b.PackAnchorMany(heads)}, nil
}

// BatchCall anchors the root of a batch under grade existed-by.
func BatchCall(contract [20]byte, root [32]byte) Call {
	return Call{To: &contract, Data: NewAnchor().PackAnchorBatch(root)}
}

// Transaction is a call with its place and its price.
type Transaction struct {
	Call
	Chain uint64
	Nonce uint64
	Gas   uint64   // limit
	Max   *big.Int // wei for one gas, at most
	Tip   *big.Int // of which for the maker of the block; nil on a chain without base fees
}

func (t Transaction) unsigned() *types.Transaction {
	if t.Tip == nil {
		return types.NewTx(&types.LegacyTx{Nonce: t.Nonce, GasPrice: t.Max, Gas: t.Gas, To: (*common.Address)(t.To), Data: t.Data})
	}
	return types.NewTx(&types.DynamicFeeTx{ChainID: new(big.Int).SetUint64(t.Chain), Nonce: t.Nonce, GasTipCap: t.Tip,
		GasFeeCap: t.Max, Gas: t.Gas, To: (*common.Address)(t.To), Data: t.Data})
}

// Signed is a transaction as it is sent.
type Signed struct {
	Raw  []byte
	Hash [32]byte
}

// check makes sure that what was signed is what was asked for, by whom it was
// to be signed.
func (t Transaction) check(tx *types.Transaction, by [20]byte) (Signed, error) {
	s := types.LatestSignerForChainID(new(big.Int).SetUint64(t.Chain))
	from, err := types.Sender(s, tx)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	if from != by {
		return Signed{}, fmt.Errorf("%w: signed by %s, not %s", ErrSigner, from, common.Address(by))
	}
	if s.Hash(tx) != s.Hash(t.unsigned()) {
		return Signed{}, fmt.Errorf("%w: another transaction was signed than the one asked for", ErrSigner)
	}
	raw, err := tx.MarshalBinary()
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return Signed{Raw: raw, Hash: tx.Hash()}, nil
}

// ParseAddress reads an account or contract: 0x and 40 hex digits. Where the
// digits have capitals they must be those of the checksum (EIP-55). The error is
// ErrAddress.
func ParseAddress(s string) ([20]byte, error) {
	a, err := common.NewMixedcaseAddressFromString(s)
	lower := true
	for _, c := range s {
		lower = lower && (c < 'A' || c > 'Z')
	}
	if err != nil || len(s) != 42 || !lower && !a.ValidChecksum() {
		return [20]byte{}, fmt.Errorf("%w: %.60q", ErrAddress, s)
	}
	return a.Address(), nil
}

// FormatAddress writes an address with its checksum (EIP-55).
func FormatAddress(a [20]byte) string { return common.Address(a).Hex() }
