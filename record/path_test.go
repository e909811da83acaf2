package record_test

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"

	. "github.com/bonafide-id/bonafide/record"
)

func TestCheckPath(t *testing.T) {
	long := strings.Repeat("a/", 255) + "ab"
	tests := []struct {
		name, path string
		ok         bool
	}{
		{"file", "did.jsonl", true},
		{"nested", "status/3.jwt", true},
		{"every allowed sign", "A-z_0.9~/b", true},
		{"hidden file", ".well-known/x", true},
		{"512 bytes", long, true},
		{"513 bytes", long + "c", false},
		{"empty", "", false},
		{"absolute", "/etc/passwd", false},
		{"empty part", "a//b", false},
		{"ends in slash", "a/", false},
		{"parent", "../a", false},
		{"parent inside", "a/../b", false},
		{"parent at the end", "a/..", false},
		{"same folder", "./a", false},
		{"three dots", "a/.../b", false},
		{"dots with more are a name", "a/..b", true},
		{"backslash", `a\b`, false},
		{"NUL", "a\x00", false},
		{"line feed", "a\nb", false},
		{"DEL", "a\x7f", false},
		{"space", "a b", false},
		{"percent", "a%2e", false},
		{"colon", "c:a", false},
		{"question mark", "a?b", false},
		{"quote", `a"b`, false},
		{"composed letter", "caf\u00e9", false},
		{"decomposed letter", "cafe\u0301", false},
		{"invalid UTF-8", "a\xff", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckPath(tt.path)
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, ErrPath) {
				t.Errorf("CheckPath(%q) = %v", tt.path, err)
			}
		})
	}
}

func TestKindOf(t *testing.T) {
	tests := []struct {
		path string
		kind Kind
		max  int
	}{
		{"did.jsonl", KindDIDLog, 5 << 20},
		{"did-witness.json", KindDIDWitness, 1 << 20},
		{"whois.vp", KindWhois, 256 << 10},
		{"status/0", KindStatusList, 2 << 20},
		{"status/12", KindStatusList, 2 << 20},
		{"status/12.jwt", KindStatusToken, 2 << 20},
		{"recognition/uni-a", KindRecognition, 64 << 10},
		{"schema/badge.json", KindSchema, 256 << 10},
		{"issuer.json", KindPractice, 64 << 10},
		{"anchor/1-00112233445566778899aabbccddeeff00112233", KindAnchor, 4 << 10},
		{"anchor/a/b", "", 0},
		{"bonafide/head", KindHead, 4 << 10},
		{"bonafide/manifest", KindManifest, 16 << 20},
		{"bonafide/history", KindHistory, 32 << 20},
		{"status/01", "", 0},
		{"status/-1", "", 0},
		{"status/12345678901", "", 0},
		{"status/x", "", 0},
		{"status/.jwt", "", 0},
		{"status/1/2", "", 0},
		{"recognition/a/b", "", 0},
		{"recognition/", "", 0},
		{"schema/..", "", 0},
		{"DID.jsonl", "", 0},
		{"issuer.json/", "", 0},
		{"bonafide/" + CIDOf(nil).String(), "", 0},
		{"logo.png", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			kind, ok := KindOf(tt.path)
			if kind != tt.kind || ok != (tt.kind != "") || kind.MaxBytes() != tt.max {
				t.Errorf("KindOf = %q, %v with %d bytes", kind, ok, kind.MaxBytes())
			}
		})
	}
	for _, k := range Kinds() {
		if k.MaxBytes() <= 0 {
			t.Errorf("%s has no cap", k)
		}
	}
}

const scid = "QmfGEUAcMpzo25kF2Rhn8L5FAXysfGnkzjwdKoNPi615XQ"

func TestNew(t *testing.T) {
	tests := []struct {
		name, subject, path string
		size                int
		want                error
	}{
		{"log", scid, "did.jsonl", 10, nil},
		{"did as subject", "did:web:uni.example", "whois.vp", 10, nil},
		{"at the cap", scid, "issuer.json", 64 << 10, nil},
		{"above the cap", scid, "issuer.json", 64<<10 + 1, ErrTooLarge},
		{"no subject", "", "did.jsonl", 10, ErrSubject},
		{"whole did:webvh as subject", "did:webvh:" + scid + ":uni.example", "did.jsonl", 10, ErrSubject},
		{"DID URL as subject", "did:web:uni.example#key", "did.jsonl", 10, ErrSubject},
		{"SCID too short", scid[:45], "did.jsonl", 10, ErrSubject},
		{"SCID with a sign outside base58", "Qm0" + scid[3:], "did.jsonl", 10, ErrSubject},
		{"DID that ends in a colon", "did:web:", "did.jsonl", 10, ErrSubject},
		{"DID with a bad escape", "did:web:a%2", "did.jsonl", 10, ErrSubject},
		{"bad path", scid, "../did.jsonl", 10, ErrPath},
		{"path of no kind", scid, "logo.png", 10, ErrKind},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := make([]byte, tt.size)
			r, err := New(tt.subject, tt.path, body)
			if !errors.Is(err, tt.want) {
				t.Fatalf("New: %v, want %v", err, tt.want)
			}
			if err == nil && (r.CID != CIDOf(body) || r.Path != tt.path || r.Subject != tt.subject) {
				t.Errorf("New = %+v", r)
			}
		})
	}
}

func TestSubjectOf(t *testing.T) {
	for in, want := range map[string]string{
		"did:webvh:" + scid + ":uni.example":         scid,
		"did:webvh:" + scid + ":host.example:a:b":    scid,
		"did:webvh:" + scid + ":uni.example#key-1":   scid,
		"did:scid:vh:1:" + scid:                      scid,
		"did:scid:vh:1:" + scid + "?src=uni.example": scid,
		"did:web:uni.example":                        "did:web:uni.example",
		"did:key:z6Mk":                               "did:key:z6Mk",
	} {
		if got := SubjectOf(in); got != want {
			t.Errorf("SubjectOf(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestOutcomeZeroIsRefused(t *testing.T) {
	var o Outcome
	if o != Refused || o.String() != "refused" || Outcome(99).String() != "refused" {
		t.Errorf("zero outcome is %v", o)
	}
	seen := map[string]bool{}
	for _, o := range []Outcome{Refused, Fresh, Known, Stale, Pending, Forked} {
		if seen[o.String()] {
			t.Errorf("%v twice", o)
		}
		seen[o.String()] = true
	}
}

func FuzzCheckPath(f *testing.F) {
	for _, s := range []string{"did.jsonl", "a/../b", "a//b", "status/1.jwt", "..", "\u2025/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind, ok := KindOf(s)
		if CheckPath(s) != nil {
			if ok {
				t.Fatalf("%q is refused and has kind %s", s, kind)
			}
			return
		}
		if path.Clean("/"+s) != "/"+s || len(s) > MaxPath {
			t.Fatalf("%q is not clean", s)
		}
		if url.PathEscape(strings.ReplaceAll(s, "/", "")) != strings.ReplaceAll(s, "/", "") {
			t.Fatalf("%q needs escaping in a URL", s)
		}
	})
}
