package revocation

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/did"
	"github.com/bonafide-id/bonafide/key"
	"github.com/bonafide-id/bonafide/verdict"
)

// changing is a resolver whose answer can be changed; it counts questions.
type changing struct {
	next  did.Resolver
	asked atomic.Int64

	mu   sync.Mutex
	edit func(*did.Resolution) (*did.Resolution, error)
	wait chan struct{}
}

func (c *changing) Resolve(ctx context.Context, id string, opt did.Options) (*did.Resolution, error) {
	c.asked.Add(1)
	res, err := c.next.Resolve(ctx, id, opt)
	c.mu.Lock()
	edit, wait := c.edit, c.wait
	c.mu.Unlock()
	if wait != nil {
		<-wait
	}
	if err == nil && edit != nil {
		return edit(res)
	}
	return res, err
}

// anotherKey is a document of the same identifier that lists another key.
func anotherKey(t *testing.T) func(*did.Resolution) (*did.Resolution, error) {
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return func(res *did.Resolution) (*did.Resolution, error) {
		doc, err := did.ParseDocument(map[string]any{"id": res.DID, "assertionMethod": []any{map[string]any{
			"id": res.DID + "#" + k.Public().Multikey(), "type": "Multikey", "controller": res.DID, "publicKeyMultibase": k.Public().Multikey()}}})
		if err != nil {
			return nil, err
		}
		return &did.Resolution{DID: res.DID, Document: doc}, nil
	}
}

