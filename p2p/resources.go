package p2p

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/x/rate"
)

const (
	// serviceName is the resource manager's name for our streams.
	serviceName = "bonafide.stream"
	// maxAddrs and maxAddrsPerPeer bound the addresses remembered of peers
	// that are not connected.
	maxAddrs        = 1 << 16
	maxAddrsPerPeer = 32
	// connGrace is how long a new connection is safe from trimming.
	connGrace = 20 * time.Second
)

// newResources builds libp2p's resource manager from the limits. Nothing is
// left to defaults that grow with the machine, because what a hostile peer
// may cost must be the same everywhere.
func newResources(l Limits) (network.ResourceManager, error) {
	base := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&base)
	auto := base.AutoScale()
	files := l.Files
	if fd := int(auto.ToPartialLimitConfig().System.FD); fd > 0 {
		files = min(files, fd) // never more than half of what the process may open
	}
	n := func(v int) rcmgr.LimitVal { return rcmgr.LimitVal(max(v, 1)) }
	mem := func(v int64) rcmgr.LimitVal64 { return rcmgr.LimitVal64(max(v, 1<<20)) }
	system := rcmgr.ResourceLimits{
		Conns: n(l.Conns), ConnsInbound: n(l.Conns * 3 / 4), ConnsOutbound: n(l.Conns),
		Streams: n(l.Streams), StreamsInbound: n(l.Streams * 3 / 4), StreamsOutbound: n(l.Streams),
		FD: n(files), Memory: mem(l.Memory),
	}
	// Connections that are not yet authenticated: a quarter.
	transient := rcmgr.ResourceLimits{
		Conns: n(l.Conns / 4), ConnsInbound: n(l.Conns / 4), ConnsOutbound: n(l.Conns / 4),
		Streams: n(l.Streams / 4), StreamsInbound: n(l.Streams / 4), StreamsOutbound: n(l.Streams / 4),
		FD: n(files / 4), Memory: mem(l.Memory / 4),
	}
	// Peers named by the operator have a reserve of their own when the rest
	// is exhausted.
	reserve := rcmgr.ResourceLimits{
		Conns: n(64), ConnsInbound: n(64), ConnsOutbound: n(64),
		Streams: n(1024), StreamsInbound: n(1024), StreamsOutbound: n(1024),
		FD: n(64), Memory: mem(l.Memory / 4),
	}
	perPeer := rcmgr.ResourceLimits{
		Conns: n(l.ConnsPerPeer), ConnsInbound: n(l.ConnsPerPeer), ConnsOutbound: n(l.ConnsPerPeer),
		Streams: n(l.StreamsPerPeer), StreamsInbound: n(l.StreamsPerPeer), StreamsOutbound: n(l.StreamsPerPeer),
		FD: n(l.ConnsPerPeer), Memory: mem(l.Memory / 4),
	}
	// The budget decides who is answered, and tells the rest that we are busy;
	// these limits only stop a peer that does not listen. There is none for all
	// peers together below the system's: it would shut out protected peers.
	requests := rcmgr.ResourceLimits{
		Streams: n(l.Streams), StreamsInbound: n(l.Streams * 3 / 4), StreamsOutbound: n(l.Streams),
		Memory: mem(l.Memory / 2), Conns: rcmgr.BlockAllLimit, FD: rcmgr.BlockAllLimit,
	}
	requestsPerPeer := rcmgr.ResourceLimits{
		Streams: n(l.StreamsPerPeer), StreamsInbound: n(4 * l.RequestsPerPeer), StreamsOutbound: n(l.StreamsPerPeer),
		Memory: mem(l.Memory / 8), Conns: rcmgr.BlockAllLimit, FD: rcmgr.BlockAllLimit,
	}
	gossipPerPeer := rcmgr.ResourceLimits{
		Streams: n(8), StreamsInbound: n(4), StreamsOutbound: n(4),
		Memory: mem(16 << 20), Conns: rcmgr.BlockAllLimit, FD: rcmgr.BlockAllLimit,
	}
	limits := rcmgr.PartialLimitConfig{
		System: system, Transient: transient,
		AllowlistedSystem: reserve, AllowlistedTransient: reserve,
		PeerDefault:  perPeer,
		Service:      map[string]rcmgr.ResourceLimits{serviceName: requests},
		ServicePeer:  map[string]rcmgr.ResourceLimits{serviceName: requestsPerPeer},
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{gossipProtocol: gossipPerPeer},
	}.Build(auto)

	perIP := l.ConnsPerIP
	rm, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithNetworkPrefixLimit(
			[]rcmgr.NetworkPrefixLimit{{Network: netip.MustParsePrefix("127.0.0.0/8"), ConnCount: math.MaxInt}},
			[]rcmgr.NetworkPrefixLimit{{Network: netip.MustParsePrefix("::1/128"), ConnCount: math.MaxInt}},
		),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: perIP}, {PrefixLength: 24, ConnCount: 4 * perIP}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: perIP}, {PrefixLength: 48, ConnCount: 4 * perIP}},
		),
		rcmgr.WithConnRateLimiters(connRate(l)),
	)
	if err != nil {
		return nil, fmt.Errorf("p2p: resource limits: %w", err)
	}
	return rm, nil
}

// connRate bounds new connections of one address and one subnet.
func connRate(l Limits) *rate.Limiter {
	one := rate.Limit{RPS: l.ConnRatePerIP, Burst: 2 * l.ConnsPerIP}
	many := rate.Limit{RPS: 4 * l.ConnRatePerIP, Burst: 8 * l.ConnsPerIP}
	return &rate.Limiter{
		NetworkPrefixLimits: []rate.PrefixLimit{
			{Prefix: netip.MustParsePrefix("127.0.0.0/8")},
			{Prefix: netip.MustParsePrefix("::1/128")},
		},
		SubnetRateLimiter: rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: one}, {PrefixLength: 24, Limit: many}},
			IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: one}, {PrefixLength: 48, Limit: many}},
			GracePeriod:      time.Minute,
		},
	}
}

// newPeerstore builds a peerstore whose memory is bounded.
func newPeerstore() (peerstore.Peerstore, error) {
	ps, err := pstoremem.NewPeerstore(
		pstoremem.WithMaxAddresses(maxAddrs),
		pstoremem.WithMaxAddressesPerPeer(maxAddrsPerPeer),
		pstoremem.WithMaxSignedPeerRecords(maxAddrs/8),
		pstoremem.WithMaxProtocols(128),
	)
	if err != nil {
		return nil, fmt.Errorf("p2p: peerstore: %w", err)
	}
	return ps, nil
}

// newConnManager builds the manager that trims idle connections.
func newConnManager(l Limits) (*connmgr.BasicConnMgr, error) {
	cm, err := connmgr.NewConnManager(l.ConnsLow, l.ConnsHigh, connmgr.WithGracePeriod(connGrace))
	if err != nil {
		return nil, fmt.Errorf("p2p: connection manager: %w", err)
	}
	return cm, nil
}
