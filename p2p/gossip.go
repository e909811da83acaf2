package p2p

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	// MaxMessage is the greatest gossip message, in bytes: room for a head, not
	// for what it names.
	MaxMessage = 8 << 10

	// gossipProtocol is our own name for gossipsub, so that nobody meets the
	// public network by accident.
	gossipProtocol = protocol.ID("/bonafide/gossip/1")

	maxTopicName   = 128
	maxPacket      = MaxMessage + 1024 // one message with its topic, or control data
	maxAnnounced   = 64                // subscriptions in one packet of a peer
	validateLimit  = 10 * time.Second
	seenFor        = 2 * time.Minute
	messageIDBytes = 20
)

// Thresholds of the gossip score, see scoring.
const (
	noGossipBelow  = -10
	noPublishBelow = -50
	ignoreBelow    = -80
)

// Verdict is what a [Validator] thinks of a message.
type Verdict uint8

// The verdicts. The zero value is Ignore.
const (
	Ignore Verdict = iota // known, late, or not judged: dropped, nobody's fault
	Accept                // new and right: passed on to others
	Reject                // can never become valid: dropped, and held against the sender
)

// String returns the name used as a metric's label.
func (v Verdict) String() string {
	switch v {
	case Accept:
		return "accept"
	case Reject:
		return "reject"
	}
	return "ignore"
}

// Validator receives each message of a topic once, from the neighbour that
// brought it (which is rarely its author), and judges it. At most
// Limits.Validators run at a time, and one that takes more than ten seconds
// finds its context ended. data must not be changed. What is published here
// is not given to the own validator. A validator that panics ignores.
type Validator func(ctx context.Context, from string, data []byte) Verdict

// Join takes part in topic: v receives its messages, and the ones it accepts
// are passed on. A topic cannot be joined twice, nor left. Errors: ErrTopic,
// ErrClosed.
func (h *Host) Join(topic string, v Validator) error {
	if topic == "" || len(topic) > maxTopicName || v == nil {
		return fmt.Errorf("%w: a topic has 1 to %d bytes and a validator", ErrTopic, maxTopicName)
	}
	// One Join at a time; not under h.mu, which gossip's own loop needs for
	// the score of kept peers.
	h.joining.Lock()
	defer h.joining.Unlock()
	if !h.enter() {
		return ErrClosed
	}
	defer h.leave()
	if h.topic(topic) != nil {
		return fmt.Errorf("%w: %s", ErrTopic, topic)
	}
	h.filter.join(topic)
	err := h.gossip.RegisterTopicValidator(topic, h.validator(topic, v),
		// Inline, in a pool as large as the limit: messages then wait in the
		// queue, where gossip's own way drops what finds no free validator.
		pubsub.WithValidatorInline(true),
		pubsub.WithValidatorTimeout(validateLimit))
	if err != nil {
		return fmt.Errorf("p2p: join %s: %w", topic, err)
	}
	t, err := h.gossip.Join(topic)
	if err != nil {
		return fmt.Errorf("p2p: join %s: %w", topic, err)
	}
	if err := t.SetScoreParams(topicScoring()); err != nil {
		return fmt.Errorf("p2p: join %s: %w", topic, err)
	}
	// A relay takes part in the mesh without a subscriber's buffer, which
	// would be one more place where messages are lost.
	if _, err := t.Relay(); err != nil {
		return fmt.Errorf("p2p: join %s: %w", topic, err)
	}
	h.mu.Lock()
	h.topics[topic] = t
	h.mu.Unlock()
	return nil
}

// topic returns a joined topic, or nil.
func (h *Host) topic(name string) *pubsub.Topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.topics[name]
}

// validator wraps v for pubsub.
func (h *Host) validator(topic string, v Validator) pubsub.ValidatorEx {
	return func(ctx context.Context, from peer.ID, m *pubsub.Message) (result pubsub.ValidationResult) {
		if from == h.host.ID() {
			return pubsub.ValidationAccept
		}
		verdict := Ignore
		defer func() {
			if p := recover(); p != nil {
				h.log.Error("validator panicked", "topic", topic, "panic", p, "stack", string(debug.Stack()))
				verdict = Ignore
			}
			h.met.message(topic, verdict)
			switch verdict {
			case Accept:
				result = pubsub.ValidationAccept
			case Reject:
				result = pubsub.ValidationReject
			default:
				result = pubsub.ValidationIgnore
			}
		}()
		if len(m.GetData()) > MaxMessage {
			verdict = Reject
			return
		}
		verdict = v(ctx, from.String(), m.GetData())
		return
	}
}

// Publish offers data to every connected peer of the topic, without waiting
// for any. nil means handed to gossip, not that anybody received it. The same
// data again within two minutes is not sent again. Errors: ErrTooLarge,
// ErrTopic, ErrClosed, ctx's.
func (h *Host) Publish(ctx context.Context, topic string, data []byte) error {
	if len(data) > MaxMessage {
		return fmt.Errorf("%w: message of %d bytes, limit %d", ErrTooLarge, len(data), MaxMessage)
	}
	if !h.enter() {
		return ErrClosed
	}
	defer h.leave()
	t := h.topic(topic)
	if t == nil {
		return fmt.Errorf("%w: %s", ErrTopic, topic)
	}
	if err := t.Publish(ctx, bytes.Clone(data)); err != nil {
		if h.ctx.Err() != nil || errors.Is(err, pubsub.ErrTopicClosed) {
			return ErrClosed
		}
		return fmt.Errorf("p2p: publish to %s: %w", topic, err)
	}
	return nil
}

