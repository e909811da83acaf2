package contracts

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/bonafide-id/bonafide/internal/fetch"
)

// Endpoint is one JSON-RPC server of a chain. Nothing that it says is checked
// against anything here: callers ask several and compare. It is safe for
// concurrent use.
type Endpoint struct {
	name string
	rpc  *rpc.Client
	eth  *ethclient.Client
}

// maxAnswer bounds an answer of a server; the receipts of a full block are the
// largest that is asked for.
const maxAnswer = 16 << 20

// NewEndpoint prepares to ask a server; it does not connect yet. timeout bounds
// one call. The error is ErrEndpoint for what is no http or https URL.
func NewEndpoint(address string, timeout time.Duration) (*Endpoint, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: not an http or https URL", ErrEndpoint) // which may hold a secret
	}
	web := fetch.Operator(fetch.Config{Timeout: timeout, MaxBytes: maxAnswer})
	c, err := rpc.DialOptions(context.Background(), address, rpc.WithHTTPClient(web.Caller()))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrEndpoint, u.Host)
	}
	return &Endpoint{name: u.Host, rpc: c, eth: ethclient.NewClient(c)}, nil
}

// Name is the host of the server, without user, path and query, which may be
// secrets.
func (e *Endpoint) Name() string { return e.name }

// Close lets go of its connections.
func (e *Endpoint) Close() { e.rpc.Close() }

func (e *Endpoint) wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	var u *url.Error
	if errors.As(err, &u) { // its text has the whole URL
		err = u.Err
	}
	return fmt.Errorf("%w: %s: %s: %w", ErrEndpoint, e.name, what, err)
}

// Chain is the chain id (EIP-155).
func (e *Endpoint) Chain(ctx context.Context) (uint64, error) {
	var n hexutil.Uint64
	err := e.rpc.CallContext(ctx, &n, "eth_chainId")
	return uint64(n), e.wrap("chain id", err)
}

// Block is what is needed of a block's header. Hash is what the server says,
// since not every chain hashes its headers as Ethereum does.
type Block struct {
	Number  uint64
	Hash    [32]byte
	Time    time.Time
	BaseFee *big.Int // wei for one gas; nil before London and on chains without it
}

// Names of blocks that a server may be asked for.
const (
	Latest    = "latest"
	Finalized = "finalized" // which cannot be undone; not every chain has it
)

// Block returns the block of a name, ErrNoBlock where there is none.
func (e *Endpoint) Block(ctx context.Context, name string) (Block, error) {
	return e.block(ctx, "block "+name, "eth_getBlockByNumber", name)
}

// BlockAt returns the block of a number, ErrNoBlock where there is none yet.
func (e *Endpoint) BlockAt(ctx context.Context, number uint64) (Block, error) {
	return e.block(ctx, fmt.Sprint("block ", number), "eth_getBlockByNumber", hexutil.EncodeUint64(number))
}

func (e *Endpoint) block(ctx context.Context, what, method string, arg any) (Block, error) {
	var b *struct {
		Number  *hexutil.Uint64 `json:"number"`
		Hash    *common.Hash    `json:"hash"`
		Time    *hexutil.Uint64 `json:"timestamp"`
		BaseFee *hexutil.Big    `json:"baseFeePerGas"`
	}
	if err := e.rpc.CallContext(ctx, &b, method, arg, false); err != nil {
		if coded, ok := err.(rpc.Error); ok && arg == Finalized && strings.Contains(coded.Error(), "not found") {
			err = fmt.Errorf("%w: %w", ErrNoBlock, err) // as go-ethereum says it
		}
		return Block{}, e.wrap(what, err)
	}
	if b == nil {
		return Block{}, e.wrap(what, ErrNoBlock)
	}
	const latest = uint64(1) << 33 // seconds, the year 2242
	if b.Number == nil || b.Hash == nil || b.Time == nil || uint64(*b.Time) > latest {
		return Block{}, e.wrap(what, errors.New("not a block"))
	}
	return Block{Number: uint64(*b.Number), Hash: *b.Hash, Time: time.Unix(int64(*b.Time), 0).UTC(), BaseFee: (*big.Int)(b.BaseFee)}, nil
}

// CodeHash is the Keccak-256 of the code at an address in the state of a block.
func (e *Endpoint) CodeHash(ctx context.Context, contract [20]byte, block [32]byte) ([32]byte, error) {
	code, err := e.eth.CodeAtHash(ctx, contract, block)
	return crypto.Keccak256Hash(code), e.wrap("code", err)
}

