package strictjson

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"unicode/utf16"

	"github.com/gowebpki/jcs"
)

// speller writes one tree in many spellings.
type speller struct {
	tree  *rand.Rand // decides what the tree is
	style *rand.Rand // decides how it is spelled
	out   []byte
}

func (s *speller) space() {
	for s.style.IntN(4) == 0 {
		s.out = append(s.out, " \t\r\n"[s.style.IntN(4)])
	}
}

func (s *speller) value(depth int) {
	s.space()
	kind := s.tree.IntN(9)
	if depth > 5 {
		kind = s.tree.IntN(6)
	}
	switch kind {
	case 0:
		s.out = append(s.out, "null"...)
	case 1:
		s.out = append(s.out, "true"...)
	case 2, 3:
		s.str(s.text())
	case 4:
		s.out = strconv.AppendInt(s.out, s.tree.Int64N(2*maxSafe)-maxSafe, 10)
	case 5:
		s.double()
	case 6:
		s.out = append(s.out, '[')
		for i := range s.tree.IntN(6) {
			if i > 0 {
				s.out = append(s.out, ',')
			}
			s.value(depth + 1)
		}
		s.out = append(s.out, ']')
	default:
		s.object(depth)
	}
	s.space()
}

func (s *speller) double() {
	f := math.Float64frombits(s.tree.Uint64())
	if s.tree.IntN(2) == 0 {
		f = float64(s.tree.IntN(1e6)) / math.Pow10(s.tree.IntN(12))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	form := []byte("eE")[s.style.IntN(2)]
	prec := []int{-1, 16, 25}[s.style.IntN(3)]
	s.out = strconv.AppendFloat(s.out, f, form, prec, 64)
}

// object writes its members in an order that only the style decides. Each
// member has a generator of its own, so that the order does not change it.
func (s *speller) object(depth int) {
	n := s.tree.IntN(20)
	names := map[string]uint64{}
	var order []string
	for range n {
		k := s.text()
		if _, ok := names[k]; !ok {
			order = append(order, k)
		}
		names[k] = s.tree.Uint64()
	}
	s.style.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	outer := s.tree
	s.out = append(s.out, '{')
	for i, k := range order {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		s.space()
		s.str(k)
		s.space()
		s.out = append(s.out, ':')
		s.tree = rand.New(rand.NewPCG(names[k], 1))
		s.value(depth + 1)
	}
	s.out = append(s.out, '}')
	s.tree = outer
}

func (s *speller) text() string {
	// The ranges in which the orders of UTF-8 and UTF-16, or the escapes, differ.
	from := []rune{0, 'a', 0x80, 0x2020, 0xD7F0, 0xE000, 0xFFE0, 0x10000, 0x1F600, 0x10FFE0}
	var rs []rune
	for range s.tree.IntN(6) {
		rs = append(rs, from[s.tree.IntN(len(from))]+rune(s.tree.IntN(16)))
	}
	return string(rs)
}

func (s *speller) str(text string) {
	s.out = append(s.out, '"')
	for _, r := range text {
		short := bytes.IndexRune([]byte("\"\\/\b\f\n\r\t"), r)
		must := r < 0x20 || r == '"' || r == '\\'
		switch {
		case short >= 0 && s.style.IntN(2) == 0:
			s.out = append(s.out, '\\', `"\/bfnrt`[short])
		case must || s.style.IntN(3) == 0:
			format := []string{`\u%04x`, `\u%04X`}[s.style.IntN(2)]
			for _, unit := range utf16.Encode([]rune{r}) {
				s.out = fmt.Appendf(s.out, format, unit)
			}
		default:
			s.out = append(s.out, string(r)...)
		}
	}
	s.out = append(s.out, '"')
}

// TestSpellings writes one random tree in two random spellings: both must have
// the same canonical form, and it must be that of an independent library.
func TestSpellings(t *testing.T) {
	for seed := range uint64(3000) {
		var outs [2][]byte
		for style := range outs {
			s := speller{tree: rand.New(rand.NewPCG(seed, 1)), style: rand.New(rand.NewPCG(seed, uint64(style)+2))}
			s.out = append(s.out, '[')
			s.value(0)
			s.out = append(s.out, ']')
			got, err := Canonicalize(s.out, Limits{})
			if err != nil {
				t.Fatalf("seed %d: %v in %q", seed, err, s.out)
			}
			want, err := jcs.Transform(s.out)
			if err != nil {
				t.Fatalf("seed %d: the other library: %v", seed, err)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d: %q\nwe say    %q\nthe other %q", seed, s.out, got, want)
			}
			outs[style] = got
		}
		if !bytes.Equal(outs[0], outs[1]) {
			t.Fatalf("seed %d: %q and %q", seed, outs[0], outs[1])
		}
	}
}
