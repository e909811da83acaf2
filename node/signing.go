package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/store"
)

var listLimits = strictjson.Limits{MaxBytes: 4 << 20}

// lockIssuer serialises the publications of one issuer.
func (n *Node) lockIssuer(subject string) func() {
	n.mu.Lock()
	l := n.issuerLocks[subject]
	if l == nil {
		l = new(sync.Mutex)
		n.issuerLocks[subject] = l
	}
	n.mu.Unlock()
	l.Lock()
	return l.Unlock
}

func haltKey(subject string) string { return "halt:" + subject }

// halt stops signing for an issuer, also across restarts.
func (n *Node) halt(ctx context.Context, subject, why string) {
	n.log.Error("signing halted", "issuer", subject, "why", why)
	n.mu.Lock()
	n.halted[subject] = why
	n.mu.Unlock()
	err := n.store.Update(context.WithoutCancel(ctx), subject, func(tx store.Tx) error {
		return tx.PutMeta(haltKey(subject), []byte(why))
	})
	if err != nil {
		n.log.Error("halt could not be recorded", "issuer", subject, "err", err)
		return
	}
	n.mu.Lock()
	delete(n.halted, subject) // from now on the book says so, to every node that shares it
	n.mu.Unlock()
}

// foreignHead is told by the replica of a head under an own key that came
// from elsewhere. If this node signed it, or one that shares its book, it is in
// the book; if not, somebody else holds the key, or this home is an old copy.
func (n *Node) foreignHead(subject string, head record.Head) {
	go func() {
		ctx := context.Background()
		ours, err := n.signedHere(ctx, subject, head)
		if err != nil {
			n.log.Error("a head of an own issuer could not be compared with the book", "issuer", subject, "err", err)
		}
		if ours {
			return
		}
		n.halt(ctx, subject, fmt.Sprintf(
			"a head of this issuer, sequence %d published %s, is signed with its key and was not signed here",
			head.Sequence, head.Published.Format(time.RFC3339)))
	}()
}

// maySign tells whether the node signs for an issuer now.
func (n *Node) maySign(ctx context.Context, subject string) error {
	n.mu.Lock()
	back := n.readBack[subject]
	n.mu.Unlock()
	var is store.Issuer
	var pub store.Publication
	err := n.store.View(ctx, func(tx store.Tx) (err error) {
		if err := n.notHalted(tx, subject); err != nil {
			return err
		}
		if is, err = tx.GetIssuer(subject); err != nil {
			return err
		}
		pub, err = tx.GetPublication(subject)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if is.State == store.IssuerClosed {
		return fmt.Errorf("%w: %s", ErrClosed, is.DID)
	}
	if pub.IsZero() || back || n.cfg.ResumeAlone || len(n.cfg.Bootstrap) == 0 {
		return nil
	}
	return fmt.Errorf("%w: head %d of %s", ErrNotReadBack, pub.Sequence, is.DID)
}

// readBackAll asks the configured sources for the newest own heads, until one
// has answered for each issuer. An answer that it holds nothing, or an older
// head, is an answer; a newer head halts the issuer through the replica.
func (n *Node) readBackAll(ctx context.Context) {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, time.Minute) {
		left := 0
		for _, subject := range n.ownSubjects() {
			n.mu.Lock()
			done := n.readBack[subject]
			n.mu.Unlock()
			if done {
				continue
			}
			if !n.readBackOne(ctx, subject) {
				left++
			}
		}
		if left == 0 {
			return
		}
		t := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// readBackOne asks the connected bootstrap peers about one issuer.
func (n *Node) readBackOne(ctx context.Context, subject string) bool {
	for _, peer := range n.bootstrapConnected() {
		actx, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := n.exchange.Sync(actx, subject, peer)
		cancel()
		if err == nil || errors.Is(err, exchange.ErrNotHeld) {
			n.mu.Lock()
			n.readBack[subject] = true
			n.mu.Unlock()
			n.log.Info("last head was read back", "issuer", subject, "peer", peer)
			n.kick(subject)
			return true
		}
		n.log.Debug("read back", "issuer", subject, "peer", peer, "err", err)
	}
	return false
}

// resume lets an issuer sign again without an answer from elsewhere.
func (n *Node) resume(ctx context.Context, q ResumeRequest) (Info, error) {
	is, err := n.issuer(ctx, q.Issuer)
	if err != nil {
		return Info{}, err
	}
	if !q.Alone {
		return Info{}, fmt.Errorf("%w: signing again for %s without another's word", ErrConfirm, is.DID)
	}
	n.mu.Lock()
	delete(n.halted, is.Subject)
	n.readBack[is.Subject] = true
	n.mu.Unlock()
	err = n.store.Update(ctx, is.Subject, func(tx store.Tx) error {
		if err := tx.PutMeta(haltKey(is.Subject), nil); err != nil {
			return err
		}
		_, err := tx.AppendAudit(store.Audit{Issuer: is.Subject, At: n.clock().UnixMilli(), Actor: "operator", Action: "resume --alone"})
		return err
	})
	if err != nil {
		return Info{}, err
	}
	n.kick(is.Subject)
	return n.Info(ctx), nil
}

// kick makes the publisher look at an issuer soon.
func (n *Node) kick(subject string) {
	select {
	case n.kicks <- subject:
	default:
	}
}

// publisher publishes each issuer's changes at its own slot of the cadence,
// apart from the book: acknowledging a change never waits for it.
func (n *Node) publisher(ctx context.Context) {
	cadence := duration(n.cfg.Cadence)
	for {
		// A fixed slot per cadence: when inside the interval a change
		// happened cannot be told from outside.
		now := n.clock()
		next := now.Truncate(cadence).Add(cadence)
		t := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case subject := <-n.kicks:
			t.Stop()
			n.publishQuietly(ctx, subject)
		case <-t.C:
			if n.shared() {
				if _, err := n.learnIssuers(ctx); err != nil {
					n.log.Warn("own issuers", "err", err)
				}
			}
			for _, subject := range n.ownSubjects() {
				n.publishQuietly(ctx, subject)
			}
		}
	}
}

func (n *Node) publishQuietly(ctx context.Context, subject string) {
	_, err := n.publish(ctx, subject, publishOptions{quiet: true})
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, ErrNotReadBack):
	case n.shared() && errors.Is(err, ErrNoKeys):
		n.log.Debug("another node signs for this issuer", "issuer", subject, "err", err)
	default:
		n.log.Error("publish", "issuer", subject, "err", err)
	}
}

// ownSubjects lists the issuers of this node.
func (n *Node) ownSubjects() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]string, 0, len(n.own))
	for s := range n.own {
		out = append(out, s)
	}
	return out
}

func (n *Node) learnOwn(subject string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.own[subject] = true
	n.readBack[subject] = true // nothing was published before
}
