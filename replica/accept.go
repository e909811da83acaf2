package replica

import (
	"context"
	"errors"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// SourceOwn is the source of what this node made itself.
const SourceOwn = "own"

// Offer is one thing handed in at the door; exactly one member is set.
type Offer struct {
	// Source says who gave it: SourceOwn, "peer:ID", "https:HOST", "file:NAME".
	Source string
	Log    *LogOffer
	Head   *HeadOffer
	File   *FileOffer
	Fork   *record.Fork
}

// LogOffer is a whole did.jsonl with its did-witness.json, if there is one.
type LogOffer struct{ Log, Witness []byte }

// HeadOffer is a head with what proves it.
type HeadOffer struct {
	Head []byte
	// From and Digests are the digests of the epoch's heads from index From
	// (0 for the first head) up to the one before Head.
	From    int
	Digests [][32]byte
	// Manifest is the list of contents; nil when its root is unchanged.
	Manifest []byte
}

// FileOffer is one file of a folder.
type FileOffer struct {
	Subject, Path string
	Body          []byte
}

// Need is what has to come first for a pending offer.
type Need string

// The needs.
const (
	NeedLog      Need = "log"
	NeedHistory  Need = "history"
	NeedManifest Need = "manifest"
	NeedHead     Need = "head"
)

// Result is what became of an offer.
type Result struct {
	Outcome record.Outcome
	Subject string
	Err     error // why it is not fresh or known
	Need    Need  // for pending
}

func refused(subject string, err error) Result {
	return Result{Outcome: record.Refused, Subject: subject, Err: err}
}

func pending(subject string, need Need, err error) Result {
	return Result{Outcome: record.Pending, Subject: subject, Need: need, Err: err}
}

func stale(subject string, err error) Result {
	return Result{Outcome: record.Stale, Subject: subject, Err: err}
}

// Accept is the door. It judges one offer, keeps what is new and verified, and
// says what became of it. An error of the store ends in Pending, because it
// says nothing about the offer.
func (r *Replica) Accept(ctx context.Context, o Offer) Result {
	n := 0
	for _, set := range []bool{o.Log != nil, o.Head != nil, o.File != nil, o.Fork != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		return refused("", ErrOffer)
	}
	var res Result
	switch {
	case o.Log != nil:
		res = r.acceptLog(ctx, o)
	case o.Head != nil:
		res = r.acceptHead(ctx, o)
	case o.File != nil:
		res = r.acceptFile(ctx, o)
	default:
		res = r.acceptFork(ctx, o)
	}
	if res.Outcome == record.Refused && isStoreError(res.Err) {
		res.Outcome = record.Pending
	}
	r.log.Debug("offer", "source", o.Source, "subject", res.Subject, "outcome", res.Outcome.String(), "why", res.Err)
	return res
}

// isStoreError tells failures of our own disk or time from faults of an offer.
func isStoreError(err error) bool {
	for _, e := range []error{store.ErrFull, store.ErrReadOnly, store.ErrIO, store.ErrFatal, store.ErrLocked,
		store.ErrClosed, store.ErrUnreachable, store.ErrInDoubt, store.ErrConflict, store.ErrCorrupt, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (r *Replica) changed(c Change) {
	if r.cfg.OnChange != nil {
		r.cfg.OnChange(c)
	}
}
