package p2p

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// maxLocal bounds how many peers found on the local network are remembered.
const maxLocal = 256

// gate decides which addresses may be dialled. Addresses come from strangers
// (identify, the DHT), and a node inside an organisation must not be made to
// knock at that organisation's doors: loopback and link-local addresses are
// dialled only for peers that the operator named, private ones also for peers
// found by mDNS or while this host has no public address itself.
type gate struct {
	loopback bool        // this host is itself on loopback only
	public   func() bool // this host has a public address

	mu    sync.Mutex
	named map[peer.ID]bool // by the operator
	local map[peer.ID]bool // found by mDNS; at most maxLocal
}

func newGate(loopback bool) *gate {
	return &gate{
		loopback: loopback,
		public:   func() bool { return false },
		named:    map[peer.ID]bool{},
		local:    map[peer.ID]bool{},
	}
}

// name marks a peer as named by the operator; unname takes it back.
func (g *gate) name(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.named[id] = true
}

func (g *gate) unname(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.named, id)
}

// found marks a peer as met on the local network.
func (g *gate) found(id peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.local) >= maxLocal {
		for old := range g.local { // any one: the list is a convenience
			delete(g.local, old)
			break
		}
	}
	g.local[id] = true
}

// allowed reports whether a, said to be of id, may be dialled.
func (g *gate) allowed(id peer.ID, a ma.Multiaddr) bool {
	r := reachOf(a)
	if r == reachPublic || g.loopback {
		return true
	}
	g.mu.Lock()
	named, local := g.named[id], g.local[id]
	g.mu.Unlock()
	switch {
	case named:
		return true
	case r == reachPrivate:
		return local || !g.public()
	}
	return false
}

// advertised filters addresses that are told to or taken from the DHT.
func (g *gate) advertised(addrs []ma.Multiaddr) []ma.Multiaddr {
	public := g.public()
	out := make([]ma.Multiaddr, 0, len(addrs))
	for _, a := range addrs {
		switch reachOf(a) {
		case reachPublic:
			out = append(out, a)
		case reachPrivate:
			if !public || g.loopback {
				out = append(out, a)
			}
		case reachNone:
			if g.loopback {
				out = append(out, a)
			}
		}
	}
	return out
}

// InterceptPeerDial implements connmgr.ConnectionGater.
func (g *gate) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAddrDial implements connmgr.ConnectionGater.
func (g *gate) InterceptAddrDial(id peer.ID, a ma.Multiaddr) bool { return g.allowed(id, a) }

// InterceptAccept implements connmgr.ConnectionGater; the resource manager limits.
func (g *gate) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptSecured implements connmgr.ConnectionGater.
func (g *gate) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool { return true }

// InterceptUpgraded implements connmgr.ConnectionGater.
func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
