package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// CheckHead verifies a head against a log and nothing else: that it is signed
// under a version of the log by a key which that version lists under
// capabilityInvocation, and that it names the epoch of that key. Errors:
// ErrNeedsLog, ErrHeadKey, ErrHeadEpoch.
func CheckHead(h *webvh.History, head record.Head) error {
	if head.Subject() != h.SCID() {
		return fmt.Errorf("%w: the head is of %s", ErrHeadKey, head.Subject())
	}
	e, ok := version(h, head.VersionID)
	if !ok {
		return fmt.Errorf("%w: version %s", ErrNeedsLog, head.VersionID)
	}
	vm, ok := headKey(h, head)
	if !ok {
		return fmt.Errorf("%w: %s in version %s", ErrHeadKey, head.VerificationMethod(), head.VersionID)
	}
	tree := head.Tree()
	p, _ := tree["proof"].(map[string]any)
	delete(tree, "proof")
	if err := proof.VerifyJCS(tree, p, vm.Key); err != nil {
		return fmt.Errorf("%w: %w", ErrHeadKey, err)
	}
	epoch, ok := h.KeyEpoch(vm.Key, did.CapabilityInvocation, e.Number)
	if !ok || epoch.VersionID != head.Epoch {
		return fmt.Errorf("%w: %s where the key's is %s", ErrHeadEpoch, head.Epoch, epoch.VersionID)
	}
	return nil
}

// version finds an entry by its versionId.
func version(h *webvh.History, id string) (webvh.Entry, bool) {
	for i := h.Len() - 1; i >= 0; i-- {
		if e := h.Entry(i); e.VersionID == id {
			return e, true
		}
	}
	return webvh.Entry{}, false
}

// headKey finds the key of a head in the version that it is signed under. The
// head's issuer must be the identifier's name in that version.
func headKey(h *webvh.History, head record.Head) (did.VerificationMethod, bool) {
	e, ok := version(h, head.VersionID)
	if !ok {
		return did.VerificationMethod{}, false
	}
	doc, err := did.ParseDocument(e.State)
	if err != nil || doc.ID() != head.Issuer {
		return did.VerificationMethod{}, false
	}
	vm, err := doc.Method(head.VerificationMethod(), did.CapabilityInvocation)
	return vm, err == nil
}

// acceptHead judges a head in the order that the protocol fixes.
func (r *Replica) acceptHead(ctx context.Context, o Offer) Result {
	head, err := record.ParseHead(o.Head.Head)
	if err != nil {
		return refused("", err)
	}
	subject := head.Subject()
	defer r.lock(subject)()
	h, err := r.History(ctx, subject)
	if errors.Is(err, ErrUnknown) {
		return pending(subject, NeedLog, ErrNeedsLog)
	}
	if err != nil {
		return refused(subject, err)
	}
	switch err := CheckHead(h, head); {
	case errors.Is(err, ErrNeedsLog):
		return pending(subject, NeedLog, err)
	case err != nil:
		return refused(subject, err)
	}
	held, err := r.latest(ctx, subject)
	if err != nil {
		return refused(subject, err)
	}
	if !current(h, head) {
		// The log outranks heads: this epoch is over.
		if int64(head.Sequence) <= lastGood(h, head.Epoch) && (held == nil || earlier(head, held.Head)) {
			return stale(subject, ErrVoidEpoch)
		}
		if held == nil || held.Head.CID() != head.CID() {
			return refused(subject, ErrVoidEpoch)
		}
	}
	if head.Published.After(r.cfg.Clock().Add(r.cfg.Skew)) {
		return refused(subject, fmt.Errorf("%w: %s", ErrFuture, proof.FormatTime(head.Published)))
	}
	if held != nil {
		if res, done := r.againstHeld(ctx, o, h, head, held); done {
			return res
		}
	}
	return r.newHead(ctx, o, h, head, held)
}

// earlier orders heads: by epoch, then by sequence.
func earlier(a, b record.Head) bool {
	if a.EpochNumber() != b.EpochNumber() {
		return a.EpochNumber() < b.EpochNumber()
	}
	return a.Sequence < b.Sequence
}

