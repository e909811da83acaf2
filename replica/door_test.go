package replica_test

import (
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/did/webvh"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/record"
	"github.com/bonafide-id/bonafide/replica"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlite"
)

var labStart = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// lab is an issuer that can do everything, also what it should not.
type lab struct {
	t                                *testing.T
	update, next, cred, list, headID key.Private
	log                              *webvh.History
	at                               time.Time
}

func labKey(t *testing.T) key.Private {
	t.Helper()
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newLab(t *testing.T) *lab {
	l := &lab{t: t, update: labKey(t), next: labKey(t), cred: labKey(t), list: labKey(t), headID: labKey(t), at: labStart}
	var err error
	l.log, err = webvh.Create(t.Context(), webvh.CreateOptions{Location: webvh.Location{Host: "uni.example"},
		Document: l.document(nil), Signer: l.update, NextKeys: []key.Public{l.next.Public()}, Now: l.at})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lab) document(last *did.LastHead) webvh.Builder {
	return func(id string) (map[string]any, error) {
		return did.Spec{ID: id, Assertion: []key.Public{l.cred.Public(), l.list.Public()}, Authentication: []key.Public{l.cred.Public()},
			Invocation: []key.Public{l.headID.Public()}, Folder: &did.FolderService{LastHead: last}}.Build()
	}
}

// rotateHead makes a new head key and says which head of the old one counts.
func (l *lab) rotateHead(last *did.LastHead) {
	l.t.Helper()
	l.headID = labKey(l.t)
	fresh := labKey(l.t)
	l.at = l.at.Add(time.Minute)
	h, err := l.log.Update(l.t.Context(), webvh.UpdateOptions{Signer: l.next, NextKeys: []key.Public{fresh.Public()},
		Document: l.document(last), Now: l.at})
	if err != nil {
		l.t.Fatal(err)
	}
	l.log, l.next = h, fresh
}

// chain is a line of heads of one epoch; several may grow from one.
type chain struct {
	l       *lab
	heads   []record.Head
	digests [][32]byte // of heads
}

func (c *chain) grow(paths ...record.Leaf) *chain {
	c.l.t.Helper()
	c.l.at = c.l.at.Add(time.Second)
	m, err := record.NewManifest(paths)
	if err != nil {
		c.l.t.Fatal(err)
	}
	q := replica.HeadRequest{Log: c.l.log, Signer: c.l.headID, Manifest: m, Published: c.l.at}
	if n := len(c.heads); n > 0 {
		q.Previous, q.Digests = &c.heads[n-1], c.digests[:n-1]
	}
	if _, err := rand.Read(q.Instance[:]); err != nil {
		c.l.t.Fatal(err)
	}
	h, err := replica.BuildHead(c.l.t.Context(), q)
	if err != nil {
		c.l.t.Fatal(err)
	}
	c.heads = append(c.heads[:len(c.heads):len(c.heads)], h)
	c.digests = append(c.digests[:len(c.digests):len(c.digests)], h.CID().Digest())
	return c
}

func (c *chain) branch() *chain { d := *c; return &d }

// offer is head n (from 1) with all that proves it.
func (c *chain) offer(n int) replica.Offer {
	return replica.Offer{Source: "peer:x", Head: &replica.HeadOffer{Head: c.heads[n-1].Bytes(), Digests: c.digests[:n-1], Manifest: []byte{}}}
}

func labReplica(t *testing.T, clock *time.Time) *replica.Replica {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "r.db"), sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := replica.New(replica.Config{Store: s, Clock: func() time.Time { return *clock }})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func give(t *testing.T, r *replica.Replica, o replica.Offer, want record.Outcome, why error) {
	t.Helper()
	res := r.Accept(t.Context(), o)
	if res.Outcome != want || why != nil && !errors.Is(res.Err, why) {
		t.Fatalf("%s (%v), want %s (%v)", res.Outcome, res.Err, want, why)
	}
}

func logOffer(b []byte) replica.Offer {
	return replica.Offer{Source: "peer:x", Log: &replica.LogOffer{Log: b}}
}

// After the newer was seen, no order of older offers brings the older back.
func TestNeverGoesBack(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	c := (&chain{l: l}).grow()
	for range 19 {
		c.grow()
	}
	for seed := range uint64(8) {
		r := labReplica(t, &now)
		give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
		rng := mrand.New(mrand.NewPCG(seed, 1))
		best := 0
		for _, i := range rng.Perm(20) {
			res := r.Accept(t.Context(), c.offer(i+1))
			if i+1 > best {
				best = i + 1
				if res.Outcome != record.Fresh {
					t.Fatalf("seed %d: head %d: %s %v", seed, i+1, res.Outcome, res.Err)
				}
			} else if res.Outcome != record.Stale {
				t.Fatalf("seed %d: head %d after %d: %s %v", seed, i+1, best, res.Outcome, res.Err)
			}
			v, err := r.Head(t.Context(), l.log.SCID())
			if err != nil || int(v.Head.Sequence) != best {
				t.Fatalf("seed %d: holds %d, want %d (%v)", seed, v.Head.Sequence, best, err)
			}
		}
	}
}

// A shorter log is stale; another branch is evidence, and the first stays.
func TestLogRollbackAndFork(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	first := l.log
	saved := *l
	l.rotateHead(nil)
	one := l.log
	other := saved
	other.rotateHead(nil)
	r := labReplica(t, &now)
	give(t, r, logOffer(one.Log()), record.Fresh, nil)
	give(t, r, logOffer(one.Log()), record.Known, nil)
	give(t, r, logOffer(first.Log()), record.Stale, webvh.ErrTruncated)
	give(t, r, logOffer(other.log.Log()), record.Forked, replica.ErrForked)
	h, err := r.History(t.Context(), one.SCID())
	if err != nil || h.Latest().VersionID != one.Latest().VersionID {
		t.Fatalf("the pinned branch is gone: %v", err)
	}
	row, err := r.Subject(t.Context(), one.SCID())
	if err != nil || !row.Contested {
		t.Errorf("not contested: %+v %v", row, err)
	}
	list, err := r.Forks(t.Context(), one.SCID())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d pieces of evidence, %v", len(list), err)
	}
	f, err := record.ParseFork(list[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := replica.VerifyFork(f, now); err != nil {
		t.Errorf("the evidence does not prove itself: %v", err)
	}
	// Somebody who holds the other branch takes the evidence too.
	r2 := labReplica(t, &now)
	give(t, r2, replica.Offer{Source: "peer:y", Fork: &f}, record.Pending, replica.ErrNeedsLog)
	give(t, r2, logOffer(other.log.Log()), record.Fresh, nil)
	give(t, r2, replica.Offer{Source: "peer:y", Fork: &f}, record.Forked, nil)
}

// A thief of the head key signs ahead and loses to the next epoch, without a
// manual step on the follower.
func TestHeadThiefLosesToANewEpoch(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	honest := (&chain{l: l}).grow().grow()
	thief := honest.branch()
	for range 5 {
		thief.grow()
	}
	r := labReplica(t, &now)
	give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
	give(t, r, honest.offer(2), record.Fresh, nil)
	give(t, r, thief.offer(7), record.Fresh, nil)
	good := honest.heads[1]
	l.rotateHead(&did.LastHead{Epoch: good.Epoch, Sequence: 2, CID: good.CID().String()})
	fresh := (&chain{l: l}).grow()
	give(t, r, fresh.offer(1), record.Pending, replica.ErrNeedsLog)
	give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
	v, err := r.Head(t.Context(), l.log.SCID())
	if err == nil && v.Head.Sequence > 2 {
		t.Errorf("a voided head %d still counts", v.Head.Sequence)
	}
	give(t, r, fresh.offer(1), record.Fresh, nil)
	give(t, r, thief.offer(7), record.Refused, replica.ErrVoidEpoch)
	if v, err := r.Head(t.Context(), l.log.SCID()); err != nil || v.Head.CID() != fresh.heads[0].CID() {
		t.Errorf("holds %v %v", v, err)
	}
}

// Odd heads to one, even heads to another: when these meet, both see a fork.
func TestAlternatingSequencesSurface(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	common := (&chain{l: l}).grow()
	a, b := common.branch(), common.branch()
	for range 4 {
		a.grow()
		b.grow()
	}
	ra, rb := labReplica(t, &now), labReplica(t, &now)
	for r, steps := range map[*replica.Replica]struct {
		c  *chain
		ns []int
	}{ra: {a, []int{1, 3, 5}}, rb: {b, []int{2, 4}}} {
		give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
		for _, n := range steps.ns {
			give(t, r, steps.c.offer(n), record.Fresh, nil)
		}
	}
	give(t, ra, b.offer(4), record.Forked, replica.ErrForked)
	give(t, rb, a.offer(5), record.Forked, replica.ErrForked)
	for _, r := range []*replica.Replica{ra, rb} {
		if yes, err := r.HeadContested(t.Context(), l.log.SCID()); err != nil || !yes {
			t.Errorf("not contested: %v", err)
		}
		list, err := r.Forks(t.Context(), l.log.SCID())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d pieces of evidence, %v", len(list), err)
		}
		f, err := record.ParseFork(list[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := replica.VerifyFork(f, now); err != nil {
			t.Errorf("the evidence does not prove itself: %v", err)
		}
	}
}

// Each rule of a head broken in one way.
func TestHeadRules(t *testing.T) {
	l := newLab(t)
	c := (&chain{l: l}).grow().grow()
	stranger := newLab(t)
	foreign := (&chain{l: stranger}).grow()
	for _, k := range []struct {
		name string
		now  time.Time
		edit func(*replica.Offer)
		want record.Outcome
		why  error
	}{
		{"good", labStart.Add(time.Hour), nil, record.Fresh, nil},
		{"from the future", labStart.Add(-10 * time.Minute), nil, record.Refused, replica.ErrFuture},
		{"within the tolerance", labStart, nil, record.Fresh, nil},
		{"no history", labStart.Add(time.Hour), func(o *replica.Offer) { o.Head.Digests = nil }, record.Pending, replica.ErrNeedsHistory},
		{"another history", labStart.Add(time.Hour), func(o *replica.Offer) { o.Head.Digests = [][32]byte{{1}} }, record.Refused, record.ErrHistoryRoot},
		{"no manifest", labStart.Add(time.Hour), func(o *replica.Offer) { o.Head.Manifest = nil }, record.Pending, replica.ErrNeedsManifest},
		{"another manifest", labStart.Add(time.Hour), func(o *replica.Offer) {
			m, err := record.NewManifest([]record.Leaf{{Path: "status/1", CID: record.CIDOf(nil), Size: 0}})
			if err != nil {
				t.Fatal(err)
			}
			o.Head.Manifest = m.Encode()
		}, record.Refused, replica.ErrManifest},
		{"issuer not held", labStart.Add(time.Hour), func(o *replica.Offer) { o.Head.Head = foreign.heads[0].Bytes() }, record.Pending, replica.ErrNeedsLog},
		{"byte changed", labStart.Add(time.Hour), func(o *replica.Offer) {
			tree := c.heads[1].Tree()
			tree["published"] = "2026-06-01T12:00:03Z"
			h, err := record.HeadFromTree(tree)
			if err != nil {
				t.Fatal(err)
			}
			o.Head.Head = h.Bytes()
		}, record.Refused, replica.ErrHeadKey},
		{"two things at once", labStart.Add(time.Hour), func(o *replica.Offer) { o.Log = &replica.LogOffer{} }, record.Refused, replica.ErrOffer},
	} {
		t.Run(k.name, func(t *testing.T) {
			now := labStart
			r := labReplica(t, &now)
			give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
			now = k.now
			o := c.offer(2)
			if k.edit != nil {
				k.edit(&o)
			}
			give(t, r, o, k.want, k.why)
		})
	}
}

// A list counts only where the head names it; a revocation that is taken back
// stays, and is evidence.
func TestListsAtTheDoor(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	method := l.log.DID() + "#" + l.list.Public().Multikey()
	list := func(at time.Time, set bool, signer key.Private, url string) []byte {
		bits := revocation.NewBitstring(revocation.MinEntries)
		if set {
			if err := bits.Set(7); err != nil {
				t.Fatal(err)
			}
		}
		b, err := revocation.SignList(t.Context(), revocation.ListSpec{URL: url, Issuer: l.log.DID(), Purpose: revocation.Revocation,
			Bits: bits, ValidFrom: at, ValidUntil: at.AddDate(0, 1, 0)}, signer, method)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	leaf := func(b []byte) record.Leaf {
		return record.Leaf{Path: "status/1", CID: record.CIDOf(b), Size: int64(len(b))}
	}
	file := func(b []byte) replica.Offer {
		return replica.Offer{Source: "peer:x", File: &replica.FileOffer{Subject: l.log.SCID(), Path: "status/1", Body: b}}
	}
	const url = "https://uni.example/status/1"
	revoked, cleared := list(labStart, true, l.list, url), list(labStart.Add(time.Minute), false, l.list, url)
	older := list(labStart.Add(-time.Minute), true, l.list, url)
	forged, elsewhere := list(labStart, false, labKey(t), url), list(labStart, false, l.list, "https://uni.example/status/3")
	r := labReplica(t, &now)
	c := &chain{l: l}
	show := func(b []byte) {
		c.grow(leaf(b))
		m, err := record.NewManifest([]record.Leaf{leaf(b)})
		if err != nil {
			t.Fatal(err)
		}
		o := c.offer(len(c.heads))
		o.Head.Manifest = m.Encode()
		give(t, r, o, record.Fresh, nil)
	}
	give(t, r, file(revoked), record.Pending, replica.ErrNeedsLog)
	give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
	give(t, r, file(revoked), record.Pending, replica.ErrNotNamed)
	show(revoked)
	give(t, r, file(cleared), record.Stale, replica.ErrNotNamed)
	give(t, r, file(revoked), record.Fresh, nil)
	give(t, r, file(revoked), record.Known, nil)
	for _, bad := range [][]byte{older, forged, elsewhere} {
		show(bad)
		give(t, r, file(bad), record.Refused, replica.ErrFile)
	}
	show(cleared)
	if v, err := r.File(t.Context(), l.log.SCID(), "status/1"); err != nil || v.State != replica.Changed {
		t.Errorf("before the newest came: %+v %v", v, err)
	}
	give(t, r, file(cleared), record.Fresh, nil)
	v, err := r.File(t.Context(), l.log.SCID(), "status/1")
	if err != nil || v.State != replica.Current || !v.WentBack {
		t.Fatalf("%+v %v", v, err)
	}
	if set, err := revocation.FromBytes(v.Sticky).Get(7); err != nil || !set {
		t.Error("the revocation that was seen is forgotten")
	}
	if _, path, err := r.Locate(t.Context(), l.log.DID(), url); err != nil || path != "status/1" {
		t.Errorf("locate: %q %v", path, err)
	}
	if _, _, err := r.Locate(t.Context(), l.log.DID(), "https://evil.example/status/1"); !errors.Is(err, replica.ErrUnknown) {
		t.Errorf("a foreign URL was located: %v", err)
	}
}

// A domain counts as seen only for the host and observer that saw it.
func TestDomainIsSeenOrClaimed(t *testing.T) {
	l := newLab(t)
	now := labStart.Add(time.Hour)
	r := labReplica(t, &now)
	give(t, r, logOffer(l.log.Log()), record.Fresh, nil)
	scid := l.log.SCID()
	seen := func(host string, observers ...string) bool {
		s, err := r.Seen(t.Context(), scid, host, observers...)
		if err != nil {
			t.Fatal(err)
		}
		return s != nil
	}
	if seen("uni.example") {
		t.Error("proven without a sighting")
	}
	if err := r.Sight(t.Context(), store.Sighting{Subject: scid, Host: "uni.example", URL: "https://uni.example/x", Observer: "stranger", At: 1}); err != nil {
		t.Fatal(err)
	}
	if seen("uni.example") || !seen("uni.example", "stranger") || seen("other.example", "stranger") {
		t.Error("a stranger's sighting counts wrongly")
	}
}
