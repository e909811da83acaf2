package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// acceptLog judges a log: new, longer, the same, shorter, another branch, or
// broken. The first branch that was seen stays.
func (r *Replica) acceptLog(ctx context.Context, o Offer) Result {
	subject, err := subjectOfLog(o.Log.Log)
	if err != nil {
		return refused("", err)
	}
	if len(o.Log.Witness) > record.KindDIDWitness.MaxBytes() {
		return refused(subject, record.ErrTooLarge)
	}
	defer r.lock(subject)()
	held, err := r.History(ctx, subject)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return refused(subject, err)
	}
	opt := webvh.VerifyOptions{Now: r.cfg.Clock(), Skew: r.cfg.Skew}
	var next *webvh.History
	if held == nil {
		next, err = webvh.Verify(o.Log.Log, o.Log.Witness, opt)
	} else {
		if bytes.Equal(held.Log(), o.Log.Log) {
			return r.sameLog(ctx, o, held, opt)
		}
		next, err = held.Extend(o.Log.Log, o.Log.Witness, opt)
	}
	switch {
	case errors.Is(err, webvh.ErrTruncated):
		return stale(subject, err)
	case errors.Is(err, webvh.ErrForked):
		return r.forkedLog(ctx, o, held, opt)
	case err != nil:
		return refused(subject, err)
	case next.SCID() != subject:
		return refused(subject, fmt.Errorf("%w: the log is of %s", webvh.ErrSCID, next.SCID()))
	case held != nil && next.Len() <= held.Len():
		return stale(subject, webvh.ErrTruncated)
	}
	if err := r.keepLog(ctx, o, next); err != nil {
		return refused(subject, err)
	}
	r.remember(next)
	r.log.Info("kept a log", "subject", subject, "version", next.Latest().VersionID, "source", o.Source)
	r.changed(Change{Subject: subject, Paths: []string{PathLog}, Source: o.Source})
	return Result{Outcome: record.Fresh, Subject: subject}
}

// subjectOfLog reads the SCID out of the first line without trusting it, to
// know under which lock to work.
func subjectOfLog(log []byte) (string, error) {
	if len(log) > record.KindDIDLog.MaxBytes() {
		return "", fmt.Errorf("%w: a log of %d bytes", record.ErrTooLarge, len(log))
	}
	const mark = `"scid":"`
	first, _, _ := bytes.Cut(log, []byte("\n"))
	_, rest, ok := strings.Cut(string(first), mark)
	if !ok {
		// Another spelling of the same JSON, with spaces.
		_, rest, ok = strings.Cut(strings.Join(strings.Fields(string(first)), ""), mark)
	}
	scid, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || record.CheckSubject(scid) != nil {
		return "", fmt.Errorf("%w: the first line names no identifier", webvh.ErrSCID)
	}
	return scid, nil
}

