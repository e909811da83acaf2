package p2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/prometheus/client_golang/prometheus"
)

func TestTransports(t *testing.T) {
	for _, c := range []struct{ via, part string }{{viaTCP, "/tcp/"}, {viaQUIC, "/quic-v1"}} {
		t.Run(c.part, func(t *testing.T) {
			a, b := pair(t, func(cfg *Config) { cfg.Listen = []string{c.via} })
			for _, h := range []*Host{a, b} {
				if addrs := h.Addrs(); len(addrs) != 1 || !strings.Contains(addrs[0], c.part) || !strings.HasSuffix(addrs[0], "/p2p/"+h.ID()) {
					t.Errorf("addresses %q", addrs)
				}
			}
			p := a.Peers()
			if len(p) != 1 || p[0].ID != b.ID() || p[0].Direction != "outbound" || p[0].Relayed ||
				p[0].Protected || p[0].Since.IsZero() || !strings.Contains(p[0].Addrs[0], c.part) {
				t.Errorf("peers of a: %+v", p)
			}
		})
	}
	t.Run("nothing else runs", func(t *testing.T) {
		h := newTestHost(t)
		for _, proto := range h.host.Mux().Protocols() {
			for _, bad := range []string{"webrtc", "webtransport", "ipfs/kad", "meshsub", "floodsub"} {
				if strings.Contains(string(proto), bad) {
					t.Errorf("protocol %s runs", proto)
				}
			}
		}
		if _, err := h.Connect(testCtx(t), "/ip4/127.0.0.1/tcp/1/ws/p2p/"+h.ID()); err == nil {
			t.Error("a WebSocket address was dialled")
		}
	})
}