// Subscribers returns the connected peers that take part in a joined topic,
// ordered by identifier. A message published now is offered to these.
func (h *Host) Subscribers(topic string) []string {
	var out []string
	for _, id := range h.gossip.ListPeers(topic) {
		out = append(out, id.String())
	}
	slices.Sort(out)
	return out
}

// openGossip starts gossipsub with every limit set.
func (h *Host) openGossip() error {
	h.filter = newTopicFilter(4 * h.set.limits.Conns)
	guard := newNeighbours(h.set.limits, h.set.now, h.met)
	params := pubsub.DefaultGossipSubParams()
	params.HeartbeatInterval = h.set.heartbeat
	params.HeartbeatInitialDelay = min(params.HeartbeatInitialDelay, h.set.heartbeat)
	quiet := h.log.With("part", "gossip")
	var err error
	h.gossip, err = pubsub.NewGossipSub(h.ctx, h.host, append([]pubsub.Option{
		pubsub.WithGossipSubProtocols([]protocol.ID{gossipProtocol}, features),
		pubsub.WithGossipSubParams(params),
		// No author, number or signature: the content proves itself, whoever
		// passes it on; a signature would cost each hop as much as checking
		// the content, and an author would say which node knew first.
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithSeenMessagesTTL(seenFor),
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerExchange(false),
		pubsub.WithMaxMessageSize(maxPacket),
		pubsub.WithMaxControlMessageSize(maxPacket),
		pubsub.WithPeerOutboundQueueSize(h.set.limits.GossipQueue),
		pubsub.WithValidateQueueSize(h.set.limits.GossipQueue),
		pubsub.WithValidateWorkers(h.set.limits.Validators),
		pubsub.WithSubscriptionFilter(h.filter),
		pubsub.WithAppSpecificRpcInspector(guard.inspect),
		pubsub.WithPeerScore(h.scoring()),
		pubsub.WithPeerScoreInspect(pubsub.PeerScoreInspectFn(h.keepScores), time.Second),
		pubsub.WithRawTracer(guard),
		pubsub.WithLogger(quiet), pubsub.WithRPCLogger(quiet),
	}, h.cfg.extraGossip...)...)
	if err != nil {
		return fmt.Errorf("p2p: gossip: %w", err)
	}
	return nil
}

// keepScores remembers the scores for Peers; gossip calls it once a second.
func (h *Host) keepScores(m map[peer.ID]float64) {
	h.scores.Store(&m)
	if h.cfg.onScores != nil {
		h.cfg.onScores()
	}
}

// features says what our gossip protocol can do: all of gossipsub 1.2 except
// peer exchange, which would have strangers choose our neighbours.
func features(f pubsub.GossipSubFeature, p protocol.ID) bool {
	return p == gossipProtocol && (f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant)
}

// messageID is the digest of topic and content.
func messageID(m *pb.Message) string {
	d := sha256.New()
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(m.GetTopic())))
	d.Write(n[:])
	d.Write([]byte(m.GetTopic()))
	d.Write(m.GetData())
	return string(d.Sum(nil)[:messageIDBytes])
}

// scoring sets what good and bad behaviour is worth. Five messages that can
// never be valid, within ten minutes, and nothing more is read of a peer;
// being silent, late or new costs nothing.
func (h *Host) scoring() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		Topics:           map[string]*pubsub.TopicScoreParams{},
		TopicScoreCap:    20,
		AppSpecificScore: h.appScore, AppSpecificWeight: 1,
		// More than four peers of one address lose, quadratically.
		IPColocationFactorWeight: -5, IPColocationFactorThreshold: 4,
		IPColocationFactorWhitelist: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
		// Grafting too early, promising messages and not sending them.
		BehaviourPenaltyWeight: -10, BehaviourPenaltyThreshold: 6,
		BehaviourPenaltyDecay: pubsub.ScoreParameterDecay(10 * time.Minute),
		DecayInterval:         time.Second, DecayToZero: 0.01,
		RetainScore: time.Hour, SeenMsgTTL: seenFor,
	}
	return params, &pubsub.PeerScoreThresholds{
		GossipThreshold:             noGossipBelow,
		PublishThreshold:            noPublishBelow,
		GraylistThreshold:           ignoreBelow,
		AcceptPXThreshold:           1000,
		OpportunisticGraftThreshold: 1,
	}
}

// appScore gives peers named by the operator a start that keeps them in the
// mesh among strangers, but not through four invalid messages more.
func (h *Host) appScore(id peer.ID) float64 {
	if h.isKept(id) {
		return 50
	}
	return 0
}

// topicScoring is the same for every topic: topics are slow, so neighbours are
// not measured by how much they deliver.
func topicScoring() *pubsub.TopicScoreParams {
	return &pubsub.TopicScoreParams{
		SkipAtomicValidation: true,
		TopicWeight:          1,
		TimeInMeshWeight:     0.01, TimeInMeshQuantum: time.Second, TimeInMeshCap: 100,
		FirstMessageDeliveriesWeight: 0.5, FirstMessageDeliveriesDecay: pubsub.ScoreParameterDecay(10 * time.Minute), FirstMessageDeliveriesCap: 20,
		InvalidMessageDeliveriesWeight: -4, InvalidMessageDeliveriesDecay: pubsub.ScoreParameterDecay(10 * time.Minute),
	}
}
