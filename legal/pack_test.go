package legal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What is packed comes back as it was, and only what follows the form is read.
func TestPack(t *testing.T) {
	one, two := []byte(`{"a":1}`), []byte(`{"b":2}`)
	for _, c := range []struct {
		name string
		in   [][]byte
		fits bool
	}{
		{"one stands alone", [][]byte{one}, true},
		{"two", [][]byte{one, two}, true},
		{"as many as may be", repeat(one, MaxPack), true},
		{"one more", repeat(one, MaxPack+1), false},
		{"too large together", repeat([]byte(`{"a":"`+strings.Repeat("x", 8000)+`"}`), 8), false},
	} {
		body, fits, err := Pack("did:web:a.example", c.in)
		if err != nil || fits != c.fits {
			t.Errorf("%s: %v %v", c.name, fits, err)
			continue
		}
		if !fits {
			continue
		}
		out, err := Unpack(body)
		if err != nil || len(out) != len(c.in) || !bytes.Equal(out[0], c.in[0]) || !bytes.Equal(out[len(out)-1], c.in[len(c.in)-1]) {
			t.Errorf("%s: %q %v", c.name, out, err)
		}
	}
	for name, body := range map[string]string{
		"no JSON": `{`, "a list": `[]`, "no credentials": `{"verifiableCredential":[]}`,
		"a text inside": `{"verifiableCredential":["x"]}`,
		"too many":      `{"verifiableCredential":[` + strings.TrimSuffix(strings.Repeat("{},", MaxPack+1), ",") + `]}`,
	} {
		if _, err := Unpack([]byte(body)); !errors.Is(err, ErrRecognition) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func repeat(b []byte, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// Every pack of a subject lies within the one above, and names are told apart.
func TestPackPath(t *testing.T) {
	for i := range 100 {
		s := fmt.Sprintf("did:web:u%d.example", i)
		for bits := 0; bits <= MaxPackBits; bits++ {
			p := PackPath(s, bits)
			if n, ok := IsPack(p); !ok || n != bits || !strings.HasPrefix(PackOrder(s), p) {
				t.Fatalf("%s: %d %v", p, n, ok)
			}
		}
	}
	for _, p := range []string{"recognition/packs", "recognition/pack.", "recognition/pack.02", "recognition/pack." + strings.Repeat("0", MaxPackBits+1), "recognition/x"} {
		if _, ok := IsPack(p); ok {
			t.Errorf("%s is taken for a pack", p)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"verifiableCredential":[{"a":1},{}]}`))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := Unpack(b)
		if err != nil || len(list) < 2 {
			return
		}
		body, _, err := Pack("did:web:a.example", list)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Unpack(body)
		if err == nil && len(again) != len(list) {
			t.Fatalf("%d credentials became %d", len(list), len(again))
		}
	})
}
