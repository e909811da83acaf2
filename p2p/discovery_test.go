package p2p

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// awaitRouting waits until h's routing table holds n peers.
func awaitRouting(t testing.TB, h *Host, n int) {
	t.Helper()
	poll(t, fmt.Sprintf("%d peers in the routing table", n), func() bool { return h.dht.RoutingTable().Size() >= n })
}

// TestProvideAndFind: five hosts in a line; what the first provides the last
// finds and asks for, though nobody told it of the first.
func TestProvideAndFind(t *testing.T) {
	hosts := make([]*Host, 5)
	for i := range hosts {
		hosts[i] = newTestHost(t, func(c *Config) { c.DHT = DHTServer })
		if i > 0 {
			connect(t, hosts[i], hosts[i-1])
		}
	}
	for _, h := range hosts {
		awaitRouting(t, h, 1)
	}
	first, last := hosts[0], hosts[4]
	first.Handle("echo", echo(100), OpLimits{})
	key := []byte("a subject of which p2p knows nothing")
	ctx := testCtx(t)
	must(t, first.Provide(ctx, key))
	got, err := last.FindProviders(ctx, key, 3)
	must(t, err)
	if !slices.Equal(got, []string{first.ID()}) {
		t.Fatalf("found %q, want %q", got, first.ID())
	}
	var answer []string
	must(t, last.Request(ctx, got[0], "echo", []byte("hi"), gather(&answer)))

	got, err = last.FindProviders(ctx, []byte("something nobody has"), 3)
	if err != nil || len(got) != 0 {
		t.Errorf("found %q (%v) of what nobody has", got, err)
	}
	got, err = first.FindProviders(ctx, key, 3)
	if err != nil || len(got) != 0 {
		t.Errorf("the only provider found itself: %q (%v)", got, err)
	}
}

// TestDHTClient: a client asks, and is not asked.
func TestDHTClient(t *testing.T) {
	server := newTestHost(t, func(c *Config) { c.DHT = DHTServer })
	client := newTestHost(t, func(c *Config) { c.DHT = DHTClient })
	connect(t, client, server)
	awaitRouting(t, client, 1)
	// There is no other server to tell, but who asks this one is told.
	if err := server.Provide(testCtx(t), []byte("k")); !errors.Is(err, ErrPeerUnreachable) {
		t.Errorf("Provide: %v, want ErrPeerUnreachable", err)
	}
	got, err := client.FindProviders(testCtx(t), []byte("k"), 1)
	if err != nil || !slices.Equal(got, []string{server.ID()}) {
		t.Errorf("found %q (%v)", got, err)
	}
	if server.dht.RoutingTable().Size() != 0 {
		t.Error("the client is in the server's routing table")
	}
	protos, err := server.host.Peerstore().GetProtocols(client.host.ID())
	must(t, err)
	for _, p := range protos {
		if strings.Contains(string(p), "kad") {
			t.Errorf("the client offers %s", p)
		}
	}
}

func TestDHTOff(t *testing.T) {
	h := newTestHost(t)
	if err := h.Provide(testCtx(t), nil); !errors.Is(err, ErrNoDHT) {
		t.Errorf("Provide: %v, want ErrNoDHT", err)
	}
	if _, err := h.FindProviders(testCtx(t), nil, 1); !errors.Is(err, ErrNoDHT) {
		t.Errorf("FindProviders: %v, want ErrNoDHT", err)
	}
}

// put stores one record as the DHT does.
func put(t testing.TB, p *providerStore, key, peer string) {
	t.Helper()
	b, err := p.Batch(t.Context())
	must(t, err)
	must(t, b.Put(t.Context(), ds.NewKey("/providers/"+key+"/"+peer), []byte("now")))
	must(t, b.Commit(t.Context()))
}

