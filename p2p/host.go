package p2p

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	// handlerGrace is how long Close waits for handlers that ignore their context.
	handlerGrace = 10 * time.Second
	// relayData and relayTime bound one circuit through this host's relay:
	// enough for the largest single record, not for a whole synchronisation,
	// which is what hole punching is for.
	relayData = 8 << 20
	relayTime = 2 * time.Minute
	// relayAskEvery is how often a host without a relay looks among its peers.
	relayAskEvery = 5 * time.Second
)

// Host is one peer. Its methods may be called at the same time.
type Host struct {
	set    settings
	cfg    Config
	log    *slog.Logger
	route  *logRoute
	met    *metrics
	host   host.Host
	gate   *gate
	allow  *rcmgr.Allowlist
	budget *budget

	gossip *pubsub.PubSub
	filter *topicFilter
	scores atomic.Pointer[map[peer.ID]float64]
	dht    *dht.IpfsDHT // nil when off

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	ready   atomic.Bool // host is set: libp2p calls back while it is being built
	joining sync.Mutex

	mu     sync.Mutex // never held while calling into gossip
	closed bool
	run    context.Context // nil until Run
	ops    map[string]*operation
	topics map[string]*pubsub.Topic
	kept   map[peer.ID]*keeper
}

// New opens the host: it listens and answers when New returns. Close ends it,
// and must be called even if Run never is. Errors: ErrConfig, ErrIdentity,
// ErrAddress (in Bootstrap), ErrListen.
func New(cfg Config) (*Host, error) {
	set, err := cfg.read()
	if err != nil {
		return nil, err
	}
	key, err := privateKey(cfg.Identity)
	if err != nil {
		return nil, err
	}
	h := &Host{
		set: set, cfg: cfg, log: set.log,
		gate:   newGate(set.loopback),
		budget: newBudget(set.limits, set.now),
		ops:    map[string]*operation{},
		topics: map[string]*pubsub.Topic{},
		kept:   map[peer.ID]*keeper{},
	}
	h.gate.public = h.hasPublicAddr
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.route = newLogRoute(set.log)
	if h.met, err = newMetrics(cfg.Registerer, h); err != nil {
		h.abandon()
		return nil, err
	}
	if err := h.open(key); err != nil {
		h.abandon()
		return nil, err
	}
	h.host.Network().Notify(&network.NotifyBundle{ConnectedF: h.connected, DisconnectedF: h.disconnected})
	h.log.Info("peer host is open", "peer", h.ID(), "addrs", h.Addrs())
	return h, nil
}

// abandon undoes a New that failed.
func (h *Host) abandon() {
	h.cancel()
	if h.dht != nil {
		_ = h.dht.Close()
	}
	if h.host != nil {
		_ = h.host.Close()
	}
	h.met.close()
	h.route.close()
}

// open builds libp2p's host and what stands on it.
func (h *Host) open(key crypto.PrivKey) error {
	rm, err := newResources(h.set.limits)
	if err != nil {
		return err
	}
	h.allow = rcmgr.GetAllowlist(rm)
	cm, err := newConnManager(h.set.limits)
	if err != nil {
		return errors.Join(err, rm.Close())
	}
	ps, err := newPeerstore()
	if err != nil {
		return errors.Join(err, cm.Close(), rm.Close())
	}
	opts := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.Peerstore(ps), libp2p.ResourceManager(rm), libp2p.ConnectionManager(cm), libp2p.ConnectionGater(h.gate),
		// No option of libp2p's defaults for transports: they would run
		// WebRTC, WebTransport and WebSocket too.
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Transport(quic.NewTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.UserAgent("bonafide"), libp2p.ProtocolVersion("bonafide/1"),
		libp2p.ListenAddrs(), // below, one by one, to see each error
	}
	opts = append(opts, h.reachability()...)
	if h.cfg.Registerer != nil {
		opts = append(opts, libp2p.PrometheusRegisterer(h.cfg.Registerer))
	} else {
		opts = append(opts, libp2p.DisableMetrics())
	}
	opts = append(opts, h.cfg.extra...)
	if h.host, err = libp2p.New(opts...); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	h.ready.Store(true)
	for _, a := range h.set.listen {
		if err := h.host.Network().Listen(a); err != nil {
			return fmt.Errorf("%w on %s: %w", ErrListen, a, err)
		}
	}
	if err := h.openGossip(); err != nil {
		return err
	}
	return h.openDHT()
}

// reachability chooses how others find a way to this host: nothing of it on
// loopback, where it would only hide mistakes in tests.
func (h *Host) reachability() []libp2p.Option {
	var opts []libp2p.Option
	if len(h.set.announce) > 0 {
		announce := h.set.announce
		opts = append(opts, libp2p.AddrsFactory(func([]ma.Multiaddr) []ma.Multiaddr { return slices.Clone(announce) }))
	}
	if !h.set.loopback {
		opts = append(opts, libp2p.EnableAutoNATv2(), libp2p.EnableHolePunching())
		if len(h.set.listen) > 0 { // helps others to find out whether they can be reached
			opts = append(opts, libp2p.EnableNATService())
		}
	}
	if h.set.loopback && !h.cfg.Relay && !h.cfg.UseRelays {
		return append(opts, libp2p.DisableRelay())
	}
	opts = append(opts, libp2p.EnableRelay())
	if h.cfg.Relay {
		res := relay.DefaultResources()
		res.Limit = &relay.RelayLimit{Duration: relayTime, Data: relayData}
		opts = append(opts, libp2p.EnableRelayService(relay.WithResources(res)), libp2p.ForceReachabilityPublic())
	}
	if h.cfg.UseRelays {
		opts = append(opts, libp2p.EnableAutoRelayWithPeerSource(h.relayCandidates,
			// Our networks are small: one relay is worth taking, at once.
			autorelay.WithMinCandidates(1), autorelay.WithNumRelays(2),
			autorelay.WithMinInterval(relayAskEvery), autorelay.WithBackoff(time.Minute)))
	}
	return opts
}

