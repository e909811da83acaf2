package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bonafide-id/bonafide/internal/strictjson"
	. "github.com/bonafide-id/bonafide/record"
)

// line is a log entry as far as evidence looks at it.
func line(n int, content string) string {
	hash := CIDOf([]byte(content)).String()[40:] // base32 without l, so also base58
	return fmt.Sprintf(`{"versionId":"%d-%s","parameters":{},"state":%q}`, n, strings.Map(func(r rune) rune {
		if r == 'l' {
			return 'L'
		}
		return r
	}, hash), content)
}

func version(n int, content string) string {
	s := line(n, content)
	s = s[len(`{"versionId":"`):]
	return s[:strings.Index(s, `"`)]
}

func logFork(t interface{ Fatal(...any) }) Fork {
	f, err := NewLogFork(scid, []string{line(1, "a"), line(2, "b")}, line(3, "c"), line(3, "d"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// rivals are two chains that part at head from (counted from 0), of an epoch
// that began with the log entry first.
func rivals(t interface{ Fatal(...any) }, n, from int) (a, b []Head, first string) {
	first = line(1, "genesis")
	begin := func(h *Head) { h.Epoch, h.VersionID = version(1, "genesis"), version(1, "genesis") }
	a = chain(t, n, func(_ int, h *Head) { begin(h) })
	b = chain(t, n, func(i int, h *Head) {
		begin(h)
		if i >= from {
			h.Instance[15] = 9
		}
	})
	return a, b, first
}

func TestForkRoundTrip(t *testing.T) {
	a, b, first := rivals(t, 12, 4)
	for name, pair := range map[string][2]int{
		"same sequence, first to differ": {4, 4},
		"one is previous of the other":   {4, 5},
		"far behind":                     {4, 11},
		"both far":                       {11, 9},
		"both at the end":                {11, 11},
	} {
		t.Run(name, func(t *testing.T) {
			i, j := pair[0], pair[1]
			f, err := FindHeadFork([]string{first}, a[i], digestsOf(a[:i]), b[j], digestsOf(b[:j]))
			if err != nil {
				t.Fatal(err)
			}
			if f.Sequence != 5 || f.Subject != scid || f.Parent != version(1, "genesis") {
				t.Errorf("fork at %d of %s after %s", f.Sequence, f.Subject, f.Parent)
			}
			roundTrip(t, f)
		})
	}
	t.Run("log", func(t *testing.T) {
		f := logFork(t)
		roundTrip(t, f)
		x, y, err := f.Branches()
		if err != nil || !bytes.HasPrefix(x, f.Log()) || bytes.Equal(x, y) || bytes.Count(y, []byte("\n")) != 3 {
			t.Errorf("Branches: %s, %s, %v", x, y, err)
		}
		if f.Parent != version(2, "b") {
			t.Errorf("parent %s", f.Parent)
		}
	})
}

func roundTrip(t *testing.T, f Fork) {
	t.Helper()
	body, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseFork(body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(again, body) {
		t.Fatalf("comes out as %s, %v", again, err)
	}
}

// TestFindHeadFork: no evidence can be made from heads that agree, and
// from heads that disagree it always can.
func TestFindHeadFork(t *testing.T) {
	const n, from = 14, 6
	a, b, first := rivals(t, n, from)
	rapid.Check(t, func(t *rapid.T) {
		i, j := rapid.IntRange(0, n-1).Draw(t, "i"), rapid.IntRange(0, n-1).Draw(t, "j")
		f, err := FindHeadFork([]string{first}, a[i], digestsOf(a[:i]), b[j], digestsOf(b[:j]))
		if i < from || j < from {
			if !errors.Is(err, ErrNoConflict) {
				t.Fatalf("heads %d and %d agree: %v", i+1, j+1, err)
			}
			return
		}
		if err != nil || f.Sequence != from+1 {
			t.Fatalf("heads %d and %d: fork at %d, %v", i+1, j+1, f.Sequence, err)
		}
	})
	if _, err := FindHeadFork([]string{first}, a[8], digestsOf(a[:7]), b[8], digestsOf(b[:8])); !errors.Is(err, ErrHistoryLength) {
		t.Errorf("short history: %v", err)
	}
	if _, err := FindHeadFork([]string{first}, a[8], digestsOf(a[:8]), b[8], digestsOf(a[:8])); !errors.Is(err, ErrHistoryRoot) {
		t.Errorf("history of the other: %v", err)
	}
}

func TestForkRefuses(t *testing.T) {
	a, b, first := rivals(t, 12, 4)
	far, err := FindHeadFork([]string{first}, a[11], digestsOf(a[:11]), b[9], digestsOf(b[:9]))
	if err != nil || far.PlaceA == nil || far.PlaceB == nil {
		t.Fatal("no evidence to start from")
	}
	near, err := FindHeadFork([]string{first}, a[4], digestsOf(a[:4]), b[4], digestsOf(b[:4]))
	if err != nil || near.PlaceA != nil || near.PlaceB != nil {
		t.Fatal("no evidence to start from")
	}
	otherEpoch := signed(t, plain())
	tests := []struct {
		name  string
		from  Fork
		spoil func(f *Fork)
		want  error
	}{
		{"log", logFork(t), func(*Fork) {}, nil},
		{"heads far behind", far, func(*Fork) {}, nil},
		{"heads side by side", near, func(*Fork) {}, nil},
		{"log goes on to the heads' versions", near, func(f *Fork) { f.Prefix = []string{first, line(2, "x")} }, nil},
		{"kind", logFork(t), func(f *Fork) { f.Kind = "list" }, ErrFork},
		{"subject", logFork(t), func(f *Fork) { f.Subject = "x" }, ErrFork},
		{"subject of others", near, func(f *Fork) { f.Subject = "did:web:a.example" }, ErrFork},
		{"the same twice", logFork(t), func(f *Fork) { f.B = f.A }, ErrNoConflict},
		{"order", logFork(t), func(f *Fork) { f.A, f.B = f.B, f.A }, ErrFork},
		{"same version twice", logFork(t), func(f *Fork) { f.A = strings.Replace(f.B, `"state"`, `"proof":1,"state"`, 1) }, ErrNoConflict},
		{"no log", logFork(t), func(f *Fork) { f.Prefix = nil }, ErrFork},
		{"log that begins later", logFork(t), func(f *Fork) { f.Prefix = f.Prefix[1:] }, ErrFork},
		{"parent is not the last", logFork(t), func(f *Fork) { f.Parent = version(1, "a") }, ErrFork},
		{"parent is not in the log", near, func(f *Fork) { f.Prefix = []string{line(1, "z")} }, ErrFork},
		{"epoch of others", near, func(f *Fork) { f.Parent = version(2, "x"); f.Prefix = []string{first, line(2, "x")} }, ErrFork},
		{"entry with a line feed", logFork(t), func(f *Fork) { f.Prefix = []string{line(1, "a") + "\n", line(2, "b")} }, ErrFork},
		{"entry is no JSON", logFork(t), func(f *Fork) { f.B += "x" }, ErrFork},
		{"entry of a later version", logFork(t), func(f *Fork) { f.A, f.B = min(f.A, line(4, "e")), max(f.A, line(4, "e")) }, ErrFork},
		{"entry too large", logFork(t), func(f *Fork) { f.B = line(3, strings.Repeat("z", 1<<20)) }, ErrFork},
		{"sequence in a log fork", logFork(t), func(f *Fork) { f.Sequence = 1 }, ErrFork},
		{"sequence zero", near, func(f *Fork) { f.Sequence = 0 }, ErrFork},
		{"sequence after the heads", near, func(f *Fork) { f.Sequence = 6 }, ErrFork},
		{"sequence at which they agree", near, func(f *Fork) { f.Sequence = 4 }, ErrNoConflict},
		{"proof missing", far, func(f *Fork) { f.PlaceA = nil }, ErrFork},
		{"proof not needed", near, func(f *Fork) { f.PlaceA = far.PlaceA }, ErrFork},
		{"proof of another digest", far, func(f *Fork) { p := *f.PlaceA; p.Digest[0]++; f.PlaceA = &p }, ErrInclusion},
		{"proof of another place", far, func(f *Fork) { f.Sequence = 6 }, ErrInclusion},
		{"proof cut off", far, func(f *Fork) { p := *f.PlaceB; p.Proof = p.Proof[1:]; f.PlaceB = &p }, ErrInclusion},
		{"proofs exchanged", far, func(f *Fork) { f.PlaceA, f.PlaceB = f.PlaceB, f.PlaceA }, ErrInclusion},
		{"no head", near, func(f *Fork) { f.B = "{}"; f.A, f.B = min(f.A, f.B), max(f.A, f.B) }, ErrHead},
		{"head of another epoch", near, func(f *Fork) {
			f.A, f.B = min(f.A, string(otherEpoch.Bytes())), max(f.A, string(otherEpoch.Bytes()))
		}, ErrFork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := tt.from
			tt.spoil(&f)
			if _, err := f.Encode(); !errors.Is(err, tt.want) {
				t.Errorf("Encode: %v, want %v", err, tt.want)
			}
		})
	}
}

// TestParseForkRefuses changes one member of the document.
func TestParseForkRefuses(t *testing.T) {
	a, b, first := rivals(t, 12, 4)
	far, err := FindHeadFork([]string{first}, a[11], digestsOf(a[:11]), b[9], digestsOf(b[:9]))
	if err != nil {
		t.Fatal(err)
	}
	body, err := far.Encode()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(doc map[string]any)
		want  error
	}{
		{"good", func(map[string]any) {}, nil},
		{"unknown member", func(doc map[string]any) { doc["note"] = "x" }, strictjson.ErrUnknownMember},
		{"unknown member of a place", func(doc map[string]any) { doc["placeA"].(map[string]any)["note"] = "x" }, strictjson.ErrUnknownMember},
		{"other type", func(doc map[string]any) { doc["type"] = "Fork" }, ErrFork},
		{"no kind", func(doc map[string]any) { delete(doc, "kind") }, ErrFork},
		{"kind log with places", func(doc map[string]any) { doc["kind"] = "log" }, strictjson.ErrUnknownMember},
		{"no prefix", func(doc map[string]any) { delete(doc, "prefix") }, ErrFork},
		{"prefix of numbers", func(doc map[string]any) { doc["prefix"] = []any{true} }, ErrFork},
		{"place is text", func(doc map[string]any) { doc["placeA"] = "x" }, ErrFork},
		{"place is null", func(doc map[string]any) { doc["placeA"] = nil }, ErrFork},
		{"place without proof", func(doc map[string]any) { delete(doc["placeA"].(map[string]any), "proof") }, ErrFork},
		{"place with a short hash", func(doc map[string]any) { doc["placeA"].(map[string]any)["proof"] = []any{"AAAA"} }, ErrFork},
		{"place with too long a proof", func(doc map[string]any) {
			doc["placeA"].(map[string]any)["proof"] = make([]any, 22)
		}, ErrFork},
		{"no sequence", func(doc map[string]any) { delete(doc, "sequence") }, ErrFork},
		{"head as object", func(doc map[string]any) { doc["a"] = map[string]any{} }, ErrFork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := strictjson.ParseObject(body, strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(doc)
			spoiled, err := strictjson.Canonical(doc)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseFork(spoiled); !errors.Is(err, tt.want) {
				t.Errorf("ParseFork: %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := ParseFork(append(body, ' ')); !errors.Is(err, ErrNotCanonical) {
		t.Errorf("trailing space: %v", err)
	}
	if _, err := ParseFork(make([]byte, KindFork.MaxBytes()+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestForkKindsDoNotMix(t *testing.T) {
	a, b, first := rivals(t, 5, 4)
	heads, err := NewHeadFork([]string{first}, a[4], b[4], 5, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := heads.Branches(); !errors.Is(err, ErrFork) {
		t.Errorf("Branches of heads: %v", err)
	}
	if _, _, err := logFork(t).Heads(); !errors.Is(err, ErrFork) {
		t.Errorf("Heads of a log: %v", err)
	}
}

func FuzzParseFork(f *testing.F) {
	a, b, first := rivals(f, 12, 4)
	far, err := FindHeadFork([]string{first}, a[11], digestsOf(a[:11]), b[9], digestsOf(b[:9]))
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range []Fork{far, logFork(f)} {
		body, err := e.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ParseFork(body)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || !bytes.Equal(again, body) {
			t.Fatalf("comes out as %s, %v", again, err)
		}
		if e.A >= e.B {
			t.Fatal("accepted evidence of nothing")
		}
	})
}