func TestProviderStore(t *testing.T) {
	ctx := t.Context()
	p := newProviderStore(1000)
	put(t, p, "K1", "A")
	put(t, p, "K1", "B")
	put(t, p, "K1", "B")
	put(t, p, "K10", "C")
	find := func(prefix string) (keys []string) {
		res, err := p.Query(ctx, query.Query{Prefix: prefix})
		must(t, err)
		all, err := res.Rest()
		must(t, err)
		for _, e := range all {
			keys = append(keys, e.Key)
		}
		slices.Sort(keys)
		return keys
	}
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"/providers/K1", []string{"/providers/K1/A", "/providers/K1/B"}},
		{"/providers/K10", []string{"/providers/K10/C"}},
		{"/providers/K2", nil},
		{"/providers", []string{"/providers/K1/A", "/providers/K1/B", "/providers/K10/C"}},
		{"/providers/", []string{"/providers/K1/A", "/providers/K1/B", "/providers/K10/C"}},
		{"/", []string{"/providers/K1/A", "/providers/K1/B", "/providers/K10/C"}},
		{"/other", nil},
	} {
		if got := find(c.prefix); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.prefix, got, c.want)
		}
	}
	k := ds.NewKey("/providers/K1/A")
	if v, err := p.Get(ctx, k); err != nil || string(v) != "now" {
		t.Errorf("Get: %q, %v", v, err)
	}
	if n, err := p.GetSize(ctx, k); err != nil || n != 3 {
		t.Errorf("GetSize: %d, %v", n, err)
	}
	must(t, p.Delete(ctx, k))
	must(t, p.Delete(ctx, k))
	if _, err := p.Get(ctx, k); !errors.Is(err, ds.ErrNotFound) {
		t.Errorf("Get after Delete: %v", err)
	}
	if ok, err := p.Has(ctx, k); ok || err != nil {
		t.Errorf("Has after Delete: %v, %v", ok, err)
	}
	if p.total != 2 || len(p.byPeer) != 2 {
		t.Errorf("%d records of %d peers, want 2 of 2", p.total, len(p.byPeer))
	}
}

func TestProviderStoreLimits(t *testing.T) {
	count := func(p *providerStore) (n int) {
		for _, peers := range p.byKey {
			n += len(peers)
		}
		if n != p.total {
			t.Errorf("%d records, counted as %d", n, p.total)
		}
		return n
	}
	t.Run("all", func(t *testing.T) {
		p := newProviderStore(100)
		for i := range 1000 {
			put(t, p, fmt.Sprint("K", i), fmt.Sprint("P", i))
		}
		if n := count(p); n != 100 {
			t.Errorf("%d records, limit 100", n)
		}
		if _, err := p.Get(t.Context(), ds.NewKey("/providers/K999/P999")); err != nil {
			t.Errorf("the newest record is not there: %v", err)
		}
	})
	t.Run("one at a time", func(t *testing.T) {
		p := newProviderStore(1)
		put(t, p, "K", "A")
		put(t, p, "K", "B") // drops A, and with it the key
		if n := count(p); n != 1 || len(p.byPeer) != 1 {
			t.Errorf("%d records of %d peers, limit 1", n, len(p.byPeer))
		}
	})
	t.Run("one key", func(t *testing.T) {
		p := newProviderStore(1000)
		for i := range 2 * providersPerKey {
			put(t, p, "K", fmt.Sprint("P", i))
		}
		if n := count(p); n != providersPerKey {
			t.Errorf("%d records, limit %d", n, providersPerKey)
		}
	})
	t.Run("one peer", func(t *testing.T) {
		p := newProviderStore(1 << 16)
		for i := range 2 * keysPerProvider {
			put(t, p, fmt.Sprint("K", i), "P")
		}
		if n := count(p); n != keysPerProvider {
			t.Errorf("%d records, limit %d", n, keysPerProvider)
		}
	})
	t.Run("long names and values", func(t *testing.T) {
		p := newProviderStore(10)
		put(t, p, strings.Repeat("K", maxProviderKey), "P")
		must(t, p.Put(t.Context(), ds.NewKey("/providers/K/P"), make([]byte, maxProviderValue+1)))
		if n := count(p); n != 0 {
			t.Errorf("%d records, want none", n)
		}
	})
}

