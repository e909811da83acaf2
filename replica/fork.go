package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// VerifyFork checks evidence of a fork from its bytes alone: that both sides
// are properly signed by the subject and exclude each other. now bounds the
// times inside. The error is ErrEvidence.
func VerifyFork(f record.Fork, now time.Time) error {
	opt := webvh.VerifyOptions{Now: now, SkipWitnesses: true}
	switch f.Kind {
	case record.ForkLog:
		la, lb, err := f.Branches()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrEvidence, err)
		}
		a, err := webvh.Verify(la, nil, opt)
		if err != nil {
			return fmt.Errorf("%w: first branch: %w", ErrEvidence, err)
		}
		b, err := webvh.Verify(lb, nil, opt)
		if err != nil {
			return fmt.Errorf("%w: second branch: %w", ErrEvidence, err)
		}
		if a.SCID() != f.Subject || b.SCID() != f.Subject || webvh.Compare(a, b).Kind != webvh.Forked {
			return fmt.Errorf("%w: the branches do not exclude each other", ErrEvidence)
		}
		return nil
	case record.ForkHead:
		h, err := webvh.Verify(f.Log(), nil, opt)
		if err != nil {
			return fmt.Errorf("%w: log: %w", ErrEvidence, err)
		}
		a, b, err := f.Heads()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrEvidence, err)
		}
		for _, head := range []record.Head{a, b} {
			if err := CheckHead(h, head); err != nil {
				return fmt.Errorf("%w: %w", ErrEvidence, err)
			}
		}
		return nil
	}
	return fmt.Errorf("%w: kind %q", ErrEvidence, f.Kind)
}

// acceptFork keeps evidence that somebody else collected.
func (r *Replica) acceptFork(ctx context.Context, o Offer) Result {
	f := *o.Fork
	if err := VerifyFork(f, r.cfg.Clock().Add(r.cfg.Skew)); err != nil {
		return refused(f.Subject, err)
	}
	defer r.lock(f.Subject)()
	if _, err := r.History(ctx, f.Subject); errors.Is(err, ErrUnknown) {
		return pending(f.Subject, NeedLog, ErrNeedsLog)
	} else if err != nil {
		return refused(f.Subject, err)
	}
	return r.keepFork(ctx, o.Source, f)
}

// keepFork stores evidence, the first for its subject and parent, and marks
// the subject contested where its log forked. The caller holds the lock.
func (r *Replica) keepFork(ctx context.Context, source string, f record.Fork) Result {
	b, err := f.Encode()
	if err != nil {
		return refused(f.Subject, err)
	}
	now := r.cfg.Clock().UnixMilli()
	known := false
	err = r.store.Update(ctx, "", func(tx store.Tx) error {
		known = false
		err := tx.PutFork(store.Fork{Subject: f.Subject, Kind: string(f.Kind), Parent: f.Parent, Body: b, SeenAt: now})
		if errors.Is(err, store.ErrExists) {
			known = true
			return nil
		}
		if err != nil {
			return err
		}
		s, err := tx.GetSubject(f.Subject)
		if err != nil {
			return err
		}
		s.Contested = s.Contested || f.Kind == record.ForkLog
		return tx.PutSubject(s)
	})
	if err != nil {
		return refused(f.Subject, err)
	}
	res := Result{Outcome: record.Forked, Subject: f.Subject, Err: ErrForked}
	if known {
		return res
	}
	r.log.Warn("kept evidence of a fork", "subject", f.Subject, "kind", string(f.Kind), "parent", f.Parent, "source", source)
	r.changed(Change{Subject: f.Subject, Fork: &f, Source: source})
	return res
}
