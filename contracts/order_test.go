package contracts

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/bonafide-id/bonafide/key"
)

func TestOrderOf(t *testing.T) {
	for _, c := range []struct {
		name              string
		version, sequence uint64
		want              string // hex of the number, "" if refused
	}{
		{"the first", 1, 1, "10000000000000001"},
		{"the sequence fills its bits", 1, math.MaxUint64, "1ffffffffffffffff"},
		{"the last version", math.MaxUint32, 1, "ffffffff0000000000000001"},
		{"version 0", 0, 1, ""},
		{"sequence 0", 1, 0, ""},
		{"a version too large", math.MaxUint32 + 1, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := OrderOf(c.version, c.sequence)
			if c.want == "" {
				if !errors.Is(err, ErrOrder) {
					t.Errorf("%v, %v", o, err)
				}
				return
			}
			if err != nil || o.Int().Text(16) != c.want {
				t.Fatalf("%s, %v", o.Int().Text(16), err)
			}
			if back, err := OrderFromInt(o.Int()); err != nil || back != o {
				t.Errorf("back: %v, %v", back, err)
			}
		})
	}
}

func TestOrderFromInt(t *testing.T) {
	one := big.NewInt(1)
	for _, c := range []struct {
		name string
		n    *big.Int
		ok   bool
	}{
		{"never written", new(big.Int), true},
		{"97 bits", new(big.Int).Lsh(one, 96), false},
		{"negative", big.NewInt(-1), false},
		{"no number", nil, false},
		{"version 0", big.NewInt(7), false},
		{"sequence 0", new(big.Int).Lsh(one, 64), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := OrderFromInt(c.n)
			if c.ok && (err != nil || !o.IsZero()) || !c.ok && !errors.Is(err, ErrOrder) {
				t.Errorf("%v, %v", o, err)
			}
		})
	}
}

// TestOrderCompares as the contract does, which compares the numbers.
func TestOrderCompares(t *testing.T) {
	sorted := []Order{{}, {1, 1}, {1, 2}, {1, 1<<53 - 1}, {1, math.MaxUint64}, {2, 1}, {2, 2}, {256, 1}, {math.MaxUint32, 1}}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := a.Compare(b), a.Int().Cmp(b.Int()); got != want || (got < 0) != (i < j) {
				t.Errorf("%s against %s: %d, the numbers %d, places %d and %d", a, b, got, want, i, j)
			}
		}
	}
}

func TestParseSubject(t *testing.T) {
	scid := key.HashMultikey("some entry")
	s, err := ParseSubject(scid)
	if err != nil || s.SCID() != scid {
		t.Fatalf("%s: %s, %v", scid, s.SCID(), err)
	}
	multihash := func(head string, n int) string {
		b, err := hex.DecodeString(head + strings.Repeat("11", n))
		if err != nil {
			t.Fatal(err)
		}
		return key.Base58Encode(b)
	}
	if got, err := ParseSubject(multihash("1220", 32)); err != nil || hex.EncodeToString(got[:]) != strings.Repeat("11", 32) {
		t.Fatalf("%x, %v", got, err)
	}
	for _, c := range []struct{ name, scid string }{
		{"nothing", ""},
		{"a character short", scid[:45]},
		{"a character more", scid + "1"},
		{"a letter outside the alphabet", scid[:45] + "0"},
		{"another hash function", multihash("1320", 32)},
		{"another length", multihash("121f", 32)},
		{"a whole identifier", "did:webvh:" + scid + ":example.org"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := ParseSubject(c.scid); !errors.Is(err, ErrSubject) {
				t.Errorf("%x, %v", got, err)
			}
		})
	}
}

func TestEntryFromWord(t *testing.T) {
	// time 0x65, block 0x10, order 3/7
	good := "00000000000000000065" + "00000000000000000010" + "00000003" + "0000000000000007"
	e, err := EntryFromWord(word(t, good))
	if err != nil || e.Number.Cmp(order(3, 7)) != 0 || e.Block != 16 || !e.Time.Equal(time.Unix(101, 0)) || !e.Written() {
		t.Fatalf("%v, %v", e, err)
	}
	if e, err := EntryFromWord([32]byte{}); err != nil || e.Written() || !e.Time.IsZero() || e.Number.Sign() != 0 {
		t.Fatalf("never written: %v, %v", e, err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"no block", "00000000000000000010", "00000000000000000000"},
		{"a block beyond 64 bits", "00000000000000000010", "00010000000000000010"},
		{"no number", "000000030000000000000007", "000000000000000000000000"},
		{"a time beyond all calendars", "00000000000000000065", "00007fffffffffffffff"},
		{"a time beyond 63 bits", "00000000000000000065", "00800000000000000065"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(good, c.old, c.new, 1)
			if bad == good {
				t.Fatal("the case changes nothing")
			}
			if e, err := EntryFromWord(word(t, bad)); !errors.Is(err, ErrOrder) {
				t.Errorf("%v, %v", e, err)
			}
		})
	}
}

func word(t testing.TB, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 32 {
		t.Fatalf("%q: %d bytes, %v", s, len(b), err)
	}
	return [32]byte(b)
}

func FuzzParseSubject(f *testing.F) {
	f.Add(key.HashMultikey("some entry"))
	f.Add("Qm")
	f.Fuzz(func(t *testing.T, s string) {
		subject, err := ParseSubject(s)
		if err != nil {
			if !errors.Is(err, ErrSubject) {
				t.Fatal(err)
			}
			return
		}
		if subject.SCID() != s {
			t.Errorf("%q is read as %q", s, subject.SCID())
		}
	})
}

func FuzzEntryFromWord(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add([]byte("aaaaaaaaaabbbbbbbbbbcccccccccccc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != 32 {
			return
		}
		e, err := EntryFromWord([32]byte(b))
		if err != nil {
			if !errors.Is(err, ErrOrder) {
				t.Fatal(err)
			}
			return
		}
		n := new(big.Int).Lsh(big.NewInt(max(e.Time.Unix(), 0)), 80)
		n.Or(n, new(big.Int).SetUint64(e.Block)).Lsh(n, 96).Or(n, e.Number)
		if n.Cmp(new(big.Int).SetBytes(b)) != 0 {
			t.Errorf("%x is read as %v", b, e)
		}
	})
}
