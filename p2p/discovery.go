package p2p

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/multiformats/go-multihash"
)

const (
	dhtPrefix = "/bonafide"
	maxFound  = 64 // providers asked for at most
	// Peers of one subnet in the routing table: per distance, and in all.
	dhtPerDistance, dhtPerSubnet = 3, 16
)

// openDHT starts the distributed hash table under our own prefix.
func (h *Host) openDHT() error {
	if h.cfg.DHT == DHTOff {
		return nil
	}
	mode := dht.ModeClient
	if h.cfg.DHT == DHTServer {
		mode = dht.ModeServer
	}
	opts := []dht.Option{
		dht.Mode(mode),
		dht.ProtocolPrefix(dhtPrefix),
		dht.DisableValues(), // provider records only: nothing is believed from here
		dht.ProviderDatastore(newProviderStore(h.set.limits.ProviderRecords)),
		dht.AddressFilter(h.gate.advertised),
		dht.BootstrapPeers(h.set.bootstrap...),
	}
	if !h.set.loopback {
		opts = append(opts, dht.RoutingTablePeerDiversityFilter(dht.NewRTPeerDiversityFilter(h.host, dhtPerDistance, dhtPerSubnet)))
	}
	d, err := dht.New(h.host, opts...)
	if err != nil {
		return fmt.Errorf("p2p: distributed hash table: %w", err)
	}
	h.dht = d
	return nil
}

// keyOf maps any bytes to a key of the table.
func keyOf(key []byte) (cid.Cid, error) {
	d := sha256.Sum256(key)
	mh, err := multihash.Encode(d[:], multihash.SHA2_256)
	if err != nil {
		return cid.Undef, fmt.Errorf("p2p: key: %w", err)
	}
	return cid.NewCidV1(cid.Raw, mh), nil
}

// Provide tells the table that this host has what key names. Records fade
// after two days: call it again every day. It reveals to strangers what is
// held here, so plain verifiers never call it. Errors: ErrNoDHT, ErrClosed,
// ErrPeerUnreachable when there was nobody to tell, ctx's.
func (h *Host) Provide(ctx context.Context, key []byte) error {
	if h.dht == nil {
		return ErrNoDHT
	}
	if !h.enter() {
		return ErrClosed
	}
	defer h.leave()
	k, err := keyOf(key)
	if err != nil {
		return err
	}
	if err := h.dht.Provide(ctx, k, true); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("p2p: provide: %w", ctx.Err())
		}
		return fmt.Errorf("%w: provide: %w", ErrPeerUnreachable, err)
	}
	return nil
}

// FindProviders asks the table who has what key names, and returns at most n
// (at most 64) peers, connected or with an address to connect to. They are
// hints: strangers say so, and of strangers. It ends with ctx, with what was
// found by then and no error if that is anything. Errors: ErrNoDHT, ErrClosed,
// ctx's.
func (h *Host) FindProviders(ctx context.Context, key []byte, n int) ([]string, error) {
	if h.dht == nil {
		return nil, ErrNoDHT
	}
	if !h.enter() {
		return nil, ErrClosed
	}
	defer h.leave()
	k, err := keyOf(key)
	if err != nil || n <= 0 {
		return nil, err
	}
	n = min(n, maxFound)
	sctx, cancel := context.WithCancel(ctx)
	defer cancel()
	detach := context.AfterFunc(h.ctx, cancel)
	defer detach()
	var out []string
	seen := map[peer.ID]bool{h.host.ID(): true}
	// Our own record may be among them, hence one more.
	found := h.dht.FindProvidersAsync(sctx, k, n+1)
	for ai := range found {
		if len(out) < n && !seen[ai.ID] && h.usable(ai) {
			seen[ai.ID] = true
			out = append(out, ai.ID.String())
		}
	}
	if len(out) == 0 && ctx.Err() != nil {
		return nil, fmt.Errorf("p2p: find providers: %w", ctx.Err())
	}
	return out, nil
}

// usable reports whether the peer is connected or can be dialled, and
// remembers its addresses for a while.
func (h *Host) usable(ai peer.AddrInfo) bool {
	if h.host.Network().Connectedness(ai.ID) == network.Connected {
		return true
	}
	good := h.gate.advertised(ai.Addrs)
	h.host.Peerstore().AddAddrs(ai.ID, good, peerstore.RecentlyConnectedAddrTTL)
	return len(good) > 0 || len(h.host.Peerstore().Addrs(ai.ID)) > 0
}
