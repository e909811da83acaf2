package node

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/bonafide-id/bonafide/internal/durable"
	"github.com/bonafide-id/bonafide/key/keystore"
)

// Files of a home.
const (
	fileConfig     = "config.toml"
	fileTrust      = "trust.toml"
	fileLock       = "node.lock"
	fileStore      = "store.db"
	fileToken      = "token"
	filePeerKey    = "peer.key"
	filePassphrase = "passphrase"
	fileKeysOnline = "online.age"
	fileKeysAway   = "offline.age"
	dirKeys        = "keys"
)

// InitOptions say what home to make.
type InitOptions struct {
	// Passphrase protects the keys. Nil makes a random one and keeps it in
	// the home, which protects a copied key file and nothing more.
	Passphrase keystore.Passphrase
	// Domain is the host, and path, of the first issuer's identifier; empty
	// makes a home without an issuer, for a verifier.
	Domain string
	Name   string
	// Roots are DIDs of trust roots; choosing one makes `recognised` the
	// default policy.
	Roots []string
	// WorkFactor of the key files; zero means the key store's default.
	WorkFactor int
}

// Init makes a home and, with a domain, its first issuer. An existing home is
// never touched: ErrHomeExists. On error nothing is left behind that a second
// call would trip over, apart from the folder itself.
func Init(ctx context.Context, cfg Config, opt InitOptions) (_ *Created, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(cfg.path(fileConfig)); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrHomeExists, cfg.Home)
	}
	if cfg.Store != "" {
		// Before anything is written: a database that is away leaves no half a home.
		st, err := openStore(ctx, cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		if err := st.Close(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(cfg.path(dirKeys), 0o700); err != nil {
		return nil, fmt.Errorf("node: home: %w", err)
	}
	if opt.Passphrase == nil {
		word, err := randomText()
		if err != nil {
			return nil, err
		}
		if err := durable.WriteFile(cfg.path(filePassphrase), []byte(word+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("node: passphrase: %w", err)
		}
		opt.Passphrase = keystore.FromFile(cfg.path(filePassphrase))
	}
	token, err := randomText()
	if err != nil {
		return nil, err
	}
	if err := durable.WriteFile(cfg.path(fileToken), []byte(token+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("node: token: %w", err)
	}
	if err := durable.WriteFile(cfg.path(fileConfig), renderConfig(cfg), 0o600); err != nil {
		return nil, fmt.Errorf("node: settings: %w", err)
	}
	n, err := Open(ctx, cfg, Options{Passphrase: opt.Passphrase, WorkFactor: opt.WorkFactor})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	for _, root := range opt.Roots {
		if _, err := n.trustAdd(ctx, TrustRequest{DID: root}); err != nil {
			return nil, err
		}
	}
	if opt.Domain == "" {
		return &Created{Notes: []string{"This home verifies and keeps folders of others; it has no issuer of its own."}}, nil
	}
	return n.createIssuer(ctx, CreateRequest{Domain: opt.Domain, Name: opt.Name})
}

// renderConfig writes the settings that differ from the defaults, and the
// others as comments that teach.
func renderConfig(cfg Config) []byte {
	var b strings.Builder
	b.WriteString("# Settings of a Bonafide node. What is commented out is the default.\n")
	def := DefaultConfig()
	for _, s := range Settings() {
		have, usual := s.Of(cfg), s.Of(def)
		mark := "# "
		if have != usual {
			mark = ""
		}
		fmt.Fprintf(&b, "\n# %s\n%s%s = %s\n", s.Doc, mark, s.Key, tomlValue(s, have))
	}
	return []byte(b.String())
}

func tomlValue(s Setting, value string) string {
	switch s.Kind {
	case "bool", "int":
		return value
	case "list":
		var parts []string
		for _, e := range strings.Split(value, ",") {
			if e != "" {
				parts = append(parts, fmt.Sprintf("%q", e))
			}
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprintf("%q", value)
}

func randomText() (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("node: random numbers: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// passphrase finds the way to the passphrase when the caller gave none: the
// setting, the environment, the file that init made.
func (c Config) passphrase() keystore.Passphrase {
	if c.PassphraseFile != "" {
		return keystore.FromFile(c.PassphraseFile)
	}
	if os.Getenv("BONAFIDE_PASSPHRASE") != "" {
		return keystore.FromEnv("BONAFIDE_PASSPHRASE")
	}
	if _, err := os.Stat(c.path(filePassphrase)); err == nil {
		return keystore.FromFile(c.path(filePassphrase))
	}
	return nil
}

// isHome tells whether a folder is a home.
func isHome(cfg Config) error {
	_, err := os.Stat(cfg.path(fileConfig))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoHome, cfg.Home)
	}
	return err
}
