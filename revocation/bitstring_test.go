package revocation

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"runtime"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// Known answers over 131,072 entries: digests of the unpacked bytes.
func TestKnownAnswers(t *testing.T) {
	cases := []struct {
		name   string
		set    []int64
		start  string
		digest string
	}{
		{"revocation", []int64{0, 1, 7, 8, 94567, 131071}, "c180", "0d8da1ecf6d028971f0c1c1fb33462b96678a53efcb766bec441a7afac47bf92"},
		{"suspension", []int64{2, 8, 500}, "2080", "4286550e9bb321f3c6fafde9978039e2ab73ce020359c3772bdcfed793292f83"},
		{"nothing", nil, "0000", "4fe7b59af6de3b665b67788cc2f99892ab827efae3a467342b3bb4e3bc8e5bfe"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := NewBitstring(MinEntries)
			for _, i := range c.set {
				if err := s.Set(i); err != nil {
					t.Fatal(err)
				}
			}
			encoded, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := Decode(encoded, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(back.Bytes()[:2]); got != c.start {
				t.Errorf("starts %s, want %s", got, c.start)
			}
			sum := sha256.Sum256(back.Bytes())
			if got := hex.EncodeToString(sum[:]); got != c.digest {
				t.Errorf("digest %s, want %s", got, c.digest)
			}
			if back.Count() != len(c.set) {
				t.Errorf("%d bits set, want %d", back.Count(), len(c.set))
			}
		})
	}
}

func TestOnlyTheBitThatWasSet(t *testing.T) {
	for _, i := range []int64{0, 1, 7, 8, 9, 1023, 1024, 1031} {
		s := NewBitstring(1032)
		if err := s.Set(i); err != nil {
			t.Fatal(err)
		}
		for j := range s.Len() {
			if got, err := s.Get(j); err != nil || got != (j == i) {
				t.Fatalf("after Set(%d): Get(%d) = %v, %v", i, j, got, err)
			}
		}
	}
	s := NewBitstring(16)
	for _, i := range []int64{-1, 16, 1 << 40} {
		if _, err := s.Get(i); !errors.Is(err, ErrRange) {
			t.Errorf("Get(%d): %v, want ErrRange", i, err)
		}
		if err := s.Set(i); !errors.Is(err, ErrRange) {
			t.Errorf("Set(%d): %v, want ErrRange", i, err)
		}
	}
}

func pack(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	good := pack(t, make([]byte, 64))
	b64 := base64.RawURLEncoding.EncodeToString
	broken := bytes.Clone(good)
	broken[len(broken)-5] ^= 1 // inside the check sum
	cut := good[:len(good)-1]
	more, less := bytes.Clone(good), bytes.Clone(good)
	more[len(more)-1], less[len(less)-4] = 0xff, 1 // the size, which is said last
	cases := []struct {
		name, text string
		max        int64
		want       error
	}{
		{"good", "u" + b64(good), 0, nil},
		{"empty", "", 0, ErrEncoding},
		{"no prefix", b64(good), 0, ErrEncoding},
		{"another multibase", "z" + b64(good), 0, ErrEncoding},
		{"padding", "u" + base64.URLEncoding.EncodeToString(good), 0, ErrEncoding},
		{"line feed", "u" + b64(good)[:10] + "\n" + b64(good)[10:], 0, ErrEncoding},
		{"not gzip", "u" + b64([]byte("not gzip at all")), 0, ErrEncoding},
		{"second member", "u" + b64(append(bytes.Clone(good), good...)), 0, ErrEncoding},
		{"trailing byte", "u" + b64(append(bytes.Clone(good), 0)), 0, ErrEncoding},
		{"wrong check sum", "u" + b64(broken), 0, ErrEncoding},
		{"claims four gigabytes", "u" + b64(more), 0, ErrEncoding},
		{"claims one byte", "u" + b64(less), 0, ErrEncoding},
		{"cut off", "u" + b64(cut), 0, ErrEncoding},
		{"exactly the cap", "u" + b64(good), 64, nil},
		{"one over the cap", "u" + b64(good), 63, ErrTooLarge},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.text, c.max)
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// What a member claims of its size is not paid for in advance.
func TestClaimedSize(t *testing.T) {
	b := pack(t, make([]byte, 64))
	if n := claimedSize(b); n != 64 {
		t.Errorf("%d", n)
	}
	copy(b[len(b)-4:], "\xff\xff\xff\xff")
	if n := claimedSize(b); n != 1032*int64(len(b)) {
		t.Errorf("%d", n)
	}
	if n := claimedSize(b[:3]); n != 0 {
		t.Errorf("%d", n)
	}
}

// A gigabyte of zeros packs into a megabyte; it must cost about the cap.
func TestBomb(t *testing.T) {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	block := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := z.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	text := "u" + base64.RawURLEncoding.EncodeToString(buf.Bytes())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := Decode(text, 0); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("%v, want ErrTooLarge", err)
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
		t.Errorf("unpacking allocated %d MiB in all", spent>>20)
	}
}

func TestGoneIn(t *testing.T) {
	a, b := NewBitstring(64), NewBitstring(64)
	for _, i := range []int64{1, 9, 63} {
		if err := a.Set(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Set(9); err != nil {
		t.Fatal(err)
	}
	got := a.GoneIn(b, 10)
	if len(got) != 2 || got[0] != 1 || got[1] != 63 {
		t.Errorf("gone %v, want [1 63]", got)
	}
	if len(a.GoneIn(a, 10)) != 0 {
		t.Error("a list lacks its own bits")
	}
	if got := a.GoneIn(NewBitstring(8), 1); len(got) != 1 {
		t.Errorf("limit 1 gave %v", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("u" + base64.RawURLEncoding.EncodeToString(pack(f, make([]byte, 8))))
	f.Add("uH4sIAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Decode(s, 1<<16)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(again, 1<<16)
		if err != nil || !bytes.Equal(back.Bytes(), b.Bytes()) {
			t.Fatalf("round trip: %v", err)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s := NewBitstring(MinEntries)
	b.ReportAllocs()
	for i := range b.N {
		if _, err := s.Get(int64(i) & (MinEntries - 1)); err != nil {
			b.Fatal(err)
		}
	}
}
