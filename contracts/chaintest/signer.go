package chaintest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/keystore"
)

// KeyFile writes a keystore file of an account, with light encryption, and the
// file of its passphrase.
func KeyFile(t testing.TB, a Account) (file, passphrase string) {
	t.Helper()
	const pass = "correct horse"
	b, err := keystore.EncryptKey(&keystore.Key{Address: a.Address, PrivateKey: a.Key}, pass, keystore.LightScryptN, keystore.LightScryptP)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, passphrase = filepath.Join(dir, "key.json"), filepath.Join(dir, "passphrase")
	for name, body := range map[string][]byte{file: b, passphrase: []byte(pass + "\n")} {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, passphrase
}
