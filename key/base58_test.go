package key

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// slowBase58 is the textbook definition, as an oracle.
func slowBase58(b []byte) string {
	n, rest := new(big.Int).SetBytes(b), new(big.Int)
	var digits []byte
	for n.Sign() > 0 {
		n.DivMod(n, big.NewInt(58), rest)
		digits = append([]byte{base58Alphabet[rest.Int64()]}, digits...)
	}
	for i := 0; i < len(b) && b[i] == 0; i++ {
		digits = append([]byte{'1'}, digits...)
	}
	return string(digits)
}

func TestBase58Known(t *testing.T) {
	// The three test vectors of draft-msporny-base58, section 5, and edges.
	for _, c := range []struct{ name, hex, text string }{
		{"hello", hex.EncodeToString([]byte("Hello World!")), "2NEpo7TZRRrLZSi2U"},
		{"pangram", hex.EncodeToString([]byte("The quick brown fox jumps over the lazy dog.")),
			"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
		{"leading zeros", "0000287fb4cd", "11233QC4"},
		{"empty", "", ""},
		{"one zero", "00", "1"},
		{"zeros only", "0000000000000000000000", "11111111111"},
		{"57", "39", "z"},
		{"58", "3a", "21"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.hex)
			if got := Base58Encode(b); got != c.text {
				t.Errorf("encode = %q, want %q", got, c.text)
			}
			if got, err := Base58Decode(c.text); err != nil || !bytes.Equal(got, b) {
				t.Errorf("decode = %x, %v, want %x", got, err, b)
			}
		})
	}
}

func TestBase58AgreesWithDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		for zeros := range min(n, 3) + 1 {
			b := make([]byte, n)
			for i := zeros; i < n; i++ {
				b[i] = byte(rng.Uint32())
			}
			if n%7 == 0 { // runs of ones reach the carries
				for i := zeros; i < n; i++ {
					b[i] = 0xff
				}
			}
			text := Base58Encode(b)
			if want := slowBase58(b); text != want {
				t.Fatalf("encode %x = %q, want %q", b, text, want)
			}
			if got, err := Base58Decode(text); err != nil || !bytes.Equal(got, b) {
				t.Fatalf("decode %q = %x, %v, want %x", text, got, err, b)
			}
		}
	}
}

func TestBase58Refuses(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"zero", "z6Mk0"}, {"capital o", "O"}, {"capital i", "aI"}, {"small l", "la"},
		{"space", "a b"}, {"line end", "ab\n"}, {"plus", "+"}, {"high byte", "a\xff"}, {"NUL", "\x00"},
		{"too long", strings.Repeat("z", maxBase58+1)}, {"too long, ones", strings.Repeat("1", maxBase58+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if b, err := Base58Decode(c.in); !errors.Is(err, ErrBase58) || b != nil {
				t.Errorf("%x, %v, want ErrBase58", b, err)
			}
		})
	}
	// Every byte that is not in the alphabet, and only those.
	for i := range 256 {
		_, err := Base58Decode(string([]byte{byte(i)}))
		if want := strings.IndexByte(base58Alphabet, byte(i)) < 0; errors.Is(err, ErrBase58) != want {
			t.Errorf("byte %#x: %v", i, err)
		}
	}
}

func TestBase58AtTheBound(t *testing.T) {
	text := strings.Repeat("z", maxBase58)
	b, err := Base58Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if Base58Encode(b) != text {
		t.Error("does not come back")
	}
}

func FuzzBase58(f *testing.F) {
	f.Add("2NEpo7TZRRrLZSi2U", []byte("Hello World!"))
	f.Add("11233QC4", []byte{0, 0, 1})
	f.Add("", []byte{})
	f.Add("0", bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, text string, b []byte) {
		if decoded, err := Base58Decode(text); err == nil {
			if got := Base58Encode(decoded); got != text {
				t.Errorf("%q came back as %q", text, got)
			}
		} else if !errors.Is(err, ErrBase58) {
			t.Errorf("error %v is not ErrBase58", err)
		}
		if len(b) > 4096 {
			return
		}
		encoded := Base58Encode(b)
		if encoded != slowBase58(b) {
			t.Errorf("%x encodes to %q, want %q", b, encoded, slowBase58(b))
		}
		if got, err := Base58Decode(encoded); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%x came back as %x, %v", b, got, err)
		}
	})
}

func BenchmarkBase58(b *testing.B) {
	for _, c := range []struct {
		name string
		n    int
	}{{"key", 34}, {"signature", 64}, {"bound", 23900}} {
		raw := bytes.Repeat([]byte{0xa5}, c.n)
		text := Base58Encode(raw)
		b.Run("decode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Base58Decode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("encode/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Base58Encode(raw)
			}
		})
	}
}