// Entry reads a record in the state of a block. Slot is FloorSlot or BatchSlot.
func (e *Endpoint) Entry(ctx context.Context, contract [20]byte, slot, block [32]byte) (Entry, error) {
	b, err := e.eth.StorageAtHash(ctx, contract, slot, block)
	if err != nil {
		return Entry{}, e.wrap("storage", err)
	}
	if len(b) > 32 {
		return Entry{}, e.wrap("storage", fmt.Errorf("a word of %d bytes", len(b)))
	}
	entry, err := EntryFromWord([32]byte(common.LeftPadBytes(b, 32)))
	return entry, e.wrap("storage", err)
}

// Nonce is how many transactions of an account stand in the state of a block.
func (e *Endpoint) Nonce(ctx context.Context, account [20]byte, block [32]byte) (uint64, error) {
	n, err := e.eth.NonceAtHash(ctx, account, block)
	return n, e.wrap("nonce", err)
}

// Balance is what an account has in the state of a block, in wei.
func (e *Endpoint) Balance(ctx context.Context, account [20]byte, block [32]byte) (*big.Int, error) {
	n, err := e.eth.BalanceAtHash(ctx, account, block)
	return n, e.wrap("balance", err)
}

// Receipt is what became of a transaction.
type Receipt struct {
	Block     uint64
	BlockHash [32]byte
	OK        bool // false: it was reverted
	Gas       uint64
	Price     string   // wei for one gas, in decimal; "" where the server does not say
	Contract  [20]byte // that it created
}

// Receipt returns the zero Receipt for a transaction that is in no block.
func (e *Endpoint) Receipt(ctx context.Context, tx [32]byte) (Receipt, error) {
	r, err := e.eth.TransactionReceipt(ctx, tx)
	if errors.Is(err, ethereum.NotFound) {
		return Receipt{}, nil
	}
	if err != nil {
		return Receipt{}, e.wrap("receipt", err)
	}
	if r.BlockNumber == nil || !r.BlockNumber.IsUint64() || r.TxHash != tx {
		return Receipt{}, e.wrap("receipt", errors.New("not of the transaction"))
	}
	out := Receipt{Block: r.BlockNumber.Uint64(), BlockHash: r.BlockHash, OK: r.Status == 1, Gas: r.GasUsed, Contract: r.ContractAddress}
	if r.EffectiveGasPrice != nil {
		out.Price = r.EffectiveGasPrice.String()
	}
	return out, nil
}

// Price is what the server suggests in wei for one gas: a tip where the chain
// has base fees, else the whole price.
func (e *Endpoint) Price(ctx context.Context, baseFees bool) (*big.Int, error) {
	if !baseFees {
		p, err := e.eth.SuggestGasPrice(ctx)
		return p, e.wrap("price of gas", err)
	}
	p, err := e.eth.SuggestGasTipCap(ctx)
	return p, e.wrap("tip", err)
}

// Gas estimates a call; to is nil to create a contract. A call that the contract
// refuses is ErrRefused.
func (e *Endpoint) Gas(ctx context.Context, from [20]byte, to *[20]byte, data []byte) (uint64, error) {
	msg := ethereum.CallMsg{From: from, To: (*common.Address)(to), Data: data}
	n, err := e.eth.EstimateGas(ctx, msg)
	var refused rpc.DataError
	if errors.As(err, &refused) && refused.ErrorData() != nil {
		return 0, fmt.Errorf("%w: %s", ErrRefused, reason(refused.ErrorData()))
	}
	return n, e.wrap("estimate of gas", err)
}

// reason reads why the contract reverted.
func reason(data any) string {
	text, _ := data.(string)
	b, err := hexutil.Decode(text)
	if err != nil || len(b) < 4 {
		return "no reason given"
	}
	if e, err := NewAnchor().UnpackError(b); err == nil {
		if n, ok := e.(*AnchorNotAbove); ok {
			return fmt.Sprintf("order number %v is not above the anchored %v", n.Order, n.Anchored)
		}
	}
	return "with a reason that is not the contract's"
}

// Send hands a signed transaction to the server.
func (e *Endpoint) Send(ctx context.Context, raw []byte) error {
	return e.wrap("send", e.rpc.CallContext(ctx, nil, "eth_sendRawTransaction", hexutil.Encode(raw)))
}