// againstHeld settles heads that are not newer than the one held.
func (r *Replica) againstHeld(ctx context.Context, o Offer, h *webvh.History, head record.Head, held *HeadView) (Result, bool) {
	subject := head.Subject()
	switch {
	case head.CID() == held.Head.CID():
		return Result{Outcome: record.Known, Subject: subject}, true
	case head.EpochNumber() < held.Head.EpochNumber():
		return stale(subject, nil), true
	case head.EpochNumber() > held.Head.EpochNumber():
		return Result{}, false
	case head.Sequence > held.Head.Sequence:
		if head.Published.Before(held.Head.Published) {
			return refused(subject, ErrTime), true
		}
		return Result{}, false
	}
	digests, err := r.Digests(ctx, subject, held.EpochVersion, 0, -1)
	if err != nil {
		return refused(subject, err), true
	}
	if head.Sequence < held.Head.Sequence && digests[head.Sequence-1] == head.CID().Digest() {
		return stale(subject, nil), true
	}
	// Another head in a place that is taken: the issuer, or whoever has its
	// head key, told two stories.
	var place *record.Place
	if head.Sequence+1 < held.Head.Sequence {
		history, err := record.NewHistory(digests)
		if err != nil {
			return refused(subject, err), true
		}
		path, err := history.InclusionProof(int(head.Sequence-1), len(digests))
		if err != nil {
			return refused(subject, err), true
		}
		place = &record.Place{Digest: digests[head.Sequence-1], Proof: path}
	}
	f, err := record.NewHeadFork(lines(h, h.Len()), held.Head, head, head.Sequence, place, nil)
	if err != nil {
		return refused(subject, err), true
	}
	r.ownConflict(o, head, true)
	return r.keepFork(ctx, o.Source, f), true
}

// newHead takes a head that is later than the one held, or the first.
func (r *Replica) newHead(ctx context.Context, o Offer, h *webvh.History, head record.Head, held *HeadView) Result {
	subject := head.Subject()
	digests, res, ok := r.wholeHistory(ctx, o, head, held)
	if !ok {
		return res
	}
	if held != nil && held.Head.Epoch == head.Epoch {
		err := record.CheckExtends(held.Head, digests, head)
		switch {
		case errors.Is(err, record.ErrNotInHistory), errors.Is(err, record.ErrInconsistent):
			mine, derr := r.Digests(ctx, subject, held.EpochVersion, 0, -1)
			if derr != nil {
				return refused(subject, derr)
			}
			f, ferr := record.FindHeadFork(lines(h, h.Len()), held.Head, mine, head, digests)
			if ferr != nil {
				return refused(subject, err)
			}
			r.ownConflict(o, head, true)
			return r.keepFork(ctx, o.Source, f)
		case err != nil:
			return refused(subject, err)
		}
	} else if err := record.CheckFirst(digests, head); err != nil {
		return refused(subject, err)
	}
	manifest, res, ok := r.manifestFor(ctx, o, head, held)
	if !ok {
		return res
	}
	if err := r.keepHead(ctx, head, held, digests, manifest); err != nil {
		return refused(subject, err)
	}
	r.ownConflict(o, head, false)
	r.log.Info("kept a head", "subject", subject, "epoch", head.EpochNumber(), "sequence", head.Sequence, "source", o.Source)
	r.changed(Change{Subject: subject, Head: &head, Source: o.Source})
	return Result{Outcome: record.Fresh, Subject: subject}
}

// ownConflict reports a head under an own key that came from elsewhere.
func (r *Replica) ownConflict(o Offer, head record.Head, forked bool) {
	if o.Source != SourceOwn && r.own(head.Subject()) && r.cfg.OnOwnConflict != nil {
		r.cfg.OnOwnConflict(head.Subject(), head, forked)
	}
}

