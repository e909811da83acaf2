package exchange

import (
	"context"
	"errors"
	"time"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
)

// Opinion is what to do with a gossip message.
type Opinion uint8

// The opinions. Ignore drops it without blame, Reject holds it against the
// peer that brought it: it can never become valid.
const (
	Ignore Opinion = iota
	Forward
	Reject
)

// A head of a subject that is not held cannot be judged; such heads are
// passed on at this rate for each peer, so that nodes which do hold the
// subject still hear of it.
const (
	unknownPerSecond = 20
	unknownBurst     = 200
)

// Gossip judges one message of a topic and turns what is new into a sync from
// the peer that brought it. It is quick: at most one signature is checked.
func (x *Exchange) Gossip(ctx context.Context, topic, from string, data []byte) Opinion {
	if topic == TopicForks {
		return x.gossipFork(ctx, from, data)
	}
	if n, err := parseNotice(data); err == nil {
		return x.gossipLog(ctx, from, n)
	}
	head, err := record.ParseHead(data)
	if err != nil {
		return Reject
	}
	subject := head.Subject()
	h, err := x.r.History(ctx, subject)
	if errors.Is(err, replica.ErrUnknown) {
		return x.unknown(from)
	}
	if err != nil {
		return Ignore
	}
	switch err := replica.CheckHead(h, head); {
	case errors.Is(err, replica.ErrNeedsLog):
		x.Hint(subject, from)
		return x.unknown(from)
	case err != nil:
		return Reject
	}
	v, err := x.r.Head(ctx, subject)
	if err == nil && v.Head.CID() == head.CID() {
		return Ignore
	}
	// Older heads are looked at too: one that is not in our history is the
	// other half of a fork.
	x.Hint(subject, from)
	if err == nil && v.Head.Epoch == head.Epoch && head.Sequence <= v.Head.Sequence {
		x.offerOld(ctx, from, data)
		return Ignore
	}
	return Forward
}

// offerOld hands a head that is not newer to the door, which keeps it as
// evidence when it contradicts what is held.
func (x *Exchange) offerOld(ctx context.Context, from string, data []byte) {
	x.r.Accept(ctx, replica.Offer{Source: "peer:" + from, Head: &replica.HeadOffer{Head: data}})
}

func (x *Exchange) gossipLog(ctx context.Context, from string, n notice) Opinion {
	row, err := x.r.Subject(ctx, n.Subject)
	if errors.Is(err, replica.ErrUnknown) {
		return x.unknown(from)
	}
	if err != nil || row.LogVersionID == n.VersionID {
		return Ignore
	}
	x.Hint(n.Subject, from)
	return x.unknown(from)
}

func (x *Exchange) gossipFork(ctx context.Context, from string, data []byte) Opinion {
	n, err := parseNotice(data)
	if err != nil {
		return Reject
	}
	if _, err := x.r.Subject(ctx, n.Subject); err != nil {
		return x.unknown(from)
	}
	go func() { // the answer is slow, the validator must not be
		fctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := x.fetchForks(fctx, n.Subject, from); err != nil {
			x.log.Debug("evidence", "subject", n.Subject, "peer", from, "err", err)
		}
	}()
	return x.unknown(from)
}

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// unknown passes a message on that cannot be judged, within the peer's rate.
func (x *Exchange) unknown(from string) Opinion {
	now := x.cfg.Clock()
	x.mu.Lock()
	defer x.mu.Unlock()
	b := x.rate[from]
	if b == nil {
		if len(x.rate) >= 1024 {
			clear(x.rate) // bounded; a peer gains one burst at most
		}
		b = &bucket{tokens: unknownBurst, at: now}
		x.rate[from] = b
	}
	b.tokens = min(unknownBurst, b.tokens+unknownPerSecond*now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens < 1 {
		return Ignore
	}
	b.tokens--
	return Forward
}
