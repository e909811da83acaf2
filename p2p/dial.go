package p2p

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

const (
	keepTag      = "bonafide-kept"
	redialFirst  = 250 * time.Millisecond
	redialLast   = 2 * time.Minute
	dialTimeout  = 30 * time.Second
	steadyAfter  = 30 * time.Second // a connection that held this long was a good one
	lonely       = 4                // with fewer peers the bootstrap peers are asked
	lonelyFirst  = time.Second
	lonelyLast   = 5 * time.Minute
	pingTimeout  = 10 * time.Second
	maxRelayAsks = 64
)

// keeper holds the state of one protected peer.
type keeper struct {
	info peer.AddrInfo
	wake chan struct{} // its connections changed; holds one
	stop context.CancelFunc
}

// Connect opens a connection to the peer at addr, which must end in /p2p/ and
// its identifier, and returns that identifier. The operator named it, so its
// addresses may be private. Errors: ErrAddress, ErrPeerUnreachable, ErrClosed.
func (h *Host) Connect(ctx context.Context, addr string) (string, error) {
	ai, err := parsePeer(addr)
	if err != nil {
		return "", err
	}
	if !h.enter() {
		return "", ErrClosed
	}
	defer h.leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	detach := context.AfterFunc(h.ctx, cancel)
	defer detach()
	h.gate.name(ai.ID)
	if err := h.dial(ctx, ai); err != nil {
		if h.ctx.Err() != nil {
			err = ErrClosed
		}
		return "", err
	}
	return ai.ID.String(), nil
}

// dial connects now, whatever libp2p remembers of earlier failures.
func (h *Host) dial(ctx context.Context, ai peer.AddrInfo) error {
	if b, ok := h.host.Network().(interface{ Backoff() *swarm.DialBackoff }); ok {
		b.Backoff().Clear(ai.ID)
	}
	if err := h.host.Connect(ctx, ai); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %s: %w", ErrPeerUnreachable, ai.ID, ctx.Err())
		}
		return fmt.Errorf("%w: %s: %w", ErrPeerUnreachable, ai.ID, err)
	}
	return nil
}

// Protect keeps a connection to the peer at addr: it is never trimmed, has a
// reserve when limits are exhausted, and is dialled again, with growing and
// scattered pauses of up to two minutes, for as long as Run runs. Naming a
// peer again adds the address. Errors: ErrAddress, ErrClosed.
func (h *Host) Protect(addr string) error {
	ai, err := parsePeer(addr)
	if err != nil {
		return err
	}
	if ai.ID == h.host.ID() {
		return fmt.Errorf("%w: %q is this host itself", ErrAddress, addr)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	h.gate.name(ai.ID)
	h.host.ConnManager().Protect(ai.ID, keepTag)
	h.host.Peerstore().AddAddrs(ai.ID, ai.Addrs, peerstore.PermanentAddrTTL)
	for _, a := range ai.Addrs {
		h.reserve(ai.ID, a)
	}
	if h.kept[ai.ID] != nil {
		return nil
	}
	k := &keeper{info: peer.AddrInfo{ID: ai.ID}, wake: make(chan struct{}, 1)}
	h.kept[ai.ID] = k
	if h.run != nil {
		h.start(k)
	}
	return nil
}

// reserve lets the peer use the reserve of connections when it comes from a.
func (h *Host) reserve(id peer.ID, a ma.Multiaddr) {
	ip, err := manet.ToIP(a)
	if err != nil || h.allow == nil {
		return // a name: its address is added once it is known
	}
	m, err := manet.FromIP(ip)
	if err != nil || h.allow.AllowedPeerAndMultiaddr(id, m) {
		return
	}
	own, err := ma.NewComponent("p2p", id.String())
	if err != nil {
		return
	}
	if err := h.allow.Add(m.Encapsulate(own)); err != nil {
		h.log.Warn("no reserve for protected peer", "peer", id.String(), "err", err)
	}
}

// Disconnect closes the connections to peerID and ends its protection. The
// peer may connect again by itself. Errors: ErrAddress.
func (h *Host) Disconnect(peerID string) error {
	id, err := parseID(peerID)
	if err != nil {
		return err
	}
	h.mu.Lock()
	if k := h.kept[id]; k != nil {
		if k.stop != nil {
			k.stop()
		}
		delete(h.kept, id)
		h.host.ConnManager().Unprotect(id, keepTag)
		h.host.Peerstore().ClearAddrs(id)
	}
	h.mu.Unlock()
	h.gate.unname(id)
	if err := h.host.Network().ClosePeer(id); err != nil {
		return fmt.Errorf("p2p: disconnect %s: %w", id, err)
	}
	return nil
}

// isKept reports whether the operator named id by Protect.
func (h *Host) isKept(id peer.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept[id] != nil
}

// start runs the keeper; the caller holds h.mu and h is not closed.
func (h *Host) start(k *keeper) {
	ctx, cancel := context.WithCancel(h.run)
	k.stop = cancel
	h.wg.Add(1)
	go func() {
		defer h.wg.Done()
		defer cancel()
		h.keep(ctx, k)
	}()
}

// keep dials the peer whenever it is not connected, until ctx ends.
func (h *Host) keep(ctx context.Context, k *keeper) {
	pause := redialFirst
	for ctx.Err() == nil {
		dctx, cancel := context.WithTimeout(ctx, dialTimeout)
		err := h.dial(dctx, k.info)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			h.log.Debug("protected peer not reached", "peer", k.info.ID.String(), "pause", pause, "err", err)
		default:
			for _, c := range h.host.Network().ConnsToPeer(k.info.ID) {
				h.reserve(k.info.ID, c.RemoteMultiaddr())
			}
			steady := time.NewTimer(steadyAfter)
			held := h.whileConnected(ctx, k, steady.C)
			steady.Stop()
			if held {
				pause = redialFirst
			}
			h.log.Debug("protected peer is gone", "peer", k.info.ID.String())
		}
		if !wait(ctx, scatter(pause)) {
			return
		}
		pause = min(2*pause, redialLast)
	}
}

