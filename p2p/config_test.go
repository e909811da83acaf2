package p2p

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	golog "github.com/ipfs/go-log/v2"
	"github.com/libp2p/go-libp2p/gologshim"

	"github.com/bonafide-id/bonafide/internal/hint"
)

func TestConfig(t *testing.T) {
	long := make([]byte, 65)
	halves := append(make([]byte, 32), bytes.Repeat([]byte{1}, 32)...)
	cases := []struct {
		name string
		edit func(*Config)
		want error
	}{
		{"nothing wrong", func(*Config) {}, nil},
		{"listen address malformed", func(c *Config) { c.Listen = []string{"0.0.0.0:8482"} }, ErrConfig},
		{"listen on WebSocket", func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/tcp/0/ws"} }, ErrConfig},
		{"listen on WebTransport", func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/0/quic-v1/webtransport"} }, ErrConfig},
		{"listen on plain UDP", func(c *Config) { c.Listen = []string{"/ip4/127.0.0.1/udp/0"} }, ErrConfig},
		{"announce malformed", func(c *Config) { c.Announce = []string{"host.example"} }, ErrConfig},
		{"bootstrap without peer id", func(c *Config) { c.Bootstrap = []string{"/ip4/127.0.0.1/tcp/1"} }, ErrAddress},
		{"identity of 65 bytes", func(c *Config) { c.Identity = long }, ErrIdentity},
		{"identity of two keys' halves", func(c *Config) { c.Identity = halves }, ErrIdentity},
		{"unknown DHT mode", func(c *Config) { c.DHT = 9 }, ErrConfig},
		{"heartbeat too short", func(c *Config) { c.Heartbeat = time.Microsecond }, ErrConfig},
		{"heartbeat too long", func(c *Config) { c.Heartbeat = time.Hour }, ErrConfig},
		{"negative limit", func(c *Config) { c.Limits.Conns = -1 }, ErrConfig},
		{"negative rate", func(c *Config) { c.Limits.ByteRate = -1 }, ErrConfig},
		{"trim below the lower mark", func(c *Config) { c.Limits.ConnsLow, c.Limits.ConnsHigh = 3, 2 }, ErrConfig},
		{"trim above the hard limit", func(c *Config) { c.Limits.Conns = 10 }, ErrConfig},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := Config{Listen: []string{viaTCP}}
			c.edit(&cfg)
			h, err := New(cfg)
			if !errors.Is(err, c.want) || (c.want == nil && err != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && hint.Of(err) == "" {
				t.Errorf("no hint in %v", err)
			}
			if h != nil {
				must(t, h.Close())
			}
		})
	}
}

func TestConfigDefaults(t *testing.T) {
	s, err := Config{}.read()
	must(t, err)
	if len(s.listen) != 2 || s.listen[0].String() != "/ip4/0.0.0.0/udp/8482/quic-v1" || s.listen[1].String() != "/ip4/0.0.0.0/tcp/8482" {
		t.Errorf("listens on %v", s.listen)
	}
	if s.loopback || s.heartbeat != time.Second || s.now == nil || s.log == nil {
		t.Errorf("defaults %+v", s)
	}
	if s, err = (Config{Listen: []string{}}).read(); err != nil || len(s.listen) != 0 || s.loopback {
		t.Errorf("an empty list listens on %v (%v)", s.listen, err)
	}
	if s, err = (Config{Listen: []string{viaTCP, "/ip6/::1/udp/0/quic-v1"}}).read(); err != nil || !s.loopback {
		t.Errorf("loopback not recognised (%v)", err)
	}
	if s, err = (Config{Listen: []string{viaTCP, "/ip4/0.0.0.0/tcp/0"}}).read(); err != nil || s.loopback {
		t.Errorf("one open address is not loopback (%v)", err)
	}
}

func TestDHTModeNames(t *testing.T) {
	for _, m := range []DHTMode{DHTOff, DHTClient, DHTServer} {
		if got, err := ParseDHTMode(m.String()); err != nil || got != m {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
	if m, err := ParseDHTMode(""); err != nil || m != DHTOff {
		t.Errorf("empty: %v, %v", m, err)
	}
	if _, err := ParseDHTMode("Server"); !errors.Is(err, ErrConfig) {
		t.Errorf("got %v, want ErrConfig", err)
	}
}

func TestAnnounce(t *testing.T) {
	h := newTestHost(t, func(c *Config) { c.Announce = []string{"/dns4/node.example/tcp/8482"} })
	if a := h.Addrs(); len(a) != 1 || a[0] != "/dns4/node.example/tcp/8482/p2p/"+h.ID() {
		t.Errorf("addresses %q", a)
	}
}

func TestIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peer.pem")
	first, err := LoadOrCreateIdentity(path)
	must(t, err)
	st, err := os.Stat(path)
	must(t, err)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o, want 0600", st.Mode().Perm())
	}
	second, err := LoadOrCreateIdentity(path)
	must(t, err)
	if len(first) != ed25519.PrivateKeySize || !bytes.Equal(first, second) {
		t.Error("the identity changed")
	}
	open := func(id []byte) string {
		h, err := New(Config{Listen: []string{viaTCP}, Identity: id})
		must(t, err)
		defer h.Close()
		return h.ID()
	}
	a, b, c := open(first), open(first[:32]), open(nil)
	if a != b || a == c {
		t.Errorf("identities %s (key), %s (seed), %s (fresh)", a, b, c)
	}
}

func TestIdentityRefusals(t *testing.T) {
	_, good, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	block := func(kind string, key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		must(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	right := block(identityType, good)
	cases := []struct {
		name string
		text []byte
		mode fs.FileMode
		want error
	}{
		{"right", right, 0o600, nil},
		{"read-only is fine", right, 0o400, nil},
		{"group may read", right, 0o640, ErrIdentity},
		{"all may read", right, 0o604, ErrIdentity},
		{"empty", nil, 0o600, ErrIdentity},
		{"not PEM", []byte("hello"), 0o600, ErrIdentity},
		{"another type", block("EC PRIVATE KEY", good), 0o600, ErrIdentity},
		{"another kind of key", block(identityType, p256), 0o600, ErrIdentity},
		{"cut", right[:len(right)-40], 0o600, ErrIdentity},
		{"something after it", append(bytes.Clone(right), 'x'), 0o600, ErrIdentity},
		{"too long", append(bytes.Repeat([]byte("#"), maxIdentity), right...), 0o600, ErrIdentity},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peer.pem")
			must(t, os.WriteFile(path, c.text, 0o600))
			must(t, os.Chmod(path, c.mode))
			key, err := LoadOrCreateIdentity(path)
			if !errors.Is(err, c.want) || (c.want == nil) != (key != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(after, c.text) {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		if _, err := LoadOrCreateIdentity(filepath.Join(t.TempDir(), "no", "peer.pem")); err == nil {
			t.Error("made an identity where it cannot be kept")
		}
	})
}

// lines is a place for log lines.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// TestLibraryLogs: what libp2p and the DHT have to say goes to the host's
// logger, from warnings up, until the host is closed.
func TestLibraryLogs(t *testing.T) {
	var out lines
	h, err := New(Config{Listen: []string{viaTCP}, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	must(t, err)
	libp2p := gologshim.Logger("p2p-test").With("extra", 1)
	dht := golog.Logger("dht-test")
	out.take()
	libp2p.Error("of libp2p")
	dht.Error("of the table")
	libp2p.Info("chatter")
	dht.Info("chatter")
	got := out.take()
	for _, want := range []string{"level=WARN", "of libp2p", "extra=1", "of the table", "from=libp2p"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Contains(got, "chatter") || strings.Contains(got, "level=ERROR") {
		t.Errorf("too much in %s", got)
	}
	must(t, h.Close())
	libp2p.Error("late")
	dht.Error("late")
	if got := out.take(); strings.Contains(got, "late") {
		t.Errorf("after Close: %s", got)
	}
	if libp2p.Enabled(context.Background(), slog.LevelError) {
		t.Error("still enabled after Close")
	}
}