func TestGate(t *testing.T) {
	const (
		loop    = "/ip4/127.0.0.1/tcp/1"
		loop6   = "/ip6/::1/tcp/1"
		mapped  = "/ip6/::ffff:127.0.0.1/tcp/1"
		meta    = "/ip4/169.254.169.254/tcp/80"
		link6   = "/ip6/fe80::1/tcp/1"
		zero    = "/ip4/0.0.0.0/tcp/1"
		multi   = "/ip4/224.0.0.1/tcp/1"
		private = "/ip4/10.0.0.5/tcp/5432"
		unique  = "/ip6/fd00::1/tcp/1"
		public  = "/ip4/1.1.1.1/tcp/1"
		public6 = "/ip6/2606:4700::1111/tcp/1"
		name    = "/dns4/host.example/tcp/1"
	)
	cases := []struct {
		kind                  string
		loopback, public      bool
		stranger, local, name []string // what is allowed of each kind of peer
	}{
		{"public host", false, true,
			[]string{public, public6, name},
			[]string{public, public6, name, private, unique},
			[]string{public, public6, name, private, unique, loop, loop6, mapped, meta, link6, zero, multi}},
		{"host without public address", false, false,
			[]string{public, public6, name, private, unique},
			[]string{public, public6, name, private, unique},
			[]string{public, public6, name, private, unique, loop, loop6, mapped, meta, link6, zero, multi}},
		{"loopback host", true, false,
			[]string{public, public6, name, private, unique, loop, loop6, mapped, meta, link6, zero, multi},
			[]string{public, public6, name, private, unique, loop, loop6, mapped, meta, link6, zero, multi},
			[]string{public, public6, name, private, unique, loop, loop6, mapped, meta, link6, zero, multi}},
	}
	all := []string{loop, loop6, mapped, meta, link6, zero, multi, private, unique, public, public6, name}
	for _, c := range cases {
		t.Run(c.kind, func(t *testing.T) {
			g := newGate(c.loopback)
			g.public = func() bool { return c.public }
			g.found("local")
			g.name("named")
			for who, want := range map[peer.ID][]string{"stranger": c.stranger, "local": c.local, "named": c.name} {
				for _, text := range all {
					a := ma.StringCast(text)
					if got := g.InterceptAddrDial(who, a); got != slices.Contains(want, text) {
						t.Errorf("%s at %s: dialled %v", who, text, got)
					}
				}
			}
			var told []ma.Multiaddr
			for _, text := range all {
				told = append(told, ma.StringCast(text))
			}
			if got := g.advertised(told); len(got) != len(c.stranger) {
				t.Errorf("advertised %v, want %v", got, c.stranger)
			}
		})
	}
	t.Run("a name taken back", func(t *testing.T) {
		g := newGate(false)
		g.name("p")
		g.unname("p")
		if g.allowed("p", ma.StringCast(loop)) {
			t.Error("still allowed")
		}
	})
	t.Run("local peers are bounded", func(t *testing.T) {
		g := newGate(false)
		for i := range 3 * maxLocal {
			g.found(peer.ID(fmt.Sprint(i)))
		}
		if len(g.local) > maxLocal {
			t.Errorf("%d remembered, limit %d", len(g.local), maxLocal)
		}
	})
}

// TestStrangersAddressesAreNotDialled: the gate really stands in the way.
func TestStrangersAddressesAreNotDialled(t *testing.T) {
	h, err := New(Config{Listen: []string{"/ip4/0.0.0.0/tcp/0"}})
	must(t, err)
	defer h.Close()
	b := newTestHost(t, func(c *Config) { c.Listen = []string{viaTCP} })
	h.host.Peerstore().AddAddrs(b.host.ID(), b.host.Addrs(), time.Hour) // as a stranger's word would
	if err := h.Request(testCtx(t), b.ID(), "echo", nil, nothing); !errors.Is(err, ErrPeerUnreachable) {
		t.Errorf("got %v, want ErrPeerUnreachable", err)
	}
	if _, err := h.Connect(testCtx(t), b.Addrs()[0]); err != nil {
		t.Errorf("named by the operator: %v", err)
	}
	awaitConnectedness(t, h, b.host.ID(), network.Connected)
}
