package p2p

import (
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// maxAddr bounds the text of a peer address before it is parsed.
const maxAddr = 1024

// parsePeer reads a multiaddr that ends in /p2p/<peer id>.
func parsePeer(text string) (peer.AddrInfo, error) {
	if len(text) > maxAddr {
		return peer.AddrInfo{}, fmt.Errorf("%w: longer than %d bytes", ErrAddress, maxAddr)
	}
	a, err := ma.NewMultiaddr(text)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("%w: %q: %w", ErrAddress, text, err)
	}
	ai, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("%w: %q: %w", ErrAddress, text, err)
	}
	if len(ai.Addrs) == 0 {
		return peer.AddrInfo{}, fmt.Errorf("%w: %q names a peer but not where it is", ErrAddress, text)
	}
	return *ai, nil
}

// parseID reads a peer identifier.
func parseID(text string) (peer.ID, error) {
	if len(text) > maxAddr {
		return "", fmt.Errorf("%w: peer id longer than %d bytes", ErrAddress, maxAddr)
	}
	id, err := peer.Decode(text)
	if err != nil {
		return "", fmt.Errorf("%w: peer id %q: %w", ErrAddress, text, err)
	}
	return id, nil
}

func has(a ma.Multiaddr, code int) bool {
	_, err := a.ValueForProtocol(code)
	return err == nil
}

// isTCP and isQUIC recognise the two transports that run.
func isTCP(a ma.Multiaddr) bool {
	return has(a, ma.P_TCP) && !has(a, ma.P_WS) && !has(a, ma.P_WSS) && !has(a, ma.P_TLS)
}

func isQUIC(a ma.Multiaddr) bool {
	return has(a, ma.P_QUIC_V1) && !has(a, ma.P_WEBTRANSPORT)
}

// isLoopback reports whether a names this machine only.
func isLoopback(a ma.Multiaddr) bool { return manet.IsIPLoopback(a) }

// isRelayed reports whether a leads through a circuit relay.
func isRelayed(a ma.Multiaddr) bool { return has(a, ma.P_CIRCUIT) }

// reach says how far an address carries.
type reach uint8

const (
	reachNone    reach = iota // loopback, link-local, multicast, unspecified: nobody else's business
	reachPrivate              // RFC 1918, RFC 4193, shared address space: one network
	reachPublic               // everything else, names included
)

// reachOf judges the first component of a; a relayed address is judged by its relay.
func reachOf(a ma.Multiaddr) reach {
	ip, err := manet.ToIP(a)
	if err != nil {
		return reachPublic // a DNS name: libp2p resolves it and asks again for each address
	}
	switch {
	case ip.IsLoopback(), ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), ip.Equal(net.IPv4bcast):
		return reachNone
	case manet.IsPublicAddr(a):
		return reachPublic
	}
	return reachPrivate
}
