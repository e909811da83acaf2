package node

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bonafide-id/bonafide/store"
)

// The publication of status is held to a grid, so that nothing which is
// published tells when inside an interval a change was made: each pair of lists
// has one slot in every interval of the cadence, which follows from the issuer
// and the number of the pair alone, and lists and heads that go out at a slot
// carry the time of the slot. See docs/decisions/0005-cadence.md.

// The ways of publishing: every list at every slot; only lists that changed or
// near their end; the first for few lists and the second for many.
const (
	publicationFixed    = "fixed"
	publicationOnChange = "on-change"
	publicationAuto     = "auto"
)

const (
	// slotsPerCadence bounds the heads of an issuer in one interval.
	slotsPerCadence = 4
	// fixedPairs is how many pairs of lists `auto` signs at every slot. At 64
	// pairs and 15 minutes a follower fetches about 60 MB a day.
	fixedPairs = 64
)

// grid is the cadence in whole seconds, and the step between slots in it.
func (n *Node) grid() (cadence, step time.Duration) {
	cadence = max(duration(n.cfg.Cadence).Truncate(time.Second), time.Second)
	for parts := time.Duration(slotsPerCadence); ; parts-- {
		if step = cadence / parts; cadence%parts == 0 && step%time.Second == 0 {
			return cadence, step
		}
	}
}

// pairOf is the odd number of the pair that a list belongs to.
func pairOf(list int64) int64 {
	if list%2 == 0 {
		return list - 1
	}
	return list
}

// slot is the newest slot of a list that is not after the time given.
func (n *Node) slot(subject string, list int64, at time.Time) time.Time {
	cadence, step := n.grid()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s#%d", subject, pairOf(list)))
	offset := time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(cadence/step)) * step
	return at.UTC().Add(-offset).Truncate(cadence).Add(offset)
}

// nextSlot is when a change to a list goes out by itself, if a node runs.
func (n *Node) nextSlot(subject string, list int64) time.Time {
	cadence, _ := n.grid()
	return n.slot(subject, list, n.clock()).Add(cadence)
}

// fixed tells whether every list is signed at every slot.
func (n *Node) fixed(lists int) bool {
	return n.cfg.Publication == publicationFixed || n.cfg.Publication == publicationAuto && lists <= 2*fixedPairs
}

// wanted tells whether a list is to be signed in this publication. old is the
// draft that stands, without a body when there is none.
func (p *publication) wanted(l store.List, old store.Draft, fixed bool) bool {
	due := time.UnixMilli(old.ValidUntil).Sub(p.now) < duration(p.n.cfg.ListValidity)/3
	switch {
	case p.opt.final, old.Body == nil: // a list that nobody can find yet shows nothing
		return true
	case p.opt.all, slices.Contains(p.opt.pairs, pairOf(l.Number)):
		return l.Dirty || due
	case p.opt.slot.IsZero(), !p.n.slot(p.subject, l.Number, p.opt.slot).Equal(p.opt.slot):
		return false
	}
	// A list that was signed for this slot is done, also when its publication goes
	// in portions or is begun again.
	return fixed && l.RenderedAt < p.opt.slot.UnixMilli() || l.Dirty || due
}

// moment is the time that a publication carries: that of its slot, or now. A
// head that went out of turn may be newer than a slot that is late.
func (n *Node) moment(opt publishOptions, last time.Time) time.Time {
	now := n.clock().UTC().Truncate(time.Second)
	if opt.slot.IsZero() {
		return now
	}
	if opt.slot.Before(last) && !now.Before(last) {
		return last
	}
	return opt.slot.UTC()
}

// publisher publishes at every slot, apart from the book: acknowledging a
// change never waits for it, and a change never hastens it.
func (n *Node) publisher(ctx context.Context) {
	_, step := n.grid()
	for {
		now := n.clock()
		next := now.Truncate(step).Add(step)
		t := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case subject := <-n.kicks:
			t.Stop()
			n.publishQuietly(ctx, subject, time.Time{})
		case <-t.C:
			// A machine that slept comes late: the newest slot counts.
			at := n.clock().Truncate(step)
			if at.Before(next) {
				continue // the clock was set back
			}
			if n.shared() {
				if _, err := n.learnIssuers(ctx); err != nil {
					n.log.Warn("own issuers", "err", err)
				}
			}
			for _, subject := range n.ownSubjects() {
				n.publishQuietly(ctx, subject, at)
			}
		}
	}
}

func (n *Node) publishQuietly(ctx context.Context, subject string, slot time.Time) {
	_, err := n.publish(ctx, subject, publishOptions{slot: slot})
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, ErrClosed), errors.Is(err, ErrNotReadBack), errors.Is(err, ErrRestored):
	case n.shared() && errors.Is(err, ErrNoKeys):
		n.log.Debug("another node signs for this issuer", "issuer", subject, "err", err)
	default:
		n.log.Error("publish", "issuer", subject, "err", err)
	}
}
