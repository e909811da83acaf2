package p2p

import (
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// maxForeign is how many topics that are not joined here a peer may name: a
// few, so that a topic joined later finds the peers that told of it before.
const maxForeign = 16

// neighbours stands between the peers and gossip's router and closes three
// gaps of the router: it scores only peers that it has a stream to, so a peer
// that speaks and does not listen could say anything unpunished; it does not
// bound how fast a peer sends what is neither right nor wrong; and it drops
// what finds no room without a word.
type neighbours struct {
	limits Limits
	now    func() time.Time
	met    *metrics

	mu    sync.Mutex
	peers map[peer.ID]*bucket // those the router has a stream to, hence scores
}

// bucket holds how many messages a peer may send now, as of the time in at.
type bucket struct {
	tokens float64
	at     time.Time
}

func newNeighbours(l Limits, now func() time.Time, m *metrics) *neighbours {
	return &neighbours{limits: l, now: now, met: m, peers: map[peer.ID]*bucket{}}
}

// inspect sees every packet before the router and takes out what the router
// must not see; the subscriptions always pass, they come before the stream.
func (n *neighbours) inspect(from peer.ID, rpc *pubsub.RPC) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.peers[from]
	if b == nil {
		if len(rpc.Publish) > 0 {
			n.met.drop("stranger")
		}
		rpc.Publish, rpc.Control = nil, nil
		return nil
	}
	if len(rpc.Publish) == 0 {
		return nil
	}
	now := n.now()
	if s := now.Sub(b.at).Seconds(); s > 0 {
		b.tokens = min(float64(n.limits.MessageBurst), b.tokens+s*n.limits.MessageRate)
	}
	b.at = now
	for i := range rpc.Publish {
		if b.tokens < 1 {
			rpc.Publish = rpc.Publish[:i]
			n.met.drop("rate")
			return nil
		}
		b.tokens--
	}
	return nil
}

// OnNewOutboundStream implements pubsub.RawTracer.
func (n *neighbours) OnNewOutboundStream(p peer.ID, _ protocol.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.peers[p] = &bucket{tokens: float64(n.limits.MessageBurst), at: n.now()}
}

// OnClosedOutboundStream implements pubsub.RawTracer.
func (n *neighbours) OnClosedOutboundStream(p peer.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.peers, p)
}

// DropRPC implements pubsub.RawTracer: a peer takes too little.
func (n *neighbours) DropRPC(*pubsub.RPC, peer.ID) { n.met.drop("outbound") }

// RejectMessage implements pubsub.RawTracer: too much waits to be judged.
func (n *neighbours) RejectMessage(_ *pubsub.Message, reason string) {
	if reason == pubsub.RejectValidationQueueFull {
		n.met.drop("validate")
	}
}

// The other events of pubsub.RawTracer are of no interest.

func (n *neighbours) Join(string)                                          {}
func (n *neighbours) Leave(string)                                         {}
func (n *neighbours) Graft(peer.ID, string)                                {}
func (n *neighbours) Prune(peer.ID, string)                                {}
func (n *neighbours) ValidateMessage(*pubsub.Message)                      {}
func (n *neighbours) DeliverMessage(*pubsub.Message)                       {}
func (n *neighbours) DuplicateMessage(*pubsub.Message)                     {}
func (n *neighbours) ThrottlePeer(peer.ID)                                 {}
func (n *neighbours) RecvRPC(*pubsub.RPC)                                  {}
func (n *neighbours) SendRPC(*pubsub.RPC, peer.ID)                         {}
func (n *neighbours) SendRPCCompleted(*pubsub.RPC, peer.ID, time.Duration) {}
func (n *neighbours) UndeliverableMessage(*pubsub.Message)                 {}

// topicFilter admits the subscriptions of joined topics, and of a few others
// for each peer, so that what a peer can make us remember does not depend on
// what it can invent.
type topicFilter struct {
	maxPeers int // with foreign topics; a bound for entries that outlive their peer

	mu      sync.Mutex
	joined  map[string]bool
	foreign map[peer.ID][]string // at most maxForeign each
}

func newTopicFilter(maxPeers int) *topicFilter {
	return &topicFilter{maxPeers: maxPeers, joined: map[string]bool{}, foreign: map[peer.ID][]string{}}
}

// join admits topic from everybody from now on.
func (f *topicFilter) join(topic string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joined[topic] = true
}

// forget drops what a peer that is gone had named.
func (f *topicFilter) forget(id peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.foreign, id)
}

// CanSubscribe implements pubsub.SubscriptionFilter: it is asked about our own.
func (f *topicFilter) CanSubscribe(topic string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joined[topic]
}

// FilterIncomingSubscriptions implements pubsub.SubscriptionFilter. Of several
// words on one topic in one packet the last counts.
func (f *topicFilter) FilterIncomingSubscriptions(from peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	if len(subs) > maxAnnounced {
		return nil, pubsub.ErrTooManySubscriptions
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	last := map[string]int{}
	for i, s := range subs {
		last[s.GetTopicid()] = i
	}
	var out []*pb.RPC_SubOpts
	for i, s := range subs {
		if last[s.GetTopicid()] == i && f.admit(from, s.GetTopicid(), s.GetSubscribe()) {
			out = append(out, s)
		}
	}
	return out, nil
}

// admit decides on one subscription; the caller holds mu.
func (f *topicFilter) admit(from peer.ID, topic string, subscribe bool) bool {
	if f.joined[topic] {
		return true
	}
	known := f.foreign[from]
	i := slices.Index(known, topic)
	switch {
	case i >= 0 && !subscribe:
		f.foreign[from] = slices.Delete(known, i, i+1)
		return true
	case i >= 0:
		return true
	case !subscribe, len(topic) > maxTopicName, len(known) >= maxForeign:
		return false
	case known == nil && len(f.foreign) >= f.maxPeers:
		return false
	}
	f.foreign[from] = append(known, topic)
	return true
}
