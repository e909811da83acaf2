package chaintest

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rpc"
)

const (
	// GasLimit of every transaction: the most that one may have since EIP-7825.
	GasLimit = 1 << 24
	// AmsterdamGasLimit is that of Amsterdam, where gas for new state is counted
	// apart (EIP-8037) and contracts need more of it.
	AmsterdamGasLimit = 1 << 26
	// ChainID is that of the simulated chain.
	ChainID = 1337
)

// Rules are those of a fork of the protocol, and with them the price of gas.
type Rules int

const (
	// Osaka is what Ethereum has run since December 2025.
	Osaka Rules = iota
	// Amsterdam makes state dearer (EIP-8037, EIP-8038) and the rest of a
	// transaction cheaper (EIP-2780).
	Amsterdam
)

// String names the fork.
func (r Rules) String() string { return [...]string{"Osaka", "Amsterdam"}[r] }

// configure overrides the backend's own choice, which is every fork that the
// library knows of, whether or not a chain runs it.
func (r Rules) configure(_ *node.Config, eth *ethconfig.Config) {
	config := *params.AllDevChainProtocolChanges
	from := uint64(0)
	config.OsakaTime, config.AmsterdamTime, config.BogotaTime = &from, nil, nil
	if r == Amsterdam {
		config.AmsterdamTime = &from
	}
	eth.Genesis.Config = &config
}

// Account can sign.
type Account struct {
	Key     *ecdsa.PrivateKey
	Address common.Address
}

// Chain is a node and its funded accounts.
type Chain struct {
	Backend  *simulated.Backend
	Client   simulated.Client
	Accounts []Account

	gas uint64 // limit of every transaction
	ipc string // path of the node's socket
}

// New starts a chain with the rules of Osaka and n accounts that have more than
// they can spend. It ends with the test.
func New(t testing.TB, n int) *Chain { return NewUnder(t, Osaka, n) }

// NewUnder is New with other rules.
func NewUnder(t testing.TB, rules Rules, n int) *Chain {
	t.Helper()
	c := &Chain{gas: GasLimit}
	if rules == Amsterdam {
		c.gas = AmsterdamGasLimit
	}
	alloc := types.GenesisAlloc{}
	for i := range n {
		seed := sha256.Sum256(fmt.Append(nil, "account ", i))
		k, err := crypto.ToECDSA(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		a := Account{Key: k, Address: crypto.PubkeyToAddress(k.PublicKey)}
		alloc[a.Address] = types.Account{Balance: new(big.Int).Lsh(big.NewInt(1), 120)}
		c.Accounts = append(c.Accounts, a)
	}
	// Not t.TempDir: its name may be too long for a socket.
	dir, err := os.MkdirTemp("", "chain")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the chain's folder: %v", err)
		}
	})
	c.ipc = filepath.Join(dir, "rpc")
	c.Backend = simulated.NewBackend(alloc, simulated.WithBlockGasLimit(4*c.gas), rules.configure,
		func(n *node.Config, _ *ethconfig.Config) { n.IPCPath = c.ipc })
	c.Client = c.Backend.Client()
	t.Cleanup(func() {
		if err := c.Backend.Close(); err != nil {
			t.Errorf("closing the chain: %v", err)
		}
	})
	return c
}

// Sign makes a transaction of the account's next nonce; to is nil to create a
// contract. Fees are far above what the simulated chain asks.
func (c *Chain) Sign(t testing.TB, from Account, to *common.Address, data []byte) *types.Transaction {
	t.Helper()
	return c.sign(t, from, to, data, nil)
}

func (c *Chain) sign(t testing.TB, from Account, to *common.Address, data []byte, wei *big.Int) *types.Transaction {
	t.Helper()
	nonce, err := c.Client.PendingNonceAt(context.Background(), from.Address)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := types.SignNewTx(from.Key, types.LatestSignerForChainID(big.NewInt(ChainID)), &types.DynamicFeeTx{
		ChainID: big.NewInt(ChainID), Nonce: nonce, Gas: c.gas, To: to, Data: data, Value: wei,
		GasTipCap: big.NewInt(1e9), GasFeeCap: big.NewInt(1e10),
	})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// Send puts one transaction into a block and returns its receipt, whose Status
// is 0 where it was reverted.
func (c *Chain) Send(t testing.TB, from Account, to common.Address, data []byte) *types.Receipt {
	t.Helper()
	return c.mine(t, c.Sign(t, from, &to, data))
}

// SendValue is Send with an amount.
func (c *Chain) SendValue(t testing.TB, from Account, to common.Address, data []byte, wei *big.Int) *types.Receipt {
	t.Helper()
	return c.mine(t, c.sign(t, from, &to, data, wei))
}

// Deploy creates a contract and returns its address and the receipt.
func (c *Chain) Deploy(t testing.TB, from Account, code []byte) (common.Address, *types.Receipt) {
	t.Helper()
	r := c.mine(t, c.Sign(t, from, nil, code))
	if r.Status != types.ReceiptStatusSuccessful {
		t.Fatal("the contract was not created")
	}
	return r.ContractAddress, r
}

func (c *Chain) mine(t testing.TB, tx *types.Transaction) *types.Receipt {
	t.Helper()
	ctx := context.Background()
	if err := c.Client.SendTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	c.Backend.Commit()
	r, err := c.Client.TransactionReceipt(ctx, tx.Hash())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// RPC connects to the node for what Client does not offer, such as eth_getProof.
func (c *Chain) RPC(t testing.TB) *rpc.Client {
	t.Helper()
	r, err := rpc.Dial(c.ipc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// Storage reads one slot at the newest block.
func (c *Chain) Storage(t testing.TB, contract common.Address, slot [32]byte) [32]byte {
	t.Helper()
	b, err := c.Client.StorageAt(context.Background(), contract, slot, nil)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(b)
}