// whileConnected returns when the peer is no longer connected, and whether it
// was for as long as steady takes.
func (h *Host) whileConnected(ctx context.Context, k *keeper, steady <-chan time.Time) bool {
	held := false
	for h.host.Network().Connectedness(k.info.ID) == network.Connected {
		select {
		case <-ctx.Done():
			return held
		case <-steady:
			held, steady = true, nil
		case <-k.wake:
		}
	}
	return held
}

// wait pauses for d and reports false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// scatter returns between half of d and one and a half of it, so that the
// followers of a node that was away do not all come back at once.
func scatter(d time.Duration) time.Duration { return d/2 + rand.N(d+1) }

// connected and disconnected hear of every connection; they must not block.
func (h *Host) connected(_ network.Network, c network.Conn) {
	id := c.RemotePeer()
	h.rouse(id)
	if c.Stat().Limited || !h.enter() {
		return
	}
	go func() {
		defer h.leave()
		ctx, cancel := context.WithTimeout(h.ctx, pingTimeout)
		defer cancel()
		<-ping.Ping(ctx, h.host, id) // records the latency; a peer without ping is no error
	}()
}

func (h *Host) disconnected(n network.Network, c network.Conn) {
	id := c.RemotePeer()
	h.rouse(id)
	if n.Connectedness(id) == network.NotConnected {
		h.filter.forget(id)
	}
}

// rouse tells the keeper of id, if there is one, to look again.
func (h *Host) rouse(id peer.ID) {
	h.mu.Lock()
	k := h.kept[id]
	h.mu.Unlock()
	if k == nil {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// bootstrap dials the configured peers while this host is lonely.
func (h *Host) bootstrap(ctx context.Context) {
	for _, ai := range h.set.bootstrap {
		h.gate.name(ai.ID)
	}
	pause := lonelyFirst
	for {
		if len(h.host.Network().Peers()) < lonely {
			if err := h.dialBootstrap(ctx); err != nil {
				h.log.Info("bootstrap peers not reached", "err", err, "pause", pause)
				pause = min(2*pause, lonelyLast)
			} else {
				pause = 30 * time.Second
			}
		}
		if !wait(ctx, scatter(pause)) {
			return
		}
	}
}

// dialBootstrap connects to all bootstrap peers; it fails only if none is reached.
func (h *Host) dialBootstrap(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	results := make(chan error, len(h.set.bootstrap))
	for _, ai := range h.set.bootstrap {
		go func() { results <- h.dial(ctx, ai) }()
	}
	var errs []error
	for range h.set.bootstrap {
		if err := <-results; err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(h.set.bootstrap) {
		return errors.Join(errs...)
	}
	return nil
}

// relayCandidates offers the connected and the configured peers to libp2p,
// which keeps those that are relays.
func (h *Host) relayCandidates(ctx context.Context, n int) <-chan peer.AddrInfo {
	n = min(n, maxRelayAsks)
	out := make(chan peer.AddrInfo, n)
	defer close(out)
	if !h.ready.Load() { // libp2p may ask while it is still being built
		return out
	}
	offered := map[peer.ID]bool{}
	offer := func(id peer.ID) {
		if ctx.Err() != nil || len(out) == n || offered[id] {
			return
		}
		offered[id] = true
		if ai := h.host.Peerstore().PeerInfo(id); len(ai.Addrs) > 0 {
			out <- ai
		}
	}
	for _, p := range h.Peers() {
		if id, err := parseID(p.ID); err == nil && !p.Relayed {
			offer(id)
		}
	}
	for _, ai := range h.set.bootstrap {
		offer(ai.ID)
	}
	return out
}
