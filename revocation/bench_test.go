package revocation

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/verdict"
)

// onePercent is a signed list of the usual length in which one entry in a hundred
// is set, spread by a fixed rule.
func onePercent(t testing.TB, at time.Time) []byte {
	t.Helper()
	m := newMaker(t, at)
	x := uint64(1)
	for range MinEntries / 100 {
		x = x*6364136223846793005 + 1442695040888963407
		if err := m.spec.Bits.Set(int64(x >> 47)); err != nil {
			t.Fatal(err)
		}
	}
	return m.sign(t)
}

func BenchmarkReadList(b *testing.B) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	body, opt := onePercent(b, at), testOptions(at)
	b.Run("verified", func(b *testing.B) {
		opt := opt
		opt.Index = NewIndex(IndexConfig{})
		b.ReportAllocs()
		for b.Loop() {
			if _, row, ok := ReadList(b.Context(), body, opt); !ok {
				b.Fatal(row)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		x, f := NewIndex(IndexConfig{}), &Found{Body: body}
		b.ReportAllocs()
		for b.Loop() {
			if _, row, ok := x.Read(b.Context(), f, opt); !ok {
				b.Fatal(row)
			}
		}
	})
	b.Run("bare ed25519", func(b *testing.B) {
		pub, priv, err := ed25519.GenerateKey(nil)
		if err != nil {
			b.Fatal(err)
		}
		msg := make([]byte, 64)
		sig := ed25519.Sign(priv, msg)
		for b.Loop() {
			if !ed25519.Verify(pub, msg, sig) {
				b.Fatal(verdict.SignatureInvalid)
			}
		}
	})
	b.Run("inflate", func(b *testing.B) {
		l, _, _ := ReadList(b.Context(), body, opt)
		text, err := l.Bits.Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(text, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("render", func(b *testing.B) {
		l, _, _ := ReadList(b.Context(), body, opt)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := l.Bits.Encode(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
