package replica

import (
	"context"
	"fmt"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/proof"
	"github.com/bonafide-id/bonafide/record"
)

// HeadLifetime is how long a head is good for, unless it is renewed.
const HeadLifetime = 7 * 24 * time.Hour

// HeadRequest says what head to build.
type HeadRequest struct {
	Log      *webvh.History
	Signer   key.Signer
	Manifest record.Manifest
	// Previous is the newest head of the same epoch, nil for the first; and
	// Digests are those of all heads before it.
	Previous  *record.Head
	Digests   [][32]byte
	Published time.Time
	Lifetime  time.Duration // zero: HeadLifetime
	Final     bool
	Instance  [16]byte
}

// BuildHead makes and signs the next head: its sequence is the previous plus
// one, its history covers every head before it in the epoch of the signing
// key. The error is ErrSigner when the newest document does not list the key
// under capabilityInvocation.
func BuildHead(ctx context.Context, q HeadRequest) (record.Head, error) {
	doc, err := document(q.Log)
	if err != nil {
		return record.Head{}, err
	}
	vm, ok := doc.FindKey(q.Signer.Public(), did.CapabilityInvocation)
	if !ok {
		return record.Head{}, fmt.Errorf("%w: %s", ErrSigner, q.Signer.Public().Multikey())
	}
	number := lastLive(q.Log)
	epoch, ok := q.Log.KeyEpoch(vm.Key, did.CapabilityInvocation, number)
	if !ok {
		return record.Head{}, fmt.Errorf("%w: no epoch", ErrSigner)
	}
	h := record.Head{Issuer: doc.ID(), Epoch: epoch.VersionID, Sequence: 1, History: record.EmptyRoot(),
		Root: q.Manifest.Root(), Leaves: len(q.Manifest), Published: q.Published.UTC().Truncate(time.Second),
		Final: q.Final, Instance: q.Instance}
	for i := q.Log.Len() - 1; i >= 0; i-- {
		if e := q.Log.Entry(i); e.Number == number {
			h.VersionID = e.VersionID
		}
	}
	if !q.Final {
		life := q.Lifetime
		if life <= 0 {
			life = HeadLifetime
		}
		h.Expires = h.Published.Add(life.Truncate(time.Second))
	}
	if p := q.Previous; p != nil && p.Epoch == h.Epoch {
		h.Sequence, h.Previous = p.Sequence+1, p.CID()
		history, err := record.NewHistory(append(q.Digests[:len(q.Digests):len(q.Digests)], p.CID().Digest()))
		if err != nil {
			return record.Head{}, err
		}
		if h.History, err = history.Root(history.Len()); err != nil {
			return record.Head{}, err
		}
		if h.Published.Before(p.Published) {
			return record.Head{}, fmt.Errorf("%w: the clock went back behind the last head", ErrTime)
		}
	}
	tree, err := h.Unsigned()
	if err != nil {
		return record.Head{}, err
	}
	p, err := proof.SignJCS(ctx, tree, map[string]any{
		"verificationMethod": vm.ID, "proofPurpose": proof.CapabilityInvocation,
		"created": proof.FormatTime(h.Published)}, q.Signer)
	if err != nil {
		return record.Head{}, fmt.Errorf("replica: sign head: %w", err)
	}
	tree["proof"] = p
	return record.HeadFromTree(tree)
}
