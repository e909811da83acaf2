package contracts

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/bonafide-id/bonafide/internal/fetch"
)

// Signer signs transactions of one account.
type Signer interface {
	Address() [20]byte
	// Sign returns the transaction as it was given, signed by Address.
	Sign(ctx context.Context, t Transaction) (Signed, error)
}

const (
	maxKeyFile    = 64 << 10
	maxPassphrase = 4 << 10
)

// KeyFile is a key of a geth keystore (Web3 Secret Storage, version 3).
type KeyFile struct {
	address [20]byte
	key     *ecdsa.PrivateKey
}

// NewKey is a key that is in memory already.
func NewKey(k *ecdsa.PrivateKey) *KeyFile {
	return &KeyFile{address: crypto.PubkeyToAddress(k.PublicKey), key: k}
}

// OpenKeyFile reads a keystore file and the file that holds its passphrase, of
// which a line's end is not part. The error is ErrSigner.
func OpenKeyFile(path, passphrase string) (*KeyFile, error) {
	b, err := readBounded(path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	pass, err := readBounded(passphrase, maxPassphrase)
	if err != nil {
		return nil, err
	}
	k, err := keystore.DecryptKey(b, strings.TrimRight(string(pass), "\r\n"))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSigner, path, err)
	}
	return &KeyFile{address: k.Address, key: k.PrivateKey}, nil
}

// MakeKeyFile makes a key and writes its keystore file, which must not be there
// yet, under the passphrase in another file. The error is ErrSigner.
func MakeKeyFile(path, passphrase string) (address [20]byte, err error) {
	pass, err := readBounded(passphrase, maxPassphrase)
	if err != nil {
		return address, err
	}
	k, err := crypto.GenerateKey()
	if err != nil {
		return address, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	address = crypto.PubkeyToAddress(k.PublicKey)
	b, err := keystore.EncryptKey(&keystore.Key{Address: address, PrivateKey: k}, strings.TrimRight(string(pass), "\r\n"),
		keystore.StandardScryptN, keystore.StandardScryptP)
	if err != nil {
		return address, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return address, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return address, err
}

func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return b, nil
}

// Address is the account.
func (k *KeyFile) Address() [20]byte { return k.address }

// Sign is part of Signer.
func (k *KeyFile) Sign(_ context.Context, t Transaction) (Signed, error) {
	tx, err := types.SignTx(t.unsigned(), types.LatestSignerForChainID(new(big.Int).SetUint64(t.Chain)), k.key)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return t.check(tx, k.address)
}

// Clef is an external signer that speaks Clef's JSON-RPC over HTTP.
type Clef struct {
	address [20]byte
	rpc     *rpc.Client
}

// NewClef prepares to ask an external signer for signatures of an account; it
// does not connect yet. timeout bounds one signature, for which a person may have
// to be asked. The error is ErrSigner.
func NewClef(address string, account [20]byte, timeout time.Duration) (*Clef, error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: the external signer's address is no http or https URL", ErrSigner)
	}
	web := fetch.Operator(fetch.Config{Timeout: timeout, MaxBytes: 1 << 20})
	c, err := rpc.DialOptions(context.Background(), address, rpc.WithHTTPClient(web.Caller()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return &Clef{address: account, rpc: c}, nil
}

// Address is the account.
func (c *Clef) Address() [20]byte { return c.address }

// Sign is part of Signer: account_signTransaction. What comes back is held
// against what was asked for.
func (c *Clef) Sign(ctx context.Context, t Transaction) (Signed, error) {
	id := hexutil.Big(*new(big.Int).SetUint64(t.Chain))
	args := map[string]any{"from": common.Address(c.address), "gas": hexutil.Uint64(t.Gas), "value": "0x0",
		"nonce": hexutil.Uint64(t.Nonce), "chainId": &id, "input": hexutil.Bytes(t.Data)}
	if t.To != nil {
		args["to"] = common.Address(*t.To)
	}
	if t.Tip == nil {
		args["gasPrice"] = (*hexutil.Big)(t.Max)
	} else {
		args["maxFeePerGas"], args["maxPriorityFeePerGas"] = (*hexutil.Big)(t.Max), (*hexutil.Big)(t.Tip)
	}
	var answer json.RawMessage
	if err := c.rpc.CallContext(ctx, &answer, "account_signTransaction", args); err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	var out struct {
		Raw hexutil.Bytes `json:"raw"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	tx := new(types.Transaction)
	if err := tx.UnmarshalBinary(out.Raw); err != nil {
		return Signed{}, fmt.Errorf("%w: %w", ErrSigner, err)
	}
	return t.check(tx, c.address)
}