// wholeHistory puts the digests that came after those that are held.
func (r *Replica) wholeHistory(ctx context.Context, o Offer, head record.Head, held *HeadView) ([][32]byte, Result, bool) {
	subject := head.Subject()
	need := int(head.Sequence - 1)
	var have [][32]byte
	if held != nil && held.Head.Epoch == head.Epoch {
		mine, err := r.Digests(ctx, subject, held.EpochVersion, 0, -1)
		if err != nil {
			return nil, refused(subject, err), false
		}
		have = append(mine, held.Head.CID().Digest())
	}
	from, sent := o.Head.From, o.Head.Digests
	switch {
	case from < 0 || from > need || from+len(sent) > need:
		return nil, refused(subject, record.ErrHistoryLength), false
	case from+len(sent) < need && len(have) >= need:
		return have[:need], Result{}, true
	case from+len(sent) < need:
		return nil, pending(subject, NeedHistory, ErrNeedsHistory), false
	case from == 0:
		return sent, Result{}, true // all of it, to be compared with what is held
	case from > len(have):
		return nil, pending(subject, NeedHistory, ErrNeedsHistory), false
	}
	return append(have[:from:from], sent...), Result{}, true
}

// manifestFor finds the manifest behind a head: the one that came, or the one
// held when the root is the same.
func (r *Replica) manifestFor(ctx context.Context, o Offer, head record.Head, held *HeadView) ([]byte, Result, bool) {
	subject := head.Subject()
	m := o.Head.Manifest
	if m == nil {
		if held == nil || held.Head.Root != head.Root {
			return nil, pending(subject, NeedManifest, ErrNeedsManifest), false
		}
		var err error
		if m, err = r.manifestBytes(ctx, subject, held.Head.CID()); err != nil {
			return nil, refused(subject, err), false
		}
	}
	parsed, err := record.ParseManifest(m)
	if err != nil {
		return nil, refused(subject, err), false
	}
	if len(parsed) != head.Leaves || parsed.Root() != head.Root {
		return nil, refused(subject, ErrManifest), false
	}
	return m, Result{}, true
}

// keepHead stores a head with all that proves it, in one transaction, and
// drops the files that it no longer names.
func (r *Replica) keepHead(ctx context.Context, head record.Head, held *HeadView, digests [][32]byte, manifest []byte) error {
	subject, epoch := head.Subject(), int64(head.EpochNumber())
	parsed, err := record.ParseManifest(manifest)
	if err != nil {
		return err
	}
	now := r.cfg.Clock().UnixMilli()
	return r.store.Update(ctx, "", func(tx store.Tx) error {
		if err := unmoved(tx, subject, held); err != nil {
			return err
		}
		row := store.Head{Subject: subject, EpochVersion: epoch, Epoch: head.Epoch, Sequence: int64(head.Sequence),
			CID: head.CID().String(), Body: bytes.Clone(head.Bytes()), AcceptedAt: now, Published: head.Published.UnixMilli()}
		if !head.Final {
			row.Expires = head.Expires.UnixMilli()
		}
		if err := tx.PutHead(row); err != nil {
			return err
		}
		have, err := tx.HistoryLen(subject, epoch)
		if err != nil {
			return err
		}
		if have < int64(len(digests)) {
			if err := tx.AppendHistory(subject, epoch, have, slicesOf(digests[have:])); err != nil {
				return err
			}
		}
		cid := record.CIDOf(manifest).String()
		if err := tx.PutBlob(cid, manifest); err != nil {
			return err
		}
		if err := tx.PutManifest(store.Manifest{Subject: subject, HeadCID: row.CID, CID: cid}); err != nil {
			return err
		}
		if err := dropUnnamed(tx, subject, parsed); err != nil {
			return err
		}
		if _, err := tx.TrimHeads(subject, 4); err != nil {
			return err
		}
		s, err := tx.GetSubject(subject)
		if err != nil {
			return err
		}
		s.Updated = now
		return tx.PutSubject(s)
	})
}

func slicesOf(digests [][32]byte) [][]byte {
	out := make([][]byte, len(digests))
	for i := range digests {
		out[i] = digests[i][:]
	}
	return out
}

// dropUnnamed removes files that a new head no longer names. The log and its
// witness file stay: they are true without a head.
func dropUnnamed(tx store.Tx, subject string, m record.Manifest) error {
	for after := ""; ; {
		page, err := tx.ListFiles(subject, "", after, 0)
		if err != nil {
			return err
		}
		for _, f := range page {
			after = f.Path
			if f.Path == PathLog || f.Path == PathWitness {
				continue
			}
			if _, named := m.Find(f.Path); !named {
				if err := tx.DeleteFile(subject, f.Path); err != nil {
					return err
				}
			}
		}
		if len(page) == 0 {
			return nil
		}
	}
}
