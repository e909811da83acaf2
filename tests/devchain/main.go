// Command devchain is a chain for demonstrations: one go-ethereum node in this
// process, without a network, that makes a block every second and answers
// JSON-RPC on loopback. It prints one line of JSON with its address, chain id and
// the keystore file of an account that has money, and ends when its standard input
// is closed or it is interrupted. What it holds is gone then.
//
//	go run ./tests/devchain </dev/tty
//
// It promises nothing about safety: its account is known to everybody.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/eth/ethconfig"
	"github.com/ethereum/go-ethereum/ethclient/simulated"
	"github.com/ethereum/go-ethereum/node"
	"github.com/ethereum/go-ethereum/params"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "devchain:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	dir, err := os.MkdirTemp("", "devchain-")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil {
			err = rerr
		}
	}()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte("devchain")))
	if err != nil {
		return err
	}
	account := crypto.PubkeyToAddress(key.PublicKey)
	file, pass := filepath.Join(dir, "key.json"), filepath.Join(dir, "passphrase")
	body, err := keystore.EncryptKey(&keystore.Key{Address: account, PrivateKey: key}, "devchain", keystore.LightScryptN, keystore.LightScryptP)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{file: body, pass: []byte("devchain\n")} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	alloc := types.GenesisAlloc{account: {Balance: new(big.Int).Lsh(big.NewInt(1), 80)}}
	chain := simulated.NewBackend(alloc, rules, func(c *node.Config, _ *ethconfig.Config) {
		c.HTTPHost, c.HTTPPort, c.HTTPModules = "127.0.0.1", port, []string{"eth"}
	})
	defer func() {
		if cerr := chain.Close(); err == nil {
			err = cerr
		}
	}()
	for range 3 { // something to be final from the start
		chain.Commit()
	}
	id, err := chain.Client().ChainID(context.Background())
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"url": fmt.Sprintf("http://127.0.0.1:%d", port),
		"chain": "eip155:" + id.String(), "key": file, "passphrase": pass}); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what counts
		stop()
	}()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			chain.Commit()
		}
	}
}

// rules are those that Ethereum runs now, not those that the library has ready.
func rules(_ *node.Config, eth *ethconfig.Config) {
	config := *params.AllDevChainProtocolChanges
	from := uint64(0)
	config.OsakaTime, config.AmsterdamTime, config.BogotaTime = &from, nil, nil
	eth.Genesis.Config = &config
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
