package webvh

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/internal/strictjson"
	"github.com/bonafide-id/bonafide/key"
)

var writeNow = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

func keysOf(t testing.TB, names ...string) (out []key.Public) {
	t.Helper()
	for _, n := range names {
		out = append(out, testKey(t, n).Public())
	}
	return out
}

// issuerDoc is the document of an issuer as init makes it.
func issuerDoc(t testing.TB, folder *did.FolderService) Builder {
	return func(id string) (map[string]any, error) {
		return did.Spec{
			ID: id, Assertion: keysOf(t, "credential", "list"), Invocation: keysOf(t, "head"), Folder: folder,
		}.Build()
	}
}

func createOptions(t testing.TB) CreateOptions {
	t.Helper()
	return CreateOptions{
		Location: Location{Host: "uni.example"},
		Document: issuerDoc(t, &did.FolderService{Peers: []string{"/ip4/192.0.2.1/tcp/4001"}}),
		Signer:   testKey(t, "u1"), NextKeys: keysOf(t, "u2"), Now: writeNow,
	}
}

func create(t testing.TB, change func(o *CreateOptions)) *History {
	t.Helper()
	o := createOptions(t)
	if change != nil {
		change(&o)
	}
	h, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func update(t testing.TB, h *History, o UpdateOptions) *History {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = h.Latest().Time.Add(time.Hour)
	}
	next, err := h.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Verify(next.Log(), nil, VerifyOptions{Now: o.Now.Add(time.Hour), DID: next.DID()}); err == nil && Compare(again, next).Kind != Equal {
		t.Fatal("the log on disk is another history")
	}
	return next
}

func TestCreateDefaults(t *testing.T) {
	h := create(t, nil)
	p := h.Active()
	if !p.Portable || len(p.NextKeyHashes) != 1 || p.NextKeyHashes[0] != mkHash(t, "u2") || !slices.Equal(p.UpdateKeys, []string{mk(t, "u1")}) ||
		p.Witness.Active() || p.TTL != 3600 || p.Method != "did:webvh:1.0" || p.Deactivated {
		t.Errorf("%+v", p)
	}
	if len(h.Warnings()) != 0 {
		t.Errorf("%q", h.Warnings())
	}
	if strings.Contains(string(h.Log()), "{SCID}") {
		t.Error("the placeholder is left")
	}
	if h.Latest().Time != writeNow.Truncate(time.Second) {
		t.Error(h.Latest().Time)
	}
	res, err := h.Resolve(did.Options{}, "")
	if err != nil {
		t.Fatal(err)
	}
	doc := res.Document
	for name, tc := range map[string]struct {
		rel  did.Relationship
		want bool
	}{
		"credential": {did.AssertionMethod, true}, "list": {did.AssertionMethod, true}, "head": {did.CapabilityInvocation, true},
	} {
		k := testKey(t, name).Public()
		for _, rel := range did.Relationships() {
			if _, ok := doc.FindKey(k, rel); ok != (rel == tc.rel) {
				t.Errorf("%s key under %s: %v", name, rel, ok)
			}
		}
		if _, err := doc.Method(h.DID()+"#"+k.Multikey(), tc.rel); err != nil {
			t.Error(err)
		}
	}
	if f, ok := did.Folder(doc); !ok || len(f.Peers) != 1 || f.LastHead != nil {
		t.Errorf("folder %+v, %v", f, ok)
	}
	if strings.Contains(string(h.Log()), mk(t, "u2")) {
		t.Error("the next key is shown, not only its hash")
	}
}

