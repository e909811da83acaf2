package roots

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/credential"
	"github.com/bonafide-id/bonafide/key"
)

const publisher = "did:web:ministry.example"

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// holders make keys of a list.
func holders(t testing.TB, n int) []key.Private {
	t.Helper()
	var out []key.Private
	for range n {
		k, err := key.Generate(key.Ed25519, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, k)
	}
	return out
}

func names(keys ...key.Private) (out []string) {
	for _, k := range keys {
		out = append(out, k.Public().Multikey())
	}
	return out
}

// version makes a version, signed by some.
func version(t testing.TB, number int64, threshold int, keys []key.Private, edit func(*List), by ...key.Private) *List {
	t.Helper()
	l := &List{Publisher: publisher, Name: "Accreditors of Example", Version: number, Issued: start(), Expires: start().AddDate(1, 0, 0),
		Threshold: threshold, Keys: names(keys...), Roots: []Root{{DID: "did:web:agency.example", Name: "The agency", Axes: []string{AxisIdentity, AxisAuthorisation}}}}
	if edit != nil {
		edit(l)
	}
	for _, k := range by {
		if err := l.Sign(context.Background(), k, l.Issued); err != nil {
			t.Fatal(err)
		}
	}
	b, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if l, err = Parse(b); err != nil {
		t.Fatal(err)
	}
	return l
}

// What an operator adopts and goes on to; each case is one change from a good chain of
// two versions under two of three keys.
func TestChain(t *testing.T) {
	k := holders(t, 6)
	old, fresh := k[:3], k[3:]
	one := version(t, 1, 2, old, nil, old[0], old[1])
	now := start().AddDate(0, 1, 0)
	for _, c := range []struct {
		name string
		next func() []*List
		at   time.Time
		want error
		till int64
	}{
		{"nothing new", func() []*List { return []*List{one} }, now, nil, 1},
		{"a next version", func() []*List { return []*List{one, version(t, 2, 2, old, nil, old[1], old[2])} }, now, nil, 2},
		{"in any order, without the first", func() []*List {
			return []*List{version(t, 3, 2, old, nil, old[0], old[1]), version(t, 2, 2, old, nil, old[1], old[2])}
		}, now, nil, 3},
		{"rollback: only an older one is shown", func() []*List { return nil }, now, ErrRollback, 1},
		{"freeze: the newest is past its term", func() []*List { return []*List{one} }, start().AddDate(1, 0, 1), ErrExpired, 1},
		{"an expired one between does no harm", func() []*List {
			return []*List{version(t, 2, 2, old, func(l *List) { l.Expires = start().AddDate(0, 0, 1) }, old[0], old[1]), version(t, 3, 2, old, nil, old[0], old[1])}
		}, now, nil, 3},
		{"threshold too low: one of two signed", func() []*List { return []*List{one, version(t, 2, 2, old, nil, old[0])} }, now, ErrThreshold, 1},
		{"threshold too low: one key twice", func() []*List {
			l := version(t, 2, 2, old, nil, old[0])
			l.signatures = append(l.signatures, l.signatures[0])
			return []*List{l}
		}, now, ErrThreshold, 1},
		{"a signature over another content", func() []*List {
			l := version(t, 2, 2, old, nil, old[0], old[1])
			l.Roots[0].DID = "did:web:mill.example"
			return []*List{l}
		}, now, ErrThreshold, 1},
		{"rotation: signed by the old and the new keys", func() []*List {
			return []*List{version(t, 2, 2, fresh, nil, old[0], old[1], fresh[0], fresh[1])}
		}, now, nil, 2},
		{"rotation: only the new keys signed", func() []*List { return []*List{version(t, 2, 2, fresh, nil, fresh...)} }, now, ErrThreshold, 1},
		{"rotation: only the old keys signed", func() []*List { return []*List{version(t, 2, 2, fresh, nil, old...)} }, now, ErrThreshold, 1},
		{"after a rotation the old keys are over", func() []*List {
			return []*List{version(t, 2, 2, fresh, nil, old[0], old[1], fresh[0], fresh[1]), version(t, 3, 2, old, nil, old...)}
		}, now, ErrThreshold, 1},
		{"a lower threshold is signed by the higher one", func() []*List { return []*List{version(t, 2, 1, old, nil, old[0])} }, now, ErrThreshold, 1},
		{"a version in between is missing", func() []*List { return []*List{version(t, 3, 2, old, nil, old[0], old[1])} }, now, ErrGap, 1},
		{"fork: two of one number", func() []*List {
			return []*List{version(t, 1, 2, old, func(l *List) { l.Roots = nil }, old[0], old[2])}
		}, now, ErrFork, 1},
		{"fork further on", func() []*List {
			return []*List{version(t, 2, 2, old, nil, old[0], old[1]), version(t, 2, 2, old, func(l *List) { l.Roots = nil }, old[0], old[2])}
		}, now, ErrFork, 1},
		{"another of the same number that too few signed", func() []*List {
			return []*List{version(t, 1, 2, old, func(l *List) { l.Roots = nil }, old[0])}
		}, now, ErrThreshold, 1},
		{"of another publisher", func() []*List {
			return []*List{version(t, 2, 2, old, func(l *List) { l.Publisher = "did:web:mill.example" }, old[0], old[1])}
		}, now, ErrRollback, 1},
		{"issued in the future", func() []*List {
			return []*List{version(t, 2, 2, old, func(l *List) { l.Issued = now.AddDate(0, 1, 0) }, old[0], old[1])}
		}, now, ErrForm, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Adopt(publisher, strings.ToUpper(one.Fingerprint()), []*List{one}, start())
			if err != nil {
				t.Fatal(err)
			}
			next, err := s.Next(c.next(), c.at)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if next.List().Version != c.till {
				t.Errorf("version %d, want %d", next.List().Version, c.till)
			}
			b, err := next.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := Restore(b); err != nil || back.digest != next.digest {
				t.Errorf("restored: %v", err)
			}
		})
	}
}