// hasPublicAddr reports whether this host knows a public address of its own.
func (h *Host) hasPublicAddr() bool {
	return h.ready.Load() && slices.ContainsFunc(h.host.Addrs(), func(a ma.Multiaddr) bool {
		return !isRelayed(a) && reachOf(a) == reachPublic
	})
}

// privateKey reads the configured identity, or makes one.
func privateKey(b []byte) (crypto.PrivKey, error) {
	switch len(b) {
	case 0:
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	case ed25519.SeedSize:
		b = ed25519.NewKeyFromSeed(b)
	case ed25519.PrivateKeySize:
		if !slices.Equal(b, ed25519.NewKeyFromSeed(b[:ed25519.SeedSize])) {
			return nil, fmt.Errorf("%w: public and private half do not belong together", ErrIdentity)
		}
	default:
		return nil, fmt.Errorf("%w: %d bytes, want 32 or 64", ErrIdentity, len(b))
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return key, nil
}

// Run keeps protected peers connected, asks the bootstrap peers when lonely
// and looks around on the local network, until ctx ends or the host closes,
// and returns nil then. It may be called once; the host stays open after it.
func (h *Host) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	detach := context.AfterFunc(h.ctx, cancel)
	defer detach()
	var wg sync.WaitGroup
	defer wg.Wait()

	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return ErrClosed
	}
	if h.run != nil {
		h.mu.Unlock()
		return fmt.Errorf("%w: Run was called twice", ErrConfig)
	}
	h.run = ctx
	for _, k := range h.kept {
		h.start(k)
	}
	h.mu.Unlock()

	if len(h.set.bootstrap) > 0 {
		wg.Go(func() { h.bootstrap(ctx) })
	}
	if h.cfg.MDNS {
		stop, err := h.startMDNS()
		if err != nil {
			// A host without multicast is still a good host.
			h.log.Warn("local discovery is not available", "err", err)
		} else {
			defer stop()
		}
	}
	<-ctx.Done()
	return nil
}

// Close ends everything and waits for handlers, at most ten seconds for those
// that ignore their context. A second call does nothing.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	h.mu.Unlock()
	h.cancel()
	var errs []error
	if h.dht != nil {
		errs = append(errs, h.dht.Close())
	}
	errs = append(errs, h.host.Close())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.wg.Wait()
	}()
	grace := time.NewTimer(handlerGrace)
	defer grace.Stop()
	select {
	case <-done:
	case <-grace.C:
		errs = append(errs, fmt.Errorf("p2p: a handler did not end within %v", handlerGrace))
	}
	h.met.close()
	h.route.close()
	return errors.Join(errs...)
}

// enter counts one piece of work that Close waits for; it is false, and
// counts nothing, once the host is closed.
func (h *Host) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.wg.Add(1)
	return true
}

func (h *Host) leave() { h.wg.Done() }

// ID returns this host's peer identifier.
func (h *Host) ID() string { return h.host.ID().String() }

// Addrs returns the addresses that others are told, with /p2p/ and this
// host's identifier.
func (h *Host) Addrs() []string {
	var out []string
	for _, a := range h.host.Addrs() {
		out = append(out, a.String()+"/p2p/"+h.ID())
	}
	return out
}

// PeerInfo describes a connected peer.
type PeerInfo struct {
	ID        string
	Addrs     []string      // remote ends of its connections, without /p2p/
	Direction string        // "inbound" or "outbound": who opened the oldest connection
	Since     time.Time     // when the oldest connection was opened
	Protected bool          // named by Protect
	Relayed   bool          // reachable only through a relay
	Latency   time.Duration // round trip; 0 if not measured yet
	Score     float64       // gossip score; below -80 nothing of it is read
}

// Peers returns the connected peers, ordered by identifier.
func (h *Host) Peers() []PeerInfo {
	scores := h.scores.Load()
	var out []PeerInfo
	for _, id := range h.host.Network().Peers() {
		conns := h.host.Network().ConnsToPeer(id)
		if len(conns) == 0 {
			continue
		}
		info := PeerInfo{
			ID: id.String(), Protected: h.isKept(id), Relayed: true,
			Latency: h.host.Peerstore().LatencyEWMA(id),
		}
		if scores != nil {
			info.Score = (*scores)[id]
		}
		for _, c := range conns {
			st := c.Stat()
			info.Addrs = append(info.Addrs, c.RemoteMultiaddr().String())
			info.Relayed = info.Relayed && st.Limited
			if info.Since.IsZero() || st.Opened.Before(info.Since) {
				info.Since = st.Opened
				info.Direction = strings.ToLower(st.Direction.String())
			}
		}
		slices.Sort(info.Addrs)
		out = append(out, info)
	}
	slices.SortFunc(out, func(a, b PeerInfo) int { return strings.Compare(a.ID, b.ID) })
	return out
}