func TestConnectRefusals(t *testing.T) {
	h := newTestHost(t)
	id := newTestHost(t).ID()
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	closed := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", free.Addr().(*net.TCPAddr).Port)
	must(t, free.Close())
	for _, c := range []struct {
		name, addr string
		want       error
	}{
		{"empty", "", ErrAddress},
		{"no peer id", "/ip4/127.0.0.1/tcp/8482", ErrAddress},
		{"no address", "/p2p/" + id, ErrAddress},
		{"not a multiaddr", "https://host.example", ErrAddress},
		{"too long", "/dns4/" + strings.Repeat("a", maxAddr) + "/tcp/1/p2p/" + id, ErrAddress},
		{"nobody listens", closed + "/p2p/" + id, ErrPeerUnreachable},
		{"somebody else listens", strings.Split(newTestHost(t).Addrs()[0], "/p2p/")[0] + "/p2p/" + id, ErrPeerUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := h.Connect(testCtx(t), c.addr); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("context ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.Connect(ctx, closed+"/p2p/"+id); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

// TestProtectedPeerComesBack: a peer that goes away and comes back under the
// same identity and address is connected again without anybody asking.
func TestProtectedPeerComesBack(t *testing.T) {
	key := make([]byte, 32)
	key[0] = 7
	open := func(listen string) *Host {
		t.Helper()
		b, err := New(Config{Listen: []string{listen}, Identity: key})
		must(t, err)
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	b := open(viaTCP)
	a := newTestHost(t)
	addr, id := b.Addrs()[0], b.host.ID()
	must(t, a.Protect(addr))
	must(t, a.Protect(addr)) // naming it twice changes nothing
	awaitConnectedness(t, a, id, network.Connected)
	if p := a.Peers(); len(p) != 1 || !p[0].Protected {
		t.Errorf("peers %+v", p)
	}
	if !a.host.ConnManager().IsProtected(id, keepTag) {
		t.Error("the connection manager may trim it")
	}
	for range 2 {
		must(t, b.Close())
		awaitConnectedness(t, a, id, network.NotConnected)
		b = open(strings.Split(addr, "/p2p/")[0])
		awaitConnectedness(t, a, id, network.Connected)
	}
	must(t, a.Disconnect(id.String()))
	awaitConnectedness(t, a, id, network.NotConnected)
	if a.isKept(id) || a.host.ConnManager().IsProtected(id, keepTag) {
		t.Error("still kept after Disconnect")
	}
}

func TestProtectBeforeRun(t *testing.T) {
	a, err := New(Config{Listen: []string{viaTCP}})
	must(t, err)
	defer a.Close()
	b := newTestHost(t)
	must(t, a.Protect(b.Addrs()[0]))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	awaitConnectedness(t, a, b.host.ID(), network.Connected)
	cancel()
	must(t, <-done)
	if err := a.Run(t.Context()); !errors.Is(err, ErrConfig) {
		t.Errorf("second Run: %v, want ErrConfig", err)
	}
	if err := a.Protect(a.Addrs()[0]); !errors.Is(err, ErrAddress) {
		t.Errorf("protecting itself: %v, want ErrAddress", err)
	}
}

func TestBootstrap(t *testing.T) {
	b := newTestHost(t)
	dead := "/ip4/127.0.0.1/tcp/1/p2p/" + b.ID()
	a := newTestHost(t, func(c *Config) { c.Bootstrap = []string{dead, b.Addrs()[0]} })
	awaitConnectedness(t, a, b.host.ID(), network.Connected)
}

// TestTrim: the connection manager closes what is too much, never a
// protected peer.
func TestTrim(t *testing.T) {
	hub := newTestHost(t, func(c *Config) {
		c.Limits.ConnsLow, c.Limits.ConnsHigh = 1, 2
	})
	kept := newTestHost(t)
	must(t, hub.Protect(kept.Addrs()[0]))
	awaitConnectedness(t, hub, kept.host.ID(), network.Connected)
	var others []*Host
	for range 4 {
		o := newTestHost(t)
		connect(t, o, hub)
		others = append(others, o)
	}
	hub.host.ConnManager().(interface{ ForceTrim() }).ForceTrim()
	left := 0
	for _, o := range others {
		if hub.host.Network().Connectedness(o.host.ID()) == network.Connected {
			left++
		}
	}
	if left == len(others) {
		t.Error("nothing was trimmed")
	}
	if hub.host.Network().Connectedness(kept.host.ID()) != network.Connected {
		t.Error("the protected peer was trimmed")
	}
}

// TestClosed: after Close every method says so, and nothing hangs.
func TestClosed(t *testing.T) {
	b := newTestHost(t)
	a, err := New(Config{Listen: []string{viaTCP}, DHT: DHTClient})
	must(t, err)
	v, _ := collect(1)
	must(t, a.Join(topic, v))
	must(t, a.Close())
	must(t, a.Close())
	ctx := testCtx(t)
	for name, do := range map[string]func() error{
		"Run":           func() error { return a.Run(ctx) },
		"Join":          func() error { return a.Join("other", v) },
		"Publish":       func() error { return a.Publish(ctx, topic, nil) },
		"Connect":       func() error { _, err := a.Connect(ctx, b.Addrs()[0]); return err },
		"Protect":       func() error { return a.Protect(b.Addrs()[0]) },
		"Request":       func() error { return a.Request(ctx, b.ID(), "x", nil, nothing) },
		"Provide":       func() error { return a.Provide(ctx, []byte("k")) },
		"FindProviders": func() error { _, err := a.FindProviders(ctx, []byte("k"), 1); return err },
	} {
		if err := do(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
	a.Handle("x", echo(1), OpLimits{})
	if p := a.Peers(); len(p) != 0 {
		t.Errorf("peers %v", p)
	}
	if s := a.Subscribers(topic); len(s) != 0 {
		t.Errorf("subscribers %v", s)
	}
}

// TestCloseEndsRequests: both sides of a request under way are told.
func TestCloseEndsRequests(t *testing.T) {
	a, err := New(Config{Listen: []string{viaTCP}})
	must(t, err)
	b := newTestHost(t)
	connect(t, a, b)
	entered := make(chan struct{}, 2)
	wait := func(ctx context.Context, _ string, _ []byte, _ Writer) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	a.Handle("wait", wait, OpLimits{})
	b.Handle("wait", wait, OpLimits{})
	asked, asking := make(chan error, 1), make(chan error, 1)
	go func() { asking <- a.Request(testCtx(t), b.ID(), "wait", nil, nothing) }()
	go func() { asked <- b.Request(testCtx(t), a.ID(), "wait", nil, nothing) }()
	<-entered
	<-entered
	must(t, a.Close())
	if err := <-asking; !errors.Is(err, ErrClosed) {
		t.Errorf("the closing side got %v, want ErrClosed", err)
	}
	if err := <-asked; !errors.Is(err, ErrPeerUnreachable) && !errors.Is(err, ErrProtocol) {
		t.Errorf("the other side got %v, want ErrPeerUnreachable or ErrProtocol", err)
	}
}

func TestListenBusy(t *testing.T) {
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer other.Close()
	foreign := fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", other.Addr().(*net.TCPAddr).Port)
	// One address is free and one is not: half open is not open.
	h, err := New(Config{Listen: []string{viaQUIC, foreign}})
	if !errors.Is(err, ErrListen) || !strings.Contains(err.Error(), foreign) {
		t.Errorf("got %v, want ErrListen naming %s", err, foreign)
	}
	if h != nil {
		t.Error("a host came with the error")
	}
}

// TestRelay: a host that nobody can reach keeps a place at a relay, and is
// asked through it.
func TestRelay(t *testing.T) {
	relay := newTestHost(t, func(c *Config) { c.Relay = true; c.Listen = []string{viaTCP} })
	hidden := newTestHost(t, func(c *Config) {
		c.Listen = []string{} // cannot be reached
		c.UseRelays = true
		c.Bootstrap = []string{relay.Addrs()[0]}
		c.extra = []libp2p.Option{libp2p.ForceReachabilityPrivate()}
	})
	hidden.Handle("echo", echo(100), OpLimits{})
	asker := newTestHost(t, func(c *Config) { c.UseRelays = true; c.Listen = []string{viaTCP} })
	awaitConnectedness(t, hidden, relay.host.ID(), network.Connected)

	through := relay.Addrs()[0] + "/p2p-circuit/p2p/" + hidden.ID()
	ai, err := parsePeer(through)
	must(t, err)
	// The place is taken in the background; asking again is what a peer does.
	ctx := testCtx(t)
	poll(t, "a way through the relay", func() bool {
		return asker.dial(network.WithAllowLimitedConn(ctx, "test"), ai) == nil
	})
	var got []string
	must(t, asker.Request(ctx, hidden.ID(), "echo", []byte("through"), gather(&got)))
	if !slices.Equal(got, []string{"through"}) {
		t.Errorf("answer %q", got)
	}
	p := asker.Peers()
	i := slices.IndexFunc(p, func(p PeerInfo) bool { return p.ID == hidden.ID() })
	if i < 0 || !p[i].Relayed {
		t.Errorf("peers %+v", p)
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	a := newTestHost(t, func(c *Config) { c.Registerer = reg })
	b := newTestHost(t, func(c *Config) { c.Registerer = reg }) // may share it
	connect(t, a, b)
	b.Handle("echo", echo(100), OpLimits{})
	b.Handle("fails", func(context.Context, string, []byte, Writer) error { return Fail(12345, "") }, OpLimits{})
	must(t, a.Request(testCtx(t), b.ID(), "echo", []byte("x"), nothing))
	if err := a.Request(testCtx(t), b.ID(), "fails", nil, nothing); !errors.Is(err, ErrRemote) {
		t.Errorf("got %v, want ErrRemote", err)
	}
	must(t, b.Close()) // waits for the handlers, hence for their counts
	families, err := reg.Gather()
	must(t, err)
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "bonafide_p2p_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			var key []string
			for _, l := range m.GetLabel() {
				key = append(key, l.GetValue())
			}
			counts[strings.Join(key, " ")] = m.GetCounter().GetValue()
		}
	}
	if counts["ok echo"] != 1 || counts["other fails"] != 1 || len(counts) != 2 {
		t.Errorf("counts %v", counts)
	}
}