// The fingerprint is of the keys: it opens the chain at whatever version has it.
func TestAdopt(t *testing.T) {
	k := holders(t, 4)
	one := version(t, 1, 1, k[:2], nil, k[0])
	two := version(t, 2, 1, k[2:], nil, k[0], k[2])
	stranger := version(t, 3, 1, holders(t, 1), nil)
	for _, c := range []struct {
		name, print string
		in          []*List
		want        error
		till        int64
	}{
		{"of the newest", two.Fingerprint(), []*List{one, two}, nil, 2},
		{"of an older one, from which the chain leads on", one.Fingerprint(), []*List{one, two}, nil, 2},
		{"without separators", strings.ReplaceAll(two.Fingerprint(), "-", ""), []*List{two}, nil, 2},
		{"of nobody", stranger.Fingerprint(), []*List{one, two}, ErrFingerprint, 0},
		{"only a part of it", one.Fingerprint()[:8], []*List{one}, ErrFingerprint, 0},
		{"unsigned", stranger.Fingerprint(), []*List{stranger}, ErrThreshold, 0},
		{"no versions", one.Fingerprint(), nil, ErrFingerprint, 0},
	} {
		s, err := Adopt(publisher, c.print, c.in, start())
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || err == nil && s.List().Version != c.till {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Each rule of form, broken in one way.
func TestForm(t *testing.T) {
	k := holders(t, 2)
	for name, edit := range map[string]func(*List){
		"publisher no DID":      func(l *List) { l.Publisher = "x" },
		"no name":               func(l *List) { l.Name = " " },
		"direction mark":        func(l *List) { l.Name = "a\u202eb" },
		"version 0":             func(l *List) { l.Version = 0 },
		"ends before it begins": func(l *List) { l.Expires = l.Issued },
		"no keys":               func(l *List) { l.Keys = nil },
		"a key twice":           func(l *List) { l.Keys[1] = l.Keys[0] },
		"a key that is none":    func(l *List) { l.Keys[0] = "z6Mk" },
		"threshold 0":           func(l *List) { l.Threshold = 0 },
		"threshold above keys":  func(l *List) { l.Threshold = 3 },
		"a root twice":          func(l *List) { l.Roots = append(l.Roots, l.Roots[0]) },
		"a root that is no DID": func(l *List) { l.Roots[0].DID = "agency" },
		"an axis that is none":  func(l *List) { l.Roots[0].Axes = []string{"everything"} },
		"no axis":               func(l *List) { l.Roots[0].Axes = nil },
		"a fraction of second":  func(l *List) { l.Issued = l.Issued.Add(time.Millisecond) },
	} {
		l := version(t, 1, 1, k, nil)
		edit(l)
		if err := l.Check(); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{"no JSON": "{", "another type": `{"type":"X"}`, "unknown member": strings.Replace(good(t, k), "{", `{"more":1,`, 1)} {
		if _, err := Parse([]byte(body)); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func good(t *testing.T, k []key.Private) string {
	t.Helper()
	b, err := version(t, 1, 1, k, nil).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The credential carries the list as it is, and only its publisher's.
func TestWrap(t *testing.T) {
	k, other := holders(t, 2), holders(t, 1)[0]
	l := version(t, 1, 2, k, func(l *List) { l.Publisher = other.Public().DIDKey() }, k...)
	method := other.Public().DIDKey() + "#" + other.Public().Multikey()
	body, err := Wrap(t.Context(), l, other, method)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unwrap(body)
	if err != nil || back.Fingerprint() != l.Fingerprint() || back.Signed() != nil {
		t.Fatalf("%+v %v", back, err)
	}
	if c := credential.Check(t.Context(), body, credential.Options{At: start()}); c.Credential == nil {
		t.Error("the credential cannot be read")
	}
	if _, err := Unwrap(bytes.Replace(body, []byte(`"issuer":"did:key:`), []byte(`"issuer":"did:web:`), 1)); !errors.Is(err, ErrForm) {
		t.Errorf("published by another: %v", err)
	}
	if _, err := Wrap(t.Context(), version(t, 1, 2, k, nil, k[0]), other, method); !errors.Is(err, ErrThreshold) {
		t.Errorf("too few signatures: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	k := holders(f, 1)
	b, err := version(f, 1, 1, k, nil, k[0]).Bytes()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Parse(b)
		if err != nil {
			return
		}
		again, err := l.Bytes()
		if err != nil {
			return // larger in its canonical form
		}
		back, err := Parse(again)
		if err != nil || back.Fingerprint() != l.Fingerprint() {
			t.Fatalf("%v", err)
		}
	})
}