// sameLog keeps a witness file that says more than the one held.
func (r *Replica) sameLog(ctx context.Context, o Offer, held *webvh.History, opt webvh.VerifyOptions) Result {
	subject := held.SCID()
	var have []byte
	err := r.store.View(ctx, func(tx store.Tx) (err error) {
		have, err = body(tx, subject, PathWitness)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return refused(subject, err)
	}
	if len(o.Log.Witness) <= len(have) || bytes.Equal(have, o.Log.Witness) {
		return Result{Outcome: record.Known, Subject: subject}
	}
	next, err := webvh.Verify(o.Log.Log, o.Log.Witness, opt)
	if err != nil {
		return Result{Outcome: record.Known, Subject: subject}
	}
	if err := r.keepLog(ctx, o, next); err != nil {
		return refused(subject, err)
	}
	r.remember(next)
	return Result{Outcome: record.Fresh, Subject: subject}
}

// forkedLog keeps two valid branches as evidence.
func (r *Replica) forkedLog(ctx context.Context, o Offer, held *webvh.History, opt webvh.VerifyOptions) Result {
	subject := held.SCID()
	other, err := webvh.Verify(o.Log.Log, o.Log.Witness, opt)
	if err != nil {
		return refused(subject, err)
	}
	rel := webvh.Compare(held, other)
	if rel.Kind != webvh.Forked || rel.A.Number < 2 {
		return refused(subject, webvh.ErrForked)
	}
	f, err := record.NewLogFork(subject, lines(held, rel.A.Number-1), string(rel.A.Line), string(rel.B.Line))
	if err != nil {
		return refused(subject, err)
	}
	return r.keepFork(ctx, o.Source, f)
}

// lines returns the first n lines of a log.
func lines(h *webvh.History, n int) []string {
	out := make([]string, 0, n)
	for i := range n {
		out = append(out, string(h.Entry(i).Line))
	}
	return out
}

// keepLog stores a verified log and draws its consequences: every name it
// ever had, and the end of epochs whose key it dropped.
func (r *Replica) keepLog(ctx context.Context, o Offer, h *webvh.History) error {
	subject := h.SCID()
	now := r.cfg.Clock().UnixMilli()
	return r.store.Update(ctx, "", func(tx store.Tx) error {
		s, err := tx.GetSubject(subject)
		switch {
		case errors.Is(err, store.ErrNotFound):
			s = store.Subject{Subject: subject, FirstSeen: now}
			if r.own(subject) {
				s.Class = store.ClassOwn
			} else if err := r.makeRoom(tx); err != nil {
				return err
			}
		case err != nil:
			return err
		case s.LogVersion > int64(h.Len()) || s.LogVersion == int64(h.Len()) && s.LogVersionID != h.Latest().VersionID:
			// Judged against an older log than is held by now.
			return fmt.Errorf("replica: log of %s: %w", subject, store.ErrConflict)
		}
		s.DID, s.Method, s.Updated = h.DID(), "webvh", now
		s.LogVersion, s.LogVersionID, s.Deactivated = int64(h.Len()), h.Latest().VersionID, h.Deactivated()
		if err := tx.PutSubject(s); err != nil {
			return err
		}
		for _, id := range h.DIDs() {
			if err := tx.PutAlias(id, subject); err != nil && !errors.Is(err, store.ErrExists) {
				return err
			}
		}
		if err := put(tx, subject, PathLog, record.KindDIDLog, o.Log.Log, o.Source, now); err != nil {
			return err
		}
		if len(o.Log.Witness) > 0 {
			if err := put(tx, subject, PathWitness, record.KindDIDWitness, o.Log.Witness, o.Source, now); err != nil {
				return err
			}
		}
		return voidEpochs(tx, h)
	})
}

// put stores a body and makes it the current one of its path.
func put(tx store.Tx, subject, path string, kind record.Kind, b []byte, source string, now int64) error {
	cid := record.CIDOf(b).String()
	if err := tx.PutBlob(cid, b); err != nil {
		return err
	}
	return tx.PutFile(store.File{Subject: subject, Path: path, CID: cid, Size: int64(len(b)),
		Kind: string(kind), SeenAt: now, Source: source})
}

// voidEpochs ends, as often as needed, the newest epoch when the log no longer
// lists its key. The log names the last head that counts; without that word
// none of the epoch's heads does.
func voidEpochs(tx store.Tx, h *webvh.History) error {
	for {
		row, err := tx.LatestHead(h.SCID())
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		head, err := record.ParseHead(row.Body)
		if err != nil {
			return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
		}
		if current(h, head) {
			return nil
		}
		last := lastGood(h, head.Epoch)
		if row.Sequence <= last {
			return nil
		}
		if err := tx.VoidEpoch(h.SCID(), row.EpochVersion, last); err != nil {
			return err
		}
	}
}

// current tells whether the epoch of a head still goes on: its key has stood
// in every version from the one that began the epoch up to the newest with a
// document.
func current(h *webvh.History, head record.Head) bool {
	vm, ok := headKey(h, head)
	if !ok {
		return false
	}
	e, ok := h.KeyEpoch(vm.Key, did.CapabilityInvocation, lastLive(h))
	return ok && e.VersionID == head.Epoch
}

// lastLive is the number of the newest entry that has a document: the newest,
// or the one before a deactivation.
func lastLive(h *webvh.History) int {
	n := h.Len()
	if h.Deactivated() && n > 1 {
		for i := n - 1; i >= 1; i-- {
			if !h.Entry(i).Params.Deactivated {
				return h.Entry(i).Number
			}
			if i == 1 {
				return h.Entry(0).Number
			}
		}
	}
	return h.Entry(n - 1).Number
}

// lastGood is the sequence of the last head of a dropped epoch that counts, as
// the entry that dropped the key, or a later one, states; 0 without that word.
func lastGood(h *webvh.History, epoch string) int64 {
	for i := h.Len() - 1; i >= 0; i-- {
		doc, err := did.ParseDocument(h.Entry(i).State)
		if err != nil {
			continue
		}
		if f, ok := did.Folder(doc); ok && f.LastHead != nil && f.LastHead.Epoch == epoch {
			return int64(f.LastHead.Sequence)
		}
	}
	return 0
}

// makeRoom evicts the stranger that was longest untouched when there are too
// many. Whoever is followed, recognised or our own is never evicted; evidence
// of forks is kept with the stranger's row until then.
func (r *Replica) makeRoom(tx store.Tx) error {
	var oldest store.Subject
	n := 0
	for after := ""; ; {
		page, err := tx.ListSubjects(after, 0, store.ClassStranger)
		if err != nil {
			return err
		}
		for _, s := range page {
			after = s.Subject
			if n++; s.Contested {
				continue
			}
			if oldest.Subject == "" || s.Updated < oldest.Updated {
				oldest = s
			}
		}
		if len(page) == 0 {
			break
		}
	}
	if n < r.cfg.Strangers || oldest.Subject == "" {
		return nil
	}
	r.log.Info("evicted a stranger", "subject", oldest.Subject)
	r.forget(oldest.Subject)
	return tx.DeleteSubject(oldest.Subject)
}