// sameName is a document in which the method of the list has another key.
func sameName(t *testing.T, method string) func(*did.Resolution) (*did.Resolution, error) {
	k, err := key.Generate(key.Ed25519, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return func(res *did.Resolution) (*did.Resolution, error) {
		doc, err := did.ParseDocument(map[string]any{"id": res.DID, "assertionMethod": []any{map[string]any{
			"id": method, "type": "Multikey", "controller": res.DID, "publicKeyMultibase": k.Public().Multikey()}}})
		if err != nil {
			return nil, err
		}
		return &did.Resolution{DID: res.DID, Document: doc}, nil
	}
}

// What is kept of a list never outlives what would change the answer: after a
// check that passed and filled the index, one thing changes and the same bytes
// are asked for again. The answer is the one that no index would give.
func TestIndexKeepsNoAnswer(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type world struct {
		m        *listMaker
		resolver *changing
		found    *Found
		cred     *credential.Credential
		opt      Options
	}
	method := func(w *world) string { return w.m.spec.Issuer + "#" + w.m.key.Public().Multikey() }
	move := func(w *world, to time.Time) { w.opt.At, w.opt.Credential.At = to, to }
	cases := []struct {
		name string
		edit func(*testing.T, *world)
		want verdict.Code
		res  verdict.Result
	}{
		{"nothing", func(*testing.T, *world) {}, verdict.OK, verdict.Pass},
		{"the key is dropped from the document", func(t *testing.T, w *world) { w.resolver.edit = anotherKey(t) }, verdict.StatusVerification, verdict.Unknown},
		{"the method has another key", func(t *testing.T, w *world) { w.resolver.edit = sameName(t, method(w)) }, verdict.StatusVerification, verdict.Unknown},
		{"the document is gone", func(_ *testing.T, w *world) {
			w.resolver.edit = func(*did.Resolution) (*did.Resolution, error) { return nil, did.ErrUnavailable }
		}, verdict.StatusVerification, verdict.Unknown},
		{"the key may no longer sign credentials", func(_ *testing.T, w *world) {
			w.resolver.edit = func(res *did.Resolution) (*did.Resolution, error) {
				doc, err := did.ParseDocument(map[string]any{"id": res.DID, "authentication": []any{map[string]any{
					"id": method(w), "type": "Multikey", "controller": res.DID, "publicKeyMultibase": w.m.key.Public().Multikey()}}})
				return &did.Resolution{DID: res.DID, Document: doc}, err
			}
		}, verdict.StatusVerification, verdict.Unknown},
		{"the key was retired", func(t *testing.T, w *world) {
			other := anotherKey(t)
			w.resolver.edit = func(res *did.Resolution) (*did.Resolution, error) {
				old := did.Version{Document: res.Document}
				now, err := other(res)
				if err != nil {
					return nil, err
				}
				now.Versions = []did.Version{old, {Document: now.Document, Time: at}}
				return now, nil
			}
		}, verdict.StatusVerification, verdict.Unknown},
		{"the list's path left the head", func(_ *testing.T, w *world) { w.found.InHead = No }, verdict.ListPathNotInHead, verdict.Unknown},
		{"its term is over", func(_ *testing.T, w *world) { move(w, at.Add(2*time.Hour)) }, verdict.ListExpired, verdict.Unknown},
		{"a time before it is asked about", func(_ *testing.T, w *world) { move(w, at.Add(-3*time.Hour)) }, verdict.StatusVerification, verdict.Unknown},
		{"a time just before it is asked about", func(_ *testing.T, w *world) { move(w, at.Add(-62*time.Minute)) }, verdict.ListNotYetValid, verdict.Unknown},
		{"a revocation was seen elsewhere", func(t *testing.T, w *world) {
			mask := NewBitstring(MinEntries)
			if err := mask.Set(7); err != nil {
				t.Fatal(err)
			}
			w.found.Sticky = mask.Bytes()
		}, verdict.RevocationSeenBefore, verdict.Fail},
		{"a revocation was taken back", func(_ *testing.T, w *world) { w.found.WentBack = true }, verdict.BitWentBack, verdict.Warn},
		{"the policy demands a longer list", func(_ *testing.T, w *world) { w.opt.MinLength = MinEntries + 1 }, verdict.StatusListLength, verdict.Unknown},
		{"smaller lists are read", func(_ *testing.T, w *world) { w.opt.MaxListBytes = MinEntries/8 - 1 }, verdict.TooLarge, verdict.Unknown},
		{"smaller documents are read", func(_ *testing.T, w *world) { w.opt.Credential.Limits.MaxBytes = 100 }, verdict.MalformedValue, verdict.Unknown},
		{"another issuer's credential", func(t *testing.T, w *world) { w.cred.Issuer = newMaker(t, at).spec.Issuer }, verdict.ListIssuerNotAuthorised, verdict.Unknown},
		{"another purpose", func(_ *testing.T, w *world) { w.cred.Status[0]["statusPurpose"] = "suspension" }, verdict.StatusPurposeMismatch, verdict.Unknown},
		{"another place", func(_ *testing.T, w *world) { w.cred.Status[0]["statusListIndex"] = "131072" }, verdict.StatusRange, verdict.Unknown},
		{"a newer version", func(t *testing.T, w *world) {
			if err := w.m.spec.Bits.Set(7); err != nil {
				t.Fatal(err)
			}
			w.found.Body = w.m.sign(t)
		}, verdict.Revoked, verdict.Fail},
		{"a changed byte", func(_ *testing.T, w *world) {
			w.found.Body = append([]byte(nil), w.found.Body...)
			w.found.Body[len(w.found.Body)-10] ^= 1
		}, verdict.StatusVerification, verdict.Unknown},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := &world{m: newMaker(t, at), opt: testOptions(at)}
			w.resolver = &changing{next: w.opt.Credential.Resolver}
			w.opt.Credential.Resolver = w.resolver
			w.cred = &credential.Credential{Issuer: w.m.spec.Issuer, Status: []map[string]any{entryTree()}}
			w.found = &Found{Body: w.m.sign(t), Source: "replica", InHead: Yes}
			w.opt.Source, w.opt.Index = fixed{w.found}, NewIndex(IndexConfig{})
			for range 2 {
				if got := codes(Check(t.Context(), w.cred, w.opt).Checks); len(got) != 1 || got[verdict.OK] != verdict.Pass {
					t.Fatalf("before: %v", got)
				}
			}
			if s := w.opt.Index.Stats(); s.Misses != 1 || s.Hits != 1 {
				t.Fatalf("before: %+v, want one list verified once", s)
			}
			c.edit(t, w)
			with := codes(Check(t.Context(), w.cred, w.opt).Checks)
			if with[c.want] != c.res {
				t.Errorf("%v, want %s %v", with, c.want, c.res)
			}
			w.opt.Index = nil
			if alone := codes(Check(t.Context(), w.cred, w.opt).Checks); fmt.Sprint(alone) != fmt.Sprint(with) {
				t.Errorf("with an index %v, without %v", with, alone)
			}
		})
	}
}

