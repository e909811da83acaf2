package node

import (
	"context"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

// anchorLoop looks after the chain, apart from everything else: it reads what the
// accounts of followed issuers say, puts the newest heads into the queue at each
// cadence, and follows what is on its way.
func (n *Node) anchorLoop(ctx context.Context) {
	if n.anchor == nil {
		return
	}
	n.anchor.mu.Lock()
	n.anchor.watched = true
	n.anchor.mu.Unlock()
	defer func() {
		n.anchor.mu.Lock()
		n.anchor.watched = false
		n.anchor.mu.Unlock()
	}()
	poll := time.NewTicker(duration(n.cfg.Poll))
	defer poll.Stop()
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	n.watchAnchors(ctx)
	var tried time.Time // when heads were looked for last
	for {
		if n.cfg.Grade != "" {
			n.tendQueue(ctx, &tried)
		}
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-watch.C:
			n.watchAnchors(ctx)
		}
	}
}

// watchAnchors reads what the accounts of all followed, recognised and own
// issuers say.
func (n *Node) watchAnchors(ctx context.Context) {
	id, err := n.cfg.chainID()
	if err != nil {
		return
	}
	list, err := n.replica.Subjects(ctx, "", 0, store.ClassFollowed, store.ClassRecognised, store.ClassOwn)
	if err != nil {
		n.log.Warn("anchors", "err", err)
		return
	}
	for _, s := range list {
		h, err := n.replica.History(ctx, s.Subject)
		if err != nil {
			continue
		}
		for _, b := range bindingsOf(h) {
			if b.Chain != id || ctx.Err() != nil {
				continue
			}
			if _, err := n.readAnchor(ctx, b, s.Subject, true); err != nil {
				n.log.Debug("anchor", "subject", s.Subject, "err", err)
			}
		}
	}
}

// tendQueue puts heads into the queue when the cadence is due, and goes one step.
func (n *Node) tendQueue(ctx context.Context, tried *time.Time) {
	queue, err := n.anchorQueue()
	if err != nil {
		n.log.Error("anchoring", "err", err)
		return
	}
	s, err := queue.Status(ctx)
	if err != nil {
		n.log.Error("anchoring", "err", err)
		return
	}
	last := time.Time{}
	if len(s.Done) > 0 {
		last = s.Done[len(s.Done)-1].Began
	}
	now := n.clock()
	if s.Flight == nil && now.Sub(last) >= duration(n.cfg.AnchorCadence) && now.Sub(*tried) >= min(watchEvery, duration(n.cfg.AnchorCadence)) {
		*tried = now
		if _, err := n.enqueue(ctx, ""); err != nil {
			n.log.Warn("anchoring", "err", err)
		}
	}
	if _, err := n.stepAnchors(ctx); err != nil && ctx.Err() == nil {
		n.log.Warn("anchoring waits", "err", err)
	}
}