func TestCreateOptions(t *testing.T) {
	ttl := 60
	h := create(t, func(o *CreateOptions) {
		o.Location = Location{Host: "host.example", Port: 8443, Path: []string{"schools", "École 1"}}
		o.NoPreRotation, o.NextKeys, o.NotPortable = true, nil, true
		o.MoreKeys = keysOf(t, "u9", "u1")
		o.TTL, o.Watchers = &ttl, []string{"https://w.example"}
	})
	p := h.Active()
	if p.Portable || len(p.NextKeyHashes) != 0 || len(p.UpdateKeys) != 2 || p.TTL != 60 || len(p.Watchers) != 1 {
		t.Errorf("%+v", p)
	}
	if h.DID() != "did:webvh:"+h.SCID()+":host.example%3A8443:schools:%C3%89cole%201" {
		t.Error(h.DID())
	}
	for name, tc := range map[string]struct {
		change func(o *CreateOptions)
		want   error
	}{
		"no signer":        {func(o *CreateOptions) { o.Signer = nil }, ErrSigner},
		"P-256 signer":     {func(o *CreateOptions) { o.Signer = p256(t) }, ErrSigner},
		"no next key":      {func(o *CreateOptions) { o.NextKeys = nil }, ErrPreRotation},
		"no document":      {func(o *CreateOptions) { o.Document = nil }, ErrParameter},
		"no time":          {func(o *CreateOptions) { o.Now = time.Time{} }, ErrParameter},
		"no host":          {func(o *CreateOptions) { o.Location.Host = "" }, ErrID},
		"IP address":       {func(o *CreateOptions) { o.Location.Host = "127.0.0.1" }, ErrID},
		"localhost":        {func(o *CreateOptions) { o.Location.Host = "localhost" }, ErrID},
		"U-label":          {func(o *CreateOptions) { o.Location.Host = "bücher.example" }, ErrID},
		"port":             {func(o *CreateOptions) { o.Location.Port = 70000 }, ErrID},
		"dot segment":      {func(o *CreateOptions) { o.Location.Path = []string{".."} }, ErrID},
		"bad ttl":          {func(o *CreateOptions) { n := -1; o.TTL = &n }, ErrParameter},
		"bad watcher":      {func(o *CreateOptions) { o.Watchers = []string{"w"} }, ErrParameter},
		"bad witness":      {func(o *CreateOptions) { o.Witness = Witness{2, []string{"did:key:x"}} }, ErrWitnessProof},
		"document of else": {func(o *CreateOptions) { o.Document = issuerDocAs("did:web:x.example") }, ErrState},
		"not UTF-8": {func(o *CreateOptions) {
			o.Document = func(id string) (map[string]any, error) { return tree{"id": id, "x": "\xff"}, nil }
		}, ErrState},
	} {
		t.Run(name, func(t *testing.T) {
			o := createOptions(t)
			tc.change(&o)
			if _, err := Create(t.Context(), o); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	o := createOptions(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Create(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func issuerDocAs(id string) Builder {
	return func(string) (map[string]any, error) { return tree{"id": id}, nil }
}

// The whole life of an identifier: rotate, change, move, end pre-rotation,
// begin it again, close.
func TestLife(t *testing.T) {
	h := create(t, nil)
	born := h.DID()
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u2"), NextKeys: keysOf(t, "u3", "spare")})
	if !slices.Equal(h.Active().UpdateKeys, []string{mk(t, "u2")}) || len(h.Active().NextKeyHashes) != 2 {
		t.Errorf("rotated: %+v", h.Active())
	}
	voided := &did.FolderService{Peers: []string{}, LastHead: &did.LastHead{Epoch: h.Latest().VersionID, Sequence: 7, CID: "bafk"}}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u3"), NextKeys: keysOf(t, "u4"), Document: issuerDoc(t, voided)})
	res, err := h.Resolve(did.Options{}, "")
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := did.Folder(res.Document); !ok || f.LastHead == nil || *f.LastHead != *voided.LastHead {
		t.Errorf("folder %+v, %v", f, ok)
	}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u4"), NextKeys: keysOf(t, "u5"), Move: &Location{Host: "new.example", Path: []string{"x"}}})
	if h.DID() != strings.Replace(born, "uni.example", "new.example:x", 1) {
		t.Error(h.DID())
	}
	if res, err = h.Resolve(did.Options{}, born); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(res.Document.AlsoKnownAs(), born) {
		t.Error("the former name is missing")
	}
	for _, name := range []string{"credential", "list"} {
		url := "#" + mk(t, name)
		if _, err := res.Document.Method(h.DID()+url, did.AssertionMethod); err != nil {
			t.Error(err)
		}
		if m, err := res.Method(born+url, did.AssertionMethod); err != nil || m.ID != h.DID()+url {
			t.Errorf("by the former name: %v", err)
		}
	}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u5"), StopPreRotation: true})
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u5")})
	if len(h.Latest().Params.NextKeyHashes) != 0 || !strings.Contains(string(h.Latest().Line), `"parameters":{}`) {
		t.Errorf("%s", h.Latest().Line)
	}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u5"), UpdateKeys: keysOf(t, "u6"), NextKeys: keysOf(t, "u7")})
	ttl, watchers := 0, []string{"https://w.example"}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u7"), NextKeys: keysOf(t, "u8"), TTL: &ttl, Watchers: &watchers, NotPortable: true})
	if p := h.Active(); p.TTL != 0 || len(p.Watchers) != 1 || p.Portable {
		t.Errorf("%+v", p)
	}
	before := h.Len()
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u8"), Deactivate: true})
	if !h.Deactivated() || h.Len() != before+2 || len(h.Active().UpdateKeys) != 0 {
		t.Errorf("closed: %+v after %d entries", h.Active(), h.Len()-before)
	}
	if _, err := h.Update(t.Context(), UpdateOptions{Signer: testKey(t, "u8"), Now: writeNow}); !errors.Is(err, ErrDeactivated) {
		t.Errorf("update of a closed identifier: %v", err)
	}
	// A fresh reader takes all of it.
	if _, err := Verify(h.Log(), nil, VerifyOptions{DID: born}); err != nil {
		t.Error(err)
	}
}

func TestUpdateRefuses(t *testing.T) {
	plainRotation := create(t, func(o *CreateOptions) { o.NoPreRotation, o.NextKeys, o.NotPortable = true, nil, true })
	preRotated := create(t, nil)
	later := writeNow.Add(time.Hour)
	for name, tc := range map[string]struct {
		h    *History
		o    UpdateOptions
		want error
	}{
		"no signer":               {plainRotation, UpdateOptions{Now: later}, ErrSigner},
		"stranger":                {plainRotation, UpdateOptions{Signer: testKey(t, "x"), Now: later}, ErrSigner},
		"key not committed":       {preRotated, UpdateOptions{Signer: testKey(t, "x"), NextKeys: keysOf(t, "u3"), Now: later}, ErrSigner},
		"present key, pre-rotate": {preRotated, UpdateOptions{Signer: testKey(t, "u1"), NextKeys: keysOf(t, "u3"), Now: later}, ErrSigner},
		"signer not in the list":  {preRotated, UpdateOptions{Signer: testKey(t, "x"), UpdateKeys: keysOf(t, "u2"), NextKeys: keysOf(t, "u3"), Now: later}, ErrSigner},
		"no next key":             {preRotated, UpdateOptions{Signer: testKey(t, "u2"), Now: later}, ErrPreRotation},
		"move, not portable":      {plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Move: &Location{Host: "new.example"}, Now: later}, ErrPortable},
		"move to no domain":       {preRotated, UpdateOptions{Signer: testKey(t, "u2"), NextKeys: keysOf(t, "u3"), Move: &Location{Host: "10.0.0.1"}, Now: later}, ErrID},
		"no time":                 {plainRotation, UpdateOptions{Signer: testKey(t, "u1")}, ErrVersionTime},
		"clock far behind":        {plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Now: writeNow.Add(-time.Hour)}, ErrVersionTime},
		"document of else":        {plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Document: issuerDocAs("did:web:x.example"), Now: later}, ErrState},
		"closing with a change":   {plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Deactivate: true, NotPortable: true, Now: later}, ErrParameter},
		"nobody collects":         {plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Witness: &Witness{1, []string{testKey(t, "w1").Public().DIDKey()}}, Now: later}, ErrWitnessProof},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := tc.h.Update(t.Context(), tc.o); got != nil || !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
	// Two updates in one second still have growing times.
	h := update(t, plainRotation, UpdateOptions{Signer: testKey(t, "u1"), Now: writeNow})
	if !h.Latest().Time.Equal(writeNow.Truncate(time.Second).Add(time.Second)) {
		t.Error(h.Latest().Time)
	}
}

// collector signs with the named witnesses.
func collector(t testing.TB, file *[]byte, names ...string) Collector {
	return func(ctx context.Context, c Candidate) ([]byte, error) {
		for _, n := range names {
			p, err := SignWitness(ctx, c.VersionID, testKey(t, n), writeNow)
			if err != nil {
				return nil, err
			}
			if *file, err = AddWitnessProof(*file, c.VersionID, p); err != nil {
				return nil, err
			}
		}
		return *file, nil
	}
}

func TestWitnessedLife(t *testing.T) {
	ids := func(names ...string) (out []string) {
		for _, k := range keysOf(t, names...) {
			out = append(out, k.DIDKey())
		}
		return out
	}
	var file []byte
	w := Witness{2, ids("w1", "w2", "w3")}
	h := create(t, func(o *CreateOptions) { o.Witness, o.Collect = w, collector(t, &file, "w1", "w2") })
	if _, err := Verify(h.Log(), nil, VerifyOptions{Now: writeNow}); !errors.Is(err, ErrWitnessProof) {
		t.Errorf("without the file: %v", err)
	}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u2"), NextKeys: keysOf(t, "u3"), Collect: collector(t, &file, "w2", "w3")})
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u3"), NextKeys: keysOf(t, "u4"), Witness: &Witness{1, ids("w4")}, Collect: collector(t, &file, "w1", "w3")})
	if _, err := h.Update(t.Context(), UpdateOptions{Signer: testKey(t, "u4"), NextKeys: keysOf(t, "u5"), Now: writeNow.Add(time.Hour * 9), Collect: collector(t, new([]byte), "w1", "w3")}); !errors.Is(err, ErrWitnessProof) {
		t.Errorf("by the old list: %v", err)
	}
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u4"), NextKeys: keysOf(t, "u5"), Witness: &Witness{}, Collect: collector(t, &file, "w4")})
	h = update(t, h, UpdateOptions{Signer: testKey(t, "u5"), NextKeys: keysOf(t, "u6")})
	pruned, err := h.PruneWitnessFile(file)
	if err != nil || len(pruned) >= len(file) {
		t.Errorf("pruned %d of %d bytes: %v", len(pruned), len(file), err)
	}
	for _, f := range [][]byte{file, pruned} {
		if got, err := Verify(h.Log(), f, VerifyOptions{DID: h.DID()}); err != nil || got.Len() != 5 {
			t.Error(err)
		}
	}
}

// A controller may prepare an entry, and witnesses check it before they sign.
func TestCandidate(t *testing.T) {
	h := create(t, func(o *CreateOptions) { o.NoPreRotation, o.NextKeys = true, nil })
	w := Witness{1, []string{testKey(t, "w1").Public().DIDKey()}}
	c, err := h.PrepareUpdate(t.Context(), UpdateOptions{Signer: testKey(t, "u1"), Witness: &w, Now: writeNow.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Witness.Active() || !bytes.HasPrefix(c.Log, h.Log()) {
		t.Errorf("%+v", c.Witness)
	}
	if _, err := h.Extend(c.Log, nil, VerifyOptions{}); !errors.Is(err, ErrWitnessProof) {
		t.Errorf("unwitnessed: %v", err)
	}
	p, err := SignWitness(t.Context(), c.VersionID, testKey(t, "w1"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p["created"]; ok {
		t.Error("created was asked to be left out")
	}
	file, err := AddWitnessProof(nil, c.VersionID, p)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Extend(c.Log, file, VerifyOptions{}); err != nil || got.Len() != 2 {
		t.Error(err)
	}
	// A second child of the same parent is what a witness must not sign: its own
	// copy of the log says so.
	signed, err := h.Extend(c.Log, file, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := h.PrepareUpdate(t.Context(), UpdateOptions{Signer: testKey(t, "u1"), Now: writeNow.Add(2 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Extend(other.Log, nil, VerifyOptions{}); !errors.Is(err, ErrForked) {
		t.Errorf("second child: %v", err)
	}
}

// What we write has no white space to remove and parses strictly.
func TestLinesAreCompact(t *testing.T) {
	h := create(t, nil)
	for _, line := range bytes.Split(bytes.TrimSuffix(h.Log(), []byte("\n")), []byte("\n")) {
		canonical, err := strictjson.Canonicalize(line, strictjson.Limits{})
		if err != nil || !bytes.Equal(canonical, line) {
			t.Errorf("%v: %s", err, line)
		}
	}
}
