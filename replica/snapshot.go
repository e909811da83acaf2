package replica

import (
	"fmt"
	"sync"
	"time"

	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/store"
)

// maxKeptLeaves bounds the manifests that are kept parsed, in entries of all
// together: as many as the largest may have, some 11 MB.
const maxKeptLeaves = record.MaxLeaves

// snapshot is the newest head of a subject with what it names.
type snapshot struct {
	HeadView
	manifest record.Manifest
}

// snapshots keeps parsed heads and manifests. What a head names never changes,
// so that an entry is right as long as the store says that its head is the
// newest; that is asked each time.
type snapshots struct {
	mu     sync.Mutex
	kept   map[string]*snapshot // by subject
	order  []string             // least recently used first
	leaves int
}

func (s *snapshots) get(subject, cid string) *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.kept[subject]
	if snap == nil || snap.Head.CID().String() != cid {
		return nil
	}
	s.touch(subject)
	return snap
}

func (s *snapshots) put(subject string, snap *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = make(map[string]*snapshot)
	}
	s.drop(subject)
	s.kept[subject], s.leaves = snap, s.leaves+len(snap.manifest)+1
	s.order = append(s.order, subject)
	for s.leaves > maxKeptLeaves && len(s.order) > 1 {
		s.drop(s.order[0])
	}
}

// touch moves a subject to the end; the caller holds mu.
func (s *snapshots) touch(subject string) {
	if n := len(s.order); n > 0 && s.order[n-1] == subject {
		return
	}
	for i, e := range s.order {
		if e == subject {
			s.order = append(append(s.order[:i:i], s.order[i+1:]...), subject)
			return
		}
	}
}

// drop forgets a subject; the caller holds mu.
func (s *snapshots) drop(subject string) {
	snap := s.kept[subject]
	if snap == nil {
		return
	}
	delete(s.kept, subject)
	s.leaves -= len(snap.manifest) + 1
	for i, e := range s.order {
		if e == subject {
			s.order = append(s.order[:i:i], s.order[i+1:]...)
			return
		}
	}
}

// snapshot reads the newest head and its manifest in the caller's transaction,
// so that both are of one moment. The error is store.ErrNotFound when there is
// no head.
func (r *Replica) snapshot(tx store.Tx, subject string) (*snapshot, error) {
	row, err := tx.LatestHead(subject)
	if err != nil {
		return nil, err
	}
	if snap := r.snaps.get(subject, row.CID); snap != nil {
		return snap, nil
	}
	view, err := viewOf(row)
	if err != nil {
		return nil, err
	}
	m, err := tx.GetManifest(subject, row.CID)
	if err != nil {
		return nil, missingPart(err)
	}
	b, err := tx.GetBlob(m.CID)
	if err != nil {
		return nil, missingPart(err)
	}
	snap := &snapshot{HeadView: *view}
	if snap.manifest, err = record.ParseManifest(b); err != nil {
		return nil, err
	}
	r.snaps.put(subject, snap)
	return snap, nil
}

// missingPart tells a head without its manifest from no head at all: the two are
// written in one transaction.
func missingPart(err error) error {
	return fmt.Errorf("%w: the manifest of a head: %v", store.ErrCorrupt, err)
}

// viewOf reads the row of a head.
func viewOf(row store.Head) (*HeadView, error) {
	head, err := record.ParseHead(row.Body)
	if err != nil {
		return nil, fmt.Errorf("replica: head of %s: %w: %w", row.Subject, store.ErrCorrupt, err)
	}
	return &HeadView{Head: head, EpochVersion: row.EpochVersion, AcceptedAt: time.UnixMilli(row.AcceptedAt).UTC()}, nil
}
