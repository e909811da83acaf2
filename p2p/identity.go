package p2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/bonafide-id/bonafide/internal/durable"
)

const (
	identityType = "PRIVATE KEY"
	maxIdentity  = 4 << 10
)

// LoadOrCreateIdentity returns the peer identity kept in the file at path, a
// 64-byte Ed25519 private key in PKCS #8 PEM, and makes one, mode 0600, if
// there is no file. It is not an issuer's key: losing it costs the peer
// its name among others and nothing else. Errors: ErrIdentity when the file
// is damaged or others can read it; the file system's.
func LoadOrCreateIdentity(path string) ([]byte, error) {
	key, err := loadIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("p2p: make identity: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("p2p: make identity: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: identityType, Bytes: der})
	if err := durable.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("p2p: keep identity: %w", err)
	}
	// What is on disk now counts, should two have started at once.
	return loadIdentity(path)
}

// loadIdentity reads the file.
func loadIdentity(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("p2p: read identity: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("p2p: read identity: %w", err)
	}
	// Windows has no such bits; the home's own access list protects there.
	if runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o, others can read it", ErrIdentity, path, st.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxIdentity+1))
	if err != nil {
		return nil, fmt.Errorf("p2p: read identity: %w", err)
	}
	key, err := parseIdentity(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, path)
	}
	return key, nil
}

// parseIdentity reads one PEM block with an Ed25519 key and nothing after it.
func parseIdentity(text []byte) ([]byte, error) {
	if len(text) > maxIdentity {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrIdentity, maxIdentity)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != identityType || len(rest) > 0 {
		return nil, fmt.Errorf("%w: not one PEM block %q", ErrIdentity, identityType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: not an Ed25519 key", ErrIdentity)
	}
	return key, nil
}