// Many who ask for one list at once cause one verification; nobody waits for one
// that was given up, and a refusal is nobody else's.
func TestIndexVerifiesOnce(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	opt := testOptions(at)
	r := &changing{next: opt.Credential.Resolver, wait: make(chan struct{})}
	opt.Credential.Resolver = r
	x := NewIndex(IndexConfig{})
	f := &Found{Body: m.sign(t), InHead: Yes}
	var wg sync.WaitGroup
	var good atomic.Int64
	for range 32 {
		wg.Go(func() {
			if l, _, ok := x.Read(t.Context(), f, opt); ok && l.ID == m.spec.URL {
				good.Add(1)
			}
		})
	}
	for r.asked.Load() == 0 {
		runtime.Gosched() // until the first is at work
	}
	close(r.wait)
	wg.Wait()
	if s := x.Stats(); good.Load() != 32 || s.Misses != 1 || s.Hits != 31 || s.Lists != 1 {
		t.Errorf("%d good, %+v", good.Load(), s)
	}
	bad := &Found{Body: append([]byte(nil), f.Body...), InHead: Yes}
	bad.Body[len(bad.Body)-10] ^= 1
	for range 2 {
		if _, row, ok := x.Read(t.Context(), bad, opt); ok || row.Code != verdict.StatusVerification {
			t.Errorf("%v %+v", ok, row)
		}
	}
	if s := x.Stats(); s.Misses != 3 || s.Lists != 1 {
		t.Errorf("after two refusals: %+v", s)
	}
}

// The index stays below its bound, the longest unused list goes first, what came
// along with requests never pushes out what folders hold, and of two versions of
// a list the newer stays.
func TestIndexBound(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	opt := testOptions(at)
	x := NewIndex(IndexConfig{MaxBytes: 256 << 10})
	read := func(n, set int64, in Tristate) *Found {
		m.spec.URL, m.spec.Bits = fmt.Sprintf("https://uni.example/status/%d", n), NewBitstring(MinEntries)
		if set >= 0 {
			if err := m.spec.Bits.Set(set); err != nil {
				t.Fatal(err)
			}
		}
		f := &Found{Body: m.sign(t), InHead: in}
		if _, row, ok := x.Read(t.Context(), f, opt); !ok {
			t.Fatal(row)
		}
		if s := x.Stats(); s.Bytes > 256<<10 {
			t.Fatalf("%+v", s)
		}
		return f
	}
	kept := func(f *Found) bool {
		before := x.Stats().Misses
		x.Read(t.Context(), f, opt)
		return x.Stats().Misses == before
	}
	first := read(1, 5, Yes)
	second := read(3, 5, Yes)
	for n := range int64(50) {
		read(1000+n, 7, NotKnown)
	}
	if s := x.Stats(); s.Lists != 3 || !kept(first) || !kept(second) {
		t.Errorf("lists that came along: %+v, the first kept %v", s, kept(first))
	}
	newer := read(1, 6, Yes)
	if !kept(newer) || x.Stats().Lists != 3 {
		t.Errorf("a newer version: %+v", x.Stats())
	}
	for n := range int64(40) {
		read(5+n, 5, Yes)
		kept(newer)
	}
	if s := x.Stats(); !kept(newer) || kept(second) || s.Evicted < 40 {
		t.Errorf("a list in use went before one that was not: %+v", s)
	}
	before := x.Stats()
	for n := range int64(20) {
		read(2000+2*n, -1, Yes)
	}
	if s := x.Stats(); s.Lists < before.Lists+8 {
		t.Errorf("twenty lists in which nothing is set: %+v before, %+v after", before, s)
	}
}

// A look-up takes no memory, and gives what the slow way gives.
func TestLookUpAllocatesNothing(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	m := newMaker(t, at)
	for i := int64(3); i < MinEntries; i += 97 {
		if err := m.spec.Bits.Set(i); err != nil {
			t.Fatal(err)
		}
	}
	l, row, ok := NewIndex(IndexConfig{}).Read(t.Context(), &Found{Body: m.sign(t)}, testOptions(at))
	if !ok {
		t.Fatal(row)
	}
	for i := range int64(MinEntries) {
		if set, err := l.Bits.Get(i); err != nil || set != (i%97 == 3) {
			t.Fatal(i, set, err)
		}
	}
	if n := testing.AllocsPerRun(1000, func() {
		if set, err := l.Bits.Get(100); err != nil || !set {
			t.Fatal(set, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
