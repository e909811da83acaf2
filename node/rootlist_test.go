package node

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/legal/roots"
)

// A ministry publishes a list of roots; another node adopts it by its fingerprint and
// follows it: a new root counts, one that was taken off does not, and neither an
// unsigned list nor an old one changes anything.
func TestRootList(t *testing.T) {
	ministry := begin(t, settings(t), "ministry.example", "Ministry")
	hub := ministry.Info(t.Context()).Addrs[0]
	agency := begin(t, settings(t, hub), "agency.example", "Agency")
	employer := begin(t, settings(t, hub), "", "")
	for _, n := range []*started{ministry, agency} {
		until(t, "they may sign", func() bool { return n.Info(t.Context()).Issuers[0].Signing })
	}
	var keys []key.Private
	var names []string
	for range 3 {
		k, err := key.Generate(key.Ed25519, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys, names = append(keys, k), append(names, k.Public().Multikey())
	}
	list := func(version int64, by int, entries ...roots.Root) []byte {
		now := time.Now().UTC().Truncate(time.Second)
		l := &roots.List{Publisher: didOf(t, ministry), Name: "Accreditors", Version: version, Issued: now, Expires: now.Add(time.Hour),
			Threshold: 2, Keys: names, Roots: entries}
		for _, k := range keys[:by] {
			if err := l.Sign(t.Context(), k, now); err != nil {
				t.Fatal(err)
			}
		}
		b, err := l.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	entry := roots.Root{DID: didOf(t, agency), Name: "The agency", Axes: []string{AxisIdentity, AxisAuthorisation}}
	for _, c := range []struct {
		name string
		list []byte
		want error
	}{
		{"too few signatures", list(1, 1, entry), roots.ErrThreshold},
		{"the second before the first", list(2, 2, entry), roots.ErrGap},
		{"no list", []byte("{}"), roots.ErrForm},
	} {
		if _, err := try[RootList](ministry.Node, OpRootsPublish, RootsPublishRequest{List: c.list}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	published := call[RootList](t, ministry.Node, OpRootsPublish, RootsPublishRequest{List: list(1, 2, entry)})
	if _, err := try[RootList](ministry.Node, OpRootsPublish, RootsPublishRequest{List: list(1, 2)}); !errors.Is(err, roots.ErrFork) {
		t.Errorf("another version 1: %v", err)
	}

	var shown RootList
	until(t, "the employer sees the list", func() bool {
		var err error
		shown, err = try[RootList](employer.Node, OpTrustAdopt, AdoptRequest{DID: didOf(t, ministry)})
		return err == nil
	})
	if shown.Adopted || shown.Fingerprint != published.Fingerprint || len(call[TrustList](t, employer.Node, OpTrustList, Empty{}).Roots) != 0 {
		t.Fatalf("shown is adopted: %+v", shown)
	}
	if _, err := try[RootList](employer.Node, OpTrustAdopt, AdoptRequest{DID: didOf(t, ministry), Fingerprint: "00" + published.Fingerprint[2:]}); !errors.Is(err, roots.ErrFingerprint) && published.Fingerprint[:2] != "00" {
		t.Errorf("another fingerprint: %v", err)
	}
	call[RootList](t, employer.Node, OpTrustAdopt, AdoptRequest{DID: didOf(t, ministry), Fingerprint: published.Fingerprint})
	trusted := func() []TrustRoot { return call[TrustList](t, employer.Node, OpTrustList, Empty{}).Roots }
	if got := trusted(); len(got) != 1 || got[0].DID != didOf(t, agency) || got[0].List != "Accreditors" {
		t.Fatalf("%+v", got)
	}
	if _, err := try[TrustList](employer.Node, OpTrustRemove, TrustRequest{DID: didOf(t, agency)}); !errors.Is(err, ErrRequest) {
		t.Errorf("a root of the list was removed by itself: %v", err)
	}
	// The operator's own choice about the same root comes first, and is what is written.
	call[TrustList](t, employer.Node, OpTrustAdd, TrustRequest{DID: didOf(t, agency), Name: "Mine", Axes: []string{AxisIdentity}})
	if got := trusted(); len(got) != 1 || got[0].Name != "Mine" {
		t.Errorf("%+v", got)
	}
	call[TrustList](t, employer.Node, OpTrustRemove, TrustRequest{DID: didOf(t, agency)})

	call[RootList](t, ministry.Node, OpRootsPublish, RootsPublishRequest{List: list(2, 2)})
	until(t, "the root that was taken off counts no more", func() bool {
		up := call[TrustUpdate](t, employer.Node, OpTrustUpdate, TrustUpdateRequest{})
		return len(up.Lists) == 1 && up.Lists[0].After == 2 && len(trusted()) == 0
	})
	if _, err := try[TrustUpdate](employer.Node, OpTrustUpdate, TrustUpdateRequest{Web: true}); !errors.Is(err, ErrRequest) {
		t.Errorf("the web was asked without the setting: %v", err)
	}
	// Dropped and adopted again, it goes on from where it was.
	call[TrustList](t, employer.Node, OpTrustDrop, AdoptRequest{DID: didOf(t, ministry)})
	if l := call[RootList](t, employer.Node, OpTrustAdopt, AdoptRequest{DID: didOf(t, ministry), Fingerprint: published.Fingerprint}); l.Version != 2 {
		t.Errorf("version %d", l.Version)
	}
}

// Past its term an adopted list counts for nothing.
func TestRootListExpired(t *testing.T) {
	now := time.Now()
	cfg := settings(t)
	n := begin(t, cfg, "ministry.example", "Ministry")
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issued := now.UTC().Add(-2 * time.Hour).Truncate(time.Second)
	l := &roots.List{Publisher: didOf(t, n), Name: "Old", Version: 1, Issued: issued, Expires: issued.Add(time.Hour), Threshold: 1,
		Keys: []string{k.Public().Multikey()}, Roots: []roots.Root{{DID: "did:web:agency.example", Name: "Agency", Axes: []string{AxisIdentity}}}}
	if err := l.Sign(t.Context(), k, issued); err != nil {
		t.Fatal(err)
	}
	body, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	s, err := roots.Restore(body)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.keepRoots(t.Context(), subjectOf(l.Publisher), s); err != nil {
		t.Fatal(err)
	}
	if err := n.writeTrust(trustFile{Lists: []adopted{{Publisher: l.Publisher, Axes: []string{AxisIdentity}}}}); err != nil {
		t.Fatal(err)
	}
	got := call[TrustList](t, n.Node, OpTrustList, Empty{})
	if len(got.Roots) != 0 || len(got.Lists) != 1 || got.Lists[0].Problem == "" {
		t.Errorf("%+v", got)
	}
}
