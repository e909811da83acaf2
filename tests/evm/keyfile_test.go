//go:build system

package evm

import (
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/crypto"
)

// keyFile writes a keystore file of a key in hex, and the file of its passphrase.
func keyFile(t *testing.T, hexKey string) (file, passphrase string) {
	t.Helper()
	k, err := crypto.HexToECDSA(hexKey)
	if err != nil {
		t.Fatal(err)
	}
	b, err := keystore.EncryptKey(&keystore.Key{Address: crypto.PubkeyToAddress(k.PublicKey), PrivateKey: k}, "x", keystore.LightScryptN, keystore.LightScryptP)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, passphrase = filepath.Join(dir, "key.json"), filepath.Join(dir, "passphrase")
	put(t, file, b)
	put(t, passphrase, []byte("x\n"))
	return file, passphrase
}
